package boards

import (
	"bytes"
	"io"
	"io/fs"
	"strconv"
	"strings"
)

// What detection reads at most. The kernel bounds a sysfs file to one page.
const (
	maxTotal = 8 << 20  // bytes of one Detect
	maxProc  = 64 << 10 // bytes of a /proc or device tree file
	maxSys   = 4 << 10  // bytes of a /sys file
	maxCPUs  = 1024
	maxZones = 64
)

// tree reads small files and never fails: what is not there is empty.
type tree struct {
	fs   fs.FS
	left int // bytes
}

// read returns the first limit bytes of a regular file. A line the limit cuts off is dropped, since "cpu 12"
// may have been "cpu 123". Other files are not opened: a pipe would block.
func (t *tree) read(path string, limit int) string {
	limit = min(limit, t.left)
	if t.fs == nil || limit <= 0 {
		return ""
	}
	info, err := fs.Stat(t.fs, path)
	if err != nil || !info.Mode().IsRegular() {
		return ""
	}
	f, err := t.fs.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	data, _ := io.ReadAll(io.LimitReader(f, int64(limit))) // what came before an error counts
	t.left -= len(data)
	if len(data) == limit {
		data = data[:bytes.LastIndexByte(data, '\n')+1]
	}
	return string(data)
}

// line reads a one-line /sys file.
func (t *tree) line(path string) string {
	s, _, _ := strings.Cut(t.read(path, maxSys), "\n")
	return strings.TrimSpace(s)
}

// number reads a decimal number in [0, limit], -1 if there is none.
func (t *tree) number(path string, limit int) int {
	n, err := strconv.Atoi(t.line(path))
	if err != nil || n < 0 || n > limit {
		return -1
	}
	return n
}

func (t *tree) isDir(path string) bool {
	if t.fs == nil {
		return false
	}
	info, err := fs.Stat(t.fs, path)
	return err == nil && info.IsDir()
}

// deviceTree reads a property of the root node: NUL-terminated strings. path is where it was found.
// /proc/device-tree is a link that leads out of a copied tree, hence the second place.
func (t *tree) deviceTree(property string) (path string, values []string) {
	for _, dir := range [...]string{"proc/device-tree/", "sys/firmware/devicetree/base/"} {
		path = dir + property
		for s := range strings.SplitSeq(t.read(path, maxProc), "\x00") {
			if s = strings.TrimSpace(s); s != "" && clip(s, 128) == s && printable(s) && len(values) < 32 {
				values = append(values, s)
			}
		}
		if len(values) > 0 {
			return path, values
		}
	}
	return "proc/device-tree/" + property, nil
}

// cpuList parses "0-3,5" into ascending CPU numbers below maxCPUs.
func cpuList(s string) []int {
	var set [maxCPUs]bool
	for item := range strings.SplitSeq(s, ",") {
		first, last, isRange := strings.Cut(strings.TrimSpace(item), "-")
		lo, err := strconv.Atoi(first)
		if err != nil || lo < 0 {
			continue
		}
		hi := lo
		if isRange {
			if hi, err = strconv.Atoi(last); err != nil {
				continue
			}
		}
		for i := lo; i <= hi && i < maxCPUs; i++ {
			set[i] = true
		}
	}
	var list []int
	for i, in := range set {
		if in {
			list = append(list, i)
		}
	}
	return list
}

// formatCPUs is the inverse of cpuList for ascending lists.
func formatCPUs(list []int) string {
	var b strings.Builder
	for i := 0; i < len(list); {
		j := i
		for j+1 < len(list) && list[j+1] == list[j]+1 {
			j++
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Itoa(list[i]))
		if j > i {
			b.WriteByte('-')
			b.WriteString(strconv.Itoa(list[j]))
		}
		i = j + 1
	}
	return b.String()
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

func clip(s string, limit int) string {
	return s[:min(len(s), limit)]
}

// quote makes s safe to print on a terminal.
func quote(s string) string {
	return strconv.QuoteToASCII(clip(s, 128))
}
