//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "neon_arm64.h"

// R1 x   R2 weights of the rows   R3 outputs   R4 rows left, less 4   R5 bytes of a row
// R6-R9 the rows' weights   R10 x   R11 products left   R12 products   R13 bias
// V0-V7 sums   V16 x   V20-V23 weights

// EIGHT does eight products of four rows and loads the next: LD and LDX load.
#define EIGHT(LD, LDX) \
	SXTL_8H(20, 24); \
	LD(8, 6, 20); \
	SXTL_8H(21, 25); \
	LD(8, 7, 21); \
	SXTL_8H(22, 26); \
	LD(8, 8, 22); \
	SXTL_8H(23, 27); \
	LD(8, 9, 23); \
	SMLAL_4S(16, 24, 0); \
	ADD $8, R6, R6; \
	SMLAL_4S(16, 25, 2); \
	ADD $8, R7, R7; \
	SMLAL_4S(16, 26, 4); \
	ADD $8, R8, R8; \
	SMLAL_4S(16, 27, 6); \
	ADD $8, R9, R9; \
	SMLAL2_4S(16, 24, 1); \
	ADD $16, R10, R10; \
	SMLAL2_4S(16, 25, 3); \
	SMLAL2_4S(16, 26, 5); \
	SMLAL2_4S(16, 27, 7); \
	LDX(0, 10, 16)

#define NOLOAD(o, n, d)

// func dot16NEON(t *dot16Task)
//
// Four rows of weights at a time, eight products of each:
//
//	for every row: out[r] = bias[r] + Σ x[k]·w[r][k]
TEXT ·dot16NEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	LDP dot16Task_x(R0), (R1, R2)
	LDP dot16Task_out(R0), (R3, R13)
	LDP dot16Task_rows(R0), (R4, R12)
	MOVD dot16Task_step(R0), R5
	SUB $4, R4, R4

rows:
	MOVD R1, R10
	MOVD R2, R6
	ADD R5, R6, R7
	ADD R5, R7, R8
	ADD R5, R8, R9
	LDRD(0, 6, 20)
	LDRD(0, 7, 21)
	LDRD(0, 8, 22)
	LDRD(0, 9, 23)
	LDRQ(0, 10, 16)
	ZERO(0)
	ZERO(1)
	ZERO(2)
	ZERO(3)
	ZERO(4)
	ZERO(5)
	ZERO(6)
	ZERO(7)
	SUBS $8, R12, R11
	BEQ last
	PCALIGN $16

eight:
	EIGHT(LDRD, LDRQ)
	SUBS $8, R11, R11
	BNE eight

last:
	EIGHT(NOLOAD, NOLOAD)
	LDRQ(0, 13, 17)
	ADD_4S(1, 0, 0)
	ADD_4S(3, 2, 2)
	ADD_4S(5, 4, 4)
	ADD_4S(7, 6, 6)
	ADDP_4S(2, 0, 0)
	ADDP_4S(6, 4, 4)
	ADDP_4S(4, 0, 0)
	ADD_4S(17, 0, 0)
	STRQ(0, 3, 0)
	CBZ R4, done
	SUBS $4, R4, R4
	BLT back
	ADD R5<<2, R2, R2
	ADD $16, R3, R3
	ADD $16, R13, R13
	JMP rows

	// Back to the last four.
back:
	ADD $4, R4, R14
	MUL R5, R14, R15
	ADD R15, R2, R2
	ADD R14<<2, R3, R3
	ADD R14<<2, R13, R13
	MOVD ZR, R4
	JMP rows

done:
	RET

// func squashNEON(t *squashTask)
//
// y = sat16(sum·mult >> 31, rounded >> shift), clamped, with a multiplier and a shift
// of each element. Sixteen at a time.
//
// R1 sums   R2 results   R3 mult   R4 shift   R5 left, less 16
// V16-V19 mult   V20-V23 shift   V24 pre-shift   V25, V26 lo, hi
TEXT ·squashNEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	LDP squashTask_sums(R0), (R1, R2)
	LDP squashTask_mult(R0), (R3, R4)
	MOVD squashTask_n(R0), R5
	ADD $squashTask_pre, R0, R6
	LDRQ(0, 6, 24)
	LDRQ(16, 6, 25)
	LDRQ(32, 6, 26)
	SUB $16, R5, R5

block:
	LDPQ(0, 1, 0, 1)
	LDPQ(32, 1, 2, 3)
	LDPQ(0, 3, 16, 17)
	LDPQ(32, 3, 18, 19)
	LDRQ(0, 4, 20)
	NEG_16B(20, 20)
	SXTL2_8H(20, 22)
	SXTL_8H(20, 20)
	SXTL2_4S(20, 21)
	SXTL_4S(20, 20)
	SXTL2_4S(22, 23)
	SXTL_4S(22, 22)
	SQSHL_4S(24, 0, 0)
	SQSHL_4S(24, 1, 1)
	SQSHL_4S(24, 2, 2)
	SQSHL_4S(24, 3, 3)
	SQDMULH_4S(16, 0, 0)
	SQDMULH_4S(17, 1, 1)
	SQDMULH_4S(18, 2, 2)
	SQDMULH_4S(19, 3, 3)
	SRSHL_4S(20, 0, 0)
	SRSHL_4S(21, 1, 1)
	SRSHL_4S(22, 2, 2)
	SRSHL_4S(23, 3, 3)
	SQXTN_4H(0, 0)
	SQXTN_4H(2, 2)
	SQXTN2_8H(1, 0)
	SQXTN2_8H(3, 2)
	SMAX_8H(25, 0, 0)
	SMAX_8H(25, 2, 2)
	SMIN_8H(26, 0, 0)
	SMIN_8H(26, 2, 2)
	STPQ(0, 2, 0, 2)
	CBZ R5, done
	SUBS $16, R5, R5
	BLT back
	ADD $64, R1, R1
	ADD $32, R2, R2
	ADD $64, R3, R3
	ADD $16, R4, R4
	JMP block

	// Back to the last 16.
back:
	ADD $16, R5, R5
	ADD R5<<2, R1, R1
	ADD R5<<1, R2, R2
	ADD R5<<2, R3, R3
	ADD R5, R4, R4
	MOVD ZR, R5
	JMP block

done:
	RET

// func halvesNEON(x *int16, high, low *int8, n int) int
//
// Sixteen elements at a time, the last 16 perhaps once more. Rounding makes up for the
// sign of the lower byte.
//
// R1 x   R2, R3 high, low   R4 left   R5 step   V4, V5 largest
TEXT ·halvesNEON(SB), NOSPLIT, $0-40
	MOVD x+0(FP), R1
	MOVD high+8(FP), R2
	MOVD low+16(FP), R3
	MOVD n+24(FP), R4
	MOVD $16, R6
	LDPQ(0, 1, 4, 5)
	PCALIGN $16

loop:
	LDPQ(0, 1, 0, 1)
	SUBS $16, R4, R4
	CMP $16, R4
	CSEL LT, R4, R6, R5
	CSEL LT, R6, R4, R4
	ADD R5<<1, R1, R1
	UZP1_16B(1, 0, 2)
	RSHRN_8B(8, 0, 3)
	RSHRN2_16B(8, 1, 3)
	SMAX_8H(0, 4, 4)
	SMAX_8H(1, 5, 5)
	STRQ(0, 3, 2)
	STRQ(0, 2, 3)
	ADD R5, R2, R2
	ADD R5, R3, R3
	CBNZ R5, loop
	SMAX_8H(5, 4, 4)
	SMAXV_8H(4, 4)
	SMOV_H(0, 4, 5)
	MOVD R5, ret+32(FP)
	RET
