package quant

import (
	"fmt"
	"math"
	"slices"

	ermfmt "github.com/edgerun/edgerun/fmt"
	"github.com/edgerun/edgerun/internal/ir"
	"github.com/edgerun/edgerun/internal/requant"
)

// fixedPoint converts real scales to multipliers that share a pre-shift.
func fixedPoint(scales []float64) (ermfmt.Requant, error) {
	ms := make([]requant.Multiplier, len(scales))
	var pre uint8
	for i, s := range scales {
		m, ok := requant.From(s)
		if !ok {
			return ermfmt.Requant{}, fmt.Errorf("the scale %g is out of range; the layer's weights or activations differ too much in size", s)
		}
		ms[i] = m
		pre = max(pre, m.Pre)
	}
	return shared(ms, pre), nil
}

func shared(ms []requant.Multiplier, pre uint8) ermfmt.Requant {
	r := ermfmt.Requant{Pre: pre}
	for _, m := range ms {
		m = m.WithPre(pre)
		r.Mult, r.Shift = append(r.Mult, m.M), append(r.Shift, m.Shift)
	}
	return r
}

// oneScale is fixedPoint for a single scale.
func oneScale(s float64) (ermfmt.Scale, error) {
	r, err := fixedPoint([]float64{s})
	if err != nil {
		return ermfmt.Scale{}, err
	}
	return ermfmt.Scale{Mult: r.Mult[0], Shift: r.Shift[0], Pre: r.Pre}, nil
}

// finishLayer fills in biases, scales and clamp of a layer: weights are already
// in place, w lists the integer weights of every output channel.
func (l *lowering) finishLayer(n *ir.Node, c *ermfmt.Conv, act *ir.Act, in, out params, inScale float64) error {
	lw := l.j.weights[n]
	m, channel := channelOf(n)
	sums, size := make([]int64, m), make([]int64, m)
	for i, q := range lw.q {
		o := channel(i)
		sums[o] += int64(q)
		size[o] += int64(max(q, -q))
	}
	scales, neg := make([]float64, m), []float64(nil)
	c.Bias = make([]int32, m)
	for o := range m {
		acc := inScale * lw.scale[o]
		b := int64(roundHalf(lw.bias[o]/acc)) - int64(in.zero)*sums[o]
		if size[o]*128+max(b, -b) > maxAcc {
			return fmt.Errorf("output channel %d: the bias %g is too large for the weights", o, lw.bias[o])
		}
		c.Bias[o] = int32(b)
		scales[o] = acc / out.scale
	}
	var err error
	if c.Requant, err = fixedPoint(scales); err != nil {
		return err
	}
	if act.Kind == "leaky" {
		for o, s := range scales {
			neg = append(neg, s*float64(act.Slopes[o%len(act.Slopes)]))
		}
		if c.Requant, c.Neg, err = signedScales(scales, neg); err != nil {
			return err
		}
	}
	c.Clamp = out.clamp(act)
	return nil
}

// signedScales converts the scales of accumulators above and below 0, which
// share a pre-shift. Those below may be negative.
func signedScales(scales, neg []float64) (pos, below ermfmt.Requant, err error) {
	all := slices.Clone(scales)
	for _, s := range neg {
		all = append(all, math.Abs(s))
	}
	r, err := fixedPoint(all)
	if err != nil {
		return pos, below, err
	}
	m := len(scales)
	pos = ermfmt.Requant{Mult: r.Mult[:m:m], Shift: r.Shift[:m:m], Pre: r.Pre}
	below = ermfmt.Requant{Mult: r.Mult[m:], Shift: r.Shift[m:], Pre: r.Pre}
	for i, s := range neg {
		if s < 0 {
			below.Mult[i] = -below.Mult[i]
		}
	}
	return pos, below, nil
}

func roundHalf(x float64) float64 {
	if x < 0 {
		return -float64(int64(-x + 0.5))
	}
	return float64(int64(x + 0.5))
}

// windowOf fills in the geometry; one-dimensional windows have height 1.
func windowOf(c *ermfmt.Conv, w *ir.Window) {
	c.KH, c.KW, c.StrideH, c.StrideW, c.DilationH, c.DilationW = 1, 1, 1, 1, 1, 1
	r := len(w.Kernel)
	c.KW, c.StrideW, c.DilationW, c.PadLeft = int32(w.Kernel[r-1]), int32(w.Stride[r-1]), int32(w.Dilation[r-1]), int32(w.Pads[r-1])
	if r == 2 {
		c.KH, c.StrideH, c.DilationH, c.PadTop = int32(w.Kernel[0]), int32(w.Stride[0]), int32(w.Dilation[0]), int32(w.Pads[0])
	}
}

// constantWeights fails on layers whose weights are computed.
func constantWeights(n *ir.Node) error {
	w, b, ok := layer(n)
	if !ok || n.Input(b) != nil && n.In[b].Const == nil {
		return fmt.Errorf("weights %q are computed from data: %w in int8", w.Name, ErrUnsupported)
	}
	return nil
}

func (l *lowering) conv(n *ir.Node, op *ir.Conv) error {
	if err := constantWeights(n); err != nil {
		return err
	}
	x, channels, err := l.image(n.In[0])
	if err != nil {
		return err
	}
	ic, oc := n.In[0].Shape[1], n.Out[0].Shape[1]
	depthwise := op.Group == ic && ic > 1
	if !inOrder(channels) && op.Group > 1 && !(depthwise && oc == ic) {
		l.materialize(n.In[0])
		if x, channels, err = l.image(n.In[0]); err != nil {
			return err
		}
	}
	q := l.j.weights[n].q
	c := &ermfmt.Conv{Groups: int32(op.Group)}
	windowOf(c, &op.Window)
	taps := int(c.KH * c.KW)
	in, out := l.paramsOf(n.In[0]), l.paramsOf(n.Out[0])
	if err := l.finishLayer(n, c, &op.Act, in, out, in.scale); err != nil {
		return err
	}
	c.Weights = make([]int8, len(q))
	kind := ermfmt.KindConv
	var y view
	if depthwise {
		kind = ermfmt.KindDepthwise
		c.Groups = 1
		// Shuffled inputs give shuffled outputs.
		y = l.imageOut(n.Out[0], channelsOut(channels, oc == ic))
		perm := identity(oc)
		if !inOrder(channels) {
			perm = permutation(channels)
		}
		for p, o := range perm {
			for t := range taps {
				c.Weights[t*oc+p] = q[o*taps+t]
			}
		}
		permuteLayer(c, perm)
	} else {
		y = l.imageOut(n.Out[0], nil)
		per := ic / op.Group
		perm := identity(per)
		if !inOrder(channels) {
			perm = permutation(channels)
		}
		for o := range oc {
			for t := range taps {
				for p, ch := range perm {
					c.Weights[(o*taps+t)*per+p] = q[(o*per+ch)*taps+t]
				}
			}
		}
	}
	l.emit(n, ermfmt.Op{Kind: kind, Conv: c}, operands(x), y)
	return nil
}

func channelsOut(channels []run, same bool) []run {
	if same {
		return channels
	}
	return nil
}

func identity(n int) []int {
	p := make([]int, n)
	for i := range p {
		p[i] = i
	}
	return p
}

// permuteLayer puts the per-channel numbers of a depthwise layer in physical
// order.
func permuteLayer(c *ermfmt.Conv, perm []int) {
	c.Bias = pickAll(c.Bias, perm)
	for _, r := range []*ermfmt.Requant{&c.Requant, &c.Neg} {
		if len(r.Mult) > 0 {
			r.Mult, r.Shift = pickAll(r.Mult, perm), pickAll(r.Shift, perm)
		}
	}
}

func pickAll[T any](s []T, perm []int) []T {
	out := make([]T, len(perm))
	for i, p := range perm {
		out[i] = s[p]
	}
	return out
}

// orderedImage is image for operators that cannot take shuffled channels.
func (l *lowering) orderedImage(v *ir.Value) (view, error) {
	x, channels, err := l.image(v)
	if err == nil && !inOrder(channels) {
		l.materialize(v)
		x, _, err = l.image(v)
	}
	return x, err
}

func (l *lowering) convTranspose(n *ir.Node, op *ir.ConvTranspose) error {
	if err := constantWeights(n); err != nil {
		return err
	}
	x, err := l.orderedImage(n.In[0])
	if err != nil {
		return err
	}
	ic, oc := n.In[0].Shape[1], n.Out[0].Shape[1]
	q := l.j.weights[n].q
	c := &ermfmt.Conv{Groups: int32(op.Group)}
	windowOf(c, &op.Window)
	taps := int(c.KH * c.KW)
	in, out := l.paramsOf(n.In[0]), l.paramsOf(n.Out[0])
	if err := l.finishLayer(n, c, &op.Act, in, out, in.scale); err != nil {
		return err
	}
	// [C, M/G, taps] becomes [M, taps, C/G].
	c.Weights = make([]int8, len(q))
	ig, og := ic/op.Group, oc/op.Group
	for ch := range ic {
		for o := range og {
			for t := range taps {
				m := ch/ig*og + o
				c.Weights[(m*taps+t)*ig+ch%ig] = q[(ch*og+o)*taps+t]
			}
		}
	}
	l.emit(n, ermfmt.Op{Kind: ermfmt.KindConvTranspose, Conv: c}, operands(x), l.imageOut(n.Out[0], nil))
	return nil
}

func (l *lowering) deformConv(n *ir.Node, op *ir.DeformConv) error {
	if err := constantWeights(n); err != nil {
		return err
	}
	x, err := l.orderedImage(n.In[0])
	if err != nil {
		return err
	}
	grp := l.j.groups.of(n.In[2])
	off, bits := n.In[2], 0
	if grp.offsets {
		bits = bitsOf(grp.params.scale)
	} else {
		// Offsets that 8-bit operators read too: widened here, which cannot
		// bring back what 8 bits lost.
		h := grp.hist
		bits = offsetBits(max(float64(-h.min), float64(h.max)))
		l.j.warn("node %q: the offsets share their 8 bits with other operators", n.Label())
		if off, err = l.convert(n, off, params{Int16Type, 1 / float64(int(1)<<bits), 0}); err != nil {
			return err
		}
	}
	o, err := l.orderedImage(off)
	if err != nil {
		return err
	}
	in, out := l.paramsOf(n.In[0]), l.paramsOf(n.Out[0])
	ins := operands(x, o)
	scale := in.scale
	if mask := n.Input(4); mask != nil {
		mv, err := l.orderedImage(mask)
		if err != nil {
			return err
		}
		ins = append(ins, operand{view: mv})
		// The sampler counts the mask in units of 1/256.
		scale *= l.paramsOf(mask).scale * 256
	}
	ic, oc := n.In[0].Shape[1], n.Out[0].Shape[1]
	c := &ermfmt.Conv{Groups: int32(op.Group), OffsetGroups: int32(op.OffsetGroup), Frac: uint8(bits)}
	windowOf(c, &op.Window)
	if err := l.finishLayer(n, c, &op.Act, in, out, scale); err != nil {
		return err
	}
	q := l.j.weights[n].q
	taps, per := int(c.KH*c.KW), ic/op.Group
	c.Weights = make([]int8, len(q))
	for m := range oc {
		for ch := range per {
			for t := range taps {
				c.Weights[(m*taps+t)*per+ch] = q[(m*per+ch)*taps+t]
			}
		}
	}
	l.emit(n, ermfmt.Op{Kind: ermfmt.KindDeformConv, Conv: c}, ins, l.imageOut(n.Out[0], nil))
	return nil
}

func bitsOf(scale float64) int {
	b := 0
	for scale < 1 {
		scale *= 2
		b++
	}
	return b
}

// dense lowers a fully connected layer. The order of the inputs is a matter of
// the weights: a flattened feature map needs no copy.
func (l *lowering) dense(n *ir.Node, op *ir.Dense) error {
	if err := constantWeights(n); err != nil {
		return err
	}
	v := n.In[0]
	rank := len(v.Shape)
	k, m := v.Shape[rank-1], n.Out[0].Shape[rank-1]
	var (
		w       = l.val[v]
		cols    []run
		rowsRun []run
	)
	split := func() bool {
		cols = joinRuns(w.axes[rank-1])
		rowsRun = nil
		for _, a := range w.axes[:rank-1] {
			rowsRun = append(rowsRun, a...)
		}
		rowsRun = joinRuns(rowsRun)
		c, ok := permuted(cols)
		return ok && len(rowsRun) <= 1 && (len(rowsRun) == 0 || rowsRun[0].stride >= c)
	}
	if !split() {
		// Row-major, whatever the rank: a matrix has no channels to put last.
		b := &buffer{name: v.Name, params: w.buf.params, dims: append([]int{}, v.Shape...), order: ermfmt.OrderSame}
		dst := whole(b)
		l.copy(v.Name, w, dst)
		l.val[v] = dst
		w = dst
		if !split() {
			return fmt.Errorf("input %q cannot be laid out as a matrix", v.Name)
		}
	}
	x := view{buf: w.buf, off: w.off, axes: [][]run{nil, nil, rowsRun, axisOf(k, 1)}}
	perm := identity(k)
	if !inOrder(cols) {
		perm = permutation(cols)
	}
	c := &ermfmt.Conv{KH: 1, KW: 1, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Groups: 1}
	in, out := l.paramsOf(v), l.paramsOf(n.Out[0])
	if err := l.finishLayer(n, c, &op.Act, in, out, in.scale); err != nil {
		return err
	}
	q := l.j.weights[n].q
	c.Weights = make([]int8, len(q))
	for o := range m {
		for p, i := range perm {
			c.Weights[o*k+p] = q[o*k+i]
		}
	}
	b := &buffer{name: n.Out[0].Name, params: out, dims: append([]int{}, n.Out[0].Shape...), order: ermfmt.OrderSame}
	l.val[n.Out[0]] = whole(b)
	total := b.len() / m
	y := view{buf: b, axes: [][]run{nil, nil, axisOf(total, m), axisOf(m, 1)}}
	l.emit(n, ermfmt.Op{Kind: ermfmt.KindDense, Conv: c}, operands(x), y)
	return nil
}
