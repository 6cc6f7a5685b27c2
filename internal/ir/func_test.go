package ir_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/ir"
)

// TestApply: Apply is Eval, element by element, also in place.
func TestApply(t *testing.T) {
	clip := &ir.Unary{Func: "Clip", Alpha: 0, Beta: 6}
	for _, op := range []interface {
		ir.Function
		Apply(dst, src []float32)
	}{
		&ir.Unary{Func: "Sigmoid"},
		&ir.Unary{Func: "LeakyRelu", Alpha: 0.25},
		&ir.Func{Label: "identity"},
		&ir.Func{Label: "hard swish", Steps: []ir.FuncStep{
			{Binary: "Add", A: 0, B: -1, ConstB: 3}, {Unary: clip, A: 1}, {Binary: "Mul", A: 0, B: 2}, {Binary: "Div", A: 3, B: -1, ConstB: 6},
		}},
		&ir.Func{Label: "constant first", Steps: []ir.FuncStep{{Binary: "Sub", A: -1, B: 0, Const: 1}, {Unary: &ir.Unary{Func: "Exp"}, A: 1}}},
	} {
		t.Run(op.Kind(), func(t *testing.T) {
			x := []float32{-5, -3, -1.5, 0, 0.5, 3, 4, 100}
			var want []float32
			for _, v := range x {
				want = append(want, float32(op.Eval(float64(v))))
			}
			got := make([]float32, len(x))
			op.Apply(got, x)
			require.Equal(t, want, got)
			op.Apply(x, x)
			require.Equal(t, want, x)
		})
	}
}
