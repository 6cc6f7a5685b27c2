package edgerun

import (
	"unsafe"

	ermfmt "github.com/edgerun/edgerun/fmt"
	"github.com/edgerun/edgerun/kernels"
)

// maxWindow bounds kernels, strides, dilations and pads, maxSide heights and
// widths, and maxReach what they come to, so that positions fit 32 bits.
const (
	maxWindow = 1 << 14
	maxSide   = 1 << 20
	maxReach  = 1 << 30
)

// checkReach checks heights or widths, and how far windows reach beyond them.
func checkReach(in, out, k, stride, dilation int) problem {
	if max(in, out) > maxSide {
		return problem(text("a side of ", max(in, out), ": want heights and widths up to ", maxSide))
	}
	if int64(max(in, out))*int64(stride)+int64(k)*int64(dilation) > maxReach {
		return problem(text("a side of ", max(in, out), ", kernel ", k, ", stride ", stride, ", dilation ", dilation, ": want windows that reach at most 2^30 far"))
	}
	return ""
}

// maxProducts bounds the products of one accumulator. With weights other than
// 0, more cannot stay within maxAcc.
const maxProducts = maxAcc / 128

// maxPosition bounds where the taps of a deformable convolution lie, so that
// positions in units of 2^-7 pixels fit 32 bits, offsets and pads included.
const maxPosition = 1 << 23

// prepareConv checks a convolution of any kind and binds it to a kernel.
func (p *planner) prepareConv() (step, problem) {
	kind, a := p.op.Kind, p.op.Conv
	most := 1
	if kind == ermfmt.KindDeformConv {
		most = 3
	}
	in, out, msg := p.operands(min(most, 2), most)
	if msg != "" {
		return step{}, msg
	}
	x := in[0]
	if msg := first(p.wantType("the input", x, ermfmt.Int8), p.wantType("the output", out, ermfmt.Int8, ermfmt.Int16),
		onArena(x), checkClamp(a.Clamp, out), apart(in, out, false)); msg != "" {
		return step{}, msg
	}
	for _, v := range []int32{a.KH, a.KW, a.StrideH, a.StrideW, a.DilationH, a.DilationW, a.Groups} {
		if v < 1 || v > maxWindow {
			return step{}, problem(text("kernel ", a.KH, "x", a.KW, ", stride ", a.StrideH, "x", a.StrideW, ", dilation ", a.DilationH, "x", a.DilationW,
				", groups ", a.Groups, ": want values in [1, ", maxWindow, "]"))
		}
	}
	if a.PadTop < 0 || a.PadLeft < 0 || a.PadTop > maxWindow || a.PadLeft > maxWindow {
		return step{}, problem(text("pads ", a.PadTop, " and ", a.PadLeft, ": want values in [0, ", maxWindow, "]"))
	}
	n, ih, iw, ic := dims(x)
	on, oh, ow, oc := dims(out)
	if msg := first(checkReach(ih, oh, int(a.KH), int(a.StrideH), int(a.DilationH)), checkReach(iw, ow, int(a.KW), int(a.StrideW), int(a.DilationW))); msg != "" {
		return step{}, msg
	}
	g := int(a.Groups)
	if n != on || ic%g != 0 || oc%g != 0 {
		return step{}, problem(text("input ", x.Dims[:], ", output ", out.Dims[:], ", ", g, " groups: want one batch size, and channels that are multiples of the groups"))
	}
	per := int64(a.KH) * int64(a.KW) * int64(ic/g)
	switch kind {
	case ermfmt.KindDepthwise:
		per = int64(a.KH) * int64(a.KW)
		if g != 1 || oc%ic != 0 {
			return step{}, problem(text(oc, " output channels of ", ic, " input channels in ", g, " groups, want a multiple and 1 group"))
		}
	case ermfmt.KindDense:
		if per != int64(ic) || g != 1 || a.StrideH != 1 || a.StrideW != 1 || a.PadTop != 0 || a.PadLeft != 0 || ih != oh || iw != ow {
			return step{}, "a fully connected layer has a 1x1 window with stride 1, no pads, no groups, and an output row for every input row"
		}
	}
	// per is looked at first so that the product cannot pass 64 bits.
	if per > int64(len(a.Weights)) || int64(len(a.Weights)) != per*int64(oc) {
		return step{}, problem(text(len(a.Weights), " weights, want ", oc, " times ", per))
	}
	if per > maxProducts {
		return step{}, problem(text(per, " products per output, want at most ", maxProducts))
	}
	if msg := first(checkRequant(&a.Requant, oc, false), checkSums(kind, a, oc, int(per))); msg != "" {
		return step{}, msg
	}
	if len(a.Neg.Mult) > 0 || len(a.Neg.Shift) > 0 {
		if a.Neg.Pre != a.Requant.Pre {
			return step{}, problem(text("pre-shift ", a.Neg.Pre, " for negative accumulators, want ", a.Requant.Pre, " as for the others"))
		}
		if msg := checkRequant(&a.Neg, oc, true); msg != "" {
			return step{}, msg
		}
	}
	args := kernels.ConvArgs{
		N: n, IH: ih, IW: iw, IC: ic, OH: oh, OW: ow, OC: oc, InPlane: plane(x), OutPlane: plane(out),
		KH: int(a.KH), KW: int(a.KW), SH: int(a.StrideH), SW: int(a.StrideW), DH: int(a.DilationH), DW: int(a.DilationW),
		PT: int(a.PadTop), PL: int(a.PadLeft), Groups: g, ZIn: x.Zero, ZOut: out.Zero, Lo: a.Lo, Hi: a.Hi,
		Weights: a.Weights, Bias: a.Bias, Mult: a.Requant.Mult, Shift: a.Requant.Shift, Pre: a.Requant.Pre,
		NegMult: a.Neg.Mult, NegShift: a.Neg.Shift, OffsetGroups: 1, Workers: 1,
	}
	if kind == ermfmt.KindDeformConv {
		if msg := p.prepareOffsets(&args, in[1:]); msg != "" {
			return step{}, msg
		}
	}
	// Kernels are chosen by what the arguments look like; which of the outputs
	// is there is part of that.
	probe := args
	if out.DType == ermfmt.Int8 {
		probe.Out = []int8{0}
	} else {
		probe.Out16 = []int16{0}
	}
	var kern *kernels.Conv
	variants := p.variants()
	for i := range variants {
		if variants[i].Takes(&probe) {
			kern = &variants[i]
			break
		}
	}
	if kern == nil {
		return step{}, "no kernel takes the operator"
	}
	if n := kern.PackedBytes(&probe); n > 0 {
		args.Packed = alignedInt8(n)
		probe.Packed = args.Packed
		kern.Pack(args.Packed, &probe)
		if p.drop != nil {
			p.drop(a.Weights)
		}
	}
	macs := int64(n) * int64(oh) * int64(ow) * int64(oc) * per
	if kind == ermfmt.KindConvTranspose {
		macs = int64(n) * int64(ih) * int64(iw) * int64(oc) * per
	}
	st := step{scratch: kern.Scratch(&probe)}
	st.Kernel, st.MACs = kern.Name, macs
	st.Weights = int64(len(a.Weights)) + 4*int64(len(a.Bias)) + 5*int64(oc)
	st.bind = func(s *Session) []phase {
		b := args
		b.In = s.int8s(x)
		if out.DType == ermfmt.Int8 {
			b.Out = s.int8s(out)
		} else {
			b.Out16 = s.int16s(out)
		}
		if kind == ermfmt.KindDeformConv {
			b.Offset = s.int16s(in[1])
			if len(in) > 2 {
				b.Mask = s.int8s(in[2])
			}
		}
		b.Scratch, b.Workers = s.scratch, s.threads
		return []phase{{
			run:   func(w, u0, u1 int) { kern.Run(&b, w, u0, u1) },
			units: kern.Units(&b, s.threads),
			cost:  macs/4 + int64(oh)*int64(ow)*int64(oc)*2,
		}}
	}
	return st, ""
}

// variants lists the kernels of the operator's family.
func (p *planner) variants() []kernels.Conv {
	t := &p.m.table
	switch p.op.Kind {
	case ermfmt.KindDepthwise:
		return t.Depthwise
	case ermfmt.KindDense:
		return t.Dense
	case ermfmt.KindDeformConv:
		return t.DeformConv
	case ermfmt.KindConvTranspose:
		return t.ConvTranspose
	}
	return t.Conv
}

// prepareOffsets checks the offsets and the mask of a deformable convolution.
func (p *planner) prepareOffsets(args *kernels.ConvArgs, in []*ermfmt.Tensor) problem {
	a := p.op.Conv
	og := int(a.OffsetGroups)
	if og < 1 || args.IC%og != 0 || a.Frac < 1 || a.Frac > 7 {
		return problem(text(og, " offset groups of ", args.IC, " channels, ", a.Frac, " fraction bits: want groups that divide the channels, and 1 to 7 bits"))
	}
	taps := int64(og) * int64(args.KH) * int64(args.KW)
	if taps > ermfmt.MaxDim/2 {
		return problem(text(taps, " offsets per pixel, want at most ", ermfmt.MaxDim/2))
	}
	want := [4]int32{int32(args.N), int32(args.OH), int32(args.OW), int32(2 * taps)}
	off := in[0]
	if off.Dims != want {
		return problem(text("the offsets are ", off.Dims[:], ", want ", want[:]))
	}
	far := max((args.OH-1)*args.SH+(args.KH-1)*args.DH, (args.OW-1)*args.SW+(args.KW-1)*args.DW)
	if far > maxPosition {
		return problem(text("taps lie up to ", far, " pixels from the first, want at most ", maxPosition))
	}
	if msg := first(p.wantType("the offset tensor", off, ermfmt.Int16), onArena(off)); msg != "" {
		return msg
	}
	args.OffsetGroups, args.Frac, args.OffsetPlane = og, a.Frac, plane(off)
	// A kernel that looks at Offset to see what it is dealing with sees one.
	args.Offset = []int16{0}
	if len(in) > 1 {
		want[3] /= 2
		mask := in[1]
		if mask.Dims != want {
			return problem(text("the mask is ", mask.Dims[:], ", want ", want[:]))
		}
		if msg := first(p.wantType("the mask", mask, ermfmt.Int8), onArena(mask)); msg != "" {
			return msg
		}
		args.MaskPlane, args.ZMask = plane(mask), mask.Zero
		args.Mask = []int8{0}
	}
	return ""
}

func onArena(t *ermfmt.Tensor) problem {
	if t.Place != ermfmt.Arena {
		return "an input is constant, want it in the arena"
	}
	return ""
}

// checkSums checks weights and biases, and that no input can take an
// accumulator out of range.
func checkSums(kind ermfmt.Kind, a *ermfmt.Conv, oc, per int) problem {
	if len(a.Bias) != oc {
		return problem(text(len(a.Bias), " biases, want ", oc))
	}
	sums := make([]int64, oc)
	if kind == ermfmt.KindDepthwise {
		for t := range per {
			for o, w := range a.Weights[t*oc:][:oc] {
				if w == -128 {
					return "a weight is -128, want [-127, 127]"
				}
				sums[o] += int64(max(w, -w))
			}
		}
	} else {
		for o := range sums {
			var good bool
			if sums[o], good = magnitudes(a.Weights[o*per:][:per]); !good {
				return "a weight is -128, want [-127, 127]"
			}
		}
	}
	for o, b := range a.Bias {
		if 128*sums[o]+abs(int64(b)) > maxAcc {
			return problem(text("output channel ", o, " can reach ", 128*sums[o]+abs(int64(b)), " before it is scaled, want at most 2^30"))
		}
	}
	return ""
}

// magnitudes adds up |w|, eight weights at a time: loading a file is hardly more
// than this. Without good, a weight is -128.
func magnitudes(w []int8) (sum int64, good bool) {
	const (
		ones = 0x0101010101010101
		low  = 0x00ff00ff00ff00ff
	)
	var seen uint64
	b := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(w))), len(w))
	for len(b) >= 8 {
		// Four 16-bit sums of at most 2·128 a step stay below 2^16 for 255 steps.
		part := b[:min(len(b), 8*255)&^7]
		b = b[len(part):]
		var sums uint64
		for ; len(part) >= 8; part = part[8:] {
			x := uint64(part[0]) | uint64(part[1])<<8 | uint64(part[2])<<16 | uint64(part[3])<<24 |
				uint64(part[4])<<32 | uint64(part[5])<<40 | uint64(part[6])<<48 | uint64(part[7])<<56
			sign := x >> 7 & ones
			x = x ^ sign*255 + sign // -w = ^w + 1, in every byte
			seen |= x
			sums += x&low + x>>8&low
		}
		sum += int64(sums&0xffff + sums>>16&0xffff + sums>>32&0xffff + sums>>48)
	}
	for _, v := range w[len(w)-len(b):] {
		seen |= uint64(uint8(max(v, -v)))
		sum += int64(max(v, -v))
	}
	return sum, seen&(ones<<7) == 0
}

func abs(v int64) int64 { return max(v, -v) }
