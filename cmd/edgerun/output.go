package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/edgerun/edgerun/quant"
)

// printJSON writes one object to stdout.
func printJSON(v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(append(b, '\n'))
	return err
}

// writeFile writes a file as a whole or not at all: into a temporary file
// beside it, which then takes its name.
func writeFile(path string, write func(w io.Writer) error) (err error) {
	wrap := func(err error) error {
		var pe *os.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return fmt.Errorf("%s: %w", path, err)
	}
	// Devices and pipes cannot be replaced; they are written as they are.
	if st, err := os.Stat(path); err == nil && !st.Mode().IsRegular() {
		if st.IsDir() {
			return fmt.Errorf("%s: is a directory; want a file name", path)
		}
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return wrap(err)
		}
		if err := errors.Join(write(f), f.Close()); err != nil {
			return wrap(err)
		}
		return nil
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // the link stays
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return wrap(err)
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
			err = wrap(err)
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// checkApart refuses to write over what a command reads, or over another of its
// outputs: outs are its outputs, in its inputs.
func checkApart(outs []string, in ...string) error {
	for i, out := range outs {
		if out == "" {
			continue
		}
		for k, other := range slices.Concat(in, outs[:i]) {
			if other == "" || !sameFile(out, other) {
				continue
			}
			if k < len(in) {
				return fmt.Errorf("%s: this is the command's input %s, which it would overwrite; want another file", out, other)
			}
			return fmt.Errorf("%s: two outputs would be written there; want another file for one of them", out)
		}
	}
	return nil
}

func sameFile(a, b string) bool {
	sa, err := os.Stat(a)
	if err != nil {
		return filepath.Clean(a) == filepath.Clean(b)
	}
	sb, err := os.Stat(b)
	return err == nil && sa.Mode().IsRegular() && os.SameFile(sa, sb)
}

// checkWritable fails early when a file cannot be created, before work that
// takes minutes.
func checkWritable(path string) error {
	dir := filepath.Dir(path)
	if st, err := os.Stat(path); err == nil && st.IsDir() {
		return fmt.Errorf("%s: is a directory; want a file name", path)
	} else if err == nil && !st.Mode().IsRegular() {
		return nil
	}
	f, err := os.CreateTemp(dir, ".edgerun-*")
	if err != nil {
		var pe *os.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return fmt.Errorf("%s: cannot write into %s: %w", path, dir, err)
	}
	f.Close()
	return os.Remove(f.Name())
}

// progress shows a bar for every stage of long work, when stderr is a terminal.
type progress struct {
	on    bool
	stage string
	bar   *progressbar.ProgressBar
}

func (g *global) newProgress() *progress {
	return &progress{on: !g.quiet && term.IsTerminal(int(os.Stderr.Fd()))}
}

func (p *progress) update(stage string, done, total int) {
	if !p.on {
		return
	}
	if stage != p.stage {
		p.finish()
		p.stage = stage
		p.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetDescription(fmt.Sprintf("%-10s", stage)),
			progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(80*time.Millisecond),
			progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(30))
	}
	if p.bar.GetMax() != total {
		p.bar.ChangeMax(total)
	}
	_ = p.bar.Set(done) // a bar that cannot be drawn does not matter
}

func (p *progress) finish() {
	if p.bar != nil {
		_ = p.bar.Finish()
		p.bar = nil
	}
}

func (p *progress) quant(q quant.Progress) { p.update(q.Stage, q.Done, q.Total) }

// warn prints a line on stderr.
func (g *global) warn(format string, a ...any) {
	if !g.quiet {
		fmt.Fprintf(os.Stderr, "edgerun: warning: "+format+"\n", a...)
	}
}

// table prints aligned columns.
func table(w io.Writer, head []string, rows [][]string) {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, strings.Join(head, "\t"))
	for _, r := range rows {
		cells := make([]string, len(r))
		for i, c := range r {
			cells[i] = printable(c)
		}
		fmt.Fprintln(t, strings.Join(cells, "\t"))
	}
	t.Flush()
}

// shown is a name from a file as it goes to a terminal: one line, not too long,
// and without what a terminal would take for commands.
func shown(s string) string { return shorten(printable(s), 72) }

func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, s)
}

// size prints bytes for people.
func size(n int64) string {
	switch {
	case n >= 10<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 10<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}

func count(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.2f G", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.2f M", float64(n)/1e6)
	case n >= 1e4:
		return fmt.Sprintf("%.1f k", float64(n)/1e3)
	}
	return fmt.Sprint(n)
}

// percent prints a share, or n/a.
func percent(p *float64) string {
	if p == nil {
		return "n/a"
	}
	return fmt.Sprintf("%.2f %%", 100**p)
}

// decibel prints an SQNR; no error at all is exact.
func decibel(p *float64) string {
	if p == nil || math.IsInf(*p, 0) {
		return "exact"
	}
	return fmt.Sprintf("%.1f dB", *p)
}

func shapeString(s []int) string {
	var p []string
	for _, d := range s {
		p = append(p, fmt.Sprint(d))
	}
	if len(p) == 0 {
		return "scalar"
	}
	return strings.Join(p, "x")
}
