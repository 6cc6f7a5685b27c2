package ir

import "fmt"

// If runs one of two graphs. Only constant conditions are taken: Resolve puts
// the nodes of the chosen branch in its place. Inputs behind the condition are
// the outer values that the branches read.
type If struct {
	Branch [2]*Graph // then, else
}

// Kind implements Op.
func (*If) Kind() string { return "If" }

// Infer implements Op.
func (*If) Infer(*Node) error {
	return fmt.Errorf("the condition is computed from data: %w, want a constant", ErrUnsupported)
}

// choose returns the nodes that stand for n, when its condition is known.
func (i *If) choose(n *Node) ([]*Node, error) {
	c, err := n.want(0, "cond")
	if err != nil {
		return nil, err
	}
	if c.Const == nil {
		return nil, i.Infer(n)
	}
	if c.Const.Len() != 1 {
		return nil, fmt.Errorf("the condition has %d elements, want 1", c.Const.Len())
	}
	b := i.Branch[1]
	if c.Const.Float(0) != 0 {
		b = i.Branch[0]
	}
	if err := b.sort(n.In); err != nil {
		return nil, err
	}
	b.Prune()
	if len(b.Outputs) != len(n.Out) {
		return nil, fmt.Errorf("the branch has %d outputs, the node %d", len(b.Outputs), len(n.Out))
	}
	nodes := b.Nodes
	for k, o := range n.Out {
		if o != nil {
			nodes = append(nodes, &Node{Name: n.Name, Op: &Reshape{From: "Identity"}, In: []*Value{b.Outputs[k]}, Out: []*Value{o}})
		}
	}
	return nodes, nil
}
