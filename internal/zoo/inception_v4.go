package zoo

import "strconv"

// inceptionV4 is Szegedy 2016, figures 3 to 9.
func inceptionV4(b *net, x value) value {
	type l = layerOf
	chain := b.chain
	b.in("stem")
	x = chain(x, l{32, "3x3/2 valid"}, l{32, "3x3 valid"}, l{64, "3x3"})
	x = b.concat(b.maxPool(x, "3x3/2 valid"), b.unit(x, 96, "3x3/2 valid"))
	x = b.concat(
		chain(x, l{64, "1x1"}, l{96, "3x3 valid"}),
		chain(x, l{64, "1x1"}, l{64, "1x7"}, l{64, "7x1"}, l{96, "3x3 valid"}))
	x = b.concat(b.unit(x, 192, "3x3/2 valid"), b.maxPool(x, "3x3/2 valid"))
	for i := range 4 {
		b.in("a" + strconv.Itoa(i+1))
		x = b.concat(
			chain(x, l{96, "1x1"}),
			chain(x, l{64, "1x1"}, l{96, "3x3"}),
			chain(x, l{64, "1x1"}, l{96, "3x3"}, l{96, "3x3"}),
			chain(b.avgPool(x, "3x3"), l{96, "1x1"}))
	}
	b.in("reduce_a")
	x = b.concat(
		chain(x, l{384, "3x3/2 valid"}),
		chain(x, l{192, "1x1"}, l{224, "3x3"}, l{256, "3x3/2 valid"}),
		b.maxPool(x, "3x3/2 valid"))
	for i := range 7 {
		b.in("b" + strconv.Itoa(i+1))
		x = b.concat(
			chain(x, l{384, "1x1"}),
			chain(x, l{192, "1x1"}, l{224, "1x7"}, l{256, "7x1"}),
			chain(x, l{192, "1x1"}, l{192, "7x1"}, l{224, "1x7"}, l{224, "7x1"}, l{256, "1x7"}),
			chain(b.avgPool(x, "3x3"), l{128, "1x1"}))
	}
	b.in("reduce_b")
	x = b.concat(
		chain(x, l{192, "1x1"}, l{192, "3x3/2 valid"}),
		chain(x, l{256, "1x1"}, l{256, "1x7"}, l{320, "7x1"}, l{320, "3x3/2 valid"}),
		b.maxPool(x, "3x3/2 valid"))
	for i := range 3 {
		b.in("c" + strconv.Itoa(i+1))
		three, double := chain(x, l{384, "1x1"}), chain(x, l{384, "1x1"}, l{448, "3x1"}, l{512, "1x3"})
		x = b.concat(
			chain(x, l{256, "1x1"}),
			b.unit(three, 256, "1x3"), b.unit(three, 256, "3x1"),
			b.unit(double, 256, "1x3"), b.unit(double, 256, "3x1"),
			chain(b.avgPool(x, "3x3"), l{256, "1x1"}))
	}
	b.in("")
	return b.logits(b.globalPool(x))
}
