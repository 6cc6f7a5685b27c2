//go:build !purego

package dispatch

import (
	"github.com/edgerun/edgerun/kernels"
	"github.com/edgerun/edgerun/kernels/arm64"
)

// plug lays the tiers that isa covers over the generic kernels.
func plug(t *kernels.Table, isa kernels.ISA) { arm64.Plug(t, isa) }
