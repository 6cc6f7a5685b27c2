// Package dataset turns what people have — folders of images, CSV lists, NumPy
// arrays, WAV files — into samples for a network.
package dataset

import (
	"errors"
	"fmt"
	"image"
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"
	"os"
	"strconv"
	"strings"

	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/webp"

	ermfmt "github.com/edgerun/edgerun/fmt"
)

// Preprocess says how a picture becomes a tensor: it is resized, cropped at
// the centre, and every pixel v (0 to 255) becomes (v·Scale − Mean)/Std.
type Preprocess struct {
	Width, Height int       // resize to exactly this; or
	Short         int       // resize the shorter side to this, keeping proportions
	Crop          int       // centre crop of Crop x Crop; 0: none
	Color         string    // rgb (or empty), bgr or gray
	Scale         float64   // 0: 1
	Mean, Std     []float64 // one number, or one per channel; empty: 0 and 1
}

// ParseResize reads the value of a --resize flag: N for the shorter side, WxH
// for both.
func (p *Preprocess) ParseResize(s string) error {
	if s == "" {
		return nil
	}
	w, h, both := strings.Cut(s, "x")
	n, err := strconv.Atoi(w)
	if err == nil && !both && n > 0 && n <= maxSide {
		p.Short = n
		return nil
	}
	m, err2 := strconv.Atoi(h)
	if err != nil || err2 != nil || n < 1 || m < 1 || n > maxSide || m > maxSide {
		return fmt.Errorf("resize %q: want a side in pixels, such as 256, or WxH, such as 320x240", s)
	}
	p.Width, p.Height = n, m
	return nil
}

// maxSide bounds the sides of pictures.
const maxSide = 1 << 15

// Check fails on values that make no sense.
func (p *Preprocess) Check() error {
	switch p.Color {
	case "", "rgb", "bgr", "gray":
	default:
		return fmt.Errorf("color %q is unknown, want rgb, bgr or gray", p.Color)
	}
	for _, s := range p.Std {
		if !(s != 0) || s-s != 0 {
			return errors.New("std: want numbers other than 0")
		}
	}
	for _, l := range [][]float64{p.Mean, p.Std} {
		if len(l) > 4 {
			return errors.New("mean and std: want one number, or one per channel")
		}
	}
	if p.Crop < 0 || p.Crop > maxSide {
		return fmt.Errorf("crop %d: want a side in pixels", p.Crop)
	}
	return nil
}

// Given reports whether anything is set that changes pixel values.
func (p *Preprocess) Given() bool { return p.Scale != 0 || len(p.Mean) > 0 || len(p.Std) > 0 }

// Meta returns the settings as properties of a model file.
func (p *Preprocess) Meta() []ermfmt.Meta {
	var m []ermfmt.Meta
	set := func(key, v string) {
		if v != "" {
			m = append(m, ermfmt.Meta{Key: key, Value: v})
		}
	}
	num := func(v int) string {
		if v == 0 {
			return ""
		}
		return strconv.Itoa(v)
	}
	set(ermfmt.MetaColor, p.Color)
	if p.Scale != 0 {
		set(ermfmt.MetaScale, formatFloats([]float64{p.Scale}))
	}
	set(ermfmt.MetaMean, formatFloats(p.Mean))
	set(ermfmt.MetaStd, formatFloats(p.Std))
	if p.Width > 0 {
		set(ermfmt.MetaResize, fmt.Sprintf("%dx%d", p.Width, p.Height))
	} else {
		set(ermfmt.MetaResize, num(p.Short))
	}
	set(ermfmt.MetaCrop, num(p.Crop))
	return m
}

// FromMeta reads the settings back.
func FromMeta(get func(key string) string) (Preprocess, error) {
	p := Preprocess{Color: get(ermfmt.MetaColor)}
	var err error
	if p.Mean, err = ParseFloats(get(ermfmt.MetaMean)); err != nil {
		return p, err
	}
	if p.Std, err = ParseFloats(get(ermfmt.MetaStd)); err != nil {
		return p, err
	}
	if s := get(ermfmt.MetaScale); s != "" {
		if p.Scale, err = strconv.ParseFloat(s, 64); err != nil {
			return p, fmt.Errorf("scale %q is not a number", s)
		}
	}
	if err := p.ParseResize(get(ermfmt.MetaResize)); err != nil {
		return p, err
	}
	if s := get(ermfmt.MetaCrop); s != "" {
		if p.Crop, err = strconv.Atoi(s); err != nil {
			return p, fmt.Errorf("crop %q is not a number", s)
		}
	}
	return p, p.Check()
}

// ParseFloats reads a list such as 0.485,0.456,0.406. Fractions such as 1/255
// are taken too.
func ParseFloats(s string) ([]float64, error) {
	if s == "" {
		return nil, nil
	}
	var out []float64
	for _, f := range strings.Split(s, ",") {
		a, b, frac := strings.Cut(strings.TrimSpace(f), "/")
		v, err := strconv.ParseFloat(a, 64)
		if err == nil && frac {
			var d float64
			if d, err = strconv.ParseFloat(b, 64); err == nil {
				v /= d
			}
		}
		if err != nil || v-v != 0 {
			return nil, fmt.Errorf("%q is not a number", f)
		}
		out = append(out, v)
	}
	return out, nil
}

func formatFloats(v []float64) string {
	var s []string
	for _, f := range v {
		s = append(s, strconv.FormatFloat(f, 'g', -1, 64))
	}
	return strings.Join(s, ",")
}

// LoadImage decodes a picture file.
func LoadImage(path string) (image.Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	cfg, format, err := image.DecodeConfig(f)
	if err != nil {
		return nil, fmt.Errorf("this is not a picture in a format that edgerun reads (jpg, png, bmp, gif, webp), or it is damaged: %w", err)
	}
	if cfg.Width < 1 || cfg.Height < 1 || cfg.Width > maxSide || cfg.Height > maxSide || cfg.Width*cfg.Height > maxPixels {
		return nil, fmt.Errorf("a picture of %dx%d pixels, want sides up to %d and at most %d in all", cfg.Width, cfg.Height, maxSide, maxPixels)
	}
	if _, err := f.Seek(0, 0); err != nil {
		return nil, err
	}
	img, _, err := image.Decode(f)
	if err != nil {
		return nil, fmt.Errorf("the %s file is damaged: %w", format, err)
	}
	return img, nil
}

// Tensor turns a picture into the elements of an input of h x w pixels and c
// channels, in the order C, H, W. Without Width, Height, Short and Crop the
// picture is scaled to cover the input and cropped at the centre; what has
// another size in the end is scaled to the input's, whatever the proportions.
//
// Resizing to a shorter side, whose other side is rounded down, and the centre
// crop are those of torchvision's Resize and CenterCrop; pixels are Pillow's.
func (p *Preprocess) Tensor(img image.Image, c, h, w int) ([]float32, error) {
	gray := p.Color == "gray" || p.Color == "" && c == 1
	if gray != (c == 1) || c != 1 && c != 3 {
		return nil, fmt.Errorf("the network wants %d channels, a picture in %s has %d", c, p.colorName(gray), map[bool]int{true: 1, false: 3}[gray])
	}
	r, err := p.fit(toRaster(img, gray), h, w)
	if err != nil {
		return nil, err
	}
	scale := p.Scale
	if scale == 0 {
		scale = 1
	}
	at := func(l []float64, k int, def float64) (float64, error) {
		switch {
		case len(l) == 0:
			return def, nil
		case len(l) == 1:
			return l[0], nil
		case len(l) != c:
			return 0, fmt.Errorf("%d values of mean or std for %d channels", len(l), c)
		}
		return l[k], nil
	}
	out := make([]float32, c*h*w)
	// Every pixel value maps to one of 256 numbers per channel.
	var table [3][256]float32
	for k := range c {
		m, err := at(p.Mean, k, 0)
		if err != nil {
			return nil, err
		}
		s, err := at(p.Std, k, 1)
		if err != nil {
			return nil, err
		}
		for v := range table[k] {
			// Rounded after every step, so that no CPU fuses two of them.
			x := float64(float64(v) * scale)
			table[k][v] = float32(float64(x-m) / s)
		}
	}
	for k := range c {
		from := k
		if p.Color == "bgr" {
			from = 2 - k
		}
		for i := range h * w {
			out[k*h*w+i] = table[k][r.pix[i*c+from]]
		}
	}
	return out, nil
}

func (p *Preprocess) colorName(gray bool) string {
	if gray {
		return "gray"
	}
	if p.Color == "" {
		return "rgb"
	}
	return p.Color
}

// fit resizes and crops a picture to w x h.
func (p *Preprocess) fit(r *raster, h, w int) (*raster, error) {
	rw, rh := r.w, r.h
	switch {
	case p.Width > 0:
		rw, rh = p.Width, p.Height
	case p.Short > 0 && r.w < r.h:
		rw, rh = p.Short, max(p.Short, p.Short*r.h/r.w)
	case p.Short > 0:
		rw, rh = max(p.Short, p.Short*r.w/r.h), p.Short
	case p.Crop == 0 && w*r.h > h*r.w: // cover the input, whatever the proportions
		rw, rh = w, max(h, (r.h*w+r.w/2)/r.w)
	case p.Crop == 0:
		rw, rh = max(w, (r.w*h+r.h/2)/r.h), h
	}
	r, err := r.resize(rw, rh)
	if err != nil {
		return nil, err
	}
	switch {
	case p.Crop > 0:
		r = r.crop(p.Crop, p.Crop)
	case p.Width == 0 && p.Short == 0:
		r = r.crop(w, h)
	}
	return r.resize(w, h)
}
