//go:build !purego

package arm64

import (
	"unsafe"

	"github.com/edgerun/edgerun/kernels"
)

// Sums and changes of scale where an operand has 16 bits. They take runs of 16 elements
// and more, in rows as pairTask has them, with the steps in bytes.

// wideWork bounds a call: elements, a Cortex-A53 needs four cycles for one.
const wideWork = elementWork / 2

type wideTask struct {
	pairTask
	wideA, wideB, wideY bool

	// addWideNEON: the multipliers are high<<11 + low.
	lowA, highA, lowB, highB, bias int32
	// requantizeNEON
	zin, mult, pre int32

	shift        int32 // negative
	zero, lo, hi int32
}

//go:noescape
func addWideNEON(t *wideTask)

//go:noescape
func requantizeNEON(t *wideTask)

// plugWide takes the sums that plugElementwise leaves, and all changes of scale.
func plugWide(t *kernels.Table) {
	add := t.Add.Run
	t.Add = kernels.Add{Name: "add-neon", Run: func(a *kernels.AddArgs, w, u0, u1 int) {
		t, ok := newAddWide(a)
		if !ok || a.A != nil && a.B != nil && a.Y != nil {
			add(a, w, u0, u1)
			return
		}
		for u := u0; u < u1; {
			n, rows, k := join(&a.Rows, u, u1, &a.StepA, &a.StepB, &a.StepY)
			if n < 16 {
				add(a, w, u, u+k)
				u += k
				continue
			}
			p := newPairs(&a.Rows, &a.StepA, &a.StepB, &a.StepY, u, n, rows)
			for u += k; p.next(&t.pairTask, wideWork); {
				t.stepA, t.stepB, t.stepY = t.stepA*bytesIf(t.wideA), t.stepB*bytesIf(t.wideB), t.stepY*bytesIf(t.wideY)
				t.a, t.b, t.y = either(a.A, a.A16, p.a), either(a.B, a.B16, p.b), either(a.Y, a.Y16, p.y)
				addWideNEON(&t)
			}
		}
	}}
	requantize := t.Requantize.Run
	t.Requantize = kernels.Requantize{Name: "requantize-neon", Run: func(a *kernels.RequantizeArgs, w, u0, u1 int) {
		t := wideTask{wideA: a.X == nil, wideY: a.Y == nil, zin: a.ZX, mult: a.Mult, pre: int32(a.Pre), zero: a.Zero, shift: -int32(a.Shift), lo: a.Lo, hi: a.Hi}
		for u := u0; u < u1; {
			n, rows, k := join(&a.Rows, u, u1, &a.StepX, &a.StepX, &a.StepY)
			if n < 16 {
				requantize(a, w, u, u+k)
				u += k
				continue
			}
			p := newPairs(&a.Rows, &a.StepX, &a.StepX, &a.StepY, u, n, rows)
			for u += k; p.next(&t.pairTask, wideWork); {
				t.stepA, t.stepY = t.stepA*bytesIf(t.wideA), t.stepY*bytesIf(t.wideY)
				t.a, t.y = either(a.X, a.X16, p.a), either(a.Y, a.Y16, p.y)
				requantizeNEON(&t)
			}
		}
	}}
}

// newAddWide splits the multipliers, so that 32 bits hold both sums. Scales out of the
// ordinary do not fit.
func newAddWide(a *kernels.AddArgs) (t wideTask, ok bool) {
	t = wideTask{wideA: a.A == nil, wideB: a.B == nil, wideY: a.Y == nil, shift: 11 - int32(a.Shift), zero: a.Zero, lo: a.Lo, hi: a.Hi}
	bias := a.Bias
	if t.wideY {
		bias += int64(a.Zero) << (a.Shift & 63)
	}
	if a.BScalar || a.Shift < 11 || a.Shift > 42 || bias > 1<<30 || bias < -1<<30 {
		return t, false
	}
	split := func(m int32) (low, high int32) {
		high = (m + 1<<10) >> 11
		return m - high<<11, high
	}
	t.lowA, t.highA = split(a.MulA)
	t.lowB, t.highB = split(a.MulB)
	t.bias = int32(bias)
	return t, true
}

// bytesIf is the size of an element.
func bytesIf(wide bool) int {
	if wide {
		return 2
	}
	return 1
}

// either is the address of element i of the slice that is there.
func either(b []int8, w []int16, i int) *int8 {
	if b != nil {
		return &b[i]
	}
	return (*int8)(unsafe.Pointer(&w[i]))
}
