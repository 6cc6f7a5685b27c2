package generic

import "github.com/edgerun/edgerun/kernels"

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
		rest := a.Rest(sum)
		for k := range a.N {
			put(a.Y, a.Y16, y+k, a.At(int64(top-pick(a.X, a.X16, x+k)), rest))
		}
	}
}
