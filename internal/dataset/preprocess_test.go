package dataset

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/npy"
)

// vectors reads arrays that tools/vectors/dataset.py stored.
func vectors(t testing.TB, file string) map[string]*npy.Array {
	_, names, err := npy.ReadArchive("testdata/" + file)
	require.NoError(t, err)
	a, _, err := npy.ReadArchive("testdata/"+file, names...)
	require.NoError(t, err)
	require.NotEmpty(t, a)
	return a
}

func loadImage(t testing.TB, file string) image.Image {
	img, err := LoadImage("testdata/" + file)
	require.NoError(t, err)
	return img
}

func sameValues(t testing.TB, want *npy.Array, got *raster) {
	t.Helper()
	shape := []int{got.h, got.w, got.c}
	if got.c == 1 {
		shape = shape[:2]
	}
	require.Equal(t, want.Shape, shape)
	for i, v := range want.Ints {
		if int64(got.pix[i]) != v {
			require.Equal(t, v, int64(got.pix[i]), "value %d", i)
		}
	}
}

// TestResizeEqualsPillow: resizing gives Pillow's numbers, up, down, along one
// axis and along both.
func TestResizeEqualsPillow(t *testing.T) {
	img := loadImage(t, "noise.png")
	n := 0
	for name, want := range vectors(t, "resize.npz") {
		var mode string
		var w, h int
		if _, err := fmt.Sscanf(strings.ReplaceAll(name, "_", " "), "%s %dx%d", &mode, &w, &h); err != nil || strings.HasPrefix(name, "short") {
			continue
		}
		n++
		r, err := toRaster(img, mode == "L").resize(w, h)
		require.NoError(t, err)
		sameValues(t, want, r)
	}
	require.Equal(t, 18, n)
}

// TestFitEqualsTorchvision: a shorter side and a centre crop give the pixels of
// torchvision's Resize and CenterCrop.
func TestFitEqualsTorchvision(t *testing.T) {
	n := 0
	for name, want := range vectors(t, "resize.npz") {
		var w, h, short, crop int
		if _, err := fmt.Sscanf(name, "short-%dx%d_%d_%d", &w, &h, &short, &crop); err != nil {
			continue
		}
		n++
		p := Preprocess{Short: short, Crop: crop}
		r, err := p.fit(toRaster(loadImage(t, fmt.Sprintf("short-%dx%d.png", w, h)), false), crop, crop)
		require.NoError(t, err)
		sameValues(t, want, r)
	}
	require.Equal(t, 6, n)
}

// TestFormats: every format that is read gives Pillow's pixels; of JPEG, which
// leaves decoders some freedom, nearly.
func TestFormats(t *testing.T) {
	for name, want := range vectors(t, "formats.npz") {
		t.Run(name, func(t *testing.T) {
			r := toRaster(loadImage(t, name), false)
			if !strings.HasSuffix(name, ".jpg") {
				sameValues(t, want, r)
				return
			}
			require.Equal(t, want.Shape, []int{r.h, r.w, 3})
			sum, most := 0.0, 1.0
			if strings.HasPrefix(name, "subsampled") { // chroma is scaled up otherwise
				most = 5
			}
			for i, v := range want.Ints {
				d := math.Abs(float64(v) - float64(r.pix[i]))
				sum += d
				if most == 1 {
					require.LessOrEqual(t, d, 3.0, "value %d", i)
				}
			}
			require.Less(t, sum/float64(len(r.pix)), most)
		})
	}
}

// gradient is a picture whose value says where a pixel comes from.
func gradient(w, h int) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetNRGBA(x, y, color.NRGBA{uint8(x), uint8(y), uint8(x + y), 255})
		}
	}
	return img
}

// TestFitGeometry: which part of a picture becomes the input.
func TestFitGeometry(t *testing.T) {
	for name, c := range map[string]struct {
		p        Preprocess
		w, h     int // of the picture
		iw, ih   int // of the input
		x, y     int // the picture's pixel that becomes the first
		x1, y1   int // and the last
		slack    int // how exact resizing can be told from a gradient
		unscaled bool
	}{
		"as it is":             {Preprocess{}, 32, 24, 32, 24, 0, 0, 31, 23, 0, true},
		"crop even":            {Preprocess{Crop: 20}, 32, 24, 20, 20, 6, 2, 25, 21, 0, true},
		"crop half to even":    {Preprocess{Crop: 21}, 32, 24, 21, 21, 6, 2, 26, 22, 0, true}, // margins 5.5 and 1.5
		"crop, margin of 1/2":  {Preprocess{Crop: 23}, 24, 24, 23, 23, 0, 0, 22, 22, 0, true},
		"crop, margin of 3/2":  {Preprocess{Crop: 21}, 24, 24, 21, 21, 2, 2, 22, 22, 0, true},
		"crop larger":          {Preprocess{Crop: 100}, 32, 24, 32, 24, 0, 0, 31, 23, 0, true},
		"cover a wide picture": {Preprocess{}, 200, 50, 50, 50, 75, 0, 124, 49, 0, true},
		"cover a high picture": {Preprocess{}, 40, 200, 40, 60, 0, 70, 39, 129, 0, true},
		"cover, twice as wide": {Preprocess{}, 200, 100, 50, 50, 50, 0, 149, 99, 2, false},
		"cover, enlarge":       {Preprocess{}, 40, 20, 60, 60, 10, 0, 29, 19, 1, false},
		"exactly, squeezed":    {Preprocess{Width: 50, Height: 50}, 200, 100, 50, 50, 0, 0, 199, 99, 4, false},
		"short side":           {Preprocess{Short: 50}, 200, 100, 100, 50, 0, 0, 199, 99, 2, false},
		"short side, then all": {Preprocess{Short: 50}, 200, 100, 50, 50, 0, 0, 199, 99, 4, false},
		"short side and crop":  {Preprocess{Short: 50, Crop: 40}, 200, 100, 40, 40, 60, 10, 139, 89, 2, false},
		"crop, then enlarge":   {Preprocess{Crop: 10}, 30, 30, 20, 20, 10, 10, 19, 19, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			x, err := c.p.Tensor(gradient(c.w, c.h), 3, c.ih, c.iw)
			require.NoError(t, err)
			n := c.iw * c.ih
			require.Len(t, x, 3*n)
			for i, want := range map[int]int{0: c.x, n: c.y, n - 1: c.x1, 2*n - 1: c.y1} {
				require.InDelta(t, want, x[i], float64(c.slack), "element %d", i)
			}
			if c.unscaled {
				for y := range c.ih {
					for k := range c.iw {
						require.Equal(t, float32(c.x+k), x[y*c.iw+k])
						require.Equal(t, float32(c.y+y), x[n+y*c.iw+k])
					}
				}
			}
		})
	}
}

// TestPixelValues: order, scale, mean and deviation of the channels.
func TestPixelValues(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 1, 1))
	img.SetNRGBA(0, 0, color.NRGBA{10, 100, 200, 255})
	for name, c := range map[string]struct {
		p    Preprocess
		c    int
		want []float32
	}{
		"plain":                                {Preprocess{}, 3, []float32{10, 100, 200}},
		"rgb":                                  {Preprocess{Color: "rgb"}, 3, []float32{10, 100, 200}},
		"bgr":                                  {Preprocess{Color: "bgr"}, 3, []float32{200, 100, 10}},
		"gray":                                 {Preprocess{}, 1, []float32{84}}, // (19595·10 + 38470·100 + 7471·200 + 2^15) >> 16
		"scale":                                {Preprocess{Scale: 1.0 / 255}, 3, []float32{10.0 / 255, 100.0 / 255, 200.0 / 255}},
		"one mean":                             {Preprocess{Mean: []float64{127.5}, Std: []float64{127.5}}, 3, []float32{-117.5 / 127.5, -27.5 / 127.5, 72.5 / 127.5}},
		"per channel":                          {Preprocess{Mean: []float64{1, 2, 3}, Std: []float64{2, 4, 8}}, 3, []float32{4.5, 24.5, 24.625}},
		"bgr means are in the network's order": {Preprocess{Color: "bgr", Mean: []float64{1, 2, 3}}, 3, []float32{199, 98, 7}},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, c.p.Check())
			x, err := c.p.Tensor(img, c.c, 1, 1)
			require.NoError(t, err)
			require.Equal(t, c.want, x)
		})
	}
	for want, c := range map[string]struct {
		p Preprocess
		c int
	}{
		"the network wants 1 channels, a picture in rgb has 3":  {Preprocess{Color: "rgb"}, 1},
		"the network wants 3 channels, a picture in gray has 1": {Preprocess{Color: "gray"}, 3},
		"the network wants 4 channels, a picture in rgb has 3":  {Preprocess{}, 4},
		"2 values of mean or std for 3 channels":                {Preprocess{Mean: []float64{1, 2}}, 3},
		"4 values of mean or std for 3 channels":                {Preprocess{Std: []float64{1, 2, 3, 4}}, 3},
	} {
		_, err := c.p.Tensor(img, c.c, 1, 1)
		require.EqualError(t, err, want)
	}
}

// TestHugePictures: pictures that are large, or would become so, are refused
// before memory is allocated for them.
func TestHugePictures(t *testing.T) {
	dir := t.TempDir()
	thin := filepath.Join(dir, "thin.png")
	f, err := os.Create(thin)
	require.NoError(t, err)
	require.NoError(t, png.Encode(f, image.NewGray(image.Rect(0, 0, 1, 30000))))
	require.NoError(t, f.Close())
	in := Input{Name: "x", Shape: []int{1, 3, 224, 224}}
	_, err = LoadFile(thin, in, &Preprocess{})
	require.EqualError(t, err, "a picture of 1x30000 would be 224x6720000 after resizing, want at most 134217728 pixels")
	_, err = LoadFile(thin, in, &Preprocess{Short: 256, Crop: 224})
	require.ErrorContains(t, err, "would be 256x7680000 after resizing")

	// A header of 33000x1000 pixels without any.
	huge := filepath.Join(dir, "huge.png")
	b, err := os.ReadFile("testdata/gray.png")
	require.NoError(t, err)
	head := []byte{0, 0, 0x80, 0xe8, 0, 0, 0x03, 0xe8}
	copy(b[16:], head)
	copy(b[29:], crcOf(b[12:29]))
	require.NoError(t, os.WriteFile(huge, b, 0o600))
	got := allocated(func() {
		_, err = LoadFile(huge, in, &Preprocess{})
		require.EqualError(t, err, "a picture of 33000x1000 pixels, want sides up to 32768 and at most 134217728 in all")
	})
	require.Less(t, got, int64(1<<20))
}

// TestSettings: what flags and files say about preprocessing.
func TestSettings(t *testing.T) {
	p := Preprocess{Color: "bgr", Scale: 1.0 / 255, Mean: []float64{0.485, 0.456, 0.406}, Std: []float64{0.229, 0.224, 0.225}, Short: 256, Crop: 224}
	keep := map[string]string{}
	for _, m := range p.Meta() {
		keep[m.Key] = m.Value
	}
	back, err := FromMeta(func(k string) string { return keep[k] })
	require.NoError(t, err)
	require.Equal(t, p, back)
	p = Preprocess{Width: 320, Height: 240}
	require.Len(t, p.Meta(), 1)
	back, err = FromMeta(func(k string) string { return map[string]string{"pre.resize": "320x240"}[k] })
	require.NoError(t, err)
	require.Equal(t, p, back)

	for s, ok := range map[string]bool{"256": true, "320x240": true, "": true, "0": false, "-3": false, "12x": false, "x12": false, "axb": false, "32769": false, "1x2x3": false, "1.5": false} {
		err := (&Preprocess{}).ParseResize(s)
		require.Equal(t, ok, err == nil, s)
		if err != nil {
			require.EqualError(t, err, fmt.Sprintf("resize %q: want a side in pixels, such as 256, or WxH, such as 320x240", s))
		}
	}
	l, err := ParseFloats("1/255, -2,0.5")
	require.NoError(t, err)
	require.Equal(t, []float64{1.0 / 255, -2, 0.5}, l)
	for _, s := range []string{"a", "1,,2", "1/0", "nan", "inf", "1/a"} {
		_, err := ParseFloats(s)
		require.ErrorContains(t, err, "is not a number", s)
	}
	for want, p := range map[string]Preprocess{
		`color "yuv" is unknown, want rgb, bgr or gray`:     {Color: "yuv"},
		"std: want numbers other than 0":                    {Std: []float64{1, 0, 1}},
		"mean and std: want one number, or one per channel": {Mean: make([]float64, 5)},
		"crop -1: want a side in pixels":                    {Crop: -1},
	} {
		require.EqualError(t, p.Check(), want)
	}
	for key, v := range map[string]string{"pre.mean": "x", "pre.std": "0", "pre.scale": "x", "pre.resize": "x", "pre.crop": "x", "pre.color": "x"} {
		_, err := FromMeta(func(k string) string { return map[string]string{key: v}[k] })
		require.Error(t, err, key)
	}
}
