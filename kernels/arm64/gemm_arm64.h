// What the GEMM kernels of all tiers share: registers, the walk over rows and
// column blocks, and the way from accumulators to outputs. gemm_arm64.go has the
// argument struct and the memory layouts.
//
// R0  arguments               R14 rows left
// R1  offsets of rows         R15 offsets of outputs
// R2  weights                 R19 weights of the column block, what is skipped left out
// R3  bytes left of the tap   R20 columns left, of the group
// R4  taps left               R21 blocks left, of the call
// R5-R8   row cursors         R22, R23 for the moment
// R9-R12  row starts          R24 what rows count from
// R13 offsets of taps         R25 output of the column block
//                             R26 constants of the column block
// V16-V31 accumulators: row r, columns 4g to 4g+3 of the block in V(16+4r+g)

// Constants of a column block, in bytes from R26; the bias is at 0 or further
// behind.
#define QMULT  64
#define QSHIFT 128
#define QNEGM  192
#define QNEGS  256

#define GEMMARGS \
	MOVD a+0(FP), R0; \
	MOVD gemmArgs_w(R0), R19; \
	MOVD gemmArgs_n(R0), R20; \
	MOVD gemmArgs_blocks(R0), R21; \
	MOVD gemmArgs_a(R0), R24; \
	MOVD gemmArgs_out(R0), R25; \
	MOVD gemmArgs_q(R0), R26

#define BLOCKSTART \
	MOVD gemmArgs_rows(R0), R1; \
	MOVD gemmArgs_outs(R0), R15; \
	MOVD gemmArgs_m(R0), R14

// HEAD skips the weights of a block's first bytes of a row.
#define HEAD(columns) \
	MOVD gemmArgs_head(R0), R22; \
	MOVD $columns, R23; \
	MADD R22, R19, R23, R19

// BLOCKNEXT goes to the next block, behind one of so many columns; the flags say
// whether there is any.
#define BLOCKNEXT(columns) \
	MOVD gemmArgs_rest(R0), R22; \
	MOVD $columns, R23; \
	MADD R22, R19, R23, R19; \
	MOVD gemmArgs_qstep(R0), R22; \
	ADD  R22, R26, R26; \
	MOVD gemmArgs_shift(R0), R22; \
	LSL  R22, R23, R22; \
	ADD  R22, R25, R25; \
	SUB  $columns, R20, R20; \
	SUBS $1, R21, R21

// FOUR loads four offsets from R(t) on and adds them to R(b), into R9 to R12. Of a
// tail of 1 to 3 rows the last one stands for those that are missing: they are
// computed, and written, again.
#define FOUR(t, b) \
	CMP  $4, R14; \
	BLT  6(PC); \
	MOVW (t), R9; \
	MOVW 4(t), R10; \
	MOVW 8(t), R11; \
	MOVW 12(t), R12; \
	JMP  11(PC); \
	MOVW (t), R9; \
	MOVD R9, R10; \
	CMP  $2, R14; \
	BLT  2(PC); \
	MOVW 4(t), R10; \
	CMP  $3, R14; \
	MOVD R10, R11; \
	BLT  2(PC); \
	MOVW 8(t), R11; \
	MOVD R11, R12; \
	ADD  b, R9, R9; \
	ADD  b, R10, R10; \
	ADD  b, R11, R11; \
	ADD  b, R12, R12

// TAP4 sets the row cursors to the next tap.
#define TAP4 \
	MOVW.P 4(R13), R22; \
	MOVD gemmArgs_kc(R0), R3; \
	ADD  R22, R9, R5; \
	ADD  R22, R10, R6; \
	ADD  R22, R11, R7; \
	ADD  R22, R12, R8

// GAPn skips the weights between two taps of a block of n columns.
#define GAP16 \
	MOVD gemmArgs_gap(R0), R22; \
	ADD  R22<<4, R2, R2
#define GAP12 \
	MOVD gemmArgs_gap(R0), R22; \
	ADD  R22<<3, R2, R2; \
	ADD  R22<<2, R2, R2
#define GAP8 \
	MOVD gemmArgs_gap(R0), R22; \
	ADD  R22<<3, R2, R2
#define GAP4 \
	MOVD gemmArgs_gap(R0), R22; \
	ADD  R22<<2, R2, R2

// TILENEXT goes to the next four rows; the flags say whether there are any.
#define TILENEXT \
	ADD  $16, R1, R1; \
	ADD  $16, R15, R15; \
	SUBS $4, R14, R14

// BIAS starts the accumulators of four rows with what is at R(n), BIAS1 those of
// one. BIASAT points R22 there.
#define BIASAT \
	MOVD gemmArgs_bias(R0), R22; \
	ADD  R26, R22, R22
#define BIAS1(n) LD1X4_16B(n, 16)
#define BIAS(n) \
	LD1X4_16B(n, 16); \
	LD1X4_16B(n, 20); \
	LD1X4_16B(n, 24); \
	LD1X4_16B(n, 28)

// Requantization. (acc·m + 2^(30+s)) >> (31+s) is what SQDMULH and SRSHL give; here
// it takes fewer instructions. With acc' = acc << (16-s), SQDMULH gives u =
// floor(acc'·m / 2^31), and RADDHN with the zero point in the upper half gives
//
//	(u + z·2^16 + 2^15) >> 16 = z + floor((floor(acc·m·2^(16-s) / 2^31) + 2^15) / 2^16)
//	                          = z + floor((acc·m + 2^(30+s)) / 2^(31+s))
//
// in 16 bits. That needs s <= 16, |acc'| < 2^31 and a result of 16 bits: pack looks
// at what the weights allow. Blocks with channels where it does not hold have
// negative shifts, and go through gemmFinish.

// SCALES loads multipliers to V0 to V3, shifts to V4 to V7, the zero point to V8,
// the bounds to V9 and V10.
#define SCALES \
	ADD $QMULT, R26, R22; \
	LD1X4_16B_P(22, 0); \
	LD1X4_16B(22, 4); \
	ADD $gemmArgs_zero, R0, R23; \
	LD1X3_16B(23, 8)

// SCALE8 takes 16 accumulators of each of two rows to 16 bits, zero point added,
// in a0, a2 and b0, b2.
#define SCALE8(a0, a1, a2, a3, b0, b1, b2, b3) \
	SSHL_4S(4, a0, a0); \
	SSHL_4S(5, a1, a1); \
	SSHL_4S(6, a2, a2); \
	SSHL_4S(7, a3, a3); \
	SSHL_4S(4, b0, b0); \
	SSHL_4S(5, b1, b1); \
	SSHL_4S(6, b2, b2); \
	SSHL_4S(7, b3, b3); \
	SQDMULH_4S(0, a0, a0); \
	SQDMULH_4S(1, a1, a1); \
	SQDMULH_4S(2, a2, a2); \
	SQDMULH_4S(3, a3, a3); \
	SQDMULH_4S(0, b0, b0); \
	SQDMULH_4S(1, b1, b1); \
	SQDMULH_4S(2, b2, b2); \
	SQDMULH_4S(3, b3, b3); \
	RADDHN_4H(8, a0, a0); \
	RADDHN_4H(8, a2, a2); \
	RADDHN_4H(8, b0, b0); \
	RADDHN_4H(8, b2, b2); \
	RADDHN2_8H(8, a1, a0); \
	RADDHN2_8H(8, a3, a2); \
	RADDHN2_8H(8, b1, b0); \
	RADDHN2_8H(8, b3, b2)

// SCALE4 is SCALE8 for blocks of up to 8 columns: the rows end up in a0 and b0.
#define SCALE4(a0, a1, b0, b1) \
	SSHL_4S(4, a0, a0); \
	SSHL_4S(5, a1, a1); \
	SSHL_4S(4, b0, b0); \
	SSHL_4S(5, b1, b1); \
	SQDMULH_4S(0, a0, a0); \
	SQDMULH_4S(1, a1, a1); \
	SQDMULH_4S(0, b0, b0); \
	SQDMULH_4S(1, b1, b1); \
	RADDHN_4H(8, a0, a0); \
	RADDHN_4H(8, b0, b0); \
	RADDHN2_8H(8, a1, a0); \
	RADDHN2_8H(8, b1, b0)

// EPILOGUE16 takes the accumulators of four rows and 16 columns to bytes, in V16,
// V20, V24, V28.
#define EPILOGUE16 \
	SCALES; \
	SCALE8(16, 17, 18, 19, 20, 21, 22, 23); \
	SCALE8(24, 25, 26, 27, 28, 29, 30, 31); \
	NARROW4; \
	SQXTN2_16B(18, 16); \
	SQXTN2_16B(22, 20); \
	SQXTN2_16B(26, 24); \
	SQXTN2_16B(30, 28); \
	CLAMP4

#define NARROW4 \
	SQXTN_8B(16, 16); \
	SQXTN_8B(20, 20); \
	SQXTN_8B(24, 24); \
	SQXTN_8B(28, 28)

// CLAMP4 does nothing where the bounds are those of the type.
#define CLAMP4 \
	MOVD gemmArgs_flags(R0), R22; \
	TBZ $5, R22, 9(PC); \
	SMAX_16B(9, 16, 16); \
	SMAX_16B(9, 20, 20); \
	SMAX_16B(9, 24, 24); \
	SMAX_16B(9, 28, 28); \
	SMIN_16B(10, 16, 16); \
	SMIN_16B(10, 20, 20); \
	SMIN_16B(10, 24, 24); \
	SMIN_16B(10, 28, 28)

// EPILOGUE8 is the same for up to 8 columns.
#define EPILOGUE8 \
	SCALES; \
	SCALE4(16, 17, 20, 21); \
	SCALE4(24, 25, 28, 29); \
	NARROW4; \
	CLAMP4

// EPILOGUE1 is the same for one row of 16 columns from V(a) on, in V16.
#define EPILOGUE1(a) \
	SCALES; \
	SSHL_4S(4, a, a); \
	SSHL_4S(5, a+1, a+1); \
	SSHL_4S(6, a+2, a+2); \
	SSHL_4S(7, a+3, a+3); \
	SQDMULH_4S(0, a, a); \
	SQDMULH_4S(1, a+1, a+1); \
	SQDMULH_4S(2, a+2, a+2); \
	SQDMULH_4S(3, a+3, a+3); \
	RADDHN_4H(8, a, a); \
	RADDHN_4H(8, a+2, a+2); \
	RADDHN2_8H(8, a+1, a); \
	RADDHN2_8H(8, a+3, a+2); \
	SQXTN_8B(a, 16); \
	SQXTN2_16B(a+2, 16); \
	SMAX_16B(9, 16, 16); \
	SMIN_16B(10, 16, 16)

// SPECIAL goes to a label when the outputs of a tile are not to be made here: the
// accumulators are to be spilled, or gemmFinish makes the outputs.
#define SPECIAL(label) \
	MOVD gemmArgs_flags(R0), R23; \
	MOVW QSHIFT(R26), R22; \
	TBNZ $2, R23, label; \
	TBNZ $31, R22, label

// STORE16 writes four rows of 16 columns.
#define STORE16 \
	ST1X1_16B(9, 16); \
	ST1X1_16B(10, 20); \
	ST1X1_16B(11, 24); \
	ST1X1_16B(12, 28)

// COLUMNS sets R22 to the columns left, at most those of the block.
#define COLUMNS(columns) \
	MOVD $columns, R22; \
	CMP  R22, R20; \
	CSEL LT, R20, R22, R22

// STOREPART writes the first R22 bytes, fewer than 16, of V(d) to the address in
// R(n).
#define STOREPART(n, d) \
	TBZ $3, R22, 3(PC); \
	STRD_P(8, n, d); \
	EXT_16B(8, d, d, d); \
	TBZ $2, R22, 3(PC); \
	STRS_P(4, n, d); \
	EXT_16B(4, d, d, d); \
	TBZ $1, R22, 3(PC); \
	STRH_P(2, n, d); \
	EXT_16B(2, d, d, d); \
	TBZ $0, R22, 2(PC); \
	STRB(0, n, d)

#define STOREPART4 \
	STOREPART(9, 16); \
	STOREPART(10, 20); \
	STOREPART(11, 24); \
	STOREPART(12, 28)

// SPILL writes the accumulators of four rows to R23, 64 bytes a row, FILL
// reads them from R(n).
#define SPILL \
	STPQ(0, 23, 16, 17); \
	STPQ(32, 23, 18, 19); \
	STPQ(64, 23, 20, 21); \
	STPQ(96, 23, 22, 23); \
	STPQ(128, 23, 24, 25); \
	STPQ(160, 23, 26, 27); \
	STPQ(192, 23, 28, 29); \
	STPQ(224, 23, 30, 31)

#define FILL(n) \
	LDPQ(0, n, 16, 17); \
	LDPQ(32, n, 18, 19); \
	LDPQ(64, n, 20, 21); \
	LDPQ(96, n, 22, 23); \
	LDPQ(128, n, 24, 25); \
	LDPQ(160, n, 26, 27); \
	LDPQ(192, n, 28, 29); \
	LDPQ(224, n, 30, 31)

// FINISHED is the end of a special tile of so many columns.
#define FINISHED(columns, next) \
	MOVD gemmArgs_acc(R0), R23; \
	SPILL; \
	MOVD gemmArgs_flags(R0), R22; \
	TBNZ $2, R22, next; \
	MOVD $4, R4; \
	CMP  $4, R14; \
	CSEL LT, R14, R4, R4; \
	COLUMNS(columns); \
	CALL ·gemmFinish(SB); \
	JMP  next

// FINISHED1 is FINISHED for one row of 16 columns.
#define FINISHED1(next) \
	MOVD gemmArgs_acc(R0), R23; \
	STPQ(0, 23, 16, 17); \
	STPQ(32, 23, 18, 19); \
	MOVD gemmArgs_flags(R0), R22; \
	TBNZ $2, R22, next; \
	MOVD $1, R4; \
	COLUMNS(16); \
	CALL ·gemmFinish(SB); \
	JMP  next
