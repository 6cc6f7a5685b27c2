//go:build !purego

package arm64

import (
	"unsafe"

	"github.com/edgerun/edgerun/kernels"
)

// Element-wise kernels for 8-bit operands. They take runs of 16 elements and more;
// shorter ones, 16-bit operands and rare scales go to the kernel that was there.

// pairTask walks rows of two operands.
type pairTask struct {
	a, b, y      *int8
	n, rows      int // elements of a row, 16 at least
	stepA, stepB int // from row to row
	stepY        int
	lanes        *[32]uint8
}

type addTask struct {
	pairTask
	lowA, lowB   [16]int8
	highA, highB [8]int16
	bias         [4]int32
	shift        [8]int16 // 16 - shift
	zero         [8]int16
	lo, hi       [16]int8
}

type mulTask struct {
	pairTask
	zeroA, zeroB [16]int8
	mult         [4]int32
	shift        [8]int16 // 1 - shift
	zero         [8]int16
	lo, hi       [16]int8
}

//go:noescape
func addNEON(t *addTask)

//go:noescape
func mulNEON(t *mulTask)

// lanes counts from 0: an index for table look-ups.
var lanes = [32]uint8{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31}

// elementWork bounds an assembly call: elements, a Cortex-A53 needs two cycles for one,
// and for a row as many as for 32. Pieces of a row are no shorter than 16.
const elementWork = 32 << 10

func plugElementwise(t *kernels.Table) {
	add := t.Add.Run
	t.Add = kernels.Add{Name: "add-neon", Run: func(a *kernels.AddArgs, w, u0, u1 int) {
		if a.A == nil || a.B == nil || a.Y == nil || a.BScalar || a.Shift < 16 || a.Shift > 31 {
			add(a, w, u0, u1)
			return
		}
		t := newAddTask(a)
		for u := u0; u < u1; {
			n, rows, k := join(&a.Rows, u, u1, &a.StepA, &a.StepB, &a.StepY)
			if n < 16 {
				add(a, w, u, u+k)
				u += k
				continue
			}
			p := newPairs(&a.Rows, &a.StepA, &a.StepB, &a.StepY, u, n, rows)
			for u += k; p.next(&t.pairTask, elementWork); {
				t.a, t.b, t.y = &a.A[p.a], &a.B[p.b], &a.Y[p.y]
				addNEON(&t)
			}
		}
	}}
	mul := t.Mul.Run
	t.Mul = kernels.Mul{Name: "mul-neon", Run: func(a *kernels.MulArgs, w, u0, u1 int) {
		if a.A == nil || a.B == nil || a.Y == nil || a.BScalar || a.Pre != 0 || a.Shift < 2 {
			mul(a, w, u0, u1)
			return
		}
		t := newMulTask(a.ZA, a.ZB, a.Mult, a.Shift, a.Zero, a.Lo, a.Hi)
		for u := u0; u < u1; {
			n, rows, k := join(&a.Rows, u, u1, &a.StepA, &a.StepB, &a.StepY)
			if n < 16 {
				mul(a, w, u, u+k)
				u += k
				continue
			}
			p := newPairs(&a.Rows, &a.StepA, &a.StepB, &a.StepY, u, n, rows)
			for u += k; p.next(&t.pairTask, elementWork); {
				t.a, t.b, t.y = &a.A[p.a], &a.B[p.b], &a.Y[p.y]
				mulNEON(&t)
			}
		}
	}}
}

func newAddTask(a *kernels.AddArgs) (t addTask) {
	lowA, lowB := low7(a.MulA), low7(a.MulB)
	t.lowA = of8(lowA)
	t.lowB = of8(lowB)
	t.highA = of16((a.MulA - lowA) >> 7)
	t.highB = of16((a.MulB - lowB) >> 7)
	t.bias = of32(int32(a.Bias))
	t.shift = of16(16 - int32(a.Shift))
	t.zero = of16(a.Zero)
	t.lo = of8(a.Lo)
	t.hi = of8(a.Hi)
	return t
}

func newMulTask(za, zb, mult int32, shift uint8, zero, lo, hi int32) (t mulTask) {
	t.zeroA = of8(za)
	t.zeroB = of8(zb)
	t.mult = of32(mult)
	t.shift = of16(1 - int32(shift))
	t.zero = of16(zero)
	t.lo = of8(lo)
	t.hi = of8(hi)
	return t
}

// join returns the length and the number of the runs of unit u, and of as many units
// behind it, up to u1, as lie on from it: k units.
func join(r *kernels.Rows, u, u1 int, a, b, y *kernels.Steps) (n, rows, k int) {
	_, _, n = r.Run(u)
	rows, k = r.D[2], 1
	if u1-u == 1 || r.D[0] > 1 {
		return n, rows, k
	}
	switch {
	case rows == 1 && a[1] == r.Len && b[1] == r.Len && y[1] == r.Len:
		_, _, last := r.Run(u1 - 1)
		k = u1 - u
		n = (k-1)*r.Len + last
	case r.Last == r.Len && a[1] == rows*a[2] && b[1] == rows*b[2] && y[1] == rows*y[2]:
		k = u1 - u
		rows *= k
	}
	return n, rows, k
}

// pairs cuts runs into calls.
type pairs struct {
	a, b, y       int // offsets of the next call
	n, rows       int // elements of a row; rows left
	column, width int // of the call before
	height        int
	sa, sb, sy    int
}

func newPairs(r *kernels.Rows, a, b, y *kernels.Steps, u, n, rows int) pairs {
	i, j, _ := r.Run(u)
	return pairs{a: a.At(i, j), b: b.At(i, j), y: y.At(i, j), n: n, rows: rows, sa: a[2], sb: b[2], sy: y[2]}
}

// next goes to the next call and sets its size, some work elements at the most;
// false: there is none.
func (p *pairs) next(t *pairTask, work int) bool {
	p.column += p.width
	p.a, p.b, p.y = p.a+p.width, p.b+p.width, p.y+p.width
	if p.column == p.n {
		p.rows -= p.height
		p.a, p.b, p.y, p.column = p.a-p.n+p.height*p.sa, p.b-p.n+p.height*p.sb, p.y-p.n+p.height*p.sy, 0
	}
	if p.rows == 0 {
		return false
	}
	p.width, p.height = piece(p.n-p.column, p.rows, work)
	if p.column > 0 {
		p.height = 1
	}
	t.n, t.rows, t.stepA, t.stepB, t.stepY, t.lanes = p.width, p.height, p.sa, p.sb, p.sy, &lanes
	return true
}

// piece returns how many elements of how many rows a call does, when n elements of
// this and as many of every other row are left. Pieces have 16 elements at least.
func piece(n, rows, work int) (elements, height int) {
	if n <= work {
		return n, min(rows, max(1, work/(n+32)))
	}
	return min(work, n-16), 1
}

// low7 is v's remainder by 128 between -64 and 63.
func low7(v int32) int32 { return (v+64)&127 - 64 }

// of8, of16 and of32 are vectors with all lanes alike.
func of8(v int32) (q [16]int8) {
	w := (*[2]uint64)(unsafe.Pointer(&q))
	w[0] = uint64(uint8(v)) * 0x0101010101010101
	w[1] = w[0]
	return q
}

func of16(v int32) (q [8]int16) {
	w := (*[2]uint64)(unsafe.Pointer(&q))
	w[0] = uint64(uint16(v)) * 0x0001000100010001
	w[1] = w[0]
	return q
}

func of32(v int32) [4]int32 { return [4]int32{v, v, v, v} }

// fill32 sets all of d.
func fill32(d []int32, v int32) {
	for i := range d {
		d[i] = v
	}
}
