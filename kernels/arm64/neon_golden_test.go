//go:build arm64 && !purego

package arm64

import (
	"testing"
	"unsafe"
)

// TestGolden reads its own code back: every macro of neon_arm64.h must have
// assembled to the word that GNU as gives for the instruction.
func TestGolden(t *testing.T) {
	words := unsafe.Slice(goldenCode(), len(goldenTable))
	for i, g := range goldenTable {
		if words[i] != g.word {
			t.Errorf("%s assembles to %08x, want %08x (%s)", g.macro, words[i], g.word, g.gnu)
		}
	}
}
