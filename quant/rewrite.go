package quant

import (
	"math"

	"github.com/edgerun/edgerun/internal/ir"
)

// rewriteForInt8 puts operators that have no integer form of their own into
// others that do.
func rewriteForInt8(g *ir.Graph) {
	var nodes []*ir.Node
	for _, n := range g.Nodes {
		p := &parts{n: n}
		switch op := n.Op.(type) {
		case *ir.PRelu:
			if !channelSlopes(n) {
				p.prelu()
			}
		case *ir.Binary:
			p.binary(op)
		case *ir.Reduce:
			p.reduce(op)
		}
		if len(p.nodes) == 0 {
			nodes = append(nodes, n)
			continue
		}
		p.nodes[len(p.nodes)-1].Out = n.Out
		nodes = append(nodes, p.nodes...)
	}
	g.Nodes = nodes
}

// parts are the nodes that one becomes; the last takes over its output.
type parts struct {
	n     *ir.Node
	nodes []*ir.Node
}

func (p *parts) add(name string, op ir.Op, shape []int, in ...*ir.Value) *ir.Value {
	v := &ir.Value{Name: p.n.Out[0].Name + "/" + name, DType: ir.Float32, Shape: shape}
	p.nodes = append(p.nodes, &ir.Node{Name: p.n.Name, Op: op, In: in, Out: []*ir.Value{v}})
	return v
}

// channelSlopes reports whether a PRelu has one constant slope per channel of a
// feature map: what lowering.prelu takes.
func channelSlopes(n *ir.Node) bool {
	x, slope := n.In[0], n.In[1]
	if slope.Const == nil || len(x.Shape) < 3 {
		return false
	}
	at := len(slope.Shape) - (len(x.Shape) - 1) // the channels among the slope's axes
	return slope.Len() == 1 || at >= 0 && slope.Len() == x.Shape[1] && slope.Shape[at] == x.Shape[1]
}

// prelu is max(x, 0) + slope·min(x, 0).
func (p *parts) prelu() {
	x, slope := p.n.In[0], p.n.In[1]
	inf := float32(math.Inf(1))
	above := p.add("above", &ir.Unary{Func: "Clip", Alpha: 0, Beta: inf}, x.Shape, x)
	below := p.add("below", &ir.Unary{Func: "Clip", Alpha: -inf, Beta: 0}, x.Shape, x)
	below = p.add("scaled", &ir.Binary{Func: "Mul"}, x.Shape, below, slope)
	p.add("sum", &ir.Binary{Func: "Add"}, x.Shape, above, below)
}

// binary writes a maximum as a + relu(b − a), a minimum as a − relu(a − b), and
// a quotient as the product with the reciprocal.
func (p *parts) binary(op *ir.Binary) {
	a, b, shape := p.n.In[0], p.n.In[1], p.n.Out[0].Shape
	if !a.IsFloat() || a == b || op.Act.Kind != "" {
		return
	}
	switch op.Func {
	case "Max", "Min":
		if a.Const != nil {
			a, b = b, a
		}
		x, y, join := b, a, "Add"
		if op.Func == "Min" {
			x, y, join = a, b, "Sub"
		}
		excess := &ir.Binary{Func: "Sub", Act: ir.Clamp(0, float32(math.Inf(1)))}
		p.add("joined", &ir.Binary{Func: join}, shape, a, p.add("excess", excess, shape, x, y))
	case "Div":
		if b.Const != nil {
			return
		}
		r := p.add("reciprocal", &ir.Unary{Func: "Reciprocal"}, b.Shape, b)
		p.add("quotient", &ir.Binary{Func: "Mul"}, shape, a, r)
	}
}

// reduce puts a function in front of a sum, or behind it.
func (p *parts) reduce(op *ir.Reduce) {
	x, sum := p.n.In[0], *op
	sum.Func = "ReduceSum"
	shape := p.n.Out[0].Shape
	switch op.Func {
	case "ReduceL1":
		p.add("sum", &sum, shape, p.add("abs", &ir.Unary{Func: "Abs"}, x.Shape, x))
	case "ReduceSumSquare":
		p.add("sum", &sum, shape, p.add("square", &ir.Binary{Func: "Mul"}, x.Shape, x, x))
	case "ReduceL2":
		s := p.add("sum", &sum, shape, p.add("square", &ir.Binary{Func: "Mul"}, x.Shape, x, x))
		p.add("root", &ir.Unary{Func: "Sqrt"}, shape, s)
	}
}
