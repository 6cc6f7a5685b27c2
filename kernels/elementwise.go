package kernels

// Add describes a weighted-sum kernel.
type Add struct {
	Name string
	Run  func(a *AddArgs, w, u0, u1 int)
}

// AddArgs are the arguments of Add:
//
//	Y = clamp((MulA·a + MulB·b + Bias) >> Shift + Zero, Lo, Hi)
//
// Bias holds the zero points and the rounding. With 8-bit inputs and output
// the sum fits 32 bits. Each of A, B and Y is 8 or 16 bits wide.
type AddArgs struct {
	Rows
	A, B     []int8
	A16, B16 []int16
	Y        []int8
	Y16      []int16

	StepA, StepB, StepY Steps
	BScalar             bool // B has one element per run

	MulA, MulB   int32
	Bias         int64
	Shift        uint8
	Zero, Lo, Hi int32
}

// Mul describes a product kernel.
type Mul struct {
	Name string
	Run  func(a *MulArgs, w, u0, u1 int)
}

// MulArgs are the arguments of Mul:
//
//	Y = clamp(requant((a − ZA)·(b − ZB)) + Zero, Lo, Hi)
type MulArgs struct {
	Rows
	A, B     []int8
	A16, B16 []int16
	Y        []int8
	Y16      []int16

	StepA, StepB, StepY Steps
	BScalar             bool

	ZA, ZB       int32
	Mult         int32
	Shift, Pre   uint8
	Zero, Lo, Hi int32
}

// LUT describes a table kernel.
type LUT struct {
	Name string
	Run  func(a *LUTArgs, w, u0, u1 int)
}

// LUTArgs are the arguments of LUT. 8-bit inputs take entry q+128 of a table
// of 256. 16-bit inputs interpolate a table of 513 entries, 128 apart:
//
//	i = (q + 32768) >> 7,  f = q & 127
//	Y = (T[i]·(128 − f) + T[i+1]·f + 64) >> 7
//
// and are clamped to the output's range.
type LUTArgs struct {
	Rows
	X            []int8
	X16          []int16
	Y            []int8
	Y16          []int16
	StepX, StepY Steps
	Table8       []int8
	Table16      []int16
}

// Requantize describes a kernel that changes scale or width.
type Requantize struct {
	Name string
	Run  func(a *RequantizeArgs, w, u0, u1 int)
}

// RequantizeArgs are the arguments of Requantize:
//
//	Y = clamp(requant(x − ZX) + Zero, Lo, Hi)
type RequantizeArgs struct {
	Rows
	X            []int8
	X16          []int16
	Y            []int8
	Y16          []int16
	StepX, StepY Steps
	ZX           int32
	Mult         int32
	Shift, Pre   uint8
	Zero, Lo, Hi int32
}

// Quantize describes the kernel at a network's float32 inputs.
type Quantize struct {
	Name string
	// Finite reports whether there is neither an infinity nor a NaN.
	Finite func(x []float32) bool
	Run    func(a *QuantizeArgs, w, u0, u1 int)
}

// QuantizeArgs are the arguments of Quantize, over up to four dimensions in
// memory order of the output, whose elements are contiguous:
//
//	Y = clamp(roundToEven(x·Inverse) + Zero)
//
// with the product rounded to float32. Unit u is index u of the first
// dimension that has more than one element. NaN becomes Zero.
type QuantizeArgs struct {
	Dims    [4]int
	StepX   [4]int
	X       []float32
	Y       []int8
	Y16     []int16
	Inverse float32
	Zero    int32
}

// Dequantize describes the kernel at a network's float32 outputs.
type Dequantize struct {
	Name string
	Run  func(a *DequantizeArgs, w, u0, u1 int)
}

// DequantizeArgs are the arguments of Dequantize, over up to four dimensions
// in memory order of the integer tensor, whose elements are contiguous:
//
//	Y = float32(x − Zero)·Scale
type DequantizeArgs struct {
	Dims  [4]int
	StepY [4]int
	X     []int8
	X16   []int16
	X32   []int32
	Y     []float32
	Scale float32
	Zero  int32
}
