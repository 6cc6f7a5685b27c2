package zoo

// vggStages is Simonyan 2014, table 1, configuration D: convolutions and their
// channels between the pools.
var vggStages = []struct{ layers, channels int }{{2, 64}, {2, 128}, {3, 256}, {3, 512}, {3, 512}}

func vgg16(b *net, x value) value {
	for _, s := range vggStages {
		for range s.layers {
			x = b.convRelu(x, s.channels, "3x3")
		}
		x = b.maxPool(x, "2x2/2 valid")
	}
	x = b.relu(b.fc(x, 4096))
	x = b.relu(b.fc(x, 4096))
	return b.logits(x)
}

// fcn8s is Long 2014, §4, over VGG-16: the fully connected layers as
// convolutions, scores of three depths summed. The first layer pads by 100, so
// that any input is large enough; what that adds is cropped away.
func fcn8s(b *net, x value) value {
	h, w := x.Shape[2], x.Shape[3]
	pad := "3x3 pad100"
	var pools []value
	for _, s := range vggStages {
		for range s.layers {
			x = b.convRelu(x, s.channels, pad)
			pad = "3x3"
		}
		x = b.maxPool(x, "2x2/2 valid ceil")
		pools = append(pools, x)
	}
	x = b.convRelu(x, 4096, "7x7 valid")
	x = b.convRelu(x, 4096, "1x1")
	x = b.upsample(b.conv(x, b.classes, "1x1"), 2)
	for _, skip := range []struct{ pool, crop int }{{3, 5}, {2, 9}} {
		s := b.conv(pools[skip.pool], b.classes, "1x1")
		x = b.sum(x, b.crop(s, skip.crop, x.Shape[2], x.Shape[3]))
		if skip.pool == 3 {
			x = b.upsample(x, 2)
		}
	}
	return b.crop(b.upsample(x, 8), 31, h, w)
}
