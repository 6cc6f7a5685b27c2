package edgerun_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	ermfmt "github.com/edgerun/edgerun/fmt"
	"github.com/edgerun/edgerun/internal/cpu"
	"github.com/edgerun/edgerun/internal/ermoracle"
	"github.com/edgerun/edgerun/kernels"
	edgerun "github.com/edgerun/edgerun/runtime"
)

// tiers lists the kernel tiers that this CPU can run.
func tiers() (names []string) {
	for _, t := range kernels.Tiers {
		if cpu.Detected().Has(t.ISA) {
			names = append(names, t.Name)
		}
	}
	return names
}

func encode(t testing.TB, m *ermfmt.Model) []byte {
	b, err := ermfmt.Bytes(m)
	require.NoError(t, err)
	return b
}

func load(t testing.TB, m *ermfmt.Model, opts ...edgerun.Option) *edgerun.Model {
	em, err := edgerun.LoadBytes(encode(t, m), opts...)
	require.NoError(t, err)
	return em
}

// againstOracle runs a network with every tier and several numbers of threads
// and compares the whole arena with the oracle's, after every operator: so
// what is written where it should not be is seen too. The arena is full of
// garbage at the start, and the session's memory is guarded.
func againstOracle(t *testing.T, m *ermfmt.Model, threads ...int) {
	t.Helper()
	if testing.Short() { // emulated, for instance
		threads = []int{1, 3}
	}
	start := make([]byte, m.Plan.Arena)
	r := rand.New(rand.NewPCG(uint64(len(start)), 1))
	for i := range start {
		start[i] = byte(r.Uint32())
	}
	ref := ermoracle.New(m)
	copy(ref.Arena, start)
	var want [][]byte
	for i := range m.Ops {
		ref.Step(i)
		want = append(want, bytes.Clone(ref.Arena))
	}
	for _, tier := range tiers() {
		em := load(t, m, edgerun.Tier(tier))
		for _, threads := range threads {
			mem := &guards{t: t}
			s, err := em.NewSession(edgerun.Threads(threads), edgerun.SplitAlways(), edgerun.AllocWith(mem.alloc))
			require.NoError(t, err)
			copy(s.Arena(), start)
			require.NoError(t, s.RunFunc(nil, func(i int) {
				if !bytes.Equal(want[i], s.Arena()) {
					require.Failf(t, "the arena differs", "%s", where(m, i, want[i], s.Arena(), tier, threads))
				}
			}))
			require.NoError(t, s.Close())
			mem.check()
		}
	}
}

// where describes the first difference.
func where(m *ermfmt.Model, i int, want, got []byte, tier string, threads int) string {
	o := &m.Ops[i]
	out := &m.Tensors[o.Out[0]]
	at := 0
	for want[at] == got[at] {
		at++
	}
	return fmt.Sprintf("op %d (%s), tier %s, %d threads: byte %d is %d, want %d; output at %d, dims %v, strides %v, %v; input %v",
		i, o.Kind, tier, threads, at, int8(got[at]), int8(want[at]), out.Offset, out.Dims, out.Stride, out.DType, m.Tensors[o.In[0]])
}

func TestEveryOperatorEqualsOracle(t *testing.T) { againstOracle(t, ermoracle.Every(), 1, 2, 3, 4) }

// TestOperatorsEqualOracle runs every network of operators, with packed tensors
// and with views.
func TestOperatorsEqualOracle(t *testing.T) {
	for name, build := range operators() {
		t.Run(name, func(t *testing.T) {
			forms := []struct{ views, inPlace bool }{{}, {true, false}, {true, true}, {true, false}, {false, true}}
			if testing.Short() {
				forms = forms[:3]
			}
			for seed, form := range forms {
				n := ermoracle.NewNet(uint64(seed))
				n.Views, n.InPlace = form.views, form.inPlace
				build(n)
				againstOracle(t, n.Finish(), 1, 2, 3, 4)
			}
		})
	}
}

// TestRandomNetworksEqualOracle has networks of operators chosen at random.
func TestRandomNetworksEqualOracle(t *testing.T) {
	count := 300
	if testing.Short() {
		count = 25
	}
	for seed := range count {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { againstOracle(t, ermoracle.Random(uint64(seed)), 1, 3) })
	}
}

// TestReaderAgrees decodes files with ermfmt and with the oracle's reader, two
// programs made from one document.
func TestReaderAgrees(t *testing.T) {
	for seed := range 50 {
		m := ermoracle.Random(uint64(seed))
		if seed == 0 {
			m = ermoracle.Every()
		}
		b := encode(t, m)
		got, err := ermoracle.Read(b)
		require.NoError(t, err)
		again, err := ermfmt.Bytes(got)
		require.NoError(t, err)
		require.Equal(t, b, again)
	}
}
