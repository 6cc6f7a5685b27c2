//go:build !unix

package edgerun

import "os"

// mapFile reads a file where there is no mmap.
func mapFile(path string) (data []byte, unmap func([]byte), err error) {
	data, err = os.ReadFile(path)
	return data, func([]byte) {}, err
}
