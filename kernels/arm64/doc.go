// Package arm64 has the kernels for 64-bit Arm CPUs, in Go assembly. Plug lays
// them over the generic ones, tier by tier: neon runs on every such CPU,
// dotprod and i8mm where HWCAP says so.
//
// # Files
//
// Files are named family_tier_arm64: the .go file wraps, the .s file of the
// same name computes. What tiers share is in family_arm64.go. All of them have
// the build tag !purego. neon_arm64.h names the instructions that the assembler
// lacks; after a change of it, run go run gen_golden.go.
//
// # Calls
//
// An assembly function takes one pointer to a flat struct and reads its fields
// through go_asm.h:
//
//	//go:noescape
//	func gemmDotProd(a *gemmArgs)
//
//	TEXT ·gemmDotProd(SB), NOSPLIT, $0-8
//		MOVD a+0(FP), R0
//		MOVD gemmArgs_w(R0), R2
//
// The struct is built on the caller's stack. So that it stays there, functions
// are marked noescape and called by name: a call through a func value or an
// interface moves the argument to the heap, one allocation per call. Where the
// tier decides, a switch does. Fields that hold addresses are pointers, never
// uintptr.
//
// # Registers
//
// R0 is the argument. Functions use R0 to R15 and R19 to R26, and R16 and R17
// where no call is in between: the linker may use those two around a call. R18
// belongs to the platform, R27 to the assembler (large constants and offsets
// clobber it), R28 is g, R29 and R30 are frame and link.
// All of V0 to V31 are free; Go keeps nothing in them across a call.
//
// # Limits
//
//   - A call cannot be preempted, and a garbage collection waits for it: at most
//     100 µs on a Cortex-A53 at 1.2 GHz, that is 120,000 cycles. The Go code
//     around it cuts the work; the longest call of every kernel is bounded by a
//     constant that says so.
//   - Nothing is read outside the slices of the arguments, and nothing written
//     that the operator does not define: kerneltest puts inputs before a page that
//     cannot be read. Packed weights and scratch memory are the kernel's own; it
//     sizes them so that reading ahead stays inside.
//   - Weights are -127 to 127, so that the sum of two products fits 16 bits:
//     2·128·127 = 32512. Three do not.
//   - Code runs on in-order cores too (A53, A55): results are used four
//     instructions later or more, loads of 8 bytes stand between the vector
//     operations that they are issued with. A Cortex-A53 does not issue anything
//     beside a 16-byte load.
package arm64
