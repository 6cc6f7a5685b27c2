package edgerun_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/kerneltest"
)

// guards gives sessions memory that is watched: it ends at a page that cannot
// be touched (where the system has such), with canaries in front of it and in
// the bytes that alignment leaves behind it. It is full of garbage.
type guards struct {
	t      testing.TB
	blocks []block
}

type block struct {
	all  []byte
	size int
}

const (
	canaries = 256
	canary   = 0xa7
)

func (g *guards) alloc(n int) []byte {
	b := block{kerneltest.Guarded(g.t, canaries+(n+15)&^15), n}
	for i := range b.all {
		b.all[i] = canary
	}
	g.blocks = append(g.blocks, b)
	return b.all[canaries:][:n:n]
}

// check fails when a canary is dead.
func (g *guards) check() {
	for _, b := range g.blocks {
		for i, v := range b.all {
			if (i < canaries || i >= canaries+b.size) && v != canary {
				require.Failf(g.t, "memory was written outside a block", "at %d of a block of %d bytes", i-canaries, b.size)
			}
		}
	}
}
