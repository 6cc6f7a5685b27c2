package onnx_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/interp"
	"github.com/edgerun/edgerun/internal/ir"
	"github.com/edgerun/edgerun/internal/onnx"
	ot "github.com/edgerun/edgerun/internal/onnxtest"
)

// oneLine checks the form of an error message.
func oneLine(t *testing.T, err error) {
	t.Helper()
	require.NotContains(t, err.Error(), "\n")
	require.NotContains(t, err.Error(), "\x00")
	require.Less(t, len(err.Error()), 2000)
}

// load is what happens to a file before it runs.
func load(model []byte, opt onnx.Options) (*interp.Machine, error) {
	g, err := onnx.Import(model, opt)
	if err != nil {
		return nil, err
	}
	if err := g.Resolve(interp.Eval); err != nil {
		return nil, err
	}
	return interp.New(g)
}

var names = ot.Names

// relu is a graph of one node.
func relu(input []byte) []byte {
	return ot.Join(input, ot.Node("Relu", names("x"), names("y")), ot.Out("y"))
}

func TestInputShapes(t *testing.T) {
	f := ir.Float32
	for _, c := range []struct {
		name   string
		input  []byte
		shapes map[string][]int
		want   []int
		err    string
	}{
		{"static", ot.In("x", f, 2, 3), nil, []int{2, 3}, ""},
		{"named batch is 1", ot.In("x", f, "N", 3, 4), nil, []int{1, 3, 4}, ""},
		{"unknown batch is 1", ot.In("x", f, nil, 3, 4), nil, []int{1, 3, 4}, ""},
		{"batch of 0 is 1", ot.In("x", f, 0, 3, 4), nil, []int{1, 3, 4}, ""},
		{"batch of -1 is 1", ot.In("x", f, -1, 3, 4), nil, []int{1, 3, 4}, ""},
		{"batch from the options", ot.In("x", f, "N", 3, 4), map[string][]int{"x": {8, 3, 4}}, []int{8, 3, 4}, ""},
		{"options win", ot.In("x", f, 1, 3, 8, 8), map[string][]int{"x": {1, 3, 16, 16}}, []int{1, 3, 16, 16}, ""},
		{"no shape, but options", ot.Bytes(11, ot.ValueInfo("x", f, nil)), map[string][]int{"x": {1, 2}}, []int{1, 2}, ""},
		{"dynamic height", ot.In("x", f, "N", 3, "h", "w"), nil, nil, `input "x" is Nx3xhxw; its dynamic axes need sizes, e.g. --shape x=1x3x224x224`},
		{"dynamic channels", ot.In("x", f, 1, nil, 8), nil, nil, `input "x" is 1x?x8; its dynamic axes need sizes, e.g. --shape x=1x224x8`},
		{"dynamic vector", ot.In("x", f, "n"), nil, nil, `input "x" is n; its dynamic axes need sizes, e.g. --shape x=1`},
		{"no shape", ot.Bytes(11, ot.ValueInfo("x", f, nil)), nil, nil, `input "x" has no shape in the file; give one, e.g. --shape x=1x3x224x224`},
		{"wrong rank", ot.In("x", f, "N", 3, 4), map[string][]int{"x": {1, 3}}, nil, `input "x" is Nx3x4: the shape given for it, [1 3], has rank 2, want 3`},
		{"negative size", ot.In("x", f, "N", 3), map[string][]int{"x": {1, -3}}, nil, `input "x": shape [1 -3]: a dimension is negative`},
		{"given too large", ot.In("x", f, "N", 3), map[string][]int{"x": {1 << 20, 1 << 20}}, nil, `input "x": shape [1048576 1048576]: more than`},
		{"unknown name", ot.In("x", f, 1, 3), map[string][]int{"y": {1, 3}}, nil, `a shape is given for input "y"; the inputs are ["x"]`},
		{"huge", ot.In("x", f, 1, int64(1<<40)), nil, nil, `input "x": dimension 1 is 1099511627776, want at most 268435456`},
		{"product too large", ot.In("x", f, 1<<20, 1<<20), nil, nil, `input "x": shape [1048576 1048576]: more than 268435456 elements`},
		{"strange names", ot.In("x", f, 1, 3, "a\nb"), nil, nil, `input "x" is 1x3xa\nb; its dynamic axes`},
		{"string", ot.In("x", ot.String, 1), nil, nil, `input "x": element type string is not supported`},
		{"complex", ot.In("x", 15, 1), nil, nil, `input "x": element type 15 is not supported, want float`},
		{"sequence", ot.Bytes(11, ot.Text(1, "x"), ot.Bytes(2, ot.Bytes(4))), nil, nil, `input "x" is no tensor but a sequence, an optional or a map`},
		{"no type", ot.Bytes(11, ot.Text(1, "x")), nil, nil, `input "x" is no tensor`},
		{"no name", ot.In("", f, 1), nil, nil, `input 0: it has no name`},
		{"twice", ot.Join(ot.In("x", f, 1), ot.In("x", f, 1)), nil, nil, `input "x" is listed twice`},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := load(ot.Model(13, relu(c.input)), onnx.Options{Shapes: c.shapes})
			if c.err != "" {
				require.ErrorContains(t, err, "onnx: ")
				require.ErrorContains(t, err, c.err)
				oneLine(t, err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, m.Graph().Inputs[0].Shape)
			require.Equal(t, c.want, m.Graph().Outputs[0].Shape)
		})
	}
	t.Run("rank 0", func(t *testing.T) {
		m, err := load(ot.Model(13, relu(ot.Bytes(11, ot.ValueInfo("x", f, []any{})))), onnx.Options{})
		require.NoError(t, err)
		require.Equal(t, []int{}, m.Graph().Inputs[0].Shape)
	})
	for _, d := range []ir.DType{ot.Float16, ot.BFloat16, ot.Double} {
		t.Run(fmt.Sprint("type ", uint8(d)), func(t *testing.T) {
			m, err := load(ot.Model(13, relu(ot.In("x", d, 1, 2))), onnx.Options{})
			require.NoError(t, err)
			require.Equal(t, ir.Float32, m.Graph().Inputs[0].DType)
		})
	}
}

// TestInitializerIsInput: files of IR version 3 list initializers among the
// inputs.
func TestInitializerIsInput(t *testing.T) {
	graph := ot.Join(ot.In("x", ir.Float32, 2), ot.In("w", ir.Float32, 2), ot.Init("w", ot.F([]float32{3, 4})),
		ot.Node("Mul", names("x", "w"), names("y")), ot.Out("y"))
	m, err := load(ot.Join(ot.Int(1, 3), ot.Opset("", 8), ot.Bytes(7, graph)), onnx.Options{})
	require.NoError(t, err)
	require.Len(t, m.Graph().Inputs, 1)
	out, err := m.Run(context.Background(), []*ir.Tensor{ot.F([]float32{1, 2})}, nil)
	require.NoError(t, err)
	require.Equal(t, []float32{3, 8}, out[0].F)
	_, err = load(ot.Model(8, graph), onnx.Options{Shapes: map[string][]int{"w": {2}}})
	require.ErrorContains(t, err, `a shape is given for input "w"; the inputs are ["x"]`)
}

func TestOpsets(t *testing.T) {
	g := relu(ot.In("x", ir.Float32, 1))
	for _, c := range []struct {
		name  string
		model []byte
		err   string
	}{
		{"oldest", ot.Model(onnx.MinOpset, g), ""},
		{"newest", ot.Model(onnx.MaxOpset, g), ""},
		{"too old", ot.Model(onnx.MinOpset-1, g), `onnx: opset 6 is not supported, want 7 to 26`},
		{"too new", ot.Model(onnx.MaxOpset+1, g), `onnx: opset 27 is not supported, want 7 to 26`},
		{"missing", ot.Model(0, g), `onnx: the model does not say its opset version, want 7 to 26`},
		{"of another domain only", ot.Join(ot.Opset("com.microsoft", 1), ot.Model(0, g)), `onnx: the model does not say its opset version`},
		{"ai.onnx", ot.Join(ot.Opset("ai.onnx", 13), ot.Model(0, g)), ""},
		{"with another domain", ot.Join(ot.Opset("com.microsoft", 1), ot.Model(13, g)), ""},
		{"negative", ot.Join(ot.Opset("", -1), ot.Model(0, g)), `onnx: opset -1 is not supported`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := load(c.model, onnx.Options{})
			if c.err == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.err)
			oneLine(t, err)
		})
	}
}

// in4 declares x [1, 2, 4, 4].
var in4 = ot.In("x", ir.Float32, 1, 2, 4, 4)

// TestErrors: what is wrong with the file is said in one line, with the name of
// the node, and what would be right.
func TestErrors(t *testing.T) {
	y := ot.Out("y")
	one := func(op string, in []string, fields ...[]byte) []byte {
		return ot.Join(in4, ot.Node(op, in, names("y"), fields...), y)
	}
	w := ot.Init("w", ot.F(make([]float32, 2*2*3*3), 2, 2, 3, 3))
	unsupported := true
	for _, c := range []struct {
		name        string
		graph       []byte
		err         string
		unsupported bool
	}{
		{"unknown operator", one("Foo", names("x")), `node "the Foo" (Foo): the operator is not supported; see docs/operators.md`, unsupported},
		{"strange operator", one("a\nb", names("x")), `(a\nb): the operator is not supported`, unsupported},
		{"unknown domain", one("Relu", names("x"), ot.Text(7, "com.microsoft")), `node "the Relu" (Relu): operators of domain "com.microsoft" are not supported, want the default domain`, unsupported},
		{"unknown attribute", one("Relu", names("x"), ot.AttrInt("alpha", 1)), `node "the Relu" (Relu): attribute "alpha" is not supported, want none but ["consumed_inputs"]`, unsupported},
		{"another function's attribute", one("Elu", names("x"), ot.AttrFloat("gamma", 1)), `attribute "gamma" is not supported, want none but ["alpha" "consumed_inputs"]`, unsupported},
		{"attribute of an old opset", one("Slice", names("x"), ot.AttrInts("starts", 0)), `node "the Slice" (Slice): attribute "starts" is not supported`, unsupported},
		{"wrong attribute type", one("Softmax", names("x"), ot.AttrFloat("axis", 1)), `node "the Softmax" (Softmax): attribute "axis" has type FLOAT (1), want INT`, false},
		{"a list for a number", one("Softmax", names("x"), ot.AttrInts("axis", 1)), `attribute "axis" has type INTS (7), want INT`, false},
		{"a string for a list", one("MaxPool", names("x"), ot.AttrString("kernel_shape", "3")), `attribute "kernel_shape" has type STRING (3), want INTS`, false},
		{"attribute without a name", one("Relu", names("x"), ot.Bytes(5, ot.Int(3, 1))), `node 0: "the Relu": attribute "": it has no name`, false},
		{"function attribute outside a function", one("Relu", names("x"), ot.Bytes(5, ot.Text(1, "a"), ot.Text(21, "b"))), `a reference to a function's attribute`, false},
		{"no operator", ot.Join(in4, ot.Bytes(1, ot.Text(1, "x"), ot.Text(2, "y"), ot.Text(3, "n")), y), `node 0: "n" has no operator`, false},
		{"no outputs of a node", ot.Join(in4, ot.Node("Relu", names("x"), nil), y), `node "the Relu" (Relu): 0 outputs, want 1 to 1`, false},
		{"output left out", ot.Join(in4, ot.Node("Relu", names("x"), names("")), ot.Out("x")), `output 0 is left out`, false},
		{"too many outputs", ot.Join(in4, ot.Node("Relu", names("x"), names("y", "z")), y), `2 outputs, want 1 to 1`, false},
		{"too few inputs", one("Conv", names("x")), `node "the Conv" (Conv): 1 inputs, want 2 to 3`, false},
		{"too many inputs", one("Relu", names("x", "x")), `2 inputs, want 1`, false},
		{"no inputs", one("Concat", nil, ot.AttrInt("axis", 0)), `0 inputs, want 1 or more`, false},
		{"input left out", one("Sum", names("x", "")), `input 1 is left out, want all of them`, false},
		{"needed input left out", ot.Join(in4, w, ot.Node("Conv", names("", "w"), names("y")), y), `node "the Conv" (Conv): input 0 (X) is missing`, false},
		{"nobody computes the input", one("Relu", names("z")), `node "the Relu" (Relu): input "z" is neither a network input nor a constant nor computed by a node`, false},
		{"nobody computes the output", ot.Join(in4, ot.Out("y")), `output "y" is computed by no node`, false},
		{"no outputs", in4, `the graph has no outputs, want at least one`, false},
		{"output without a name", ot.Join(in4, ot.Out("")), `output 0: it has no name`, false},
		{"output twice", ot.Join(relu(in4), y), `output "y" is listed twice`, false},
		{"cycle", ot.Join(in4, ot.Node("Add", names("x", "b"), names("a")), ot.Node("Relu", names("a"), names("b")), ot.Out("b")), `node "the Add" (Add): the node depends on its own output`, false},
		{"own output", one("Add", names("x", "y")), `node "the Add" (Add): the node depends on its own output`, false},
		{"two nodes, one output", ot.Join(in4, ot.Node("Relu", names("x"), names("y")), ot.Node("Neg", names("x"), names("y")), y), `node "the Neg" (Neg): value "y" is also an output of node "the Relu"`, false},
		{"one node, two outputs of a name", ot.Join(in4, ot.Node("Split", names("x"), names("y", "y"), ot.AttrInt("axis", 1)), y), `value "y" is also an output of node`, false},
		{"output of a node is an input", ot.Join(in4, ot.Node("Relu", names("x"), names("x")), ot.Out("x")), `node "the Relu" (Relu): output "x" is already a network input or an initializer`, false},
		{"output of a node is an initializer", ot.Join(in4, w, ot.Node("Relu", names("x"), names("w")), ot.Out("w")), `output "w" is already a network input or an initializer`, false},
		{"initializer twice", ot.Join(in4, w, w, relu(nil)), `initializer "w" stands twice`, false},
		{"initializer without a name", ot.Join(relu(in4), ot.Init("", ot.F([]float32{1}))), `initializer 0 has no name`, false},
		{"sparse initializer", ot.Join(relu(in4), ot.Bytes(15)), `sparse initializers are not supported, want dense ones`, unsupported},
		{"shapes do not fit", ot.Join(in4, ot.Init("b", ot.F(make([]float32, 3))), ot.Node("Add", names("x", "b"), names("y")), y), `node "the Add" (Add): shapes [1 2 4 4] and [3] do not broadcast`, false},
		{"types do not fit", ot.Join(in4, ot.Init("b", ot.I(1)), ot.Node("Add", names("x", "b"), names("y")), y), `node "the Add" (Add): inputs are float32 and int64, want one type`, false},
		{"shape from data", ot.Join(in4, ot.In("s", ir.Int64, 1), ot.Node("Reshape", names("x", "s"), names("y")), y), `node "the Reshape" (Reshape): input 1 (shape or axes, "s") is computed from data: not supported, want a constant`, unsupported},
		{"shape of floats", ot.Join(in4, ot.Init("s", ot.F([]float32{-1})), ot.Node("Reshape", names("x", "s"), names("y")), y), `input 1 (shape or axes) is float32, want integers`, false},
		{"integers for floats", ot.Join(ot.In("x", ir.Int64, 1, 2, 4, 4), w, ot.Node("Conv", names("x", "w"), names("y")), y), `node "the Conv" (Conv): input 0 (X) of type int64 is not supported, want float32`, unsupported},
		{"auto_pad", ot.Join(in4, w, ot.Node("Conv", names("x", "w"), names("y"), ot.AttrString("auto_pad", "SAME")), y), `node "the Conv" (Conv): auto_pad "SAME" is not supported, want NOTSET, SAME_UPPER, SAME_LOWER or VALID`, unsupported},
		{"negative pads", ot.Join(in4, w, ot.Node("Conv", names("x", "w"), names("y"), ot.AttrInts("pads", 0, -1, 0, 0)), y), `pads [0 -1 0 0]: want values in [0,`, false},
		{"three pads", ot.Join(in4, w, ot.Node("Conv", names("x", "w"), names("y"), ot.AttrInts("pads", 1, 1, 1)), y), `pads [1 1 1]: want 4 values`, false},
		{"stride 0", ot.Join(in4, w, ot.Node("Conv", names("x", "w"), names("y"), ot.AttrInts("strides", 1, 0)), y), `strides [1 0]: want values in [1,`, false},
		{"group 0", ot.Join(in4, w, ot.Node("Conv", names("x", "w"), names("y"), ot.AttrInt("group", 0)), y), `group 0 does not divide`, false},
		{"three spatial axes", ot.Join(ot.In("x", ir.Float32, 1, 2, 4, 4, 4), ot.Node("MaxPool", names("x"), names("y"), ot.AttrInts("kernel_shape", 2, 2, 2)), y), `has rank 5: not supported, want 3 (N, C, L) or 4 (N, C, H, W)`, unsupported},
		{"resize mode", one("Resize", names("x", "", "s"), ot.AttrString("mode", "area")), `input "s" is neither`, false},
		{"training BatchNormalization", one("BatchNormalization", names("x", "x", "x", "x", "x"), ot.AttrInt("training_mode", 1)), `node "the BatchNormalization" (BatchNormalization): training_mode 1 is not supported, want 0; export the model for inference`, unsupported},
		{"training outputs", ot.Join(in4, ot.Node("BatchNormalization", names("x", "x", "x", "x", "x"), names("y", "mean", "var")), y), `output 1 ("mean") is for training: not supported, want only Y; export the model for inference`, unsupported},
		{"spatial 0", one("BatchNormalization", names("x", "x", "x", "x", "x"), ot.AttrInt("spatial", 0)), `spatial 0 is not supported, want 1`, unsupported},
		{"training Dropout", ot.Join(in4, ot.Init("r", ot.F([]float32{0.5})), ot.Init("t", &ir.Tensor{DType: ir.Bool, Shape: []int{}, I: []int64{1}}), ot.Node("Dropout", names("x", "r", "t"), names("y")), y), `node "the Dropout" (Dropout): input 2 (training_mode) is true or computed from data: not supported, want a constant false`, unsupported},
		{"string constant", ot.Join(in4, ot.Node("Constant", nil, names("y"), ot.AttrString("value_string", "x")), y), `node "the Constant" (Constant): the kind of constant is not supported, want one of the attributes value, value_float`, unsupported},
		{"sparse constant", ot.Join(in4, ot.Node("Constant", nil, names("y"), ot.Bytes(5, ot.Text(1, "sparse_value"), ot.Int(20, 11))), y), `the kind of constant is not supported`, unsupported},
		{"constant without data", ot.Join(in4, ot.Node("Constant", nil, names("y"), ot.Bytes(5, ot.Text(1, "value"), ot.Int(20, 4))), y), `attribute "value" holds no tensor`, false},
		{"broken constant", ot.Join(in4, ot.Node("Constant", nil, names("y"), ot.Bytes(5, ot.Text(1, "value"), ot.Bytes(5, ot.Int(2, 1), ot.Dims(2)), ot.Int(20, 4))), y), `node "the Constant" (Constant): attribute "value": 0 elements of data, want 2 for [2]`, false},
		{"cast to a string", one("Cast", names("x"), ot.AttrInt("to", ot.String)), `node "the Cast" (Cast): attribute "to": element type string is not supported`, unsupported},
		{"cast without a type", one("Cast", names("x")), `attribute "to": element type 0 is not supported`, unsupported},
		{"depth to space order", one("DepthToSpace", names("x"), ot.AttrString("mode", "XYZ"), ot.AttrInt("blocksize", 1)), `mode "XYZ" is not supported, want DCR or CRD`, unsupported},
		{"gelu", one("Gelu", names("x"), ot.AttrString("approximate", "fast")), `approximate "fast" is not supported, want none or tanh`, unsupported},
		{"num_outputs", ot.Join(in4, ot.Node("Split", names("x"), names("y", "z"), ot.AttrInt("num_outputs", 3)), y), `num_outputs is 3, the node has 2 outputs`, false},
		{"long list", one("Transpose", names("x"), ot.AttrInts("perm", make([]int64, 5000)...)), `attribute "perm" has 5000 elements, want at most 4096`, false},
		{"dimension too many", ot.Join(ot.In("x", ir.Float32, make([]any, 20)...), relu(nil)), `input 0: "x" has 17 dimensions or more, want at most 16`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := load(ot.Model(13, c.graph), onnx.Options{})
			require.Error(t, err)
			require.Contains(t, err.Error(), c.err)
			oneLine(t, err)
			require.Equal(t, c.unsupported, errors.Is(err, ir.ErrUnsupported))
		})
	}
	t.Run("model-local functions", func(t *testing.T) {
		_, err := load(ot.Join(ot.Model(13, relu(in4)), ot.Bytes(25, ot.Text(1, "f"))), onnx.Options{})
		require.ErrorContains(t, err, "onnx: model-local functions are not supported; export with the functions inlined")
		require.ErrorIs(t, err, ir.ErrUnsupported)
	})
	for name, data := range map[string][]byte{
		"empty file": {}, "text": []byte("hello, I am no model"), "no graph": ot.Opset("", 13), "two graphs": ot.Join(ot.Model(13, relu(in4)), ot.Bytes(7)),
		"graph is a number": ot.Join(ot.Opset("", 13), ot.Int(7, 1)), "node is a number": ot.Model(13, ot.Int(1, 5)),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(data, onnx.Options{})
			require.ErrorContains(t, err, "onnx: ")
			oneLine(t, err)
		})
	}
}

// TestIf: Resolve replaces an If whose condition is constant by the branch.
func TestIf(t *testing.T) {
	cond := func(v int64) []byte {
		return ot.Init("c", &ir.Tensor{DType: ir.Bool, Shape: []int{}, I: []int64{v}})
	}
	x := ot.In("x", ir.Float32, 2)
	branch := func(op, in, out string) []byte {
		return ot.Join(ot.Node(op, names(in), names(out)), ot.Out(out))
	}
	both := func(then, els []byte) []byte {
		return ot.Node("If", names("c"), names("y"), ot.AttrGraph("then_branch", then), ot.AttrGraph("else_branch", els))
	}
	inner := func(then, els []byte, out string) []byte {
		return ot.Node("If", names("c"), names(out), ot.AttrGraph("then_branch", then), ot.AttrGraph("else_branch", els))
	}
	for _, c := range []struct {
		name  string
		graph []byte
		want  []float32 // of -1, 2
		err   string
	}{
		{"then", ot.Join(x, cond(1), both(branch("Relu", "x", "a"), branch("Neg", "x", "b"))), []float32{0, 2}, ""},
		{"else", ot.Join(x, cond(0), both(branch("Relu", "x", "a"), branch("Neg", "x", "b"))), []float32{1, -2}, ""},
		{"branches use one name", ot.Join(x, cond(0), both(branch("Relu", "x", "a"), branch("Neg", "x", "a"))), []float32{1, -2}, ""},
		{"a branch hides an outer name", ot.Join(x, cond(1), ot.Node("Abs", names("x"), names("a")), both(branch("Neg", "x", "a"), branch("Relu", "a", "b"))), []float32{1, -2}, ""},
		{"captures a computed value", ot.Join(x, cond(1), both(branch("Neg", "d", "a"), branch("Relu", "x", "b")), ot.Node("Abs", names("x"), names("d"))), []float32{-1, -2}, ""},
		{"initializer in the branch", ot.Join(x, cond(1), both(ot.Join(ot.Init("k", ot.F([]float32{10, 20})), ot.Node("Mul", names("x", "k"), names("a")), ot.Out("a")), branch("Relu", "x", "b"))), []float32{-10, 40}, ""},
		{"branch without nodes", ot.Join(x, cond(1), both(ot.Out("x"), branch("Relu", "x", "b"))), []float32{-1, 2}, ""},
		{"branch is an initializer", ot.Join(x, cond(1), both(ot.Join(ot.Init("k", ot.F([]float32{10, 20})), ot.Out("k")), branch("Relu", "x", "b"))), []float32{10, 20}, ""},
		{"nested, capturing what the branch computes", ot.Join(x, cond(1), both(
			ot.Join(ot.Node("Abs", names("x"), names("d")), inner(branch("Neg", "d", "e"), branch("Relu", "d", "e"), "f"), ot.Out("f")),
			branch("Relu", "x", "b"))), []float32{-1, -2}, ""},
		{"nested twice, capturing from everywhere", ot.Join(x, cond(1), ot.Node("Exp", names("x"), names("unused")), ot.Node("Neg", names("x"), names("n")), both(
			ot.Join(ot.Node("Abs", names("n"), names("d")), inner(
				ot.Join(ot.Node("Add", names("d", "n"), names("e")), inner(
					ot.Join(ot.Node("Sum", names("x", "n", "d", "e"), names("g")), ot.Out("g")), branch("Relu", "d", "g"), "h"), ot.Out("h")),
				branch("Relu", "d", "e"), "f"), ot.Out("f")),
			branch("Relu", "x", "b"))), []float32{3, 2}, ""},
		{"condition by shape", ot.Join(x, ot.Init("two", &ir.Tensor{DType: ir.Int64, Shape: []int{}, I: []int64{2}}), ot.Node("Size", names("x"), names("s")), ot.Node("Equal", names("s", "two"), names("c")),
			both(branch("Relu", "x", "a"), branch("Neg", "x", "b"))), []float32{0, 2}, ""},

		{"condition is an input", ot.Join(x, ot.In("c", ir.Bool, 1), both(branch("Relu", "x", "a"), branch("Neg", "x", "b"))), nil, `node "the If" (If): the condition is computed from data: not supported, want a constant`},
		{"condition of two", ot.Join(x, ot.Init("c", &ir.Tensor{DType: ir.Bool, Shape: []int{2}, I: []int64{1, 0}}), both(branch("Relu", "x", "a"), branch("Neg", "x", "b"))), nil, `the condition has 2 elements, want 1`},
		{"no else", ot.Join(x, cond(1), ot.Node("If", names("c"), names("y"), ot.AttrGraph("then_branch", branch("Relu", "x", "a")))), nil, `node "the If" (If): attribute "else_branch" is missing`},
		{"branch is no graph", ot.Join(x, cond(1), ot.Node("If", names("c"), names("y"), ot.AttrInt("then_branch", 1))), nil, `attribute "then_branch" has type INT (2), want GRAPH`},
		{"branch with inputs", ot.Join(x, cond(1), both(ot.Join(ot.In("z", ir.Float32, 1), branch("Relu", "z", "a")), branch("Neg", "x", "b"))), nil, `then_branch has inputs`},
		{"branch with two outputs", ot.Join(x, cond(1), both(ot.Join(branch("Relu", "x", "a"), ot.Out("x")), branch("Neg", "x", "b"))), nil, `node "the If" (If): the branch has 2 outputs, the node 1`},
		{"error in a branch", ot.Join(x, cond(1), both(branch("Relu", "x", "a"), branch("Foo", "x", "b"))), nil, `else_branch: node "the Foo" (Foo): the operator is not supported`},
		{"branch reads what nobody computes", ot.Join(x, cond(1), both(branch("Relu", "z", "a"), branch("Neg", "x", "b"))), nil, `node "the Relu" (Relu): input "z" is neither`},
		{"branch reads the result", ot.Join(x, cond(1), both(branch("Relu", "y", "a"), branch("Neg", "x", "b"))), nil, `node "the If" (If): the node depends on its own output`},
		{"cycle in a branch", ot.Join(x, cond(1), both(ot.Join(ot.Node("Relu", names("b"), names("a")), ot.Node("Neg", names("a"), names("b")), ot.Out("a")), branch("Neg", "x", "b"))), nil, `the node depends on its own output`},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := load(ot.Model(13, c.graph, ot.Out("y")), onnx.Options{})
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
				oneLine(t, err)
				return
			}
			require.NoError(t, err)
			out, err := m.Run(context.Background(), []*ir.Tensor{ot.F([]float32{-1, 2})}, nil)
			require.NoError(t, err)
			require.Equal(t, c.want, out[0].F)
		})
	}
	t.Run("too deep", func(t *testing.T) {
		g := branch("Relu", "x", "y")
		for range 20 {
			g = ot.Join(both(g, branch("Neg", "x", "y")), ot.Out("y"))
		}
		_, err := load(ot.Model(13, x, cond(1), g), onnx.Options{})
		require.ErrorContains(t, err, "nested deeper than 16")
	})
}

// sample is a small valid model with a bit of everything.
func sample() []byte {
	return ot.Join(ot.Text(2, "onnxtest"), ot.Model(13,
		ot.Text(2, "sample"), ot.In("x", ir.Float32, "N", 2, 4, 4),
		ot.Init("w", ot.F(make([]float32, 8), 4, 2, 1, 1)), ot.Init("b", ot.F([]float32{1, 2, 3, 4})), ot.Init("shape", ot.I(0, -1)),
		ot.Init("c", &ir.Tensor{DType: ir.Bool, Shape: []int{}, I: []int64{1}}),
		ot.Node("Conv", names("x", "w", "b"), names("a"), ot.AttrInts("strides", 2, 2), ot.AttrInt("group", 1), ot.AttrString("auto_pad", "VALID")),
		ot.Node("LeakyRelu", names("a"), names("r"), ot.AttrFloat("alpha", 0.25)),
		ot.Node("If", names("c"), names("i"), ot.AttrGraph("then_branch", ot.Node("Neg", names("r"), names("n")), ot.Out("n")), ot.AttrGraph("else_branch", ot.Out("r"))),
		ot.Node("Constant", nil, names("k"), ot.AttrTensor("value", ot.F([]float32{2}))),
		ot.Node("Mul", names("i", "k"), names("m")),
		ot.Node("Reshape", names("m", "shape"), names("y")),
		ot.Out("y")))
}

// TestDamaged cuts and changes a valid file everywhere: it is imported, or there
// is an error, and nothing else happens.
func TestDamaged(t *testing.T) {
	model := sample()
	m, err := load(model, onnx.Options{})
	require.NoError(t, err)
	require.Equal(t, []int{1, 16}, m.Graph().Outputs[0].Shape)
	try := func(data []byte) {
		m, err := load(data, onnx.Options{})
		if err != nil {
			oneLine(t, err)
			return
		}
		for _, v := range m.Graph().Inputs {
			if v.Len() > 1<<16 {
				return
			}
		}
		_, err = m.Run(context.Background(), zeros(m.Graph()), nil)
		if err != nil {
			oneLine(t, err)
		}
	}
	for n := range model {
		_, err := onnx.Import(model[:n], onnx.Options{})
		if n > 0 && err == nil {
			t.Logf("the first %d bytes are a model", n)
		}
		try(model[:n])
	}
	for i := range model {
		for _, x := range []byte{1, 2, 4, 8, 16, 32, 64, 128, 255, model[i], ^model[i]} {
			data := append([]byte{}, model...)
			data[i] ^= x
			try(data)
		}
		try(append(append([]byte{}, model[:i]...), model[i+1:]...))
	}
}

// zeros makes inputs for a graph.
func zeros(g *ir.Graph) []*ir.Tensor {
	var in []*ir.Tensor
	for _, v := range g.Inputs {
		in = append(in, ir.NewTensor(v.DType, v.Shape))
	}
	return in
}

// TestHostile: a small file cannot make us take gigabytes or minutes.
func TestHostile(t *testing.T) {
	y := ot.Out("y")
	x1 := ot.In("x", ir.Float32, 1, 1, 4, 4)
	k := func(v ...int64) *ir.Tensor { return ot.I(v...) }
	scalar := func(v int64) *ir.Tensor { return &ir.Tensor{DType: ir.Int64, Shape: []int{}, I: []int64{v}} }
	doubling := func(n int, step func(i int, from, to string) []byte) []byte {
		g := []byte{}
		from := "x"
		for i := range n {
			to := fmt.Sprint("v", i)
			if i == n-1 {
				to = "y"
			}
			g = append(g, step(i, from, to)...)
			from = to
		}
		return g
	}
	const ok = "" // no error wanted
	for _, c := range []struct {
		name  string
		graph []byte
		err   string
	}{
		{"ConstantOfShape", ot.Join(ot.Init("s", k(1<<28)), ot.Node("ConstantOfShape", names("s"), names("y")), y), "has 268435456 elements, want at most 67108864"},
		{"ConstantOfShape beyond everything", ot.Join(ot.Init("s", k(1<<62, 1<<62, 4)), ot.Node("ConstantOfShape", names("s"), names("y")), y), "more than 268435456 elements"},
		{"ConstantOfShape negative", ot.Join(ot.Init("s", k(-5)), ot.Node("ConstantOfShape", names("s"), names("y")), y), "a dimension is negative"},
		{"many ConstantOfShape", ot.Join(ot.Init("s", k(1<<23)), doubling(64, func(i int, _, to string) []byte {
			return ot.Join(ot.Node("ConstantOfShape", names("s"), names(to)), ot.Out(to+"s"), ot.Node("Size", names(to), names(to+"s")))
		})), "constants computed from constants have more than 67108864 elements"},
		{"Range", ot.Join(ot.Init("a", scalar(0)), ot.Init("b", scalar(1<<62)), ot.Init("c", scalar(1)), ot.Node("Range", names("a", "b", "c"), names("y")), y), "elements, want at most 67108864"},
		{"Range of nothing", ot.Join(ot.Init("a", scalar(0)), ot.Init("b", scalar(1)), ot.Init("c", scalar(0)), ot.Node("Range", names("a", "b", "c"), names("y")), y), "delta is 0"},
		{"Range of NaN", ot.Join(ot.Init("a", ot.F([]float32{0})), ot.Init("b", ot.F([]float32{nan})), ot.Init("c", ot.F([]float32{1})), ot.Node("Range", names("a", "b", "c"), names("y")), y), "NaN elements"},
		{"Range backwards forever", ot.Join(ot.Init("a", scalar(1<<62)), ot.Init("b", scalar(-1<<62)), ot.Init("c", scalar(-1)), ot.Node("Range", names("a", "b", "c"), names("y")), y), "elements, want at most"},
		{"Expand a constant", ot.Join(ot.Init("a", k(1)), ot.Init("s", k(1<<14, 1<<13)), ot.Node("Expand", names("a", "s"), names("y")), y), "constants computed from constants"},
		{"Tile a constant", ot.Join(ot.Init("a", k(1)), ot.Init("s", k(1<<20)), ot.Node("Tile", names("a", "s"), names("b")), ot.Node("Tile", names("b", "s"), names("y")), y), "more than 268435456 elements"},
		{"Pad a constant", ot.Join(ot.Init("a", ot.F([]float32{1, 1}, 1, 2)), ot.Init("s", k(1<<13, 1<<13, 0, 0)), ot.Node("Pad", names("a", "s"), names("y")), y), "constants computed from constants"},
		{"Pad too far", ot.Join(x1, ot.Init("s", k(0, 0, 0, 1<<40, 0, 0, 0, 0)), ot.Node("Pad", names("x", "s"), names("y")), y), "do not fit [1 1 4 4]"},
		{"Pad crops everything", ot.Join(x1, ot.Init("s", k(0, 0, 0, -3, 0, 0, 0, -3)), ot.Node("Pad", names("x", "s"), names("y")), y), "do not fit [1 1 4 4]"},
		{"Resize a constant", ot.Join(ot.Init("a", ot.F([]float32{1, 1}, 1, 1, 1, 2)), ot.Init("s", k(1, 1, 1<<14, 1<<13)), ot.Node("Resize", names("a", "", "", "s"), names("y")), y), "constants computed from constants"},
		{"Resize too large", ot.Join(x1, ot.Init("s", k(1, 1, 1, 1<<40)), ot.Node("Resize", names("x", "", "", "s"), names("y")), y), "want sizes in [1, 268435456]"},
		{"Resize by infinity", ot.Join(x1, ot.Init("s", ot.F([]float32{1, 1, 1, inf})), ot.Node("Resize", names("x", "", "s"), names("y")), y), "want resulting sizes in [1, 268435456]"},
		{"Resize by NaN", ot.Join(x1, ot.Init("s", ot.F([]float32{1, 1, 1, nan})), ot.Node("Resize", names("x", "", "s"), names("y")), y), "want resulting sizes in"},
		{"Resize to nothing", ot.Join(x1, ot.Init("s", ot.F([]float32{1, 1, 1, 0.1})), ot.Node("Resize", names("x", "", "s"), names("y")), y), "want resulting sizes in"},
		{"Resize at the limit", ot.Join(x1, ot.Init("s", k(1, 1, 1, 1<<28)), ot.Node("Resize", names("x", "", "", "s"), names("y"), ot.AttrString("mode", "linear")), y), "MiB"},
		{"Resize of a row, folded", ot.Join(ot.Init("a", ot.F([]float32{1, 2}, 1, 1, 1, 2)), ot.Init("s", k(1, 1, 1, 1<<23)), ot.Node("Resize", names("a", "", "", "s"), names("y"), ot.AttrString("mode", "cubic")), y), ok},
		{"huge input", ot.Join(ot.In("x", ir.Float32, 1, 1, 1<<14, 1<<14), ot.Node("Relu", names("x"), names("a")), ot.Node("Add", names("a", "x"), names("y")), y), "MiB"},
		{"huge output", ot.Join(x1, ot.Node("ConvTranspose", names("x", "w"), names("y"), ot.AttrInts("output_shape", 1<<14, 1<<14)), ot.Init("w", ot.F([]float32{1, 1, 1, 1, 1, 1}, 1, 6, 1, 1)), y), "more than 268435456 elements"},
		{"huge stride of a ConvTranspose", ot.Join(x1, ot.Node("ConvTranspose", names("x", "w"), names("y"), ot.AttrInts("strides", 1<<20, 1<<20)), ot.Init("w", ot.F([]float32{1}, 1, 1, 1, 1)), y), "more than 268435456 elements"},
		{"huge dilation", ot.Join(x1, ot.Node("Conv", names("x", "w"), names("y"), ot.AttrInts("dilations", 1<<20, 1<<20)), ot.Init("w", ot.F(make([]float32, 1<<10), 1, 1, 1, 1<<10)), y), "want an extent of at most"},
		{"pads in every direction", ot.Join(x1, ot.Node("Conv", names("x", "w"), names("y"), ot.AttrInts("pads", 1<<20, 1<<20, 1<<20, 1<<20)), ot.Init("w", ot.F([]float32{1}, 1, 1, 1, 1)), y), "more than 268435456 elements"},
		{"huge pool", ot.Join(ot.In("x", ir.Float32, 1, 1, 8192, 8192), ot.Node("MaxPool", names("x"), names("y"), ot.AttrInts("kernel_shape", 4096, 4096)), y), "operations"},
		{"huge pool, folded", ot.Join(ot.Init("s", k(1, 1, 2048, 2048)), ot.Node("ConstantOfShape", names("s"), names("x")), ot.Node("AveragePool", names("x"), names("y"), ot.AttrInts("kernel_shape", 1024, 1024)), y), "computing the graph's constants takes more than"},
		{"huge kernel, folded", ot.Join(ot.Init("s", k(1, 1, 2048, 2048)), ot.Node("ConstantOfShape", names("s"), names("x")), ot.Init("t", k(1, 1, 1024, 1024)), ot.Node("ConstantOfShape", names("t"), names("w")), ot.Node("Conv", names("x", "w"), names("y")), y), "computing the graph's constants takes more than"},
		{"huge matrix product, folded", ot.Join(ot.Init("s", k(2000, 2000)), ot.Node("ConstantOfShape", names("s"), names("v0")), doubling(30, func(i int, _, to string) []byte {
			if i == 0 {
				return nil
			}
			return ot.Node("MatMul", names(fmt.Sprint("v", i-1), fmt.Sprint("v", i-1)), names(to))
		}), y), "constants"},
		{"wide columns", ot.Join(ot.In("x", ir.Float32, 1, 1<<12, 1, 1<<12), ot.In("w", ir.Float32, 1, 1<<12, 1, 1<<10), ot.Node("Conv", names("x", "w"), names("y"), ot.AttrInts("pads", 0, 1<<10, 0, 1<<10)), y), "MiB"},
		{"deformable columns", ot.Join(ot.In("x", ir.Float32, 1, 1<<12, 1, 1<<12), ot.In("w", ir.Float32, 1, 1<<12, 1, 64), ot.In("o", ir.Float32, 1, 128, 1, 1<<12-63), ot.Node("DeformConv", names("x", "w", "o"), names("y")), y), "MiB"},
		{"doubling by Concat", ot.Join(x1, doubling(40, func(i int, from, to string) []byte {
			return ot.Node("Concat", names(from, from), names(to), ot.AttrInt("axis", 0))
		}), y), "more than 268435456 elements"},
		{"doubling by Resize", ot.Join(x1, ot.Init("s", ot.F([]float32{1, 1, 2, 2})), doubling(40, func(i int, from, to string) []byte {
			return ot.Node("Resize", names(from, "", "s"), names(to))
		}), y), "elements"},
		{"constant doubling by Concat", ot.Join(ot.Init("x", k(1)), doubling(40, func(i int, from, to string) []byte {
			return ot.Node("Concat", names(from, from), names(to), ot.AttrInt("axis", 0))
		}), y), "constants computed from constants"},
		{"constant growing by Mul", ot.Join(ot.Init("x", ot.F(make([]float32, 1<<10), 1<<10, 1)), ot.Init("r", ot.F(make([]float32, 1<<17), 1, 1<<17)), ot.Node("Mul", names("x", "r"), names("y")), y), "constants computed from constants"},
		{"many live values", ot.Join(ot.In("x", ir.Float32, 1, 1<<24), doubling(64, func(i int, _, to string) []byte {
			return ot.Node("Exp", names("x"), names(fmt.Sprint("e", i)))
		}), ot.Node("Sum", func() (s []string) {
			for i := range 64 {
				s = append(s, fmt.Sprint("e", i))
			}
			return s
		}(), names("y")), y), "MiB"},
		{"SpaceToDepth", ot.Join(ot.In("x", ir.Float32, 1, 1<<20, 0, 0), ot.Node("SpaceToDepth", names("x"), names("y"), ot.AttrInt("blocksize", 1<<12)), y), "channels"},
		{"DepthToSpace", ot.Join(x1, ot.Node("DepthToSpace", names("x"), names("y"), ot.AttrInt("blocksize", 1<<16)), y), "want rank 4 and a block of 1 to 4096"},
		{"mask of a Dropout that nobody reads", ot.Join(ot.In("x", ir.Float32, 1, 1, 8192, 8192), ot.Node("Dropout", names("x"), names("y", "mask")), y), ok},
		{"long chain", ot.Join(x1, doubling(20000, func(i int, from, to string) []byte { return ot.Node("Relu", names(from), names(to)) }), y), ok},
		{"long chain in reverse order", ot.Join(x1, func() (g []byte) {
			for i := 20000; i > 0; i-- {
				g = append(g, ot.Node("Relu", names(fmt.Sprint("v", i-1)), names(fmt.Sprint("v", i)))...)
			}
			return append(g, ot.Node("Relu", names("x"), names("v0"))...)
		}(), ot.Out("v20000")), ok},
		{"many outputs", ot.Join(x1, func() (g []byte) {
			for i := range 20000 {
				g = append(append(g, ot.Node("Relu", names("x"), names(fmt.Sprint("v", i)))...), ot.Out(fmt.Sprint("v", i))...)
			}
			return g
		}()), ok},
		{"many inputs", ot.Join(func() (g []byte) {
			for i := range 20000 {
				v := fmt.Sprint("v", i)
				g = append(append(append(g, ot.In(v, ir.Float32, 1)...), ot.Node("Relu", names(v), names(v+"r"))...), ot.Out(v+"r")...)
			}
			return g
		}()), ok},
		{"many branches", ot.Join(x1, ot.Init("c", &ir.Tensor{DType: ir.Bool, Shape: []int{}, I: []int64{1}}), doubling(5000, func(i int, from, to string) []byte {
			b := ot.Join(ot.Node("Relu", names(from), names("b")), ot.Out("b"))
			return ot.Node("If", names("c"), names(to), ot.AttrGraph("then_branch", b), ot.AttrGraph("else_branch", b))
		}), y), ok},
		{"empty fields", make([]byte, 0), "no outputs"},
	} {
		t.Run(c.name, func(t *testing.T) {
			graph := c.graph
			shapes := map[string][]int{}
			if c.name == "SpaceToDepth" {
				shapes["x"] = []int{1, 1 << 20, 0, 0}
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			_, err := load(ot.Model(13, graph), onnx.Options{Shapes: shapes})
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			require.Less(t, took, 10*time.Second)
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(600<<20))
			if c.err == ok {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.err)
			oneLine(t, err)
		})
	}
}

// TestEmptyDimensions runs operators on tensors without elements.
func TestEmptyDimensions(t *testing.T) {
	w := ot.Init("w", ot.F(make([]float32, 2*2), 2, 2, 1, 1))
	v := ot.Init("v", ot.F([]float32{1, 1}))
	for _, shape := range [][]int{{0, 2, 4, 4}, {1, 2, 0, 4}, {1, 2, 4, 0}, {1, 0, 4, 4}, {0, 0, 0, 0}} {
		for _, c := range [][]byte{
			ot.Node("Conv", names("x", "w"), names("y")),
			ot.Node("Conv", names("x", "w"), names("y"), ot.AttrInts("pads", 1, 1, 1, 1)),
			ot.Node("Conv", names("x", "w"), names("y"), ot.AttrString("auto_pad", "SAME_UPPER"), ot.AttrInts("strides", 2, 2)),
			ot.Node("ConvTranspose", names("x", "w"), names("y")),
			ot.Node("ConvTranspose", names("x", "w"), names("y"), ot.AttrString("auto_pad", "SAME_LOWER")),
			ot.Node("DeformConv", names("x", "w", "x"), names("y")),
			ot.Node("MaxPool", names("x"), names("y"), ot.AttrInts("kernel_shape", 1, 1)),
			ot.Node("AveragePool", names("x"), names("y"), ot.AttrInts("kernel_shape", 2, 2), ot.AttrInts("pads", 1, 1, 1, 1), ot.AttrInt("ceil_mode", 1)),
			ot.Node("GlobalAveragePool", names("x"), names("y")),
			ot.Node("GlobalMaxPool", names("x"), names("y")),
			ot.Node("BatchNormalization", names("x", "v", "v", "v", "v"), names("y")),
			ot.Node("InstanceNormalization", names("x", "v", "v"), names("y")),
			ot.Node("LRN", names("x"), names("y"), ot.AttrInt("size", 3)),
			ot.Node("Softmax", names("x"), names("y"), ot.AttrInt("axis", 2)),
			ot.Node("MatMul", names("x", "x"), names("y")),
			ot.Node("Add", names("x", "x"), names("y")),
			ot.Node("Exp", names("x"), names("y")),
			ot.Node("PRelu", names("x", "x"), names("y")),
			ot.Node("Concat", names("x", "x"), names("y"), ot.AttrInt("axis", 2)),
			ot.Node("Split", names("x"), names("y", "z"), ot.AttrInt("axis", 3)),
			ot.Node("Flatten", names("x"), names("y")),
			ot.Node("Squeeze", names("x"), names("y")),
			ot.Node("Transpose", names("x"), names("y")),
			ot.Node("ReduceSum", names("x"), names("y")),
			ot.Node("ReduceMax", names("x"), names("y"), ot.AttrInts("axes", 2)),
			ot.Node("ReduceMean", names("x"), names("y"), ot.AttrInts("axes", 2)),
			ot.Node("ReduceL2", names("x"), names("y"), ot.AttrInts("axes", 0)),
			ot.Node("ArgMax", names("x"), names("y"), ot.AttrInt("axis", 2)),
			ot.Node("ArgMin", names("x"), names("y"), ot.AttrInt("axis", 1)),
			ot.Node("DepthToSpace", names("x"), names("y"), ot.AttrInt("blocksize", 1)),
			ot.Node("SpaceToDepth", names("x"), names("y"), ot.AttrInt("blocksize", 2)),
			ot.Node("Slice", names("x", "s0", "s1"), names("y")),
			ot.Node("Pad", names("x", "p"), names("y")),
			ot.Node("Pad", names("x", "p"), names("y"), ot.AttrString("mode", "edge")),
			ot.Node("Pad", names("x", "p"), names("y"), ot.AttrString("mode", "reflect")),
			ot.Node("Pad", names("x", "p"), names("y"), ot.AttrString("mode", "wrap")),
			ot.Node("Tile", names("x", "r"), names("y")),
			ot.Node("Resize", names("x", "", "", "r"), names("y"), ot.AttrString("mode", "linear")),
			ot.Node("Gather", names("x", "g"), names("y"), ot.AttrInt("axis", 1)),
			ot.Node("Gather", names("x", "g"), names("y"), ot.AttrInt("axis", 3)),
			ot.Node("Reshape", names("x", "f"), names("y")),
			ot.Node("Cast", names("x"), names("y"), ot.AttrInt("to", int64(ir.Int8))),
			ot.Node("Where", names("t", "x", "x"), names("y")),
			ot.Node("Mean", names("x", "x"), names("y")),
			ot.Node("Dropout", names("x"), names("y", "z")),
		} {
			for _, folded := range []bool{false, true} {
				x := ot.In("x", ir.Float32, shape[0], shape[1], shape[2], shape[3])
				opt := onnx.Options{Shapes: map[string][]int{"x": shape}}
				if folded {
					x, opt.Shapes = ot.Init("x", ot.F([]float32{}, shape...)), nil
				}
				m, err := load(ot.Model(13, x, w, v, ot.Init("s0", ot.I(0)), ot.Init("s1", ot.I(1)), ot.Init("p", ot.I(0, 0, 1, 1, 0, 0, 1, 1)), ot.Init("r", ot.I(1, 1, 2, 2)),
					ot.Init("g", ot.I(0)), ot.Init("f", ot.I(0, -1)), ot.Init("t", &ir.Tensor{DType: ir.Bool, Shape: []int{1}, I: []int64{1}}), c, ot.Out("y")), opt)
				if err != nil {
					require.Contains(t, err.Error(), `node "the `)
					oneLine(t, err)
					continue
				}
				out, err := m.Run(context.Background(), zeros(m.Graph()), nil)
				require.NoError(t, err)
				require.Equal(t, m.Graph().Outputs[0].Len(), out[0].Len())
			}
		}
	}
}

func TestOperatorsAreSorted(t *testing.T) {
	ops := onnx.Operators()
	require.IsIncreasing(t, ops)
	require.Contains(t, strings.Join(ops, " "), "Conv ConvTranspose Cos DeformConv")
}
