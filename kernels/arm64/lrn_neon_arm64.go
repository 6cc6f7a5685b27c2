//go:build !purego

package arm64

import (
	"unsafe"

	"github.com/edgerun/edgerun/kernels"
)

// lrnTask normalizes channels of a run of pixels.
type lrnTask struct {
	x, own       *int8          // the first pixel's first channel that is squared, and of the output
	y            unsafe.Pointer // int8 or int16
	squares      *uint16        // where squares go
	window       *uint16        // squares of the first output's window
	args         *uint32        // arguments of the table, one for each output
	pairs        *[2]int32
	squared, n   int // channels that are squared, and of the output, 16 at least each
	size         int
	pixels       int
	stepX, stepY int // bytes
	wide         bool
	zin, shift   int
	zero, lo, hi int
}

//go:noescape
func lrnNEON(t *lrnTask)

const (
	// lrnWindow bounds Size: sums of so many squares are exact in float32, and a pixel's
	// block is short enough for one call.
	lrnWindow = 64
	// lrnBlock is how many channels are normalized at a time.
	lrnBlock = 512
	// lrnOctaves is how many octaves of u there are: u is at most 255²·64.
	lrnOctaves = 22
	// lrnWork bounds a call. An output counts 8 + Size/2; a Cortex-A53 needs 12 cycles for
	// one with a Size of 5, which counts 10.
	lrnWork = 60_000
)

// lrnMemory is what a worker computes with.
type lrnMemory struct {
	pairs   [32 * lrnOctaves][2]int32
	squares [lrnBlock + lrnWindow + 16]uint16
	args    [lrnBlock]uint32
}

// plugLRN takes windows of up to 64 of at least 16 channels.
func plugLRN(t *kernels.Table) {
	other := t.LRN.Run
	t.LRN = kernels.LRN{Name: "s8-lrn-neon", Run: func(a *kernels.LRNArgs, w, u0, u1 int) {
		if a.C < 16 || a.Size > lrnWindow {
			other(a, w, u0, u1)
			return
		}
		var m lrnMemory
		m.fill(a.Table)
		for c := 0; c < a.C; c += lrnBlock {
			lrnChannels(a, &m, min(c, a.C-16), min(c+lrnBlock, a.C), u0, u1)
		}
	}}
}

// fill lays a table out by octaves of u from 1 on, 32 entries each, and beside each
// entry the way to the next one.
func (m *lrnMemory) fill(t []int32) {
	for j := range 5 * 32 { // only integers are asked for
		m.pairs[j][0] = t[(32+j%32)<<(j/32)>>5]
	}
	for i := 32; i+1 < len(t); i++ {
		m.pairs[i+128] = [2]int32{t[i], t[i+1] - t[i]}
	}
}

// lrnChannels computes channels [c0, c1) of rows [u0, u1).
func lrnChannels(a *kernels.LRNArgs, m *lrnMemory, c0, c1, u0, u1 int) {
	before := min(c0, (a.Size-1)/2) // channels of the window that there are
	missing := (a.Size-1)/2 - before
	end := min(a.C, c1+a.Size/2)
	t := lrnTask{
		squares: &m.squares[missing], window: &m.squares[0], args: &m.args[0], pairs: &m.pairs[0],
		squared: end - c0 + before, n: c1 - c0, size: a.Size, stepX: a.InPlane.W, stepY: a.OutPlane.W, wide: a.Out == nil,
		zin: int(a.ZIn), shift: int(a.Shift), zero: int(a.ZOut), lo: int(a.Lo), hi: int(a.Hi),
	}
	for i := range missing {
		m.squares[i] = 0
	}
	for i := missing + t.squared; i < t.n+a.Size-1; i++ {
		m.squares[i] = 0
	}
	size := 1
	if t.wide {
		size, t.stepY = 2, 2*t.stepY
	}
	for u := u0; u < u1; u++ {
		in := u/a.H*a.InPlane.N + u%a.H*a.InPlane.H + c0
		out := u/a.H*a.OutPlane.N + u%a.H*a.OutPlane.H + c0
		for x := 0; x < a.W; x += t.pixels {
			t.pixels = min(a.W-x, max(1, lrnWork/((8+a.Size/2)*t.n)))
			t.own = &a.In[in+x*a.InPlane.W]
			t.x = &a.In[in+x*a.InPlane.W-before]
			if size == 1 {
				t.y = unsafe.Pointer(&a.Out[out+x*a.OutPlane.W])
			} else {
				t.y = unsafe.Pointer(&a.Out16[out+x*a.OutPlane.W])
			}
			lrnNEON(&t)
		}
	}
}
