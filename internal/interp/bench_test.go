package interp_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/interp"
	"github.com/edgerun/edgerun/internal/ir"
	"github.com/edgerun/edgerun/internal/onnx"
)

// BenchmarkNetworks runs one image through trained networks.
func BenchmarkNetworks(b *testing.B) {
	if _, err := os.Stat(sharedModels); err != nil {
		b.Skip("the trained networks of ../shared are not here")
	}
	var meta struct {
		Networks map[string]struct {
			Inputs map[string]struct{ Shape []int }
		}
	}
	data, err := os.ReadFile("testdata/networks/networks.json")
	require.NoError(b, err)
	require.NoError(b, json.Unmarshal(data, &meta))
	for _, name := range []string{"mobilenet_v2_1.0_224", "squeezenet1.1", "fmnist_deform_v2", "ppocr_mobile_v2_cls", "wavenetva_ts7", "fmnist_vgg"} {
		b.Run(name, func(b *testing.B) {
			data, err := os.ReadFile(filepath.Join(sharedModels, name+".onnx"))
			require.NoError(b, err)
			shapes := map[string][]int{}
			for in, v := range meta.Networks[name].Inputs {
				shapes[in] = v.Shape
			}
			g, err := onnx.Import(data, onnx.Options{Shapes: shapes})
			require.NoError(b, err)
			require.NoError(b, g.Resolve(interp.Eval))
			m, err := interp.New(g)
			require.NoError(b, err)
			var in []*ir.Tensor
			for _, v := range g.Inputs {
				in = append(in, ir.FloatTensor(pattern(v.Len(), -1, 1), v.Shape...))
			}
			var macs int64
			for _, n := range g.Nodes {
				macs += n.MACs()
			}
			b.ReportAllocs()
			for b.Loop() {
				_, err := m.Run(context.Background(), in, nil)
				require.NoError(b, err)
			}
			b.ReportMetric(float64(macs)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GMAC/s")
		})
	}
}
