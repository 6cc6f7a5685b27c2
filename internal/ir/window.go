package ir

import (
	"fmt"
	"slices"
	"strings"
)

// Window is the sliding window that convolutions and pools share. The slices
// have one entry per spatial axis, Pads all begins and then all ends.
type Window struct {
	Kernel, Stride, Dilation []int
	Pads                     []int
	AutoPad                  string // NOTSET (or empty), VALID, SAME_UPPER, SAME_LOWER; NOTSET once resolved
}

// resolve fills in defaults for r spatial axes and turns AutoPad into Pads.
func (w *Window) resolve(in []int) error {
	r := len(in)
	fill := func(s []int, what string) ([]int, error) {
		if len(s) == 0 {
			s = make([]int, r)
			for i := range s {
				s[i] = 1
			}
		}
		if len(s) != r {
			return nil, fmt.Errorf("%s %v: want %d values", what, s, r)
		}
		for _, v := range s {
			if v < 1 || v > maxWindow {
				return nil, fmt.Errorf("%s %v: want values in [1, %d]", what, s, maxWindow)
			}
		}
		return s, nil
	}
	var err error
	if w.Kernel, err = fill(w.Kernel, "kernel_shape"); err != nil {
		return err
	}
	if w.Stride, err = fill(w.Stride, "strides"); err != nil {
		return err
	}
	if w.Dilation, err = fill(w.Dilation, "dilations"); err != nil {
		return err
	}
	switch w.AutoPad {
	case "", "NOTSET":
		if len(w.Pads) == 0 {
			w.Pads = make([]int, 2*r)
		}
	case "VALID":
		w.Pads = make([]int, 2*r)
	case "SAME_UPPER", "SAME_LOWER":
		w.Pads = make([]int, 2*r)
		if !w.fits() {
			break
		}
		for i := range r {
			out := (in[i] + w.Stride[i] - 1) / w.Stride[i]
			total := max(0, (out-1)*w.Stride[i]+w.Extent(i)-in[i])
			lo := total / 2
			if w.AutoPad == "SAME_LOWER" {
				lo = total - lo
			}
			w.Pads[i], w.Pads[i+r] = lo, total-lo
		}
	default:
		return fmt.Errorf("auto_pad %q is %w, want NOTSET, SAME_UPPER, SAME_LOWER or VALID", w.AutoPad, ErrUnsupported)
	}
	w.AutoPad = ""
	if len(w.Pads) != 2*r {
		return fmt.Errorf("pads %v: want %d values", w.Pads, 2*r)
	}
	if !w.fits() {
		return fmt.Errorf("kernel_shape %v with dilations %v: want an extent of at most %d", w.Kernel, w.Dilation, maxExtent)
	}
	for _, p := range w.Pads {
		if p < 0 || p > maxWindow {
			return fmt.Errorf("pads %v: want values in [0, %d]", w.Pads, maxWindow)
		}
	}
	return nil
}

// maxWindow bounds kernel, stride, dilation and pad sizes, maxExtent what a
// dilated kernel covers.
const (
	maxWindow = 1 << 20
	maxExtent = 1 << 28
)

// fits reports whether the extents stay in bounds along every axis.
func (w *Window) fits() bool {
	for i, k := range w.Kernel {
		if int64(k-1)*int64(w.Dilation[i]) >= maxExtent {
			return false
		}
	}
	return true
}

// Extent is what the dilated kernel covers along spatial axis i.
func (w *Window) Extent(i int) int { return (w.Kernel[i]-1)*w.Dilation[i] + 1 }

// out returns the output size along every spatial axis.
func (w *Window) out(in []int, ceil bool) ([]int, error) {
	r := len(in)
	o := make([]int, r)
	for i := range r {
		span := in[i] + w.Pads[i] + w.Pads[i+r] - w.Extent(i)
		if span < 0 {
			return nil, fmt.Errorf("kernel %v with dilation %v does not fit input %v with pads %v", w.Kernel, w.Dilation, in, w.Pads)
		}
		o[i] = span/w.Stride[i] + 1
		if ceil && span%w.Stride[i] != 0 {
			// A window that would start in the padding behind the input is
			// left out (ONNX: since opset 19, PyTorch: always).
			if o[i]*w.Stride[i] < in[i]+w.Pads[i] {
				o[i]++
			}
		}
	}
	return o, nil
}

// String prints the window as 3x3, with what is not the default behind it.
func (w Window) String() string {
	list := func(v []int, sep string) string {
		return strings.ReplaceAll(strings.Trim(fmt.Sprint(v), "[]"), " ", sep)
	}
	s := list(w.Kernel, "x")
	one := func(v []int, def int) bool {
		return !slices.ContainsFunc(v, func(x int) bool { return x != def })
	}
	if !one(w.Stride, 1) {
		s += " stride " + list(w.Stride, "x")
	}
	if !one(w.Dilation, 1) {
		s += " dilation " + list(w.Dilation, "x")
	}
	if !one(w.Pads, 0) {
		s += " pads " + list(w.Pads, ",")
	}
	return s
}
