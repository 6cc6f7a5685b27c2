package edgerun

import (
	"math/bits"

	ermfmt "github.com/edgerun/edgerun/fmt"
	"github.com/edgerun/edgerun/kernels"
)

// octaveEntries is the length of a table of 32 entries per octave that is asked
// for values up to u.
func octaveEntries(u uint64) int {
	e := max(0, bits.Len64(u)-6)
	return 32*e + int(u>>e) + 2
}

// prepareLRN checks a local response normalization.
func (p *planner) prepareLRN() (step, problem) {
	at := p.op.LRN
	in, out, msg := p.operands(1, 1)
	if msg != "" {
		return step{}, msg
	}
	x := in[0]
	if msg := first(p.wantType("the input", x, ermfmt.Int8), p.wantType("the output", out, ermfmt.Int8, ermfmt.Int16), onArena(x),
		p.sameDims(x, out), apart(in, out, false), checkClamp(at.Clamp, out)); msg != "" {
		return step{}, msg
	}
	if at.Size < 1 || at.Size > maxWindow || at.Shift < 1 || at.Shift > 30 {
		return step{}, problem(text("size ", at.Size, " and shift ", at.Shift, ": want 1 to ", maxWindow, " and 1 to 30"))
	}
	n, h, w, c := dims(x)
	most := 255 * 255 * uint64(min(int(at.Size), c))
	if want := octaveEntries(most); len(at.Table) != want {
		return step{}, problem(text("a table of ", len(at.Table), " entries, want ", want))
	}
	for i, v := range at.Table {
		if v < 0 || v >= 1<<22 {
			return step{}, problem(text("entry ", i, " of the table is ", v, ", want values in [0, 4194304)"))
		}
	}
	args := kernels.LRNArgs{N: n, H: h, W: w, C: c, InPlane: plane(x), OutPlane: plane(out), Size: int(at.Size), Table: at.Table, Shift: at.Shift,
		ZIn: x.Zero, ZOut: out.Zero, Lo: at.Lo, Hi: at.Hi}
	k := p.m.table.LRN
	s := step{}
	s.Kernel, s.Weights = k.Name, int64(4*len(at.Table))
	s.bind = func(se *Session) []phase {
		v := args
		v.In = se.int8s(x)
		v.Out, v.Out16 = se.either(out)
		return []phase{{run: func(w, u0, u1 int) { k.Run(&v, w, u0, u1) }, units: n * h, cost: 5 * elements(x)}}
	}
	return s, ""
}
