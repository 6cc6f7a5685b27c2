package edgerun_test

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"

	ermfmt "github.com/edgerun/edgerun/fmt"
	"github.com/edgerun/edgerun/internal/ermoracle"
	edgerun "github.com/edgerun/edgerun/runtime"
)

// mallocs returns how often f allocates, on all threads: testing.AllocsPerRun
// would take the threads away. What others allocate meanwhile is told apart by
// trying again.
func mallocs(f func()) uint64 {
	f()
	least := uint64(1 << 62)
	for try := 0; try < 8 && least > 0; try++ {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range 5 {
			f()
		}
		runtime.ReadMemStats(&after)
		least = min(least, after.Mallocs-before.Mallocs)
	}
	return least
}

// TestRunAllocatesNothing: whatever the operator, the tier and the number of
// threads, an inference allocates nothing, its inputs and outputs included.
func TestRunAllocatesNothing(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	nets := map[string]*ermfmt.Model{"every": ermoracle.Every()}
	for name, build := range operators() {
		n := ermoracle.NewNet(5)
		n.Views = true
		build(n)
		n.Output(int32(len(n.M.Tensors) - 1))
		nets[name] = n.Finish()
	}
	for name, m := range nets {
		t.Run(name, func(t *testing.T) {
			for _, tier := range tiers() {
				em := load(t, m, edgerun.Tier(tier))
				for _, threads := range []int{1, 2, 4} {
					s, err := em.NewSession(edgerun.Threads(threads), edgerun.SplitAlways())
					require.NoError(t, err)
					in, out := make([][]float32, s.NumInputs()), make([][]float32, s.NumOutputs())
					ints := make([][]int32, s.NumOutputs())
					for i := range in {
						in[i] = pattern(s.Input(i), i)
					}
					for i := range out {
						out[i], ints[i] = make([]float32, s.Output(i).Len()), make([]int32, s.Output(i).Len())
					}
					once := func() {
						for i, x := range in {
							if s.Input(i).SetFloat32(x) != nil {
								panic("SetFloat32")
							}
						}
						if s.Run() != nil {
							panic("Run")
						}
						for i, x := range out {
							if s.Output(i).Float32(x) != nil || s.Output(i).Integers(ints[i]) != nil {
								panic("Float32")
							}
						}
					}
					what := fmt.Sprintf("tier %s, %d threads", tier, threads)
					if threads == 1 {
						require.Zero(t, testing.AllocsPerRun(3, once), what)
					}
					require.Zero(t, mallocs(once), what)
					require.NoError(t, s.Close())
				}
			}
		})
	}
}
