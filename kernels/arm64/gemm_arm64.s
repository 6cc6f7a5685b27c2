//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "neon_arm64.h"
#include "gemm_arm64.h"

// EACH4 does an instruction to V0 to V3 with the constant V(c).
#define EACH4(OP, c) \
	OP(c, 0, 0); \
	OP(c, 1, 1); \
	OP(c, 2, 2); \
	OP(c, 3, 3)

// FOUR4 does it with V(c) to V(c+3).
#define FOUR4(OP, c) \
	OP(c, 0, 0); \
	OP(c+1, 1, 1); \
	OP(c+2, 2, 2); \
	OP(c+3, 3, 3)

// gemmFinish takes the R4 rows of accumulators at R23, 16 columns each, to outputs
// of any kind: with a pre-shift, other scales for negative accumulators, of 8 or 16
// bits, or out of reach of the short requantization. R22 says how many of the
// columns there are. The GEMM kernels call it, with the registers of gemm_arm64.h:
// the offsets of the rows are at R15. It keeps R0 to R2, R9, R12 to R15, R19 to R22,
// R24 to R26.
//
// R3 offsets of outputs   R5 output      R6 columns   R7, R8 addresses
// R10 flags               R11 R22, saved
// V0-V3 accumulators      V4-V7 masks, then shifts    V8-V11 multipliers
// V16-V19 multipliers     V20-V23 shifts              V24-V31 of negative ones
TEXT ·gemmFinish(SB), NOSPLIT|NOFRAME, $0-0
	MOVD R22, R11
	MOVD R22, R6
	MOVD gemmArgs_flags(R0), R10
	MOVD R15, R3
	ADD $QMULT, R26, R7
	LD1X4_16B_P(7, 16)
	LD1X4_16B_P(7, 20)
	TBZ $3, R10, row
	LD1X4_16B_P(7, 24)
	LD1X4_16B(7, 28)
row:
	LD1X4_16B_P(23, 0)
	ADD $gemmArgs_pre, R0, R8
	LD1R_4S_P(8, 12)
	LD1R_4S_P(8, 13)
	LD1R_4S_P(8, 14)
	LD1R_4S(8, 15)
	MOVW.P 4(R3), R5
	ADD R25, R5, R5
	EACH4(SQSHL_4S, 12)
	TBNZ $3, R10, negative
	FOUR4(SQDMULH_4S, 16)
	FOUR4(SRSHL_4S, 20)
clamp:
	EACH4(ADD_4S, 13)
	EACH4(SMAX_4S, 14)
	EACH4(SMIN_4S, 15)
	XTN_4H(0, 0)
	XTN_4H(2, 2)
	TBNZ $4, R10, wide
	XTN2_8H(1, 0)
	XTN2_8H(3, 2)
	CMP $16, R6
	XTN_8B(0, 0)
	XTN2_16B(2, 0)
	BLT part
	ST1X1_16B(5, 0)
next:
	SUBS $1, R4, R4
	BNE row
	MOVD R11, R22
	RET

part:
	STOREPART(5, 0)
	JMP next

	// Other scales for negative accumulators.
negative:
	CMLTZ_4S(0, 4)
	CMLTZ_4S(1, 5)
	CMLTZ_4S(2, 6)
	CMLTZ_4S(3, 7)
	MOV_16B(4, 8)
	MOV_16B(5, 9)
	MOV_16B(6, 10)
	MOV_16B(7, 11)
	BSL_16B(16, 24, 8)
	BSL_16B(17, 25, 9)
	BSL_16B(18, 26, 10)
	BSL_16B(19, 27, 11)
	BSL_16B(20, 28, 4)
	BSL_16B(21, 29, 5)
	BSL_16B(22, 30, 6)
	BSL_16B(23, 31, 7)
	FOUR4(SQDMULH_4S, 8)
	FOUR4(SRSHL_4S, 4)
	JMP clamp

	// 16 bits.
wide:
	XTN2_8H(1, 0)
	XTN2_8H(3, 2)
	CMP $8, R6
	BLT low
	ST1X1_16B_P(5, 0)
	CMP $16, R6
	BLT high
	ST1X1_16B(5, 2)
	JMP next
low:
	LSL $1, R6, R22
	STOREPART(5, 0)
	JMP next
high:
	SUB $8, R6, R22
	LSL $1, R22, R22
	STOREPART(5, 2)
	JMP next
