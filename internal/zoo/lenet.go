package zoo

import "github.com/edgerun/edgerun/internal/ir"

// lenet5 is LeCun 1998, §II.B, with a fully connected layer in place of the
// radial basis functions.
func lenet5(b *net, x value) value {
	x = b.tanh(b.conv(x, 6, "5x5 valid")) // C1
	x = b.subsample(x)                    // S2
	// C3: which maps of S2 each of its maps reads (table I).
	var c3 []value
	for i := range 6 {
		c3 = append(c3, b.conv(b.maps(x, i, 3), 1, "5x5 valid"))
	}
	for i := range 6 {
		c3 = append(c3, b.conv(b.maps(x, i, 4), 1, "5x5 valid"))
	}
	for i := range 3 {
		c3 = append(c3, b.conv(b.concat(b.maps(x, i, 2), b.maps(x, i+3, 2)), 1, "5x5 valid"))
	}
	c3 = append(c3, b.conv(x, 1, "5x5 valid"))
	x = b.tanh(b.concat(c3...))
	x = b.subsample(x)                      // S4
	x = b.tanh(b.conv(x, 120, "5x5 valid")) // C5
	x = b.tanh(b.fc(x, 84))                 // F6
	return b.logits(x)
}

// maps takes n maps from the given one on, and goes on with the first behind
// the last.
func (b *net) maps(x value, from, n int) value {
	if over := from + n - x.channels(); over > 0 {
		return b.concat(b.pick(x, from, x.channels()), b.pick(x, 0, over))
	}
	return b.pick(x, from, from+n)
}

// subsample is the mean of 2x2 elements times a trained coefficient, plus a
// trained bias, through the squashing function.
func (b *net) subsample(x value) value {
	x = b.avgPool(x, "2x2/2 valid")
	c := x.channels()
	name := b.name("subsample")
	mean := make([]float64, c)
	if x.probe != nil {
		mean, _ = x.probe.statistics()
	}
	r := b.rng(name)
	f, s := make([]float64, c), make([]float64, c)
	for i := range c {
		f[i] = r.uniform(1.5, 2.5)
		s[i] = 0.25*r.normal() - mul(mean[i], f[i])
	}
	vector := func(what string, v []float64) *ir.Value {
		return b.weight(name+"."+what, []int{c, 1, 1}, func(w []float32) {
			for i := range w {
				w[i] = float32(v[i])
			}
		})
	}
	y := b.add(name+"/mul", &ir.Binary{Func: "Mul"}, x.Value, vector("coefficient", f))
	y = b.add(name, &ir.Binary{Func: "Add"}, y, vector("bias", s))
	return b.tanh(value{y, x.then(func(p *probe) *probe { return p.affine(f, s) })})
}
