//go:build !purego

package arm64

import "github.com/edgerun/edgerun/kernels"

// lutRow is one run of the 8-bit table function.
type lutRow struct {
	dst, src *int8
	table    *int8 // 256 entries
	n        int   // elements, a multiple of 16, not 0
}

// lutNEON is dst[i] = table[src[i]+128].
//
//go:noescape
func lutNEON(r *lutRow)

// lutBlock bounds a call: assembly cannot be preempted.
const lutBlock = 16 << 10

// plugLUT takes over 8-bit tables; 16-bit ones stay with the kernel that is
// there.
func plugLUT(t *kernels.Table) {
	rest := t.LUT.Run
	t.LUT = kernels.LUT{Name: "lut-neon", Run: func(a *kernels.LUTArgs, w, u0, u1 int) {
		if a.X == nil || a.Y == nil {
			rest(a, w, u0, u1)
			return
		}
		lutRun(a, u0, u1)
	}}
}

func lutRun(a *kernels.LUTArgs, u0, u1 int) {
	table := (*[256]int8)(a.Table8)
	for u := u0; u < u1; u++ {
		i, j, n := a.Run(u)
		x, y := a.StepX.At(i, j), a.StepY.At(i, j)
		for range a.D[2] {
			src, dst := a.X[x:][:n], a.Y[y:][:n]
			for len(src) >= 16 {
				k := min(len(src)&^15, lutBlock)
				r := lutRow{dst: &dst[0], src: &src[0], table: &table[0], n: k}
				lutNEON(&r)
				src, dst = src[k:], dst[k:]
			}
			for k, v := range src {
				dst[k] = table[uint8(v)^0x80]
			}
			x += a.StepX[2]
			y += a.StepY[2]
		}
	}
}
