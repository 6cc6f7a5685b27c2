package ermoracle

import (
	"math/bits"
	"math/rand/v2"

	ermfmt "github.com/edgerun/edgerun/fmt"
)

// Net builds networks for tests: valid ones, with random weights and
// integer-only randomness, so that a seed gives the same file everywhere.
// Nothing in the arena is used twice unless InPlace says so.
type Net struct {
	M *ermfmt.Model
	R *rand.Rand

	Views   bool // tensors are parts of larger buffers, with gaps
	InPlace bool // element-wise results go over their inputs

	holes []hole
}

// hole is a run of channels in a larger buffer that nobody uses yet.
type hole struct {
	t  ermfmt.Tensor // of the first free channel
	ch int32
}

// NewNet returns an empty network.
func NewNet(seed uint64) *Net {
	return &Net{M: &ermfmt.Model{}, R: rand.New(rand.NewPCG(seed, 7))}
}

// Dims are N, H, W, C.
type Dims = [4]int32

func (n *Net) grow(bytes int64) (at int64) {
	at = n.M.Plan.Arena
	n.M.Plan.Arena = (at + bytes + 15) &^ 15
	return at
}

func (n *Net) push(t ermfmt.Tensor) int32 {
	n.M.Tensors = append(n.M.Tensors, t)
	return int32(len(n.M.Tensors) - 1)
}

// quantization gives a tensor a scale and a zero point.
func (n *Net) quantization(t *ermfmt.Tensor) {
	t.Scale = float32(1+n.R.IntN(200)) / 1024
	if t.DType == ermfmt.Int8 {
		t.Zero = []int32{-128, 127, 0, n.R.Int32N(256) - 128}[n.R.IntN(4)]
	}
}

// Packed makes a tensor without gaps.
func (n *Net) Packed(d ermfmt.DType, dims Dims) int32 {
	t := ermfmt.Tensor{DType: d, Dims: dims, Stride: ermfmt.Packed(dims)}
	t.Offset = n.grow(t.Span() * int64(d.Size()))
	n.quantization(&t)
	return n.push(t)
}

// Tensor makes a tensor, with Views often a part of a larger buffer.
func (n *Net) Tensor(d ermfmt.DType, dims Dims) int32 {
	if !n.Views || n.R.IntN(5) == 0 {
		return n.Packed(d, dims)
	}
	for i := range n.holes {
		h := &n.holes[i]
		if h.t.DType == d && h.ch >= dims[3] && [3]int32(h.t.Dims[:3]) == [3]int32(dims[:3]) {
			t := h.t
			t.Dims = dims
			n.quantization(&t)
			h.t.Offset += int64(dims[3]) * int64(d.Size())
			h.ch -= dims[3]
			return n.push(t)
		}
	}
	t := ermfmt.Tensor{DType: d, Dims: dims}
	before, behind := n.R.Int32N(4), n.R.Int32N(2)*n.R.Int32N(2*dims[3]+3)
	t.Stride[2] = before + dims[3] + behind
	// Rows that another tensor shares begin at whole pixels.
	unit := int32(1)
	if behind > 0 {
		unit = t.Stride[2]
	}
	t.Stride[1] = t.Stride[2]*dims[2] + n.R.Int32N(2)*n.R.Int32N(9)*unit
	t.Stride[0] = t.Stride[1]*dims[1] + n.R.Int32N(2)*n.R.Int32N(30)*unit
	at := n.grow((int64(t.Stride[0])*int64(dims[0]) + 64) * int64(d.Size()))
	t.Offset = at + int64(before)*int64(d.Size())
	n.quantization(&t)
	if behind > 0 {
		h := hole{t, behind}
		h.t.Offset += int64(dims[3]) * int64(d.Size())
		n.holes = append(n.holes, h)
		return n.push(t)
	}
	// Strides of axes with one index mean nothing.
	for i := range t.Stride {
		if dims[i] == 1 && n.R.IntN(3) == 0 {
			t.Stride[i] = []int32{0, 1, 1<<31 - 1}[n.R.IntN(3)]
		}
	}
	return n.push(t)
}

// Const makes a constant tensor with random elements.
func (n *Net) Const(d ermfmt.DType, dims Dims) int32 {
	t := ermfmt.Tensor{DType: d, Place: ermfmt.Const, Dims: dims, Stride: ermfmt.Packed(dims)}
	n.quantization(&t)
	for range t.Elements() {
		if d == ermfmt.Int8 {
			t.Data8 = append(t.Data8, int8(n.R.IntN(256)-128))
		} else {
			t.Data16 = append(t.Data16, int16(n.R.IntN(65536)-32768))
		}
	}
	return n.push(t)
}

func (n *Net) dims(t int32) Dims          { return n.M.Tensors[t].Dims }
func (n *Net) dtype(t int32) ermfmt.DType { return n.M.Tensors[t].DType }

// Input makes a network input. The source model has the channels second.
func (n *Net) Input(d ermfmt.DType, dims Dims) int32 {
	t := n.Packed(d, dims)
	n.M.Tensors[t].Order = ermfmt.OrderChannel
	s := ermfmt.Packed(dims)
	n.M.Inputs = append(n.M.Inputs, ermfmt.IO{Name: n.name("in"), Tensor: t, Type: ermfmt.SourceFloat32,
		Dims: []int32{dims[0], dims[3], dims[1], dims[2]}, Stride: []int32{s[0], 1, s[1], s[2]}})
	return t
}

// Output makes a tensor a network output, by way of a copy if it has gaps.
func (n *Net) Output(t int32) {
	if !n.M.Tensors[t].IsPacked() {
		views := n.Views
		n.Views = false
		t = n.Move(t, [4]int{0, 1, 2, 3})
		n.Views = views
	}
	d := n.dims(t)
	typ := ermfmt.SourceFloat32
	if n.dtype(t) == ermfmt.Int32 {
		typ = ermfmt.SourceInt64
	}
	s := ermfmt.Packed(d)
	n.M.Outputs = append(n.M.Outputs, ermfmt.IO{Name: n.name("out"), Tensor: t, Type: typ, Dims: d[:], Stride: []int32{s[0], s[1], s[2], 1}})
}

func (n *Net) name(what string) string {
	return what + string(rune('a'+(len(n.M.Inputs)+len(n.M.Outputs))%26))
}

func (n *Net) emit(k ermfmt.Kind, in []int32, out int32, o ermfmt.Op) int32 {
	o.Kind, o.In, o.Out = k, in, []int32{out}
	i := len(n.M.Ops)
	o.Name = k.String() + " " + string(rune('0'+i/10%10)) + string(rune('0'+i%10))
	n.M.Ops = append(n.M.Ops, o)
	if t := &n.M.Tensors[out]; t.Name == "" {
		t.Name, t.Order = o.Name, ermfmt.OrderSame
	}
	return out
}

// weights returns n random weights, mostly spread over the range.
func (n *Net) weights(count int32) []int8 {
	w := make([]int8, count)
	for i := range w {
		w[i] = int8(n.R.IntN(255) - 127)
	}
	if n.R.IntN(8) == 0 {
		for i := range w {
			w[i] = int8(127 - 254*n.R.IntN(2))
		}
	}
	return w
}

// shift is a scale of about 2^-b.
func (n *Net) shift(b int, pre uint8) (int32, uint8) {
	m := 1<<30 + n.R.Int32N(1<<30)
	if n.R.IntN(16) == 0 {
		m = []int32{1 << 30, 1<<31 - 1}[n.R.IntN(2)]
	}
	return m, uint8(min(max(b+int(pre), 1), 31))
}

func (n *Net) scale(b int) ermfmt.Scale {
	s := ermfmt.Scale{Pre: uint8(max(0, n.R.IntN(6)-3))}
	if b+int(s.Pre) < 1 {
		s.Pre = uint8(1 - b)
	}
	s.Mult, s.Shift = n.shift(b, s.Pre)
	return s
}

// requant returns scales of about 2^-b, one of them anything.
func (n *Net) requant(count int32, b int, pre uint8) ermfmt.Requant {
	r := ermfmt.Requant{Pre: pre}
	for range count {
		c := b + n.R.IntN(3) - 1
		if n.R.IntN(20) == 0 {
			c = n.R.IntN(31)
		}
		m, s := n.shift(c, pre)
		r.Mult, r.Shift = append(r.Mult, m), append(r.Shift, s)
	}
	return r
}

// clamp bounds an output, or does not.
func (n *Net) clamp(out int32) ermfmt.Clamp {
	t := &n.M.Tensors[out]
	c := ermfmt.Clamp{Lo: -128, Hi: 127}
	if t.DType == ermfmt.Int16 {
		c = ermfmt.Clamp{Lo: -32768, Hi: 32767}
	}
	if n.R.IntN(3) == 0 {
		c.Lo = t.Zero
		c.Hi -= n.R.Int32N(c.Hi - c.Lo + 1)
	}
	return c
}

// Window is the geometry of a convolution or a pool; 0 stands for 1 where that
// is the least.
type Window struct {
	KH, KW, SH, SW, DH, DW int32
	PT, PL, PB, PR         int32
}

func (w *Window) defaults() {
	for _, p := range []*int32{&w.KH, &w.KW, &w.SH, &w.SW, &w.DH, &w.DW} {
		*p = max(*p, 1)
	}
}

// size returns the output's height and width, at least 1.
func (w *Window) size(h, wd int32) (int32, int32) {
	return max((h+w.PT+w.PB-(w.KH-1)*w.DH-1)/w.SH+1, 1), max((wd+w.PL+w.PR-(w.KW-1)*w.DW-1)/w.SW+1, 1)
}

// Conv are the choices for a convolution.
type Conv struct {
	Window
	OC, Groups   int32
	Wide         bool // 16-bit output
	Leaky        bool
	Pre          uint8
	OffsetGroups int32
	Mask         bool
}

// Conv adds a convolution of a kind.
func (n *Net) Conv(k ermfmt.Kind, x int32, c Conv) int32 {
	c.defaults()
	c.Groups, c.OC, c.OffsetGroups = max(c.Groups, 1), max(c.OC, 1), max(c.OffsetGroups, 1)
	d := n.dims(x)
	oh, ow := c.size(d[1], d[2])
	per := c.KH * c.KW * (d[3] / c.Groups)
	switch k {
	case ermfmt.KindDepthwise:
		per = c.KH * c.KW
	case ermfmt.KindConvTranspose:
		oh = max((d[1]-1)*c.SH+(c.KH-1)*c.DH+1-c.PT-c.PB, 1)
		ow = max((d[2]-1)*c.SW+(c.KW-1)*c.DW+1-c.PL-c.PR, 1)
	}
	a := &ermfmt.Conv{KH: c.KH, KW: c.KW, StrideH: c.SH, StrideW: c.SW, DilationH: c.DH, DilationW: c.DW, PadTop: c.PT, PadLeft: c.PL, Groups: c.Groups}
	a.Weights = n.weights(per * c.OC)
	zero := int64(n.M.Tensors[x].Zero)
	for o := range c.OC {
		sum := int64(0)
		for i := range per {
			at := o*per + i
			if k == ermfmt.KindDepthwise {
				at = i*c.OC + o
			}
			sum += int64(a.Weights[at])
		}
		a.Bias = append(a.Bias, n.R.Int32N(1<<13)-1<<12-int32(zero*sum))
	}
	in := []int32{x}
	if k == ermfmt.KindDeformConv {
		a.OffsetGroups, a.Frac = c.OffsetGroups, uint8(1+n.R.IntN(7))
		taps := c.OffsetGroups * c.KH * c.KW
		in = append(in, n.offsets(Dims{d[0], oh, ow, 2 * taps}, a.Frac))
		if c.Mask {
			in = append(in, n.elements(ermfmt.Int8, Dims{d[0], oh, ow, taps}))
		}
	}
	t := ermfmt.Int8
	b := bits.Len32(uint32(per))/2 + 6
	if c.Wide {
		t, b = ermfmt.Int16, b-8
	}
	out := n.Tensor(t, Dims{d[0], oh, ow, c.OC})
	a.Requant = n.requant(c.OC, b, c.Pre)
	if c.Leaky {
		a.Neg = n.requant(c.OC, b+3, c.Pre)
		for i := range a.Neg.Mult {
			if n.R.IntN(3) == 0 { // a slope below 0
				a.Neg.Mult[i] *= -1
			}
		}
	}
	a.Clamp = n.clamp(out)
	return n.emit(k, in, out, ermfmt.Op{Conv: a})
}

// elements makes a computed tensor of random values: a constant, requantized.
func (n *Net) elements(d ermfmt.DType, dims Dims) int32 {
	k := n.Const(d, dims)
	out := n.Tensor(d, dims)
	t := &n.M.Tensors[out]
	c := ermfmt.Clamp{Lo: -128, Hi: 127}
	if d == ermfmt.Int16 {
		c = ermfmt.Clamp{Lo: -32768, Hi: 32767}
	}
	a := &ermfmt.Add{MulA: 1 << 20, Bias: 1 << 19, Shift: 20, Clamp: c}
	t.Zero = 0
	if d == ermfmt.Int8 {
		t.Zero = int32(n.R.IntN(2)) * -128
		a.Bias -= int64(t.Zero) << 20
	}
	return n.emit(ermfmt.KindAdd, []int32{k, k}, out, ermfmt.Op{Add: a})
}

// offsets makes offsets of a few pixels, and some far away.
func (n *Net) offsets(dims Dims, frac uint8) int32 {
	k := n.Const(ermfmt.Int16, dims)
	t := &n.M.Tensors[k]
	for i := range t.Data16 {
		if n.R.IntN(20) > 0 {
			t.Data16[i] = int16(n.R.IntN(6<<frac) - 3<<frac)
		}
	}
	out := n.Tensor(ermfmt.Int16, dims)
	return n.emit(ermfmt.KindAdd, []int32{k, k}, out, ermfmt.Op{Add: &ermfmt.Add{MulA: 1 << 20, Bias: 1 << 19, Shift: 20, Clamp: ermfmt.Clamp{Lo: -32768, Hi: 32767}}})
}

// like makes the output of an element-wise operator.
func (n *Net) like(d ermfmt.DType, x int32) int32 {
	t := n.M.Tensors[x]
	if n.InPlace && t.DType.Size() == d.Size() && t.Place == ermfmt.Arena && !n.isInput(x) {
		t.DType, t.Name, t.Zero = d, "", 0
		n.quantization(&t)
		return n.push(t)
	}
	return n.Tensor(d, t.Dims)
}

func (n *Net) isInput(t int32) bool {
	for i := range n.M.Inputs {
		if n.M.Tensors[n.M.Inputs[i].Tensor].Offset == n.M.Tensors[t].Offset {
			return true
		}
	}
	return false
}

func width(d ermfmt.DType) int { return 8 * d.Size() }

// Add adds a weighted sum.
func (n *Net) Add(a, b int32, out ermfmt.DType) int32 {
	y := n.like(out, a)
	at := &ermfmt.Add{MulA: n.R.Int32N(1<<22) - 1<<21 + 1, MulB: n.R.Int32N(1<<22) - 1<<21 + 1}
	at.MulA, at.MulB = clampMul(at.MulA), clampMul(at.MulB)
	at.Shift = uint8(min(max(21+max(width(n.dtype(a)), width(n.dtype(b)))-width(out), 1), 31))
	at.Bias = 1<<(at.Shift-1) - int64(n.M.Tensors[a].Zero)*int64(at.MulA) - int64(n.M.Tensors[b].Zero)*int64(at.MulB)
	at.Clamp = n.clamp(y)
	return n.emit(ermfmt.KindAdd, []int32{a, b}, y, ermfmt.Op{Add: at})
}

func clampMul(m int32) int32 { return min(max(m, -(1<<21-1)), 1<<21-1) }

// Mul adds a product.
func (n *Net) Mul(a, b int32, out ermfmt.DType) int32 {
	y := n.like(out, a)
	s := n.scale(width(n.dtype(a)) + width(n.dtype(b)) - width(out) - 3)
	return n.emit(ermfmt.KindMul, []int32{a, b}, y, ermfmt.Op{Mul: &ermfmt.Mul{Scale: s, Clamp: n.clamp(y)}})
}

// Requantize adds a change of scale.
func (n *Net) Requantize(x int32, out ermfmt.DType) int32 {
	y := n.like(out, x)
	s := n.scale(width(n.dtype(x)) - width(out) + n.R.IntN(3) - 1)
	return n.emit(ermfmt.KindRequantize, []int32{x}, y, ermfmt.Op{Requant: &ermfmt.Requantize{Scale: s, Clamp: n.clamp(y)}})
}

// curve returns random table entries that change slowly.
func (n *Net) curve(count, top int) []int16 {
	t := make([]int16, count)
	v := n.R.IntN(top)
	for i := range t {
		v = min(max(v+n.R.IntN(top/8+2)-top/16, -top), top-1)
		t[i] = int16(v)
	}
	return t
}

// LUT adds a table function.
func (n *Net) LUT(x int32, out ermfmt.DType) int32 {
	y := n.like(out, x)
	a := &ermfmt.LUT{}
	count, top := 256, 32768
	if n.dtype(x) == ermfmt.Int16 {
		count = 513
	}
	if out == ermfmt.Int8 {
		top = 140 // beyond the range: saturation
	}
	if n.dtype(x) == ermfmt.Int8 && out == ermfmt.Int8 {
		for range count {
			a.Table8 = append(a.Table8, int8(n.R.IntN(256)-128))
		}
	} else {
		a.Table16 = n.curve(count, top)
	}
	return n.emit(ermfmt.KindLUT, []int32{x}, y, ermfmt.Op{LUT: a})
}

// SE adds a Squeeze-and-Excitation block.
func (n *Net) SE(x, r int32, table bool) int32 {
	d := n.dims(x)
	y := n.like(ermfmt.Int8, x)
	px := bits.Len32(uint32(d[1] * d[2]))
	a := &ermfmt.SE{Squeeze: n.scale(px - 5), SqueezeMax: 1000 + n.R.Int32N(3000), W1: n.weights(r * d[3]), W2: n.weights(d[3] * r)}
	for range r {
		a.B1 = append(a.B1, n.R.Int32N(1<<16)-1<<15)
	}
	for range d[3] {
		a.B2 = append(a.B2, n.R.Int32N(1<<16)-1<<15)
	}
	a.Mid = n.requant(r, bits.Len32(uint32(d[3]))/2+4, uint8(n.R.IntN(2)))
	a.MidClamp = ermfmt.Clamp{Lo: 0, Hi: 4000 + n.R.Int32N(4000)}
	if table {
		a.MidClamp = ermfmt.Clamp{Lo: -32768, Hi: 32767}
		a.MidTable = n.curve(513, 8000)
	}
	a.Gate = n.requant(d[3], bits.Len32(uint32(r))/2+3, uint8(n.R.IntN(2)))
	a.GateTable = n.curve(513, 200)
	a.Out = n.scale(7)
	a.Clamp = n.clamp(y)
	return n.emit(ermfmt.KindSE, []int32{x}, y, ermfmt.Op{SE: a})
}

// MaxPool adds a maximum. The window has to meet the input everywhere.
func (n *Net) MaxPool(x int32, w Window) int32 {
	w.defaults()
	d := n.dims(x)
	oh, ow := w.size(d[1], d[2])
	y := n.Tensor(ermfmt.Int8, Dims{d[0], oh, ow, d[3]})
	n.M.Tensors[y].Scale, n.M.Tensors[y].Zero = n.M.Tensors[x].Scale, n.M.Tensors[x].Zero
	a := pool(w)
	a.Clamp = n.clamp(y)
	return n.emit(ermfmt.KindMaxPool, []int32{x}, y, ermfmt.Op{Pool: a})
}

func pool(w Window) *ermfmt.Pool {
	return &ermfmt.Pool{KH: w.KH, KW: w.KW, StrideH: w.SH, StrideW: w.SW, DilationH: w.DH, DilationW: w.DW,
		PadTop: w.PT, PadLeft: w.PL, PadBottom: w.PB, PadRight: w.PR}
}

// AveragePool adds an average; extra is how far the output reaches over what
// the window gives (ceil mode).
func (n *Net) AveragePool(x int32, w Window, include bool, extra int32, out ermfmt.DType) int32 {
	w.defaults()
	d := n.dims(x)
	oh, ow := w.size(d[1], d[2])
	oh, ow = oh+extra, ow+extra
	y := n.Tensor(out, Dims{d[0], oh, ow, d[3]})
	a := pool(w)
	a.IncludePad, a.Requant.Pre = include, uint8(n.R.IntN(3))
	seen := map[int32]bool{}
	for oy := range oh {
		for ox := range ow {
			count := int32(0)
			for i := range w.KH {
				for j := range w.KW {
					iy, ix := oy*w.SH-w.PT+i*w.DH, ox*w.SW-w.PL+j*w.DW
					if include && iy < d[1]+w.PB && ix < d[2]+w.PR || iy >= 0 && iy < d[1] && ix >= 0 && ix < d[2] {
						count++
					}
				}
			}
			if !seen[count] {
				seen[count] = true
				a.Divisors = append(a.Divisors, count)
				m, s := n.shift(bits.Len32(uint32(count))-width(out)+9, a.Requant.Pre)
				a.Requant.Mult, a.Requant.Shift = append(a.Requant.Mult, m), append(a.Requant.Shift, s)
			}
		}
	}
	a.Clamp = n.clamp(y)
	return n.emit(ermfmt.KindAveragePool, []int32{x}, y, ermfmt.Op{Pool: a})
}

// Resize adds an interpolation with random weights.
func (n *Net) Resize(x, oh, ow, tapsY, tapsX int32) int32 {
	d := n.dims(x)
	y := n.Tensor(n.dtype(x), Dims{d[0], oh, ow, d[3]})
	n.M.Tensors[y].Scale, n.M.Tensors[y].Zero = n.M.Tensors[x].Scale, n.M.Tensors[x].Zero
	a := &ermfmt.Resize{TapsY: tapsY, TapsX: tapsX}
	a.IndexY, a.WeightY = n.taps(oh, tapsY, d[1])
	a.IndexX, a.WeightX = n.taps(ow, tapsX, d[2])
	return n.emit(ermfmt.KindResize, []int32{x}, y, ermfmt.Op{Resize: a})
}

// taps makes an axis' tables. Magnitudes go up to 4096.
func (n *Net) taps(out, count, in int32) (ix []uint16, w []int16) {
	for range out {
		left, room := int32(2048), int32(1024) // room: what may be negative
		for i := range count {
			ix = append(ix, uint16(n.R.Int32N(in)))
			v := left
			if i < count-1 {
				v = n.R.Int32N(left+room+1) - room
				if v < 0 {
					room += v
				}
				v = min(v, left+room)
				if v > left {
					room -= v - left
				}
			}
			left -= v
			w = append(w, int16(v))
		}
	}
	return ix, w
}

// Softmax adds a softmax along the channels.
func (n *Net) Softmax(x int32, out ermfmt.DType) int32 {
	x, y := n.pixels(x, out)
	t := &n.M.Tensors[y]
	t.Scale, t.Zero = 1.0/32768, 0
	if out == ermfmt.Int8 {
		t.Scale, t.Zero = 1.0/256, -128
	}
	a := &ermfmt.Softmax{Bits: uint8(8 + n.R.IntN(17))}
	a.Exp = n.exponentials(x, a.Bits)
	return n.emit(ermfmt.KindSoftmax, []int32{x}, y, ermfmt.Op{Softmax: a})
}

// pixels returns x, copied if its pixels do not lie at one distance, and a
// packed output of the same dims.
func (n *Net) pixels(x int32, out ermfmt.DType) (in, y int32) {
	if d := n.dims(x); d[0]*d[1]*d[2] > 1 && !n.M.Tensors[x].IsPacked() {
		x = n.packedCopy(x)
	}
	return x, n.Packed(out, n.dims(x))
}

// exponentials makes a softmax's table.
func (n *Net) exponentials(x int32, bits uint8) (exp []uint32) {
	tables := 1
	if n.dtype(x) == ermfmt.Int16 {
		tables = 2
	}
	for range tables {
		v := uint32(1) << bits
		for range 256 {
			exp = append(exp, v)
			v -= v / uint32(8+n.R.IntN(30))
		}
	}
	return exp
}

// octaves makes a table of 32 entries per octave for values up to most, from
// steps that go on from the entry before.
func (n *Net) octaves(most uint64, step func(v int32) int32) (t []int32) {
	e := max(0, bits.Len64(most)-6)
	v := int32(0)
	for range 32*e + int(most>>e) + 2 {
		t = append(t, v)
		v = step(v)
	}
	return t
}

// LRN adds a local response normalization.
func (n *Net) LRN(x, size int32, out ermfmt.DType) int32 {
	d := n.dims(x)
	y := n.Tensor(out, d)
	a := &ermfmt.LRN{Size: size, Shift: uint8(1 + n.R.IntN(30))}
	if n.R.IntN(3) > 0 {
		a.Shift = uint8(23 - out.Size() + n.R.IntN(4))
	}
	a.Table = n.octaves(255*255*uint64(min(size, d[3])), func(v int32) int32 {
		if v == 0 || n.R.IntN(40) == 0 {
			return 1<<22 - 1 // the largest entry there can be
		}
		return v - n.R.Int32N(v/16+1)
	})
	a.Clamp = n.clamp(y)
	return n.emit(ermfmt.KindLRN, []int32{x}, y, ermfmt.Op{LRN: a})
}

func (n *Net) packedCopy(x int32) int32 {
	views := n.Views
	n.Views = false
	defer func() { n.Views = views }()
	return n.Move(x, [4]int{0, 1, 2, 3})
}

// Move adds a transposition: axis i of the output is axis perm[i] of the input.
func (n *Net) Move(x int32, perm [4]int) int32 {
	t := n.M.Tensors[x]
	var dims Dims
	for i, p := range perm {
		dims[i] = t.Dims[p]
	}
	y := n.Tensor(t.DType, dims)
	out := n.M.Tensors[y]
	a := &ermfmt.Copy{}
	for i, p := range perm {
		a.Dims = append(a.Dims, dims[i])
		a.InStride = append(a.InStride, stride(&t, p))
		a.OutStride = append(a.OutStride, stride(&out, i))
	}
	return n.emit(ermfmt.KindCopy, []int32{x}, y, ermfmt.Op{Copy: a})
}

// stride is a tensor's stride along an axis; 1 where it means nothing.
func stride(t *ermfmt.Tensor, axis int) int32 {
	if axis == 3 || t.Dims[axis] == 1 {
		return 1
	}
	return t.Stride[axis]
}

// Pad adds a copy into the middle of a larger tensor that is filled first.
func (n *Net) Pad(x int32, before, behind Dims) int32 {
	t := n.M.Tensors[x]
	dims := t.Dims
	for i := range dims {
		dims[i] += before[i] + behind[i]
	}
	y := n.Tensor(t.DType, dims)
	out := n.M.Tensors[y]
	a := &ermfmt.Copy{Fill: true, FillValue: n.R.Int32N(256) - 128}
	for i := range dims {
		a.Dims = append(a.Dims, t.Dims[i])
		a.InStride = append(a.InStride, stride(&t, i))
		a.OutStride = append(a.OutStride, stride(&out, i))
		a.OutOffset += before[i] * stride(&out, i)
	}
	return n.emit(ermfmt.KindCopy, []int32{x}, y, ermfmt.Op{Copy: a})
}

// Slice adds a copy of every step-th element along an axis; a negative step
// goes backwards from the end.
func (n *Net) Slice(x int32, axis int, step int32) int32 {
	t := n.M.Tensors[x]
	dims := t.Dims
	size := max(step, -step)
	dims[axis] = (dims[axis] + size - 1) / size
	y := n.Tensor(t.DType, dims)
	out := n.M.Tensors[y]
	a := &ermfmt.Copy{}
	for i := range dims {
		s := stride(&t, i)
		if i == axis {
			if step < 0 {
				a.InOffset = (t.Dims[i] - 1) * s
			}
			s *= step
		}
		a.Dims, a.InStride, a.OutStride = append(a.Dims, dims[i]), append(a.InStride, s), append(a.OutStride, stride(&out, i))
	}
	return n.emit(ermfmt.KindCopy, []int32{x}, y, ermfmt.Op{Copy: a})
}

// Repeat adds a copy that repeats the input along a new axis between rows and
// pixels.
func (n *Net) Repeat(x, times int32) int32 {
	t := n.M.Tensors[x]
	dims := t.Dims
	dims[2] *= times
	y := n.Tensor(t.DType, dims)
	out := n.M.Tensors[y]
	a := &ermfmt.Copy{
		Dims:      []int32{dims[0], dims[1], t.Dims[2], times, dims[3]},
		InStride:  []int32{stride(&t, 0), stride(&t, 1), stride(&t, 2), 0, 1},
		OutStride: []int32{stride(&out, 0), stride(&out, 1), stride(&out, 2) * times, stride(&out, 2), 1},
	}
	return n.emit(ermfmt.KindCopy, []int32{x}, y, ermfmt.Op{Copy: a})
}

// ArgMax adds an arg-max along the channels.
func (n *Net) ArgMax(x int32, last, low bool) int32 {
	d := n.dims(x)
	if d[0]*d[1]*d[2] > 1 && !n.M.Tensors[x].IsPacked() {
		x = n.packedCopy(x)
	}
	d[3] = 1
	y := n.Packed(ermfmt.Int32, d)
	n.M.Tensors[y].Scale, n.M.Tensors[y].Zero = 1, 0
	return n.emit(ermfmt.KindArgMax, []int32{x}, y, ermfmt.Op{ArgMax: &ermfmt.ArgMax{Last: last, Min: low}})
}

// Finish completes the plan and returns the model.
func (n *Net) Finish() *ermfmt.Model {
	p := &n.M.Plan
	p.Bound = p.Arena / 2
	p.Scratch = 4096
	last, half := int32(max(0, len(n.M.Ops)-1)), p.Arena/2
	p.Buffers = []ermfmt.Buffer{{Size: half, Last: last}, {Offset: half, Size: p.Arena - half, First: last / 2, Last: last}}
	return n.M
}

// Every returns a small network that has every operator in every variant, and
// every field of the format set somewhere.
func Every() *ermfmt.Model {
	n := NewNet(1)
	n.Views = true
	i8, i16 := ermfmt.Int8, ermfmt.Int16
	n.M.Meta = []ermfmt.Meta{{Key: ermfmt.MetaName, Value: "every"}, {Key: ermfmt.MetaLabels, Value: "a\nb"}, {Key: "empty", Value: ""}}
	x := n.Input(i8, Dims{1, 7, 5, 6})
	w := n.Input(i16, Dims{1, 3, 4, 5})
	same := Window{KH: 3, KW: 3, PT: 1, PL: 1, PB: 1, PR: 1}
	a := n.Conv(ermfmt.KindConv, x, Conv{Window: same, OC: 8, Groups: 2, Leaky: true, Pre: 2})
	b := n.Conv(ermfmt.KindDepthwise, a, Conv{Window: Window{KH: 3, KW: 3, SH: 2, DW: 2, PT: 1, PL: 2, PB: 1, PR: 2}, OC: 16})
	c := n.SE(b, 3, true)
	c = n.SE(c, 2, false)
	d := n.Conv(ermfmt.KindDeformConv, a, Conv{Window: same, OC: 4, OffsetGroups: 2, Mask: true})
	e := n.Conv(ermfmt.KindDeformConv, d, Conv{Window: Window{KH: 2, KW: 2}, OC: 3, Wide: true})
	f := n.Conv(ermfmt.KindConvTranspose, c, Conv{Window: Window{KH: 3, KW: 3, SH: 2, SW: 2, PT: 1, PL: 1}, OC: 4, Groups: 2})
	n.Output(n.Add(n.Const(i8, n.dims(f)), f, i8))
	g := n.Add(e, n.Const(i16, Dims{1, 1, 1, 3}), i16)
	n.Output(n.Mul(g, n.Const(i16, Dims{1, 1, 4, 1}), i8))
	n.Output(n.Softmax(g, i16))
	n.Output(n.Softmax(n.LUT(e, i8), i8))
	n.Output(n.ArgMax(n.LUT(w, i16), true, false))
	h := n.MaxPool(a, Window{KH: 3, KW: 2, SH: 2, SW: 2, PT: 1, PB: 1})
	k := n.AveragePool(h, Window{KH: 2, KW: 2, PT: 1, PL: 1, PB: 1, PR: 1}, true, 0, i8)
	k = n.AveragePool(k, Window{KH: 3, KW: 3, SH: 2, SW: 2}, false, 1, i16)
	n.Output(n.Resize(k, 3, 5, 2, 4))
	l := n.Resize(n.LUT(d, i8), 4, 3, 1, 2)
	l = n.Pad(n.Slice(n.Move(l, [4]int{0, 3, 1, 2}), 1, -2), Dims{0, 1, 0, 2}, Dims{0, 0, 3, 1})
	n.Output(n.LUT(n.Repeat(l, 2), i16))
	m := n.Requantize(n.Requantize(w, i8), i16)
	n.Output(n.ArgMax(m, false, true))
	n.Output(n.LogSoftmax(n.LRN(n.LRN(a, 5, i8), 2, i16), i16))
	n.Output(n.LogSoftmax(n.LRN(n.LUT(e, i8), 9, i8), i8))
	p := n.Conv(ermfmt.KindDense, n.AveragePool(d, Window{KH: 7, KW: 5}, false, 0, i8), Conv{OC: 9, Wide: true})
	n.Output(p)
	return n.Finish()
}

// Random returns a network of operators chosen at random.
func Random(seed uint64) *ermfmt.Model {
	n := NewNet(seed + 1000)
	r := n.R
	n.Views, n.InPlace = r.IntN(4) > 0, r.IntN(3) == 0
	small := func(k int) int32 { return 1 + r.Int32N(int32(k)) }
	kind := func() ermfmt.DType { return []ermfmt.DType{ermfmt.Int8, ermfmt.Int16}[r.IntN(2)] }
	var have []int32
	for range small(2) {
		have = append(have, n.Input(ermfmt.Int8, Dims{small(2), small(9), small(9), small(12)}))
	}
	have = append(have, n.Input(ermfmt.Int16, Dims{1, small(6), small(6), small(9)}))
	// pick takes one of the newer tensors, of a type.
	pick := func(d ermfmt.DType) int32 {
		for {
			t := have[max(0, len(have)-1-r.IntN(5))]
			if r.IntN(8) == 0 {
				t = have[r.IntN(len(have))]
			}
			if n.dtype(t) == d {
				return t
			}
			if n.dtype(t) != ermfmt.Int32 && r.IntN(4) == 0 {
				return n.Requantize(t, d)
			}
		}
	}
	window := func() Window {
		w := Window{KH: small(4), KW: small(4), SH: small(3), SW: small(3), DH: small(2), DW: small(2)}
		w.PT, w.PL, w.PB, w.PR = r.Int32N(w.KH), r.Int32N(w.KW), r.Int32N(w.KH), r.Int32N(w.KW)
		return w
	}
	for range 4 + r.IntN(8) {
		switch op := r.IntN(18); op {
		case 0, 1, 2, 3, 4:
			x := pick(ermfmt.Int8)
			c := Conv{Window: window(), OC: small(14), Wide: r.IntN(4) == 0, Leaky: r.IntN(4) == 0, Mask: r.IntN(2) == 0}
			if r.IntN(4) == 0 {
				c.Pre = uint8(r.IntN(6))
			}
			ch := n.dims(x)[3]
			k := []ermfmt.Kind{ermfmt.KindConv, ermfmt.KindDepthwise, ermfmt.KindDense, ermfmt.KindDeformConv, ermfmt.KindConvTranspose}[op]
			switch k {
			case ermfmt.KindDense:
				c.Window = Window{}
			case ermfmt.KindDepthwise:
				c.OC = ch * small(2)
			default:
				c.Groups, c.OffsetGroups = divisor(r, ch), divisor(r, ch)
				c.OC *= c.Groups
			}
			have = append(have, n.Conv(k, x, c))
		case 5:
			have = append(have, n.SE(pick(ermfmt.Int8), small(6), r.IntN(2) == 0))
		case 6, 7:
			a := pick(kind())
			d := n.dims(a)
			for i := range d {
				if r.IntN(4) == 0 {
					d[i] = 1
				}
			}
			b := n.Const(kind(), d)
			if r.IntN(2) == 0 {
				b = n.elements(kind(), d)
			}
			if op == 6 {
				have = append(have, n.Add(a, b, kind()))
			} else {
				have = append(have, n.Mul(a, b, kind()))
			}
		case 8, 9:
			x, w := pick(ermfmt.Int8), window()
			w.DH, w.DW = 1, 1
			d := n.dims(x)
			w.KH, w.KW = min(w.KH, d[1]), min(w.KW, d[2])
			w.PT, w.PL, w.PB, w.PR = min(w.PT, w.KH-1), min(w.PL, w.KW-1), min(w.PB, w.KH-1), min(w.PR, w.KW-1)
			if op == 8 {
				have = append(have, n.MaxPool(x, w))
			} else {
				have = append(have, n.AveragePool(x, w, r.IntN(2) == 0, 0, kind()))
			}
		case 10:
			taps := []int32{1, 2, 4}
			have = append(have, n.Resize(pick(kind()), small(9), small(9), taps[r.IntN(3)], taps[r.IntN(3)]))
		case 11:
			have = append(have, n.LUT(pick(kind()), kind()))
		case 12:
			if r.IntN(3) == 0 {
				have = append(have, n.LogSoftmax(pick(kind()), kind()))
			} else {
				have = append(have, n.Softmax(pick(kind()), kind()))
			}
		case 13:
			perm := r.Perm(4)
			have = append(have, n.Move(pick(kind()), [4]int(perm)))
		case 15:
			have = append(have, n.LRN(pick(ermfmt.Int8), small(7), kind()))
		case 16:
			have = append(have, n.LogSoftmax(pick(kind()), kind()))
		case 14:
			d := func() Dims { return Dims{0, r.Int32N(3), r.Int32N(3), r.Int32N(3)} }
			have = append(have, n.Pad(pick(kind()), d(), d()))
		default:
			have = append(have, n.Slice(pick(kind()), r.IntN(4), []int32{-2, -1, 2}[r.IntN(3)]))
		}
	}
	n.Output(n.ArgMax(pick(kind()), r.IntN(2) == 0, r.IntN(2) == 0))
	n.Output(have[len(have)-1])
	return n.Finish()
}

func divisor(r *rand.Rand, of int32) int32 {
	for {
		if d := 1 + r.Int32N(of); of%d == 0 {
			return d
		}
	}
}
