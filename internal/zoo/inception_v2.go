package zoo

// inceptionV2 is Ioffe 2015, figure 5: BN-Inception, with the pool projections
// of 4c and 4d as released (128 channels, 96 in the figure). With excite, every
// module ends in a squeeze-and-excitation block (Hu 2017).
func inceptionV2(excite bool) func(b *net, x value) value {
	return func(b *net, x value) value {
		x = b.maxPool(b.unit(x, 64, "7x7/2"), "3x3/2 valid ceil")
		x = b.unit(x, 64, "1x1")
		x = b.maxPool(b.unit(x, 192, "3x3"), "3x3/2 valid ceil")
		for _, m := range []struct {
			name                                       string
			one, three0, three, double0, double1, pool int // pool < 0: a maximum
		}{
			{"3a", 64, 64, 64, 64, 96, 32},
			{"3b", 64, 64, 96, 64, 96, 64},
			{"3c", 0, 128, 160, 64, 96, 0}, // stride 2
			{"4a", 224, 64, 96, 96, 128, 128},
			{"4b", 192, 96, 128, 96, 128, 128},
			{"4c", 160, 128, 160, 128, 160, 128},
			{"4d", 96, 128, 192, 160, 192, 128},
			{"4e", 0, 128, 192, 192, 256, 0}, // stride 2
			{"5a", 352, 192, 320, 160, 224, 128},
			{"5b", 352, 192, 320, 192, 224, -128},
		} {
			b.in(m.name)
			three, double := b.unit(x, m.three0, "1x1"), b.unit(b.unit(x, m.double0, "1x1"), m.double1, "3x3")
			switch {
			case m.one == 0:
				x = b.concat(b.unit(three, m.three, "3x3/2"), b.unit(double, m.double1, "3x3/2"), b.maxPool(x, "3x3/2 valid ceil"))
			case m.pool < 0:
				x = b.concat(b.unit(x, m.one, "1x1"), b.unit(three, m.three, "3x3"), b.unit(double, m.double1, "3x3"),
					b.unit(b.maxPool(x, "3x3"), -m.pool, "1x1"))
			default:
				x = b.concat(b.unit(x, m.one, "1x1"), b.unit(three, m.three, "3x3"), b.unit(double, m.double1, "3x3"),
					b.unit(b.avgPool(x, "3x3"), m.pool, "1x1"))
			}
			if excite {
				x = b.squeezeExcite(x, x.channels()/16, b.sigmoid)
			}
		}
		b.in("")
		return b.logits(b.globalPool(x))
	}
}
