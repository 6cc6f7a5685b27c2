package quant

import (
	"slices"

	ermfmt "github.com/edgerun/edgerun/fmt"
)

// buffer is memory that an operator writes: dense, with axes from the outermost
// to the innermost. Feature maps are N, H, W, C.
//
// A buffer can be given a home inside a larger one, as the pieces of a
// concatenation are: then home, at and stride say where its elements lie.
type buffer struct {
	dims   []int
	params params
	name   string // of the value it was made for
	order  ermfmt.Order

	home   *buffer
	at     int   // element of home that is element 0 here
	stride []int // elements of home between neighbours along every axis

	index  bool // 32-bit indices
	keep   bool // a network input, whose contents survive
	output bool // a network output, which nothing may overwrite
	first  int  // the operator that writes it first, -1 for inputs
	last   int  // the operator that reads it last
	id     int  // of the arena block, once planned
	off    int64
}

func (b *buffer) len() int {
	n := 1
	for _, d := range b.dims {
		n *= d
	}
	return n
}

// dense returns the strides of dense axes.
func dense(dims []int) []int {
	s := make([]int, len(dims))
	n := 1
	for i := len(dims) - 1; i >= 0; i-- {
		s[i] = n
		n *= dims[i]
	}
	return s
}

// run is a number of elements at a distance from each other.
type run struct{ n, stride int }

// view is how a value lies in a buffer. Every axis of the value is one run, or
// several from the outermost to the innermost: what an axis becomes that joins
// others, or that was shuffled. Moves such as Reshape, Transpose and Slice are
// views: they cost nothing until somebody needs the elements in order.
type view struct {
	buf  *buffer
	off  int
	axes [][]run
}

// whole is the view of a dense buffer with its own axes.
func whole(b *buffer) view {
	v := view{buf: b}
	s := dense(b.dims)
	for i, d := range b.dims {
		v.axes = append(v.axes, axisOf(d, s[i]))
	}
	return v
}

// axisOf is an axis of one run; axes of one element have none.
func axisOf(n, stride int) []run {
	if n == 1 {
		return nil
	}
	return []run{{n, stride}}
}

func axisLen(a []run) int {
	n := 1
	for _, r := range a {
		n *= r.n
	}
	return n
}

func (v view) shape() []int {
	s := make([]int, len(v.axes))
	for i, a := range v.axes {
		s[i] = axisLen(a)
	}
	return s
}

// joinRuns merges neighbours that are one run.
func joinRuns(a []run) []run {
	var out []run
	for _, r := range a {
		if r.n == 1 {
			continue
		}
		if k := len(out) - 1; k >= 0 && out[k].stride == r.n*r.stride {
			out[k] = run{out[k].n * r.n, r.stride}
			continue
		}
		out = append(out, r)
	}
	return out
}

// transpose permutes axes.
func (v view) transpose(perm []int) view {
	out := view{buf: v.buf, off: v.off}
	for _, p := range perm {
		out.axes = append(out.axes, v.axes[p])
	}
	return out
}

// reshape gives the elements, in the view's order, another shape. It fails
// when an axis would have to be cut where no run can be.
func (v view) reshape(shape []int) (view, bool) {
	var flat []run
	for _, a := range v.axes {
		flat = append(flat, a...)
	}
	flat = joinRuns(flat)
	out := view{buf: v.buf, off: v.off}
	for i := range shape {
		out.axes = append(out.axes, nil)
		want := shape[i]
		for want > 1 {
			if len(flat) == 0 {
				return view{}, false
			}
			r := flat[0]
			switch {
			case want%r.n == 0:
				out.axes[i] = append(out.axes[i], r)
				want /= r.n
				flat = flat[1:]
			case r.n%want == 0:
				// The outer part of the run is this axis, the rest the next.
				inner := r.n / want
				out.axes[i] = append(out.axes[i], run{want, r.stride * inner})
				flat[0] = run{inner, r.stride}
				want = 1
			default:
				return view{}, false
			}
		}
		out.axes[i] = joinRuns(out.axes[i])
	}
	return out, len(flat) == 0
}

// slice takes every step-th element of an axis. It fails on an axis of several
// runs that it would cut unevenly.
func (v view) slice(axis, start, step, size int) (view, bool) {
	a := v.axes[axis]
	if size == axisLen(a) && step == 1 {
		return v, true
	}
	out := view{buf: v.buf, off: v.off, axes: slices.Clone(v.axes)}
	if size == 1 {
		// One element: its index along every run.
		rest := axisLen(a)
		for _, r := range a {
			rest /= r.n
			out.off += start / rest * r.stride
			start %= rest
		}
		out.axes[axis] = nil
		return out, true
	}
	switch {
	case len(a) == 1:
		out.off += start * a[0].stride
		out.axes[axis] = axisOf(size, a[0].stride*step)
		return out, true
	case len(a) == 0:
		return out, true
	}
	// Cut the outermost run when the slice covers the inner ones whole, or an
	// inner run when it lies within one step of the outer.
	inner := axisLen(a[1:])
	if step == 1 && start%inner == 0 && size%inner == 0 {
		out.off += start / inner * a[0].stride
		out.axes[axis] = append(axisOf(size/inner, a[0].stride), a[1:]...)
		return out, true
	}
	if last := start + (size-1)*step; step > 0 && start/inner == last/inner {
		rest := view{buf: v.buf, axes: [][]run{a[1:]}}
		cut, ok := rest.slice(0, start%inner, step, size)
		if ok {
			out.off += start/inner*a[0].stride + cut.off
			out.axes[axis] = cut.axes[0]
			return out, true
		}
	}
	return view{}, false
}

// runs lists the runs of all axes, outermost axis first.
func (v view) runs() []run {
	var all []run
	for _, a := range v.axes {
		all = append(all, a...)
	}
	return all
}

// covers reports whether the view is all of its buffer, each element once.
func (v view) covers() bool {
	all := v.runs()
	slices.SortFunc(all, func(a, b run) int { return a.stride - b.stride })
	n := 1
	for _, r := range all {
		if r.stride != n {
			return false
		}
		n *= r.n
	}
	return v.off == 0 && n == v.buf.len()
}

// inRoot rewrites runs of the buffer as runs of the buffer at the end of its
// chain of homes. It fails on runs that cross axes which no longer nest.
func (b *buffer) inRoot(off int, runs []run) (root *buffer, at int, out [][]run, ok bool) {
	out = make([][]run, len(runs))
	for i, r := range runs {
		if r.n > 1 {
			out[i] = []run{r}
		}
	}
	at = off
	for b.home != nil {
		own := dense(b.dims)
		// The lowest and the highest index that the runs reach along every
		// axis: beyond it, an axis would run over into the next.
		low, high := make([]int, len(own)), make([]int, len(own))
		to, rest := b.at, at
		for d, s := range own {
			low[d], high[d] = rest/s, rest/s
			to += rest / s * b.stride[d]
			rest %= s
		}
		for i := range out {
			var next []run
			for _, r := range out[i] {
				m, good := b.moveRun(own, r, low, high)
				if !good {
					return nil, 0, nil, false
				}
				next = append(next, m...)
			}
			out[i] = joinRuns(next)
		}
		for d, n := range b.dims {
			if low[d] < 0 || high[d] >= n {
				return nil, 0, nil, false
			}
		}
		at = to
		b = b.home
	}
	return b, at, out, true
}

// moveRun rewrites one run along the buffer's own axes as runs in its home,
// and notes how far it goes along every axis.
func (b *buffer) moveRun(own []int, r run, low, high []int) ([]run, bool) {
	if r.stride == 0 {
		return []run{r}, true
	}
	size := max(r.stride, -r.stride)
	// The axis on which a step of the run moves.
	d := 0
	for d < len(own)-1 && (own[d] > size || b.dims[d] == 1) {
		d++
	}
	if size%own[d] != 0 {
		return nil, false
	}
	step := r.stride / own[d]
	n := r.n
	var outer []run
	if per := b.dims[d] * own[d]; (r.n-1)*size >= per {
		// The run goes on over the axes outside.
		if r.stride < 0 || per%size != 0 || r.n%(per/size) != 0 || d == 0 {
			return nil, false
		}
		n = per / size
		var ok bool
		if outer, ok = b.moveRun(own, run{r.n / n, per}, low, high); !ok {
			return nil, false
		}
	}
	if step > 0 {
		high[d] += (n - 1) * step
	} else {
		low[d] += (n - 1) * step
	}
	return append(outer, run{n, step * b.stride[d]}), true
}
