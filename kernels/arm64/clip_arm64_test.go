//go:build !purego

package arm64

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/kernels"
)

func TestAxisTaps(t *testing.T) {
	for n := 1; n < 9; n++ {
		for k := 1; k < 6; k++ {
			for stride := 1; stride < 4; stride++ {
				for dilation := 1; dilation < 4; dilation++ {
					for pad := -2; pad < 8; pad++ {
						for o := range 10 {
							var inside []int
							for i := range k {
								if at := o*stride - pad + i*dilation; at >= 0 && at < n {
									inside = append(inside, i)
								}
							}
							lo, hi := axisTaps(o, n, k, stride, dilation, pad)
							if len(inside) == 0 {
								require.Equal(t, [2]int{0, k}, [2]int{lo, hi})
								continue
							}
							require.Equal(t, [2]int{inside[0], inside[len(inside)-1] + 1}, [2]int{lo, hi},
								"n %d k %d stride %d dilation %d pad %d output %d", n, k, stride, dilation, pad, o)
						}
					}
				}
			}
		}
	}
}

// Where padding is worth leaving out, it is: the conformance suite has layers like
// these.
func TestClipChosen(t *testing.T) {
	for _, c := range []struct {
		h, w, ic, kh, kw, stride, dilation int
		y, x                               int // spans
	}{
		{17, 17, 32, 1, 7, 1, 1, 1, 7},
		{17, 17, 30, 7, 1, 1, 1, 7, 1},
		{15, 14, 48, 5, 5, 1, 1, 5, 5},
		{31, 30, 64, 3, 3, 2, 1, 3, 2},
		{14, 15, 40, 3, 3, 1, 4, 3, 1},
		{1, 150, 30, 1, 3, 1, 32, 1, 3},
		{7, 7, 6, 3, 3, 1, 1, 1, 1},    // too few channels
		{30, 30, 64, 1, 1, 1, 1, 1, 1}, // no padding
	} {
		pad := func(k int) int { return (k - 1) / 2 * c.dilation }
		a := kernels.ConvArgs{N: 1, IH: c.h, IW: c.w, IC: c.ic, OC: 32, KH: c.kh, KW: c.kw, SH: c.stride, SW: c.stride, DH: c.dilation, DW: c.dilation,
			PT: pad(c.kh), PL: pad(c.kw), Groups: 1}
		a.OH, a.OW = (c.h-1)/c.stride+1, (c.w-1)/c.stride+1
		for tier := tierNEON; tier <= tierI8MM; tier++ {
			if tier == tierI8MM && c.ic%8 != 0 {
				continue
			}
			p := newPlan(tier, &a, false)
			require.Equal(t, [2]int{c.y, c.x}, [2]int{p.ny, p.nx}, "%s %+v", tier, c)
		}
	}
}
