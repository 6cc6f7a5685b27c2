package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestZoo(t *testing.T) {
	var list struct {
		Networks []struct {
			Name, Source string
			Input        []int
			MACs, Params int64
		}
	}
	goodJSON(t, &list, "zoo", "list")
	require.GreaterOrEqual(t, len(list.Networks), 26)
	for _, n := range list.Networks {
		require.NotEmpty(t, n.Source)
		require.True(t, n.MACs > 0 && n.Params > 0 && len(n.Input) >= 3, n.Name)
	}
	require.Contains(t, good(t, "zoo"), "138.36 M")

	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	var q struct {
		Bytes int64
		SQNR  *float64 `json:"output_sqnr_db"`
	}
	net := []string{"zoo", "mobilenet_v3_small", "--size", "48", "--classes", "12"}
	goodJSON(t, &q, append(net, "-o", path("m.erm"))...)
	require.Greater(t, *q.SQNR, 15.0)
	good(t, append(net, "-o", path("m.onnx"))...)
	good(t, append(net, "-o", path("x.npz"), "--samples", "3")...)

	// The float file is the network that the int8 file was made of.
	var c struct {
		SQNR float64 `json:"output_sqnr_db"`
	}
	goodJSON(t, &c, "compare", path("m.onnx"), path("m.erm"), "--data", path("x.npz"))
	require.Greater(t, c.SQNR, 15.0)

	// Equal commands give equal files.
	good(t, append(net, "-o", path("again.erm"))...)
	require.Equal(t, read(t, path("m.erm")), read(t, path("again.erm")))

	for want, args := range map[string][]string{
		"unknown, want one of lenet5":      {"zoo", "nope", "-o", path("a.erm")},
		"ends in .erm, .onnx or .npz":      {"zoo", "lenet5", "-o", path("a.tflite")},
		`-o "": want a file that ends in`:  {"zoo", "lenet5"},
		"--samples 0: want at least 1":     {"zoo", "lenet5", "-o", path("a.erm"), "--samples", "0"},
		"2 arguments, want one network":    {"zoo", "lenet5", "alexnet"},
		"1 arguments, want none; see edge": {"zoo", "list", "alexnet"},
	} {
		require.Contains(t, bad(t, 2, args...), want)
	}
	require.Contains(t, bad(t, 1, "zoo", "inception_v3", "--size", "32", "-o", path("a.erm")), "size 32 is too small, want at least 75")
	require.Contains(t, bad(t, 1, "zoo", "lenet5", "--classes", "100000", "-o", path("a.erm")), "100000 classes: want 1 to 65536")
}
