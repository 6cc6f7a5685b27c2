package boards

import (
	"strconv"
	"strings"
)

// cpuInfo is /proc/cpuinfo. Its keys differ between architectures; only those below are kept.
type cpuInfo struct {
	cpus   []cpuEntry // those with a "processor" line, in file order
	common cpuEntry   // lines outside: ARM kernels before 3.8 put Features and CPU part there

	model    string // "Model": Raspberry Pi
	hardware string // "Hardware": 32-bit ARM; every Raspberry Pi says BCM2835
}

type cpuEntry struct {
	number       int
	id           string // as Core.ID
	variant      string
	revision     string
	architecture string // "CPU architecture": 7, 8, AArch64
	features     string // "Features"; x86 "flags"; RISC-V "isa"
	modelName    string
	vendor       string // x86, s390x "vendor_id"

	implementer, part string
}

func parseCPUInfo(text string) *cpuInfo {
	info := &cpuInfo{common: cpuEntry{number: -1}}
	e := &info.common
	for line := range strings.Lines(text) {
		key, value, ok := strings.Cut(line, ":")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		if !ok {
			if key == "" {
				e = &info.common
			}
			continue
		}
		switch key {
		case "processor":
			n, err := strconv.Atoi(value)
			if err != nil || n < 0 || n >= maxCPUs || len(info.cpus) == maxCPUs {
				e = &cpuEntry{} // swallows its lines
				continue
			}
			info.cpus = append(info.cpus, cpuEntry{number: n})
			e = &info.cpus[len(info.cpus)-1]
		case "CPU implementer":
			e.implementer = value
		case "CPU part":
			e.part = value
		case "CPU variant":
			e.variant = value
		case "CPU revision":
			e.revision = value
		case "CPU architecture":
			e.architecture = value
		case "Features", "flags", "isa":
			e.features = value
		case "model name":
			e.modelName = value
		case "vendor_id":
			e.vendor = value
		case "Model":
			info.model = value
		case "Hardware":
			info.hardware = value
		}
	}
	info.common.setID()
	for i := range info.cpus {
		c := &info.cpus[i]
		c.inherit(&info.common)
		c.setID()
	}
	return info
}

func (e *cpuEntry) inherit(from *cpuEntry) {
	for _, f := range [...]struct{ to, from *string }{
		{&e.implementer, &from.implementer}, {&e.part, &from.part}, {&e.variant, &from.variant},
		{&e.revision, &from.revision}, {&e.architecture, &from.architecture}, {&e.features, &from.features},
		{&e.modelName, &from.modelName}, {&e.vendor, &from.vendor},
	} {
		if *f.to == "" {
			*f.to = *f.from
		}
	}
}

func (e *cpuEntry) setID() {
	implementer, err1 := strconv.ParseUint(e.implementer, 0, 8)
	part, err2 := strconv.ParseUint(e.part, 0, 12)
	if err1 == nil && err2 == nil {
		e.id = coreID(implementer, part)
	}
}

// coreID spells a core as Core.ID does.
func coreID(implementer, part uint64) string {
	hex := func(v uint64, digits int) string {
		s := strconv.FormatUint(v, 16)
		return "0x" + strings.Repeat("0", max(0, digits-len(s))) + s
	}
	return hex(implementer, 2) + ":" + hex(part, 3)
}

// rXpY returns "r1p3" for variant 0x1, revision 3.
func (e *cpuEntry) rXpY() string {
	v, err1 := strconv.ParseUint(e.variant, 0, 4)
	r, err2 := strconv.ParseUint(e.revision, 0, 4)
	if err1 != nil || err2 != nil {
		return ""
	}
	return "r" + strconv.FormatUint(v, 10) + "p" + strconv.FormatUint(r, 10)
}

func (e *cpuEntry) has(feature string) bool {
	for f := range strings.FieldsSeq(e.features) {
		if f == feature {
			return true
		}
	}
	return false
}

// arch is the architecture the kernel shows, as GOARCH spells it, "" if the entry does not tell.
// A 64-bit core under a 32-bit kernel has "CPU architecture: 7" or 8 and the features of 32-bit ARM.
func (e *cpuEntry) arch() string {
	switch {
	case e.has("asimd"):
		return "arm64"
	case e.has("half") || e.has("thumb") || e.has("swp") || e.has("neon"):
		return "arm"
	case e.has("fpu") && e.has("lm"):
		return "amd64"
	case e.has("fpu"):
		return "386"
	case strings.HasPrefix(e.features, "rv64"):
		return "riscv64"
	case e.vendor == "IBM/S390":
		return "s390x"
	case e.architecture == "8" || e.architecture == "AArch64":
		return "arm64"
	case e.architecture != "" && e.id != "":
		return "arm"
	}
	return ""
}

// isa returns the architecture and what all CPUs have of Profile.ISA's features, nil if nothing tells.
func (info *cpuInfo) isa() []string {
	entries := []*cpuEntry{}
	for i := range info.cpus {
		if e := &info.cpus[i]; e.features != "" || e.architecture != "" || e.vendor != "" {
			entries = append(entries, e)
		}
	}
	if len(entries) == 0 {
		entries = append(entries, &info.common)
	}
	isa := []string{entries[0].arch()}
	switch isa[0] {
	case "":
		return nil
	case "arm64":
		isa = append(isa, "neon")
	case "arm":
		if allHave(entries, "neon") {
			isa = append(isa, "neon")
		}
	default:
		return isa
	}
	if allHave(entries, "asimddp") {
		isa = append(isa, "dotprod")
	}
	if allHave(entries, "i8mm") {
		isa = append(isa, "i8mm")
	}
	if allHave(entries, "asimdhp") {
		isa = append(isa, "fp16")
	}
	return isa
}

func allHave(entries []*cpuEntry, feature string) bool {
	for _, e := range entries {
		if !e.has(feature) {
			return false
		}
	}
	return true
}
