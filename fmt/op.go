package ermfmt

import "strconv"

// Kind is a kind of operator. The numbers are part of the format.
type Kind uint16

// Kinds of operators.
const (
	KindConv          Kind = 1
	KindDepthwise     Kind = 2
	KindDense         Kind = 3
	KindDeformConv    Kind = 4
	KindConvTranspose Kind = 5
	KindSE            Kind = 6
	KindAdd           Kind = 7
	KindMul           Kind = 8
	KindMaxPool       Kind = 9
	KindAveragePool   Kind = 10
	KindResize        Kind = 11
	KindLUT           Kind = 12
	KindRequantize    Kind = 13
	KindSoftmax       Kind = 14
	KindCopy          Kind = 15
	KindArgMax        Kind = 16
	KindLRN           Kind = 17
	KindLogSoftmax    Kind = 18
)

var kindNames = [...]string{
	KindConv: "conv", KindDepthwise: "depthwise_conv", KindDense: "fully_connected", KindDeformConv: "deform_conv",
	KindConvTranspose: "conv_transpose", KindSE: "squeeze_excite", KindAdd: "add", KindMul: "mul", KindMaxPool: "max_pool",
	KindAveragePool: "average_pool", KindResize: "resize", KindLUT: "lut", KindRequantize: "requantize",
	KindSoftmax: "softmax", KindCopy: "copy", KindArgMax: "arg_max",
	KindLRN: "lrn", KindLogSoftmax: "log_softmax",
}

func (k Kind) String() string {
	if int(k) < len(kindNames) && kindNames[k] != "" {
		return kindNames[k]
	}
	return "op(" + strconv.Itoa(int(k)) + ")"
}

// Op is one operator. Exactly one attribute pointer is set, the Kind's.
type Op struct {
	Kind Kind
	Name string  // of the node in the source model
	In   []int32 // tensor indices
	Out  []int32

	Conv    *Conv // Conv, Depthwise, Dense, DeformConv, ConvTranspose
	SE      *SE
	Add     *Add
	Mul     *Mul
	Pool    *Pool // MaxPool, AveragePool
	Resize  *Resize
	LUT     *LUT
	Requant *Requantize
	Softmax *Softmax
	Copy    *Copy
	ArgMax  *ArgMax
	LRN     *LRN
	LogSoft *LogSoftmax
}

// Requant holds the fixed-point scales that take accumulators to outputs, one
// or one per output channel (package requant has the rule).
type Requant struct {
	Mult  []int32
	Shift []uint8
	Pre   uint8 // left shift of the accumulator before the multiplication
}

// Scale is a Requant with one scale.
type Scale struct {
	Mult  int32
	Shift uint8
	Pre   uint8
}

// Clamp bounds outputs, in integers, zero point included.
type Clamp struct {
	Lo, Hi int32
}

// Conv is a convolution of any kind.
//
//	Weights  Conv, DeformConv [OC, KH, KW, IC/Groups]; Depthwise [KH, KW, OC];
//	         Dense [OC, IC]; ConvTranspose [OC, KH, KW, IC/Groups]
//	Bias     [OC], at scale s_in·s_w; holds −z_in·Σw
//
// Depthwise output channel c reads input channel c / (OC/IC). Inputs are X and,
// for DeformConv, the offsets (Int16, 2^-Frac pixels) and the mask (optional).
type Conv struct {
	KH, KW       int32
	StrideH      int32
	StrideW      int32
	DilationH    int32
	DilationW    int32
	PadTop       int32
	PadLeft      int32
	Groups       int32
	OffsetGroups int32 // DeformConv
	Frac         uint8 // DeformConv: fraction bits of an offset, 1 to 7
	Weights      []int8
	Bias         []int32
	Requant      Requant
	Neg          Requant // scales of negative accumulators (leaky activations); empty: the same
	Clamp
}

// SE is Squeeze-and-Excitation as one operator. Values between its steps are
// 16-bit with zero point 0; tables are those of LUT for 16-bit inputs.
//
//	squeeze[c] = Squeeze(Σ (x − z_x))          clamped to ±SqueezeMax
//	mid[r]     = MidTable(Mid(B1[r] + Σ W1[r, c]·squeeze[c]))
//	gate[c]    = GateTable(Gate(B2[c] + Σ W2[c, r]·mid[r])) in [-128, 127], scale 1/256
//	y          = Out((x − z_x)·(gate[c] + 128))
type SE struct {
	Squeeze    Scale
	SqueezeMax int32
	Mid        Requant
	MidClamp   Clamp
	MidTable   []int16 // 513 entries, or none
	Gate       Requant
	GateTable  []int16 // 513 entries
	Out        Scale
	Clamp
	W1, W2 []int8
	B1, B2 []int32
}

// Add is Y = (MulA·a + MulB·b + Bias) >> Shift, rounded half up by what Bias
// holds, plus the output's zero point. The inputs broadcast.
type Add struct {
	MulA, MulB int32
	Bias       int64
	Shift      uint8
	Clamp
}

// Mul is the requantized product of the two inputs without their zero points.
// The inputs broadcast.
type Mul struct {
	Scale
	Clamp
}

// Pool is a maximum or an average over a window. Averages divide by the number
// of positions inside the input, or with IncludePad inside the padded input.
type Pool struct {
	KH, KW     int32
	StrideH    int32
	StrideW    int32
	DilationH  int32
	DilationW  int32
	PadTop     int32
	PadLeft    int32
	PadBottom  int32
	PadRight   int32
	IncludePad bool
	Divisors   []int32 // AveragePool: the counts that occur,
	Requant    Requant // and the scale for each
	Clamp
}

// ResizeBits is the number of fraction bits of resize weights.
const ResizeBits = 11

// MaxTaps bounds the positions that a resized one is made of along an axis.
const MaxTaps = 64

// Resize interpolates along both axes: every output row is a weighted sum of
// Taps input rows, likewise columns. Weights of one position sum to
// 1<<ResizeBits. Input and output have the same scale.
type Resize struct {
	TapsY, TapsX int32
	IndexY       []uint16 // [OH·TapsY]
	IndexX       []uint16 // [OW·TapsX]
	WeightY      []int16
	WeightX      []int16
}

// LUT applies a table. Int8 inputs have 256 entries, in the order −128 … 127.
// Int16 inputs have 513, at −32768, −32640, … 32768, with linear interpolation.
type LUT struct {
	Table8  []int8  // Int8 outputs of Int8 inputs
	Table16 []int16 // otherwise
}

// Requantize changes scale, zero point or width.
type Requantize struct {
	Scale
	Clamp
}

// Softmax works along C. Exp[d] is exp(−s·d) in units of 2^-Bits for Int8
// inputs; Int16 inputs have two tables: 256 entries for the low byte of d, and
// 256 for the high byte.
type Softmax struct {
	Bits uint8
	Exp  []uint32
}

// LogSoftmax works along C, with the exponentials of Softmax. MulX is the scale
// of the input and MulLog ln(2)·2^-16, both over the scale of the output, in
// units of 2^-Shift.
type LogSoftmax struct {
	Softmax
	MulX, MulLog int32
	Shift        uint8
	Clamp
}

// Copy moves elements: for every index vector below Dims, out[Σ i·OutStride] =
// in[InOffset + Σ i·InStride], counted in elements from the tensors' first
// ones. With Fill the whole output is first set to FillValue.
type Copy struct {
	Dims      []int32
	InStride  []int32
	OutStride []int32
	InOffset  int32
	OutOffset int32
	Fill      bool
	FillValue int32
}

// ArgMax gives the index of the largest element along C, as Int32; the first
// one of equals, or with Last the last.
type ArgMax struct {
	Last bool
	Min  bool // the smallest instead
}

// LRN divides by a power of the sum of squares over Size neighbouring channels:
//
//	u = Σ (x − z_x)²
//	y = (x − z_x)·P(Table, u) >> Shift, rounded half up, plus the zero point
//
// P interpolates a table that has 32 entries for every octave of u
// (docs/arithmetic.md §17).
type LRN struct {
	Size  int32
	Shift uint8
	Table []int32
	Clamp
}
