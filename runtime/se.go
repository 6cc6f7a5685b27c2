package edgerun

import (
	ermfmt "github.com/edgerun/edgerun/fmt"
	"github.com/edgerun/edgerun/kernels"
)

// prepareSE checks a Squeeze-and-Excitation block.
func (p *planner) prepareSE() (step, problem) {
	at := p.op.SE
	in, out, msg := p.operands(1, 1)
	if msg != "" {
		return step{}, msg
	}
	x := in[0]
	if msg := first(p.wantType("the input", x, ermfmt.Int8), p.wantType("the output", out, ermfmt.Int8), onArena(x), p.sameDims(x, out),
		checkClamp(at.Clamp, out), apart(in, out, true)); msg != "" {
		return step{}, msg
	}
	n, h, w, c := dims(x)
	r := len(at.B1)
	if r == 0 || len(at.B2) != c || int64(len(at.W1)) != int64(r)*int64(c) || len(at.W2) != len(at.W1) {
		return step{}, problem(text(len(at.W1), " and ", len(at.W2), " weights, ", r, " and ", len(at.B2), " biases do not fit ", c, " channels"))
	}
	if int64(h)*int64(w) > maxAcc/256 {
		return step{}, problem(text("an average over an input of ", h, "x", w, ", want at most 2^22 positions"))
	}
	if at.SqueezeMax < 1 || at.SqueezeMax > 32767 || at.MidClamp.Lo > at.MidClamp.Hi || at.MidClamp.Lo < -32768 || at.MidClamp.Hi > 32767 {
		return step{}, problem(text("clamps ", at.SqueezeMax, " and [", at.MidClamp.Lo, ", ", at.MidClamp.Hi, "]: want one in [1, 32767] and a range inside [-32768, 32767]"))
	}
	if len(at.MidTable) != 0 && len(at.MidTable) != 513 || len(at.GateTable) != 513 {
		return step{}, problem(text("tables of ", len(at.MidTable), " and ", len(at.GateTable), " entries, want 513, or none for the first"))
	}
	// What the second layer reads at most: interpolation stays between entries.
	mid := max(int64(at.MidClamp.Hi), -int64(at.MidClamp.Lo))
	if len(at.MidTable) > 0 {
		mid = 0
	}
	for _, v := range at.MidTable {
		mid = max(mid, abs(int64(v)))
	}
	if msg := first(checkScale(at.Squeeze), checkScale(at.Out), checkRequant(&at.Mid, r, false), checkRequant(&at.Gate, c, false),
		checkSum16("first", at.W1, at.B1, c, int64(at.SqueezeMax)), checkSum16("second", at.W2, at.B2, r, mid)); msg != "" {
		return step{}, msg
	}
	args := kernels.SEArgs{
		N: n, H: h, W: w, C: c, R: r, InPlane: plane(x), OutPlane: plane(out), ZIn: x.Zero,
		SqMult: at.Squeeze.Mult, SqShift: at.Squeeze.Shift, SqPre: at.Squeeze.Pre, SqMax: at.SqueezeMax,
		W1: at.W1, W2: at.W2, B1: at.B1, B2: at.B2, MidMult: at.Mid.Mult, MidShift: at.Mid.Shift, MidPre: at.Mid.Pre,
		MidLo: at.MidClamp.Lo, MidHi: at.MidClamp.Hi, MidTable: at.MidTable, GateMult: at.Gate.Mult, GateShift: at.Gate.Shift, GatePre: at.Gate.Pre,
		GateTable: at.GateTable, OutMult: at.Out.Mult, OutShift: at.Out.Shift, OutPre: at.Out.Pre, ZOut: out.Zero, Lo: at.Lo, Hi: at.Hi,
	}
	k := p.m.table.SE
	shared := func(threads int) (kernels.SEArgs, int) {
		v := args
		v.Workers = threads
		return v, k.Scratch(&v)
	}
	s := step{shared: func(threads int) int { _, n := shared(threads); return n }}
	s.Kernel, s.MACs = k.Name, 2*int64(n)*int64(r)*int64(c)
	s.Weights = int64(2*len(at.W1)+9*(r+c)) + 2*int64(len(at.MidTable)+len(at.GateTable))
	s.bind = func(se *Session) []phase {
		v, need := shared(se.threads)
		v.In, v.Out = se.int8s(x), se.int8s(out)
		v.Scratch = se.shared[:need:need]
		units := k.Units(&v, se.threads)
		return []phase{
			{run: func(w, u0, u1 int) { k.Squeeze(&v, w, u0, u1) }, units: units, cost: elements(x)},
			{run: func(int, int, int) { k.Excite(&v) }, units: 1},
			{run: func(w, u0, u1 int) { k.Apply(&v, w, u0, u1) }, units: units, cost: 2 * elements(x)},
		}
	}
	return s, ""
}

// checkSum16 checks a layer with 16-bit inputs of at most top in magnitude.
func checkSum16(which string, w []int8, b []int32, k int, top int64) problem {
	for o, v := range b {
		sum := abs(int64(v))
		for _, x := range w[o*k:][:k] {
			if x == -128 {
				return "a weight is -128, want [-127, 127]"
			}
			sum += top * int64(max(x, -x))
		}
		if sum > maxAcc {
			return problem(text("channel ", o, " of the ", which, " layer can reach ", sum, " before it is scaled, want at most 2^30"))
		}
	}
	return ""
}
