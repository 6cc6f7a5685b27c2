//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "neon_arm64.h"

// func dotHalvesDotProd(t *dot16Task)
//
// dot16NEON with x in two vectors of 8 bits, high and low: x = 256·high + low. Sixteen
// products of four rows at a time.
//
// R1 high   R2 weights of the rows   R3 outputs   R4 rows left, less 4   R5 bytes of a row
// R6-R9 the rows' weights   R10, R15 high, low   R11 products left   R12 products
// R13 bias   R14 low
// V0-V3, V4-V7 sums with high, low   V16, V17 high, low   V20-V23 weights
TEXT ·dotHalvesDotProd(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	LDP dot16Task_x(R0), (R1, R2)
	LDP dot16Task_out(R0), (R3, R13)
	LDP dot16Task_rows(R0), (R4, R12)
	LDP dot16Task_step(R0), (R5, R14)
	SUB $4, R4, R4

rows:
	MOVD R1, R10
	MOVD R14, R15
	MOVD R2, R6
	ADD R5, R6, R7
	ADD R5, R7, R8
	ADD R5, R8, R9
	MOVD R12, R11
	ZERO(0)
	ZERO(1)
	ZERO(2)
	ZERO(3)
	ZERO(4)
	ZERO(5)
	ZERO(6)
	ZERO(7)
	PCALIGN $16

sixteen:
	VLD1.P 16(R10), [V16.B16]
	VLD1.P 16(R15), [V17.B16]
	VLD1.P 16(R6), [V20.B16]
	VLD1.P 16(R7), [V21.B16]
	VLD1.P 16(R8), [V22.B16]
	VLD1.P 16(R9), [V23.B16]
	SDOT_4S(16, 20, 0)
	SDOT_4S(16, 21, 1)
	SDOT_4S(16, 22, 2)
	SDOT_4S(16, 23, 3)
	SDOT_4S(17, 20, 4)
	SDOT_4S(17, 21, 5)
	SDOT_4S(17, 22, 6)
	SDOT_4S(17, 23, 7)
	SUBS $16, R11, R11
	BNE sixteen
	LDRQ(0, 13, 17)
	ADDP_4S(1, 0, 0)
	ADDP_4S(3, 2, 2)
	ADDP_4S(5, 4, 4)
	ADDP_4S(7, 6, 6)
	ADDP_4S(2, 0, 0)
	ADDP_4S(6, 4, 4)
	SHL_4S(8, 0, 0)
	ADD_4S(4, 0, 0)
	ADD_4S(17, 0, 0)
	STRQ(0, 3, 0)
	CBZ R4, done
	SUBS $4, R4, R4
	BLT back
	ADD R5<<2, R2, R2
	ADD $16, R3, R3
	ADD $16, R13, R13
	JMP rows

	// Back to the last four.
back:
	ADD $4, R4, R25
	MUL R5, R25, R26
	ADD R26, R2, R2
	ADD R25<<2, R3, R3
	ADD R25<<2, R13, R13
	MOVD ZR, R4
	JMP rows

done:
	RET
