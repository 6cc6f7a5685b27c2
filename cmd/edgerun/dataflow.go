package main

import (
	"fmt"
	"slices"
)

// What a node of the picture is.
const (
	inputNode = iota
	opNode
	joinNode // where tensors that operators wrote apart are read as one
	outputNode
)

// graphNode is a box of the picture.
type graphNode struct {
	kind   int
	index  int   // of the input, operator or output; of a join's first reader
	preds  []int // nodes it reads from, ascending
	tensor tensorInfo
}

// graphNodes lists inputs, operators in the order of execution and outputs
// with who reads from whom. It also counts the edges that are left out because
// a node has too many.
//
// Int8 networks tell who reads what by memory, not by name: what Concat joins
// and Split cuts are tensors inside another one's buffer.
func graphNodes(in *inspection) (nodes []graphNode, omitted int) {
	g := &dataflow{in: in, joins: map[string]int{}}
	for i, t := range in.Inputs {
		g.nodes = append(g.nodes, graphNode{kind: inputNode, index: i, tensor: t})
	}
	if in.Kind == "int8" {
		g.byMemory()
	} else {
		g.byName()
	}
	return g.nodes, g.omitted
}

type dataflow struct {
	in      *inspection
	nodes   []graphNode
	joins   map[string]int // by the nodes that they join
	omitted int
}

// add makes a node out of what each of its inputs reads from.
func (g *dataflow) add(n graphNode, reads [][]int, tensors []tensorInfo) int {
	for i, us := range reads {
		slices.Sort(us)
		us = slices.Compact(us)
		if k := len(us) - maxReads; k > 0 {
			g.omitted += k
			us = us[:maxReads]
		}
		if len(us) > 1 {
			key := fmt.Sprint(us)
			j, ok := g.joins[key]
			if !ok {
				j = len(g.nodes)
				g.joins[key] = j
				g.nodes = append(g.nodes, graphNode{kind: joinNode, index: n.index, preds: us, tensor: tensors[i]})
			}
			us = []int{j}
		}
		n.preds = append(n.preds, us...)
	}
	slices.Sort(n.preds)
	n.preds = slices.Compact(n.preds)
	if k := len(n.preds) - maxReads; k > 0 {
		g.omitted += k
		n.preds = n.preds[:maxReads]
	}
	g.nodes = append(g.nodes, n)
	return len(g.nodes) - 1
}

// byName finds the edges of a float network: every value is written once.
func (g *dataflow) byName() {
	writer := map[string]int{}
	for i, t := range g.in.Inputs {
		writer[t.Name] = i
	}
	read := func(name string) []int {
		if u, ok := writer[name]; ok && name != "" {
			return []int{u}
		}
		return nil
	}
	for i, o := range g.in.Ops {
		var reads [][]int
		for _, name := range o.Inputs {
			reads = append(reads, read(name))
		}
		v := g.add(graphNode{kind: opNode, index: i}, reads, nil)
		for _, name := range o.Outputs {
			writer[name] = v
		}
	}
	for i, t := range g.in.Outputs {
		g.add(graphNode{kind: outputNode, index: i, tensor: t}, [][]int{read(t.Name)}, nil)
	}
}

// area is where the bytes of a tensor lie: in all of [lo, hi), or only run
// bytes at every pitch bytes of it.
type area struct{ lo, hi, pitch, run int64 }

func areaOf(t tensorInfo) (area, bool) {
	if t.Offset < 0 || t.Bytes <= 0 {
		return area{}, false
	}
	if t.pitch > t.run && t.run > 0 {
		return area{t.Offset, t.Offset + t.span, t.pitch, t.run}, true
	}
	return area{t.Offset, t.Offset + max(t.Bytes, t.span), 1, 1}, true
}

func (a area) bytes() int64 { return (a.hi - a.lo + a.pitch - 1) / a.pitch * a.run }

// common returns the bytes, rounded up to whole runs, that two areas share.
func (a area) common(b area) int64 {
	lo, hi := max(a.lo, b.lo), min(a.hi, b.hi)
	if lo >= hi {
		return 0
	}
	if a.pitch == 1 {
		a, b = b, a
	}
	run := a.run
	if b.pitch > 1 {
		if a.pitch != b.pitch {
			run = min(a.run, b.run)
		} else {
			// Both are cut out of the same pixels: compare the channels.
			d := (b.lo - a.lo) % a.pitch
			if d < 0 {
				d += a.pitch
			}
			run = max(0, min(a.run, d+b.run)-d) + max(0, min(a.run, d+b.run-a.pitch))
		}
	}
	return (hi - lo + a.pitch - 1) / a.pitch * run
}

// hides reports whether a write to a leaves nothing of what was written to b.
func (a area) hides(b area) bool {
	return a.lo <= b.lo && a.hi >= b.hi && (a.pitch == 1 || b.pitch == a.pitch && a.common(b) >= b.bytes())
}

// byMemory finds the edges of an int8 network: a tensor comes from whoever
// wrote last where it lies.
func (g *dataflow) byMemory() {
	type write struct {
		node, step int
		area       area
	}
	var writes []write // that are not hidden, oldest first
	put := func(node, step int, t tensorInfo) {
		if a, ok := areaOf(t); ok {
			writes = slices.DeleteFunc(writes, func(w write) bool { return a.hides(w.area) })
			writes = append(writes, write{node, step, a})
		}
	}
	live := newLiveBuffers(g.in)
	read := func(t tensorInfo) (from []int) {
		a, ok := areaOf(t)
		if !ok {
			return nil
		}
		since := 0
		if b := live.at(t.Offset); b >= 0 {
			since = g.in.Buffers[b].First
		}
		left := a.bytes()
		for i := len(writes) - 1; i >= 0 && left > 0 && writes[i].step >= since; i-- {
			if n := a.common(writes[i].area); n > 0 {
				from = append(from, writes[i].node)
				left -= n
			}
		}
		return from
	}
	for i, t := range g.in.Inputs {
		put(i, 0, t)
	}
	for i, o := range g.in.Ops {
		live.step(i)
		var reads [][]int
		for _, t := range o.In {
			reads = append(reads, read(t))
		}
		v := g.add(graphNode{kind: opNode, index: i}, reads, o.In)
		for _, t := range o.Out {
			put(v, i, t)
		}
	}
	for i, t := range g.in.Outputs {
		g.add(graphNode{kind: outputNode, index: i, tensor: t}, [][]int{read(t)}, []tensorInfo{t})
	}
}

// liveBuffers walks through the memory plan step by step.
type liveBuffers struct {
	buffers []bufferInfo
	byFirst []int
	live    []int
}

func newLiveBuffers(in *inspection) *liveBuffers {
	l := &liveBuffers{buffers: in.Buffers}
	for i := range in.Buffers {
		l.byFirst = append(l.byFirst, i)
	}
	slices.SortStableFunc(l.byFirst, func(a, b int) int { return in.Buffers[a].First - in.Buffers[b].First })
	return l
}

// step goes on to step i, no earlier than the one before.
func (l *liveBuffers) step(i int) {
	l.live = slices.DeleteFunc(l.live, func(b int) bool { return l.buffers[b].Last < i })
	for len(l.byFirst) > 0 && l.buffers[l.byFirst[0]].First <= i {
		if b := l.byFirst[0]; l.buffers[b].Last >= i {
			l.live = append(l.live, b)
		}
		l.byFirst = l.byFirst[1:]
	}
}

// at returns the live buffer that holds a byte, or -1.
func (l *liveBuffers) at(offset int64) int {
	for _, b := range l.live {
		if p := l.buffers[b]; offset >= p.Offset && offset-p.Offset < p.Bytes {
			return b
		}
	}
	return -1
}
