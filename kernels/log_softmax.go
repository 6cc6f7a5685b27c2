package kernels

import "math/bits"

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

// Rest is the part of a row's outputs that its sum makes, with the rounding.
func (a *LogSoftmaxArgs) Rest(sum uint64) int64 {
	return (log2(sum)-int64(a.Bits)<<16)*a.MulLog + 1<<(a.Shift-1)
}

// At is the output of an element d below the largest.
func (a *LogSoftmaxArgs) At(d, rest int64) int32 {
	v := int64(a.ZOut) - (d*a.MulX+rest)>>a.Shift
	return int32(min(max(v, int64(a.Lo)), int64(a.Hi)))
}

// log2 is the logarithm of s, at least 1, in units of 2^-16, rounded down bit by
// bit: squaring doubles a logarithm.
func log2(s uint64) int64 {
	k := bits.Len64(s) - 1
	m := s << (63 - k) >> 32 // in [2^31, 2^32)
	r := int64(k)
	for range 16 {
		m = m * m >> 31
		r <<= 1
		if m >= 1<<32 {
			m >>= 1
			r++
		}
	}
	return r
}
