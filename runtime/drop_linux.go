package edgerun

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// dropPages takes the pages that lie wholly inside b, a part of a mapped file,
// out of memory. Whoever reads them again gets them from the file.
func dropPages(b []int8) {
	page := uintptr(os.Getpagesize())
	start := uintptr(unsafe.Pointer(unsafe.SliceData(b)))
	lo, hi := (start+page-1)&^(page-1)-start, (start+uintptr(len(b)))&^(page-1)-start
	if lo >= hi || hi > uintptr(len(b)) {
		return
	}
	// A hint: without it the model takes more memory and is no different.
	_ = unix.Madvise(unsafe.Slice((*byte)(unsafe.Pointer(&b[lo])), hi-lo), unix.MADV_DONTNEED)
}
