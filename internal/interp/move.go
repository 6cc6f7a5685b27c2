package interp

import (
	"fmt"

	"github.com/edgerun/edgerun/internal/ir"
)

// gatherStrided fills dst, of the given shape, with src[offset + Σ ix·stride].
func gatherStrided[T any](dst, src []T, shape, stride []int, offset int) {
	if len(dst) == 0 {
		return
	}
	if len(shape) == 0 {
		dst[0] = src[offset]
		return
	}
	last := len(shape) - 1
	n, s := shape[last], stride[last]
	ix := make([]int, last)
	for i := 0; i < len(dst); i += n {
		row := dst[i:][:n]
		if s == 1 {
			copy(row, src[offset:])
		} else {
			for k := range row {
				row[k] = src[offset+k*s]
			}
		}
		for d := last - 1; d >= 0; d-- {
			ix[d]++
			offset += stride[d]
			if ix[d] < shape[d] {
				break
			}
			offset -= stride[d] * shape[d]
			ix[d] = 0
		}
	}
}

// view copies a strided view of x.
func view(x *ir.Tensor, shape, stride []int, offset int) *ir.Tensor {
	y := ir.NewTensor(x.DType, shape)
	if x.DType == ir.Float32 {
		gatherStrided(y.F, x.F, shape, stride, offset)
	} else {
		gatherStrided(y.I, x.I, shape, stride, offset)
	}
	return y
}

func strides(shape []int) []int {
	s := make([]int, len(shape))
	n := 1
	for i := len(shape) - 1; i >= 0; i-- {
		s[i] = n
		n *= shape[i]
	}
	return s
}

func transpose(perm []int, x *ir.Tensor) *ir.Tensor {
	s := strides(x.Shape)
	shape, stride := make([]int, len(perm)), make([]int, len(perm))
	for i, p := range perm {
		shape[i], stride[i] = x.Shape[p], s[p]
	}
	return view(x, shape, stride, 0)
}

func expand(x *ir.Tensor, shape []int) *ir.Tensor {
	if count(x.Shape) == count(shape) {
		t := *x
		t.Shape = shape
		return &t
	}
	return view(x, shape, broadcastStrides(x.Shape, shape), 0)
}

func tile(x *ir.Tensor, shape []int) *ir.Tensor {
	// Each axis becomes two: the repeats, with stride 0, and the axis itself.
	s := strides(x.Shape)
	var full, stride []int
	for i, d := range x.Shape {
		full = append(full, shape[i]/max(1, d), d)
		stride = append(stride, 0, s[i])
	}
	y := view(x, full, stride, 0)
	y.Shape = shape
	return y
}

func slice(start, step, size []int, x *ir.Tensor) *ir.Tensor {
	s := strides(x.Shape)
	off := 0
	for i := range s {
		off += start[i] * s[i]
		s[i] *= step[i]
	}
	return view(x, size, s, off)
}

func split(op *ir.Split, x *ir.Tensor, n *ir.Node) []*ir.Tensor {
	out := make([]*ir.Tensor, len(n.Out))
	start, step := make([]int, len(x.Shape)), make([]int, len(x.Shape))
	for i := range step {
		step[i] = 1
	}
	for i, v := range n.Out {
		if v != nil {
			out[i] = slice(start, step, v.Shape, x)
		}
		start[op.Axis] += op.Sizes[i]
	}
	return out
}

func depthToSpace(op *ir.DepthToSpace, x *ir.Tensor, shape []int) *ir.Tensor {
	n, c, h, w, b := x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3], op.Block
	var y *ir.Tensor
	cut := func(shape, perm []int) {
		t := *x
		t.Shape = shape
		y = transpose(perm, &t)
	}
	switch {
	case op.Inverse:
		cut([]int{n, c, h / b, b, w / b, b}, []int{0, 3, 5, 1, 2, 4})
	case op.CRD:
		cut([]int{n, c / (b * b), b, b, h, w}, []int{0, 1, 4, 2, 5, 3})
	default:
		cut([]int{n, b, b, c / (b * b), h, w}, []int{0, 3, 4, 1, 5, 2})
	}
	y.Shape = shape
	return y
}

func gather(op *ir.Gather, x, ix *ir.Tensor, shape []int) (*ir.Tensor, error) {
	y := ir.NewTensor(x.DType, shape)
	d := x.Shape[op.Axis]
	inner := count(x.Shape[op.Axis+1:])
	outer := count(x.Shape[:op.Axis])
	for o := range outer {
		for k, i := range ix.I {
			if i < int64(-d) || i >= int64(d) {
				return nil, fmt.Errorf("index %d out of range [%d, %d)", i, -d, d)
			}
			if i < 0 {
				i += int64(d)
			}
			to, from := (o*len(ix.I)+k)*inner, (o*d+int(i))*inner
			if x.DType == ir.Float32 {
				copy(y.F[to:to+inner], x.F[from:])
			} else {
				copy(y.I[to:to+inner], x.I[from:])
			}
		}
	}
	return y, nil
}

func concat(op *ir.Concat, in []*ir.Tensor, shape []int) *ir.Tensor {
	y := ir.NewTensor(in[0].DType, shape)
	outer, inner := count(shape[:op.Axis]), count(shape[op.Axis+1:])
	at := 0
	for _, t := range in {
		n := t.Shape[op.Axis] * inner
		for o := range outer {
			to := o*shape[op.Axis]*inner + at
			if y.DType == ir.Float32 {
				copy(y.F[to:to+n], t.F[o*n:])
			} else {
				copy(y.I[to:to+n], t.I[o*n:])
			}
		}
		at += n
	}
	return y
}

func pad(op *ir.Pad, x *ir.Tensor, shape []int) *ir.Tensor {
	y := ir.NewTensor(x.DType, shape)
	if y.DType == ir.Float32 {
		padTo(op, y.F, x.F, shape, x.Shape, op.Value)
	} else {
		padTo(op, y.I, x.I, shape, x.Shape, wrap(toInt(float64(op.Value)), x.DType))
	}
	return y
}

func padTo[T any](op *ir.Pad, dst, src []T, shape, in []int, value T) {
	if len(dst) == 0 {
		return
	}
	if len(shape) == 0 {
		dst[0] = src[0]
		return
	}
	s := strides(in)
	last := len(shape) - 1
	n := shape[last]
	ix := make([]int, last)
	for i := 0; i < len(dst); i += n {
		row := dst[i:][:n]
		base, inside := 0, true
		for a, o := range ix {
			f := padSource(op, a, o, in[a])
			inside = inside && f >= 0
			base += f * s[a]
		}
		for k := range row {
			f := -1
			if inside {
				f = padSource(op, last, k, in[last])
			}
			if f < 0 {
				row[k] = value
			} else {
				row[k] = src[base+f]
			}
		}
		for a := last - 1; a >= 0; a-- {
			if ix[a]++; ix[a] < shape[a] {
				break
			}
			ix[a] = 0
		}
	}
}

// padSource returns where output position o of an axis of size d comes from; -1
// is the padding value. What negative pads cut off is not there for the others.
func padSource(op *ir.Pad, axis, o, d int) int {
	lo, hi := op.Pads[axis], op.Pads[axis+len(op.Pads)/2]
	first := max(0, -lo)
	d -= first + max(0, -hi)
	i := o - max(0, lo)
	if i >= 0 && i < d {
		return first + i
	}
	switch op.Mode {
	case "reflect":
		period := max(1, 2*d-2)
		i = ((i % period) + period) % period
		return first + min(i, period-i)
	case "edge":
		return first + min(max(i, 0), d-1)
	case "wrap":
		return first + ((i%d)+d)%d
	}
	return -1
}

// tap is where an output position of a resized axis comes from.
type tap struct {
	ix [4]int
	w  [4]float32
	n  int
}

func (t *tap) read(op *ir.Resize, axis, in, o int) {
	var w [4]float64
	t.ix, w, t.n = op.Tap(axis, in, o)
	for i, v := range w {
		t.w[i] = float32(v)
	}
}

// apply computes one position from rows of len(dst) elements.
func (t *tap) apply(dst, src []float32) {
	if t.n == 1 {
		copy(dst, src[t.ix[0]*len(dst):])
		return
	}
	for k, i := range t.ix[:t.n] {
		if f := t.w[k]; f != 0 {
			for j, v := range src[i*len(dst):][:len(dst)] {
				dst[j] += float32(f * v)
			}
		}
	}
}

func resize(op *ir.Resize, x *ir.Tensor, shape []int) *ir.Tensor {
	// One axis after the other: every mode is separable.
	for a := range shape {
		if x.Shape[a] == shape[a] && op.Scales[a] == 1 {
			continue
		}
		outer, inner, d := count(x.Shape[:a]), count(x.Shape[a+1:]), x.Shape[a]
		s := append([]int{}, x.Shape...)
		s[a] = shape[a]
		y := ir.NewTensor(ir.Float32, s)
		var taps [256]tap
		for k0 := 0; k0 < shape[a]; k0 += len(taps) {
			block := taps[:min(len(taps), shape[a]-k0)]
			for k := range block {
				block[k].read(op, a, d, k0+k)
			}
			for o := range outer {
				src := x.F[o*d*inner:][:d*inner]
				dst := y.F[(o*shape[a]+k0)*inner:]
				for k := range block {
					block[k].apply(dst[k*inner:][:inner], src)
				}
			}
		}
		x = y
	}
	t := *x
	t.Shape = shape
	return &t
}
