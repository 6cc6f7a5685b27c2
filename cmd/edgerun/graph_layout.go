package main

import (
	"cmp"
	"slices"
)

// The picture of a network is a grid: boxes stand in rows and columns, edges
// run in between. Vertical lines have lanes between the columns, horizontal
// ones tracks between the rows, and a vertical line crosses a row inside a
// column only where that column is free. So no edge runs through a box.
//
// A row is one more than the rows of what the node reads, columns are shared
// by chains: a node stands below the one whose output it mainly continues.

// Measures of the picture in pixels.
const (
	boxW      = 216
	margin    = 10 // around the picture
	laneStep  = 10 // between lanes
	lanePad   = 12 // between a box and the first lane
	trackStep = 7  // between tracks
	gapTop    = 10 // between a box and the first track below it
	gapBottom = 13 // between the last track and the box below it, arrow included
	portStep  = 14 // between the ends of edges on a box
	maxPorts  = 6  // on each side of the middle; further edges share the last
)

// Limits of the rows.
const (
	maxInRow  = 6 // boxes beside each other
	maxBehind = 6 // rows a box may stand above one that runs earlier
)

type point struct{ x, y int }

type box struct{ x, y, h, row, col int }

// route is an edge: horizontal and vertical lines from the lower side of one
// box to the upper side of another.
type route struct {
	from, to int
	pts      []point
}

// graphLayout says where boxes and edges go.
type graphLayout struct {
	w, h   int
	boxes  []box
	routes []route
	rows   []int // y of every row's boxes
	foot   []int // y of every row's end
}

// layoutGraph lays out a network. in lists for every node the nodes that it
// reads from, without repetition; all of them stand before it. height is that
// of the node's box.
func layoutGraph(in [][]int, height func(v int) int) *graphLayout {
	l := &graphLayout{boxes: make([]box, len(in))}
	for v := range in {
		l.boxes[v].h = height(v)
	}
	g := &layouter{graphLayout: l, in: in, out: make([][]int, len(in)), next: make([]int, len(in)), chain: make([]int, len(in))}
	for v, us := range in {
		for _, u := range us {
			g.out[u] = append(g.out[u], v)
		}
	}
	g.assignRows()
	g.findChains()
	g.assignColumns()
	g.classify()
	g.assignLanes()
	g.placeColumns()
	g.assignPorts()
	g.assignTracks()
	g.trace()
	return l
}

// layouter is a layout in the making.
type layouter struct {
	*graphLayout
	in, out [][]int
	nRows   int
	next    []int // node that continues a node's column, or -1
	chain   []int // a node's chain
	chains  []chain
	columns [][]interval // rows that are taken, by column
	gutters [][]lane     // lanes to the right of every column
	lanes   map[netGutter]int
	tracks  []tracks // by gap
	edges   []edge
}

// chain is a run of nodes below each other.
type chain struct {
	head, tail, len int
	col             int
	rows            interval // taken in the column, the tail's line down included
	drop            bool     // the tail's line down has the column for itself
}

type interval struct{ lo, hi int }

func (a interval) meets(b interval) bool { return a.lo <= b.hi && b.lo <= a.hi }

type netGutter struct{ net, gutter int }

// lane is a vertical line of a net between two columns.
type lane struct {
	net  int
	gaps interval // from the gap where it starts to the one where it ends
	slot int
}

// How an edge runs.
const (
	straight = iota // down the column of its chain
	adjacent        // through the gap to the next row
	dropped         // down the column of its source, which ends there
	laned           // in a lane
)

type edge struct {
	from, to int
	how      int
	gutter   int // laned
	x        int // of its vertical line
	port     int // x of its end
}

// assignRows puts every node below what it reads, no more than maxInRow beside
// each other and not far above those that run before it.
func (g *layouter) assignRows() {
	var taken []int
	last := 0
	for v, us := range g.in {
		r := max(0, last-maxBehind)
		for _, u := range us {
			r = max(r, g.boxes[u].row+1)
		}
		for r < len(taken) && taken[r] >= maxInRow {
			r++
		}
		for r >= len(taken) {
			taken = append(taken, 0)
		}
		taken[r]++
		g.boxes[v].row = r
		last = max(last, r)
	}
	g.nRows = len(taken)
}

// findChains joins nodes to chains along the longest paths.
func (g *layouter) findChains() {
	n := len(g.in)
	depth, height := make([]int, n), make([]int, n) // nodes on the longest path that ends, starts here
	for v := range n {
		for _, u := range g.in[v] {
			depth[v] = max(depth[v], depth[u])
		}
		depth[v]++
	}
	for v := n - 1; v >= 0; v-- {
		for _, w := range g.out[v] {
			height[v] = max(height[v], height[w])
		}
		height[v]++
	}
	prev, heir := make([]int, n), make([]int, n) // heir is the reader with the most behind it
	for v := range n {
		prev[v], g.next[v], g.chain[v], heir[v] = -1, -1, -1, -1
		for _, w := range g.out[v] {
			if heir[v] < 0 || height[w] > height[heir[v]] {
				heir[v] = w
			}
		}
	}
	length := make([]int, n) // nodes of the chain down to this one
	choose := func(v int, fits func(u int) bool) {
		best := -1
		for _, u := range g.in[v] {
			if g.next[u] < 0 && fits(u) && (best < 0 || depth[u] > depth[best] || depth[u] == depth[best] && length[u] > length[best]) {
				best = u
			}
		}
		if best >= 0 {
			prev[v], g.next[best] = best, v
		}
	}
	for v := range n {
		choose(v, func(u int) bool { return heir[u] == v })
		length[v] = 1
		if prev[v] >= 0 {
			length[v] += length[prev[v]]
		}
	}
	for v := range n { // columns that nobody continued
		if prev[v] < 0 {
			choose(v, func(int) bool { return true })
		}
	}
	for v := range n {
		if prev[v] >= 0 {
			c := &g.chains[g.chain[prev[v]]]
			g.chain[v], c.tail, c.len = g.chain[prev[v]], v, c.len+1
			continue
		}
		g.chain[v] = len(g.chains)
		g.chains = append(g.chains, chain{head: v, tail: v, len: 1})
	}
}

// assignColumns gives the longest chain the first column and every other the
// first that is free.
func (g *layouter) assignColumns() {
	order := make([]int, len(g.chains))
	trunk := 0
	for i := range order {
		order[i] = i
		c := &g.chains[i]
		if c.len > g.chains[trunk].len {
			trunk = i
		}
		c.rows = interval{g.boxes[c.head].row, g.boxes[c.tail].row}
		for _, w := range g.out[c.tail] {
			c.rows.hi = max(c.rows.hi, g.boxes[w].row-1)
		}
		c.drop = true
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if (a == trunk) != (b == trunk) {
			if a == trunk {
				return -1
			}
			return 1
		}
		return cmp.Compare(g.chains[a].rows.lo, g.chains[b].rows.lo)
	})
	free := func(rows interval) int {
		for c, used := range g.columns {
			if !slices.ContainsFunc(used, rows.meets) {
				return c
			}
		}
		return len(g.columns)
	}
	for _, i := range order {
		c := &g.chains[i]
		col := free(c.rows)
		if short := (interval{c.rows.lo, g.boxes[c.tail].row}); col >= maxInRow && short != c.rows {
			c.rows, c.drop = short, false
			col = free(c.rows)
		}
		if col == len(g.columns) {
			g.columns = append(g.columns, nil)
		}
		g.columns[col] = append(g.columns[col], c.rows)
		c.col = col
		for v := c.head; v >= 0; v = g.next[v] {
			g.boxes[v].col = col
		}
	}
}

// classify decides how every edge runs.
func (g *layouter) classify() {
	for v, us := range g.in {
		for _, u := range us {
			e := edge{from: u, to: v}
			c := &g.chains[g.chain[u]]
			switch {
			case g.next[u] == v:
				e.how = straight
			case g.boxes[v].row == g.boxes[u].row+1:
				e.how = adjacent
			case c.tail == u && c.drop:
				e.how = dropped
			default:
				e.how, e.gutter = laned, min(g.boxes[u].col, g.boxes[v].col)
			}
			g.edges = append(g.edges, e)
		}
	}
}

// assignLanes gives every net that needs one a lane in a gutter. Short lanes
// stand near the boxes.
func (g *layouter) assignLanes() {
	g.gutters = make([][]lane, len(g.columns))
	g.lanes = map[netGutter]int{}
	for _, e := range g.edges {
		if e.how != laned {
			continue
		}
		k := netGutter{e.from, e.gutter}
		gaps := interval{g.boxes[e.from].row, g.boxes[e.to].row - 1}
		if i, ok := g.lanes[k]; ok {
			l := &g.gutters[e.gutter][i]
			l.gaps.hi = max(l.gaps.hi, gaps.hi)
			continue
		}
		g.lanes[k] = len(g.gutters[e.gutter])
		g.gutters[e.gutter] = append(g.gutters[e.gutter], lane{net: e.from, gaps: gaps})
	}
	for _, ls := range g.gutters {
		order := make([]int, len(ls))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int {
			return cmp.Compare(ls[a].gaps.hi-ls[a].gaps.lo, ls[b].gaps.hi-ls[b].gaps.lo)
		})
		var slots [][]interval
		for _, i := range order {
			s := slices.IndexFunc(slots, func(used []interval) bool { return !slices.ContainsFunc(used, ls[i].gaps.meets) })
			if s < 0 {
				s = len(slots)
				slots = append(slots, nil)
			}
			slots[s] = append(slots[s], ls[i].gaps)
			ls[i].slot = s
		}
	}
}

// placeColumns sets every x.
func (g *layouter) placeColumns() {
	x := margin
	left := make([]int, len(g.columns))
	for c, ls := range g.gutters {
		left[c] = x
		slots := 0
		for _, l := range ls {
			slots = max(slots, l.slot+1)
		}
		x += boxW + 2*lanePad
		if slots > 0 {
			x += (slots - 1) * laneStep
		}
	}
	g.w = x - 2*lanePad + margin
	if n := len(g.gutters); n > 0 && len(g.gutters[n-1]) > 0 {
		g.w += lanePad
	}
	for v := range g.boxes {
		g.boxes[v].x = left[g.boxes[v].col]
	}
	for i := range g.edges {
		e := &g.edges[i]
		e.x = g.middle(e.from)
		if e.how == laned {
			l := g.gutters[e.gutter][g.lanes[netGutter{e.from, e.gutter}]]
			e.x = left[e.gutter] + boxW + lanePad + l.slot*laneStep
		}
	}
}

func (g *layouter) middle(v int) int { return g.boxes[v].x + boxW/2 }

// assignPorts says where on the upper side of its box every edge ends: what
// continues the column in the middle, the others on the side they come from,
// the near ones near the middle.
func (g *layouter) assignPorts() {
	byTo := make([][]*edge, len(g.in))
	for i := range g.edges {
		byTo[g.edges[i].to] = append(byTo[g.edges[i].to], &g.edges[i])
	}
	for v, es := range byTo {
		mid := g.middle(v)
		var left, right []*edge
		centred := g.columnTaken(v)
		for _, e := range es {
			switch {
			case e.how == straight:
				e.port = mid
			case !centred:
				e.port, centred = mid, true
			case e.x < mid:
				left = append(left, e)
			default:
				right = append(right, e)
			}
		}
		slices.SortStableFunc(left, func(a, b *edge) int { return cmp.Compare(b.x, a.x) })
		slices.SortStableFunc(right, func(a, b *edge) int { return cmp.Compare(a.x, b.x) })
		for i, e := range left {
			e.port = mid - portStep*min(i+1, maxPorts)
		}
		for i, e := range right {
			e.port = mid + portStep*min(i+1, maxPorts)
		}
	}
}

// columnTaken reports whether something stands or runs right above a node in
// its column.
func (g *layouter) columnTaken(v int) bool {
	b := &g.boxes[v]
	if g.chains[g.chain[v]].head != v {
		return true
	}
	above := interval{b.row - 1, b.row - 1}
	return slices.ContainsFunc(g.columns[b.col], above.meets)
}

// tracks are the horizontal lines between two rows.
type tracks struct {
	nets []int // in order
	span map[int]interval
	slot map[int]int
	n    int
}

// assignTracks lays the horizontal lines and sets every y.
func (g *layouter) assignTracks() {
	g.tracks = make([]tracks, g.nRows)
	add := func(gap, net, a, b int) {
		t := &g.tracks[gap]
		if t.span == nil {
			t.span, t.slot = map[int]interval{}, map[int]int{}
		}
		s, ok := t.span[net]
		if !ok {
			s = interval{a, a}
			t.nets = append(t.nets, net)
		}
		t.span[net] = interval{min(s.lo, a, b), max(s.hi, a, b)}
	}
	for _, e := range g.edges {
		if e.how == straight {
			continue
		}
		if e.how == laned {
			add(g.boxes[e.from].row, e.from, g.middle(e.from), e.x)
		}
		if e.x != e.port {
			add(g.boxes[e.to].row-1, e.from, e.x, e.port)
		}
	}
	tall := make([]int, g.nRows)
	for _, b := range g.boxes {
		tall[b.row] = max(tall[b.row], b.h)
	}
	y := margin
	for r := range g.nRows {
		g.rows = append(g.rows, y)
		t := &g.tracks[r]
		slices.SortStableFunc(t.nets, func(a, b int) int {
			return cmp.Compare(t.span[a].hi-t.span[a].lo, t.span[b].hi-t.span[b].lo)
		})
		var slots [][]interval
		for _, net := range t.nets {
			s := t.span[net]
			wide := interval{s.lo - laneStep/2, s.hi + laneStep/2}
			i := slices.IndexFunc(slots, func(used []interval) bool { return !slices.ContainsFunc(used, wide.meets) })
			if i < 0 {
				i = len(slots)
				slots = append(slots, nil)
			}
			slots[i] = append(slots[i], s)
			t.slot[net] = i
		}
		t.n = len(slots)
		y += tall[r]
		g.foot = append(g.foot, y)
		if r < g.nRows-1 {
			y += gapTop + gapBottom + max(0, t.n-1)*trackStep
		}
	}
	g.h = y + margin
	for v := range g.boxes {
		g.boxes[v].y = g.rows[g.boxes[v].row]
	}
}

// trace draws the edges.
func (g *layouter) trace() {
	track := func(gap, net int) int { return g.foot[gap] + gapTop + g.tracks[gap].slot[net]*trackStep }
	for _, e := range g.edges {
		a, b := &g.boxes[e.from], &g.boxes[e.to]
		r := route{from: e.from, to: e.to, pts: []point{{g.middle(e.from), a.y + a.h}}}
		if e.how == laned {
			y := track(a.row, e.from)
			r.pts = append(r.pts, point{g.middle(e.from), y}, point{e.x, y})
		}
		if e.how != straight && e.x != e.port {
			y := track(b.row-1, e.from)
			r.pts = append(r.pts, point{e.x, y}, point{e.port, y})
		}
		x := e.port
		if e.how == straight {
			x = g.middle(e.to)
		}
		g.routes = append(g.routes, route{e.from, e.to, append(r.pts, point{x, b.y})})
	}
}
