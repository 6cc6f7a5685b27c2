package edgerun

import "github.com/edgerun/edgerun/kernels"

// prepareLogSoftmax checks a log-softmax along C: what a softmax demands, and its
// own numbers.
func (p *planner) prepareLogSoftmax() (step, problem) {
	at := p.op.LogSoft
	x, out, args, msg := p.softmaxArgs(&at.Softmax)
	if msg != "" {
		return step{}, msg
	}
	if at.MulX < 0 || at.MulLog < 0 || at.Shift < 1 || at.Shift > 46 {
		return step{}, problem(text("multipliers ", at.MulX, " and ", at.MulLog, " with shift ", int(at.Shift), ", want at least 0 and a shift of 1 to 46"))
	}
	if msg := checkClamp(at.Clamp, out); msg != "" {
		return step{}, msg
	}
	k := p.m.table.LogSoftmax
	s := step{}
	s.Kernel, s.Weights = k.Name, int64(4*len(at.Exp))
	s.bind = func(se *Session) []phase {
		v := kernels.LogSoftmaxArgs{SoftmaxArgs: args, MulX: int64(at.MulX), MulLog: int64(at.MulLog), Shift: at.Shift, ZOut: out.Zero, Lo: at.Lo, Hi: at.Hi}
		v.X, v.X16 = se.either(x)
		v.Y, v.Y16 = se.either(out)
		return []phase{{run: func(w, u0, u1 int) { k.Run(&v, w, u0, u1) }, units: v.Rows, cost: 10 * elements(x)}}
	}
	return s, ""
}
