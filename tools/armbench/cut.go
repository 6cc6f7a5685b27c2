package main

import (
	"fmt"
	"os"
	"path/filepath"

	ermfmt "github.com/edgerun/edgerun/fmt"
	edgerun "github.com/edgerun/edgerun/runtime"
)

// cutNetwork writes every operator of a network into a file of its own, 000.erm
// and on, and prints a line for each: number, kind, name, output, MACs, and its shape
// in all that cycles depend on.
func cutNetwork(path, dir string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	m, err := ermfmt.Decode(data)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	whole, err := edgerun.Load(path)
	if err != nil {
		return err
	}
	for i, step := range whole.Steps() {
		if err := write(filepath.Join(dir, fmt.Sprintf("%03d.erm", i)), cut(m, i)); err != nil {
			return err
		}
		d := m.Tensors[m.Ops[i].Out[0]].Dims
		fmt.Printf("%d\t%s\t%s\t%dx%dx%d\t%d\t%s\n", i, m.Ops[i].Kind, m.Ops[i].Name, d[1], d[2], d[3], step.MACs, shape(m, &m.Ops[i]))
	}
	return nil
}

// shape is the same for operators that differ in weights, scales and bounds alone.
func shape(m *ermfmt.Model, op *ermfmt.Op) string {
	s := op.Kind.String()
	for _, list := range [][]int32{op.In, op.Out} {
		for _, t := range list {
			if t < 0 {
				continue
			}
			x := &m.Tensors[t]
			s += fmt.Sprint(" ", x.DType, x.Place, x.Dims, x.Stride, x.Zero == -128)
		}
	}
	if c := op.Conv; c != nil {
		s += fmt.Sprint(" ", c.KH, c.KW, c.StrideH, c.StrideW, c.DilationH, c.DilationW, c.PadTop, c.PadLeft, c.Groups, c.OffsetGroups,
			c.Frac, c.Requant.Pre, len(c.Neg.Mult) > 0, c.Lo == -128 && c.Hi == 127)
	}
	if p := op.Pool; p != nil {
		s += fmt.Sprint(" ", p.KH, p.KW, p.StrideH, p.StrideW, p.DilationH, p.DilationW, p.PadTop, p.PadLeft, p.IncludePad, p.Lo == -128 && p.Hi == 127)
	}
	if c := op.Copy; c != nil {
		s += fmt.Sprint(" ", *c)
	}
	return s
}

// cut returns a network that is one operator, with its tensors where they were.
// What it reads and writes may have gaps, which inputs and outputs may not: there is
// a tensor for that, behind the others.
func cut(m *ermfmt.Model, i int) *ermfmt.Model {
	c := &ermfmt.Model{Plan: ermfmt.Plan{Arena: m.Plan.Arena + 64, Bound: m.Plan.Bound}}
	one := [4]int32{1, 1, 1, 1}
	c.Tensors = []ermfmt.Tensor{{Name: "io", DType: ermfmt.Int8, Dims: one, Stride: ermfmt.Packed(one), Offset: m.Plan.Arena, Scale: 1}}
	io := ermfmt.IO{Name: "io", Type: ermfmt.SourceFloat32, Dims: []int32{1}, Stride: []int32{1}}
	c.Inputs, c.Outputs = []ermfmt.IO{io}, []ermfmt.IO{io}
	index := map[int32]int32{}
	keep := func(list []int32) []int32 {
		out := make([]int32, len(list))
		for k, t := range list {
			if _, seen := index[t]; !seen && t >= 0 {
				index[t] = int32(len(c.Tensors))
				c.Tensors = append(c.Tensors, m.Tensors[t])
			}
			if out[k] = t; t >= 0 {
				out[k] = index[t]
			}
		}
		return out
	}
	op := m.Ops[i]
	op.In, op.Out = keep(op.In), keep(op.Out)
	c.Ops = []ermfmt.Op{op}
	return c
}

func write(path string, m *ermfmt.Model) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := ermfmt.Encode(f, m); err != nil {
		f.Close()
		return fmt.Errorf("%s: %w", path, err)
	}
	return f.Close()
}

// load returns a network from a file, or the one that is a layer.
func load(name string, opts []edgerun.Option) (m *edgerun.Model, kind string, err error) {
	if filepath.Ext(name) == ".erm" {
		m, err = edgerun.Load(name, opts...)
		return m, "", err
	}
	return loadLayer(name, opts)
}
