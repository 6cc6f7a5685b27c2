package quant

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"

	ermfmt "github.com/edgerun/edgerun/fmt"
	"github.com/edgerun/edgerun/internal/interp"
	"github.com/edgerun/edgerun/internal/ir"
	edgerun "github.com/edgerun/edgerun/runtime"
)

// GateError says that the int8 network agrees with the float one less often
// than was asked for.
type GateError struct {
	Agreement, Want float64
	Worst           []LayerReport // by SQNR, worst first
	NoClasses       bool          // there is nothing to agree on
}

func (e *GateError) Error() string {
	if e.NoClasses {
		return "quant: the network's outputs are not classes, so there is no agreement to ask for"
	}
	var names []string
	for _, l := range e.Worst {
		names = append(names, fmt.Sprintf("%s %.1f dB", l.Name, *l.SQNR))
	}
	return fmt.Sprintf("quant: float and int8 agree on %.1f %% of the held-out samples, want %.1f %%; worst layers: %s",
		100*e.Agreement, 100*e.Want, strings.Join(names, ", "))
}

func newGateError(r *Report) *GateError {
	e := &GateError{Want: r.MinAgreement, NoClasses: r.Agreement == nil}
	if r.Agreement != nil {
		e.Agreement = *r.Agreement
	}
	for _, l := range r.Layers {
		if l.SQNR != nil {
			e.Worst = append(e.Worst, l)
		}
	}
	slices.SortStableFunc(e.Worst, func(a, b LayerReport) int {
		switch {
		case *a.SQNR < *b.SQNR:
			return -1
		case *a.SQNR > *b.SQNR:
			return 1
		}
		return 0
	})
	e.Worst = e.Worst[:min(3, len(e.Worst))]
	return e
}

// Comparison is the float and the int8 network side by side.
type Comparison struct {
	Samples    int           `json:"samples"`
	Layers     []LayerReport `json:"layers"` // in the order they run
	OutputSQNR *float64      `json:"output_sqnr_db"`
	Agreement  *float64      `json:"agreement"`
	Outputs    []LayerReport `json:"outputs"`
}

// noise accumulates signal and error powers.
type noise struct {
	signal, err, cross, other float64
}

func (a *noise) add(ref, got float64) {
	d := ref - got
	a.signal += float64(ref * ref)
	a.err += float64(d * d)
	a.cross += float64(ref * got)
	a.other += float64(got * got)
}

func (a *noise) merge(b noise) {
	a.signal += b.signal
	a.err += b.err
	a.cross += b.cross
	a.other += b.other
}

// sqnr is 10·log10(Σ ref² / Σ (ref − got)²), nil when there is no error.
func (a *noise) sqnr() *float64 {
	if a.err == 0 {
		return nil
	}
	v := 10 * math.Log10(max(a.signal, 1e-300)/a.err)
	return &v
}

func (a *noise) cosine() float64 {
	if a.signal == 0 || a.other == 0 {
		return 1
	}
	return a.cross / math.Sqrt(a.signal*a.other)
}

// Compare runs samples through the float network and the int8 network made of
// it, and measures every layer. Progress may be nil.
func (m *Model) Compare(ctx context.Context, em *edgerun.Model, samples Samples, progress func(done, total int)) (*Comparison, error) {
	n := samples.Len()
	if n == 0 {
		return nil, errors.New("quant: there is no data to compare on")
	}
	g, _ := ir.OptimizeForIntegers(m.graph)
	run, err := interp.New(g)
	if err != nil {
		return nil, err
	}
	ix := make([]int, n)
	for i := range ix {
		ix[i] = i
	}
	c := &comparer{model: m, graph: g, machine: run, em: em}
	return c.run(ctx, samples, ix, runtime.GOMAXPROCS(0), progress)
}

// stageCompare measures the result on the held-out samples.
func (j *job) stageCompare() error {
	em, err := edgerun.LoadBytes(j.bytes, edgerun.MaxMemory(math.MaxInt64))
	if err != nil {
		return err
	}
	ix := j.heldOut()
	// Of very many samples, some say it all.
	const most = 64
	if len(ix) > most {
		var some []int
		for i := range most {
			some = append(some, ix[i*len(ix)/most])
		}
		ix = some
	}
	c := &comparer{model: j.model, graph: j.g, machine: j.machine, em: em}
	res, err := c.run(j.ctx, j.samples, ix, j.workers, j.progress)
	if err != nil {
		return err
	}
	j.report.HeldOut = len(ix)
	j.report.Layers, j.report.OutputSQNR, j.report.Agreement = res.Layers, res.OutputSQNR, res.Agreement
	j.report.Tensors = j.tensorReports()
	return nil
}

type comparer struct {
	model   *Model
	graph   *ir.Graph
	machine *interp.Machine
	em      *edgerun.Model
}

// tally is what one sample contributes.
type tally struct {
	layers  []noise
	outputs []noise
	agree   int
	votes   int
}

func (c *comparer) run(ctx context.Context, samples Samples, ix []int, workers int, progress func(done, total int)) (*Comparison, error) {
	ins, outs := c.em.Inputs(), c.em.Outputs()
	if len(ins) != len(c.graph.Inputs) || len(outs) != len(c.graph.Outputs) {
		return nil, errors.New("quant: the int8 network was not made of this float network: inputs or outputs differ in number")
	}
	for i, v := range c.graph.Inputs {
		if ins[i].Name != v.Name || !slices.Equal(ins[i].Shape, v.Shape) {
			return nil, fmt.Errorf("quant: the int8 network was not made of this float network: input %d is %q %v there and %q %v here", i, ins[i].Name, ins[i].Shape, v.Name, v.Shape)
		}
	}
	byName := map[string]*ir.Value{}
	for _, n := range c.graph.Nodes {
		for _, v := range n.Out {
			if v != nil && v.IsFloat() {
				byName[v.Name] = v
			}
		}
	}
	steps := c.em.Steps()
	results := make([]*tally, len(ix))
	errs := make([]error, len(ix))
	var mu sync.Mutex
	next, done := 0, 0
	var wg sync.WaitGroup
	for range min(max(1, workers), len(ix)) {
		wg.Go(func() {
			s, err := c.em.NewSession()
			if err != nil {
				mu.Lock()
				errs[0] = err
				mu.Unlock()
				return
			}
			defer s.Close()
			for {
				mu.Lock()
				i := next
				next++
				mu.Unlock()
				if i >= len(ix) || ctx.Err() != nil {
					return
				}
				results[i], errs[i] = c.sample(ctx, s, samples, ix[i], byName, len(steps))
				mu.Lock()
				done++
				if progress != nil {
					progress(done, len(ix))
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := firstError(errs); err != nil {
		return nil, err
	}
	total := tally{layers: make([]noise, len(steps)), outputs: make([]noise, len(outs))}
	for _, r := range results {
		for i := range r.layers {
			total.layers[i].merge(r.layers[i])
		}
		for i := range r.outputs {
			total.outputs[i].merge(r.outputs[i])
		}
		total.agree += r.agree
		total.votes += r.votes
	}
	res := &Comparison{Samples: len(ix), Layers: []LayerReport{}, Outputs: []LayerReport{}}
	for i, st := range steps {
		if total.layers[i].signal == 0 && total.layers[i].err == 0 {
			continue // a step of the int8 network's own, such as a copy
		}
		res.Layers = append(res.Layers, LayerReport{Name: st.Name, Op: st.Op, SQNR: total.layers[i].sqnr(), Cosine: total.layers[i].cosine()})
	}
	var all noise
	for i, o := range outs {
		all.merge(total.outputs[i])
		res.Outputs = append(res.Outputs, LayerReport{Name: o.Name, Op: "output", SQNR: total.outputs[i].sqnr(), Cosine: total.outputs[i].cosine()})
	}
	res.OutputSQNR = all.sqnr()
	if total.votes > 0 {
		a := float64(total.agree) / float64(total.votes)
		res.Agreement = &a
	}
	return res, nil
}

// sample compares one sample.
func (c *comparer) sample(ctx context.Context, s *edgerun.Session, samples Samples, i int, byName map[string]*ir.Value, steps int) (*tally, error) {
	smp, err := samples.Sample(i)
	if err != nil {
		return nil, err
	}
	in, err := c.model.tensors(smp)
	if err != nil {
		return nil, fmt.Errorf("sample %d: %w", i, err)
	}
	for k := range smp {
		if err := s.Input(k).SetFloat32(smp[k]); err != nil {
			return nil, err
		}
	}
	t := &tally{layers: make([]noise, steps)}
	ref, err := c.layers(ctx, s, in, byName, t)
	if err != nil {
		return nil, err
	}
	t.outputs = make([]noise, len(ref))
	for k, r := range ref {
		o := s.Output(k)
		got := make([]float32, o.Len())
		if err := o.Float32(got); err != nil {
			return nil, err
		}
		want := floats(r)
		for p, x := range want {
			t.outputs[k].add(float64(x), float64(got[p]))
		}
		if k == 0 {
			t.agree, t.votes = Agree(o.Shape(), ClassAxis(o), want, got)
		}
	}
	return t, nil
}

// layers runs both networks side by side, so that no more of the float one's
// values are held than those that the int8 one has yet to make, and returns the
// float network's outputs.
func (c *comparer) layers(ctx context.Context, s *edgerun.Session, in []*ir.Tensor, byName map[string]*ir.Value, t *tally) (ref []*ir.Tensor, err error) {
	last := map[*ir.Value]int{} // step that makes a value; the last, if several write into it
	for i := range t.layers {
		if v := byName[s.ValueName(i)]; v != nil {
			last[v] = i
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	next, stop := iter.Pull2(func(yield func(v *ir.Value, t *ir.Tensor) bool) {
		more := true
		ref, err = c.machine.Run(ctx, in, func(v *ir.Value, t *ir.Tensor) {
			if _, ok := last[v]; ok && more {
				if more = yield(v, t); !more {
					cancel()
				}
			}
		})
	})
	defer stop()
	vals := map[*ir.Value]*ir.Tensor{}
	runErr := s.RunFunc(nil, func(step int) {
		want := byName[s.ValueName(step)]
		if want == nil {
			return
		}
		for vals[want] == nil {
			v, t, ok := next()
			if !ok {
				return
			}
			vals[v] = t
		}
		if v, ok := s.Value(step); ok {
			compareValue(&t.layers[step], vals[want], &v)
		}
		if last[want] == step {
			delete(vals, want)
		}
	})
	if runErr != nil {
		return nil, runErr
	}
	for ok := true; ok; {
		_, _, ok = next()
	}
	return ref, err
}

// compareValue adds a layer's elements in the source's axis order.
func compareValue(a *noise, ref *ir.Tensor, v *edgerun.Value) {
	if len(v.Data) != len(ref.F) {
		return
	}
	real := func(i int) float64 { return float64(float64(v.Scale) * float64(v.Data[i]-v.Zero)) }
	if v.Order == ermfmt.OrderSame {
		for i, x := range ref.F {
			a.add(float64(x), real(i))
		}
		return
	}
	n, c := ref.Shape[0], ref.Shape[1]
	px := len(ref.F) / max(1, n*c)
	for s := range n {
		for ch := range c {
			for p := range px {
				a.add(float64(ref.F[(s*c+ch)*px+p]), real((s*px+p)*c+ch))
			}
		}
	}
}

// ClassAxis is the axis along which an int8 network's output has its classes: the
// one that lies innermost in memory, where a layer's output channels are.
func ClassAxis(t *edgerun.Tensor) int {
	shape, channels := t.Shape(), t.RawShape()[3]
	last := len(shape) - 1
	if last >= 2 && shape[1] != channels && shape[last] == channels {
		return last
	}
	return min(1, last)
}

// Agree counts on how many items two outputs choose the same class. Outputs
// of shape [N, classes] or [classes] have one item per row, of shape [N,
// classes, H, W] one per pixel, of shape [N, steps, classes] one per step; axis
// is that of the classes. Outputs with fewer than two classes have no items.
func Agree(shape []int, axis int, a, b []float32) (agree, items int) {
	n, c, px := 1, 0, 1
	for i, d := range shape {
		switch {
		case i < axis:
			n *= d
		case i == axis:
			c = d
		default:
			px *= d
		}
	}
	if c < 2 {
		return 0, 0
	}
	best := func(x []float32, at int) int {
		k := 0
		for i := 1; i < c; i++ {
			if x[at+i*px] > x[at+k*px] {
				k = i
			}
		}
		return k
	}
	for s := range n {
		for p := range px {
			at := s*c*px + p
			items++
			if best(a, at) == best(b, at) {
				agree++
			}
		}
	}
	return agree, items
}

// tensorReports describes the activations' ranges.
func (j *job) tensorReports() []TensorReport {
	var out []TensorReport
	for _, grp := range j.groups.order {
		h, p := grp.hist, grp.params
		lo, hi := p.span()
		r := TensorReport{Name: grp.values[0].Name, Type: p.dtype.String(), Scale: p.scale, Zero: p.zero, Lo: lo, Hi: hi,
			SeenLo: float64(h.min), SeenHi: float64(h.max), Observer: grp.how}
		var outside, total float64
		h.each(func(x, n float64) {
			total += n
			if x < lo || x > hi {
				outside += n
			}
		})
		if t := total + float64(h.zeros); t > 0 {
			r.Saturated = outside / t
		}
		r.Histogram = h.coarse(48)
		out = append(out, r)
	}
	return out
}

// coarse returns the counts in n equal parts of the seen range.
func (h *histogram) coarse(n int) []int {
	if h.max <= h.min {
		return nil
	}
	out := make([]int, n)
	at := func(x float64) int {
		return min(max(int((x-float64(h.min))/float64(h.max-h.min)*float64(n)), 0), n-1)
	}
	h.each(func(x, c float64) { out[at(x)] += int(c) })
	out[at(0)] += int(h.zeros)
	return out
}
