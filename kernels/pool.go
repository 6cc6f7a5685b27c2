package kernels

// Pool describes a pooling kernel.
type Pool struct {
	Name    string
	Scratch func(a *PoolArgs) int // bytes per worker
	Units   func(a *PoolArgs, workers int) int
	Run     func(a *PoolArgs, w, u0, u1 int)
}

// PoolArgs are the arguments of MaxPool and AveragePool.
//
//	MaxPool      Y = max of X over the window, clamped
//	AveragePool  acc = Σ (X − ZIn) over the part of the window inside the input,
//	             Y = clamp(requant(acc; scale of n) + ZOut, Lo, Hi)
//
// n counts the positions inside the input, or with IncludePad those inside the
// padded input: PT rows above it, PB below, PL columns to the left, PR to the
// right. Every n that occurs stands in Divisors, which ascends; its index there
// is the one of its scale in Mult and Shift.
type PoolArgs struct {
	In       []int8
	Out      []int8
	Out16    []int16
	N, IH    int
	IW, C    int
	OH, OW   int
	InPlane  Plane
	OutPlane Plane

	KH, KW, SH, SW, DH, DW, PT, PL, PB, PR int
	IncludePad                             bool

	ZIn, ZOut, Lo, Hi int32
	Divisors          []int32
	Mult              []int32
	Shift             []uint8
	Pre               uint8

	Scratch [][]byte
}

// Resize describes an interpolation kernel.
type Resize struct {
	Name    string
	Scratch func(a *ResizeArgs) int
	Run     func(a *ResizeArgs, w, u0, u1 int) // a unit is an output row
}

// ResizeArgs are the arguments of Resize:
//
//	Y[y, x] = (Σ_i Σ_j WY[y, i]·WX[x, j]·X[IY[y, i], IX[x, j]] + 1<<21) >> 22
//
// clamped to the type's range. Weights of one position sum to 2048.
type ResizeArgs struct {
	In       []int8
	In16     []int16
	Out      []int8
	Out16    []int16
	N, C     int
	OH, OW   int
	InPlane  Plane
	OutPlane Plane

	TapsY, TapsX int
	IY, IX       []uint16
	WY, WX       []int16

	Scratch [][]byte
}
