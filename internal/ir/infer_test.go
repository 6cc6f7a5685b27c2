package ir_test

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/ir"
)

// f, i and b are values without data; ci and cf are constants.
func f(shape ...int) *ir.Value { return &ir.Value{Name: "f", DType: ir.Float32, Shape: dims(shape)} }
func i(shape ...int) *ir.Value { return &ir.Value{Name: "i", DType: ir.Int64, Shape: dims(shape)} }
func b(shape ...int) *ir.Value { return &ir.Value{Name: "b", DType: ir.Bool, Shape: dims(shape)} }

func dims(s []int) []int { return append([]int{}, s...) }

func constant(t *ir.Tensor) *ir.Value {
	return &ir.Value{Name: "c", DType: t.DType, Shape: t.Shape, Const: t}
}

func ci(v ...int64) *ir.Value { return constant(ir.IntTensor(append([]int64{}, v...), len(v))) }

func cf(v ...float32) *ir.Value { return constant(ir.FloatTensor(append([]float32{}, v...), len(v))) }

// si and sf are constant scalars.
func si(v int64) *ir.Value {
	return constant(&ir.Tensor{DType: ir.Int64, Shape: []int{}, I: []int64{v}})
}
func sf(v float32) *ir.Value { return constant(ir.FloatTensor([]float32{v})) }

func win(kernel ...int) ir.Window { return ir.Window{Kernel: kernel} }

type in = []*ir.Value

// inferCase is an operator, its inputs, and the shapes of its outputs or a part
// of the error.
type inferCase struct {
	name string
	op   ir.Op
	in   in
	want string
	err  string
}

func runInfer(t *testing.T, cases []inferCase) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			n := &ir.Node{Name: "n", Op: c.op, In: c.in, Out: []*ir.Value{{Name: "y"}}}
			if s, ok := c.op.(*ir.Split); ok {
				for range max(1, len(s.Sizes)) {
					n.Out = append(n.Out, &ir.Value{})
				}
			}
			shapes := func() (s string) {
				for _, o := range n.Out {
					s += fmt.Sprintf("%v%v", o.DType, o.Shape)
				}
				return s
			}
			err := c.op.Infer(n)
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, shapes())
			// What passes do: once more, from what the first time left.
			require.NoError(t, c.op.Infer(n))
			require.Equal(t, c.want, shapes())
		})
	}
}

func TestInferConvolutions(t *testing.T) {
	x, w := f(1, 4, 8, 8), f(6, 4, 3, 3)
	auto := func(k int, s string) ir.Window {
		return ir.Window{Kernel: []int{k, k}, Stride: []int{2, 2}, AutoPad: s}
	}
	runInfer(t, []inferCase{
		{"Conv", &ir.Conv{Group: 1}, in{x, w, f(6)}, "float32[1 6 6 6]", ""},
		{"Conv 1-D", &ir.Conv{Group: 1, Window: ir.Window{Pads: []int{4, 0}, Dilation: []int{2}}}, in{f(2, 3, 10), f(5, 3, 3)}, "float32[2 5 10]", ""},
		{"Conv asymmetric", &ir.Conv{Group: 2, Window: ir.Window{Pads: []int{0, 1, 2, 3}, Stride: []int{2, 3}}}, in{x, f(6, 2, 3, 3)}, "float32[1 6 4 4]", ""},
		{"Conv SAME_UPPER", &ir.Conv{Group: 1, Window: auto(3, "SAME_UPPER")}, in{f(1, 4, 7, 8), w}, "float32[1 6 4 4]", ""},
		{"Conv SAME_LOWER", &ir.Conv{Group: 1, Window: auto(3, "SAME_LOWER")}, in{f(1, 4, 7, 8), w}, "float32[1 6 4 4]", ""},
		{"Conv VALID", &ir.Conv{Group: 1, Window: auto(3, "VALID")}, in{x, w}, "float32[1 6 3 3]", ""},
		{"Conv of nothing", &ir.Conv{Group: 1}, in{f(0, 4, 8, 8), w}, "float32[0 6 6 6]", ""},
		{"Conv without weights", &ir.Conv{Group: 1}, in{x}, "", "input 1 (W) is missing"},
		{"Conv of integers", &ir.Conv{Group: 1}, in{i(1, 4, 8, 8), w}, "", "input 0 (X) of type int64 is not supported, want float32"},
		{"Conv with integer bias", &ir.Conv{Group: 1}, in{x, w, i(6)}, "", "input 2 (B) of type int64"},
		{"Conv rank 2", &ir.Conv{Group: 1}, in{f(4, 8), w}, "", "input [4 8] has rank 2: not supported, want 3 (N, C, L) or 4"},
		{"Conv ranks differ", &ir.Conv{Group: 1}, in{x, f(6, 4, 3)}, "", "weights [6 4 3]: want rank 4 like the input"},
		{"Conv channels", &ir.Conv{Group: 1}, in{x, f(6, 3, 3, 3)}, "", "weights [6 3 3 3]: want 4 input channels per group, got 3"},
		{"Conv group", &ir.Conv{Group: 3}, in{x, w}, "", "group 3 does not divide 4 input and 6 output channels"},
		{"Conv group 0", &ir.Conv{}, in{x, w}, "", "group 0 does not divide"},
		{"Conv bias", &ir.Conv{Group: 1}, in{x, w, f(4)}, "", "bias [4]: want 6 values, one per output channel"},
		{"Conv kernel_shape", &ir.Conv{Group: 1, Window: win(5, 5)}, in{x, w}, "", "kernel_shape [5 5] but weights [6 4 3 3]"},
		{"Conv kernel too large", &ir.Conv{Group: 1}, in{f(1, 4, 2, 8), w}, "", "kernel [3 3] with dilation [1 1] does not fit input [2 8] with pads [0 0 0 0]"},
		{"Conv kernel 0", &ir.Conv{Group: 1, Window: win(0, 3)}, in{x, w}, "", "kernel_shape [0 3]: want values in [1,"},
		{"Conv strides", &ir.Conv{Group: 1, Window: ir.Window{Stride: []int{1}}}, in{x, w}, "", "strides [1]: want 2 values"},
		{"Conv auto_pad", &ir.Conv{Group: 1, Window: ir.Window{AutoPad: "FULL"}}, in{x, w}, "", `auto_pad "FULL" is not supported, want NOTSET, SAME_UPPER, SAME_LOWER or VALID`},

		{"ConvTranspose", &ir.ConvTranspose{Group: 1, Window: ir.Window{Stride: []int{2, 2}}}, in{f(1, 4, 3, 5), f(4, 6, 3, 3)}, "float32[1 6 7 11]", ""},
		{"ConvTranspose output_padding", &ir.ConvTranspose{Group: 2, OutputPad: []int{1, 0}, Window: ir.Window{Stride: []int{2, 2}, Pads: []int{1, 1, 1, 1}}}, in{f(1, 4, 3, 5), f(4, 3, 3, 3)}, "float32[1 6 6 9]", ""},
		{"ConvTranspose output_shape", &ir.ConvTranspose{Group: 1, OutputShape: []int{8, 10}, Window: ir.Window{Stride: []int{2, 2}}}, in{f(1, 4, 3, 5), f(4, 6, 3, 3)}, "float32[1 6 8 10]", ""},
		{"ConvTranspose output_shape of rank 4", &ir.ConvTranspose{Group: 1, OutputShape: []int{1, 6, 6, 10}, Window: ir.Window{Stride: []int{2, 2}}}, in{f(1, 4, 3, 5), f(4, 6, 3, 3)}, "float32[1 6 6 10]", ""},
		{"ConvTranspose output_shape of rank 1", &ir.ConvTranspose{Group: 1, OutputShape: []int{6}}, in{f(1, 4, 3, 5), f(4, 6, 3, 3)}, "", "output_shape [6]: want 2 values"},
		{"ConvTranspose output_shape 0", &ir.ConvTranspose{Group: 1, OutputShape: []int{0, 5}}, in{f(1, 4, 3, 5), f(4, 6, 3, 3)}, "", "output_shape [0 5]: want sizes in [1,"},
		{"ConvTranspose SAME", &ir.ConvTranspose{Group: 1, Window: ir.Window{Stride: []int{2, 3}, AutoPad: "SAME_UPPER"}}, in{f(1, 4, 3, 5), f(4, 6, 3, 3)}, "float32[1 6 6 15]", ""},
		{"ConvTranspose SAME, kernel below stride", &ir.ConvTranspose{Group: 1, Window: ir.Window{Stride: []int{2, 2}, AutoPad: "SAME_UPPER"}}, in{f(1, 4, 3, 5), f(4, 6, 1, 1)}, "float32[1 6 6 10]", ""},
		{"ConvTranspose pads", &ir.ConvTranspose{Group: 1, Window: ir.Window{Pads: []int{3, 3, 3, 3}}}, in{f(1, 4, 3, 5), f(4, 6, 3, 3)}, "", "pads [3 3 3 3] leave nothing of output size 5"},
		{"ConvTranspose channels", &ir.ConvTranspose{Group: 1}, in{f(1, 4, 3, 5), f(3, 6, 3, 3)}, "", "weights [3 6 3 3]: want 4 input channels, got 3"},
		{"ConvTranspose group", &ir.ConvTranspose{Group: 3}, in{f(1, 4, 3, 5), f(4, 6, 3, 3)}, "", "group 3 does not divide 4 input channels"},
		{"ConvTranspose output_padding below 0", &ir.ConvTranspose{Group: 1, OutputPad: []int{-1, 0}}, in{f(1, 4, 3, 5), f(4, 6, 3, 3)}, "", "output_padding [-1 0]: want values in"},
		{"ConvTranspose bias", &ir.ConvTranspose{Group: 2}, in{f(1, 4, 3, 5), f(4, 3, 3, 3), f(3)}, "", "bias [3]: want 6 values"},

		{"DeformConv", &ir.DeformConv{Group: 1, OffsetGroup: 2}, in{x, w, f(1, 36, 6, 6), nil, f(1, 18, 6, 6)}, "float32[1 6 6 6]", ""},
		{"DeformConv offset", &ir.DeformConv{Group: 1, OffsetGroup: 1}, in{x, w, f(1, 9, 6, 6)}, "", "offset [1 9 6 6]: want [1 18 6 6]"},
		{"DeformConv mask", &ir.DeformConv{Group: 1, OffsetGroup: 1}, in{x, w, f(1, 18, 6, 6), nil, f(1, 18, 6, 6)}, "", "mask [1 18 6 6]: want [1 9 6 6]"},
		{"DeformConv offset_group", &ir.DeformConv{Group: 1, OffsetGroup: 3}, in{x, w, f(1, 18, 6, 6)}, "", "offset_group 3 does not divide 4 input channels"},
		{"DeformConv channels", &ir.DeformConv{Group: 2, OffsetGroup: 1}, in{x, w, f(1, 18, 6, 6)}, "", "want 2 input channels per group, got 4"},
		{"DeformConv rank", &ir.DeformConv{Group: 1, OffsetGroup: 1}, in{f(1, 4, 8), f(6, 4, 3), f(1, 18, 6)}, "", "want rank 4"},
	})
	for _, c := range []struct {
		auto         string
		in, k, s, d  int
		lo, hi, want int
	}{
		{"SAME_UPPER", 7, 3, 1, 1, 1, 1, 7}, {"SAME_UPPER", 8, 3, 2, 1, 0, 1, 4}, {"SAME_LOWER", 8, 3, 2, 1, 1, 0, 4}, {"SAME_UPPER", 8, 2, 3, 1, 0, 0, 3},
		{"SAME_UPPER", 8, 3, 1, 2, 2, 2, 8}, {"SAME_LOWER", 5, 4, 1, 1, 2, 1, 5}, {"VALID", 7, 3, 2, 1, 0, 0, 3}, {"NOTSET", 7, 3, 2, 1, 0, 0, 3},
	} {
		op := &ir.Conv{Group: 1, Window: ir.Window{Stride: []int{c.s}, Dilation: []int{c.d}, AutoPad: c.auto}}
		n := &ir.Node{Op: op, In: in{f(1, 1, c.in), f(1, 1, c.k)}, Out: in{{}}}
		require.NoError(t, op.Infer(n))
		require.Equal(t, []int{c.lo, c.hi}, op.Pads, "%+v", c)
		require.Equal(t, []int{1, 1, c.want}, n.Out[0].Shape, "%+v", c)
	}
}

func TestInferPools(t *testing.T) {
	runInfer(t, []inferCase{
		{"MaxPool", &ir.Pool{Max: true, Window: win(2, 3)}, in{f(1, 3, 8, 9)}, "float32[1 3 7 7]", ""},
		{"MaxPool ceil", &ir.Pool{Max: true, Ceil: true, Window: ir.Window{Kernel: []int{2}, Stride: []int{2}}}, in{f(1, 3, 7)}, "float32[1 3 4]", ""},
		{"MaxPool ceil, window in the padding", &ir.Pool{Max: true, Ceil: true, Window: ir.Window{Kernel: []int{2}, Stride: []int{3}, Pads: []int{1, 1}}}, in{f(1, 3, 4)}, "float32[1 3 2]", ""},
		{"AveragePool", &ir.Pool{Window: ir.Window{Kernel: []int{3, 3}, Stride: []int{2, 2}, Pads: []int{1, 1, 1, 1}}}, in{f(1, 3, 8, 9)}, "float32[1 3 4 5]", ""},
		{"pool kernel", &ir.Pool{Window: win(2)}, in{f(1, 3, 8, 9)}, "", "kernel_shape [2]: want 2 values"},
		{"pool pads", &ir.Pool{Window: ir.Window{Kernel: []int{2, 2}, Pads: []int{2, 0, 0, 0}}}, in{f(1, 3, 8, 9)}, "", "pads [2 0 0 0] are not smaller than the kernel [2 2]"},
		{"pool of integers", &ir.Pool{Max: true, Window: win(2, 2)}, in{i(1, 3, 8, 9)}, "", "input 0 (X) of type int64 is not supported, want float32"},
		{"GlobalAveragePool", &ir.GlobalPool{}, in{f(2, 3, 4, 5)}, "float32[2 3 1 1]", ""},
		{"GlobalMaxPool 3-D", &ir.GlobalPool{Max: true}, in{f(2, 3, 4, 5, 6)}, "float32[2 3 1 1 1]", ""},
		{"GlobalAveragePool of a matrix", &ir.GlobalPool{}, in{f(2, 3)}, "", "input [2 3]: want at least one spatial axis"},
		{"GlobalAveragePool of nothing", &ir.GlobalPool{}, in{f(2, 3, 0)}, "", "input [2 3 0] is empty"},
	})
}

func TestInferMatrices(t *testing.T) {
	runInfer(t, []inferCase{
		{"Gemm", &ir.Gemm{}, in{f(2, 3), f(3, 4), f(4)}, "float32[2 4]", ""},
		{"Gemm transposed", &ir.Gemm{TransA: true, TransB: true}, in{f(3, 2), f(4, 3), f(2, 1)}, "float32[2 4]", ""},
		{"Gemm sizes", &ir.Gemm{TransB: true}, in{f(2, 3), f(3, 4)}, "", "inner sizes 3 and 4 differ"},
		{"Gemm rank", &ir.Gemm{}, in{f(2, 3, 1), f(3, 4)}, "", "want rank 2"},
		{"Gemm C", &ir.Gemm{}, in{f(2, 3), f(3, 4), f(3)}, "", "C [3] does not broadcast to [2 4]"},
		{"Gemm C too large", &ir.Gemm{}, in{f(1, 3), f(3, 4), f(2, 4)}, "", "C [2 4] does not broadcast to [1 4]"},
		{"MatMul", &ir.MatMul{}, in{f(5, 1, 2, 3), f(6, 3, 4)}, "float32[5 6 2 4]", ""},
		{"MatMul vectors", &ir.MatMul{}, in{f(3), f(3)}, "float32[]", ""},
		{"MatMul scalar", &ir.MatMul{}, in{f(), f(3)}, "", "want at least rank 1"},
		{"MatMul sizes", &ir.MatMul{}, in{f(2, 3), f(2, 3)}, "", "inner sizes 3 and 2 differ"},
		{"MatMul batches", &ir.MatMul{}, in{f(2, 2, 3), f(3, 3, 4)}, "", "do not broadcast"},
		{"Dense", &ir.Dense{}, in{f(2, 5, 3), f(4, 3), f(4)}, "float32[2 5 4]", ""},
		{"Dense sizes", &ir.Dense{}, in{f(2, 5), f(4, 3)}, "", "want [..., K] and [N, K]"},
		{"SqueezeExcite", &ir.SE{Mid: &ir.Unary{Func: "Relu"}, Gate: &ir.Unary{Func: "Sigmoid"}}, in{f(1, 8, 4, 4), f(2, 8), f(2), f(8, 2), f(8)}, "float32[1 8 4 4]", ""},
		{"SqueezeExcite sizes", &ir.SE{Mid: &ir.Unary{Func: "Relu"}, Gate: &ir.Unary{Func: "Sigmoid"}}, in{f(1, 8, 4, 4), f(2, 8), f(2), f(2, 8), f(8)}, "", "input 3 is [2 8], want [8 2]"},
		{"BatchNormalization", &ir.BatchNorm{}, in{f(1, 3, 4), f(3), f(3), f(3), f(3)}, "float32[1 3 4]", ""},
		{"BatchNormalization sizes", &ir.BatchNorm{}, in{f(1, 3, 4), f(3), f(3), f(3), f(4)}, "", "var [4]: want 3 values"},
		{"BatchNormalization of a vector", &ir.BatchNorm{}, in{f(3), f(3), f(3), f(3), f(3)}, "", "input [3]: want a channel axis"},
		{"InstanceNormalization", &ir.InstanceNorm{}, in{f(1, 3, 4), f(3), f(3)}, "float32[1 3 4]", ""},
		{"InstanceNormalization of a matrix", &ir.InstanceNorm{}, in{f(1, 3), f(3), f(3)}, "", "input [1 3]: want spatial axes"},
		{"LRN size", &ir.LRN{}, in{f(1, 3, 4)}, "", "input [1 3 4] with size 0: want a channel axis and a positive size"},
		{"Softmax axis", &ir.Softmax{Axis: 3}, in{f(1, 3, 4)}, "", "axis 3 out of range [-3, 3)"},
	})
}

func TestInferElementwise(t *testing.T) {
	runInfer(t, []inferCase{
		{"Relu", &ir.Unary{Func: "Relu"}, in{f(2, 3)}, "float32[2 3]", ""},
		{"Relu of integers", &ir.Unary{Func: "Relu"}, in{i(2, 3)}, "int64[2 3]", ""},
		{"Exp of integers", &ir.Unary{Func: "Exp"}, in{i(2, 3)}, "", "input of type int64 is not supported, want float32"},
		{"Not", &ir.Unary{Func: "Not"}, in{b(2)}, "bool[2]", ""},
		{"Not of numbers", &ir.Unary{Func: "Not"}, in{f(2)}, "", "input of type float32, want bool"},
		{"Abs of truth", &ir.Unary{Func: "Abs"}, in{b(2)}, "", "input of type bool is not supported"},
		{"unknown", &ir.Unary{Func: "Gamma"}, in{f(2)}, "", `function "Gamma" is not supported`},
		{"Clip", &ir.Unary{Func: "Clip"}, in{f(2), sf(0), sf(6)}, "float32[2]", ""},
		{"Clip by data", &ir.Unary{Func: "Clip"}, in{f(2), f(), sf(6)}, "float32[2]", ""},
		{"Clip by data above", &ir.Unary{Func: "Clip"}, in{f(2), nil, f(1)}, "float32[2]", ""},
		{"Clip by data twice", &ir.Unary{Func: "Clip"}, in{f(2), f(), f()}, "", `input 1 (min, "f") is computed from data: not supported, want a constant`},
		{"Clip by a vector of data", &ir.Unary{Func: "Clip"}, in{f(2), f(2)}, "", `input 1 (min, "f") is computed from data: not supported, want a constant`},
		{"Clip by two", &ir.Unary{Func: "Clip"}, in{f(2), nil, cf(1, 2)}, "", "bound [1 2]: want one value"},
		{"Func", &ir.Func{}, in{i(2)}, "", "want float32"},
		{"PRelu", &ir.PRelu{}, in{f(1, 3, 2, 2), f(3, 1, 1)}, "float32[1 3 2 2]", ""},
		{"PRelu slope", &ir.PRelu{}, in{f(1, 3, 2, 2), f(3)}, "", "slope [3] does not broadcast to [1 3 2 2]"},
		{"PRelu slope too large", &ir.PRelu{}, in{f(1, 3), f(2, 3)}, "", "slope [2 3] does not broadcast to [1 3]"},
		{"Add", &ir.Binary{Func: "Add"}, in{f(2, 1, 4), f(3, 1)}, "float32[2 3 4]", ""},
		{"Add types", &ir.Binary{Func: "Add"}, in{f(2), i(2)}, "", "inputs are float32 and int64, want one type"},
		{"Add truth", &ir.Binary{Func: "Add"}, in{b(2), b(2)}, "", "inputs are bool, want numbers"},
		{"Pow types", &ir.Binary{Func: "Pow"}, in{i(2), f(2)}, "int64[2]", ""},
		{"Less", &ir.Binary{Func: "Less"}, in{i(2), i(2)}, "bool[2]", ""},
		{"And", &ir.Binary{Func: "And"}, in{b(2), b(2)}, "bool[2]", ""},
		{"And numbers", &ir.Binary{Func: "And"}, in{i(2), i(2)}, "", "inputs are int64, want bool"},
		{"Where", &ir.Where{}, in{b(2, 1), f(3), f()}, "float32[2 3]", ""},
		{"Where condition", &ir.Where{}, in{f(2), f(2), f(2)}, "", "the condition is float32, want bool"},
		{"Where types", &ir.Where{}, in{b(2), f(2), i(2)}, "", "inputs are float32 and int64, want one type"},
		{"Cast", &ir.Cast{To: ir.Int8}, in{f(2)}, "int8[2]", ""},
	})
}

func TestInferMoves(t *testing.T) {
	runInfer(t, []inferCase{
		{"ReduceSum", &ir.Reduce{Func: "ReduceSum"}, in{f(2, 3, 4), ci(-1, 0)}, "float32[3]", ""},
		{"ReduceSum keep", &ir.Reduce{Func: "ReduceSum", Keep: true}, in{f(2, 3, 4)}, "float32[1 1 1]", ""},
		{"ReduceSum axis", &ir.Reduce{Func: "ReduceSum", Axes: []int{3}}, in{f(2, 3, 4)}, "", "axis 3 out of range [-3, 3)"},
		{"ReduceSum of nothing", &ir.Reduce{Func: "ReduceSum", Axes: []int{0}}, in{f(0, 3)}, "float32[3]", ""},
		{"ReduceMean of nothing", &ir.Reduce{Func: "ReduceMean", Axes: []int{0}}, in{f(0, 3)}, "", "it has no mean"},
		{"ReduceSum of truth", &ir.Reduce{Func: "ReduceSum"}, in{b(2)}, "", "input of type bool, want numbers"},
		{"ArgMax", &ir.ArgReduce{Func: "ArgMax", Axis: -1}, in{f(2, 3)}, "int64[2]", ""},
		{"ArgMax of nothing", &ir.ArgReduce{Func: "ArgMax", Axis: 1}, in{f(2, 0)}, "", "input [2 0] is empty along axis 1"},
		{"Reshape", &ir.Reshape{}, in{f(2, 3, 4), ci(0, -1)}, "float32[2 12]", ""},
		{"Reshape allowzero", &ir.Reshape{Zero: true}, in{f(0, 3), ci(3, 0)}, "float32[3 0]", ""},
		{"Reshape by data", &ir.Reshape{}, in{f(2, 3), i(2)}, "", "want a constant"},
		{"Reshape by truth", &ir.Reshape{}, in{f(2, 3), constant(&ir.Tensor{DType: ir.Bool, Shape: []int{1}, I: []int64{1}})}, "", "is bool, want integers"},
		{"Reshape elements", &ir.Reshape{}, in{f(2, 3), ci(4, 2)}, "", "shape [4 2] has 8 elements, the input [2 3] has 6"},
		{"Reshape divisor", &ir.Reshape{}, in{f(2, 3), ci(4, -1)}, "", "shape [4 -1] does not divide the 6 elements of [2 3]"},
		{"Reshape two -1", &ir.Reshape{}, in{f(2, 3), ci(-1, -1)}, "", "more than one -1"},
		{"Reshape -2", &ir.Reshape{}, in{f(2, 3), ci(-2)}, "", "want dimensions >= -1"},
		{"Reshape 0 beyond the rank", &ir.Reshape{}, in{f(2, 3), ci(2, 3, 0)}, "", "copies dimension 2 of an input of rank 2"},
		{"Reshape -1 of nothing", &ir.Reshape{}, in{f(0, 3), ci(0, -1)}, "", "does not divide"},
		{"Reshape without a shape", &ir.Reshape{}, in{f(2, 3)}, "", "input 1 (shape) is missing"},
		{"Reshape overflow", &ir.Reshape{}, in{f(2, 3), ci(1<<40, 1<<40)}, "", "is too large"},
		{"Flatten", &ir.Reshape{From: "Flatten", Axis: -1}, in{f(2, 3, 4)}, "float32[6 4]", ""},
		{"Flatten axis", &ir.Reshape{From: "Flatten", Axis: 4}, in{f(2, 3, 4)}, "", "axis 4 out of range [-3, 3]"},
		{"Squeeze", &ir.Reshape{From: "Squeeze"}, in{f(1, 3, 1), ci(-1)}, "float32[1 3]", ""},
		{"Squeeze a 3", &ir.Reshape{From: "Squeeze", Axes: []int{1}}, in{f(1, 3)}, "", "axis 1 of [1 3] is not 1"},
		{"Unsqueeze", &ir.Reshape{From: "Unsqueeze"}, in{f(3), ci(0, -1)}, "float32[1 3 1]", ""},
		{"Unsqueeze twice", &ir.Reshape{From: "Unsqueeze"}, in{f(3), ci(0, -3)}, "", "axes [0 -3]: 0 stands twice"},
		{"Dropout", &ir.Reshape{From: "Dropout"}, in{f(3), sf(0.5), constant(&ir.Tensor{DType: ir.Bool, Shape: []int{}, I: []int64{0}})}, "float32[3]", ""},
		{"Dropout trains", &ir.Reshape{From: "Dropout"}, in{f(3), nil, b()}, "", "input 2 (training_mode) is true or computed from data: not supported, want a constant false"},
		{"Transpose", &ir.Transpose{Perm: []int{2, 0, 1}}, in{f(2, 3, 4)}, "float32[4 2 3]", ""},
		{"Transpose default", &ir.Transpose{}, in{f(2, 3, 4)}, "float32[4 3 2]", ""},
		{"Transpose rank", &ir.Transpose{Perm: []int{0, 1}}, in{f(2, 3, 4)}, "", "perm [0 1]: want 3 axes"},
		{"Transpose no permutation", &ir.Transpose{Perm: []int{0, 0, 1}}, in{f(2, 3, 4)}, "", "perm [0 0 1] is not a permutation of 3 axes"},
		{"Slice", &ir.Slice{}, in{f(5, 6), ci(1, -1), ci(math.MaxInt64, math.MinInt64), nil, ci(2, -2)}, "float32[2 3]", ""},
		{"Slice step 0", &ir.Slice{}, in{f(5), ci(0), ci(5), ci(0), ci(0)}, "", "steps [0]: want no 0"},
		{"Slice axis twice", &ir.Slice{}, in{f(5), ci(0, 0), ci(5, 5), ci(0, -1)}, "", "axes [0 -1]: 0 stands twice"},
		{"Slice lengths", &ir.Slice{}, in{f(5), ci(0, 0), ci(5)}, "", "want equal lengths"},
		{"Slice without ends", &ir.Slice{}, in{f(5), ci(0)}, "", "starts or ends are missing"},
		{"Slice alone", &ir.Slice{}, in{f(5)}, "", "starts or ends are missing"},
		{"Split", &ir.Split{Axis: -1, Sizes: []int{1, 2, 0}}, in{f(2, 3)}, "", "split [1 2 0] for 4 outputs"},
		{"Split equal", &ir.Split{Axis: 1}, in{f(2, 5)}, "float32[2 3]float32[2 2]", ""},
		{"Split input", &ir.Split{Axis: 1}, in{f(2, 5), ci(1, 4)}, "float32[2 1]float32[2 4]", ""},
		{"Split sum", &ir.Split{Axis: 1}, in{f(2, 5), ci(1, 3)}, "", "split [1 3]: want a sum of 5"},
		{"Split negative", &ir.Split{Axis: 1}, in{f(2, 5), ci(-1, 6)}, "", "split [-1 6] of an axis of size 5"},
		{"Gather", &ir.Gather{Axis: 1}, in{f(2, 5, 3), i(4, 1)}, "float32[2 4 1 3]", ""},
		{"Gather scalar", &ir.Gather{}, in{i(4), si(-4)}, "int64[]", ""},
		{"Gather out of range", &ir.Gather{}, in{i(4), ci(1, 4)}, "", "index 4 out of range [-4, 4)"},
		{"Gather floats", &ir.Gather{}, in{i(4), f(1)}, "", "indices are float32, want integers"},
		{"Gather of a scalar", &ir.Gather{}, in{f(), ci(0)}, "", "axis 0 out of range"},
		{"Concat", &ir.Concat{Axis: -1}, in{f(2, 3), f(2, 0), f(2, 1)}, "float32[2 4]", ""},
		{"Concat sizes", &ir.Concat{}, in{f(2, 3), f(2, 4)}, "", "inputs 0 and 1 are [2 3] and [2 4]: want equal sizes but along axis 0"},
		{"Concat types", &ir.Concat{}, in{f(2), i(2)}, "", "float32[2] and int64[2]: want one type and rank"},
		{"Concat left out", &ir.Concat{}, in{f(2), nil}, "", "input 1 (inputs) is missing"},
		{"Expand", &ir.Expand{}, in{f(3, 1), ci(2, 1, 4)}, "float32[2 3 4]", ""},
		{"Expand sizes", &ir.Expand{}, in{f(3), ci(4)}, "", "shapes [3] and [4] do not broadcast"},
		{"Expand negative", &ir.Expand{}, in{f(1), ci(-4)}, "", "a dimension is negative"},
		{"Expand to nothing said", &ir.Expand{}, in{f(1)}, "", "input 1 (shape) is missing"},
		{"Tile", &ir.Tile{}, in{f(2, 3), ci(2, 0)}, "float32[4 0]", ""},
		{"Tile repeats", &ir.Tile{}, in{f(2, 3), ci(2)}, "", "repeats [2] for input [2 3]: want one per axis"},
		{"Tile negative", &ir.Tile{}, in{f(2), ci(-1)}, "", "repeats [-1]: want values in [0,"},
		{"Pad", &ir.Pad{}, in{f(2, 3), ci(0, 1, 2, -1), sf(7)}, "float32[4 3]", ""},
		{"Pad axes", &ir.Pad{}, in{f(2, 3), ci(1, 2), nil, ci(-1)}, "float32[2 6]", ""},
		{"Pad length", &ir.Pad{}, in{f(2, 3), ci(0, 1)}, "", "pads [0 1]: want 4 values for [2 3]"},
		{"Pad axes length", &ir.Pad{}, in{f(2, 3), ci(1), nil, ci(0)}, "", "pads [1] for axes [0]: want two per axis"},
		{"Pad axis twice", &ir.Pad{}, in{f(2, 3), ci(1, 1, 1, 1), nil, ci(1, -1)}, "", "stands twice"},
		{"Pad reflect", &ir.Pad{Mode: "reflect"}, in{f(3), ci(3, 0)}, "", "reflect pads [3 0]: want less than the sizes [3]"},
		{"Pad edge of nothing", &ir.Pad{Mode: "edge"}, in{f(0), ci(1, 0)}, "", "nothing is left of [0] along axis 0"},
		{"Pad mode", &ir.Pad{Mode: "mirror"}, in{f(3), ci(1, 0)}, "", `mode "mirror" is not supported, want constant, reflect, edge or wrap`},
		{"Pad crop", &ir.Pad{}, in{f(3), ci(-2, -2)}, "", "pads [-2 -2] do not fit [3]"},
		{"Pad alone", &ir.Pad{}, in{f(3)}, "", "input 1 (pads) is missing"},
		{"DepthToSpace", &ir.DepthToSpace{Block: 2}, in{f(1, 8, 2, 3)}, "float32[1 2 4 6]", ""},
		{"DepthToSpace channels", &ir.DepthToSpace{Block: 2}, in{f(1, 6, 2, 3)}, "", "blocksize 2 squared does not divide 6 channels"},
		{"SpaceToDepth", &ir.DepthToSpace{Block: 2, Inverse: true}, in{f(1, 2, 4, 6)}, "float32[1 8 2 3]", ""},
		{"SpaceToDepth sizes", &ir.DepthToSpace{Block: 2, Inverse: true}, in{f(1, 2, 3, 6)}, "", "blocksize 2 does not divide [1 2 3 6]"},
		{"DepthToSpace block", &ir.DepthToSpace{}, in{f(1, 2, 3, 6)}, "", "with blocksize 0: want rank 4 and a block of 1 to"},
		{"Shape", &ir.Shape{Start: -2, HasEnd: true, End: 100}, in{f(2, 3, 4)}, "int64[2]", ""},
		{"Size", &ir.Size{}, in{f(2, 3, 4)}, "int64[]", ""},
		{"ConstantOfShape", &ir.ConstantOfShape{}, in{ci(2, 3)}, "float32[2 3]", ""},
		{"ConstantOfShape of two", &ir.ConstantOfShape{Data: ir.IntTensor([]int64{1, 2})}, in{ci(2, 3)}, "", "value has 2 elements, want 1"},
		{"ConstantOfShape left out", &ir.ConstantOfShape{}, in{nil}, "", "input 0 (shape) is missing"},
		{"Range", &ir.Range{}, in{si(5), si(-4), si(-3)}, "int64[3]", ""},
		{"Range large numbers", &ir.Range{}, in{si(1 << 60), si(1<<60 + 3), si(2)}, "int64[2]", ""},
		{"Range of nothing", &ir.Range{}, in{si(5), si(9), si(-3)}, "int64[0]", ""},
		{"Range types", &ir.Range{}, in{si(5), sf(9), si(1)}, "", "start is int64, limit is float32: want numbers of one type"},
		{"Range of data", &ir.Range{}, in{si(5), i(), si(1)}, "", "limit is computed from data: not supported, want a constant"},
		{"If", &ir.If{}, in{b()}, "", "the condition is computed from data: not supported, want a constant"},
	})
}

func TestInferResize(t *testing.T) {
	x := f(1, 2, 4, 6)
	runInfer(t, []inferCase{
		{"scales", &ir.Resize{}, in{x, nil, cf(1, 1, 2, 0.5)}, "float32[1 2 8 3]", ""},
		{"scales that float32 cannot hold", &ir.Resize{}, in{f(1, 1, 10, 30), nil, cf(1, 1, 0.7, 1.3)}, "float32[1 1 7 39]", ""},
		{"sizes", &ir.Resize{}, in{x, nil, nil, ci(1, 2, 5, 7)}, "float32[1 2 5 7]", ""},
		{"sizes, not scales", &ir.Resize{}, in{x, cf(), cf(), ci(1, 2, 5, 7)}, "float32[1 2 5 7]", ""},
		{"axes", &ir.Resize{Axes: []int{-1}}, in{x, nil, nil, ci(7)}, "float32[1 2 4 7]", ""},
		{"not larger", &ir.Resize{Axes: []int{2, 3}, Policy: "not_larger"}, in{x, nil, nil, ci(9, 8)}, "float32[1 2 5 8]", ""},
		{"not larger, negative axes", &ir.Resize{Axes: []int{-1, -2}, Policy: "not_larger"}, in{x, nil, nil, ci(5, 11)}, "float32[1 2 3 5]", ""},
		{"not smaller", &ir.Resize{Axes: []int{2, 3}, Policy: "not_smaller"}, in{x, nil, nil, ci(9, 8)}, "float32[1 2 9 14]", ""},
		{"neither", &ir.Resize{}, in{x, nil, nil, nil}, "", "neither scales nor sizes are given"},
		{"neither, without inputs", &ir.Resize{}, in{x}, "", "neither scales nor sizes are given"},
		{"too few", &ir.Resize{}, in{x, nil, cf(2, 2)}, "", "scales [2 2]: want 4 values"},
		{"too many", &ir.Resize{Axes: []int{3}}, in{x, nil, nil, ci(2, 2)}, "", "sizes [2 2]: want 1 values"},
		{"axis", &ir.Resize{Axes: []int{4}}, in{x, nil, nil, ci(2)}, "", "axis 4 out of range [-4, 4)"},
		{"axis twice", &ir.Resize{Axes: []int{3, -1}}, in{x, nil, nil, ci(2, 2)}, "", "-1 stands twice"},
		{"scale 0", &ir.Resize{}, in{x, nil, cf(1, 1, 0, 1)}, "", "want resulting sizes in [1,"},
		{"scale to nothing", &ir.Resize{}, in{x, nil, cf(1, 1, 0.1, 1)}, "", "want resulting sizes in [1,"},
		{"size 0", &ir.Resize{}, in{x, nil, nil, ci(1, 2, 0, 6)}, "", "want sizes in [1,"},
		{"of nothing", &ir.Resize{}, in{f(1, 2, 0, 6), nil, nil, ci(1, 2, 4, 6)}, "", "want sizes in [1,"},
		{"policy to nothing", &ir.Resize{Axes: []int{2, 3}, Policy: "not_larger"}, in{f(1, 1, 100, 1), nil, nil, ci(1, 1)}, "", "with policy not_larger"},
		{"policy", &ir.Resize{Policy: "fit"}, in{x, nil, nil, ci(1, 2, 4, 6)}, "", `keep_aspect_ratio_policy "fit" is not supported, want stretch, not_larger or not_smaller`},
		{"mode", &ir.Resize{Mode: "area"}, in{x, nil, nil, ci(1, 2, 4, 6)}, "", `mode "area" is not supported, want nearest, linear or cubic`},
		{"coordinates", &ir.Resize{Coord: "half"}, in{x, nil, nil, ci(1, 2, 4, 6)}, "", `coordinate_transformation_mode "half" is not supported, want half_pixel`},
		{"crop without region", &ir.Resize{Coord: "tf_crop_and_resize"}, in{x, nil, nil, ci(1, 2, 4, 6)}, "", "roi []: want 8 values"},
		{"crop to nowhere", &ir.Resize{Coord: "tf_crop_and_resize"}, in{x, cf(0, 0, 0, 0, 1, 1, 1, float32(math.NaN())), nil, ci(1, 2, 4, 6)}, "", "want numbers of at most"},
		{"crop", &ir.Resize{Coord: "tf_crop_and_resize", Axes: []int{2, 3}}, in{x, cf(0, 0, 0.5, 0.5), nil, ci(4, 6)}, "float32[1 2 4 6]", ""},
		{"nearest mode", &ir.Resize{Nearest: "round"}, in{x, nil, nil, ci(1, 2, 4, 6)}, "", `nearest_mode "round" is not supported, want round_prefer_floor`},
		{"antialias", &ir.Resize{Antialias: true}, in{x, nil, nil, ci(1, 2, 4, 6)}, "", "antialias 1 with mode nearest is not supported, want linear or cubic"},
		{"integers", &ir.Resize{}, in{i(1, 2), nil, nil, ci(1, 2)}, "", "want float32"},
	})
}

func TestResizeTaps(t *testing.T) {
	type row = []float64
	for _, c := range []struct {
		name   string
		op     ir.Resize
		in     int
		index  [][]int
		weight []row
	}{
		{"same size", ir.Resize{Mode: "linear", Scales: row{1}, OutputSize: []int{3}}, 3, [][]int{{0}, {1}, {2}}, []row{{1}, {1}, {1}}},
		{"nearest x2", ir.Resize{Coord: "asymmetric", Nearest: "floor", Scales: row{2}, OutputSize: []int{4}}, 2, [][]int{{0}, {0}, {1}, {1}}, []row{{1}, {1}, {1}, {1}}},
		{"nearest, halves down", ir.Resize{Coord: "half_pixel", Nearest: "round_prefer_floor", Scales: row{0.5}, OutputSize: []int{2}}, 4, [][]int{{0}, {2}}, []row{{1}, {1}}},
		{"nearest, halves up", ir.Resize{Coord: "half_pixel", Nearest: "round_prefer_ceil", Scales: row{0.5}, OutputSize: []int{2}}, 4, [][]int{{1}, {3}}, []row{{1}, {1}}},
		{"nearest, ceil stays inside", ir.Resize{Coord: "asymmetric", Nearest: "ceil", Scales: row{2}, OutputSize: []int{4}}, 2, [][]int{{0}, {1}, {1}, {1}}, []row{{1}, {1}, {1}, {1}}},
		{"nearest of opset 10, shrinking", ir.Resize{Coord: "asymmetric", Nearest: "simple", Scales: row{0.6}, OutputSize: []int{2}}, 4, [][]int{{0}, {2}}, []row{{1}, {1}}},
		{"nearest of opset 10, growing", ir.Resize{Coord: "asymmetric", Nearest: "simple", Scales: row{1.5}, OutputSize: []int{3}}, 2, [][]int{{0}, {0}, {1}}, []row{{1}, {1}, {1}}},
		{"nearest at float32 0.6", ir.Resize{Coord: "half_pixel", Nearest: "floor", Scales: row{float64(float32(0.6))}, OutputSize: []int{2}}, 4, [][]int{{0}, {2}}, []row{{1}, {1}}},
		{"linear x2", ir.Resize{Mode: "linear", Coord: "half_pixel", Scales: row{2}, OutputSize: []int{4}}, 2, [][]int{{0, 1}, {0, 1}, {0, 1}, {1, 1}}, []row{{1, 0}, {0.75, 0.25}, {0.25, 0.75}, {1, 0}}},
		{"linear, corners", ir.Resize{Mode: "linear", Coord: "align_corners", Scales: row{5. / 3}, OutputSize: []int{5}}, 3, [][]int{{0, 1}, {0, 1}, {1, 2}, {1, 2}, {2, 2}}, []row{{1, 0}, {0.5, 0.5}, {1, 0}, {0.5, 0.5}, {1, 0}}},
		{"linear, one pixel, corners", ir.Resize{Mode: "linear", Coord: "align_corners", Scales: row{1. / 3}, OutputSize: []int{1}}, 3, [][]int{{0, 1}}, []row{{1, 0}}},
		{"linear, one pixel, PyTorch", ir.Resize{Mode: "linear", Coord: "pytorch_half_pixel", Scales: row{1. / 3}, OutputSize: []int{1}}, 3, [][]int{{0, 1}}, []row{{1, 0}}},
		{"linear, one pixel", ir.Resize{Mode: "linear", Coord: "half_pixel", Scales: row{1. / 3}, OutputSize: []int{1}}, 3, [][]int{{1, 2}}, []row{{1, 0}}},
		{"cubic", ir.Resize{Mode: "cubic", Coord: "asymmetric", CubicA: -0.75, Scales: row{2}, OutputSize: []int{2}}, 1, [][]int{{0, 0, 0, 0}, {0, 0, 0, 0}}, []row{{0, 1, 0, 0}, {-0.09375, 0.59375, 0.59375, -0.09375}}},
		{"linear, antialiased", ir.Resize{Mode: "linear", Coord: "half_pixel", Antialias: true, Scales: row{0.5}, OutputSize: []int{2}}, 4, [][]int{{0, 0, 1, 2}, {1, 2, 3, 3}}, []row{{0.125, 0.375, 0.375, 0.125}, {0.125, 0.375, 0.375, 0.125}}},
		{"linear, antialiased, inside only", ir.Resize{Mode: "linear", Coord: "half_pixel", Antialias: true, Exclude: true, Scales: row{0.5}, OutputSize: []int{2}}, 4, [][]int{{0, 0, 1, 2}, {1, 2, 3, 3}}, []row{{0, 3. / 7, 3. / 7, 1. / 7}, {1. / 7, 3. / 7, 3. / 7, 0}}},
		{"linear, antialiased, growing", ir.Resize{Mode: "linear", Coord: "half_pixel", Antialias: true, Scales: row{2}, OutputSize: []int{4}}, 2, [][]int{{0, 0}, {0, 1}, {0, 1}, {1, 1}}, []row{{0.25, 0.75}, {0.75, 0.25}, {0.25, 0.75}, {0.75, 0.25}}},
		{"crop", ir.Resize{Mode: "linear", Coord: "tf_crop_and_resize", ROI: row{0.25, 1.25}, Scales: row{1}, OutputSize: []int{5}}, 5, [][]int{{1, 2}, {2, 3}, {3, 4}, {4, 4}, nil}, []row{{1, 0}, {1, 0}, {1, 0}, {1, 0}, {}}},
		{"cubic, inside only", ir.Resize{Mode: "cubic", Coord: "asymmetric", CubicA: -0.75, Exclude: true, Scales: row{2}, OutputSize: []int{2}}, 1, [][]int{{0, 0, 0, 0}, {0, 0, 0, 0}}, []row{{0, 1, 0, 0}, {0, 1, 0, 0}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			index, weight := c.op.Taps(0, c.in)
			require.Equal(t, c.index, index)
			require.Len(t, weight, len(c.weight))
			for o, w := range c.weight {
				require.InDeltaSlice(t, w, weight[o], 1e-12, "output %d", o)
			}
		})
	}
}

func TestBroadcast(t *testing.T) {
	for _, c := range []struct{ a, b, want []int }{
		{[]int{}, []int{}, []int{}},
		{[]int{2, 3}, []int{}, []int{2, 3}},
		{[]int{2, 3}, []int{1}, []int{2, 3}},
		{[]int{2, 1}, []int{1, 3}, []int{2, 3}},
		{[]int{3}, []int{2, 1, 1}, []int{2, 1, 3}},
		{[]int{0, 3}, []int{1, 3}, []int{0, 3}},
		{[]int{0}, []int{1}, []int{0}},
		{[]int{0}, []int{2}, nil},
		{[]int{2, 3}, []int{2}, nil},
		{[]int{3}, []int{4}, nil},
	} {
		for _, swap := range []bool{false, true} {
			a, b := c.a, c.b
			if swap {
				a, b = b, a
			}
			got, err := ir.Broadcast(a, b)
			if c.want == nil {
				require.EqualError(t, err, fmt.Sprintf("shapes %v and %v do not broadcast", a, b))
				continue
			}
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		}
	}
}

func TestElements(t *testing.T) {
	for _, c := range []struct {
		shape []int
		want  int
		err   string
	}{
		{nil, 1, ""},
		{[]int{2, 3, 4}, 24, ""},
		{[]int{2, 0, 4}, 0, ""},
		{[]int{ir.MaxElements}, ir.MaxElements, ""},
		{[]int{1 << 14, 1 << 14}, 1 << 28, ""},
		{[]int{1 << 14, 1 << 14, 2}, 0, "more than 268435456 elements"},
		{[]int{ir.MaxElements + 1}, 0, "more than 268435456 elements"},
		{[]int{math.MaxInt, math.MaxInt}, 0, "more than 268435456 elements"},
		{[]int{2, -1}, 0, "shape [2 -1]: a dimension is negative"},
		{make([]int, 17), 0, "17 dimensions, want at most 16"},
	} {
		got, err := ir.Elements(c.shape)
		if c.err != "" {
			require.ErrorContains(t, err, c.err)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, c.want, got)
	}
}

func TestCost(t *testing.T) {
	for _, c := range []struct {
		name      string
		op        ir.Op
		in        in
		macs, all int64
	}{
		{"Conv", &ir.Conv{Group: 2}, in{f(1, 4, 8, 8), f(6, 2, 3, 3)}, 6 * 6 * 6 * 18, 6*6*6*18 + 256 + 108 + 216},
		{"ConvTranspose", &ir.ConvTranspose{Group: 1}, in{f(1, 4, 8, 8), f(4, 6, 2, 2)}, 256 * 24, 256*24 + 256 + 96 + 6*81},
		{"DeformConv", &ir.DeformConv{Group: 1, OffsetGroup: 1}, in{f(1, 4, 8, 8), f(6, 4, 1, 1), f(1, 2, 8, 8)}, 384 * 4, 384*4 + 256 + 24 + 128 + 384},
		{"Gemm", &ir.Gemm{TransA: true}, in{f(3, 2), f(3, 4)}, 24, 24 + 6 + 12 + 8},
		{"MatMul", &ir.MatMul{}, in{f(5, 2, 3), f(3, 4)}, 120, 120 + 30 + 12 + 40},
		{"Dense", &ir.Dense{}, in{f(5, 2, 3), f(4, 3)}, 120, 120 + 30 + 12 + 40},
		{"SqueezeExcite", &ir.SE{Mid: &ir.Unary{Func: "Relu"}, Gate: &ir.Unary{Func: "Sigmoid"}}, in{f(1, 8, 4, 4), f(2, 8), f(2), f(8, 2), f(8)}, 32, 32 + 128 + 16 + 2 + 16 + 8 + 128},
		{"MaxPool", &ir.Pool{Window: win(2, 2)}, in{f(1, 1, 4, 4)}, 0, 9*4 + 16},
		{"Relu", &ir.Unary{Func: "Relu"}, in{f(10)}, 0, 170},
		{"Transpose", &ir.Transpose{}, in{f(2, 5)}, 0, 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := &ir.Node{Op: c.op, In: c.in, Out: in{{}}}
			require.NoError(t, c.op.Infer(n))
			require.Equal(t, c.macs, n.MACs())
			require.Equal(t, c.all, n.Cost())
		})
	}
	n := &ir.Node{Op: &ir.MatMul{}, In: in{f(1<<14, 1<<14), f(1<<14, 1<<14)}, Out: in{f(1<<14, 1<<14)}}
	require.Equal(t, int64(1<<42), n.MACs())
	huge := &ir.Conv{Window: win(1)}
	n = &ir.Node{Op: huge, In: in{f(1), f(1, 1<<28, 1<<28, 1<<28)}, Out: in{f(1 << 28)}}
	require.Equal(t, int64(math.MaxInt64), n.MACs())
	require.Equal(t, int64(math.MaxInt64), n.Cost())
}

func TestErrUnsupported(t *testing.T) {
	n := &ir.Node{Name: "n", Op: &ir.Unary{Func: "Gamma"}, In: in{f(1)}, Out: in{{}}}
	err := n.Wrap(n.Op.Infer(n))
	require.ErrorIs(t, err, ir.ErrUnsupported)
	require.EqualError(t, err, `node "n" (Gamma): function "Gamma" is not supported`)
	var ne *ir.NodeError
	require.True(t, errors.As(err, &ne))
	require.Equal(t, "n", ne.Node)
	require.Same(t, err, n.Wrap(err), "wrapped once")
	require.NoError(t, n.Wrap(nil))
}
