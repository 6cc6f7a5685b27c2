package interp

import "github.com/edgerun/edgerun/internal/ir"

// plane is a convolution's geometry in two dimensions; one-dimensional ones
// have height 1.
type plane struct {
	n, c, h, w     int
	oh, ow         int
	kh, kw         int
	sh, sw, dh, dw int
	pt, pl         int
}

func newPlane(win *ir.Window, in, out []int) plane {
	p := plane{n: in[0], c: in[1], h: 1, oh: 1, kh: 1, sh: 1, dh: 1}
	if len(in) == 4 {
		p.h, p.oh, p.kh, p.sh, p.dh, p.pt = in[2], out[2], win.Kernel[0], win.Stride[0], win.Dilation[0], win.Pads[0]
	}
	r := len(in) - 3
	p.w, p.ow, p.kw, p.sw, p.dw, p.pl = in[len(in)-1], out[len(out)-1], win.Kernel[r], win.Stride[r], win.Dilation[r], win.Pads[r]
	return p
}

// span returns the output columns [lo, hi) whose tap kx falls inside the row.
func (p *plane) span(kx int) (lo, hi int) {
	off := kx*p.dw - p.pl
	if off < 0 {
		lo = (-off + p.sw - 1) / p.sw
	}
	hi = min(p.ow, max(0, (p.w-1-off+p.sw)/p.sw))
	if p.w-1-off < 0 {
		hi = 0
	}
	return min(lo, hi), hi
}

// rows returns how many output rows fit a scratch of about 4 MB.
func (p *plane) rows(k int) int { return min(p.oh, max(1, (1<<20)/max(1, k*p.ow))) }

func (e *env) scratch(n int) []float32 {
	if cap(e.col) < n {
		e.col = make([]float32, n)
	}
	return e.col[:n]
}

func (e *env) conv(op *ir.Conv, x, w, b *ir.Tensor, shape []int) *ir.Tensor {
	y := ir.NewTensor(ir.Float32, shape)
	p := newPlane(&op.Window, x.Shape, shape)
	m, g := shape[1], op.Group
	cg, mg := p.c/g, m/g
	taps := p.kh * p.kw
	k := cg * taps
	pix, opix := p.h*p.w, p.oh*p.ow
	for n := range p.n {
		for i := range g {
			src := x.F[(n*p.c+i*cg)*pix:][:cg*pix]
			dst := y.F[(n*m+i*mg)*opix:][:mg*opix]
			wg := w.F[i*mg*k:][:mg*k]
			switch {
			case taps == 1 && p.sh == 1 && p.sw == 1 && p.pt == 0 && p.pl == 0 && p.oh == p.h && p.ow == p.w:
				matmul(mg, opix, k, wg, k, src, opix, dst, opix)
			case cg == 1:
				for o := range mg {
					p.depthwise(src, wg[o*taps:][:taps], dst[o*opix:][:opix])
				}
			default:
				step := p.rows(k)
				for y0 := 0; y0 < p.oh; y0 += step {
					y1 := min(p.oh, y0+step)
					cols := (y1 - y0) * p.ow
					col := e.scratch(k * cols)
					p.im2col(src, cg, col, y0, y1)
					matmul(mg, cols, k, wg, k, col, cols, dst[y0*p.ow:], opix)
				}
			}
		}
	}
	finish(y, b, &op.Act)
	return y
}

// im2col writes output rows [y0, y1) as columns: col [channels·kH·kW, (y1-y0)·oW].
func (p *plane) im2col(src []float32, channels int, col []float32, y0, y1 int) {
	cols := (y1 - y0) * p.ow
	i := 0
	for c := range channels {
		ch := src[c*p.h*p.w:]
		for ky := range p.kh {
			for kx := range p.kw {
				row := col[i*cols:][:cols]
				i++
				lo, hi := p.span(kx)
				for oy := y0; oy < y1; oy++ {
					d := row[(oy-y0)*p.ow:][:p.ow]
					iy := oy*p.sh + ky*p.dh - p.pt
					if iy < 0 || iy >= p.h || lo >= hi {
						clear(d)
						continue
					}
					clear(d[:lo])
					clear(d[hi:])
					s := ch[iy*p.w:][:p.w]
					ix := lo*p.sw + kx*p.dw - p.pl
					if p.sw == 1 {
						copy(d[lo:hi], s[ix:])
						continue
					}
					for ox := lo; ox < hi; ox++ {
						d[ox] = s[ix]
						ix += p.sw
					}
				}
			}
		}
	}
}

// depthwise convolves one channel with one filter.
func (p *plane) depthwise(src, w, dst []float32) {
	for ky := range p.kh {
		for kx := range p.kw {
			f := w[ky*p.kw+kx]
			lo, hi := p.span(kx)
			if f == 0 || lo >= hi {
				continue
			}
			for oy := range p.oh {
				iy := oy*p.sh + ky*p.dh - p.pt
				if iy < 0 || iy >= p.h {
					continue
				}
				d := dst[oy*p.ow:][:p.ow]
				s := src[iy*p.w:][:p.w]
				ix := lo*p.sw + kx*p.dw - p.pl
				if p.sw == 1 {
					s = s[ix:]
					d = d[lo:hi]
					s = s[:len(d)]
					for i := range d {
						d[i] += float32(f * s[i])
					}
					continue
				}
				for ox := lo; ox < hi; ox++ {
					d[ox] += float32(f * s[ix])
					ix += p.sw
				}
			}
		}
	}
}

// finish adds the bias of every channel (axis 1) and applies the activation.
func finish(y, b *ir.Tensor, act *ir.Act) {
	c := y.Shape[1]
	px := len(y.F) / max(1, y.Shape[0]*c)
	for i := range y.Shape[0] * c {
		row := y.F[i*px:][:px]
		if b != nil {
			v := b.F[i%c]
			for k := range row {
				row[k] += v
			}
		}
		activate(row, act, i%c)
	}
}

func activate(row []float32, act *ir.Act, c int) {
	switch act.Kind {
	case "":
	case "clamp":
		lo, hi := act.Lo, act.Hi
		for k, v := range row {
			row[k] = min(max(v, lo), hi)
		}
	default:
		for k, v := range row {
			row[k] = act.Apply(v, c)
		}
	}
}

func (e *env) convTranspose(op *ir.ConvTranspose, x, w, b *ir.Tensor, shape []int) *ir.Tensor {
	y := ir.NewTensor(ir.Float32, shape)
	// The transposed convolution is the convolution from y to x run backwards.
	p := newPlane(&op.Window, shape, x.Shape)
	c, m, g := x.Shape[1], shape[1], op.Group
	cg, mg := c/g, m/g
	k := mg * p.kh * p.kw
	ipix, opix := p.oh*p.ow, p.h*p.w
	step := p.rows(k)
	for n := range x.Shape[0] {
		for i := range g {
			src := x.F[(n*c+i*cg)*ipix:][:cg*ipix]
			dst := y.F[(n*m+i*mg)*opix:][:mg*opix]
			wg := transposed(w.F[i*cg*k:][:cg*k], cg, k)
			for y0 := 0; y0 < p.oh && k > 0; y0 += step {
				y1 := min(p.oh, y0+step)
				cols := (y1 - y0) * p.ow
				col := e.scratch(k * cols)
				matmul(k, cols, cg, wg, cg, src[y0*p.ow:], ipix, col, cols)
				p.col2im(col, dst, mg, y0, y1)
			}
		}
	}
	finish(y, b, &op.Act)
	return y
}

// col2im adds the columns of output rows [y0, y1), [channels·kH·kW, (y1-y0)·oW],
// onto the image they were taken from.
func (p *plane) col2im(col, dst []float32, channels, y0, y1 int) {
	cols := (y1 - y0) * p.ow
	i := 0
	for c := range channels {
		ch := dst[c*p.h*p.w:][:p.h*p.w]
		for ky := range p.kh {
			for kx := range p.kw {
				row := col[i*cols:][:cols]
				i++
				lo, hi := p.span(kx)
				for oy := y0; oy < y1 && lo < hi; oy++ {
					iy := oy*p.sh + ky*p.dh - p.pt
					if iy < 0 || iy >= p.h {
						continue
					}
					ix := iy*p.w + lo*p.sw + kx*p.dw - p.pl
					at := (oy - y0) * p.ow
					for _, v := range row[at+lo : at+hi] {
						ch[ix] += v
						ix += p.sw
					}
				}
			}
		}
	}
}

func (e *env) deformConv(op *ir.DeformConv, x, w, off, b, mask *ir.Tensor, shape []int) *ir.Tensor {
	y := ir.NewTensor(ir.Float32, shape)
	p := newPlane(&op.Window, x.Shape, shape)
	m, g, og := shape[1], op.Group, op.OffsetGroup
	taps, pix, opix := p.kh*p.kw, p.h*p.w, p.oh*p.ow
	cg, mg, cog := p.c/g, m/g, p.c/og
	k := cg * taps
	step := p.rows(p.c * taps)
	for n := range p.n {
		for y0 := 0; y0 < p.oh; y0 += step {
			y1 := min(p.oh, y0+step)
			first, cols := y0*p.ow, (y1-y0)*p.ow
			col := e.scratch(p.c * taps * cols)
			for t := range og * taps {
				ky, kx := t%taps/p.kw, t%taps%p.kw
				at := (n*og*taps + t) * 2 * opix
				dy, dx := off.F[at+first:][:cols], off.F[at+opix+first:][:cols]
				for i := range cols {
					o := first + i
					sy := float32(o/p.ow*p.sh+ky*p.dh-p.pt) + dy[i]
					sx := float32(o%p.ow*p.sw+kx*p.dw-p.pl) + dx[i]
					scale := float32(1)
					if mask != nil {
						scale = mask.F[(n*og*taps+t)*opix+o]
					}
					ix, wt := bilinear(p.h, p.w, sy, sx)
					for c := t / taps * cog; c < (t/taps+1)*cog; c++ {
						s := x.F[(n*p.c+c)*pix:][:pix]
						v := float32(wt[0]*s[ix[0]]) + float32(wt[1]*s[ix[1]]) + float32(wt[2]*s[ix[2]]) + float32(wt[3]*s[ix[3]])
						col[(c*taps+t%taps)*cols+i] = v * scale
					}
				}
			}
			for i := range g {
				matmul(mg, cols, k, w.F[i*mg*k:], k, col[i*k*cols:], cols, y.F[(n*m+i*mg)*opix+first:], opix)
			}
		}
	}
	finish(y, b, &op.Act)
	return y
}

// bilinear returns the four pixels of a plane around (y, x) and their weights;
// pixels outside have weight 0.
func bilinear(h, w int, y, x float32) (ix [4]int, wt [4]float32) {
	if !(y > -1 && x > -1 && y < float32(h) && x < float32(w)) {
		return ix, wt
	}
	y0, x0 := floor(y), floor(x)
	fy, fx := y-float32(y0), x-float32(x0)
	for i, v := range [4]float32{(1 - fy) * (1 - fx), (1 - fy) * fx, fy * (1 - fx), fy * fx} {
		py, px := y0+i/2, x0+i%2
		if py >= 0 && px >= 0 && py < h && px < w {
			ix[i], wt[i] = py*w+px, v
		}
	}
	return ix, wt
}

func floor(v float32) int {
	i := int(v)
	if float32(i) > v {
		i--
	}
	return i
}
