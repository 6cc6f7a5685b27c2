package onnx

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"github.com/edgerun/edgerun/internal/ir"
)

// ONNX element types that ir does not keep.
const (
	onnxString   = 8
	onnxFloat16  = 10
	onnxDouble   = 11
	onnxBFloat16 = 16
)

// elemSize is the number of bytes of an element in raw_data, 0 for types that
// are not taken.
func elemSize(dtype int64) int {
	switch dtype {
	case int64(ir.Uint8), int64(ir.Int8), int64(ir.Bool):
		return 1
	case int64(ir.Uint16), int64(ir.Int16), onnxFloat16, onnxBFloat16:
		return 2
	case int64(ir.Float32), int64(ir.Int32), int64(ir.Uint32):
		return 4
	case int64(ir.Int64), int64(ir.Uint64), onnxDouble:
		return 8
	}
	return 0
}

// elemType maps an ONNX element type to ours: every floating-point type is
// Float32 from here on.
func elemType(dtype int64) (ir.DType, error) {
	switch {
	case dtype == onnxFloat16 || dtype == onnxBFloat16 || dtype == onnxDouble:
		return ir.Float32, nil
	case elemSize(dtype) > 0:
		return ir.DType(dtype), nil
	case dtype == onnxString:
		return 0, fmt.Errorf("element type string is %w", ir.ErrUnsupported)
	}
	return 0, fmt.Errorf("element type %d is %w, want float, float16, bfloat16, double, bool or an integer of 8 to 64 bits", dtype, ir.ErrUnsupported)
}

// decode turns a TensorProto into data, reading external data where the model
// lies.
func (f *file) decode(t *tensorProto) (*ir.Tensor, error) {
	d, err := elemType(t.dtype)
	if err != nil {
		return nil, err
	}
	if t.segment {
		return nil, fmt.Errorf("data in segments is %w, want it in one piece", ir.ErrUnsupported)
	}
	shape := make([]int, len(t.dims))
	for i, v := range t.dims {
		if v < 0 || v > ir.MaxElements {
			return nil, fmt.Errorf("dims %v: want sizes in [0, %d]", t.dims, ir.MaxElements)
		}
		shape[i] = int(v)
	}
	n, err := ir.Elements(shape)
	if err != nil {
		return nil, err
	}
	raw, hasRaw := t.raw, t.hasRaw
	if t.external != nil || t.isExternal {
		if raw, err = f.readExternal(t.external, t.bytes(n)); err != nil {
			return nil, err
		}
		hasRaw = true
	}
	if hasRaw {
		if int64(len(raw)) != t.bytes(n) {
			return nil, fmt.Errorf("%d bytes of data, want %d for %v", len(raw), t.bytes(n), shape)
		}
		out := decodeRaw(raw, t.dtype, d, shape, n)
		return out, checkRange(out)
	}
	out := &ir.Tensor{DType: d, Shape: shape}
	var have int
	switch {
	case t.dtype == int64(ir.Float32):
		have, out.F = len(t.floats), t.floats
	case t.dtype == onnxDouble:
		have = len(t.doubles)
		out.F = make([]float32, have)
		for i, v := range t.doubles {
			out.F[i] = float32(v)
		}
	case t.dtype == onnxFloat16 || t.dtype == onnxBFloat16: // bit patterns in int32_data
		have = len(t.ints)
		out.F = make([]float32, have)
		for i, v := range t.ints {
			out.F[i] = half(uint16(v), t.dtype)
		}
	default:
		have, out.I = len(t.ints), t.ints
	}
	if have != n {
		return nil, fmt.Errorf("%d elements of data, want %d for %v", have, n, shape)
	}
	return out, checkRange(out)
}

// checkRange fails on integers that do not fit their type, and on those of
// uint64 that do not fit int64.
func checkRange(t *ir.Tensor) error {
	lo, hi := t.DType.Range()
	for i, v := range t.I {
		if v < lo || v > hi {
			return fmt.Errorf("element %d is %d, want %s in [%d, %d]", i, v, t.DType, lo, hi)
		}
	}
	return nil
}

// bytes is the size of n elements in raw form.
func (t *tensorProto) bytes(n int) int64 { return int64(n) * int64(elemSize(t.dtype)) }

func decodeRaw(raw []byte, dtype int64, d ir.DType, shape []int, n int) *ir.Tensor {
	out := ir.NewTensor(d, shape)
	le := binary.LittleEndian
	for i := range n {
		switch dtype {
		case int64(ir.Float32):
			out.F[i] = math.Float32frombits(le.Uint32(raw[4*i:]))
		case onnxDouble:
			out.F[i] = float32(math.Float64frombits(le.Uint64(raw[8*i:])))
		case onnxFloat16, onnxBFloat16:
			out.F[i] = half(le.Uint16(raw[2*i:]), dtype)
		case int64(ir.Uint8):
			out.I[i] = int64(raw[i])
		case int64(ir.Int8):
			out.I[i] = int64(int8(raw[i]))
		case int64(ir.Bool):
			if raw[i] != 0 {
				out.I[i] = 1
			}
		case int64(ir.Uint16):
			out.I[i] = int64(le.Uint16(raw[2*i:]))
		case int64(ir.Int16):
			out.I[i] = int64(int16(le.Uint16(raw[2*i:])))
		case int64(ir.Int32):
			out.I[i] = int64(int32(le.Uint32(raw[4*i:])))
		case int64(ir.Uint32):
			out.I[i] = int64(le.Uint32(raw[4*i:]))
		default: // Int64, Uint64
			out.I[i] = int64(le.Uint64(raw[8*i:]))
		}
	}
	return out
}

// half converts the bits of an IEEE 754 binary16 or of a bfloat16.
func half(bits uint16, dtype int64) float32 {
	if dtype == onnxBFloat16 {
		return math.Float32frombits(uint32(bits) << 16)
	}
	sign := uint32(bits>>15) << 31
	exp := uint32(bits >> 10 & 0x1f)
	man := uint32(bits & 0x3ff)
	switch exp {
	case 0:
		f := float32(man) / (1 << 24)
		return math.Float32frombits(math.Float32bits(f) | sign)
	case 31:
		return math.Float32frombits(sign | 0xff<<23 | man<<13)
	}
	return math.Float32frombits(sign | (exp+127-15)<<23 | man<<13)
}

// maxExternal bounds the memory for data from other files, also when many
// tensors share one.
const maxExternal = 1 << (29 + 2*(math.MaxInt>>62)) // 2 GiB, 512 MiB on 32-bit machines

// claim adds the memory that external data takes to the model's bill.
func (f *file) claim(t *tensorProto) error {
	if t.external == nil && !t.isExternal {
		return nil
	}
	n := int64(8)
	for _, d := range t.dims {
		if d < 0 || d > 0 && n > maxExternal/d {
			n = maxExternal + 1
			break
		}
		n *= d
	}
	if f.external += n; n > maxExternal || f.external > maxExternal {
		return fmt.Errorf("data from other files takes more than %d MiB", maxExternal>>20)
	}
	return nil
}

// decodeAttr is claim and decode for a tensor that is an attribute.
func (f *file) decodeAttr(a *attrProto) (*ir.Tensor, error) {
	err := f.claim(a.t)
	var t *ir.Tensor
	if err == nil {
		t, err = f.decode(a.t)
	}
	if err != nil {
		return nil, fmt.Errorf("attribute %q: %w", a.name, err)
	}
	return t, nil
}

// readExternal reads a tensor's bytes from a file below the model's directory,
// and from nowhere else: os.Root refuses paths and links that lead out of it.
func (f *file) readExternal(ext map[string]string, size int64) ([]byte, error) {
	loc := ext["location"]
	fail := func(format string, a ...any) ([]byte, error) {
		return nil, fmt.Errorf("external data %q: "+format, append([]any{loc}, a...)...)
	}
	failed := func(err error) ([]byte, error) {
		var pe *os.PathError
		if errors.As(err, &pe) {
			err = pe.Err // it repeats the name
		}
		return fail("%w", err)
	}
	if loc == "" {
		return nil, errors.New("external data has no location, want a file beside the model")
	}
	if f.dir == "" {
		return fail("the model was not opened from a directory")
	}
	if !filepath.IsLocal(loc) {
		return fail("want a path below the model's directory")
	}
	num := func(key string, def int64) (int64, error) {
		s, ok := ext[key]
		if !ok {
			return def, nil
		}
		v, err := strconv.ParseInt(s, 10, 64)
		if err != nil || v < 0 {
			return 0, fmt.Errorf("external data %q: %s %.40q is not a number of bytes", loc, key, s)
		}
		return v, nil
	}
	off, err := num("offset", 0)
	if err != nil {
		return nil, err
	}
	length, err := num("length", size)
	if err != nil {
		return nil, err
	}
	if length != size {
		return fail("length %d, want %d", length, size)
	}
	root, err := os.OpenRoot(f.dir)
	if err != nil {
		return failed(err)
	}
	defer root.Close()
	st, err := root.Stat(loc) // before it is opened: a pipe would block
	if err != nil {
		return failed(err)
	}
	if !st.Mode().IsRegular() {
		return fail("want a regular file")
	}
	if off > st.Size() || length > st.Size()-off {
		return fail("%d bytes from %d on, but the file ends at %d", length, off, st.Size())
	}
	r, err := root.Open(loc)
	if err != nil {
		return failed(err)
	}
	defer r.Close()
	buf := make([]byte, length)
	if n, err := r.ReadAt(buf, off); n < len(buf) {
		return failed(err)
	}
	return buf, nil
}
