// Package imports holds a test of who may import whom: STYLE's package graph.
package imports

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/edgerun/edgerun/"

// std-only packages of the standard library that the device half keeps out of
// its binaries: they are large, or reflect at run time.
var heavy = []string{"fmt", "reflect", "encoding/json", "encoding/binary", "encoding/xml", "text/template", "net"}

// allowed lists, for every package, what it may import beside the standard
// library: our packages by their directory, others by module.
var allowed = map[string]struct {
	ours, others []string
	device       bool // part of a board's binary
}{
	"kernels":                 {device: true},
	"kernels/generic":         {ours: []string{"kernels", "internal/requant"}, device: true},
	"kernels/arm64":           {ours: []string{"kernels", "internal/requant"}, device: true},
	"kernels/dispatch":        {ours: []string{"kernels", "kernels/generic", "kernels/arm64", "internal/cpu"}, device: true},
	"fmt":                     {device: true},
	"runtime":                 {ours: []string{"fmt", "kernels", "kernels/dispatch", "internal/requant", "internal/cpu"}, others: []string{"golang.org/x/sys"}, device: true},
	"internal/requant":        {device: true},
	"internal/cpu":            {ours: []string{"kernels"}, others: []string{"golang.org/x/sys"}, device: true},
	"boards":                  {},
	"internal/memplan":        {},
	"internal/ir":             {ours: []string{"internal/portable"}},
	"internal/portable":       {},
	"internal/onnx":           {ours: []string{"internal/ir"}, others: []string{"google.golang.org/protobuf"}},
	"internal/interp":         {ours: []string{"internal/ir", "internal/portable"}, others: []string{"golang.org/x/sys"}},
	"internal/zoo":            {ours: []string{"internal/ir", "internal/portable"}},
	"internal/npy":            {},
	"internal/dataset":        {ours: []string{"fmt", "internal/npy"}, others: []string{"golang.org/x/image"}},
	"quant":                   {ours: []string{"fmt", "runtime", "internal/ir", "internal/onnx", "internal/interp", "internal/memplan", "internal/portable", "internal/requant"}},
	"internal/kerneltest":     {ours: []string{"kernels", "internal/requant"}, others: []string{"golang.org/x/sys", "github.com/stretchr/testify"}},
	"internal/onnxtest":       {ours: []string{"internal/ir", "internal/npy"}, others: []string{"google.golang.org/protobuf", "github.com/stretchr/testify"}},
	"internal/ermoracle":      {ours: []string{"fmt", "runtime"}, others: []string{"github.com/stretchr/testify"}},
	"internal/imports":        {},
	"tools/vectors/nodetests": {ours: []string{"internal/onnx", "internal/onnxtest"}},
	"tools/zoo":               {ours: []string{"internal/zoo"}},
	"tools/zoo/same":          {ours: []string{"runtime"}},
	"tools/armbench":          {ours: []string{"fmt", "runtime", "internal/ermoracle"}},
	"cmd/edgerun":             {ours: []string{"*"}, others: []string{"github.com/spf13/cobra", "github.com/schollz/progressbar", "golang.org/x/term"}},
}

// goPackage is what `go list -json` prints.
type goPackage struct {
	ImportPath string
	Imports    []string
	Standard   bool
}

func list(t *testing.T, args ...string) []goPackage {
	out, err := exec.Command("go", append([]string{"list", "-json=ImportPath,Imports,Standard"}, args...)...).Output()
	require.NoError(t, err)
	var pkgs []goPackage
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return pkgs
		}
		require.NoError(t, err)
		pkgs = append(pkgs, p)
	}
}

func TestImports(t *testing.T) {
	for _, p := range list(t, module+"...") {
		dir := strings.TrimPrefix(p.ImportPath, module)
		rule, ok := allowed[dir]
		if !ok {
			t.Errorf("package %s is not in the table of internal/imports", dir)
			continue
		}
		for _, imp := range p.Imports {
			if ours, ok := strings.CutPrefix(imp, module); ok {
				if !slices.Contains(rule.ours, ours) && !slices.Contains(rule.ours, "*") {
					t.Errorf("%s imports %s, which it may not", dir, ours)
				}
				continue
			}
			first, _, _ := strings.Cut(imp, "/")
			if !strings.Contains(first, ".") {
				if rule.device && slices.Contains(heavy, imp) {
					t.Errorf("%s imports %s, which board binaries do without", dir, imp)
				}
				continue
			}
			if !slices.ContainsFunc(rule.others, func(m string) bool { return imp == m || strings.HasPrefix(imp, m+"/") }) {
				t.Errorf("%s imports %s, which it may not", dir, imp)
			}
		}
	}
}

// TestDeviceHalf holds a board's binary, all that the runtime pulls in, to the
// standard library and golang.org/x/sys, without the host half and without
// cgo.
func TestDeviceHalf(t *testing.T) {
	for _, p := range list(t, "-deps", module+"runtime") {
		if p.Standard {
			require.NotContains(t, []string{"fmt", "encoding/json", "runtime/cgo", "C"}, p.ImportPath)
			continue
		}
		if dir, ok := strings.CutPrefix(p.ImportPath, module); ok {
			require.True(t, allowed[dir].device, "the runtime pulls in %s of the host half", dir)
			continue
		}
		require.True(t, strings.HasPrefix(p.ImportPath, "golang.org/x/sys/"), "the runtime pulls in %s", p.ImportPath)
	}
}
