package quant

import (
	"context"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/npy"
	edgerun "github.com/edgerun/edgerun/runtime"
)

// TestExportedNetworks looks at the whole networks that tools/exports/networks.py
// writes, which are too large for the repository: float outputs equal ONNX
// Runtime's, and the integer network is near. It quantizes with eight pictures
// and compares on four others.
func TestExportedNetworks(t *testing.T) {
	dir := os.Getenv("EDGERUN_EXPORTED_NETWORKS")
	if dir == "" {
		t.Skip("EDGERUN_EXPORTED_NETWORKS does not name a directory of tools/exports/networks.py")
	}
	paths, err := filepath.Glob(filepath.Join(dir, "*.onnx"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".onnx"), func(t *testing.T) { exportedNetwork(t, path) })
	}
}

func exportedNetwork(t *testing.T, path string) {
	z, _, err := npy.ReadArchive(strings.TrimSuffix(path, ".onnx")+".npz", "in", "out")
	require.NoError(t, err)
	m, err := Open(path, OpenOptions{})
	require.NoError(t, err)
	rows := func(a *npy.Array) (out [][]float32) {
		return slices.Collect(slices.Chunk(a.Floats, a.Len()/a.Shape[0]))
	}
	in, want := rows(z["in"]), rows(z["out"])
	var samples SampleList
	for _, x := range in {
		samples = append(samples, Sample{x})
	}
	worst, top := 0.0, 0.0
	for i, s := range samples[:4] {
		got, err := m.Run(context.Background(), s)
		require.NoError(t, err)
		for k, x := range want[i] {
			worst, top = max(worst, math.Abs(float64(got[0][k]-x))), max(top, math.Abs(float64(x)))
		}
	}
	require.LessOrEqual(t, worst, 1e-4*top, "float")
	r, err := m.Quantize(context.Background(), samples[4:], Options{})
	require.NoError(t, err)
	var n noise
	for i, s := range samples[:4] {
		got, err := realOutputs(r.Bytes, s)
		require.NoError(t, err)
		for k, x := range want[i] {
			n.add(float64(x), float64(got[0][k]))
		}
	}
	em, err := edgerun.LoadBytes(r.Bytes)
	require.NoError(t, err)
	ops := map[string]int{}
	for _, st := range em.Steps() {
		ops[st.Op]++
	}
	var list []string
	for _, k := range slices.Sorted(maps.Keys(ops)) {
		list = append(list, fmt.Sprint(ops[k], " ", k))
	}
	q := math.Inf(1)
	if v := n.sqnr(); v != nil {
		q = *v
	}
	t.Logf("%d nodes, float error %.1e of the largest output, %d integer operators (%s), %.1f dB", len(m.graph.Nodes), worst/top, len(em.Steps()), strings.Join(list, ", "), q)
	require.GreaterOrEqual(t, q, 10.0)
}
