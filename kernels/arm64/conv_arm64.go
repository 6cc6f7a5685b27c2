//go:build !purego

package arm64

import (
	"unsafe"

	"github.com/edgerun/edgerun/kernels"
)

// fill gathers the columns of output pixels [p0, p0+rows) for group g of image n:
// KH·KW·IC/Groups bytes in the order of the weights, ld bytes from one to the
// next.
type fill func(a *kernels.ConvArgs, x []int8, ld, n, g, p0, rows int)

// newConv returns the convolution of a tier. With a fill, columns come from it.
func newConv(family string, t tier, f fill) kernels.Conv {
	return kernels.Conv{
		Name: "s8-" + family + "-4x16-" + t.String(),
		Takes: func(a *kernels.ConvArgs) bool {
			p := newPlan(t, a, f != nil)
			return p.scratch() <= maxScratch
		},
		PackedBytes: func(a *kernels.ConvArgs) int { p := newPlan(t, a, f != nil); return p.packed },
		Pack: func(dst []int8, a *kernels.ConvArgs) {
			p := newPlan(t, a, f != nil)
			p.pack(t, dst, a)
		},
		Scratch: func(a *kernels.ConvArgs) int { return planAt(a.Packed).scratch() },
		Units:   func(a *kernels.ConvArgs, workers int) int { g := planAt(a.Packed).grid(a, workers); return g.total },
		Run:     func(a *kernels.ConvArgs, w, u0, u1 int) { convRun(t, a, w, u0, u1, f) },
		Columns: f,
	}
}

// grid cuts the work into units: strips of pixels, times groups, times parts of a
// group's column blocks when there are too few.
type grid struct {
	sh, sw         int // pixels of a strip
	across, strips int // strips side by side, and of an image
	parts, per     int // parts, and column blocks of one
	total          int
}

// minPixels is the number of pixels below which strips are not cut for the sake
// of more workers.
const minPixels = 16

func (p *plan) grid(a *kernels.ConvArgs, workers int) grid {
	g := grid{sh: p.sh, sw: p.sw, parts: 1}
	if want := 4 * workers; workers > 1 {
		if p.oh > 1 && p.sw == p.ow {
			g.sh = min(p.sh, max(ceilDiv(p.oh, want), ceilDiv(minPixels, p.ow)))
		} else {
			g.sw = min(p.sw, max(roundUp(ceilDiv(p.oh*p.ow, want), 4), minPixels))
		}
	}
	g.across = ceilDiv(p.ow, g.sw)
	g.strips = ceilDiv(p.oh, g.sh) * g.across
	if have := p.n * g.strips * a.Groups; workers > 1 && have < 4*workers {
		g.parts = min(ceilDiv(4*workers, have), p.blocks)
	}
	g.per = ceilDiv(p.blocks, g.parts)
	g.parts = ceilDiv(p.blocks, g.per)
	g.total = p.n * g.strips * a.Groups * g.parts
	return g
}

// Every strip's memory: a tile's accumulators, four rows, the copy, the columns.
// Kernels and gathering read and write up to 64 bytes behind the end.
const slack = 64

// copyBytes is the size of a strip's copy, what is read behind the last run
// included.
func (p *plan) copyBytes() int { return p.copyH*p.pitch + p.pieces*p.kc - p.runBytes + slack }

// maxScratch bounds the memory of a worker. Only taps that lie very far apart need
// more; plain Go, which copies nothing, takes those.
const maxScratch = 32 << 20

func (p *plan) scratch() int {
	n := line(4*64) + line(4*4) + line(4*p.rowBytes())
	if p.copyH > 0 {
		n += line(p.copyBytes())
	}
	if p.from == fromColumns {
		n += line(p.sh*p.sw*p.rowBytes() + slack)
	}
	return n
}

// memory is that, cut up.
type memory struct {
	acc     []int32
	tailRow []int32
	tail    []int8
	copied  []int8
	columns []int8
}

func (p *plan) carve(scratch []byte) (m memory) {
	c := carver{scratch}
	m.acc = c.int32s(64)
	m.tailRow = c.int32s(4)
	m.tail = c.int8s(4 * p.rowBytes())
	if p.copyH > 0 {
		m.copied = c.int8s(p.copyBytes())
	}
	if p.from == fromColumns {
		m.columns = c.int8s(p.sh*p.sw*p.rowBytes() + slack)
	}
	for i := range m.tailRow {
		m.tailRow[i] = int32(i * p.rowBytes())
	}
	return m
}

// convRun does units [u0, u1) as worker w.
func convRun(t tier, a *kernels.ConvArgs, w, u0, u1 int, f fill) {
	p := planAt(a.Packed)
	g := p.grid(a, a.Workers)
	mem := p.carve(a.Scratch[w])
	rows, outs, taps := p.offsets(a.Packed)
	s := strip{rows: rows, outs: outs}
	s.spansY, s.spansX = p.spansAt(a.Packed)
	args := p.args(a, &mem, taps)
	last := -1
	var x []int8 // where the strip's rows lie
	for u := u0; u < u1; u++ {
		part, at := u%g.parts, u/g.parts
		group, tile := at%a.Groups, at/a.Groups
		n, tile := tile/g.strips, tile%g.strips
		y0, x0 := tile/g.across*g.sh, tile%g.across*g.sw
		sh, sw := min(g.sh, p.oh-y0), min(g.sw, p.ow-x0)
		if at != last {
			last = at
			x = p.gather(a, &mem, rows, f, n, group, y0, x0, sh, sw)
		}
		out := n*p.out.N + y0*p.out.H + x0*p.out.W + group*p.oc
		if a.Out16 != nil {
			args.out = unsafe.Pointer(&a.Out16[out])
		} else {
			args.out = unsafe.Pointer(&a.Out[out])
		}
		b0 := part * g.per
		s.y0, s.x0, s.sh, s.sw = y0, x0, sh, sw
		p.product(t, a, &args, &mem, x, &s, group, b0, min(b0+g.per, p.blocks))
	}
}

// args sets what all calls of a run share.
func (p *plan) args(a *kernels.ConvArgs, mem *memory, taps []int32) gemmArgs {
	args := gemmArgs{
		taps: &taps[0], acc: &mem.acc[0], ntaps: p.ntaps, kc: p.kc, rest: p.rowBytes(), qstep: p.qstep, shift: p.elem - 1,
		pre: int32(a.Pre), zero32: a.ZOut, lo32: a.Lo, hi32: a.Hi,
	}
	for i := range args.zero {
		args.zero[i] = a.ZOut << 16
	}
	fillBytes(args.lo[:], int8(a.Lo))
	fillBytes(args.hi[:], int8(a.Hi))
	if p.narrow {
		args.narrow = 1
	}
	if len(a.NegMult) > 0 {
		args.flags |= gemmNeg
	}
	if a.Out16 != nil {
		args.flags |= gemmWide
	} else if a.Lo != -128 || a.Hi != 127 {
		args.flags |= gemmClamp
	}
	return args
}

// gather returns what the rows of a strip count from, after copying or gathering
// them where that is needed.
func (p *plan) gather(a *kernels.ConvArgs, mem *memory, rows []int32, f fill, n, g, y0, x0, sh, sw int) []int8 {
	if p.from == fromInput {
		return a.In[n*p.in.N+y0*a.SH*p.in.H+x0*a.SW*p.in.W+g*p.ic:]
	}
	if f != nil {
		f(a, mem.columns, p.rowBytes(), n, g, y0*p.ow+x0, sh*sw)
		return mem.columns
	}
	p.copyStrip(a, mem.copied, n, g, y0*a.SH-a.PT, x0*a.SW-a.PL, (sh-1)*a.SH+(a.KH-1)*a.DH+1, (sw-1)*a.SW+(a.KW-1)*a.DW+1)
	if p.from == fromCopy {
		return mem.copied
	}
	p.gatherColumns(a, mem, sh, sw)
	return mem.columns
}

// copyArgs are the arguments of copyRowsNEON: rows of front bytes of fill, runs of n
// bytes, and behind bytes of fill.
type copyArgs struct {
	dst, src         *int8
	rows, runs, n    int
	srcStep, dstStep int // bytes from one run to the next
	srcRow, dstRow   int // and from one row
	front, behind    int
	fill             int8
}

// copyRowsNEON writes up to 15 bytes behind the last row.
//
//go:noescape
func copyRowsNEON(a *copyArgs)

// callBytes bounds what a call copies: some 60,000 cycles on a Cortex-A53.
const callBytes = 128 << 10

// copyStrip copies h rows of w pixels from (y, x) on, one group's channels.
// Outside the input there is the zero point. It writes into the slack behind dst.
func (p *plan) copyStrip(a *kernels.ConvArgs, dst []int8, n, g, y, x, h, w int) {
	left := min(max(-x, 0), w)
	right := min(max(a.IW-x, left), w)
	top := min(max(-y, 0), h)
	bottom := min(max(a.IH-y, top), h)
	c := copyArgs{n: (right - left) * p.ic, runs: 1, srcRow: p.in.H, dstRow: p.pitch, front: left * p.ic, behind: (w - right) * p.ic, fill: int8(a.ZIn)}
	if p.in.W != p.ic {
		c.n, c.runs, c.srcStep, c.dstStep = p.ic, right-left, p.in.W, p.ic
	}
	if left == right {
		top = bottom // nothing but padding
	}
	fillBytes(dst[:top*p.pitch], c.fill)
	rows := max(1, callBytes/(p.pitch+8*c.runs))
	for r := top; r < bottom; r += rows {
		c.dst, c.src, c.rows = &dst[r*p.pitch], &a.In[n*p.in.N+(y+r)*p.in.H+(x+left)*p.in.W+g*p.ic], min(rows, bottom-r)
		copyRowsNEON(&c)
	}
	fillBytes(dst[bottom*p.pitch:h*p.pitch], c.fill)
}

// fillBytes sets every byte.
func fillBytes(d []int8, v int8) {
	if len(d) < 8 {
		for i := range d {
			d[i] = v
		}
		return
	}
	w := uint64(uint8(v)) * 0x0101010101010101
	n := min(len(d), 64)
	for i := 0; i+8 <= n; i += 8 {
		*(*uint64)(unsafe.Pointer(&d[i])) = w
	}
	*(*uint64)(unsafe.Pointer(&d[n-8])) = w
	for n < len(d) {
		n += copy(d[n:], d[:n])
	}
}

// gatherArgs are the arguments of gatherNEON: for every pixel it moves runs of n
// bytes together.
type gatherArgs struct {
	dst, src *int8
	gaps     *int32 // where the runs of a pixel start
	pixels   int
	runs, n  int
	step, ld int // bytes from one pixel to the next, in src and dst
}

//go:noescape
func gatherNEON(a *gatherArgs)

// gatherColumns moves the rows of a strip's pixels together. Up to 31 bytes behind
// src and dst are read and written.
func (p *plan) gatherColumns(a *kernels.ConvArgs, mem *memory, sh, sw int) {
	gaps := p.gapsAt(a.Packed)
	g := gatherArgs{gaps: &gaps[0], runs: len(gaps), n: p.k / len(gaps), step: a.SW * p.ic, ld: p.rowBytes()}
	// A call takes some 6 cycles for every run and 16 bytes on a Cortex-A53.
	most := max(1, callCycles/(len(gaps)*(8+g.n/2)))
	for y := range sh {
		for x := 0; x < sw; x += most {
			g.dst, g.src = &mem.columns[(y*sw+x)*g.ld], &mem.copied[y*a.SH*p.pitch+x*g.step]
			g.pixels = min(most, sw-x)
			gatherNEON(&g)
		}
	}
}

// strip is a rectangle of output pixels: [y0, y0+sh) times [x0, x0+sw).
type strip struct {
	rows, outs     []int32 // in the order of the plan
	spansY, spansX []span
	y0, x0, sh, sw int
}

// product computes column blocks [b0, b1) of a group for the rows of a strip.
func (p *plan) product(t tier, a *kernels.ConvArgs, args *gemmArgs, mem *memory, x []int8, s *strip, g, b0, b1 int) {
	args.w = &a.Packed[p.weights+g*p.groupBytes]
	args.q = (*int32)(unsafe.Pointer(&a.Packed[p.consts+g*p.groupq]))
	args.a = &x[0]
	n := s.sh * s.sw
	safe := n
	if p.from == fromInput && int(s.rows[n-1])+p.rowBytes() > len(x) {
		// The last rows end with the input, but the kernel would read on.
		for safe > 0 && int(s.rows[safe-1])+p.rowBytes() > len(x) {
			safe--
		}
		safe &^= 3
	}
	if safe > 0 {
		p.calls(t, args, s, s.rows, s.outs, safe, b0, b1)
	}
	for r := safe; r < n; r += 4 {
		m := min(4, n-r)
		for i := range m {
			copy(mem.tail[i*p.rowBytes():][:p.k], x[s.rows[r+i]:])
		}
		args.a = &mem.tail[0]
		p.calls(t, args, s, mem.tailRow, s.outs[r:], m, b0, b1)
	}
}

// calls does the first n rows, as many column blocks at a time as calls of bounded
// length allow.
func (p *plan) calls(t tier, args *gemmArgs, s *strip, rows, outs []int32, n, b0, b1 int) {
	w, q, out := args.w, args.q, args.out
	k := p.rowBytes()
	blocks := min(max(1, callCycles/(tileCycles(k)*min(ceilDiv(n, 4), 8))), b1-b0)
	for b := b0; b < b1; b += blocks {
		first := p.first(b)
		args.w = (*int8)(unsafe.Add(unsafe.Pointer(w), first*k))
		args.q = (*int32)(unsafe.Add(unsafe.Pointer(q), b*p.qstep))
		args.out = unsafe.Add(out, first*p.elem)
		args.n, args.blocks = p.oc-first, min(blocks, b1-b)
		if p.ny*p.nx > 1 {
			p.rectangles(t, args, s, b)
		} else {
			p.rowCalls(t, args, rows[:n], outs, b)
		}
	}
	args.w, args.q, args.out = w, q, out
}

// rowCalls does rows for the blocks of args, the first of which is b.
func (p *plan) rowCalls(t tier, args *gemmArgs, rows, outs []int32, b int) {
	cycles := tileCycles(args.ntaps * args.kc)
	tiles := max(1, callCycles/(cycles*args.blocks))
	for r := 0; r < len(rows); r += 4 * tiles {
		args.rows, args.outs, args.m = &rows[r], &outs[r], min(4*tiles, len(rows)-r)
		if cycles > mostCycles && p.tooLong(args, b) {
			p.longTile(t, args, b)
		} else {
			t.run(args)
		}
	}
}

// tooLong reports whether a single tile of block b takes too long for one call.
func (p *plan) tooLong(args *gemmArgs, b int) bool {
	k, width := args.ntaps*args.kc, p.width(b)
	if args.m == 1 && width == 16 {
		return rowCycles(k) > mostCycles
	}
	return tileCycles(k)*width/16 > mostCycles
}

// longTile computes one tile in several calls, each of them some taps.
func (p *plan) longTile(t tier, args *gemmArgs, b int) {
	call := *args
	call.flags |= gemmSpill
	n := max(1, callCycles/tileCycles(args.kc))
	for first := 0; first < args.ntaps; first += n {
		call.ntaps = min(n, args.ntaps-first)
		if first+n >= args.ntaps {
			call.flags &^= gemmSpill
		}
		t.run(&call)
		call.taps = (*int32)(unsafe.Add(unsafe.Pointer(call.taps), 4*n))
		call.w = (*int8)(unsafe.Add(unsafe.Pointer(call.w), n*(args.kc+args.gap)*p.width(b)))
		call.flags |= gemmFill
	}
}
