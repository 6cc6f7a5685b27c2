package interp_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
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
var otherTypes = regexp.MustCompile(`FLOAT8|FLOAT4|INT4|_string|test_if_(opt|seq)|test_identity_(opt|sequence)`)

// notTaken lists node tests, by a pattern of their names, that have to end in
// an error, and a part of it.
var notTaken = []struct{ pattern, want, why string }{
	{"test_averagepool_3d_*", "has rank 5", "three spatial axes"},
	{"test_maxpool_3d_*", "has rank 5", "three spatial axes"},
	{"test_convtranspose_3d", "has rank 5", "three spatial axes"},
	{"test_batchnorm_*_training_mode", "training_mode 1", "training"},
	{"test_training_dropout_zero_ratio*", "", ""}, // nothing is dropped
	{"test_training_dropout*", "training_mode", "training"},
	{"test_maxpool_with_argmax_*", "output 1 (indices)", "indices of MaxPool"},
	{"test_maxpool_2d_uint8", "of type uint8", "pooling of integers"},
	{"test_not_*d", "opset 1 is", "opset 1"},
	{"test_resize_*_antialias", "antialias 1", "antialiasing"},
	{"test_resize_tf_crop_and_resize*", "tf_crop_and_resize", "crop and resize"},
}

// deviations lists node tests that run and give something else, on purpose.
var deviations = map[string]string{
	// The files divide by the unrounded output size, 2.4 for 4 pixels scaled by
	// 0.6. The operator's text says "the length of the resized tensor", 2, and
	// so do PyTorch and ONNX Runtime.
	"test_resize_downsample_scales_cubic_align_corners":  "align_corners with the rounded size",
	"test_resize_downsample_scales_linear_align_corners": "align_corners with the rounded size",
}

// TestNodeTests runs ONNX's own tests of single operators, for every operator
// that the importer takes. They ship in the wheel of the onnx package:
//
//	pip download onnx==1.19.0 --no-deps && unzip onnx-*.whl 'onnx/backend/test/data/node/*' -d DIR
//	EDGERUN_ONNX_NODE_TESTS=DIR/onnx/backend/test/data/node go test -v -run NodeTests ./internal/interp
func TestNodeTests(t *testing.T) {
	dir := os.Getenv("EDGERUN_ONNX_NODE_TESTS")
	if dir == "" {
		t.Skip("EDGERUN_ONNX_NODE_TESTS does not name the directory of the official ONNX node tests (onnx/backend/test/data/node of the onnx wheel)")
	}
	paths, err := filepath.Glob(filepath.Join(dir, "test_*"))
	require.NoError(t, err)
	require.NotEmpty(t, paths, "no test_* in %s", dir)
	taken := onnx.Operators()
	count, over := map[string]int{}, map[string]int{}
	for _, path := range paths {
		name := filepath.Base(path)
		model, err := os.ReadFile(filepath.Join(path, "model.onnx"))
		require.NoError(t, err)
		if slices.ContainsFunc(onnxtest.Ops(model), func(op string) bool { return !slices.Contains(taken, op) }) {
			count["use operators that are not taken"]++
			continue
		}
		// Opset 24 adds nothing but element types to these operators.
		if _, err := onnx.Import(model, onnx.Options{}); err != nil && strings.Contains(err.Error(), "opset 24 is") {
			model = onnxtest.SetOpset(model, onnx.MaxOpset)
		}
		why := "passed"
		ok := t.Run(name, func(t *testing.T) {
			if otherTypes.MatchString(name) {
				why = "refused: element types"
				_, err := onnx.Import(model, onnx.Options{})
				require.ErrorIs(t, err, ir.ErrUnsupported)
				return
			}
			for _, n := range notTaken {
				if ok, _ := filepath.Match(n.pattern, name); ok && n.want != "" {
					why = "refused: " + n.why
					nodeTest(t, path, model, over, func(t *testing.T, _, _ []*ir.Tensor, err error) {
						require.ErrorIs(t, err, ir.ErrUnsupported)
						require.ErrorContains(t, err, n.want)
					})
					return
				} else if ok {
					break
				}
			}
			if d := deviations[name]; d != "" {
				why = "deviates: " + d
				nodeTest(t, path, model, over, func(t *testing.T, got, want []*ir.Tensor, err error) {
					require.NoError(t, err)
					require.Error(t, differ(got, want, nodeTolerance))
				})
				return
			}
			tol := nodeTolerance
			if strings.Contains(name, "FLOAT_to_BFLOAT16") {
				why, tol = "passed, without rounding to bfloat16", 1.0/256
			}
			nodeTest(t, path, model, over, func(t *testing.T, got, want []*ir.Tensor, err error) {
				require.NoError(t, err)
				require.NoError(t, differ(got, want, tol))
			})
		})
		if !ok {
			why = "failed"
		}
		count[why]++
	}
	for _, k := range slices.Sorted(maps.Keys(count)) {
		t.Logf("%4d %s", count[k], k)
	}
	t.Logf("passed over, because a parameter has to be constant: %v", over)
}

// nodeTest runs a node with all inputs as data, then all but the first as
// constants, then all of them. Where a parameter has to be constant by design,
// the first or the first two are passed over, and counted.
func nodeTest(t *testing.T, path string, model []byte, over map[string]int, check func(t *testing.T, got, want []*ir.Tensor, err error)) {
	in, want := protoTensors(t, path, "input"), protoTensors(t, path, "output")
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
	return m.Run(context.Background(), in, nil)
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

// protoTensors reads input_0.pb, input_1.pb, … as the importer reads
// initializers.
func protoTensors(t *testing.T, path, kind string) []protoTensor {
	var out []protoTensor
	for i := 0; ; i++ {
		raw, err := os.ReadFile(filepath.Join(path, "test_data_set_0", fmt.Sprintf("%s_%d.pb", kind, i)))
		if errors.Is(err, os.ErrNotExist) {
			return out
		}
		require.NoError(t, err)
		// A model that is nothing but this tensor.
		name := onnxtest.TensorName(raw)
		g, err := onnx.Import(onnxtest.Model(onnx.MaxOpset, onnxtest.Bytes(5, raw), onnxtest.Out(name)), onnx.Options{})
		require.NoError(t, err)
		out = append(out, protoTensor{name, raw, g.Outputs[0].Const})
	}
}
