package quant

import (
	"math"
	"slices"

	"github.com/edgerun/edgerun/internal/interp"
	"github.com/edgerun/edgerun/internal/ir"
)

// headroom is how far 16-bit ranges reach beyond what calibration saw: other
// inputs may go further, and one bit of sixteen costs little.
const headroom = 2

// stageRanges gives every group its parameters.
func (j *job) stageRanges() error {
	j.groups = newGrouping(j.g, j.hist)
	var open []*choice
	for _, grp := range j.groups.order {
		grp.hist = &histogram{}
		for _, v := range grp.values {
			if h := j.hist[v]; h != nil {
				grp.hist.merge(h)
			}
		}
		lo, hi := float64(grp.hist.min), float64(grp.hist.max)
		switch {
		case grp.offsets:
			m := max(-lo, hi)
			grp.params, grp.how = params{Int16Type, math.Ldexp(1, -offsetBits(m)), 0}, "offsets"
		case grp.fixed != nil:
			grp.params, grp.how = *grp.fixed, "fixed"
		case grp.wide:
			grp.params, grp.how = newParams(Int16Type, lo*headroom, hi*headroom), "16 bits"
		default:
			c := &choice{grp: grp, spans: candidates(grp.hist, j.opt.Method)}
			if j.opt.Method == Auto {
				if f := j.functionCost(grp); f != nil {
					c.spans = []span{bestSpan(grp.hist, c.spans[0], "function", f)}
				}
			}
			c.set(0)
			if len(c.spans) > 1 {
				open = append(open, c)
			}
		}
	}
	if len(open) == 0 {
		return nil
	}
	return j.measure(open)
}

// functionCost returns the error that a range costs the functions behind a
// group, when functions are all there is behind it; nil otherwise.
func (j *job) functionCost(grp *group) func(lo, hi float64) float64 {
	type use struct {
		f ir.Function
		h *histogram // of what it reads: a maximum is not spread as its input is
	}
	var fs []use
	averages := false
	for _, v := range grp.values {
		h := j.hist[v]
		if h == nil {
			h = grp.hist
		}
		for _, n := range j.groups.users[v] {
			if n == nil {
				return nil
			}
			if f, ok := n.Op.(ir.Function); ok {
				fs = append(fs, use{f, h})
				continue
			}
			if len(j.groups.ties(n)) == 0 {
				return nil
			}
			if _, ok := n.Op.(*ir.Resize); ok {
				averages = true
			}
		}
	}
	if len(fs) == 0 {
		return nil
	}
	if averages { // what is clipped in front of a mean is missing in it
		for i := range fs {
			fs[i].h = grp.hist
		}
	}
	return func(lo, hi float64) float64 {
		sum := 0.0
		for _, u := range fs {
			sum += u.h.functionError(u.f.Eval)(lo, hi)
		}
		return sum
	}
}

// choice is a group whose range is still to be chosen.
type choice struct {
	grp   *group
	spans []span
	cost  []float64
}

func (c *choice) set(i int) {
	s := c.spans[i]
	c.grp.params, c.grp.how = newParams(Int8Type, s.lo, s.hi), s.how
}

// measureMACs bounds the work of measuring candidates.
const measureMACs = 40e9

// measure tries the candidates of every group on some samples: the layers that
// read the group's values compute once from the real values and once from what
// each candidate makes of them, and the candidate with the least error at
// their outputs wins.
func (j *job) measure(open []*choice) error {
	byValue := map[*ir.Value]*choice{}
	var most int
	for _, c := range open {
		c.cost = make([]float64, len(c.spans))
		most = max(most, len(c.spans))
		for _, v := range c.grp.values {
			byValue[v] = c
		}
	}
	ix := j.calibration()
	n := int(min(max(measureMACs/(float64(most)*float64(max(1, graphMACs(j.g)))), 1), 16))
	n = min(n, len(ix))
	// Spread over the data, which often comes sorted by class.
	var pick []int
	for i := range n {
		pick = append(pick, ix[i*len(ix)/n])
	}
	costs := make([][][]float64, n)
	released := lastReads(j.g)
	err := j.forEach(n, func(_, i int) error {
		in, err := j.sample(pick[i])
		if err != nil {
			return err
		}
		costs[i], err = j.measureSample(in, open, byValue, released)
		return err
	})
	if err != nil {
		return err
	}
	// Sums in sample order, so that they do not depend on the workers.
	for _, s := range costs {
		for k, c := range open {
			for i, v := range s[k] {
				c.cost[i] += v
			}
		}
	}
	for _, c := range open {
		best := 0
		for i, v := range c.cost {
			if v < c.cost[best] {
				best = i
			}
		}
		c.set(best)
	}
	return nil
}

// lastReads lists, for every node, the values that no later node reads.
func lastReads(g *ir.Graph) map[*ir.Node][]*ir.Value {
	last := map[*ir.Value]*ir.Node{}
	for _, n := range g.Nodes {
		for _, v := range n.In {
			last[v] = n
		}
	}
	released := map[*ir.Node][]*ir.Value{}
	for v, n := range last {
		released[n] = append(released[n], v)
	}
	return released
}

// measureSample returns the cost of every candidate of every choice. It holds
// values from where they are made to the last node that reads them.
func (j *job) measureSample(in []*ir.Tensor, open []*choice, byValue map[*ir.Value]*choice, released map[*ir.Node][]*ir.Value) ([][]float64, error) {
	index := map[*choice]int{}
	cost := make([][]float64, len(open))
	for k, c := range open {
		index[c] = k
		cost[k] = make([]float64, len(c.spans))
	}
	vals := map[*ir.Value]*ir.Tensor{}
	var bad error
	_, err := j.machine.Run(j.ctx, in, func(v *ir.Value, t *ir.Tensor) {
		if len(j.groups.users[v]) > 0 {
			vals[v] = t
		}
		n := j.groups.made[v]
		if n == nil || bad != nil || v != n.Out[0] {
			return
		}
		defer func() {
			for _, x := range released[n] {
				delete(vals, x)
			}
		}()
		for i, x := range n.In {
			c := byValue[x]
			if c == nil || x.Const != nil || slices.Contains(n.In[:i], x) {
				continue
			}
			ref := floats(t)
			power := 0.0
			for _, r := range ref {
				power += float64(float64(r) * float64(r))
			}
			if power == 0 || len(j.groups.ties(n)) > 0 {
				continue
			}
			for k, s := range c.spans {
				e, err := j.consumerError(n, i, vals, newParams(Int8Type, s.lo, s.hi), ref)
				if err != nil {
					bad = n.Wrap(err)
					return
				}
				cost[index[c]][k] += e / power
			}
		}
	})
	if err == nil {
		err = bad
	}
	return cost, err
}

// consumerError returns the square error at a node's output when input i is
// quantized.
func (j *job) consumerError(n *ir.Node, i int, vals map[*ir.Value]*ir.Tensor, p params, ref []float32) (float64, error) {
	x := vals[n.In[i]]
	q := ir.NewTensor(ir.Float32, x.Shape)
	inv := 1 / p.scale
	lo, hi := p.span()
	for k, v := range x.F {
		f := min(max(float64(v), lo), hi)
		q.F[k] = float32(math.Floor(float64(f*inv)+0.5) * p.scale)
	}
	in := make([]*ir.Tensor, len(n.In))
	for k, v := range n.In {
		switch {
		case v == nil:
		case v == n.In[i]:
			in[k] = q
		case v.Const != nil:
			in[k] = v.Const
		default:
			in[k] = vals[v]
		}
	}
	out, err := interp.EvalWith(n, in)
	if err != nil {
		return 0, err
	}
	got := floats(out[0])
	e := 0.0
	for k, r := range ref {
		d := float64(got[k] - r)
		e += float64(d * d)
	}
	return e, nil
}

// graphMACs counts the multiply-accumulates of a float graph.
func graphMACs(g *ir.Graph) int64 {
	var sum int64
	for _, n := range g.Nodes {
		sum += n.MACs()
	}
	return sum
}
