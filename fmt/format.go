// Package ermfmt is the on-disk form of a quantized network, the .erm file:
// its types, encoding, decoding and checking. docs/format.md draws the bytes.
//
// A model is a list of operators over tensors that lie in one arena. All
// activations are laid out N, H, W, C; all numbers that the arithmetic needs
// are integers.
package ermfmt

import "strconv"

// The version that this package writes. Readers accept a newer minor version,
// which may append fields and optional sections, and refuse a newer major one.
const (
	Major = 1
	Minor = 1
)

// Magic opens every file. Like PNG's it has bytes that a text-mode transfer
// would change.
const Magic = "\x89ERM\r\n\x1a\n"

// Limits that no file may pass, so that what a decoder allocates stays within
// a small multiple of the file's size.
const (
	MaxOps     = 1 << 16
	MaxTensors = 1 << 16
	MaxIO      = 1 << 10 // inputs, and outputs
	MaxDim     = 1 << 28 // elements along an axis, in a tensor, and in its span
)

// Model is a decoded file. Slices of weights and tables may alias the bytes it
// was decoded from.
type Model struct {
	Meta    []Meta
	Tensors []Tensor
	Ops     []Op
	Inputs  []IO
	Outputs []IO
	Plan    Plan
}

// Meta is one property of the network, for people and tools. Keys that edgerun
// uses are constants of this package.
type Meta struct {
	Key, Value string
}

// Keys of Meta.
const (
	MetaName     = "name"          // of the network
	MetaSource   = "source"        // file it was made from
	MetaHash     = "source.sha256" // of that file
	MetaProducer = "producer"      // program and version
	MetaLabels   = "labels"        // class names, one a line
	MetaColor    = "pre.color"     // rgb, bgr or gray
	MetaScale    = "pre.scale"     // pixel·scale, then −mean, then /std
	MetaMean     = "pre.mean"      // one number, or one per channel
	MetaStd      = "pre.std"
	MetaResize   = "pre.resize" // short side in pixels, or WxH
	MetaCrop     = "pre.crop"   // centre crop in pixels
)

// Get returns the value of a key, or "".
func (m *Model) Get(key string) string {
	for _, p := range m.Meta {
		if p.Key == key {
			return p.Value
		}
	}
	return ""
}

// Set replaces or adds a property. An empty value removes it.
func (m *Model) Set(key, value string) {
	for i, p := range m.Meta {
		if p.Key == key {
			if value == "" {
				m.Meta = append(m.Meta[:i], m.Meta[i+1:]...)
			} else {
				m.Meta[i].Value = value
			}
			return
		}
	}
	if value != "" {
		m.Meta = append(m.Meta, Meta{key, value})
	}
}

// DType is an element type.
type DType uint8

// Element types. Int16 activations have zero point 0.
const (
	Int8  DType = 1
	Int16 DType = 2
	Int32 DType = 3
)

// Size returns the bytes of an element, 0 for an unknown type.
func (d DType) Size() int {
	switch d {
	case Int8:
		return 1
	case Int16:
		return 2
	case Int32:
		return 4
	}
	return 0
}

func (d DType) String() string {
	switch d {
	case Int8:
		return "int8"
	case Int16:
		return "int16"
	case Int32:
		return "int32"
	}
	return "dtype(" + strconv.Itoa(int(d)) + ")"
}

// Place says where a tensor's elements are.
type Place uint8

// Places.
const (
	Arena Place = 0 // at Offset of the arena
	Const Place = 1 // in Data
)

// Order says how the axes of a tensor compare with those of the value of the
// same name in the source model: what a tool needs to compare the two.
type Order uint8

// Orders.
const (
	OrderNone    Order = 0 // the source has no such value, or its axes were mixed
	OrderSame    Order = 1 // same row-major order of elements
	OrderChannel Order = 2 // the source has the channel axis second, here it is last
)

// Tensor is memory with a meaning: value = Scale·(q − Zero).
//
// Element (n, h, w, c) lies n·Stride[0] + h·Stride[1] + w·Stride[2] + c elements
// behind the first. Tensors may share memory: what Concat joins and Split cuts
// are tensors inside another one's buffer.
type Tensor struct {
	Name   string // of the value in the source model
	DType  DType
	Place  Place
	Order  Order
	Dims   [4]int32 // N, H, W, C
	Stride [3]int32 // elements between images, rows and pixels
	Offset int64    // bytes into the arena (Place Arena)
	Scale  float32
	Zero   int32
	Data8  []int8  // Place Const, DType Int8
	Data16 []int16 // Place Const, DType Int16
}

// Elements returns N·H·W·C.
func (t *Tensor) Elements() int {
	return int(t.Dims[0]) * int(t.Dims[1]) * int(t.Dims[2]) * int(t.Dims[3])
}

// Span returns the number of elements from the first to the last, both
// included, gaps counted.
func (t *Tensor) Span() int64 {
	if t.Elements() == 0 {
		return 0
	}
	s := int64(t.Dims[3])
	for i := range 3 {
		s += int64(t.Dims[i]-1) * int64(t.Stride[i])
	}
	return s
}

// Packed returns the strides of a tensor without gaps.
func Packed(dims [4]int32) [3]int32 {
	return [3]int32{dims[1] * dims[2] * dims[3], dims[2] * dims[3], dims[3]}
}

// IsPacked reports whether the elements lie without gaps.
func (t *Tensor) IsPacked() bool {
	p := Packed(t.Dims)
	for i := range 3 {
		if t.Dims[i] > 1 && t.Stride[i] != p[i] {
			return false
		}
	}
	return true
}

// Disjoint reports whether two arena tensors have no byte in common. Tensors
// interleaved in one buffer, as the pieces of a concatenation are, are told
// apart when their pixels have the same strides.
func Disjoint(a, b *Tensor) bool {
	sa, sb := int64(a.DType.Size()), int64(b.DType.Size())
	a0, a1 := a.Offset, a.Offset+a.Span()*sa
	b0, b1 := b.Offset, b.Offset+b.Span()*sb
	if a1 <= b0 || b1 <= a0 {
		return true
	}
	if sa != sb || a.Stride[2] != b.Stride[2] || a.Stride[2] == 0 {
		return false
	}
	for i := range 2 {
		if (a.Dims[i] > 1 || b.Dims[i] > 1) && (a.Stride[i] != b.Stride[i] || a.Stride[i]%a.Stride[2] != 0) {
			return false
		}
	}
	// Every element of a tensor lies at its offset plus a multiple of the
	// pixel stride plus a channel.
	pixel := int64(a.Stride[2]) * sa
	d := (b0 - a0) % pixel
	if d < 0 {
		d += pixel
	}
	return int64(a.Dims[3])*sa <= d && d+int64(b.Dims[3])*sb <= pixel
}

// IO is a network input or output. The source model's axes are kept: its
// element (i0, i1, …) is the tensor's element Σ i·Stride, counted from the
// tensor's first.
type IO struct {
	Name   string
	Tensor int32
	Type   SourceType
	Dims   []int32
	Stride []int32
}

// SourceType is the element type that the source model has for an input or
// output, as seen by users of .npy files.
type SourceType uint8

// Source types.
const (
	SourceFloat32 SourceType = 1
	SourceUint8   SourceType = 2
	SourceInt8    SourceType = 3
	SourceInt16   SourceType = 4
	SourceInt32   SourceType = 5
	SourceInt64   SourceType = 6
)

// Plan is the memory plan. The offsets that count are the tensors' own; the
// buffers tell where they came from.
type Plan struct {
	Arena   int64 // bytes
	Bound   int64 // no plan for these buffers is smaller
	Scratch int64 // bytes each worker needs beside the arena, with the plain-Go kernels
	Buffers []Buffer
}

// Buffer is a block of the arena that one or more tensors share while it is in
// use, from step First to step Last (indices of Ops).
type Buffer struct {
	Offset, Size int64
	First, Last  int32
}

// FormatError says where a file is wrong.
type FormatError struct {
	Section string
	Offset  int64 // byte in the file; negative when there is none
	Msg     string
	version bool
}

func (e *FormatError) Error() string {
	s := "ermfmt: " + e.Section
	if e.Offset >= 0 {
		s += ", byte 0x" + strconv.FormatInt(e.Offset, 16)
	}
	return s + ": " + e.Msg
}

// ErrUnsupported is what errors.Is finds in errors about files that are intact
// but newer than this package.
var ErrUnsupported error = unsupported{}

type unsupported struct{}

func (unsupported) Error() string { return "made by a newer edgerun" }

// mark says that a file is not broken but newer than this package.
func (e *FormatError) mark(newer bool) {
	if newer {
		e.version = true
		e.Msg += "; the file was made by a newer edgerun"
	}
}

// Is makes errors.Is(err, ErrUnsupported) work.
func (e *FormatError) Is(target error) bool { return e.version && target == ErrUnsupported }
