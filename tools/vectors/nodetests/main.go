// Command nodetests packs ONNX's own tests of single operators, which ship in
// the wheel of the onnx package, into the file that TestNodeTests of
// internal/interp reads:
//
//	go run ./tools/vectors/nodetests onnx-1.19.0-….whl internal/interp/testdata/nodetests.jsonl.gz
//
// It takes every test whose operators the importer takes. tools/vectors/nodetests.sh
// fetches the wheel first.
package main

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/edgerun/edgerun/internal/onnx"
	"github.com/edgerun/edgerun/internal/onnxtest"
)

// tests is where the wheel has them: a directory each, with model.onnx and
// test_data_set_0/input_0.pb and so on.
const tests = "onnx/backend/test/data/node/"

// most is the size of the data, in bytes, above which a test is kept without:
// three of 3-D pooling have 700 KB each, and are refused for their rank.
const most = 300 << 10

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: nodetests WHEEL FILE")
		os.Exit(2)
	}
	if err := pack(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "nodetests:", err)
		os.Exit(1)
	}
}

func pack(wheel, dst string) error {
	raw, err := os.ReadFile(wheel)
	if err != nil {
		return err
	}
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return fmt.Errorf("%s: %w", wheel, err)
	}
	files := map[string][]byte{}
	names := map[string]bool{}
	for _, f := range z.File {
		name, ok := strings.CutPrefix(f.Name, tests)
		if f.FileInfo().IsDir() || !ok {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return err
		}
		if files[name], err = io.ReadAll(r); err != nil {
			return err
		}
		names[strings.Split(name, "/")[0]] = true
	}
	if len(names) == 0 {
		return fmt.Errorf("%s: no %s in it; want the wheel of onnx 1.19.0", wheel, tests)
	}
	head := onnxtest.NodeTests{
		Source:  fmt.Sprintf("%s, SHA-256 %x", filepath.Base(wheel), sha256.Sum256(raw)),
		License: "Apache-2.0, Copyright (c) ONNX Project Contributors",
		LeftOut: map[string]int{},
	}
	var lines []any
	taken := onnx.Operators()
	for _, name := range slices.Sorted(maps.Keys(names)) {
		model := files[name+"/model.onnx"]
		others := slices.DeleteFunc(onnxtest.Ops(model), func(op string) bool { return slices.Contains(taken, op) })
		if len(others) > 0 {
			slices.Sort(others)
			head.LeftOut[strings.Join(slices.Compact(others), " ")]++
			continue
		}
		for set := range 100 {
			t := onnxtest.NodeTest{Name: strings.TrimPrefix(name, "test_"), Model: model}
			if set > 0 {
				t.Name += fmt.Sprint("#", set)
			}
			size := 0
			for kind, to := range map[string]*[][]byte{"input": &t.In, "output": &t.Out} {
				for i := 0; ; i++ {
					pb, ok := files[path.Join(name, fmt.Sprintf("test_data_set_%d/%s_%d.pb", set, kind, i))]
					if !ok {
						break
					}
					*to = append(*to, pb)
					size += len(pb)
				}
			}
			if len(t.Out) == 0 {
				break
			}
			if size > most {
				t.In, t.Out = nil, nil
			}
			lines = append(lines, t)
		}
	}
	var out bytes.Buffer
	g, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return err
	}
	e := json.NewEncoder(g)
	for _, v := range append([]any{head}, lines...) {
		if err := e.Encode(v); err != nil {
			return err
		}
	}
	if err := g.Close(); err != nil {
		return err
	}
	fmt.Printf("%d tests of %d directories, %d bytes\n", len(lines), len(names), out.Len())
	return os.WriteFile(dst, out.Bytes(), 0o644)
}
