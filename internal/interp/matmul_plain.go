//go:build !amd64 || purego

package interp

// matmul is C = A·B for row-major A [m, k], B [k, n], C [m, n].
func matmul(m, n, k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc int) {
	plainMatmul(m, n, k, a, lda, b, ldb, c, ldc)
}
