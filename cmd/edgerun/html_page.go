package main

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

//go:embed templates
var templateFiles embed.FS

// pages holds the templates of the HTML pages. Names come from model files, so
// all of a page is escaped by html/template except our own style and script.
var pages = template.Must(template.New("").ParseFS(templateFiles, "templates/*.html"))

// page is what every HTML page has.
type page struct {
	Title  string
	Style  template.CSS
	Script template.JS
	Policy string // content security policy
}

// newPage loads the style and the script. The policy lets nothing be loaded
// and no other script run, whatever stands in the page.
func newPage(title string) (page, error) {
	style, err := templateFiles.ReadFile("templates/page.css")
	if err != nil {
		return page{}, err
	}
	script, err := templateFiles.ReadFile("templates/page.js")
	if err != nil {
		return page{}, err
	}
	sum := sha256.Sum256(script)
	return page{
		Title:  title,
		Style:  template.CSS(style),
		Script: template.JS(script),
		Policy: "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'",
	}, nil
}

// writePage executes a template.
func writePage(w io.Writer, name string, data any) error {
	return pages.ExecuteTemplate(w, name, data)
}

// Longest names in a page, in columns of a fixed-width font.
const (
	nameTable = 56
	nameFull  = 160
)

// clean makes a name from a file fit for a page: characters that are not
// printed are spelled out, and the middle of long names is left out so that at
// most n columns remain.
func clean(s string, n int) string {
	if len(s) > 16*n { // do not walk through megabytes
		h := 8 * n
		for h > 0 && !utf8.RuneStart(s[h]) {
			h--
		}
		t := len(s) - 8*n
		for t < len(s) && !utf8.RuneStart(s[t]) {
			t++
		}
		return shorten(visible(s[:h])+"…"+visible(s[t:]), n)
	}
	return shorten(visible(s), n)
}

// visible spells out what is not printed.
func visible(s string) string {
	ok := true
	for _, r := range s {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			ok = false
			break
		}
	}
	if ok {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x20:
			b.WriteRune('␀' + r)
		case r == 0x7f:
			b.WriteRune('␡')
		default:
			fmt.Fprintf(&b, "\\u{%x}", r)
		}
	}
	return b.String()
}

// columns estimates how wide a character is.
func columns(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case r >= 0x1100: // most are wide, and too short a name does not matter
		return 2
	}
	return 1
}

// shorten leaves out the middle of a text wider than n columns. The end, which
// tells layers apart, keeps the most.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	rs := []rune(s)
	total := 0
	for _, r := range rs {
		total += columns(r)
	}
	marks := 0 // marks have no width, but somebody could stack thousands
	for _, r := range rs {
		if columns(r) == 0 {
			marks++
		}
	}
	if total <= n && marks <= n {
		return s
	}
	take := func(width int, at func(i int) rune) int {
		i, w := 0, 0
		for i < len(rs) && i < 2*width {
			c := columns(at(i))
			if w+c > width {
				break
			}
			w += c
			i++
		}
		return i
	}
	head := take((n-1)*2/5, func(i int) rune { return rs[i] })
	tail := take(n-1-(n-1)*2/5, func(i int) rune { return rs[len(rs)-1-i] })
	if head+tail >= len(rs) {
		return s
	}
	return string(rs[:head]) + "…" + string(rs[len(rs)-tail:])
}

// dims prints a shape for a page.
func dims(s []int) string { return strings.ReplaceAll(shapeString(s), "x", "×") }

// quantText prints scale and zero point as the formula for a real value.
func quantText(t tensorInfo) string {
	if t.Scale == 0 {
		return ""
	}
	if t.Zero == 0 {
		return fmt.Sprintf("%.4g·q", t.Scale)
	}
	return minus(fmt.Sprintf("%.4g·(q %+d)", t.Scale, -int64(t.Zero)))
}

// minus sets real minus signs.
func minus(s string) string { return strings.ReplaceAll(s, "-", "−") }

// number prints a real number with n significant digits.
func number(x float64, n int) string {
	switch {
	case math.IsNaN(x):
		return "NaN"
	case math.IsInf(x, 0):
		return minus(strings.TrimPrefix(fmt.Sprint(x), "+"))
	case x == 0:
		return "0"
	}
	mantissa, exp, _ := strings.Cut(strconv.FormatFloat(x, 'e', n-1, 64), "e") // rounded first: 9.9999 is 10.00
	e, _ := strconv.Atoi(exp)
	if e >= 5 || e < -4 {
		return minus(mantissa + "e" + strconv.Itoa(e))
	}
	return minus(strconv.FormatFloat(x, 'f', max(n-1-e, 0), 64))
}

// share prints part of a whole.
func share(part, whole float64) string {
	if !(whole > 0) || !(part > 0) {
		return ""
	}
	if p := 100 * part / whole; p >= 0.05 {
		return fmt.Sprintf("%.1f %%", p)
	}
	return "<0.1 %"
}

// width is a share of 100 % for style and SVG attributes.
func width(part, whole float64) string {
	if !(whole > 0) || !(part > 0) {
		return "0"
	}
	return trimZeros(fmt.Sprintf("%.2f", 100*min(1, part/whole)))
}

func trimZeros(s string) string {
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	if s == "-0" || s == "" {
		return "0"
	}
	return s
}

// family sorts operators of either kind of network into a few colours; these
// are classes of the style.
func family(op string) string {
	op = strings.ToLower(op)
	has := func(parts ...string) bool {
		for _, p := range parts {
			if strings.Contains(op, p) {
				return true
			}
		}
		return false
	}
	switch {
	case has("deform"):
		return "deform"
	case has("transpose") && has("conv"):
		return "tconv"
	case has("depthwise"):
		return "depthwise"
	case has("conv"):
		return "conv"
	case has("gemm", "matmul", "fully", "dense"):
		return "dense"
	case has("squeeze_excite", "squeezeexcite"):
		return "se"
	case has("pool", "reduce", "mean"):
		return "pool"
	case has("softmax", "norm", "lrn"):
		return "norm"
	case has("resize", "upsample"):
		return "resize"
	case has("lut", "relu", "sigmoid", "tanh", "clip", "elu", "swish", "mish", "act"):
		return "act"
	case has("copy", "concat", "reshape", "transpose", "slice", "split", "pad", "flatten", "squeeze", "gather", "shuffle", "requantize", "identity", "cast", "expand", "tile"):
		return "move"
	case has("add", "sub", "mul", "div", "sum", "min", "max", "pow", "sqrt"):
		return "arith"
	}
	return "other"
}

// tick is a mark on an axis, at a share of its length.
type tick struct {
	At    string // percent
	Label string
}

// niceStep returns 1, 2 or 5 times a power of ten so that at most n steps make
// up a range.
func niceStep(span float64, n int) float64 {
	if !(span > 0) || math.IsInf(span, 0) {
		return 1
	}
	p := math.Pow(10, math.Floor(math.Log10(span/float64(n))))
	for _, k := range []float64{1, 2, 5, 10} {
		if span/(k*p) <= float64(n) {
			return k * p
		}
	}
	return 10 * p
}
