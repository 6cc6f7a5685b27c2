package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// variants is what `edgerun zoo variants --json` prints.
type variants struct {
	Size     int              `json:"size"`
	Channels int              `json:"channels"`
	Tier     string           `json:"tier"`
	Iters    int              `json:"iters"`
	Cores    []string         `json:"cores"`
	Variants []map[string]any `json:"variants"`
}

const (
	variantsFile = "tools/zoo/variants.json"
	variantsDoc  = "docs/variants.md"
)

// measureVariants runs the command; with armcost it models cycles too.
func (m *measurer) measureVariants(armcost string) error {
	args := []string{"zoo", "variants", "--iters", "40", "--svg", "docs/variants.svg"}
	if armcost != "" {
		args = append(args, "--armcost", armcost)
	}
	var v variants
	if _, err := m.edgerun(&v, args...); err != nil {
		return err
	}
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(variantsFile, append(b, '\n'), 0o644)
}

// renderVariants writes docs/variants.md from what was measured, if it was.
func renderVariants() error {
	b, err := os.ReadFile(variantsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var v variants
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	return os.WriteFile(variantsDoc, []byte(v.document()), 0o644)
}

// document renders docs/variants.md.
func (v *variants) document() string {
	var b strings.Builder
	fmt.Fprintf(&b, variantsHead, v.Channels, v.Size, v.Size)
	head, rule := "| variant | made of | parameters | MACs, M | int8, bytes | sees | time, ms | GMAC/s |", "|---|---|---:|---:|---:|---|---:|---:|"
	for _, c := range v.Cores {
		head, rule = head+" "+strings.ToUpper(strings.TrimPrefix(c, "cortex-"))+", M cycles |", rule+"---:|"
	}
	b.WriteString(head + "\n" + rule + "\n")
	for _, r := range v.Variants {
		number := func(key string) float64 { n, _ := r[key].(float64); return n }
		field, _ := r["receptive_field"].([]any)
		sees := strings.ReplaceAll(strings.Trim(fmt.Sprint(field), "[]"), " ", "×")
		if r["moved_taps"] == true {
			sees += ", moved"
		}
		if r["global"] == true {
			sees += ", mean"
		}
		fmt.Fprintf(&b, "| %s | %s | %.0f | %.2f | %.0f | %s | %.2f | %.2f |", r["name"], r["made_of"], number("params"), number("macs")/1e6, number("bytes"),
			sees, number("cpu_ns")/1e6, number("macs")/number("cpu_ns"))
		cycles, _ := r["cycles"].(map[string]any)
		for _, c := range v.Cores {
			n, _ := cycles[c].(float64)
			fmt.Fprintf(&b, " %.3f |", n/1e6)
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, variantsTail, v.Tier, v.Iters)
	b.WriteString("\n| variant | from |\n|---|---|\n")
	for _, r := range v.Variants {
		fmt.Fprintf(&b, "| %s | %s |\n", r["name"], r["source"])
	}
	return b.String()
}

const variantsHead = `# Variants of convolution

One layer in every way that networks have made one: %d channels in and out, %d×%d pixels, int8, batch 1. Every convolution has biases and a ReLU behind it
where its paper has one, so that numbers can be compared.

    edgerun zoo variants
    edgerun zoo variants --size 14 --channels 256 --json
    edgerun zoo variants --svg variants.svg --armcost ../shared/tools/armcost

![what each variant sees and costs](variants.svg)

`

const variantsTail = `
- *int8* are the bytes of weights, biases, multipliers and tables in the file.
- *sees* is the height and width of what an output pixel sees; offsets move the taps beyond that, gates see the mean of everything.
- *time* is processor time on an x86-64 machine that other work shared: one thread, the %s kernels, the least of %d runs.
- *cycles* are modelled, not measured, and without cache misses: instructions that ran, counted, and priced for each core, less those of a network without
  the layer. A53 and A72 run the neon tier, A76 the dotprod tier.

Made by ` + "`go run ./tools/zoo -dir DIR -variants -armcost ../shared/tools/armcost`" + `.

What the table says, beyond that fewer multiplications take less time: the cheapest layers in MACs are not the cheapest per MAC. A depthwise layer does a hundredth of the work of the dense
one, at a fraction of its speed, because every weight meets every pixel only once. On the cores without dot product a dense 3x3 with neighbouring taps goes through Winograd's
transformation, and dilated ones do not. Deformable layers pay for sampling four pixels per tap. Gates are almost free.
`
