package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// memoryH is the height of the picture of the memory plan in pixels.
const memoryH = 340

// memoryView is the memory plan over time: steps from left to right, the
// arena from bottom to top. Across it counts in percent, so that it fits every
// screen, upwards in pixels.
type memoryView struct {
	H       int
	Rects   []memoryRect
	Bound   int // y of the lower bound
	Peaks   []span
	Ticks   []tick // of bytes, in pixels from the top
	Steps   []tick // in percent
	Live    string // bytes in use at the peak
	Where   string // peak steps in words
	BoundAt string
	Arena   string
	Min     int // width in pixels below which the picture scrolls
}

// span is a stretch of the steps in percent.
type span struct{ X, W string }

type memoryRect struct {
	X, W   string // percent
	Y, H   int
	Family string
	Tip    string
	Label  string
	More   string // the rest of the label, where there is room
	Buffer int
}

func newMemoryView(in *inspection) *memoryView {
	steps := len(in.Ops)
	top := max(in.Arena, in.ArenaBound)
	for _, b := range in.Buffers {
		top = max(top, b.Offset+b.Bytes)
	}
	if steps == 0 || top <= 0 || len(in.Buffers) == 0 || len(in.Buffers) > 4*maxDrawn {
		return nil
	}
	y := func(bytes int64) int { return memoryH - int(math.Round(memoryH*float64(bytes)/float64(top))) }
	x := func(step int) string { return trimZeros(fmt.Sprintf("%.3f", 100*float64(step)/float64(steps))) }
	m := &memoryView{H: memoryH, Bound: y(in.ArenaBound), BoundAt: size(in.ArenaBound), Arena: size(in.Arena), Min: min(max(300, 4*steps), 4000)}

	contents, writer := bufferContents(in)
	for i, b := range in.Buffers {
		first, last := max(0, b.First), min(b.Last, steps-1)
		if first > last || b.Bytes <= 0 {
			continue
		}
		r := memoryRect{X: x(first), W: trimZeros(fmt.Sprintf("%.3f", 100*float64(last-first+1)/float64(steps))), Y: y(b.Offset + b.Bytes), Family: "io", Buffer: i}
		r.H = max(1, y(b.Offset)-r.Y)
		var tip strings.Builder
		fmt.Fprintf(&tip, "%s at %s", size(b.Bytes), size(b.Offset))
		if first == last {
			fmt.Fprintf(&tip, "\nstep: %d", first)
		} else {
			fmt.Fprintf(&tip, "\nsteps: %d to %d", first, last)
		}
		r.Label = "input"
		if w := writer[i]; w >= 0 {
			o := in.Ops[w]
			r.Family, r.Label = family(o.Op), fmt.Sprintf("%d %s", w, clean(o.Op, 20))
			fmt.Fprintf(&tip, "\nfirst written by: %d %s %s", w, clean(o.Op, 40), clean(o.Name, nameTable))
		} else if len(contents[i]) == 0 {
			r.Family, r.Label = "other", ""
		}
		for k, t := range contents[i] {
			if k == maxListed {
				fmt.Fprintf(&tip, "\nholds: … and %d more", len(contents[i])-k)
				break
			}
			fmt.Fprintf(&tip, "\nholds: %s  %s %s", clean(t.Name, nameTable), dims(t.Shape), t.Type)
		}
		r.Tip = tip.String()
		// Labels are made for a picture 1000 pixels wide; the page hides those
		// that do not fit the real one.
		if room := 10 * 100 * float64(last-first+1) / float64(steps) / 6.5; r.H < 13 || room < 4 {
			r.Label = ""
		} else if len(contents[i]) > 0 && r.Label != "" {
			if left := int(room) - len(r.Label) - 2; left >= 8 {
				r.More = clean(contents[i][0].Name, min(left, 40))
			}
		}
		m.Rects = append(m.Rects, r)
	}
	m.peaks(in, x)
	m.axes(top, steps)
	return m
}

// peaks marks the steps at which the most bytes are in use.
func (m *memoryView) peaks(in *inspection, x func(int) string) {
	steps := len(in.Ops)
	change := make([]int64, steps+1)
	for _, b := range in.Buffers {
		if first, last := max(0, b.First), min(b.Last, steps-1); first <= last {
			change[first] += b.Bytes
			change[last+1] -= b.Bytes
		}
	}
	live := make([]int64, steps)
	var sum int64
	for i := range live {
		sum += change[i]
		live[i] = sum
	}
	peak := slices.Max(live)
	m.Live = size(peak)
	var words []string
	for i := 0; i < steps; i++ {
		if live[i] != peak {
			continue
		}
		j := i
		for j+1 < steps && live[j+1] == peak {
			j++
		}
		m.Peaks = append(m.Peaks, span{x(i), trimZeros(fmt.Sprintf("%.3f", 100*float64(j-i+1)/float64(steps)))})
		if j == i {
			words = append(words, fmt.Sprintf("step %d", i))
		} else {
			words = append(words, fmt.Sprintf("steps %d to %d", i, j))
		}
		i = j
	}
	if len(words) == 1 && !strings.Contains(words[0], "to") {
		i := slices.Index(live, peak)
		words[0] += fmt.Sprintf(" (%s)", clean(in.Ops[i].Op, 28))
	}
	if len(words) > 3 {
		words = append(words[:3], fmt.Sprintf("%d more", len(m.Peaks)-3))
	}
	m.Where = strings.Join(words, ", ")
}

func (m *memoryView) axes(top int64, steps int) {
	unit, name := int64(1), "B"
	switch {
	case top >= 8<<20:
		unit, name = 1<<20, "MiB"
	case top >= 4<<10:
		unit, name = 1<<10, "KiB"
	}
	step := niceStep(float64(top)/float64(unit), 6)
	for v := 0.0; v*float64(unit) <= float64(top); v += step {
		at := memoryH - int(math.Round(memoryH*v*float64(unit)/float64(top)))
		m.Ticks = append(m.Ticks, tick{fmt.Sprint(at), trimZeros(fmt.Sprintf("%.2f", v)) + " " + name})
	}
	by := int(max(1, niceStep(float64(steps), 10)))
	for i := 0; i < steps; i += by {
		m.Steps = append(m.Steps, tick{trimZeros(fmt.Sprintf("%.3f", 100*(float64(i)+0.5)/float64(steps))), fmt.Sprint(i)})
	}
}

// bufferContents finds the tensors that lie in every buffer, and the operator
// that first writes into it; -1 for those that hold an input.
func bufferContents(in *inspection) (contents [][]tensorInfo, writer []int) {
	contents, writer = make([][]tensorInfo, len(in.Buffers)), make([]int, len(in.Buffers))
	for i := range writer {
		writer[i] = -1
	}
	type key struct {
		buffer int
		name   string
		offset int64
	}
	seen := map[key]bool{}
	live := newLiveBuffers(in)
	put := func(t tensorInfo) int {
		if t.Offset < 0 {
			return -1
		}
		b := live.at(t.Offset)
		if b >= 0 {
			if k := (key{b, t.Name, t.Offset}); !seen[k] {
				seen[k] = true
				contents[b] = append(contents[b], t)
			}
		}
		return b
	}
	fed := map[int]bool{}
	for i, o := range in.Ops {
		live.step(i)
		if i == 0 {
			for _, t := range in.Inputs {
				fed[put(t)] = true
			}
		}
		for _, t := range o.In {
			put(t)
		}
		for _, t := range o.Out {
			if b := put(t); b >= 0 && writer[b] < 0 && !fed[b] {
				writer[b] = i
			}
		}
	}
	return contents, writer
}
