package generic

import (
	"github.com/edgerun/edgerun/internal/requant"
	"github.com/edgerun/edgerun/kernels"
)

var se = kernels.SE{
	Name:    "s8-se-generic",
	Scratch: func(a *kernels.SEArgs) int { return seMem(a, nil) },
	Units:   func(a *kernels.SEArgs, workers int) int { return a.N * seParts(a, workers) },
	Squeeze: seSqueeze,
	Excite:  seExcite,
	Apply:   seApply,
}

// seParts is the number of pieces an image's rows are cut into.
func seParts(a *kernels.SEArgs, workers int) int { return min(a.H, max(1, workers)) }

// seState is the shared scratch: partial sums of every unit, and the vectors.
type seState struct {
	sums    []int32 // [units, C]
	sq, mid []int16 // [C], [R]
	gate    []int16 // [N, C], the gate plus 128: 0 … 255
}

func seMem(a *kernels.SEArgs, s *seState) int {
	c := carver{a.Scratch}
	units := a.N * seParts(a, a.Workers)
	n := round16(4*units*a.C) + 2*round16(2*max(a.C, a.R)) + round16(2*a.N*a.C)
	if s != nil {
		s.sums = c.int32s(units * a.C)
		s.sq = c.int16s(a.C)
		s.mid = c.int16s(a.R)
		s.gate = c.int16s(a.N * a.C)
	}
	return n
}

func seSqueeze(a *kernels.SEArgs, _, u0, u1 int) {
	var s seState
	seMem(a, &s)
	parts := seParts(a, a.Workers)
	for u := u0; u < u1; u++ {
		n, p := u/parts, u%parts
		sum := s.sums[u*a.C:][:a.C]
		rows := p*a.H/parts - (p+1)*a.H/parts
		for c := range sum {
			sum[c] = int32(rows*a.W) * a.ZIn
		}
		for y := p * a.H / parts; y < (p+1)*a.H/parts; y++ {
			for x := range a.W {
				src := a.In[n*a.InPlane.N+y*a.InPlane.H+x*a.InPlane.W:][:a.C]
				for c, v := range src {
					sum[c] += int32(v)
				}
			}
		}
	}
}

func seExcite(a *kernels.SEArgs) {
	var s seState
	seMem(a, &s)
	parts := seParts(a, a.Workers)
	for n := range a.N {
		for c := range a.C {
			var sum int32
			for p := range parts {
				sum += s.sums[(n*parts+p)*a.C+c]
			}
			q := requant.Scale(requant.PreShift(sum, a.SqPre), a.SqMult, a.SqShift)
			s.sq[c] = int16(min(max(q, -a.SqMax), a.SqMax))
		}
		for r := range a.R {
			acc := dot16(s.sq, a.W1[r*a.C:], a.B1[r])
			q := requant8(requant.PreShift(acc, a.MidPre), a.MidMult[r], a.MidShift[r], 0, a.MidLo, a.MidHi)
			if len(a.MidTable) > 0 {
				q = interpolate(a.MidTable, int16(q))
			}
			s.mid[r] = int16(q)
		}
		for c := range a.C {
			acc := dot16(s.mid[:a.R], a.W2[c*a.R:], a.B2[c])
			q := requant8(requant.PreShift(acc, a.GatePre), a.GateMult[c], a.GateShift[c], 0, -32768, 32767)
			g := min(max(interpolate(a.GateTable, int16(q)), -128), 127)
			s.gate[n*a.C+c] = int16(g + 128)
		}
	}
}

func dot16(x []int16, w []int8, acc int32) int32 {
	w = w[:len(x)]
	for i, v := range x {
		acc += int32(v) * int32(w[i])
	}
	return acc
}

func seApply(a *kernels.SEArgs, _, u0, u1 int) {
	var s seState
	seMem(a, &s)
	parts := seParts(a, a.Workers)
	m, sh, z := a.OutMult, a.OutShift, a.ZIn
	for u := u0; u < u1; u++ {
		n, p := u/parts, u%parts
		gate := s.gate[n*a.C:][:a.C]
		for y := p * a.H / parts; y < (p+1)*a.H/parts; y++ {
			for x := range a.W {
				src := a.In[n*a.InPlane.N+y*a.InPlane.H+x*a.InPlane.W:][:a.C]
				dst := a.Out[n*a.OutPlane.N+y*a.OutPlane.H+x*a.OutPlane.W:][:a.C]
				for c, v := range src {
					acc := requant.PreShift((int32(v)-z)*int32(gate[c]), a.OutPre)
					dst[c] = int8(requant8(acc, m, sh, a.ZOut, a.Lo, a.Hi))
				}
			}
		}
	}
}
