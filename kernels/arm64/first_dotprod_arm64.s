//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "neon_arm64.h"
#include "gemm_arm64.h"

// A pixel's 27 inputs are three runs of nine bytes. Eight of each are two lanes of
// the run as it lies in memory, loaded 16 bytes wide; the ninth of all runs of a
// pixel, and a zero, are one lane of V12, for the four pixels of a tile. That is
// seven steps of SDOT, and nothing has to be moved together.
//
// V0-V3, V4-V7, V8-V11 first, second, third runs of four pixels, then weights
// V12 their ninth bytes   V13-V15 weights
// V16-V31 accumulators: pixel r, columns 4g on in V(16+4r+g)

// COLUMN is a step, lane i of V(a) to V(a+3), for group g of four columns, weights
// in V(b). NINTH is the step for V12, whose lanes are the pixels.
#define COLUMN(i, a, b, g) \
	SDOT_4S_LANE(i, a, b, 16+g); \
	SDOT_4S_LANE(i, a+1, b, 20+g); \
	SDOT_4S_LANE(i, a+2, b, 24+g); \
	SDOT_4S_LANE(i, a+3, b, 28+g)
#define STEP(i, a, b) \
	COLUMN(i, a, b, 0); \
	COLUMN(i, a, b+1, 1); \
	COLUMN(i, a, b+2, 2); \
	COLUMN(i, a, b+3, 3)
#define NINTH(b, g) \
	SDOT_4S_LANE(0, 12, b, 16+g); \
	SDOT_4S_LANE(1, 12, b, 20+g); \
	SDOT_4S_LANE(2, 12, b, 24+g); \
	SDOT_4S_LANE(3, 12, b, 28+g)

// func firstDotProd(a *firstArgs)
//
// R1, R2, R3 the three runs of the tile's first pixel   R4 weights
// R5 tiles left, R6 blocks left, R7 the row's first run of the block
// R8 output of the tile   R9-R12 outputs of its pixels  R13 weights of the block
// R14 bytes from tile to tile, of output R15            R19 bytes from pixel to pixel,
// R20 and R21 to the third and fourth                   R24 bytes of an output pixel
// R25 output of the block R26 constants of the block
//
// for every block of 16 columns { for every 4 pixels {
//	acc[p][c] = bias + Σ run[r][p][i]·w[c][r][i]  (r < 3, i < 9)
//	out[p][c] = clamp(requant(acc[p][c]))
// } }
TEXT ·firstDotProd(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R0
	MOVD firstArgs_a(R0), R7
	MOVD firstArgs_w(R0), R13
	MOVD firstArgs_q(R0), R26
	MOVD firstArgs_out(R0), R25
	MOVD firstArgs_blocks(R0), R6
	MOVD firstArgs_step(R0), R19
	MOVD firstArgs_outStep(R0), R24
	LSL $2, R19, R14
	LSL $2, R24, R15
	ADD R19, R19, R20
	ADD R20, R19, R21
block:
	MOVD R7, R1
	MOVD firstArgs_gap(R0), R22
	ADD R22, R1, R2
	ADD R22, R2, R3
	MOVD R25, R8
	MOVD firstArgs_tiles(R0), R5
tile:
	LDRQ(0, 1, 0)
	LDRQ_RR(19, 1, 1)
	LDRQ_RR(20, 1, 2)
	LDRQ_RR(21, 1, 3)
	LDRQ(0, 2, 4)
	LDRQ_RR(19, 2, 5)
	LDRQ_RR(20, 2, 6)
	LDRQ_RR(21, 2, 7)
	LDRQ(0, 3, 8)
	LDRQ_RR(19, 3, 9)
	LDRQ_RR(20, 3, 10)
	LDRQ_RR(21, 3, 11)
	ADD $firstArgs_ninth, R0, R22
	LD1X3_16B(22, 16)
	ADD $8, R1, R22
	LD1X2_16B(22, 20)
	ADD $8, R2, R22
	LD1X2_16B(22, 22)
	ADD $8, R3, R22
	LD1X2_16B(22, 24)
	TBL2_16B(16, 20, 12)
	TBL2_16B(17, 22, 13)
	TBL2_16B(18, 24, 14)
	ORR_16B(13, 12, 12)
	ORR_16B(14, 12, 12)
	BIAS(26)
	MOVD R13, R4
	LDRQ(0, 4, 13)
	LDRQ(16, 4, 14)
	LDRQ(32, 4, 15)
	COLUMN(0, 0, 13, 0)
	LDRQ(48, 4, 13)
	COLUMN(0, 0, 14, 1)
	LDRQ(64, 4, 14)
	COLUMN(0, 0, 15, 2)
	LDRQ(80, 4, 15)
	COLUMN(0, 0, 13, 3)
	LDRQ(96, 4, 13)
	COLUMN(1, 0, 14, 0)
	LDRQ(112, 4, 14)
	COLUMN(1, 0, 15, 1)
	ADD $128, R4, R4
	COLUMN(1, 0, 13, 2)
	COLUMN(1, 0, 14, 3)
	LD1X4_16B_P(4, 0)
	STEP(0, 4, 0)
	LD1X4_16B_P(4, 0)
	STEP(1, 4, 0)
	LD1X4_16B_P(4, 4)
	STEP(0, 8, 4)
	LD1X4_16B_P(4, 4)
	STEP(1, 8, 4)
	LD1X4_16B_P(4, 0)
	NINTH(0, 0)
	NINTH(1, 1)
	NINTH(2, 2)
	NINTH(3, 3)
	ADD $QMULT, R26, R22
	LD1X4_16B_P(22, 0)
	LD1X4_16B(22, 4)
	ADD $firstArgs_zero, R0, R23
	LD1X3_16B(23, 8)
	SCALE8(16, 17, 18, 19, 20, 21, 22, 23)
	SCALE8(24, 25, 26, 27, 28, 29, 30, 31)
	NARROW4
	SQXTN2_16B(18, 16)
	SQXTN2_16B(22, 20)
	SQXTN2_16B(26, 24)
	SQXTN2_16B(30, 28)
	MOVD firstArgs_clamp(R0), R22
	CBZ R22, store
	SMAX_16B(9, 16, 16)
	SMAX_16B(9, 20, 20)
	SMAX_16B(9, 24, 24)
	SMAX_16B(9, 28, 28)
	SMIN_16B(10, 16, 16)
	SMIN_16B(10, 20, 20)
	SMIN_16B(10, 24, 24)
	SMIN_16B(10, 28, 28)
store:
	ADD R24, R8, R10
	ADD R24, R10, R11
	ADD R24, R11, R12
	ST1X1_16B(8, 16)
	ST1X1_16B(10, 20)
	ST1X1_16B(11, 24)
	ST1X1_16B(12, 28)
	ADD R14, R1, R1
	ADD R14, R2, R2
	ADD R14, R3, R3
	ADD R15, R8, R8
	SUBS $1, R5, R5
	BNE tile
	MOVD R4, R13
	ADD $192, R26, R26
	ADD $16, R25, R25
	SUBS $1, R6, R6
	BNE block
	RET
