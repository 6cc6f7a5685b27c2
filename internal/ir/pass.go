package ir

import (
	"reflect"
	"slices"
)

// Pass is one rewrite of a graph. Run returns how often it applied.
type Pass struct {
	Name string
	Run  func(e *Editor) int
}

// Passes are the rewrites that Optimize does, in order, until none applies any
// more. None changes what the network computes, but for float32 rounding.
var Passes = []Pass{
	{"drop no-ops", dropNoops},
	{"move transpositions", moveTransposes},
	{"join moves", joinMoves},
	{"canonical operators", canonical},
	{"fold pads", foldPads},
	{"fold batch normalization and scales", foldAffine},
	{"fold activations", foldActs},
	{"join element-wise functions", joinFuncs},
	{"find parametric rectifiers", findPRelu},
	{"find squeeze-and-excitation", findSE},
}

// Optimize returns a rewritten copy of a resolved graph and how often every
// pass applied. Values of the copy that stand for values of g have their names.
func Optimize(g *Graph) (*Graph, map[string]int) { return optimize(g, nil) }

// OptimizeForIntegers is Optimize for the quantizer: operators that have no integer
// form are written in terms of others. In float32 that may lose digits where
// values differ a lot in size: as integers they would not differ like that.
func OptimizeForIntegers(g *Graph) (*Graph, map[string]int) {
	return optimize(g, &Pass{"decompose operators", decompose})
}

// optimize runs the passes; last, if there is one, when no other applies any
// more, and then they have another go.
func optimize(g *Graph, last *Pass) (*Graph, map[string]int) {
	e := &Editor{Graph: g.Clone()}
	counts := map[string]int{}
	run := func(p Pass) bool {
		e.index()
		n := p.Run(e)
		if n > 0 {
			counts[p.Name] += n
		}
		e.Graph.Prune()
		return n > 0
	}
	changed := true
	for round := 0; changed && round < maxRounds; round++ {
		changed = false
		for _, p := range Passes {
			changed = run(p) || changed
		}
		if !changed && last != nil {
			changed = run(*last)
		}
	}
	return e.Graph, counts
}

// maxRounds bounds Optimize. Every pass leaves a graph that computes the same,
// so that it may stop anywhere.
const maxRounds = 200

// Clone copies the graph, its nodes, operators and values. Constants are
// shared.
func (g *Graph) Clone() *Graph {
	c := &Graph{Name: g.Name}
	seen := map[*Value]*Value{nil: nil}
	val := func(v *Value) *Value {
		w, ok := seen[v]
		if !ok {
			x := *v
			w = &x
			seen[v] = w
		}
		return w
	}
	list := func(vs []*Value) []*Value {
		out := make([]*Value, len(vs))
		for i, v := range vs {
			out[i] = val(v)
		}
		return out
	}
	c.Inputs = list(g.Inputs)
	for _, n := range g.Nodes {
		op := reflect.New(reflect.TypeOf(n.Op).Elem())
		op.Elem().Set(reflect.ValueOf(n.Op).Elem())
		c.Nodes = append(c.Nodes, &Node{Name: n.Name, Op: op.Interface().(Op), In: list(n.In), Out: list(n.Out)})
	}
	c.Outputs = list(g.Outputs)
	return c
}

// Editor is a graph with the indices that rewrites need.
type Editor struct {
	*Graph
	made  map[*Value]*Node
	users map[*Value][]*Node
}

func (e *Editor) index() {
	e.made, e.users = e.Producers(), e.Consumers()
}

// only returns the one node that reads v, or nil when there are more uses, or
// when v is a network output.
func (e *Editor) only(v *Value) *Node {
	if u := e.users[v]; len(u) == 1 {
		return u[0]
	}
	return nil
}

// replace makes every reader of old read v instead. Where old is a network
// output, v's producer takes over its value; it fails when v is an input, a
// constant or an output itself.
func (e *Editor) replace(old, v *Value) bool {
	if i := slices.Index(e.Outputs, old); i >= 0 {
		p := e.made[v]
		if p == nil || slices.Contains(e.Outputs, v) {
			return false
		}
		// Keep the output's value: the producer of v writes it, and the
		// readers of v read it.
		k := slices.Index(p.Out, v)
		p.Out[k] = old
		old.Shape, old.DType = v.Shape, v.DType
		for _, n := range e.users[v] {
			for j, x := range n.In {
				if x == v {
					n.In[j] = old
				}
			}
		}
		e.made[old] = p
		e.users[old] = append(e.users[old], e.users[v]...)
		return true
	}
	for _, n := range e.users[old] {
		for j, x := range n.In {
			if x == old {
				n.In[j] = v
			}
		}
	}
	e.users[v] = append(e.users[v], e.users[old]...)
	delete(e.users, old)
	return true
}

// remove takes a node out of the graph.
func (e *Editor) remove(n *Node) {
	if i := slices.Index(e.Nodes, n); i >= 0 {
		e.Nodes = slices.Delete(e.Nodes, i, i+1)
	}
}

// insert puts nodes in front of another one.
func (e *Editor) insert(before *Node, nodes ...*Node) {
	e.Nodes = slices.Insert(e.Nodes, slices.Index(e.Nodes, before), nodes...)
}

// absorb lets n take over what follows it: next, the only reader of n's
// output, goes, and n writes next's output.
func (e *Editor) absorb(n, next *Node) {
	n.Out[0] = next.Out[0]
	e.made[n.Out[0]] = n
	e.remove(next)
}

// constant makes a constant float value.
func constant(data []float32, shape ...int) *Value {
	t := FloatTensor(data, shape...)
	return &Value{DType: Float32, Shape: t.Shape, Const: t}
}

// scalarOf returns the only element of a constant.
func scalarOf(v *Value) (float64, bool) {
	if v == nil || v.Const == nil || v.Const.Len() != 1 {
		return 0, false
	}
	return v.Const.Float(0), true
}

// perChannel returns a constant that broadcasts along every axis of shape but
// the channels (axis 1, or the last for vectors and matrices), as one value
// per channel.
func perChannel(v *Value, shape []int) ([]float32, bool) {
	if v == nil || v.Const == nil || v.Const.DType != Float32 || len(shape) < 2 {
		return nil, false
	}
	c := shape[1]
	if v.Const.Len() == 1 {
		out := make([]float32, c)
		for i := range out {
			out[i] = v.Const.F[0]
		}
		return out, true
	}
	if len(v.Shape) > len(shape) || v.Const.Len() != c {
		return nil, false
	}
	at := 1 - (len(shape) - len(v.Shape)) // the channel axis in v's shape
	if at < 0 || at >= len(v.Shape) || v.Shape[at] != c {
		return nil, false
	}
	return v.Const.F, true
}
