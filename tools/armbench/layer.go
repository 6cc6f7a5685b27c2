package main

import (
	"fmt"
	"math"
	"math/bits"
	"regexp"
	"strconv"
	"strings"

	ermfmt "github.com/edgerun/edgerun/fmt"
	"github.com/edgerun/edgerun/internal/ermoracle"
)

const grammar = `LAYER is a kind, an input, and options in any order, as in "conv 224x224x3->64 7x7 s2":

  conv pw fc convt deform  HxWxC->OC   (fc also C->OC)
  dw                       HxWxC, or HxWxC->OC with a multiplier
  maxpool avgpool gap      HxWxC
  add mul mulfull lut hswish softmax quant dequant requant argmax lrn   HxWxC
  sum                      HxWxC, of 16 bits, plus 8 bits
  se                       HxWxC->R
  resize                   HxWxC toHxW

  KxK window (also right behind the kind: dw3x3)   sN stride   dN dilation
  gN groups   16 output of 16 bits   leaky
Padding is SAME: as much as gives ceil(H/stride) rows.
`

// layer is a parsed name.
type layer struct {
	kind         string
	h, w, c, oc  int
	kh, kw, s, d int
	groups       int
	toH, toW     int
	wide, leaky  bool
}

var (
	kindRE  = regexp.MustCompile(`^([a-z]+)(?:(\d+)x(\d+))?$`)
	shapeRE = regexp.MustCompile(`^(?:(\d+)x(\d+)x)?(\d+)(?:->(\d+))?$`)
	winRE   = regexp.MustCompile(`^(to)?(\d+)x(\d+)$`)
	numRE   = regexp.MustCompile(`^([sdg])(\d+)$`)
)

func atoi(s string) int {
	n, _ := strconv.Atoi(s) // digits, or empty for 0
	return n
}

func parse(name string) (*layer, error) {
	l := &layer{kh: 1, kw: 1, s: 1, d: 1, groups: 1}
	for i, f := range strings.Fields(name) {
		if i == 0 {
			m := kindRE.FindStringSubmatch(f)
			if m == nil {
				return nil, fmt.Errorf("%q is no kind of layer", f)
			}
			l.kind = m[1]
			if m[2] != "" {
				l.kh, l.kw = atoi(m[2]), atoi(m[3])
			}
			continue
		}
		switch {
		case f == "16":
			l.wide = true
		case f == "leaky":
			l.leaky = true
		case numRE.MatchString(f):
			m := numRE.FindStringSubmatch(f)
			switch n := atoi(m[2]); m[1] {
			case "s":
				l.s = n
			case "d":
				l.d = n
			default:
				l.groups = n
			}
		case winRE.MatchString(f):
			m := winRE.FindStringSubmatch(f)
			if m[1] != "" {
				l.toH, l.toW = atoi(m[2]), atoi(m[3])
			} else {
				l.kh, l.kw = atoi(m[2]), atoi(m[3])
			}
		case shapeRE.MatchString(f):
			m := shapeRE.FindStringSubmatch(f)
			l.h, l.w, l.c, l.oc = max(1, atoi(m[1])), max(1, atoi(m[2])), atoi(m[3]), atoi(m[4])
		default:
			return nil, fmt.Errorf("%q: what is %q?", name, f)
		}
	}
	if l.c < 1 || l.s < 1 || l.d < 1 || l.groups < 1 {
		return nil, fmt.Errorf("%q: want HxWxC or HxWxC->OC", name)
	}
	if l.oc == 0 {
		l.oc = l.c
	}
	return l, nil
}

// same returns the padding in front and behind that gives ceil(n/stride)
// outputs.
func same(n, k, s, d int) (before, behind int32) {
	total := max(((n+s-1)/s-1)*s+(k-1)*d+1-n, 0)
	return int32(total / 2), int32(total - total/2)
}

// model builds the network: the layer between an input and an output.
func (l *layer) model() *ermfmt.Model {
	n := ermoracle.NewNet(1)
	dims := ermoracle.Dims{1, int32(l.h), int32(l.w), int32(l.c)}
	x := n.Input(ermfmt.Int8, dims)
	w := ermoracle.Window{KH: int32(l.kh), KW: int32(l.kw), SH: int32(l.s), SW: int32(l.s), DH: int32(l.d), DW: int32(l.d)}
	w.PT, w.PB = same(l.h, l.kh, l.s, l.d)
	w.PL, w.PR = same(l.w, l.kw, l.s, l.d)
	conv := ermoracle.Conv{Window: w, OC: int32(l.oc), Groups: int32(l.groups), Leaky: l.leaky, Wide: l.wide}
	var y int32
	switch l.kind {
	case "conv", "pw":
		y = n.Conv(ermfmt.KindConv, x, conv)
	case "dw":
		conv.Groups = 1
		y = n.Conv(ermfmt.KindDepthwise, x, conv)
	case "fc":
		y = n.Conv(ermfmt.KindDense, x, conv)
	case "convt":
		conv.PT, conv.PB, conv.PL, conv.PR = 0, 0, 0, 0
		y = n.Conv(ermfmt.KindConvTranspose, x, conv)
	case "deform":
		y = n.Conv(ermfmt.KindDeformConv, x, conv)
	case "add":
		y = n.Add(x, x, ermfmt.Int8)
	case "sum":
		y = n.Add(n.Requantize(x, ermfmt.Int16), x, ermfmt.Int16)
	case "lrn":
		y = n.LRN(x, 5, ermfmt.Int8)
	case "mul":
		y = n.Mul(x, n.Const(ermfmt.Int8, ermoracle.Dims{1, 1, 1, dims[3]}), ermfmt.Int8)
	case "mulfull":
		y = n.Mul(x, x, ermfmt.Int8)
	case "lut", "hswish":
		y = n.LUT(x, ermfmt.Int8)
	case "requant", "quant":
		y = n.Requantize(x, ermfmt.Int8)
	case "softmax", "dequant":
		y = n.Softmax(x, ermfmt.Int8)
	case "gap":
		y = n.AveragePool(x, ermoracle.Window{KH: dims[1], KW: dims[2]}, false, 0, ermfmt.Int8)
	case "avgpool":
		y = n.AveragePool(x, w, false, 0, ermfmt.Int8)
	case "se":
		y = n.SE(x, int32(l.oc), true)
	case "argmax":
		y = n.ArgMax(x, false, false)
	case "maxpool":
		y = n.MaxPool(x, w)
	case "resize":
		y = n.Resize(x, int32(l.toH), int32(l.toW), 2, 2)
	default:
		panic("armbench: unknown kind " + l.kind)
	}
	n.Output(y)
	l.plain(n.M, x, y)
	return n.Finish()
}

// plain replaces the random quantization by the one that the figures of
// layers.csv were measured with, and by weights like trained ones.
func (l *layer) plain(m *ermfmt.Model, x, y int32) {
	m.Tensors[x].Zero = 3
	if op := &m.Ops[0]; op.Kind == ermfmt.KindMaxPool || op.Kind == ermfmt.KindResize {
		m.Tensors[y].Zero = 3
	}
	full := ermfmt.Clamp{Lo: -128, Hi: 127}
	if l.wide {
		full = ermfmt.Clamp{Lo: -32768, Hi: 32767}
	}
	op := &m.Ops[len(m.Ops)-1]
	switch {
	case op.Conv != nil:
		if !l.wide {
			m.Tensors[y].Zero = -1
		}
		c := op.Conv
		c.Clamp = full
		r := ermoracle.NewNet(2).R
		for i := range c.Weights {
			// The sum of four numbers up to 31: bell-shaped.
			c.Weights[i] = int8(r.IntN(63) + r.IntN(63) + r.IntN(63) + r.IntN(63) - 124)
		}
		for i := range c.Bias {
			c.Bias[i] = r.Int32N(2000) - 1000
			c.Requant.Mult[i] = 1<<30 + r.Int32N(1<<30)
			c.Requant.Shift[i] = uint8(min(31, max(1, 7+bits.Len(uint(len(c.Weights)/l.oc))/2)))
		}
	case l.kind == "sum":
	case op.Add != nil:
		m.Tensors[y].Zero, op.Add.Clamp = -1, full
	case op.Mul != nil:
		m.Tensors[y].Zero, op.Mul.Clamp = -1, full
	case op.Pool != nil:
		op.Pool.Clamp = full
	case op.SE != nil: // a gate of 8 bits, and a scale below 1/2
		op.SE.Out = ermfmt.Scale{Mult: 1 << 30, Shift: 8}
	case op.LUT != nil && l.kind == "hswish":
		for i := range op.LUT.Table8 {
			x := (float64(i-128) - 3) / 16
			op.LUT.Table8[i] = int8(math.Round(x*min(max(x+3, 0), 6)/6*12 - 100))
		}
	case op.Resize != nil:
		op.Resize.IndexY, op.Resize.WeightY = linear(l.h, l.toH)
		op.Resize.IndexX, op.Resize.WeightX = linear(l.w, l.toW)
	}
}

// linear are the tables of a linear interpolation that keeps the corners.
func linear(in, out int) (ix []uint16, w []int16) {
	for i := range out {
		at := 0
		if out > 1 {
			at = i * (in - 1) << ermfmt.ResizeBits / (out - 1)
		}
		k, f := at>>ermfmt.ResizeBits, at&(1<<ermfmt.ResizeBits-1)
		ix = append(ix, uint16(k), uint16(min(k+1, in-1)))
		w = append(w, int16(1<<ermfmt.ResizeBits-f), int16(f))
	}
	return ix, w
}
