package boards

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// parseTree builds a file tree from text:
//
//	# comment
//	-- PATH --        the lines that follow are the file; "\0" at the end of a line stands for NUL without a newline
//	-- PATH/ --       each line is a file below PATH and its one line
//	-- PATH 0-3 --    as either, once for each number of the list, which replaces {n} in the path and the lines
//
// What is said of one file several times is joined.
func parseTree(t testing.TB, text string) fstest.MapFS {
	tree := fstest.MapFS{}
	add := func(path, data string) {
		if tree[path] == nil {
			tree[path] = &fstest.MapFile{}
		}
		tree[path].Data = append(tree[path].Data, strings.ReplaceAll(data, "\\0\n", "\x00")...)
	}
	sections := strings.Split("\n"+text, "\n-- ")
	for _, section := range sections[1:] {
		header, body, ok := strings.Cut(section, " --\n")
		require.True(t, ok, "%q", section)
		body = strings.TrimSuffix(body, "\n") + "\n"
		path, list, repeated := strings.Cut(header, " ")
		numbers := []int{0}
		if repeated {
			numbers = cpuList(list)
		}
		for _, n := range numbers {
			path, body := strings.ReplaceAll(path, "{n}", strconv.Itoa(n)), strings.ReplaceAll(body, "{n}", strconv.Itoa(n))
			if !strings.HasSuffix(path, "/") {
				if repeated {
					body += "\n"
				}
				add(path, body)
				continue
			}
			for line := range strings.Lines(body) {
				file, value, ok := strings.Cut(line, " ")
				require.True(t, ok, "%q", line)
				add(path+file, value)
			}
		}
	}
	return tree
}

func readTree(t testing.TB, name string) fstest.MapFS {
	data, err := os.ReadFile(filepath.Join("testdata", name+".txt"))
	require.NoError(t, err)
	return parseTree(t, string(data))
}

func (d *Detection) evidence() string {
	var b strings.Builder
	for _, e := range d.Evidence {
		b.WriteString(e.Path + ": " + e.What + "\n")
	}
	return b.String()
}

func TestDetect(t *testing.T) {
	a53 := ClusterFound{Core: "cortex-a53", ID: "0x41:0xd03", Revision: "r0p4", CPUs: "0-3", Cores: 4}
	a72 := ClusterFound{Core: "cortex-a72", ID: "0x41:0xd08", Revision: "r0p3", CPUs: "0-3", Cores: 4}
	with := func(c ClusterFound, mhz int, caches ...Cache) ClusterFound {
		c.MaxMHz = mhz
		for i, to := range []*Cache{&c.L1I, &c.L1D, &c.L2, &c.L3}[:len(caches)] {
			*to = caches[i]
		}
		return c
	}
	a78ae := func(cpus string, n, mhz int) ClusterFound {
		return ClusterFound{Core: "cortex-a78ae", ID: "0x41:0xd42", Revision: "r0p1", CPUs: cpus, Cores: n, MaxMHz: mhz,
			L1I: Cache{64, 1}, L1D: Cache{64, 1}, L2: Cache{256, 1}, L3: Cache{2048, n}}
	}
	carmel := func(cpus string, mhz, all int) ClusterFound {
		return ClusterFound{Core: "carmel", ID: "0x4e:0x004", Revision: "r0p0", CPUs: cpus, Cores: 2, MaxMHz: mhz,
			L1I: Cache{128, 1}, L1D: Cache{64, 1}, L2: Cache{2048, 2}, L3: Cache{4096, all}}
	}
	for _, c := range []struct {
		tree     string
		name     string
		soc      string
		isa      string
		mib      int64
		clusters []ClusterFound
		evidence []string // in this order; other lines may stand between
	}{
		{"rpi-zero-2-w", "rpi-zero-2-w", "BCM2710A1", "arm64 neon", 417,
			[]ClusterFound{with(a53, 1000, Cache{32, 1}, Cache{32, 1}, Cache{512, 4})},
			[]string{
				`proc/device-tree/compatible: "raspberrypi,model-zero-2-w" is rpi-zero-2-w`,
				`proc/device-tree/model: "Raspberry Pi Zero 2 W Rev 1.0" is rpi-zero-2-w`,
			}},
		{"rpi3b", "rpi3b", "BCM2837", "arm64 neon", 920,
			[]ClusterFound{with(a53, 1200)},
			[]string{`proc/device-tree/model: "Raspberry Pi 3 Model B Rev 1.2" is rpi3b`}},
		{"rpi3b-plus", "rpi3b-plus", "BCM2837B0", "arm64 neon", 906,
			[]ClusterFound{with(a53, 1400, Cache{32, 1}, Cache{32, 1}, Cache{512, 4})},
			[]string{`proc/device-tree/model: "Raspberry Pi 3 Model B Plus Rev 1.3" is rpi3b-plus`}},
		{"rpi4b", "rpi4b", "BCM2711", "arm64 neon", 3794,
			[]ClusterFound{with(a72, 1800, Cache{48, 1}, Cache{32, 1}, Cache{1024, 4})},
			[]string{
				`proc/device-tree/model: "Raspberry Pi 4 Model B Rev 1.4" is rpi4b`,
				`sys/devices/system/cpu/online: CPUs 0-3: 4 cores`,
				`proc/cpuinfo: CPUs 0-3: implementer and part 0x41:0xd08 is cortex-a72`,
				`sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq: CPUs 0-3: up to 1800 MHz`,
				`sys/devices/system/cpu/cpu0/cache: CPUs 0-3: L1i 48 KiB, L1d 32 KiB, L2 1024 KiB shared by 4 CPUs`,
				`proc/cpuinfo: the kernel reports arm64 neon`,
				`proc/meminfo: 3794 MiB for Linux`,
				`sys/class/thermal/thermal_zone0: "cpu-thermal" is at 42.8 °C`,
			}},
		{"rpi4b-32bit", "rpi4b", "BCM2711", "arm neon", 3839,
			[]ClusterFound{with(a72, 1500)},
			[]string{`proc/cpuinfo: rpi4b is arm64, the kernel arm: the arm ISA applies`}},
		{"rpi-cm4", "rpi-cm4", "BCM2711", "arm64 neon", 1845,
			[]ClusterFound{with(a72, 1500, Cache{48, 1}, Cache{32, 1}, Cache{1024, 4})},
			[]string{`sys/firmware/devicetree/base/model: "Raspberry Pi Compute Module 4 Rev 1.0" is rpi-cm4`}},
		{"rpi5", "rpi5", "BCM2712", "arm64 neon dotprod fp16", 8058,
			[]ClusterFound{{Core: "cortex-a76", ID: "0x41:0xd0b", Revision: "r4p1", CPUs: "0-3", Cores: 4, MaxMHz: 2400,
				L1I: Cache{64, 1}, L1D: Cache{64, 1}, L2: Cache{512, 1}, L3: Cache{2048, 4}}},
			[]string{`proc/device-tree/model: "Raspberry Pi 5 Model B Rev 1.0" is rpi5`}},
		{"jetson-nano", "jetson-nano", "Tegra210", "arm64 neon", 3964,
			[]ClusterFound{{Core: "cortex-a57", ID: "0x41:0xd07", Revision: "r1p1", CPUs: "0-3", Cores: 4, MaxMHz: 1479,
				L1I: Cache{48, 1}, L1D: Cache{32, 1}, L2: Cache{2048, 4}}},
			[]string{`proc/device-tree/compatible: "nvidia,jetson-nano" is jetson-nano`}},
		{"jetson-tx2", "jetson-tx2", "Tegra186", "arm64 neon", 7852,
			[]ClusterFound{
				{Core: "cortex-a57", ID: "0x41:0xd07", Revision: "r1p3", CPUs: "0,3-5", Cores: 4, MaxMHz: 2035,
					L1I: Cache{48, 1}, L1D: Cache{32, 1}, L2: Cache{2048, 4}},
				{Core: "denver2", ID: "0x4e:0x003", Revision: "r0p0", CPUs: "1-2", Cores: 2, MaxMHz: 2035,
					L1I: Cache{128, 1}, L1D: Cache{64, 1}, L2: Cache{2048, 2}},
			},
			[]string{
				`proc/device-tree/compatible: "nvidia,p2771-0000" is jetson-tx2`,
				`proc/cpuinfo: CPUs 0,3-5: implementer and part 0x41:0xd07 is cortex-a57`,
				`proc/cpuinfo: CPUs 1-2: implementer and part 0x4e:0x003 is denver2`,
				`sys/devices/system/cpu/cpu*/topology: 2 clusters`,
			}},
		{"jetson-xavier-nx", "jetson-xavier-nx", "Tegra194", "arm64 neon fp16", 6833,
			[]ClusterFound{carmel("0-1", 1907, 6), carmel("2-3", 1907, 6), carmel("4-5", 1907, 6)},
			[]string{`proc/device-tree/compatible: "nvidia,p3449-0000+p3668-0001" is jetson-xavier-nx`}},
		{"jetson-agx-xavier", "jetson-agx-xavier", "Tegra194", "arm64 neon fp16", 30527,
			[]ClusterFound{carmel("0-1", 2265, 8), carmel("2-3", 2265, 8), carmel("4-5", 2265, 8), carmel("6-7", 2265, 8)},
			[]string{
				`proc/device-tree/compatible: "nvidia,p2972-0000" is jetson-agx-xavier`,
				`proc/device-tree/model: "Jetson-AGX": no profile has this model string`,
			}},
		{"jetson-orin-nano", "jetson-orin-nano", "Tegra234", "arm64 neon dotprod fp16", 7619,
			[]ClusterFound{a78ae("0-3", 4, 1728), a78ae("4-5", 2, 1728)},
			[]string{
				`proc/device-tree/compatible: "nvidia,p3768-0000+p3767-0005-super" is jetson-orin-nano`,
				`proc/device-tree/model: "NVIDIA Jetson Orin Nano Engineering Reference Developer Kit Super" is jetson-orin-nano`,
			}},
		{"jetson-orin-nx", "jetson-orin-nx", "Tegra234", "arm64 neon dotprod fp16", 15289,
			[]ClusterFound{a78ae("0-3", 4, 1984), a78ae("4-7", 4, 1984)},
			[]string{`proc/device-tree/compatible: "nvidia,p3768-0000+p3767-0000" is jetson-orin-nx`}},
		{"jetson-agx-orin", "jetson-agx-orin", "Tegra234", "arm64 neon dotprod fp16", 62827,
			[]ClusterFound{a78ae("0-3", 4, 2201), a78ae("4-7", 4, 2201), a78ae("8-11", 4, 2201)},
			[]string{`proc/device-tree/compatible: "nvidia,p3737-0000+p3701-0005" is jetson-agx-orin`}},
		{"qemu-virt", "generic-arm64", "dummy-virt", "arm64 neon dotprod fp16", 455,
			[]ClusterFound{{Core: "cortex-a76", ID: "0x41:0xd0b", Revision: "r4p1", CPUs: "0-1", Cores: 2,
				L1I: Cache{64, 1}, L1D: Cache{64, 1}, L2: Cache{512, 1}}},
			[]string{
				`proc/device-tree/compatible: "linux,dummy-virt": no profile for this board`,
				`proc/device-tree/model: "linux,dummy-virt": no profile has this model string`,
				`proc/cpuinfo: CPUs 0-1: implementer and part 0x41:0xd0b is cortex-a76`,
				`proc/cpuinfo: no board recognised: generic-arm64`,
			}},
		{"pc-amd64", "generic-amd64", "", "amd64", 15903,
			[]ClusterFound{{Core: "Intel(R) Core(TM) i5-7200U CPU @ 2.50GHz", CPUs: "0-3", Cores: 4, MaxMHz: 3100,
				L1I: Cache{32, 1}, L1D: Cache{32, 1}, L2: Cache{256, 1}, L3: Cache{3072, 4}}},
			[]string{
				`proc/device-tree/model: no device tree that can be read`,
				`proc/cpuinfo: no board recognised: generic-amd64`,
			}},
	} {
		t.Run(c.tree, func(t *testing.T) {
			d := Detect(readTree(t, c.tree))
			assert.Equal(t, c.name, d.Name)
			if strings.HasPrefix(c.name, "generic-") {
				assert.Nil(t, d.Board)
			} else {
				require.NotNil(t, d.Board)
				assert.Equal(t, c.name, d.Board.Name)
				assert.NotContains(t, d.evidence(), "disagrees")
			}
			assert.Equal(t, c.soc, d.SoC)
			assert.Equal(t, c.isa, strings.Join(d.ISA, " "))
			assert.Equal(t, c.mib, d.MemoryBytes>>20)
			assert.Equal(t, c.clusters, d.Clusters)
			cores := 0
			for _, cl := range c.clusters {
				cores += cl.Cores
			}
			assert.Equal(t, cores, d.Cores)
			assert.Equal(t, cores, d.Present)
			rest := d.evidence()
			for _, line := range c.evidence {
				_, after, ok := strings.Cut(rest, line+"\n")
				assert.True(t, ok, "want %q in\n%s", line, rest)
				rest = after
			}
		})
	}
}

func TestDetectCases(t *testing.T) {
	const (
		a76 = "-- proc/cpuinfo 0-3 --\nprocessor : {n}\nFeatures : fp asimd asimdhp asimddp\nCPU implementer : 0x41\nCPU architecture: 8\nCPU part : 0xd0b\n"
		a72 = "-- proc/cpuinfo 0-3 --\nprocessor : {n}\nFeatures : fp asimd crc32\nCPU implementer : 0x41\nCPU architecture: 8\nCPU part : 0xd08\n"
		pi4 = "-- proc/device-tree/model --\nRaspberry Pi 4 Model B Rev 1.4\\0\n-- proc/device-tree/compatible --\nraspberrypi,4-model-b\\0\nbrcm,bcm2711\\0\n"
	)
	for _, c := range []struct {
		about    string
		tree     string
		name     string
		soc      string
		cores    int
		isa      string
		clusters string // core:CPUs ...
		evidence []string
	}{
		{"nothing", "", "generic-unknown", "", 0, "", "",
			[]string{
				"proc/device-tree/model: no device tree that can be read",
				"proc/cpuinfo: no CPU listed, nor in sys/devices/system/cpu/",
				"proc/cpuinfo: no board and no architecture recognised: generic-unknown",
			}},
		{"a Pi 4 with A76 cores", pi4 + a76, "rpi4b", "BCM2711", 4, "arm64 neon dotprod fp16", "cortex-a76:0-3",
			[]string{
				`proc/cpuinfo: disagrees: CPUs 0-3 are cortex-a76, but rpi4b has cortex-a72`,
				`proc/cpuinfo: disagrees: the kernel reports dotprod, which rpi4b does not have`,
			}},
		{"a Pi 5 whose kernel hides dotprod", "-- proc/device-tree/model --\nRaspberry Pi 5 Model B Rev 1.0\\0\n" +
			strings.ReplaceAll(a76, "asimddp", ""), "rpi5", "BCM2712", 4, "arm64 neon fp16", "cortex-a76:0-3",
			[]string{`proc/cpuinfo: disagrees: rpi5 has dotprod, but the kernel does not report it`}},
		{"the device tree only", pi4, "rpi4b", "BCM2711", 4, "arm64 neon", "",
			[]string{
				"proc/cpuinfo: tells no ISA: taken from the rpi4b profile",
				"sys/devices/system/cpu/: tells no CPUs: 4 cores taken from the rpi4b profile",
			}},
		{"no device tree: core ids", a72, "generic-arm64", "", 4, "arm64 neon", "cortex-a72:0-3",
			[]string{
				"proc/device-tree/model: no device tree that can be read",
				"proc/cpuinfo: CPUs 0-3: implementer and part 0x41:0xd08 is cortex-a72",
				"proc/cpuinfo: no board recognised: generic-arm64",
			}},
		{"no device tree: the Model line", a72 + "-- proc/cpuinfo --\nHardware : BCM2835\nModel : Raspberry Pi 4 Model B Rev 1.2\n",
			"rpi4b", "BCM2711", 4, "arm64 neon", "cortex-a72:0-3",
			[]string{`proc/cpuinfo: "Raspberry Pi 4 Model B Rev 1.2" is rpi4b`}},
		{"no device tree: the Hardware line", a72 + "-- proc/cpuinfo --\nHardware : Generic DT based system\n",
			"generic-arm64", "Generic DT based system", 4, "arm64 neon", "cortex-a72:0-3",
			[]string{`proc/cpuinfo: Hardware is "Generic DT based system"`}},
		{"no cpuinfo: midr_el1", "-- sys/devices/system/cpu/cpu{n}/regs/identification/midr_el1 0-1 --\n0x00000000410fd083\n",
			"generic-arm64", "", 2, "arm64 neon", "cortex-a72:0-1",
			[]string{
				"sys/devices/system/cpu/cpu*: CPUs 0-1: 2 cores",
				"sys/devices/system/cpu/cpu0/regs/identification/midr_el1: CPUs 0-1: implementer and part 0x41:0xd08 is cortex-a72",
			}},
		{"model and compatible disagree: the module wins",
			"-- proc/device-tree/model --\nNVIDIA Jetson Orin NX Engineering Reference Developer Kit\\0\n-- proc/device-tree/compatible --\nnvidia,p3768-0000+p3767-0003\\0\nnvidia,tegra234\\0\n",
			"jetson-orin-nano", "Tegra234", 6, "arm64 neon dotprod fp16", "",
			[]string{"proc/device-tree/model: disagrees: the model string is jetson-orin-nx, the compatible string jetson-orin-nano, which is taken"}},
		{"an Orin NX 8GB", "-- proc/device-tree/compatible --\nnvidia,p3509-0000+p3767-0001\\0\nnvidia,tegra234\\0\n-- sys/devices/system/cpu/ --\npresent 0-5\nonline 0-5\n",
			"jetson-orin-nx", "Tegra234", 6, "arm64 neon dotprod fp16", ":0-5",
			[]string{"sys/devices/system/cpu/present: 6 cores of the up to 8 of jetson-orin-nx"}},
		{"more cores than a Pi 4 has", pi4 + a72 + "-- sys/devices/system/cpu/ --\npresent 0-7\nonline 0-3\n",
			"rpi4b", "BCM2711", 4, "arm64 neon", "cortex-a72:0-3",
			[]string{"sys/devices/system/cpu/present: disagrees: 8 cores, but rpi4b has 4"}},
		{"a TX2 with the Denver cores offline",
			"-- proc/device-tree/compatible --\nnvidia,p3509-0000+p3636-0001\\0\nnvidia,tegra186\\0\n" +
				"-- proc/cpuinfo 0,3-5 --\nprocessor : {n}\nFeatures : fp asimd\nCPU implementer : 0x41\nCPU part : 0xd07\n" +
				"-- sys/devices/system/cpu/ --\npresent 0-5\nonline 0,3-5\n",
			"jetson-tx2", "Tegra186", 4, "arm64 neon", "cortex-a57:0,3-5",
			[]string{"sys/devices/system/cpu/present: CPUs 1-2 are there, but offline"}},
		{"a Pi without a profile", "-- proc/device-tree/model --\nRaspberry Pi 400 Rev 1.0\\0\n-- proc/device-tree/compatible --\nraspberrypi,400\\0\nbrcm,bcm2711\\0\n" + a72,
			"generic-arm64", "bcm2711", 4, "arm64 neon", "cortex-a72:0-3",
			[]string{`proc/device-tree/compatible: "raspberrypi,400 brcm,bcm2711": no profile for this board`}},
		{"a Compute Module 4S is not a Compute Module 4", "-- proc/device-tree/model --\nRaspberry Pi Compute Module 4S Rev 1.0\\0\n" + a72,
			"generic-arm64", "", 4, "arm64 neon", "cortex-a72:0-3", nil},
		{"32-bit ARM, kernel 3.18: features after the CPUs",
			"-- proc/cpuinfo --\nprocessor : 0\nmodel name : ARMv7 Processor rev 5 (v7l)\nBogoMIPS : 38.40\n\nprocessor : 1\nBogoMIPS : 38.40\n\n" +
				"Features : half thumb fastmult vfp edsp neon vfpv3\nCPU implementer : 0x41\nCPU architecture: 7\nCPU part : 0xc07\n\nHardware : BCM2709\n",
			"generic-arm", "BCM2709", 2, "arm neon", "cortex-a7:0-1", nil},
		{"ARMv6", "-- proc/cpuinfo --\nprocessor : 0\nFeatures : half thumb fastmult vfp edsp java tls\nCPU implementer : 0x41\nCPU architecture: 7\nCPU part : 0xb76\n",
			"generic-arm", "", 1, "arm", "arm1176:0", nil},
		{"cores without a name, one more feature-less", "-- proc/cpuinfo --\nprocessor : 0\nFeatures : fp asimd asimddp i8mm\nCPU implementer : 0x61\nCPU part : 0x022\n\nprocessor : 1\n",
			"generic-arm64", "", 2, "arm64 neon dotprod i8mm", "0x61:0x022:0 :1", nil},
		{"big.LITTLE: what all cores have", "-- proc/cpuinfo --\nprocessor : 0\nFeatures : fp asimd\nCPU implementer : 0x41\nCPU part : 0xd05\n\nprocessor : 1\nFeatures : fp asimd asimddp\nCPU implementer : 0x41\nCPU part : 0xd0b\n",
			"generic-arm64", "", 2, "arm64 neon", "cortex-a55:0 cortex-a76:1", nil},
		{"riscv64", "-- proc/device-tree/compatible --\nstarfive,visionfive-2-v1.3b\\0\nstarfive,jh7110\\0\n-- proc/cpuinfo 0-3 --\nprocessor : {n}\nhart : {n}\nisa : rv64imafdc\nmmu : sv39\n",
			"generic-riscv64", "jh7110", 4, "riscv64", ":0-3", nil},
		{"s390x", "-- proc/cpuinfo --\nvendor_id       : IBM/S390\n# processors    : 1\nprocessor 0: version = FF,  identification = 2733E8,  machine = 2964\n",
			"generic-s390x", "", 0, "s390x", "", nil},
		{"386", "-- proc/cpuinfo --\nprocessor : 0\nvendor_id : GenuineIntel\nmodel name : Pentium III\nflags : fpu vme sse\n",
			"generic-386", "", 1, "386", "Pentium III:0", nil},
	} {
		t.Run(c.about, func(t *testing.T) {
			d := Detect(parseTree(t, c.tree))
			assert.Equal(t, c.name, d.Name)
			assert.Equal(t, c.soc, d.SoC)
			assert.Equal(t, c.cores, d.Cores)
			assert.Equal(t, c.isa, strings.Join(d.ISA, " "))
			var clusters []string
			for _, cl := range d.Clusters {
				clusters = append(clusters, cl.Core+":"+cl.CPUs)
			}
			assert.Equal(t, c.clusters, strings.Join(clusters, " "))
			for _, line := range c.evidence {
				assert.Contains(t, d.evidence(), line+"\n")
			}
		})
	}
}

// Every Jetson module on its carriers; the board is the module.
func TestModules(t *testing.T) {
	for compatible, want := range map[string]string{
		"nvidia,p3737-0000+p3701-0000":       "jetson-agx-orin",
		"nvidia,p3737-0000+p3701-0004":       "jetson-agx-orin",
		"nvidia,p3740-0002+p3701-0008":       "jetson-agx-orin",
		"nvidia,p3768-0000+p3767-0000":       "jetson-orin-nx",
		"nvidia,p3768-0000+p3767-0000-super": "jetson-orin-nx",
		"nvidia,p3509-0000+p3767-0001":       "jetson-orin-nx",
		"nvidia,p3768-0000+p3767-0003":       "jetson-orin-nano",
		"nvidia,p3768-0000+p3767-0003-super": "jetson-orin-nano",
		"nvidia,p3509-0000+p3767-0004":       "jetson-orin-nano",
		"nvidia,p3767-0005":                  "jetson-orin-nano",
		"nvidia,p3509-0000+p3668-0000":       "jetson-xavier-nx",
		"nvidia,p3449-0000+p3668-0003":       "jetson-xavier-nx",
		"nvidia,p2822-0000+p2888-0001":       "jetson-agx-xavier",
		"nvidia,p3509-0000+p3636-0001":       "jetson-tx2",
		"nvidia,p2771-0000":                  "jetson-tx2",
		"nvidia,p3541-0000":                  "jetson-nano",
		"nvidia,p2371-2180":                  "", // TX1
		"nvidia,p3509-0000":                  "", // a carrier
		"nvidia,tegra234":                    "",
		"acme,p3767-0000":                    "",
		"":                                   "",
		"nvidia,":                            "",
	} {
		got := ""
		if p := profileOfCompatible(compatible); p != nil {
			got = p.Name
		}
		assert.Equal(t, want, got, compatible)
	}
}

func TestDetectionJSON(t *testing.T) {
	b, err := json.Marshal(Detect(readTree(t, "rpi5")))
	require.NoError(t, err)
	var got struct {
		Name     string
		SoC      string
		Cores    int
		ISA      []string
		Evidence []struct{ Path, What string }
	}
	require.NoError(t, json.Unmarshal(b, &got))
	assert.Equal(t, "rpi5", got.Name)
	assert.Equal(t, "BCM2712", got.SoC)
	assert.Equal(t, 4, got.Cores)
	assert.Equal(t, []string{"arm64", "neon", "dotprod", "fp16"}, got.ISA)
	assert.Greater(t, len(got.Evidence), 5)

	b, err = json.Marshal(Detect(fstest.MapFS{}))
	require.NoError(t, err)
	assert.NotContains(t, string(b), "null")
}

// meter counts what is read and fails the test when a file that is not regular is opened.
type meter struct {
	fstest.MapFS
	t     testing.TB
	bytes int
	fails map[string]bool // files that fail after their first bytes
}

func (m *meter) Open(name string) (fs.File, error) {
	f, err := m.MapFS.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	require.NoError(m.t, err)
	require.Zero(m.t, info.Mode()&(fs.ModeNamedPipe|fs.ModeDevice|fs.ModeSocket), "%s was opened", name)
	return &meteredFile{f, m, name}, nil
}

func (m *meter) Stat(name string) (fs.FileInfo, error) { return fs.Stat(m.MapFS, name) }

type meteredFile struct {
	fs.File
	m    *meter
	name string
}

func (f *meteredFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	f.m.bytes += n
	if f.m.fails[f.name] {
		err = errors.Join(io.ErrUnexpectedEOF, err)
	}
	return n, err
}

func TestHostileTree(t *testing.T) {
	garbage := make([]byte, 1<<20)
	x := uint32(1)
	for i := range garbage {
		x = x*1664525 + 1013904223
		garbage[i] = byte(x >> 24)
	}
	giant := []byte(strings.Repeat("processor : 7\nFeatures : asimd\nCPU implementer : 0x41\nCPU part : 0xd08\n\n", 200_000))
	m := &meter{t: t, fails: map[string]bool{"proc/meminfo": true}, MapFS: fstest.MapFS{
		"proc/device-tree/model":                                 {Data: garbage},
		"proc/device-tree/compatible":                            {Data: []byte("\x00\x00\x1b[2Jraspberrypi,4-model-b\x00" + strings.Repeat("a", 500) + "\x00")},
		"sys/firmware/devicetree/base/model":                     {Data: []byte("p"), Mode: fs.ModeNamedPipe},
		"sys/firmware/devicetree/base/compatible":                {Data: []byte("d"), Mode: fs.ModeDevice},
		"proc/cpuinfo":                                           {Data: giant},
		"proc/meminfo":                                           {Data: []byte("MemTotal: 99999999999999999999999 kB\n")},
		"sys/devices/system/cpu/present":                         {Data: []byte("0-18446744073709551615,-1,5-2,x-y,,0-99999999\n")},
		"sys/devices/system/cpu/online":                          {Data: []byte("0-9\n")},
		"sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq":   {Data: []byte("-1000000\n")},
		"sys/devices/system/cpu/cpu1/cpufreq/cpuinfo_max_freq":   {Data: []byte("99999999999999999\n")},
		"sys/devices/system/cpu/cpu0/topology":                   {Data: []byte("a file where a directory should be\n")},
		"sys/devices/system/cpu/cpu0/cache/index0/level":         {Data: []byte("1\n")},
		"sys/devices/system/cpu/cpu0/cache/index0/size":          {Data: []byte("9999999999K\n")},
		"sys/devices/system/cpu/cpu0/cache/index0/type":          {Data: []byte("Data\n")},
		"sys/devices/system/cpu/cpu0/cache/index1/level":         {Data: []byte("-7\n")},
		"sys/devices/system/cpu/cpu0/cache/index2/level/x":       {Data: garbage},
		"sys/devices/system/cpu/cpu2/topology/cluster_id":        {Data: garbage},
		"sys/class/thermal/thermal_zone0/temp":                   {Data: []byte("9223372036854775807\n")},
		"sys/class/thermal/thermal_zone0/type":                   {Data: []byte("cpu\n")},
		"sys/class/thermal/thermal_zone1/temp":                   {Data: []byte("40000\n")},
		"sys/class/thermal/thermal_zone1/type":                   {Data: []byte("\x1b]0;owned\x07\n")},
		"sys/devices/system/cpu/cpu3/cache/index0/size/deeper/x": {Data: garbage},
	}}
	d := Detect(m)
	assert.LessOrEqual(t, m.bytes, 400<<10, "bytes read")
	assert.Equal(t, "generic-arm64", d.Name)
	assert.Nil(t, d.Board)
	assert.Equal(t, 10, d.Cores)
	assert.Equal(t, maxCPUs, d.Present)
	assert.Zero(t, d.MemoryBytes)
	assert.Empty(t, d.Thermal)
	checkInvariants(t, d)
}

// The total is bounded however many files there are.
func TestReadBudget(t *testing.T) {
	page := []byte(strings.Repeat(" ", maxSys-1) + "\n")
	m := &meter{t: t, MapFS: fstest.MapFS{"sys/devices/system/cpu/present": {Data: []byte("0-1023")}}}
	for cpu := range maxCPUs {
		for _, f := range []string{"cpufreq/cpuinfo_max_freq", "topology/physical_package_id", "regs/identification/midr_el1"} {
			m.MapFS[sysCPU+"cpu"+strconv.Itoa(cpu)+"/"+f] = &fstest.MapFile{Data: page}
		}
	}
	d := Detect(m)
	assert.LessOrEqual(t, m.bytes, maxTotal)
	assert.Greater(t, m.bytes, maxTotal/2)
	checkInvariants(t, d)
}

// A line that the limit cuts must not count: "processor : 12" may have been 123.
func TestTruncatedFile(t *testing.T) {
	entry := "Features : fp asimd\nCPU implementer : 0x41\nCPU part : 0xd08\n"
	pad := maxProc - len("processor : 1\n"+entry) - len("\nprocessor : 12") - len(": \n")
	cpuinfo := "processor : 1\n" + entry + ":" + strings.Repeat("x", pad+1) + "\n\nprocessor : 123\n" + entry
	require.Equal(t, "processor : 12", cpuinfo[maxProc-14:maxProc])
	d := Detect(fstest.MapFS{"proc/cpuinfo": {Data: []byte(cpuinfo)}})
	assert.Equal(t, 1, d.Cores)
	assert.Equal(t, "1", d.Clusters[0].CPUs)
}

func TestNilRoot(t *testing.T) {
	assert.Equal(t, "generic-unknown", Detect(nil).Name)
}

// /proc/device-tree is an absolute link. os.Root.FS does not follow it out of a copied tree; the same files are below /sys.
func TestCopiedTreeWithLink(t *testing.T) {
	dir := t.TempDir()
	base := filepath.Join(dir, "sys/firmware/devicetree/base")
	require.NoError(t, os.MkdirAll(base, 0o755))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "proc"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(base, "model"), []byte("Raspberry Pi 5 Model B Rev 1.0\x00"), 0o644))
	outside := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(outside, "model"), []byte("Raspberry Pi 4 Model B Rev 1.4\x00"), 0o644))
	if err := os.Symlink(outside, filepath.Join(dir, "proc/device-tree")); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	root, err := os.OpenRoot(dir)
	require.NoError(t, err)
	defer root.Close()
	assert.Equal(t, "rpi5", Detect(root.FS()).Name)
	assert.Equal(t, "rpi4b", Detect(os.DirFS(dir)).Name, "what the doc comment warns of")
}

// The machine the test runs on, whatever it is.
func TestDetectHere(t *testing.T) {
	checkInvariants(t, Detect(os.DirFS("/")))
}

func TestCPUList(t *testing.T) {
	for in, want := range map[string]string{
		"0-3": "0-3", "0,3-5": "0,3-5", "5,1,2,1-3": "1-3,5", "": "", "x": "", "3-1": "", "1023-4000": "1023", " 1 , 2 ": "1-2", "-5": "", "1-": "",
	} {
		assert.Equal(t, want, formatCPUs(cpuList(in)), in)
	}
}

func checkInvariants(t testing.TB, d *Detection) {
	require.NotEmpty(t, d.Name)
	require.LessOrEqual(t, d.Cores, maxCPUs)
	require.GreaterOrEqual(t, d.Present, d.Cores)
	require.GreaterOrEqual(t, d.MemoryBytes, int64(0))
	n := 0
	for _, c := range d.Clusters {
		n += c.Cores
		require.GreaterOrEqual(t, c.MaxMHz, 0)
		require.True(t, printable(c.Core+c.ID+c.Revision+c.CPUs), "%+v", c)
		for _, cache := range []Cache{c.L1I, c.L1D, c.L2, c.L3} {
			require.GreaterOrEqual(t, cache.KiB, 0)
			require.LessOrEqual(t, cache.SharedBy, maxCPUs)
		}
	}
	if len(d.Clusters) > 0 {
		require.Equal(t, d.Cores, n)
	}
	require.True(t, printable(d.Name+d.SoC+d.Model+strings.Join(d.ISA, "")))
	if d.Board != nil {
		require.Equal(t, d.Board.Name, d.Name)
	}
	require.NotEmpty(t, d.Evidence)
	for _, e := range d.Evidence {
		require.NotEmpty(t, e.Path)
		require.NotEmpty(t, e.What)
		require.True(t, printable(strings.ReplaceAll(e.Path+e.What, "°", "")), "%q", e)
	}
	_, err := json.Marshal(d)
	require.NoError(t, err)
}

func FuzzDetect(f *testing.F) {
	for _, name := range []string{"rpi4b", "rpi4b-32bit", "jetson-tx2", "jetson-orin-nano", "qemu-virt", "pc-amd64"} {
		m := readTree(f, name)
		get := func(path string) []byte {
			if m[path] == nil {
				return nil
			}
			return m[path].Data
		}
		f.Add(get("proc/device-tree/model"), get("proc/device-tree/compatible"), get("proc/cpuinfo"), get("proc/meminfo"),
			get(sysCPU+"present"), get(sysCPU+"online"), get(sysCPU+"cpu0/cpufreq/cpuinfo_max_freq"),
			get(sysCPU+"cpu0/cache/index2/size"), get(sysCPU+"cpu0/cache/index2/shared_cpu_list"), get("sys/class/thermal/thermal_zone0/temp"))
	}
	f.Fuzz(func(t *testing.T, model, compatible, cpuinfo, meminfo, present, online, freq, size, shared, temp []byte) {
		d := Detect(fstest.MapFS{
			"proc/device-tree/model":                      {Data: model},
			"proc/device-tree/compatible":                 {Data: compatible},
			"proc/cpuinfo":                                {Data: cpuinfo},
			"proc/meminfo":                                {Data: meminfo},
			sysCPU + "present":                            {Data: present},
			sysCPU + "online":                             {Data: online},
			sysCPU + "cpu0/cpufreq/cpuinfo_max_freq":      {Data: freq},
			sysCPU + "cpu0/cache/index2/level":            {Data: []byte("2\n")},
			sysCPU + "cpu0/cache/index2/type":             {Data: []byte("Unified\n")},
			sysCPU + "cpu0/cache/index2/size":             {Data: size},
			sysCPU + "cpu0/cache/index2/shared_cpu_list":  {Data: shared},
			sysCPU + "cpu0/topology/physical_package_id":  {Data: present},
			sysCPU + "cpu1/regs/identification/midr_el1":  {Data: freq},
			"sys/class/thermal/thermal_zone0/temp":        {Data: temp},
			"sys/class/thermal/thermal_zone0/type":        {Data: model},
			"sys/firmware/devicetree/base/model":          {Data: compatible},
			"sys/devices/system/cpu/cpu1/topology/no-dir": {Data: shared},
		})
		checkInvariants(t, d)
	})
}
