//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "neon_arm64.h"

// Sums and products of two operands, 32 elements at a time in groups of eight. Every
// step is done for all groups before the next, so that an in-order core does not wait
// for results, and the end of 32 elements, BACK, comes behind the multiplications of
// the next, FRONT: those find their unit free. Elements are loaded eight at a time:
// beside such loads a Cortex-A53 issues vector operations.
//
// R1, R2 operands   R3 result   R4 elements left   R5 rows left   R6 indices
// R7-R9 the row's start   R10-R12 to the next row   R13 elements of a row
// Group g: V4g lower sums, V4g+1 upper sums, V4g+2, V4g+3 operands, V28+g what is left
// for BACK; ST stores

#define NOSTORE(o, n, d)

// Sum: V16, V17 lower seven bits of the multipliers   V18, V19 the rest of them
// V20 bias   V21 16 - shift   V22 zero   V23, V24 lo, hi
//
//	sum = bias + a·mulA + b·mulB
//	y = sat8((sum >> 16 >> shift-16) + zero), clamped
//
// The multipliers have 22 bits. Their lower seven are multiplied in 16 bits, where the
// two products fit, the upper ones with operands shifted left by seven.

#define ADD_FRONT32 \
	LDRD(0, 1, 2); \
	LDRD(0, 2, 3); \
	LDRD(8, 1, 6); \
	LDRD(8, 2, 7); \
	LDRD(16, 1, 10); \
	LDRD(16, 2, 11); \
	LDRD(24, 1, 14); \
	LDRD(24, 2, 15); \
	SMULL_8H(16, 2, 0); \
	SMULL_8H(16, 6, 4); \
	SMULL_8H(16, 10, 8); \
	SMULL_8H(16, 14, 12); \
	SMLAL_8H(17, 3, 0); \
	SMLAL_8H(17, 7, 4); \
	SMLAL_8H(17, 11, 8); \
	SMLAL_8H(17, 15, 12); \
	SSHLL_8H(7, 2, 2); \
	SSHLL_8H(7, 6, 6); \
	SSHLL_8H(7, 10, 10); \
	SSHLL_8H(7, 14, 14); \
	SSHLL_8H(7, 3, 3); \
	SSHLL_8H(7, 7, 7); \
	SSHLL_8H(7, 11, 11); \
	SSHLL_8H(7, 15, 15); \
	SADDW2_4S(0, 20, 1); \
	SADDW2_4S(4, 20, 5); \
	SADDW2_4S(8, 20, 9); \
	SADDW2_4S(12, 20, 13); \
	SADDW_4S(0, 20, 0); \
	SADDW_4S(4, 20, 4); \
	SADDW_4S(8, 20, 8); \
	SADDW_4S(12, 20, 12); \
	SMLAL2_4S(18, 2, 1); \
	SMLAL2_4S(18, 6, 5); \
	SMLAL2_4S(18, 10, 9); \
	SMLAL2_4S(18, 14, 13); \
	SMLAL_4S(18, 2, 0); \
	SMLAL_4S(18, 6, 4); \
	SMLAL_4S(18, 10, 8); \
	SMLAL_4S(18, 14, 12); \
	SMLAL2_4S(19, 3, 1); \
	SMLAL2_4S(19, 7, 5); \
	SMLAL2_4S(19, 11, 9); \
	SMLAL2_4S(19, 15, 13); \
	SMLAL_4S(19, 3, 0); \
	SMLAL_4S(19, 7, 4); \
	SMLAL_4S(19, 11, 8); \
	SMLAL_4S(19, 15, 12); \
	UZP2_8H(1, 0, 28); \
	UZP2_8H(5, 4, 29); \
	UZP2_8H(9, 8, 30); \
	UZP2_8H(13, 12, 31)

#define ADD_BACK32(ST) \
	SSHL_8H(21, 28, 28); \
	SSHL_8H(21, 29, 29); \
	SSHL_8H(21, 30, 30); \
	SSHL_8H(21, 31, 31); \
	SQADD_8H(22, 28, 28); \
	SQADD_8H(22, 29, 29); \
	SQADD_8H(22, 30, 30); \
	SQADD_8H(22, 31, 31); \
	SQXTN_8B(28, 28); \
	SQXTN_8B(30, 30); \
	SQXTN2_16B(29, 28); \
	SQXTN2_16B(31, 30); \
	SMAX_16B(23, 28, 28); \
	SMAX_16B(23, 30, 30); \
	SMIN_16B(24, 28, 28); \
	SMIN_16B(24, 30, 30); \
	ST(0, 3, 28); \
	ST(16, 3, 30)

#define ADD_FRONT16 \
	LDRD(0, 1, 2); \
	LDRD(0, 2, 3); \
	LDRD(8, 1, 6); \
	LDRD(8, 2, 7); \
	SMULL_8H(16, 2, 0); \
	SMULL_8H(16, 6, 4); \
	SMLAL_8H(17, 3, 0); \
	SMLAL_8H(17, 7, 4); \
	SSHLL_8H(7, 2, 2); \
	SSHLL_8H(7, 6, 6); \
	SSHLL_8H(7, 3, 3); \
	SSHLL_8H(7, 7, 7); \
	SADDW2_4S(0, 20, 1); \
	SADDW2_4S(4, 20, 5); \
	SADDW_4S(0, 20, 0); \
	SADDW_4S(4, 20, 4); \
	SMLAL2_4S(18, 2, 1); \
	SMLAL2_4S(18, 6, 5); \
	SMLAL_4S(18, 2, 0); \
	SMLAL_4S(18, 6, 4); \
	SMLAL2_4S(19, 3, 1); \
	SMLAL2_4S(19, 7, 5); \
	SMLAL_4S(19, 3, 0); \
	SMLAL_4S(19, 7, 4); \
	UZP2_8H(1, 0, 28); \
	UZP2_8H(5, 4, 29)

#define ADD_BACK16(ST) \
	SSHL_8H(21, 28, 28); \
	SSHL_8H(21, 29, 29); \
	SQADD_8H(22, 28, 28); \
	SQADD_8H(22, 29, 29); \
	SQXTN_8B(28, 28); \
	SQXTN2_16B(29, 28); \
	SMAX_16B(23, 28, 28); \
	SMIN_16B(24, 28, 28); \
	ST(0, 3, 28)

#define ADD_BOTH(ST) \
	LDRD(0, 1, 2); \
	SSHL_8H(21, 28, 28); \
	LDRD(0, 2, 3); \
	LDRD(8, 1, 6); \
	SSHL_8H(21, 29, 29); \
	LDRD(8, 2, 7); \
	LDRD(16, 1, 10); \
	SSHL_8H(21, 30, 30); \
	LDRD(16, 2, 11); \
	LDRD(24, 1, 14); \
	SSHL_8H(21, 31, 31); \
	LDRD(24, 2, 15); \
	SMULL_8H(16, 2, 0); \
	SMULL_8H(16, 6, 4); \
	SMULL_8H(16, 10, 8); \
	SMULL_8H(16, 14, 12); \
	SMLAL_8H(17, 3, 0); \
	SMLAL_8H(17, 7, 4); \
	SMLAL_8H(17, 11, 8); \
	SMLAL_8H(17, 15, 12); \
	SSHLL_8H(7, 2, 2); \
	SSHLL_8H(7, 6, 6); \
	SSHLL_8H(7, 10, 10); \
	SSHLL_8H(7, 14, 14); \
	SSHLL_8H(7, 3, 3); \
	SSHLL_8H(7, 7, 7); \
	SSHLL_8H(7, 11, 11); \
	SSHLL_8H(7, 15, 15); \
	SADDW2_4S(0, 20, 1); \
	SQADD_8H(22, 28, 28); \
	SADDW2_4S(4, 20, 5); \
	SQADD_8H(22, 29, 29); \
	SADDW2_4S(8, 20, 9); \
	SADDW2_4S(12, 20, 13); \
	SQADD_8H(22, 30, 30); \
	SADDW_4S(0, 20, 0); \
	SADDW_4S(4, 20, 4); \
	SQADD_8H(22, 31, 31); \
	SADDW_4S(8, 20, 8); \
	SQXTN_8B(28, 28); \
	SADDW_4S(12, 20, 12); \
	SMLAL2_4S(18, 2, 1); \
	SQXTN_8B(30, 30); \
	SMLAL2_4S(18, 6, 5); \
	SMLAL2_4S(18, 10, 9); \
	SQXTN2_16B(29, 28); \
	SMLAL2_4S(18, 14, 13); \
	SMLAL_4S(18, 2, 0); \
	SQXTN2_16B(31, 30); \
	SMLAL_4S(18, 6, 4); \
	SMAX_16B(23, 28, 28); \
	SMLAL_4S(18, 10, 8); \
	SMLAL_4S(18, 14, 12); \
	SMAX_16B(23, 30, 30); \
	SMLAL2_4S(19, 3, 1); \
	SMLAL2_4S(19, 7, 5); \
	SMIN_16B(24, 28, 28); \
	SMLAL2_4S(19, 11, 9); \
	SMIN_16B(24, 30, 30); \
	SMLAL2_4S(19, 15, 13); \
	SMLAL_4S(19, 3, 0); \
	ST(0, 3, 28); \
	SMLAL_4S(19, 7, 4); \
	SMLAL_4S(19, 11, 8); \
	ST(16, 3, 30); \
	SMLAL_4S(19, 15, 12); \
	UZP2_8H(1, 0, 28); \
	UZP2_8H(5, 4, 29); \
	UZP2_8H(9, 8, 30); \
	UZP2_8H(13, 12, 31)

// func addNEON(t *addTask)
TEXT ·addNEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	ADD $addTask_lowA, R0, R1
	LDRQ(0, 1, 16)
	LDRQ(16, 1, 17)
	LDRQ(32, 1, 18)
	LDRQ(48, 1, 19)
	LDRQ(64, 1, 20)
	LDRQ(80, 1, 21)
	LDRQ(96, 1, 22)
	LDRQ(112, 1, 23)
	LDRQ(128, 1, 24)
	LDP pairTask_a(R0), (R7, R8)
	MOVD pairTask_y(R0), R9
	MOVD pairTask_n(R0), R13
	MOVD pairTask_rows(R0), R5
	LDP pairTask_stepA(R0), (R10, R11)
	MOVD pairTask_stepY(R0), R12
	MOVD pairTask_lanes(R0), R6

row:
	MOVD R7, R1
	MOVD R8, R2
	MOVD R9, R3
	SUBS $32, R13, R4
	BLT less
	ADD_FRONT32
	ADD $32, R1, R1
	ADD $32, R2, R2
	SUBS $32, R4, R4
	BLT end
	PCALIGN $16

loop:
	ADD_BOTH(STRQ)
	ADD $32, R1, R1
	ADD $32, R2, R2
	ADD $32, R3, R3
	SUBS $32, R4, R4
	BGE loop

end:
	ADD_BACK32(STRQ)
	ADD $32, R3, R3

less:
	ADDS $16, R4, R4
	BLT tail
	ADD_FRONT16
	ADD_BACK16(STRQ)
	ADD $16, R1, R1
	ADD $16, R2, R2
	ADD $16, R3, R3
	SUB $16, R4, R4

	// R4 is 16 less than what is left: the last 16 elements, but store those only.
tail:
	ADDS $16, R4, R4
	BEQ next
	SUB $16, R4, R14
	ADD R14, R1, R1
	ADD R14, R2, R2
	ADD_FRONT16
	ADD_BACK16(NOSTORE)
	CALL ·storeTail(SB)

next:
	ADD R10, R7, R7
	ADD R11, R8, R8
	ADD R12, R9, R9
	SUBS $1, R5, R5
	BNE row
	RET

// Product: V16, V17 zero points of the operands   V18 mult   V19 1 - shift   V20 zero
// V21, V22 lo, hi
//
//	y = sat8((((a - za)·(b - zb)·mult >> 31 >> 1) rounded >> shift-1) + zero), clamped
//
// A product has 17 bits, so that one less fits 16.

#define MUL_FRONT32 \
	LDRD(0, 1, 2); \
	LDRD(0, 2, 3); \
	LDRD(8, 1, 6); \
	LDRD(8, 2, 7); \
	LDRD(16, 1, 10); \
	LDRD(16, 2, 11); \
	LDRD(24, 1, 14); \
	LDRD(24, 2, 15); \
	SSUBL_8H(16, 2, 2); \
	SSUBL_8H(16, 6, 6); \
	SSUBL_8H(16, 10, 10); \
	SSUBL_8H(16, 14, 14); \
	SSUBL_8H(17, 3, 3); \
	SSUBL_8H(17, 7, 7); \
	SSUBL_8H(17, 11, 11); \
	SSUBL_8H(17, 15, 15); \
	SMULL_4S(3, 2, 0); \
	SMULL_4S(7, 6, 4); \
	SMULL_4S(11, 10, 8); \
	SMULL_4S(15, 14, 12); \
	SMULL2_4S(3, 2, 1); \
	SMULL2_4S(7, 6, 5); \
	SMULL2_4S(11, 10, 9); \
	SMULL2_4S(15, 14, 13); \
	SQDMULH_4S(18, 0, 0); \
	SQDMULH_4S(18, 4, 4); \
	SQDMULH_4S(18, 8, 8); \
	SQDMULH_4S(18, 12, 12); \
	SQDMULH_4S(18, 1, 1); \
	SQDMULH_4S(18, 5, 5); \
	SQDMULH_4S(18, 9, 9); \
	SQDMULH_4S(18, 13, 13); \
	SHRN_4H(1, 0, 28); \
	SHRN_4H(1, 4, 29); \
	SHRN_4H(1, 8, 30); \
	SHRN_4H(1, 12, 31); \
	SHRN2_8H(1, 1, 28); \
	SHRN2_8H(1, 5, 29); \
	SHRN2_8H(1, 9, 30); \
	SHRN2_8H(1, 13, 31)

#define MUL_BACK32(ST) \
	SRSHL_8H(19, 28, 28); \
	SRSHL_8H(19, 29, 29); \
	SRSHL_8H(19, 30, 30); \
	SRSHL_8H(19, 31, 31); \
	SQADD_8H(20, 28, 28); \
	SQADD_8H(20, 29, 29); \
	SQADD_8H(20, 30, 30); \
	SQADD_8H(20, 31, 31); \
	SQXTN_8B(28, 28); \
	SQXTN_8B(30, 30); \
	SQXTN2_16B(29, 28); \
	SQXTN2_16B(31, 30); \
	SMAX_16B(21, 28, 28); \
	SMAX_16B(21, 30, 30); \
	SMIN_16B(22, 28, 28); \
	SMIN_16B(22, 30, 30); \
	ST(0, 3, 28); \
	ST(16, 3, 30)

#define MUL_FRONT16 \
	LDRD(0, 1, 2); \
	LDRD(0, 2, 3); \
	LDRD(8, 1, 6); \
	LDRD(8, 2, 7); \
	SSUBL_8H(16, 2, 2); \
	SSUBL_8H(16, 6, 6); \
	SSUBL_8H(17, 3, 3); \
	SSUBL_8H(17, 7, 7); \
	SMULL_4S(3, 2, 0); \
	SMULL_4S(7, 6, 4); \
	SMULL2_4S(3, 2, 1); \
	SMULL2_4S(7, 6, 5); \
	SQDMULH_4S(18, 0, 0); \
	SQDMULH_4S(18, 4, 4); \
	SQDMULH_4S(18, 1, 1); \
	SQDMULH_4S(18, 5, 5); \
	SHRN_4H(1, 0, 28); \
	SHRN_4H(1, 4, 29); \
	SHRN2_8H(1, 1, 28); \
	SHRN2_8H(1, 5, 29)

#define MUL_BACK16(ST) \
	SRSHL_8H(19, 28, 28); \
	SRSHL_8H(19, 29, 29); \
	SQADD_8H(20, 28, 28); \
	SQADD_8H(20, 29, 29); \
	SQXTN_8B(28, 28); \
	SQXTN2_16B(29, 28); \
	SMAX_16B(21, 28, 28); \
	SMIN_16B(22, 28, 28); \
	ST(0, 3, 28)

#define MUL_BOTH(ST) \
	LDRD(0, 1, 2); \
	SRSHL_8H(19, 28, 28); \
	LDRD(0, 2, 3); \
	LDRD(8, 1, 6); \
	SRSHL_8H(19, 29, 29); \
	LDRD(8, 2, 7); \
	LDRD(16, 1, 10); \
	SRSHL_8H(19, 30, 30); \
	LDRD(16, 2, 11); \
	LDRD(24, 1, 14); \
	SRSHL_8H(19, 31, 31); \
	LDRD(24, 2, 15); \
	SSUBL_8H(16, 2, 2); \
	SSUBL_8H(16, 6, 6); \
	SSUBL_8H(16, 10, 10); \
	SSUBL_8H(16, 14, 14); \
	SSUBL_8H(17, 3, 3); \
	SSUBL_8H(17, 7, 7); \
	SSUBL_8H(17, 11, 11); \
	SSUBL_8H(17, 15, 15); \
	SMULL_4S(3, 2, 0); \
	SQADD_8H(20, 28, 28); \
	SMULL_4S(7, 6, 4); \
	SQADD_8H(20, 29, 29); \
	SMULL_4S(11, 10, 8); \
	SQADD_8H(20, 30, 30); \
	SMULL_4S(15, 14, 12); \
	SQADD_8H(20, 31, 31); \
	SMULL2_4S(3, 2, 1); \
	SQXTN_8B(28, 28); \
	SMULL2_4S(7, 6, 5); \
	SQXTN_8B(30, 30); \
	SMULL2_4S(11, 10, 9); \
	SQXTN2_16B(29, 28); \
	SMULL2_4S(15, 14, 13); \
	SQDMULH_4S(18, 0, 0); \
	SQXTN2_16B(31, 30); \
	SQDMULH_4S(18, 4, 4); \
	SMAX_16B(21, 28, 28); \
	SQDMULH_4S(18, 8, 8); \
	SMAX_16B(21, 30, 30); \
	SQDMULH_4S(18, 12, 12); \
	SMIN_16B(22, 28, 28); \
	SQDMULH_4S(18, 1, 1); \
	SMIN_16B(22, 30, 30); \
	SQDMULH_4S(18, 5, 5); \
	ST(0, 3, 28); \
	SQDMULH_4S(18, 9, 9); \
	ST(16, 3, 30); \
	SQDMULH_4S(18, 13, 13); \
	SHRN_4H(1, 0, 28); \
	SHRN_4H(1, 4, 29); \
	SHRN_4H(1, 8, 30); \
	SHRN_4H(1, 12, 31); \
	SHRN2_8H(1, 1, 28); \
	SHRN2_8H(1, 5, 29); \
	SHRN2_8H(1, 9, 30); \
	SHRN2_8H(1, 13, 31)

// func mulNEON(t *mulTask)
TEXT ·mulNEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	ADD $mulTask_zeroA, R0, R1
	LDRQ(0, 1, 16)
	LDRQ(16, 1, 17)
	LDRQ(32, 1, 18)
	LDRQ(48, 1, 19)
	LDRQ(64, 1, 20)
	LDRQ(80, 1, 21)
	LDRQ(96, 1, 22)
	LDP pairTask_a(R0), (R7, R8)
	MOVD pairTask_y(R0), R9
	MOVD pairTask_n(R0), R13
	MOVD pairTask_rows(R0), R5
	LDP pairTask_stepA(R0), (R10, R11)
	MOVD pairTask_stepY(R0), R12
	MOVD pairTask_lanes(R0), R6

row:
	MOVD R7, R1
	MOVD R8, R2
	MOVD R9, R3
	SUBS $32, R13, R4
	BLT less
	MUL_FRONT32
	ADD $32, R1, R1
	ADD $32, R2, R2
	SUBS $32, R4, R4
	BLT end
	PCALIGN $16

loop:
	MUL_BOTH(STRQ)
	ADD $32, R1, R1
	ADD $32, R2, R2
	ADD $32, R3, R3
	SUBS $32, R4, R4
	BGE loop

end:
	MUL_BACK32(STRQ)
	ADD $32, R3, R3

less:
	ADDS $16, R4, R4
	BLT tail
	MUL_FRONT16
	MUL_BACK16(STRQ)
	ADD $16, R1, R1
	ADD $16, R2, R2
	ADD $16, R3, R3
	SUB $16, R4, R4

	// R4 is 16 less than what is left: the last 16 elements, but store those only.
tail:
	ADDS $16, R4, R4
	BEQ next
	SUB $16, R4, R14
	ADD R14, R1, R1
	ADD R14, R2, R2
	MUL_FRONT16
	MUL_BACK16(NOSTORE)
	CALL ·storeTail(SB)

next:
	ADD R10, R7, R7
	ADD R11, R8, R8
	ADD R12, R9, R9
	SUBS $1, R5, R5
	BNE row
	RET

// storeTail stores the last R4 of the 16 elements in V28, 1 to 15 of them, where R3
// points. R6 points to 32 bytes that count from 0. It changes V0, V1, R3, R14.
TEXT ·storeTail(SB), NOSPLIT|NOFRAME, $0-0
	MOVD $16, R14
	SUB R4, R14, R14
	LDRQ_RR(14, 6, 1)
	TBL1_16B(1, 28, 0)
	TBZ $3, R4, less8
	STRD(0, 3, 0)
	ADD $8, R3, R3
	EXT_16B(8, 0, 0, 0)

less8:
	TBZ $2, R4, less4
	STRS(0, 3, 0)
	ADD $4, R3, R3
	EXT_16B(4, 0, 0, 0)

less4:
	TBZ $1, R4, less2
	STRH(0, 3, 0)
	ADD $2, R3, R3
	EXT_16B(2, 0, 0, 0)

less2:
	TBZ $0, R4, done
	STRB(0, 3, 0)

done:
	RET
