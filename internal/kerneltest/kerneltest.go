// Package kerneltest is the conformance suite of the kernels: a naive oracle
// for every family, which is the formula of its argument struct and nothing
// else, and cases around the edges of tiles, types and memory.
//
//	for _, tab := range dispatch.All() {
//		kerneltest.Run(t, tab)
//	}
//
// Results are compared bit for bit. Inputs end at a page that cannot be read
// where the system allows it, outputs stand between canaries, and every case
// runs whole and cut into units that several workers do in a random order.
package kerneltest

import (
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/kernels"
)

// Run puts a table through the suite.
func Run(t *testing.T, tab kernels.Table) {
	t.Run("Conv", func(t *testing.T) { runConv(t, tab) })
	t.Run("Add", func(t *testing.T) { runAdd(t, tab.Add) })
	t.Run("Mul", func(t *testing.T) { runMul(t, tab.Mul) })
	t.Run("LUT", func(t *testing.T) { runLUT(t, tab.LUT) })
	t.Run("Requantize", func(t *testing.T) { runRequantize(t, tab.Requantize) })
	t.Run("Pool", func(t *testing.T) { runPool(t, tab) })
	t.Run("Resize", func(t *testing.T) { runResize(t, tab.Resize) })
	t.Run("SE", func(t *testing.T) { runSE(t, tab.SE) })
	t.Run("Softmax", func(t *testing.T) { runSoftmax(t, tab.Softmax) })
	t.Run("LogSoftmax", func(t *testing.T) { runLogSoftmax(t, tab.LogSoftmax) })
	t.Run("Copy", func(t *testing.T) { runCopy(t, tab.Copy) })
	t.Run("ArgMax", func(t *testing.T) { runArgMax(t, tab.ArgMax) })
	t.Run("LRN", func(t *testing.T) { runLRN(t, tab.LRN) })
	t.Run("Quantize", func(t *testing.T) { runQuantize(t, tab.Quantize) })
	t.Run("Dequantize", func(t *testing.T) { runDequantize(t, tab.Dequantize) })
}

// Workers is the number of workers that the cut runs use.
const workers = 3

// units runs a kernel over n units, whole or cut.
func units(r *rand.Rand, cut bool, n int, run func(w, u0, u1 int)) {
	if !cut {
		run(0, 0, n)
		return
	}
	var pieces [][2]int
	for u := 0; u < n; {
		v := min(n, u+1+r.IntN(max(1, n/2)))
		pieces = append(pieces, [2]int{u, v})
		u = v
	}
	r.Shuffle(len(pieces), func(i, j int) { pieces[i], pieces[j] = pieces[j], pieces[i] })
	for i, p := range pieces {
		run(i%workers, p[0], p[1])
	}
}

// scratch makes aligned memory for every worker, full of garbage.
func scratch(n int) [][]byte {
	s := make([][]byte, workers)
	for i := range s {
		w := make([]uint64, (n+7)/8+1)
		for k := range w {
			w[k] = 0xdeadbeefcafef00d
		}
		s[i] = unsafe.Slice((*byte)(unsafe.Pointer(&w[0])), n)
	}
	return s
}

// values is how a case fills its data.
type values uint8

const (
	random values = iota
	lowest        // every element the smallest
	highest
	mixed // smallest and largest
)

func (v values) String() string { return [...]string{"random", "lowest", "highest", "mixed"}[v] }

// fill8 fills b with values in [lo, 127].
func (v values) fill8(r *rand.Rand, b []int8, lo int) {
	for i := range b {
		switch v {
		case lowest:
			b[i] = int8(lo)
		case highest:
			b[i] = 127
		case mixed:
			b[i] = 127
			if r.IntN(2) == 0 {
				b[i] = int8(lo)
			}
		default:
			b[i] = int8(lo + r.IntN(128-lo))
		}
	}
}

func (v values) fill16(r *rand.Rand, b []int16) {
	for i := range b {
		switch v {
		case lowest:
			b[i] = -32768
		case highest:
			b[i] = 32767
		case mixed:
			b[i] = 32767
			if r.IntN(2) == 0 {
				b[i] = -32768
			}
		default:
			b[i] = int16(r.Uint32())
		}
	}
}

// guarded8 returns n elements that end where memory ends.
func guarded8(t testing.TB, n int) []int8 {
	b := Guarded(t, n)
	return unsafe.Slice((*int8)(unsafe.Pointer(unsafe.SliceData(b))), n)
}

func guarded16(t testing.TB, n int) []int16 {
	b := Guarded(t, 2*n)
	return unsafe.Slice((*int16)(unsafe.Pointer(unsafe.SliceData(b))), n)
}

// canvas is an output with room around it: the kernel may write only what the
// oracle writes.
type canvas[T comparable] struct{ got, want []T }

const margin = 64

func newCanvas[T int8 | int16 | int32](n int) *canvas[T] {
	c := &canvas[T]{make([]T, n+2*margin), make([]T, n+2*margin)}
	for i := range c.got {
		c.got[i] = T(i*37 + 11)
	}
	copy(c.want, c.got)
	return c
}

func (c *canvas[T]) out() []T { return c.got[margin : len(c.got)-margin : len(c.got)-margin] }
func (c *canvas[T]) ref() []T { return c.want[margin : len(c.want)-margin] }

func (c *canvas[T]) check(t testing.TB, msg ...any) {
	for i := range c.got {
		if c.got[i] != c.want[i] {
			require.Equal(t, c.want[i], c.got[i], append([]any{"element %d of %d", i - margin, len(c.got) - 2*margin}, msg...)...)
		}
	}
}

// scale returns a random multiplier and shift: any in range, or one that takes
// accumulators of the given size to 8 bits.
func scale(r *rand.Rand, size float64) (m int32, s uint8) {
	m = 1<<30 + r.Int32N(1<<30)
	s = 1
	for want := size / 128; want > 1 && s < 31; want /= 2 {
		s++
	}
	return m, min(31, s)
}
