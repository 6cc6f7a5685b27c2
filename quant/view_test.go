package quant

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// positions lists where the elements of a view lie, in the view's order.
func positions(v view) []int {
	out := []int{v.off}
	for _, a := range v.axes {
		for _, r := range a {
			var next []int
			for _, p := range out {
				for i := range r.n {
					next = append(next, p+i*r.stride)
				}
			}
			out = next
		}
	}
	return out
}

// TestViewMoves does random moves on a view and on the list of positions that
// it stands for.
func TestViewMoves(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	failed, done := 0, 0
	for range 3000 {
		b := &buffer{dims: []int{1, 1 + r.IntN(4), 1 + r.IntN(4), 2 * (1 + r.IntN(6))}}
		v := whole(b).transpose([]int{0, 3, 1, 2})
		want := positions(v)
		shape := v.shape()
		for range 4 {
			switch r.IntN(3) {
			case 0:
				perm := r.Perm(len(shape))
				v = v.transpose(perm)
				want, shape = moveList(want, shape, perm)
			case 1:
				next := randomShape(r, len(want))
				w, ok := v.reshape(next)
				if !ok {
					failed++
					continue
				}
				v, shape = w, next
			default:
				a := r.IntN(len(shape))
				if shape[a] < 2 {
					continue
				}
				step := 1 + r.IntN(2)
				start := r.IntN(shape[a])
				size := 1 + r.IntN((shape[a]-start-1)/step+1)
				w, ok := v.slice(a, start, step, size)
				if !ok {
					failed++
					continue
				}
				v = w
				want, shape = sliceList(want, shape, a, start, step, size)
			}
			done++
			require.Equal(t, shape, v.shape())
			require.Equal(t, want, positions(v))
		}
	}
	require.Greater(t, done, 5*failed, "too many moves need a copy")
}

func randomShape(r *rand.Rand, n int) []int {
	var s []int
	for n > 1 && len(s) < 4 {
		var ds []int
		for d := 1; d <= n; d++ {
			if n%d == 0 {
				ds = append(ds, d)
			}
		}
		d := ds[r.IntN(len(ds))]
		s = append(s, d)
		n /= d
	}
	return append(s, n)
}

func moveList(list, shape, perm []int) ([]int, []int) {
	s := dense(shape)
	next := make([]int, len(perm))
	for i, p := range perm {
		next[i] = shape[p]
	}
	out := make([]int, 0, len(list))
	ns := dense(next)
	for i := range list {
		at, rest := 0, i
		for d := range next {
			at += rest / ns[d] * s[perm[d]]
			rest %= ns[d]
		}
		out = append(out, list[at])
	}
	return out, next
}

func sliceList(list, shape []int, axis, start, step, size int) ([]int, []int) {
	s := dense(shape)
	next := append([]int{}, shape...)
	next[axis] = size
	ns := dense(next)
	n := 1
	for _, d := range next {
		n *= d
	}
	out := make([]int, 0, n)
	for i := range n {
		at, rest := 0, i
		for d := range next {
			ix := rest / ns[d]
			rest %= ns[d]
			if d == axis {
				ix = start + ix*step
			}
			at += ix * s[d]
		}
		out = append(out, list[at])
	}
	return out, next
}

// TestViewInRoot gives buffers homes in others and checks where their elements
// end up.
func TestViewInRoot(t *testing.T) {
	root := &buffer{dims: []int{1, 4, 5, 12}}
	mid := &buffer{dims: []int{1, 4, 5, 6}, home: root, at: 4, stride: []int{240, 60, 12, 1}}
	leaf := &buffer{dims: []int{1, 4, 5, 2}, home: mid, at: 3, stride: []int{120, 30, 6, 1}}
	for name, v := range map[string]view{
		"pixels":           whole(leaf),
		"NCHW":             whole(leaf).transpose([]int{0, 3, 1, 2}),
		"one channel":      must(whole(leaf).slice(3, 1, 1, 1)),
		"every second row": must(whole(leaf).slice(1, 1, 2, 2)),
		"joined rows":      must(whole(leaf).reshape([]int{20, 2})),
		"flat":             must(whole(leaf).reshape([]int{40})),
		"backwards":        must(must(whole(leaf).slice(2, 4, -1, 5)).slice(3, 0, 1, 1)),
	} {
		t.Run(name, func(t *testing.T) {
			var want []int
			for _, p := range positions(v) {
				h, w, c := p/10, p/2%5, p%2
				want = append(want, h*60+w*12+c+3+4)
			}
			b, at, runs, ok := leaf.inRoot(v.off, v.runs())
			require.True(t, ok)
			require.Same(t, root, b)
			require.Equal(t, want, positions(view{off: at, axes: runs}))
		})
	}
}

// TestViewInRootRefuses has runs that cross axes which no longer nest.
func TestViewInRootRefuses(t *testing.T) {
	root := &buffer{dims: []int{4, 12}}
	leaf := &buffer{dims: []int{4, 6}, home: root, at: 0, stride: []int{12, 1}}
	flat := must(whole(leaf).reshape([]int{24}))
	for name, v := range map[string]view{
		"every fifth":         must(flat.slice(0, 0, 5, 4)),
		"starts inside a row": must(flat.slice(0, 4, 3, 4)),
		"a window over a row": must(flat.slice(0, 4, 1, 4)),
	} {
		t.Run(name, func(t *testing.T) {
			_, _, _, ok := leaf.inRoot(v.off, v.runs())
			require.False(t, ok)
		})
	}
}

func must(v view, ok bool) view {
	if !ok {
		panic("the move fails")
	}
	return v
}
