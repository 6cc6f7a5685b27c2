//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "neon_arm64.h"

// Tables of 256 entries, 64 elements at a time.
//
// TBL looks up 64 entries and gives 0 beyond them; TBX leaves its result alone there.
// So the four quarters of the table are tried one after the other, the indices lowered
// by 64 in between. lut3NEON is for tables whose quarter of the smallest inputs is one
// value: results start with that.
//
// The results of 64 elements are stored beside the next look-ups. At first there are
// none, and what is stored in their place is overwritten.
//
// R1 where results go   R2 src   R4 elements left   R5 from results to results
// R6 counts from 0
// V0-V15 the table, from 0 to 127 and then from -128 to -1   V16 64   V17 128
// V18 the entry of -128   V20-V23 indices   V24-V27 results
#define NOSTORE(o, n, d)
#define NOLOAD(o, n, d)

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

#define LUT4_64(LD) \
	STRQ(0, 1, 24); \
	TBL4_16B(20, 0, 24); \
	SUB_16B(16, 20, 20); \
	STRQ(16, 1, 25); \
	TBL4_16B(21, 0, 25); \
	SUB_16B(16, 21, 21); \
	STRQ(32, 1, 26); \
	TBL4_16B(22, 0, 26); \
	SUB_16B(16, 22, 22); \
	STRQ(48, 1, 27); \
	TBL4_16B(23, 0, 27); \
	SUB_16B(16, 23, 23); \
	TBX4_16B(20, 4, 24); \
	TBX4_16B(21, 4, 25); \
	TBX4_16B(22, 4, 26); \
	TBX4_16B(23, 4, 27); \
	SUB_16B(16, 20, 20); \
	SUB_16B(16, 21, 21); \
	SUB_16B(16, 22, 22); \
	SUB_16B(16, 23, 23); \
	TBX4_16B(20, 8, 24); \
	TBX4_16B(21, 8, 25); \
	TBX4_16B(22, 8, 26); \
	TBX4_16B(23, 8, 27); \
	SUB_16B(16, 20, 20); \
	SUB_16B(16, 21, 21); \
	SUB_16B(16, 22, 22); \
	SUB_16B(16, 23, 23); \
	TBX4_16B(20, 12, 24); \
	LD(0, 2, 20); \
	TBX4_16B(21, 12, 25); \
	LD(16, 2, 21); \
	TBX4_16B(22, 12, 26); \
	LD(32, 2, 22); \
	TBX4_16B(23, 12, 27); \
	LD(48, 2, 23)

#define LUT4_16(ST) \
	LDRQ(0, 2, 20); \
	TBL4_16B(20, 0, 24); \
	SUB_16B(16, 20, 20); \
	TBX4_16B(20, 4, 24); \
	SUB_16B(16, 20, 20); \
	TBX4_16B(20, 8, 24); \
	SUB_16B(16, 20, 20); \
	TBX4_16B(20, 12, 24); \
	ST(0, 1, 24)

#define LUT3_64(LD) \
	STRQ(0, 1, 24); \
	MOV_16B(18, 24); \
	STRQ(16, 1, 25); \
	MOV_16B(18, 25); \
	STRQ(32, 1, 26); \
	MOV_16B(18, 26); \
	STRQ(48, 1, 27); \
	MOV_16B(18, 27); \
	TBX4_16B(20, 0, 24); \
	TBX4_16B(21, 0, 25); \
	TBX4_16B(22, 0, 26); \
	TBX4_16B(23, 0, 27); \
	SUB_16B(16, 20, 20); \
	SUB_16B(16, 21, 21); \
	SUB_16B(16, 22, 22); \
	SUB_16B(16, 23, 23); \
	TBX4_16B(20, 4, 24); \
	TBX4_16B(21, 4, 25); \
	TBX4_16B(22, 4, 26); \
	TBX4_16B(23, 4, 27); \
	SUB_16B(17, 20, 20); \
	SUB_16B(17, 21, 21); \
	SUB_16B(17, 22, 22); \
	SUB_16B(17, 23, 23); \
	TBX4_16B(20, 12, 24); \
	LD(0, 2, 20); \
	TBX4_16B(21, 12, 25); \
	LD(16, 2, 21); \
	TBX4_16B(22, 12, 26); \
	LD(32, 2, 22); \
	TBX4_16B(23, 12, 27); \
	LD(48, 2, 23)

#define LUT3_16(ST) \
	LDRQ(0, 2, 20); \
	MOV_16B(18, 24); \
	TBX4_16B(20, 0, 24); \
	SUB_16B(16, 20, 20); \
	TBX4_16B(20, 4, 24); \
	SUB_16B(17, 20, 20); \
	TBX4_16B(20, 12, 24); \
	ST(0, 1, 24)

// func lutNEON(r *lutRow)
TEXT ·lutNEON(SB), NOSPLIT, $0-8
	MOVD r+0(FP), R0
	START
	SUBS $64, R4, R4
	BLT less
	LDRQ(0, 2, 20)
	LDRQ(16, 2, 21)
	LDRQ(32, 2, 22)
	LDRQ(48, 2, 23)
	MOVD ZR, R5
	SUBS $64, R4, R4
	BLT last
	PCALIGN $16

loop:
	ADD $64, R2, R2
	LUT4_64(LDRQ)
	ADD R5, R1, R1
	MOVD $64, R5
	SUBS $64, R4, R4
	BGE loop

last:
	ADD $64, R2, R2
	LUT4_64(NOLOAD)
	ADD R5, R1, R1
	STRQ(0, 1, 24)
	STRQ(16, 1, 25)
	STRQ(32, 1, 26)
	STRQ(48, 1, 27)
	ADD $64, R1, R1

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

// func lut3NEON(r *lutRow)
TEXT ·lut3NEON(SB), NOSPLIT, $0-8
	MOVD r+0(FP), R0
	START
	SUBS $64, R4, R4
	BLT less
	LDRQ(0, 2, 20)
	LDRQ(16, 2, 21)
	LDRQ(32, 2, 22)
	LDRQ(48, 2, 23)
	MOVD ZR, R5
	SUBS $64, R4, R4
	BLT last
	PCALIGN $16

loop:
	ADD $64, R2, R2
	LUT3_64(LDRQ)
	ADD R5, R1, R1
	MOVD $64, R5
	SUBS $64, R4, R4
	BGE loop

last:
	ADD $64, R2, R2
	LUT3_64(NOLOAD)
	ADD R5, R1, R1
	STRQ(0, 1, 24)
	STRQ(16, 1, 25)
	STRQ(32, 1, 26)
	STRQ(48, 1, 27)
	ADD $64, R1, R1

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
