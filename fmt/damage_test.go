package ermfmt_test

import (
	"encoding/binary"
	"errors"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	ermfmt "github.com/edgerun/edgerun/fmt"
	"github.com/edgerun/edgerun/internal/ermoracle"
)

var le = binary.LittleEndian

// TestBitFlips: a flipped bit anywhere in a file is noticed.
func TestBitFlips(t *testing.T) {
	b := example(t)
	for i := range 8 * len(b) {
		b[i/8] ^= 1 << (i % 8)
		m, err := ermfmt.Decode(b)
		require.Error(t, err, "byte %#x, bit %d", i/8, i%8)
		require.Nil(t, m)
		b[i/8] ^= 1 << (i % 8)
	}
	decode(t, b)
}

// TestTruncation: files that end early, or late, are refused.
func TestTruncation(t *testing.T) {
	for _, b := range [][]byte{example(t), encode(t, ermoracle.Every())} {
		for n := range b {
			_, err := ermfmt.Decode(b[:n:n])
			require.Error(t, err, "the first %d of %d bytes", n, len(b))
		}
		_, err := ermfmt.Decode(append(b, 0))
		require.Error(t, err)
	}
	for n := range ermfmt.HeaderSize {
		_, err := ermfmt.DecodeHeader(example(t)[:n])
		require.Error(t, err)
	}
}

// put writes a number over the bytes of a section.
func put(section string, at int, v any) func(f *ermoracle.File) {
	return func(f *ermoracle.File) {
		b := f.Section(section).Body[at:]
		switch v := v.(type) {
		case byte:
			b[0] = v
		case uint16:
			le.PutUint16(b, v)
		case uint32:
			le.PutUint32(b, v)
		case int32:
			le.PutUint32(b, uint32(v))
		case int64:
			le.PutUint64(b, uint64(v))
		case float32:
			le.PutUint32(b, math.Float32bits(v))
		default:
			panic("put")
		}
	}
}

// Positions in the sections of docs/format.md's example.
const (
	firstTensor  = 4
	secondTensor = 4 + 52
	firstOp      = 4
	attributes   = firstOp + 20
)

// TestErrors breaks the documented example in every way that has a message of
// its own. Checksums are right: what is wrong is what the message says.
func TestErrors(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(f *ermoracle.File)
		want string
	}{
		"property count": {put("META", 0, uint32(3)), "metadata, byte 0x144: 3 properties, want at most 2, as many as the section's 16 bytes hold"},
		"property key":   {put("META", 4, uint32(1<<31)), "metadata, byte 0x148: the text is cut off"},
		"property value": {put("META", 12, uint32(5)), "metadata, byte 0x150: the text is cut off"},
		"metadata rest":  {put("META", 0, uint32(0)), "metadata, byte 0x144: 16 bytes are left over"},

		"tensor count":  {put("TENS", 0, uint32(1<<32-1)), "tensors, byte 0x1c4: 4294967295 tensors, want at most 2, as many as the section's 104 bytes hold"},
		"tensors rest":  {put("TENS", 0, uint32(1)), "tensors, byte 0x1f8: 52 bytes are left over"},
		"tensor name":   {put("TENS", firstTensor, uint32(11)), "tensors, byte 0x1c8: string 11 is not in the string section"},
		"string length": {put("STRS", 8, uint16(3)), "operators, byte 0x290: string 8 is not in the string section"},
		"element type":  {put("TENS", firstTensor+4, byte(4)), "tensors, byte 0x1c4: tensor 0: element type 4 is unknown, want 1 to 3"},
		"place":         {put("TENS", secondTensor+5, byte(2)), "tensors, byte 0x1f8: tensor 1: place 2 is unknown, want 0 (arena) or 1 (constant)"},
		"order":         {put("TENS", firstTensor+6, byte(3)), "tensors, byte 0x1c4: tensor 0: order 3 is unknown, want 0 to 2"},
		"reserved":      {put("TENS", firstTensor+7, byte(1)), "tensors, byte 0x1cc: reserved bytes are not 0"},
		"scale zero":    {put("TENS", firstTensor+8, float32(0)), "tensors, byte 0x1c4: tensor 0: the scale is 0, negative or not finite, want a finite number greater than 0"},
		"scale NaN":     {put("TENS", firstTensor+8, float32(math.NaN())), "tensors, byte 0x1c4: tensor 0: the scale is 0, negative or not finite, want a finite number greater than 0"},
		"scale inf":     {put("TENS", firstTensor+8, float32(math.Inf(1))), "tensors, byte 0x1c4: tensor 0: the scale is 0, negative or not finite, want a finite number greater than 0"},
		"zero point":    {put("TENS", firstTensor+12, int32(128)), "tensors, byte 0x1c4: tensor 0: zero point 128 out of range [-128, 127]"},
		"zero point 16": {put("TENS", secondTensor+12, int32(-1)), "tensors, byte 0x1f8: tensor 1: zero point -1, want 0 for int16"},
		"dimension":     {put("TENS", firstTensor+28, int32(0)), "tensors, byte 0x1c4: tensor 0: dimension 0 out of range [1, 268435456]"},
		"elements":      {put("TENS", firstTensor+16, int32(1<<27)), "tensors, byte 0x1c4: tensor 0: 536870912 elements and more, want at most 268435456"},
		"stride":        {edits(put("TENS", firstTensor+16, int32(2)), put("TENS", firstTensor+32, int32(3))), "tensors, byte 0x1c4: tensor 0: stride 3, want at least the 4 elements that lie inside it"},
		"span":          {edits(put("TENS", firstTensor+16, int32(5)), put("TENS", firstTensor+32, int32(9))), "tensors, byte 0x1c4: tensor 0: 40 bytes at 0, want them inside the arena of 32, at a multiple of 1"},
		"long span":     {edits(put("TENS", firstTensor+16, int32(3)), put("TENS", firstTensor+32, int32(1<<27))), "tensors, byte 0x1c4: tensor 0: the elements span 268435460, want at most 268435456"},
		"negative step": {put("TENS", firstTensor+40, int32(-1)), "tensors, byte 0x1c4: tensor 0: stride -1, want 0 or more"},
		"offset":        {put("TENS", secondTensor+44, int64(30)), "tensors, byte 0x1f8: tensor 1: 4 bytes at 30, want them inside the arena of 32, at a multiple of 2"},
		"end":           {put("TENS", firstTensor+44, int64(29)), "tensors, byte 0x1c4: tensor 0: 4 bytes at 29, want them inside the arena of 32, at a multiple of 1"},
		"odd offset":    {put("TENS", secondTensor+44, int64(15)), "tensors, byte 0x1f8: tensor 1: 4 bytes at 15, want them inside the arena of 32, at a multiple of 2"},
		"minus offset":  {put("TENS", firstTensor+44, int64(-1)), "tensors, byte 0x1c4: tensor 0: 4 bytes at -1, want them inside the arena of 32, at a multiple of 1"},
		"array":         {edits(put("TENS", firstTensor+5, byte(1)), put("TENS", firstTensor+44, uint32(4)), put("TENS", firstTensor+48, uint32(1))), "tensors, byte 0x1f8: an array of 1 elements at 64 is not inside the data section of 50 bytes"},
		"constant":      {edits(put("TENS", firstTensor+5, byte(1)), put("TENS", firstTensor+44, uint32(3)), put("TENS", firstTensor+48, uint32(2))), "tensors, byte 0x1c4: tensor 0: 2 elements of constant data, want 4 without gaps"},

		"input count":   {put("INOU", 0, uint32(1025)), "inputs and outputs, byte 0x244: 1025 inputs or outputs, want at most 5, as many as the section's 58 bytes hold"},
		"input tensor":  {put("INOU", 8, int32(2)), "inputs and outputs, byte 0x244: input 0: tensor index 2 out of range [0, 2)"},
		"output tensor": {put("INOU", 0x267-0x240, int32(-1)), "inputs and outputs, byte 0x263: output 0: tensor index -1 out of range [0, 2)"},
		"source type":   {put("INOU", 12, byte(0)), "inputs and outputs, byte 0x244: input 0: source type 0 is unknown, want 1 to 6"},
		"axes":          {put("INOU", 0x26c-0x240, byte(9)), "inputs and outputs, byte 0x26d: a list has 9 entries, want at most 8"},
		"source dim":    {put("INOU", 0x24e-0x240, int32(0)), "inputs and outputs, byte 0x244: input 0: dimension 0 with stride 4, want [1, 268435456] and no negative stride"},
		"source shape":  {put("INOU", 0x271-0x240, int32(3)), "inputs and outputs, byte 0x263: output 0: the source shape has 3 elements and reaches element 2, want it to cover the tensor's 2"},
		"source steps":  {put("INOU", 0x27a-0x240, int32(2)), "inputs and outputs, byte 0x263: output 0: the source shape has 2 elements and reaches element 2, want it to cover the tensor's 2"},

		"op count":    {put("OPER", 0, uint32(65537)), "operators, byte 0x284: 65537 operators, want at most 8, as many as the section's 119 bytes hold"},
		"no op":       {put("OPER", 0, uint32(0)), "operators, byte 0x284: 119 bytes are left over"},
		"kind":        {put("OPER", firstOp, uint16(19)), "operators, byte 0x298: operator kind 19 is unknown, want 1 to 18"},
		"other kind":  {put("OPER", firstOp, uint16(13)), "operators, byte 0x2a6: the record of the requantize is 85 bytes too long"},
		"operands":    {put("OPER", firstOp+2, byte(200)), "operators, byte 0x28c: the record is cut off"},
		"record size": {put("OPER", firstOp+4, uint32(120)), "operators, byte 0x28c: the record's size is 120 bytes, want 8 to 119"},
		"small size":  {put("OPER", firstOp+4, uint32(7)), "operators, byte 0x28c: the record's size is 7 bytes, want 8 to 119"},
		"short":       {put("OPER", firstOp+4, uint32(118)), "operators, byte 0x2f7: the record is cut off"},
		"operand":     {put("OPER", firstOp+12, int32(7)), "operators, byte 0x284: op 0: tensor index 7 out of range [0, 2)"},
		"weights":     {put("OPER", attributes+45, uint32(99)), "operators, byte 0x2c9: an array of 99 elements at 0 is not inside the data section of 50 bytes"},
		"empty array": {put("OPER", attributes+74, uint32(1)), "operators, byte 0x2ea: an array of 0 elements at 16 is not inside the data section of 50 bytes"},

		"bound":          {put("PLAN", 0, int64(33)), "plan, byte 0x300: arena 32, scratch 8704, bound 33: want sizes, and a bound no larger than the arena"},
		"buffer count":   {put("PLAN", 8, uint32(3)), "plan, byte 0x30c: 3 buffers, want at most 2, as many as the section's 48 bytes hold"},
		"buffer":         {put("PLAN", 12+24, int64(29)), "plan, byte 0x324: buffer 1: 4 bytes at 29, want them inside the arena of 32"},
		"buffer size":    {put("PLAN", 12+8, int64(-1)), "plan, byte 0x30c: buffer 0: -1 bytes at 0, want them inside the arena of 32"},
		"buffer steps":   {put("PLAN", 12+20, int32(1)), "plan, byte 0x30c: buffer 0: in use from step 0 to step 1, want steps of the 1 there are, in order"},
		"buffer order":   {put("PLAN", 12+16, int32(1)), "plan, byte 0x30c: buffer 0: in use from step 1 to step 0, want steps of the 1 there are, in order"},
		"buffer steps -": {put("PLAN", 12+24+16, int32(-1)), "plan, byte 0x324: buffer 1: in use from step -1 to step 0, want steps of the 1 there are, in order"},

		"arena":    {func(f *ermoracle.File) { f.Arena = -1 }, "header, byte 0x10: a size is negative"},
		"scratch":  {func(f *ermoracle.File) { f.Scratch = math.MinInt64 }, "header, byte 0x10: a size is negative"},
		"major":    {func(f *ermoracle.File) { f.Major = 0 }, "header, byte 0x8: format version 0 is not supported, want 1"},
		"header":   {func(f *ermoracle.File) { f.Extra = make([]byte, 8) }, "header, byte 0xc: the header is 72 bytes long, want 64"},
		"unused":   {func(f *ermoracle.File) { f.Reserved[3] = 1 }, "header, byte 0x3c: reserved bytes are not 0"},
		"flags":    {func(f *ermoracle.File) { f.Sections[2].Flags = 3 }, "section table, byte 0x80: flags 3 are unknown, want 0 or 1"},
		"missing":  {func(f *ermoracle.File) { f.Section("PLAN").ID, f.Section("PLAN").Flags = "plan", 0 }, "plan: the section is missing"},
		"twice":    {func(f *ermoracle.File) { f.Sections = append(f.Sections, f.Sections[0]) }, "section table, byte 0x120: the metadata section stands twice"},
		"required": {func(f *ermoracle.File) { f.Sections = append(f.Sections, ermoracle.Section{ID: "NEWS", Flags: 1}) }, "section table, byte 0x120: section 0x5357454e is required and unknown"},
		"none":     {func(f *ermoracle.File) { f.Sections = nil }, "header, byte 0x28: 0 sections, want 1 to 64"},
		"many":     {func(f *ermoracle.File) { f.Sections = make([]ermoracle.Section, 65) }, "header, byte 0x28: 65 sections, want 1 to 64"},
	} {
		t.Run(name, func(t *testing.T) {
			f := ermoracle.Split(example(t))
			c.edit(f)
			_, err := ermfmt.Decode(f.Bytes())
			require.EqualError(t, err, "ermfmt: "+c.want)
			var fe *ermfmt.FormatError
			require.ErrorAs(t, err, &fe)
			require.NotErrorIs(t, err, ermfmt.ErrUnsupported, "the file is damaged, not newer")
		})
	}
}

func edits(l ...func(f *ermoracle.File)) func(f *ermoracle.File) {
	return func(f *ermoracle.File) {
		for _, e := range l {
			e(f)
		}
	}
}

// wholeGap puts 64 zeros behind a section that ends at a multiple of 64.
func wholeGap(b []byte) []byte {
	f := ermoracle.Split(b)
	f.Sections[0].Body = make([]byte, 64)
	b = f.Bytes()
	at := le.Uint64(b[64+32+8:])
	for i := 1; i < len(f.Sections); i++ {
		e := b[64+32*i+8:]
		le.PutUint64(e, le.Uint64(e)+64)
	}
	b = slices.Insert(b, int(at), make([]byte, 64)...)
	le.PutUint64(b[16:], uint64(len(b)))
	return b
}

// TestFrameErrors breaks the frame around the sections.
func TestFrameErrors(t *testing.T) {
	entry := func(i int) int { return 64 + 32*i }
	for name, c := range map[string]struct {
		edit func(b []byte) []byte
		seal bool
		want string
	}{
		"empty":            {func([]byte) []byte { return nil }, false, "header, byte 0x0: the file ends here, want at least 64 bytes"},
		"short":            {func(b []byte) []byte { return b[:63] }, false, "header, byte 0x3f: the file ends here, want at least 64 bytes"},
		"text mode":        {func(b []byte) []byte { b[4] = '\n'; return b }, false, "header, byte 0x0: this is not an .erm file"},
		"cut off":          {func(b []byte) []byte { return b[:800] }, false, "header, byte 0x10: the file should have 882 bytes and has 800"},
		"followed":         {func(b []byte) []byte { return append(b, 0) }, false, "header, byte 0x10: the file should have 882 bytes and has 883"},
		"file size":        {func(b []byte) []byte { le.PutUint64(b[16:], 1<<63); return b }, false, "header, byte 0x10: a size is negative"},
		"sections":         {func(b []byte) []byte { le.PutUint32(b[40:], 64); return b }, false, "header, byte 0x28: the section table is cut off"},
		"header checksum":  {func(b []byte) []byte { b[24]++; return b }, false, "header, byte 0x3c: the checksum does not match: the file was damaged"},
		"section checksum": {func(b []byte) []byte { b[0x360]++; return b }, false, "data, byte 0x340: the checksum does not match: the file was damaged"},
		"padding":          {func(b []byte) []byte { b[0x15f] = 1; return b }, false, "padding, byte 0x15f: the byte is not 0: the file was damaged"},
		"entry reserved":   {func(b []byte) []byte { b[entry(0)+31] = 1; return b }, true, "section table, byte 0x60: reserved bytes are not 0"},
		"overlap":          {func(b []byte) []byte { le.PutUint64(b[entry(1)+8:], 0x140); return b }, true, "section table, byte 0x60: a section of 12 bytes at 0x140, want it at the first multiple of 64 from 0x154 on, inside the file of 882 bytes"},
		"gap":              {func(b []byte) []byte { le.PutUint64(b[entry(0)+8:], 0x180); return b }, true, "section table, byte 0x40: a section of 20 bytes at 0x180, want it at the first multiple of 64 from 0x120 on, inside the file of 882 bytes"},
		"beyond":           {func(b []byte) []byte { le.PutUint64(b[entry(6)+16:], 51); return b }, true, "section table, byte 0x100: a section of 51 bytes at 0x340, want it at the first multiple of 64 from 0x33c on, inside the file of 882 bytes"},
		"whole gap":        {wholeGap, true, "section table, byte 0x60: a section of 12 bytes at 0x1c0, want it at the first multiple of 64 from 0x180 on, inside the file of 946 bytes"},
		"negative size":    {func(b []byte) []byte { le.PutUint64(b[entry(6)+16:], 1<<63); return b }, true, "section table, byte 0x100: a section of -9223372036854775808 bytes at 0x340, want it at the first multiple of 64 from 0x33c on, inside the file of 882 bytes"},
		"huge offset":      {func(b []byte) []byte { le.PutUint64(b[entry(0)+8:], 1<<63-64); return b }, true, "section table, byte 0x40: a section of 20 bytes at 0x7fffffffffffffc0, want it at the first multiple of 64 from 0x120 on, inside the file of 882 bytes"},
		"rest":             {func(b []byte) []byte { le.PutUint64(b[entry(6)+16:], 49); return b }, true, "section table, byte 0x371: bytes follow the last section"},
	} {
		t.Run(name, func(t *testing.T) {
			b := c.edit(example(t))
			if c.seal {
				ermoracle.Seal(b)
			}
			_, err := ermfmt.Decode(b)
			require.EqualError(t, err, "ermfmt: "+c.want)
		})
	}
}

// TestPositions: errors about a record name its first byte in sections of
// records of many sizes.
func TestPositions(t *testing.T) {
	m := ermoracle.Every()
	file := encode(t, m)
	f := ermoracle.Split(file)
	start := func(id string) int {
		for i := range f.Sections {
			if f.Sections[i].ID == id {
				return int(le.Uint64(file[64+32*i+8:]))
			}
		}
		panic(id)
	}
	at := start("OPER") + 4
	for i := range m.Ops {
		b := append([]byte{}, file...)
		le.PutUint32(b[at+12:], 1<<20) // the first operand
		ermoracle.Seal(b)
		_, err := ermfmt.Decode(b)
		var fe *ermfmt.FormatError
		require.True(t, errors.As(err, &fe), i)
		require.Equal(t, int64(at), fe.Offset, err)
		at += int(le.Uint32(file[at+4:]))
	}
	at = start("INOU")
	for _, l := range [][]ermfmt.IO{m.Inputs, m.Outputs} {
		at += 4
		for i := range l {
			b := append([]byte{}, file...)
			le.PutUint32(b[at+4:], 1<<20)
			ermoracle.Seal(b)
			_, err := ermfmt.Decode(b)
			var fe *ermfmt.FormatError
			require.True(t, errors.As(err, &fe), i)
			require.Equal(t, int64(at), fe.Offset, err)
			at += 11 + 4*(len(l[i].Dims)+len(l[i].Stride))
		}
	}
}

// TestEncodeRefuses: models that Decode would refuse are not written.
func TestEncodeRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(m *ermfmt.Model)
		want string
	}{
		"no attributes":    {func(m *ermfmt.Model) { m.Ops[0].Conv = nil }, "operators: op 0: want the attributes of fully_connected and no others"},
		"other attributes": {func(m *ermfmt.Model) { m.Ops[0].Kind = ermfmt.KindAdd }, "operators: op 0: want the attributes of add and no others"},
		"two attributes":   {func(m *ermfmt.Model) { m.Ops[0].LUT = &ermfmt.LUT{} }, "operators: op 0: want the attributes of fully_connected and no others"},
		"unknown kind":     {func(m *ermfmt.Model) { m.Ops[0].Kind = 99 }, "operators: op 0: want the attributes of op(99) and no others"},
		"constant output":  {func(m *ermfmt.Model) { m.Tensors[1].Place = ermfmt.Const; m.Tensors[1].Data16 = []int16{1, 2} }, "inputs and outputs: output 0: tensor 1 is constant or has gaps, want one in the arena without"},
		"data in arena":    {func(m *ermfmt.Model) { m.Tensors[0].Data8 = []int8{1, 2, 3, 4} }, "tensors: tensor 0: a tensor in the arena has data"},
		"long name":        {func(m *ermfmt.Model) { m.Tensors[0].Name = string(make([]byte, 1<<16)) }, "tensors: tensor 0: a name of 65536 bytes, want at most 65535"},
		"long node name":   {func(m *ermfmt.Model) { m.Ops[0].Name = string(make([]byte, 1<<16)) }, "operators: op 0: a name of 65536 bytes, want at most 65535"},
		"long input name":  {func(m *ermfmt.Model) { m.Inputs[0].Name = string(make([]byte, 1<<16)) }, "inputs and outputs: input 0: a name of 65536 bytes, want at most 65535"},
		"operands":         {func(m *ermfmt.Model) { m.Ops[0].In = make([]int32, 256) }, "operators: op 0: 256 inputs and 1 outputs, want at most 255"},
		"tensors":          {func(m *ermfmt.Model) { m.Tensors = make([]ermfmt.Tensor, 1<<16+1) }, "tensors: 65537 tensors, want at most 65536"},
		"outputs":          {func(m *ermfmt.Model) { m.Outputs = make([]ermfmt.IO, 1025) }, "inputs and outputs: 1025 outputs, want at most 1024"},
		"ranks":            {func(m *ermfmt.Model) { m.Inputs[0].Stride = nil }, "inputs and outputs: input 0: 2 dimensions and 0 strides, want as many, up to 8"},
		"arena":            {func(m *ermfmt.Model) { m.Plan.Scratch = -1 }, "plan: arena 32, scratch -1, bound 32: want sizes, and a bound no larger than the arena"},
	} {
		t.Run(name, func(t *testing.T) {
			m := tiny()
			c.edit(m)
			_, err := ermfmt.Bytes(m)
			require.EqualError(t, err, "ermfmt: "+c.want)
			require.EqualError(t, ermfmt.Encode(failing{}, m), "ermfmt: "+c.want)
		})
	}
	require.ErrorIs(t, ermfmt.Encode(failing{}, tiny()), os.ErrClosed)
}

// failing is a file that cannot be written.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, os.ErrClosed }
