//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "neon_arm64.h"
#include "gemm_arm64.h"

// gemmFinish takes the R4 rows of accumulators at R23, 16 columns each, to
// outputs of any kind: with a pre-shift, other scales for negative accumulators,
// of 8 or 16 bits, or out of reach of the short requantization. R22 says how many of the columns there are. The GEMM kernels
// call it, with the registers of gemm_arm64.h: the offsets of the rows are at R15.
// It keeps R0 to R2, R14, R15, R19 to R21, R24 to R26.
//
// R3 offsets of outputs   R5 output   R6 columns left   R7 constants
// R8 accumulators         R10 flags   R11 an address
// V20 pre-shift   V21 zero point   V22, V23 bounds, of 32 bits
TEXT ·gemmFinish(SB), NOSPLIT|NOFRAME, $0-0
	ADD $gemmArgs_pre, R0, R11
	LD1R_4S_P(11, 20)
	LD1R_4S_P(11, 21)
	LD1R_4S_P(11, 22)
	LD1R_4S_P(11, 23)
	MOVD gemmArgs_flags(R0), R10
	MOVD R15, R3
row:
	MOVW.P 4(R3), R5
	ADD R25, R5, R5
	MOVD R22, R6
	MOVD R26, R7
	MOVD R23, R8
group:
	LDRQ(0, 8, 0)
	LDRQ(QMULT, 7, 1)
	LDRQ(QSHIFT, 7, 2)
	SQSHL_4S(20, 0, 3)
	TBZ $3, R10, scale
	LDRQ(QNEGM, 7, 4)
	LDRQ(QNEGS, 7, 5)
	CMLTZ_4S(0, 6)
	BIT_16B(6, 4, 1)
	BIT_16B(6, 5, 2)
scale:
	SQDMULH_4S(1, 3, 3)
	SRSHL_4S(2, 3, 3)
	ADD_4S(21, 3, 3)
	SMAX_4S(22, 3, 3)
	SMIN_4S(23, 3, 3)
	XTN_4H(3, 3)
	TBNZ $4, R10, wide
	XTN_8B(3, 3)
	CMP $4, R6
	BLT part
	STRS_P(4, 5, 3)
next:
	ADD $16, R7, R7
	ADD $16, R8, R8
	SUBS $4, R6, R6
	BGT group
rownext:
	ADD $64, R23, R23
	SUBS $1, R4, R4
	BNE row
	RET

part:
	TBZ $1, R6, 3(PC)
	STRH_P(2, 5, 3)
	EXT_16B(2, 3, 3, 3)
	TBZ $0, R6, 2(PC)
	STRB(0, 5, 3)
	JMP rownext

wide:
	CMP $4, R6
	BLT partwide
	STRD_P(8, 5, 3)
	JMP next
partwide:
	TBZ $1, R6, 3(PC)
	STRS_P(4, 5, 3)
	EXT_16B(4, 3, 3, 3)
	TBZ $0, R6, 2(PC)
	STRH(0, 5, 3)
	JMP rownext
