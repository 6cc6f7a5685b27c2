package interp

import (
	"runtime"
	"sync"
)

// Matrix products add up their terms one after the other, in float32, rounding
// each product first: c = ((a0·b0 + a1·b1) + a2·b2) + … (terms with an a of 0 may
// be left out: they change nothing but what is infinite). Vectors compute many
// such sums at once and never split or fuse one: the float network, and with it
// the quantized file, is the same on every machine.

// plainMatmul is C = A·B for row-major A [m, k], B [k, n], C [m, n].
func plainMatmul(m, n, k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc int) {
	if k == 0 {
		for i := range m {
			clear(c[i*ldc:][:n])
		}
		return
	}
	// Strips of columns that stay in the cache while the rows of A go by.
	const strip = 512
	strips := (n + strip - 1) / strip
	parallel(strips, int64(m)*int64(n)*int64(k), func(s int) {
		j0, j1 := s*strip, min(n, (s+1)*strip)
		for i := range m {
			sumRows(c[i*ldc+j0:i*ldc+j1], a[i*lda:][:k], b[j0:], ldb)
		}
	})
}

// sumRows adds up the rows of B, each times an element of a.
func sumRows(c, a, b []float32, ldb int) {
	clear(c)
	for k := 0; k < len(a); k++ {
		if a[k] == 0 {
			continue
		}
		b0 := b[k*ldb:][:len(c)]
		if k+3 >= len(a) || a[k+1] == 0 || a[k+2] == 0 || a[k+3] == 0 {
			for j, v := range b0 {
				c[j] += float32(a[k] * v)
			}
			continue
		}
		// Four at a time: C is read and written a quarter as often.
		b1, b2, b3 := b[(k+1)*ldb:][:len(c)], b[(k+2)*ldb:][:len(c)], b[(k+3)*ldb:][:len(c)]
		a0, a1, a2, a3 := a[k], a[k+1], a[k+2], a[k+3]
		for j, v := range b0 {
			c[j] = c[j] + float32(a0*v) + float32(a1*b1[j]) + float32(a2*b2[j]) + float32(a3*b3[j])
		}
		k += 3
	}
}

// matmulT is C = A·Bᵀ for row-major A [m, k], B [n, k], C [m, n] without gaps.
func matmulT(m, n, k int, a, b, c []float32) {
	const columns = 8
	parallel((n+columns-1)/columns, int64(m)*int64(n)*int64(k), func(u int) {
		j := u * columns
		if j+columns > n {
			for i := range m {
				for o := j; o < n; o++ {
					sum := float32(0)
					for l, v := range a[i*k:][:k] {
						sum += float32(v * b[o*k+l])
					}
					c[i*n+o] = sum
				}
			}
			return
		}
		row := func(o int) []float32 { return b[(j+o)*k:][:k] }
		b0, b1, b2, b3, b4, b5, b6, b7 := row(0), row(1), row(2), row(3), row(4), row(5), row(6), row(7)
		for i := range m {
			// Eight sums at once, because each waits for its last term.
			var s [columns]float32
			for l, v := range a[i*k:][:k] {
				s[0] += float32(v * b0[l])
				s[1] += float32(v * b1[l])
				s[2] += float32(v * b2[l])
				s[3] += float32(v * b3[l])
				s[4] += float32(v * b4[l])
				s[5] += float32(v * b5[l])
				s[6] += float32(v * b6[l])
				s[7] += float32(v * b7[l])
			}
			copy(c[i*n+j:], s[:])
		}
	})
}

// transposed returns A [m, n] as [n, m].
func transposed(a []float32, m, n int) []float32 {
	t := make([]float32, m*n)
	for i := range m {
		for j, v := range a[i*n:][:n] {
			t[j*m+i] = v
		}
	}
	return t
}

// parallel runs f for units [0, n), on all processors when there is work for
// them.
func parallel(n int, work int64, f func(u int)) {
	threads := min(runtime.GOMAXPROCS(0), n)
	if work < 1<<18 || threads < 2 {
		for u := range n {
			f(u)
		}
		return
	}
	var wg sync.WaitGroup
	for t := range threads {
		wg.Go(func() {
			for u := t; u < n; u += threads {
				f(u)
			}
		})
	}
	wg.Wait()
}
