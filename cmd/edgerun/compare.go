package main

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/edgerun/edgerun/internal/dataset"
	"github.com/edgerun/edgerun/quant"
	edgerun "github.com/edgerun/edgerun/runtime"
)

func newCompare(g *global) *cobra.Command {
	var (
		mf      modelFlags
		pf      preFlags
		data    string
		samples int
	)
	cmd := &cobra.Command{
		Use:   "compare FLOATMODEL MODEL.erm --data DATA",
		Short: "error of every layer of an int8 network against the float one",
		Long: `compare runs the same inputs through a float network and the int8 network made of
it, and prints for every layer the ratio of signal to quantization noise (SQNR, in
dB) at its output, the worst first. The noise of a layer is all that has come
together up to there.`,
		Example: `  edgerun compare mobilenet.onnx mobilenet.erm --data photos/ --samples 50
  edgerun compare mobilenet.onnx mobilenet.erm --data val.npz --json`,
		Args: exactly(2, "the float model and the .erm file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if data == "" {
				return usageError{errors.New("compare needs --data DATA; see edgerun compare --help")}
			}
			if !isInt8(args[1]) {
				return usageError{fmt.Errorf("%s: want an .erm file as the second model", args[1])}
			}
			float, err := mf.openFloat(args[0])
			if err != nil {
				return err
			}
			em, err := edgerun.Load(args[1])
			if err != nil {
				return err
			}
			pre, err := dataset.FromMeta(em.Meta)
			if err != nil {
				return fmt.Errorf("%s: %w", args[1], err)
			}
			if pre, err = pf.apply(pre); err != nil {
				return err
			}
			set, err := dataset.Open(data, portInputs(float.Inputs()), pre)
			if err != nil {
				return err
			}
			set.Limit(samples)
			p := g.newProgress()
			c, err := float.Compare(cmd.Context(), em, set, func(done, total int) { p.update("compare", done, total) })
			p.finish()
			if err != nil {
				return err
			}
			c.Layers = worstLayers(c.Layers, len(c.Layers))
			if g.json {
				return printJSON(c)
			}
			var rows [][]string
			for _, l := range c.Layers {
				rows = append(rows, []string{decibel(l.SQNR), fmt.Sprintf("%.5f", l.Cosine), l.Op, shown(l.Name)})
			}
			table(os.Stdout, []string{"SQNR", "cosine", "op", "layer"}, rows)
			for _, o := range c.Outputs {
				fmt.Printf("output %s: %s\n", shown(o.Name), decibel(o.SQNR))
			}
			fmt.Printf("%d samples, output SQNR %s, agreement %s\n", c.Samples, decibel(c.OutputSQNR), percent(c.Agreement))
			return nil
		},
	}
	cmd.Flags().StringVar(&data, "data", "", "inputs to compare on")
	cmd.Flags().IntVar(&samples, "samples", 0, "use this many samples, spread over the data (default all)")
	mf.add(cmd)
	pf.add(cmd)
	return cmd
}

// worstLayers returns the n layers of lowest SQNR, the lowest first.
func worstLayers(ls []quant.LayerReport, n int) []quant.LayerReport {
	out := slices.Clone(ls)
	slices.SortStableFunc(out, func(a, b quant.LayerReport) int {
		switch {
		case a.SQNR == nil && b.SQNR == nil:
			return 0
		case a.SQNR == nil:
			return 1
		case b.SQNR == nil:
			return -1
		case *a.SQNR < *b.SQNR:
			return -1
		case *a.SQNR > *b.SQNR:
			return 1
		}
		return 0
	})
	return out[:min(n, len(out))]
}
