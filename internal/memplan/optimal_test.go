package memplan

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// optimum is the smallest arena there is: every packing can be pushed down
// until each buffer lies on the ground or on another, so placing the buffers as
// low as they go, in every order, meets the best one.
func optimum(bufs []Buffer) int64 {
	at := make([]int64, len(bufs))
	best := int64(1 << 62)
	bound := Bound(bufs)
	var place func(done []int, size int64)
	place = func(done []int, size int64) {
		if size >= best || best == bound {
			return
		}
		if len(done) == len(bufs) {
			best = size
			return
		}
		for i := range bufs {
			if slices.Contains(done, i) {
				continue
			}
			// The lowest place that is free over the buffer's life.
			low := int64(0)
			for moved := true; moved; {
				moved = false
				for _, j := range done {
					a, b := bufs[i], bufs[j]
					if a.First <= b.Last && b.First <= a.Last && low < at[j]+align(b.Size) && at[j] < low+align(a.Size) {
						low, moved = at[j]+align(b.Size), true
					}
				}
			}
			at[i] = low
			place(append(done, i), max(size, low+align(bufs[i].Size)))
		}
	}
	place(nil, 0)
	return best
}

// tight returns buffers that fill an arena of so many units at every step.
func tight(r *rand.Rand, units, steps int) (bufs []Buffer) {
	var live []int
	free := units
	for step := range steps {
		var keep []int
		for _, i := range live {
			if step > 0 && r.IntN(3) == 0 {
				free += int(bufs[i].Size / Align)
				continue
			}
			bufs[i].Last = step
			keep = append(keep, i)
		}
		live = keep
		for free > 0 {
			n := 1 + r.IntN(free)
			free -= n
			live = append(live, len(bufs))
			bufs = append(bufs, Buffer{int64(n) * Align, step, step})
		}
	}
	return bufs
}

// TestPlanIsOptimal compares plans of a few buffers with the best there is, which
// is now and then larger than the bound.
func TestPlanIsOptimal(t *testing.T) {
	above := 0
	try := func(name string, bufs []Buffer) {
		l, best := Plan(bufs), Bound(bufs)
		check(t, bufs, l)
		if l.Size > best {
			best = optimum(bufs)
		}
		if best > l.Bound {
			above++
		}
		require.Equal(t, best, l.Size, "%s: %v", name, bufs)
	}
	try("no packing meets the bound of 128", []Buffer{{112, 0, 1}, {16, 0, 4}, {32, 2, 2}, {80, 2, 3}, {16, 3, 5}, {16, 3, 4}, {64, 4, 4}, {16, 4, 5}, {96, 5, 5}})
	require.Equal(t, 1, above)
	n := 6000
	if testing.Short() {
		n = 600
	}
	r := rand.New(rand.NewPCG(2, 9))
	for i := range n {
		bufs := tight(r, 4+r.IntN(8), 3+r.IntN(5))
		if len(bufs) <= 11 {
			try("tight", bufs)
		}
		try("layers", randomNet(r, 2+i%9))
	}
}
