package quant

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	ermfmt "github.com/edgerun/edgerun/fmt"
	"github.com/edgerun/edgerun/internal/interp"
	"github.com/edgerun/edgerun/internal/ir"
	"github.com/edgerun/edgerun/internal/onnx"
	"github.com/edgerun/edgerun/internal/onnxtest"
	edgerun "github.com/edgerun/edgerun/runtime"
)

// floors are the least SQNR, in dB, of an operator quantized on its own input,
// as it is (mostly 16 bits wide) and with its result forced into 8 bits.
// Measured, less 2 dB; operators that are not here have to reach 30.
var floors = map[string][2]float64{
	"Conv": {41, 37}, "ConvTranspose": {40, 35}, "DeformConv": {34, 33}, "Gemm": {41, 37}, "MatMul": {39, 38}, "BatchNormalization": {46, 37},
	"MaxPool": {42, 43}, "AveragePool": {40, 31}, "GlobalAveragePool": {47, 44}, "GlobalMaxPool": {46, 46}, "ReduceMean": {42, 36}, "ReduceMax": {45, 45},
	"Add": {80, 37}, "Sub": {80, 39}, "Mul": {80, 38}, "Div": {74, 39}, "Max": {60, 40}, "Min": {80, 40}, "Sum": {75, 37}, "Mean": {80, 41},
	"Concat": {80, 41}, "Slice": {80, 40}, "Pad": {80, 41}, "Reshape": {80, 43}, "Flatten": {80, 44}, "Squeeze": {80, 39}, "Unsqueeze": {80, 44},
	"Transpose": {80, 43}, "DepthToSpace": {80, 46}, "SpaceToDepth": {80, 45}, "Expand": {80, 46}, "Tile": {80, 45}, "Upsample": {70, 42},
	"Relu": {77, 45}, "Clip": {72, 42}, "LeakyRelu": {76, 39}, "PRelu": {75, 31}, "Elu": {53, 39}, "Sigmoid": {46, 48}, "HardSigmoid": {36, 43},
	"HardSwish": {58, 43}, "Swish": {56, 45}, "Mish": {58, 45}, "Gelu": {56, 44}, "Softplus": {65, 44},
	"Softmax": {60, 40}, "LogSoftmax": {75, 40},
}

// exceptions are single cases that lose more, and why.
var exceptions = []struct {
	pattern string
	floor   float64
	why     string
}{
	{`softmax_large`, 2, "numbers of 1000 and more leave no bits for differences of 1"},
	{`^official/softmax_|^official/logsoftmax_|^softmax_|^logsoftmax_`, 30, "few classes"},
	{`^(official/)?(sign|round|thresholdedrelu)`, 3, "a jump at a number that the input's scale moves across it"},
	{`^(official/)?(sin|cos)`, 22, "many periods within the input's range"},
	{`^(official/)?(softsign|reciprocal|log|ceil|floor)`, 28, "steep where the input's steps are coarse"},
	{`reduce_log_sum_exp|reduce_log_sum_.*expanded`, -15, "the logarithm of sums that span many decades"},
	{`^reducesum_input_all`, 4, "positive and negative numbers that cancel"},
	{`^(official/)?reduce_?min`, 24, "the smallest of numbers up to 60 is 1"},
	{`^resize_antialias_`, 19, "a mean of input that has the input's scale"},
	{`^split_attribute`, 27, "parts smaller than the whole, whose scale they have"},
	{`^official/resize_downsample_scales_.*_align_corners`, 10, "the files divide by the unrounded size, see TestNodeTests"},
}

// refusals are the only reasons why an operator is not taken; those at the end
// name the operators that they may be given for.
var refusals = []struct{ want, ops string }{
	{"does not depend on the inputs", ``},                     // constant networks
	{"is empty", ``},                                          // tensors without elements
	{"want float32", ``},                                      // integer arithmetic
	{"want 3 (N, C, L) or 4 (N, C, H, W)", ``},                // three spatial axes
	{"export the model for inference", ``},                    // training
	{"a constant operand is not supported", ``},               // constant networks
	{"are computed from data", `^Conv$`},                      // weights
	{"is computed from data", `^(Range|If|ConstantOfShape)$`}, // shapes and conditions
	{"indices computed from data", `^Gather$`},
	{"opset 1 is", `^Not$`},
	{"no axis", `^Compress$`},
	{"reduction \"", `^ScatterElements$`},
	{"the operator is not supported in int8", `^ScatterElements$`},
	{"a cast to ", `^Cast(Like)?$`},
	{"on two tensors is", `^(Pow|Mod|Equal|Greater|Less|GreaterOrEqual|LessOrEqual)$`},
	{"the operator is not supported in int8", `^(ReduceProd|InstanceNormalization|LRN)$`},
	{"in int8, want a single one", `^MatMul$`},                            // a matrix per batch
	{"(Gemm): the operator is not supported in int8", `^Gemm$`},           // likewise
	{"(MaxPool): the operator is not supported in int8", `^MaxPool$`},     // with indices
	{"(BatchNormalization): the operator is not", `^BatchNormalization$`}, // of rank 5
	{"want 3 or 4 axes", `^(Global.*Pool|Resize)$`},
	{"want only height and width to change", `^Resize$`},
	{"lies outside the image", `^Resize$`}, // tf_crop_and_resize beyond the edge
	{"want constant", `^Pad$`},             // wrapping around more than once; integers
}

// TestOperators quantizes the models of single operators that internal/interp
// is tested with on their own input: those of tools/vectors/operators.py and
// the official node tests, with all inputs but the first constant. What the
// integers compute has to come as close to what ONNX Runtime, or the test's
// author, says as the operator's floor, or the operator is refused for one of
// the reasons above.
func TestOperators(t *testing.T) {
	cases, err := onnxtest.ReadOps("../internal/interp/testdata/operators.jsonl.gz")
	require.NoError(t, err)
	var count tallyOps
	for _, c := range cases {
		var in, want []*ir.Tensor
		for _, v := range c.In {
			in = append(in, v.Tensor())
		}
		for _, v := range c.Out {
			want = append(want, v.Tensor())
		}
		t.Run(c.Name, func(t *testing.T) { count.operator(t, c.Name, c.Model, c.Shapes(), in, want) })
	}
	_, tests, err := onnxtest.ReadNodeTests("../internal/interp/testdata/nodetests.jsonl.gz")
	require.NoError(t, err)
	for _, c := range tests {
		model, in, want, err := parameters(&c)
		if err != nil || len(in) == 0 || strings.HasSuffix(c.Name, "_expanded") || strings.Contains(c.Name, "_expanded_ver") {
			continue // element types that are not taken; constants; other operators' definitions
		}
		name := "official/" + c.Name
		t.Run(name, func(t *testing.T) { count.operator(t, name, model, nil, in, want) })
	}
	t.Logf("%d quantized, %d of them in 8 bits too; %d refused", count.taken, count.narrow, count.refused)
	require.Greater(t, count.taken, 1850)
	require.Greater(t, count.narrow, 1850)
	if filter := flag.Lookup("test.run").Value.String(); !t.Failed() && !strings.Contains(filter, "/") {
		count.document(t)
	}
}

// tallyOps counts what became of the cases.
type tallyOps struct {
	taken, narrow, refused int
	facts                  map[string]*operatorFacts
}

func (c *tallyOps) operator(t *testing.T, name string, model []byte, shapes map[string][]int, in, want []*ir.Tensor) {
	for _, x := range slices.Concat(in, want) {
		for _, v := range floats(x) {
			if math.IsInf(float64(v), 0) || v != v {
				return // infinities and NaNs have no scale
			}
		}
	}
	ops := onnxtest.Ops(model)
	op := ops[0]
	if len(ops) > 1 {
		op = ""
	}
	f := c.of(op)
	if strings.HasPrefix(name, "official/") {
		f.official++
	} else {
		f.own++
	}
	for i, forced := range []bool{false, true} {
		sqnr, file, err := quantizedOp(name, model, shapes, in, want, forced)
		if err != nil {
			require.NotContains(t, err.Error(), "\n")
			require.True(t, refusedFor(err, op), "%v", err)
			if !forced {
				c.refused++
				f.refused[reason(err)]++
			}
			return
		}
		floor := 30.0
		if f, ok := floors[op]; ok {
			floor = f[i]
		}
		for _, e := range exceptions {
			if regexp.MustCompile(e.pattern).MatchString(name) {
				floor = e.floor
				break
			}
		}
		for k, q := range sqnr {
			require.GreaterOrEqual(t, q, floor, "output %d, in 8 bits: %v", k, forced)
		}
		if forced {
			c.narrow++
			continue
		}
		c.taken++
		f.int8++
		for _, o := range file.Ops {
			f.kinds[o.Kind] = true
		}
	}
}

func refusedFor(err error, op string) bool {
	if !errors.Is(err, ErrUnsupported) {
		return strings.Contains(err.Error(), "dynamic axes") || strings.Contains(err.Error(), "has 0 elements") // no shapes are given for official tests
	}
	for _, r := range refusals {
		if strings.Contains(err.Error(), r.want) && regexp.MustCompile(r.ops).MatchString(op) {
			return true
		}
	}
	return op == "" // a net of several operators
}

// quantizedOp quantizes a model and returns the SQNR of every output, and the file.
func quantizedOp(name string, model []byte, shapes map[string][]int, in, want []*ir.Tensor, forced bool) ([]float64, *ermfmt.Model, error) {
	m, err := OpenBytes(model, name, OpenOptions{Shapes: shapes})
	if err != nil {
		return nil, nil, err
	}
	if forced {
		if want, err = forceNarrow(m, want); err != nil {
			return nil, nil, err
		}
	}
	var s Sample
	for _, x := range in {
		s = append(s, floats(x))
	}
	opt := Options{Method: MinMax, Workers: 1}
	if slices.ContainsFunc(m.graph.Nodes, func(n *ir.Node) bool { _, f := n.Op.(ir.Function); return f }) {
		opt.Method = Auto // which looks for the part of the range where the function is not flat
	}
	r, err := m.Quantize(context.Background(), SampleList{s}, opt)
	if err != nil {
		return nil, nil, err
	}
	got, err := realOutputs(r.Bytes, s)
	if err != nil {
		return nil, nil, err
	}
	var sqnr []float64
	for i, w := range want {
		var n noise
		for k, x := range floats(w) {
			n.add(float64(x), float64(got[i][k]))
		}
		q := math.Inf(1)
		if v := n.sqnr(); v != nil {
			q = *v
		}
		sqnr = append(sqnr, q)
	}
	return sqnr, r.Model, nil
}

// realOutputs runs a file on a sample, with one thread.
func realOutputs(file []byte, s Sample) (out [][]float32, err error) {
	err = runFile(file, s, 1, func(t *edgerun.Tensor) error {
		out = append(out, make([]float32, t.Len()))
		return t.Float32(out[len(out)-1])
	})
	return out, err
}

// forceNarrow makes every float output 8 bits wide by putting a maximum of
// neighbours behind it, which only 8-bit values have, and returns what is wanted
// then.
func forceNarrow(m *Model, want []*ir.Tensor) ([]*ir.Tensor, error) {
	var out []*ir.Tensor
	for i, v := range m.graph.Outputs {
		n := v.Len()
		if !v.IsFloat() || n < 2 || n > 16384 {
			out = append(out, want[i])
			continue
		}
		flat, y := &ir.Value{Name: fmt.Sprint("flat", i)}, &ir.Value{Name: fmt.Sprint("narrow", i)}
		for _, nd := range []*ir.Node{
			{Name: "flat", Op: &ir.Reshape{Shape: []int{1, 1, n}, Zero: true}, In: []*ir.Value{v}, Out: []*ir.Value{flat}},
			{Name: "narrow", Op: &ir.Pool{Max: true, Window: ir.Window{Kernel: []int{2}, Pads: []int{0, 1}}}, In: []*ir.Value{flat}, Out: []*ir.Value{y}},
		} {
			if err := nd.Op.Infer(nd); err != nil {
				return nil, err
			}
			m.graph.Nodes = append(m.graph.Nodes, nd)
		}
		m.graph.Outputs[i] = y
		w := ir.NewTensor(ir.Float32, []int{1, 1, n})
		for k, x := range want[i].F {
			w.F[k] = max(x, want[i].F[min(k+1, n-1)])
		}
		out = append(out, w)
	}
	var err error
	m.run, err = interp.New(m.graph)
	return out, err
}

// parameters makes all inputs of an official test but the first constants, and
// of a deformable convolution those that are weights.
func parameters(c *onnxtest.NodeTest) (model []byte, in, want []*ir.Tensor, err error) {
	model = c.Model
	for i, raw := range c.In {
		if i > 0 && !(slices.Contains(onnxtest.Ops(c.Model), "DeformConv") && (i == 2 || i == 4)) {
			model = onnxtest.AddToGraph(model, onnxtest.Bytes(5, raw))
			continue
		}
		t, err := protoTensor(raw)
		if err != nil {
			return nil, nil, nil, err
		}
		in = append(in, t)
	}
	for _, raw := range c.Out {
		t, err := protoTensor(raw)
		if err != nil {
			return nil, nil, nil, err
		}
		want = append(want, t)
	}
	return model, in, want, nil
}

// protoTensor decodes a TensorProto as the importer decodes initializers.
func protoTensor(raw []byte) (*ir.Tensor, error) {
	// A model that is nothing but this tensor.
	g, err := onnx.Import(onnxtest.Model(onnx.MaxOpset, onnxtest.Bytes(5, raw), onnxtest.Out(onnxtest.TensorName(raw))), onnx.Options{})
	if err != nil {
		return nil, err
	}
	return g.Outputs[0].Const, nil
}
