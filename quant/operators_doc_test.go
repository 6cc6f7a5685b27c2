package quant

import (
	"errors"
	"fmt"
	"maps"
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
)

// operatorFacts is what TestOperators sees of one ONNX operator.
type operatorFacts struct {
	own, official int                  // models of the operator alone
	int8          int                  // of these quantized, with a result near enough to float
	kinds         map[ermfmt.Kind]bool // operators of the file that they became
	refused       map[string]int       // by reason
}

// of returns the facts of an operator, "" for networks of several.
func (c *tallyOps) of(op string) *operatorFacts {
	if c.facts == nil {
		c.facts = map[string]*operatorFacts{}
	}
	f := c.facts[op]
	if f == nil {
		f = &operatorFacts{kinds: map[ermfmt.Kind]bool{}, refused: map[string]int{}}
		c.facts[op] = f
	}
	return f
}

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
	ermfmt.KindConv: {"gemm", "winograd", "first"}, ermfmt.KindDepthwise: {"depthwise"}, ermfmt.KindDense: {"gemm"},
	ermfmt.KindDeformConv: {"deform", "gemm"}, ermfmt.KindConvTranspose: {"gemm"}, ermfmt.KindSE: {"se"},
	ermfmt.KindAdd: {"elementwise", "wide"}, ermfmt.KindMul: {"elementwise"}, ermfmt.KindMaxPool: {"pool"}, ermfmt.KindAveragePool: {"pool"},
	ermfmt.KindResize: {"resize"}, ermfmt.KindLUT: {"lut"}, ermfmt.KindRequantize: {"wide"}, ermfmt.KindSoftmax: {"softmax"},
	ermfmt.KindCopy: {"move"}, ermfmt.KindArgMax: {"argmax"}, ermfmt.KindLRN: {"lrn"}, ermfmt.KindLogSoftmax: {"logsoftmax"},
}

var tierOrder = []string{"neon", "dotprod", "i8mm"}

// document holds docs/operators.md against what came out.
func (c *tallyOps) document(t *testing.T) {
	var b strings.Builder
	fmt.Fprintf(&b, `# Operators

ONNX operators that edgerun imports (opset %d to %d), made from the code by `+"`go test ./quant -run TestOperators -update`"+`.

- *attributes*: those that the importer looks at; any other is an error, unless it has no meaning for inference.
- *models*: models of that one operator that the tests run, with all attributes and in all opsets that differ: of our own, whose
  results are ONNX Runtime's, and official ONNX node tests. The float interpreter agrees on all of them (internal/interp).
- *int8*: how many of them the quantizer took. Then the integers of the runtime came as close as the operator's floor in
  quant/operators_test.go says.
- *file*: the operators of the .erm file that they became; those that became none are a matter of where elements lie in memory.
- *not in int8*: why the others were refused. Operators without a number in front of "int8" work on shapes and indices and are computed
  when the model is opened.

| operator | attributes | models | int8 | file | not in int8 |
|---|---|---:|---:|---|---|
`, onnx.MinOpset, onnx.MaxOpset)
	for _, op := range onnx.Operators() {
		f := c.of(op)
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
		fmt.Fprintf(&b, "| %s | %s | %d + %d | %d | %s | %s |\n", op, attrs, f.own, f.official, f.int8, strings.Join(kinds, ", "), strings.Join(why, "; "))
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
