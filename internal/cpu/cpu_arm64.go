package cpu

import (
	"golang.org/x/sys/cpu"

	"github.com/edgerun/edgerun/kernels"
)

// Detected returns what the operating system says the CPU has: on Linux from
// the auxiliary vector, never from cpuinfo or the core's name.
func Detected() kernels.ISA {
	isa := kernels.NEON
	if cpu.ARM64.HasASIMDDP {
		isa |= kernels.DotProd
	}
	if cpu.ARM64.HasI8MM {
		isa |= kernels.I8MM
	}
	return isa
}
