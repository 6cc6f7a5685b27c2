//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "neon_arm64.h"

// Linear interpolation, first along rows, into sums of 32 bits that are kept for as
// many output rows as read them, then between two such rows.
//
//	h[x] = 1024 + wx0·X[ix0] + wx1·X[ix1]           wx0 + wx1 = 2048
//	y = sat8((wy0·h0 + wy1·h1) >> 22)               1024·(wy0 + wy1) rounds

// func resizeRowNEON(t *resizeRowTask)
//
// R1 input row   R2 sums   R3 indices   R4 weights   R5 pixels left   R6 bytes of a pixel
// R7 channels   R8, R9 pixels   R10 channels left, less 8   R11 sums
// V0-V3 sums   V4 1024   V5, V6 weights   V16, V17 pixels
TEXT ·resizeRowNEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	LDP resizeRowTask_in(R0), (R1, R2)
	LDP resizeRowTask_index(R0), (R3, R4)
	LDP resizeRowTask_n(R0), (R5, R6)
	MOVD resizeRowTask_c(R0), R7
	MOVI_4S_8(4, 4)

pixel:
	MOVHU.P 2(R3), R8
	MOVHU.P 2(R3), R9
	LD1R_4H_P(4, 5)
	LD1R_4H_P(4, 6)
	MUL R6, R8, R8
	MUL R6, R9, R9
	ADD R1, R8, R8
	ADD R1, R9, R9
	MOVD R2, R11
	ADD R7<<2, R2, R2
	SUBS $16, R7, R10
	BLT less16

channels16:
	LDRD(0, 8, 16)
	LDRD(0, 9, 17)
	LDRD(8, 8, 18)
	LDRD(8, 9, 19)
	MOV_16B(4, 0)
	SXTL_8H(16, 16)
	MOV_16B(4, 1)
	SXTL_8H(17, 17)
	MOV_16B(4, 2)
	SXTL_8H(18, 18)
	MOV_16B(4, 3)
	SXTL_8H(19, 19)
	SMLAL_4S_LANE(0, 5, 16, 0)
	SMLAL2_4S_LANE(0, 5, 16, 1)
	SMLAL_4S_LANE(0, 5, 18, 2)
	SMLAL2_4S_LANE(0, 5, 18, 3)
	SMLAL_4S_LANE(0, 6, 17, 0)
	SMLAL2_4S_LANE(0, 6, 17, 1)
	SMLAL_4S_LANE(0, 6, 19, 2)
	SMLAL2_4S_LANE(0, 6, 19, 3)
	STPQ(0, 11, 0, 1)
	STPQ(32, 11, 2, 3)
	ADD $16, R8, R8
	ADD $16, R9, R9
	ADD $64, R11, R11
	SUBS $16, R10, R10
	BGE channels16

less16:
	ADDS $8, R10, R10
	BLT last

channels8:
	LDRD(0, 8, 16)
	LDRD(0, 9, 17)
	MOV_16B(4, 0)
	MOV_16B(4, 1)
	SXTL_8H(16, 16)
	SXTL_8H(17, 17)
	SMLAL_4S_LANE(0, 5, 16, 0)
	SMLAL2_4S_LANE(0, 5, 16, 1)
	SMLAL_4S_LANE(0, 6, 17, 0)
	SMLAL2_4S_LANE(0, 6, 17, 1)
	STPQ(0, 11, 0, 1)
	ADD $8, R8, R8
	ADD $8, R9, R9
	ADD $32, R11, R11
	SUBS $8, R10, R10
	BGE channels8

	// R10 is 8 less than what is left: back to the last 8.
last:
	CMP $-8, R10
	BEQ next
	ADD R10, R8, R8
	ADD R10, R9, R9
	ADD R10<<2, R11, R11
	MOVD ZR, R10
	JMP channels8

next:
	SUBS $1, R5, R5
	BNE pixel
	RET

#define BLEND16 \
	LDURQ(0, 1, 0); \
	LDURQ(16, 1, 1); \
	LDURQ(32, 1, 2); \
	LDURQ(48, 1, 3); \
	LDURQ(0, 2, 4); \
	MUL_4S(16, 0, 0); \
	LDURQ(16, 2, 5); \
	MUL_4S(16, 1, 1); \
	LDURQ(32, 2, 6); \
	MUL_4S(16, 2, 2); \
	LDURQ(48, 2, 7); \
	MUL_4S(16, 3, 3); \
	MLA_4S(17, 4, 0); \
	MLA_4S(17, 5, 1); \
	MLA_4S(17, 6, 2); \
	MLA_4S(17, 7, 3); \
	UZP2_8H(1, 0, 0); \
	UZP2_8H(3, 2, 2); \
	SQSHRN_8B(6, 0, 0); \
	SQSHRN2_16B(6, 2, 0); \
	STRQ(0, 3, 0)

// func resizeBlendNEON(t *resizeBlendTask)
//
// R1, R2 sums   R3 output   R4 rows left   R5 elements of one   R6 between their outputs
// R7 elements left, less 16   R8 the row's output   V0-V7 sums   V16, V17 weights
TEXT ·resizeBlendNEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	LDP resizeBlendTask_h0(R0), (R1, R2)
	LDP resizeBlendTask_out(R0), (R8, R4)
	LDP resizeBlendTask_n(R0), (R5, R6)
	ADD $resizeBlendTask_w0, R0, R7
	LDRQ(0, 7, 16)
	LDRQ(16, 7, 17)

row:
	MOVD R8, R3
	SUB $16, R5, R7
	PCALIGN $16

loop:
	BLEND16
	ADD $64, R1, R1
	ADD $64, R2, R2
	ADD $16, R3, R3
	CBZ R7, next
	SUBS $16, R7, R7
	BGE loop

	// Back to the last 16.
	ADD R7<<2, R1, R1
	ADD R7<<2, R2, R2
	ADD R7, R3, R3
	MOVD ZR, R7
	JMP loop

next:
	ADD R6, R8, R8
	SUBS $1, R4, R4
	BNE row
	RET
