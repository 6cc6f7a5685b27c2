package generic

import "github.com/edgerun/edgerun/kernels"

// convTranspose gathers, for every output pixel, the input pixels whose kernel
// reaches it. Taps that fall between input pixels read the zero point: stride
// s leaves 1/s² of them.
var convTranspose = kernels.Conv{
	Name: "s8-convtranspose-128x12-generic", Takes: always, PackedBytes: noBytes, Pack: noPack,
	Scratch: func(a *kernels.ConvArgs) int { return gemmScratch() + round16(columnRows(a)*even(gemmK(a))) },
	Units:   conv.Units,
	Run:     func(a *kernels.ConvArgs, w, u0, u1 int) { runStrips(a, w, u0, u1, scatterRows) },
}

// scatterRows fills rows with the taps of a transposed convolution: output
// (oy, ox) gets X[iy, ix]·W[ky, kx] where oy = iy·SH − PT + ky·DH.
func scatterRows(a *kernels.ConvArgs, x []int8, n, g, p0, rows int) {
	ic := a.IC / a.Groups
	k := gemmK(a)
	ld := even(k)
	z := int8(a.ZIn)
	in := a.In[n*a.InPlane.N+g*ic:]
	for r := range rows {
		oy, ox := (p0+r)/a.OW, (p0+r)%a.OW
		dst := x[r*ld:][:ld]
		if ld > k {
			dst[k] = 0
		}
		for t := range a.KH * a.KW {
			d := dst[t*ic:][:ic]
			iy, ix := oy+a.PT-t/a.KW*a.DH, ox+a.PL-t%a.KW*a.DW
			if iy < 0 || ix < 0 || iy%a.SH != 0 || ix%a.SW != 0 || iy/a.SH >= a.IH || ix/a.SW >= a.IW {
				fillInt8(d, z)
				continue
			}
			copy(d, in[iy/a.SH*a.InPlane.H+ix/a.SW*a.InPlane.W:])
		}
	}
}
