package ir

import "fmt"

// DeformConv is deformable convolution v1, and v2 with a mask.
//
//	X [N, C, H, W]   W [M, C/Group, kH, kW]   Offset [N, OffsetGroup·kH·kW·2, oH, oW] (y, x)
//	B [M], optional  Mask [N, OffsetGroup·kH·kW, oH, oW], optional
//
// Semantics: ONNX DeformConv; Dai 2017 (1703.06211), Zhu 2018 (1811.11168).
type DeformConv struct {
	Window
	Group, OffsetGroup int
	Act                Act
}

// Kind implements Op.
func (*DeformConv) Kind() string { return "DeformConv" }

func (c *DeformConv) attrs() string {
	return fmt.Sprintf("{%v group %d offset_group %d act %v}", c.Window, c.Group, c.OffsetGroup, c.Act)
}

// Infer implements Op.
func (c *DeformConv) Infer(n *Node) error {
	x, err := n.wantFloat(0, "X")
	if err != nil {
		return err
	}
	w, err := n.wantFloat(1, "W")
	if err != nil {
		return err
	}
	off, err := n.wantFloat(2, "offset")
	if err != nil {
		return err
	}
	if len(x.Shape) != 4 || len(w.Shape) != 4 || len(off.Shape) != 4 {
		return fmt.Errorf("input %v, weights %v, offset %v: want rank 4", x.Shape, w.Shape, off.Shape)
	}
	if len(c.Kernel) == 0 {
		c.Kernel = append([]int{}, w.Shape[2:]...)
	}
	if err := c.resolve(x.Shape[2:]); err != nil {
		return err
	}
	if err := sameInts(c.Kernel, w.Shape[2:]); err != nil {
		return fmt.Errorf("kernel_shape %v but weights %v", c.Kernel, w.Shape)
	}
	ch := x.Shape[1]
	if c.Group < 1 || ch%c.Group != 0 || w.Shape[0]%c.Group != 0 || w.Shape[0] == 0 {
		return fmt.Errorf("group %d does not divide %d input and %d output channels", c.Group, ch, w.Shape[0])
	}
	if w.Shape[1] != ch/c.Group {
		return fmt.Errorf("weights %v: want %d input channels per group, got %d", w.Shape, ch/c.Group, w.Shape[1])
	}
	if c.OffsetGroup < 1 || ch%c.OffsetGroup != 0 || ch == 0 {
		return fmt.Errorf("offset_group %d does not divide %d input channels", c.OffsetGroup, ch)
	}
	o, err := c.out(x.Shape[2:], false)
	if err != nil {
		return err
	}
	taps := int(min(elements([]int{c.OffsetGroup, c.Kernel[0], c.Kernel[1]}), MaxElements))
	if err := sameInts(off.Shape, []int{x.Shape[0], taps * 2, o[0], o[1]}); err != nil {
		return fmt.Errorf("offset %v: want [%d %d %d %d]", off.Shape, x.Shape[0], taps*2, o[0], o[1])
	}
	if err := n.checkBias(3, w.Shape[0]); err != nil {
		return err
	}
	m, err := n.optFloat(4, "mask")
	if err != nil {
		return err
	}
	if m != nil {
		if err := sameInts(m.Shape, []int{x.Shape[0], taps, o[0], o[1]}); err != nil {
			return fmt.Errorf("mask %v: want [%d %d %d %d]", m.Shape, x.Shape[0], taps, o[0], o[1])
		}
	}
	return n.setOut(0, Float32, []int{x.Shape[0], w.Shape[0], o[0], o[1]})
}
