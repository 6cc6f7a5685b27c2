package boards

import (
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

// Detection is what a file tree says about the board it belongs to.
type Detection struct {
	Board *Profile `json:"-"` // nil if no profile fits

	Name  string `json:"name"`  // Board.Name, or "generic-" and the architecture
	SoC   string `json:"soc"`   // of the profile, else what the kernel prints; "" if nothing
	Model string `json:"model"` // as the kernel prints it; "" if it does not

	Cores       int              `json:"cores"` // online
	Present     int              `json:"cores_present"`
	Clusters    []ClusterFound   `json:"clusters"`     // of online cores, ordered by their first CPU
	ISA         []string         `json:"isa"`          // as Profile.ISA, but what the kernel reports; empty if nothing
	MemoryBytes int64            `json:"memory_bytes"` // MemTotal: what Linux has, less than what is fitted
	Thermal     []ThermalReading `json:"thermal"`

	Evidence []Evidence `json:"evidence"`
}

// ClusterFound is a group of equal cores. A zero number or Cache was not found.
type ClusterFound struct {
	Core     string `json:"core"` // as Core.Name, or as Core.ID if it has no name here; x86: "model name"
	ID       string `json:"id"`   // as Core.ID
	Revision string `json:"revision,omitempty"`
	CPUs     string `json:"cpus"` // Linux CPU numbers, "0,3-5"
	Cores    int    `json:"cores"`
	MaxMHz   int    `json:"max_mhz"`
	L1I      Cache  `json:"l1i"`
	L1D      Cache  `json:"l1d"`
	L2       Cache  `json:"l2"`
	L3       Cache  `json:"l3"`
}

// ThermalReading is one thermal zone.
type ThermalReading struct {
	Zone    string  `json:"zone"`
	Celsius float64 `json:"celsius"`
}

// Evidence says which file led to which conclusion.
type Evidence struct {
	Path string `json:"path"`
	What string `json:"what"`
}

const sysCPU = "sys/devices/system/cpu/"

// Detect looks at the files below root, which is the root directory of a running system or a copy of its
// /proc and /sys. Everything in them is optional and nothing is trusted: at most 8 MiB are read.
//
// The ISA is the kernel's: a 32-bit kernel on a 64-bit board has the arm ISA, a 64-bit kernel with 32-bit
// programs the arm64 one. os.DirFS follows links out of its directory, and /proc/device-tree is such a link;
// for a copied tree use os.Root.FS.
func Detect(root fs.FS) *Detection {
	d := &Detection{Clusters: []ClusterFound{}, ISA: []string{}, Thermal: []ThermalReading{}, Evidence: []Evidence{}}
	t := &tree{fs: root, left: maxTotal}
	info := parseCPUInfo(t.read("proc/cpuinfo", maxProc))
	d.board(t, info)
	cpus := d.cpus(t, info)
	d.clusters(t, cpus)
	d.isa(info, cpus)
	d.compare()
	d.memory(t)
	d.thermal(t)
	return d
}

func (d *Detection) note(path, format string, args ...any) {
	d.Evidence = append(d.Evidence, Evidence{path, fmt.Sprintf(format, args...)})
}

// board sets Board, Model and SoC. The compatible strings, which name the module, win over the model
// string, and that over cpuinfo's.
func (d *Detection) board(t *tree, info *cpuInfo) {
	compatiblePath, compatible := t.deviceTree("compatible")
	modelPath, models := t.deviceTree("model")

	var byCompatible, byModel *Profile
	for _, c := range compatible {
		if byCompatible = profileOfCompatible(c); byCompatible != nil {
			d.note(compatiblePath, "%s is %s", quote(c), byCompatible.Name)
			break
		}
	}
	if len(compatible) > 0 && byCompatible == nil {
		d.note(compatiblePath, "%s: no profile for this board", quote(strings.Join(compatible, " ")))
	}

	if len(models) > 0 {
		d.Model = models[0]
	} else if printable(info.model) && info.model != "" {
		modelPath, d.Model = "proc/cpuinfo", clip(info.model, 128)
	}
	if d.Model != "" {
		if byModel = profileOfModel(d.Model); byModel != nil {
			d.note(modelPath, "%s is %s", quote(d.Model), byModel.Name)
		} else {
			d.note(modelPath, "%s: no profile has this model string", quote(d.Model))
		}
	}
	if len(compatible) == 0 && len(models) == 0 {
		d.note(modelPath, "no device tree that can be read")
	}

	d.Board = byCompatible
	if d.Board == nil {
		d.Board = byModel
	}
	if byCompatible != nil && byModel != nil && byCompatible != byModel {
		d.note(modelPath, "disagrees: the model string is %s, the compatible string %s, which is taken", byModel.Name, byCompatible.Name)
	}

	switch {
	case d.Board != nil:
		d.SoC = d.Board.SoC.Value
	case len(compatible) > 0:
		soc := compatible[len(compatible)-1] // the last is the most general
		if _, part, ok := strings.Cut(soc, ","); ok {
			soc = part
		}
		d.SoC = soc
	case info.hardware != "" && printable(info.hardware):
		d.SoC = clip(info.hardware, 128)
		d.note("proc/cpuinfo", "Hardware is %s", quote(d.SoC))
	}
}

func profileOfCompatible(s string) *Profile {
	for _, p := range All() {
		for _, c := range p.Compatible.Value {
			if namesModule(s, c) {
				return p
			}
		}
	}
	return nil
}

// namesModule reports whether s is the compatible string c, or has it as one of the parts of
// "vendor,carrier+module" or "vendor,carrier+module-super".
func namesModule(s, c string) bool {
	s = strings.TrimSuffix(s, "-super")
	vendor, name, _ := strings.Cut(c, ",")
	sVendor, parts, _ := strings.Cut(s, ",")
	return s == c || sVendor == vendor && slices.Contains(strings.Split(parts, "+"), name)
}

func profileOfModel(s string) *Profile {
	if i := strings.LastIndex(s, " Rev "); i >= 0 {
		s = s[:i]
	}
	for _, p := range All() {
		if slices.Contains(p.Models.Value, s) {
			return p
		}
	}
	return nil
}

// cpus returns the online CPUs, ascending, and sets Cores and Present.
func (d *Detection) cpus(t *tree, info *cpuInfo) []cpuEntry {
	present, online := cpuList(t.line(sysCPU+"present")), cpuList(t.line(sysCPU+"online"))
	path := sysCPU + "online"
	if len(online) == 0 && len(info.cpus) > 0 {
		path = "proc/cpuinfo"
		for i := range info.cpus {
			online = append(online, info.cpus[i].number)
		}
		slices.Sort(online)
		online = slices.Compact(online)
	}
	if len(online) == 0 {
		path, online = sysCPU+"present", present
	}
	if len(online) == 0 {
		path = sysCPU + "cpu*"
		for i := 0; i < maxCPUs && t.isDir(sysCPU+"cpu"+strconv.Itoa(i)); i++ {
			online = append(online, i)
		}
	}
	if len(present) == 0 {
		present = online
	}
	d.Cores, d.Present = len(online), max(len(present), len(online))
	if d.Cores == 0 {
		d.note("proc/cpuinfo", "no CPU listed, nor in %s", sysCPU)
		return nil
	}
	d.note(path, "CPUs %s: %d cores", formatCPUs(online), d.Cores)
	if offline := slices.DeleteFunc(slices.Clone(present), func(n int) bool { return slices.Contains(online, n) }); len(offline) > 0 {
		d.note(sysCPU+"present", "CPUs %s are there, but offline", formatCPUs(offline))
	}

	cpus := make([]cpuEntry, len(online))
	for i, n := range online {
		cpus[i] = info.common
		if k := slices.IndexFunc(info.cpus, func(e cpuEntry) bool { return e.number == n }); k >= 0 {
			cpus[i] = info.cpus[k]
		}
		cpus[i].number = n
		if cpus[i].id == "" {
			midr := sysCPU + "cpu" + strconv.Itoa(n) + "/regs/identification/midr_el1"
			if v, err := strconv.ParseUint(t.line(midr), 0, 32); err == nil {
				cpus[i].id = coreID(v>>24, v>>4&0xfff)
				cpus[i].architecture = "8" // the register file exists on arm64 only
			}
		}
	}
	return cpus
}

// clusters groups CPUs by core type and place.
func (d *Detection) clusters(t *tree, cpus []cpuEntry) {
	type key struct {
		core             string
		pkg, cluster     int
		modelNameIfNoARM string
	}
	var keys []key
	members := map[key][]int{} // indices into cpus
	for i := range cpus {
		e := &cpus[i]
		topology := sysCPU + "cpu" + strconv.Itoa(e.number) + "/topology/"
		k := key{core: e.id, pkg: t.number(topology+"physical_package_id", 1<<20), cluster: -1}
		if e.id != "" {
			// x86 calls cores that share an L2 a cluster; with hyper-threading that is every core.
			k.cluster = t.number(topology+"cluster_id", 1<<20)
		} else {
			k.modelNameIfNoARM = e.modelName
		}
		if len(members[k]) == 0 {
			keys = append(keys, k)
		}
		members[k] = append(members[k], i)
	}
	for _, k := range keys {
		first := &cpus[members[k][0]]
		c := ClusterFound{ID: first.id, Revision: first.rXpY(), Cores: len(members[k]), Core: coreName(first.id)}
		if c.Core == "" && printable(first.modelName) {
			c.Core = clip(first.modelName, 128)
		}
		var numbers []int
		mhzPath := ""
		for _, i := range members[k] {
			n := cpus[i].number
			numbers = append(numbers, n)
			path := sysCPU + "cpu" + strconv.Itoa(n) + "/cpufreq/cpuinfo_max_freq"
			if mhz := t.number(path, 1<<30) / 1000; mhz > c.MaxMHz {
				c.MaxMHz, mhzPath = mhz, path
			}
		}
		c.CPUs = formatCPUs(numbers)
		label := c.Core
		if label == "" {
			label = "unknown core"
		}
		if first.id != "" {
			path := "proc/cpuinfo"
			if first.implementer == "" {
				path = sysCPU + "cpu" + strconv.Itoa(first.number) + "/regs/identification/midr_el1"
			}
			d.note(path, "CPUs %s: implementer and part %s is %s", c.CPUs, c.ID, label)
		} else if c.Core != "" {
			d.note("proc/cpuinfo", "CPUs %s: %s", c.CPUs, quote(c.Core))
		}
		if mhzPath != "" {
			d.note(mhzPath, "CPUs %s: up to %d MHz", c.CPUs, c.MaxMHz)
		}
		if dir := sysCPU + "cpu" + strconv.Itoa(first.number) + "/cache"; c.caches(t, dir) {
			d.note(dir, "CPUs %s: %s", c.CPUs, c.describeCaches())
		}
		d.Clusters = append(d.Clusters, c)
	}
	if len(keys) > 1 {
		d.note(sysCPU+"cpu*/topology", "%d clusters", len(keys))
	}
}

// caches reads the caches of one CPU and reports whether there were any.
func (c *ClusterFound) caches(t *tree, dir string) bool {
	found := false
	for i := range 8 {
		index := dir + "/index" + strconv.Itoa(i) + "/"
		level := t.number(index+"level", 3)
		kib := sizeKiB(t.line(index + "size"))
		if level < 1 || kib <= 0 {
			continue
		}
		cache := Cache{KiB: kib, SharedBy: len(cpuList(t.line(index + "shared_cpu_list")))}
		switch kind := t.line(index + "type"); {
		case level == 1 && kind == "Instruction":
			c.L1I = cache
		case level == 1 && kind == "Data":
			c.L1D = cache
		case level == 2 && kind == "Unified":
			c.L2 = cache
		case level == 3 && kind == "Unified":
			c.L3 = cache
		default:
			continue
		}
		found = true
	}
	return found
}

func (c *ClusterFound) describeCaches() string {
	var parts []string
	for _, l := range [...]struct {
		name string
		Cache
	}{{"L1i", c.L1I}, {"L1d", c.L1D}, {"L2", c.L2}, {"L3", c.L3}} {
		switch {
		case l.KiB > 0 && l.SharedBy > 1:
			parts = append(parts, fmt.Sprintf("%s %d KiB shared by %d CPUs", l.name, l.KiB, l.SharedBy))
		case l.KiB > 0:
			parts = append(parts, fmt.Sprintf("%s %d KiB", l.name, l.KiB))
		}
	}
	return strings.Join(parts, ", ")
}

// sizeKiB parses a sysfs cache size, "48K" or "2M"; -1 if it is none.
func sizeKiB(s string) int {
	scale := 1
	if strings.HasSuffix(s, "M") {
		scale = 1 << 10
	} else if !strings.HasSuffix(s, "K") {
		return -1
	}
	n, err := strconv.Atoi(s[:len(s)-1])
	if err != nil || n < 0 || n > 1<<20 {
		return -1
	}
	return n * scale
}

// isa sets ISA and Name.
func (d *Detection) isa(info *cpuInfo, cpus []cpuEntry) {
	switch isa := info.isa(); {
	case isa != nil:
		d.ISA = isa
		d.note("proc/cpuinfo", "the kernel reports %s", strings.Join(isa, " "))
	case len(cpus) > 0 && cpus[0].arch() != "":
		d.ISA = []string{cpus[0].arch()}
		if d.ISA[0] == "arm64" {
			d.ISA = append(d.ISA, "neon")
		}
		d.note(sysCPU+"cpu*/regs/identification/midr_el1", "such registers exist on arm64 only")
	case d.Board != nil:
		d.ISA = slices.Clone(d.Board.ISA.Value)
		d.note("proc/cpuinfo", "tells no ISA: taken from the %s profile", d.Board.Name)
	}
	switch {
	case d.Board != nil:
		d.Name = d.Board.Name
		if d.Cores == 0 {
			d.Cores, d.Present = d.Board.Cores(), d.Board.Cores()
			d.note(sysCPU, "tells no CPUs: %d cores taken from the %s profile", d.Cores, d.Board.Name)
		}
	case len(d.ISA) > 0:
		d.Name = "generic-" + d.ISA[0]
		d.note("proc/cpuinfo", "no board recognised: %s", d.Name)
	default:
		d.Name = "generic-unknown"
		d.note("proc/cpuinfo", "no board and no architecture recognised: %s", d.Name)
	}
}

// compare notes where the profile and the kernel disagree. Board and Name stay: the device tree says what
// the board is, the kernel what can be used of it.
func (d *Detection) compare() {
	if d.Board == nil {
		return
	}
	var want []string
	for _, c := range d.Board.Clusters {
		want = append(want, c.Core.Name)
	}
	slices.Sort(want)
	want = slices.Compact(want)
	for _, c := range d.Clusters {
		if c.ID != "" && !slices.Contains(want, c.Core) {
			d.note("proc/cpuinfo", "disagrees: CPUs %s are %s, but %s has %s", c.CPUs, c.Core, d.Name, strings.Join(want, ", "))
		}
	}
	if n := d.Board.Cores(); d.Present > n {
		d.note(sysCPU+"present", "disagrees: %d cores, but %s has %d", d.Present, d.Name, n)
	} else if d.Present < n {
		d.note(sysCPU+"present", "%d cores of the up to %d of %s", d.Present, n, d.Name)
	}
	if len(d.ISA) > 0 && d.ISA[0] != d.Board.ISA.Value[0] {
		d.note("proc/cpuinfo", "%s is %s, the kernel %s: the %s ISA applies", d.Name, d.Board.ISA.Value[0], d.ISA[0], d.ISA[0])
		return
	}
	for _, f := range d.Board.ISA.Value {
		if !slices.Contains(d.ISA, f) {
			d.note("proc/cpuinfo", "disagrees: %s has %s, but the kernel does not report it", d.Name, f)
		}
	}
	for _, f := range d.ISA {
		if !slices.Contains(d.Board.ISA.Value, f) {
			d.note("proc/cpuinfo", "disagrees: the kernel reports %s, which %s does not have", f, d.Name)
		}
	}
}

func (d *Detection) memory(t *tree) {
	const path = "proc/meminfo"
	for line := range strings.Lines(t.read(path, maxProc)) {
		value, ok := strings.CutPrefix(line, "MemTotal:")
		if !ok {
			continue
		}
		value, _ = strings.CutSuffix(strings.TrimSpace(value), " kB")
		kib, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
		if err != nil || kib < 0 || kib > 1<<40 {
			d.note(path, "MemTotal is not a size")
			return
		}
		d.MemoryBytes = kib << 10
		d.note(path, "%d MiB for Linux", kib>>10)
		return
	}
}

func (d *Detection) thermal(t *tree) {
	for i := range maxZones {
		dir := "sys/class/thermal/thermal_zone" + strconv.Itoa(i)
		if !t.isDir(dir) {
			break
		}
		milli, err := strconv.Atoi(t.line(dir + "/temp"))
		zone := t.line(dir + "/type")
		if err != nil || milli < -273_150 || milli > 1_000_000 || zone == "" || !printable(zone) {
			continue
		}
		r := ThermalReading{Zone: clip(zone, 64), Celsius: float64(milli) / 1000}
		d.Thermal = append(d.Thermal, r)
		d.note(dir, "%s is at %.1f °C", quote(r.Zone), r.Celsius)
	}
}
