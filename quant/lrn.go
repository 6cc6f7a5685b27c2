package quant

import (
	"fmt"
	"math"
	"math/bits"

	ermfmt "github.com/edgerun/edgerun/fmt"
	"github.com/edgerun/edgerun/internal/ir"
	"github.com/edgerun/edgerun/internal/portable"
)

// octaveTable tabulates f at 32 arguments per octave, up to what most asks for:
// docs/arithmetic.md §17.
func octaveTable(most uint64, f func(u float64) float64) []float64 {
	e := max(0, bits.Len64(most)-6)
	t := make([]float64, 32*e+int(most>>e)+2)
	for i := range t {
		if i < 64 {
			t[i] = f(float64(i))
			continue
		}
		e := i/32 - 1
		t[i] = f(math.Ldexp(float64(i-32*e), e))
	}
	return t
}

// fixTable rounds a table, scaled by 2^shift with the largest shift up to 30
// that leaves magnitudes below limit.
func fixTable(t []float64, limit float64) (out []int32, shift uint8, err error) {
	top := 0.0
	for i, v := range t {
		if v-v != 0 {
			return nil, 0, fmt.Errorf("entry %d of the table is %g", i, v)
		}
		top = max(top, math.Abs(v))
	}
	s := 30
	for s > 1 && math.Ldexp(top, s) >= limit-1 {
		s--
	}
	if math.Ldexp(top, s) >= limit-1 {
		return nil, 0, fmt.Errorf("the scale %g is out of range", top)
	}
	for _, v := range t {
		out = append(out, int32(math.Round(math.Ldexp(v, s))))
	}
	return out, uint8(s), nil
}

// lrn lowers local response normalization.
func (l *lowering) lrn(n *ir.Node, op *ir.LRN) error {
	v := n.In[0]
	x, err := l.orderedImage(v)
	if err != nil {
		return err
	}
	in, out := l.paramsOf(v), l.paramsOf(n.Out[0])
	size := min(op.Size, v.Shape[1])
	scale := float64(op.Alpha) / float64(op.Size) * in.scale * in.scale
	t := octaveTable(255*255*uint64(size), func(u float64) float64 {
		return portable.Pow(float64(op.Bias)+float64(scale*u), -float64(op.Beta)) * in.scale / out.scale
	})
	a := &ermfmt.LRN{Size: int32(op.Size), Clamp: out.clamp(&ir.Act{})}
	if op.Size > size { // the window is wider than there are channels
		a.Size = int32(min(op.Size, 2*size+1))
	}
	if a.Table, a.Shift, err = fixTable(t, 1<<22); err != nil {
		return err
	}
	l.emit(n, ermfmt.Op{Kind: ermfmt.KindLRN, LRN: a}, operands(x), l.imageOut(n.Out[0], nil))
	return nil
}
