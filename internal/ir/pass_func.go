package ir

import (
	"math"
	"slices"
	"strings"
)

// joinFuncs puts element-wise nodes that depend on one value only into one
// function: a chain such as Add, Clip, Mul, or a tree whose leaves are all the
// same value, as in x·sigmoid(x). The quantizer makes one table of it.
func joinFuncs(e *Editor) int {
	count := 0
	for _, nd := range slices.Clone(e.Nodes) {
		if !slices.Contains(e.Nodes, nd) {
			continue
		}
		r := &region{e: e, root: nd}
		if r.grow() && r.build() {
			e.index()
			count++
		}
	}
	return count
}

// maxSteps bounds a joined function: Func.Eval keeps its results in 16 places.
const maxSteps = 14

// region is a set of element-wise nodes that ends in root and has one source.
type region struct {
	e      *Editor
	root   *Node
	source *Value
	nodes  []*Node // in topological order, root last
}

// elementwise reports whether a node is a function of its non-constant
// operands, element by element, with constant operands of one element.
func elementwise(nd *Node) bool {
	return len(nd.Out) == 1 && nd.Out[0].IsFloat() && pointwise(nd)
}

// pointwise is elementwise for nodes inside a function too, whose results may be
// truth values.
func pointwise(nd *Node) bool {
	if len(nd.Out) != 1 || !nd.Out[0].IsFloat() && nd.Out[0].DType != Bool {
		return false
	}
	switch op := nd.Op.(type) {
	case *Unary, *Func:
		return true
	case *Cast:
		return nd.In[0].DType == Bool && nd.Out[0].IsFloat()
	case *Binary, *Where:
		if b, ok := op.(*Binary); ok && (b.Act.Kind == "leaky" || b.Func == "Mod") {
			return false
		}
		vars := 0
		for _, v := range nd.In {
			if v.Const == nil {
				vars++
				if sameInts(v.Shape, nd.Out[0].Shape) != nil {
					return false
				}
			} else if v.Const.Len() != 1 {
				return false
			}
		}
		return vars > 0
	}
	return false
}

// grow collects the largest region that ends in root. The root must not be
// part of a larger one itself.
func (r *region) grow() bool {
	if !elementwise(r.root) {
		return false
	}
	in := map[*Node]bool{}
	// Candidate sources: follow the operands upwards until something is not
	// element-wise, and take the deepest value through which everything goes.
	var leaves func(v *Value, inside map[*Node]bool) map[*Value]bool
	leaves = func(v *Value, inside map[*Node]bool) map[*Value]bool {
		m := r.e.made[v]
		if m == nil || !pointwise(m) || !r.absorbable(v, inside) {
			return map[*Value]bool{v: true}
		}
		inside[m] = true
		out := map[*Value]bool{}
		for _, x := range m.In {
			if x.Const == nil {
				for l := range leaves(x, inside) {
					out[l] = true
				}
			}
		}
		return out
	}
	in[r.root] = true
	src := map[*Value]bool{}
	for _, x := range r.root.In {
		if x.Const == nil {
			for l := range leaves(x, in) {
				src[l] = true
			}
		}
	}
	// A value that is both a leaf and computed inside, as x and sigmoid(x)
	// where x is itself element-wise, is the source.
	for len(src) > 1 {
		changed := false
		for v := range src {
			if m := r.e.made[v]; m != nil && in[m] {
				delete(src, v)
				changed = true
			}
		}
		if !changed {
			break
		}
	}
	if len(src) != 1 {
		return r.narrow() || r.chain()
	}
	for v := range src {
		r.source = v
	}
	for _, nd := range r.e.Nodes {
		if in[nd] {
			r.nodes = append(r.nodes, nd)
		}
	}
	return r.worthIt()
}

// absorbable reports whether a value is read inside the region only.
func (r *region) absorbable(v *Value, inside map[*Node]bool) bool {
	for _, u := range r.e.users[v] {
		if u == nil || u != r.root && !inside[u] {
			return false
		}
	}
	return true
}

// narrow tries the region of one binary node whose operands are x and a
// function of x, where x is read elsewhere too.
func (r *region) narrow() bool {
	op, ok := r.root.Op.(*Binary)
	if !ok || len(r.root.In) != 2 || r.root.In[0].Const != nil || r.root.In[1].Const != nil || op.Act.Kind == "leaky" {
		return false
	}
	for i := range 2 {
		x, f := r.root.In[i], r.root.In[1-i]
		var nodes []*Node
		for v := f; v != x; {
			m := r.e.made[v]
			if m == nil || !pointwise(m) || r.e.only(v) == nil {
				nodes = nil
				break
			}
			nodes = append(nodes, m)
			var next *Value
			for _, y := range m.In {
				if y.Const == nil {
					if next != nil && next != y {
						next = nil
						break
					}
					next = y
				}
			}
			if next == nil {
				nodes = nil
				break
			}
			v = next
		}
		if nodes == nil && x != f {
			continue
		}
		slices.Reverse(nodes)
		r.source, r.nodes = x, append(nodes, r.root)
		return r.worthIt()
	}
	return false
}

// chain tries the region of nodes in a row that ends in the root: up to the first
// that has more than one operand.
func (r *region) chain() bool {
	nodes := []*Node{r.root}
	v := onlyVariable(r.root)
	for v != nil {
		m := r.e.made[v]
		if m == nil || !pointwise(m) || r.e.only(v) == nil {
			break
		}
		x := onlyVariable(m)
		if x == nil {
			break
		}
		nodes, v = append(nodes, m), x
	}
	if len(nodes) == 1 {
		return false
	}
	slices.Reverse(nodes)
	r.source, r.nodes = v, nodes
	return r.worthIt()
}

// onlyVariable returns the one operand of a node that is not constant, or nil
// when there are several.
func onlyVariable(nd *Node) (v *Value) {
	for _, x := range nd.In {
		if x.Const == nil {
			if v != nil && v != x {
				return nil
			}
			v = x
		}
	}
	return v
}

// worthIt leaves single functions alone, and clamps that could still be folded.
func (r *region) worthIt() bool {
	if r.source.Const != nil || !r.source.IsFloat() || len(r.nodes) > maxSteps {
		return false
	}
	if len(r.nodes) == 1 {
		// x + c, x·c, and x op x alone become functions too: one table.
		_, bin := r.root.Op.(*Binary)
		return bin
	}
	return true
}

// build replaces the region by one node.
func (r *region) build() bool {
	f := &Func{}
	at := map[*Value]int{r.source: 0}
	var names []string
	add := func(s FuncStep) int {
		f.Steps = append(f.Steps, s)
		return len(f.Steps)
	}
	for _, nd := range r.nodes {
		switch op := nd.Op.(type) {
		case *Unary:
			at[nd.Out[0]] = add(FuncStep{Unary: op, A: at[nd.In[0]]})
			names = append(names, op.Func)
		case *Func:
			base := len(f.Steps)
			x := at[nd.In[0]]
			shift := func(i int) int {
				switch {
				case i < 0:
					return i
				case i == 0:
					return x
				}
				return i + base
			}
			for _, s := range op.Steps {
				s.A, s.B, s.C = shift(s.A), shift(s.B), shift(s.C)
				add(s)
			}
			at[nd.Out[0]] = len(f.Steps)
			names = append(names, op.Label)
		case *Binary:
			s := FuncStep{Binary: op.Func}
			s.operands(nd.In, at)
			at[nd.Out[0]] = add(s)
			names = append(names, op.Func)
			if op.Act.Kind == "clamp" {
				at[nd.Out[0]] = add(FuncStep{Unary: &Unary{Func: "Clip", Alpha: op.Act.Lo, Beta: op.Act.Hi}, A: at[nd.Out[0]]})
				names = append(names, "Clip")
			}
		case *Where:
			s := FuncStep{Where: true, C: at[nd.In[0]]}
			if c, ok := scalarOf(nd.In[0]); ok { // the condition is constant
				s = FuncStep{Binary: "Add", B: -1}
				if s.operands(nd.In[2:], at); c != 0 {
					s.operands(nd.In[1:2], at)
				}
			} else {
				s.operands(nd.In[1:], at)
			}
			at[nd.Out[0]] = add(s)
			names = append(names, "Where")
		case *Cast:
			at[nd.Out[0]] = at[nd.In[0]]
		}
	}
	if len(f.Steps) > maxSteps {
		return false
	}
	f.Label = strings.Join(names, "-")
	var op Function = f
	if known := identify(f); known != nil {
		op = known
	}
	out := r.root
	for _, nd := range r.nodes[:len(r.nodes)-1] {
		r.e.remove(nd)
	}
	out.Op, out.In = op, []*Value{r.source}
	return true
}

// operands fills in A and, if there is a second one, B.
func (s *FuncStep) operands(in []*Value, at map[*Value]int) {
	for i, v := range in {
		p, c := &s.A, &s.Const
		if i == 1 {
			p, c = &s.B, &s.ConstB
		}
		if x, ok := scalarOf(v); ok {
			*p, *c = -1, x
		} else {
			*p = at[v]
		}
	}
}

// identify finds the well-known function that f equals, whatever the spelling:
// hard-swish written as Add, Clip, Mul and Div, for instance. It compares
// values on a grid.
func identify(f Function) *Unary {
	at1, below := f.Eval(1), f.Eval(-1)
	candidates := []*Unary{
		{Func: "LeakyRelu", Alpha: float32(-below)},
		{Func: "Clip", Alpha: float32(f.Eval(-1e6)), Beta: float32(f.Eval(1e6))},
		{Func: "HardSwish"}, {Func: "Swish", Alpha: 1}, {Func: "Swish", Alpha: 1.702}, {Func: "Mish"}, {Func: "Gelu"}, {Func: "GeluTanh"},
		{Func: "HardSigmoid", Alpha: 1.0 / 6, Beta: 0.5}, {Func: "HardSigmoid", Alpha: 0.2, Beta: 0.5}, {Func: "Sigmoid"}, {Func: "Tanh"},
		{Func: "Softplus"}, {Func: "Relu"}, {Func: "Clip", Alpha: 0, Beta: 6}, {Func: "Softsign"}, {Func: "Neg"},
	}
	for _, c := range candidates {
		if c.Func == "LeakyRelu" && (at1 != 1 || below == 0) || c.Func == "Clip" && !(c.Alpha < c.Beta) {
			continue
		}
		same := true
		for x := -12.0; x <= 12 && same; x += 0.0625 {
			want := c.Eval(x)
			same = math.Abs(f.Eval(x)-want) <= 1e-5*max(1, math.Abs(want))
		}
		if same {
			return c
		}
	}
	return nil
}
