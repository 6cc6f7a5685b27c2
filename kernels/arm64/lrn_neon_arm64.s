//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "neon_arm64.h"

// func lrnNEON(t *lrnTask)
//
// Three passes over a pixel's channels, 16 at a time; the last 16 may have been there.
//
//  1. Squares of 16 bits; the task's memory has zeros before and behind them.
//  2. Sums over the window, as float32: they are exact. Less the bits of 1.0, and never
//     below 0, the bits are an argument of the table: the upper 14 say where, the others
//     are the way to the next entry, a fraction of 2^18.
//  3. Pairs (entry, way) from there; entry + ⌊way·fraction⌋ is SQDMULH of a fraction of
//     2^31. Then the product with the element, and the output.
//
// A sum is 0 only where the element is, and then it does not matter what is looked up.
//
// R0 t   R1 x   R2 own   R3 pairs   R4 y   R5-R7, R25 pointers and counts of a pass
// R8 stepX   R9 stepY   R10-R17 arguments   R19 pixels   R20, R21 positions   R22 wide
// R23 16 (elements)   R24 size
// V27 -shift   V28 zin   V29 zero   V30 lo   V31 hi

// NEXT moves on: R7 elements are left, from the ones just done; R26 is the step to the
// next 16, or to the last.
#define NEXT \
	SUBS $16, R7, R7   \
	CMP  $16, R7       \
	CSEL LT, R7, R23, R26 \
	CSEL LT, R23, R7, R7

// PICK reads two pairs at arguments x.
#define PICK(x, t, d, e) \
	UBFX  $18, x, $14, t  \
	LSR   $50, x, x       \
	FMOVD (R3)(t<<3), F(d) \
	FMOVD (R3)(x<<3), F(e)

// FIRST2 and MORE sum the squares of a window at offsets from R5: accumulators V0-V3.
#define FIRST2 \
	LDURQ(0, 5, 4)        \
	LDURQ(16, 5, 5)       \
	LDURQ(2, 5, 6)        \
	LDURQ(18, 5, 7)       \
	UADDL_4S(6, 4, 0)     \
	UADDL2_4S(6, 4, 1)    \
	UADDL_4S(7, 5, 2)     \
	UADDL2_4S(7, 5, 3)

#define MORE(o, n, a, b) \
	LDURQ(o, n, a)        \
	LDURQ(o+16, n, b)     \
	UADDW_4S(a, 0, 0)     \
	UADDW2_4S(a, 1, 1)    \
	UADDW_4S(b, 2, 2)     \
	UADDW2_4S(b, 3, 3)

TEXT ·lrnNEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	MOVD lrnTask_x(R0), R1
	MOVD lrnTask_own(R0), R2
	MOVD lrnTask_pairs(R0), R3
	MOVD lrnTask_y(R0), R4
	MOVD lrnTask_stepX(R0), R8
	MOVD lrnTask_stepY(R0), R9
	MOVD lrnTask_pixels(R0), R19
	MOVBU lrnTask_wide(R0), R22
	MOVD lrnTask_size(R0), R24
	MOVD $16, R23
	MOVD lrnTask_zin(R0), R5
	MOVD lrnTask_shift(R0), R6
	NEG  R6, R6
	DUP_16B_R(5, 28)
	DUP_4S_R(6, 27)
	MOVD lrnTask_zero(R0), R5
	MOVD lrnTask_lo(R0), R6
	MOVD lrnTask_hi(R0), R7
	CBNZ R22, constants16
	DUP_8H_R(5, 29)
	DUP_16B_R(6, 30)
	DUP_16B_R(7, 31)
	JMP pixel

constants16:
	DUP_4S_R(5, 29)
	DUP_8H_R(6, 30)
	DUP_8H_R(7, 31)

pixel:
	MOVD R1, R5
	MOVD lrnTask_squares(R0), R6
	MOVD lrnTask_squared(R0), R7
	PCALIGN $16

squares:
	LDRQ(0, 5, 0)
	NEXT
	ADD R26, R5, R5
	SSUBL_8H(28, 0, 1)
	SSUBL2_8H(28, 0, 2)
	MUL_8H(1, 1, 1)
	MUL_8H(2, 2, 2)
	STPQ(0, 6, 1, 2)
	ADD R26<<1, R6, R6
	CBNZ R26, squares

	MOVD lrnTask_window(R0), R5
	MOVD lrnTask_args(R0), R6
	MOVD lrnTask_n(R0), R7
	MOVD $0x3f800000, R10
	DUP_4S_R(10, 26)
	CMP $5, R24
	BNE anySums
	PCALIGN $16

sums5:
	FIRST2
	NEXT
	MORE(4, 5, 16, 17)
	MORE(6, 5, 18, 19)
	MORE(8, 5, 20, 21)
	ADD R26<<1, R5, R5
	UCVTF_4S(0, 0)
	UCVTF_4S(1, 1)
	UCVTF_4S(2, 2)
	UCVTF_4S(3, 3)
	UQSUB_4S(26, 0, 0)
	UQSUB_4S(26, 1, 1)
	UQSUB_4S(26, 2, 2)
	UQSUB_4S(26, 3, 3)
	STPQ(0, 6, 0, 1)
	STPQ(32, 6, 2, 3)
	ADD R26<<2, R6, R6
	CBNZ R26, sums5
	JMP outputs

anySums:
	ZERO(0)
	ZERO(1)
	ZERO(2)
	ZERO(3)
	MOVD R5, R20
	MOVD R24, R21

window:
	MORE(0, 20, 4, 5)
	ADD $2, R20, R20
	SUBS $1, R21, R21
	BNE window
	NEXT
	ADD R26<<1, R5, R5
	UCVTF_4S(0, 0)
	UCVTF_4S(1, 1)
	UCVTF_4S(2, 2)
	UCVTF_4S(3, 3)
	UQSUB_4S(26, 0, 0)
	UQSUB_4S(26, 1, 1)
	UQSUB_4S(26, 2, 2)
	UQSUB_4S(26, 3, 3)
	STPQ(0, 6, 0, 1)
	STPQ(32, 6, 2, 3)
	ADD R26<<2, R6, R6
	CBNZ R26, anySums

outputs:
	MOVD lrnTask_args(R0), R5
	MOVD lrnTask_n(R0), R7
	MOVD R2, R6
	MOVD R4, R25
	PCALIGN $16

out:
	LDP (R5), (R10, R11)
	LDP 16(R5), (R12, R13)
	PICK(R10, R20, 0, 1)
	LDP 32(R5), (R14, R15)
	PICK(R11, R21, 2, 3)
	LDP 48(R5), (R16, R17)
	PICK(R12, R20, 4, 5)
	LDRQ(0, 6, 24)
	PICK(R13, R21, 6, 7)
	LDPQ(0, 5, 16, 17)
	PICK(R14, R20, 8, 9)
	LDPQ(32, 5, 18, 19)
	PICK(R15, R21, 10, 11)
	ZIP1_4S(1, 0, 0)
	ZIP1_4S(3, 2, 2)
	PICK(R16, R20, 12, 13)
	ZIP1_4S(5, 4, 4)
	ZIP1_4S(7, 6, 6)
	PICK(R17, R21, 14, 15)
	ZIP1_4S(9, 8, 8)
	ZIP1_4S(11, 10, 10)
	SHL_4S(14, 16, 16)
	SHL_4S(14, 17, 17)
	ZIP1_4S(13, 12, 12)
	ZIP1_4S(15, 14, 14)
	SHL_4S(14, 18, 18)
	SHL_4S(14, 19, 19)
	ZIP1_2D(2, 0, 1)
	ZIP2_2D(2, 0, 3)
	ZIP1_2D(6, 4, 5)
	ZIP2_2D(6, 4, 7)
	ZIP1_2D(10, 8, 9)
	ZIP2_2D(10, 8, 11)
	ZIP1_2D(14, 12, 13)
	ZIP2_2D(14, 12, 15)
	USHR_4S(1, 16, 16)
	USHR_4S(1, 17, 17)
	USHR_4S(1, 18, 18)
	USHR_4S(1, 19, 19)
	SSUBL_8H(28, 24, 21)
	SSUBL2_8H(28, 24, 22)
	SQDMULH_4S(16, 3, 3)
	SQDMULH_4S(17, 7, 7)
	SQDMULH_4S(18, 11, 11)
	SQDMULH_4S(19, 15, 15)
	SXTL_4S(21, 23)
	SXTL2_4S(21, 24)
	SXTL_4S(22, 25)
	SXTL2_4S(22, 26)
	ADD_4S(3, 1, 1)
	ADD_4S(7, 5, 5)
	ADD_4S(11, 9, 9)
	ADD_4S(15, 13, 13)
	NEXT
	MUL_4S(23, 1, 1)
	MUL_4S(24, 5, 5)
	MUL_4S(25, 9, 9)
	MUL_4S(26, 13, 13)
	ADD R26<<2, R5, R5
	ADD R26, R6, R6
	SRSHL_4S(27, 1, 1)
	SRSHL_4S(27, 5, 5)
	SRSHL_4S(27, 9, 9)
	SRSHL_4S(27, 13, 13)
	CBNZ R22, out16
	SQXTN_4H(1, 0)
	SQXTN_4H(9, 2)
	SQXTN2_8H(5, 0)
	SQXTN2_8H(13, 2)
	SQADD_8H(29, 0, 0)
	SQADD_8H(29, 2, 2)
	SQXTN_8B(0, 0)
	SQXTN2_16B(2, 0)
	SMAX_16B(30, 0, 0)
	SMIN_16B(31, 0, 0)
	STRQ(0, 25, 0)
	ADD R26, R25, R25
	CBNZ R26, out
	JMP next

out16:
	ADD_4S(29, 1, 1)
	ADD_4S(29, 5, 5)
	ADD_4S(29, 9, 9)
	ADD_4S(29, 13, 13)
	SQXTN_4H(1, 0)
	SQXTN_4H(9, 2)
	SQXTN2_8H(5, 0)
	SQXTN2_8H(13, 2)
	SMAX_8H(30, 0, 0)
	SMAX_8H(30, 2, 2)
	SMIN_8H(31, 0, 0)
	SMIN_8H(31, 2, 2)
	STPQ(0, 25, 0, 2)
	ADD R26<<1, R25, R25
	CBNZ R26, out

next:
	ADD R8, R1, R1
	ADD R8, R2, R2
	ADD R9, R4, R4
	SUBS $1, R19, R19
	BNE pixel
	RET
