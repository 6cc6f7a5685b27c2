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

func (m *mover) isInput(v *Value) bool { return slices.Contains(m.e.Inputs, v) }

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
