package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Limits of the page, for files made to make it huge.
const (
	maxDrawn     = 4000 // operators in pictures and tables
	maxReads     = 40   // edges into one box
	maxListed    = 8    // tensors in one tooltip
	maxMetaLines = 2000
	maxMetaBytes = 64 << 10
	stripRows    = 6 // rows of the graph that printing does not tear apart
)

// inspectHTML writes a page about a network that needs no other file.
func inspectHTML(w io.Writer, in *inspection) error {
	p, err := newPage(clean(in.Model, nameTable))
	if err != nil {
		return err
	}
	v := &inspectPage{page: p, Model: clean(in.Model, nameFull), Int8: in.Kind == "int8", Kind: clean(in.Kind, 20), NOps: len(in.Ops)}
	v.facts(in)
	v.Ports = append(portRows("input", in.Inputs), portRows("output", in.Outputs)...)
	for _, m := range in.Meta {
		v.Meta = append(v.Meta, newMetaRow(m))
	}
	v.kinds(in)
	v.operators(in)
	if len(in.Ops) <= maxDrawn {
		v.Graph = newGraphView(in)
		if v.Int8 {
			v.Memory = newMemoryView(in)
		}
	}
	return writePage(w, "inspect.html", v)
}

type inspectPage struct {
	page
	Model, Kind string
	Int8        bool
	NOps        int
	Facts       []fact
	Ports       []portRow
	Meta        []metaRow
	Kinds       []kindRow
	Graph       *graphView
	Memory      *memoryView
	Ops         []opRow
	Left        int // operators that are not in the table
	Quantized   bool
}

// fact is one figure of a page's head.
type fact struct{ Name, Value, Note string }

func (v *inspectPage) facts(in *inspection) {
	v.Facts = append(v.Facts,
		fact{"File", size(in.Bytes), ""},
		fact{"Operators", fmt.Sprint(len(in.Ops)), ""},
		fact{"Multiply-accumulates", count(in.MACs), "for one run"},
		fact{"Weights", size(in.WeightBytes), ""})
	if !v.Int8 {
		return
	}
	note := "lower bound " + size(in.ArenaBound)
	if in.ArenaBound > 0 {
		if in.Arena == in.ArenaBound {
			note = "equal to the lower bound"
		} else {
			note += fmt.Sprintf(", %.1f %% more", 100*(float64(in.Arena)/float64(in.ArenaBound)-1))
		}
	}
	v.Facts = append(v.Facts, fact{"Arena", size(in.Arena), note}, fact{"Scratch", size(in.Scratch), "for each worker"})
}

type portRow struct{ Dir, Name, Shape, Type, Quant string }

func portRows(dir string, ts []tensorInfo) []portRow {
	var out []portRow
	for i, t := range ts {
		if i == maxListed*8 {
			out = append(out, portRow{Dir: dir, Name: fmt.Sprintf("… and %d more", len(ts)-i)})
			break
		}
		out = append(out, portRow{dir, clean(t.Name, nameFull), dims(t.Shape), t.Type, quantText(t)})
	}
	return out
}

// metaRow is a property of the file; long ones fold.
type metaRow struct {
	Key, Value, Summary string
}

func newMetaRow(m metaItem) metaRow {
	r := metaRow{Key: clean(m.Key, nameTable)}
	value := m.Value
	if len(value) > maxMetaBytes {
		value = value[:maxMetaBytes]
	}
	lines := strings.Split(value, "\n")
	if len(lines) == 1 && len(value) <= nameFull {
		r.Value = clean(value, nameFull)
		return r
	}
	r.Summary = fmt.Sprintf("%d lines", strings.Count(m.Value, "\n")+1)
	if len(lines) == 1 {
		r.Summary = fmt.Sprintf("%d bytes", len(m.Value))
	}
	for i, l := range lines[:min(len(lines), maxMetaLines)] {
		if i > 0 {
			r.Value += "\n"
		}
		r.Value += clean(l, 4*nameFull)
	}
	if len(lines) > maxMetaLines || len(value) < len(m.Value) {
		r.Value += "\n…"
	}
	return r
}

// kindRow sums up the operators of one kind. It is also the key to the colours.
type kindRow struct {
	Op, Family         string
	Count              int
	macs, weights      int64
	MACs, Weights      string
	MACShare, WShare   string
	MACWidth, WWidth   string
	MACsRaw, WeightRaw int64
}

func (v *inspectPage) kinds(in *inspection) {
	index := map[string]int{}
	for _, o := range in.Ops {
		i, ok := index[o.Op]
		if !ok {
			i = len(v.Kinds)
			index[o.Op] = i
			v.Kinds = append(v.Kinds, kindRow{Op: clean(o.Op, 28), Family: family(o.Op)})
		}
		k := &v.Kinds[i]
		k.Count, k.macs, k.weights = k.Count+1, k.macs+o.MACs, k.weights+o.WeightBytes
	}
	slices.SortStableFunc(v.Kinds, func(a, b kindRow) int {
		return cmp.Or(cmp.Compare(b.macs, a.macs), cmp.Compare(b.weights, a.weights), cmp.Compare(b.Count, a.Count))
	})
	for i := range v.Kinds {
		k := &v.Kinds[i]
		k.MACsRaw, k.WeightRaw = k.macs, k.weights
		k.MACs, k.MACShare, k.MACWidth = amount(k.macs, count), share(float64(k.macs), float64(in.MACs)), width(float64(k.macs), float64(in.MACs))
		k.Weights, k.WShare, k.WWidth = amount(k.weights, size), share(float64(k.weights), float64(in.WeightBytes)), width(float64(k.weights), float64(in.WeightBytes))
	}
}

// amount prints n, and nothing for nothing.
func amount(n int64, print func(int64) string) string {
	if n == 0 {
		return "–"
	}
	return print(n)
}

// opRow is a line of the table of operators.
type opRow struct {
	Index                    int
	Op, Family, Name, Detail string
	Shape, Type, Kernel      string
	MACs, MACShare, MACWidth string
	Weights, WShare, WWidth  string
	MACsRaw, WeightRaw       int64
}

func (v *inspectPage) operators(in *inspection) {
	var topM, topW int64
	for _, o := range in.Ops {
		topM, topW = max(topM, o.MACs), max(topW, o.WeightBytes)
	}
	for i, o := range in.Ops {
		if i == maxDrawn {
			v.Left = len(in.Ops) - i
			break
		}
		r := opRow{Index: i, Op: clean(o.Op, 28), Family: family(o.Op), Name: clean(o.Name, nameTable), Detail: strings.ReplaceAll(attributes(o), "x", "×"), Kernel: clean(o.Kernel, 48),
			MACs: amount(o.MACs, count), MACsRaw: o.MACs, MACShare: share(float64(o.MACs), float64(in.MACs)), MACWidth: width(float64(o.MACs), float64(topM)),
			Weights: amount(o.WeightBytes, size), WeightRaw: o.WeightBytes, WShare: share(float64(o.WeightBytes), float64(in.WeightBytes)), WWidth: width(float64(o.WeightBytes), float64(topW))}
		if len(o.Out) > 0 {
			r.Shape, r.Type = dims(o.Out[0].Shape), o.Out[0].Type
		}
		v.Ops = append(v.Ops, r)
	}
}

// attributes is an operator's detail where there is little room: structs of
// the importer are left out.
func attributes(o opInfo) string {
	if strings.HasPrefix(o.Detail, "{") || strings.HasPrefix(o.Detail, "&{") {
		return ""
	}
	return clean(o.Detail, 40)
}

// graphView is the picture of the network, cut into strips that printing keeps
// whole.
type graphView struct {
	W, H    int
	BoxW    int
	InnerW  int // of a box within its border
	BarW    int // of the longest bar in a box
	Strips  []graphStrip
	Omitted int // edges
}

type graphStrip struct {
	Y, W, H int
	Edges   []edgeView
	Nodes   []nodeView
}

type edgeView struct {
	D        string
	From, To int
}

type nodeView struct {
	X, Y, H    int
	ID         string // of the box in the page
	Node       int
	Family     string
	Tip        string
	Head, Tag  string // first line: left and right
	Name, Line string
	Bar        int // width in pixels
	Small      bool
}

// newGraphView draws inputs, operators and outputs, in this order of nodes.
func newGraphView(in *inspection) *graphView {
	list, omitted := graphNodes(in)
	preds := make([][]int, len(list))
	for v, n := range list {
		preds[v] = n.preds
	}
	l := layoutGraph(preds, func(v int) int {
		if list[v].kind == joinNode {
			return joinH
		}
		return boxH
	})
	g := &graphView{W: l.w, H: l.h, BoxW: boxW, InnerW: boxW - 2, BarW: barW, Omitted: omitted}
	var top int64
	for _, o := range in.Ops {
		top = max(top, o.MACs)
	}
	nodes := make([]nodeView, len(list))
	for v := range nodes {
		n, i := &nodes[v], list[v].index
		n.X, n.Y, n.H, n.Node = l.boxes[v].x, l.boxes[v].y, l.boxes[v].h, v
		switch list[v].kind {
		case inputNode:
			n.port("input", in.Inputs[i], i)
		case outputNode:
			n.port("output", in.Outputs[i], i)
		case joinNode:
			n.join(list[v], list)
		case opNode:
			n.operator(in, i)
			if o := in.Ops[i]; top > 0 && o.MACs > 0 {
				n.Bar = max(1, int(barW*float64(o.MACs)/float64(top)))
			}
		}
	}
	// A strip ends right above a box: all lines cross the cut vertically.
	for r := 0; r < len(l.rows); r += stripRows {
		s := graphStrip{Y: l.rows[r] - gapBottom/2, W: l.w, H: l.h}
		if r == 0 {
			s.Y = 0
		}
		if r+stripRows < len(l.rows) {
			s.H = l.rows[r+stripRows] - gapBottom/2
		}
		s.H -= s.Y
		g.Strips = append(g.Strips, s)
	}
	at := func(y int) int { // the strip of a height
		i, ok := slices.BinarySearchFunc(g.Strips, y, func(s graphStrip, y int) int { return cmp.Compare(s.Y, y) })
		if ok {
			return i
		}
		return max(0, i-1)
	}
	for _, n := range nodes {
		s := &g.Strips[at(n.Y)]
		s.Nodes = append(s.Nodes, n)
	}
	for _, r := range l.routes {
		e := edgeView{path(r.pts), r.from, r.to}
		for i := at(r.pts[0].y); i <= at(r.pts[len(r.pts)-1].y); i++ {
			g.Strips[i].Edges = append(g.Strips[i].Edges, e)
		}
	}
	return g
}

// path is the line through some points with round corners and an arrow's tip.
func path(pts []point) string {
	const radius = 5
	var b strings.Builder
	fmt.Fprintf(&b, "M%d %d", pts[0].x, pts[0].y)
	dir := func(a, b point) point { return point{cmp.Compare(b.x, a.x), cmp.Compare(b.y, a.y)} }
	dist := func(a, b point) int { return max(a.x-b.x, b.x-a.x) + max(a.y-b.y, b.y-a.y) }
	for i := 1; i < len(pts)-1; i++ {
		p, q, r := pts[i-1], pts[i], pts[i+1]
		k := min(radius, dist(p, q)/2, dist(q, r)/2)
		u, v := dir(p, q), dir(q, r)
		fmt.Fprintf(&b, "L%d %dQ%d %d %d %d", q.x-k*u.x, q.y-k*u.y, q.x, q.y, q.x+k*v.x, q.y+k*v.y)
	}
	end := pts[len(pts)-1]
	fmt.Fprintf(&b, "L%d %dm-3-4l3 4l3-4", end.x, end.y-1)
	return b.String()
}

// Boxes in pixels, and the width of the text in them in characters.
const (
	boxH    = 56
	joinH   = 22
	barW    = boxW - 28
	boxHead = 22
	boxLine = 30
)

func (n *nodeView) port(dir string, t tensorInfo, i int) {
	n.ID, n.Family, n.Head = fmt.Sprintf("%s%d", dir, i), "io", dir
	n.Name, n.Line = clean(t.Name, boxLine), shorten(dims(t.Shape)+" "+t.Type, boxLine)
	n.Tip = dir + " " + clean(t.Name, nameFull) + "\nshape: " + dims(t.Shape) + "\ntype: " + t.Type
	if q := quantText(t); q != "" {
		n.Tip += "\nvalue: " + q
	}
}

// join draws what Concat became: its inputs are written beside each other, and
// nothing is left to run.
func (n *nodeView) join(j graphNode, list []graphNode) {
	n.ID, n.Family, n.Head, n.Small = fmt.Sprintf("j%d", n.Node), "move", "joined in place", true
	if t := j.tensor; len(t.Shape) > 0 {
		n.Line = shorten(dims(t.Shape), boxLine-16)
	}
	n.Tip = fmt.Sprintf("joined in place\nwhat: %d operators write parts of one tensor, which costs no step\nout: %s  %s %s", len(j.preds), clean(j.tensor.Name, nameTable), dims(j.tensor.Shape), j.tensor.Type)
	for k, u := range j.preds {
		if k == maxListed {
			n.Tip += fmt.Sprintf("\nparts: … and %d more", len(j.preds)-k)
			break
		}
		switch list[u].kind {
		case opNode:
			n.Tip += fmt.Sprintf("\nparts: operator %d", list[u].index)
		case inputNode:
			n.Tip += "\nparts: input " + clean(list[u].tensor.Name, nameTable)
		}
	}
}

func (n *nodeView) operator(in *inspection, i int) {
	o := in.Ops[i]
	n.ID, n.Family, n.Head, n.Tag, n.Name = fmt.Sprintf("n%d", i), family(o.Op), clean(o.Op, boxHead), fmt.Sprint(i), clean(o.Name, boxLine)
	if len(o.Out) > 0 {
		n.Line = dims(o.Out[0].Shape)
		if o.Out[0].Type == "int16" {
			n.Line += " int16"
		}
	}
	if d := attributes(o); d != "" {
		n.Line += " · " + strings.ReplaceAll(d, "x", "×")
	}
	if rs := []rune(n.Line); len(rs) > boxLine { // here the beginning counts
		n.Line = string(rs[:boxLine-1]) + "…"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s %s", i, clean(o.Op, 40), clean(o.Name, nameFull))
	line := func(key, value string) {
		if value != "" {
			fmt.Fprintf(&b, "\n%s: %s", key, value)
		}
	}
	line("detail", strings.ReplaceAll(clean(o.Detail, nameFull), "x", "×"))
	tensors := func(key string, ts []tensorInfo) {
		for k, t := range ts {
			if k == maxListed {
				line(key, fmt.Sprintf("… and %d more", len(ts)-k))
				break
			}
			text := clean(t.Name, nameTable) + "  " + dims(t.Shape) + " " + t.Type
			if q := quantText(t); q != "" {
				text += "  " + q
			}
			line(key, text)
		}
	}
	tensors("in", o.In)
	tensors("out", o.Out)
	line("kernel", clean(o.Kernel, 60))
	if o.MACs > 0 {
		line("MACs", count(o.MACs)+", "+share(float64(o.MACs), float64(in.MACs)))
	}
	if o.WeightBytes > 0 {
		line("weights", size(o.WeightBytes)+", "+share(float64(o.WeightBytes), float64(in.WeightBytes)))
	}
	n.Tip = b.String()
}
