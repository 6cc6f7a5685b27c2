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
// Runs are moved in pieces of 8 or 16 bytes, in order, so that what is written
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
	CMP $16, R4
	BGT long
	CMP $3, R5
	BEQ three
pixel:
	MOVD R5, R11
	MOVD R6, R12
	MOVD R1, R10
run:
	MOVW.P 4(R12), R9
	SUBS $1, R11, R11
	LDRQ_RR(9, 2, 0)
	STRQ(0, 10, 0)
	ADD R4, R10, R10
	BNE run
	ADD R7, R2, R2
	ADD R8, R1, R1
	SUBS $1, R3, R3
	BNE pixel
	RET

	// Three runs of up to 16 bytes: R9 to R11 gaps, R12 and R13 second and third run.
three:
	MOVW (R6), R9
	MOVW 4(R6), R10
	MOVW 8(R6), R11
	ADD R4, R4, R13
pixel3:
	LDRQ_RR(9, 2, 0)
	LDRQ_RR(10, 2, 1)
	LDRQ_RR(11, 2, 2)
	ADD R7, R2, R2
	STRQ(0, 1, 0)
	SUBS $1, R3, R3
	STRQ_RR(4, 1, 1)
	STRQ_RR(13, 1, 2)
	ADD R8, R1, R1
	BNE pixel3
	RET

long:
	MOVD R5, R11
	MOVD R6, R12
	MOVD R1, R10
longrun:
	MOVW.P 4(R12), R9
	ADD R2, R9, R9
	SUB $16, R4, R13
	VLD1.P 16(R9), [V0.B16]
	ADD R4, R10, R14
	VST1.P [V0.B16], 16(R10)
piece:
	VLD1.P 16(R9), [V0.B16]
	SUBS $16, R13, R13
	VST1.P [V0.B16], 16(R10)
	BGT piece
	MOVD R14, R10
	SUBS $1, R11, R11
	BNE longrun
	ADD R7, R2, R2
	ADD R8, R1, R1
	SUBS $1, R3, R3
	BNE long
	RET
