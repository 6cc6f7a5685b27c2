package ir

import "fmt"

// Gemm is Alpha·A'·B' + Beta·C with A [M, K] and B [K, N], each transposed on
// demand.
type Gemm struct {
	Alpha, Beta    float32
	TransA, TransB bool
}

// Kind implements Op.
func (*Gemm) Kind() string { return "Gemm" }

// Infer implements Op.
func (g *Gemm) Infer(n *Node) error {
	a, err := n.wantFloat(0, "A")
	if err != nil {
		return err
	}
	b, err := n.wantFloat(1, "B")
	if err != nil {
		return err
	}
	if len(a.Shape) != 2 || len(b.Shape) != 2 {
		return fmt.Errorf("inputs %v and %v: want rank 2", a.Shape, b.Shape)
	}
	m, k := a.Shape[0], a.Shape[1]
	if g.TransA {
		m, k = k, m
	}
	kb, nn := b.Shape[0], b.Shape[1]
	if g.TransB {
		kb, nn = nn, kb
	}
	if k != kb {
		return fmt.Errorf("inputs %v and %v: inner sizes %d and %d differ", a.Shape, b.Shape, k, kb)
	}
	c, err := n.optFloat(2, "C")
	if err != nil {
		return err
	}
	if c != nil {
		if s, err := Broadcast(c.Shape, []int{m, nn}); err != nil || sameInts(s, []int{m, nn}) != nil {
			return fmt.Errorf("input C %v does not broadcast to [%d %d]", c.Shape, m, nn)
		}
	}
	return n.setOut(0, Float32, []int{m, nn})
}

// MatMul is the matrix product over the last two axes, NumPy's rules.
type MatMul struct{}

// Kind implements Op.
func (*MatMul) Kind() string { return "MatMul" }

// Infer implements Op.
func (*MatMul) Infer(n *Node) error {
	a, err := n.wantFloat(0, "A")
	if err != nil {
		return err
	}
	b, err := n.wantFloat(1, "B")
	if err != nil {
		return err
	}
	as, bs := a.Shape, b.Shape
	if len(as) == 0 || len(bs) == 0 {
		return fmt.Errorf("inputs %v and %v: want at least rank 1", as, bs)
	}
	if len(as) == 1 {
		as = []int{1, as[0]}
	}
	if len(bs) == 1 {
		bs = []int{bs[0], 1}
	}
	ka, kb := as[len(as)-1], bs[len(bs)-2]
	if ka != kb {
		return fmt.Errorf("inputs %v and %v: inner sizes %d and %d differ", a.Shape, b.Shape, ka, kb)
	}
	s, err := Broadcast(as[:len(as)-2], bs[:len(bs)-2])
	if err != nil {
		return err
	}
	if len(a.Shape) > 1 {
		s = append(s, as[len(as)-2])
	}
	if len(b.Shape) > 1 {
		s = append(s, bs[len(bs)-1])
	}
	return n.setOut(0, Float32, s)
}

// Dense is a fully connected layer with constant weights: what Gemm and MatMul
// become in the passes.
//
//	X [..., K]   W [N, K]   B [N], optional   Y [..., N]
type Dense struct {
	Act Act
}

// Kind implements Op.
func (*Dense) Kind() string { return "Dense" }

// Infer implements Op.
func (*Dense) Infer(n *Node) error {
	x, err := n.wantFloat(0, "X")
	if err != nil {
		return err
	}
	w, err := n.wantFloat(1, "W")
	if err != nil {
		return err
	}
	r := len(x.Shape)
	if r == 0 || len(w.Shape) != 2 || x.Shape[r-1] != w.Shape[1] {
		return fmt.Errorf("input %v with weights %v: want [..., K] and [N, K]", x.Shape, w.Shape)
	}
	if err := n.checkBias(2, w.Shape[0]); err != nil {
		return err
	}
	return n.setOut(0, Float32, append(append([]int{}, x.Shape[:r-1]...), w.Shape[0]))
}
