package zoo

import "strconv"

// dilatedContext is Yu 2015, table 1: eight layers that see 67x67 pixels at the
// end, without losing resolution. It reads a front end's scores.
func dilatedContext(b *net, x value) value {
	c := x.channels()
	for _, d := range []int{1, 1, 2, 4, 8, 16, 1} {
		x = b.convRelu(x, c, "3x3 d"+strconv.Itoa(d))
	}
	return b.convTo(x, b.classes, "1x1", loudScores, centred)
}
