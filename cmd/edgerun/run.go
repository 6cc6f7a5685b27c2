package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	ermfmt "github.com/edgerun/edgerun/fmt"
	"github.com/edgerun/edgerun/internal/dataset"
	"github.com/edgerun/edgerun/internal/npy"
)

// topItem is one of the largest elements of an output.
type topItem struct {
	Index int     `json:"index"`
	Label string  `json:"label"`
	Score float32 `json:"score"`
}

// outputJSON is an output in the results of run.
type outputJSON struct {
	Name   string    `json:"name"`
	Shape  []int     `json:"shape"`
	SHA256 string    `json:"sha256"`
	Top    []topItem `json:"top"`
}

// sampleJSON is one sample of several.
type sampleJSON struct {
	Input   string       `json:"input"`
	Outputs []outputJSON `json:"outputs"`
}

func newRun(g *global) *cobra.Command {
	var (
		mf      modelFlags
		pf      preFlags
		named   []string
		topk    int
		outDir  string
		raw     bool
		threads int
	)
	cmd := &cobra.Command{
		Use:   "run MODEL INPUT...",
		Short: "run a network on inputs",
		Long: `run computes the outputs of an int8 file (.erm), or of a float network (.onnx)
with the float32 interpreter.

INPUT is a picture (.jpg .png .bmp .gif .webp), a .wav file, or a .npy or .npz
file in the model's own axis order and in real units. Several inputs, and arrays
with a leading axis of samples, run one after the other; their outputs are
stacked along the first axis.`,
		Example: `  edgerun run mobilenet.erm cat.jpg dog.jpg --topk 3
  edgerun run wavenet.erm guitar.npy --out results/ --raw
  edgerun run two_inputs.erm --input left=a.npy --input right=b.npy --json`,
		Args: atLeast(1, "the model and its inputs"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if topk < 0 || threads < 1 {
				return usageError{errors.New("--topk and --threads: want positive numbers")}
			}
			if raw && outDir == "" {
				return usageError{errors.New("--raw goes with --out DIR, which says where the integers are written")}
			}
			if len(args) == 1 && len(named) == 0 {
				return usageError{errors.New("run needs inputs; see edgerun run --help")}
			}
			n, err := mf.open(args[0])
			if err != nil {
				return err
			}
			if raw && n.int8 == nil {
				return usageError{errors.New("--raw: only int8 files have integers")}
			}
			pre, err := pf.apply(n.pre)
			if err != nil {
				return err
			}
			samples, err := gatherSamples(n, pre, args[1:], named)
			if err != nil {
				return err
			}
			return runSamples(cmd.Context(), g, n, samples, runOptions{topk: topk, out: outDir, raw: raw, threads: threads})
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&named, "input", nil, "NAME=FILE, for networks with several inputs (repeatable)")
	f.IntVar(&topk, "topk", 5, "print this many of the largest elements of every output")
	f.StringVar(&outDir, "out", "", "write one float32 .npy file per output into this directory")
	f.BoolVar(&raw, "raw", false, "with --out, also write the integers, as NAME.raw.npy")
	f.IntVar(&threads, "threads", 1, "threads to use")
	mf.add(cmd)
	pf.add(cmd)
	return cmd
}

// source is a set of samples with names.
type source struct {
	name   func(i int) string
	sample func(i int) ([][]float32, error)
	n      int
}

// gatherSamples opens the inputs on the command line.
func gatherSamples(n *network, pre dataset.Preprocess, files, named []string) ([]source, error) {
	var out []source
	if len(named) > 0 {
		if len(files) > 0 {
			return nil, usageError{errors.New("inputs are given with and without --input NAME=FILE; want one way")}
		}
		s, err := namedInputs(n, pre, named)
		if err != nil {
			return nil, err
		}
		return []source{s}, nil
	}
	for _, f := range files {
		set, err := dataset.Open(f, n.inputs, pre)
		if err != nil {
			return nil, err
		}
		if set.Pictures() && !pre.Given() && n.float != nil {
			fmt.Fprintln(os.Stderr, "edgerun: warning: pixel values go in as 0 to 255; most networks want --scale, --mean or --std")
		}
		out = append(out, source{n: set.Len(), sample: set.Sample, name: func(i int) string {
			if set.Len() > 1 {
				return fmt.Sprintf("%s: %s", f, set.Name(i))
			}
			return f
		}})
	}
	return out, nil
}

// namedInputs opens one file per network input. All have as many samples.
func namedInputs(n *network, pre dataset.Preprocess, named []string) (source, error) {
	sets := make([]*dataset.Set, len(n.inputs))
	for _, s := range named {
		name, file, ok := strings.Cut(s, "=")
		if !ok {
			return source{}, usageError{fmt.Errorf("--input %q: want NAME=FILE", s)}
		}
		i := slices.IndexFunc(n.inputs, func(in dataset.Input) bool { return in.Name == name })
		if i < 0 {
			var have []string
			for _, in := range n.inputs {
				have = append(have, in.Name)
			}
			return source{}, usageError{fmt.Errorf("--input %q: the network's inputs are %s", s, strings.Join(have, ", "))}
		}
		set, err := dataset.Open(file, n.inputs[i:i+1], pre)
		if err != nil {
			return source{}, err
		}
		sets[i] = set
	}
	for i, s := range sets {
		if s == nil {
			return source{}, usageError{fmt.Errorf("input %q is missing; give --input %s=FILE", n.inputs[i].Name, n.inputs[i].Name)}
		}
		if s.Len() != sets[0].Len() {
			return source{}, fmt.Errorf("inputs %q and %q have %d and %d samples; want as many", n.inputs[0].Name, n.inputs[i].Name, sets[0].Len(), s.Len())
		}
	}
	return source{n: sets[0].Len(), name: func(i int) string { return fmt.Sprintf("sample %d", i) }, sample: func(i int) ([][]float32, error) {
		var out [][]float32
		for _, s := range sets {
			x, err := s.Sample(i)
			if err != nil {
				return nil, err
			}
			out = append(out, x[0])
		}
		return out, nil
	}}, nil
}

type runOptions struct {
	topk    int
	out     string
	raw     bool
	threads int
}

// stacked collects an output over all samples.
type stacked struct {
	values []float32
	ints   []int32
	hash   []byte // what the checksum is over
	typ    ermfmt.DType
}

func runSamples(ctx context.Context, g *global, n *network, sources []source, o runOptions) error {
	if o.out != "" {
		if err := os.MkdirAll(o.out, 0o755); err != nil {
			return err
		}
	}
	r, err := n.newRunner(o.threads)
	if err != nil {
		return err
	}
	defer r.close()
	all := make([]stacked, len(n.outputs))
	var samples []sampleJSON
	total := 0
	p := g.newProgress()
	for _, s := range sources {
		for i := range s.n {
			x, err := s.sample(i)
			if err != nil {
				return err
			}
			res, err := r.run(ctx, x, n.int8 != nil)
			if err != nil {
				return err
			}
			one := sampleJSON{Input: s.name(i)}
			for k, v := range res.values {
				b := floatBytes(v)
				if res.raw != nil {
					b = res.raw[k]
					all[k].ints = append(all[k].ints, res.ints[k]...)
					all[k].typ = res.types[k]
				}
				all[k].hash = append(all[k].hash, b...)
				all[k].values = append(all[k].values, v...)
				one.Outputs = append(one.Outputs, outputJSON{Name: n.outputs[k].Name, Shape: n.outputs[k].Shape, SHA256: checksum(b), Top: top(v, o.topk, n.labels)})
			}
			samples = append(samples, one)
			total++
			p.update("run", total, total)
		}
	}
	p.finish()
	outs := []outputJSON{}
	for k, out := range n.outputs {
		shape := stackedShape(out.Shape, total)
		j := outputJSON{Name: out.Name, Shape: shape, SHA256: checksum(all[k].hash), Top: []topItem{}}
		if total == 1 {
			j.Top = samples[0].Outputs[k].Top
		}
		outs = append(outs, j)
		if o.out != "" {
			if err := writeOutput(o.out, out.Name, shape, &all[k], o.raw); err != nil {
				return err
			}
		}
	}
	if g.json {
		v := struct {
			Outputs []outputJSON `json:"outputs"`
			Samples []sampleJSON `json:"samples,omitempty"`
		}{Outputs: outs}
		if total > 1 {
			v.Samples = samples
		}
		return printJSON(v)
	}
	for _, s := range samples {
		fmt.Println(printable(s.Input))
		for _, out := range s.Outputs {
			fmt.Printf("  %s %s\n", shown(out.Name), shapeString(out.Shape))
			for _, t := range out.Top {
				fmt.Printf("    %10.4f  %5d  %s\n", t.Score, t.Index, printable(t.Label))
			}
		}
	}
	return nil
}

// stackedShape is a shape with its first axis repeated.
func stackedShape(s []int, n int) []int {
	if len(s) == 0 {
		return []int{n}
	}
	out := slices.Clone(s)
	out[0] *= n
	return out
}

func checksum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

func floatBytes(v []float32) []byte {
	b := make([]byte, 0, 4*len(v))
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

// top lists the k largest elements, the first of equals first.
func top(v []float32, k int, labels []string) []topItem {
	ix := make([]int, len(v))
	for i := range ix {
		ix[i] = i
	}
	slices.SortStableFunc(ix, func(a, b int) int {
		switch {
		case v[a] > v[b]:
			return -1
		case v[a] < v[b]:
			return 1
		}
		return 0
	})
	out := []topItem{}
	for _, i := range ix[:min(k, len(ix))] {
		t := topItem{Index: i, Score: v[i]}
		if len(labels) == len(v) {
			t.Label = labels[i]
		}
		out = append(out, t)
	}
	return out
}

// fileName makes a file name of an output's name.
func fileName(s string) string {
	b := []byte(s)
	for i, c := range b {
		ok := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.'
		if !ok {
			b[i] = '_'
		}
	}
	return string(b)
}

func writeOutput(dir, name string, shape []int, s *stacked, raw bool) error {
	base := filepath.Join(dir, fileName(name))
	err := writeFile(base+".npy", func(w io.Writer) error { return npy.Encode(w, shape, s.values) })
	if err != nil || !raw {
		return err
	}
	return writeFile(base+".raw.npy", func(w io.Writer) error {
		switch s.typ {
		case ermfmt.Int8:
			return npy.Encode(w, shape, convert[int8](s.ints))
		case ermfmt.Int16:
			return npy.Encode(w, shape, convert[int16](s.ints))
		}
		return npy.Encode(w, shape, s.ints)
	})
}

func convert[T int8 | int16](v []int32) []T {
	out := make([]T, len(v))
	for i, x := range v {
		out[i] = T(x)
	}
	return out
}
