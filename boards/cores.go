package boards

const (
	cputypeH = "Linux arch/arm64/include/asm/cputype.h"
	llvmA64  = "LLVM llvm/lib/Target/AArch64/AArch64Processors.td, ProcessorFeatures"
)

var (
	cortexA53 = Core{
		Name: "cortex-a53",
		ID:   Fact[string]{"0x41:0xd03", cputypeH},
		ISA:  Fact[[]string]{[]string{"arm64", "neon"}, llvmA64 + " A53: no DotProd, FullFP16, MatMulInt8"},
	}
	cortexA57 = Core{
		Name: "cortex-a57",
		ID:   Fact[string]{"0x41:0xd07", cputypeH},
		ISA: Fact[[]string]{[]string{"arm64", "neon"}, llvmA64 + " A53, shared by cortex-a57; " +
			"Jetson Nano /proc/cpuinfo, https://github.com/hrw/arm-socs-table/issues/37: no asimddp, asimdhp, i8mm"},
	}
	cortexA72 = Core{
		Name: "cortex-a72",
		ID:   Fact[string]{"0x41:0xd08", cputypeH},
		ISA: Fact[[]string]{[]string{"arm64", "neon"},
			llvmA64 + " A53, shared by cortex-a72: no DotProd, FullFP16, MatMulInt8"},
	}
	cortexA76 = Core{
		Name: "cortex-a76",
		ID:   Fact[string]{"0x41:0xd0b", cputypeH},
		ISA: Fact[[]string]{[]string{"arm64", "neon", "dotprod", "fp16"},
			llvmA64 + " A76: DotProd, FullFP16, no MatMulInt8"},
	}
	cortexA78AE = Core{
		Name: "cortex-a78ae",
		ID:   Fact[string]{"0x41:0xd42", cputypeH},
		ISA: Fact[[]string]{[]string{"arm64", "neon", "dotprod", "fp16"},
			llvmA64 + " A78AE: DotProd, FullFP16, no MatMulInt8"},
	}
	denver2 = Core{
		Name: "denver2",
		ID:   Fact[string]{"0x4e:0x003", cputypeH + ", NVIDIA_CPU_PART_DENVER"},
		ISA: Fact[[]string]{[]string{"arm64", "neon"},
			"Jetson TX2 /proc/cpuinfo, https://github.com/hrw/arm-socs-table/issues/25: no asimddp, asimdhp, i8mm"},
	}
	carmel = Core{
		Name: "carmel",
		ID:   Fact[string]{"0x4e:0x004", cputypeH + ", NVIDIA_CPU_PART_CARMEL"},
		ISA: Fact[[]string]{[]string{"arm64", "neon", "fp16"},
			llvmA64 + " Carmel: FullFP16, no DotProd, MatMulInt8; " +
				"Jetson AGX Xavier /proc/cpuinfo, https://github.com/hrw/arm-socs-table/issues/63: asimdhp, no asimddp"},
	}
)

// coreNames names cores by MIDR_EL1 implementer and part: those of the profiles, then others a Linux board
// is likely to have. Source: cputypeH; below 0xd00 the Arm technical reference manuals and the Linux
// arch/arm/include/asm/cputype.h.
var coreNames = [...]struct{ id, name string }{
	{"0x41:0xd03", "cortex-a53"},
	{"0x41:0xd07", "cortex-a57"},
	{"0x41:0xd08", "cortex-a72"},
	{"0x41:0xd0b", "cortex-a76"},
	{"0x41:0xd42", "cortex-a78ae"},
	{"0x4e:0x003", "denver2"},
	{"0x4e:0x004", "carmel"},

	{"0x41:0xb76", "arm1176"},
	{"0x41:0xc05", "cortex-a5"},
	{"0x41:0xc07", "cortex-a7"},
	{"0x41:0xc08", "cortex-a8"},
	{"0x41:0xc09", "cortex-a9"},
	{"0x41:0xc0e", "cortex-a17"},
	{"0x41:0xc0f", "cortex-a15"},
	{"0x41:0xd04", "cortex-a35"},
	{"0x41:0xd05", "cortex-a55"},
	{"0x41:0xd09", "cortex-a73"},
	{"0x41:0xd0a", "cortex-a75"},
	{"0x41:0xd0c", "neoverse-n1"},
	{"0x41:0xd0d", "cortex-a77"},
	{"0x41:0xd0e", "cortex-a76ae"},
	{"0x41:0xd40", "neoverse-v1"},
	{"0x41:0xd41", "cortex-a78"},
	{"0x41:0xd44", "cortex-x1"},
	{"0x41:0xd46", "cortex-a510"},
	{"0x41:0xd47", "cortex-a710"},
	{"0x41:0xd48", "cortex-x2"},
	{"0x41:0xd49", "neoverse-n2"},
	{"0x41:0xd4b", "cortex-a78c"},
	{"0x41:0xd4c", "cortex-x1c"},
	{"0x41:0xd4d", "cortex-a715"},
	{"0x41:0xd4e", "cortex-x3"},
	{"0x41:0xd4f", "neoverse-v2"},
	{"0x41:0xd80", "cortex-a520"},
	{"0x41:0xd81", "cortex-a720"},
	{"0x41:0xd82", "cortex-x4"},
	{"0x41:0xd85", "cortex-x925"},
	{"0x41:0xd87", "cortex-a725"},
}

// coreName returns the name of the core with that id, or the id itself.
func coreName(id string) string {
	for _, c := range coreNames {
		if c.id == id {
			return c.name
		}
	}
	return id
}
