// Package kernels is the contract between the runtime and the code that
// computes: one argument struct and one descriptor per family of operators,
// and the table that a tier fills.
//
// kernels/generic has every family in plain Go and is the specification. A
// tier for a CPU, such as kernels/arm64, lays its own descriptors over the
// generic table; both must give the same bits.
//
// A kernel's work is cut into units that can be done in any order and by any
// worker. Run does units [u0, u1) as worker number w, whose scratch memory is
// its own. Kernels neither allocate nor fail: the runtime checks everything
// when it prepares a model. Arguments live in the prepared plan, so that
// calling through a descriptor does not allocate either.
package kernels

// ISA is a set of instruction-set extensions that kernels may use.
type ISA uint32

// Extensions of the Arm architecture. ASIMD (NEON) is part of every arm64 CPU.
const (
	NEON    ISA = 1 << iota
	DotProd     // SDOT, UDOT (ARMv8.2, optional)
	I8MM        // SMMLA (ARMv8.6, optional)
)

// Has reports whether all of want are in the set.
func (s ISA) Has(want ISA) bool { return s&want == want }

// Tier names the best level of the set: generic, neon, dotprod or i8mm.
func (s ISA) Tier() string {
	switch {
	case s.Has(NEON | DotProd | I8MM):
		return "i8mm"
	case s.Has(NEON | DotProd):
		return "dotprod"
	case s.Has(NEON):
		return "neon"
	}
	return "generic"
}

// Tiers lists the levels from the lowest to the highest, each with what it
// needs.
var Tiers = []struct {
	Name string
	ISA  ISA
}{
	{"generic", 0},
	{"neon", NEON},
	{"dotprod", NEON | DotProd},
	{"i8mm", NEON | DotProd | I8MM},
}

// Table holds the kernels of a tier. Families with variants list them best
// first; the first whose Takes accepts the arguments is used.
type Table struct {
	Tier string

	Conv          []Conv // dense, pointwise and grouped convolution
	Depthwise     []Conv
	Dense         []Conv
	DeformConv    []Conv
	ConvTranspose []Conv
	SE            SE
	Add           Add
	Mul           Mul
	MaxPool       Pool
	AveragePool   Pool
	Resize        Resize
	LUT           LUT
	Requantize    Requantize
	Softmax       Softmax
	LogSoftmax    LogSoftmax
	Copy          Copy
	ArgMax        ArgMax
	LRN           LRN
	Quantize      Quantize
	Dequantize    Dequantize
}

// Plane is where the pixels of a feature map lie: element (n, h, w, c) is
// n·N + h·H + w·W + c elements behind the first.
type Plane struct {
	N, H, W int
}

// Rows walks up to three outer dimensions whose innermost runs of Len elements
// are contiguous in every operand. A unit is one index of D[0]·D[1]; the last
// unit's runs have Last elements.
type Rows struct {
	D    [3]int
	Len  int
	Last int
}

// Units is the number of units.
func (r *Rows) Units() int { return r.D[0] * r.D[1] }

// Run returns the outer indices of unit u and the length of its runs.
func (r *Rows) Run(u int) (i, j, n int) {
	n = r.Len
	if u == r.D[0]*r.D[1]-1 {
		n = r.Last
	}
	return u / r.D[1], u % r.D[1], n
}

// Steps are an operand's strides along the outer dimensions of Rows, in
// elements; 0 repeats it.
type Steps [3]int

// At is the offset of outer indices i, j.
func (s *Steps) At(i, j int) int { return i*s[0] + j*s[1] }
