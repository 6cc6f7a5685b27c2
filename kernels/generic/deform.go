package generic

import "github.com/edgerun/edgerun/kernels"

// deformConv samples the columns at the offsets and goes on as conv does.
var deformConv = kernels.Conv{
	Name: "s8-deform-128x12-generic", Takes: always, PackedBytes: noBytes, Pack: noPack,
	Scratch: conv.Scratch, Units: conv.Units,
	Run: func(a *kernels.ConvArgs, w, u0, u1 int) {
		runStrips(a, w, u0, u1, func(a *kernels.ConvArgs, x []int8, n, g, p0, rows int) {
			sample(a, x, even(gemmK(a)), n, g, p0, rows)
		})
	},
	Columns: sample,
}

// sample is gather at fractional positions: docs/arithmetic.md §9. Behind an odd
// number of elements it writes a 0.
func sample(a *kernels.ConvArgs, x []int8, ld, n, g, p0, rows int) {
	ic := a.IC / a.Groups
	taps := a.KH * a.KW
	k := taps * ic
	perOffset := a.IC / a.OffsetGroups
	one := int32(1) << a.Frac
	shift := 2 * a.Frac
	in := a.In[n*a.InPlane.N:]
	for r := range rows {
		p := p0 + r
		oy, ox := p/a.OW, p%a.OW
		dst := x[r*ld:][:ld]
		if ld > k {
			dst[k] = 0
		}
		off := a.Offset[n*a.OffsetPlane.N+oy*a.OffsetPlane.H+ox*a.OffsetPlane.W:]
		var mask []int8
		if len(a.Mask) > 0 {
			mask = a.Mask[n*a.MaskPlane.N+oy*a.MaskPlane.H+ox*a.MaskPlane.W:]
		}
		// The group's channels, one run per offset group that they touch.
		for c := g * ic; c < (g+1)*ic; {
			og := c / perOffset
			run := min((og+1)*perOffset, (g+1)*ic) - c
			for t := range taps {
				i := og*taps + t
				// Position in units of 2^-Frac pixels.
				y := int32(oy*a.SH-a.PT+t/a.KW*a.DH)<<a.Frac + int32(off[2*i])
				xx := int32(ox*a.SW-a.PL+t%a.KW*a.DW)<<a.Frac + int32(off[2*i+1])
				y0, x0 := int(y>>a.Frac), int(xx>>a.Frac)
				fy, fx := y&(one-1), xx&(one-1)
				m, sh := int32(1), shift
				if mask != nil {
					m, sh = int32(mask[i])-a.ZMask, shift+8
				}
				d := dst[t*ic+c-g*ic:][:run]
				s := sampler{a: a, in: in, c: c}
				s.corner(0, y0, x0, (one-fy)*(one-fx))
				s.corner(1, y0, x0+1, (one-fy)*fx)
				s.corner(2, y0+1, x0, fy*(one-fx))
				s.corner(3, y0+1, x0+1, fy*fx)
				s.run(d, m, sh)
			}
			c += run
		}
	}
}

// sampler holds the four pixels around a position and their weights.
type sampler struct {
	a   *kernels.ConvArgs
	in  []int8
	c   int
	pix [4][]int8
	w   [4]int32
}

// corner sets pixel i; outside the input it weighs nothing.
func (s *sampler) corner(i, y, x int, w int32) {
	if y < 0 || y >= s.a.IH || x < 0 || x >= s.a.IW {
		s.pix[i], s.w[i] = s.in[s.c:], 0
		return
	}
	s.pix[i], s.w[i] = s.in[y*s.a.InPlane.H+x*s.a.InPlane.W+s.c:], w
}

func (s *sampler) run(d []int8, m int32, shift uint8) {
	p0, p1, p2, p3 := s.pix[0][:len(d)], s.pix[1][:len(d)], s.pix[2][:len(d)], s.pix[3][:len(d)]
	w0, w1, w2, w3 := s.w[0], s.w[1], s.w[2], s.w[3]
	z := s.a.ZIn
	round := int32(1) << ((shift - 1) & 31)
	sum := (w0 + w1 + w2 + w3) * z
	for i := range d {
		v := w0*int32(p0[i]) + w1*int32(p1[i]) + w2*int32(p2[i]) + w3*int32(p3[i]) - sum
		v = (v*m+round)>>(shift&31) + z
		d[i] = int8(min(max(v, -128), 127))
	}
}
