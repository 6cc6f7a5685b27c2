// Package zoo builds the networks of the founding article, and those that grew
// out of them, at their published sizes: one short file per family that reads
// like the paper's table, over the vocabulary of net.go.
//
// The weights are seeded and the same on every machine. Nobody trained them:
// they are scaled so that every layer's output has about unit variance, as it
// does in trained networks, so that the networks serve to measure speed,
// memory and what eight bits cost.
package zoo

import (
	"fmt"
	"strings"

	"github.com/edgerun/edgerun/internal/ir"
)

// Network is an architecture.
type Network struct {
	Name    string
	Input   []int  // its published shape, N, C, H, W or N, C, L
	Classes int    // that the published network tells apart
	Source  string // the paper

	layers func(b *net, x value) value
	sample func(r *rng, shape []int) []float32
}

// Options change a network's size. Zero values stand for what is published.
type Options struct {
	Size    int // height and width of the input, or its length
	Classes int
	Shapes  bool // without weights: enough to count with
}

// maxSize bounds Options.Size, maxClasses Options.Classes.
const (
	maxSize    = 1 << 14
	maxClasses = 1 << 16
)

// List returns all networks in the order of the article.
func List() []*Network { return networks }

// Find returns the network of a name.
func Find(name string) (*Network, error) {
	var names []string
	for _, n := range networks {
		if n.Name == name {
			return n, nil
		}
		names = append(names, n.Name)
	}
	return nil, fmt.Errorf("zoo: network %q is unknown, want one of %s", name, strings.Join(names, ", "))
}

// Build makes the network. Shapes are resolved and the nodes are in order.
func (n *Network) Build(o Options) (*ir.Graph, error) {
	shape, classes := append([]int{}, n.Input...), n.Classes
	if o.Size != 0 {
		if o.Size < 1 || o.Size > maxSize {
			return nil, fmt.Errorf("zoo: size %d: want 1 to %d", o.Size, maxSize)
		}
		for i := 2; i < len(shape); i++ {
			shape[i] = o.Size
		}
	}
	if o.Classes != 0 {
		if o.Classes < 1 || o.Classes > maxClasses {
			return nil, fmt.Errorf("zoo: %d classes: want 1 to %d", o.Classes, maxClasses)
		}
		classes = o.Classes
	}
	g, err := n.build(shape, classes, !o.Shapes)
	if err != nil {
		if least := n.leastSize(classes); o.Size > 0 && o.Size < least {
			return nil, fmt.Errorf("zoo: %s: size %d is too small, want at least %d", n.Name, o.Size, least)
		}
		return nil, fmt.Errorf("zoo: %s: %w", n.Name, err)
	}
	return g, nil
}

func (n *Network) build(shape []int, classes int, fill bool) (g *ir.Graph, err error) {
	b := newNet(n.Name, classes, fill)
	// The vocabulary panics with a buildError, so that the tables need not
	// look at an error after every word.
	defer func() {
		if r := recover(); r != nil {
			be, ok := r.(buildError)
			if !ok {
				panic(r)
			}
			g, err = nil, be.err
		}
	}()
	out := n.layers(b, b.input(shape, n.Sample))
	out.Name = "output"
	b.g.Outputs = []*ir.Value{out.Value}
	return b.g, nil
}

// leastSize is the smallest input that the network can be built for.
func (n *Network) leastSize(classes int) int {
	shape := append([]int{}, n.Input...)
	for size := 1; size < n.Input[len(shape)-1]; size++ {
		for i := 2; i < len(shape); i++ {
			shape[i] = size
		}
		if _, err := n.build(shape, classes, false); err == nil {
			return size
		}
	}
	return n.Input[len(shape)-1]
}

// MACs counts the multiply-accumulates of the convolutions and fully
// connected layers of a graph.
func MACs(g *ir.Graph) (sum int64) {
	for _, n := range g.Nodes {
		sum += n.MACs()
	}
	return sum
}

// Params counts what training would have chosen: weights, biases, and the
// scale and shift of batch normalization, without its running statistics.
func Params(g *ir.Graph) (sum int64) {
	computed := map[*ir.Value]bool{}
	for _, v := range g.Inputs {
		computed[v] = true
	}
	for _, n := range g.Nodes {
		for _, v := range n.Out {
			computed[v] = true
		}
	}
	for _, n := range g.Nodes {
		in := n.In
		switch n.Op.(type) {
		case *ir.BatchNorm:
			in = n.In[:3]
		case *ir.Binary:
			if n.In[1].Len() == 1 {
				continue // a constant of the design
			}
		case *ir.Conv, *ir.ConvTranspose, *ir.DeformConv, *ir.Gemm:
		default:
			continue
		}
		for _, v := range in {
			if v != nil && !computed[v] {
				sum += int64(v.Len())
			}
		}
	}
	return sum
}
