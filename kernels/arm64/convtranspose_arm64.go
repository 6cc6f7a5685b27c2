//go:build !purego

package arm64

import (
	"unsafe"

	"github.com/edgerun/edgerun/kernels"
)

// A transposed convolution with strides SH, SW is SH·SW convolutions with stride 1.
// Output rows oy = py + t·SH meet the taps ky for which SH divides py + PT −
// ky·DH, and tap ky reads input row t + (py + PT − ky·DH)/SH: those taps, in
// falling order, are a kernel of their own, with a dilation and a padding. The
// same holds along x. The taps that a phase does not have read the zero point:
// their weights go to its bias.

// phase is one of the convolutions: what differs from the whole.
type phase struct {
	oh, ow         int
	kh, kw         int
	dh, dw, pt, pl int
	out            int // its first output element
	at, bytes      int // its part of the packed memory
	scratch        int
}

// phases are what stands at the head of the packed memory.
type phases struct{ n int }

// maxPhases bounds the strides: every phase has tables.
const maxPhases = 256

func newTransposed(t tier) kernels.Conv {
	return kernels.Conv{
		Name: "s8-convtranspose-4x16-" + t.String(),
		Takes: func(a *kernels.ConvArgs) bool {
			return a.SH*a.SW <= maxPhases && phasesScratch(phasesOf(t, a)) <= maxScratch
		},
		PackedBytes: func(a *kernels.ConvArgs) int {
			all := phasesOf(t, a)
			last := all[len(all)-1]
			return last.at + last.bytes
		},
		Pack:    func(dst []int8, a *kernels.ConvArgs) { packPhases(t, dst, a) },
		Scratch: func(a *kernels.ConvArgs) int { return phasesScratch(phasesAt(a.Packed)) },
		Units: func(a *kernels.ConvArgs, workers int) int {
			n := 0
			for i := range phasesAt(a.Packed) {
				n += phaseUnits(a, &phasesAt(a.Packed)[i], workers)
			}
			return n
		},
		Run: func(a *kernels.ConvArgs, w, u0, u1 int) { runPhases(t, a, w, u0, u1) },
	}
}

func phasesAt(packed []int8) []phase {
	n := (*phases)(unsafe.Pointer(unsafe.SliceData(packed))).n
	return unsafe.Slice((*phase)(unsafe.Pointer(&packed[64])), n)
}

// axis is a phase along one axis: the taps it has, the first of them the one that
// reads furthest in front.
type axis struct {
	out, taps      int // outputs, taps; no taps is one whose weights are 0
	first, step    int // kernel indices of the taps
	dilation, pads int
}

// phaseAxis returns the phase of output positions p, p+stride, …, of n.
func phaseAxis(p, n, k, stride, dilation, pad int) axis {
	x := axis{out: ceilDiv(n-p, stride), dilation: 1, step: 1}
	last := -1
	for i := k - 1; i >= 0; i-- {
		at := p + pad - i*dilation
		if at%stride != 0 {
			continue
		}
		at /= stride
		switch x.taps {
		case 0:
			x.first, x.pads = i, -at
		case 1:
			x.step, x.dilation = i-last, at+x.pads
		}
		last = i
		x.taps++
	}
	return x
}

// phasesOf lists the phases that have outputs, and where each is packed.
func phasesOf(t tier, a *kernels.ConvArgs) []phase {
	var all []phase
	for py := range min(a.SH, a.OH) {
		for px := range min(a.SW, a.OW) {
			y, x := phaseAxis(py, a.OH, a.KH, a.SH, a.DH, a.PT), phaseAxis(px, a.OW, a.KW, a.SW, a.DW, a.PL)
			ph := phase{oh: y.out, ow: x.out, kh: y.taps, kw: x.taps, dh: y.dilation, dw: x.dilation, pt: y.pads, pl: x.pads,
				out: py*a.OutPlane.H + px*a.OutPlane.W}
			if ph.kh == 0 || ph.kw == 0 {
				ph.kh, ph.kw, ph.pt, ph.pl = 1, 1, 0, 0
			}
			all = append(all, ph)
		}
	}
	at := 64 + line(len(all)*int(unsafe.Sizeof(phase{})))
	for i := range all {
		sub := all[i].args(a)
		p := newPlan(t, &sub, false)
		all[i].at, all[i].bytes, all[i].scratch = at, p.packed, p.scratch()
		at += p.packed
	}
	return all
}

// phasesScratch is what the phase that needs most needs.
func phasesScratch(all []phase) (most int) {
	for i := range all {
		most = max(most, all[i].scratch)
	}
	return most
}

// args are the arguments of a phase's convolution.
func (ph *phase) args(a *kernels.ConvArgs) kernels.ConvArgs {
	s := *a
	s.OH, s.OW, s.KH, s.KW, s.SH, s.SW, s.DH, s.DW, s.PT, s.PL = ph.oh, ph.ow, ph.kh, ph.kw, 1, 1, ph.dh, ph.dw, ph.pt, ph.pl
	s.OutPlane.H, s.OutPlane.W = a.OutPlane.H*a.SH, a.OutPlane.W*a.SW
	return s
}

// packPhases packs the weights of every phase.
func packPhases(t tier, dst []int8, a *kernels.ConvArgs) {
	clear(dst)
	all := phasesOf(t, a)
	(*phases)(unsafe.Pointer(unsafe.SliceData(dst))).n = len(all)
	copy(phasesAt(dst), all)
	ic := a.IC / a.Groups
	i := 0
	for py := range min(a.SH, a.OH) {
		for px := range min(a.SW, a.OW) {
			y, x := phaseAxis(py, a.OH, a.KH, a.SH, a.DH, a.PT), phaseAxis(px, a.OW, a.KW, a.SW, a.DW, a.PL)
			ph := &all[i]
			i++
			sub := ph.args(a)
			sub.Weights = make([]int8, a.OC*ph.kh*ph.kw*ic)
			sub.Bias = make([]int32, a.OC)
			for o := range a.OC {
				w := a.Weights[o*a.KH*a.KW*ic:][:a.KH*a.KW*ic]
				d := sub.Weights[o*ph.kh*ph.kw*ic:][:ph.kh*ph.kw*ic]
				rest := int32(0)
				for _, v := range w {
					rest += int32(v)
				}
				for i := range y.taps {
					for j := range x.taps {
						tap := (y.first+i*y.step)*a.KW + x.first + j*x.step
						copy(d[(i*ph.kw+j)*ic:][:ic], w[tap*ic:])
					}
				}
				for _, v := range d {
					rest -= int32(v)
				}
				sub.Bias[o] = a.Bias[o] + a.ZIn*rest
			}
			p := newPlan(t, &sub, false)
			p.pack(t, dst[ph.at:][:ph.bytes], &sub)
		}
	}
}

func phaseUnits(a *kernels.ConvArgs, ph *phase, workers int) int {
	g := planAt(a.Packed[ph.at:]).grid(a, workers)
	return g.total
}

// runPhases does units [u0, u1): those of the first phase, then those of the next.
func runPhases(t tier, a *kernels.ConvArgs, w, u0, u1 int) {
	base := 0
	for i := range phasesAt(a.Packed) {
		ph := &phasesAt(a.Packed)[i]
		n := phaseUnits(a, ph, a.Workers)
		if lo, hi := max(u0, base), min(u1, base+n); lo < hi {
			sub := ph.args(a)
			sub.Packed = a.Packed[ph.at:][:ph.bytes]
			if a.Out16 != nil {
				sub.Out16 = a.Out16[ph.out:]
			} else {
				sub.Out = a.Out[ph.out:]
			}
			convRun(t, onStack(&sub), w, lo-base, hi-base, nil)
		}
		base += n
	}
}

// onStack hides a pointer from escape analysis, which thinks that convRun's fill
// keeps the arguments. There is none here.
func onStack(a *kernels.ConvArgs) *kernels.ConvArgs {
	x := uintptr(unsafe.Pointer(a))
	return *(**kernels.ConvArgs)(unsafe.Pointer(&x))
}
