// Package dispatch picks the kernels for a CPU. It is the only importer of the
// tiers.
package dispatch

import (
	"github.com/edgerun/edgerun/internal/cpu"
	"github.com/edgerun/edgerun/kernels"
	"github.com/edgerun/edgerun/kernels/generic"
)

// Best returns the kernels for a set of extensions: the generic table with the
// tiers that the set covers laid over it.
func Best(isa kernels.ISA) kernels.Table {
	t := generic.Table()
	plug(&t, isa)
	return t
}

// All returns one table for every tier that this CPU can run, generic first:
// what the conformance suite goes through.
func All() []kernels.Table {
	var ts []kernels.Table
	for _, tier := range kernels.Tiers {
		if cpu.Detected().Has(tier.ISA) {
			t := Best(tier.ISA)
			if len(ts) == 0 || ts[len(ts)-1].Tier != t.Tier {
				ts = append(ts, t)
			}
		}
	}
	return ts
}
