package zoo

// nin is Lin 2013, figure 2, in the authors' size for ImageNet: convolutions
// followed by perceptrons, that is 1x1 convolutions, and no fully connected
// layer.
func nin(b *net, x value) value {
	mlpconv := func(x value, spec string, channels ...int) value {
		for _, c := range channels {
			x = b.convRelu(x, c, spec)
			spec = "1x1"
		}
		return x
	}
	x = b.maxPool(mlpconv(x, "11x11/4 valid", 96, 96, 96), "3x3/2 valid ceil")
	x = b.maxPool(mlpconv(x, "5x5", 256, 256, 256), "3x3/2 valid ceil")
	x = b.maxPool(mlpconv(x, "3x3", 384, 384, 384), "3x3/2 valid ceil")
	x = mlpconv(x, "3x3", 1024, 1024)
	x = b.relu(b.convTo(x, b.classes, "1x1", loudScores, centred))
	return b.flatten(b.globalPool(x))
}
