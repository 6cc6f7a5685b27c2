package zoo

import "strconv"

// resnet is ResNet-50 (He 2015, table 1, with the stride in the first 1x1) and
// what others made of it: ResNeXt-50 (Xie 2016: groups of 4 channels, the
// stride in the 3x3), SE-ResNet-50 (Hu 2017), and deformable 3x3 convolutions
// in stages 3 to 5 (Dai 2017, Zhu 2018).
type resnet struct {
	groups int
	excite bool
	deform int // version; 0: none
}

func (r resnet) layers(b *net, x value) value {
	x = b.maxPool(b.unit(x, 64, "7x7/2"), "3x3/2 pad1")
	for i, s := range []struct{ channels, blocks int }{{64, 3}, {128, 4}, {256, 6}, {512, 3}} {
		for k := range s.blocks {
			b.in(strconv.Itoa(i+2) + string(rune('a'+k)))
			stride := 1
			if i > 0 && k == 0 {
				stride = 2
			}
			x = r.block(b, x, s.channels, stride, r.deform > 0 && i > 0)
		}
	}
	b.in("")
	return b.logits(b.globalPool(x))
}

// block is a bottleneck with its shortcut.
func (r resnet) block(b *net, x value, c, stride int, deform bool) value {
	s := "/" + strconv.Itoa(stride)
	shortcut := x
	if x.channels() != 4*c {
		shortcut = b.convBN(x, 4*c, "1x1"+s)
	}
	var y value
	switch {
	case r.groups > 0:
		y = b.unit(x, 2*c, "1x1")
		y = b.unit(y, 2*c, "3x3"+s+" g"+strconv.Itoa(r.groups))
	case deform:
		y = b.unit(x, c, "1x1"+s)
		y = b.relu(b.deform(y, c, "3x3", r.deform == 2))
	default:
		y = b.unit(x, c, "1x1"+s)
		y = b.unit(y, c, "3x3")
	}
	y = b.convBN(y, 4*c, "1x1")
	if r.excite {
		y = b.squeezeExcite(y, 4*c/16, b.sigmoid)
	}
	return b.relu(b.sum(y, shortcut))
}
