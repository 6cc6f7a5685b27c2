package kerneltest

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/requant"
	"github.com/edgerun/edgerun/kernels"
)

// convCase is a convolution's shape; 0 means 1 for kernel, stride, dilation
// and groups. pad is top and left, and as much as it takes at the other end.
type convCase struct {
	name           string
	n, h, w, ic    int
	oc, kh, kw     int
	sh, sw, dh, dw int
	pt, pl, pb, pr int
	groups         int
	og             int  // deformable: offset groups
	mask           bool // deformable v2
	gap            int  // elements between pixels of input and output
	rowGap         int  // elements between rows
	wide           bool // 16-bit output
	leaky          bool
	pre            uint8
	dead           bool // some channels' scales are next to nothing
	zin            int32
	vals           values
}

func (c *convCase) defaults() {
	for _, p := range []*int{&c.n, &c.h, &c.w, &c.ic, &c.oc, &c.kh, &c.kw, &c.sh, &c.sw, &c.dh, &c.dw, &c.groups, &c.og} {
		if *p == 0 {
			*p = 1
		}
	}
}

var convCases = []convCase{
	{name: "one of all"},
	{name: "pointwise 16 to 12", h: 9, w: 7, ic: 16, oc: 12},
	{name: "pointwise odd channels", h: 5, w: 5, ic: 15, oc: 13},
	{name: "pointwise with gaps", h: 6, w: 6, ic: 24, oc: 20, gap: 8},
	{name: "pointwise with row gaps", h: 6, w: 6, ic: 24, oc: 20, gap: 8, rowGap: 40},
	{name: "pointwise stride 2", h: 9, w: 9, ic: 8, oc: 8, sh: 2, sw: 2},
	{name: "pointwise long K", h: 3, w: 5, ic: 200, oc: 25},
	{name: "pointwise K 64 and 65", h: 3, w: 5, ic: 65, oc: 12},
	{name: "more rows than a strip", h: 20, w: 20, ic: 4, oc: 5},
	{name: "3x3", h: 8, w: 9, ic: 8, oc: 16, kh: 3, kw: 3, pt: 1, pl: 1, pb: 1, pr: 1},
	{name: "3x3 channels 3 stride 2", h: 16, w: 17, ic: 3, oc: 32, kh: 3, kw: 3, sh: 2, sw: 2, pb: 1, pr: 1},
	{name: "3x3 channels 3", h: 9, w: 10, ic: 3, oc: 16, kh: 3, kw: 3, pt: 1, pl: 1, pb: 1, pr: 1, zin: -9},
	{name: "3x3 channels 3 stride 2 wide", h: 13, w: 41, ic: 3, oc: 48, kh: 3, kw: 3, sh: 2, sw: 2, pt: 1, pl: 1, zin: 128 - 1, vals: mixed},
	{name: "3x3 channels 3 stride 3 gaps", n: 2, h: 16, w: 16, ic: 3, oc: 32, kh: 3, kw: 3, sh: 3, sw: 3, dh: 2, gap: 2, rowGap: 3},
	{name: "3x3 channels 3 long", h: 3, w: 1100, ic: 3, oc: 16, kh: 3, kw: 3, pt: 1, pl: 1, pb: 1, pr: 1},
	{name: "3x3 one channel", h: 28, w: 28, ic: 1, oc: 6, kh: 3, kw: 3, pt: 1, pl: 1, pb: 1, pr: 1},
	{name: "7x7 stride 2", h: 15, w: 15, ic: 3, oc: 10, kh: 7, kw: 7, sh: 2, sw: 2, pt: 3, pl: 3, pb: 3, pr: 3},
	{name: "1x7", h: 7, w: 11, ic: 6, oc: 7, kh: 1, kw: 7, pl: 3, pr: 3},
	{name: "7x1", h: 7, w: 11, ic: 6, oc: 7, kh: 7, kw: 1, pt: 3, pb: 3},
	{name: "5x5 dilated", h: 14, w: 13, ic: 5, oc: 9, kh: 5, kw: 5, dh: 2, dw: 3, pt: 4, pl: 6, pb: 4, pr: 6},
	{name: "causal 1-D dilated", h: 1, w: 40, ic: 8, oc: 16, kh: 1, kw: 3, dw: 8, pl: 16},
	{name: "kernel larger than input", h: 2, w: 2, ic: 4, oc: 4, kh: 5, kw: 5, pt: 2, pl: 2, pb: 2, pr: 2},
	{name: "only padding on the left", h: 4, w: 4, ic: 4, oc: 4, kh: 3, kw: 3, pt: 2, pl: 2},
	{name: "stride larger than kernel", h: 9, w: 9, ic: 4, oc: 4, kh: 2, kw: 2, sh: 3, sw: 3},
	{name: "groups", h: 6, w: 6, ic: 12, oc: 18, kh: 3, kw: 3, pt: 1, pl: 1, pb: 1, pr: 1, groups: 3},
	{name: "grouped pointwise", h: 6, w: 6, ic: 24, oc: 24, groups: 3},
	{name: "many groups of odd size", h: 5, w: 5, ic: 15, oc: 20, kh: 3, kw: 3, groups: 5},
	{name: "batch", n: 3, h: 5, w: 5, ic: 6, oc: 7, kh: 3, kw: 3, pt: 1, pl: 1, pb: 1, pr: 1, gap: 2},
	{name: "16-bit output", h: 6, w: 6, ic: 16, oc: 14, wide: true},
	{name: "leaky", h: 6, w: 6, ic: 16, oc: 14, leaky: true},
	{name: "leaky 16-bit with pre-shift", h: 6, w: 6, ic: 16, oc: 14, leaky: true, wide: true, pre: 3},
	{name: "pre-shift", h: 4, w: 4, ic: 2, oc: 5, pre: 6},
	{name: "zero point -128", h: 6, w: 6, ic: 9, oc: 7, kh: 3, kw: 3, pt: 1, pl: 1, pb: 1, pr: 1, zin: -128},
	{name: "zero point 127", h: 6, w: 6, ic: 9, oc: 7, kh: 3, kw: 3, pt: 1, pl: 1, pb: 1, pr: 1, zin: 127},
	// 3x3 with stride 1 and many channels, what Winograd takes.
	{name: "3x3 tiles of 4", h: 8, w: 12, ic: 16, oc: 16, kh: 3, kw: 3, pt: 1, pl: 1, pb: 1, pr: 1, zin: -7},
	{name: "3x3 partial tiles", h: 9, w: 7, ic: 24, oc: 40, kh: 3, kw: 3, pt: 1, pl: 1, pb: 1, pr: 1, zin: 5},
	{name: "3x3 odd channels", h: 14, w: 13, ic: 19, oc: 21, kh: 3, kw: 3, pt: 1, pl: 1, pb: 1, pr: 1, zin: -128},
	{name: "3x3 no padding, gaps", n: 2, h: 10, w: 11, ic: 16, oc: 24, kh: 3, kw: 3, gap: 5, rowGap: 11},
	{name: "3x3 leaky", h: 8, w: 10, ic: 16, oc: 18, kh: 3, kw: 3, pt: 1, pl: 1, pb: 1, pr: 1, leaky: true},
	{name: "3x3 16-bit", h: 8, w: 9, ic: 16, oc: 16, kh: 3, kw: 3, pt: 1, pl: 1, pb: 1, pr: 1, wide: true},
	{name: "3x3 pre-shift", h: 8, w: 9, ic: 16, oc: 16, kh: 3, kw: 3, pt: 1, pl: 1, pb: 1, pr: 1, pre: 4},
	{name: "3x3 extremes", h: 12, w: 12, ic: 160, oc: 16, kh: 3, kw: 3, pt: 1, pl: 1, pb: 1, pr: 1, vals: mixed, zin: 127},
	{name: "3x3 all lowest", h: 8, w: 8, ic: 160, oc: 16, kh: 3, kw: 3, pt: 1, pl: 1, pb: 1, pr: 1, vals: lowest, zin: -128},
	{name: "3x3 too many channels for Winograd", h: 8, w: 8, ic: 240, oc: 16, kh: 3, kw: 3, pt: 1, pl: 1, pb: 1, pr: 1, vals: highest},
	{name: "3x3 wide", h: 5, w: 300, ic: 40, oc: 8, kh: 3, kw: 3, pt: 1, pl: 1, pb: 1, pr: 1, zin: -3},
	{name: "3x3 more tiles than a strip", h: 40, w: 44, ic: 48, oc: 16, kh: 3, kw: 3, pt: 1, pl: 1, pb: 1, pr: 1, zin: 3},
	// Padding that is worth leaving out, in strips and pieces of them.
	{name: "1x7 of many channels", h: 17, w: 17, ic: 32, oc: 28, kh: 1, kw: 7, pl: 3, pr: 3, zin: -11},
	{name: "7x1 of many channels", n: 2, h: 17, w: 17, ic: 30, oc: 20, kh: 7, kw: 1, pt: 3, pb: 3, zin: 100},
	{name: "5x5 of many channels", h: 15, w: 14, ic: 48, oc: 40, kh: 5, kw: 5, pt: 2, pl: 2, pb: 2, pr: 2, zin: 127, vals: mixed},
	{name: "5x5 in several strips", h: 35, w: 34, ic: 88, oc: 16, kh: 5, kw: 5, pt: 2, pl: 2, pb: 2, pr: 2, zin: 6},
	{name: "3x3 stride 2 of many channels", h: 15, w: 14, ic: 40, oc: 36, kh: 3, kw: 3, sh: 2, sw: 2, pt: 1, pl: 1, pb: 1, pr: 1, zin: -128},
	{name: "3x3 of many channels, leaky, gaps", n: 2, h: 7, w: 7, ic: 64, oc: 24, kh: 3, kw: 3, pt: 1, pl: 1, pb: 1, pr: 1, leaky: true, gap: 3, rowGap: 9, zin: 31},
	{name: "3x3 of many channels, 16-bit, groups", h: 7, w: 6, ic: 96, oc: 60, kh: 3, kw: 3, pt: 1, pl: 1, pb: 1, pr: 1, groups: 3, wide: true, zin: -40},
	{name: "3x3 dilated, of many channels", h: 14, w: 15, ic: 40, oc: 20, kh: 3, kw: 3, dh: 4, dw: 4, pt: 4, pl: 4, pb: 4, pr: 4, zin: 9},
	{name: "1x3 dilated, of many channels", h: 1, w: 150, ic: 30, oc: 20, kh: 1, kw: 3, dw: 32, pl: 64, zin: -77},
	{name: "3x3 where nothing but one tap is inside", h: 1, w: 1, ic: 64, oc: 40, kh: 3, kw: 3, pt: 1, pl: 1, pb: 1, pr: 1, zin: 44},
	{name: "padding wider than the kernel", h: 6, w: 6, ic: 32, oc: 20, kh: 3, kw: 3, pt: 5, pl: 4, pb: 5, pr: 4, zin: 13},
	{name: "a window longer than a call may take", h: 8, w: 8, ic: 301, oc: 21, kh: 7, kw: 7, pt: 1, pl: 1, zin: 5},
	{name: "a long window, leaky", h: 8, w: 8, ic: 301, oc: 5, kh: 7, kw: 7, leaky: true},
	{name: "long rows", h: 3, w: 2100, ic: 6, oc: 4, kh: 3, kw: 3, pt: 1, pl: 1, pb: 1, pr: 1},
	{name: "long dilated rows", h: 1, w: 700, ic: 16, oc: 8, kh: 1, kw: 2, dw: 64, pl: 64},
	{name: "negligible channels", h: 5, w: 5, ic: 40, oc: 18, dead: true},
	{name: "all lowest", h: 5, w: 5, ic: 130, oc: 13, vals: lowest, zin: -128},
	{name: "all highest", h: 5, w: 5, ic: 130, oc: 13, vals: highest},
	{name: "extremes", h: 5, w: 5, ic: 64, oc: 13, kh: 3, kw: 3, pt: 1, pl: 1, pb: 1, pr: 1, vals: mixed, zin: 127},
}

var depthwiseCases = []convCase{
	{name: "one of all"},
	{name: "3x3", h: 9, w: 8, ic: 16, oc: 16, kh: 3, kw: 3, pt: 1, pl: 1, pb: 1, pr: 1},
	{name: "3x3 stride 2", h: 12, w: 11, ic: 9, oc: 9, kh: 3, kw: 3, sh: 2, sw: 2, pb: 1, pr: 1},
	{name: "3x3 stride 2 padded", h: 12, w: 11, ic: 17, oc: 17, kh: 3, kw: 3, sh: 2, sw: 2, pt: 1, pl: 1, pb: 1, pr: 1},
	{name: "3x3 stride 3", h: 12, w: 11, ic: 5, oc: 5, kh: 3, kw: 3, sh: 3, sw: 3, pt: 1, pl: 1},
	{name: "3x3 dilated", h: 12, w: 11, ic: 5, oc: 5, kh: 3, kw: 3, dh: 2, dw: 2, pt: 2, pl: 2, pb: 2, pr: 2},
	{name: "3x3 dilated 4", h: 9, w: 9, ic: 33, oc: 33, kh: 3, kw: 3, dh: 4, dw: 4, pt: 4, pl: 4, pb: 4, pr: 4},
	{name: "3x3 dilated with stride", h: 12, w: 13, ic: 5, oc: 5, kh: 3, kw: 3, sh: 2, sw: 2, dh: 2, dw: 2, pt: 2, pl: 2, pb: 2, pr: 2},
	{name: "5x5", h: 9, w: 8, ic: 16, oc: 16, kh: 5, kw: 5, pt: 2, pl: 2, pb: 2, pr: 2},
	{name: "5x5 stride 2", h: 9, w: 8, ic: 16, oc: 16, kh: 5, kw: 5, sh: 2, sw: 2, pt: 2, pl: 2, pb: 2, pr: 2},
	{name: "7x7", h: 9, w: 8, ic: 3, oc: 3, kh: 7, kw: 7, pt: 3, pl: 3, pb: 3, pr: 3},
	{name: "7x7 of a long row", h: 4, w: 1000, ic: 9, oc: 9, kh: 7, kw: 7, pt: 3, pl: 3, pb: 3, pr: 3},
	{name: "7x7 of a long row, 16-bit", h: 2, w: 930, ic: 8, oc: 8, kh: 7, kw: 7, pt: 3, pl: 3, pb: 3, pr: 3, wide: true},
	{name: "3x3 of a long row", h: 2, w: 2100, ic: 8, oc: 8, kh: 3, kw: 3, pt: 1, pl: 1, pb: 1, pr: 1},
	{name: "5x5 of a long row", h: 2, w: 1700, ic: 11, oc: 11, kh: 5, kw: 5, pt: 2, pl: 2, pb: 2, pr: 2},
	{name: "1x9 causal", h: 1, w: 30, ic: 4, oc: 4, kh: 1, kw: 9, pl: 8},
	{name: "40x1", h: 41, w: 3, ic: 4, oc: 4, kh: 40, kw: 1},
	{name: "multiplier 2", h: 7, w: 7, ic: 5, oc: 10, kh: 3, kw: 3, pt: 1, pl: 1, pb: 1, pr: 1},
	{name: "multiplier 8 of one channel", h: 10, w: 7, ic: 1, oc: 8, kh: 10, kw: 8, sh: 2, sw: 2, pt: 4, pl: 3, pb: 5, pr: 3},
	{name: "wider than the input", h: 2, w: 2, ic: 3, oc: 3, kh: 5, kw: 5, pt: 2, pl: 2, pb: 2, pr: 2},
	{name: "gaps and batch", n: 2, h: 7, w: 7, ic: 5, oc: 5, kh: 3, kw: 3, pt: 1, pl: 1, pb: 1, pr: 1, gap: 3, rowGap: 20},
	{name: "16-bit output", h: 7, w: 7, ic: 5, oc: 5, kh: 3, kw: 3, wide: true},
	{name: "leaky", h: 7, w: 7, ic: 5, oc: 5, kh: 3, kw: 3, leaky: true},
	{name: "pre-shift", h: 7, w: 7, ic: 5, oc: 5, pre: 5},
	{name: "all lowest", h: 7, w: 7, ic: 5, oc: 5, kh: 5, kw: 5, pt: 2, pl: 2, pb: 2, pr: 2, vals: lowest, zin: -128},
	{name: "extremes", h: 7, w: 7, ic: 19, oc: 19, kh: 3, kw: 3, pt: 1, pl: 1, pb: 1, pr: 1, vals: mixed, zin: 127},
}

// depthwiseGrid are small maps under every window that has a kernel of its own:
// widths around its tiles, padding at either end, channels around its blocks.
func depthwiseGrid() (cases []convCase) {
	for _, k := range []int{3, 5} {
		for _, s := range []int{1, 2} {
			for _, d := range []int{1, 2} {
				for w := 1; w <= 14; w++ {
					for pads := range 4 {
						c := convCase{h: 3 + w%5, w: w, ic: 8 + 7*w%17, kh: k, kw: k, sh: s, sw: s, dh: d, dw: d, gap: pads % 2, zin: int32(w*37%256 - 128)}
						c.oc = c.ic
						same := (k - 1) / 2 * d
						c.pt, c.pb = same, same
						if pads&1 != 0 {
							c.pl = same
						}
						if pads&2 != 0 {
							c.pr = same
						}
						if c.w+c.pl+c.pr < (k-1)*d+1 {
							continue
						}
						c.name = fmt.Sprintf("grid %dx%d stride %d dilation %d width %d pads %d", k, k, s, d, w, pads)
						cases = append(cases, c)
					}
				}
			}
		}
	}
	return cases
}

var denseCases = []convCase{
	{name: "one of all"},
	{name: "one row", ic: 100, oc: 37},
	{name: "three rows", n: 3, ic: 64, oc: 12},
	{name: "many rows", n: 9, ic: 30, oc: 25},
	{name: "long", ic: 1025, oc: 5},
	{name: "longer than a call may take", ic: 40001, oc: 19},
	{name: "rows longer than a call may take", n: 6, ic: 9002, oc: 18},
	{name: "16-bit output", ic: 65, oc: 11, wide: true, zin: 17},
	{name: "extremes", ic: 512, oc: 3, vals: mixed, zin: -128},
}

var deformCases = []convCase{
	{name: "one of all"},
	{name: "v1", h: 7, w: 8, ic: 8, oc: 6, kh: 3, kw: 3, pt: 1, pl: 1, pb: 1, pr: 1},
	{name: "v2", h: 7, w: 8, ic: 8, oc: 6, kh: 3, kw: 3, pt: 1, pl: 1, pb: 1, pr: 1, mask: true, zin: -5},
	{name: "stride and dilation", h: 9, w: 9, ic: 6, oc: 6, kh: 3, kw: 3, sh: 2, sw: 2, dh: 2, dw: 2, pt: 2, pl: 2, pb: 2, pr: 2, mask: true},
	{name: "groups", h: 6, w: 6, ic: 12, oc: 8, kh: 3, kw: 3, pt: 1, pl: 1, groups: 4, og: 2, mask: true},
	{name: "17 channels", h: 6, w: 5, ic: 17, oc: 5, kh: 3, kw: 3, pt: 1, pl: 1, mask: true, zin: 11},
	{name: "two offset groups of 40", h: 5, w: 5, ic: 80, oc: 5, kh: 3, kw: 3, pt: 1, pl: 1, pb: 1, pr: 1, og: 2, mask: true, zin: -128},
	{name: "groups of 24, offset groups of 12", h: 5, w: 5, ic: 48, oc: 6, kh: 2, kw: 3, groups: 2, og: 4, mask: true, vals: mixed},
	{name: "offset groups across groups", h: 6, w: 6, ic: 12, oc: 8, kh: 2, kw: 2, groups: 2, og: 3},
	{name: "odd channels with gaps", n: 2, h: 6, w: 6, ic: 5, oc: 3, kh: 3, kw: 3, pt: 1, pl: 1, gap: 2},
	{name: "extremes", h: 6, w: 6, ic: 16, oc: 5, kh: 3, kw: 3, pt: 1, pl: 1, mask: true, vals: mixed, zin: 127},
}

var transposedCases = []convCase{
	{name: "one of all"},
	{name: "2x2 stride 2", h: 5, w: 4, ic: 6, oc: 7, kh: 2, kw: 2, sh: 2, sw: 2},
	{name: "4x4 stride 2 padded", h: 5, w: 4, ic: 6, oc: 7, kh: 4, kw: 4, sh: 2, sw: 2, pt: 1, pl: 1, pb: 1, pr: 1},
	{name: "3x3 stride 2 with output padding", h: 5, w: 4, ic: 6, oc: 7, kh: 3, kw: 3, sh: 2, sw: 2, pt: 1, pl: 1, zin: 9},
	{name: "3x3 dilated", h: 5, w: 4, ic: 6, oc: 7, kh: 3, kw: 3, dh: 2, dw: 2},
	{name: "kernel smaller than stride", h: 3, w: 3, ic: 4, oc: 4, kh: 2, kw: 2, sh: 3, sw: 3},
	{name: "groups", n: 2, h: 4, w: 4, ic: 6, oc: 9, kh: 4, kw: 4, sh: 2, sw: 2, pt: 1, pl: 1, pb: 1, pr: 1, groups: 3},
	{name: "16x16 stride 8", h: 3, w: 3, ic: 3, oc: 3, kh: 16, kw: 16, sh: 8, sw: 8, pt: 4, pl: 4, pb: 4, pr: 4},
}

// kind is a family of convolutions.
type kind int

const (
	dense kind = iota
	plain
	depthwise
	deform
	transposed
)

func runConv(t *testing.T, tab kernels.Table) {
	for _, f := range []struct {
		name  string
		kind  kind
		impl  []kernels.Conv
		cases []convCase
	}{
		{"plain", plain, tab.Conv, convCases},
		{"depthwise", depthwise, tab.Depthwise, append(depthwiseGrid(), depthwiseCases...)},
		{"dense", dense, tab.Dense, denseCases},
		{"deform", deform, tab.DeformConv, deformCases},
		{"transposed", transposed, tab.ConvTranspose, transposedCases},
	} {
		t.Run(f.name, func(t *testing.T) {
			for _, k := range f.impl {
				t.Run(k.Name, func(t *testing.T) {
					taken := 0
					for _, c := range f.cases {
						c.defaults()
						t.Run(c.name, func(t *testing.T) {
							if c.check(t, f.kind, &k) {
								taken++
							}
						})
					}
					require.NotZero(t, taken, "the kernel takes none of the cases")
					if f.kind == plain || f.kind == dense {
						t.Run("tile edges", func(t *testing.T) { tileEdges(t, f.kind, &k) })
					}
					t.Run("random shapes", func(t *testing.T) {
						r := rand.New(rand.NewPCG(uint64(f.kind), 99))
						for i := range 40 {
							c := randomConv(r, f.kind)
							c.name = fmt.Sprintf("random %d: %+v", i, c)
							c.check(t, f.kind, &k)
						}
					})
				})
			}
		})
	}
}

// tileEdges goes through numbers of rows, columns and products around the sizes
// that kernels work in.
func tileEdges(t *testing.T, k kind, kern *kernels.Conv) {
	columns := []int{1, 3, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 33, 36, 40, 48}
	check := func(rows, oc, ic int, leaky bool) {
		c := convCase{name: fmt.Sprintf("%d rows, %d columns, %d products", rows, oc, ic), w: rows, ic: ic, oc: oc, leaky: leaky, zin: 3}
		if k == dense {
			c.n, c.w = rows, 1
		}
		c.defaults()
		c.check(t, k, kern)
	}
	for _, oc := range columns {
		for rows := 1; rows <= 9; rows++ {
			check(rows, oc, 7, rows == 6)
		}
		for _, ic := range []int{1, 2, 3, 4, 5, 8, 11, 12, 15, 16, 17, 20, 24, 31, 32, 33, 47, 48, 49} {
			check(1, oc, ic, false)
			check(6, oc, ic, false)
		}
	}
}

// Fuzz runs one convolution through every kernel that takes it. The numbers may be
// anything; they are brought into range.
func Fuzz(t *testing.T, tabs []kernels.Table, family, seed, n, h, w, ic, oc, window, step, pads, groups, flags uint32) {
	in := func(v *uint32, most uint32) int {
		d := int(*v%most) + 1
		*v /= most
		return d
	}
	g := in(&groups, 4)
	c := convCase{
		name: fmt.Sprint(seed), n: in(&n, 3), h: in(&h, 24), w: in(&w, 40), groups: g, ic: g * in(&ic, 70), oc: g * in(&oc, 70),
		kh: in(&window, 5), kw: in(&window, 5), sh: in(&step, 3), sw: in(&step, 3), dh: in(&step, 3), dw: in(&step, 3),
		pt: in(&pads, 5) - 1, pl: in(&pads, 5) - 1, pb: in(&pads, 5) - 1, pr: in(&pads, 5) - 1,
		gap: in(&flags, 4) - 1, rowGap: in(&flags, 3) - 1, wide: flags&1 != 0, leaky: flags&2 != 0, mask: flags&4 != 0, dead: flags&8 != 0,
		vals: values(flags >> 4 & 3), zin: int32(int8(flags >> 6)), og: 1,
	}
	if flags>>14&7 == 7 {
		c.pre = uint8(flags >> 17 & 7)
	}
	k := []kind{plain, dense, depthwise, deform, transposed}[family%5]
	switch k {
	case dense:
		c.h, c.w, c.kh, c.kw, c.sh, c.sw, c.dh, c.dw, c.pt, c.pl, c.pb, c.pr, c.groups = 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1
	case depthwise:
		c.groups = 1
		c.oc = c.ic * (1 + c.oc%2)
	case transposed:
		c.pt, c.pl, c.pb, c.pr = min(c.pt, (c.kh-1)*c.dh), min(c.pl, (c.kw-1)*c.dw), 0, 0
	}
	// The oracle takes its time.
	for c.n*c.h*c.w*c.oc*c.ic*c.kh*c.kw/c.groups > 1<<21 {
		c.n, c.h, c.w = 1, max(1, c.h/2), max(1, c.w*2/3)
		if c.h == 1 {
			c.ic, c.oc = max(1, c.ic/c.groups/2)*c.groups, max(1, c.oc/c.groups/2)*c.groups
			if k == depthwise {
				c.oc = c.ic
			}
		}
	}
	eh, ew := (c.kh-1)*c.dh+1, (c.kw-1)*c.dw+1
	if k == transposed {
		if (c.h-1)*c.sh+eh <= c.pt || (c.w-1)*c.sw+ew <= c.pl {
			return
		}
	} else {
		c.h, c.w = max(c.h, eh-c.pt-c.pb), max(c.w, ew-c.pl-c.pr)
	}
	seen := map[string]bool{}
	for _, tab := range tabs {
		for _, kern := range map[kind][]kernels.Conv{plain: tab.Conv, dense: tab.Dense, depthwise: tab.Depthwise, deform: tab.DeformConv, transposed: tab.ConvTranspose}[k] {
			if !seen[kern.Name] {
				seen[kern.Name] = true
				c.check(t, k, &kern)
			}
		}
	}
}

func randomConv(r *rand.Rand, k kind) convCase {
	g := 1 + r.IntN(3)
	c := convCase{
		n: 1 + r.IntN(2), h: 1 + r.IntN(12), w: 1 + r.IntN(12), groups: g, ic: g * (1 + r.IntN(20)), oc: g * (1 + r.IntN(30)),
		kh: 1 + r.IntN(4), kw: 1 + r.IntN(5), sh: 1 + r.IntN(3), sw: 1 + r.IntN(3), dh: 1 + r.IntN(2), dw: 1 + r.IntN(3),
		zin: int32(r.IntN(256) - 128), gap: r.IntN(3), wide: r.IntN(4) == 0, leaky: r.IntN(4) == 0, og: 1, mask: r.IntN(2) == 0,
		vals: values(r.IntN(4)),
	}
	c.pt, c.pl, c.pb, c.pr = r.IntN(c.kh), r.IntN(c.kw), r.IntN(c.kh), r.IntN(c.kw)
	switch k {
	case dense:
		c.h, c.w, c.kh, c.kw, c.sh, c.sw, c.dh, c.dw, c.groups = 1, 1, 1, 1, 1, 1, 1, 1, 1
		c.pt, c.pl, c.pb, c.pr = 0, 0, 0, 0
	case depthwise:
		c.groups = 1
		c.oc = c.ic * (1 + r.IntN(2))
	case transposed:
		c.pt, c.pl, c.pb, c.pr = 0, 0, 0, 0
	}
	if k != transposed {
		c.h = max(c.h, (c.kh-1)*c.dh+1-c.pt-c.pb)
		c.w = max(c.w, (c.kw-1)*c.dw+1-c.pl-c.pr)
	}
	return c
}

// check runs one case; false if the kernel does not take it.
func (c *convCase) check(t *testing.T, k kind, kern *kernels.Conv) bool {
	r := rand.New(rand.NewPCG(uint64(len(c.name)), uint64(c.ic*c.oc)))
	a := c.args(t, r, k)
	size := c.n*a.OutPlane.N - c.gap
	out8, out16 := newCanvas[int8](size), newCanvas[int16](size)
	ref := *a
	if c.wide {
		a.Out16, ref.Out16 = out16.out(), out16.ref()
	} else {
		a.Out, ref.Out = out8.out(), out8.ref()
	}
	if !kern.Takes(a) {
		return false
	}
	oracleConv(&ref, k)
	if n := kern.PackedBytes(a); n > 0 {
		a.Packed = guarded8(t, n)
		kern.Pack(a.Packed, a)
	}
	start8, start16 := *newCanvas[int8](size), *newCanvas[int16](size)
	for _, cut := range []bool{false, true} {
		copy(out8.got, start8.got)
		copy(out16.got, start16.got)
		a.Workers = 1
		if cut {
			a.Workers = workers
		}
		a.Scratch = scratch(kern.Scratch(a))
		units(r, cut, kern.Units(a, a.Workers), func(w, u0, u1 int) { kern.Run(a, w, u0, u1) })
		out8.check(t, c.name)
		out16.check(t, c.name)
	}
	return true
}

func (c *convCase) args(t *testing.T, r *rand.Rand, k kind) *kernels.ConvArgs {
	a := &kernels.ConvArgs{
		N: c.n, IH: c.h, IW: c.w, IC: c.ic, OC: c.oc, KH: c.kh, KW: c.kw, SH: c.sh, SW: c.sw, DH: c.dh, DW: c.dw,
		PT: c.pt, PL: c.pl, Groups: c.groups, ZIn: c.zin, ZOut: int32(r.IntN(21) - 10), Pre: c.pre, Lo: -128, Hi: 127,
	}
	eh, ew := (c.kh-1)*c.dh+1, (c.kw-1)*c.dw+1
	if k == transposed {
		a.OH, a.OW = (c.h-1)*c.sh+eh-c.pt-c.pb, (c.w-1)*c.sw+ew-c.pl-c.pr
	} else {
		a.OH, a.OW = (c.h+c.pt+c.pb-eh)/c.sh+1, (c.w+c.pl+c.pr-ew)/c.sw+1
	}
	require.Positive(t, a.OH, c.name)
	require.Positive(t, a.OW, c.name)
	if c.wide {
		a.ZOut, a.Lo, a.Hi = 0, -32768, 32767
	} else if r.IntN(2) == 0 {
		a.Lo, a.Hi = a.ZOut, int32(100) // like ReLU6
	}
	plane := func(h, w, ch int) kernels.Plane {
		p := kernels.Plane{W: ch + c.gap}
		p.H = p.W*w + c.rowGap
		p.N = p.H*h + 3*c.gap
		return p
	}
	a.InPlane, a.OutPlane = plane(c.h, c.w, c.ic), plane(a.OH, a.OW, c.oc)
	last := func(p kernels.Plane, n, h, w, ch int) int { return (n-1)*p.N + (h-1)*p.H + (w-1)*p.W + ch }
	a.In = guarded8(t, last(a.InPlane, c.n, c.h, c.w, c.ic))
	c.vals.fill8(r, a.In, -128)
	taps := c.kh * c.kw
	per := taps * c.ic / c.groups
	if k == depthwise {
		per = taps
	}
	a.Weights = guarded8(t, c.oc*per)
	c.vals.fill8(r, a.Weights, -127)
	acc := float64(per) * 60
	if c.vals != random {
		acc = float64(per) * 128 * 127
	}
	for o := range c.oc {
		var sum int32
		for i := range per {
			if k == depthwise {
				sum += int32(a.Weights[i*c.oc+o])
			} else {
				sum += int32(a.Weights[o*per+i])
			}
		}
		a.Bias = append(a.Bias, r.Int32N(2000)-1000-c.zin*sum)
		m, s := scale(r, acc*10)
		if c.dead && r.IntN(3) == 0 {
			s = uint8(17 + r.IntN(15))
		}
		a.Mult, a.Shift = append(a.Mult, m), append(a.Shift, min(31, s+c.pre))
		if c.leaky {
			if o%3 == 1 { // a slope below 0
				m = -m
			}
			a.NegMult, a.NegShift = append(a.NegMult, m), append(a.NegShift, min(31, s+c.pre+3))
		}
	}
	if k == deform {
		a.OffsetGroups, a.Frac, a.ZMask = c.og, uint8(5+r.IntN(3)), -128
		a.OffsetPlane, a.MaskPlane = plane(a.OH, a.OW, 2*taps*c.og), plane(a.OH, a.OW, taps*c.og)
		a.Offset = guarded16(t, last(a.OffsetPlane, c.n, a.OH, a.OW, 2*taps*c.og))
		for i := range a.Offset {
			a.Offset[i] = int16(r.IntN(6<<a.Frac) - 3<<a.Frac)
			if r.IntN(20) == 0 {
				a.Offset[i] = int16(r.Uint32())
			}
		}
		if c.mask {
			a.Mask = guarded8(t, last(a.MaskPlane, c.n, a.OH, a.OW, taps*c.og))
			c.vals.fill8(r, a.Mask, -128)
		}
	}
	return a
}

// oracleConv is the formula of kernels.ConvArgs.
func oracleConv(a *kernels.ConvArgs, k kind) {
	at := func(n, y, x, c int) int32 {
		if y < 0 || y >= a.IH || x < 0 || x >= a.IW {
			return a.ZIn
		}
		return int32(a.In[n*a.InPlane.N+y*a.InPlane.H+x*a.InPlane.W+c])
	}
	ig, ogr := a.IC/a.Groups, a.OC/a.Groups
	for n := range a.N {
		for oy := range a.OH {
			for ox := range a.OW {
				for o := range a.OC {
					acc := a.Bias[o]
					for ky := range a.KH {
						for kx := range a.KW {
							y, x := oy*a.SH-a.PT+ky*a.DH, ox*a.SW-a.PL+kx*a.DW
							if k == depthwise {
								acc += int32(a.Weights[(ky*a.KW+kx)*a.OC+o]) * at(n, y, x, o/(a.OC/a.IC))
								continue
							}
							for c := range ig {
								ch := o/ogr*ig + c
								w := int32(a.Weights[((o*a.KH+ky)*a.KW+kx)*ig+c])
								switch k {
								case deform:
									acc += w * oracleSample(a, n, oy, ox, ky, kx, ch, at)
								case transposed:
									ty, tx := oy+a.PT-ky*a.DH, ox+a.PL-kx*a.DW
									v := a.ZIn
									if ty >= 0 && tx >= 0 && ty%a.SH == 0 && tx%a.SW == 0 {
										v = at(n, ty/a.SH, tx/a.SW, ch)
									}
									acc += w * v
								default:
									acc += w * at(n, y, x, ch)
								}
							}
						}
					}
					m := requant.Multiplier{M: a.Mult[o], Shift: a.Shift[o], Pre: a.Pre}
					if acc < 0 && len(a.NegMult) > 0 {
						m.M, m.Shift = a.NegMult[o], a.NegShift[o]
					}
					q := min(max(m.Apply(acc)+a.ZOut, a.Lo), a.Hi)
					i := n*a.OutPlane.N + oy*a.OutPlane.H + ox*a.OutPlane.W + o
					if a.Out != nil {
						a.Out[i] = int8(q)
					} else {
						a.Out16[i] = int16(q)
					}
				}
			}
		}
	}
}

// oracleSample is one bilinear sample in integers.
func oracleSample(a *kernels.ConvArgs, n, oy, ox, ky, kx, ch int, at func(n, y, x, c int) int32) int32 {
	one := int32(1) << a.Frac
	t := ch/(a.IC/a.OffsetGroups)*a.KH*a.KW + ky*a.KW + kx
	o := n*a.OffsetPlane.N + oy*a.OffsetPlane.H + ox*a.OffsetPlane.W
	y := int32(oy*a.SH-a.PT+ky*a.DH)*one + int32(a.Offset[o+2*t])
	x := int32(ox*a.SW-a.PL+kx*a.DW)*one + int32(a.Offset[o+2*t+1])
	y0, x0 := int(y>>a.Frac), int(x>>a.Frac)
	fy, fx := y&(one-1), x&(one-1)
	z := a.ZIn
	sum := (one-fy)*(one-fx)*(at(n, y0, x0, ch)-z) + (one-fy)*fx*(at(n, y0, x0+1, ch)-z) +
		fy*(one-fx)*(at(n, y0+1, x0, ch)-z) + fy*fx*(at(n, y0+1, x0+1, ch)-z)
	shift := 2 * a.Frac
	if len(a.Mask) > 0 {
		m := a.Mask[n*a.MaskPlane.N+oy*a.MaskPlane.H+ox*a.MaskPlane.W+t]
		sum *= int32(m) - a.ZMask
		shift += 8
	}
	return min(max((sum+1<<(shift-1))>>shift+z, -128), 127)
}
