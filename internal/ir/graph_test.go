package ir_test

import (
	"errors"
	"flag"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/interp"
	"github.com/edgerun/edgerun/internal/ir"
)

var update = flag.Bool("update", false, "rewrite golden files")

// build makes a graph of float32 nodes from lines {node, operator, output,
// inputs...}. Names that nothing computes are inputs, if they are in the list.
func build(inputs []string, outputs []string, lines ...[]string) *ir.Graph {
	g := &ir.Graph{}
	values := map[string]*ir.Value{}
	val := func(name string) *ir.Value {
		if values[name] == nil {
			values[name] = &ir.Value{Name: name}
		}
		return values[name]
	}
	for _, name := range inputs {
		v := val(name)
		v.DType, v.Shape = ir.Float32, []int{2}
		g.Inputs = append(g.Inputs, v)
	}
	for _, l := range lines {
		n := &ir.Node{Name: l[0], Out: []*ir.Value{val(l[2])}}
		if ir.IsUnary(l[1]) {
			n.Op = &ir.Unary{Func: l[1]}
		} else {
			n.Op = &ir.Binary{Func: l[1]}
		}
		for _, name := range l[3:] {
			n.In = append(n.In, val(name))
		}
		g.Nodes = append(g.Nodes, n)
	}
	for _, name := range outputs {
		g.Outputs = append(g.Outputs, val(name))
	}
	return g
}

func TestResolveSorts(t *testing.T) {
	for _, c := range []struct {
		name    string
		inputs  []string
		outputs []string
		lines   [][]string
		want    []string // nodes
		err     string
	}{
		{"in order", []string{"x"}, []string{"c"}, [][]string{{"A", "Relu", "a", "x"}, {"B", "Neg", "b", "a"}, {"C", "Add", "c", "a", "b"}}, []string{"A", "B", "C"}, ""},
		{"backwards", []string{"x"}, []string{"c"}, [][]string{{"C", "Add", "c", "a", "b"}, {"B", "Neg", "b", "a"}, {"A", "Relu", "a", "x"}}, []string{"A", "B", "C"}, ""},
		{"what is in order stays", []string{"x"}, []string{"a", "b", "c"}, [][]string{{"B", "Neg", "b", "x"}, {"A", "Relu", "a", "x"}, {"C", "Abs", "c", "x"}}, []string{"B", "A", "C"}, ""},
		{"one late node", []string{"x"}, []string{"c", "d"}, [][]string{{"C", "Neg", "c", "a"}, {"D", "Neg", "d", "x"}, {"A", "Relu", "a", "x"}}, []string{"D", "A", "C"}, ""},
		{"used twice", []string{"x"}, []string{"b"}, [][]string{{"B", "Mul", "b", "a", "a"}, {"A", "Relu", "a", "x"}}, []string{"A", "B"}, ""},
		{"pruned", []string{"x"}, []string{"a"}, [][]string{{"A", "Relu", "a", "x"}, {"B", "Neg", "b", "a"}, {"C", "Neg", "c", "b"}}, []string{"A"}, ""},
		{"a wrong node that nobody needs", []string{"x"}, []string{"a"}, [][]string{{"A", "Relu", "a", "x"}, {"B", "Not", "b", "x"}}, []string{"A"}, ""},
		{"output is an input", []string{"x"}, []string{"x"}, [][]string{{"A", "Relu", "a", "x"}}, nil, ""},
		{"cycle", []string{"x"}, []string{"a"}, [][]string{{"A", "Add", "a", "x", "b"}, {"B", "Neg", "b", "a"}}, nil, `node "A" (Add): the node depends on its own output`},
		{"own output", []string{"x"}, []string{"a"}, [][]string{{"A", "Add", "a", "x", "a"}}, nil, `node "A" (Add): the node depends on its own output`},
		{"cycle that nobody needs", []string{"x"}, []string{"x"}, [][]string{{"A", "Relu", "a", "a"}}, nil, `node "A" (Relu): the node depends on its own output`},
		{"unknown input", []string{"x"}, []string{"a"}, [][]string{{"A", "Relu", "a", "z"}}, nil, `node "A" (Relu): input "z" is neither a network input nor a constant nor computed by a node`},
		{"made twice", []string{"x"}, []string{"a"}, [][]string{{"A", "Relu", "a", "x"}, {"B", "Neg", "a", "x"}}, nil, `node "B" (Neg): value "a" is also an output of node "A"`},
		{"made, and an input", []string{"x"}, []string{"x"}, [][]string{{"A", "Relu", "x", "x"}}, nil, `node "A" (Relu): value "x" is also a network input`},
		{"unknown output", []string{"x"}, []string{"y"}, nil, nil, `output "y" is computed by no node`},
		{"node without a name", []string{"x"}, []string{"a"}, [][]string{{"", "Relu", "a", "z"}}, nil, `node "a" (Relu): input "z" is neither`},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := build(c.inputs, c.outputs, c.lines...)
			err := g.Resolve(interp.Eval)
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
				return
			}
			require.NoError(t, err)
			var got []string
			for _, n := range g.Nodes {
				got = append(got, n.Name)
			}
			require.Equal(t, c.want, got)
			for _, v := range g.Outputs {
				require.Equal(t, []int{2}, v.Shape)
			}
		})
	}
}

func TestResolveFolds(t *testing.T) {
	k := &ir.Value{Name: "k", DType: ir.Float32, Shape: []int{2}, Const: ir.FloatTensor([]float32{-1, 2}, 2)}
	g := build([]string{"x"}, []string{"b", "a"}, []string{"A", "Relu", "a", "k"}, []string{"B", "Add", "b", "x", "a"})
	g.Nodes[0].In[0] = k
	var folded []string
	require.NoError(t, g.Resolve(func(n *ir.Node) ([]*ir.Tensor, error) {
		folded = append(folded, n.Name)
		return interp.Eval(n)
	}))
	require.Equal(t, []string{"A"}, folded)
	require.Len(t, g.Nodes, 1)
	require.Equal(t, []float32{0, 2}, g.Outputs[1].Const.F)
	require.Equal(t, []float32{-1, 2}, k.Const.F, "constants are not changed")

	g = build(nil, []string{"a"}, []string{"A", "Relu", "a", "k"})
	g.Nodes[0].In[0] = k
	err := g.Resolve(func(*ir.Node) ([]*ir.Tensor, error) { return nil, errors.New("no") })
	require.EqualError(t, err, `node "A" (Relu): no`)
}

func TestProducersConsumers(t *testing.T) {
	g := build([]string{"x"}, []string{"a", "c"}, []string{"A", "Relu", "a", "x"}, []string{"B", "Mul", "b", "a", "a"}, []string{"C", "Neg", "c", "b"})
	require.NoError(t, g.Resolve(interp.Eval))
	a, b, c := g.Nodes[0], g.Nodes[1], g.Nodes[2]
	require.Equal(t, map[*ir.Value]*ir.Node{a.Out[0]: a, b.Out[0]: b, c.Out[0]: c}, g.Producers())
	require.Equal(t, map[*ir.Value][]*ir.Node{
		g.Inputs[0]: {a}, a.Out[0]: {b, b, nil}, b.Out[0]: {c}, c.Out[0]: {nil},
	}, g.Consumers())
}

func TestPrune(t *testing.T) {
	g := build([]string{"x"}, []string{"c"}, []string{"A", "Relu", "a", "x"}, []string{"B", "Neg", "b", "a"}, []string{"C", "Neg", "c", "a"}, []string{"D", "Neg", "d", "c"})
	nodes := g.Nodes
	g.Prune()
	require.Len(t, g.Nodes, 2)
	require.Equal(t, "A", g.Nodes[0].Name)
	require.Equal(t, "C", g.Nodes[1].Name)
	require.Nil(t, nodes[2], "dropped nodes are not kept alive")
	require.Nil(t, nodes[3])
}

func TestCheckFinite(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, c := range []struct {
		name string
		data []float32
		err  string
	}{
		{"finite", []float32{1, -2, 0, math.MaxFloat32, math.SmallestNonzeroFloat32, -0}, ""},
		{"NaN", []float32{1, 2, nan, 4, nan, 6}, `node "conv" (Conv): input 1, initializer "w" [6 1 1]: element 2 is NaN, want finite numbers`},
		{"infinite", []float32{1, 2, 3, 4, 5, inf}, `node "conv" (Conv): input 1, initializer "w" [6 1 1]: element 5 is +Inf, want finite numbers`},
		{"minus infinity", []float32{-inf, 2, 3, 4, 5, inf}, `element 0 is -Inf`},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := f(1, 1, 4)
			w := &ir.Value{Name: "w", DType: ir.Float32, Shape: []int{6, 1, 1}, Const: ir.FloatTensor(c.data, 6, 1, 1)}
			y, z := &ir.Value{Name: "y"}, &ir.Value{Name: "z"}
			g := &ir.Graph{Inputs: in{x}, Outputs: in{z}, Nodes: []*ir.Node{
				{Name: "conv", Op: &ir.Conv{Group: 1}, In: in{x, w}, Out: in{y}},
				{Name: "clip", Op: &ir.Unary{Func: "Clip", Alpha: float32(math.Inf(-1)), Beta: inf}, In: in{y, nil, sf(6)}, Out: in{z}},
			}}
			require.NoError(t, g.Resolve(interp.Eval), "the network itself can run")
			err := g.CheckFinite()
			if c.err == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.err)
		})
	}
	v := &ir.Value{Name: "k", DType: ir.Float32, Shape: []int{1}, Const: ir.FloatTensor([]float32{nan}, 1)}
	g := &ir.Graph{Outputs: in{v}}
	require.EqualError(t, g.CheckFinite(), `output "k" [1] is constant: element 0 is NaN, want finite numbers`)
	ints := &ir.Graph{Inputs: in{i(2)}, Nodes: []*ir.Node{{Op: &ir.Binary{Func: "Add"}, In: in{i(2), nil, ci(1, 2)}}}}
	require.NoError(t, ints.CheckFinite())
}

// TestDump holds the text of a small network against testdata/dump.golden.
func TestDump(t *testing.T) {
	x := f(1, 3, 8, 8)
	x.Name = "image"
	weights := func(shape ...int) *ir.Value {
		n, err := ir.Elements(shape)
		require.NoError(t, err)
		return constant(ir.FloatTensor(make([]float32, n), shape...))
	}
	v := func(name string) *ir.Value { return &ir.Value{Name: name} }
	conv, act, pool, flat, fc, prob, class := v("conv"), v("act"), v("pool"), v("flat"), v("fc"), v("prob"), v("class")
	left, right := v("left"), v("right")
	g := &ir.Graph{Name: "small", Inputs: in{x}, Outputs: in{prob, class, right}, Nodes: []*ir.Node{
		{Name: "c", Op: &ir.Conv{Group: 1, Window: ir.Window{Stride: []int{2, 2}, AutoPad: "SAME_UPPER"}}, In: in{x, weights(4, 3, 3, 3), weights(4)}, Out: in{conv}},
		{Name: "r", Op: &ir.Unary{Func: "Clip"}, In: in{conv, sf(0), sf(6)}, Out: in{act}},
		{Name: "s", Op: &ir.Split{Axis: 1}, In: in{act, ci(1, 3)}, Out: in{left, right}},
		{Name: "p", Op: &ir.GlobalPool{}, In: in{right}, Out: in{pool}},
		{Name: "f", Op: &ir.Reshape{From: "Flatten", Axis: 1}, In: in{pool}, Out: in{flat}},
		{Name: "g", Op: &ir.Gemm{Alpha: 1, Beta: 1, TransB: true}, In: in{flat, weights(10, 3)}, Out: in{fc}},
		{Name: "m", Op: &ir.Softmax{Axis: -1}, In: in{fc}, Out: in{prob}},
		{Name: "a", Op: &ir.ArgReduce{Func: "ArgMax", Axis: 1}, In: in{fc}, Out: in{class}},
	}}
	require.NoError(t, g.Resolve(interp.Eval))
	const golden = "testdata/dump.golden"
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(g.Dump()), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), g.Dump())
}
