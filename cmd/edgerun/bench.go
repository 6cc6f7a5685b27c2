package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/spf13/cobra"

	edgerun "github.com/edgerun/edgerun/runtime"
)

// latency is a distribution in nanoseconds.
type latency struct {
	Min int64 `json:"min"`
	P50 int64 `json:"p50"`
	P90 int64 `json:"p90"`
	P99 int64 `json:"p99"`
	Max int64 `json:"max"`
}

// latencyOf sorts the times and picks from them.
func latencyOf(d []int64) latency {
	slices.Sort(d)
	at := func(p int) int64 { return d[min(len(d)-1, len(d)*p/100)] }
	return latency{d[0], at(50), at(90), at(99), d[len(d)-1]}
}

// layerTime is one line of bench --layers.
type layerTime struct {
	Index  int    `json:"index"`
	Name   string `json:"name"`
	Op     string `json:"op"`
	Kernel string `json:"kernel"`
	MACs   int64  `json:"macs"`
	P50    int64  `json:"p50_ns"`
	Min    int64  `json:"min_ns"`
	CPU    int64  `json:"cpu_ns"` // least processor time, of all threads; 0: not known
}

// benchResult is what bench prints.
type benchResult struct {
	Model     string      `json:"model"`
	Tier      string      `json:"tier"`
	Threads   int         `json:"threads"`
	Iters     int         `json:"iters"`
	MACs      int64       `json:"macs"`
	Latency   latency     `json:"latency_ns"`
	CPU       int64       `json:"cpu_ns"` // processor time of a run, of all threads; 0: not known
	Allocs    float64     `json:"allocs_per_run"`
	Arena     int64       `json:"arena_bytes"`
	Scratch   int64       `json:"scratch_bytes"`
	LoadNanos int64       `json:"load_ns"`
	Layers    []layerTime `json:"layers"`
}

func newBench(g *global) *cobra.Command {
	var (
		threads, iters, warmup int
		layers                 bool
		tier                   string
	)
	cmd := &cobra.Command{
		Use:   "bench MODEL.erm",
		Short: "latency of a network on this machine",
		Long: `bench runs an int8 file on inputs of zeros and prints the distribution of the
latency, from setting the inputs to having the outputs. With --layers it times
every operator too and names its kernel.`,
		Example: `  edgerun bench mobilenet.erm --threads 4
  edgerun bench mobilenet.erm --layers --iters 50
  edgerun bench mobilenet.erm --tier generic --json`,
		Args: exactly(1, "the .erm file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if threads < 1 || iters < 1 || warmup < 0 {
				return usageError{errors.New("--threads and --iters: want at least 1; --warmup: at least 0")}
			}
			if !isInt8(args[0]) {
				return usageError{fmt.Errorf("%s: want an .erm file; make one with edgerun quantize", args[0])}
			}
			var opts []edgerun.Option
			if tier != "" {
				opts = append(opts, edgerun.Tier(tier))
			}
			start := time.Now()
			m, err := edgerun.Load(args[0], opts...)
			if err != nil {
				return err
			}
			load := time.Since(start)
			b := bencher{iters: iters, warmup: warmup, layers: layers, cancelled: func() error { return cmd.Context().Err() }}
			p := g.newProgress()
			b.progress = func(i int) { p.update("bench", i, iters+warmup) }
			res, err := b.run(m, threads)
			p.finish()
			if err != nil {
				return err
			}
			res.Model, res.LoadNanos = filepath.Base(args[0]), load.Nanoseconds()
			if g.json {
				return printJSON(res)
			}
			res.print()
			return nil
		},
	}
	f := cmd.Flags()
	f.IntVar(&threads, "threads", 1, "threads to use")
	f.IntVar(&iters, "iters", 30, "runs to time")
	f.IntVar(&warmup, "warmup", 3, "runs before that")
	f.BoolVar(&layers, "layers", false, "time every operator")
	f.StringVar(&tier, "tier", "", "kernels to use: generic, neon, dotprod or i8mm (default the best this CPU has)")
	return cmd
}

type bencher struct {
	iters, warmup int
	layers        bool
	progress      func(i int)
	cancelled     func() error
}

// run times a model.
func (b *bencher) run(m *edgerun.Model, threads int) (*benchResult, error) {
	s, err := m.NewSession(edgerun.Threads(threads))
	if err != nil {
		return nil, err
	}
	defer s.Close()
	in := make([][]float32, s.NumInputs())
	for i := range in {
		in[i] = make([]float32, s.Input(i).Len())
	}
	out := make([][]float32, s.NumOutputs())
	for i := range out {
		out[i] = make([]float32, s.Output(i).Len())
	}
	steps := m.Steps()
	times, least := make([][]int64, len(steps)), make([]int64, len(steps))
	for i := range times {
		times[i], least[i] = make([]int64, 0, b.iters), math.MaxInt64
	}
	var (
		began time.Time
		used  int64
	)
	before := func(int) { used, began = cpuTime(), time.Now() }
	after := func(i int) {
		times[i] = append(times[i], time.Since(began).Nanoseconds())
		least[i] = min(least[i], cpuTime()-used)
	}
	once := func(run func() error) error {
		for i, x := range in {
			if err := s.Input(i).SetFloat32(x); err != nil {
				return err
			}
		}
		if err := run(); err != nil {
			return err
		}
		for i, y := range out {
			if err := s.Output(i).Float32(y); err != nil {
				return err
			}
		}
		return nil
	}
	total := make([]int64, 0, b.iters)
	var cpu int64
	for i := range b.warmup + b.iters {
		if i == b.warmup {
			cpu = cpuTime()
		}
		if err := b.cancelled(); err != nil {
			return nil, err
		}
		if b.progress != nil {
			b.progress(i)
		}
		start := time.Now()
		if err := once(s.Run); err != nil {
			return nil, err
		}
		if took := time.Since(start).Nanoseconds(); i >= b.warmup {
			total = append(total, took)
		}
	}
	cpu = cpuTime() - cpu
	allocs, err := b.allocations(func() error { return once(s.Run) })
	if err != nil {
		return nil, err
	}
	r := &benchResult{Tier: m.Tier(), Threads: s.Threads(), Iters: b.iters, MACs: m.MACs(), Latency: latencyOf(total), CPU: cpu / int64(b.iters),
		Allocs: float64(allocs), Arena: m.ArenaBytes(), Scratch: s.ScratchBytes(), Layers: []layerTime{}}
	if !b.layers {
		return r, nil
	}
	for range b.iters {
		if err := b.cancelled(); err != nil {
			return nil, err
		}
		if err := once(func() error { return s.RunFunc(before, after) }); err != nil {
			return nil, err
		}
	}
	for i, st := range steps {
		l := latencyOf(times[i])
		r.Layers = append(r.Layers, layerTime{st.Index, st.Name, st.Op, st.Kernel, st.MACs, l.P50, l.Min, least[i]})
	}
	return r, nil
}

// allocations counts what a run allocates: the least of several runs, since the
// Go runtime's own threads allocate now and then.
func (b *bencher) allocations(run func() error) (least uint64, err error) {
	least = math.MaxUint64
	for range 5 {
		var m0, m1 runtime.MemStats
		runtime.ReadMemStats(&m0)
		if err := run(); err != nil {
			return 0, err
		}
		runtime.ReadMemStats(&m1)
		if least = min(least, m1.Mallocs-m0.Mallocs); least == 0 {
			break
		}
	}
	return least, nil
}

func (r *benchResult) print() {
	ms := func(ns int64) string { return fmt.Sprintf("%.3f ms", float64(ns)/1e6) }
	if len(r.Layers) > 0 {
		var sum int64
		for _, l := range r.Layers {
			sum += l.P50
		}
		var rows [][]string
		for _, l := range r.Layers {
			rate := ""
			if l.MACs > 0 && l.P50 > 0 {
				rate = fmt.Sprintf("%.2f", float64(l.MACs)/float64(l.P50))
			}
			rows = append(rows, []string{fmt.Sprint(l.Index), ms(l.P50), fmt.Sprintf("%.1f %%", 100*float64(l.P50)/float64(max(1, sum))),
				count(l.MACs), rate, l.Kernel, l.Op, shown(l.Name)})
		}
		table(os.Stdout, []string{"#", "p50", "share", "MACs", "GMAC/s", "kernel", "op", "layer"}, rows)
	}
	fmt.Printf("%s: %s tier, %d threads, %d runs, %s MACs\n", r.Model, r.Tier, r.Threads, r.Iters, count(r.MACs))
	fmt.Printf("latency: min %s, p50 %s, p90 %s, p99 %s, max %s (%.2f GMAC/s at p50)\n", ms(r.Latency.Min), ms(r.Latency.P50), ms(r.Latency.P90),
		ms(r.Latency.P99), ms(r.Latency.Max), float64(r.MACs)/float64(max(1, r.Latency.P50)))
	if r.CPU > 0 {
		fmt.Printf("processor time of a run %s, of all threads\n", ms(r.CPU))
	}
	fmt.Printf("%g allocations per run, arena %s, scratch %s, loaded in %s\n", r.Allocs, size(r.Arena), size(r.Scratch), ms(r.LoadNanos))
}
