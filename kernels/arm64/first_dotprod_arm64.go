//go:build !purego

package arm64

import (
	"unsafe"

	"github.com/edgerun/edgerun/kernels"
)

// firstDot is the usual first layer of a network for images: a 3x3 kernel over
// three channels, with a multiple of 16 outputs. first_dotprod_arm64.s says how.
var firstDot = kernels.Conv{
	Name:        "s8-conv-first3x3-dotprod",
	Takes:       firstTakes,
	PackedBytes: func(a *kernels.ConvArgs) int { p := newFirst(a); return p.packed },
	Pack:        packFirst,
	Scratch:     func(a *kernels.ConvArgs) int { p := planAt(a.Packed); return line(p.copyH*p.pitch + slack) },
	Units:       func(a *kernels.ConvArgs, workers int) int { g := planAt(a.Packed).grid(a, workers); return g.total },
	Run:         firstRun,
}

func firstTakes(a *kernels.ConvArgs) bool {
	if a.KH != 3 || a.KW != 3 || a.IC != 3 || a.Groups != 1 || a.DW != 1 || a.SW > 3 || a.OW < 4 || a.OC%16 != 0 ||
		a.Pre > 0 || len(a.NegMult) > 0 || a.Out16 != nil {
		return false
	}
	p := newFirst(a)
	if p.sw < 4 {
		return false
	}
	var mult, shift [16]int32
	for c := 0; c < a.OC; c += 16 {
		if !p.packShort(&mult, &shift, a, c, 16) {
			return false
		}
	}
	return true
}

// firstBytes are the weight bytes of an output channel.
const firstBytes = 28

// newFirst plans strips that are copied, as for other convolutions.
func newFirst(a *kernels.ConvArgs) plan {
	p := newPlan(tierDotProd, a, false)
	p.from = fromCopy
	p.chooseStrip(a)
	p.blocks, p.qstep = a.OC/16, 3*64
	p.consts = line(int(unsafe.Sizeof(p)))
	p.weights = p.consts + p.blocks*p.qstep
	p.packed = p.weights + firstBytes*a.OC
	return p
}

func packFirst(dst []int8, a *kernels.ConvArgs) {
	clear(dst)
	p := newFirst(a)
	*planAt(dst) = p
	// In the order of the steps: eight of each run, then the ninths.
	w := make([]int8, firstBytes*a.OC)
	for o := range a.OC {
		from, to := a.Weights[27*o:][:27], w[firstBytes*o:]
		for r := range 3 {
			copy(to[8*r:], from[9*r:][:8])
			to[24+r] = from[9*r+8]
		}
	}
	for b := range p.blocks {
		p.packConsts(dst[p.consts+b*p.qstep:], a, 16*b, 16)
		tierDotProd.pack(dst[p.weights+16*firstBytes*b:][:16*firstBytes], w[16*b*firstBytes:], firstBytes, 16, 16, []run{{n: firstBytes, kc: firstBytes}})
	}
}

// firstArgs are the arguments of firstDotProd: tiles of four pixels side by side.
type firstArgs struct {
	a         *int8 // the first pixel's first run
	w         *int8
	q         *int32
	out       *int8
	tiles     int
	blocks    int // of 16 output channels
	step, gap int // bytes from one pixel to the next, and from run to run
	outStep   int // bytes from one output pixel to the next
	clamp     int // 0: the bounds are those of the type

	ninth  [3][16]int8 // where the ninth bytes of four pixels are, from the eighth on
	zero   [4]int32    // in the upper half
	lo, hi [16]int8
}

// firstDotProd reads up to 31 bytes from the ninth byte of a tile's runs on.
//
//go:noescape
func firstDotProd(a *firstArgs)

func firstRun(a *kernels.ConvArgs, w, u0, u1 int) {
	p := planAt(a.Packed)
	g := p.grid(a, a.Workers)
	c := carver{a.Scratch[w]}
	copied := c.int8s(p.copyH*p.pitch + slack)
	args := firstArgs{step: 3 * a.SW, gap: a.DH * p.pitch, outStep: p.out.W}
	if a.Lo != -128 || a.Hi != 127 {
		args.clamp = 1
	}
	for i := range args.zero {
		args.zero[i] = a.ZOut << 16
	}
	fillBytes(args.lo[:], int8(a.Lo))
	fillBytes(args.hi[:], int8(a.Hi))
	for r := range args.ninth {
		fillBytes(args.ninth[r][:], -1)
		for i := range 4 {
			args.ninth[r][4*i+r] = int8(i * args.step)
		}
	}
	last := -1
	for u := u0; u < u1; u++ {
		part, at := u%g.parts, u/g.parts
		n, tile := at/g.strips, at%g.strips
		y0, x0 := tile/g.across*g.sh, tile%g.across*g.sw
		sh, sw := min(g.sh, p.oh-y0), min(g.sw, p.ow-x0)
		// A strip at the right edge may be too narrow for a tile: it begins earlier.
		if sw < 4 {
			x0 -= 4 - sw
			sw = 4
		}
		if at != last {
			last = at
			p.copyStrip(a, copied, n, 0, y0*a.SH-a.PT, x0*a.SW-a.PL, (sh-1)*a.SH+2*a.DH+1, (sw-1)*a.SW+3)
		}
		b := part * g.per
		args.blocks = min(g.per, p.blocks-b)
		args.w, args.q = &a.Packed[p.weights+16*firstBytes*b], (*int32)(unsafe.Pointer(&a.Packed[p.consts+b*p.qstep]))
		for y := range sh {
			// A tile takes some 250 cycles on a Cortex-A55.
			most := 4 * max(1, callCycles/(250*args.blocks))
			for x := 0; x < sw; x += most {
				p.firstRow(a, &args, copied[y*a.SH*p.pitch+x*args.step:], n*p.out.N+(y0+y)*p.out.H+(x0+x)*p.out.W+16*b, min(most, sw-x))
			}
		}
	}
}

// firstRow does m pixels of a row. The last ones of a number that is no multiple of
// 4 are done with some that are done already; the first call of a row has four.
func (p *plan) firstRow(a *kernels.ConvArgs, args *firstArgs, x []int8, out, m int) {
	if args.tiles = m / 4; args.tiles > 0 {
		args.a, args.out = &x[0], &a.Out[out]
		firstDotProd(args)
	}
	if m%4 != 0 {
		args.tiles = 1
		args.a = (*int8)(unsafe.Add(unsafe.Pointer(&x[0]), (m-4)*args.step))
		args.out = &a.Out[out+(m-4)*p.out.W]
		firstDotProd(args)
	}
}
