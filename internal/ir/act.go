package ir

import (
	"fmt"
	"slices"
)

// Act is an activation that is part of another operator: what the quantizer
// can fold into a requantization.
type Act struct {
	Kind   string    // "", "clamp" or "leaky"
	Lo, Hi float32   // clamp
	Slopes []float32 // leaky: the factor of negative inputs, one or one per channel
}

// Clamp returns the activation x -> min(max(x, lo), hi).
func Clamp(lo, hi float32) Act { return Act{Kind: "clamp", Lo: lo, Hi: hi} }

// rising reports whether a larger input never gives a smaller output.
func (a *Act) rising() bool {
	switch a.Kind {
	case "clamp":
		return true
	case "leaky":
		return !slices.ContainsFunc(a.Slopes, func(s float32) bool { return s < 0 })
	}
	return false
}

// Apply computes the activation of x in channel c.
func (a *Act) Apply(x float32, c int) float32 {
	switch a.Kind {
	case "clamp":
		return min(max(x, a.Lo), a.Hi)
	case "leaky":
		if x < 0 {
			return x * a.Slopes[c%len(a.Slopes)]
		}
	}
	return x
}

// String prints the activation, or nothing.
func (a Act) String() string {
	switch a.Kind {
	case "clamp":
		return fmt.Sprintf("clamp[%g %g]", a.Lo, a.Hi)
	case "leaky":
		if len(a.Slopes) == 1 {
			return fmt.Sprintf("leaky[%g]", a.Slopes[0])
		}
		return fmt.Sprintf("leaky[%d slopes]", len(a.Slopes))
	}
	return "none"
}
