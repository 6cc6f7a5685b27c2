//go:build !purego

package arm64

// There are no dot products in these: it is the order of instructions that suits the
// cores of this tier.
//
//go:noescape
func lutDotProd(r *lutRow)

// lut3DotProd is for tables whose first 64 entries are the same.
//
//go:noescape
func lut3DotProd(r *lutRow)
