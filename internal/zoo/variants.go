package zoo

import (
	"fmt"
	"strconv"

	"github.com/edgerun/edgerun/internal/ir"
)

// Variant is one way to make C channels of C channels on an N×N map: what the
// article compares. Convolutions have biases and ReLUs behind them.
type Variant struct {
	Name   string
	Text   string // what it is made of
	Source string // the paper that made it known

	layers func(b *net, x value) value
}

// Variants lists them, from plain windows to blocks.
func Variants() []*Variant { return variants }

// Reference is the variant that others are compared with.
const Reference = "dense 3x3"

// variantMultiple is what the number of channels must be a multiple of: squeeze
// and excitation and the grouped bottleneck divide it by 16.
const variantMultiple = 16

// maxVariantChannels bounds the number of channels.
const maxVariantChannels = 2048

// chain is a layer after the other.
func chain(specs ...string) func(b *net, x value) value {
	return func(b *net, x value) value {
		for _, s := range specs {
			x = b.convRelu(x, x.channels(), s)
		}
		return x
	}
}

var variants = []*Variant{
	{"pointwise 1x1", "one 1x1", "Lin 2013 (1312.4400)", chain("1x1")},
	{Reference, "one 3x3", "Simonyan 2014 (1409.1556)", chain("3x3")},
	{"dense 5x5", "one 5x5", "Krizhevsky 2012", chain("5x5")},
	{"two 3x3", "3x3, 3x3: for a 5x5", "Simonyan 2014 (1409.1556)", chain("3x3", "3x3")},
	{"dense 7x7", "one 7x7", "Szegedy 2014 (1409.4842)", chain("7x7")},
	{"1x7 and 7x1", "1x7, 7x1: for a 7x7", "Szegedy 2015 (1512.00567)", chain("1x7", "7x1")},
	{"grouped 3x3", "3x3 in 4 groups", "Krizhevsky 2012", chain("3x3 g4")},
	{"depthwise 3x3", "3x3 per channel", "Chollet 2016 (1610.02357)", func(b *net, x value) value {
		return b.convRelu(x, x.channels(), x.depthwise("3x3"))
	}},
	{"depthwise separable", "3x3 per channel, 1x1", "Howard 2017 (1704.04861)", func(b *net, x value) value {
		return b.convRelu(b.convRelu(x, x.channels(), x.depthwise("3x3")), x.channels(), "1x1")
	}},
	{"dilated 3x3, 2", "3x3, taps 2 apart", "Yu 2015 (1511.07122)", chain("3x3 d2")},
	{"dilated 3x3, 4", "3x3, taps 4 apart", "Yu 2015 (1511.07122)", chain("3x3 d4")},
	{"deformable v1", "3x3 of 18 offsets, 3x3 where they point", "Dai 2017 (1703.06211)", func(b *net, x value) value { return b.deformRelu(x, x.channels(), "3x3", false) }},
	{"deformable v2", "3x3 of 18 offsets and 9 masks, 3x3 where they point", "Zhu 2018 (1811.11168)", func(b *net, x value) value { return b.deformRelu(x, x.channels(), "3x3", true) }},
	{"3x3 with SE", "3x3, gates of C/16", "Hu 2017 (1709.01507)", func(b *net, x value) value {
		return b.squeezeExcite(b.convRelu(x, x.channels(), "3x3"), x.channels()/16, b.sigmoid)
	}},
	{"bottleneck", "1x1 to C/4, 3x3, 1x1, plus input", "He 2015 (1512.03385)", func(b *net, x value) value {
		y := b.convRelu(b.convRelu(x, x.channels()/4, "1x1"), x.channels()/4, "3x3")
		return b.relu(b.sum(x, b.conv(y, x.channels(), "1x1")))
	}},
	{"inverted residual", "1x1 to 6C, 3x3 per channel, 1x1, plus input", "Sandler 2018 (1801.04381)", func(b *net, x value) value {
		y := b.relu6(b.convTo(x, 6*x.channels(), "1x1", 1, rectified))
		y = b.relu6(b.convTo(y, y.channels(), y.depthwise("3x3"), 1, rectified))
		return b.sum(x, b.conv(y, x.channels(), "1x1"))
	}},
	{"inception module", "1x1, 1x1 and 3x3, 1x1 and 5x5, max-pool and 1x1", "Szegedy 2014 (1409.4842), 3a's shares", func(b *net, x value) value {
		c := x.channels()
		return b.concat(b.convRelu(x, c/4, "1x1"),
			b.convRelu(b.convRelu(x, 3*c/8, "1x1"), c/2, "3x3"),
			b.convRelu(b.convRelu(x, c/16, "1x1"), c/8, "5x5"),
			b.convRelu(b.maxPool(x, "3x3"), c/8, "1x1"))
	}},
	{"shuffle unit v1", "1x1 in 4 groups to C/4, shuffle, 3x3 per channel, 1x1 in 4 groups, plus input", "Zhang 2017 (1707.01083)", func(b *net, x value) value {
		y := b.shuffle(b.convRelu(x, x.channels()/4, "1x1 g4"), 4)
		y = b.conv(y, y.channels(), y.depthwise("3x3"))
		return b.relu(b.sum(x, b.conv(y, x.channels(), "1x1 g4")))
	}},
	{"shuffle unit v2", "half: 1x1, 3x3 per channel, 1x1; shuffle with the other half", "Ma 2018 (1807.11164)", func(b *net, x value) value {
		keep, y := b.halves(x)
		y = b.convRelu(y, y.channels(), "1x1")
		y = b.conv(y, y.channels(), y.depthwise("3x3"))
		return b.shuffle(b.concat(keep, b.convRelu(y, y.channels(), "1x1")), 2)
	}},
}

// nothing is what stands around every variant, alone.
var nothing = &Variant{Name: "nothing", layers: func(_ *net, x value) value { return x }}

// Nothing is the network without any layer: what timings are counted from.
func Nothing() *Variant { return nothing }

// Network is the variant behind an input of N×N pixels and channels, with a
// global average behind it: so that it reads and writes int8 maps, as within a
// network. The average is the last operator.
func (v *Variant) Network(size, channels int) (*Network, error) {
	if size < 1 || size > maxSize {
		return nil, fmt.Errorf("size %d: want 1 to %d", size, maxSize)
	}
	if channels < variantMultiple || channels > maxVariantChannels || channels%variantMultiple != 0 {
		return nil, fmt.Errorf("%d channels: want a multiple of %d, at most %d", channels, variantMultiple, maxVariantChannels)
	}
	name := "variant/" + v.Name + "/" + strconv.Itoa(channels)
	return &Network{Name: name, Input: []int{1, channels, size, size}, Classes: channels, Source: v.Source,
		layers: func(b *net, x value) value { return b.globalPool(v.layers(b, x)) }}, nil
}

// Field is what of its input an output pixel can see.
type Field struct {
	// Taps counts the ways from an input pixel, by its distance (y, x), to the
	// output.
	Taps   map[[2]int]float64
	Moved  bool // offsets move the taps, anywhere
	Global bool // the mean of everything has a say
}

// Size is the height and width of what the taps span.
func (f *Field) Size() (h, w int) {
	var lo, hi [2]int
	for t := range f.Taps {
		for i, d := range t {
			lo[i], hi[i] = min(lo[i], d), max(hi[i], d)
		}
	}
	return hi[0] - lo[0] + 1, hi[1] - lo[1] + 1
}

// FieldOf finds what the last feature map of a variant's network sees: strides
// are 1 and sizes stay.
func FieldOf(g *ir.Graph) *Field {
	fields := map[*ir.Value]*Field{g.Inputs[0]: {Taps: map[[2]int]float64{{}: 1}}}
	last := fields[g.Inputs[0]]
	for _, n := range g.Nodes[:len(g.Nodes)-1] {
		f := &Field{Taps: map[[2]int]float64{}}
		for i, v := range n.In {
			if from := fields[v]; from != nil {
				f.merge(from, n.Op, i)
			}
		}
		for _, v := range n.Out {
			fields[v] = f
		}
		last = f
	}
	return last
}

// merge adds what an operator sees through its input i.
func (f *Field) merge(from *Field, op ir.Op, i int) {
	f.Moved, f.Global = f.Moved || from.Moved, f.Global || from.Global
	window := ir.Window{Kernel: []int{1, 1}, Dilation: []int{1, 1}, Pads: make([]int, 4)}
	switch op := op.(type) {
	case *ir.Conv:
		window = op.Window
	case *ir.DeformConv:
		if i > 0 {
			// Offsets and masks say where to look, and are no way themselves.
			f.Moved = true
			return
		}
		window = op.Window
	case *ir.Pool:
		window = op.Window
	case *ir.GlobalPool:
		f.Global = true
		return
	}
	for t, n := range from.Taps {
		for y := range window.Kernel[0] {
			for x := range window.Kernel[1] {
				f.Taps[[2]int{t[0] + y*window.Dilation[0] - window.Pads[0], t[1] + x*window.Dilation[1] - window.Pads[1]}] += n
			}
		}
	}
}
