package zoo

import (
	"github.com/edgerun/edgerun/internal/ir"
	"github.com/edgerun/edgerun/internal/portable"
)

// What stands between the layers with weights.

// act applies an element-wise function; f is what it does, or nearly.
func (b *net) act(x value, name string, op *ir.Unary, f func(x float64) float64) value {
	return value{b.add(b.name(name), op, x.Value), x.then(func(p *probe) *probe { return p.apply(f) })}
}

func (b *net) relu(x value) value {
	return b.act(x, "relu", &ir.Unary{Func: "Relu"}, func(x float64) float64 { return max(x, 0) })
}

func (b *net) relu6(x value) value {
	return b.act(x, "relu6", &ir.Unary{Func: "Clip", Alpha: 0, Beta: 6}, func(x float64) float64 { return min(max(x, 0), 6) })
}

func (b *net) hardSwish(x value) value {
	return b.act(x, "hswish", &ir.Unary{Func: "HardSwish"}, func(x float64) float64 { return x * hardSigmoid(x) })
}

func (b *net) hardSigmoid(x value) value {
	return b.act(x, "hsigmoid", &ir.Unary{Func: "HardSigmoid", Alpha: 1.0 / 6, Beta: 0.5}, hardSigmoid)
}

func (b *net) tanh(x value) value { return b.act(x, "tanh", &ir.Unary{Func: "Tanh"}, portable.Tanh) }

func (b *net) sigmoid(x value) value { return b.act(x, "sigmoid", &ir.Unary{Func: "Sigmoid"}, sigmoid) }

// softmax along the channels ends a network.
func (b *net) softmax(x value) value {
	return value{b.add(b.name("softmax"), &ir.Softmax{Axis: 1}, x.Value), nil}
}

func (b *net) maxPool(x value, spec string) value {
	w := parse(spec, len(x.Shape))
	y := b.add(b.name("maxpool"), &ir.Pool{Window: w.Window, Max: true, Ceil: w.ceil}, x.Value)
	return value{y, x.then(func(p *probe) *probe { return p.pool(w, true) })}
}

func (b *net) avgPool(x value, spec string) value {
	w := parse(spec, len(x.Shape))
	y := b.add(b.name("avgpool"), &ir.Pool{Window: w.Window, Ceil: w.ceil}, x.Value)
	return value{y, x.then(func(p *probe) *probe { return p.pool(w, false) })}
}

// globalPool is the mean over all of the image.
func (b *net) globalPool(x value) value {
	return value{b.add(b.name("gap"), &ir.GlobalPool{}, x.Value), x.then((*probe).mean)}
}

// lrn is Krizhevsky 2012, §3.3, with a beta of 0.75; ONNX divides alpha by the
// size.
func (b *net) lrn(x value, op ir.LRN) value {
	y := b.add(b.name("lrn"), &op, x.Value)
	return value{y, x.then(func(p *probe) *probe {
		q := newProbe(p.n, p.c, p.h, p.w)
		lo := (op.Size - 1) / 2
		for n := range p.n {
			for c := range p.c {
				dst := q.plane(n, c)
				for i, v := range p.plane(n, c) {
					sum := 0.0
					for k := max(0, c-lo); k < min(p.c, c-lo+op.Size); k++ {
						w := float64(p.plane(n, k)[i])
						sum += w * w
					}
					r := sqrt(float64(op.Bias) + mul(float64(op.Alpha)/float64(op.Size), sum))
					dst[i] = float32(float64(v) / (r * sqrt(r)))
				}
			}
		}
		return q
	})}
}

// concat joins channels.
func (b *net) concat(xs ...value) value {
	var in []*ir.Value
	var ps []*probe
	for _, x := range xs {
		in, ps = append(in, x.Value), append(ps, x.probe)
	}
	y := b.add(b.name("concat"), &ir.Concat{Axis: 1}, in...)
	return value{y, xs[0].then(func(*probe) *probe { return join(ps) })}
}

// sum adds two tensors of one shape.
func (b *net) sum(x, z value) value {
	y := b.add(b.name("add"), &ir.Binary{Func: "Add"}, x.Value, z.Value)
	return value{y, x.then(func(p *probe) *probe {
		return p.combine(z.probe.resize(p.h, p.w), func(x, y float64) float64 { return x + y })
	})}
}

// scale multiplies by a constant of the design.
func (b *net) scale(x value, f float64) value {
	name := b.name("scale")
	t := ir.FloatTensor([]float32{float32(f)})
	k := &ir.Value{Name: name + ".factor", DType: ir.Float32, Shape: t.Shape, Const: t}
	return value{b.add(name, &ir.Binary{Func: "Mul"}, x.Value, k), x.then(func(p *probe) *probe {
		return p.apply(func(x float64) float64 { return x * f })
	})}
}

// gate multiplies by g, of the same shape or one number per channel.
func (b *net) gate(x, g value) value {
	y := b.add(b.name("mul"), &ir.Binary{Func: "Mul"}, x.Value, g.Value)
	return value{y, x.then(func(p *probe) *probe { return p.combine(g.probe, mul) })}
}

// squeezeExcite is Hu 2018 (1709.01507) with 1x1 convolutions: gates of the
// channels, made of their means. Training spreads the gates over their range;
// here the biases do.
func (b *net) squeezeExcite(x value, squeezed int, last func(value) value) value {
	s := b.convRelu(b.globalPool(x), squeezed, "1x1")
	name := b.name("conv")
	w := parse("1x1", 4)
	k, p := b.kernel(s, name, x.channels(), w)
	bias, p := b.bias(k, p, name, x.channels(), 0.75, func(r *rng) float64 { return 2.5 * r.normal() })
	return b.gate(x, last(value{b.add(name, &ir.Conv{Window: w.Window, Group: 1}, s.Value, k, bias), p}))
}

// shuffle interleaves the channels of g groups.
func (b *net) shuffle(x value, g int) value {
	n, c, h, w := x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3]
	name := b.name("shuffle")
	v := b.add(name+"/split", &ir.Reshape{Shape: []int{n, g, c / g, h, w}}, x.Value)
	v = b.add(name+"/swap", &ir.Transpose{Perm: []int{0, 2, 1, 3, 4}}, v)
	v = b.add(name, &ir.Reshape{Shape: []int{n, c, h, w}}, v)
	return value{v, x.then(func(p *probe) *probe {
		order := make([]int, c)
		for i := range order {
			order[i] = i%g*(c/g) + i/g
		}
		return p.channels(order)
	})}
}

// halves cuts the channels in two.
func (b *net) halves(x value) (lo, hi value) {
	c := x.channels()
	v := b.addN(b.name("split"), &ir.Split{Axis: 1, Sizes: []int{c / 2, c - c/2}}, 2, x.Value)
	part := func(from, to int) *probe {
		return x.then(func(p *probe) *probe { return p.channels(span(from, to)) })
	}
	return value{v[0], part(0, c/2)}, value{v[1], part(c/2, c)}
}

func span(from, to int) (s []int) {
	for i := from; i < to; i++ {
		s = append(s, i)
	}
	return s
}

// pick selects channels [from, to).
func (b *net) pick(x value, from, to int) value {
	op := &ir.Slice{Size: append([]int{}, x.Shape...)}
	for range x.Shape {
		op.Start, op.Step = append(op.Start, 0), append(op.Step, 1)
	}
	op.Start[1], op.Size[1] = from, to-from
	return value{b.add(b.name("slice"), op, x.Value), x.then(func(p *probe) *probe { return p.channels(span(from, to)) })}
}

// crop takes h rows and w columns from the given one on.
func (b *net) crop(x value, at, h, w int) value {
	if at+h > x.Shape[2] || at+w > x.Shape[3] {
		fail("crop of %dx%d at %d from %v", h, w, at, x.Shape)
	}
	op := &ir.Slice{Start: []int{0, 0, at, at}, Step: []int{1, 1, 1, 1}, Size: []int{x.Shape[0], x.Shape[1], h, w}}
	return value{b.add(b.name("crop"), op, x.Value), x.probe}
}

// upsample is a transposed convolution without a bias that starts out as
// bilinear interpolation, channel by channel, and has learnt a little.
func (b *net) upsample(x value, factor int) value {
	name := b.name("upscore")
	c, k := x.channels(), 2*factor
	w := b.weight(name+".weight", []int{c, c, k, k}, func(data []float32) {
		r := b.rng(name)
		small := float32(0.02 / float64(factor) / bellSD)
		for i := range data {
			data[i] = float32(r.bell()) * small
		}
		tent := func(i int) float32 { return float32(k-max(2*i+1-k, k-2*i-1)) / float32(k) }
		for o := range c {
			for y := range k {
				for x := range k {
					data[((o*c+o)*k+y)*k+x] += float32(tent(y) * tent(x))
				}
			}
		}
	})
	op := &ir.ConvTranspose{Window: ir.Window{Kernel: []int{k, k}, Stride: []int{factor, factor}}, Group: 1}
	return value{b.add(name, op, x.Value, w), x.then(func(p *probe) *probe { return p.resize(p.h*factor, p.w*factor) })}
}

// deform is a deformable convolution and batch normalization: v1 (Dai 2017,
// 1703.06211), with masks v2 (Zhu 2018, 1811.11168).
func (b *net) deform(x value, out int, spec string, masks bool) value {
	name := b.name("deform")
	k, p, in := b.deformInputs(x, name, out, spec, masks)
	return b.bn(b.addDeform(x, name, spec, in, p, k, nil), rectified)
}

// deformRelu is a deformable convolution with a bias, and ReLU.
func (b *net) deformRelu(x value, out int, spec string, masks bool) value {
	name := b.name("deform")
	k, p, in := b.deformInputs(x, name, out, spec, masks)
	bias, p := b.bias(k, p, name, out, 1, rectified)
	return b.relu(b.addDeform(x, name, spec, in, p, k, bias))
}

// deformInputs makes the weights of a deformable convolution, not to scale yet,
// and its offsets and masks: a convolution of the same window makes these, of a
// pixel or two. The probe is what comes out.
func (b *net) deformInputs(x value, name string, out int, spec string, masks bool) (k *ir.Value, p *probe, in [2]*ir.Value) {
	w := parse(spec, len(x.Shape))
	taps := w.Kernel[0] * w.Kernel[1]
	block := b.block
	b.in(name)
	if masks {
		both := b.conv(x, 3*taps, spec)
		in[0] = b.pick(both, 0, 2*taps).Value
		in[1] = b.sigmoid(b.pick(both, 2*taps, 3*taps)).Value
	} else {
		in[0] = b.conv(x, 2*taps, spec).Value
	}
	b.in(block)
	// The probe is sampled where a plain convolution would, with masks of a
	// half: that is what the offsets and masks are about.
	k, p = b.kernel(x, name, out, w)
	if masks && p != nil {
		p = p.apply(func(x float64) float64 { return x / 2 })
	}
	return k, p, in
}

func (b *net) addDeform(x value, name, spec string, in [2]*ir.Value, p *probe, k, bias *ir.Value) value {
	op := &ir.DeformConv{Window: parse(spec, len(x.Shape)).Window, Group: 1, OffsetGroup: 1}
	ins := []*ir.Value{x.Value, k, in[0], bias, in[1]}
	switch {
	case in[1] == nil && bias == nil:
		ins = ins[:3]
	case in[1] == nil:
		ins = ins[:4]
	}
	return value{b.add(name, op, ins...), p}
}
