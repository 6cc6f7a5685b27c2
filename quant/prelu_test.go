package quant

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/ir"
)

// TestNegativeSlopes: trained PRelus have slopes below 0, folded into a layer,
// behind a max pooling that they must not pass, and on their own.
func TestNegativeSlopes(t *testing.T) {
	b := &netBuilder{r: rand.New(rand.NewPCG(5, 17)), g: &ir.Graph{Name: "prelu"}}
	in := &ir.Value{Name: "in", DType: ir.Float32, Shape: []int{1, 4, 9, 9}}
	b.g.Inputs = []*ir.Value{in}
	slopes := func(v ...float32) *ir.Value {
		return &ir.Value{DType: ir.Float32, Shape: []int{len(v), 1, 1}, Const: ir.FloatTensor(v, len(v), 1, 1)}
	}
	x := b.op(&ir.PRelu{}, in, slopes(-0.5, 0, 0.25, -2))
	x = b.op(&ir.PRelu{}, b.op(&ir.Conv{Window: b.window(3), Group: 1}, x, b.weights(3, 4, 3, 3), nil), slopes(0.1, -0.3, -1))
	x = b.op(&ir.Conv{Window: b.window(1), Group: 1}, x, b.weights(4, 3, 1, 1), b.weights(4))
	x = b.op(&ir.Pool{Window: ir.Window{Kernel: []int{2, 2}, Stride: []int{2, 2}}, Max: true}, x)
	x = b.op(&ir.Unary{Func: "LeakyRelu", Alpha: -0.2}, x)
	b.g.Outputs = []*ir.Value{x}
	m := modelOf(t, b.g)
	res, err := m.Quantize(context.Background(), randomSamples(1, b.g, 20), Options{})
	require.NoError(t, err)
	require.Greater(t, *res.Report.OutputSQNR, 30.0)
}
