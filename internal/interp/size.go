package interp

import (
	"fmt"
	"math"

	"github.com/edgerun/edgerun/internal/ir"
)

// Limits of one run, so that a small file with large shapes is refused before
// it takes all memory, or the rest of the day. Trained networks stay far below.
const (
	maxLive = 1 << (29 + 2*(math.MaxInt>>62)) // bytes: 2 GiB, 512 MiB on 32-bit machines
	maxWork = 1 << 38                         // see ir.Node.Cost
)

// checkSize adds up the values that are alive at the same time and the work of
// all steps.
func (m *Machine) checkSize() error {
	size := make([]int64, m.slots)
	for v, s := range m.index {
		if v.Const == nil {
			size[s] = bytes(v)
		}
	}
	var live, work int64
	for _, v := range m.g.Inputs { // the caller's, so they stay
		live += size[m.index[v]]
		size[m.index[v]] = 0
	}
	for i := range m.steps {
		st := &m.steps[i]
		for _, s := range st.out {
			if s >= 0 {
				live += size[s]
			}
		}
		if need := live + scratch(st.n); need < 0 || need > maxLive {
			return st.n.Wrap(fmt.Errorf("the network needs more than %d MiB here; give it a smaller input", int64(maxLive)>>20))
		}
		c := st.n.Cost()
		if c > maxWork-work {
			return st.n.Wrap(fmt.Errorf("the network needs more than %d operations up to here; give it a smaller input", int64(maxWork)))
		}
		work += c
		for _, s := range st.free {
			live -= size[s]
		}
	}
	return nil
}

// bytes is the memory of a value.
func bytes(v *ir.Value) int64 {
	if v.IsFloat() {
		return 4 * int64(v.Len())
	}
	return 8 * int64(v.Len())
}

// scratch bounds what a step allocates beside its outputs, in bytes.
func scratch(n *ir.Node) int64 {
	out := int64(0)
	if n.Out[0] != nil {
		out = bytes(n.Out[0])
	}
	switch op := n.Op.(type) {
	case *ir.Conv:
		w := n.In[1].Shape
		return columns(w[1:], n.Out[0].Shape)
	case *ir.ConvTranspose:
		w := n.In[1].Shape
		return columns(w[1:], n.In[0].Shape)
	case *ir.DeformConv:
		w := n.In[1].Shape
		return columns([]int{n.In[0].Shape[1], w[2], w[3]}, n.Out[0].Shape)
	case *ir.Reduce:
		return 2 * out
	case *ir.Where, *ir.Gemm:
		return 3 * out
	case *ir.Resize:
		// Every axis but the last that changes leaves an intermediate tensor.
		var most int64
		s := append([]int{}, n.In[0].Shape...)
		for a := range s {
			s[a] = op.OutputSize[a]
			most += 4 * elements(s)
		}
		return most
	}
	return 0
}

// columns is the scratch of a convolution with k taps per output value: a block
// of plane.rows rows, or one row.
func columns(k, image []int) int64 {
	row := elements(append(append([]int{}, k...), image[len(image)-1]))
	return 4 * max(row, 1<<20)
}

// elements is the product of dimensions, far beyond any limit where it does not
// fit.
func elements(shape []int) int64 {
	n := int64(1)
	for _, d := range shape {
		if d > 0 && n > (1<<48)/int64(d) {
			return 1 << 48
		}
		n *= int64(d)
	}
	return n
}
