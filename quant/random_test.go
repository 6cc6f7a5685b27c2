package quant

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/ir"
	edgerun "github.com/edgerun/edgerun/runtime"
)

// netBuilder makes random valid networks.
type netBuilder struct {
	r    *rand.Rand
	g    *ir.Graph
	vals []*ir.Value // feature maps of rank 4
	n    int
}

func (b *netBuilder) op(op ir.Op, in ...*ir.Value) *ir.Value {
	b.n++
	v := &ir.Value{Name: fmt.Sprintf("v%d", b.n)}
	n := &ir.Node{Name: fmt.Sprintf("n%d", b.n), Op: op, In: in, Out: []*ir.Value{v}}
	if err := op.Infer(n); err != nil {
		panic(fmt.Sprintf("%s: %v", op.Kind(), err))
	}
	b.g.Nodes = append(b.g.Nodes, n)
	return v
}

func (b *netBuilder) weights(shape ...int) *ir.Value {
	t := ir.NewTensor(ir.Float32, shape)
	fan := 1
	for _, d := range shape[1:] {
		fan *= d
	}
	for i := range t.F {
		t.F[i] = float32(b.r.NormFloat64()) / float32(1+fan/2)
	}
	return &ir.Value{DType: ir.Float32, Shape: t.Shape, Const: t}
}

func (b *netBuilder) ints(v ...int) *ir.Value {
	t := ir.IntTensor(nil)
	for _, x := range v {
		t.I = append(t.I, int64(x))
	}
	t.Shape = []int{len(v)}
	return &ir.Value{DType: ir.Int64, Shape: t.Shape, Const: t}
}

func (b *netBuilder) pick() *ir.Value { return b.vals[b.r.IntN(len(b.vals))] }

// recent prefers values that were made lately.
func (b *netBuilder) recent() *ir.Value {
	return b.vals[max(0, len(b.vals)-1-b.r.IntN(3))]
}

func (b *netBuilder) window(k int) ir.Window {
	return ir.Window{Kernel: []int{k, k}, Pads: []int{k / 2, k / 2, k / 2, k / 2}}
}

func (b *netBuilder) step() {
	x := b.recent()
	c, h, w := x.Shape[1], x.Shape[2], x.Shape[3]
	add := func(v *ir.Value) { b.vals = append(b.vals, v) }
	switch b.r.IntN(20) {
	case 0, 1:
		add(b.op(&ir.Conv{Window: b.window(1), Group: 1}, x, b.weights(1+b.r.IntN(12), c, 1, 1), nil))
	case 2, 3:
		o := 1 + b.r.IntN(12)
		add(b.op(&ir.Unary{Func: "Relu"}, b.op(&ir.Conv{Window: b.window(3), Group: 1}, x, b.weights(o, c, 3, 3), b.weights(o))))
	case 4:
		if c > 1 {
			add(b.op(&ir.Conv{Window: b.window(3), Group: c}, x, b.weights(c, 1, 3, 3), nil))
		}
	case 5:
		if c%2 == 0 {
			add(b.op(&ir.Conv{Window: b.window(1), Group: 2}, x, b.weights(6, c/2, 1, 1), nil))
		}
	case 6:
		add(b.op(&ir.Unary{Func: "HardSwish"}, x))
	case 7:
		// Residual: any other value of the same shape.
		for range 5 {
			if y := b.pick(); fmt.Sprint(y.Shape) == fmt.Sprint(x.Shape) {
				add(b.op(&ir.Binary{Func: []string{"Add", "Sub", "Mul"}[b.r.IntN(3)]}, x, y))
				return
			}
		}
	case 8, 9, 10:
		// Concatenation along channels, of two or three.
		in := []*ir.Value{x}
		for range 8 {
			if y := b.pick(); y.Shape[2] == h && y.Shape[3] == w && len(in) < 3 {
				in = append(in, y)
			}
		}
		total := 0
		for _, v := range in {
			total += v.Shape[1]
		}
		if len(in) > 1 && total <= 48 {
			add(b.op(&ir.Concat{Axis: 1}, in...))
		}
	case 11:
		y := b.pick()
		if y.Shape[1] == c && y.Shape[3] == w && h+y.Shape[2] <= 24 {
			add(b.op(&ir.Concat{Axis: 2}, x, y))
		}
	case 12:
		if c > 1 {
			k := 1 + b.r.IntN(c-1)
			add(b.op(&ir.Slice{}, x, b.ints(0), b.ints(k), b.ints(1)))
			add(b.op(&ir.Slice{}, x, b.ints(k), b.ints(c), b.ints(1)))
		}
	case 13:
		if h > 2 {
			add(b.op(&ir.Slice{}, x, b.ints(1), b.ints(h), b.ints(2), b.ints(1+b.r.IntN(2))))
		}
	case 14:
		// Channel shuffle.
		if c%2 == 0 && c > 2 {
			v := b.op(&ir.Reshape{Shape: []int{1, 2, c / 2, h, w}, Zero: true}, x)
			v = b.op(&ir.Transpose{Perm: []int{0, 2, 1, 3, 4}}, v)
			add(b.op(&ir.Reshape{Shape: []int{1, c, h, w}, Zero: true}, v))
		}
	case 15:
		if h > 2 && w > 2 {
			add(b.op(&ir.Pool{Window: ir.Window{Kernel: []int{2, 2}, Stride: []int{2, 2}}, Max: b.r.IntN(2) == 0}, x))
		}
	case 16:
		if h*w <= 64 {
			mode := []string{"nearest", "linear"}[b.r.IntN(2)]
			s := &ir.Value{DType: ir.Float32, Shape: []int{4}, Const: ir.FloatTensor([]float32{1, 1, 2, 2}, 4)}
			add(b.op(&ir.Resize{Mode: mode, Coord: "half_pixel"}, x, nil, s))
		}
	case 17:
		add(b.op(&ir.Pad{Pads: []int{0, 0, 1, 0, 0, 0, 0, 1}}, x))
	case 18:
		// Squeeze-and-Excitation.
		m := b.op(&ir.GlobalPool{}, x)
		m = b.op(&ir.Unary{Func: "Relu"}, b.op(&ir.Conv{Window: b.window(1), Group: 1}, m, b.weights(3, c, 1, 1), b.weights(3)))
		m = b.op(&ir.Unary{Func: "Sigmoid"}, b.op(&ir.Conv{Window: b.window(1), Group: 1}, m, b.weights(c, 3, 1, 1), nil))
		add(b.op(&ir.Binary{Func: "Mul"}, x, m))
	case 19:
		if h > 1 {
			add(b.op(&ir.Transpose{Perm: []int{0, 1, 3, 2}}, x))
		}
	}
}

func randomNetwork(seed uint64) *ir.Graph {
	b := &netBuilder{r: rand.New(rand.NewPCG(seed, 17)), g: &ir.Graph{Name: fmt.Sprint("random", seed)}}
	in := &ir.Value{Name: "in", DType: ir.Float32, Shape: []int{1, 1 + b.r.IntN(6), 3 + b.r.IntN(8), 3 + b.r.IntN(8)}}
	b.g.Inputs = []*ir.Value{in}
	b.vals = []*ir.Value{in}
	for range 6 + b.r.IntN(18) {
		b.step()
	}
	last := b.vals[len(b.vals)-1]
	switch b.r.IntN(4) {
	case 0:
		last = b.op(&ir.Softmax{Axis: 1}, last)
	case 1:
		last = b.op(&ir.Reshape{From: "Flatten", Axis: 1}, last)
		last = b.op(&ir.Gemm{Alpha: 1, Beta: 1, TransB: true}, last, b.weights(5, last.Shape[1]), nil)
	case 2:
		last = b.op(&ir.Transpose{Perm: []int{0, 2, 3, 1}}, last)
	}
	b.g.Outputs = []*ir.Value{last}
	if b.r.IntN(3) == 0 {
		if v := b.vals[len(b.vals)/2]; v != in && v != last {
			b.g.Outputs = append(b.g.Outputs, v)
		}
	}
	b.g.Prune()
	return b.g
}

func modelOf(t testing.TB, g *ir.Graph) *Model {
	m, err := FromGraph(g)
	require.NoError(t, err)
	return m
}

func randomSamples(seed uint64, g *ir.Graph, n int) SampleList {
	r := rand.New(rand.NewPCG(seed, 3))
	var l SampleList
	for range n {
		var s Sample
		for _, v := range g.Inputs {
			x := make([]float32, v.Len())
			for i := range x {
				x[i] = float32(r.NormFloat64())
			}
			s = append(s, x)
		}
		l = append(l, s)
	}
	return l
}

// outputs runs an encoded model on a sample and returns the outputs' integers
// in the source's axis order: memory order may differ between files.
func outputs(t testing.TB, file []byte, s Sample, threads int) [][]int32 {
	em, err := edgerun.LoadBytes(file)
	require.NoError(t, err)
	ses, err := em.NewSession(edgerun.Threads(threads))
	require.NoError(t, err)
	defer ses.Close()
	for i := range s {
		require.NoError(t, ses.Input(i).SetFloat32(s[i]))
	}
	require.NoError(t, ses.Run())
	var out [][]int32
	for i := range ses.NumOutputs() {
		q := make([]int32, ses.Output(i).Len())
		require.NoError(t, ses.Output(i).Integers(q))
		out = append(out, q)
	}
	return out
}

// TestRandomNetworks quantizes random networks twice, once with every memory
// optimisation and once with none, and wants the same output bytes. A network
// that computes something is close to its float self.
func TestRandomNetworks(t *testing.T) {
	n := uint64(400)
	if testing.Short() {
		n = 60
	}
	low := 0
	for seed := range n {
		g := randomNetwork(seed)
		if len(g.Nodes) == 0 {
			continue
		}
		m := modelOf(t, g)
		s := randomSamples(seed, g, 12)
		opt := Options{Method: MinMax, Workers: 1}
		fast, err := m.Quantize(context.Background(), s, opt)
		require.NoError(t, err, "seed %d\n%s", seed, g.Dump())
		opt.Plain = true
		plain, err := m.Quantize(context.Background(), s, opt)
		require.NoError(t, err, "seed %d\n%s", seed, g.Dump())
		want := outputs(t, plain.Bytes, s[0], 1)
		require.Equal(t, want, outputs(t, fast.Bytes, s[0], 1), "seed %d\n%s", seed, g.Dump())
		require.Equal(t, want, outputs(t, fast.Bytes, s[0], 3), "seed %d, threads\n%s", seed, g.Dump())
		if q := fast.Report.OutputSQNR; q != nil && *q < 15 {
			low++
			t.Logf("seed %d: %.1f dB", seed, *q)
		}
	}
	// Products of products lose precision in 8 bits; wrong arithmetic would
	// show everywhere.
	require.Less(t, low, int(n)/10)
}
