package generic

import (
	"slices"

	"github.com/edgerun/edgerun/internal/requant"
	"github.com/edgerun/edgerun/kernels"
)

var maxPool = kernels.Pool{
	Name:    "s8-maxpool-generic",
	Scratch: func(*kernels.PoolArgs) int { return 0 },
	Units:   func(a *kernels.PoolArgs, _ int) int { return a.N * a.OH },
	Run:     maxPoolRun,
}

// window returns the taps [lo, hi) of a window that starts at input position
// at and lie inside [0, size).
func window(at, dilation, k, size int) (lo, hi int) {
	if at < 0 {
		lo = ceilDiv(-at, dilation)
	}
	hi = k
	if last := size - 1 - at; last < (k-1)*dilation {
		hi = 0
		if last >= 0 {
			hi = last/dilation + 1
		}
	}
	return lo, max(lo, hi)
}

func maxPoolRun(a *kernels.PoolArgs, _, u0, u1 int) {
	for u := u0; u < u1; u++ {
		n, oy := u/a.OH, u%a.OH
		in, out := a.In[n*a.InPlane.N:], a.Out[n*a.OutPlane.N+oy*a.OutPlane.H:]
		y0 := oy*a.SH - a.PT
		ky0, ky1 := window(y0, a.DH, a.KH, a.IH)
		for ox := range a.OW {
			dst := out[ox*a.OutPlane.W:][:a.C]
			x0 := ox*a.SW - a.PL
			kx0, kx1 := window(x0, a.DW, a.KW, a.IW)
			first := true
			for ky := ky0; ky < ky1; ky++ {
				for kx := kx0; kx < kx1; kx++ {
					src := in[(y0+ky*a.DH)*a.InPlane.H+(x0+kx*a.DW)*a.InPlane.W:][:a.C]
					if first {
						copy(dst, src)
						first = false
						continue
					}
					for c, v := range src {
						dst[c] = max(dst[c], v)
					}
				}
			}
			if first {
				fillInt8(dst, int8(a.Lo))
			}
			if a.Lo > -128 || a.Hi < 127 {
				lo, hi := int8(a.Lo), int8(a.Hi)
				for c, v := range dst {
					dst[c] = min(max(v, lo), hi)
				}
			}
		}
	}
}

var averagePool = kernels.Pool{
	Name:    "s8-avgpool-generic",
	Scratch: func(a *kernels.PoolArgs) int { return round16(4 * min(a.C, poolBlock)) },
	Units:   averageUnits,
	Run:     averagePoolRun,
}

// poolBlock is the number of channels that are summed at a time.
const poolBlock = 256

// averageUnits cuts output rows, and when there is one pixel only, channels.
func averageUnits(a *kernels.PoolArgs, _ int) int {
	if a.OH*a.OW == 1 {
		return a.N * ceilDiv(a.C, poolBlock)
	}
	return a.N * a.OH
}

func averagePoolRun(a *kernels.PoolArgs, w, u0, u1 int) {
	c := carver{a.Scratch[w]}
	acc := c.int32s(min(a.C, poolBlock))
	single := a.OH*a.OW == 1
	blocks := ceilDiv(a.C, poolBlock)
	last, at := -1, 0
	for u := u0; u < u1; u++ {
		n, oy, b0, b1 := u/a.OH, u%a.OH, 0, blocks
		if single {
			n, oy, b0, b1 = u/blocks, 0, u%blocks, u%blocks+1
		}
		y0 := oy*a.SH - a.PT
		ky0, ky1 := window(y0, a.DH, a.KH, a.IH)
		for ox := range a.OW {
			x0 := ox*a.SW - a.PL
			kx0, kx1 := window(x0, a.DW, a.KW, a.IW)
			count := (ky1 - ky0) * (kx1 - kx0)
			div := count
			if a.IncludePad {
				p0, p1 := window(y0+a.PT, a.DH, a.KH, a.IH+a.PT+a.PB)
				q0, q1 := window(x0+a.PL, a.DW, a.KW, a.IW+a.PL+a.PR)
				div = (p1 - p0) * (q1 - q0)
			}
			if div != last { // mostly it is the same
				last = div
				at, _ = slices.BinarySearch(a.Divisors, int32(div))
			}
			m, s := a.Mult[at], a.Shift[at]
			for b := b0; b < b1; b++ {
				c0 := b * poolBlock
				sum := acc[:min(poolBlock, a.C-c0)]
				for k := range sum {
					sum[k] = -int32(count) * a.ZIn
				}
				for ky := ky0; ky < ky1; ky++ {
					for kx := kx0; kx < kx1; kx++ {
						src := a.In[n*a.InPlane.N+(y0+ky*a.DH)*a.InPlane.H+(x0+kx*a.DW)*a.InPlane.W+c0:][:len(sum)]
						for k, v := range src {
							sum[k] += int32(v)
						}
					}
				}
				o := n*a.OutPlane.N + oy*a.OutPlane.H + ox*a.OutPlane.W + c0
				for k, v := range sum {
					put(a.Out, a.Out16, o+k, requant8(requant.PreShift(v, a.Pre), m, s, a.ZOut, a.Lo, a.Hi))
				}
			}
		}
	}
}

var resize = kernels.Resize{
	Name:    "resize-generic",
	Scratch: func(*kernels.ResizeArgs) int { return 0 },
	Run:     resizeRun,
}

func resizeRun(a *kernels.ResizeArgs, _, u0, u1 int) {
	lo, hi := int64(-32768), int64(32767)
	if a.Out != nil {
		lo, hi = -128, 127
	}
	for u := u0; u < u1; u++ {
		n, oy := u/a.OH, u%a.OH
		out := n*a.OutPlane.N + oy*a.OutPlane.H
		base := n * a.InPlane.N
		for ox := range a.OW {
			o := out + ox*a.OutPlane.W
			switch {
			case a.TapsY == 1 && a.TapsX == 1:
				i := base + int(a.IY[oy])*a.InPlane.H + int(a.IX[ox])*a.InPlane.W
				if a.Out != nil {
					copy(a.Out[o:][:a.C], a.In[i:])
				} else {
					copy(a.Out16[o:][:a.C], a.In16[i:])
				}
			case a.TapsY == 2 && a.TapsX == 2 && a.Out != nil:
				y0, y1 := base+int(a.IY[2*oy])*a.InPlane.H, base+int(a.IY[2*oy+1])*a.InPlane.H
				x0, x1 := int(a.IX[2*ox])*a.InPlane.W, int(a.IX[2*ox+1])*a.InPlane.W
				wy0, wy1, wx0, wx1 := int32(a.WY[2*oy]), int32(a.WY[2*oy+1]), int32(a.WX[2*ox]), int32(a.WX[2*ox+1])
				w00, w01, w10, w11 := wy0*wx0, wy0*wx1, wy1*wx0, wy1*wx1
				p00, p01, p10, p11 := a.In[y0+x0:][:a.C], a.In[y0+x1:][:a.C], a.In[y1+x0:][:a.C], a.In[y1+x1:][:a.C]
				dst := a.Out[o:][:a.C]
				for c := range dst {
					v := w00*int32(p00[c]) + w01*int32(p01[c]) + w10*int32(p10[c]) + w11*int32(p11[c])
					dst[c] = int8(min(max((v+1<<21)>>22, -128), 127))
				}
			default:
				for c := range a.C {
					var v int64
					for i := range a.TapsY {
						row := base + int(a.IY[oy*a.TapsY+i])*a.InPlane.H + c
						wy := int64(a.WY[oy*a.TapsY+i])
						for j := range a.TapsX {
							v += wy * int64(a.WX[ox*a.TapsX+j]) * int64(pick(a.In, a.In16, row+int(a.IX[ox*a.TapsX+j])*a.InPlane.W))
						}
					}
					put(a.Out, a.Out16, o+c, int32(min(max((v+1<<21)>>22, lo), hi)))
				}
			}
		}
	}
}
