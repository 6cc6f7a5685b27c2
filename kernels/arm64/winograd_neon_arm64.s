//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "neon_arm64.h"
#include "gemm_arm64.h"

// ---- input ----
//
// Both passes compute, from six values d0 to d5,
//
//	r0 = 4·d0 − 5·d2 + d4           r3 = (d4 − d2) + 2·(d3 − d1)
//	r1 = 4·d1 + 4·d2 − d3 − d4      r4 = (d4 − d2) − 2·(d3 − d1)
//	r2 = 4·d1 − 4·d2 − d3 + d4      r5 = 4·d1 − 5·d3 + d5
//
// along rows first, for eight channels of 8 bits, then down columns of 16 bits. Of
// the 36 results of the first pass 24 stay in V0 to V23, those of row i and columns
// 0 to 3 in V(4i) to V(4i+3); the other twelve go through memory.

// PIXELS loads six pixels of a row from R9 on to V(a) to V(a+5) and goes to the
// next row; PIXEL0 to PIXEL5 are its parts, NONE0 to NONE5 do nothing instead.
#define PIXEL0(a) LDRD(0, 9, a)
#define PIXEL1(a) LDRD_RR(11, 9, a+1)
#define PIXEL2(a) LDRD_RR(12, 9, a+2)
#define PIXEL3(a) LDRD_RR(13, 9, a+3)
#define PIXEL4(a) LDRD_RR(14, 9, a+4)
#define PIXEL5(a) \
	LDRD_RR(15, 9, a+5); \
	ADD R3, R9, R9
#define PIXELS(a) \
	PIXEL0(a); \
	PIXEL1(a); \
	PIXEL2(a); \
	PIXEL3(a); \
	PIXEL4(a); \
	PIXEL5(a)
#define NONE0(a)
#define NONE1(a)
#define NONE2(a)
#define NONE3(a)
#define NONE4(a)
#define NONE5(a)

// ALONG is the first pass for the row in V(a) to V(a+5): r0 to r3 are where the first
// four results stay, r4 and r5 go to R10. It loads another row to V(n) on.
#define ALONG(r0, r1, r2, r3, a, n, P0, P1, P2, P3, P4, P5) \
	SSUBL_8H(a+2, a+4, 30); \
	P0(n); \
	SSUBL_8H(a+1, a+3, 31); \
	P1(n); \
	SSHLL_8H(2, a+2, r1); \
	P2(n); \
	SSHLL_8H(2, a+1, r3); \
	P3(n); \
	SSUBL_8H(a+2, a, r0); \
	P4(n); \
	SSUBL_8H(a+3, a+5, a); \
	P5(n); \
	SSUBW_8H(a+4, r1, r1); \
	SSUBW_8H(a+3, r3, r3); \
	SHL_8H(2, r0, r0); \
	SHL_8H(1, 31, a+1); \
	SHL_8H(2, 31, 31); \
	SUB_8H(r1, r3, r2); \
	ADD_8H(r1, r3, r1); \
	SUB_8H(a+1, 30, a+2); \
	SUB_8H(31, a, a+3); \
	ADD_8H(30, r0, r0); \
	ADD_8H(a+1, 30, r3); \
	STPQ_P(32, 10, a+2, a+3)

// DOWN is the second pass for one column, from d0 to d5 to the same registers; V24
// to V30 are its own. It stores the results of another column, s0 to s5, to R8, R4
// bytes from one to the next: S is STORE or NOSTORE.
#define STORE(d) VST1.P [V(d).B16], (R8)(R4)
#define NOSTORE(d)
#define DOWN(d0, d1, d2, d3, d4, d5, S, s0, s1, s2, s3, s4, s5) \
	SUB_8H(d2, d4, 24); \
	S(s0); \
	SUB_8H(d1, d3, 25); \
	SHL_8H(2, d2, 26); \
	SHL_8H(2, d1, 27); \
	S(s1); \
	SUB_8H(d2, d0, 28); \
	SUB_8H(d3, d5, 29); \
	S(s2); \
	SUB_8H(d4, 26, 26); \
	SUB_8H(d3, 27, 27); \
	SHL_8H(2, 28, 28); \
	S(s3); \
	SHL_8H(1, 25, 30); \
	SHL_8H(2, 25, 25); \
	SUB_8H(26, 27, d2); \
	S(s4); \
	ADD_8H(26, 27, d1); \
	ADD_8H(24, 28, d0); \
	ADD_8H(30, 24, d3); \
	S(s5); \
	SUB_8H(30, 24, d4); \
	SUB_8H(25, 29, d5)

// func winogradInput(a *winogradInputArgs)
//
// R1 tile's first pixel   R2 its results         R3 bytes of a row
// R4 bytes from result xy to xy+1                R5 tiles left
// R6 channel groups left  R7 group's first pixel R8 group's results
// R9 row                  R10 memory for twelve registers
// R11-R15 bytes to the other pixels              R19 bytes to the next tile
// R20 bytes of a tile's results                  R21 groups
//
// for every tile { for every 8 channels { v[xy] = Bᵀ·d·B } }, xy = 6·column + row
TEXT ·winogradInput(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R0
	MOVD winogradInputArgs_x(R0), R1
	MOVD winogradInputArgs_v(R0), R2
	MOVD winogradInputArgs_pitch(R0), R3
	MOVD winogradInputArgs_step(R0), R4
	MOVD winogradInputArgs_tiles(R0), R5
	MOVD winogradInputArgs_pixel(R0), R11
	MOVD winogradInputArgs_groups(R0), R21
	ADD R11, R11, R12
	ADD R11, R12, R13
	ADD R12, R12, R14
	ADD R11, R14, R15
	MOVD R14, R19
	LSL $4, R21, R20
tile:
	MOVD R21, R6
	MOVD R1, R7
	MOVD R2, R8
group:
	MOVD R7, R9
	MOVD winogradInputArgs_spill(R0), R10
	PIXELS(24)
	ALONG(0, 1, 2, 3, 24, 18, PIXEL0, PIXEL1, PIXEL2, PIXEL3, PIXEL4, PIXEL5)
	ALONG(4, 5, 6, 7, 18, 24, PIXEL0, PIXEL1, PIXEL2, PIXEL3, PIXEL4, PIXEL5)
	ALONG(8, 9, 10, 11, 24, 18, PIXEL0, PIXEL1, PIXEL2, PIXEL3, PIXEL4, PIXEL5)
	ALONG(12, 13, 14, 15, 18, 24, PIXEL0, PIXEL1, PIXEL2, PIXEL3, PIXEL4, PIXEL5)
	ALONG(16, 17, 18, 19, 24, 0, NONE0, NONE1, NONE2, NONE3, NONE4, NONE5)
	PIXELS(24)
	ALONG(20, 21, 22, 23, 24, 0, NONE0, NONE1, NONE2, NONE3, NONE4, NONE5)
	MOVD R8, R9
	DOWN(0, 4, 8, 12, 16, 20, NOSTORE, 0, 0, 0, 0, 0, 0)
	SUB $192, R10, R10
	DOWN(1, 5, 9, 13, 17, 21, STORE, 0, 4, 8, 12, 16, 20)
	DOWN(2, 6, 10, 14, 18, 22, STORE, 1, 5, 9, 13, 17, 21)
	LDPQ(0, 10, 0, 1)
	LDPQ(32, 10, 4, 5)
	LDPQ(64, 10, 8, 9)
	LDPQ(96, 10, 12, 13)
	LDPQ(128, 10, 16, 17)
	LDPQ(160, 10, 20, 21)
	DOWN(3, 7, 11, 15, 19, 23, STORE, 2, 6, 10, 14, 18, 22)
	DOWN(0, 4, 8, 12, 16, 20, STORE, 3, 7, 11, 15, 19, 23)
	DOWN(1, 5, 9, 13, 17, 21, STORE, 0, 4, 8, 12, 16, 20)
	STORE(1)
	STORE(5)
	STORE(9)
	STORE(13)
	STORE(17)
	STORE(21)
	ADD $16, R9, R8
	ADD $8, R7, R7
	SUBS $1, R6, R6
	BNE group
	ADD R19, R1, R1
	ADD R20, R2, R2
	SUBS $1, R5, R5
	BNE tile
	RET

// ---- products ----
//
// Sixteen channels of four tiles: lane i of V(r) is a tile's value, 8 bytes of B hold
// the weights of four channels for one input channel.
//
// V0-V3 four input channels of four tiles   V4-V7 the next four
// V8-V11 weights of an input channel        V12-V15 of the next
// V16-V31 accumulators: tile r, channels 4g on in V(16+4r+g)

// CHANNEL is one input channel, lane i of V(a) to V(a+3), with weights from V(b) on;
// E0 to E3 and L0 to L3, loads mostly, stand in between.
#define CHANNEL(OP, i, a, b, E0, L0, E1, L1, E2, L2, E3, L3) \
	OP(i, a, b, 16); \
	OP(i, a+1, b, 20); \
	E0; \
	OP(i, a+2, b, 24); \
	OP(i, a+3, b, 28); \
	L0; \
	OP(i, a, b+1, 17); \
	OP(i, a+1, b+1, 21); \
	E1; \
	OP(i, a+2, b+1, 25); \
	OP(i, a+3, b+1, 29); \
	L1; \
	OP(i, a, b+2, 18); \
	OP(i, a+1, b+2, 22); \
	E2; \
	OP(i, a+2, b+2, 26); \
	OP(i, a+3, b+2, 30); \
	L2; \
	OP(i, a, b+3, 19); \
	OP(i, a+1, b+3, 23); \
	E3; \
	OP(i, a+2, b+3, 27); \
	OP(i, a+3, b+3, 31); \
	L3

#define NIL
#define MAC SMLAL_4S_LANE
#define COUNT SUBS $1, R3, R3
#define FORWARD ADD $256, R2, R2

// SIX are the first six of eight input channels. It loads the second four of them,
// and the weights of the seventh and the eighth.
#define SIX(OP, A0, A1, A2, A3) \
	CHANNEL(OP, 0, 0, 8, LDRD_P(8, 5, 4), LDRD(64, 2, 8), LDRD_P(8, 6, 5), LDRD(72, 2, 9), LDRD_P(8, 7, 6), LDRD(80, 2, 10), LDRD_P(8, 8, 7), LDRD(88, 2, 11)); \
	CHANNEL(MAC, 1, 0, 12, NIL, LDRD(96, 2, 12), NIL, LDRD(104, 2, 13), NIL, LDRD(112, 2, 14), NIL, LDRD(120, 2, 15)); \
	CHANNEL(MAC, 2, 0, 8, NIL, LDRD(128, 2, 8), NIL, LDRD(136, 2, 9), NIL, LDRD(144, 2, 10), NIL, LDRD(152, 2, 11)); \
	CHANNEL(MAC, 3, 0, 12, NIL, LDRD(160, 2, 12), NIL, LDRD(168, 2, 13), NIL, LDRD(176, 2, 14), NIL, LDRD(184, 2, 15)); \
	CHANNEL(MAC, 0, 4, 8, A0, LDRD(192, 2, 8), A1, LDRD(200, 2, 9), A2, LDRD(208, 2, 10), A3, LDRD(216, 2, 11)); \
	CHANNEL(MAC, 1, 4, 12, NIL, LDRD(224, 2, 12), NIL, LDRD(232, 2, 13), NIL, LDRD(240, 2, 14), NIL, LDRD(248, 2, 15))

// EIGHT are eight input channels. It loads what the next eight start with.
#define EIGHT(OP) \
	SIX(OP, LDRD_P(8, 5, 0), LDRD_P(8, 6, 1), LDRD_P(8, 7, 2), LDRD_P(8, 8, 3)); \
	CHANNEL(MAC, 2, 4, 8, COUNT, LDRD(256, 2, 8), NIL, LDRD(264, 2, 9), NIL, LDRD(272, 2, 10), NIL, LDRD(280, 2, 11)); \
	CHANNEL(MAC, 3, 4, 12, NIL, LDRD(288, 2, 12), NIL, LDRD(296, 2, 13), NIL, LDRD(304, 2, 14), FORWARD, LDRD(56, 2, 15))

// LASTTWO are the last two input channels of all for four output channels, with
// weights V(b) and V(b+4). It stores the accumulators of four others, at o.
#define ST(d, n, o) STRQ(o, n, d)
#define NOST(d, n, o)
#define LASTTWO(b, c, S, d, o) \
	MAC(2, 4, b, c); \
	S(d, 10, o); \
	MAC(2, 5, b, c+4); \
	MAC(2, 6, b, c+8); \
	S(d+4, 11, o); \
	MAC(2, 7, b, c+12); \
	MAC(3, 4, b+4, c); \
	S(d+8, 12, o); \
	MAC(3, 5, b+4, c+4); \
	MAC(3, 6, b+4, c+8); \
	S(d+12, 13, o); \
	MAC(3, 7, b+4, c+12)

// func winogradProduct(a *winogradProductArgs)
//
// R1 v of xy    R2 weights    R3 8-channel groups left   R4 tiles left
// R5-R8 rows    R9 m of xy    R10-R13 m of tiles         R14 weights of xy
// R15 xy left   R19 bytes from v[xy] to v[xy+1]          R20 bytes of a row
// R21 groups    R22 row of the next tile
//
// for every xy { for every 4 tiles { m[tile][g][xy] = Σ v[xy][tile][ic]·u[xy][ic] } }
TEXT ·winogradProduct(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R0
	MOVD winogradProductArgs_v(R0), R1
	MOVD winogradProductArgs_u(R0), R14
	MOVD winogradProductArgs_m(R0), R9
	MOVD winogradProductArgs_count(R0), R15
	MOVD winogradProductArgs_step(R0), R19
	MOVD winogradProductArgs_groups(R0), R21
	LSL $4, R21, R20
xy:
	MOVD winogradProductArgs_tiles(R0), R4
	MOVD R1, R22
	MOVD R9, R10
tiles:
	MOVD R22, R5
	ADD R20, R5, R6
	ADD R20, R6, R7
	ADD R20, R7, R8
	ADD R20, R8, R22
	MOVD R14, R2
	LDRD_P(8, 5, 0)
	LDRD(0, 2, 8)
	LDRD_P(8, 6, 1)
	LDRD_P(8, 7, 2)
	LDRD_P(8, 8, 3)
	LDRD(8, 2, 9)
	LDRD(16, 2, 10)
	LDRD(24, 2, 11)
	LDRD(32, 2, 12)
	LDRD(40, 2, 13)
	LDRD(48, 2, 14)
	LDRD(56, 2, 15)
	MOVD R21, R3
	ADD $2304, R10, R11
	ADD $4608, R10, R12
	ADD $6912, R10, R13
	EIGHT(SMULL_4S_LANE)
	BEQ one
	CMP $1, R3
	BEQ last
	PCALIGN $16
k8:
	EIGHT(SMLAL_4S_LANE)
	CMP $1, R3
	BNE k8
last:
	SIX(SMLAL_4S_LANE, NIL, NIL, NIL, NIL)
	LASTTWO(8, 16, NOST, 0, 0)
	LASTTWO(9, 17, ST, 16, 0)
	FORWARD
	LASTTWO(10, 18, ST, 17, 576)
	LASTTWO(11, 19, ST, 18, 1152)
	STRQ(1728, 10, 19)
	STRQ(1728, 11, 23)
	STRQ(1728, 12, 27)
	STRQ(1728, 13, 31)
stored:
	ADD $9216, R10, R10
	SUBS $4, R4, R4
	BGT tiles
	MOVD R2, R14
	ADD R19, R1, R1
	ADD $16, R9, R9
	SUBS $1, R15, R15
	BNE xy
	RET

one:
	STRQ(0, 10, 16)
	STRQ(0, 11, 20)
	STRQ(0, 12, 24)
	STRQ(0, 13, 28)
	STRQ(576, 10, 17)
	STRQ(576, 11, 21)
	STRQ(576, 12, 25)
	STRQ(576, 13, 29)
	STRQ(1152, 10, 18)
	STRQ(1152, 11, 22)
	STRQ(1152, 12, 26)
	STRQ(1152, 13, 30)
	STRQ(1728, 10, 19)
	STRQ(1728, 11, 23)
	STRQ(1728, 12, 27)
	STRQ(1728, 13, 31)
	JMP stored

// ---- output ----
//
// Both passes compute, from six values m0 to m5,
//
//	o0 = m0 + (m1 + m2) + (m3 + m4)
//	o1 = (m1 − m2) + 2·(m3 − m4)
//	o2 = (m1 + m2) + 4·(m3 + m4)
//	o3 = (m1 − m2) + 4·(2·(m3 − m4) + m5)
//
// modulo 2^32, down columns first. o0 to o3 take the places of m0, m2, m4 and m1.
// Two columns or rows are done at a time, so that results are used late.
//
//	column   m0 to m5                  results
//	0 to 4   V(6k) to V(6k+5)          V(6k), V(6k+2), V(6k+4), V(6k+1)
//	5        V9 V11 V15 V17 V21 V23    V9 V15 V21 V11
#define TWO(a0, a1, a2, a3, a4, a5, t, u, b0, b1, b2, b3, b4, b5, v, w) \
	ADD_4S(a2, a1, t); \
	ADD_4S(b2, b1, v); \
	SUB_4S(a2, a1, a1); \
	SUB_4S(b2, b1, b1); \
	ADD_4S(a4, a3, u); \
	ADD_4S(b4, b3, w); \
	SUB_4S(a4, a3, a3); \
	SUB_4S(b4, b3, b3); \
	ADD_4S(t, a0, a0); \
	ADD_4S(v, b0, b0); \
	ADD_4S(a3, a3, a3); \
	ADD_4S(b3, b3, b3); \
	ADD_4S(u, a0, a0); \
	ADD_4S(w, b0, b0); \
	ADD_4S(a3, a1, a2); \
	ADD_4S(b3, b1, b2); \
	SHL_4S(2, u, u); \
	SHL_4S(2, w, w); \
	ADD_4S(a5, a3, a3); \
	ADD_4S(b5, b3, b3); \
	ADD_4S(u, t, a4); \
	ADD_4S(w, v, b4); \
	SHL_4S(2, a3, a3); \
	SHL_4S(2, b3, b3); \
	ADD_4S(a3, a1, a1); \
	ADD_4S(b3, b1, b1)

// EACH16 does an instruction with the constant V(c) to the 16 results. Row i has
//
//	0: V0 V12 V24 V6    1: V2 V14 V26 V8    2: V4 V16 V28 V10    3: V1 V13 V25 V7
#define EACH16(OP, c) \
	OP(c, 0, 0); \
	OP(c, 12, 12); \
	OP(c, 24, 24); \
	OP(c, 6, 6); \
	OP(c, 2, 2); \
	OP(c, 14, 14); \
	OP(c, 26, 26); \
	OP(c, 8, 8); \
	OP(c, 4, 4); \
	OP(c, 16, 16); \
	OP(c, 28, 28); \
	OP(c, 10, 10); \
	OP(c, 1, 1); \
	OP(c, 13, 13); \
	OP(c, 25, 25); \
	OP(c, 7, 7)

// ACCS writes the accumulators of row i to R6: 64 bytes from one pixel to the next.
#define ACCS(i, a, b, c, d) \
	STRQ(256*i, 6, a); \
	STRQ(256*i+64, 6, b); \
	STRQ(256*i+128, 6, c); \
	STRQ(256*i+192, 6, d)

#define SSHR6(c, n, d) SSHR_4S(6, n, d)

// func winogradOutput(a *winogradOutputArgs)
//
// R1 m of the tile   R2 output of the tile   R3 tiles left    R4, R8-R10 for the moment
// R5 m of the group  R6 results of the tile  R7 constants     R11 groups left
// R12 rows left      R14 columns left of all tiles            R15 offsets of four pixels
// R19 bytes of an output row                 R20 of a pixel   R21 arguments
// R13 output of the row                      R22 channels
// R24 results of the row                     R25, R26 what gemmFinish takes
//
// for every tile { for every 4 channels {
//	acc = Aᵀ·m·A / 576 (exactly, modulo 2^32)
//	y[4][4] = clamp(requant(acc))
// } }
TEXT ·winogradOutput(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R0
	MOVD R0, R21
	MOVD winogradOutputArgs_m(R0), R1
	MOVD winogradOutputArgs_out(R0), R2
	MOVD winogradOutputArgs_tiles(R0), R3
	MOVD winogradOutputArgs_cols(R0), R14
	MOVD winogradOutputArgs_rowBytes(R0), R19
	MOVD winogradOutputArgs_pixelBytes(R0), R20
tile:
	MOVD R1, R5
	MOVD winogradOutputArgs_results(R21), R6
	MOVD winogradOutputArgs_q(R21), R7
	MOVD $4, R11
group:
	LD1X4_16B_P(5, 0)
	LD1X2_16B_P(5, 4)
	LD1X4_16B_P(5, 6)
	LD1X2_16B_P(5, 10)
	LDRQ(0, 7, 24)
	LD1X4_16B_P(5, 12)
	LD1X2_16B_P(5, 16)
	ADD_4S(24, 7, 7)
	LD1X4_16B_P(5, 18)
	LD1X2_16B_P(5, 22)
	TWO(0, 1, 2, 3, 4, 5, 24, 25, 6, 7, 8, 9, 10, 11, 26, 27)
	LD1X4_16B_P(5, 24)
	LD1X2_16B_P(5, 28)
	TWO(12, 13, 14, 15, 16, 17, 30, 31, 18, 19, 20, 21, 22, 23, 3, 5)
	LDPQ(0, 5, 9, 11)
	LDPQ(32, 5, 15, 17)
	LDPQ(64, 5, 21, 23)
	ADD $96, R5, R5
	TWO(24, 25, 26, 27, 28, 29, 30, 31, 9, 11, 15, 17, 21, 23, 3, 5)
	MOVD winogradOutputArgs_finish(R21), R0
	ADD $winogradOutputArgs_inv, R21, R8
	TWO(0, 6, 12, 18, 24, 9, 3, 5, 2, 8, 14, 20, 26, 15, 17, 23)
	LDRQ(0, 8, 31)
	LDRQ(QSHIFT, 7, 30)
	LDRQ(QMULT, 7, 29)
	TWO(4, 10, 16, 22, 28, 21, 3, 5, 1, 7, 13, 19, 25, 11, 17, 23)
	ADD $16, R8, R8
	LD1X3_16B(8, 17)
	EACH16(MUL_4S, 31)
	CBNZ R0, accs
	EACH16(SSHL_4S, 30)
	EACH16(SQDMULH_4S, 29)
	RADDHN_4H(17, 0, 0)
	RADDHN_4H(17, 24, 24)
	RADDHN_4H(17, 2, 2)
	RADDHN_4H(17, 26, 26)
	RADDHN_4H(17, 4, 4)
	RADDHN_4H(17, 28, 28)
	RADDHN_4H(17, 1, 1)
	RADDHN_4H(17, 25, 25)
	RADDHN2_8H(17, 12, 0)
	RADDHN2_8H(17, 6, 24)
	RADDHN2_8H(17, 14, 2)
	RADDHN2_8H(17, 8, 26)
	RADDHN2_8H(17, 16, 4)
	RADDHN2_8H(17, 10, 28)
	RADDHN2_8H(17, 13, 1)
	RADDHN2_8H(17, 7, 25)
	SQXTN_8B(0, 0)
	SQXTN_8B(2, 2)
	SQXTN_8B(4, 4)
	SQXTN_8B(1, 1)
	SQXTN2_16B(24, 0)
	SQXTN2_16B(26, 2)
	SQXTN2_16B(28, 4)
	SQXTN2_16B(25, 1)
	SMAX_16B(18, 0, 0)
	SMAX_16B(18, 2, 2)
	SMAX_16B(18, 4, 4)
	SMAX_16B(18, 1, 1)
	SMIN_16B(19, 0, 0)
	SMIN_16B(19, 2, 2)
	SMIN_16B(19, 4, 4)
	SMIN_16B(19, 1, 1)
	STRQ(0, 6, 0)
	STRQ(64, 6, 2)
	STRQ(128, 6, 4)
	STRQ(192, 6, 1)
nextgroup:
	ADD $16, R6, R6
	ADD $16, R7, R7
	SUBS $1, R11, R11
	BNE group

	// The valid part of the tile.
	MOVD winogradOutputArgs_rows(R21), R12
	MOVD winogradOutputArgs_results(R21), R24
	MOVD R2, R13
	MOVD winogradOutputArgs_n(R21), R22
	CBNZ R0, finish
	CMP $16, R22
	BLT part
	CMP $4, R14
	BLT narrow
row:
	LD1X4_16B_P(24, 0)
	ADD R20, R13, R8
	ADD R20, R8, R9
	ADD R20, R9, R10
	ST4S_LANE(0, 13, 0)
	ST4S_LANE(1, 8, 0)
	ST4S_LANE(2, 9, 0)
	ST4S_LANE(3, 10, 0)
	ADD R19, R13, R13
	SUBS $1, R12, R12
	BNE row
next:
	ADD $2304, R1, R1
	ADD R20<<2, R2, R2
	SUB $4, R14, R14
	SUBS $1, R3, R3
	BNE tile
	RET

	// Fewer than 4 columns.
narrow:
	LD1X4_16B_P(24, 0)
	ADD R20, R13, R8
	ADD R20, R8, R9
	ST4S_LANE(0, 13, 0)
	CMP $2, R14
	BLT narrownext
	ST4S_LANE(1, 8, 0)
	BEQ narrownext
	ST4S_LANE(2, 9, 0)
narrownext:
	ADD R19, R13, R13
	SUBS $1, R12, R12
	BNE narrow
	JMP next

	// Fewer than 16 channels: every pixel by way of the first results.
part:
	MOVD $4, R9
	CMP $4, R14
	CSEL LT, R14, R9, R9
	LD1X4_16B_P(24, 0)
	MOVD winogradOutputArgs_pixels(R21), R8
	MOVD R8, R10
	ST4S_LANE_P(0, 10, 0)
	ST4S_LANE_P(1, 10, 0)
	ST4S_LANE_P(2, 10, 0)
	ST4S_LANE_P(3, 10, 0)
	MOVD R13, R10
partpixel:
	LD1X1_16B_P(8, 4)
	MOVD R10, R4
	STOREPART(4, 4)
	ADD R20, R10, R10
	SUBS $1, R9, R9
	BNE partpixel
	ADD R19, R13, R13
	SUBS $1, R12, R12
	BNE part
	JMP next

	// Accumulators for gemmFinish: 64 bytes from pixel to pixel.
accs:
	EACH16(SSHR6, 0)
	ACCS(0, 0, 12, 24, 6)
	ACCS(1, 2, 14, 26, 8)
	ACCS(2, 4, 16, 28, 10)
	ACCS(3, 1, 13, 25, 7)
	JMP nextgroup

finish:
	MOVD R3, R9
	MOVD R24, R23
finishrow:
	MOVD winogradOutputArgs_offsets(R21), R15
	MOVD winogradOutputArgs_q(R21), R26
	MOVD R13, R25
	MOVD winogradOutputArgs_n(R21), R22
	MOVD $4, R4
	CMP $4, R14
	CSEL LT, R14, R4, R4
	MOVD R24, R23
	CALL ·gemmFinish(SB)
	ADD $256, R24, R24
	ADD R19, R13, R13
	SUBS $1, R12, R12
	BNE finishrow
	MOVD R9, R3
	JMP next
