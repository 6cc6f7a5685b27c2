package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	ermfmt "github.com/edgerun/edgerun/fmt"
	"github.com/edgerun/edgerun/internal/dataset"
	"github.com/edgerun/edgerun/quant"
	edgerun "github.com/edgerun/edgerun/runtime"
)

// network is a model of either kind behind one face.
type network struct {
	path    string
	inputs  []dataset.Input
	outputs []dataset.Input
	labels  []string
	pre     dataset.Preprocess

	float *quant.Model   // one of
	int8  *edgerun.Model // the two
}

// isInt8 tells files by their extension.
func isInt8(path string) bool { return strings.EqualFold(filepath.Ext(path), ".erm") }

// modelFlags are the flags of commands that open a float model.
type modelFlags struct {
	shapes []string
	labels string
}

func (f *modelFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.shapes, "shape", nil, "shape of an input with dynamic axes, NAME=1x3x224x224 (repeatable)")
	cmd.Flags().StringVar(&f.labels, "labels", "", "file with class names, one a line")
}

// parseShapes reads NAME=1x3x224x224 flags.
func parseShapes(flags []string) (map[string][]int, error) {
	out := map[string][]int{}
	for _, s := range flags {
		name, dims, ok := strings.Cut(s, "=")
		if !ok || name == "" {
			return nil, usageError{fmt.Errorf("--shape %q: want NAME=1x3x224x224", s)}
		}
		var shape []int
		for _, d := range strings.Split(dims, "x") {
			n, err := strconv.Atoi(d)
			if err != nil || n < 1 {
				return nil, usageError{fmt.Errorf("--shape %q: %q is not a size; want NAME=1x3x224x224", s, d)}
			}
			shape = append(shape, n)
		}
		out[name] = shape
	}
	return out, nil
}

func readLabels(path string) ([]string, error) {
	if path == "" {
		return nil, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		var pe *os.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	s := strings.TrimRight(strings.ReplaceAll(string(b), "\r\n", "\n"), "\n")
	return strings.Split(s, "\n"), nil
}

// tightHeap makes the process hold little more than it needs: float networks are
// a few large arrays, which cost the collector next to nothing.
func tightHeap() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(25)
	}
}

// openFloat opens an .onnx file.
func (f *modelFlags) openFloat(path string) (*quant.Model, error) {
	shapes, err := parseShapes(f.shapes)
	if err != nil {
		return nil, err
	}
	tightHeap()
	return quant.Open(path, quant.OpenOptions{Shapes: shapes})
}

// open opens a model of either kind.
func (f *modelFlags) open(path string, opts ...edgerun.Option) (*network, error) {
	n := &network{path: path}
	if isInt8(path) {
		m, err := edgerun.Load(path, opts...)
		if err != nil {
			return nil, err
		}
		n.int8, n.labels = m, m.Labels()
		for _, v := range m.Inputs() {
			n.inputs = append(n.inputs, dataset.Input{Name: v.Name, Shape: v.Shape})
		}
		for _, v := range m.Outputs() {
			n.outputs = append(n.outputs, dataset.Input{Name: v.Name, Shape: v.Shape})
		}
		if n.pre, err = dataset.FromMeta(m.Meta); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	} else {
		m, err := f.openFloat(path)
		if err != nil {
			return nil, err
		}
		n.float = m
		n.inputs, n.outputs = portInputs(m.Inputs()), portInputs(m.Outputs())
	}
	labels, err := readLabels(f.labels)
	if err != nil {
		return nil, err
	}
	if labels != nil {
		n.labels = labels
	}
	return n, nil
}

func portInputs(ps []quant.Port) []dataset.Input {
	var out []dataset.Input
	for _, p := range ps {
		out = append(out, dataset.Input{Name: p.Name, Shape: p.Shape})
	}
	return out
}

// dataSet marks the errors of a data set, which name their file themselves.
type dataSet struct{ *dataset.Set }

type dataError struct{ error }

// Sample implements quant.Samples.
func (d dataSet) Sample(i int) (quant.Sample, error) {
	s, err := d.Set.Sample(i)
	if err != nil {
		return nil, dataError{err}
	}
	return s, nil
}

// result is the outputs for one sample: real values in the source's axis
// order, and for int8 networks the integers.
type result struct {
	values [][]float32
	raw    [][]byte  // little-endian, in the file's order
	ints   [][]int32 // in the source's axis order
	types  []ermfmt.DType
}

// runner computes samples one after the other.
type runner struct {
	n *network
	s *edgerun.Session
}

func (n *network) newRunner(threads int) (*runner, error) {
	r := &runner{n: n}
	if n.int8 != nil {
		var err error
		if r.s, err = n.int8.NewSession(edgerun.Threads(threads)); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *runner) close() {
	if r.s != nil {
		r.s.Close()
	}
}

// run computes one sample. With integers, the raw outputs are kept too.
func (r *runner) run(ctx context.Context, sample [][]float32, integers bool) (*result, error) {
	if r.s == nil {
		out, err := r.n.float.Run(ctx, sample)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.n.path, err)
		}
		return &result{values: out}, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for i, x := range sample {
		if err := r.s.Input(i).SetFloat32(x); err != nil {
			return nil, err
		}
	}
	if err := r.s.Run(); err != nil {
		return nil, err
	}
	res := &result{}
	for i := range r.s.NumOutputs() {
		o := r.s.Output(i)
		v := make([]float32, o.Len())
		if err := o.Float32(v); err != nil {
			return nil, err
		}
		res.values = append(res.values, v)
		if integers {
			q := make([]int32, o.Len())
			if err := o.Integers(q); err != nil {
				return nil, err
			}
			res.raw = append(res.raw, o.AppendRaw(nil))
			res.ints = append(res.ints, q)
			res.types = append(res.types, o.DType())
		}
	}
	return res, nil
}

// preFlags are the flags that say how pictures become tensors.
type preFlags struct {
	resize, mean, std, scale, color string
	crop                            int
}

func (f *preFlags) add(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.resize, "resize", "", "resize pictures: N for the shorter side, or WxH")
	fl.IntVar(&f.crop, "crop", 0, "then cut N x N pixels out of the middle")
	fl.StringVar(&f.scale, "scale", "", "multiply pixel values (0 to 255) by this first, e.g. 1/255")
	fl.StringVar(&f.mean, "mean", "", "then subtract this: one number, or one per channel a,b,c")
	fl.StringVar(&f.std, "std", "", "then divide by this: one number, or one per channel a,b,c")
	fl.StringVar(&f.color, "color", "", "channel order rgb, bgr or gray (default rgb, gray for one channel)")
}

// apply lays the flags that are given over what the model says.
func (f *preFlags) apply(p dataset.Preprocess) (dataset.Preprocess, error) {
	if f.resize != "" {
		p.Width, p.Height, p.Short = 0, 0, 0
		if err := p.ParseResize(f.resize); err != nil {
			return p, usageError{err}
		}
	}
	if f.crop != 0 {
		p.Crop = f.crop
	}
	if f.color != "" {
		p.Color = f.color
	}
	var err error
	one := func(name, s string, dst *[]float64) {
		if s != "" && err == nil {
			if *dst, err = dataset.ParseFloats(s); err != nil {
				err = usageError{fmt.Errorf("--%s: %w", name, err)}
			}
		}
	}
	one("mean", f.mean, &p.Mean)
	one("std", f.std, &p.Std)
	var scale []float64
	one("scale", f.scale, &scale)
	if err != nil {
		return p, err
	}
	if len(scale) > 0 {
		if len(scale) != 1 || scale[0] == 0 {
			return p, usageError{fmt.Errorf("--scale %s: want one number other than 0", f.scale)}
		}
		p.Scale = scale[0]
	}
	if err := p.Check(); err != nil {
		return p, usageError{err}
	}
	return p, nil
}
