package portable

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// apart is the distance of two numbers in units in the last place of the second.
func apart(got, want float64) float64 {
	switch {
	case got == want || got != got && want != want:
		return 0
	case math.IsInf(want, 0) || got != got || want != want:
		return math.Inf(1)
	}
	ulp := math.Nextafter(math.Abs(want), math.Inf(1)) - math.Abs(want)
	return math.Abs(got-want) / ulp
}

// functions are the functions of one variable, with the range that they are
// tried on and how far they may be from package math's, in units in the last
// place.
var functions = map[string]struct {
	f, ref func(float64) float64
	lo, hi float64
	most   float64
}{
	"Exp":   {Exp, math.Exp, -700, 708, 2},
	"Log":   {Log, math.Log, 0, 1e6, 4},
	"Log1p": {Log1p, math.Log1p, -1, 50, 5},
	"Expm1": {Expm1, math.Expm1, -40, 40, 6},
	"Tanh":  {Tanh, math.Tanh, -25, 25, 8},
	"Erf":   {Erf, math.Erf, -6.5, 6.5, 40},
	"Sin":   {Sin, math.Sin, -100, 100, 4},
	"Cos":   {Cos, math.Cos, -100, 100, 4},
}

func TestFunctions(t *testing.T) {
	for name, c := range functions {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			worst := 0.0
			for i := range 200_000 {
				x := c.lo + r.Float64()*(c.hi-c.lo)
				if i%2 == 0 { // small ones, of every size
					x = math.Copysign(math.Ldexp(1+r.Float64(), -r.IntN(60)), x)
					if x < c.lo {
						x = -x
					}
				}
				d := apart(c.f(x), c.ref(x))
				if (name == "Sin" || name == "Cos") && math.Abs(c.ref(x)) < 1e-3 {
					d = 0 // the argument's rounding is all that is left there
				}
				if d > worst {
					worst = d
					require.LessOrEqual(t, d, c.most, "%s(%v) = %v, want %v", name, x, c.f(x), c.ref(x))
				}
			}
			t.Logf("at most %.1f units in the last place", worst)
		})
	}
}

func TestPow(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 100_000 {
		x, y := math.Ldexp(r.Float64()+0.5, r.IntN(40)-20), r.NormFloat64()*5
		switch r.IntN(4) {
		case 0:
			y = math.Round(y * 20)
		case 1:
			y = []float64{0.5, -0.5, 0.75, 2, -1}[r.IntN(5)]
		}
		if y == math.Trunc(y) && r.IntN(2) == 0 {
			x = -x
		}
		want := math.Pow(x, y)
		if a := math.Abs(want); a < 1e-300 || a > 1e300 {
			continue
		}
		require.InEpsilon(t, want, Pow(x, y), 1e-12, "%v^%v", x, y)
	}
}

// TestSpecial: arguments that are no ordinary numbers, and the ends of ranges.
func TestSpecial(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	special := []float64{0, math.Copysign(0, -1), 1, -1, 2, -2, 0.5, -0.5, 3, -3, inf, -inf, nan, math.MaxFloat64, -math.MaxFloat64, math.Ldexp(1, -1000)}
	for name, c := range functions {
		for _, x := range special {
			if (name == "Sin" || name == "Cos") && math.Abs(x) > 1e6 && x-x == 0 {
				continue
			}
			got, want := c.f(x), c.ref(x)
			require.LessOrEqual(t, apart(got, want), c.most, "%s(%v) = %v, want %v", name, x, got, want)
			require.Equal(t, math.Signbit(want), math.Signbit(got) && got == got || math.Signbit(want) && want != want, "%s(%v) = %v", name, x, got)
		}
	}
	for _, x := range special {
		for _, y := range special {
			got, want := Pow(x, y), math.Pow(x, y)
			if want-want == 0 && want != 0 {
				require.InEpsilon(t, want, got, 1e-12, "%v^%v", x, y)
			} else {
				require.Equal(t, fmt.Sprint(want), fmt.Sprint(got), "%v^%v", x, y)
			}
		}
	}
	// Where package math's assembly is wrong on some CPUs.
	require.Equal(t, inf, Exp(710))
	require.InEpsilon(t, 1.6549840276802644e308, Exp(709.7), 1e-13)
	require.InEpsilon(t, 4.9406564584125e-324, Exp(-745), 1e-13)
	require.Zero(t, Exp(-746))
	require.InEpsilon(t, -744.4400719213812, Log(math.SmallestNonzeroFloat64), 1e-15)
	require.InDelta(t, math.Sin(1e9), Sin(1e9), 1e-6)
}

// TestSameEverywhere holds the bits of many results to a recorded hash.
func TestSameEverywhere(t *testing.T) {
	h := sha256.New()
	r := rand.New(rand.NewPCG(5, 6))
	for range 20_000 {
		x, y := (r.Float64()-0.5)*20, (r.Float64()-0.5)*6
		for _, v := range []float64{Exp(x), Log(math.Abs(x)), Log1p(math.Abs(x)), Expm1(x), Tanh(x), Erf(x), Sin(x), Cos(x), Pow(math.Abs(x), y)} {
			_ = binary.Write(h, binary.LittleEndian, v)
		}
	}
	require.Equal(t, "3d1ed0105e951707e07354256c6bb8c8ecaef0e665e1c641b7b6c7e92d1aff80", fmt.Sprintf("%x", h.Sum(nil)))
}
