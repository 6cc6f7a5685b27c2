//go:build !purego

package arm64

import "github.com/edgerun/edgerun/kernels"

// Plug lays the kernels of the tiers that isa covers over a table: those of a
// higher tier in front of, or in place of, those of a lower one.
func Plug(t *kernels.Table, isa kernels.ISA) {
	for _, tier := range kernels.Tiers {
		lay := plugs[tier.Name]
		if lay == nil || !isa.Has(tier.ISA) {
			continue
		}
		t.Tier = tier.Name
		for _, f := range lay {
			f(t)
		}
	}
}

// plugs holds, for every tier, the functions that lay one family each.
var plugs = map[string][]func(*kernels.Table){
	"neon":    {plugSample, plugConv(tierNEON), plugWinograd, plugOthersNEON},
	"dotprod": {plugConv(tierDotProd), plugFirst, plugOthersDotProd},
	"i8mm":    {plugConv(tierI8MM)},
}

// plugWinograd lays Winograd's convolution over the tier's own. The tiers with dot
// products are faster without.
func plugWinograd(tab *kernels.Table) { tab.Conv = append([]kernels.Conv{winograd}, tab.Conv...) }

func plugFirst(tab *kernels.Table) { tab.Conv = append([]kernels.Conv{firstDot}, tab.Conv...) }

// plugConv lays a tier's convolutions over a table. Deformable ones sample as the
// tier below does, unless a function behind this one says otherwise.
func plugConv(t tier) func(*kernels.Table) {
	return func(tab *kernels.Table) {
		tab.Conv = append([]kernels.Conv{newConv("conv", t, nil)}, tab.Conv...)
		tab.Dense = append([]kernels.Conv{newConv("dense", t, nil)}, tab.Dense...)
		tab.ConvTranspose = append([]kernels.Conv{newTransposed(t)}, tab.ConvTranspose...)
		tab.DeformConv = append([]kernels.Conv{newConv("deform", t, tab.DeformConv[0].Columns)}, tab.DeformConv...)
	}
}

// plugOthersNEON lays everything but products of matrices.
func plugOthersNEON(tab *kernels.Table) {
	for _, f := range []func(*kernels.Table){
		plugDepthwiseNEON, plugElementwise, plugWide, plugLUT(tierNEON), plugPool, plugSE(tierNEON), plugResize, plugMove,
		plugArgMax, plugSoftmax, plugLogSoftmax, plugLRN, plugConvert,
	} {
		f(tab)
	}
}

// plugOthersDotProd lays what of that is better with dot products, or on the cores that
// have them.
func plugOthersDotProd(tab *kernels.Table) {
	plugDepthwiseDotProd(tab)
	plugLUT(tierDotProd)(tab)
	plugSE(tierDotProd)(tab)
}
