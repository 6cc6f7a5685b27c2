//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "neon_arm64.h"
#include "gemm_arm64.h"

// Products of pairs. The weights of four channels and two steps of k fill 8
// bytes, [c0k0 c0k1 c1k0 c1k1 c2k0 c2k1 c3k0 c3k1]; a row's two bytes are spread
// over 8 by LD1R. SMULL gives eight products of 16 bits, SMLAL adds those of the
// next two steps (weights are at least -127, so that 16 bits hold two), SADALP
// adds neighbours to the four channels' accumulators: 16 products in three
// instructions, no sums across a vector at the end, and K counts in fours.
//
// V0-V3   products of the four rows
// V4-V7   rows, k0 and k1, spread     V8-V11  k2 and k3
// V12-V15 weights; V19, V23 in blocks of up to 12 columns

// MULn, MLAn, ADDn are the n-th row's instructions, weights in w, accumulators of
// the first row in c.
#define MUL0(w) SMULL_8H(w, 4, 0)
#define MUL1(w) SMULL_8H(w, 5, 1)
#define MUL2(w) SMULL_8H(w, 6, 2)
#define MUL3(w) SMULL_8H(w, 7, 3)
#define MLA0(w) SMLAL_8H(w, 8, 0)
#define MLA1(w) SMLAL_8H(w, 9, 1)
#define MLA2(w) SMLAL_8H(w, 10, 2)
#define MLA3(w) SMLAL_8H(w, 11, 3)
#define ADD0(c) SADALP_4S(0, c)
#define ADD1(c) SADALP_4S(1, c+4)
#define ADD2(c) SADALP_4S(2, c+8)
#define ADD3(c) SADALP_4S(3, c+12)

// LAST16, LAST12 and LAST8 are the last four channels of a step. They also load
// the rows of the next step: A is LD1R_4H_P, or NOTHING at the end.
#define LAST16(A) \
	MUL0(14); \
	ADD $64, R2, R2; \
	MUL1(14); \
	MUL2(14); \
	MUL3(14); \
	A(5, 4); \
	MLA0(15); \
	LDRD(8, 2, 13); \
	A(6, 5); \
	MLA1(15); \
	A(7, 6); \
	MLA2(15); \
	A(8, 7); \
	MLA3(15); \
	A(5, 8); \
	ADD0(19); \
	A(6, 9); \
	ADD1(19); \
	ADD2(19); \
	A(7, 10); \
	ADD3(19); \
	A(8, 11)

#define LAST12(A) \
	MUL0(19); \
	MUL1(19); \
	ADD $48, R2, R2; \
	MUL2(19); \
	MUL3(19); \
	A(5, 4); \
	A(6, 5); \
	MLA0(23); \
	MLA1(23); \
	A(7, 6); \
	A(8, 7); \
	MLA2(23); \
	MLA3(23); \
	LDRD(40, 2, 23); \
	A(5, 8); \
	ADD0(18); \
	ADD1(18); \
	LDRD(32, 2, 19); \
	A(6, 9); \
	ADD2(18); \
	ADD3(18); \
	A(7, 10); \
	A(8, 11)

#define LAST8(A) \
	MUL0(14); \
	MUL1(14); \
	MUL2(14); \
	ADD $32, R2, R2; \
	MUL3(14); \
	A(5, 4); \
	A(6, 5); \
	MLA0(15); \
	MLA1(15); \
	A(7, 6); \
	MLA2(15); \
	LDRD(16, 2, 14); \
	A(8, 7); \
	MLA3(15); \
	ADD0(17); \
	A(5, 8); \
	A(6, 9); \
	ADD1(17); \
	ADD2(17); \
	A(7, 10); \
	A(8, 11); \
	ADD3(17); \
	LDRD(24, 2, 15)

// ONLYGROUP is a step of a block of 4 columns, whose weights are in V12 and V13.
#define ONLYGROUP(A) \
	MUL0(12); \
	ADD $16, R2, R2; \
	MUL1(12); \
	MUL2(12); \
	MUL3(12); \
	LDRD(0, 2, 12); \
	MLA0(13); \
	A(5, 4); \
	MLA1(13); \
	A(6, 5); \
	MLA2(13); \
	A(7, 6); \
	MLA3(13); \
	A(8, 7); \
	ADD0(16); \
	LDRD(8, 2, 13); \
	ADD1(16); \
	A(5, 8); \
	ADD2(16); \
	A(6, 9); \
	ADD3(16); \
	A(7, 10); \
	A(8, 11)

#define NOTHING(n, d)

// ROWSTEP is a step of one row for 16 columns, weights from V(b) on, the row in V4
// and V5; ROWSUM adds its products to accumulators from V(c) on.
#define ROWSTEP(b, A) \
	SMULL_8H(b, 4, 0); \
	SMULL_8H(b+1, 4, 1); \
	SMULL_8H(b+2, 4, 2); \
	SMULL_8H(b+3, 4, 3); \
	A(5, 4); \
	SMLAL2_8H(b, 5, 0); \
	SMLAL2_8H(b+1, 5, 1); \
	SMLAL2_8H(b+2, 5, 2); \
	SMLAL2_8H(b+3, 5, 3); \
	A(5, 5)

#define ROWSUM(c) \
	SADALP_4S(0, c); \
	SADALP_4S(1, c+1); \
	SADALP_4S(2, c+2); \
	SADALP_4S(3, c+3)

// START loads the rows and weights of the first step of a tile and sets what the
// tap loop counts.
#define START \
	FOUR(R1, R24); \
	MOVD gemmArgs_taps(R0), R13; \
	MOVD gemmArgs_ntaps(R0), R4; \
	TAP4; \
	MOVD R19, R2; \
	LD1R_4H_P(5, 4); \
	LD1R_4H_P(6, 5); \
	LD1R_4H_P(7, 6); \
	LD1R_4H_P(8, 7); \
	MOVD gemmArgs_flags(R0), R23; \
	LDRD(0, 2, 12); \
	LDRD(8, 2, 13); \
	LD1R_4H_P(5, 8); \
	LD1R_4H_P(6, 9); \
	LD1R_4H_P(7, 10); \
	LD1R_4H_P(8, 11)

// NEXT16 is the usual end of a tile, with another whole one behind it: LAST16, the
// epilogue, and what START and BIAS do for the next tile, interleaved. CLAMP is
// CLAMPED or nothing.
//
// V12, V13, V4, V5 shifts   V8-V11 multipliers, then the bias
// V0 zero point   V1, V2 bounds   R22, R23, R16, R17 outputs
#define NEXT16(CLAMP) \
	MUL0(14); \
	LDPQ(QSHIFT, 26, 12, 13); \
	MUL1(14); \
	MUL2(14); \
	MUL3(14); \
	MLA0(15); \
	ADD $gemmArgs_zero, R0, R23; \
	MLA1(15); \
	MLA2(15); \
	LDPQ(QSHIFT+32, 26, 4, 5); \
	MLA3(15); \
	ADD $QMULT, R26, R22; \
	ADD0(19); \
	ADD1(19); \
	ADD2(19); \
	MOVW 16(R1), R9; \
	ADD3(19); \
	MOVD gemmArgs_taps(R0), R13; \
	SSHL_4S(12, 16, 16); \
	SSHL_4S(13, 17, 17); \
	LD1X4_16B(22, 8); \
	SSHL_4S(12, 20, 20); \
	SSHL_4S(13, 21, 21); \
	SSHL_4S(12, 24, 24); \
	SSHL_4S(13, 25, 25); \
	SSHL_4S(12, 28, 28); \
	SSHL_4S(13, 29, 29); \
	SSHL_4S(4, 18, 18); \
	SSHL_4S(5, 19, 19); \
	SSHL_4S(4, 22, 22); \
	SSHL_4S(5, 23, 23); \
	MOVD gemmArgs_ntaps(R0), R4; \
	SSHL_4S(4, 26, 26); \
	SSHL_4S(5, 27, 27); \
	SSHL_4S(4, 30, 30); \
	LD1X3_16B(23, 0); \
	SSHL_4S(5, 31, 31); \
	SQDMULH_4S(8, 16, 16); \
	SQDMULH_4S(9, 17, 17); \
	SQDMULH_4S(10, 18, 18); \
	ADD R24, R9, R9; \
	SQDMULH_4S(11, 19, 19); \
	SQDMULH_4S(8, 20, 20); \
	SQDMULH_4S(9, 21, 21); \
	MOVW 20(R1), R10; \
	SQDMULH_4S(10, 22, 22); \
	MOVW 24(R1), R11; \
	SQDMULH_4S(11, 23, 23); \
	MOVW 28(R1), R12; \
	SQDMULH_4S(8, 24, 24); \
	MOVW.P 4(R13), R3; \
	SQDMULH_4S(9, 25, 25); \
	MOVW (R15), R22; \
	SQDMULH_4S(10, 26, 26); \
	MOVW 4(R15), R23; \
	SQDMULH_4S(11, 27, 27); \
	MOVW 8(R15), R16; \
	SQDMULH_4S(8, 28, 28); \
	MOVW 12(R15), R17; \
	SQDMULH_4S(9, 29, 29); \
	ADD R24, R10, R10; \
	MOVD gemmArgs_bias(R0), R2; \
	SQDMULH_4S(10, 30, 30); \
	ADD R24, R11, R11; \
	ADD R26, R2, R2; \
	SQDMULH_4S(11, 31, 31); \
	ADD R24, R12, R12; \
	LD1X4_16B(2, 8); \
	RADDHN_4H(0, 16, 16); \
	ADD R3, R9, R5; \
	RADDHN_4H(0, 18, 18); \
	ADD R3, R10, R6; \
	RADDHN_4H(0, 20, 20); \
	ADD R3, R11, R7; \
	RADDHN_4H(0, 22, 22); \
	ADD R3, R12, R8; \
	RADDHN_4H(0, 24, 24); \
	MOVD R19, R2; \
	RADDHN_4H(0, 26, 26); \
	ADD $16, R1, R1; \
	RADDHN_4H(0, 28, 28); \
	ADD $16, R15, R15; \
	RADDHN_4H(0, 30, 30); \
	SUB $4, R14, R14; \
	RADDHN2_8H(0, 17, 16); \
	LD1R_4H_P(5, 4); \
	RADDHN2_8H(0, 19, 18); \
	LD1R_4H_P(6, 5); \
	RADDHN2_8H(0, 21, 20); \
	LD1R_4H_P(7, 6); \
	RADDHN2_8H(0, 23, 22); \
	LD1R_4H_P(8, 7); \
	RADDHN2_8H(0, 25, 24); \
	RADDHN2_8H(0, 27, 26); \
	LDRD(0, 2, 12); \
	RADDHN2_8H(0, 29, 28); \
	MOVD gemmArgs_kc(R0), R3; \
	LDRD(8, 2, 13); \
	RADDHN2_8H(0, 31, 30); \
	SQXTN_8B(16, 16); \
	SQXTN_8B(20, 20); \
	SQXTN_8B(24, 24); \
	SQXTN_8B(28, 28); \
	MOV_16B(9, 17); \
	MOV_16B(9, 21); \
	MOV_16B(9, 25); \
	MOV_16B(9, 29); \
	SQXTN2_16B(18, 16); \
	LD1R_4H_P(6, 9); \
	SQXTN2_16B(22, 20); \
	SQXTN2_16B(26, 24); \
	SQXTN2_16B(30, 28); \
	ADD R25, R22, R22; \
	MOV_16B(11, 19); \
	ADD R25, R23, R23; \
	MOV_16B(11, 23); \
	ADD R25, R16, R16; \
	MOV_16B(11, 27); \
	ADD R25, R17, R17; \
	MOV_16B(11, 31); \
	CLAMP \
	MOV_16B(10, 18); \
	LD1R_4H_P(8, 11); \
	ST1X1_16B(22, 16); \
	MOV_16B(10, 22); \
	MOV_16B(10, 26); \
	ST1X1_16B(23, 20); \
	MOV_16B(10, 30); \
	MOV_16B(8, 16); \
	LD1R_4H_P(7, 10); \
	ST1X1_16B(16, 24); \
	MOV_16B(8, 20); \
	ST1X1_16B(17, 28); \
	MOV_16B(8, 24); \
	MOV_16B(8, 28); \
	LD1R_4H_P(5, 8)

#define CLAMPED \
	SMAX_16B(1, 16, 16); \
	SMAX_16B(1, 20, 20); \
	SMAX_16B(1, 24, 24); \
	SMAX_16B(1, 28, 28); \
	SMIN_16B(2, 16, 16); \
	SMIN_16B(2, 20, 20); \
	SMIN_16B(2, 24, 24); \
	SMIN_16B(2, 28, 28);

#define UNCLAMPED

// BIASCOPY is BIAS with less to load: the load unit of an A57 or A72 has the rows
// to do.
#define BIASCOPY \
	BIASAT; \
	BIAS1(22); \
	MOV_16B(16, 20); \
	MOV_16B(17, 21); \
	MOV_16B(18, 22); \
	MOV_16B(16, 24); \
	MOV_16B(17, 25); \
	MOV_16B(18, 26); \
	MOV_16B(16, 28); \
	MOV_16B(17, 29); \
	MOV_16B(18, 30)

// func gemmNEON(a *gemmArgs)
//
// for every block of 16 columns { for every 4 rows {
//	acc[4][16] = bias
//	for every tap { for k := 0; k < kc; k += 4 {
//		acc[r][c] += Σ a[rows[r]+tap+k+i]·w[c][k+i]  (i < 4)
//	} }
//	out[outs[r]+c] = clamp(requant(acc[r][c]))
// } }
//
// The last block may have 4, 8 or 12 columns; a last single row is done alone.
// The order within the loops is for the Cortex-A53, which issues one vector
// operation and one load of 8 bytes a cycle, and still lets an A57 or A72 keep
// its multiplier busy.
TEXT ·gemmNEON(SB), NOSPLIT, $0-8
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
	CMP $2, R14
	BLE few
tile16:
	START
	TBNZ $0, R23, fill16
	BIASAT
	BIAS(22)
	PCALIGN $16
k16:
	MUL0(12)
	LDRD(16, 2, 14)
	MUL1(12)
	MUL2(12)
	MUL3(12)
	MLA0(13)
	MLA1(13)
	LDRD(24, 2, 15)
	MLA2(13)
	MLA3(13)
	ADD0(16)
	LDRD(32, 2, 12)
	ADD1(16)
	ADD2(16)
	LDRD(40, 2, 13)
	ADD3(16)
	MUL0(14)
	MUL1(14)
	MUL2(14)
	MUL3(14)
	MLA0(15)
	MLA1(15)
	MLA2(15)
	LDRD(48, 2, 14)
	MLA3(15)
	ADD0(17)
	ADD1(17)
	ADD2(17)
	ADD3(17)
	MUL0(12)
	MUL1(12)
	MUL2(12)
	MUL3(12)
	MLA0(13)
	MLA1(13)
	MLA2(13)
	LDRD(64, 2, 12)
	MLA3(13)
	LDRD(56, 2, 15)
	SUBS $4, R3, R3
	ADD0(18)
	ADD1(18)
	ADD2(18)
	ADD3(18)
	BEQ tap16
more16:
	LAST16(LD1R_4H_P)
	JMP k16
tap16:
	SUBS $1, R4, R4
	BEQ last16
	TAP4
	GAP16
	LDRD(64, 2, 12)
	JMP more16
last16:
	SPECIAL(alone16)
	CMP $16, R20
	BLT alone16
	CMP $8, R14
	BLT alone16
	TBNZ $5, R23, clamp16
	NEXT16(UNCLAMPED)
	JMP k16
clamp16:
	NEXT16(CLAMPED)
	JMP k16

alone16:
	LAST16(NOTHING)
	SPECIAL(spill16)
	EPILOGUE16
	FOUR(R15, R25)
	CMP $16, R20
	BLT part16
	STORE16
next16:
	TILENEXT
	BLE done16
	CMP $2, R14
	BGT tile16
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
	MOVD gemmArgs_acc(R0), R23
	FILL(23)
	JMP k16

spill16:
	FINISHED(16, next16)

	// ---- up to 12 columns ----
enter12:
	HEAD(12)
tile12:
	START
	LDRD(16, 2, 14)
	LDRD(24, 2, 15)
	TBNZ $0, R23, fill12
	BIASCOPY
ready12:
	LDRD(32, 2, 19)
	LDRD(40, 2, 23)
	PCALIGN $16
k12:
	MUL0(12)
	MUL1(12)
	MUL2(12)
	MUL3(12)
	LDRD(48, 2, 12)
	MLA0(13)
	MLA1(13)
	MLA2(13)
	MLA3(13)
	ADD0(16)
	ADD1(16)
	ADD2(16)
	ADD3(16)
	LDRD(56, 2, 13)
	MUL0(14)
	MUL1(14)
	MUL2(14)
	SUBS $4, R3, R3
	MUL3(14)
	MLA0(15)
	MLA1(15)
	MLA2(15)
	MLA3(15)
	LDRD(64, 2, 14)
	ADD0(17)
	ADD1(17)
	ADD2(17)
	LDRD(72, 2, 15)
	ADD3(17)
	BEQ tap12
more12:
	LAST12(LD1R_4H_P)
	JMP k12
tap12:
	SUBS $1, R4, R4
	BEQ last12
	TAP4
	GAP12
	LDRD(48, 2, 12)
	LDRD(56, 2, 13)
	LDRD(64, 2, 14)
	LDRD(72, 2, 15)
	JMP more12
last12:
	LAST12(NOTHING)
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
	MOVD gemmArgs_acc(R0), R23
	FILL(23)
	JMP ready12

spill12:
	FINISHED(12, next12)

	// ---- up to 8 columns ----
enter8:
	HEAD(8)
tile8:
	START
	LDRD(16, 2, 14)
	LDRD(24, 2, 15)
	TBNZ $0, R23, fill8
	BIASCOPY
	PCALIGN $16
k8:
	MUL0(12)
	MUL1(12)
	MUL2(12)
	SUBS $4, R3, R3
	MUL3(12)
	MLA0(13)
	MLA1(13)
	MLA2(13)
	MLA3(13)
	LDRD(32, 2, 12)
	LDRD(40, 2, 13)
	ADD0(16)
	ADD1(16)
	ADD2(16)
	ADD3(16)
	BEQ tap8
more8:
	LAST8(LD1R_4H_P)
	JMP k8
tap8:
	SUBS $1, R4, R4
	BEQ last8
	TAP4
	GAP8
	LDRD(32, 2, 12)
	LDRD(40, 2, 13)
	JMP more8
last8:
	LAST8(NOTHING)
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
	MOVD gemmArgs_acc(R0), R23
	FILL(23)
	JMP k8

spill8:
	FINISHED(8, next8)

	// ---- up to 4 columns ----
enter4:
	HEAD(4)
tile4:
	START
	TBNZ $0, R23, fill4
	BIASCOPY
	PCALIGN $16
k4:
	SUBS $4, R3, R3
	BEQ tap4
more4:
	ONLYGROUP(LD1R_4H_P)
	JMP k4
tap4:
	SUBS $1, R4, R4
	BEQ last4
	TAP4
	GAP4
	JMP more4
last4:
	ONLYGROUP(NOTHING)
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
	MOVD gemmArgs_acc(R0), R23
	FILL(23)
	JMP k4

spill4:
	FINISHED(4, next4)

	// ---- one row, 16 columns ----
	// One or two rows are faster alone, unless accumulators are kept.
few:
	CMP $1, R14
	BEQ row
	MOVD gemmArgs_flags(R0), R22
	TST $5, R22
	BNE tile16

	// V4, V5 the row   V8-V11 weights   V12-V15 weights of the next step
row:
	MOVD gemmArgs_flags(R0), R23
	MOVD gemmArgs_narrow(R0), R22
	CBNZ R22, one1
	TBNZ $0, R23, one1
	CMP $2, R21
	BLT one1
	MOVD gemmArgs_qstep(R0), R22
	ADD R26, R22, R22
	MOVW QSHIFT(R22), R22
	MOVW QSHIFT(R26), R9
	ORR R22, R9, R9
	TBZ $31, R9, rows2
one1:
	MOVW (R1), R9
	ADD R24, R9, R9
	MOVD R19, R2
	MOVD gemmArgs_taps(R0), R13
	MOVD gemmArgs_ntaps(R0), R4
	VLD1.P 64(R2), [V8.B16, V9.B16, V10.B16, V11.B16]
	TBNZ $0, R23, fill1
	BIASAT
	BIAS1(22)
tap1:
	MOVW.P 4(R13), R22
	MOVD gemmArgs_kc(R0), R3
	ADD R22, R9, R5
	LD1R_8H_P(5, 4)
	LD1R_8H_P(5, 5)
	PCALIGN $16
k1:
	VLD1.P 64(R2), [V12.B16, V13.B16, V14.B16, V15.B16]
	SUBS $4, R3, R3
	BEQ even1
	ROWSTEP(8, LD1R_8H_P)
	ROWSUM(16)
	VLD1.P 64(R2), [V8.B16, V9.B16, V10.B16, V11.B16]
	SUBS $4, R3, R3
	BEQ odd1
	ROWSTEP(12, LD1R_8H_P)
	ROWSUM(16)
	JMP k1
even1:
	ROWSTEP(8, NOTHING)
	ROWSUM(16)
	JMP next1
odd1:
	ROWSTEP(12, NOTHING)
	ROWSUM(16)
next1:
	SUBS $1, R4, R4
	BEQ sum1
	SUB $64, R2, R2
	GAP16
	VLD1.P 64(R2), [V8.B16, V9.B16, V10.B16, V11.B16]
	JMP tap1
sum1:
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

fill1:
	MOVD gemmArgs_acc(R0), R22
	VLD1 (R22), [V16.B16, V17.B16, V18.B16, V19.B16]
	JMP tap1

spill1:
	FINISHED1(nextrow)

	// ---- one row, 32 columns: this block and the next, whose weights are at R6 ----
rows2:
	MOVW (R1), R9
	ADD R24, R9, R9
	MOVD gemmArgs_taps(R0), R13
	MOVD gemmArgs_ntaps(R0), R4
	MOVD R19, R2
	MOVD gemmArgs_head(R0), R3
	MOVD gemmArgs_rest(R0), R6
	ADD R3, R6, R6
	ADD R6<<4, R19, R19
	MOVD R19, R6
	MOVD gemmArgs_qstep(R0), R22
	ADD R26, R22, R22
	VLD1.P 64(R2), [V8.B16, V9.B16, V10.B16, V11.B16]
	VLD1.P 64(R6), [V12.B16, V13.B16, V14.B16, V15.B16]
	MOVD gemmArgs_bias(R0), R5
	ADD R5, R22, R22
	ADD R26, R5, R5
	LD1X4_16B(5, 16)
	VLD1 (R22), [V20.B16, V21.B16, V22.B16, V23.B16]
tap2:
	MOVW.P 4(R13), R22
	MOVD gemmArgs_kc(R0), R3
	ADD R22, R9, R5
	LD1R_8H_P(5, 4)
	LD1R_8H_P(5, 5)
	PCALIGN $16
k2:
	ROWSTEP(8, NOTHING)
	VLD1.P 64(R2), [V8.B16, V9.B16, V10.B16, V11.B16]
	ROWSUM(16)
	SUBS $4, R3, R3
	BEQ last2
	ROWSTEP(12, LD1R_8H_P)
	VLD1.P 64(R6), [V12.B16, V13.B16, V14.B16, V15.B16]
	ROWSUM(20)
	JMP k2
last2:
	ROWSTEP(12, NOTHING)
	VLD1.P 64(R6), [V12.B16, V13.B16, V14.B16, V15.B16]
	ROWSUM(20)
	SUBS $1, R4, R4
	BEQ sum2
	SUB $64, R2, R2
	GAP16
	SUB $64, R6, R6
	ADD R22<<4, R6, R6
	VLD1.P 64(R2), [V8.B16, V9.B16, V10.B16, V11.B16]
	VLD1.P 64(R6), [V12.B16, V13.B16, V14.B16, V15.B16]
	JMP tap2
sum2:
	EPILOGUE1(16)
	MOVW (R15), R9
	ADD R25, R9, R9
	ST1X1_16B(9, 16)
	ADD $16, R25, R25
	MOVD gemmArgs_qstep(R0), R22
	ADD R22, R26, R26
	SUB $16, R20, R20
	SUB $1, R21, R21
	EPILOGUE1(20)
	ADD $16, R9, R9
	CMP $16, R20
	BLT part1
	ST1X1_16B(9, 16)
	JMP done16
