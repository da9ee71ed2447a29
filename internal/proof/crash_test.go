package proof_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rollcall-etl/rollcall/internal/oracle"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/sampling"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// scenario is a state of warehouse and API, and the command that is interrupted
// in it.
type scenario struct {
	name    string
	args    []string
	empty   bool           // before the first migration
	prepare func(s *scene) // brings the warehouse into its state
	alter   alteration     // answers of the API to the interrupted process only
	only    string         // a regexp of the statements to try; all where empty
}

// data gives a small account in which something of everything happens.
func crashData(now time.Time) *simulator.Data {
	data := simulator.Generate(simulator.Size{Apps: 2, Sessions: 5, Participants: 3, EventsPerParticipant: 3}, 11, now)
	first := data.Apps[0].Sessions[0]
	first.Participants[2].Extra = simulator.Extra{"id": []byte(`"not-an-id"`)} // to be set aside
	data.Apps[1].Sessions[0].Extra = simulator.Extra{"id": []byte(`"no-id-either"`)}
	live := data.Apps[0].Sessions[1]
	live.Status, live.EndedAt, live.LiveParticipants = simulator.StatusLive, time.Time{}, 1
	annotate(data)
	for i := range data.Apps {
		for _, s := range data.Apps[i].Sessions {
			data.Apps[i].Meetings = append(data.Apps[i].Meetings, &simulator.Meeting{
				ID: s.MeetingID, Title: s.MeetingTitle, CreatedAt: s.CreatedAt.Add(-time.Hour),
				Enrolled: []*simulator.Enrolled{{ID: "absent-" + s.ID, CustomParticipantID: "x", Name: "Never Came", PresetName: "student", CreatedAt: s.CreatedAt}},
			})
		}
	}
	return data
}

// salvaged is the id of a record that was set aside, once it is understood.
const salvaged = "0d5f6c1e-0000-4000-8000-000000000001"

// change is what happens at the API between two runs.
func change(d *simulator.Data) {
	simulator.JoinLive(d)
	simulator.EndLive(d)
	simulator.AddSession(d)
	d.Apps[0].Name += ", renamed"
	s := d.Apps[0].Sessions[2]
	s.MeetingTitle += ", moved"
	s.Participants = s.Participants[1:]
	s.Participants[0].DisplayName += ", married"
	s.Participants[0].UpdatedAt = s.Participants[0].UpdatedAt.Add(time.Hour)
	s.Participants[1].Events[0].UpdatedAt = s.Participants[1].Events[0].UpdatedAt.Add(time.Hour)
	s.Participants[1].Events[0].PresetViewType = "WEBINAR"
	s.Participants[1].Events = append(s.Participants[1].Events, s.Participants[0].Events[0])
	s.UpdatedAt = s.UpdatedAt.Add(2 * time.Hour)
	d.Apps[0].Meetings[1].Enrolled = nil
	d.Apps[0].Sessions[0].Participants[2].Extra = nil // mended by the vendor
	d.Apps[0].Sessions[0].UpdatedAt = s.UpdatedAt
}

var announced = regexp.MustCompile(`"total_count":(\d+)`)

var everything = []string{"run", "--with", "peer-reports"}

func scenarios() []scenario {
	once := func(s *scene) { s.mustRun(everything...) }
	return []scenario{
		{name: "first run", args: everything},
		{name: "run after changes", args: everything, prepare: func(s *scene) {
			once(s)
			s.sim.Update(change)
		}},
		{
			name: "run that reads twice", args: everything, only: "staged_", prepare: func(s *scene) {
				once(s)
				s.twice = true
				s.sim.Update(func(d *simulator.Data) {
					bad := d.Apps[0].Sessions[0].Participants[2].Extra
					change(d)
					d.Apps[0].Sessions[0].Participants[2].Extra = bad // not mended
				})
			},
			// Each first page announces one more than there are: it is read again.
			alter: func(path string, nth int, body []byte) (int, []byte) {
				if !strings.HasSuffix(path, "/participants") || nth > 1 {
					return 0, nil
				}
				return 200, announced.ReplaceAll(body, []byte(`"total_count":1$1`))
			},
		},
		{name: "backfill", args: []string{"backfill", "--from", "2020-01-01", "--full"}, only: "backfills"},
		{
			name: "run with failing sessions", args: everything, only: "attempts",
			alter: func(path string, _ int, _ []byte) (int, []byte) {
				if strings.Contains(path, "/sessions/") && strings.HasSuffix(path, "/participants") {
					return 404, []byte(`{"success":false,"error":{"code":404,"message":"No session found"}}`)
				}
				return 0, nil
			},
		},
		{name: "rejects retry", args: []string{"rejects", "retry"}, only: `resolved_at = now\(\) WHERE rejected_id`, prepare: func(s *scene) {
			once(s)
			s.sql(`UPDATE sync.rejected_records SET raw_text = replace(raw_text, 'not-an-id', '` + salvaged + `') -- %s`)
			s.sim.Update(func(d *simulator.Data) {
				first := d.Apps[0].Sessions[0]
				first.Participants[2].ID, first.Participants[2].Extra = salvaged, nil
				first.UpdatedAt = first.UpdatedAt.Add(time.Minute)
			})
		}},
		{name: "run that asks by id", args: []string{"run", "--lookback", "1s"}, only: "no statement", prepare: func(s *scene) {
			once(s)
			s.sim.Update(change)
		}},
		// So many that the program itself counts their day.
		{name: "run of many new sessions", args: everything, only: `stale_sessions WHERE change_id|COPY analytics\.(session_dates|usage_|shared_)|INTO analytics\.usage_ids`, prepare: func(s *scene) {
			s.sim.Update(func(d *simulator.Data) {
				for range 24 {
					simulator.AddSession(d)
				}
			})
		}},
		{name: "migrate", args: []string{"migrate", "up"}, empty: true},
	}
}

// mustRun lets the program do something undisturbed.
func (s *scene) mustRun(args ...string) {
	s.t.Helper()
	end := s.start(args...).wait()
	if end.code != 0 && end.code != 3 {
		s.t.Fatalf("%v, undisturbed, ends with %d:\n%s", args, end.code, end.stderr)
	}
}

// TestCrashMatrix stops the program once before and once after each step that
// has an effect, lets it go on, and compares all tables: with what the API
// holds, and with those of a twin that nobody disturbed. The program is killed,
// or lives on and loses its connection.
func TestCrashMatrix(t *testing.T) {
	t.Parallel()
	var stages []*stage
	reached, paths := map[string]bool{}, map[string]bool{}
	for _, sc := range scenarios() {
		st := newStage(t, sc)
		for _, text := range st.statements {
			name := stepOf(text)
			if name == "" && !sc.empty {
				t.Errorf("no step is known for the statement %q: it needs a line in the table", text)
			}
			reached[name] = true
		}
		for _, path := range st.paths {
			paths[path] = true
		}
		st.keepNew(stages)
		stages = append(stages, st)
	}
	for name := range steps {
		if !reached[name] {
			t.Errorf("no scenario comes to the step %q", name)
		}
	}
	for _, path := range endpoints {
		if !paths[path] {
			t.Errorf("no scenario asks for %s", path)
		}
	}
	for _, st := range stages {
		t.Run(st.name, st.points)
	}
}

// stage is a scenario made ready.
type stage struct {
	scenario
	*scene
	twin       map[string][]string // what all tables come to
	statements []string            // traps
	within     map[string]bool     // those in the middle of a transaction
	paths      []string
	copies     atomic.Int64
}

func newStage(t *testing.T, sc scenario) *stage {
	t.Helper()
	database := pgtest.New
	if sc.empty {
		database = pgtest.NewEmpty
	}
	data := crashData(time.Now().UTC().Truncate(time.Hour).Add(-24 * time.Hour))
	sim := simulator.New(data, simulator.Options{Token: "proof-token"})
	base := &scene{t: t, rng: rand.New(rand.NewPCG(1, 1)), sim: sim, account: data.AccountID, direct: database(t), perPage: 2}
	base.database, base.api = base.direct, (&gate{api: sim}).listen(t)
	if sc.prepare != nil {
		sc.prepare(base)
		base.alone()
	}
	st := &stage{scenario: sc, scene: base}
	st.record(t)
	return st
}

// record lets a twin do the same undisturbed, and keeps what it said and wrote.
func (st *stage) record(t *testing.T) {
	t.Helper()
	s, g := st.fresh(t)
	w := newTripwire(t, s.direct, nil, nil)
	s.database = w.url
	s.mustRun(st.args...)
	only := regexp.MustCompile(st.only)
	for _, text := range w.statements {
		if hasEffect(strings.TrimPrefix(text, commitOf)) && only.MatchString(text) {
			st.statements = append(st.statements, text)
		}
	}
	st.paths, st.within = g.asked(), w.within
	s.database = s.direct
	g.calm.Store(true)
	st.twin = st.end(s)
}

// end brings an interrupted warehouse to its end, and gives its tables.
func (st *stage) end(s *scene) map[string][]string {
	s.t.Helper()
	s.mustRun(st.args...)
	if !slices.Equal(st.args, everything) {
		s.mustRun(everything...)
	}
	return s.tables(s.connect())
}

// fresh gives a copy of the scenario's warehouse and a way to the API of its own.
func (st *stage) fresh(t *testing.T, change ...func(*gate)) (*scene, *gate) {
	t.Helper()
	copied := *st.scene
	number := int(st.copies.Add(1))
	copied.t, copied.rng = t, rand.New(rand.NewPCG(uint64(number), 2))
	copied.direct = copied.copyDatabase(number)
	copied.database = copied.direct
	g := &gate{api: st.sim, alter: st.alter}
	for _, set := range change {
		set(g)
	}
	copied.api = g.listen(t)
	return &copied, g
}

// keepNew leaves out of the short form what an earlier scenario tries, but for the
// commit of a session. Of a migration, a transaction of dozens of
// statements, only the first is tried, and its commit; and of all migrations, whose
// transactions are alike, the first and the newest.
func (st *stage) keepNew(earlier []*stage) {
	st.statements = slices.DeleteFunc(st.statements, func(text string) bool {
		if strings.Contains(text, steps["enter a session's state"]) && strings.HasPrefix(text, commitOf) {
			return false
		}
		if st.empty && stepOf(text) == "" && !strings.HasPrefix(text, commitOf) && !slices.Contains(st.statements, commitOf+text) {
			return true
		}
		return !long() && slices.ContainsFunc(earlier, func(e *stage) bool { return slices.Contains(e.statements, text) })
	})
	if st.empty && !long() && len(st.statements) > 16 {
		st.statements = slices.Concat(st.statements[:8], st.statements[len(st.statements)-8:])
	}
	st.paths = slices.DeleteFunc(st.paths, func(path string) bool {
		return slices.ContainsFunc(earlier, func(e *stage) bool { return slices.Contains(e.paths, path) })
	})
}

// point is a moment at which a scenario's command is interrupted.
type point struct {
	name string
	try  func(*testing.T)
}

// points tries the traps of the scenario: in CI each fourth, in a bare "go test" each
// thirtieth, and each after the commit of a session. Only the long form tries what another trap shows:
// after a statement of a transaction nothing else is persisted than before the next one.
func (st *stage) points(t *testing.T) {
	all := st.traps()
	step := sampling.Size(30, 4)
	var some []point
	for i, p := range all {
		if full() || i%step == 0 || strings.Contains(p.name, commitOf+"enter a session's state") {
			some = append(some, p)
		}
	}
	mine := sampling.Part(len(some))
	for _, i := range mine {
		t.Run(some[i].name, some[i].try)
	}
	if len(mine) < len(all) {
		t.Logf("%d of %d points: ROLLCALL_PROOF=full tries all", len(mine), len(all))
	}
}

// traps lists the points of the scenario.
func (st *stage) traps() (all []point) {
	for _, text := range st.statements {
		for _, after := range []bool{false, true} {
			if after && st.within[text] && !long() {
				continue
			}
			name := map[bool]string{false: "before ", true: "after "}[after] + shorten(text)
			all = append(all, point{"killed " + name, func(t *testing.T) { t.Helper(); st.point(t, trap{text, after}, true) }})
			if long() || after && strings.HasPrefix(text, commitOf) {
				all = append(all, point{"cut off " + name, func(t *testing.T) { t.Helper(); st.point(t, trap{text, after}, false) }})
			}
		}
	}
	for _, path := range st.paths {
		for _, when := range []moment{asked, answered, told} {
			all = append(all, point{fmt.Sprintf("killed at %s, %s", path, when), func(t *testing.T) { t.Helper(); st.request(t, path, when) }})
		}
	}
	return all
}

// shorten gives a name for a statement.
func shorten(text string) string {
	if name := stepOf(text); name != "" {
		if strings.HasPrefix(text, commitOf) {
			return commitOf + name
		}
		return name
	}
	return fmt.Sprintf("%.60s", text)
}

// point interrupts the command at a statement.
func (st *stage) point(t *testing.T, at trap, kill bool) {
	t.Helper()
	t.Parallel()
	s, g := st.fresh(t)
	victim := make(chan *process, 1)
	w := newTripwire(t, s.direct, &at, func() {
		if kill {
			_ = (<-victim).Process.Kill()
		}
	})
	s.database = w.url
	p := s.start(st.args...)
	victim <- p
	end := p.wait()
	s.database = s.direct
	if !w.sprung.Load() || w.failed.Load() {
		t.Fatalf("the point was not reached (%v), or the server refused the statement (%v):\n%s", !w.sprung.Load(), w.failed.Load(), end.stderr)
	}
	sessionStored := at.after && strings.HasPrefix(at.statement, commitOf) && stepOf(at.statement) == "enter a session's state"
	if sessionStored && !kill && end.code != 0 && end.code != 3 {
		t.Errorf("what was committed was not looked up:\n%s", end.stderr)
	}
	st.resumes(s, g, end, kill)
}

// request interrupts the command at a request.
func (st *stage) request(t *testing.T, path string, when moment) {
	t.Helper()
	t.Parallel()
	victim := make(chan *process, 1)
	s, g := st.fresh(t, func(g *gate) {
		g.path, g.when, g.spring = path, when, func() { _ = (<-victim).Process.Kill() }
	})
	p := s.start(st.args...)
	victim <- p
	end := p.wait()
	if !g.sprung.Load() {
		t.Fatalf("the point was not reached:\n%s", end.stderr)
	}
	st.resumes(s, g, end, true)
}

// resumes lets the same command run again, undisturbed, and compares.
func (st *stage) resumes(s *scene, g *gate, end outcome, kill bool) {
	s.t.Helper()
	switch {
	case kill && end.code != -1:
		s.t.Errorf("a killed process ends with %d:\n%s", end.code, end.stderr)
	case !kill && !slices.Contains([]int{0, 1, 3, 75}, end.code):
		s.t.Errorf("the process ends with %d:\n%s", end.code, end.stderr)
	case end.code == 1 && strings.Count(end.stderr, "rollcall: ") != 1:
		s.t.Errorf("it does not say once what happened:\n%s", end.stderr)
	}
	s.alone()
	if st.alter == nil && !st.empty && (end.code == 0 || end.code == 3) { // 3: a record was to be set aside
		s.done(end)
	}
	g.calm.Store(true)
	got := st.end(s)
	pool := s.connect()
	if diff := cmp.Diff(st.twin, got); diff != "" {
		s.t.Errorf("the tables are not those of an undisturbed twin (-twin +this):\n%.3000s", diff)
	}
	if diff, err := oracle.DiffListed(s.t.Context(), pool, s.sim, nil); err != nil || diff != "" {
		s.t.Errorf("the warehouse is not what the API holds (-API +warehouse): %v\n%.3000s", err, diff)
	}
	diff, err := oracle.DiffBeside(s.t.Context(), pool, s.sim)
	if st.prepare == nil && (err != nil || diff != "") { // else enrolment is as it was when the meetings were due
		s.t.Errorf("what is read beside is not what the API holds (-API +warehouse): %v\n%.3000s", err, diff)
	}
	s.sound(pool)
	if !long() && s.rng.IntN(4) > 0 {
		return
	}
	before := s.versions(pool)
	s.mustRun(everything...)
	if s.versions(pool) != before {
		s.t.Error("one more reading of the same wrote rows")
	}
}
