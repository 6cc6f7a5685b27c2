package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	ermfmt "github.com/edgerun/edgerun/fmt"
	edgerun "github.com/edgerun/edgerun/runtime"
)

// inspection is what inspect knows about a network.
type inspection struct {
	Model       string       `json:"model"`
	Kind        string       `json:"kind"` // int8 or float32
	Bytes       int64        `json:"bytes"`
	Meta        []metaItem   `json:"meta"`
	Inputs      []tensorInfo `json:"inputs"`
	Outputs     []tensorInfo `json:"outputs"`
	Ops         []opInfo     `json:"ops"`
	MACs        int64        `json:"macs"`
	WeightBytes int64        `json:"weight_bytes"`
	Arena       int64        `json:"arena_bytes"`
	ArenaBound  int64        `json:"arena_lower_bound"`
	Scratch     int64        `json:"scratch_bytes"`
	Buffers     []bufferInfo `json:"buffers"`
}

type metaItem struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// tensorInfo describes a tensor. Shapes of int8 networks are N, H, W, C, of
// inputs and outputs in the source model's order.
type tensorInfo struct {
	Name   string  `json:"name"`
	Shape  []int   `json:"shape"`
	Type   string  `json:"type"`
	Scale  float64 `json:"scale,omitempty"`
	Zero   int32   `json:"zero_point,omitempty"`
	Offset int64   `json:"offset"` // bytes into the arena; -1: not in it
	Bytes  int64   `json:"bytes"`

	// Where its bytes lie, when it is part of a bigger one: all of them within
	// span bytes, run bytes at every pitch bytes. 0: without gaps.
	span, pitch, run int64
}

type opInfo struct {
	Index       int          `json:"index"`
	Name        string       `json:"name"`
	Op          string       `json:"op"`
	Kernel      string       `json:"kernel,omitempty"`
	Detail      string       `json:"detail,omitempty"`
	Inputs      []string     `json:"inputs"`
	Outputs     []string     `json:"outputs"`
	MACs        int64        `json:"macs"`
	WeightBytes int64        `json:"weight_bytes"`
	In          []tensorInfo `json:"input_tensors,omitempty"`
	Out         []tensorInfo `json:"output_tensors,omitempty"`
}

// bufferInfo is a block of the arena from step First to step Last.
type bufferInfo struct {
	Offset int64 `json:"offset"`
	Bytes  int64 `json:"bytes"`
	First  int   `json:"first"`
	Last   int   `json:"last"`
}

func newInspect(g *global) *cobra.Command {
	var (
		mf   modelFlags
		html string
	)
	cmd := &cobra.Command{
		Use:   "inspect MODEL",
		Short: "operators, shapes, sizes and the memory plan of a network",
		Long: `inspect lists the operators of an int8 file (.erm) or of a float network (.onnx)
with shapes, multiply-accumulates and bytes of weights, and for int8 files the
memory plan. --html writes a page with the graph and the memory plan over time.`,
		Example: `  edgerun inspect mobilenet.erm
  edgerun inspect mobilenet.erm --html mobilenet.html
  edgerun inspect ppocr.onnx --shape x=1x3x48x192 --json`,
		Args: exactly(1, "the model"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var in *inspection
			var err error
			if isInt8(args[0]) {
				in, err = inspectFile(args[0])
			} else {
				in, err = inspectFloat(&mf, args[0])
			}
			if err != nil {
				return err
			}
			if html != "" {
				if err := checkApart([]string{html}, args[0]); err != nil {
					return err
				}
				if err := writeFile(html, func(w io.Writer) error { return inspectHTML(w, in) }); err != nil {
					return err
				}
			}
			if g.json {
				return printJSON(in)
			}
			in.print()
			if html != "" {
				fmt.Printf("picture: %s\n", html)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&html, "html", "", "write a page with pictures")
	mf.add(cmd)
	return cmd
}

// inspectFile reads an .erm file.
func inspectFile(path string) (*inspection, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	em, err := edgerun.LoadBytes(data)
	if err != nil {
		return nil, &edgerun.FileError{Path: path, Err: err}
	}
	m, err := ermfmt.Decode(data)
	if err != nil {
		return nil, &edgerun.FileError{Path: path, Err: err}
	}
	return inspectModel(filepath.Base(path), data, em, m), nil
}

func inspectModel(name string, data []byte, em *edgerun.Model, m *ermfmt.Model) *inspection {
	in := &inspection{Model: name, Kind: "int8", Bytes: int64(len(data)), MACs: em.MACs(), Arena: em.ArenaBytes(), ArenaBound: em.ArenaBound(),
		Scratch: em.WorkerScratch(), Meta: []metaItem{}, Buffers: []bufferInfo{}, Ops: []opInfo{}}
	for _, p := range m.Meta {
		in.Meta = append(in.Meta, metaItem{p.Key, p.Value})
	}
	tensor := func(i int32) tensorInfo {
		t := &m.Tensors[i]
		info := tensorInfo{Name: t.Name, Type: t.DType.String(), Scale: float64(t.Scale), Zero: t.Zero, Offset: t.Offset, Bytes: int64(t.Elements() * t.DType.Size())}
		if info.Name == "" {
			info.Name = fmt.Sprintf("#%d", i)
		}
		if t.Place == ermfmt.Const {
			info.Offset = -1
		}
		for _, d := range t.Dims {
			info.Shape = append(info.Shape, int(d))
		}
		if e := int64(t.DType.Size()); !t.IsPacked() {
			info.span, info.pitch, info.run = t.Span()*e, int64(t.Stride[2])*e, int64(t.Dims[3])*e
		}
		return info
	}
	port := func(io ermfmt.IO) tensorInfo {
		t := tensor(io.Tensor)
		t.Name, t.Shape = io.Name, nil
		for _, d := range io.Dims {
			t.Shape = append(t.Shape, int(d))
		}
		return t
	}
	for _, io := range m.Inputs {
		in.Inputs = append(in.Inputs, port(io))
	}
	for _, io := range m.Outputs {
		in.Outputs = append(in.Outputs, port(io))
	}
	for i, st := range em.Steps() {
		o := opInfo{Index: st.Index, Name: st.Name, Op: st.Op, Kernel: st.Kernel, Detail: detail(&m.Ops[i]), MACs: st.MACs, WeightBytes: st.Weights}
		for _, t := range m.Ops[i].In {
			info := tensor(t)
			o.In, o.Inputs = append(o.In, info), append(o.Inputs, info.Name)
		}
		for _, t := range m.Ops[i].Out {
			info := tensor(t)
			o.Out, o.Outputs = append(o.Out, info), append(o.Outputs, info.Name)
		}
		in.WeightBytes += st.Weights
		in.Ops = append(in.Ops, o)
	}
	for _, b := range m.Plan.Buffers {
		in.Buffers = append(in.Buffers, bufferInfo{b.Offset, b.Size, int(b.First), int(b.Last)})
	}
	return in
}

// detail describes an operator's attributes in a few words.
func detail(o *ermfmt.Op) string {
	var p []string
	add := func(format string, a ...any) { p = append(p, fmt.Sprintf(format, a...)) }
	window := func(kh, kw, sh, sw, dh, dw int32) {
		add("%dx%d", kh, kw)
		if sh != 1 || sw != 1 {
			add("stride %dx%d", sh, sw)
		}
		if dh != 1 || dw != 1 {
			add("dilation %dx%d", dh, dw)
		}
	}
	switch {
	case o.Conv != nil:
		c := o.Conv
		window(c.KH, c.KW, c.StrideH, c.StrideW, c.DilationH, c.DilationW)
		if c.Groups > 1 {
			add("%d groups", c.Groups)
		}
		if len(c.Neg.Mult) > 0 {
			add("leaky")
		}
	case o.Pool != nil:
		window(o.Pool.KH, o.Pool.KW, o.Pool.StrideH, o.Pool.StrideW, o.Pool.DilationH, o.Pool.DilationW)
	case o.LRN != nil:
		add("over %d channels", o.LRN.Size)
	case o.SE != nil:
		add("to %d and back", len(o.SE.B1))
	case o.Resize != nil:
		add("%s", map[int32]string{1: "nearest", 2: "linear", 4: "cubic"}[max(o.Resize.TapsX, o.Resize.TapsY)])
	case o.Copy != nil && o.Copy.Fill:
		add("padded with %d", o.Copy.FillValue)
	}
	return strings.Join(p, ", ")
}

// inspectFloat reads a float network.
func inspectFloat(mf *modelFlags, path string) (*inspection, error) {
	m, err := mf.openFloat(path)
	if err != nil {
		return nil, err
	}
	in := &inspection{Model: filepath.Base(path), Kind: "float32", Bytes: m.Size, Meta: []metaItem{}, Buffers: []bufferInfo{}, Ops: []opInfo{}}
	for _, p := range m.Inputs() {
		in.Inputs = append(in.Inputs, tensorInfo{Name: p.Name, Shape: p.Shape, Type: p.Type, Offset: -1})
	}
	for _, p := range m.Outputs() {
		in.Outputs = append(in.Outputs, tensorInfo{Name: p.Name, Shape: p.Shape, Type: p.Type, Offset: -1})
	}
	for i, n := range m.Nodes() {
		o := opInfo{Index: i, Name: n.Name, Op: n.Op, Detail: n.Detail, MACs: n.MACs, WeightBytes: n.WeightBytes, Inputs: []string{}, Outputs: []string{}}
		for _, v := range n.Inputs {
			o.Inputs = append(o.Inputs, v.Name)
			o.In = append(o.In, tensorInfo{Name: v.Name, Shape: v.Shape, Type: v.Type, Offset: -1})
		}
		for _, v := range n.Outputs {
			o.Outputs = append(o.Outputs, v.Name)
			o.Out = append(o.Out, tensorInfo{Name: v.Name, Shape: v.Shape, Type: v.Type, Offset: -1})
		}
		in.MACs += n.MACs
		in.WeightBytes += n.WeightBytes
		in.Ops = append(in.Ops, o)
	}
	return in, nil
}

func (in *inspection) print() {
	fmt.Printf("%s: %s network, %s\n", in.Model, in.Kind, size(in.Bytes))
	for _, m := range in.Meta {
		if strings.Contains(m.Value, "\n") {
			fmt.Printf("  %-14s %d lines\n", printable(m.Key), strings.Count(m.Value, "\n")+1)
		} else if m.Value != "" {
			fmt.Printf("  %-14s %s\n", printable(m.Key), printable(m.Value))
		}
	}
	for _, t := range in.Inputs {
		fmt.Printf("  input  %s %s %s%s\n", shown(t.Name), t.Type, shapeString(t.Shape), quantString(t))
	}
	for _, t := range in.Outputs {
		fmt.Printf("  output %s %s %s%s\n", shown(t.Name), t.Type, shapeString(t.Shape), quantString(t))
	}
	var rows [][]string
	for _, o := range in.Ops {
		shape := ""
		if len(o.Out) > 0 {
			shape = shapeString(o.Out[0].Shape)
			if in.Kind == "int8" {
				shape += " " + o.Out[0].Type
			}
		}
		rows = append(rows, []string{fmt.Sprint(o.Index), o.Op, o.Detail, shape, count(o.MACs), size(o.WeightBytes), shown(o.Name)})
	}
	table(os.Stdout, []string{"#", "op", "", "output", "MACs", "weights", "name"}, rows)
	fmt.Printf("%s MACs, %s weights", count(in.MACs), size(in.WeightBytes))
	if in.Kind == "int8" {
		fmt.Printf(", arena %s (lower bound %s, ratio %.3f)", size(in.Arena), size(in.ArenaBound), float64(in.Arena)/float64(max(1, in.ArenaBound)))
	}
	fmt.Println()
}

func quantString(t tensorInfo) string {
	if t.Scale == 0 {
		return ""
	}
	return fmt.Sprintf(", %.6g·(q%+d)", t.Scale, -t.Zero)
}
