package ir

import "fmt"

// Reshape gives the elements of its input, in row-major order, another shape.
// Reshape, Flatten, Squeeze, Unsqueeze, Identity and Dropout are all this once
// resolved.
type Reshape struct {
	Shape []int // resolved by Infer from the input Shape
	Zero  bool  // allowzero: a 0 is a dimension of size 0
	From  string
	Axis  int   // Flatten
	Axes  []int // Squeeze, Unsqueeze
}

// Kind implements Op.
func (r *Reshape) Kind() string {
	if r.From == "" {
		return "Reshape"
	}
	return r.From
}

// Infer implements Op.
func (r *Reshape) Infer(n *Node) error {
	x, err := n.want(0, "data")
	if err != nil {
		return err
	}
	if r.From == "Dropout" {
		if err := n.checkDropout(); err != nil {
			return err
		}
		n.In = n.In[:1]
	}
	if len(n.In) > 1 {
		v, err := n.constInts(1, "shape or axes")
		if err != nil {
			return err
		}
		switch {
		case r.From == "":
			r.Shape = v
		case v != nil:
			r.Axes = v
		}
		n.In = n.In[:1]
	}
	var s []int
	switch r.From {
	case "":
		if r.Shape == nil {
			return fmt.Errorf("input 1 (shape) is missing")
		}
		s, err = r.reshape(x.Shape)
	case "Flatten":
		s, err = r.flatten(x.Shape)
	case "Squeeze":
		s, err = r.squeeze(x.Shape)
	case "Unsqueeze":
		s, err = r.unsqueeze(x.Shape)
	case "Identity", "Dropout":
		s = x.Shape
	default:
		return fmt.Errorf("%s is %w", r.From, ErrUnsupported)
	}
	if err != nil {
		return err
	}
	r.Shape = s
	return n.setOut(0, x.DType, s)
}

// checkDropout fails unless input 2 (training_mode) is false or left out, or
// input 1 (ratio) is 0.
func (n *Node) checkDropout() error {
	t := n.Input(2)
	if t == nil {
		return nil
	}
	if t.Const != nil && t.Const.Len() == 1 && t.Const.Float(0) == 0 {
		return nil
	}
	if r := n.Input(1); r != nil && r.Const != nil && r.Const.Len() == 1 && r.Const.Float(0) == 0 {
		return nil
	}
	return fmt.Errorf("input 2 (training_mode) is true or computed from data: %w, want a constant false; export the model for inference", ErrUnsupported)
}

func (r *Reshape) reshape(in []int) ([]int, error) {
	out := append([]int{}, r.Shape...)
	free := -1
	if len(out) > MaxRank {
		return nil, fmt.Errorf("%d dimensions, want at most %d", len(out), MaxRank)
	}
	n := 1
	for i, d := range out {
		switch {
		case d == 0 && !r.Zero:
			if i >= len(in) {
				return nil, fmt.Errorf("shape %v copies dimension %d of an input of rank %d", r.Shape, i, len(in))
			}
			out[i] = in[i]
		case d == -1:
			if free >= 0 {
				return nil, fmt.Errorf("shape %v has more than one -1", r.Shape)
			}
			free = i
			continue
		case d < 0:
			return nil, fmt.Errorf("shape %v: want dimensions >= -1", r.Shape)
		}
		if out[i] > 0 && n > MaxElements/out[i] {
			return nil, fmt.Errorf("shape %v is too large", r.Shape)
		}
		n *= out[i]
	}
	total, err := Elements(in)
	if err != nil {
		return nil, err
	}
	if free >= 0 {
		if n == 0 || total%n != 0 {
			return nil, fmt.Errorf("shape %v does not divide the %d elements of %v", r.Shape, total, in)
		}
		out[free] = total / n
	} else if n != total {
		return nil, fmt.Errorf("shape %v has %d elements, the input %v has %d", r.Shape, n, in, total)
	}
	r.Zero = true // r.Shape is final now
	return out, nil
}

func (r *Reshape) flatten(in []int) ([]int, error) {
	a := r.Axis
	if a < -len(in) || a > len(in) {
		return nil, fmt.Errorf("axis %d out of range [%d, %d]", a, -len(in), len(in))
	}
	if a < 0 {
		a += len(in)
	}
	outer, err := Elements(in[:a])
	if err != nil {
		return nil, err
	}
	inner, err := Elements(in[a:])
	if err != nil {
		return nil, err
	}
	return []int{outer, inner}, nil
}

func (r *Reshape) squeeze(in []int) ([]int, error) {
	drop := make([]bool, len(in))
	if len(r.Axes) == 0 {
		for i, d := range in {
			drop[i] = d == 1
		}
	}
	for _, a := range r.Axes {
		a, err := axis(a, len(in))
		if err != nil {
			return nil, err
		}
		if in[a] != 1 {
			return nil, fmt.Errorf("axis %d of %v is not 1", a, in)
		}
		drop[a] = true
	}
	out := []int{}
	for i, d := range in {
		if !drop[i] {
			out = append(out, d)
		}
	}
	return out, nil
}

func (r *Reshape) unsqueeze(in []int) ([]int, error) {
	rank := len(in) + len(r.Axes)
	if rank > MaxRank {
		return nil, fmt.Errorf("%d dimensions, want at most %d", rank, MaxRank)
	}
	one := make([]bool, rank)
	for _, a := range r.Axes {
		a, err := axis(a, rank)
		if err != nil {
			return nil, err
		}
		if one[a] {
			return nil, fmt.Errorf("axes %v: %d stands twice", r.Axes, a)
		}
		one[a] = true
	}
	out := make([]int, 0, rank)
	k := 0
	for i := range rank {
		if one[i] {
			out = append(out, 1)
		} else {
			out = append(out, in[k])
			k++
		}
	}
	return out, nil
}
