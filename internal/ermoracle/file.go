package ermoracle

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
)

// File is an .erm file taken apart into its sections, to build broken and
// newer ones. Numbers refer to docs/format.md.
type File struct {
	Major, Minor   uint16
	Extra          []byte // of the header, behind its 64 bytes
	Reserved       [16]byte
	Arena, Scratch int64
	Sections       []Section
}

// Section is one section.
type Section struct {
	ID    string // four letters
	Flags uint32
	Body  []byte
}

var le = binary.LittleEndian

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Split takes an intact file apart. The sections are copies.
func Split(b []byte) *File {
	f := &File{Major: le.Uint16(b[8:]), Minor: le.Uint16(b[10:]), Arena: int64(le.Uint64(b[24:])), Scratch: int64(le.Uint64(b[32:]))}
	head := b[:le.Uint32(b[12:])]
	f.Extra = slices.Clone(head[64:])
	copy(f.Reserved[:], b[44:])
	for i := range int(le.Uint32(b[40:])) {
		e := b[len(head)+32*i:]
		at, n := le.Uint64(e[8:]), le.Uint64(e[16:])
		f.Sections = append(f.Sections, Section{string(e[:4]), le.Uint32(e[4:]), slices.Clone(b[at : at+n])})
	}
	return f
}

// Section returns the section of an id.
func (f *File) Section(id string) *Section {
	for i := range f.Sections {
		if f.Sections[i].ID == id {
			return &f.Sections[i]
		}
	}
	return nil
}

// Bytes puts the file together, with checksums.
func (f *File) Bytes() []byte {
	head := make([]byte, 64+len(f.Extra))
	copy(head, "\x89ERM\r\n\x1a\n")
	le.PutUint16(head[8:], f.Major)
	le.PutUint16(head[10:], f.Minor)
	le.PutUint32(head[12:], uint32(len(head)))
	le.PutUint64(head[24:], uint64(f.Arena))
	le.PutUint64(head[32:], uint64(f.Scratch))
	le.PutUint32(head[40:], uint32(len(f.Sections)))
	copy(head[44:60], f.Reserved[:])
	copy(head[64:], f.Extra)
	out := append(head, make([]byte, 32*len(f.Sections))...)
	for i, s := range f.Sections {
		out = append(out, make([]byte, -len(out)&63)...)
		e := out[len(head)+32*i:]
		copy(e, s.ID)
		le.PutUint32(e[4:], s.Flags)
		le.PutUint64(e[8:], uint64(len(out)))
		le.PutUint64(e[16:], uint64(len(s.Body)))
		out = append(out, s.Body...)
	}
	le.PutUint64(out[16:], uint64(len(out)))
	Seal(out)
	return out
}

// Seal computes the checksums of a file anew, as far as its section table can
// be followed, so that changes to it are not taken for damage.
func Seal(b []byte) {
	if len(b) < 64 {
		return
	}
	head, n := uint64(le.Uint32(b[12:])), uint64(le.Uint32(b[40:]))
	end := head + 32*n
	if head < 64 || end > uint64(len(b)) {
		return
	}
	for e := b[head:end]; len(e) > 0; e = e[32:] {
		at, size := le.Uint64(e[8:]), le.Uint64(e[16:])
		if at <= uint64(len(b)) && size <= uint64(len(b))-at {
			le.PutUint32(e[24:], crc32.Checksum(b[at:at+size], castagnoli))
		}
	}
	le.PutUint32(b[60:], crc32.Update(crc32.Checksum(b[:60], castagnoli), castagnoli, b[64:end]))
}
