package interp_test

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/interp"
	"github.com/edgerun/edgerun/internal/ir"
	"github.com/edgerun/edgerun/internal/onnx"
	ot "github.com/edgerun/edgerun/internal/onnxtest"
)

// mixed is a network of operators that use scratch, share data with their
// inputs, or are large enough for parallel matrix products.
func mixed(t testing.TB) *interp.Machine {
	names := ot.Names
	data := func(lo float64, shape ...int) *ir.Tensor {
		n, err := ir.Elements(shape)
		require.NoError(t, err)
		return ot.F(pattern(n, lo, 1), shape...)
	}
	g, err := onnx.Import(ot.Model(19,
		ot.In("x", ir.Float32, 1, 8, 24, 24),
		ot.Init("w1", data(-1, 32, 8, 3, 3)), ot.Init("b1", data(-1, 32)), ot.Init("w2", data(-1, 32, 1, 3, 3)), ot.Init("w3", data(-1, 32, 32, 1, 1)),
		ot.Init("w4", data(-1, 32, 32, 2, 2)), ot.Init("off", data(-1, 18, 32, 1, 1)), ot.Init("w5", data(-1, 32, 32, 3, 3)),
		ot.Init("v", data(0.5, 32)), ot.Init("flat", ot.I(0, 0, -1)), ot.Init("fc", data(-1, 144, 40)), ot.Init("sizes", ot.I(1, 32, 24, 24)),
		ot.Node("Conv", names("x", "w1", "b1"), names("a"), ot.AttrInts("pads", 1, 1, 1, 1)),
		ot.Node("Relu", names("a"), names("a1")),
		ot.Node("Conv", names("a1", "w2"), names("b"), ot.AttrInts("pads", 1, 1, 1, 1), ot.AttrInt("group", 32)),
		ot.Node("Conv", names("b", "w3"), names("c")),
		ot.Node("BatchNormalization", names("c", "v", "v", "v", "v"), names("d")),
		ot.Node("Add", names("a1", "d"), names("e")),
		ot.Node("AveragePool", names("e"), names("f"), ot.AttrInts("kernel_shape", 2, 2), ot.AttrInts("strides", 2, 2)),
		ot.Node("Conv", names("f", "off"), names("o")),
		ot.Node("DeformConv", names("f", "w5", "o"), names("g"), ot.AttrInts("pads", 1, 1, 1, 1)),
		ot.Node("ConvTranspose", names("g", "w4"), names("h"), ot.AttrInts("strides", 2, 2)),
		ot.Node("Resize", names("f", "", "", "sizes"), names("u"), ot.AttrString("mode", "linear")),
		ot.Node("Concat", names("h", "u"), names("i"), ot.AttrInt("axis", 1)),
		ot.Node("MaxPool", names("i"), names("j"), ot.AttrInts("kernel_shape", 2, 2), ot.AttrInts("strides", 2, 2)),
		ot.Node("Reshape", names("j", "flat"), names("k")),
		ot.Node("MatMul", names("k", "fc"), names("l")),
		ot.Node("Softmax", names("l"), names("y"), ot.AttrInt("axis", -1)),
		ot.Out("y"), ot.Out("i"), ot.Out("k")), onnx.Options{})
	require.NoError(t, err)
	require.NoError(t, g.Resolve(interp.Eval))
	m, err := interp.New(g)
	require.NoError(t, err)
	return m
}

// sample is the n-th input of a batch.
func sample(n int) []*ir.Tensor {
	x := pattern(8*24*24, -1, 1)
	for i := range x {
		x[i] *= float32(n+1) / 4
	}
	return []*ir.Tensor{ir.FloatTensor(x, 1, 8, 24, 24)}
}

// TestConcurrentRuns: one machine serves several goroutines at once, as in
// batched runs, and each gets what it would have got alone. Under -race this
// also shows that a run writes nothing that runs share.
func TestConcurrentRuns(t *testing.T) {
	m := mixed(t)
	const workers, rounds = 4, 3
	var want [workers][]*ir.Tensor
	for w := range want {
		out, err := m.Run(context.Background(), sample(w), nil)
		require.NoError(t, err)
		want[w] = out
	}
	require.NotEqual(t, want[0][0].F, want[1][0].F)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for range rounds {
				seen := 0
				out, err := m.Run(context.Background(), sample(w), func(v *ir.Value, x *ir.Tensor) {
					if x.Len() == v.Len() {
						seen++
					}
				})
				if err != nil {
					t.Error(err)
					return
				}
				if seen != 1+len(m.Graph().Nodes) {
					t.Errorf("%d values observed, want %d", seen, 1+len(m.Graph().Nodes))
				}
				for i := range out {
					if !slices.Equal(out[i].F, want[w][i].F) {
						t.Errorf("output %d differs from that of a run alone", i)
					}
				}
			}
		})
	}
	wg.Wait()
}

// TestThreadCount: results are the same bits on one thread and on many.
func TestThreadCount(t *testing.T) {
	m := mixed(t)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var want []*ir.Tensor
	for _, threads := range []int{1, 2, 3, 8} {
		runtime.GOMAXPROCS(threads)
		got, err := m.Run(context.Background(), sample(0), nil)
		require.NoError(t, err)
		if want == nil {
			want = got
			continue
		}
		for i := range got {
			require.True(t, slices.Equal(want[i].F, got[i].F), "output %d with %d threads", i, threads)
		}
	}
}

// TestRunInputs: inputs are checked, and never written to.
func TestRunInputs(t *testing.T) {
	m := mixed(t)
	ctx := context.Background()
	x := sample(0)
	before := slices.Clone(x[0].F)
	_, err := m.Run(ctx, x, nil)
	require.NoError(t, err)
	require.Equal(t, before, x[0].F)
	for _, c := range []struct {
		name string
		in   []*ir.Tensor
		err  string
	}{
		{"too few", nil, "interp: 0 inputs, want 1"},
		{"too many", append(sample(0), sample(1)...), "interp: 2 inputs, want 1"},
		{"missing", []*ir.Tensor{nil}, `interp: input "x" is missing`},
		{"size", []*ir.Tensor{ir.FloatTensor(make([]float32, 8), 1, 8)}, `interp: input "x" is float32[1 8], want float32[1 8 24 24]`},
		{"type", []*ir.Tensor{ir.NewTensor(ir.Int64, []int{1, 8, 24, 24})}, `interp: input "x" is int64[1 8 24 24], want float32[1 8 24 24]`},
		{"shape without data", []*ir.Tensor{{DType: ir.Float32, Shape: []int{1, 8, 24, 24}}}, `interp: input "x" is float32[1 8 24 24], want`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := m.Run(ctx, c.in, nil)
			require.ErrorContains(t, err, c.err)
		})
	}
	flat, err := m.Run(ctx, []*ir.Tensor{ir.FloatTensor(x[0].F, len(x[0].F))}, nil)
	require.NoError(t, err, "as many elements in another shape are taken")
	shaped, err := m.Run(ctx, x, nil)
	require.NoError(t, err)
	require.Equal(t, shaped, flat)
	stopped, cancel := context.WithCancel(ctx)
	cancel()
	_, err = m.Run(stopped, sample(0), nil)
	require.ErrorIs(t, err, context.Canceled)
}
