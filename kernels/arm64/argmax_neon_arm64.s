//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "neon_arm64.h"

// func argMaxNEON(t *argMaxTask)
//
// The largest of 16 to 256 elements, for many rows. Its index is the smallest index of
// an element that equals it. A flip of all bits turns the order round: of elements for
// the smallest, of indices for the last.
//
// R1 row   R2 result   R3 elements   R4 rows left   R5, R6 between rows, results
// R7 elements   R8 left, less 16   R9 result
// V0 largest   V1 index   V2 elements   V3 indices   V4 16   V5 all ones   V6 equal
// V16, V17 flips of elements, of indices   V18 0 to 15   V19 first indices
TEXT ·argMaxNEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	LDP argMaxTask_x(R0), (R1, R2)
	LDP argMaxTask_n(R0), (R3, R4)
	LDP argMaxTask_stepX(R0), (R5, R6)
	MOVD argMaxTask_lanes(R0), R7
	LDRQ(0, 7, 18)
	ADD $argMaxTask_flipX, R0, R7
	LDRQ(0, 7, 16)
	LDRQ(16, 7, 17)
	MOVI_16B(16, 4)
	MOVI_16B(255, 5)

row:
	MOVD R1, R7
	LDRQ(0, 7, 0)
	EOR_16B(16, 0, 0)
	SUBS $32, R3, R8
	BLT rest

more:
	ADD $16, R7, R7
	LDRQ(0, 7, 2)
	EOR_16B(16, 2, 2)
	SMAX_16B(2, 0, 0)
	SUBS $16, R8, R8
	BGE more

	// R8 is 16 less than what is left, without the 16 at R7.
rest:
	ADD $16, R8, R8
	ADD R8, R7, R7
	LDRQ(0, 7, 2)
	EOR_16B(16, 2, 2)
	SMAX_16B(2, 0, 0)
	SMAXV_16B(0, 0)
	DUP_16B_LANE(0, 0, 0)
	MOV_16B(5, 1)
	MOV_16B(18, 3)
	MOVD R1, R7
	SUB $16, R3, R8
	PCALIGN $16

find:
	LDRQ(0, 7, 2)
	EOR_16B(16, 2, 2)
	CMEQ_16B(0, 2, 6)
	EOR_16B(17, 3, 19)
	ORN_16B(6, 19, 6)
	UMIN_16B(6, 1, 1)
	ADD_16B(4, 3, 3)
	CBZ R8, found
	ADD $16, R7, R7
	SUBS $16, R8, R8
	BGE find

	// Back to the last 16.
	ADD R8, R7, R7
	DUP_16B_R(8, 19)
	ADD_16B(19, 3, 3)
	MOVD ZR, R8
	JMP find

found:
	EXT_16B(8, 1, 1, 2)
	UMIN_16B(2, 1, 1)
	EXT_16B(4, 1, 1, 2)
	UMIN_16B(2, 1, 1)
	EXT_16B(2, 1, 1, 2)
	UMIN_16B(2, 1, 1)
	EXT_16B(1, 1, 1, 2)
	UMIN_16B(2, 1, 1)
	EOR_16B(17, 1, 1)
	UMOV_B(0, 1, 9)
	MOVW R9, (R2)
	ADD R5, R1, R1
	ADD R6, R2, R2
	SUBS $1, R4, R4
	BNE row
	RET
