package ermoracle

import (
	"fmt"
	"math"

	ermfmt "github.com/edgerun/edgerun/fmt"
)

// Read decodes an intact file as docs/format.md describes it. It checks the
// frame and panics on most other damage: safety is what ermfmt is for. Empty
// arrays and lists are nil.
func Read(b []byte) (*ermfmt.Model, error) {
	if string(b[:8]) != "\x89ERM\r\n\x1a\n" || le.Uint16(b[8:]) != 1 || int64(le.Uint64(b[16:])) != int64(len(b)) {
		return nil, fmt.Errorf("ermoracle: the header is wrong")
	}
	sealed := append([]byte{}, b...)
	Seal(sealed)
	if string(sealed) != string(b) {
		return nil, fmt.Errorf("ermoracle: a checksum is wrong")
	}
	f := Split(b)
	data, strs := f.Section("DATA").Body, f.Section("STRS").Body
	open := func(id string) *cursor { return &cursor{b: f.Section(id).Body, data: data, strs: strs} }
	m := &ermfmt.Model{}
	m.Plan.Arena, m.Plan.Scratch = f.Arena, f.Scratch

	c := open("META")
	for range c.u32() {
		key := string(c.take(int(c.u32())))
		m.Meta = append(m.Meta, ermfmt.Meta{Key: key, Value: string(c.take(int(c.u32())))})
	}
	c.end()

	c = open("TENS")
	for range c.u32() {
		t := ermfmt.Tensor{Name: c.string(), DType: ermfmt.DType(c.u8()), Place: ermfmt.Place(c.u8()), Order: ermfmt.Order(c.u8())}
		c.u8()
		t.Scale, t.Zero = math.Float32frombits(c.u32()), c.i32()
		for i := range t.Dims {
			t.Dims[i] = c.i32()
		}
		for i := range t.Stride {
			t.Stride[i] = c.i32()
		}
		switch {
		case t.Place == ermfmt.Arena:
			t.Offset = c.i64()
		case t.DType == ermfmt.Int8:
			t.Data8 = c.i8s()
		default:
			t.Data16 = c.i16s()
		}
		m.Tensors = append(m.Tensors, t)
	}
	c.end()

	c = open("INOU")
	for _, l := range []*[]ermfmt.IO{&m.Inputs, &m.Outputs} {
		for range c.u32() {
			*l = append(*l, ermfmt.IO{Name: c.string(), Tensor: c.i32(), Type: ermfmt.SourceType(c.u8()), Dims: c.list(), Stride: c.list()})
		}
	}
	c.end()

	c = open("OPER")
	for range c.u32() {
		start := len(c.b)
		o := ermfmt.Op{Kind: ermfmt.Kind(c.u16())}
		in, out := c.u8(), c.u8()
		size := int(c.u32())
		o.Name = c.string()
		for range in {
			o.In = append(o.In, c.i32())
		}
		for range out {
			o.Out = append(o.Out, c.i32())
		}
		c.attributes(&o)
		if start-len(c.b) != size {
			return nil, fmt.Errorf("ermoracle: operator %d has %d bytes, its size says %d", len(m.Ops), start-len(c.b), size)
		}
		m.Ops = append(m.Ops, o)
	}
	c.end()

	c = open("PLAN")
	m.Plan.Bound = c.i64()
	for range c.u32() {
		m.Plan.Buffers = append(m.Plan.Buffers, ermfmt.Buffer{Offset: c.i64(), Size: c.i64(), First: c.i32(), Last: c.i32()})
	}
	c.end()
	return m, nil
}

// attributes is section 11.
func (c *cursor) attributes(o *ermfmt.Op) {
	switch o.Kind {
	case 1, 2, 3, 4, 5:
		a := &ermfmt.Conv{KH: c.i32(), KW: c.i32(), StrideH: c.i32(), StrideW: c.i32(), DilationH: c.i32(), DilationW: c.i32(),
			PadTop: c.i32(), PadLeft: c.i32(), Groups: c.i32(), OffsetGroups: c.i32(), Frac: c.u8()}
		a.Weights, a.Bias, a.Requant, a.Neg, a.Clamp = c.i8s(), c.i32s(), c.requant(), c.requant(), c.clamp()
		o.Conv = a
	case 6:
		a := &ermfmt.SE{Squeeze: c.scale(), SqueezeMax: c.i32(), Mid: c.requant(), MidClamp: c.clamp(), MidTable: c.i16s(),
			Gate: c.requant(), GateTable: c.i16s(), Out: c.scale(), Clamp: c.clamp()}
		a.W1, a.B1, a.W2, a.B2 = c.i8s(), c.i32s(), c.i8s(), c.i32s()
		o.SE = a
	case 7:
		o.Add = &ermfmt.Add{MulA: c.i32(), MulB: c.i32(), Bias: c.i64(), Shift: c.u8(), Clamp: c.clamp()}
	case 8:
		o.Mul = &ermfmt.Mul{Scale: c.scale(), Clamp: c.clamp()}
	case 9, 10:
		o.Pool = &ermfmt.Pool{KH: c.i32(), KW: c.i32(), StrideH: c.i32(), StrideW: c.i32(), DilationH: c.i32(), DilationW: c.i32(),
			PadTop: c.i32(), PadLeft: c.i32(), PadBottom: c.i32(), PadRight: c.i32(), IncludePad: c.bool(), Divisors: c.i32s(),
			Requant: c.requant(), Clamp: c.clamp()}
	case 11:
		o.Resize = &ermfmt.Resize{TapsY: c.i32(), TapsX: c.i32(), IndexY: c.u16s(), WeightY: c.i16s(), IndexX: c.u16s(), WeightX: c.i16s()}
	case 12:
		o.LUT = &ermfmt.LUT{Table8: c.i8s(), Table16: c.i16s()}
	case 13:
		o.Requant = &ermfmt.Requantize{Scale: c.scale(), Clamp: c.clamp()}
	case 14:
		o.Softmax = &ermfmt.Softmax{Bits: c.u8(), Exp: c.u32s()}
	case 15:
		o.Copy = &ermfmt.Copy{Dims: c.list(), InStride: c.list(), OutStride: c.list(), InOffset: c.i32(), OutOffset: c.i32(), Fill: c.bool(), FillValue: c.i32()}
	case 16:
		o.ArgMax = &ermfmt.ArgMax{Last: c.bool(), Min: c.bool()}
	case 17:
		o.LRN = &ermfmt.LRN{Size: c.i32(), Shift: c.u8(), Table: c.i32s(), Clamp: c.clamp()}
	case 18:
		o.LogSoft = &ermfmt.LogSoftmax{Softmax: ermfmt.Softmax{Bits: c.u8(), Exp: c.u32s()}, MulX: c.i32(), MulLog: c.i32(), Shift: c.u8(), Clamp: c.clamp()}
	default:
		panic("ermoracle: unknown kind")
	}
}

// cursor reads fields one after the other.
type cursor struct {
	b          []byte
	data, strs []byte
}

func (c *cursor) take(n int) []byte {
	b := c.b[:n]
	c.b = c.b[n:]
	return b
}

func (c *cursor) end() {
	if len(c.b) != 0 {
		panic("ermoracle: bytes are left over")
	}
}

func (c *cursor) u8() uint8   { return c.take(1)[0] }
func (c *cursor) u16() uint16 { return le.Uint16(c.take(2)) }
func (c *cursor) u32() uint32 { return le.Uint32(c.take(4)) }
func (c *cursor) i32() int32  { return int32(c.u32()) }
func (c *cursor) i64() int64  { return int64(le.Uint64(c.take(8))) }
func (c *cursor) bool() bool  { return c.u8() == 1 }

func (c *cursor) string() string {
	at := c.u32()
	n := le.Uint16(c.strs[at:])
	return string(c.strs[at+2:][:n])
}

func (c *cursor) list() (l []int32) {
	for range c.u8() {
		l = append(l, c.i32())
	}
	return l
}

// elements is an array of fields of a size.
func (c *cursor) elements(size int, f func(b []byte)) {
	at, n := int(c.u32())*16, int(c.u32())
	for b := c.data[at : at+n*size]; len(b) > 0; b = b[size:] {
		f(b)
	}
}

func (c *cursor) i8s() (a []int8) {
	c.elements(1, func(b []byte) { a = append(a, int8(b[0])) })
	return a
}

func (c *cursor) u8s() (a []uint8) {
	c.elements(1, func(b []byte) { a = append(a, b[0]) })
	return a
}

func (c *cursor) i16s() (a []int16) {
	c.elements(2, func(b []byte) { a = append(a, int16(le.Uint16(b))) })
	return a
}

func (c *cursor) u16s() (a []uint16) {
	c.elements(2, func(b []byte) { a = append(a, le.Uint16(b)) })
	return a
}

func (c *cursor) i32s() (a []int32) {
	c.elements(4, func(b []byte) { a = append(a, int32(le.Uint32(b))) })
	return a
}

func (c *cursor) u32s() (a []uint32) {
	c.elements(4, func(b []byte) { a = append(a, le.Uint32(b)) })
	return a
}

func (c *cursor) scale() ermfmt.Scale {
	return ermfmt.Scale{Mult: c.i32(), Shift: c.u8(), Pre: c.u8()}
}

func (c *cursor) requant() ermfmt.Requant {
	return ermfmt.Requant{Mult: c.i32s(), Shift: c.u8s(), Pre: c.u8()}
}

func (c *cursor) clamp() ermfmt.Clamp { return ermfmt.Clamp{Lo: c.i32(), Hi: c.i32()} }
