package ir

import "fmt"

// Slice takes every Step-th element of some axes. Starts, Ends, Axes and Steps
// come as constant inputs 1 to 4; Infer turns them into one Start, Step and
// Size per axis of the input.
type Slice struct {
	Start, Step, Size []int
}

// Kind implements Op.
func (*Slice) Kind() string { return "Slice" }

// Infer implements Op.
func (s *Slice) Infer(n *Node) error {
	x, err := n.want(0, "data")
	if err != nil {
		return err
	}
	if len(n.In) == 1 && s.Size != nil {
		return n.setOut(0, x.DType, s.Size)
	}
	starts, err := n.constInts(1, "starts")
	if err != nil {
		return err
	}
	ends, err := n.constInts(2, "ends")
	if err != nil {
		return err
	}
	if starts == nil || ends == nil {
		return fmt.Errorf("starts or ends are missing")
	}
	axes, err := n.constInts(3, "axes")
	if err != nil {
		return err
	}
	steps, err := n.constInts(4, "steps")
	if err != nil {
		return err
	}
	if axes == nil {
		for i := range starts {
			axes = append(axes, i)
		}
	}
	if steps == nil {
		for range starts {
			steps = append(steps, 1)
		}
	}
	if len(ends) != len(starts) || len(axes) != len(starts) || len(steps) != len(starts) {
		return fmt.Errorf("starts %v, ends %v, axes %v, steps %v: want equal lengths", starts, ends, axes, steps)
	}
	r := len(x.Shape)
	s.Start, s.Step, s.Size = make([]int, r), make([]int, r), append([]int{}, x.Shape...)
	seen := make([]bool, r)
	for i := range r {
		s.Step[i] = 1
	}
	for k, a := range axes {
		a, err := axis(a, r)
		if err != nil {
			return err
		}
		if seen[a] {
			return fmt.Errorf("axes %v: %d stands twice", axes, a)
		}
		seen[a] = true
		d := x.Shape[a]
		from, to, step := starts[k], ends[k], steps[k]
		if step == 0 {
			return fmt.Errorf("steps %v: want no 0", steps)
		}
		if from < 0 {
			from += d
		}
		if to < 0 {
			to += d
		}
		// A bound that lies outside is moved to the edge it passed.
		if step > 0 {
			from, to = min(max(from, 0), d), min(max(to, 0), d)
		} else {
			from, to = min(max(from, -1), d-1), min(max(to, -1), d-1)
		}
		size := 0
		if step > 0 && to > from {
			size = (to-from-1)/step + 1
		} else if step < 0 && to < from {
			size = (from-to-1)/-step + 1
		}
		if size <= 1 {
			step = 1
		}
		if size == 0 {
			from = 0
		}
		s.Start[a], s.Step[a], s.Size[a] = from, step, size
	}
	n.In = n.In[:1]
	return n.setOut(0, x.DType, s.Size)
}

// Split cuts its input into pieces along one axis. The sizes may come as
// constant input 1; without sizes the pieces are equal, but for a smaller last.
type Split struct {
	Axis  int
	Sizes []int
}

// Kind implements Op.
func (*Split) Kind() string { return "Split" }

// Infer implements Op.
func (s *Split) Infer(n *Node) error {
	x, err := n.want(0, "input")
	if err != nil {
		return err
	}
	if s.Axis, err = axis(s.Axis, len(x.Shape)); err != nil {
		return err
	}
	if len(n.In) > 1 {
		if v, err := n.constInts(1, "split"); err != nil {
			return err
		} else if v != nil {
			s.Sizes = v
		}
		n.In = n.In[:1]
	}
	d := x.Shape[s.Axis]
	if len(s.Sizes) == 0 {
		each := (d + len(n.Out) - 1) / max(1, len(n.Out))
		for left := d; len(s.Sizes) < len(n.Out); left -= each {
			s.Sizes = append(s.Sizes, max(0, min(each, left)))
		}
	}
	if len(s.Sizes) != len(n.Out) {
		return fmt.Errorf("split %v for %d outputs", s.Sizes, len(n.Out))
	}
	sum := 0
	for i, z := range s.Sizes {
		if z < 0 || z > d {
			return fmt.Errorf("split %v of an axis of size %d", s.Sizes, d)
		}
		if sum += z; sum > d {
			return fmt.Errorf("split %v: want a sum of %d", s.Sizes, d)
		}
		shape := append([]int{}, x.Shape...)
		shape[s.Axis] = z
		if err := n.setOut(i, x.DType, shape); err != nil {
			return err
		}
	}
	if sum != d {
		return fmt.Errorf("split %v: want a sum of %d", s.Sizes, d)
	}
	return nil
}

// Gather picks slices along Axis by constant or computed indices.
type Gather struct {
	Axis int
}

// Kind implements Op.
func (*Gather) Kind() string { return "Gather" }

// Infer implements Op.
func (g *Gather) Infer(n *Node) error {
	x, err := n.want(0, "data")
	if err != nil {
		return err
	}
	ix, err := n.want(1, "indices")
	if err != nil {
		return err
	}
	if g.Axis, err = axis(g.Axis, len(x.Shape)); err != nil {
		return err
	}
	if ix.IsFloat() || ix.DType == Bool {
		return fmt.Errorf("indices are %s, want integers", ix.DType)
	}
	if ix.Const != nil {
		d := int64(x.Shape[g.Axis])
		for _, i := range ix.Const.I {
			if i < -d || i >= d {
				return fmt.Errorf("index %d out of range [%d, %d)", i, -d, d)
			}
		}
	}
	s := append([]int{}, x.Shape[:g.Axis]...)
	s = append(s, ix.Shape...)
	s = append(s, x.Shape[g.Axis+1:]...)
	return n.setOut(0, x.DType, s)
}

// Concat joins its inputs along Axis.
type Concat struct {
	Axis int
}

// Kind implements Op.
func (*Concat) Kind() string { return "Concat" }

// Infer implements Op.
func (c *Concat) Infer(n *Node) error {
	x, err := n.want(0, "inputs")
	if err != nil {
		return err
	}
	if c.Axis, err = axis(c.Axis, len(x.Shape)); err != nil {
		return err
	}
	s := append([]int{}, x.Shape...)
	for i := 1; i < len(n.In); i++ {
		v, err := n.want(i, "inputs")
		if err != nil {
			return err
		}
		if len(v.Shape) != len(s) || v.DType != x.DType {
			return fmt.Errorf("inputs 0 and %d are %s%v and %s%v: want one type and rank", i, x.DType, x.Shape, v.DType, v.Shape)
		}
		for a, d := range v.Shape {
			if a == c.Axis {
				if s[a] += d; s[a] > MaxElements {
					return fmt.Errorf("more than %d elements along axis %d", MaxElements, a)
				}
			} else if d != s[a] {
				return fmt.Errorf("inputs 0 and %d are %v and %v: want equal sizes but along axis %d", i, x.Shape, v.Shape, c.Axis)
			}
		}
	}
	return n.setOut(0, x.DType, s)
}

// Expand broadcasts its input to a shape, Tile repeats it.
type Expand struct {
	Shape []int
}

// Kind implements Op.
func (*Expand) Kind() string { return "Expand" }

// Infer implements Op.
func (e *Expand) Infer(n *Node) error {
	x, err := n.want(0, "input")
	if err != nil {
		return err
	}
	if len(n.In) > 1 {
		if e.Shape, err = n.constInts(1, "shape"); err != nil {
			return err
		}
		n.In = n.In[:1]
	}
	if e.Shape == nil {
		return fmt.Errorf("input 1 (shape) is missing")
	}
	if e.Shape, err = Broadcast(x.Shape, e.Shape); err != nil {
		return err
	}
	return n.setOut(0, x.DType, e.Shape)
}

// Tile repeats its input Repeats[i] times along axis i.
type Tile struct {
	Repeats []int
}

// Kind implements Op.
func (*Tile) Kind() string { return "Tile" }

// Infer implements Op.
func (t *Tile) Infer(n *Node) error {
	x, err := n.want(0, "input")
	if err != nil {
		return err
	}
	if len(n.In) > 1 {
		if t.Repeats, err = n.constInts(1, "repeats"); err != nil {
			return err
		}
		n.In = n.In[:1]
	}
	if len(t.Repeats) != len(x.Shape) {
		return fmt.Errorf("repeats %v for input %v: want one per axis", t.Repeats, x.Shape)
	}
	s := make([]int, len(x.Shape))
	for i, r := range t.Repeats {
		if r < 0 || r > maxWindow {
			return fmt.Errorf("repeats %v: want values in [0, %d]", t.Repeats, maxWindow)
		}
		if elements([]int{x.Shape[i], r}) > MaxElements {
			return fmt.Errorf("repeats %v of %v: more than %d elements", t.Repeats, x.Shape, MaxElements)
		}
		s[i] = x.Shape[i] * r
	}
	return n.setOut(0, x.DType, s)
}
