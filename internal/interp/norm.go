package interp

import (
	"math"

	"github.com/edgerun/edgerun/internal/ir"
	"github.com/edgerun/edgerun/internal/portable"
)

func batchNorm(op *ir.BatchNorm, in []*ir.Tensor) *ir.Tensor {
	x := in[0]
	y := ir.NewTensor(ir.Float32, x.Shape)
	c := x.Shape[1]
	px := len(x.F) / max(1, x.Shape[0]*c)
	for i := range x.Shape[0] * c {
		k := i % c
		a := float32(float64(in[1].F[k]) / math.Sqrt(float64(in[4].F[k])+float64(op.Eps)))
		b := in[2].F[k] - float32(a*in[3].F[k])
		dst := y.F[i*px:][:px]
		for j, v := range x.F[i*px:][:px] {
			dst[j] = float32(a*v) + b
		}
		activate(dst, &op.Act, k)
	}
	return y
}

func instanceNorm(op *ir.InstanceNorm, in []*ir.Tensor) *ir.Tensor {
	x := in[0]
	y := ir.NewTensor(ir.Float32, x.Shape)
	c := x.Shape[1]
	px := len(x.F) / max(1, x.Shape[0]*c)
	for i := range x.Shape[0] * c {
		src := x.F[i*px:][:px]
		var s, q float64
		for _, v := range src {
			s += float64(v)
		}
		mean := s / float64(px)
		for _, v := range src {
			q += float64((float64(v) - mean) * (float64(v) - mean))
		}
		a := float64(in[1].F[i%c]) / math.Sqrt(q/float64(px)+float64(op.Eps))
		for j, v := range src {
			y.F[i*px+j] = float32(float64((float64(v)-mean)*a) + float64(in[2].F[i%c]))
		}
	}
	return y
}

func lrn(op *ir.LRN, x *ir.Tensor) *ir.Tensor {
	y := ir.NewTensor(ir.Float32, x.Shape)
	c := x.Shape[1]
	px := len(x.F) / max(1, x.Shape[0]*c)
	lo := (op.Size - 1) / 2
	for n := range x.Shape[0] {
		img := x.F[n*c*px:][:c*px]
		for k := range c {
			from, to := max(0, k-lo), min(c, k-lo+op.Size)
			for i := range px {
				var s float64
				for j := from; j < to; j++ {
					v := float64(img[j*px+i])
					s += float64(v * v)
				}
				d := portable.Pow(float64(op.Bias)+float64(float64(op.Alpha)/float64(op.Size)*s), float64(op.Beta))
				y.F[(n*c+k)*px+i] = float32(float64(img[k*px+i]) / d)
			}
		}
	}
	return y
}

func softmax(op *ir.Softmax, x *ir.Tensor) *ir.Tensor {
	y := ir.NewTensor(ir.Float32, x.Shape)
	d, inner := x.Shape[op.Axis], count(x.Shape[op.Axis+1:])
	if op.Flat {
		d, inner = d*inner, 1
	}
	for i := range len(x.F) / max(1, d) {
		base := i/inner*inner*d + i%inner
		m := math.Inf(-1)
		for k := range d {
			m = max(m, float64(x.F[base+k*inner]))
		}
		var s float64
		for k := range d {
			s += portable.Exp(float64(x.F[base+k*inner]) - m)
		}
		for k := range d {
			v := float64(x.F[base+k*inner]) - m
			if op.Log {
				y.F[base+k*inner] = float32(v - portable.Log(s))
			} else {
				y.F[base+k*inner] = float32(portable.Exp(v) / s)
			}
		}
	}
	return y
}
