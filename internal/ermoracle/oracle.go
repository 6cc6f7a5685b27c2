// Package ermoracle is a second implementation of the .erm format and of its
// arithmetic, for tests: written from docs/format.md and docs/arithmetic.md
// alone, in straight loops over int64, big and slow. Where it differs from the
// runtime, one of the two or the documents are wrong.
//
// Section numbers in comments are those of docs/arithmetic.md.
package ermoracle

import (
	"encoding/binary"
	"fmt"
	"math"

	ermfmt "github.com/edgerun/edgerun/fmt"
)

// Machine computes a network one operator at a time.
type Machine struct {
	Model *ermfmt.Model
	Arena []byte // elements in the machine's byte order
}

// New returns a machine whose memory is all zeros.
func New(m *ermfmt.Model) *Machine {
	return &Machine{Model: m, Arena: make([]byte, m.Plan.Arena)}
}

// Run computes all operators in order.
func (m *Machine) Run() {
	for i := range m.Model.Ops {
		m.Step(i)
	}
}

// tensor is a tensor with its memory.
type tensor struct {
	*ermfmt.Tensor
	arena      []byte
	n, h, w, c int64
}

func (m *Machine) tensor(i int32) tensor {
	t := &m.Model.Tensors[i]
	return tensor{t, m.Arena, int64(t.Dims[0]), int64(t.Dims[1]), int64(t.Dims[2]), int64(t.Dims[3])}
}

// at is the position of an element, counted from the first.
func (t tensor) at(n, y, x, c int64) int64 {
	return n*int64(t.Stride[0]) + y*int64(t.Stride[1]) + x*int64(t.Stride[2]) + c
}

// load reads the element i positions behind the first.
func (t tensor) load(i int64) int64 {
	if t.Place == ermfmt.Const {
		if t.DType == ermfmt.Int8 {
			return int64(t.Data8[i])
		}
		return int64(t.Data16[i])
	}
	switch t.DType {
	case ermfmt.Int8:
		return int64(int8(t.arena[t.Offset+i]))
	case ermfmt.Int16:
		return int64(int16(binary.NativeEndian.Uint16(t.arena[t.Offset+2*i:])))
	}
	return int64(int32(binary.NativeEndian.Uint32(t.arena[t.Offset+4*i:])))
}

func (t tensor) store(i, v int64) {
	switch t.DType {
	case ermfmt.Int8:
		fits(v, -128, 127)
		t.arena[t.Offset+i] = byte(v)
	case ermfmt.Int16:
		fits(v, -32768, 32767)
		binary.NativeEndian.PutUint16(t.arena[t.Offset+2*i:], uint16(v))
	default:
		fits(v, math.MinInt32, math.MaxInt32)
		binary.NativeEndian.PutUint32(t.arena[t.Offset+4*i:], uint32(v))
	}
}

func (t tensor) get(n, y, x, c int64) int64    { return t.load(t.at(n, y, x, c)) }
func (t tensor) set(n, y, x, c int64, v int64) { t.store(t.at(n, y, x, c), v) }

// each calls f for every element.
func (t tensor) each(f func(n, y, x, c int64)) {
	for n := range t.n {
		for y := range t.h {
			for x := range t.w {
				for c := range t.c {
					f(n, y, x, c)
				}
			}
		}
	}
}

// fits panics when a bound that the document promises does not hold.
func fits(v, lo, hi int64) {
	if v < lo || v > hi {
		panic(fmt.Sprintf("ermoracle: %d is not in [%d, %d]", v, lo, hi))
	}
}

func clamp(v, lo, hi int64) int64 { return min(max(v, lo), hi) }
func sat8(v int64) int64          { return clamp(v, -128, 127) }
func sat16(v int64) int64         { return clamp(v, -32768, 32767) }

// floorDiv is ⌊a / b⌋ for b > 0.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// shiftRight is a >> n of §1: ⌊a / 2^n⌋.
func shiftRight(a int64, n uint) int64 { return floorDiv(a, int64(1)<<n) }

// mod is the remainder that goes with floorDiv.
func mod(a, b int64) int64 { return a - b*floorDiv(a, b) }

// requant is R of §2.
func requant(acc int64, mult int32, shift, pre uint8) int64 {
	fits(acc, math.MinInt32, math.MaxInt32)
	acc = clamp(acc*(int64(1)<<pre), math.MinInt32, math.MaxInt32)
	return shiftRight(acc*int64(mult)+int64(1)<<(30+uint(shift)), 31+uint(shift))
}

func scaled(acc int64, s ermfmt.Scale) int64 { return requant(acc, s.Mult, s.Shift, s.Pre) }

// perChannel is R of channel o.
func perChannel(acc int64, r *ermfmt.Requant, o int64) int64 {
	return requant(acc, r.Mult[o], r.Shift[o], r.Pre)
}

func accumulator(acc int64) int64 {
	fits(acc, -1<<30, 1<<30)
	return acc
}

// Step computes operator i.
func (m *Machine) Step(i int) {
	o := &m.Model.Ops[i]
	y := m.tensor(o.Out[0])
	var in []tensor
	for _, t := range o.In {
		in = append(in, m.tensor(t))
	}
	switch o.Kind {
	case ermfmt.KindConv, ermfmt.KindDepthwise, ermfmt.KindDense, ermfmt.KindDeformConv, ermfmt.KindConvTranspose:
		convolve(o, in, y)
	case ermfmt.KindSE:
		excite(o.SE, in[0], y)
	case ermfmt.KindAdd:
		add(o.Add, in[0], in[1], y)
	case ermfmt.KindMul:
		mul(o.Mul, in[0], in[1], y)
	case ermfmt.KindMaxPool:
		maxPool(o.Pool, in[0], y)
	case ermfmt.KindAveragePool:
		averagePool(o.Pool, in[0], y)
	case ermfmt.KindResize:
		resize(o.Resize, in[0], y)
	case ermfmt.KindLUT:
		table(o.LUT, in[0], y)
	case ermfmt.KindRequantize:
		a := o.Requant
		y.each(func(n, h, w, c int64) {
			v := scaled(in[0].get(n, h, w, c)-int64(in[0].Zero), a.Scale) + int64(y.Zero)
			y.set(n, h, w, c, clamp(v, int64(a.Lo), int64(a.Hi)))
		})
	case ermfmt.KindSoftmax:
		softmax(o.Softmax, in[0], y)
	case ermfmt.KindCopy:
		copyElements(o.Copy, in[0], y)
	case ermfmt.KindArgMax:
		argMax(o.ArgMax, in[0], y)
	case ermfmt.KindLRN:
		normalize(o.LRN, in[0], y)
	case ermfmt.KindLogSoftmax:
		logSoftmax(o.LogSoft, in[0], y)
	default:
		panic("ermoracle: unknown kind")
	}
}

// broadcast is §4: the second operand repeats where it has one element.
func broadcast(b tensor, n, h, w, c int64) int64 {
	ix := [4]int64{n, h, w, c}
	for k := range ix {
		if b.Dims[k] == 1 {
			ix[k] = 0
		}
	}
	return b.get(ix[0], ix[1], ix[2], ix[3])
}

func add(at *ermfmt.Add, a, b, y tensor) {
	y.each(func(n, h, w, c int64) {
		sum := int64(at.MulA)*a.get(n, h, w, c) + int64(at.MulB)*broadcast(b, n, h, w, c) + at.Bias
		if a.DType == ermfmt.Int8 && b.DType == ermfmt.Int8 {
			fits(sum, math.MinInt32, math.MaxInt32)
		}
		y.set(n, h, w, c, clamp(shiftRight(sum, uint(at.Shift))+int64(y.Zero), int64(at.Lo), int64(at.Hi)))
	})
}

func mul(at *ermfmt.Mul, a, b, y tensor) {
	y.each(func(n, h, w, c int64) {
		p := (a.get(n, h, w, c) - int64(a.Zero)) * (broadcast(b, n, h, w, c) - int64(b.Zero))
		y.set(n, h, w, c, clamp(scaled(accumulator(p), at.Scale)+int64(y.Zero), int64(at.Lo), int64(at.Hi)))
	})
}

// convolve is §5.
func convolve(o *ermfmt.Op, in []tensor, y tensor) {
	a, x := o.Conv, in[0]
	kh, kw, sh, sw := int64(a.KH), int64(a.KW), int64(a.StrideH), int64(a.StrideW)
	dh, dw, pt, pl := int64(a.DilationH), int64(a.DilationW), int64(a.PadTop), int64(a.PadLeft)
	ig, og := x.c/int64(a.Groups), y.c/int64(a.Groups)
	pixel := func(n, iy, ix, c int64) int64 {
		if iy < 0 || iy >= x.h || ix < 0 || ix >= x.w {
			return int64(x.Zero)
		}
		return x.get(n, iy, ix, c)
	}
	y.each(func(n, oy, ox, oc int64) {
		acc := int64(a.Bias[oc])
		for i := range kh {
			for j := range kw {
				iy, ix := oy*sh-pt+i*dh, ox*sw-pl+j*dw
				if o.Kind == ermfmt.KindDepthwise {
					acc += int64(a.Weights[(i*kw+j)*y.c+oc]) * pixel(n, iy, ix, oc/(y.c/x.c))
					continue
				}
				for k := range ig {
					c := oc/og*ig + k
					w := int64(a.Weights[((oc*kh+i)*kw+j)*ig+k])
					switch o.Kind {
					case ermfmt.KindConv:
						acc += w * pixel(n, iy, ix, c)
					case ermfmt.KindDense:
						acc += w * x.get(n, oy, ox, k)
					case ermfmt.KindDeformConv:
						acc += w * sample(a, in, n, oy, ox, i, j, c)
					default:
						ty, tx := oy+pt-i*dh, ox+pl-j*dw
						v := int64(x.Zero)
						if mod(ty, sh) == 0 && mod(tx, sw) == 0 {
							v = pixel(n, floorDiv(ty, sh), floorDiv(tx, sw), c)
						}
						acc += w * v
					}
				}
			}
		}
		r := &a.Requant
		if accumulator(acc) < 0 && len(a.Neg.Mult) > 0 {
			r = &a.Neg
		}
		y.set(n, oy, ox, oc, clamp(perChannel(acc, r, oc)+int64(y.Zero), int64(a.Lo), int64(a.Hi)))
	})
}

// sample is §9.
func sample(a *ermfmt.Conv, in []tensor, n, oy, ox, i, j, c int64) int64 {
	x, off := in[0], in[1]
	f := uint(a.Frac)
	one := int64(1) << f
	t := (c/(x.c/int64(a.OffsetGroups))*int64(a.KH)+i)*int64(a.KW) + j
	py := (oy*int64(a.StrideH)-int64(a.PadTop)+i*int64(a.DilationH))*one + off.get(n, oy, ox, 2*t)
	px := (ox*int64(a.StrideW)-int64(a.PadLeft)+j*int64(a.DilationW))*one + off.get(n, oy, ox, 2*t+1)
	y0, x0 := shiftRight(py, f), shiftRight(px, f)
	fy, fx := mod(py, one), mod(px, one)
	z := int64(x.Zero)
	p := func(iy, ix int64) int64 {
		if iy < 0 || iy >= x.h || ix < 0 || ix >= x.w {
			return 0
		}
		return x.get(n, iy, ix, c) - z
	}
	s := (one-fy)*(one-fx)*p(y0, x0) + (one-fy)*fx*p(y0, x0+1) + fy*(one-fx)*p(y0+1, x0) + fy*fx*p(y0+1, x0+1)
	if len(in) < 3 {
		return sat8(shiftRight(s+int64(1)<<(2*f-1), 2*f) + z)
	}
	s *= in[2].get(n, oy, ox, t) - int64(in[2].Zero)
	s += int64(1) << (2*f + 7)
	fits(s, math.MinInt32, math.MaxInt32)
	return sat8(shiftRight(s, 2*f+8) + z)
}

// interpolate is I of §6.
func interpolate(t []int16, x int64) int64 {
	i, f := shiftRight(x+32768, 7), mod(x+32768, 128)
	return shiftRight(int64(t[i])*(128-f)+int64(t[i+1])*f+64, 7)
}

func table(at *ermfmt.LUT, x, y tensor) {
	y.each(func(n, h, w, c int64) {
		v := x.get(n, h, w, c)
		switch {
		case x.DType == ermfmt.Int8 && y.DType == ermfmt.Int8:
			v = int64(at.Table8[v+128])
		case x.DType == ermfmt.Int8:
			v = int64(at.Table16[v+128])
		case y.DType == ermfmt.Int8:
			v = sat8(interpolate(at.Table16, v))
		default:
			v = interpolate(at.Table16, v)
		}
		y.set(n, h, w, c, v)
	})
}

// taps calls f for the taps of a window that lie inside the input.
func taps(a *ermfmt.Pool, x tensor, oy, ox int64, f func(iy, ix int64)) {
	for i := range int64(a.KH) {
		for j := range int64(a.KW) {
			iy := oy*int64(a.StrideH) - int64(a.PadTop) + i*int64(a.DilationH)
			ix := ox*int64(a.StrideW) - int64(a.PadLeft) + j*int64(a.DilationW)
			f(iy, ix)
		}
	}
}

// maxPool and averagePool are §7.
func maxPool(a *ermfmt.Pool, x, y tensor) {
	y.each(func(n, oy, ox, c int64) {
		best := int64(math.MinInt64)
		taps(a, x, oy, ox, func(iy, ix int64) {
			if iy >= 0 && iy < x.h && ix >= 0 && ix < x.w {
				best = max(best, x.get(n, iy, ix, c))
			}
		})
		y.set(n, oy, ox, c, clamp(best, int64(a.Lo), int64(a.Hi)))
	})
}

func averagePool(a *ermfmt.Pool, x, y tensor) {
	y.each(func(n, oy, ox, c int64) {
		acc, inside, padded := int64(0), int32(0), int32(0)
		taps(a, x, oy, ox, func(iy, ix int64) {
			if iy >= -int64(a.PadTop) && iy < x.h+int64(a.PadBottom) && ix >= -int64(a.PadLeft) && ix < x.w+int64(a.PadRight) {
				padded++
			}
			if iy >= 0 && iy < x.h && ix >= 0 && ix < x.w {
				inside++
				acc += x.get(n, iy, ix, c) - int64(x.Zero)
			}
		})
		count := inside
		if a.IncludePad {
			count = padded
		}
		index := int64(-1)
		for i, d := range a.Divisors {
			if d == count {
				index = int64(i)
			}
		}
		y.set(n, oy, ox, c, clamp(perChannel(accumulator(acc), &a.Requant, index)+int64(y.Zero), int64(a.Lo), int64(a.Hi)))
	})
}

// resize is §8.
func resize(a *ermfmt.Resize, x, y tensor) {
	ty, tx := int64(a.TapsY), int64(a.TapsX)
	y.each(func(n, oy, ox, c int64) {
		acc := int64(1) << 21
		for i := range ty {
			for j := range tx {
				w := int64(a.WeightY[oy*ty+i]) * int64(a.WeightX[ox*tx+j])
				acc += w * x.get(n, int64(a.IndexY[oy*ty+i]), int64(a.IndexX[ox*tx+j]), c)
			}
		}
		v := shiftRight(acc, 22)
		if y.DType == ermfmt.Int8 {
			fits(acc, math.MinInt32, math.MaxInt32)
			v = sat8(v)
		} else {
			v = sat16(v)
		}
		y.set(n, oy, ox, c, v)
	})
}

// excite is §10.
func excite(a *ermfmt.SE, x, y tensor) {
	r := int64(len(a.B1))
	for n := range x.n {
		squeeze, mid := make([]int64, x.c), make([]int64, r)
		for c := range x.c {
			sum := int64(0)
			for h := range x.h {
				for w := range x.w {
					sum += x.get(n, h, w, c) - int64(x.Zero)
				}
			}
			squeeze[c] = clamp(scaled(accumulator(sum), a.Squeeze), -int64(a.SqueezeMax), int64(a.SqueezeMax))
		}
		for i := range r {
			acc := int64(a.B1[i])
			for c := range x.c {
				acc += int64(a.W1[i*x.c+c]) * squeeze[c]
			}
			mid[i] = clamp(perChannel(accumulator(acc), &a.Mid, i), int64(a.MidClamp.Lo), int64(a.MidClamp.Hi))
			if len(a.MidTable) > 0 {
				mid[i] = interpolate(a.MidTable, mid[i])
			}
		}
		for c := range x.c {
			acc := int64(a.B2[c])
			for i := range r {
				acc += int64(a.W2[c*r+i]) * mid[i]
			}
			gate := sat8(interpolate(a.GateTable, sat16(perChannel(accumulator(acc), &a.Gate, c)))) + 128
			for h := range x.h {
				for w := range x.w {
					v := scaled((x.get(n, h, w, c)-int64(x.Zero))*gate, a.Out) + int64(y.Zero)
					y.set(n, h, w, c, clamp(v, int64(a.Lo), int64(a.Hi)))
				}
			}
		}
	}
}

// softmax is §11.
func softmax(a *ermfmt.Softmax, x, y tensor) {
	exponentials(a.Exp, a.Bits, x, func(n, h, w int64, _, e []int64, sum int64) {
		for c := range e {
			v := min(127, floorDiv(256*e[c]+sum/2, sum)-128)
			if y.DType == ermfmt.Int16 {
				v = min(32767, floorDiv(32768*e[c]+sum/2, sum))
			}
			y.set(n, h, w, int64(c), v)
		}
	})
}

// exponentials calls f for every pixel with d and e of §11, and the sum of e.
func exponentials(exp []uint32, bits uint8, x tensor, f func(n, h, w int64, d, e []int64, sum int64)) {
	for n := range x.n {
		for h := range x.h {
			for w := range x.w {
				top := int64(math.MinInt64)
				for c := range x.c {
					top = max(top, x.get(n, h, w, c))
				}
				d, e, sum := make([]int64, x.c), make([]int64, x.c), int64(0)
				for c := range e {
					d[c] = top - x.get(n, h, w, int64(c))
					e[c] = int64(exp[mod(d[c], 256)])
					if x.DType == ermfmt.Int16 {
						e[c] = shiftRight(e[c]*int64(exp[256+d[c]/256]), uint(bits))
					}
					sum += e[c]
				}
				f(n, h, w, d, e, sum)
			}
		}
	}
}

// octaves is P of §17.
func octaves(t []int32, u int64) int64 {
	e := uint(0)
	for shiftRight(u, e) >= 64 {
		e++
	}
	i, f := 32*int64(e)+shiftRight(u, e), mod(u, int64(1)<<e)
	return int64(t[i]) + shiftRight((int64(t[i+1])-int64(t[i]))*f, e)
}

// normalize is §17.
func normalize(a *ermfmt.LRN, x, y tensor) {
	lo := (int64(a.Size) - 1) / 2
	v := func(n, h, w, c int64) int64 { return x.get(n, h, w, c) - int64(x.Zero) }
	y.each(func(n, h, w, c int64) {
		u := int64(0)
		for k := c - lo; k < c-lo+int64(a.Size); k++ {
			if k >= 0 && k < x.c {
				u += v(n, h, w, k) * v(n, h, w, k)
			}
		}
		fits(u, 0, math.MaxInt32)
		p := v(n, h, w, c)*octaves(a.Table, u) + int64(1)<<(a.Shift-1)
		fits(p, math.MinInt32, math.MaxInt32)
		y.set(n, h, w, c, clamp(shiftRight(p, uint(a.Shift))+int64(y.Zero), int64(a.Lo), int64(a.Hi)))
	})
}

// copyElements is §12.
func copyElements(a *ermfmt.Copy, x, y tensor) {
	if a.Fill {
		y.each(func(n, h, w, c int64) { y.set(n, h, w, c, int64(a.FillValue)) })
	}
	ix := make([]int32, len(a.Dims))
	for {
		from, to := int64(a.InOffset), int64(a.OutOffset)
		for k, i := range ix {
			from += int64(i) * int64(a.InStride[k])
			to += int64(i) * int64(a.OutStride[k])
		}
		y.store(to, x.load(from))
		k := len(ix) - 1
		for ; k >= 0; k-- {
			if ix[k]++; ix[k] < a.Dims[k] {
				break
			}
			ix[k] = 0
		}
		if k < 0 {
			return
		}
	}
}

// argMax is §13.
func argMax(a *ermfmt.ArgMax, x, y tensor) {
	y.each(func(n, h, w, _ int64) {
		best := int64(0)
		for c := range x.c {
			v, b := x.get(n, h, w, c), x.get(n, h, w, best)
			if a.Min {
				v, b = -v, -b
			}
			if v > b || a.Last && v == b {
				best = c
			}
		}
		y.set(n, h, w, 0, best)
	})
}

// positions calls f with every element of a network input or output in the
// source model's order and its position in the tensor.
func positions(v *ermfmt.IO, f func(i int, at int64)) {
	ix := make([]int32, len(v.Dims))
	for i := 0; ; i++ {
		at := int64(0)
		for k, j := range ix {
			at += int64(j) * int64(v.Stride[k])
		}
		f(i, at)
		k := len(ix) - 1
		for ; k >= 0; k-- {
			if ix[k]++; ix[k] < v.Dims[k] {
				break
			}
			ix[k] = 0
		}
		if k < 0 {
			return
		}
	}
}

// SetInput quantizes real values into input i: §14.
func (m *Machine) SetInput(i int, x []float32) {
	v := &m.Model.Inputs[i]
	t := m.tensor(v.Tensor)
	inv := float32(1 / float64(t.Scale))
	lo, hi := -128.0, 127.0
	if t.DType == ermfmt.Int16 {
		lo, hi = -32768, 32767
	}
	positions(v, func(i int, at int64) {
		p := float32(x[i] * inv)
		if p != p {
			p = 0
		}
		q := math.RoundToEven(float64(p)) + float64(t.Zero)
		t.store(at, int64(min(max(q, lo), hi)))
	})
}

// Output returns output i in real values: §14.
func (m *Machine) Output(i int) []float32 {
	v := &m.Model.Outputs[i]
	t := m.tensor(v.Tensor)
	out := make([]float32, t.Elements())
	positions(v, func(i int, at int64) {
		out[i] = float32(float32(t.load(at)-int64(t.Zero)) * t.Scale)
	})
	return out
}

// OutputIntegers returns output i as integers, in the source model's order.
func (m *Machine) OutputIntegers(i int) []int32 {
	v := &m.Model.Outputs[i]
	t := m.tensor(v.Tensor)
	out := make([]int32, t.Elements())
	positions(v, func(i int, at int64) { out[i] = int32(t.load(at)) })
	return out
}

// Integers returns the elements of a tensor in memory order N, H, W, C.
func (m *Machine) Integers(i int32) []int32 {
	t := m.tensor(i)
	var out []int32
	t.each(func(n, h, w, c int64) { out = append(out, int32(t.get(n, h, w, c))) })
	return out
}
