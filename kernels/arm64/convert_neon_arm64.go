//go:build !purego

package arm64

import (
	"unsafe"

	"github.com/edgerun/edgerun/kernels"
)

type finiteTask struct {
	x   *float32
	n   int // a multiple of 32, not 0
	bad int // not 0: there is an infinity or a NaN
}

// quantizeTask quantizes elements of one plane or several.
type quantizeTask struct {
	x       *float32
	y       unsafe.Pointer
	n       int // of each plane, 16 at least
	plane   int // elements from plane to plane; scatterNEON: between outputs
	inverse [4]float32
	zero    [8]int16
}

// dequantizeTask takes integers to floats.
type dequantizeTask struct {
	x            unsafe.Pointer
	y            *float32
	n            int // 32 at least, 16 where they do not lie together
	step         int // bytes between integers then
	magic, scale [4]float32
	zero         [16]int8
}

//go:noescape
func finiteNEON(t *finiteTask)

// One for every number of planes, and 16 bits.
//
//go:noescape
func quantizeNEON(t *quantizeTask)

//go:noescape
func quantize3NEON(t *quantizeTask)

//go:noescape
func quantize4NEON(t *quantizeTask)

//go:noescape
func scatterNEON(t *quantizeTask)

//go:noescape
func quantize16NEON(t *quantizeTask)

//go:noescape
func dequantizeNEON(t *dequantizeTask)

//go:noescape
func dequantize16NEON(t *dequantizeTask)

//go:noescape
func collectNEON(t *dequantizeTask)

//go:noescape
func collect16NEON(t *dequantizeTask)

// convertWork bounds a call: elements.
const convertWork = 32 << 10

func plugConvert(t *kernels.Table) {
	quantize, dequantize := t.Quantize.Run, t.Dequantize.Run
	t.Quantize = kernels.Quantize{Name: "quantize-neon", Finite: finite, Run: func(a *kernels.QuantizeArgs, w, u0, u1 int) {
		if !quantizeRun(a, u0, u1) {
			quantize(a, w, u0, u1)
		}
	}}
	t.Dequantize = kernels.Dequantize{Name: "dequantize-neon", Run: func(a *kernels.DequantizeArgs, w, u0, u1 int) {
		if !dequantizeRun(a, u0, u1) {
			dequantize(a, w, u0, u1)
		}
	}}
}

func finite(x []float32) bool {
	for len(x) >= 32 {
		t := finiteTask{x: &x[0], n: min(len(x)&^31, convertWork)}
		finiteNEON(&t)
		if t.bad != 0 {
			return false
		}
		x = x[t.n:]
	}
	for _, v := range x {
		if v-v != 0 {
			return false
		}
	}
	return true
}

// edge is the walk of a conversion restricted to units [u0, u1): dimensions, strides
// of the float side, and the first element of either side.
func edge(dims, steps [4]int, u0, u1 int) (d, s [4]int, floats, integers int) {
	o := 0
	for o < 3 && dims[o] == 1 {
		o++
	}
	inner := 1
	for _, n := range dims[o+1:] {
		inner *= n
	}
	dims[o] = u1 - u0
	return dims, steps, u0 * steps[o], u0 * inner
}

func quantizeRun(a *kernels.QuantizeArgs, u0, u1 int) bool {
	d, s, x0, y0 := edge(a.Dims, a.StepX, u0, u1)
	c, n := d[3], d[2]
	t := quantizeTask{plane: s[3]}
	t.inverse = [4]float32{a.Inverse, a.Inverse, a.Inverse, a.Inverse}
	t.zero = of16(a.Zero)
	switch {
	case s[3] == 1 && c >= 16 && (a.Y != nil || a.Zero == 0):
		n = c
		c = 1
	case s[2] == 1 && n >= 16 && a.Y != nil:
	default:
		return false
	}
	rows := d[2] * d[3] / (n * c) // runs that dimension 2 has when dimension 3 is the run
	for i0 := range d[0] {
		for i1 := range d[1] {
			for i2 := range rows {
				x := x0 + i0*s[0] + i1*s[1] + i2*s[2]
				for k := 0; k < n; k += t.n {
					t.n = n - k
					if t.n > convertWork/c {
						t.n = min(max(16, convertWork/c), t.n-16)
					}
					quantizePlanes(a, &t, x+k, y0+k*c, c)
				}
				y0 += n * c
			}
		}
	}
	return true
}

// quantizePlanes does t.n elements of c planes.
func quantizePlanes(a *kernels.QuantizeArgs, t *quantizeTask, x, y, c int) {
	t.x = &a.X[x]
	if a.Y16 != nil {
		t.y = unsafe.Pointer(&a.Y16[y])
		quantize16NEON(t)
		return
	}
	t.y = unsafe.Pointer(&a.Y[y])
	switch c {
	case 1:
		quantizeNEON(t)
	case 3:
		quantize3NEON(t)
	case 4:
		quantize4NEON(t)
	default:
		plane := t.plane
		t.plane = c
		for i := range c {
			t.x, t.y = &a.X[x+i*plane], unsafe.Pointer(&a.Y[y+i])
			scatterNEON(t)
		}
		t.plane = plane
	}
}

func dequantizeRun(a *kernels.DequantizeArgs, u0, u1 int) bool {
	if a.X32 != nil || a.X16 != nil && a.Zero != 0 {
		return false
	}
	t := dequantizeTask{
		magic: [4]float32{3 << 22, 3 << 22, 3 << 22, 3 << 22}, scale: [4]float32{a.Scale, a.Scale, a.Scale, a.Scale}, zero: of8(a.Zero),
	}
	if n := u1 - u0; a.Dims[0]*a.Dims[1]*a.Dims[2] == 1 && a.StepY[3] == 1 && n >= 32 && n <= convertWork {
		t.y, t.n = &a.Y[u0], n
		t.call(a, u0, 1)
		return true
	}
	d, s, y0, x0 := edge(a.Dims, a.StepY, u0, u1)
	c, n := d[3], d[2]
	t.step = c
	if a.X16 != nil {
		t.step = 2 * c
	}
	switch {
	case s[3] == 1 && c >= 32:
		n = c
		c = 1
	case s[2] == 1 && n >= 16 && c > 1:
	default:
		return false
	}
	rows := d[2] * d[3] / (n * c)
	for i0 := range d[0] {
		for i1 := range d[1] {
			for i2 := range rows {
				y := y0 + i0*s[0] + i1*s[1] + i2*s[2]
				for k := 0; k < n; k += t.n {
					t.n = n - k
					if t.n > convertWork {
						t.n = min(convertWork, t.n-32)
					}
					for i := range c {
						t.y = &a.Y[y+k+i*s[3]]
						t.call(a, x0+k*c+i, c)
					}
				}
				x0 += n * c
			}
		}
	}
	return true
}

// call runs the kernel for the integers from element x on, c apart.
func (t *dequantizeTask) call(a *kernels.DequantizeArgs, x, c int) {
	if a.X != nil {
		t.x = unsafe.Pointer(&a.X[x])
	} else {
		t.x = unsafe.Pointer(&a.X16[x])
	}
	switch {
	case a.X != nil && c == 1:
		dequantizeNEON(t)
	case a.X != nil:
		collectNEON(t)
	case c == 1:
		dequantize16NEON(t)
	default:
		collect16NEON(t)
	}
}
