// Package npy reads and writes NumPy's .npy files and the .npz archives of
// them (numpy.lib.format, versions 1 to 3).
//
// It exists because the files come from outside: lengths are checked, short
// files are errors, and nothing panics (RATIONALE.md, "Why our own npy reader?").
package npy

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Array is an array in C order, its elements as float32 where the file has
// floating-point numbers and as int64 where it has integers or truth values.
type Array struct {
	Shape  []int
	Type   string // NumPy's name: float32, uint8, …
	Floats []float32
	Ints   []int64
}

// Len returns the number of elements.
func (a *Array) Len() int { return max(len(a.Floats), len(a.Ints)) }

// Float32s returns the elements as float32.
func (a *Array) Float32s() []float32 {
	if a.Ints == nil {
		return a.Floats
	}
	f := make([]float32, len(a.Ints))
	for i, v := range a.Ints {
		f[i] = float32(v)
	}
	return f
}

const magic = "\x93NUMPY"

// maxElements bounds what a header can ask for.
const maxElements = 1 << 30

// kinds maps NumPy's type codes to names and sizes.
var kinds = map[string]struct {
	name string
	size int
}{
	"f2": {"float16", 2}, "f4": {"float32", 4}, "f8": {"float64", 8},
	"i1": {"int8", 1}, "i2": {"int16", 2}, "i4": {"int32", 4}, "i8": {"int64", 8},
	"u1": {"uint8", 1}, "u2": {"uint16", 2}, "u4": {"uint32", 4}, "u8": {"uint64", 8}, "b1": {"bool", 1},
}

// Decode reads one array. The reader must hold nothing behind it.
func Decode(r io.Reader) (*Array, error) {
	a, err := decode(r)
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	return a, nil
}

func decode(r io.Reader) (*Array, error) {
	var head [8]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, cut(err, "this is not a .npy file")
	}
	if string(head[:6]) != magic {
		return nil, errors.New("this is not a .npy file")
	}
	size := 2
	switch head[6] {
	case 1:
	case 2, 3:
		size = 4
	default:
		return nil, fmt.Errorf("format version %d is unknown, want 1 to 3", head[6])
	}
	var lenBuf [4]byte
	if _, err := io.ReadFull(r, lenBuf[:size]); err != nil {
		return nil, cut(err, "the header is cut off")
	}
	n := binary.LittleEndian.Uint32(lenBuf[:])
	if n > 1<<16 {
		return nil, fmt.Errorf("a header of %d bytes is too long", n)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, cut(err, "the header is cut off")
	}
	h, err := parseHeader(string(text))
	if err != nil {
		return nil, err
	}
	return h.read(r)
}

// cut is the error for data that ends too early, or what else kept it from being
// read.
func cut(err error, msg string) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New(msg)
	}
	return err
}

// header is the dictionary in front of the data.
type header struct {
	kind    string // such as f4
	big     bool
	fortran bool
	shape   []int
}

// parseHeader reads a Python dictionary literal with the keys descr,
// fortran_order and shape.
func parseHeader(s string) (h header, err error) {
	s = strings.TrimSpace(s)
	if !strings.HasPrefix(s, "{") || !strings.HasSuffix(s, "}") {
		return h, errors.New("the header is not a dictionary")
	}
	value := func(key string) (string, error) {
		for _, q := range []string{"'", "\""} {
			if _, rest, ok := strings.Cut(s, q+key+q); ok {
				rest = strings.TrimLeft(rest, " \t")
				if rest, ok = strings.CutPrefix(rest, ":"); ok {
					return strings.TrimLeft(rest, " \t"), nil
				}
			}
		}
		return "", fmt.Errorf("the header has no %q", key)
	}
	descr, err := value("descr")
	if err != nil {
		return h, err
	}
	if len(descr) < 2 || descr[0] != '\'' && descr[0] != '"' {
		return h, errors.New("structured arrays are not supported, want a plain number type")
	}
	code, _, ok := strings.Cut(descr[1:], descr[:1])
	if !ok {
		return h, errors.New("the type in the header is cut off")
	}
	h.kind = strings.TrimLeft(code, "<>=|")
	h.big = strings.HasPrefix(code, ">")
	if code == "?" {
		h.kind = "b1"
	}
	if _, ok := kinds[h.kind]; !ok {
		return h, fmt.Errorf("elements of type %q are not supported, want floats, integers or bool", code)
	}
	order, err := value("fortran_order")
	if err != nil {
		return h, err
	}
	switch {
	case strings.HasPrefix(order, "True"):
		h.fortran = true
	case !strings.HasPrefix(order, "False"):
		return h, errors.New("fortran_order is neither True nor False")
	}
	shape, err := value("shape")
	if err != nil {
		return h, err
	}
	list, _, ok := strings.Cut(shape, ")")
	if !ok || !strings.HasPrefix(list, "(") {
		return h, errors.New("the shape is not a tuple")
	}
	h.shape = []int{}
	total := 1
	for _, f := range strings.Split(list[1:], ",") {
		if f = strings.TrimSpace(f); f == "" {
			continue
		}
		d, err := strconv.Atoi(strings.TrimSuffix(f, "L"))
		if err != nil || d < 0 {
			return h, fmt.Errorf("%q in the shape is not a size", f)
		}
		if d > 0 && total > maxElements/d {
			return h, errors.New("the array has too many elements")
		}
		total *= d
		h.shape = append(h.shape, d)
	}
	return h, nil
}

func (h *header) read(r io.Reader) (*Array, error) {
	k := kinds[h.kind]
	n := 1
	for _, d := range h.shape {
		n *= d
	}
	a := &Array{Shape: h.shape, Type: k.name}
	float := h.kind[0] == 'f'
	var order binary.ByteOrder = binary.LittleEndian
	if h.big {
		order = binary.BigEndian
	}
	// Data is read in pieces, so that a header cannot ask for more memory than
	// the file has bytes.
	const piece = 1 << 16
	buf := make([]byte, min(n, piece)*k.size)
	for left := n; left > 0; {
		m := min(left, piece)
		b := buf[:m*k.size]
		if got, err := io.ReadFull(r, b); err != nil {
			return nil, cut(err, fmt.Sprintf("the file ends after %d of %d elements", n-left+got/k.size, n))
		}
		left -= m
		for ; len(b) > 0; b = b[k.size:] {
			if float {
				a.Floats = append(a.Floats, toFloat(b, k.size, order))
				continue
			}
			v := toInt(b, h.kind, order)
			if v < 0 && h.kind == "u8" {
				return nil, fmt.Errorf("element %d is %d, want at most %d", len(a.Ints), uint64(v), int64(math.MaxInt64))
			}
			a.Ints = append(a.Ints, v)
		}
	}
	var one [1]byte
	switch m, err := r.Read(one[:]); {
	case m > 0:
		return nil, fmt.Errorf("bytes follow the %d elements", n)
	case err != nil && err != io.EOF: // an archive's checksum, for instance
		return nil, err
	}
	if n == 0 && float {
		a.Floats = []float32{}
	}
	if h.fortran && len(h.shape) > 1 {
		a.Floats, a.Ints = cOrder(a.Floats, h.shape), cOrder(a.Ints, h.shape)
	}
	return a, nil
}

func toFloat(b []byte, size int, o binary.ByteOrder) float32 {
	switch size {
	case 4:
		return math.Float32frombits(o.Uint32(b))
	case 8:
		return float32(math.Float64frombits(o.Uint64(b)))
	}
	return half(o.Uint16(b))
}

// half converts an IEEE 754 binary16.
func half(v uint16) float32 {
	exp, man := int(v>>10&0x1f), float64(v&0x3ff)
	f := 0.0
	switch exp {
	case 0:
		f = math.Ldexp(man, -24)
	case 31:
		f = math.Inf(1)
		if man != 0 {
			f = math.NaN()
		}
	default:
		f = math.Ldexp(1024+man, exp-25)
	}
	if v>>15 == 1 {
		f = -f
	}
	return float32(f)
}

func toInt(b []byte, kind string, o binary.ByteOrder) int64 {
	switch kind {
	case "i1":
		return int64(int8(b[0]))
	case "i2":
		return int64(int16(o.Uint16(b)))
	case "u2":
		return int64(o.Uint16(b))
	case "i4":
		return int64(int32(o.Uint32(b)))
	case "u4":
		return int64(o.Uint32(b))
	case "i8", "u8":
		return int64(o.Uint64(b))
	}
	return int64(b[0])
}

// cOrder reorders elements whose first index runs fastest.
func cOrder[T any](in []T, shape []int) []T {
	if len(in) == 0 {
		return in
	}
	out := make([]T, len(in))
	ix := make([]int, len(shape))
	for i := range out {
		at := 0
		for d := len(shape) - 1; d >= 0; d-- {
			at = at*shape[d] + ix[d]
		}
		out[i] = in[at]
		for d := len(ix) - 1; d >= 0; d-- {
			if ix[d]++; ix[d] < shape[d] {
				break
			}
			ix[d] = 0
		}
	}
	return out
}

// ReadFile reads a .npy file.
func ReadFile(path string) (*Array, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return Decode(newBuffered(f))
}

// newBuffered reads ahead.
func newBuffered(r io.Reader) io.Reader { return &buffered{r: r} }

type buffered struct {
	r   io.Reader
	buf [1 << 16]byte
	b   []byte
}

func (b *buffered) Read(p []byte) (int, error) {
	if len(b.b) == 0 {
		if len(p) >= len(b.buf) {
			return b.r.Read(p)
		}
		n, err := b.r.Read(b.buf[:])
		if n == 0 {
			return 0, err
		}
		b.b = b.buf[:n]
	}
	n := copy(p, b.b)
	b.b = b.b[n:]
	return n, nil
}

// What the arrays of an archive may unpack to: maxRatio times their bytes in
// the file, and freeBytes in any case. Pictures shrink by a few times, labels
// and masks by some hundreds; deflate's limit is about a thousand.
const (
	maxRatio  = 200
	freeBytes = 64 << 20
)

// ReadArchive reads the arrays of a .npz file that have one of the names, and
// returns the names of all that it holds.
func ReadArchive(path string, names ...string) (arrays map[string]*Array, all []string, err error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		if errors.Is(err, zip.ErrFormat) {
			return nil, nil, errors.New("npy: this is not an .npz file, or it is cut off")
		}
		return nil, nil, err
	}
	defer z.Close()
	arrays = map[string]*Array{}
	for _, f := range z.File {
		name, ok := strings.CutSuffix(f.Name, ".npy")
		if !ok {
			continue
		}
		all = append(all, name)
		if !slices.Contains(names, name) {
			continue
		}
		a, err := readEntry(f)
		if err != nil {
			return nil, nil, fmt.Errorf("npy: array %q: %w", name, err)
		}
		arrays[name] = a
	}
	slices.Sort(all)
	return arrays, all, nil
}

func readEntry(f *zip.File) (*Array, error) {
	// The reader below fails on entries that are longer than they say.
	if size := f.UncompressedSize64; size > freeBytes && size/maxRatio > f.CompressedSize64 {
		return nil, fmt.Errorf("%d bytes unpack to %d, want at most %d times as many", f.CompressedSize64, size, maxRatio)
	}
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return decode(newBuffered(r))
}

// Number is an element type that Encode writes.
type Number interface {
	~float32 | ~int8 | ~uint8 | ~int16 | ~int32 | ~int64
}

// Encode writes an array in C order.
func Encode[T Number](w io.Writer, shape []int, data []T) error {
	var zero T
	var code string
	switch any(zero).(type) {
	case float32:
		code = "<f4"
	case int8:
		code = "|i1"
	case uint8:
		code = "|u1"
	case int16:
		code = "<i2"
	case int32:
		code = "<i4"
	case int64:
		code = "<i8"
	}
	var dims []string
	for _, d := range shape {
		dims = append(dims, strconv.Itoa(d))
	}
	tuple := "(" + strings.Join(dims, ", ") + ")"
	if len(shape) == 1 {
		tuple = "(" + dims[0] + ",)"
	}
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': %s, }", code, tuple)
	// The header is padded so that the data starts at a multiple of 64.
	text += strings.Repeat(" ", (64-(10+len(text)+1)%64)%64) + "\n"
	var b bytes.Buffer
	b.WriteString(magic + "\x01\x00")
	b.WriteByte(byte(len(text)))
	b.WriteByte(byte(len(text) >> 8))
	b.WriteString(text)
	if err := binary.Write(&b, binary.LittleEndian, data); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

// IsFile reports whether a path looks like a NumPy file.
func IsFile(path string) bool {
	e := strings.ToLower(filepath.Ext(path))
	return e == ".npy" || e == ".npz"
}
