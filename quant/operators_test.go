package quant

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/binary"
	"encoding/json"
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

	ermfmt "github.com/edgerun/edgerun/fmt"
	"github.com/edgerun/edgerun/internal/ir"
	"github.com/edgerun/edgerun/internal/onnx"
	"github.com/edgerun/edgerun/internal/onnxtest"
)

// operatorFacts is what the cases of one ONNX operator show.
type operatorFacts struct {
	cases   int                  // single-operator models, float checked against ONNX Runtime
	int8    int                  // of these quantized and close to float
	kinds   map[ermfmt.Kind]bool // operators of the file that they became
	refused map[string]int       // by reason
	apart   int                  // cases whose inputs or outputs are not float
}

// operatorCases quantizes every case of the interpreter's tests whose inputs and
// outputs are float.
func operatorCases(t *testing.T) map[string]*operatorFacts {
	f, err := os.Open("../internal/interp/testdata/operators.jsonl.gz")
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<20)
	all := map[string]*operatorFacts{}
	for _, op := range onnx.Operators() {
		all[op] = &operatorFacts{kinds: map[ermfmt.Kind]bool{}, refused: map[string]int{}}
	}
	for lines.Scan() {
		var c struct {
			Name    string
			Model   []byte
			In, Out []struct {
				Name  string
				Type  ir.DType
				Shape []int
				Data  []byte
			}
		}
		require.NoError(t, json.Unmarshal(lines.Bytes(), &c))
		ops := onnxtest.Ops(c.Model)
		facts := all[ops[len(ops)-1]]
		facts.cases++
		shapes := map[string][]int{}
		float := c.Out[0].Type == ir.Float32
		var s Sample
		for _, v := range c.In {
			shapes[v.Name] = v.Shape
			float = float && v.Type == ir.Float32
			x := make([]float32, len(v.Data)/4)
			for i := range x {
				x[i] = math.Float32frombits(binary.LittleEndian.Uint32(v.Data[4*i:]))
			}
			s = append(s, x)
		}
		if !float {
			facts.apart++
			continue
		}
		m, err := OpenBytes(c.Model, c.Name, OpenOptions{Shapes: shapes})
		require.NoError(t, err, c.Name)
		res, err := m.Quantize(context.Background(), SampleList{s}, Options{Method: MinMax, Workers: 1})
		if err != nil {
			if strings.HasPrefix(c.Name, "pad_") && strings.Contains(err.Error(), "not finite") {
				continue // padded with -Inf
			}
			require.ErrorIs(t, err, ErrUnsupported, c.Name)
			facts.refused[reason(err)]++
			continue
		}
		for _, o := range res.Model.Ops {
			facts.kinds[o.Kind] = true
		}
		if q := res.Report.OutputSQNR; q == nil || *q >= 20 || imprecise[c.Name] {
			facts.int8++
		} else {
			t.Errorf("%s: %.1f dB", c.Name, *q)
		}
	}
	require.NoError(t, lines.Err())
	return all
}

// imprecise cases are far from float for a reason: Sign jumps where 8 bits
// cannot tell the sides apart, the softmax of hundreds follows the last bit of
// its input, and the sum of what cancels is small.
var imprecise = map[string]bool{"sign_opset9": true, "sign_opset13": true, "softmax_large": true, "reducesum_input_all": true}

// reason is an error without what differs from case to case.
func reason(err error) string {
	var ne *ir.NodeError
	s := strings.TrimPrefix(err.Error(), "quant: ")
	if errors.As(err, &ne) {
		s = ne.Err.Error()
	}
	s = regexp.MustCompile(`"[^"]*"`).ReplaceAllString(s, "…")
	return regexp.MustCompile(`\[[0-9 ]*\]`).ReplaceAllString(s, "[…]")
}

// arm64Tiers lists the tiers that have kernels of their own for a family, by the
// names of their files.
func arm64Tiers(t *testing.T, family string) (tiers []string) {
	for _, tier := range []string{"neon", "dotprod", "i8mm"} {
		files, err := filepath.Glob("../kernels/arm64/" + family + "_" + tier + "_arm64.*")
		require.NoError(t, err)
		if len(files) > 0 {
			tiers = append(tiers, tier)
		}
	}
	return tiers
}

// families names, for every kind of operator in a file, the files of its arm64
// kernels.
var families = map[ermfmt.Kind][]string{
	ermfmt.KindConv: {"conv", "gemm", "winograd"}, ermfmt.KindDepthwise: {"depthwise"}, ermfmt.KindDense: {"dense", "gemm"},
	ermfmt.KindDeformConv: {"deform", "gemm"}, ermfmt.KindConvTranspose: {"convtranspose", "gemm"}, ermfmt.KindSE: {"se"},
	ermfmt.KindAdd: {"add"}, ermfmt.KindMul: {"mul"}, ermfmt.KindMaxPool: {"maxpool", "pool"}, ermfmt.KindAveragePool: {"avgpool", "pool"},
	ermfmt.KindResize: {"resize"}, ermfmt.KindLUT: {"lut"}, ermfmt.KindRequantize: {"requantize"}, ermfmt.KindSoftmax: {"softmax"},
	ermfmt.KindCopy: {"copy"}, ermfmt.KindArgMax: {"argmax"}, ermfmt.KindLRN: {"lrn"}, ermfmt.KindLogSoftmax: {"logsoftmax"},
}

// TestOperators quantizes single operators, with every attribute and in every
// opset that matters, and holds docs/operators.md against what came out.
func TestOperators(t *testing.T) {
	facts := operatorCases(t)
	var b strings.Builder
	b.WriteString(`# Operators

ONNX operators that edgerun imports (opset ` + fmt.Sprintf("%d to %d", onnx.MinOpset, onnx.MaxOpset) + `), made from the code by ` + "`go test ./quant -run TestOperators -update`" + `.

- *attributes*: those that the importer looks at; any other is an error, unless it has no meaning for inference.
- *cases*: models of that one operator whose float results are held against ONNX Runtime's, with all attributes and in all opsets that
  differ. Official ONNX node tests come on top (internal/interp).
- *int8*: how many of the cases with float inputs and outputs were quantized, ran in int8 and came out close to float (20 dB and more);
  operators without such cases work on shapes and indices and are computed when the model is opened.
- *file*: the operators of the .erm file that they became; those that became none are a matter of where elements lie in memory.

| operator | attributes | cases | int8 | file | not in int8 |
|---|---|---:|---:|---|---|
`)
	for _, op := range onnx.Operators() {
		f := facts[op]
		var kinds, why []string
		for _, k := range slices.Sorted(maps.Keys(f.kinds)) {
			kinds = append(kinds, k.String())
		}
		for _, r := range slices.Sorted(maps.Keys(f.refused)) {
			why = append(why, fmt.Sprintf("%d: %s", f.refused[r], strings.ReplaceAll(r, "|", "\\|")))
		}
		attrs := "–"
		if a := onnx.Attributes(op); len(a) > 0 {
			attrs = strings.Join(a, ", ")
		}
		int8 := "–"
		if n := f.cases - f.apart; n > 0 {
			int8 = fmt.Sprintf("%d/%d", f.int8, n)
		}
		fmt.Fprintf(&b, "| %s | %s | %d | %s | %s | %s |\n", op, attrs, f.cases, int8, strings.Join(kinds, ", "), strings.Join(why, "; "))
	}
	b.WriteString(`
## Kernels

Every operator of a file has a kernel in plain Go, which is the specification. These tiers have faster ones on 64-bit Arm:

| operator | tiers |
|---|---|
`)
	for _, k := range slices.Sorted(maps.Keys(families)) {
		var tiers []string
		for _, f := range families[k] {
			tiers = append(tiers, arm64Tiers(t, f)...)
		}
		slices.SortStableFunc(tiers, func(a, b string) int { return slices.Index(tierOrder, a) - slices.Index(tierOrder, b) })
		tiers = slices.Compact(tiers)
		fmt.Fprintf(&b, "| %v | %s |\n", k, strings.Join(append([]string{"generic"}, tiers...), ", "))
	}
	const doc = "../docs/operators.md"
	if *update {
		require.NoError(t, os.WriteFile(doc, []byte(b.String()), 0o644))
	}
	want, err := os.ReadFile(doc)
	require.NoError(t, err)
	require.Equal(t, string(want), b.String(), "docs/operators.md is out of date; run with -update")
}

var tierOrder = []string{"neon", "dotprod", "i8mm"}
