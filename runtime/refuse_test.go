package edgerun_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	ermfmt "github.com/edgerun/edgerun/fmt"
	"github.com/edgerun/edgerun/internal/ermoracle"
	edgerun "github.com/edgerun/edgerun/runtime"
)

// TestRefuse goes through the paragraphs of arithmetic.md that say what a loader
// must not accept: each condition just violated, and where it is a bound, just
// kept. What is accepted runs and equals the oracle.
func TestRefuse(t *testing.T) {
	const i8, i16 = ermfmt.Int8, ermfmt.Int16
	type (
		net  = ermoracle.Net
		dims = ermoracle.Dims
		conv = ermoracle.Conv
		win  = ermoracle.Window
		edit = func(m *ermfmt.Model, o *ermfmt.Op)
	)
	k3 := win{KH: 3, KW: 3, PT: 1, PL: 1, PB: 1, PR: 1}
	bases := map[string]func(n *net){
		"conv": func(n *net) {
			n.Conv(ermfmt.KindConv, n.Input(i8, dims{2, 5, 4, 6}), conv{Window: k3, OC: 4, Groups: 2})
		},
		"leaky":     func(n *net) { n.Conv(ermfmt.KindConv, n.Input(i8, dims{1, 5, 4, 6}), conv{OC: 4, Leaky: true, Pre: 1}) },
		"wide":      func(n *net) { n.Conv(ermfmt.KindConv, n.Input(i8, dims{1, 5, 4, 6}), conv{OC: 4, Wide: true}) },
		"one":       func(n *net) { n.Conv(ermfmt.KindConv, n.Input(i8, dims{1, 1, 1, 1}), conv{}) },
		"depthwise": func(n *net) { n.Conv(ermfmt.KindDepthwise, n.Input(i8, dims{1, 5, 4, 3}), conv{Window: k3, OC: 6}) },
		"dense":     func(n *net) { n.Conv(ermfmt.KindDense, n.Input(i8, dims{1, 2, 3, 8}), conv{OC: 4}) },
		"deform": func(n *net) {
			n.Conv(ermfmt.KindDeformConv, n.Input(i8, dims{1, 5, 4, 6}), conv{Window: k3, OC: 4, OffsetGroups: 2, Mask: true})
		},
		"transposed": func(n *net) {
			n.Conv(ermfmt.KindConvTranspose, n.Input(i8, dims{1, 3, 3, 4}), conv{Window: win{KH: 2, KW: 2, SH: 2, SW: 2}, OC: 4, Groups: 2})
		},
		"add":       func(n *net) { n.Add(n.Input(i8, dims{1, 3, 4, 5}), n.Const(i8, dims{1, 1, 1, 5}), i8) },
		"add16":     func(n *net) { n.Add(n.Input(i16, dims{1, 3, 4, 5}), n.Const(i8, dims{1, 3, 1, 5}), i8) },
		"mul":       func(n *net) { n.Mul(n.Input(i8, dims{1, 3, 4, 5}), n.Const(i8, dims{1, 1, 1, 5}), i16) },
		"requant":   func(n *net) { n.Requantize(n.Input(i8, dims{1, 3, 4, 5}), i8) },
		"lut":       func(n *net) { n.LUT(n.Input(i8, dims{1, 3, 4, 5}), i8) },
		"lut16":     func(n *net) { n.LUT(n.Input(i16, dims{1, 3, 4, 5}), i8) },
		"max":       func(n *net) { n.MaxPool(n.Input(i8, dims{2, 6, 6, 5}), k3) },
		"average":   func(n *net) { n.AveragePool(n.Input(i8, dims{2, 6, 6, 5}), k3, false, 0, i8) },
		"padded":    func(n *net) { n.AveragePool(n.Input(i8, dims{2, 6, 6, 5}), win{KH: 2, KW: 2, PT: 1}, true, 1, i8) },
		"resize":    func(n *net) { n.Resize(n.Input(i8, dims{2, 4, 5, 3}), 6, 7, 2, 4) },
		"se":        func(n *net) { n.SE(n.Input(i8, dims{1, 4, 4, 6}), 3, false) },
		"se table":  func(n *net) { n.SE(n.Input(i8, dims{1, 4, 4, 6}), 3, true) },
		"softmax":   func(n *net) { n.Softmax(n.Input(i8, dims{1, 2, 3, 5}), i8) },
		"softmax16": func(n *net) { n.Softmax(n.Input(i16, dims{1, 2, 3, 5}), i16) },
		"copy":      func(n *net) { n.Move(n.Input(i8, dims{1, 3, 4, 5}), [4]int{0, 3, 1, 2}) },
		"pad":       func(n *net) { n.Pad(n.Input(i8, dims{1, 3, 4, 5}), dims{0, 1, 1, 0}, dims{0, 0, 1, 0}) },
		"arg max":   func(n *net) { n.ArgMax(n.Input(i8, dims{1, 3, 4, 5}), false, false) },
	}
	in := func(m *ermfmt.Model, o *ermfmt.Op) *ermfmt.Tensor { return &m.Tensors[o.In[0]] }
	out := func(m *ermfmt.Model, o *ermfmt.Op) *ermfmt.Tensor { return &m.Tensors[o.Out[0]] }
	// shape gives a tensor other dims, and the network's input too when it is one.
	shape := func(m *ermfmt.Model, i int32, d dims) {
		t := &m.Tensors[i]
		t.Dims, t.Stride = d, ermfmt.Packed(d)
		t.Offset = (m.Plan.Arena + 63) &^ 63
		m.Plan.Arena = t.Offset + t.Span()*int64(t.DType.Size())
		for k := range m.Inputs {
			if v := &m.Inputs[k]; v.Tensor == i {
				v.Dims, v.Stride = d[:], []int32{t.Stride[0], t.Stride[1], t.Stride[2], 1}
			}
		}
	}
	// fresh makes a tensor that nobody computes.
	fresh := func(m *ermfmt.Model, d ermfmt.DType, dm dims) int32 {
		m.Tensors = append(m.Tensors, ermfmt.Tensor{DType: d, Scale: 1})
		i := int32(len(m.Tensors) - 1)
		shape(m, i, dm)
		return i
	}
	// interleave makes input and output pieces of one concatenation.
	interleave := func(m *ermfmt.Model, o *ermfmt.Op) {
		m.Inputs = nil
		for k, t := range []*ermfmt.Tensor{in(m, o), out(m, o)} {
			t.Dims, t.Stride, t.Offset = dims{1, 1, 4, 3}, [3]int32{24, 24, 6}, int64(3*k)
		}
	}
	constant := func(m *ermfmt.Model, i int32) {
		t := &m.Tensors[i]
		t.Place, t.Data8 = ermfmt.Const, make([]int8, t.Elements())
		m.Inputs = nil
	}
	for _, c := range []struct {
		base, name string
		edit       edit
		want       string // "" is accepted
	}{
		// §2
		{"conv", "multiplier low", func(_ *ermfmt.Model, o *ermfmt.Op) { o.Conv.Requant.Mult[3] = 1<<30 - 1 }, "scale 3: multiplier 1073741823, shift 7, pre-shift 0: want [2^30, 2^31), [1, 31] and [0, 31]"},
		{"conv", "multiplier negative", func(_ *ermfmt.Model, o *ermfmt.Op) { o.Conv.Requant.Mult[0] = -1 << 31 }, "scale 0: multiplier -2147483648, shift 8, pre-shift 0: want [2^30, 2^31), [1, 31] and [0, 31]"},
		{"conv", "least multiplier", func(_ *ermfmt.Model, o *ermfmt.Op) { o.Conv.Requant.Mult[0] = 1 << 30 }, ""},
		{"conv", "shift 0", func(_ *ermfmt.Model, o *ermfmt.Op) { o.Conv.Requant.Shift[1] = 0 }, "scale 1: multiplier 1586135521, shift 0, pre-shift 0: want [2^30, 2^31), [1, 31] and [0, 31]"},
		{"conv", "shift 32", func(_ *ermfmt.Model, o *ermfmt.Op) { o.Conv.Requant.Shift[1] = 32 }, "scale 1: multiplier 1586135521, shift 32, pre-shift 0: want [2^30, 2^31), [1, 31] and [0, 31]"},
		{"conv", "shift 31", func(_ *ermfmt.Model, o *ermfmt.Op) { o.Conv.Requant.Shift[1] = 31 }, ""},
		{"conv", "pre-shift 32", func(_ *ermfmt.Model, o *ermfmt.Op) { o.Conv.Requant.Pre = 32 }, "scale 0: multiplier 2100796326, shift 8, pre-shift 32: want [2^30, 2^31), [1, 31] and [0, 31]"},
		{"conv", "pre-shift 31", func(_ *ermfmt.Model, o *ermfmt.Op) { o.Conv.Requant.Pre = 31 }, ""},
		{"mul", "one scale", func(_ *ermfmt.Model, o *ermfmt.Op) { o.Mul.Shift = 0 }, "multiplier 1086884506, shift 0, pre-shift 4: want [2^30, 2^31), [1, 31] and [0, 31]"},
		{"requant", "one scale", func(_ *ermfmt.Model, o *ermfmt.Op) { o.Requant.Pre = 40 }, "multiplier 1370621788, shift 1, pre-shift 40: want [2^30, 2^31), [1, 31] and [0, 31]"},
		{"conv", "clamp order", func(_ *ermfmt.Model, o *ermfmt.Op) { o.Conv.Lo, o.Conv.Hi = 5, 4 }, "clamp [5, 4], want a range inside [-128, 127]"},
		{"conv", "clamp below", func(_ *ermfmt.Model, o *ermfmt.Op) { o.Conv.Lo = -129 }, "clamp [-129, 127], want a range inside [-128, 127]"},
		{"conv", "clamp above", func(_ *ermfmt.Model, o *ermfmt.Op) { o.Conv.Hi = 128 }, "clamp [-128, 128], want a range inside [-128, 127]"},
		{"conv", "clamp of one value", func(_ *ermfmt.Model, o *ermfmt.Op) { o.Conv.Lo, o.Conv.Hi = 5, 5 }, ""},
		{"wide", "clamp 16 above", func(_ *ermfmt.Model, o *ermfmt.Op) { o.Conv.Hi = 32768 }, "clamp [-32768, 32768], want a range inside [-32768, 32767]"},
		{"wide", "clamp 16", func(_ *ermfmt.Model, o *ermfmt.Op) { o.Conv.Lo, o.Conv.Hi = -32768, 32767 }, ""},
		{"add", "clamp", func(_ *ermfmt.Model, o *ermfmt.Op) { o.Add.Hi = 300 }, "clamp [-128, 300], want a range inside [-128, 127]"},
		{"mul", "clamp", func(_ *ermfmt.Model, o *ermfmt.Op) { o.Mul.Lo = -40000 }, "clamp [-40000, 32767], want a range inside [-32768, 32767]"},
		{"requant", "clamp", func(_ *ermfmt.Model, o *ermfmt.Op) { o.Requant.Lo = -129 }, "clamp [-129, 127], want a range inside [-128, 127]"},
		{"max", "clamp", func(_ *ermfmt.Model, o *ermfmt.Op) { o.Pool.Lo = 200; o.Pool.Hi = 300 }, "clamp [200, 300], want a range inside [-128, 127]"},
		{"se", "clamp", func(_ *ermfmt.Model, o *ermfmt.Op) { o.SE.Hi = 128 }, "clamp [-128, 128], want a range inside [-128, 127]"},
		{"conv", "multipliers", func(_ *ermfmt.Model, o *ermfmt.Op) { o.Conv.Requant.Mult = o.Conv.Requant.Mult[:3] }, "3 multipliers and 4 shifts, want 4"},
		{"conv", "shifts", func(_ *ermfmt.Model, o *ermfmt.Op) { o.Conv.Requant.Shift = append(o.Conv.Requant.Shift, 1) }, "4 multipliers and 5 shifts, want 4"},
		{"average", "multipliers", func(_ *ermfmt.Model, o *ermfmt.Op) { o.Pool.Requant.Mult = nil }, "0 multipliers and 3 shifts, want 3"},
		// §3
		{"conv", "over the input", func(m *ermfmt.Model, o *ermfmt.Op) { out(m, o).Offset = in(m, o).Offset + 3 }, "the output overlaps input 0"},
		{"requant", "in place", func(m *ermfmt.Model, o *ermfmt.Op) { out(m, o).Offset = in(m, o).Offset }, ""},
		{"requant", "beside the input", func(m *ermfmt.Model, o *ermfmt.Op) { out(m, o).Offset = in(m, o).Offset + 1 }, "the output overlaps input 0"},
		{"softmax", "in place", func(m *ermfmt.Model, o *ermfmt.Op) { out(m, o).Offset = in(m, o).Offset }, ""},
		{"se", "in place", func(m *ermfmt.Model, o *ermfmt.Op) { out(m, o).Offset = in(m, o).Offset }, ""},
		{"lut", "in place", func(m *ermfmt.Model, o *ermfmt.Op) { out(m, o).Offset = in(m, o).Offset }, ""},
		{"add", "in place", func(m *ermfmt.Model, o *ermfmt.Op) { out(m, o).Offset = in(m, o).Offset }, ""},
		{"mul", "in place, wider", func(m *ermfmt.Model, o *ermfmt.Op) { out(m, o).Offset = in(m, o).Offset }, "the output overlaps input 0"},
		{"max", "in place", func(m *ermfmt.Model, o *ermfmt.Op) { out(m, o).Offset = in(m, o).Offset }, "the output overlaps input 0"},
		{"copy", "in place", func(m *ermfmt.Model, o *ermfmt.Op) { out(m, o).Offset = in(m, o).Offset }, "the output overlaps input 0"},
		{"resize", "in place", func(m *ermfmt.Model, o *ermfmt.Op) { out(m, o).Offset = in(m, o).Offset }, "the output overlaps input 0"},
		{"arg max", "over the input", func(m *ermfmt.Model, o *ermfmt.Op) { out(m, o).Offset = in(m, o).Offset }, "the output overlaps input 0"},
		{"deform", "over the mask", func(m *ermfmt.Model, o *ermfmt.Op) { out(m, o).Offset = m.Tensors[o.In[2]].Offset }, "the output overlaps input 2"},
		{"conv", "16-bit input", func(m *ermfmt.Model, o *ermfmt.Op) { in(m, o).DType, in(m, o).Zero = i16, 0; m.Plan.Arena += 1 << 12 }, "the input is int16, want int8"},
		{"conv", "32-bit output", func(m *ermfmt.Model, o *ermfmt.Op) {
			out(m, o).DType, out(m, o).Zero = ermfmt.Int32, 0
			m.Plan.Arena += 1 << 12
		}, "the output is int32, want int8 or int16"},
		{"se", "16-bit output", func(m *ermfmt.Model, o *ermfmt.Op) { out(m, o).DType, out(m, o).Zero = i16, 0; m.Plan.Arena += 1 << 12 }, "the output is int16, want int8"},
		{"add", "32-bit output", func(m *ermfmt.Model, o *ermfmt.Op) {
			out(m, o).DType, out(m, o).Zero = ermfmt.Int32, 0
			m.Plan.Arena += 1 << 12
		}, "an operand is int32, want int8 or int16"},
		{"resize", "types", func(m *ermfmt.Model, o *ermfmt.Op) { out(m, o).DType, out(m, o).Zero = i16, 0; m.Plan.Arena += 1 << 12 }, "the output is int16, want int8"},
		{"copy", "types", func(m *ermfmt.Model, o *ermfmt.Op) { out(m, o).DType, out(m, o).Zero = i16, 0; m.Plan.Arena += 1 << 12 }, "the output is int16, want int8"},
		{"arg max", "types", func(m *ermfmt.Model, o *ermfmt.Op) { out(m, o).DType = i16 }, "the output is int16, want int32"},
		{"softmax", "types", func(m *ermfmt.Model, o *ermfmt.Op) {
			out(m, o).DType, out(m, o).Zero = ermfmt.Int32, 0
			m.Plan.Arena += 1 << 12
		}, "the output is int32, want int8 or int16"},
		{"conv", "no input", func(_ *ermfmt.Model, o *ermfmt.Op) { o.In = nil }, "inputs: 0, outputs: 1; want 1 and 1"},
		{"conv", "two inputs", func(_ *ermfmt.Model, o *ermfmt.Op) { o.In = append(o.In, o.In[0]) }, "inputs: 2, outputs: 1; want 1 and 1"},
		{"conv", "no output", func(_ *ermfmt.Model, o *ermfmt.Op) { o.Out = nil }, "inputs: 1, outputs: 0; want 1 and 1"},
		{"conv", "two outputs", func(_ *ermfmt.Model, o *ermfmt.Op) { o.Out = append(o.Out, o.Out[0]) }, "inputs: 1, outputs: 2; want 1 and 1"},
		{"deform", "no offsets", func(_ *ermfmt.Model, o *ermfmt.Op) { o.In = o.In[:1] }, "inputs: 1, outputs: 1; want 2 to 3 and 1"},
		{"deform", "no mask", func(_ *ermfmt.Model, o *ermfmt.Op) { o.In = o.In[:2] }, ""},
		{"add", "one input", func(_ *ermfmt.Model, o *ermfmt.Op) { o.In = o.In[:1] }, "inputs: 1, outputs: 1; want 2 and 1"},
		{"copy", "two inputs", func(_ *ermfmt.Model, o *ermfmt.Op) { o.In = append(o.In, o.In[0]) }, "inputs: 2, outputs: 1; want 1 and 1"},
		{"conv", "constant", func(m *ermfmt.Model, o *ermfmt.Op) { constant(m, o.In[0]) }, "an input is constant, want it in the arena"},
		{"lut", "constant", func(m *ermfmt.Model, o *ermfmt.Op) { constant(m, o.In[0]) }, "an input is constant, want it in the arena"},
		{"softmax", "constant", func(m *ermfmt.Model, o *ermfmt.Op) { constant(m, o.In[0]) }, "an input is constant, want it in the arena"},
		{"copy", "constant", func(m *ermfmt.Model, o *ermfmt.Op) { constant(m, o.In[0]) }, ""},
		{"add", "constant", func(m *ermfmt.Model, o *ermfmt.Op) { constant(m, o.In[0]) }, ""},
		// §4
		{"add", "MulA", func(_ *ermfmt.Model, o *ermfmt.Op) { o.Add.MulA = 1 << 21 }, "multipliers 2097152 and -208481, shift 21: want magnitudes below 2^21, and 1 to 62, or to 31 for two int8 inputs"},
		{"add", "MulB", func(_ *ermfmt.Model, o *ermfmt.Op) { o.Add.MulB = -1 << 21 }, "multipliers -419542 and -2097152, shift 21: want magnitudes below 2^21, and 1 to 62, or to 31 for two int8 inputs"},
		{"add", "MulB least", func(_ *ermfmt.Model, o *ermfmt.Op) { o.Add.MulB = -1 << 31 }, "multipliers -419542 and -2147483648, shift 21: want magnitudes below 2^21, and 1 to 62, or to 31 for two int8 inputs"},
		{"add", "shift 0", func(_ *ermfmt.Model, o *ermfmt.Op) { o.Add.Shift = 0 }, "multipliers -419542 and -208481, shift 0: want magnitudes below 2^21, and 1 to 62, or to 31 for two int8 inputs"},
		{"add", "shift 32", func(_ *ermfmt.Model, o *ermfmt.Op) { o.Add.Shift = 32 }, "multipliers -419542 and -208481, shift 32: want magnitudes below 2^21, and 1 to 62, or to 31 for two int8 inputs"},
		{"add", "shift 31", func(_ *ermfmt.Model, o *ermfmt.Op) { o.Add.Shift = 31 }, ""},
		{"add16", "shift 62", func(_ *ermfmt.Model, o *ermfmt.Op) { o.Add.Shift, o.Add.Bias = 62, 1<<61 }, ""},
		{"add16", "shift 63", func(_ *ermfmt.Model, o *ermfmt.Op) { o.Add.Shift = 63 }, "multipliers 452297 and -1616060, shift 63: want magnitudes below 2^21, and 1 to 62, or to 31 for two int8 inputs"},
		{"add16", "bias", func(_ *ermfmt.Model, o *ermfmt.Op) { o.Add.Bias = -1<<61 - 1 }, "bias -2305843009213693953, want a magnitude of at most 2^61"},
		{"add16", "least bias", func(_ *ermfmt.Model, o *ermfmt.Op) { o.Add.Bias = -1 << 63 }, "bias -9223372036854775808, want a magnitude of at most 2^61"},
		{"add", "sum", func(_ *ermfmt.Model, o *ermfmt.Op) {
			o.Add.MulA, o.Add.MulB, o.Add.Bias = 1<<21-1, -1<<21+1, 1<<31-1-256*(1<<21-1)+1
		}, "the sum can pass 32 bits, want 128*(|MulA| + |MulB|) + |Bias| below 2^31"},
		{"add", "sum just fits", func(_ *ermfmt.Model, o *ermfmt.Op) {
			o.Add.MulA, o.Add.MulB, o.Add.Bias = 1<<21-1, -1<<21+1, 1<<31-1-256*(1<<21-1)
		}, ""},
		{"add", "sum just fits below", func(_ *ermfmt.Model, o *ermfmt.Op) {
			o.Add.MulA, o.Add.MulB, o.Add.Bias = 1<<21-1, -1<<21+1, -(1<<31 - 1 - 256*(1<<21-1))
		}, ""},
		{"add", "shapes", func(m *ermfmt.Model, o *ermfmt.Op) { shape(m, o.Out[0], dims{1, 3, 4, 6}) }, "the output is [1 3 4 6], want [1 3 4 5] like the input"},
		{"add", "broadcast", func(m *ermfmt.Model, o *ermfmt.Op) {
			t := &m.Tensors[o.In[1]]
			t.Dims = dims{1, 1, 5, 1}
			t.Stride = ermfmt.Packed(t.Dims)
		}, "shapes [1 3 4 5] and [1 1 5 1] do not broadcast"},
		{"add", "broadcast larger", func(m *ermfmt.Model, o *ermfmt.Op) {
			t := &m.Tensors[o.In[1]]
			t.Dims = dims{5, 1, 1, 1}
			t.Stride = ermfmt.Packed(t.Dims)
		}, "shapes [1 3 4 5] and [5 1 1 1] do not broadcast"},
		{"requant", "shapes", func(m *ermfmt.Model, o *ermfmt.Op) { shape(m, o.Out[0], dims{1, 4, 3, 5}) }, "the output is [1 4 3 5], want [1 3 4 5] like the input"},
		// §5
		{"conv", "batch", func(m *ermfmt.Model, o *ermfmt.Op) { shape(m, o.Out[0], dims{1, 5, 4, 4}) }, "input [2 5 4 6], output [1 5 4 4], 2 groups: want one batch size, and channels that are multiples of the groups"},
		{"one", "height", func(m *ermfmt.Model, o *ermfmt.Op) { shape(m, o.In[0], dims{1, 1<<20 + 1, 1, 1}) }, "a side of 1048577: want heights and widths up to 1048576"},
		{"one", "output width", func(m *ermfmt.Model, o *ermfmt.Op) { shape(m, o.Out[0], dims{1, 1, 1<<20 + 1, 1}) }, "a side of 1048577: want heights and widths up to 1048576"},
		{"one", "reach", func(m *ermfmt.Model, o *ermfmt.Op) {
			shape(m, o.In[0], dims{1, 1 << 18, 1, 1})
			shape(m, o.Out[0], dims{1, 1 << 18, 1, 1})
			o.Conv.StrideH = 4096
		}, "a side of 262144, kernel 1, stride 4096, dilation 1: want windows that reach at most 2^30 far"},
		{"one", "largest", func(m *ermfmt.Model, o *ermfmt.Op) {
			shape(m, o.In[0], dims{1, 16384, 1, 1})
			shape(m, o.Out[0], dims{1, 1, 16384, 1})
		}, ""},
		{"conv", "groups of inputs", func(m *ermfmt.Model, o *ermfmt.Op) { o.Conv.Groups = 4 }, "input [2 5 4 6], output [2 5 4 4], 4 groups: want one batch size, and channels that are multiples of the groups"},
		{"conv", "groups of outputs", func(m *ermfmt.Model, o *ermfmt.Op) { o.Conv.Groups = 3 }, "input [2 5 4 6], output [2 5 4 4], 3 groups: want one batch size, and channels that are multiples of the groups"},
		{"conv", "no groups", func(m *ermfmt.Model, o *ermfmt.Op) { o.Conv.Groups = 0 }, "kernel 3x3, stride 1x1, dilation 1x1, groups 0: want values in [1, 16384]"},
		{"conv", "kernel", func(m *ermfmt.Model, o *ermfmt.Op) { o.Conv.KH = 0 }, "kernel 0x3, stride 1x1, dilation 1x1, groups 2: want values in [1, 16384]"},
		{"conv", "kernel above", func(m *ermfmt.Model, o *ermfmt.Op) { o.Conv.KW = 16385 }, "kernel 3x16385, stride 1x1, dilation 1x1, groups 2: want values in [1, 16384]"},
		{"conv", "stride", func(m *ermfmt.Model, o *ermfmt.Op) { o.Conv.StrideW = -1 }, "kernel 3x3, stride 1x-1, dilation 1x1, groups 2: want values in [1, 16384]"},
		{"conv", "stride above", func(m *ermfmt.Model, o *ermfmt.Op) { o.Conv.StrideH = 16385 }, "kernel 3x3, stride 16385x1, dilation 1x1, groups 2: want values in [1, 16384]"},
		{"conv", "dilation", func(m *ermfmt.Model, o *ermfmt.Op) { o.Conv.DilationH = 0 }, "kernel 3x3, stride 1x1, dilation 0x1, groups 2: want values in [1, 16384]"},
		{"conv", "largest", func(m *ermfmt.Model, o *ermfmt.Op) {
			o.Conv.StrideH, o.Conv.DilationW, o.Conv.PadTop, o.Conv.PadLeft = 16384, 16384, 16384, 16384
		}, ""},
		{"conv", "pad", func(m *ermfmt.Model, o *ermfmt.Op) { o.Conv.PadTop = -1 }, "pads -1 and 1: want values in [0, 16384]"},
		{"conv", "pad above", func(m *ermfmt.Model, o *ermfmt.Op) { o.Conv.PadLeft = 16385 }, "pads 1 and 16385: want values in [0, 16384]"},
		{"depthwise", "groups", func(m *ermfmt.Model, o *ermfmt.Op) { o.Conv.Groups = 3 }, "6 output channels of 3 input channels in 3 groups, want a multiple and 1 group"},
		{"depthwise", "multiplier", func(m *ermfmt.Model, o *ermfmt.Op) { shape(m, o.Out[0], dims{1, 5, 4, 5}) }, "5 output channels of 3 input channels in 1 groups, want a multiple and 1 group"},
		{"dense", "window", func(m *ermfmt.Model, o *ermfmt.Op) {
			o.Conv.KW = 2
			o.Conv.Weights = append(o.Conv.Weights, o.Conv.Weights...)
		}, "a fully connected layer has a 1x1 window with stride 1, no pads, no groups, and an output row for every input row"},
		{"dense", "stride", func(m *ermfmt.Model, o *ermfmt.Op) { o.Conv.StrideH = 2 }, "a fully connected layer has a 1x1 window with stride 1, no pads, no groups, and an output row for every input row"},
		{"dense", "pad", func(m *ermfmt.Model, o *ermfmt.Op) { o.Conv.PadLeft = 1 }, "a fully connected layer has a 1x1 window with stride 1, no pads, no groups, and an output row for every input row"},
		{"dense", "groups", func(m *ermfmt.Model, o *ermfmt.Op) { o.Conv.Groups = 2; o.Conv.Weights = o.Conv.Weights[:16] }, "a fully connected layer has a 1x1 window with stride 1, no pads, no groups, and an output row for every input row"},
		{"dense", "rows", func(m *ermfmt.Model, o *ermfmt.Op) { shape(m, o.Out[0], dims{1, 3, 2, 4}) }, "a fully connected layer has a 1x1 window with stride 1, no pads, no groups, and an output row for every input row"},
		{"conv", "weights", func(m *ermfmt.Model, o *ermfmt.Op) { o.Conv.Weights = o.Conv.Weights[1:] }, "107 weights, want 4 times 27"},
		{"conv", "no weights", func(m *ermfmt.Model, o *ermfmt.Op) { o.Conv.Weights = nil }, "0 weights, want 4 times 27"},
		{"one", "products", func(_ *ermfmt.Model, o *ermfmt.Op) {
			o.Conv.KH, o.Conv.KW, o.Conv.Weights = 4096, 2049, make([]int8, 4096*2049)
		}, "8392704 products per output, want at most 8388608"},
		{"one", "products at most", func(_ *ermfmt.Model, o *ermfmt.Op) {
			o.Conv.KH, o.Conv.KW, o.Conv.Weights = 4096, 2048, make([]int8, 4096*2048)
			o.Conv.Weights[0] = 127
		}, ""},
		{"conv", "biases", func(m *ermfmt.Model, o *ermfmt.Op) { o.Conv.Bias = o.Conv.Bias[1:] }, "3 biases, want 4"},
		{"conv", "weight", func(m *ermfmt.Model, o *ermfmt.Op) { o.Conv.Weights[len(o.Conv.Weights)-1] = -128 }, "a weight is -128, want [-127, 127]"},
		{"depthwise", "weight", func(m *ermfmt.Model, o *ermfmt.Op) { o.Conv.Weights[7] = -128 }, "a weight is -128, want [-127, 127]"},
		{"one", "accumulator", func(m *ermfmt.Model, o *ermfmt.Op) { o.Conv.Weights[0], o.Conv.Bias[0] = 1, 1<<30-127 }, "output channel 0 can reach 1073741825 before it is scaled, want at most 2^30"},
		{"one", "accumulator fits", func(m *ermfmt.Model, o *ermfmt.Op) { o.Conv.Weights[0], o.Conv.Bias[0] = -1, 1<<30-128 }, ""},
		{"one", "accumulator below", func(m *ermfmt.Model, o *ermfmt.Op) { o.Conv.Weights[0], o.Conv.Bias[0] = -1, -1<<30+127 }, "output channel 0 can reach 1073741825 before it is scaled, want at most 2^30"},
		{"one", "least bias", func(m *ermfmt.Model, o *ermfmt.Op) { o.Conv.Weights[0], o.Conv.Bias[0] = 0, -1<<31 }, "output channel 0 can reach 2147483648 before it is scaled, want at most 2^30"},
		{"depthwise", "accumulator", func(m *ermfmt.Model, o *ermfmt.Op) { o.Conv.Bias[5] = 1 << 30 }, "output channel 5 can reach 1073821312 before it is scaled, want at most 2^30"},
		{"leaky", "one scale missing", func(m *ermfmt.Model, o *ermfmt.Op) { o.Conv.Neg.Mult = nil }, "0 multipliers and 4 shifts, want 4"},
		{"leaky", "scales", func(m *ermfmt.Model, o *ermfmt.Op) { o.Conv.Neg.Shift = o.Conv.Neg.Shift[1:] }, "4 multipliers and 3 shifts, want 4"},
		{"leaky", "pre-shift", func(m *ermfmt.Model, o *ermfmt.Op) { o.Conv.Neg.Pre = 2 }, "pre-shift 2 for negative accumulators, want 1 as for the others"},
		{"leaky", "negative scale", func(_ *ermfmt.Model, o *ermfmt.Op) { o.Conv.Neg.Mult[1] = -1<<31 + 1 }, ""},
		{"leaky", "least negative scale", func(_ *ermfmt.Model, o *ermfmt.Op) { o.Conv.Neg.Mult[1] = -1 << 30 }, ""},
		{"leaky", "negative scale below", func(_ *ermfmt.Model, o *ermfmt.Op) { o.Conv.Neg.Mult[1] = -1 << 31 }, "scale 1: multiplier -2147483648, shift 12, pre-shift 1: want [2^30, 2^31), [1, 31] and [0, 31], or a negative multiplier of such a size"},
		{"leaky", "negative scale above", func(_ *ermfmt.Model, o *ermfmt.Op) { o.Conv.Neg.Mult[1] = -1<<30 + 1 }, "scale 1: multiplier -1073741823, shift 12, pre-shift 1: want [2^30, 2^31), [1, 31] and [0, 31], or a negative multiplier of such a size"},
		{"leaky", "negative scale of the others", func(_ *ermfmt.Model, o *ermfmt.Op) { o.Conv.Requant.Mult[1] = -1 << 30 }, "scale 1: multiplier -1073741824, shift 7, pre-shift 1: want [2^30, 2^31), [1, 31] and [0, 31]"},
		{"leaky", "scale", func(m *ermfmt.Model, o *ermfmt.Op) { o.Conv.Neg.Mult[2] = 0 }, "scale 2: multiplier 0, shift 11, pre-shift 1: want [2^30, 2^31), [1, 31] and [0, 31], or a negative multiplier of such a size"},
		// §6
		{"lut", "short table", func(m *ermfmt.Model, o *ermfmt.Op) { o.LUT.Table8 = o.LUT.Table8[1:] }, "tables of 255 8-bit and 0 16-bit entries, want 256 and 0"},
		{"lut", "wide table", func(m *ermfmt.Model, o *ermfmt.Op) { o.LUT.Table8, o.LUT.Table16 = nil, make([]int16, 256) }, "tables of 0 8-bit and 256 16-bit entries, want 256 and 0"},
		{"lut", "two tables", func(m *ermfmt.Model, o *ermfmt.Op) { o.LUT.Table16 = make([]int16, 256) }, "tables of 256 8-bit and 256 16-bit entries, want 256 and 0"},
		{"lut16", "512 entries", func(m *ermfmt.Model, o *ermfmt.Op) { o.LUT.Table16 = o.LUT.Table16[1:] }, "tables of 0 8-bit and 512 16-bit entries, want 0 and 513"},
		// §7
		{"max", "batch", func(m *ermfmt.Model, o *ermfmt.Op) { shape(m, o.Out[0], dims{1, 6, 6, 5}) }, "input [2 6 6 5], output [1 6 6 5]: want the same batch and channels"},
		{"max", "channels", func(m *ermfmt.Model, o *ermfmt.Op) { shape(m, o.Out[0], dims{2, 6, 6, 4}) }, "input [2 6 6 5], output [2 6 6 4]: want the same batch and channels"},
		{"max", "width", func(m *ermfmt.Model, o *ermfmt.Op) { shape(m, o.Out[0], dims{2, 1, 1<<20 + 1, 5}) }, "a side of 1048577: want heights and widths up to 1048576"},
		{"max", "window in padding", func(m *ermfmt.Model, o *ermfmt.Op) { shape(m, o.Out[0], dims{2, 8, 6, 5}) }, "a window lies in the padding altogether, want a position of the input in each"},
		{"max", "window at the edge", func(m *ermfmt.Model, o *ermfmt.Op) { shape(m, o.Out[0], dims{2, 7, 6, 5}) }, ""},
		{"max", "window before", func(m *ermfmt.Model, o *ermfmt.Op) { o.Pool.PadLeft = 3 }, "a window lies in the padding altogether, want a position of the input in each"},
		{"max", "16 bits", func(m *ermfmt.Model, o *ermfmt.Op) { out(m, o).DType, out(m, o).Zero = i16, 0; m.Plan.Arena += 1 << 12 }, "a maximum keeps type and zero point"},
		{"max", "zero point", func(m *ermfmt.Model, o *ermfmt.Op) { in(m, o).Zero, out(m, o).Zero = 3, 4 }, "a maximum keeps type and zero point"},
		{"max", "kernel", func(m *ermfmt.Model, o *ermfmt.Op) { o.Pool.KH = 0 }, "kernel 0x3, stride 1x1, dilation 1x1: want values in [1, 16384]"},
		{"max", "pad", func(m *ermfmt.Model, o *ermfmt.Op) { o.Pool.PadBottom = -1 }, "pads 1, 1, -1, 1: want values in [0, 16384]"},
		{"max", "pad above", func(m *ermfmt.Model, o *ermfmt.Op) { o.Pool.PadRight = 16385 }, "pads 1, 1, 1, 16385: want values in [0, 16384]"},
		{"average", "large", func(m *ermfmt.Model, o *ermfmt.Op) {
			shape(m, o.In[0], dims{1, 2049, 2048, 1})
			shape(m, o.Out[0], dims{1, 1, 1, 1})
		}, "an average over an input of 2049x2048, want at most 2^22 positions"},
		{"average", "largest", func(m *ermfmt.Model, o *ermfmt.Op) {
			shape(m, o.In[0], dims{1, 2048, 2048, 1})
			shape(m, o.Out[0], dims{1, 1, 1, 1})
		}, ""},
		{"average", "divisor missing", func(m *ermfmt.Model, o *ermfmt.Op) { o.Pool.Divisors[1] = 77 }, "there is no scale for a window of 6 positions"},
		{"average", "divisors", func(m *ermfmt.Model, o *ermfmt.Op) {
			o.Pool.Divisors = o.Pool.Divisors[:1]
			o.Pool.Requant.Mult = o.Pool.Requant.Mult[:1]
			o.Pool.Requant.Shift = o.Pool.Requant.Shift[:1]
		}, "1 divisors for windows of 2 heights and 2 widths, want 3 or more"},
		{"average", "divisor 0", func(m *ermfmt.Model, o *ermfmt.Op) { o.Pool.Divisors[0] = 0 }, "divisor 0 is not positive or stands twice, want each once"},
		{"average", "divisor twice", func(m *ermfmt.Model, o *ermfmt.Op) { o.Pool.Divisors[0] = o.Pool.Divisors[1] }, "divisor 6 is not positive or stands twice, want each once"},
		{"padded", "padding counts", func(m *ermfmt.Model, o *ermfmt.Op) { o.Pool.PadBottom = 1 }, ""},
		{"padded", "divisor missing", func(m *ermfmt.Model, o *ermfmt.Op) { o.Pool.Divisors[0] = 9 }, "there is no scale for a window of 4 positions"},
		// §8
		{"resize", "taps", func(m *ermfmt.Model, o *ermfmt.Op) { o.Resize.TapsY = 65 }, "65 taps per row, want 1 to 64"},
		{"resize", "taps 0", func(m *ermfmt.Model, o *ermfmt.Op) { o.Resize.TapsX = 0 }, "0 taps per column, want 1 to 64"},
		{"resize", "indices", func(m *ermfmt.Model, o *ermfmt.Op) { o.Resize.IndexX = o.Resize.IndexX[1:] }, "27 indices and 28 weights for 7 columns, want 28"},
		{"resize", "weights", func(m *ermfmt.Model, o *ermfmt.Op) { o.Resize.WeightY = append(o.Resize.WeightY, 1) }, "12 indices and 13 weights for 6 rows, want 12"},
		{"resize", "row", func(m *ermfmt.Model, o *ermfmt.Op) { o.Resize.IndexY[11] = 4 }, "row index 4 out of range [0, 4)"},
		{"resize", "column", func(m *ermfmt.Model, o *ermfmt.Op) { o.Resize.IndexX[0] = 65535 }, "column index 65535 out of range [0, 5)"},
		{"resize", "sum", func(m *ermfmt.Model, o *ermfmt.Op) { o.Resize.WeightX[3]++ }, "the weights of a column sum to 2049 and their magnitudes to 2049, want 2048 and at most 4096"},
		{"resize", "magnitudes", func(m *ermfmt.Model, o *ermfmt.Op) { copy(o.Resize.WeightX, []int16{3073, -1025, 0, 0}) }, "the weights of a column sum to 2048 and their magnitudes to 4098, want 2048 and at most 4096"},
		{"resize", "magnitudes at most", func(m *ermfmt.Model, o *ermfmt.Op) { copy(o.Resize.WeightX, []int16{3072, -1024, 0, 0}) }, ""},
		{"resize", "batch", func(m *ermfmt.Model, o *ermfmt.Op) { shape(m, o.Out[0], dims{1, 6, 7, 3}) }, "input [2 4 5 3] with zero point 127, output [1 6 7 3] with 127: want the same batch, channels and zero point"},
		{"resize", "channels", func(m *ermfmt.Model, o *ermfmt.Op) { shape(m, o.Out[0], dims{2, 6, 7, 2}) }, "input [2 4 5 3] with zero point 127, output [2 6 7 2] with 127: want the same batch, channels and zero point"},
		{"resize", "zero point", func(m *ermfmt.Model, o *ermfmt.Op) { in(m, o).Zero, out(m, o).Zero = 3, 4 }, "input [2 4 5 3] with zero point 3, output [2 6 7 3] with 4: want the same batch, channels and zero point"},
		// §9
		{"deform", "offset groups 0", func(m *ermfmt.Model, o *ermfmt.Op) { o.Conv.OffsetGroups = 0 }, "0 offset groups of 6 channels, 3 fraction bits: want groups that divide the channels, and 1 to 7 bits"},
		{"deform", "offset groups", func(m *ermfmt.Model, o *ermfmt.Op) { o.Conv.OffsetGroups = 4 }, "4 offset groups of 6 channels, 3 fraction bits: want groups that divide the channels, and 1 to 7 bits"},
		{"deform", "fraction 0", func(m *ermfmt.Model, o *ermfmt.Op) { o.Conv.Frac = 0 }, "2 offset groups of 6 channels, 0 fraction bits: want groups that divide the channels, and 1 to 7 bits"},
		{"deform", "fraction 8", func(m *ermfmt.Model, o *ermfmt.Op) { o.Conv.Frac = 8 }, "2 offset groups of 6 channels, 8 fraction bits: want groups that divide the channels, and 1 to 7 bits"},
		{"deform", "fraction 7", func(m *ermfmt.Model, o *ermfmt.Op) { o.Conv.Frac = 7 }, ""},
		{"deform", "offsets' dims", func(m *ermfmt.Model, o *ermfmt.Op) { o.Conv.OffsetGroups = 1 }, "the offsets are [1 5 4 36], want [1 5 4 18]"},
		{"deform", "mask's dims", func(m *ermfmt.Model, o *ermfmt.Op) { o.In[2] = o.In[0] }, "the mask is [1 5 4 6], want [1 5 4 18]"},
		{"deform", "mask and offsets", func(m *ermfmt.Model, o *ermfmt.Op) { o.In[1], o.In[2] = o.In[2], o.In[1] }, "the offsets are [1 5 4 18], want [1 5 4 36]"},
		{"deform", "offsets' type", func(m *ermfmt.Model, o *ermfmt.Op) { o.In[1] = fresh(m, i8, dims{1, 5, 4, 36}) }, "the offset tensor is int8, want int16"},
		{"deform", "mask's type", func(m *ermfmt.Model, o *ermfmt.Op) { o.In[2] = fresh(m, i16, dims{1, 5, 4, 18}) }, "the mask is int16, want int8"},
		{"deform", "far taps", func(m *ermfmt.Model, o *ermfmt.Op) {
			o.Conv.StrideH = 16384
			shape(m, o.Out[0], dims{1, 513, 1, 4})
			o.In[1], o.In[2] = fresh(m, i16, dims{1, 513, 1, 36}), fresh(m, i8, dims{1, 513, 1, 18})
		}, "taps lie up to 8388610 pixels from the first, want at most 8388608"},
		{"deform", "taps just near", func(m *ermfmt.Model, o *ermfmt.Op) {
			o.Conv.StrideH, o.Conv.DilationH = 16384, 8192
			shape(m, o.Out[0], dims{1, 512, 1, 4})
			o.In[1], o.In[2] = fresh(m, i16, dims{1, 512, 1, 36}), fresh(m, i8, dims{1, 512, 1, 18})
		}, ""},
		// §10
		{"se", "large", func(m *ermfmt.Model, o *ermfmt.Op) {
			shape(m, o.In[0], dims{1, 2049, 2048, 6})
			shape(m, o.Out[0], dims{1, 2049, 2048, 6})
		}, "an average over an input of 2049x2048, want at most 2^22 positions"},
		{"se", "W1", func(m *ermfmt.Model, o *ermfmt.Op) { o.SE.W1 = o.SE.W1[1:] }, "17 and 18 weights, 3 and 6 biases do not fit 6 channels"},
		{"se", "W2", func(m *ermfmt.Model, o *ermfmt.Op) { o.SE.W2 = append(o.SE.W2, 1) }, "18 and 19 weights, 3 and 6 biases do not fit 6 channels"},
		{"se", "B1", func(m *ermfmt.Model, o *ermfmt.Op) { o.SE.B1 = o.SE.B1[1:] }, "18 and 18 weights, 2 and 6 biases do not fit 6 channels"},
		{"se", "no middle", func(m *ermfmt.Model, o *ermfmt.Op) { o.SE.B1, o.SE.W1, o.SE.W2 = nil, nil, nil }, "0 and 0 weights, 0 and 6 biases do not fit 6 channels"},
		{"se", "B2", func(m *ermfmt.Model, o *ermfmt.Op) { o.SE.B2 = o.SE.B2[1:] }, "18 and 18 weights, 3 and 5 biases do not fit 6 channels"},
		{"se", "mid scales", func(m *ermfmt.Model, o *ermfmt.Op) { o.SE.Mid.Mult = o.SE.Mid.Mult[1:] }, "2 multipliers and 3 shifts, want 3"},
		{"se", "gate scales", func(m *ermfmt.Model, o *ermfmt.Op) { o.SE.Gate.Shift = o.SE.Gate.Shift[1:] }, "6 multipliers and 5 shifts, want 6"},
		{"se", "squeeze scale", func(m *ermfmt.Model, o *ermfmt.Op) { o.SE.Squeeze.Mult = 5 }, "multiplier 5, shift 1, pre-shift 1: want [2^30, 2^31), [1, 31] and [0, 31]"},
		{"se", "out scale", func(m *ermfmt.Model, o *ermfmt.Op) { o.SE.Out.Shift = 99 }, "multiplier 1287901874, shift 99, pre-shift 1: want [2^30, 2^31), [1, 31] and [0, 31]"},
		{"se", "W1 weight", func(m *ermfmt.Model, o *ermfmt.Op) { o.SE.W1[17] = -128 }, "a weight is -128, want [-127, 127]"},
		{"se", "W2 weight", func(m *ermfmt.Model, o *ermfmt.Op) { o.SE.W2[0] = -128 }, "a weight is -128, want [-127, 127]"},
		{"se", "squeeze max 0", func(m *ermfmt.Model, o *ermfmt.Op) { o.SE.SqueezeMax = 0 }, "clamps 0 and [0, 7834]: want one in [1, 32767] and a range inside [-32768, 32767]"},
		{"se", "squeeze max", func(m *ermfmt.Model, o *ermfmt.Op) { o.SE.SqueezeMax = 32768 }, "clamps 32768 and [0, 7834]: want one in [1, 32767] and a range inside [-32768, 32767]"},
		{"se", "squeeze max at most", func(m *ermfmt.Model, o *ermfmt.Op) { o.SE.SqueezeMax = 32767 }, ""},
		{"se", "mid clamp order", func(m *ermfmt.Model, o *ermfmt.Op) { o.SE.MidClamp = ermfmt.Clamp{Lo: 1, Hi: 0} }, "clamps 1471 and [1, 0]: want one in [1, 32767] and a range inside [-32768, 32767]"},
		{"se", "mid clamp", func(m *ermfmt.Model, o *ermfmt.Op) { o.SE.MidClamp.Hi = 32768 }, "clamps 1471 and [0, 32768]: want one in [1, 32767] and a range inside [-32768, 32767]"},
		{"se", "mid table", func(m *ermfmt.Model, o *ermfmt.Op) { o.SE.MidTable = make([]int16, 256) }, "tables of 256 and 513 entries, want 513, or none for the first"},
		{"se", "gate table", func(m *ermfmt.Model, o *ermfmt.Op) { o.SE.GateTable = nil }, "tables of 0 and 0 entries, want 513, or none for the first"},
		{"se", "first layer", func(m *ermfmt.Model, o *ermfmt.Op) {
			clear(o.SE.W1)
			o.SE.W1[6], o.SE.B1[1] = 1, 1<<30-o.SE.SqueezeMax+1
		}, "channel 1 of the first layer can reach 1073741825 before it is scaled, want at most 2^30"},
		{"se", "first layer fits", func(m *ermfmt.Model, o *ermfmt.Op) {
			clear(o.SE.W1)
			o.SE.W1[6], o.SE.B1[1] = -1, -1<<30+o.SE.SqueezeMax
		}, ""},
		{"se", "second layer", func(m *ermfmt.Model, o *ermfmt.Op) {
			clear(o.SE.W2)
			o.SE.W2[3], o.SE.B2[1] = 1, 1<<30-o.SE.MidClamp.Hi+1
		}, "channel 1 of the second layer can reach 1073741825 before it is scaled, want at most 2^30"},
		{"se", "second layer fits", func(m *ermfmt.Model, o *ermfmt.Op) {
			clear(o.SE.W2)
			o.SE.W2[3], o.SE.B2[1] = 1, 1<<30-o.SE.MidClamp.Hi
		}, ""},
		{"se table", "second layer", func(m *ermfmt.Model, o *ermfmt.Op) {
			clear(o.SE.W2)
			clear(o.SE.MidTable)
			o.SE.MidTable[512] = -32768
			o.SE.W2[3], o.SE.B2[1] = 1, 1<<30-32767
		}, "channel 1 of the second layer can reach 1073741825 before it is scaled, want at most 2^30"},
		{"se table", "second layer fits", func(m *ermfmt.Model, o *ermfmt.Op) {
			clear(o.SE.W2)
			clear(o.SE.MidTable)
			o.SE.MidTable[512] = -32768
			o.SE.W2[3], o.SE.B2[1] = 1, 1<<30-32768
		}, ""},
		// §11
		{"softmax", "dims", func(m *ermfmt.Model, o *ermfmt.Op) { shape(m, o.Out[0], dims{1, 3, 2, 5}) }, "the output is [1 3 2 5], want [1 2 3 5] like the input"},
		{"softmax", "bits 7", func(m *ermfmt.Model, o *ermfmt.Op) { o.Softmax.Bits = 7 }, "a table of 256 entries with 7 bits, want 256 with 8 to 24"},
		{"softmax", "bits 25", func(m *ermfmt.Model, o *ermfmt.Op) { o.Softmax.Bits = 25 }, "a table of 256 entries with 25 bits, want 256 with 8 to 24"},
		{"softmax", "table", func(m *ermfmt.Model, o *ermfmt.Op) { o.Softmax.Exp = o.Softmax.Exp[:255] }, "a table of 255 entries with 9 bits, want 256 with 8 to 24"},
		{"softmax", "two tables", func(m *ermfmt.Model, o *ermfmt.Op) { o.Softmax.Exp = append(o.Softmax.Exp, o.Softmax.Exp...) }, "a table of 512 entries with 9 bits, want 256 with 8 to 24"},
		{"softmax", "first entry", func(m *ermfmt.Model, o *ermfmt.Op) { o.Softmax.Exp[0]-- }, "entry 0 of the table is 511, want at most 512, and just that where a table begins"},
		{"softmax", "entry", func(m *ermfmt.Model, o *ermfmt.Op) { o.Softmax.Exp[255] = 1<<o.Softmax.Bits + 1 }, "entry 255 of the table is 513, want at most 512, and just that where a table begins"},
		{"softmax", "entries of 1", func(m *ermfmt.Model, o *ermfmt.Op) {
			for i := range o.Softmax.Exp {
				o.Softmax.Exp[i] = 1 << o.Softmax.Bits
			}
		}, ""},
		{"softmax16", "second table", func(m *ermfmt.Model, o *ermfmt.Op) { o.Softmax.Exp[256]-- }, "entry 256 of the table is 131071, want at most 131072, and just that where a table begins"},
		{"softmax16", "one table", func(m *ermfmt.Model, o *ermfmt.Op) { o.Softmax.Exp = o.Softmax.Exp[:256] }, "a table of 256 entries with 17 bits, want 512 with 8 to 24"},
		{"softmax", "gaps", func(m *ermfmt.Model, o *ermfmt.Op) { t := out(m, o); t.Stride[1] = 16; m.Plan.Arena += 64 }, "pixels of [1 2 3] lie [30 16 5] apart, want one distance"},
		{"softmax", "even gaps", func(m *ermfmt.Model, o *ermfmt.Op) {
			t := out(m, o)
			t.Stride = [3]int32{42, 21, 7}
			m.Plan.Arena += 64
		}, ""},
		// §12
		{"copy", "no axis", func(m *ermfmt.Model, o *ermfmt.Op) { *o.Copy = ermfmt.Copy{} }, "0 dimensions, 0 and 0 strides, want as many, and one at least"},
		{"copy", "lists", func(m *ermfmt.Model, o *ermfmt.Op) { o.Copy.OutStride = o.Copy.OutStride[1:] }, "4 dimensions, 4 and 3 strides, want as many, and one at least"},
		{"copy", "dimension", func(m *ermfmt.Model, o *ermfmt.Op) { o.Copy.Dims[2] = 0 }, "dimension 0 out of range [1, 268435456]"},
		{"copy", "elements", func(m *ermfmt.Model, o *ermfmt.Op) { o.Copy.Dims[0], o.Copy.Dims[1] = 1<<28, 1<<28 }, "a copy of 72057594037927936 elements and more, want at most 268435456"},
		{"copy", "before the input", func(m *ermfmt.Model, o *ermfmt.Op) { o.Copy.InOffset = -1 }, "elements -1 to 58 of the input, want them among the 60 there are"},
		{"copy", "behind the input", func(m *ermfmt.Model, o *ermfmt.Op) { o.Copy.InOffset = 1 }, "elements 1 to 60 of the input, want them among the 60 there are"},
		{"copy", "before the output", func(m *ermfmt.Model, o *ermfmt.Op) { o.Copy.OutStride[1] *= -1 }, "elements -48 to 11 of the output, want them among the 60 there are"},
		{"copy", "behind the output", func(m *ermfmt.Model, o *ermfmt.Op) { o.Copy.OutOffset = 1 }, "elements 1 to 60 of the output, want them among the 60 there are"},
		{"copy", "element twice", func(m *ermfmt.Model, o *ermfmt.Op) { o.Copy.OutStride[1] = o.Copy.OutStride[2] }, "two elements of the input go to one of the output"},
		{"copy", "element twice, stride 0", func(m *ermfmt.Model, o *ermfmt.Op) { o.Copy.OutStride[3] = 0 }, "two elements of the input go to one of the output"},
		{"copy", "element read often", func(m *ermfmt.Model, o *ermfmt.Op) { o.Copy.InStride[1] = 0 }, ""},
		{"copy", "gaps that the output fills", func(m *ermfmt.Model, o *ermfmt.Op) {
			interleave(m, o)
			o.Copy.Dims, o.Copy.InStride, o.Copy.OutStride = []int32{10}, []int32{2}, []int32{2}
		}, "the copy moves what lies between the elements of a tensor and may overlap itself, want it to keep to the elements"},
		{"copy", "gaps that the output leaves alone", func(m *ermfmt.Model, o *ermfmt.Op) {
			interleave(m, o)
			o.Copy.Dims, o.Copy.InStride, o.Copy.OutStride = []int32{4, 3}, []int32{6, 1}, []int32{6, 1}
		}, ""},
		{"pad", "fill value", func(m *ermfmt.Model, o *ermfmt.Op) { o.Copy.FillValue = 128 }, "fill value 128 does not fit int8"},
		{"pad", "fill value below", func(m *ermfmt.Model, o *ermfmt.Op) { o.Copy.FillValue = -129 }, "fill value -129 does not fit int8"},
		// §13
		{"arg max", "dims", func(m *ermfmt.Model, o *ermfmt.Op) { shape(m, o.Out[0], dims{1, 3, 4, 2}) }, "the output is [1 3 4 2], want [1 3 4 1]"},
		{"arg max", "gaps", func(m *ermfmt.Model, o *ermfmt.Op) {
			t := in(m, o)
			t.Stride[1] = 21
			m.Inputs = nil
			m.Plan.Arena += 64
			out(m, o).Offset += 64
		}, "pixels of [1 3 4] lie [60 21 5] apart, want one distance"},
	} {
		t.Run(c.base+": "+c.name, func(t *testing.T) {
			n := ermoracle.NewNet(11)
			bases[c.base](n)
			m := n.Finish()
			i := len(m.Ops) - 1
			c.edit(m, &m.Ops[i])
			b := encode(t, m)
			em, err := edgerun.LoadBytes(b)
			if c.want == "" {
				require.NoError(t, err)
				require.NotNil(t, em)
				againstOracle(t, m, 1, 3)
				return
			}
			var oe *edgerun.OpError
			require.ErrorAs(t, err, &oe)
			require.Equal(t, i, oe.Index)
			require.Equal(t, m.Ops[i].Kind.String(), oe.Op)
			require.Equal(t, m.Ops[i].Name, oe.Name)
			require.Equal(t, c.want, oe.Msg)
		})
	}
}
