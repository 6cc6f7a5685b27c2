package boards

const linuxNEON = "Linux Documentation/arch/arm64/elf_hwcaps.rst, HWCAP_ASIMD; Go needs it on arm64"

var generic = []Profile{
	{
		Name:        "generic-arm64",
		FullName:    "any 64-bit Arm board",
		SoC:         Fact[string]{Source: varies},
		SystemCache: Fact[Cache]{Source: varies},
		RAMMiB:      Fact[[]int]{Source: varies},
		Bandwidth:   Fact[float64]{Source: varies},
		ISA:         Fact[[]string]{[]string{"arm64", "neon"}, linuxNEON},
		Models:      Fact[[]string]{Source: varies},
		Compatible:  Fact[[]string]{Source: varies},
	},
	{
		Name:        "generic-arm",
		FullName:    "any 32-bit Arm board, or a 32-bit system on a 64-bit one",
		SoC:         Fact[string]{Source: varies},
		SystemCache: Fact[Cache]{Source: varies},
		RAMMiB:      Fact[[]int]{Source: varies},
		Bandwidth:   Fact[float64]{Source: varies},
		ISA:         Fact[[]string]{[]string{"arm"}, "by definition; NEON is optional in Armv7-A"},
		Models:      Fact[[]string]{Source: varies},
		Compatible:  Fact[[]string]{Source: varies},
	},
}
