package onnx

import (
	"slices"

	"github.com/edgerun/edgerun/internal/ir"
)

// Attributes returns the attributes that the importer looks at for an operator,
// in any opset that it takes, in alphabetical order: it lets the converter
// convert a node that has none.
func Attributes(op string) []string {
	var names []string
	for opset := MinOpset; opset <= MaxOpset; opset++ {
		n := &node{im: &importer{file: &file{opset: opset}, g: &ir.Graph{}}, p: &nodeProto{op: op, out: []string{"y"}},
			in: []*ir.Value{{}, {}, {}}, out: []*ir.Value{{}}}
		// What converters say to the missing attributes does not matter.
		_, _ = converters[op](n)
		names = append(names, n.known...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
