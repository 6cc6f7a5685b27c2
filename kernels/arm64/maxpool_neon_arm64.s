//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "neon_arm64.h"

// 3x3 windows that are inside along the row: column by column. The maximum of a column is
// taken once and kept for the windows that share it. Rows that are missing are replaced
// by others. What a window yields is stored among the loads for the next.
//
// R1-R3 rows at the next channel, R4-R6 at the next column   R7 output   R20 outputs
// R8, R9 between rows, columns   R12 pixels left   R14 between outputs
// R19 channels left, less a block
// V0-V3, V4-V7 columns   V8-V11 the column that is shared, or two together
// V12-V15 outputs   V16-V29 taps   V30, V31 lo, hi

#define COLUMN32(d) \
	LDURQ(0, 4, d+0); \
	LDURQ(16, 4, d+1); \
	LDURQ(0, 5, 16); \
	LDURQ(16, 5, 17); \
	LDURQ(0, 6, 20); \
	LDURQ(16, 6, 21); \
	ADD R9, R4, R4; \
	ADD R9, R5, R5; \
	ADD R9, R6, R6; \
	SMAX_16B(16, d+0, d+0); \
	SMAX_16B(17, d+1, d+1); \
	SMAX_16B(20, d+0, d+0); \
	SMAX_16B(21, d+1, d+1)

#define FINISH32 \
	SMAX_16B(30, 12, 12); \
	SMAX_16B(30, 13, 13); \
	SMIN_16B(31, 12, 12); \
	SMIN_16B(31, 13, 13); \
	STRQ(0, 7, 12); \
	STRQ(16, 7, 13); \
	ADD R14, R7, R7

#define FIRST32(d, e) \
	LDURQ(0, 4, d+0); \
	LDURQ(16, 4, d+1); \
	LDURQ(0, 5, 16); \
	LDURQ(16, 5, 17); \
	LDURQ(0, 6, 20); \
	LDURQ(16, 6, 21); \
	ADD R9, R4, R4; \
	ADD R9, R5, R5; \
	ADD R9, R6, R6; \
	SMAX_16B(16, d+0, d+0); \
	SMAX_16B(17, d+1, d+1); \
	SMAX_16B(20, d+0, d+0); \
	SMAX_16B(21, d+1, d+1); \
	SMAX_16B(d+0, 8, 12); \
	SMAX_16B(d+1, 9, 13); \
	SMAX_16B(d+0, e+0, 8); \
	SMAX_16B(d+1, e+1, 9)

#define STEP32(d, e) \
	LDURQ(0, 4, d+0); \
	SMAX_16B(30, 12, 12); \
	LDURQ(16, 4, d+1); \
	SMAX_16B(30, 13, 13); \
	LDURQ(0, 5, 16); \
	SMIN_16B(31, 12, 12); \
	LDURQ(16, 5, 17); \
	SMIN_16B(31, 13, 13); \
	STRQ(0, 7, 12); \
	LDURQ(0, 6, 20); \
	STRQ(16, 7, 13); \
	LDURQ(16, 6, 21); \
	ADD R14, R7, R7; \
	ADD R9, R4, R4; \
	ADD R9, R5, R5; \
	ADD R9, R6, R6; \
	SMAX_16B(16, d+0, d+0); \
	SMAX_16B(17, d+1, d+1); \
	SMAX_16B(20, d+0, d+0); \
	SMAX_16B(21, d+1, d+1); \
	SMAX_16B(d+0, 8, 12); \
	SMAX_16B(d+1, 9, 13); \
	SMAX_16B(d+0, e+0, 8); \
	SMAX_16B(d+1, e+1, 9)

#define FIRSTS2_32 \
	LDURQ(0, 4, 0); \
	LDURQ(16, 4, 1); \
	LDURQ(0, 5, 16); \
	LDURQ(16, 5, 17); \
	LDURQ(0, 6, 20); \
	LDURQ(16, 6, 21); \
	ADD R9, R4, R4; \
	ADD R9, R5, R5; \
	ADD R9, R6, R6; \
	LDURQ(0, 4, 4); \
	SMAX_16B(16, 0, 0); \
	LDURQ(16, 4, 5); \
	SMAX_16B(17, 1, 1); \
	LDURQ(0, 5, 24); \
	SMAX_16B(20, 0, 0); \
	LDURQ(16, 5, 25); \
	SMAX_16B(21, 1, 1); \
	LDURQ(0, 6, 26); \
	SMAX_16B(0, 8, 12); \
	LDURQ(16, 6, 27); \
	SMAX_16B(1, 9, 13); \
	ADD R9, R4, R4; \
	ADD R9, R5, R5; \
	ADD R9, R6, R6; \
	SMAX_16B(24, 4, 4); \
	SMAX_16B(25, 5, 5); \
	SMAX_16B(26, 4, 4); \
	SMAX_16B(27, 5, 5); \
	SMAX_16B(4, 12, 12); \
	SMAX_16B(5, 13, 13); \
	MOV_16B(4, 8); \
	MOV_16B(5, 9)

#define STEPS2_32 \
	LDURQ(0, 4, 0); \
	SMAX_16B(30, 12, 12); \
	LDURQ(16, 4, 1); \
	SMAX_16B(30, 13, 13); \
	LDURQ(0, 5, 16); \
	SMIN_16B(31, 12, 12); \
	LDURQ(16, 5, 17); \
	SMIN_16B(31, 13, 13); \
	STRQ(0, 7, 12); \
	LDURQ(0, 6, 20); \
	STRQ(16, 7, 13); \
	LDURQ(16, 6, 21); \
	ADD R14, R7, R7; \
	ADD R9, R4, R4; \
	ADD R9, R5, R5; \
	ADD R9, R6, R6; \
	LDURQ(0, 4, 4); \
	SMAX_16B(16, 0, 0); \
	LDURQ(16, 4, 5); \
	SMAX_16B(17, 1, 1); \
	LDURQ(0, 5, 24); \
	SMAX_16B(20, 0, 0); \
	LDURQ(16, 5, 25); \
	SMAX_16B(21, 1, 1); \
	LDURQ(0, 6, 26); \
	SMAX_16B(0, 8, 12); \
	LDURQ(16, 6, 27); \
	SMAX_16B(1, 9, 13); \
	ADD R9, R4, R4; \
	ADD R9, R5, R5; \
	ADD R9, R6, R6; \
	SMAX_16B(24, 4, 4); \
	SMAX_16B(25, 5, 5); \
	SMAX_16B(26, 4, 4); \
	SMAX_16B(27, 5, 5); \
	SMAX_16B(4, 12, 12); \
	SMAX_16B(5, 13, 13); \
	MOV_16B(4, 8); \
	MOV_16B(5, 9)

#define COLUMN16(d) \
	LDURQ(0, 4, d+0); \
	LDURQ(0, 5, 16); \
	LDURQ(0, 6, 20); \
	ADD R9, R4, R4; \
	ADD R9, R5, R5; \
	ADD R9, R6, R6; \
	SMAX_16B(16, d+0, d+0); \
	SMAX_16B(20, d+0, d+0)

#define FINISH16 \
	SMAX_16B(30, 12, 12); \
	SMIN_16B(31, 12, 12); \
	STRQ(0, 7, 12); \
	ADD R14, R7, R7

#define FIRST16(d, e) \
	LDURQ(0, 4, d+0); \
	LDURQ(0, 5, 16); \
	LDURQ(0, 6, 20); \
	ADD R9, R4, R4; \
	ADD R9, R5, R5; \
	ADD R9, R6, R6; \
	SMAX_16B(16, d+0, d+0); \
	SMAX_16B(20, d+0, d+0); \
	SMAX_16B(d+0, 8, 12); \
	SMAX_16B(d+0, e+0, 8)

#define STEP16(d, e) \
	LDURQ(0, 4, d+0); \
	SMAX_16B(30, 12, 12); \
	LDURQ(0, 5, 16); \
	SMIN_16B(31, 12, 12); \
	STRQ(0, 7, 12); \
	LDURQ(0, 6, 20); \
	ADD R14, R7, R7; \
	ADD R9, R4, R4; \
	ADD R9, R5, R5; \
	ADD R9, R6, R6; \
	SMAX_16B(16, d+0, d+0); \
	SMAX_16B(20, d+0, d+0); \
	SMAX_16B(d+0, 8, 12); \
	SMAX_16B(d+0, e+0, 8)

#define FIRSTS2_16 \
	LDURQ(0, 4, 0); \
	LDURQ(0, 5, 16); \
	LDURQ(0, 6, 20); \
	ADD R9, R4, R4; \
	ADD R9, R5, R5; \
	ADD R9, R6, R6; \
	LDURQ(0, 4, 4); \
	SMAX_16B(16, 0, 0); \
	LDURQ(0, 5, 24); \
	SMAX_16B(20, 0, 0); \
	LDURQ(0, 6, 28); \
	SMAX_16B(0, 8, 12); \
	ADD R9, R4, R4; \
	ADD R9, R5, R5; \
	ADD R9, R6, R6; \
	SMAX_16B(24, 4, 4); \
	SMAX_16B(28, 4, 4); \
	SMAX_16B(4, 12, 12); \
	MOV_16B(4, 8)

#define STEPS2_16 \
	LDURQ(0, 4, 0); \
	SMAX_16B(30, 12, 12); \
	LDURQ(0, 5, 16); \
	SMIN_16B(31, 12, 12); \
	STRQ(0, 7, 12); \
	LDURQ(0, 6, 20); \
	ADD R14, R7, R7; \
	ADD R9, R4, R4; \
	ADD R9, R5, R5; \
	ADD R9, R6, R6; \
	LDURQ(0, 4, 4); \
	SMAX_16B(16, 0, 0); \
	LDURQ(0, 5, 24); \
	SMAX_16B(20, 0, 0); \
	LDURQ(0, 6, 28); \
	SMAX_16B(0, 8, 12); \
	ADD R9, R4, R4; \
	ADD R9, R5, R5; \
	ADD R9, R6, R6; \
	SMAX_16B(24, 4, 4); \
	SMAX_16B(28, 4, 4); \
	SMAX_16B(4, 12, 12); \
	MOV_16B(4, 8)

// func maxPool3s1NEON(t *poolTask)
TEXT ·maxPool3s1NEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	LDP poolTask_src(R0), (R1, R20)
	LDP poolTask_kh(R0), (R10, R11)
	LDP poolTask_rowStep(R0), (R8, R9)
	MOVD poolTask_c(R0), R19
	MOVD poolTask_dstStep(R0), R14
	ADD $poolTask_lo8, R0, R4
	LDRQ(0, 4, 30)
	LDRQ(16, 4, 31)
	MOVD R1, R2
	MOVD R1, R3
	SUBS $1, R10, R10
	BEQ rows
	ADD R8, R1, R2
	MOVD R2, R3
	SUBS $1, R10, R10
	BEQ rows
	ADD R8, R2, R3

rows:
	SUBS $32, R19, R19
	BLT less

block32:
	MOVD R1, R4
	MOVD R2, R5
	MOVD R3, R6
	MOVD R20, R7
	MOVD poolTask_n(R0), R12
	COLUMN32(0)
	COLUMN32(4)
	SMAX_16B(4, 0, 8)
	SMAX_16B(5, 1, 9)
	FIRST32(0, 4)
	SUBS $1, R12, R12
	BEQ end32

pixel32:
	STEP32(4, 0)
	SUBS $1, R12, R12
	BEQ end32
	STEP32(0, 4)
	SUBS $1, R12, R12
	BNE pixel32

end32:
	FINISH32
	ADD $32, R1, R1
	ADD $32, R2, R2
	ADD $32, R3, R3
	ADD $32, R20, R20
	SUBS $32, R19, R19
	BGE block32

less:
	ADDS $16, R19, R19
	BLT last

block16:
	MOVD R1, R4
	MOVD R2, R5
	MOVD R3, R6
	MOVD R20, R7
	MOVD poolTask_n(R0), R12
	COLUMN16(0)
	COLUMN16(4)
	SMAX_16B(4, 0, 8)
	FIRST16(0, 4)
	SUBS $1, R12, R12
	BEQ end16

pixel16:
	STEP16(4, 0)
	SUBS $1, R12, R12
	BEQ end16
	STEP16(0, 4)
	SUBS $1, R12, R12
	BNE pixel16

end16:
	FINISH16
	ADD $16, R1, R1
	ADD $16, R2, R2
	ADD $16, R3, R3
	ADD $16, R20, R20
	SUBS $16, R19, R19
	BGE block16

	// R19 is 16 less than what is left: back to the last 16.
last:
	CMP $-16, R19
	BEQ done
	ADD R19, R1, R1
	ADD R19, R2, R2
	ADD R19, R3, R3
	ADD R19, R20, R20
	MOVD ZR, R19
	JMP block16

done:
	RET

// func maxPool3s2NEON(t *poolTask)
TEXT ·maxPool3s2NEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	LDP poolTask_src(R0), (R1, R20)
	LDP poolTask_kh(R0), (R10, R11)
	LDP poolTask_rowStep(R0), (R8, R9)
	MOVD poolTask_c(R0), R19
	MOVD poolTask_dstStep(R0), R14
	ADD $poolTask_lo8, R0, R4
	LDRQ(0, 4, 30)
	LDRQ(16, 4, 31)
	MOVD R1, R2
	MOVD R1, R3
	SUBS $1, R10, R10
	BEQ rows
	ADD R8, R1, R2
	MOVD R2, R3
	SUBS $1, R10, R10
	BEQ rows
	ADD R8, R2, R3

rows:
	SUBS $32, R19, R19
	BLT less

block32:
	MOVD R1, R4
	MOVD R2, R5
	MOVD R3, R6
	MOVD R20, R7
	MOVD poolTask_n(R0), R12
	COLUMN32(8)
	FIRSTS2_32
	SUBS $1, R12, R12
	BEQ end32

pixel32:
	STEPS2_32
	SUBS $1, R12, R12
	BNE pixel32

end32:
	FINISH32
	ADD $32, R1, R1
	ADD $32, R2, R2
	ADD $32, R3, R3
	ADD $32, R20, R20
	SUBS $32, R19, R19
	BGE block32

less:
	ADDS $16, R19, R19
	BLT last

block16:
	MOVD R1, R4
	MOVD R2, R5
	MOVD R3, R6
	MOVD R20, R7
	MOVD poolTask_n(R0), R12
	COLUMN16(8)
	FIRSTS2_16
	SUBS $1, R12, R12
	BEQ end16

pixel16:
	STEPS2_16
	SUBS $1, R12, R12
	BNE pixel16

end16:
	FINISH16
	ADD $16, R1, R1
	ADD $16, R2, R2
	ADD $16, R3, R3
	ADD $16, R20, R20
	SUBS $16, R19, R19
	BGE block16

	// R19 is 16 less than what is left: back to the last 16.
last:
	CMP $-16, R19
	BEQ done
	ADD R19, R1, R1
	ADD R19, R2, R2
	ADD R19, R3, R3
	ADD R19, R20, R20
	MOVD ZR, R19
	JMP block16

done:
	RET
