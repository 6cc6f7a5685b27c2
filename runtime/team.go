package edgerun

import (
	gort "runtime"
	"sync/atomic"
)

// team runs phases on several goroutines. Workers stay alive between phases:
// for a bounded while they spin, then they park on a channel and cost nothing.
//
// A phase is open while its number stands in open. Workers join by raising
// active and looking at open once more; whoever calls run closes the phase and
// waits for active to fall to 0. So a worker that the system has not scheduled
// in time is not waited for.
//
// That rests on a store being visible before the load behind it: open before
// active, parked before open. Go's atomic stores promise it and every CPU
// keeps it, but QEMU 7 does not for Arm's release stores and acquire loads on an
// x86 host. It does for exchanges, which cost nothing more here.
type team struct {
	open    atomic.Uint64 // number of the open phase; 0: none
	active  atomic.Int64  // workers that may touch the phase
	next    atomic.Int64  // first unit that nobody has taken
	stopped atomic.Bool

	// Written by run while no phase is open and active is 0.
	phase *phase
	chunk int64
	seq   uint64

	workers []worker
	spins   int
}

type worker struct {
	parked atomic.Bool
	wake   chan struct{}
}

// spinLimit is how often a waiting worker looks before it parks: some tens of
// microseconds.
const spinLimit = 20_000

func newTeam(threads int) *team {
	t := &team{workers: make([]worker, threads-1), spins: spinLimit}
	if gort.GOMAXPROCS(0) < threads {
		t.spins = 0 // spinning would take the processor from the work
	}
	for i := range t.workers {
		t.workers[i].wake = make(chan struct{}, 1)
		go t.work(i)
	}
	return t
}

// run does a phase on all threads, the caller's included.
func (t *team) run(ph *phase) {
	threads := len(t.workers) + 1
	t.phase = ph
	// Pieces are large enough to be worth taking and small enough to share.
	t.chunk = max(1, int64(ph.units/(4*threads)))
	t.next.Store(0)
	t.seq++
	t.open.Swap(t.seq)
	for i := range t.workers {
		w := &t.workers[i]
		if w.parked.Load() && w.parked.CompareAndSwap(true, false) {
			w.wake <- struct{}{}
		}
	}
	t.take(0)
	t.open.Swap(0)
	for i := 0; t.active.Load() != 0; i++ {
		if i > 200 || t.spins == 0 {
			gort.Gosched()
		}
	}
	t.phase = nil
}

// take does units until there are none left.
func (t *team) take(w int) {
	ph, n := t.phase, int64(t.phase.units)
	for {
		u := t.next.Add(t.chunk) - t.chunk
		if u >= n {
			return
		}
		ph.run(w, int(u), int(min(u+t.chunk, n)))
	}
}

func (t *team) work(i int) {
	w := &t.workers[i]
	var last uint64
	for {
		seq := t.wait(w, last)
		if seq == 0 {
			return
		}
		t.active.Add(1)
		if t.open.Load() == seq {
			t.take(i + 1)
		}
		t.active.Add(-1)
		last = seq
	}
}

// wait returns the number of a phase that is open and not the last one seen,
// or 0 when the team has been stopped.
func (t *team) wait(w *worker, last uint64) uint64 {
	for {
		for range t.spins + 1 {
			if s := t.open.Load(); s != 0 && s != last {
				return s
			}
			if t.stopped.Load() {
				return 0
			}
		}
		w.parked.Swap(true)
		if s := t.open.Load(); (s != 0 && s != last || t.stopped.Load()) && w.parked.CompareAndSwap(true, false) {
			continue
		}
		<-w.wake
	}
}

// stop ends the workers. No phase may be running.
func (t *team) stop() {
	if t.stopped.Swap(true) {
		return
	}
	for i := range t.workers {
		w := &t.workers[i]
		if w.parked.CompareAndSwap(true, false) {
			w.wake <- struct{}{}
		}
	}
}
