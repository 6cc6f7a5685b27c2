package onnx_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/edgerun/edgerun/internal/interp"
	"github.com/edgerun/edgerun/internal/ir"
	"github.com/edgerun/edgerun/internal/onnx"
	ot "github.com/edgerun/edgerun/internal/onnxtest"
)

var (
	inf = float32(math.Inf(1))
	nan = float32(math.NaN())
)

// slow is what a small file must not take on any machine.
const slow = 30 * time.Second

// seeds are models that work: the sample and those of the operator tests, every
// step-th and at least one for each operator.
func seeds(t testing.TB, step int) [][]byte {
	models := [][]byte{sample()}
	file, err := os.Open("../interp/testdata/operators.jsonl.gz")
	require.NoError(t, err)
	defer file.Close()
	z, err := gzip.NewReader(file)
	require.NoError(t, err)
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<20)
	seen := map[string]bool{}
	for i := 0; lines.Scan(); i++ {
		var c struct{ Model []byte }
		require.NoError(t, json.Unmarshal(lines.Bytes(), &c))
		if ops := strings.Join(ot.Ops(c.Model), " "); i%step == 0 || !seen[ops] {
			seen[ops] = true
			models = append(models, c.Model)
		}
	}
	require.NoError(t, lines.Err())
	return models
}

// survive loads arbitrary bytes and, when they are a model that is little work,
// runs it, as it is and optimized.
func survive(t *testing.T, data []byte) {
	start := time.Now()
	m, err := load(data, onnx.Options{})
	if took := time.Since(start); took > slow {
		t.Fatalf("%d bytes took %v", len(data), took)
	}
	if err != nil {
		oneLine(t, err)
		return
	}
	g := m.Graph()
	_ = g.Dump()
	_ = g.CheckFinite()
	var work int64
	for _, n := range g.Nodes {
		work += min(n.Cost(), 1<<40)
	}
	for _, v := range g.Inputs {
		work += int64(v.Len())
	}
	if work > 1<<22 {
		return
	}
	var in []*ir.Tensor
	for _, v := range g.Inputs {
		x := ir.NewTensor(v.DType, v.Shape)
		for i := range x.F {
			x.F[i] = float32(i%7) - 3
		}
		for i := range x.I {
			x.I[i] = int64(i % 2)
		}
		in = append(in, x)
	}
	run := func(m *interp.Machine) {
		out, err := m.Run(context.Background(), in, nil)
		if err != nil {
			oneLine(t, err)
			return
		}
		for i, v := range g.Outputs {
			require.Equal(t, v.DType, out[i].DType)
			require.Equal(t, v.Shape, out[i].Shape)
			require.Equal(t, v.Len(), out[i].Len())
		}
	}
	run(m)
	opt, _ := ir.Optimize(g)
	m, err = interp.New(opt)
	require.NoError(t, err)
	run(m)
}

// FuzzONNX imports arbitrary bytes.
func FuzzONNX(f *testing.F) {
	for _, m := range seeds(f, 6) {
		f.Add(m)
	}
	f.Fuzz(survive)
}

// FuzzONNXEdits changes numbers and names in models that work and puts them
// together again with the right lengths, which gets further than changing bytes:
// every four bytes of edits are one change.
func FuzzONNXEdits(f *testing.F) {
	models := seeds(f, 1)
	for i := range models {
		f.Add(uint16(i), []byte{})
	}
	f.Add(uint16(0), []byte{3, 0, 1, 1, 9, 0, 2, 5, 12, 0, 3, 3})
	f.Fuzz(func(t *testing.T, seed uint16, edits []byte) {
		data := models[int(seed)%len(models)]
		for len(edits) >= 4 && len(data) < 1<<14 {
			e := &edit{at: int(binary.LittleEndian.Uint16(edits)), how: edits[2], what: edits[3]}
			count := &edit{at: -1}
			count.message(data, inModel)
			e.at %= max(1, count.n)
			data = e.message(data, inModel)
			edits = edits[4:]
		}
		survive(t, data)
	})
}

// Messages of onnx.proto3 and the fields of them that are messages.
type kind int

const (
	leaf kind = iota
	inModel
	inGraph
	inNode
	inAttr
	inTensor
	inValue
	inType
	inTensorType
	inShape
	inDim
	inOpset
)

var submessages = map[kind]map[protowire.Number]kind{
	inModel:      {7: inGraph, 8: inOpset},
	inGraph:      {1: inNode, 5: inTensor, 11: inValue, 12: inValue},
	inNode:       {5: inAttr},
	inAttr:       {5: inTensor, 6: inGraph},
	inValue:      {2: inType},
	inType:       {1: inTensorType},
	inTensorType: {2: inShape},
	inShape:      {1: inDim},
}

// interesting are numbers where something happens.
var interesting = []int64{
	0, 1, 2, 3, 4, 5, 7, 8, 16, 100, 255, 1000, 1 << 16, 1<<20 - 1, 1 << 20, 1 << 24, 1 << 28, 1<<28 + 1, 1 << 30, 1 << 31, 1<<32 - 1, 1 << 40, 1 << 62, math.MaxInt64,
	-1, -2, -3, -4, -8, -100, -1 << 20, -1 << 31, -1 << 62, math.MinInt64,
}

// words replace names and strings.
var words = append([]string{"", "in0", "in1", "in2", "out0", "x", "axes", "axis", "mode", "linear", "cubic", "reflect", "wrap", "SAME_LOWER", "VALID", "not_larger"}, onnx.Operators()...)

// edit changes field number at.
type edit struct {
	n, at     int // fields seen, and the one to change
	how, what byte
}

func (e *edit) message(b []byte, k kind) []byte {
	var out []byte
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return append(out, b...)
		}
		m := protowire.ConsumeFieldValue(num, typ, b[n:])
		if m < 0 {
			return append(out, b...)
		}
		whole := b[:n+m]
		mine := e.n == e.at
		e.n++
		switch {
		case mine && e.how%8 == 7: // leave it out
			whole = nil
		case mine && e.how%8 == 6: // say it twice
			whole = append(append([]byte{}, whole...), whole...)
		case typ == protowire.VarintType && mine:
			v, _ := protowire.ConsumeVarint(b[n:])
			whole = ot.Int(num, e.number(int64(v)))
		case typ == protowire.BytesType:
			p, _ := protowire.ConsumeBytes(b[n:])
			if sub := submessages[k][num]; sub != leaf {
				whole = ot.Bytes(num, e.message(p, sub))
			} else if mine {
				whole = ot.Bytes(num, e.text(k, num, p))
			}
		}
		out = append(out, whole...)
		b = b[n+m:]
	}
	return out
}

func (e *edit) number(v int64) int64 {
	if e.how%2 == 0 {
		return v + int64(int8(e.what))
	}
	return interesting[int(e.what)%len(interesting)]
}

// text changes a string, or one element of packed numbers or raw data.
func (e *edit) text(k kind, num protowire.Number, p []byte) []byte {
	if k != inTensor || num == 8 {
		if k == inAttr && num == 8 || num == 1 && k == inTensor {
			return protowire.AppendVarint(nil, uint64(e.number(0)))
		}
		return []byte(words[int(e.what)%len(words)])
	}
	p = append([]byte{}, p...)
	switch {
	case num == 9 && len(p) >= 8 && len(p)%8 == 0:
		i := int(e.how>>3) * 8 % len(p)
		binary.LittleEndian.PutUint64(p[i:], uint64(e.number(int64(binary.LittleEndian.Uint64(p[i:])))))
	case num == 9 && len(p) >= 4 && len(p)%4 == 0:
		i := int(e.how>>3) * 4 % len(p)
		binary.LittleEndian.PutUint32(p[i:], math.Float32bits([]float32{0, 1, -1, 0.1, 1e9, 1e-30, inf, -inf, nan}[int(e.what)%9]))
	case len(p) > 0:
		p[int(e.how>>3)%len(p)] = e.what
	}
	return p
}
