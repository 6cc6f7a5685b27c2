package ir

import (
	"math"
	"slices"
)

func sqrt(v float64) float64 { return math.Sqrt(v) }

// linear is what convolutions and dense layers have in common for folding:
// weights with the output channel on one axis, and a bias.
type linear struct {
	n    *Node
	w    *Value
	bias int // index of the bias among the inputs
	m    int // output channels
	act  *Act
}

func asLinear(n *Node) (l linear, ok bool) {
	if n == nil {
		return l, false
	}
	l = linear{n: n, bias: 2}
	switch op := n.Op.(type) {
	case *Conv:
		l.act = &op.Act
	case *ConvTranspose:
		l.act = &op.Act
	case *DeformConv:
		l.act, l.bias = &op.Act, 3
	case *Dense:
		l.act = &op.Act
	default:
		return l, false
	}
	l.w = n.In[1]
	l.m = n.Out[0].Shape[1]
	if _, dense := n.Op.(*Dense); dense {
		l.m = l.w.Shape[0]
	}
	return l, l.w.Const != nil && (n.Input(l.bias) == nil || n.In[l.bias].Const != nil)
}

// biases returns a copy of the bias.
func (l *linear) biases() []float32 {
	b := make([]float32, l.m)
	if v := l.n.Input(l.bias); v != nil {
		copy(b, v.Const.F)
	}
	return b
}

func (l *linear) setBias(b []float32) {
	for len(l.n.In) <= l.bias {
		l.n.In = append(l.n.In, nil)
	}
	l.n.In[l.bias] = constant(b, l.m)
}

// outChannel returns the output channel that weight i belongs to.
func (l *linear) outChannel(i int) int {
	s := l.w.Shape
	if op, ok := l.n.Op.(*ConvTranspose); ok {
		// [C, M/G, taps]: input channel c belongs to group c/(C/G).
		taps := 1
		for _, d := range s[2:] {
			taps *= d
		}
		mg := s[1]
		c := i / (mg * taps)
		return c/(s[0]/op.Group)*mg + i/taps%mg
	}
	return i / (len(l.w.Const.F) / s[0])
}

// affine folds y = a·x + b per output channel behind the layer into it.
func (l *linear) affine(a, b []float32) {
	w := make([]float32, len(l.w.Const.F))
	for i, v := range l.w.Const.F {
		w[i] = v * a[l.outChannel(i)]
	}
	bias := l.biases()
	for i := range bias {
		bias[i] = float32(bias[i]*a[i]) + b[i]
	}
	l.n.In[1] = constant(w, l.w.Shape...)
	l.setBias(bias)
}

// foldAffine folds scales and shifts per channel into the layers around them:
// BatchNorm and its spellings as Mul, Add and depthwise 1x1 convolutions.
func foldAffine(e *Editor) int {
	count := 0
	for _, nd := range slices.Clone(e.Nodes) {
		if !slices.Contains(e.Nodes, nd) {
			continue
		}
		// Dense layers have their channels last, all others on axis 1.
		last := false
		if made := e.made[nd.In[0]]; made != nil {
			_, dense := made.Op.(*Dense)
			last = dense && len(nd.In[0].Shape) != 2
		}
		a, b, x, ok := channelAffine(nd, last)
		if !ok {
			continue
		}
		if l, ok := asLinear(e.made[x]); ok && e.only(x) == nd && l.act.Kind == "" && l.m == len(a) {
			l.affine(a, b)
			if act := nodeAct(nd); act != nil && act.Kind != "" {
				*l.act = *act
			}
			e.absorb(l.n, nd)
			count++
			continue
		}
		if !last && e.intoNext(nd, a, b, x) {
			count++
		}
	}
	return count
}

// channelAffine recognises y = a·x + b per channel, which is axis 1 or the last.
func channelAffine(nd *Node, last bool) (a, b []float32, x *Value, ok bool) {
	switch op := nd.Op.(type) {
	case *Conv:
		w := nd.In[1]
		if last || w.Const == nil || op.Group != len(w.Const.F) || op.Group != nd.Out[0].Shape[1] || !isPoint(&op.Window) {
			return nil, nil, nil, false
		}
		b = make([]float32, op.Group)
		if v := nd.Input(2); v != nil {
			if v.Const == nil {
				return nil, nil, nil, false
			}
			b = v.Const.F
		}
		return w.Const.F, b, nd.In[0], true
	case *Func:
		x, axis := nd.In[0], 1
		scale, shift, ok := op.affine()
		if !ok || len(x.Shape) < 2 {
			return nil, nil, nil, false
		}
		if last {
			axis = len(x.Shape) - 1
		}
		n := x.Shape[axis]
		return slices.Repeat([]float32{float32(scale)}, n), slices.Repeat([]float32{float32(shift)}, n), x, true
	case *Binary:
		x = nd.In[0]
		if op.Func != "Mul" && op.Func != "Add" || !x.IsFloat() || x.Const != nil || sameInts(x.Shape, nd.Out[0].Shape) != nil {
			return nil, nil, nil, false
		}
		c, ok := perChannel(nd.In[1], x.Shape)
		if last {
			c, ok = perLast(nd.In[1], x.Shape)
		}
		if !ok {
			return nil, nil, nil, false
		}
		one, zero := make([]float32, len(c)), make([]float32, len(c))
		for i := range one {
			one[i] = 1
		}
		if op.Func == "Mul" {
			return c, zero, x, true
		}
		return one, c, x, true
	}
	return nil, nil, nil, false
}

// perLast is perChannel for channels on the last axis.
func perLast(v *Value, shape []int) ([]float32, bool) {
	if v.Const == nil || !v.IsFloat() || len(shape) == 0 {
		return nil, false
	}
	c := shape[len(shape)-1]
	if v.Const.Len() == 1 {
		return slices.Repeat(v.Const.F, c), true
	}
	if len(v.Shape) > len(shape) || v.Const.Len() != c || v.Shape[len(v.Shape)-1] != c {
		return nil, false
	}
	return v.Const.F, true
}

func isPoint(w *Window) bool {
	return slices.Max(w.Kernel) == 1 && slices.Max(w.Stride) == 1 && slices.Max(w.Pads) == 0
}

// intoNext folds a scale and shift in front of a convolution into it. With a
// shift that needs a convolution without padding: padding is added behind it.
func (e *Editor) intoNext(nd *Node, a, b []float32, x *Value) bool {
	if act := nodeAct(nd); act != nil && act.Kind != "" {
		return false
	}
	if m := e.made[x]; elementwise(nd) && m != nil && elementwise(m) {
		return false // the last step of a hard-swish, say: joinFuncs has the better use for it
	}
	next := e.only(nd.Out[0])
	if next == nil || next.In[0] != nd.Out[0] {
		return false
	}
	if _, ok := next.Op.(*Dense); ok && len(nd.Out[0].Shape) == 2 {
		return e.intoDense(nd, next, a, b, x)
	}
	op, ok := next.Op.(*Conv)
	if !ok || len(nd.Out[0].Shape) < 3 || len(a) != nd.Out[0].Shape[1] {
		return false
	}
	shift := slices.ContainsFunc(b, func(v float32) bool { return v != 0 })
	if shift && slices.Max(op.Pads) > 0 {
		return false
	}
	l, ok := asLinear(next)
	if !ok {
		return false
	}
	s := l.w.Shape
	taps := len(l.w.Const.F) / (s[0] * s[1])
	w := make([]float32, len(l.w.Const.F))
	bias := l.biases()
	for i, v := range l.w.Const.F {
		o := i / (s[1] * taps)
		c := o/(s[0]/op.Group)*s[1] + i/taps%s[1] // input channel
		w[i] = v * a[c]
		bias[o] += float32(v * b[c])
	}
	next.In[0], next.In[1] = x, constant(w, s...)
	l.setBias(bias)
	e.remove(nd)
	e.index()
	return true
}

// intoDense is intoNext for a fully connected layer.
func (e *Editor) intoDense(nd, next *Node, a, b []float32, x *Value) bool {
	l, ok := asLinear(next)
	if !ok || l.w.Shape[1] != len(a) {
		return false
	}
	w := make([]float32, len(l.w.Const.F))
	bias := l.biases()
	for i, v := range l.w.Const.F {
		o, k := i/len(a), i%len(a)
		w[i] = v * a[k]
		bias[o] += float32(v * b[k])
	}
	next.In[0], next.In[1] = x, constant(w, l.w.Shape...)
	l.setBias(bias)
	e.remove(nd)
	e.index()
	return true
}

// nodeAct returns the activation that is part of a node, or nil for nodes that
// cannot have one.
func nodeAct(nd *Node) *Act {
	switch op := nd.Op.(type) {
	case *Conv:
		return &op.Act
	case *ConvTranspose:
		return &op.Act
	case *DeformConv:
		return &op.Act
	case *Dense:
		return &op.Act
	case *BatchNorm:
		return &op.Act
	case *Binary:
		if op.Func == "Add" || op.Func == "Sub" || op.Func == "Mul" {
			return &op.Act
		}
	case *Pool:
		if !op.Max {
			return &op.Act
		}
	}
	return nil
}

// foldPads makes a Pad part of the convolution or pool behind it.
func foldPads(e *Editor) int {
	count := 0
	for _, nd := range slices.Clone(e.Nodes) {
		op, ok := nd.Op.(*Pad)
		if !ok || op.Mode != "constant" {
			continue
		}
		rank := len(op.Pads) / 2
		next := e.only(nd.Out[0])
		if rank < 3 || next == nil || next.In[0] != nd.Out[0] || slices.Min(op.Pads) < 0 ||
			op.Pads[0] != 0 || op.Pads[1] != 0 || op.Pads[rank] != 0 || op.Pads[rank+1] != 0 {
			continue
		}
		var win *Window
		switch n := next.Op.(type) {
		case *Conv:
			if op.Value == 0 {
				win = &n.Window
			}
		case *Pool:
			// An average of the padded input counts the padding, so the pool
			// must have none of its own. A maximum ignores it only when
			// nothing is smaller. With ceil_mode a window may see nothing else.
			if !n.Max && op.Value == 0 && slices.Max(n.Pads) == 0 && !n.Ceil && e.fitsKernel(op.Pads, n) {
				win, n.CountIncludePad = &n.Window, true
			}
			if n.Max && !n.Ceil && (op.Value == 0 && e.nonNegative(nd.In[0], 8) || math.IsInf(float64(op.Value), -1)) && e.fitsKernel(op.Pads, n) {
				win = &n.Window
			}
		}
		if win == nil {
			continue
		}
		pads := slices.Clone(win.Pads)
		for i := range rank - 2 {
			pads[i] += op.Pads[2+i]
			pads[i+rank-2] += op.Pads[rank+2+i]
		}
		win.Pads = pads
		next.In[0] = nd.In[0]
		e.remove(nd)
		e.index()
		count++
	}
	return count
}

// fitsKernel reports whether pads stay smaller than the pool's window, so that
// every window sees some of the input.
func (e *Editor) fitsKernel(pads []int, p *Pool) bool {
	r := len(pads)/2 - 2
	for i := range r {
		if pads[2+i]+p.Pads[i] >= p.Extent(i) || pads[4+r+i]+p.Pads[i+r] >= p.Extent(i) {
			return false
		}
	}
	return true
}

// nonNegative reports whether no element of v can be below 0.
func (e *Editor) nonNegative(v *Value, depth int) bool {
	nd := e.made[v]
	if nd == nil || depth == 0 {
		return false
	}
	if a := nodeAct(nd); a != nil && a.Kind == "clamp" && a.Lo >= 0 {
		return true
	}
	switch op := nd.Op.(type) {
	case *Unary:
		if lo, _, ok := op.AsClamp(); ok {
			return lo >= 0
		}
		return op.Func == "Sigmoid" || op.Func == "HardSigmoid" || op.Func == "Abs" || op.Func == "Exp"
	case *Softmax:
		return !op.Log
	case *Pool, *GlobalPool, *Reshape, *Transpose, *Slice, *Split, *DepthToSpace, *Gather:
		return e.nonNegative(nd.In[0], depth-1)
	case *Concat:
		for _, x := range nd.In {
			if !e.nonNegative(x, depth-1) {
				return false
			}
		}
		return true
	case *Binary:
		return (op.Func == "Add" || op.Func == "Mul") && op.Act.Kind == "" && e.nonNegative(nd.In[0], depth-1) && e.nonNegative(nd.In[1], depth-1)
	}
	return false
}
