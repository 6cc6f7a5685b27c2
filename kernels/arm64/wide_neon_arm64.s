//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "neon_arm64.h"

// Element-wise operators over operands of 8 or 16 bits, 16 elements at a time. What is
// left of a row, 1 to 15 elements, is done with the ones before it once more, from
// inputs read before the first output is written: it may lie over them.
//
// R1, R2 operands   R3 result   R4 groups of 16 left   R5 rows left   R6-R8 the row's
// start   R9-R11 to the next row   R12 elements of a row   R13 0, or 16 less what is left
// R14-R16 an operand of 16 bits   R17 to the last 16
// V0, V1 and V2, V3 operands   V28, V29 and V30, V31 the last 16   V26, V27 lo, hi
// V25 -shift

// READ8 reads 16 elements at R(p) as 16 bits.
#define READ8(p, d, e) \
	LDRD(0, p, d)    \
	LDRD(8, p, e)    \
	SXTL_8H(d, d)    \
	SXTL_8H(e, e)

#define START \
	MOVD  wideTask_pairTask+pairTask_a(R0), R6       \
	MOVD  wideTask_pairTask+pairTask_y(R0), R8       \
	MOVD  wideTask_pairTask+pairTask_stepA(R0), R9   \
	MOVD  wideTask_pairTask+pairTask_stepY(R0), R11  \
	MOVD  wideTask_pairTask+pairTask_n(R0), R12      \
	MOVD  wideTask_pairTask+pairTask_rows(R0), R5    \
	MOVBU wideTask_wideA(R0), R14                    \
	MOVBU wideTask_wideY(R0), R16                    \
	ADD   $wideTask_shift, R0, R1                    \
	LD1R_4S(1, 25)                                   \
	ADD   $wideTask_lo, R0, R1                       \
	LD1R_8H(1, 26)                                   \
	ADD   $wideTask_hi, R0, R1                       \
	LD1R_8H(1, 27)                                   \
	AND   $15, R12, R17                              \
	MOVD  $16, R13                                   \
	SUB   R17, R13, R13                              \
	CMP   $0, R17                                    \
	CSEL  EQ, ZR, R13, R13                           \
	SUB   $16, R12, R17

// LAST reads the last 16 elements of a row of bytes or of 16 bits.
#define LAST8(row, d, e) \
	ADD R17, row, R19 \
	READ8(19, d, e)

#define LAST16(row, d, e) \
	ADD R17<<1, row, R19 \
	LDPQ(0, 19, d, e)

// func addWideNEON(t *wideTask)
//
//	y = sat16((highA·a + highB·b + (bias + lowA·a + lowB·b) >> 11) >> shift), clamped
//
// For 8 bits the zero point is added then; 16 bits have it in the bias.
//
// V4-V7 lower sums   V8-V11 upper sums   V16-V19 lowA, highA, lowB, highB   V20 bias
// V21 zero   V22, V23 lo, hi of bytes
TEXT ·addWideNEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	START
	MOVD wideTask_pairTask+pairTask_b(R0), R7
	MOVD wideTask_pairTask+pairTask_stepB(R0), R10
	MOVBU wideTask_wideB(R0), R15
	ADD $wideTask_lowA, R0, R1
	LD1R_8H(1, 16)
	ADD $wideTask_highA, R0, R1
	LD1R_8H(1, 17)
	ADD $wideTask_lowB, R0, R1
	LD1R_8H(1, 18)
	ADD $wideTask_highB, R0, R1
	LD1R_8H(1, 19)
	ADD $wideTask_bias, R0, R1
	LD1R_4S(1, 20)
	ADD $wideTask_zero, R0, R1
	LD1R_8H(1, 21)
	ADD $wideTask_lo, R0, R1
	LD1R_16B(1, 22)
	ADD $wideTask_hi, R0, R1
	LD1R_16B(1, 23)

row:
	MOVD R6, R1
	MOVD R7, R2
	MOVD R8, R3
	LSR $4, R12, R4
	CBZ R13, group
	CBNZ R14, lastA16
	LAST8(R6, 28, 29)
	JMP lastB

lastA16:
	LAST16(R6, 28, 29)

lastB:
	CBNZ R15, lastB16
	LAST8(R7, 30, 31)
	JMP group

lastB16:
	LAST16(R7, 30, 31)

	// The operands of a group are read, bytes not yet widened, in the middle of the one
	// before.
group:
	CBNZ R14, a16First
	LDRD(0, 1, 0)
	LDRD(8, 1, 1)
	ADD $16, R1, R1
	JMP bFirst

a16First:
	LDPQ_P(32, 1, 0, 1)

bFirst:
	CBNZ R15, b16First
	LDRD(0, 2, 2)
	LDRD(8, 2, 3)
	ADD $16, R2, R2
	JMP loop

b16First:
	LDPQ_P(32, 2, 2, 3)

	PCALIGN $16

loop:
	CBNZ R14, wideA
	SXTL_8H(0, 0)
	SXTL_8H(1, 1)

wideA:
	CBNZ R15, sum
	SXTL_8H(2, 2)
	SXTL_8H(3, 3)

sum:
	SMULL_4S(17, 0, 8)
	SMULL2_4S(17, 0, 9)
	SMULL_4S(17, 1, 10)
	SMULL2_4S(17, 1, 11)
	MOV_16B(20, 4)
	MOV_16B(20, 5)
	MOV_16B(20, 6)
	MOV_16B(20, 7)
	SMLAL_4S(19, 2, 8)
	SMLAL2_4S(19, 2, 9)
	SMLAL_4S(19, 3, 10)
	SMLAL2_4S(19, 3, 11)
	SMLAL_4S(16, 0, 4)
	SMLAL2_4S(16, 0, 5)
	SMLAL_4S(16, 1, 6)
	SMLAL2_4S(16, 1, 7)
	SUB $1, R4, R4
	SMLAL_4S(18, 2, 4)
	SMLAL2_4S(18, 2, 5)
	SMLAL_4S(18, 3, 6)
	SMLAL2_4S(18, 3, 7)
	CMP $0, R4
	BLE scale
	CBNZ R14, a16Next
	LDRD(0, 1, 0)
	LDRD(8, 1, 1)
	ADD $16, R1, R1
	JMP bNext

a16Next:
	LDPQ_P(32, 1, 0, 1)

bNext:
	CBNZ R15, b16Next
	LDRD(0, 2, 2)
	LDRD(8, 2, 3)
	ADD $16, R2, R2
	JMP scale

b16Next:
	LDPQ_P(32, 2, 2, 3)

scale:
	SSRA_4S(11, 4, 8)
	SSRA_4S(11, 5, 9)
	SSRA_4S(11, 6, 10)
	SSRA_4S(11, 7, 11)
	SSHL_4S(25, 8, 8)
	SSHL_4S(25, 9, 9)
	SSHL_4S(25, 10, 10)
	SSHL_4S(25, 11, 11)
	SQXTN_4H(8, 8)
	SQXTN_4H(10, 10)
	SQXTN2_8H(9, 8)
	SQXTN2_8H(11, 10)
	CBNZ R16, y16
	SQADD_8H(21, 8, 8)
	SQADD_8H(21, 10, 10)
	SQXTN_8B(8, 8)
	SQXTN2_16B(10, 8)
	SMAX_16B(22, 8, 8)
	SMIN_16B(23, 8, 8)
	STRQ_P(16, 3, 8)
	CMP $0, R4
	BGT loop
	BLT rowEnd
	CBZ R13, rowEnd
	SUB R13, R3, R3
	JMP last

y16:
	SMAX_8H(26, 8, 8)
	SMAX_8H(26, 10, 10)
	SMIN_8H(27, 8, 8)
	SMIN_8H(27, 10, 10)
	STPQ_P(32, 3, 8, 10)
	CMP $0, R4
	BGT loop
	BLT rowEnd
	CBZ R13, rowEnd
	SUB R13<<1, R3, R3

last:
	MOV_16B(28, 0)
	MOV_16B(29, 1)
	MOV_16B(30, 2)
	MOV_16B(31, 3)
	JMP sum

rowEnd:
	ADD R9, R6, R6
	ADD R10, R7, R7
	ADD R11, R8, R8
	SUBS $1, R5, R5
	BNE row
	RET

// func requantizeNEON(t *wideTask)
//
//	y = sat16(((sat32(x - zin << pre)·mult) >> 31, rounding shift) + zero), clamped
//
// V4-V7 sums   V16 zin   V17 pre   V18 mult   V19 zero
TEXT ·requantizeNEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	START
	ADD $wideTask_zin, R0, R1
	LD1R_8H(1, 16)
	ADD $wideTask_pre, R0, R1
	LD1R_4S(1, 17)
	ADD $wideTask_mult, R0, R1
	LD1R_4S(1, 18)
	ADD $wideTask_zero, R0, R1
	LD1R_4S(1, 19)

row:
	MOVD R6, R1
	MOVD R8, R3
	LSR $4, R12, R4
	CBZ R13, group
	CBNZ R14, last16
	LAST8(R6, 28, 29)
	JMP group

last16:
	LAST16(R6, 28, 29)
	PCALIGN $16

group:
	CBNZ R14, a16
	READ8(1, 0, 1)
	ADD $16, R1, R1
	JMP scale

a16:
	LDPQ_P(32, 1, 0, 1)

scale:
	SSUBL_4S(16, 0, 4)
	SSUBL2_4S(16, 0, 5)
	SSUBL_4S(16, 1, 6)
	SSUBL2_4S(16, 1, 7)
	SQSHL_4S(17, 4, 4)
	SQSHL_4S(17, 5, 5)
	SQSHL_4S(17, 6, 6)
	SQSHL_4S(17, 7, 7)
	SQDMULH_4S(18, 4, 4)
	SQDMULH_4S(18, 5, 5)
	SQDMULH_4S(18, 6, 6)
	SQDMULH_4S(18, 7, 7)
	SUB $1, R4, R4
	SRSHL_4S(25, 4, 4)
	SRSHL_4S(25, 5, 5)
	SRSHL_4S(25, 6, 6)
	SRSHL_4S(25, 7, 7)
	SQADD_4S(19, 4, 4)
	SQADD_4S(19, 5, 5)
	SQADD_4S(19, 6, 6)
	SQADD_4S(19, 7, 7)
	SQXTN_4H(4, 4)
	SQXTN_4H(6, 6)
	SQXTN2_8H(5, 4)
	SQXTN2_8H(7, 6)
	SMAX_8H(26, 4, 4)
	SMAX_8H(26, 6, 6)
	SMIN_8H(27, 4, 4)
	SMIN_8H(27, 6, 6)
	CBNZ R16, y16
	UZP1_16B(6, 4, 4)
	STRQ_P(16, 3, 4)
	CMP $0, R4
	BGT group
	BLT rowEnd
	CBZ R13, rowEnd
	SUB R13, R3, R3
	JMP last

y16:
	STPQ_P(32, 3, 4, 6)
	CMP $0, R4
	BGT group
	BLT rowEnd
	CBZ R13, rowEnd
	SUB R13<<1, R3, R3

last:
	MOV_16B(28, 0)
	MOV_16B(29, 1)
	JMP scale

rowEnd:
	ADD R9, R6, R6
	ADD R11, R8, R8
	SUBS $1, R5, R5
	BNE row
	RET
