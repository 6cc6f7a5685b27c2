// Package generic has every kernel in plain Go. It is the specification that
// all other tiers must equal bit for bit, and what runs where there is no tier
// for the CPU.
//
// Plain does not mean slow: on 64-bit machines the convolutions pack the
// weights of three output channels into one int64 word, so that one
// multiplication does three multiply-accumulates (see gemm.go).
package generic

import (
	"math"
	"unsafe"

	"github.com/edgerun/edgerun/internal/requant"
	"github.com/edgerun/edgerun/kernels"
)

// Table returns the generic kernels. Every slot is filled.
func Table() kernels.Table {
	return kernels.Table{
		Tier:          "generic",
		Conv:          []kernels.Conv{conv},
		Depthwise:     []kernels.Conv{depthwise},
		Dense:         []kernels.Conv{dense},
		DeformConv:    []kernels.Conv{deformConv},
		ConvTranspose: []kernels.Conv{convTranspose},
		SE:            se,
		Add:           add,
		Mul:           mul,
		MaxPool:       maxPool,
		AveragePool:   averagePool,
		Resize:        resize,
		LUT:           lut,
		Requantize:    requantize,
		Softmax:       softmax,
		LogSoftmax:    logSoftmax,
		Copy:          copyKernel,
		ArgMax:        argMax,
		LRN:           lrn,
		Quantize:      quantize,
		Dequantize:    dequantize,
	}
}

// wide is true where the machine multiplies 64-bit words in one instruction.
const wide = math.MaxUint>>63 == 1

func always(*kernels.ConvArgs) bool    { return true }
func noBytes(*kernels.ConvArgs) int    { return 0 }
func noPack([]int8, *kernels.ConvArgs) {}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

// carver cuts typed slices off a worker's scratch memory.
type carver struct{ b []byte }

func (c *carver) take(n int) unsafe.Pointer {
	n = (n + 15) &^ 15
	p := unsafe.Pointer(unsafe.SliceData(c.b))
	c.b = c.b[n:]
	return p
}

func (c *carver) int64s(n int) []int64 { return unsafe.Slice((*int64)(c.take(8*n)), n) }
func (c *carver) int32s(n int) []int32 { return unsafe.Slice((*int32)(c.take(4*n)), n) }
func (c *carver) int16s(n int) []int16 { return unsafe.Slice((*int16)(c.take(2*n)), n) }
func (c *carver) int8s(n int) []int8   { return unsafe.Slice((*int8)(c.take(n)), n) }

// round16 is the scratch that a slice of n bytes takes.
func round16(n int) int { return (n + 15) &^ 15 }

// requant8 scales acc and brings it into [lo, hi] around the zero point.
func requant8(acc, m int32, s uint8, zero, lo, hi int32) int32 {
	return min(max(requant.Scale(acc, m, s)+zero, lo), hi)
}
