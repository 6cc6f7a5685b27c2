package zoo

import "strconv"

// shufflenetV1 is Zhang 2017, table 1, 1x with 3 groups.
func shufflenetV1(b *net, x value) value {
	const groups = 3
	g := " g" + strconv.Itoa(groups)
	x = b.maxPool(b.unit(x, 24, "3x3/2"), "3x3/2 pad1")
	for i, s := range []struct{ channels, blocks int }{{240, 4}, {480, 8}, {960, 4}} {
		for k := range s.blocks {
			b.in(strconv.Itoa(i+2) + string(rune('a'+k)))
			out, stride, first := s.channels, "/1", "1x1"+g
			if k == 0 {
				out, stride = s.channels-x.channels(), "/2"
				if i == 0 {
					first = "1x1" // 24 channels are too few to group
				}
			}
			y := b.shuffle(b.unit(x, s.channels/4, first), groups)
			y = b.convBN(y, y.channels(), y.depthwise("3x3"+stride))
			y = b.convBN(y, out, "1x1"+g)
			if k == 0 {
				x = b.relu(b.concat(b.avgPool(x, "3x3/2"), y))
			} else {
				x = b.relu(b.sum(x, y))
			}
		}
	}
	b.in("")
	return b.logits(b.globalPool(x))
}

// shufflenetV2 is Ma 2018, table 5 and figure 3 (c, d), 1x.
func shufflenetV2(b *net, x value) value {
	x = b.maxPool(b.unit(x, 24, "3x3/2"), "3x3/2 pad1")
	for i, s := range []struct{ channels, blocks int }{{116, 4}, {232, 8}, {464, 4}} {
		for k := range s.blocks {
			b.in(strconv.Itoa(i+2) + string(rune('a'+k)))
			half := s.channels / 2
			keep, y, stride := value{}, x, "/1"
			if k == 0 {
				stride = "/2"
				keep = b.unit(b.convBN(x, x.channels(), x.depthwise("3x3/2")), half, "1x1")
			} else {
				keep, y = b.halves(x)
			}
			y = b.unit(y, half, "1x1")
			y = b.convBN(y, half, y.depthwise("3x3"+stride))
			y = b.unit(y, half, "1x1")
			x = b.shuffle(b.concat(keep, y), 2)
		}
	}
	b.in("")
	return b.logits(b.globalPool(b.unit(x, 1024, "1x1")))
}
