package npy

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// file builds a .npy file from a header and data.
func file(version byte, head string, data any) []byte {
	var b bytes.Buffer
	b.WriteString(magic)
	b.Write([]byte{version, 0})
	if version == 1 {
		_ = binary.Write(&b, binary.LittleEndian, uint16(len(head)))
	} else {
		_ = binary.Write(&b, binary.LittleEndian, uint32(len(head)))
	}
	b.WriteString(head)
	if raw, ok := data.([]byte); ok {
		b.Write(raw)
	} else if data != nil {
		_ = binary.Write(&b, binary.LittleEndian, data)
	}
	return b.Bytes()
}

func TestRoundTrip(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, Encode(&b, []int{2, 3}, []float32{1, 2, 3, -4, 5.5, float32(math.Inf(1))}))
	require.Zero(t, bytes.Index(b.Bytes(), []byte(magic)))
	a, err := Decode(&b)
	require.NoError(t, err)
	require.Equal(t, &Array{Shape: []int{2, 3}, Type: "float32", Floats: []float32{1, 2, 3, -4, 5.5, float32(math.Inf(1))}}, a)
	require.NoError(t, Encode(&b, []int{3}, []int16{1, -2, 300}))
	a, err = Decode(&b)
	require.NoError(t, err)
	require.Equal(t, []int64{1, -2, 300}, a.Ints)
	require.Equal(t, []float32{1, -2, 300}, a.Float32s())
	require.NoError(t, Encode(&b, nil, []int64{7}))
	a, err = Decode(&b)
	require.NoError(t, err)
	require.Equal(t, []int{}, a.Shape)
	require.Equal(t, []int64{7}, a.Ints)
}

func TestTypes(t *testing.T) {
	for code, c := range map[string]struct {
		data any
		want []float32
	}{
		"<f4": {[]float32{1.5, -2}, []float32{1.5, -2}},
		"<f8": {[]float64{1.5, -2}, []float32{1.5, -2}},
		"<f2": {[]uint16{0x3e00, 0xc000}, []float32{1.5, -2}},
		">f4": {[]byte{0x3f, 0xc0, 0, 0, 0xc0, 0, 0, 0}, []float32{1.5, -2}},
		"|u1": {[]byte{200, 1}, []float32{200, 1}},
		"|i1": {[]int8{-100, 1}, []float32{-100, 1}},
		"<i2": {[]int16{-1000, 1}, []float32{-1000, 1}},
		"<u2": {[]uint16{60000, 1}, []float32{60000, 1}},
		"<i4": {[]int32{-100000, 1}, []float32{-100000, 1}},
		"<u4": {[]uint32{100000, 1}, []float32{100000, 1}},
		"<i8": {[]int64{-5, 1}, []float32{-5, 1}},
		"|b1": {[]byte{1, 0}, []float32{1, 0}},
		"?":   {[]byte{1, 0}, []float32{1, 0}},
	} {
		for version := byte(1); version <= 3; version++ {
			a, err := Decode(bytes.NewReader(file(version, "{'descr': '"+code+"', 'fortran_order': False, 'shape': (2,), }\n", c.data)))
			require.NoError(t, err, code)
			require.Equal(t, c.want, a.Float32s(), code)
		}
	}
}

func TestFortranOrder(t *testing.T) {
	a, err := Decode(bytes.NewReader(file(1, "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }", []byte{0, 3, 1, 4, 2, 5})))
	require.NoError(t, err)
	require.Equal(t, []int64{0, 1, 2, 3, 4, 5}, a.Ints)
}

func TestErrors(t *testing.T) {
	ok := "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty":          {nil, "this is not a .npy file"},
		"text":           {[]byte("hello world"), "this is not a .npy file"},
		"version":        {file(9, ok, []float32{1, 2}), "format version 9 is unknown"},
		"short header":   {file(1, ok, nil)[:20], "the header is cut off"},
		"short data":     {file(1, ok, []float32{1}), "the file ends after 1 of 2 elements"},
		"long data":      {file(1, ok, []float32{1, 2, 3}), "bytes follow the 2 elements"},
		"no dictionary":  {file(1, "hello", nil), "the header is not a dictionary"},
		"no shape":       {file(1, "{'descr': '<f4', 'fortran_order': False}", nil), `the header has no "shape"`},
		"string type":    {file(1, strings.Replace(ok, "<f4", "<U8", 1), nil), `elements of type "<U8" are not supported`},
		"structured":     {file(1, strings.Replace(ok, "'<f4'", "[('a','<f4')]", 1), nil), "structured arrays"},
		"negative shape": {file(1, strings.Replace(ok, "(2,)", "(-2,)", 1), nil), `"-2" in the shape is not a size`},
		"huge shape":     {file(1, strings.Replace(ok, "(2,)", "(99999999, 99999999)", 1), nil), "too many elements"},
		"long header":    {file(2, strings.Repeat(" ", 1<<17), nil), "is too long"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Decode(bytes.NewReader(c.data))
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestArchive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.npz")
	f, err := os.Create(path)
	require.NoError(t, err)
	z := zip.NewWriter(f)
	for _, name := range []string{"x", "y"} {
		w, err := z.Create(name + ".npy")
		require.NoError(t, err)
		require.NoError(t, Encode(w, []int{1}, []uint8{name[0]}))
	}
	require.NoError(t, z.Close())
	require.NoError(t, f.Close())
	one, all, err := ReadArchive(path, "y", "z")
	require.NoError(t, err)
	require.Equal(t, []string{"x", "y"}, all)
	require.Len(t, one, 1)
	require.Equal(t, []int64{'y'}, one["y"].Ints)
	require.NoError(t, os.WriteFile(path, []byte("PK nonsense"), 0o600))
	_, _, err = ReadArchive(path)
	require.ErrorContains(t, err, "not an .npz file")
}

func FuzzNPY(f *testing.F) {
	f.Add(file(1, "{'descr': '<f4', 'fortran_order': True, 'shape': (1, 2), }", []float32{1, 2}))
	f.Add(file(3, "{'descr': '|b1', 'fortran_order': False, 'shape': (), }", []byte{1}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if a, err := Decode(bytes.NewReader(b)); err == nil {
			n := 1
			for _, d := range a.Shape {
				n *= d
			}
			require.Equal(t, n, a.Len())
		}
	})
}
