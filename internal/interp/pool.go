package interp

import (
	"math"

	"github.com/edgerun/edgerun/internal/ir"
)

func pool(op *ir.Pool, x *ir.Tensor, shape []int) *ir.Tensor {
	y := ir.NewTensor(ir.Float32, shape)
	p := newPlane(&op.Window, x.Shape, shape)
	var rows, cols []float32 // how many taps count towards the mean
	if !op.Max {
		// Padding on the far side, for the divisor that counts it.
		pb, pr := 0, op.Pads[len(op.Pads)-1]
		if len(x.Shape) == 4 {
			pb = op.Pads[2]
		}
		rows = taps(p.oh, p.kh, p.sh, p.dh, p.pt, p.h, pb, op.CountIncludePad)
		cols = taps(p.ow, p.kw, p.sw, p.dw, p.pl, p.w, pr, op.CountIncludePad)
	}
	lowest := float32(math.Inf(-1))
	for i := range p.n * p.c {
		src := x.F[i*p.h*p.w:][:p.h*p.w]
		dst := y.F[i*p.oh*p.ow:][:p.oh*p.ow]
		for oy := range p.oh {
			d := dst[oy*p.ow:][:p.ow]
			if op.Max {
				for k := range d {
					d[k] = lowest
				}
			}
			for ky := range p.kh {
				iy := oy*p.sh + ky*p.dh - p.pt
				if iy < 0 || iy >= p.h {
					continue
				}
				s := src[iy*p.w:][:p.w]
				for kx := range p.kw {
					lo, hi := p.span(kx)
					if lo >= hi {
						continue
					}
					in := s[lo*p.sw+kx*p.dw-p.pl:]
					if op.Max {
						for k, o := 0, d[lo:hi]; k < len(o); k++ {
							o[k] = max(o[k], in[k*p.sw])
						}
					} else {
						for k, o := 0, d[lo:hi]; k < len(o); k++ {
							o[k] += in[k*p.sw]
						}
					}
				}
			}
			if !op.Max {
				for k := range d {
					d[k] /= max(1, rows[oy]*cols[k])
				}
			}
		}
		activate(dst, &op.Act, i%p.c)
	}
	return y
}

// taps returns, for every output position along an axis, how many of the k taps
// lie inside the input of the given size, or inside what pads make of it.
func taps(out, k, stride, dilation, before, size, after int, padded bool) []float32 {
	lo, hi := 0, size
	if padded {
		lo, hi = -before, size+after
	}
	n := make([]float32, out)
	for o := range n {
		for t := range k {
			if i := o*stride + t*dilation - before; i >= lo && i < hi {
				n[o]++
			}
		}
	}
	return n
}

func globalPool(op *ir.GlobalPool, x *ir.Tensor, shape []int) *ir.Tensor {
	y := ir.NewTensor(ir.Float32, shape)
	px := len(x.F) / max(1, len(y.F))
	for i := range y.F {
		row := x.F[i*px:][:px]
		if op.Max {
			m := row[0]
			for _, v := range row {
				m = max(m, v)
			}
			y.F[i] = m
			continue
		}
		var s float64
		for _, v := range row {
			s += float64(v)
		}
		y.F[i] = float32(s / float64(px))
	}
	return y
}

func reduce(op *ir.Reduce, x *ir.Tensor, shape []int) *ir.Tensor {
	y := ir.NewTensor(x.DType, shape)
	drop := make([]bool, len(x.Shape))
	for _, a := range op.Axes {
		drop[a] = true
	}
	// Strides of the output along the input's axes; 0 along reduced ones.
	stride := make([]int, len(x.Shape))
	s := 1
	for i := len(x.Shape) - 1; i >= 0; i-- {
		if !drop[i] {
			stride[i] = s
			s *= x.Shape[i]
		}
	}
	if x.DType != ir.Float32 {
		reduceInts(op.Func, x, y, stride)
		return y
	}
	acc := make([]float64, len(y.F))
	start := map[string]float64{"ReduceMax": math.Inf(-1), "ReduceMin": math.Inf(1), "ReduceProd": 1}[op.Func]
	for i := range acc {
		acc[i] = start
	}
	eachRun(x.Shape, stride, func(i, o, n, so int) {
		src := x.F[i : i+n]
		switch op.Func {
		case "ReduceMax":
			for k, v := range src {
				acc[o+k*so] = max(acc[o+k*so], float64(v))
			}
		case "ReduceMin":
			for k, v := range src {
				acc[o+k*so] = min(acc[o+k*so], float64(v))
			}
		case "ReduceProd":
			for k, v := range src {
				acc[o+k*so] *= float64(v)
			}
		case "ReduceL1":
			for k, v := range src {
				acc[o+k*so] += math.Abs(float64(v))
			}
		case "ReduceL2", "ReduceSumSquare":
			for k, v := range src {
				acc[o+k*so] += float64(float64(v) * float64(v))
			}
		default:
			for k, v := range src {
				acc[o+k*so] += float64(v)
			}
		}
	})
	per := float64(len(x.F)) / float64(max(1, len(acc)))
	for i, v := range acc {
		switch op.Func {
		case "ReduceMean":
			v /= per
		case "ReduceL2":
			v = math.Sqrt(v)
		}
		y.F[i] = float32(v)
	}
	return y
}

func reduceInts(f string, x, y *ir.Tensor, stride []int) {
	lo, hi := x.DType.Range()
	start := map[string]int64{"ReduceMax": lo, "ReduceMin": hi, "ReduceProd": 1}[f]
	for i := range y.I {
		y.I[i] = start
	}
	eachRun(x.Shape, stride, func(i, o, n, so int) {
		for k, v := range x.I[i : i+n] {
			d := &y.I[o+k*so]
			switch f {
			case "ReduceMax":
				*d = max(*d, v)
			case "ReduceMin":
				*d = min(*d, v)
			case "ReduceProd":
				*d *= v
			case "ReduceL1":
				*d += max(v, -v)
			case "ReduceL2", "ReduceSumSquare":
				*d += v * v
			default:
				*d += v
			}
		}
	})
	per := int64(len(x.I) / max(1, len(y.I)))
	for i, v := range y.I {
		switch f {
		case "ReduceMean":
			v /= per
		case "ReduceL2":
			v = toInt(math.Sqrt(float64(v)))
		}
		y.I[i] = wrap(v, y.DType)
	}
}

// eachRun calls f for every run along the last axis of shape: its index, that
// of the other operand, the length and the other operand's stride.
func eachRun(shape, stride []int, f func(i, o, n, so int)) {
	total := count(shape)
	if total == 0 {
		return
	}
	if len(shape) == 0 {
		f(0, 0, 1, 0)
		return
	}
	last := len(shape) - 1
	ix := make([]int, last)
	o := 0
	for i := 0; i < total; i += shape[last] {
		f(i, o, shape[last], stride[last])
		for a := last - 1; a >= 0; a-- {
			ix[a]++
			o += stride[a]
			if ix[a] < shape[a] {
				break
			}
			o -= stride[a] * shape[a]
			ix[a] = 0
		}
	}
}

func argReduce(op *ir.ArgReduce, x *ir.Tensor, shape []int) *ir.Tensor {
	y := ir.NewTensor(ir.Int64, shape)
	if x.DType == ir.Float32 {
		argBest(op, x.F, y.I, x.Shape)
	} else {
		argBest(op, x.I, y.I, x.Shape)
	}
	return y
}

func argBest[T float32 | int64](op *ir.ArgReduce, x []T, y []int64, shape []int) {
	d := shape[op.Axis]
	inner := count(shape[op.Axis+1:])
	for i := range y {
		base := i/inner*inner*d + i%inner
		best := x[base]
		for k := 1; k < d; k++ {
			v := x[base+k*inner]
			if (op.Func == "ArgMax" && v > best) || (op.Func == "ArgMin" && v < best) || (op.SelectLast && v == best) {
				best, y[i] = v, int64(k)
			}
		}
	}
}
