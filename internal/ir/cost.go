package ir

import "math"

// Cost estimates the work of computing a resolved node once, in elementary
// operations: multiply-accumulates where there are any, otherwise elements
// read or written. It bounds time; MaxInt64 stands for everything beyond it.
func (n *Node) Cost() int64 {
	var in, out int64
	for _, v := range n.In {
		if v != nil {
			in += int64(v.Len())
		}
	}
	for _, v := range n.Out {
		if v != nil {
			out += int64(v.Len())
		}
	}
	if m := n.MACs(); m > 0 {
		return satAdd(m, in+out)
	}
	per := int64(1)
	switch op := n.Op.(type) {
	case *Pool:
		for _, k := range op.Kernel {
			per = satMul(per, int64(k))
		}
	case *LRN:
		per = 32 + int64(min(op.Size, n.In[0].Shape[1]))
	case *Unary, *Func, *Softmax, *Binary, *Reduce:
		per = 16
	case *Resize:
		return satAdd(satAdd(op.work(n.In[0].Shape), out), in)
	}
	return satAdd(satMul(out, per), in)
}

// MACs returns the multiply-accumulates of a resolved convolution or matrix
// product, 0 for any other operator.
func (n *Node) MACs() int64 {
	if len(n.Out) == 0 || n.Out[0] == nil {
		return 0
	}
	out := int64(n.Out[0].Len())
	switch op := n.Op.(type) {
	case *Conv, *DeformConv:
		return satMul(out, elements(n.In[1].Shape[1:]))
	case *ConvTranspose:
		return satMul(int64(n.In[0].Len()), elements(n.In[1].Shape[1:]))
	case *Gemm:
		k := n.In[0].Shape[1]
		if op.TransA {
			k = n.In[0].Shape[0]
		}
		return satMul(out, int64(k))
	case *MatMul:
		a := n.In[0].Shape
		return satMul(out, int64(a[len(a)-1]))
	case *Dense:
		return satMul(out, int64(n.In[1].Shape[1]))
	case *SE:
		return satMul(int64(n.In[0].Shape[0]), 2*int64(n.In[1].Len()))
	}
	return 0
}

// elements is the product of dimensions of a resolved value.
func elements(shape []int) int64 {
	p := int64(1)
	for _, d := range shape {
		p = satMul(p, int64(d))
	}
	return p
}

// satMul and satAdd work on numbers >= 0 and stop at MaxInt64.
func satMul(a, b int64) int64 {
	if a > 0 && b > math.MaxInt64/a {
		return math.MaxInt64
	}
	return a * b
}

func satAdd(a, b int64) int64 {
	if b > math.MaxInt64-a {
		return math.MaxInt64
	}
	return a + b
}
