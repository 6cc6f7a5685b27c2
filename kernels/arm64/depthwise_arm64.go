//go:build !purego

package arm64

import "github.com/edgerun/edgerun/kernels"

// What the depthwise kernels of all tiers share. They work on blocks of eight
// channels. When the number of channels is no multiple of eight, the last block
// starts so early that it ends with them, and computes some a second time.
const dwBlock = 8

func dwBlocks(a *kernels.ConvArgs) int { return ceilDiv(a.OC, dwBlock) }

// dwChannel is the first channel of a block.
func dwChannel(a *kernels.ConvArgs, b int) int { return max(0, min(b*dwBlock, a.OC-dwBlock)) }

// dwStrip is the number of output rows that are done with the constants of a
// block in registers.
const dwStrip = 16

// dwWork bounds an assembly call: output pixels times blocks of channels. A
// Cortex-A53 needs 30 cycles for one of a 3x3 window, 65 of a 5x5.
const dwWork = 1600

// dwMaxRow bounds the outputs of a row, and so a call.
const dwMaxRow = 2048

// dwGrid cuts a depthwise convolution into units: strips of rows, and, when
// these are too few for the workers, parts of the blocks.
type dwGrid struct {
	rows, strips  int // of a unit; per image
	parts, blocks int // parts of all blocks; blocks of a part
}

func newDWGrid(a *kernels.ConvArgs, workers int) dwGrid {
	g := dwGrid{rows: min(dwStrip, a.OH), parts: 1, blocks: dwBlocks(a)}
	if workers > 1 {
		for g.rows > 4 && a.N*ceilDiv(a.OH, g.rows) < 4*workers {
			g.rows = (g.rows/2 + 1) &^ 1
		}
	}
	g.strips = ceilDiv(a.OH, g.rows)
	if have := a.N * g.strips; workers > 1 && have < 4*workers {
		g.blocks = ceilDiv(g.blocks, min(g.blocks, ceilDiv(4*workers, have)))
		g.parts = ceilDiv(dwBlocks(a), g.blocks)
	}
	return g
}

func dwUnits(a *kernels.ConvArgs, workers int) int {
	g := newDWGrid(a, workers)
	return a.N * g.strips * g.parts
}

// unit returns the image, the rows and the blocks of unit u.
func (g *dwGrid) unit(a *kernels.ConvArgs, u int) (n, y0, y1, b0, b1 int) {
	part, strip := u%g.parts, u/g.parts%g.strips
	n = u / g.parts / g.strips
	y0, b0 = strip*g.rows, part*g.blocks
	return n, y0, min(y0+g.rows, a.OH), b0, min(b0+g.blocks, dwBlocks(a))
}

// dwLine says how the windows of an output row lie on the columns: outputs
// phase, phase+gap, … read columns that are gap apart. With dilation there are
// as many lines as the dilation, otherwise one.
type dwLine struct {
	n           int // outputs
	first       int // column of the first window's first tap
	left, right int // taps of the first window and of the last that are outside
}

// newDWLine describes the line that starts at output phase.
func newDWLine(a *kernels.ConvArgs, phase int) dwLine {
	gap := dwGap(a)
	l := dwLine{n: ceilDiv(a.OW-phase, gap), first: phase*a.SW - a.PL}
	if l.first < 0 {
		l.left = ceilDiv(-l.first, a.DW)
	}
	last := l.first + (l.n-1)*gap*a.SW // its last window's first column
	if end := last + (a.KW-1)*a.DW; end >= a.IW {
		l.right = ceilDiv(end-a.IW+1, a.DW)
	}
	return l
}

// dwGap is the distance of outputs that share columns.
func dwGap(a *kernels.ConvArgs) int {
	if a.SW == 1 {
		return a.DW
	}
	return 1
}

// dwPlain reports whether a kernel that knows only 8-bit outputs with a single
// scale can do the arguments.
func dwPlain(a *kernels.ConvArgs) bool {
	return a.OC == a.IC && a.OC >= dwBlock && a.Out != nil && a.Pre == 0 && len(a.NegMult) == 0
}

// dwLimit returns the largest magnitude that channel o's accumulator can have.
func dwLimit(a *kernels.ConvArgs, o int) int64 {
	sum := int64(0)
	for t := range a.KH * a.KW {
		w := int64(a.Weights[t*a.OC+o])
		sum += max(w, -w)
	}
	return 128*sum + max(int64(a.Bias[o]), -int64(a.Bias[o]))
}

// scaled is what SQDMULH makes of an accumulator of at most limit, in
// magnitude.
func scaled(limit int64, m int32) int64 { return limit*int64(m)>>31 + 1 }
