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
// V12-V15 weights; V28, V29 in blocks of 12 columns

// GROUP is four steps of k for four channels, weights in b and e, accumulators
// from c on. It loads the next group's weights, from o on, into nb and ne.
#define GROUP(b, e, c, o, nb, ne) \
	SMULL_8H(b, 4, 0); \
	LDRD(o, 2, nb); \
	SMULL_8H(b, 5, 1); \
	LDRD(o+8, 2, ne); \
	SMULL_8H(b, 6, 2); \
	SMULL_8H(b, 7, 3); \
	SMLAL_8H(e, 8, 0); \
	SMLAL_8H(e, 9, 1); \
	SMLAL_8H(e, 10, 2); \
	SMLAL_8H(e, 11, 3); \
	SADALP_4S(0, c); \
	SADALP_4S(1, c+1); \
	SADALP_4S(2, c+2); \
	SADALP_4S(3, c+3)

// LASTGROUP is the last group of a step. It also loads the rows of the next one:
// A is LD1R_4H_P, or NOTHING in the last step of all.
#define LASTGROUP(b, e, c, o, nb, ne, step, A) \
	SMULL_8H(b, 4, 0); \
	LDRD(o, 2, nb); \
	SMULL_8H(b, 5, 1); \
	LDRD(o+8, 2, ne); \
	SMULL_8H(b, 6, 2); \
	ADD $step, R2, R2; \
	SMULL_8H(b, 7, 3); \
	SMLAL_8H(e, 8, 0); \
	A(5, 4); \
	SMLAL_8H(e, 9, 1); \
	A(6, 5); \
	SMLAL_8H(e, 10, 2); \
	A(7, 6); \
	SMLAL_8H(e, 11, 3); \
	A(8, 7); \
	SADALP_4S(0, c); \
	A(5, 8); \
	SADALP_4S(1, c+1); \
	A(6, 9); \
	SADALP_4S(2, c+2); \
	A(7, 10); \
	SADALP_4S(3, c+3); \
	A(8, 11)

// ONLYGROUP is a step of a block of 4 columns, whose weights stay in V12 and V13.
#define ONLYGROUP(A) \
	SMULL_8H(12, 4, 0); \
	ADD $16, R2, R2; \
	SMULL_8H(12, 5, 1); \
	SMULL_8H(12, 6, 2); \
	SMULL_8H(12, 7, 3); \
	LDRD(0, 2, 12); \
	SMLAL_8H(13, 8, 0); \
	A(5, 4); \
	SMLAL_8H(13, 9, 1); \
	A(6, 5); \
	SMLAL_8H(13, 10, 2); \
	A(7, 6); \
	SMLAL_8H(13, 11, 3); \
	A(8, 7); \
	SADALP_4S(0, 16); \
	LDRD(8, 2, 13); \
	SADALP_4S(1, 17); \
	A(5, 8); \
	SADALP_4S(2, 18); \
	A(6, 9); \
	SADALP_4S(3, 19); \
	A(7, 10); \
	A(8, 11)

#define NOTHING(n, d)

// START loads the rows and weights of the first step of a tile and clears what
// the tap loop counts.
#define START \
	ROWS4; \
	MOVD R19, R2; \
	MOVD gemmArgs_taps(R0), R13; \
	MOVD gemmArgs_ntaps(R0), R4; \
	TAP4; \
	LD1R_4H_P(5, 4); \
	LD1R_4H_P(6, 5); \
	LD1R_4H_P(7, 6); \
	LD1R_4H_P(8, 7); \
	LD1R_4H_P(5, 8); \
	LD1R_4H_P(6, 9); \
	LD1R_4H_P(7, 10); \
	LD1R_4H_P(8, 11); \
	LDRD(0, 2, 12); \
	LDRD(8, 2, 13)

// TILENEXT goes to the next four rows; the flags say whether there are any.
#define TILENEXT \
	ADD $16, R1, R1; \
	ADD $16, R15, R15; \
	SUBS $4, R14, R14

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
// A last block has 4, 8, 12 or 16 columns, a last row is done alone.
TEXT ·gemmNEON(SB), NOSPLIT, $0-8
	GEMMARGS

block:
	BLOCKSTART
	CMP $16, R20
	BGE wide
	MOVD gemmArgs_tail(R0), R22
	CMP $3, R22
	BEQ tile12
	BGT wide
	CMP $2, R22
	BEQ tile8
	JMP tile4

	// ---- 16 columns ----
wide:
	CMP $1, R14
	BEQ row
tile16:
	START
	MOVD gemmArgs_flags(R0), R23
	TBNZ $0, R23, fill16
	LDPQ(QBIAS, 26, 16, 20)
	LDPQ(QBIAS+32, 26, 24, 28)
	COPY3(16, 17, 18, 19)
	COPY3(20, 21, 22, 23)
	COPY3(24, 25, 26, 27)
	COPY3(28, 29, 30, 31)
	PCALIGN $16
k16:
	GROUP(12, 13, 16, 16, 14, 15)
	GROUP(14, 15, 20, 32, 12, 13)
	SUBS $4, R3, R3
	GROUP(12, 13, 24, 48, 14, 15)
	BEQ tap16
more16:
	LASTGROUP(14, 15, 28, 64, 12, 13, 64, LD1R_4H_P)
	JMP k16
tap16:
	SUBS $1, R4, R4
	BEQ last16
	TAP4
	JMP more16
last16:
	LASTGROUP(14, 15, 28, 64, 12, 13, 64, NOTHING)
	MOVD gemmArgs_flags(R0), R23
	CBNZ R23, spill16
	EPILOGUE16
	OUTS4
	CMP $16, R20
	BLT part16
	STRQ(0, 9, 16)
	STRQ(0, 10, 17)
	STRQ(0, 11, 18)
	STRQ(0, 12, 19)
next16:
	TILENEXT
	BLE done
	CMP $1, R14
	BNE tile16
	JMP row

part16:
	STOREPART(9, 16)
	STOREPART(10, 17)
	STOREPART(11, 18)
	STOREPART(12, 19)
	JMP next16

fill16:
	MOVD gemmArgs_acc(R0), R23
	FILL16
	JMP k16

spill16:
	MOVD gemmArgs_acc(R0), R23
	SPILL16
	MOVD gemmArgs_flags(R0), R22
	TBZ $1, R22, next16
	FINISH4
	JMP next16

	// ---- up to 12 columns ----
tile12:
	START
	MOVD gemmArgs_flags(R0), R23
	TBNZ $0, R23, fill12
	LDPQ(QBIAS, 26, 16, 20)
	LDRQ(QBIAS+32, 26, 24)
	COPY3(16, 17, 18, 19)
	COPY3(20, 21, 22, 23)
	COPY3(24, 25, 26, 27)
	PCALIGN $16
k12:
	GROUP(12, 13, 16, 16, 14, 15)
	SUBS $4, R3, R3
	GROUP(14, 15, 20, 32, 28, 29)
	BEQ tap12
more12:
	LASTGROUP(28, 29, 24, 48, 12, 13, 48, LD1R_4H_P)
	JMP k12
tap12:
	SUBS $1, R4, R4
	BEQ last12
	TAP4
	JMP more12
last12:
	LASTGROUP(28, 29, 24, 48, 12, 13, 48, NOTHING)
	MOVD gemmArgs_flags(R0), R23
	CBNZ R23, spill12
	EPILOGUE16
	OUTS4
	STOREPART(9, 16)
	STOREPART(10, 17)
	STOREPART(11, 18)
	STOREPART(12, 19)
next12:
	TILENEXT
	BGT tile12
	JMP done

fill12:
	MOVD gemmArgs_acc(R0), R23
	FILL16
	JMP k12

spill12:
	MOVD gemmArgs_acc(R0), R23
	SPILL16
	MOVD gemmArgs_flags(R0), R22
	TBZ $1, R22, next12
	FINISH4
	JMP next12

	// ---- up to 8 columns ----
tile8:
	START
	MOVD gemmArgs_flags(R0), R23
	TBNZ $0, R23, fill8
	LDPQ(QBIAS, 26, 16, 20)
	COPY3(16, 17, 18, 19)
	COPY3(20, 21, 22, 23)
	PCALIGN $16
k8:
	SUBS $4, R3, R3
	GROUP(12, 13, 16, 16, 14, 15)
	BEQ tap8
more8:
	LASTGROUP(14, 15, 20, 32, 12, 13, 32, LD1R_4H_P)
	JMP k8
tap8:
	SUBS $1, R4, R4
	BEQ last8
	TAP4
	JMP more8
last8:
	LASTGROUP(14, 15, 20, 32, 12, 13, 32, NOTHING)
	MOVD gemmArgs_flags(R0), R23
	CBNZ R23, spill8
finish8:
	EPILOGUE8
	OUTS4
	STOREPART(9, 16)
	STOREPART(10, 17)
	STOREPART(11, 18)
	STOREPART(12, 19)
next8:
	TILENEXT
	BLE done
	MOVD gemmArgs_tail(R0), R22
	CMP $2, R22
	BEQ tile8
	JMP tile4

fill8:
	MOVD gemmArgs_acc(R0), R23
	FILL16
	JMP k8

spill8:
	MOVD gemmArgs_acc(R0), R23
	SPILL16
	MOVD gemmArgs_flags(R0), R22
	TBZ $1, R22, next8
	FINISH4
	JMP next8

	// ---- up to 4 columns ----
tile4:
	START
	MOVD gemmArgs_flags(R0), R23
	TBNZ $0, R23, fill4
	LDRQ(QBIAS, 26, 16)
	COPY3(16, 17, 18, 19)
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
	// The first group loads rows of the tap that ends here.
	TAP4
	JMP more4
last4:
	ONLYGROUP(NOTHING)
	MOVD gemmArgs_flags(R0), R23
	CBNZ R23, spill8
	JMP finish8

fill4:
	MOVD gemmArgs_acc(R0), R23
	FILL16
	JMP k4

	// ---- one row, 16 columns ----
	// V4, V5 the row   V8-V11 weights   V12-V15 weights of the next step
row:
	MOVW (R1), R9
	ADD R24, R9, R9
	MOVD R19, R2
	MOVD gemmArgs_taps(R0), R13
	MOVD gemmArgs_ntaps(R0), R4
	VLD1.P 64(R2), [V8.B16, V9.B16, V10.B16, V11.B16]
	MOVD gemmArgs_flags(R0), R23
	TBNZ $0, R23, fill1
	LDPQ(QBIAS, 26, 16, 20)
	LDPQ(QBIAS+32, 26, 24, 28)
row1:
	MOVW.P 4(R13), R22
	MOVD R21, R3
	ADD R22, R9, R5
	LD1R_8H_P(5, 4)
	LD1R_8H_P(5, 5)
	PCALIGN $16
k1:
	SUBS $4, R3, R3
	BEQ odd1
	SMULL_8H(8, 4, 0)
	VLD1.P 64(R2), [V12.B16, V13.B16, V14.B16, V15.B16]
	SMULL_8H(9, 4, 1)
	SMULL_8H(10, 4, 2)
	SMULL_8H(11, 4, 3)
	LD1R_8H_P(5, 4)
	SMLAL2_8H(8, 5, 0)
	SMLAL2_8H(9, 5, 1)
	SMLAL2_8H(10, 5, 2)
	SMLAL2_8H(11, 5, 3)
	LD1R_8H_P(5, 5)
	SADALP_4S(0, 16)
	SADALP_4S(1, 20)
	SADALP_4S(2, 24)
	SADALP_4S(3, 28)
	SUBS $4, R3, R3
	BEQ even1
	SMULL_8H(12, 4, 0)
	VLD1.P 64(R2), [V8.B16, V9.B16, V10.B16, V11.B16]
	SMULL_8H(13, 4, 1)
	SMULL_8H(14, 4, 2)
	SMULL_8H(15, 4, 3)
	LD1R_8H_P(5, 4)
	SMLAL2_8H(12, 5, 0)
	SMLAL2_8H(13, 5, 1)
	SMLAL2_8H(14, 5, 2)
	SMLAL2_8H(15, 5, 3)
	LD1R_8H_P(5, 5)
	SADALP_4S(0, 16)
	SADALP_4S(1, 20)
	SADALP_4S(2, 24)
	SADALP_4S(3, 28)
	JMP k1
even1:
	VMOV V12.B16, V8.B16
	VMOV V13.B16, V9.B16
	VMOV V14.B16, V10.B16
	VMOV V15.B16, V11.B16
odd1:
	SUBS $1, R4, R4
	SMULL_8H(8, 4, 0)
	SMULL_8H(9, 4, 1)
	SMULL_8H(10, 4, 2)
	SMULL_8H(11, 4, 3)
	SMLAL2_8H(8, 5, 0)
	SMLAL2_8H(9, 5, 1)
	SMLAL2_8H(10, 5, 2)
	SMLAL2_8H(11, 5, 3)
	SADALP_4S(0, 16)
	SADALP_4S(1, 20)
	SADALP_4S(2, 24)
	SADALP_4S(3, 28)
	BEQ last1
	VLD1.P 64(R2), [V8.B16, V9.B16, V10.B16, V11.B16]
	JMP row1
last1:
	CBNZ R23, spill1
	EPILOGUE1
	MOVW (R15), R9
	ADD R25, R9, R9
	CMP $16, R20
	BLT part1
	STRQ(0, 9, 16)
	JMP done
part1:
	STOREPART(9, 16)
	JMP done

fill1:
	MOVD gemmArgs_acc(R0), R22
	LDPQ(0, 22, 16, 20)
	LDPQ(32, 22, 24, 28)
	JMP row1

spill1:
	MOVD gemmArgs_acc(R0), R22
	STPQ(0, 22, 16, 20)
	STPQ(32, 22, 24, 28)
	TBZ $1, R23, done
	MOVD R22, R23
	MOVD $1, R4
	CALL ·gemmFinish(SB)

done:
	BLOCKNEXT
	BGT block
	RET
