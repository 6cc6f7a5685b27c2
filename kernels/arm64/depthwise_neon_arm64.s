//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "neon_arm64.h"

// Depthwise convolution from a copy of the input: eight channels of four outputs
// of a row, A to D, at a time.
//
//	for every row, every four outputs:
//		acc[A..D][8] = bias[8] + Σ_taps x[tap]·w[tap]
//		y = sat8(((acc·mult >> 31 >> 4) rounded >> shift-4) + zero), clamped
//
// The copy has the eight channels side by side, column after column, the padding
// in it. Two products fit 16 bits, so taps go in pairs, for all four outputs in
// turn: SMULL, SMLAL, and then, after the multiplications of the next pair, SADDW and
// SADDW2. So nothing is waited for on an in-order core, and a multiplication does not
// find its unit taken on one that is not. A load can stand behind each of these
// operations: the last four arguments of the macros.
//
// R0 task   R19 outputs   R20 between them   R21 outputs left of the row
// R22, R23, R25 where B, C, D go   R24 constants
// R8 zero, lo, hi
// V0-V7 accumulators: A, B, C, D, lower and upper half   V8-V11, V12-V15 products
#define NONE

#define MUL(p, w, a, b, c, d, L0, L1, L2, L3) \
	SMULL_8H(w, a, p+0); \
	L0; \
	SMULL_8H(w, b, p+1); \
	L1; \
	SMULL_8H(w, c, p+2); \
	L2; \
	SMULL_8H(w, d, p+3); \
	L3

#define MLA(p, w, a, b, c, d, L0, L1, L2, L3) \
	SMLAL_8H(w, a, p+0); \
	L0; \
	SMLAL_8H(w, b, p+1); \
	L1; \
	SMLAL_8H(w, c, p+2); \
	L2; \
	SMLAL_8H(w, d, p+3); \
	L3

#define LO(p, L0, L1, L2, L3) \
	SADDW_4S(p+0, 0, 0); \
	L0; \
	SADDW_4S(p+1, 2, 2); \
	L1; \
	SADDW_4S(p+2, 4, 4); \
	L2; \
	SADDW_4S(p+3, 6, 6); \
	L3

#define HI(p, L0, L1, L2, L3) \
	SADDW2_4S(p+0, 1, 1); \
	L0; \
	SADDW2_4S(p+1, 3, 3); \
	L1; \
	SADDW2_4S(p+2, 5, 5); \
	L2; \
	SADDW2_4S(p+3, 7, 7); \
	L3

// The first products start from the bias in V25, V26.
#define BIASLO(p, L0, L1, L2, L3) \
	SADDW_4S(p+0, 25, 0); \
	L0; \
	SADDW_4S(p+1, 25, 2); \
	L1; \
	SADDW_4S(p+2, 25, 4); \
	L2; \
	SADDW_4S(p+3, 25, 6); \
	L3

#define BIASHI(p, L0, L1, L2, L3) \
	SADDW2_4S(p+0, 26, 1); \
	L0; \
	SADDW2_4S(p+1, 26, 3); \
	L1; \
	SADDW2_4S(p+2, 26, 5); \
	L2; \
	SADDW2_4S(p+3, 26, 7); \
	L3

// The same for A, B and C.
#define MUL3(p, w, a, b, c, L0, L1, L2) \
	SMULL_8H(w, a, p+0); \
	L0; \
	SMULL_8H(w, b, p+1); \
	L1; \
	SMULL_8H(w, c, p+2); \
	L2

#define MLA3(p, w, a, b, c, L0, L1, L2) \
	SMLAL_8H(w, a, p+0); \
	L0; \
	SMLAL_8H(w, b, p+1); \
	L1; \
	SMLAL_8H(w, c, p+2); \
	L2

#define LO3(p, L0, L1, L2) \
	SADDW_4S(p+0, 0, 0); \
	L0; \
	SADDW_4S(p+1, 2, 2); \
	L1; \
	SADDW_4S(p+2, 4, 4); \
	L2

#define HI3(p, L0, L1, L2) \
	SADDW2_4S(p+0, 1, 1); \
	L0; \
	SADDW2_4S(p+1, 3, 3); \
	L1; \
	SADDW2_4S(p+2, 5, 5); \
	L2

#define BIASLO3(p, L0, L1, L2) \
	SADDW_4S(p+0, 25, 0); \
	L0; \
	SADDW_4S(p+1, 25, 2); \
	L1; \
	SADDW_4S(p+2, 25, 4); \
	L2

#define BIASHI3(p, L0, L1, L2) \
	SADDW2_4S(p+0, 26, 1); \
	L0; \
	SADDW2_4S(p+1, 26, 3); \
	L1; \
	SADDW2_4S(p+2, 26, 5); \
	L2

// SCALE1 to SCALE4 take the accumulators to their outputs: multiplier in V12, V13,
// shift in V14; V8 to V10 are zero, lo, hi.
#define SCALE1(L0, L1, L2, L3, L4, L5, L6) \
	SQDMULH_4S(12, 0, 0); \
	L0; \
	SQDMULH_4S(12, 2, 2); \
	L1; \
	SQDMULH_4S(12, 4, 4); \
	L2; \
	SQDMULH_4S(12, 6, 6); \
	L3; \
	SQDMULH_4S(13, 1, 1); \
	L4; \
	SQDMULH_4S(13, 3, 3); \
	L5; \
	SQDMULH_4S(13, 5, 5); \
	L6; \
	SQDMULH_4S(13, 7, 7)

#define SCALE2(L0, L1, L2, L3, L4, L5, L6, L7) \
	SHRN_4H(4, 0, 0); \
	L0; \
	SHRN_4H(4, 2, 2); \
	L1; \
	SHRN_4H(4, 4, 4); \
	L2; \
	SHRN_4H(4, 6, 6); \
	L3; \
	SHRN2_8H(4, 1, 0); \
	L4; \
	SHRN2_8H(4, 3, 2); \
	L5; \
	SHRN2_8H(4, 5, 4); \
	L6; \
	SHRN2_8H(4, 7, 6); \
	L7

#define SCALE3 \
	SRSHL_8H(14, 0, 0); \
	ADD R20, R19, R22; \
	SRSHL_8H(14, 2, 2); \
	ADD R20, R22, R23; \
	SRSHL_8H(14, 4, 4); \
	ADD R20, R23, R25; \
	SRSHL_8H(14, 6, 6); \
	ADD $dw5Task_dummy, R0, R26; \
	SQADD_8H(8, 0, 0); \
	CMP $2, R21; \
	CSEL LT, R26, R22, R22; \
	SQADD_8H(8, 4, 4); \
	CMP $3, R21; \
	CSEL LT, R26, R23, R23; \
	SQADD_8H(8, 2, 2); \
	CMP $4, R21; \
	CSEL LT, R26, R25, R25; \
	SQADD_8H(8, 6, 6)

#define SCALE4 \
	SQXTN_8B(0, 0); \
	SQXTN_8B(4, 4); \
	SQXTN2_16B(2, 0); \
	SQXTN2_16B(6, 4); \
	SMAX_16B(9, 0, 0); \
	SMAX_16B(9, 4, 4); \
	SMIN_16B(10, 0, 0); \
	SMIN_16B(10, 4, 4); \
	STRD(0, 19, 0); \
	ST1D_LANE(1, 22, 0); \
	STRD(0, 23, 4); \
	ST1D_LANE(1, 25, 4); \
	MADD R10, R19, R20, R19

// START loads what all rows share.
#define START \
	MOVD dw5Task_packed(R0), R24; \
	MOVD dw5Task_outStep(R0), R20; \
	MOVD dw5Task_rows(R0), R14; \
	MOVD dw5Task_x(R0), R15; \
	MOVD dw5Task_out(R0), R13; \
	ADD $dw5Task_zero, R0, R8

// 5x5, four outputs and then three at a time.
//
// R1-R5 rows of the copy   R9 bytes to the next outputs in it   R10 outputs, 4 or 3
// R11 fours left of the row   R13 row of outputs   R14 rows left   R15 row of the copy
// V16-V26 columns   V27-V31 weights of a row

// X loads a column of a row of taps, W the weights of a tap.
#define X(row, c) LDRD(8*(c), row, 16+(c))
#define W(t)      LDRD(80+8*(t), 24, 27+(t)%5)

// ON goes to the columns of the next outputs.
#define ON(row) ADD R9, R(row), R(row)

#define ROWS \
	MOVD dw5Task_pitch(R0), R6; \
	MOVD R15, R1; \
	ADD R6, R1, R2; \
	ADD R6, R2, R3; \
	ADD R6, R3, R4; \
	ADD R6, R4, R5

// S1X4 does four outputs at stride 1.
#define S1X4 \
	MUL(8, 27, 16, 17, 18, 19, NONE, NONE, NONE, NONE); \
	MLA(8, 28, 17, 18, 19, 20, NONE, NONE, NONE, NONE); \
	BIASLO(8, NONE, NONE, NONE, NONE); \
	BIASHI(8, NONE, NONE, NONE, NONE); \
	MUL(12, 29, 18, 19, 20, 21, NONE, NONE, NONE, NONE); \
	MLA(12, 30, 19, 20, 21, 22, W(5), X(2, 0), X(2, 1), X(2, 2)); \
	MUL(8, 31, 20, 21, 22, 23, X(2, 3), NONE, NONE, NONE); \
	MLA(8, 27, 16, 17, 18, 19, NONE, NONE, NONE, NONE); \
	LO(12, NONE, W(6), NONE, NONE); \
	HI(12, X(2, 4), W(7), NONE, NONE); \
	MUL(12, 28, 17, 18, 19, 20, X(2, 5), NONE, NONE, NONE); \
	MLA(12, 29, 18, 19, 20, 21, NONE, NONE, NONE, NONE); \
	LO(8, NONE, W(8), NONE, NONE); \
	HI(8, X(2, 6), W(9), NONE, NONE); \
	MUL(8, 30, 19, 20, 21, 22, X(2, 7), NONE, NONE, NONE); \
	MLA(8, 31, 20, 21, 22, 23, NONE, NONE, NONE, NONE); \
	LO(12, W(10), X(3, 0), X(3, 1), X(3, 2)); \
	HI(12, X(3, 3), W(11), NONE, NONE); \
	MUL(12, 27, 16, 17, 18, 19, X(3, 4), NONE, NONE, NONE); \
	MLA(12, 28, 17, 18, 19, 20, NONE, NONE, NONE, NONE); \
	LO(8, NONE, W(12), NONE, NONE); \
	HI(8, X(3, 5), W(13), NONE, NONE); \
	MUL(8, 29, 18, 19, 20, 21, X(3, 6), NONE, NONE, NONE); \
	MLA(8, 30, 19, 20, 21, 22, NONE, NONE, NONE, NONE); \
	LO(12, NONE, W(14), NONE, W(15)); \
	HI(12, X(3, 7), X(4, 0), X(4, 1), X(4, 2)); \
	MUL(12, 31, 20, 21, 22, 23, X(4, 3), NONE, NONE, NONE); \
	MLA(12, 27, 16, 17, 18, 19, NONE, NONE, NONE, NONE); \
	LO(8, NONE, W(16), NONE, NONE); \
	HI(8, X(4, 4), W(17), NONE, NONE); \
	MUL(8, 28, 17, 18, 19, 20, X(4, 5), NONE, NONE, NONE); \
	MLA(8, 29, 18, 19, 20, 21, NONE, NONE, NONE, NONE); \
	LO(12, NONE, W(18), NONE, NONE); \
	HI(12, X(4, 6), W(19), NONE, NONE); \
	MUL(12, 30, 19, 20, 21, 22, X(4, 7), NONE, NONE, NONE); \
	MLA(12, 31, 20, 21, 22, 23, NONE, NONE, NONE, NONE); \
	LO(8, W(20), X(5, 0), X(5, 1), X(5, 2)); \
	HI(8, X(5, 3), W(21), NONE, NONE); \
	MUL(8, 27, 16, 17, 18, 19, X(5, 4), NONE, NONE, NONE); \
	MLA(8, 28, 17, 18, 19, 20, NONE, NONE, NONE, NONE); \
	LO(12, NONE, W(22), NONE, NONE); \
	HI(12, X(5, 5), W(23), NONE, NONE); \
	MUL(12, 29, 18, 19, 20, 21, X(5, 6), NONE, NONE, NONE); \
	MLA(12, 30, 19, 20, 21, 22, NONE, NONE, NONE, NONE); \
	LO(8, NONE, W(24), NONE, NONE); \
	HI(8, X(5, 7), NONE, NONE, NONE); \
	MUL(8, 31, 20, 21, 22, 23, NONE, NONE, NONE, NONE); \
	LO(12, NONE, NONE, NONE, NONE); \
	HI(12, NONE, NONE, NONE, NONE); \
	LO(8, LDRQ(0, 24, 12), LDRQ(16, 24, 13), LDRQ(64, 24, 14), NONE); \
	HI(8, NONE, NONE, NONE, NONE)

// S1X3 does three outputs at stride 1.
#define S1X3 \
	MUL3(8, 27, 16, 17, 18, NONE, NONE, NONE); \
	MLA3(8, 28, 17, 18, 19, NONE, NONE, NONE); \
	BIASLO3(8, NONE, NONE, NONE); \
	BIASHI3(8, NONE, NONE, NONE); \
	MUL3(12, 29, 18, 19, 20, NONE, NONE, NONE); \
	MLA3(12, 30, 19, 20, 21, NONE, W(5), X(2, 0)); \
	MUL3(8, 31, 20, 21, 22, X(2, 1), X(2, 2), NONE); \
	LO3(12, NONE, NONE, W(6)); \
	MLA3(8, 27, 16, 17, 18, NONE, X(2, 3), NONE); \
	HI3(12, NONE, NONE, W(7)); \
	MUL3(12, 28, 17, 18, 19, NONE, X(2, 4), NONE); \
	LO3(8, NONE, NONE, W(8)); \
	MLA3(12, 29, 18, 19, 20, NONE, X(2, 5), NONE); \
	HI3(8, NONE, NONE, W(9)); \
	MUL3(8, 30, 19, 20, 21, NONE, X(2, 6), NONE); \
	LO3(12, NONE, W(10), X(3, 0)); \
	MLA3(8, 31, 20, 21, 22, X(3, 1), X(3, 2), NONE); \
	HI3(12, NONE, NONE, W(11)); \
	MUL3(12, 27, 16, 17, 18, NONE, X(3, 3), NONE); \
	LO3(8, NONE, NONE, W(12)); \
	MLA3(12, 28, 17, 18, 19, NONE, X(3, 4), NONE); \
	HI3(8, NONE, NONE, W(13)); \
	MUL3(8, 29, 18, 19, 20, NONE, X(3, 5), NONE); \
	LO3(12, NONE, NONE, W(14)); \
	MLA3(8, 30, 19, 20, 21, NONE, X(3, 6), NONE); \
	HI3(12, NONE, W(15), X(4, 0)); \
	MUL3(12, 31, 20, 21, 22, X(4, 1), X(4, 2), NONE); \
	LO3(8, NONE, NONE, W(16)); \
	MLA3(12, 27, 16, 17, 18, NONE, X(4, 3), NONE); \
	HI3(8, NONE, NONE, W(17)); \
	MUL3(8, 28, 17, 18, 19, NONE, X(4, 4), NONE); \
	LO3(12, NONE, NONE, W(18)); \
	MLA3(8, 29, 18, 19, 20, NONE, X(4, 5), NONE); \
	HI3(12, NONE, NONE, W(19)); \
	MUL3(12, 30, 19, 20, 21, NONE, X(4, 6), NONE); \
	LO3(8, NONE, W(20), X(5, 0)); \
	MLA3(12, 31, 20, 21, 22, X(5, 1), X(5, 2), NONE); \
	HI3(8, NONE, NONE, W(21)); \
	MUL3(8, 27, 16, 17, 18, NONE, X(5, 3), NONE); \
	LO3(12, NONE, NONE, W(22)); \
	MLA3(8, 28, 17, 18, 19, NONE, X(5, 4), NONE); \
	HI3(12, NONE, NONE, W(23)); \
	MUL3(12, 29, 18, 19, 20, NONE, X(5, 5), NONE); \
	LO3(8, NONE, NONE, W(24)); \
	MLA3(12, 30, 19, 20, 21, NONE, X(5, 6), NONE); \
	HI3(8, NONE, NONE, NONE); \
	MUL3(8, 31, 20, 21, 22, NONE, NONE, NONE); \
	LO3(12, NONE, NONE, NONE); \
	HI3(12, NONE, NONE, NONE); \
	LO3(8, LDRQ(0, 24, 12), LDRQ(16, 24, 13), LDRQ(64, 24, 14)); \
	HI3(8, NONE, NONE, NONE)

// func dw5s1NEON(t *dw5Task)
TEXT ·dw5s1NEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	START

	ROWS
	MOVD R13, R19
	MOVD dw5Task_n(R0), R21
	MOVD dw5Task_quads(R0), R11
	X(1, 0)
	X(1, 1)
	X(1, 2)
	X(1, 3)
	X(1, 4)
	X(1, 5)
	X(1, 6)
	X(1, 7)
	W(0)
	W(1)
	W(2)
	W(3)
	W(4)
	LDRQ(32, 24, 25)
	LDRQ(48, 24, 26)

next:
	CBZ R11, threes
	SUB $1, R11, R11
	MOVD $32, R9
	MOVD $4, R10
	S1X4

scale:
	CMP R10, R21
	BLE last
	ON(1)
	ON(2)
	ON(3)
	ON(4)
	ON(5)

loaded:
	SCALE1(LDRQ(0, 8, 8), LDRQ(16, 8, 9), LDRQ(32, 8, 10), X(1, 0), X(1, 1), X(1, 2), X(1, 3))
	SCALE2(X(1, 4), X(1, 5), X(1, 6), X(1, 7), W(0), W(1), W(2), W(3))
	W(4)
	LDRQ(32, 24, 25)
	LDRQ(48, 24, 26)
	SCALE3
	SCALE4
	SUBS R10, R21, R21
	BGT next
	MOVD dw5Task_outRow(R0), R7
	ADD R7, R13, R13
	MOVD R13, R19
	MOVD dw5Task_n(R0), R21
	MOVD dw5Task_quads(R0), R11
	SUBS $1, R14, R14
	BNE next
	RET

	// The columns to be loaded are the next row's. There is one behind the last.
last:
	MOVD dw5Task_rowStep(R0), R6
	ADD R6, R15, R15
	ROWS
	JMP loaded

threes:
	MOVD $24, R9
	MOVD $3, R10
	S1X3
	JMP scale

// S2X4 does four outputs at stride 2.
#define S2X4 \
	MUL(8, 27, 16, 18, 20, 22, NONE, NONE, NONE, NONE); \
	MLA(8, 28, 17, 19, 21, 23, NONE, NONE, NONE, NONE); \
	BIASLO(8, NONE, NONE, NONE, NONE); \
	BIASHI(8, NONE, NONE, NONE, NONE); \
	MUL(12, 29, 18, 20, 22, 24, X(1, 9), NONE, NONE, W(5)); \
	MLA(12, 30, 19, 21, 23, 25, X(1, 10), X(2, 0), X(2, 2), NONE); \
	MUL(8, 31, 20, 22, 24, 26, NONE, X(2, 4), X(2, 6), NONE); \
	MLA(8, 27, 16, 18, 20, 22, NONE, NONE, NONE, NONE); \
	LO(12, W(6), X(2, 1), X(2, 3), X(2, 5)); \
	HI(12, X(2, 7), W(7), NONE, NONE); \
	MUL(12, 28, 17, 19, 21, 23, X(2, 8), NONE, NONE, NONE); \
	MLA(12, 29, 18, 20, 22, 24, NONE, NONE, NONE, NONE); \
	LO(8, NONE, W(8), NONE, NONE); \
	HI(8, X(2, 9), W(9), NONE, NONE); \
	MUL(8, 30, 19, 21, 23, 25, X(2, 10), NONE, NONE, NONE); \
	MLA(8, 31, 20, 22, 24, 26, NONE, NONE, NONE, W(11)); \
	LO(12, W(10), X(3, 0), X(3, 2), X(3, 4)); \
	HI(12, X(3, 6), X(3, 1), X(3, 3), X(3, 5)); \
	MUL(12, 27, 16, 18, 20, 22, X(3, 7), NONE, NONE, NONE); \
	MLA(12, 28, 17, 19, 21, 23, NONE, NONE, NONE, NONE); \
	LO(8, NONE, W(12), NONE, NONE); \
	HI(8, X(3, 8), W(13), NONE, NONE); \
	MUL(8, 29, 18, 20, 22, 24, X(3, 9), NONE, NONE, NONE); \
	MLA(8, 30, 19, 21, 23, 25, NONE, NONE, NONE, NONE); \
	LO(12, NONE, W(14), NONE, W(15)); \
	HI(12, X(3, 10), X(4, 0), X(4, 2), NONE); \
	MUL(12, 31, 20, 22, 24, 26, NONE, X(4, 4), X(4, 6), NONE); \
	MLA(12, 27, 16, 18, 20, 22, NONE, NONE, NONE, NONE); \
	LO(8, W(16), X(4, 1), X(4, 3), X(4, 5)); \
	HI(8, X(4, 7), W(17), NONE, NONE); \
	MUL(8, 28, 17, 19, 21, 23, X(4, 8), NONE, NONE, NONE); \
	MLA(8, 29, 18, 20, 22, 24, NONE, NONE, NONE, NONE); \
	LO(12, NONE, W(18), NONE, NONE); \
	HI(12, X(4, 9), W(19), NONE, NONE); \
	MUL(12, 30, 19, 21, 23, 25, X(4, 10), NONE, NONE, NONE); \
	MLA(12, 31, 20, 22, 24, 26, NONE, NONE, NONE, W(21)); \
	LO(8, W(20), X(5, 0), X(5, 2), X(5, 4)); \
	HI(8, X(5, 6), X(5, 1), X(5, 3), X(5, 5)); \
	MUL(8, 27, 16, 18, 20, 22, X(5, 7), NONE, NONE, NONE); \
	MLA(8, 28, 17, 19, 21, 23, NONE, NONE, NONE, NONE); \
	LO(12, NONE, W(22), NONE, NONE); \
	HI(12, X(5, 8), W(23), NONE, NONE); \
	MUL(12, 29, 18, 20, 22, 24, X(5, 9), NONE, NONE, NONE); \
	MLA(12, 30, 19, 21, 23, 25, NONE, NONE, NONE, NONE); \
	LO(8, NONE, W(24), NONE, NONE); \
	HI(8, X(5, 10), NONE, NONE, NONE); \
	MUL(8, 31, 20, 22, 24, 26, NONE, NONE, NONE, NONE); \
	LO(12, NONE, NONE, NONE, NONE); \
	HI(12, NONE, NONE, NONE, NONE); \
	LO(8, LDRQ(0, 24, 12), LDRQ(16, 24, 13), LDRQ(64, 24, 14), NONE); \
	HI(8, NONE, NONE, NONE, NONE)

// S2X3 does three outputs at stride 2.
#define S2X3 \
	MUL3(8, 27, 16, 18, 20, NONE, NONE, NONE); \
	MLA3(8, 28, 17, 19, 21, NONE, NONE, NONE); \
	BIASLO3(8, NONE, NONE, NONE); \
	BIASHI3(8, NONE, NONE, NONE); \
	MUL3(12, 29, 18, 20, 22, NONE, NONE, NONE); \
	MLA3(12, 30, 19, 21, 23, NONE, W(5), X(2, 0)); \
	MUL3(8, 31, 20, 22, 24, X(2, 2), X(2, 4), NONE); \
	LO3(12, NONE, W(6), X(2, 1)); \
	MLA3(8, 27, 16, 18, 20, X(2, 3), X(2, 5), NONE); \
	HI3(12, NONE, NONE, W(7)); \
	MUL3(12, 28, 17, 19, 21, NONE, X(2, 6), NONE); \
	LO3(8, NONE, NONE, W(8)); \
	MLA3(12, 29, 18, 20, 22, NONE, X(2, 7), NONE); \
	HI3(8, NONE, NONE, W(9)); \
	MUL3(8, 30, 19, 21, 23, NONE, X(2, 8), NONE); \
	LO3(12, NONE, W(10), X(3, 0)); \
	MLA3(8, 31, 20, 22, 24, X(3, 2), X(3, 4), NONE); \
	HI3(12, NONE, W(11), X(3, 1)); \
	MUL3(12, 27, 16, 18, 20, X(3, 3), X(3, 5), NONE); \
	LO3(8, NONE, NONE, W(12)); \
	MLA3(12, 28, 17, 19, 21, NONE, X(3, 6), NONE); \
	HI3(8, NONE, NONE, W(13)); \
	MUL3(8, 29, 18, 20, 22, NONE, X(3, 7), NONE); \
	LO3(12, NONE, NONE, W(14)); \
	MLA3(8, 30, 19, 21, 23, NONE, X(3, 8), NONE); \
	HI3(12, NONE, W(15), X(4, 0)); \
	MUL3(12, 31, 20, 22, 24, X(4, 2), X(4, 4), NONE); \
	LO3(8, NONE, W(16), X(4, 1)); \
	MLA3(12, 27, 16, 18, 20, X(4, 3), X(4, 5), NONE); \
	HI3(8, NONE, NONE, W(17)); \
	MUL3(8, 28, 17, 19, 21, NONE, X(4, 6), NONE); \
	LO3(12, NONE, NONE, W(18)); \
	MLA3(8, 29, 18, 20, 22, NONE, X(4, 7), NONE); \
	HI3(12, NONE, NONE, W(19)); \
	MUL3(12, 30, 19, 21, 23, NONE, X(4, 8), NONE); \
	LO3(8, NONE, W(20), X(5, 0)); \
	MLA3(12, 31, 20, 22, 24, X(5, 2), X(5, 4), NONE); \
	HI3(8, NONE, W(21), X(5, 1)); \
	MUL3(8, 27, 16, 18, 20, X(5, 3), X(5, 5), NONE); \
	LO3(12, NONE, NONE, W(22)); \
	MLA3(8, 28, 17, 19, 21, NONE, X(5, 6), NONE); \
	HI3(12, NONE, NONE, W(23)); \
	MUL3(12, 29, 18, 20, 22, NONE, X(5, 7), NONE); \
	LO3(8, NONE, NONE, W(24)); \
	MLA3(12, 30, 19, 21, 23, NONE, X(5, 8), NONE); \
	HI3(8, NONE, NONE, NONE); \
	MUL3(8, 31, 20, 22, 24, NONE, NONE, NONE); \
	LO3(12, NONE, NONE, NONE); \
	HI3(12, NONE, NONE, NONE); \
	LO3(8, LDRQ(0, 24, 12), LDRQ(16, 24, 13), LDRQ(64, 24, 14)); \
	HI3(8, NONE, NONE, NONE)

// func dw5s2NEON(t *dw5Task)
TEXT ·dw5s2NEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	START

	ROWS
	MOVD R13, R19
	MOVD dw5Task_n(R0), R21
	MOVD dw5Task_quads(R0), R11
	X(1, 0)
	X(1, 1)
	X(1, 2)
	X(1, 3)
	X(1, 4)
	X(1, 5)
	X(1, 6)
	X(1, 7)
	X(1, 8)
	W(0)
	W(1)
	W(2)
	W(3)
	W(4)
	LDRQ(32, 24, 25)
	LDRQ(48, 24, 26)

next:
	CBZ R11, threes
	SUB $1, R11, R11
	MOVD $64, R9
	MOVD $4, R10
	S2X4

scale:
	CMP R10, R21
	BLE last
	ON(1)
	ON(2)
	ON(3)
	ON(4)
	ON(5)

loaded:
	SCALE1(LDRQ(0, 8, 8), LDRQ(16, 8, 9), LDRQ(32, 8, 10), X(1, 0), X(1, 1), X(1, 2), X(1, 3))
	SCALE2(X(1, 4), X(1, 5), X(1, 6), X(1, 7), X(1, 8), W(0), W(1), W(2))
	W(3)
	W(4)
	LDRQ(32, 24, 25)
	LDRQ(48, 24, 26)
	SCALE3
	SCALE4
	SUBS R10, R21, R21
	BGT next
	MOVD dw5Task_outRow(R0), R7
	ADD R7, R13, R13
	MOVD R13, R19
	MOVD dw5Task_n(R0), R21
	MOVD dw5Task_quads(R0), R11
	SUBS $1, R14, R14
	BNE next
	RET

	// The columns to be loaded are the next row's. There is one behind the last.
last:
	MOVD dw5Task_rowStep(R0), R6
	ADD R6, R15, R15
	ROWS
	JMP loaded

threes:
	MOVD $48, R9
	MOVD $3, R10
	S2X3
	JMP scale

// Any window. R1-R4 the four outputs' first taps   R5, R6 offsets of two taps
// R7 offsets   R9 weights   R10 4   R8 between outputs in the copy
// R11 accumulators' place or nil   R12 four taps, times so many   R26 left of them
// V16-V19, V20-V23 first and second tap   V24, V27 their weights

#define NEXTTAPS    LDP.P 16(R7), (R5, R6)
#define NEXTWEIGHTS ADD $16, R9

// PAIR multiplies two taps into p and adds up the products in q. The lists of offsets
// and weights have a pair of taps behind the last.
#define PAIR(p, q) 	MUL(p, 24, 16, 17, 18, 19, NEXTTAPS, NONE, NONE, NONE); 	MLA(p, 27, 20, 21, 22, 23, LDRD_RR(5, 1, 16), LDRD_RR(5, 2, 17), LDRD_RR(5, 3, 18), LDRD_RR(5, 4, 19)); 	LO(q, LDRD_RR(6, 1, 20), LDRD_RR(6, 2, 21), LDRD_RR(6, 3, 22), LDRD_RR(6, 4, 23)); 	HI(q, LDRD(0, 9, 24), LDRD(8, 9, 27), NEXTWEIGHTS, NONE)

// KEEP stores the accumulators as they are.
#define KEEP 	STPQ(0, 11, 0, 1); 	STPQ(32, 11, 2, 3); 	STPQ(64, 11, 4, 5); 	STPQ(96, 11, 6, 7); 	ADD $128, R11, R11

// func dwTapsNEON(t *dw5Task)
TEXT ·dwTapsNEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	START
	MOVD dw5Task_xStep(R0), R8
	MOVD $4, R10
	MOVD dw5Task_acc(R0), R11
	MOVD dw5Task_fours(R0), R12

row:
	MOVD R15, R1
	MOVD R13, R19
	MOVD dw5Task_n(R0), R21

four:
	ADD R8, R1, R2
	ADD R8, R2, R3
	ADD R8, R3, R4
	MOVD dw5Task_taps(R0), R7
	ADD $96, R24, R9
	MOVD R12, R26
	LDRD(80, 24, 24)
	LDRD(88, 24, 27)
	LDP.P 16(R7), (R5, R6)
	LDPQ(32, 24, 0, 1)
	LDRD_RR(5, 1, 16)
	LDRD_RR(5, 2, 17)
	MOV_16B(0, 2)
	LDRD_RR(5, 3, 18)
	MOV_16B(1, 3)
	LDRD_RR(5, 4, 19)
	MOV_16B(0, 4)
	LDRD_RR(6, 1, 20)
	MOV_16B(1, 5)
	LDRD_RR(6, 2, 21)
	MOV_16B(0, 6)
	LDRD_RR(6, 3, 22)
	MOV_16B(1, 7)
	LDRD_RR(6, 4, 23)
	ZERO(12)
	ZERO(13)
	ZERO(14)
	ZERO(15)
	PCALIGN $16

pairs:
	PAIR(8, 12)
	PAIR(12, 8)
	SUBS $1, R26, R26
	BNE pairs
	LO(12, NONE, NONE, NONE, NONE)
	HI(12, NONE, NONE, NONE, NONE)
	ADD R8<<2, R1, R1
	CBZ R11, scale
	KEEP
	SUBS $4, R21, R21
	BGT four
	JMP next

scale:
	LDPQ(0, 24, 12, 13)
	LDRQ(64, 24, 14)
	ADD $dw5Task_zero, R0, R5
	LDRQ(0, 5, 8)
	LDPQ(16, 5, 9, 10)
	SCALE1(NONE, NONE, NONE, NONE, NONE, NONE, NONE)
	SCALE2(NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE)
	SCALE3
	SCALE4
	SUBS $4, R21, R21
	BGT four

next:
	MOVD dw5Task_rowStep(R0), R6
	MOVD dw5Task_outRow(R0), R7
	ADD R6, R15, R15
	ADD R7, R13, R13
	SUBS $1, R14, R14
	BNE row
	RET

// func dwGatherNEON(t *dwGatherTask)
//
// R1 from   R2 to   R3 rows   R4 columns   R5, R6, R7 one, two, three columns
// R8, R9 from row to row   R10, R11 at the row's next column   R12 columns left
TEXT ·dwGatherNEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	LDP dwGatherTask_from(R0), (R1, R2)
	LDP dwGatherTask_rows(R0), (R3, R4)
	LDP dwGatherTask_step(R0), (R5, R8)
	MOVD dwGatherTask_pitch(R0), R9
	ADD R5, R5, R6
	ADD R5, R6, R7

row:
	MOVD R1, R10
	MOVD R2, R11
	SUBS $4, R4, R12
	BLT few
	PCALIGN $16

four:
	LDRD(0, 10, 0)
	LDRD_RR(5, 10, 1)
	LDRD_RR(6, 10, 2)
	LDRD_RR(7, 10, 3)
	ADD R5<<2, R10, R10
	STRD(0, 11, 0)
	STRD(8, 11, 1)
	STRD(16, 11, 2)
	STRD(24, 11, 3)
	ADD $32, R11, R11
	SUBS $4, R12, R12
	BGE four

few:
	ADDS $4, R12, R12
	BEQ next

one:
	LDRD(0, 10, 0)
	ADD R5, R10, R10
	STRD(0, 11, 0)
	ADD $8, R11, R11
	SUBS $1, R12, R12
	BNE one

next:
	ADD R8, R1, R1
	ADD R9, R2, R2
	SUBS $1, R3, R3
	BNE row
	RET
