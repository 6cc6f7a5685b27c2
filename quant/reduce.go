package quant

import (
	"fmt"
	"slices"

	ermfmt "github.com/edgerun/edgerun/fmt"
	"github.com/edgerun/edgerun/internal/ir"
)

// reduces reports whether a reduction has an integer form.
func reduces(op *ir.Reduce) bool {
	switch op.Func {
	case "ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin":
		return true
	}
	return false
}

// reduce lowers a reduction to a pool: what stays, outermost, becomes rows, what
// is folded pixels, and what stays and lies innermost channels.
func (l *lowering) reduce(n *ir.Node, op *ir.Reduce) error {
	v := n.In[0]
	if !reduces(op) {
		return fmt.Errorf("the operator is %w in int8, want ReduceMean, ReduceSum, ReduceMax, ReduceMin, ReduceL1, ReduceL2 or ReduceSumSquare", ErrUnsupported)
	}
	in, out := l.paramsOf(v), l.paramsOf(n.Out[0])
	if op.Func == "ReduceMin" {
		var err error
		if v, err = l.negated(n, v); err != nil {
			return err
		}
	}
	rows, pixels, channels := reduceAxes(v.Shape, op.Axes)
	x := l.reduceView(v, rows, pixels, channels)
	count := axisLen(x.axes[2])
	a := &ermfmt.Pool{KH: 1, KW: int32(count), StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Clamp: out.clamp(&ir.Act{})}
	kind := ermfmt.KindMaxPool
	if op.Func == "ReduceMean" || op.Func == "ReduceSum" {
		kind = ermfmt.KindAveragePool
		scale := in.scale / out.scale
		if op.Func == "ReduceMean" {
			scale /= float64(count)
		}
		var err error
		if a.Requant, err = fixedPoint([]float64{scale}); err != nil {
			return err
		}
		a.Divisors = []int32{int32(count)}
	}
	// The result, dense, with its axes where the input's were.
	result := n.Out[0]
	if op.Func == "ReduceMin" {
		result = &ir.Value{Name: n.Out[0].Name, DType: ir.Float32, Shape: n.Out[0].Shape}
	}
	kept := append(slices.Clone(rows), channels...)
	b := &buffer{name: result.Name, params: out, order: ermfmt.OrderNone}
	if slices.IsSorted(kept) {
		b.order = ermfmt.OrderSame
	}
	for _, k := range kept {
		b.dims = append(b.dims, v.Shape[k])
	}
	if len(b.dims) == 0 {
		b.dims = []int{1}
	}
	w := whole(b)
	y := view{buf: b}
	for i := range v.Shape {
		if k := slices.Index(kept, i); k >= 0 {
			y.axes = append(y.axes, w.axes[k])
		} else if op.Keep {
			y.axes = append(y.axes, nil)
		}
	}
	l.val[result] = y
	flat := view{buf: b, axes: [][]run{nil, axisOf(elementsOf(v.Shape, rows), elementsOf(v.Shape, channels)), nil, axisOf(elementsOf(v.Shape, channels), 1)}}
	if op.Func == "ReduceMin" {
		b.params.zero = -1 - out.zero
		a.Clamp = ermfmt.Clamp{Lo: -128, Hi: 127}
	}
	l.emit(n, ermfmt.Op{Kind: kind, Pool: a}, operands(x), flat)
	if op.Func != "ReduceMin" {
		return nil
	}
	back := l.like(n.Out[0], y)
	return l.table(n, negate, b.params, out, y, back)
}

func negate(x float64) float64 { return -x }

// negated returns −v: integers q become −1 − q.
func (l *lowering) negated(n *ir.Node, v *ir.Value) (*ir.Value, error) {
	from := l.paramsOf(v)
	w := &ir.Value{Name: v.Name, DType: v.DType, Shape: v.Shape}
	x := l.movable(v)
	y := l.like(w, x)
	y.buf.params = params{from.dtype, from.scale, -1 - from.zero}
	return w, l.table(n, negate, from, y.buf.params, x, y)
}

func elementsOf(shape []int, axes []int) int {
	n := 1
	for _, a := range axes {
		n *= shape[a]
	}
	return n
}

// reduceAxes sorts axes into those outside, those that are folded, and those
// inside of them in memory: the channels of an image, or what comes last.
func reduceAxes(shape, folded []int) (rows, pixels, channels []int) {
	_, image := imageAxes(len(shape))
	last := -1
	for _, a := range folded {
		last = max(last, a)
	}
	for i := range shape {
		switch {
		case slices.Contains(folded, i):
			pixels = append(pixels, i)
		case image && i == 1 || !image && i > last:
			channels = append(channels, i)
		default:
			rows = append(rows, i)
		}
	}
	return rows, pixels, channels
}

// reduceView returns a value as [1, rows, pixels, channels], copied if it does
// not lie so.
func (l *lowering) reduceView(v *ir.Value, rows, pixels, channels []int) view {
	order := slices.Concat(rows, pixels, channels)
	look := func(w view) (view, bool) {
		part := func(axes []int) (rs []run) {
			for _, a := range axes {
				rs = append(rs, w.axes[a]...)
			}
			return joinRuns(rs)
		}
		x := view{buf: w.buf, off: w.off, axes: [][]run{nil, part(rows), part(pixels), part(channels)}}
		for _, a := range x.axes {
			if len(a) > 1 || len(a) == 1 && a[0].stride <= 0 {
				return x, false
			}
		}
		c := x.axes[3]
		return x, (len(c) == 0 || c[0].stride == 1) && nests(x)
	}
	if x, ok := look(l.val[v]); ok {
		return x
	}
	b := &buffer{name: v.Name, params: l.val[v].buf.params, order: ermfmt.OrderNone}
	back := make([]int, len(order))
	for i, a := range order {
		b.dims = append(b.dims, v.Shape[a])
		back[a] = i
	}
	dst := whole(b).transpose(back)
	l.copy(v.Name, l.val[v], dst)
	x, _ := look(dst)
	return x
}
