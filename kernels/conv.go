package kernels

// Conv describes a convolution kernel.
type Conv struct {
	Name string
	// Takes reports whether the kernel can compute these arguments.
	Takes func(a *ConvArgs) bool
	// PackedBytes is the memory that Pack needs for the weights, and for whatever
	// else can be made ahead; 0: the kernel needs none.
	PackedBytes func(a *ConvArgs) int
	// Pack rearranges a.Weights for Run. It runs once, when a model is loaded. Of
	// In, Out and Out16 it sees no more than which one of the outputs there is.
	Pack func(dst []int8, a *ConvArgs)
	// Scratch is the memory in bytes that each worker needs. It is asked for, as
	// Units is, when Packed is there.
	Scratch func(a *ConvArgs) int
	// Units cuts the work for so many workers.
	Units func(a *ConvArgs, workers int) int
	Run   func(a *ConvArgs, w, u0, u1 int)
	// Columns, of deformable kernels, samples the inputs of output pixels [p0,
	// p0+rows) of image n for group g: KH·KW·IC/Groups elements for every pixel, in
	// the order of the weights, ld elements from one pixel to the next. What else
	// is in these ld elements is undefined.
	Columns func(a *ConvArgs, x []int8, ld, n, g, p0, rows int)
}

// ConvArgs are the arguments of every convolution:
//
//	acc[n, y, x, o] = Bias[o] + Σ Weights[o, i, j, c]·X[n, y·SH − PT + i·DH, x·SW − PL + j·DW, c]
//	Y = clamp(requant(acc) + ZOut, Lo, Hi)
//
// X outside the input is ZIn. Bias holds −ZIn·Σ Weights. Grouped convolution:
// output channel o of group g reads input channels [g·IC/Groups, (g+1)·IC/Groups).
//
//	Weights  [OC, KH, KW, IC/Groups], values in [-127, 127]; depthwise
//	         [KH, KW, OC], channel o reads input channel o/(OC/IC); dense [OC, IC];
//	         transposed [OC, KH, KW, IC/Groups]
//	Mult, Shift  [OC] (package requant); Pre for all
//	NegMult, NegShift  the same for negative accumulators, or empty
//
// The runtime guarantees |acc| <= 2^30 for all inputs.
type ConvArgs struct {
	In    []int8
	Out   []int8  // one of Out
	Out16 []int16 // and Out16

	Weights  []int8
	Packed   []int8
	Bias     []int32
	Mult     []int32
	Shift    []uint8
	NegMult  []int32
	NegShift []uint8

	N, IH, IW, IC int
	OH, OW, OC    int
	InPlane       Plane
	OutPlane      Plane

	KH, KW, SH, SW, DH, DW, PT, PL int
	Groups                         int

	ZIn, ZOut, Lo, Hi int32
	Pre               uint8

	// Deformable convolution: Offset [N, OH, OW, OffsetGroups·KH·KW·2] with y
	// before x, in units of 2^-Frac pixels; Mask [N, OH, OW, OffsetGroups·KH·KW]
	// with zero point ZMask, in units of 1/256, or empty.
	Offset       []int16
	OffsetPlane  Plane
	Mask         []int8
	MaskPlane    Plane
	OffsetGroups int
	Frac         uint8
	ZMask        int32

	Scratch [][]byte // one per worker, 64-byte aligned
	Workers int
}
