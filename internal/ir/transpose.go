package ir

import "fmt"

// Transpose permutes axes: output axis i is input axis Perm[i].
type Transpose struct {
	Perm []int
}

// Kind implements Op.
func (*Transpose) Kind() string { return "Transpose" }

// Infer implements Op.
func (t *Transpose) Infer(n *Node) error {
	x, err := n.want(0, "data")
	if err != nil {
		return err
	}
	r := len(x.Shape)
	if len(t.Perm) == 0 {
		for i := range r {
			t.Perm = append(t.Perm, r-1-i)
		}
	}
	if len(t.Perm) != r {
		return fmt.Errorf("perm %v: want %d axes", t.Perm, r)
	}
	seen := make([]bool, r)
	s := make([]int, r)
	for i, p := range t.Perm {
		if p < 0 || p >= r || seen[p] {
			return fmt.Errorf("perm %v is not a permutation of %d axes", t.Perm, r)
		}
		seen[p] = true
		s[i] = x.Shape[p]
	}
	return n.setOut(0, x.DType, s)
}

// DepthToSpace moves channels into space (DCR or CRD order), SpaceToDepth the
// other way round.
type DepthToSpace struct {
	Block   int
	CRD     bool
	Inverse bool // SpaceToDepth
}

// Kind implements Op.
func (d *DepthToSpace) Kind() string {
	if d.Inverse {
		return "SpaceToDepth"
	}
	return "DepthToSpace"
}

// Infer implements Op.
func (d *DepthToSpace) Infer(n *Node) error {
	x, err := n.want(0, "input")
	if err != nil {
		return err
	}
	const maxBlock = 1 << 12
	b := d.Block
	if len(x.Shape) != 4 || b < 1 || b > maxBlock {
		return fmt.Errorf("input %v with blocksize %d: want rank 4 and a block of 1 to %d", x.Shape, b, maxBlock)
	}
	s := append([]int{}, x.Shape...)
	if d.Inverse {
		if s[2]%b != 0 || s[3]%b != 0 {
			return fmt.Errorf("blocksize %d does not divide %v", b, x.Shape)
		}
		if elements([]int{s[1], b, b}) > MaxElements {
			return fmt.Errorf("input %v with blocksize %d: more than %d channels", x.Shape, b, MaxElements)
		}
		s[1], s[2], s[3] = s[1]*b*b, s[2]/b, s[3]/b
	} else {
		if s[1]%(b*b) != 0 {
			return fmt.Errorf("blocksize %d squared does not divide %d channels", b, s[1])
		}
		if max(elements([]int{s[2], b}), elements([]int{s[3], b})) > MaxElements {
			return fmt.Errorf("input %v with blocksize %d: more than %d elements", x.Shape, b, MaxElements)
		}
		s[1], s[2], s[3] = s[1]/(b*b), s[2]*b, s[3]*b
	}
	return n.setOut(0, x.DType, s)
}
