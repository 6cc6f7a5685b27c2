package zoo

import (
	"runtime"
	"sync"
)

// probe is what a few small inputs have become somewhere in a network:
// [N, C, H, W], one row for one-dimensional networks. The builder carries it
// from layer to layer, so that every layer can scale its weights by what it
// really reads, as data-dependent initialization does (Mishkin 2015,
// 1511.06422; Krähenbühl 2015, 1511.06856). Its sizes are not the network's:
// windows are padded to keep the size, whatever the network's own do.
type probe struct {
	n, c, h, w int
	data       []float32
}

// Sizes of probes.
const (
	probeInputs = 4
	probeSide   = 48
	probeLength = 256
)

func newProbe(n, c, h, w int) *probe {
	return &probe{n, c, h, w, make([]float32, n*c*h*w)}
}

// plane is channel c of input n.
func (p *probe) plane(n, c int) []float32 {
	px := p.h * p.w
	return p.data[(n*p.c+c)*px:][:px]
}

// channel returns mean and variance of a channel over all inputs.
func (p *probe) channel(c int) (mean, variance float64) {
	var sum, squares float64
	for n := range p.n {
		for _, v := range p.plane(n, c) {
			sum += float64(v)
			squares += float64(v) * float64(v)
		}
	}
	return moments(sum, squares, p.n*p.h*p.w)
}

// statistics returns mean and variance of every channel. Variances of few
// elements are drawn towards what the channels have on average.
func (p *probe) statistics() (mean, variance []float64) {
	mean, variance = make([]float64, p.c), make([]float64, p.c)
	total := 0.0
	for c := range p.c {
		mean[c], variance[c] = p.channel(c)
		total += variance[c]
	}
	total /= float64(p.c)
	n, k := float64(p.n*p.h*p.w), 16.0
	for c, v := range variance {
		variance[c] = max((mul(n, v)+mul(k, total))/(n+k), 1e-6)
	}
	return mean, variance
}

// apply is f of every element.
func (p *probe) apply(f func(x float64) float64) *probe {
	q := newProbe(p.n, p.c, p.h, p.w)
	for i, v := range p.data {
		q.data[i] = float32(f(float64(v)))
	}
	return q
}

// affine is a·x + b per channel.
func (p *probe) affine(a, b []float64) *probe {
	q := newProbe(p.n, p.c, p.h, p.w)
	for n := range p.n {
		for c := range p.c {
			dst := q.plane(n, c)
			for i, v := range p.plane(n, c) {
				dst[i] = float32(mul(float64(v), a[c]) + b[c])
			}
		}
	}
	return q
}

// combine is f of two probes' elements; those of o repeat where it has one per
// channel.
func (p *probe) combine(o *probe, f func(x, y float64) float64) *probe {
	q := newProbe(p.n, p.c, p.h, p.w)
	for n := range p.n {
		for c := range p.c {
			dst, other := q.plane(n, c), o.plane(n, c)
			for i, v := range p.plane(n, c) {
				dst[i] = float32(f(float64(v), float64(other[i%len(other)])))
			}
		}
	}
	return q
}

// channels selects and reorders channels.
func (p *probe) channels(order []int) *probe {
	q := newProbe(p.n, len(order), p.h, p.w)
	for n := range p.n {
		for i, c := range order {
			copy(q.plane(n, i), p.plane(n, c))
		}
	}
	return q
}

// join puts the channels of probes of one size behind each other. Sizes can
// differ by a pixel, where the networks round differently: the first counts.
func join(ps []*probe) *probe {
	total := 0
	for _, p := range ps {
		total += p.c
	}
	q := newProbe(ps[0].n, total, ps[0].h, ps[0].w)
	for n := range q.n {
		at := 0
		for _, p := range ps {
			r := p.resize(q.h, q.w)
			for c := range p.c {
				copy(q.plane(n, at+c), r.plane(n, c))
			}
			at += p.c
		}
	}
	return q
}

// resize repeats or leaves out pixels.
func (p *probe) resize(h, w int) *probe {
	if p.h == h && p.w == w {
		return p
	}
	q := newProbe(p.n, p.c, h, w)
	for n := range p.n {
		for c := range p.c {
			src, dst := p.plane(n, c), q.plane(n, c)
			for y := range h {
				for x := range w {
					dst[y*w+x] = src[y*p.h/h*p.w+x*p.w/w]
				}
			}
		}
	}
	return q
}

// geometry is a window over a probe: padded so that outputs are as many as
// inputs, divided by the stride.
type geometry struct {
	kh, kw, sh, sw, dh, dw, pt, pl, oh, ow int
}

func (p *probe) geometry(w window) geometry {
	r := len(w.Kernel)
	g := geometry{kh: 1, sh: 1, dh: 1, kw: w.Kernel[r-1], sw: w.Stride[r-1], dw: w.Dilation[r-1]}
	if r == 2 {
		g.kh, g.sh, g.dh = w.Kernel[0], w.Stride[0], w.Dilation[0]
	}
	g.pt, g.pl = (g.kh-1)*g.dh/2, (g.kw-1)*g.dw/2
	if w.causal {
		g.pl *= 2
	}
	g.oh, g.ow = (p.h+g.sh-1)/g.sh, (p.w+g.sw-1)/g.sw
	return g
}

// taps calls f with every tap of the window at an output position that lies
// inside: its index and that of the pixel.
func (g *geometry) taps(h, w, oy, ox int, f func(tap, pixel int)) {
	for i := range g.kh {
		y := oy*g.sh - g.pt + i*g.dh
		if y < 0 || y >= h {
			continue
		}
		for j := range g.kw {
			if x := ox*g.sw - g.pl + j*g.dw; x >= 0 && x < w {
				f(i*g.kw+j, y*w+x)
			}
		}
	}
}

// conv is the convolution with weights [out, c/group, taps].
func (p *probe) conv(w window, weights []float32, out int) *probe {
	g := p.geometry(w)
	q := newProbe(p.n, out, g.oh, g.ow)
	ig, og, px := p.c/w.group, out/w.group, g.oh*g.ow
	taps := g.kh * g.kw
	k := ig * taps
	parallel(p.n*w.group, func(i int) {
		n, group := i/w.group, i%w.group
		rows := make([]float32, px*k)
		for o := range px {
			g.taps(p.h, p.w, o/g.ow, o%g.ow, func(tap, pixel int) {
				for c := range ig {
					rows[o*k+c*taps+tap] = p.data[(n*p.c+group*ig+c)*p.h*p.w+pixel]
				}
			})
		}
		product(rows, px, weights[group*og*k:][:og*k], og, k, q.data[(n*out+group*og)*px:][:og*px])
	})
	return q
}

// directions are patterns of what a window sees of a group of channels,
// [c/group, taps] each, made of random patches, and how much of a layer's
// weights they should be.
func (p *probe) directions(r *rng, w window, group int) (ds [][]float32, share float64) {
	const count = 24
	g := p.geometry(w)
	ig, taps := p.c/w.group, g.kh*g.kw
	ds = make([][]float32, count)
	mean := make([]float64, ig*taps)
	for i := range ds {
		ds[i] = make([]float32, ig*taps)
		n, o := r.intn(p.n), r.intn(g.oh*g.ow)
		g.taps(p.h, p.w, o/g.ow, o%g.ow, func(tap, pixel int) {
			for c := range ig {
				v := p.data[(n*p.c+group*ig+c)*p.h*p.w+pixel]
				ds[i][c*taps+tap] = v
				mean[c*taps+tap] += float64(v) / count
			}
		})
	}
	for _, d := range ds {
		for k, m := range mean {
			d[k] = float32(float64(d[k]) - m)
		}
	}
	if ig == 1 {
		return ds, 1 // smooth, mostly: a low-pass, as depthwise kernels often are
	}
	return orthogonal(ds), 0.25
}

func dot(a, b []float32) (sum float64) {
	for i, v := range a {
		sum += float64(v) * float64(b[i])
	}
	return sum
}

// orthogonal returns vectors of length 1 at right angles to each other that
// span what the given ones do (Gram and Schmidt).
func orthogonal(vs [][]float32) (out [][]float32) {
	for _, v := range vs {
		before := dot(v, v)
		for _, q := range out {
			d := dot(v, q)
			for i, x := range q {
				v[i] = float32(float64(v[i]) - mul(d, float64(x)))
			}
		}
		left := dot(v, v)
		if left <= 1e-3*before || left < 1e-12 {
			continue
		}
		f := 1 / sqrt(left)
		for i, x := range v {
			v[i] = float32(mul(float64(x), f))
		}
		out = append(out, v)
	}
	return out
}

// product computes dst[o, r] = Σ_k rows[r, k]·weights[o, k], summed in order.
func product(rows []float32, n int, weights []float32, out, k int, dst []float32) {
	for o := 0; o < out; o += 4 {
		var w [4][]float32
		for i := range w {
			w[i] = weights[min(o+i, out-1)*k:][:k]
		}
		for r := range n {
			var s0, s1, s2, s3 float64
			for i, v := range rows[r*k:][:k] {
				x := float64(v)
				s0 += x * float64(w[0][i])
				s1 += x * float64(w[1][i])
				s2 += x * float64(w[2][i])
				s3 += x * float64(w[3][i])
			}
			for i, s := range [4]float64{s0, s1, s2, s3} {
				if o+i < out {
					dst[(o+i)*n+r] = float32(s)
				}
			}
		}
	}
}

// parallel runs f for [0, n) on all processors.
func parallel(n int, f func(i int)) {
	var wg sync.WaitGroup
	workers := min(n, runtime.GOMAXPROCS(0))
	for k := range workers {
		wg.Go(func() {
			for i := k; i < n; i += workers {
				f(i)
			}
		})
	}
	wg.Wait()
}

// pool is the maximum or the mean of the window's pixels.
func (p *probe) pool(w window, maximum bool) *probe {
	g := p.geometry(w)
	q := newProbe(p.n, p.c, g.oh, g.ow)
	for n := range p.n {
		for c := range p.c {
			src, dst := p.plane(n, c), q.plane(n, c)
			for o := range dst {
				var sum, count float64
				most := float32(-1e30)
				g.taps(p.h, p.w, o/g.ow, o%g.ow, func(_, pixel int) {
					most = max(most, src[pixel])
					sum += float64(src[pixel])
					count++
				})
				dst[o] = float32(sum / count)
				if maximum {
					dst[o] = most
				}
			}
		}
	}
	return q
}

// mean is the global average.
func (p *probe) mean() *probe {
	q := newProbe(p.n, p.c, 1, 1)
	for n := range p.n {
		for c := range p.c {
			var sum float64
			for _, v := range p.plane(n, c) {
				sum += float64(v)
			}
			q.plane(n, c)[0] = float32(sum / float64(p.h*p.w))
		}
	}
	return q
}
