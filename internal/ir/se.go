package ir

import "fmt"

// SE is a Squeeze-and-Excitation block as one operator: Y = X · gate(W2·act(W1·mean(X) + B1) + B2),
// the mean over space, the gate per channel. Hu 2018 (1709.01507).
//
//	X [N, C, H, W]   W1 [R, C]   B1 [R]   W2 [C, R]   B2 [C]
type SE struct {
	Mid  Function // between the two layers
	Gate Function // behind the second
}

// Kind implements Op.
func (*SE) Kind() string { return "SqueezeExcite" }

func (s *SE) attrs() string { return fmt.Sprintf("{%s, %s}", s.Mid.Kind(), s.Gate.Kind()) }

// Infer implements Op.
func (*SE) Infer(n *Node) error {
	x, err := n.wantFloat(0, "X")
	if err != nil {
		return err
	}
	if len(n.In) != 5 || len(x.Shape) < 3 {
		return fmt.Errorf("input %v with %d inputs: want a feature map and W1, B1, W2, B2", x.Shape, len(n.In))
	}
	w1, err := n.wantFloat(1, "W1")
	if err != nil {
		return err
	}
	if len(w1.Shape) != 2 {
		return fmt.Errorf("W1 %v: want rank 2", w1.Shape)
	}
	c, r := x.Shape[1], w1.Shape[0]
	for i, want := range [][]int{{r, c}, {r}, {c, r}, {c}} {
		if _, err := n.wantFloat(i+1, [...]string{"W1", "B1", "W2", "B2"}[i]); err != nil {
			return err
		}
		if sameInts(n.In[i+1].Shape, want) != nil {
			return fmt.Errorf("input %d is %v, want %v", i+1, n.In[i+1].Shape, want)
		}
	}
	return n.sameShape()
}
