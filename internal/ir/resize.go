package ir

import (
	"fmt"
	"math"
)

// Resize changes spatial sizes. Inputs (constant): 1 roi, 2 scales, 3 sizes;
// Infer moves them into Scales and the output shape.
type Resize struct {
	Mode       string  // nearest, linear, cubic
	Coord      string  // half_pixel, asymmetric, align_corners, pytorch_half_pixel, half_pixel_symmetric, tf_half_pixel_for_nn
	Nearest    string  // round_prefer_floor, round_prefer_ceil, floor, ceil, simple (before opset 11: ceil when shrinking, else floor)
	CubicA     float32 // default -0.75
	Exclude    bool    // exclude_outside (cubic, linear)
	Axes       []int
	Policy     string // keep_aspect_ratio_policy: stretch, not_larger, not_smaller
	Antialias  bool
	Scales     []float64 // per axis of the input
	OutputSize []int
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
	if len(n.In) > 1 {
		scales, err := n.constFloats(2, "scales")
		if err != nil {
			return err
		}
		sizes, err := n.constInts(3, "sizes")
		if err != nil {
			return err
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
	case "half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel", "half_pixel_symmetric", "tf_half_pixel_for_nn":
	default:
		return fmt.Errorf("coordinate_transformation_mode %q is %w, want half_pixel, pytorch_half_pixel, half_pixel_symmetric, asymmetric, align_corners or tf_half_pixel_for_nn", r.Coord, ErrUnsupported)
	}
	switch r.Nearest {
	case "":
		r.Nearest = "round_prefer_floor"
	case "round_prefer_floor", "round_prefer_ceil", "floor", "ceil", "simple":
	default:
		return fmt.Errorf("nearest_mode %q is %w, want round_prefer_floor, round_prefer_ceil, floor or ceil", r.Nearest, ErrUnsupported)
	}
	if r.Antialias {
		return fmt.Errorf("antialias 1 is %w, want 0", ErrUnsupported)
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

// Taps returns, for every output position along an axis, the input positions
// it reads and their weights (1, 2 or 4 of them, padded with weight 0). Input
// positions outside are clamped to the edge.
func (r *Resize) Taps(axis, in int) (index [][]int, weight [][]float64) {
	for o := range r.OutputSize[axis] {
		ix, w, n := r.Tap(axis, in, o)
		index, weight = append(index, append([]int{}, ix[:n]...)), append(weight, append([]float64{}, w[:n]...))
	}
	return index, weight
}

// Tap is Taps for output position o alone; n entries count.
func (r *Resize) Tap(axis, in, o int) (ix [4]int, w [4]float64, n int) {
	out, scale := r.OutputSize[axis], r.Scales[axis]
	switch {
	case in == out && scale == 1:
		ix[0], w[0], n = o, 1, 1
	case r.Mode == "" || r.Mode == "nearest":
		// In float32 like ONNX Runtime: where a coordinate is an integer or
		// a half but for rounding, the rounding decides.
		x := source(r.Coord, float32(o), float32(in), float32(out), float32(scale))
		ix[0], w[0], n = toIndex(r.nearest(float64(x), scale), in), 1, 1
	case r.Mode == "linear":
		x := min(max(source(r.Coord, float64(o), float64(in), float64(out), scale), 0), float64(in-1))
		f := math.Floor(x)
		ix[0], ix[1] = int(f), int(f)+1 // x is inside
		w[0], w[1] = 1-(x-f), x-f
		n = 2
	default: // cubic
		x := source(r.Coord, float64(o), float64(in), float64(out), scale)
		f := math.Floor(x)
		t, a := x-f, float64(r.CubicA)
		for i := range ix {
			ix[i] = toIndex(f, in) - 1 + i
		}
		w = [4]float64{farTap(a, t+1), nearTap(a, t), nearTap(a, 1-t), farTap(a, 2-t)}
		n = 4
		if r.Exclude { // linear and nearest give the same with and without
			sum := 0.0
			for i, v := range ix {
				if v < 0 || v >= in {
					w[i] = 0
				}
				sum += w[i]
			}
			for i := range w {
				w[i] /= sum
			}
		}
	}
	for i := range ix {
		ix[i] = min(max(ix[i], 0), in-1)
	}
	return ix, w, n
}

// nearTap is the cubic interpolation's weight at a distance d below 1, farTap at
// one from 1 to 2 (Keys, Cubic Convolution Interpolation, 1981). Products are
// rounded before they are added up, so that no CPU fuses the two.
func nearTap(a, d float64) float64 { return float64((float64((a+2)*d)-(a+3))*d*d) + 1 }

func farTap(a, d float64) float64 {
	return float64((float64((float64(a*d)-float64(5*a))*d)+float64(8*a))*d) - float64(4*a)
}

// source maps output position o to input coordinates.
func source[T float32 | float64](coord string, o, in, out, scale T) T {
	switch coord {
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
