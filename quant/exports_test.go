package quant

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/interp"
	"github.com/edgerun/edgerun/internal/ir"
	"github.com/edgerun/edgerun/internal/onnxtest"
	edgerun "github.com/edgerun/edgerun/runtime"
)

// export is a model of testdata/exports.tar.gz, which tools/exports makes: a
// block of a network as one exporter spells it.
type export struct {
	name     string // BLOCK/EXPORTER
	model    []byte
	external []byte // the file with the weights, or nil
	in, out  []onnxtest.OpTensor
}

func readExports(path string) ([]export, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	var all []export
	for t := tar.NewReader(z); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		b, err := io.ReadAll(t)
		if err != nil {
			return nil, err
		}
		files[h.Name] = b
		name, ok := strings.CutSuffix(h.Name, ".json")
		if !ok {
			continue
		}
		var io struct{ In, Out [][4]json.RawMessage }
		if err := json.Unmarshal(b, &io); err != nil {
			return nil, err
		}
		e := export{name: name, model: files[name+".onnx"], external: files[name+".onnx.data"]}
		for i, side := range [][][4]json.RawMessage{io.In, io.Out} {
			for _, v := range side {
				var t onnxtest.OpTensor
				var file string
				if err := errors.Join(json.Unmarshal(v[0], &t.Name), json.Unmarshal(v[1], &t.Type), json.Unmarshal(v[2], &t.Shape), json.Unmarshal(v[3], &file)); err != nil {
					return nil, err
				}
				t.Data = files[file]
				if i == 0 {
					e.in = append(e.in, t)
				} else {
					e.out = append(e.out, t)
				}
			}
		}
		all = append(all, e)
	}
}

// TestExports holds blocks of networks as PyTorch, TensorFlow, Keras and
// PaddlePaddle export them to three things: the float network computes what ONNX
// Runtime computes, the integer network has exactly the operators that
// testdata/exports.txt lists for the block, however it is spelled, and computes
// nearly the same, to the bit what it computes with every copy made.
func TestExports(t *testing.T) {
	all, err := readExports("testdata/exports.tar.gz")
	require.NoError(t, err)
	require.Greater(t, len(all), 900)
	want := readExpected(t)
	used := map[string]bool{}
	for _, e := range all {
		block, _, _ := strings.Cut(e.name, "/")
		key := e.name
		if want[key] == "" {
			key = block
		}
		used[key] = true
		t.Run(e.name, func(t *testing.T) {
			m, s := openExport(t, &e)
			compareFloat(t, m, m.run, s, &e)
			g, _ := ir.OptimizeForIntegers(m.graph)
			run, err := interp.New(g)
			require.NoError(t, err)
			compareFloat(t, m, run, s, &e)
			opt := Options{Method: MinMax, Workers: 1}
			r, err := m.Quantize(context.Background(), SampleList{s}, opt)
			require.NoError(t, err)
			opt.Plain = true
			plain, err := m.Quantize(context.Background(), SampleList{s}, opt)
			require.NoError(t, err)
			requireSame(t, plain.Bytes, r.Bytes, s)
			em, err := edgerun.LoadBytes(r.Bytes)
			require.NoError(t, err)
			var ops []string
			for _, st := range em.Steps() {
				ops = append(ops, st.Op)
			}
			require.Equal(t, want[key], strings.Join(ops, " "), "passes: %v", r.Report.Passes)
			got, err := realOutputs(r.Bytes, s)
			require.NoError(t, err)
			for i, o := range e.out {
				compareInteger(t, &o, got[i])
			}
		})
	}
	for k := range want {
		require.True(t, used[k], "no export for the line %s", k)
	}
	t.Logf("%d exports of %d blocks", len(all), len(used))
}

// readExpected reads the operators that blocks become.
func readExpected(t *testing.T) map[string]string {
	b, err := os.ReadFile("testdata/exports.txt")
	require.NoError(t, err)
	want := map[string]string{}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] != "#" {
			want[f[0]] = strings.Join(f[1:], " ")
		}
	}
	return want
}

// openExport imports a model from a file, so that it may have another one with
// its weights, and returns its input.
func openExport(t *testing.T, e *export) (*Model, Sample) {
	dir := t.TempDir()
	path := filepath.Join(dir, filepath.Base(e.name)+".onnx")
	require.NoError(t, os.WriteFile(path, e.model, 0o600))
	if e.external != nil {
		require.NoError(t, os.WriteFile(path+".data", e.external, 0o600))
	}
	shapes := map[string][]int{} // some axes are dynamic
	var s Sample
	for _, v := range e.in {
		shapes[v.Name] = v.Shape
		s = append(s, floats(v.Tensor()))
	}
	m, err := Open(path, OpenOptions{Shapes: shapes})
	require.NoError(t, err)
	return m, s
}

// compareFloat wants ONNX Runtime's outputs, which are rounded to 17 bits.
func compareFloat(t *testing.T, m *Model, run *interp.Machine, s Sample, e *export) {
	in, err := m.tensors(s)
	require.NoError(t, err)
	got, err := run.Run(context.Background(), in, nil)
	require.NoError(t, err)
	for i, o := range e.out {
		require.Equal(t, o.Shape, got[i].Shape)
		top, worst := 0.0, 0.0
		for k, x := range floats(o.Tensor()) {
			top = max(top, math.Abs(float64(x)))
			worst = max(worst, math.Abs(float64(x-floats(got[i])[k])))
		}
		require.LessOrEqual(t, worst, 2e-5*top, "float, output %d", i)
	}
}

// compareInteger wants 30 dB, or of indices nineteen in twenty.
func compareInteger(t *testing.T, o *onnxtest.OpTensor, got []float32) {
	var n noise
	same := 0
	want := floats(o.Tensor())
	for k, x := range want {
		n.add(float64(x), float64(got[k]))
		if x == got[k] {
			same++
		}
	}
	if o.Type != ir.Float32 {
		require.GreaterOrEqual(t, float64(same), 0.95*float64(len(want)))
		return
	}
	if q := n.sqnr(); q != nil {
		require.GreaterOrEqual(t, *q, 30.0, "dB")
	}
}

// requireSame runs a file, and the same one with every copy made.
func requireSame(t *testing.T, plain, file []byte, s Sample) {
	want, err := outputs(plain, s, 1)
	require.NoError(t, err)
	got, err := outputs(file, s, 1)
	require.NoError(t, err)
	require.Equal(t, want, got, "with every copy made")
}
