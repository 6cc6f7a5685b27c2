package ir

import "fmt"

// SplitToSequence cuts its input along an axis into a sequence of tensors: of
// the sizes that input 1 lists, of its size if that is one number, or of one
// element each. Resolve puts a Split in its place and knows the parts.
type SplitToSequence struct {
	Axis int
	Keep bool // keepdims, where the sizes are not given
}

// Kind implements Op.
func (*SplitToSequence) Kind() string { return "SplitToSequence" }

// Infer implements Op.
func (*SplitToSequence) Infer(*Node) error {
	return fmt.Errorf("a sequence of computed length is %w", ErrUnsupported)
}

// SequenceAt takes one tensor of a sequence, at a constant position.
type SequenceAt struct{}

// Kind implements Op.
func (*SequenceAt) Kind() string { return "SequenceAt" }

// Infer implements Op.
func (*SequenceAt) Infer(*Node) error {
	return fmt.Errorf("the sequence is %w, want what SplitToSequence makes", ErrUnsupported)
}

// sequences holds the parts of the sequences met so far.
type sequences map[*Value][]*Value

// replace returns the nodes that stand for one that makes or reads a sequence.
func (s sequences) replace(n *Node) (nodes []*Node, ok bool, err error) {
	switch op := n.Op.(type) {
	case *SplitToSequence:
		nodes, err = s.split(n, op)
		return nodes, true, err
	case *SequenceAt:
		nodes, err = s.at(n)
		return nodes, true, err
	}
	return nil, false, nil
}

func (s sequences) split(n *Node, op *SplitToSequence) ([]*Node, error) {
	x, err := n.want(0, "input")
	if err != nil {
		return nil, err
	}
	if x.Shape == nil {
		return nil, fmt.Errorf("input 0 (%q) has no shape", x.Name)
	}
	a, err := axis(op.Axis, len(x.Shape))
	if err != nil {
		return nil, err
	}
	sizes, err := n.constInts(1, "split")
	if err != nil {
		return nil, err
	}
	if sizes == nil && !op.Keep {
		return nil, fmt.Errorf("keepdims 0 is %w, want 1 or sizes", ErrUnsupported)
	}
	if v := n.Input(1); v == nil || len(v.Shape) == 0 {
		each := 1
		if v != nil {
			each = sizes[0]
		}
		if each < 1 || (x.Shape[a]+each-1)/each > maxList {
			return nil, fmt.Errorf("parts of size %d of axis %d of %v: want 1 to %d parts", each, a, x.Shape, maxList)
		}
		sizes = nil
		for left := x.Shape[a]; left > 0; left -= each {
			sizes = append(sizes, min(each, left))
		}
	}
	split := &Node{Name: n.Name, Op: &Split{Axis: a, Sizes: sizes}, In: []*Value{x}}
	for i := range sizes {
		split.Out = append(split.Out, &Value{Name: fmt.Sprintf("%s/%d", n.Out[0].Name, i)})
	}
	s[n.Out[0]] = split.Out
	return []*Node{split}, nil
}

func (s sequences) at(n *Node) ([]*Node, error) {
	q, err := n.want(0, "input_sequence")
	if err != nil {
		return nil, err
	}
	parts, ok := s[q]
	if !ok {
		return nil, n.Op.Infer(n)
	}
	i, err := n.constInts(1, "position")
	if err != nil {
		return nil, err
	}
	if len(i) != 1 || i[0] < -len(parts) || i[0] >= len(parts) {
		return nil, fmt.Errorf("position %v: want one in [%d, %d)", i, -len(parts), len(parts))
	}
	k := i[0]
	if k < 0 {
		k += len(parts)
	}
	return []*Node{{Name: n.Name, Op: &Reshape{From: "Identity"}, In: []*Value{parts[k]}, Out: n.Out}}, nil
}
