package quant

import (
	"fmt"
	"math"
	"slices"

	ermfmt "github.com/edgerun/edgerun/fmt"
	"github.com/edgerun/edgerun/internal/ir"
	"github.com/edgerun/edgerun/internal/portable"
)

// axisLast returns a value with one of its axes innermost and contiguous, and
// the others in front as rows at one distance: copied if it does not lie so.
func (l *lowering) axisLast(v *ir.Value, axis int) (view, error) {
	for range 2 {
		x := l.movable(v)
		a := joinRuns(x.axes[axis])
		if len(outerRuns(x, axis)) <= 1 && (len(a) == 0 || len(a) == 1 && a[0].stride == 1) {
			x.axes = slices.Clone(x.axes)
			x.axes[axis] = a
			return x, nil
		}
		b := &buffer{name: v.Name, params: x.buf.params, index: x.buf.index, order: ermfmt.OrderNone}
		perm := []int{}
		for i := range v.Shape {
			if i != axis {
				perm = append(perm, i)
			}
		}
		perm = append(perm, axis)
		for _, p := range perm {
			b.dims = append(b.dims, v.Shape[p])
		}
		back := make([]int, len(perm))
		for i, p := range perm {
			back[p] = i
		}
		dst := whole(b).transpose(back)
		l.copy(v.Name, x, dst)
		l.val[v] = dst
	}
	return view{}, fmt.Errorf("input %q cannot be laid out with axis %d last", v.Name, axis)
}

// softmax lowers a softmax along one axis.
func (l *lowering) softmax(n *ir.Node, op *ir.Softmax) error {
	v := n.In[0]
	x, err := l.axisLast(v, op.Axis)
	if err != nil {
		return err
	}
	in, out := l.paramsOf(v), l.paramsOf(n.Out[0])
	a := &ermfmt.Softmax{Bits: 24}
	one := math.Ldexp(1, int(a.Bits))
	for d := range 256 {
		a.Exp = append(a.Exp, uint32(math.Round(portable.Exp(-in.scale*float64(d))*one)))
	}
	if in.dtype == Int16Type {
		for d := range 256 {
			a.Exp = append(a.Exp, uint32(math.Round(portable.Exp(-in.scale*256*float64(d))*one)))
		}
	}
	if op.Log {
		y := l.like(n.Out[0], x)
		o := l.emit(n, ermfmt.Op{Kind: ermfmt.KindLogSoftmax, LogSoft: newLogSoftmax(a, in, out)}, operands(rowsOf(x, op.Axis)), rowsOf(y, op.Axis))
		o.inplace = true
		return nil
	}
	want := gateParams
	if out.dtype == Int16Type {
		want = gate16Params
	}
	y := l.like(n.Out[0], x)
	target := y
	if out != want {
		// The group that the output joined has another scale.
		b := *y.buf
		b.params = want
		target = view{buf: &b, off: y.off, axes: y.axes}
	}
	o := l.emit(n, ermfmt.Op{Kind: ermfmt.KindSoftmax, Softmax: a}, operands(rowsOf(x, op.Axis)), rowsOf(target, op.Axis))
	o.inplace = true
	if out != want {
		return l.rescale(n, want, out, target, y)
	}
	return nil
}

// newLogSoftmax chooses the multipliers: docs/arithmetic.md §15.
func newLogSoftmax(a *ermfmt.Softmax, in, out params) *ermfmt.LogSoftmax {
	fx, fl := in.scale/out.scale, math.Ln2/65536/out.scale
	shift := min(max(29-math.Ilogb(max(fx, fl)), 1), 46)
	fix := func(f float64) int32 { return int32(min(math.Round(math.Ldexp(f, shift)), 1<<30)) }
	return &ermfmt.LogSoftmax{Softmax: *a, MulX: fix(fx), MulLog: fix(fl), Shift: uint8(shift), Clamp: out.clamp(&ir.Act{})}
}

// outerRuns lists the runs of all axes but one, from the outermost in memory,
// joined where they nest.
func outerRuns(v view, axis int) []run {
	var outer []run
	for i, a := range v.axes {
		if i != axis {
			outer = append(outer, a...)
		}
	}
	slices.SortStableFunc(outer, func(a, b run) int { return b.stride - a.stride })
	return joinRuns(outer)
}

// rowsOf views what axisLast returned as rows: [1, 1, rows, n].
func rowsOf(v view, axis int) view {
	return view{buf: v.buf, off: v.off, axes: [][]run{nil, nil, outerRuns(v, axis), v.axes[axis]}}
}

func (l *lowering) argReduce(n *ir.Node, op *ir.ArgReduce) error {
	v := n.In[0]
	x, err := l.axisLast(v, op.Axis)
	if err != nil {
		return err
	}
	in := rowsOf(x, op.Axis)
	b := &buffer{name: n.Out[0].Name, index: true, order: ermfmt.OrderNone, params: params{dtype: ermfmt.Int32, scale: 1}}
	for _, a := range in.axes[:3] {
		b.dims = append(b.dims, axisLen(a))
	}
	b.dims = append(b.dims, 1)
	// The output's axes are the input's, without the one that is gone, at
	// strides of the dense result.
	var outer []run
	type slot struct{ axis, k int }
	var slots []slot
	for i, a := range x.axes {
		if i == op.Axis {
			continue
		}
		for k, r := range a {
			outer = append(outer, r)
			slots = append(slots, slot{i, k})
		}
	}
	order := identity(len(outer))
	slices.SortStableFunc(order, func(i, j int) int { return outer[j].stride - outer[i].stride })
	axes := make([][]run, len(x.axes))
	for i, a := range x.axes {
		if i != op.Axis {
			axes[i] = slices.Clone(a)
		}
	}
	stride := 1
	for _, i := range slices.Backward(order) {
		axes[slots[i].axis][slots[i].k].stride = stride
		stride *= outer[i].n
	}
	if !op.Keep {
		axes = slices.Delete(axes, op.Axis, op.Axis+1)
	}
	l.val[n.Out[0]] = view{buf: b, axes: axes}
	l.emit(n, ermfmt.Op{Kind: ermfmt.KindArgMax, ArgMax: &ermfmt.ArgMax{Last: op.SelectLast, Min: op.Func == "ArgMin"}}, operands(in), whole(b))
	return nil
}

// concat joins its inputs in one buffer. Where an input has memory of its own
// that nobody else lays claim to, that memory moves inside the buffer and
// nothing is copied.
func (l *lowering) concat(n *ir.Node, op *ir.Concat) error {
	out := n.Out[0]
	b := l.newBuffer(out)
	y := l.imageView(b, out.Shape)
	if first := l.layoutOf(n.In); first != nil {
		// Axes in the order in which the inputs have them.
		b.dims, b.order = nil, ermfmt.OrderNone
		back := make([]int, len(first))
		for i, a := range first {
			b.dims = append(b.dims, out.Shape[a])
			back[a] = i
		}
		y = whole(b).transpose(back)
		if slices.IsSorted(first) {
			b.order = ermfmt.OrderSame
		}
	}
	l.val[out] = y
	to := l.paramsOf(out)
	at := 0
	for i, v := range n.In {
		part, ok := y.slice(op.Axis, at, 1, v.Shape[op.Axis])
		if !ok {
			return fmt.Errorf("input %d does not fit the result", i)
		}
		at += v.Shape[op.Axis]
		if v.Const != nil {
			l.constant(n, v, to, part)
			continue
		}
		from := l.paramsOf(v)
		if from != to {
			if err := l.rescale(n, from, to, l.movable(v), part); err != nil {
				return err
			}
			continue
		}
		if !l.moveIn(homeKey{n, i}, v, part) {
			l.copy(n.Label(), l.val[v], part)
		}
	}
	return nil
}

// layoutOf returns the order of axes in memory that the inputs of a
// concatenation agree on, when it is not an image's.
func (l *lowering) layoutOf(in []*ir.Value) []int {
	for _, v := range in {
		if v.Const != nil {
			continue
		}
		w := l.val[v]
		order := identity(len(w.axes))
		for _, a := range w.axes {
			if len(joinRuns(a)) > 1 {
				return nil
			}
		}
		stride := func(i int) int {
			if len(w.axes[i]) == 0 {
				return 0
			}
			return joinRuns(w.axes[i])[0].stride
		}
		// Axes of one element stay where they are, before what is smaller.
		slices.SortStableFunc(order, func(i, j int) int {
			if stride(i) == 0 || stride(j) == 0 {
				return 0
			}
			return stride(j) - stride(i)
		})
		if ax, ok := imageAxes(len(w.axes)); ok {
			var img []int
			for _, a := range ax {
				if a >= 0 {
					img = append(img, a)
				}
			}
			same := true
			for i := range img {
				for k := range i {
					p, q := stride(img[k]), stride(img[i])
					same = same && (p == 0 || q == 0 || p > q)
				}
			}
			if same {
				return nil
			}
		}
		return order
	}
	return nil
}

// moveIn gives the buffer of a value a home in part of another one.
func (l *lowering) moveIn(k homeKey, v *ir.Value, part view) bool {
	w := l.val[v]
	b := w.buf
	if l.j.opt.Plain || l.apart[k] || b.home != nil || b.keep || b.index || b == part.buf || !w.covers() || l.outs[v] {
		return false
	}
	// A chain of homes must not come back to where it starts.
	for h := part.buf; h != nil; h = h.home {
		if h == b {
			return false
		}
	}
	from, to := alignRuns(w, part)
	stride := make([]int, len(b.dims))
	own := dense(b.dims)
	for i, r := range from {
		// Cut the run at the buffer's axes.
		n, s, t := r.n, r.stride, to[i].stride
		for n > 1 {
			d := len(own) - 1
			for d > 0 && (b.dims[d] == 1 || own[d]*b.dims[d] <= s) {
				d--
			}
			if s%own[d] != 0 {
				return false
			}
			step := s / own[d]
			if t%step != 0 || stride[d] != 0 && stride[d] != t/step {
				return false
			}
			stride[d] = t / step
			inner := min(n, own[d]*b.dims[d]/s)
			if n%inner != 0 {
				return false
			}
			n, s, t = n/inner, s*inner, t*inner
		}
	}
	b.home, b.at, b.stride = part.buf, part.off, stride
	l.homes[b] = k
	return true
}

// constant fills part of a buffer with constant data.
func (l *lowering) constant(n *ir.Node, v *ir.Value, p params, part view) {
	t := &ermfmt.Tensor{DType: p.dtype, Place: ermfmt.Const, Scale: float32(p.scale), Zero: p.zero, Dims: [4]int32{1, 1, 1, int32(v.Len())}}
	t.Stride = ermfmt.Packed(t.Dims)
	for _, x := range v.Const.F {
		q := p.quantize(float64(x))
		if p.dtype == Int16Type {
			t.Data16 = append(t.Data16, int16(q))
		} else {
			t.Data8 = append(t.Data8, int8(q))
		}
	}
	src := view{axes: constView(v.Shape, v.Shape).axes}
	in, out := alignRuns(src, part)
	l.ops = append(l.ops, &lop{op: ermfmt.Op{Kind: ermfmt.KindCopy, Name: n.Label(), Copy: &ermfmt.Copy{}}, rows: true,
		in:  []operand{{konst: t, view: view{axes: oneAxis(in)}, flat: true}},
		out: operand{view: view{buf: part.buf, off: part.off, axes: oneAxis(out)}, flat: true, name: part.buf.name, order: part.buf.order}})
}

// pad fills a buffer and copies the input into the middle; negative pads crop.
func (l *lowering) pad(n *ir.Node, op *ir.Pad) error {
	if op.Mode != "constant" {
		return fmt.Errorf("mode %q is %w in int8, want constant", op.Mode, ErrUnsupported)
	}
	v := n.In[0]
	r := len(op.Pads) / 2
	src := l.val[v]
	y, b := l.define(n.Out[0])
	dst := y
	for i := range r {
		lo, hi := op.Pads[i], op.Pads[i+r]
		crop := v.Shape[i] + min(lo, 0) + min(hi, 0)
		var ok bool
		if src, ok = src.slice(i, max(-lo, 0), 1, crop); !ok {
			l.materialize(v)
			l.val[n.Out[0]] = y
			return l.pad(n, op)
		}
		if dst, ok = dst.slice(i, max(lo, 0), 1, crop); !ok {
			return fmt.Errorf("pads %v do not fit", op.Pads)
		}
	}
	if len(b.dims) > 4 {
		return fmt.Errorf("input of rank %d is %w in int8, want at most 4", len(b.dims), ErrUnsupported)
	}
	l.copy(n.Label(), src, dst)
	c := l.ops[len(l.ops)-1].op.Copy
	c.Fill, c.FillValue = true, b.params.quantize(float64(op.Value))
	return nil
}

// move lowers what only changes shape, order or selection of elements.
func (l *lowering) move(n *ir.Node) error {
	v := n.In[0]
	if v.Const != nil {
		return fmt.Errorf("a constant operand is %w in int8", ErrUnsupported)
	}
	w := l.val[v]
	for try := range 2 {
		if ok, err := l.moveView(n, w); ok || err != nil {
			return err
		}
		if try == 0 {
			// Row-major order, which every move can start from.
			b := &buffer{name: v.Name, params: w.buf.params, index: w.buf.index, order: ermfmt.OrderSame, dims: append([]int{}, v.Shape...)}
			dst := whole(b)
			l.copy(v.Name, w, dst)
			w = dst
		}
	}
	return fmt.Errorf("the operator on %v is %w in int8", v.Shape, ErrUnsupported)
}

// moveView tries a move as a view.
func (l *lowering) moveView(n *ir.Node, w view) (bool, error) {
	set := func(v view, ok bool) (bool, error) {
		if ok {
			l.val[n.Out[0]] = v
		}
		return ok, nil
	}
	switch op := n.Op.(type) {
	case *ir.Reshape:
		return set(w.reshape(n.Out[0].Shape))
	case *ir.Transpose:
		return set(w.transpose(op.Perm), true)
	case *ir.Cast:
		if !n.Out[0].IsFloat() {
			return false, fmt.Errorf("a cast to %s is %w in int8", n.Out[0].DType, ErrUnsupported)
		}
		return set(w, true)
	case *ir.Slice:
		ok := true
		for i := range op.Size {
			if ok {
				w, ok = w.slice(i, op.Start[i], op.Step[i], op.Size[i])
			}
		}
		return set(w, ok)
	case *ir.Split:
		at := 0
		for i, o := range n.Out {
			p, ok := w.slice(op.Axis, at, 1, op.Sizes[i])
			if !ok {
				return false, nil
			}
			if o != nil {
				l.val[o] = p
			}
			at += op.Sizes[i]
		}
		return true, nil
	case *ir.Expand:
		return set(broadcastView(w, n.In[0].Shape, op.Shape), true)
	case *ir.DepthToSpace:
		return set(depthToSpaceView(w, n.In[0].Shape, n.Out[0].Shape, op))
	case *ir.Gather:
		return l.gather(n, op, w)
	case *ir.Tile:
		v := view{buf: w.buf, off: w.off}
		for i, r := range op.Repeats {
			a := w.axes[i]
			if r > 1 {
				a = append([]run{{r, 0}}, a...)
			}
			v.axes = append(v.axes, a)
		}
		return set(v, true)
	case *ir.MatMul:
		s := n.In[0].Shape
		if n.In[1].Const != nil || n.In[0].Const != nil {
			return false, fmt.Errorf("a product with constant matrices, shapes %v and %v, is %w in int8, want a single one", n.In[0].Shape, n.In[1].Shape, ErrUnsupported)
		}
		return false, fmt.Errorf("a product of two computed matrices of %d products is %w in int8, want at most %d", n.Out[0].Len()*s[len(s)-1], ErrUnsupported, ir.MaxMatMul)
	}
	return false, fmt.Errorf("the operator is %w in int8; see docs/operators.md", ErrUnsupported)
}

func depthToSpaceView(w view, in, out []int, op *ir.DepthToSpace) (view, bool) {
	n, c, h, wd, b := in[0], in[1], in[2], in[3], op.Block
	cut, perm := []int{n, b, b, c / max(1, b*b), h, wd}, []int{0, 3, 4, 1, 5, 2}
	switch {
	case op.Inverse:
		cut, perm = []int{n, c, h / b, b, wd / b, b}, []int{0, 3, 5, 1, 2, 4}
	case op.CRD:
		cut, perm = []int{n, c / (b * b), b, b, h, wd}, []int{0, 1, 4, 2, 5, 3}
	}
	v, ok := w.reshape(cut)
	if !ok {
		return v, false
	}
	return v.transpose(perm).reshape(out)
}
