package ir

import (
	"fmt"
	"math"
	"slices"
)

// decompose writes operators that have no integer form of their own in terms of
// those that have one. It comes after all other passes, which may know
// something better for an operator.
func decompose(e *Editor) int {
	count := 0
	for _, nd := range slices.Clone(e.Nodes) { // while their quotients stand
		if _, ok := nd.Op.(*Where); ok {
			if r := (&rewrite{nd: nd}); r.guardedQuotient(e) && r.commit(e) {
				count++
			}
		}
	}
	for _, nd := range slices.Clone(e.Nodes) {
		r := &rewrite{nd: nd}
		if len(nd.Out) != 1 || nd.Out[0].Len() == 0 {
			continue
		}
		if b, ok := nd.Op.(*Binary); ok && nd.Out[0].DType == Bool {
			r.comparison(b)
			if r.commit(e) {
				count++
			}
			continue
		}
		if !nd.Out[0].IsFloat() {
			continue
		}
		if e.scaleAndShift(nd) {
			e.index()
			count++
			continue
		}
		switch op := nd.Op.(type) {
		case *PRelu:
			r.prelu()
		case *Reduce:
			r.reduce(op)
		case *Binary:
			r.binary(op)
		case *Pad:
			r.pad(op)
		case *Where:
			r.choice(e)
		case *MatMul:
			r.product()
		case *InstanceNorm:
			r.instanceNorm(op)
		}
		if r.commit(e) {
			count++
		}
	}
	return count
}

// rewrite collects the nodes that take a node's place. The last one gets its
// output.
type rewrite struct {
	nd    *Node
	nodes []*Node
	bad   bool
}

// do appends a node and returns its output.
func (r *rewrite) do(op Op, in ...*Value) *Value {
	v := &Value{Name: fmt.Sprintf("%s/%d", r.nd.Out[0].Name, len(r.nodes))}
	n := &Node{Name: r.nd.Name, Op: op, In: in, Out: []*Value{v}}
	if !r.bad && op.Infer(n) != nil {
		r.bad = true
	}
	r.nodes = append(r.nodes, n)
	return v
}

// commit puts the nodes in place, when there are any and they fit.
func (r *rewrite) commit(e *Editor) bool {
	if r.bad || len(r.nodes) == 0 {
		return false
	}
	last := r.nodes[len(r.nodes)-1]
	if sameInts(last.Out[0].Shape, r.nd.Out[0].Shape) != nil {
		return false
	}
	last.Out = r.nd.Out
	e.insert(r.nd, r.nodes...)
	e.remove(r.nd)
	e.index()
	return true
}

func (r *rewrite) scalar(f float32) *Value { return constant([]float32{f}, 1) }

// prelu is s·x + (1−s)·max(x, 0), for slopes that a depthwise layer with a
// scale per sign does not take: below 0, or not one per channel.
func (r *rewrite) prelu() {
	x, s := r.nd.In[0], r.nd.In[1]
	if s.Const == nil {
		return
	}
	if c, ok := perChannel(s, x.Shape); ok && len(x.Shape) >= 3 && slices.Min(c) >= 0 {
		return
	}
	rest := make([]float32, len(s.Const.F))
	for i, v := range s.Const.F {
		rest[i] = 1 - v
	}
	a := r.do(&Binary{Func: "Mul"}, x, s)
	b := r.do(&Binary{Func: "Mul"}, r.do(&Unary{Func: "Relu"}, x), constant(rest, s.Shape...))
	r.do(&Binary{Func: "Add"}, a, b)
}

// scaleAndShift writes a product and a sum with a constant per channel, which no
// layer took in, as a depthwise 1x1 layer: one rounding instead of two.
func (e *Editor) scaleAndShift(nd *Node) bool {
	add, ok := nd.Op.(*Binary)
	if !ok || add.Func != "Add" {
		return false
	}
	y := nd.In[0]
	prev := e.made[y]
	if r := len(y.Shape); prev == nil || r != 3 && r != 4 || e.only(y) != nd || elementwise(nd) {
		return false
	}
	mul, ok := prev.Op.(*Binary)
	if !ok || mul.Func != "Mul" || mul.Act.Kind != "" {
		return false
	}
	a, one, x, ok1 := channelAffine(prev, false)
	_, b, _, ok2 := channelAffine(nd, false)
	if !ok1 || !ok2 || len(a) != y.Shape[1] || len(b) != len(a) || one == nil {
		return false
	}
	c := depthwiseScale(a, b, len(y.Shape))
	c.Act = add.Act
	nd.Op, nd.In = c, []*Value{x, constant(a, append([]int{len(a)}, ones(len(y.Shape)-1)...)...), constant(b, len(b))}
	e.remove(prev)
	return true
}

// reduce writes sums, means and maxima over any axes as pools.
func (r *rewrite) reduce(op *Reduce) {
	x := r.nd.In[0]
	drop := make([]bool, len(x.Shape))
	n := 1
	for _, a := range op.Axes {
		if !drop[a] {
			n *= x.Shape[a]
		}
		drop[a] = true
	}
	isMax, after := false, (*Unary)(nil)
	switch op.Func {
	case "ReduceMean", "ReduceSum":
	case "ReduceL1":
		x = r.do(&Unary{Func: "Abs"}, x)
	case "ReduceSumSquare":
		x = r.do(&Binary{Func: "Mul"}, x, x)
	case "ReduceL2":
		x, after = r.do(&Binary{Func: "Mul"}, x, x), &Unary{Func: "Sqrt"}
	case "ReduceMax":
		isMax = true
	case "ReduceMin":
		x, isMax, after = r.do(&Unary{Func: "Neg"}, x), true, &Unary{Func: "Neg"}
	default:
		return
	}
	y := r.poolOver(x, drop, isMax)
	if !isMax && op.Func != "ReduceMean" && n > 1 {
		y = r.do(&Binary{Func: "Mul"}, y, r.scalar(float32(n)))
	}
	if after != nil {
		y = r.do(after, y)
	}
	r.do(&Reshape{Shape: r.nd.Out[0].Shape, Zero: true}, y)
}

// poolOver takes the mean or the maximum over some axes. Spatial axes are a
// window as large as they are. Any others are laid out as the width of an image
// of one channel, which costs nothing for the channels.
func (r *rewrite) poolOver(x *Value, drop []bool, isMax bool) *Value {
	rank := len(drop)
	if (rank == 3 || rank == 4) && !drop[0] && !drop[1] && (!drop[2] || x.Shape[2] <= maxSide) && (!drop[rank-1] || x.Shape[rank-1] <= maxSide) {
		w := Window{}
		for i := 2; i < rank; i++ {
			k := 1
			if drop[i] {
				k = x.Shape[i]
			}
			w.Kernel = append(w.Kernel, k)
		}
		return r.do(&Pool{Window: w, Max: isMax}, x)
	}
	var perm, kept []int
	for i := range rank {
		if !drop[i] {
			perm = append(perm, i)
			kept = append(kept, x.Shape[i])
		}
	}
	n := 1
	for i := range rank {
		if drop[i] {
			perm = append(perm, i)
			n *= x.Shape[i]
		}
	}
	last, rows := 1, 1
	if k := len(kept); k > 0 {
		last = kept[k-1]
		for _, d := range kept[:k-1] {
			rows *= d
		}
	}
	if last > maxSide {
		rows, last = rows*last, 1
	}
	high, wide := 1, n
	for k := 2; wide > maxSide && k <= n; k++ {
		if n%k == 0 { // all of it as one window of several rows
			high, wide, rows, last = k, n/k, rows*last, 1
		}
	}
	x = r.do(&Transpose{Perm: perm}, x)
	x = r.do(&Reshape{Shape: []int{rows, 1, last * high, wide}, Zero: true}, x)
	return r.do(&Pool{Window: Window{Kernel: []int{high, wide}}, Max: isMax}, x)
}

// maxSide is the largest window that the runtime pools.
const maxSide = 16384

// binary writes maxima, minima and quotients of two tensors as sums and
// products, and gives one operand of these the shape of the result.
func (r *rewrite) binary(op *Binary) {
	a, b, out := r.nd.In[0], r.nd.In[1], r.nd.Out[0]
	positive := Clamp(0, float32(math.Inf(1)))
	if elementwise(r.nd) && (a.Const != nil || b.Const != nil) {
		return // a table
	}
	switch op.Func {
	case "Max": // b + max(a − b, 0)
		d := r.do(&Binary{Func: "Sub", Act: positive}, a, b)
		r.do(&Binary{Func: "Add", Act: op.Act}, d, b)
	case "Min": // b − max(b − a, 0): b may be constant, a very large
		d := r.do(&Binary{Func: "Sub", Act: positive}, b, a)
		r.do(&Binary{Func: "Sub", Act: op.Act}, b, d)
	case "Div":
		if b.Const == nil {
			r.do(&Binary{Func: "Mul", Act: op.Act}, a, r.do(&Unary{Func: "Reciprocal"}, b))
		}
	case "Add", "Sub", "Mul":
		if x, y := r.sameRank(a), r.sameRank(b); x != a || y != b {
			r.do(&Binary{Func: op.Func, Act: op.Act}, x, y)
			return
		}
		full := func(v *Value) bool { return v.Const == nil && v.Len() == out.Len() }
		if full(a) || full(b) {
			return
		}
		if a.Const != nil || b.Const == nil && b.Len() > a.Len() {
			b = r.do(&Expand{Shape: out.Shape}, b)
		} else {
			a = r.do(&Expand{Shape: out.Shape}, a)
		}
		r.do(&Binary{Func: op.Func, Act: op.Act}, a, b)
	}
}

// MaxMatMul bounds the products of two computed matrices that are written out.
const MaxMatMul = 1 << 25

// product writes the product of two computed matrices, as attention has, as
// products of elements and sums over them. That takes memory for every product,
// so that it is for small matrices.
func (r *rewrite) product() {
	a, b, out := r.nd.In[0], r.nd.In[1], r.nd.Out[0]
	if a.Const != nil || b.Const != nil {
		return
	}
	k := a.Shape[len(a.Shape)-1]
	if out.Len() > MaxMatMul/max(1, k) || k > maxSide {
		return
	}
	lead := out.Shape
	if len(b.Shape) == 1 {
		b = r.do(&Reshape{Shape: []int{k, 1}, Zero: true}, b)
	} else {
		lead = lead[:len(lead)-1]
	}
	if len(a.Shape) == 1 {
		a = r.do(&Reshape{Shape: []int{1, k}, Zero: true}, a)
	} else {
		lead = lead[:len(lead)-1]
	}
	m, n := a.Shape[len(a.Shape)-2], b.Shape[len(b.Shape)-1]
	rank := len(lead) + 2
	// [..., M, 1, K] times [..., 1, N, K], with the leading axes as one.
	batch := func(v *Value) *Value {
		tail := v.Shape[len(v.Shape)-2:]
		if slices.Equal(v.Shape[:len(v.Shape)-2], lead) {
			return v
		}
		return r.do(&Expand{Shape: slices.Concat(lead, tail)}, v)
	}
	a, b = batch(a), batch(b)
	perm := make([]int, rank)
	for i := range perm {
		perm[i] = i
	}
	perm[rank-1], perm[rank-2] = rank-2, rank-1
	b = r.do(&Transpose{Perm: perm}, b)
	g := out.Len() / (m * n)
	a = r.do(&Reshape{Shape: []int{g, m, 1, k}, Zero: true}, a)
	b = r.do(&Reshape{Shape: []int{g, 1, n, k}, Zero: true}, b)
	p := r.do(&Binary{Func: "Mul"}, r.do(&Expand{Shape: []int{g, m, n, k}}, a), b)
	s := r.do(&Reduce{Func: "ReduceSum", Axes: []int{3}}, p)
	r.do(&Reshape{Shape: out.Shape, Zero: true}, s)
}

// instanceNorm is (x − mean) / sqrt(variance + eps) · scale + bias, with the
// statistics of each channel.
func (r *rewrite) instanceNorm(op *InstanceNorm) {
	x, scale, bias := r.nd.In[0], r.nd.In[1], r.nd.In[2]
	rank := len(x.Shape)
	if rank > 4 || scale.Const == nil || bias.Const == nil {
		return
	}
	along := append([]int{x.Shape[1]}, ones(rank-2)...)
	axes := []int{2, 3}[:rank-2]
	mean := func(v *Value) *Value {
		return r.do(&Reduce{Func: "ReduceMean", Axes: slices.Clone(axes), Keep: true}, v)
	}
	d := r.do(&Binary{Func: "Sub"}, x, mean(x))
	v := r.do(&Binary{Func: "Add"}, mean(r.do(&Binary{Func: "Mul"}, d, d)), r.scalar(op.Eps))
	f := r.do(&Unary{Func: "Reciprocal"}, r.do(&Unary{Func: "Sqrt"}, v))
	y := r.do(&Binary{Func: "Mul"}, d, f)
	y = r.do(&Binary{Func: "Mul"}, y, constant(scale.Const.F, along...))
	r.do(&Binary{Func: "Add"}, y, constant(bias.Const.F, along...))
}

// comparison compares the difference of two tensors with 0, which makes it a
// function of one value.
func (r *rewrite) comparison(op *Binary) {
	a, b := r.nd.In[0], r.nd.In[1]
	_, one := scalarOf(a)
	_, other := scalarOf(b)
	if !op.Compares() || !a.IsFloat() || !b.IsFloat() || one || other {
		return
	}
	r.do(&Binary{Func: op.Func}, r.do(&Binary{Func: "Sub"}, a, b), r.scalar(0))
}

// guardedQuotient writes a quotient that is 0 where its divisor says so, as
// TensorFlow's divide_no_nan, as a product with a guarded reciprocal: a function
// of the divisor.
func (r *rewrite) guardedQuotient(e *Editor) bool {
	cond := r.nd.In[0]
	test := e.made[cond]
	if test == nil || !pointwise(test) {
		return false
	}
	for i := 1; i <= 2; i++ {
		zero, ok := scalarOf(r.nd.In[3-i])
		div := e.made[r.nd.In[i]]
		if !ok || zero != 0 || div == nil {
			continue
		}
		op, ok := div.Op.(*Binary)
		if !ok || op.Func != "Div" || op.Act.Kind != "" {
			continue
		}
		d := div.In[1]
		if d.Const != nil || !slices.Contains(test.In, d) {
			continue
		}
		in := []*Value{cond, r.scalar(0), r.scalar(0)}
		in[i] = r.do(&Unary{Func: "Reciprocal"}, d)
		r.do(&Binary{Func: "Mul"}, div.In[0], r.do(&Where{}, in...))
		return true
	}
	return false
}

// choice is a·m + b·(1−m), where m is the condition as a number, 1 or 0.
func (r *rewrite) choice(e *Editor) {
	a, b := r.nd.In[1], r.nd.In[2]
	for _, v := range []*Value{a, b} {
		if v.Const != nil && !moderate(v.Const.F) {
			return // stands for an infinity: no scale holds it and the rest
		}
	}
	m := r.number(e, r.nd.In[0], map[*Value]*Value{})
	zero := func(v *Value) bool { c, ok := scalarOf(v); return ok && c == 0 }
	if zero(b) {
		r.do(&Binary{Func: "Mul"}, a, m)
		return
	}
	other := r.do(&Binary{Func: "Mul"}, b, r.inverse(m))
	if !zero(a) {
		r.do(&Binary{Func: "Add"}, r.do(&Binary{Func: "Mul"}, a, m), other)
	}
}

// inverse is 1 − m.
func (r *rewrite) inverse(m *Value) *Value {
	if m.Const == nil {
		return r.do(&Binary{Func: "Sub"}, r.scalar(1), m)
	}
	f := make([]float32, len(m.Const.F))
	for i, x := range m.Const.F {
		f[i] = 1 - x
	}
	return constant(f, m.Shape...)
}

// number is a truth value as a float, 1 or 0. done holds those already written.
func (r *rewrite) number(e *Editor, v *Value, done map[*Value]*Value) *Value {
	if y := done[v]; y != nil {
		return y
	}
	var y *Value
	if v.Const != nil {
		f := make([]float32, len(v.Const.I))
		for i, x := range v.Const.I {
			f[i] = float32(x)
		}
		y = constant(f, v.Shape...)
	} else if m := e.made[v]; m != nil && len(m.Out) == 1 {
		arg := func(i int) *Value { return r.number(e, m.In[i], done) }
		switch op := m.Op.(type) {
		case *Reshape, *Transpose, *Expand, *Slice:
			y = r.do(op, arg(0))
		case *Binary:
			switch op.Func {
			case "And":
				y = r.do(&Binary{Func: "Mul"}, arg(0), arg(1))
			case "Or":
				y = r.do(&Binary{Func: "Max"}, arg(0), arg(1))
			default: // a comparison of its own, which can become part of a function
				y = r.do(&Cast{To: Float32}, r.do(op, m.In...))
			}
		case *Unary:
			if op.Func == "Not" {
				y = r.inverse(arg(0))
			}
		}
	}
	if y == nil {
		y = r.do(&Cast{To: Float32}, v)
	}
	done[v] = y
	return y
}

// moderate reports whether constants are numbers that share a scale with others.
func moderate(f []float32) bool {
	for _, v := range f {
		if !(v >= -1e4 && v <= 1e4) {
			return false
		}
	}
	return true
}

// sameRank gives an operand the leading axes of size 1 that it lacks.
func (r *rewrite) sameRank(v *Value) *Value {
	n := len(r.nd.Out[0].Shape) - len(v.Shape)
	if n <= 0 || v.Const != nil {
		return v
	}
	return r.do(&Reshape{Shape: slices.Concat(ones(n), v.Shape), Zero: true}, v)
}

// pad writes padding with what lies at the edge as a concatenation per axis.
func (r *rewrite) pad(op *Pad) {
	if op.Mode == "constant" {
		return
	}
	x := r.nd.In[0]
	rank := len(x.Shape)
	if ix := paddedIndex(op, x.Shape); ix != nil {
		r.do(indexed(x.Shape, ix), x)
		return
	}
	part := func(axis, start, step, size int) *Value {
		s := &Slice{Start: make([]int, rank), Step: ones(rank), Size: slices.Clone(x.Shape)}
		s.Start[axis], s.Step[axis], s.Size[axis] = start, step, size
		return r.do(s, x)
	}
	edge := func(axis, at, size int) *Value {
		v := part(axis, at, 1, 1)
		shape := slices.Clone(v.Shape)
		shape[axis] = size
		return r.do(&Expand{Shape: shape}, v)
	}
	for a := range rank {
		lo, hi := op.Pads[a], op.Pads[a+rank]
		if lo < 0 || hi < 0 { // first it crops
			x = part(a, max(-lo, 0), 1, x.Shape[a]-max(-lo, 0)-max(-hi, 0))
			lo, hi = max(lo, 0), max(hi, 0)
		}
		d := x.Shape[a]
		if lo == 0 && hi == 0 {
			continue
		}
		if op.Mode == "wrap" && max(lo, hi) > d {
			r.bad = true
			return
		}
		var in []*Value
		if lo > 0 {
			switch op.Mode {
			case "reflect":
				in = append(in, part(a, lo, -1, lo))
			case "edge":
				in = append(in, edge(a, 0, lo))
			case "wrap":
				in = append(in, part(a, d-lo, 1, lo))
			}
		}
		in = append(in, x)
		if hi > 0 {
			switch op.Mode {
			case "reflect":
				in = append(in, part(a, d-2, -1, hi))
			case "edge":
				in = append(in, edge(a, d-1, hi))
			case "wrap":
				in = append(in, part(a, 0, 1, hi))
			}
		}
		x = r.do(&Concat{Axis: a}, in...)
	}
}
