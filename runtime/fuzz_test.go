package edgerun_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	ermfmt "github.com/edgerun/edgerun/fmt"
	"github.com/edgerun/edgerun/internal/ermoracle"
	edgerun "github.com/edgerun/edgerun/runtime"
)

const (
	// smallMemory is the limit for files whose origin is unknown.
	smallMemory = 1 << 20
	// slow is what loading a small file must not take on any machine.
	slow = 20 * time.Second
	// littleWork is what the fuzzer runs: elements and products, for the
	// oracle, and nanoseconds of the runtime's estimate.
	littleWork = 1 << 18
)

// hostile loads a file that may be anything. What loads is run, in guarded
// memory that is full of garbage, and gives what the oracle gives: which finds
// every bound that the loader should have checked and did not, because the
// oracle panics where a number passes what arithmetic.md promises.
func hostile(t *testing.T, b []byte) {
	start := time.Now()
	em, err := edgerun.LoadBytes(b, edgerun.MaxMemory(smallMemory))
	if took := time.Since(start); took > slow {
		t.Fatalf("loading %d bytes took %v", len(b), took)
	}
	if err != nil {
		var fe *ermfmt.FormatError
		var oe *edgerun.OpError
		require.True(t, errors.As(err, &fe) || errors.As(err, &oe) || errors.Is(err, edgerun.ErrMemory), "%T: %v", err, err)
		require.NotContains(t, err.Error(), "\n")
		require.Greater(t, len(err.Error()), 15)
		return
	}
	mem := &guards{t: t}
	s, err := em.NewSession(edgerun.AllocWith(mem.alloc), edgerun.Threads(2), edgerun.SplitAlways())
	if errors.Is(err, edgerun.ErrMemory) {
		return // for the second thread
	}
	require.NoError(t, err)
	defer s.Close()
	require.LessOrEqual(t, int64(len(s.Arena()))+s.ScratchBytes(), int64(smallMemory))
	if s.Cost() > 100*littleWork {
		return
	}
	m, err := ermfmt.Decode(b)
	require.NoError(t, err)
	r := rand.New(rand.NewPCG(uint64(len(b)), 9))
	for i := range s.Arena() {
		s.Arena()[i] = byte(r.Uint32())
	}
	for i := range s.NumInputs() {
		in := s.Input(i)
		x := make([]float32, in.Len())
		for k := range x {
			x[k] = float32(r.IntN(70000)-35000) * in.Scale()
			if x[k]-x[k] != 0 || r.IntN(16) == 0 {
				x[k] = math.Float32frombits(r.Uint32() & 0xbfffffff) // any number below 2
			}
		}
		require.NoError(t, in.SetFloat32(x))
	}
	ref := ermoracle.New(m)
	copy(ref.Arena, s.Arena())
	for i := range s.NumOutputs() {
		require.NoError(t, s.Output(i).Float32(make([]float32, s.Output(i).Len())))
	}
	require.NoError(t, s.Run())
	mem.check()
	if oracleWork(m) < littleWork {
		ref.Run()
		require.Equal(t, ref.Arena, s.Arena(), "the oracle has other results")
	}
}

// oracleWork is about how many steps the oracle takes.
func oracleWork(m *ermfmt.Model) (sum int64) {
	for i := range m.Ops {
		o := &m.Ops[i]
		out := int64(m.Tensors[o.Out[0]].Elements())
		n := out
		switch {
		case o.Conv != nil:
			per := int64(len(o.Conv.Weights)) / int64(m.Tensors[o.Out[0]].Dims[3])
			n *= max(1, per)
			if len(o.In) > 1 {
				n *= 8
			}
		case o.Pool != nil:
			n *= int64(o.Pool.KH) * int64(o.Pool.KW)
		case o.Resize != nil:
			n *= int64(o.Resize.TapsY) * int64(o.Resize.TapsX)
		case o.SE != nil:
			n = 2*out + 2*int64(m.Tensors[o.In[0]].Dims[0])*int64(len(o.SE.W1))
		case o.Copy != nil:
			k := int64(1)
			for _, d := range o.Copy.Dims {
				k *= int64(d)
			}
			n += k
		case o.ArgMax != nil, o.Softmax != nil:
			n += int64(m.Tensors[o.In[0]].Elements())
		}
		if sum += n; sum > 1<<40 {
			return sum
		}
	}
	return sum
}

// FuzzLoad loads files with changed bytes: as they are, and with their size and
// checksums put right.
func FuzzLoad(f *testing.F) {
	f.Add(documented(f).File)
	f.Add(encode(f, ermoracle.Every()))
	for seed := range 8 {
		f.Add(encode(f, ermoracle.Random(uint64(seed))))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		hostile(t, b)
		if len(b) < ermfmt.HeaderSize {
			return
		}
		b = bytes.Clone(b)
		binary.LittleEndian.PutUint64(b[16:], uint64(len(b)))
		ermoracle.Seal(b)
		hostile(t, b)
	})
}

// FuzzEdits changes numbers in networks that work and encodes them again, which
// gets further than changing bytes. Four bytes of edits are one change: which
// number (two bytes), how, and with what.
func FuzzEdits(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 3))
	for seed := range 40 {
		e := make([]byte, 4*(1+r.IntN(3)))
		for i := range e {
			e[i] = byte(r.Uint32())
		}
		f.Add(uint16(seed), e)
	}
	f.Fuzz(func(t *testing.T, seed uint16, edits []byte) {
		m := subject(seed)
		for ; len(edits) >= 4; edits = edits[4:] {
			edit(m, binary.LittleEndian.Uint16(edits), edits[2], edits[3])
		}
		b, err := ermfmt.Bytes(m)
		if err != nil {
			require.True(t, strings.HasPrefix(err.Error(), "ermfmt: "))
			return
		}
		hostile(t, b)
	})
}

// TestEdits is a part of FuzzEdits that runs with every test: random changes,
// one or two to a network.
func TestEdits(t *testing.T) {
	n := 6000
	if testing.Short() {
		n = 600
	}
	r := rand.New(rand.NewPCG(5, 5))
	loads := 0
	for range n {
		m := subject(uint16(r.Uint32()))
		for range 1 + r.IntN(2) {
			edit(m, uint16(r.Uint32()), byte(r.Uint32()), byte(r.Uint32()))
		}
		if b, err := ermfmt.Bytes(m); err == nil {
			t.Run("", func(t *testing.T) { hostile(t, b) })
			if _, err := edgerun.LoadBytes(b); err == nil {
				loads++
			}
		}
	}
	t.Logf("%d of %d changed networks load", loads, n)
	require.Greater(t, loads, n/20)
}

// subject is a small network for edits.
func subject(seed uint16) *ermfmt.Model {
	if k := seed % 4; k > 0 {
		return ermoracle.Random(uint64(seed / 4 % 64))
	}
	// One operator only, so that edits meet it.
	n := ermoracle.NewNet(uint64(seed))
	n.Views = seed%8 == 0
	i := int(seed / 8)
	names := operatorNames
	operators()[names[i%len(names)]](n)
	return n.Finish()
}

// operatorNames are the small networks of operators.
var operatorNames = []string{"conv: 3x3", "conv: groups", "conv: leaky", "depthwise: 3x3", "depthwise: multiplier", "dense: rows everywhere",
	"deform: v2", "deform: groups, offset groups", "transposed: 4x4 padded, groups", "se", "max pool", "average pool", "resize", "softmax", "copies",
	"arg max", "tables, requantize: all widths", "add, mul of a tensor with itself"}

// numbers that bounds are made of.
var numbers = []int64{0, 1, 2, 3, 7, 8, 31, 32, 62, 63, 127, 128, 255, 256, 512, 513, 1 << 14, 1<<14 + 1, 32767, 32768, 65535, 1 << 21, 1 << 22, 1 << 23,
	1 << 28, 1<<28 + 1, 1 << 30, 1<<31 - 1, 1 << 31, 1 << 40, 1 << 61, math.MaxInt64, math.MinInt64}

// edit changes one number or list of a model's tensors and operators.
func edit(m *ermfmt.Model, which uint16, how, what byte) {
	var leaves []reflect.Value
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Slice:
			leaves = append(leaves, v)
			if v.Len() > 8 && v.Type().Elem().Kind() != reflect.Struct { // one of its elements
				leaves = append(leaves, v.Index(int(what)%v.Len()), v.Index(v.Len()-1))
				return
			}
			for i := range v.Len() {
				walk(v.Index(i))
			}
		case reflect.Array:
			for i := range v.Len() {
				walk(v.Index(i))
			}
		case reflect.Pointer:
			if !v.IsNil() {
				walk(v.Elem())
			}
		case reflect.Struct:
			for i := range v.NumField() {
				walk(v.Field(i))
			}
		case reflect.String:
		default:
			leaves = append(leaves, v)
		}
	}
	v := reflect.ValueOf(m).Elem()
	for _, f := range []string{"Tensors", "Ops", "Ops", "Inputs", "Outputs"} { // operators twice as often
		walk(v.FieldByName(f))
	}
	walk(reflect.ValueOf(&m.Plan.Arena).Elem())
	leaf := leaves[int(which)%len(leaves)]
	change := func(old int64) int64 {
		switch n := numbers[int(what)%len(numbers)]; how % 8 {
		case 0:
			return n
		case 1:
			return -n
		case 2:
			return old + 1
		case 3:
			return old - 1
		case 4:
			return 2 * old
		case 5:
			return old / 2
		case 6:
			return old + int64(int8(what))
		default:
			return -old
		}
	}
	switch leaf.Kind() {
	case reflect.Slice:
		n := leaf.Len()
		switch {
		case how%4 == 0 || n == 0:
			leaf.SetZero()
		case how%4 == 1:
			leaf.Set(leaf.Slice(0, n-1))
		case how%4 == 2 && leaf.Type().Elem().Kind() != reflect.Struct:
			leaf.Set(reflect.AppendSlice(leaf.Slice(0, n/2), leaf.Slice(0, n/2)))
		default:
			leaf.Set(reflect.Append(leaf, leaf.Index(int(what)%n)))
		}
	case reflect.Bool:
		leaf.SetBool(!leaf.Bool())
	case reflect.Float32:
		leaf.SetFloat(leaf.Float() * math.Ldexp(1, int(int8(what))))
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		leaf.SetInt(change(leaf.Int()))
	default:
		leaf.SetUint(uint64(change(int64(leaf.Uint()))))
	}
}
