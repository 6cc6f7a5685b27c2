package quant

import (
	"math"

	"github.com/edgerun/edgerun/internal/ir"
)

// layerWeights are a layer's integers, in the layout of the float weights.
type layerWeights struct {
	q     []int8
	scale []float64 // per output channel
	bias  []float64 // per output channel, real
}

// maxAcc bounds accumulators: docs/arithmetic.md §1.
const maxAcc = 1 << 30

// stageWeights quantizes the weights of every layer.
func (j *job) stageWeights() error {
	j.weights = map[*ir.Node]*layerWeights{}
	var todo []*ir.Node
	for _, n := range j.g.Nodes {
		if _, _, ok := layer(n); ok {
			todo = append(todo, n)
		}
	}
	out := make([]*layerWeights, len(todo))
	err := j.forEach(len(todo), func(_, i int) error {
		out[i] = j.quantizeLayer(todo[i])
		return nil
	})
	for i, n := range todo {
		j.weights[n] = out[i]
	}
	return err
}

// layer returns the weights of a node and the input that its bias is, when the
// node is a layer with constant weights. SE blocks have theirs quantized where
// they are lowered.
func layer(n *ir.Node) (w *ir.Value, bias int, ok bool) {
	switch n.Op.(type) {
	case *ir.Conv, *ir.ConvTranspose, *ir.Dense:
		bias = 2
	case *ir.DeformConv:
		bias = 3
	default:
		return nil, 0, false
	}
	return n.In[1], bias, n.In[1].Const != nil
}

// channelOf returns the number of output channels of a layer and the channel
// that weight i belongs to.
func channelOf(n *ir.Node) (m int, of func(i int) int) {
	s := n.In[1].Shape
	if op, ok := n.Op.(*ir.ConvTranspose); ok {
		taps := 1
		for _, d := range s[2:] {
			taps *= d
		}
		mg, cg := s[1], s[0]/op.Group
		return mg * op.Group, func(i int) int { return i/(mg*taps)/cg*mg + i/taps%mg }
	}
	per := len(n.In[1].Const.F) / s[0]
	return s[0], func(i int) int { return i / per }
}

func (j *job) quantizeLayer(n *ir.Node) *layerWeights {
	w, b, _ := layer(n)
	m, channel := channelOf(n)
	data := w.Const.F
	l := &layerWeights{q: make([]int8, len(data)), scale: make([]float64, m), bias: make([]float64, m)}
	if v := n.Input(b); v != nil {
		for i, x := range v.Const.F {
			l.bias[i] = float64(x)
		}
	}
	in := j.groups.of(n.In[0]).params.scale
	if _, transposed := n.Op.(*ir.ConvTranspose); !transposed {
		per := len(data) / m
		for c := range m {
			row := data[c*per:][:per]
			l.scale[c] = weightScale(row, l.bias[c], in)
			for i, v := range row {
				l.q[c*per+i] = roundWeight(float64(v) / l.scale[c])
			}
		}
		return l
	}
	// An output channel's weights are spread over all inputs.
	rows := make([][]float32, m)
	for i, v := range data {
		rows[channel(i)] = append(rows[channel(i)], v)
	}
	for c, row := range rows {
		l.scale[c] = weightScale(row, l.bias[c], in)
	}
	for i, v := range data {
		l.q[i] = roundWeight(float64(v) / l.scale[channel(i)])
	}
	return l
}

func roundWeight(x float64) int8 { return int8(min(max(math.RoundToEven(x), -127), 127)) }

// weightScale chooses the scale of one output channel: of the ranges up to the
// largest weight, the one with the least square error. The scale is never so
// small that bias or sums leave the accumulator's range, which also keeps
// channels of almost no weight from getting an absurd multiplier.
func weightScale(row []float32, bias, in float64) float64 {
	top, sum := 0.0, 0.0
	for _, v := range row {
		top = max(top, math.Abs(float64(v)))
		sum += math.Abs(float64(v))
	}
	least := max(4*math.Abs(bias)/(maxAcc*in), 4*128*sum/maxAcc, 1e-20)
	if top == 0 {
		return max(least, 1.0/127)
	}
	best, bestErr := top/127, math.Inf(1)
	for k := range 24 {
		s := top / 127 * (1 - float64(float64(k)*0.0125))
		e := 0.0
		for _, v := range row {
			d := float64(v) - float64(s*float64(roundWeight(float64(v)/s)))
			if e += float64(d * d); e >= bestErr {
				break // it only grows
			}
		}
		if e < bestErr {
			best, bestErr = s, e
		}
	}
	return max(best, least)
}
