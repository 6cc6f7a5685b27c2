//go:build linux

package edgerun_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/edgerun/edgerun/internal/ermoracle"
	edgerun "github.com/edgerun/edgerun/runtime"
)

// processorTime is what the process has used so far.
func processorTime(t *testing.T) time.Duration {
	var u unix.Rusage
	require.NoError(t, unix.Getrusage(unix.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestIdleCostsNothing: between runs the workers of a session use no processor
// time.
func TestIdleCostsNothing(t *testing.T) {
	processors(t, 4)
	s, err := load(t, ermoracle.Every()).NewSession(edgerun.Threads(4), edgerun.SplitAlways())
	require.NoError(t, err)
	defer s.Close()
	runtime.GC()
	const idle = 200 * time.Millisecond
	used := time.Hour
	// The rest of the process is not always quiet, the workers have to be.
	for try := 0; try < 5 && used > idle/10; try++ {
		for range 10 {
			require.NoError(t, s.Run())
		}
		time.Sleep(30 * time.Millisecond)
		before := processorTime(t)
		time.Sleep(idle)
		used = processorTime(t) - before
	}
	t.Logf("%v of processor time in %v", used, idle)
	require.LessOrEqual(t, used, idle/10) // one that spins takes all of it
}

// mapped reports whether a file is mapped into the process.
func mapped(t *testing.T, path string) bool {
	b, err := os.ReadFile("/proc/self/maps")
	if err != nil || !strings.Contains(string(b), "/") {
		t.Skip("the system does not tell what is mapped")
	}
	return strings.Contains(string(b), path)
}

// unmapped waits until the collector has let go of a file.
func unmapped(t *testing.T, path string) {
	t.Helper()
	for start := time.Now(); mapped(t, path); time.Sleep(time.Millisecond) {
		runtime.GC()
		require.Less(t, time.Since(start), 20*time.Second, "the file is still mapped")
	}
}

// TestMapping: a model's file is mapped as long as the model or one of its
// sessions is in use, and no longer.
func TestMapping(t *testing.T) {
	file := encode(t, ermoracle.Every())
	want := integers(t, run(t, file, 1))
	path := filepath.Join(t.TempDir(), "model.erm")
	require.NoError(t, os.WriteFile(path, file, 0o644))

	use := func(opts ...edgerun.SessionOption) {
		m, err := edgerun.Load(path)
		require.NoError(t, err)
		require.True(t, mapped(t, path))
		a, err := m.NewSession(opts...)
		require.NoError(t, err)
		b, err := m.NewSession(opts...)
		require.NoError(t, err)
		m = nil
		for i := range a.NumInputs() {
			require.NoError(t, a.Input(i).SetFloat32(pattern(a.Input(i), i)))
			require.NoError(t, b.Input(i).SetFloat32(pattern(b.Input(i), i)))
		}
		in := a.Input(0)
		for range 5 {
			runtime.GC()
		}
		require.True(t, mapped(t, path), "the model is gone while sessions are there")
		require.NoError(t, a.Run())
		require.Equal(t, want, integers(t, a))
		require.NoError(t, a.Close())
		a = nil
		for range 5 {
			runtime.GC()
		}
		require.True(t, mapped(t, path), "the model is gone while a session is there")
		// Another file takes the place of this one.
		other := path + ".new"
		require.NoError(t, os.WriteFile(other, []byte("something else"), 0o644))
		require.NoError(t, os.Rename(other, path))
		require.NoError(t, b.Run())
		require.Equal(t, want, integers(t, b))
		require.NoError(t, os.WriteFile(other, file, 0o644))
		require.NoError(t, os.Rename(other, path))
		runtime.KeepAlive(in)
	}
	for _, threads := range []int{1, 3} {
		use(edgerun.Threads(threads), edgerun.SplitAlways())
		unmapped(t, path)
	}

	// A file that is refused is not left behind either.
	file[len(file)-1] ^= 1
	require.NoError(t, os.WriteFile(path, file, 0o644))
	_, err := edgerun.Load(path)
	require.Error(t, err)
	require.False(t, mapped(t, path))
}

// TestLoadFIFO: a pipe that nobody writes to is not waited for.
func TestLoadFIFO(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe.erm")
	require.NoError(t, unix.Mkfifo(path, 0o600))
	_, err := edgerun.Load(path)
	require.EqualError(t, err, path+": not a regular file")
}
