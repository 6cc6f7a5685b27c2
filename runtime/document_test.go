package edgerun_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/ermoracle"
	edgerun "github.com/edgerun/edgerun/runtime"
)

// documented is the example of docs/format.md.
func documented(t testing.TB) *ermoracle.Example {
	doc, err := os.ReadFile("../docs/format.md")
	require.NoError(t, err)
	e, err := ermoracle.ReadExample(string(doc))
	require.NoError(t, err)
	return e
}

// TestDocumentedExample runs the file that docs/format.md draws: it gives what
// the document says, and what arithmetic.md §16 works out.
func TestDocumentedExample(t *testing.T) {
	e := documented(t)
	m, err := edgerun.LoadBytes(e.File)
	require.NoError(t, err)
	s, err := m.NewSession()
	require.NoError(t, err)
	require.NoError(t, s.Input(0).SetFloat32(e.Input))
	require.Equal(t, []int8{1, -5, -1, 127}, s.Input(0).Int8())
	require.NoError(t, s.Run())
	require.Equal(t, []int16{38, 187}, s.Output(0).Int16())
	got := make([]float32, len(e.Output))
	require.NoError(t, s.Output(0).Float32(got))
	require.Equal(t, e.Output, got)
}
