package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/zoo"
)

func read(t *testing.T, path string) []byte {
	b, err := os.ReadFile("../../" + path)
	require.NoError(t, err)
	return b
}

// TestZooDocument: docs/zoo.md is what was measured, with MACs and parameters as
// the code has them now, and what was measured is what is promised.
func TestZooDocument(t *testing.T) {
	all := map[string]*result{}
	require.NoError(t, json.Unmarshal(read(t, resultsFile), &all))
	text, err := table(all)
	require.NoError(t, err)
	require.Equal(t, text, string(read(t, "docs/zoo.md")), "go run ./tools/zoo -render")

	// The arenas are those that the planner's own test finds.
	plans := map[string][2]int64{}
	for _, line := range strings.Split(string(read(t, "quant/testdata/arenas.golden")), "\n")[1:] {
		var name string
		var bound, arena int64
		if n, _ := fmt.Sscan(line, &name, &bound, &arena); n == 3 {
			plans[name] = [2]int64{bound, arena}
		}
	}
	for _, n := range zoo.List() {
		r := all[n.Name]
		if r == nil {
			continue
		}
		require.Equal(t, plans[n.Name], [2]int64{r.Bound, r.Arena}, n.Name)
		require.Zero(t, r.Allocs, n.Name)
		require.GreaterOrEqual(t, r.SQNR, 20.0, n.Name)
		if r.FloatDB != 0 {
			require.GreaterOrEqual(t, r.FloatDB, 60.0, n.Name)
		}
	}
	if r := all["vgg16"]; r != nil {
		require.LessOrEqual(t, r.RSS, r.Bytes+r.Arena+16<<20)
	}
}

// TestVariantsDocument: docs/variants.md is what was measured, with sizes as the
// code has them now.
func TestVariantsDocument(t *testing.T) {
	var v variants
	require.NoError(t, json.Unmarshal(read(t, variantsFile), &v))
	require.Equal(t, v.document(), string(read(t, variantsDoc)), "go run ./tools/zoo -render")
	svg := string(read(t, "docs/variants.svg"))
	require.Len(t, v.Variants, len(zoo.Variants()))
	for i, variant := range zoo.Variants() {
		n, err := variant.Network(v.Size, v.Channels)
		require.NoError(t, err)
		g, err := n.Build(zoo.Options{Shapes: true})
		require.NoError(t, err)
		row := v.Variants[i]
		require.Equal(t, variant.Name, row["name"])
		require.InDelta(t, zoo.Params(g), row["params"], 0, variant.Name)
		require.InDelta(t, zoo.MACs(g), row["macs"], 0, variant.Name)
		h, w := zoo.FieldOf(g).Size()
		require.Equal(t, []any{float64(h), float64(w)}, row["receptive_field"])
		require.Contains(t, svg, ">"+variant.Name+"<")
	}
}
