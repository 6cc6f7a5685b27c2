package ir

import (
	"errors"
	"fmt"
)

// Conv is a convolution over one or two spatial axes.
//
//	X [N, C, (H,) W]   W [M, C/Group, (kH,) kW]   B [M], optional
//	Y [N, M, (oH,) oW]
//
// Semantics: ONNX Conv.
type Conv struct {
	Window
	Group int
	Act   Act
}

// Kind implements Op.
func (*Conv) Kind() string { return "Conv" }

func (c *Conv) attrs() string { return fmt.Sprintf("{%v group %d act %v}", c.Window, c.Group, c.Act) }

// Infer implements Op.
func (c *Conv) Infer(n *Node) error {
	x, err := n.wantFloat(0, "X")
	if err != nil {
		return err
	}
	w, err := n.wantFloat(1, "W")
	if err != nil {
		return err
	}
	sp, err := spatial(x.Shape)
	if err != nil {
		return err
	}
	if len(w.Shape) != len(x.Shape) {
		return fmt.Errorf("weights %v: want rank %d like the input %v", w.Shape, len(x.Shape), x.Shape)
	}
	if len(c.Kernel) == 0 {
		c.Kernel = append([]int{}, w.Shape[2:]...)
	}
	if err := c.resolve(sp); err != nil {
		return err
	}
	if err := sameInts(c.Kernel, w.Shape[2:]); err != nil {
		return fmt.Errorf("kernel_shape %v but weights %v", c.Kernel, w.Shape)
	}
	if c.Group < 1 || x.Shape[1]%c.Group != 0 || w.Shape[0]%c.Group != 0 || w.Shape[0] == 0 {
		return fmt.Errorf("group %d does not divide %d input and %d output channels", c.Group, x.Shape[1], w.Shape[0])
	}
	if w.Shape[1] != x.Shape[1]/c.Group {
		return fmt.Errorf("weights %v: want %d input channels per group, got %d", w.Shape, x.Shape[1]/c.Group, w.Shape[1])
	}
	if err := n.checkBias(2, w.Shape[0]); err != nil {
		return err
	}
	o, err := c.out(sp, false)
	if err != nil {
		return err
	}
	return n.setOut(0, Float32, append([]int{x.Shape[0], w.Shape[0]}, o...))
}

// checkBias wants m values in input i, if it is there.
func (n *Node) checkBias(i, m int) error {
	b, err := n.optFloat(i, "B")
	if b == nil || err != nil {
		return err
	}
	if b.Len() != m {
		return fmt.Errorf("bias %v: want %d values, one per output channel", b.Shape, m)
	}
	return nil
}

func sameInts(a, b []int) error {
	if len(a) != len(b) {
		return errors.New("lengths differ")
	}
	for i := range a {
		if a[i] != b[i] {
			return errors.New("values differ")
		}
	}
	return nil
}

// spatial returns the axes behind batch and channel.
func spatial(shape []int) ([]int, error) {
	if len(shape) != 3 && len(shape) != 4 {
		return nil, fmt.Errorf("input %v has rank %d: %w, want 3 (N, C, L) or 4 (N, C, H, W)", shape, len(shape), ErrUnsupported)
	}
	return shape[2:], nil
}
