package cpu

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/kernels"
)

func TestNamed(t *testing.T) {
	all := kernels.NEON | kernels.DotProd | kernels.I8MM
	for _, tier := range kernels.Tiers {
		isa, err := Named(tier.Name, all)
		require.NoError(t, err)
		require.Equal(t, tier.Name, isa.Tier())
	}
	_, err := Named("dotprod", kernels.NEON)
	require.EqualError(t, err, "cpu: this CPU has no dotprod; the best it has is neon")
	_, err = Named("avx", kernels.NEON)
	require.EqualError(t, err, "cpu: tier avx is unknown, want one of generic, neon")
}

func TestISA(t *testing.T) {
	t.Setenv(Env, "")
	isa, err := ISA()
	require.NoError(t, err)
	require.Equal(t, Detected(), isa)
	t.Setenv(Env, "generic")
	isa, err = ISA()
	require.NoError(t, err)
	require.Zero(t, isa)
	t.Setenv(Env, "nonsense")
	_, err = ISA()
	require.Error(t, err)
}
