package boards

// Raspberry Pi documentation: github.com/raspberrypi/documentation, below documentation/asciidoc/computers/.
const (
	rpiClocks   = "Raspberry Pi documentation, config_txt/overclocking.adoc, arm_freq defaults"
	rpiRAM      = "Raspberry Pi documentation, raspberry-pi/revision-codes.adoc, new-style revision codes in use"
	rpiNames    = "Raspberry Pi documentation, raspberry-pi/revision-codes.adoc, device tree values"
	rpiRP3A0    = "Raspberry Pi documentation, processors/rp3a0.adoc"
	rpiBCM2837  = "Raspberry Pi documentation, processors/bcm2837.adoc"
	rpiBCM2837B = "Raspberry Pi documentation, processors/bcm2837b0.adoc"
	rpiBCM2711  = "Raspberry Pi documentation, processors/bcm2711.adoc"
	rpiBCM2712  = "Raspberry Pi documentation, processors/bcm2712.adoc"

	dtsBCM2837 = "Linux arch/arm/boot/dts/broadcom/bcm2837.dtsi, cpus"
	dtsBCM2711 = "Linux arch/arm/boot/dts/broadcom/bcm2711.dtsi, cpus"
	dtsBCM2712 = "Linux arch/arm64/boot/dts/broadcom/bcm2712.dtsi, cpus"
	dtsRPi     = "github.com/raspberrypi/linux, arch/arm/boot/dts/broadcom/"

	// No document of Raspberry Pi's gives the width of these interfaces; the
	// memory chips on the boards do.
	rpiLPDDR2 = " (overclocking.adoc, sdram_freq), two transfers a clock, 32 bits (the boards' LPDDR2 chip, e.g. Elpida EDB8132B4PB)"
	rpiLPDDR4 = "3200 MT/s (overclocking.adoc, sdram_freq), 32 bits (the boards' LPDDR4 chip, e.g. Micron MT53D1024M32D4). STREAM copies at 5.5 GB/s: sci-pi.org.uk/bench/stream.html"
)

var raspberryPi = []Profile{
	{
		Name:     "rpi-zero-2-w",
		FullName: "Raspberry Pi Zero 2 W",
		SoC:      Fact[string]{"BCM2710A1", rpiRP3A0 + ": in the RP3A0 package, the die of the BCM2837"},
		Clusters: []*Cluster{{
			Core:   &cortexA53,
			Cores:  Fact[int]{4, rpiRP3A0},
			MaxMHz: Fact[int]{1000, rpiClocks},
			L1I:    Fact[Cache]{Cache{32, 1}, dtsBCM2837},
			L1D:    Fact[Cache]{Cache{32, 1}, dtsBCM2837},
			L2:     Fact[Cache]{Cache{512, 4}, dtsBCM2837},
			L3:     Fact[Cache]{Source: none},
		}},
		SystemCache: Fact[Cache]{Source: notPublished},
		RAMMiB:      Fact[[]int]{[]int{512}, rpiRAM},
		Bandwidth:   Fact[float64]{3.6, "450 MHz" + rpiLPDDR2},
		ISA:         Fact[[]string]{[]string{"arm64", "neon"}, "its cores"},
		Models:      Fact[[]string]{[]string{"Raspberry Pi Zero 2 W"}, dtsRPi + "bcm2710-rpi-zero-2-w.dts"},
		Compatible:  Fact[[]string]{[]string{"raspberrypi,model-zero-2-w"}, rpiNames},
	},
	{
		Name:     "rpi3b",
		FullName: "Raspberry Pi 3 Model B",
		SoC:      Fact[string]{"BCM2837", rpiBCM2837},
		Clusters: []*Cluster{{
			Core:   &cortexA53,
			Cores:  Fact[int]{4, rpiBCM2837},
			MaxMHz: Fact[int]{1200, rpiClocks},
			L1I:    Fact[Cache]{Cache{32, 1}, dtsBCM2837},
			L1D:    Fact[Cache]{Cache{32, 1}, dtsBCM2837},
			L2:     Fact[Cache]{Cache{512, 4}, dtsBCM2837},
			L3:     Fact[Cache]{Source: none},
		}},
		SystemCache: Fact[Cache]{Source: notPublished},
		RAMMiB:      Fact[[]int]{[]int{1024}, rpiRAM},
		Bandwidth:   Fact[float64]{3.6, "450 MHz" + rpiLPDDR2},
		ISA:         Fact[[]string]{[]string{"arm64", "neon"}, "its cores"},
		Models:      Fact[[]string]{[]string{"Raspberry Pi 3 Model B"}, dtsRPi + "bcm2710-rpi-3-b.dts"},
		Compatible:  Fact[[]string]{[]string{"raspberrypi,3-model-b"}, rpiNames},
	},
	{
		Name:     "rpi3b-plus",
		FullName: "Raspberry Pi 3 Model B+",
		SoC:      Fact[string]{"BCM2837B0", rpiBCM2837B},
		Clusters: []*Cluster{{
			Core:   &cortexA53,
			Cores:  Fact[int]{4, rpiBCM2837B + ": cores as in the BCM2837"},
			MaxMHz: Fact[int]{1400, rpiClocks},
			L1I:    Fact[Cache]{Cache{32, 1}, dtsBCM2837},
			L1D:    Fact[Cache]{Cache{32, 1}, dtsBCM2837},
			L2:     Fact[Cache]{Cache{512, 4}, dtsBCM2837},
			L3:     Fact[Cache]{Source: none},
		}},
		SystemCache: Fact[Cache]{Source: notPublished},
		RAMMiB:      Fact[[]int]{[]int{1024}, rpiRAM},
		Bandwidth:   Fact[float64]{4, "500 MHz" + rpiLPDDR2},
		ISA:         Fact[[]string]{[]string{"arm64", "neon"}, "its cores"},
		Models: Fact[[]string]{[]string{"Raspberry Pi 3 Model B+", "Raspberry Pi 3 Model B Plus"},
			dtsRPi + "bcm2710-rpi-3-b-plus.dts; the firmware writes \"Plus\""},
		Compatible: Fact[[]string]{[]string{"raspberrypi,3-model-b-plus"}, rpiNames},
		Note:       "1200 MHz from 60 °C on (overclocking.adoc, temp_soft_limit)",
	},
	{
		Name:     "rpi4b",
		FullName: "Raspberry Pi 4 Model B",
		SoC:      Fact[string]{"BCM2711", rpiBCM2711},
		Clusters: []*Cluster{{
			Core:   &cortexA72,
			Cores:  Fact[int]{4, rpiBCM2711},
			MaxMHz: Fact[int]{1800, rpiClocks + ", revision 1.4 with arm_boost=1"},
			L1I:    Fact[Cache]{Cache{48, 1}, dtsBCM2711},
			L1D:    Fact[Cache]{Cache{32, 1}, dtsBCM2711},
			L2:     Fact[Cache]{Cache{1024, 4}, dtsBCM2711},
			L3:     Fact[Cache]{Source: none},
		}},
		SystemCache: Fact[Cache]{Source: notPublished},
		RAMMiB:      Fact[[]int]{[]int{1024, 2048, 4096, 8192}, rpiRAM},
		Bandwidth:   Fact[float64]{12.8, rpiLPDDR4},
		ISA:         Fact[[]string]{[]string{"arm64", "neon"}, "its cores"},
		Models:      Fact[[]string]{[]string{"Raspberry Pi 4 Model B"}, dtsRPi + "bcm2711-rpi-4-b.dts"},
		Compatible:  Fact[[]string]{[]string{"raspberrypi,4-model-b"}, rpiNames},
		Note:        "1500 MHz up to revision 1.3 and without arm_boost=1 (overclocking.adoc)",
	},
	{
		Name:     "rpi-cm4",
		FullName: "Raspberry Pi Compute Module 4",
		SoC:      Fact[string]{"BCM2711", rpiBCM2711},
		Clusters: []*Cluster{{
			Core:   &cortexA72,
			Cores:  Fact[int]{4, rpiBCM2711},
			MaxMHz: Fact[int]{1500, rpiClocks},
			L1I:    Fact[Cache]{Cache{48, 1}, dtsBCM2711},
			L1D:    Fact[Cache]{Cache{32, 1}, dtsBCM2711},
			L2:     Fact[Cache]{Cache{1024, 4}, dtsBCM2711},
			L3:     Fact[Cache]{Source: none},
		}},
		SystemCache: Fact[Cache]{Source: notPublished},
		RAMMiB:      Fact[[]int]{[]int{1024, 2048, 4096, 8192}, rpiRAM},
		Bandwidth:   Fact[float64]{12.8, rpiLPDDR4},
		ISA:         Fact[[]string]{[]string{"arm64", "neon"}, "its cores"},
		Models: Fact[[]string]{[]string{"Raspberry Pi Compute Module 4", "Raspberry Pi Compute Module 4 IO Board"},
			dtsRPi + "bcm2711-rpi-cm4.dts; Linux bcm2711-rpi-cm4-io.dts"},
		Compatible: Fact[[]string]{[]string{"raspberrypi,4-compute-module"}, rpiNames},
	},
	{
		Name:     "rpi5",
		FullName: "Raspberry Pi 5",
		SoC:      Fact[string]{"BCM2712", rpiBCM2712},
		Clusters: []*Cluster{{
			Core:   &cortexA76,
			Cores:  Fact[int]{4, rpiBCM2712},
			MaxMHz: Fact[int]{2400, rpiClocks},
			L1I:    Fact[Cache]{Cache{64, 1}, dtsBCM2712},
			L1D:    Fact[Cache]{Cache{64, 1}, dtsBCM2712},
			L2:     Fact[Cache]{Cache{512, 1}, dtsBCM2712},
			L3:     Fact[Cache]{Cache{2048, 4}, dtsBCM2712},
		}},
		SystemCache: Fact[Cache]{Source: notPublished},
		RAMMiB:      Fact[[]int]{[]int{1024, 2048, 4096, 8192, 16384}, rpiRAM},
		Bandwidth:   Fact[float64]{17, rpiBCM2712 + ": 32-bit LPDDR4X"},
		ISA:         Fact[[]string]{[]string{"arm64", "neon", "dotprod", "fp16"}, "its cores"},
		Models: Fact[[]string]{[]string{"Raspberry Pi 5 Model B", "Raspberry Pi 5"},
			dtsRPi + "bcm2712-rpi-5-b.dts; the firmware writes \"Model B\""},
		Compatible: Fact[[]string]{[]string{"raspberrypi,5-model-b"}, rpiNames},
	},
}
