package edgerun_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	edgerun "github.com/edgerun/edgerun/runtime"
)

// TestMagnitudes holds the sums of eight weights at a time to plain ones.
func TestMagnitudes(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 8))
	for n := range 700 {
		w, want := make([]int8, n*7), int64(0)
		for i := range w {
			w[i] = int8(r.IntN(255) - 127)
			if n%3 == 0 {
				w[i] = 127 * int8(1-i%2*2)
			}
			want += max(int64(w[i]), -int64(w[i]))
		}
		got, good := edgerun.Magnitudes(w)
		require.True(t, good)
		require.Equal(t, want, got)
		if n > 0 {
			w[r.IntN(len(w))] = -128
			_, good = edgerun.Magnitudes(w)
			require.False(t, good)
		}
	}
}
