package dispatch

import (
	"os"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/cpu"
	"github.com/edgerun/edgerun/internal/kerneltest"
	"github.com/edgerun/edgerun/kernels"
)

// TestConformance puts every table that this CPU can run through the suite. A
// tier that runs where the CPU lacks it dies of an illegal instruction.
func TestConformance(t *testing.T) {
	seen := map[string]bool{}
	for _, tab := range All() {
		t.Run(tab.Tier, func(t *testing.T) { kerneltest.Run(t, fresh(tab, seen)) })
	}
}

// fresh drops the kernels of a list that a lower tier has shown already.
func fresh(tab kernels.Table, seen map[string]bool) kernels.Table {
	for _, l := range []*[]kernels.Conv{&tab.Conv, &tab.Depthwise, &tab.Dense, &tab.DeformConv, &tab.ConvTranspose} {
		var left []kernels.Conv
		for _, k := range *l {
			if !seen[k.Name] {
				left = append(left, k)
			}
		}
		for _, k := range left {
			seen[k.Name] = true
		}
		*l = left
	}
	return tab
}

// FuzzGEMM holds the convolutions of all tiers against the oracle.
func FuzzGEMM(f *testing.F) {
	f.Add(uint32(0), uint32(1), uint32(0), uint32(8), uint32(8), uint32(16), uint32(20), uint32(12), uint32(0), uint32(0x1111), uint32(0), uint32(0))
	f.Add(uint32(4), uint32(2), uint32(1), uint32(5), uint32(7), uint32(9), uint32(11), uint32(18), uint32(13), uint32(7), uint32(1), uint32(0x155))
	tabs := All()
	f.Fuzz(func(t *testing.T, family, seed, n, h, w, ic, oc, window, step, pads, groups, flags uint32) {
		kerneltest.Fuzz(t, tabs, family, seed, n, h, w, ic, oc, window, step, pads, groups, flags)
	})
}

// TierEnv says which tier the machine that runs the tests is meant to have at
// its best. A test job for a CPU sets it, so that a tier that was meant to run
// and did not is a failure.
const TierEnv = "EDGERUN_TEST_TIER"

// TestTiers checks which tables there are: generic everywhere, and on arm64
// one for every tier that the CPU has.
func TestTiers(t *testing.T) {
	want := []string{"generic"}
	if runtime.GOARCH == "arm64" && purego == "" {
		for _, tier := range kernels.Tiers[1:] {
			if cpu.Detected().Has(tier.ISA) {
				want = append(want, tier.Name)
			}
		}
		require.GreaterOrEqual(t, len(want), 2, "the neon tier was meant to run")
	}
	var got []string
	for _, tab := range All() {
		got = append(got, tab.Tier)
	}
	require.Equal(t, want, got)
	if best := os.Getenv(TierEnv); best != "" {
		require.Equal(t, best, got[len(got)-1], TierEnv)
	}
}

// TestNothingAbove checks that no kernel of a table is of a tier above it, for
// the tables of every tier whether or not this CPU could run them, and that the
// environment variable takes the choice.
func TestNothingAbove(t *testing.T) {
	level := map[string]int{}
	for i, tier := range kernels.Tiers {
		level[tier.Name] = i
	}
	for i, tier := range kernels.Tiers {
		tab := Best(tier.ISA)
		if runtime.GOARCH == "arm64" && purego == "" {
			require.Equal(t, tier.Name, tab.Tier)
		} else {
			require.Equal(t, "generic", tab.Tier)
		}
		for _, name := range names(&tab) {
			of, ok := level[name[strings.LastIndex(name, "-")+1:]]
			require.True(t, ok, "kernel %q does not end with its tier", name)
			require.LessOrEqual(t, of, i, "kernel %q in the table of tier %s", name, tier.Name)
		}
	}
	for _, tier := range kernels.Tiers {
		if !cpu.Detected().Has(tier.ISA) {
			continue
		}
		t.Setenv(cpu.Env, tier.Name)
		isa, err := cpu.ISA()
		require.NoError(t, err)
		require.Equal(t, Best(tier.ISA).Tier, Best(isa).Tier)
	}
}

// names lists every kernel of a table.
func names(tab *kernels.Table) (all []string) {
	v := reflect.ValueOf(*tab)
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() {
		case reflect.Struct:
			all = append(all, f.FieldByName("Name").String())
		case reflect.Slice:
			for j := range f.Len() {
				all = append(all, f.Index(j).FieldByName("Name").String())
			}
		}
	}
	return all
}
