package quant

import (
	"fmt"
	"slices"
	"strings"

	ermfmt "github.com/edgerun/edgerun/fmt"
	"github.com/edgerun/edgerun/internal/ir"
	"github.com/edgerun/edgerun/internal/memplan"
	edgerun "github.com/edgerun/edgerun/runtime"
)

// lowering turns the rewritten graph into the operators of a file. Moves
// become views and cost nothing; what cannot be a view becomes a copy. When
// all operators stand, buffers find their places: pieces of concatenations
// inside the whole, results of element-wise operators over their inputs, and
// everything else by the memory planner.
type lowering struct {
	j      *job
	val    map[*ir.Value]view
	ops    []*lop
	inputs []*buffer
	views  []view // of the inputs, before any copy
	outs   map[*ir.Value]bool
	// apart holds the inputs of concatenations that turned out to need memory
	// of their own.
	apart map[homeKey]bool
	homes map[*buffer]homeKey
	// unravel holds the nodes whose inputs lie in memory in too complicated a way
	// for one operator: they are copied first.
	unravel map[*ir.Node]bool
}

type homeKey struct {
	concat *ir.Node
	input  int
}

// lop is an operator on its way into the file.
type lop struct {
	node    *ir.Node // that it was made for; nil for copies
	op      ermfmt.Op
	in      []operand
	out     operand
	inplace bool // the output may lie where an input of the same shape lies
	rows    bool // element-wise: the operands' runs correspond, in any number
}

// operand is an operator's view of a buffer: four axes N, H, W, C, or for
// element-wise operators any number of runs, the same for all operands.
type operand struct {
	view  view
	konst *ermfmt.Tensor // a constant instead of a view, whose runs index src
	src   []int16
	flat  bool   // copies: the elements' whole extent
	name  string // of the value that an output is
	order ermfmt.Order
}

// stageLower makes the file.
func (j *job) stageLower() error {
	l := &lowering{j: j, apart: map[homeKey]bool{}, unravel: map[*ir.Node]bool{}}
	for {
		retry, err := l.build()
		if err != nil {
			return err
		}
		if !retry {
			break
		}
	}
	j.weights = nil // the file has them now
	b, err := ermfmt.Bytes(j.out)
	if err != nil {
		return err
	}
	j.bytes = b
	j.report.Bytes = int64(len(b))
	j.report.ArenaBytes, j.report.ArenaBound = j.out.Plan.Arena, j.out.Plan.Bound
	return nil
}

// build lowers all nodes and places all buffers. It asks for another try when
// a piece of a concatenation cannot live inside it after all.
func (l *lowering) build() (retry bool, err error) {
	l.val, l.ops, l.inputs, l.views = map[*ir.Value]view{}, nil, nil, nil
	l.homes = map[*buffer]homeKey{}
	l.outs = map[*ir.Value]bool{}
	for _, v := range l.j.g.Outputs {
		l.outs[v] = true
	}
	for _, v := range l.j.g.Inputs {
		b := l.newBuffer(v)
		b.keep = true
		l.inputs = append(l.inputs, b)
		l.val[v] = l.imageView(b, v.Shape)
		if l.channelsLast(v) {
			b.dims, b.order = append([]int{}, v.Shape...), ermfmt.OrderSame
			l.val[v] = whole(b)
		}
		l.views = append(l.views, l.val[v])
	}
	for _, n := range l.j.g.Nodes {
		if err := l.lower(n); err != nil {
			return false, n.Wrap(err)
		}
		if l.j.opt.Plain {
			for _, v := range n.Out {
				if v != nil {
					l.plain(v)
				}
			}
		}
	}
	for _, v := range l.j.g.Outputs {
		l.settleOutput(v)
	}
	return l.finish()
}

// channelsLast reports whether an input comes with its channels last, as
// TensorFlow has them: then it lies as it comes.
func (l *lowering) channelsLast(v *ir.Value) bool {
	r := len(v.Shape)
	if r != 3 && r != 4 {
		return false
	}
	moved := false
	for _, n := range l.j.groups.users[v] {
		if n == nil {
			continue
		}
		switch op := n.Op.(type) {
		case *ir.Transpose:
			if op.Perm[0] != 0 || op.Perm[1] != r-1 || r == 4 && op.Perm[2] != 1 {
				return false
			}
			moved = true
		case *ir.Binary, *ir.Reshape, *ir.Cast:
		default:
			return false
		}
	}
	return moved
}

// plain gives a view a buffer of its own.
func (l *lowering) plain(v *ir.Value) {
	w := l.val[v]
	if w.buf.index || len(l.ops) > 0 && l.ops[len(l.ops)-1].out.view.buf == w.buf && w.covers() {
		return
	}
	l.materialize(v)
}

// paramsOf returns the quantization of a value.
func (l *lowering) paramsOf(v *ir.Value) params { return l.j.groups.of(v).params }

// imageAxes returns, for a value of this rank, which of its axes are N, H, W
// and C; -1 stands for an axis of size 1. Values of other ranks are not images.
func imageAxes(rank int) ([]int, bool) {
	switch rank {
	case 4:
		return []int{0, 2, 3, 1}, true
	case 3:
		return []int{0, -1, 2, 1}, true
	}
	return nil, false
}

// newBuffer makes memory for a value, laid out N, H, W, C when it is an image.
func (l *lowering) newBuffer(v *ir.Value) *buffer {
	b := &buffer{name: v.Name, params: params{}, first: -1, order: ermfmt.OrderSame}
	if g := l.j.groups.of(v); g != nil {
		b.params = g.params
	}
	b.dims = append([]int{}, v.Shape...)
	if ax, ok := imageAxes(len(v.Shape)); ok {
		b.order = ermfmt.OrderChannel
		for i, a := range ax {
			d := 1
			if a >= 0 {
				d = v.Shape[a]
			}
			if i < len(b.dims) {
				b.dims[i] = d
			} else {
				b.dims = append(b.dims, d)
			}
		}
	}
	return b
}

// imageView is the whole of a buffer made by newBuffer, with the value's axes.
func (l *lowering) imageView(b *buffer, shape []int) view {
	w := whole(b)
	ax, ok := imageAxes(len(shape))
	if !ok {
		return w
	}
	v := view{buf: b, axes: make([][]run, len(shape))}
	for i, a := range ax {
		if a >= 0 {
			v.axes[a] = w.axes[i]
		}
	}
	return v
}

// define says where the output of a node lies.
func (l *lowering) define(v *ir.Value) (view, *buffer) {
	b := l.newBuffer(v)
	w := l.imageView(b, v.Shape)
	l.val[v] = w
	return w, b
}

// image returns a value's four axes N, H, W, C with contiguous channels, and
// the order of the channels: physical channel p of the operand is at runs chan
// of the value's channel axis. Values that do not lie so are copied first.
func (l *lowering) image(v *ir.Value) (x view, channels []run, err error) {
	ax, ok := imageAxes(len(v.Shape))
	if !ok {
		return view{}, nil, fmt.Errorf("input %q has shape %v: %w in int8, want 3 or 4 axes", v.Name, v.Shape, ErrUnsupported)
	}
	for try := range 2 {
		w := l.val[v]
		x = view{buf: w.buf, off: w.off, axes: make([][]run, 4)}
		good := true
		for i, a := range ax {
			if a < 0 {
				continue
			}
			x.axes[i] = joinRuns(w.axes[a])
			if i < 3 {
				good = good && len(x.axes[i]) <= 1 && (len(x.axes[i]) == 0 || x.axes[i][0].stride > 0)
			}
		}
		channels = x.axes[3]
		c, dense := permuted(channels)
		x.axes[3] = axisOf(c, 1)
		if good && dense && nests(x) {
			return x, channels, nil
		}
		if try == 0 {
			l.materialize(v)
		}
	}
	return view{}, nil, fmt.Errorf("input %q cannot be laid out as an image", v.Name)
}

// permuted reports whether runs cover n elements without gaps, in any order.
func permuted(rs []run) (n int, ok bool) {
	s := slices.Clone(rs)
	slices.SortFunc(s, func(a, b run) int { return a.stride - b.stride })
	n = 1
	for _, r := range s {
		if r.stride != n {
			return axisLen(rs), false
		}
		n *= r.n
	}
	return n, true
}

// nests reports whether every axis steps over all that lies inside it, as the
// file demands.
func nests(x view) bool {
	inner := 1
	for i := 3; i >= 0; i-- {
		for _, r := range x.axes[i] {
			if r.stride < inner && i < 3 {
				return false
			}
			inner += (r.n - 1) * r.stride
		}
	}
	return true
}

// inOrder reports whether the channels are not shuffled.
func inOrder(channels []run) bool { return len(channels) <= 1 }

// permutation lists, for every physical channel, the value's channel.
func permutation(channels []run) []int {
	pos := positionsOf(channels)
	perm := make([]int, len(pos))
	for c, p := range pos {
		perm[p] = c
	}
	return perm
}

// positionsOf lists the offsets of an axis' elements.
func positionsOf(a []run) []int {
	out := []int{0}
	for _, r := range a {
		next := make([]int, 0, len(out)*r.n)
		for _, p := range out {
			for i := range r.n {
				next = append(next, p+i*r.stride)
			}
		}
		out = next
	}
	return out
}

// imageOut makes the output of an image operator: four dense axes, and the
// value's view with its channels in the given order.
func (l *lowering) imageOut(v *ir.Value, channels []run) view {
	w, b := l.define(v)
	if !inOrder(channels) {
		w.axes[1] = channels
		l.val[v] = w
		b.order = ermfmt.OrderNone
	}
	return whole(b)
}

// emit appends an operator.
func (l *lowering) emit(n *ir.Node, op ermfmt.Op, in []operand, out view) *lop {
	op.Name = n.Label()
	o := &lop{node: n, op: op, in: in, out: operand{view: out, name: out.buf.name, order: out.buf.order}}
	l.ops = append(l.ops, o)
	return o
}

func operands(vs ...view) []operand {
	var out []operand
	for _, v := range vs {
		out = append(out, operand{view: v})
	}
	return out
}

// materialize copies a value into a buffer of its own, in the layout that
// newBuffer gives it.
func (l *lowering) materialize(v *ir.Value) {
	src := l.val[v]
	dst, b := l.define(v)
	b.params, b.index = src.buf.params, src.buf.index
	l.copy(v.Name, src, dst)
}

// copy moves the elements of one view to another of the same shape, whose axes
// are single runs.
func (l *lowering) copy(name string, src, dst view) {
	in, out := alignRuns(src, dst)
	o := &lop{op: ermfmt.Op{Kind: ermfmt.KindCopy, Name: name, Copy: &ermfmt.Copy{}}, rows: true,
		in:  []operand{{view: view{buf: src.buf, off: src.off, axes: oneAxis(in)}, flat: true}},
		out: operand{view: view{buf: dst.buf, off: dst.off, axes: oneAxis(out)}, flat: true, name: dst.buf.name, order: dst.buf.order}}
	l.ops = append(l.ops, o)
}

func oneAxis(rs []run) [][]run { return [][]run{rs} }

// alignRuns cuts the runs of b, single along every axis, where those of a are
// cut, and returns both lists in the order of the axes.
func alignRuns(a, b view) (ra, rb []run) {
	for i := range a.axes {
		left := axisLen(a.axes[i])
		stride := 0
		if len(b.axes[i]) > 0 {
			stride = b.axes[i][0].stride
		}
		for _, r := range a.axes[i] {
			left /= r.n
			ra = append(ra, r)
			rb = append(rb, run{r.n, stride * left})
		}
	}
	return ra, rb
}

// lower makes operators, or a view, of a node.
func (l *lowering) lower(n *ir.Node) error {
	if l.unravel[n] {
		for i, v := range n.In {
			if v != nil && v.Const == nil && !slices.Contains(n.In[:i], v) {
				l.materialize(v)
			}
		}
	}
	switch op := n.Op.(type) {
	case *ir.Conv:
		return l.conv(n, op)
	case *ir.ConvTranspose:
		return l.convTranspose(n, op)
	case *ir.DeformConv:
		return l.deformConv(n, op)
	case *ir.Dense:
		return l.dense(n, op)
	case *ir.SE:
		return l.se(n, op)
	case *ir.Pool:
		return l.pool(n, op)
	case *ir.GlobalPool:
		return l.globalPool(n, op)
	case *ir.Resize:
		return l.resize(n, op)
	case *ir.PRelu:
		return l.prelu(n)
	case *ir.Binary:
		return l.binary(n, op)
	case ir.Function:
		return l.function(n, op)
	case *ir.Softmax:
		return l.softmax(n, op)
	case *ir.LRN:
		return l.lrn(n, op)
	case *ir.ArgReduce:
		return l.argReduce(n, op)
	case *ir.Concat:
		return l.concat(n, op)
	case *ir.Pad:
		return l.pad(n, op)
	}
	return l.move(n)
}

// settleOutput gives a network output packed memory of its own.
func (l *lowering) settleOutput(v *ir.Value) {
	w := l.val[v]
	single := true
	for _, a := range w.axes {
		single = single && len(a) <= 1
	}
	if !w.covers() || !single || w.buf.home != nil || w.buf.keep {
		l.materialize(v)
	}
}

// resolved is an operand placed in its root buffer.
type resolved struct {
	root   *buffer
	at     int
	dims   [4]int
	stride [3]int
}

// finish places the operands in root buffers, plans the memory and writes the
// file's tensors and operators.
func (l *lowering) finish() (retry bool, err error) {
	m := &ermfmt.Model{}
	w := &tensorWriter{m: m, index: map[tensorKey]int32{}, konst: map[*ermfmt.Tensor]int32{}}
	type placed struct {
		in  []resolved
		out resolved
	}
	all := make([]placed, len(l.ops))
	for i, o := range l.ops {
		p := &all[i]
		var bad *buffer
		if o.rows {
			p.in, p.out, bad = l.resolveRows(o)
		} else {
			p.in, p.out, bad = l.resolveImages(o)
		}
		if bad == nil {
			bad = l.overlap(o, p.in, p.out)
		}
		if bad != nil {
			return l.separate(bad, o)
		}
	}
	// Lifetimes of the roots.
	last := len(l.ops)
	var roots []*buffer
	touch := func(b *buffer, step int, write bool) {
		if b.id == 0 {
			roots = append(roots, b)
			b.id = len(roots)
			b.first, b.last = step, step
		}
		b.first, b.last = min(b.first, step), max(b.last, step)
	}
	for _, b := range l.inputs {
		b.id = 0
	}
	for i := range all {
		for _, r := range all[i].in {
			if r.root != nil {
				r.root.id = 0
			}
		}
		all[i].out.root.id = 0
	}
	for _, b := range l.inputs {
		touch(b, 0, true)
		b.last = max(b.last, last-1)
	}
	for i := range all {
		for _, r := range all[i].in {
			if r.root != nil {
				touch(r.root, i, false)
			}
		}
		touch(all[i].out.root, i, true)
	}
	for _, v := range l.j.g.Outputs {
		b := l.val[v].buf
		b.last, b.output = max(b.last, last-1), true
	}
	// Element-wise results over their inputs.
	share := make([]*buffer, len(roots)+1) // root that this one lies over
	if !l.j.opt.Plain {
		for i, o := range l.ops {
			if !o.inplace {
				continue
			}
			out := all[i].out
			for _, in := range all[i].in {
				if l.canOverwrite(in, out, i, share) {
					t := base(in.root, share)
					share[out.root.id] = t
					t.last, t.output = max(t.last, out.root.last), t.output || out.root.output
					break
				}
			}
		}
	}
	var bufs []memplan.Buffer
	var owners []*buffer
	for _, b := range roots {
		if share[b.id] == nil {
			bufs = append(bufs, memplan.Buffer{Size: b.bytes(), First: b.first, Last: b.last})
			owners = append(owners, b)
		}
	}
	lay := memplan.Plan(bufs)
	for i, b := range owners {
		b.off = lay.Offset[i]
		m.Plan.Buffers = append(m.Plan.Buffers, ermfmt.Buffer{Offset: b.off, Size: bufs[i].Size, First: int32(b.first), Last: int32(b.last)})
	}
	m.Plan.Arena, m.Plan.Bound = lay.Size, lay.Bound
	for _, b := range roots {
		if share[b.id] != nil {
			b.off = base(b, share).off
		}
	}
	for i, v := range l.j.g.Inputs {
		b := l.inputs[i]
		t := w.tensor(wholeOf(b), b, b.name, b.order)
		m.Inputs = append(m.Inputs, ioOf(v, l.views[i], t))
	}
	for i, o := range l.ops {
		op := o.op
		for k, in := range o.in {
			if in.konst != nil {
				op.In = append(op.In, w.constant(in.konst))
				continue
			}
			op.In = append(op.In, w.tensor(all[i].in[k], in.view.buf, "", ermfmt.OrderNone))
		}
		op.Out = []int32{w.tensor(all[i].out, o.out.view.buf, o.out.name, o.out.order)}
		m.Ops = append(m.Ops, op)
	}
	for _, v := range l.j.g.Outputs {
		b := l.val[v].buf
		m.Outputs = append(m.Outputs, ioOf(v, l.val[v], w.tensor(wholeOf(b), b, "", ermfmt.OrderNone)))
	}
	m.Meta = append(m.Meta, ermfmt.Meta{Key: ermfmt.MetaName, Value: l.j.g.Name}, ermfmt.Meta{Key: ermfmt.MetaSource, Value: l.j.model.Name})
	if l.j.model.Hash != "" {
		m.Meta = append(m.Meta, ermfmt.Meta{Key: ermfmt.MetaHash, Value: l.j.model.Hash})
	}
	if len(l.j.opt.Labels) > 0 {
		m.Set(ermfmt.MetaLabels, strings.Join(l.j.opt.Labels, "\n"))
	}
	for _, p := range l.j.opt.Meta {
		m.Set(p.Key, p.Value)
	}
	l.j.out = m
	return false, l.measureScratch(m)
}

// measureScratch asks the runtime what the plain-Go kernels need, for the
// header.
func (l *lowering) measureScratch(m *ermfmt.Model) error {
	b, err := ermfmt.Bytes(m)
	if err != nil {
		return err
	}
	em, err := edgerun.LoadBytes(b, edgerun.Tier("generic"), edgerun.MaxMemory(1<<40))
	if err != nil {
		return err
	}
	m.Plan.Scratch = em.WorkerScratch()
	l.j.report.MACs = em.MACs()
	return nil
}

// base follows shared memory to its owner.
func base(b *buffer, share []*buffer) *buffer {
	for share[b.id] != nil {
		b = share[b.id]
	}
	return b
}

// canOverwrite reports whether an element-wise result may lie where an input
// lies: nobody needs the input any more, and the two lie exactly alike.
func (l *lowering) canOverwrite(in, out resolved, step int, share []*buffer) bool {
	if in.root == nil || in.root == out.root || in.root.keep || in.root.output || share[out.root.id] != nil {
		return false
	}
	t := base(in.root, share)
	return !t.keep && !t.output && t.last == step && out.root.first == step && in.at == out.at && in.dims == out.dims && in.stride == out.stride &&
		in.root.bytes() == out.root.bytes() && in.root.size() == out.root.size()
}

func (b *buffer) size() int {
	switch {
	case b.index:
		return 4
	case b.params.dtype == Int16Type:
		return 2
	}
	return 1
}

func (b *buffer) bytes() int64 { return int64(b.len()) * int64(b.size()) }

// separate takes a piece that stands in an operator's way out of its
// concatenation, or has the operator's inputs copied, and asks for another try.
func (l *lowering) separate(bad *buffer, o *lop) (bool, error) {
	try := []*buffer{bad, o.out.view.buf}
	for _, in := range o.in {
		try = append(try, in.view.buf)
	}
	for _, b := range try {
		for ; b != nil; b = b.home {
			if k, ok := l.homes[b]; ok && !l.apart[k] {
				l.apart[k] = true
				return true, nil
			}
		}
	}
	if o.node != nil && !l.unravel[o.node] {
		l.unravel[o.node] = true
		return true, nil
	}
	return false, fmt.Errorf("node %q (%s): the memory layout cannot be resolved", o.op.Name, o.op.Kind)
}

// resolveImages places operands of four axes.
func (l *lowering) resolveImages(o *lop) (in []resolved, out resolved, bad *buffer) {
	place := func(v view) (resolved, bool) {
		r := resolved{dims: [4]int{1, 1, 1, 1}}
		root, at, axes, ok := v.buf.inRoot(v.off, firstRuns(v))
		if !ok {
			return r, false
		}
		r.root, r.at = root, at
		for i, a := range axes {
			r.dims[i] = axisLen(a)
			if len(a) > 1 || i == 3 && len(a) == 1 && a[0].stride != 1 {
				return r, false
			}
			if i < 3 && len(a) == 1 {
				r.stride[i] = a[0].stride
			}
		}
		r.pad()
		return r, r.nests()
	}
	for _, p := range o.in {
		if p.konst != nil {
			in = append(in, resolved{})
			continue
		}
		r, ok := place(p.view)
		if !ok {
			return nil, out, p.view.buf
		}
		in = append(in, r)
	}
	out, ok := place(o.out.view)
	if !ok {
		return nil, out, o.out.view.buf
	}
	return in, out, nil
}

// firstRuns lists the single run of each axis.
func firstRuns(v view) []run {
	out := make([]run, len(v.axes))
	for i, a := range v.axes {
		out[i] = run{1, 0}
		if len(a) > 0 {
			out[i] = a[0]
		}
	}
	return out
}

// nests reports whether every stride covers what lies inside it, as a file
// demands.
func (r *resolved) nests() bool {
	inner := r.dims[3]
	for i := 2; i >= 0; i-- {
		if r.dims[i] > 1 {
			if r.stride[i] < inner {
				return false
			}
			inner += (r.dims[i] - 1) * r.stride[i]
		}
	}
	return true
}

// pad fills in strides of axes with one element, as dense ones would be.
func (r *resolved) pad() {
	inner := r.dims[3]
	for i := 2; i >= 0; i-- {
		if r.dims[i] == 1 {
			r.stride[i] = inner
		}
		inner = max(inner, r.stride[i]*r.dims[i])
	}
}

// resolveRows places the operands of an element-wise operator or a copy: the
// runs are sorted by the output's strides, joined where all operands allow it,
// and have to fit four axes.
func (l *lowering) resolveRows(o *lop) (in []resolved, out resolved, bad *buffer) {
	views := []operand{o.out}
	views = append(views, o.in...)
	type axis struct {
		n int
		s []int // stride in every operand
	}
	n := len(o.out.view.runs())
	placed := make([]resolved, len(views))
	cuts := make([][][]run, len(views))
	for k, p := range views {
		if p.konst != nil {
			continue
		}
		root, at, runs, ok := p.view.buf.inRoot(p.view.off, p.view.runs())
		if !ok {
			return nil, out, p.view.buf
		}
		placed[k].root, placed[k].at, cuts[k] = root, at, runs
	}
	var axes []axis
	for i := range n {
		size := o.out.view.runs()[i].n
		// A run that a home cut in one operand is cut in all.
		parts := []int{size}
		for k := range views {
			if cuts[k] == nil || len(cuts[k][i]) < 2 {
				continue
			}
			if len(parts) > 1 {
				return nil, out, views[k].view.buf
			}
			parts = nil
			for _, r := range cuts[k][i] {
				parts = append(parts, r.n)
			}
		}
		inner := size
		for p, pn := range parts {
			inner /= pn
			a := axis{n: pn, s: make([]int, len(views))}
			for k, v := range views {
				switch {
				case v.konst != nil:
					a.s[k] = v.view.runs()[i].stride * inner
				case len(cuts[k][i]) > 1:
					a.s[k] = cuts[k][i][p].stride
				case len(cuts[k][i]) == 1:
					a.s[k] = cuts[k][i][0].stride * inner
				}
			}
			if pn > 1 {
				axes = append(axes, a)
			}
		}
	}
	slices.SortStableFunc(axes, func(a, b axis) int { return b.s[0] - a.s[0] })
	// joinTo joins neighbours that are one run in every operand, from the
	// outermost, until at most n are left.
	joinTo := func(axes []axis, n int) []axis {
		for i := 0; i+1 < len(axes) && len(axes) > n; {
			p, a := axes[i], axes[i+1]
			ok := true
			for k := range a.s {
				ok = ok && p.s[k] == a.n*a.s[k]
			}
			if !ok {
				i++
				continue
			}
			axes = slices.Replace(slices.Clone(axes), i, i+2, axis{p.n * a.n, a.s})
		}
		return axes
	}
	joined := axes
	if c := o.op.Copy; c != nil {
		joined = joinTo(joined, 1)
		c.Dims, c.InStride, c.OutStride = nil, nil, nil
		for _, a := range joined {
			c.Dims, c.OutStride, c.InStride = append(c.Dims, int32(a.n)), append(c.OutStride, int32(a.s[0])), append(c.InStride, int32(a.s[1]))
		}
		if len(joined) == 0 {
			c.Dims, c.OutStride, c.InStride = []int32{1}, []int32{1}, []int32{1}
		}
		return l.resolveCopy(o, placed)
	}
	// Innermost runs that are not contiguous get a channel axis of one.
	contiguous := len(joined) > 0
	for k := range views {
		if contiguous {
			s := joined[len(joined)-1].s[k]
			contiguous = s == 1 || k > 0 && s == 0 || views[k].konst != nil
		}
	}
	if contiguous {
		joined = joinTo(joined, 4)
	} else {
		joined = append(joinTo(joined, 3), axis{1, make([]int, len(views))})
	}
	if len(joined) > 4 {
		return nil, out, o.in[0].view.buf
	}
	for k, v := range views {
		r := &placed[k]
		r.dims = [4]int{1, 1, 1, 1}
		for i, a := range joined {
			d := 4 - len(joined) + i
			if a.s[k] == 0 {
				continue // repeated
			}
			r.dims[d] = a.n
			if d < 3 {
				r.stride[d] = a.s[k]
			}
		}
		r.pad()
		if v.konst == nil && !r.nests() {
			return nil, out, v.view.buf // a home turned the order of the axes round
		}
		if v.konst != nil {
			v.konst.Dims = int32s4(r.dims)
			v.konst.Stride = ermfmt.Packed(v.konst.Dims)
			var rs []run
			for _, a := range joined {
				if a.s[k] != 0 {
					rs = append(rs, run{a.n, a.s[k]})
				}
			}
			v.konst.Data16 = nil
			for _, p := range positionsOf(rs) {
				v.konst.Data16 = append(v.konst.Data16, v.src[p])
			}
		}
	}
	return placed[1:], placed[0], nil
}

// resolveCopy gives a copy the extents of its elements as tensors.
func (l *lowering) resolveCopy(o *lop, placed []resolved) ([]resolved, resolved, *buffer) {
	c := o.op.Copy
	extent := func(r *resolved, stride []int32) (first int32) {
		lo, hi := 0, 0
		for i, d := range c.Dims {
			if s := (int(d) - 1) * int(stride[i]); s < 0 {
				lo += s
			} else {
				hi += s
			}
		}
		r.at += lo
		r.dims = [4]int{1, 1, 1, hi - lo + 1}
		r.pad()
		return int32(-lo)
	}
	if len(placed) > 1 && o.in[0].konst == nil {
		c.InOffset = extent(&placed[1], c.InStride)
	}
	if c.Fill {
		// The tensor is what is filled; the copy lies inside it.
		root, at, axes, ok := o.out.view.buf.inRoot(0, firstRuns(whole(o.out.view.buf)))
		if !ok || len(axes) > 4 {
			return nil, resolved{}, o.out.view.buf
		}
		r := resolved{root: root, at: at, dims: [4]int{1, 1, 1, 1}}
		for i, a := range axes {
			d := 4 - len(axes) + i
			r.dims[d] = axisLen(a)
			if len(a) > 1 || d == 3 && len(a) == 1 && a[0].stride != 1 {
				return nil, resolved{}, o.out.view.buf
			}
			if d < 3 && len(a) == 1 {
				r.stride[d] = a[0].stride
			}
		}
		r.pad()
		if !r.nests() {
			return nil, resolved{}, o.out.view.buf // a home turned the order of the axes round
		}
		c.OutOffset = int32(placed[0].at - at)
		return placed[1:], r, nil
	}
	// As few elements beside those written as possible: the pieces of one
	// buffer must not seem to overlap.
	out := placed[0]
	if n := len(c.Dims); n <= 4 && c.OutStride[n-1] == 1 {
		r := resolved{root: out.root, at: out.at, dims: [4]int{1, 1, 1, 1}}
		for i := range n {
			d := 4 - n + i
			r.dims[d] = int(c.Dims[i])
			if d < 3 {
				r.stride[d] = int(c.OutStride[i])
			}
		}
		r.pad()
		return placed[1:], r, nil
	}
	c.OutOffset = extent(&out, c.OutStride)
	return placed[1:], out, nil
}

// overlap finds an input that the output would write over, and returns a
// buffer that should have its own memory.
func (l *lowering) overlap(o *lop, in []resolved, out resolved) *buffer {
	for k, r := range in {
		if r.root != out.root {
			continue
		}
		a, b := r.tensor(), out.tensor()
		if !ermfmt.Disjoint(&a, &b) {
			return o.in[k].view.buf
		}
	}
	return nil
}

// tensor is the place alone, as a tensor of the file.
func (r resolved) tensor() ermfmt.Tensor {
	t := ermfmt.Tensor{DType: ermfmt.Int8, Dims: int32s4(r.dims), Stride: int32s3(r.stride)}
	switch r.root.size() {
	case 2:
		t.DType = ermfmt.Int16
	case 4:
		t.DType = ermfmt.Int32
	}
	t.Offset = r.root.off + int64(r.at)*int64(r.root.size())
	return t
}

func int32s4(d [4]int) [4]int32 { return [4]int32{int32(d[0]), int32(d[1]), int32(d[2]), int32(d[3])} }
func int32s3(d [3]int) [3]int32 { return [3]int32{int32(d[0]), int32(d[1]), int32(d[2])} }

// wholeOf places a root buffer as one tensor.
func wholeOf(b *buffer) resolved {
	r := resolved{root: b, dims: [4]int{1, 1, 1, 1}}
	d := b.dims
	for len(d) > 4 {
		d = append([]int{d[0] * d[1]}, d[2:]...)
	}
	for i, n := range d {
		r.dims[4-len(d)+i] = n
	}
	s := dense(r.dims[:])
	copy(r.stride[:], s)
	return r
}

// tensorWriter numbers tensors; places that are described alike are one.
type tensorWriter struct {
	m     *ermfmt.Model
	index map[tensorKey]int32
	konst map[*ermfmt.Tensor]int32
}

type tensorKey struct {
	off    int64
	dims   [4]int32
	stride [3]int32
	params params
	index  bool
}

func (w *tensorWriter) tensor(r resolved, b *buffer, name string, order ermfmt.Order) int32 {
	t := r.tensor()
	k := tensorKey{t.Offset, t.Dims, t.Stride, b.params, b.index}
	i, ok := w.index[k]
	if !ok {
		t.Scale, t.Zero = float32(b.params.scale), b.params.zero
		if b.index {
			t.Scale, t.Zero = 1, 0
		}
		i = int32(len(w.m.Tensors))
		w.m.Tensors = append(w.m.Tensors, t)
		w.index[k] = i
	}
	// A place is reused over time: only outputs have names, and the operator
	// that writes has a tensor of its own name.
	if name != "" {
		if have := &w.m.Tensors[i]; have.Name == "" {
			have.Name, have.Order = name, order
		} else if have.Name != name {
			n := *have
			n.Name, n.Order = name, order
			i = int32(len(w.m.Tensors))
			w.m.Tensors = append(w.m.Tensors, n)
			w.index[k] = i
		}
	}
	return i
}

func (w *tensorWriter) constant(t *ermfmt.Tensor) int32 {
	i, ok := w.konst[t]
	if !ok {
		i = int32(len(w.m.Tensors))
		w.m.Tensors = append(w.m.Tensors, *t)
		w.konst[t] = i
	}
	return i
}

// ioOf describes a network input or output that covers its buffer.
func ioOf(v *ir.Value, w view, tensor int32) ermfmt.IO {
	io := ermfmt.IO{Name: v.Name, Tensor: tensor, Type: sourceType(v.DType)}
	for i, a := range w.axes {
		io.Dims = append(io.Dims, int32(v.Shape[i]))
		s := 0
		if len(a) > 0 {
			s = a[0].stride
		}
		io.Stride = append(io.Stride, int32(s))
	}
	return io
}

func sourceType(d ir.DType) ermfmt.SourceType {
	switch d {
	case ir.Uint8:
		return ermfmt.SourceUint8
	case ir.Int8:
		return ermfmt.SourceInt8
	case ir.Int16:
		return ermfmt.SourceInt16
	case ir.Int32:
		return ermfmt.SourceInt32
	case ir.Int64:
		return ermfmt.SourceInt64
	}
	return ermfmt.SourceFloat32
}
