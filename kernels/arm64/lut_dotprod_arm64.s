//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "neon_arm64.h"

// Tables of 256 entries, 64 elements at a time.
//
// TBL looks up 64 entries and gives 0 beyond them. So the four quarters of the table
// are tried with indices lowered by 64 in between, and the results joined: on a
// Cortex-A76 that is faster than TBX, which waits for the result before. lut3DotProd
// is for tables whose quarter of the smallest inputs is one value: all entries are
// taken less that value, by EOR.
//
// R1 dst   R2 src   R4 elements left   R6 counts from 0
// V0-V15 the table, from 0 to 127 and then from -128 to -1   V16 64   V17 128
// V18 the entry of -128   V20-V23 indices   V24-V27 results   V28-V31 for the moment
#define NOSTORE(o, n, d)

#define START \
	MOVD lutRow_dst(R0), R1; \
	MOVD lutRow_src(R0), R2; \
	MOVD lutRow_table(R0), R3; \
	MOVD lutRow_n(R0), R4; \
	MOVD lutRow_lanes(R0), R6; \
	LD1R_16B(3, 18); \
	ADD $64, R3, R5; \
	VLD1 (R3), [V8.B16, V9.B16, V10.B16, V11.B16]; \
	ADD $128, R3, R3; \
	VLD1 (R5), [V12.B16, V13.B16, V14.B16, V15.B16]; \
	ADD $128, R5, R5; \
	VLD1 (R3), [V0.B16, V1.B16, V2.B16, V3.B16]; \
	VLD1 (R5), [V4.B16, V5.B16, V6.B16, V7.B16]; \
	MOVI_16B(64, 16); \
	MOVI_16B(128, 17)

#define LUT4_64(ST) \
	LDRQ(0, 2, 20); \
	LDRQ(16, 2, 21); \
	LDRQ(32, 2, 22); \
	LDRQ(48, 2, 23); \
	TBL4_16B(20, 0, 24); \
	TBL4_16B(21, 0, 25); \
	TBL4_16B(22, 0, 26); \
	TBL4_16B(23, 0, 27); \
	SUB_16B(16, 20, 20); \
	SUB_16B(16, 21, 21); \
	SUB_16B(16, 22, 22); \
	SUB_16B(16, 23, 23); \
	TBL4_16B(20, 4, 28); \
	TBL4_16B(21, 4, 29); \
	TBL4_16B(22, 4, 30); \
	TBL4_16B(23, 4, 31); \
	ORR_16B(28, 24, 24); \
	ORR_16B(29, 25, 25); \
	ORR_16B(30, 26, 26); \
	ORR_16B(31, 27, 27); \
	SUB_16B(16, 20, 20); \
	SUB_16B(16, 21, 21); \
	SUB_16B(16, 22, 22); \
	SUB_16B(16, 23, 23); \
	TBL4_16B(20, 8, 28); \
	TBL4_16B(21, 8, 29); \
	TBL4_16B(22, 8, 30); \
	TBL4_16B(23, 8, 31); \
	ORR_16B(28, 24, 24); \
	ORR_16B(29, 25, 25); \
	ORR_16B(30, 26, 26); \
	ORR_16B(31, 27, 27); \
	SUB_16B(16, 20, 20); \
	SUB_16B(16, 21, 21); \
	SUB_16B(16, 22, 22); \
	SUB_16B(16, 23, 23); \
	TBL4_16B(20, 12, 28); \
	TBL4_16B(21, 12, 29); \
	TBL4_16B(22, 12, 30); \
	TBL4_16B(23, 12, 31); \
	ORR_16B(28, 24, 24); \
	ORR_16B(29, 25, 25); \
	ORR_16B(30, 26, 26); \
	ORR_16B(31, 27, 27); \
	ST(0, 1, 24); \
	ST(16, 1, 25); \
	ST(32, 1, 26); \
	ST(48, 1, 27)

#define LUT4_16(ST) \
	LDRQ(0, 2, 20); \
	TBL4_16B(20, 0, 24); \
	SUB_16B(16, 20, 20); \
	TBL4_16B(20, 4, 28); \
	ORR_16B(28, 24, 24); \
	SUB_16B(16, 20, 20); \
	TBL4_16B(20, 8, 28); \
	ORR_16B(28, 24, 24); \
	SUB_16B(16, 20, 20); \
	TBL4_16B(20, 12, 28); \
	ORR_16B(28, 24, 24); \
	ST(0, 1, 24)

#define LUT3_64(ST) \
	LDRQ(0, 2, 20); \
	LDRQ(16, 2, 21); \
	LDRQ(32, 2, 22); \
	LDRQ(48, 2, 23); \
	TBL4_16B(20, 0, 24); \
	TBL4_16B(21, 0, 25); \
	TBL4_16B(22, 0, 26); \
	TBL4_16B(23, 0, 27); \
	SUB_16B(16, 20, 20); \
	SUB_16B(16, 21, 21); \
	SUB_16B(16, 22, 22); \
	SUB_16B(16, 23, 23); \
	TBL4_16B(20, 4, 28); \
	TBL4_16B(21, 4, 29); \
	TBL4_16B(22, 4, 30); \
	TBL4_16B(23, 4, 31); \
	SUB_16B(17, 20, 20); \
	SUB_16B(17, 21, 21); \
	SUB_16B(17, 22, 22); \
	SUB_16B(17, 23, 23); \
	ORR_16B(28, 24, 24); \
	ORR_16B(29, 25, 25); \
	ORR_16B(30, 26, 26); \
	ORR_16B(31, 27, 27); \
	TBL4_16B(20, 12, 28); \
	TBL4_16B(21, 12, 29); \
	TBL4_16B(22, 12, 30); \
	TBL4_16B(23, 12, 31); \
	EOR_16B(18, 24, 24); \
	EOR_16B(18, 25, 25); \
	EOR_16B(18, 26, 26); \
	EOR_16B(18, 27, 27); \
	EOR_16B(28, 24, 24); \
	EOR_16B(29, 25, 25); \
	EOR_16B(30, 26, 26); \
	EOR_16B(31, 27, 27); \
	ST(0, 1, 24); \
	ST(16, 1, 25); \
	ST(32, 1, 26); \
	ST(48, 1, 27)

#define LUT3_16(ST) \
	LDRQ(0, 2, 20); \
	TBL4_16B(20, 0, 24); \
	SUB_16B(16, 20, 20); \
	TBL4_16B(20, 4, 28); \
	SUB_16B(17, 20, 20); \
	ORR_16B(28, 24, 24); \
	TBL4_16B(20, 12, 28); \
	EOR_16B(18, 24, 24); \
	EOR_16B(28, 24, 24); \
	ST(0, 1, 24)

// func lutDotProd(r *lutRow)
TEXT ·lutDotProd(SB), NOSPLIT, $0-8
	MOVD r+0(FP), R0
	START
	SUBS $64, R4, R4
	BLT less
	PCALIGN $16

loop:
	LUT4_64(STRQ)
	ADD $64, R2, R2
	ADD $64, R1, R1
	SUBS $64, R4, R4
	BGE loop

less:
	ADDS $48, R4, R4
	BLT tail

some:
	LUT4_16(STRQ)
	ADD $16, R2, R2
	ADD $16, R1, R1
	SUBS $16, R4, R4
	BGE some

	// R4 is 16 less than what is left: the last 16 elements, but store those only.
tail:
	ADDS $16, R4, R4
	BEQ done
	SUB $16, R4, R14
	ADD R14, R2, R2
	LUT4_16(NOSTORE)
	MOV_16B(24, 28)
	MOVD R1, R3
	CALL ·storeTail(SB)

done:
	RET

// func lut3DotProd(r *lutRow)
TEXT ·lut3DotProd(SB), NOSPLIT, $0-8
	MOVD r+0(FP), R0
	START
	EOR_16B(18, 0, 0)
	EOR_16B(18, 1, 1)
	EOR_16B(18, 2, 2)
	EOR_16B(18, 3, 3)
	EOR_16B(18, 4, 4)
	EOR_16B(18, 5, 5)
	EOR_16B(18, 6, 6)
	EOR_16B(18, 7, 7)
	EOR_16B(18, 12, 12)
	EOR_16B(18, 13, 13)
	EOR_16B(18, 14, 14)
	EOR_16B(18, 15, 15)
	SUBS $64, R4, R4
	BLT less
	PCALIGN $16

loop:
	LUT3_64(STRQ)
	ADD $64, R2, R2
	ADD $64, R1, R1
	SUBS $64, R4, R4
	BGE loop

less:
	ADDS $48, R4, R4
	BLT tail

some:
	LUT3_16(STRQ)
	ADD $16, R2, R2
	ADD $16, R1, R1
	SUBS $16, R4, R4
	BGE some

	// R4 is 16 less than what is left: the last 16 elements, but store those only.
tail:
	ADDS $16, R4, R4
	BEQ done
	SUB $16, R4, R14
	ADD R14, R2, R2
	LUT3_16(NOSTORE)
	MOV_16B(24, 28)
	MOVD R1, R3
	CALL ·storeTail(SB)

done:
	RET
