package zoo

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestVariants counts by hand what the variants cost, and looks at what they see.
func TestVariants(t *testing.T) {
	const c, n = 48, 10
	type want struct {
		weights int64 // per pixel: its multiply-accumulates
		biases  int64
		h, w    int
		taps    int
	}
	cases := map[string]want{
		"pointwise 1x1":       {c * c, c, 1, 1, 1},
		"dense 3x3":           {9 * c * c, c, 3, 3, 9},
		"dense 5x5":           {25 * c * c, c, 5, 5, 25},
		"two 3x3":             {18 * c * c, 2 * c, 5, 5, 25},
		"dense 7x7":           {49 * c * c, c, 7, 7, 49},
		"1x7 and 7x1":         {14 * c * c, 2 * c, 7, 7, 49},
		"grouped 3x3":         {9 * c * c / 4, c, 3, 3, 9},
		"depthwise 3x3":       {9 * c, c, 3, 3, 9},
		"depthwise separable": {9*c + c*c, 2 * c, 3, 3, 9},
		"dilated 3x3, 2":      {9 * c * c, c, 5, 5, 9},
		"dilated 3x3, 4":      {9 * c * c, c, 9, 9, 9},
		"deformable v1":       {9*c*c + 9*c*18, c + 18, 3, 3, 9},
		"deformable v2":       {9*c*c + 9*c*27, c + 27, 3, 3, 9},
		"bottleneck":          {2*c*c/4 + 9*c*c/16, 2*c/4 + c, 3, 3, 9},
		"inverted residual":   {12*c*c + 9*6*c, 13 * c, 3, 3, 9},
		"inception module":    {c*c/4 + c*3*c/8 + 9*(3*c/8)*(c/2) + c*c/16 + 25*(c/16)*(c/8) + c*c/8, c/4 + 3*c/8 + c/2 + c/16 + c/8 + c/8, 5, 5, 25},
		"shuffle unit v1":     {2*(c/4)*(c/4) + 9*c/4, 2*c/4 + c, 3, 3, 9},
		"shuffle unit v2":     {2*(c/2)*(c/2) + 9*c/2, 3 * c / 2, 3, 3, 9},
		"3x3 with SE":         {9 * c * c, c, 3, 3, 9},
	}
	require.Len(t, cases, len(Variants()))
	for _, v := range Variants() {
		w, ok := cases[v.Name]
		require.True(t, ok, v.Name)
		net, err := v.Network(n, c)
		require.NoError(t, err)
		g, err := net.Build(Options{Shapes: true})
		require.NoError(t, err, v.Name)
		require.Equal(t, []int{1, c, n, n}, g.Nodes[len(g.Nodes)-2].Out[0].Shape, v.Name)
		macs, params := n*n*w.weights, w.weights+w.biases
		if v.Name == "3x3 with SE" { // one pixel's worth of gates
			gates := int64(2 * c * c / 16)
			macs, params = macs+gates, params+gates+c/16+c
		}
		require.Equal(t, macs, MACs(g), v.Name)
		require.Equal(t, params, Params(g), v.Name)
		f := FieldOf(g)
		fh, fw := f.Size()
		require.Equal(t, [3]int{w.h, w.w, w.taps}, [3]int{fh, fw, len(f.Taps)}, v.Name)
		require.Equal(t, v.Name == "3x3 with SE", f.Global)
		require.Equal(t, v.Name == "deformable v1" || v.Name == "deformable v2", f.Moved)
	}
	for _, bad := range [][2]int{{0, 16}, {8, 0}, {8, 24}, {8, 4096}, {1 << 20, 16}} {
		_, err := Variants()[0].Network(bad[0], bad[1])
		require.ErrorContains(t, err, "want")
	}
}

// TestVariantField counts the ways through two windows.
func TestVariantField(t *testing.T) {
	for _, v := range Variants() {
		if v.Name != "two 3x3" {
			continue
		}
		net, err := v.Network(8, 16)
		require.NoError(t, err)
		g, err := net.Build(Options{Shapes: true})
		require.NoError(t, err)
		f := FieldOf(g)
		for y := -2; y <= 2; y++ {
			for x := -2; x <= 2; x++ {
				require.InDelta(t, (3-max(y, -y))*(3-max(x, -x)), f.Taps[[2]int{y, x}], 0)
			}
		}
		return
	}
	t.Fatal("no such variant")
}
