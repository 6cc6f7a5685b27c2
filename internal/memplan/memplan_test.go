package memplan

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// check fails when two buffers that live at the same time overlap.
func check(t testing.TB, bufs []Buffer, l Layout) {
	require.Len(t, l.Offset, len(bufs))
	require.GreaterOrEqual(t, l.Size, l.Bound)
	for i, a := range bufs {
		require.Zero(t, l.Offset[i]%Align)
		require.GreaterOrEqual(t, l.Offset[i], int64(0))
		require.LessOrEqual(t, l.Offset[i]+a.Size, l.Size)
		for j := range i {
			b := bufs[j]
			if a.First <= b.Last && b.First <= a.Last {
				require.True(t, l.Offset[i]+a.Size <= l.Offset[j] || l.Offset[j]+b.Size <= l.Offset[i],
					"buffers %d and %d overlap", i, j)
			}
		}
	}
}

func TestPlan(t *testing.T) {
	for name, c := range map[string]struct {
		bufs []Buffer
		want int64
	}{
		"none":           {nil, 0},
		"one":            {[]Buffer{{100, 0, 3}}, 112},
		"empty buffer":   {[]Buffer{{0, 0, 3}, {16, 1, 2}}, 16},
		"chain":          {[]Buffer{{64, 0, 1}, {32, 1, 2}, {64, 2, 3}, {16, 3, 4}}, 96},
		"residual":       {[]Buffer{{64, 0, 3}, {128, 0, 1}, {128, 1, 2}, {64, 2, 3}}, 320},
		"needs a search": {[]Buffer{{48, 0, 1}, {16, 1, 3}, {32, 0, 2}, {32, 2, 4}, {48, 3, 4}}, 96},
	} {
		t.Run(name, func(t *testing.T) {
			l := Plan(c.bufs)
			check(t, c.bufs, l)
			require.Equal(t, c.want, l.Size)
		})
	}
}

// TestPlanIsTight holds the plan to 1.05 of the bound on random layered
// networks with skips, and the result to be repeatable.
func TestPlanIsTight(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	total, bound := int64(0), int64(0)
	for range 60 {
		bufs := randomNet(r, 10+r.IntN(60))
		l := Plan(bufs)
		check(t, bufs, l)
		require.Equal(t, l, Plan(bufs))
		total += l.Size
		bound += l.Bound
	}
	require.LessOrEqual(t, float64(total), 1.05*float64(bound))
}

func randomNet(r *rand.Rand, n int) []Buffer {
	bufs := make([]Buffer, n)
	for i := range bufs {
		last := i + 1
		if r.IntN(4) == 0 {
			last += r.IntN(6)
		}
		bufs[i] = Buffer{Size: int64(1+r.IntN(64)) * int64(1+r.IntN(64)) * 16, First: i, Last: min(last, n)}
	}
	return bufs
}

func FuzzPlan(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6})
	f.Fuzz(func(t *testing.T, b []byte) {
		var bufs []Buffer
		for ; len(b) >= 3 && len(bufs) < 40; b = b[3:] {
			bufs = append(bufs, Buffer{Size: int64(b[0]) * 7, First: int(b[1]), Last: int(b[1]) + int(b[2]%16)})
		}
		check(t, bufs, Plan(bufs))
	})
}
