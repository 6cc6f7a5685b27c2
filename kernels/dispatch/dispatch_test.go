package dispatch

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/cpu"
	"github.com/edgerun/edgerun/internal/kerneltest"
	"github.com/edgerun/edgerun/kernels"
)

// TestConformance puts every table that this CPU can run through the suite. A
// tier that runs where the CPU lacks it dies of an illegal instruction.
func TestConformance(t *testing.T) {
	for _, tab := range All() {
		t.Run(tab.Tier, func(t *testing.T) { kerneltest.Run(t, tab) })
	}
}

// TestTiers checks which tables there are: generic everywhere, and on arm64
// one for every tier that the CPU has kernels of its own for.
func TestTiers(t *testing.T) {
	all := All()
	require.Equal(t, "generic", all[0].Tier)
	if runtime.GOARCH == "arm64" && purego == "" {
		require.GreaterOrEqual(t, len(all), 2, "the neon tier was meant to run")
		require.Equal(t, "neon", all[1].Tier)
	} else {
		require.Len(t, all, 1)
	}
	// Never above what is asked for.
	require.Equal(t, "generic", Best(0).Tier)
	require.Equal(t, all[len(all)-1].Tier, Best(cpu.Detected()).Tier)
	if !cpu.Detected().Has(kernels.NEON) {
		require.Equal(t, "generic", Best(kernels.NEON).Tier)
	}
}
