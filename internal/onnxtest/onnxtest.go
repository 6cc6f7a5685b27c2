// Package onnxtest writes small ONNX models for tests, also ones that no
// exporter would write. Functions return encoded messages or fields of
// onnx.proto3; a message is the concatenation of its fields.
package onnxtest

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/edgerun/edgerun/internal/ir"
)

// Element types that ir has no name for.
const (
	String   = 8
	Float16  = 10
	Double   = 11
	BFloat16 = 16
)

// Int is a varint field.
func Int(num protowire.Number, v int64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(nil, num, protowire.VarintType), uint64(v))
}

// Bytes is a length-delimited field holding the parts one after the other.
func Bytes(num protowire.Number, parts ...[]byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, num, protowire.BytesType), Join(parts...))
}

// Text is a string field.
func Text(num protowire.Number, s string) []byte { return Bytes(num, []byte(s)) }

// Float is a 32-bit floating-point field.
func Float(num protowire.Number, v float32) []byte {
	return protowire.AppendFixed32(protowire.AppendTag(nil, num, protowire.Fixed32Type), math.Float32bits(v))
}

// Join concatenates fields into a message.
func Join(parts ...[]byte) []byte {
	var b []byte
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// Model is a ModelProto of the given opset of the default domain; 0 leaves it
// out. The fields are the graph's.
func Model(opset int, graph ...[]byte) []byte {
	b := Int(1, 8)
	if opset != 0 {
		b = append(b, Opset("", opset)...)
	}
	return append(b, Bytes(7, graph...)...)
}

// Opset is ModelProto.opset_import.
func Opset(domain string, version int) []byte {
	return Bytes(8, Text(1, domain), Int(2, int64(version)))
}

// Node is GraphProto.node. Fields behind the outputs are attributes, or
// whatever else belongs into a NodeProto. The node is named after its operator.
func Node(op string, in, out []string, fields ...[]byte) []byte {
	var b []byte
	for _, s := range in {
		b = append(b, Text(1, s)...)
	}
	for _, s := range out {
		b = append(b, Text(2, s)...)
	}
	b = append(b, Text(3, "the "+op)...)
	b = append(b, Text(4, op)...)
	return Bytes(1, b, Join(fields...))
}

// Names is shorthand for a list of value names.
func Names(s ...string) []string { return s }

// In is GraphProto.input; a dimension is an int, an int64, a string (a symbolic one) or
// nil (unknown).
func In(name string, d ir.DType, dims ...any) []byte { return Bytes(11, ValueInfo(name, d, dims)) }

// Out is GraphProto.output without a type.
func Out(name string) []byte { return Bytes(12, Text(1, name)) }

// ValueInfo is a ValueInfoProto; nil dims leave out the shape.
func ValueInfo(name string, d ir.DType, dims []any) []byte {
	t := Int(1, int64(d))
	if dims != nil {
		var shape []byte
		for _, x := range dims {
			switch x := x.(type) {
			case int:
				shape = append(shape, Bytes(1, Int(1, int64(x)))...)
			case int64:
				shape = append(shape, Bytes(1, Int(1, x))...)
			case string:
				shape = append(shape, Bytes(1, Text(2, x))...)
			default:
				shape = append(shape, Bytes(1)...)
			}
		}
		t = append(t, Bytes(2, shape)...)
	}
	return Join(Text(1, name), Bytes(2, Bytes(1, t)))
}

// Init is GraphProto.initializer.
func Init(name string, t *ir.Tensor) []byte { return Bytes(5, Tensor(name, t)) }

// Tensor is a TensorProto with typed data.
func Tensor(name string, t *ir.Tensor) []byte {
	b := Join(Dims(t.Shape...), Int(2, int64(t.DType)), Text(8, name))
	var p []byte
	if t.DType == ir.Float32 {
		for _, v := range t.F {
			p = protowire.AppendFixed32(p, math.Float32bits(v))
		}
		return append(b, Bytes(4, p)...)
	}
	for _, v := range t.I {
		p = protowire.AppendVarint(p, uint64(v))
	}
	num := protowire.Number(5)
	switch t.DType {
	case ir.Int64:
		num = 7
	case ir.Uint32, ir.Uint64:
		num = 11
	}
	return append(b, Bytes(num, p)...)
}

// Dims is TensorProto.dims.
func Dims(shape ...int) []byte {
	var b []byte
	for _, d := range shape {
		b = append(b, Int(1, int64(d))...)
	}
	return b
}

// F is a float tensor; without a shape a vector.
func F(data []float32, shape ...int) *ir.Tensor {
	if shape == nil {
		shape = []int{len(data)}
	}
	return ir.FloatTensor(data, shape...)
}

// I is an int64 vector.
func I(data ...int64) *ir.Tensor { return ir.IntTensor(data) }

func attr(name string, kind int64, fields ...[]byte) []byte {
	return Bytes(5, Text(1, name), Join(fields...), Int(20, kind))
}

// AttrFloat is NodeProto.attribute of type FLOAT; the others likewise.
func AttrFloat(name string, v float32) []byte { return attr(name, 1, Float(2, v)) }

// AttrInt is an INT attribute.
func AttrInt(name string, v int64) []byte { return attr(name, 2, Int(3, v)) }

// AttrString is a STRING attribute.
func AttrString(name, v string) []byte { return attr(name, 3, Text(4, v)) }

// AttrTensor is a TENSOR attribute.
func AttrTensor(name string, t *ir.Tensor) []byte { return attr(name, 4, Bytes(5, Tensor("", t))) }

// AttrGraph is a GRAPH attribute; the fields are the graph's.
func AttrGraph(name string, graph ...[]byte) []byte { return attr(name, 5, Bytes(6, graph...)) }

// AttrFloats is a FLOATS attribute.
func AttrFloats(name string, v ...float32) []byte {
	var b []byte
	for _, x := range v {
		b = append(b, Float(7, x)...)
	}
	return attr(name, 6, b)
}

// AttrInts is an INTS attribute.
func AttrInts(name string, v ...int64) []byte {
	var b []byte
	for _, x := range v {
		b = append(b, Int(8, x)...)
	}
	return attr(name, 7, b)
}

// each calls f for every field of a well-formed message: its number, its
// payload where it is length-delimited, and the whole of it.
func each(b []byte, f func(num protowire.Number, payload, whole []byte)) {
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return
		}
		m := protowire.ConsumeFieldValue(num, typ, b[n:])
		if m < 0 {
			return
		}
		var payload []byte
		if typ == protowire.BytesType {
			payload, _ = protowire.ConsumeBytes(b[n:])
		}
		f(num, payload, b[:n+m])
		b = b[n+m:]
	}
}

// TensorName is the name in a TensorProto.
func TensorName(tensor []byte) (name string) {
	each(tensor, func(num protowire.Number, s, _ []byte) {
		if num == 8 {
			name = string(s)
		}
	})
	return name
}

// AddToGraph returns the model with more fields in its graph, for instance
// initializers for what were inputs.
func AddToGraph(model []byte, fields ...[]byte) []byte {
	var out []byte
	each(model, func(num protowire.Number, payload, whole []byte) {
		if num == 7 {
			whole = Bytes(7, payload, Join(fields...))
		}
		out = append(out, whole...)
	})
	return out
}

// SetOpset returns the model with another version of the default operator set.
func SetOpset(model []byte, version int) []byte {
	var out []byte
	each(model, func(num protowire.Number, payload, whole []byte) {
		if num == 8 {
			whole = Bytes(8, payload, Int(2, int64(version))) // the last one counts
		}
		out = append(out, whole...)
	})
	return out
}

// Ops returns the operators of the model's nodes, with those of subgraphs.
func Ops(model []byte) []string {
	var ops []string
	var graph func(g []byte)
	graph = func(g []byte) {
		each(g, func(num protowire.Number, node, _ []byte) {
			if num != 1 {
				return
			}
			each(node, func(num protowire.Number, s, _ []byte) {
				switch num {
				case 4:
					ops = append(ops, string(s))
				case 5:
					each(s, func(num protowire.Number, sub, _ []byte) {
						if num == 6 {
							graph(sub)
						}
					})
				}
			})
		})
	}
	each(model, func(num protowire.Number, g, _ []byte) {
		if num == 7 {
			graph(g)
		}
	})
	return ops
}
