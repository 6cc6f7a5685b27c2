//go:build !purego

package arm64

import "github.com/edgerun/edgerun/kernels"

// moveTask moves bytes.
type moveTask struct {
	in, out         *byte
	n, rows         int // bytes of a row
	stepIn, stepOut int // from row to row
	apart           int // zip: from the first half of a row to the second; transpose: from row to row,
	apartOut        int // and what becomes of it
}

//go:noescape
func moveRowsNEON(t *moveTask)

//go:noescape
func zipRowsNEON(t *moveTask)

//go:noescape
func transposeNEON(t *moveTask)

// moveWork bounds a call: bytes. A Cortex-A53 needs half a cycle for one, but rows of
// few bytes ten each.
const moveWork = 64 << 10

func plugMove(t *kernels.Table) {
	rest := t.Copy.Run
	t.Copy = kernels.Copy{Name: "copy-neon", Run: func(a *kernels.CopyArgs, w, u0, u1 int) {
		if m := newMove(a, u0, u1); m.kind == moveOther {
			rest(a, w, u0, u1)
		} else {
			m.run(a)
		}
	}}
}

// moveAxis is a dimension of a walk; strides are in bytes.
type moveAxis struct{ n, in, out int }

type moveKind uint8

const (
	moveOther moveKind = iota
	moveRows
	moveZip
	moveTranspose
)

// move is a walk of single bytes: over axes that a kernel does, and others around.
type move struct {
	kind    moveKind
	bytes   int      // rows: the length of one
	x       moveAxis // zip, transpose: along which bytes lie together in the input
	y       moveAxis // rows: from one to the next; zip: the same; transpose: along which they do in the output
	outer   [8]moveAxis
	n       int // of outer
	in, out int // first byte
}

// newMove finds a kernel for units [u0, u1).
func newMove(a *kernels.CopyArgs, u0, u1 int) (m move) {
	m.in, m.out = a.InAt+u0*a.InStride[0], a.OutAt+u0*a.OutStride[0]
	for i, n := range a.Dims {
		if i == 0 {
			n = u1 - u0
		}
		if n > 1 {
			m.outer[m.n] = moveAxis{n, a.InStride[i], a.OutStride[i]}
			m.n++
		}
	}
	m.bytes = a.Size
	for i := 0; i < m.n; {
		if x := m.outer[i]; x.in == m.bytes && x.out == m.bytes {
			m.bytes *= x.n
			m.take(i)
			i = 0
			continue
		}
		i++
	}
	if m.bytes >= 4 {
		m.kind = moveRows
		m.y = m.longest()
		return m
	}
	x, y := -1, -1
	for i := range m.n {
		if m.outer[i].in == 1 && m.outer[i].n >= 8 {
			x = i
		}
		if m.outer[i].out == 1 {
			y = i
		}
	}
	if m.bytes > 1 || x < 0 || y < 0 {
		return m
	}
	m.x = m.outer[x]
	switch pair := m.outer[y]; {
	case pair.n == 2 && m.x.out == 2:
		m.kind = moveZip
		m.x.in = pair.in // the halves' distance
		m.take(max(x, y))
		m.take(min(x, y))
		m.y = m.longest()
	case pair.n >= 8:
		m.kind = moveTranspose
		m.y = pair
		m.take(max(x, y))
		m.take(min(x, y))
	}
	return m
}

// take removes an outer axis.
func (m *move) take(i int) moveAxis {
	x := m.outer[i]
	copy(m.outer[i:m.n], m.outer[i+1:m.n])
	m.n--
	return x
}

// longest removes the outer axis that has the most indices.
func (m *move) longest() moveAxis {
	best := -1
	for i := range m.n {
		if best < 0 || m.outer[i].n > m.outer[best].n {
			best = i
		}
	}
	if best < 0 {
		return moveAxis{n: 1}
	}
	return m.take(best)
}

func (m *move) run(a *kernels.CopyArgs) {
	var ix [8]int
	in, out := m.in, m.out
	for {
		switch m.kind {
		case moveRows:
			m.rows(a, in, out)
		case moveZip:
			m.zip(a, in, out)
		default:
			m.transpose(a, in, out)
		}
		d := m.n - 1
		for ; d >= 0; d-- {
			x := &m.outer[d]
			in, out = in+x.in, out+x.out
			if ix[d]++; ix[d] < x.n {
				break
			}
			in, out = in-x.n*x.in, out-x.n*x.out
			ix[d] = 0
		}
		if d < 0 {
			return
		}
	}
}

// cut is how many of n to do next, when most can be done at a time and the kernel needs
// least.
func cut(n, most, least int) int {
	if n <= most {
		return n
	}
	return max(least, min(most, n-least))
}

func (m *move) rows(a *kernels.CopyArgs, in, out int) {
	t := moveTask{stepIn: m.y.in, stepOut: m.y.out}
	for at := 0; at < m.bytes; at += t.n {
		t.n = cut(m.bytes-at, moveWork, 4)
		for r := 0; r < m.y.n; r += t.rows {
			t.rows = min(m.y.n-r, max(1, moveWork/(t.n+64)))
			t.in, t.out = &a.In[in+at+r*m.y.in], &a.Out[out+at+r*m.y.out]
			moveRowsNEON(&t)
		}
	}
}

func (m *move) zip(a *kernels.CopyArgs, in, out int) {
	t := moveTask{stepIn: m.y.in, stepOut: m.y.out, apart: m.x.in}
	for at := 0; at < m.x.n; at += t.n {
		t.n = cut(m.x.n-at, moveWork, 8)
		for r := 0; r < m.y.n; r += t.rows {
			t.rows = min(m.y.n-r, max(1, moveWork/(t.n+64)))
			t.in, t.out = &a.In[in+at+r*m.y.in], &a.Out[out+2*at+r*m.y.out]
			zipRowsNEON(&t)
		}
	}
}

func (m *move) transpose(a *kernels.CopyArgs, in, out int) {
	t := moveTask{apart: m.y.in, apartOut: m.x.out}
	for i := 0; i < m.x.n; i += t.n {
		t.n = cut(m.x.n-i, moveWork/16, 8)
		for j := 0; j < m.y.n; j += t.rows {
			t.rows = cut(m.y.n-j, max(16, moveWork/t.n), 8)
			t.in, t.out = &a.In[in+i+j*m.y.in], &a.Out[out+j+i*m.x.out]
			transposeNEON(&t)
		}
	}
}
