package edgerun

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestDropPages: what was dropped is out of memory, its neighbours are not, and
// all of it reads as before.
func TestDropPages(t *testing.T) {
	page := os.Getpagesize()
	want := make([]byte, 40*page)
	for i := range want {
		want[i] = byte(rand.Uint32())
	}
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, want, 0o600))
	data, unmap, err := mapFile(path)
	require.NoError(t, err)
	defer unmap(data)
	touch := func() { require.True(t, string(data) == string(want)) }
	for _, c := range [][2]int{{0, 40 * page}, {1, 3 * page}, {page - 1, page + 1}, {5, 9}, {3 * page, 5*page + 7}, {7, 7}} {
		touch()
		b := data[c[0]:c[1]]
		dropPages(unsafe.Slice((*int8)(unsafe.Pointer(unsafe.SliceData(b))), len(b)))
		touch()
	}
	// A copy of its own shows that pages go: anonymous ones come back empty.
	anon, err := unix.Mmap(-1, 0, 4*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	require.NoError(t, err)
	defer func() { _ = unix.Munmap(anon) }()
	for i := range anon {
		anon[i] = 1
	}
	b := anon[page/2 : 3*page+page/2]
	dropPages(unsafe.Slice((*int8)(unsafe.Pointer(unsafe.SliceData(b))), len(b)))
	for i, v := range anon {
		if i < page || i >= 3*page {
			require.Equal(t, byte(1), v, i)
		} else {
			require.Zero(t, v, i)
		}
	}
}
