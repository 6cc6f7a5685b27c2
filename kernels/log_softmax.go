package kernels

// LogSoftmax describes a log-softmax kernel.
type LogSoftmax struct {
	Name string
	Run  func(a *LogSoftmaxArgs, w, u0, u1 int) // a unit is a row
}

// LogSoftmaxArgs are the arguments of LogSoftmax: with the d and the Σ of
// Softmax, and lg = log2(Σ / 2^Bits) in units of 2^-16, rounded down bit by bit,
//
//	Y = clamp(ZOut − ((d·MulX + lg·MulLog + 1<<(Shift−1)) >> Shift), Lo, Hi)
type LogSoftmaxArgs struct {
	SoftmaxArgs
	MulX, MulLog int64
	Shift        uint8
	ZOut, Lo, Hi int32
}
