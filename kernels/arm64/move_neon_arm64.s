//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "neon_arm64.h"

// Moves: rows of bytes, pairs of rows that become one, transposition.

// func moveRowsNEON(t *moveTask)
//
// Rows of 4 bytes and more. The last bytes of a row are moved twice where that saves
// looking at every one.
//
// R1, R2 from, to   R3 bytes   R4 rows left   R5, R6 from row to row
// R7, R8 in the row   R9 bytes left
TEXT ·moveRowsNEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	LDP moveTask_in(R0), (R1, R2)
	LDP moveTask_n(R0), (R3, R4)
	LDP moveTask_stepIn(R0), (R5, R6)
	CMP $16, R3
	BGE rows16
	CMP $8, R3
	BGE rows8
	SUB $4, R3, R9

rows4:
	ADD R9, R1, R7
	ADD R9, R2, R8
	MOVWU (R1), R10
	MOVWU (R7), R11
	MOVW R10, (R2)
	MOVW R11, (R8)
	ADD R5, R1, R1
	ADD R6, R2, R2
	SUBS $1, R4, R4
	BNE rows4
	RET

rows8:
	SUB $8, R3, R9

row8:
	ADD R9, R1, R7
	ADD R9, R2, R8
	MOVD (R1), R10
	MOVD (R7), R11
	MOVD R10, (R2)
	MOVD R11, (R8)
	ADD R5, R1, R1
	ADD R6, R2, R2
	SUBS $1, R4, R4
	BNE row8
	RET

rows16:
	MOVD R1, R7
	MOVD R2, R8
	SUBS $64, R3, R9
	BLT less64

loop:
	LDPQ(0, 7, 0, 1)
	LDPQ(32, 7, 2, 3)
	ADD $64, R7, R7
	STPQ(0, 8, 0, 1)
	STPQ(32, 8, 2, 3)
	ADD $64, R8, R8
	SUBS $64, R9, R9
	BGE loop

less64:
	ADDS $48, R9, R9
	BLT last

some:
	LDRQ(0, 7, 0)
	ADD $16, R7, R7
	STRQ(0, 8, 0)
	ADD $16, R8, R8
	SUBS $16, R9, R9
	BGE some

	// R9 is 16 less than what is left: back to the last 16.
last:
	CMP $-16, R9
	BEQ next
	ADD R9, R7, R7
	ADD R9, R8, R8
	LDRQ(0, 7, 0)
	STRQ(0, 8, 0)

next:
	ADD R5, R1, R1
	ADD R6, R2, R2
	SUBS $1, R4, R4
	BNE rows16
	RET

// func zipRowsNEON(t *moveTask)
//
// to[2i] = from[i], to[2i+1] = from[i + apart], for rows of 8 bytes i and more.
//
// R12 apart; the rest as above
TEXT ·zipRowsNEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	LDP moveTask_in(R0), (R1, R2)
	LDP moveTask_n(R0), (R3, R4)
	LDP moveTask_stepIn(R0), (R5, R6)
	MOVD moveTask_apart(R0), R12

row:
	MOVD R1, R7
	MOVD R2, R8
	ADD R12, R1, R10
	SUBS $16, R3, R9
	BLT less16

loop:
	LDRQ(0, 7, 0)
	LDRQ(0, 10, 1)
	ADD $16, R7, R7
	ADD $16, R10, R10
	ZIP1_16B(1, 0, 2)
	ZIP2_16B(1, 0, 3)
	STPQ(0, 8, 2, 3)
	ADD $32, R8, R8
	SUBS $16, R9, R9
	BGE loop

less16:
	ADDS $8, R9, R9
	BLT last

eight:
	LDRD(0, 7, 0)
	LDRD(0, 10, 1)
	ADD $8, R7, R7
	ADD $8, R10, R10
	ZIP1_16B(1, 0, 2)
	STRQ(0, 8, 2)
	ADD $16, R8, R8
	SUBS $8, R9, R9
	BGE eight

	// R9 is 8 less than what is left: back to the last 8.
last:
	CMP $-8, R9
	BEQ next
	ADD R9, R7, R7
	ADD R9, R10, R10
	ADD R9<<1, R8, R8
	MOVD ZR, R9
	JMP eight

next:
	ADD R5, R1, R1
	ADD R6, R2, R2
	SUBS $1, R4, R4
	BNE row
	RET

// TRANSPOSE8 moves 8 rows of 8 bytes from R7 on, R12 apart, to columns: rows at R8, R13
// apart.
#define TRANSPOSE8 \
	LDRD(0, 7, 0); \
	ADD R12, R7, R7; \
	LDRD(0, 7, 1); \
	ADD R12, R7, R7; \
	LDRD(0, 7, 2); \
	ADD R12, R7, R7; \
	LDRD(0, 7, 3); \
	ADD R12, R7, R7; \
	LDRD(0, 7, 4); \
	ADD R12, R7, R7; \
	LDRD(0, 7, 5); \
	ADD R12, R7, R7; \
	LDRD(0, 7, 6); \
	ADD R12, R7, R7; \
	LDRD(0, 7, 7); \
	TRN1_8B(1, 0, 16); \
	TRN2_8B(1, 0, 17); \
	TRN1_8B(3, 2, 18); \
	TRN2_8B(3, 2, 19); \
	TRN1_8B(5, 4, 20); \
	TRN2_8B(5, 4, 21); \
	TRN1_8B(7, 6, 22); \
	TRN2_8B(7, 6, 23); \
	TRN1_4H(18, 16, 0); \
	TRN2_4H(18, 16, 2); \
	TRN1_4H(19, 17, 1); \
	TRN2_4H(19, 17, 3); \
	TRN1_4H(22, 20, 4); \
	TRN2_4H(22, 20, 6); \
	TRN1_4H(23, 21, 5); \
	TRN2_4H(23, 21, 7); \
	TRN1_2S(4, 0, 16); \
	TRN2_2S(4, 0, 20); \
	TRN1_2S(5, 1, 17); \
	TRN2_2S(5, 1, 21); \
	TRN1_2S(6, 2, 18); \
	TRN2_2S(6, 2, 22); \
	TRN1_2S(7, 3, 19); \
	TRN2_2S(7, 3, 23); \
	STRD(0, 8, 16); \
	ADD R13, R8, R8; \
	STRD(0, 8, 17); \
	ADD R13, R8, R8; \
	STRD(0, 8, 18); \
	ADD R13, R8, R8; \
	STRD(0, 8, 19); \
	ADD R13, R8, R8; \
	STRD(0, 8, 20); \
	ADD R13, R8, R8; \
	STRD(0, 8, 21); \
	ADD R13, R8, R8; \
	STRD(0, 8, 22); \
	ADD R13, R8, R8; \
	STRD(0, 8, 23)

// func transposeNEON(t *moveTask)
//
// to[i·apartOut + j] = from[j·apart + i], i below n and j below rows, both 8 at least.
//
// R1, R2 from, to at the next j   R3, R4 n, rows   R5 i left, less 8   R6 j left, less 8
// R9, R10 from, to   R12, R13 apart, apartOut
TEXT ·transposeNEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	LDP moveTask_in(R0), (R1, R2)
	LDP moveTask_n(R0), (R3, R4)
	LDP moveTask_apart(R0), (R12, R13)
	SUB $8, R4, R6

across:
	MOVD R1, R9
	MOVD R2, R10
	SUB $8, R3, R5

down:
	MOVD R9, R7
	MOVD R10, R8
	TRANSPOSE8
	CBZ R5, side
	SUBS $8, R5, R5
	ADD $8, R9, R9
	ADD R13<<3, R10, R10
	BGE down

	// Back to the last 8.
	ADD R5, R9, R9
	MUL R13, R5, R7
	ADD R7, R10, R10
	MOVD ZR, R5
	JMP down

side:
	CBZ R6, done
	SUBS $8, R6, R6
	ADD R12<<3, R1, R1
	ADD $8, R2, R2
	BGE across
	MUL R12, R6, R7
	ADD R7, R1, R1
	ADD R6, R2, R2
	MOVD ZR, R6
	JMP across

done:
	RET
