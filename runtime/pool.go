package edgerun

import (
	"cmp"
	"slices"

	ermfmt "github.com/edgerun/edgerun/fmt"
	"github.com/edgerun/edgerun/kernels"
)

// preparePool checks a maximum or an average pool.
func (p *planner) preparePool() (step, problem) {
	at := p.op.Pool
	isMax := p.op.Kind == ermfmt.KindMaxPool
	in, out, msg := p.operands(1, 1)
	if msg != "" {
		return step{}, msg
	}
	x := in[0]
	if msg := first(p.wantType("the input", x, ermfmt.Int8), p.wantType("the output", out, ermfmt.Int8, ermfmt.Int16),
		onArena(x), checkClamp(at.Clamp, out), apart(in, out, false)); msg != "" {
		return step{}, msg
	}
	if isMax && (out.DType != ermfmt.Int8 || out.Zero != x.Zero) {
		return step{}, "a maximum keeps type and zero point"
	}
	for _, v := range []int32{at.KH, at.KW, at.StrideH, at.StrideW, at.DilationH, at.DilationW} {
		if v < 1 || v > maxWindow {
			return step{}, problem(text("kernel ", at.KH, "x", at.KW, ", stride ", at.StrideH, "x", at.StrideW, ", dilation ", at.DilationH, "x", at.DilationW, ": want values in [1, ", maxWindow, "]"))
		}
	}
	for _, v := range []int32{at.PadTop, at.PadLeft, at.PadBottom, at.PadRight} {
		if v < 0 || v > maxWindow {
			return step{}, problem(text("pads ", at.PadTop, ", ", at.PadLeft, ", ", at.PadBottom, ", ", at.PadRight, ": want values in [0, ", maxWindow, "]"))
		}
	}
	n, ih, iw, c := dims(x)
	on, oh, ow, oc := dims(out)
	if n != on || c != oc {
		return step{}, problem(text("input ", x.Dims[:], ", output ", out.Dims[:], ": want the same batch and channels"))
	}
	if msg := first(checkReach(ih, oh, int(at.KH), int(at.StrideH), int(at.DilationH)), checkReach(iw, ow, int(at.KW), int(at.StrideW), int(at.DilationW))); msg != "" {
		return step{}, msg
	}
	args := kernels.PoolArgs{
		N: n, IH: ih, IW: iw, C: c, OH: oh, OW: ow, InPlane: plane(x), OutPlane: plane(out),
		KH: int(at.KH), KW: int(at.KW), SH: int(at.StrideH), SW: int(at.StrideW), DH: int(at.DilationH), DW: int(at.DilationW),
		PT: int(at.PadTop), PL: int(at.PadLeft), PB: int(at.PadBottom), PR: int(at.PadRight), IncludePad: at.IncludePad,
		ZIn: x.Zero, ZOut: out.Zero, Lo: at.Lo, Hi: at.Hi, Mult: at.Requant.Mult, Shift: at.Requant.Shift, Pre: at.Requant.Pre,
	}
	ys := poolCounts(oh, args.SH, args.PT, args.PB, args.DH, args.KH, ih, at.IncludePad)
	xs := poolCounts(ow, args.SW, args.PL, args.PR, args.DW, args.KW, iw, at.IncludePad)
	if ys == nil || xs == nil {
		return step{}, "a window lies in the padding altogether, want a position of the input in each"
	}
	k := p.m.table.MaxPool
	if !isMax {
		k = p.m.table.AveragePool
		if int64(ih)*int64(iw) > maxAcc/256 {
			return step{}, problem(text("an average over an input of ", ih, "x", iw, ", want at most 2^22 positions"))
		}
		if msg := checkRequant(&at.Requant, len(at.Divisors), false); msg != "" {
			return step{}, msg
		}
		if msg := sortDivisors(&args, at.Divisors); msg != "" {
			return step{}, msg
		}
		// There are at least as many products as factors.
		if len(ys)+len(xs)-1 > len(at.Divisors) {
			return step{}, problem(text(len(at.Divisors), " divisors for windows of ", len(ys), " heights and ", len(xs), " widths, want ", len(ys)+len(xs)-1, " or more"))
		}
		for _, y := range ys {
			for _, x := range xs {
				if _, ok := slices.BinarySearch(args.Divisors, int32(y*x)); !ok {
					return step{}, problem(text("there is no scale for a window of ", y*x, " positions"))
				}
			}
		}
	}
	s := step{scratch: k.Scratch(&args)}
	s.Kernel = k.Name
	cost := int64(n) * int64(oh) * int64(ow) * int64(c) * int64(min(int(at.KH), ih)) * int64(min(int(at.KW), iw))
	s.bind = func(se *Session) []phase {
		v := args
		v.In = se.int8s(x)
		v.Out, v.Out16 = se.either(out)
		v.Scratch = se.scratch
		return []phase{{run: func(w, u0, u1 int) { k.Run(&v, w, u0, u1) }, units: k.Units(&v, se.threads), cost: cost}}
	}
	return s, ""
}

// sortDivisors gives the kernel the divisors in ascending order.
func sortDivisors(args *kernels.PoolArgs, divisors []int32) problem {
	order := make([]int, len(divisors))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(divisors[i], divisors[j]) })
	mult, shift := args.Mult, args.Shift
	args.Mult, args.Shift = nil, nil
	for k, i := range order {
		d := divisors[i]
		if d < 1 || k > 0 && d == args.Divisors[k-1] {
			return problem(text("divisor ", d, " is not positive or stands twice, want each once"))
		}
		args.Divisors, args.Mult, args.Shift = append(args.Divisors, d), append(args.Mult, mult[i]), append(args.Shift, shift[i])
	}
	return ""
}

// poolCounts returns, each once, the numbers of positions along one axis that
// averages divide by, or nil when a window misses the input. Windows that cover
// n positions of a padded input still need one position of the input itself.
func poolCounts(out, stride, pad, end, dilation, k, size int, padded bool) (counts []int) {
	for o := range out {
		at := o*stride - pad
		lo, inside, n := 0, 0, 0
		if at < 0 {
			lo = (-at + dilation - 1) / dilation
		}
		if last := size - 1 - at; last >= 0 {
			inside = min(k, last/dilation+1) - lo
		}
		if inside <= 0 {
			return nil
		}
		n = inside
		if padded {
			n = min(k, (size+end-1-at)/dilation+1)
		}
		if len(counts) == 0 || counts[len(counts)-1] != n {
			counts = append(counts, n)
		}
	}
	slices.Sort(counts)
	return slices.Compact(counts)
}

// prepareResize checks an interpolation.
func (p *planner) prepareResize() (step, problem) {
	at := p.op.Resize
	in, out, msg := p.operands(1, 1)
	if msg != "" {
		return step{}, msg
	}
	x := in[0]
	if msg := first(p.wantType("the input", x, ermfmt.Int8, ermfmt.Int16), p.wantType("the output", out, x.DType), onArena(x), apart(in, out, false)); msg != "" {
		return step{}, msg
	}
	n, ih, iw, c := dims(x)
	on, oh, ow, oc := dims(out)
	if n != on || c != oc || x.Zero != out.Zero {
		return step{}, problem(text("input ", x.Dims[:], " with zero point ", x.Zero, ", output ", out.Dims[:], " with ", out.Zero, ": want the same batch, channels and zero point"))
	}
	iy, msg := checkTaps("row", at.TapsY, at.IndexY, at.WeightY, oh, ih)
	if msg != "" {
		return step{}, msg
	}
	ix, msg := checkTaps("column", at.TapsX, at.IndexX, at.WeightX, ow, iw)
	if msg != "" {
		return step{}, msg
	}
	args := kernels.ResizeArgs{N: n, C: c, OH: oh, OW: ow, InPlane: plane(x), OutPlane: plane(out), TapsY: int(at.TapsY), TapsX: int(at.TapsX),
		IY: iy, IX: ix, WY: at.WeightY, WX: at.WeightX}
	k := p.m.table.Resize
	s := step{scratch: k.Scratch(&args)}
	s.Kernel, s.Weights = k.Name, int64(4*(len(iy)+len(ix)))
	s.bind = func(se *Session) []phase {
		v := args
		v.In, v.In16 = se.either(x)
		v.Out, v.Out16 = se.either(out)
		v.Scratch = se.scratch
		return []phase{{run: func(w, u0, u1 int) { k.Run(&v, w, u0, u1) }, units: n * oh, cost: elements(out) * int64(at.TapsX*at.TapsY)}}
	}
	return s, ""
}

// checkTaps checks the tables of one axis and returns a copy of the indices,
// which no later change of the file can reach.
func checkTaps(what string, taps int32, index []uint16, weight []int16, out, in int) ([]uint16, problem) {
	if taps < 1 || taps > ermfmt.MaxTaps {
		return nil, problem(text(taps, " taps per ", what, ", want 1 to ", ermfmt.MaxTaps))
	}
	n := int64(taps) * int64(out)
	if int64(len(index)) != n || int64(len(weight)) != n {
		return nil, problem(text(len(index), " indices and ", len(weight), " weights for ", out, " ", what, "s, want ", n))
	}
	for i := 0; i < len(index); i += int(taps) {
		sum, size := int32(0), int32(0)
		for j := i; j < i+int(taps); j++ {
			if int(index[j]) >= in {
				return nil, problem(text(what, " index ", int(index[j]), " out of range [0, ", in, ")"))
			}
			sum += int32(weight[j])
			size += max(int32(weight[j]), -int32(weight[j]))
		}
		if sum != 1<<ermfmt.ResizeBits || size > 2<<ermfmt.ResizeBits {
			return nil, problem(text("the weights of a ", what, " sum to ", sum, " and their magnitudes to ", size, ", want ", 1<<ermfmt.ResizeBits, " and at most ", 2<<ermfmt.ResizeBits))
		}
	}
	return append([]uint16{}, index...), ""
}
