package kernels

// SE describes a Squeeze-and-Excitation kernel. It runs in three stages with a
// barrier between them: Squeeze sums units of pixels, Excite computes the gate
// on one worker, Apply scales units of pixels.
type SE struct {
	Name    string
	Scratch func(a *SEArgs) int // bytes, shared by the workers
	Units   func(a *SEArgs, workers int) int
	Squeeze func(a *SEArgs, w, u0, u1 int)
	Excite  func(a *SEArgs)
	Apply   func(a *SEArgs, w, u0, u1 int)
}

// SEArgs are the arguments of SE; docs/arithmetic.md §10 has the formula.
//
//	W1 [R, C], B1 [R], W2 [C, R], B2 [C]
type SEArgs struct {
	In, Out       []int8
	N, H, W, C, R int
	InPlane       Plane
	OutPlane      Plane
	ZIn           int32

	SqMult       int32
	SqShift      uint8
	SqPre        uint8
	SqMax        int32
	W1, W2       []int8
	B1, B2       []int32
	MidMult      []int32
	MidShift     []uint8
	MidPre       uint8
	MidLo, MidHi int32
	MidTable     []int16
	GateMult     []int32
	GateShift    []uint8
	GatePre      uint8
	GateTable    []int16
	OutMult      int32
	OutShift     uint8
	OutPre       uint8
	ZOut, Lo, Hi int32

	Scratch []byte
	Workers int
}
