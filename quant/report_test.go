package quant

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	ermfmt "github.com/edgerun/edgerun/fmt"
	edgerun "github.com/edgerun/edgerun/runtime"
)

// TestReport: what the report says is complete, and agrees with the file, with
// the float network and with a comparison of the two.
func TestReport(t *testing.T) {
	m := openDemo(t)
	samples := demo().calib[:20]
	var stages []string
	res, err := m.Quantize(context.Background(), samples, Options{Method: Auto, Labels: []string{"a", "b"}, Meta: []ermfmt.Meta{{Key: ermfmt.MetaColor, Value: "gray"}},
		Progress: func(p Progress) {
			require.LessOrEqual(t, p.Done, p.Total)
			if len(stages) == 0 || stages[len(stages)-1] != p.Stage {
				stages = append(stages, p.Stage)
			}
		}})
	require.NoError(t, err)
	r := res.Report

	// No field is left as it was, but for those that say that all is well.
	v := reflect.ValueOf(*r)
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		switch name {
		case "MinAgreement":
			require.Zero(t, r.MinAgreement)
		case "Warnings":
			require.NotNil(t, r.Warnings)
			require.Empty(t, r.Warnings)
		default:
			require.False(t, v.Field(i).IsZero(), name)
		}
	}
	require.Equal(t, "model.onnx", r.Source)
	require.Equal(t, m.Size, r.FloatBytes)
	require.Equal(t, int64(len(res.Bytes)), r.Bytes)
	require.Equal(t, 20, r.Samples)
	require.Equal(t, 4, r.HeldOut)

	// The file.
	em, err := edgerun.LoadBytes(res.Bytes)
	require.NoError(t, err)
	require.Equal(t, em.ArenaBytes(), r.ArenaBytes)
	require.Equal(t, em.ArenaBound(), r.ArenaBound)
	require.Equal(t, em.MACs(), r.MACs)
	require.Equal(t, []string{"a", "b"}, em.Labels())
	require.Equal(t, "gray", em.Meta(ermfmt.MetaColor))
	require.Equal(t, m.Hash, em.Meta(ermfmt.MetaHash))
	require.Equal(t, "model.onnx", em.Meta(ermfmt.MetaSource))
	file, err := ermfmt.Decode(res.Bytes)
	require.NoError(t, err)
	again, err := ermfmt.Bytes(res.Model)
	require.NoError(t, err)
	require.True(t, bytes.Equal(res.Bytes, again))

	// The stages, in order, with their times.
	var names []string
	for _, s := range r.Stages {
		names = append(names, s.Name)
		require.GreaterOrEqual(t, s.Seconds, 0.0)
	}
	require.Equal(t, []string{"graph", "calibrate", "ranges", "weights", "lower", "compare", "second opinion"}, names)
	require.Equal(t, names, stages)
	require.Positive(t, r.Passes["fuse SE"]+r.Passes["se"]+len(r.Passes), "the network has something to rewrite")

	// The activations: every scale of the file's tensors is explained.
	scales := map[[2]float64]bool{}
	for _, x := range r.Tensors {
		require.NotEmpty(t, x.Name)
		require.Contains(t, []string{"int8", "int16"}, x.Type)
		require.Positive(t, x.Scale)
		require.NotEmpty(t, x.Observer)
		require.LessOrEqual(t, x.Lo, 0.0)
		require.GreaterOrEqual(t, x.Hi, 0.0)
		require.LessOrEqual(t, x.SeenLo, x.SeenHi)
		require.GreaterOrEqual(t, x.Saturated, 0.0)
		require.Less(t, x.Saturated, 0.5)
		lo, hi := -128.0, 127.0
		if x.Type == "int16" {
			lo, hi = -32768, 32767
		}
		require.InDelta(t, x.Scale*(lo-float64(x.Zero)), x.Lo, 1e-9)
		require.InDelta(t, x.Scale*(hi-float64(x.Zero)), x.Hi, 1e-9)
		if x.Histogram != nil {
			require.Len(t, x.Histogram, 48)
			sum := 0
			for _, n := range x.Histogram {
				sum += n
			}
			require.Positive(t, sum)
			if x.SeenLo >= x.Lo && x.SeenHi <= x.Hi {
				require.Zero(t, x.Saturated, x.Name)
			}
		}
		scales[[2]float64{x.Scale, float64(x.Zero)}] = true
	}
	for i := range file.Tensors {
		if x := &file.Tensors[i]; x.Place == ermfmt.Arena && x.Order != ermfmt.OrderNone && x.DType != ermfmt.Int32 {
			require.True(t, scales[[2]float64{float64(x.Scale), float64(x.Zero)}], "nothing in the report has the scale of tensor %d, %q", i, x.Name)
		}
	}

	// The layers: those of the file, as a comparison on the same samples finds
	// them.
	var held SampleList
	for i := 4; i < 20; i += 5 {
		held = append(held, samples[i])
	}
	c := compare(t, m, res, held)
	require.Equal(t, c.Samples, r.HeldOut)
	require.Equal(t, c.Layers, r.Layers)
	require.Equal(t, c.OutputSQNR, r.OutputSQNR)
	require.Equal(t, c.Agreement, r.Agreement)
	var steps []string
	for _, s := range em.Steps() {
		steps = append(steps, s.Name+" "+s.Op)
	}
	require.Greater(t, len(r.Layers), 8)
	for _, l := range r.Layers {
		require.Contains(t, steps, l.Name+" "+l.Op)
		require.InDelta(t, 1, l.Cosine, 0.05, l.Name)
		if l.SQNR != nil {
			require.Greater(t, *l.SQNR, 8.0, l.Name)
			// Cosine and noise measure the same thing, nearly.
			require.InDelta(t, 1-math.Pow(10, -*l.SQNR/10)/2, l.Cosine, 0.02, l.Name)
		}
	}

	// As JSON: the binding fields are there.
	b, err := json.Marshal(r)
	require.NoError(t, err)
	var j map[string]any
	require.NoError(t, json.Unmarshal(b, &j))
	for _, key := range []string{"bytes", "float_bytes", "layers", "agreement", "samples", "held_out", "method", "stages", "tensors", "warnings", "output_sqnr_db", "arena_bytes", "arena_lower_bound", "macs", "passes", "source"} {
		require.Contains(t, j, key)
	}
	layer := j["layers"].([]any)[0].(map[string]any)
	require.Contains(t, layer, "name")
	require.Contains(t, layer, "sqnr_db")
}

// TestComparison holds the measures to sums done by hand.
func TestComparison(t *testing.T) {
	var a noise
	for _, p := range [][2]float64{{3, 3}, {4, 3}, {0, 1}, {-5, -5}} {
		a.add(p[0], p[1])
	}
	require.InDelta(t, 10*math.Log10(50.0/2), *a.sqnr(), 1e-12)
	require.InDelta(t, 46/math.Sqrt(50*44), a.cosine(), 1e-12)
	var exact noise
	exact.add(2, 2)
	require.Nil(t, exact.sqnr())
	require.Equal(t, 1.0, exact.cosine())
	a.merge(exact)
	require.InDelta(t, 10*math.Log10(54.0/2), *a.sqnr(), 1e-12)

	for name, c := range map[string]struct {
		shape       []int
		axis        int
		a, b        []float32
		agree, item int
	}{
		"vector":            {[]int{3}, 0, []float32{1, 2, 3}, []float32{1, 2, 3}, 1, 1},
		"row":               {[]int{1, 3}, 1, []float32{1, 2, 3}, []float32{4, 2, 3}, 0, 1},
		"rows":              {[]int{2, 2}, 1, []float32{1, 2, 4, 3}, []float32{1, 2, 3, 4}, 1, 2},
		"ties go the first": {[]int{3}, 0, []float32{1, 3, 3}, []float32{0, 3, 2}, 1, 1},
		"pixels":            {[]int{1, 2, 1, 3}, 1, []float32{1, 1, 1 /**/, 2, 0, 2}, []float32{1, 1, 5 /**/, 2, 0, 2}, 2, 3},
		"one channel":       {[]int{1, 1, 2, 2}, 1, []float32{1, 2, 3, 4}, []float32{1, 2, 3, 4}, 0, 0},
		"one number":        {[]int{1, 1}, 1, []float32{1}, []float32{1}, 0, 0},
		"scalar":            {nil, -1, []float32{1}, []float32{1}, 0, 0},
		"steps":             {[]int{1, 2, 3}, 2, []float32{1, 2, 3 /**/, 5, 4, 3}, []float32{1, 2, 3 /**/, 4, 5, 3}, 1, 2},
		"positions":         {[]int{1, 2, 3}, 1, []float32{1, 2, 3 /**/, 5, 4, 3}, []float32{1, 2, 5 /**/, 0, 5, 4}, 2, 3},
	} {
		agree, items := Agree(c.shape, c.axis, c.a, c.b)
		require.Equal(t, [2]int{c.agree, c.item}, [2]int{agree, items}, name)
	}
}

// TestHistogram: adding values in any order and in any pieces gives the same
// bins, whatever their sizes.
func TestHistogram(t *testing.T) {
	parts := [][]float32{{0, 0, 1e-20}, {3, -2, 0.5, 0}, {1e-3, 2e-3}, {-700, 12}, {0}, {1e6}, {-1e-30, 5}, {}}
	var want *histogram
	for _, order := range [][]int{{0, 1, 2, 3, 4, 5, 6, 7}, {7, 6, 5, 4, 3, 2, 1, 0}, {5, 0, 3, 7, 1, 4, 2, 6}, {4, 0, 6, 2, 1, 3, 5, 7}} {
		// One after the other, merged one by one, and merged as a tree.
		h, merged := &histogram{}, &histogram{}
		var leaves []*histogram
		for _, i := range order {
			h.add(parts[i])
			p := &histogram{}
			p.add(parts[i])
			merged.merge(p)
			leaf := &histogram{}
			leaf.add(parts[i])
			leaves = append(leaves, leaf)
		}
		for len(leaves) > 1 {
			leaves[0].merge(leaves[1])
			leaves = append(leaves[2:], leaves[0])
		}
		for _, got := range []*histogram{h, merged, leaves[0]} {
			got = trimmed(got)
			if want == nil {
				want = got
			}
			require.Equal(t, want, got, "order %v", order)
		}
	}
	require.Equal(t, uint64(15), want.total())
	require.Equal(t, uint64(4), want.zeros)
	require.Equal(t, [2]float32{-700, 1e6}, [2]float32{want.min, want.max})
	lo, hi := want.quantile(0)
	require.Equal(t, [2]float64{-700, 1e6}, [2]float64{lo, hi})
	// One in 15 is cut at each end.
	lo, hi = want.quantile(0.07)
	require.InDelta(t, -2, lo, math.Ldexp(1, want.exp))
	require.InDelta(t, 12, hi, math.Ldexp(2, want.exp))
}

// trimmed drops empty bins at the ends, which differ with the order.
func trimmed(h *histogram) *histogram {
	c := *h
	c.bins = slices.Clone(h.bins)
	for len(c.bins) > 0 && c.bins[0] == 0 {
		c.bins = c.bins[1:]
		c.base++
	}
	for len(c.bins) > 0 && c.bins[len(c.bins)-1] == 0 {
		c.bins = c.bins[:len(c.bins)-1]
	}
	return &c
}
