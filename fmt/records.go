package ermfmt

import (
	"math"
	"strconv"
)

func (c *codec) tensor(t *Tensor) {
	c.string(&t.Name)
	d, p, o := uint8(t.DType), uint8(t.Place), uint8(t.Order)
	c.u8(&d)
	c.u8(&p)
	c.u8(&o)
	t.DType, t.Place, t.Order = DType(d), Place(p), Order(o)
	c.zero(1)
	s := math.Float32bits(t.Scale)
	c.u32(&s)
	t.Scale = math.Float32frombits(s)
	c.i32(&t.Zero)
	for i := range t.Dims {
		c.i32(&t.Dims[i])
	}
	for i := range t.Stride {
		c.i32(&t.Stride[i])
	}
	switch {
	case t.Place == Arena:
		c.i64(&t.Offset)
	case t.Place != Const:
		c.bytes(8) // of a newer version; check has the last word
	case t.DType == Int16:
		array(c, &t.Data16)
	default:
		array(c, &t.Data8)
	}
}

func (c *codec) io(v *IO) {
	c.string(&v.Name)
	c.i32(&v.Tensor)
	t := uint8(v.Type)
	c.u8(&t)
	v.Type = SourceType(t)
	c.list(&v.Dims)
	c.list(&v.Stride)
}

// maxRank bounds the rank of source shapes and copies.
const maxRank = 8

func (c *codec) buffer(b *Buffer) {
	c.i64(&b.Offset)
	c.i64(&b.Size)
	c.i32(&b.First)
	c.i32(&b.Last)
}

// op is one record: kind, size of the record in bytes, name, operands, and the
// attributes of the kind.
func (c *codec) op(o *Op) {
	start := len(c.buf)
	k, size := uint16(o.Kind), uint32(0)
	nin, nout := uint8(len(o.In)), uint8(len(o.Out))
	c.u16(&k)
	c.u8(&nin)
	c.u8(&nout)
	c.u32(&size)
	o.Kind = Kind(k)
	if !c.write {
		if c.err != nil {
			return
		}
		if int64(size) < 8 || int64(size) > int64(len(c.buf)+8) {
			c.fail("the record's size is " + strconv.FormatUint(uint64(size), 10) + " bytes, want 8 to " + strconv.Itoa(len(c.buf)+8))
			return
		}
		rest := c.buf[size-8:]
		c.buf = c.buf[:size-8]
		c.base -= int64(len(rest))
		defer func() {
			if c.err == nil && len(c.buf) > 0 && !c.newer {
				c.fail("the record of the " + o.Kind.String() + " is " + strconv.Itoa(len(c.buf)) + " bytes too long")
			}
			c.base += int64(len(rest))
			if c.err == nil {
				c.buf = rest
			}
		}()
		if len(c.buf) < 4*(int(nin)+int(nout)) {
			c.fail("the record is cut off")
			return
		}
		o.In, o.Out = make([]int32, nin), make([]int32, nout)
	}
	c.string(&o.Name)
	for i := range o.In {
		c.i32(&o.In[i])
	}
	for i := range o.Out {
		c.i32(&o.Out[i])
	}
	c.attrs(o)
	if c.write {
		n := len(c.buf) - start
		for i := range 4 {
			c.buf[start+4+i] = byte(n >> (8 * i))
		}
	}
}

// attr makes room for the attributes of a kind when reading.
func attr[T any](c *codec, p **T) *T {
	if !c.write {
		*p = new(T)
	}
	return *p
}

func (c *codec) attrs(o *Op) {
	switch o.Kind {
	case KindConv, KindDepthwise, KindDense, KindDeformConv, KindConvTranspose:
		c.conv(attr(c, &o.Conv))
	case KindSE:
		c.se(attr(c, &o.SE))
	case KindAdd:
		a := attr(c, &o.Add)
		c.i32s(&a.MulA, &a.MulB)
		c.i64(&a.Bias)
		c.u8(&a.Shift)
		c.clamp(&a.Clamp)
	case KindMul:
		a := attr(c, &o.Mul)
		c.scale(&a.Scale)
		c.clamp(&a.Clamp)
	case KindMaxPool, KindAveragePool:
		c.pool(attr(c, &o.Pool))
	case KindResize:
		a := attr(c, &o.Resize)
		c.i32s(&a.TapsY, &a.TapsX)
		array(c, &a.IndexY)
		array(c, &a.WeightY)
		array(c, &a.IndexX)
		array(c, &a.WeightX)
	case KindLUT:
		a := attr(c, &o.LUT)
		array(c, &a.Table8)
		array(c, &a.Table16)
	case KindRequantize:
		a := attr(c, &o.Requant)
		c.scale(&a.Scale)
		c.clamp(&a.Clamp)
	case KindSoftmax:
		a := attr(c, &o.Softmax)
		c.u8(&a.Bits)
		array(c, &a.Exp)
	case KindLogSoftmax:
		a := attr(c, &o.LogSoft)
		c.u8(&a.Bits)
		array(c, &a.Exp)
		c.i32s(&a.MulX, &a.MulLog)
		c.u8(&a.Shift)
		c.clamp(&a.Clamp)
	case KindCopy:
		a := attr(c, &o.Copy)
		c.list(&a.Dims)
		c.list(&a.InStride)
		c.list(&a.OutStride)
		c.i32s(&a.InOffset, &a.OutOffset)
		c.bool(&a.Fill)
		c.i32(&a.FillValue)
	case KindArgMax:
		a := attr(c, &o.ArgMax)
		c.bool(&a.Last)
		c.bool(&a.Min)
	case KindLRN:
		a := attr(c, &o.LRN)
		c.i32(&a.Size)
		c.u8(&a.Shift)
		array(c, &a.Table)
		c.clamp(&a.Clamp)
	default:
		if c.err == nil {
			c.fail("operator kind " + strconv.Itoa(int(o.Kind)) + " is unknown, want 1 to " + strconv.Itoa(len(kindNames)-1))
			c.err.mark(c.newer)
		}
	}
}

func (c *codec) conv(a *Conv) {
	c.i32s(&a.KH, &a.KW, &a.StrideH, &a.StrideW, &a.DilationH, &a.DilationW, &a.PadTop, &a.PadLeft, &a.Groups, &a.OffsetGroups)
	c.u8(&a.Frac)
	array(c, &a.Weights)
	array(c, &a.Bias)
	c.requant(&a.Requant)
	c.requant(&a.Neg)
	c.clamp(&a.Clamp)
}

func (c *codec) se(a *SE) {
	c.scale(&a.Squeeze)
	c.i32(&a.SqueezeMax)
	c.requant(&a.Mid)
	c.clamp(&a.MidClamp)
	array(c, &a.MidTable)
	c.requant(&a.Gate)
	array(c, &a.GateTable)
	c.scale(&a.Out)
	c.clamp(&a.Clamp)
	array(c, &a.W1)
	array(c, &a.B1)
	array(c, &a.W2)
	array(c, &a.B2)
}

func (c *codec) pool(a *Pool) {
	c.i32s(&a.KH, &a.KW, &a.StrideH, &a.StrideW, &a.DilationH, &a.DilationW, &a.PadTop, &a.PadLeft, &a.PadBottom, &a.PadRight)
	c.bool(&a.IncludePad)
	array(c, &a.Divisors)
	c.requant(&a.Requant)
	c.clamp(&a.Clamp)
}

func (c *codec) requant(r *Requant) {
	array(c, &r.Mult)
	array(c, &r.Shift)
	c.u8(&r.Pre)
}

func (c *codec) scale(s *Scale) {
	c.i32(&s.Mult)
	c.u8(&s.Shift)
	c.u8(&s.Pre)
}

func (c *codec) clamp(a *Clamp) { c.i32s(&a.Lo, &a.Hi) }
