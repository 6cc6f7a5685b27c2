//go:build !purego

package arm64

import (
	"math/bits"

	"github.com/edgerun/edgerun/kernels"
)

//go:noescape
func rowMaxNEON(x *int8, n int) int

// rowSumNEON is Σ e[uint8(x[i])]; n is a multiple of 8, not 0.
//
//go:noescape
func rowSumNEON(x *int8, n int, e *[256]uint32) uint64

// softmaxWork bounds a call: elements.
const softmaxWork = 32 << 10

// plugSoftmax replaces the divisions by multiplications, and for long rows of 8 bits
// makes tables of what their inputs become.
func plugSoftmax(t *kernels.Table) {
	t.Softmax = kernels.Softmax{Name: "softmax-neon", Run: func(a *kernels.SoftmaxArgs, _, u0, u1 int) {
		for u := u0; u < u1; u++ {
			switch x, y := u*a.RowX, u*a.RowY; {
			case a.X == nil:
				softmaxWide(a, a.X16[x:][:a.N], y)
			case a.N < 64:
				softmaxShort(a, a.X[x:][:a.N], y)
			default:
				softmaxLong(a, a.X[x:][:a.N], y)
			}
		}
	}}
}

// divider divides by d with a multiplication.
type divider struct{ d, inverse, half uint64 }

func newDivider(d uint64) divider { return divider{d, ^uint64(0) / d, d / 2} }

// div is ⌊(n + half) / d⌋. With inverse = ⌊(2^64 - 1) / d⌋ a product is too small by one
// at most.
func (v *divider) div(n uint64) uint64 {
	n += v.half
	q, _ := bits.Mul64(n, v.inverse)
	if n-q*v.d >= v.d {
		q++
	}
	return q
}

// put8 and put16 are the output of an exponential.
func (v *divider) put8(e uint64) int8   { return int8(min(127, int64(v.div(e<<8))-128)) }
func (v *divider) put16(e uint64) int16 { return int16(min(32767, v.div(e<<15))) }

func softmaxShort(a *kernels.SoftmaxArgs, x []int8, y int) {
	top := x[0]
	for _, v := range x[1:] {
		top = max(top, v)
	}
	sum := uint64(0)
	for _, v := range x {
		sum += uint64(a.Exp[uint8(top-v)])
	}
	d := newDivider(sum)
	for k, v := range x {
		e := uint64(a.Exp[uint8(top-v)])
		if a.Y != nil {
			a.Y[y+k] = d.put8(e)
		} else {
			a.Y16[y+k] = d.put16(e)
		}
	}
}

// expSums returns the largest of a long row and the sum of the exponentials; e gets
// these by the input's byte.
func expSums(a *kernels.SoftmaxArgs, x []int8, e *[256]uint32) (top int, sum uint64) {
	top = -128
	for r := x; len(r) > 0; {
		n := cut(len(r), softmaxWork, 16)
		top = max(top, rowMaxNEON(&r[0], n))
		r = r[n:]
	}
	for d, v := range a.Exp[:top+129] {
		e[uint8(top-d)] = v
	}
	r := x
	for len(r) >= 8 {
		n := min(len(r), softmaxWork) &^ 7
		sum += rowSumNEON(&r[0], n, e)
		r = r[n:]
	}
	for _, v := range r {
		sum += uint64(e[uint8(v)])
	}
	return top, sum
}

// lookUp stores a table's values for a long row of bytes.
func lookUp(t *[256]int8, x, out []int8) {
	row := lutRow{table: &t[0], lanes: &lanes}
	for k := 0; k < len(x); k += row.n {
		row.src, row.dst, row.n = &x[k], &out[k], cut(len(x)-k, lutWork, 16)
		lutNEON(&row)
	}
}

// softmaxLong looks outputs up in a table, by the input's byte.
func softmaxLong(a *kernels.SoftmaxArgs, x []int8, y int) {
	var e [256]uint32
	top, sum := expSums(a, x, &e)
	d := newDivider(sum)
	if a.Y16 != nil {
		var t [256]int16
		for i, v := range e {
			t[i] = d.put16(uint64(v))
		}
		out := a.Y16[y:][:len(x)]
		for k, v := range x {
			out[k] = t[uint8(v)]
		}
		return
	}
	var t [256]int8
	fillBytes(t[:], -128)
	for i, v := range a.Exp[:top+129] {
		if uint64(v)<<8+d.half >= d.d { // most are too small
			t[(top-i)&255^0x80] = d.put8(uint64(v))
		}
	}
	lookUp(&t, x, a.Y[y:][:len(x)])
}

// softmaxWide keeps the exponentials of a block of elements.
func softmaxWide(a *kernels.SoftmaxArgs, x []int16, y int) {
	top := x[0]
	for _, v := range x[1:] {
		top = max(top, v)
	}
	var e [512]uint32
	low, high := (*[256]uint32)(a.Exp), (*[256]uint32)(a.Exp[256:])
	exp := func(v int16) uint64 {
		d := uint16(top - v)
		return uint64(low[uint8(d)]) * uint64(high[d>>8]) >> (a.Bits & 63)
	}
	sum := uint64(0)
	for i, v := range x {
		z := exp(v)
		sum += z
		e[i%len(e)] = uint32(z) // those of the last block stay
	}
	d := newDivider(sum)
	last := (len(x) - 1) / len(e) * len(e)
	for i, v := range x {
		z := uint64(e[i%len(e)])
		if i < last {
			z = exp(v)
		}
		if a.Y != nil {
			a.Y[y+i] = d.put8(z)
		} else {
			a.Y16[y+i] = d.put16(z)
		}
	}
}
