package zoo

import (
	"math"

	"github.com/edgerun/edgerun/internal/portable"
)

// The package's floating point gives the same bits on every machine, as package
// portable's does: where a product is added to something, it is exact (two
// float32 in float64) or converted first, so that it makes no difference
// whether a compiler fuses the two.

// rng is a counter that a hash makes random numbers of (SplitMix64: Steele
// 2014, Fast Splittable Pseudorandom Number Generators, §5).
type rng struct{ state uint64 }

// newRNG seeds a generator with a text.
func newRNG(seed string) *rng {
	h := uint64(14695981039346656037) // FNV-1a
	for i := range len(seed) {
		h = (h ^ uint64(seed[i])) * 1099511628211
	}
	return &rng{h}
}

func (r *rng) next() uint64 {
	r.state += 0x9e3779b97f4a7c15
	z := r.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// intn returns a number in [0, n), n below 2^32.
func (r *rng) intn(n int) int { return int(r.next() >> 32 * uint64(n) >> 32) }

// bell is the sum of four 16-bit numbers around 0: a bell curve of integers
// with the deviation bellSD and no tail beyond 3.5 of them.
func (r *rng) bell() int32 {
	z := r.next()
	sum := int32(z&0xffff) + int32(z>>16&0xffff) + int32(z>>32&0xffff) + int32(z>>48)
	return 2*sum - 4*0xffff
}

// bellSD is 2·sqrt(4·(65536² − 1)/12).
const bellSD = 75674.4

// normal is bell with a deviation of 1.
func (r *rng) normal() float64 { return float64(r.bell()) / bellSD }

// uniform returns a number in [lo, hi].
func (r *rng) uniform(lo, hi float64) float64 {
	return lo + float64((hi-lo)*float64(r.next()>>40)/(1<<24-1))
}

// mul is a product that nothing is fused with.
func mul(a, b float64) float64 { return float64(a * b) }

func sigmoid(x float64) float64 { return 1 / (1 + portable.Exp(-x)) }

func hardSigmoid(x float64) float64 { return min(max(x/6+0.5, 0), 1) }

// moments returns mean and variance of what n > 1 numbers with these sums are
// a sample of.
func moments(sum, squares float64, n int) (mean, variance float64) {
	mean = sum / float64(n)
	return mean, max(0, (squares-mul(sum, mean))/float64(n-1))
}

func sqrt(x float64) float64 { return math.Sqrt(x) }
