package kerneltest

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// Guarded returns n bytes that end right before a page that faults when
// touched.
func Guarded(t testing.TB, n int) []byte {
	page := unix.Getpagesize()
	size := (n + page - 1) / page * page
	m, err := unix.Mmap(-1, 0, size+page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	require.NoError(t, err)
	require.NoError(t, unix.Mprotect(m[size:], unix.PROT_NONE))
	t.Cleanup(func() { require.NoError(t, unix.Munmap(m)) })
	return m[size-n : size : size]
}
