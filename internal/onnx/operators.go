package onnx

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/edgerun/edgerun/internal/ir"
)

// converters maps an ONNX operator to a function that makes ours of a node. A
// function that emits nodes itself returns nil.
var converters map[string]func(n *node) (ir.Op, error)

func init() { // in init, because If refers to the table
	converters = map[string]func(n *node) (ir.Op, error){
		"Conv":               func(n *node) (ir.Op, error) { return &ir.Conv{Window: n.window(), Group: n.int("group", 1)}, nil },
		"ConvTranspose":      convTranspose,
		"DeformConv":         deformConv,
		"MaxPool":            maxPool,
		"AveragePool":        averagePool,
		"GlobalAveragePool":  func(*node) (ir.Op, error) { return &ir.GlobalPool{}, nil },
		"GlobalMaxPool":      func(*node) (ir.Op, error) { return &ir.GlobalPool{Max: true}, nil },
		"Gemm":               gemm,
		"MatMul":             func(*node) (ir.Op, error) { return &ir.MatMul{}, nil },
		"BatchNormalization": batchNorm,
		"LayerNormalization": layerNorm,
		"InstanceNormalization": func(n *node) (ir.Op, error) {
			return &ir.InstanceNorm{Eps: n.float("epsilon", 1e-5)}, nil
		},
		"LRN": func(n *node) (ir.Op, error) {
			return &ir.LRN{Size: n.int("size", 0), Alpha: n.float("alpha", 1e-4), Beta: n.float("beta", 0.75), Bias: n.float("bias", 1)}, nil
		},
		"PRelu":      func(*node) (ir.Op, error) { return &ir.PRelu{}, nil },
		"Where":      func(*node) (ir.Op, error) { return &ir.Where{}, nil },
		"Softmax":    func(n *node) (ir.Op, error) { return n.softmax(false), nil },
		"LogSoftmax": func(n *node) (ir.Op, error) { return n.softmax(true), nil },
		"Concat":     func(n *node) (ir.Op, error) { return &ir.Concat{Axis: n.int("axis", 1)}, nil },
		"Split":      split,
		"SplitToSequence": func(n *node) (ir.Op, error) {
			return &ir.SplitToSequence{Axis: n.int("axis", 0), Keep: n.int("keepdims", 1) != 0}, nil
		},
		"Compress": func(n *node) (ir.Op, error) {
			return &ir.Compress{HasAxis: n.has("axis"), Axis: n.int("axis", 0)}, nil
		},
		"ScatterElements": func(n *node) (ir.Op, error) {
			if r := n.string("reduction", "none"); r != "none" {
				return nil, fmt.Errorf("reduction %q is %w, want none", r, ir.ErrUnsupported)
			}
			return &ir.ScatterElements{Axis: n.int("axis", 0)}, nil
		},
		"SequenceAt": func(*node) (ir.Op, error) { return &ir.SequenceAt{}, nil },
		"Slice":      slice,
		"Gather":     func(n *node) (ir.Op, error) { return &ir.Gather{Axis: n.int("axis", 0)}, nil },
		"GatherND":   func(n *node) (ir.Op, error) { return &ir.GatherND{Batch: n.int("batch_dims", 0)}, nil },
		"Pad":        pad,
		"Reshape": func(n *node) (ir.Op, error) {
			return &ir.Reshape{Zero: n.bool("allowzero")}, nil
		},
		"Flatten":   func(n *node) (ir.Op, error) { return &ir.Reshape{From: "Flatten", Axis: n.int("axis", 1)}, nil },
		"Squeeze":   func(n *node) (ir.Op, error) { return n.squeeze("Squeeze") },
		"Unsqueeze": func(n *node) (ir.Op, error) { return n.squeeze("Unsqueeze") },
		"Identity":  func(*node) (ir.Op, error) { return &ir.Reshape{From: "Identity"}, nil },
		"Dropout":   dropout,
		"Transpose": func(n *node) (ir.Op, error) { return &ir.Transpose{Perm: n.ints("perm")}, nil },
		"Expand":    func(*node) (ir.Op, error) { return &ir.Expand{}, nil },
		"Tile":      func(*node) (ir.Op, error) { return &ir.Tile{}, nil },
		"Shape": func(n *node) (ir.Op, error) {
			return &ir.Shape{Start: n.int("start", 0), HasEnd: n.has("end"), End: n.int("end", 0)}, nil
		},
		"Size":            func(*node) (ir.Op, error) { return &ir.Size{}, nil },
		"Constant":        constantNode,
		"ConstantOfShape": constantOfShape,
		"Range":           func(*node) (ir.Op, error) { return &ir.Range{}, nil },
		"Cast":            cast,
		"CastLike": func(n *node) (ir.Op, error) {
			n.ignore("saturate", "round_mode")
			return &ir.Cast{Like: true}, nil
		},
		"Resize":   resize,
		"Upsample": upsample,
		"DepthToSpace": func(n *node) (ir.Op, error) {
			mode := n.string("mode", "DCR")
			if mode != "DCR" && mode != "CRD" {
				return nil, fmt.Errorf("mode %q is %w, want DCR or CRD", mode, ir.ErrUnsupported)
			}
			return &ir.DepthToSpace{Block: n.int("blocksize", 0), CRD: mode == "CRD"}, nil
		},
		"SpaceToDepth": func(n *node) (ir.Op, error) {
			return &ir.DepthToSpace{Block: n.int("blocksize", 0), Inverse: true}, nil
		},
		"ArgMax": func(n *node) (ir.Op, error) { return n.argReduce("ArgMax"), nil },
		"ArgMin": func(n *node) (ir.Op, error) { return n.argReduce("ArgMin"), nil },
		"Clip":   clip,
		"Sum":    func(n *node) (ir.Op, error) { return n.variadic("Add") },
		"Max":    func(n *node) (ir.Op, error) { return n.variadic("Max") },
		"Min":    func(n *node) (ir.Op, error) { return n.variadic("Min") },
		"Mean":   mean,
		"Mod":    func(n *node) (ir.Op, error) { return &ir.Binary{Func: "Mod", Mod: n.bool("fmod")}, nil },
		"If":     ifNode,
	}
	for _, f := range []string{"Add", "Sub", "Mul", "Div", "Pow", "Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual", "And", "Or", "Xor"} {
		converters[f] = func(*node) (ir.Op, error) { return &ir.Binary{Func: f}, nil }
	}
	for _, f := range []string{"ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare"} {
		converters[f] = func(n *node) (ir.Op, error) { return n.reduce(f), nil }
	}
	for _, f := range []string{"Relu", "Sigmoid", "HardSwish", "Mish", "Softplus", "Softsign", "Tanh", "Exp", "Log", "Sqrt", "Reciprocal",
		"Neg", "Abs", "Floor", "Ceil", "Round", "Sign", "Erf", "Sin", "Cos", "Not"} {
		converters[f] = func(n *node) (ir.Op, error) {
			n.ignore("consumed_inputs")
			return &ir.Unary{Func: f}, nil
		}
	}
	// Functions with parameters, 0 where they have none of that name.
	for f, p := range map[string]struct{ alpha, beta, gamma float32 }{
		"LeakyRelu":       {alpha: 0.01},
		"Elu":             {alpha: 1},
		"Celu":            {alpha: 1},
		"ThresholdedRelu": {alpha: 1},
		"HardSigmoid":     {alpha: 0.2, beta: 0.5},
		"Selu":            {alpha: 1.67326319217681884765625, gamma: 1.05070102214813232421875},
		"Swish":           {alpha: 1},
	} {
		converters[f] = func(n *node) (ir.Op, error) {
			n.ignore("consumed_inputs")
			u := &ir.Unary{Func: f, Alpha: n.float("alpha", p.alpha)}
			if p.beta != 0 {
				u.Beta = n.float("beta", p.beta)
			}
			if p.gamma != 0 {
				u.Gamma = n.float("gamma", p.gamma)
			}
			return u, nil
		}
	}
	converters["Gelu"] = func(n *node) (ir.Op, error) {
		switch a := n.string("approximate", "none"); a {
		case "none":
			return &ir.Unary{Func: "Gelu"}, nil
		case "tanh":
			return &ir.Unary{Func: "GeluTanh"}, nil
		default:
			return nil, fmt.Errorf("approximate %q is %w, want none or tanh", a, ir.ErrUnsupported)
		}
	}
}

// Operators returns the names of the ONNX operators that the importer takes, in
// alphabetical order.
func Operators() []string { return slices.Sorted(maps.Keys(converters)) }

// many stands for any number of inputs or outputs.
const many = -1

// arity says how many inputs, at least and at most, and outputs operators have;
// those that are not here have the numbers of their kind.
var arity = map[string]struct{ minIn, maxIn, out int }{
	"Conv": {2, 3, 1}, "ConvTranspose": {2, 3, 1}, "DeformConv": {3, 5, 1},
	"MaxPool": {1, 1, 2}, "Gemm": {2, 3, 1}, "BatchNormalization": {5, 5, 5}, "InstanceNormalization": {3, 3, 1}, "LayerNormalization": {2, 3, 1},
	"MatMul": {2, 2, 1}, "PRelu": {2, 2, 1}, "Where": {3, 3, 1}, "Concat": {1, many, 1}, "Split": {1, 2, many}, "Slice": {1, 5, 1},
	"Gather": {2, 2, 1}, "GatherND": {2, 2, 1}, "SplitToSequence": {1, 2, 1}, "SequenceAt": {2, 2, 1}, "Compress": {2, 2, 1}, "ScatterElements": {3, 3, 1}, "Pad": {1, 4, 1}, "Reshape": {2, 2, 1}, "Squeeze": {1, 2, 1}, "Unsqueeze": {1, 2, 1}, "Dropout": {1, 3, 2},
	"Expand": {2, 2, 1}, "Tile": {2, 2, 1}, "Constant": {0, 0, 1}, "Range": {3, 3, 1}, "Resize": {1, 4, 1}, "Upsample": {1, 2, 1},
	"Clip": {1, 3, 1}, "CastLike": {2, 2, 1}, "Sum": {1, many, 1}, "Max": {1, many, 1}, "Min": {1, many, 1}, "Mean": {1, many, 1}, "If": {1, 1, many},
}

// checkArity compares the node with the table. The first output has to be there.
func (n *node) checkArity() error {
	a, ok := arity[n.p.op]
	switch {
	case ok:
	case ir.IsBinary(n.p.op):
		a.minIn, a.maxIn, a.out = 2, 2, 1
	case strings.HasPrefix(n.p.op, "Reduce"):
		a.minIn, a.maxIn, a.out = 1, 2, 1
	default:
		a.minIn, a.maxIn, a.out = 1, 1, 1
	}
	if k := len(n.in); k < a.minIn || a.maxIn != many && k > a.maxIn {
		most := fmt.Sprint(" to ", a.maxIn)
		switch {
		case a.maxIn == many:
			most = " or more"
		case a.maxIn == a.minIn:
			most = ""
		}
		return fmt.Errorf("%d inputs, want %d%s", k, a.minIn, most)
	}
	if a.maxIn == many && slices.Contains(n.in, nil) {
		return fmt.Errorf("input %d is left out, want all of them", slices.Index(n.in, nil))
	}
	if k := len(n.out); k == 0 || a.out != many && k > a.out {
		return fmt.Errorf("%d outputs, want 1 to %d", k, max(a.out, 1))
	}
	if n.out[0] == nil && a.out != many {
		return fmt.Errorf("output 0 is left out")
	}
	return nil
}

func (n *node) window() ir.Window {
	return ir.Window{
		Kernel: n.ints("kernel_shape"), Stride: n.ints("strides"), Dilation: n.ints("dilations"),
		Pads: n.ints("pads"), AutoPad: n.string("auto_pad", ""),
	}
}

func convTranspose(n *node) (ir.Op, error) {
	return &ir.ConvTranspose{Window: n.window(), Group: n.int("group", 1), OutputPad: n.ints("output_padding"), OutputShape: n.ints("output_shape")}, nil
}

func deformConv(n *node) (ir.Op, error) {
	return &ir.DeformConv{Window: n.window(), Group: n.int("group", 1), OffsetGroup: n.int("offset_group", 1)}, nil
}

func maxPool(n *node) (ir.Op, error) {
	return &ir.Pool{Max: true, Window: n.window(), Ceil: n.bool("ceil_mode"), ColumnMajor: n.bool("storage_order")}, nil
}

func averagePool(n *node) (ir.Op, error) {
	return &ir.Pool{Window: n.window(), Ceil: n.bool("ceil_mode"), CountIncludePad: n.bool("count_include_pad")}, nil
}

func gemm(n *node) (ir.Op, error) {
	return &ir.Gemm{Alpha: n.float("alpha", 1), Beta: n.float("beta", 1), TransA: n.bool("transA"), TransB: n.bool("transB")}, nil
}

func batchNorm(n *node) (ir.Op, error) {
	n.ignore("momentum", "consumed_inputs", "is_test")
	if n.int("spatial", 1) != 1 {
		return nil, fmt.Errorf("spatial 0 is %w, want 1", ir.ErrUnsupported)
	}
	if n.bool("training_mode") {
		return nil, fmt.Errorf("training_mode 1 is %w, want 0; export the model for inference", ir.ErrUnsupported)
	}
	for i, v := range n.out {
		if i > 0 && v != nil {
			return nil, fmt.Errorf("output %d (%q) is for training: %w, want only Y; export the model for inference", i, v.Name, ir.ErrUnsupported)
		}
	}
	return &ir.BatchNorm{Eps: n.float("epsilon", 1e-5)}, nil
}

func (n *node) softmax(log bool) ir.Op {
	if n.im.opset < 13 {
		return &ir.Softmax{Axis: n.int("axis", 1), Log: log, Flat: true}
	}
	return &ir.Softmax{Axis: n.int("axis", -1), Log: log}
}

func split(n *node) (ir.Op, error) {
	if k := n.int("num_outputs", len(n.out)); k != len(n.out) {
		return nil, fmt.Errorf("num_outputs is %d, the node has %d outputs", k, len(n.out))
	}
	return &ir.Split{Axis: n.int("axis", 0), Sizes: n.ints("split")}, nil
}

func slice(n *node) (ir.Op, error) {
	if n.im.opset < 10 {
		n.in = n.in[:min(1, len(n.in))]
		n.intsInput("starts")
		n.intsInput("ends")
		n.intsInput("axes")
	}
	return &ir.Slice{}, nil
}

func pad(n *node) (ir.Op, error) {
	op := &ir.Pad{Mode: n.string("mode", "constant")}
	if n.im.opset < 11 {
		op.Pads, op.Value = n.ints("pads"), n.float("value", 0)
	}
	return op, nil
}

func (n *node) squeeze(from string) (ir.Op, error) {
	op := &ir.Reshape{From: from, Axes: n.ints("axes")}
	if from == "Unsqueeze" && op.Axes == nil && len(n.in) < 2 {
		return nil, fmt.Errorf("axes are missing")
	}
	return op, nil
}

func dropout(n *node) (ir.Op, error) {
	n.ignore("ratio", "seed", "is_test", "consumed_inputs")
	if len(n.out) > 1 && n.out[1] != nil {
		// The mask of a network that does not train is all ones.
		one := &ir.Tensor{DType: ir.Bool, Shape: []int{1}, I: []int64{1}}
		if n.im.opset < 10 {
			one = ir.FloatTensor([]float32{1}, 1)
		}
		like := n.temp("shape")
		n.emit(&ir.Shape{}, n.in[:1], []*ir.Value{like})
		n.emit(&ir.ConstantOfShape{Data: one}, []*ir.Value{like}, n.out[1:2])
	}
	n.emit(&ir.Reshape{From: "Dropout"}, n.in, n.out[:1])
	return nil, nil
}

func constantNode(n *node) (ir.Op, error) {
	var t *ir.Tensor
	switch {
	case n.has("value"):
		a := n.attr("value", attrTensor)
		if a.t == nil {
			return nil, fmt.Errorf("attribute \"value\" holds no tensor")
		}
		var err error
		if t, err = n.im.decodeAttr(a); err != nil {
			return nil, err
		}
	case n.has("value_float"):
		t = &ir.Tensor{DType: ir.Float32, Shape: []int{}, F: []float32{n.float("value_float", 0)}}
	case n.has("value_int"):
		t = &ir.Tensor{DType: ir.Int64, Shape: []int{}, I: []int64{n.attr("value_int", attrInt).i}}
	case n.has("value_floats"):
		v := n.attr("value_floats", attrFloats).floats
		t = ir.FloatTensor(v, len(v))
	case n.has("value_ints"):
		t = ir.IntTensor(n.attr("value_ints", attrInts).ints)
	default:
		return nil, fmt.Errorf("the kind of constant is %w, want one of the attributes value, value_float, value_floats, value_int and value_ints", ir.ErrUnsupported)
	}
	return &ir.Constant{Data: t}, nil
}

func constantOfShape(n *node) (ir.Op, error) {
	op := &ir.ConstantOfShape{}
	if a := n.attr("value", attrTensor); a != nil && a.t != nil {
		var err error
		if op.Data, err = n.im.decodeAttr(a); err != nil {
			return nil, err
		}
	}
	return op, nil
}

func cast(n *node) (ir.Op, error) {
	n.ignore("saturate", "round_mode") // of floats of 8 bits
	to, err := elemType(int64(n.int("to", 0)))
	if err != nil {
		return nil, fmt.Errorf("attribute \"to\": %w", err)
	}
	return &ir.Cast{To: to}, nil
}

func resize(n *node) (ir.Op, error) {
	op := &ir.Resize{Mode: n.string("mode", "nearest")}
	if n.im.opset < 11 { // X, scales; what Upsample does
		op.Coord, op.Nearest = "asymmetric", "simple"
		if len(n.in) == 2 {
			n.in = []*ir.Value{n.in[0], nil, n.in[1]}
		}
		return op, nil
	}
	op.Coord = n.string("coordinate_transformation_mode", "half_pixel")
	op.Nearest = n.string("nearest_mode", "round_prefer_floor")
	op.CubicA = n.float("cubic_coeff_a", -0.75)
	op.Exclude = n.bool("exclude_outside")
	op.Antialias = n.bool("antialias")
	op.Axes = n.ints("axes")
	op.Policy = n.string("keep_aspect_ratio_policy", "stretch")
	op.Outside = n.float("extrapolation_value", 0)
	return op, nil
}

func upsample(n *node) (ir.Op, error) {
	op := &ir.Resize{Mode: n.string("mode", "nearest"), Coord: "asymmetric", Nearest: "simple"}
	if op.Mode == "bilinear" {
		op.Mode = "linear"
	}
	if a := n.attr("scales", attrFloats); a != nil {
		if len(a.floats) > maxList {
			return nil, fmt.Errorf("attribute \"scales\" has %d elements, want at most %d", len(a.floats), maxList)
		}
		n.in = []*ir.Value{n.in[0], nil, constant(ir.FloatTensor(a.floats, len(a.floats)))}
	} else if len(n.in) == 2 {
		n.in = []*ir.Value{n.in[0], nil, n.in[1]}
	}
	return op, nil
}

func (n *node) argReduce(f string) ir.Op {
	return &ir.ArgReduce{Func: f, Axis: n.int("axis", 0), Keep: n.int("keepdims", 1) != 0, SelectLast: n.bool("select_last_index")}
}

func (n *node) reduce(f string) ir.Op {
	return &ir.Reduce{Func: f, Axes: n.ints("axes"), Keep: n.int("keepdims", 1) != 0, NoopEmpty: n.bool("noop_with_empty_axes")}
}

func clip(n *node) (ir.Op, error) {
	op := &ir.Unary{Func: "Clip", Alpha: float32(math.Inf(-1)), Beta: float32(math.Inf(1))}
	if n.im.opset < 11 {
		op.Alpha, op.Beta = n.float("min", -math.MaxFloat32), n.float("max", math.MaxFloat32)
	}
	return op, nil
}

// variadic chains a binary function over all inputs.
func (n *node) variadic(f string) (ir.Op, error) {
	acc := n.in[0]
	if len(n.in) == 1 {
		return &ir.Reshape{From: "Identity"}, nil
	}
	for i, v := range n.in[1:] {
		out := n.out[0]
		if i+2 < len(n.in) {
			out = n.temp(fmt.Sprint(i))
		}
		n.emit(&ir.Binary{Func: f}, []*ir.Value{acc, v}, []*ir.Value{out})
		acc = out
	}
	return nil, nil
}

func mean(n *node) (ir.Op, error) {
	sum := n.temp("sum")
	out := n.out[0]
	n.out = []*ir.Value{sum}
	op, err := n.variadic("Add")
	if err != nil {
		return nil, err
	}
	if op != nil {
		n.emit(op, n.in, n.out)
	}
	k := constant(&ir.Tensor{DType: ir.Float32, Shape: []int{}, F: []float32{1 / float32(len(n.in))}})
	n.emit(&ir.Binary{Func: "Mul"}, []*ir.Value{sum, k}, []*ir.Value{out})
	return nil, nil
}

// layerNorm writes (x − mean) / sqrt(variance + eps) · scale + bias over the last
// axes in terms of other operators, as exporters did before there was one for it.
func layerNorm(n *node) (ir.Op, error) {
	axis, eps := n.int("axis", -1), n.float("epsilon", 1e-5)
	n.ignore("stash_type")
	if axis >= 0 || axis < -8 {
		return nil, fmt.Errorf("axis %d is %w, want one counted from the end, -1 to -8", axis, ir.ErrUnsupported)
	}
	var axes []int
	for a := axis; a < 0; a++ {
		axes = append(axes, a)
	}
	step := func(out string, op ir.Op, in ...*ir.Value) *ir.Value {
		v := n.temp(out)
		n.emit(op, in, []*ir.Value{v})
		return v
	}
	mean := func() ir.Op { return &ir.Reduce{Func: "ReduceMean", Axes: slices.Clone(axes), Keep: true} }
	d := step("d", &ir.Binary{Func: "Sub"}, n.in[0], step("mean", mean(), n.in[0]))
	v := step("variance", mean(), step("square", &ir.Binary{Func: "Mul"}, d, d))
	v = step("stable", &ir.Binary{Func: "Add"}, v, constant(&ir.Tensor{DType: ir.Float32, Shape: []int{}, F: []float32{eps}}))
	y := step("normal", &ir.Binary{Func: "Div"}, d, step("deviation", &ir.Unary{Func: "Sqrt"}, v))
	last, in := &ir.Binary{Func: "Mul"}, []*ir.Value{y, n.in[1]}
	if len(n.in) > 2 && n.in[2] != nil {
		last, in = &ir.Binary{Func: "Add"}, []*ir.Value{step("scaled", last, in...), n.in[2]}
	}
	n.emit(last, in, n.out)
	return nil, nil
}

// maxDepth bounds the nesting of If.
const maxDepth = 16

// ifNode imports both branches; Resolve keeps the one that the constant
// condition chooses.
func ifNode(n *node) (ir.Op, error) {
	if n.im.depth >= maxDepth {
		return nil, fmt.Errorf("branches are nested deeper than %d", maxDepth)
	}
	op := &ir.If{}
	for i, name := range []string{"then_branch", "else_branch"} {
		a := n.attr(name, attrGraph)
		if a == nil {
			return nil, fmt.Errorf("attribute %q is missing", name)
		}
		if n.err != nil {
			return nil, n.err
		}
		gp, err := parseGraph(a.g)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if len(gp.inputs) > 0 {
			return nil, fmt.Errorf("%s has inputs, want a graph that reads the values around it", name)
		}
		sub := newImporter(gp, n.im)
		if err := sub.body(gp); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		op.Branch[i] = sub.g
		n.in = append(n.in, sub.used...)
	}
	return op, nil
}
