package ermfmt

import (
	"hash/crc32"
	"strconv"
)

// Header is what the first bytes of a file say: enough to refuse a model
// before reading it.
type Header struct {
	Major, Minor int
	Size         int64 // bytes of the file
	Arena        int64 // bytes
	Scratch      int64 // bytes per worker
}

// HeaderSize is the number of bytes that DecodeHeader needs.
const HeaderSize = headerSize

// DecodeHeader reads the first HeaderSize bytes of a file. Damage to them is
// found by Decode only, which reads the checksum.
func DecodeHeader(b []byte) (Header, error) {
	h, err := readHeader(b)
	if err != nil {
		return Header{}, err
	}
	return Header{Major: int(h.major), Minor: int(h.minor), Size: h.size, Arena: h.arena, Scratch: h.scratch}, nil
}

// maxHeader bounds what newer minor versions may make of the header.
const maxHeader = 4096

func readHeader(b []byte) (*header, error) {
	fail := func(at int64, msg string) error { return &FormatError{Section: "header", Offset: at, Msg: msg} }
	if len(b) < headerSize {
		return nil, fail(int64(len(b)), "the file ends here, want at least "+strconv.Itoa(headerSize)+" bytes")
	}
	if string(b[:len(Magic)]) != Magic {
		return nil, fail(0, "this is not an .erm file")
	}
	h := &header{}
	c := &codec{buf: b[:headerSize], base: headerSize, sect: "header"}
	c.header(h)
	if h.major != Major {
		err := &FormatError{Section: "header", Offset: 8,
			Msg: "format version " + strconv.Itoa(int(h.major)) + " is not supported, want " + strconv.Itoa(Major)}
		err.mark(h.major > Major)
		return nil, err
	}
	if c.err != nil {
		return nil, c.err
	}
	if h.length != headerSize && (h.minor <= Minor || h.length < headerSize || h.length > maxHeader) {
		return nil, fail(12, "the header is "+strconv.FormatUint(uint64(h.length), 10)+" bytes long, want "+strconv.Itoa(headerSize))
	}
	if h.sections == 0 || h.sections > 64 {
		return nil, fail(40, strconv.FormatUint(uint64(h.sections), 10)+" sections, want 1 to 64")
	}
	if h.arena < 0 || h.scratch < 0 || h.size < 0 {
		return nil, fail(16, "a size is negative")
	}
	return h, nil
}

// Decode reads a file and checks that it is whole: checksums, bounds, indices
// and ranges. That the operators fit together is for the runtime to check.
//
// The model's arrays alias data where the machine allows it. Memory beside
// that is at most a small multiple of len(data).
func Decode(data []byte) (*Model, error) {
	h, err := readHeader(data)
	if err != nil {
		return nil, err
	}
	if h.size != int64(len(data)) {
		return nil, &FormatError{Section: "header", Offset: 16, Msg: "the file should have " + strconv.FormatInt(h.size, 10) +
			" bytes and has " + strconv.Itoa(len(data))}
	}
	end := int(h.length) + sectionSize*int(h.sections)
	if end > len(data) {
		return nil, &FormatError{Section: "header", Offset: 40, Msg: "the section table is cut off"}
	}
	sum := crc32.Update(crc32.Checksum(data[:headerSize-4], castagnoli), castagnoli, data[headerSize:end])
	if sum != h.crc {
		return nil, &FormatError{Section: "header", Offset: headerSize - 4, Msg: "the checksum does not match: the file was damaged"}
	}
	d := &decoder{data: data, newer: h.minor > Minor}
	if err := d.sections(int(h.sections), int64(h.length), int64(end)); err != nil {
		return nil, err
	}
	m := &Model{}
	m.Plan.Arena, m.Plan.Scratch = h.arena, h.scratch
	if err := d.model(m); err != nil {
		return nil, err
	}
	if err := check(m, d.newer, func(what string, i int) int64 { return d.position(m, what, i) }); err != nil {
		return nil, err
	}
	return m, nil
}

// position returns the byte where record i of a decoded section begins, or the
// section itself for a negative i.
func (d *decoder) position(m *Model, what string, i int) int64 {
	at := func(id uint32, count int64) int64 {
		if i < 0 {
			return d.body[id].from
		}
		return d.body[id].from + count
	}
	switch what {
	case "tensor", "tensors":
		return at(sectTensors, 4+tensorSize*int64(i))
	case "input", "inputs", "output", "outputs":
		pos, before := int64(4), m.Inputs
		if what == "output" {
			pos += 4
			before = append(before[:len(before):len(before)], m.Outputs[:i]...)
		} else if i >= 0 {
			before = before[:i]
		}
		for k := range before {
			pos += ioSize + 4*int64(len(before[k].Dims)+len(before[k].Stride))
		}
		return at(sectIO, pos)
	case "op", "operators":
		b := d.data[d.body[sectOps].from:d.body[sectOps].to]
		pos := int64(4)
		for range i {
			var size uint32
			(&codec{buf: b[pos+4:]}).u32(&size)
			pos += int64(size)
		}
		return at(sectOps, pos)
	}
	return at(sectPlan, 12+bufferSize*int64(i))
}

type decoder struct {
	data  []byte
	newer bool
	body  map[uint32]span
}

type span struct{ from, to int64 }

var sectionNames = map[uint32]string{
	sectStrings: "strings", sectMeta: "metadata", sectTensors: "tensors", sectIO: "inputs and outputs", sectOps: "operators", sectPlan: "plan", sectData: "data",
}

// sections reads the table. Sections follow each other in the file; what lies
// between them is padding and has to be 0, so that no byte goes unchecked.
func (d *decoder) sections(n int, from, end int64) error {
	d.body = map[uint32]span{}
	c := &codec{buf: d.data[from:end], base: end, sect: "section table"}
	at := end
	for range n {
		var s section
		pos := end - int64(len(c.buf))
		size := c.section(&s, 0)
		if c.err != nil {
			return c.err
		}
		fail := func(msg string) error { return &FormatError{Section: "section table", Offset: pos, Msg: msg} }
		if s.flags > required && !d.newer {
			return fail("flags " + strconv.FormatUint(uint64(s.flags), 10) + " are unknown, want 0 or 1")
		}
		if s.off < at || size < 0 || s.off > int64(len(d.data)) || size > int64(len(d.data))-s.off || s.off-at >= sectAlign || s.off%sectAlign != 0 {
			return fail("a section of " + strconv.FormatInt(size, 10) + " bytes at 0x" + strconv.FormatInt(s.off, 16) + ", want it at the first multiple of " +
				strconv.Itoa(sectAlign) + " from 0x" + strconv.FormatInt(at, 16) + " on, inside the file of " + strconv.Itoa(len(d.data)) + " bytes")
		}
		for i, b := range d.data[at:s.off] {
			if b != 0 {
				return &FormatError{Section: "padding", Offset: at + int64(i), Msg: "the byte is not 0: the file was damaged"}
			}
		}
		at = s.off + size
		name, known := sectionNames[s.id]
		if !known {
			name = "section 0x" + strconv.FormatUint(uint64(s.id), 16)
			if s.flags&required != 0 {
				err := &FormatError{Section: "section table", Offset: pos, Msg: name + " is required and unknown"}
				err.mark(d.newer)
				return err
			}
		}
		if _, twice := d.body[s.id]; twice {
			return fail("the " + name + " section stands twice")
		}
		if crc32.Checksum(d.data[s.off:at], castagnoli) != s.crc {
			return &FormatError{Section: name, Offset: s.off, Msg: "the checksum does not match: the file was damaged"}
		}
		d.body[s.id] = span{s.off, at}
	}
	if at != int64(len(d.data)) {
		return &FormatError{Section: "section table", Offset: at, Msg: "bytes follow the last section"}
	}
	return nil
}

func (d *decoder) model(m *Model) error {
	for _, id := range []uint32{sectStrings, sectMeta, sectTensors, sectIO, sectOps, sectPlan, sectData} {
		if _, ok := d.body[id]; !ok {
			return &FormatError{Section: sectionNames[id], Offset: -1, Msg: "the section is missing"}
		}
	}
	slice := func(id uint32) []byte { s := d.body[id]; return d.data[s.from:s.to:s.to] }
	strs := &stringSection{text: string(slice(sectStrings))}
	data := &dataSection{buf: slice(sectData), budget: maxReuse*uint64(len(d.data)) + freeReuse}
	read := func(id uint32, f func(c *codec)) error {
		c := &codec{buf: slice(id), base: d.body[id].to, sect: sectionNames[id], strs: strs, data: data, newer: d.newer}
		f(c)
		if c.err == nil && len(c.buf) > 0 && !d.newer {
			c.fail(strconv.Itoa(len(c.buf)) + " bytes are left over")
		}
		if c.err != nil {
			return c.err
		}
		return nil
	}
	if err := read(sectMeta, func(c *codec) { c.meta(&m.Meta) }); err != nil {
		return err
	}
	if err := read(sectTensors, func(c *codec) {
		m.Tensors = make([]Tensor, c.records("tensors", 0, MaxTensors, tensorSize))
		for i := range m.Tensors {
			if c.tensor(&m.Tensors[i]); c.err != nil {
				return
			}
		}
	}); err != nil {
		return err
	}
	if err := read(sectIO, func(c *codec) {
		for _, l := range []*[]IO{&m.Inputs, &m.Outputs} {
			*l = make([]IO, c.records("inputs or outputs", 0, MaxIO, ioSize))
			for i := range *l {
				c.io(&(*l)[i])
			}
		}
	}); err != nil {
		return err
	}
	if err := read(sectOps, func(c *codec) {
		m.Ops = make([]Op, c.records("operators", 0, MaxOps, opSize))
		for i := range m.Ops {
			if c.op(&m.Ops[i]); c.err != nil {
				return
			}
		}
	}); err != nil {
		return err
	}
	return read(sectPlan, func(c *codec) { c.plan(&m.Plan) })
}
