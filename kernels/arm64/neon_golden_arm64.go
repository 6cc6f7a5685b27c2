//go:build !purego

package arm64

// goldenCode returns the code of a function that is never called, with every
// macro of neon_arm64.h in it. Only the test uses it, so that it is in no other
// binary.
func goldenCode() *uint32
