package quant

import (
	"fmt"
	"math"
	"slices"

	"github.com/edgerun/edgerun/internal/portable"
)

// Method is a way to choose the range of an activation from what calibration
// saw.
type Method string

// The observers. Auto measures which of them costs the layers that read a
// tensor the least.
const (
	Auto       Method = "auto"
	MinMax     Method = "minmax"
	Percentile Method = "percentile"
	MSE        Method = "mse"
	Entropy    Method = "entropy"
)

// Methods lists the methods by name.
var Methods = []Method{Auto, MinMax, Percentile, MSE, Entropy}

// ParseMethod finds a method by its name.
func ParseMethod(s string) (Method, error) {
	if m := Method(s); slices.Contains(Methods, m) {
		return m, nil
	}
	return "", fmt.Errorf("method %q is unknown, want auto, minmax, percentile, mse or entropy", s)
}

// span is a candidate for the range of an activation.
type span struct {
	lo, hi float64
	how    string
}

// levels is the number of steps of an 8-bit value.
const levels = 255

// defaultTail is the share of values that Percentile gives up at each end.
const defaultTail = 1e-4

// candidates returns the ranges that a method proposes. Every range holds 0,
// so that padding and ReLU are exact.
func candidates(h *histogram, m Method) []span {
	lo, hi := min(0, float64(h.min)), max(0, float64(h.max))
	full := span{lo, hi, "minmax"}
	if lo == hi || len(h.bins) == 0 {
		return []span{full}
	}
	tail := func(t float64) span {
		a, b := h.quantile(t)
		return span{a, b, fmt.Sprintf("percentile %.7g", 100*(1-t))}
	}
	switch m {
	case MinMax:
		return []span{full}
	case Percentile:
		return []span{tail(defaultTail)}
	case MSE:
		return []span{bestSpan(h, full, "mse", h.squareError)}
	case Entropy:
		return []span{bestSpan(h, full, "entropy", h.divergence)}
	}
	out := []span{full}
	if -lo > 0.8*hi && -lo < 1.25*hi {
		// Zero point 0, so that values on a grid of their own, such as pixels
		// in [-1, 1], are not all rounded the same way.
		m := max(-lo, hi)
		out = append(out, span{-m * 128 / 127, m, "symmetric"})
	}
	for _, s := range []span{tail(1e-3), tail(1e-4), tail(1e-5), bestSpan(h, full, "mse", h.squareError), bestSpan(h, full, "entropy", h.divergence)} {
		// Ranges that differ by less than a step are one.
		near := func(o span) bool {
			step := (o.hi - o.lo) / levels
			return math.Abs(s.lo-o.lo) < step && math.Abs(s.hi-o.hi) < step
		}
		if s.lo < s.hi && !slices.ContainsFunc(out, near) {
			out = append(out, s)
		}
	}
	return out
}

// bestSpan shrinks both ends of a range, first together and then one by one,
// to where a cost is least.
func bestSpan(h *histogram, full span, how string, cost func(lo, hi float64) float64) span {
	best := span{full.lo, full.hi, how}
	least := cost(best.lo, best.hi)
	try := func(lo, hi float64) {
		if c := cost(lo, hi); c < least {
			best.lo, best.hi, least = lo, hi, c
		}
	}
	for k := 1; k < 48; k++ {
		f := 1 - float64(k)/56
		try(full.lo*f, full.hi*f)
	}
	for range 2 {
		lo, hi := best.lo, best.hi
		for k := range 40 {
			f := 0.3 + float64(float64(k)/40*0.8)
			if full.lo < 0 {
				try(max(full.lo, lo*f), best.hi)
			}
			if full.hi > 0 {
				try(best.lo, min(full.hi, hi*f))
			}
		}
	}
	return best
}

// squareError is the mean square error of quantizing to [lo, hi].
func (h *histogram) squareError(lo, hi float64) float64 {
	step := (hi - lo) / levels
	inside := step * step / 12
	var sum, n float64
	h.each(func(x, c float64) {
		switch {
		case x < lo:
			sum += float64(c * (float64((lo-x)*(lo-x)) + inside))
		case x > hi:
			sum += float64(c * (float64((x-hi)*(x-hi)) + inside))
		default:
			sum += float64(c * inside)
		}
		n += c
	})
	return sum / max(n, 1)
}

// functionError is the mean square error behind a function of the quantized
// values.
func (h *histogram) functionError(f func(x float64) float64) func(lo, hi float64) float64 {
	return func(lo, hi float64) float64 {
		q := newParams(Int8Type, lo, hi)
		var sum float64
		h.each(func(x, c float64) {
			// Where x lies between two levels is not known better than its
			// bin, which is much narrower.
			d := f(x) - f(q.real(q.quantize(x)))
			sum += float64(c * d * d)
		})
		return sum
	}
}

// divergence is the Kullback-Leibler divergence from the distribution of the
// values, clipped to [lo, hi], to what 256 levels can tell apart of it
// (Migacz, 8-bit Inference with TensorRT, GTC 2017).
func (h *histogram) divergence(lo, hi float64) float64 {
	if hi <= lo {
		return math.Inf(1)
	}
	first := int(math.Floor(math.Ldexp(lo, -h.exp))) - int(h.base)
	last := int(math.Ceil(math.Ldexp(hi, -h.exp))) - int(h.base) - 1
	first, last = max(first, 0), min(last, len(h.bins)-1)
	if last < first {
		return math.Inf(1)
	}
	n := last - first + 1
	p := make([]float64, n)
	for i, c := range h.bins {
		p[min(max(i-first, 0), n-1)] += float64(c)
	}
	groups := min(n, levels+1)
	var total, div float64
	for _, v := range p {
		total += v
	}
	if total == 0 {
		return 0
	}
	for g := range groups {
		from, to := g*n/groups, (g+1)*n/groups
		var sum, used float64
		for i := from; i < to; i++ {
			// What was clipped counts in P, not in Q: that is the loss.
			c := float64(h.bins[first+i])
			sum += c
			if p[i] > 0 {
				used++
			}
		}
		for i := from; i < to; i++ {
			if p[i] == 0 {
				continue
			}
			q := max(sum/used, 1e-9*total)
			div += float64(p[i] / total * portable.Log(p[i]/q))
		}
	}
	return div
}
