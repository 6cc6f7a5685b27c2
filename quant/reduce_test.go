package quant

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/interp"
	"github.com/edgerun/edgerun/internal/ir"
)

// TestWideReductions takes means and maxima over more elements than one row of a
// window has, and of more rows than a picture has.
func TestWideReductions(t *testing.T) {
	for _, c := range []struct {
		shape, axes []int
	}{
		{[]int{1, 20000}, []int{1}},
		{[]int{20000, 2}, []int{1}},
		{[]int{1, 8, 60, 50}, []int{1, 2, 3}},
		{[]int{3, 2, 130, 130}, []int{2, 3, 1}},
	} {
		for _, f := range []string{"ReduceMean", "ReduceMax"} {
			t.Run(fmt.Sprint(f, c.shape, c.axes), func(t *testing.T) {
				x := &ir.Value{Name: "x", DType: ir.Float32, Shape: c.shape}
				y := &ir.Value{Name: "y"}
				n := &ir.Node{Name: "n", Op: &ir.Reduce{Func: f, Axes: c.axes}, In: []*ir.Value{x}, Out: []*ir.Value{y}}
				require.NoError(t, n.Op.Infer(n))
				g := &ir.Graph{Inputs: []*ir.Value{x}, Outputs: []*ir.Value{y}, Nodes: []*ir.Node{n}}
				run, err := interp.New(g)
				require.NoError(t, err)
				m := &Model{Name: "reduce", graph: g, run: run}
				s := randomSamples(4, g, 1)
				for i := range s[0][0] {
					s[0][0][i] += 1 // so that the mean is not 0
				}
				r, err := m.Quantize(context.Background(), s, Options{Method: MinMax, Workers: 1})
				require.NoError(t, err)
				if q := r.Report.OutputSQNR; q != nil {
					require.Greater(t, *q, 40.0)
				}
			})
		}
	}
}
