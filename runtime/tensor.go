package edgerun

import (
	"strconv"

	ermfmt "github.com/edgerun/edgerun/fmt"
	"github.com/edgerun/edgerun/kernels"
)

// ioPlan is an input or output, checked.
type ioPlan struct {
	name  string
	shape []int
	typ   ermfmt.SourceType
	t     *ermfmt.Tensor
	dims  [4]int // in memory order of the integer tensor
	steps [4]int // of the source's row-major order along dims
}

// prepareIO finds, for every input and output, the loops that take the source
// model's axis order to the tensor's.
func (m *Model) prepareIO() error {
	for i := range m.file.Inputs {
		p, msg := planIO(m.file, &m.file.Inputs[i])
		if msg == "" {
			msg = problem(wantInput(p.t))
		}
		if msg != "" {
			return &OpError{Index: i, Op: "input", Name: m.file.Inputs[i].Name, Msg: string(msg)}
		}
		m.in = append(m.in, p)
	}
	for i := range m.file.Outputs {
		p, msg := planIO(m.file, &m.file.Outputs[i])
		if msg != "" {
			return &OpError{Index: i, Op: "output", Name: m.file.Outputs[i].Name, Msg: string(msg)}
		}
		m.out = append(m.out, p)
	}
	return nil
}

func wantInput(t *ermfmt.Tensor) string {
	if t.DType == ermfmt.Int32 {
		return "32-bit inputs are unknown"
	}
	if !(t.Scale > 0) {
		return "an input needs a scale"
	}
	return ""
}

func planIO(f *ermfmt.Model, v *ermfmt.IO) (ioPlan, problem) {
	p := ioPlan{name: v.Name, typ: v.Type, t: &f.Tensors[v.Tensor], dims: [4]int{1, 1, 1, 1}}
	// Steps in the source's own row-major order.
	step := make([]int, len(v.Dims))
	n := 1
	for i := len(v.Dims) - 1; i >= 0; i-- {
		step[i] = n
		n *= int(v.Dims[i])
	}
	for _, d := range v.Dims {
		p.shape = append(p.shape, int(d))
	}
	// Axes from the innermost of the tensor outwards: they have to nest.
	done := make([]bool, len(v.Dims))
	inner := 1
	at := 3
	for inner < n {
		next := -1
		for i, d := range v.Dims {
			if !done[i] && d > 1 && int(v.Stride[i]) == inner {
				next = i
			}
		}
		if next < 0 {
			return p, "the strides do not cover the tensor"
		}
		done[next] = true
		d := int(v.Dims[next])
		switch {
		case p.dims[at] == 1:
			p.dims[at], p.steps[at] = d, step[next]
		case step[next] == p.dims[at]*p.steps[at]: // joins the axis inside it
			p.dims[at] *= d
		default:
			if at--; at < 0 {
				return p, "the axes are mixed too much"
			}
			p.dims[at], p.steps[at] = d, step[next]
		}
		inner *= d
	}
	return p, ""
}

// Tensor is an input or output of a session.
type Tensor struct {
	s    *Session
	what string // "input" or "output"
	p    *ioPlan
	q    *kernels.Quantize
	qa   kernels.QuantizeArgs
	d    *kernels.Dequantize
	da   kernels.DequantizeArgs
	raw  []byte
	i8   []int8
	i16  []int16
	i32  []int32
	unit int
}

func (s *Session) bindIO() {
	bind := func(what string, p *ioPlan) *Tensor {
		t := &Tensor{s: s, what: what, p: p, q: &s.m.table.Quantize, d: &s.m.table.Dequantize, raw: s.bytes(p.t)}
		t.i8, t.i16 = s.either(p.t)
		if p.t.DType == ermfmt.Int32 {
			t.i32 = s.int32s(p.t)
		}
		t.qa = kernels.QuantizeArgs{Dims: p.dims, StepX: p.steps, Y: t.i8, Y16: t.i16, Inverse: float32(1 / float64(p.t.Scale)), Zero: p.t.Zero}
		t.da = kernels.DequantizeArgs{Dims: p.dims, StepY: p.steps, X: t.i8, X16: t.i16, X32: t.i32, Scale: p.t.Scale, Zero: p.t.Zero}
		t.unit = 1
		for _, d := range p.dims {
			if d > 1 {
				t.unit = d
				break
			}
		}
		return t
	}
	for i := range s.m.in {
		s.in = append(s.in, bind("input", &s.m.in[i]))
	}
	for i := range s.m.out {
		s.out = append(s.out, bind("output", &s.m.out[i]))
	}
}

// Name is the source model's name of the input or output.
func (t *Tensor) Name() string { return t.p.name }

// Shape is the shape in the source model's axis order.
func (t *Tensor) Shape() []int { return t.p.shape }

// Len is the number of elements.
func (t *Tensor) Len() int { return t.p.t.Elements() }

// DType is the integer type of the elements.
func (t *Tensor) DType() ermfmt.DType { return t.p.t.DType }

// SourceType is the element type that the source model has here.
func (t *Tensor) SourceType() ermfmt.SourceType { return t.p.typ }

// Scale and ZeroPoint relate integers to real values: value = Scale·(q − ZeroPoint).
func (t *Tensor) Scale() float32 { return t.p.t.Scale }

// ZeroPoint is the integer that stands for 0.
func (t *Tensor) ZeroPoint() int32 { return t.p.t.Zero }

// RawShape is the shape of the integers in memory: N, H, W, C.
func (t *Tensor) RawShape() [4]int {
	n, h, w, c := dims(t.p.t)
	return [4]int{n, h, w, c}
}

// SetFloat32 quantizes src, in real units and the source model's axis order,
// into the input. Values beyond the range the network was calibrated for are
// clamped. A NaN or an infinity is an error, and changes nothing.
func (t *Tensor) SetFloat32(src []float32) error {
	if t.s.closed {
		return ErrClosed
	}
	if len(src) != t.Len() {
		return t.wrong(len(src), " values, want ", t.Len())
	}
	for i, v := range src {
		if v-v != 0 {
			return t.wrong("element ", i, " is not a finite number")
		}
	}
	t.qa.X = src
	t.q.Run(&t.qa, 0, 0, t.unit)
	t.qa.X = nil
	return nil
}

// ValueError says what is wrong with the data given for a tensor.
type ValueError struct {
	Tensor string
	Msg    string
	what   string
}

func (e *ValueError) Error() string {
	return "edgerun: " + e.what + " " + strconv.Quote(e.Tensor) + ": " + e.Msg
}

func (t *Tensor) wrong(msg ...any) error {
	return &ValueError{Tensor: t.p.name, Msg: text(msg...), what: t.what}
}

// Float32 writes the real values to dst, in the source model's axis order.
func (t *Tensor) Float32(dst []float32) error {
	if t.s.closed {
		return ErrClosed
	}
	if len(dst) != t.Len() {
		return t.wrong("room for ", len(dst), " values, want ", t.Len())
	}
	t.da.Y = dst
	t.d.Run(&t.da, 0, 0, t.unit)
	t.da.Y = nil
	return nil
}

// Int8 is the tensor's memory, in the order of RawShape, or nil when the
// elements have another type.
func (t *Tensor) Int8() []int8 { return t.i8 }

// Int16 is Int8 for 16-bit elements.
func (t *Tensor) Int16() []int16 { return t.i16 }

// Int32 is Int8 for 32-bit elements, which hold indices.
func (t *Tensor) Int32() []int32 { return t.i32 }

// AppendRaw appends the integers to b as little-endian bytes, in the order of
// RawShape.
func (t *Tensor) AppendRaw(b []byte) []byte {
	for _, v := range t.i8 {
		b = append(b, byte(v))
	}
	for _, v := range t.i16 {
		b = append(b, byte(v), byte(uint16(v)>>8))
	}
	for _, v := range t.i32 {
		b = append(b, byte(v), byte(uint32(v)>>8), byte(uint32(v)>>16), byte(uint32(v)>>24))
	}
	return b
}

// Integers writes the integers to dst in the source model's axis order.
func (t *Tensor) Integers(dst []int32) error {
	if t.s.closed {
		return ErrClosed
	}
	if len(dst) != t.Len() {
		return t.wrong("room for ", len(dst), " values, want ", t.Len())
	}
	d, s := t.p.dims, t.p.steps
	i := 0
	for a := range d[0] {
		for b := range d[1] {
			for c := range d[2] {
				at := a*s[0] + b*s[1] + c*s[2]
				for range d[3] {
					switch {
					case t.i8 != nil:
						dst[at] = int32(t.i8[i])
					case t.i16 != nil:
						dst[at] = int32(t.i16[i])
					default:
						dst[at] = t.i32[i]
					}
					i++
					at += s[3]
				}
			}
		}
	}
	return nil
}
