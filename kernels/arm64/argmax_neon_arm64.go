//go:build !purego

package arm64

import "github.com/edgerun/edgerun/kernels"

type argMaxTask struct {
	x            *int8
	y            *int32
	n, rows      int // elements of a row, 16 to 256
	stepX, stepY int // bytes between rows, results
	lanes        *[32]uint8
	flipX, flipI [16]int8 // -1: the smallest instead; the last instead
}

//go:noescape
func argMaxNEON(t *argMaxTask)

// argMaxWork bounds a call: elements. A Cortex-A53 needs two cycles for one, and fifty
// for a row.
const argMaxWork = 16 << 10

// plugArgMax takes over rows of 8 bits that are not too long for indices of a byte.
func plugArgMax(t *kernels.Table) {
	rest := t.ArgMax.Run
	t.ArgMax = kernels.ArgMax{Name: "argmax-neon", Run: func(a *kernels.ArgMaxArgs, w, u0, u1 int) {
		if a.X == nil || a.N < 16 || a.N > 256 {
			rest(a, w, u0, u1)
			return
		}
		t := argMaxTask{n: a.N, stepX: a.RowX, stepY: 4 * a.RowY, lanes: &lanes}
		if a.Min {
			t.flipX = of8(-1)
		}
		if a.Last {
			t.flipI = of8(-1)
		}
		for u := u0; u < u1; u += t.rows {
			t.rows = min(u1-u, argMaxWork/a.N)
			t.x, t.y = &a.X[u*a.RowX], &a.Y[u*a.RowY]
			argMaxNEON(&t)
		}
	}}
}
