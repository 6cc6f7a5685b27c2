package quant

import (
	"fmt"
	"math"

	ermfmt "github.com/edgerun/edgerun/fmt"
	"github.com/edgerun/edgerun/internal/ir"
)

// seRange holds the largest magnitudes inside a Squeeze-and-Excitation block.
type seRange struct {
	mean float64 // of the squeezed vector
	pre  float64 // in front of the function between the layers
	mid  float64 // behind it
	gate float64 // in front of the gate
}

func (a *seRange) merge(b seRange) {
	a.mean, a.pre, a.mid, a.gate = max(a.mean, b.mean), max(a.pre, b.pre), max(a.mid, b.mid), max(a.gate, b.gate)
}

// seRanges computes the inside of a block from its input.
func seRanges(n *ir.Node, op *ir.SE, x *ir.Tensor) seRange {
	var r seRange
	c := x.Shape[1]
	w1, b1, w2, b2 := n.In[1].Const.F, n.In[2].Const.F, n.In[3].Const.F, n.In[4].Const.F
	for s := range x.Shape[0] {
		px := len(x.F) / (x.Shape[0] * c)
		mean := make([]float64, c)
		for i := range mean {
			for _, v := range x.F[(s*c+i)*px:][:px] {
				mean[i] += float64(v)
			}
			mean[i] /= float64(px)
			r.mean = max(r.mean, math.Abs(mean[i]))
		}
		mid := make([]float64, len(b1))
		for i := range mid {
			v := float64(b1[i])
			for k, m := range mean {
				v += float64(m * float64(w1[i*c+k]))
			}
			r.pre = max(r.pre, math.Abs(v))
			mid[i] = op.Mid.Eval(v)
			r.mid = max(r.mid, math.Abs(mid[i]))
		}
		for i := range c {
			v := float64(b2[i])
			for k, m := range mid {
				v += float64(m * float64(w2[i*len(mid)+k]))
			}
			r.gate = max(r.gate, math.Abs(v))
		}
	}
	return r
}

// seHeadroom is headroom for the vectors inside a block.
const seHeadroom = 1.5

// se lowers a block: docs/arithmetic.md §10.
func (l *lowering) se(n *ir.Node, op *ir.SE) error {
	for _, v := range n.In[1:] {
		if v.Const == nil {
			return fmt.Errorf("weights %q are computed from data: %w in int8", v.Name, ErrUnsupported)
		}
	}
	x, err := l.orderedImage(n.In[0])
	if err != nil {
		return err
	}
	seen := l.j.se[n]
	in, out := l.paramsOf(n.In[0]), l.paramsOf(n.Out[0])
	shape := n.In[0].Shape
	px := 1
	for _, d := range shape[2:] {
		px *= d
	}
	a := &ermfmt.SE{}
	// First layer. The vector gets as many bits as its sums leave.
	one, err := seLayer(n.In[1].Const.F, n.In[2].Const.F, max(seen.mean*seHeadroom, in.scale))
	if err != nil {
		return err
	}
	a.SqueezeMax, a.W1, a.B1 = one.top, one.w, one.b
	if a.Squeeze, err = oneScale(in.scale / (float64(px) * one.in)); err != nil {
		return err
	}
	var midScale float64 // of what the second layer reads
	second, err := seLayer(n.In[3].Const.F, n.In[4].Const.F, max(seen.mid*seHeadroom, 1e-6))
	if err != nil {
		return err
	}
	midScale = second.in
	pre := midScale
	a.MidClamp = ermfmt.Clamp{Lo: -second.top, Hi: second.top}
	if lo, hi, ok := asClamp(op.Mid); ok {
		p := params{Int16Type, midScale, 0}
		a.MidClamp.Lo, a.MidClamp.Hi = max(a.MidClamp.Lo, p.quantize(lo)), min(a.MidClamp.Hi, p.quantize(hi))
	} else {
		pre = max(seen.pre*seHeadroom, 1e-6) / 32767
		a.MidClamp = ermfmt.Clamp{Lo: -32768, Hi: 32767}
		t, err := newTable(op.Mid.Eval, params{Int16Type, pre, 0}, params{Int16Type, midScale, 0})
		if err != nil {
			return err
		}
		a.MidTable = t.Table16
		for i, v := range a.MidTable {
			a.MidTable[i] = int16(min(max(int32(v), -second.top), second.top))
		}
	}
	if a.Mid, err = fixedPoint(scaleAll(one.scale, 1/pre)); err != nil {
		return err
	}
	// Second layer and gate. Gates are flat far out: ±16 holds all of them.
	a.W2, a.B2 = second.w, second.b
	gate := params{Int16Type, min(max(seen.gate*seHeadroom, 1e-6), 16) / 32767, 0}
	if a.Gate, err = fixedPoint(scaleAll(second.scale, 1/gate.scale)); err != nil {
		return err
	}
	t, err := newTable(op.Gate.Eval, gate, params{Int16Type, 1.0 / 256, 0})
	if err != nil {
		return err
	}
	for _, v := range t.Table16 {
		a.GateTable = append(a.GateTable, min(max(v-128, -128), 127))
	}
	if a.Out, err = oneScale(in.scale / 256 / out.scale); err != nil {
		return err
	}
	a.Clamp = out.clamp(&ir.Act{})
	o := l.emit(n, ermfmt.Op{Kind: ermfmt.KindSE, SE: a}, operands(x), l.imageOut(n.Out[0], nil))
	o.inplace = true
	return nil
}

func asClamp(f ir.Function) (lo, hi float64, ok bool) {
	if u, is := f.(*ir.Unary); is {
		if a, b, is := u.AsClamp(); is {
			return float64(a), float64(b), true
		}
	}
	return 0, 0, false
}

func scaleAll(s []float64, f float64) []float64 {
	out := make([]float64, len(s))
	for i, v := range s {
		out[i] = v * f
	}
	return out
}

// seWeights is one of the two layers.
type seWeights struct {
	w     []int8
	b     []int32
	in    float64   // scale of the 16-bit inputs
	top   int32     // their largest magnitude
	scale []float64 // of the accumulators
}

// seLayer quantizes a layer whose inputs reach up to size, and chooses how
// many bits they may have: |acc| <= 2^30.
func seLayer(w, b []float32, size float64) (*seWeights, error) {
	m := len(b)
	k := len(w) / m
	for top := int32(32767); top >= 255; top = top * 7 / 8 {
		l := &seWeights{in: size / float64(top), top: top}
		fits := true
		for o := range m {
			row := w[o*k:][:k]
			s := weightScale(row, float64(b[o]), l.in)
			sum := int64(0)
			for _, v := range row {
				q := roundWeight(float64(v) / s)
				l.w = append(l.w, q)
				sum += int64(max(q, -q))
			}
			bias := int64(roundHalf(float64(b[o]) / (s * l.in)))
			fits = fits && sum*int64(top)+max(bias, -bias) <= maxAcc
			l.b = append(l.b, int32(bias))
			l.scale = append(l.scale, s*l.in)
		}
		if fits {
			return l, nil
		}
	}
	return nil, fmt.Errorf("a squeeze-and-excitation layer of %d inputs does not fit the accumulator", k)
}

// watchSE adds the insides of the blocks to what calibration sees.
func (j *job) watchSE(n *ir.Node, x *ir.Tensor, into map[*ir.Node]*seRange) {
	op, ok := n.Op.(*ir.SE)
	if !ok {
		return
	}
	r := into[n]
	if r == nil {
		r = &seRange{}
		into[n] = r
	}
	r.merge(seRanges(n, op, x))
}
