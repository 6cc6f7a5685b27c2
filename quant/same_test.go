package quant

import (
	"bytes"
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite golden files")

// TestDeterminism: the file does not depend on the number of workers, nor on
// anything else that changes from one run to the next.
func TestDeterminism(t *testing.T) {
	m := openDemo(t)
	var want []byte
	rounds, networks := []int{1, 2, 3, 3}, uint64(10)
	if testing.Short() {
		rounds, networks = []int{1, 3}, 3
	}
	for round, workers := range rounds {
		res, err := m.Quantize(context.Background(), demo().calib[:12], Options{Workers: workers})
		require.NoError(t, err)
		if round == 0 {
			want = res.Bytes
		}
		require.True(t, bytes.Equal(want, res.Bytes), "%d workers make another file", workers)
	}
	// A model opened anew, and random networks.
	res, err := openDemo(t).Quantize(context.Background(), demo().calib[:12], Options{Workers: 2})
	require.NoError(t, err)
	require.True(t, bytes.Equal(want, res.Bytes), "a second model makes another file")
	for seed := range networks {
		var files [2][]byte
		for i := range files {
			g := randomGenome(seed).network()
			res, err := modelOf(t, g).Quantize(context.Background(), randomSamples(seed, g, 11), Options{Workers: 1 + 2*i})
			require.NoError(t, err)
			files[i] = res.Bytes
		}
		require.True(t, bytes.Equal(files[0], files[1]), "random network %d", seed)
	}
}

// TestSameEverywhere holds quantized files and their outputs to recorded hashes.
// It runs on every architecture.
func TestSameEverywhere(t *testing.T) {
	const golden = "testdata/files.sha256"
	var text strings.Builder
	add := func(name string, res *Result, s Sample) {
		out, err := outputs(res.Bytes, s, 1)
		require.NoError(t, err)
		fmt.Fprintf(&text, "%s %x %x\n", name, sha256.Sum256(res.Bytes), sha256.Sum256([]byte(fmt.Sprint(out))))
	}
	res, err := openDemo(t).Quantize(context.Background(), demo().calib[:12], Options{})
	require.NoError(t, err)
	add("demo", res, demo().test[0])
	for seed := range uint64(12) {
		g := randomGenome(seed).network()
		s := randomSamples(seed, g, 12)
		res, err := modelOf(t, g).Quantize(context.Background(), s, Options{})
		require.NoError(t, err)
		add(g.Name, res, s[0])
	}
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(text.String()), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, strings.Split(string(want), "\n"), strings.Split(text.String(), "\n"), "network, SHA-256 of its file, SHA-256 of its outputs")
}
