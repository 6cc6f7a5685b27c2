//go:build !purego

package arm64

import (
	"unsafe"

	"github.com/edgerun/edgerun/internal/requant"
	"github.com/edgerun/edgerun/kernels"
)

// Depthwise kernels that read a copy of the input: for one block of channels and a
// strip of output rows, the input rows that it needs, padding filled in, eight
// bytes for every column. Edges cost nothing then, and channels can lie anywhere.

// dw5Task is a strip of one block.
type dw5Task struct {
	x       *int8 // the copy
	pitch   int   // bytes of a row of it
	rowStep int   // from the first row of an output row to that of the next
	packed  *dwConst
	out     *int8
	rows, n int // output rows; outputs of a row
	outStep int // between outputs
	outRow  int // between output rows
	quads   int // 5x5: outputs of a row are done in so many fours, and then in threes

	// For any window.
	xStep int    // bytes between outputs in the copy
	taps  *int   // offsets of the taps in the copy, padded to fours, and a pair more
	fours int    // of taps
	acc   *int32 // where accumulators go, if they do

	zero   [8]int16
	lo, hi [16]int8
	dummy  [8]int8 // takes outputs that there are not
}

// dwConst are the constants of eight channels, in front of their weights.
type dwConst struct {
	mult, bias [8]int32
	shift      [8]int16 // 4 - shift
}

type dwGatherTask struct {
	from, to      *int8
	rows, columns int
	step, fromRow int // from a column, a row, to the next
	pitch         int // of what is written
}

//go:noescape
func dw5s1NEON(t *dw5Task)

//go:noescape
func dw5s2NEON(t *dw5Task)

//go:noescape
func dwTapsNEON(t *dw5Task)

// dwGatherNEON copies eight bytes for every row and column.
//
//go:noescape
func dwGatherNEON(t *dwGatherTask)

// dwBlockBytes is the packed size of a block: constants and weights.
func dwBlockBytes(a *kernels.ConvArgs) int {
	return int(unsafe.Sizeof(dwConst{})) + dwBlock*roundUp(a.KH*a.KW, 4)
}

func dwPackedBytes(a *kernels.ConvArgs) int {
	return ceilDiv(a.OC, dwBlock)*dwBlockBytes(a) + 16 // a pair of taps is read behind the last
}

// dwPack packs all blocks. Where there are less than eight channels, those that
// there are not have no weights.
func dwPack(dst []int8, a *kernels.ConvArgs) {
	size := dwBlockBytes(a)
	clear(dst[dwBlocks(a)*size:])
	for b := range dwBlocks(a) {
		c := dwChannel(a, b)
		n := min(dwBlock, a.OC)
		d := dst[b*size:][:size]
		q := (*dwConst)(unsafe.Pointer(&d[0]))
		clear(d)
		copy(q.mult[:n], a.Mult[c:])
		copy(q.bias[:n], a.Bias[c:])
		for i := range n {
			q.shift[i] = 4 - int16(a.Shift[c+i])
		}
		d = d[unsafe.Sizeof(*q):]
		for t := range a.KH * a.KW {
			copy(d[t*dwBlock:][:n], a.Weights[t*a.OC+c:])
		}
	}
	if dwScales(a) {
		dst[dwBlocks(a)*size] = 1
	}
}

// dwCopy is the shape of the copy.
type dwCopy struct {
	strip         int // output rows
	rows, pitch   int // of the copy
	rowGap        int // input rows from one of its rows to the next
	left, columns int // where the input's columns stand in it, and how many
	rowStep       int // rows from an output row's first to the next one's
	tapStep       int // rows from one row of taps to the next
}

// dwOutputs is how many outputs of a block a call does.
func dwOutputs(a *kernels.ConvArgs) int { return max(4, dwWork*25/max(25, a.KH*a.KW)&^3) }

// dwMaxCopy bounds a copy's bytes.
const dwMaxCopy = 256 << 10

func newDWCopy(a *kernels.ConvArgs) dwCopy {
	c := dwCopy{strip: max(1, min(dwStrip, a.OH, dwOutputs(a)/a.OW)), rowGap: 1, rowStep: a.SH, tapStep: a.DH}
	// Outputs are computed in fours, some at the end for nothing.
	c.pitch = dwBlock * ((roundUp(a.OW, 4)-1)*a.SW + (a.KW-1)*a.DW + 1)
	c.rows = (c.strip-1)*a.SH + (a.KH-1)*a.DH + 1
	if c.rows > c.strip*a.KH {
		// Rows that no tap reads lie in between: one output row at a time.
		c.strip, c.rows, c.rowGap, c.tapStep = 1, a.KH, a.DH, 1
	}
	c.left = a.PL
	c.columns = min(a.IW, c.pitch/dwBlock-c.left)
	return c
}

// dwSlack is what kernels read ahead behind the copy.
const dwSlack = 128

// bytes is the scratch memory: the copy, the taps, a strip of accumulators.
func (c *dwCopy) bytes(a *kernels.ConvArgs, scales bool) int {
	n := line(c.rows*c.pitch + dwSlack)
	if !scales {
		n += line(4*dwBlock*roundUp(a.OW, 4)*c.strip) + line(dwBlock)
	}
	return n + line(8*(roundUp(a.KH*a.KW, 4)+2))
}

var depthwise5NEON = kernels.Conv{
	Name: "s8-depthwise-5x5-neon",
	Takes: func(a *kernels.ConvArgs) bool {
		return a.KH == 5 && a.KW == 5 && a.SH == a.SW && a.SW <= 2 && a.DH == 1 && a.DW == 1 && a.OW <= dwWork && dwPlain(a) && dwCopies(a) && dwFitsShort(a)
	},
	PackedBytes: dwPackedBytes, Pack: dwPack, Units: dwUnits, Run: dwCopyRun,
	Scratch: func(a *kernels.ConvArgs) int { c := newDWCopy(a); return c.bytes(a, true) },
}

// depthwiseNEON takes everything else, except windows of which a copy would be too
// large. What cannot be scaled the short way is scaled by Go code.
var depthwiseNEON = kernels.Conv{
	Name:        "s8-depthwise-taps-neon",
	Takes:       dwCopies,
	PackedBytes: dwPackedBytes, Pack: dwPack, Units: dwUnits, Run: dwCopyRun,
	Scratch: func(a *kernels.ConvArgs) int { c := newDWCopy(a); return c.bytes(a, false) },
}

func dwCopies(a *kernels.ConvArgs) bool {
	c := newDWCopy(a)
	return c.columns > 0 && c.rows*c.pitch <= dwMaxCopy && a.OW <= dwMaxRow
}

// dwScales reports whether the kernel can scale by itself; otherwise it leaves
// accumulators behind. Pack notes it down behind the blocks.
func dwScales(a *kernels.ConvArgs) bool {
	return a.Out != nil && a.OC >= dwBlock && a.Pre == 0 && len(a.NegMult) == 0 && dwFitsShort(a)
}

// dwRun is a run of a kernel that reads a copy.
type dwRun struct {
	dwCopy
	x      []int8 // the copy
	acc    []int32
	none   []int8 // takes outputs that there are not
	taps   []int  // offsets of taps
	scales bool
	five   bool // the 5x5 kernels apply
	most   int  // outputs of a row that a call does
	task   dw5Task
}

func dwCopyRun(a *kernels.ConvArgs, w, u0, u1 int) {
	r := dwRun{dwCopy: newDWCopy(a), scales: a.Packed[dwBlocks(a)*dwBlockBytes(a)] == 1, most: dwOutputs(a)}
	r.five = a.KH == 5 && a.KW == 5 && a.SH == a.SW && a.SW <= 2 && a.DH == 1 && a.DW == 1
	c := carver{a.Scratch[w]}
	r.x = c.int8s(r.rows*r.pitch + dwSlack)
	r.setTaps(a, &c)
	if !r.scales {
		r.acc, r.none = c.int32s(dwBlock*roundUp(a.OW, 4)*r.strip), c.int8s(dwBlock)
	}
	r.task = dw5Task{pitch: r.pitch, rowStep: r.rowStep * r.pitch, outStep: a.OutPlane.W, outRow: a.OutPlane.H,
		xStep: dwBlock * a.SW, taps: &r.taps[0], fours: ceilDiv(a.KH*a.KW, 4)}
	for i := range r.task.zero {
		r.task.zero[i] = int16(a.ZOut)
	}
	r.task.lo = of8(a.Lo)
	r.task.hi = of8(a.Hi)
	g := newDWGrid(a, a.Workers)
	for u := u0; u < u1; u++ {
		n, y0, y1, b0, b1 := g.unit(a, u)
		for y := y0; y < y1; y += r.strip {
			r.run(a, n, y, min(y+r.strip, y1), b0, b1)
		}
	}
}

// dwQuads says how many fours to do, and threes for the rest, so that as little as
// possible is done for nothing.
func dwQuads(n int) int {
	for waste := range 3 {
		for threes := range 4 {
			if k := n + waste - 3*threes; k >= 0 && k%4 == 0 {
				return k / 4
			}
		}
	}
	return 0
}

// setTaps lists where the taps lie behind an output's first.
func (r *dwRun) setTaps(a *kernels.ConvArgs, c *carver) {
	n := a.KH * a.KW
	r.taps = unsafe.Slice((*int)(c.take(8*(roundUp(n, 4)+2))), roundUp(n, 4)+2)
	clear(r.taps[n:])
	for t := range n {
		r.taps[t] = t/a.KW*r.tapStep*r.pitch + t%a.KW*a.DW*dwBlock
	}
}

// run does output rows [y0, y1) of some blocks.
func (r *dwRun) run(a *kernels.ConvArgs, n, y0, y1, b0, b1 int) {
	// The rows of the copy that are inside the input.
	top := y0*a.SH - a.PT
	first := 0
	if top < 0 {
		first = ceilDiv(-top, r.rowGap)
	}
	inside := max(0, min(r.rows, ceilDiv(a.IH-top, r.rowGap))-first)
	fillBytes(r.x, int8(a.ZIn))
	t := &r.task
	t.rows, t.n = y1-y0, 0
	size := dwBlockBytes(a)
	for b := b0; b < b1; b++ {
		c := dwChannel(a, b)
		if inside > 0 {
			r.gather(a, n, top+first*r.rowGap, first, inside, c)
		}
		t.packed = (*dwConst)(unsafe.Pointer(&a.Packed[b*size]))
		out := n*a.OutPlane.N + y0*a.OutPlane.H + c
		for x := 0; x < a.OW; x += t.n { // long rows are strips of their own, and cut
			if k := min(a.OW-x, r.most); k != t.n {
				t.n, t.quads = k, dwQuads(k)
			}
			r.call(a, x, out)
		}
		if !r.scales {
			r.finish(a, c, y1-y0, out)
		}
	}
}

// call does t.n outputs of every row, from x on; the first of a row's goes to out.
func (r *dwRun) call(a *kernels.ConvArgs, x, out int) {
	t := &r.task
	t.x = &r.x[x*t.xStep]
	if !r.scales {
		t.acc, t.out = &r.acc[x*dwBlock], &r.none[0]
		dwTapsNEON(t)
		return
	}
	t.out = &a.Out[out+x*a.OutPlane.W]
	switch {
	case !r.five:
		dwTapsNEON(t)
	case a.SW == 1:
		dw5s1NEON(t)
	default:
		dw5s2NEON(t)
	}
}

// gather copies input rows, from row y on, of the block that starts at channel c to
// rows of the copy, from row to on.
func (r *dwRun) gather(a *kernels.ConvArgs, n, y, to, rows, c int) {
	from := n*a.InPlane.N + y*a.InPlane.H
	at := to*r.pitch + r.left*dwBlock
	mul := a.OC / a.IC
	if mul == 1 && a.OC >= dwBlock {
		dwGatherNEON(&dwGatherTask{from: &a.In[from+c], to: &r.x[at], rows: rows, columns: r.columns, step: a.InPlane.W,
			fromRow: r.rowGap * a.InPlane.H, pitch: r.pitch})
		return
	}
	// Several blocks' channels of one input channel, or less than a block.
	for i := range rows {
		for x := range r.columns {
			for k := range min(dwBlock, a.OC) {
				r.x[at+i*r.pitch+x*dwBlock+k] = a.In[from+i*r.rowGap*a.InPlane.H+x*a.InPlane.W+(c+k)/mul]
			}
		}
	}
}

// finish scales the accumulators of the block that starts at channel c; the first
// output goes to out.
func (r *dwRun) finish(a *kernels.ConvArgs, c, rows, out int) {
	channels := min(dwBlock, a.OC)
	for y := range rows {
		for x := range a.OW {
			acc := r.acc[(y*roundUp(a.OW, 4)+x)*dwBlock:][:channels]
			o := out + y*a.OutPlane.H + x*a.OutPlane.W
			for k, v := range acc {
				m, s := a.Mult[c+k], a.Shift[c+k]
				if v < 0 && len(a.NegMult) > 0 {
					m, s = a.NegMult[c+k], a.NegShift[c+k]
				}
				q := min(max(requant.Scale(requant.PreShift(v, a.Pre), m, s)+a.ZOut, a.Lo), a.Hi)
				if a.Out != nil {
					a.Out[o+k] = int8(q)
				} else {
					a.Out16[o+k] = int16(q)
				}
			}
		}
	}
}
