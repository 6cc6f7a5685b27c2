package onnxtest

import (
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"

	"github.com/edgerun/edgerun/internal/ir"
)

// OpCase is a line of internal/interp/testdata/operators.jsonl.gz, which
// tools/vectors/operators.py writes: a model of one operator, or a few, and what
// it computes.
type OpCase struct {
	Name    string
	Tol     float64 // relative to the largest element
	Model   []byte
	In, Out []OpTensor
}

// OpTensor is an input or an output, with little-endian data.
type OpTensor struct {
	Name  string
	Type  ir.DType
	Shape []int
	Data  []byte
}

// Tensor decodes the data.
func (v *OpTensor) Tensor() *ir.Tensor {
	t := ir.NewTensor(v.Type, v.Shape)
	le := binary.LittleEndian
	for i := range t.F {
		t.F[i] = math.Float32frombits(le.Uint32(v.Data[4*i:]))
	}
	for i := range t.I {
		switch v.Type {
		case ir.Bool, ir.Uint8:
			t.I[i] = int64(v.Data[i])
		case ir.Int8:
			t.I[i] = int64(int8(v.Data[i]))
		case ir.Int16:
			t.I[i] = int64(int16(le.Uint16(v.Data[2*i:])))
		case ir.Int32:
			t.I[i] = int64(int32(le.Uint32(v.Data[4*i:])))
		default:
			t.I[i] = int64(le.Uint64(v.Data[8*i:]))
		}
	}
	return t
}

// Shapes is for inputs with dimensions of size 0, which files write like unknown
// ones.
func (c *OpCase) Shapes() map[string][]int {
	m := map[string][]int{}
	for _, v := range c.In {
		m[v.Name] = v.Shape
	}
	return m
}

// ReadOps reads the file of such cases.
func ReadOps(path string) ([]OpCase, error) { return readLines[OpCase](path, nil) }

// NodeTests is the first line of internal/interp/testdata/nodetests.jsonl.gz,
// which tools/vectors/nodetests writes; a NodeTest a line follows.
type NodeTests struct {
	Source, License string
	LeftOut         map[string]int // number of tests by the operators that the importer does not take
}

// NodeTest is an official test: a model, its inputs and its outputs, TensorProtos
// as they came. Very large tests have no data.
type NodeTest struct {
	Name  string
	Model []byte
	In    [][]byte
	Out   [][]byte
}

// ReadNodeTests reads the file of official tests.
func ReadNodeTests(path string) (head NodeTests, tests []NodeTest, err error) {
	tests, err = readLines[NodeTest](path, &head)
	return head, tests, err
}

// readLines reads JSON values from a compressed file; the first one into head,
// unless that is nil.
func readLines[T any](path string, head any) ([]T, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	d := json.NewDecoder(z)
	if head != nil {
		if err := d.Decode(head); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	var all []T
	for d.More() {
		var v T
		if err := d.Decode(&v); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, v)
	}
	return all, nil
}
