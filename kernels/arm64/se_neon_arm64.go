//go:build !purego

package arm64

import (
	"unsafe"

	"github.com/edgerun/edgerun/internal/requant"
	"github.com/edgerun/edgerun/kernels"
)

// dot16Task multiplies rows of 8-bit weights with a vector of 16 bits.
type dot16Task struct {
	x         unsafe.Pointer
	w         *int8
	out, bias *int32
	rows, k   int   // 4 rows at least; products, a multiple of 8, not 0
	step      int   // from row to row
	low       *int8 // dotHalvesDotProd: the lower halves of x, which are the upper ones
}

//go:noescape
func dot16NEON(t *dot16Task)

// halvesNEON stores the upper and the lower bytes of n elements, 16 or more, and returns
// the largest.
//
//go:noescape
func halvesNEON(x *int16, high, low *int8, n int) int

// squashTask scales sums with a multiplier and a shift of each.
type squashTask struct {
	sums   *int32
	y      *int16
	mult   *int32
	shift  *uint8
	n      int // 16 at least
	pre    [4]int32
	lo, hi [8]int16
}

//go:noescape
func squashNEON(t *squashTask)

// dot16Work bounds a call: products. A Cortex-A53 does two and a half a cycle.
const dot16Work = 192 << 10

func plugSE(t tier) func(*kernels.Table) {
	return func(tab *kernels.Table) {
		tab.SE = kernels.SE{
			Name:    "s8-se-" + t.String(),
			Scratch: func(a *kernels.SEArgs) int { return seMem(a, nil) },
			Units:   func(a *kernels.SEArgs, workers int) int { return a.N * seParts(a, workers) },
			Squeeze: seSqueeze,
			Excite:  func(a *kernels.SEArgs) { seExcite(t, a) },
			Apply:   seApply,
		}
	}
}

// seParts is the number of pieces an image's rows are cut into.
func seParts(a *kernels.SEArgs, workers int) int { return min(a.H, max(1, workers)) }

// seState is the shared scratch.
type seState struct {
	sums []int32 // [units, C] of the pixels
	acc  []int32 // of a layer
	sq   []int16 // the squeezed vector
	mid  []int16 // what the first layer makes of it
	half []int8  // a vector in two halves, upper and lower
	gate []int8  // [N, C], 128 less than the gate
}

func seMem(a *kernels.SEArgs, s *seState) int {
	units := a.N * seParts(a, a.Workers)
	most := max(a.C, a.R)
	n := line(4*units*a.C) + line(4*most) + 3*line(2*most) + line(a.N*a.C)
	if s != nil {
		c := carver{a.Scratch}
		s.sums, s.acc = c.int32s(units*a.C), c.int32s(most)
		s.sq = unsafe.Slice((*int16)(c.take(2*most)), most)
		s.mid = unsafe.Slice((*int16)(c.take(2*most)), most)
		s.half = c.int8s(2 * most)
		s.gate = c.int8s(a.N * a.C)
	}
	return n
}

func seSqueeze(a *kernels.SEArgs, _, u0, u1 int) {
	var s seState
	seMem(a, &s)
	parts := seParts(a, a.Workers)
	for u := u0; u < u1; u++ {
		n, p := u/parts, u%parts
		y0, y1 := p*a.H/parts, (p+1)*a.H/parts
		sums := s.sums[u*a.C:][:a.C]
		fill32(sums, -int32((y1-y0)*a.W)*a.ZIn)
		sumPixels(sums, a.In[n*a.InPlane.N+y0*a.InPlane.H:], y1-y0, a.W, a.InPlane.H, a.InPlane.W)
	}
}

func seExcite(t tier, a *kernels.SEArgs) {
	var s seState
	seMem(a, &s)
	parts := seParts(a, a.Workers)
	for n := range a.N {
		sums := s.sums[n*parts*a.C:][:a.C]
		for p := 1; p < parts; p++ {
			for c, v := range s.sums[(n*parts+p)*a.C:][:a.C] {
				sums[c] += v
			}
		}
		seSquash(a, s.sq[:a.C], sums)
		dot16(t, s.acc[:a.R], s.sq[:a.C], s.half, a.W1, a.B1)
		mid := s.mid[:a.R]
		squash(mid, s.acc, a.MidMult, a.MidShift, a.MidPre, a.MidLo, a.MidHi)
		if len(a.MidTable) > 0 {
			for r, q := range mid {
				mid[r] = int16(interpolate(a.MidTable, int32(q)))
			}
		}
		dot16(t, s.acc[:a.C], mid, s.half, a.W2, a.B2)
		squash(s.sq[:a.C], s.acc, a.GateMult, a.GateShift, a.GatePre, -32768, 32767)
		gate := s.gate[n*a.C:][:a.C]
		for c, q := range s.sq[:a.C] {
			gate[c] = int8(min(max(interpolate(a.GateTable, int32(q)), -128), 127))
		}
	}
}

// seSquash scales the sums of an image.
func seSquash(a *kernels.SEArgs, sq []int16, sums []int32) {
	if len(sq) < 16 {
		for c, v := range sums {
			sq[c] = int16(min(max(requant.Scale(requant.PreShift(v, a.SqPre), a.SqMult, a.SqShift), -a.SqMax), a.SqMax))
		}
		return
	}
	t := scaling{pre: of32(int32(a.SqPre)), mult: of32(a.SqMult), shift: of32(-int32(a.SqShift)), lo: of16(-a.SqMax), hi: of16(a.SqMax)}
	scaleAll(sums, unsafe.Pointer(&sq[0]), 1, &t)
}

// squash scales the sums of a layer.
func squash(y []int16, sums, mult []int32, shift []uint8, pre uint8, lo, hi int32) {
	if len(y) < 16 {
		for i := range y {
			y[i] = int16(min(max(requant.Scale(requant.PreShift(sums[i], pre), mult[i], shift[i]), lo), hi))
		}
		return
	}
	t := squashTask{pre: of32(int32(pre)), lo: of16(lo), hi: of16(hi)}
	for k := 0; k < len(y); k += t.n {
		t.sums, t.y, t.mult, t.shift, t.n = &sums[k], &y[k], &mult[k], &shift[k], cut(len(y)-k, scaleWork, 16)
		squashNEON(&t)
	}
}

// dot16 is a fully connected layer: rows of len(x) weights. It has room for the halves
// of x.
func dot16(tr tier, out []int32, x []int16, half []int8, w []int8, bias []int32) {
	k := len(x)
	whole := k &^ 7
	if tr != tierNEON && k >= 16 && halves(half, x) {
		whole = k &^ 15
	} else {
		tr = tierNEON
	}
	if len(out) < 4 || whole == 0 {
		copy(out, bias)
		whole = 0
	} else {
		t := dot16Task{x: unsafe.Pointer(&x[0]), k: whole, step: k}
		if tr != tierNEON {
			t.x, t.low = unsafe.Pointer(&half[0]), &half[k]
		}
		for r := 0; r < len(out); r += t.rows {
			t.rows = min(len(out)-r, max(4, dot16Work/k))
			if t.rows < 4 { // some rows once more
				r, t.rows = len(out)-4, 4
			}
			t.w, t.out, t.bias = &w[r*k], &out[r], &bias[r]
			if tr == tierNEON {
				dot16NEON(&t)
			} else {
				dotHalvesDotProd(&t)
			}
		}
	}
	if whole == k {
		return
	}
	for r := range out {
		for i := whole; i < k; i++ {
			out[r] += int32(x[i]) * int32(w[r*k+i])
		}
	}
}

// halves splits x, at least 16 elements, into bytes: x = 256·half[i] + half[len(x)+i]. It
// fails when a value is too large for that.
func halves(half []int8, x []int16) bool {
	return halvesNEON(&x[0], &half[0], &half[len(x)], len(x)) < 127<<8+128
}

// interpolate reads a table of 513 entries, 128 apart.
func interpolate(t []int16, q int32) int32 {
	u := q + 32768
	i, f := u>>7, u&127
	return (int32(t[i])*(128-f) + int32(t[i+1])*f + 64) >> 7
}

func seApply(a *kernels.SEArgs, _, u0, u1 int) {
	var s seState
	seMem(a, &s)
	parts := seParts(a, a.Workers)
	short := a.C >= 16 && a.OutPre == 0 && a.OutShift >= 2
	t := newMulTask(a.ZIn, -128, a.OutMult, a.OutShift, a.ZOut, a.Lo, a.Hi)
	for u := u0; u < u1; u++ {
		n, p := u/parts, u%parts
		y0, y1 := p*a.H/parts, (p+1)*a.H/parts
		gate := s.gate[n*a.C:][:a.C]
		rows, width := y1-y0, a.W
		if a.InPlane.H == a.W*a.InPlane.W && a.OutPlane.H == a.W*a.OutPlane.W {
			rows, width = 1, rows*a.W
		}
		for y := range rows {
			in := n*a.InPlane.N + (y0+y)*a.InPlane.H
			out := n*a.OutPlane.N + (y0+y)*a.OutPlane.H
			if !short {
				for x := range width {
					seScalePixel(a, a.Out[out+x*a.OutPlane.W:][:a.C], a.In[in+x*a.InPlane.W:], gate)
				}
				continue
			}
			for p := (pairs{a: in, y: out, n: a.C, rows: width, sa: a.InPlane.W, sy: a.OutPlane.W}); p.next(&t.pairTask, elementWork); {
				t.a, t.b, t.y = &a.In[p.a], &gate[p.b], &a.Out[p.y]
				mulNEON(&t)
			}
		}
	}
}

// seScalePixel is the rare case: few channels, or a scale that takes a pre-shift.
func seScalePixel(a *kernels.SEArgs, dst, src, gate []int8) {
	for c := range dst {
		acc := requant.PreShift((int32(src[c])-a.ZIn)*(int32(gate[c])+128), a.OutPre)
		dst[c] = int8(min(max(requant.Scale(acc, a.OutMult, a.OutShift)+a.ZOut, a.Lo), a.Hi))
	}
}
