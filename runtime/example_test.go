package edgerun_test

import (
	"fmt"
	"log"

	edgerun "github.com/edgerun/edgerun/runtime"
)

// The README shows the body of this example.
func Example() {
	m, err := edgerun.Load("mobilenet.erm") // mapped, checked, immutable
	if err != nil {
		log.Fatal(err)
	}
	s, err := m.NewSession(edgerun.Threads(4)) // all the memory of an inference
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()

	pixels := make([]float32, s.Input(0).Len()) // real units, the source model's axis order
	scores := make([]float32, s.Output(0).Len())
	for range 1000 {
		if err := s.Input(0).SetFloat32(pixels); err != nil {
			log.Fatal(err)
		}
		if err := s.Run(); err != nil { // 0 allocations
			log.Fatal(err)
		}
		if err := s.Output(0).Float32(scores); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(m.Labels(), scores)
}
