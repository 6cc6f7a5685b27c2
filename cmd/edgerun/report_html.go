package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/edgerun/edgerun/quant"
)

const (
	nWorst        = 5
	muchSaturated = 0.002 // more than observers mean to cut off
	sqnrH         = 220   // height of the chart of layers in pixels
	histW         = 180   // histograms
	histH         = 38
	histBase      = 31 // y of their ground
)

// reportHTML writes a page about a quantization that needs no other file.
func reportHTML(w io.Writer, r *quant.Report) error {
	p, err := newPage(clean(r.Source, nameTable) + ": quantization report")
	if err != nil {
		return err
	}
	v := &reportPage{page: p, Source: clean(r.Source, nameFull), Method: clean(string(r.Method), 40), Gate: gateOf(r)}
	for _, s := range r.Warnings {
		v.Warnings = append(v.Warnings, clean(s, 4*nameFull))
	}
	v.facts(r)
	v.sizes(r)
	v.stages(r)
	for _, name := range slices.Sorted(maps.Keys(r.Passes)) {
		v.Passes = append(v.Passes, passRow{clean(name, nameTable), r.Passes[name]})
	}
	v.layers(r)
	v.tensors(r)
	return writePage(w, "report.html", v)
}

type reportPage struct {
	page
	Source, Method string
	Gate           gate
	Warnings       []string
	Facts          []fact
	Sizes          []sizeRow
	Stages         []stageRow
	StageTotal     string
	Passes         []passRow
	SQNR           *sqnrChart
	Layers         []layerRow
	Worst          []layerRow
	Tensors        []tensorRow
	Wide           []tensorRow // kept at 16 bits
	NLayers        int
	LeftLayers     int // not in the table
	LeftTensors    int
}

// gate is what became of --min-agreement.
type gate struct {
	Class string // good, bad or empty
	Text  string
}

func gateOf(r *quant.Report) gate {
	if !(r.MinAgreement > 0) {
		return gate{"", "no gate was set"}
	}
	want := trimZeros(fmt.Sprintf("%.2f", 100*r.MinAgreement)) + " %"
	switch a := r.Agreement; {
	case a == nil:
		return gate{"bad", "gate at " + want + " not met: the outputs are not classes"}
	case *a < r.MinAgreement:
		return gate{"bad", "gate at " + want + " not met"}
	}
	return gate{"good", "gate at " + want + " met"}
}

func (v *reportPage) facts(r *quant.Report) {
	samples := fmt.Sprintf("%d held out of calibration", r.HeldOut)
	if r.HeldOut >= r.Samples {
		samples = "for calibration and comparison"
	}
	arena := "lower bound " + size(r.ArenaBound)
	if r.ArenaBound > 0 && r.ArenaBound == r.ArenaBytes {
		arena = "equal to the lower bound"
	}
	smaller := ""
	if r.FloatBytes > 0 {
		smaller = fmt.Sprintf("%.1f %% of the float file", 100*float64(r.Bytes)/float64(r.FloatBytes))
	}
	v.Facts = append(v.Facts,
		fact{"Output SQNR", decibel(r.OutputSQNR), "of int8 against float"},
		fact{"Agreement", percent(r.Agreement), ""}, // the gate follows
		fact{"File", size(r.Bytes), smaller},
		fact{"Arena", size(r.ArenaBytes), arena},
		fact{"Multiply-accumulates", count(r.MACs), "for one run"},
		fact{"Samples", fmt.Sprint(r.Samples), samples})
}

type sizeRow struct{ Name, Value, Width string }

func (v *reportPage) sizes(r *quant.Report) {
	top := float64(max(r.FloatBytes, r.Bytes))
	v.Sizes = []sizeRow{
		{"float", size(r.FloatBytes), width(float64(r.FloatBytes), top)},
		{"int8", size(r.Bytes), width(float64(r.Bytes), top)},
	}
}

type stageRow struct {
	Name, Seconds, Width, Note string
}

func (v *reportPage) stages(r *quant.Report) {
	total, top := 0.0, 0.0
	for _, s := range r.Stages {
		total, top = total+s.Seconds, max(top, s.Seconds)
	}
	for _, s := range r.Stages {
		v.Stages = append(v.Stages, stageRow{clean(s.Name, 40), seconds(s.Seconds), width(s.Seconds, top), clean(s.Note, nameFull)})
	}
	v.StageTotal = seconds(total)
}

func seconds(s float64) string {
	switch {
	case s < 0.005:
		return "<0.01 s"
	case s < 100:
		return fmt.Sprintf("%.2f s", s)
	}
	return fmt.Sprintf("%.0f s", s)
}

type passRow struct {
	Name  string
	Count int
}

// layerRow is a layer in the chart, the table and the list of the worst.
type layerRow struct {
	Index             int
	Name, Op, Family  string
	SQNR              string
	Raw               string // decibels for sorting; inf
	Width             string
	Cosine, CosineRaw string
	Rank              int // among the worst, from 1; 0: not one of them
}

// finite reports whether a layer has an error that can be drawn.
func finite(p *float64) bool { return p != nil && !math.IsNaN(*p) && !math.IsInf(*p, 0) }

func (v *reportPage) layers(r *quant.Report) {
	v.NLayers = len(r.Layers)
	order := make([]int, 0, len(r.Layers))
	top := 0.0
	for i, l := range r.Layers {
		if finite(l.SQNR) {
			order = append(order, i)
			top = max(top, *l.SQNR)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(*r.Layers[a].SQNR, *r.Layers[b].SQNR) })
	rank := map[int]int{}
	for k, i := range order[:min(nWorst, len(order))] {
		rank[i] = k + 1
	}
	for i, l := range r.Layers {
		if i == maxDrawn {
			v.LeftLayers = len(r.Layers) - i
			break
		}
		row := layerRow{Index: i, Name: clean(l.Name, nameTable), Op: clean(l.Op, 28), Family: family(l.Op), SQNR: minus(decibel(l.SQNR)), Raw: "Infinity", Width: "100", Rank: rank[i]}
		if finite(l.SQNR) {
			row.Raw, row.Width = fmt.Sprintf("%.3f", *l.SQNR), width(*l.SQNR, top)
		}
		row.Cosine, row.CosineRaw = minus(fmt.Sprintf("%.5f", l.Cosine)), plain(l.Cosine)
		v.Layers = append(v.Layers, row)
	}
	for _, i := range order[:min(nWorst, len(order))] {
		if i < len(v.Layers) {
			v.Worst = append(v.Worst, v.Layers[i])
		}
	}
	v.SQNR = newSQNRChart(r.Layers, v.Layers)
}

// sqnrChart shows a bar for every layer in network order.
type sqnrChart struct {
	H, Full int // plot and, with the axis, all
	AxisY   int // y of the numbers below
	Bars    []sqnrBar
	Ticks   []tick // dB, in pixels
	Steps   []tick // layers, in percent
	Min     int
}

type sqnrBar struct {
	X, W  string // percent
	Y, H  int
	MarkY int
	Class string
	Tip   string
	Rank  int
}

func newSQNRChart(layers []quant.LayerReport, rows []layerRow) *sqnrChart {
	if len(rows) == 0 {
		return nil
	}
	lo, hi := 0.0, 0.0
	for i := range rows {
		if p := layers[i].SQNR; finite(p) {
			lo, hi = min(lo, *p), max(hi, *p)
		}
	}
	if hi == lo {
		hi = lo + 10
	}
	step := niceStep(hi-lo, 5)
	lo, hi = step*math.Floor(lo/step), step*math.Ceil(hi/step)
	const head = 16 // above the plot, for the marks
	y := func(db float64) int { return head + int(math.Round(sqnrH*(hi-db)/(hi-lo))) }
	c := &sqnrChart{H: head + sqnrH, Full: head + sqnrH + 22, AxisY: head + sqnrH + 16, Min: min(max(300, 5*len(rows)), 6000)}
	for k := 0; k <= 12 && lo+float64(k)*step <= hi*(1+1e-9)+1e-9; k++ {
		db := lo + float64(k)*step
		c.Ticks = append(c.Ticks, tick{fmt.Sprint(y(db)), minus(trimZeros(fmt.Sprintf("%.4f", db))) + " dB"})
	}
	n := float64(len(rows))
	for i, row := range rows {
		b := sqnrBar{X: trimZeros(fmt.Sprintf("%.3f", 100*float64(i)/n)), W: trimZeros(fmt.Sprintf("%.3f", 100/n)), Rank: row.Rank}
		b.Y, b.H, b.Class = y(hi), y(0)-y(hi), "db exact"
		if p := layers[i].SQNR; finite(p) {
			top, bottom := y(max(*p, 0)), y(min(*p, 0))
			b.Y, b.H, b.Class = top, max(1, bottom-top), "db"
		}
		if b.Rank > 0 {
			b.Class = "db worst"
		}
		b.MarkY = b.Y - 4
		b.Tip = fmt.Sprintf("%d %s %s\nSQNR: %s\ncosine: %s", i, row.Op, row.Name, row.SQNR, row.Cosine)
		c.Bars = append(c.Bars, b)
	}
	by := int(max(1, niceStep(n, 12)))
	for i := 0; i < len(rows); i += by {
		c.Steps = append(c.Steps, tick{trimZeros(fmt.Sprintf("%.3f", 100*(float64(i)+0.5)/n)), fmt.Sprint(i)})
	}
	return c
}

// tensorRow is the range of an activation.
type tensorRow struct {
	Index                      int
	Name, Type, Observer       string
	Value                      string // scale and zero point
	Lo, Hi, SeenLo, SeenHi     string
	LoRaw, HiRaw, SLRaw, SHRaw string
	Saturated, SatRaw          string
	Clipped                    bool
	Hist                       *histogramView
}

// histogramView is a small picture of what calibration saw of a tensor.
type histogramView struct {
	In, Out  string // paths
	Lo, Band string // chosen range: x and width
	Hi       string
	Zero     string // x of zero; empty when it is not within
}

func (v *reportPage) tensors(r *quant.Report) {
	for i, t := range r.Tensors {
		if i == maxDrawn {
			v.LeftTensors = len(r.Tensors) - i
			break
		}
		// Values less than half a step outside are rounded to the range's end,
		// as exactly as any other.
		saturated := t.Saturated
		if t.SeenLo >= t.Lo-t.Scale/2 && t.SeenHi <= t.Hi+t.Scale/2 {
			saturated = 0
		}
		row := tensorRow{Index: i, Name: clean(t.Name, nameTable), Type: clean(t.Type, 12), Observer: clean(t.Observer, 40),
			Value: quantText(tensorInfo{Scale: t.Scale, Zero: t.Zero}),
			Lo:    number(t.Lo, 4), Hi: number(t.Hi, 4), SeenLo: number(t.SeenLo, 4), SeenHi: number(t.SeenHi, 4),
			LoRaw: plain(t.Lo), HiRaw: plain(t.Hi), SLRaw: plain(t.SeenLo), SHRaw: plain(t.SeenHi),
			Saturated: saturation(saturated), SatRaw: plain(saturated), Clipped: saturated > muchSaturated,
			Hist: newHistogram(&t)}
		v.Tensors = append(v.Tensors, row)
		if t.Type == "int16" {
			v.Wide = append(v.Wide, row)
		}
	}
}

// plain prints a number for scripts.
func plain(x float64) string { return fmt.Sprintf("%.6g", x) }

// saturation prints a share that is usually tiny.
func saturation(s float64) string {
	switch p := 100 * s; {
	case !(s > 0):
		return "none"
	case p < 0.001:
		return "<0.001 %"
	case p < 0.1:
		return fmt.Sprintf("%.3f %%", p)
	default:
		return fmt.Sprintf("%.2f %%", p)
	}
}

// newHistogram draws counts on a logarithmic scale: the tails, over which
// ranges are decided, hold few of the values.
func newHistogram(t *quant.TensorReport) *histogramView {
	n := len(t.Histogram)
	lo, hi := min(t.Lo, t.SeenLo), max(t.Hi, t.SeenHi)
	if n == 0 || n > 512 || !(hi > lo) || math.IsInf(hi-lo, 0) || !(t.SeenHi > t.SeenLo) || !(t.Hi >= t.Lo) {
		return nil
	}
	xOf := func(v float64) string {
		return trimZeros(fmt.Sprintf("%.1f", 1+(histW-2)*(v-lo)/(hi-lo)))
	}
	top := 0.0
	for _, c := range t.Histogram {
		top = max(top, math.Log1p(float64(max(c, 0))))
	}
	if top == 0 {
		return nil
	}
	h := &histogramView{Lo: xOf(t.Lo), Hi: xOf(t.Hi), Band: trimZeros(fmt.Sprintf("%.1f", (histW-2)*(t.Hi-t.Lo)/(hi-lo)))}
	if lo <= 0 && hi >= 0 {
		h.Zero = xOf(0)
	}
	edge := func(i int) float64 { return t.SeenLo + (t.SeenHi-t.SeenLo)*float64(i)/float64(n) }
	outline := func(from, to int) string { // bins [from, to)
		if from >= to {
			return ""
		}
		var b strings.Builder
		b.WriteString("M" + xOf(edge(from)) + " " + fmt.Sprint(histBase))
		last := ""
		for i := from; i < to; i++ {
			y := trimZeros(fmt.Sprintf("%.1f", histBase-(histBase-2)*math.Log1p(float64(max(t.Histogram[i], 0)))/top))
			if y != last {
				if i > from {
					b.WriteString("H" + xOf(edge(i)))
				}
				b.WriteString("V" + y)
				last = y
			}
		}
		b.WriteString("H" + xOf(edge(to)) + "V" + fmt.Sprint(histBase) + "z")
		return b.String()
	}
	first, end := 0, n // bins whose middle lies within the chosen range
	for first < n && edge(first)+edge(first+1) < 2*t.Lo {
		first++
	}
	for end > first && edge(end-1)+edge(end) > 2*t.Hi {
		end--
	}
	h.In, h.Out = outline(first, end), outline(0, first)+outline(end, n)
	return h
}
