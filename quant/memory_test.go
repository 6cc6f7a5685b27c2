package quant

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/ir"
	"github.com/edgerun/edgerun/internal/zoo"
)

// TestMemoryPlans holds the arena of every network of the zoo, at its published
// size, against testdata/arenas.golden, and against what no plan can undercut.
// What the weights are does not matter for it: they are all zeros, and every
// value is taken to lie between -1 and 1.
func TestMemoryPlans(t *testing.T) {
	if testing.Short() {
		t.Skip("lowers all networks of the zoo")
	}
	zeros := make([]float32, 1<<27)
	var b strings.Builder
	fmt.Fprintf(&b, "%-20s %12s %12s %7s %9s\n", "network", "bound", "arena", "ratio", "operators")
	for _, n := range zoo.List() {
		g, err := n.Build(zoo.Options{Shapes: true})
		require.NoError(t, err)
		made := g.Producers()
		for _, node := range g.Nodes {
			for _, v := range node.In {
				if v != nil && v.Const == nil && made[v] == nil && v != g.Inputs[0] {
					v.Const = ir.FloatTensor(zeros[:v.Len()], v.Shape...)
				}
			}
		}
		j := &job{ctx: context.Background(), model: modelOf(t, g), opt: Options{Method: MinMax}, workers: 2, report: &Report{}, hist: map[*ir.Value]*histogram{}}
		require.NoError(t, j.stageGraph())
		one := &histogram{}
		one.add([]float32{-1, 1})
		j.se = map[*ir.Node]*seRange{}
		for _, v := range j.g.Inputs {
			j.hist[v] = one
		}
		for _, node := range j.g.Nodes {
			for _, v := range node.Out {
				j.hist[v] = one
			}
			j.se[node] = &seRange{1, 1, 1, 1}
		}
		for _, stage := range []func(*job) error{(*job).stageRanges, (*job).stageWeights, (*job).stageLower} {
			require.NoError(t, stage(j), n.Name)
		}
		p := j.out.Plan
		ratio := float64(p.Arena) / float64(p.Bound)
		require.LessOrEqual(t, ratio, 1.05, n.Name)
		fmt.Fprintf(&b, "%-20s %12d %12d %7.3f %9d\n", n.Name, p.Bound, p.Arena, ratio, len(j.out.Ops))
	}
	const golden = "testdata/arenas.golden"
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(b.String()), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), b.String())
}
