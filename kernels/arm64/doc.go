// Package arm64 has the kernels for 64-bit Arm CPUs, in Go assembly. Plug lays
// them over the generic ones, tier by tier: neon runs on every such CPU,
// dotprod and i8mm where HWCAP says so.
//
// Files are named family_tier_arm64: the .go file wraps, the .s file of the
// same name computes.
package arm64
