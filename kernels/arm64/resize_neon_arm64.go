//go:build !purego

package arm64

import (
	"github.com/edgerun/edgerun/kernels"
)

// resizeRowTask interpolates along an input row.
type resizeRowTask struct {
	in     *int8
	sums   *int32
	index  *uint16 // two for every pixel
	weight *int16
	n      int // pixels
	pixel  int // bytes between input pixels
	c      int // channels, 8 at least
}

// resizeBlendTask interpolates between two rows of sums.
type resizeBlendTask struct {
	h0, h1  *int32
	out     *int8
	rows, n int // rows of n elements, 16 at least
	step    int // between rows of the output; sums lie together
	w0, w1  [4]int32
}

//go:noescape
func resizeRowNEON(t *resizeRowTask)

//go:noescape
func resizeBlendNEON(t *resizeBlendTask)

// Resize kernels keep up to so many bytes of sums, and do so many elements in a call.
const (
	resizeSums = 512 << 10
	resizeWork = 24 << 10
)

// resizeLinear reports whether the kernel takes the arguments.
func resizeLinear(a *kernels.ResizeArgs) bool {
	dense := a.OutPlane.W == a.C && a.C*a.OW >= 16
	return a.Out != nil && a.TapsY == 2 && a.TapsX == 2 && a.C >= 8 && (dense || a.C >= 16) && resizeBytes(a) <= resizeSums
}

func resizeBytes(a *kernels.ResizeArgs) int { return 2 * line(4*a.OW*a.C) }

func plugResize(t *kernels.Table) {
	rest := t.Resize
	t.Resize = kernels.Resize{Name: "resize-neon",
		// Whether the output has 8 bits is not known yet.
		Scratch: func(a *kernels.ResizeArgs) int {
			n := rest.Scratch(a)
			if a.TapsY == 2 && a.TapsX == 2 && resizeBytes(a) <= resizeSums {
				n = max(n, resizeBytes(a))
			}
			return n
		},
		Run: func(a *kernels.ResizeArgs, w, u0, u1 int) {
			if !resizeLinear(a) {
				rest.Run(a, w, u0, u1)
				return
			}
			resizeRun(a, w, u0, u1)
		}}
}

func resizeRun(a *kernels.ResizeArgs, w, u0, u1 int) {
	c := carver{a.Scratch[w]}
	n := a.OW * a.C
	sums := [2][]int32{c.int32s(n), c.int32s(n)}
	have := [2]int{-1, -1} // the rows in sums, of all images
	ih := 1 + int(slicesMax(a.IY))
	for u := u0; u < u1; u++ {
		img, oy := u/a.OH, u%a.OH
		r0, r1 := img*ih+int(a.IY[2*oy]), img*ih+int(a.IY[2*oy+1])
		if have[1] == r0 || have[0] == r1 {
			sums[0], sums[1] = sums[1], sums[0]
			have[0], have[1] = have[1], have[0]
		}
		if have[0] != r0 {
			resizeRow(a, sums[0], img, r0-img*ih)
			have[0] = r0
		}
		h1 := sums[0]
		if r1 != r0 {
			if have[1] != r1 {
				resizeRow(a, sums[1], img, r1-img*ih)
				have[1] = r1
			}
			h1 = sums[1]
		}
		resizeBlend(a, sums[0], h1, img*a.OutPlane.N+oy*a.OutPlane.H, oy)
	}
}

func slicesMax(s []uint16) (m uint16) {
	for _, v := range s {
		m = max(m, v)
	}
	return m
}

// resizeRow fills the sums of an input row.
func resizeRow(a *kernels.ResizeArgs, sums []int32, img, y int) {
	t := resizeRowTask{in: &a.In[img*a.InPlane.N+y*a.InPlane.H], pixel: a.InPlane.W, c: a.C}
	for x := 0; x < a.OW; x += t.n {
		t.n = min(a.OW-x, max(1, resizeWork/a.C))
		t.sums, t.index, t.weight = &sums[x*a.C], &a.IX[2*x], &a.WX[2*x]
		resizeRowNEON(&t)
	}
}

// resizeBlend makes output row oy.
func resizeBlend(a *kernels.ResizeArgs, h0, h1 []int32, out, oy int) {
	t := resizeBlendTask{w0: of32(int32(a.WY[2*oy])), w1: of32(int32(a.WY[2*oy+1])), step: a.OutPlane.W}
	rows, n := a.OW, a.C
	if a.OutPlane.W == a.C {
		rows, n = 1, a.OW*a.C
	}
	for p := (pairs{y: out, n: n, rows: rows, sa: n, sy: a.OutPlane.W}); ; {
		var q pairTask
		if !p.next(&q) {
			return
		}
		t.h0, t.h1, t.out, t.n, t.rows = &h0[p.a], &h1[p.a], &a.Out[p.y], q.n, q.rows
		resizeBlendNEON(&t)
	}
}
