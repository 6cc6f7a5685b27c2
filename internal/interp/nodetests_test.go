package interp_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/interp"
	"github.com/edgerun/edgerun/internal/ir"
	"github.com/edgerun/edgerun/internal/onnx"
	"github.com/edgerun/edgerun/internal/onnxtest"
)

// nodeTolerance is relative to the range of the expected values; some of the
// files round them to four digits.
const nodeTolerance = 5e-4

// otherTypes matches node tests of operators that are taken, on element types
// that are not: strings, floats of 4 and 8 bits, integers of 4 bits, and what is
// no tensor.
var otherTypes = regexp.MustCompile(`FLOAT8|FLOAT4|INT4|E8M0|_string|^if_(opt|seq)|^identity_(opt|sequence)|^split_to_sequence`)

// notTaken lists node tests, by a pattern of their names, that have to end in
// an error, and a part of it.
var notTaken = []struct{ pattern, want, why string }{
	{"averagepool_3d_*", "has rank 5", "three spatial axes"},
	{"maxpool_3d_*", "has rank 5", "three spatial axes"},
	{"convtranspose_3d", "has rank 5", "three spatial axes"},
	{"batchnorm_*_training_mode", "training_mode 1", "training"},
	{"training_dropout_zero_ratio*", "", ""}, // nothing is dropped
	{"training_dropout*", "training_mode", "training"},
	{"maxpool_2d_uint8", "of type uint8", "pooling of integers"},
	{"compress_default_axis", "no axis", "a choice among all elements"},
	{"scatter_elements_with_reduction_*", "reduction", "scattering that adds up"},
	{"scatter_elements_with_duplicate_indices", "reduction", "scattering that adds up"},
}

// deviations lists node tests that run and give something else, on purpose.
var deviations = map[string]string{
	// The files divide by the unrounded output size, 2.4 for 4 pixels scaled by
	// 0.6. The operator's text says "the length of the resized tensor", 2, and
	// so do PyTorch and ONNX Runtime.
	"resize_downsample_scales_cubic_align_corners":  "align_corners with the rounded size",
	"resize_downsample_scales_linear_align_corners": "align_corners with the rounded size",
}

// TestNodeTests runs ONNX's own tests of single operators, for every operator
// that the importer takes. tools/vectors/nodetests.sh packs them.
func TestNodeTests(t *testing.T) {
	head, tests, err := onnxtest.ReadNodeTests("testdata/nodetests.jsonl.gz")
	require.NoError(t, err)
	count, over := map[string]int{}, map[string]int{}
	for _, c := range tests {
		why := "passed"
		if !t.Run(c.Name, func(t *testing.T) { why = nodeTest(t, &c, over) }) {
			why = "failed"
		}
		count[why]++
	}
	for _, k := range slices.Sorted(maps.Keys(count)) {
		t.Logf("%4d %s", count[k], k)
	}
	t.Logf("passed over, because a parameter has to be constant: %v", over)
	total := 0
	for _, n := range head.LeftOut {
		total += n
	}
	t.Logf("%4d use operators that are not taken: %v", total, head.LeftOut)
	require.GreaterOrEqual(t, count["passed"], 864)
}

// nodeTest runs a test and returns what became of it.
func nodeTest(t *testing.T, c *onnxtest.NodeTest, over map[string]int) string {
	model := c.Model
	if strings.HasPrefix(c.Name, "not_") {
		model = onnxtest.SetOpset(model, onnx.MinOpset) // opset 1, where Not was the same
	}
	run := func(check func(t *testing.T, got, want []*ir.Tensor, err error)) { runNode(t, c, model, over, check) }
	if otherTypes.MatchString(c.Name) {
		_, err := importAndRun(model, nil, nil, nil)
		require.ErrorIs(t, err, ir.ErrUnsupported)
		return "refused: element types and sequences"
	}
	for _, n := range notTaken {
		if ok, _ := filepath.Match(n.pattern, c.Name); ok && n.want != "" {
			run(func(t *testing.T, _, _ []*ir.Tensor, err error) {
				require.ErrorIs(t, err, ir.ErrUnsupported)
				require.ErrorContains(t, err, n.want)
			})
			return "refused: " + n.why
		} else if ok {
			break
		}
	}
	if d := deviations[c.Name]; d != "" {
		run(func(t *testing.T, got, want []*ir.Tensor, err error) {
			require.NoError(t, err)
			require.Error(t, differ(got, want, nodeTolerance))
		})
		return "deviates: " + d
	}
	why, tol := "passed", nodeTolerance
	if strings.Contains(c.Name, "FLOAT_to_BFLOAT16") {
		why, tol = "passed, without rounding to bfloat16", 1.0/256
	}
	run(func(t *testing.T, got, want []*ir.Tensor, err error) {
		require.NoError(t, err)
		require.NoError(t, differ(got, want, tol))
	})
	return why
}

// runNode runs a node with all inputs as data, then all but the first as
// constants, then all of them. Where a parameter has to be constant by design,
// the first or the first two are passed over, and counted.
func runNode(t *testing.T, c *onnxtest.NodeTest, model []byte, over map[string]int, check func(t *testing.T, got, want []*ir.Tensor, err error)) {
	in, want := protoTensors(t, c.In), protoTensors(t, c.Out)
	var out []*ir.Tensor
	for _, p := range want {
		out = append(out, p.t)
	}
	for _, mode := range []string{"data", "parameters", "folded"} {
		t.Run(mode, func(t *testing.T) {
			m := model
			var data []*ir.Tensor
			shapes := map[string][]int{}
			for i, p := range in {
				if mode == "folded" || mode == "parameters" && i > 0 {
					m = onnxtest.AddToGraph(m, onnxtest.Bytes(5, p.raw))
				} else {
					data = append(data, p.t)
					shapes[p.name] = p.t.Shape
				}
			}
			got, err := importAndRun(m, shapes, data, nil)
			if mode != "folded" && errors.Is(err, ir.ErrUnsupported) && strings.Contains(err.Error(), "want a constant") {
				over[mode]++
				return
			}
			check(t, got, out, err)
		})
	}
}

// importAndRun is the way of a model file through the float half; rewrite may be
// nil.
func importAndRun(model []byte, shapes map[string][]int, in []*ir.Tensor, rewrite func(*ir.Graph) *ir.Graph) ([]*ir.Tensor, error) {
	g, err := onnx.Import(model, onnx.Options{Shapes: shapes})
	if err != nil {
		return nil, err
	}
	if err := g.Resolve(interp.Eval); err != nil {
		return nil, err
	}
	if rewrite != nil {
		g = rewrite(g)
	}
	m, err := interp.New(g)
	if err != nil {
		return nil, err
	}
	out, err := m.Run(context.Background(), in, nil)
	if err != nil {
		return nil, err
	}
	for i, v := range g.Outputs {
		if t := out[i]; t.DType != v.DType || !slices.Equal(t.Shape, v.Shape) {
			return nil, fmt.Errorf("output %q: inferred %s%v, computed %s%v", v.Name, v.DType, v.Shape, t.DType, t.Shape)
		}
	}
	return out, nil
}

// differ fails unless types and shapes are equal, integers are, and floats
// differ by no more than tol times the range of what is wanted.
func differ(got, want []*ir.Tensor, tol float64) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d outputs, want %d", len(got), len(want))
	}
	for k, w := range want {
		g := got[k]
		if g.DType != w.DType || !slices.Equal(g.Shape, w.Shape) || g.Len() != w.Len() {
			return fmt.Errorf("output %d: got %s%v, want %s%v", k, g.DType, g.Shape, w.DType, w.Shape)
		}
		lo, hi := math.Inf(1), math.Inf(-1)
		for i := range w.Len() {
			if v := w.Float(i); !math.IsNaN(v) && !math.IsInf(v, 0) {
				lo, hi = min(lo, v), max(hi, v)
			}
		}
		limit := 0.0
		if w.DType == ir.Float32 && lo <= hi {
			limit = tol * max(hi-lo, math.Abs(hi))
		}
		for i := range w.Len() {
			a, b := g.Float(i), w.Float(i)
			same := a == b || math.IsNaN(a) && math.IsNaN(b)
			if w.DType != ir.Float32 {
				same = g.I[i] == w.I[i]
			}
			if !same && !(math.Abs(a-b) <= limit) {
				return fmt.Errorf("output %d, element %d: got %g, want %g within %.2g", k, i, a, b, limit)
			}
		}
	}
	return nil
}

type protoTensor struct {
	name string
	raw  []byte
	t    *ir.Tensor
}

// protoTensors decodes TensorProtos as the importer decodes initializers.
func protoTensors(t *testing.T, protos [][]byte) []protoTensor {
	var out []protoTensor
	for _, raw := range protos {
		// A model that is nothing but this tensor.
		name := onnxtest.TensorName(raw)
		g, err := onnx.Import(onnxtest.Model(onnx.MaxOpset, onnxtest.Bytes(5, raw), onnxtest.Out(name)), onnx.Options{})
		require.NoError(t, err)
		out = append(out, protoTensor{name, raw, g.Outputs[0].Const})
	}
	return out
}
