package quant

import (
	"fmt"
	"slices"

	"github.com/edgerun/edgerun/internal/ir"
)

// gather takes constant indices: one index or evenly spaced ones are a view,
// others are copied piece by piece.
func (l *lowering) gather(n *ir.Node, op *ir.Gather, w view) (bool, error) {
	ix := n.In[1].Const
	if ix == nil {
		return false, fmt.Errorf("indices computed from data are %w in int8", ErrUnsupported)
	}
	d := n.In[0].Shape[op.Axis]
	at := make([]int, len(ix.I))
	for i, v := range ix.I {
		at[i] = int(v)
		if at[i] < 0 {
			at[i] += d
		}
	}
	if len(at) == 0 {
		return false, fmt.Errorf("no indices: %w in int8", ErrUnsupported)
	}
	step := 1
	if len(at) > 1 {
		step = at[1] - at[0]
	}
	even := step != 0
	for i := 1; i < len(at); i++ {
		even = even && at[i]-at[i-1] == step
	}
	if even {
		if v, ok := w.slice(op.Axis, at[0], step, len(at)); ok {
			if v, ok = v.reshape(n.Out[0].Shape); ok {
				l.val[n.Out[0]] = v
				return true, nil
			}
		}
		return false, nil
	}
	// Shuffled or repeated channels are a view too.
	pos := positionsOf(w.axes[op.Axis])
	picked := make([]int, len(at))
	for i, a := range at {
		picked[i] = pos[a]
	}
	if rs := affineRuns(picked); len(rs) <= maxGatherRuns {
		v := view{buf: w.buf, off: w.off + picked[0], axes: slices.Clone(w.axes)}
		v.axes[op.Axis] = rs
		if v, ok := v.reshape(n.Out[0].Shape); ok {
			l.val[n.Out[0]] = v
			return true, nil
		}
	}
	y, _ := l.define(n.Out[0])
	// The index axis may have any rank: as one axis for the copies.
	flat := append([]int{}, n.In[0].Shape...)
	flat[op.Axis] = len(at)
	dst, ok := y.reshape(flat)
	if !ok {
		return false, fmt.Errorf("indices of shape %v are %w in int8", n.In[1].Shape, ErrUnsupported)
	}
	// As many evenly spaced indices as there are go in one copy.
	for i := 0; i < len(at); {
		k, step := i+1, 1
		if k < len(at) && at[k] > at[i] {
			step = at[k] - at[i]
		}
		for k < len(at) && at[k]-at[k-1] == step {
			k++
		}
		src, ok1 := w.slice(op.Axis, at[i], step, k-i)
		part, ok2 := dst.slice(op.Axis, i, 1, k-i)
		if !ok1 || !ok2 {
			return false, nil
		}
		l.copy(n.Label(), src, part)
		i = k
	}
	return true, nil
}

// maxGatherRuns is how many runs a choice may have to be worth a view: that many
// more axes a copy of it has.
const maxGatherRuns = 3

// affineRuns writes a list of offsets, counted from the first, as runs from the
// outermost to the innermost. It is never wrong, but may give a run per offset.
func affineRuns(at []int) []run {
	if len(at) <= 1 {
		return nil
	}
	step := at[1] - at[0]
	n := 1
	for n < len(at) && at[n]-at[n-1] == step {
		n++
	}
	for ; n > 1; n-- {
		if len(at)%n != 0 {
			continue
		}
		same := true
		var starts []int
		for i := 0; i < len(at) && same; i += n {
			starts = append(starts, at[i])
			for k := 1; k < n; k++ {
				same = same && at[i+k]-at[i+k-1] == step
			}
		}
		if same {
			return append(affineRuns(starts), run{n, step})
		}
	}
	return make([]run, maxGatherRuns+1)
}
