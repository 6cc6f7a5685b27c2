package quant

import (
	ermfmt "github.com/edgerun/edgerun/fmt"
)

// Options steer Quantize. The zero value is what most networks want.
type Options struct {
	Method  Method // of choosing activation ranges; empty: Auto
	Labels  []string
	Meta    []ermfmt.Meta // further properties, such as the preprocessing
	Workers int           // goroutines; 0: GOMAXPROCS

	// MinAgreement is the least share of held-out samples, 0 to 1, on which
	// the int8 network must choose the same class as the float one. Below it,
	// Quantize returns a *GateError beside the result.
	MinAgreement float64

	// Progress, which may be nil, is called before every stage and as it
	// advances, from one goroutine at a time.
	Progress func(p Progress)

	// Plain keeps every copy, shares no memory and writes nothing in place:
	// the same integers with nothing optimised. It serves tests.
	Plain bool
}

// Progress says how far a stage has come.
type Progress struct {
	Stage       string
	Done, Total int
}

// Result is a quantized network and what is known about it.
type Result struct {
	Model  *ermfmt.Model
	Bytes  []byte // the encoded file
	Report *Report
}

// Report tells what the quantizer did. Its JSON is `edgerun quantize --report`.
type Report struct {
	Source       string         `json:"source"`
	FloatBytes   int64          `json:"float_bytes"`
	Bytes        int64          `json:"bytes"`
	ArenaBytes   int64          `json:"arena_bytes"`
	ArenaBound   int64          `json:"arena_lower_bound"`
	MACs         int64          `json:"macs"`
	Samples      int            `json:"samples"`
	HeldOut      int            `json:"held_out"`
	Method       Method         `json:"method"`
	Passes       map[string]int `json:"passes"`
	Stages       []StageReport  `json:"stages"`
	Tensors      []TensorReport `json:"tensors"`
	Layers       []LayerReport  `json:"layers"`
	OutputSQNR   *float64       `json:"output_sqnr_db"` // over the held-out samples; null when it is infinite
	Agreement    *float64       `json:"agreement"`      // null when the outputs are not classes
	Warnings     []string       `json:"warnings"`
	MinAgreement float64        `json:"min_agreement,omitempty"`
}

// StageReport is one step of the quantizer.
type StageReport struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
	Note    string  `json:"note,omitempty"`
}

// TensorReport is the range that an activation got.
type TensorReport struct {
	Name      string  `json:"name"`
	Type      string  `json:"type"`
	Scale     float64 `json:"scale"`
	Zero      int32   `json:"zero_point"`
	Lo        float64 `json:"range_lo"`
	Hi        float64 `json:"range_hi"`
	SeenLo    float64 `json:"seen_lo"`
	SeenHi    float64 `json:"seen_hi"`
	Observer  string  `json:"observer"`
	Saturated float64 `json:"saturated"`           // share of the values seen that lie outside
	Histogram []int   `json:"histogram,omitempty"` // counts over [seen_lo, seen_hi]
}

// LayerReport compares a layer's output with the float network's, both
// computed from the same network inputs.
type LayerReport struct {
	Name   string   `json:"name"`
	Op     string   `json:"op"`
	SQNR   *float64 `json:"sqnr_db"` // null: no error at all
	Cosine float64  `json:"cosine"`
}
