//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "neon_arm64.h"
#include "gemm_arm64.h"

// SDOT by lane: 4 bytes of a row, lane i of A, times those of four channels, 16
// bytes of B, are added to four accumulators. The weights of a block are, for
// every four steps of k, four bytes of every column.
//
// V0-V3  16 bytes of four rows
// V4-V7, V8-V11 weights for 4 steps of k: 16, 12, 8 or 4 columns

// DOTn is one lane of four rows, for n groups of four columns, weights from V(b)
// on.
#define ROW16(i, b, r) \
	SDOT_4S_LANE(i, r, b, 16+4*r); \
	SDOT_4S_LANE(i, r, b+1, 17+4*r); \
	SDOT_4S_LANE(i, r, b+2, 18+4*r); \
	SDOT_4S_LANE(i, r, b+3, 19+4*r)
#define DOT16(i, b) \
	ROW16(i, b, 0); \
	ROW16(i, b, 1); \
	ROW16(i, b, 2); \
	ROW16(i, b, 3)

#define ROW12(i, b, r) \
	SDOT_4S_LANE(i, r, b, 16+4*r); \
	SDOT_4S_LANE(i, r, b+1, 17+4*r); \
	SDOT_4S_LANE(i, r, b+2, 18+4*r)
#define DOT12(i, b) \
	ROW12(i, b, 0); \
	ROW12(i, b, 1); \
	ROW12(i, b, 2); \
	ROW12(i, b, 3)

#define ROW8(i, b, r) \
	SDOT_4S_LANE(i, r, b, 16+4*r); \
	SDOT_4S_LANE(i, r, b+1, 17+4*r)
#define DOT8(i, b) \
	ROW8(i, b, 0); \
	ROW8(i, b, 1); \
	ROW8(i, b, 2); \
	ROW8(i, b, 3)

#define DOT4(i, b) \
	SDOT_4S_LANE(i, 0, b, 16); \
	SDOT_4S_LANE(i, 1, b, 20); \
	SDOT_4S_LANE(i, 2, b, 24); \
	SDOT_4S_LANE(i, 3, b, 28)

#define WLOAD16(b) LD1X4_16B_P(2, b)
#define WLOAD12(b) LD1X3_16B_P(2, b)
#define WLOAD8(b) LD1X2_16B_P(2, b)
#define WLOAD4(b) LD1X1_16B_P(2, b)

// LOOPS is the sum over a tile's taps and k, for a width.
#define LOOPS(tap, k16, tail, k4, next, WLOAD, DOT, GAP) \
tap: \
	TAP4; \
	SUBS $16, R3, R3; \
	BLT tail; \
k16: \
	LDRQ_P(16, 5, 0); \
	LDRQ_P(16, 6, 1); \
	LDRQ_P(16, 7, 2); \
	LDRQ_P(16, 8, 3); \
	WLOAD(4); \
	WLOAD(8); \
	DOT(0, 4); \
	WLOAD(4); \
	DOT(1, 8); \
	WLOAD(8); \
	DOT(2, 4); \
	SUBS $16, R3, R3; \
	DOT(3, 8); \
	BGE k16; \
tail: \
	ADDS $16, R3, R3; \
	BEQ next; \
k4: \
	LDRS_P(4, 5, 0); \
	LDRS_P(4, 6, 1); \
	LDRS_P(4, 7, 2); \
	LDRS_P(4, 8, 3); \
	WLOAD(4); \
	SUBS $4, R3, R3; \
	DOT(0, 4); \
	BNE k4; \
next: \
	GAP; \
	SUBS $1, R4, R4; \
	BNE tap

// START sets what the loops of a tile need. R23 are the flags.
#define START \
	FOUR(R1, R24); \
	MOVD gemmArgs_taps(R0), R13; \
	MOVD gemmArgs_ntaps(R0), R4; \
	MOVD R19, R2; \
	MOVD gemmArgs_flags(R0), R23

// func gemmDotProd(a *gemmArgs)
//
// It computes what gemmNEON does.
TEXT ·gemmDotProd(SB), NOSPLIT, $0-8
	GEMMARGS

block:
	BLOCKSTART
	MOVD gemmArgs_narrow(R0), R22
	CBZ R22, wide
	CMP $4, R20
	BLE enter4
	CMP $8, R20
	BLE enter8
	CMP $12, R20
	BLE enter12
	CMP $16, R20
	BLE wide
	CMP $24, R20
	BLE enter12

	// ---- 16 columns ----
wide:
	HEAD(16)
	CMP $4, R14
	BLT few
tile16:
	START
	TBNZ $0, R23, fill16
	BIASAT
	BIAS(22)
	LOOPS(tap16, k16, tail16, k416, after16, WLOAD16, DOT16, GAP16)
	SPECIAL(spill16)
	EPILOGUE16
	FOUR(R15, R25)
	CMP $16, R20
	BLT part16
	STORE16
next16:
	TILENEXT
	BLE done16
	CMP $4, R14
	BGE tile16
	JMP few
done16:
	BLOCKNEXT(16)
	BGT block
	RET

part16:
	COLUMNS(16)
	STOREPART4
	JMP next16

fill16:
	MOVD gemmArgs_acc(R0), R22
	FILL(22)
	JMP tap16

spill16:
	FINISHED(16, next16)

	// ---- up to 12 columns ----
enter12:
	HEAD(12)
tile12:
	START
	TBNZ $0, R23, fill12
	BIASAT
	BIAS(22)
	LOOPS(tap12, k12, tail12, k412, after12, WLOAD12, DOT12, GAP12)
	SPECIAL(spill12)
	EPILOGUE16
	FOUR(R15, R25)
	COLUMNS(12)
	STOREPART4
next12:
	TILENEXT
	BGT tile12
	BLOCKNEXT(12)
	BGT block
	RET

fill12:
	MOVD gemmArgs_acc(R0), R22
	FILL(22)
	JMP tap12

spill12:
	FINISHED(12, next12)

	// ---- up to 8 columns ----
enter8:
	HEAD(8)
tile8:
	START
	TBNZ $0, R23, fill8
	BIASAT
	BIAS(22)
	LOOPS(tap8, k8, tail8, k48, after8, WLOAD8, DOT8, GAP8)
	SPECIAL(spill8)
	EPILOGUE8
	FOUR(R15, R25)
	COLUMNS(8)
	STOREPART4
next8:
	TILENEXT
	BGT tile8
	BLOCKNEXT(8)
	BGT block
	RET

fill8:
	MOVD gemmArgs_acc(R0), R22
	FILL(22)
	JMP tap8

spill8:
	FINISHED(8, next8)

	// ---- up to 4 columns ----
enter4:
	HEAD(4)
tile4:
	START
	TBNZ $0, R23, fill4
	BIASAT
	BIAS(22)
	LOOPS(tap4, k4, tail4, k44, after4, WLOAD4, DOT4, GAP4)
	SPECIAL(spill4)
	EPILOGUE8
	FOUR(R15, R25)
	COLUMNS(4)
	STOREPART4
next4:
	TILENEXT
	BGT tile4
	BLOCKNEXT(4)
	BGT block
	RET

fill4:
	MOVD gemmArgs_acc(R0), R22
	FILL(22)
	JMP tap4

spill4:
	FINISHED(4, next4)

	// Less than four rows are done as pairs and singles, unless accumulators are kept.
few:
	CMP $1, R14
	BEQ row
	MOVD gemmArgs_flags(R0), R23
	TST $5, R23
	BNE tile16

	// ---- two rows, 16 columns ----
	// Even and odd lanes have accumulators of their own, V16-V23 and V24-V31.
	MOVW (R1), R9
	MOVW 4(R1), R10
	ADD R24, R9, R9
	ADD R24, R10, R10
	MOVD R19, R2
	MOVD gemmArgs_taps(R0), R13
	MOVD gemmArgs_ntaps(R0), R4
	BIASAT
	LD1X4_16B(22, 16)
	LD1X4_16B(22, 20)
	ZERO(24)
	ZERO(25)
	ZERO(26)
	ZERO(27)
	ZERO(28)
	ZERO(29)
	ZERO(30)
	ZERO(31)
#define ROW2(i, b, c) \
	SDOT_4S_LANE(i, 0, b, c); \
	SDOT_4S_LANE(i, 0, b+1, c+1); \
	SDOT_4S_LANE(i, 0, b+2, c+2); \
	SDOT_4S_LANE(i, 0, b+3, c+3); \
	SDOT_4S_LANE(i, 1, b, c+4); \
	SDOT_4S_LANE(i, 1, b+1, c+5); \
	SDOT_4S_LANE(i, 1, b+2, c+6); \
	SDOT_4S_LANE(i, 1, b+3, c+7)
tap2:
	MOVW.P 4(R13), R22
	MOVD gemmArgs_kc(R0), R3
	ADD R22, R9, R5
	ADD R22, R10, R6
	SUBS $16, R3, R3
	BLT tail2
k2:
	LDRQ_P(16, 5, 0)
	LDRQ_P(16, 6, 1)
	WLOAD16(4)
	WLOAD16(8)
	ROW2(0, 4, 16)
	WLOAD16(4)
	ROW2(1, 8, 24)
	WLOAD16(8)
	ROW2(2, 4, 16)
	SUBS $16, R3, R3
	ROW2(3, 8, 24)
	BGE k2
tail2:
	ADDS $16, R3, R3
	BEQ after2
k42:
	LDRS_P(4, 5, 0)
	LDRS_P(4, 6, 1)
	WLOAD16(4)
	SUBS $4, R3, R3
	ROW2(0, 4, 16)
	BNE k42
after2:
	GAP16
	SUBS $1, R4, R4
	BNE tap2
	VADD V24.S4, V16.S4, V16.S4
	VADD V25.S4, V17.S4, V17.S4
	VADD V26.S4, V18.S4, V18.S4
	VADD V27.S4, V19.S4, V19.S4
	VADD V28.S4, V20.S4, V20.S4
	VADD V29.S4, V21.S4, V21.S4
	VADD V30.S4, V22.S4, V22.S4
	VADD V31.S4, V23.S4, V23.S4
	MOVW QSHIFT(R26), R22
	TBNZ $31, R22, finish2
	SCALES
	SCALE8(16, 17, 18, 19, 20, 21, 22, 23)
	SQXTN_8B(16, 16)
	SQXTN_8B(20, 20)
	SQXTN2_16B(18, 16)
	SQXTN2_16B(22, 20)
	SMAX_16B(9, 16, 16)
	SMAX_16B(9, 20, 20)
	SMIN_16B(10, 16, 16)
	SMIN_16B(10, 20, 20)
	MOVW (R15), R9
	MOVW 4(R15), R10
	ADD R25, R9, R9
	ADD R25, R10, R10
	CMP $16, R20
	BLT part2
	ST1X1_16B(9, 16)
	ST1X1_16B(10, 20)
next2:
	ADD $8, R1, R1
	ADD $8, R15, R15
	SUBS $2, R14, R14
	BGT row
	JMP done16
part2:
	COLUMNS(16)
	STOREPART(9, 16)
	STOREPART(10, 20)
	JMP next2
finish2:
	MOVD gemmArgs_acc(R0), R23
	SPILL
	MOVD $2, R4
	COLUMNS(16)
	CALL ·gemmFinish(SB)
	JMP next2

	// ---- one row, 16 columns ----
	// Every lane has accumulators of its own, so that no SDOT waits for another, and
	// loads of its own address: those that do not write it back issue faster.
row:
	MOVW (R1), R9
	ADD R24, R9, R9
	MOVD R19, R2
	MOVD gemmArgs_taps(R0), R13
	MOVD gemmArgs_ntaps(R0), R4
	MOVD gemmArgs_flags(R0), R23
	BIASAT
	BIAS1(22)
	ZERO(20)
	ZERO(21)
	ZERO(22)
	ZERO(23)
	TBZ $0, R23, clear1
	MOVD gemmArgs_acc(R0), R22
	VLD1 (R22), [V16.B16, V17.B16, V18.B16, V19.B16]
clear1:
	VMOV V20.B16, V24.B16
	VMOV V20.B16, V25.B16
	VMOV V20.B16, V26.B16
	VMOV V20.B16, V27.B16
	VMOV V20.B16, V28.B16
	VMOV V20.B16, V29.B16
	VMOV V20.B16, V30.B16
	VMOV V20.B16, V31.B16
#define ROW1(i, b, c) \
	SDOT_4S_LANE(i, 0, b, c); \
	SDOT_4S_LANE(i, 0, b+1, c+1); \
	SDOT_4S_LANE(i, 0, b+2, c+2); \
	SDOT_4S_LANE(i, 0, b+3, c+3)
tap1:
	MOVW.P 4(R13), R22
	MOVD gemmArgs_kc(R0), R3
	ADD R22, R9, R5
	ADD $64, R2, R6
	ADD $128, R2, R7
	ADD $192, R2, R8
	SUBS $16, R3, R3
	BLT tail1
	PCALIGN $16
k1:
	LDRQ_P(16, 5, 0)
	LD1X4_16B(2, 4)
	ROW1(0, 4, 16)
	LD1X4_16B(6, 8)
	ROW1(1, 8, 20)
	LD1X4_16B(7, 4)
	ROW1(2, 4, 24)
	LD1X4_16B(8, 8)
	ROW1(3, 8, 28)
	ADD $256, R2, R2
	ADD $256, R6, R6
	ADD $256, R7, R7
	ADD $256, R8, R8
	SUBS $16, R3, R3
	BGE k1
tail1:
	ADDS $16, R3, R3
	BEQ after1
k41:
	LDRS_P(4, 5, 0)
	WLOAD16(4)
	SUBS $4, R3, R3
	ROW1(0, 4, 16)
	BNE k41
after1:
	GAP16
	SUBS $1, R4, R4
	BNE tap1
	VADD V20.S4, V16.S4, V16.S4
	VADD V21.S4, V17.S4, V17.S4
	VADD V22.S4, V18.S4, V18.S4
	VADD V23.S4, V19.S4, V19.S4
	VADD V24.S4, V28.S4, V28.S4
	VADD V25.S4, V29.S4, V29.S4
	VADD V26.S4, V30.S4, V30.S4
	VADD V27.S4, V31.S4, V31.S4
	VADD V28.S4, V16.S4, V16.S4
	VADD V29.S4, V17.S4, V17.S4
	VADD V30.S4, V18.S4, V18.S4
	VADD V31.S4, V19.S4, V19.S4
	SPECIAL(spill1)
	EPILOGUE1(16)
	MOVW (R15), R9
	ADD R25, R9, R9
	CMP $16, R20
	BLT part1
	ST1X1_16B(9, 16)
	JMP nextrow
part1:
	COLUMNS(16)
	STOREPART(9, 16)
nextrow:
	ADD $4, R1, R1
	ADD $4, R15, R15
	SUBS $1, R14, R14
	BGT row
	JMP done16

spill1:
	FINISHED1(nextrow)
