// Package requant is the one home of the rounding rule by which 32-bit
// accumulators become 8- and 16-bit values. docs/arithmetic.md §2 has it for
// readers who write an implementation of their own.
//
//	scale = m · 2^-(31+s) · 2^pre     2^30 <= m < 2^31,  1 <= s <= 31,  0 <= pre <= 31
//	y     = (int64(sat32(acc << pre))·m + 1<<(30+s)) >> (31+s)
//
// One rounding, halves go up. On NEON this is SQSHL (when pre > 0), SQDMULH,
// SRSHL.
package requant

import "math"

// Multiplier is a real scale in fixed point. Pre is a left shift that scales
// of 0.5 and more need; layers share one over all channels.
type Multiplier struct {
	M     int32
	Shift uint8
	Pre   uint8
}

// MaxScale is the smallest real scale that From cannot represent.
const MaxScale = 1 << 30

// From converts a real scale, 0 <= scale < MaxScale. Scales below 2^-32 become
// 2^-32, which takes every accumulator of at most 30 bits to 0.
func From(scale float64) (Multiplier, bool) {
	if !(scale >= 0 && scale < MaxScale) {
		return Multiplier{}, false
	}
	if scale < 1.0/(1<<32) {
		return Multiplier{M: 1 << 30, Shift: 31}, true
	}
	f, e := math.Frexp(scale) // scale = f·2^e, 0.5 <= f < 1
	m := int64(math.Round(f * (1 << 31)))
	if m == 1<<31 {
		m, e = 1<<30, e+1
	}
	s := -e
	mul := Multiplier{M: int32(m)}
	switch {
	case s < 1:
		mul.Pre = uint8(1 - s)
		mul.Shift = 1
	case s > 31: // only by the rounding above
		mul = Multiplier{M: 1 << 30, Shift: 31}
	default:
		mul.Shift = uint8(s)
	}
	return mul, true
}

// WithPre returns the same scale with a larger pre-shift: what the channels of
// a layer do to share one.
func (m Multiplier) WithPre(pre uint8) Multiplier {
	s := int(m.Shift) + int(pre) - int(m.Pre)
	if s > 31 {
		return Multiplier{M: 1 << 30, Shift: 31, Pre: pre}
	}
	return Multiplier{M: m.M, Shift: uint8(s), Pre: pre}
}

// Real returns the scale as a number.
func (m Multiplier) Real() float64 {
	return math.Ldexp(float64(m.M), int(m.Pre)-31-int(m.Shift))
}

// Valid reports whether the fields are in the ranges that the kernels rely on.
func (m Multiplier) Valid() bool { return Valid(m.M, m.Shift) && m.Pre <= 31 }

// Valid reports whether a multiplier and a shift are in range.
func Valid(m int32, shift uint8) bool { return m >= 1<<30 && shift >= 1 && shift <= 31 }

// ValidSigned is Valid for scales that may be negative: m is then.
func ValidSigned(m int32, shift uint8) bool { return Valid(m, shift) || Valid(-m, shift) }

// Apply scales an accumulator.
func (m Multiplier) Apply(acc int32) int32 { return Scale(PreShift(acc, m.Pre), m.M, m.Shift) }

// Scale is the rule without a pre-shift. Halving the rounded-down double is the
// same as adding half before the shift, and saves a shift by a variable.
func Scale(acc, m int32, shift uint8) int32 {
	return int32((int64(acc)*int64(m)>>((30+uint(shift))&63) + 1) >> 1)
}

// PreShift is sat32(acc << pre).
func PreShift(acc int32, pre uint8) int32 {
	if pre == 0 {
		return acc
	}
	v := int64(acc) << (pre & 63)
	return int32(min(max(v, math.MinInt32), math.MaxInt32))
}
