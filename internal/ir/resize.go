package ir

import (
	"fmt"
	"math"
)

// Resize changes spatial sizes. Inputs (constant): 1 roi, 2 scales, 3 sizes;
// Infer moves them into Scales and the output shape.
type Resize struct {
	Mode       string  // nearest, linear, cubic; index: see Index
	Coord      string  // half_pixel, asymmetric, align_corners, pytorch_half_pixel, half_pixel_symmetric, tf_half_pixel_for_nn, tf_crop_and_resize
	Nearest    string  // round_prefer_floor, round_prefer_ceil, floor, ceil, simple (before opset 11: ceil when shrinking, else floor)
	CubicA     float32 // default -0.75
	Exclude    bool    // exclude_outside: positions outside have no weight
	Axes       []int
	Policy     string    // keep_aspect_ratio_policy: stretch, not_larger, not_smaller
	Antialias  bool      // when shrinking, linear and cubic filters widen to 1/scale
	Outside    float32   // extrapolation_value of tf_crop_and_resize
	ROI        []float64 // of tf_crop_and_resize: per axis of the input, begins and then ends
	Scales     []float64 // per axis of the input
	OutputSize []int
	Index      [][]int // of mode index, which passes make: the input position of every output position, per axis; nil where an axis stays
}

// Kind implements Op.
func (*Resize) Kind() string { return "Resize" }

// Infer implements Op.
func (r *Resize) Infer(n *Node) error {
	x, err := n.wantFloat(0, "X")
	if err != nil {
		return err
	}
	rank := len(x.Shape)
	if r.Mode == "index" {
		return n.setOut(0, x.DType, r.OutputSize)
	}
	if len(n.In) > 1 {
		scales, err := n.constFloats(2, "scales")
		if err != nil {
			return err
		}
		sizes, err := n.constInts(3, "sizes")
		if err != nil {
			return err
		}
		var roi []float32
		if r.Coord == "tf_crop_and_resize" { // nothing else reads it
			if roi, err = n.constFloats(1, "roi"); err != nil {
				return err
			}
		}
		if len(r.Axes) == 0 {
			for i := range rank {
				r.Axes = append(r.Axes, i)
			}
		}
		seen := make([]bool, rank)
		for i, a := range r.Axes {
			if r.Axes[i], err = axis(a, rank); err != nil {
				return err
			}
			if seen[r.Axes[i]] {
				return fmt.Errorf("axes %v: %d stands twice", r.Axes, a)
			}
			seen[r.Axes[i]] = true
		}
		switch r.Policy {
		case "", "stretch", "not_larger", "not_smaller":
		default:
			return fmt.Errorf("keep_aspect_ratio_policy %q is %w, want stretch, not_larger or not_smaller", r.Policy, ErrUnsupported)
		}
		r.Scales = make([]float64, rank)
		r.OutputSize = append([]int{}, x.Shape...)
		for i := range r.Scales {
			r.Scales[i] = 1
		}
		if err := r.fill(x.Shape, scales, sizes); err != nil {
			return err
		}
		if r.Coord == "tf_crop_and_resize" {
			if err := r.crop(rank, roi); err != nil {
				return err
			}
		}
		n.In = n.In[:1]
	}
	switch r.Mode {
	case "", "nearest", "linear", "cubic":
	default:
		return fmt.Errorf("mode %q is %w, want nearest, linear or cubic", r.Mode, ErrUnsupported)
	}
	switch r.Coord {
	case "":
		r.Coord = "half_pixel"
	case "half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel", "half_pixel_symmetric", "tf_half_pixel_for_nn", "tf_crop_and_resize":
	default:
		return fmt.Errorf("coordinate_transformation_mode %q is %w, want half_pixel, pytorch_half_pixel, half_pixel_symmetric, asymmetric, align_corners, tf_half_pixel_for_nn or tf_crop_and_resize", r.Coord, ErrUnsupported)
	}
	switch r.Nearest {
	case "":
		r.Nearest = "round_prefer_floor"
	case "round_prefer_floor", "round_prefer_ceil", "floor", "ceil", "simple":
	default:
		return fmt.Errorf("nearest_mode %q is %w, want round_prefer_floor, round_prefer_ceil, floor or ceil", r.Nearest, ErrUnsupported)
	}
	if r.Antialias && r.Mode != "linear" && r.Mode != "cubic" {
		return fmt.Errorf("antialias 1 with mode nearest is %w, want linear or cubic", ErrUnsupported)
	}
	if len(r.OutputSize) != rank {
		return fmt.Errorf("neither scales nor sizes are given")
	}
	return n.setOut(0, x.DType, r.OutputSize)
}

func (r *Resize) fill(in []int, scales []float32, sizes []int) error {
	switch {
	case len(sizes) > 0:
		if len(sizes) != len(r.Axes) {
			return fmt.Errorf("sizes %v: want %d values", sizes, len(r.Axes))
		}
		for k, a := range r.Axes {
			if sizes[k] < 1 || sizes[k] > MaxElements || in[a] < 1 {
				return fmt.Errorf("sizes %v of %v: want sizes in [1, %d]", sizes, in, MaxElements)
			}
			r.OutputSize[a] = sizes[k]
			r.Scales[a] = float64(sizes[k]) / float64(in[a])
		}
		if r.Policy == "not_larger" || r.Policy == "not_smaller" {
			s := math.Inf(1)
			if r.Policy == "not_smaller" {
				s = 0
			}
			for _, a := range r.Axes {
				if r.Policy == "not_larger" {
					s = min(s, r.Scales[a])
				} else {
					s = max(s, r.Scales[a])
				}
			}
			for _, a := range r.Axes {
				size := math.Round(s * float64(in[a]))
				if !(size >= 1 && size <= MaxElements) {
					return fmt.Errorf("sizes %v of %v with policy %s: want sizes in [1, %d]", sizes, in, r.Policy, MaxElements)
				}
				r.Scales[a] = s
				r.OutputSize[a] = int(size)
			}
		}
	case len(scales) > 0:
		if len(scales) != len(r.Axes) {
			return fmt.Errorf("scales %v: want %d values", scales, len(r.Axes))
		}
		for k, a := range r.Axes {
			out := float32(in[a]) * scales[k] // 10 * float32(0.7) is to be 7
			if !(scales[k] > 0) || !(out >= 1 && out <= MaxElements) {
				return fmt.Errorf("scales %v of %v: want resulting sizes in [1, %d]", scales, in, MaxElements)
			}
			r.OutputSize[a] = int(out)
			r.Scales[a] = float64(scales[k])
		}
	default:
		return fmt.Errorf("neither scales nor sizes are given")
	}
	return nil
}

// crop spreads the region of interest, given for Axes, over all axes.
func (r *Resize) crop(rank int, roi []float32) error {
	if len(roi) != 2*len(r.Axes) {
		return fmt.Errorf("roi %v: want %d values", roi, 2*len(r.Axes))
	}
	r.ROI = make([]float64, 2*rank)
	for i := range rank {
		r.ROI[rank+i] = 1
	}
	for k, a := range r.Axes {
		lo, hi := float64(roi[k]), float64(roi[len(r.Axes)+k])
		if !(math.Abs(lo) <= farAway && math.Abs(hi) <= farAway) {
			return fmt.Errorf("roi %v: want numbers of at most %d", roi, farAway)
		}
		r.ROI[a], r.ROI[rank+a] = lo, hi
	}
	return nil
}

// Keeps reports whether an axis stays as it is.
func (r *Resize) Keeps(axis, in int) bool {
	if r.Mode == "index" {
		return r.Index[axis] == nil
	}
	same := in == r.OutputSize[axis] && r.Scales[axis] == 1
	if r.ROI != nil {
		same = same && r.ROI[axis] == 0 && r.ROI[len(r.Scales)+axis] == 1
	}
	return same
}

// work is the cost of resizing one axis after the other.
func (r *Resize) work(in []int) int64 {
	var sum int64
	s := append([]int{}, in...)
	for a, d := range in {
		s[a] = r.OutputSize[a]
		if !r.Keeps(a, d) {
			sum = satAdd(sum, satMul(elements(s), 2*int64(r.NTaps(a, d))))
			sum = satAdd(sum, satMul(int64(s[a]), 16*int64(r.NTaps(a, d)))) // the weights
		}
	}
	return sum
}

// NTaps is the number of input positions that every output position along an
// axis is made of: 1, 2 or 4, and more with antialiasing.
func (r *Resize) NTaps(axis, in int) int {
	n := 4
	switch {
	case r.Keeps(axis, in) || r.Mode == "" || r.Mode == "nearest" || r.Mode == "index":
		return 1
	case r.Mode == "linear":
		n = 2
	}
	if r.Antialias && r.Scales[axis] < 1 {
		n *= int(math.Ceil(min(1/r.Scales[axis], float64(2*in)))) // no output is smaller than half a pixel
	}
	return n
}

// Taps returns, for every output position along an axis, the input positions
// it reads and their weights, NTaps of each (padded with weight 0), and where
// it reads outside, nil. Input positions outside are clamped to the edge.
func (r *Resize) Taps(axis, in int) (index [][]int, weight [][]float64) {
	n := r.NTaps(axis, in)
	for o := range r.OutputSize[axis] {
		ix, w := make([]int, n), make([]float64, n)
		if !r.Tap(axis, in, o, ix, w) {
			ix, w = nil, nil
		}
		index, weight = append(index, ix), append(weight, w)
	}
	return index, weight
}

// Tap is Taps for output position o alone. It returns false where the output is
// r.Outside instead.
func (r *Resize) Tap(axis, in, o int, ix []int, w []float64) bool {
	switch {
	case r.Keeps(axis, in):
		ix[0], w[0] = o, 1
		return true
	case r.Mode == "index":
		ix[0], w[0] = r.Index[axis][o], 1
		return true
	case r.Mode == "" || r.Mode == "nearest":
		// In float32 like ONNX Runtime: where a coordinate is an integer or
		// a half but for rounding, the rounding decides.
		x := float64(source[float32](r, axis, in, o))
		if r.ROI != nil && !(x >= 0 && x <= float64(in-1)) {
			return false
		}
		ix[0], w[0] = min(max(toIndex(r.nearest(x, r.Scales[axis]), in), 0), in-1), 1
		return true
	}
	x := source[float64](r, axis, in, o)
	if r.ROI != nil && !(x >= 0 && x <= float64(in-1)) {
		return false
	}
	if r.Mode == "linear" && !r.Antialias {
		x = min(max(x, 0), float64(in-1)) // so that one tap has all the weight outside
	}
	scale := 1.0
	if r.Antialias {
		scale = min(r.Scales[axis], 1)
	}
	// The filter reaches len(w)/2 positions to both sides.
	first := toIndex(math.Floor(x), in) - len(w)/2 + 1
	sum := 0.0
	for i := range w {
		ix[i], w[i] = first+i, r.filter(float64((float64(first+i)-x)*scale))
		if r.Exclude && (ix[i] < 0 || ix[i] >= in) {
			w[i] = 0
		}
		sum += w[i]
		ix[i] = min(max(ix[i], 0), in-1)
	}
	if scale < 1 || r.Exclude {
		for i := range w {
			w[i] /= sum
		}
	}
	return true
}

// filter is the weight of a pixel at distance d: a triangle, or cubic convolution
// (Keys, Cubic Convolution Interpolation, 1981). Products are rounded before they
// are added up, so that no CPU fuses the two.
func (r *Resize) filter(d float64) float64 {
	d, a := math.Abs(d), float64(r.CubicA)
	switch {
	case r.Mode == "linear":
		return max(1-d, 0)
	case d < 1:
		return float64((float64((a+2)*d)-(a+3))*d*d) + 1
	case d < 2:
		return float64((float64((float64(a*d)-float64(5*a))*d)+float64(8*a))*d) - float64(4*a)
	}
	return 0
}

// source maps output position o of an axis to input coordinates.
func source[T float32 | float64](r *Resize, axis, size, pos int) T {
	o, in, out, scale := T(pos), T(size), T(r.OutputSize[axis]), T(r.Scales[axis])
	switch r.Coord {
	case "asymmetric":
		return o / scale
	case "align_corners":
		if out == 1 {
			return 0
		}
		return T(o*(in-1)) / (out - 1)
	case "pytorch_half_pixel":
		if out <= 1 {
			return 0
		}
	case "tf_half_pixel_for_nn":
		return (o + 0.5) / scale
	case "half_pixel_symmetric":
		adj := out / T(in*scale)
		return T(T(in/2*(1-adj))+(o+0.5)/scale) - 0.5
	case "tf_crop_and_resize":
		lo, hi := T(r.ROI[axis]), T(r.ROI[len(r.Scales)+axis])
		if out <= 1 {
			return T(0.5*(lo+hi)) * (in - 1)
		}
		return T(lo*(in-1)) + T(o*T(hi-lo)*(in-1))/(out-1)
	}
	return (o+0.5)/scale - 0.5
}

// toIndex is a whole number as an index, far outside where it does not fit one.
func toIndex(f float64, in int) int { return int(min(max(f, -8), float64(in+8))) }

func (r *Resize) nearest(x, scale float64) float64 {
	f := math.Floor(x)
	half := math.Abs(x-f-0.5) < 1e-6 // as ONNX Runtime sees it
	switch r.Nearest {
	case "floor":
		return f
	case "ceil":
		return math.Ceil(x)
	case "round_prefer_ceil":
		if half {
			return f + 1
		}
		return math.Floor(x + 0.5)
	case "simple":
		if scale < 1 {
			return math.Ceil(x)
		}
		return f
	}
	if half {
		return f
	}
	return math.Floor(x + 0.5)
}
