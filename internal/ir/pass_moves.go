package ir

import "slices"

// joinMoves writes operators that only choose, repeat or order elements in the
// fewest and simplest terms: pieces put together again as one choice, choices of
// rows and columns as one index table, repetition in front of an operator that
// repeats by itself not at all.
func joinMoves(e *Editor) int {
	count := 0
	for _, nd := range slices.Clone(e.Nodes) {
		if !slices.Contains(e.Nodes, nd) {
			continue
		}
		changed := false
		switch op := nd.Op.(type) {
		case *Concat:
			changed = e.joinPieces(nd, op) || e.stackPieces(nd, op) || e.nestConcat(nd, op)
		case *Gather:
			changed = e.simplerGather(nd, op)
		case *GatherND:
			changed = e.gathersOf(nd, op)
		case *Resize:
			changed = e.joinIndexed(nd, op)
		case *Binary:
			changed = e.dropRepeats(nd)
		case *Reduce:
			changed = e.joinReduces(nd, op)
		case *Pad:
			changed = e.padFewerAxes(nd, op)
		}
		if changed {
			e.index()
			count++
		}
	}
	return count
}

// piece is what a Slice or a Split takes of one axis of a value.
type piece struct {
	src               *Value
	start, step, size int
}

// pieceOf returns v as part of another value along an axis.
func (e *Editor) pieceOf(v *Value, axis int) (piece, bool) {
	whole := piece{v, 0, 1, v.Shape[axis]}
	nd := e.made[v]
	if nd == nil {
		return whole, false
	}
	switch op := nd.Op.(type) {
	case *Slice:
		x := nd.In[0]
		for i, n := range op.Size {
			if i != axis && (n != x.Shape[i] || op.Step[i] != 1) {
				return whole, false
			}
		}
		return piece{x, op.Start[axis], op.Step[axis], op.Size[axis]}, true
	case *Split:
		if op.Axis != axis {
			return whole, false
		}
		at := 0
		for i, o := range nd.Out {
			if o == v {
				return piece{nd.In[0], at, 1, op.Sizes[i]}, true
			}
			at += op.Sizes[i]
		}
	}
	return whole, false
}

// maxJoined bounds the index lists that joined pieces become.
const maxJoined = 1 << 16

// joinPieces writes the concatenation of pieces of one value as a choice from
// it, and neighbouring pieces among others as one piece.
func (e *Editor) joinPieces(nd *Node, op *Concat) bool {
	var ps []piece
	var in []*Value
	found, total := 0, 0
	for _, v := range nd.In {
		p, ok := e.pieceOf(v, op.Axis)
		if ok {
			found++
		}
		total += p.size
		ps, in = append(ps, p), append(in, v)
	}
	if found == 0 || total > maxJoined {
		return false
	}
	one := len(ps) > 1
	for _, p := range ps {
		one = one && p.src == ps[0].src
	}
	if one {
		var ix []int64
		for _, p := range ps {
			for i := range p.size {
				ix = append(ix, int64(p.start+i*p.step))
			}
		}
		nd.Op, nd.In = &Gather{Axis: op.Axis}, []*Value{ps[0].src, {DType: Int64, Shape: []int{len(ix)}, Const: IntTensor(ix)}}
		return true
	}
	for i := 0; i+1 < len(ps); i++ {
		a, b := ps[i], ps[i+1]
		if a.src == in[i] || a.src != b.src || a.step != 1 || b.step != 1 || a.start+a.size != b.start {
			continue
		}
		s := &Slice{Size: slices.Clone(a.src.Shape), Start: make([]int, len(a.src.Shape)), Step: ones(len(a.src.Shape))}
		s.Start[op.Axis], s.Size[op.Axis] = a.start, a.size+b.size
		v := &Value{Name: in[i].Name + "/and", DType: a.src.DType, Shape: s.Size}
		e.insert(nd, &Node{Name: nd.Name, Op: s, In: []*Value{a.src}, Out: []*Value{v}})
		nd.In = slices.Concat(nd.In[:i], []*Value{v}, nd.In[i+2:])
		return true
	}
	return false
}

// stackPieces writes what torch.stack makes of all parts of a value, in order, as
// a reshape and a transposition.
func (e *Editor) stackPieces(nd *Node, op *Concat) bool {
	var src *Value
	axis, n := -1, len(nd.In)
	for i, v := range nd.In {
		r := e.made[v]
		if r == nil || n < 2 || len(v.Shape) < 2 || v.Shape[op.Axis] != 1 {
			return false
		}
		if _, ok := r.Op.(*Reshape); !ok || sameInts(slices.Delete(slices.Clone(v.Shape), op.Axis, op.Axis+1), r.In[0].Shape) != nil {
			return false
		}
		found := false
		for a := range r.In[0].Shape {
			p, ok := e.pieceOf(r.In[0], a)
			if ok && p.step == 1 && p.start == i*p.size && p.size*n == p.src.Shape[a] && (src == nil || src == p.src && a == axis) {
				src, axis, found = p.src, a, true
				break
			}
		}
		if !found {
			return false
		}
	}
	// [.., n·size, ..] becomes [.., n, size, ..], and then n moves.
	s := slices.Concat(src.Shape[:axis], []int{n, src.Shape[axis] / n}, src.Shape[axis+1:])
	mid := &Value{Name: nd.Out[0].Name + "/parts", DType: src.DType, Shape: s}
	var perm []int
	for i := range s {
		if i != axis {
			perm = append(perm, i)
		}
	}
	perm = slices.Insert(perm, op.Axis, axis)
	e.insert(nd, &Node{Name: nd.Name, Op: &Reshape{Shape: s, Zero: true}, In: []*Value{src}, Out: []*Value{mid}})
	nd.Op, nd.In = &Transpose{Perm: perm}, []*Value{mid}
	return true
}

// nestConcat lets a concatenation begin with another one that has its first inputs,
// as those of a dense block do: then all of them can lie in one place.
func (e *Editor) nestConcat(nd *Node, op *Concat) bool {
	var best *Node
	for _, u := range e.users[nd.In[0]] {
		if u == nil || u == nd || best != nil && len(u.In) <= len(best.In) {
			continue
		}
		c, ok := u.Op.(*Concat)
		if ok && c.Axis == op.Axis && len(u.In) > 1 && len(u.In) < len(nd.In) && slices.Equal(u.In, nd.In[:len(u.In)]) &&
			slices.Index(e.Nodes, u) < slices.Index(e.Nodes, nd) {
			best = u
		}
	}
	if best == nil {
		return false
	}
	nd.In = slices.Concat(best.Out[:1], nd.In[len(best.In):])
	return true
}

// simplerGather writes a Gather with constant indices as a Slice, a Reshape, or
// an index table of rows or columns where it is one.
func (e *Editor) simplerGather(nd *Node, op *Gather) bool {
	x, ix := nd.In[0], nd.In[1].Const
	if ix == nil || x.Const != nil || ix.Len() == 0 || ix.Len() > maxJoined {
		return false
	}
	d := x.Shape[op.Axis]
	at := make([]int, ix.Len())
	for i, v := range ix.I {
		if at[i] = int(v); at[i] < 0 {
			at[i] += d
		}
		if at[i] < 0 || at[i] >= d {
			return false
		}
	}
	y := x
	flat := slices.Clone(x.Shape)
	flat[op.Axis] = len(at)
	var move Op
	step := 1
	if len(at) > 1 {
		step = at[1] - at[0]
	}
	even := step > 0
	for i := 1; i < len(at); i++ {
		even = even && at[i]-at[i-1] == step
	}
	switch {
	case even && len(at) == d:
	case even:
		s := &Slice{Size: flat, Start: make([]int, len(flat)), Step: ones(len(flat))}
		s.Start[op.Axis], s.Step[op.Axis] = at[0], step
		move = s
	case op.Axis >= 2 && (len(flat) == 3 || len(flat) == 4) && x.IsFloat():
		table := make([][]int, len(flat))
		table[op.Axis] = at
		move = indexed(x.Shape, table)
	case len(ix.Shape) != 1:
		c := &Value{DType: Int64, Shape: []int{len(at)}, Const: IntTensor(ix.I)}
		v := &Value{Name: nd.Out[0].Name + "/flat", DType: x.DType, Shape: flat}
		e.insert(nd, &Node{Name: nd.Name, Op: &Gather{Axis: op.Axis}, In: []*Value{x, c}, Out: []*Value{v}})
		y = v
	default:
		return false
	}
	if move != nil {
		y = &Value{Name: nd.Out[0].Name + "/flat", DType: x.DType, Shape: flat}
		e.insert(nd, &Node{Name: nd.Name, Op: move, In: []*Value{x}, Out: []*Value{y}})
	}
	nd.Op, nd.In = &Reshape{Shape: nd.Out[0].Shape, Zero: true}, []*Value{y}
	return true
}

// indexed chooses positions along some axes; table is nil for the others.
func indexed(shape []int, table [][]int) *Resize {
	r := &Resize{Mode: "index", Index: table, OutputSize: slices.Clone(shape), Scales: make([]float64, len(shape))}
	for a, t := range table {
		r.Scales[a] = 1
		if t != nil {
			r.OutputSize[a] = len(t)
			r.Scales[a] = float64(len(t)) / float64(shape[a])
		}
	}
	return r
}

// paddedIndex returns the index table of padding that repeats what is there, when
// only rows and columns are padded, and the table is not long.
func paddedIndex(op *Pad, shape []int) [][]int {
	rank := len(shape)
	if rank != 3 && rank != 4 {
		return nil
	}
	table := make([][]int, rank)
	for a, d := range shape {
		lo, hi := op.Pads[a], op.Pads[a+rank]
		if lo == 0 && hi == 0 {
			continue
		}
		if a < 2 || d+lo+hi > maxTable {
			return nil
		}
		first, left := max(0, -lo), d-max(0, -lo)-max(0, -hi)
		for o := range d + lo + hi {
			i := o - max(0, lo)
			switch op.Mode {
			case "reflect":
				period := max(1, 2*left-2)
				i = (i%period + period) % period
				i = min(i, period-i)
			case "edge":
				i = min(max(i, 0), left-1)
			case "wrap":
				i = (i%left + left) % left
			}
			table[a] = append(table[a], first+i)
		}
	}
	return table
}

// maxTable bounds index tables for padding: those of long signals would be larger
// than the network.
const maxTable = 4096

// joinIndexed joins two index tables in a row.
func (e *Editor) joinIndexed(nd *Node, op *Resize) bool {
	prev := e.made[nd.In[0]]
	if op.Mode != "index" || prev == nil || e.only(nd.In[0]) != nd {
		return false
	}
	q, ok := prev.Op.(*Resize)
	if !ok || q.Mode != "index" {
		return false
	}
	table := slices.Clone(q.Index)
	for a, t := range op.Index {
		switch {
		case t == nil:
		case table[a] == nil:
			table[a] = t
		default:
			both := make([]int, len(t))
			for i, k := range t {
				both[i] = table[a][k]
			}
			table[a] = both
		}
	}
	nd.Op, nd.In = indexed(prev.In[0].Shape, table), prev.In[:1]
	return true
}

// dropRepeats lets an element-wise operator read what an Expand or a Tile in front
// of it only repeats: it repeats by itself.
func (e *Editor) dropRepeats(nd *Node) bool {
	for i, v := range nd.In {
		p := e.made[v]
		if p == nil {
			continue
		}
		switch p.Op.(type) {
		case *Expand, *Tile:
		default:
			continue
		}
		x := p.In[0]
		if s, err := Broadcast(x.Shape, v.Shape); err != nil || sameInts(s, v.Shape) != nil {
			continue
		}
		// Not the last operand that has the whole shape: decompose needs one.
		if sameInts(nd.In[1-i].Shape, nd.Out[0].Shape) == nil && nd.In[1-i].Const == nil {
			nd.In[i] = x
			return true
		}
	}
	return false
}

// joinReduces joins two reductions of one kind over different axes.
func (e *Editor) joinReduces(nd *Node, op *Reduce) bool {
	prev := e.made[nd.In[0]]
	if prev == nil || e.only(nd.In[0]) != nd {
		return false
	}
	q, ok := prev.Op.(*Reduce)
	if !ok || q.Func != op.Func || !slices.Contains([]string{"ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin"}, op.Func) || !nd.In[0].IsFloat() {
		return false
	}
	// The axes of the second in terms of the first's input.
	kept := identity(len(prev.In[0].Shape))
	if !q.Keep {
		kept = slices.DeleteFunc(kept, func(a int) bool { return slices.Contains(q.Axes, a) })
	}
	axes := slices.Clone(q.Axes)
	for _, a := range op.Axes {
		if !slices.Contains(axes, kept[a]) {
			axes = append(axes, kept[a])
		}
	}
	slices.Sort(axes)
	r := &Reduce{Func: op.Func, Axes: axes, NoopEmpty: true, Keep: true}
	y := &Value{Name: nd.Out[0].Name + "/joined", DType: Float32}
	n := &Node{Name: nd.Name, Op: r, In: prev.In[:1], Out: []*Value{y}}
	if r.Infer(n) != nil {
		return false
	}
	e.insert(nd, n)
	nd.Op, nd.In = &Reshape{Shape: nd.Out[0].Shape, Zero: true}, []*Value{y}
	return true
}

// padFewerAxes drops an axis of size 1 that is not padded, so that a Pad of five
// axes, as PaddlePaddle writes it, becomes one of four.
func (e *Editor) padFewerAxes(nd *Node, op *Pad) bool {
	x := nd.In[0]
	rank := len(x.Shape)
	if rank < 5 {
		return false
	}
	for a := rank - 1; a >= 0; a-- {
		if x.Shape[a] != 1 || op.Pads[a] != 0 || op.Pads[a+rank] != 0 {
			continue
		}
		s := slices.Delete(slices.Clone(x.Shape), a, a+1)
		in := &Value{Name: nd.Out[0].Name + "/in", DType: x.DType, Shape: s}
		y := &Value{Name: nd.Out[0].Name + "/padded", DType: x.DType}
		p := slices.Delete(slices.Delete(slices.Clone(op.Pads), a+rank, a+rank+1), a, a+1)
		n := &Node{Name: nd.Name, Op: &Pad{Mode: op.Mode, Pads: p, Value: op.Value}, In: []*Value{in}, Out: []*Value{y}}
		if n.Op.Infer(n) != nil {
			return false
		}
		e.insert(nd, &Node{Name: nd.Name, Op: &Reshape{Shape: s, Zero: true}, In: []*Value{x}, Out: []*Value{in}}, n)
		nd.Op, nd.In = &Reshape{Shape: nd.Out[0].Shape, Zero: true}, []*Value{y}
		return true
	}
	return false
}
