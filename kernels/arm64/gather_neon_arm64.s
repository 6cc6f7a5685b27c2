//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "neon_arm64.h"

// func gatherNEON(a *gatherArgs)
//
// R1 dst    R2 src     R3 pixels left   R4 bytes of a run   R5 runs
// R6 gaps   R7 step    R8 ld            R9 run's source     R10 run's dst
// R11 runs left        R12 gap cursor   R13 bytes left
//
// for every pixel { for every run { dst[run·n : run·n+n] = src[gap : gap+n] } }
//
// Runs are moved in pieces of 16 or 32 bytes, in order, so that what is written
// too much is written over by the next run, or by the next pixel.
TEXT ·gatherNEON(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R0
	MOVD gatherArgs_dst(R0), R1
	MOVD gatherArgs_src(R0), R2
	MOVD gatherArgs_pixels(R0), R3
	MOVD gatherArgs_n(R0), R4
	MOVD gatherArgs_runs(R0), R5
	MOVD gatherArgs_gaps(R0), R6
	MOVD gatherArgs_step(R0), R7
	MOVD gatherArgs_ld(R0), R8
	CMP $32, R4
	BGT long
	CMP $16, R4
	BGT pixel
	CMP $3, R5
	BEQ three

	// Up to 32 bytes.
pixel:
	MOVD R5, R11
	MOVD R6, R12
	MOVD R1, R10
run:
	MOVW.P 4(R12), R9
	SUBS $1, R11, R11
	ADD R2, R9, R9
	LD1X2_16B(9, 0)
	ST1X2_16B(10, 0)
	ADD R4, R10, R10
	BNE run
	ADD R7, R2, R2
	ADD R8, R1, R1
	SUBS $1, R3, R3
	BNE pixel
	RET

	// Three runs of up to 16 bytes, from R9, R10, R11 to R1, R12, R13.
three:
	MOVW (R6), R9
	MOVW 4(R6), R10
	MOVW 8(R6), R11
	ADD R2, R9, R9
	ADD R2, R10, R10
	ADD R2, R11, R11
	ADD R4, R1, R12
	ADD R4<<1, R1, R13
pixel3:
	VLD1.P (R9)(R7), [V0.B16]
	VLD1.P (R10)(R7), [V1.B16]
	SUBS $1, R3, R3
	VLD1.P (R11)(R7), [V2.B16]
	VST1.P [V0.B16], (R1)(R8)
	VST1.P [V1.B16], (R12)(R8)
	VST1.P [V2.B16], (R13)(R8)
	BNE pixel3
	RET

	// Longer ones.
long:
	MOVD R5, R11
	MOVD R6, R12
	MOVD R1, R10
longrun:
	MOVW.P 4(R12), R9
	ADD R4, R10, R14
	MOVD R4, R13
	ADD R2, R9, R9
piece:
	LD1X2_16B_P(9, 0)
	SUBS $32, R13, R13
	ST1X2_16B_P(10, 0)
	BGT piece
	MOVD R14, R10
	SUBS $1, R11, R11
	BNE longrun
	ADD R7, R2, R2
	ADD R8, R1, R1
	SUBS $1, R3, R3
	BNE long
	RET
