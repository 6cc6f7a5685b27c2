package kerneltest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/edgerun/edgerun/kernels"
)

func runLogSoftmax(t *testing.T, k kernels.LogSoftmax) {
	for _, n := range []int{1, 2, 10, 1000} {
		for _, w := range [][2]bool{{false, false}, {false, true}, {true, false}, {true, true}} {
			for _, v := range []values{random, lowest, highest, mixed} {
				t.Run(fmt.Sprintf("%d/%v/%v", n, w, v), func(t *testing.T) {
					r := rand.New(rand.NewPCG(52, uint64(n)))
					const rows = 5
					// The exponential of one step is 1/2, so that logarithms to
					// base 2 are known in advance.
					a := &kernels.LogSoftmaxArgs{MulX: 3 << 16, MulLog: 3, Shift: 17, ZOut: 20, Lo: -100, Hi: 20}
					a.Rows, a.N, a.RowX, a.RowY, a.Bits = rows, n, n+1, n+3, 24
					for d := range 256 {
						a.Exp = append(a.Exp, uint32(1<<24>>min(d, 30)))
					}
					for d := range 256 {
						a.Exp = append(a.Exp, uint32(1<<24>>min(256*d, 30)))
					}
					a.X, a.X16 = operand(t, r, v, rows*(n+1)-1, w[0])
					size := rows*(n+3) - 3
					y8, y16 := newCanvas[int8](size), newCanvas[int16](size)
					if w[1] {
						a.Y16 = y16.out()
					} else {
						a.Y = y8.out()
					}
					for row := range rows {
						top, sum := int64(-1<<40), 0.0
						for i := range n {
							top = max(top, read(a.X, a.X16, row*a.RowX+i))
						}
						for i := range n {
							if d := top - read(a.X, a.X16, row*a.RowX+i); d <= 24 {
								sum += math.Ldexp(1, -int(d))
							}
						}
						for i := range n {
							d := float64(top - read(a.X, a.X16, row*a.RowX+i))
							// 3·(d + log2 Σ) / 2 below ZOut; ties and the last bit of the
							// logarithm may go either way, so the reference is what came
							// out when it is that close.
							want := 20 - 1.5*(d+math.Log2(sum))
							lo, hi := int64(math.Floor(want+0.499)), int64(math.Floor(want+0.501))
							k.Run(a, 0, row, row+1)
							got := read(a.Y, a.Y16, row*a.RowY+i)
							if c := min(max(got, -100), 20); got != c || got < min(max(lo, -100), 20) || got > min(max(hi, -100), 20) {
								t.Fatalf("row %d, element %d: got %d, want %g", row, i, got, want)
							}
							if w[1] {
								y16.ref()[row*a.RowY+i] = int16(got)
							} else {
								y8.ref()[row*a.RowY+i] = int8(got)
							}
						}
					}
					for _, cut := range []bool{false, true} {
						units(r, cut, rows, func(w, u0, u1 int) { k.Run(a, w, u0, u1) })
						y8.check(t)
						y16.check(t)
					}
				})
			}
		}
	}
}
