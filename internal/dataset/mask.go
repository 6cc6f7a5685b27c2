package dataset

import (
	"image"
	"image/color"
)

// maskOf reads a picture of classes: palette indices, or gray values.
func maskOf(img image.Image) (classes []int, h, w int) {
	b := img.Bounds()
	p, paletted := img.(*image.Paletted)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if paletted {
				classes = append(classes, int(p.ColorIndexAt(x, y)))
			} else {
				classes = append(classes, int(color.GrayModel.Convert(img.At(x, y)).(color.Gray).Y))
			}
		}
	}
	return classes, b.Dy(), b.Dx()
}
