package ir

import (
	"fmt"
	"math"

	"github.com/edgerun/edgerun/internal/portable"
)

// Binary is an element-wise function of two inputs with broadcasting.
type Binary struct {
	Func string
	Mod  bool // Mod: C's fmod instead of Python's %
	Act  Act
}

// binaryFuncs holds the arithmetic functions; comparisons give 0 or 1.
var binaryFuncs = map[string]func(a, b float64) float64{
	"Add": func(a, b float64) float64 { return a + b },
	"Sub": func(a, b float64) float64 { return a - b },
	"Mul": func(a, b float64) float64 { return a * b },
	"Div": func(a, b float64) float64 { return a / b },
	"Pow": portable.Pow,
	"Max": func(a, b float64) float64 { return max(a, b) },
	"Min": func(a, b float64) float64 { return min(a, b) },
	"Mod": func(a, b float64) float64 {
		if r := math.Mod(a, b); r != 0 && (r < 0) != (b < 0) {
			return r + b
		} else {
			return r
		}
	},
	"Equal":          func(a, b float64) float64 { return truth(a == b) },
	"Greater":        func(a, b float64) float64 { return truth(a > b) },
	"Less":           func(a, b float64) float64 { return truth(a < b) },
	"GreaterOrEqual": func(a, b float64) float64 { return truth(a >= b) },
	"LessOrEqual":    func(a, b float64) float64 { return truth(a <= b) },
	"And":            func(a, b float64) float64 { return truth(a != 0 && b != 0) },
	"Or":             func(a, b float64) float64 { return truth(a != 0 || b != 0) },
	"Xor":            func(a, b float64) float64 { return truth((a != 0) != (b != 0)) },
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// IsBinary reports whether name is a function that Binary knows.
func IsBinary(name string) bool { return binaryFuncs[name] != nil }

// EvalBinary computes one element.
func EvalBinary(name string, a, b float64) float64 { return binaryFuncs[name](a, b) }

// Kind implements Op.
func (b *Binary) Kind() string { return b.Func }

// Compares reports whether the result is a truth value.
func (b *Binary) Compares() bool {
	switch b.Func {
	case "Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual", "And", "Or", "Xor":
		return true
	}
	return false
}

// Infer implements Op.
func (b *Binary) Infer(n *Node) error {
	if binaryFuncs[b.Func] == nil {
		return fmt.Errorf("function %q is %w", b.Func, ErrUnsupported)
	}
	x, err := n.want(0, "A")
	if err != nil {
		return err
	}
	y, err := n.want(1, "B")
	if err != nil {
		return err
	}
	if x.DType != y.DType && b.Func != "Pow" {
		return fmt.Errorf("inputs are %s and %s, want one type", x.DType, y.DType)
	}
	switch b.Func {
	case "Equal":
	case "And", "Or", "Xor":
		if x.DType != Bool {
			return fmt.Errorf("inputs are %s, want bool", x.DType)
		}
	default:
		if x.DType == Bool || y.DType == Bool {
			return fmt.Errorf("inputs are bool, want numbers")
		}
	}
	s, err := Broadcast(x.Shape, y.Shape)
	if err != nil {
		return err
	}
	if b.Act.Kind != "" && x.DType != Float32 {
		return fmt.Errorf("activation of %s, want float32", x.DType)
	}
	d := x.DType
	if b.Compares() {
		d = Bool
	}
	return n.setOut(0, d, s)
}

// Where is cond ? a : b, element by element, with broadcasting.
type Where struct{}

// Kind implements Op.
func (*Where) Kind() string { return "Where" }

// Infer implements Op.
func (*Where) Infer(n *Node) error {
	var s []int
	for i, what := range []string{"condition", "X", "Y"} {
		v, err := n.want(i, what)
		if err != nil {
			return err
		}
		if i == 0 {
			s = v.Shape
		} else if s, err = Broadcast(s, v.Shape); err != nil {
			return err
		}
	}
	if c := n.In[0]; c.DType != Bool {
		return fmt.Errorf("the condition is %s, want bool", c.DType)
	}
	x, y := n.In[1], n.In[2]
	if x.DType != y.DType {
		return fmt.Errorf("inputs are %s and %s, want one type", x.DType, y.DType)
	}
	return n.setOut(0, x.DType, s)
}
