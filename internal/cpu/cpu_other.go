//go:build !arm64

package cpu

import "github.com/edgerun/edgerun/kernels"

// Detected returns no extensions: the kernels for this CPU are the generic ones.
func Detected() kernels.ISA { return 0 }
