package ermfmt

import (
	"slices"
	"strconv"
	"unsafe"
)

// codec walks the fields of a record in file order, writing or reading them:
// each record's layout stands once, for both directions.
type codec struct {
	write bool
	buf   []byte // write: what is written; read: what is left
	data  *dataSection
	strs  *stringSection
	base  int64 // read: file offset of the end of buf, for messages
	err   *FormatError
	sect  string
	newer bool // read: the file's minor version is newer than this package
}

func (c *codec) fail(msg string) {
	if c.err == nil {
		c.err = &FormatError{Section: c.sect, Offset: c.base - int64(len(c.buf)), Msg: msg}
	}
	c.buf = nil
}

// bytes returns the next n bytes, at most 16, to fill or to read. After an
// error it returns zeros.
func (c *codec) bytes(n int) []byte {
	if c.write {
		c.buf = append(c.buf, make([]byte, n)...)
		return c.buf[len(c.buf)-n:]
	}
	if len(c.buf) < n {
		if c.err == nil {
			c.fail("the record is cut off")
		}
		var zero [16]byte
		return zero[:n]
	}
	b := c.buf[:n]
	c.buf = c.buf[n:]
	return b
}

func (c *codec) uint(v *uint64, n int) {
	b := c.bytes(n)
	if c.write {
		for i := range b {
			b[i] = byte(*v >> (8 * i))
		}
		return
	}
	*v = 0
	for i, x := range b {
		*v |= uint64(x) << (8 * i)
	}
}

func (c *codec) u8(v *uint8) {
	x := uint64(*v)
	c.uint(&x, 1)
	*v = uint8(x)
}

func (c *codec) u16(v *uint16) {
	x := uint64(*v)
	c.uint(&x, 2)
	*v = uint16(x)
}

func (c *codec) u32(v *uint32) {
	x := uint64(*v)
	c.uint(&x, 4)
	*v = uint32(x)
}

func (c *codec) i32(v *int32) {
	x := uint64(uint32(*v))
	c.uint(&x, 4)
	*v = int32(uint32(x))
}

func (c *codec) i64(v *int64) {
	x := uint64(*v)
	c.uint(&x, 8)
	*v = int64(x)
}

func (c *codec) bool(v *bool) {
	var x uint8
	if *v {
		x = 1
	}
	c.u8(&x)
	if x > 1 {
		c.fail("a flag is " + strconv.Itoa(int(x)) + ", want 0 or 1")
	}
	*v = x == 1
}

// zero is reserved space.
func (c *codec) zero(n int) {
	for _, b := range c.bytes(n) {
		if b != 0 {
			c.fail("reserved bytes are not 0")
			return
		}
	}
}

func (c *codec) i32s(v ...*int32) {
	for _, p := range v {
		c.i32(p)
	}
}

// list is a counted list of at most maxRank numbers.
func (c *codec) list(v *[]int32) {
	n := uint8(len(*v))
	c.u8(&n)
	if n > maxRank {
		c.fail("a list has " + strconv.Itoa(int(n)) + " entries, want at most " + strconv.Itoa(maxRank))
		return
	}
	if !c.write {
		if len(c.buf) < 4*int(n) {
			c.fail("the record is cut off")
			return
		}
		*v = make([]int32, n)
	}
	for i := range *v {
		c.i32(&(*v)[i])
	}
}

func (c *codec) string(s *string) {
	var ref uint32
	if c.write {
		ref = c.strs.add(*s)
	}
	c.u32(&ref)
	if !c.write && c.err == nil {
		v, ok := c.strs.get(ref)
		if !ok {
			c.fail("string " + strconv.FormatUint(uint64(ref), 10) + " is not in the string section")
		}
		*s = v
	}
}

// array is a reference into the data section: offset in units of dataAlign,
// and the number of elements.
func array[T int8 | uint8 | int16 | uint16 | int32 | uint32](c *codec, v *[]T) {
	size := int(unsafe.Sizeof(*new(T)))
	var at, n uint32
	if c.write {
		at, n = c.data.add(toBytes(*v)), uint32(len(*v))
	}
	c.u32(&at)
	c.u32(&n)
	if c.write || c.err != nil {
		return
	}
	if c.data.used += uint64(n) * uint64(size); c.data.used > c.data.budget {
		c.fail("the arrays add up to " + strconv.FormatUint(c.data.used, 10) + " bytes and more, want at most " + strconv.FormatUint(c.data.budget, 10) +
			", " + strconv.Itoa(maxReuse) + " times the file and a little")
		return
	}
	b, ok := c.data.get(at, uint64(n), size)
	if !ok {
		c.fail("an array of " + strconv.FormatUint(uint64(n), 10) + " elements at " + strconv.FormatUint(uint64(at)*dataAlign, 10) +
			" is not inside the data section of " + strconv.Itoa(len(c.data.buf)) + " bytes")
		return
	}
	if n > 0 {
		*v = unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), int(n))
	}
}

// littleEndian is true where memory has the file's byte order.
var littleEndian = func() bool {
	x := uint16(1)
	return *(*byte)(unsafe.Pointer(&x)) == 1
}()

// toBytes returns the little-endian bytes of v, which may be v's own memory.
func toBytes[T int8 | uint8 | int16 | uint16 | int32 | uint32](v []T) []byte {
	size := int(unsafe.Sizeof(*new(T)))
	if size == 1 || littleEndian {
		return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), len(v)*size)
	}
	out := make([]byte, len(v)*size)
	for i, x := range v {
		u := uint64(x)
		for k := range size {
			out[i*size+k] = byte(u >> (8 * k))
		}
	}
	return out
}

// dataAlign is the alignment of arrays in the data section; those of 4 KiB and
// more are aligned to bigAlign, a cache line.
const (
	dataAlign = 16
	bigAlign  = 64
	bigArray  = 4096
	maxShared = 1 << 16 // only tables and small arrays are looked for among those stored
)

// What all references to arrays may add up to, in bytes: maxReuse times the
// file and freeReuse on top. Arrays may be shared, but whoever checks or packs
// them works through every reference.
const (
	maxReuse  = 32
	freeReuse = 1 << 20
)

// dataSection holds arrays. Equal ones are stored once.
type dataSection struct {
	buf    []byte
	seen   map[string]uint32
	used   uint64 // bytes of all references so far
	budget uint64 // read: what they may add up to
	copies [5][]byte
}

// native returns the section with elements of a size as memory has them, at an
// address that suits them: the file's own bytes where that is so, otherwise a
// copy, made once however many arrays there are in it.
func (d *dataSection) native(size int) []byte {
	at := uintptr(unsafe.Pointer(unsafe.SliceData(d.buf)))
	if size == 1 || littleEndian && at%4 == 0 {
		return d.buf
	}
	c := &d.copies[size]
	if littleEndian {
		c = &d.copies[1] // one copy does for all sizes
	}
	if *c == nil {
		w := make([]uint32, (len(d.buf)+3)/4)
		*c = unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(w))), len(d.buf))
		copy(*c, d.buf)
		for e := *c; !littleEndian && len(e) >= size; e = e[size:] {
			slices.Reverse(e[:size])
		}
	}
	return *c
}

func (d *dataSection) add(b []byte) uint32 {
	if len(b) == 0 {
		return 0
	}
	d.used += uint64(len(b))
	share := len(b) < maxShared
	if at, ok := d.seen[string(b)]; share && ok {
		return at
	}
	a := dataAlign
	if len(b) >= bigArray {
		a = bigAlign
	}
	d.buf = append(d.buf, make([]byte, -len(d.buf)&(a-1))...)
	at := uint32(len(d.buf) / dataAlign)
	d.buf = append(d.buf, b...)
	if share {
		if d.seen == nil {
			d.seen = map[string]uint32{}
		}
		d.seen[string(b)] = at
	}
	return at
}

// get returns n elements of a size.
func (d *dataSection) get(at uint32, n uint64, size int) ([]byte, bool) {
	from, n := uint64(at)*dataAlign, n*uint64(size)
	if n == 0 {
		return nil, at == 0
	}
	if from > uint64(len(d.buf)) || n > uint64(len(d.buf))-from {
		return nil, false
	}
	return d.native(size)[from : from+n : from+n], true
}

// stringSection holds strings, each once: two bytes of length, then the bytes.
// Position 0 is the empty string.
type stringSection struct {
	buf  []byte
	text string // read: a copy of the section, which outlives the file's bytes
	seen map[string]uint32
}

// maxString is the longest name that fits, in bytes.
const maxString = 1<<16 - 1

func (s *stringSection) add(v string) uint32 {
	if len(s.buf) == 0 {
		s.buf = []byte{0, 0}
		s.seen = map[string]uint32{"": 0}
	}
	if at, ok := s.seen[v]; ok {
		return at
	}
	at := uint32(len(s.buf))
	s.buf = append(s.buf, byte(len(v)), byte(len(v)>>8))
	s.buf = append(s.buf, v...)
	s.seen[v] = at
	return at
}

func (s *stringSection) get(at uint32) (string, bool) {
	if uint64(at)+2 > uint64(len(s.text)) {
		return "", false
	}
	n := int(s.text[at]) | int(s.text[at+1])<<8
	if n > len(s.text)-int(at)-2 {
		return "", false
	}
	return s.text[int(at)+2:][:n], true
}
