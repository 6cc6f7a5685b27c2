package kerneltest

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/requant"
	"github.com/edgerun/edgerun/kernels"
)

func runSE(t *testing.T, k kernels.SE) {
	for _, c := range []struct {
		name           string
		n, h, w, ch, r int
		table          bool
		gap            int
		vals           values
	}{
		{"one of all", 1, 1, 1, 1, 1, false, 0, random},
		{"relu", 1, 7, 7, 24, 8, false, 0, random},
		{"table and gaps", 2, 5, 6, 33, 9, true, 7, random},
		{"one row", 1, 1, 40, 16, 4, true, 0, random},
		{"72 channels", 1, 14, 14, 72, 24, true, 0, random},
		{"19 channels", 2, 17, 18, 19, 5, false, 1, random},
		{"long sums", 1, 1, 3000, 16, 32, false, 0, mixed},
		{"extremes", 1, 9, 9, 40, 12, false, 0, mixed},
		{"all lowest", 1, 9, 9, 40, 12, true, 0, lowest},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(41, uint64(c.ch)))
			a := &kernels.SEArgs{N: c.n, H: c.h, W: c.w, C: c.ch, R: c.r, ZIn: -20, SqMax: 4000, MidLo: 0, MidHi: 9000, ZOut: -20, Lo: -128, Hi: 127}
			p := kernels.Plane{W: c.ch + c.gap, H: (c.ch + c.gap) * c.w, N: (c.ch + c.gap) * c.w * c.h}
			a.InPlane, a.OutPlane = p, p
			size := c.n*p.N - c.gap
			a.In = guarded8(t, size)
			c.vals.fill8(r, a.In, -128)
			a.SqMult, a.SqShift = scale(r, float64(c.h*c.w))
			a.SqPre = 2
			a.W1, a.W2 = guarded8(t, c.r*c.ch), guarded8(t, c.r*c.ch)
			c.vals.fill8(r, a.W1, -127)
			c.vals.fill8(r, a.W2, -127)
			for range c.r {
				m, s := scale(r, float64(c.ch)*4000*20/64)
				a.B1, a.MidMult, a.MidShift = append(a.B1, r.Int32N(1000)-500), append(a.MidMult, m), append(a.MidShift, s)
			}
			for range c.ch {
				m, s := scale(r, float64(c.r)*9000*20/64)
				a.B2, a.GateMult, a.GateShift = append(a.B2, r.Int32N(1000)-500), append(a.GateMult, m), append(a.GateShift, s)
			}
			curve := func(f func(x float64) float64) []int16 {
				tab := make([]int16, 513)
				for i := range tab {
					tab[i] = int16(math.Round(f(float64(i-256) / 256)))
				}
				return tab
			}
			a.GateTable = curve(func(x float64) float64 { return 256/(1+math.Exp(-6*x)) - 128 })
			if c.table {
				a.MidLo, a.MidHi = -32768, 32767
				a.MidTable = curve(func(x float64) float64 { return 9000 * x / (1 + math.Exp(-8*x)) })
			}
			a.OutMult, a.OutShift = scale(r, 256*128)
			y := newCanvas[int8](size)
			a.Out = y.out()
			oracleSE(a, y.ref())
			start := newCanvas[int8](size)
			for _, cut := range []bool{false, true} {
				copy(y.got, start.got)
				a.Workers = 1
				if cut {
					a.Workers = workers
				}
				a.Scratch = nil
				a.Scratch = scratch(k.Scratch(a))[0]
				n := k.Units(a, a.Workers)
				units(r, cut, n, func(w, u0, u1 int) { k.Squeeze(a, w, u0, u1) })
				k.Excite(a)
				units(r, cut, n, func(w, u0, u1 int) { k.Apply(a, w, u0, u1) })
				y.check(t, c.name)
			}
		})
	}
}

// oracleSE is the formula of ermfmt.SE.
func oracleSE(a *kernels.SEArgs, out []int8) {
	table := func(t []int16, q int32) int32 {
		u := q + 32768
		i, f := u/128, u%128
		return (int32(t[i])*(128-f) + int32(t[i+1])*f + 64) >> 7
	}
	at := func(n, y, x, c int) int { return n*a.InPlane.N + y*a.InPlane.H + x*a.InPlane.W + c }
	for n := range a.N {
		sq, mid := make([]int32, a.C), make([]int32, a.R)
		for c := range sq {
			var sum int32
			for y := range a.H {
				for x := range a.W {
					sum += int32(a.In[at(n, y, x, c)]) - a.ZIn
				}
			}
			q := requant.Multiplier{M: a.SqMult, Shift: a.SqShift, Pre: a.SqPre}.Apply(sum)
			sq[c] = min(max(q, -a.SqMax), a.SqMax)
		}
		for r := range mid {
			acc := a.B1[r]
			for c := range sq {
				acc += sq[c] * int32(a.W1[r*a.C+c])
			}
			q := requant.Multiplier{M: a.MidMult[r], Shift: a.MidShift[r], Pre: a.MidPre}.Apply(acc)
			mid[r] = min(max(q, a.MidLo), a.MidHi)
			if len(a.MidTable) > 0 {
				mid[r] = table(a.MidTable, mid[r])
			}
		}
		for c := range a.C {
			acc := a.B2[c]
			for r := range mid {
				acc += mid[r] * int32(a.W2[c*a.R+r])
			}
			q := requant.Multiplier{M: a.GateMult[c], Shift: a.GateShift[c], Pre: a.GatePre}.Apply(acc)
			g := min(max(table(a.GateTable, min(max(q, -32768), 32767)), -128), 127) + 128
			for y := range a.H {
				for x := range a.W {
					v := requant.Multiplier{M: a.OutMult, Shift: a.OutShift, Pre: a.OutPre}.Apply((int32(a.In[at(n, y, x, c)]) - a.ZIn) * g)
					out[n*a.OutPlane.N+y*a.OutPlane.H+x*a.OutPlane.W+c] = int8(min(max(v+a.ZOut, a.Lo), a.Hi))
				}
			}
		}
	}
}

func runSoftmax(t *testing.T, k kernels.Softmax) {
	for _, n := range []int{1, 2, 10, 63, 64, 67, 512, 513, 1000, 1100} {
		for _, w := range [][2]bool{{false, false}, {false, true}, {true, false}, {true, true}} {
			for _, v := range []values{random, lowest, highest, mixed} {
				t.Run(fmt.Sprintf("%d/%v/%v", n, w, v), func(t *testing.T) {
					r := rand.New(rand.NewPCG(51, uint64(n)))
					const rows = 5
					a := &kernels.SoftmaxArgs{Rows: rows, N: n, RowX: n + 1, RowY: n + 3, Bits: 24}
					s := 0.05
					if w[0] {
						s = 0.0004
					}
					for d := range 256 {
						a.Exp = append(a.Exp, uint32(math.Round(math.Exp(-s*float64(d))*(1<<24))))
					}
					for d := range 256 {
						a.Exp = append(a.Exp, uint32(math.Round(math.Exp(-s*256*float64(d))*(1<<24))))
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
						top, sum := int64(-1<<40), big.NewInt(0)
						for i := range n {
							top = max(top, read(a.X, a.X16, row*a.RowX+i))
						}
						e := make([]*big.Int, n)
						for i := range n {
							d := top - read(a.X, a.X16, row*a.RowX+i)
							e[i] = big.NewInt(int64(a.Exp[d%256]))
							if w[0] {
								e[i].Mul(e[i], big.NewInt(int64(a.Exp[256+d/256])))
								e[i].Rsh(e[i], 24)
							}
							sum.Add(sum, e[i])
						}
						half := new(big.Int).Rsh(sum, 1)
						for i := range n {
							one := int64(256)
							if w[1] {
								one = 32768
							}
							q := new(big.Int).Mul(e[i], big.NewInt(one))
							q.Add(q, half).Div(q, sum)
							if w[1] {
								y16.ref()[row*a.RowY+i] = int16(min(32767, q.Int64()))
							} else {
								y8.ref()[row*a.RowY+i] = int8(min(127, q.Int64()-128))
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

func runCopy(t *testing.T, k kernels.Copy) {
	for _, c := range []struct {
		name    string
		dims    []int
		in, out []int // strides in elements
		size    int
	}{
		{"vector", []int{17}, []int{1}, []int{1}, 1},
		{"every second", []int{17}, []int{2}, []int{1}, 1},
		{"transpose", []int{5, 7}, []int{1, 5}, []int{7, 1}, 1},
		{"transpose 16-bit", []int{5, 7}, []int{1, 5}, []int{7, 1}, 2},
		{"32-bit", []int{3, 4}, []int{4, 1}, []int{1, 3}, 4},
		{"shuffle", []int{6, 3, 8}, []int{24, 1, 3}, []int{24, 8, 1}, 1},
		{"shuffle of two", []int{5, 29, 2}, []int{58, 1, 29}, []int{58, 2, 1}, 1},
		{"shuffle of two, 8 and 16", []int{2, 3, 8, 2}, []int{60, 16, 1, 8}, []int{90, 30, 2, 1}, 1},
		{"shuffle of two, 40 in a row", []int{40, 2}, []int{1, 41}, []int{2, 1}, 1},
		{"transpose 8 by 8", []int{8, 8}, []int{1, 8}, []int{8, 1}, 1},
		{"transpose of an image", []int{2, 19, 33}, []int{19 * 40, 1, 20}, []int{19 * 35, 35, 1}, 1},
		{"transpose outside in", []int{21, 3, 9}, []int{1, 27 * 21, 21}, []int{27, 9, 1}, 1},
		{"rows of 3", []int{7, 3}, []int{5, 1}, []int{4, 1}, 1},
		{"rows of 5", []int{7, 5}, []int{6, 1}, []int{9, 1}, 1},
		{"rows of 15 bytes", []int{3, 4, 15}, []int{70, 17, 1}, []int{64, 15, 1}, 1},
		{"rows of 100 bytes", []int{3, 25}, []int{26, 1}, []int{30, 1}, 4},
		{"rows of 79 elements", []int{4, 79}, []int{80, 1}, []int{81, 1}, 2},
		{"a row longer than a call", []int{2, 70_001}, []int{70_002, 1}, []int{70_001, 1}, 1},
		{"a large transposition", []int{300, 301}, []int{1, 300}, []int{301, 1}, 1},
		{"rows reversed", []int{6, 20}, []int{-20, 1}, []int{20, 1}, 1},
		{"pixels into a wider buffer", []int{4, 5, 9}, []int{45, 9, 1}, []int{100, 20, 1}, 1},
		{"reversed", []int{3, 4}, []int{4, -1}, []int{4, 1}, 1},
		{"repeat", []int{3, 2, 4}, []int{4, 0, 1}, []int{8, 4, 1}, 1},
		{"six dimensions", []int{2, 3, 2, 2, 3, 2}, []int{72, 24, 12, 6, 2, 1}, []int{1, 2, 6, 12, 24, 72}, 1},
		{"eight dimensions", []int{2, 1, 2, 1, 2, 2, 1, 2}, []int{16, 16, 8, 8, 4, 2, 2, 1}, []int{1, 1, 2, 2, 4, 8, 8, 16}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(61, 61))
			a := &kernels.CopyArgs{Dims: c.dims, Size: c.size}
			lo, hi, end := 0, 0, 0
			for i, d := range c.dims {
				a.InStride, a.OutStride = append(a.InStride, c.in[i]*c.size), append(a.OutStride, c.out[i]*c.size)
				if s := (d - 1) * c.in[i]; s < 0 {
					lo += s
				} else {
					hi += s
				}
				end += (d - 1) * c.out[i]
			}
			src := Guarded(t, (hi-lo+1)*c.size)
			for i := range src {
				src[i] = byte(r.Uint32())
			}
			a.In, a.InAt = src, -lo*c.size // negative strides start at the far end
			y := newCanvas[int8]((end + 1) * c.size)
			out := make([]byte, (end+1)*c.size)
			for i, v := range y.out() {
				out[i] = byte(v)
			}
			ix := make([]int, len(c.dims))
			for {
				i, o := a.InAt, 0
				for d := range ix {
					i += ix[d] * a.InStride[d]
					o += ix[d] * a.OutStride[d]
				}
				for b := range c.size {
					y.ref()[o+b] = int8(a.In[i+b])
				}
				d := len(ix) - 1
				for ; d >= 0; d-- {
					if ix[d]++; ix[d] < c.dims[d] {
						break
					}
					ix[d] = 0
				}
				if d < 0 {
					break
				}
			}
			for _, cut := range []bool{false, true} {
				a.Out = out
				units(r, cut, c.dims[0], func(w, u0, u1 int) { k.Run(a, w, u0, u1) })
				for i, v := range out {
					y.out()[i] = int8(v)
				}
				y.check(t)
			}
		})
	}
}

func runArgMax(t *testing.T, k kernels.ArgMax) {
	for _, n := range []int{1, 2, 15, 16, 17, 21, 32, 100, 256, 257, 1000} {
		for _, wide := range []bool{false, true} {
			for _, v := range []values{random, lowest, mixed} {
				for _, last := range []bool{false, true} {
					for _, low := range []bool{false, true} {
						t.Run(fmt.Sprintf("%d/%v/%v/%v/%v", n, wide, v, last, low), func(t *testing.T) {
							r := rand.New(rand.NewPCG(71, uint64(n)))
							a := &kernels.ArgMaxArgs{Rows: 4, N: n, RowX: n + 2, RowY: 3, Last: last, Min: low}
							a.X, a.X16 = operand(t, r, v, 4*(n+2)-2, wide)
							y := newCanvas[int32](10)
							a.Y = y.out()
							for row := range 4 {
								best := 0
								for i := range n {
									x, b := read(a.X, a.X16, row*a.RowX+i), read(a.X, a.X16, row*a.RowX+best)
									if !low && x > b || low && x < b || last && x == b {
										best = i
									}
								}
								y.ref()[row*3] = int32(best)
							}
							for _, cut := range []bool{false, true} {
								units(r, cut, 4, func(w, u0, u1 int) { k.Run(a, w, u0, u1) })
								y.check(t)
							}
						})
					}
				}
			}
		}
	}
	require.NotEmpty(t, k.Name)
}
