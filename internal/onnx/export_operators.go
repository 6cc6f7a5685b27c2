package onnx

import (
	"fmt"

	"github.com/edgerun/edgerun/internal/ir"
)

// convert writes a node.
func (e *exporter) convert(n *ir.Node) error {
	var in, out []string
	for _, v := range n.In {
		in = append(in, e.name(v))
	}
	for _, v := range n.Out {
		out = append(out, e.name(v))
	}
	kind, attrs := n.Op.Kind(), []attribute(nil)
	switch op := n.Op.(type) {
	case *ir.Conv:
		attrs = append(windowAttrs(&op.Window), attribute{"group", op.Group})
	case *ir.ConvTranspose:
		attrs = append(windowAttrs(&op.Window), attribute{"group", op.Group}, attribute{"output_padding", op.OutputPad})
	case *ir.DeformConv:
		attrs = append(windowAttrs(&op.Window), attribute{"group", op.Group}, attribute{"offset_group", op.OffsetGroup})
	case *ir.Pool:
		attrs = append(windowAttrs(&op.Window), attribute{"ceil_mode", op.Ceil})
		if !op.Max {
			attrs = append(attrs, attribute{"count_include_pad", op.CountIncludePad})
		}
	case *ir.Gemm:
		attrs = []attribute{{"alpha", op.Alpha}, {"beta", op.Beta}, {"transA", op.TransA}, {"transB", op.TransB}}
	case *ir.BatchNorm:
		attrs = []attribute{{"epsilon", op.Eps}}
	case *ir.InstanceNorm:
		attrs = []attribute{{"epsilon", op.Eps}}
	case *ir.LRN:
		attrs = []attribute{{"size", op.Size}, {"alpha", op.Alpha}, {"beta", op.Beta}, {"bias", op.Bias}}
	case *ir.GlobalPool, *ir.MatMul, *ir.PRelu, *ir.Where:
	case *ir.Softmax:
		if op.Flat {
			return e.flatSoftmax(n, op, in, out)
		}
		attrs = []attribute{{"axis", op.Axis}}
	case *ir.Unary:
		return e.unary(op, in, out)
	case *ir.Binary:
		if op.Func == "Mod" {
			attrs = []attribute{{"fmod", op.Mod}}
		}
	case *ir.Reduce:
		if len(op.Axes) > 0 {
			in = append(in, e.ints(op.Axes))
		}
		// Without axes nothing is reduced: Infer lists all where that is meant.
		attrs = []attribute{{"keepdims", op.Keep}, {"noop_with_empty_axes", true}}
	case *ir.ArgReduce:
		attrs = []attribute{{"axis", op.Axis}, {"keepdims", op.Keep}, {"select_last_index", op.SelectLast}}
	case *ir.Reshape:
		kind, in, attrs = "Reshape", append(in, e.ints(op.Shape)), []attribute{{"allowzero", true}}
	case *ir.Transpose:
		attrs = []attribute{{"perm", op.Perm}}
	case *ir.DepthToSpace:
		attrs = []attribute{{"blocksize", op.Block}}
		if !op.Inverse {
			attrs = append(attrs, attribute{"mode", map[bool]string{false: "DCR", true: "CRD"}[op.CRD]})
		}
	case *ir.Slice:
		in = append(in, e.slice(op)...)
	case *ir.Split:
		in, attrs = append(in, e.ints(op.Sizes)), []attribute{{"axis", op.Axis}}
	case *ir.Gather:
		attrs = []attribute{{"axis", op.Axis}}
	case *ir.Concat:
		attrs = []attribute{{"axis", op.Axis}}
	case *ir.Expand:
		in = append(in, e.ints(op.Shape))
	case *ir.Tile:
		in = append(in, e.ints(op.Repeats))
	case *ir.Pad:
		in, attrs = append(in, e.ints(op.Pads)), []attribute{{"mode", op.Mode}}
		if op.Mode == "constant" {
			t := ir.NewTensor(n.In[0].DType, nil)
			if t.DType == ir.Float32 {
				t.F[0] = op.Value
			} else {
				t.I[0] = int64(op.Value)
			}
			in = append(in, e.constant(t)[0])
		}
	case *ir.Resize:
		return e.resize(n, op, in, out)
	case *ir.Cast:
		attrs = []attribute{{"to", int(op.To)}}
	default:
		return fmt.Errorf("ONNX has no such operator: %w", ir.ErrUnsupported)
	}
	if a := foldedAct(n.Op); a.Kind != "" {
		return fmt.Errorf("ONNX cannot fold the activation %v into it: %w", a, ir.ErrUnsupported)
	}
	e.emit(kind, in, out, attrs...)
	return nil
}

// foldedAct is the activation that a pass made part of an operator.
func foldedAct(op ir.Op) ir.Act {
	switch op := op.(type) {
	case *ir.Conv:
		return op.Act
	case *ir.ConvTranspose:
		return op.Act
	case *ir.DeformConv:
		return op.Act
	case *ir.Pool:
		return op.Act
	case *ir.BatchNorm:
		return op.Act
	case *ir.Binary:
		return op.Act
	}
	return ir.Act{}
}

func windowAttrs(w *ir.Window) []attribute {
	return []attribute{{"kernel_shape", w.Kernel}, {"strides", w.Stride}, {"dilations", w.Dilation}, {"pads", w.Pads}}
}

func (e *exporter) unary(op *ir.Unary, in, out []string) error {
	name := op.Func
	var attrs []attribute
	switch op.Func {
	case "Clip":
		in = append(in, e.float(op.Alpha), e.float(op.Beta))
	case "LeakyRelu", "Elu", "Celu", "ThresholdedRelu":
		attrs = []attribute{{"alpha", op.Alpha}}
	case "HardSigmoid":
		attrs = []attribute{{"alpha", op.Alpha}, {"beta", op.Beta}}
	case "Selu":
		attrs = []attribute{{"alpha", op.Alpha}, {"gamma", op.Gamma}}
	case "GeluTanh":
		name, attrs = "Gelu", []attribute{{"approximate", "tanh"}}
	case "Swish": // an operator since opset 24 only
		s, g := e.temp(), e.temp()
		e.emit("Mul", []string{in[0], e.float(op.Alpha)}, []string{s})
		e.emit("Sigmoid", []string{s}, []string{g})
		e.emit("Mul", []string{in[0], g}, out)
		return nil
	}
	e.emit(name, in, out, attrs...)
	return nil
}

// flatSoftmax writes a softmax of the opsets before 13 between reshapes.
func (e *exporter) flatSoftmax(n *ir.Node, op *ir.Softmax, in, out []string) error {
	s := n.In[0].Shape
	outer, inner := 1, 1
	for i, d := range s {
		if i < op.Axis {
			outer *= d
		} else {
			inner *= d
		}
	}
	x, y := e.temp(), e.temp()
	e.emit("Reshape", []string{in[0], e.ints([]int{outer, inner})}, []string{x}, attribute{"allowzero", true})
	e.emit(op.Kind(), []string{x}, []string{y}, attribute{"axis", 1})
	e.emit("Reshape", []string{y, e.ints(s)}, out, attribute{"allowzero", true})
	return nil
}

// slice returns starts, ends, axes and steps.
func (e *exporter) slice(op *ir.Slice) []string {
	var ends, axes []int
	for i, z := range op.Size {
		axes = append(axes, i)
		end := op.Start[i] + z*op.Step[i]
		if op.Step[i] < 0 && end < 0 {
			end = -1 << 30 // beyond the first element
		}
		ends = append(ends, end)
	}
	return []string{e.ints(op.Start), e.ints(ends), e.ints(axes), e.ints(op.Step)}
}

// resize writes sizes where they give the scales, otherwise scales.
func (e *exporter) resize(n *ir.Node, op *ir.Resize, in, out []string) error {
	mode := op.Mode
	switch mode {
	case "":
		mode = "nearest"
	case "index":
		return fmt.Errorf("mode %q, which a pass made, is no mode of ONNX: %w", mode, ir.ErrUnsupported)
	}
	near := op.Nearest
	if near == "simple" {
		near = "floor"
		for a, s := range op.Scales {
			if s < 1 {
				near = "ceil"
			}
			for _, o := range op.Scales[:a] {
				if s < 1 && o > 1 || s > 1 && o < 1 {
					return fmt.Errorf("growing and shrinking at once as before opset 11: %w", ir.ErrUnsupported)
				}
			}
		}
	}
	if op.Coord == "tf_half_pixel_for_nn" {
		return fmt.Errorf("coordinate_transformation_mode %q is no longer an attribute: %w", op.Coord, ir.ErrUnsupported)
	}
	attrs := []attribute{{"mode", mode}, {"coordinate_transformation_mode", op.Coord}, {"nearest_mode", near},
		{"cubic_coeff_a", op.CubicA}, {"exclude_outside", op.Exclude}, {"antialias", op.Antialias}, {"extrapolation_value", op.Outside}}
	roi := ""
	if op.ROI != nil {
		t := ir.NewTensor(ir.Float32, []int{len(op.ROI)})
		for i, v := range op.ROI {
			t.F[i] = float32(v)
		}
		roi = e.constant(t)[0]
	}
	x := n.In[0].Shape
	scales, fits := ir.NewTensor(ir.Float32, []int{len(x)}), true
	bySize := true
	for a, s := range op.Scales {
		scales.F[a] = float32(s)
		fits = fits && int(float32(x[a])*scales.F[a]) == op.OutputSize[a]
		bySize = bySize && s*float64(x[a]) == float64(op.OutputSize[a])
	}
	switch {
	case bySize:
		in = append(in, roi, "", e.ints(op.OutputSize))
	case fits:
		in = append(in, roi, e.constant(scales)[0])
	default: // what keep_aspect_ratio_policy made of the sizes
		return fmt.Errorf("scales %v from %v to %v: %w", op.Scales, x, op.OutputSize, ir.ErrUnsupported)
	}
	e.emit("Resize", in, out, attrs...)
	return nil
}
