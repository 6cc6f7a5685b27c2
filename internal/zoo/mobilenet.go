package zoo

import "strconv"

// mobilenetV1 is Howard 2017, table 1.
func mobilenetV1(b *net, x value) value {
	x = b.unit(x, 32, "3x3/2")
	for i, l := range []struct{ stride, channels int }{
		{1, 64}, {2, 128}, {1, 128}, {2, 256}, {1, 256}, {2, 512},
		{1, 512}, {1, 512}, {1, 512}, {1, 512}, {1, 512}, {2, 1024}, {1, 1024},
	} {
		b.in(strconv.Itoa(i + 1))
		x = b.unit(x, x.channels(), x.depthwise("3x3/"+strconv.Itoa(l.stride)))
		x = b.unit(x, l.channels, "1x1")
	}
	b.in("")
	return b.logits(b.globalPool(x))
}

// bottleneck is an inverted residual (Sandler 2018, figure 3d): expansion,
// depthwise convolution, perhaps squeeze-and-excitation, and a projection
// without an activation.
type bottleneck struct {
	kernel, expand, out, stride int
	excite                      int // channels inside the block; 0: none
	act                         func(value) value
}

func (b *net) bottleneck(x value, l bottleneck) value {
	y := x
	if l.expand != x.channels() {
		y = b.unitOf(y, l.expand, "1x1", l.act)
	}
	k := strconv.Itoa(l.kernel)
	y = b.unitOf(y, l.expand, y.depthwise(k+"x"+k+"/"+strconv.Itoa(l.stride)), l.act)
	if l.excite > 0 {
		y = b.squeezeExcite(y, l.excite, b.hardSigmoid)
	}
	y = b.convBN(y, l.out, "1x1")
	if l.stride == 1 && l.out == x.channels() {
		y = b.sum(x, y)
	}
	return y
}

// mobilenetV2 is Sandler 2018, table 2.
func mobilenetV2(b *net, x value) value {
	x = b.unitOf(x, 32, "3x3/2", b.relu6)
	n := 0
	for _, s := range []struct{ expand, channels, repeat, stride int }{
		{1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2}, {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1},
	} {
		for i := range s.repeat {
			n++
			b.in(strconv.Itoa(n))
			stride := 1
			if i == 0 {
				stride = s.stride
			}
			x = b.bottleneck(x, bottleneck{3, s.expand * x.channels(), s.channels, stride, 0, b.relu6})
		}
	}
	b.in("")
	x = b.unitOf(x, 1280, "1x1", b.relu6)
	return b.logits(b.globalPool(x))
}

// mobilenetV3Large is Howard 2019, table 1.
func mobilenetV3Large(b *net, x value) value {
	re, hs := b.relu, b.hardSwish
	return b.mobilenetV3(x, []bottleneck{
		{3, 16, 16, 1, 0, re},
		{3, 64, 24, 2, 0, re},
		{3, 72, 24, 1, 0, re},
		{5, 72, 40, 2, 24, re},
		{5, 120, 40, 1, 32, re},
		{5, 120, 40, 1, 32, re},
		{3, 240, 80, 2, 0, hs},
		{3, 200, 80, 1, 0, hs},
		{3, 184, 80, 1, 0, hs},
		{3, 184, 80, 1, 0, hs},
		{3, 480, 112, 1, 120, hs},
		{3, 672, 112, 1, 168, hs},
		{5, 672, 160, 2, 168, hs},
		{5, 960, 160, 1, 240, hs},
		{5, 960, 160, 1, 240, hs},
	}, 960, 1280)
}

// mobilenetV3Small is Howard 2019, table 2.
func mobilenetV3Small(b *net, x value) value {
	re, hs := b.relu, b.hardSwish
	return b.mobilenetV3(x, []bottleneck{
		{3, 16, 16, 2, 8, re},
		{3, 72, 24, 2, 0, re},
		{3, 88, 24, 1, 0, re},
		{5, 96, 40, 2, 24, hs},
		{5, 240, 40, 1, 64, hs},
		{5, 240, 40, 1, 64, hs},
		{5, 120, 48, 1, 32, hs},
		{5, 144, 48, 1, 40, hs},
		{5, 288, 96, 2, 72, hs},
		{5, 576, 96, 1, 144, hs},
		{5, 576, 96, 1, 144, hs},
	}, 576, 1024)
}

func (b *net) mobilenetV3(x value, layers []bottleneck, last, wide int) value {
	x = b.unitOf(x, 16, "3x3/2", b.hardSwish)
	for i, l := range layers {
		b.in(strconv.Itoa(i + 1))
		x = b.bottleneck(x, l)
	}
	b.in("")
	x = b.unitOf(x, last, "1x1", b.hardSwish)
	return b.logits(b.hardSwish(b.fc(b.globalPool(x), wide)))
}
