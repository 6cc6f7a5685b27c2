package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	ermfmt "github.com/edgerun/edgerun/fmt"
	"github.com/edgerun/edgerun/internal/dataset"
	"github.com/edgerun/edgerun/quant"
)

func newQuantize(g *global) *cobra.Command {
	var (
		mf           modelFlags
		pf           preFlags
		out, calib   string
		method       string
		samples      int
		report       string
		minAgreement float64
	)
	cmd := &cobra.Command{
		Use:   "quantize MODEL -o OUT.erm --calib DATA",
		Short: "turn a float network into an int8 file",
		Long: `quantize reads a trained float network (.onnx) and representative inputs, and
writes an int8 file (.erm). A hundred inputs are enough, labels are not needed.

DATA is a directory of pictures, .wav or .npy files (sub-directories are classes),
a CSV file with the header path,label, or an .npz archive with an array x.
One sample in five is held out of calibration and serves to compare the int8
network with the float one.

How pictures become tensors is stored in the file, so that run and eval need no
flags: pixel values (0 to 255) are multiplied by --scale, then --mean is
subtracted, then they are divided by --std. Without --resize and --crop, pictures
are scaled to cover the input and cropped at the centre.`,
		Example: `  edgerun quantize mobilenet_v2.onnx -o mobilenet_v2.erm --calib photos/ --crop 224 --mean 127.5 --std 127.5
  edgerun quantize resnet18.onnx -o resnet18.erm --calib val.csv --samples 200 --scale 1/255 \
      --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 --labels classes.txt --report report.html
  edgerun quantize audio.onnx -o audio.erm --calib clips.npz --shape input=1x1x16000 --min-agreement 0.98`,
		Args: exactly(1, "the model"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" || calib == "" {
				return usageError{errors.New("quantize needs -o OUT.erm and --calib DATA; see edgerun quantize --help")}
			}
			if st, err := os.Stat(out); !isInt8(out) && (err != nil || st.Mode().IsRegular()) {
				return usageError{fmt.Errorf("-o %s: want a name that ends in .erm, by which the other commands know the file", out)}
			}
			m, err := quant.ParseMethod(method)
			if err != nil {
				return usageError{err}
			}
			if samples < 0 {
				return usageError{fmt.Errorf("--samples %d: want a positive number", samples)}
			}
			if minAgreement >= 2 { // 95 means 95 %
				minAgreement /= 100
			}
			if !(minAgreement >= 0 && minAgreement <= 1) {
				return usageError{errors.New("--min-agreement: want a share from 0 to 1, or percent")}
			}
			if err := checkApart([]string{out, report}, args[0], calib, mf.labels); err != nil {
				return err
			}
			for _, p := range []string{out, report} {
				if p != "" {
					if err := checkWritable(p); err != nil {
						return err
					}
				}
			}
			labels, err := readLabels(mf.labels)
			if err != nil {
				return err
			}
			pre, err := pf.apply(dataset.Preprocess{})
			if err != nil {
				return err
			}
			model, err := mf.openFloat(args[0])
			if err != nil {
				return err
			}
			set, err := dataset.Open(calib, portInputs(model.Inputs()), pre)
			if err != nil {
				return err
			}
			set.Limit(samples)
			if set.Pictures() && !pre.Given() {
				g.warn("pixel values go in as 0 to 255; most networks want --scale, --mean or --std")
			}
			p := g.newProgress()
			meta := append(pre.Meta(), ermfmt.Meta{Key: ermfmt.MetaProducer, Value: "edgerun " + version()})
			res, err := model.Quantize(cmd.Context(), dataSet{set}, quant.Options{Method: m, Labels: labels, Meta: meta, MinAgreement: minAgreement, Progress: p.quant})
			p.finish()
			var gate *quant.GateError
			var bad dataError
			if errors.As(err, &bad) {
				return bad.error
			}
			if err != nil && !errors.As(err, &gate) {
				return fmt.Errorf("%s: %w", args[0], trim(err))
			}
			if gate == nil {
				if err := writeFile(out, func(w io.Writer) error { _, err := w.Write(res.Bytes); return err }); err != nil {
					return err
				}
			}
			if report != "" {
				if err := writeReport(report, res.Report); err != nil {
					return err
				}
			}
			for _, w := range res.Report.Warnings {
				g.warn("%s", w)
			}
			if err := printQuantized(g, out, res); err != nil {
				return err
			}
			if gate != nil {
				return gateError{fmt.Errorf("%s: %w; the file was not written", args[0], trim(gate))}
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVarP(&out, "output", "o", "", "file to write (.erm)")
	f.StringVar(&calib, "calib", "", "calibration data")
	f.StringVar(&method, "method", "auto", "how ranges are chosen: auto, minmax, percentile, mse or entropy")
	f.IntVar(&samples, "samples", 0, "use this many samples, spread over the data (default all)")
	f.StringVar(&report, "report", "", "write a report: .html with pictures, anything else JSON")
	f.Float64Var(&minAgreement, "min-agreement", 0, "exit with 3, writing nothing, when float and int8 choose the same class less often (0 to 1)")
	mf.add(cmd)
	pf.add(cmd)
	return cmd
}

// trim drops the package name from the front of an error.
func trim(err error) error {
	return errors.New(strings.TrimPrefix(strings.TrimPrefix(err.Error(), "quant: "), "edgerun: "))
}

// writeReport writes JSON, or HTML by the name.
func writeReport(path string, r *quant.Report) error {
	return writeFile(path, func(w io.Writer) error {
		if strings.EqualFold(filepath.Ext(path), ".html") {
			return reportHTML(w, r)
		}
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(r)
	})
}

func printQuantized(g *global, out string, res *quant.Result) error {
	r := res.Report
	if g.json {
		type layer struct {
			Name string   `json:"name"`
			SQNR *float64 `json:"sqnr_db"`
		}
		o := struct {
			File       string   `json:"file"`
			Bytes      int64    `json:"bytes"`
			FloatBytes int64    `json:"float_bytes"`
			Layers     []layer  `json:"layers"`
			Agreement  *float64 `json:"agreement"`
			OutputSQNR *float64 `json:"output_sqnr_db"`
			ArenaBytes int64    `json:"arena_bytes"`
			Samples    int      `json:"samples"`
			HeldOut    int      `json:"held_out"`
			Warnings   []string `json:"warnings"`
		}{File: out, Bytes: r.Bytes, FloatBytes: r.FloatBytes, Layers: []layer{}, Agreement: r.Agreement, OutputSQNR: r.OutputSQNR,
			ArenaBytes: r.ArenaBytes, Samples: r.Samples, HeldOut: r.HeldOut, Warnings: r.Warnings}
		for _, l := range r.Layers {
			o.Layers = append(o.Layers, layer{l.Name, l.SQNR})
		}
		return printJSON(o)
	}
	w := os.Stdout
	fmt.Fprintf(w, "%s: %s (float %s), %d layers, %s MACs\n", out, size(r.Bytes), size(r.FloatBytes), len(res.Model.Ops), count(r.MACs))
	fmt.Fprintf(w, "arena %s (lower bound %s)\n", size(r.ArenaBytes), size(r.ArenaBound))
	fmt.Fprintf(w, "on %d samples: output SQNR %s, agreement with float %s\n", r.HeldOut, decibel(r.OutputSQNR), percent(r.Agreement))
	worst := worstLayers(r.Layers, 5)
	if len(worst) > 0 {
		fmt.Fprintln(w, "lowest SQNR:")
		for _, l := range worst {
			fmt.Fprintf(w, "  %8s  %-16s %s\n", decibel(l.SQNR), l.Op, shown(l.Name))
		}
	}
	return nil
}
