//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "neon_arm64.h"

// Deformable sampling: between four pixels, all channels of a position.
//
//	S = first + Σ_corners w·x                  weights sum to 2^14
//	d = sat8(((S·mask + 2^21) >> 22) + zero)
//
// R1-R4 corners   R5 samples   R6 their end   R7 input   R8 output   R9 this one's
// R10 channels left, less 16   R11 for the moment
// V0-V3 sums   V4 weights   V5 first   V6 mask   V7 2^21   V8 zero   V16-V23 corners

#define CHANNELS16 \
	LDRD(0, 1, 16); \
	LDRD(8, 1, 20); \
	LDRD(0, 2, 17); \
	LDRD(8, 2, 21); \
	LDRD(0, 3, 18); \
	LDRD(8, 3, 22); \
	LDRD(0, 4, 19); \
	LDRD(8, 4, 23); \
	SXTL_8H(16, 16); \
	SXTL_8H(20, 20); \
	SXTL_8H(17, 17); \
	SXTL_8H(21, 21); \
	SXTL_8H(18, 18); \
	SXTL_8H(22, 22); \
	SXTL_8H(19, 19); \
	SXTL_8H(23, 23); \
	MOV_16B(5, 0); \
	MOV_16B(5, 1); \
	MOV_16B(5, 2); \
	MOV_16B(5, 3); \
	SMLAL_4S_LANE(0, 4, 16, 0); \
	SMLAL_4S_LANE(0, 4, 20, 2); \
	SMLAL2_4S_LANE(0, 4, 16, 1); \
	SMLAL2_4S_LANE(0, 4, 20, 3); \
	SMLAL_4S_LANE(1, 4, 17, 0); \
	SMLAL_4S_LANE(1, 4, 21, 2); \
	SMLAL2_4S_LANE(1, 4, 17, 1); \
	SMLAL2_4S_LANE(1, 4, 21, 3); \
	SMLAL_4S_LANE(2, 4, 18, 0); \
	SMLAL_4S_LANE(2, 4, 22, 2); \
	SMLAL2_4S_LANE(2, 4, 18, 1); \
	SMLAL2_4S_LANE(2, 4, 22, 3); \
	SMLAL_4S_LANE(3, 4, 19, 0); \
	SMLAL_4S_LANE(3, 4, 23, 2); \
	SMLAL2_4S_LANE(3, 4, 19, 1); \
	SMLAL2_4S_LANE(3, 4, 23, 3); \
	MOV_16B(7, 16); \
	MOV_16B(7, 17); \
	MOV_16B(7, 20); \
	MOV_16B(7, 21); \
	MLA_4S(6, 0, 16); \
	MLA_4S(6, 1, 17); \
	MLA_4S(6, 2, 20); \
	MLA_4S(6, 3, 21); \
	UZP2_8H(17, 16, 0); \
	UZP2_8H(21, 20, 2); \
	SSHR_8H(6, 0, 0); \
	SSHR_8H(6, 2, 2); \
	SQADD_8H(8, 0, 0); \
	SQADD_8H(8, 2, 2); \
	SQXTN_8B(0, 0); \
	SQXTN2_16B(2, 0); \
	STRQ(0, 9, 0)

#define CHANNELS8 \
	LDRD(0, 1, 16); \
	LDRD(0, 2, 17); \
	LDRD(0, 3, 18); \
	LDRD(0, 4, 19); \
	SXTL_8H(16, 16); \
	SXTL_8H(17, 17); \
	SXTL_8H(18, 18); \
	SXTL_8H(19, 19); \
	MOV_16B(5, 0); \
	MOV_16B(5, 1); \
	SMLAL_4S_LANE(0, 4, 16, 0); \
	SMLAL2_4S_LANE(0, 4, 16, 1); \
	SMLAL_4S_LANE(1, 4, 17, 0); \
	SMLAL2_4S_LANE(1, 4, 17, 1); \
	SMLAL_4S_LANE(2, 4, 18, 0); \
	SMLAL2_4S_LANE(2, 4, 18, 1); \
	SMLAL_4S_LANE(3, 4, 19, 0); \
	SMLAL2_4S_LANE(3, 4, 19, 1); \
	MOV_16B(7, 16); \
	MOV_16B(7, 17); \
	MLA_4S(6, 0, 16); \
	MLA_4S(6, 1, 17); \
	UZP2_8H(17, 16, 0); \
	SSHR_8H(6, 0, 0); \
	SQADD_8H(8, 0, 0); \
	SQXTN_8B(0, 0); \
	STRD(0, 9, 0)

// func sampleNEON(t *sampleTask)
TEXT ·sampleNEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	LDP sampleTask_samples(R0), (R5, R6)
	LDP sampleTask_in(R0), (R7, R8)
	ADD $sampleTask_zero, R0, R11
	LDRQ(0, 11, 8)
	MOVI_4S_16(32, 7)

sample:
	LDP (R5), (R1, R2)
	LDP 16(R5), (R3, R4)
	LDP sample_to(R5), (R9, R10)
	ADD $sample_weight, R5, R11
	LDRD(0, 11, 4)
	ADD $sample_first, R5, R11
	LD1R_4S(11, 5)
	ADD $sample_mask, R5, R11
	LD1R_4S(11, 6)
	ADD R7, R1, R1
	ADD R7, R2, R2
	ADD R7, R3, R3
	ADD R7, R4, R4
	ADD R8, R9, R9
	SUBS $16, R10, R10
	BLT less16
	PCALIGN $16

channels16:
	CHANNELS16
	ADD $16, R1, R1
	ADD $16, R2, R2
	ADD $16, R3, R3
	ADD $16, R4, R4
	ADD $16, R9, R9
	SUBS $16, R10, R10
	BGE channels16

less16:
	ADDS $8, R10, R10
	BLT last
	CHANNELS8
	ADD $8, R1, R1
	ADD $8, R2, R2
	ADD $8, R3, R3
	ADD $8, R4, R4
	ADD $8, R9, R9
	SUB $8, R10, R10

	// R10 is 8 less than what is left: back to the last 8.
last:
	CMP $-8, R10
	BEQ next
	ADD R10, R1, R1
	ADD R10, R2, R2
	ADD R10, R3, R3
	ADD R10, R4, R4
	ADD R10, R9, R9
	CHANNELS8

next:
	ADD $sample__size, R5, R5
	CMP R6, R5
	BNE sample
	RET
