package zoo

import (
	"math"
	"strconv"
)

// Sample returns input number i for a network of that input shape, in row-major
// order: the same on every machine, and of the kind that the network reads.
func (n *Network) Sample(i int, shape []int) []float32 {
	r := newRNG(n.Name + "/sample" + strconv.Itoa(i))
	if n.sample != nil {
		return n.sample(r, shape)
	}
	return image(r, shape)
}

// image makes something like a normalized photograph: patches of many sizes,
// an edge or two, and the sensor's noise. About zero mean and unit variance.
func image(r *rng, shape []int) []float32 {
	c, h, w := shape[1], shape[2], shape[3]
	out := make([]float32, c*h*w)
	for k := range c {
		plane := out[k*h*w:][:h*w]
		for cells := 2; cells <= 32; cells *= 2 {
			octave(r, plane, h, w, cells, 1.1/float64(1+cells/4))
		}
	}
	// Rectangles of another colour, in all channels.
	for range 4 {
		y0, x0, y1, x1 := r.intn(h), r.intn(w), r.intn(h), r.intn(w)
		for k := range c {
			add := float32(0.8 * r.normal())
			for y := min(y0, y1); y < max(y0, y1); y++ {
				for x := min(x0, x1); x < max(x0, x1); x++ {
					out[(k*h+y)*w+x] += add
				}
			}
		}
	}
	for i := range out {
		out[i] += float32(0.1 * r.normal())
	}
	return out
}

// octave adds a grid of random values, interpolated.
func octave(r *rng, plane []float32, h, w, cells int, sd float64) {
	grid := make([]float64, (cells+1)*(cells+1))
	for i := range grid {
		grid[i] = sd * r.normal()
	}
	for y := range h {
		gy, fy := y*cells/h, float64(y*cells%h)/float64(h)
		for x := range w {
			gx, fx := x*cells/w, float64(x*cells%w)/float64(w)
			p := grid[gy*(cells+1)+gx:]
			top := p[0] + float64(fx*(p[1]-p[0]))
			low := p[cells+1] + float64(fx*(p[cells+2]-p[cells+1]))
			plane[y*w+x] += float32(top + float64(fy*(low-top)))
		}
	}
}

// scores are a front end's: one map for every class.
func scores(r *rng, shape []int) []float32 { return image(r, shape) }

// speech makes one-hot samples of a sound: two voices of changing loudness and
// some noise, in 256 levels that lie closer around silence, as mu-law has them.
func speech(r *rng, shape []int) []float32 {
	levels, n := shape[1], shape[2]
	out := make([]float32, levels*n)
	period := [2]int{40 + r.intn(80), 90 + r.intn(150)}
	loud := make([]float64, n/500+2)
	for i := range loud {
		loud[i] = r.uniform(0, 0.5)
	}
	for t := range n {
		a := loud[t/500] + float64(float64(t%500)/500*(loud[t/500+1]-loud[t/500]))
		v := 0.02 * r.normal()
		for _, p := range period {
			phase := float64(t%p)/float64(p)*2 - 1
			v += float64(a * 4 * phase * (1 - max(phase, -phase))) // close to a sine
		}
		// sqrt in place of the logarithm: as steep around 0.
		s := 1.0
		if v < 0 {
			s, v = -1, -v
		}
		level := int((1 + float64(s*math.Sqrt(min(v, 1)))) / 2 * float64(levels-1))
		out[level*n+t] = 1
	}
	return out
}
