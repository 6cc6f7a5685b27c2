package ir

import "fmt"

// ConvTranspose is the transposed convolution.
//
//	X [N, C, (H,) W]   W [C, M/Group, (kH,) kW]   B [M], optional
//
// Semantics: ONNX ConvTranspose.
type ConvTranspose struct {
	Window
	Group       int
	OutputPad   []int
	OutputShape []int // spatial part; empty: from the pads
	Act         Act
}

// Kind implements Op.
func (*ConvTranspose) Kind() string { return "ConvTranspose" }

func (c *ConvTranspose) attrs() string {
	return fmt.Sprintf("{%v group %d act %v}", c.Window, c.Group, c.Act)
}

// Infer implements Op.
func (c *ConvTranspose) Infer(n *Node) error {
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
	r := len(sp)
	if len(w.Shape) != len(x.Shape) {
		return fmt.Errorf("weights %v: want rank %d like the input %v", w.Shape, len(x.Shape), x.Shape)
	}
	if len(c.Kernel) == 0 {
		c.Kernel = append([]int{}, w.Shape[2:]...)
	}
	auto := c.AutoPad
	if auto == "SAME_UPPER" || auto == "SAME_LOWER" {
		c.AutoPad = "" // the pads follow from the output shape below
	}
	if err := c.resolve(sp); err != nil {
		return err
	}
	if err := sameInts(c.Kernel, w.Shape[2:]); err != nil {
		return fmt.Errorf("kernel_shape %v but weights %v", c.Kernel, w.Shape)
	}
	if c.Group < 1 || x.Shape[1]%c.Group != 0 || x.Shape[1] == 0 {
		return fmt.Errorf("group %d does not divide %d input channels", c.Group, x.Shape[1])
	}
	if w.Shape[0] != x.Shape[1] {
		return fmt.Errorf("weights %v: want %d input channels, got %d", w.Shape, x.Shape[1], w.Shape[0])
	}
	m := w.Shape[1] * c.Group // at most the elements of w
	if err := n.checkBias(2, m); err != nil {
		return err
	}
	if len(c.OutputPad) == 0 {
		c.OutputPad = make([]int, r)
	}
	if len(c.OutputPad) != r {
		return fmt.Errorf("output_padding %v: want %d values", c.OutputPad, r)
	}
	for _, p := range c.OutputPad {
		if p < 0 || p > maxExtent {
			return fmt.Errorf("output_padding %v: want values in [0, %d]", c.OutputPad, maxExtent)
		}
	}
	out := make([]int, r)
	if len(c.OutputShape) == r+2 { // Keras writes batch and channels too
		c.OutputShape = c.OutputShape[2:]
	}
	if len(c.OutputShape) != 0 && len(c.OutputShape) != r {
		return fmt.Errorf("output_shape %v: want %d values", c.OutputShape, r)
	}
	for i := range r {
		if sp[i] < 1 || int64(sp[i]-1)*int64(c.Stride[i]) > maxExtent {
			return fmt.Errorf("input %v with strides %v: want a positive size of at most %d", x.Shape, c.Stride, maxExtent)
		}
		full := (sp[i]-1)*c.Stride[i] + c.Extent(i) + c.OutputPad[i]
		switch {
		case len(c.OutputShape) == r:
			out[i] = c.OutputShape[i]
			if out[i] < 1 || out[i] > maxExtent {
				return fmt.Errorf("output_shape %v: want sizes in [1, %d]", c.OutputShape, maxExtent)
			}
		case auto == "SAME_UPPER" || auto == "SAME_LOWER":
			out[i] = sp[i] * c.Stride[i]
		default:
			out[i] = full - c.Pads[i] - c.Pads[i+r]
			if out[i] < 1 {
				return fmt.Errorf("pads %v leave nothing of output size %d", c.Pads, full)
			}
			continue
		}
		total := full - out[i]
		if total < 0 { // what the input does not reach is bias only
			c.OutputPad[i] -= total
			total = 0
		}
		lo := total / 2
		if auto != "SAME_UPPER" {
			lo = total - lo
		}
		c.Pads[i], c.Pads[i+r] = lo, total-lo
	}
	c.OutputShape = nil
	return n.setOut(0, Float32, append([]int{x.Shape[0], m}, out...))
}
