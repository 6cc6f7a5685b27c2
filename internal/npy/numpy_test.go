package npy

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestNumPy reads what NumPy wrote (tools/vectors/dataset.py): every type, in
// both byte orders and both axis orders, in archives stored and deflated.
func TestNumPy(t *testing.T) {
	for _, path := range []string{"testdata/stored.npz", "testdata/deflated.npz"} {
		_, all, err := ReadArchive(path)
		require.NoError(t, err)
		require.Len(t, all, 53)
		n := 0
		for _, name := range all {
			a, _, err := ReadArchive(path, name)
			switch name {
			case "strings", "objects", "complex":
				require.ErrorContains(t, err, `npy: array "`+name+`": elements of type`)
				require.ErrorContains(t, err, "are not supported, want floats, integers or bool")
				continue
			case "record":
				require.EqualError(t, err, `npy: array "record": structured arrays are not supported, want a plain number type`)
				continue
			case "large":
				require.EqualError(t, err, `npy: array "large": element 1 is 9223372036854775808, want at most 9223372036854775807`)
				continue
			}
			require.NoError(t, err, name)
			require.Len(t, a, 1)
			got := a[name]
			switch name {
			case "bool":
				require.Equal(t, &Array{Shape: []int{1, 3}, Type: "bool", Ints: []int64{1, 0, 1}}, got)
			case "scalar":
				require.Equal(t, &Array{Shape: []int{}, Type: "float32", Floats: []float32{7.5}}, got)
			case "empty":
				require.Equal(t, &Array{Shape: []int{0, 4}, Type: "float32", Floats: []float32{}}, got)
			case "cube":
				require.Equal(t, []int{2, 3, 4}, got.Shape)
				for i, v := range got.Ints {
					require.Equal(t, int64(i), v)
				}
			default:
				n++
				require.Equal(t, []int{2, 3}, got.Shape, name)
				from := float32(-2)
				if strings.Contains(got.Type, "uint") {
					from = 0
				}
				require.Equal(t, []float32{from, from + 1, from + 2, from + 3, from + 4, from + 5}, got.Float32s(), name)
				code := map[byte]string{'f': "float", 'i': "int", 'u': "uint"}[strings.SplitN(name, "-", 3)[1][0]]
				require.True(t, strings.HasPrefix(got.Type, code), "%s is %s", name, got.Type)
				require.Equal(t, code == "float", got.Ints == nil)
			}
		}
		require.Equal(t, 44, n)
	}
	a, err := ReadFile("testdata/array.npy")
	require.NoError(t, err)
	require.Equal(t, []int64{-2, -1, 0, 1, 2, 3}, a.Ints)
	_, err = ReadFile("testdata/missing.npy")
	require.ErrorIs(t, err, os.ErrNotExist)
}

// TestHalf holds the conversion of 16-bit floats to the values that IEEE 754
// gives: every number, by its neighbours' distance.
func TestHalf(t *testing.T) {
	for bits, want := range map[uint16]float32{0: 0, 1: 1.0 / (1 << 24), 0x3ff: 1023.0 / (1 << 24), 0x400: 1.0 / (1 << 14), 0x3c00: 1, 0x3c01: 1 + 1.0/1024, 0x7bff: 65504, 0xbc00: -1, 0x8001: -1.0 / (1 << 24)} {
		require.Equal(t, want, half(bits), "%#x", bits)
	}
	for bits := uint16(1); bits < 0x7c00; bits++ {
		require.Greater(t, half(bits), half(bits-1))
	}
	require.Equal(t, "+Inf -Inf", strings.Trim(strings.Join([]string{str(half(0x7c00)), str(half(0xfc00))}, " "), " "))
	require.NotEqual(t, half(0x7e00), half(0x7e00), "NaN")
}

func str(f float32) string {
	if f > 0 {
		return "+Inf"
	}
	return "-Inf"
}

// allocated returns the bytes that f allocates.
func allocated(f func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

// TestHostileHeaders: a header cannot ask for memory that the file does not have
// bytes for.
func TestHostileHeaders(t *testing.T) {
	for _, shape := range []string{"(1073741824,)", "(1, 1073741824)", "(32768, 32768)", "(0, 4611686018427387903)", "(0, 99999999, 99999999, 99999999)",
		"(99999999999999999999,)", "(4611686018427387904, 2)", "(1073741825,)", "(-1,)", "(1e3,)", "(2", "2", "((2,),)"} {
		for _, code := range []string{"<f8", "|u1", "<f2"} {
			b := file(1, "{'descr': '"+code+"', 'fortran_order': True, 'shape': "+shape+", }", make([]byte, 100))
			got := allocated(func() {
				a, err := Decode(bytes.NewReader(b))
				require.Error(t, err, shape)
				require.Nil(t, a)
			})
			require.Less(t, got, int64(2<<20), shape)
		}
	}
}

// TestArchiveErrors: archives that are broken or pack more than they should.
func TestArchiveErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.npz")
	write := func(b []byte) { require.NoError(t, os.WriteFile(path, b, 0o600)) }
	pack := func(method uint16, name string, parts ...io.Reader) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: method})
		require.NoError(t, err)
		_, err = io.Copy(w, io.MultiReader(parts...))
		require.NoError(t, err)
		require.NoError(t, z.Close())
		return b.Bytes()
	}
	zeros := func(n int64) io.Reader { return io.LimitReader(zero{}, n) }
	head := func(n string) io.Reader {
		return bytes.NewReader(file(1, "{'descr': '|u1', 'fortran_order': False, 'shape': ("+n+",), }", nil))
	}
	fails := func(want string) {
		t.Helper()
		got := allocated(func() {
			_, _, err := ReadArchive(path, "x")
			require.ErrorContains(t, err, want)
		})
		require.Less(t, got, int64(4<<20))
	}

	// Much that packs well is a bomb; a little is not.
	write(pack(zip.Deflate, "x.npy", head("100000000"), zeros(100_000_000)))
	fails(`npy: array "x": 1`)
	fails("bytes unpack to 100000075, want at most 200 times as many")
	write(pack(zip.Deflate, "x.npy", head("1000000"), zeros(1_000_000)))
	a, _, err := ReadArchive(path, "x")
	require.NoError(t, err)
	require.Len(t, a["x"].Ints, 1_000_000)

	// An entry that says it is short.
	b := pack(zip.Deflate, "x.npy", head("100000000"), zeros(100_000_000))
	for i := 0; i+4 < len(b); i++ {
		if binary.LittleEndian.Uint32(b[i:]) == 100000075 {
			binary.LittleEndian.PutUint32(b[i:], 500)
		}
	}
	write(b)
	fails(`npy: array "x": zip: not a valid zip file`)

	good := pack(zip.Store, "x.npy", head("3"), zeros(3))
	write(good[:len(good)-30])
	fails("npy: this is not an .npz file, or it is cut off")
	write(nil)
	fails("npy: this is not an .npz file, or it is cut off")
	write(pack(zip.Store, "x.npy", strings.NewReader("hello there")))
	fails(`npy: array "x": this is not a .npy file`)
	write(pack(zip.Store, "x.npy", head("3"), zeros(2)))
	fails(`npy: array "x": the file ends after 2 of 3 elements`)
	good[bytes.Index(good, []byte("\x93NUMPY"))+70] ^= 1 // data, which has a checksum
	write(good)
	fails(`npy: array "x": zip: checksum error`)
	_, _, err = ReadArchive(filepath.Join(t.TempDir(), "none.npz"))
	require.ErrorIs(t, err, os.ErrNotExist)
	write(pack(zip.Store, "readme.txt", strings.NewReader("hello")))
	a, all, err := ReadArchive(path, "x")
	require.NoError(t, err)
	require.Empty(t, a)
	require.Empty(t, all)
}

type zero struct{}

func (zero) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// FuzzNPZ reads arbitrary archives.
func FuzzNPZ(f *testing.F) {
	for _, path := range []string{"testdata/stored.npz", "testdata/deflated.npz"} {
		b, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(b)
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("x.npy")
	require.NoError(f, err)
	require.NoError(f, Encode(w, []int{2}, []float32{1, 2}))
	require.NoError(f, z.Close())
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "a.npz")
		require.NoError(t, os.WriteFile(path, b, 0o600))
		_, all, err := ReadArchive(path)
		if err != nil {
			return
		}
		for _, name := range all[:min(4, len(all))] {
			var arrays map[string]*Array
			var err error
			got := allocated(func() { arrays, _, err = ReadArchive(path, name) })
			require.Less(t, got, int64(2<<20)+freeBytes+40*maxRatio*int64(len(b)))
			if err != nil {
				require.NotContains(t, err.Error(), "\n")
				continue
			}
			a := arrays[name]
			n := 1
			for _, d := range a.Shape {
				n *= d
			}
			require.Equal(t, n, a.Len())
		}
	})
}
