//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// func lutNEON(r *lutRow)
//
// R1 dst   R2 src   R3 table   R4 elements left
// V0-V15 the table   V16 64   V17 128   V20 indices   V21 results
//
// for i := 0; i < n; i += 16 { dst[i:i+16] = table[src[i:i+16]^128] }
//
// TBL looks up 64 entries and gives 0 beyond them; TBX leaves its result alone
// there. So the four quarters of the table are tried one after the other, the
// indices lowered by 64 in between.
TEXT ·lutNEON(SB), NOSPLIT, $0-8
	MOVD r+0(FP), R0
	MOVD lutRow_dst(R0), R1
	MOVD lutRow_src(R0), R2
	MOVD lutRow_table(R0), R3
	MOVD lutRow_n(R0), R4
	VLD1.P 64(R3), [V0.B16, V1.B16, V2.B16, V3.B16]
	VLD1.P 64(R3), [V4.B16, V5.B16, V6.B16, V7.B16]
	VLD1.P 64(R3), [V8.B16, V9.B16, V10.B16, V11.B16]
	VLD1 (R3), [V12.B16, V13.B16, V14.B16, V15.B16]
	VMOVI $64, V16.B16
	VMOVI $128, V17.B16

loop:
	VLD1.P 16(R2), [V20.B16]
	VEOR V17.B16, V20.B16, V20.B16
	VTBL V20.B16, [V0.B16, V1.B16, V2.B16, V3.B16], V21.B16
	VSUB V16.B16, V20.B16, V20.B16
	VTBX V20.B16, [V4.B16, V5.B16, V6.B16, V7.B16], V21.B16
	VSUB V16.B16, V20.B16, V20.B16
	VTBX V20.B16, [V8.B16, V9.B16, V10.B16, V11.B16], V21.B16
	VSUB V16.B16, V20.B16, V20.B16
	VTBX V20.B16, [V12.B16, V13.B16, V14.B16, V15.B16], V21.B16
	VST1.P [V21.B16], 16(R1)
	SUBS $16, R4, R4
	BNE loop
	RET
