package interp_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/interp"
	"github.com/edgerun/edgerun/internal/ir"
	"github.com/edgerun/edgerun/internal/onnx"
	ot "github.com/edgerun/edgerun/internal/onnxtest"
)

// TestOptimizeKeepsResults holds small networks that a pass once got wrong.
func TestOptimizeKeepsResults(t *testing.T) {
	names := ot.Names
	data := func(shape ...int) *ir.Tensor {
		n, err := ir.Elements(shape)
		require.NoError(t, err)
		return ot.F(pattern(n, -1, 1), shape...)
	}
	x4 := ot.In("x", ir.Float32, 1, 4, 4, 4)
	k4 := ot.Init("k", ot.F([]float32{1, 2, 3, 4}))
	for _, c := range []struct {
		name  string
		graph []byte
	}{
		{"a scale along the width is none per channel", ot.Join(x4, k4, ot.Init("w", data(4, 4, 1, 1)),
			ot.Node("Conv", names("x", "w"), names("c")), ot.Node("Mul", names("c", "k"), names("y")))},
		{"a shift along the width", ot.Join(x4, k4, ot.Init("w", data(4, 4, 1, 1)),
			ot.Node("Conv", names("x", "w"), names("c")), ot.Node("Add", names("c", "k"), names("y")))},
		{"a scale along the width in front", ot.Join(x4, k4, ot.Init("w", data(4, 4, 1, 1)),
			ot.Node("Mul", names("x", "k"), names("c")), ot.Node("Conv", names("c", "w"), names("y")))},
		{"a scale along the rows of a dense layer", ot.Join(ot.In("x", ir.Float32, 1, 4, 3), ot.Init("k", ot.F([]float32{1, 2, 3, 4}, 4, 1)), ot.Init("w", data(3, 4)),
			ot.Node("MatMul", names("x", "w"), names("c")), ot.Node("Mul", names("c", "k"), names("y")))},
		{"a scale along the columns of a dense layer", ot.Join(ot.In("x", ir.Float32, 1, 4, 3), k4, ot.Init("w", data(3, 4)),
			ot.Node("MatMul", names("x", "w"), names("c")), ot.Node("Mul", names("c", "k"), names("y")))},
		{"a bias and a scalar behind a dense layer", ot.Join(ot.In("x", ir.Float32, 1, 4, 3), k4, ot.Init("two", ot.F([]float32{2})), ot.Init("w", data(3, 4)),
			ot.Node("MatMul", names("x", "w"), names("c")), ot.Node("Add", names("c", "k"), names("d")), ot.Node("Mul", names("d", "two"), names("y")))},
		{"slopes along the rows of a dense layer", ot.Join(ot.In("x", ir.Float32, 1, 4, 3), ot.Init("k", ot.F([]float32{1, 2, 3, 4}, 4, 1)), ot.Init("w", data(3, 4)),
			ot.Node("MatMul", names("x", "w"), names("c")), ot.Node("PRelu", names("c", "k"), names("y")))},
		{"a window of ceil_mode that sees padding only", ot.Join(x4, ot.Init("p", ot.I(0, 0, 0, 1, 0, 0, 1, 0)), ot.Node("Relu", names("x"), names("r")), ot.Node("Pad", names("r", "p"), names("c")),
			ot.Node("MaxPool", names("c"), names("y"), ot.AttrInts("kernel_shape", 2, 2), ot.AttrInts("strides", 2, 2), ot.AttrInt("ceil_mode", 1)))},
		{"a scalar constant of rank 0", ot.Join(ot.In("x", ir.Float32, 3, 1), ot.Init("k", ot.F([]float32{2}, []int{}...)), ot.Node("Relu", names("x"), names("c")), ot.Node("Mul", names("c", "k"), names("y")))},
		{"the mean of integers is no average pool", ot.Join(ot.In("x", ir.Uint8, 1, 2, 2, 2), ot.Node("ReduceMean", names("x"), names("y"), ot.AttrInts("axes", 2, 3)))},
		{"the maximum of nothing is no pool", ot.Join(ot.In("x", ir.Float32, 1, 2, 2, 2), ot.Init("a", ot.I(0)), ot.Init("b", ot.I(0)), ot.Init("c", ot.I(2)),
			ot.Node("Slice", names("x", "a", "b", "c"), names("e")), ot.Node("ReduceMax", names("e"), names("y"), ot.AttrInts("axes", 2, 3)))},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, err := onnx.Import(ot.Model(13, c.graph, ot.Out("y")), onnx.Options{})
			require.NoError(t, err)
			require.NoError(t, g.Resolve(interp.Eval))
			opt, _ := ir.Optimize(g)
			run := func(g *ir.Graph) []*ir.Tensor {
				m, err := interp.New(g)
				require.NoError(t, err)
				in := ir.NewTensor(g.Inputs[0].DType, g.Inputs[0].Shape)
				copy(in.F, pattern(in.Len(), -1, 1))
				for i := range in.I {
					in.I[i] = int64(i)
				}
				out, err := m.Run(context.Background(), []*ir.Tensor{in}, nil)
				require.NoError(t, err)
				return out
			}
			require.NoError(t, differ(run(opt), run(g), 1e-5))
		})
	}
}
