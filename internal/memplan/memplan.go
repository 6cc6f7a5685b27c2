// Package memplan places buffers with known lifetimes in one arena.
package memplan

import (
	"math/rand/v2"
	"slices"
)

// Buffer is a block of memory that is in use from step First to step Last,
// both included.
type Buffer struct {
	Size        int64 // bytes
	First, Last int
}

// Layout says where every buffer lies.
type Layout struct {
	Offset []int64 // bytes from the start of the arena, multiples of Align
	Size   int64   // bytes of the arena
	Bound  int64   // no layout can be smaller: the most bytes that are in use at once
}

// Align is the alignment of every buffer, in bytes: one NEON register.
const Align = 16

func align(n int64) int64 { return (n + Align - 1) &^ (Align - 1) }

// Bound returns the most bytes in use at one step.
func Bound(bufs []Buffer) int64 {
	steps := 0
	for _, b := range bufs {
		steps = max(steps, b.Last+1)
	}
	change := make([]int64, steps+1)
	for _, b := range bufs {
		change[b.First] += align(b.Size)
		change[b.Last+1] -= align(b.Size)
	}
	var live, most int64
	for _, c := range change {
		live += c
		most = max(most, live)
	}
	return most
}

// tries bounds the search for a layout below the best of the simple orders.
const tries = 4000

// Plan places the buffers. It tries the known good orders and, when none of
// them meets the lower bound, searches on from the best one. The result is the
// same for the same input.
func Plan(bufs []Buffer) Layout {
	p := newPlanner(bufs)
	best := Layout{Bound: Bound(bufs), Size: -1}
	var order []int
	keep := func(o []int) bool {
		size := p.place(o, best.Size)
		if size >= 0 && (best.Size < 0 || size < best.Size) {
			best.Size = size
			best.Offset = append(best.Offset[:0], p.offset...)
			order = append(order[:0], o...)
		}
		return best.Size == best.Bound
	}
	life := func(i int) int64 { return int64(bufs[i].Last - bufs[i].First + 1) }
	for _, key := range []func(i int) int64{
		func(i int) int64 { return -bufs[i].Size },           // largest first
		func(i int) int64 { return -life(i) * bufs[i].Size }, // most byte-steps first
		func(i int) int64 { return -life(i) },                // longest first
		func(i int) int64 { return int64(bufs[i].First) },    // as they come
		func(i int) int64 { return -int64(bufs[i].Last) },
	} {
		o := make([]int, len(bufs))
		for i := range o {
			o[i] = i
		}
		slices.SortStableFunc(o, func(a, b int) int {
			if key(a) != key(b) {
				if key(a) < key(b) {
					return -1
				}
				return 1
			}
			return bufs[a].First - bufs[b].First
		})
		if keep(o) {
			return best
		}
	}
	// Local search: what lies at the top is placed earlier, or two buffers
	// change places. Ties are accepted, so that plateaus are crossed.
	rng := rand.New(rand.NewPCG(uint64(len(bufs)), 0))
	cur := append([]int{}, order...)
	curSize := best.Size
	next := make([]int, len(cur))
	for range tries {
		copy(next, cur)
		if rng.IntN(2) == 0 {
			p.place(cur, -1)
			p.lift(next, rng)
		} else {
			i, j := rng.IntN(len(next)), rng.IntN(len(next))
			next[i], next[j] = next[j], next[i]
		}
		size := p.place(next, -1)
		if size <= curSize {
			cur, next, curSize = next, cur, size
			if keep(cur) {
				break
			}
		}
	}
	return best
}

// planner holds what placing needs, so that the search does not allocate.
type planner struct {
	bufs   []Buffer
	clash  [][]int // buffers alive at the same time
	offset []int64
	placed []bool
	gaps   []span
	size   int64
}

type span struct{ from, to int64 }

func newPlanner(bufs []Buffer) *planner {
	p := &planner{bufs: bufs, clash: make([][]int, len(bufs)), offset: make([]int64, len(bufs)), placed: make([]bool, len(bufs))}
	for i, a := range bufs {
		for j, b := range bufs {
			if i != j && a.First <= b.Last && b.First <= a.Last {
				p.clash[i] = append(p.clash[i], j)
			}
		}
	}
	return p
}

// place puts the buffers in this order into the smallest gap that takes them,
// and returns the arena's size. It gives up with -1 once it passes limit, when
// limit >= 0.
func (p *planner) place(order []int, limit int64) int64 {
	clear(p.placed)
	p.size = 0
	for _, i := range order {
		need := align(p.bufs[i].Size)
		p.gaps = p.gaps[:0]
		for _, j := range p.clash[i] {
			if p.placed[j] {
				p.gaps = append(p.gaps, span{p.offset[j], p.offset[j] + align(p.bufs[j].Size)})
			}
		}
		slices.SortFunc(p.gaps, func(a, b span) int {
			if a.from != b.from {
				if a.from < b.from {
					return -1
				}
				return 1
			}
			return 0
		})
		var end int64
		at, room := int64(-1), int64(0)
		for _, s := range p.gaps {
			if gap := s.from - end; gap >= need && (at < 0 || gap < room) {
				at, room = end, gap
			}
			end = max(end, s.to)
		}
		if at < 0 {
			at = end
		}
		p.offset[i], p.placed[i] = at, true
		p.size = max(p.size, at+need)
		if limit >= 0 && p.size > limit {
			return -1
		}
	}
	return p.size
}

// lift moves one of the buffers that reach the top of the arena to an earlier
// place in the order.
func (p *planner) lift(order []int, rng *rand.Rand) {
	at, seen := -1, 0
	for k, i := range order {
		if p.offset[i]+align(p.bufs[i].Size) == p.size {
			if seen++; rng.IntN(seen) == 0 {
				at = k
			}
		}
	}
	if at <= 0 {
		return
	}
	to := rng.IntN(at)
	i := order[at]
	copy(order[to+1:at+1], order[to:at])
	order[to] = i
}
