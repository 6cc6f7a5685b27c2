package ir

import "fmt"

// Pad grows (or, with negative pads, crops) axes. Pads, value and axes may come
// as constant inputs 1 to 3.
type Pad struct {
	Mode  string // constant (or empty), reflect, edge, wrap
	Pads  []int  // all begins and then all ends, one per axis
	Value float32
}

// Kind implements Op.
func (*Pad) Kind() string { return "Pad" }

// Infer implements Op.
func (p *Pad) Infer(n *Node) error {
	x, err := n.want(0, "data")
	if err != nil {
		return err
	}
	r := len(x.Shape)
	if len(n.In) > 1 || p.Pads == nil {
		pads, err := n.constInts(1, "pads")
		if err != nil {
			return err
		}
		val, err := n.constFloats(2, "constant_value")
		if err != nil {
			return err
		}
		if len(val) > 0 {
			p.Value = val[0]
		}
		axes, err := n.constInts(3, "axes")
		if err != nil {
			return err
		}
		if pads == nil {
			return fmt.Errorf("input 1 (pads) is missing")
		}
		if axes != nil {
			if len(pads) != 2*len(axes) {
				return fmt.Errorf("pads %v for axes %v: want two per axis", pads, axes)
			}
			full, seen := make([]int, 2*r), make([]bool, r)
			for i, a := range axes {
				a, err := axis(a, r)
				if err != nil {
					return err
				}
				if seen[a] {
					return fmt.Errorf("axes %v: %d stands twice", axes, a)
				}
				seen[a] = true
				full[a], full[a+r] = pads[i], pads[i+len(axes)]
			}
			pads = full
		}
		p.Pads = pads
		n.In = n.In[:1]
	}
	if len(p.Pads) != 2*r {
		return fmt.Errorf("pads %v: want %d values for %v", p.Pads, 2*r, x.Shape)
	}
	switch p.Mode {
	case "":
		p.Mode = "constant"
	case "constant", "reflect", "edge", "wrap":
	default:
		return fmt.Errorf("mode %q is %w, want constant, reflect, edge or wrap", p.Mode, ErrUnsupported)
	}
	s := make([]int, r)
	for i, d := range x.Shape {
		lo, hi := p.Pads[i], p.Pads[i+r]
		if lo > maxWindow || hi > maxWindow || lo < -d || hi < -d || d+lo+hi < 0 {
			return fmt.Errorf("pads %v do not fit %v", p.Pads, x.Shape)
		}
		left := d + min(lo, 0) + min(hi, 0) // of the input, behind negative pads
		if p.Mode == "reflect" && max(lo, hi) >= max(left, 1) {
			return fmt.Errorf("reflect pads %v: want less than the sizes %v", p.Pads, x.Shape)
		}
		if p.Mode != "constant" && left <= 0 && d+lo+hi > 0 {
			return fmt.Errorf("pads %v: nothing is left of %v along axis %d to fill it with", p.Pads, x.Shape, i)
		}
		s[i] = d + lo + hi
	}
	return n.setOut(0, x.DType, s)
}
