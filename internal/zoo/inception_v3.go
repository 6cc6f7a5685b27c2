package zoo

// inceptionV3 is Szegedy 2015, table 1 and figures 5 to 7, as released, without
// the auxiliary classifier.
func inceptionV3(b *net, x value) value {
	type l = layerOf
	chain := b.chain
	x = b.unit(x, 32, "3x3/2 valid")
	x = b.unit(x, 32, "3x3 valid")
	x = b.maxPool(b.unit(x, 64, "3x3"), "3x3/2 valid")
	x = b.unit(x, 80, "1x1")
	x = b.maxPool(b.unit(x, 192, "3x3 valid"), "3x3/2 valid")
	for i, pool := range []int{32, 64, 64} {
		b.in([]string{"5b", "5c", "5d"}[i])
		x = b.concat(
			chain(x, l{64, "1x1"}),
			chain(x, l{48, "1x1"}, l{64, "5x5"}),
			chain(x, l{64, "1x1"}, l{96, "3x3"}, l{96, "3x3"}),
			chain(b.avgPool(x, "3x3"), l{pool, "1x1"}))
	}
	b.in("6a")
	x = b.concat(
		chain(x, l{384, "3x3/2 valid"}),
		chain(x, l{64, "1x1"}, l{96, "3x3"}, l{96, "3x3/2 valid"}),
		b.maxPool(x, "3x3/2 valid"))
	for i, c := range []int{128, 160, 160, 192} {
		b.in([]string{"6b", "6c", "6d", "6e"}[i])
		x = b.concat(
			chain(x, l{192, "1x1"}),
			chain(x, l{c, "1x1"}, l{c, "1x7"}, l{192, "7x1"}),
			chain(x, l{c, "1x1"}, l{c, "7x1"}, l{c, "1x7"}, l{c, "7x1"}, l{192, "1x7"}),
			chain(b.avgPool(x, "3x3"), l{192, "1x1"}))
	}
	b.in("7a")
	x = b.concat(
		chain(x, l{192, "1x1"}, l{320, "3x3/2 valid"}),
		chain(x, l{192, "1x1"}, l{192, "1x7"}, l{192, "7x1"}, l{192, "3x3/2 valid"}),
		b.maxPool(x, "3x3/2 valid"))
	for _, name := range []string{"7b", "7c"} {
		b.in(name)
		three, double := chain(x, l{384, "1x1"}), chain(x, l{448, "1x1"}, l{384, "3x3"})
		x = b.concat(
			chain(x, l{320, "1x1"}),
			b.unit(three, 384, "1x3"), b.unit(three, 384, "3x1"),
			b.unit(double, 384, "1x3"), b.unit(double, 384, "3x1"),
			chain(b.avgPool(x, "3x3"), l{192, "1x1"}))
	}
	b.in("")
	return b.logits(b.globalPool(x))
}
