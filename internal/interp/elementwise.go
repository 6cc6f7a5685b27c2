package interp

import (
	"errors"
	"math"

	"github.com/edgerun/edgerun/internal/ir"
	"github.com/edgerun/edgerun/internal/portable"
)

func unary(op *ir.Unary, x *ir.Tensor) *ir.Tensor {
	y := ir.NewTensor(x.DType, x.Shape)
	if x.DType != ir.Float32 {
		for i, v := range x.I {
			y.I[i] = wrap(unaryInt(op, v), x.DType)
		}
		return y
	}
	if lo, hi, ok := op.AsClamp(); ok {
		for i, v := range x.F {
			y.F[i] = min(max(v, lo), hi)
		}
		return y
	}
	switch op.Func {
	case "LeakyRelu":
		for i, v := range x.F {
			if v < 0 {
				v *= op.Alpha
			}
			y.F[i] = v
		}
	case "HardSwish":
		for i, v := range x.F {
			y.F[i] = v * min(max(float32(v*(1.0/6))+0.5, 0), 1)
		}
	case "HardSigmoid":
		a, b := op.Alpha, op.Beta
		for i, v := range x.F {
			y.F[i] = min(max(float32(a*v)+b, 0), 1)
		}
	case "Abs":
		for i, v := range x.F {
			y.F[i] = max(v, -v)
		}
	default:
		op.Apply(y.F, x.F)
	}
	return y
}

// unaryInt computes the functions that are defined for integers.
func unaryInt(op *ir.Unary, v int64) int64 {
	switch op.Func {
	case "Neg":
		return -v
	case "Abs":
		return max(v, -v)
	case "Sign":
		return int64(compare(v, 0))
	case "Clip":
		// Bounds are float32, infinite where there is none.
		if float64(v) < float64(op.Alpha) {
			v = toInt(math.Ceil(float64(op.Alpha)))
		}
		if float64(v) > float64(op.Beta) {
			v = toInt(math.Floor(float64(op.Beta)))
		}
		return v
	case "Relu":
		return max(v, 0)
	}
	return int64(op.Eval(float64(v))) // Not
}

func compare(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// toInt converts with saturation, the same on every machine; NaN gives 0.
func toInt(v float64) int64 {
	switch {
	case v != v:
		return 0
	case v >= math.MaxInt64:
		return math.MaxInt64
	case v <= math.MinInt64:
		return math.MinInt64
	}
	return int64(v)
}

func function(op *ir.Func, x *ir.Tensor) *ir.Tensor {
	y := ir.NewTensor(ir.Float32, x.Shape)
	op.Apply(y.F, x.F)
	return y
}

func prelu(x, slope *ir.Tensor) *ir.Tensor {
	y := ir.NewTensor(ir.Float32, x.Shape)
	walk(x.Shape, slope.Shape, x.Shape, func(i, a, b, n, sa, sb int) {
		for k := range n {
			v := x.F[a+k*sa]
			if v < 0 {
				v *= slope.F[b+k*sb]
			}
			y.F[i+k] = v
		}
	})
	return y
}

// floatRuns holds the element-wise functions that networks spend time in, over
// operands with stride 0 or 1.
var floatRuns = map[string]func(d, a, b []float32, sa, sb int){
	"Add": func(d, a, b []float32, sa, sb int) {
		if sb == 0 {
			for i, c := 0, b[0]; i < len(d); i++ {
				d[i] = a[i*sa] + c
			}
			return
		}
		for i := range d {
			d[i] = a[i*sa] + b[i]
		}
	},
	"Sub": func(d, a, b []float32, sa, sb int) {
		for i := range d {
			d[i] = a[i*sa] - b[i*sb]
		}
	},
	"Mul": func(d, a, b []float32, sa, sb int) {
		if sb == 0 {
			for i, c := 0, b[0]; i < len(d); i++ {
				d[i] = a[i*sa] * c
			}
			return
		}
		for i := range d {
			d[i] = a[i*sa] * b[i]
		}
	},
	"Div": func(d, a, b []float32, sa, sb int) {
		for i := range d {
			d[i] = a[i*sa] / b[i*sb]
		}
	},
	"Max": func(d, a, b []float32, sa, sb int) {
		for i := range d {
			d[i] = max(a[i*sa], b[i*sb])
		}
	},
	"Min": func(d, a, b []float32, sa, sb int) {
		for i := range d {
			d[i] = min(a[i*sa], b[i*sb])
		}
	},
}

func binary(op *ir.Binary, a, b *ir.Tensor, out *ir.Value) (*ir.Tensor, error) {
	y := ir.NewTensor(out.DType, out.Shape)
	switch f := floatRuns[op.Func]; {
	case y.DType == ir.Float32 && b.DType == ir.Float32 && f != nil:
		walk(a.Shape, b.Shape, y.Shape, func(i, x, z, n, sx, sz int) {
			f(y.F[i:i+n], a.F[x:], b.F[z:], sx, sz)
		})
	case a.DType != ir.Float32 && b.DType != ir.Float32:
		if err := binaryInts(op, a, b, y); err != nil {
			return nil, err
		}
	default:
		binaryFloats(op, a, b, y)
	}
	if op.Act.Kind != "" {
		activate(y.F, &op.Act, 0)
	}
	return y, nil
}

// binaryFloats goes through float64: comparisons, and Pow of mixed types.
func binaryFloats(op *ir.Binary, a, b, y *ir.Tensor) {
	eval := func(x, z float64) float64 { return ir.EvalBinary(op.Func, x, z) }
	if op.Func == "Mod" && op.Mod {
		eval = math.Mod
	}
	walk(a.Shape, b.Shape, y.Shape, func(i, x, z, n, sx, sz int) {
		for k := range n {
			v := eval(a.Float(x+k*sx), b.Float(z+k*sz))
			if y.DType == ir.Float32 {
				y.F[i+k] = float32(v)
			} else {
				y.I[i+k] = wrap(toInt(v), y.DType)
			}
		}
	})
}

var errDivision = errors.New("division by zero")

// binaryInts is exact; results wrap around like the type.
func binaryInts(op *ir.Binary, a, b, y *ir.Tensor) error {
	var err error
	walk(a.Shape, b.Shape, y.Shape, func(i, x, z, n, sx, sz int) {
		for k := range n {
			v, e := binaryInt(op, a.I[x+k*sx], b.I[z+k*sz])
			if e != nil {
				err = e
				return
			}
			y.I[i+k] = wrap(v, y.DType)
		}
	})
	return err
}

func binaryInt(op *ir.Binary, p, q int64) (int64, error) {
	truth := func(b bool) (int64, error) {
		if b {
			return 1, nil
		}
		return 0, nil
	}
	switch op.Func {
	case "Add":
		return p + q, nil
	case "Sub":
		return p - q, nil
	case "Mul":
		return p * q, nil
	case "Div":
		if q == 0 {
			return 0, errDivision
		}
		return p / q, nil
	case "Mod":
		if q == 0 {
			return 0, errDivision
		}
		r := p % q
		if !op.Mod && r != 0 && (r < 0) != (q < 0) {
			r += q
		}
		return r, nil
	case "Pow":
		return powInt(p, q), nil
	case "Max":
		return max(p, q), nil
	case "Min":
		return min(p, q), nil
	case "Equal":
		return truth(p == q)
	case "Greater":
		return truth(p > q)
	case "Less":
		return truth(p < q)
	case "GreaterOrEqual":
		return truth(p >= q)
	case "LessOrEqual":
		return truth(p <= q)
	}
	return toInt(ir.EvalBinary(op.Func, float64(p), float64(q))), nil // And, Or, Xor
}

// powInt is p^q modulo 2^64; negative powers are truncated to integers.
func powInt(p, q int64) int64 {
	if q < 0 {
		return toInt(portable.Pow(float64(p), float64(q)))
	}
	r := int64(1)
	for ; q > 0; q >>= 1 {
		if q&1 != 0 {
			r *= p
		}
		p *= p
	}
	return r
}

func where(c, a, b *ir.Tensor, shape []int) *ir.Tensor {
	cond, x, z := expand(c, shape), expand(a, shape), expand(b, shape)
	y := ir.NewTensor(a.DType, shape)
	for i, v := range cond.I {
		from := z
		if v != 0 {
			from = x
		}
		if y.DType == ir.Float32 {
			y.F[i] = from.F[i]
		} else {
			y.I[i] = from.I[i]
		}
	}
	return y
}

// broadcastStrides returns the strides of a tensor of shape in along the axes
// of shape out; 0 where it is repeated.
func broadcastStrides(in, out []int) []int {
	s := make([]int, len(out))
	n := 1
	for i := len(in) - 1; i >= 0; i-- {
		if in[i] != 1 {
			s[i+len(out)-len(in)] = n
		}
		n *= in[i]
	}
	return s
}

// walk calls f for runs of elements that are as long as possible: output
// index, operand indices, length and operand strides (0 or 1).
func walk(a, b, out []int, f func(i, x, z, n, sx, sz int)) {
	total := count(out)
	if total == 0 {
		return
	}
	sa, sb := broadcastStrides(a, out), broadcastStrides(b, out)
	// Drop axes of size 1 and join axes that both operands run through as one.
	var dims, da, db []int
	for i, d := range out {
		if d == 1 {
			continue
		}
		if k := len(dims) - 1; k >= 0 && da[k] == sa[i]*d && db[k] == sb[i]*d {
			dims[k] *= d
			da[k], db[k] = sa[i], sb[i]
			continue
		}
		dims, da, db = append(dims, d), append(da, sa[i]), append(db, sb[i])
	}
	if len(dims) == 0 {
		f(0, 0, 0, 1, 0, 0)
		return
	}
	last := len(dims) - 1
	ix := make([]int, last)
	x, z := 0, 0
	for i := 0; i < total; i += dims[last] {
		f(i, x, z, dims[last], da[last], db[last])
		for d := last - 1; d >= 0; d-- {
			ix[d]++
			x += da[d]
			z += db[d]
			if ix[d] < dims[d] {
				break
			}
			x -= da[d] * dims[d]
			z -= db[d] * dims[d]
			ix[d] = 0
		}
	}
}

func cast(op *ir.Cast, x *ir.Tensor) *ir.Tensor {
	if op.To == x.DType {
		return x
	}
	y := ir.NewTensor(op.To, x.Shape)
	lo, hi := op.To.Range()
	for i := range x.Len() {
		switch {
		case op.To == ir.Float32:
			y.F[i] = float32(x.I[i])
		case op.To == ir.Bool:
			if x.Float(i) != 0 {
				y.I[i] = 1
			}
		case x.DType == ir.Float32:
			y.I[i] = min(max(toInt(float64(x.F[i])), lo), hi)
		default:
			y.I[i] = wrap(x.I[i], op.To)
		}
	}
	return y
}

// wrap reduces an integer modulo the size of its type.
func wrap(v int64, d ir.DType) int64 {
	switch d {
	case ir.Uint8:
		return int64(uint8(v))
	case ir.Int8:
		return int64(int8(v))
	case ir.Uint16:
		return int64(uint16(v))
	case ir.Int16:
		return int64(int16(v))
	case ir.Int32:
		return int64(int32(v))
	case ir.Uint32:
		return int64(uint32(v))
	}
	return v
}
