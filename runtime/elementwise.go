package edgerun

import (
	ermfmt "github.com/edgerun/edgerun/fmt"
	"github.com/edgerun/edgerun/kernels"
)

// pieceLen is the length of the runs that long contiguous operands are cut
// into: a unit of work of a few microseconds.
const pieceLen = 4096

// rows finds the longest contiguous runs that all tensors share, for tensors
// of equal dimensions, or of 1 where they repeat. Tensor 0 has every dimension
// in full. A tensor with one channel only, where others have more, is scalar
// along the runs, and reported as such.
func rows(ts ...*ermfmt.Tensor) (r kernels.Rows, steps []kernels.Steps, scalar []bool, msg problem) {
	full := ts[0].Dims
	steps, scalar = make([]kernels.Steps, len(ts)), make([]bool, len(ts))
	for i, t := range ts {
		for d, n := range t.Dims {
			if n != full[d] && n != 1 {
				return r, nil, nil, problem(text("shapes ", full[:], " and ", t.Dims[:], " do not broadcast"))
			}
		}
		for d := range 3 {
			if t.Dims[d] > 1 {
				steps[i][d] = int(t.Stride[d])
			}
		}
		scalar[i] = t.Dims[3] == 1 && full[3] > 1
	}
	r = kernels.Rows{D: [3]int{int(full[0]), int(full[1]), int(full[2])}, Len: int(full[3])}
	// Dimensions whose steps are the run's length in every operand join the run.
	for d := 2; d >= 0; d-- {
		for i := range ts {
			if scalar[i] || r.D[d] > 1 && steps[i][d] != r.Len {
				d = -1
				break
			}
		}
		if d < 0 {
			break
		}
		r.Len *= r.D[d]
		r.D[d] = 1
		for i := range steps {
			steps[i][d] = 0
		}
	}
	r.Last = r.Len
	if r.D == [3]int{1, 1, 1} && r.Len > pieceLen {
		n := r.Len
		r.D[1] = (n + pieceLen - 1) / pieceLen
		r.Len, r.Last = pieceLen, n-(r.D[1]-1)*pieceLen
		for i := range steps {
			steps[i][1] = pieceLen
		}
	}
	return r, steps, scalar, ""
}

// binary checks the operands that Add and Mul have in common.
func (p *planner) binary() (a, b, out *ermfmt.Tensor, r kernels.Rows, st []kernels.Steps, scalar bool, msg problem) {
	in, out, msg := p.operands(2, 2)
	if msg != "" {
		return
	}
	a, b = in[0], in[1]
	for _, t := range []*ermfmt.Tensor{a, b, out} {
		if msg = p.wantType("an operand", t, ermfmt.Int8, ermfmt.Int16); msg != "" {
			return
		}
	}
	if msg = first(apart(in, out, true), p.sameDims(a, out)); msg != "" {
		return
	}
	var sc []bool
	r, st, sc, msg = rows(out, a, b)
	if msg == "" {
		scalar = sc[2]
	}
	return
}

func elements(t *ermfmt.Tensor) int64 { return int64(t.Elements()) }

// prepareAdd checks a weighted sum.
func (p *planner) prepareAdd() (step, problem) {
	at := p.op.Add
	a, b, out, r, st, scalar, msg := p.binary()
	if msg != "" {
		return step{}, msg
	}
	if msg := checkClamp(at.Clamp, out); msg != "" {
		return step{}, msg
	}
	narrow := a.DType == ermfmt.Int8 && b.DType == ermfmt.Int8
	if abs(int64(at.MulA)) >= 1<<21 || abs(int64(at.MulB)) >= 1<<21 || at.Shift < 1 || at.Shift > 62 || narrow && at.Shift > 31 {
		return step{}, problem(text("multipliers ", at.MulA, " and ", at.MulB, ", shift ", at.Shift, ": want magnitudes below 2^21, and 1 to 62, or to 31 for two int8 inputs"))
	}
	if limit := int64(1) << 61; at.Bias > limit || at.Bias < -limit {
		return step{}, problem(text("bias ", at.Bias, ", want a magnitude of at most 2^61"))
	}
	if narrow && 128*(abs(int64(at.MulA))+abs(int64(at.MulB)))+abs(at.Bias) > 1<<31-1 {
		return step{}, "the sum can pass 32 bits, want 128*(|MulA| + |MulB|) + |Bias| below 2^31"
	}
	args := kernels.AddArgs{Rows: r, StepY: st[0], StepA: st[1], StepB: st[2], BScalar: scalar,
		MulA: at.MulA, MulB: at.MulB, Bias: at.Bias, Shift: at.Shift, Zero: out.Zero, Lo: at.Lo, Hi: at.Hi}
	k := p.m.table.Add
	s := step{}
	s.Kernel = k.Name
	s.bind = func(se *Session) []phase {
		v := args
		v.A, v.A16 = se.either(a)
		v.B, v.B16 = se.either(b)
		v.Y, v.Y16 = se.either(out)
		return []phase{{run: func(w, u0, u1 int) { k.Run(&v, w, u0, u1) }, units: v.Units(), cost: 2 * elements(out)}}
	}
	return s, ""
}

// prepareMul checks a product.
func (p *planner) prepareMul() (step, problem) {
	at := p.op.Mul
	a, b, out, r, st, scalar, msg := p.binary()
	if msg != "" {
		return step{}, msg
	}
	if msg := first(checkClamp(at.Clamp, out), checkScale(at.Scale)); msg != "" {
		return step{}, msg
	}
	args := kernels.MulArgs{Rows: r, StepY: st[0], StepA: st[1], StepB: st[2], BScalar: scalar, ZA: a.Zero, ZB: b.Zero,
		Mult: at.Mult, Shift: at.Shift, Pre: at.Pre, Zero: out.Zero, Lo: at.Lo, Hi: at.Hi}
	k := p.m.table.Mul
	s := step{}
	s.Kernel = k.Name
	s.bind = func(se *Session) []phase {
		v := args
		v.A, v.A16 = se.either(a)
		v.B, v.B16 = se.either(b)
		v.Y, v.Y16 = se.either(out)
		return []phase{{run: func(w, u0, u1 int) { k.Run(&v, w, u0, u1) }, units: v.Units(), cost: 2 * elements(out)}}
	}
	return s, ""
}

// unary checks the operands that LUT and Requantize have in common.
func (p *planner) unary() (x, out *ermfmt.Tensor, r kernels.Rows, st []kernels.Steps, msg problem) {
	in, out, msg := p.operands(1, 1)
	if msg != "" {
		return
	}
	x = in[0]
	if msg = first(p.wantType("the input", x, ermfmt.Int8, ermfmt.Int16), p.wantType("the output", out, ermfmt.Int8, ermfmt.Int16),
		onArena(x), apart(in, out, true), p.sameDims(x, out)); msg != "" {
		return
	}
	r, st, _, msg = rows(out, x)
	return
}

// prepareLUT checks a table function.
func (p *planner) prepareLUT() (step, problem) {
	at := p.op.LUT
	x, out, r, st, msg := p.unary()
	if msg != "" {
		return step{}, msg
	}
	n8, n16 := 0, 256
	switch {
	case x.DType == ermfmt.Int8 && out.DType == ermfmt.Int8:
		n8, n16 = 256, 0
	case x.DType == ermfmt.Int16:
		n16 = 513
	}
	if len(at.Table8) != n8 || len(at.Table16) != n16 {
		return step{}, problem(text("tables of ", len(at.Table8), " 8-bit and ", len(at.Table16), " 16-bit entries, want ", n8, " and ", n16))
	}
	args := kernels.LUTArgs{Rows: r, StepY: st[0], StepX: st[1], Table8: at.Table8, Table16: at.Table16}
	k := p.m.table.LUT
	s := step{}
	s.Kernel, s.Weights = k.Name, int64(n8+2*n16)
	s.bind = func(se *Session) []phase {
		v := args
		v.X, v.X16 = se.either(x)
		v.Y, v.Y16 = se.either(out)
		return []phase{{run: func(w, u0, u1 int) { k.Run(&v, w, u0, u1) }, units: v.Units(), cost: elements(out)}}
	}
	return s, ""
}

// prepareRequantize checks a change of scale.
func (p *planner) prepareRequantize() (step, problem) {
	at := p.op.Requant
	x, out, r, st, msg := p.unary()
	if msg != "" {
		return step{}, msg
	}
	if msg := first(checkClamp(at.Clamp, out), checkScale(at.Scale)); msg != "" {
		return step{}, msg
	}
	args := kernels.RequantizeArgs{Rows: r, StepY: st[0], StepX: st[1], ZX: x.Zero, Mult: at.Mult, Shift: at.Shift, Pre: at.Pre,
		Zero: out.Zero, Lo: at.Lo, Hi: at.Hi}
	k := p.m.table.Requantize
	s := step{}
	s.Kernel = k.Name
	s.bind = func(se *Session) []phase {
		v := args
		v.X, v.X16 = se.either(x)
		v.Y, v.Y16 = se.either(out)
		return []phase{{run: func(w, u0, u1 int) { k.Run(&v, w, u0, u1) }, units: v.Units(), cost: 2 * elements(out)}}
	}
	return s, ""
}
