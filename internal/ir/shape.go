package ir

import (
	"fmt"
	"math"
)

// Shape is the shape of its input as data, known without running.
type Shape struct {
	Start, End int
	HasEnd     bool
}

// Kind implements Op.
func (*Shape) Kind() string { return "Shape" }

// Infer implements Op.
func (s *Shape) Infer(n *Node) error {
	x, err := n.want(0, "data")
	if err != nil {
		return err
	}
	r := len(x.Shape)
	clip := func(v int) int {
		if v < 0 {
			v += r
		}
		return min(max(v, 0), r)
	}
	from, to := clip(s.Start), r
	if s.HasEnd {
		to = clip(s.End)
	}
	d := []int64{}
	for i := from; i < to; i++ {
		d = append(d, int64(x.Shape[i]))
	}
	return n.setConst(0, IntTensor(d))
}

func (n *Node) setConst(i int, t *Tensor) error {
	if err := n.setOut(i, t.DType, t.Shape); err != nil {
		return err
	}
	n.Out[i].Const = t
	return nil
}

// Size is the number of elements of its input.
type Size struct{}

// Kind implements Op.
func (*Size) Kind() string { return "Size" }

// Infer implements Op.
func (*Size) Infer(n *Node) error {
	x, err := n.want(0, "data")
	if err != nil {
		return err
	}
	return n.setConst(0, &Tensor{DType: Int64, Shape: []int{}, I: []int64{int64(x.Len())}})
}

// Constant is data inside the graph.
type Constant struct {
	Data *Tensor
}

// Kind implements Op.
func (*Constant) Kind() string { return "Constant" }

// Infer implements Op.
func (c *Constant) Infer(n *Node) error { return n.setConst(0, c.Data) }

// ConstantOfShape fills a shape, given as constant input, with Data's element.
type ConstantOfShape struct {
	Data *Tensor
}

// Kind implements Op.
func (*ConstantOfShape) Kind() string { return "ConstantOfShape" }

// Infer implements Op.
func (c *ConstantOfShape) Infer(n *Node) error {
	s, err := n.constInts(0, "shape")
	if err != nil {
		return err
	}
	if s == nil {
		return fmt.Errorf("input 0 (shape) is missing")
	}
	total, err := Elements(s)
	if err != nil {
		return err
	}
	if total > maxFolded {
		return fmt.Errorf("shape %v has %d elements, want at most %d", s, total, maxFolded)
	}
	t := NewTensor(Float32, s)
	if c.Data != nil {
		if c.Data.Len() != 1 {
			return fmt.Errorf("value has %d elements, want 1", c.Data.Len())
		}
		t = NewTensor(c.Data.DType, s)
		for i := range t.F {
			t.F[i] = c.Data.F[0]
		}
		for i := range t.I {
			t.I[i] = c.Data.I[0]
		}
	}
	return n.setConst(0, t)
}

// Range is start, start+delta, … below limit, from constant inputs.
type Range struct{}

// Kind implements Op.
func (*Range) Kind() string { return "Range" }

// Infer implements Op.
func (*Range) Infer(n *Node) error {
	var p [3]*Tensor
	for i, what := range []string{"start", "limit", "delta"} {
		v, err := n.want(i, what)
		if err != nil {
			return err
		}
		if v.Const == nil || v.Const.Len() != 1 {
			return fmt.Errorf("%s is computed from data: %w, want a constant", what, ErrUnsupported)
		}
		p[i] = v.Const
		if v.DType != n.In[0].DType || v.DType == Bool {
			return fmt.Errorf("start is %s, %s is %s: want numbers of one type", n.In[0].DType, what, v.DType)
		}
	}
	if p[2].Float(0) == 0 {
		return fmt.Errorf("delta is 0")
	}
	count := math.Ceil((p[1].Float(0) - p[0].Float(0)) / p[2].Float(0))
	if p[0].DType != Float32 && math.Abs(count) < 1<<52 {
		// The difference is exact even where float64 cannot hold the ends.
		d, step := p[1].I[0]-p[0].I[0], p[2].I[0]
		count = float64(d / step)
		if d%step != 0 && (d > 0) == (step > 0) {
			count++
		}
	}
	if !(count <= maxFolded) {
		return fmt.Errorf("%g elements, want at most %d", count, maxFolded)
	}
	t := NewTensor(n.In[0].DType, []int{int(max(0, count))})
	for i := range t.F {
		t.F[i] = float32(p[0].Float(0) + float64(float64(i)*p[2].Float(0)))
	}
	for i := range t.I {
		t.I[i] = p[0].I[0] + int64(i)*p[2].I[0]
	}
	return n.setConst(0, t)
}

// Cast converts element types. Between floating-point types nothing happens.
type Cast struct {
	To DType
}

// Kind implements Op.
func (*Cast) Kind() string { return "Cast" }

// Infer implements Op.
func (c *Cast) Infer(n *Node) error {
	x, err := n.want(0, "input")
	if err != nil {
		return err
	}
	return n.setOut(0, c.To, x.Shape)
}
