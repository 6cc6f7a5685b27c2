//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "neon_arm64.h"
#include "gemm_arm64.h"

// SMMLA multiplies two rows of 8 bytes with two columns of 8: four accumulators,
// [r0c0 r0c1 r1c0 r1c1], get 8 products each. The weights of a block are, for every
// eight steps of k, eight bytes of every column, so that two columns fill a
// register.
//
// V0-V3  16 bytes of four rows, or 8
// V4, V5 rows 0 and 1, first and second 8 bytes   V6, V7 rows 2 and 3
// V8-V15 weights for 8 steps of k
// V16-V23 accumulators of rows 0 and 1, columns 2p and 2p+1 in V(16+p);
// V24-V31 those of rows 2 and 3

#define MM(a, b, p) \
	SMMLA_4S(b, a, 16+p); \
	SMMLA_4S(b, a+2, 24+p)

#define MM4(a) \
	MM(a, 8, 0); \
	MM(a, 9, 1)
#define MM8(a) \
	MM4(a); \
	MM(a, 10, 2); \
	MM(a, 11, 3)
#define MM12(a) \
	MM8(a); \
	MM(a, 12, 4); \
	MM(a, 13, 5)
#define MM16(a) \
	MM12(a); \
	MM(a, 14, 6); \
	MM(a, 15, 7)

#define WLOAD16 \
	LD1X4_16B_P(2, 8); \
	LD1X4_16B_P(2, 12)
#define WLOAD12 \
	LD1X4_16B_P(2, 8); \
	LD1X2_16B_P(2, 12)
#define WLOAD8 LD1X4_16B_P(2, 8)
#define WLOAD4 LD1X2_16B_P(2, 8)

// LOOPS is the sum over a tile's taps and k, for a width.
#define LOOPS(tap, k16, tail, next, WLOAD, MMS, GAP) \
tap: \
	TAP4; \
	SUBS $16, R3, R3; \
	BLT tail; \
k16: \
	LDRQ_P(16, 5, 0); \
	LDRQ_P(16, 6, 1); \
	LDRQ_P(16, 7, 2); \
	LDRQ_P(16, 8, 3); \
	WLOAD; \
	ZIP1_2D(1, 0, 4); \
	ZIP1_2D(3, 2, 6); \
	ZIP2_2D(1, 0, 5); \
	ZIP2_2D(3, 2, 7); \
	MMS(4); \
	WLOAD; \
	SUBS $16, R3, R3; \
	MMS(5); \
	BGE k16; \
tail: \
	ADDS $16, R3, R3; \
	BEQ next; \
	LDRD_P(8, 5, 0); \
	LDRD_P(8, 6, 1); \
	LDRD_P(8, 7, 2); \
	LDRD_P(8, 8, 3); \
	WLOAD; \
	ZIP1_2D(1, 0, 4); \
	ZIP1_2D(3, 2, 6); \
	MMS(4); \
next: \
	GAP; \
	SUBS $1, R4, R4; \
	BNE tap

#define START \
	FOUR(R1, R24); \
	MOVD gemmArgs_taps(R0), R13; \
	MOVD gemmArgs_ntaps(R0), R4; \
	MOVD R19, R2; \
	MOVD gemmArgs_flags(R0), R23

// PAIRS starts the accumulators of four rows with the bias, or with what was
// spilled, which is at R22 in rows of 64 bytes.
#define PAIR(s, a, b) \
	ZIP1_2D(s, s, a); \
	ZIP2_2D(s, s, b)
#define PAIRS \
	BIASAT; \
	LD1X4_16B(22, 0); \
	PAIR(0, 16, 17); \
	PAIR(1, 18, 19); \
	PAIR(2, 20, 21); \
	PAIR(3, 22, 23); \
	PAIR(0, 24, 25); \
	PAIR(1, 26, 27); \
	PAIR(2, 28, 29); \
	PAIR(3, 30, 31)
#define JOIN(a, b, p) \
	ZIP1_2D(b, a, p); \
	ZIP2_2D(b, a, p+1)
#define REFILL \
	LD1X4_16B_P(22, 0); \
	LD1X4_16B_P(22, 4); \
	JOIN(0, 4, 16); \
	JOIN(1, 5, 18); \
	JOIN(2, 6, 20); \
	JOIN(3, 7, 22); \
	LD1X4_16B_P(22, 0); \
	LD1X4_16B_P(22, 4); \
	JOIN(0, 4, 24); \
	JOIN(1, 5, 26); \
	JOIN(2, 6, 28); \
	JOIN(3, 7, 30)

// ROWS puts the accumulators where the epilogues want them: row r, columns 4g on,
// in V(16+4r+g).
#define SPLIT(p, g, r) \
	ZIP1_2D(p+1, p, g); \
	ZIP2_2D(p+1, p, r)
#define ROWS \
	SPLIT(16, 0, 4); \
	SPLIT(18, 1, 5); \
	SPLIT(20, 2, 6); \
	SPLIT(22, 3, 7); \
	SPLIT(24, 8, 12); \
	SPLIT(26, 9, 13); \
	SPLIT(28, 10, 14); \
	SPLIT(30, 11, 15); \
	MOV_16B(0, 16); \
	MOV_16B(1, 17); \
	MOV_16B(2, 18); \
	MOV_16B(3, 19); \
	MOV_16B(4, 20); \
	MOV_16B(5, 21); \
	MOV_16B(6, 22); \
	MOV_16B(7, 23); \
	MOV_16B(8, 24); \
	MOV_16B(9, 25); \
	MOV_16B(10, 26); \
	MOV_16B(11, 27); \
	MOV_16B(12, 28); \
	MOV_16B(13, 29); \
	MOV_16B(14, 30); \
	MOV_16B(15, 31)

// func gemmI8MM(a *gemmArgs)
//
// It computes what gemmNEON does. kc is a multiple of 8.
TEXT ·gemmI8MM(SB), NOSPLIT, $0-8
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
	CMP $1, R14
	BEQ row
tile16:
	START
	TBNZ $0, R23, fill16
	PAIRS
	LOOPS(tap16, k16, tail16, after16, WLOAD16, MM16, GAP16)
	ROWS
	SPECIAL(spill16)
	EPILOGUE16
	FOUR(R15, R25)
	CMP $16, R20
	BLT part16
	STORE16
next16:
	TILENEXT
	BLE done16
	CMP $1, R14
	BNE tile16
	JMP row
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
	REFILL
	JMP tap16

spill16:
	FINISHED(16, next16)

	// ---- up to 12 columns ----
enter12:
	HEAD(12)
tile12:
	START
	TBNZ $0, R23, fill12
	PAIRS
	LOOPS(tap12, k12, tail12, after12, WLOAD12, MM12, GAP12)
	ROWS
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
	REFILL
	JMP tap12

spill12:
	FINISHED(12, next12)

	// ---- up to 8 columns ----
enter8:
	HEAD(8)
tile8:
	START
	TBNZ $0, R23, fill8
	PAIRS
	LOOPS(tap8, k8, tail8, after8, WLOAD8, MM8, GAP8)
	ROWS
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
	REFILL
	JMP tap8

spill8:
	FINISHED(8, next8)

	// ---- up to 4 columns ----
enter4:
	HEAD(4)
tile4:
	START
	TBNZ $0, R23, fill4
	PAIRS
	LOOPS(tap4, k4, tail4, after4, WLOAD4, MM4, GAP4)
	ROWS
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
	REFILL
	JMP tap4

spill4:
	FINISHED(4, next4)

	// ---- one row, 16 columns ----
	// The row stands in for both rows of a pair. The second 8 bytes of a step have
	// accumulators of their own, V24-V31.
row:
	MOVW (R1), R9
	ADD R24, R9, R9
	MOVD R19, R2
	MOVD gemmArgs_taps(R0), R13
	MOVD gemmArgs_ntaps(R0), R4
	MOVD gemmArgs_flags(R0), R23
	BIASAT
	TBZ $0, R23, bias1
	MOVD gemmArgs_acc(R0), R22
bias1:
	LD1X4_16B(22, 0)
	PAIR(0, 16, 17)
	PAIR(1, 18, 19)
	PAIR(2, 20, 21)
	PAIR(3, 22, 23)
	ZERO(24)
	ZERO(25)
	ZERO(26)
	ZERO(27)
	ZERO(28)
	ZERO(29)
	ZERO(30)
	ZERO(31)
#define MMROW(a, c) \
	SMMLA_4S(8, a, c); \
	SMMLA_4S(9, a, c+1); \
	SMMLA_4S(10, a, c+2); \
	SMMLA_4S(11, a, c+3); \
	SMMLA_4S(12, a, c+4); \
	SMMLA_4S(13, a, c+5); \
	SMMLA_4S(14, a, c+6); \
	SMMLA_4S(15, a, c+7)
tap1:
	MOVW.P 4(R13), R22
	MOVD gemmArgs_kc(R0), R3
	ADD R22, R9, R5
	SUBS $16, R3, R3
	BLT tail1
k1:
	LD1R_2D_P(5, 0)
	LD1R_2D_P(5, 1)
	WLOAD16
	MMROW(0, 16)
	WLOAD16
	SUBS $16, R3, R3
	MMROW(1, 24)
	BGE k1
tail1:
	ADDS $16, R3, R3
	BEQ after1
	LD1R_2D_P(5, 0)
	WLOAD16
	MMROW(0, 16)
after1:
	GAP16
	SUBS $1, R4, R4
	BNE tap1
	VADD V24.S4, V16.S4, V16.S4
	VADD V25.S4, V17.S4, V17.S4
	VADD V26.S4, V18.S4, V18.S4
	VADD V27.S4, V19.S4, V19.S4
	VADD V28.S4, V20.S4, V20.S4
	VADD V29.S4, V21.S4, V21.S4
	VADD V30.S4, V22.S4, V22.S4
	VADD V31.S4, V23.S4, V23.S4
	ZIP1_2D(17, 16, 16)
	ZIP1_2D(19, 18, 17)
	ZIP1_2D(21, 20, 18)
	ZIP1_2D(23, 22, 19)
	SPECIAL(spill1)
	EPILOGUE1(16)
	MOVW (R15), R9
	ADD R25, R9, R9
	CMP $16, R20
	BLT part1
	ST1X1_16B(9, 16)
	JMP done16
part1:
	COLUMNS(16)
	STOREPART(9, 16)
	JMP done16

spill1:
	FINISHED1(done16)
