package interp_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/ir"
	"github.com/edgerun/edgerun/internal/onnx"
	"github.com/edgerun/edgerun/internal/onnxtest"
)

// TestOperators compares single operators, with every attribute and in every
// opset that matters, with ONNX Runtime, or with the specification where ONNX
// Runtime deviates from it. Each runs four times: with its inputs as data, with
// its inputs as constants, so that the whole network is folded, and optimized in
// both ways.
func TestOperators(t *testing.T) {
	cases, err := onnxtest.ReadOps("testdata/operators.jsonl.gz")
	require.NoError(t, err)
	require.Greater(t, len(cases), 1700)
	covered := map[string]bool{}
	for _, c := range cases {
		for _, op := range onnxtest.Ops(c.Model) {
			covered[op] = true
		}
		t.Run(c.Name, func(t *testing.T) {
			var in, want []*ir.Tensor
			folded := c.Model
			for _, v := range c.In {
				x := v.Tensor()
				in = append(in, x)
				folded = onnxtest.AddToGraph(folded, onnxtest.Init(v.Name, x))
			}
			for _, v := range c.Out {
				want = append(want, v.Tensor())
			}
			got, err := importAndRun(c.Model, c.Shapes(), in, nil)
			require.NoError(t, err)
			require.NoError(t, differ(got, want, c.Tol))
			got, err = importAndRun(folded, nil, nil, nil)
			require.NoError(t, err, "folded")
			require.NoError(t, differ(got, want, c.Tol), "folded")
			for what, optimize := range map[string]func(*ir.Graph) (*ir.Graph, map[string]int){"optimized": ir.Optimize, "for integers": ir.OptimizeForIntegers} {
				got, err = importAndRun(c.Model, c.Shapes(), in, func(g *ir.Graph) *ir.Graph { g, _ = optimize(g); return g })
				require.NoError(t, err, what)
				require.NoError(t, differ(got, want, c.Tol), what)
			}
		})
	}
	for _, op := range onnx.Operators() {
		require.True(t, covered[op], op)
	}
}
