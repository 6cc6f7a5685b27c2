//go:build !purego

package arm64

import (
	"unsafe"

	"github.com/edgerun/edgerun/kernels"
)

// Winograd's F(4x4, 3x3) in integers: the 4x4 outputs of a tile take 36 products
// for every input channel instead of 144.
//
//	Y = Aᵀ·[(G·w·Gᵀ) ∘ (Bᵀ·d·B)]·A
//
// summed over input channels before the last step. G here is 24 times the usual
// one, so that everything is an integer, and Y is 576 times the convolution:
//
//	     4  0 -5  0  1  0          6  0  0
//	     0  4  4 -1 -1  0          4  4  4          1  1  1  1  1  0
//	Bᵀ = 0  4 -4 -1  1  0     G = -4  4 -4     Aᵀ = 0  1 -1  2 -2  0
//	     0 -2 -1  2  1  0          1  2  4          0  1  1  4  4  0
//	     0  2 -1 -2  1  0          1 -2  4          0  1 -1  8 -8  4
//	     0  4  0 -5  0  1          0  0  6
//
// |Bᵀ·d·B| <= 12,800 and |G·w·Gᵀ| <= 18,288 fit 16 bits. Sums may wrap around
// modulo 2^32: 576 = 64·9, and 9 has an inverse, so that Y·inv9 = 64·acc modulo
// 2^32, which is acc itself whenever |acc| < 2^25. Takes asks for that.
//
// It works on strips: rectangles of tiles, whose input is copied with its padding as
// for a direct convolution; v = Bᵀ·d·B of all of them [36][tiles][ic]; and for
// every 16 output channels m = Σ v·u [tiles][4][36][4] and the outputs.
var winograd = kernels.Conv{
	Name:        "s8-conv-winograd4x4-neon",
	Takes:       winogradTakes,
	PackedBytes: func(a *kernels.ConvArgs) int { p := newWinograd(a); return p.packed },
	Pack:        packWinograd,
	Scratch:     func(a *kernels.ConvArgs) int { return winogradAt(a.Packed).scratch() },
	Units:       func(a *kernels.ConvArgs, workers int) int { g := winogradAt(a.Packed).grid(workers); return g.total },
	Run:         winogradRun,
}

// inv9 is the inverse of 9 modulo 2^32.
const inv9 = 0x38e38e39

const (
	tileM        = 4 * 36 * 16 // bytes of m of a tile, for 16 channels
	winogradV    = 320 << 10   // bytes of v of a strip that are aimed at
	winogradMost = 1 << 25     // bound of the accumulators
)

// winogradPlan is how a convolution is computed; it stands at the head of the
// packed memory.
type winogradPlan struct {
	plan     // what copies strips
	ic8  int // input channels, rounded up to 8
	th   int // tiles of the output
	tw   int
	sth  int // tiles of a strip
	stw  int
	ub   int // weight bytes of 16 output channels
}

func winogradAt(packed []int8) *winogradPlan {
	return (*winogradPlan)(unsafe.Pointer(unsafe.SliceData(packed)))
}

// winogradTakes reports whether the layer is one that Winograd computes exactly,
// and faster.
func winogradTakes(a *kernels.ConvArgs) bool {
	if a.KH != 3 || a.KW != 3 || a.SH != 1 || a.SW != 1 || a.DH != 1 || a.DW != 1 || a.Groups != 1 || a.IC < 8 || a.OC < 8 {
		return false
	}
	// Cycles on a Cortex-A72, both ways: products, making outputs, making v.
	ic8, blocks, tiles := roundUp(a.IC, 8), ceilDiv(a.OC, 16), ceilDiv(a.OH, 4)*ceilDiv(a.OW, 4)
	fast := tiles * (150*ic8*blocks + 640*blocks + 14*ic8)
	direct := a.OH * a.OW * ceilDiv(a.OC, 4) * (9*a.IC/2 + 5)
	if fast >= direct {
		return false
	}
	k := 9 * a.IC
	for o := range a.OC {
		sum := max(int64(a.Bias[o]), -int64(a.Bias[o]))
		for _, w := range a.Weights[o*k:][:k] {
			sum += 128 * int64(max(w, -w))
		}
		if sum >= winogradMost {
			return false
		}
	}
	return true
}

func newWinograd(a *kernels.ConvArgs) winogradPlan {
	p := winogradPlan{ic8: roundUp(a.IC, 8), th: ceilDiv(a.OH, 4), tw: ceilDiv(a.OW, 4)}
	p.ic, p.oc, p.k, p.n, p.in, p.out, p.oh, p.ow, p.elem = a.IC, a.OC, 9*a.IC, a.N, a.InPlane, a.OutPlane, a.OH, a.OW, 1
	if a.Out16 != nil {
		p.elem = 2
	}
	p.blocks = ceilDiv(a.OC, 16)
	// Strips are rows of tiles, or pieces of a long one: few, so that v stays near,
	// but twice as many where the weights are what does not fit.
	p.ub = 36 * 2 * 16 * p.ic8
	most := winogradV / (36 * 2 * p.ic8)
	if p.ub*p.blocks > 4*winogradV {
		most *= 2
	}
	p.stw = min(p.tw, max(4, most&^3))
	p.sth = min(p.th, max(1, most/p.stw))
	if p.stw < p.tw {
		p.sth = 1
	}
	p.sth = ceilDiv(p.th, ceilDiv(p.th, p.sth))
	p.copyH, p.pitch = 4*p.sth+2, (4*p.stw+2)*p.ic
	p.qstep = 4 * 64
	if len(a.NegMult) > 0 {
		p.qstep = 6 * 64
	}
	p.consts = line(int(unsafe.Sizeof(p)))
	p.weights = p.consts + p.blocks*p.qstep
	p.packed = p.weights + p.blocks*p.ub + 64
	return p
}

func packWinograd(dst []int8, a *kernels.ConvArgs) {
	clear(dst)
	p := newWinograd(a)
	*winogradAt(dst) = p
	for b := range p.blocks {
		cols := min(16, p.oc-16*b)
		q := dst[p.consts+b*p.qstep:][:p.qstep]
		p.packConsts(q, a, 16*b, cols)
		w := unsafe.Slice((*[16]int32)(unsafe.Pointer(&q[0])), p.qstep/64)
		// The bias goes through the output transformation, and the accumulators
		// that are to be shifted are 64 times as large. What is behind the
		// constants says whether gemmFinish takes over.
		if w[2][0] < 0 {
			w[len(w)-1][0] = 1
		}
		for i := range w[0] {
			w[0][i] *= 576
			if w[len(w)-1][0] == 0 {
				w[2][i] -= 6
			}
		}
		u := unsafe.Slice((*int16)(unsafe.Pointer(&dst[p.weights+b*p.ub])), p.ub/2)
		for c := range cols {
			for i := range p.ic {
				transformWeights(u[i*16+c:], 16*p.ic8, a.Weights[(16*b+c)*p.k+i:], p.ic)
			}
		}
	}
}

// transformWeights writes G·w·Gᵀ, xy = 6·column + row, step elements apart. Weight
// (y, x) is w[(3y+x)·ic].
func transformWeights(u []int16, step int, w []int8, ic int) {
	var t [6][3]int32
	for x := range 3 {
		a, b, c := int32(w[x*ic]), int32(w[(3+x)*ic]), int32(w[(6+x)*ic])
		t[0][x], t[1][x], t[2][x] = 6*a, 4*(a+b+c), 4*(b-a-c)
		t[3][x], t[4][x], t[5][x] = a+2*b+4*c, a-2*b+4*c, 6*c
	}
	for y := range 6 {
		a, b, c := t[y][0], t[y][1], t[y][2]
		for x, v := range [6]int32{6 * a, 4 * (a + b + c), 4 * (b - a - c), a + 2*b + 4*c, a - 2*b + 4*c, 6 * c} {
			u[(6*x+y)*step] = int16(v)
		}
	}
}

// winogradGrid cuts the work into strips of tiles, times parts of the output
// channels.
type winogradGrid struct {
	sth, across, strips, parts, per, total int
}

func (p *winogradPlan) grid(workers int) winogradGrid {
	g := winogradGrid{sth: p.sth, across: ceilDiv(p.tw, p.stw), parts: 1}
	if workers > 1 {
		g.sth = min(p.sth, max(1, p.th/(2*workers)))
	}
	g.strips = ceilDiv(p.th, g.sth) * g.across
	if have := p.n * g.strips; workers > 1 && have < 2*workers {
		g.parts = min(ceilDiv(2*workers, have), p.blocks)
	}
	g.per = ceilDiv(p.blocks, g.parts)
	g.parts = ceilDiv(p.blocks, g.per)
	g.total = p.n * g.strips * g.parts
	return g
}

// tiles is the number of tiles of a strip, rounded up to what the kernel does at a
// time.
func (p *winogradPlan) tiles() int { return roundUp(p.sth*p.stw, 4) }

const (
	spillBytes   = 12 * 16
	resultsBytes = 16 * 64
)

func (p *winogradPlan) scratch() int {
	return line(p.copyH*p.pitch+slack) + line(spillBytes) + line(resultsBytes) + 64 + line(16) +
		line(36*2*p.ic8*p.tiles()+slack) + line(tileM*p.tiles())
}

// winogradInputArgs are the arguments of winogradInput: v of some tiles side by
// side.
type winogradInputArgs struct {
	x      *int8  // the first tile's first pixel
	v      *int16 // its results of xy = 0
	spill  *int8  // memory for 12 registers
	pitch  int    // bytes of a row
	pixel  int    // bytes of a pixel
	step   int    // bytes from v[xy] to v[xy+1]
	tiles  int
	groups int // of 8 input channels
}

//go:noescape
func winogradInput(a *winogradInputArgs)

// winogradProductArgs are the arguments of winogradProduct: m of 16 output
// channels, for count xy.
type winogradProductArgs struct {
	v      *int16 // of the first xy
	u      *int16
	m      *int32
	count  int
	step   int // bytes from v[xy] to v[xy+1]
	tiles  int // a multiple of 4
	groups int // of 8 input channels
}

//go:noescape
func winogradProduct(a *winogradProductArgs)

// winogradOutputArgs are the arguments of winogradOutput: the outputs of some tiles
// side by side, for up to 16 channels.
type winogradOutputArgs struct {
	m          *int32
	q          *int32 // constants, as gemmArgs has them, but 576·bias, and shifts 6 less
	out        unsafe.Pointer
	results    *int8     // memory for a tile's accumulators
	pixels     *int8     // memory for four pixels
	finish     *gemmArgs // what gemmFinish needs to make the outputs, or nil
	offsets    *int32    // of four pixels' outputs, for gemmFinish
	rowBytes   int
	pixelBytes int
	tiles      int
	rows, cols int // of outputs that there are, over all tiles
	n          int // channels

	inv    [4]int32
	zero   [4]int32
	lo, hi [16]int8
}

//go:noescape
func winogradOutput(a *winogradOutputArgs)

func winogradRun(a *kernels.ConvArgs, w, u0, u1 int) {
	p := winogradAt(a.Packed)
	g := p.grid(a.Workers)
	c := carver{a.Scratch[w]}
	x := c.int8s(p.copyH*p.pitch + slack)
	spill := c.int8s(spillBytes)
	results := c.int8s(resultsBytes)
	pixels := c.int8s(64)
	offsets := c.int32s(4)
	v := c.int8s(36*2*p.ic8*p.tiles() + slack)
	m := c.int8s(tileM * p.tiles())
	for i := range offsets {
		offsets[i] = int32(i * p.out.W * p.elem)
	}
	finish := gemmArgs{pre: int32(a.Pre), zero32: a.ZOut, lo32: a.Lo, hi32: a.Hi}
	if len(a.NegMult) > 0 {
		finish.flags |= gemmNeg
	}
	if a.Out16 != nil {
		finish.flags |= gemmWide
	}
	o := winogradOutputArgs{
		results: &results[0], pixels: &pixels[0], offsets: &offsets[0], rowBytes: p.out.H * p.elem, pixelBytes: p.out.W * p.elem,
	}
	for i := range o.zero {
		o.inv[i], o.zero[i] = inv9, a.ZOut<<16
	}
	fillBytes(o.lo[:], int8(a.Lo))
	fillBytes(o.hi[:], int8(a.Hi))
	long := o // scales by the way that takes any accumulator
	long.finish = &finish
	last := -1
	for u := u0; u < u1; u++ {
		part, at := u%g.parts, u/g.parts
		st := winogradStrip{n: at / g.strips, y: at % g.strips / g.across * g.sth, x: at % g.strips % g.across * p.stw}
		st.h, st.w = min(g.sth, p.th-st.y), min(p.stw, p.tw-st.x)
		if at != last {
			last = at
			p.copyStrip(a, x, st.n, 0, 4*st.y-a.PT, 4*st.x-a.PL, 4*st.h+2, 4*st.w+2)
			p.input(&st, x, v, spill)
		}
		for b := part * g.per; b < min((part+1)*g.per, p.blocks); b++ {
			p.product(a, &st, v, m, b)
			args := &o
			if a.Packed[p.consts+(b+1)*p.qstep-64] != 0 {
				args = &long
			}
			p.output(a, &st, args, m, b)
		}
	}
}

// winogradStrip is a rectangle of tiles of image n.
type winogradStrip struct{ n, y, x, h, w int }

// vstep is the number of bytes from v[xy] to v[xy+1].
func (p *winogradPlan) vstep() int { return 2 * p.ic8 * p.tiles() }

// input transforms a strip's input.
func (p *winogradPlan) input(st *winogradStrip, x, v, spill []int8) {
	a := winogradInputArgs{spill: &spill[0], pitch: p.pitch, pixel: p.ic, step: p.vstep(), groups: p.ic8 / 8}
	// A tile takes some 250 cycles for every 8 channels on a Cortex-A53.
	most := max(1, callCycles/(250*a.groups))
	for y := range st.h {
		for t := 0; t < st.w; t += most {
			a.x = &x[4*y*p.pitch+4*t*p.ic]
			a.v = (*int16)(unsafe.Pointer(&v[2*p.ic8*(y*st.w+t)]))
			a.tiles = min(most, st.w-t)
			winogradInput(&a)
		}
	}
}

// product computes m for a block of output channels.
func (p *winogradPlan) product(a *kernels.ConvArgs, st *winogradStrip, v, m []int8, b int) {
	args := winogradProductArgs{step: p.vstep(), groups: p.ic8 / 8}
	tiles := roundUp(st.h*st.w, 4)
	// Four tiles take 16 cycles for every input channel.
	side := min(tiles, max(4, callCycles/(4*p.ic8)&^3))
	most := max(1, callCycles/(side*4*p.ic8))
	for xy := 0; xy < 36; xy += most {
		args.u = (*int16)(unsafe.Pointer(&a.Packed[p.weights+b*p.ub+xy*32*p.ic8]))
		args.count = min(most, 36-xy)
		for t := 0; t < tiles; t += side {
			args.v = (*int16)(unsafe.Pointer(&v[xy*args.step+2*p.ic8*t]))
			args.m = (*int32)(unsafe.Pointer(&m[xy*16+tileM*t]))
			args.tiles = min(side, tiles-t)
			winogradProduct(&args)
		}
	}
}

// output makes the outputs of a block of channels.
func (p *winogradPlan) output(a *kernels.ConvArgs, st *winogradStrip, o *winogradOutputArgs, m []int8, b int) {
	o.q = (*int32)(unsafe.Pointer(&a.Packed[p.consts+b*p.qstep]))
	o.n = min(16, p.oc-16*b)
	const most = callCycles / 1500 // tiles
	for y := range st.h {
		row := st.n*p.out.N + 4*(st.y+y)*p.out.H + 16*b
		o.rows = min(4, p.oh-4*(st.y+y))
		for t := 0; t < st.w; t += most {
			at := row + 4*(st.x+t)*p.out.W
			if a.Out16 != nil {
				o.out = unsafe.Pointer(&a.Out16[at])
			} else {
				o.out = unsafe.Pointer(&a.Out[at])
			}
			o.m = (*int32)(unsafe.Pointer(&m[tileM*(y*st.w+t)]))
			o.tiles, o.cols = min(most, st.w-t), p.ow-4*(st.x+t)
			winogradOutput(o)
		}
	}
}
