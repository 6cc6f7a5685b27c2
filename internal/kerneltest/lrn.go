package kerneltest

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/edgerun/edgerun/kernels"
)

// octaves tabulates f at 32 arguments per octave, up to most.
func octaves(most uint64, f func(u float64) float64) (t []int32) {
	for i := 0; ; i++ {
		u := float64(i)
		if i >= 64 {
			u = math.Ldexp(float64(32+i%32), i/32-1)
		}
		t = append(t, int32(math.Round(f(u))))
		if u > float64(most) {
			return t
		}
	}
}

// interpolate is P of LRNArgs, in numbers of any size.
func interpolate(t []int32, u *big.Int) int64 {
	e := max(0, u.BitLen()-6)
	i := 32*e + int(new(big.Int).Rsh(u, uint(e)).Int64())
	f := new(big.Int).Sub(u, new(big.Int).Lsh(new(big.Int).Rsh(u, uint(e)), uint(e)))
	f.Mul(f, big.NewInt(int64(t[i+1])-int64(t[i])))
	return int64(t[i]) + f.Rsh(f, uint(e)).Int64()
}

func runLRN(t *testing.T, k kernels.LRN) {
	for _, c := range []struct {
		n, h, w, ch, size, gap int
		wide                   bool
		zero                   int32
		vals                   values
	}{
		{1, 1, 1, 1, 1, 0, false, 0, random},
		{1, 5, 7, 96, 5, 0, false, -128, random},
		{2, 3, 4, 17, 5, 3, true, 30, random},
		{1, 4, 3, 64, 2, 0, false, -1, mixed},
		{1, 3, 3, 33, 4, 1, true, 127, lowest},
		{1, 3, 3, 33, 64, 0, false, -128, highest},
		{1, 2, 2, 8, 16384, 0, false, 5, random},
		{1, 2, 2, 40, 65, 0, true, -50, random},
		{1, 2, 70, 16, 5, 0, false, -128, lowest}, // sums of 0
		{1, 2, 3, 520, 5, 2, false, -3, random},
		{2, 1, 2, 1100, 64, 0, true, -128, mixed},
	} {
		t.Run(fmt.Sprintf("%dx%dx%dx%d/%d/%v/%v", c.n, c.h, c.w, c.ch, c.size, c.wide, c.vals), func(t *testing.T) {
			r := rand.New(rand.NewPCG(81, uint64(c.ch)))
			p := kernels.Plane{W: c.ch + c.gap, H: (c.ch + c.gap) * c.w, N: (c.ch + c.gap) * c.w * c.h}
			a := &kernels.LRNArgs{N: c.n, H: c.h, W: c.w, C: c.ch, InPlane: p, OutPlane: p, Size: c.size, ZIn: c.zero, ZOut: -7, Lo: -128, Hi: 127, Shift: 22}
			if c.wide {
				a.ZOut, a.Lo, a.Hi, a.Shift = 0, -32768, 32000, 15
			}
			a.Table = octaves(255*255*uint64(min(c.size, c.ch)), func(u float64) float64 { return (1<<22 - 1) * math.Pow(1+u/20000, -0.75) })
			size := c.n*p.N - c.gap
			a.In = guarded8(t, size)
			c.vals.fill8(r, a.In, -128)
			y8, y16 := newCanvas[int8](size), newCanvas[int16](size)
			if c.wide {
				a.Out16 = y16.out()
			} else {
				a.Out = y8.out()
			}
			for i := range c.n * c.h * c.w {
				at := i/(c.h*c.w)*p.N + i/c.w%c.h*p.H + i%c.w*p.W
				for ch := range c.ch {
					sum := big.NewInt(0)
					for j := range c.size {
						if q := ch - (c.size-1)/2 + j; q >= 0 && q < c.ch {
							v := int64(a.In[at+q]) - int64(c.zero)
							sum.Add(sum, big.NewInt(v*v))
						}
					}
					v := big.NewInt((int64(a.In[at+ch]) - int64(c.zero)) * interpolate(a.Table, sum))
					v.Add(v, big.NewInt(1<<(a.Shift-1))).Rsh(v, uint(a.Shift))
					q := min(max(v.Int64()+int64(a.ZOut), int64(a.Lo)), int64(a.Hi))
					if c.wide {
						y16.ref()[at+ch] = int16(q)
					} else {
						y8.ref()[at+ch] = int8(q)
					}
				}
			}
			for _, cut := range []bool{false, true} {
				units(r, cut, c.n*c.h, func(w, u0, u1 int) { k.Run(a, w, u0, u1) })
				y8.check(t)
				y16.check(t)
			}
		})
	}
}
