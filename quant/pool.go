package quant

import (
	"fmt"
	"math"

	ermfmt "github.com/edgerun/edgerun/fmt"
	"github.com/edgerun/edgerun/internal/ir"
)

func (l *lowering) pool(n *ir.Node, op *ir.Pool) error {
	a := &ermfmt.Pool{KH: 1, StrideH: 1, DilationH: 1, IncludePad: op.CountIncludePad}
	w := &op.Window
	r := len(w.Kernel)
	a.KW, a.StrideW, a.DilationW, a.PadLeft, a.PadRight = int32(w.Kernel[r-1]), int32(w.Stride[r-1]), int32(w.Dilation[r-1]), int32(w.Pads[r-1]), int32(w.Pads[2*r-1])
	if r == 2 {
		a.KH, a.StrideH, a.DilationH, a.PadTop, a.PadBottom = int32(w.Kernel[0]), int32(w.Stride[0]), int32(w.Dilation[0]), int32(w.Pads[0]), int32(w.Pads[2])
	}
	return l.emitPool(n, a, op.Max, &op.Act)
}

func (l *lowering) globalPool(n *ir.Node, op *ir.GlobalPool) error {
	s := n.In[0].Shape
	a := &ermfmt.Pool{KH: 1, KW: int32(s[len(s)-1]), StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1}
	if len(s) == 4 {
		a.KH = int32(s[2])
	}
	return l.emitPool(n, a, op.Max, &ir.Act{})
}

func (l *lowering) emitPool(n *ir.Node, a *ermfmt.Pool, isMax bool, act *ir.Act) error {
	x, channels, err := l.image(n.In[0])
	if err != nil {
		return err
	}
	in, out := l.paramsOf(n.In[0]), l.paramsOf(n.Out[0])
	kind := ermfmt.KindMaxPool
	if !isMax {
		kind = ermfmt.KindAveragePool
		s, o := n.In[0].Shape, n.Out[0].Shape
		h, oh := 1, 1
		if len(s) == 4 {
			h, oh = s[2], o[2]
		}
		ys := windowCounts(oh, int(a.StrideH), int(a.PadTop), int(a.PadBottom), int(a.DilationH), int(a.KH), h, a.IncludePad)
		xs := windowCounts(o[len(o)-1], int(a.StrideW), int(a.PadLeft), int(a.PadRight), int(a.DilationW), int(a.KW), s[len(s)-1], a.IncludePad)
		var scales []float64
		seen := map[int]bool{}
		for _, y := range ys {
			for _, x := range xs {
				if c := x * y; !seen[c] {
					seen[c] = true
					a.Divisors = append(a.Divisors, int32(c))
					scales = append(scales, in.scale/(out.scale*float64(c)))
				}
			}
		}
		if a.Requant, err = fixedPoint(scales); err != nil {
			return err
		}
	}
	a.Clamp = out.clamp(act)
	l.emit(n, ermfmt.Op{Kind: kind, Pool: a}, operands(x), l.imageOut(n.Out[0], channels))
	return nil
}

// windowCounts lists how many positions of a window count, for every output
// position along an axis, each number once.
func windowCounts(out, stride, pad, end, dilation, k, size int, include bool) (counts []int) {
	seen := map[int]bool{}
	for o := range out {
		n := 0
		for t := range k {
			i := o*stride - pad + t*dilation
			if i >= 0 && i < size || include && i < size+end {
				n++
			}
		}
		if !seen[n] {
			seen[n] = true
			counts = append(counts, n)
		}
	}
	return counts
}

func (l *lowering) resize(n *ir.Node, op *ir.Resize) error {
	x, channels, err := l.image(n.In[0])
	if err != nil {
		return err
	}
	s, o := n.In[0].Shape, n.Out[0].Shape
	if s[0] != o[0] || s[1] != o[1] {
		return fmt.Errorf("from %v to %v: %w in int8, want only height and width to change", s, o, ErrUnsupported)
	}
	a := &ermfmt.Resize{TapsY: 1, IndexY: []uint16{0}, WeightY: []int16{1 << ermfmt.ResizeBits}}
	r := len(s) - 1
	if a.TapsX, a.IndexX, a.WeightX, err = resizeTaps(op, r, s[r]); err != nil {
		return err
	}
	if len(s) == 4 {
		if a.TapsY, a.IndexY, a.WeightY, err = resizeTaps(op, 2, s[2]); err != nil {
			return err
		}
	}
	l.emit(n, ermfmt.Op{Kind: ermfmt.KindResize, Resize: a}, operands(x), l.imageOut(n.Out[0], channels))
	return nil
}

// resizeTaps turns the weights of one axis into integers that sum to one.
func resizeTaps(op *ir.Resize, axis, in int) (taps int32, index []uint16, weight []int16, err error) {
	const one = 1 << ermfmt.ResizeBits
	if in > math.MaxUint16+1 {
		return 0, nil, nil, fmt.Errorf("an axis of %d is %w in int8, want at most 65536", in, ErrUnsupported)
	}
	if n := op.NTaps(axis, in); n > ermfmt.MaxTaps {
		return 0, nil, nil, fmt.Errorf("an antialiased axis shrinks from %d to %d: %w in int8, want at most %d pixels in one", in, op.OutputSize[axis], ErrUnsupported, ermfmt.MaxTaps)
	}
	ix, w := op.Taps(axis, in)
	taps = int32(op.NTaps(axis, in))
	for o := range ix {
		if ix[o] == nil {
			return 0, nil, nil, fmt.Errorf("output %d along axis %d lies outside the image: %w in int8, want a crop inside it", o, axis, ErrUnsupported)
		}
		sum, best := 0, 0
		q := make([]int16, taps)
		for i, v := range w[o] {
			q[i] = int16(math.Round(v * one))
			sum += int(q[i])
			if w[o][i] > w[o][best] {
				best = i
			}
		}
		q[best] += int16(one - sum)
		for i := range q {
			index = append(index, uint16(ix[o][i]))
			weight = append(weight, q[i])
		}
	}
	return taps, index, weight, nil
}
