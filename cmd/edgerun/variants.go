package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/edgerun/edgerun/internal/zoo"
	"github.com/edgerun/edgerun/quant"
	edgerun "github.com/edgerun/edgerun/runtime"
)

// variantRow is one variant of a layer, measured.
type variantRow struct {
	Name   string `json:"name"`
	Made   string `json:"made_of"`
	Source string `json:"source"`
	Params int64  `json:"params"`
	MACs   int64  `json:"macs"`
	Bytes  int64  `json:"bytes"`           // of constants in the int8 file
	Field  [2]int `json:"receptive_field"` // height and width of what the taps span
	Moved  bool   `json:"moved_taps"`      // offsets move the taps beyond that
	Global bool   `json:"global"`          // and the mean of the whole map has a say
	P50    int64  `json:"p50_ns"`          // sums over the operators
	Min    int64  `json:"min_ns"`
	CPU    int64  `json:"cpu_ns"` // least processor time, of all threads; 0: not known

	Cycles map[string]int64 `json:"cycles,omitempty"` // modelled, by core

	field *zoo.Field
	erm   []byte
}

// variantsResult is what zoo variants prints.
type variantsResult struct {
	Size     int           `json:"size"`
	Channels int           `json:"channels"`
	Tier     string        `json:"tier"`
	Threads  int           `json:"threads"`
	Iters    int           `json:"iters"`
	Cores    []string      `json:"cores,omitempty"`
	Variants []*variantRow `json:"variants"`
}

// variantsCommand holds the flags of zoo variants.
type variantsCommand struct {
	g                    *global
	size, channels       int
	iters, threads       int
	tier, svg, tool, bin string
}

func newVariants(g *global) *cobra.Command {
	v := &variantsCommand{g: g}
	cmd := &cobra.Command{
		Use:   "variants",
		Short: "one layer of the same shape in every variant of convolution",
		Long: `variants builds a layer of C channels in and C out on a map of N x N pixels in
every way that networks make one: dense, factorized, grouped, depthwise
separable, dilated, deformable, with gates, in blocks. It quantizes each,
measures it on this machine and prints what it costs and what it sees.

With --armcost DIR, a directory with the program armcost.py that counts and
prices the instructions of Arm programs, cycles on Arm cores are modelled too.
That takes an edgerun for linux/arm64: --arm64 FILE, or it is built with go in
the current directory, which has to be the source's.`,
		Example: `  edgerun zoo variants
  edgerun zoo variants --size 14 --channels 256 --svg variants.svg
  edgerun zoo variants --armcost ../shared/tools/armcost --json`,
		Args: exactly(0, "none"),
		RunE: func(cmd *cobra.Command, _ []string) error { return v.run(cmd.Context()) },
	}
	f := cmd.Flags()
	f.IntVar(&v.size, "size", 28, "height and width of the map")
	f.IntVar(&v.channels, "channels", 128, "channels in and out, a multiple of 16")
	f.IntVar(&v.iters, "iters", 15, "runs to time")
	f.IntVar(&v.threads, "threads", 1, "threads to use")
	f.StringVar(&v.tier, "tier", "", "kernels to use: generic, neon, dotprod or i8mm (default the best this CPU has)")
	f.StringVar(&v.svg, "svg", "", "draw the comparison into this file")
	f.StringVar(&v.tool, "armcost", os.Getenv("EDGERUN_ARMCOST"), "directory of armcost.py, to model cycles (default $EDGERUN_ARMCOST)")
	f.StringVar(&v.bin, "arm64", "", "edgerun for linux/arm64, to model cycles with")
	return cmd
}

func (v *variantsCommand) run(ctx context.Context) error {
	if v.iters < 1 || v.threads < 1 {
		return usageError{errors.New("--iters and --threads: want at least 1")}
	}
	if _, err := zoo.Nothing().Network(v.size, v.channels); err != nil {
		return usageError{fmt.Errorf("--size and --channels: %w", err)}
	}
	if v.svg != "" {
		if err := checkWritable(v.svg); err != nil {
			return err
		}
	}
	if v.bin != "" && v.tool == "" {
		return usageError{errors.New("--arm64: want --armcost too")}
	}
	r := &variantsResult{Size: v.size, Channels: v.channels, Threads: v.threads, Iters: v.iters}
	all := zoo.Variants()
	p := v.g.newProgress()
	defer p.finish()
	for i, variant := range all {
		p.update("measure", i, len(all))
		row, err := v.measure(ctx, variant, r)
		if err != nil {
			return fmt.Errorf("%s: %w", variant.Name, trim(err))
		}
		r.Variants = append(r.Variants, row)
	}
	if v.tool != "" {
		if err := v.model(ctx, r, p); err != nil {
			return err
		}
	}
	p.finish()
	if v.svg != "" {
		if err := writeFile(v.svg, func(w io.Writer) error { return r.draw(w) }); err != nil {
			return err
		}
	}
	if v.g.json {
		return printJSON(r)
	}
	r.print()
	return nil
}

// quantized builds a variant's network and its int8 file.
func (v *variantsCommand) quantized(ctx context.Context, variant *zoo.Variant, row *variantRow) error {
	n, err := variant.Network(v.size, v.channels)
	if err != nil {
		return err
	}
	g, err := n.Build(zoo.Options{})
	if err != nil {
		return err
	}
	row.Params, row.MACs, row.field = zoo.Params(g), zoo.MACs(g), zoo.FieldOf(g)
	row.Field[0], row.Field[1] = row.field.Size()
	row.Moved, row.Global = row.field.Moved, row.field.Global
	m, err := quant.FromGraph(g)
	if err != nil {
		return err
	}
	res, err := m.Quantize(ctx, zooInputs{n, g.Inputs[0].Shape, 2}, quant.Options{})
	if err != nil {
		return err
	}
	row.erm = res.Bytes
	return nil
}

// measure times a variant: its operators without the average behind them.
func (v *variantsCommand) measure(ctx context.Context, variant *zoo.Variant, r *variantsResult) (*variantRow, error) {
	row := &variantRow{Name: variant.Name, Made: variant.Text, Source: variant.Source}
	if err := v.quantized(ctx, variant, row); err != nil {
		return nil, err
	}
	var opts []edgerun.Option
	if v.tier != "" {
		opts = append(opts, edgerun.Tier(v.tier))
	}
	m, err := edgerun.LoadBytes(row.erm, opts...)
	if err != nil {
		return nil, err
	}
	steps := m.Steps()
	for _, s := range steps[:len(steps)-1] {
		row.Bytes += s.Weights
	}
	b := bencher{iters: v.iters, warmup: 2, layers: true, cancelled: ctx.Err}
	t, err := b.run(m, v.threads)
	if err != nil {
		return nil, err
	}
	r.Tier = t.Tier
	for _, l := range t.Layers[:len(t.Layers)-1] {
		row.P50, row.Min, row.CPU = row.P50+l.P50, row.Min+l.Min, row.CPU+l.CPU
	}
	return row, nil
}

// model adds cycles, without those of a network that has no such layer.
func (v *variantsCommand) model(ctx context.Context, r *variantsResult, p *progress) error {
	dir, err := os.MkdirTemp("", "edgerun-variants-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	a, err := newArmcost(ctx, v.tool, v.bin, dir)
	if err != nil {
		return err
	}
	empty := &variantRow{Name: "nothing"}
	if err := v.quantized(ctx, zoo.Nothing(), empty); err != nil {
		return trim(err)
	}
	rows := append([]*variantRow{empty}, r.Variants...)
	for i, row := range rows {
		p.update("model", i, len(rows))
		file := filepath.Join(dir, "variant.erm")
		if err := os.WriteFile(file, row.erm, 0o644); err != nil {
			return err
		}
		if row.Cycles, err = a.cycles(ctx, file); err != nil {
			return fmt.Errorf("%s: %w", row.Name, err)
		}
		for core := range row.Cycles {
			if row != empty {
				row.Cycles[core] -= empty.Cycles[core]
			}
		}
	}
	r.Cores = a.cores()
	return nil
}

// time is processor time where it is known, which other programs disturb least.
func (v *variantRow) time() int64 {
	if v.CPU > 0 {
		return v.CPU
	}
	return v.Min
}

// see says what an output pixel sees.
func (v *variantRow) see() string {
	s := fmt.Sprintf("%dx%d", v.Field[0], v.Field[1])
	if v.Moved {
		s += ", moved"
	}
	if v.Global {
		s += ", mean"
	}
	return s
}

func (r *variantsResult) print() {
	head := []string{"variant", "parameters", "MACs", "int8", "sees", "time", "GMAC/s"}
	for _, c := range r.Cores {
		head = append(head, strings.TrimPrefix(c, "cortex-")+" cycles")
	}
	head = append(head, "made of")
	var rows [][]string
	for _, v := range r.Variants {
		row := []string{v.Name, count(v.Params), count(v.MACs), size(v.Bytes), v.see(), fmt.Sprintf("%.3f ms", float64(v.time())/1e6),
			fmt.Sprintf("%.2f", float64(v.MACs)/float64(max(1, v.time())))}
		for _, c := range r.Cores {
			row = append(row, count(v.Cycles[c]))
		}
		rows = append(rows, append(row, v.Made))
	}
	table(os.Stdout, head, rows)
	fmt.Printf("%d channels in and out, %dx%d pixels; %s tier, %d threads, the least processor time of %d runs\n", r.Channels, r.Size, r.Size, r.Tier, r.Threads, r.Iters)
}
