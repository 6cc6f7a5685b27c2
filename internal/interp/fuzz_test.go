package interp_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/interp"
	"github.com/edgerun/edgerun/internal/ir"
)

// FuzzOptimize builds small networks, every byte or two a node, and compares
// their results before and after ir.Optimize.
func FuzzOptimize(f *testing.F) {
	for i := range byte(32) {
		f.Add([]byte{i, 0, i + 1, 3, i * 2, 1, i + 7, 2, i * 5, 0, 255 - i, 9})
		f.Add([]byte{0, i, 12, i, 3, i, 14, i, 0, i})
	}
	f.Fuzz(func(t *testing.T, program []byte) {
		n := &network{}
		g := n.build(program)
		require.NoError(t, g.Resolve(interp.Eval), g.Dump())
		opt, passes := ir.Optimize(g)
		run := func(g *ir.Graph) []*ir.Tensor {
			m, err := interp.New(g)
			require.NoError(t, err)
			var in []*ir.Tensor
			for _, v := range g.Inputs {
				in = append(in, ir.FloatTensor(pattern(v.Len(), -1, 1), v.Shape...))
			}
			out, err := m.Run(context.Background(), in, nil)
			require.NoError(t, err)
			return out
		}
		a, b := run(g), run(opt)
		for _, v := range a[0].F {
			if v != v || math.Abs(float64(v)) > 1e6 {
				return // rounding errors have grown, too
			}
		}
		require.NoError(t, differ(b, a, 1e-3), "%v\n%s\n%s", passes, g.Dump(), opt.Dump())
	})
}

// network writes a graph from bytes. Values have rank 4, or 2 or 3 behind a
// global pool or a reshape.
type network struct {
	g     ir.Graph
	vals  []*ir.Value
	bytes []byte
	seed  uint32
}

func (n *network) next() int {
	if len(n.bytes) == 0 {
		return 0
	}
	b := n.bytes[0]
	n.bytes = n.bytes[1:]
	return int(b)
}

// constant is data in [lo, hi].
func (n *network) constant(lo, hi float64, shape ...int) *ir.Value {
	size, _ := ir.Elements(shape)
	f := make([]float32, size)
	for i := range f {
		n.seed = n.seed*1664525 + 1013904223
		f[i] = float32(lo + (hi-lo)*float64(n.seed>>8)/(1<<24))
	}
	t := ir.FloatTensor(f, shape...)
	return &ir.Value{Name: fmt.Sprint("k", n.seed), DType: ir.Float32, Shape: t.Shape, Const: t}
}

// add appends a node and infers its output; nodes that do not fit are left out.
func (n *network) add(op ir.Op, in ...*ir.Value) {
	out := &ir.Value{Name: fmt.Sprint("v", len(n.vals))}
	nd := &ir.Node{Name: fmt.Sprint("n", len(n.g.Nodes)), Op: op, In: in, Out: []*ir.Value{out}}
	if err := op.Infer(nd); err != nil || len(out.Shape) == 0 || out.Len() == 0 || out.Len() > 1<<12 {
		return
	}
	n.g.Nodes = append(n.g.Nodes, nd)
	n.vals = append(n.vals, out)
}

func (n *network) build(program []byte) *ir.Graph {
	n.bytes = program[:min(len(program), 40)]
	x := &ir.Value{Name: "x", DType: ir.Float32, Shape: []int{1, 4, 4, 4}}
	n.g.Inputs = []*ir.Value{x}
	n.vals = []*ir.Value{x}
	for len(n.bytes) > 0 {
		what, how := n.next(), n.next()
		v := n.vals[len(n.vals)-1]
		if how >= 192 { // an earlier value
			v = n.vals[how%len(n.vals)]
		}
		n.node(what, how, v)
	}
	last := n.vals[len(n.vals)-1]
	n.g.Outputs = []*ir.Value{last}
	for _, v := range n.vals[1:] { // and one in the middle
		if v != last && n.seed%5 == 0 {
			n.g.Outputs = append(n.g.Outputs, v)
			break
		}
	}
	return &n.g
}

func (n *network) node(what, how int, v *ir.Value) {
	s := v.Shape
	c := 1
	if len(s) > 1 {
		c = s[1]
	}
	pads := [][]int{{0, 0, 0, 0}, {1, 1, 1, 1}, {0, 1, 1, 0}}[how%3]
	win := func(k int) ir.Window {
		return ir.Window{Kernel: []int{k, k}, Stride: []int{1 + how/8%2, 1 + how/8%2}, Pads: append([]int{}, pads...)}
	}
	// Constants of an element-wise operator, in all the ways they broadcast.
	operand := func(lo, hi float64) *ir.Value {
		last := s[len(s)-1]
		switch how % 8 {
		case 0:
			return n.constant(lo, hi)
		case 1:
			return n.constant(lo, hi, 1)
		case 2:
			return n.constant(lo, hi, append([]int{c}, ones(len(s)-2)...)...)
		case 3:
			return n.constant(lo, hi, append([]int{1, c}, ones(len(s)-2)...)...)
		case 4:
			return n.constant(lo, hi, last)
		case 5:
			return n.constant(lo, hi, s...)
		case 6:
			return n.vals[how/8%len(n.vals)]
		}
		return v
	}
	bias := func(m int) []*ir.Value {
		if how&4 != 0 {
			return nil
		}
		return []*ir.Value{n.constant(-1, 1, m)}
	}
	switch what % 24 {
	case 0:
		n.add(&ir.Conv{Group: 1, Window: win(3)}, append([]*ir.Value{v, n.constant(-0.5, 0.5, 4, c, 3, 3)}, bias(4)...)...)
	case 1:
		n.add(&ir.Conv{Group: 1}, append([]*ir.Value{v, n.constant(-0.5, 0.5, 4, c, 1, 1)}, bias(4)...)...)
	case 2:
		n.add(&ir.Conv{Group: c, Window: win(3)}, append([]*ir.Value{v, n.constant(-0.5, 0.5, c, 1, 3, 3)}, bias(c)...)...)
	case 3:
		n.add(&ir.Conv{Group: c}, append([]*ir.Value{v, n.constant(-1, 1, c, 1, 1, 1)}, bias(c)...)...)
	case 4:
		n.add(&ir.ConvTranspose{Group: 1 + how/16%2, Window: ir.Window{Stride: []int{2, 2}}}, append([]*ir.Value{v, n.constant(-0.5, 0.5, c, 4/(1+how/16%2), 2, 2)}, bias(4)...)...)
	case 5:
		n.add(&ir.BatchNorm{Eps: 1e-3}, v, n.constant(0.5, 2, c), n.constant(-1, 1, c), n.constant(-1, 1, c), n.constant(0.5, 2, c))
	case 6, 7:
		n.add(&ir.Binary{Func: "Mul"}, v, operand(-2, 2))
	case 8, 9:
		n.add(&ir.Binary{Func: "Add"}, v, operand(-2, 2))
	case 10:
		n.add(&ir.Binary{Func: []string{"Sub", "Max", "Min"}[how/8%3]}, operand(-2, 2), v)
	case 11:
		n.add(&ir.Binary{Func: "Div"}, v, n.constant(1, 3))
	case 12:
		n.add(&ir.Unary{Func: "Clip", Alpha: float32(how%4) - 2, Beta: float32(how/4%4) + 1}, v)
	case 13:
		n.add(&ir.Unary{Func: []string{"Relu", "Sigmoid", "HardSigmoid", "HardSwish", "Tanh", "Abs", "Neg", "LeakyRelu"}[how%8], Alpha: 0.2, Beta: 0.5}, v)
	case 14:
		n.add(&ir.Pad{Mode: []string{"constant", "reflect"}[how/32%2], Pads: []int{0, 0, how % 3, 1, 0, 0, 1, how / 4 % 3}, Value: float32(how / 16 % 2)}, v)
	case 15:
		n.add(&ir.Pool{Max: how%2 == 0, CountIncludePad: how/2%2 == 0, Ceil: how/4%2 == 0, Window: win(2)}, v)
	case 16:
		n.add(&ir.GlobalPool{Max: how%4 == 0}, v)
	case 17:
		n.add(&ir.Reduce{Func: "ReduceMean", Axes: [][]int{{2, 3}, {-1, -2}, {1}, {2}}[how%4], Keep: how&4 != 0}, v)
	case 18:
		n.add(&ir.Reshape{From: "Flatten", Axis: 1 + how%2}, v)
	case 19:
		n.add(&ir.Reshape{Shape: [][]int{{1, 4, -1}, {1, -1}, {1, 4, 2, -1}, {1, 2, 2, -1}, {2, -1}}[how%5]}, v)
	case 20:
		n.add(&ir.Transpose{Perm: [][]int{{0, 2, 1, 3}, {0, 1, 3, 2}, {0, 2, 3, 1}, {0, 2, 1}, {1, 0}}[how%5]}, v)
	case 21:
		w := n.constant(-0.5, 0.5, s[len(s)-1], 4)
		n.add(&ir.MatMul{}, v, w)
	case 22:
		k := s[len(s)-1]
		if how%2 == 0 {
			n.add(&ir.Gemm{Alpha: 0.5, Beta: 2, TransB: true}, append([]*ir.Value{v, n.constant(-0.5, 0.5, 4, k)}, bias(4)...)...)
		} else {
			n.add(&ir.Gemm{Alpha: 1, Beta: 1, TransA: how&2 != 0}, append([]*ir.Value{v, n.constant(-0.5, 0.5, k, 4)}, bias(4)...)...)
		}
	case 23:
		switch how % 4 {
		case 0:
			n.add(&ir.PRelu{}, v, n.constant(-1, 1, append([]int{c}, ones(len(s)-2)...)...))
		case 1:
			n.add(&ir.Softmax{Axis: how / 4 % len(s), Flat: how/32%2 == 0}, v)
		case 2:
			n.add(&ir.Concat{Axis: 1}, v, n.vals[how/4%len(n.vals)])
		default:
			n.add(&ir.InstanceNorm{Eps: 1e-2}, v, n.constant(0.5, 2, c), n.constant(-1, 1, c))
		}
	}
}

func ones(n int) []int {
	s := make([]int, max(0, n))
	for i := range s {
		s[i] = 1
	}
	return s
}
