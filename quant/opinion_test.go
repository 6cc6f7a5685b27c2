package quant

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSecondOpinion quantizes random networks: on the held-out samples Auto is
// never further behind full ranges than the margin, and where it would have
// been the report says so.
func TestSecondOpinion(t *testing.T) {
	taken, networks := 0, uint64(24)
	if testing.Short() {
		networks = 9 // random8 is one where full ranges win
	}
	for seed := range networks {
		g := randomGenome(seed).network()
		samples := randomSamples(seed, g, 12)
		m := modelOf(t, g)
		auto, err := m.Quantize(context.Background(), samples, Options{})
		require.NoError(t, err)
		full, err := m.Quantize(context.Background(), samples, Options{Method: MinMax})
		require.NoError(t, err)
		a, f := auto.Report.OutputSQNR, full.Report.OutputSQNR
		if a == nil {
			continue
		}
		require.NotNil(t, f, g.Name)
		require.Greater(t, *a, *f-opinionMargin, g.Name)
		require.Equal(t, Auto, auto.Report.Method)
		require.Empty(t, full.Report.Stages[len(full.Report.Stages)-1].Note, "min-max asks nobody")
		note := auto.Report.Stages[len(auto.Report.Stages)-1].Note
		require.Contains(t, note, "full ranges everywhere: ")
		if strings.HasSuffix(note, ": taken") {
			taken++
			require.Equal(t, full.Bytes, auto.Bytes, g.Name)
			require.Equal(t, full.Report.Tensors, auto.Report.Tensors, g.Name)
		}
	}
	require.NotZero(t, taken)
}
