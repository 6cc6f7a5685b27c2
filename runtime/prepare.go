package edgerun

import (
	ermfmt "github.com/edgerun/edgerun/fmt"
	"github.com/edgerun/edgerun/internal/requant"
	"github.com/edgerun/edgerun/kernels"
)

// step is an operator bound to a kernel. bind makes a session's own copy of
// the arguments and returns the work to do, in phases that run one after the
// other.
type step struct {
	Step
	scratch int                   // bytes per worker
	shared  func(threads int) int // bytes of scratch that the workers share; nil: none
	bind    func(s *Session) []phase
}

// phase is work that can be cut into units.
type phase struct {
	run   func(worker, u0, u1 int)
	units int
	cost  int64 // about nanoseconds on one core of a PC, to decide whether threads pay
}

// planner checks operators and binds them. Every prepareX method is the only
// place where an operator of its kind can fail.
type planner struct {
	m  *Model
	f  *ermfmt.Model
	op *ermfmt.Op

	drop func(b []int8) // see load
}

// problem is the reason why an operator is refused; "" is none.
type problem string

func (m *Model) prepare(drop func(b []int8)) error {
	p := &planner{m: m, f: m.file, drop: drop}
	for i := range m.file.Ops {
		p.op = &m.file.Ops[i]
		st, msg := p.prepareOp()
		if msg != "" {
			return &OpError{Index: i, Op: p.op.Kind.String(), Name: p.op.Name, Msg: string(msg)}
		}
		st.Index, st.Name, st.Op = i, p.op.Name, p.op.Kind.String()
		m.macs += st.MACs
		m.steps = append(m.steps, st)
	}
	return m.prepareIO()
}

func (p *planner) prepareOp() (step, problem) {
	switch p.op.Kind {
	case ermfmt.KindConv, ermfmt.KindDepthwise, ermfmt.KindDense, ermfmt.KindDeformConv, ermfmt.KindConvTranspose:
		return p.prepareConv()
	case ermfmt.KindSE:
		return p.prepareSE()
	case ermfmt.KindAdd:
		return p.prepareAdd()
	case ermfmt.KindMul:
		return p.prepareMul()
	case ermfmt.KindMaxPool, ermfmt.KindAveragePool:
		return p.preparePool()
	case ermfmt.KindResize:
		return p.prepareResize()
	case ermfmt.KindLUT:
		return p.prepareLUT()
	case ermfmt.KindRequantize:
		return p.prepareRequantize()
	case ermfmt.KindSoftmax:
		return p.prepareSoftmax()
	case ermfmt.KindLogSoftmax:
		return p.prepareLogSoftmax()
	case ermfmt.KindCopy:
		return p.prepareCopy()
	case ermfmt.KindArgMax:
		return p.prepareArgMax()
	case ermfmt.KindLRN:
		return p.prepareLRN()
	}
	return step{}, "the operator has no kernel"
}

// operands returns the operator's tensors, when there are as many as it takes.
func (p *planner) operands(minIn, maxIn int) (in []*ermfmt.Tensor, out *ermfmt.Tensor, msg problem) {
	if len(p.op.In) < minIn || len(p.op.In) > maxIn || len(p.op.Out) != 1 {
		want := text(minIn)
		if maxIn > minIn {
			want = text(minIn, " to ", maxIn)
		}
		return nil, nil, problem(text("inputs: ", len(p.op.In), ", outputs: ", len(p.op.Out), "; want ", want, " and 1"))
	}
	for _, t := range p.op.In {
		in = append(in, &p.f.Tensors[t])
	}
	return in, &p.f.Tensors[p.op.Out[0]], ""
}

// inplace says whether an operator may write over an input of the same place.
type inplace bool

// apart checks that the output shares no element with an input, or, for
// operators that work element by element, that they lie exactly alike.
func apart(in []*ermfmt.Tensor, out *ermfmt.Tensor, elementwise inplace) problem {
	for i, t := range in {
		if t.Place != ermfmt.Arena || ermfmt.Disjoint(t, out) {
			continue
		}
		if bool(elementwise) && t.Offset == out.Offset && t.Dims == out.Dims && t.Stride == out.Stride && t.DType.Size() == out.DType.Size() {
			continue
		}
		return problem(text("the output overlaps input ", i))
	}
	return ""
}

func (p *planner) wantType(what string, t *ermfmt.Tensor, types ...ermfmt.DType) problem {
	for _, d := range types {
		if t.DType == d {
			return ""
		}
	}
	s := text(what, " is ", t.DType, ", want ")
	for i, d := range types {
		if i > 0 {
			s += " or "
		}
		s += d.String()
	}
	return problem(s)
}

func (p *planner) sameDims(a, b *ermfmt.Tensor) problem {
	if a.Dims != b.Dims {
		return problem(text("the output is ", b.Dims[:], ", want ", a.Dims[:], " like the input"))
	}
	return ""
}

// checkClamp checks that outputs fit their type.
func checkClamp(c ermfmt.Clamp, t *ermfmt.Tensor) problem {
	lo, hi := int32(-128), int32(127)
	if t.DType == ermfmt.Int16 {
		lo, hi = -32768, 32767
	}
	if c.Lo > c.Hi || c.Lo < lo || c.Hi > hi {
		return problem(text("clamp [", c.Lo, ", ", c.Hi, "], want a range inside [", lo, ", ", hi, "]"))
	}
	return ""
}

func checkScale(s ermfmt.Scale) problem {
	if !(requant.Multiplier{M: s.Mult, Shift: s.Shift, Pre: s.Pre}).Valid() {
		return problem(text("multiplier ", s.Mult, ", shift ", s.Shift, ", pre-shift ", s.Pre, ": want [2^30, 2^31), [1, 31] and [0, 31]"))
	}
	return ""
}

// checkRequant checks n scales, which may be negative if signed.
func checkRequant(r *ermfmt.Requant, n int, signed bool) problem {
	if len(r.Mult) != n || len(r.Shift) != n {
		return problem(text(len(r.Mult), " multipliers and ", len(r.Shift), " shifts, want ", n))
	}
	for i, m := range r.Mult {
		if signed && requant.ValidSigned(m, r.Shift[i]) && r.Pre <= 31 {
			continue
		}
		if msg := checkScale(ermfmt.Scale{Mult: m, Shift: r.Shift[i], Pre: r.Pre}); msg != "" {
			if signed {
				msg += ", or a negative multiplier of such a size"
			}
			return problem(text("scale ", i, ": ", string(msg)))
		}
	}
	return ""
}

// first returns the first problem there is.
func first(msgs ...problem) problem {
	for _, m := range msgs {
		if m != "" {
			return m
		}
	}
	return ""
}

// maxAcc bounds every accumulator: |acc| <= 2^30 (docs/arithmetic.md §1).
const maxAcc = 1 << 30

func plane(t *ermfmt.Tensor) kernels.Plane {
	return kernels.Plane{N: int(t.Stride[0]), H: int(t.Stride[1]), W: int(t.Stride[2])}
}

// dims returns the sizes as ints.
func dims(t *ermfmt.Tensor) (n, h, w, c int) {
	return int(t.Dims[0]), int(t.Dims[1]), int(t.Dims[2]), int(t.Dims[3])
}
