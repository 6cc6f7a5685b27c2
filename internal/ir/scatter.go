package ir

import "fmt"

// Compress keeps the slices along Axis where its constant input 1 is true; it is
// a Gather once resolved. Without an axis the input counts as one vector.
type Compress struct {
	Axis    int
	HasAxis bool
}

// Kind implements Op.
func (*Compress) Kind() string { return "Compress" }

// Infer implements Op.
func (c *Compress) Infer(n *Node) error {
	x, err := n.want(0, "input")
	if err != nil {
		return err
	}
	v, err := n.want(1, "condition")
	if err != nil {
		return err
	}
	if v.Const == nil {
		return fmt.Errorf("input 1 (condition, %q) is computed from data: %w, want a constant", v.Name, ErrUnsupported)
	}
	if !c.HasAxis {
		return fmt.Errorf("no axis is %w, want one", ErrUnsupported)
	}
	a, err := axis(c.Axis, len(x.Shape))
	if err != nil {
		return err
	}
	if v.DType != Bool || len(v.Shape) != 1 || v.Const.Len() > x.Shape[a] {
		return fmt.Errorf("condition %s%v, want bool, at most %d of them", v.DType, v.Shape, x.Shape[a])
	}
	var ix []int64
	for i, b := range v.Const.I {
		if b != 0 {
			ix = append(ix, int64(i))
		}
	}
	n.Op, n.In = &Gather{Axis: a}, []*Value{x, {DType: Int64, Shape: []int{len(ix)}, Const: IntTensor(ix, len(ix))}}
	return n.Op.Infer(n)
}

// ScatterElements is its input 0 with the elements of input 2 at the positions
// that input 1 gives along Axis, each in the row that it stands in itself; the
// last of several wins.
type ScatterElements struct {
	Axis int
}

// Kind implements Op.
func (*ScatterElements) Kind() string { return "ScatterElements" }

// Infer implements Op.
func (s *ScatterElements) Infer(n *Node) error {
	x, err := n.want(0, "data")
	if err != nil {
		return err
	}
	ix, err := n.want(1, "indices")
	if err != nil {
		return err
	}
	u, err := n.want(2, "updates")
	if err != nil {
		return err
	}
	if s.Axis, err = axis(s.Axis, len(x.Shape)); err != nil {
		return err
	}
	if ix.IsFloat() || ix.DType == Bool || u.DType != x.DType {
		return fmt.Errorf("indices are %s and updates %s: want integers, and %s", ix.DType, u.DType, x.DType)
	}
	if len(ix.Shape) != len(x.Shape) || sameInts(ix.Shape, u.Shape) != nil {
		return fmt.Errorf("indices %v and updates %v for data %v: want equal shapes of its rank", ix.Shape, u.Shape, x.Shape)
	}
	for i, d := range ix.Shape {
		if i != s.Axis && d > x.Shape[i] {
			return fmt.Errorf("indices %v reach beyond data %v", ix.Shape, x.Shape)
		}
	}
	return n.setOut(0, x.DType, x.Shape)
}
