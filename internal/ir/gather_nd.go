package ir

import (
	"fmt"
	"slices"
)

// GatherND takes slices of its input, data, at positions that the last axis of
// input 1, indices, holds: the first Batch axes of both go together, and the
// position counts along the next ones. Indices are constant.
type GatherND struct {
	Batch int
}

// Kind implements Op.
func (*GatherND) Kind() string { return "GatherND" }

// Infer implements Op.
func (g *GatherND) Infer(n *Node) error {
	x, err := n.want(0, "data")
	if err != nil {
		return err
	}
	v, err := n.want(1, "indices")
	if err != nil {
		return err
	}
	if v.Const == nil {
		return fmt.Errorf("input 1 (indices, %q) is computed from data: %w, want a constant", v.Name, ErrUnsupported)
	}
	if v.DType != Int64 {
		return fmt.Errorf("indices are %s, want int64", v.DType)
	}
	q, r := len(v.Shape), len(x.Shape)
	if q == 0 || g.Batch < 0 || g.Batch >= q || g.Batch >= r || sameInts(v.Shape[:g.Batch], x.Shape[:g.Batch]) != nil {
		return fmt.Errorf("data %v, indices %v, batch_dims %d: want the first axes equal, and more of both", x.Shape, v.Shape, g.Batch)
	}
	k := v.Shape[q-1]
	if k < 1 || g.Batch+k > r {
		return fmt.Errorf("indices of %d numbers, want 1 to %d", k, r-g.Batch)
	}
	for i, p := range v.Const.I {
		if d := int64(x.Shape[g.Batch+i%k]); p < -d || p >= d {
			return fmt.Errorf("index %d out of range [%d, %d)", p, -d, d)
		}
	}
	return n.setOut(0, x.DType, slices.Concat(v.Shape[:q-1], x.Shape[g.Batch+k:]))
}

// Position returns the index that entry i of the indices names along axis a of
// those that it counts along.
func (g *GatherND) Position(n *Node, i, a int) int {
	v := n.In[1]
	k := v.Shape[len(v.Shape)-1]
	p := int(v.Const.I[i*k+a])
	if p < 0 {
		p += n.In[0].Shape[g.Batch+a]
	}
	return p
}

// gathersOf writes a GatherND as a Gather per axis, where the positions along
// every axis depend on index axes of their own, as those of rows and columns do.
func (e *Editor) gathersOf(nd *Node, op *GatherND) bool {
	x, v := nd.In[0], nd.In[1]
	if op.Batch != 0 || v.Const == nil || len(v.Shape) < 2 || v.Const.Len() == 0 {
		return false
	}
	dims := v.Shape[:len(v.Shape)-1]
	k := v.Shape[len(v.Shape)-1]
	stride := make([]int, len(dims))
	n := 1
	for i := len(dims) - 1; i >= 0; i-- {
		stride[i] = n
		n *= dims[i]
	}
	var groups [][]int64 // per axis the indices
	next := 0
	for a := range k {
		// As many of the index axes that are left as this axis depends on; the
		// last axis gets the rest.
		end := next
		for i := next; i < len(dims); i++ {
			for p := range n {
				if p/stride[i]%dims[i] > 0 && op.Position(nd, p, a) != op.Position(nd, p-stride[i], a) {
					end = i + 1
					break
				}
			}
		}
		if a == k-1 {
			end = len(dims)
		}
		size := 1
		for _, d := range dims[next:end] {
			size *= d
		}
		inner := 1
		for _, d := range dims[end:] {
			inner *= d
		}
		ix := make([]int64, size)
		for i := range ix {
			ix[i] = int64(op.Position(nd, i*inner, a))
		}
		for p := range n {
			if int64(op.Position(nd, p, a)) != ix[p/inner%size] {
				return false
			}
		}
		groups = append(groups, ix)
		next = end
	}
	y := x
	var nodes []*Node
	for a, ix := range groups {
		c := &Value{DType: Int64, Shape: []int{len(ix)}, Const: IntTensor(ix)}
		o := &Value{Name: nd.Out[0].Name + fmt.Sprint("/", a), DType: x.DType}
		g := &Node{Name: nd.Name, Op: &Gather{Axis: a}, In: []*Value{y, c}, Out: []*Value{o}}
		if g.Op.Infer(g) != nil {
			return false
		}
		nodes = append(nodes, g)
		y = o
	}
	if y.Len() != nd.Out[0].Len() {
		return false
	}
	e.insert(nd, nodes...)
	nd.Op, nd.In = &Reshape{Shape: nd.Out[0].Shape, Zero: true}, []*Value{y}
	return true
}
