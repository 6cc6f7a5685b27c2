package zoo

import "strconv"

// efficientnetLite0 is the B0 of Tan 2019, table 1, as Google's lite version
// has it: without squeeze-and-excitation, with ReLU6 in place of swish.
func efficientnetLite0(b *net, x value) value {
	x = b.unitOf(x, 32, "3x3/2", b.relu6)
	n := 0
	for _, s := range []struct{ expand, kernel, channels, repeat, stride int }{
		{1, 3, 16, 1, 1}, {6, 3, 24, 2, 2}, {6, 5, 40, 2, 2}, {6, 3, 80, 3, 2}, {6, 5, 112, 3, 1}, {6, 5, 192, 4, 2}, {6, 3, 320, 1, 1},
	} {
		for i := range s.repeat {
			n++
			b.in(strconv.Itoa(n))
			stride := 1
			if i == 0 {
				stride = s.stride
			}
			x = b.bottleneck(x, bottleneck{s.kernel, s.expand * x.channels(), s.channels, stride, 0, b.relu6})
		}
	}
	b.in("")
	x = b.unitOf(x, 1280, "1x1", b.relu6)
	return b.logits(b.globalPool(x))
}
