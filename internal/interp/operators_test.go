package interp_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/interp"
	"github.com/edgerun/edgerun/internal/ir"
	"github.com/edgerun/edgerun/internal/onnx"
	"github.com/edgerun/edgerun/internal/onnxtest"
)

// opCase is a line of testdata/operators.jsonl.gz, which
// tools/vectors/operators.py writes.
type opCase struct {
	Name    string
	Tol     float64
	Model   []byte
	In, Out []opTensor
}

type opTensor struct {
	Name  string
	Type  ir.DType
	Shape []int
	Data  []byte
}

// TestOperators compares single operators, with every attribute and in every
// opset that matters, with ONNX Runtime, or with the specification where ONNX
// Runtime deviates from it. Each runs three times: with its inputs as data, with
// its inputs as constants, so that the whole network is folded, and optimized.
func TestOperators(t *testing.T) {
	f, err := os.Open("testdata/operators.jsonl.gz")
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<20)
	n := 0
	covered := map[string]bool{}
	for lines.Scan() {
		var c opCase
		require.NoError(t, json.Unmarshal(lines.Bytes(), &c))
		for _, op := range onnxtest.Ops(c.Model) {
			covered[op] = true
		}
		t.Run(c.Name, func(t *testing.T) {
			var in, want []*ir.Tensor
			folded := c.Model
			for _, v := range c.In {
				x := v.tensor()
				in = append(in, x)
				folded = onnxtest.AddToGraph(folded, onnxtest.Init(v.Name, x))
			}
			for _, v := range c.Out {
				want = append(want, v.tensor())
			}
			got, err := importAndRun(c.Model, shapesOf(c.In), in, nil)
			require.NoError(t, err)
			require.NoError(t, differ(got, want, c.Tol))
			got, err = importAndRun(folded, nil, nil, nil)
			require.NoError(t, err, "folded")
			require.NoError(t, differ(got, want, c.Tol), "folded")
			got, err = importAndRun(c.Model, shapesOf(c.In), in, func(g *ir.Graph) *ir.Graph { g, _ = ir.Optimize(g); return g })
			require.NoError(t, err, "optimized")
			require.NoError(t, differ(got, want, c.Tol), "optimized")
			exportAndCompare(t, &c, in, want)
		})
		n++
	}
	require.NoError(t, lines.Err())
	require.Greater(t, n, 1500)
	t.Logf("not exported: %v", notExported)
	require.Less(t, len(notExported), 10)
	for _, op := range onnx.Operators() {
		// Swish stands in opset 24 first, beyond onnx.MaxOpset.
		require.Equal(t, op != "Swish", covered[op], op)
	}
}

// exportAndCompare writes what was imported as a file again and runs that.
func exportAndCompare(t *testing.T, c *opCase, in, want []*ir.Tensor) {
	g, err := onnx.Import(c.Model, onnx.Options{Shapes: shapesOf(c.In)})
	require.NoError(t, err)
	require.NoError(t, g.Resolve(interp.Eval))
	var file bytes.Buffer
	err = onnx.Export(&file, g, "")
	if errors.Is(err, ir.ErrUnsupported) {
		notExported[err.Error()]++
		return
	}
	require.NoError(t, err)
	got, err := importAndRun(file.Bytes(), shapesOf(c.In), in, nil)
	require.NoError(t, err, "exported")
	require.NoError(t, differ(got, want, c.Tol), "exported")
}

// notExported counts what ExportOpset has no words for.
var notExported = map[string]int{}

// shapesOf is for inputs with dimensions of size 0, which files write like
// unknown ones.
func shapesOf(in []opTensor) map[string][]int {
	m := map[string][]int{}
	for _, v := range in {
		m[v.Name] = v.Shape
	}
	return m
}

// tensor decodes the little-endian data.
func (v *opTensor) tensor() *ir.Tensor {
	t := ir.NewTensor(v.Type, v.Shape)
	le := binary.LittleEndian
	for i := range t.F {
		t.F[i] = math.Float32frombits(le.Uint32(v.Data[4*i:]))
	}
	for i := range t.I {
		switch v.Type {
		case ir.Bool, ir.Uint8:
			t.I[i] = int64(v.Data[i])
		case ir.Int8:
			t.I[i] = int64(int8(v.Data[i]))
		case ir.Int16:
			t.I[i] = int64(int16(le.Uint16(v.Data[2*i:])))
		case ir.Int32:
			t.I[i] = int64(int32(le.Uint32(v.Data[4*i:])))
		default:
			t.I[i] = int64(le.Uint64(v.Data[8*i:]))
		}
	}
	return t
}
