package ermfmt

import (
	"math"
	"strconv"
)

// check tests counts, indices and ranges: what a file may say at all. newer
// tells apart values that are wrong from values that newer versions define.
// position gives the byte of a record in the file; nil when there is none.
func check(m *Model, newer bool, position func(what string, i int) int64) error {
	fail := func(section, what string, i int, msg string, later bool) error {
		err := &FormatError{Section: section, Offset: -1, Msg: msg}
		if position != nil {
			err.Offset = position(what, i)
		}
		if i >= 0 {
			err.Msg = what + " " + strconv.Itoa(i) + ": " + msg
		}
		err.mark(newer && later)
		return err
	}
	for _, c := range []struct {
		section, what string
		have, most    int
	}{
		{"tensors", "tensors", len(m.Tensors), MaxTensors}, {"operators", "operators", len(m.Ops), MaxOps},
		{"inputs and outputs", "inputs", len(m.Inputs), MaxIO}, {"inputs and outputs", "outputs", len(m.Outputs), MaxIO},
		{"plan", "buffers", len(m.Plan.Buffers), MaxTensors},
	} {
		if c.have > c.most {
			return fail(c.section, c.what, -1, strconv.Itoa(c.have)+" "+c.what+", want at most "+strconv.Itoa(c.most), false)
		}
	}
	for i := range m.Tensors {
		if msg, later := checkTensor(&m.Tensors[i], m.Plan.Arena); msg != "" {
			return fail("tensors", "tensor", i, msg, later)
		}
	}
	for k, l := range [][]IO{m.Inputs, m.Outputs} {
		what := [...]string{"input", "output"}[k]
		for i := range l {
			if msg := checkIndex(m, l[i].Tensor); msg != "" {
				return fail("inputs and outputs", what, i, msg, false)
			}
			if msg, later := checkIO(&l[i], &m.Tensors[l[i].Tensor]); msg != "" {
				return fail("inputs and outputs", what, i, msg, later)
			}
		}
	}
	for i := range m.Ops {
		if msg := checkOp(m, &m.Ops[i]); msg != "" {
			return fail("operators", "op", i, msg, false)
		}
	}
	if p := &m.Plan; p.Arena < 0 || p.Scratch < 0 || p.Bound < 0 || p.Bound > p.Arena {
		return fail("plan", "bound", -1, "arena "+strconv.FormatInt(p.Arena, 10)+", scratch "+strconv.FormatInt(p.Scratch, 10)+
			", bound "+strconv.FormatInt(p.Bound, 10)+": want sizes, and a bound no larger than the arena", false)
	}
	for i, b := range m.Plan.Buffers {
		if b.Offset < 0 || b.Size < 0 || b.Offset > m.Plan.Arena || b.Size > m.Plan.Arena-b.Offset {
			return fail("plan", "buffer", i, strconv.FormatInt(b.Size, 10)+" bytes at "+strconv.FormatInt(b.Offset, 10)+
				", want them inside the arena of "+strconv.FormatInt(m.Plan.Arena, 10), false)
		}
		if b.First < 0 || b.Last < b.First || int(b.Last) >= max(1, len(m.Ops)) {
			return fail("plan", "buffer", i, "in use from step "+strconv.Itoa(int(b.First))+" to step "+strconv.Itoa(int(b.Last))+
				", want steps of the "+strconv.Itoa(len(m.Ops))+" there are, in order", false)
		}
	}
	return nil
}

func checkIndex(m *Model, t int32) string {
	if t < 0 || int(t) >= len(m.Tensors) {
		return "tensor index " + strconv.Itoa(int(t)) + " out of range [0, " + strconv.Itoa(len(m.Tensors)) + ")"
	}
	return ""
}

func checkOp(m *Model, o *Op) string {
	if msg := checkName(o.Name); msg != "" {
		return msg
	}
	if !o.hasAttrs() {
		return "want the attributes of " + o.Kind.String() + " and no others"
	}
	if len(o.In) > math.MaxUint8 || len(o.Out) > math.MaxUint8 {
		return strconv.Itoa(len(o.In)) + " inputs and " + strconv.Itoa(len(o.Out)) + " outputs, want at most 255"
	}
	for _, l := range [][]int32{o.In, o.Out} {
		for _, t := range l {
			if msg := checkIndex(m, t); msg != "" {
				return msg
			}
		}
	}
	for _, t := range o.Out {
		if m.Tensors[t].Place != Arena {
			return "output tensor " + strconv.Itoa(int(t)) + " is constant, want one in the arena"
		}
	}
	return ""
}

// hasAttrs reports whether the attributes of the operator's kind are set, and
// no others.
func (o *Op) hasAttrs() bool {
	var kinds [len(kindNames)]bool
	n := 0
	for _, a := range []struct {
		set   bool
		kinds []Kind
	}{
		{o.Conv != nil, []Kind{KindConv, KindDepthwise, KindDense, KindDeformConv, KindConvTranspose}},
		{o.SE != nil, []Kind{KindSE}},
		{o.Add != nil, []Kind{KindAdd}},
		{o.Mul != nil, []Kind{KindMul}},
		{o.Pool != nil, []Kind{KindMaxPool, KindAveragePool}},
		{o.Resize != nil, []Kind{KindResize}},
		{o.LUT != nil, []Kind{KindLUT}},
		{o.Requant != nil, []Kind{KindRequantize}},
		{o.Softmax != nil, []Kind{KindSoftmax}},
		{o.Copy != nil, []Kind{KindCopy}},
		{o.ArgMax != nil, []Kind{KindArgMax}},
		{o.LRN != nil, []Kind{KindLRN}},
		{o.LogSoft != nil, []Kind{KindLogSoftmax}},
	} {
		if a.set {
			n++
			for _, k := range a.kinds {
				kinds[k] = true
			}
		}
	}
	return n == 1 && int(o.Kind) < len(kinds) && kinds[o.Kind]
}

func checkName(s string) string {
	if len(s) > maxString {
		return "a name of " + strconv.Itoa(len(s)) + " bytes, want at most " + strconv.Itoa(maxString)
	}
	return ""
}

// checkTensor returns what is wrong, and whether a newer version may have
// made it right.
func checkTensor(t *Tensor, arena int64) (msg string, later bool) {
	if t.DType.Size() == 0 {
		return "element type " + strconv.Itoa(int(t.DType)) + " is unknown, want 1 to 3", true
	}
	if t.Place > Const {
		return "place " + strconv.Itoa(int(t.Place)) + " is unknown, want 0 (arena) or 1 (constant)", true
	}
	if t.Order > OrderChannel {
		return "order " + strconv.Itoa(int(t.Order)) + " is unknown, want 0 to 2", true
	}
	span, msg := checkShape(t)
	if msg == "" {
		msg = checkName(t.Name)
	}
	if msg != "" {
		return msg, false
	}
	switch t.DType {
	case Int8:
		if t.Zero < -128 || t.Zero > 127 {
			return "zero point " + strconv.Itoa(int(t.Zero)) + " out of range [-128, 127]", false
		}
	default:
		if t.Zero != 0 {
			return "zero point " + strconv.Itoa(int(t.Zero)) + ", want 0 for " + t.DType.String(), false
		}
	}
	if !(t.Scale > 0 && t.Scale <= math.MaxFloat32) {
		return "the scale is 0, negative or not finite, want a finite number greater than 0", false
	}
	if t.Place == Const {
		have, other := len(t.Data8), len(t.Data16)
		switch t.DType {
		case Int16:
			have, other = other, have
		case Int32:
			return "a constant of type int32, want int8 or int16", true
		}
		if !t.IsPacked() || have != t.Elements() || other != 0 {
			return strconv.Itoa(have) + " elements of constant data, want " + strconv.Itoa(t.Elements()) + " without gaps", false
		}
		return "", false
	}
	if t.Data8 != nil || t.Data16 != nil {
		return "a tensor in the arena has data", false
	}
	size := span * int64(t.DType.Size())
	if t.Offset < 0 || t.Offset%int64(t.DType.Size()) != 0 || t.Offset > arena || size > arena-t.Offset {
		return strconv.FormatInt(size, 10) + " bytes at " + strconv.FormatInt(t.Offset, 10) + ", want them inside the arena of " + strconv.FormatInt(arena, 10) +
			", at a multiple of " + strconv.Itoa(t.DType.Size()), false
	}
	return "", false
}

// checkShape returns the number of elements from the first to the last.
func checkShape(t *Tensor) (span int64, msg string) {
	n := int64(1)
	for _, d := range t.Dims {
		if d < 1 || d > MaxDim {
			return 0, "dimension " + strconv.Itoa(int(d)) + " out of range [1, " + strconv.Itoa(MaxDim) + "]"
		}
		if n *= int64(d); n > MaxDim {
			return 0, strconv.FormatInt(n, 10) + " elements and more, want at most " + strconv.Itoa(MaxDim)
		}
	}
	// Elements may not overlap: every stride covers what lies inside it.
	span = int64(t.Dims[3])
	for i := 2; i >= 0; i-- {
		s := int64(t.Stride[i])
		if t.Dims[i] > 1 {
			if s < span {
				return 0, "stride " + strconv.FormatInt(s, 10) + ", want at least the " + strconv.FormatInt(span, 10) + " elements that lie inside it"
			}
			span += int64(t.Dims[i]-1) * s
		} else if s < 0 {
			return 0, "stride " + strconv.FormatInt(s, 10) + ", want 0 or more"
		}
	}
	if span > MaxDim {
		return 0, "the elements span " + strconv.FormatInt(span, 10) + ", want at most " + strconv.Itoa(MaxDim)
	}
	return span, ""
}

func checkIO(v *IO, t *Tensor) (msg string, later bool) {
	if v.Type < SourceFloat32 || v.Type > SourceInt64 {
		return "source type " + strconv.Itoa(int(v.Type)) + " is unknown, want 1 to 6", true
	}
	if len(v.Dims) != len(v.Stride) || len(v.Dims) > maxRank {
		return strconv.Itoa(len(v.Dims)) + " dimensions and " + strconv.Itoa(len(v.Stride)) + " strides, want as many, up to " + strconv.Itoa(maxRank), false
	}
	if msg := checkName(v.Name); msg != "" {
		return msg, false
	}
	if t.Place != Arena || !t.IsPacked() {
		return "tensor " + strconv.Itoa(int(v.Tensor)) + " is constant or has gaps, want one in the arena without", false
	}
	n, last := int64(1), int64(0)
	for i, d := range v.Dims {
		if d < 1 || d > MaxDim || v.Stride[i] < 0 {
			return "dimension " + strconv.Itoa(int(d)) + " with stride " + strconv.Itoa(int(v.Stride[i])) + ", want [1, " + strconv.Itoa(MaxDim) + "] and no negative stride", false
		}
		if n *= int64(d); n > MaxDim {
			return strconv.FormatInt(n, 10) + " elements and more, want at most " + strconv.Itoa(MaxDim), false
		}
		last += int64(d-1) * int64(v.Stride[i])
	}
	if n != int64(t.Elements()) || last >= n {
		return "the source shape has " + strconv.FormatInt(n, 10) + " elements and reaches element " + strconv.FormatInt(last, 10) +
			", want it to cover the tensor's " + strconv.Itoa(t.Elements()), false
	}
	return "", false
}
