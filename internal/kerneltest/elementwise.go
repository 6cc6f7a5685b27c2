package kerneltest

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/requant"
	"github.com/edgerun/edgerun/kernels"
)

// rowsCases are the shapes that element-wise kernels walk.
var rowsCases = []struct {
	name string
	rows kernels.Rows
	gap  int  // elements behind every run
	rep  bool // the second operand is one run, repeated
	one  bool // the second operand is one element per run
}{
	{"one element", kernels.Rows{D: [3]int{1, 1, 1}, Len: 1, Last: 1}, 0, false, false},
	{"fifteen", kernels.Rows{D: [3]int{1, 1, 1}, Len: 15, Last: 15}, 0, false, false},
	{"pieces", kernels.Rows{D: [3]int{1, 4, 1}, Len: 64, Last: 17}, 0, false, false},
	{"large pieces", kernels.Rows{D: [3]int{1, 3, 1}, Len: 4096, Last: 129}, 0, false, false},
	{"pixels with gaps", kernels.Rows{D: [3]int{2, 3, 5}, Len: 33, Last: 33}, 7, false, false},
	{"thirty and sixteen", kernels.Rows{D: [3]int{1, 3, 1}, Len: 30, Last: 16}, 0, false, false},
	{"per channel", kernels.Rows{D: [3]int{1, 3, 5}, Len: 33, Last: 33}, 0, true, false},
	{"per channel, 47", kernels.Rows{D: [3]int{1, 2, 3}, Len: 47, Last: 47}, 0, true, false},
	{"more than a call", kernels.Rows{D: [3]int{1, 1, 2}, Len: 33001, Last: 33001}, 3, false, false},
	{"one per pixel", kernels.Rows{D: [3]int{1, 3, 5}, Len: 33, Last: 33}, 2, false, true},
}

// forEach walks the elements of an element-wise operation.
func forEach(r *kernels.Rows, f func(i, j, k, l int)) {
	for u := range r.Units() {
		i, j, n := r.Run(u)
		for k := range r.D[2] {
			for l := range n {
				f(i, j, k, l)
			}
		}
	}
}

// steps lays runs of n elements out with a gap behind each; size is the number
// of elements up to the last.
func steps(r *kernels.Rows, n, gap int) (s kernels.Steps, size int) {
	s[2] = n + gap
	s[1] = s[2] * r.D[2]
	s[0] = s[1] * r.D[1]
	return s, (r.D[0]-1)*s[0] + (r.D[1]-1)*s[1] + (r.D[2]-1)*s[2] + n
}

func index(s kernels.Steps, i, j, k int) int { return i*s[0] + j*s[1] + k*s[2] }

// widths are the combinations of operand widths: a, b, output.
var widths = [][3]bool{{}, {false, false, true}, {true, true, true}, {true, false, true}, {false, true, true}, {true, true, false}}

// binaryCase calls f for every shape, width and filling.
func binaryCase(t *testing.T, f func(t *testing.T, r *rand.Rand, b *binaryArgs)) {
	for _, c := range rowsCases {
		for _, w := range widths {
			for _, v := range []values{random, lowest, highest, mixed} {
				if c.rows.Len > 10_000 && (w != widths[0] || v != random) {
					continue // one of the long ones is enough
				}
				t.Run(fmt.Sprintf("%s/%v/%v", c.name, w, v), func(t *testing.T) {
					r := rand.New(rand.NewPCG(5, uint64(c.rows.Len)))
					b := &binaryArgs{rows: c.rows, scalar: c.one}
					var na, nb, ny int
					b.sa, na = steps(&c.rows, c.rows.Len, c.gap)
					b.sb, nb = steps(&c.rows, c.rows.Len, c.gap+1)
					b.sy, ny = steps(&c.rows, c.rows.Len, 2*c.gap)
					switch {
					case c.rep:
						b.sb, nb = kernels.Steps{}, c.rows.Len
					case c.one:
						b.sb, nb = steps(&c.rows, 1, 0)
					}
					b.a8, b.a16 = operand(t, r, v, na, w[0])
					b.b8, b.b16 = operand(t, r, v, nb, w[1])
					b.y8, b.y16 = newCanvas[int8](ny), newCanvas[int16](ny)
					b.wideA, b.wideB, b.wideY = w[0], w[1], w[2]
					f(t, r, b)
					for _, cut := range []bool{false, true} {
						units(r, cut, b.rows.Units(), b.run)
						b.y8.check(t)
						b.y16.check(t)
					}
					if b.sa == b.sy && b.wideA == b.wideY {
						b.inPlace(r)
						b.y8.check(t)
						b.y16.check(t)
					}
				})
			}
		}
	}
}

// inPlace runs the kernel with the first operand where the output goes.
func (b *binaryArgs) inPlace(r *rand.Rand) {
	copy(b.y8.out(), b.a8)
	copy(b.y16.out(), b.a16)
	b.input(b.outs())
	// What lies between and behind the runs stays.
	seen := make([]bool, len(b.y8.out()))
	forEach(&b.rows, func(i, j, k, l int) { seen[index(b.sy, i, j, k)+l] = true })
	for i, ok := range seen {
		if !ok {
			b.y8.ref()[i], b.y16.ref()[i] = b.y8.out()[i], b.y16.out()[i]
		}
	}
	units(r, true, b.rows.Units(), b.run)
}

type binaryArgs struct {
	rows                kernels.Rows
	sa, sb, sy          kernels.Steps
	a8, b8              []int8
	a16, b16            []int16
	y8                  *canvas[int8]
	y16                 *canvas[int16]
	wideA, wideB, wideY bool
	scalar              bool
	input               func(x8 []int8, x16 []int16) // sets the first operand
	run                 func(w, u0, u1 int)
}

func operand(t *testing.T, r *rand.Rand, v values, n int, wide bool) ([]int8, []int16) {
	if wide {
		b := guarded16(t, n)
		v.fill16(r, b)
		return nil, b
	}
	b := guarded8(t, n)
	v.fill8(r, b, -128)
	return b, nil
}

// outs returns the output slices for the kernel.
func (b *binaryArgs) outs() ([]int8, []int16) {
	if b.wideY {
		return nil, b.y16.out()
	}
	return b.y8.out(), nil
}

// at reads both operands of an element.
func (b *binaryArgs) at(i, j, k, l int) (int64, int64) {
	ia, ib := index(b.sa, i, j, k)+l, index(b.sb, i, j, k)+l
	if b.scalar {
		ib -= l
	}
	return read(b.a8, b.a16, ia), read(b.b8, b.b16, ib)
}

func read(x8 []int8, x16 []int16, i int) int64 {
	if x8 != nil {
		return int64(x8[i])
	}
	return int64(x16[i])
}

// want stores the oracle's element.
func (b *binaryArgs) want(i, j, k, l int, v int32) {
	o := index(b.sy, i, j, k) + l
	if b.wideY {
		b.y16.ref()[o] = int16(v)
	} else {
		b.y8.ref()[o] = int8(v)
	}
}

func (b *binaryArgs) limits(r *rand.Rand) (zero, lo, hi int32) {
	if b.wideY {
		return 0, -32768, 32767
	}
	zero = r.Int32N(256) - 128
	return zero, max(-128, zero-60), 127
}

func runAdd(t *testing.T, k kernels.Add) {
	binaryCase(t, func(t *testing.T, r *rand.Rand, b *binaryArgs) {
		a := &kernels.AddArgs{Rows: b.rows, A: b.a8, A16: b.a16, B: b.b8, B16: b.b16, StepA: b.sa, StepB: b.sb, StepY: b.sy, BScalar: b.scalar,
			MulA: 1<<20 + r.Int32N(1<<20), MulB: -(1 << 19) - r.Int32N(1<<20), Shift: 21, Bias: r.Int64N(1 << 28)}
		if b.wideA || b.wideB {
			k := r.IntN(5)
			a.Shift = [...]uint8{28, 28, 12, 42, 62}[k]
			a.Bias = r.Int64N(1<<(a.Shift-1)) - 1<<(a.Shift-2)
		}
		if b.wideY && !b.wideA {
			a.Shift = 14
		}
		a.Zero, a.Lo, a.Hi = b.limits(r)
		a.Y, a.Y16 = b.outs()
		forEach(&b.rows, func(i, j, kk, l int) {
			x, z := b.at(i, j, kk, l)
			v := new(big.Int).SetInt64(int64(a.MulA) * x)
			v.Add(v, big.NewInt(int64(a.MulB)*z))
			v.Add(v, big.NewInt(a.Bias))
			v.Rsh(v, uint(a.Shift))
			q := min(max(v.Int64()+int64(a.Zero), int64(a.Lo)), int64(a.Hi))
			b.want(i, j, kk, l, int32(q))
		})
		b.input = func(x8 []int8, x16 []int16) { a.A, a.A16 = x8, x16 }
		b.run = func(w, u0, u1 int) { k.Run(a, w, u0, u1) }
	})
}

func runMul(t *testing.T, k kernels.Mul) {
	binaryCase(t, func(t *testing.T, r *rand.Rand, b *binaryArgs) {
		a := &kernels.MulArgs{Rows: b.rows, A: b.a8, A16: b.a16, B: b.b8, B16: b.b16, StepA: b.sa, StepB: b.sb, StepY: b.sy, BScalar: b.scalar}
		size := 1.0
		if b.wideA {
			size *= 32768
		} else {
			a.ZA = r.Int32N(256) - 128
			size *= 128
		}
		if b.wideB {
			size *= 32768
		} else {
			a.ZB = -128
			size *= 128
		}
		a.Mult, a.Shift = scale(r, size)
		a.Pre = uint8(r.IntN(2))
		a.Zero, a.Lo, a.Hi = b.limits(r)
		a.Y, a.Y16 = b.outs()
		m := requant.Multiplier{M: a.Mult, Shift: a.Shift, Pre: a.Pre}
		forEach(&b.rows, func(i, j, kk, l int) {
			x, z := b.at(i, j, kk, l)
			p := (int32(x) - a.ZA) * (int32(z) - a.ZB)
			b.want(i, j, kk, l, min(max(m.Apply(p)+a.Zero, a.Lo), a.Hi))
		})
		b.input = func(x8 []int8, x16 []int16) { a.A, a.A16 = x8, x16 }
		b.run = func(w, u0, u1 int) { k.Run(a, w, u0, u1) }
	})
}

func runLUT(t *testing.T, k kernels.LUT) {
	binaryCase(t, func(t *testing.T, r *rand.Rand, b *binaryArgs) {
		a := &kernels.LUTArgs{Rows: b.rows, X: b.a8, X16: b.a16, StepX: b.sa, StepY: b.sy}
		a.Y, a.Y16 = b.outs()
		switch {
		case !b.wideA && !b.wideY:
			a.Table8 = guarded8(t, 256)
			random.fill8(r, a.Table8, -128)
			if b.rows.D[1]%2 == 1 { // flat at the lower end, like an activation
				for i := range 64 {
					a.Table8[i] = a.Table8[63]
				}
			}
		case !b.wideA:
			a.Table16 = guarded16(t, 256)
			random.fill16(r, a.Table16)
		default:
			a.Table16 = guarded16(t, 513)
			random.fill16(r, a.Table16)
			if !b.wideY {
				for i := range a.Table16 {
					a.Table16[i] >>= 7
				}
			}
		}
		forEach(&b.rows, func(i, j, kk, l int) {
			x, _ := b.at(i, j, kk, l)
			var v int64
			switch {
			case !b.wideA && !b.wideY:
				v = int64(a.Table8[x+128])
			case !b.wideA:
				v = int64(a.Table16[x+128])
			default:
				u := x + 32768
				f := u % 128
				v = (int64(a.Table16[u/128])*(128-f) + int64(a.Table16[u/128+1])*f + 64) >> 7
				if !b.wideY {
					v = min(max(v, -128), 127)
				}
			}
			b.want(i, j, kk, l, int32(v))
		})
		b.input = func(x8 []int8, x16 []int16) { a.X, a.X16 = x8, x16 }
		b.run = func(w, u0, u1 int) { k.Run(a, w, u0, u1) }
	})
}

func runRequantize(t *testing.T, k kernels.Requantize) {
	binaryCase(t, func(t *testing.T, r *rand.Rand, b *binaryArgs) {
		a := &kernels.RequantizeArgs{Rows: b.rows, X: b.a8, X16: b.a16, StepX: b.sa, StepY: b.sy, Pre: uint8(r.IntN(3))}
		size := 128.0
		if b.wideA {
			size = 32768
		} else {
			a.ZX = r.Int32N(256) - 128
		}
		a.Mult, a.Shift = scale(r, size)
		a.Zero, a.Lo, a.Hi = b.limits(r)
		a.Y, a.Y16 = b.outs()
		m := requant.Multiplier{M: a.Mult, Shift: a.Shift, Pre: a.Pre}
		forEach(&b.rows, func(i, j, kk, l int) {
			x, _ := b.at(i, j, kk, l)
			b.want(i, j, kk, l, min(max(m.Apply(int32(x)-a.ZX)+a.Zero, a.Lo), a.Hi))
		})
		b.input = func(x8 []int8, x16 []int16) { a.X, a.X16 = x8, x16 }
		b.run = func(w, u0, u1 int) { k.Run(a, w, u0, u1) }
	})
}

// edgeCases are the shapes of network inputs and outputs: dimensions in memory
// order, and strides of the float side.
var edgeCases = []struct {
	name  string
	dims  [4]int
	steps [4]int
}{
	{"vector", [4]int{1, 1, 1, 37}, [4]int{37, 37, 37, 1}},
	{"NCHW to NHWC", [4]int{1, 5, 7, 3}, [4]int{105, 7, 1, 35}},
	{"batch", [4]int{2, 5, 7, 3}, [4]int{105, 7, 1, 35}},
	{"rows", [4]int{1, 1, 9, 4}, [4]int{36, 36, 4, 1}},
	{"long vector", [4]int{1, 1, 1, 35_003}, [4]int{35_003, 35_003, 35_003, 1}},
	{"long rows", [4]int{1, 2, 5, 19}, [4]int{400, 200, 40, 1}},
	{"one plane of a batch", [4]int{1, 1, 3, 40}, [4]int{200, 200, 40, 1}},
	{"two planes", [4]int{1, 1, 39, 2}, [4]int{78, 78, 1, 39}},
	{"three planes", [4]int{1, 2, 67, 3}, [4]int{402, 201, 1, 67}},
	{"three long planes", [4]int{1, 1, 12_000, 3}, [4]int{36_000, 36_000, 1, 12_000}},
	{"four planes", [4]int{2, 1, 33, 4}, [4]int{132, 132, 1, 33}},
	{"21 planes", [4]int{1, 1, 50, 21}, [4]int{1050, 1050, 1, 50}},
}

// guardedFloats returns n elements that end where memory ends.
func guardedFloats(t testing.TB, n int) []float32 {
	b := Guarded(t, 4*n)
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(b))), n)
}

// span is the number of elements up to the last of a walk.
func span(dims, steps [4]int) int {
	n := 1
	for i, d := range dims {
		n += (d - 1) * steps[i]
	}
	return n
}

func runQuantize(t *testing.T, k kernels.Quantize) {
	for _, n := range []int{0, 1, 15, 16, 17, 100, 40_000} {
		x := guardedFloats(t, n)
		for i := range x {
			x[i] = float32(i)*1e30 - 1e38
		}
		require.True(t, k.Finite(x), n)
		for _, i := range []int{0, n / 2, n - 1} {
			for _, v := range []float64{math.Inf(1), math.Inf(-1), math.NaN()} {
				if n > 0 {
					was := x[i]
					x[i] = float32(v)
					require.False(t, k.Finite(x), "%v at %d of %d", v, i, n)
					x[i] = was
				}
			}
		}
	}
	r := rand.New(rand.NewPCG(11, 12))
	for _, c := range edgeCases {
		for _, wide := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/wide=%v", c.name, wide), func(t *testing.T) {
				n := c.dims[0] * c.dims[1] * c.dims[2] * c.dims[3]
				a := &kernels.QuantizeArgs{Dims: c.dims, StepX: c.steps, X: guardedFloats(t, span(c.dims, c.steps)), Inverse: 1 / float32(0.037), Zero: -5}
				if wide {
					a.Zero, a.Inverse = 0, 4000
				}
				for i := range a.X {
					a.X[i] = float32(r.NormFloat64() * 3)
				}
				for i, v := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 0.5 / a.Inverse, 1.5 / a.Inverse, -0.5 / a.Inverse, 1e30, -1e30} {
					a.X[i] = v
				}
				y8, y16 := newCanvas[int8](n), newCanvas[int16](n)
				if wide {
					a.Y16 = y16.out()
				} else {
					a.Y = y8.out()
				}
				o := 0
				each(c.dims, func(ix [4]int) {
					x := a.X[dot4(ix, c.steps)]
					q := math.RoundToEven(float64(float32(x*a.Inverse))) + float64(a.Zero)
					if x != x {
						q = float64(a.Zero)
					}
					if wide {
						y16.ref()[o] = int16(min(max(q, -32768), 32767))
					} else {
						y8.ref()[o] = int8(min(max(q, -128), 127))
					}
					o++
				})
				for _, cut := range []bool{false, true} {
					units(r, cut, edgeUnits(c.dims), func(w, u0, u1 int) { k.Run(a, w, u0, u1) })
					y8.check(t)
					y16.check(t)
				}
			})
		}
	}
}

func runDequantize(t *testing.T, k kernels.Dequantize) {
	r := rand.New(rand.NewPCG(13, 14))
	for _, c := range edgeCases {
		for bits := 8; bits <= 32; bits *= 2 {
			t.Run(fmt.Sprintf("%s/%d", c.name, bits), func(t *testing.T) {
				n := c.dims[0] * c.dims[1] * c.dims[2] * c.dims[3]
				a := &kernels.DequantizeArgs{Dims: c.dims, StepY: c.steps, Y: guardedFloats(t, span(c.dims, c.steps)), Scale: 0.0371}
				var at func(i int) int32
				switch bits {
				case 8:
					a.Zero, a.X = -7, guarded8(t, n)
					random.fill8(r, a.X, -128)
					at = func(i int) int32 { return int32(a.X[i]) }
				case 16:
					a.X16 = guarded16(t, n)
					random.fill16(r, a.X16)
					at = func(i int) int32 { return int32(a.X16[i]) }
				default:
					a.X32 = make([]int32, n)
					for i := range a.X32 {
						a.X32[i] = r.Int32N(1 << 24)
					}
					at = func(i int) int32 { return a.X32[i] }
				}
				for _, cut := range []bool{false, true} {
					clear(a.Y)
					units(r, cut, edgeUnits(c.dims), func(w, u0, u1 int) { k.Run(a, w, u0, u1) })
					i := 0
					each(c.dims, func(ix [4]int) {
						want := float32(at(i)-a.Zero) * a.Scale
						if got := a.Y[dot4(ix, c.steps)]; got != want {
							t.Fatalf("%v: %g, want %g", ix, got, want)
						}
						i++
					})
				}
			})
		}
	}
}

// edgeUnits is the size of the first dimension with more than one element.
func edgeUnits(d [4]int) int {
	for _, n := range d {
		if n > 1 {
			return n
		}
	}
	return 1
}

func each(d [4]int, f func(ix [4]int)) {
	for a := range d[0] {
		for b := range d[1] {
			for c := range d[2] {
				for e := range d[3] {
					f([4]int{a, b, c, e})
				}
			}
		}
	}
}

func dot4(a, b [4]int) int { return a[0]*b[0] + a[1]*b[1] + a[2]*b[2] + a[3]*b[3] }
