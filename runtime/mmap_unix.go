//go:build unix

package edgerun

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// mapFile maps a file for reading. unmap releases it.
func mapFile(path string) (data []byte, unmap func([]byte), err error) {
	// A pipe without a writer must not stop the program.
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, nil, errors.New("edgerun: not a regular file")
	}
	size := st.Size()
	if size == 0 { // nothing can be mapped; the header's reader says what is missing
		return nil, func([]byte) {}, nil
	}
	if int64(int(size)) != size {
		return nil, nil, errors.New("edgerun: the file is too large to map on this machine")
	}
	data, err = unix.Mmap(int(f.Fd()), 0, int(size), unix.PROT_READ, unix.MAP_PRIVATE)
	if err != nil {
		return nil, nil, err
	}
	return data, func(b []byte) { _ = unix.Munmap(b) }, nil
}
