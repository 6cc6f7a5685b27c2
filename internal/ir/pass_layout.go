package ir

import "slices"

// moveTransposes brings the transpositions of networks that were trained with
// the channels last together, so that they cancel: those that put the channels
// last move towards the outputs, those that put them first towards the inputs,
// past operators that work element by element or along any axis. What lies
// between is written with the channels first then, as the other passes want it.
func moveTransposes(e *Editor) int {
	count := 0
	for range maxMoves {
		n := moveOnce(e)
		if n == 0 {
			break
		}
		count += n
	}
	return count
}

// maxMoves bounds how far one run of the pass moves a transposition: the next
// run goes on.
const maxMoves = 32

func moveOnce(e *Editor) int {
	count := 0
	for _, nd := range slices.Clone(e.Nodes) {
		if !slices.Contains(e.Nodes, nd) {
			continue
		}
		m := &mover{e: e, nd: nd}
		if m.merge() || m.sink() || m.hoist() || m.sinkReshape() {
			e.index()
			count++
		}
	}
	return count
}

// mover tries to move what stands in front of or behind a node.
type mover struct {
	e     *Editor
	nd    *Node
	extra []*Node // nodes that go in front of nd
	back  *Node   // the transposition behind nd that the move makes superfluous
}

// merge joins a move with the one in front of it, and writes a transposition
// that leaves the elements in order as a reshape.
func (m *mover) merge() bool {
	nd := m.nd
	switch op := nd.Op.(type) {
	case *Reshape:
		prev := m.e.made[nd.In[0]]
		if prev == nil {
			return false
		}
		if p, ok := prev.Op.(*Pad); ok {
			return m.reshapeBeforePad(prev, p)
		}
		if _, ok := prev.Op.(*Reshape); !ok {
			return false
		}
		nd.Op, nd.In = &Reshape{Shape: nd.Out[0].Shape, Zero: true}, []*Value{prev.In[0]}
		return true
	case *Transpose:
		if m.pastReshape(op) {
			return true
		}
		if prev := m.e.made[nd.In[0]]; prev != nil {
			if q, ok := prev.Op.(*Transpose); ok {
				perm := make([]int, len(op.Perm))
				for i, p := range op.Perm {
					perm[i] = q.Perm[p]
				}
				nd.Op, nd.In = &Transpose{Perm: perm}, []*Value{prev.In[0]}
				return true
			}
		}
		if keepsOrder(op.Perm, nd.In[0].Shape) {
			nd.Op = &Reshape{Shape: nd.Out[0].Shape, Zero: true}
			return true
		}
	}
	return false
}

// pastReshape moves a transposition in front of a reshape that only adds or drops
// axes of size 1, and joins two with a reshape between them that cuts axes in
// parts.
func (m *mover) pastReshape(op *Transpose) bool {
	nd := m.nd
	r := m.e.made[nd.In[0]]
	if r == nil {
		return false
	}
	if _, ok := r.Op.(*Reshape); !ok {
		return false
	}
	x := r.In[0]
	if m.e.made[x] == nil && !m.isInput(x) {
		return false
	}
	if sameButOnes(x.Shape, nd.In[0].Shape) && !keepsOrder(op.Perm, nd.In[0].Shape) {
		// The axes of x that are not 1, in the new order, in their places.
		var old, places []int
		for i, d := range x.Shape {
			if d != 1 {
				places = append(places, i)
			}
		}
		for i, d := range nd.In[0].Shape {
			if d != 1 {
				old = append(old, i)
			}
		}
		perm := identity(len(x.Shape))
		k := 0
		for _, p := range op.Perm {
			if nd.In[0].Shape[p] != 1 {
				perm[places[k]] = places[slices.Index(old, p)]
				k++
			}
		}
		return m.replaceByTwo(&Transpose{Perm: perm}, x, &Reshape{Shape: nd.Out[0].Shape, Zero: true})
	}
	first := m.transposition(x)
	if first == nil {
		return false
	}
	parts := partsOf(x.Shape, nd.In[0].Shape)
	if parts == nil {
		return false
	}
	// Cut x as it is before the first transposition, part by part, and then
	// permute the parts.
	src := m.e.made[x].In[0]
	var shape []int
	start := make([]int, len(parts))
	for axis := range src.Shape {
		k := slices.Index(first, axis) // where the first transposition puts it
		start[k] = len(shape)
		for _, p := range parts[k] {
			shape = append(shape, nd.In[0].Shape[p])
		}
	}
	var between []int
	for k, ps := range parts {
		for i := range ps {
			between = append(between, start[k]+i)
		}
	}
	perm := make([]int, len(op.Perm))
	for i, p := range op.Perm {
		perm[i] = between[p]
	}
	return m.replaceByTwo(&Reshape{Shape: shape, Zero: true}, src, &Transpose{Perm: perm})
}

func (m *mover) isInput(v *Value) bool { return slices.Contains(m.e.Inputs, v) }

// replaceByTwo makes the node compute second behind first of x.
func (m *mover) replaceByTwo(first Op, x *Value, second Op) bool {
	y := &Value{Name: m.nd.Out[0].Name + "/moved", DType: x.DType}
	n := &Node{Name: m.nd.Name, Op: first, In: []*Value{x}, Out: []*Value{y}}
	if first.Infer(n) != nil {
		return false
	}
	m.e.insert(m.nd, n)
	m.nd.Op, m.nd.In = second, []*Value{y}
	return true
}

// partsOf lists, for every axis of shape from, the axes of shape to that a
// reshape cuts it into; nil where it does anything else.
func partsOf(from, to []int) [][]int {
	parts := make([][]int, len(from))
	k := 0
	for i, d := range from {
		n := 1
		for n < d && k < len(to) {
			n *= to[k]
			parts[i] = append(parts[i], k)
			k++
		}
		if n != d {
			return nil
		}
		if d == 1 && k < len(to) && to[k] == 1 {
			parts[i] = append(parts[i], k)
			k++
		}
		if len(parts[i]) == 0 {
			return nil
		}
	}
	if k != len(to) {
		return nil
	}
	return parts
}

// reshapeBeforePad moves a reshape that only adds or drops axes of size 1 in front
// of a Pad that leaves these alone, so that the Pad stands next to its layer.
func (m *mover) reshapeBeforePad(prev *Node, p *Pad) bool {
	nd := m.nd
	from, to := prev.Out[0].Shape, nd.Out[0].Shape
	x := prev.In[0]
	if m.e.only(prev.Out[0]) != nd || !sameButOnes(from, to) || len(to) > 4 { // more than padFewerAxes leaves
		return false
	}
	r := len(from)
	pads := make([]int, 2*len(to))
	shape := slices.Clone(to)
	k := 0
	for i, d := range from {
		if d == 1 {
			if p.Pads[i] != 0 || p.Pads[i+r] != 0 {
				return false
			}
			continue
		}
		for to[k] == 1 {
			k++
		}
		pads[k], pads[k+len(to)], shape[k] = p.Pads[i], p.Pads[i+r], x.Shape[i]
		k++
	}
	y := &Value{Name: nd.Out[0].Name + "/unpadded", DType: x.DType, Shape: shape}
	m.e.insert(nd, &Node{Name: nd.Name, Op: &Reshape{Shape: shape, Zero: true}, In: []*Value{x}, Out: []*Value{y}})
	nd.Op, nd.In = &Pad{Mode: p.Mode, Value: p.Value, Pads: pads}, []*Value{y}
	return true
}

// keepsOrder reports whether a permutation moves axes of size 1 only.
func keepsOrder(perm, shape []int) bool {
	last := -1
	for _, p := range perm {
		if shape[p] != 1 {
			if p < last {
				return false
			}
			last = p
		}
	}
	return true
}

// channelsLast and channelsFirst are the permutations between the two orders.
func channelsLast(rank int) []int {
	p := []int{0}
	for i := 2; i < rank; i++ {
		p = append(p, i)
	}
	return append(p, 1)
}

func channelsFirst(rank int) []int { return inverse(channelsLast(rank)) }

func inverse(perm []int) []int {
	inv := make([]int, len(perm))
	for i, p := range perm {
		inv[p] = i
	}
	return inv
}

// transposition returns the permutation of the transposition that makes v.
func (m *mover) transposition(v *Value) []int {
	if p := m.e.made[v]; p != nil {
		if t, ok := p.Op.(*Transpose); ok {
			return t.Perm
		}
	}
	return nil
}

// sink moves transpositions in front of a node behind it.
func (m *mover) sink() bool {
	nd := m.nd
	if len(nd.In) == 0 {
		return false
	}
	var perm []int
	for _, v := range nd.In {
		if v != nil && perm == nil {
			perm = m.transposition(v)
		}
	}
	rank := len(perm)
	if g, ok := nd.Op.(*Gather); ok && perm != nil && (rank < 3 || !slices.Equal(perm, channelsFirst(rank))) {
		// Whatever the permutation, but for those that move the other way.
		return nd.In[1].Const != nil && len(nd.In[1].Shape) == 1 && m.apply(perm, &Gather{Axis: perm[g.Axis]}, perm, 1)
	}
	if rank < 3 || !slices.Equal(perm, channelsLast(rank)) || rank == 3 && !m.meets(nd, perm) {
		return false
	}
	op, out, n := m.permuted(perm)
	return op != nil && m.apply(perm, op, out, n)
}

// meets reports whether a transposition that sinks past nd will cancel another
// one: with three axes the two kinds are the same, and must not chase each
// other.
func (m *mover) meets(nd *Node, perm []int) bool {
	for range 16 {
		if len(nd.Out) != 1 {
			return false
		}
		next := m.e.only(nd.Out[0])
		if next == nil {
			return false
		}
		if t, ok := next.Op.(*Transpose); ok {
			return slices.Equal(t.Perm, inverse(perm))
		}
		if !pointwise(next) {
			return false
		}
		nd = next
	}
	return false
}

// permuted returns the operator that computes the same on inputs before the
// permutation, the permutation of its outputs, and how many inputs are data.
func (m *mover) permuted(perm []int) (op Op, out []int, data int) {
	nd := m.nd
	pick := func(s []int) []int {
		t := make([]int, len(s))
		for i, p := range perm {
			t[p] = s[i]
		}
		return t
	}
	switch nd.Op.(type) {
	case *Unary, *Func, *Binary, *Where, *PRelu:
	default:
		if len(nd.In) == 0 || len(nd.In[0].Shape) != len(perm) {
			return nil, nil, 0
		}
	}
	switch op := nd.Op.(type) {
	case *Unary, *Func:
		return op, perm, 1
	case *Binary:
		if op.Act.Kind == "leaky" {
			return nil, nil, 0
		}
		return op, perm, 2
	case *Where:
		return op, perm, 3
	case *PRelu:
		return op, perm, 2
	case *Pad:
		r := len(perm)
		return &Pad{Mode: op.Mode, Value: op.Value, Pads: append(pick(op.Pads[:r]), pick(op.Pads[r:])...)}, perm, 1
	case *Slice:
		return &Slice{Start: pick(op.Start), Step: pick(op.Step), Size: pick(op.Size)}, perm, 1
	case *Concat:
		return &Concat{Axis: perm[op.Axis]}, perm, len(nd.In)
	case *Gather:
		if nd.In[1].Const != nil && len(nd.In[1].Shape) == 1 {
			return &Gather{Axis: perm[op.Axis]}, perm, 1
		}
	case *Split:
		return &Split{Axis: perm[op.Axis], Sizes: op.Sizes}, perm, 1
	case *Softmax:
		if !op.Flat {
			return &Softmax{Axis: perm[op.Axis], Log: op.Log}, perm, 1
		}
	case *Resize:
		if op.ROI == nil && op.Index == nil {
			c := *op
			c.Scales, c.OutputSize = make([]float64, len(perm)), pick(op.OutputSize)
			for i, p := range perm {
				c.Scales[p] = op.Scales[i]
			}
			return &c, perm, 1
		}
	case *Reduce:
		c := *op
		c.Axes = nil
		for _, a := range op.Axes {
			c.Axes = append(c.Axes, perm[a])
		}
		slices.Sort(c.Axes)
		return &c, reducedPerm(perm, op.Axes, op.Keep), 1
	case *ArgReduce:
		c := *op
		c.Axis = perm[op.Axis]
		return &c, reducedPerm(perm, []int{op.Axis}, op.Keep), 1
	case *Dense:
		// A fully connected layer along the channels is a 1x1 convolution.
		if r := len(perm); r == 3 || r == 4 {
			k := ones(r - 2)
			return &Conv{Window: Window{Kernel: k, Stride: k, Dilation: k, Pads: make([]int, 2*(r-2))}, Group: 1, Act: op.Act}, perm, 1
		}
	}
	return nil, nil, 0
}

// reducedPerm is what is left of a permutation when axes go, in the order behind
// it.
func reducedPerm(perm, axes []int, keep bool) []int {
	if keep {
		return perm
	}
	var left []int
	for i, p := range perm {
		if !slices.Contains(axes, i) {
			left = append(left, p)
		}
	}
	// Number what is left.
	out := make([]int, len(left))
	for i, p := range left {
		for _, q := range left {
			if q < p {
				out[i]++
			}
		}
	}
	return out
}

// apply lets the node compute op on its first data inputs as they are before
// the permutation, and permutes the outputs by out.
func (m *mover) apply(perm []int, op Op, out []int, data int) bool {
	in := slices.Clone(m.nd.In)
	several := 0
	for i, v := range in[:data] {
		if v.Const == nil && !slices.Contains(in[:i], v) {
			several++
		}
	}
	for i, v := range in[:data] {
		if several > 1 && !m.cheap(v, perm) {
			return false
		}
		w := m.before(v, perm)
		if w == nil {
			return false
		}
		in[i] = w
	}
	_, wasDense := m.nd.Op.(*Dense)
	if wasDense {
		s := slices.Concat(in[1].Shape, ones(len(perm)-2))
		in[1] = &Value{DType: Float32, Shape: s, Const: FloatTensor(in[1].Const.F, s...)}
	}
	outs := make([]*Value, len(m.nd.Out))
	var after []*Node
	for i, o := range m.nd.Out {
		if o == nil {
			continue
		}
		if m.back != nil {
			outs[i] = m.back.Out[0]
			continue
		}
		outs[i] = &Value{Name: o.Name + "/first", DType: o.DType}
		after = append(after, &Node{Name: m.nd.Name, Op: &Transpose{Perm: out}, In: []*Value{outs[i]}, Out: []*Value{o}})
	}
	n := &Node{Name: m.nd.Name, Op: op, In: in, Out: outs}
	if n.Op.Infer(n) != nil {
		return false
	}
	if m.back != nil {
		m.e.remove(m.back)
	}
	m.e.insert(m.nd, slices.Concat(m.extra, []*Node{n}, after)...)
	m.e.remove(m.nd)
	return true
}

// cheap reports whether an operand beside others can be had before the
// permutation without a transposition that stays: otherwise two of them could
// chase each other around the operator.
func (m *mover) cheap(v *Value, perm []int) bool {
	if v.Const != nil || m.isInput(v) || slices.Equal(m.transposition(v), perm) {
		return true
	}
	long := 0
	for _, d := range v.Shape {
		if d != 1 {
			long++
		}
	}
	return long <= 1
}

// before returns v as it is before the permutation: what the transposition that
// makes v reads, a permuted constant, or the inverse transposition of v.
func (m *mover) before(v *Value, perm []int) *Value {
	if slices.Equal(m.transposition(v), perm) {
		return m.e.made[v].In[0]
	}
	inv := inverse(perm)
	if v.Const != nil {
		return permuteConst(v, inv)
	}
	x := v
	if r := len(perm); len(v.Shape) < r {
		s := slices.Concat(ones(r-len(v.Shape)), v.Shape)
		x = &Value{Name: v.Name + "/wide", DType: v.DType, Shape: s}
		m.extra = append(m.extra, &Node{Name: m.nd.Name, Op: &Reshape{Shape: s, Zero: true}, In: []*Value{v}, Out: []*Value{x}})
	}
	y := &Value{Name: v.Name + "/first", DType: v.DType}
	n := &Node{Name: m.nd.Name, Op: &Transpose{Perm: inv}, In: []*Value{x}, Out: []*Value{y}}
	if n.Op.Infer(n) != nil {
		return nil
	}
	m.extra = append(m.extra, n)
	return y
}

// permuteConst transposes a constant operand, which may have fewer axes than
// the permutation.
func permuteConst(v *Value, perm []int) *Value {
	if v.Const.Len() == 1 {
		return v
	}
	r := len(perm)
	if len(v.Shape) > r {
		return nil
	}
	shape := slices.Concat(ones(r-len(v.Shape)), v.Shape)
	t := NewTensor(v.DType, make([]int, r))
	stride := make([]int, r)
	n := 1
	for i := r - 1; i >= 0; i-- {
		stride[i] = n
		n *= shape[i]
	}
	for i, p := range perm {
		t.Shape[i] = shape[p]
	}
	t.F, t.I = nil, nil
	ix := make([]int, r)
	for range n {
		at := 0
		for i, k := range ix {
			at += k * stride[perm[i]]
		}
		if v.DType == Float32 {
			t.F = append(t.F, v.Const.F[at])
		} else {
			t.I = append(t.I, v.Const.I[at])
		}
		for i := r - 1; i >= 0; i-- {
			if ix[i]++; ix[i] < t.Shape[i] {
				break
			}
			ix[i] = 0
		}
	}
	return &Value{Name: v.Name, DType: v.DType, Shape: t.Shape, Const: t}
}

// hoist moves a transposition that puts the channels first, and is the only
// reader of a node, in front of that node.
func (m *mover) hoist() bool {
	t, ok := m.nd.Op.(*Transpose)
	x := m.nd.In0()
	if !ok || x == nil {
		return false
	}
	rank := len(t.Perm)
	prev := m.e.made[x]
	if rank < 3 || prev == nil || len(prev.Out) != 1 || m.e.only(x) != m.nd || !slices.Equal(t.Perm, channelsFirst(rank)) {
		return false
	}
	if rank == 3 && !m.comesFromInput(prev) {
		return false
	}
	inv := inverse(t.Perm) // what the node in front computes is its result permuted by inv
	in := &mover{e: m.e, nd: prev, back: m.nd}
	switch prev.Op.(type) {
	case *Reduce, *ArgReduce, *Dense, *Split:
		return false
	}
	if _, ok := asAct(prev); ok && m.e.reachesLayer(prev.In[0], prev, 8) {
		return false // foldActs puts it into the layer
	}
	op, out, data := in.permuted(inv)
	if op == nil || !slices.Equal(out, inv) {
		return false
	}
	return in.apply(inv, op, out, data)
}

// comesFromInput reports whether a chain of element-wise nodes leads up to an
// input of the network or another transposition.
func (m *mover) comesFromInput(nd *Node) bool {
	for range 16 {
		if _, ok := nd.Op.(*Pad); !ok && !pointwise(nd) {
			return false
		}
		var x *Value
		for _, v := range nd.In {
			if v != nil && v.Const == nil {
				if x != nil && x != v {
					return false
				}
				x = v
			}
		}
		if x == nil || len(x.Shape) != len(nd.Out[0].Shape) {
			return false
		}
		prev := m.e.made[x]
		if prev == nil {
			return true
		}
		if _, ok := prev.Op.(*Transpose); ok {
			return true
		}
		nd = prev
	}
	return false
}

// In0 is the node's first input, nil when there is none.
func (n *Node) In0() *Value {
	if len(n.In) == 0 {
		return nil
	}
	return n.In[0]
}

// sinkReshape moves a reshape that only adds or drops axes of size 1 behind an
// element-wise node, whose other operands are constant: so that a bias or a
// scale stands next to the layer that it belongs to.
func (m *mover) sinkReshape() bool {
	nd := m.nd
	switch nd.Op.(type) {
	case *Unary, *Func, *Binary, *PRelu:
	case *Dense:
		return m.sinkPastDense()
	default:
		return false
	}
	x := nd.In[0]
	k := 0
	if x.Const != nil && len(nd.In) > 1 {
		x, k = nd.In[1], 1
	}
	prev := m.e.made[x]
	if prev == nil || len(nd.Out) != 1 || sameInts(x.Shape, nd.Out[0].Shape) != nil {
		return false
	}
	if _, ok := prev.Op.(*Reshape); !ok || !sameButOnes(prev.In[0].Shape, x.Shape) {
		return false
	}
	if _, ok := m.e.made[prev.In[0]]; !ok {
		return false // a network input: nothing there that an operand could join
	}
	in := slices.Clone(nd.In)
	for i, v := range in {
		switch {
		case i == k || v == x:
			in[i] = prev.In[0]
		case v == nil || v.Const == nil:
			return false
		default:
			if in[i] = alongOnes(v, x.Shape, prev.In[0].Shape); in[i] == nil {
				return false
			}
		}
	}
	y := &Value{Name: nd.Out[0].Name + "/flat", DType: nd.Out[0].DType}
	n := &Node{Name: nd.Name, Op: nd.Op, In: in, Out: []*Value{y}}
	if n.Op.Infer(n) != nil || sameInts(y.Shape, prev.In[0].Shape) != nil {
		return false
	}
	m.e.insert(nd, n)
	nd.Op, nd.In = &Reshape{Shape: nd.Out[0].Shape, Zero: true}, []*Value{y}
	return true
}

// sinkPastDense moves a reshape that leaves the last axis alone, such as one that
// joins rows and columns, behind a fully connected layer.
func (m *mover) sinkPastDense() bool {
	nd := m.nd
	x := nd.In[0]
	prev := m.e.made[x]
	if prev == nil {
		return false
	}
	r, ok := prev.Op.(*Reshape)
	from := prev.In[0].Shape
	if !ok || r == nil || len(from) < 2 || from[len(from)-1] != x.Shape[len(x.Shape)-1] {
		return false
	}
	y := &Value{Name: nd.Out[0].Name + "/flat", DType: Float32}
	n := &Node{Name: nd.Name, Op: nd.Op, In: slices.Concat(prev.In[:1], nd.In[1:]), Out: []*Value{y}}
	if n.Op.Infer(n) != nil {
		return false
	}
	m.e.insert(nd, n)
	nd.Op, nd.In = &Reshape{Shape: nd.Out[0].Shape, Zero: true}, []*Value{y}
	return true
}

// sameButOnes reports whether two shapes differ in axes of size 1 only.
func sameButOnes(a, b []int) bool {
	drop := func(s []int) (t []int) {
		for _, d := range s {
			if d != 1 {
				t = append(t, d)
			}
		}
		return t
	}
	return slices.Equal(drop(a), drop(b))
}

// alongOnes gives a constant operand of a value of shape from the axes it needs
// when the value has shape to, which differs in axes of size 1.
func alongOnes(v *Value, from, to []int) *Value {
	if v.Const.Len() == 1 {
		return v
	}
	if len(v.Shape) > len(from) {
		return nil
	}
	dims := slices.Concat(ones(len(from)-len(v.Shape)), v.Shape)
	var real []int
	for i, d := range from {
		if d != 1 {
			real = append(real, dims[i])
		}
	}
	shape := ones(len(to))
	for i, d := range to {
		if d != 1 {
			shape[i], real = real[0], real[1:]
		}
	}
	return &Value{Name: v.Name, DType: v.DType, Shape: shape, Const: &Tensor{DType: v.DType, Shape: shape, F: v.Const.F, I: v.Const.I}}
}
