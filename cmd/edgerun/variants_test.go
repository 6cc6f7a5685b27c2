package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/zoo"
)

func TestVariants(t *testing.T) {
	if testing.Short() {
		t.Skip("quantizes nineteen networks; TestVariantCycles is one of them")
	}
	dir := t.TempDir()
	svg := filepath.Join(dir, "v.svg")
	args := []string{"zoo", "variants", "--size", "6", "--channels", "16", "--iters", "1"}
	var r variantsResult
	goodJSON(t, &r, append(args, "--svg", svg)...)
	require.Len(t, r.Variants, len(zoo.Variants()))
	for _, v := range r.Variants {
		require.True(t, v.Params > 0 && v.MACs > 0 && v.Bytes > 0 && v.Min > 0 && v.P50 >= v.Min, v.Name)
		require.Empty(t, v.Cycles)
		if v.Name == zoo.Reference {
			require.Equal(t, int64(16*16*9+16), v.Params)
			require.Equal(t, int64(16*16*9*36), v.MACs)
			require.Equal(t, int64(16*16*9+9*16), v.Bytes) // a bias, a multiplier and a shift per channel
			require.Equal(t, [2]int{3, 3}, v.Field)
		}
	}
	wellFormed(t, string(read(t, svg)))
	require.Contains(t, good(t, args...), "depthwise separable")

	require.Contains(t, bad(t, 2, "zoo", "variants", "--channels", "20"), "20 channels: want a multiple of 16")
	require.Contains(t, bad(t, 2, "zoo", "variants", "--size", "0"), "size 0: want 1 to")
	require.Contains(t, bad(t, 2, "zoo", "variants", "--iters", "0"), "want at least 1")
	require.Contains(t, bad(t, 2, "zoo", "variants", "--arm64", svg), "want --armcost too")
	require.Contains(t, bad(t, 1, append(args, "--armcost", dir)...), "there is no armcost.py")
	require.Contains(t, bad(t, 1, append(args, "--svg", filepath.Join(dir, "no", "v.svg"))...), "cannot write into")
}

// TestVariantCycles models cycles with a program that prices every byte of a
// file at 10: what is left of a layer is its file less an empty network's.
func TestVariantCycles(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs a shell script")
	}
	dir := t.TempDir()
	bin := write(t, filepath.Join(dir, "edgerun"), nil)
	script := `#!/bin/sh
for a; do case $a in *.erm) n=$(wc -c <"$a") ;; --cores) cores=1 ;; *) [ -z "$cores" ] || { list=$a; cores=; } ;; esac; done
echo "a line of bench"
echo "{\"cycles\": {$(echo "$list" | tr , '\n' | sed "s/.*/\"&\": ${n}0/" | paste -sd,)}}"
`
	require.NoError(t, os.WriteFile(filepath.Join(dir, "armcost.py"), []byte(script), 0o755))
	args := []string{"zoo", "variants", "--size", "6", "--channels", "16", "--iters", "1", "--armcost", dir, "--arm64", bin}
	var r variantsResult
	goodJSON(t, &r, args...)
	require.Equal(t, []string{"cortex-a53", "cortex-a72", "cortex-a76"}, r.Cores)
	for _, v := range r.Variants {
		require.Len(t, v.Cycles, 3)
		for _, n := range v.Cycles {
			require.True(t, n > 10*v.Bytes && n < 10*v.Bytes+100_000, "%s: %d", v.Name, n)
		}
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "armcost.py"), []byte("#!/bin/sh\necho no such core >&2; exit 1\n"), 0o755))
	require.Contains(t, bad(t, 1, args...), "no such core")
}

func wellFormed(t *testing.T, s string) {
	d := xml.NewDecoder(strings.NewReader(s))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else {
			require.NoError(t, err)
		}
	}
}
