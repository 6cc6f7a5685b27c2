package ermfmt_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	ermfmt "github.com/edgerun/edgerun/fmt"
	"github.com/edgerun/edgerun/internal/ermoracle"
)

// allocated returns the bytes that f allocates, freed or not.
func allocated(f func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

// The bound of docs/format.md §13 on what decoding allocates, and what errors
// and small things may cost beside it.
const (
	timesFile  = 16
	allowance  = 1 << 14
	fuzzerRoom = 1 << 18 // the fuzzer's own goroutines allocate too
)

// TestHostileCounts: numbers in a file do not make the decoder allocate memory
// that the file does not pay for.
func TestHostileCounts(t *testing.T) {
	zeros := func(n int) []byte { return make([]byte, n) }
	// record appends the smallest possible operator.
	ops := func(n int, kind uint16, attrs ...byte) []byte {
		b := binary.LittleEndian.AppendUint32(nil, uint32(n))
		for range n {
			b = binary.LittleEndian.AppendUint16(b, kind)
			b = append(b, 0, 0)
			b = binary.LittleEndian.AppendUint32(b, uint32(12+len(attrs)))
			b = append(append(b, 0, 0, 0, 0), attrs...)
		}
		return b
	}
	ios := func(n int) []byte {
		b := binary.LittleEndian.AppendUint32(nil, uint32(n))
		for range n {
			b = append(b, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0)
		}
		return append(b, 0, 0, 0, 0)
	}
	conv := make([]byte, 99)
	const share = 1 << 16
	le.PutUint32(conv[45:], share) // weights: the whole of DATA
	le.PutUint32(conv[53:], share/4)
	body := func(id string, b []byte) func(f *ermoracle.File) {
		return func(f *ermoracle.File) { f.Section(id).Body = b }
	}
	for name, edit := range map[string]func(f *ermoracle.File){
		"properties: 2^32-1":      put("META", 0, uint32(math.MaxUint32)),
		"properties: 2^31-1":      put("META", 0, uint32(math.MaxInt32)),
		"property: 2^32-1 bytes":  put("META", 4, uint32(math.MaxUint32)),
		"properties of no length": body("META", append([]byte{0, 0, 1, 0}, zeros(8<<16)...)),
		"tensors: 2^32-1":         put("TENS", 0, uint32(math.MaxUint32)),
		"tensors: 65536":          put("TENS", 0, uint32(65536)),
		"tensors of zeros":        body("TENS", append([]byte{0, 0, 1, 0}, zeros(52<<16)...)),
		"inputs: 2^32-1":          put("INOU", 0, uint32(math.MaxUint32)),
		"inputs: 1024":            put("INOU", 0, uint32(1024)),
		"inputs of no axes":       body("INOU", ios(1024)),
		"operators: 2^32-1":       put("OPER", 0, uint32(math.MaxUint32)),
		"operators: 65536":        put("OPER", 0, uint32(65536)),
		"operators of no operand": body("OPER", ops(65536, 16, 0, 0)),
		"copies of no axis":       body("OPER", ops(65536, 15, zeros(16)...)),
		"convolutions of nothing": body("OPER", ops(65536, 1, zeros(99)...)),
		"buffers: 2^32-1":         put("PLAN", 8, uint32(math.MaxUint32)),
		"buffers: 65536":          put("PLAN", 8, uint32(65536)),
		"buffers of nothing":      body("PLAN", append(append(zeros(8), 0, 0, 1, 0), zeros(24<<16)...)),
		"array: 2^32-1":           put("OPER", attributes+45, uint32(math.MaxUint32)),
		"arrays beyond count":     edits(body("DATA", zeros(share)), body("OPER", ops(2000, 1, conv...))),
		"arrays shared by many":   edits(body("DATA", zeros(share)), body("OPER", ops(20, 1, conv...))),
	} {
		t.Run(name, func(t *testing.T) {
			f := ermoracle.Split(example(t))
			edit(f)
			b := f.Bytes()
			got := allocated(func() {
				m, err := ermfmt.Decode(b)
				if err == nil {
					require.NotNil(t, m)
				}
			})
			t.Logf("%.1f times the %d bytes of the file", float64(got)/float64(len(b)), len(b))
			require.LessOrEqual(t, got, timesFile*int64(len(b))+allowance)
		})
	}
}

// TestReuse: arrays may be shared, but not so much that whoever works through
// them works far more than the file's size.
func TestReuse(t *testing.T) {
	m := tiny()
	w := make([]int8, 60000)
	for i := range w {
		w[i] = int8(i % 120)
	}
	for i := range 30 {
		op := m.Ops[0]
		a := *op.Conv
		a.Weights = w
		op.Conv = &a
		m.Ops = append(m.Ops, op)
		b := encode(t, m)
		decode(t, b)
		require.Less(t, len(b), 66000+200*i, "the array is stored once")
	}
	for range 30 {
		m.Ops = append(m.Ops, m.Ops[1:]...)
		if len(m.Ops) > 500 {
			break
		}
	}
	_, err := ermfmt.Bytes(m)
	require.EqualError(t, err, "ermfmt: the operators share so many arrays that no reader would take the file")

	// A reader takes up to 32 times the file's size and 1 MiB.
	f := ermoracle.Split(encode(t, tiny()))
	f.Section("DATA").Body = make([]byte, 1<<20)
	op := f.Section("OPER").Body[firstOp:]
	oper := binary.LittleEndian.AppendUint32(nil, 1)
	le.PutUint32(op[20+45:], 1<<20) // the weights are all of DATA
	oper = append(oper, op...)
	count := func() (n int) {
		for n = 1; ; n++ {
			le.PutUint32(oper, uint32(n))
			f.Section("OPER").Body = oper
			if _, err = ermfmt.Decode(f.Bytes()); err != nil {
				return n - 1
			}
			oper = append(oper, op...)
		}
	}
	require.Equal(t, 33, count())
	require.ErrorContains(t, err, "operators, byte 0x1220: the arrays add up to 35652178 bytes and more, want at most 34756608, 32 times the file and a little")
}

// survive decodes a file and holds what comes out to everything that is said
// about decoded models.
func survive(t *testing.T, b []byte) {
	keep := bytes.Clone(b)
	var m *ermfmt.Model
	var err error
	got := allocated(func() { m, err = ermfmt.Decode(b) })
	if limit := timesFile*int64(len(b)) + fuzzerRoom; got > limit {
		t.Fatalf("decoding %d bytes allocated %d, want at most %d", len(b), got, limit)
	}
	require.Equal(t, keep, b, "the file's bytes were changed")
	if err != nil {
		require.Nil(t, m)
		var fe *ermfmt.FormatError
		require.ErrorAs(t, err, &fe)
		require.LessOrEqual(t, fe.Offset, int64(len(b)))
		require.NotContains(t, err.Error(), "\n")
		return
	}
	again, err := ermfmt.Bytes(m)
	if err != nil {
		// The file had bytes that no reference covers; without them there
		// is not enough of it for its references.
		require.EqualError(t, err, "ermfmt: the operators share so many arrays that no reader would take the file")
		return
	}
	second, err := ermfmt.Decode(again)
	require.NoError(t, err)
	require.Equal(t, plain(m), plain(second))
	last, err := ermfmt.Bytes(second)
	require.NoError(t, err)
	require.Equal(t, again, last)
	if le.Uint16(b[10:]) == 0 {
		ref, err := ermoracle.Read(b)
		require.NoError(t, err)
		require.Equal(t, plain(m), plain(ref), "the independent reader sees another model")
	}
}

func seeds(t testing.TB) [][]byte {
	files := [][]byte{example(t), encode(t, ermoracle.Every())}
	for seed := range 6 {
		files = append(files, encode(t, ermoracle.Random(uint64(seed))))
	}
	return files
}

// FuzzDecode decodes arbitrary bytes: as they are, and with file size and
// checksums put right, which gets past them.
func FuzzDecode(f *testing.F) {
	for _, b := range seeds(f) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		survive(t, b)
		if len(b) < ermfmt.HeaderSize {
			return
		}
		b = bytes.Clone(b)
		le.PutUint64(b[16:], uint64(len(b)))
		ermoracle.Seal(b)
		survive(t, b)
	})
}

// FuzzSections puts files together from arbitrary sections, so that the frame
// is right whatever becomes longer or shorter.
func FuzzSections(f *testing.F) {
	ids := []string{"META", "STRS", "TENS", "INOU", "OPER", "PLAN", "DATA"}
	for _, b := range seeds(f) {
		s := ermoracle.Split(b)
		f.Add(uint16(0), s.Arena, s.Section(ids[0]).Body, s.Section(ids[1]).Body, s.Section(ids[2]).Body, s.Section(ids[3]).Body,
			s.Section(ids[4]).Body, s.Section(ids[5]).Body, s.Section(ids[6]).Body)
	}
	f.Fuzz(func(t *testing.T, minor uint16, arena int64, meta, strs, tens, inou, oper, plan, data []byte) {
		file := ermoracle.File{Major: 1, Minor: minor, Arena: arena}
		for i, body := range [][]byte{meta, strs, tens, inou, oper, plan, data} {
			file.Sections = append(file.Sections, ermoracle.Section{ID: ids[i], Flags: 1, Body: body})
		}
		survive(t, file.Bytes())
	})
}
