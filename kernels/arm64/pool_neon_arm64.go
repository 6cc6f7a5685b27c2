//go:build !purego

package arm64

import (
	"slices"
	"unsafe"

	"github.com/edgerun/edgerun/kernels"
)

// poolTask pools some pixels of a row that have the same number of taps.
type poolTask struct {
	src              *int8 // the first window's first tap
	dst              unsafe.Pointer
	kh, kw           int // taps
	rowStep, colStep int // between taps
	n, c             int // pixels; channels, 16 at least
	srcStep, dstStep int // bytes between pixels
	wide             int // 1: results have 16 bits
	lo8, hi8         [16]int8
	scale            scaling
}

// scaling are the constants that take sums to results. Its order is the kernels'.
type scaling struct {
	bias, pre, mult, shift, zero [4]int32 // shift is negative
	lo, hi                       [8]int16
}

type scaleTask struct {
	sums  *int32
	dst   unsafe.Pointer
	n     int // 16 at least
	wide  int
	scale scaling
}

// sumTask adds pixels to sums, 255 at most.
type sumTask struct {
	src              *int8
	sums             *int32
	rows, cols       int
	rowStep, colStep int
	c                int // channels, a multiple of 8
}

//go:noescape
func maxPoolNEON(t *poolTask)

// maxPool3s1NEON and maxPool3s2NEON are for 3x3 windows with stride 1 and 2 along the
// row. There may be less than three rows, but all columns are inside.
//
//go:noescape
func maxPool3s1NEON(t *poolTask)

//go:noescape
func maxPool3s2NEON(t *poolTask)

//go:noescape
func averageNEON(t *poolTask)

//go:noescape
func scaleNEON(t *scaleTask)

//go:noescape
func sumNEON(t *sumTask)

// poolWork bounds a call: taps times channels. A Cortex-A53 needs a third of a cycle
// for one, and for a tap as many as for 32 channels.
const poolWork = 160 << 10

// poolPixels is how many windows of so many taps a call does.
func poolPixels(taps, c int) int { return max(1, poolWork/(taps*(c+32)+64)) }

// scaleWork bounds calls that scale sums: a Cortex-A53 needs three cycles for one.
const scaleWork = 16 << 10

func plugPool(t *kernels.Table) {
	most, average := t.MaxPool.Run, t.AveragePool.Run
	t.MaxPool = kernels.Pool{Name: "s8-maxpool-neon", Scratch: t.MaxPool.Scratch, Units: t.MaxPool.Units,
		Run: func(a *kernels.PoolArgs, w, u0, u1 int) {
			if a.C < 16 || min(a.KH, a.IH)*min(a.KW, a.IW)*a.C > poolWork { // windows are not cut
				most(a, w, u0, u1)
				return
			}
			maxPoolRun(a, u0, u1)
		}}
	scratch, units := t.AveragePool.Scratch, t.AveragePool.Units
	t.AveragePool = kernels.Pool{Name: "s8-avgpool-neon",
		Scratch: func(a *kernels.PoolArgs) int {
			if a.C < 16 {
				return scratch(a)
			}
			return 4 * a.C
		},
		Units: func(a *kernels.PoolArgs, workers int) int {
			if a.C < 16 {
				return units(a, workers)
			}
			return a.N * a.OH
		},
		Run: func(a *kernels.PoolArgs, w, u0, u1 int) {
			if a.C < 16 {
				average(a, w, u0, u1)
				return
			}
			averagePoolRun(a, w, u0, u1)
		}}
}

// taps returns which taps of a window at input position at are inside [0, size).
func taps(at, dilation, k, size int) (lo, hi int) {
	if at < 0 {
		lo = min(ceilDiv(-at, dilation), k)
	}
	if size > at {
		hi = min(k, (size-1-at)/dilation+1)
	}
	return lo, max(lo, hi)
}

// inner returns the outputs [x0, x1) of a row whose windows are inside altogether.
func inner(a *kernels.PoolArgs) (x0, x1 int) {
	x0 = min(a.OW, ceilDiv(a.PL, a.SW))
	if last := a.IW - 1 - (a.KW-1)*a.DW + a.PL; last >= 0 {
		x1 = min(a.OW, last/a.SW+1)
	}
	return x0, max(x0, x1)
}

// windows cuts an output row into runs of windows with the same columns.
type windows struct {
	a            *kernels.PoolArgs
	x, x0, x1    int // next output; those with all columns
	y0, ky0, ky1 int // input row of the first tap; taps inside
	n, kx0, kx1  int // outputs of the run; taps inside
	first        int // its first output
}

func newWindows(a *kernels.PoolArgs, oy int) windows {
	w := windows{a: a, y0: oy*a.SH - a.PT}
	w.x0, w.x1 = inner(a)
	w.ky0, w.ky1 = taps(w.y0, a.DH, a.KH, a.IH)
	return w
}

func (w *windows) next() bool {
	a := w.a
	if w.x == a.OW {
		return false
	}
	w.n, w.kx0, w.kx1, w.first = 1, 0, a.KW, w.x
	if w.x >= w.x0 && w.x < w.x1 {
		w.n = w.x1 - w.x
	} else {
		w.kx0, w.kx1 = taps(w.x*a.SW-a.PL, a.DW, a.KW, a.IW)
	}
	w.x += w.n
	return true
}

// at is the offset of the run's first tap in the image.
func (w *windows) at() int {
	a := w.a
	return (w.y0+w.ky0*a.DH)*a.InPlane.H + (w.first*a.SW-a.PL+w.kx0*a.DW)*a.InPlane.W
}

func newPoolTask(a *kernels.PoolArgs) poolTask {
	t := poolTask{rowStep: a.DH * a.InPlane.H, colStep: a.DW * a.InPlane.W, c: a.C, srcStep: a.SW * a.InPlane.W, dstStep: a.OutPlane.W}
	t.lo8 = of8(a.Lo)
	t.hi8 = of8(a.Hi)
	return t
}

func maxPoolRun(a *kernels.PoolArgs, u0, u1 int) {
	t := newPoolTask(a)
	three := a.KH == 3 && a.KW == 3 && a.DW == 1 && a.SW <= 2
	for u := u0; u < u1; u++ {
		n, oy := u/a.OH, u%a.OH
		for w := newWindows(a, oy); w.next(); {
			out := n*a.OutPlane.N + oy*a.OutPlane.H + w.first*a.OutPlane.W
			t.kh, t.kw = w.ky1-w.ky0, w.kx1-w.kx0
			if t.kh == 0 || t.kw == 0 {
				fillBytes(a.Out[out:][:a.C], int8(a.Lo))
				continue
			}
			in := n*a.InPlane.N + w.at()
			for k := 0; k < w.n; k += t.n {
				t.n = min(w.n-k, poolPixels(t.kh*t.kw, a.C))
				t.src, t.dst = &a.In[in+k*t.srcStep], unsafe.Pointer(&a.Out[out+k*t.dstStep])
				switch {
				case !three || t.kw < 3:
					maxPoolNEON(&t)
				case a.SW == 1:
					maxPool3s1NEON(&t)
				default:
					maxPool3s2NEON(&t)
				}
			}
		}
	}
}

// set takes over scale i of an average.
func (s *scaling) set(a *kernels.PoolArgs, i int) {
	s.pre = of32(int32(a.Pre))
	s.mult = of32(a.Mult[i])
	s.shift = of32(-int32(a.Shift[i]))
	s.zero = of32(a.ZOut)
	s.lo = of16(a.Lo)
	s.hi = of16(a.Hi)
}

// shortWindow is the number of taps that can be summed up in 16 bits.
const shortWindow = 255

func averagePoolRun(a *kernels.PoolArgs, w, u0, u1 int) {
	t := newPoolTask(a)
	if a.Out16 != nil {
		t.wide, t.dstStep = 1, 2*t.dstStep
	}
	at := -1 // the scale in t
	for u := u0; u < u1; u++ {
		n, oy := u/a.OH, u%a.OH
		for v := newWindows(a, oy); v.next(); {
			out := n*a.OutPlane.N + oy*a.OutPlane.H + v.first*a.OutPlane.W
			t.kh, t.kw = v.ky1-v.ky0, v.kx1-v.kx0
			count, div := t.kh*t.kw, t.kh*t.kw
			if a.IncludePad {
				p0, p1 := taps(v.y0+a.PT, a.DH, a.KH, a.IH+a.PT+a.PB)
				q0, q1 := taps(v.first*a.SW, a.DW, a.KW, a.IW+a.PL+a.PR)
				div = (p1 - p0) * (q1 - q0)
			}
			if i, _ := slices.BinarySearch(a.Divisors, int32(div)); i != at {
				at = i
				t.scale.set(a, i)
			}
			t.scale.bias = of32(-int32(count) * a.ZIn)
			in := n*a.InPlane.N + v.at()
			for k := 0; k < v.n; k += t.n {
				t.n = min(v.n-k, poolPixels(count, a.C))
				t.dst = outAt(a.Out, a.Out16, out+k*a.OutPlane.W)
				if count > shortWindow || count*a.C > poolWork {
					t.n = 1
					averageLong(a, w, &t, in+k*t.srcStep)
				} else {
					t.src = &a.In[in+k*t.srcStep]
					averageNEON(&t)
				}
			}
		}
	}
}

// averageLong does one window, at element in, of any size.
func averageLong(a *kernels.PoolArgs, w int, t *poolTask, in int) {
	sums := unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(a.Scratch[w]))), a.C)
	fill32(sums, t.scale.bias[0])
	sumPixels(sums, a.In[in:], t.kh, t.kw, t.rowStep, t.colStep)
	scaleAll(sums, t.dst, t.wide, &t.scale)
}

// scaleAll takes 16 sums or more to results, which have 16 bits when wide is 1.
func scaleAll(sums []int32, dst unsafe.Pointer, wide int, s *scaling) {
	t := scaleTask{wide: wide, scale: *s}
	for k := 0; k < len(sums); k += t.n {
		t.sums, t.dst, t.n = &sums[k], unsafe.Add(dst, k<<wide), cut(len(sums)-k, scaleWork, 16)
		scaleNEON(&t)
	}
}

// sumPixels adds rows times cols pixels to the sums of their channels.
func sumPixels(sums []int32, x []int8, rows, cols, rowStep, colStep int) {
	c := len(sums)
	if half := c / 2 &^ 7; c > poolWork/8 {
		sumPixels(sums[:half], x, rows, cols, rowStep, colStep)
		sumPixels(sums[half:], x[half:], rows, cols, rowStep, colStep)
		return
	}
	most := min(shortWindow, max(1, poolWork/c))
	t := sumTask{sums: &sums[0], rowStep: rowStep, colStep: colStep, c: c &^ 7}
	for y := 0; y < rows; {
		h := min(rows-y, max(1, most/cols))
		for k := 0; k < cols; k += t.cols {
			t.rows, t.cols = h, min(cols-k, most)
			at := y*rowStep + k*colStep
			if t.c > 0 {
				t.src = &x[at]
				sumNEON(&t)
			}
			for i := t.c; i < c; i++ {
				for r := range t.rows {
					for p := range t.cols {
						sums[i] += int32(x[at+r*rowStep+p*colStep+i])
					}
				}
			}
		}
		y += h
	}
}

// outAt is element i of whichever output is there.
func outAt(y8 []int8, y16 []int16, i int) unsafe.Pointer {
	if y8 != nil {
		return unsafe.Pointer(&y8[i])
	}
	return unsafe.Pointer(&y16[i])
}
