package generic

import (
	"math"

	"github.com/edgerun/edgerun/internal/requant"
	"github.com/edgerun/edgerun/kernels"
)

var add = kernels.Add{Name: "add-generic", Run: addRun}

func addRun(a *kernels.AddArgs, _, u0, u1 int) {
	all8 := a.A != nil && a.B != nil && a.Y != nil && !a.BScalar
	for u := u0; u < u1; u++ {
		i, j, n := a.Run(u)
		x, b, y := a.StepA.At(i, j), a.StepB.At(i, j), a.StepY.At(i, j)
		for range a.D[2] {
			if all8 {
				addRow8(a, a.A[x:][:n], a.B[b:][:n], a.Y[y:][:n])
			} else {
				addRow(a, x, b, y, n)
			}
			x += a.StepA[2]
			b += a.StepB[2]
			y += a.StepY[2]
		}
	}
}

func addRow8(a *kernels.AddArgs, x, b, y []int8) {
	ma, mb, bias, s := a.MulA, a.MulB, int32(a.Bias), a.Shift&31
	zero, lo, hi := a.Zero, a.Lo, a.Hi
	b, y = b[:len(x)], y[:len(x)]
	for k, v := range x {
		q := (int32(v)*ma+int32(b[k])*mb+bias)>>s + zero
		y[k] = int8(min(max(q, lo), hi))
	}
}

func addRow(a *kernels.AddArgs, x, b, y, n int) {
	step := 1
	if a.BScalar {
		step = 0
	}
	for k := range n {
		v := a.Bias + int64(a.MulA)*int64(pick(a.A, a.A16, x+k)) + int64(a.MulB)*int64(pick(a.B, a.B16, b+k*step))
		v = v>>(a.Shift&63) + int64(a.Zero)
		put(a.Y, a.Y16, y+k, int32(min(max(v, int64(a.Lo)), int64(a.Hi))))
	}
}

// pick reads element i of whichever slice is there.
func pick(x8 []int8, x16 []int16, i int) int32 {
	if x8 != nil {
		return int32(x8[i])
	}
	return int32(x16[i])
}

func put(y8 []int8, y16 []int16, i int, v int32) {
	if y8 != nil {
		y8[i] = int8(v)
	} else {
		y16[i] = int16(v)
	}
}

var mul = kernels.Mul{Name: "mul-generic", Run: mulRun}

func mulRun(a *kernels.MulArgs, _, u0, u1 int) {
	all8 := a.A != nil && a.B != nil && a.Y != nil && !a.BScalar && a.Pre == 0
	step := 1
	if a.BScalar {
		step = 0
	}
	for u := u0; u < u1; u++ {
		i, j, n := a.Run(u)
		x, b, y := a.StepA.At(i, j), a.StepB.At(i, j), a.StepY.At(i, j)
		for range a.D[2] {
			if all8 {
				mulRow8(a, a.A[x:][:n], a.B[b:][:n], a.Y[y:][:n])
			} else {
				for k := range n {
					v := (pick(a.A, a.A16, x+k) - a.ZA) * (pick(a.B, a.B16, b+k*step) - a.ZB)
					put(a.Y, a.Y16, y+k, requant8(requant.PreShift(v, a.Pre), a.Mult, a.Shift, a.Zero, a.Lo, a.Hi))
				}
			}
			x += a.StepA[2]
			b += a.StepB[2]
			y += a.StepY[2]
		}
	}
}

func mulRow8(a *kernels.MulArgs, x, b, y []int8) {
	za, zb, m, s := a.ZA, a.ZB, a.Mult, a.Shift
	zero, lo, hi := a.Zero, a.Lo, a.Hi
	b, y = b[:len(x)], y[:len(x)]
	for k, v := range x {
		y[k] = int8(requant8((int32(v)-za)*(int32(b[k])-zb), m, s, zero, lo, hi))
	}
}

var lut = kernels.LUT{Name: "lut-generic", Run: lutRun}

func lutRun(a *kernels.LUTArgs, _, u0, u1 int) {
	for u := u0; u < u1; u++ {
		i, j, n := a.Run(u)
		x, y := a.StepX.At(i, j), a.StepY.At(i, j)
		for range a.D[2] {
			switch {
			case a.X != nil && a.Y != nil:
				t := (*[256]int8)(a.Table8)
				dst := a.Y[y:][:n]
				for k, v := range a.X[x:][:n] {
					dst[k] = t[uint8(v)^0x80]
				}
			case a.X != nil:
				dst := a.Y16[y:][:n]
				for k, v := range a.X[x:][:n] {
					dst[k] = a.Table16[uint8(v)^0x80]
				}
			default:
				lo, hi := int32(math.MinInt16), int32(math.MaxInt16)
				if a.Y != nil {
					lo, hi = math.MinInt8, math.MaxInt8
				}
				for k, v := range a.X16[x:][:n] {
					put(a.Y, a.Y16, y+k, min(max(interpolate(a.Table16, v), lo), hi))
				}
			}
			x += a.StepX[2]
			y += a.StepY[2]
		}
	}
}

// interpolate reads a table of 513 entries, 128 apart.
func interpolate(t []int16, q int16) int32 {
	u := int32(q) + 32768
	i, f := u>>7, u&127
	return (int32(t[i])*(128-f) + int32(t[i+1])*f + 64) >> 7
}

var requantize = kernels.Requantize{Name: "requantize-generic", Run: requantizeRun}

func requantizeRun(a *kernels.RequantizeArgs, _, u0, u1 int) {
	for u := u0; u < u1; u++ {
		i, j, n := a.Run(u)
		x, y := a.StepX.At(i, j), a.StepY.At(i, j)
		for range a.D[2] {
			for k := range n {
				v := requant.PreShift(pick(a.X, a.X16, x+k)-a.ZX, a.Pre)
				put(a.Y, a.Y16, y+k, requant8(v, a.Mult, a.Shift, a.Zero, a.Lo, a.Hi))
			}
			x += a.StepX[2]
			y += a.StepY[2]
		}
	}
}

var quantize = kernels.Quantize{Name: "quantize-generic", Finite: finite, Run: quantizeRun}

func finite(x []float32) bool {
	for _, v := range x {
		if v-v != 0 {
			return false
		}
	}
	return true
}

// outer returns the first dimension with more than one element.
func outer(dims *[4]int) int {
	for i, d := range dims {
		if d > 1 {
			return i
		}
	}
	return 3
}

func quantizeRun(a *kernels.QuantizeArgs, _, u0, u1 int) {
	d, s := a.Dims, a.StepX
	o := outer(&d)
	d[o] = u1 - u0
	from := u0 * s[o]
	lo, hi := float32(math.MinInt16), float32(math.MaxInt16)
	if a.Y != nil {
		lo, hi = math.MinInt8, math.MaxInt8
	}
	zero := float32(a.Zero)
	y := u0 * a.Dims[1] * a.Dims[2] * a.Dims[3]
	for i := 1; i <= o; i++ {
		y /= a.Dims[i]
	}
	for i0 := range d[0] {
		for i1 := range d[1] {
			for i2 := range d[2] {
				x := from + i0*s[0] + i1*s[1] + i2*s[2]
				for range d[3] {
					q := roundEven(float32(a.X[x]*a.Inverse)) + zero
					q = min(max(q, lo), hi)
					if q != q {
						q = zero
					}
					put(a.Y, a.Y16, y, int32(q))
					x += s[3]
					y++
				}
			}
		}
	}
}

// roundEven rounds to the nearest integer, halves to the even one. Values of
// 2^22 and more are left alone: they are far beyond every clamp.
func roundEven(v float32) float32 {
	const magic = 3 << 22
	if v < -1<<22 || v > 1<<22 {
		return v
	}
	// The conversions keep the compiler from fusing the operations.
	return float32(float32(v+magic) - magic)
}

var dequantize = kernels.Dequantize{Name: "dequantize-generic", Run: dequantizeRun}

func dequantizeRun(a *kernels.DequantizeArgs, _, u0, u1 int) {
	d, s := a.Dims, a.StepY
	o := outer(&d)
	d[o] = u1 - u0
	to := u0 * s[o]
	x := u0 * a.Dims[1] * a.Dims[2] * a.Dims[3]
	for i := 1; i <= o; i++ {
		x /= a.Dims[i]
	}
	for i0 := range d[0] {
		for i1 := range d[1] {
			for i2 := range d[2] {
				y := to + i0*s[0] + i1*s[1] + i2*s[2]
				for range d[3] {
					var q int32
					switch {
					case a.X != nil:
						q = int32(a.X[x])
					case a.X16 != nil:
						q = int32(a.X16[x])
					default:
						q = a.X32[x]
					}
					a.Y[y] = float32(q-a.Zero) * a.Scale
					x++
					y += s[3]
				}
			}
		}
	}
}
