// Package interp runs an [ir.Graph] in float32. It is the oracle of the
// integer path, the calibrator's eyes, and how a float model runs from the
// command line.
//
// Results do not depend on the machine or the number of threads.
package interp

import (
	"context"
	"fmt"
	"slices"

	"github.com/edgerun/edgerun/internal/ir"
)

// Machine holds what running a graph needs and does not change: any number of
// goroutines may call Run at once.
type Machine struct {
	g     *ir.Graph
	steps []step
	slots int
	index map[*ir.Value]int
}

// step is a node with its operands as slot numbers; -1 is an absent one.
type step struct {
	n       *ir.Node
	in, out []int
	free    []int // slots that nobody reads after this step
}

// New prepares a resolved graph.
func New(g *ir.Graph) (*Machine, error) {
	m := &Machine{g: g, index: map[*ir.Value]int{}}
	slot := func(v *ir.Value) int {
		if v == nil {
			return -1
		}
		s, ok := m.index[v]
		if !ok {
			s = m.slots
			m.index[v] = s
			m.slots++
		}
		return s
	}
	for _, v := range g.Inputs {
		slot(v)
	}
	last := map[int]int{}
	for i, n := range g.Nodes {
		st := step{n: n}
		for _, v := range n.In {
			s := slot(v)
			st.in = append(st.in, s)
			if s >= 0 {
				last[s] = i
			}
		}
		for _, v := range n.Out {
			s := slot(v)
			st.out = append(st.out, s)
			if s >= 0 {
				last[s] = i
			}
		}
		m.steps = append(m.steps, st)
	}
	for _, v := range g.Outputs {
		delete(last, slot(v))
	}
	for v, s := range m.index {
		if v.Const != nil {
			delete(last, s)
		}
	}
	for s, i := range last {
		m.steps[i].free = append(m.steps[i].free, s)
	}
	if err := m.checkSize(); err != nil {
		return nil, fmt.Errorf("interp: %w", err)
	}
	return m, nil
}

// Graph returns the graph that the machine runs.
func (m *Machine) Graph() *ir.Graph { return m.g }

// Run computes the outputs for one set of inputs, given in the graph's order.
// Observe, which may be nil, sees every computed value as soon as it is there;
// the tensor is the machine's own and valid during the call only.
func (m *Machine) Run(ctx context.Context, inputs []*ir.Tensor, observe func(v *ir.Value, t *ir.Tensor)) ([]*ir.Tensor, error) {
	if len(inputs) != len(m.g.Inputs) {
		return nil, fmt.Errorf("interp: %d inputs, want %d", len(inputs), len(m.g.Inputs))
	}
	vals := make([]*ir.Tensor, m.slots)
	for v, s := range m.index {
		if v.Const != nil {
			vals[s] = v.Const
		}
	}
	for i, v := range m.g.Inputs {
		t := inputs[i]
		if err := checkInput(v, t); err != nil {
			return nil, err
		}
		if !slices.Equal(t.Shape, v.Shape) { // as many elements, in another shape
			c := *t
			c.Shape = v.Shape
			t = &c
		}
		vals[m.index[v]] = t
		if observe != nil {
			observe(v, t)
		}
	}
	e := &env{}
	for i := range m.steps {
		st := &m.steps[i]
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		in := make([]*ir.Tensor, len(st.in))
		for k, s := range st.in {
			if s >= 0 {
				in[k] = vals[s]
			}
		}
		out, err := e.eval(st.n, in)
		if err != nil {
			return nil, st.n.Wrap(err)
		}
		for k, s := range st.out {
			if s < 0 {
				continue
			}
			vals[s] = out[k]
			if observe != nil {
				observe(st.n.Out[k], out[k])
			}
		}
		for _, s := range st.free {
			vals[s] = nil
		}
	}
	outs := make([]*ir.Tensor, len(m.g.Outputs))
	for i, v := range m.g.Outputs {
		outs[i] = vals[m.index[v]]
	}
	return outs, nil
}

func checkInput(v *ir.Value, t *ir.Tensor) error {
	if t == nil {
		return fmt.Errorf("interp: input %q is missing", v.Name)
	}
	if t.Len() != v.Len() || count(t.Shape) != v.Len() || (t.DType == ir.Float32) != v.IsFloat() {
		return fmt.Errorf("interp: input %q is %s%v, want %s%v", v.Name, t.DType, t.Shape, v.DType, v.Shape)
	}
	return nil
}

// Eval computes one node from constant inputs: what [ir.Graph.Resolve] folds
// constants with.
func Eval(n *ir.Node) ([]*ir.Tensor, error) {
	in := make([]*ir.Tensor, len(n.In))
	for i, v := range n.In {
		if v != nil {
			in[i] = v.Const
		}
	}
	if scratch(n) > maxLive/4 {
		return nil, fmt.Errorf("computing this constant needs more than %d MiB", int64(maxLive)>>22)
	}
	return (&env{}).eval(n, in)
}

// EvalWith computes one node from the given inputs.
func EvalWith(n *ir.Node, in []*ir.Tensor) ([]*ir.Tensor, error) { return (&env{}).eval(n, in) }

// env is what the operators of one run share.
type env struct {
	col []float32 // im2col scratch
}

// eval dispatches on the operator. Output tensors are new, or share the data
// of an input that they do not change.
func (e *env) eval(n *ir.Node, in []*ir.Tensor) ([]*ir.Tensor, error) {
	one := func(t *ir.Tensor, err error) ([]*ir.Tensor, error) { return []*ir.Tensor{t}, err }
	var shape []int
	if n.Out[0] != nil { // Split may leave it out
		shape = n.Out[0].Shape
	}
	for i, v := range n.In {
		if v != nil && in[i] == nil {
			return nil, fmt.Errorf("input %d (%q) is not there", i, v.Name)
		}
	}
	switch op := n.Op.(type) {
	case *ir.Conv:
		return one(e.conv(op, in[0], in[1], opt(in, 2), shape), nil)
	case *ir.ConvTranspose:
		return one(e.convTranspose(op, in[0], in[1], opt(in, 2), shape), nil)
	case *ir.DeformConv:
		return one(e.deformConv(op, in[0], in[1], in[2], opt(in, 3), opt(in, 4), shape), nil)
	case *ir.Pool:
		return one(pool(op, in[0], shape), nil)
	case *ir.IndexedPool:
		return indexedPool(op, in[0], shape), nil
	case *ir.GlobalPool:
		return one(globalPool(op, in[0], shape), nil)
	case *ir.Gemm:
		return one(gemm(op, in[0], in[1], opt(in, 2), shape), nil)
	case *ir.MatMul:
		return one(matMul(in[0], in[1], shape), nil)
	case *ir.Dense:
		return one(dense(op, in[0], in[1], opt(in, 2), shape), nil)
	case *ir.SE:
		return one(se(op, in), nil)
	case *ir.BatchNorm:
		return one(batchNorm(op, in), nil)
	case *ir.InstanceNorm:
		return one(instanceNorm(op, in), nil)
	case *ir.LRN:
		return one(lrn(op, in[0]), nil)
	case *ir.Softmax:
		return one(softmax(op, in[0]), nil)
	case *ir.Unary:
		return one(unary(op, in[0]), nil)
	case *ir.Func:
		return one(function(op, in[0]), nil)
	case *ir.PRelu:
		return one(prelu(in[0], in[1]), nil)
	case *ir.Binary:
		return one(binary(op, in[0], in[1], n.Out[0]))
	case *ir.Where:
		return one(where(in[0], in[1], in[2], shape), nil)
	case *ir.Reduce:
		return one(reduce(op, in[0], shape), nil)
	case *ir.ArgReduce:
		return one(argReduce(op, in[0], shape), nil)
	case *ir.Reshape:
		t := *in[0]
		t.Shape = shape
		return one(&t, nil)
	case *ir.Transpose:
		return one(transpose(op.Perm, in[0]), nil)
	case *ir.DepthToSpace:
		return one(depthToSpace(op, in[0], shape), nil)
	case *ir.Slice:
		return one(slice(op.Start, op.Step, op.Size, in[0]), nil)
	case *ir.Split:
		return split(op, in[0], n), nil
	case *ir.Gather:
		return one(gather(op, in[0], in[1], shape))
	case *ir.ScatterElements:
		return one(scatterElements(op, in[0], in[1], in[2]))
	case *ir.GatherND:
		return one(gatherND(op, n, in[0], shape), nil)
	case *ir.Concat:
		return one(concat(op, in, shape), nil)
	case *ir.Expand:
		return one(expand(in[0], shape), nil)
	case *ir.Tile:
		return one(tile(in[0], shape), nil)
	case *ir.Pad:
		return one(pad(op, in[0], shape), nil)
	case *ir.Resize:
		return one(resize(op, in[0], shape), nil)
	case *ir.Cast:
		return one(cast(op, in[0]), nil)
	}
	return nil, fmt.Errorf("the operator is %w by the interpreter", ir.ErrUnsupported)
}

func opt(in []*ir.Tensor, i int) *ir.Tensor {
	if i < len(in) {
		return in[i]
	}
	return nil
}

// count is the product of dimensions known to be fine.
func count(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}
