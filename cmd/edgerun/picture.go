package main

import (
	"fmt"
	"image"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// picture is a grey image with what the network made of it.
type picture struct {
	img          *image.Gray
	label, guess string
	sure         float64
}

// shades are characters from dark to light, for output that has no colours.
const shades = " .:-=+*#%@"

// terminal says how wide the output is and whether it shows colours.
func terminal(w io.Writer) (width int, color bool) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 80, false
	}
	color = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
		return width, color
	}
	return 80, color
}

// printPictures draws pictures side by side, as many as the terminal is wide.
// A character stands for two pixels, one above the other.
func printPictures(w io.Writer, pics []picture) {
	width, color := terminal(w)
	const gap = 2
	for len(pics) > 0 {
		side := pics[0].img.Rect.Dx()
		n := min(len(pics), max(1, (width+gap)/(side+gap)))
		row := pics[:n]
		pics = pics[n:]
		for y := 0; y < row[0].img.Rect.Dy(); y += 2 {
			var line strings.Builder
			for i, p := range row {
				if i > 0 {
					line.WriteString(strings.Repeat(" ", gap))
				}
				for x := range p.img.Rect.Dx() {
					top, low := p.img.GrayAt(x, y).Y, p.img.GrayAt(x, y+1).Y
					if color {
						fmt.Fprintf(&line, "\x1b[38;5;%dm\x1b[48;5;%dm▀", grey256(top), grey256(low))
					} else {
						line.WriteByte(shades[(int(top)+int(low))*(len(shades)-1)/510])
					}
				}
				if color {
					line.WriteString("\x1b[0m")
				}
			}
			fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
		}
		var line strings.Builder
		for i, p := range row {
			text := fmt.Sprintf("%s %.0f %%", p.guess, 100*p.sure)
			if p.guess != p.label {
				text += " ✗ " + p.label
			}
			if i < len(row)-1 {
				text = fmt.Sprintf("%-*s", side+gap, text)
			}
			line.WriteString(text)
		}
		fmt.Fprintf(w, "%s\n\n", line.String())
	}
}

// grey256 is the entry of the 256-colour palette that comes nearest to a grey.
func grey256(v uint8) int {
	switch {
	case v < 4:
		return 16
	case v > 246:
		return 231
	}
	return 232 + (int(v)-3)*24/244
}
