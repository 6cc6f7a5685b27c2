package edgerun

import (
	ermfmt "github.com/edgerun/edgerun/fmt"
	"github.com/edgerun/edgerun/kernels"
)

// prepareLogSoftmax checks a log-softmax along C: what a softmax of the same
// operands and exponentials demands, and its own numbers.
func (p *planner) prepareLogSoftmax() (step, problem) {
	at, op := p.op.LogSoft, p.op
	p.op = &ermfmt.Op{Kind: ermfmt.KindSoftmax, Name: op.Name, In: op.In, Out: op.Out, Softmax: &at.Softmax}
	s, msg := p.prepareSoftmax()
	p.op = op
	if msg != "" {
		return step{}, msg
	}
	in, out, msg := p.operands(1, 1)
	if msg != "" {
		return step{}, msg
	}
	x := in[0]
	if at.MulX < 0 || at.MulLog < 0 || at.Shift < 1 || at.Shift > 46 {
		return step{}, problem(text("multipliers ", at.MulX, " and ", at.MulLog, " with shift ", int(at.Shift), ", want at least 0 and a shift of 1 to 46"))
	}
	if msg := checkClamp(at.Clamp, out); msg != "" {
		return step{}, msg
	}
	n, rx, _ := matrix(x)
	_, ry, _ := matrix(out)
	args := kernels.LogSoftmaxArgs{
		SoftmaxArgs: kernels.SoftmaxArgs{Rows: n, N: int(x.Dims[3]), RowX: rx, RowY: ry, Exp: at.Exp, Bits: at.Bits},
		MulX:        int64(at.MulX), MulLog: int64(at.MulLog), Shift: at.Shift, ZOut: out.Zero, Lo: at.Lo, Hi: at.Hi,
	}
	k := p.m.table.LogSoftmax
	s.Kernel = k.Name
	s.bind = func(se *Session) []phase {
		v := args
		v.X, v.X16 = se.either(x)
		v.Y, v.Y16 = se.either(out)
		return []phase{{run: func(w, u0, u1 int) { k.Run(&v, w, u0, u1) }, units: n, cost: 10 * elements(x)}}
	}
	return s, ""
}
