package generic_test

import (
	"testing"

	"github.com/edgerun/edgerun/internal/kerneltest"
	"github.com/edgerun/edgerun/kernels/generic"
)

func TestConformance(t *testing.T) { kerneltest.Run(t, generic.Table()) }
