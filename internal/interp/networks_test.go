package interp_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/interp"
	"github.com/edgerun/edgerun/internal/ir"
	"github.com/edgerun/edgerun/internal/onnx"
)

// sharedModels holds trained networks that are too large for the repository.
const sharedModels = "../../../shared/data/models/onnx"

// pattern is tools/vectors/networks.py's function of that name.
func pattern(n int, lo, hi float64) []float32 {
	out := make([]float32, n)
	for i := range out {
		h := uint32(i)*2654435761 + 12345
		h ^= h >> 15
		h *= 2246822519
		noise := int64(h >> 16)
		wave := int64(i/7) % 512
		if wave >= 256 {
			wave = 511 - wave
		}
		q := (noise + 3*wave*256) / 4
		out[i] = float32(lo + (hi-lo)*(float64(q)/65535))
	}
	return out
}

// TestNetworks runs whole trained networks and compares every output with
// ONNX Runtime's (stored by tools/vectors/networks.py).
func TestNetworks(t *testing.T) {
	if _, err := os.Stat(sharedModels); err != nil {
		t.Skip("the trained networks of ../shared are not here")
	}
	var meta struct {
		Networks map[string]struct {
			Inputs map[string]struct {
				Shape  []int
				Lo, Hi float64
			}
			Outputs map[string]struct {
				Shape    []int
				Step     int
				Min, Max float64
			}
		}
	}
	b, err := os.ReadFile("testdata/networks/networks.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &meta))
	require.NotEmpty(t, meta.Networks)
	for name, net := range meta.Networks {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(sharedModels, name+".onnx"))
			require.NoError(t, err)
			shapes := map[string][]int{}
			for in, v := range net.Inputs {
				shapes[in] = v.Shape
			}
			g, err := onnx.Import(data, onnx.Options{Shapes: shapes})
			require.NoError(t, err)
			require.NoError(t, g.Resolve(interp.Eval))
			m, err := interp.New(g)
			require.NoError(t, err)
			var in []*ir.Tensor
			for _, v := range g.Inputs {
				p := net.Inputs[v.Name]
				in = append(in, ir.FloatTensor(pattern(v.Len(), p.Lo, p.Hi), v.Shape...))
			}
			out, err := m.Run(context.Background(), in, nil)
			require.NoError(t, err)
			raw, err := os.ReadFile("testdata/networks/" + name + ".f32")
			require.NoError(t, err)
			for i, v := range g.Outputs {
				ref, ok := net.Outputs[v.Name]
				require.True(t, ok, v.Name)
				require.Equal(t, ref.Shape, out[i].Shape)
				worst := 0.0
				for k := 0; k < len(out[i].F); k += ref.Step {
					want := float64(math.Float32frombits(binary.LittleEndian.Uint32(raw)))
					raw = raw[4:]
					worst = max(worst, math.Abs(float64(out[i].F[k])-want))
				}
				rel := worst / (ref.Max - ref.Min)
				t.Logf("%s: max error %.2g of the range", v.Name, rel)
				require.Less(t, rel, 1e-4)
			}
			require.Empty(t, raw)
		})
	}
}
