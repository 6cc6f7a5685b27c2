package boards

const (
	// The table is NVIDIA's comparison of modules, https://developer.nvidia.com/embedded/jetson-modules,
	// read as quoted in github.com/ultralytics/ultralytics docs/en/guides/nvidia-jetson.md.
	jetsonTable = "NVIDIA Jetson modules, technical specifications (https://developer.nvidia.com/embedded/jetson-modules)"

	nanoSheet     = "NVIDIA Jetson Nano System-on-Module data sheet v1.0"
	tx2Modes      = "NVIDIA L4T nvpmodel modes of the TX2, MAX-N: Denver 2 and A57 at 2.0 GHz"
	tx2Page       = "NVIDIA Jetson TX2 module page (https://developer.nvidia.com/embedded/buy/jetson-tx2), 8 GB"
	xavierNXSheet = "NVIDIA Jetson Xavier NX System-on-Module data sheet, 2019"
	xavierSheet   = "NVIDIA Jetson Xavier series System-on-Module data sheet v0.9"
	orinNanoSheet = "NVIDIA Jetson Orin Nano series data sheet DS-11105-001 v1.5"
	agxOrinSheet  = "NVIDIA Jetson AGX Orin series data sheet DS-10662-001 v1.6"
	jetsonUSBIDs  = "NVIDIA Jetson Linux Developer Guide, Quick Start, recovery-mode USB ids per module"

	// Jetson.GPIO is NVIDIA's own library; its table maps compatible strings to modules and RAM sizes.
	jetsonGPIO = "github.com/NVIDIA/jetson-gpio lib/python/Jetson/GPIO/gpio_pin_data.py"
	dtsNVIDIA  = "Linux arch/arm64/boot/dts/nvidia/"
)

// Clusters that a module has several of.
var (
	xavierNXCluster = Cluster{
		Core:   &carmel,
		Cores:  Fact[int]{2, xavierNXSheet},
		MaxMHz: Fact[int]{1900, xavierNXSheet},
		L1I:    Fact[Cache]{Cache{128, 1}, xavierNXSheet},
		L1D:    Fact[Cache]{Cache{64, 1}, xavierNXSheet},
		L2:     Fact[Cache]{Cache{2048, 2}, xavierNXSheet},
		L3:     Fact[Cache]{Cache{4096, 6}, xavierNXSheet + ": shared by all clusters"},
	}
	agxXavierCluster = Cluster{
		Core:   &carmel,
		Cores:  Fact[int]{2, xavierSheet},
		MaxMHz: Fact[int]{2260, xavierSheet},
		L1I:    Fact[Cache]{Cache{128, 1}, xavierSheet},
		L1D:    Fact[Cache]{Cache{64, 1}, xavierSheet},
		L2:     Fact[Cache]{Cache{2048, 2}, xavierSheet},
		L3:     Fact[Cache]{Cache{4096, 8}, xavierSheet + ": shared by all clusters"},
	}
	orinNXCluster = Cluster{
		Core:   &cortexA78AE,
		Cores:  Fact[int]{4, jetsonTable + ": 8 cores; clusters of 4: " + dtsNVIDIA + "tegra234.dtsi"},
		MaxMHz: Fact[int]{2000, jetsonTable},
		L1I:    Fact[Cache]{Cache{64, 1}, dtsNVIDIA + "tegra234.dtsi"},
		L1D:    Fact[Cache]{Cache{64, 1}, dtsNVIDIA + "tegra234.dtsi"},
		L2:     Fact[Cache]{Cache{256, 1}, dtsNVIDIA + "tegra234.dtsi"},
		L3:     Fact[Cache]{Cache{2048, 4}, dtsNVIDIA + "tegra234.dtsi"},
	}
	agxOrinCluster = Cluster{
		Core:   &cortexA78AE,
		Cores:  Fact[int]{4, agxOrinSheet},
		MaxMHz: Fact[int]{2200, jetsonTable},
		L1I:    Fact[Cache]{Cache{64, 1}, agxOrinSheet},
		L1D:    Fact[Cache]{Cache{64, 1}, agxOrinSheet},
		L2:     Fact[Cache]{Cache{256, 1}, agxOrinSheet},
		L3:     Fact[Cache]{Cache{2048, 4}, agxOrinSheet},
	}
)

var jetson = []Profile{
	{
		Name:     "jetson-nano",
		FullName: "NVIDIA Jetson Nano",
		SoC:      Fact[string]{"Tegra210", dtsNVIDIA + "tegra210-p3450-0000.dts"},
		Clusters: []*Cluster{{
			Core:   &cortexA57,
			Cores:  Fact[int]{4, nanoSheet},
			MaxMHz: Fact[int]{1430, nanoSheet},
			L1I:    Fact[Cache]{Cache{48, 1}, nanoSheet},
			L1D:    Fact[Cache]{Cache{32, 1}, nanoSheet},
			L2:     Fact[Cache]{Cache{2048, 4}, nanoSheet},
			L3:     Fact[Cache]{Source: none},
		}},
		SystemCache: Fact[Cache]{Source: notPublished},
		RAMMiB:      Fact[[]int]{[]int{2048, 4096}, nanoSheet + "; 2 GB: " + dtsNVIDIA + "tegra210-p3541-0000.dts"},
		Bandwidth:   Fact[float64]{25.6, nanoSheet + ": 64-bit LPDDR4"},
		ISA:         Fact[[]string]{[]string{"arm64", "neon"}, "its cores"},
		Models: Fact[[]string]{[]string{"NVIDIA Jetson Nano Developer Kit", "NVIDIA Jetson Nano 2GB Developer Kit"},
			dtsNVIDIA + "tegra210-p3450-0000.dts, tegra210-p3541-0000.dts"},
		Compatible: Fact[[]string]{[]string{"nvidia,p3450-0000", "nvidia,p3450-0002", "nvidia,p3541-0000",
			"nvidia,p3448-0000", "nvidia,p3448-0002", "nvidia,p3448-0003", "nvidia,jetson-nano"},
			jetsonGPIO + "; " + dtsNVIDIA + "tegra210-p3541-0000.dts; module p3448: github.com/rbonghi/jetson_stats"},
	},
	{
		Name:     "jetson-tx2",
		FullName: "NVIDIA Jetson TX2, TX2 4GB, TX2i, TX2 NX",
		SoC:      Fact[string]{"Tegra186", dtsNVIDIA + "tegra186-p3310.dtsi"},
		Clusters: []*Cluster{
			{
				Core:   &denver2,
				Cores:  Fact[int]{2, dtsNVIDIA + "tegra186.dtsi"},
				MaxMHz: Fact[int]{2000, tx2Modes},
				L1I:    Fact[Cache]{Cache{128, 1}, dtsNVIDIA + "tegra186.dtsi"},
				L1D:    Fact[Cache]{Cache{64, 1}, dtsNVIDIA + "tegra186.dtsi"},
				L2:     Fact[Cache]{Cache{2048, 2}, dtsNVIDIA + "tegra186.dtsi"},
				L3:     Fact[Cache]{Source: none},
			},
			{
				Core:   &cortexA57,
				Cores:  Fact[int]{4, dtsNVIDIA + "tegra186.dtsi"},
				MaxMHz: Fact[int]{2000, tx2Modes},
				L1I:    Fact[Cache]{Cache{48, 1}, dtsNVIDIA + "tegra186.dtsi"},
				L1D:    Fact[Cache]{Cache{32, 1}, dtsNVIDIA + "tegra186.dtsi"},
				L2:     Fact[Cache]{Cache{2048, 4}, dtsNVIDIA + "tegra186.dtsi"},
				L3:     Fact[Cache]{Source: none},
			},
		},
		SystemCache: Fact[Cache]{Source: notPublished},
		RAMMiB:      Fact[[]int]{[]int{4096, 8192}, jetsonGPIO},
		Bandwidth:   Fact[float64]{59.7, tx2Page + ": 128-bit LPDDR4"},
		ISA:         Fact[[]string]{[]string{"arm64", "neon"}, "its cores"},
		Models: Fact[[]string]{[]string{"NVIDIA Jetson TX2 Developer Kit", "NVIDIA Jetson TX2 NX Developer Kit",
			"NVIDIA Tegra186 P3310 Processor Module", "quill", "storm", "lightning"},
			dtsNVIDIA + "tegra186-*; L4T names: github.com/adafruit/Adafruit_Python_PlatformDetect#36"},
		Compatible: Fact[[]string]{[]string{"nvidia,p2771-0000", "nvidia,p2771-0888", "nvidia,p3310", "nvidia,p3310-1000",
			"nvidia,p3489-0000", "nvidia,p3489-0888", "nvidia,p3636-0001",
			"nvidia,quill", "nvidia,storm", "nvidia,lightning"},
			jetsonGPIO + "; " + dtsNVIDIA + "tegra186-p3310.dtsi; modules: github.com/rbonghi/jetson_stats"},
		Note: "the 4 GB modules have less bandwidth; power modes take the Denver cores offline",
	},
	{
		Name:        "jetson-xavier-nx",
		FullName:    "NVIDIA Jetson Xavier NX",
		SoC:         Fact[string]{"Tegra194", dtsNVIDIA + "tegra194-p3668.dtsi"},
		Clusters:    []*Cluster{&xavierNXCluster, &xavierNXCluster, &xavierNXCluster},
		SystemCache: Fact[Cache]{Source: notPublished},
		RAMMiB:      Fact[[]int]{[]int{8192, 16384}, jetsonGPIO},
		Bandwidth:   Fact[float64]{59.7, jetsonTable + ": 128-bit LPDDR4x"},
		ISA:         Fact[[]string]{[]string{"arm64", "neon", "fp16"}, "its cores"},
		Models: Fact[[]string]{[]string{"NVIDIA Jetson Xavier NX Developer Kit", "NVIDIA Jetson Xavier NX Developer Kit (eMMC)",
			"NVIDIA Jetson Xavier NX Developer Kit (SD-card)"},
			dtsNVIDIA + "tegra194-p3509-0000+p3668-*.dts"},
		Compatible: Fact[[]string]{[]string{"nvidia,p3668-0000", "nvidia,p3668-0001", "nvidia,p3668-0003"},
			jetsonGPIO + "; " + dtsNVIDIA + "tegra194-p3668-*.dtsi"},
	},
	{
		Name:        "jetson-agx-xavier",
		FullName:    "NVIDIA Jetson AGX Xavier",
		SoC:         Fact[string]{"Tegra194", dtsNVIDIA + "tegra194-p2888.dtsi"},
		Clusters:    []*Cluster{&agxXavierCluster, &agxXavierCluster, &agxXavierCluster, &agxXavierCluster},
		SystemCache: Fact[Cache]{Source: notPublished},
		RAMMiB:      Fact[[]int]{[]int{8192, 16384, 32768, 65536}, jetsonGPIO},
		Bandwidth:   Fact[float64]{136.5, jetsonTable + ": 256-bit LPDDR4x"},
		ISA:         Fact[[]string]{[]string{"arm64", "neon", "fp16"}, "its cores"},
		Models: Fact[[]string]{[]string{"NVIDIA Jetson AGX Xavier Developer Kit"},
			dtsNVIDIA + "tegra194-p2972-0000.dts"},
		Compatible: Fact[[]string]{[]string{"nvidia,p2972-0000", "nvidia,p2972-0006",
			"nvidia,p2888-0001", "nvidia,p2888-0003", "nvidia,p2888-0004", "nvidia,p2888-0005", "nvidia,p2888-0006", "nvidia,p2888-0008",
			"nvidia,jetson-xavier", "nvidia,jetson-xavier-industrial", "nvidia,galen-industrial"},
			jetsonGPIO + "; modules p2888: github.com/rbonghi/jetson_stats"},
	},
	{
		Name:     "jetson-orin-nano",
		FullName: "NVIDIA Jetson Orin Nano, Orin Nano Super",
		SoC:      Fact[string]{"Tegra234", dtsNVIDIA + "tegra234-p3767.dtsi"},
		Clusters: []*Cluster{
			{
				Core:   &cortexA78AE,
				Cores:  Fact[int]{4, orinNanoSheet},
				MaxMHz: Fact[int]{1700, orinNanoSheet + ", MAXN_SUPER"},
				L1I:    Fact[Cache]{Cache{64, 1}, orinNanoSheet},
				L1D:    Fact[Cache]{Cache{64, 1}, orinNanoSheet},
				L2:     Fact[Cache]{Cache{256, 1}, orinNanoSheet},
				L3:     Fact[Cache]{Cache{2048, 4}, orinNanoSheet},
			},
			{
				Core:   &cortexA78AE,
				Cores:  Fact[int]{2, orinNanoSheet},
				MaxMHz: Fact[int]{1700, orinNanoSheet + ", MAXN_SUPER"},
				L1I:    Fact[Cache]{Cache{64, 1}, orinNanoSheet},
				L1D:    Fact[Cache]{Cache{64, 1}, orinNanoSheet},
				L2:     Fact[Cache]{Cache{256, 1}, orinNanoSheet},
				L3:     Fact[Cache]{Cache{2048, 2}, orinNanoSheet},
			},
		},
		SystemCache: Fact[Cache]{Cache{4096, 6}, orinNanoSheet},
		RAMMiB:      Fact[[]int]{[]int{4096, 8192}, orinNanoSheet},
		Bandwidth:   Fact[float64]{102, orinNanoSheet + ", 8 GB, MAXN_SUPER: 128-bit LPDDR5"},
		ISA:         Fact[[]string]{[]string{"arm64", "neon", "dotprod", "fp16"}, "its cores"},
		Models: Fact[[]string]{[]string{"NVIDIA Jetson Orin Nano Developer Kit", "NVIDIA Orin Nano Developer Kit",
			"NVIDIA Jetson Orin Nano Engineering Reference Developer Kit",
			"NVIDIA Jetson Orin Nano Engineering Reference Developer Kit Super"},
			dtsNVIDIA + "tegra234-p3768-0000+p3767-0005.dts; L4T 35 and 36 print the others"},
		Compatible: Fact[[]string]{[]string{"nvidia,p3767-0003", "nvidia,p3767-0004", "nvidia,p3767-0005"},
			jetsonGPIO + "; " + jetsonUSBIDs},
		Note: "without MAXN_SUPER 1500 MHz and 68 GB/s; 4 GB module: 51 GB/s, without MAXN_SUPER 34 GB/s (" + orinNanoSheet + ")",
	},
	{
		Name:        "jetson-orin-nx",
		FullName:    "NVIDIA Jetson Orin NX",
		SoC:         Fact[string]{"Tegra234", dtsNVIDIA + "tegra234-p3767-0000.dtsi"},
		Clusters:    []*Cluster{&orinNXCluster, &orinNXCluster},
		SystemCache: Fact[Cache]{Cache{4096, 8}, orinNanoSheet + " and " + agxOrinSheet + ": the same SoC"},
		RAMMiB:      Fact[[]int]{[]int{8192, 16384}, jetsonUSBIDs},
		Bandwidth:   Fact[float64]{102.4, jetsonTable + ": 128-bit LPDDR5"},
		ISA:         Fact[[]string]{[]string{"arm64", "neon", "dotprod", "fp16"}, "its cores"},
		Models: Fact[[]string]{[]string{"NVIDIA Jetson Orin NX", "NVIDIA Orin NX Developer Kit",
			"NVIDIA Jetson Orin NX Engineering Reference Developer Kit",
			"NVIDIA Jetson Orin NX Engineering Reference Developer Kit Super"},
			dtsNVIDIA + "tegra234-p3767-0000.dtsi, tegra234-p3768-0000+p3767-0000.dts; L4T 35 and 36 print the others"},
		Compatible: Fact[[]string]{[]string{"nvidia,p3767-0000", "nvidia,p3767-0001"}, jetsonGPIO + "; " + jetsonUSBIDs},
		Note:       "8 GB module (p3767-0001): 6 cores (" + jetsonTable + ")",
	},
	{
		Name:        "jetson-agx-orin",
		FullName:    "NVIDIA Jetson AGX Orin",
		SoC:         Fact[string]{"Tegra234", dtsNVIDIA + "tegra234-p3701-0000.dtsi"},
		Clusters:    []*Cluster{&agxOrinCluster, &agxOrinCluster, &agxOrinCluster},
		SystemCache: Fact[Cache]{Cache{4096, 12}, agxOrinSheet},
		RAMMiB:      Fact[[]int]{[]int{32768, 65536}, agxOrinSheet},
		Bandwidth:   Fact[float64]{204.8, agxOrinSheet + ": 256-bit LPDDR5"},
		ISA:         Fact[[]string]{[]string{"arm64", "neon", "dotprod", "fp16"}, "its cores"},
		Models: Fact[[]string]{[]string{"NVIDIA Jetson AGX Orin", "NVIDIA Jetson AGX Orin Developer Kit"},
			dtsNVIDIA + "tegra234-p3701-0000.dtsi, tegra234-p3737-0000+p3701-0000.dts"},
		Compatible: Fact[[]string]{[]string{"nvidia,p3701-0000", "nvidia,p3701-0001", "nvidia,p3701-0004",
			"nvidia,p3701-0005", "nvidia,p3701-0008"}, jetsonGPIO + "; " + jetsonUSBIDs},
		Note: "32 GB module (p3701-0004): 8 cores in two clusters (" + agxOrinSheet + ")",
	},
}
