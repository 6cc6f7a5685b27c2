package ir

import (
	"fmt"
	"math"
)

// CheckFinite fails on the first constant that holds a NaN or an infinity,
// naming the node that reads it, the constant and the element. Such a network
// can be run, but not quantized. Bounds of Clip and the value of Pad, which
// [Graph.Resolve] has made attributes, may be infinite.
func (g *Graph) CheckFinite() error {
	checked := map[*Value]bool{}
	for _, n := range g.Nodes {
		for i, v := range n.In {
			if v == nil || v.Const == nil || checked[v] {
				continue
			}
			checked[v] = true
			if k := notFinite(v.Const.F); k >= 0 {
				return n.Wrap(fmt.Errorf("input %d, initializer %q %v: element %d is %v, want finite numbers", i, v.Name, v.Shape, k, v.Const.F[k]))
			}
		}
	}
	for _, v := range g.Outputs {
		if v.Const == nil {
			continue
		}
		if k := notFinite(v.Const.F); k >= 0 {
			return fmt.Errorf("output %q %v is constant: element %d is %v, want finite numbers", v.Name, v.Shape, k, v.Const.F[k])
		}
	}
	return nil
}

// notFinite returns the index of the first NaN or infinity, or -1.
func notFinite(f []float32) int {
	for i, v := range f {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return i
		}
	}
	return -1
}
