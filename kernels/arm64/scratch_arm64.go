//go:build !purego

package arm64

import "unsafe"

// carver cuts slices off memory, each at a cache line.
type carver struct{ b []byte }

func (c *carver) take(n int) unsafe.Pointer {
	n = line(n)
	p := unsafe.Pointer(unsafe.SliceData(c.b))
	c.b = c.b[n:]
	return p
}

func (c *carver) int8s(n int) []int8   { return unsafe.Slice((*int8)(c.take(n)), n) }
func (c *carver) int32s(n int) []int32 { return unsafe.Slice((*int32)(c.take(4*n)), n) }

// line is what a slice of n bytes takes.
func line(n int) int { return (n + 63) &^ 63 }

func ceilDiv(a, b int) int { return (a + b - 1) / b }

func roundUp(n, to int) int { return ceilDiv(n, to) * to }
