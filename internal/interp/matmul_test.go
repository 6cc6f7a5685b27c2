package interp

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// values are all sorts of float32: zeros, which are left out of sums, small and
// large ones.
func values(r *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		switch r.IntN(8) {
		case 0:
		case 1:
			v[i] = float32(math.Ldexp(r.Float64()-0.5, r.IntN(80)-60))
		default:
			v[i] = r.Float32()*2 - 1
		}
	}
	return v
}

// TestMatmul holds the matrix products, in vectors and plain ones, to the sums that
// matmul.go promises, bit for bit.
func TestMatmul(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 6))
	for range 150 {
		m, n, k := r.IntN(20), r.IntN(30), r.IntN(40)
		switch r.IntN(5) {
		case 0:
			n = 500 + r.IntN(600)
		case 4:
			m, n, k = r.IntN(90), r.IntN(200), 200+r.IntN(500)
		case 1:
			m, k = 1, r.IntN(700)
		}
		lda, ldb, ldc := k+r.IntN(3), n+r.IntN(3), n+r.IntN(3)
		a, b := values(r, m*lda+1), values(r, k*ldb+1)
		got, plain := values(r, m*ldc+1), values(r, m*ldc+1)
		matmul(m, n, k, a, lda, b, ldb, got, ldc)
		plainMatmul(m, n, k, a, lda, b, ldb, plain, ldc)
		// The transposed of B, and both without gaps.
		packed, bt, turned := make([]float32, m*k), make([]float32, n*k), make([]float32, m*n)
		for i := range m {
			copy(packed[i*k:], a[i*lda:][:k])
		}
		for l := range k {
			for j := range n {
				bt[j*k+l] = b[l*ldb+j]
			}
		}
		matmulT(m, n, k, packed, bt, turned)
		for i := range m {
			for j := range n {
				want := float32(0)
				for l := range k {
					if x := a[i*lda+l]; x != 0 {
						want += float32(x * b[l*ldb+j])
					}
				}
				bits := math.Float32bits
				if bits(want) != bits(got[i*ldc+j]) || bits(want) != bits(plain[i*ldc+j]) || bits(want) != bits(turned[i*n+j]) {
					require.Equal(t, []float32{want, want, want}, []float32{got[i*ldc+j], plain[i*ldc+j], turned[i*n+j]}, "[%d %d] of %dx%dx%d", i, j, m, n, k)
				}
			}
		}
		require.Equal(t, packed, transposed(transposed(packed, m, k), k, m))
	}
}
