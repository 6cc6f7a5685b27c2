package zoo

import "strconv"

// inceptionResNetV2 is Szegedy 2016, figures 10 to 15, with the stem and the
// channels of the released network.
func inceptionResNetV2(b *net, x value) value {
	type l = layerOf
	chain := b.chain
	b.in("stem")
	x = chain(x, l{32, "3x3/2 valid"}, l{32, "3x3 valid"}, l{64, "3x3"})
	x = chain(b.maxPool(x, "3x3/2 valid"), l{80, "1x1"}, l{192, "3x3 valid"})
	x = b.maxPool(x, "3x3/2 valid")
	b.in("5b")
	x = b.concat(
		chain(x, l{96, "1x1"}),
		chain(x, l{48, "1x1"}, l{64, "5x5"}),
		chain(x, l{64, "1x1"}, l{96, "3x3"}, l{96, "3x3"}),
		chain(b.avgPool(x, "3x3"), l{64, "1x1"}))
	// residual adds a scaled branch, brought to x's channels without an
	// activation.
	residual := func(x value, scale float64, branch value) value {
		return b.sum(x, b.scale(b.conv(branch, x.channels(), "1x1"), scale))
	}
	for i := range 10 {
		b.in("a" + strconv.Itoa(i+1))
		x = b.relu(residual(x, 0.17, b.concat(
			chain(x, l{32, "1x1"}),
			chain(x, l{32, "1x1"}, l{32, "3x3"}),
			chain(x, l{32, "1x1"}, l{48, "3x3"}, l{64, "3x3"}))))
	}
	b.in("6a")
	x = b.concat(
		chain(x, l{384, "3x3/2 valid"}),
		chain(x, l{256, "1x1"}, l{256, "3x3"}, l{384, "3x3/2 valid"}),
		b.maxPool(x, "3x3/2 valid"))
	for i := range 20 {
		b.in("b" + strconv.Itoa(i+1))
		x = b.relu(residual(x, 0.1, b.concat(
			chain(x, l{192, "1x1"}),
			chain(x, l{128, "1x1"}, l{160, "1x7"}, l{192, "7x1"}))))
	}
	b.in("7a")
	x = b.concat(
		chain(x, l{256, "1x1"}, l{384, "3x3/2 valid"}),
		chain(x, l{256, "1x1"}, l{288, "3x3/2 valid"}),
		chain(x, l{256, "1x1"}, l{288, "3x3"}, l{320, "3x3/2 valid"}),
		b.maxPool(x, "3x3/2 valid"))
	for i := range 10 {
		b.in("c" + strconv.Itoa(i+1))
		scale := 0.2
		if i == 9 {
			scale = 1
		}
		x = residual(x, scale, b.concat(
			chain(x, l{192, "1x1"}),
			chain(x, l{192, "1x1"}, l{224, "1x3"}, l{256, "3x1"})))
		if i < 9 {
			x = b.relu(x)
		}
	}
	b.in("")
	return b.logits(b.globalPool(b.unit(x, 1536, "1x1")))
}
