package ir

import (
	"math"
	"slices"
)

// findPRelu recognises max(x, 0) + c·min(x, 0) with a constant per channel,
// however its halves are written: Keras has relu(x) − c·relu(−x), others
// relu(x) + c·(x − |x|)/2.
func findPRelu(e *Editor) int {
	count := 0
	for _, nd := range slices.Clone(e.Nodes) {
		op, ok := nd.Op.(*Binary)
		if !ok || op.Func != "Add" && op.Func != "Sub" || op.Act.Kind != "" || !slices.Contains(e.Nodes, nd) {
			continue
		}
		for i := range 2 {
			if i == 1 && op.Func == "Sub" {
				continue
			}
			a, b := e.scaledFunc(nd.In[i]), e.scaledFunc(nd.In[1-i])
			if a.c != nil || b.c == nil || a.src != b.src || a.src == nd.In[i] || sameInts(a.src.Shape, nd.Out[0].Shape) != nil {
				continue
			}
			sign := 1.0
			if op.Func == "Sub" {
				sign = -1
			}
			slope := -sign * b.eval(-1) // of the second half, per unit of c
			same := true
			for x := -12.0; x <= 12 && same; x += 0.25 {
				near := func(got, want float64) bool { return math.Abs(got-want) <= 1e-5*max(1, math.Abs(want)) }
				same = near(a.eval(x), max(x, 0)) && near(float64(sign*b.eval(x)), float64(slope*min(x, 0)))
			}
			if c, ok := perChannel(b.c, a.src.Shape); ok && same && len(a.src.Shape) >= 3 {
				s := make([]float32, len(c))
				for k, v := range c {
					s[k] = v * float32(slope)
				}
				shape := ones(len(a.src.Shape) - 1)
				shape[0] = len(s)
				nd.Op, nd.In = &PRelu{}, []*Value{a.src, constant(s, shape...)}
				e.Prune()
				e.index()
				count++
				break
			}
		}
	}
	return count
}

// scaledFunc is a value as c·f(src), with a constant c that may be nil for 1.
type scaledFunc struct {
	src *Value
	c   *Value
	fs  []Function // the last one comes first
	k   float64
}

func (s *scaledFunc) eval(x float64) float64 {
	for _, f := range slices.Backward(s.fs) {
		x = f.Eval(x)
	}
	return s.k * x
}

// scaledFunc follows a value upwards through functions, of which those behind
// the product with c have to be factors.
func (e *Editor) scaledFunc(v *Value) scaledFunc {
	s := scaledFunc{src: v, k: 1}
	for range maxSteps {
		nd := e.made[s.src]
		if nd == nil {
			break
		}
		if f, ok := nd.Op.(Function); ok {
			if k := f.Eval(1); len(s.fs) == 0 && s.c == nil && f.Eval(0) == 0 && f.Eval(-1) == -k && f.Eval(5) == 5*k {
				s.k *= k
			} else {
				s.fs = append(s.fs, f)
			}
			s.src = nd.In[0]
			continue
		}
		b, ok := nd.Op.(*Binary)
		if !ok || b.Func != "Mul" || b.Act.Kind != "" || s.c != nil || len(s.fs) > 0 || nd.In[1].Const == nil || !nd.In[1].IsFloat() || nd.In[1].Const.Len() == 1 {
			break
		}
		s.c, s.src = nd.In[1], nd.In[0]
	}
	return s
}
