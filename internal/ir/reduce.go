package ir

import "fmt"

// Reduce folds axes; an empty sum is 0, an empty product 1, an empty maximum or
// minimum the end of the type's range: ReduceMean, ReduceSum, ReduceMax, ReduceMin, ReduceProd,
// ReduceL1, ReduceL2, ReduceSumSquare.
type Reduce struct {
	Func      string
	Axes      []int // empty: all, unless NoopEmpty
	Keep      bool
	NoopEmpty bool
}

// Kind implements Op.
func (r *Reduce) Kind() string { return r.Func }

// Infer implements Op.
func (r *Reduce) Infer(n *Node) error {
	x, err := n.want(0, "data")
	if err != nil {
		return err
	}
	if len(n.In) > 1 {
		ax, err := n.constInts(1, "axes")
		if err != nil {
			return err
		}
		if ax != nil {
			r.Axes = ax
		}
		n.In = n.In[:1]
	}
	if x.DType == Bool && r.Func != "ReduceMax" && r.Func != "ReduceMin" {
		return fmt.Errorf("input of type bool, want numbers")
	}
	rank := len(x.Shape)
	if len(r.Axes) == 0 && !r.NoopEmpty {
		for i := range rank {
			r.Axes = append(r.Axes, i)
		}
	}
	drop := make([]bool, rank)
	for i, a := range r.Axes {
		if r.Axes[i], err = axis(a, rank); err != nil {
			return err
		}
		drop[r.Axes[i]] = true
	}
	s := []int{}
	for i, d := range x.Shape {
		switch {
		case !drop[i]:
			s = append(s, d)
		case d == 0 && r.Func == "ReduceMean":
			return fmt.Errorf("input %v is empty along axis %d: it has no mean", x.Shape, i)
		case r.Keep:
			s = append(s, 1)
		}
	}
	return n.setOut(0, x.DType, s)
}

// ArgReduce is ArgMax or ArgMin along one axis; ties go to the first element,
// or to the last with SelectLast.
type ArgReduce struct {
	Func       string
	Axis       int
	Keep       bool
	SelectLast bool
}

// Kind implements Op.
func (r *ArgReduce) Kind() string { return r.Func }

// Infer implements Op.
func (r *ArgReduce) Infer(n *Node) error {
	x, err := n.want(0, "data")
	if err != nil {
		return err
	}
	if x.DType == Bool {
		return fmt.Errorf("input of type bool, want numbers")
	}
	if r.Axis, err = axis(r.Axis, len(x.Shape)); err != nil {
		return err
	}
	s := []int{}
	for i, d := range x.Shape {
		switch {
		case i != r.Axis:
			s = append(s, d)
		case d == 0:
			return fmt.Errorf("input %v is empty along axis %d", x.Shape, i)
		case r.Keep:
			s = append(s, 1)
		}
	}
	return n.setOut(0, Int64, s)
}
