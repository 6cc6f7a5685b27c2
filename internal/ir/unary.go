package ir

import (
	"fmt"
	"math"

	"github.com/edgerun/edgerun/internal/portable"
)

// Unary is an element-wise function of one input. Alpha, Beta and Gamma mean
// what ONNX calls them; Clip has its bounds in Alpha (low) and Beta (high).
// Clip may also have its bounds as constant inputs 1 and 2, which Infer moves
// into the fields.
type Unary struct {
	Func               string
	Alpha, Beta, Gamma float32
}

// unaryFuncs holds the formula of every function, in float64.
var unaryFuncs = map[string]func(u *Unary, x float64) float64{
	"Relu": func(_ *Unary, x float64) float64 { return max(x, 0) },
	"LeakyRelu": func(u *Unary, x float64) float64 {
		if x < 0 {
			return float64(u.Alpha) * x
		}
		return x
	},
	"ThresholdedRelu": func(u *Unary, x float64) float64 {
		if x > float64(u.Alpha) {
			return x
		}
		return 0
	},
	"Elu": func(u *Unary, x float64) float64 {
		if x < 0 {
			return float64(u.Alpha) * portable.Expm1(x)
		}
		return x
	},
	"Celu": func(u *Unary, x float64) float64 {
		a := float64(u.Alpha)
		return max(0, x) + min(0, float64(a*portable.Expm1(x/a)))
	},
	"Selu": func(u *Unary, x float64) float64 {
		if x <= 0 {
			return float64(u.Gamma) * float64(u.Alpha) * portable.Expm1(x)
		}
		return float64(u.Gamma) * x
	},
	"Clip":        func(u *Unary, x float64) float64 { return min(max(x, float64(u.Alpha)), float64(u.Beta)) },
	"Sigmoid":     func(_ *Unary, x float64) float64 { return sigmoid(x) },
	"HardSigmoid": func(u *Unary, x float64) float64 { return min(max(float64(float64(u.Alpha)*x)+float64(u.Beta), 0), 1) },
	"HardSwish":   func(_ *Unary, x float64) float64 { return x * min(max(x/6+0.5, 0), 1) },
	"Swish":       func(u *Unary, x float64) float64 { return x * sigmoid(float64(u.Alpha)*x) },
	"Mish":        func(_ *Unary, x float64) float64 { return x * portable.Tanh(softplus(x)) },
	"Softplus":    func(_ *Unary, x float64) float64 { return softplus(x) },
	"Softsign":    func(_ *Unary, x float64) float64 { return x / (1 + math.Abs(x)) },
	"Gelu":        func(_ *Unary, x float64) float64 { return 0.5 * x * (1 + portable.Erf(x/math.Sqrt2)) },
	"GeluTanh": func(_ *Unary, x float64) float64 {
		return 0.5 * x * (1 + portable.Tanh(math.Sqrt(2/math.Pi)*(x+float64(0.044715*x*x*x))))
	},
	"Tanh":       func(_ *Unary, x float64) float64 { return portable.Tanh(x) },
	"Exp":        func(_ *Unary, x float64) float64 { return portable.Exp(x) },
	"Log":        func(_ *Unary, x float64) float64 { return portable.Log(x) },
	"Sqrt":       func(_ *Unary, x float64) float64 { return math.Sqrt(x) },
	"Reciprocal": func(_ *Unary, x float64) float64 { return 1 / x },
	"Neg":        func(_ *Unary, x float64) float64 { return -x },
	"Abs":        func(_ *Unary, x float64) float64 { return math.Abs(x) },
	"Floor":      func(_ *Unary, x float64) float64 { return math.Floor(x) },
	"Ceil":       func(_ *Unary, x float64) float64 { return math.Ceil(x) },
	"Round":      func(_ *Unary, x float64) float64 { return math.RoundToEven(x) },
	"Sign": func(_ *Unary, x float64) float64 {
		switch {
		case x > 0:
			return 1
		case x < 0:
			return -1
		}
		return x
	},
	"Erf":      func(_ *Unary, x float64) float64 { return portable.Erf(x) },
	"Sin":      func(_ *Unary, x float64) float64 { return portable.Sin(x) },
	"Cos":      func(_ *Unary, x float64) float64 { return portable.Cos(x) },
	"Identity": func(_ *Unary, x float64) float64 { return x }, // where the quantizer changes the width
	"Not": func(_ *Unary, x float64) float64 {
		if x == 0 {
			return 1
		}
		return 0
	},
}

func sigmoid(x float64) float64 {
	if x >= 0 {
		return 1 / (1 + portable.Exp(-x))
	}
	e := portable.Exp(x)
	return e / (1 + e)
}

func softplus(x float64) float64 { return max(x, 0) + portable.Log1p(portable.Exp(-math.Abs(x))) }

// IsUnary reports whether name is a function that Unary knows.
func IsUnary(name string) bool { return unaryFuncs[name] != nil }

// Kind implements Op.
func (u *Unary) Kind() string { return u.Func }

// Eval computes the function of x.
func (u *Unary) Eval(x float64) float64 { return unaryFuncs[u.Func](u, x) }

// Apply is Eval for every element of src; dst may be src.
func (u *Unary) Apply(dst, src []float32) {
	f := unaryFuncs[u.Func]
	for i, x := range src {
		dst[i] = float32(f(u, float64(x)))
	}
}

// Infer implements Op.
func (u *Unary) Infer(n *Node) error {
	if unaryFuncs[u.Func] == nil {
		return fmt.Errorf("function %q is %w", u.Func, ErrUnsupported)
	}
	x, err := n.want(0, "X")
	if err != nil {
		return err
	}
	if err := u.checkType(x.DType); err != nil {
		return err
	}
	if u.Func == "Clip" && len(n.In) > 1 {
		if u.clipToData(n) {
			return n.Op.Infer(n)
		}
		for i, p := range []*float32{&u.Alpha, &u.Beta} {
			b, err := n.constFloats(i+1, [...]string{"min", "max"}[i])
			if err != nil {
				return err
			}
			if len(b) == 1 {
				*p = b[0]
			} else if len(b) > 1 {
				return fmt.Errorf("bound %v: want one value", b)
			}
		}
		n.In = n.In[:1]
	}
	return n.sameShape()
}

// clipToData makes a maximum or a minimum of a Clip that has one bound computed
// from data; the other becomes the activation.
func (u *Unary) clipToData(n *Node) bool {
	lo, hi := n.Input(1), n.Input(2)
	computed := func(v *Value) bool { return v != nil && v.Const == nil && v.IsFloat() && v.Len() == 1 }
	bound := func(v *Value, p float32) (float32, bool) {
		if v == nil {
			return p, true
		}
		c, ok := scalarOf(v)
		return float32(c), ok
	}
	if computed(lo) {
		if c, ok := bound(hi, u.Beta); ok {
			n.Op, n.In = &Binary{Func: "Max", Act: clampUnlessOpen(float32(math.Inf(-1)), c)}, []*Value{n.In[0], lo}
			return true
		}
	} else if computed(hi) {
		if c, ok := bound(lo, u.Alpha); ok {
			n.Op, n.In = &Binary{Func: "Min", Act: clampUnlessOpen(c, float32(math.Inf(1)))}, []*Value{n.In[0], hi}
			return true
		}
	}
	return false
}

func clampUnlessOpen(lo, hi float32) Act {
	if math.IsInf(float64(lo), -1) && math.IsInf(float64(hi), 1) {
		return Act{}
	}
	return Clamp(lo, hi)
}

// checkType fails on element types that the function is not defined for.
func (u *Unary) checkType(d DType) error {
	if u.Func == "Not" {
		if d != Bool {
			return fmt.Errorf("input of type %s, want bool", d)
		}
		return nil
	}
	switch u.Func {
	case "Relu", "Clip", "Neg", "Abs", "Sign":
		if d != Bool {
			return nil
		}
	}
	if d != Float32 {
		return fmt.Errorf("input of type %s is %w, want float32", d, ErrUnsupported)
	}
	return nil
}

func (u *Unary) attrs() string {
	if u.Alpha == 0 && u.Beta == 0 && u.Gamma == 0 {
		return ""
	}
	return fmt.Sprintf("{%g %g %g}", u.Alpha, u.Beta, u.Gamma)
}

// AsClamp returns the bounds when the function is Relu or Clip.
func (u *Unary) AsClamp() (lo, hi float32, ok bool) {
	switch u.Func {
	case "Relu":
		return 0, float32(math.Inf(1)), true
	case "Clip":
		return u.Alpha, u.Beta, true
	}
	return 0, 0, false
}

// Func is an element-wise function of one input that the passes put together
// from a chain or a small tree of nodes, for instance x·clip(x+3, 0, 6)/6.
type Func struct {
	Label string // what it is, for people: "HardSwish", or the chain "Add-Clip-Mul"
	Steps []FuncStep
}

// FuncStep computes one intermediate result. Operands are indices of earlier
// results, shifted by one; 0 is the input. A negative operand is Const.
type FuncStep struct {
	Unary   *Unary  // either this
	Binary  string  // or a Binary function
	Where   bool    // or C where it is not 0, and A or B
	A, B, C int     // operands; B for Binary and Where, C for Where
	Const   float64 // the value of a negative operand A
	ConstB  float64 // of a negative operand B
}

// eval computes the step from the results in front of it.
func (s *FuncStep) eval(r []float64) float64 {
	a, b := s.Const, s.ConstB
	if s.A >= 0 {
		a = r[s.A]
	}
	if s.B >= 0 {
		b = r[s.B]
	}
	switch {
	case s.Unary != nil:
		return s.Unary.Eval(a)
	case !s.Where:
		return binaryFuncs[s.Binary](a, b)
	case r[s.C] != 0:
		return a
	}
	return b
}

// Kind implements Op.
func (f *Func) Kind() string { return f.Label }

// Apply is Eval for every element of src; dst may be src.
func (f *Func) Apply(dst, src []float32) {
	r := make([]float64, len(f.Steps)+1)
	for i, x := range src {
		r[0] = float64(x)
		for k := range f.Steps {
			r[k+1] = f.Steps[k].eval(r)
		}
		dst[i] = float32(r[len(r)-1])
	}
}

// Eval computes the function of x.
func (f *Func) Eval(x float64) float64 {
	var buf [16]float64
	r := append(buf[:0], x)
	for i := range f.Steps {
		r = append(r, f.Steps[i].eval(r))
	}
	return r[len(r)-1]
}

// affine returns a function as a·x + b, when all its steps are sums and products
// with constants.
func (f *Func) affine() (a, b float64, ok bool) {
	r := [][2]float64{{1, 0}}
	for _, s := range f.Steps {
		p, q := [2]float64{0, s.Const}, [2]float64{0, s.ConstB}
		if s.A >= 0 {
			p = r[s.A]
		}
		if s.B >= 0 {
			q = r[s.B]
		}
		var y [2]float64
		switch {
		case s.Where:
			return 0, 0, false
		case s.Unary != nil && s.Unary.Func == "Neg":
			y = [2]float64{-p[0], -p[1]}
		case s.Unary != nil:
			return 0, 0, false
		case s.Binary == "Add":
			y = [2]float64{p[0] + q[0], p[1] + q[1]}
		case s.Binary == "Sub":
			y = [2]float64{p[0] - q[0], p[1] - q[1]}
		case s.Binary == "Mul" && q[0] == 0:
			y = [2]float64{p[0] * q[1], p[1] * q[1]}
		case s.Binary == "Mul" && p[0] == 0:
			y = [2]float64{q[0] * p[1], q[1] * p[1]}
		case s.Binary == "Div" && q[0] == 0 && q[1] != 0:
			y = [2]float64{p[0] / q[1], p[1] / q[1]}
		default:
			return 0, 0, false
		}
		r = append(r, y)
	}
	y := r[len(r)-1]
	return y[0], y[1], true
}

// Infer implements Op.
func (f *Func) Infer(n *Node) error {
	if _, err := n.wantFloat(0, "X"); err != nil {
		return err
	}
	return n.sameShape()
}

func (f *Func) attrs() string { return fmt.Sprintf("{%d steps}", len(f.Steps)) }

// Function is an operator that is an element-wise function of one input.
type Function interface {
	Op
	Eval(x float64) float64
}

// PRelu is max(x, 0) + slope·min(x, 0) with a slope that broadcasts to x.
type PRelu struct{}

// Kind implements Op.
func (*PRelu) Kind() string { return "PRelu" }

// Infer implements Op.
func (*PRelu) Infer(n *Node) error {
	x, err := n.wantFloat(0, "X")
	if err != nil {
		return err
	}
	s, err := n.wantFloat(1, "slope")
	if err != nil {
		return err
	}
	if out, err := Broadcast(x.Shape, s.Shape); err != nil || sameInts(out, x.Shape) != nil {
		return fmt.Errorf("slope %v does not broadcast to %v", s.Shape, x.Shape)
	}
	return n.sameShape()
}
