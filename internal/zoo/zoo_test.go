package zoo

import (
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"hash/fnv"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/interp"
	"github.com/edgerun/edgerun/internal/ir"
)

var update = flag.Bool("update", false, "rewrite golden files")

// published are figures that others give: 0 where nobody does. Multiply-
// accumulates are those of convolutions and fully connected layers; parameters
// are without the running statistics of batch normalization and without
// auxiliary classifiers, unless the note says otherwise.
var published = map[string]struct {
	macs, params int64
	source, note string
}{
	"lenet5": {0, 60_000 + 850, "LeCun 1998, §II.B", "60,000 trainable parameters, and 850 of the layer that stands for the radial basis functions"},
	"alexnet": {724e6, 60_965_224, "Sze 2017 (1703.09039), table II; BVLC's bvlc_alexnet.caffemodel",
		"one tower's groups, 227x227"},
	"vgg16": {15.47e9, 138_357_544, "torchvision, VGG16_Weights", ""},
	"nin":   {0, 29 << 20 / 4, "Lin's nin_imagenet.caffemodel: 29 MB", "MB of 2^20 bytes, 4 bytes each"},
	"inception_v1": {1502e6 - 34e6 + 118e6, 6795<<10 + 9472, "Szegedy 2014, table 1, summed",
		"its K is 1024; its first layer (34 M, 2.7 K) is separable, the released one is not: 118 M, 9472"},
	"inception_v2": {2.03e9, 11_295_240 - 10_016, "Hu 2017, table 2; the released network",
		"which has biases in front of batch normalization too: 10,016 less"},
	"inception_v3":        {5.713e9, 23_834_568, "torchvision, Inception_V3_Weights", "torchvision counts 27,161,264 with the auxiliary classifier"},
	"inception_v4":        {12.28e9, 42_679_816, "timm, inception_v4", ""},
	"inception_resnet_v2": {13.18e9, 55_843_464, "timm, inception_resnet_v2", ""},
	"fcn8s_vgg16":         {0, 134e6, "Long 2014, table 1", ""},
	"wavenet": {0, 256*2*32 + 32 + 50*(2*(2*32*32+32)+32*512+512) + 49*(32*32+32) + 512*512 + 512 + 512*256 + 256,
		"van den Oord 2016 gives no figures", "the sum over the layers by hand"},
	"dilated_context":    {64 * 21 * 21 * 64 * 64, 64 * 21 * 21, "Yu 2015, §3: 64C² parameters", "without biases; every weight is used once per pixel"},
	"xception":           {8.4e9, 22_855_952, "timm, xception; Chollet 2016, table 3", ""},
	"mobilenet_v1":       {569e6, 4.2e6, "Howard 2017, table 8", ""},
	"mobilenet_v2":       {300e6, 3_504_872, "Sandler 2018, table 4; torchvision, MobileNet_V2_Weights", "the paper rounds to 3.4 M"},
	"mobilenet_v3_large": {0.217e9, 5_483_032, "torchvision, MobileNet_V3_Large_Weights", "the paper: 219 M, 5.4 M"},
	"mobilenet_v3_small": {0.057e9, 2_542_856, "torchvision, MobileNet_V3_Small_Weights", "the paper: 56 M, 2.5 M"},
	"dcn_resnet50": {3.86e9 + 4*128*9*18*28*28 + 6*256*9*18*14*14 + 3*512*9*18*7*7, 25_557_032 + 4*(128*9*18+18) + 6*(256*9*18+18) + 3*(512*9*18+18),
		"ResNet-50, and 13 layers of offsets by hand", ""},
	"dcn_v2_resnet50": {3.86e9 + 4*128*9*27*28*28 + 6*256*9*27*14*14 + 3*512*9*27*7*7, 25_557_032 + 4*(128*9*27+27) + 6*(256*9*27+27) + 3*(512*9*27+27),
		"ResNet-50, and 13 layers of offsets and masks by hand", ""},
	"se_resnet50":     {3.87e9, 28_088_024, "Hu 2017, table 2; timm, legacy_seresnet50", ""},
	"se_inception_v2": {2.04e9, 0, "Hu 2017, table 2", ""},
	"shufflenet_v1":   {137e6, 0, "Zhang 2017, table 5 (g = 3)", ""},
	"shufflenet_v2":   {146e6, 2_278_604, "Ma 2018, table 8; torchvision, ShuffleNet_V2_X1_0_Weights", ""},
	"resnet50":        {3.86e9, 25_557_032, "Hu 2017, table 2; torchvision, ResNet50_Weights", "torchvision's 4.09 G are of v1.5: the stride in the 3x3"},
	"resnext50":       {4.23e9, 25_028_904, "torchvision, ResNeXt50_32X4D_Weights", ""},
	"efficientnet_lite0": {0, 4_652_008, "Google 2020; Keras Hub, efficientnet_lite0_ra_imagenet",
		"Google's 407 M counts every operation of the TensorFlow graph, halved; convolutions alone are 385 M"},
}

func TestPublishedFigures(t *testing.T) {
	for _, n := range List() {
		p, ok := published[n.Name]
		require.True(t, ok, n.Name)
		g, err := n.Build(Options{Shapes: true})
		require.NoError(t, err)
		for _, c := range []struct {
			what      string
			got, want int64
		}{{"MACs", MACs(g), p.macs}, {"parameters", Params(g), p.params}} {
			if c.want != 0 {
				require.InEpsilon(t, c.want, c.got, 0.01, "%s: %s of %s", n.Name, c.what, p.source)
			}
		}
	}
	require.Len(t, published, len(List()))
}

// smallSize is the least size at which a network still is one.
func smallSize(n *Network) int {
	switch n.Name {
	case "wavenet":
		return 48
	case "fcn8s_vgg16":
		return 8
	}
	return max(32, n.leastSize(10))
}

func small(t *testing.T, n *Network) *ir.Graph {
	g, err := n.Build(Options{Size: smallSize(n), Classes: 10})
	require.NoError(t, err, n.Name)
	return g
}

// TestWeights holds what is built against testdata/weights.golden: it is the
// same on every machine, and changes on purpose only.
func TestWeights(t *testing.T) {
	if testing.Short() {
		t.Skip("makes most networks of the zoo")
	}
	var b strings.Builder
	for _, n := range List() {
		switch n.Name {
		case "fcn8s_vgg16", "inception_v4", "inception_resnet_v2", "dcn_resnet50", "resnet50":
			continue // like others, and slow
		}
		g := small(t, n)
		h := fnv.New64a()
		for _, node := range g.Nodes {
			for _, v := range node.In {
				if v != nil && v.Const != nil {
					require.NoError(t, binary.Write(h, binary.LittleEndian, v.Const.F[:min(len(v.Const.F), 1<<20)]))
				}
			}
		}
		require.NoError(t, binary.Write(h, binary.LittleEndian, n.Sample(0, g.Inputs[0].Shape)))
		fmt.Fprintf(&b, "%-20s %v %016x\n", n.Name, g.Inputs[0].Shape, h.Sum64())
	}
	const golden = "testdata/weights.golden"
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(b.String()), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), b.String())
}

// TestActivations runs networks on inputs that their weights were not scaled
// with: every layer stays in a sane range, and the outputs tell the inputs
// apart.
func TestActivations(t *testing.T) {
	if testing.Short() {
		t.Skip("runs networks in float")
	}
	for _, name := range []string{"lenet5", "alexnet", "inception_v1", "wavenet", "mobilenet_v2", "mobilenet_v3_small", "dcn_v2_resnet50", "se_resnet50", "shufflenet_v1"} {
		t.Run(name, func(t *testing.T) {
			n, err := Find(name)
			require.NoError(t, err)
			g, err := n.Build(Options{Size: max(96, n.leastSize(10)), Classes: 10})
			require.NoError(t, err)
			m, err := interp.New(g)
			require.NoError(t, err)
			layers := map[*ir.Value]bool{}
			for _, node := range g.Nodes {
				switch node.Op.(type) {
				case *ir.Conv, *ir.BatchNorm, *ir.Gemm, *ir.DeformConv:
					layers[node.Out[0]] = true
				}
			}
			var outs [2][]float32
			for i := range outs {
				x := ir.FloatTensor(n.Sample(i, g.Inputs[0].Shape), g.Inputs[0].Shape...)
				y, err := m.Run(context.Background(), []*ir.Tensor{x}, func(v *ir.Value, t2 *ir.Tensor) {
					if !layers[v] {
						return
					}
					_, sd := meanSD(t2.F)
					require.True(t, sd > 0.02 && sd < 200, "%s has a deviation of %g", v.Name, sd)
				})
				require.NoError(t, err)
				outs[i] = y[0].F
			}
			var diff, power float64
			for k, a := range outs[0] {
				d := float64(a - outs[1][k])
				diff += d * d
				power += float64(a) * float64(a)
			}
			require.Greater(t, diff/power, 1e-3, "the outputs hardly depend on the input")
		})
	}
}

func meanSD(x []float32) (mean, sd float64) {
	var sum, squares float64
	for _, v := range x {
		sum += float64(v)
		squares += float64(v) * float64(v)
	}
	mean = sum / float64(len(x))
	return mean, math.Sqrt(max(0, squares/float64(len(x))-mean*mean))
}

func TestOptions(t *testing.T) {
	n, err := Find("inception_v3")
	require.NoError(t, err)
	_, err = n.Build(Options{Size: 74, Shapes: true})
	require.EqualError(t, err, "zoo: inception_v3: size 74 is too small, want at least 75")
	g, err := n.Build(Options{Size: 75, Classes: 7, Shapes: true})
	require.NoError(t, err)
	require.Equal(t, []int{1, 3, 75, 75}, g.Inputs[0].Shape)
	require.Equal(t, []int{1, 7}, g.Outputs[0].Shape)
	_, err = n.Build(Options{Size: 1 << 20})
	require.ErrorContains(t, err, "want 1 to")
	_, err = n.Build(Options{Classes: -1})
	require.ErrorContains(t, err, "want 1 to")
	_, err = Find("inception")
	require.ErrorContains(t, err, `network "inception" is unknown, want one of lenet5, alexnet`)
}

// TestShapes builds every network at two more sizes.
func TestShapes(t *testing.T) {
	for _, n := range List() {
		for _, size := range []int{97, 160} {
			g, err := n.Build(Options{Size: size, Shapes: true})
			require.NoError(t, err, "%s %d", n.Name, size)
			require.Equal(t, size, g.Inputs[0].Shape[2])
		}
		names := map[string]bool{}
		g, err := n.Build(Options{Shapes: true})
		require.NoError(t, err)
		for _, node := range g.Nodes {
			require.False(t, names[node.Name], node.Name)
			names[node.Name] = true
		}
	}
}
