//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "neon_arm64.h"

// func copyRowsNEON(a *copyArgs)
//
// R1 dst   R2 src of the row   R3 rows left      R4 bytes of a run  R5 runs of a row
// R6, R7 bytes from run to run, in src and dst   R8, R9 from row to row
// R10 bytes in front of a row  R11 behind it     R12 cursor in dst  R13 in src
// R14 bytes left   R15 runs left   R19 dst of the run   R20 src of the run
// R21 last 16 bytes of the run in src            R22 in dst
// V0 the fill
//
// for every row { fill; for every run { copy n bytes }; fill }
//
// What is filled is filled in pieces of 16 bytes: too much of it is written over by
// what follows, and behind the last row goes into slack. Sources are read exactly.
TEXT ·copyRowsNEON(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R0
	MOVD copyArgs_dst(R0), R1
	MOVD copyArgs_src(R0), R2
	MOVD copyArgs_rows(R0), R3
	MOVD copyArgs_n(R0), R4
	MOVD copyArgs_runs(R0), R5
	MOVD copyArgs_srcStep(R0), R6
	MOVD copyArgs_dstStep(R0), R7
	MOVD copyArgs_srcRow(R0), R8
	MOVD copyArgs_dstRow(R0), R9
	MOVD copyArgs_front(R0), R10
	MOVD copyArgs_behind(R0), R11
	ADD $copyArgs_fill, R0, R12
	LD1R_16B(12, 0)
row:
	MOVD R1, R12
	SUBS $0, R10, R14
	BEQ copy
front:
	VST1.P [V0.B16], 16(R12)
	SUBS $16, R14, R14
	BGT front
copy:
	ADD R10, R1, R19
	MOVD R2, R20
	MOVD R5, R15
	CMP $16, R4
	BLT short
run:
	MOVD R20, R13
	MOVD R19, R12
	ADD R4, R20, R21
	ADD R4, R19, R22
	SUBS $64, R4, R14
	BLT rest
long:
	LD1X4_16B_P(13, 1)
	SUBS $64, R14, R14
	ST1X4_16B_P(12, 1)
	BGE long
rest:
	ADDS $64, R14, R14
	BEQ nextrun
	SUB $16, R21, R21
	SUB $16, R22, R22
	SUBS $16, R14, R14
	BLE last
piece:
	VLD1.P 16(R13), [V1.B16]
	SUBS $16, R14, R14
	VST1.P [V1.B16], 16(R12)
	BGT piece
last:
	VLD1 (R21), [V1.B16]
	VST1 [V1.B16], (R22)
nextrun:
	ADD R6, R20, R20
	ADD R7, R19, R19
	SUBS $1, R15, R15
	BNE run
behind:
	SUBS $0, R11, R14
	BEQ nextrow
	SUB R7, R19, R12
	ADD R4, R12, R12
fill:
	VST1.P [V0.B16], 16(R12)
	SUBS $16, R14, R14
	BGT fill
nextrow:
	ADD R8, R2, R2
	ADD R9, R1, R1
	SUBS $1, R3, R3
	BNE row
	RET

	// Runs of less than 16 bytes, or none.
short:
	CBZ R4, behind
shortrun:
	MOVD R20, R13
	MOVD R19, R12
	TBZ $3, R4, 3(PC)
	MOVD.P 8(R13), R14
	MOVD.P R14, 8(R12)
	TBZ $2, R4, 3(PC)
	MOVWU.P 4(R13), R14
	MOVW.P R14, 4(R12)
	TBZ $1, R4, 3(PC)
	MOVHU.P 2(R13), R14
	MOVH.P R14, 2(R12)
	TBZ $0, R4, 3(PC)
	MOVBU (R13), R14
	MOVB R14, (R12)
	ADD R6, R20, R20
	ADD R7, R19, R19
	SUBS $1, R15, R15
	BNE shortrun
	JMP behind
