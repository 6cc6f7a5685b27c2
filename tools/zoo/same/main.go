// Command same runs .erm files on inputs that depend on nothing and prints a
// hash of the output bytes of each: tools/ci/zoo.sh compares what different
// CPUs print.
package main

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"strings"

	edgerun "github.com/edgerun/edgerun/runtime"
)

const digits = "0123456789abcdef"

func main() {
	for _, path := range os.Args[1:] {
		sum, err := outputs(path)
		if err != nil {
			os.Stderr.WriteString("same: " + err.Error() + "\n")
			os.Exit(1)
		}
		name := strings.TrimSuffix(filepath.Base(path), ".erm")
		hex := make([]byte, 0, 2*len(sum))
		for _, b := range sum {
			hex = append(hex, digits[b>>4], digits[b&15])
		}
		os.Stdout.WriteString(name + " " + string(hex) + "\n")
	}
}

// outputs hashes what a network makes of a smooth pattern with some noise.
func outputs(path string) (sum [32]byte, err error) {
	m, err := edgerun.Load(path)
	if err != nil {
		return sum, err
	}
	s, err := m.NewSession()
	if err != nil {
		return sum, err
	}
	defer s.Close()
	for i := range s.NumInputs() {
		in := s.Input(i)
		for k := range in.Int8() {
			h := uint32(k) * 2654435761
			in.Int8()[k] = int8(k/5%200 - 100 + int(h>>27))
		}
		for k := range in.Int16() {
			in.Int16()[k] = int16(k * 797)
		}
	}
	if err := s.Run(); err != nil {
		return sum, err
	}
	var raw []byte
	for i := range s.NumOutputs() {
		raw = s.Output(i).AppendRaw(raw)
	}
	return sha256.Sum256(raw), nil
}
