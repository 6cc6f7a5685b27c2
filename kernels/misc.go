package kernels

// Softmax describes a softmax kernel.
type Softmax struct {
	Name string
	Run  func(a *SoftmaxArgs, w, u0, u1 int) // a unit is a row
}

// SoftmaxArgs are the arguments of Softmax over Rows rows of N elements:
//
//	d = max(x) − x,  e = Exp[d]                                 8-bit input
//	               e = (Exp[d & 255]·Exp[256 + d>>8]) >> Bits    16-bit input
//	8-bit output   Y = min(127, (256·e + Σ/2) / Σ − 128)
//	16-bit output  Y = min(32767, (32768·e + Σ/2) / Σ)
//
// Exp[0] is 1<<Bits.
type SoftmaxArgs struct {
	Rows, N    int
	X          []int8
	X16        []int16
	Y          []int8
	Y16        []int16
	RowX, RowY int // elements between rows
	Exp        []uint32
	Bits       uint8
}

// Copy describes a strided move.
type Copy struct {
	Name string
	Run  func(a *CopyArgs, w, u0, u1 int)
}

// CopyArgs are the arguments of Copy, over up to eight dimensions; a unit is
// one index of the first. Elements are Size bytes wide. Strides are in bytes,
// may be negative for the input, and count from byte InAt of In and byte OutAt
// of Out.
type CopyArgs struct {
	Dims        []int
	InStride    []int
	OutStride   []int
	In, Out     []byte
	InAt, OutAt int
	Size        int
}

// ArgMax describes an arg-max kernel.
type ArgMax struct {
	Name string
	Run  func(a *ArgMaxArgs, w, u0, u1 int) // a unit is a row
}

// ArgMaxArgs are the arguments of ArgMax over Rows rows of N elements: the
// index of the largest, or with Min of the smallest; of equals the first, or
// with Last the last.
type ArgMaxArgs struct {
	Rows, N    int
	X          []int8
	X16        []int16
	Y          []int32
	RowX, RowY int
	Last, Min  bool
}
