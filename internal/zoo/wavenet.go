package zoo

import "strconv"

// wavenet is van den Oord 2016, §2: causal dilated convolutions with gates,
// residual and skip connections. The paper gives no widths; these are the
// common ones for 16 kHz speech: 5 times dilations 1 to 512, 32 residual, 32
// dilation and 512 skip channels, over one-hot mu-law samples.
func wavenet(b *net, x value) value {
	const residual, skip = 32, 512
	x = b.conv(x, residual, "2 causal")
	var total value
	for i := range 50 {
		b.in(strconv.Itoa(i + 1))
		spec := "2 causal d" + strconv.Itoa(1<<(i%10))
		z := b.gate(b.tanh(b.conv(x, residual, spec)), b.sigmoid(b.conv(x, residual, spec)))
		s := b.conv(z, skip, "1")
		if i == 0 {
			total = s
		} else {
			total = b.sum(total, s)
		}
		if i < 49 {
			x = b.sum(x, b.convTo(z, residual, "1", 0.2, centred))
		}
	}
	b.in("")
	total = b.convRelu(b.relu(total), skip, "1")
	return b.softmax(b.convTo(total, b.classes, "1", 1.25, centred))
}
