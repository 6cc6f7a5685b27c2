package quant

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/ir"
	"github.com/edgerun/edgerun/internal/onnxtest"
	edgerun "github.com/edgerun/edgerun/runtime"
)

// export is a model of testdata/exports.tar.gz, which tools/exports makes: a
// block of a network as one exporter spells it.
type export struct {
	name     string // BLOCK/EXPORTER
	model    []byte
	external []byte // the file with the weights, or nil
	in, out  []onnxtest.OpTensor
}

func readExports(path string) ([]export, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	var all []export
	for t := tar.NewReader(z); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		b, err := io.ReadAll(t)
		if err != nil {
			return nil, err
		}
		files[h.Name] = b
		name, ok := strings.CutSuffix(h.Name, ".json")
		if !ok {
			continue
		}
		var io struct{ In, Out [][4]json.RawMessage }
		if err := json.Unmarshal(b, &io); err != nil {
			return nil, err
		}
		e := export{name: name, model: files[name+".onnx"], external: files[name+".onnx.data"]}
		for i, side := range [][][4]json.RawMessage{io.In, io.Out} {
			for _, v := range side {
				var t onnxtest.OpTensor
				var file string
				if err := errors.Join(json.Unmarshal(v[0], &t.Name), json.Unmarshal(v[1], &t.Type), json.Unmarshal(v[2], &t.Shape), json.Unmarshal(v[3], &file)); err != nil {
					return nil, err
				}
				t.Data = files[file]
				if i == 0 {
					e.in = append(e.in, t)
				} else {
					e.out = append(e.out, t)
				}
			}
		}
		all = append(all, e)
	}
}

func TestExportsZZ(t *testing.T) {
	all, err := readExports(os.Getenv("EXP"))
	require.NoError(t, err)
	for _, e := range all {
		func() {
			defer func() {
				if r := recover(); r != nil {
					fmt.Println("BAD", e.name, "PANIC", r)
				}
			}()
			dir := t.TempDir()
			p := filepath.Join(dir, "m.onnx")
			os.WriteFile(p, e.model, 0o644)
			if e.external != nil {
				os.WriteFile(filepath.Join(dir, filepath.Base(e.name)+".onnx.data"), e.external, 0o644)
			}
			shapes := map[string][]int{}
			var s Sample
			for _, v := range e.in {
				shapes[v.Name] = v.Shape
				s = append(s, floats(v.Tensor()))
			}
			m, err := Open(p, OpenOptions{Shapes: shapes})
			if err != nil {
				fmt.Println("BAD", e.name, "OPEN", err)
				return
			}
			got, err := m.Run(context.Background(), s)
			if err != nil {
				fmt.Println("BAD", e.name, "RUN", err)
				return
			}
			for i, o := range e.out {
				w := floats(o.Tensor())
				if !slices.Equal(m.Outputs()[i].Shape, o.Shape) {
					fmt.Println("BAD", e.name, "SHAPE", m.Outputs()[i].Shape, o.Shape)
					return
				}
				top, worst := 0.0, 0.0
				for k, x := range w {
					top = max(top, math.Abs(float64(x)))
					worst = max(worst, math.Abs(float64(x-got[i][k])))
				}
				if !(worst <= 2e-5*top) {
					fmt.Println("BAD", e.name, "FLOAT", worst/top)
				}
			}
			g, _ := ir.Optimize(m.graph)
			var kinds []string
			for _, n := range g.Nodes {
				kinds = append(kinds, n.Op.Kind())
			}
			r, err := m.Quantize(context.Background(), SampleList{s}, Options{Method: MinMax, Workers: 1})
			if err != nil {
				fmt.Println("BAD", e.name, "QUANT", err)
				return
			}
			q, err := realOutputs(r.Bytes, s)
			if err != nil {
				fmt.Println("BAD", e.name, "RUN8", err)
				return
			}
			em, _ := edgerun.LoadBytes(r.Bytes)
			var ops []string
			for _, st := range em.Steps() {
				ops = append(ops, st.Op)
			}
			low := math.Inf(1)
			for i, o := range e.out {
				var n noise
				for k, x := range floats(o.Tensor()) {
					n.add(float64(x), float64(q[i][k]))
				}
				if v := n.sqnr(); v != nil {
					low = min(low, *v)
				}
			}
			fmt.Printf("OK %s | %s | %s | %.1f\n", e.name, strings.Join(kinds, " "), strings.Join(ops, " "), low)
		}()
	}
}
