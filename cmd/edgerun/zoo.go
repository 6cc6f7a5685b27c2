package main

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	ermfmt "github.com/edgerun/edgerun/fmt"
	"github.com/edgerun/edgerun/internal/ir"
	"github.com/edgerun/edgerun/internal/npy"
	"github.com/edgerun/edgerun/internal/onnx"
	"github.com/edgerun/edgerun/internal/zoo"
	"github.com/edgerun/edgerun/quant"
)

func newZoo(g *global) *cobra.Command {
	z := &zooCommand{g: g}
	cmd := &cobra.Command{
		Use:   "zoo [list | NAME -o FILE]",
		Short: "networks of the literature at their published sizes",
		Long: `zoo builds a network in code, with seeded weights that are the same on every
machine: to measure speed and memory, not to recognise anything. The extension
of FILE says what is written:

  .erm   the int8 network, calibrated with seeded inputs
  .onnx  the same network in float, for other engines
  .npz   the seeded inputs, as an array x

--size changes the input's height and width (or its length), --classes the
number of scores.`,
		Example: `  edgerun zoo list
  edgerun zoo mobilenet_v2 -o mobilenet_v2.erm
  edgerun zoo resnet50 -o resnet50.onnx --size 320 --classes 10`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError{fmt.Errorf("%d arguments, want one network; see %s --help", len(args), cmd.CommandPath())}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return z.list()
			}
			return z.write(cmd, args[0])
		},
	}
	f := cmd.Flags()
	f.StringVarP(&z.out, "output", "o", "", "file to write: .erm, .onnx or .npz")
	f.IntVar(&z.opt.Size, "size", 0, "height and width, or length, of the input (default as published)")
	f.IntVar(&z.opt.Classes, "classes", 0, "number of scores (default as published)")
	f.IntVar(&z.samples, "samples", 10, "seeded inputs to calibrate with, or to write")
	cmd.AddCommand(newVariants(g), &cobra.Command{
		Use: "list", Short: "list the networks", Example: "  edgerun zoo list --json", Args: exactly(0, "none"),
		RunE: func(*cobra.Command, []string) error { return z.list() },
	})
	return cmd
}

// zooCommand holds the flags of zoo.
type zooCommand struct {
	g       *global
	out     string
	opt     zoo.Options
	samples int
}

// list prints every network.
func (z *zooCommand) list() error {
	type entry struct {
		Name   string `json:"name"`
		Input  []int  `json:"input"`
		MACs   int64  `json:"macs"`
		Params int64  `json:"params"`
		Source string `json:"source"`
	}
	var all struct {
		Networks []entry `json:"networks"`
	}
	var rows [][]string
	for _, n := range zoo.List() {
		g, err := n.Build(zoo.Options{Shapes: true})
		if err != nil {
			return err
		}
		e := entry{n.Name, n.Input, zoo.MACs(g), zoo.Params(g), n.Source}
		all.Networks = append(all.Networks, e)
		rows = append(rows, []string{e.Name, shapeString(e.Input), count(e.MACs), count(e.Params), e.Source})
	}
	if z.g.json {
		return printJSON(all)
	}
	table(os.Stdout, []string{"network", "input", "MACs", "parameters", "source"}, rows)
	return nil
}

// write makes one network's file.
func (z *zooCommand) write(cmd *cobra.Command, name string) error {
	n, err := zoo.Find(name)
	if err != nil {
		return usageError{errors.New(strings.TrimPrefix(err.Error(), "zoo: "))}
	}
	ext := strings.ToLower(filepath.Ext(z.out))
	if !slices.Contains([]string{".erm", ".onnx", ".npz"}, ext) {
		return usageError{fmt.Errorf("-o %q: want a file that ends in .erm, .onnx or .npz", z.out)}
	}
	if z.samples < 1 {
		return usageError{fmt.Errorf("--samples %d: want at least 1", z.samples)}
	}
	if err := checkWritable(z.out); err != nil {
		return err
	}
	z.opt.Shapes = ext == ".npz"
	graph, err := n.Build(z.opt)
	if err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "zoo: "))
	}
	inputs := zooInputs{n, graph.Inputs[0].Shape, z.samples}
	switch ext {
	case ".onnx":
		err = writeFile(z.out, func(w io.Writer) error { return onnx.Export(w, graph, "edgerun "+version()) })
	case ".npz":
		err = writeFile(z.out, inputs.archive)
	default:
		return z.quantize(cmd, graph, inputs)
	}
	if err != nil {
		return err
	}
	return z.print(graph)
}

func (z *zooCommand) quantize(cmd *cobra.Command, graph *ir.Graph, inputs zooInputs) error {
	tightHeap()
	m, err := quant.FromGraph(graph)
	if err != nil {
		return err
	}
	p := z.g.newProgress()
	res, err := m.Quantize(cmd.Context(), inputs, quant.Options{Progress: p.quant,
		Meta: []ermfmt.Meta{{Key: ermfmt.MetaProducer, Value: "edgerun " + version()}}})
	p.finish()
	if err != nil {
		return trim(err)
	}
	if err := writeFile(z.out, func(w io.Writer) error { _, err := w.Write(res.Bytes); return err }); err != nil {
		return err
	}
	return printQuantized(z.g, z.out, res)
}

// print says what was written.
func (z *zooCommand) print(g *ir.Graph) error {
	st, err := os.Stat(z.out)
	if err != nil {
		return err
	}
	if z.g.json {
		return printJSON(struct {
			File   string `json:"file"`
			Bytes  int64  `json:"bytes"`
			Input  []int  `json:"input"`
			MACs   int64  `json:"macs"`
			Params int64  `json:"params"`
		}{z.out, st.Size(), g.Inputs[0].Shape, zoo.MACs(g), zoo.Params(g)})
	}
	fmt.Printf("%s: %s, input %s, %s MACs, %s parameters\n", z.out, size(st.Size()), shapeString(g.Inputs[0].Shape), count(zoo.MACs(g)), count(zoo.Params(g)))
	return nil
}

// zooInputs are a network's seeded inputs.
type zooInputs struct {
	n     *zoo.Network
	shape []int
	count int
}

// Len implements quant.Samples.
func (s zooInputs) Len() int { return s.count }

// Sample implements quant.Samples.
func (s zooInputs) Sample(i int) (quant.Sample, error) {
	return quant.Sample{s.n.Sample(i, s.shape)}, nil
}

// archive writes all of them as an .npz file.
func (s zooInputs) archive(w io.Writer) error {
	shape := append([]int{s.count * s.shape[0]}, s.shape[1:]...)
	var x []float32
	for i := range s.count {
		x = append(x, s.n.Sample(i, s.shape)...)
	}
	z := zip.NewWriter(w)
	f, err := z.Create("x.npy")
	if err != nil {
		return err
	}
	if err := npy.Encode(f, shape, x); err != nil {
		return err
	}
	return z.Close()
}
