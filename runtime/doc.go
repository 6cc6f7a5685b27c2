// Package edgerun loads quantized networks (.erm files) and runs them.
//
//	m, err := edgerun.Load("mobilenet.erm")
//	s, err := m.NewSession(edgerun.Threads(4))
//	defer s.Close()
//	err = s.Input(0).SetFloat32(pixels) // real units, the source model's axis order
//	err = s.Run()                       // allocates nothing
//	err = s.Output(0).Float32(scores)
//
// A Model is immutable and may be shared by any number of goroutines. A
// Session owns the memory of one inference at a time and belongs to one
// goroutine at a time.
//
// Everything that can be wrong with a file is found by Load, which checks
// checksums, bounds and meaning before anything runs. The same file and the
// same input give the same output bytes on every CPU, with every kernel tier
// and any number of threads: docs/arithmetic.md defines them.
package edgerun
