//go:build !purego

package arm64

import (
	"unsafe"

	"github.com/edgerun/edgerun/kernels"
)

// dwDotTask is a piece of a depthwise convolution for the dotprod kernels: some
// pairs of output rows of some blocks of channels.
//
// The kernels walk along the columns that the outputs of a line read: first lead
// columns outside the input, then inside ones, then again columns outside.
type dwDotTask struct {
	in, out *int8 // first element of the image; of the output's
	packed  *int8 // of the first block
	pairs   *dwPair
	end     *dwPair // behind the last
	blocks  int
	n       int // outputs of a row
	lead    int // columns outside before the first inside
	inside  int // columns inside
	outStep int // between outputs
	ch      int // first channel
	last    int // channel where the last block starts
	zero    [16]int8
	lo, hi  [8]int16 // less zero
	// The kernel's own.
	pair            *dwPair // at work
	missing, before int     // outputs missing at the start of a row; 1 in front of the input

	pad   [8]int8 // the input's zero point
	dummy [8]int8 // takes outputs that there are not
}

// dwPair are two output rows and the up to eight input rows that they read: for
// each, the offset of the first column inside and the distance to the next, 0 for
// a row outside the input.
type dwPair struct {
	in, step [8]int
	out      [2]int // offset of the first output; the second is -1 for none
}

// dwDotBlock are the constants of eight channels, in front of the weights.
type dwDotBlock struct {
	mult, shift, bias [8]int32
}

// dwDotShape says how a kernel reads its input.
type dwDotShape struct {
	kernel, stride int
	vectors        int // of weights
	pack           func(w [][16]int8, tap func(ky, kx, c int) int8)
}

// One for every kernel and stride.
//
//go:noescape
func dw3s1DotProd(t *dwDotTask)

//go:noescape
func dw3s2DotProd(t *dwDotTask)

//go:noescape
func dw5s1DotProd(t *dwDotTask)

//go:noescape
func dw5s2DotProd(t *dwDotTask)

// call runs the kernel of a shape. By name, so that the task stays on the stack.
func (s *dwDotShape) call(t *dwDotTask) {
	switch {
	case s.kernel == 3 && s.stride == 1:
		dw3s1DotProd(t)
	case s.kernel == 3:
		dw3s2DotProd(t)
	case s.stride == 1:
		dw5s1DotProd(t)
	default:
		dw5s2DotProd(t)
	}
}

func (s *dwDotShape) blockBytes() int { return int(unsafe.Sizeof(dwDotBlock{})) + 16*s.vectors }

// takes accepts windows of the kernel's size and stride. Scaled accumulators have
// to fit 16 bits.
func (s *dwDotShape) takes(a *kernels.ConvArgs) bool {
	if !dwPlain(a) || a.KH != s.kernel || a.KW != s.kernel || a.SH != s.stride || a.SW != s.stride || s.stride > 1 && a.DW > 1 || a.OW > dwMaxRow {
		return false
	}
	for phase := range min(dwGap(a), a.OW) {
		if _, inside := dwColumns(a, phase); inside == 0 {
			return false
		}
	}
	for o := range a.OC {
		if scaled(dwLimit(a, o), a.Mult[o])>>a.Shift[o] >= 1<<15-1 {
			return false
		}
	}
	return true
}

// dwColumns returns how many of the columns of a line are in front of the input,
// and how many inside.
func dwColumns(a *kernels.ConvArgs, phase int) (lead, inside int) {
	l := newDWLine(a, phase)
	total := (l.n-1)*a.SW + a.KW // columns that the line reads
	return l.left, total - l.left - l.right
}

func (s *dwDotShape) packAll(dst []int8, a *kernels.ConvArgs) {
	for b := range dwBlocks(a) {
		d := dst[b*s.blockBytes():][:s.blockBytes()]
		c := dwChannel(a, b)
		q := (*dwDotBlock)(unsafe.Pointer(&d[0]))
		copy(q.mult[:], a.Mult[c:])
		copy(q.bias[:], a.Bias[c:])
		for i := range q.shift {
			q.shift[i] = -int32(a.Shift[c+i])
		}
		w := unsafe.Slice((*[16]int8)(unsafe.Pointer(&d[unsafe.Sizeof(*q)])), s.vectors)
		s.pack(w, func(ky, kx, i int) int8 {
			if ky < 0 || ky >= a.KH || kx < 0 || kx >= a.KW {
				return 0
			}
			return a.Weights[(ky*a.KW+kx)*a.OC+c+i]
		})
	}
}

// The weights are in the order of the kernels' use; see there.
var (
	dw3s1 = dwDotShape{kernel: 3, stride: 1, vectors: 12, pack: func(w [][16]int8, tap func(ky, kx, c int) int8) {
		for i := range w { // [row of outputs][column][half of the channels]
			dwLanes(&w[i], i%2, func(l, c int) int8 { return tap(l-i/6, i/2%3, c) })
		}
	}}
	dw3s2 = dwDotShape{kernel: 3, stride: 2, vectors: 6, pack: func(w [][16]int8, tap func(ky, kx, c int) int8) {
		for i := range w { // [column][half]
			dwLanes(&w[i], i%2, func(l, c int) int8 { return tap(l, i/2, c) })
		}
	}}
	dw5s1 = dwDotShape{kernel: 5, stride: 1, vectors: 32, pack: func(w [][16]int8, tap func(ky, kx, c int) int8) {
		// Columns 0 to 3, the pairs at 0 and 2, column 4, the second half of the pair at 3.
		order := [8]struct{ pair, kx int }{{0, 0}, {0, 1}, {0, 2}, {0, 3}, {1, 0}, {1, 2}, {0, 4}, {1, 3}}
		for i := range w { // [step][row of outputs][half]
			o, r := order[i/4], i/2%2
			dwLanes(&w[i], i%2, func(l, c int) int8 {
				switch {
				case o.pair == 0:
					return tap(l-r, o.kx, c)
				case o.kx == 3 && l < 2:
					return 0
				}
				return tap(4+l%2-r, o.kx+l/2, c)
			})
		}
	}}
	dw5s2 = dwDotShape{kernel: 5, stride: 2, vectors: 40, pack: func(w [][16]int8, tap func(ky, kx, c int) int8) {
		for i := range w { // [column][rows 0 to 3, 4 to 6][row of outputs][half]
			dwLanes(&w[i], i%2, func(l, c int) int8 { return tap(i/4%2*4+l-i/2%2*2, i/8, c) })
		}
	}}
)

// dwLanes fills a vector: four lanes each for the channels of a half.
func dwLanes(w *[16]int8, half int, f func(l, c int) int8) {
	for l := range w {
		w[l] = f(l%4, 4*half+l/4)
	}
}

func (s *dwDotShape) conv(name string) kernels.Conv {
	return kernels.Conv{
		Name:        name,
		Takes:       s.takes,
		PackedBytes: func(a *kernels.ConvArgs) int { return dwBlocks(a) * s.blockBytes() },
		Pack:        s.packAll,
		Scratch:     func(*kernels.ConvArgs) int { return 0 },
		Units:       dwUnits,
		Run:         s.run,
	}
}

func plugDepthwiseDotProd(t *kernels.Table) {
	t.Depthwise = append([]kernels.Conv{
		dw3s1.conv("s8-depthwise-3x3s1-dotprod"), dw3s2.conv("s8-depthwise-3x3s2-dotprod"),
		dw5s1.conv("s8-depthwise-5x5s1-dotprod"), dw5s2.conv("s8-depthwise-5x5s2-dotprod"),
	}, t.Depthwise...)
}

func (s *dwDotShape) run(a *kernels.ConvArgs, _, u0, u1 int) {
	g := newDWGrid(a, a.Workers)
	gap := dwGap(a)
	t := dwDotTask{outStep: gap * a.OutPlane.W, last: a.OC - dwBlock}
	t.zero = of8(a.ZOut)
	fillBytes(t.pad[:], int8(a.ZIn))
	for i := range t.lo {
		t.lo[i], t.hi[i] = int16(a.Lo-a.ZOut), int16(a.Hi-a.ZOut)
	}
	var pairs [dwStrip + 1]dwPair
	for u := u0; u < u1; u++ {
		n, y0, y1, b0, b1 := g.unit(a, u)
		t.in, t.out = &a.In[n*a.InPlane.N], &a.Out[n*a.OutPlane.N]
		for phase := range min(gap, a.OW) {
			l := newDWLine(a, phase)
			t.n = l.n
			t.lead, t.inside = dwColumns(a, phase)
			k := s.setPairs(a, pairs[:dwStrip], &l, y0, y1, phase)
			// As many pairs, then as many blocks as a call may do.
			strip := min(k, max(1, dwWork/(2*l.n)))
			per := max(1, dwWork/(2*l.n*strip))
			for p := 0; p < k; p += strip {
				t.pairs, t.end = &pairs[p], &pairs[min(p+strip, k)]
				for b := b0; b < b1; b += per {
					t.packed, t.ch, t.blocks = &a.Packed[b*s.blockBytes()], dwChannel(a, b), min(per, b1-b)
					s.call(&t)
				}
			}
		}
	}
}

// setPairs describes output rows [y0, y1), two at a time whose windows lie one
// tap apart, and returns their number.
func (s *dwDotShape) setPairs(a *kernels.ConvArgs, pairs []dwPair, l *dwLine, y0, y1, phase int) int {
	gap := 1
	if a.SH == 1 {
		gap = a.DH
	}
	k := 0
	first := l.first + l.left*a.DW
	for y := y0; y < y1; y++ {
		if (y-y0)/gap%2 == 1 {
			continue // the second of a pair
		}
		p := &pairs[k]
		k++
		for i := range min(s.kernel+a.SH, 8) {
			iy := y*a.SH - a.PT + i*a.DH
			p.in[i], p.step[i] = 0, 0
			if iy >= 0 && iy < a.IH {
				p.in[i], p.step[i] = iy*a.InPlane.H+first*a.InPlane.W, a.DW*a.InPlane.W
			}
		}
		p.out = [2]int{y*a.OutPlane.H + phase*a.OutPlane.W, -1}
		if y+gap < y1 {
			p.out[1] = p.out[0] + gap*a.OutPlane.H
		}
	}
	return k
}
