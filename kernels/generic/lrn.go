package generic

import (
	"math/bits"

	"github.com/edgerun/edgerun/kernels"
)

var lrn = kernels.LRN{Name: "s8-lrn-generic", Run: lrnRun}

func lrnRun(a *kernels.LRNArgs, _, u0, u1 int) {
	lo := (a.Size - 1) / 2
	hi := a.Size - lo // behind the last channel of the window
	half := int32(1) << (a.Shift - 1)
	square := func(x int8) int32 {
		v := int32(x) - a.ZIn
		return v * v
	}
	for r := u0; r < u1; r++ {
		n, y := r/a.H, r%a.H
		for x := range a.W {
			in := a.In[n*a.InPlane.N+y*a.InPlane.H+x*a.InPlane.W:][:a.C]
			out := n*a.OutPlane.N + y*a.OutPlane.H + x*a.OutPlane.W
			// The window slides: one square comes, one goes.
			u := int32(0)
			for _, v := range in[:min(hi-1, a.C)] {
				u += square(v)
			}
			for c, v := range in {
				if k := c + hi - 1; k < a.C {
					u += square(in[k])
				}
				if k := c - lo - 1; k >= 0 {
					u -= square(in[k])
				}
				p := octaves(a.Table, uint64(u))
				q := ((int32(v)-a.ZIn)*int32(p) + half) >> a.Shift
				put(a.Out, a.Out16, out+c, min(max(q+a.ZOut, a.Lo), a.Hi))
			}
		}
	}
}

// octaves interpolates a table of 32 entries per octave.
func octaves(t []int32, u uint64) int64 {
	e := max(0, bits.Len64(u)-6)
	i := 32*e + int(u>>e)
	a, b := int64(t[i]), int64(t[i+1])
	return a + (b-a)*int64(u&(1<<e-1))>>e
}
