//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "neon_arm64.h"

// Pooling: maximum and average over windows, sums over feature maps, and the scaling
// of sums. Channels go 64, 32 or 16 at a time; the last 16 of a pixel are computed a
// second time in part, when their number is no multiple of 16.
//
// R1 input, R2 output pixel at the next channel   R3 channels left, less a block
// R4, R5 row of taps, and how many are left   R6, R7 tap   R8, R9 between taps: rows,
// columns   R10, R11 window   R12 pixels left   R13, R14 between pixels
// R19 channels   R20, R21 input and output pixel

// TAPS does op for all taps of a window.
#define TAPS(row, tap, op) \
	MOVD R1, R4; \
	MOVD R10, R5; \
row: \
	MOVD R4, R6; \
	MOVD R11, R7; \
tap: \
	op; \
	ADD R9, R6, R6; \
	SUBS $1, R7, R7; \
	BNE tap; \
	ADD R8, R4, R4; \
	SUBS $1, R5, R5; \
	BNE row

#define MAX64 \
	LDURQ(0, 6, 4); \
	LDURQ(16, 6, 5); \
	LDURQ(32, 6, 6); \
	SMAX_16B(4, 0, 0); \
	LDURQ(48, 6, 7); \
	SMAX_16B(5, 1, 1); \
	SMAX_16B(6, 2, 2); \
	SMAX_16B(7, 3, 3)

#define MAX16 \
	LDURQ(0, 6, 4); \
	SMAX_16B(4, 0, 0)

#define PIXELS \
	LDP poolTask_src(R0), (R20, R21); \
	LDP poolTask_kh(R0), (R10, R11); \
	LDP poolTask_rowStep(R0), (R8, R9); \
	LDP poolTask_n(R0), (R12, R19); \
	LDP poolTask_srcStep(R0), (R13, R14)

// func maxPoolNEON(t *poolTask)
//
// V0-V3 maxima   V4-V7 taps   V16, V17 lo, hi
TEXT ·maxPoolNEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	PIXELS
	ADD $poolTask_lo8, R0, R1
	LDRQ(0, 1, 16)
	LDRQ(16, 1, 17)

pixel:
	MOVD R20, R1
	MOVD R21, R2
	SUBS $64, R19, R3
	BLT less64

block64:
	MOV_16B(16, 0)
	MOV_16B(16, 1)
	MOV_16B(16, 2)
	MOV_16B(16, 3)
	TAPS(row64, tap64, MAX64)
	SMIN_16B(17, 0, 0)
	SMIN_16B(17, 1, 1)
	SMIN_16B(17, 2, 2)
	SMIN_16B(17, 3, 3)
	STPQ(0, 2, 0, 1)
	STPQ(32, 2, 2, 3)
	ADD $64, R1, R1
	ADD $64, R2, R2
	SUBS $64, R3, R3
	BGE block64

less64:
	ADDS $48, R3, R3
	BLT last

block16:
	MOV_16B(16, 0)
	TAPS(row16, tap16, MAX16)
	SMIN_16B(17, 0, 0)
	STRQ(0, 2, 0)
	ADD $16, R1, R1
	ADD $16, R2, R2
	SUBS $16, R3, R3
	BGE block16

	// R3 is 16 less than what is left: back to the last 16.
last:
	CMP $-16, R3
	BEQ next
	ADD R3, R1, R1
	ADD R3, R2, R2
	MOV_16B(16, 0)
	TAPS(row, tap, MAX16)
	SMIN_16B(17, 0, 0)
	STRQ(0, 2, 0)

next:
	ADD R13, R20, R20
	ADD R14, R21, R21
	SUBS $1, R12, R12
	BNE pixel
	RET

#define SUM32 \
	LDURQ(0, 6, 16); \
	LDURQ(16, 6, 17); \
	SADDW_8H(16, 20, 20); \
	SADDW2_8H(16, 21, 21); \
	SADDW_8H(17, 22, 22); \
	SADDW2_8H(17, 23, 23)

#define SUM16 \
	LDURQ(0, 6, 16); \
	SADDW_8H(16, 20, 20); \
	SADDW2_8H(16, 21, 21)

// WIDEN makes 16 sums of 32 bits, a to a+3, from 16 of 16, s and s+1, and the bias.
#define WIDEN(s, a) \
	SADDW_4S(s, 24, a); \
	SADDW2_4S(s, 24, a+1); \
	SADDW_4S(s+1, 24, a+2); \
	SADDW2_4S(s+1, 24, a+3)

// SCALE takes 16 sums to integers of 32 bits: pre-shift, multiplier, shift.
#define SCALE(a) \
	SQSHL_4S(25, a, a); \
	SQSHL_4S(25, a+1, a+1); \
	SQSHL_4S(25, a+2, a+2); \
	SQSHL_4S(25, a+3, a+3); \
	SQDMULH_4S(26, a, a); \
	SQDMULH_4S(26, a+1, a+1); \
	SQDMULH_4S(26, a+2, a+2); \
	SQDMULH_4S(26, a+3, a+3); \
	SRSHL_4S(27, a, a); \
	SRSHL_4S(27, a+1, a+1); \
	SRSHL_4S(27, a+2, a+2); \
	SRSHL_4S(27, a+3, a+3); \
	ADD_4S(28, a, a); \
	ADD_4S(28, a+1, a+1); \
	ADD_4S(28, a+2, a+2); \
	ADD_4S(28, a+3, a+3); \
	SQXTN_4H(a, a); \
	SQXTN_4H(a+2, a+2); \
	SQXTN2_8H(a+1, a); \
	SQXTN2_8H(a+3, a+2); \
	SMAX_8H(29, a, a); \
	SMAX_8H(29, a+2, a+2); \
	SMIN_8H(30, a, a); \
	SMIN_8H(30, a+2, a+2)

// PUT stores 16 results at R2 and goes on, as 8 bits or, when R15 is 1, as 16.
#define PUT(a, wide, done) \
	CBNZ R15, wide; \
	XTN_8B(a, a); \
	XTN2_16B(a+2, a); \
	STRQ(0, 2, a); \
	ADD $16, R2, R2; \
	JMP done; \
wide: \
	STPQ(0, 2, a, a+2); \
	ADD $32, R2, R2; \
done:

#define CONSTANTS(at) \
	MOVD poolTask_wide(R0), R15; \
	ADD $at, R0, R1; \
	LDRQ(0, 1, 24); \
	LDRQ(16, 1, 25); \
	LDRQ(32, 1, 26); \
	LDRQ(48, 1, 27); \
	LDRQ(64, 1, 28); \
	LDRQ(80, 1, 29); \
	LDRQ(96, 1, 30)

// func averageNEON(t *poolTask)
//
// V0-V7 sums of 32 bits   V16, V17 taps   V20-V23 sums   V24 bias   V25 pre-shift
// V26 mult   V27 shift   V28 zero   V29, V30 lo, hi
TEXT ·averageNEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	PIXELS
	CONSTANTS(poolTask_scale)

pixel:
	MOVD R20, R1
	MOVD R21, R2
	SUBS $32, R19, R3
	BLT less32

block32:
	ZERO(20)
	ZERO(21)
	ZERO(22)
	ZERO(23)
	TAPS(row32, tap32, SUM32)
	WIDEN(20, 0)
	WIDEN(22, 4)
	SCALE(0)
	SCALE(4)
	PUT(0, wide1, done1)
	PUT(4, wide2, done2)
	ADD $32, R1, R1
	SUBS $32, R3, R3
	BGE block32

less32:
	ADDS $16, R3, R3
	BLT last
	ZERO(20)
	ZERO(21)
	TAPS(row16, tap16, SUM16)
	WIDEN(20, 0)
	SCALE(0)
	PUT(0, wide3, done3)
	ADD $16, R1, R1
	SUB $16, R3, R3

last:
	CMP $-16, R3
	BEQ next
	ADD R3, R1, R1
	LSL R15, R3, R4
	ADD R4, R2, R2
	ZERO(20)
	ZERO(21)
	TAPS(row, tap, SUM16)
	WIDEN(20, 0)
	SCALE(0)
	PUT(0, wide4, done4)

next:
	ADD R13, R20, R20
	ADD R14, R21, R21
	SUBS $1, R12, R12
	BNE pixel
	RET

// func scaleNEON(t *scaleTask)
//
// R1 sums   R2 results   R3 left, less 16
TEXT ·scaleNEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	MOVD scaleTask_wide(R0), R15
	ADD $scaleTask_scale, R0, R1
	LDRQ(0, 1, 24)
	LDRQ(16, 1, 25)
	LDRQ(32, 1, 26)
	LDRQ(48, 1, 27)
	LDRQ(64, 1, 28)
	LDRQ(80, 1, 29)
	LDRQ(96, 1, 30)
	LDP scaleTask_sums(R0), (R1, R2)
	MOVD scaleTask_n(R0), R3
	SUB $16, R3, R3

block:
	LDPQ(0, 1, 0, 1)
	LDPQ(32, 1, 2, 3)
	ADD $64, R1, R1
	SCALE(0)
	PUT(0, wide, done)
	CMP $0, R3
	BEQ end
	SUBS $16, R3, R3
	BGE block

	// Back to the last 16.
	ADD R3<<2, R1, R1
	LSL R15, R3, R4
	ADD R4, R2, R2
	MOVD ZR, R3
	JMP block

end:
	RET

// ADD16 adds 16 sums of 16 bits, s and s+1, to those of 32 at R2 + o.
#define ADD16(o, s) \
	LDPQ(o, 2, 0, 1); \
	LDPQ(o+32, 2, 2, 3); \
	SADDW_4S(s, 0, 0); \
	SADDW2_4S(s, 1, 1); \
	SADDW_4S(s+1, 2, 2); \
	SADDW2_4S(s+1, 3, 3); \
	STPQ(o, 2, 0, 1); \
	STPQ(o+32, 2, 2, 3)

#define COUNT64 \
	LDURQ(0, 6, 24); \
	LDURQ(16, 6, 25); \
	LDURQ(32, 6, 26); \
	SADDW_8H(24, 16, 16); \
	SADDW2_8H(24, 17, 17); \
	LDURQ(48, 6, 27); \
	SADDW_8H(25, 18, 18); \
	SADDW2_8H(25, 19, 19); \
	SADDW_8H(26, 20, 20); \
	SADDW2_8H(26, 21, 21); \
	SADDW_8H(27, 22, 22); \
	SADDW2_8H(27, 23, 23)

#define COUNT8 \
	LDURD(0, 6, 24); \
	SADDW_8H(24, 16, 16)

// func sumNEON(t *sumTask)
//
// Sums over pixels: rows are taps, so to say.
//
// R1 first pixel at the next channel   R2 sums   R3 channels left, less a block
// V16-V23 sums of 16 bits   V24-V27 pixels
TEXT ·sumNEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	LDP sumTask_src(R0), (R1, R2)
	LDP sumTask_rows(R0), (R10, R11)
	LDP sumTask_rowStep(R0), (R8, R9)
	MOVD sumTask_c(R0), R3
	SUBS $64, R3, R3
	BLT less64

block64:
	ZERO(16)
	ZERO(17)
	ZERO(18)
	ZERO(19)
	ZERO(20)
	ZERO(21)
	ZERO(22)
	ZERO(23)
	TAPS(row64, tap64, COUNT64)
	ADD16(0, 16)
	ADD16(64, 18)
	ADD16(128, 20)
	ADD16(192, 22)
	ADD $64, R1, R1
	ADD $256, R2, R2
	SUBS $64, R3, R3
	BGE block64

less64:
	ADDS $56, R3, R3
	BLT end

block8:
	ZERO(16)
	TAPS(row8, tap8, COUNT8)
	LDPQ(0, 2, 0, 1)
	SADDW_4S(16, 0, 0)
	SADDW2_4S(16, 1, 1)
	STPQ(0, 2, 0, 1)
	ADD $8, R1, R1
	ADD $32, R2, R2
	SUBS $8, R3, R3
	BGE block8

end:
	RET
