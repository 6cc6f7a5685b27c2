package ir

import "slices"

// findSE replaces the nodes of Squeeze-and-Excitation blocks by one. They are
// recognised from the product backwards: X times a vector per channel that is
// a function of the mean of X over space through two dense layers, however
// these are written (1x1 convolutions or Dense, with reshapes between).
func findSE(e *Editor) int {
	count := 0
	for _, nd := range slices.Clone(e.Nodes) {
		op, ok := nd.Op.(*Binary)
		if !ok || op.Func != "Mul" || op.Act.Kind != "" || !slices.Contains(e.Nodes, nd) {
			continue
		}
		for i := range 2 {
			if s := e.matchSE(nd.In[i], nd.In[1-i]); s != nil && sameInts(nd.In[i].Shape, nd.Out[0].Shape) == nil {
				nd.Op = s.op
				nd.In = []*Value{nd.In[i], s.w1, s.b1, s.w2, s.b2}
				e.Prune()
				e.index()
				count++
				break
			}
		}
	}
	return count
}

type seMatch struct {
	op             *SE
	w1, b1, w2, b2 *Value
}

// matchSE follows gate, a value per channel of x, back to the mean of x.
func (e *Editor) matchSE(x, gate *Value) *seMatch {
	if len(x.Shape) < 3 {
		return nil
	}
	n, c := x.Shape[0], x.Shape[1]
	if gate.Const != nil || gate.Len() != n*c || len(gate.Shape) != len(x.Shape) || gate.Shape[1] != c {
		return nil
	}
	var fn Function
	v := gate
	// Every value on the way is read once: otherwise the nodes stay needed.
	step := func() *Node {
		if e.only(v) == nil {
			return nil
		}
		return e.made[v]
	}
	// fn, dense, fn, dense, mean; with vector-shaped moves in between.
	take := func() (Function, *linear) {
		fn = nil
		for {
			m := step()
			if m == nil {
				return nil, nil
			}
			switch op := m.Op.(type) {
			case *Reshape, *Transpose:
				if m.Out[0].Len() != m.In[0].Len() || !vector(m.In[0].Shape, n) || !vector(m.Out[0].Shape, n) {
					return nil, nil
				}
				v = m.In[0]
				continue
			case Function:
				if fn != nil {
					fn = compose(op, fn)
				} else {
					fn = op
				}
				v = m.In[0]
				continue
			case *Conv:
				if op.Group != 1 || !isPoint(&op.Window) || m.In[0].Len() != n*m.In[0].Shape[1] {
					return nil, nil
				}
			case *Dense:
			default:
				return nil, nil
			}
			l, ok := asLinear(m)
			if !ok {
				return nil, nil
			}
			if l.act.Kind == "clamp" {
				f := Function(&Unary{Func: "Clip", Alpha: l.act.Lo, Beta: l.act.Hi})
				if fn != nil {
					f = compose(f, fn)
				}
				fn = f
			} else if l.act.Kind != "" {
				return nil, nil
			}
			if fn == nil {
				fn = &Func{Label: "Identity", Steps: []FuncStep{{Binary: "Add", A: 0, B: -1}}}
			}
			v = m.In[0]
			return fn, &l
		}
	}
	gateFn, second := take()
	if second == nil {
		return nil
	}
	midFn, one := take()
	if one == nil {
		return nil
	}
	for {
		m := e.made[v]
		if m == nil || e.only(v) == nil {
			return nil
		}
		switch m.Op.(type) {
		case *Reshape, *Transpose:
			if !vector(m.In[0].Shape, n) {
				return nil
			}
			v = m.In[0]
			continue
		}
		p, ok := m.Op.(*GlobalPool)
		if !ok || p.Max || m.In[0] != x && !e.flattened(m.In[0], x) {
			return nil
		}
		break
	}
	r := one.m
	if second.m != c || len(one.w.Const.F) != r*c || len(second.w.Const.F) != r*c {
		return nil
	}
	// The gate has to stay within what an 8-bit gate can hold: [0, 1].
	for t := -64.0; t <= 64; t += 0.25 {
		if g := gateFn.Eval(t); !(g >= -1e-3 && g <= 1.001) {
			return nil
		}
	}
	return &seMatch{
		op: &SE{Mid: midFn, Gate: gateFn},
		w1: constant(one.w.Const.F, r, c), b1: constant(one.biases(), r),
		w2: constant(second.w.Const.F, c, r), b2: constant(second.biases(), c),
	}
}

// flattened reports whether v is x with rows and columns joined.
func (e *Editor) flattened(v, x *Value) bool {
	m := e.made[v]
	if m == nil {
		return false
	}
	_, ok := m.Op.(*Reshape)
	return ok && m.In[0] == x && len(v.Shape) > 2 && slices.Equal(v.Shape[:2], x.Shape[:2])
}

// vector reports whether a shape is one vector per sample.
func vector(s []int, n int) bool {
	total := 1
	big := 0
	for i, d := range s {
		total *= d
		if d > 1 && !(i == 0 && d == n) {
			big++
		}
	}
	return big <= 1 && (n == 1 || len(s) > 0 && s[0] == n)
}

// compose is g behind f.
func compose(f, g Function) Function {
	out := &Func{Label: f.Kind() + "-" + g.Kind()}
	app := func(h Function, x int) int {
		base := len(out.Steps)
		switch h := h.(type) {
		case *Unary:
			out.Steps = append(out.Steps, FuncStep{Unary: h, A: x})
		case *Func:
			for _, s := range h.Steps {
				for _, p := range []*int{&s.A, &s.B, &s.C} {
					if *p == 0 {
						*p = x
					} else if *p > 0 {
						*p += base
					}
				}
				out.Steps = append(out.Steps, s)
			}
		}
		return len(out.Steps)
	}
	app(g, app(f, 0))
	return out
}
