package quant

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/edgerun/edgerun/internal/interp"
	"github.com/edgerun/edgerun/internal/ir"
	"github.com/edgerun/edgerun/internal/onnx"
)

// ErrUnsupported is what errors.Is finds in errors about operators, attributes
// or types that edgerun does not take, as opposed to files that are broken.
var ErrUnsupported = ir.ErrUnsupported

// OpenOptions say what a model file does not.
type OpenOptions struct {
	// Shapes gives inputs with dynamic axes their shapes. A dynamic batch is 1.
	Shapes map[string][]int
}

// Model is an imported float network.
type Model struct {
	Name string // of the file, without directory
	Hash string // SHA-256 of the file, in hexadecimal
	Size int64  // bytes of the file

	graph *ir.Graph // as imported
	run   *interp.Machine
}

// Open imports a model file (.onnx). External data is read from the file's own
// directory only.
func Open(path string, opt OpenOptions) (*Model, error) {
	if ext := strings.ToLower(filepath.Ext(path)); ext != ".onnx" {
		return nil, fmt.Errorf("%s: the extension %q is %w, want .onnx", path, ext, ErrUnsupported)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		var pe *os.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	m, err := open(data, filepath.Base(path), filepath.Dir(path), opt)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// OpenBytes imports a model from memory; external data is refused.
func OpenBytes(data []byte, name string, opt OpenOptions) (*Model, error) {
	m, err := open(data, name, "", opt)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return m, nil
}

func open(data []byte, name, dir string, opt OpenOptions) (*Model, error) {
	g, err := onnx.Import(data, onnx.Options{Dir: dir, Shapes: opt.Shapes})
	if err != nil {
		return nil, err
	}
	if err := g.Resolve(interp.Eval); err != nil {
		return nil, err
	}
	run, err := interp.New(g)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	return &Model{Name: name, Hash: hex.EncodeToString(sum[:]), Size: int64(len(data)), graph: g, run: run}, nil
}

// FromGraph takes a network that does not come from a file. It has to be
// resolved; its constants count as its size.
func FromGraph(g *ir.Graph) (*Model, error) {
	run, err := interp.New(g)
	if err != nil {
		return nil, err
	}
	m := &Model{Name: g.Name, graph: g, run: run}
	seen := map[*ir.Value]bool{}
	for _, n := range g.Nodes {
		for _, v := range n.In {
			if v != nil && v.Const != nil && !seen[v] {
				seen[v] = true
				m.Size += 4 * int64(v.Const.Len())
			}
		}
	}
	return m, nil
}

// Port describes an input or output of the float network.
type Port struct {
	Name  string
	Shape []int
	Type  string // float32, uint8, …
}

// Inputs describes the network's inputs.
func (m *Model) Inputs() []Port { return ports(m.graph.Inputs) }

// Outputs describes the network's outputs.
func (m *Model) Outputs() []Port { return ports(m.graph.Outputs) }

func ports(vs []*ir.Value) []Port {
	var out []Port
	for _, v := range vs {
		out = append(out, Port{Name: v.Name, Shape: v.Shape, Type: v.DType.String()})
	}
	return out
}

// Sample is one input to the network: for every network input its elements in
// row-major order, in real units.
type Sample = [][]float32

// Samples is a set of inputs. Sample may be called from several goroutines.
type Samples interface {
	Len() int
	Sample(i int) (Sample, error)
}

// SampleList is a set of inputs in memory.
type SampleList []Sample

// Len implements Samples.
func (l SampleList) Len() int { return len(l) }

// Sample implements Samples.
func (l SampleList) Sample(i int) (Sample, error) { return l[i], nil }

// tensors checks a sample against the network's inputs.
func (m *Model) tensors(s Sample) ([]*ir.Tensor, error) {
	if len(s) != len(m.graph.Inputs) {
		return nil, fmt.Errorf("%d inputs are given, the network has %d", len(s), len(m.graph.Inputs))
	}
	var out []*ir.Tensor
	for i, v := range m.graph.Inputs {
		if len(s[i]) != v.Len() {
			return nil, fmt.Errorf("input %q has %d elements, want %d for shape %v", v.Name, len(s[i]), v.Len(), v.Shape)
		}
		for k, x := range s[i] {
			if x-x != 0 {
				return nil, fmt.Errorf("input %q: element %d is not a finite number", v.Name, k)
			}
		}
		if v.IsFloat() {
			out = append(out, ir.FloatTensor(s[i], v.Shape...))
			continue
		}
		t := ir.NewTensor(v.DType, v.Shape)
		lo, hi := v.DType.Range()
		for k, x := range s[i] {
			// Clamped first: conversions out of range differ from CPU to CPU.
			t.I[k] = min(max(int64(min(max(x, -1<<62), 1<<62)), lo), hi)
		}
		out = append(out, t)
	}
	return out, nil
}

// Run computes the float outputs for one sample, in row-major order.
func (m *Model) Run(ctx context.Context, s Sample) ([][]float32, error) {
	in, err := m.tensors(s)
	if err != nil {
		return nil, err
	}
	out, err := m.run.Run(ctx, in, nil)
	if err != nil {
		return nil, err
	}
	res := make([][]float32, len(out))
	for i, t := range out {
		res[i] = floats(t)
	}
	return res, nil
}

// floats returns a tensor's elements as float32.
func floats(t *ir.Tensor) []float32 {
	if t.DType == ir.Float32 {
		return t.F
	}
	f := make([]float32, len(t.I))
	for i, v := range t.I {
		f[i] = float32(v)
	}
	return f
}

// Node describes an operator of the float network.
type Node struct {
	Name, Op, Detail string
	Inputs, Outputs  []Port // inputs without the constants
	MACs             int64
	WeightBytes      int64 // of the constants, as float32
}

// Nodes lists the operators in the order they run.
func (m *Model) Nodes() []Node {
	var out []Node
	for _, n := range m.graph.Nodes {
		d := Node{Name: n.Label(), Op: n.Op.Kind(), Detail: ir.Attributes(n.Op), MACs: n.MACs()}
		for _, v := range n.In {
			switch {
			case v == nil:
			case v.Const != nil:
				d.WeightBytes += 4 * int64(v.Const.Len())
			default:
				d.Inputs = append(d.Inputs, ports([]*ir.Value{v})...)
			}
		}
		for _, v := range n.Out {
			if v != nil {
				d.Outputs = append(d.Outputs, ports([]*ir.Value{v})...)
			}
		}
		out = append(out, d)
	}
	return out
}
