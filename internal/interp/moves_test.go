package interp_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/interp"
	"github.com/edgerun/edgerun/internal/ir"
)

// mover makes random graphs of operators that move elements about, with others
// between them that the moves may pass.
type mover struct {
	r    *rand.Rand
	g    *ir.Graph
	vals []*ir.Value
}

// add appends a node, unless it does not fit its inputs.
func (m *mover) add(op ir.Op, in ...*ir.Value) {
	n := &ir.Node{Name: fmt.Sprint("n", len(m.g.Nodes)), Op: op, In: in, Out: []*ir.Value{{Name: fmt.Sprint("v", len(m.g.Nodes))}}}
	if s, ok := op.(*ir.Split); ok {
		for i := range len(s.Sizes) - 1 {
			n.Out = append(n.Out, &ir.Value{Name: fmt.Sprint(n.Out[0].Name, "_", i)})
		}
	}
	if op.Infer(n) != nil {
		return
	}
	for _, o := range n.Out {
		if l := o.Len(); l == 0 || l > 2000 || len(o.Shape) > 6 {
			return
		}
	}
	m.g.Nodes = append(m.g.Nodes, n)
	m.vals = append(m.vals, n.Out...)
}

func (m *mover) floats(shape ...int) *ir.Value {
	t := ir.NewTensor(ir.Float32, shape)
	for i := range t.F {
		t.F[i] = float32(m.r.IntN(17)-8) / 4
	}
	return &ir.Value{DType: ir.Float32, Shape: t.Shape, Const: t}
}

func (m *mover) step() {
	x := m.vals[max(0, len(m.vals)-1-m.r.IntN(4))]
	rank := len(x.Shape)
	axis := 0
	if rank > 0 {
		axis = m.r.IntN(rank)
	}
	switch m.r.IntN(16) {
	case 0, 1, 2: // mostly between the two orders of the axes
		perm := m.r.Perm(rank)
		if rank >= 3 && m.r.IntN(4) > 0 {
			perm = []int{0}
			for i := 2; i < rank; i++ {
				perm = append(perm, i)
			}
			perm = append(perm, 1)
			if m.r.IntN(2) == 0 {
				inv := make([]int, rank)
				for i, p := range perm {
					inv[p] = i
				}
				perm = inv
			}
		}
		m.add(&ir.Transpose{Perm: perm}, x)
	case 3:
		m.add(&ir.Unary{Func: []string{"Relu", "Sigmoid", "Neg", "Abs"}[m.r.IntN(4)]}, x)
	case 4: // with a constant along one axis, or a number
		s := make([]int, rank)
		for i := range s {
			s[i] = 1
		}
		if rank > 0 && m.r.IntN(3) > 0 {
			s[axis] = x.Shape[axis]
		}
		c := m.floats(s[m.r.IntN(rank+1):]...)
		if m.r.IntN(4) == 0 {
			m.add(&ir.Binary{Func: "Sub"}, c, x)
		} else {
			m.add(&ir.Binary{Func: []string{"Add", "Mul", "Max"}[m.r.IntN(3)]}, x, c)
		}
	case 5, 6:
		y := m.vals[m.r.IntN(len(m.vals))]
		m.add(&ir.Binary{Func: []string{"Add", "Sub", "Mul", "Min"}[m.r.IntN(4)]}, x, y)
	case 7: // other axes of size 1
		s := slices.DeleteFunc(slices.Clone(x.Shape), func(d int) bool { return d == 1 && m.r.IntN(2) == 0 })
		for len(s) < 5 && m.r.IntN(2) == 0 {
			s = slices.Insert(s, m.r.IntN(len(s)+1), 1)
		}
		m.add(&ir.Reshape{Shape: s, Zero: true}, x)
	case 8: // an axis cut in two, or two joined
		s := slices.Clone(x.Shape)
		if rank > 1 && m.r.IntN(2) == 0 {
			k := m.r.IntN(rank - 1)
			s = slices.Replace(s, k, k+2, s[k]*s[k+1])
		} else if rank > 0 {
			for _, f := range []int{2, 3, 5} {
				if s[axis]%f == 0 {
					s = slices.Replace(s, axis, axis+1, f, s[axis]/f)
					break
				}
			}
		}
		m.add(&ir.Reshape{Shape: s, Zero: true}, x)
	case 9:
		if rank > 0 {
			var at []int64
			for range 1 + m.r.IntN(4) {
				at = append(at, int64(m.r.IntN(x.Shape[axis])))
			}
			m.add(&ir.Gather{Axis: axis}, x, &ir.Value{DType: ir.Int64, Shape: []int{len(at)}, Const: ir.IntTensor(at)})
		}
	case 10:
		if rank > 0 && x.Shape[axis] > 1 {
			k := 1 + m.r.IntN(x.Shape[axis]-1)
			m.add(&ir.Split{Axis: axis, Sizes: []int{k, x.Shape[axis] - k}}, x)
		}
	case 11, 12:
		in := []*ir.Value{x}
		for range 6 {
			if y := m.vals[m.r.IntN(len(m.vals))]; len(y.Shape) == rank && len(in) < 3 {
				in = append(in, y)
			}
		}
		m.add(&ir.Concat{Axis: axis}, in...)
	case 13:
		pads := make([]int, 2*rank)
		for i := range pads {
			pads[i] = max(0, m.r.IntN(5)-3)
		}
		m.add(&ir.Pad{Mode: []string{"constant", "reflect", "edge", "wrap"}[m.r.IntN(4)], Pads: pads}, x)
	case 14:
		if rank > 0 {
			axes := m.r.Perm(rank)[:1+m.r.IntN(rank)]
			m.add(&ir.Reduce{Func: []string{"ReduceMean", "ReduceMax", "ReduceSum"}[m.r.IntN(3)], Axes: axes, Keep: m.r.IntN(2) == 0}, x)
		}
	case 15:
		if rank > 1 {
			m.add(&ir.MatMul{}, x, m.floats(x.Shape[rank-1], 1+m.r.IntN(4)))
		}
	}
}

// TestRandomMoves optimizes random graphs: the passes come to an end, and what
// the graph computes is the same.
func TestRandomMoves(t *testing.T) {
	seeds := uint64(4000)
	if testing.Short() {
		seeds = 300
	}
	for seed := range seeds {
		m := &mover{r: rand.New(rand.NewPCG(seed, 5)), g: &ir.Graph{}}
		shape := [][]int{{1, 4, 6}, {1, 3, 4, 6}, {1, 6, 5, 4}, {2, 4, 3, 2}, {1, 12, 1, 1}}[m.r.IntN(5)]
		x := &ir.Value{Name: "x", DType: ir.Float32, Shape: shape}
		m.g.Inputs, m.vals = []*ir.Value{x}, []*ir.Value{x}
		for range 4 + m.r.IntN(14) {
			m.step()
		}
		if len(m.g.Nodes) == 0 {
			continue
		}
		m.g.Outputs = m.vals[len(m.vals)-1:]
		if k := m.r.IntN(len(m.vals)); k > 0 && m.vals[k] != m.g.Outputs[0] {
			m.g.Outputs = []*ir.Value{m.vals[k], m.g.Outputs[0]}
		}
		m.g.Prune()
		in := ir.FloatTensor(m.floats(shape...).Const.F, shape...)
		run := func(g *ir.Graph) []*ir.Tensor {
			p, err := interp.New(g)
			require.NoError(t, err, "seed %d\n%s", seed, g.Dump())
			out, err := p.Run(context.Background(), []*ir.Tensor{in}, nil)
			require.NoError(t, err, "seed %d\n%s", seed, g.Dump())
			return out
		}
		want := run(m.g)
		g, counts := ir.OptimizeForIntegers(m.g)
		for name, n := range counts {
			require.Less(t, n, 150, "seed %d: %s\n%s\n%s", seed, name, m.g.Dump(), g.Dump())
		}
		for i, got := range run(g) {
			w := want[i]
			require.Equal(t, w.Shape, got.Shape)
			top, worst := 1.0, 0.0
			for k, v := range w.F {
				top, worst = max(top, math.Abs(float64(v))), max(worst, math.Abs(float64(v-got.F[k])))
			}
			require.LessOrEqual(t, worst, 1e-5*top, "seed %d, output %d\n%s\n%s", seed, i, m.g.Dump(), g.Dump())
		}
	}
}
