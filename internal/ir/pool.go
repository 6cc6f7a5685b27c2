package ir

import "fmt"

// Pool is MaxPool or AveragePool over one or two spatial axes.
type Pool struct {
	Window
	Max             bool
	Ceil            bool
	CountIncludePad bool // AveragePool: padding counts as zeros in the mean
	ColumnMajor     bool // MaxPool: how the indices count, see IndexedPool
	Act             Act
}

// Kind implements Op.
func (p *Pool) Kind() string {
	if p.Max {
		return "MaxPool"
	}
	return "AveragePool"
}

func (p *Pool) attrs() string {
	s := fmt.Sprintf("{%v act %v", p.Window, p.Act)
	if p.Ceil {
		s += " ceil"
	}
	if p.CountIncludePad {
		s += " count_include_pad"
	}
	return s + "}"
}

// Infer implements Op.
func (p *Pool) Infer(n *Node) error {
	x, err := n.wantFloat(0, "X")
	if err != nil {
		return err
	}
	sp, err := spatial(x.Shape)
	if err != nil {
		return err
	}
	if len(p.Kernel) != len(sp) {
		return fmt.Errorf("kernel_shape %v: want %d values", p.Kernel, len(sp))
	}
	if err := p.resolve(sp); err != nil {
		return err
	}
	o, err := p.out(sp, p.Ceil)
	if err != nil {
		return err
	}
	for i := range sp {
		if p.Pads[i] >= p.Extent(i) || p.Pads[i+len(sp)] >= p.Extent(i) {
			return fmt.Errorf("pads %v are not smaller than the kernel %v", p.Pads, p.Kernel)
		}
	}
	shape := append([]int{x.Shape[0], x.Shape[1]}, o...)
	if len(n.Out) > 1 && n.Out[1] == nil {
		n.Out = n.Out[:1]
	}
	if len(n.Out) > 1 {
		n.Op = &IndexedPool{*p}
		if err := n.setOut(1, Int64, shape); err != nil {
			return err
		}
	}
	return n.setOut(0, x.DType, shape)
}

// IndexedPool is a MaxPool whose second output is read: for every maximum its
// index among all elements of the input, the columns of a plane counted first
// where ColumnMajor is set. No pass may look into it, since equal values are
// different indices. Infer of a Pool puts it in its place.
type IndexedPool struct{ Pool }

// Kind implements Op.
func (*IndexedPool) Kind() string { return "MaxPool" }

// GlobalPool is GlobalAveragePool or GlobalMaxPool: every spatial axis becomes 1.
type GlobalPool struct {
	Max bool
}

// Kind implements Op.
func (p *GlobalPool) Kind() string {
	if p.Max {
		return "GlobalMaxPool"
	}
	return "GlobalAveragePool"
}

// Infer implements Op.
func (p *GlobalPool) Infer(n *Node) error {
	x, err := n.wantFloat(0, "X")
	if err != nil {
		return err
	}
	if len(x.Shape) < 3 {
		return fmt.Errorf("input %v: want at least one spatial axis", x.Shape)
	}
	s := append([]int{}, x.Shape...)
	for i := 2; i < len(s); i++ {
		if s[i] == 0 {
			return fmt.Errorf("input %v is empty", x.Shape)
		}
		s[i] = 1
	}
	return n.setOut(0, x.DType, s)
}
