package zoo

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/edgerun/edgerun/internal/ir"
)

// net builds one network. Its methods are the vocabulary of the tables: each
// appends one operator, or a few that always go together, and returns what
// they compute.
type net struct {
	g       *ir.Graph
	classes int
	fill    bool   // make weights; otherwise shapes only
	seed    string // of the weights: the network's name
	block   string // in front of the names of nodes
	count   map[string]int
}

// value is a tensor on its way through the network. The probe is nil where no
// weights are made.
type value struct {
	*ir.Value
	probe *probe
}

// channels is the size of axis 1.
func (v value) channels() int { return v.Shape[1] }

// then is what f makes of the probe, if there is one.
func (v value) then(f func(p *probe) *probe) *probe {
	if v.probe == nil {
		return nil
	}
	return f(v.probe)
}

// buildError is what the vocabulary panics with.
type buildError struct{ err error }

func newNet(name string, classes int, fill bool) *net {
	return &net{g: &ir.Graph{Name: name}, classes: classes, fill: fill, seed: name, count: map[string]int{}}
}

func fail(format string, a ...any) { panic(buildError{fmt.Errorf(format, a...)}) }

// in starts a block: names of nodes begin with it.
func (b *net) in(block string) { b.block = block }

// name makes a name that no other node has.
func (b *net) name(kind string) string {
	if b.block != "" {
		kind = b.block + "/" + kind
	}
	b.count[kind]++
	if n := b.count[kind]; n > 1 {
		return kind + "_" + strconv.Itoa(n)
	}
	return kind
}

// rng is the source of one thing's numbers.
func (b *net) rng(name string) *rng { return newRNG(b.seed + "/" + name) }

// input declares the network's input; sample makes small ones.
func (b *net) input(shape []int, sample func(i int, shape []int) []float32) value {
	v := value{Value: &ir.Value{Name: "input", DType: ir.Float32, Shape: shape}}
	b.g.Inputs = []*ir.Value{v.Value}
	if !b.fill {
		return v
	}
	small := []int{1, shape[1], probeLength}
	p := newProbe(probeInputs, shape[1], 1, probeLength)
	if len(shape) == 4 {
		small = []int{1, shape[1], probeSide, probeSide}
		p = newProbe(probeInputs, shape[1], probeSide, probeSide)
	}
	for i := range probeInputs {
		// Others than those that the network will be calibrated with.
		copy(p.data[i*len(p.data)/probeInputs:], sample(-1-i, small))
	}
	v.probe = p
	return v
}

// add appends a node with one output.
func (b *net) add(name string, op ir.Op, in ...*ir.Value) *ir.Value {
	return b.addN(name, op, 1, in...)[0]
}

func (b *net) addN(name string, op ir.Op, outs int, in ...*ir.Value) []*ir.Value {
	n := &ir.Node{Name: name, Op: op, In: in}
	for i := range outs {
		out := name
		if i > 0 {
			out += "." + strconv.Itoa(i)
		}
		n.Out = append(n.Out, &ir.Value{Name: out})
	}
	if err := op.Infer(n); err != nil {
		panic(buildError{n.Wrap(err)})
	}
	b.g.Nodes = append(b.g.Nodes, n)
	return n.Out
}

// weight makes a constant; data fills it when there are weights at all.
func (b *net) weight(name string, shape []int, data func(w []float32)) *ir.Value {
	v := &ir.Value{Name: name, DType: ir.Float32, Shape: shape}
	if b.fill {
		v.Const = ir.NewTensor(ir.Float32, shape)
		data(v.Const.F)
	}
	return v
}

// vector is a weight of one number per channel.
func (b *net) vector(name string, n int, f func(i int) float64) *ir.Value {
	return b.weight(name, []int{n}, func(w []float32) {
		for i := range w {
			w[i] = float32(f(i))
		}
	})
}

// window is a layer's shape as the papers write it: "3x3", "7x7/2" (with a
// stride), "1x7"; one number in one dimension. Behind it may stand "valid" (no
// padding) or "pad2", where otherwise outputs are as large as inputs, but for
// the stride; "causal" (all padding in front); "ceil"; "d4" (dilation); "g32"
// (groups).
type window struct {
	ir.Window
	group        int
	ceil, causal bool
}

func parse(spec string, rank int) window {
	f := strings.Fields(spec)
	size, stride, _ := strings.Cut(f[0], "/")
	w := window{group: 1}
	for _, s := range strings.Split(size, "x") {
		w.Kernel = append(w.Kernel, atoi(s))
	}
	r := rank - 2
	if len(w.Kernel) != r {
		fail("window %q for an input of rank %d", spec, rank)
	}
	all := func(n int) []int {
		s := make([]int, r)
		for i := range s {
			s[i] = n
		}
		return s
	}
	w.Stride, w.Dilation = all(1), all(1)
	if stride != "" {
		w.Stride = all(atoi(stride))
	}
	pad := -1
	for _, s := range f[1:] {
		switch {
		case s == "valid":
			pad = 0
		case s == "causal":
			w.causal = true
		case s == "ceil":
			w.ceil = true
		case strings.HasPrefix(s, "pad"):
			pad = atoi(s[3:])
		case s[0] == 'd':
			w.Dilation = all(atoi(s[1:]))
		case s[0] == 'g':
			w.group = atoi(s[1:])
		default:
			fail("window %q: %q is unknown", spec, s)
		}
	}
	w.Pads = make([]int, 2*r)
	for i, k := range w.Kernel {
		total := (k - 1) * w.Dilation[i]
		lo, hi := total/2, total/2
		switch {
		case w.causal:
			lo, hi = total, 0
		case pad >= 0:
			lo, hi = pad, pad
		}
		w.Pads[i], w.Pads[i+r] = lo, hi
	}
	return w
}

func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		fail("%q is no number", s)
	}
	return n
}

// depthwise is spec with as many groups as x has channels.
func (v value) depthwise(spec string) string { return spec + " g" + strconv.Itoa(v.channels()) }

// conv is a convolution with a bias, whose outputs have a deviation of about 1.
func (b *net) conv(x value, out int, spec string) value { return b.convTo(x, out, spec, 1, centred) }

// convRelu is a convolution with a bias, and ReLU.
func (b *net) convRelu(x value, out int, spec string) value {
	return b.relu(b.convTo(x, out, spec, 1, rectified))
}

// convTo is conv with other outputs: of deviation sd, with means of own.
func (b *net) convTo(x value, out int, spec string, sd float64, own means) value {
	name := b.name("conv")
	w := parse(spec, len(x.Shape))
	k, p := b.kernel(x, name, out, w)
	bias, p := b.bias(k, p, name, out, sd, own)
	return value{b.add(name, &ir.Conv{Window: w.Window, Group: w.group}, x.Value, k, bias), p}
}

// means are what the channels of a layer's outputs have on average, in
// deviations.
type means func(r *rng) float64

// centred channels lie around 0.
func centred(r *rng) float64 { return 0.25 * r.normal() }

// rectified channels are read by a ReLU or the like: positive more often than
// not.
func rectified(r *rng) float64 { return 0.8 + mul(0.5, r.normal()) }

// kernel makes the weights of a convolution, not to scale yet, and shows what
// it makes of the probe.
func (b *net) kernel(x value, name string, out int, w window) (*ir.Value, *probe) {
	c := x.channels()
	if c%w.group != 0 || out%w.group != 0 {
		fail("%s: %d groups of %d inputs and %d outputs", name, w.group, c, out)
	}
	k := b.weight(name+".weight", append([]int{out, c / w.group}, w.Kernel...), b.rows(name, out, w.group, func(r *rng, g int) ([][]float32, float64) { return x.probe.directions(r, w, g) }))
	return k, x.then(func(p *probe) *probe { return p.conv(w, k.Const.F, out) })
}

// rows fills weights, [outputs, channels, taps], with a bell curve and on top of
// it a random mixture of what the layer reads: training aligns weights with
// their inputs, so that these pass better than noise. Without that, every layer
// would roughen the image a little more, and in the end a change in the last
// bit of a pixel changed everything (Poole 2016, 1606.05340). directions are
// patterns of a group's inputs and their share of the weights' power. Of the
// outputs, one is a little louder and one less.
func (b *net) rows(name string, out, groups int, directions func(r *rng, group int) ([][]float32, float64)) func(w []float32) {
	return func(w []float32) {
		r := b.rng(name)
		per := len(w) / out
		all := make([][][]float32, groups)
		factor := make([]float64, groups)
		for g := range groups {
			var share float64
			all[g], share = directions(r, g)
			power := 1e-9
			for _, d := range all[g] {
				power += dot(d, d) / float64(len(all[g]))
			}
			factor[g] = bellSD * share * sqrt(float64(per)/(power*mixed))
		}
		first := r.next()
		parallel(out, func(o int) {
			r := &rng{first + uint64(o)<<32}
			g := o / (out / groups)
			row := w[o*per:][:per]
			for i := range row {
				row[i] = float32(r.bell())
			}
			for range min(mixed, len(all[g])) {
				k := mul(factor[g], r.normal())
				for i, v := range all[g][r.intn(len(all[g]))] {
					row[i] += float32(mul(k, float64(v)))
				}
			}
			s := float32(r.uniform(0.6, 1.4) / (bellSD * sqrt(float64(per))))
			for i := range row {
				row[i] *= s
			}
		})
	}
}

// mixed is the number of directions in an output's weights.
const mixed = 6

// bias scales a layer's weights so that its outputs have the deviation sd on
// average, and makes biases that replace their means by own ones.
func (b *net) bias(k *ir.Value, p *probe, name string, out int, sd float64, own means) (*ir.Value, *probe) {
	if p == nil {
		return b.weight(name+".bias", []int{out}, nil), nil
	}
	mean, variance := p.statistics()
	total := 0.0
	for _, v := range variance {
		total += v
	}
	f := float32(sd / sqrt(total/float64(out)))
	for i := range k.Const.F {
		k.Const.F[i] *= f
	}
	r := b.rng(name + ".bias")
	scale, shift := make([]float64, out), make([]float64, out)
	for o := range out {
		scale[o] = float64(f)
		shift[o] = mul(sd, own(r)) - mul(mean[o], scale[o])
	}
	return b.vector(name+".bias", out, func(o int) float64 { return shift[o] }), p.affine(scale, shift)
}

// bn is a batch normalization whose statistics are the probe's.
func (b *net) bn(x value, own means) value {
	name := b.name("bn")
	c := x.channels()
	const eps = 1e-3
	mean, variance := make([]float64, c), make([]float64, c)
	if x.probe != nil {
		mean, variance = x.probe.statistics()
	}
	r := b.rng(name)
	a, s := make([]float64, c), make([]float64, c)
	for i := range c {
		a[i], s[i] = r.uniform(0.75, 1.25), own(r)
	}
	y := b.add(name, &ir.BatchNorm{Eps: eps}, x.Value,
		b.vector(name+".scale", c, func(i int) float64 { return a[i] }),
		b.vector(name+".shift", c, func(i int) float64 { return s[i] }),
		b.vector(name+".mean", c, func(i int) float64 { return mean[i] }),
		b.vector(name+".var", c, func(i int) float64 { return variance[i] }))
	return value{y, x.then(func(p *probe) *probe {
		for i := range c {
			a[i] /= sqrt(variance[i] + eps)
			s[i] -= mul(mean[i], a[i])
		}
		return p.affine(a, s)
	})}
}

// convBare is a convolution without a bias.
func (b *net) convBare(x value, out int, spec string) value {
	name := b.name("conv")
	w := parse(spec, len(x.Shape))
	k, p := b.kernel(x, name, out, w)
	return value{b.add(name, &ir.Conv{Window: w.Window, Group: w.group}, x.Value, k), p}
}

// convBN is convBare and a batch normalization.
func (b *net) convBN(x value, out int, spec string) value {
	return b.bn(b.convBare(x, out, spec), centred)
}

// unit is convolution, batch normalization and ReLU.
func (b *net) unit(x value, out int, spec string) value { return b.unitOf(x, out, spec, b.relu) }

// unitOf is unit with another activation.
func (b *net) unitOf(x value, out int, spec string, act func(value) value) value {
	return act(b.bn(b.convBare(x, out, spec), rectified))
}

// layerOf is one layer of a chain.
type layerOf struct {
	channels int
	spec     string
}

// chain is units one behind the other.
func (b *net) chain(x value, layers ...layerOf) value {
	for _, l := range layers {
		x = b.unit(x, l.channels, l.spec)
	}
	return x
}

// fc is a fully connected layer with a bias; feature maps are flattened.
func (b *net) fc(x value, out int) value { return b.fcTo(x, out, 1, rectified) }

// logits is the last layer: scores of the classes.
func (b *net) logits(x value) value { return b.fcTo(x, b.classes, loudScores, centred) }

// loudScores is the deviation of scores.
const loudScores = 2.5

func (b *net) fcTo(x value, out int, sd float64, own means) value {
	if len(x.Shape) > 2 {
		x = b.flatten(x)
	}
	name := b.name("fc")
	k := b.weight(name+".weight", []int{out, x.Shape[1]}, b.rows(name, out, 1, func(r *rng, _ int) ([][]float32, float64) { return x.probe.directions(r, parse("1x1", 4), 0) }))
	p := x.then(func(p *probe) *probe {
		q := newProbe(p.n, out, 1, 1)
		parallel(p.n, func(n int) { product(p.data[n*p.c:][:p.c], 1, k.Const.F, out, p.c, q.data[n*out:][:out]) })
		return q
	})
	bias, p := b.bias(k, p, name, out, sd, own)
	return value{b.add(name, &ir.Gemm{Alpha: 1, Beta: 1, TransB: true}, x.Value, k, bias), p}
}

// flatten makes a vector of a feature map.
func (b *net) flatten(x value) value {
	y := b.add(b.name("flatten"), &ir.Reshape{From: "Flatten", Axis: 1}, x.Value)
	h, w := 1, x.Shape[len(x.Shape)-1]
	if len(x.Shape) == 4 {
		h = x.Shape[2]
	}
	return value{y, x.then(func(p *probe) *probe {
		p = p.resize(h, w)
		return &probe{p.n, p.c * h * w, 1, 1, p.data}
	})}
}
