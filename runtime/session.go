package edgerun

import (
	gort "runtime"
	"unsafe"

	ermfmt "github.com/edgerun/edgerun/fmt"
)

// Session owns the memory for one inference at a time. Its methods must not be
// called from two goroutines at once; several sessions of one model may run in
// parallel.
type Session struct {
	m       *Model
	arena   []byte
	scratch [][]byte // per worker
	shared  []byte   // of the workers together
	threads int
	steps   [][]phase
	in, out []*Tensor
	team    *team
	closed  bool

	// What tests set: how memory is allocated, and from which cost on a phase
	// is split.
	alloc func(bytes int) []byte
	split int64
}

// SessionOption changes how a session runs.
type SessionOption func(*Session)

// Threads sets the number of threads that Run uses, 1 to 64, the calling one
// included. The default is 1. Results do not depend on it.
func Threads(n int) SessionOption {
	return func(s *Session) { s.threads = min(max(n, 1), maxThreads) }
}

const maxThreads = 64

// NewSession allocates the memory for an inference. All of it: Run allocates
// nothing. More threads need more memory; when that passes the limit given to
// Load, errors.Is finds ErrMemory in the error.
func (m *Model) NewSession(opts ...SessionOption) (*Session, error) {
	s := &Session{m: m, threads: 1, alloc: alignedBytes, split: splitCost}
	for _, f := range opts {
		f(s)
	}
	if need := m.SessionBytes(s.threads); need > m.limit {
		return nil, memoryError{text("a session with ", s.threads, " threads"), need, m.limit}
	}
	s.arena = s.alloc(int(m.file.Plan.Arena))
	for range s.threads {
		s.scratch = append(s.scratch, s.alloc(int(m.WorkerScratch())))
	}
	s.shared = s.alloc(m.sharedScratch(s.threads))
	for i := range m.steps {
		s.steps = append(s.steps, m.steps[i].bind(s))
	}
	s.bindIO()
	if s.threads > 1 {
		s.team = newTeam(s.threads)
		// The workers know the team only, so that a session that is dropped
		// without Close does not leave them behind.
		gort.AddCleanup(s, func(t *team) { t.stop() }, s.team)
	}
	return s, nil
}

// Threads returns the number of threads that Run uses.
func (s *Session) Threads() int { return s.threads }

// ScratchBytes is the memory beside the arena.
func (s *Session) ScratchBytes() int64 {
	n := int64(len(s.shared))
	for _, b := range s.scratch {
		n += int64(len(b))
	}
	return n
}

// Input returns input i, in the file's order.
func (s *Session) Input(i int) *Tensor { return s.in[i] }

// Output returns output i. Its contents are valid from the end of a Run to the
// start of the next.
func (s *Session) Output(i int) *Tensor { return s.out[i] }

// NumInputs returns the number of inputs.
func (s *Session) NumInputs() int { return len(s.in) }

// NumOutputs returns the number of outputs.
func (s *Session) NumOutputs() int { return len(s.out) }

// Run computes the outputs from the inputs. It allocates nothing and starts no
// goroutine. The inputs keep their contents, unless the file's writer chose to
// lay something else over them.
func (s *Session) Run() error {
	if s.closed {
		return ErrClosed
	}
	for i := range s.steps {
		s.runStep(i)
	}
	// The last phase works on memory that is unmapped with the model, and with
	// threads that stop when the session is dropped.
	gort.KeepAlive(s)
	return nil
}

func (s *Session) runStep(i int) {
	for k := range s.steps[i] {
		ph := &s.steps[i][k]
		if s.team == nil || ph.units < 2 || ph.cost < s.split {
			ph.run(0, 0, ph.units)
		} else {
			s.team.run(ph)
		}
	}
}

// splitCost is the work, in nanoseconds on a PC, below which waking other
// threads costs more than they save.
const splitCost = 20_000

// RunFunc is Run with a look in between: before is called ahead of every step
// and after behind it, while the step's output is still there. Either may be
// nil. It serves tools that measure layers.
func (s *Session) RunFunc(before, after func(step int)) error {
	if s.closed {
		return ErrClosed
	}
	for i := range s.steps {
		if before != nil {
			before(i)
		}
		s.runStep(i)
		if after != nil {
			after(i)
		}
	}
	gort.KeepAlive(s)
	return nil
}

// Value returns the integers and the quantization of the output of a step as
// they are right now; see RunFunc. Elements come in memory order N, H, W, C.
func (s *Session) Value(step int) (v Value, ok bool) {
	op := &s.m.file.Ops[step]
	t := &s.m.file.Tensors[op.Out[0]]
	v = Value{Name: t.Name, Dims: t.Dims, Order: t.Order, Scale: t.Scale, Zero: t.Zero}
	n := t.Elements()
	v.Data = make([]int32, 0, n)
	b8, b16 := s.either(t)
	var b32 []int32
	if t.DType == ermfmt.Int32 {
		b32 = s.int32s(t)
	}
	for i := range int(t.Dims[0]) {
		for y := range int(t.Dims[1]) {
			for x := range int(t.Dims[2]) {
				at := i*int(t.Stride[0]) + y*int(t.Stride[1]) + x*int(t.Stride[2])
				for c := range int(t.Dims[3]) {
					switch {
					case b8 != nil:
						v.Data = append(v.Data, int32(b8[at+c]))
					case b16 != nil:
						v.Data = append(v.Data, int32(b16[at+c]))
					default:
						v.Data = append(v.Data, b32[at+c])
					}
				}
			}
		}
	}
	return v, t.Order != ermfmt.OrderNone
}

// ValueName is the name of the value that a step makes, as in the source model.
func (s *Session) ValueName(step int) string {
	return s.m.file.Tensors[s.m.file.Ops[step].Out[0]].Name
}

// Value is a copy of an intermediate tensor.
type Value struct {
	Name  string // of the value in the source model
	Dims  [4]int32
	Order ermfmt.Order
	Scale float32
	Zero  int32
	Data  []int32
}

// Close ends the session's threads. Afterwards Run and the methods of its
// tensors that can fail return ErrClosed.
func (s *Session) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	if s.team != nil {
		s.team.stop()
	}
	return nil
}

// alignedBytes allocates zeroed memory that starts at a cache line.
func alignedBytes(n int) []byte {
	b := make([]byte, n+63)
	at := int(-uintptr(unsafe.Pointer(unsafe.SliceData(b))) & 63)
	return b[at : at+n : at+n]
}

func alignedInt8(n int) []int8 {
	b := alignedBytes(n)
	return unsafe.Slice((*int8)(unsafe.Pointer(unsafe.SliceData(b))), n)
}

// bytes returns the memory of a tensor, from its first element to its last, in
// the machine's byte order.
func (s *Session) bytes(t *ermfmt.Tensor) []byte {
	if t.Place == ermfmt.Const {
		if t.DType == ermfmt.Int8 {
			return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(t.Data8))), len(t.Data8))
		}
		return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(t.Data16))), 2*len(t.Data16))
	}
	n := t.Span() * int64(t.DType.Size())
	return s.arena[t.Offset : t.Offset+n : t.Offset+n]
}

func (s *Session) int8s(t *ermfmt.Tensor) []int8 {
	b := s.bytes(t)
	return unsafe.Slice((*int8)(unsafe.Pointer(unsafe.SliceData(b))), len(b))
}

func (s *Session) int16s(t *ermfmt.Tensor) []int16 {
	b := s.bytes(t)
	return unsafe.Slice((*int16)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/2)
}

func (s *Session) int32s(t *ermfmt.Tensor) []int32 {
	b := s.bytes(t)
	return unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/4)
}

// either returns the elements of an 8- or 16-bit tensor, constant or not.
func (s *Session) either(t *ermfmt.Tensor) ([]int8, []int16) {
	switch {
	case t.Place == ermfmt.Const:
		return t.Data8, t.Data16
	case t.DType == ermfmt.Int8:
		return s.int8s(t), nil
	case t.DType == ermfmt.Int16:
		return nil, s.int16s(t)
	}
	return nil, nil
}
