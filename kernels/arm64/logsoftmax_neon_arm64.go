//go:build !purego

package arm64

import "github.com/edgerun/edgerun/kernels"

// plugLogSoftmax takes long rows of 8 bits, where what an element becomes is a table by
// its byte.
func plugLogSoftmax(t *kernels.Table) {
	other := t.LogSoftmax.Run
	t.LogSoftmax = kernels.LogSoftmax{Name: "log-softmax-neon", Run: func(a *kernels.LogSoftmaxArgs, w, u0, u1 int) {
		if a.X == nil || a.N < 64 {
			other(a, w, u0, u1)
			return
		}
		for u := u0; u < u1; u++ {
			logSoftmaxLong(a, a.X[u*a.RowX:][:a.N], u*a.RowY)
		}
	}}
}

func logSoftmaxLong(a *kernels.LogSoftmaxArgs, x []int8, y int) {
	var e [256]uint32
	top, sum := expSums(&a.SoftmaxArgs, x, &e)
	rest := a.Rest(sum)
	if a.Y16 != nil {
		var t [256]int16
		for d := range top + 129 {
			t[uint8(top-d)] = int16(a.At(int64(d), rest))
		}
		out := a.Y16[y:][:len(x)]
		for k, v := range x {
			out[k] = t[uint8(v)]
		}
		return
	}
	var t [256]int8
	for d := range top + 129 {
		t[(top-d)&255^0x80] = int8(a.At(int64(d), rest))
	}
	lookUp(&t, x, a.Y[y:][:len(x)])
}
