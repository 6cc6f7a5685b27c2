package quant

import "math"

// histogram counts values in bins whose width is a power of two and whose edges
// are multiples of it. Bins can therefore be joined in pairs when the range
// grows, and histograms of different samples be added, with the same result in
// any order.
type histogram struct {
	min, max float32
	seen     bool   // any value at all
	zeros    uint64 // of values that are exactly 0, which are in no bin
	exp      int    // the bins are 2^exp wide
	base     int64  // bin i starts at (base+i)·2^exp
	bins     []uint64
}

// maxBins bounds a histogram's bins: 16 for every level of an int8.
const maxBins = 4096

// add counts the values.
func (h *histogram) add(v []float32) {
	if len(v) == 0 {
		return
	}
	lo, hi := v[0], v[0]
	for _, x := range v { // no NaN is among them
		if x < lo {
			lo = x
		}
		if x > hi {
			hi = x
		}
	}
	h.cover(lo, hi)
	if h.bins == nil { // nothing but zeros so far
		h.zeros += uint64(len(v))
		return
	}
	inv := math.Ldexp(1, -h.exp)
	for _, x := range v {
		if x == 0 {
			h.zeros++
			continue
		}
		y := float64(x) * inv // exact: a power of two
		i := int64(y)
		if y < float64(i) {
			i-- // round down
		}
		h.bins[i-h.base]++
	}
}

// cover widens the histogram to the range [lo, hi] of some values.
func (h *histogram) cover(lo, hi float32) {
	if !h.seen {
		h.min, h.max, h.seen = lo, hi, true
	}
	h.min, h.max = min(h.min, lo), max(h.max, hi)
	if h.min == 0 && h.max == 0 {
		return
	}
	if h.bins == nil {
		h.exp = math.Ilogb(float64(max(h.max, -h.min))) - 12
	}
	for {
		w := math.Ldexp(1, -h.exp)
		from, to := math.Floor(float64(h.min)*w), math.Floor(float64(h.max)*w)
		if to-from < maxBins {
			h.rebase(int64(from), int(to-from)+1)
			return
		}
		h.coarsen()
	}
}

// rebase makes the bins start at from, or earlier, and be at least n.
func (h *histogram) rebase(from int64, n int) {
	if h.bins == nil {
		h.base, h.bins = from, make([]uint64, n)
		return
	}
	lo, hi := min(from, h.base), max(from+int64(n), h.base+int64(len(h.bins)))
	if lo == h.base && int(hi-lo) == len(h.bins) {
		return
	}
	b := make([]uint64, hi-lo)
	copy(b[h.base-lo:], h.bins)
	h.base, h.bins = lo, b
}

// coarsen joins bins in pairs.
func (h *histogram) coarsen() {
	h.exp++
	if h.bins == nil {
		return
	}
	base := h.base >> 1
	n := (h.base+int64(len(h.bins))-1)>>1 - base + 1
	b := make([]uint64, n)
	for i, c := range h.bins {
		b[(h.base+int64(i))>>1-base] += c
	}
	h.base, h.bins = base, b
}

// merge adds another histogram.
func (h *histogram) merge(o *histogram) {
	if !o.seen {
		return
	}
	if !h.seen {
		*h = *o
		h.bins = append([]uint64(nil), o.bins...)
		return
	}
	h.zeros += o.zeros
	h.cover(o.min, o.max)
	if o.bins == nil {
		return
	}
	c := *o
	c.bins = append([]uint64(nil), o.bins...)
	for c.exp < h.exp {
		c.coarsen()
	}
	for h.exp < c.exp {
		h.coarsen()
	}
	for {
		lo, hi := min(h.base, c.base), max(h.base+int64(len(h.bins)), c.base+int64(len(c.bins)))
		if hi-lo <= 2*maxBins {
			h.rebase(lo, int(hi-lo))
			break
		}
		h.coarsen()
		c.coarsen()
	}
	for i, n := range c.bins {
		h.bins[c.base+int64(i)-h.base] += n
	}
}

// total is the number of values, zeros included.
func (h *histogram) total() uint64 {
	n := h.zeros
	for _, c := range h.bins {
		n += c
	}
	return n
}

// center is the middle of bin i.
func (h *histogram) center(i int) float64 {
	return math.Ldexp(float64(h.base+int64(i))+0.5, h.exp)
}

// each calls f with the centre and the count of every bin that is not empty.
func (h *histogram) each(f func(x float64, n float64)) {
	for i, c := range h.bins {
		if c > 0 {
			f(h.center(i), float64(c))
		}
	}
}

// quantile returns the values below which lie the fractions tail and 1−tail of
// all; the range always holds 0.
func (h *histogram) quantile(tail float64) (lo, hi float64) {
	cut := tail * float64(h.total())
	n := 0.0
	for i, c := range h.bins {
		if n += float64(c); n > cut && h.center(i) < 0 {
			lo = max(float64(h.min), math.Ldexp(float64(h.base+int64(i)), h.exp))
			break
		}
	}
	n = 0
	for i := len(h.bins) - 1; i >= 0; i-- {
		if n += float64(h.bins[i]); n > cut && h.center(i) > 0 {
			hi = min(float64(h.max), math.Ldexp(float64(h.base+int64(i)+1), h.exp))
			break
		}
	}
	return lo, hi
}
