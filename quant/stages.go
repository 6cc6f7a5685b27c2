package quant

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	ermfmt "github.com/edgerun/edgerun/fmt"
	"github.com/edgerun/edgerun/internal/interp"
	"github.com/edgerun/edgerun/internal/ir"
)

// stage is one step from the float network to the integer one.
type stage struct {
	name string
	run  func(j *job) error
}

// stages is the pipeline, in order (Nagel 2021, 2106.08295, §3). What changes
// float weights so that they quantize better, such as cross-layer
// equalization, belongs between graph and calibrate; what corrects the integer
// weights, such as bias correction and rounding optimisation, between weights
// and lower; what chooses 16-bit layers by their measured sensitivity, behind
// ranges. Each is one entry here.
var stages = []stage{
	{"graph", (*job).stageGraph},
	{"calibrate", (*job).stageCalibrate},
	{"ranges", (*job).stageRanges},
	{"weights", (*job).stageWeights},
	{"lower", (*job).stageLower},
	{"compare", (*job).stageCompare},
	{"second opinion", (*job).stageSecondOpinion},
}

// opinionMargin is by how much min-max ranges have to be better, in dB.
const opinionMargin = 0.5

// stageSecondOpinion makes the network once more, from full ranges, and keeps
// it if it is nearer to float on the held-out samples: Auto judges tensor by
// tensor, and what is best for each can add up to something worse.
func (j *job) stageSecondOpinion() error {
	if j.opt.Method != Auto || j.report.OutputSQNR == nil {
		return nil
	}
	k, r := *j, *j.report
	k.opt.Method, k.report = MinMax, &r
	for _, st := range []func(*job) error{(*job).stageRanges, (*job).stageWeights, (*job).stageLower, (*job).stageCompare} {
		if err := st(&k); err != nil {
			return err
		}
	}
	j.note = fmt.Sprintf("full ranges everywhere: %s dB", decibels(r.OutputSQNR))
	if r.OutputSQNR != nil && *r.OutputSQNR < *j.report.OutputSQNR+opinionMargin {
		return nil
	}
	j.note += fmt.Sprintf(", against %s dB: taken", decibels(j.report.OutputSQNR))
	*j.report = r
	j.groups, j.out, j.bytes = k.groups, k.out, k.bytes
	return nil
}

// decibels prints an SQNR, where nil is infinite.
func decibels(v *float64) string {
	if v == nil {
		return "∞"
	}
	return fmt.Sprintf("%.1f", *v)
}

// job is one run of the quantizer.
type job struct {
	ctx     context.Context
	model   *Model
	samples Samples
	opt     Options
	workers int
	stage   string
	note    string // what the stage has to say
	report  *Report

	g       *ir.Graph // rewritten
	machine *interp.Machine
	held    int // every held-th sample is kept for the comparison; 0: none is
	hist    map[*ir.Value]*histogram
	se      map[*ir.Node]*seRange
	groups  *grouping
	weights map[*ir.Node]*layerWeights
	out     *ermfmt.Model
	bytes   []byte
}

// fewSamples is the number below which the report warns.
const fewSamples = 20

// Quantize makes an int8 network. Samples serve as calibration data; one in
// five is held out of it and serves to compare the result with the float
// network, when there are at least ten.
//
// A *GateError comes with a valid Result.
func (m *Model) Quantize(ctx context.Context, samples Samples, opt Options) (*Result, error) {
	if opt.Method == "" {
		opt.Method = Auto
	}
	if opt.Workers <= 0 {
		opt.Workers = runtime.GOMAXPROCS(0)
	}
	n := 0
	if samples != nil {
		n = samples.Len()
	}
	if n == 0 {
		return nil, errors.New("quant: there is no calibration data, want at least one sample; 100 are a good number")
	}
	j := &job{ctx: ctx, model: m, samples: samples, opt: opt, workers: opt.Workers,
		report: &Report{Source: m.Name, FloatBytes: m.Size, Samples: n, Method: opt.Method, MinAgreement: opt.MinAgreement, Warnings: []string{}}}
	if n >= 10 {
		j.held = 5
	}
	if n < fewSamples {
		j.warn("only %d samples: ranges may not hold for other inputs, want 100 or more", n)
	}
	for _, st := range stages {
		j.stage = st.name
		j.note = ""
		j.progress(0, 1)
		start := time.Now()
		if err := st.run(j); err != nil {
			return nil, fmt.Errorf("quant: %w", err)
		}
		j.report.Stages = append(j.report.Stages, StageReport{Name: st.name, Seconds: time.Since(start).Seconds(), Note: j.note})
	}
	res := &Result{Model: j.out, Bytes: j.bytes, Report: j.report}
	if a := j.report.Agreement; opt.MinAgreement > 0 && (a == nil || *a < opt.MinAgreement) {
		return res, newGateError(j.report)
	}
	return res, nil
}

func (j *job) warn(format string, a ...any) {
	j.report.Warnings = append(j.report.Warnings, fmt.Sprintf(format, a...))
}

func (j *job) progress(done, total int) {
	if j.opt.Progress != nil {
		j.opt.Progress(Progress{Stage: j.stage, Done: done, Total: total})
	}
}

// isHeld reports whether sample i is kept for the comparison.
func (j *job) isHeld(i int) bool { return j.held > 0 && i%j.held == j.held-1 }

// calibration lists the samples that ranges come from.
func (j *job) calibration() (ix []int) {
	for i := range j.samples.Len() {
		if !j.isHeld(i) {
			ix = append(ix, i)
		}
	}
	return ix
}

// heldOut lists the samples of the comparison: all of them when there are few.
func (j *job) heldOut() (ix []int) {
	for i := range j.samples.Len() {
		if j.held == 0 || j.isHeld(i) {
			ix = append(ix, i)
		}
	}
	return ix
}

// sample loads a sample for the rewritten network.
func (j *job) sample(i int) ([]*ir.Tensor, error) {
	s, err := j.samples.Sample(i)
	if err != nil {
		return nil, err
	}
	in, err := j.model.tensors(s)
	if err != nil {
		return nil, fmt.Errorf("sample %d: %w", i, err)
	}
	return in, nil
}

// forEach runs f for items [0, n) on all workers and reports progress. The
// first error in item order is returned.
func (j *job) forEach(n int, f func(worker, i int) error) error {
	var (
		mu   sync.Mutex
		next int
		done int
		errs = make([]error, n)
		bad  bool
		wg   sync.WaitGroup
	)
	for w := range min(j.workers, n) {
		wg.Go(func() {
			for {
				mu.Lock()
				i := next
				next++
				stop := bad || i >= n
				mu.Unlock()
				if stop {
					return
				}
				err := j.ctx.Err()
				if err == nil {
					err = f(w, i)
				}
				mu.Lock()
				if err != nil {
					errs[i], bad = err, true
				}
				done++
				j.progress(done, n)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return errors.Join(firstError(errs))
}

func firstError(errs []error) error {
	for _, e := range errs {
		if e != nil {
			return e
		}
	}
	return nil
}

// stageGraph rewrites the network.
func (j *job) stageGraph() error {
	if err := j.model.graph.CheckFinite(); err != nil {
		return err
	}
	g, counts := ir.OptimizeForIntegers(j.model.graph)
	if n := splitTrunks(g); n > 0 {
		counts["split long sums"] = n
	}
	j.g, j.report.Passes = g, counts
	if err := checkGraph(g); err != nil {
		return err
	}
	var err error
	j.machine, err = interp.New(g)
	return err
}

// stageCalibrate runs the float network and counts the values of every tensor.
func (j *job) stageCalibrate() error {
	ix := j.calibration()
	type seen struct {
		hist map[*ir.Value]*histogram
		se   map[*ir.Node]*seRange
	}
	part := make([]seen, min(j.workers, len(ix)))
	for w := range part {
		part[w] = seen{map[*ir.Value]*histogram{}, map[*ir.Node]*seRange{}}
	}
	blocks := map[*ir.Value][]*ir.Node{}
	for _, n := range j.g.Nodes {
		if _, ok := n.Op.(*ir.SE); ok {
			blocks[n.In[0]] = append(blocks[n.In[0]], n)
		}
	}
	err := j.forEach(len(ix), func(w, i int) error {
		in, err := j.sample(ix[i])
		if err != nil {
			return err
		}
		var bad error
		_, err = j.machine.Run(j.ctx, in, func(v *ir.Value, t *ir.Tensor) {
			if t.DType != ir.Float32 || bad != nil {
				return
			}
			for _, x := range t.F {
				if x-x != 0 {
					bad = fmt.Errorf("sample %d: value %q is not finite; the network or its input is out of range", ix[i], v.Name)
					return
				}
			}
			h := part[w].hist[v]
			if h == nil {
				h = &histogram{}
				part[w].hist[v] = h
			}
			h.add(t.F)
			for _, n := range blocks[v] {
				j.watchSE(n, t, part[w].se)
			}
		})
		return errors.Join(err, bad)
	})
	if err != nil {
		return err
	}
	// Adding histograms gives the same in any order.
	j.hist, j.se = part[0].hist, part[0].se
	for _, p := range part[1:] {
		for v, h := range p.hist {
			if j.hist[v] == nil {
				j.hist[v] = h
			} else {
				j.hist[v].merge(h)
			}
		}
		for n, r := range p.se {
			if j.se[n] == nil {
				j.se[n] = r
			} else {
				j.se[n].merge(*r)
			}
		}
	}
	return nil
}
