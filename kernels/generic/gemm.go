package generic

import (
	"unsafe"

	"github.com/edgerun/edgerun/internal/requant"
	"github.com/edgerun/edgerun/kernels"
)

// The matrix product at the heart of the convolutions: rows of int8
// activations times the weights of several output channels, K long.
//
// Three weights share a word, p = w0 + w1<<21 + w2<<42. After Σ x·p over at
// most 64 steps every lane holds a sum of at most 64·128·127 < 2^20 in
// magnitude, so the three can be told apart again: the low lane by sign
// extension, the next after subtracting it, and so on. Per step that is one
// multiplication for three channels, and the compiler needs no vector unit.
const (
	words  = 4         // packed words per column block,
	block  = 3 * words // that is, output channels
	chunk  = 64        // steps between unpackings
	lane   = 21
	maxRow = 128 // rows of a strip
)

// pairs is a chunk of packed weights, two steps at a time.
type pairs [words][chunk / 2][2]int64

// strip is a set of rows that are multiplied with the same weights.
type strip struct {
	x    []int8 // row r starts at r·ld
	ld   int
	rows int
	out  []int32 // offset of every row in the output
}

// gemmScratch is the scratch that gemm needs, in bytes.
func gemmScratch() int {
	return round16(int(unsafe.Sizeof(pairs{}))) + round16(4*maxRow*block) + round16(4*maxRow)
}

// gemmMem is gemm's part of a worker's scratch.
type gemmMem struct {
	p   *pairs
	acc []int32
	out []int32
}

func carveGemm(c *carver) gemmMem {
	return gemmMem{(*pairs)(c.take(int(unsafe.Sizeof(pairs{})))), c.int32s(maxRow * block), c.int32s(maxRow)}
}

// gemm computes output channels [c0, c1) for a strip. The weights of channel c
// are w[c·ldw:][:k]. Rows have an even number of elements, k rounded up; the
// weights beyond k count as 0.
func gemm(a *kernels.ConvArgs, m *gemmMem, s *strip, w []int8, ldw, k, c0, c1 int) {
	if !wide || s.rows < 4 {
		gemmDirect(a, m, s, w, ldw, k, c0, c1)
		return
	}
	acc := m.acc[:s.rows*block]
	for c := c0; c < c1; c += block {
		n := min(block, c1-c)
		if k <= chunk {
			gemmShort(a, m, s, w, ldw, k, c, n)
			continue
		}
		for r := 0; r < len(acc); r += block {
			copy(acc[r:r+n], a.Bias[c:])
		}
		for k0 := 0; k0 < k; k0 += chunk {
			kn := min(chunk, k-k0)
			packWeights(m.p, w[c*ldw+k0:], ldw, n, kn)
			half := (kn + 1) / 2
			for r := range s.rows {
				x := unsafe.Slice((*[2]int8)(unsafe.Pointer(&s.x[r*s.ld+k0])), half)
				s0, s1, s2, s3 := dot(x, m.p)
				t := (*[block]int32)(acc[r*block:])
				unpack(t, 0, s0)
				unpack(t, 3, s1)
				unpack(t, 6, s2)
				unpack(t, 9, s3)
			}
		}
		for r := range s.rows {
			store(a, acc[r*block:][:n], c, int(s.out[r]))
		}
	}
}

// gemmShort is gemm for n channels from c on and at most one chunk: the sums
// need no memory.
func gemmShort(a *kernels.ConvArgs, m *gemmMem, s *strip, w []int8, ldw, k, c, n int) {
	packWeights(m.p, w[c*ldw:], ldw, n, k)
	half := (k + 1) / 2
	var bias, t [block]int32
	copy(bias[:], a.Bias[c:c+n])
	for r := range s.rows {
		x := unsafe.Slice((*[2]int8)(unsafe.Pointer(&s.x[r*s.ld])), half)
		s0, s1, s2, s3 := dot(x, m.p)
		t = bias
		unpack(&t, 0, s0)
		unpack(&t, 3, s1)
		unpack(&t, 6, s2)
		unpack(&t, 9, s3)
		store(a, t[:n], c, int(s.out[r]))
	}
}

// packWeights fills p with kn steps of n channels; the rest of the words is 0.
func packWeights(p *pairs, w []int8, ldw, n, kn int) {
	odd := kn & 1
	for j := range words {
		dst := p[j][:]
		switch left := n - 3*j; {
		case left >= 3:
			w0, w1, w2 := w[3*j*ldw:][:kn], w[(3*j+1)*ldw:][:kn], w[(3*j+2)*ldw:][:kn]
			for i := range kn / 2 {
				d := &dst[i&(chunk/2-1)]
				d[0] = int64(w0[2*i]) + int64(w1[2*i])<<lane + int64(w2[2*i])<<(2*lane)
				d[1] = int64(w0[2*i+1]) + int64(w1[2*i+1])<<lane + int64(w2[2*i+1])<<(2*lane)
			}
			if odd == 1 {
				dst[kn/2] = [2]int64{int64(w0[kn-1]) + int64(w1[kn-1])<<lane + int64(w2[kn-1])<<(2*lane)}
			}
		default:
			for i := range (kn + 1) / 2 {
				dst[i] = [2]int64{}
			}
			for l := range left {
				for i, v := range w[(3*j+l)*ldw:][:kn] {
					dst[i/2][i&1] += int64(v) << (l * lane)
				}
			}
		}
	}
}

// dot multiplies a row with the four words of every step. It stands alone so
// that the compiler keeps the sums in registers.
//
//go:noinline
func dot(x [][2]int8, p *pairs) (s0, s1, s2, s3 int64) {
	b, c, d, e := p[0][:len(x)], p[1][:len(x)], p[2][:len(x)], p[3][:len(x)]
	for k := range x {
		u := int64(x[k][0])
		s0 += u * b[k][0]
		s1 += u * c[k][0]
		s2 += u * d[k][0]
		s3 += u * e[k][0]
		u = int64(x[k][1])
		s0 += u * b[k][1]
		s1 += u * c[k][1]
		s2 += u * d[k][1]
		s3 += u * e[k][1]
	}
	return
}

// unpack adds the three lanes of a word to three sums.
func unpack(acc *[block]int32, at int, s int64) {
	l0 := s << (64 - lane) >> (64 - lane)
	s = (s - l0) >> lane
	l1 := s << (64 - lane) >> (64 - lane)
	acc[at] += int32(l0)
	acc[at+1] += int32(l1)
	acc[at+2] += int32((s - l1) >> lane)
}

// gemmDirect is the same without packing: for strips too short to pay for it,
// and for machines with 32-bit words.
func gemmDirect(a *kernels.ConvArgs, m *gemmMem, s *strip, w []int8, ldw, k, c0, c1 int) {
	acc := m.acc[:block]
	for r := range s.rows {
		x := s.x[r*s.ld:][:k]
		for c := c0; c < c1; c += block {
			n := min(block, c1-c)
			j := 0
			for ; j+4 <= n; j += 4 {
				o := (c + j) * ldw
				s0, s1, s2, s3 := dot4(x, w[o:], w[o+ldw:], w[o+2*ldw:], w[o+3*ldw:])
				acc[j] = a.Bias[c+j] + s0
				acc[j+1] = a.Bias[c+j+1] + s1
				acc[j+2] = a.Bias[c+j+2] + s2
				acc[j+3] = a.Bias[c+j+3] + s3
			}
			for ; j < n; j++ {
				sum := a.Bias[c+j]
				for i, v := range w[(c+j)*ldw:][:len(x)] {
					sum += int32(x[i]) * int32(v)
				}
				acc[j] = sum
			}
			store(a, acc[:n], c, int(s.out[r]))
		}
	}
}

//go:noinline
func dot4(x, w0, w1, w2, w3 []int8) (s0, s1, s2, s3 int32) {
	w0, w1, w2, w3 = w0[:len(x)], w1[:len(x)], w2[:len(x)], w3[:len(x)]
	for k, v := range x {
		u := int32(v)
		s0 += u * int32(w0[k])
		s1 += u * int32(w1[k])
		s2 += u * int32(w2[k])
		s3 += u * int32(w3[k])
	}
	return
}

// store requantizes the accumulators of channels [c, c+len(acc)) and writes
// them at element off of the output.
func store(a *kernels.ConvArgs, acc []int32, c, off int) {
	if a.Pre == 0 && len(a.NegMult) == 0 && a.Out != nil {
		out := a.Out[off+c:][:len(acc)]
		if len(acc) == block {
			storeBlock((*[block]int8)(out), (*[block]int32)(acc), (*[block]int32)(a.Mult[c:]), (*[block]uint8)(a.Shift[c:]), int64(a.ZOut), int64(a.Lo), int64(a.Hi))
			return
		}
		mult, shift := a.Mult[c:][:len(acc)], a.Shift[c:][:len(acc)]
		zero, lo, hi := a.ZOut, a.Lo, a.Hi
		for i, v := range acc {
			out[i] = int8(requant8(v, mult[i], shift[i], zero, lo, hi))
		}
		return
	}
	for i, v := range acc {
		m, s := a.Mult[c+i], a.Shift[c+i]
		if v < 0 && len(a.NegMult) > 0 {
			m, s = a.NegMult[c+i], a.NegShift[c+i]
		}
		q := requant8(requant.PreShift(v, a.Pre), m, s, a.ZOut, a.Lo, a.Hi)
		if a.Out != nil {
			a.Out[off+c+i] = int8(q)
		} else {
			a.Out16[off+c+i] = int16(q)
		}
	}
}

// storeBlock is store for a whole block of 8-bit outputs, four at a time.
func storeBlock(out *[block]int8, acc, mult *[block]int32, shift *[block]uint8, zero, lo, hi int64) {
	for i := 0; i < block; i += 4 {
		a := (int64(acc[i])*int64(mult[i])>>((30+uint(shift[i]))&63)+1)>>1 + zero
		b := (int64(acc[i+1])*int64(mult[i+1])>>((30+uint(shift[i+1]))&63)+1)>>1 + zero
		out[i] = int8(min(max(a, lo), hi))
		out[i+1] = int8(min(max(b, lo), hi))
		c := (int64(acc[i+2])*int64(mult[i+2])>>((30+uint(shift[i+2]))&63)+1)>>1 + zero
		d := (int64(acc[i+3])*int64(mult[i+3])>>((30+uint(shift[i+3]))&63)+1)>>1 + zero
		out[i+2] = int8(min(max(c, lo), hi))
		out[i+3] = int8(min(max(d, lo), hi))
	}
}
