// Command zoo measures every network of edgerun zoo at its published size and
// writes the table in docs/zoo.md:
//
//	go run ./tools/zoo -dir /var/tmp/zoo                     measure all, half an hour and 2 GB
//	go run ./tools/zoo -dir /var/tmp/zoo -only vgg16,nin     measure some again
//	go run ./tools/zoo -dir /var/tmp/zoo -ort python3        compare with ONNX Runtime too
//	go run ./tools/zoo -dir /var/tmp/zoo -time               only loading, running and memory again
//	go run ./tools/zoo -dir /var/tmp/zoo -variants           measure one layer in every variant, for docs/variants.md
//	go run ./tools/zoo -render                               write the table from what was measured
//
// Results are kept in tools/zoo/results.json. Run it from the top of the
// repository, on a machine that does nothing else.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"github.com/edgerun/edgerun/internal/zoo"
)

// result is what is known about one network.
type result struct {
	FloatDB   float64 // of our float outputs against ONNX Runtime's; 0: not compared
	SQNR      float64 // of the int8 outputs against float, in dB
	Bytes     int64   // of the .erm file
	Arena     int64
	Bound     int64
	Allocs    float64
	LoadNanos int64
	P50Nanos  int64
	CPUNanos  int64 // processor time of one run
	MACs      int64 // as the runtime counts them
	RSS       int64 // most resident memory of a process that runs it, bytes
	Seconds   float64
}

const resultsFile = "tools/zoo/results.json"

func main() {
	dir := flag.String("dir", "", "directory for the networks' files")
	only := flag.String("only", "", "networks to measure, with commas; empty: all")
	ort := flag.String("ort", "", "Python with onnx and onnxruntime, to compare float results")
	again := flag.Bool("time", false, "measure loading, running and memory of the .erm files that are in the directory")
	variants := flag.Bool("variants", false, "measure the variants of a layer instead of networks")
	armcost := flag.String("armcost", "", "directory of armcost.py, to model the variants' cycles")
	render := flag.Bool("render", false, "only write the documents")
	flag.Parse()
	if err := run(*dir, *only, *ort, *armcost, *again, *variants, *render); err != nil {
		fmt.Fprintln(os.Stderr, "zoo:", err)
		os.Exit(1)
	}
}

func run(dir, only, ort, armcost string, again, variants, render bool) error {
	all := map[string]*result{}
	if b, err := os.ReadFile(resultsFile); err == nil {
		if err := json.Unmarshal(b, &all); err != nil {
			return err
		}
	}
	if !render {
		if dir == "" {
			return errors.New("-dir is missing")
		}
		m := &measurer{dir: dir, ort: ort, bin: filepath.Join(dir, "edgerun")}
		if out, err := exec.Command("go", "build", "-o", m.bin, "./cmd/edgerun").CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		if variants {
			if err := m.measureVariants(armcost); err != nil {
				return err
			}
			return renderVariants()
		}
		for _, n := range zoo.List() {
			if only != "" && !slices.Contains(strings.Split(only, ","), n.Name) {
				continue
			}
			r := all[n.Name]
			if r == nil {
				r = &result{}
				all[n.Name] = r
			}
			measure := m.measure
			if again {
				measure = m.time
			}
			if err := measure(n.Name, r); err != nil {
				return fmt.Errorf("%s: %w", n.Name, err)
			}
			fmt.Printf("%s: %+v\n", n.Name, *r)
			b, err := json.MarshalIndent(all, "", "  ")
			if err != nil {
				return err
			}
			if err := os.WriteFile(resultsFile, append(b, '\n'), 0o644); err != nil {
				return err
			}
		}
	}
	text, err := table(all)
	if err != nil {
		return err
	}
	if err := os.WriteFile("docs/zoo.md", []byte(text), 0o644); err != nil {
		return err
	}
	return renderVariants()
}

// measurer runs the command line on one network after the other.
type measurer struct {
	dir, ort, bin string
}

// edgerun runs a command and decodes the JSON that it prints.
func (m *measurer) edgerun(v any, args ...string) (*exec.Cmd, error) {
	cmd := exec.Command(m.bin, append(args, "--json", "--quiet")...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return cmd, fmt.Errorf("edgerun %s: %w", strings.Join(args, " "), err)
	}
	return cmd, json.Unmarshal(out, v)
}

func (m *measurer) measure(name string, r *result) error {
	erm := filepath.Join(m.dir, name+".erm")
	var q struct {
		Bytes int64
		SQNR  *float64 `json:"output_sqnr_db"`
	}
	cmd, err := m.edgerun(&q, "zoo", name, "-o", erm)
	if err != nil {
		return err
	}
	r.Bytes, r.Seconds = q.Bytes, cmd.ProcessState.UserTime().Seconds()
	if q.SQNR != nil {
		r.SQNR = *q.SQNR
	}
	if err := m.time(name, r); err != nil || m.ort == "" {
		return err
	}
	return m.compare(name, r)
}

// time measures what the .erm file costs.
func (m *measurer) time(name string, r *result) error {
	erm := filepath.Join(m.dir, name+".erm")
	var in struct {
		Arena int64 `json:"arena_bytes"`
		Bound int64 `json:"arena_lower_bound"`
		MACs  int64
	}
	if _, err := m.edgerun(&in, "inspect", erm); err != nil {
		return err
	}
	r.Arena, r.Bound, r.MACs = in.Arena, in.Bound, in.MACs
	iters := "20"
	switch {
	case in.MACs > 20e9:
		iters = "2"
	case in.MACs > 2e9:
		iters = "7"
	}
	var b struct {
		Latency struct{ P50 int64 } `json:"latency_ns"`
		Allocs  float64             `json:"allocs_per_run"`
		Load    int64               `json:"load_ns"`
		CPU     int64               `json:"cpu_ns"`
	}
	cmd, err := m.edgerun(&b, "bench", erm, "--tier", "generic", "--warmup", "1", "--iters", iters)
	if err != nil {
		return err
	}
	r.P50Nanos, r.CPUNanos, r.Allocs, r.LoadNanos = b.Latency.P50, b.CPU, b.Allocs, b.Load
	if u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok && runtime.GOOS == "linux" {
		r.RSS = u.Maxrss << 10
	}
	// The least of three loads: others run here too.
	for range 2 {
		if in.MACs > 20e9 {
			break // a run takes minutes
		}
		if _, err := m.edgerun(&b, "bench", erm, "--tier", "generic", "--warmup", "0", "--iters", "1"); err != nil {
			return err
		}
		r.LoadNanos = min(r.LoadNanos, b.Load)
	}
	return nil
}

// compare runs the float network in ONNX Runtime.
func (m *measurer) compare(name string, r *result) error {
	model, inputs := filepath.Join(m.dir, name+".onnx"), filepath.Join(m.dir, name+".npz")
	var ignored any
	if _, err := m.edgerun(&ignored, "zoo", name, "-o", model); err != nil {
		return err
	}
	defer os.Remove(model)
	if _, err := m.edgerun(&ignored, "zoo", name, "-o", inputs, "--samples", "1"); err != nil {
		return err
	}
	out := filepath.Join(m.dir, name)
	if _, err := m.edgerun(&ignored, "run", model, inputs, "--out", out); err != nil {
		return err
	}
	cmd := exec.Command(m.ort, "tools/zoo/ort.py", model, inputs, filepath.Join(out, "output.npy"))
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("ONNX Runtime: %w", err)
	}
	_, err = fmt.Sscan(string(text), &r.FloatDB)
	return err
}

// table renders docs/zoo.md.
func table(all map[string]*result) (string, error) {
	var b strings.Builder
	b.WriteString(head)
	mb := func(n int64) string { return fmt.Sprintf("%.2f", float64(n)/1e6) }
	for _, n := range zoo.List() {
		g, err := n.Build(zoo.Options{Shapes: true})
		if err != nil {
			return "", err
		}
		macs, params := zoo.MACs(g), zoo.Params(g)
		fmt.Fprintf(&b, "| %s | %s | %.1f | %s | %s ", n.Name, shape(n.Input), float64(macs)/1e6, mb(params), mb(4*params))
		r := all[n.Name]
		if r == nil {
			b.WriteString(strings.Repeat("| – ", 9) + "|\n")
			continue
		}
		float := "–"
		if r.FloatDB != 0 {
			float = fmt.Sprintf("%.0f", r.FloatDB)
		}
		fmt.Fprintf(&b, "| %s | %s | %.3f | %s | %.1f | %g | %.1f | %.1f | %.2f |\n", mb(r.Bytes), mb(r.Arena), float64(r.Arena)/float64(r.Bound), float, r.SQNR, r.Allocs,
			float64(r.LoadNanos)/1e6, float64(r.CPUNanos)/1e6, float64(r.MACs)/float64(r.CPUNanos))
	}
	b.WriteString("\n| network | paper |\n|---|---|\n")
	for _, n := range zoo.List() {
		fmt.Fprintf(&b, "| %s | %s |\n", n.Name, n.Source)
	}
	if r := all["vgg16"]; r != nil {
		fmt.Fprintf(&b, tail, mb(r.RSS), mb(r.Bytes), mb(r.Arena), mb(r.RSS-r.Bytes-r.Arena))
	}
	return b.String(), nil
}

func shape(s []int) string {
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(s[1:]), "[]"), " ", "×")
}

const head = `# The zoo

` + "`edgerun zoo`" + ` builds these networks in code, at their published sizes, with seeded weights: to measure speed, memory and what eight bits cost.
Every file in internal/zoo reads like the paper's table. The weights are the same on every machine and, though nobody trained them, behave like trained
ones: every layer is scaled by what a few small inputs become on their way through the network, and takes its directions from them.

    edgerun zoo list
    edgerun zoo resnet50 -o resnet50.erm
    edgerun zoo resnet50 -o resnet50.onnx --size 320 --classes 10

A test holds multiply-accumulates and parameters within 1 % of published figures; it names the source of each
(internal/zoo/zoo_test.go).

## Measured

- *MACs* are those of convolutions and fully connected layers; *parameters* leave out running statistics.
- *float* is four bytes for every parameter, *int8* the whole .erm file, *arena* the memory for activations, *plan* the arena over the most bytes that are
  alive at one time: no plan can be below 1.
- *ORT* is the signal-to-error ratio of our float outputs against ONNX Runtime's on the same file; *SQNR* that of int8 against float, on seeded inputs
  that calibration has not seen.
- *load* is the time from the file to a prepared model, the least of three; *latency* and *GMAC/s* are of one thread with the plain Go kernels on an
  x86-64 machine. Other work shared it, so latency is processor time (` + "`cpu_ns`" + ` of bench): what a run takes where nothing else runs.

Made by ` + "`go run ./tools/zoo -dir DIR -ort PYTHON`" + `.

| network | input | MACs, M | parameters, M | float, MB | int8, MB | arena, MB | plan | ORT, dB | SQNR, dB | allocations | load, ms | latency, ms | GMAC/s |
|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|
`

const tail = `
## Large networks in little memory

Files are mapped, and the plain kernels read weights where they lie: a process that runs vgg16 is never larger than %s MB, of which %s MB are pages of
the file, which the system can drop and read again, and %s MB the arena. All else, the Go runtime included, is %s MB. Kernels that want weights in
another order, as those for Arm do, make a copy of them when the model is loaded: [runtime.md](runtime.md) says what that takes.
`
