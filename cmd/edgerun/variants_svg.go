package main

import (
	"fmt"
	"html"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/edgerun/edgerun/internal/zoo"
)

// Measures of the picture, in its units.
const (
	svgCell   = 5 // of a pixel in a pattern
	svgReach  = 6 // pixels that a pattern shows on every side of its middle
	svgSide   = (2*svgReach + 1) * svgCell
	svgRow    = svgSide + 13
	svgTop    = 92
	svgText   = 100 // where names begin
	svgFirst  = 330 // where bars begin
	svgColumn = 168 // from bar to bar
	svgBar    = 92  // of the longest one
	svgMargin = 16
)

// svgColumnOf is a column of bars.
type svgColumnOf struct {
	head, unit string
	value      func(v *variantRow) int64
	label      func(n int64) string
}

func (r *variantsResult) svgColumns() []svgColumnOf {
	ms := func(n int64) string { return fmt.Sprintf("%.3g", float64(n)/1e6) }
	cols := []svgColumnOf{
		{"parameters", "", func(v *variantRow) int64 { return v.Params }, count},
		{"multiply-accumulates", "", func(v *variantRow) int64 { return v.MACs }, count},
		{"time here, ms", r.Tier + " kernels", func(v *variantRow) int64 { return v.time() }, ms},
	}
	for _, c := range r.Cores {
		name := strings.ToUpper(strings.TrimPrefix(c, "cortex-"))
		cols = append(cols, svgColumnOf{"Cortex-" + name + ", M cycles", "modelled", func(v *variantRow) int64 { return v.Cycles[c] }, ms})
	}
	return cols
}

// draw writes the comparison as an SVG picture that needs nothing else: what
// each variant sees, and bars for what it costs.
func (r *variantsResult) draw(w io.Writer) error {
	cols := r.svgColumns()
	width := svgFirst + len(cols)*svgColumn + svgMargin
	height := svgTop + len(r.Variants)*svgRow + 34
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="system-ui, sans-serif" font-size="13" fill="#1f2933">`+"\n", width, height, width, height)
	fmt.Fprintf(&b, "<title>One layer, %d channels in and out on %dx%d pixels, in every variant</title>\n", r.Channels, r.Size, r.Size)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#ffffff"/>`+"\n", width, height)
	text := func(x, y int, class, s string) {
		fmt.Fprintf(&b, `<text x="%d" y="%d"%s>%s</text>`+"\n", x, y, class, html.EscapeString(s))
	}
	const small, bold = ` font-size="11" fill="#616e7c"`, ` font-weight="600"`
	text(svgMargin, 30, ` font-size="18" font-weight="600"`, fmt.Sprintf("One layer in every variant: %d channels in and out, %d×%d pixels", r.Channels, r.Size, r.Size))
	text(svgMargin, 50, small, "Left: the input pixels that one output pixel sees, darker where more ways lead to it. Grey tick on a bar: "+zoo.Reference+". int8, batch 1.")
	for i, c := range cols {
		text(svgFirst+i*svgColumn, svgTop-18, bold, c.head)
		text(svgFirst+i*svgColumn, svgTop-5, small, c.unit)
	}
	ref := slices.IndexFunc(r.Variants, func(v *variantRow) bool { return v.Name == zoo.Reference })
	for k, v := range r.Variants {
		y := svgTop + k*svgRow
		if k%2 == 0 {
			fmt.Fprintf(&b, `<rect x="0" y="%d" width="%d" height="%d" fill="#f5f7fa"/>`+"\n", y, width, svgRow)
		}
		fmt.Fprintf(&b, `<g transform="translate(%d,%d)">`+"\n", svgMargin, y+6)
		v.drawField(&b)
		b.WriteString("</g>\n")
		text(svgText, y+26, bold, v.Name)
		for i, line := range wrap(v.Made, 36) {
			text(svgText, y+43+14*i, small, line)
		}
		for i, c := range cols {
			top := int64(1)
			for _, o := range r.Variants {
				top = max(top, c.value(o))
			}
			x, n := svgFirst+i*svgColumn, c.value(v)
			length := func(n int64) float64 { return math.Max(1, float64(n)/float64(top)*svgBar) }
			fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%.1f" height="16" rx="2" fill="%s"/>`+"\n", x, y+svgRow/2-8, length(n), svgColours[min(i, len(svgColours)-1)])
			if ref >= 0 {
				fmt.Fprintf(&b, `<rect x="%.1f" y="%d" width="1.5" height="24" fill="#9aa5b1"/>`+"\n", float64(x)+length(c.value(r.Variants[ref])), y+svgRow/2-12)
			}
			text(x+svgBar+6, y+svgRow/2+5, "", c.label(n))
		}
	}
	text(svgMargin, height-12, small, "Bars of a column share its scale. Time: processor time, the least of "+fmt.Sprint(r.Iters)+" runs.")
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// svgColours are those of the columns: sizes, time, modelled cycles.
var svgColours = []string{"#7b8794", "#7b8794", "#2680c2", "#27ab83"}

// moves are where offsets take the nine taps of a window: an example.
var moves = [9][2]float64{{-2.2, -1.4}, {-1.6, 0.5}, {-1.1, 2.1}, {0.3, -2.3}, {0.4, 0.2}, {-0.4, 1.9}, {2.3, -1.7}, {1.7, -0.4}, {2.6, 1.2}}

// drawField draws the pixels that are seen, the middle one framed; rings around
// the square stand for the mean of all.
func (v *variantRow) drawField(b *strings.Builder) {
	fmt.Fprintf(b, `<rect width="%d" height="%d" fill="#ffffff" stroke="#cbd2d9"/>`+"\n", svgSide, svgSide)
	if v.Global {
		fmt.Fprintf(b, `<rect width="%d" height="%d" fill="#2680c2" opacity="0.18"/>`+"\n", svgSide, svgSide)
	}
	at := func(d float64) float64 { return (d + svgReach) * svgCell }
	var most float64
	var taps [][2]int
	for t, n := range v.field.Taps {
		most = max(most, n)
		taps = append(taps, t)
	}
	slices.SortFunc(taps, func(a, b [2]int) int { return (a[0]-b[0])*1000 + a[1] - b[1] })
	for i, t := range taps {
		y, x := float64(t[0]), float64(t[1])
		if max(math.Abs(y), math.Abs(x)) > svgReach {
			continue
		}
		if v.Moved && len(taps) == len(moves) {
			half := svgCell / 2.0
			my, mx := moves[i][0], moves[i][1]
			fmt.Fprintf(b, `<path d="M%.1f %.1fL%.1f %.1f" stroke="#9aa5b1"/><circle cx="%.1f" cy="%.1f" r="2.6" fill="#0b69a3"/>`+"\n",
				at(x)+half, at(y)+half, at(mx)+half, at(my)+half, at(mx)+half, at(my)+half)
			continue
		}
		fmt.Fprintf(b, `<rect x="%.0f" y="%.0f" width="%d" height="%d" fill="#0b69a3" opacity="%.2f"/>`+"\n",
			at(x), at(y), svgCell, svgCell, 0.25+0.75*v.field.Taps[t]/most)
	}
	fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%d" height="%d" fill="none" stroke="#f7c948"/>`+"\n", at(0), at(0), svgCell, svgCell)
}

// wrap breaks a text into lines of about n characters.
func wrap(s string, n int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(s) {
		if line != "" && len(line)+1+len(word) > n {
			lines = append(lines, line)
			line = word
			continue
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return append(lines, line)
}
