package ir

import "slices"

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

// sinkReshape moves a reshape that only adds or drops axes of size 1 behind an
// element-wise node, whose other operands are constant or reshaped alike: so that a bias or a
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
	if prev == nil || len(nd.Out) != 1 || !nd.Out[0].IsFloat() || sameInts(x.Shape, nd.Out[0].Shape) != nil {
		return false // truth values stay with the function that they are part of
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
		case v == nil:
			return false
		case v.Const == nil: // reshaped in the same way
			p := m.e.made[v]
			if p == nil || sameInts(v.Shape, x.Shape) != nil || sameInts(p.In[0].Shape, prev.In[0].Shape) != nil {
				return false
			}
			if _, ok := p.Op.(*Reshape); !ok {
				return false
			}
			in[i] = p.In[0]
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
