package quant

import (
	"math"
	"slices"

	"github.com/edgerun/edgerun/internal/ir"
)

// group is a set of values that share scale, zero point and width, because the
// operators between them move or select integers without looking at them.
type group struct {
	values  []*ir.Value // in graph order
	wide    bool        // 16 bits
	offsets bool        // offsets of a deformable convolution
	fixed   *params     // known without looking
	hist    *histogram  // of all values
	params  params
	how     string
}

// grouping maps every value of a graph to its group.
type grouping struct {
	g      *ir.Graph
	hist   map[*ir.Value]*histogram
	made   map[*ir.Value]*ir.Node
	users  map[*ir.Value][]*ir.Node
	parent map[*ir.Value]*ir.Value
	group  map[*ir.Value]*group
	order  []*group
}

func (gr *grouping) find(v *ir.Value) *ir.Value {
	for gr.parent[v] != v {
		gr.parent[v] = gr.parent[gr.parent[v]]
		v = gr.parent[v]
	}
	return v
}

func (gr *grouping) join(a, b *ir.Value) {
	x, y := gr.find(a), gr.find(b)
	if x != y {
		gr.parent[y] = x
	}
}

// of returns the group of a value.
func (gr *grouping) of(v *ir.Value) *group { return gr.group[v] }

// newGrouping finds the groups and their widths. Histograms, which may be nil,
// say which values are too small for the scale of a concatenation.
func newGrouping(g *ir.Graph, hist map[*ir.Value]*histogram) *grouping {
	gr := &grouping{g: g, hist: hist, made: g.Producers(), users: g.Consumers(), parent: map[*ir.Value]*ir.Value{}, group: map[*ir.Value]*group{}}
	var values []*ir.Value
	add := func(v *ir.Value) {
		if v != nil && v.Const == nil && gr.parent[v] == nil {
			gr.parent[v] = v
			values = append(values, v)
		}
	}
	for _, v := range g.Inputs {
		add(v)
	}
	for _, n := range g.Nodes {
		for _, v := range n.Out {
			add(v)
		}
	}
	for _, n := range g.Nodes {
		for _, v := range gr.ties(n) {
			for _, o := range n.Out {
				if o != nil {
					gr.join(v, o)
				}
			}
		}
	}
	byRoot := map[*ir.Value]*group{}
	for _, v := range values {
		r := gr.find(v)
		if byRoot[r] == nil {
			byRoot[r] = &group{}
			gr.order = append(gr.order, byRoot[r])
		}
		byRoot[r].values = append(byRoot[r].values, v)
		gr.group[v] = byRoot[r]
	}
	gr.widen()
	for _, grp := range gr.order {
		grp.fixed = gr.fixedParams(grp)
	}
	return gr
}

// ties lists the inputs whose integers a node hands on as they are.
func (gr *grouping) ties(n *ir.Node) []*ir.Value {
	switch op := n.Op.(type) {
	case *ir.Reshape, *ir.Transpose, *ir.Slice, *ir.Split, *ir.Gather, *ir.DepthToSpace, *ir.Expand, *ir.Tile, *ir.Pad, *ir.Resize, *ir.Cast:
		if n.In[0].Const == nil {
			return n.In[:1]
		}
	case *ir.Pool:
		if op.Max {
			return n.In[:1]
		}
	case *ir.GlobalPool:
		if op.Max {
			return n.In[:1]
		}
	case *ir.Concat:
		var in []*ir.Value
		for _, v := range n.In {
			// A softmax has a scale of its own, which it cannot change.
			if v.Const == nil && !gr.isSoftmax(v) && !gr.tooSmall(v, n.Out[0]) {
				in = append(in, v)
			}
		}
		return in
	}
	return nil
}

// tooSmall reports whether a value that others read too would lose two bits or
// more to the scale of a concatenation. It keeps its own scale then, and is
// rescaled on the way in.
func (gr *grouping) tooSmall(v, whole *ir.Value) bool {
	if len(gr.users[v]) < 2 {
		return false
	}
	a, b := gr.hist[v], gr.hist[whole]
	if a == nil || b == nil {
		return false
	}
	width := func(h *histogram) float32 { return max(h.max, 0) - min(h.min, 0) }
	return 4*width(a) < width(b)
}

// isSoftmax reports whether a value is a softmax, moved perhaps.
func (gr *grouping) isSoftmax(v *ir.Value) bool {
	n := gr.made[v]
	if n == nil {
		return false
	}
	switch op := n.Op.(type) {
	case *ir.Softmax:
		return !op.Log
	case *ir.Reshape, *ir.Transpose, *ir.Slice, *ir.Split, *ir.Gather:
		return gr.isSoftmax(n.In[0])
	}
	return false
}

// takesWide reports whether an operator can read 16-bit values as input i.
func takesWide(n *ir.Node, i int) bool {
	switch op := n.Op.(type) {
	case *ir.Reshape, *ir.Transpose, *ir.Slice, *ir.Split, *ir.Gather, *ir.DepthToSpace, *ir.Expand, *ir.Tile, *ir.Pad, *ir.Resize, *ir.Cast,
		*ir.Concat, *ir.Softmax, *ir.ArgReduce:
		return true
	case ir.Function:
		return true
	case *ir.Binary:
		return op.Func == "Add" || op.Func == "Sub" || op.Func == "Mul"
	case *ir.DeformConv:
		return i == 2
	}
	return false
}

// givesWide reports whether an operator can write 16-bit values.
func givesWide(n *ir.Node) bool {
	if n == nil {
		return true // a network input
	}
	switch op := n.Op.(type) {
	case *ir.Pool:
		return !op.Max
	case *ir.GlobalPool:
		return !op.Max
	case *ir.SE:
		return false
	}
	return true
}

// widen finds the groups that get 16 bits: offsets of deformable convolutions,
// sums on their way to larger ones, and the tail of the network, from where no
// layer with weights can be reached.
func (gr *grouping) widen() {
	tail := map[*ir.Value]bool{}
	position := func(n *ir.Node, v *ir.Value) int { return slices.Index(n.In, v) }
	isTail := func(v *ir.Value) bool {
		for _, n := range gr.users[v] {
			if n == nil {
				continue
			}
			if !takesWide(n, position(n, v)) {
				return false
			}
			if _, index := n.Op.(*ir.ArgReduce); index {
				continue
			}
			for _, o := range n.Out {
				if o != nil && !tail[o] {
					return false
				}
			}
		}
		return true
	}
	for _, n := range slices.Backward(gr.g.Nodes) {
		for _, o := range n.Out {
			if o != nil {
				tail[o] = isTail(o)
			}
		}
	}
	for _, v := range gr.g.Inputs {
		tail[v] = isTail(v) && v.IsFloat()
	}
	offsets := map[*ir.Value]bool{}
	for _, n := range gr.g.Nodes {
		if _, ok := n.Op.(*ir.DeformConv); ok {
			offsets[n.In[2]] = true
		}
	}
	for _, grp := range gr.order {
		can, all, sums := true, true, true
		for _, v := range grp.values {
			can = can && givesWide(gr.made[v]) && v.IsFloat()
			for _, n := range gr.users[v] {
				if n == nil {
					continue
				}
				for i, x := range n.In {
					if x == v {
						can = can && takesWide(n, i)
					}
				}
			}
			all = all && tail[v]
			sums = sums && gr.accumulates(v)
			grp.offsets = grp.offsets || offsets[v]
		}
		grp.wide = can && (all || grp.offsets || sums)
		grp.offsets = grp.offsets && grp.wide
	}
}

// fixedParams returns the parameters of values whose range is known: integers
// from outside, gates, softmax and tanh.
func (gr *grouping) fixedParams(grp *group) *params {
	var fixed *params
	for _, v := range grp.values {
		n := gr.made[v]
		var p *params
		switch {
		case n == nil && v.DType == ir.Uint8:
			p = &params{Int8Type, 1, -128}
		case n == nil && v.DType == ir.Int8:
			p = &params{Int8Type, 1, 0}
		case n == nil:
			return nil
		default:
			if len(gr.ties(n)) > 0 {
				continue // moved, not made
			}
			p = producedParams(n, grp.wide)
			if p == nil {
				return nil
			}
		}
		if fixed != nil && *fixed != *p {
			return nil
		}
		fixed = p
	}
	return fixed
}

// producedParams returns what a node's output is known to be.
func producedParams(n *ir.Node, wide bool) *params {
	gate := gateParams
	if wide {
		gate = gate16Params
	}
	switch op := n.Op.(type) {
	case *ir.Softmax:
		if !op.Log {
			return &gate
		}
	case *ir.Unary:
		switch op.Func {
		case "Sigmoid", "HardSigmoid":
			return &gate
		case "Tanh":
			p := tanhParams
			if wide {
				p = gate16Params
			}
			return &p
		}
	}
	return nil
}

// offsetBits returns the fraction bits that offsets up to m pixels leave: as
// many as the kernel multiplies, or less when 16 bits would not hold them.
func offsetBits(m float64) int {
	bits := 7
	for bits > 1 && m*math.Ldexp(1, bits) > 32000 {
		bits--
	}
	return bits
}
