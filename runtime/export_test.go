package edgerun

// Arena is the memory of a session's tensors.
func (s *Session) Arena() []byte { return s.arena }

// SplitAlways makes a session share out every phase, however small.
func SplitAlways() SessionOption { return func(s *Session) { s.split = 0 } }

// AllocWith makes a session take its memory from f.
func AllocWith(f func(bytes int) []byte) SessionOption { return func(s *Session) { s.alloc = f } }

// Cost is the estimated time of a Run in nanoseconds.
func (s *Session) Cost() (sum int64) {
	for _, st := range s.steps {
		for i := range st {
			sum += st[i].cost
		}
	}
	return sum
}

// Team is a worker team on its own.
type Team struct{ t *team }

// NewTeam starts a team.
func NewTeam(threads int) Team { return Team{newTeam(threads)} }

// Run does a phase of so many units.
func (t Team) Run(units int, f func(worker, u0, u1 int)) { t.t.run(&phase{run: f, units: units}) }

// Stop ends the workers.
func (t Team) Stop() { t.t.stop() }

// Magnitudes adds up |w|.
var Magnitudes = magnitudes
