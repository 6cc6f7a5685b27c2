//go:build !purego

package arm64

import (
	"unsafe"

	"github.com/edgerun/edgerun/kernels"
)

// Convolution as a matrix product, whose rows are output pixels. They lie
//
//   - in the input, when the kernel is 1x1 and nothing is padded;
//   - in a copy of the input rows that a strip of output pixels needs, with the
//     padding filled in. The row of a pixel then is one run of KW·IC bytes for
//     every kernel row, or one of IC bytes for every tap of a kernel that is
//     dilated along x;
//   - in gathered columns, where runs are so short that rounding them up to the
//     kernel's step costs more than gathering, as in a network's first layer, and
//     where columns are sampled.
//
// Strips are rectangles of output pixels that are as wide as the output, or
// pieces of a long row. So the offsets of rows, outputs and taps are the same
// for all strips; they stand in front of the packed weights.
type source uint8

const (
	fromInput source = iota
	fromCopy
	fromColumns
)

const (
	maxPixels  = 1024     // of a strip that is copied
	maxDirect  = 256      // of a strip that is not
	maxCopy    = 96 << 10 // bytes of a strip's copy, if a row of outputs fits
	maxColumns = 32 << 10 // bytes of a strip's columns
	maxRun     = 4096     // bytes of a run; longer ones are cut
)

// plan is how a convolution is computed. It follows from the arguments' geometry
// alone, and stands at the head of the packed memory.
type plan struct {
	from    source
	sampled bool // columns come from a fill
	ic, oc  int  // channels of a group
	k       int  // products of an output

	in, out kernels.Plane
	n       int // images
	oh, ow  int // output rows and pixels of a row
	sh, sw  int // of a strip
	copyH   int // rows of its copy
	pitch   int // bytes of such a row

	natural   int // runs before they are cut,
	runBytes  int // their bytes,
	pieces    int // into how many each is cut,
	ntaps, kc int // what comes out
	gaps      int // runs that are gathered

	kh, kw       int
	clipY, clipX bool // leave out taps that read padding
	ny, nx       int  // spans along y and x

	blocks int  // of a group's channels
	cut    int  // the column where the last of several blocks starts
	narrow bool // blocks at the end may have less than 16 columns
	elem   int  // bytes of an output

	// The packed memory: the plan, tables, constants and weights.
	tables, consts, weights, packed int
	qstep, groupq, groupBytes       int // bytes of a block's and a group's constants, of a group's weights
}

// planAt is the plan of packed memory.
func planAt(packed []int8) *plan { return (*plan)(unsafe.Pointer(unsafe.SliceData(packed))) }

// newPlan makes the plan for a tier; sampled says that columns come from a fill.
func newPlan(t tier, a *kernels.ConvArgs, sampled bool) plan {
	p := plan{
		ic: a.IC / a.Groups, oc: a.OC / a.Groups, n: a.N, in: a.InPlane, out: a.OutPlane, oh: a.OH, ow: a.OW,
		sampled: sampled, elem: 1,
	}
	p.kh, p.kw = a.KH, a.KW
	p.k = a.KH * a.KW * p.ic
	if a.Out16 != nil {
		p.elem = 2
	}
	p.chooseSource(t, a)
	p.cutRuns(t)
	p.chooseStrip(a)
	p.chooseClip(t, a)
	p.layOut(a)
	return p
}

func (p *plan) chooseSource(t tier, a *kernels.ConvArgs) {
	p.natural, p.runBytes = 1, p.k
	switch {
	case p.sampled:
		p.from = fromColumns
	case a.KH == 1 && a.KW == 1 && a.PT == 0 && a.PL == 0 && (a.OH-1)*a.SH < a.IH && (a.OW-1)*a.SW < a.IW:
		p.from = fromInput
		p.flatten(a)
	default:
		natural, runBytes := a.KH, a.KW*p.ic
		if a.DW > 1 && a.KW > 1 {
			natural, runBytes = a.KH*a.KW, p.ic
		}
		if natural*roundUp(runBytes, t.step())*10 > roundUp(p.k, t.step())*11 {
			p.from, p.gaps = fromColumns, natural
		} else {
			p.from, p.natural, p.runBytes = fromCopy, natural, runBytes
		}
	}
}

// flatten makes one long row of the pixels, where they lie at one distance.
func (p *plan) flatten(a *kernels.ConvArgs) {
	if a.IH == 1 && a.IW == 1 {
		// Images of one pixel are the rows of a matrix.
		p.n, p.ow, p.in.W, p.out.W = 1, a.N, a.InPlane.N, a.OutPlane.N
		return
	}
	if a.SH == 1 && a.SW == 1 && a.OW == a.IW && (a.OH == 1 || a.InPlane.H == a.IW*a.InPlane.W && a.OutPlane.H == a.OW*a.OutPlane.W) {
		p.oh, p.ow = 1, a.OH*a.OW
	}
}

func (p *plan) cutRuns(t tier) {
	p.pieces = ceilDiv(p.runBytes, maxRun)
	p.kc = roundUp(ceilDiv(p.runBytes, p.pieces), t.step())
	p.pieces = ceilDiv(p.runBytes, p.kc)
	p.ntaps = p.natural * p.pieces
}

// rowBytes is the number of bytes of a row that the kernel reads.
func (p *plan) rowBytes() int { return p.ntaps * p.kc }

func (p *plan) chooseStrip(a *kernels.ConvArgs) {
	if p.from == fromInput {
		p.sw = min(p.ow, maxDirect)
		p.sh = min(p.oh, max(1, maxDirect/p.sw))
		if p.sw < p.ow {
			p.sh = 1
		}
		return
	}
	// copied is what so many rows and columns of outputs need.
	copied := func(rows, cols int) (h, pitch int) {
		return (rows-1)*a.SH + (a.KH-1)*a.DH + 1, ((cols-1)*a.SW + (a.KW-1)*a.DW + 1) * p.ic
	}
	fits := func(rows, cols int) bool {
		if p.from == fromColumns && rows*cols*p.rowBytes() > maxColumns || rows*cols > maxPixels {
			return false
		}
		h, pitch := copied(rows, cols)
		return p.sampled || h*pitch <= maxCopy
	}
	p.sh, p.sw = 1, p.ow
	for p.sw > 4 && !fits(1, p.sw) {
		p.sw = roundUp(ceilDiv(p.sw, 2), 4)
	}
	if p.sw == p.ow {
		for p.sh < p.oh && fits(p.sh+1, p.sw) {
			p.sh++
		}
	}
	// Strips of one size, and whole tiles in them.
	p.sh = ceilDiv(p.oh, ceilDiv(p.oh, p.sh))
	p.copyH, p.pitch = copied(p.sh, p.sw)
	if p.sampled {
		p.copyH, p.pitch = 0, 0
	}
}

func (p *plan) layOut(a *kernels.ConvArgs) {
	p.blocks = ceilDiv(p.oc, 16)
	// The kernels do single rows 16 columns wide.
	p.narrow = p.n*p.oh*p.ow > 1
	p.cut = 16 * (p.blocks - 1)
	if p.narrow && p.blocks > 1 {
		p.cut = p.cut - 16 + width(p.oc-p.cut+16)
	}
	p.qstep = 3 * 64
	if len(a.NegMult) > 0 {
		p.qstep = 5 * 64
	}
	if p.ny*p.nx > 1 {
		p.qstep += p.ny * p.nx * 64
	}
	p.groupq = p.blocks * p.qstep
	p.groupBytes = (p.cut + p.width(p.blocks-1)) * p.rowBytes()
	p.tables = line(int(unsafe.Sizeof(*p)))
	p.consts = p.tables + line(4*(2*p.sh*p.sw+p.ntaps+p.gaps)+(p.ny+p.nx+2)*int(unsafe.Sizeof(span{})))
	p.weights = p.consts + a.Groups*p.groupq
	// Kernels read up to a step of weights ahead.
	p.packed = p.weights + line(a.Groups*p.groupBytes) + 64
}

// first is the first column of a block, width how many it has.
func (p *plan) first(b int) int {
	if b == p.blocks-1 {
		return p.cut
	}
	return 16 * b
}

func (p *plan) width(b int) int {
	if !p.narrow {
		return 16
	}
	return width(p.oc - p.first(b))
}

// offsets returns the tables.
func (p *plan) offsets(packed []int8) (rows, outs, taps []int32) {
	px := p.sh * p.sw
	t := unsafe.Slice((*int32)(unsafe.Pointer(&packed[p.tables])), 2*px+p.ntaps)
	return t[:px], t[px:][:px], t[2*px:]
}

func (p *plan) gapsAt(packed []int8) []int32 {
	return unsafe.Slice((*int32)(unsafe.Pointer(&packed[p.tables+4*(2*p.sh*p.sw+p.ntaps)])), p.gaps)
}

// spansAt returns the spans along y and x, each with the one that ends them.
func (p *plan) spansAt(packed []int8) (y, x []span) {
	t := unsafe.Slice((*span)(unsafe.Pointer(&packed[p.tables+4*(2*p.sh*p.sw+p.ntaps+p.gaps)])), p.ny+p.nx+2)
	return t[:p.ny+1], t[p.ny+1:]
}

// gap is where run r of n starts in the copy: there is one for every kernel row,
// or one for every tap.
func (p *plan) gap(a *kernels.ConvArgs, r, n int) int {
	switch n {
	case 1:
		return 0
	case a.KH:
		return r * a.DH * p.pitch
	}
	return r/a.KW*a.DH*p.pitch + r%a.KW*a.DW*p.ic
}

// pack fills the packed memory.
func (p *plan) pack(t tier, dst []int8, a *kernels.ConvArgs) {
	clear(dst)
	*planAt(dst) = *p
	_, _, taps := p.offsets(dst)
	p.packPixels(dst, a)
	for i := range p.gaps {
		p.gapsAt(dst)[i] = int32(p.gap(a, i, p.gaps))
	}
	var runs []run
	for r := range p.natural {
		for i := range p.pieces {
			taps[len(runs)] = int32(p.gap(a, r, p.natural) + i*p.kc)
			runs = append(runs, run{first: r*p.runBytes + i*p.kc, n: max(0, min(p.kc, p.runBytes-i*p.kc)), kc: p.kc})
		}
	}
	for g := range a.Groups {
		for b := range p.blocks {
			first, width := p.first(b), p.width(b)
			c := g*p.oc + first
			cols := min(width, p.oc-first)
			q := dst[p.consts+g*p.groupq+b*p.qstep:][:p.qstep]
			p.packConsts(q, a, c, cols)
			p.packBiases(q, a, c, cols)
			w := dst[p.weights+g*p.groupBytes+first*p.rowBytes():][:width*p.rowBytes()]
			t.pack(w, a.Weights[c*p.k:], p.k, cols, width, runs)
		}
	}
}

// packPixels writes where the pixels of a strip are, span by span along x, and the
// spans.
func (p *plan) packPixels(dst []int8, a *kernels.ConvArgs) {
	rows, outs, _ := p.offsets(dst)
	sy, sx := p.spans(a)
	y, x := p.spansAt(dst)
	copy(y, sy)
	copy(x, sx)
	if p.sh == 1 {
		sx = []span{{}, {first: int32(p.sw)}} // maybe a piece of a row
	}
	i := 0
	for s := range sx[1:] {
		for y := range p.sh {
			for x := int(sx[s].first); x < int(sx[s+1].first); x++ {
				outs[i] = int32((y*p.out.H + x*p.out.W) * p.elem)
				switch p.from {
				case fromInput:
					rows[i] = int32(y*a.SH*p.in.H + x*a.SW*p.in.W)
				case fromCopy:
					rows[i] = int32(y*a.SH*p.pitch + x*a.SW*p.ic)
				case fromColumns:
					rows[i] = int32(i * p.rowBytes())
				}
				i++
			}
		}
	}
}

// packConsts writes what a block's accumulators start from and are scaled by.
func (p *plan) packConsts(dst []int8, a *kernels.ConvArgs, c, cols int) {
	q := unsafe.Slice((*[16]int32)(unsafe.Pointer(&dst[0])), p.qstep/64)
	copy(q[0][:], a.Bias[c:c+cols])
	if a.Pre == 0 && len(a.NegMult) == 0 && a.Out16 == nil && p.packShort(&q[1], &q[2], a, c, cols) {
		return
	}
	copy(q[1][:], a.Mult[c:c+cols])
	for i, s := range a.Shift[c : c+cols] {
		q[2][i] = -int32(s)
	}
	if len(a.NegMult) > 0 {
		copy(q[3][:], a.NegMult[c:c+cols])
		for i, s := range a.NegShift[c : c+cols] {
			q[4][i] = -int32(s)
		}
	}
}

// packShort writes the constants of the short requantization (gemm_arm64.h), if
// no input can take an accumulator out of its range.
func (p *plan) packShort(mult, shift *[16]int32, a *kernels.ConvArgs, c, cols int) bool {
	for i := range cols {
		sum := int64(a.Bias[c+i])
		if sum < 0 {
			sum = -sum
		}
		for _, w := range a.Weights[(c+i)*p.k:][:p.k] {
			sum += 128 * int64(max(w, -w))
		}
		m, s := a.Mult[c+i], a.Shift[c+i]
		switch {
		case sum*int64(m) < 1<<(30+s):
			// Every output is the zero point.
			mult[i], shift[i] = 0, 0
		case s <= 16 && sum < 1<<(14+s):
			mult[i], shift[i] = m, 16-int32(s)
		default:
			return false
		}
	}
	return true
}
