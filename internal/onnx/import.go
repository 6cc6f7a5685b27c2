package onnx

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/edgerun/edgerun/internal/ir"
)

// Options say what the file does not.
type Options struct {
	// Dir is the directory that external data may be read from; empty: none.
	Dir string
	// Shapes gives inputs with dynamic axes a shape. A dynamic first axis, the
	// batch, is 1 without it.
	Shapes map[string][]int
}

// MinOpset and MaxOpset bound the versions of the default operator set.
const (
	MinOpset = 7
	MaxOpset = 23
)

// Import decodes a model. Values have no shapes yet: see [ir.Graph.Resolve].
func Import(data []byte, opt Options) (*ir.Graph, error) {
	g, err := importModel(data, opt)
	if err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	return g, nil
}

func importModel(data []byte, opt Options) (*ir.Graph, error) {
	m, err := parseModel(data)
	if err != nil {
		at := ""
		var we *wireError
		if errors.As(err, &we) {
			at = fmt.Sprintf("byte 0x%x: ", cap(data)-we.rest)
		}
		return nil, fmt.Errorf("%sthis is not an ONNX model, or it is cut off: %w", at, err)
	}
	if m.graph == nil {
		return nil, errors.New("there is no graph in it; this is not an ONNX model, or it is cut off")
	}
	if m.functions > 0 {
		return nil, fmt.Errorf("model-local functions are %w; export with the functions inlined", ir.ErrUnsupported)
	}
	version, ok := m.opsets[""]
	if !ok {
		return nil, fmt.Errorf("the model does not say its opset version, want %d to %d", MinOpset, MaxOpset)
	}
	if version < MinOpset || version > MaxOpset {
		return nil, fmt.Errorf("opset %d is %w, want %d to %d", version, ir.ErrUnsupported, MinOpset, MaxOpset)
	}
	gp, err := parseGraph(m.graph)
	if err != nil {
		return nil, err
	}
	im := newImporter(gp, nil)
	im.file = &file{opset: int(version), dir: opt.Dir}
	if err := im.inputs(gp, opt.Shapes); err != nil {
		return nil, err
	}
	if err := im.body(gp); err != nil {
		return nil, err
	}
	return im.g, nil
}

// file is what the importers of one model share.
type file struct {
	opset    int
	dir      string
	external int64 // bytes of memory for data from other files
}

// importer builds one graph. The graphs inside If have importers of their own,
// which see the outer values.
type importer struct {
	*file
	g      *ir.Graph
	values map[string]*ir.Value
	inner  map[*ir.Value]bool // inputs and initializers: no node computes them
	outer  *importer
	depth  int
	used   []*ir.Value // outer values that this graph reads
	isUsed map[*ir.Value]bool
}

func newImporter(gp *graphProto, outer *importer) *importer {
	im := &importer{
		g: &ir.Graph{Name: gp.name}, outer: outer,
		values: map[string]*ir.Value{}, inner: map[*ir.Value]bool{}, isUsed: map[*ir.Value]bool{},
	}
	if outer != nil {
		im.file, im.depth = outer.file, outer.depth+1
	}
	return im
}

// lookup finds or makes the value of that name; "" is nil.
func (im *importer) lookup(name string) *ir.Value {
	if name == "" {
		return nil
	}
	if v := im.values[name]; v != nil {
		return v
	}
	for o := im.outer; o != nil; o = o.outer {
		if v := o.values[name]; v != nil {
			// Every graph on the way there reads it from outside.
			for p := im; p != o; p = p.outer {
				if !p.isUsed[v] {
					p.isUsed[v] = true
					p.used = append(p.used, v)
				}
			}
			return v
		}
	}
	v := &ir.Value{Name: name}
	im.values[name] = v
	return v
}

// define is lookup for a name that this graph gives a meaning to.
func (im *importer) define(name string) *ir.Value {
	if name == "" {
		return nil
	}
	v := im.values[name]
	if v == nil {
		v = &ir.Value{Name: name}
		im.values[name] = v
	}
	return v
}

func (im *importer) inputs(gp *graphProto, shapes map[string][]int) error {
	init := map[string]bool{}
	for _, t := range gp.initializers {
		init[t.name] = true
	}
	var names []string
	for _, in := range gp.inputs {
		// Files of IR version 3 list the initializers among the inputs.
		if init[in.name] {
			continue
		}
		names = append(names, in.name)
		if !in.tensor {
			return fmt.Errorf("input %q is no tensor but a sequence, an optional or a map, or has no type: %w, want a tensor", in.name, ir.ErrUnsupported)
		}
		d, err := elemType(in.dtype)
		if err != nil {
			return fmt.Errorf("input %q: %w", in.name, err)
		}
		shape, err := inputShape(in, shapes[in.name])
		if err != nil {
			return err
		}
		v := im.define(in.name)
		if v.Shape != nil {
			return fmt.Errorf("input %q is listed twice", in.name)
		}
		v.DType, v.Shape = d, shape
		im.g.Inputs = append(im.g.Inputs, v)
		im.inner[v] = true
	}
	for _, name := range slices.Sorted(maps.Keys(shapes)) {
		if !slices.Contains(names, name) {
			return fmt.Errorf("a shape is given for input %q; the inputs are %q", name, names)
		}
	}
	return nil
}

// inputShape settles the dynamic axes of an input.
func inputShape(in *valueProto, given []int) ([]int, error) {
	if given != nil {
		if in.hasDims && len(in.dims) != len(given) {
			return nil, fmt.Errorf("input %q is %s: the shape given for it, %v, has rank %d, want %d", in.name, dimsText(in.dims), given, len(given), len(in.dims))
		}
		if _, err := ir.Elements(given); err != nil {
			return nil, fmt.Errorf("input %q: %w", in.name, err)
		}
		return slices.Clone(given), nil
	}
	if !in.hasDims {
		return nil, fmt.Errorf("input %q has no shape in the file; give one, e.g. --shape %s=1x3x224x224", in.name, plain(in.name))
	}
	shape := make([]int, len(in.dims))
	for i, d := range in.dims {
		switch {
		case d.known && d.value > 0 && d.value <= ir.MaxElements:
			shape[i] = int(d.value)
		case d.known && d.value > ir.MaxElements:
			return nil, fmt.Errorf("input %q: dimension %d is %d, want at most %d", in.name, i, d.value, ir.MaxElements)
		case i == 0 && len(in.dims) > 1:
			shape[i] = 1 // the batch
		default:
			return nil, fmt.Errorf("input %q is %s; its dynamic axes need sizes, e.g. --shape %s=%s", in.name, dimsText(in.dims), plain(in.name), example(in.dims))
		}
	}
	if _, err := ir.Elements(shape); err != nil {
		return nil, fmt.Errorf("input %q: %w", in.name, err)
	}
	return shape, nil
}

// dimsText prints a shape as the file has it.
func dimsText(dims []dimProto) string {
	var s []string
	for _, d := range dims {
		switch {
		case d.known && d.value > 0:
			s = append(s, fmt.Sprint(d.value))
		case d.param != "":
			s = append(s, plain(d.param))
		default:
			s = append(s, "?")
		}
	}
	return strings.Join(s, "x")
}

// plain is a name from the file on its way into an error message: one line, and
// not too long a one.
func plain(s string) string {
	s = fmt.Sprintf("%.100q", s)
	return s[1 : len(s)-1]
}

// example is a plausible --shape value for an input with dynamic axes.
func example(dims []dimProto) string {
	var s []string
	for i, d := range dims {
		switch {
		case d.known && d.value > 0:
			s = append(s, fmt.Sprint(d.value))
		case i == 0:
			s = append(s, "1")
		default:
			s = append(s, "224")
		}
	}
	return strings.Join(s, "x")
}

// body imports initializers, nodes and outputs.
func (im *importer) body(gp *graphProto) error {
	if gp.sparse > 0 {
		return fmt.Errorf("sparse initializers are %w, want dense ones", ir.ErrUnsupported)
	}
	for i, t := range gp.initializers {
		if t.name == "" {
			return fmt.Errorf("initializer %d has no name", i)
		}
		if err := im.claim(t); err != nil {
			return fmt.Errorf("initializer %q: %w", t.name, err)
		}
	}
	for _, t := range gp.initializers {
		data, err := im.decode(t)
		if err != nil {
			return fmt.Errorf("initializer %q: %w", t.name, err)
		}
		v := im.define(t.name)
		if v.Const != nil {
			return fmt.Errorf("initializer %q stands twice", t.name)
		}
		v.Const, v.DType, v.Shape = data, data.DType, data.Shape
		im.inner[v] = true
	}
	// Outputs of nodes are defined first: a graph inside If may use a name
	// that the outer graph has too.
	for _, np := range gp.nodes {
		for _, name := range np.out {
			if v := im.define(name); v != nil && im.inner[v] {
				return (&node{im: im, p: np}).errorf("output %q is already a network input or an initializer, want a name of its own", name)
			}
		}
	}
	for _, np := range gp.nodes {
		n := &node{im: im, p: np}
		if err := n.convert(); err != nil {
			return err
		}
	}
	listed := map[*ir.Value]bool{}
	for _, out := range gp.outputs {
		v := im.lookup(out.name)
		if listed[v] && im.outer == nil {
			return fmt.Errorf("output %q is listed twice", out.name)
		}
		listed[v] = true
		im.g.Outputs = append(im.g.Outputs, v)
	}
	if len(im.g.Outputs) == 0 {
		return errors.New("the graph has no outputs, want at least one")
	}
	return nil
}

// node is one NodeProto on its way into the graph.
type node struct {
	im    *importer
	p     *nodeProto
	in    []*ir.Value
	out   []*ir.Value
	known []string // attributes that the converter asked for
	err   error    // the first attribute of a wrong type
}

func (n *node) errorf(format string, a ...any) error {
	name := n.p.name
	if name == "" && len(n.p.out) > 0 {
		name = n.p.out[0]
	}
	return &ir.NodeError{Node: name, Op: plain(n.p.op), Err: fmt.Errorf(format, a...)}
}

func (n *node) convert() error {
	if n.p.domain != "" && n.p.domain != "ai.onnx" {
		return n.errorf("operators of domain %q are %w, want the default domain", n.p.domain, ir.ErrUnsupported)
	}
	for _, name := range n.p.in {
		n.in = append(n.in, n.im.lookup(name))
	}
	for _, name := range n.p.out {
		n.out = append(n.out, n.im.define(name))
	}
	conv := converters[n.p.op]
	if conv == nil {
		return n.errorf("the operator is %w; see docs/operators.md for what edgerun takes", ir.ErrUnsupported)
	}
	if err := n.checkArity(); err != nil {
		return n.errorf("%w", err)
	}
	op, err := conv(n)
	if err == nil {
		err = n.err
	}
	if err != nil {
		var ne *ir.NodeError
		if errors.As(err, &ne) {
			return err
		}
		return n.errorf("%w", err)
	}
	for _, a := range n.p.attrs {
		if !a.used {
			slices.Sort(n.known)
			return n.errorf("attribute %q is %w, want none but %q", a.name, ir.ErrUnsupported, slices.Compact(n.known))
		}
	}
	if op != nil {
		n.emit(op, n.in, n.out)
	}
	return nil
}

// emit appends a node to the graph.
func (n *node) emit(op ir.Op, in, out []*ir.Value) {
	n.im.g.Nodes = append(n.im.g.Nodes, &ir.Node{Name: n.p.name, Op: op, In: in, Out: out})
}

// temp makes a value between the nodes that one ONNX node becomes.
func (n *node) temp(suffix string) *ir.Value {
	return &ir.Value{Name: n.p.out[0] + "/" + suffix}
}

// constant makes a constant input.
func constant(t *ir.Tensor) *ir.Value {
	return &ir.Value{DType: t.DType, Shape: t.Shape, Const: t}
}

func ints(v []int64) *ir.Value { return constant(ir.IntTensor(v)) }

// Attribute types of AttributeProto.
const (
	attrFloat  = 1
	attrInt    = 2
	attrString = 3
	attrTensor = 4
	attrGraph  = 5
	attrFloats = 6
	attrInts   = 7
)

var attrTypes = map[int64]string{
	attrFloat: "FLOAT", attrInt: "INT", attrString: "STRING", attrTensor: "TENSOR", attrGraph: "GRAPH", attrFloats: "FLOATS", attrInts: "INTS",
	8: "STRINGS", 9: "TENSORS", 10: "GRAPHS", 11: "SPARSE_TENSOR", 12: "SPARSE_TENSORS", 13: "TYPE_PROTO", 14: "TYPE_PROTOS",
}

// attr finds an attribute and marks it as understood.
func (n *node) attr(name string, kind int64) *attrProto {
	n.known = append(n.known, name)
	for _, a := range n.p.attrs {
		if a.name == name {
			a.used = true
			if a.kind != 0 && a.kind != kind {
				n.fail(fmt.Errorf("attribute %q has type %s (%d), want %s", name, attrTypes[a.kind], a.kind, attrTypes[kind]))
			}
			return a
		}
	}
	return nil
}

// ignore marks attributes that say nothing about inference.
func (n *node) ignore(names ...string) {
	n.known = append(n.known, names...)
	for _, a := range n.p.attrs {
		if slices.Contains(names, a.name) {
			a.used = true
		}
	}
}

func (n *node) has(name string) bool {
	n.known = append(n.known, name)
	return slices.ContainsFunc(n.p.attrs, func(a *attrProto) bool { return a.name == name })
}

// fail remembers the first error in an attribute.
func (n *node) fail(err error) {
	if n.err == nil {
		n.err = err
	}
}

func (n *node) float(name string, def float32) float32 {
	if a := n.attr(name, attrFloat); a != nil {
		return a.f
	}
	return def
}

func (n *node) int(name string, def int) int {
	if a := n.attr(name, attrInt); a != nil {
		return clipInt(a.i)
	}
	return def
}

func (n *node) bool(name string) bool { return n.int(name, 0) != 0 }

func (n *node) string(name, def string) string {
	if a := n.attr(name, attrString); a != nil {
		return string(a.s)
	}
	return def
}

func (n *node) ints(name string) []int {
	a := n.attr(name, attrInts)
	if a == nil {
		return nil
	}
	if len(a.ints) > maxList {
		n.fail(fmt.Errorf("attribute %q has %d elements, want at most %d", name, len(a.ints), maxList))
		return nil
	}
	out := make([]int, len(a.ints))
	for i, v := range a.ints {
		out[i] = clipInt(v)
	}
	return out
}

// maxList bounds the lists that attributes hold.
const maxList = 1 << 12

// clipInt keeps "as far as possible", often written as MaxInt64, meaningful on
// 32-bit machines.
func clipInt(v int64) int { return int(min(max(v, -1<<30), 1<<30)) }

// intsInput appends the attribute as a constant input where old opsets have an
// attribute and new ones an input.
func (n *node) intsInput(name string) {
	a := n.attr(name, attrInts)
	if a == nil {
		n.in = append(n.in, nil)
		return
	}
	n.in = append(n.in, ints(append([]int64{}, a.ints...)))
}
