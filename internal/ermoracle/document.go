package ermoracle

import (
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Example is the complete file that docs/format.md draws, and what running it
// on the input that the document names has to give.
type Example struct {
	File   []byte
	Input  []float32
	Output []float32
}

var exampleRun = regexp.MustCompile(`With the input \(([^)]*)\) it gives \(([^)]*)\)`)

// ReadExample takes the example out of the document's text. The position in
// front of every line has to be that of its first byte.
func ReadExample(doc string) (*Example, error) {
	_, block, ok := strings.Cut(doc, "```hex\n")
	block, _, end := strings.Cut(block, "```")
	run := exampleRun.FindStringSubmatch(strings.ReplaceAll(doc, "\n", " "))
	if !ok || !end || run == nil {
		return nil, fmt.Errorf("ermoracle: the document has no example, or does not say what it computes")
	}
	e := &Example{}
	for _, line := range strings.Split(strings.TrimSpace(block), "\n") {
		if strings.HasPrefix(line, ";") {
			continue
		}
		at, rest, _ := strings.Cut(line, "  ")
		if pos, err := strconv.ParseUint(at, 16, 32); err != nil || int(pos) != len(e.File) {
			return nil, fmt.Errorf("ermoracle: line %q: want position %04x", line, len(e.File))
		}
		bytes, _, _ := strings.Cut(rest, "  ") // what follows is for people
		b, err := hex.DecodeString(strings.ReplaceAll(bytes, " ", ""))
		if err != nil {
			return nil, fmt.Errorf("ermoracle: line %q: %w", line, err)
		}
		e.File = append(e.File, b...)
	}
	for i, l := range []*[]float32{&e.Input, &e.Output} {
		for _, s := range strings.Split(run[i+1], ",") {
			v, err := strconv.ParseFloat(strings.ReplaceAll(strings.TrimSpace(s), "−", "-"), 32)
			if err != nil {
				return nil, fmt.Errorf("ermoracle: %q in the document is not a number", s)
			}
			*l = append(*l, float32(v))
		}
	}
	return e, nil
}
