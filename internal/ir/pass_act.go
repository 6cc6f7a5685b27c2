package ir

import (
	"math"
	"slices"
)

// foldActs makes Relu, Clip, LeakyRelu and PRelu part of the node in front of
// them. An activation behind a node that only moves or selects elements first
// changes places with it.
func foldActs(e *Editor) int {
	count := 0
	for _, nd := range slices.Clone(e.Nodes) {
		act, ok := asAct(nd)
		if !ok {
			continue
		}
		x := nd.In[0]
		prev := e.made[x]
		if prev == nil {
			continue
		}
		if act.Kind == "clamp" && act.Lo <= 0 && math.IsInf(float64(act.Hi), 1) && e.nonNegative(x, 8) {
			if e.replace(nd.Out[0], x) {
				e.remove(nd)
				e.index()
				count++
			}
			continue
		}
		if e.only(x) != nd {
			continue
		}
		if have := nodeAct(prev); have != nil {
			if merged, ok := merge(have, act, prev); ok {
				*have = merged
				e.absorb(prev, nd)
				e.index()
				count++
			}
			continue
		}
		if e.hoist(prev, nd, act) {
			e.index()
			count++
		}
	}
	return count
}

// asAct returns what a node does as an activation that can be folded.
func asAct(nd *Node) (Act, bool) {
	switch op := nd.Op.(type) {
	case *Unary:
		if lo, hi, ok := op.AsClamp(); ok && nd.In[0].IsFloat() {
			return Clamp(lo, hi), lo <= hi
		}
		if op.Func == "LeakyRelu" {
			return Act{Kind: "leaky", Slopes: []float32{op.Alpha}}, true
		}
	case *PRelu:
		s, ok := perChannel(nd.In[1], nd.In[0].Shape)
		return Act{Kind: "leaky", Slopes: s}, ok
	}
	return Act{}, false
}

// merge combines an activation with one that follows.
func merge(have *Act, next Act, prev *Node) (Act, bool) {
	_, bin := prev.Op.(*Binary)
	_, pool := prev.Op.(*Pool)
	_, dense := prev.Op.(*Dense)
	switch {
	case have.Kind == "" && next.Kind == "leaky" && (bin || pool):
		return Act{}, false // only layers with weights have scales per sign
	case dense && len(next.Slopes) > 1 && len(prev.Out[0].Shape) != 2:
		return Act{}, false // the slopes are for axis 1, the channels come last
	case have.Kind == "":
		return next, true
	case have.Kind == "clamp" && next.Kind == "clamp":
		lo, hi := max(have.Lo, next.Lo), min(have.Hi, next.Hi)
		return Clamp(lo, hi), lo <= hi
	}
	return Act{}, false
}

// hoist moves an activation in front of a node that commutes with it.
func (e *Editor) hoist(prev, nd *Node, act Act) bool {
	rising := act.rising() // else the largest input does not make the largest output
	switch op := prev.Op.(type) {
	case *Pool:
		if !op.Max || !rising {
			return false
		}
	case *GlobalPool:
		if !op.Max || !rising {
			return false
		}
	case *Concat:
		if act.Kind == "leaky" && len(act.Slopes) > 1 {
			return false
		}
	case *Reshape, *Transpose, *DepthToSpace:
		if act.Kind == "leaky" && len(act.Slopes) > 1 {
			return false
		}
	default:
		return false
	}
	// It has to help: every input must come from a node that can take it.
	for _, v := range prev.In {
		m := e.made[v]
		if m == nil || e.only(v) != prev || nodeAct(m) == nil && !commutes(m) {
			return false
		}
	}
	for i, v := range prev.In {
		in := &Value{Name: v.Name + "/act", DType: v.DType, Shape: v.Shape}
		op := nd.Op
		if i > 0 {
			c := *nd.Op.(*Unary)
			op = &c
		}
		rest := append([]*Value{v}, nd.In[1:]...)
		e.insert(prev, &Node{Name: nd.Name, Op: op, In: rest, Out: []*Value{in}})
		prev.In[i] = in
	}
	e.absorb(prev, nd)
	return true
}

func commutes(nd *Node) bool {
	switch op := nd.Op.(type) {
	case *Pool:
		return op.Max
	case *Concat, *Reshape, *Transpose, *DepthToSpace:
		return true
	}
	return false
}
