package zoo

import "strconv"

// xception is Chollet 2016, figure 5.
func xception(b *net, x value) value {
	// sep is a separable convolution and batch normalization, sepRelu with ReLU.
	sep := func(x value, c int, own means) value {
		return b.bn(b.convBare(b.convBare(x, x.channels(), x.depthwise("3x3")), c, "1x1"), own)
	}
	sepRelu := func(x value, c int) value { return b.relu(sep(x, c, rectified)) }
	x = b.unit(x, 32, "3x3/2 valid")
	x = b.unit(x, 64, "3x3 valid")
	// down is a block that halves the image.
	down := func(x value, first bool, c0, c1 int) value {
		y := x
		if !first {
			y = b.relu(y)
		}
		y = sep(sepRelu(y, c0), c1, centred)
		return b.sum(b.maxPool(y, "3x3/2 pad1"), b.convBN(x, c1, "1x1/2"))
	}
	for i, c := range []int{128, 256, 728} {
		b.in("entry" + strconv.Itoa(i+1))
		x = down(x, i == 0, c, c)
	}
	for i := range 8 {
		b.in("middle" + strconv.Itoa(i+1))
		y := sepRelu(sepRelu(b.relu(x), 728), 728)
		x = b.sum(x, sep(y, 728, centred))
	}
	b.in("exit")
	x = down(x, false, 728, 1024)
	x = sepRelu(x, 1536)
	x = sepRelu(x, 2048)
	b.in("")
	return b.logits(b.globalPool(x))
}
