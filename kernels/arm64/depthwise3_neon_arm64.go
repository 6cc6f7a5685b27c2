//go:build !purego

package arm64

import (
	"unsafe"

	"github.com/edgerun/edgerun/kernels"
)

// dw3Task is a piece of a 3x3 depthwise convolution for dw3s1NEON and
// dw3s2NEON: some output rows of some blocks of channels.
type dw3Task struct {
	in, out *int8    // first element of the image; of the output's
	packed  *dwConst // of the first block
	rows    *dw3Row
	end     *dw3Row // behind the last
	blocks  int
	n       int // outputs of a row
	left    int // 1: the first column of a row's first window is outside
	right   int // 1: the last column of its last window is
	outStep int // between outputs
	ch      int // first channel
	last    int // channel where the last block starts
	zero    [8]int16
	lo, hi  [16]int8
	pad     [8]int8  // the input's zero point
	dummy   [16]int8 // takes outputs that there are not
}

// dw3Row is an output row: the offset of the first window's first tap and the
// distance of columns in the input rows that it reads, 0 for a row outside the
// input, and the offset of the first output.
type dw3Row struct {
	in, step [3]int
	out      int
}

// dw3s1NEON does windows one column apart.
//
//go:noescape
func dw3s1NEON(t *dw3Task)

// dw3s2NEON does windows two columns apart.
//
//go:noescape
func dw3s2NEON(t *dw3Task)

var depthwise3NEON = kernels.Conv{
	Name:        "s8-depthwise-3x3-neon",
	Takes:       dw3Takes,
	PackedBytes: dwPackedBytes,
	Pack:        dwPack,
	Scratch:     func(*kernels.ConvArgs) int { return 0 },
	Units:       dwUnits,
	Run:         dw3Run,
}

// dw3Takes accepts windows that reach one column over the edge at most, with
// every accumulator small enough for the short way of scaling.
func dw3Takes(a *kernels.ConvArgs) bool {
	if !dwPlain(a) || a.KH != 3 || a.KW != 3 || a.OW > dwMaxRow || a.SW > 2 || a.SW == 2 && a.DW != 1 {
		return false
	}
	for phase := range min(dwGap(a), a.OW) {
		l := newDWLine(a, phase)
		if l.left > 1 || l.right > 1 || l.left == 1 && l.n < 2+l.right || l.n < 1+l.right {
			return false
		}
	}
	return dwFitsShort(a)
}

// dwFitsShort reports whether the scaled accumulators, less four bits, fit 16
// bits, and rounding starts above those four.
func dwFitsShort(a *kernels.ConvArgs) bool {
	for o := range a.OC {
		if a.Shift[o] < 5 || scaled(dwLimit(a, o), a.Mult[o]) > 1<<19-16 {
			return false
		}
	}
	return true
}

func dw3Run(a *kernels.ConvArgs, _, u0, u1 int) {
	g := newDWGrid(a, a.Workers)
	gap := dwGap(a)
	t := dw3Task{outStep: gap * a.OutPlane.W, last: a.OC - dwBlock}
	for i := range t.zero {
		t.zero[i], t.pad[i] = int16(a.ZOut), int8(a.ZIn)
	}
	for i := range t.lo {
		t.lo[i], t.hi[i] = int8(a.Lo), int8(a.Hi)
	}
	var rows [dwStrip + 1]dw3Row
	for u := u0; u < u1; u++ {
		n, y0, y1, b0, b1 := g.unit(a, u)
		t.in, t.out = &a.In[n*a.InPlane.N], &a.Out[n*a.OutPlane.N]
		for phase := range min(gap, a.OW) {
			l := newDWLine(a, phase)
			t.n, t.left, t.right = l.n, l.left, l.right
			for y := y0; y < y1; y++ {
				dw3SetRow(a, &rows[y-y0], &l, y, phase)
			}
			// As many rows, then as many blocks as a call may do.
			strip := min(y1-y0, max(1, dwWork/l.n))
			per := max(1, dwWork/(l.n*strip))
			for y := 0; y < y1-y0; y += strip {
				k := min(strip, y1-y0-y)
				t.rows, t.end = &rows[y], &rows[y+k]
				for b := b0; b < b1; b += per {
					t.packed = (*dwConst)(unsafe.Pointer(&a.Packed[b*dwBlockBytes(a)]))
					t.ch, t.blocks = dwChannel(a, b), min(per, b1-b)
					if a.SW == 1 {
						dw3s1NEON(&t)
					} else {
						dw3s2NEON(&t)
					}
				}
			}
		}
	}
}

func dw3SetRow(a *kernels.ConvArgs, r *dw3Row, l *dwLine, y, phase int) {
	for k := range r.in {
		iy := y*a.SH - a.PT + k*a.DH
		r.in[k], r.step[k] = 0, 0
		if iy >= 0 && iy < a.IH {
			r.in[k], r.step[k] = iy*a.InPlane.H+l.first*a.InPlane.W, a.DW*a.InPlane.W
		}
	}
	r.out = y*a.OutPlane.H + phase*a.OutPlane.W
}

// plugDepthwiseNEON puts the kernels for special windows in front.
func plugDepthwiseNEON(t *kernels.Table) {
	t.Depthwise = append([]kernels.Conv{depthwise3NEON, depthwise5NEON, depthwiseNEON}, t.Depthwise...)
}
