//go:build !purego

package arm64

import "github.com/edgerun/edgerun/kernels"

// Plug lays the kernels of the tiers that isa covers over a table.
func Plug(t *kernels.Table, isa kernels.ISA) {
	if !isa.Has(kernels.NEON) {
		return
	}
	t.Tier = "neon"
	plugLUT(t)
}
