package kerneltest

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/edgerun/edgerun/internal/requant"
	"github.com/edgerun/edgerun/kernels"
)

type poolCase struct {
	name                                   string
	n, h, w, c                             int
	kh, kw, sh, sw, dh, dw, pt, pl, pb, pr int
	oh, ow                                 int // 0: from the window
	include                                bool
	gap                                    int
	wide                                   bool
	vals                                   values
}

var poolCases = []poolCase{
	{name: "one of all", n: 1, h: 1, w: 1, c: 1, kh: 1, kw: 1, sh: 1, sw: 1},
	{name: "2x2", n: 1, h: 8, w: 9, c: 5, kh: 2, kw: 2, sh: 2, sw: 2},
	{name: "3x3 stride 2 padded", n: 1, h: 9, w: 9, c: 33, kh: 3, kw: 3, sh: 2, sw: 2, pt: 1, pl: 1, pb: 1, pr: 1},
	{name: "3x3 same with padding counted", n: 2, h: 5, w: 6, c: 7, kh: 3, kw: 3, sh: 1, sw: 1, pt: 1, pl: 1, pb: 1, pr: 1, include: true},
	{name: "asymmetric padding counted", n: 1, h: 6, w: 6, c: 4, kh: 3, kw: 3, sh: 2, sw: 2, pb: 1, pr: 1, include: true},
	{name: "ceil mode", n: 1, h: 6, w: 6, c: 4, kh: 3, kw: 3, sh: 2, sw: 2, oh: 3, ow: 3},
	{name: "ceil mode with padding counted", n: 1, h: 7, w: 7, c: 4, kh: 3, kw: 3, sh: 3, sw: 3, pt: 1, pl: 1, oh: 3, ow: 3, include: true},
	{name: "dilated", n: 1, h: 9, w: 9, c: 4, kh: 3, kw: 3, sh: 1, sw: 1, dh: 2, dw: 3, pt: 1, pl: 2, pb: 1, pr: 2},
	{name: "global", n: 1, h: 7, w: 7, c: 320, kh: 7, kw: 7, sh: 1, sw: 1},
	{name: "global, batch and gaps", n: 3, h: 4, w: 5, c: 300, kh: 4, kw: 5, sh: 1, sw: 1, gap: 5},
	{name: "3x3 stride 2 padded, 64 channels", n: 1, h: 9, w: 8, c: 64, kh: 3, kw: 3, sh: 2, sw: 2, pt: 1, pl: 1, pb: 1, pr: 1},
	{name: "3x3 same, 79 channels", n: 2, h: 5, w: 4, c: 79, kh: 3, kw: 3, sh: 1, sw: 1, pt: 1, pl: 1, pb: 1, pr: 1, gap: 3},
	{name: "3x3 stride 1, wide", n: 1, h: 4, w: 20, c: 49, kh: 3, kw: 3, sh: 1, sw: 1, pt: 1, pl: 1, pb: 1, pr: 1},
	{name: "3x3 stride 2, wide", n: 1, h: 5, w: 23, c: 32, kh: 3, kw: 3, sh: 2, sw: 2, pt: 1, pl: 1, pb: 1, pr: 1, gap: 1},
	{name: "3x3 over one row", n: 1, h: 1, w: 7, c: 20, kh: 3, kw: 3, sh: 1, sw: 2, pt: 1, pl: 1, pb: 1, pr: 1},
	{name: "2x2, 16 channels", n: 1, h: 6, w: 6, c: 16, kh: 2, kw: 2, sh: 2, sw: 2},
	{name: "3x3, 113 channels", n: 1, h: 3, w: 5, c: 113, kh: 3, kw: 3, sh: 1, sw: 1, include: true},
	{name: "global, many pixels", n: 2, h: 40, w: 21, c: 83, kh: 40, kw: 21, sh: 1, sw: 1, gap: 1},
	{name: "global, long row", n: 1, h: 1, w: 700, c: 17, kh: 1, kw: 700, sh: 1, sw: 1, vals: mixed},
	{name: "16-bit, 48 channels", n: 1, h: 17, w: 17, c: 48, kh: 17, kw: 17, sh: 1, sw: 1, wide: true},
	{name: "16-bit windows", n: 1, h: 6, w: 6, c: 37, kh: 3, kw: 3, sh: 1, sw: 1, pt: 1, pl: 1, pb: 1, pr: 1, wide: true},
	{name: "16-bit", n: 1, h: 7, w: 7, c: 20, kh: 7, kw: 7, sh: 1, sw: 1, wide: true},
	{name: "extremes", n: 1, h: 30, w: 30, c: 3, kh: 30, kw: 30, sh: 1, sw: 1, vals: lowest},
}

func runPool(t *testing.T, tab kernels.Table) {
	for _, c := range poolCases {
		for _, f := range []struct {
			name string
			max  bool
			k    kernels.Pool
		}{{"max", true, tab.MaxPool}, {"average", false, tab.AveragePool}} {
			if f.max && c.wide {
				continue // maxima are never widened
			}
			t.Run(fmt.Sprintf("%s/%s", f.name, c.name), func(t *testing.T) { c.check(t, &f.k, f.max) })
		}
	}
}

func (c poolCase) check(t *testing.T, k *kernels.Pool, isMax bool) {
	r := rand.New(rand.NewPCG(21, uint64(c.c)))
	c.dh, c.dw = max(1, c.dh), max(1, c.dw)
	a := &kernels.PoolArgs{N: c.n, IH: c.h, IW: c.w, C: c.c, OH: c.oh, OW: c.ow, KH: c.kh, KW: c.kw, SH: c.sh, SW: c.sw, DH: c.dh, DW: c.dw,
		PT: c.pt, PL: c.pl, PB: c.pb, PR: c.pr, IncludePad: c.include, ZIn: -3, ZOut: 4, Lo: -120, Hi: 110}
	if a.OH == 0 {
		a.OH = (c.h+c.pt+c.pb-(c.kh-1)*c.dh-1)/c.sh + 1
		a.OW = (c.w+c.pl+c.pr-(c.kw-1)*c.dw-1)/c.sw + 1
	}
	if c.wide {
		a.ZOut, a.Lo, a.Hi = 0, -32768, 32767
	}
	plane := func(h, w int) kernels.Plane {
		return kernels.Plane{W: c.c + c.gap, H: (c.c + c.gap) * w, N: (c.c + c.gap) * w * h}
	}
	a.InPlane, a.OutPlane = plane(c.h, c.w), plane(a.OH, a.OW)
	a.In = guarded8(t, c.n*a.InPlane.N-c.gap)
	c.vals.fill8(r, a.In, -128)
	for n := range c.kh*c.kw + 1 {
		m, s := scale(r, 40*float64(max(1, n)))
		if c.wide {
			s = uint8(max(1, int(s)-7))
		}
		a.Divisors, a.Mult, a.Shift = append(a.Divisors, int32(n)), append(a.Mult, m), append(a.Shift, s)
	}
	size := c.n*a.OutPlane.N - c.gap
	y8, y16 := newCanvas[int8](size), newCanvas[int16](size)
	if c.wide {
		a.Out16 = y16.out()
	} else {
		a.Out = y8.out()
	}
	for n := range c.n {
		for oy := range a.OH {
			for ox := range a.OW {
				for ch := range c.c {
					best, sum, count, padded := int32(-1000), int32(0), 0, 0
					for ky := range c.kh {
						for kx := range c.kw {
							y, x := oy*c.sh-c.pt+ky*c.dh, ox*c.sw-c.pl+kx*c.dw
							if y < c.h+c.pb && x < c.w+c.pr {
								padded++
							}
							if y < 0 || y >= c.h || x < 0 || x >= c.w {
								continue
							}
							v := int32(a.In[n*a.InPlane.N+y*a.InPlane.H+x*a.InPlane.W+ch])
							best, sum, count = max(best, v), sum+v-a.ZIn, count+1
						}
					}
					q := best
					if !isMax {
						if c.include {
							count = padded
						}
						q = requant.Multiplier{M: a.Mult[count], Shift: a.Shift[count]}.Apply(sum) + a.ZOut
					}
					q = min(max(q, a.Lo), a.Hi)
					o := n*a.OutPlane.N + oy*a.OutPlane.H + ox*a.OutPlane.W + ch
					if c.wide {
						y16.ref()[o] = int16(q)
					} else {
						y8.ref()[o] = int8(q)
					}
				}
			}
		}
	}
	a.Scratch = scratch(k.Scratch(a))
	for _, cut := range []bool{false, true} {
		units(r, cut, k.Units(a, workers), func(w, u0, u1 int) { k.Run(a, w, u0, u1) })
		y8.check(t, c.name)
		y16.check(t, c.name)
	}
}

func runResize(t *testing.T, k kernels.Resize) {
	for _, c := range []struct {
		name        string
		n, h, w, ch int
		oh, ow      int
		taps        [2]int
		wide        bool
		gap         int
	}{
		{"nearest 2x", 1, 5, 4, 7, 10, 8, [2]int{1, 1}, false, 0},
		{"nearest 3x with gaps", 2, 5, 4, 19, 15, 12, [2]int{1, 1}, false, 5},
		{"nearest 2x 16-bit", 1, 3, 5, 2, 6, 10, [2]int{1, 1}, true, 1},
		{"nearest down 16-bit", 1, 9, 9, 3, 4, 5, [2]int{1, 1}, true, 2},
		{"linear", 2, 5, 4, 19, 13, 9, [2]int{2, 2}, false, 3},
		{"linear, 8 channels", 2, 5, 4, 8, 13, 9, [2]int{2, 2}, false, 0},
		{"linear, 21 channels", 1, 3, 4, 21, 7, 9, [2]int{2, 2}, false, 0},
		{"linear, 40 channels", 1, 3, 4, 40, 7, 9, [2]int{2, 2}, false, 0},
		{"linear, 47 channels with gaps", 1, 3, 4, 47, 7, 9, [2]int{2, 2}, false, 2},
		{"linear, 9 channels with gaps", 1, 3, 4, 9, 7, 9, [2]int{2, 2}, false, 2},
		{"linear, one output", 1, 3, 4, 11, 1, 1, [2]int{2, 2}, false, 0},
		{"nearest, one output", 1, 3, 4, 11, 2, 1, [2]int{1, 1}, false, 0},
		{"linear 16-bit", 1, 5, 4, 3, 13, 9, [2]int{2, 2}, true, 0},
		{"linear along one axis", 1, 1, 8, 5, 1, 16, [2]int{1, 2}, false, 0},
		{"cubic", 1, 6, 6, 5, 11, 13, [2]int{4, 4}, false, 0},
	} {
		for _, v := range []values{random, lowest, highest, mixed} {
			t.Run(fmt.Sprintf("%s/%v", c.name, v), func(t *testing.T) {
				r := rand.New(rand.NewPCG(31, uint64(c.oh)))
				a := &kernels.ResizeArgs{N: c.n, C: c.ch, OH: c.oh, OW: c.ow, TapsY: c.taps[0], TapsX: c.taps[1]}
				plane := func(h, w int) kernels.Plane {
					p := c.ch + c.gap
					return kernels.Plane{W: p, H: p * w, N: p * w * h}
				}
				a.InPlane, a.OutPlane = plane(c.h, c.w), plane(c.oh, c.ow)
				a.IY, a.WY = taps(r, c.oh, c.taps[0], c.h)
				a.IX, a.WX = taps(r, c.ow, c.taps[1], c.w)
				if c.ow%c.w == 0 && c.taps[1] == 1 { // every pixel as often
					for x := range a.IX {
						a.IX[x] = uint16(x * c.w / c.ow)
					}
				}
				size := c.n*a.OutPlane.N - c.gap
				y8, y16 := newCanvas[int8](size), newCanvas[int16](size)
				lo, hi := int64(-128), int64(127)
				if c.wide {
					a.In16, a.Out16 = guarded16(t, c.n*a.InPlane.N-c.gap), y16.out()
					v.fill16(r, a.In16)
					lo, hi = -32768, 32767
				} else {
					a.In, a.Out = guarded8(t, c.n*a.InPlane.N-c.gap), y8.out()
					v.fill8(r, a.In, -128)
				}
				for n := range c.n {
					for y := range c.oh {
						for x := range c.ow {
							for ch := range c.ch {
								var s int64
								for i := range a.TapsY {
									for j := range a.TapsX {
										p := n*a.InPlane.N + int(a.IY[y*a.TapsY+i])*a.InPlane.H + int(a.IX[x*a.TapsX+j])*a.InPlane.W + ch
										s += int64(a.WY[y*a.TapsY+i]) * int64(a.WX[x*a.TapsX+j]) * read(a.In, a.In16, p)
									}
								}
								q := min(max((s+1<<21)>>22, lo), hi)
								o := n*a.OutPlane.N + y*a.OutPlane.H + x*a.OutPlane.W + ch
								if c.wide {
									y16.ref()[o] = int16(q)
								} else {
									y8.ref()[o] = int8(q)
								}
							}
						}
					}
				}
				a.Scratch = scratch(k.Scratch(a))
				for _, cut := range []bool{false, true} {
					units(r, cut, c.n*c.oh, func(w, u0, u1 int) { k.Run(a, w, u0, u1) })
					y8.check(t)
					y16.check(t)
				}
			})
		}
	}
}

// taps makes random interpolation tables; the weights of a position sum to 2048.
func taps(r *rand.Rand, out, n, in int) (ix []uint16, w []int16) {
	for range out {
		left := 2048
		for i := range n {
			ix = append(ix, uint16(r.IntN(in)))
			v := left
			if i < n-1 {
				v = r.IntN(1200) - 150*(n/3)
			}
			left -= v
			w = append(w, int16(v))
		}
	}
	return ix, w
}
