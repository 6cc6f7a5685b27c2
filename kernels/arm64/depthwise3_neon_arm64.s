//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "neon_arm64.h"

// 3x3 depthwise convolution: eight channels of two neighbouring outputs, A and
// B, at a time.
//
//	for every block of eight channels, every row, every pair of outputs:
//		acc[A, B][8] = bias[8] + Σ_taps x[tap]·w[tap]
//		y = sat8(((acc·mult >> 31 >> 4) rounded >> shift-4) + zero), clamped
//
// Two products fit 16 bits, so taps go in pairs: SMULL, SMLAL, then SADDW and
// SADDW2 into 32 bits. The ninth stands alone. The columns of a row of taps are
// loaded once for both outputs.
//
// Loads of eight bytes go beside the vector operations of an in-order core. So
// that results are not waited for, the two outputs take turns, and a pair is
// scaled and stored in the middle of the next one. The first pair of a block
// stores what there was before to the dummy, and FLUSH ends a block.
//
// Windows at the left and right edge load the input's zero point in place of
// the column outside; rows outside have it as their only element, at step 0.
//
// R1-R3 input rows, at the pair's first column
// R4-R6, R7-R9, R10-R12 one, two, three columns, for each of the rows
// R13 the pair's output   R14 between outputs   R15, R19 where the last pair goes
// R20 outputs left of the row   R21 row   R22 1 where it ends outside   R23 channel
// R24 constants   R25 zero point   R26 blocks left
// V0-V8 weights   V9, V10 bias   V11, V12 mult   V13 shift   V14 zero   V15, V16 lo, hi
#define A0 17
#define A1 18
#define B0 19
#define B1 20
#define QA 21
#define QB 22
#define P0 23
#define P1 24
#define P2 25
#define P3 26
#define XA 27
#define XB 28
#define XC 29
#define XD 30
#define XE 31

// A column of an input row: at register p's distance, the first one, outside.
#define COL(p, row, x)   LDRD_RR(p, row, x)
#define COL0(p, row, x)  LDRD(0, row, x)
#define PAD(p, row, x)   LDRD(0, 25, x)

// SCALEn: what the pair before still needs.
#define SCALE1 SQDMULH_4S(11, A0, A0)
#define SCALE2 SQDMULH_4S(11, B0, B0)
#define SCALE3 SQDMULH_4S(12, A1, A1)
#define SCALE4 SQDMULH_4S(12, B1, B1)
#define SCALE5 SHRN_4H(4, A0, QA)
#define SCALE6 SHRN_4H(4, B0, QB)
#define SCALE7 SHRN2_8H(4, A1, QA)
#define SCALE8 SHRN2_8H(4, B1, QB)
#define SCALE9 SRSHL_8H(13, QA, QA)
#define SCALE10 SRSHL_8H(13, QB, QB)
#define SCALE11 SQADD_8H(14, QA, QA)
#define SCALE12 SQADD_8H(14, QB, QB)
#define SCALE13 SQXTN_8B(QA, QA)
#define SCALE14 SQXTN2_16B(QB, QA)
#define SCALE15 SMAX_16B(15, QA, QA)
#define SCALE16 SMIN_16B(16, QA, QA)
#define STORE \
	ST1D_LANE(1, 19, QA); \
	STRD(0, 15, QA)

#define FLUSH \
	SCALE1; SCALE2; SCALE3; SCALE4; SCALE5; SCALE6; SCALE7; SCALE8; \
	SCALE9; SCALE10; SCALE11; SCALE12; SCALE13; SCALE14; SCALE15; SCALE16; \
	STORE

// PAIR1 does outputs one column apart: A reads columns 0, 1, 2 and B 1, 2, 3.
// C0, C2, C3 load a column.
#define PAIR1(C0, C2, C3) \
	COL(4, 1, XB); \
	SCALE1; \
	C0(4, 1, XA); \
	C3(10, 1, XD); \
	SCALE2; \
	SCALE5; \
	C0(4, 2, XE); \
	C2(7, 1, XC); \
	SMULL_8H(0, XA, P0); \
	SCALE6; \
	COL(5, 2, XA); \
	SCALE3; \
	SMULL_8H(0, XB, P1); \
	SMLAL_8H(1, XB, P0); \
	C2(8, 2, XB); \
	SMULL_8H(2, XC, P2); \
	SCALE7; \
	SCALE4; \
	SMLAL_8H(1, XC, P1); \
	SMLAL_8H(3, XE, P2); \
	COL(6, 3, XE); \
	SMULL_8H(2, XD, P3); \
	C0(4, 3, XD); \
	SCALE8; \
	SADDW2_4S(P0, 10, A1); \
	SADDW_4S(P0, 9, A0); \
	SMLAL_8H(3, XA, P3); \
	SCALE10; \
	SMULL_8H(4, XA, P0); \
	C2(9, 3, XA); \
	SADDW_4S(P1, 9, B0); \
	SCALE9; \
	SADDW2_4S(P1, 10, B1); \
	SADDW2_4S(P2, A1, A1); \
	SADDW_4S(P2, A0, A0); \
	SMULL_8H(6, XD, P2); \
	SMLAL_8H(5, XB, P0); \
	SCALE11; \
	SMULL_8H(4, XB, P1); \
	SADDW2_4S(P3, B1, B1); \
	SCALE12; \
	C3(11, 2, XC); \
	SCALE13; \
	ADD R8, R2, R2; \
	SADDW_4S(P0, A0, A0); \
	SADDW2_4S(P0, A1, A1); \
	SMLAL_8H(5, XC, P1); \
	SCALE14; \
	SADDW_4S(P3, B0, B0); \
	SMULL_8H(6, XE, P3); \
	SMLAL_8H(7, XE, P2); \
	SMULL_8H(8, XA, P0); \
	C3(12, 3, XB); \
	ADD R9, R3, R3; \
	SCALE15; \
	SMLAL_8H(7, XA, P3); \
	SADDW_4S(P2, A0, A0); \
	ADD R7, R1, R1; \
	SCALE16; \
	SADDW2_4S(P1, B1, B1); \
	SADDW_4S(P1, B0, B0); \
	SMULL_8H(8, XB, P1); \
	SADDW_4S(P0, A0, A0); \
	SADDW2_4S(P3, B1, B1); \
	ST1D_LANE(1, 19, QA); \
	ADD R14, R13, R19; \
	SADDW_4S(P3, B0, B0); \
	SADDW2_4S(P2, A1, A1); \
	STRD(0, 15, QA); \
	MOVD R13, R15; \
	ADD R14<<1, R13, R13; \
	SADDW2_4S(P1, B1, B1); \
	SADDW_4S(P1, B0, B0); \
	SADDW2_4S(P0, A1, A1)

// PAIR2 does outputs two columns apart: A reads columns 0, 1, 2 and B 2, 3, 4.
// The fourth column is loaded where the next pair starts.
#define PAIR2(C0, C2, C3, C4) \
	C0(4, 1, XA); \
	SCALE1; \
	C2(7, 1, XB); \
	SCALE2; \
	COL(4, 1, XC); \
	SCALE5; \
	SMULL_8H(0, XA, P0); \
	SCALE6; \
	SCALE3; \
	C3(10, 1, XD); \
	ADD R7<<1, R1, R1; \
	SMULL_8H(0, XB, P1); \
	C0(5, 2, XE); \
	SMLAL_8H(1, XC, P0); \
	C4(0, 1, XA); \
	SMULL_8H(2, XB, P2); \
	SCALE7; \
	SCALE4; \
	SMLAL_8H(1, XD, P1); \
	C2(8, 2, XC); \
	SMLAL_8H(3, XE, P2); \
	SMULL_8H(2, XA, P3); \
	COL(5, 2, XB); \
	SCALE8; \
	SADDW2_4S(P0, 10, A1); \
	SADDW_4S(P0, 9, A0); \
	SMLAL_8H(3, XC, P3); \
	SCALE10; \
	SMULL_8H(4, XB, P0); \
	C0(6, 3, XD); \
	SADDW_4S(P1, 9, B0); \
	SCALE9; \
	SADDW2_4S(P1, 10, B1); \
	C3(11, 2, XE); \
	ADD R8<<1, R2, R2; \
	SADDW2_4S(P2, A1, A1); \
	SADDW_4S(P2, A0, A0); \
	SMULL_8H(6, XD, P2); \
	SMLAL_8H(5, XC, P0); \
	SCALE11; \
	SMULL_8H(4, XE, P1); \
	C4(0, 2, XA); \
	SADDW2_4S(P3, B1, B1); \
	SCALE12; \
	SCALE13; \
	C2(9, 3, XB); \
	SADDW_4S(P0, A0, A0); \
	COL(6, 3, XD); \
	SADDW2_4S(P0, A1, A1); \
	SMLAL_8H(5, XA, P1); \
	SCALE14; \
	C3(12, 3, XC); \
	ADD R9<<1, R3, R3; \
	SADDW_4S(P3, B0, B0); \
	SMULL_8H(6, XB, P3); \
	SMLAL_8H(7, XD, P2); \
	SMULL_8H(8, XB, P0); \
	SCALE15; \
	C4(0, 3, XE); \
	SMLAL_8H(7, XC, P3); \
	SADDW_4S(P2, A0, A0); \
	SCALE16; \
	SADDW2_4S(P1, B1, B1); \
	SADDW_4S(P1, B0, B0); \
	SMULL_8H(8, XE, P1); \
	SADDW_4S(P0, A0, A0); \
	ST1D_LANE(1, 19, QA); \
	SADDW2_4S(P3, B1, B1); \
	STRD(0, 15, QA); \
	SADDW_4S(P3, B0, B0); \
	MOVD R13, R15; \
	SADDW2_4S(P2, A1, A1); \
	ADD R14, R13, R19; \
	SADDW2_4S(P1, B1, B1); \
	ADD R14<<1, R13, R13; \
	SADDW_4S(P1, B0, B0); \
	SADDW2_4S(P0, A1, A1)

// START loads what all blocks share.
#define START \
	MOVD dw3Task_packed(R0), R24; \
	MOVD dw3Task_ch(R0), R23; \
	MOVD dw3Task_blocks(R0), R26; \
	MOVD dw3Task_outStep(R0), R14; \
	ADD $dw3Task_pad, R0, R25; \
	ADD $dw3Task_zero, R0, R1; \
	LDRQ(0, 1, 14); \
	LDRQ(16, 1, 15); \
	LDRQ(32, 1, 16)

// BLOCK loads a block's constants and goes to the first row.
#define BLOCK \
	LDRQ(0, 24, 11); \
	LDRQ(16, 24, 12); \
	LDRQ(32, 24, 9); \
	LDRQ(48, 24, 10); \
	LDRQ(64, 24, 13); \
	LDRD(80, 24, 0); \
	LDRD(88, 24, 1); \
	LDRD(96, 24, 2); \
	LDRD(104, 24, 3); \
	LDRD(112, 24, 4); \
	LDRD(120, 24, 5); \
	LDRD(128, 24, 6); \
	LDRD(136, 24, 7); \
	LDRD(144, 24, 8); \
	ADD $176, R24, R24; \
	ADD $dw3Task_dummy, R0, R15; \
	MOVD R15, R19; \
	MOVD dw3Task_rows(R0), R21

// ROW goes to the start of a row.
#define ROW \
	MOVD dw3Task_in(R0), R20; \
	LDP (R21), (R1, R2); \
	LDP 16(R21), (R3, R4); \
	LDP 32(R21), (R5, R6); \
	ADD R23, R20, R20; \
	ADD R20, R1, R1; \
	ADD R20, R2, R2; \
	ADD R20, R3, R3; \
	CMP $0, R4; \
	CSEL NE, R1, R25, R1; \
	CMP $0, R5; \
	CSEL NE, R2, R25, R2; \
	CMP $0, R6; \
	CSEL NE, R3, R25, R3; \
	ADD R4, R4, R7; \
	ADD R5, R5, R8; \
	ADD R6, R6, R9; \
	ADD R4, R7, R10; \
	ADD R5, R8, R11; \
	ADD R6, R9, R12; \
	MOVD dw3Task_out(R0), R20; \
	MOVD 48(R21), R13; \
	ADD R23, R20, R20; \
	ADD R20, R13, R13; \
	ADD $dw3Row__size, R21, R21; \
	MOVD dw3Task_n(R0), R20

// NEXT goes to the next row, or the next block.
#define NEXT(row, block) \
	MOVD dw3Task_end(R0), R20; \
	CMP R20, R21; \
	BNE row; \
	FLUSH; \
	SUBS $1, R26, R26; \
	BEQ done; \
	MOVD dw3Task_last(R0), R20; \
	ADD $8, R23, R23; \
	CMP R20, R23; \
	CSEL LT, R23, R20, R23; \
	JMP block

// func dw3s1NEON(t *dw3Task)
TEXT ·dw3s1NEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	START

block:
	BLOCK

row:
	ROW
	MOVD dw3Task_left(R0), R22
	CBZ R22, inside
	PAIR1(PAD, COL, COL)
	SUB $2, R20, R20

inside:
	MOVD dw3Task_right(R0), R22
	SUB R22, R20, R20
	SUBS $2, R20, R20
	BLT tail
	PCALIGN $16

pair:
	PAIR1(COL0, COL, COL)
	SUBS $2, R20, R20
	BGE pair

tail:
	// R20 is -2 or -1: the outputs left, less two, less one where the last
	// window ends outside.
	CBZ R22, valid
	CMP $-1, R20
	BEQ even
	PAIR1(COL0, PAD, PAD)
	ADD $dw3Task_dummy, R0, R19
	JMP next

even:
	PAIR1(COL0, COL, PAD)
	JMP next

valid:
	CMP $-2, R20
	BEQ next
	PAIR1(COL0, COL, PAD)
	ADD $dw3Task_dummy, R0, R19

next:
	NEXT(row, block)

done:
	RET

// func dw3s2NEON(t *dw3Task)
TEXT ·dw3s2NEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	START

block:
	BLOCK

row:
	ROW
	MOVD dw3Task_left(R0), R22
	CBZ R22, inside
	PAIR2(PAD, COL, COL, COL0)
	SUB $2, R20, R20

inside:
	MOVD dw3Task_right(R0), R22
	SUB R22, R20, R20
	SUBS $2, R20, R20
	BLT tail
	PCALIGN $16

pair:
	PAIR2(COL0, COL, COL, COL0)
	SUBS $2, R20, R20
	BGE pair

tail:
	CBZ R22, valid
	CMP $-1, R20
	BEQ even
	PAIR2(COL0, PAD, PAD, PAD)
	ADD $dw3Task_dummy, R0, R19
	JMP next

even:
	PAIR2(COL0, COL, COL, PAD)
	JMP next

valid:
	CMP $-2, R20
	BEQ next
	PAIR2(COL0, COL, PAD, PAD)
	ADD $dw3Task_dummy, R0, R19

next:
	NEXT(row, block)

done:
	RET
