package interp_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/interp"
	"github.com/edgerun/edgerun/internal/ir"
	"github.com/edgerun/edgerun/internal/onnx"
	"github.com/edgerun/edgerun/internal/onnxtest"
)

// TestOperators compares single operators, with every attribute and in every
// opset that matters, with ONNX Runtime, or with the specification where ONNX
// Runtime deviates from it. Each runs five times: with its inputs as data, with
// its inputs as constants, so that the whole network is folded, optimized in
// both ways, and from the file that Export writes of it.
func TestOperators(t *testing.T) {
	cases, err := onnxtest.ReadOps("testdata/operators.jsonl.gz")
	require.NoError(t, err)
	require.Greater(t, len(cases), 1700)
	covered, notExported := map[string]bool{}, map[string]int{}
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
			exportAndCompare(t, &c, in, want, notExported)
		})
	}
	t.Logf("not exported: %v", notExported)
	require.Less(t, len(notExported), 10)
	for _, op := range onnx.Operators() {
		require.True(t, covered[op], op)
	}
}

// exportAndCompare writes what was imported as a file again and runs that. What
// the file format has no words for is counted in notExported.
func exportAndCompare(t *testing.T, c *onnxtest.OpCase, in, want []*ir.Tensor, notExported map[string]int) {
	g, err := onnx.Import(c.Model, onnx.Options{Shapes: c.Shapes()})
	require.NoError(t, err)
	require.NoError(t, g.Resolve(interp.Eval))
	var file bytes.Buffer
	err = onnx.Export(&file, g, "")
	if errors.Is(err, ir.ErrUnsupported) {
		notExported[err.Error()]++
		return
	}
	require.NoError(t, err)
	got, err := importAndRun(file.Bytes(), c.Shapes(), in, nil)
	require.NoError(t, err, "exported")
	require.NoError(t, differ(got, want, c.Tol), "exported")
}
