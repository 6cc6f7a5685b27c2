//go:build !purego

#include "textflag.h"

// One row of the tile: two vectors of C plus an element of A times two of B,
// the product rounded before it is added.
#define ROW(a, c0, c1) \
	VBROADCASTSS (a), Y10 \
	VMULPS       Y8, Y10, Y11 \
	VMULPS       Y9, Y10, Y12 \
	VADDPS       Y11, c0, c0 \
	VADDPS       Y12, c1, c1 \
	ADDQ         $4, a

// func tile4x16(k int, a *float32, lda int, b *float32, c *float32, ldc int, more bool)
//
// SI, R10, R11, R12 are the rows of A, DI the panel of B, R8, R13, R14, R15 the
// rows of C, which Y0 to Y7 hold.
TEXT ·tile4x16(SB), NOSPLIT, $0-49
	MOVQ   k+0(FP), CX
	MOVQ   a+8(FP), SI
	MOVQ   lda+16(FP), DX
	MOVQ   b+24(FP), DI
	MOVQ   c+32(FP), R8
	MOVQ   ldc+40(FP), R9
	SHLQ   $2, DX
	SHLQ   $2, R9
	LEAQ   (SI)(DX*1), R10
	LEAQ   (SI)(DX*2), R11
	LEAQ   (R10)(DX*2), R12
	LEAQ   (R8)(R9*1), R13
	LEAQ   (R8)(R9*2), R14
	LEAQ   (R13)(R9*2), R15
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	VXORPS Y6, Y6, Y6
	VXORPS Y7, Y7, Y7
	CMPB   more+48(FP), $0
	JEQ    loop
	VMOVUPS (R8), Y0
	VMOVUPS 32(R8), Y1
	VMOVUPS (R13), Y2
	VMOVUPS 32(R13), Y3
	VMOVUPS (R14), Y4
	VMOVUPS 32(R14), Y5
	VMOVUPS (R15), Y6
	VMOVUPS 32(R15), Y7

loop:
	VMOVUPS (DI), Y8
	VMOVUPS 32(DI), Y9
	ROW(SI, Y0, Y1)
	ROW(R10, Y2, Y3)
	ROW(R11, Y4, Y5)
	ROW(R12, Y6, Y7)
	ADDQ    $64, DI
	DECQ    CX
	JNZ     loop

	VMOVUPS Y0, (R8)
	VMOVUPS Y1, 32(R8)
	VMOVUPS Y2, (R13)
	VMOVUPS Y3, 32(R13)
	VMOVUPS Y4, (R14)
	VMOVUPS Y5, 32(R14)
	VMOVUPS Y6, (R15)
	VMOVUPS Y7, 32(R15)
	VZEROUPPER
	RET
