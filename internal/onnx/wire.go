// Package onnx turns the bytes of an ONNX model (opset 7 to 23) into an
// [ir.Graph]. The message layout is that of onnx.proto3; the wire format is
// decoded by protowire.
package onnx

import (
	"errors"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/edgerun/edgerun/internal/ir"
)

// The messages of onnx.proto3, as far as an importer needs them. Byte slices
// alias the file.
type (
	modelProto struct {
		opsets    map[string]int64
		graph     []byte
		functions int
	}
	graphProto struct {
		name         string
		nodes        []*nodeProto
		initializers []*tensorProto
		sparse       int
		inputs       []*valueProto
		outputs      []*valueProto
	}
	nodeProto struct {
		name, op, domain string
		in, out          []string
		attrs            []*attrProto
	}
	attrProto struct {
		name   string
		kind   int64 // AttributeProto.AttributeType; 0 in old files
		f      float32
		i      int64
		s      []byte
		t      *tensorProto
		g      []byte
		floats []float32
		ints   []int64
		used   bool
	}
	tensorProto struct {
		name     string
		dims     []int64
		dtype    int64
		raw      []byte
		hasRaw   bool
		floats   []float32
		ints     []int64 // int32_data, int64_data or uint64_data
		doubles  []float64
		external map[string]string

		segment, isExternal bool
	}
	valueProto struct {
		name    string
		dtype   int64
		dims    []dimProto
		hasDims bool
		tensor  bool
	}
	dimProto struct {
		value int64
		param string
		known bool
	}
)

// field is one field of a message: a number, and a varint, a fixed value or
// bytes.
type field struct {
	num  protowire.Number
	typ  protowire.Type
	v    uint64
	data []byte
}

// wireTypes says which fields of a message have which wire type. Repeated
// numbers, which may be packed or not, are left out.
type wireTypes map[protowire.Number]protowire.Type

const (
	varint  = protowire.VarintType
	fixed32 = protowire.Fixed32Type
	bytes   = protowire.BytesType
)

// fields calls f for every field of message b.
func fields(b []byte, types wireTypes, f func(fd field) error) error {
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return &wireError{cap(b), protowire.ParseError(n)}
		}
		b = b[n:]
		if want, ok := types[num]; ok && typ != want {
			return &wireError{cap(b), fmt.Errorf("field %d has wire type %d, want %d", num, typ, want)}
		}
		fd := field{num: num, typ: typ}
		switch typ {
		case varint:
			fd.v, n = protowire.ConsumeVarint(b)
		case fixed32:
			var v uint32
			v, n = protowire.ConsumeFixed32(b)
			fd.v = uint64(v)
		case protowire.Fixed64Type:
			fd.v, n = protowire.ConsumeFixed64(b)
		case bytes:
			fd.data, n = protowire.ConsumeBytes(b)
		default:
			n = protowire.ConsumeFieldValue(num, typ, b)
		}
		if n < 0 {
			return &wireError{cap(b), fmt.Errorf("field %d: %w", num, protowire.ParseError(n))}
		}
		if err := f(fd); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// wireError is a message that cannot be read. Messages are slices of the file,
// so what their capacity has left says where in it they are.
type wireError struct {
	rest int
	err  error
}

func (e *wireError) Error() string { return e.err.Error() }
func (e *wireError) Unwrap() error { return e.err }

// wantBytes fails on a field that should hold packed numbers and does not.
func (fd *field) wantBytes() ([]byte, error) {
	if fd.typ != bytes {
		return nil, fmt.Errorf("field %d has wire type %d, want %d", fd.num, fd.typ, bytes)
	}
	return fd.data, nil
}

// varints appends a packed or single varint field.
func (fd *field) varints(dst []int64) ([]int64, error) {
	if fd.typ == varint {
		return append(dst, int64(fd.v)), nil
	}
	b, err := fd.wantBytes()
	if err != nil {
		return nil, err
	}
	for len(b) > 0 {
		v, n := protowire.ConsumeVarint(b)
		if n < 0 {
			return nil, protowire.ParseError(n)
		}
		dst = append(dst, int64(v))
		b = b[n:]
	}
	return dst, nil
}

func (fd *field) floats(dst []float32) ([]float32, error) {
	if fd.typ == fixed32 {
		return append(dst, math.Float32frombits(uint32(fd.v))), nil
	}
	b, err := fd.wantBytes()
	if err != nil {
		return nil, err
	}
	if len(b)%4 != 0 {
		return nil, errors.New("packed floats of a length that is no multiple of 4")
	}
	for ; len(b) > 0; b = b[4:] {
		v, _ := protowire.ConsumeFixed32(b)
		dst = append(dst, math.Float32frombits(v))
	}
	return dst, nil
}

func (fd *field) doubles(dst []float64) ([]float64, error) {
	if fd.typ == protowire.Fixed64Type {
		return append(dst, math.Float64frombits(fd.v)), nil
	}
	b, err := fd.wantBytes()
	if err != nil {
		return nil, err
	}
	if len(b)%8 != 0 {
		return nil, errors.New("packed doubles of a length that is no multiple of 8")
	}
	for ; len(b) > 0; b = b[8:] {
		v, _ := protowire.ConsumeFixed64(b)
		dst = append(dst, math.Float64frombits(v))
	}
	return dst, nil
}

// entry is a message of two fields that belong together.
func entry(b []byte, types wireTypes, one, two func(fd field)) error {
	return fields(b, types, func(fd field) error {
		switch fd.num {
		case 1:
			one(fd)
		case 2:
			two(fd)
		}
		return nil
	})
}

func parseModel(b []byte) (*modelProto, error) {
	m := &modelProto{opsets: map[string]int64{}}
	err := fields(b, wireTypes{7: bytes, 8: bytes, 25: bytes}, func(fd field) error {
		switch fd.num {
		case 7:
			if m.graph != nil {
				return errors.New("there are two graphs in it")
			}
			m.graph = fd.data
		case 8:
			var domain string
			var version int64
			err := entry(fd.data, wireTypes{1: bytes, 2: varint},
				func(f field) { domain = string(f.data) },
				func(f field) { version = int64(f.v) })
			if domain == "ai.onnx" {
				domain = ""
			}
			m.opsets[domain] = version
			return err
		case 25:
			m.functions++
		}
		return nil
	})
	return m, err
}

func parseGraph(b []byte) (*graphProto, error) {
	g := &graphProto{}
	err := fields(b, wireTypes{1: bytes, 2: bytes, 5: bytes, 11: bytes, 12: bytes, 15: bytes}, func(fd field) error {
		switch fd.num {
		case 1:
			n, err := parseNode(fd.data)
			if err != nil {
				return fmt.Errorf("node %d: %w", len(g.nodes), err)
			}
			g.nodes = append(g.nodes, n)
		case 2:
			g.name = string(fd.data)
		case 5:
			t, err := parseTensor(fd.data)
			if err != nil {
				return fmt.Errorf("initializer %d: %w", len(g.initializers), err)
			}
			g.initializers = append(g.initializers, t)
		case 11:
			v, err := parseValue(fd.data)
			if err != nil {
				return fmt.Errorf("input %d: %w", len(g.inputs), err)
			}
			g.inputs = append(g.inputs, v)
		case 12:
			v, err := parseValue(fd.data)
			if err != nil {
				return fmt.Errorf("output %d: %w", len(g.outputs), err)
			}
			g.outputs = append(g.outputs, v)
		case 15:
			g.sparse++
		}
		return nil
	})
	return g, err
}

func parseNode(b []byte) (*nodeProto, error) {
	n := &nodeProto{}
	err := fields(b, wireTypes{1: bytes, 2: bytes, 3: bytes, 4: bytes, 5: bytes, 7: bytes}, func(fd field) error {
		switch fd.num {
		case 1:
			n.in = append(n.in, string(fd.data))
		case 2:
			n.out = append(n.out, string(fd.data))
		case 3:
			n.name = string(fd.data)
		case 4:
			n.op = string(fd.data)
		case 5:
			a, err := parseAttr(fd.data)
			if err != nil {
				return fmt.Errorf("%q: attribute %q: %w", n.name, a.name, err)
			}
			n.attrs = append(n.attrs, a)
		case 7:
			n.domain = string(fd.data)
		}
		return nil
	})
	if err == nil && n.op == "" {
		err = fmt.Errorf("%q has no operator", n.name)
	}
	return n, err
}

func parseAttr(b []byte) (*attrProto, error) {
	a := &attrProto{}
	err := fields(b, wireTypes{1: bytes, 2: fixed32, 3: varint, 4: bytes, 5: bytes, 6: bytes, 20: varint, 21: bytes}, func(fd field) (err error) {
		switch fd.num {
		case 1:
			a.name = string(fd.data)
		case 2:
			a.f = math.Float32frombits(uint32(fd.v))
		case 3:
			a.i = int64(fd.v)
		case 4:
			a.s = fd.data
		case 5:
			a.t, err = parseTensor(fd.data)
		case 6:
			a.g = fd.data
		case 7:
			a.floats, err = fd.floats(a.floats)
		case 8:
			a.ints, err = fd.varints(a.ints)
		case 20:
			a.kind = int64(fd.v)
		case 21:
			err = errors.New("a reference to a function's attribute outside a function")
		}
		return err
	})
	if err == nil && a.name == "" {
		err = errors.New("it has no name")
	}
	return a, err
}

func parseTensor(b []byte) (*tensorProto, error) {
	t := &tensorProto{}
	err := fields(b, wireTypes{2: varint, 3: bytes, 6: bytes, 8: bytes, 9: bytes, 13: bytes, 14: varint}, func(fd field) (err error) {
		switch fd.num {
		case 1:
			if t.dims, err = fd.varints(t.dims); len(t.dims) > ir.MaxRank {
				err = fmt.Errorf("%q has %d dimensions or more, want at most %d", t.name, len(t.dims), ir.MaxRank)
			}
		case 2:
			t.dtype = int64(fd.v)
		case 3:
			t.segment = true
		case 4:
			t.floats, err = fd.floats(t.floats)
		case 5:
			from := len(t.ints)
			if t.ints, err = fd.varints(t.ints); err != nil {
				return err
			}
			for i, v := range t.ints[from:] {
				t.ints[from+i] = int64(int32(v)) // some writers do not extend the sign
			}
		case 7, 11:
			t.ints, err = fd.varints(t.ints)
		case 8:
			t.name = string(fd.data)
		case 9:
			t.raw, t.hasRaw = fd.data, true
		case 10:
			t.doubles, err = fd.doubles(t.doubles)
		case 13:
			var k, v string
			err = entry(fd.data, wireTypes{1: bytes, 2: bytes},
				func(f field) { k = string(f.data) },
				func(f field) { v = string(f.data) })
			if t.external == nil {
				t.external = map[string]string{}
			}
			t.external[k] = v
		case 14:
			t.isExternal = fd.v == 1
		}
		return err
	})
	return t, err
}

func parseValue(b []byte) (*valueProto, error) {
	v := &valueProto{}
	dim := func(b []byte) error {
		var d dimProto
		err := entry(b, wireTypes{1: varint, 2: bytes},
			func(f field) { d.value, d.known = int64(f.v), true },
			func(f field) { d.param = string(f.data) })
		v.dims = append(v.dims, d)
		if len(v.dims) > ir.MaxRank {
			err = fmt.Errorf("%q has %d dimensions or more, want at most %d", v.name, len(v.dims), ir.MaxRank)
		}
		return err
	}
	shape := func(b []byte) error {
		v.hasDims = true
		return fields(b, wireTypes{1: bytes}, func(f field) error {
			if f.num != 1 {
				return nil
			}
			return dim(f.data)
		})
	}
	tensor := func(b []byte) error {
		v.tensor = true
		return fields(b, wireTypes{1: varint, 2: bytes}, func(f field) error {
			switch f.num {
			case 1:
				v.dtype = int64(f.v)
			case 2:
				return shape(f.data)
			}
			return nil
		})
	}
	err := fields(b, wireTypes{1: bytes, 2: bytes}, func(fd field) error {
		switch fd.num {
		case 1:
			v.name = string(fd.data)
		case 2:
			return fields(fd.data, wireTypes{1: bytes}, func(f field) error {
				if f.num == 1 {
					return tensor(f.data)
				}
				return nil
			})
		}
		return nil
	})
	if err == nil && v.name == "" {
		err = errors.New("it has no name")
	}
	return v, err
}
