package quant

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/ir"
)

// TestChoices quantizes choices between tensors: what stands where a condition
// holds that other tensors than the chosen ones decide.
func TestChoices(t *testing.T) {
	scalar := func(f float32) *ir.Value {
		return &ir.Value{DType: ir.Float32, Shape: []int{}, Const: &ir.Tensor{DType: ir.Float32, Shape: []int{}, F: []float32{f}}}
	}
	mask := make([]int64, 36)
	for i := range mask {
		mask[i] = int64(i / 2 % 2)
	}
	fixed := &ir.Value{DType: ir.Bool, Shape: []int{6, 6}, Const: &ir.Tensor{DType: ir.Bool, Shape: []int{6, 6}, I: mask}}
	type build func(b *netBuilder, x, y *ir.Value) *ir.Value
	bin := func(b *netBuilder, f string, x, y *ir.Value) *ir.Value { return b.op(&ir.Binary{Func: f}, x, y) }
	for name, c := range map[string]struct {
		make  build
		floor float64
		want  string
	}{
		"quotient, 0 for a divisor of 0": {func(b *netBuilder, x, y *ir.Value) *ir.Value {
			top := b.op(&ir.Reduce{Func: "ReduceMax", Axes: []int{1, 2, 3}, Keep: true}, y)
			return b.op(&ir.Where{}, bin(b, "Equal", top, scalar(0)), scalar(0), bin(b, "Div", x, top))
		}, 35, ""},
		"quotient where the divisor is large": {func(b *netBuilder, x, y *ir.Value) *ir.Value {
			d := b.op(&ir.Unary{Func: "Abs"}, y)
			return b.op(&ir.Where{}, bin(b, "Greater", d, scalar(0.5)), bin(b, "Div", x, d), scalar(0))
		}, 18, ""},
		"larger": {func(b *netBuilder, x, y *ir.Value) *ir.Value { return b.op(&ir.Where{}, bin(b, "Greater", x, y), x, y) }, 18, ""},
		"kept where another is": {func(b *netBuilder, x, y *ir.Value) *ir.Value {
			return b.op(&ir.Where{}, bin(b, "Less", y, scalar(0)), x, scalar(0))
		}, 18, ""},
		"another number": {func(b *netBuilder, x, y *ir.Value) *ir.Value {
			return b.op(&ir.Where{}, bin(b, "Less", y, scalar(0)), scalar(-1.5), x)
		}, 18, ""},
		"both": {func(b *netBuilder, x, y *ir.Value) *ir.Value {
			c := bin(b, "And", bin(b, "Less", y, scalar(0)), b.op(&ir.Unary{Func: "Not"}, bin(b, "Greater", x, scalar(1))))
			return b.op(&ir.Where{}, bin(b, "Or", c, c), x, y)
		}, 18, ""},
		"a mask": {func(b *netBuilder, x, y *ir.Value) *ir.Value { return b.op(&ir.Where{}, fixed, x, y) }, 18, ""},
		"a condition per channel": {func(b *netBuilder, x, y *ir.Value) *ir.Value {
			m := b.op(&ir.Reduce{Func: "ReduceMean", Axes: []int{2, 3}}, y)
			c := b.op(&ir.Reshape{Shape: []int{1, 4, 1, 1}}, bin(b, "Greater", m, scalar(0)))
			return b.op(&ir.Where{}, c, x, y)
		}, 18, ""},
		"clipped to a computed number": {func(b *netBuilder, x, y *ir.Value) *ir.Value {
			m := b.op(&ir.Reduce{Func: "ReduceMean", Axes: []int{0, 1, 2, 3}}, y)
			return b.op(&ir.Unary{Func: "Clip"}, b.op(&ir.Unary{Func: "Clip"}, x, m, scalar(1.5)), scalar(-3), m)
		}, 18, ""},
		"an infinity": {func(b *netBuilder, x, y *ir.Value) *ir.Value {
			return b.op(&ir.Where{}, bin(b, "Less", y, scalar(0)), scalar(float32(math.Inf(-1))), x)
		}, 0, "want finite numbers"},
	} {
		t.Run(name, func(t *testing.T) {
			b := &netBuilder{g: &ir.Graph{}}
			x := &ir.Value{Name: "x", DType: ir.Float32, Shape: []int{1, 4, 6, 6}}
			y := &ir.Value{Name: "y", DType: ir.Float32, Shape: []int{1, 4, 6, 6}}
			b.g.Inputs = []*ir.Value{x, y}
			out := c.make(b, x, y)
			b.g.Outputs = []*ir.Value{out}
			r, err := modelOf(t, b.g).Quantize(context.Background(), randomSamples(3, b.g, 8), Options{Workers: 2})
			if c.want != "" {
				require.ErrorContains(t, err, c.want)
				return
			}
			require.NoError(t, err)
			if q := r.Report.OutputSQNR; q != nil {
				require.Greater(t, *q, c.floor)
			}
		})
	}
}
