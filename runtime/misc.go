package edgerun

import (
	ermfmt "github.com/edgerun/edgerun/fmt"
	"github.com/edgerun/edgerun/kernels"
)

// matrix views a tensor as rows of C elements at one distance.
func matrix(t *ermfmt.Tensor) (rows, stride int, msg problem) {
	n, h, w, _ := dims(t)
	stride = int(t.Stride[2])
	if w == 1 {
		stride = int(t.Stride[1])
	}
	if h > 1 && w > 1 && int(t.Stride[1]) != w*stride || n > 1 && h*w > 1 && int(t.Stride[0]) != h*w*stride {
		return 0, 0, problem(text("pixels of [", n, " ", h, " ", w, "] lie ", t.Stride[:], " apart, want one distance"))
	}
	if h*w == 1 {
		stride = int(t.Stride[0])
	}
	return n * h * w, stride, ""
}

// softmaxArgs checks what a softmax along C and its logarithm have in common.
func (p *planner) softmaxArgs(at *ermfmt.Softmax) (x, out *ermfmt.Tensor, args kernels.SoftmaxArgs, msg problem) {
	in, out, msg := p.operands(1, 1)
	if msg != "" {
		return nil, nil, args, msg
	}
	x = in[0]
	if msg := first(p.wantType("the input", x, ermfmt.Int8, ermfmt.Int16), p.wantType("the output", out, ermfmt.Int8, ermfmt.Int16), onArena(x),
		p.sameDims(x, out), apart(in, out, true)); msg != "" {
		return nil, nil, args, msg
	}
	n, rx, msg := matrix(x)
	if msg != "" {
		return nil, nil, args, msg
	}
	_, ry, msg := matrix(out)
	if msg != "" {
		return nil, nil, args, msg
	}
	want := 256
	if x.DType == ermfmt.Int16 {
		want = 512
	}
	if len(at.Exp) != want || at.Bits < 8 || at.Bits > 24 {
		return nil, nil, args, problem(text("a table of ", len(at.Exp), " entries with ", at.Bits, " bits, want ", want, " with 8 to 24"))
	}
	for i, e := range at.Exp {
		if e > 1<<at.Bits || i%256 == 0 && i < 512 && (i == 0 || want == 512) && e != 1<<at.Bits {
			return nil, nil, args, problem(text("entry ", i, " of the table is ", int64(e), ", want at most ", 1<<at.Bits, ", and just that where a table begins"))
		}
	}
	return x, out, kernels.SoftmaxArgs{Rows: n, N: int(x.Dims[3]), RowX: rx, RowY: ry, Exp: at.Exp, Bits: at.Bits}, ""
}

// prepareSoftmax checks a softmax along C.
func (p *planner) prepareSoftmax() (step, problem) {
	at := p.op.Softmax
	x, out, args, msg := p.softmaxArgs(at)
	if msg != "" {
		return step{}, msg
	}
	k := p.m.table.Softmax
	s := step{}
	s.Kernel, s.Weights = k.Name, int64(4*len(at.Exp))
	s.bind = func(se *Session) []phase {
		v := args
		v.X, v.X16 = se.either(x)
		v.Y, v.Y16 = se.either(out)
		return []phase{{run: func(w, u0, u1 int) { k.Run(&v, w, u0, u1) }, units: v.Rows, cost: 10 * elements(x)}}
	}
	return s, ""
}

// prepareArgMax checks an arg-max along C.
func (p *planner) prepareArgMax() (step, problem) {
	at := p.op.ArgMax
	in, out, msg := p.operands(1, 1)
	if msg != "" {
		return step{}, msg
	}
	x := in[0]
	if msg := first(p.wantType("the input", x, ermfmt.Int8, ermfmt.Int16), p.wantType("the output", out, ermfmt.Int32), onArena(x), apart(in, out, false)); msg != "" {
		return step{}, msg
	}
	want := x.Dims
	want[3] = 1
	if out.Dims != want {
		return step{}, problem(text("the output is ", out.Dims[:], ", want ", want[:]))
	}
	n, rx, msg := matrix(x)
	if msg != "" {
		return step{}, msg
	}
	_, ry, msg := matrix(out)
	if msg != "" {
		return step{}, msg
	}
	args := kernels.ArgMaxArgs{Rows: n, N: int(x.Dims[3]), RowX: rx, RowY: ry, Last: at.Last, Min: at.Min}
	k := p.m.table.ArgMax
	s := step{}
	s.Kernel = k.Name
	s.bind = func(se *Session) []phase {
		v := args
		v.X, v.X16 = se.either(x)
		v.Y = se.int32s(out)
		return []phase{{run: func(w, u0, u1 int) { k.Run(&v, w, u0, u1) }, units: n, cost: elements(x)}}
	}
	return s, ""
}

// prepareCopy checks a strided move: every index stays inside its tensor.
func (p *planner) prepareCopy() (step, problem) {
	at := p.op.Copy
	in, out, msg := p.operands(1, 1)
	if msg != "" {
		return step{}, msg
	}
	x := in[0]
	if msg := first(p.wantType("the output", out, x.DType), apart(in, out, false)); msg != "" {
		return step{}, msg
	}
	r := len(at.Dims)
	if r == 0 || len(at.InStride) != r || len(at.OutStride) != r {
		return step{}, problem(text(r, " dimensions, ", len(at.InStride), " and ", len(at.OutStride), " strides, want as many, and one at least"))
	}
	size := x.DType.Size()
	args := kernels.CopyArgs{Size: size, InAt: int(at.InOffset) * size, OutAt: int(at.OutOffset) * size}
	total := int64(1)
	for i, d := range at.Dims {
		if d < 1 || d > ermfmt.MaxDim {
			return step{}, problem(text("dimension ", d, " out of range [1, ", ermfmt.MaxDim, "]"))
		}
		if total *= int64(d); total > ermfmt.MaxDim {
			return step{}, problem(text("a copy of ", total, " elements and more, want at most ", ermfmt.MaxDim))
		}
		args.Dims = append(args.Dims, int(d))
		args.InStride = append(args.InStride, int(at.InStride[i])*size)
		args.OutStride = append(args.OutStride, int(at.OutStride[i])*size)
	}
	// Each output element is written once at most, which bounds the work.
	if msg := first(inside("input", x, at.Dims, at.InStride, at.InOffset), inside("output", out, at.Dims, at.OutStride, at.OutOffset), injective(at.Dims, at.OutStride)); msg != "" {
		return step{}, msg
	}
	if !walksApart(x, out, at) {
		return step{}, "the copy moves what lies between the elements of a tensor and may overlap itself, want it to keep to the elements"
	}
	lo, hi := int32(-128), int32(127)
	if out.DType != ermfmt.Int8 {
		lo, hi = -32768, 32767
	}
	if at.Fill && (at.FillValue < lo || at.FillValue > hi) {
		return step{}, problem(text("fill value ", at.FillValue, " does not fit ", out.DType))
	}
	if at.Fill && out.DType == ermfmt.Int32 {
		return step{}, "an int32 output is filled, want int8 or int16"
	}
	mergeDims(&args)
	k, value := p.m.table.Copy, at.FillValue
	s := step{}
	s.Kernel = k.Name
	s.bind = func(se *Session) []phase {
		v := args
		v.In, v.Out = se.bytes(x), se.bytes(out)
		var ph []phase
		if at.Fill {
			o8, o16 := se.either(out)
			n, h, w, c := dims(out)
			pl := plane(out)
			ph = append(ph, phase{units: n * h, cost: elements(out) / 8, run: func(_, u0, u1 int) {
				for u := u0; u < u1; u++ {
					for x := range w {
						at := u/h*pl.N + u%h*pl.H + x*pl.W
						if o8 != nil {
							fill(o8[at:][:c], int8(value))
						} else {
							fill(o16[at:][:c], int16(value))
						}
					}
				}
			}})
		}
		return append(ph, phase{run: func(w, u0, u1 int) { k.Run(&v, w, u0, u1) }, units: v.Dims[0], cost: total})
	}
	return s, ""
}

func fill[T int8 | int16](s []T, v T) {
	for i := range s {
		s[i] = v
	}
}

// inside checks that a strided walk stays within a tensor's elements.
func inside(what string, t *ermfmt.Tensor, dims, stride []int32, at int32) problem {
	lo, hi := walkRange(dims, stride, at)
	if lo < 0 || hi > t.Span() {
		return problem(text("elements ", lo, " to ", hi-1, " of the ", what, ", want them among the ", t.Span(), " there are"))
	}
	return ""
}

// walkRange returns the first element of a strided walk and the one behind the
// last.
func walkRange(dims, stride []int32, at int32) (lo, hi int64) {
	lo, hi = int64(at), int64(at)
	for i, d := range dims {
		if s := int64(d-1) * int64(stride[i]); s < 0 {
			lo += s
		} else {
			hi += s
		}
	}
	return lo, hi + 1
}

// walksApart reports whether what a copy reads and what it writes have no byte in
// common. The tensors have none; so a walk that keeps to the elements of its
// tensor is safe, and otherwise the walks have to lie apart.
func walksApart(x, out *ermfmt.Tensor, c *ermfmt.Copy) bool {
	if onElements(x, c.Dims, c.InStride, c.InOffset) && onElements(out, c.Dims, c.OutStride, c.OutOffset) {
		return true
	}
	size := int64(x.DType.Size())
	a0, a1 := walkRange(c.Dims, c.InStride, c.InOffset)
	b0, b1 := walkRange(c.Dims, c.OutStride, c.OutOffset)
	return x.Offset+a1*size <= out.Offset+b0*size || out.Offset+b1*size <= x.Offset+a0*size
}

// onElements reports whether a walk that stays within a tensor's span meets
// none of the gaps in it. It may say no where no axis carries into another.
func onElements(t *ermfmt.Tensor, dims, stride []int32, at int32) bool {
	if t.IsPacked() {
		return true
	}
	// The tensor's axes, innermost first, joined where there is no gap.
	type axis struct{ n, s, lo, hi int64 }
	axes := []axis{{n: int64(t.Dims[3]), s: 1}}
	for i := 2; i >= 0; i-- {
		last := &axes[len(axes)-1]
		switch {
		case t.Dims[i] == 1:
		case int64(t.Stride[i]) == last.n*last.s:
			last.n *= int64(t.Dims[i])
		default:
			axes = append(axes, axis{n: int64(t.Dims[i]), s: int64(t.Stride[i])})
		}
	}
	step := func(by, times int64) {
		for k := len(axes) - 1; k >= 0; k-- {
			a := &axes[k]
			if q := by / a.s * times; q < 0 {
				a.lo += q
			} else {
				a.hi += q
			}
			by %= a.s
		}
	}
	step(int64(at), 1)
	for k := range axes {
		axes[k].lo = axes[k].hi
	}
	for i, d := range dims {
		step(int64(stride[i]), int64(d-1))
	}
	for _, a := range axes {
		if a.lo < 0 || a.hi >= a.n {
			return false
		}
	}
	return true
}

// injective checks that no element is written twice: sorted by stride, every
// dimension steps over all that the smaller ones reach.
func injective(dims, stride []int32) problem {
	done := make([]bool, len(dims))
	reach := int64(0)
	for range dims {
		best := -1
		for i, d := range dims {
			if !done[i] && d > 1 && (best < 0 || stride[i] < stride[best]) {
				best = i
			}
		}
		if best < 0 {
			return ""
		}
		if int64(stride[best]) <= reach {
			return "two elements of the input go to one of the output"
		}
		reach += int64(dims[best]-1) * int64(stride[best])
		done[best] = true
	}
	return ""
}

// mergeDims drops dimensions of 1 and joins neighbours that are contiguous in
// both operands.
func mergeDims(a *kernels.CopyArgs) {
	n := 0
	for i, d := range a.Dims {
		if d == 1 {
			continue
		}
		if n > 0 && a.InStride[n-1] == d*a.InStride[i] && a.OutStride[n-1] == d*a.OutStride[i] {
			a.Dims[n-1] *= d
			a.InStride[n-1], a.OutStride[n-1] = a.InStride[i], a.OutStride[i]
			continue
		}
		a.Dims[n], a.InStride[n], a.OutStride[n] = d, a.InStride[i], a.OutStride[i]
		n++
	}
	if n == 0 {
		a.Dims, a.InStride, a.OutStride = []int{1}, []int{a.Size}, []int{a.Size}
		return
	}
	a.Dims, a.InStride, a.OutStride = a.Dims[:n], a.InStride[:n], a.OutStride[:n]
}
