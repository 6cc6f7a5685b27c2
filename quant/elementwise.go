package quant

import (
	"fmt"
	"math"
	"slices"

	ermfmt "github.com/edgerun/edgerun/fmt"
	"github.com/edgerun/edgerun/internal/ir"
)

// like makes the output of an element-wise operator: the input's runs, in the
// same order in memory, without gaps.
func (l *lowering) like(v *ir.Value, x view) view {
	b := l.newBuffer(v)
	if w := l.imageView(b, v.Shape); sameOrder(w, x) {
		l.val[v] = w
		return w
	}
	// A layout of its own: the runs sorted as they lie in the input.
	type slot struct{ axis, k int }
	var slots []slot
	for i, a := range x.axes {
		for k := range a {
			slots = append(slots, slot{i, k})
		}
	}
	at := func(s slot) run { return x.axes[s.axis][s.k] }
	for i := 1; i < len(slots); i++ {
		for k := i; k > 0 && at(slots[k-1]).stride < at(slots[k]).stride; k-- {
			slots[k-1], slots[k] = slots[k], slots[k-1]
		}
	}
	b.dims, b.order = nil, ermfmt.OrderNone
	for _, s := range slots {
		b.dims = append(b.dims, at(s).n)
	}
	if len(b.dims) == 0 {
		b.dims = []int{1}
	}
	y := view{buf: b, axes: make([][]run, len(x.axes))}
	for i, a := range x.axes {
		y.axes[i] = make([]run, len(a))
	}
	s := dense(b.dims)
	for i, sl := range slots {
		y.axes[sl.axis][sl.k] = run{at(sl).n, s[i]}
	}
	l.val[v] = y
	return y
}

// sameOrder reports whether the axes of two views are single runs that lie in
// memory in the same order.
func sameOrder(w, x view) bool {
	for i := range w.axes {
		if len(x.axes[i]) != len(w.axes[i]) || len(x.axes[i]) > 1 {
			return false
		}
		for k := range i {
			if len(w.axes[i]) == 1 && len(w.axes[k]) == 1 && (w.axes[i][0].stride < w.axes[k][0].stride) != (x.axes[i][0].stride < x.axes[k][0].stride) {
				return false
			}
		}
	}
	return true
}

// movable copies a value whose elements are repeated or run backwards.
func (l *lowering) movable(v *ir.Value) view {
	for _, r := range l.val[v].runs() {
		if r.stride <= 0 {
			l.materialize(v)
			break
		}
	}
	return l.val[v]
}

// function lowers an element-wise function to a table.
func (l *lowering) function(n *ir.Node, f ir.Function) error {
	x := l.movable(n.In[0])
	in, out := l.paramsOf(n.In[0]), l.paramsOf(n.Out[0])
	y := l.like(n.Out[0], x)
	if isNarrowing(n) {
		return l.rescale(n, in, out, x, y)
	}
	return l.table(n, f.Eval, in, out, x, y)
}

// table emits a table operator between two views of the same shape.
func (l *lowering) table(n *ir.Node, f func(x float64) float64, in, out params, x, y view) error {
	t, err := newTable(f, in, out)
	if err != nil {
		return err
	}
	ra, rb := pairRuns(x, y)
	o := l.emit(n, ermfmt.Op{Kind: ermfmt.KindLUT, LUT: t}, operands(view{buf: x.buf, off: x.off, axes: oneAxis(ra)}), view{buf: y.buf, off: y.off, axes: oneAxis(rb)})
	o.rows, o.inplace = true, true
	return nil
}

// pairRuns lists the runs of two views of the same shape so that they
// correspond.
func pairRuns(a, b view) (ra, rb []run) {
	for i := range a.axes {
		if len(b.axes[i]) <= 1 {
			x, y := alignRuns(view{axes: a.axes[i : i+1]}, view{axes: b.axes[i : i+1]})
			ra, rb = append(ra, x...), append(rb, y...)
			continue
		}
		if len(a.axes[i]) <= 1 {
			y, x := alignRuns(view{axes: b.axes[i : i+1]}, view{axes: a.axes[i : i+1]})
			ra, rb = append(ra, x...), append(rb, y...)
			continue
		}
		ra, rb = append(ra, a.axes[i]...), append(rb, b.axes[i]...)
	}
	return ra, rb
}

// newTable computes a table: docs/arithmetic.md §6. Where the function is not a
// number, as the square root of what quantization made of 0, it is what it is at
// the nearest input that has a value.
func newTable(f func(x float64) float64, in, out params) (*ermfmt.LUT, error) {
	t := &ermfmt.LUT{}
	n, first, step := 256, int32(-128), int32(1)
	if in.dtype == Int16Type {
		n, first, step = 513, -32768, 128
	}
	vals := make([]float64, n)
	known := []int{}
	for i := range vals {
		if vals[i] = f(in.real(first + int32(i)*step)); vals[i] == vals[i] {
			known = append(known, i)
		}
	}
	if len(known) == 0 {
		return nil, fmt.Errorf("the function is not a number between %g and %g", in.real(first), in.real(first+int32(n-1)*step))
	}
	for i, v := range vals {
		if v != v {
			k, _ := slices.BinarySearch(known, i)
			if k == len(known) || k > 0 && i-known[k-1] < known[k]-i {
				k--
			}
			v = vals[known[k]]
		}
		q := out.quantize(v)
		if in.dtype == Int8Type && out.dtype == Int8Type {
			t.Table8 = append(t.Table8, int8(q))
		} else {
			t.Table16 = append(t.Table16, int16(q))
		}
	}
	return t, nil
}

// convert gives a value other parameters, and returns the value that has them.
func (l *lowering) convert(n *ir.Node, v *ir.Value, to params) (*ir.Value, error) {
	from := l.paramsOf(v)
	w := &ir.Value{Name: v.Name, DType: v.DType, Shape: v.Shape}
	x := l.movable(v)
	y := l.like(w, x)
	y.buf.params = to
	return w, l.rescale(n, from, to, x, y)
}

// alike reports whether corresponding runs lie in memory in the same order, as
// the operands of one operator have to; repeated ones (stride 0) fit any.
func alike(a, b []run) bool {
	for i := range a {
		for k := range i {
			if a[i].n > 1 && a[k].n > 1 && b[i].stride != 0 && b[k].stride != 0 && (a[i].stride < a[k].stride) != (b[i].stride < b[k].stride) {
				return false
			}
		}
	}
	return true
}

// rescale emits what takes integers of one quantization to another.
func (l *lowering) rescale(n *ir.Node, from, to params, x, y view) error {
	if ra, rb := pairRuns(x, y); !alike(ra, rb) {
		// First in the input's order, then moved.
		v := &ir.Value{Name: y.buf.name, DType: ir.Float32, Shape: x.shape()}
		mid := l.like(v, x)
		mid.buf.params = to
		if err := l.rescale(n, from, to, x, mid); err != nil {
			return err
		}
		l.copy(n.Label(), mid, y)
		return nil
	}
	if from.dtype == Int8Type {
		return l.table(n, func(x float64) float64 { return x }, from, to, x, y)
	}
	s, err := oneScale(from.scale / to.scale)
	if err != nil {
		return err
	}
	ra, rb := pairRuns(x, y)
	o := l.emit(n, ermfmt.Op{Kind: ermfmt.KindRequantize, Requant: &ermfmt.Requantize{Scale: s, Clamp: to.clamp(&ir.Act{})}},
		operands(view{buf: x.buf, off: x.off, axes: oneAxis(ra)}), view{buf: y.buf, off: y.off, axes: oneAxis(rb)})
	o.rows, o.inplace = true, true
	return nil
}

// prelu lowers a PRelu on its own to a depthwise 1x1 layer whose scale depends
// on the sign.
func (l *lowering) prelu(n *ir.Node) error {
	v := n.In[0]
	c := 0
	if len(v.Shape) >= 3 {
		c = v.Shape[1]
	}
	slope := n.In[1]
	if slope.Const == nil || c == 0 || slope.Const.Len() != c && slope.Const.Len() != 1 {
		return fmt.Errorf("slope %v on input %v is %w in int8, want one constant per channel of a feature map", slope.Shape, v.Shape, ErrUnsupported)
	}
	x, err := l.orderedImage(v)
	if err != nil {
		return err
	}
	in, out := l.paramsOf(v), l.paramsOf(n.Out[0])
	a := &ermfmt.Conv{KH: 1, KW: 1, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Groups: 1}
	scales, neg := make([]float64, c), make([]float64, c)
	for i := range c {
		// Weight 64 leaves room for rounding; the sign is that of x.
		a.Weights = append(a.Weights, 64)
		a.Bias = append(a.Bias, -64*in.zero)
		s := in.scale / 64 / out.scale
		f := float64(slope.Const.F[i%slope.Const.Len()])
		scales[i], neg[i] = s, s*f
	}
	if a.Requant, a.Neg, err = signedScales(scales, neg); err != nil {
		return err
	}
	a.Clamp = out.clamp(&ir.Act{})
	l.emit(n, ermfmt.Op{Kind: ermfmt.KindDepthwise, Conv: a}, operands(x), l.imageOut(n.Out[0], nil))
	return nil
}

// binary lowers sums, differences and products of two tensors, one of which
// may be constant, and which broadcast.
func (l *lowering) binary(n *ir.Node, op *ir.Binary) error {
	if op.Func != "Add" && op.Func != "Sub" && op.Func != "Mul" {
		return fmt.Errorf("the operator on two tensors is %w in int8, want Add, Sub, Mul, Div, Max or Min", ErrUnsupported)
	}
	a, b := n.In[0], n.In[1]
	negA := false
	// The first operand has the full shape and is computed.
	if a.Const != nil || a.Len() < n.Out[0].Len() {
		a, b = b, a
		negA = op.Func == "Sub"
	}
	if a.Const != nil {
		return fmt.Errorf("both operands are constant: %w in int8", ErrUnsupported)
	}
	if a == b && a.Len() == n.Out[0].Len() {
		return l.square(n, op)
	}
	ap, yp := l.paramsOf(a), l.paramsOf(n.Out[0])
	if a.Len() != n.Out[0].Len() {
		a = l.repeated(a, n.Out[0].Shape)
	}
	x := l.movable(a)
	// Operand axes are counted from the last; a may have a shorter shape only
	// by leading ones.
	x = leadingAxes(x, len(n.Out[0].Shape))
	var second operand
	var bp params
	var rb []run
	if b.Const != nil {
		bp = constParams(b.Const)
		src := make([]int16, len(b.Const.F))
		for i, v := range b.Const.F {
			src[i] = int16(bp.quantize(float64(v)))
		}
		second = operand{konst: &ermfmt.Tensor{DType: ermfmt.Int16, Place: ermfmt.Const, Scale: float32(bp.scale)}, src: src}
		rb = alongside(x, constView(b.Shape, n.Out[0].Shape))
	} else {
		bp = l.paramsOf(b)
		l.movable(b)
		// As they lie, or after a copy of one or both to the usual layout.
		for try := 0; ; try++ {
			rb = alongside(x, broadcastView(l.val[b], b.Shape, n.Out[0].Shape))
			if rb != nil && alike(x.runs(), rb) {
				break
			}
			switch try {
			case 0:
				l.materialize(b)
			case 1:
				l.materialize(a)
				x = leadingAxes(l.val[a], len(n.Out[0].Shape))
			default:
				return fmt.Errorf("operands %v and %v cannot be laid out alike", a.Shape, b.Shape)
			}
		}
		second = operand{view: view{buf: l.val[b].buf, off: l.val[b].off}}
	}
	y := l.like(n.Out[0], x)
	ra, ry := pairRuns(x, y)
	second.view.axes = oneAxis(rb)
	var o ermfmt.Op
	if op.Func == "Mul" {
		s, err := oneScale(ap.scale * bp.scale / yp.scale)
		if err != nil {
			return err
		}
		o = ermfmt.Op{Kind: ermfmt.KindMul, Mul: &ermfmt.Mul{Scale: s, Clamp: yp.clamp(&op.Act)}}
	} else {
		fa, fb := ap.scale/yp.scale, bp.scale/yp.scale
		if op.Func == "Sub" {
			if negA {
				fa = -fa
			} else {
				fb = -fb
			}
		}
		o = ermfmt.Op{Kind: ermfmt.KindAdd, Add: newAdd(fa, fb, ap.zero, bp.zero)}
		o.Add.Clamp = yp.clamp(&op.Act)
	}
	lo := l.emit(n, o, []operand{{view: view{buf: x.buf, off: x.off, axes: oneAxis(ra)}}, second}, view{buf: y.buf, off: y.off, axes: oneAxis(ry)})
	lo.rows, lo.inplace = true, true
	return nil
}

// repeated copies a value into as many elements as a shape has that it
// broadcasts to.
func (l *lowering) repeated(v *ir.Value, shape []int) *ir.Value {
	w := &ir.Value{Name: v.Name, DType: v.DType, Shape: shape}
	src := broadcastView(l.val[v], v.Shape, shape)
	dst, b := l.define(w)
	b.params = src.buf.params
	l.copy(v.Name, src, dst)
	return w
}

// square lowers x op x to a table.
func (l *lowering) square(n *ir.Node, op *ir.Binary) error {
	f := func(x float64) float64 {
		v := ir.EvalBinary(op.Func, x, x)
		return float64(op.Act.Apply(float32(v), 0))
	}
	x := l.movable(n.In[0])
	return l.table(n, f, l.paramsOf(n.In[0]), l.paramsOf(n.Out[0]), x, l.like(n.Out[0], x))
}

// newAdd chooses the fixed-point form of fa·(a−za) + fb·(b−zb): docs/arithmetic.md §4.
func newAdd(fa, fb float64, za, zb int32) *ermfmt.Add {
	// The larger factor gets 21 bits.
	shift := 20 - math.Ilogb(max(math.Abs(fa), math.Abs(fb)))
	shift = min(max(shift, 1), 30)
	a := &ermfmt.Add{Shift: uint8(shift)}
	fix := func(f float64) int32 {
		m := math.Round(math.Ldexp(f, shift))
		return int32(min(max(m, -(1<<21-1)), 1<<21-1))
	}
	a.MulA, a.MulB = fix(fa), fix(fb)
	a.Bias = -int64(za)*int64(a.MulA) - int64(zb)*int64(a.MulB) + 1<<(shift-1)
	return a
}

// constParams covers a constant with 16 bits.
func constParams(t *ir.Tensor) params {
	m := 0.0
	for _, v := range t.F {
		m = max(m, math.Abs(float64(v)))
	}
	return newParams(Int16Type, -m, m)
}

// leadingAxes adds axes of one in front.
func leadingAxes(v view, rank int) view {
	for len(v.axes) < rank {
		v.axes = append([][]run{nil}, v.axes...)
	}
	return v
}

// broadcastView gives a view the output's axes: an axis of one that is
// repeated has stride 0.
func broadcastView(v view, shape, out []int) view {
	v = leadingAxes(v, len(out))
	w := view{buf: v.buf, off: v.off, axes: make([][]run, len(out))}
	for i, n := range out {
		k := i - (len(out) - len(shape))
		if k < 0 || shape[k] == 1 && n > 1 {
			w.axes[i] = []run{{n, 0}}
			if n == 1 {
				w.axes[i] = nil
			}
			continue
		}
		w.axes[i] = v.axes[i]
	}
	return w
}

// constView is broadcastView for row-major data.
func constView(shape, out []int) view {
	s := dense(shape)
	v := view{}
	for i, d := range shape {
		v.axes = append(v.axes, axisOf(d, s[i]))
	}
	return broadcastView(v, shape, out)
}

// alongside cuts the runs of b as those of a are cut; nil when they cannot be.
func alongside(a, b view) []run {
	out := []run{}
	for i := range a.axes {
		x, y := a.axes[i], joinRuns(b.axes[i])
		if len(y) <= 1 {
			_, r := alignRuns(view{axes: [][]run{x}}, view{axes: [][]run{y}})
			out = append(out, r...)
			continue
		}
		if len(x) != len(y) {
			return nil
		}
		for k := range x {
			if x[k].n != y[k].n {
				return nil
			}
		}
		out = append(out, y...)
	}
	return out
}
