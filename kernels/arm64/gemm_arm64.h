// What the GEMM kernels of all tiers share: registers, the walk over rows and
// column blocks, and the way from accumulators to outputs. gemm_arm64.go has the
// argument struct and the memory layouts.
//
// R0  arguments               R14 rows left
// R1  offsets of rows         R15 offsets of outputs
// R2  weights                 R19 weights of the column block
// R3  bytes left of the tap   R20 columns left
// R4  taps left               R21 bytes of a tap
// R5-R8   row cursors         R22, R23 for the moment
// R9-R12  row starts          R24 what rows count from
// R13 offsets of taps         R25 output of the column block
//                             R26 constants of the column block
// V16-V31 accumulators: row r, columns 4g to 4g+3 of the block in V(16+4g+r)

// Constants of a column block, in bytes: what finish and the kernels read at R26.
#define QBIAS  0
#define QMULT  64
#define QSHIFT 128
#define QNEGM  192
#define QNEGS  256

#define GEMMARGS \
	MOVD a+0(FP), R0; \
	MOVD gemmArgs_w(R0), R19; \
	MOVD gemmArgs_n(R0), R20; \
	MOVD gemmArgs_kc(R0), R21; \
	MOVD gemmArgs_a(R0), R24; \
	MOVD gemmArgs_out(R0), R25; \
	MOVD gemmArgs_q(R0), R26

#define BLOCKSTART \
	MOVD gemmArgs_rows(R0), R1; \
	MOVD gemmArgs_outs(R0), R15; \
	MOVD gemmArgs_m(R0), R14

// BLOCKNEXT goes to the next 16 columns; the flags say whether there are any.
// R2 is behind the block's weights.
#define BLOCKNEXT \
	MOVD R2, R19; \
	MOVD gemmArgs_qstep(R0), R22; \
	ADD  R22, R26, R26; \
	MOVD gemmArgs_ostep(R0), R22; \
	ADD  R22, R25, R25; \
	SUBS $16, R20, R20

// ROWS4 loads four row starts; of a tail of 1 to 3 rows the last one stands for
// those that are missing.
#define ROWS4 \
	MOVW (R1), R9; \
	CMP  $2, R14; \
	BLT  2(PC); \
	MOVW 4(R1), R10; \
	CSEL LT, R9, R10, R10; \
	CMP  $3, R14; \
	BLT  2(PC); \
	MOVW 8(R1), R11; \
	CSEL LT, R10, R11, R11; \
	CMP  $4, R14; \
	BLT  2(PC); \
	MOVW 12(R1), R12; \
	CSEL LT, R11, R12, R12; \
	ADD  R24, R9, R9; \
	ADD  R24, R10, R10; \
	ADD  R24, R11, R11; \
	ADD  R24, R12, R12

// OUTS4 does the same with the output rows, in R9 to R12: the missing ones are
// written again with the same values.
#define OUTS4 \
	MOVW (R15), R9; \
	CMP  $2, R14; \
	BLT  2(PC); \
	MOVW 4(R15), R10; \
	CSEL LT, R9, R10, R10; \
	CMP  $3, R14; \
	BLT  2(PC); \
	MOVW 8(R15), R11; \
	CSEL LT, R10, R11, R11; \
	CMP  $4, R14; \
	BLT  2(PC); \
	MOVW 12(R15), R12; \
	CSEL LT, R11, R12, R12; \
	ADD  R25, R9, R9; \
	ADD  R25, R10, R10; \
	ADD  R25, R11, R11; \
	ADD  R25, R12, R12

// TAP4 sets the row cursors to the next tap.
#define TAP4 \
	MOVW.P 4(R13), R22; \
	MOVD R21, R3; \
	ADD  R22, R9, R5; \
	ADD  R22, R10, R6; \
	ADD  R22, R11, R7; \
	ADD  R22, R12, R8

#define COPY3(s, a, b, c) \
	MOV_16B(s, a); \
	MOV_16B(s, b); \
	MOV_16B(s, c)

// CLAMPS loads what REQUANT16 and NARROW need besides multipliers and shifts: the
// zero point in V8, the bounds in V9 and V10.
#define CLAMPS \
	ADD $gemmArgs_zero, R0, R22; \
	LD1R_8H(22, 8); \
	ADD $gemmArgs_lo, R0, R22; \
	LD1R_16B(22, 9); \
	ADD $gemmArgs_hi, R0, R22; \
	LD1R_16B(22, 10)

// SCALE8 takes eight accumulators of two rows to 16 bits, zero point added: the
// row's 16 columns end up in a0, a2 and b0, b2.
#define SCALE8(a0, a1, a2, a3, b0, b1, b2, b3) \
	SQDMULH_4S(0, a0, a0); \
	SQDMULH_4S(1, a1, a1); \
	SQDMULH_4S(2, a2, a2); \
	SQDMULH_4S(3, a3, a3); \
	SQDMULH_4S(0, b0, b0); \
	SQDMULH_4S(1, b1, b1); \
	SQDMULH_4S(2, b2, b2); \
	SQDMULH_4S(3, b3, b3); \
	SRSHL_4S(4, a0, a0); \
	SRSHL_4S(5, a1, a1); \
	SRSHL_4S(6, a2, a2); \
	SRSHL_4S(7, a3, a3); \
	SRSHL_4S(4, b0, b0); \
	SRSHL_4S(5, b1, b1); \
	SRSHL_4S(6, b2, b2); \
	SRSHL_4S(7, b3, b3); \
	SQXTN_4H(a0, a0); \
	SQXTN_4H(a2, a2); \
	SQXTN_4H(b0, b0); \
	SQXTN_4H(b2, b2); \
	SQXTN2_8H(a1, a0); \
	SQXTN2_8H(a3, a2); \
	SQXTN2_8H(b1, b0); \
	SQXTN2_8H(b3, b2); \
	SQADD_8H(8, a0, a0); \
	SQADD_8H(8, a2, a2); \
	SQADD_8H(8, b0, b0); \
	SQADD_8H(8, b2, b2)

// SCALE4 is SCALE8 for blocks of up to 8 columns: the rows end up in a0 and b0.
#define SCALE4(a0, a1, b0, b1) \
	SQDMULH_4S(0, a0, a0); \
	SQDMULH_4S(1, a1, a1); \
	SQDMULH_4S(0, b0, b0); \
	SQDMULH_4S(1, b1, b1); \
	SRSHL_4S(4, a0, a0); \
	SRSHL_4S(5, a1, a1); \
	SRSHL_4S(4, b0, b0); \
	SRSHL_4S(5, b1, b1); \
	SQXTN_4H(a0, a0); \
	SQXTN_4H(b0, b0); \
	SQXTN2_8H(a1, a0); \
	SQXTN2_8H(b1, b0); \
	SQADD_8H(8, a0, a0); \
	SQADD_8H(8, b0, b0)

// EPILOGUE16 takes the accumulators of four rows and 16 columns to bytes, in V16
// to V19.
#define EPILOGUE16 \
	LDPQ(QMULT, 26, 0, 1); \
	LDPQ(QMULT+32, 26, 2, 3); \
	LDPQ(QSHIFT, 26, 4, 5); \
	LDPQ(QSHIFT+32, 26, 6, 7); \
	CLAMPS; \
	SCALE8(16, 20, 24, 28, 17, 21, 25, 29); \
	SCALE8(18, 22, 26, 30, 19, 23, 27, 31); \
	SQXTN_8B(16, 16); \
	SQXTN_8B(17, 17); \
	SQXTN_8B(18, 18); \
	SQXTN_8B(19, 19); \
	SQXTN2_16B(24, 16); \
	SQXTN2_16B(25, 17); \
	SQXTN2_16B(26, 18); \
	SQXTN2_16B(27, 19); \
	CLAMP4

#define CLAMP4 \
	SMAX_16B(9, 16, 16); \
	SMAX_16B(9, 17, 17); \
	SMAX_16B(9, 18, 18); \
	SMAX_16B(9, 19, 19); \
	SMIN_16B(10, 16, 16); \
	SMIN_16B(10, 17, 17); \
	SMIN_16B(10, 18, 18); \
	SMIN_16B(10, 19, 19)

// EPILOGUE8 is the same for up to 8 columns.
#define EPILOGUE8 \
	LDPQ(QMULT, 26, 0, 1); \
	LDPQ(QSHIFT, 26, 4, 5); \
	CLAMPS; \
	SCALE4(16, 20, 17, 21); \
	SCALE4(18, 22, 19, 23); \
	SQXTN_8B(16, 16); \
	SQXTN_8B(17, 17); \
	SQXTN_8B(18, 18); \
	SQXTN_8B(19, 19); \
	CLAMP4

// EPILOGUE1 is the same for one row of 16 columns, in V16.
#define EPILOGUE1 \
	LDPQ(QMULT, 26, 0, 1); \
	LDPQ(QMULT+32, 26, 2, 3); \
	LDPQ(QSHIFT, 26, 4, 5); \
	LDPQ(QSHIFT+32, 26, 6, 7); \
	CLAMPS; \
	SQDMULH_4S(0, 16, 16); \
	SQDMULH_4S(1, 20, 20); \
	SQDMULH_4S(2, 24, 24); \
	SQDMULH_4S(3, 28, 28); \
	SRSHL_4S(4, 16, 16); \
	SRSHL_4S(5, 20, 20); \
	SRSHL_4S(6, 24, 24); \
	SRSHL_4S(7, 28, 28); \
	SQXTN_4H(16, 16); \
	SQXTN_4H(24, 24); \
	SQXTN2_8H(20, 16); \
	SQXTN2_8H(28, 24); \
	SQADD_8H(8, 16, 16); \
	SQADD_8H(8, 24, 24); \
	SQXTN_8B(16, 16); \
	SQXTN2_16B(24, 16); \
	SMAX_16B(9, 16, 16); \
	SMIN_16B(10, 16, 16)

// STOREPART writes the first R20 bytes, fewer than 16, of V(d) to the address in
// R(n).
#define STOREPART(n, d) \
	TBZ $3, R20, 3(PC); \
	STRD_P(8, n, d); \
	EXT_16B(8, d, d, d); \
	TBZ $2, R20, 3(PC); \
	STRS_P(4, n, d); \
	EXT_16B(4, d, d, d); \
	TBZ $1, R20, 3(PC); \
	STRH_P(2, n, d); \
	EXT_16B(2, d, d, d); \
	TBZ $0, R20, 2(PC); \
	STRB(0, n, d)

// SPILL16 writes the accumulators of four rows to R23, 64 bytes a row, as finish
// wants them.
#define SPILLROW(o, r) \
	STPQ(o, 23, 16+r, 20+r); \
	STPQ(o+32, 23, 24+r, 28+r)

#define SPILL16 \
	SPILLROW(0, 0); \
	SPILLROW(64, 1); \
	SPILLROW(128, 2); \
	SPILLROW(192, 3)

// FILL16 is the way back.
#define FILLROW(o, r) \
	LDPQ(o, 23, 16+r, 20+r); \
	LDPQ(o+32, 23, 24+r, 28+r)

#define FILL16 \
	FILLROW(0, 0); \
	FILLROW(64, 1); \
	FILLROW(128, 2); \
	FILLROW(192, 3)

// FINISH4 makes the outputs of a spilled tile.
#define FINISH4 \
	MOVD $4, R4; \
	CMP $4, R14; \
	CSEL LT, R14, R4, R4; \
	CALL ·gemmFinish(SB)
