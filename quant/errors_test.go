package quant

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/ir"
	ot "github.com/edgerun/edgerun/internal/onnxtest"
	edgerun "github.com/edgerun/edgerun/runtime"
)

// small is a convolution with a bias, Relu, and a classifier over 2x2 pixels.
func small(nodes ...[]byte) []byte {
	w := make([]float32, 4*2*9)
	for i := range w {
		w[i] = float32(i%7-3) / 8
	}
	f := make([]float32, 3*4*4)
	for i := range f {
		f[i] = float32(i%5-2) / 4
	}
	graph := [][]byte{ot.In("x", ir.Float32, 1, 2, 2, 2), ot.Out("y"),
		ot.Init("w", ot.F(w, 4, 2, 3, 3)), ot.Init("b", ot.F([]float32{0.5, -0.5, 0, 1})), ot.Init("f", ot.F(f, 16, 3)),
		ot.Node("Conv", ot.Names("x", "w", "b"), ot.Names("c"), ot.AttrInts("pads", 1, 1, 1, 1)), ot.Node("Relu", ot.Names("c"), ot.Names("r")),
		ot.Node("Flatten", ot.Names("r"), ot.Names("v")), ot.Node("Gemm", ot.Names("v", "f"), ot.Names("y"))}
	return ot.Model(17, append(graph, nodes...)...)
}

func openSmall(t testing.TB) *Model {
	m, err := OpenBytes(small(), "small.onnx", OpenOptions{})
	require.NoError(t, err)
	return m
}

// inputs are n inputs of a size.
func inputs(n, size int) SampleList {
	var l SampleList
	for i := range n {
		x := make([]float32, size)
		for k := range x {
			x[k] = float32((i*7+k*5)%11-5) / 4
		}
		l = append(l, Sample{x})
	}
	return l
}

// failing is a set whose samples cannot be read.
type failing struct {
	SampleList
	at int
}

func (f failing) Sample(i int) (Sample, error) {
	if i == f.at {
		return nil, errors.New("data/7.png: the png file is damaged")
	}
	return f.SampleList.Sample(i)
}

// TestBadData: what is wrong with calibration data is said of the sample, the
// input and the element that it is wrong with.
func TestBadData(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	with := func(v float32) SampleList {
		l := inputs(12, 8)
		l[7][0][5] = v
		return l
	}
	for name, c := range map[string]struct {
		samples Samples
		want    string
	}{
		"none":         {nil, "quant: there is no calibration data, want at least one sample; 100 are a good number"},
		"empty":        {SampleList{}, "quant: there is no calibration data, want at least one sample; 100 are a good number"},
		"NaN":          {with(nan), `quant: sample 7: input "x": element 5 is not a finite number`},
		"infinity":     {with(inf), `quant: sample 7: input "x": element 5 is not a finite number`},
		"short sample": {inputs(12, 7), `quant: sample 0: input "x" has 7 elements, want 8 for shape [1 2 2 2]`},
		"long sample":  {inputs(12, 9), `quant: sample 0: input "x" has 9 elements, want 8 for shape [1 2 2 2]`},
		"no inputs":    {SampleList{{}}, "quant: sample 0: 0 inputs are given, the network has 1"},
		"two inputs":   {SampleList{{make([]float32, 8), make([]float32, 8)}}, "quant: sample 0: 2 inputs are given, the network has 1"},
		"unreadable":   {failing{inputs(12, 8), 7}, "quant: data/7.png: the png file is damaged"},
		"held out":     {failing{inputs(12, 8), 4}, "quant: data/7.png: the png file is damaged"}, // read by the comparison only
	} {
		t.Run(name, func(t *testing.T) {
			for _, workers := range []int{1, 3} {
				res, err := openSmall(t).Quantize(context.Background(), c.samples, Options{Workers: workers})
				require.EqualError(t, err, c.want)
				require.Nil(t, res)
			}
		})
	}
}

// TestOverflow: a network that leaves float32's range on its data says where.
func TestOverflow(t *testing.T) {
	m, err := OpenBytes(ot.Model(17, ot.In("x", ir.Float32, 1, 1), ot.Out("y"), ot.Init("w", ot.F([]float32{2, 1}, 1, 2)),
		ot.Node("MatMul", ot.Names("x", "w"), ot.Names("y"))), "big.onnx", OpenOptions{})
	require.NoError(t, err)
	_, err = m.Quantize(context.Background(), SampleList{{{1}}, {{3e38}}}, Options{})
	require.EqualError(t, err, `quant: sample 1: value "y" is not finite; the network or its input is out of range`)
}

// TestBadWeights: numbers in the model that are none.
func TestBadWeights(t *testing.T) {
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1))} {
		w := make([]float32, 16)
		w[11] = bad
		m, err := OpenBytes(ot.Model(17, ot.In("x", ir.Float32, 1, 4), ot.Out("y"), ot.Init("weights of fc", ot.F(w, 4, 4)),
			ot.Node("MatMul", ot.Names("x", "weights of fc"), ot.Names("y"))), "bad.onnx", OpenOptions{})
		require.NoError(t, err)
		_, err = m.Quantize(context.Background(), inputs(10, 4), Options{})
		require.ErrorContains(t, err, `quant: `)
		require.ErrorContains(t, err, `"weights of fc"`)
		require.ErrorContains(t, err, "element 11")
		require.NotContains(t, err.Error(), "\n")
	}
}

// TestOpen: files that are no models name themselves.
func TestOpen(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		p := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(p, b, 0o600))
		return p
	}
	for name, c := range map[string]struct {
		path, want string
		is         error
	}{
		"missing":   {filepath.Join(dir, "none.onnx"), "no such file or directory", os.ErrNotExist},
		"extension": {write("model.pt", []byte("PK")), `the extension ".pt" is not supported, want .onnx`, ErrUnsupported},
		"empty":     {write("empty.onnx", nil), "", nil},
		"text":      {write("text.onnx", []byte("hello world, this is not a model")), "", nil},
		"cut off":   {write("cut.onnx", small()[:300]), "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Open(c.path, OpenOptions{})
			require.Error(t, err)
			require.True(t, strings.HasPrefix(err.Error(), c.path+": "), err)
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "\n")
			if c.is != nil {
				require.ErrorIs(t, err, c.is)
			}
		})
	}
	m, err := Open(write("small.onnx", small()), OpenOptions{})
	require.NoError(t, err)
	require.Equal(t, "small.onnx", m.Name)
	require.Equal(t, int64(len(small())), m.Size)
	require.Len(t, m.Hash, 64)
	require.Equal(t, []Port{{Name: "x", Shape: []int{1, 2, 2, 2}, Type: "float32"}}, m.Inputs())
	require.Equal(t, []Port{{Name: "y", Shape: []int{1, 3}, Type: "float32"}}, m.Outputs())
	require.Len(t, m.Nodes(), 4)
}

// TestUnsupported: what cannot be quantized says which node, which operator and
// what would be taken.
func TestUnsupported(t *testing.T) {
	in, out := ot.In("x", ir.Float32, 1, 2, 4, 4), ot.Out("y")
	for name, c := range map[string]struct {
		model []byte
		want  []string
	}{
		"operator unknown to the importer": {ot.Model(17, in, out, ot.Node("Einsum", ot.Names("x"), ot.Names("y"))), []string{`"the Einsum"`, "Einsum"}},
		"power of two tensors": {ot.Model(17, in, out, ot.Node("Sigmoid", ot.Names("x"), ot.Names("s")), ot.Node("GlobalAveragePool", ot.Names("s"), ot.Names("a")),
			ot.Node("Pow", ot.Names("s", "a"), ot.Names("y"))), []string{`node "the Pow" (Pow)`, "on two tensors is not supported in int8", "want Add, Sub, Mul, Div, Max or Min"}},
		"ReduceProd": {ot.Model(17, in, out, ot.Node("ReduceProd", ot.Names("x"), ot.Names("y"))), []string{`node "the ReduceProd" (ReduceProd)`, "is not supported in int8"}},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := OpenBytes(c.model, "net.onnx", OpenOptions{})
			if err == nil {
				_, err = m.Quantize(context.Background(), inputs(10, 32), Options{})
			}
			require.ErrorIs(t, err, ErrUnsupported)
			for _, w := range c.want {
				require.ErrorContains(t, err, w)
			}
			require.NotContains(t, err.Error(), "\n")
		})
	}
}

// TestGate: too little agreement is a GateError, which names the worst layers,
// beside a result that is valid.
func TestGate(t *testing.T) {
	m := openDemo(t)
	res, err := m.Quantize(context.Background(), demo().calib[:12], Options{MinAgreement: 1.01})
	var gate *GateError
	require.ErrorAs(t, err, &gate)
	require.NotNil(t, res)
	_, lerr := edgerun.LoadBytes(res.Bytes)
	require.NoError(t, lerr)
	require.Equal(t, *res.Report.Agreement, gate.Agreement)
	require.Equal(t, 1.01, gate.Want)
	require.Equal(t, 1.01, res.Report.MinAgreement)
	require.Len(t, gate.Worst, 3)
	worst := math.Inf(1)
	for _, l := range res.Report.Layers {
		if l.SQNR != nil {
			worst = min(worst, *l.SQNR)
		}
	}
	require.Equal(t, worst, *gate.Worst[0].SQNR)
	require.LessOrEqual(t, *gate.Worst[0].SQNR, *gate.Worst[1].SQNR)
	require.LessOrEqual(t, *gate.Worst[1].SQNR, *gate.Worst[2].SQNR)
	require.Regexp(t, `^quant: float and int8 agree on [0-9.]+ % of the held-out samples, want 101.0 %; worst layers: `, err.Error())
	for _, l := range gate.Worst {
		require.Contains(t, err.Error(), l.Name)
	}
	// A gate that is met, and one on outputs that are no classes.
	_, err = m.Quantize(context.Background(), demo().calib[:10], Options{MinAgreement: 0.2})
	require.NoError(t, err)
	m, err = OpenBytes(ot.Model(17, ot.In("x", ir.Float32, 1, 8), ot.Out("y"), ot.Init("w", ot.F(make([]float32, 8), 8, 1)),
		ot.Node("MatMul", ot.Names("x", "w"), ot.Names("y"))), "one.onnx", OpenOptions{})
	require.NoError(t, err)
	res, err = m.Quantize(context.Background(), inputs(10, 8), Options{MinAgreement: 0.5})
	require.ErrorAs(t, err, &gate)
	require.True(t, gate.NoClasses)
	require.NotNil(t, res)
	require.Nil(t, res.Report.Agreement)
	require.EqualError(t, err, "quant: the network's outputs are not classes, so there is no agreement to ask for")
}

// TestFewSamples: few samples work, with a warning; with fewer than ten, none is
// held out.
func TestFewSamples(t *testing.T) {
	for n, held := range map[int]int{1: 1, 9: 9, 10: 2, 19: 3, 20: 4, 100: 20, 400: 64} {
		res, err := openSmall(t).Quantize(context.Background(), inputs(n, 8), Options{})
		require.NoError(t, err)
		require.Equal(t, n, res.Report.Samples)
		require.Equal(t, held, res.Report.HeldOut, "%d samples", n)
		if n < 20 {
			require.Len(t, res.Report.Warnings, 1)
			require.Regexp(t, `^only \d+ samples: ranges may not hold for other inputs, want 100 or more$`, res.Report.Warnings[0])
		} else {
			require.Empty(t, res.Report.Warnings)
		}
	}
}

// TestCancel: a cancelled context ends the work soon, wherever it is, and leaves
// nothing running.
func TestCancel(t *testing.T) {
	before := runtime.NumGoroutine()
	m := openDemo(t)
	stages := map[string]bool{}
	_, err := m.Quantize(context.Background(), demo().calib[:12], Options{Progress: func(p Progress) { stages[p.Stage] = true }})
	require.NoError(t, err)
	require.Equal(t, map[string]bool{"graph": true, "calibrate": true, "ranges": true, "weights": true, "lower": true, "compare": true, "second opinion": true}, stages)
	for _, stage := range []string{"graph", "calibrate", "ranges", "compare"} {
		if testing.Short() && stage != "ranges" {
			continue
		}
		ctx, cancel := context.WithCancel(context.Background())
		var at time.Time
		res, err := m.Quantize(ctx, demo().calib[:12], Options{Progress: func(p Progress) {
			if p.Stage == stage && at.IsZero() {
				at = time.Now()
				cancel()
			}
		}})
		require.ErrorIs(t, err, context.Canceled, stage)
		require.Nil(t, res)
		require.Less(t, time.Since(at), 20*time.Second)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Nanosecond)
	defer cancel()
	_, err = m.Quantize(ctx, demo().calib, Options{})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	for start := time.Now(); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		require.Less(t, time.Since(start), 10*time.Second, "goroutines are left over")
	}
}

// TestCompareErrors: files that do not belong together.
func TestCompareErrors(t *testing.T) {
	m := openSmall(t)
	res, err := m.Quantize(context.Background(), inputs(10, 8), Options{})
	require.NoError(t, err)
	em, err := edgerun.LoadBytes(res.Bytes)
	require.NoError(t, err)
	_, err = m.Compare(context.Background(), em, SampleList{}, nil)
	require.EqualError(t, err, "quant: there is no data to compare on")
	_, err = m.Compare(context.Background(), em, inputs(3, 7), nil)
	require.EqualError(t, err, `sample 0: input "x" has 7 elements, want 8 for shape [1 2 2 2]`)
	_, err = openDemo(t).Compare(context.Background(), em, inputs(3, 8), nil)
	require.ErrorContains(t, err, `quant: the int8 network was not made of this float network: input 0 is "x" [1 2 2 2] there and`)
	two, err := OpenBytes(small(ot.Out("r")), "two.onnx", OpenOptions{})
	require.NoError(t, err)
	_, err = two.Compare(context.Background(), em, inputs(3, 8), nil)
	require.EqualError(t, err, "quant: the int8 network was not made of this float network: inputs or outputs differ in number")
}
