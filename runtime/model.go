package edgerun

import (
	"errors"
	"math"
	"os"
	gort "runtime"
	"strconv"
	"strings"

	ermfmt "github.com/edgerun/edgerun/fmt"
	"github.com/edgerun/edgerun/internal/cpu"
	"github.com/edgerun/edgerun/kernels"
	"github.com/edgerun/edgerun/kernels/dispatch"
)

// Model is a checked and prepared network.
type Model struct {
	file  *ermfmt.Model
	table kernels.Table
	steps []step
	macs  int64
	in    []ioPlan
	out   []ioPlan
	limit int64 // bytes that a session may take
}

// Option changes how a model is loaded.
type Option func(*options)

type options struct {
	limit int64
	tier  string
}

// MaxMemory limits what a session may take, in bytes: Load refuses models whose
// arena and scratch for one thread pass it, NewSession counts all threads (see
// [Model.SessionBytes]). The default is 2 GiB, and 512 MiB on 32-bit machines.
func MaxMemory(limit int64) Option { return func(o *options) { o.limit = min(limit, mostMemory) } }

// mostMemory is the largest limit: what the machine can address, or 1 TiB.
const mostMemory = min(1<<40, math.MaxInt-1<<16)

// Tier chooses the kernels instead of the best ones that the CPU has: generic,
// neon, dotprod or i8mm. Tiers that the CPU lacks are an error. The environment
// variable EDGERUN_ISA does the same for every model of a process.
func Tier(name string) Option { return func(o *options) { o.tier = name } }

// Load maps a model file into memory, checks it and prepares it. The file must
// not be changed while the model is in use; replacing it by renaming another
// over it is fine. Errors name the file.
func Load(path string, opts ...Option) (*Model, error) {
	data, unmap, err := mapFile(path)
	if err != nil {
		var pe *os.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return nil, &FileError{Path: path, Err: err}
	}
	m, err := load(data, dropPages, opts)
	if err != nil {
		unmap(data)
		return nil, &FileError{Path: path, Err: err}
	}
	// Sessions keep the model alive, and nothing else points into the mapping.
	gort.AddCleanup(m, unmap, data)
	return m, nil
}

// FileError puts the file's name in front of an error.
type FileError struct {
	Path string
	Err  error
}

func (e *FileError) Error() string {
	return e.Path + ": " + strings.TrimPrefix(strings.TrimPrefix(e.Err.Error(), "edgerun: "), "ermfmt: ")
}

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

// LoadBytes is Load for a file that is already in memory, for instance
// embedded in the program. The bytes must not change afterwards.
func LoadBytes(data []byte, opts ...Option) (*Model, error) { return load(data, nil, opts) }

// load prepares a file. Drop, which may be nil, gets weights of which a kernel
// has a copy now, so that the system need not keep them in memory.
func load(data []byte, drop func(b []int8), opts []Option) (*Model, error) {
	o := options{limit: 2 << 30}
	if strconv.IntSize == 32 {
		o.limit = 512 << 20
	}
	for _, f := range opts {
		f(&o)
	}
	h, err := ermfmt.DecodeHeader(data)
	if err != nil {
		return nil, err
	}
	if h.Arena > o.limit {
		return nil, memoryError{"the arena", h.Arena, o.limit}
	}
	file, err := ermfmt.Decode(data)
	if err != nil {
		return nil, err
	}
	isa, err := cpu.ISA()
	if o.tier != "" {
		isa, err = cpu.Named(o.tier, cpu.Detected())
	}
	if err != nil {
		return nil, err
	}
	m := &Model{file: file, table: dispatch.Best(isa), limit: o.limit}
	if err := m.prepare(drop); err != nil {
		return nil, err
	}
	if need := m.SessionBytes(1); need > o.limit {
		return nil, memoryError{"a session", need, o.limit}
	}
	return m, nil
}

type memoryError struct {
	what        string
	need, limit int64
}

func (e memoryError) Error() string {
	return text("edgerun: ", e.what, " needs ", e.need>>10+min(1, e.need&1023), " KiB, the limit is ", e.limit>>10, " KiB")
}

func (e memoryError) Is(target error) bool { return target == ErrMemory }

// Meta returns a property of the file, such as "name" or "labels"; the keys are
// constants of package ermfmt. Missing ones are "".
func (m *Model) Meta(key string) string { return m.file.Get(key) }

// Labels returns the class names that the file carries, or nil.
func (m *Model) Labels() []string {
	if s := m.file.Get(ermfmt.MetaLabels); s != "" {
		return strings.Split(s, "\n")
	}
	return nil
}

// Tier names the kernels in use.
func (m *Model) Tier() string { return m.table.Tier }

// ArenaBytes is the memory for activations that every session allocates.
func (m *Model) ArenaBytes() int64 { return m.file.Plan.Arena }

// ArenaBound is the least arena that the network's tensors could be placed in.
func (m *Model) ArenaBound() int64 { return m.file.Plan.Bound }

// MACs is the number of multiply-accumulates of one inference.
func (m *Model) MACs() int64 { return m.macs }

// Step describes an operator as it is going to run.
type Step struct {
	Index   int
	Name    string // of the node in the source model
	Op      string // kind of operator
	Kernel  string // the kernel's name, with its tier
	MACs    int64
	Weights int64 // bytes of constants
}

// Steps returns the operators in the order they run.
func (m *Model) Steps() []Step {
	out := make([]Step, len(m.steps))
	for i := range m.steps {
		out[i] = m.steps[i].Step
	}
	return out
}

// IO describes an input or output.
type IO struct {
	Name  string
	Shape []int             // in the source model's axis order
	Type  ermfmt.SourceType // the element type that the source model has
}

// Inputs describes the network's inputs.
func (m *Model) Inputs() []IO { return describe(m.in) }

// Outputs describes the network's outputs.
func (m *Model) Outputs() []IO { return describe(m.out) }

func describe(p []ioPlan) []IO {
	out := make([]IO, len(p))
	for i := range p {
		out[i] = IO{Name: p[i].name, Shape: append([]int{}, p[i].shape...), Type: p[i].typ}
	}
	return out
}

// SessionBytes is the memory in bytes that a session with so many threads
// allocates: the arena, scratch for every worker, and what they share. A few
// kilobytes of bookkeeping come on top.
func (m *Model) SessionBytes(threads int) int64 {
	return m.file.Plan.Arena + int64(threads)*m.WorkerScratch() + int64(m.sharedScratch(threads))
}

func (m *Model) sharedScratch(threads int) int {
	most := 0
	for i := range m.steps {
		if f := m.steps[i].shared; f != nil {
			most = max(most, f(threads))
		}
	}
	return most
}

// WorkerScratch is the memory in bytes that every worker of a session needs
// beside the arena.
func (m *Model) WorkerScratch() int64 {
	most := 0
	for i := range m.steps {
		most = max(most, m.steps[i].scratch)
	}
	return int64(most)
}
