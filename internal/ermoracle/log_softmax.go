package ermoracle

import (
	"math"

	ermfmt "github.com/edgerun/edgerun/fmt"
)

// LogSoftmax adds a log-softmax along the channels, with the exponentials of
// a softmax.
func (n *Net) LogSoftmax(x int32, out ermfmt.DType) int32 {
	y := n.Softmax(x, out)
	o := &n.M.Ops[len(n.M.Ops)-1]
	t := &n.M.Tensors[y]
	t.Scale, t.Zero = 0.07, 0
	if out == ermfmt.Int8 {
		t.Zero = int32(n.R.IntN(256) - 128)
	}
	o.LogSoft = &ermfmt.LogSoftmax{Softmax: *o.Softmax, Shift: uint8(1 + n.R.IntN(46)), Clamp: n.clamp(y)}
	o.LogSoft.MulX, o.LogSoft.MulLog = n.R.Int32()>>n.R.IntN(31), n.R.Int32()>>n.R.IntN(31)
	o.Kind, o.Softmax = ermfmt.KindLogSoftmax, nil
	return y
}

// logSoftmax is §11.
func logSoftmax(a *ermfmt.LogSoftmax, x, y tensor) {
	for n := range x.n {
		for h := range x.h {
			for w := range x.w {
				top, sum := int64(math.MinInt64), int64(0)
				for c := range x.c {
					top = max(top, x.get(n, h, w, c))
				}
				for c := range x.c {
					d := top - x.get(n, h, w, c)
					e := int64(a.Exp[mod(d, 256)])
					if x.DType == ermfmt.Int16 {
						e = shiftRight(e*int64(a.Exp[256+d/256]), uint(a.Bits))
					}
					sum += e
				}
				k := int64(0)
				for sum>>(k+1) > 0 {
					k++
				}
				m, lg := uint64(sum), k-int64(a.Bits)
				if k <= 31 {
					m <<= 31 - k
				} else {
					m >>= k - 31
				}
				for range 16 {
					m, lg = m*m>>31, 2*lg
					if m >= 1<<32 {
						m, lg = m>>1, lg+1
					}
				}
				for c := range x.c {
					v := (top-x.get(n, h, w, c))*int64(a.MulX) + lg*int64(a.MulLog)
					v = int64(y.Zero) - shiftRight(v+1<<(a.Shift-1), uint(a.Shift))
					y.set(n, h, w, c, clamp(v, int64(a.Lo), int64(a.Hi)))
				}
			}
		}
	}
}
