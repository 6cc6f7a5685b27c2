// Package cpu says which instruction-set tiers this machine has.
package cpu

import (
	"errors"
	"os"

	"github.com/edgerun/edgerun/kernels"
)

// Env names the environment variable that lowers the tier: generic, neon,
// dotprod or i8mm.
const Env = "EDGERUN_ISA"

// ISA returns the extensions to use: what the CPU has, or less if Env says so.
// A tier that the CPU lacks is an error, not a crash.
func ISA() (kernels.ISA, error) {
	have := Detected()
	name := os.Getenv(Env)
	if name == "" {
		return have, nil
	}
	return Named(name, have)
}

// Named returns the extensions of a tier, if have covers them.
func Named(name string, have kernels.ISA) (kernels.ISA, error) {
	names := ""
	for _, t := range kernels.Tiers {
		if have.Has(t.ISA) {
			if names != "" {
				names += ", "
			}
			names += t.Name
		}
		if t.Name == name {
			if !have.Has(t.ISA) {
				return 0, errors.New("cpu: this CPU has no " + name + "; the best it has is " + have.Tier())
			}
			return t.ISA, nil
		}
	}
	return 0, errors.New("cpu: tier " + name + " is unknown, want one of " + names)
}
