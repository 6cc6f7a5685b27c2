//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "neon_arm64.h"

// The edges of a network: between float32 and integers.

// func finiteNEON(t *finiteTask)
//
// Products with 0 are 0, but for infinities and NaN.
//
// R1 x   R2 elements left   V0-V7 sums   V16-V23 elements   V24 0
TEXT ·finiteNEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	LDP finiteTask_x(R0), (R1, R2)
	ZERO(0)
	ZERO(1)
	ZERO(2)
	ZERO(3)
	ZERO(4)
	ZERO(5)
	ZERO(6)
	ZERO(7)
	ZERO(24)
	PCALIGN $16

loop:
	LDURQ(0, 1, 16)
	LDURQ(16, 1, 17)
	LDURQ(32, 1, 18)
	FMLA_4S(24, 16, 0)
	LDURQ(48, 1, 19)
	FMLA_4S(24, 17, 1)
	LDURQ(64, 1, 20)
	FMLA_4S(24, 18, 2)
	LDURQ(80, 1, 21)
	FMLA_4S(24, 19, 3)
	LDURQ(96, 1, 22)
	FMLA_4S(24, 20, 4)
	LDURQ(112, 1, 23)
	FMLA_4S(24, 21, 5)
	ADD $128, R1, R1
	FMLA_4S(24, 22, 6)
	SUBS $32, R2, R2
	FMLA_4S(24, 23, 7)
	BNE loop
	FADD_4S(4, 0, 0)
	FADD_4S(5, 1, 1)
	FADD_4S(6, 2, 2)
	FADD_4S(7, 3, 3)
	FADD_4S(1, 0, 0)
	FADD_4S(3, 2, 2)
	FADD_4S(2, 0, 0)
	FCMEQ_4S(0, 0, 0)
	NOT_16B(0, 0)
	UMAXV_4S(0, 0)
	UMOV_S(0, 0, 3)
	MOVD R3, finiteTask_bad(R0)
	RET

// q = sat((x·inverse rounded, halves to even) + zero), for 16 elements of one, three or
// four planes, which become neighbours.
//
// R1, R3-R5 planes   R2 output   R6 elements left of each, less 16
// V24 inverse   V25 zero   V0-V15 elements

#define CONVERT1 \
	LDRQ(0, 1, 0); \
	LDRQ(16, 1, 1); \
	LDRQ(32, 1, 2); \
	LDRQ(48, 1, 3); \
	FMUL_4S(24, 0, 0); \
	FMUL_4S(24, 1, 1); \
	FMUL_4S(24, 2, 2); \
	FMUL_4S(24, 3, 3); \
	FCVTNS_4S(0, 0); \
	FCVTNS_4S(1, 1); \
	FCVTNS_4S(2, 2); \
	FCVTNS_4S(3, 3); \
	SQXTN_4H(0, 0); \
	SQXTN_4H(2, 2); \
	SQXTN2_8H(1, 0); \
	SQXTN2_8H(3, 2); \
	SQADD_8H(25, 0, 0); \
	SQADD_8H(25, 2, 2); \
	SQXTN_8B(0, 0); \
	SQXTN2_16B(2, 0)

#define CONVERT3 \
	LDRQ(0, 1, 0); \
	LDRQ(16, 1, 1); \
	LDRQ(32, 1, 2); \
	LDRQ(48, 1, 3); \
	LDRQ(0, 3, 4); \
	FMUL_4S(24, 0, 0); \
	LDRQ(16, 3, 5); \
	FMUL_4S(24, 1, 1); \
	LDRQ(32, 3, 6); \
	FMUL_4S(24, 2, 2); \
	LDRQ(48, 3, 7); \
	FMUL_4S(24, 3, 3); \
	LDRQ(0, 4, 8); \
	FMUL_4S(24, 4, 4); \
	FCVTNS_4S(0, 0); \
	LDRQ(16, 4, 9); \
	FMUL_4S(24, 5, 5); \
	FCVTNS_4S(1, 1); \
	LDRQ(32, 4, 10); \
	FMUL_4S(24, 6, 6); \
	FCVTNS_4S(2, 2); \
	LDRQ(48, 4, 11); \
	FMUL_4S(24, 7, 7); \
	FCVTNS_4S(3, 3); \
	FMUL_4S(24, 8, 8); \
	FCVTNS_4S(4, 4); \
	FMUL_4S(24, 9, 9); \
	FCVTNS_4S(5, 5); \
	FMUL_4S(24, 10, 10); \
	FCVTNS_4S(6, 6); \
	FMUL_4S(24, 11, 11); \
	FCVTNS_4S(7, 7); \
	FCVTNS_4S(8, 8); \
	FCVTNS_4S(9, 9); \
	FCVTNS_4S(10, 10); \
	FCVTNS_4S(11, 11); \
	SQXTN_4H(0, 0); \
	SQXTN_4H(2, 2); \
	SQXTN_4H(4, 4); \
	SQXTN_4H(6, 6); \
	SQXTN_4H(8, 8); \
	SQXTN_4H(10, 10); \
	SQXTN2_8H(1, 0); \
	SQXTN2_8H(3, 2); \
	SQXTN2_8H(5, 4); \
	SQXTN2_8H(7, 6); \
	SQXTN2_8H(9, 8); \
	SQXTN2_8H(11, 10); \
	SQADD_8H(25, 0, 0); \
	SQADD_8H(25, 2, 2); \
	SQADD_8H(25, 4, 4); \
	SQADD_8H(25, 6, 6); \
	SQADD_8H(25, 8, 8); \
	SQADD_8H(25, 10, 10); \
	SQXTN_8B(0, 16); \
	SQXTN_8B(4, 17); \
	SQXTN_8B(8, 18); \
	SQXTN2_16B(2, 16); \
	SQXTN2_16B(6, 17); \
	SQXTN2_16B(10, 18)

#define CONVERT4 \
	LDRQ(0, 1, 0); \
	LDRQ(16, 1, 1); \
	LDRQ(32, 1, 2); \
	LDRQ(48, 1, 3); \
	LDRQ(0, 3, 4); \
	FMUL_4S(24, 0, 0); \
	LDRQ(16, 3, 5); \
	FMUL_4S(24, 1, 1); \
	LDRQ(32, 3, 6); \
	FMUL_4S(24, 2, 2); \
	LDRQ(48, 3, 7); \
	FMUL_4S(24, 3, 3); \
	LDRQ(0, 4, 8); \
	FMUL_4S(24, 4, 4); \
	FCVTNS_4S(0, 0); \
	LDRQ(16, 4, 9); \
	FMUL_4S(24, 5, 5); \
	FCVTNS_4S(1, 1); \
	LDRQ(32, 4, 10); \
	FMUL_4S(24, 6, 6); \
	FCVTNS_4S(2, 2); \
	LDRQ(48, 4, 11); \
	FMUL_4S(24, 7, 7); \
	FCVTNS_4S(3, 3); \
	LDRQ(0, 5, 12); \
	FMUL_4S(24, 8, 8); \
	FCVTNS_4S(4, 4); \
	LDRQ(16, 5, 13); \
	FMUL_4S(24, 9, 9); \
	FCVTNS_4S(5, 5); \
	LDRQ(32, 5, 14); \
	FMUL_4S(24, 10, 10); \
	FCVTNS_4S(6, 6); \
	LDRQ(48, 5, 15); \
	FMUL_4S(24, 11, 11); \
	FCVTNS_4S(7, 7); \
	FMUL_4S(24, 12, 12); \
	FCVTNS_4S(8, 8); \
	FMUL_4S(24, 13, 13); \
	FCVTNS_4S(9, 9); \
	FMUL_4S(24, 14, 14); \
	FCVTNS_4S(10, 10); \
	FMUL_4S(24, 15, 15); \
	FCVTNS_4S(11, 11); \
	FCVTNS_4S(12, 12); \
	FCVTNS_4S(13, 13); \
	FCVTNS_4S(14, 14); \
	FCVTNS_4S(15, 15); \
	SQXTN_4H(0, 0); \
	SQXTN_4H(2, 2); \
	SQXTN_4H(4, 4); \
	SQXTN_4H(6, 6); \
	SQXTN_4H(8, 8); \
	SQXTN_4H(10, 10); \
	SQXTN_4H(12, 12); \
	SQXTN_4H(14, 14); \
	SQXTN2_8H(1, 0); \
	SQXTN2_8H(3, 2); \
	SQXTN2_8H(5, 4); \
	SQXTN2_8H(7, 6); \
	SQXTN2_8H(9, 8); \
	SQXTN2_8H(11, 10); \
	SQXTN2_8H(13, 12); \
	SQXTN2_8H(15, 14); \
	SQADD_8H(25, 0, 0); \
	SQADD_8H(25, 2, 2); \
	SQADD_8H(25, 4, 4); \
	SQADD_8H(25, 6, 6); \
	SQADD_8H(25, 8, 8); \
	SQADD_8H(25, 10, 10); \
	SQADD_8H(25, 12, 12); \
	SQADD_8H(25, 14, 14); \
	SQXTN_8B(0, 16); \
	SQXTN_8B(4, 17); \
	SQXTN_8B(8, 18); \
	SQXTN_8B(12, 19); \
	SQXTN2_16B(2, 16); \
	SQXTN2_16B(6, 17); \
	SQXTN2_16B(10, 18); \
	SQXTN2_16B(14, 19)

#define WIDE1 \
	LDRQ(0, 1, 0); \
	LDRQ(16, 1, 1); \
	LDRQ(32, 1, 2); \
	LDRQ(48, 1, 3); \
	FMUL_4S(24, 0, 0); \
	FMUL_4S(24, 1, 1); \
	FMUL_4S(24, 2, 2); \
	FMUL_4S(24, 3, 3); \
	FCVTNS_4S(0, 0); \
	FCVTNS_4S(1, 1); \
	FCVTNS_4S(2, 2); \
	FCVTNS_4S(3, 3); \
	SQXTN_4H(0, 0); \
	SQXTN_4H(2, 2); \
	SQXTN2_8H(1, 0); \
	SQXTN2_8H(3, 2); \
	SQADD_8H(25, 0, 0); \
	SQADD_8H(25, 2, 2)

// func quantizeNEON(t *quantizeTask)
//
// One plane.
TEXT ·quantizeNEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	LDP quantizeTask_x(R0), (R1, R2)
	MOVD quantizeTask_n(R0), R6
	ADD $quantizeTask_inverse, R0, R7
	LDRQ(0, 7, 24)
	LDRQ(16, 7, 25)
	SUB $16, R6, R6
	PCALIGN $16

loop:
	CONVERT1
	STRQ(0, 2, 0)
	ADD $64, R1, R1
	ADD $16, R2, R2
	CBZ R6, done
	SUBS $16, R6, R6
	BGE loop

	// Back to the last 16.
	ADD R6<<2, R1, R1
	ADD R6, R2, R2
	MOVD ZR, R6
	JMP loop

done:
	RET

// func quantize16NEON(t *quantizeTask)
//
// One plane, to 16 bits; the zero point is 0.
TEXT ·quantize16NEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	LDP quantizeTask_x(R0), (R1, R2)
	MOVD quantizeTask_n(R0), R6
	ADD $quantizeTask_inverse, R0, R7
	LDRQ(0, 7, 24)
	LDRQ(16, 7, 25)
	SUB $16, R6, R6
	PCALIGN $16

loop:
	WIDE1
	STPQ(0, 2, 0, 2)
	ADD $64, R1, R1
	ADD $32, R2, R2
	CBZ R6, done
	SUBS $16, R6, R6
	BGE loop

	// Back to the last 16.
	ADD R6<<2, R1, R1
	ADD R6<<1, R2, R2
	MOVD ZR, R6
	JMP loop

done:
	RET

// func quantize3NEON(t *quantizeTask)
//
// Three planes.
TEXT ·quantize3NEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	LDP quantizeTask_x(R0), (R1, R2)
	MOVD quantizeTask_plane(R0), R5
	ADD R5<<2, R1, R3
	ADD R5<<2, R3, R4
	MOVD quantizeTask_n(R0), R6
	ADD $quantizeTask_inverse, R0, R7
	LDRQ(0, 7, 24)
	LDRQ(16, 7, 25)
	SUB $16, R6, R6
	PCALIGN $16

loop:
	CONVERT3
	VST3 [V16.B16, V17.B16, V18.B16], (R2)
	ADD $64, R1, R1
	ADD $64, R3, R3
	ADD $64, R4, R4
	ADD $48, R2, R2
	CBZ R6, done
	SUBS $16, R6, R6
	BGE loop

	// Back to the last 16.
	ADD R6<<2, R1, R1
	ADD R6<<2, R3, R3
	ADD R6<<2, R4, R4
	ADD R6<<1, R6, R7
	ADD R7, R2, R2
	MOVD ZR, R6
	JMP loop

done:
	RET

// func quantize4NEON(t *quantizeTask)
//
// Four planes.
TEXT ·quantize4NEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	LDP quantizeTask_x(R0), (R1, R2)
	MOVD quantizeTask_plane(R0), R5
	ADD R5<<2, R1, R3
	ADD R5<<2, R3, R4
	ADD R5<<2, R4, R5
	MOVD quantizeTask_n(R0), R6
	ADD $quantizeTask_inverse, R0, R7
	LDRQ(0, 7, 24)
	LDRQ(16, 7, 25)
	SUB $16, R6, R6
	PCALIGN $16

loop:
	CONVERT4
	VST4 [V16.B16, V17.B16, V18.B16, V19.B16], (R2)
	ADD $64, R1, R1
	ADD $64, R3, R3
	ADD $64, R4, R4
	ADD $64, R5, R5
	ADD $64, R2, R2
	CBZ R6, done
	SUBS $16, R6, R6
	BGE loop

	// Back to the last 16.
	ADD R6<<2, R1, R1
	ADD R6<<2, R3, R3
	ADD R6<<2, R4, R4
	ADD R6<<2, R5, R5
	ADD R6<<2, R2, R2
	MOVD ZR, R6
	JMP loop

done:
	RET

// func scatterNEON(t *quantizeTask)
//
// One plane of any number, plane apart in the output.
//
// R3 between outputs
TEXT ·scatterNEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	LDP quantizeTask_x(R0), (R1, R2)
	MOVD quantizeTask_n(R0), R6
	MOVD quantizeTask_plane(R0), R3
	ADD $quantizeTask_inverse, R0, R7
	LDRQ(0, 7, 24)
	LDRQ(16, 7, 25)
	SUB $16, R6, R6
	PCALIGN $16

loop:
	CONVERT1
	ADD $64, R1, R1
	ST1B_LANE(0, 2, 0)
	ADD R3, R2, R2
	ST1B_LANE(1, 2, 0)
	ADD R3, R2, R2
	ST1B_LANE(2, 2, 0)
	ADD R3, R2, R2
	ST1B_LANE(3, 2, 0)
	ADD R3, R2, R2
	ST1B_LANE(4, 2, 0)
	ADD R3, R2, R2
	ST1B_LANE(5, 2, 0)
	ADD R3, R2, R2
	ST1B_LANE(6, 2, 0)
	ADD R3, R2, R2
	ST1B_LANE(7, 2, 0)
	ADD R3, R2, R2
	ST1B_LANE(8, 2, 0)
	ADD R3, R2, R2
	ST1B_LANE(9, 2, 0)
	ADD R3, R2, R2
	ST1B_LANE(10, 2, 0)
	ADD R3, R2, R2
	ST1B_LANE(11, 2, 0)
	ADD R3, R2, R2
	ST1B_LANE(12, 2, 0)
	ADD R3, R2, R2
	ST1B_LANE(13, 2, 0)
	ADD R3, R2, R2
	ST1B_LANE(14, 2, 0)
	ADD R3, R2, R2
	ST1B_LANE(15, 2, 0)
	ADD R3, R2, R2
	CBZ R6, done
	SUBS $16, R6, R6
	BGE loop

	// Back to the last 16.
	ADD R6<<2, R1, R1
	MUL R3, R6, R7
	ADD R7, R2, R2
	MOVD ZR, R6
	JMP loop

done:
	RET

// y = (q - zero)·scale. 2^23+2^22 is added to the integers as such, and subtracted as
// a float: that takes less than a conversion.
//
// R1 integers   R2 floats   R3 between integers   R6 elements left, less 16
// R8 floats back
// V24 1.5·2^23   V25 scale   V26 zero   V0-V7 elements

// FLOATS32 takes 32 integers of 16 bits in V16 to V19 to floats, and loads the next.
// The last eight, V6 and V7, are left to be stored at R9. FLOATS16 does half as many.
#define FLOATS32(LOAD) \
	SADDW_4S(16, 24, 0); \
	SADDW2_4S(16, 24, 1); \
	SADDW_4S(17, 24, 2); \
	SADDW2_4S(17, 24, 3); \
	FSUB_4S(24, 0, 0); \
	FSUB_4S(24, 1, 1); \
	FSUB_4S(24, 2, 2); \
	FSUB_4S(24, 3, 3); \
	LOAD; \
	FMUL_4S(25, 0, 0); \
	FMUL_4S(25, 1, 1); \
	FMUL_4S(25, 2, 2); \
	FMUL_4S(25, 3, 3); \
	SADDW_4S(18, 24, 4); \
	STPQ(0, 2, 0, 1); \
	SADDW2_4S(18, 24, 5); \
	SADDW_4S(19, 24, 6); \
	SADDW2_4S(19, 24, 7); \
	FSUB_4S(24, 4, 4); \
	STPQ(32, 2, 2, 3); \
	FSUB_4S(24, 5, 5); \
	FSUB_4S(24, 6, 6); \
	FSUB_4S(24, 7, 7); \
	FMUL_4S(25, 4, 4); \
	FMUL_4S(25, 5, 5); \
	ADD $96, R2, R9; \
	FMUL_4S(25, 6, 6); \
	STPQ(64, 2, 4, 5); \
	FMUL_4S(25, 7, 7); \
	ADD $128, R2, R2

#define FLOATS16 \
	SADDW_4S(16, 24, 0); \
	SADDW2_4S(16, 24, 1); \
	SADDW_4S(17, 24, 2); \
	SADDW2_4S(17, 24, 3); \
	FSUB_4S(24, 0, 0); \
	FSUB_4S(24, 1, 1); \
	FSUB_4S(24, 2, 2); \
	FSUB_4S(24, 3, 3); \
	FMUL_4S(25, 0, 0); \
	FMUL_4S(25, 1, 1); \
	FMUL_4S(25, 2, 2); \
	FMUL_4S(25, 3, 3); \
	STPQ(0, 2, 0, 1); \
	STPQ(32, 2, 2, 3); \
	ADD $64, R2, R2

// NEXT32 goes to the next 32 integers, or back to the last 32; size is the logarithm of
// an integer's.
#define NEXT32(size, done, next) \
	CBZ R6, done; \
	ADD $32<<size, R1, R1; \
	MOVD ZR, R8; \
	SUBS $32, R6, R6; \
	BGE next; \
	ADD R6<<size, R1, R1; \
	LSL $2, R6, R8; \
	MOVD ZR, R6

#define FLOATCONSTANTS(n) \
	MOVD dequantizeTask_n(R0), R6; \
	ADD $dequantizeTask_magic, R0, R7; \
	LDRQ(0, 7, 24); \
	LDRQ(16, 7, 25); \
	LDRQ(32, 7, 26); \
	SUB $n, R6, R6

#define NOTHING
#define LOAD8   LDPQ(0, 1, 20, 21)

#define WIDEN8 \
	SSUBL_8H(26, 20, 16); \
	SSUBL2_8H(26, 20, 17); \
	SSUBL_8H(26, 21, 18); \
	SSUBL2_8H(26, 21, 19)

// func dequantizeNEON(t *dequantizeTask)
//
// 8-bit integers.
TEXT ·dequantizeNEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	LDP dequantizeTask_x(R0), (R1, R2)
	FLOATCONSTANTS(32)
	LDPQ(0, 1, 20, 21)
	WIDEN8
	JMP first

loop:
	WIDEN8
	STPQ(0, 9, 6, 7)

first:
	NEXT32(0, done, next)

next:
	FLOATS32(LOAD8)
	ADD R8, R2, R2
	JMP loop

done:
	FLOATS32(NOTHING)
	STPQ(0, 9, 6, 7)
	RET

// func dequantize16NEON(t *dequantizeTask)
//
// 16-bit integers; the zero point is 0.
TEXT ·dequantize16NEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	LDP dequantizeTask_x(R0), (R1, R2)
	FLOATCONSTANTS(32)

loop:
	LDPQ(0, 1, 16, 17)
	LDPQ(32, 1, 18, 19)
	NEXT32(1, done, next)

next:
	FLOATS32(NOTHING)
	STPQ(0, 9, 6, 7)
	ADD R8, R2, R2
	JMP loop

done:
	FLOATS32(NOTHING)
	STPQ(0, 9, 6, 7)
	RET

// func collectNEON(t *dequantizeTask)
//
// 8-bit integers at a distance.
TEXT ·collectNEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	LDP dequantizeTask_x(R0), (R1, R2)
	MOVD dequantizeTask_step(R0), R3
	FLOATCONSTANTS(16)
	PCALIGN $16

loop:
	LD1B_LANE(0, 1, 18)
	ADD R3, R1, R1
	LD1B_LANE(1, 1, 18)
	ADD R3, R1, R1
	LD1B_LANE(2, 1, 18)
	ADD R3, R1, R1
	LD1B_LANE(3, 1, 18)
	ADD R3, R1, R1
	LD1B_LANE(4, 1, 18)
	ADD R3, R1, R1
	LD1B_LANE(5, 1, 18)
	ADD R3, R1, R1
	LD1B_LANE(6, 1, 18)
	ADD R3, R1, R1
	LD1B_LANE(7, 1, 18)
	ADD R3, R1, R1
	LD1B_LANE(8, 1, 19)
	ADD R3, R1, R1
	LD1B_LANE(9, 1, 19)
	ADD R3, R1, R1
	LD1B_LANE(10, 1, 19)
	ADD R3, R1, R1
	LD1B_LANE(11, 1, 19)
	ADD R3, R1, R1
	LD1B_LANE(12, 1, 19)
	ADD R3, R1, R1
	LD1B_LANE(13, 1, 19)
	ADD R3, R1, R1
	LD1B_LANE(14, 1, 19)
	ADD R3, R1, R1
	LD1B_LANE(15, 1, 19)
	ADD R3, R1, R1
	SSUBL_8H(26, 18, 16)
	SSUBL2_8H(26, 19, 17)
	FLOATS16
	CBZ R6, done
	SUBS $16, R6, R6
	BGE loop
	MUL R3, R6, R7
	ADD R7, R1, R1
	ADD R6<<2, R2, R2
	MOVD ZR, R6
	JMP loop

done:
	RET

// func collect16NEON(t *dequantizeTask)
//
// 16-bit integers at a distance, in bytes.
TEXT ·collect16NEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	LDP dequantizeTask_x(R0), (R1, R2)
	MOVD dequantizeTask_step(R0), R3
	FLOATCONSTANTS(16)
	PCALIGN $16

loop:
	LD1H_LANE(0, 1, 16)
	ADD R3, R1, R1
	LD1H_LANE(1, 1, 16)
	ADD R3, R1, R1
	LD1H_LANE(2, 1, 16)
	ADD R3, R1, R1
	LD1H_LANE(3, 1, 16)
	ADD R3, R1, R1
	LD1H_LANE(4, 1, 16)
	ADD R3, R1, R1
	LD1H_LANE(5, 1, 16)
	ADD R3, R1, R1
	LD1H_LANE(6, 1, 16)
	ADD R3, R1, R1
	LD1H_LANE(7, 1, 16)
	ADD R3, R1, R1
	LD1H_LANE(0, 1, 17)
	ADD R3, R1, R1
	LD1H_LANE(1, 1, 17)
	ADD R3, R1, R1
	LD1H_LANE(2, 1, 17)
	ADD R3, R1, R1
	LD1H_LANE(3, 1, 17)
	ADD R3, R1, R1
	LD1H_LANE(4, 1, 17)
	ADD R3, R1, R1
	LD1H_LANE(5, 1, 17)
	ADD R3, R1, R1
	LD1H_LANE(6, 1, 17)
	ADD R3, R1, R1
	LD1H_LANE(7, 1, 17)
	ADD R3, R1, R1
	FLOATS16
	CBZ R6, done
	SUBS $16, R6, R6
	BGE loop
	MUL R3, R6, R7
	ADD R7, R1, R1
	ADD R6<<2, R2, R2
	MOVD ZR, R6
	JMP loop

done:
	RET
