// Package portable has the functions of package math whose last bits depend on
// the machine, because math has assembly for some CPUs and compilers fuse
// multiplications and additions on others. Here they give the same bits
// everywhere, within a few units in the last place of the true value: the
// converter's files must not depend on where they are made.
//
// Every product is converted before anything is added to it, which keeps it
// from being fused (the Go specification, Floating-point operators). Functions
// that IEEE 754 defines to the last bit, such as math.Sqrt, and those that are
// exact, such as math.Floor, may be used as they are.
package portable

import (
	"math"
	"sync"
)

// ln2 in two parts; n·ln2Hi is exact for integers up to 2^20.
const (
	ln2Hi = 6.93147180369123816490e-01
	ln2Lo = 1.90821492927058770002e-10
)

// reciprocal factorials, 1/n!.
var factorial = func() (c [16]float64) {
	f := 1.0 // exact to 18!
	for n := range c {
		if n > 0 {
			f *= float64(n)
		}
		c[n] = 1 / f
	}
	return c
}()

// series returns r + r²/2! + r³/3! + …, for |r| <= 0.36: terms with odd and with
// even powers on their own, so that they need not wait for each other.
func series(r float64) float64 {
	z := float64(r * r)
	odd, even := factorial[13], factorial[14]
	for n := 12; n >= 2; n -= 2 {
		odd = factorial[n-1] + float64(odd*z)
		even = factorial[n] + float64(even*z)
	}
	return float64(odd*r) + float64(even*z)
}

// Exp returns e^x: 2^k·e^r with |r| <= ln 2 / 2.
func Exp(x float64) float64 {
	switch {
	case x != x || x > 710:
		return x * math.Inf(1)
	case x < -746:
		return 0
	}
	k := math.RoundToEven(x * (1 / math.Ln2))
	r := x - float64(k*ln2Hi) - float64(k*ln2Lo)
	p := 1 + series(r)
	if k < -1021 || k > 1023 {
		return math.Ldexp(p, int(k))
	}
	return p * math.Float64frombits(uint64(int64(k)+1023)<<52) // exact
}

// odd numbers' reciprocals, 1/(2n+1).
var oddReciprocal = func() (c [14]float64) {
	for n := range c {
		c[n] = 1 / float64(2*n+1)
	}
	return c
}()

// Log returns the natural logarithm: with x = f·2^k and f around 1,
// k·ln 2 + 2·artanh((f − 1)/(f + 1)).
func Log(x float64) float64 {
	if !(x > 0) || x > math.MaxFloat64 {
		return math.Log(x) // exact: NaN or an infinity
	}
	f, e := math.Frexp(x)
	if f < math.Sqrt2/2 {
		f, e = f+f, e-1
	}
	s := (f - 1) / (f + 1)
	z := float64(s * s)
	zz := float64(z * z)
	// z/3 + z²/5 + …, by odd and even powers.
	odd, even := oddReciprocal[11], oddReciprocal[12]
	for n := 10; n >= 2; n -= 2 {
		odd = oddReciprocal[n-1] + float64(odd*zz)
		even = oddReciprocal[n] + float64(even*zz)
	}
	p := float64(odd*z) + float64(even*zz)
	k := float64(e)
	return float64(k*ln2Hi) + (s + s + float64(2*s*p) + float64(k*ln2Lo))
}

// Log1p returns log(1 + x): what rounding 1 + x loses is the factor x over
// what is left of it (Kahan).
func Log1p(x float64) float64 {
	u := 1 + x
	switch {
	case u == 1:
		return x
	case !(u > 0) || u > math.MaxFloat64:
		return Log(u)
	}
	return Log(u) * (x / (u - 1))
}

// Expm1 returns e^x − 1.
func Expm1(x float64) float64 {
	switch {
	case x == 0:
		return x // with its sign
	case math.Abs(x) < 0.36:
		return series(x)
	}
	return Exp(x) - 1
}

// Tanh returns the hyperbolic tangent.
func Tanh(x float64) float64 {
	a := math.Abs(x)
	if a > 22 {
		return math.Copysign(1, x)
	}
	t := Expm1(2 * a)
	return math.Copysign(t/(t+2), x)
}

// erfTable holds the Taylor coefficients of the error function around the
// multiples of 1/16, up to 6.
var erfTable = sync.OnceValue(func() *[97][13]float64 {
	t := new([97][13]float64)
	for i := range t {
		c, x := &t[i], float64(i)/16
		c[0] = erfSeries(x)
		// The derivative is g = 2/√π·e^(−x²), whose own is −2x·g; so are its
		// coefficients: (n+1)·g[n+1] = −2(x·g[n] + g[n−1]).
		g, before := 2/math.Sqrt(math.Pi)*Exp(-float64(x*x)), 0.0
		for n := 1; n < len(c); n++ {
			c[n] = g / float64(n)
			g, before = -2*(float64(x*g)+before)/float64(n), g
		}
	}
	return t
})

// erfSeries is 2/√π·e^(−x²)·Σ 2^n·x^(2n+1)/(1·3·…·(2n+1)), whose terms are all of
// one sign (Abramowitz and Stegun 7.1.6).
func erfSeries(x float64) float64 {
	z := float64(x * x)
	sum, term := x, x
	for n := 3.0; term > sum*1e-18; n += 2 {
		term = float64(term * 2 * z / n)
		sum += term
	}
	return 2 / math.Sqrt(math.Pi) * Exp(-z) * sum
}

// Erf returns the error function.
func Erf(x float64) float64 {
	a := math.Abs(x)
	switch {
	case x != x:
		return x
	case a >= 6:
		return math.Copysign(1, x)
	}
	i := math.RoundToEven(a * 16)
	d := a - float64(i/16)
	c := &erfTable()[int(i)]
	p := 0.0
	for n := len(c) - 1; n >= 0; n-- {
		p = c[n] + float64(p*d)
	}
	return math.Copysign(min(p, 1), x)
}

// Sin returns the sine.
func Sin(x float64) float64 { return sine(x, 0) }

// Cos returns the cosine.
func Cos(x float64) float64 { return sine(x, 1) }

// Half of π in three parts; n times one of the first two is exact for integers
// up to 2^20.
const (
	halfPi1 = 1.57079632673412561417e+00
	halfPi2 = 6.07710050630396597660e-11
	halfPi3 = 2.02226624879595063154e-21
)

// sine returns sin(x + quarter·π/2), from the series around the nearest
// multiple of π/2. Beyond a million the argument is reduced by the float64 next
// to 2π first, which is not exact.
func sine(x float64, quarter int) float64 {
	switch {
	case x-x != 0:
		return math.NaN()
	case x == 0 && quarter == 0:
		return x // with its sign
	}
	if math.Abs(x) > 1e6 {
		x = math.Mod(x, 2*math.Pi)
	}
	k := math.RoundToEven(x / (math.Pi / 2))
	r := x - float64(k*halfPi1) - float64(k*halfPi2) - float64(k*halfPi3)
	z := float64(r * r)
	p, first := 1.0, 18.0 // cos: 1 − z/(1·2)·(1 − z/(3·4)·(…))
	q := (int(k) + quarter) & 3
	if q&1 == 0 {
		first = 19 // sin: r·(1 − z/(2·3)·(1 − …))
	}
	for n := first; n >= 2; n -= 2 {
		p = 1 - float64(z*p)/(n*(n-1))
	}
	if q&1 == 0 {
		p = float64(p * r)
	}
	if q >= 2 {
		p = -p
	}
	return p
}

// Pow returns x^y.
func Pow(x, y float64) float64 {
	switch {
	case x == 0 || y == 0 || x-x != 0 || y-y != 0 || x == 1 || x < 0 && y != math.Trunc(y):
		return math.Pow(x, y) // exact: 0, 1, an infinity or NaN
	case y == 0.5:
		return math.Sqrt(x)
	case y == -0.5:
		return 1 / math.Sqrt(x)
	case y == 0.75:
		r := math.Sqrt(x)
		return float64(r * math.Sqrt(r))
	case y == math.Trunc(y) && math.Abs(y) <= 64:
		p := 1.0
		for n := int(math.Abs(y)); n > 0; n >>= 1 {
			if n&1 == 1 {
				p = float64(p * x)
			}
			x = float64(x * x)
		}
		if y < 0 {
			return 1 / p
		}
		return p
	}
	p := Exp(float64(y * Log(math.Abs(x))))
	if x < 0 && math.Mod(y, 2) != 0 {
		return -p
	}
	return p
}
