package ermfmt

import (
	"errors"
	"hash/crc32"
	"io"
	"math"
	"strconv"
)

// Sizes of the fixed parts, in bytes.
const (
	headerSize  = 64
	sectionSize = 32
	sectAlign   = 64
)

// Section ids, four letters as a little-endian number.
const (
	sectStrings = 'S' | 'T'<<8 | 'R'<<16 | 'S'<<24
	sectMeta    = 'M' | 'E'<<8 | 'T'<<16 | 'A'<<24
	sectTensors = 'T' | 'E'<<8 | 'N'<<16 | 'S'<<24
	sectIO      = 'I' | 'N'<<8 | 'O'<<16 | 'U'<<24
	sectOps     = 'O' | 'P'<<8 | 'E'<<16 | 'R'<<24
	sectPlan    = 'P' | 'L'<<8 | 'A'<<16 | 'N'<<24
	sectData    = 'D' | 'A'<<8 | 'T'<<16 | 'A'<<24
)

// required marks sections that a reader must understand.
const required = 1

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

type section struct {
	id, flags uint32
	body      []byte
	off       int64
	crc       uint32
}

// Bytes encodes a model. Equal models give equal bytes. A model that Decode
// would refuse is an error.
func Bytes(m *Model) ([]byte, error) {
	if err := check(m, false, nil); err != nil {
		return nil, err
	}
	data, strs := &dataSection{}, &stringSection{}
	strs.add("")
	// Weights are nearly all there is: without copies on the way.
	room := 1 << 12
	for i := range m.Ops {
		if c := m.Ops[i].Conv; c != nil {
			room += len(c.Weights) + 16*len(c.Bias) + 4*dataAlign
		}
	}
	data.buf = make([]byte, 0, room)
	var failed error
	part := func(f func(c *codec)) []byte {
		c := &codec{write: true, data: data, strs: strs}
		f(c)
		if c.err != nil {
			failed = c.err
		}
		return c.buf
	}
	meta := part(func(c *codec) { c.meta(&m.Meta) })
	tensors := part(func(c *codec) {
		c.count(len(m.Tensors))
		for i := range m.Tensors {
			c.tensor(&m.Tensors[i])
		}
	})
	ios := part(func(c *codec) {
		for _, l := range [][]IO{m.Inputs, m.Outputs} {
			c.count(len(l))
			for i := range l {
				c.io(&l[i])
			}
		}
	})
	ops := part(func(c *codec) {
		c.count(len(m.Ops))
		for i := range m.Ops {
			c.op(&m.Ops[i])
		}
	})
	plan := part(func(c *codec) { c.plan(&m.Plan) })
	if failed != nil {
		return nil, failed
	}
	if int64(len(data.buf)) > dataAlign<<32-1 {
		return nil, errors.New("ermfmt: the weights pass 64 GiB")
	}
	sections := []section{
		{id: sectMeta, flags: required, body: meta},
		{id: sectStrings, flags: required, body: strs.buf},
		{id: sectTensors, flags: required, body: tensors},
		{id: sectIO, flags: required, body: ios},
		{id: sectOps, flags: required, body: ops},
		{id: sectPlan, flags: required, body: plan},
		{id: sectData, flags: required, body: data.buf},
	}
	b := assemble(&header{major: Major, minor: Minor, arena: m.Plan.Arena, scratch: m.Plan.Scratch}, sections)
	if data.used > maxReuse*uint64(len(b))+freeReuse {
		return nil, errors.New("ermfmt: the operators share so many arrays that no reader would take the file")
	}
	return b, nil
}

// assemble lays header, section table and sections out, with checksums.
func assemble(h *header, sections []section) []byte {
	size := int64(headerSize + sectionSize*len(sections))
	for i := range sections {
		s := &sections[i]
		size = (size + sectAlign - 1) &^ (sectAlign - 1)
		s.off = size
		s.crc = crc32.Checksum(s.body, castagnoli)
		size += int64(len(s.body))
	}
	h.size, h.sections = size, uint32(len(sections))
	c := &codec{write: true}
	c.header(h)
	for i := range sections {
		c.section(&sections[i], int64(len(sections[i].body)))
	}
	out := make([]byte, size)
	copy(out, c.buf)
	sum := crc32.Update(crc32.Checksum(out[:headerSize-4], castagnoli), castagnoli, out[headerSize:len(c.buf)])
	for i := range 4 {
		out[headerSize-4+i] = byte(sum >> (8 * i))
	}
	for _, s := range sections {
		copy(out[s.off:], s.body)
	}
	return out
}

// Encode writes a model.
func Encode(w io.Writer, m *Model) error {
	b, err := Bytes(m)
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

type header struct {
	major, minor   uint16
	length         uint32 // of the header
	size           int64
	arena, scratch int64
	sections       uint32
	crc            uint32
}

func (c *codec) header(h *header) {
	b := c.bytes(8)
	if c.write {
		copy(b, Magic)
		h.length = headerSize
	}
	c.u16(&h.major)
	c.u16(&h.minor)
	c.u32(&h.length)
	c.i64(&h.size)
	c.i64(&h.arena)
	c.i64(&h.scratch)
	c.u32(&h.sections)
	for _, x := range c.bytes(16) {
		if x != 0 && h.minor <= Minor {
			c.fail("reserved bytes are not 0")
		}
	}
	c.u32(&h.crc)
}

func (c *codec) section(s *section, size int64) int64 {
	c.u32(&s.id)
	c.u32(&s.flags)
	c.i64(&s.off)
	c.i64(&size)
	c.u32(&s.crc)
	c.zero(4)
	return size
}

func (c *codec) count(n int) int {
	v := uint32(n)
	c.u32(&v)
	return int(v)
}

// records is a count of records that have at least size bytes each.
func (c *codec) records(what string, n, most, size int) int {
	n = c.count(n)
	if !c.write && (n < 0 || n > most || n > len(c.buf)/size) {
		c.fail(strconv.FormatUint(uint64(uint32(n)), 10) + " " + what + ", want at most " + strconv.Itoa(min(most, len(c.buf)/size)) +
			", as many as the section's " + strconv.Itoa(len(c.buf)) + " bytes hold")
		return 0
	}
	return n
}

// The smallest size of a record, in bytes: what bounds the counts.
const (
	metaSize   = 8
	tensorSize = 52
	ioSize     = 11
	opSize     = 14
	bufferSize = 24
)

func (c *codec) meta(m *[]Meta) {
	n := c.records("properties", len(*m), math.MaxInt32, metaSize)
	if !c.write {
		*m = make([]Meta, n)
	}
	for i := range *m {
		c.text(&(*m)[i].Key)
		c.text(&(*m)[i].Value)
	}
}

// text is a string in place, with four bytes of length.
func (c *codec) text(s *string) {
	n := c.count(len(*s))
	if c.write {
		c.buf = append(c.buf, *s...)
		return
	}
	if n < 0 || n > len(c.buf) {
		c.fail("the text is cut off")
		return
	}
	*s = string(c.buf[:n])
	c.buf = c.buf[n:]
}

func (c *codec) plan(p *Plan) {
	c.i64(&p.Bound)
	n := c.records("buffers", len(p.Buffers), MaxTensors, bufferSize)
	if !c.write {
		p.Buffers = make([]Buffer, n)
	}
	for i := range p.Buffers {
		c.buffer(&p.Buffers[i])
	}
}
