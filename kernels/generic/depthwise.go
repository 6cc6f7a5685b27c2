package generic

import (
	"github.com/edgerun/edgerun/internal/requant"
	"github.com/edgerun/edgerun/kernels"
)

// Depthwise convolution, one channel of one output row at a time. A unit is an
// output row.
//
// Along a row the taps of a kernel row act like the coefficients of a
// polynomial: with P = w2 + w1<<21 + w0<<42, the word T[i] = Σ_ky x[i]·P[ky]
// holds, in its three lanes, what input i contributes to three neighbouring
// outputs. So three multiply-accumulates cost one multiplication, as in
// gemm.go. A bias of 2^20 in every lane keeps the lanes from borrowing.
var depthwise = kernels.Conv{
	Name:        "s8-depthwise-row-generic",
	Takes:       always,
	PackedBytes: noBytes,
	Pack:        noPack,
	Scratch: func(a *kernels.ConvArgs) int {
		return round16(8*(dwStream(a)+2)) + round16(4*a.OW) + round16(8*a.OC*a.KH*dwGroups(a))
	},
	Units: func(a *kernels.ConvArgs, _ int) int { return a.N * a.OH },
	Run:   depthwiseRun,
}

// dwPhases is the number of interleaved input streams that are convolved one
// by one: the stride, when the kernel is not dilated.
func dwPhases(a *kernels.ConvArgs) int {
	if a.SW > 1 {
		return a.SW
	}
	return 1
}

// dwGroups is the number of groups of three taps, or less, that read one
// stream each.
func dwGroups(a *kernels.ConvArgs) int {
	if !dwPacked(a) {
		return 0
	}
	n := 0
	for phase := range min(dwPhases(a), a.KW) {
		n += ceilDiv(ceilDiv(a.KW-phase, dwPhases(a)), 3)
	}
	return n
}

// dwPacked reports whether the words can be used: lanes hold sums over a
// kernel column, and strides combine with dilation only in the plain loop.
func dwPacked(a *kernels.ConvArgs) bool {
	return wide && a.KH <= 32 && (a.SW == 1 || a.DW == 1)
}

// dwStream is the length of a stream's word buffer.
func dwStream(a *kernels.ConvArgs) int { return a.OW + (a.KW-1)*a.DW + 3*a.DW }

const (
	laneBias = 1 << (lane - 1)
	allLanes = laneBias | laneBias<<lane | laneBias<<(2*lane)
	laneMask = 1<<lane - 1
)

func depthwiseRun(a *kernels.ConvArgs, w, u0, u1 int) {
	c := carver{a.Scratch[w]}
	t := c.int64s(dwStream(a) + 2)
	acc := c.int32s(a.OW)
	mul := a.OC / a.IC
	packed := dwPacked(a)
	per := a.KH * dwGroups(a)
	p := c.int64s(a.OC * per)
	if packed {
		packDepthwise(a, p)
	}
	// 3x3 windows of the usual strides have a loop of their own.
	fused := packed && a.KH == 3 && a.KW == 3 && a.DW == 1 && a.SW <= 2 && a.Pre == 0 && len(a.NegMult) == 0 && a.Out != nil
	for u := u0; u < u1; u++ {
		n, oy := u/a.OH, u%a.OH
		iy := oy*a.SH - a.PT
		out := n*a.OutPlane.N + oy*a.OutPlane.H
		for oc := range a.OC {
			in := a.In[n*a.InPlane.N+oc/mul:]
			if fused {
				fusedRow(a, in, p[oc*per:][:per], oc, iy, out+oc)
				continue
			}
			for i := range acc {
				acc[i] = a.Bias[oc]
			}
			if packed {
				depthwisePacked(a, in, t, acc, p[oc*per:][:per], iy)
			} else {
				depthwisePlain(a, in, acc, oc, iy)
			}
			storeColumn(a, acc, oc, out+oc)
		}
	}
}

// packDepthwise makes the words of every output channel: for every group of
// taps one per kernel row.
func packDepthwise(a *kernels.ConvArgs, p []int64) {
	i := 0
	for oc := range a.OC {
		for phase := range dwPhases(a) {
			for k0 := phase; k0 < a.KW; k0 += 3 * a.SW {
				for ky := range a.KH {
					var v int64
					for j := range 3 {
						if k := k0 + j*a.SW; k < a.KW {
							v += int64(a.Weights[(ky*a.KW+k)*a.OC+oc]) << ((2 - j) * lane)
						}
					}
					p[i] = v
					i++
				}
			}
		}
	}
}

// rowStore is what takes one channel's accumulators to its outputs.
type rowStore struct {
	m, zero, lo, hi int64
	s               uint
}

func (q *rowStore) put(acc int64) int8 {
	y := (acc*q.m>>(q.s&63)+1)>>1 + q.zero
	return int8(min(max(y, q.lo), q.hi))
}

// triple is a kernel row of words over three input rows. A row outside the
// input has words of 0, and its part in base.
type triple struct {
	x    [3][]int8
	p    [3]int64
	base int64 // what every word starts from
	edge int64 // the word of a column outside the input
}

// at is the word of a column.
func (t *triple) at(col, width, step int) int64 {
	if col < 0 || col >= width {
		return t.edge
	}
	i := col * step
	return t.base + int64(t.x[0][i])*t.p[0] + int64(t.x[1][i])*t.p[1] + int64(t.x[2][i])*t.p[2]
}

// newTriple collects the rows from input row iy on.
func newTriple(a *kernels.ConvArgs, in []int8, p []int64, iy int, base int64) triple {
	t := triple{base: base, edge: base}
	for ky := range 3 {
		y := iy + ky*a.DH
		t.edge += p[ky] * int64(a.ZIn)
		if y < 0 || y >= a.IH {
			t.base += p[ky] * int64(a.ZIn)
			t.x[ky] = in
			continue
		}
		t.x[ky], t.p[ky] = in[y*a.InPlane.H:], p[ky]
	}
	return t
}

// fusedRow makes a row of one channel of a 3x3 window. o is where its first
// output goes.
func fusedRow(a *kernels.ConvArgs, in []int8, p []int64, oc, iy, o int) {
	step, ostep := a.InPlane.W, a.OutPlane.W
	q := rowStore{m: int64(a.Mult[oc]), s: (30 + uint(a.Shift[oc])) & 63, zero: int64(a.ZOut), lo: int64(a.Lo), hi: int64(a.Hi)}
	// Outputs [x0, x1) have all their taps inside the input.
	x0 := min(ceilDiv(a.PL, a.SW), a.OW)
	x1 := x0
	if a.IW+a.PL >= 3 {
		x1 = max(x0, min(a.OW, (a.IW-3+a.PL)/a.SW+1))
	}
	t := newTriple(a, in, p, iy, allLanes)
	if a.SW == 1 {
		bias := int64(a.Bias[oc]) - 3*laneBias
		for x := range a.OW {
			if x == x0 && x1 > x0 {
				fused1(&t, a.Out[o+x0*ostep:], ostep, (x0-a.PL)*step, step, x1-x0, bias, &q)
			}
			if x < x0 || x >= x1 {
				c := x - a.PL
				acc := bias + t.at(c, a.IW, step)>>(2*lane) + t.at(c+1, a.IW, step)>>lane&laneMask + t.at(c+2, a.IW, step)&laneMask
				a.Out[o+x*ostep] = q.put(acc)
			}
		}
		return
	}
	// Words of even columns hold taps 0 and 2, for an output and the one before
	// it; odd columns hold tap 1, alone in its word's top lane.
	m := newTriple(a, in, []int64{p[3] >> (2 * lane), p[4] >> (2 * lane), p[5] >> (2 * lane)}, iy, 0)
	bias := int64(a.Bias[oc]) - 2*laneBias
	for x := range a.OW {
		if x == x0 && x1 > x0 {
			fused2(&t, &m, a.Out[o+x0*ostep:], ostep, (2*x0-a.PL)*step, step, x1-x0, bias, &q)
		}
		if x < x0 || x >= x1 {
			c := 2*x - a.PL
			acc := bias + m.at(c+1, a.IW, step) + t.at(c, a.IW, step)>>(2*lane) + t.at(c+2, a.IW, step)>>lane&laneMask
			a.Out[o+x*ostep] = q.put(acc)
		}
	}
}

// fused1 makes n outputs of stride 1, from input element i on: every word
// serves three of them.
//
//go:noinline
func fused1(t *triple, out []int8, ostep, i, step, n int, bias int64, q *rowStore) {
	p0, p1, p2, base := t.p[0], t.p[1], t.p[2], t.base
	last := i + (n+1)*step + 1
	x0, x1, x2 := t.x[0][:last], t.x[1][:last], t.x[2][:last]
	t0 := base + int64(x0[i])*p0 + int64(x1[i])*p1 + int64(x2[i])*p2
	i += step
	t1 := base + int64(x0[i])*p0 + int64(x1[i])*p1 + int64(x2[i])*p2
	for o := 0; n > 0; n-- {
		i += step
		t2 := base + int64(x0[i])*p0 + int64(x1[i])*p1 + int64(x2[i])*p2
		out[o] = q.put(bias + t0>>(2*lane) + t1>>lane&laneMask + t2&laneMask)
		t0, t1 = t1, t2
		o += ostep
	}
}

// fused2 makes n outputs of stride 2.
//
//go:noinline
func fused2(t, m *triple, out []int8, ostep, i, step, n int, bias int64, q *rowStore) {
	p0, p1, p2, base := t.p[0], t.p[1], t.p[2], t.base
	w0, w1, w2 := m.p[0], m.p[1], m.p[2]
	bias += m.base
	last := i + 2*n*step + 1
	x0, x1, x2 := t.x[0][:last], t.x[1][:last], t.x[2][:last]
	t0 := base + int64(x0[i])*p0 + int64(x1[i])*p1 + int64(x2[i])*p2
	for o := 0; n > 0; n-- {
		i += step
		mid := int64(x0[i])*w0 + int64(x1[i])*w1 + int64(x2[i])*w2
		i += step
		t1 := base + int64(x0[i])*p0 + int64(x1[i])*p1 + int64(x2[i])*p2
		out[o] = q.put(bias + mid + t0>>(2*lane) + t1>>lane&laneMask)
		t0 = t1
		o += ostep
	}
}

// depthwisePacked adds one channel's row of products to acc.
func depthwisePacked(a *kernels.ConvArgs, in []int8, t []int64, acc []int32, p []int64, iy int) {
	step := a.InPlane.W * a.SW
	var own [32]int64 // the words of the rows inside the input
	for phase := range dwPhases(a) {
		// Taps phase, phase+SW, … read one stream; they go three at a time.
		for k0 := phase; k0 < a.KW; k0 += 3 * a.SW {
			bias := int64(allLanes)
			var rows [32]int
			nr := 0
			for ky, v := range p[:a.KH] {
				y := iy + ky*a.DH
				if y < 0 || y >= a.IH {
					bias += v * int64(a.ZIn)
					continue
				}
				rows[nr], own[nr] = y*a.InPlane.H, v
				nr++
			}
			p = p[a.KH:]
			// Stream element i is input column i·SW + x0, for i below n.
			x0 := k0*a.DW - a.PL
			n := a.OW + 2*a.DW
			lo := 0
			if x0 < 0 {
				lo = min(n, ceilDiv(-x0, a.SW))
			}
			hi := lo
			if last := a.IW - 1 - x0; last >= 0 {
				hi = max(lo, min(n, last/a.SW+1))
			}
			var sum int64
			for _, v := range own[:nr] {
				sum += v
			}
			edge := bias + sum*int64(a.ZIn)
			for i := range lo {
				t[i] = edge
			}
			for i := hi; i < n; i++ {
				t[i] = edge
			}
			first := (lo*a.SW + x0) * a.InPlane.W
			switch {
			case hi == lo:
			case nr == 3:
				words3(t[lo:hi], in[rows[0]+first:], in[rows[1]+first:], in[rows[2]+first:], own[:], bias, step)
			default:
				words := t[lo:hi]
				for i := range words {
					words[i] = bias
				}
				for r := range nr {
					words1(words, in[rows[r]+first:], own[r], step)
				}
			}
			combine(acc, t[:n], a.DW)
		}
	}
}

// words3 is t[i] = bias + Σ x_r[i·step]·p[r] for three rows.
//
//go:noinline
func words3(t []int64, x0, x1, x2 []int8, p []int64, bias int64, step int) {
	p0, p1, p2 := p[0], p[1], p[2]
	n := (len(t)-1)*step + 1
	x0, x1, x2 = x0[:n], x1[:n], x2[:n]
	o := 0
	for i := range t {
		t[i] = bias + int64(x0[o])*p0 + int64(x1[o])*p1 + int64(x2[o])*p2
		o += step
	}
}

func words1(t []int64, x []int8, p int64, step int) {
	o := 0
	for i := range t {
		t[i] += int64(x[o]) * p
		o += step
	}
}

// combine adds, for every output, the lanes that the three words around it
// hold for it. Words are d apart.
func combine(acc []int32, t []int64, d int) {
	t0, t1, t2 := t[:len(acc)], t[d:][:len(acc)], t[2*d:][:len(acc)]
	for i := range acc {
		acc[i] += int32(t0[i]>>(2*lane)) + int32(t1[i]>>lane&laneMask) + int32(t2[i]&laneMask) - 3*laneBias
	}
}

// depthwisePlain is the formula, tap by tap.
func depthwisePlain(a *kernels.ConvArgs, in []int8, acc []int32, oc, iy int) {
	for ky := range a.KH {
		y := iy + ky*a.DH
		for kx := range a.KW {
			w := int32(a.Weights[(ky*a.KW+kx)*a.OC+oc])
			x := kx*a.DW - a.PL
			for i := range acc {
				v := a.ZIn
				if y >= 0 && y < a.IH && x >= 0 && x < a.IW {
					v = int32(in[y*a.InPlane.H+x*a.InPlane.W])
				}
				acc[i] += v * w
				x += a.SW
			}
		}
	}
}

// storeColumn requantizes one channel of an output row, whose first element
// goes to o.
func storeColumn(a *kernels.ConvArgs, acc []int32, oc, o int) {
	m, s := a.Mult[oc], a.Shift[oc]
	zero, lo, hi := a.ZOut, a.Lo, a.Hi
	step := a.OutPlane.W
	if a.Pre == 0 && len(a.NegMult) == 0 && a.Out != nil {
		y := a.Out
		for _, v := range acc {
			y[o] = int8(requant8(v, m, s, zero, lo, hi))
			o += step
		}
		return
	}
	for _, v := range acc {
		mm, ss := m, s
		if v < 0 && len(a.NegMult) > 0 {
			mm, ss = a.NegMult[oc], a.NegShift[oc]
		}
		q := requant8(requant.PreShift(v, a.Pre), mm, ss, zero, lo, hi)
		if a.Out != nil {
			a.Out[o] = int8(q)
		} else {
			a.Out16[o] = int16(q)
		}
		o += step
	}
}
