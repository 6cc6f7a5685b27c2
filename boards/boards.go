// Package boards describes the boards edgerun runs on: profiles as data, each figure with its source, and
// detection of the board a file tree (usually "/") belongs to.
package boards

import (
	"fmt"
	"slices"
	"strings"
)

// Sources of a zero Value.
const (
	notPublished = "not published"
	varies       = "differs from board to board"
	none         = "no such cache"
)

// Fact is a figure or a name and where it was read: document, table, URL.
// A zero Value is no figure; Source then says "not published", "no such cache" or "differs from board to board".
type Fact[T any] struct {
	Value  T      `json:"value"`
	Source string `json:"source"`
}

// Cache is one cache instance.
type Cache struct {
	KiB      int `json:"kib"`
	SharedBy int `json:"shared_by"` // cores that share one instance: 1 is private, 0 unknown
}

// Core is a CPU core type.
type Core struct {
	Name string         `json:"name"` // "cortex-a72", as GCC and LLVM spell it
	ID   Fact[string]   `json:"id"`   // MIDR_EL1 implementer and part as in /proc/cpuinfo: "0x41:0xd08"
	ISA  Fact[[]string] `json:"isa"`  // as Profile.ISA
}

// Cluster is a group of equal cores that the SoC keeps together.
type Cluster struct {
	Core   *Core       `json:"core"`
	Cores  Fact[int]   `json:"cores"`
	MaxMHz Fact[int]   `json:"max_mhz"` // highest clock without overclocking
	L1I    Fact[Cache] `json:"l1i"`
	L1D    Fact[Cache] `json:"l1d"`
	L2     Fact[Cache] `json:"l2"`
	L3     Fact[Cache] `json:"l3"`
}

// Profile is one board, or one family of modules that differ only in what Note says.
// Where modules differ, figures are those of the largest.
type Profile struct {
	Name     string       `json:"name"` // "rpi4b"
	FullName string       `json:"full_name"`
	SoC      Fact[string] `json:"soc"`
	Clusters []*Cluster   `json:"clusters"`

	SystemCache Fact[Cache]   `json:"system_cache"`   // behind all clusters
	RAMMiB      Fact[[]int]   `json:"ram_mib"`        // sizes sold
	Bandwidth   Fact[float64] `json:"bandwidth_gb_s"` // of the DRAM interface, theoretical, 1e9 bytes/s

	// ISA is the architecture as GOARCH spells it, then what every core has of
	// neon, dotprod (SDOT), i8mm (SMMLA) and fp16 (half-precision arithmetic).
	ISA Fact[[]string] `json:"isa"`

	// Models are device tree model strings without a trailing " Rev x.y".
	Models Fact[[]string] `json:"models"`
	// Compatible are device tree compatible strings of the board or its module. "nvidia,p3767-0003" also
	// stands for that module on a carrier, "nvidia,p3768-0000+p3767-0003", and for its "-super" clocks.
	Compatible Fact[[]string] `json:"compatible"`

	Note string `json:"note,omitempty"`
}

// Cores is the number of cores of all clusters.
func (p *Profile) Cores() int {
	n := 0
	for _, c := range p.Clusters {
		n += c.Cores.Value
	}
	return n
}

// All returns every profile, sorted by name. They are shared: do not change them.
func All() []*Profile {
	var all []*Profile
	for _, vendor := range [][]Profile{raspberryPi, jetson, generic} {
		for i := range vendor {
			all = append(all, &vendor[i])
		}
	}
	slices.SortFunc(all, func(a, b *Profile) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// ByName returns the profile of that name. The error lists the names that come near.
func ByName(name string) (*Profile, error) {
	all := All()
	names := make([]string, len(all))
	for i, p := range all {
		if p.Name == name {
			return p, nil
		}
		names[i] = p.Name
	}
	if n := near(name, names); len(n) > 0 {
		return nil, fmt.Errorf("boards: board %s: no such profile, near: %s", quote(name), strings.Join(n, ", "))
	}
	return nil, fmt.Errorf("boards: board %s: no such profile, want one of %s", quote(name), strings.Join(names, ", "))
}

// near returns the names that contain name or the other way round, or are an edit away, two for long names.
// Only letters and digits count.
func near(name string, names []string) []string {
	key := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
				return r
			}
			return -1
		}, strings.ToLower(s))
	}
	var found []string
	k := key(clip(name, 64))
	for _, n := range names {
		nk := key(n)
		if len(k) >= 3 && (strings.Contains(nk, k) || strings.Contains(k, nk)) || edits(k, nk) <= max(1, len(k)/5) {
			found = append(found, n)
		}
	}
	return found
}

// edits is the Levenshtein distance of two ASCII strings.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diag := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diag, row[j+1] = row[j+1], min(diag+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
