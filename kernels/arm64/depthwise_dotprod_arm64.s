//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "neon_arm64.h"

// Depthwise convolution with SDOT: eight channels of two output rows at a time.
//
// A column of four input rows becomes two vectors in which the four values of a
// channel stand side by side, those of channels 0 to 3 and 4 to 7:
//
//	ZIP1 of rows 0 and 1, of rows 2 and 3, then ZIP1 and ZIP2 of both by pairs
//
// SDOT with the taps of a kernel column then does the whole column for four
// channels. The row below reads the same vectors with its taps some lanes later. So
// every column is loaded and turned once for two rows of outputs, and kept for as
// many outputs as the kernel is wide; its registers go round, and the loop is
// unrolled so often.
//
// Outside the input, rows and columns are the zero point, read again and again at
// step 0. R15 counts down to where the columns enter the input, or leave it.
//
// R0 task   R1-R7 the rows at the next column   R8-R14 their steps   R15 columns to the change
// R19, R20 outputs   R21, R22 between outputs of the upper, of the lower row
// R23 outputs left   R24 constants   R25, R26 for the moment

// START loads what all blocks share: zero, lo and hi.
#define START(zero, lo, hi) \
	MOVD dwDotTask_packed(R0), R24; \
	MOVD dwDotTask_outStep(R0), R21; \
	ADD $dwDotTask_zero, R0, R25; \
	LDRQ(0, 25, zero); \
	LDRQ(16, 25, lo); \
	LDRQ(32, 25, hi)

#define BLOCK \
	MOVD dwDotTask_pairs(R0), R25; \
	MOVD R25, dwDotTask_pair(R0)

// ROWS goes to the start of a pair of rows. The first k outputs are not there.
#define ROWS(k) \
	MOVD dwDotTask_ch(R0), R26; \
	MOVD dwDotTask_out(R0), R25; \
	ADD R26, R25, R25; \
	MOVD dwDotTask_pair(R0), R26; \
	MOVD dwPair_out(R26), R19; \
	MOVD (dwPair_out+8)(R26), R20; \
	ADD $dwDotTask_dummy, R0, R26; \
	CMP $0, R20; \
	ADD R25, R19, R19; \
	ADD R25, R20, R20; \
	CSEL LT, R26, R20, R20; \
	CSEL LT, ZR, R21, R22; \
	MOVD dwDotTask_n(R0), R23; \
	MOVD $k, R25; \
	MOVD R25, dwDotTask_missing(R0)

// OUT lets a row be the zero point, IN puts it to the first column inside: at is
// the row's offset in dwPair, R26 the pair, R15 the first channel, R25 the zero point.
#define OUT(row, step) \
	MOVD R25, row; \
	MOVD $0, step

#define IN(row, step, at) \
	MOVD (dwPair_in+at)(R26), row; \
	MOVD (dwPair_step+at)(R26), step; \
	ADD R15, row, row; \
	CMP $0, step; \
	CSEL NE, row, R25, row

// COLUMN counts a column.
#define COLUMN(change) \
	SUBS $1, R15, R15; \
	BNE 2(PC); \
	CALL change

// ENTER says whether columns enter the input, and leaves it as the next time's
// answer that they leave it.
#define ENTER(leave) \
	ADD $dwDotTask_pad, R0, R25; \
	MOVD dwDotTask_before(R0), R26; \
	CBZ R26, leave; \
	MOVD ZR, dwDotTask_before(R0); \
	MOVD dwDotTask_in(R0), R15; \
	MOVD dwDotTask_ch(R0), R26; \
	ADD R26, R15, R15; \
	MOVD dwDotTask_pair(R0), R26

// ENTERED ends that.
#define ENTERED \
	MOVD dwDotTask_inside(R0), R15; \
	JMP (R30)

// READY goes to skip while outputs at the start are not there.
#define READY(skip) \
	MOVD dwDotTask_missing(R0), R25; \
	CBNZ R25, skip

#define SKIP \
	SUB $1, R25, R25; \
	MOVD R25, dwDotTask_missing(R0)

// NEXT goes to the next pair of rows, or the next block, size bytes on.
#define NEXT(size, rows, block, done) \
	MOVD dwDotTask_pair(R0), R25; \
	ADD $dwPair__size, R25, R25; \
	MOVD R25, dwDotTask_pair(R0); \
	MOVD dwDotTask_end(R0), R26; \
	CMP R26, R25; \
	BNE rows; \
	MOVD dwDotTask_blocks(R0), R26; \
	SUBS $1, R26, R26; \
	BEQ done; \
	MOVD R26, dwDotTask_blocks(R0); \
	ADD $size, R24, R24; \
	MOVD dwDotTask_last(R0), R25; \
	MOVD dwDotTask_ch(R0), R26; \
	ADD $8, R26, R26; \
	CMP R25, R26; \
	CSEL LT, R26, R25, R26; \
	MOVD R26, dwDotTask_ch(R0); \
	JMP block

// SCALE takes eight channels of both rows, accumulators a0, a1 and b0, b1, to
// their outputs: multiplier m0, m1, shift s0, s1, zero point z, bounds l and h of
// what it is added to. Every operation that can go to either vector unit of a
// Cortex-A76 does.
#define SCALE(a0, a1, b0, b1, m0, m1, s0, s1, z, l, h) \
	SQDMULH_4S(m0, a0, a0); \
	SQDMULH_4S(m1, a1, a1); \
	SQDMULH_4S(m0, b0, b0); \
	SQDMULH_4S(m1, b1, b1); \
	SRSHL_4S(s0, a0, a0); \
	SRSHL_4S(s1, a1, a1); \
	SRSHL_4S(s0, b0, b0); \
	SRSHL_4S(s1, b1, b1); \
	UZP1_8H(a1, a0, a0); \
	UZP1_8H(b1, b0, b0); \
	SMAX_8H(l, a0, a0); \
	SMAX_8H(l, b0, b0); \
	SMIN_8H(h, a0, a0); \
	SMIN_8H(h, b0, b0); \
	UZP1_16B(b0, a0, a0); \
	ADD_16B(z, a0, a0); \
	STRD(0, 19, a0); \
	ST1D_LANE(1, 20, a0); \
	ADD R21, R19, R19; \
	ADD R22, R20, R20

// BIAS starts the accumulators.
#define BIAS(a0, a1, b0, b1) \
	LDURQ(64, 24, a0); \
	LDURQ(80, 24, a1); \
	LDURQ(64, 24, b0); \
	LDURQ(80, 24, b1)

// Stride 1, 3x3. V0-V11 weights: two rows of three columns of two vectors
// V12-V17 three columns   V18-V21 accumulators   V22, V23 mult   V24, V25 shift
// V26-V28 zero, lo, hi   V29-V31 for the moment

// TURN4 makes vectors a and b of a column of four rows.
#define TURN4(a, b) \
	VLD1.P (R1)(R8), [V(a).B8]; \
	VLD1.P (R2)(R9), [V29.B8]; \
	VLD1.P (R3)(R10), [V(b).B8]; \
	VLD1.P (R4)(R11), [V30.B8]; \
	ZIP1_16B(29, a, 31); \
	ZIP1_16B(30, b, 29); \
	ZIP1_8H(29, 31, a); \
	ZIP2_8H(29, 31, b)

#define DOT3(w, x0, x1) \
	SDOT_4S(w+0, x0, 18); \
	SDOT_4S(w+1, x1, 19); \
	SDOT_4S(w+6, x0, 20); \
	SDOT_4S(w+7, x1, 21)

// BEGIN3 starts the outputs of three columns with two of them, END3 adds the third.
#define BEGIN3(x0, x1, y0, y1) \
	BIAS(18, 19, 20, 21); \
	DOT3(0, x0, x1); \
	DOT3(2, y0, y1)

#define END3(z0, z1) \
	DOT3(4, z0, z1); \
	SCALE(18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28)

// func dw3s1DotProd(t *dwDotTask)
TEXT ·dw3s1DotProd(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	START(26, 27, 28)

block:
	BLOCK
	LDPQ(0, 24, 22, 23)
	LDPQ(32, 24, 24, 25)
	LDPQ(96, 24, 0, 1)
	LDPQ(128, 24, 2, 3)
	LDPQ(160, 24, 4, 5)
	LDPQ(192, 24, 6, 7)
	LDPQ(224, 24, 8, 9)
	LDPQ(256, 24, 10, 11)

rows:
	ROWS(2)
	CALL first

column0:
	BEGIN3(14, 15, 16, 17)
	TURN4(12, 13)
	COLUMN(change)
	READY(skip0)
	END3(12, 13)
	SUBS $1, R23, R23
	BEQ next

column1:
	BEGIN3(16, 17, 12, 13)
	TURN4(14, 15)
	COLUMN(change)
	READY(skip1)
	END3(14, 15)
	SUBS $1, R23, R23
	BEQ next

column2:
	BEGIN3(12, 13, 14, 15)
	TURN4(16, 17)
	COLUMN(change)
	END3(16, 17)
	SUBS $1, R23, R23
	BNE column0

next:
	NEXT((dwDotBlock__size+16*12), rows, block, done)

skip0:
	SKIP
	JMP column1

skip1:
	SKIP
	JMP column2

first:
	MOVD $1, R25
	MOVD R25, dwDotTask_before(R0)
	MOVD dwDotTask_lead(R0), R15
	ADD $dwDotTask_pad, R0, R25
	CBNZ R15, outside

change:
	ENTER(outside)
	IN(R1, R8, 0)
	IN(R2, R9, 8)
	IN(R3, R10, 16)
	IN(R4, R11, 24)
	ENTERED

outside:
	OUT(R1, R8)
	OUT(R2, R9)
	OUT(R3, R10)
	OUT(R4, R11)
	JMP (R30)

done:
	RET

// Stride 2, 3x3. The two rows of outputs have vectors of their own, of input rows
// 0 to 2 and 2 to 4, and the same weights. Even columns are kept for two outputs.
//
// V0-V5 weights: three columns of two vectors   V6-V9, V10-V13, V14-V17 three columns
// The rest as for stride 1.

// TURN5 makes vectors a, b of the upper rows and c, d of the lower ones.
#define TURN5(a, b, c, d) \
	VLD1.P (R1)(R8), [V(a).B8]; \
	VLD1.P (R2)(R9), [V29.B8]; \
	VLD1.P (R3)(R10), [V(c).B8]; \
	VLD1.P (R4)(R11), [V30.B8]; \
	VLD1.P (R5)(R12), [V(d).B8]; \
	ZIP1_16B(29, a, 31); \
	ZIP1_16B(30, c, 29); \
	ZIP1_16B(d, d, 30); \
	ZIP1_8H(29, 31, a); \
	ZIP2_8H(29, 31, b); \
	ZIP1_8H(30, 29, c); \
	ZIP2_8H(30, 29, d)

#define DOT3S2(w, x) \
	SDOT_4S(w+0, x+0, 18); \
	SDOT_4S(w+1, x+1, 19); \
	SDOT_4S(w+0, x+2, 20); \
	SDOT_4S(w+1, x+3, 21)

// BEGIN3S2 starts the outputs of three columns with two of them, END3S2 adds the
// third.
#define BEGIN3S2(x, y) \
	BIAS(18, 19, 20, 21); \
	DOT3S2(0, x); \
	DOT3S2(2, y)

#define END3S2(z) \
	DOT3S2(4, z); \
	SCALE(18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28)

// func dw3s2DotProd(t *dwDotTask)
TEXT ·dw3s2DotProd(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	START(26, 27, 28)

block:
	BLOCK
	LDPQ(0, 24, 22, 23)
	LDPQ(32, 24, 24, 25)
	LDPQ(96, 24, 0, 1)
	LDPQ(128, 24, 2, 3)
	LDPQ(160, 24, 4, 5)

rows:
	ROWS(1)
	CALL first
	JMP column0

output0:
	TURN5(10, 11, 12, 13)
	COLUMN(change)
	BEGIN3S2(6, 10)
	TURN5(14, 15, 16, 17)
	COLUMN(change)
	END3S2(14)
	SUBS $1, R23, R23
	BEQ next
	TURN5(10, 11, 12, 13)
	COLUMN(change)

column0:
	BEGIN3S2(14, 10)
	TURN5(6, 7, 8, 9)
	COLUMN(change)
	READY(skip)
	END3S2(6)
	SUBS $1, R23, R23
	BNE output0

next:
	NEXT((dwDotBlock__size+16*6), rows, block, done)

skip:
	SKIP
	JMP output0

first:
	MOVD $1, R25
	MOVD R25, dwDotTask_before(R0)
	MOVD dwDotTask_lead(R0), R15
	ADD $dwDotTask_pad, R0, R25
	CBNZ R15, outside

change:
	ENTER(outside)
	IN(R1, R8, 0)
	IN(R2, R9, 8)
	IN(R3, R10, 16)
	IN(R4, R11, 24)
	IN(R5, R12, 32)
	ENTERED

outside:
	OUT(R1, R8)
	OUT(R2, R9)
	OUT(R3, R10)
	OUT(R4, R11)
	OUT(R5, R12)
	JMP (R30)

done:
	RET

// Stride 1, 5x5. Besides the columns of rows 0 to 3 there are pairs of columns of
// rows 4 and 5, so that one SDOT does two of them:
//
//	ZIP1 of rows 4 and 5 of a column, then ZIP1 and ZIP2 of that and the next by pairs
//
// An output takes the pairs at columns 0 and 2, and of the one at 3 the second half.
//
// V0-V9 columns of four rows   V10-V19 pairs of columns of two   V20 rows 4 and 5 of
// the last column   V21-V24 accumulators   V25-V28 weights, and for the moment
// V29-V31 zero, lo, hi

// TURN6 makes column vectors a, b, and pair vectors p, q of the column before and
// this one.
#define TURN6(a, b, p, q) \
	VLD1.P (R1)(R8), [V21.B8]; \
	VLD1.P (R2)(R9), [V22.B8]; \
	VLD1.P (R3)(R10), [V23.B8]; \
	VLD1.P (R4)(R11), [V24.B8]; \
	VLD1.P (R5)(R12), [V25.B8]; \
	VLD1.P (R6)(R13), [V26.B8]; \
	ZIP1_16B(22, 21, 27); \
	ZIP1_16B(24, 23, 28); \
	ZIP1_16B(26, 25, 22); \
	ZIP1_8H(28, 27, a); \
	ZIP2_8H(28, 27, b); \
	ZIP1_8H(22, 20, p); \
	ZIP2_8H(22, 20, q); \
	MOV_16B(22, 20)

// DOT5 multiplies vectors x and x+1 with the weights at R7 + o: two for the upper
// row, two for the lower.
#define DOT5(o, x) \
	LDURQ(o, 7, 25); \
	LDURQ(o+16, 7, 26); \
	LDURQ(o+32, 7, 27); \
	LDURQ(o+48, 7, 28); \
	SDOT_4S(25, x+0, 21); \
	SDOT_4S(26, x+1, 22); \
	SDOT_4S(27, x+0, 23); \
	SDOT_4S(28, x+1, 24)

// OUT5 makes the outputs of five columns and three pairs.
#define OUT5(c0, c1, c2, c3, c4, p0, p2, p3) \
	BIAS(21, 22, 23, 24); \
	DOT5(-256, c0); \
	DOT5(-192, c1); \
	DOT5(-128, c2); \
	DOT5(-64, c3); \
	DOT5(0, p0); \
	DOT5(64, p2); \
	DOT5(128, c4); \
	DOT5(192, p3); \
	LDURQ(0, 24, 25); \
	LDURQ(16, 24, 26); \
	LDURQ(32, 24, 27); \
	LDURQ(48, 24, 28); \
	SCALE(21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31)

// func dw5s1DotProd(t *dwDotTask)
TEXT ·dw5s1DotProd(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	START(29, 30, 31)

block:
	BLOCK
	ADD $352, R24, R7

rows:
	ROWS(4)
	CALL first

column0:
	TURN6(0, 1, 18, 19)
	COLUMN(change)
	READY(skip0)
	OUT5(2, 4, 6, 8, 0, 12, 16, 18)
	SUBS $1, R23, R23
	BEQ next

column1:
	TURN6(2, 3, 10, 11)
	COLUMN(change)
	READY(skip1)
	OUT5(4, 6, 8, 0, 2, 14, 18, 10)
	SUBS $1, R23, R23
	BEQ next

column2:
	TURN6(4, 5, 12, 13)
	COLUMN(change)
	READY(skip2)
	OUT5(6, 8, 0, 2, 4, 16, 10, 12)
	SUBS $1, R23, R23
	BEQ next

column3:
	TURN6(6, 7, 14, 15)
	COLUMN(change)
	READY(skip3)
	OUT5(8, 0, 2, 4, 6, 18, 12, 14)
	SUBS $1, R23, R23
	BEQ next

column4:
	TURN6(8, 9, 16, 17)
	COLUMN(change)
	OUT5(0, 2, 4, 6, 8, 10, 14, 16)
	SUBS $1, R23, R23
	BNE column0

next:
	NEXT((dwDotBlock__size+16*32), rows, block, done)

skip0:
	SKIP
	JMP column1

skip1:
	SKIP
	JMP column2

skip2:
	SKIP
	JMP column3

skip3:
	SKIP
	JMP column4

first:
	MOVD $1, R25
	MOVD R25, dwDotTask_before(R0)
	MOVD dwDotTask_lead(R0), R15
	ADD $dwDotTask_pad, R0, R25
	CBNZ R15, outside

change:
	ENTER(outside)
	IN(R1, R8, 0)
	IN(R2, R9, 8)
	IN(R3, R10, 16)
	IN(R4, R11, 24)
	IN(R5, R12, 32)
	IN(R6, R13, 40)
	ENTERED

outside:
	OUT(R1, R8)
	OUT(R2, R9)
	OUT(R3, R10)
	OUT(R4, R11)
	OUT(R5, R12)
	OUT(R6, R13)
	JMP (R30)

done:
	RET

// Stride 2, 5x5. A column is two vectors of rows 0 to 3 and two of rows 4 to 6; the
// lower row of outputs starts at lane 2 of the first. An output takes two new
// columns.
//
// V0-V19 five columns   V20-V23 accumulators   V24-V27 weights, and for the moment
// V28-V30 zero, lo, hi   V31 for the moment

// TURN7 makes vectors a to a+3 of a column.
#define TURN7(a) \
	VLD1.P (R1)(R8), [V20.B8]; \
	VLD1.P (R2)(R9), [V21.B8]; \
	VLD1.P (R3)(R10), [V22.B8]; \
	VLD1.P (R4)(R11), [V23.B8]; \
	VLD1.P (R5)(R12), [V24.B8]; \
	VLD1.P (R6)(R13), [V25.B8]; \
	VLD1.P (R7)(R14), [V26.B8]; \
	ZIP1_16B(21, 20, 27); \
	ZIP1_16B(23, 22, 31); \
	ZIP1_16B(25, 24, 20); \
	ZIP1_16B(26, 26, 21); \
	ZIP1_8H(31, 27, a+0); \
	ZIP2_8H(31, 27, a+1); \
	ZIP1_8H(21, 20, a+2); \
	ZIP2_8H(21, 20, a+3)

// DOT5S2 multiplies vectors x and x+1 with the weights at register r + o: two for the
// upper row, two for the lower. R26 is 480 bytes behind R24.
#define DOT5S2(r, o, x) \
	LDURQ(o, r, 24); \
	LDURQ(o+16, r, 25); \
	LDURQ(o+32, r, 26); \
	LDURQ(o+48, r, 27); \
	SDOT_4S(24, x+0, 20); \
	SDOT_4S(25, x+1, 21); \
	SDOT_4S(26, x+0, 22); \
	SDOT_4S(27, x+1, 23)

#define OUT5S2(c0, c1, c2, c3, c4) \
	BIAS(20, 21, 22, 23); \
	DOT5S2(24, 96, c0); \
	DOT5S2(24, 160, c0+2); \
	DOT5S2(26, -256, c1); \
	DOT5S2(26, -192, c1+2); \
	DOT5S2(26, -128, c2); \
	DOT5S2(26, -64, c2+2); \
	DOT5S2(26, 0, c3); \
	DOT5S2(26, 64, c3+2); \
	DOT5S2(26, 128, c4); \
	DOT5S2(26, 192, c4+2); \
	LDURQ(0, 24, 24); \
	LDURQ(16, 24, 25); \
	LDURQ(32, 24, 26); \
	LDURQ(48, 24, 27); \
	SCALE(20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30)

// func dw5s2DotProd(t *dwDotTask)
TEXT ·dw5s2DotProd(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	START(28, 29, 30)

block:
	BLOCK

rows:
	ROWS(2)
	CALL first
	JMP column0

output0:
	TURN7(12)
	COLUMN(change)
	TURN7(16)
	COLUMN(change)
	OUT5S2(0, 4, 8, 12, 16)
	SUBS $1, R23, R23
	BEQ next

output1:
	TURN7(0)
	COLUMN(change)
	TURN7(4)
	COLUMN(change)
	OUT5S2(8, 12, 16, 0, 4)
	SUBS $1, R23, R23
	BEQ next

output2:
	TURN7(8)
	COLUMN(change)
	TURN7(12)
	COLUMN(change)
	OUT5S2(16, 0, 4, 8, 12)
	SUBS $1, R23, R23
	BEQ next

output3:
	TURN7(16)
	COLUMN(change)

column0:
	TURN7(0)
	COLUMN(change)
	READY(skip3)
	OUT5S2(4, 8, 12, 16, 0)
	SUBS $1, R23, R23
	BEQ next

output4:
	TURN7(4)
	COLUMN(change)
	TURN7(8)
	COLUMN(change)
	READY(skip4)
	OUT5S2(12, 16, 0, 4, 8)
	SUBS $1, R23, R23
	BNE output0

next:
	NEXT((dwDotBlock__size+16*40), rows, block, done)

skip3:
	SKIP
	JMP output4

skip4:
	SKIP
	JMP output0

first:
	MOVD $1, R25
	MOVD R25, dwDotTask_before(R0)
	MOVD dwDotTask_lead(R0), R15
	ADD $dwDotTask_pad, R0, R25
	CBNZ R15, outside

change:
	ENTER(outside)
	IN(R1, R8, 0)
	IN(R2, R9, 8)
	IN(R3, R10, 16)
	IN(R4, R11, 24)
	IN(R5, R12, 32)
	IN(R6, R13, 40)
	IN(R7, R14, 48)
	ADD $480, R24, R26
	ENTERED

outside:
	OUT(R1, R8)
	OUT(R2, R9)
	OUT(R3, R10)
	OUT(R4, R11)
	OUT(R5, R12)
	OUT(R6, R13)
	OUT(R7, R14)
	ADD $480, R24, R26
	JMP (R30)

done:
	RET
