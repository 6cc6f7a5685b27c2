package ermfmt_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	ermfmt "github.com/edgerun/edgerun/fmt"
	"github.com/edgerun/edgerun/internal/ermoracle"
)

// grow appends bytes to a section.
func grow(section string, b ...byte) func(f *ermoracle.File) {
	return func(f *ermoracle.File) { s := f.Section(section); s.Body = append(s.Body, b...) }
}

// growOp appends bytes to the record of the first operator.
func growOp(b ...byte) func(f *ermoracle.File) {
	return func(f *ermoracle.File) {
		s := f.Section("OPER")
		size := le.Uint32(s.Body[firstOp+4:])
		le.PutUint32(s.Body[firstOp+4:], size+uint32(len(b)))
		s.Body = slices.Insert(s.Body, int(firstOp+size), b...)
	}
}

func addSection(at int, s ermoracle.Section) func(f *ermoracle.File) {
	return func(f *ermoracle.File) { f.Sections = slices.Insert(f.Sections, at, s) }
}

// TestVersions goes through format.md §4: what a reader of version 1.0 does
// with files of version 1.0, of a newer minor version, and of other major ones.
func TestVersions(t *testing.T) {
	type verdict int
	const (
		reads       verdict = iota // what it knows
		damaged                    // refuses
		unsupported                // refuses, because the file is newer
	)
	optional := ermoracle.Section{ID: "NEWS", Body: []byte("of a later version")}
	must := ermoracle.Section{ID: "NEWS", Flags: 1}
	for name, c := range map[string]struct {
		edit       func(f *ermoracle.File)
		now, newer verdict // in a file of version 1.0, of 1.7
	}{
		"nothing new":                {func(*ermoracle.File) {}, reads, reads},
		"reserved bytes of header":   {func(f *ermoracle.File) { f.Reserved = [16]byte{0: 1, 15: 255} }, damaged, reads},
		"longer header":              {func(f *ermoracle.File) { f.Extra = []byte{1, 2, 3, 4, 5} }, damaged, reads},
		"longest header":             {func(f *ermoracle.File) { f.Extra = bytes.Repeat([]byte{9}, 4096-64) }, damaged, reads},
		"header beyond the limit":    {func(f *ermoracle.File) { f.Extra = make([]byte, 4096-64+1) }, damaged, damaged},
		"flag bits":                  {func(f *ermoracle.File) { f.Section("OPER").Flags = 1<<31 | 2 }, damaged, reads},
		"sections not required":      {func(f *ermoracle.File) { f.Section("OPER").Flags = 0 }, reads, reads},
		"optional section first":     {addSection(0, optional), reads, reads},
		"optional section between":   {addSection(3, optional), reads, reads},
		"optional section last":      {addSection(7, optional), reads, reads},
		"optional section, empty":    {addSection(7, ermoracle.Section{ID: "NEWS"}), reads, reads},
		"optional section, flags":    {addSection(7, ermoracle.Section{ID: "NEWS", Flags: 6}), damaged, reads},
		"optional section twice":     {edits(addSection(0, optional), addSection(7, optional)), damaged, damaged},
		"two optional sections":      {edits(addSection(0, optional), addSection(7, ermoracle.Section{ID: "MORE"})), reads, reads},
		"required section":           {addSection(7, must), damaged, unsupported},
		"required section, flags":    {addSection(2, ermoracle.Section{ID: "NEWS", Flags: 3}), damaged, unsupported},
		"sections in another order":  {func(f *ermoracle.File) { slices.Reverse(f.Sections) }, reads, reads},
		"missing section":            {func(f *ermoracle.File) { f.Sections = f.Sections[1:] }, damaged, damaged},
		"bytes behind an operator":   {growOp(1, 2, 3), damaged, reads},
		"bytes behind META":          {grow("META", 1), damaged, reads},
		"bytes behind TENS":          {grow("TENS", 1, 2), damaged, reads},
		"bytes behind INOU":          {grow("INOU", 1), damaged, reads},
		"bytes behind OPER":          {grow("OPER", make([]byte, 500)...), damaged, reads},
		"bytes behind PLAN":          {grow("PLAN", 1), damaged, reads},
		"bytes behind STRS and DATA": {edits(grow("STRS", 1), grow("DATA", 1)), reads, reads},
		"operator kind":              {put("OPER", firstOp, uint16(19)), damaged, unsupported},
		"operator kind 0":            {put("OPER", firstOp, uint16(0)), damaged, unsupported},
		"element type":               {put("TENS", firstTensor+4, byte(4)), damaged, unsupported},
		"place":                      {put("TENS", firstTensor+5, byte(2)), damaged, unsupported},
		"place with other contents":  {edits(put("TENS", firstTensor+5, byte(2)), put("TENS", firstTensor+44, int64(-1))), damaged, unsupported},
		"order":                      {put("TENS", firstTensor+6, byte(3)), damaged, unsupported},
		"source type":                {put("INOU", 12, byte(7)), damaged, unsupported},
		"32-bit constant": {edits(put("TENS", firstTensor+4, byte(3)), put("TENS", firstTensor+5, byte(1)),
			put("TENS", firstTensor+12, int32(0)), put("TENS", firstTensor+44, uint32(0)), put("TENS", firstTensor+48, uint32(16))), damaged, unsupported},
		// What newer versions may not change.
		"reserved byte of a tensor": {put("TENS", firstTensor+7, byte(1)), damaged, damaged},
		"zero point":                {put("TENS", firstTensor+12, int32(300)), damaged, damaged},
		"operand out of range":      {put("OPER", firstOp+12, int32(7)), damaged, damaged},
		"shorter record":            {put("OPER", firstOp+4, uint32(100)), damaged, damaged},
		"string out of range":       {put("OPER", firstOp+8, uint32(100)), damaged, damaged},
	} {
		t.Run(name, func(t *testing.T) {
			for minor, want := range map[uint16]verdict{0: c.now, 1: c.newer, 7: c.newer, 65535: c.newer} {
				f := ermoracle.Split(example(t))
				f.Minor = minor
				c.edit(f)
				b := f.Bytes()
				m, err := ermfmt.Decode(b)
				if want == reads {
					require.NoError(t, err, "minor %d", minor)
					require.Equal(t, tiny(), plain(m), "minor %d", minor)
					continue
				}
				require.Error(t, err, "minor %d", minor)
				var fe *ermfmt.FormatError
				require.ErrorAs(t, err, &fe)
				if want == unsupported {
					require.ErrorIs(t, err, ermfmt.ErrUnsupported, "minor %d", minor)
					require.ErrorContains(t, err, "; the file was made by a newer edgerun")
				} else {
					require.NotErrorIs(t, err, ermfmt.ErrUnsupported, "minor %d", minor)
					require.NotContains(t, err.Error(), "newer")
				}
			}
		})
	}
	for major, newer := range map[uint16]bool{0: false, 2: true, 65535: true} {
		f := ermoracle.Split(example(t))
		f.Major = major
		_, err := ermfmt.DecodeHeader(f.Bytes())
		require.Error(t, err)
		_, err = ermfmt.Decode(f.Bytes())
		require.Equal(t, newer, err != nil && bytes.Contains([]byte(err.Error()), []byte("newer edgerun")), "major %d: %v", major, err)
		if newer {
			require.ErrorIs(t, err, ermfmt.ErrUnsupported)
		} else {
			require.NotErrorIs(t, err, ermfmt.ErrUnsupported)
		}
	}
}

// TestChecksumsOfTheUnknown: what a reader skips is checked for damage all the
// same.
func TestChecksumsOfTheUnknown(t *testing.T) {
	f := ermoracle.Split(example(t))
	f.Minor = 1
	f.Extra = []byte("something new")
	f.Sections = append(f.Sections, ermoracle.Section{ID: "NEWS", Body: []byte("of a later version")})
	b := f.Bytes()
	decode(t, b)
	for _, at := range []int{50, 64, 64 + 12, len(b) - 1, len(b) - 18} {
		b[at] ^= 4
		_, err := ermfmt.Decode(b)
		require.ErrorContains(t, err, "the checksum does not match: the file was damaged", "byte %d", at)
		b[at] ^= 4
	}
}
