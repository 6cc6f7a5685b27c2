package quant

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/ir"
)

// TestAttention quantizes products of two computed matrices, alone and as
// attention over positions has them.
func TestAttention(t *testing.T) {
	for name, c := range map[string]struct {
		x, y  []int
		make  func(b *netBuilder, x, y *ir.Value) *ir.Value
		floor float64
	}{
		"matrices":  {[]int{5, 7}, []int{7, 3}, func(b *netBuilder, x, y *ir.Value) *ir.Value { return b.op(&ir.MatMul{}, x, y) }, 35},
		"batches":   {[]int{1, 3, 5, 7}, []int{1, 3, 7, 4}, func(b *netBuilder, x, y *ir.Value) *ir.Value { return b.op(&ir.MatMul{}, x, y) }, 35},
		"one right": {[]int{2, 5, 7}, []int{7, 4}, func(b *netBuilder, x, y *ir.Value) *ir.Value { return b.op(&ir.MatMul{}, x, y) }, 35},
		"a vector":  {[]int{7}, []int{2, 7, 4}, func(b *netBuilder, x, y *ir.Value) *ir.Value { return b.op(&ir.MatMul{}, x, y) }, 35},
		"vectors":   {[]int{7}, []int{7}, func(b *netBuilder, x, y *ir.Value) *ir.Value { return b.op(&ir.MatMul{}, x, y) }, 25},
		"attention": {[]int{1, 2, 8, 12}, []int{1, 2, 8, 12}, func(b *netBuilder, x, y *ir.Value) *ir.Value {
			scores := b.op(&ir.MatMul{}, x, b.op(&ir.Transpose{Perm: []int{0, 1, 3, 2}}, y))
			scale := &ir.Value{DType: ir.Float32, Shape: []int{}, Const: &ir.Tensor{DType: ir.Float32, Shape: []int{}, F: []float32{0.25}}}
			p := b.op(&ir.Softmax{Axis: 3}, b.op(&ir.Binary{Func: "Mul"}, scores, scale))
			v := b.op(&ir.Unary{Func: "Tanh"}, y)
			o := b.op(&ir.Transpose{Perm: []int{0, 2, 1, 3}}, b.op(&ir.MatMul{}, p, v))
			return b.op(&ir.Reshape{Shape: []int{1, 8, 24}}, o)
		}, 28},
	} {
		t.Run(name, func(t *testing.T) {
			b := &netBuilder{g: &ir.Graph{}}
			x := &ir.Value{Name: "x", DType: ir.Float32, Shape: c.x}
			y := &ir.Value{Name: "y", DType: ir.Float32, Shape: c.y}
			b.g.Inputs = []*ir.Value{x, y}
			b.g.Outputs = []*ir.Value{c.make(b, x, y)}
			r, err := modelOf(t, b.g).Quantize(context.Background(), randomSamples(5, b.g, 8), Options{Workers: 2})
			require.NoError(t, err)
			require.NotNil(t, r.Report.OutputSQNR)
			t.Logf("%.1f dB", *r.Report.OutputSQNR)
			require.Greater(t, *r.Report.OutputSQNR, c.floor)
		})
	}
}

// TestAttentionTooLarge names the size of a product that would take too much
// memory.
func TestAttentionTooLarge(t *testing.T) {
	b := &netBuilder{g: &ir.Graph{}}
	x := &ir.Value{Name: "x", DType: ir.Float32, Shape: []int{400, 300}}
	b.g.Inputs = []*ir.Value{x}
	b.g.Outputs = []*ir.Value{b.op(&ir.MatMul{}, x, b.op(&ir.Transpose{Perm: []int{1, 0}}, b.op(&ir.Unary{Func: "Abs"}, x)))}
	_, err := modelOf(t, b.g).Quantize(context.Background(), randomSamples(1, b.g, 1), Options{Workers: 1})
	require.ErrorContains(t, err, "48000000 products is not supported in int8, want at most 33554432")
	require.ErrorIs(t, err, ErrUnsupported)
}
