package ir

// Softmax is exp(x) / Σ exp(x) along Axis; with Log, its logarithm. Before
// opset 13 the axes from Axis on count as one (Flat).
type Softmax struct {
	Axis int
	Log  bool
	Flat bool
}

// Kind implements Op.
func (s *Softmax) Kind() string {
	if s.Log {
		return "LogSoftmax"
	}
	return "Softmax"
}

// Infer implements Op.
func (s *Softmax) Infer(n *Node) error {
	x, err := n.wantFloat(0, "input")
	if err != nil {
		return err
	}
	if s.Axis, err = axis(s.Axis, len(x.Shape)); err != nil {
		return err
	}
	return n.sameShape()
}
