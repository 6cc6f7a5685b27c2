package quant

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/zoo"
)

// zooModel builds a small network of the zoo, and some inputs for it.
func zooModel(t testing.TB, name string, size, samples int) (*Model, SampleList) {
	n, err := zoo.Find(name)
	require.NoError(t, err)
	g, err := n.Build(zoo.Options{Size: size, Classes: 10})
	require.NoError(t, err)
	var s SampleList
	for i := range samples {
		s = append(s, Sample{n.Sample(i, g.Inputs[0].Shape)})
	}
	return modelOf(t, g), s
}

// TestZooIntegers holds small networks of every family to sameIntegers.
func TestZooIntegers(t *testing.T) {
	for _, c := range []struct {
		name string
		size int
		long bool
	}{
		{"lenet5", 32, false}, {"wavenet", 8, false}, {"dilated_context", 6, false}, {"mobilenet_v1", 32, true}, {"mobilenet_v2", 32, false},
		{"mobilenet_v3_small", 32, false}, {"shufflenet_v1", 32, false}, {"shufflenet_v2", 32, false}, {"efficientnet_lite0", 32, true},
		{"dcn_v2_resnet50", 32, true}, {"inception_v1", 47, true},
		{"alexnet", 67, true}, {"nin", 55, true}, {"se_inception_v2", 63, true}, {"xception", 32, true},
		{"inception_v3", 75, true}, {"se_resnet50", 32, true}, {"resnext50", 32, true}, {"vgg16", 32, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.long && os.Getenv("EDGERUN_LONG") == "" {
				t.Skip("takes a while; EDGERUN_LONG=1 runs it")
			}
			m, s := zooModel(t, c.name, c.size, 2)
			q, err := sameIntegers(m, s, Options{Method: MinMax})
			require.NoError(t, err)
			require.NotNil(t, q)
			require.Greater(t, *q, 12.0)
		})
	}
}
