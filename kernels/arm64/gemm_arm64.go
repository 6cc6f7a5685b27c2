//go:build !purego

package arm64

import "unsafe"

// gemmArgs are the arguments of the GEMM kernels: rows of bytes times packed
// weights, for m rows and n columns of one output.
//
// Row r is made of ntaps runs of kc bytes, run t at a + rows[r] + taps[t]. Its
// results go to out + outs[r] on.
//
// Columns stand in blocks of 16, except at the end of a group of channels: blocks
// of 12 and 8 or 12 and 12 are better than 16 and 4 or 8, because spreading a
// row's bytes costs the same however many columns they meet. The weights of a block of c columns take c bytes for every byte of
// a row, in the order in which the tier's kernel reads them. The constants of a
// block are, 16 of each whatever its width: bias, multiplier, negative shift,
// where the layer has them multiplier and negative shift for negative
// accumulators, and other biases (clip_arm64.go).
type gemmArgs struct {
	a    *int8
	rows *int32
	outs *int32 // in bytes
	taps *int32
	w    *int8
	q    *int32
	out  unsafe.Pointer
	acc  *int32 // room for a tile's accumulators, 4 rows of 16

	m         int
	n         int // columns to the end of the group
	blocks    int // of the call
	ntaps, kc int
	qstep     int // bytes from one block's constants to the next
	shift     int // log2 of an output's bytes
	narrow    int // 0: all blocks have 16 columns
	flags     int

	// Rows may leave out weights: bytes of every column in front of the first tap,
	// from there to the end of the block, and between two taps.
	head, rest, gap int
	bias            int // where the bias stands in a block's constants, in bytes

	pre, zero32, lo32, hi32 int32 // for gemmFinish

	// For other outputs: a vector of each.
	zero   [4]int32 // in the upper half
	lo, hi [16]int8
}

// Flags of gemmArgs. The kernels know their bits.
const (
	gemmFill  = 1 << 0 // accumulators start with what is at acc, not with the bias
	gemmSpill = 1 << 2 // accumulators stay at acc, there are no outputs yet
	gemmNeg   = 1 << 3 // there are scales for negative accumulators
	gemmWide  = 1 << 4 // outputs have 16 bits
	gemmClamp = 1 << 5 // the bounds are not those of the type
)

//go:noescape
func gemmNEON(a *gemmArgs)

//go:noescape
func gemmDotProd(a *gemmArgs)

//go:noescape
func gemmI8MM(a *gemmArgs)

// tier is an instruction-set level that has GEMM kernels.
type tier int

const (
	tierNEON tier = iota
	tierDotProd
	tierI8MM
)

func (t tier) String() string { return [...]string{"neon", "dotprod", "i8mm"}[t] }

// step is what a kernel takes of k at a time: runs are a multiple of it long.
func (t tier) step() int {
	if t == tierI8MM {
		return 8
	}
	return 4
}

// run calls the tier's kernel. By name, so that the arguments stay on the stack.
func (t tier) run(a *gemmArgs) {
	switch t {
	case tierDotProd:
		gemmDotProd(a)
	case tierI8MM:
		gemmI8MM(a)
	default:
		gemmNEON(a)
	}
}

// at is where byte j of a step of column c stands in a block.
func (t tier) at(c, j int) int {
	if t == tierNEON {
		return c/4*16 + j/2*8 + c%4*2 + j%2
	}
	return c*t.step() + j
}

// width is the number of columns of the block that starts n columns before the end
// of a group.
func width(n int) int {
	switch g := ceilDiv(n, 4); {
	case g <= 4:
		return 4 * g
	case g <= 6:
		return 12
	}
	return 16
}

// pack writes the weights of columns [0, cols) of a block that is width columns
// wide: runs of kc bytes, made of pieces of n weights. Weight i of piece p of
// column c is w[c·ldw + p·n + i].
func (t tier) pack(dst, w []int8, ldw, cols, width int, runs []run) {
	step := t.step()
	clear(dst)
	for _, r := range runs {
		for c := range cols {
			src := w[c*ldw+r.first:][:r.n]
			for k := 0; k < len(src); k += step {
				d := dst[k*width:][:step*width]
				for j, v := range src[k:min(k+step, len(src))] {
					d[t.at(c, j)] = v
				}
			}
		}
		dst = dst[r.kc*width:]
	}
}

// run is a tap: kc bytes of a row, the first n of which meet the weights from
// first on; the others meet zeros.
type run struct{ first, n, kc int }

// A call of a kernel cannot be preempted. What it takes on a Cortex-A53, in
// cycles, is about 12k + 150 for a tile of 4 rows and 16 columns, and 3.5k + 100
// for a single row.
const (
	callCycles = 60_000  // what is aimed at
	mostCycles = 100_000 // what a single tile may take
)

func tileCycles(k int) int { return 12*k + 150 }

func rowCycles(k int) int { return 7*k/2 + 100 }
