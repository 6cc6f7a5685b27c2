package interp_test

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/interp"
	"github.com/edgerun/edgerun/internal/ir"
	"github.com/edgerun/edgerun/internal/onnx"
)

// TestPassesKeepOutputs rewrites the trained networks and compares outputs
// before and after.
func TestPassesKeepOutputs(t *testing.T) {
	files, _ := filepath.Glob(sharedModels + "/*.onnx")
	if len(files) == 0 {
		t.Skip("the trained networks of ../shared are not here")
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".onnx"), func(t *testing.T) {
			data, err := os.ReadFile(f)
			require.NoError(t, err)
			shapes := map[string][]int{}
			if strings.Contains(f, "ppocr") {
				shapes["x"] = []int{1, 3, 48, 192}
			}
			g, err := onnx.Import(data, onnx.Options{Shapes: shapes})
			require.NoError(t, err)
			require.NoError(t, g.Resolve(interp.Eval))
			before := g.Dump()
			opt, counts := ir.Optimize(g)
			require.Equal(t, before, g.Dump(), "the original was changed")
			t.Logf("%v\n%d -> %d nodes", counts, len(g.Nodes), len(opt.Nodes))
			if testing.Verbose() {
				t.Log(opt.Dump())
			}
			run := func(g *ir.Graph) []*ir.Tensor {
				m, err := interp.New(g)
				require.NoError(t, err)
				var in []*ir.Tensor
				for _, v := range g.Inputs {
					in = append(in, ir.FloatTensor(pattern(v.Len(), -1, 1), v.Shape...))
				}
				out, err := m.Run(context.Background(), in, nil)
				require.NoError(t, err)
				return out
			}
			a, b := run(g), run(opt)
			for i := range a {
				require.Equal(t, a[i].Shape, b[i].Shape)
				require.Equal(t, g.Outputs[i].Name, opt.Outputs[i].Name)
				lo, hi, worst := math.Inf(1), math.Inf(-1), 0.0
				for k, v := range a[i].F {
					lo, hi = min(lo, float64(v)), max(hi, float64(v))
					worst = max(worst, math.Abs(float64(v-b[i].F[k])))
				}
				require.Less(t, worst/(hi-lo), 1e-4, "output %d", i)
			}
		})
	}
}
