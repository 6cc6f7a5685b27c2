package dataset

import (
	"fmt"
	"image"
	"image/color"
	"math"
)

// raster is a picture of 8 bits per value.
type raster struct {
	w, h, c int
	pix     []uint8 // [h, w, c]
}

func newRaster(w, h, c int) *raster { return &raster{w, h, c, make([]uint8, w*h*c)} }

// toRaster converts a picture to three values a pixel, red, green and blue, or
// to one, its luma. Transparency is ignored, and of 16 bits the upper 8 count,
// as most training pipelines have it.
func toRaster(img image.Image, gray bool) *raster {
	b := img.Bounds()
	c := 3
	if gray {
		c = 1
	}
	r := newRaster(b.Dx(), b.Dy(), c)
	i := 0
	set := func(red, green, blue uint8) {
		if gray {
			// ITU-R 601-2, in units of 2^-16 that sum to 1.
			r.pix[i] = uint8((19595*uint32(red) + 38470*uint32(green) + 7471*uint32(blue) + 1<<15) >> 16)
		} else {
			r.pix[i], r.pix[i+1], r.pix[i+2] = red, green, blue
		}
		i += c
	}
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			switch img := img.(type) {
			case *image.YCbCr:
				at := img.COffset(x, y)
				set(color.YCbCrToRGB(img.Y[img.YOffset(x, y)], img.Cb[at], img.Cr[at]))
			case *image.Gray:
				v := img.GrayAt(x, y).Y
				set(v, v, v)
			case *image.NRGBA:
				p := img.NRGBAAt(x, y)
				set(p.R, p.G, p.B)
			default:
				p := color.NRGBA64Model.Convert(img.At(x, y)).(color.NRGBA64)
				set(uint8(p.R>>8), uint8(p.G>>8), uint8(p.B>>8))
			}
		}
	}
	return r
}

// crop cuts w x h values out of the middle, or as many as there are. Where the
// middle is between two pixels, the margin in front is rounded to even.
func (r *raster) crop(w, h int) *raster {
	w, h = min(w, r.w), min(h, r.h)
	x0, y0 := int(math.RoundToEven(float64(r.w-w)/2)), int(math.RoundToEven(float64(r.h-h)/2))
	out := newRaster(w, h, r.c)
	for y := range h {
		copy(out.pix[y*w*r.c:][:w*r.c], r.pix[((y0+y)*r.w+x0)*r.c:])
	}
	return out
}

// maxPixels bounds the pictures that are worked on.
const maxPixels = 1 << 27

// resize scales to w x h values: across first, then down, each time rounded to
// 8 bits. The weights are those of a triangle that is two source pixels wide,
// or when it shrinks two target pixels, so that every source pixel counts. It
// gives the same numbers as Pillow's Image.resize with BILINEAR. (From version
// 13 on Pillow goes down first where the height shrinks much more than the
// width, with other roundings.)
func (r *raster) resize(w, h int) (*raster, error) {
	if w == r.w && h == r.h {
		return r, nil
	}
	if w < 1 || h < 1 || w > maxPixels/h || w > maxPixels/r.h {
		return nil, fmt.Errorf("a picture of %dx%d would be %dx%d after resizing, want at most %d pixels", r.w, r.h, w, h, maxPixels)
	}
	out := r
	if w != r.w {
		out = newRaster(w, r.h, r.c)
		ws := triangle(r.w, w)
		for y := range r.h {
			ws.apply(out.pix[y*w*r.c:], r.pix[y*r.w*r.c:], r.c)
		}
	}
	if h != r.h {
		in := out
		out = newRaster(w, h, r.c)
		triangle(r.h, h).apply(out.pix, in.pix, w*r.c)
	}
	return out, nil
}

// weights says, for every target position along an axis, from which source
// position on so many source values are summed up, with weights in units of
// 2^-22.
type weights struct {
	first []int
	w     [][]int32
}

const weightBits = 22

func triangle(from, to int) *weights {
	t := &weights{}
	scale := float64(from) / float64(to)
	support := max(scale, 1)
	for i := range to {
		center := float64((float64(i) + 0.5) * scale)
		lo, hi := max(0, int(center-support+0.5)), min(from, int(center+support+0.5))
		w := make([]float64, hi-lo)
		sum := 0.0
		for k := range w {
			w[k] = max(0, 1-math.Abs((float64(k+lo)-center+0.5)/support))
			sum += w[k]
		}
		q := make([]int32, len(w))
		for k := range w {
			q[k] = int32(float64(w[k]/sum*(1<<weightBits)) + 0.5)
		}
		t.first, t.w = append(t.first, lo), append(t.w, q)
	}
	return t
}

// apply computes the n values of every target position; positions are n values
// apart.
func (t *weights) apply(out, in []uint8, n int) {
	for i, ws := range t.w {
		for c := range n {
			sum := int32(1 << (weightBits - 1))
			at := t.first[i]*n + c
			for _, w := range ws {
				sum += int32(in[at]) * w
				at += n
			}
			out[i*n+c] = uint8(min(sum>>weightBits, 255))
		}
	}
}
