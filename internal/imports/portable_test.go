package imports

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// portablePackages compute what ends up in files or outputs: the same bits on
// every machine.
var portablePackages = []string{"fmt", "runtime", "kernels/generic", "internal/requant", "internal/portable", "internal/npy", "internal/dataset",
	"internal/onnx", "internal/ir", "internal/interp", "internal/memplan", "quant"}

// fused matches arm64's instructions that round once for a product and a sum.
var fused = regexp.MustCompile(`\sFN?M(ADD|SUB)[SD]\s`)

// TestNothingFuses compiles the packages for a machine with fused instructions:
// there is none in them. One would make results differ in the last bit from
// those of other machines; an explicit conversion of the product prevents it.
func TestNothingFuses(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles for another machine")
	}
	args := []string{"build", "-gcflags=-S"}
	for _, p := range portablePackages {
		args = append(args, module+p)
	}
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOARCH=arm64")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err)
	for _, p := range portablePackages {
		require.True(t, strings.Contains("\n"+string(out), "\n# "+module+p+"\n"), "there is no listing of %s", p)
	}
	seen := map[string]bool{}
	for _, line := range strings.Split(string(out), "\n") {
		if m := fused.FindString(line); m != "" {
			at := regexp.MustCompile(`\(([^)]*\.go:\d+)\)`).FindString(line)
			if !seen[at] {
				seen[at] = true
				t.Errorf("%s %s: convert the product, float64(x*y) + z", strings.TrimSpace(m), at)
			}
		}
	}
}

// sameBits are the functions of package math that give the same bits on every
// machine: exact ones, and those that IEEE 754 defines.
var sameBits = []string{"Abs", "Ceil", "Copysign", "Float32bits", "Float32frombits", "Float64bits", "Float64frombits", "Floor", "Frexp", "Ilogb", "Inf",
	"IsInf", "IsNaN", "Ldexp", "Max", "Min", "Mod", "NaN", "Nextafter", "Round", "RoundToEven", "Signbit", "Sqrt", "Trunc"}

// TestPortableMath: the packages use no other function of package math; package
// portable has them.
func TestPortableMath(t *testing.T) {
	except := map[string]bool{
		"quant/compare.go Log10":            true, // decibels in reports
		"internal/portable/portable.go Log": true, // for arguments whose results are exact
		"internal/portable/portable.go Pow": true,
	}
	for _, p := range portablePackages {
		files, err := filepath.Glob(filepath.Join("..", "..", filepath.FromSlash(p), "*.go"))
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			require.NoError(t, err)
			ast.Inspect(f, func(n ast.Node) bool {
				sel, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if x, ok := sel.X.(*ast.Ident); !ok || x.Name != "math" || isConstant(sel.Sel.Name) {
					return true
				}
				name := p + "/" + filepath.Base(path) + " " + sel.Sel.Name
				if !slices.Contains(sameBits, sel.Sel.Name) && !except[name] {
					t.Errorf("%s: math.%s may differ between machines, want package portable's", path, sel.Sel.Name)
				}
				return true
			})
		}
	}
}

// isConstant reports whether a name of package math is a constant.
func isConstant(name string) bool {
	return strings.HasPrefix(name, "Max") && len(name) > 3 || strings.HasPrefix(name, "Min") && len(name) > 3 || strings.HasPrefix(name, "Smallest") ||
		strings.HasPrefix(name, "Ln") || strings.HasPrefix(name, "Sqrt") && len(name) > 4 || name == "Pi" || name == "E"
}
