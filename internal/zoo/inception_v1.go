package zoo

import "github.com/edgerun/edgerun/internal/ir"

// inceptionV1 is Szegedy 2014, table 1, without the auxiliary classifiers,
// which serve training only.
func inceptionV1(b *net, x value) value {
	cr := b.convRelu
	norm := ir.LRN{Size: 5, Alpha: 1e-4, Beta: 0.75, Bias: 1}
	const loud = 80 // as for alexnet
	x = b.maxPool(b.relu(b.convTo(x, 64, "7x7/2", loud, rectified)), "3x3/2 valid ceil")
	x = b.lrn(x, norm)
	x = cr(x, 64, "1x1")
	x = b.lrn(b.relu(b.convTo(x, 192, "3x3", loud, rectified)), norm)
	x = b.maxPool(x, "3x3/2 valid ceil")
	for _, m := range []struct {
		name                                     string
		one, three0, three, five0, five, project int
	}{
		{"3a", 64, 96, 128, 16, 32, 32},
		{"3b", 128, 128, 192, 32, 96, 64},
		{"pool", 0, 0, 0, 0, 0, 0},
		{"4a", 192, 96, 208, 16, 48, 64},
		{"4b", 160, 112, 224, 24, 64, 64},
		{"4c", 128, 128, 256, 24, 64, 64},
		{"4d", 112, 144, 288, 32, 64, 64},
		{"4e", 256, 160, 320, 32, 128, 128},
		{"pool", 0, 0, 0, 0, 0, 0},
		{"5a", 256, 160, 320, 32, 128, 128},
		{"5b", 384, 192, 384, 48, 128, 128},
	} {
		b.in(m.name)
		if m.name == "pool" {
			x = b.maxPool(x, "3x3/2 valid ceil")
			continue
		}
		x = b.concat(
			cr(x, m.one, "1x1"),
			cr(cr(x, m.three0, "1x1"), m.three, "3x3"),
			cr(cr(x, m.five0, "1x1"), m.five, "5x5"),
			cr(b.maxPool(x, "3x3"), m.project, "1x1"))
	}
	b.in("")
	return b.logits(b.globalPool(x))
}
