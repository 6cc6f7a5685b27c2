package generic

import "github.com/edgerun/edgerun/kernels"

var softmax = kernels.Softmax{Name: "softmax-generic", Run: softmaxRun}

func softmaxRun(a *kernels.SoftmaxArgs, _, u0, u1 int) {
	for u := u0; u < u1; u++ {
		x, y := u*a.RowX, u*a.RowY
		top := pick(a.X, a.X16, x)
		for k := 1; k < a.N; k++ {
			top = max(top, pick(a.X, a.X16, x+k))
		}
		var sum uint64
		for k := range a.N {
			sum += softmaxExp(a, top-pick(a.X, a.X16, x+k))
		}
		for k := range a.N {
			e := softmaxExp(a, top-pick(a.X, a.X16, x+k))
			if a.Y != nil {
				a.Y[y+k] = int8(min(127, int64((256*e+sum/2)/sum)-128))
			} else {
				a.Y16[y+k] = int16(min(32767, (32768*e+sum/2)/sum))
			}
		}
	}
}

func softmaxExp(a *kernels.SoftmaxArgs, d int32) uint64 {
	e := uint64(a.Exp[d&255])
	if a.X16 != nil {
		e = e * uint64(a.Exp[256+d>>8]) >> a.Bits
	}
	return e
}

var copyKernel = kernels.Copy{Name: "copy-generic", Run: copyRun}

func copyRun(a *kernels.CopyArgs, _, u0, u1 int) {
	last := len(a.Dims) - 1
	if last == 0 {
		copyRow(a, a.InAt+u0*a.InStride[0], a.OutAt+u0*a.OutStride[0], u1-u0)
		return
	}
	var ix [8]int
	in, out := a.InAt+u0*a.InStride[0], a.OutAt+u0*a.OutStride[0]
	ix[0] = u0
	for ix[0] < u1 {
		copyRow(a, in, out, a.Dims[last])
		for d := last - 1; d >= 0; d-- {
			ix[d]++
			in += a.InStride[d]
			out += a.OutStride[d]
			if d == 0 || ix[d] < a.Dims[d] {
				break
			}
			in -= a.Dims[d] * a.InStride[d]
			out -= a.Dims[d] * a.OutStride[d]
			ix[d] = 0
		}
	}
}

// copyRow moves n elements of the innermost dimension.
func copyRow(a *kernels.CopyArgs, in, out, n int) {
	si, so := a.InStride[len(a.Dims)-1], a.OutStride[len(a.Dims)-1]
	switch {
	case si == a.Size && so == a.Size:
		copy(a.Out[out:][:n*a.Size], a.In[in:])
	case a.Size == 1:
		for range n {
			a.Out[out] = a.In[in]
			in += si
			out += so
		}
	default:
		for range n {
			copy(a.Out[out:][:a.Size], a.In[in:])
			in += si
			out += so
		}
	}
}

var argMax = kernels.ArgMax{Name: "argmax-generic", Run: argMaxRun}

func argMaxRun(a *kernels.ArgMaxArgs, _, u0, u1 int) {
	sign := int32(1)
	if a.Min {
		sign = -1
	}
	for u := u0; u < u1; u++ {
		x := u * a.RowX
		best, at := sign*pick(a.X, a.X16, x), 0
		for k := 1; k < a.N; k++ {
			v := sign * pick(a.X, a.X16, x+k)
			if v > best || a.Last && v == best {
				best, at = v, k
			}
		}
		a.Y[u*a.RowY] = int32(at)
	}
}
