package edgerun_test

import (
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/ermoracle"
	edgerun "github.com/edgerun/edgerun/runtime"
)

// processors sets GOMAXPROCS for a test.
func processors(t *testing.T, n int) {
	was := runtime.GOMAXPROCS(n)
	t.Cleanup(func() { runtime.GOMAXPROCS(was) })
}

// goroutines waits until there are no more than n goroutines.
func goroutines(t *testing.T, n int) {
	t.Helper()
	for start := time.Now(); runtime.NumGoroutine() > n; time.Sleep(time.Millisecond) {
		if time.Since(start) > 20*time.Second {
			require.LessOrEqual(t, runtime.NumGoroutine(), n, "workers are left over")
		}
		runtime.GC()
	}
}

// TestTeam: every unit of every phase is done once, by a worker that exists,
// and nobody works on a phase when Run has returned, however the system
// schedules the workers.
func TestTeam(t *testing.T) {
	before := runtime.NumGoroutine()
	phases := 20000
	if testing.Short() {
		phases = 2000
	}
	r := rand.New(rand.NewPCG(8, 1))
	for _, c := range []struct{ threads, procs int }{{2, 2}, {4, 4}, {16, 16}, {16, 8}, {3, 1}, {9, 2}} {
		processors(t, c.procs)
		team := edgerun.NewTeam(c.threads)
		var done [64]atomic.Int32
		var open atomic.Bool
		for i := range phases / c.threads {
			units := 1 + r.IntN(len(done))
			open.Store(true)
			team.Run(units, func(w, u0, u1 int) {
				if w < 0 || w >= c.threads || u0 < 0 || u0 >= u1 || u1 > units || !open.Load() {
					panic("a worker does what it should not")
				}
				for u := u0; u < u1; u++ {
					done[u].Add(1)
				}
				if !open.Load() {
					panic("a worker is late")
				}
			})
			open.Store(false)
			for u := range done {
				want := int32(0)
				if u < units {
					want = 1
				}
				if got := done[u].Swap(0); got != want {
					require.Equal(t, want, got, "phase %d, unit %d of %d", i, u, units)
				}
			}
			if r.IntN(50) == 0 {
				time.Sleep(time.Duration(r.IntN(300)) * time.Microsecond)
			}
		}
		team.Stop()
	}
	goroutines(t, before)
}

// TestTeamStress runs phases of all sizes on teams of all sizes, with more and
// with fewer processors than threads, and with pauses in which workers park:
// each result is the right one.
func TestTeamStress(t *testing.T) {
	before := runtime.NumGoroutine()
	nets := [][]byte{encode(t, ermoracle.Every())}
	for seed := range 5 {
		nets = append(nets, encode(t, ermoracle.Random(uint64(seed))))
	}
	var want []string
	for _, file := range nets {
		want = append(want, integers(t, run(t, file, 1)))
	}
	rounds := 60
	if testing.Short() {
		rounds = 12
	}
	r := rand.New(rand.NewPCG(4, 2))
	for round := range rounds {
		processors(t, 1+r.IntN(6))
		k := r.IntN(len(nets))
		m, err := edgerun.LoadBytes(nets[k])
		require.NoError(t, err)
		opts := []edgerun.SessionOption{edgerun.Threads(2 + r.IntN(9))}
		if r.IntN(4) > 0 {
			opts = append(opts, edgerun.SplitAlways())
		}
		s, err := m.NewSession(opts...)
		require.NoError(t, err)
		for i := range s.NumInputs() {
			require.NoError(t, s.Input(i).SetFloat32(pattern(s.Input(i), i)))
		}
		for range 1 + r.IntN(40) {
			require.NoError(t, s.Run())
			if r.IntN(8) == 0 {
				time.Sleep(time.Duration(r.IntN(2000)) * time.Microsecond)
			}
		}
		require.Equal(t, want[k], integers(t, s), "round %d, %d threads, %d processors", round, s.Threads(), runtime.GOMAXPROCS(0))
		require.NoError(t, s.Close())
	}
	goroutines(t, before)
}

// TestCloseStopsTeam: workers end when their session is closed, whether they
// have just started, spin behind a run, or park.
func TestCloseStopsTeam(t *testing.T) {
	processors(t, 4)
	before := runtime.NumGoroutine()
	m := load(t, ermoracle.Every())
	for i := range 200 {
		s, err := m.NewSession(edgerun.Threads(4), edgerun.SplitAlways())
		require.NoError(t, err)
		for range i % 3 {
			require.NoError(t, s.Run())
		}
		if i%20 == 0 {
			time.Sleep(3 * time.Millisecond)
		}
		require.NoError(t, s.Close())
	}
	goroutines(t, before)
}

// TestDroppedSession: workers end when nobody holds their session any more.
func TestDroppedSession(t *testing.T) {
	processors(t, 4)
	before := runtime.NumGoroutine()
	m := load(t, ermoracle.Every())
	func() {
		for range 20 {
			s, err := m.NewSession(edgerun.Threads(3), edgerun.SplitAlways())
			require.NoError(t, err)
			require.NoError(t, s.Run())
		}
		require.Greater(t, runtime.NumGoroutine(), before)
	}()
	goroutines(t, before)
}

// TestThreads: the number of threads is bounded on both sides.
func TestThreads(t *testing.T) {
	before := runtime.NumGoroutine()
	m := load(t, ermoracle.Every())
	for ask, want := range map[int]int{-5: 1, 0: 1, 1: 1, 3: 3, 64: 64, 65: 64, 1 << 30: 64} {
		s, err := m.NewSession(edgerun.Threads(ask))
		require.NoError(t, err)
		require.Equal(t, want, s.Threads())
		require.NoError(t, s.Run())
		require.NoError(t, s.Close())
	}
	goroutines(t, before)
}
