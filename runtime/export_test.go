package edgerun

// Arena is the memory of a session's tensors.
func (s *Session) Arena() []byte { return s.arena }

// SplitAlways makes a session share out every phase, however small.
func SplitAlways() SessionOption { return func(s *Session) { s.split = 0 } }

// AllocWith makes a session take its memory from f.
func AllocWith(f func(bytes int) []byte) SessionOption { return func(s *Session) { s.alloc = f } }

// Cost is the estimated time of a Run in nanoseconds.
func (s *Session) Cost() (sum int64) {
	for _, st := range s.steps {
		for i := range st {
			sum += st[i].cost
		}
	}
	return sum
}
