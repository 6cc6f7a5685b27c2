package generic

import (
	"math/bits"

	"github.com/edgerun/edgerun/kernels"
)

var logSoftmax = kernels.LogSoftmax{Name: "log-softmax-generic", Run: logSoftmaxRun}

func logSoftmaxRun(a *kernels.LogSoftmaxArgs, _, u0, u1 int) {
	for u := u0; u < u1; u++ {
		x, y := u*a.RowX, u*a.RowY
		top := pick(a.X, a.X16, x)
		for k := 1; k < a.N; k++ {
			top = max(top, pick(a.X, a.X16, x+k))
		}
		var sum uint64
		for k := range a.N {
			sum += softmaxExp(&a.SoftmaxArgs, top-pick(a.X, a.X16, x+k))
		}
		lg := (log2(sum)-int64(a.Bits)<<16)*a.MulLog + 1<<(a.Shift-1)
		for k := range a.N {
			d := int64(top - pick(a.X, a.X16, x+k))
			v := min(int64(a.ZOut)-(d*a.MulX+lg)>>a.Shift, int64(a.Hi))
			put(a.Y, a.Y16, y+k, int32(max(v, int64(a.Lo))))
		}
	}
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
