package ermfmt_test

import (
	"bytes"
	"fmt"
	"os"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	ermfmt "github.com/edgerun/edgerun/fmt"
	"github.com/edgerun/edgerun/internal/ermoracle"
)

func encode(t testing.TB, m *ermfmt.Model) []byte {
	t.Helper()
	b, err := ermfmt.Bytes(m)
	require.NoError(t, err)
	return b
}

func decode(t testing.TB, b []byte) *ermfmt.Model {
	t.Helper()
	m, err := ermfmt.Decode(b)
	require.NoError(t, err)
	return m
}

// example is the file of docs/format.md.
func example(t testing.TB) []byte {
	doc, err := os.ReadFile("../docs/format.md")
	require.NoError(t, err)
	e, err := ermoracle.ReadExample(string(doc))
	require.NoError(t, err)
	return e.File
}

// tiny is the model that docs/format.md §15 describes.
func tiny() *ermfmt.Model {
	dims := func(c int32) (d [4]int32, s [3]int32) { d = [4]int32{1, 1, 1, c}; return d, ermfmt.Packed(d) }
	x := ermfmt.Tensor{Name: "x", DType: ermfmt.Int8, Order: ermfmt.OrderSame, Scale: 0.5, Zero: -1}
	y := ermfmt.Tensor{Name: "y", DType: ermfmt.Int16, Order: ermfmt.OrderSame, Scale: 0.125, Offset: 16}
	x.Dims, x.Stride = dims(4)
	y.Dims, y.Stride = dims(2)
	return &ermfmt.Model{
		Meta:    []ermfmt.Meta{{Key: ermfmt.MetaName, Value: "tiny"}},
		Tensors: []ermfmt.Tensor{x, y},
		Inputs:  []ermfmt.IO{{Name: "x", Tensor: 0, Type: ermfmt.SourceFloat32, Dims: []int32{1, 4}, Stride: []int32{4, 1}}},
		Outputs: []ermfmt.IO{{Name: "y", Tensor: 1, Type: ermfmt.SourceFloat32, Dims: []int32{1, 2}, Stride: []int32{2, 1}}},
		Ops: []ermfmt.Op{{Kind: ermfmt.KindDense, Name: "fc", In: []int32{0}, Out: []int32{1}, Conv: &ermfmt.Conv{
			KH: 1, KW: 1, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Groups: 1,
			Weights: []int8{127, -64, 3, 0, -127, 5, 60, 33},
			Bias:    []int32{166, -229},
			Requant: ermfmt.Requant{Mult: []int32{1 << 30, 1717986918}, Shift: []uint8{3, 4}},
			Clamp:   ermfmt.Clamp{Lo: -32768, Hi: 32767},
		}}},
		Plan: ermfmt.Plan{Arena: 32, Bound: 32, Scratch: 8704, Buffers: []ermfmt.Buffer{{Offset: 0, Size: 4}, {Offset: 16, Size: 4}}},
	}
}

// plain returns a copy of a model in which empty lists are nil: files do not
// tell the two apart.
func plain(m *ermfmt.Model) *ermfmt.Model {
	var walk func(dst, src reflect.Value)
	walk = func(dst, src reflect.Value) {
		switch src.Kind() {
		case reflect.Slice:
			if src.Len() == 0 {
				return
			}
			dst.Set(reflect.MakeSlice(src.Type(), src.Len(), src.Len()))
			for i := range src.Len() {
				walk(dst.Index(i), src.Index(i))
			}
		case reflect.Pointer:
			if !src.IsNil() {
				dst.Set(reflect.New(src.Type().Elem()))
				walk(dst.Elem(), src.Elem())
			}
		case reflect.Struct:
			for i := range src.NumField() {
				walk(dst.Field(i), src.Field(i))
			}
		case reflect.Array:
			for i := range src.Len() {
				walk(dst.Index(i), src.Index(i))
			}
		default:
			dst.Set(src)
		}
	}
	out := &ermfmt.Model{}
	walk(reflect.ValueOf(out).Elem(), reflect.ValueOf(m).Elem())
	return out
}

// TestDocumentedExample holds the example of docs/format.md to the encoder, the
// decoder and the independent reader. Package edgerun runs it.
func TestDocumentedExample(t *testing.T) {
	file := example(t)
	require.Equal(t, file, encode(t, tiny()))
	require.Equal(t, tiny(), plain(decode(t, file)))
	m, err := ermoracle.Read(file)
	require.NoError(t, err)
	require.Equal(t, tiny(), plain(m))
	h, err := ermfmt.DecodeHeader(file[:ermfmt.HeaderSize])
	require.NoError(t, err)
	require.Equal(t, ermfmt.Header{Major: 1, Minor: 0, Size: int64(len(file)), Arena: 32, Scratch: 8704}, h)
}

// TestRoundTrip decodes what was encoded, with this package and with the
// independent reader, and encodes it again.
func TestRoundTrip(t *testing.T) {
	nets := map[string]*ermfmt.Model{"every": ermoracle.Every(), "empty": {}}
	for seed := range 60 {
		nets[fmt.Sprint("random ", seed)] = ermoracle.Random(uint64(seed))
	}
	for name, m := range nets {
		t.Run(name, func(t *testing.T) {
			b := encode(t, m)
			got := decode(t, b)
			require.Equal(t, plain(m), plain(got))
			require.Equal(t, b, encode(t, got))
			require.Equal(t, b, encode(t, plain(m)), "an equal model gives other bytes")
			ref, err := ermoracle.Read(b)
			require.NoError(t, err)
			require.Equal(t, plain(m), plain(ref))
			var w bytes.Buffer
			require.NoError(t, ermfmt.Encode(&w, m))
			require.Equal(t, b, w.Bytes())
		})
	}
}

// TestEveryFieldIsSet keeps the networks of the tests from growing blind: each
// field of the format has, somewhere in them, a value other than 0.
func TestEveryFieldIsSet(t *testing.T) {
	seen := map[string]bool{}
	var walk func(path string, v reflect.Value)
	walk = func(path string, v reflect.Value) {
		switch v.Kind() {
		case reflect.Slice, reflect.Array:
			for i := range v.Len() {
				walk(path, v.Index(i))
			}
		case reflect.Pointer:
			if !v.IsNil() {
				walk(path, v.Elem())
			}
		case reflect.Struct:
			for i := range v.NumField() {
				walk(path+"."+v.Type().Field(i).Name, v.Field(i))
			}
		default:
			seen[path] = seen[path] || !v.IsZero()
		}
	}
	for seed := range 20 {
		walk("Model", reflect.ValueOf(ermoracle.Random(uint64(seed))).Elem())
	}
	walk("Model", reflect.ValueOf(ermoracle.Every()).Elem())
	require.Greater(t, len(seen), 100)
	var never []string
	for path, ok := range seen {
		if !ok {
			never = append(never, path)
		}
	}
	require.Empty(t, never, "fields that are 0 wherever they stand")
}

// TestDecodeInPlace: what Decode returns works when the file lies at any
// address, as bytes embedded in a program do.
func TestDecodeInPlace(t *testing.T) {
	b := encode(t, ermoracle.Every())
	want := plain(decode(t, b))
	room := make([]byte, len(b)+16)
	for shift := range 16 {
		at := room[shift:][:len(b)]
		copy(at, b)
		require.Equal(t, want, plain(decode(t, at)))
	}
}
