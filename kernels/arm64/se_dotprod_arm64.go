//go:build !purego

package arm64

//go:noescape
func dotHalvesDotProd(t *dot16Task)
