package interp

import "github.com/edgerun/edgerun/internal/ir"

func gemm(op *ir.Gemm, a, b, c *ir.Tensor, shape []int) *ir.Tensor {
	y := ir.NewTensor(ir.Float32, shape)
	m, n, k := shape[0], shape[1], a.Shape[1]
	x := a.F
	if op.TransA {
		k = a.Shape[0]
		x = transposed(a.F, k, m)
	}
	if op.TransB {
		matmulT(m, n, k, x, b.F, y.F)
	} else {
		matmul(m, n, k, x, k, b.F, n, y.F, n)
	}
	if op.Alpha != 1 {
		for i := range y.F {
			y.F[i] *= op.Alpha
		}
	}
	if c != nil && op.Beta != 0 {
		for i, v := range expand(c, shape).F {
			y.F[i] += float32(op.Beta * v)
		}
	}
	return y
}

func dense(op *ir.Dense, x, w, b *ir.Tensor, shape []int) *ir.Tensor {
	y := ir.NewTensor(ir.Float32, shape)
	n, k := w.Shape[0], w.Shape[1]
	m := count(shape) / max(1, n)
	matmulT(m, n, k, x.F, w.F, y.F)
	for i := range m {
		row := y.F[i*n:][:n]
		if b != nil {
			for k := range row {
				row[k] += b.F[k]
			}
		}
		if op.Act.Kind == "leaky" {
			for k, v := range row {
				row[k] = op.Act.Apply(v, k)
			}
		} else {
			activate(row, &op.Act, 0)
		}
	}
	return y
}

func matMul(a, b *ir.Tensor, shape []int) *ir.Tensor {
	y := ir.NewTensor(ir.Float32, shape)
	as, bs := a.Shape, b.Shape
	if len(as) == 1 {
		as = []int{1, as[0]}
	}
	if len(bs) == 1 {
		bs = []int{bs[0], 1}
	}
	m, k, n := as[len(as)-2], as[len(as)-1], bs[len(bs)-1]
	batch, _ := ir.Broadcast(as[:len(as)-2], bs[:len(bs)-2])
	sa, sb := broadcastStrides(as[:len(as)-2], batch), broadcastStrides(bs[:len(bs)-2], batch)
	ix := make([]int, len(batch))
	oa, ob := 0, 0
	for i := range count(batch) {
		matmul(m, n, k, a.F[oa*m*k:], k, b.F[ob*k*n:], n, y.F[i*m*n:], n)
		for d := len(ix) - 1; d >= 0; d-- {
			ix[d]++
			oa += sa[d]
			ob += sb[d]
			if ix[d] < batch[d] {
				break
			}
			oa -= sa[d] * batch[d]
			ob -= sb[d] * batch[d]
			ix[d] = 0
		}
	}
	return y
}

func se(op *ir.SE, in []*ir.Tensor) *ir.Tensor {
	x := in[0]
	n, c := x.Shape[0], x.Shape[1]
	px := len(x.F) / max(1, n*c)
	mean := globalPool(&ir.GlobalPool{}, x, []int{n, c})
	mid := dense(&ir.Dense{}, mean, in[1], in[2], []int{n, in[1].Shape[0]})
	for i, v := range mid.F {
		mid.F[i] = float32(op.Mid.Eval(float64(v)))
	}
	gate := dense(&ir.Dense{}, mid, in[3], in[4], []int{n, c})
	y := ir.NewTensor(ir.Float32, x.Shape)
	for i, v := range gate.F {
		g := float32(op.Gate.Eval(float64(v)))
		for k, v := range x.F[i*px:][:px] {
			y.F[i*px+k] = v * g
		}
	}
	return y
}
