package quant

import (
	"math"

	ermfmt "github.com/edgerun/edgerun/fmt"
	"github.com/edgerun/edgerun/internal/ir"
)

// The widths of quantized values.
const (
	Int8Type  = ermfmt.Int8
	Int16Type = ermfmt.Int16
)

// params is how a tensor's integers stand for real values.
type params struct {
	dtype ermfmt.DType
	scale float64
	zero  int32
}

// newParams covers a range that holds 0.
func newParams(d ermfmt.DType, lo, hi float64) params {
	lo, hi = min(lo, 0), max(hi, 0)
	if d == Int16Type {
		m := max(-lo, hi)
		if m == 0 {
			m = 1
		}
		return params{d, roundScale(m / 32767), 0}
	}
	if lo == hi {
		return params{d, 1, 0}
	}
	s := roundScale((hi - lo) / levels)
	z := math.Round(-128 - lo/s)
	return params{d, s, int32(min(max(z, -128), 127))}
}

// roundScale rounds to what a file holds, a float32.
func roundScale(s float64) float64 { return float64(float32(s)) }

func (p params) limits() (lo, hi int32) {
	if p.dtype == Int16Type {
		return -32768, 32767
	}
	return -128, 127
}

func (p params) quantize(x float64) int32 {
	lo, hi := p.limits()
	q := math.Floor(x/p.scale+0.5) + float64(p.zero)
	return int32(min(max(q, float64(lo)), float64(hi)))
}

func (p params) real(q int32) float64 { return p.scale * float64(q-p.zero) }

// span is the range that the integers cover.
func (p params) span() (lo, hi float64) {
	a, b := p.limits()
	return p.real(a), p.real(b)
}

// clamp returns the integers that an activation leaves.
func (p params) clamp(a *ir.Act) ermfmt.Clamp {
	lo, hi := p.limits()
	if a.Kind == "clamp" {
		c := ermfmt.Clamp{Lo: p.quantize(float64(a.Lo)), Hi: p.quantize(float64(a.Hi))}
		if c.Lo <= c.Hi {
			return c
		}
	}
	return ermfmt.Clamp{Lo: lo, Hi: hi}
}

// fixed ranges: values whose range is known without looking.
var (
	gateParams   = params{Int8Type, 1.0 / 256, -128} // sigmoid, softmax: [0, 1)
	gate16Params = params{Int16Type, 1.0 / 32768, 0}
	tanhParams   = params{Int8Type, 1.0 / 128, 0}
)
