//go:build !purego

package arm64

import "github.com/edgerun/edgerun/kernels"

// sample is one position of a deformable convolution, for some channels.
type sample struct {
	at     [4]int // offsets of the corners in the input
	weight [4]int16
	first  int32 // takes the zero point off the corners
	mask   int32 // in units of 1/256
	to     int   // offset in the output
	n      int   // channels, 8 at least
}

type sampleTask struct {
	samples, end *sample
	in, out      *int8
	zero         [8]int16
}

//go:noescape
func sampleNEON(t *sampleTask)

// maxSamples is how many positions are looked up before they are sampled, and
// sampleWork bounds a call: positions times channels. A Cortex-A53 needs three cycles
// for a channel.
const (
	maxSamples = 16
	sampleWork = 24 << 10
)

// plugSample lets deformable convolutions of all tiers sample with NEON.
func plugSample(t *kernels.Table) {
	for i := range t.DeformConv {
		rest := t.DeformConv[i].Columns
		t.DeformConv[i].Columns = func(a *kernels.ConvArgs, x []int8, ld, n, g, p0, rows int) {
			// Runs of channels are as long as the shorter of the two kinds of groups.
			ic, per := a.IC/a.Groups, a.IC/a.OffsetGroups
			if run := min(ic, per); run < 8 || max(ic, per)%run != 0 {
				rest(a, x, ld, n, g, p0, rows)
				return
			}
			sampleColumns(a, x, ld, n, g, p0, rows)
		}
	}
}

// sampleColumns is docs/arithmetic.md §9, with weights in units of 2^-14.
func sampleColumns(a *kernels.ConvArgs, x []int8, ld, n, g, p0, rows int) {
	ic, per := a.IC/a.Groups, a.IC/a.OffsetGroups
	taps, run := a.KH*a.KW, min(ic, per)
	in := n * a.InPlane.N
	t := sampleTask{in: &a.In[in], out: &x[0], zero: of16(a.ZIn)}
	var buf [maxSamples + 1]sample
	most := min(maxSamples, max(1, sampleWork/run))
	k := 0
	for r := range rows {
		p := p0 + r
		oy, ox := p/a.OW, p%a.OW
		off := a.Offset[n*a.OffsetPlane.N+oy*a.OffsetPlane.H+ox*a.OffsetPlane.W:]
		var mask []int8
		if len(a.Mask) > 0 {
			mask = a.Mask[n*a.MaskPlane.N+oy*a.MaskPlane.H+ox*a.MaskPlane.W:]
		}
		for c := g * ic; c < (g+1)*ic; c += run {
			i := c / per * taps
			for ky := range a.KH {
				for kx := range a.KW {
					s := &buf[k]
					s.mask = 256
					if mask != nil {
						s.mask = int32(mask[i]) - a.ZMask
					}
					s.locate(a, oy*a.SH-a.PT+ky*a.DH, ox*a.SW-a.PL+kx*a.DW, int32(off[2*i]), int32(off[2*i+1]), c)
					s.to, s.n = r*ld+(ky*a.KW+kx)*ic+c-g*ic, run
					i++
					if k++; k == most {
						t.samples, t.end = &buf[0], &buf[k]
						sampleNEON(&t)
						k = 0
					}
				}
			}
		}
	}
	if k > 0 {
		t.samples, t.end = &buf[0], &buf[k]
		sampleNEON(&t)
	}
}

// locate finds the corners around pixel (y, x) plus an offset, for the channels from c
// on. Corners outside the input weigh nothing.
func (s *sample) locate(a *kernels.ConvArgs, y, x int, dy, dx int32, c int) {
	one := int32(1) << a.Frac
	py, px := int32(y)<<a.Frac+dy, int32(x)<<a.Frac+dx
	y0, x0 := int(py>>a.Frac), int(px>>a.Frac)
	fy, fx := py&(one-1), px&(one-1)
	up := 14 - 2*a.Frac
	s.weight = [4]int16{int16((one - fy) * (one - fx) << up), int16((one - fy) * fx << up), int16(fy * (one - fx) << up), int16(fy * fx << up)}
	at := y0*a.InPlane.H + x0*a.InPlane.W + c
	s.at = [4]int{at, at + a.InPlane.W, at + a.InPlane.H, at + a.InPlane.H + a.InPlane.W}
	s.first = -a.ZIn << 14
	if uint(y0) < uint(a.IH-1) && uint(x0) < uint(a.IW-1) {
		return
	}
	sum := int32(0)
	for i := range s.at {
		if uint(y0+i/2) >= uint(a.IH) || uint(x0+i%2) >= uint(a.IW) {
			s.at[i], s.weight[i] = c, 0
		}
		sum += int32(s.weight[i])
	}
	s.first = -a.ZIn * sum
}
