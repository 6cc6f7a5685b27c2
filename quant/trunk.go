package quant

import (
	"slices"

	"github.com/edgerun/edgerun/internal/ir"
)

// longTrunk is the number of sums in a row from which on rounding each of them
// to 8 bits costs too much: n roundings are 10·log10(n) dB worse than one.
const longTrunk = 12

// isSum reports whether a node adds two tensors and does nothing else.
func isSum(n *ir.Node) bool {
	if n == nil {
		return false
	}
	op, ok := n.Op.(*ir.Binary)
	return ok && op.Func == "Add" && op.Act.Kind == "" && n.In[0].Const == nil && n.In[1].Const == nil
}

// splitTrunks gives sums that run through the whole network, such as WaveNet's
// residual connections, a copy for the layers that read them: the copy has 8
// bits, so that the sums can have 16 (see grouping.accumulates). It returns the
// number of copies.
func splitTrunks(g *ir.Graph) (count int) {
	users := g.Consumers()
	// The sums that lead to a value with nothing in between, and then the
	// longest chain that runs through it.
	chain := map[*ir.Value]int{}
	for _, n := range g.Nodes {
		if isSum(n) {
			chain[n.Out[0]] = 1 + max(chain[n.In[0]], chain[n.In[1]])
		}
	}
	for _, n := range slices.Backward(g.Nodes) {
		if isSum(n) {
			for _, v := range n.In {
				chain[v] = max(chain[v], chain[n.Out[0]])
			}
		}
	}
	var nodes []*ir.Node
	for _, n := range g.Nodes {
		nodes = append(nodes, n)
		v := n.Out[0]
		readers := slices.DeleteFunc(slices.Clone(users[v]), isSum)
		if !isSum(n) || chain[v] < longTrunk || len(readers) == 0 || len(readers) == len(users[v]) || slices.Contains(readers, nil) {
			continue
		}
		narrow := &ir.Value{Name: v.Name + "/8 bits", DType: v.DType, Shape: v.Shape}
		nodes = append(nodes, &ir.Node{Name: n.Name, Op: &ir.Unary{Func: "Identity"}, In: []*ir.Value{v}, Out: []*ir.Value{narrow}})
		for _, u := range readers {
			for k, x := range u.In {
				if x == v {
					u.In[k] = narrow
				}
			}
		}
		count++
	}
	g.Nodes = nodes
	return count
}

// accumulates reports whether v is a sum that only goes into further sums, or
// into what splitTrunks made: it gets 16 bits.
func (gr *grouping) accumulates(v *ir.Value) bool {
	for _, n := range gr.users[v] {
		if !isSum(n) && !isNarrowing(n) {
			return false
		}
	}
	return isSum(gr.made[v])
}

func isNarrowing(n *ir.Node) bool {
	if n == nil {
		return false
	}
	u, ok := n.Op.(*ir.Unary)
	return ok && u.Func == "Identity"
}
