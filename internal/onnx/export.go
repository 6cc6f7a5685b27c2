package onnx

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/edgerun/edgerun/internal/ir"
)

// ExportOpset is the version of the default operator set that Export writes:
// the first that has DeformConv (19) and Gelu.
const ExportOpset = 20

// exportIR is the version of the file format that goes with ExportOpset.
const exportIR = 9

// Export writes a resolved graph, as built or imported, as an ONNX model.
// Graphs that passes have rewritten hold operators that ONNX does not have.
func Export(w io.Writer, g *ir.Graph, producer string) error {
	e := &exporter{names: map[*ir.Value]string{}, taken: map[string]bool{}}
	if err := e.graph(g); err != nil {
		return fmt.Errorf("onnx: %w", err)
	}
	var head message
	head.int(1, exportIR)
	head.text(2, producer)
	var set message
	set.int(2, ExportOpset)
	head.message(8, set)
	head.message(7, e.out)
	return head.write(w)
}

// message is an encoded message in pieces, so that weights are not copied.
type message []piece

// piece is bytes, or the elements of a tensor.
type piece struct {
	b []byte
	t *ir.Tensor
}

// bytes returns where to append encoded fields.
func (m *message) bytes() *[]byte {
	if n := len(*m); n == 0 || (*m)[n-1].t != nil {
		*m = append(*m, piece{})
	}
	return &(*m)[len(*m)-1].b
}

func (m *message) int(num protowire.Number, v int64) {
	b := m.bytes()
	*b = protowire.AppendVarint(protowire.AppendTag(*b, num, protowire.VarintType), uint64(v))
}

func (m *message) float(num protowire.Number, v float32) {
	b := m.bytes()
	*b = protowire.AppendFixed32(protowire.AppendTag(*b, num, protowire.Fixed32Type), math.Float32bits(v))
}

func (m *message) text(num protowire.Number, s string) {
	b := m.bytes()
	*b = protowire.AppendString(protowire.AppendTag(*b, num, protowire.BytesType), s)
}

func (m *message) message(num protowire.Number, in message) {
	b := m.bytes()
	*b = protowire.AppendVarint(protowire.AppendTag(*b, num, protowire.BytesType), uint64(in.len()))
	for _, p := range in {
		if p.t != nil {
			*m = append(*m, p)
			continue
		}
		b := m.bytes()
		*b = append(*b, p.b...)
	}
}

// data is a bytes field that holds a tensor's elements.
func (m *message) data(num protowire.Number, t *ir.Tensor) {
	b := m.bytes()
	*b = protowire.AppendVarint(protowire.AppendTag(*b, num, protowire.BytesType), uint64(t.Len()*elemSize(int64(t.DType))))
	*m = append(*m, piece{t: t})
}

func (m message) len() (n int) {
	for _, p := range m {
		n += len(p.b)
		if p.t != nil {
			n += p.t.Len() * elemSize(int64(p.t.DType))
		}
	}
	return n
}

func (m message) write(w io.Writer) error {
	out := bufio.NewWriterSize(w, 1<<16)
	var buf [8]byte
	for _, p := range m {
		if _, err := out.Write(p.b); err != nil {
			return err
		}
		if p.t == nil {
			continue
		}
		size := elemSize(int64(p.t.DType))
		for i := range p.t.Len() {
			if p.t.DType == ir.Float32 {
				binary.LittleEndian.PutUint32(buf[:], math.Float32bits(p.t.F[i]))
			} else {
				binary.LittleEndian.PutUint64(buf[:], uint64(p.t.I[i]))
			}
			if _, err := out.Write(buf[:size]); err != nil {
				return err
			}
		}
	}
	return out.Flush()
}

// exporter builds the GraphProto.
type exporter struct {
	out   message
	inits message
	names map[*ir.Value]string
	taken map[string]bool
	node  *ir.Node
}

func (e *exporter) graph(g *ir.Graph) error {
	// Inputs and outputs keep their names, whatever else wants them.
	for _, l := range [][]*ir.Value{g.Inputs, g.Outputs} {
		for _, v := range l {
			e.names[v] = v.Name
			e.taken[v.Name] = true
		}
	}
	computed := map[*ir.Value]bool{}
	for _, n := range g.Nodes {
		e.node = n
		if err := e.convert(n); err != nil {
			return n.Wrap(err)
		}
		for _, v := range n.Out {
			computed[v] = true
		}
	}
	for i, v := range g.Outputs {
		if computed[v] {
			continue
		}
		// An input, or a constant, handed on: under another name.
		if v.Const == nil {
			return fmt.Errorf("output %d (%q) is an input: %w", i, v.Name, ir.ErrUnsupported)
		}
		e.node = &ir.Node{Name: v.Name}
		e.emit("Identity", e.constant(v.Const), []string{v.Name})
	}
	e.out.text(2, g.Name)
	e.out = append(e.out, e.inits...)
	for _, v := range g.Inputs {
		e.out.message(11, e.info(v))
	}
	for _, v := range g.Outputs {
		e.out.message(12, e.info(v))
	}
	return nil
}

// info is a ValueInfoProto.
func (e *exporter) info(v *ir.Value) (m message) {
	var shape, tensor, typ message
	for _, d := range v.Shape {
		var dim message
		dim.int(1, int64(d))
		shape.message(1, dim)
	}
	tensor.int(1, int64(v.DType))
	tensor.message(2, shape)
	typ.message(1, tensor)
	m.text(1, e.names[v])
	m.message(2, typ)
	return m
}

// name returns a value's name in the file, "" for nil. Constants are written
// when they are first asked for.
func (e *exporter) name(v *ir.Value) string {
	if v == nil {
		return ""
	}
	if s, ok := e.names[v]; ok {
		return s
	}
	s := e.fresh(v.Name)
	e.names[v] = s
	if v.Const != nil {
		e.initializer(s, v.Const)
	}
	return s
}

// fresh makes a name that nobody has.
func (e *exporter) fresh(want string) string {
	s := want
	for i := 1; s == "" || e.taken[s]; i++ {
		s = want + "." + strconv.Itoa(i)
	}
	e.taken[s] = true
	return s
}

func (e *exporter) initializer(name string, t *ir.Tensor) {
	var m message
	for _, d := range t.Shape {
		m.int(1, int64(d))
	}
	m.int(2, int64(t.DType))
	m.text(8, name)
	m.data(9, t)
	e.inits.message(5, m)
}

// constant writes data that belongs to the node and returns its name.
func (e *exporter) constant(t *ir.Tensor) []string {
	s := e.fresh(e.node.Label() + ".const")
	e.initializer(s, t)
	return []string{s}
}

func (e *exporter) ints(v []int) string {
	t := ir.NewTensor(ir.Int64, []int{len(v)})
	for i, x := range v {
		t.I[i] = int64(x)
	}
	return e.constant(t)[0]
}

func (e *exporter) float(x float32) string {
	return e.constant(ir.FloatTensor([]float32{x}))[0]
}

// temp names a value between the nodes that one of ours becomes.
func (e *exporter) temp() string { return e.fresh(e.node.Label() + ".part") }

// attribute is one AttributeProto.
type attribute struct {
	name string
	v    any // int, float32, string, []int
}

// emit appends a NodeProto.
func (e *exporter) emit(op string, in, out []string, attrs ...attribute) {
	var m message
	for len(in) > 0 && in[len(in)-1] == "" {
		in = in[:len(in)-1]
	}
	for _, s := range in {
		m.text(1, s)
	}
	for _, s := range out {
		m.text(2, s)
	}
	m.text(3, e.node.Label())
	m.text(4, op)
	for _, a := range attrs {
		var p message
		p.text(1, a.name)
		switch v := a.v.(type) {
		case int:
			p.int(3, int64(v))
			p.int(20, attrInt)
		case bool:
			x := int64(0)
			if v {
				x = 1
			}
			p.int(3, x)
			p.int(20, attrInt)
		case float32:
			p.float(2, v)
			p.int(20, attrFloat)
		case string:
			p.text(4, v)
			p.int(20, attrString)
		case []int:
			for _, x := range v {
				p.int(8, int64(x))
			}
			p.int(20, attrInts)
		}
		m.message(5, p)
	}
	e.out.message(1, m)
}
