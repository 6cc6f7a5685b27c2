package quant

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/ermoracle"
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

// steps are the ways in which a network can grow: each appends to vals, or does
// nothing where it does not fit.
var steps = []func(b *netBuilder, x *ir.Value){
	func(b *netBuilder, x *ir.Value) { b.conv(x, 1+b.r.IntN(12), b.window(1), 1) },
	func(b *netBuilder, x *ir.Value) { b.conv(x, 1+b.r.IntN(12), b.window(1), 1) },
	func(b *netBuilder, x *ir.Value) { b.conv(x, 1+b.r.IntN(12), b.window(3), 1) },
	func(b *netBuilder, x *ir.Value) { b.conv(x, 1+b.r.IntN(12), b.anyWindow(x), 1) },
	func(b *netBuilder, x *ir.Value) { // depthwise, with a multiplier
		if c := x.Shape[1]; c > 1 {
			b.conv(x, c*(1+b.r.IntN(2)), b.anyWindow(x), c)
		}
	},
	func(b *netBuilder, x *ir.Value) {
		if x.Shape[1]%2 == 0 {
			b.conv(x, 6, b.window(1+2*b.r.IntN(2)), 2)
		}
	},
	func(b *netBuilder, x *ir.Value) { // transposed convolution
		c, k := x.Shape[1], 1+b.r.IntN(3)
		if x.Shape[2]*x.Shape[3] <= 64 {
			s := 1 + b.r.IntN(2)
			op := &ir.ConvTranspose{Window: ir.Window{Stride: []int{s, s}, Pads: []int{0, 0, k / 2, k / 2}}, Group: 1}
			b.add(b.op(op, x, b.weights(c, 1+b.r.IntN(6), k, k), nil))
		}
	},
	func(b *netBuilder, x *ir.Value) { // deformable convolution, v1 or v2
		c, og := x.Shape[1], 1
		if c%2 == 0 && b.r.IntN(2) == 0 {
			og = 2
		}
		off := b.op(&ir.Conv{Window: b.window(3), Group: 1}, x, b.weights(18*og, c, 3, 3), nil)
		in := []*ir.Value{x, b.weights(1+b.r.IntN(6), c, 3, 3), off}
		if b.r.IntN(2) == 0 {
			mask := b.op(&ir.Unary{Func: "Sigmoid"}, b.op(&ir.Conv{Window: b.window(1), Group: 1}, x, b.weights(9*og, c, 1, 1), nil))
			in = append(in, nil, mask)
		}
		b.add(b.op(&ir.DeformConv{Window: b.window(3), Group: 1, OffsetGroup: og}, in...))
	},
	func(b *netBuilder, x *ir.Value) { // an activation of its own, or behind whatever is there
		u := []*ir.Unary{{Func: "HardSwish"}, {Func: "Relu"}, {Func: "Clip", Alpha: -1, Beta: 2}, {Func: "Sigmoid"}, {Func: "Tanh"}, {Func: "Mish"},
			{Func: "Elu", Alpha: 1}, {Func: "LeakyRelu", Alpha: 0.1}, {Func: "HardSigmoid", Alpha: 0.2, Beta: 0.5}}[b.r.IntN(9)]
		b.add(b.op(u, x))
	},
	func(b *netBuilder, x *ir.Value) { // swish as two operators
		b.add(b.op(&ir.Binary{Func: "Mul"}, x, b.op(&ir.Unary{Func: "Sigmoid"}, x)))
	},
	func(b *netBuilder, x *ir.Value) {
		slope := b.weights(x.Shape[1], 1, 1)
		if b.r.IntN(3) == 0 {
			slope = b.weights(x.Shape[3])
		}
		b.add(b.op(&ir.PRelu{}, x, slope))
	},
	func(b *netBuilder, x *ir.Value) { // batch normalization, in front of something or behind it
		c := x.Shape[1]
		variance := b.weights(c)
		for i := range variance.Const.F {
			variance.Const.F[i] = 0.5 + b.r.Float32()
		}
		b.add(b.op(&ir.BatchNorm{Eps: 1e-3}, x, b.weights(c), b.weights(c), b.weights(c), variance))
	},
	(*netBuilder).residual, (*netBuilder).residual,
	(*netBuilder).concat, (*netBuilder).concat, (*netBuilder).concat,
	func(b *netBuilder, x *ir.Value) {
		y := b.pick()
		if y.Shape[1] == x.Shape[1] && y.Shape[3] == x.Shape[3] && x.Shape[2]+y.Shape[2] <= 24 {
			b.add(b.op(&ir.Concat{Axis: 2}, x, y))
		}
	},
	func(b *netBuilder, x *ir.Value) { // a product with, or a sum of, something that repeats
		h, w := x.Shape[2], x.Shape[3]
		k := [][]int{{x.Shape[1], 1, 1}, {h, w}, {1}, {w}}[b.r.IntN(4)]
		b.add(b.op(&ir.Binary{Func: []string{"Add", "Sub", "Mul"}[b.r.IntN(3)]}, x, b.weights(k...)))
	},
	func(b *netBuilder, x *ir.Value) {
		if c := x.Shape[1]; c > 1 {
			k := 1 + b.r.IntN(c-1)
			b.add(b.op(&ir.Slice{}, x, b.ints(0), b.ints(k), b.ints(1)))
			b.add(b.op(&ir.Slice{}, x, b.ints(k), b.ints(c), b.ints(1)))
		}
	},
	func(b *netBuilder, x *ir.Value) {
		if h := x.Shape[2]; h > 2 {
			b.add(b.op(&ir.Slice{}, x, b.ints(1), b.ints(h), b.ints(2), b.ints(1+b.r.IntN(2))))
			b.add(b.op(&ir.Slice{}, x, b.ints(-1), b.ints(-1000), b.ints(3), b.ints(-1)))
		}
	},
	func(b *netBuilder, x *ir.Value) {
		if c := x.Shape[1]; c > 2 {
			b.add(b.op(&ir.Gather{Axis: 1}, x, b.ints(c-1, 0, c/2)))
		}
	},
	func(b *netBuilder, x *ir.Value) { // channel shuffle
		c, h, w := x.Shape[1], x.Shape[2], x.Shape[3]
		if c%2 == 0 && c > 2 {
			v := b.op(&ir.Reshape{Shape: []int{1, 2, c / 2, h, w}, Zero: true}, x)
			v = b.op(&ir.Transpose{Perm: []int{0, 2, 1, 3, 4}}, v)
			b.add(b.op(&ir.Reshape{Shape: []int{1, c, h, w}, Zero: true}, v))
		}
	},
	func(b *netBuilder, x *ir.Value) {
		w := b.anyWindow(x)
		for i := range w.Pads {
			w.Pads[i] = min(w.Pads[i], w.Kernel[i%2]-1)
		}
		b.add(b.op(&ir.Pool{Window: w, Max: b.r.IntN(2) == 0, Ceil: b.r.IntN(2) == 0, CountIncludePad: b.r.IntN(2) == 0}, x))
	},
	func(b *netBuilder, x *ir.Value) {
		if x.Shape[2]*x.Shape[3] <= 64 {
			mode := []string{"nearest", "linear", "cubic"}[b.r.IntN(3)]
			coord := []string{"half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"}[b.r.IntN(4)]
			s := &ir.Value{DType: ir.Float32, Shape: []int{4}, Const: ir.FloatTensor([]float32{1, 1, 2, 1.5}, 4)}
			b.add(b.op(&ir.Resize{Mode: mode, Coord: coord, CubicA: -0.75}, x, nil, s))
		}
	},
	func(b *netBuilder, x *ir.Value) {
		mode := []string{"constant", "edge", "wrap", "reflect"}[b.r.IntN(4)]
		if mode != "reflect" || x.Shape[2] > 1 && x.Shape[3] > 1 {
			b.add(b.op(&ir.Pad{Mode: mode, Pads: []int{0, 0, 1, 0, 0, 0, 0, 1}}, x))
		}
	},
	func(b *netBuilder, x *ir.Value) { // Squeeze-and-Excitation
		c := x.Shape[1]
		m := b.op(&ir.GlobalPool{}, x)
		m = b.op(&ir.Unary{Func: "Relu"}, b.op(&ir.Conv{Window: b.window(1), Group: 1}, m, b.weights(3, c, 1, 1), b.weights(3)))
		m = b.op(&ir.Unary{Func: "Sigmoid"}, b.op(&ir.Conv{Window: b.window(1), Group: 1}, m, b.weights(c, 3, 1, 1), nil))
		b.add(b.op(&ir.Binary{Func: "Mul"}, x, m))
	},
	func(b *netBuilder, x *ir.Value) {
		if x.Shape[2] > 1 {
			b.add(b.op(&ir.Transpose{Perm: []int{0, 1, 3, 2}}, x))
		}
	},
	func(b *netBuilder, x *ir.Value) { // attention over space: what reductions are used for
		f := []string{"ReduceMean", "ReduceMax", "ReduceMin", "ReduceSum"}[b.r.IntN(4)]
		axis := 1 + b.r.IntN(3)
		b.add(b.op(&ir.Reduce{Func: f, Axes: []int{axis}, Keep: true}, x))
	},
	func(b *netBuilder, x *ir.Value) {
		b.add(b.op(&ir.LRN{Size: 1 + b.r.IntN(6), Alpha: 0.5, Beta: 0.75, Bias: 1}, x))
	},
	func(b *netBuilder, x *ir.Value) { b.add(b.op(&ir.Softmax{Axis: 1 + b.r.IntN(3)}, x)) },
	func(b *netBuilder, x *ir.Value) {
		if c := x.Shape[1]; c%4 == 0 {
			b.add(b.op(&ir.DepthToSpace{Block: 2, CRD: b.r.IntN(2) == 0}, x))
		}
	},
}

func (b *netBuilder) add(v *ir.Value) {
	if v.Len() <= 4000 {
		b.vals = append(b.vals, v)
	}
}

func (b *netBuilder) conv(x *ir.Value, out int, w ir.Window, group int) {
	var bias *ir.Value
	if b.r.IntN(2) == 0 {
		bias = b.weights(out)
	}
	y := b.op(&ir.Conv{Window: w, Group: group}, x, b.weights(out, x.Shape[1]/group, w.Kernel[0], w.Kernel[1]), bias)
	if b.r.IntN(3) == 0 {
		y = b.op(&ir.Unary{Func: "Relu"}, y)
	}
	b.add(y)
}

// anyWindow is a window of any shape that fits x.
func (b *netBuilder) anyWindow(x *ir.Value) ir.Window {
	w := ir.Window{Pads: make([]int, 4)}
	for i := range 2 {
		k := 1 + b.r.IntN(3)
		d := 1 + b.r.IntN(2)
		for (k-1)*d >= x.Shape[2+i] {
			k, d = max(1, k-1), 1
		}
		w.Kernel, w.Dilation, w.Stride = append(w.Kernel, k), append(w.Dilation, d), append(w.Stride, 1+b.r.IntN(2))
		w.Pads[i], w.Pads[i+2] = b.r.IntN(k), b.r.IntN(k)
	}
	return w
}

// residual combines x with another value of its shape.
func (b *netBuilder) residual(x *ir.Value) {
	for range 5 {
		if y := b.pick(); slices.Equal(y.Shape, x.Shape) {
			b.add(b.op(&ir.Binary{Func: []string{"Add", "Sub", "Mul", "Add", "Max", "Min"}[b.r.IntN(6)]}, x, y))
			return
		}
	}
}

// concat joins x with one or two others along the channels, and a constant now
// and then.
func (b *netBuilder) concat(x *ir.Value) {
	h, w := x.Shape[2], x.Shape[3]
	in := []*ir.Value{x}
	for range 8 {
		if y := b.pick(); y.Shape[2] == h && y.Shape[3] == w && len(in) < 3 {
			in = append(in, y)
		}
	}
	if b.r.IntN(6) == 0 {
		in = append(in, b.weights(1, 2, h, w))
	}
	total := 0
	for _, v := range in {
		total += v.Shape[1]
	}
	if len(in) > 1 && total <= 48 {
		b.add(b.op(&ir.Concat{Axis: 1}, in...))
	}
}

// genome is a random network as the seeds of its parts: leaving any of them out
// gives another valid network.
type genome struct {
	seed  uint64 // of the input
	steps []uint64
	tail  uint64
}

func randomGenome(seed uint64) genome {
	r := rand.New(rand.NewPCG(seed, 17))
	g := genome{seed: seed, tail: r.Uint64()}
	for range 6 + r.IntN(18) {
		g.steps = append(g.steps, r.Uint64())
	}
	return g
}

func (g genome) network() *ir.Graph {
	b := &netBuilder{r: rand.New(rand.NewPCG(g.seed, 18)), g: &ir.Graph{Name: fmt.Sprint("random", g.seed)}}
	in := &ir.Value{Name: "in", DType: ir.Float32, Shape: []int{1, 1 + b.r.IntN(6), 3 + b.r.IntN(8), 3 + b.r.IntN(8)}}
	b.g.Inputs = []*ir.Value{in}
	b.vals = []*ir.Value{in}
	for _, s := range g.steps {
		b.r = rand.New(rand.NewPCG(s, 19))
		steps[b.r.IntN(len(steps))](b, b.recent())
	}
	b.r = rand.New(rand.NewPCG(g.tail, 20))
	last := b.vals[len(b.vals)-1]
	switch b.r.IntN(5) {
	case 0:
		last = b.op(&ir.Softmax{Axis: 1}, last)
	case 1:
		last = b.op(&ir.Reshape{From: "Flatten", Axis: 1}, last)
		last = b.op(&ir.Gemm{Alpha: 1, Beta: 1, TransB: true}, last, b.weights(5, last.Shape[1]), nil)
	case 2:
		last = b.op(&ir.Transpose{Perm: []int{0, 2, 3, 1}}, last)
	case 3:
		last = b.op(&ir.Softmax{Axis: 1, Log: true}, last)
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

// shrink leaves out what a failure does not need.
func (g genome) shrink(fails func(genome) error) (genome, error) {
	err := fails(g)
	for size := len(g.steps); size > 0; size /= 2 {
		for at := 0; at < len(g.steps); {
			try := g
			try.steps = slices.Delete(slices.Clone(g.steps), at, min(at+size, len(g.steps)))
			if e := fails(try); e != nil {
				g, err = try, e
			} else {
				at += size
			}
		}
	}
	return g, err
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
func outputs(file []byte, s Sample, threads int) (out [][]int32, err error) {
	err = runFile(file, s, threads, func(t *edgerun.Tensor) error {
		out = append(out, make([]int32, t.Len()))
		return t.Integers(out[len(out)-1])
	})
	return out, err
}

// runFile runs a file on a sample and has every output read.
func runFile(file []byte, s Sample, threads int, read func(t *edgerun.Tensor) error) error {
	em, err := edgerun.LoadBytes(file)
	if err != nil {
		return err
	}
	ses, err := em.NewSession(edgerun.Threads(threads))
	if err != nil {
		return err
	}
	defer ses.Close()
	for i := range s {
		if err := ses.Input(i).SetFloat32(s[i]); err != nil {
			return err
		}
	}
	if err := ses.Run(); err != nil {
		return err
	}
	for i := range ses.NumOutputs() {
		if err := read(ses.Output(i)); err != nil {
			return err
		}
	}
	return nil
}

// sameIntegers quantizes a network twice, once with every memory optimisation
// and once with none, and wants the same output integers from both, with one
// thread and several, and from the naive oracle.
func sameIntegers(m *Model, s SampleList, opt Options) (sqnr *float64, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	fast, err := m.Quantize(context.Background(), s, opt)
	if err != nil {
		return nil, err
	}
	opt.Plain = true
	plain, err := m.Quantize(context.Background(), s, opt)
	if err != nil {
		return nil, fmt.Errorf("plain: %w", err)
	}
	want, err := outputs(plain.Bytes, s[0], 1)
	if err != nil {
		return nil, err
	}
	for _, threads := range []int{1, 3} {
		got, err := outputs(fast.Bytes, s[0], threads)
		if err != nil {
			return nil, err
		}
		if !reflect.DeepEqual(want, got) {
			return nil, fmt.Errorf("with %d threads the optimised network gives other integers", threads)
		}
	}
	if graphMACs(m.graph) > 13e6 && os.Getenv("EDGERUN_LONG") == "" {
		return fast.Report.OutputSQNR, nil // the oracle would take seconds
	}
	oracle := ermoracle.New(fast.Model)
	for i := range s[0] {
		oracle.SetInput(i, s[0][i])
	}
	oracle.Run()
	for i := range fast.Model.Outputs {
		if !slices.Equal(want[i], oracle.OutputIntegers(i)) {
			return nil, fmt.Errorf("output %d: the oracle gives other integers", i)
		}
	}
	return fast.Report.OutputSQNR, nil
}

// onceFailed are seeds of networks that found something, beyond those that
// every run tries.
var onceFailed = []uint64{11229, 49841}

// TestRandomNetworks holds random networks to sameIntegers, and shrinks those
// that fail. A network that computes something is close to its float self.
// EDGERUN_RANDOM is how many, or for how long: EDGERUN_RANDOM=10m tries other
// ones than those that every run does.
func TestRandomNetworks(t *testing.T) {
	n := uint64(600)
	if testing.Short() {
		n = 60
	}
	first, until := uint64(0), time.Time{}
	if env := os.Getenv("EDGERUN_RANDOM"); env != "" {
		if d, err := time.ParseDuration(env); err == nil && d > 0 {
			n, first, until = 1<<40, 1<<20, time.Now().Add(d)
		} else {
			n, err = strconv.ParseUint(env, 10, 64)
			require.NoError(t, err, "EDGERUN_RANDOM")
		}
	}
	low, count := 0, 0
	for i := range n + uint64(len(onceFailed)) {
		seed := first + i
		if i >= n {
			seed = onceFailed[i-n]
		}
		if !until.IsZero() && time.Now().After(until) {
			break
		}
		check := func(g genome) (*float64, error) {
			graph := g.network()
			if len(graph.Nodes) == 0 {
				return nil, nil
			}
			return sameIntegers(modelOf(t, graph), randomSamples(seed, graph, 12), Options{Method: MinMax, Workers: 1})
		}
		g := randomGenome(seed)
		q, err := check(g)
		if err != nil {
			g, err = g.shrink(func(g genome) error { _, err := check(g); return err })
			t.Fatalf("seed %d: %v\n%s", seed, err, g.network().Dump())
		}
		count++
		if q != nil && *q < 15 {
			low++
		}
	}
	t.Logf("%d networks, %d of them below 15 dB", count, low)
	// Products of products lose precision in 8 bits; wrong arithmetic would
	// show everywhere.
	require.Less(t, low, count/8)
}

// TestShrink: what is left of a failure is what fails.
func TestShrink(t *testing.T) {
	fails := func(g genome) error {
		for _, n := range g.network().Nodes {
			if n.Op.Kind() == "HardSwish" {
				return errors.New("there it is")
			}
		}
		return nil
	}
	for seed := range uint64(200) {
		if g := randomGenome(seed); fails(g) != nil {
			small, err := g.shrink(fails)
			require.Error(t, err)
			require.LessOrEqual(t, len(small.steps), 2, small.network().Dump())
			return
		}
	}
	t.Fatal("no network has the operator")
}
