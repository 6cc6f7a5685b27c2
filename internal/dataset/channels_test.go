package dataset

import (
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestChannelsLast reads a picture for inputs in both orders of the axes.
func TestChannelsLast(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 4, 2))
	for y := range 2 {
		for x := range 4 {
			img.Set(x, y, color.RGBA{uint8(10*y + x), uint8(100 + 10*y + x), uint8(200 + 10*y + x), 255})
		}
	}
	path := filepath.Join(t.TempDir(), "x.png")
	f, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, png.Encode(f, img))
	require.NoError(t, f.Close())
	first, err := LoadFile(path, Input{Name: "x", Shape: []int{1, 3, 2, 4}}, &Preprocess{})
	require.NoError(t, err)
	last, err := LoadFile(path, Input{Name: "x", Shape: []int{1, 2, 4, 3}}, &Preprocess{})
	require.NoError(t, err)
	for y := range 2 {
		for x := range 4 {
			for c := range 3 {
				want := float32(100*c + 10*y + x)
				require.Equal(t, want, first[(c*2+y)*4+x])
				require.Equal(t, want, last[(y*4+x)*3+c])
			}
		}
	}
	_, err = LoadFile(path, Input{Name: "x", Shape: []int{1, 2, 4, 5}}, &Preprocess{})
	require.ErrorContains(t, err, "the network wants 2 channels")
}
