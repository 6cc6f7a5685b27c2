package zoo

import "github.com/edgerun/edgerun/internal/ir"

// alexnet is Krizhevsky 2012, §3.5: two towers as groups. The network was
// trained on pixels up to 255, for which the normalization's constants were
// chosen: the layers in front of it are as loud as they are there.
func alexnet(b *net, x value) value {
	norm := ir.LRN{Size: 5, Alpha: 5e-4, Beta: 0.75, Bias: 2}
	const loud = 60
	x = b.maxPool(b.lrn(b.relu(b.convTo(x, 96, "11x11/4 valid", loud, rectified)), norm), "3x3/2 valid")
	x = b.maxPool(b.lrn(b.relu(b.convTo(x, 256, "5x5 g2", loud, rectified)), norm), "3x3/2 valid")
	x = b.convRelu(x, 384, "3x3")
	x = b.convRelu(x, 384, "3x3 g2")
	x = b.convRelu(x, 256, "3x3 g2")
	x = b.maxPool(x, "3x3/2 valid")
	x = b.relu(b.fc(x, 4096))
	x = b.relu(b.fc(x, 4096))
	return b.logits(x)
}
