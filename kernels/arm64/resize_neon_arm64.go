//go:build !purego

package arm64

import (
	"unsafe"

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
			switch {
			case resizeLinear(a):
				resizeRun(a, w, u0, u1)
			case a.TapsY != 1 || a.TapsX != 1 || !resizeNearest(a, u0, u1):
				rest.Run(a, w, u0, u1)
			}
		}}
}

// resizeNearest moves pixels, when the columns they come from repeat themselves: every
// s outputs the input goes on by the same number of pixels.
func resizeNearest(a *kernels.ResizeArgs, u0, u1 int) bool {
	in, out, size := byteView(a.In), byteView(a.Out), 1
	if a.In == nil {
		in, out, size = byteView(a.In16), byteView(a.Out16), 2
	}
	s, by := period(a.IX)
	if s == 0 || a.C*size < 4 || a.C*size > moveWork {
		return false
	}
	t := moveTask{n: a.C * size, stepIn: by * a.InPlane.W * size, stepOut: s * a.OutPlane.W * size}
	for u := u0; u < u1; u++ {
		img, oy := u/a.OH, u%a.OH
		from := img*a.InPlane.N + int(a.IY[oy])*a.InPlane.H
		to := img*a.OutPlane.N + oy*a.OutPlane.H
		for j := range s {
			rows := ceilDiv(a.OW-j, s)
			for r := 0; r < rows; r += t.rows {
				t.rows = min(rows-r, max(1, moveWork/(t.n+64)))
				t.in = &in[(from+(int(a.IX[j])+r*by)*a.InPlane.W)*size]
				t.out = &out[(to+(j+r*s)*a.OutPlane.W)*size]
				moveRowsNEON(&t)
			}
		}
	}
	return true
}

// period finds s, up to 8, with ix[i+s] = ix[i] + by for all i; 0: there is none.
func period(ix []uint16) (s, by int) {
next:
	for s = 1; s <= min(8, len(ix)); s++ {
		by = 0
		if s < len(ix) {
			by = int(ix[s]) - int(ix[0])
		}
		for i := s; i < len(ix); i++ {
			if int(ix[i])-int(ix[i-s]) != by {
				continue next
			}
		}
		return s, by
	}
	return 0, 0
}

// byteView is the memory of a slice.
func byteView[T int8 | int16](s []T) []byte {
	var z T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(z)))
}

func resizeRun(a *kernels.ResizeArgs, w, u0, u1 int) {
	c := carver{a.Scratch[w]}
	n := a.OW * a.C
	sums := [2][]int32{c.int32s(n), c.int32s(n)}
	have := [2]int{-1, -1} // the rows in sums, of all images
	for u := u0; u < u1; u++ {
		img, oy := u/a.OH, u%a.OH
		r0, r1 := img<<16|int(a.IY[2*oy]), img<<16|int(a.IY[2*oy+1])
		if have[1] == r0 || have[0] == r1 {
			sums[0], sums[1] = sums[1], sums[0]
			have[0], have[1] = have[1], have[0]
		}
		if have[0] != r0 {
			resizeRow(a, sums[0], img, r0&0xffff)
			have[0] = r0
		}
		h1 := sums[0]
		if r1 != r0 {
			if have[1] != r1 {
				resizeRow(a, sums[1], img, r1&0xffff)
				have[1] = r1
			}
			h1 = sums[1]
		}
		resizeBlend(a, sums[0], h1, img*a.OutPlane.N+oy*a.OutPlane.H, oy)
	}
}

// resizeRow fills the sums of an input row.
func resizeRow(a *kernels.ResizeArgs, sums []int32, img, y int) {
	t := resizeRowTask{in: &a.In[img*a.InPlane.N+y*a.InPlane.H], pixel: a.InPlane.W, c: a.C}
	for x := 0; x < a.OW; x += t.n {
		t.n = min(a.OW-x, max(1, resizeWork/(a.C+16)))
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
		if !p.next(&q, elementWork) {
			return
		}
		t.h0, t.h1, t.out, t.n, t.rows = &h0[p.a], &h1[p.a], &a.Out[p.y], q.n, q.rows
		resizeBlendNEON(&t)
	}
}
