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

// PIXELS loads six pixels of a row from R9 on and goes to the next row.
#define PIXELS \
	LDRD(0, 9, 24); \
	LDRD_RR(11, 9, 25); \
	LDRD_RR(12, 9, 26); \
	LDRD_RR(13, 9, 27); \
	LDRD_RR(14, 9, 28); \
	LDRD_RR(15, 9, 29); \
	ADD R3, R9, R9

// ALONG is the first pass for one row, d in V24 to V29; a to d are where r0 to r3
// stay, r4 and r5 go to R10.
#define ALONG(r0, r1, r2, r3) \
	SSUBL_8H(26, 28, 30); \
	SSUBL_8H(25, 27, 31); \
	SSHLL_8H(2, 26, r1); \
	SSHLL_8H(2, 25, r3); \
	SSUBL_8H(26, 24, r0); \
	SSUBL_8H(27, 29, 24); \
	SSUBW_8H(28, r1, r1); \
	SSUBW_8H(27, r3, r3); \
	SHL_8H(2, r0, r0); \
	SHL_8H(1, 31, 25); \
	SHL_8H(2, 31, 31); \
	SUB_8H(r1, r3, r2); \
	ADD_8H(r1, r3, r1); \
	ADD_8H(30, r0, r0); \
	SUB_8H(31, 24, 27); \
	ADD_8H(25, 30, r3); \
	SUB_8H(25, 30, 26); \
	STPQ_P(32, 10, 26, 27)

// DOWN is the second pass for one column, d in d0 to d5; the results go to R8, R4
// bytes from one to the next. V24 to V31 are its own.
#define DOWN(d0, d1, d2, d3, d4, d5) \
	SUB_8H(d2, d4, 30); \
	SUB_8H(d1, d3, 31); \
	SHL_8H(2, d2, 25); \
	SHL_8H(2, d1, 27); \
	SUB_8H(d2, d0, 24); \
	SUB_8H(d3, d5, 29); \
	SUB_8H(d4, 25, 25); \
	SUB_8H(d3, 27, 27); \
	SHL_8H(2, 24, 24); \
	SHL_8H(1, 31, 28); \
	SHL_8H(2, 31, 31); \
	ADD_8H(30, 24, 24); \
	SUB_8H(25, 27, 26); \
	ADD_8H(25, 27, 25); \
	ADD_8H(28, 30, 27); \
	VST1.P [V24.B16], (R8)(R4); \
	SUB_8H(28, 30, 28); \
	VST1.P [V25.B16], (R8)(R4); \
	SUB_8H(31, 29, 29); \
	VST1.P [V26.B16], (R8)(R4); \
	VST1.P [V27.B16], (R8)(R4); \
	VST1.P [V28.B16], (R8)(R4); \
	VST1.P [V29.B16], (R8)(R4)

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
	PIXELS
	ALONG(0, 1, 2, 3)
	PIXELS
	ALONG(4, 5, 6, 7)
	PIXELS
	ALONG(8, 9, 10, 11)
	PIXELS
	ALONG(12, 13, 14, 15)
	PIXELS
	ALONG(16, 17, 18, 19)
	PIXELS
	ALONG(20, 21, 22, 23)
	MOVD R8, R9
	DOWN(0, 4, 8, 12, 16, 20)
	DOWN(1, 5, 9, 13, 17, 21)
	SUB $192, R10, R10
	DOWN(2, 6, 10, 14, 18, 22)
	LDPQ(0, 10, 0, 1)
	LDPQ(32, 10, 4, 5)
	LDPQ(64, 10, 8, 9)
	LDPQ(96, 10, 12, 13)
	LDPQ(128, 10, 16, 17)
	LDPQ(160, 10, 20, 21)
	DOWN(3, 7, 11, 15, 19, 23)
	DOWN(0, 4, 8, 12, 16, 20)
	DOWN(1, 5, 9, 13, 17, 21)
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

// CHANNEL is one input channel, lane i of A a to a+3; then it loads the weights of
// the channel after next, from o on.
#define CHANNEL(OP, i, a, b, o) \
	OP(i, a, b, 16); \
	OP(i, a+1, b, 20); \
	OP(i, a+2, b, 24); \
	OP(i, a+3, b, 28); \
	LDRD(o, 2, b); \
	OP(i, a, b+1, 17); \
	OP(i, a+1, b+1, 21); \
	OP(i, a+2, b+1, 25); \
	OP(i, a+3, b+1, 29); \
	LDRD(o+8, 2, b+1); \
	OP(i, a, b+2, 18); \
	OP(i, a+1, b+2, 22); \
	OP(i, a+2, b+2, 26); \
	OP(i, a+3, b+2, 30); \
	LDRD(o+16, 2, b+2); \
	OP(i, a, b+3, 19); \
	OP(i, a+1, b+3, 23); \
	OP(i, a+2, b+3, 27); \
	OP(i, a+3, b+3, 31); \
	LDRD(o+24, 2, b+3)

// CHANNELS is eight of them.
#define CHANNELS(OP) \
	CHANNEL(OP, 0, 0, 8, 64); \
	CHANNEL(SMLAL_4S_LANE, 1, 0, 12, 96); \
	CHANNEL(SMLAL_4S_LANE, 2, 0, 8, 128); \
	CHANNEL(SMLAL_4S_LANE, 3, 0, 12, 160); \
	LDRD_P(8, 5, 0); \
	CHANNEL(SMLAL_4S_LANE, 0, 4, 8, 192); \
	LDRD_P(8, 6, 1); \
	CHANNEL(SMLAL_4S_LANE, 1, 4, 12, 224); \
	LDRD_P(8, 7, 2); \
	CHANNEL(SMLAL_4S_LANE, 2, 4, 8, 256); \
	LDRD_P(8, 8, 3); \
	SUBS $1, R3, R3; \
	CHANNEL(SMLAL_4S_LANE, 3, 4, 12, 288); \
	ADD $256, R2, R2

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
	LDRD_P(8, 6, 1)
	LDRD_P(8, 7, 2)
	LDRD_P(8, 8, 3)
	LDRD(0, 2, 8)
	LDRD(8, 2, 9)
	LDRD(16, 2, 10)
	LDRD(24, 2, 11)
	LDRD(32, 2, 12)
	LDRD(40, 2, 13)
	LDRD(48, 2, 14)
	LDRD(56, 2, 15)
	LDRD_P(8, 5, 4)
	LDRD_P(8, 6, 5)
	LDRD_P(8, 7, 6)
	LDRD_P(8, 8, 7)
	MOVD R21, R3
	CHANNELS(SMULL_4S_LANE)
	BEQ store
k8:
	LDRD_P(8, 5, 4)
	LDRD_P(8, 6, 5)
	LDRD_P(8, 7, 6)
	LDRD_P(8, 8, 7)
	CHANNELS(SMLAL_4S_LANE)
	BNE k8
store:
	ADD $2304, R10, R11
	ADD $4608, R10, R12
	ADD $6912, R10, R13
	STRQ(0, 10, 16)
	STRQ(576, 10, 17)
	STRQ(1152, 10, 18)
	STRQ(1728, 10, 19)
	STRQ(0, 11, 20)
	STRQ(576, 11, 21)
	STRQ(1152, 11, 22)
	STRQ(1728, 11, 23)
	STRQ(0, 12, 24)
	STRQ(576, 12, 25)
	STRQ(1152, 12, 26)
	STRQ(1728, 12, 27)
	STRQ(0, 13, 28)
	STRQ(576, 13, 29)
	STRQ(1152, 13, 30)
	STRQ(1728, 13, 31)
	ADD $9216, R10, R10
	SUBS $4, R4, R4
	BGT tiles
	MOVD R2, R14
	ADD R19, R1, R1
	ADD $16, R9, R9
	SUBS $1, R15, R15
	BNE xy
	RET

// ---- output ----
//
// Both passes compute, from six values m0 to m5,
//
//	o0 = m0 + (m1 + m2) + (m3 + m4)
//	o1 = (m1 − m2) + 2·(m3 − m4)
//	o2 = (m1 + m2) + 4·(m3 + m4)
//	o3 = (m1 − m2) + 4·(2·(m3 − m4) + m5)
//
// modulo 2^32, down columns first. Results of column k and row i stay in V(4k+i).

// LOADM loads six values of a column from R5 on to V(a) to V(a+5).
#define LOADM(a) \
	LD1X4_16B_P(5, a); \
	LD1X2_16B_P(5, a+4)

// DOWN4 is the first pass for a column, in V(a) to V(a+5), V(a+6) and V(a+7) free;
// the results go to V(k) to V(k+3).
#define DOWN4(a, k) \
	ADD_4S(a+2, a+1, a+6); \
	SUB_4S(a+2, a+1, a+1); \
	ADD_4S(a+4, a+3, a+7); \
	SUB_4S(a+4, a+3, a+3); \
	ADD_4S(a+6, a, k); \
	ADD_4S(a+3, a+3, a+3); \
	ADD_4S(a+7, k, k); \
	SHL_4S(2, a+7, a+7); \
	ADD_4S(a+3, a+1, k+1); \
	ADD_4S(a+5, a+3, a+3); \
	ADD_4S(a+7, a+6, k+2); \
	SHL_4S(2, a+3, a+3); \
	ADD_4S(a+3, a+1, k+3)

// ALONG4 is the second pass for row i; t is free. The results are in V(i), V(8+i),
// V(16+i), V(4+i).
#define ALONG4(i, t, u) \
	ADD_4S(8+i, 4+i, t); \
	SUB_4S(8+i, 4+i, 4+i); \
	ADD_4S(16+i, 12+i, u); \
	SUB_4S(16+i, 12+i, 12+i); \
	ADD_4S(t, i, i); \
	ADD_4S(12+i, 12+i, 12+i); \
	ADD_4S(u, i, i); \
	SHL_4S(2, u, u); \
	ADD_4S(12+i, 4+i, 8+i); \
	ADD_4S(20+i, 12+i, 12+i); \
	ADD_4S(u, t, 16+i); \
	SHL_4S(2, 12+i, 12+i); \
	ADD_4S(12+i, 4+i, 4+i)

// EACH does an instruction with the constant V(c) to the results of row i.
#define EACH(OP, c, i) \
	OP(c, i, i); \
	OP(c, 8+i, 8+i); \
	OP(c, 16+i, 16+i); \
	OP(c, 4+i, 4+i)
#define EACH16(OP, c) \
	EACH(OP, c, 0); \
	EACH(OP, c, 1); \
	EACH(OP, c, 2); \
	EACH(OP, c, 3)

// HALVES takes the 32-bit results of row i to 16 bits, in V(i) and V(16+i), BYTES to
// 8 bits, in V(i).
#define HALVES(i) \
	RADDHN_4H(27, i, i); \
	RADDHN_4H(27, 16+i, 16+i)
#define HALVES2(i) \
	RADDHN2_8H(27, 8+i, i); \
	RADDHN2_8H(27, 4+i, 16+i)

// ACCS writes the accumulators of row i to R6: 64 bytes from one pixel to the next.
#define ACCS(i) \
	STRQ(256*i, 6, i); \
	STRQ(256*i+64, 6, 8+i); \
	STRQ(256*i+128, 6, 16+i); \
	STRQ(256*i+192, 6, 4+i)

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
	LOADM(24)
	LDRQ(0, 7, 23)
	DOWN4(24, 0)
	LOADM(16)
	ADD_4S(23, 17, 17)
	DOWN4(16, 4)
	LOADM(24)
	DOWN4(24, 8)
	LOADM(16)
	DOWN4(16, 12)
	LOADM(24)
	DOWN4(24, 16)
	LOADM(24)
	DOWN4(24, 20)
	ADD $winogradOutputArgs_inv, R21, R8
	ALONG4(0, 28, 29)
	ALONG4(1, 30, 31)
	LDRQ(QSHIFT, 7, 25)
	ALONG4(2, 28, 29)
	LDRQ(QMULT, 7, 26)
	ALONG4(3, 30, 31)
	LDRQ(0, 8, 24)
	EACH16(MUL_4S, 24)
	MOVD winogradOutputArgs_finish(R21), R0
	CBNZ R0, accs
	ADD $16, R8, R8
	LD1X3_16B(8, 27)
	EACH16(SSHL_4S, 25)
	EACH16(SQDMULH_4S, 26)
	HALVES(0)
	HALVES(1)
	HALVES(2)
	HALVES(3)
	HALVES2(0)
	HALVES2(1)
	HALVES2(2)
	HALVES2(3)
	SQXTN_8B(0, 0)
	SQXTN_8B(1, 1)
	SQXTN_8B(2, 2)
	SQXTN_8B(3, 3)
	SQXTN2_16B(16, 0)
	SQXTN2_16B(17, 1)
	SQXTN2_16B(18, 2)
	SQXTN2_16B(19, 3)
	SMAX_16B(28, 0, 0)
	SMAX_16B(28, 1, 1)
	SMAX_16B(28, 2, 2)
	SMAX_16B(28, 3, 3)
	SMIN_16B(29, 0, 0)
	SMIN_16B(29, 1, 1)
	SMIN_16B(29, 2, 2)
	SMIN_16B(29, 3, 3)
	STRQ(0, 6, 0)
	STRQ(64, 6, 1)
	STRQ(128, 6, 2)
	STRQ(192, 6, 3)
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
	ACCS(0)
	ACCS(1)
	ACCS(2)
	ACCS(3)
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
