//go:build !purego

package arm64

import (
	"unsafe"

	"github.com/edgerun/edgerun/kernels"
)

// Taps that read padding are left out. Output pixels that meet the same taps form a
// rectangle of the output: spans along y, times spans along x. What the padding
// would have given is a constant, ZIn times the weights of the taps that are left
// out; so every rectangle has a bias of its own.

// span is a run of outputs along one axis that meet the same taps, [lo, hi). It
// ends where the next one starts; there is one without taps behind the last.
type span struct{ first, lo, hi int32 }

// axisTaps returns the taps of output o that read inside an input of n: [lo, hi) of
// k. An output without any has them all.
func axisTaps(o, n, k, stride, dilation, pad int) (lo, hi int) {
	at := o*stride - pad
	if at < 0 {
		lo = ceilDiv(-at, dilation)
	}
	hi = k
	if over := at + (k-1)*dilation - (n - 1); over > 0 {
		hi = k - ceilDiv(over, dilation)
	}
	if lo >= hi {
		return 0, k
	}
	return lo, hi
}

// spansOf lists the spans of an axis of out outputs. Without clip there is one.
func spansOf(clip bool, out, n, k, stride, dilation, pad int) []span {
	if !clip {
		return []span{{0, 0, int32(k)}, {first: int32(out)}}
	}
	var all []span
	for o := range out {
		lo, hi := axisTaps(o, n, k, stride, dilation, pad)
		s := span{int32(o), int32(lo), int32(hi)}
		if last := len(all) - 1; last < 0 || all[last].lo != s.lo || all[last].hi != s.hi {
			all = append(all, s)
		}
	}
	return append(all, span{first: int32(out)})
}

// spans returns those along y and x, as the plan wants them.
func (p *plan) spans(a *kernels.ConvArgs) (y, x []span) {
	return spansOf(p.clipY, p.oh, a.IH, a.KH, a.SH, a.DH, a.PT), spansOf(p.clipX, p.ow, a.IW, a.KW, a.SW, a.DW, a.PL)
}

// chooseClip decides along which axes taps are left out: smaller rectangles have
// more rows that fill no tile.
func (p *plan) chooseClip(t tier, a *kernels.ConvArgs) {
	p.ny, p.nx = 1, 1
	if p.from != fromCopy {
		return
	}
	// Along x a tap is part of a run, unless every tap is a run.
	whole := p.natural == a.KH && p.ic%t.step() == 0 && p.pieces == 1 || p.natural == a.KW && a.KH == 1
	best := p.clippedCycles(t, a)
	y, x := p.clipY, p.clipX
	for try := 1; try < 4; try++ {
		p.clipY, p.clipX = try&1 != 0, try&2 != 0
		if p.clipX && !whole {
			continue
		}
		if c := p.clippedCycles(t, a); c < best {
			best, y, x = c, p.clipY, p.clipX
		}
	}
	p.clipY, p.clipX = y, x
	sy, sx := p.spans(a)
	p.ny, p.nx = len(sy)-1, len(sx)-1
}

// rectCycles is what a call costs that has no rows, on a Cortex-A53.
const rectCycles = 300

// clippedCycles estimates what an image takes, for 16 output channels.
func (p *plan) clippedCycles(t tier, a *kernels.ConvArgs) int {
	sy, sx := p.spans(a)
	sum := 0
	for y0 := 0; y0 < p.oh; y0 += p.sh {
		for i := range sy[1:] {
			h := min(int(sy[i+1].first), y0+p.sh) - max(int(sy[i].first), y0)
			for j := range sx[1:] {
				if h <= 0 {
					continue
				}
				m := h * int(sx[j+1].first-sx[j].first)
				k := int((sy[i].hi-sy[i].lo)*(sx[j].hi-sx[j].lo)) * p.ic
				sum += rectCycles + m/4*tileCycles(k) + t.fewCycles(m%4, k)
			}
		}
	}
	return sum
}

// fewCycles is what m rows take that fill no tile.
func (t tier) fewCycles(m, k int) int {
	if t == tierDotProd {
		return m%2*rowCycles(k) + m/2*(2*rowCycles(k)-k/2)
	}
	if alone := 2 - int(t/tierI8MM); m > alone {
		return tileCycles(k)
	}
	return m * rowCycles(k)
}

// rectangles calls the kernel for rows [y0, y0+sh), columns [x0, x0+sw) of the
// output, one rectangle after the other.
func (p *plan) rectangles(t tier, args *gemmArgs, s *strip, b int) {
	full := *args
	for i := range p.ny {
		y := &s.spansY[i]
		ya, yb := max(int(y.first), s.y0), min(int(s.spansY[i+1].first), s.y0+s.sh)
		if ya >= yb {
			continue
		}
		for j := range p.nx {
			x := &s.spansX[j]
			xa, xb := max(int(x.first), s.x0), min(int(s.spansX[j+1].first), s.x0+s.sw)
			if xa >= xb {
				continue
			}
			p.clip(args, &full, y, x)
			args.bias = p.biasAt(i, j)
			// The rows of a span along x follow each other.
			at := xa - s.x0
			if p.sh > 1 {
				at = xa*p.sh + (ya-s.y0)*(xb-xa)
			}
			n := (yb - ya) * (xb - xa)
			p.rowCalls(t, args, s.rows[at:][:n], s.outs[at:][:n], b)
		}
	}
	*args = full
}

// clip sets the taps of args to those of two spans.
func (p *plan) clip(args, full *gemmArgs, y, x *span) {
	lo, n := int(y.lo), int(y.hi-y.lo)
	switch {
	case p.natural == p.kh:
		// A run of every kernel row, or part of it.
		front, left := int(x.lo)*p.ic, (p.kw-int(x.hi-x.lo))*p.ic
		args.a = (*int8)(unsafe.Add(unsafe.Pointer(full.a), front))
		args.kc, args.gap = full.kc-left, left
		lo, n = lo*p.pieces, n*p.pieces
		args.head = lo*full.kc + front
	case p.kh == 1:
		lo, n = int(x.lo)*p.pieces, int(x.hi-x.lo)*p.pieces
		args.head = lo * full.kc
	default:
		lo, n = lo*p.kw*p.pieces, n*p.kw*p.pieces
		args.head = lo * full.kc
	}
	args.taps = (*int32)(unsafe.Add(unsafe.Pointer(full.taps), 4*lo))
	args.ntaps = n
	args.rest = p.rowBytes() - args.head
}

// biasAt is where the bias of a rectangle stands in the constants of a block.
func (p *plan) biasAt(i, j int) int {
	if p.ny*p.nx == 1 {
		return 0
	}
	return p.qstep - 64*(p.ny*p.nx-i*p.nx-j)
}

// packBiases writes the biases of all rectangles of a block, behind its other
// constants.
func (p *plan) packBiases(q []int8, a *kernels.ConvArgs, c, cols int) {
	if p.ny*p.nx == 1 {
		return
	}
	sy, sx := p.spans(a)
	tap := make([]int32, a.KH*a.KW) // the sums of a channel's weights
	for o := range cols {
		for i := range tap {
			tap[i] = 0
			for _, v := range a.Weights[(c+o)*p.k+i*p.ic:][:p.ic] {
				tap[i] += int32(v)
			}
		}
		for i := range p.ny {
			for j := range p.nx {
				bias := a.Bias[c+o]
				for n, sum := range tap {
					ky, kx := int32(n/a.KW), int32(n%a.KW)
					if ky < sy[i].lo || ky >= sy[i].hi || kx < sx[j].lo || kx >= sx[j].hi {
						bias += a.ZIn * sum
					}
				}
				*(*int32)(unsafe.Pointer(&q[p.biasAt(i, j)+4*o])) = bias
			}
		}
	}
}
