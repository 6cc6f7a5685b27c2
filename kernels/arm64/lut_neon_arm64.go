//go:build !purego

package arm64

import (
	"unsafe"

	"github.com/edgerun/edgerun/kernels"
)

// lutRow is one run of the 8-bit table function: dst[i] = table[src[i]+128].
type lutRow struct {
	dst, src *int8
	table    *int8 // 256 entries
	n        int   // elements, 16 at least
	lanes    *[32]uint8
}

//go:noescape
func lutNEON(r *lutRow)

// lut3NEON is for tables whose first 64 entries are the same.
//
//go:noescape
func lut3NEON(r *lutRow)

// lutWork bounds a call: elements.
const lutWork = 64 << 10

// plugLUT takes over 8-bit tables; 16-bit ones stay with the kernel that is there.
func plugLUT(t tier) func(*kernels.Table) {
	return func(tab *kernels.Table) {
		rest := tab.LUT.Run
		tab.LUT = kernels.LUT{Name: "lut-" + t.String(), Run: func(a *kernels.LUTArgs, w, u0, u1 int) {
			if a.X == nil || a.Y == nil {
				rest(a, w, u0, u1)
				return
			}
			lutRun(t, a, u0, u1)
		}}
	}
}

func lutRun(tr tier, a *kernels.LUTArgs, u0, u1 int) {
	r := lutRow{table: &a.Table8[0], lanes: &lanes}
	flat := lutFlat(a.Table8)
	for u := u0; u < u1; {
		i, j, _ := a.Run(u)
		x, y := a.StepX.At(i, j), a.StepY.At(i, j)
		n, rows, k := join(&a.Rows, u, u1, &a.StepX, &a.StepX, &a.StepY)
		u += k
		for ; rows > 0; rows-- {
			at := 0
			for ; n-at >= 16; at += r.n {
				r.src, r.dst, r.n = &a.X[x+at], &a.Y[y+at], cut(n-at, lutWork, 16)
				r.call(tr, flat)
			}
			for ; at < n; at++ {
				a.Y[y+at] = a.Table8[uint8(a.X[x+at])^0x80]
			}
			x += a.StepX[2]
			y += a.StepY[2]
		}
	}
}

// call runs the kernel for a tier and a table.
func (r *lutRow) call(t tier, flat bool) {
	switch {
	case t == tierNEON && flat:
		lut3NEON(r)
	case t == tierNEON:
		lutNEON(r)
	case flat:
		lut3DotProd(r)
	default:
		lutDotProd(r)
	}
}

// lutFlat reports whether the first quarter of a table is one value.
func lutFlat(t []int8) bool {
	q := (*[8]uint64)(unsafe.Pointer(&t[0]))
	w := uint64(uint8(t[0])) * 0x0101010101010101
	return (q[0]^w)|(q[1]^w)|(q[2]^w)|(q[3]^w)|(q[4]^w)|(q[5]^w)|(q[6]^w)|(q[7]^w) == 0
}
