package quant

import (
	"compress/gzip"
	"context"
	"encoding/binary"
	"io"
	"math"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	edgerun "github.com/edgerun/edgerun/runtime"
)

// readIDX reads the pixels of a gzipped IDX file of images (MNIST's format) and
// brings them to (pixel − mean)/std.
func readIDX(t testing.TB, path string, mean, std float32) SampleList {
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	b, err := io.ReadAll(z)
	require.NoError(t, err)
	require.Equal(t, uint32(2051), binary.BigEndian.Uint32(b))
	n, size := int(binary.BigEndian.Uint32(b[4:])), int(binary.BigEndian.Uint32(b[8:])*binary.BigEndian.Uint32(b[12:]))
	require.Len(t, b, 16+n*size)
	var l SampleList
	for i := range n {
		x := make([]float32, size)
		for k := range x {
			x[k] = (float32(b[16+i*size+k]) - mean) / std
		}
		l = append(l, Sample{x})
	}
	return l
}

const demoDir = "../cmd/edgerun/demo"

// demo is the trained network that the command line embeds, with its pictures.
var demo = sync.OnceValue(func() (d struct {
	onnx        []byte
	calib, test SampleList
}) {
	t := &testing.T{}
	var err error
	if d.onnx, err = os.ReadFile(filepath.Join(demoDir, "model.onnx")); err != nil {
		panic(err)
	}
	d.calib = readIDX(t, filepath.Join(demoDir, "calib-images-idx3-ubyte.gz"), 127.5, 127.5)
	d.test = readIDX(t, filepath.Join(demoDir, "test-images-idx3-ubyte.gz"), 127.5, 127.5)
	return d
})

func openDemo(t testing.TB) *Model {
	m, err := OpenBytes(demo().onnx, "model.onnx", OpenOptions{})
	require.NoError(t, err)
	return m
}

// compare quantizes nothing: it compares a result with its float network.
func compare(t testing.TB, m *Model, res *Result, samples Samples) *Comparison {
	em, err := edgerun.LoadBytes(res.Bytes)
	require.NoError(t, err)
	c, err := m.Compare(context.Background(), em, samples, nil)
	require.NoError(t, err)
	return c
}

// TestMethods quantizes the demo network with every method: none is far from the
// float network, and the automatic choice is not worse than the best.
func TestMethods(t *testing.T) {
	m := openDemo(t)
	calib, test, methods := demo().calib[:40], demo().test[:80], Methods
	if testing.Short() {
		calib, test, methods = calib[:12], test[:20], []Method{Auto, MinMax}
	}
	least := map[Method]float64{MinMax: 22, Percentile: 22, MSE: 22, Entropy: 10, Auto: 24}
	got := map[Method]float64{}
	for _, method := range methods {
		res, err := m.Quantize(context.Background(), calib, Options{Method: method})
		require.NoError(t, err)
		require.Equal(t, method, res.Report.Method)
		c := compare(t, m, res, test)
		require.NotNil(t, c.OutputSQNR)
		require.NotNil(t, c.Agreement)
		t.Logf("%-10s %.1f dB, agreement %.1f %%", method, *c.OutputSQNR, 100**c.Agreement)
		got[method] = *c.OutputSQNR
		require.GreaterOrEqual(t, *c.OutputSQNR, least[method], method)
		require.GreaterOrEqual(t, *c.Agreement, 0.95, method)
	}
	for method, q := range got {
		require.GreaterOrEqual(t, got[Auto], q-0.5, "auto against %s", method)
	}
	_, err := ParseMethod("best")
	require.EqualError(t, err, `method "best" is unknown, want auto, minmax, percentile, mse or entropy`)
	for _, method := range Methods {
		p, err := ParseMethod(string(method))
		require.NoError(t, err)
		require.Equal(t, method, p)
	}
}

const dataPack = "../../shared/data"

// TestTrainedNetworks holds trained networks to what ONNX Runtime's static
// quantization with MinMax reaches on the same files, calibration and data
// (the data pack's QUANT.md, "measured here"): no more than 1 dB below it.
func TestTrainedNetworks(t *testing.T) {
	if _, err := os.Stat(dataPack); err != nil {
		t.Skip("the trained networks of ../shared are not here; TestMethods has one of our own")
	}
	if testing.Short() {
		t.Skip("several networks")
	}
	fashion := func(part string) SampleList {
		return readIDX(t, filepath.Join(dataPack, "images/fashion_mnist", part), 127.5, 127.5)
	}
	train, test := fashion("train-first1000-images-idx3-ubyte.gz")[:200], fashion("test-first5000-images-idx3-ubyte.gz")
	digits := readIDX(t, filepath.Join(dataPack, "images/mnist/test-first5000-images-idx3-ubyte.gz"), 0, 256)
	spread := func(l SampleList, n int) (out SampleList) {
		for i := range n {
			out = append(out, l[i*len(l)/n])
		}
		return out
	}
	for name, c := range map[string]struct {
		calib, eval SampleList
		ort         float64 // dB
	}{
		"lenet_mnist":              {digits[:200], spread(digits[200:], 200), 45.7},
		"fmnist_shufflenet":        {train, spread(test, 200), 27.6},
		"fmnist_seresnet":          {train, spread(test, 200), 33.5},
		"fmnist_mobilenet_dilated": {train, spread(test, 200), 25.6},
		"fmnist_deform_v2":         {train, spread(test, 200), 31.3},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := Open(filepath.Join(dataPack, "models/onnx", name+".onnx"), OpenOptions{})
			require.NoError(t, err)
			res, err := m.Quantize(context.Background(), c.calib, Options{})
			require.NoError(t, err)
			q := compare(t, m, res, c.eval)
			t.Logf("%.1f dB, ONNX Runtime %.1f; agreement %.1f %%", *q.OutputSQNR, c.ort, 100**q.Agreement)
			require.GreaterOrEqual(t, *q.OutputSQNR, c.ort-1)
			require.GreaterOrEqual(t, *q.Agreement, 0.98)
			em, err := edgerun.LoadBytes(res.Bytes)
			require.NoError(t, err)
			require.LessOrEqual(t, float64(em.ArenaBytes()), 1.05*float64(em.ArenaBound()), "the memory plan is not tight")
			require.Less(t, int64(len(res.Bytes)), m.Size*45/100, "the file is larger than four times smaller weights explain")
			require.False(t, math.IsNaN(*q.OutputSQNR))
		})
	}
}
