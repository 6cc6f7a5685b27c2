//go:build !purego

package interp

import (
	"runtime"
	"sync"

	"golang.org/x/sys/cpu"
)

// Tiles of C are tileM x tileN; tileK terms are added at a time, for panels of B
// that stay in the cache while rows of A go by.
const (
	tileM  = 4
	tileN  = 16
	tileK  = 256
	stripN = 8 * tileN

	leastRows = 32 // of a block
)

// tile4x16 adds to four rows of C, ldc apart, k products of four rows of A, lda
// apart, with a panel B [k, 16]; without more, C starts from 0.
//
//go:noescape
func tile4x16(k int, a *float32, lda int, b *float32, c *float32, ldc int, more bool)

var panels = sync.Pool{New: func() any { return new([tileK * stripN]float32) }}

// matmul is plainMatmul in vectors, where the CPU has AVX: every lane is a sum
// of its own, so that the bits are the same.
func matmul(m, n, k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc int) {
	if !cpu.X86.HasAVX || m == 0 || n == 0 || k == 0 {
		plainMatmul(m, n, k, a, lda, b, ldb, c, ldc)
		return
	}
	// Few strips are cut into blocks of rows too, so that all processors work.
	strips := (n + stripN - 1) / stripN
	rows := m
	if want := 2 * runtime.GOMAXPROCS(0); strips < want {
		parts := min((want+strips-1)/strips, (m+leastRows-1)/leastRows)
		rows = ((m+parts-1)/parts + tileM - 1) / tileM * tileM
	}
	blocks := (m + rows - 1) / rows
	parallel(strips*blocks, int64(m)*int64(n)*int64(k), func(u int) {
		p := panels.Get().(*[tileK * stripN]float32)
		j, i := u/blocks*stripN, u%blocks*rows
		matmulStrip(min(rows, m-i), min(stripN, n-j), k, a[i*lda:], lda, b[j:], ldb, c[i*ldc+j:], ldc, p)
		panels.Put(p)
	})
}

// matmulStrip computes n columns of C, at most stripN.
func matmulStrip(m, n, k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc int, p *[tileK * stripN]float32) {
	for k0 := 0; k0 < k; k0 += tileK {
		kn := min(tileK, k-k0)
		packPanels(p, b[k0*ldb:], ldb, kn, n)
		for i := 0; i < m; i += tileM {
			for j := 0; j < n; j += tileN {
				panel := &p[j*kn]
				if i+tileM <= m && j+tileN <= n {
					tile4x16(kn, &a[i*lda+k0], lda, panel, &c[i*ldc+j], ldc, k0 > 0)
				} else {
					edgeTile(min(tileM, m-i), min(tileN, n-j), kn, a[i*lda+k0:], lda, panel, c[i*ldc+j:], ldc, k0 > 0)
				}
			}
		}
	}
}

// packPanels copies kn rows of B, n wide, into panels of 16 columns; what a
// panel has beyond n is left as it was and its results are not used.
func packPanels(p *[tileK * stripN]float32, b []float32, ldb, kn, n int) {
	for j := 0; j < n; j += tileN {
		w := min(tileN, n-j)
		dst := p[j*kn:]
		for l := range kn {
			copy(dst[l*tileN:][:w], b[l*ldb+j:][:w])
		}
	}
}

// edgeTile is a tile of which only m rows and n columns are in C.
func edgeTile(m, n, k int, a []float32, lda int, panel *float32, c []float32, ldc int, more bool) {
	var t [tileM * tileN]float32
	for i := range m {
		copy(t[i*tileN:][:n], c[i*ldc:][:n])
	}
	if m == tileM {
		tile4x16(k, &a[0], lda, panel, &t[0], tileN, more)
	} else {
		// The same row four times, so that none is read that is not there.
		for i := range m {
			var row [tileM * tileN]float32
			copy(row[:tileN], t[i*tileN:])
			tile4x16(k, &a[i*lda], 0, panel, &row[0], 0, more)
			copy(t[i*tileN:][:tileN], row[:])
		}
	}
	for i := range m {
		copy(c[i*ldc:][:n], t[i*tileN:][:n])
	}
}
