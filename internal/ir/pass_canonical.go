package ir

import "slices"

// dropNoops removes nodes that hand their input on.
func dropNoops(e *Editor) int {
	n := 0
	for _, nd := range slices.Clone(e.Nodes) {
		if isNoop(nd) && e.replace(nd.Out[0], nd.In[0]) {
			e.remove(nd)
			n++
		}
	}
	return n
}

func isNoop(nd *Node) bool {
	x := nd.Input(0)
	if x == nil || x.Const != nil || len(nd.Out) != 1 || sameInts(x.Shape, nd.Out[0].Shape) != nil || x.DType != nd.Out[0].DType {
		return false
	}
	switch op := nd.Op.(type) {
	case *Reshape, *Cast, *Expand, *Tile:
		return true
	case *Transpose:
		for i, p := range op.Perm {
			// Axes of size 1 may move.
			if p != i && x.Shape[p] != 1 {
				return false
			}
		}
		return true
	case *Slice:
		for _, s := range op.Step {
			if s < 0 {
				return false
			}
		}
		return true
	case *Pad:
		for _, p := range op.Pads {
			if p != 0 {
				return false
			}
		}
		return true
	case *Concat:
		return len(nd.In) == 1
	case *Split:
		return true
	case *Resize:
		for a, s := range op.Scales {
			if s != 1 && x.Shape[a] != 1 {
				return false
			}
		}
		return true
	case *DepthToSpace:
		return op.Block == 1
	case *Pool:
		return slices.Max(op.Kernel) == 1 && slices.Max(op.Stride) == 1 && slices.Max(op.Pads) == 0 && op.Act.Kind == ""
	}
	return false
}

// canonical writes operators in the one form that the later passes and the
// quantizer know: Gemm and MatMul as Dense, means over space as global pools,
// division as multiplication, and so on.
func canonical(e *Editor) int {
	n := 0
	for _, nd := range slices.Clone(e.Nodes) {
		if e.canonical(nd) {
			n++
		}
	}
	return n
}

func (e *Editor) canonical(nd *Node) bool {
	switch op := nd.Op.(type) {
	case *Gemm:
		return e.denseFromGemm(nd, op)
	case *MatMul:
		return denseFromMatMul(nd)
	case *Binary:
		return constOnRight(nd, op)
	case *PRelu:
		// A slope that is the same everywhere is a LeakyRelu.
		if s, ok := scalarOf(nd.In[1]); ok {
			nd.Op, nd.In = &Unary{Func: "LeakyRelu", Alpha: float32(s)}, nd.In[:1]
			return true
		}
	case *Reduce:
		return e.poolFromReduce(nd, op)
	case *Pool:
		x := nd.In[0].Shape
		if sameInts(op.Kernel, x[2:]) == nil && slices.Max(op.Pads) == 0 && slices.Max(op.Dilation) == 1 && op.Act.Kind == "" {
			one := true
			for _, d := range nd.Out[0].Shape[2:] {
				one = one && d == 1
			}
			if one {
				nd.Op = &GlobalPool{Max: op.Max}
				return true
			}
		}
	case *BatchNorm:
		return e.convFromBatchNorm(nd, op)
	case *Softmax:
		return e.softmaxRows(nd, op)
	}
	return false
}

// denseFromGemm takes products with constant weights: a transposed first
// operand becomes a Transpose in front, a C that is no bias per column an Add
// behind.
func (e *Editor) denseFromGemm(nd *Node, op *Gemm) bool {
	w := nd.In[1]
	if w.Const == nil {
		return false
	}
	n, k := w.Shape[0], w.Shape[1]
	data := w.Const.F
	if !op.TransB {
		data = transposed(data, n, k)
		n, k = k, n
	}
	x := nd.In[0]
	if op.TransA {
		t := &Value{Name: nd.Out[0].Name + "/rows", DType: Float32, Shape: []int{x.Shape[1], x.Shape[0]}}
		e.insert(nd, &Node{Name: nd.Name, Op: &Transpose{Perm: []int{1, 0}}, In: []*Value{x}, Out: []*Value{t}})
		x = t
	}
	c := nd.Input(2)
	in := []*Value{x, constant(scaled(data, op.Alpha), n, k)}
	if c == nil || op.Beta == 0 {
		nd.Op, nd.In = &Dense{}, in
		return true
	}
	if c.Const != nil && (len(c.Shape) < 2 || c.Shape[0] == 1) {
		b := make([]float32, n)
		for i := range b {
			b[i] = c.Const.F[i%len(c.Const.F)] * op.Beta
		}
		nd.Op, nd.In = &Dense{}, append(in, constant(b, n))
		return true
	}
	product := &Value{Name: nd.Out[0].Name + "/product", DType: Float32, Shape: nd.Out[0].Shape}
	e.insert(nd, &Node{Name: nd.Name, Op: &Dense{}, In: in, Out: []*Value{product}})
	switch {
	case c.Const != nil:
		c = constant(scaled(c.Const.F, op.Beta), c.Shape...)
	case op.Beta != 1:
		part := &Value{Name: nd.Out[0].Name + "/c", DType: Float32, Shape: c.Shape}
		e.insert(nd, &Node{Name: nd.Name, Op: &Binary{Func: "Mul"}, In: []*Value{c, constant([]float32{op.Beta})}, Out: []*Value{part}})
		c = part
	}
	nd.Op, nd.In = &Binary{Func: "Add"}, []*Value{product, c}
	return true
}

func denseFromMatMul(nd *Node) bool {
	w := nd.In[1]
	if w.Const == nil || len(w.Shape) != 2 || len(nd.In[0].Shape) < 2 {
		return false
	}
	k, n := w.Shape[0], w.Shape[1]
	nd.Op, nd.In = &Dense{}, []*Value{nd.In[0], constant(transposed(w.Const.F, k, n), n, k)}
	return true
}

// transposed returns the transpose of a row-major [r, c] matrix.
func transposed(a []float32, r, c int) []float32 {
	out := make([]float32, len(a))
	for i := range r {
		for j := range c {
			out[j*r+i] = a[i*c+j]
		}
	}
	return out
}

func scaled(a []float32, f float32) []float32 {
	if f == 1 {
		return a
	}
	out := make([]float32, len(a))
	for i, v := range a {
		out[i] = v * f
	}
	return out
}

// constOnRight puts a constant operand second and writes x − c as x + (−c),
// x / c as x·(1/c).
func constOnRight(nd *Node, op *Binary) bool {
	changed := false
	a, b := nd.In[0], nd.In[1]
	switch op.Func {
	case "Add", "Mul", "Max", "Min":
		if a.Const != nil && b.Const == nil {
			nd.In[0], nd.In[1] = b, a
			changed = true
		}
	}
	b = nd.In[1]
	if b.Const == nil || b.DType != Float32 {
		return changed
	}
	switch op.Func {
	case "Sub":
		op.Func, nd.In[1] = "Add", constant(scaled(b.Const.F, -1), b.Shape...)
		return true
	case "Div":
		inv := make([]float32, len(b.Const.F))
		for i, v := range b.Const.F {
			if v == 0 {
				return changed
			}
			inv[i] = 1 / v
		}
		op.Func, nd.In[1] = "Mul", constant(inv, b.Shape...)
		return true
	}
	return changed
}

// poolFromReduce writes a mean or maximum over all spatial axes as a global
// pool, with a reshape when the axes are dropped.
func (e *Editor) poolFromReduce(nd *Node, op *Reduce) bool {
	x := nd.In[0]
	if op.Func != "ReduceMean" && op.Func != "ReduceMax" || !x.IsFloat() || x.Len() == 0 || len(x.Shape) < 3 || len(op.Axes) != len(x.Shape)-2 {
		return false
	}
	axes := slices.Clone(op.Axes)
	slices.Sort(axes)
	for i, a := range axes {
		if a != i+2 {
			return false
		}
	}
	pool := &GlobalPool{Max: op.Func == "ReduceMax"}
	if op.Keep {
		nd.Op = pool
		return true
	}
	s := append([]int{}, x.Shape...)
	for i := 2; i < len(s); i++ {
		s[i] = 1
	}
	mid := &Value{Name: nd.Out[0].Name + "/pool", DType: Float32, Shape: s}
	e.insert(nd, &Node{Name: nd.Name, Op: pool, In: []*Value{x}, Out: []*Value{mid}})
	nd.Op, nd.In = &Reshape{Shape: nd.Out[0].Shape, Zero: true}, []*Value{mid}
	return true
}

// affineOf returns a BatchNorm as scale and shift per channel.
func affineOf(nd *Node, op *BatchNorm) (a, b []float32, ok bool) {
	for _, v := range nd.In[1:5] {
		if v.Const == nil {
			return nil, nil, false
		}
	}
	c := nd.In[0].Shape[1]
	a, b = make([]float32, c), make([]float32, c)
	for i := range a {
		s := float64(nd.In[1].Const.F[i]) / sqrt(float64(nd.In[4].Const.F[i])+float64(op.Eps))
		a[i] = float32(s)
		b[i] = float32(float64(nd.In[2].Const.F[i]) - float64(s*float64(nd.In[3].Const.F[i])))
	}
	return a, b, true
}

// convFromBatchNorm writes a BatchNorm as a depthwise 1x1 convolution, or for
// vectors and volumes as product and sum, so that one pass folds all of them.
func (e *Editor) convFromBatchNorm(nd *Node, op *BatchNorm) bool {
	a, b, ok := affineOf(nd, op)
	if !ok || op.Act.Kind != "" {
		return false
	}
	x := nd.In[0]
	c := x.Shape[1]
	if len(x.Shape) == 3 || len(x.Shape) == 4 {
		nd.Op, nd.In = depthwiseScale(a, b, len(x.Shape)), []*Value{x, constant(a, append([]int{c}, ones(len(x.Shape)-1)...)...), constant(b, c)}
		return true
	}
	shape := append([]int{c}, ones(len(x.Shape)-2)...)
	scaled := &Value{Name: nd.Out[0].Name + "/scaled", DType: Float32, Shape: x.Shape}
	e.insert(nd, &Node{Name: nd.Name, Op: &Binary{Func: "Mul"}, In: []*Value{x, constant(a, shape...)}, Out: []*Value{scaled}})
	nd.Op, nd.In = &Binary{Func: "Add"}, []*Value{scaled, constant(b, shape...)}
	return true
}

// depthwiseScale is the operator that multiplies every channel by a number and
// adds another.
func depthwiseScale(a, _ []float32, rank int) *Conv {
	k := ones(rank - 2)
	return &Conv{Window: Window{Kernel: k, Stride: k, Dilation: k, Pads: make([]int, 2*(rank-2))}, Group: len(a)}
}

func ones(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = 1
	}
	return s
}

// softmaxRows gives a softmax of old opsets, which joins the trailing axes,
// the last axis only.
func (e *Editor) softmaxRows(nd *Node, op *Softmax) bool {
	if !op.Flat {
		return false
	}
	op.Flat = false
	s := nd.In[0].Shape
	inner := 1
	for _, d := range s[op.Axis+1:] {
		inner *= d
	}
	if inner == 1 {
		return true
	}
	flat := append(append([]int{}, s[:op.Axis]...), s[op.Axis]*inner)
	in := &Value{Name: nd.Out[0].Name + "/rows", DType: Float32, Shape: flat}
	out := &Value{Name: nd.Out[0].Name + "/flat", DType: Float32, Shape: flat}
	e.insert(nd, &Node{Name: nd.Name, Op: &Reshape{Shape: flat, Zero: true}, In: []*Value{nd.In[0]}, Out: []*Value{in}},
		&Node{Name: nd.Name, Op: op, In: []*Value{in}, Out: []*Value{out}})
	nd.Op, nd.In = &Reshape{Shape: s, Zero: true}, []*Value{out}
	return true
}
