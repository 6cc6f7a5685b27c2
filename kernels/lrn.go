package kernels

// LRN describes a kernel for local response normalization.
type LRN struct {
	Name string
	Run  func(a *LRNArgs, w, u0, u1 int) // a unit is a row of pixels
}

// LRNArgs are the arguments of LRN:
//
//	v_c = x_c − ZIn,  u_c = Σ v_k² over k in [c − (Size−1)/2, c − (Size−1)/2 + Size) ∩ [0, C)
//	y_c = clamp((v_c·P(Table, u_c) + 1<<(Shift−1)) >> Shift + ZOut, Lo, Hi)
//
// P interpolates a table of 32 entries per octave: with e = max(0, bits(u) − 6),
// i = 32·e + u>>e and f = u mod 2^e,
//
//	P(T, u) = T[i] + ((T[i+1] − T[i])·f) >> e
//
// Entries lie in [0, 2^22), so that the product fits 32 bits.
type LRNArgs struct {
	In       []int8
	Out      []int8
	Out16    []int16
	N, H     int
	W, C     int
	InPlane  Plane
	OutPlane Plane

	Size              int
	Table             []int32
	Shift             uint8
	ZIn, ZOut, Lo, Hi int32
}
