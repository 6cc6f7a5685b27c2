package quant

import (
	"fmt"

	"github.com/edgerun/edgerun/internal/ir"
)

// checkGraph refuses networks that have no integer form for reasons that lie
// in their values: nothing to compute, nothing to hold, integers to compute with.
func checkGraph(g *ir.Graph) error {
	for _, v := range g.Outputs {
		if v.Const != nil {
			return fmt.Errorf("output %q does not depend on the inputs: %w in int8, want outputs that do", v.Name, ErrUnsupported)
		}
	}
	for _, v := range g.Inputs {
		if v.Len() == 0 {
			return fmt.Errorf("input %q of shape %v is empty: %w in int8", v.Name, v.Shape, ErrUnsupported)
		}
	}
	for _, n := range g.Nodes {
		for i, v := range n.In {
			if v != nil && !v.IsFloat() && !takesIntegers(n, i) {
				return n.Wrap(fmt.Errorf("input %d (%q) is %s: %w in int8, want float32", i, v.Name, v.DType, ErrUnsupported))
			}
			if v != nil && v.Len() == 0 {
				return n.Wrap(fmt.Errorf("input %d (%q) of shape %v is empty: %w in int8", i, v.Name, v.Shape, ErrUnsupported))
			}
		}
		for i, v := range n.Out {
			if v != nil && v.Len() == 0 {
				return n.Wrap(fmt.Errorf("output %d (%q) of shape %v is empty: %w in int8", i, v.Name, v.Shape, ErrUnsupported))
			}
		}
	}
	return nil
}

// takesIntegers reports whether a node may read an integer tensor, which it
// moves, converts or counts, as input i.
func takesIntegers(n *ir.Node, i int) bool {
	switch n.Op.(type) {
	case *ir.Reshape, *ir.Transpose, *ir.Slice, *ir.Split, *ir.Gather, *ir.DepthToSpace, *ir.Expand, *ir.Tile, *ir.Pad, *ir.Cast, *ir.ArgReduce:
		return true
	case *ir.Concat:
		return n.In[i].Const == nil
	}
	return false
}
