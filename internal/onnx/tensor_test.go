package onnx_test

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/edgerun/edgerun/internal/ir"
	"github.com/edgerun/edgerun/internal/onnx"
	ot "github.com/edgerun/edgerun/internal/onnxtest"
)

// raw is TensorProto.raw_data, little-endian.
func raw(v ...any) []byte {
	var b []byte
	for _, x := range v {
		b, _ = binary.Append(b, binary.LittleEndian, x)
	}
	return ot.Bytes(9, b)
}

// packed is a packed field of varints.
func packed(num protowire.Number, v ...int64) []byte {
	var b []byte
	for _, x := range v {
		b = protowire.AppendVarint(b, uint64(x))
	}
	return ot.Bytes(num, b)
}

func fixed64(num protowire.Number, v float64) []byte {
	return protowire.AppendFixed64(protowire.AppendTag(nil, num, protowire.Fixed64Type), math.Float64bits(v))
}

// importTensor imports a model that is an initializer called "t".
func importTensor(opt onnx.Options, dtype int, fields ...[]byte) (*ir.Tensor, error) {
	g, err := onnx.Import(ot.Model(13, ot.Bytes(5, ot.Int(2, int64(dtype)), ot.Text(8, "t"), ot.Join(fields...)), ot.Out("t")), opt)
	if err != nil {
		return nil, err
	}
	return g.Outputs[0].Const, nil
}

func TestInitializerEncodings(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	floats := func(v ...float32) *ir.Tensor { return ir.FloatTensor(v, len(v)) }
	ints := func(d ir.DType, v ...int64) *ir.Tensor { return &ir.Tensor{DType: d, Shape: []int{len(v)}, I: v} }
	half := []uint16{0x0000, 0x8000, 0x3c00, 0xc000, 0x0001, 0x83ff, 0x0400, 0x7bff, 0x7c00, 0xfc00, 0x7e00, 0x3555}
	halfWant := floats(0, float32(math.Copysign(0, -1)), 1, -2, 1.0/(1<<24), -1023.0/(1<<24), 1.0/(1<<14), 65504, inf, -inf, nan, 0.333251953125)
	brain := []uint16{0x0000, 0x3f80, 0xc000, 0x7f80, 0x7fc0, 0x3eab, 0x0001}
	brainWant := floats(0, 1, -2, inf, nan, 0.333984375, math.Float32frombits(0x00010000))
	asInts := func(v []uint16) (out []int64) {
		for _, x := range v {
			out = append(out, int64(x))
		}
		return out
	}
	for _, c := range []struct {
		name   string
		dtype  int
		fields []byte
		want   *ir.Tensor
	}{
		{"float raw", 1, ot.Join(ot.Dims(3), raw(float32(1.5), float32(-2), inf)), floats(1.5, -2, inf)},
		{"float packed", 1, ot.Join(ot.Dims(2), ot.Bytes(4, []byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0})), floats(1, -2)},
		{"float unpacked", 1, ot.Join(ot.Dims(2), ot.Float(4, 1.5), ot.Float(4, -2)), floats(1.5, -2)},
		{"float16 raw", ot.Float16, ot.Join(ot.Dims(len(half)), raw(half)), halfWant},
		{"float16 int32_data", ot.Float16, ot.Join(ot.Dims(len(half)), packed(5, asInts(half)...)), halfWant},
		{"bfloat16 raw", ot.BFloat16, ot.Join(ot.Dims(len(brain)), raw(brain)), brainWant},
		{"bfloat16 int32_data", ot.BFloat16, ot.Join(ot.Dims(len(brain)), packed(5, asInts(brain)...)), brainWant},
		{"double raw", ot.Double, ot.Join(ot.Dims(3), raw(1.5, -2.0, 1e300)), floats(1.5, -2, inf)},
		{"double packed", ot.Double, ot.Join(ot.Dims(1), ot.Bytes(10, binary.LittleEndian.AppendUint64(nil, math.Float64bits(-0.25)))), floats(-0.25)},
		{"double unpacked", ot.Double, ot.Join(ot.Dims(2), fixed64(10, 1.5), fixed64(10, -2)), floats(1.5, -2)},
		{"int8 raw", int(ir.Int8), ot.Join(ot.Dims(3), raw(int8(-128), int8(-1), int8(127))), ints(ir.Int8, -128, -1, 127)},
		{"int8 int32_data", int(ir.Int8), ot.Join(ot.Dims(2), packed(5, -128, 127)), ints(ir.Int8, -128, 127)},
		{"int8 int32_data of a writer without sign extension", int(ir.Int8), ot.Join(ot.Dims(1), packed(5, 0xffffffff)), ints(ir.Int8, -1)},
		{"uint8 raw", int(ir.Uint8), ot.Join(ot.Dims(2), raw(uint8(0), uint8(255))), ints(ir.Uint8, 0, 255)},
		{"uint8 int32_data", int(ir.Uint8), ot.Join(ot.Dims(2), packed(5, 0, 255)), ints(ir.Uint8, 0, 255)},
		{"int16 raw", int(ir.Int16), ot.Join(ot.Dims(2), raw(int16(-32768), int16(32767))), ints(ir.Int16, -32768, 32767)},
		{"uint16 raw", int(ir.Uint16), ot.Join(ot.Dims(1), raw(uint16(65535))), ints(ir.Uint16, 65535)},
		{"int32 raw", int(ir.Int32), ot.Join(ot.Dims(2), raw(int32(math.MinInt32), int32(7))), ints(ir.Int32, math.MinInt32, 7)},
		{"int32 unpacked", int(ir.Int32), ot.Join(ot.Dims(2), ot.Int(5, -3), ot.Int(5, 4)), ints(ir.Int32, -3, 4)},
		{"uint32 raw", int(ir.Uint32), ot.Join(ot.Dims(1), raw(uint32(math.MaxUint32))), ints(ir.Uint32, math.MaxUint32)},
		{"uint32 uint64_data", int(ir.Uint32), ot.Join(ot.Dims(1), packed(11, math.MaxUint32)), ints(ir.Uint32, math.MaxUint32)},
		{"int64 raw", int(ir.Int64), ot.Join(ot.Dims(2), raw(int64(math.MinInt64), int64(math.MaxInt64))), ints(ir.Int64, math.MinInt64, math.MaxInt64)},
		{"int64 packed", int(ir.Int64), ot.Join(ot.Dims(2), packed(7, -1, 1<<40)), ints(ir.Int64, -1, 1<<40)},
		{"uint64 raw", int(ir.Uint64), ot.Join(ot.Dims(1), raw(uint64(1<<40))), ints(ir.Uint64, 1<<40)},
		{"uint64 uint64_data", int(ir.Uint64), ot.Join(ot.Dims(1), packed(11, 1<<40)), ints(ir.Uint64, 1<<40)},
		{"bool raw", int(ir.Bool), ot.Join(ot.Dims(3), raw([]byte{0, 1, 255})), ints(ir.Bool, 0, 1, 1)},
		{"bool int32_data", int(ir.Bool), ot.Join(ot.Dims(2), packed(5, 0, 1)), ints(ir.Bool, 0, 1)},
		{"scalar", 1, raw(float32(3)), ir.FloatTensor([]float32{3})},
		{"matrix", 1, ot.Join(ot.Dims(1, 2), raw(float32(3), float32(4))), ir.FloatTensor([]float32{3, 4}, 1, 2)},
		{"packed dims", 1, ot.Join(packed(1, 2, 1), raw(float32(3), float32(4))), ir.FloatTensor([]float32{3, 4}, 2, 1)},
		{"empty", 1, ot.Join(ot.Dims(0, 3), raw()), ir.FloatTensor([]float32{}, 0, 3)},
		{"empty without data", 1, ot.Dims(0), ir.FloatTensor([]float32{}, 0)},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := importTensor(onnx.Options{}, c.dtype, c.fields)
			require.NoError(t, err)
			require.Equal(t, c.want.DType, got.DType)
			require.ElementsMatch(t, c.want.Shape, got.Shape)
			require.Len(t, got.F, len(c.want.F))
			for i, v := range c.want.F {
				if v != v {
					require.True(t, got.F[i] != got.F[i], "element %d", i)
				} else {
					require.Equal(t, math.Float32bits(v), math.Float32bits(got.F[i]), "element %d: %g", i, got.F[i])
				}
			}
			require.Equal(t, append([]int64{}, c.want.I...), append([]int64{}, got.I...))
		})
	}
}

func TestInitializerErrors(t *testing.T) {
	for _, c := range []struct {
		name   string
		dtype  int
		fields []byte
		want   string
	}{
		{"too few floats", 1, ot.Join(ot.Dims(3), ot.Float(4, 1)), `initializer "t": 1 elements of data, want 3 for [3]`},
		{"too many floats", 1, ot.Join(ot.Dims(1), ot.Float(4, 1), ot.Float(4, 1)), `2 elements of data, want 1 for [1]`},
		{"no data", 1, ot.Dims(2, 2), `0 elements of data, want 4 for [2 2]`},
		{"raw too short", 1, ot.Join(ot.Dims(2), ot.Bytes(9, make([]byte, 7))), `7 bytes of data, want 8 for [2]`},
		{"raw too long", int(ir.Int64), ot.Join(ot.Dims(1), ot.Bytes(9, make([]byte, 16))), `16 bytes of data, want 8 for [1]`},
		{"data of another type", 1, ot.Join(ot.Dims(1), packed(7, 1)), `0 elements of data, want 1`},
		{"packed floats cut off", 1, ot.Join(ot.Dims(1), ot.Bytes(4, []byte{1, 2, 3})), `no multiple of 4`},
		{"packed doubles cut off", ot.Double, ot.Join(ot.Dims(1), ot.Bytes(10, []byte{1, 2, 3})), `no multiple of 8`},
		{"int8 out of range", int(ir.Int8), ot.Join(ot.Dims(2), packed(5, 1, 128)), `element 1 is 128, want int8 in [-128, 127]`},
		{"uint8 negative", int(ir.Uint8), ot.Join(ot.Dims(1), packed(5, -1)), `element 0 is -1, want uint8 in [0, 255]`},
		{"bool of 2", int(ir.Bool), ot.Join(ot.Dims(1), packed(5, 2)), `element 0 is 2, want bool in [0, 1]`},
		{"uint64 beyond int64", int(ir.Uint64), ot.Join(ot.Dims(1), raw(uint64(math.MaxUint64))), `want uint64 in [0, 9223372036854775807]`},
		{"negative dimension", 1, ot.Dims(-1), `dims [-1]: want sizes in [0, 268435456]`},
		{"huge dimension", 1, ot.Dims(1 << 30), `dims [1073741824]: want sizes in [0, 268435456]`},
		{"product overflows", 1, ot.Dims(1<<20, 1<<20, 1<<20, 1<<4), `more than 268435456 elements`},
		{"empty, but huge", 1, ot.Dims(1<<20, 1<<20, 0), `more than 268435456 elements`},
		{"many dimensions", 1, ot.Dims(make([]int, 17)...), `"t" has 17 dimensions or more, want at most 16`},
		{"strings", ot.String, ot.Join(ot.Dims(1), ot.Text(6, "x")), `element type string is not supported`},
		{"complex", 14, ot.Dims(1), `element type 14 is not supported, want float, float16`},
		{"int4", 22, ot.Dims(1), `element type 22 is not supported`},
		{"no type", 0, ot.Dims(1), `element type 0 is not supported`},
		{"unknown type", 99, ot.Dims(1), `element type 99 is not supported`},
		{"segments", 1, ot.Join(ot.Dims(1), ot.Bytes(3, ot.Int(1, 0))), `data in segments is not supported`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := importTensor(onnx.Options{}, c.dtype, c.fields)
			require.ErrorContains(t, err, c.want)
			oneLine(t, err)
		})
	}
}

// external is TensorProto.external_data with data_location EXTERNAL.
func external(keyValues ...string) []byte {
	b := ot.Int(14, 1)
	for i := 0; i < len(keyValues); i += 2 {
		b = append(b, ot.Bytes(13, ot.Text(1, keyValues[i]), ot.Text(2, keyValues[i+1]))...)
	}
	return b
}

func TestExternalData(t *testing.T) {
	outside := t.TempDir()
	dir := filepath.Join(outside, "model")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "sub", "directory.bin"), 0o755))
	write := func(name string, v ...float32) {
		b, err := binary.Append(nil, binary.LittleEndian, v)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(name, b, 0o644))
	}
	write(filepath.Join(dir, "w.bin"), 1, 2, 3, 4)
	write(filepath.Join(dir, "sub", "w.bin"), 5, 6)
	write(filepath.Join(outside, "secret.bin"), 7, 8)
	secret := filepath.Join(outside, "secret.bin")
	require.NoError(t, os.Symlink("w.bin", filepath.Join(dir, "inner")))
	require.NoError(t, os.Symlink(secret, filepath.Join(dir, "absolute")))
	require.NoError(t, os.Symlink("../secret.bin", filepath.Join(dir, "relative")))
	require.NoError(t, os.Symlink("..", filepath.Join(dir, "up")))
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o644))

	for _, c := range []struct {
		name string
		ext  []byte
		want []float32
		err  string
	}{
		{"whole file", external("location", "sub/w.bin"), []float32{5, 6}, ""},
		{"offset", external("location", "w.bin", "offset", "4"), []float32{2, 3}, ""},
		{"offset and length", external("location", "w.bin", "offset", "8", "length", "8"), []float32{3, 4}, ""},
		{"the beginning of a file", external("location", "w.bin", "length", "8"), []float32{1, 2}, ""},
		{"checksum is not looked at", external("location", "w.bin", "checksum", "x"), []float32{1, 2}, ""},
		{"link within the directory", external("location", "inner"), []float32{1, 2}, ""},
		{"dot dot that stays inside", external("location", "sub/../w.bin"), []float32{1, 2}, ""},

		{"no location", external(), nil, `external data has no location, want a file beside the model`},
		{"empty location", external("location", ""), nil, `external data has no location`},
		{"wrong length", external("location", "w.bin", "length", "12"), nil, `external data "w.bin": length 12, want 8`},
		{"offset behind the end", external("location", "w.bin", "offset", "12"), nil, `external data "w.bin": 8 bytes from 12 on, but the file ends at 16`},
		{"offset far behind the end", external("location", "w.bin", "offset", "9223372036854775807"), nil, `but the file ends at 16`},
		{"offset is no number", external("location", "w.bin", "offset", "-4"), nil, `offset "-4" is not a number of bytes`},
		{"length is no number", external("location", "w.bin", "length", "8 bytes"), nil, `length "8 bytes" is not a number of bytes`},
		{"missing file", external("location", "nothing.bin"), nil, `external data "nothing.bin": `},
		{"directory", external("location", "sub/directory.bin"), nil, `external data "sub/directory.bin": want a regular file`},
		{"the directory itself", external("location", "."), nil, `want a regular file`},
		{"pipe", external("location", "pipe"), nil, `external data "pipe": want a regular file`},
		{"dot dot", external("location", "../secret.bin"), nil, `external data "../secret.bin": want a path below the model's directory`},
		{"hidden dot dot", external("location", "sub/../../secret.bin"), nil, `want a path below the model's directory`},
		{"absolute path", external("location", secret), nil, `want a path below the model's directory`},
		{"absolute link", external("location", "absolute"), nil, `external data "absolute": `},
		{"relative link", external("location", "relative"), nil, `external data "relative": `},
		{"link to a directory outside", external("location", "up/secret.bin"), nil, `external data "up/secret.bin": `},
		{"NUL byte", external("location", "w.bin\x00"), nil, `external data "w.bin\x00": `},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := importTensor(onnx.Options{Dir: dir}, 1, ot.Dims(2), c.ext)
			if c.err != "" {
				require.ErrorContains(t, err, `onnx: initializer "t": `)
				require.ErrorContains(t, err, c.err)
				oneLine(t, err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, got.F)
		})
	}
	t.Run("no directory", func(t *testing.T) {
		_, err := importTensor(onnx.Options{}, 1, ot.Dims(2), external("location", "w.bin"))
		require.ErrorContains(t, err, `external data "w.bin": the model was not opened from a directory`)
	})
	t.Run("missing directory", func(t *testing.T) {
		_, err := importTensor(onnx.Options{Dir: filepath.Join(dir, "nowhere")}, 1, ot.Dims(2), external("location", "w.bin"))
		require.ErrorContains(t, err, `external data "w.bin": `)
	})
	t.Run("one file for many tensors", func(t *testing.T) {
		// A sparse file of 64 MiB, that takes 512 MiB a time as int64.
		require.NoError(t, os.WriteFile(filepath.Join(dir, "big.bin"), nil, 0o644))
		require.NoError(t, os.Truncate(filepath.Join(dir, "big.bin"), 1<<26))
		var graph []byte
		for i := range 5 {
			graph = append(graph, ot.Bytes(5, ot.Int(2, int64(ir.Bool)), ot.Text(8, string(rune('a'+i))), ot.Dims(1<<26), external("location", "big.bin"))...)
		}
		_, err := onnx.Import(ot.Model(13, graph, ot.Out("a")), onnx.Options{Dir: dir})
		require.ErrorContains(t, err, "data from other files takes more than")
		oneLine(t, err)
	})
}
