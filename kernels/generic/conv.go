package generic

import "github.com/edgerun/edgerun/kernels"

// Convolution as a matrix product over strips of output pixels. The inputs of
// a strip are gathered into scratch ("im2col") unless they already lie there
// as rows, which is the case for 1x1 kernels with stride 1.
var conv = kernels.Conv{
	Name:        "s8-conv-128x12-generic",
	Takes:       always,
	PackedBytes: noBytes,
	Pack:        noPack,
	Scratch: func(a *kernels.ConvArgs) int {
		return gemmScratch() + columnBytes(a)
	},
	Units: func(a *kernels.ConvArgs, workers int) int { g := convGrid(a, workers); return g.units() },
	Run:   convRun,
}

// dense is the same kernel over the rows of a matrix.
var dense = kernels.Conv{
	Name: "s8-dense-12-generic", Takes: always, PackedBytes: noBytes, Pack: noPack,
	Scratch: conv.Scratch, Units: conv.Units, Run: convRun,
}

// even is the length of a gathered row.
func even(k int) int { return (k + 1) &^ 1 }

// gemmK is the number of products per output.
func gemmK(a *kernels.ConvArgs) int { return a.KH * a.KW * (a.IC / a.Groups) }

// maxColumns bounds the bytes of a strip's gathered rows, so that they stay in
// a level-2 cache.
const maxColumns = 256 << 10

// columnRows is the number of output pixels that are gathered at a time.
func columnRows(a *kernels.ConvArgs) int {
	return min(maxRow, a.OH*a.OW, max(4, maxColumns/even(gemmK(a))))
}

func columnBytes(a *kernels.ConvArgs) int {
	if direct(a) {
		return 0
	}
	return round16(columnRows(a) * even(gemmK(a)))
}

// direct reports whether the input pixels are the rows of the product.
func direct(a *kernels.ConvArgs) bool {
	return a.KH == 1 && a.KW == 1 && a.SH == 1 && a.SW == 1 && a.PT == 0 && a.PL == 0 &&
		a.OH == a.IH && a.OW == a.IW && (a.IC/a.Groups)%2 == 0 &&
		(a.IH == 1 || a.InPlane.H == a.IW*a.InPlane.W) && len(a.Offset) == 0
}

// grid cuts a convolution into units: strips of pixels, times groups, times
// parts of a group's output channels when there are too few strips.
type grid struct {
	rows   int // pixels of a strip
	strips int // per image
	parts  int // per group
	cols   int // output channels of a part
	total  int
}

func (g *grid) units() int { return g.total }

func convGrid(a *kernels.ConvArgs, workers int) grid {
	g := grid{rows: columnRows(a)}
	pixels := a.OH * a.OW
	if workers > 1 {
		// At least four strips per worker, of at least 16 pixels each.
		g.rows = min(g.rows, max(16, ceilDiv(pixels, 4*workers)))
	}
	g.strips = ceilDiv(pixels, g.rows)
	oc := a.OC / a.Groups
	g.parts = 1
	if have := a.N * g.strips * a.Groups; workers > 1 && have < 4*workers {
		g.parts = min(ceilDiv(4*workers, have), ceilDiv(oc, block))
	}
	g.cols = ceilDiv(ceilDiv(oc, block), g.parts) * block
	g.parts = ceilDiv(oc, g.cols)
	g.total = a.N * g.strips * a.Groups * g.parts
	return g
}

func convRun(a *kernels.ConvArgs, w, u0, u1 int) {
	runStrips(a, w, u0, u1, gather)
}

// runStrips does units of a convolution whose rows fill gathers.
func runStrips(a *kernels.ConvArgs, w, u0, u1 int, fill func(a *kernels.ConvArgs, x []int8, n, g, p0, rows int)) {
	grid := convGrid(a, a.Workers)
	c := carver{a.Scratch[w]}
	mem := carveGemm(&c)
	k, ic, oc := gemmK(a), a.IC/a.Groups, a.OC/a.Groups
	s := strip{ld: even(k), out: mem.out}
	isDirect := direct(a)
	var cols []int8
	if !isDirect {
		cols = c.int8s(columnRows(a) * even(k))
	}
	last := -1 // the strip and group in cols
	for u := u0; u < u1; u++ {
		part := u % grid.parts
		row := u / grid.parts
		g := row % a.Groups
		t := row / a.Groups
		n, p0 := t/grid.strips, t%grid.strips*grid.rows
		s.rows = min(grid.rows, a.OH*a.OW-p0)
		if row != last {
			last = row
			if isDirect {
				s.x, s.ld = a.In[n*a.InPlane.N+p0*a.InPlane.W+g*ic:], a.InPlane.W
			} else {
				s.x = cols
				fill(a, cols, n, g, p0, s.rows)
			}
			for r := range s.rows {
				p := p0 + r
				s.out[r] = int32(n*a.OutPlane.N + p/a.OW*a.OutPlane.H + p%a.OW*a.OutPlane.W)
			}
		}
		c0 := g*oc + part*grid.cols
		gemm(a, &mem, &s, a.Weights, k, k, c0, min(c0+grid.cols, (g+1)*oc))
	}
}

// gather writes the inputs of pixels [p0, p0+rows) of image n as rows of
// KH·KW·IC/Groups elements, the last one doubled up to an even number.
func gather(a *kernels.ConvArgs, x []int8, n, g, p0, rows int) {
	ic := a.IC / a.Groups
	k := gemmK(a)
	ld := even(k)
	z := int8(a.ZIn)
	in := a.In[n*a.InPlane.N+g*ic:]
	// Neighbouring taps lie side by side: one move per kernel row.
	joined := a.DW == 1 && a.InPlane.W == ic
	oy, ox := p0/a.OW, p0%a.OW
	for r := range rows {
		dst := x[r*ld:][:ld]
		if ld > k {
			dst[k] = 0
		}
		iy := oy*a.SH - a.PT
		ix := ox*a.SW - a.PL
		for ky := 0; ky < a.KH; ky, iy = ky+1, iy+a.DH {
			row := dst[ky*a.KW*ic:][:a.KW*ic]
			if iy < 0 || iy >= a.IH {
				fillInt8(row, z)
				continue
			}
			src := in[iy*a.InPlane.H:]
			if joined {
				lo := min(max(-ix, 0), a.KW)
				hi := min(max(a.IW-ix, lo), a.KW)
				fillInt8(row[:lo*ic], z)
				if hi > lo {
					copy(row[lo*ic:hi*ic], src[(ix+lo)*ic:])
				}
				fillInt8(row[hi*ic:], z)
				continue
			}
			for kx, px := 0, ix; kx < a.KW; kx, px = kx+1, px+a.DW {
				d := row[kx*ic:][:ic]
				if px < 0 || px >= a.IW {
					fillInt8(d, z)
				} else {
					copy(d, src[px*a.InPlane.W:])
				}
			}
		}
		if ox++; ox == a.OW {
			ox = 0
			oy++
		}
	}
}

func fillInt8(d []int8, v int8) {
	for i := range d {
		d[i] = v
	}
}
