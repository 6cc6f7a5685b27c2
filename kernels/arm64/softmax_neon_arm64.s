//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "neon_arm64.h"

// func rowMaxNEON(x *int8, n int) int
//
// The largest of n elements, 16 at least.
//
// R1 x   R2 left, less 16   V0 largest
TEXT ·rowMaxNEON(SB), NOSPLIT, $0-24
	MOVD x+0(FP), R1
	MOVD n+8(FP), R2
	LDRQ(0, 1, 0)
	MOV_16B(0, 1)
	SUBS $32, R2, R3
	BLT rest

loop:
	LDURQ(0, 1, 2)
	LDURQ(16, 1, 3)
	ADD $32, R1, R1
	SMAX_16B(2, 0, 0)
	SMAX_16B(3, 1, 1)
	SUBS $32, R3, R3
	BGE loop

	// Less than 32 are left: the next 16, and the last.
rest:
	ADD $32, R3, R3
	CMP $16, R3
	BLT last
	LDRQ(0, 1, 2)
	SMAX_16B(2, 0, 0)

last:
	SUB $16, R3, R3
	ADD R3, R1, R1
	LDRQ(0, 1, 2)
	SMAX_16B(2, 1, 1)
	SMAX_16B(1, 0, 0)
	SMAXV_16B(0, 0)
	SMOV_B(0, 0, 3)
	MOVD R3, ret+16(FP)
	RET

// func rowSumNEON(x *int8, n int, e *[256]uint32) uint64
//
// Σ e[uint8(x[i])] over n elements, a multiple of 8, not 0. The sums have 64 bits.
//
// R1 x   R2 left   R3 e   R4-R7 sums   R8-R15 exponentials   R19 eight elements
TEXT ·rowSumNEON(SB), NOSPLIT, $0-32
	MOVD x+0(FP), R1
	MOVD n+8(FP), R2
	MOVD e+16(FP), R3
	MOVD ZR, R4
	MOVD ZR, R5
	MOVD ZR, R6
	MOVD ZR, R7
	MOVD (R1), R19
	PCALIGN $16

loop:
	SUBS $8, R2, R2
	AND $255, R19, R8
	UBFX $8, R19, $8, R9
	UBFX $16, R19, $8, R10
	MOVWU (R3)(R8<<2), R8
	UBFX $24, R19, $8, R11
	MOVWU (R3)(R9<<2), R9
	UBFX $32, R19, $8, R12
	MOVWU (R3)(R10<<2), R10
	UBFX $40, R19, $8, R13
	MOVWU (R3)(R11<<2), R11
	UBFX $48, R19, $8, R14
	MOVWU (R3)(R12<<2), R12
	LSR $56, R19, R15
	MOVWU (R3)(R13<<2), R13
	ADD R8, R4, R4
	MOVWU (R3)(R14<<2), R14
	ADD R9, R5, R5
	MOVWU (R3)(R15<<2), R15
	ADD R10, R6, R6
	BEQ last
	MOVD.W 8(R1), R19
	ADD R11, R7, R7
	ADD R12, R4, R4
	ADD R13, R5, R5
	ADD R14, R6, R6
	ADD R15, R7, R7
	JMP loop

last:
	ADD R11, R7, R7
	ADD R12, R4, R4
	ADD R13, R5, R5
	ADD R14, R6, R6
	ADD R15, R7, R7
	ADD R5, R4, R4
	ADD R7, R6, R6
	ADD R6, R4, R4
	MOVD R4, ret+24(FP)
	RET
