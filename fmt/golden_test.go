package ermfmt_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	ermfmt "github.com/edgerun/edgerun/fmt"
	"github.com/edgerun/edgerun/internal/ermoracle"
)

var update = flag.Bool("update", false, "write the golden file of this version, if there is none")

// TestGoldenFiles: files of every released version keep decoding. They are
// never rewritten; a new version adds one. Package edgerun runs them.
func TestGoldenFiles(t *testing.T) {
	own := fmt.Sprintf("testdata/v%d.%d.erm", ermfmt.Major, ermfmt.Minor)
	if _, err := os.Stat(own); os.IsNotExist(err) && *update {
		require.NoError(t, os.WriteFile(own, encode(t, ermoracle.Every()), 0o644))
	}
	files, err := filepath.Glob("testdata/v*.erm")
	require.NoError(t, err)
	require.Contains(t, files, own, "run with -update once")
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			b, err := os.ReadFile(path)
			require.NoError(t, err)
			m := decode(t, b)
			ref, err := ermoracle.Read(b)
			require.NoError(t, err)
			require.Equal(t, plain(ref), plain(m))
			kinds := map[ermfmt.Kind]bool{}
			for i := range m.Ops {
				kinds[m.Ops[i].Kind] = true
			}
			require.Len(t, kinds, int(ermfmt.KindLogSoftmax), "the file has every operator of version 1.0")
			if path == own {
				require.Equal(t, b, encode(t, m), "this version writes the same file otherwise")
			}
		})
	}
}
