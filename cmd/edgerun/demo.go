package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"embed"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	ermfmt "github.com/edgerun/edgerun/fmt"
	"github.com/edgerun/edgerun/internal/dataset"
	"github.com/edgerun/edgerun/quant"
	edgerun "github.com/edgerun/edgerun/runtime"
)

// The demo's network and pictures; tools/demo has the script that made them and
// says where they come from.
//
//go:embed demo
var demoFiles embed.FS

// demoLabels are the classes of Fashion-MNIST.
var demoLabels = []string{"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"}

// demoPre is how a picture becomes the network's input.
var demoPre = dataset.Preprocess{Color: "gray", Mean: []float64{127.5}, Std: []float64{127.5}}

// demoResult is what demo prints with --json.
type demoResult struct {
	Samples    int      `json:"samples"`
	FloatTop1  float64  `json:"float_top1"`
	Int8Top1   float64  `json:"int8_top1"`
	Agreement  float64  `json:"agreement"`
	OutputSQNR *float64 `json:"output_sqnr_db"`
	FloatBytes int64    `json:"float_bytes"`
	Bytes      int64    `json:"bytes"`
	Arena      int64    `json:"arena_bytes"`
	MACs       int64    `json:"macs"`
	Tier       string   `json:"tier"`
	Latency    latency  `json:"latency_ns"`
	Allocs     float64  `json:"allocs_per_run"`
}

func newDemo(g *global) *cobra.Command {
	var (
		show int
		keep string
	)
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "see it work: quantize an embedded network and run it on real pictures",
		Long: `demo needs no files. It carries a small network, trained on Fashion-MNIST, with
depthwise-separable, dilated, deformable and squeeze-and-excitation layers, and
400 pictures of the test set. It quantizes the network with other pictures, runs
both versions on the 400, shows a few, and prints accuracy, sizes and speed.

With --keep it leaves the float network, the int8 file and some pictures in a
directory, to try the other commands on.`,
		Example: `  edgerun demo
  edgerun demo --keep demo/ && edgerun run demo/fashion.erm demo/pictures/*.png
  edgerun demo --json`,
		Args: exactly(0, "none"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if show < 0 {
				return usageError{errors.New("--show: want a number of pictures")}
			}
			return runDemo(cmd.Context(), g, show, keep)
		},
	}
	cmd.Flags().IntVar(&show, "show", 4, "pictures to show")
	cmd.Flags().StringVar(&keep, "keep", "", "write the networks and some pictures into this directory")
	return cmd
}

func runDemo(ctx context.Context, g *global, show int, keep string) error {
	onnx, err := demoFiles.ReadFile("demo/model.onnx")
	if err != nil {
		return err
	}
	calib, _, err := demoImages("demo/calib-images-idx3-ubyte.gz", "")
	if err != nil {
		return err
	}
	test, labels, err := demoImages("demo/test-images-idx3-ubyte.gz", "demo/test-labels-idx1-ubyte.gz")
	if err != nil {
		return err
	}
	float, err := quant.OpenBytes(onnx, "fashion.onnx", quant.OpenOptions{})
	if err != nil {
		return err
	}
	p := g.newProgress()
	res, err := float.Quantize(ctx, demoSamples(calib), quant.Options{Labels: demoLabels, Progress: p.quant,
		Meta: append(demoPre.Meta(), ermfmt.Meta{Key: ermfmt.MetaProducer, Value: "edgerun " + version()})})
	p.finish()
	if err != nil {
		return err
	}
	m, err := edgerun.LoadBytes(res.Bytes)
	if err != nil {
		return err
	}
	r := &demoResult{Samples: len(test), FloatBytes: int64(len(onnx)), Bytes: int64(len(res.Bytes)), Arena: m.ArenaBytes(), MACs: m.MACs(), Tier: m.Tier()}
	shown, err := r.score(ctx, g, float, m, test, labels, show)
	if err != nil {
		return err
	}
	b := bencher{iters: 200, warmup: 20, cancelled: ctx.Err}
	t, err := b.run(m, 1)
	if err != nil {
		return err
	}
	r.Latency, r.Allocs = t.Latency, t.Allocs
	if keep != "" {
		if err := keepDemo(keep, onnx, res.Bytes, test, labels); err != nil {
			return err
		}
	}
	if g.json {
		return printJSON(r)
	}
	printPictures(os.Stdout, shown)
	r.print(float, len(calib))
	if keep != "" {
		fmt.Printf("\nfashion.onnx, fashion.erm and pictures/ are in %s; next:\n  edgerun run %s %s\n", keep, filepath.Join(keep, "fashion.erm"), filepath.Join(keep, "pictures", "*.png"))
	}
	return nil
}

// score runs both networks on all pictures and picks some to show: the first
// ones, and in the last place the first that the int8 network gets wrong.
func (r *demoResult) score(ctx context.Context, g *global, float *quant.Model, m *edgerun.Model, test []*image.Gray, labels []byte, show int) ([]picture, error) {
	s, err := m.NewSession()
	if err != nil {
		return nil, err
	}
	defer s.Close()
	p := g.newProgress()
	defer p.finish()
	var (
		shown            []picture
		wrong            *picture
		right, rightInt8 int
		agree            int
		signal, noise    float64
		got              = make([]float32, s.Output(0).Len())
	)
	for i, x := range demoSamples(test) {
		ref, err := float.Run(ctx, x)
		if err != nil {
			return nil, err
		}
		if err := errors.Join(s.Input(0).SetFloat32(x[0]), s.Run(), s.Output(0).Float32(got)); err != nil {
			return nil, err
		}
		a, b := top(ref[0], 1, nil)[0].Index, top(got, 1, nil)[0].Index
		if a == int(labels[i]) {
			right++
		}
		if b == int(labels[i]) {
			rightInt8++
		}
		if a == b {
			agree++
		}
		for k, v := range ref[0] {
			signal += float64(v) * float64(v)
			noise += float64(v-got[k]) * float64(v-got[k])
		}
		pic := picture{img: test[i], label: demoLabels[labels[i]], guess: demoLabels[b], sure: softmaxTop(got)}
		if len(shown) < show {
			shown = append(shown, pic)
		}
		if wrong == nil && b != int(labels[i]) {
			wrong = &pic
		}
		p.update("run", i+1, len(test))
	}
	if wrong != nil && len(shown) > 1 {
		shown[len(shown)-1] = *wrong
	}
	n := float64(len(test))
	r.FloatTop1, r.Int8Top1, r.Agreement = float64(right)/n, float64(rightInt8)/n, float64(agree)/n
	if noise > 0 {
		db := 10 * math.Log10(signal/noise)
		r.OutputSQNR = &db
	}
	return shown, nil
}

// softmaxTop is the largest probability that logits stand for.
func softmaxTop(logits []float32) float64 {
	best := top(logits, 1, nil)[0].Score
	var sum float64
	for _, v := range logits {
		sum += math.Exp(float64(v - best))
	}
	return 1 / sum
}

func (r *demoResult) print(float *quant.Model, calib int) {
	row := func(name, f, q string) { fmt.Printf("  %-22s %12s %12s\n", name, f, q) }
	fmt.Printf("A network of %d operators and %s MACs, quantized with %d pictures:\n\n", len(float.Nodes()), count(r.MACs), calib)
	row("", "float32", "int8")
	row(fmt.Sprintf("top-1 on %d pictures", r.Samples), fmt.Sprintf("%.2f %%", 100*r.FloatTop1), fmt.Sprintf("%.2f %%", 100*r.Int8Top1))
	row("same answer", "", fmt.Sprintf("%.2f %%", 100*r.Agreement))
	row("output SQNR", "", decibel(r.OutputSQNR))
	row("file", size(r.FloatBytes), size(r.Bytes))
	row("memory for activations", "", size(r.Arena))
	row("latency, one thread", "", fmt.Sprintf("%.3f ms", float64(r.Latency.P50)/1e6))
	row("allocations per run", "", fmt.Sprint(r.Allocs))
	fmt.Printf("\nKernels: %s tier. The same file gives the same bits on every CPU.\n", r.Tier)
}

// demoImages reads gzipped IDX files of pictures and, when named, labels.
func demoImages(images, labels string) ([]*image.Gray, []byte, error) {
	dims, pix, err := readIDX(images)
	if err != nil {
		return nil, nil, err
	}
	if len(dims) != 3 {
		return nil, nil, fmt.Errorf("%s: %d axes, want 3", images, len(dims))
	}
	n, h, w := dims[0], dims[1], dims[2]
	out := make([]*image.Gray, n)
	for i := range out {
		out[i] = &image.Gray{Pix: pix[i*h*w:][:h*w], Stride: w, Rect: image.Rect(0, 0, w, h)}
	}
	if labels == "" {
		return out, nil, nil
	}
	if dims, pix, err = readIDX(labels); err != nil {
		return nil, nil, err
	}
	if len(dims) != 1 || dims[0] != n {
		return nil, nil, fmt.Errorf("%s: axes %v, want %d labels", labels, dims, n)
	}
	return out, pix, nil
}

// readIDX reads an embedded array of bytes: two zeros, the type 8, the number of
// axes, their big-endian sizes, the elements (http://yann.lecun.com/exdb/mnist).
func readIDX(name string) (dims []int, data []byte, err error) {
	b, err := demoFiles.ReadFile(name)
	if err != nil {
		return nil, nil, err
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	if b, err = io.ReadAll(z); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(b) < 4 || b[2] != 8 || len(b) < 4+4*int(b[3]) {
		return nil, nil, fmt.Errorf("%s: not an IDX file of bytes", name)
	}
	n := 1
	for i := range int(b[3]) {
		d := int(binary.BigEndian.Uint32(b[4+4*i:]))
		dims = append(dims, d)
		n *= d
	}
	data = b[4+4*len(dims):]
	if len(data) != n {
		return nil, nil, fmt.Errorf("%s: %d bytes of data, want %d", name, len(data), n)
	}
	return dims, data, nil
}

// demoSamples are the pictures as the network sees them.
func demoSamples(imgs []*image.Gray) quant.SampleList {
	var out quant.SampleList
	for _, m := range imgs {
		x := make([]float32, len(m.Pix))
		for i, v := range m.Pix {
			x[i] = (float32(v) - 127.5) / 127.5
		}
		out = append(out, quant.Sample{x})
	}
	return out
}

// keepDemo writes what the other commands can be tried on: pictures go into a
// directory, and a list of them with their classes beside it.
func keepDemo(dir string, onnx, erm []byte, imgs []*image.Gray, labels []byte) error {
	pics := filepath.Join(dir, "pictures")
	if err := os.MkdirAll(pics, 0o755); err != nil {
		return err
	}
	put := func(name string, b []byte) error {
		return writeFile(filepath.Join(dir, name), func(w io.Writer) error { _, err := w.Write(b); return err })
	}
	var list strings.Builder
	list.WriteString("path,label\n")
	for i, m := range imgs[:min(100, len(imgs))] {
		name := fmt.Sprintf("pictures/%03d-%s.png", i, strings.ToLower(fileName(demoLabels[labels[i]])))
		var b bytes.Buffer
		if err := png.Encode(&b, m); err != nil {
			return err
		}
		if err := put(name, b.Bytes()); err != nil {
			return err
		}
		fmt.Fprintf(&list, "%s,%d\n", name, labels[i])
	}
	license, err := demoFiles.ReadFile("demo/LICENSE.fashion-mnist")
	if err != nil {
		return err
	}
	return errors.Join(put("fashion.onnx", onnx), put("fashion.erm", erm), put("pictures.csv", []byte(list.String())), put("LICENSE.fashion-mnist", license))
}
