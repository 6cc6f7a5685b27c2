//go:build !linux

package kerneltest

import "testing"

// Guarded returns n bytes. Without mmap there is no page to guard them.
func Guarded(_ testing.TB, n int) []byte { return make([]byte, n) }
