package ir

import "fmt"

// BatchNorm is scale·(x − mean)/sqrt(var + Eps) + bias per channel (axis 1),
// with constant inputs 1 to 4: scale, bias, mean, var.
type BatchNorm struct {
	Eps float32
	Act Act
}

// Kind implements Op.
func (*BatchNorm) Kind() string { return "BatchNormalization" }

// Infer implements Op.
func (b *BatchNorm) Infer(n *Node) error {
	x, err := n.wantFloat(0, "X")
	if err != nil {
		return err
	}
	if len(x.Shape) < 2 {
		return fmt.Errorf("input %v: want a channel axis", x.Shape)
	}
	for i, what := range []string{"scale", "B", "mean", "var"} {
		v, err := n.wantFloat(i+1, what)
		if err != nil {
			return err
		}
		if v.Len() != x.Shape[1] {
			return fmt.Errorf("%s %v: want %d values", what, v.Shape, x.Shape[1])
		}
	}
	for _, o := range n.Out[1:] {
		if o != nil {
			return fmt.Errorf("training outputs are %w", ErrUnsupported)
		}
	}
	return n.sameShape()
}

// InstanceNorm is BatchNorm with the statistics of the input itself, per
// sample and channel; constant inputs 1 and 2: scale, bias.
type InstanceNorm struct {
	Eps float32
}

// Kind implements Op.
func (*InstanceNorm) Kind() string { return "InstanceNormalization" }

// Infer implements Op.
func (*InstanceNorm) Infer(n *Node) error {
	x, err := n.wantFloat(0, "input")
	if err != nil {
		return err
	}
	if len(x.Shape) < 3 {
		return fmt.Errorf("input %v: want spatial axes", x.Shape)
	}
	for i, what := range []string{"scale", "B"} {
		v, err := n.wantFloat(i+1, what)
		if err != nil {
			return err
		}
		if v.Len() != x.Shape[1] {
			return fmt.Errorf("%s %v: want %d values", what, v.Shape, x.Shape[1])
		}
	}
	return n.sameShape()
}

// LRN is local response normalization across Size channels:
// x / (Bias + Alpha/Size · Σ x²)^Beta. Krizhevsky 2012, §3.3.
type LRN struct {
	Size              int
	Alpha, Beta, Bias float32
}

// Kind implements Op.
func (*LRN) Kind() string { return "LRN" }

// Infer implements Op.
func (l *LRN) Infer(n *Node) error {
	x, err := n.wantFloat(0, "X")
	if err != nil {
		return err
	}
	if len(x.Shape) < 3 || l.Size < 1 || l.Size > maxWindow {
		return fmt.Errorf("input %v with size %d: want a channel axis and a positive size", x.Shape, l.Size)
	}
	return n.sameShape()
}
