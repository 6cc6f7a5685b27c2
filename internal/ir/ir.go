// Package ir is the host half's view of a network: a graph of typed operators
// over values with known shapes.
//
// Semantics and axis order are ONNX's (feature maps are NCHW, or NCL in one
// dimension). An operator is a struct that implements [Op]; each lives in the
// file that carries its name. The importers build a graph, [Graph.Resolve]
// gives every value its type and shape and folds what is constant, the passes
// rewrite it, internal/interp runs it in float32 and quant turns it into
// integers.
package ir

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// DType is an element type. Its numbers are those of ONNX's TensorProto.DataType.
type DType uint8

// The element types that a trained CNN can carry. Float16, BFloat16 and
// Float64 exist only in files: the importers turn them into Float32.
const (
	Invalid DType = 0
	Float32 DType = 1
	Uint8   DType = 2
	Int8    DType = 3
	Uint16  DType = 4
	Int16   DType = 5
	Int32   DType = 6
	Int64   DType = 7
	Bool    DType = 9
	Uint32  DType = 12
	Uint64  DType = 13
)

var dtypeNames = map[DType]string{
	Float32: "float32", Uint8: "uint8", Int8: "int8", Uint16: "uint16", Int16: "int16",
	Int32: "int32", Int64: "int64", Bool: "bool", Uint32: "uint32", Uint64: "uint64",
}

func (d DType) String() string {
	if s, ok := dtypeNames[d]; ok {
		return s
	}
	return fmt.Sprintf("dtype(%d)", uint8(d))
}

// Range returns the smallest and the largest value of an integer type. Int64
// and Uint64 are clipped to what int64 holds.
func (d DType) Range() (lo, hi int64) {
	switch d {
	case Uint8:
		return 0, math.MaxUint8
	case Int8:
		return math.MinInt8, math.MaxInt8
	case Uint16:
		return 0, math.MaxUint16
	case Int16:
		return math.MinInt16, math.MaxInt16
	case Int32:
		return math.MinInt32, math.MaxInt32
	case Uint32:
		return 0, math.MaxUint32
	case Uint64:
		return 0, math.MaxInt64
	case Bool:
		return 0, 1
	}
	return math.MinInt64, math.MaxInt64
}

// Tensor is constant or computed data in row-major order.
type Tensor struct {
	DType DType
	Shape []int
	F     []float32 // the elements when DType is Float32
	I     []int64   // the elements otherwise; Bool as 0 and 1
}

// NewTensor returns a tensor of zeros. The shape is copied.
func NewTensor(d DType, shape []int) *Tensor {
	t := &Tensor{DType: d, Shape: append([]int{}, shape...)}
	n, _ := Elements(shape)
	if d == Float32 {
		t.F = make([]float32, n)
	} else {
		t.I = make([]int64, n)
	}
	return t
}

// FloatTensor wraps data, which must have as many elements as shape says;
// without a shape it is a scalar.
func FloatTensor(data []float32, shape ...int) *Tensor {
	return &Tensor{DType: Float32, Shape: append([]int{}, shape...), F: data}
}

// IntTensor wraps data as an Int64 tensor; without a shape it is a vector.
func IntTensor(data []int64, shape ...int) *Tensor {
	if shape == nil {
		shape = []int{len(data)}
	}
	return &Tensor{DType: Int64, Shape: shape, I: data}
}

// Len returns the number of elements.
func (t *Tensor) Len() int {
	if t.DType == Float32 {
		return len(t.F)
	}
	return len(t.I)
}

// Float returns element i as a float64, whatever the type.
func (t *Tensor) Float(i int) float64 {
	if t.DType == Float32 {
		return float64(t.F[i])
	}
	return float64(t.I[i])
}

// MaxElements bounds every tensor of a graph, so that a crafted shape cannot
// ask for more memory than a machine has, and that sizes can be added without
// overflow on 32-bit machines.
const MaxElements = 1 << 28

// MaxRank bounds the number of dimensions of a tensor.
const MaxRank = 16

// Elements returns the product of the dimensions, or an error when one of them
// is negative or the product passes MaxElements.
func Elements(shape []int) (int, error) {
	if len(shape) > MaxRank {
		return 0, fmt.Errorf("%d dimensions, want at most %d", len(shape), MaxRank)
	}
	n := 1
	for _, d := range shape {
		if d < 0 {
			return 0, fmt.Errorf("shape %v: a dimension is negative", shape)
		}
		if d > MaxElements || (d > 0 && n > MaxElements/d) {
			return 0, fmt.Errorf("shape %v: more than %d elements", shape, MaxElements)
		}
		n *= d
	}
	return n, nil
}

// Value is an edge of the graph: a network input, a constant or what a node
// computes.
type Value struct {
	Name  string
	DType DType
	Shape []int   // nil until resolved; a scalar's is empty, not nil
	Const *Tensor // the data, when it is known before the network runs
}

// Len returns the number of elements of a resolved value.
func (v *Value) Len() int {
	n, _ := Elements(v.Shape)
	return n
}

// IsFloat reports whether the value holds float32 data.
func (v *Value) IsFloat() bool { return v.DType == Float32 }

// Node is one operator in its place. Absent optional inputs are nil.
type Node struct {
	Name string
	Op   Op
	In   []*Value
	Out  []*Value
}

// Op is a kind of operator with its attributes.
type Op interface {
	// Kind is the operator's name, ONNX's where it has one.
	Kind() string
	// Infer checks the node's inputs and sets the type and shape of its
	// outputs. It may move constant inputs into the operator's fields, and set
	// Out[i].Const when the result does not depend on data.
	Infer(n *Node) error
}

// Graph is a network. Nodes are in topological order once resolved.
type Graph struct {
	Name    string
	Inputs  []*Value
	Outputs []*Value
	Nodes   []*Node
}

// ErrUnsupported marks operators, attributes and types that edgerun does not
// take, as opposed to files that are broken.
var ErrUnsupported = errors.New("not supported")

// NodeError says which node an error is about.
type NodeError struct {
	Node, Op string
	Err      error
}

func (e *NodeError) Error() string { return fmt.Sprintf("node %q (%s): %v", e.Node, e.Op, e.Err) }

// Unwrap gives access to the cause.
func (e *NodeError) Unwrap() error { return e.Err }

// Wrap puts the node's name and operator in front of err.
func (n *Node) Wrap(err error) error {
	var ne *NodeError
	if err == nil || errors.As(err, &ne) {
		return err
	}
	return &NodeError{Node: n.Label(), Op: n.Op.Kind(), Err: err}
}

// Label is the node's name, or its first output's where it has none.
func (n *Node) Label() string {
	if n.Name == "" && len(n.Out) > 0 && n.Out[0] != nil {
		return n.Out[0].Name
	}
	return n.Name
}

// Input returns input i, or nil when the node has fewer or leaves it out.
func (n *Node) Input(i int) *Value {
	if i < len(n.In) {
		return n.In[i]
	}
	return nil
}

// want returns input i, which has to be there.
func (n *Node) want(i int, what string) (*Value, error) {
	if v := n.Input(i); v != nil {
		return v, nil
	}
	return nil, fmt.Errorf("input %d (%s) is missing", i, what)
}

// wantFloat returns input i, which has to be there and hold float32 data.
func (n *Node) wantFloat(i int, what string) (*Value, error) {
	v, err := n.want(i, what)
	if err == nil && !v.IsFloat() {
		err = fmt.Errorf("input %d (%s) of type %s is %w, want float32", i, what, v.DType, ErrUnsupported)
	}
	return v, err
}

// optFloat returns input i, which may be left out and otherwise holds float32
// data.
func (n *Node) optFloat(i int, what string) (*Value, error) {
	if n.Input(i) == nil {
		return nil, nil
	}
	return n.wantFloat(i, what)
}

// constInts returns the integer data of constant input i, or nil when it is
// left out.
func (n *Node) constInts(i int, what string) ([]int, error) {
	v := n.Input(i)
	if v == nil {
		return nil, nil
	}
	if v.Const == nil {
		return nil, fmt.Errorf("input %d (%s, %q) is computed from data: %w, want a constant", i, what, v.Name, ErrUnsupported)
	}
	if v.Const.DType == Float32 || v.Const.DType == Bool {
		return nil, fmt.Errorf("input %d (%s) is %s, want integers", i, what, v.Const.DType)
	}
	if len(v.Const.I) > maxList {
		return nil, fmt.Errorf("input %d (%s) has %d elements, want at most %d", i, what, len(v.Const.I), maxList)
	}
	out := make([]int, len(v.Const.I))
	for k, x := range v.Const.I {
		out[k] = int(min(max(x, -farAway), farAway))
	}
	return out, nil
}

// farAway stands for every integer beyond it: "to the end" is often MaxInt64.
// It can be added to any size without overflow on 32-bit machines.
const farAway = 1 << 30

// maxList bounds the lists that say where and how far: axes, pads, sizes.
const maxList = 1 << 12

// constFloats is constInts for floating-point inputs.
func (n *Node) constFloats(i int, what string) ([]float32, error) {
	v := n.Input(i)
	if v == nil {
		return nil, nil
	}
	if v.Const == nil {
		return nil, fmt.Errorf("input %d (%s, %q) is computed from data: %w, want a constant", i, what, v.Name, ErrUnsupported)
	}
	if v.Const.DType == Bool {
		return nil, fmt.Errorf("input %d (%s) is bool, want numbers", i, what)
	}
	out := make([]float32, v.Const.Len())
	for k := range out {
		out[k] = float32(v.Const.Float(k))
	}
	return out, nil
}

// setOut gives output i its type and shape.
func (n *Node) setOut(i int, d DType, shape []int) error {
	if i >= len(n.Out) || n.Out[i] == nil {
		return nil
	}
	if _, err := Elements(shape); err != nil {
		return err
	}
	n.Out[i].DType = d
	n.Out[i].Shape = append([]int{}, shape...)
	return nil
}

// sameShape makes output 0 of the type and shape of input 0.
func (n *Node) sameShape() error {
	x, err := n.want(0, "X")
	if err != nil {
		return err
	}
	return n.setOut(0, x.DType, x.Shape)
}

// axis maps a possibly negative axis into [0, rank).
func axis(a, rank int) (int, error) {
	if a < -rank || a >= rank {
		return 0, fmt.Errorf("axis %d out of range [%d, %d)", a, -rank, rank)
	}
	if a < 0 {
		a += rank
	}
	return a, nil
}

// Broadcast returns the shape of an element-wise operation on a and b (NumPy's
// rules, as in ONNX's Broadcasting.md).
func Broadcast(a, b []int) ([]int, error) {
	out := make([]int, max(len(a), len(b)))
	for i := range out {
		x, y := 1, 1
		if k := i - (len(out) - len(a)); k >= 0 {
			x = a[k]
		}
		if k := i - (len(out) - len(b)); k >= 0 {
			y = b[k]
		}
		switch {
		case x == y || y == 1:
			out[i] = x
		case x == 1:
			out[i] = y
		default:
			return nil, fmt.Errorf("shapes %v and %v do not broadcast", a, b)
		}
	}
	return out, nil
}

// Resolve sorts the nodes, drops those that no output depends on, infers every
// type and shape, and replaces what is constant by its data, computed by eval.
// Network inputs must have static shapes.
func (g *Graph) Resolve(eval func(n *Node) ([]*Tensor, error)) error {
	if err := g.sort(nil); err != nil {
		return err
	}
	g.Prune() // such as the mask of a Dropout, which is as large as its input
	f := folder{eval: eval, seen: map[*Value]bool{}, elements: maxFolded, work: maxFoldWork}
	var kept []*Node
	seqs := sequences{}
	// Branches of If are put in place of their node, hence a stack of lists.
	stack := [][]*Node{g.Nodes}
	for len(stack) > 0 {
		top := len(stack) - 1
		if len(stack[top]) == 0 {
			stack = stack[:top]
			continue
		}
		n := stack[top][0]
		stack[top] = stack[top][1:]
		if nodes, ok, err := seqs.replace(n); err != nil {
			return n.Wrap(err)
		} else if ok {
			stack = append(stack, nodes)
			continue
		}
		for i, v := range n.In {
			if v != nil && v.Shape == nil {
				return n.Wrap(fmt.Errorf("input %d (%q) has no shape", i, v.Name))
			}
		}
		if b, ok := n.Op.(*If); ok {
			nodes, err := b.choose(n)
			if err != nil {
				return n.Wrap(err)
			}
			stack = append(stack, nodes)
			continue
		}
		if err := n.Op.Infer(n); err != nil {
			return n.Wrap(err)
		}
		if err := f.fold(n); err != nil {
			return n.Wrap(err)
		}
		if !n.done() {
			kept = append(kept, n)
		}
	}
	g.Nodes = kept
	for _, v := range g.Outputs {
		if seqs[v] != nil {
			return fmt.Errorf("output %q is a sequence: %w, want a tensor", v.Name, ErrUnsupported)
		}
		if v.Shape == nil {
			return fmt.Errorf("output %q is computed by no node", v.Name)
		}
	}
	g.Prune()
	return nil
}

// maxFolded and maxFoldWork bound the elements that constant folding may make,
// beside what the file itself holds, and the time it may take (see Node.Cost).
const (
	maxFolded   = 1 << 26
	maxFoldWork = 1 << 32
)

// folder replaces nodes by constants. It keeps the books, so that a small file
// cannot ask for gigabytes or hours.
type folder struct {
	eval           func(n *Node) ([]*Tensor, error)
	seen           map[*Value]bool // constants of the file, counted
	elements, work int64           // what is left
}

// fold computes the outputs of a node whose inputs are all known.
func (f *folder) fold(n *Node) error {
	if c, ok := n.Op.(*Constant); ok {
		f.elements += 9 * int64(c.Data.Len()) // 1 for itself
	}
	for _, v := range n.In {
		// A file's own weights may pass through a few operators.
		if v != nil && v.Const != nil && !f.seen[v] {
			f.seen[v] = true
			f.elements += 8 * int64(v.Const.Len())
		}
	}
	known := n.done()
	if !known && !n.isConst() {
		return nil
	}
	for _, o := range n.Out {
		if o != nil {
			f.elements -= int64(o.Len())
			f.seen[o] = true
		}
	}
	if f.elements < 0 {
		return fmt.Errorf("constants computed from constants have more than %d elements", maxFolded)
	}
	if known {
		return nil
	}
	if f.work -= n.Cost(); f.work < 0 {
		return fmt.Errorf("computing the graph's constants takes more than %d operations", int64(maxFoldWork))
	}
	ts, err := f.eval(n)
	if err != nil {
		return err
	}
	for i, o := range n.Out {
		if o != nil {
			o.Const = ts[i]
			o.DType, o.Shape = ts[i].DType, ts[i].Shape
		}
	}
	return nil
}

func (n *Node) isConst() bool {
	for _, v := range n.In {
		if v != nil && v.Const == nil {
			return false
		}
	}
	return true
}

// done reports whether Infer already knew every output.
func (n *Node) done() bool {
	for _, o := range n.Out {
		if o != nil && o.Const == nil {
			return false
		}
	}
	return true
}

// sort puts the nodes in topological order and reports cycles and inputs that
// nobody computes. The outer values are known beside the network's inputs.
func (g *Graph) sort(outer []*Value) error {
	ready := map[*Value]bool{}
	for _, v := range g.Inputs {
		ready[v] = true
	}
	for _, v := range outer {
		ready[v] = true
	}
	made := map[*Value]*Node{}
	for _, n := range g.Nodes {
		for _, o := range n.Out {
			if o == nil {
				continue
			}
			if p := made[o]; p != nil {
				return n.Wrap(fmt.Errorf("value %q is also an output of node %q", o.Name, p.Label()))
			}
			if ready[o] {
				return n.Wrap(fmt.Errorf("value %q is also a network input", o.Name))
			}
			made[o] = n
		}
	}
	users := map[*Value][]*Node{}
	missing := map[*Node]int{}
	var queue []*Node
	for _, n := range g.Nodes {
		for _, v := range n.In {
			if v == nil || v.Const != nil || ready[v] {
				continue
			}
			if made[v] == nil {
				return n.Wrap(fmt.Errorf("input %q is neither a network input nor a constant nor computed by a node", v.Name))
			}
			users[v] = append(users[v], n)
			missing[n]++
		}
		if missing[n] == 0 {
			queue = append(queue, n)
		}
	}
	// Of the nodes that could go next, the one that stood first in the file
	// goes next: files that are in order stay as they are.
	pos := make(map[*Node]int, len(g.Nodes))
	for i, n := range g.Nodes {
		pos[n] = i
	}
	h := &nodeHeap{pos: pos}
	for _, n := range queue {
		h.push(n)
	}
	out := make([]*Node, 0, len(g.Nodes))
	for h.len() > 0 {
		n := h.pop()
		out = append(out, n)
		for _, o := range n.Out {
			if o == nil {
				continue
			}
			for _, u := range users[o] {
				if missing[u]--; missing[u] == 0 {
					h.push(u)
				}
			}
		}
	}
	if len(out) != len(g.Nodes) {
		for _, n := range g.Nodes {
			if missing[n] > 0 {
				return n.Wrap(errors.New("the node depends on its own output"))
			}
		}
	}
	g.Nodes = out
	return nil
}

// nodeHeap is a binary heap of nodes, lowest position first.
type nodeHeap struct {
	pos map[*Node]int
	a   []*Node
}

func (h *nodeHeap) len() int           { return len(h.a) }
func (h *nodeHeap) less(i, j int) bool { return h.pos[h.a[i]] < h.pos[h.a[j]] }

func (h *nodeHeap) push(n *Node) {
	h.a = append(h.a, n)
	for i := len(h.a) - 1; i > 0; {
		p := (i - 1) / 2
		if !h.less(i, p) {
			break
		}
		h.a[i], h.a[p] = h.a[p], h.a[i]
		i = p
	}
}

func (h *nodeHeap) pop() *Node {
	n := h.a[0]
	last := len(h.a) - 1
	h.a[0] = h.a[last]
	h.a = h.a[:last]
	for i := 0; ; {
		c := 2*i + 1
		if c >= last {
			return n
		}
		if c+1 < last && h.less(c+1, c) {
			c++
		}
		if !h.less(c, i) {
			return n
		}
		h.a[i], h.a[c] = h.a[c], h.a[i]
		i = c
	}
}

// Prune drops the nodes that no output depends on, and of the others the
// outputs behind the first that nobody reads.
func (g *Graph) Prune() {
	live := map[*Value]bool{}
	for _, v := range g.Outputs {
		live[v] = true
	}
	keep := make([]bool, len(g.Nodes))
	for i, n := range slices.Backward(g.Nodes) {
		for _, o := range n.Out {
			keep[i] = keep[i] || (o != nil && live[o])
		}
		if keep[i] {
			for k, o := range n.Out {
				if k > 0 && o != nil && !live[o] {
					n.Out[k] = nil
				}
			}
			for _, v := range n.In {
				if v != nil {
					live[v] = true
				}
			}
		}
	}
	kept := g.Nodes[:0]
	for i, n := range g.Nodes {
		if keep[i] {
			kept = append(kept, n)
		}
	}
	clear(g.Nodes[len(kept):])
	g.Nodes = kept
}

// Producers maps every computed value to its node.
func (g *Graph) Producers() map[*Value]*Node {
	m := make(map[*Value]*Node, len(g.Nodes))
	for _, n := range g.Nodes {
		for _, o := range n.Out {
			if o != nil {
				m[o] = n
			}
		}
	}
	return m
}

// Consumers maps every value to the nodes that read it, once per use. A
// network output counts as one more use, by a nil node.
func (g *Graph) Consumers() map[*Value][]*Node {
	m := make(map[*Value][]*Node, len(g.Nodes))
	for _, n := range g.Nodes {
		for _, v := range n.In {
			if v != nil {
				m[v] = append(m[v], n)
			}
		}
	}
	for _, v := range g.Outputs {
		m[v] = append(m[v], nil)
	}
	return m
}

// Dump prints the graph, one node a line.
func (g *Graph) Dump() string {
	var b strings.Builder
	for _, v := range g.Inputs {
		fmt.Fprintf(&b, "input  %s %s%v\n", v.Name, v.DType, v.Shape)
	}
	for _, n := range g.Nodes {
		var outs, ins []string
		for _, o := range n.Out {
			if o != nil {
				outs = append(outs, fmt.Sprintf("%s %v", o.Name, o.Shape))
			}
		}
		for _, v := range n.In {
			switch {
			case v == nil:
				ins = append(ins, "-")
			case v.Const != nil:
				ins = append(ins, fmt.Sprintf("const%v", v.Shape))
			default:
				ins = append(ins, v.Name)
			}
		}
		fmt.Fprintf(&b, "%s = %s%s(%s)\n", strings.Join(outs, ", "), n.Op.Kind(), Attributes(n.Op), strings.Join(ins, ", "))
	}
	for _, v := range g.Outputs {
		fmt.Fprintf(&b, "output %s %s%v\n", v.Name, v.DType, v.Shape)
	}
	return b.String()
}

// Attributes prints an operator's fields.
func Attributes(op Op) string {
	if a, ok := op.(interface{ attrs() string }); ok {
		return a.attrs()
	}
	s := strings.TrimPrefix(fmt.Sprintf("%+v", op), "&")
	if s == "{}" {
		return ""
	}
	return s
}
