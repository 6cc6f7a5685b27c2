package edgerun_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/ermoracle"
	edgerun "github.com/edgerun/edgerun/runtime"
)

var update = flag.Bool("update", false, "rewrite golden files")

// pattern fills input k with values around and beyond its range.
func pattern(t *edgerun.Tensor, k int) []float32 {
	lo, hi := float32(-128), float32(127)
	if t.Int16() != nil {
		lo, hi = -32768, 32767
	}
	x := make([]float32, t.Len())
	for i := range x {
		f := float32((i*37+k*11)%129) / 128 // 0 to 1
		// Rounded after every step, so that no CPU fuses two of them.
		q := float32(lo+float32((hi-lo)*f)) * 1.0625
		x[i] = float32(float32(q)-float32(t.ZeroPoint())) * t.Scale()
	}
	return x
}

// run computes a network's outputs for the pattern.
func run(t testing.TB, file []byte, threads int, opts ...edgerun.Option) *edgerun.Session {
	m, err := edgerun.LoadBytes(file, opts...)
	require.NoError(t, err)
	s, err := m.NewSession(edgerun.Threads(threads), edgerun.SplitAlways())
	require.NoError(t, err)
	for i := range s.NumInputs() {
		require.NoError(t, s.Input(i).SetFloat32(pattern(s.Input(i), i)))
	}
	require.NoError(t, s.Run())
	return s
}

// integers prints the outputs in the source model's axis order, a line each.
func integers(t testing.TB, s *edgerun.Session) string {
	var b strings.Builder
	for i := range s.NumOutputs() {
		q := make([]int32, s.Output(i).Len())
		require.NoError(t, s.Output(i).Integers(q))
		fmt.Fprintf(&b, "%s %v\n", s.Output(i).Name(), q)
	}
	return b.String()
}

// TestGoldenFiles: the files of every released format version give what they
// gave when they were made.
func TestGoldenFiles(t *testing.T) {
	files, err := filepath.Glob("../fmt/testdata/v*.erm")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, path := range files {
		file, err := os.ReadFile(path)
		require.NoError(t, err)
		got := integers(t, run(t, file, 1))
		golden := strings.TrimSuffix(path, ".erm") + ".out"
		if _, err := os.Stat(golden); os.IsNotExist(err) && *update {
			require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
		}
		want, err := os.ReadFile(golden)
		require.NoError(t, err)
		require.Equal(t, string(want), got, path)
	}
}

// TestSameEverywhere holds the output bytes of many networks to recorded
// hashes. It runs on every architecture, tier and number of threads, which
// therefore agree.
func TestSameEverywhere(t *testing.T) {
	const golden = "testdata/outputs.sha256"
	var text bytes.Buffer
	files := map[string][]byte{"every": encode(t, ermoracle.Every())}
	names := []string{"every"}
	for seed := range 24 {
		name := fmt.Sprint("random-", seed)
		names, files[name] = append(names, name), encode(t, ermoracle.Random(uint64(seed)))
	}
	for _, name := range names {
		sums := map[string]bool{}
		for _, tier := range tiers() {
			for threads := 1; threads <= 4; threads++ {
				s := run(t, files[name], threads, edgerun.Tier(tier))
				var raw []byte
				for i := range s.NumOutputs() {
					raw = s.Output(i).AppendRaw(raw)
				}
				sums[fmt.Sprintf("%x %x", sha256.Sum256(files[name]), sha256.Sum256(raw))] = true
				require.NoError(t, s.Close())
			}
		}
		require.Len(t, sums, 1, "%s: tiers or threads differ", name)
		for sum := range sums {
			fmt.Fprintln(&text, name, sum)
		}
	}
	if *update {
		require.NoError(t, os.WriteFile(golden, text.Bytes(), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	got, ref := bufio.NewScanner(&text), bufio.NewScanner(bytes.NewReader(want))
	for ref.Scan() {
		require.True(t, got.Scan())
		require.Equal(t, ref.Text(), got.Text(), "network, SHA-256 of its file, SHA-256 of its outputs")
	}
	require.False(t, got.Scan())
}
