package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/oracle"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/sampling"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// Whatever the API's reading of its documentation, in whatever order and however
// often runs and backfills come, whatever fails on the way and wherever they are
// stopped: the tables end the same. A seed gives one history; ROLLCALL_SEEDS
// asks for more of them, ROLLCALL_SEED for one.
func TestAnyHistoryEndsTheSame(t *testing.T) {
	t.Parallel()
	for _, seed := range sampling.Seeds(t, 1, 10) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			h := newHistory(t, seed)
			for n := range 2 + h.rng.IntN(4) {
				h.step()
				if seed%4 == 1 && n == 0 {
					lacking := notRestored[seed/4%uint64(len(notRestored))]
					h.moveHouse(lacking)
					h.lost = h.lost || lacking != ""
				}
			}
			h.end()
		})
	}
}

// history is a rig with a source of chance.
type history struct {
	*rig
	rng   *rand.Rand
	moved bool // whether the API came to hold more on the way
	lost  bool // whether rows were taken away that no run has looked for since
}

func newHistory(t *testing.T, seed uint64) *history {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 4711))
	data := simulator.Generate(simulator.Size{
		Apps: 1 + rng.IntN(2), Sessions: 1 + rng.IntN(7), Participants: rng.IntN(40), EventsPerParticipant: rng.IntN(4),
	}, seed, at)
	h := &history{rig: newRig(t, data), rng: rng}
	h.sim.SetDialect(h.dialect())
	h.extract.RetryFor = 300 * time.Millisecond
	return h
}

// dialect gives a reading of the documentation in which no row gets lost.
func (h *history) dialect() simulator.Dialect {
	yes := func() bool { return h.rng.IntN(2) == 0 }
	return simulator.Dialect{
		PageBase0: yes(), MaxPerPage: []int{0, 1, 3, 7, 20}[h.rng.IntN(5)],
		Paging:      []simulator.PagingPlace{simulator.PagingAuto, simulator.PagingTop, simulator.PagingInData, simulator.PagingAbsent}[h.rng.IntN(4)],
		FloatCounts: yes(), EmptyLastPage: yes(), NestedDetail: yes(), EndedAtStringNull: yes(), SpaceTimes: yes(),
		StartTimeOn: []simulator.TimeColumn{simulator.OnCreated, simulator.OnStarted}[h.rng.IntN(2)],
	}
}

// faults are those after which the API still holds what it held, or more.
var faults = []string{
	"every-2nd-500", "every-3rd-502", "truncated:every=3", "cut-gzip:every=2", "reset:every=4", "html-200:every=3", "garbage:every=2",
	"empty:every=3", "unsuccessful:every=4", "rate-limited:wait=0s,every=5", "html:nth=2", "gone:nth=2", "status:code=500,path=*/participants",
	"late-row", "late-joiner", "new-session", "live-ends:nth=2", "reset", "bad-token:nth=4", "unsuccessful:code=10000,nth=5",
	"refused:code=403,ids=012", "refused:code=451,ids=0123456789abcdef", "refused-200:code=1234,ids=89ab", "refused:of=apps,code=409,ids=01234567",
	"refused:of=meetings,code=403,ids=0123", "redirect:path=*/participants,every=3",
	"absurd-wait:as=date,nth=3", "absurd-wait:as=seconds,nth=4", "absurd-wait:as=t,nth=2", "absurd-wait:as=clock,nth=2",
}

// step is one run or backfill that may fail or be stopped, which may be.
func (h *history) step() {
	h.t.Helper()
	ctx, cancel := context.WithCancel(h.t.Context())
	defer cancel()
	var script []simulator.Fault
	for range h.rng.IntN(3) {
		fault, err := simulator.ParseFault(faults[h.rng.IntN(len(faults))])
		if err != nil {
			h.t.Fatal(err)
		}
		if fault.Do != nil {
			h.moved = true
			fault.Times = 50 // a list that grows with each page of one row has no end
		}
		script = append(script, fault)
	}
	if h.rng.IntN(3) == 0 {
		script = append(script, simulator.Fault{Nth: 1 + h.rng.IntN(12), Do: func(*simulator.Data) { cancel() }})
	}
	h.sim.Script(script...)
	if h.rng.IntN(4) == 0 {
		h.skew = time.Duration(h.rng.IntN(40*24)-20*24) * time.Hour
	}
	if h.rng.IntN(4) == 0 {
		h.sim.SetDate(time.Duration(h.rng.IntN(40*24)-20*24) * time.Hour)
	}
	h.extract.PerPage = 1 + h.rng.IntN(30)
	h.config.Concurrency = 1 + h.rng.IntN(6)
	plan := pipeline.Plan{Kind: model.KindRun, Optional: pipeline.Optional{Enrolment: h.rng.IntN(2) == 0, Daywise: h.rng.IntN(2) == 0}}
	if h.rng.IntN(2) == 0 {
		plan = pipeline.Plan{Kind: model.KindBackfill, From: at.AddDate(0, 0, -1-h.rng.IntN(40)), Full: h.rng.IntN(2) == 0}
	}
	if h.rng.IntN(3) == 0 {
		h.exec(losses[h.rng.IntN(len(losses))])
		h.lost = true
	}
	result, err := h.run(ctx, plan)
	h.skew = 0
	h.sim.SetDate(0)
	if errors.Is(err, model.ErrStore) {
		h.t.Errorf("the database failed: %v", err)
	}
	whole := err == nil && (plan.Kind == model.KindRun || plan.Full)
	h.lost = h.lost && !whole // only what looked for rows that are gone can know
	if !h.moved && !h.lost {
		h.honest(plan, result.Status)
	}
	if !h.moved && whole {
		h.calledComplete()
	}
}

// honest fails where a session passes for complete and is not, or a run for
// succeeded that left something out.
func (r *rig) honest(plan pipeline.Plan, status string) {
	r.t.Helper()
	if diff, err := oracle.DiffComplete(r.t.Context(), r.pool, r.sim); err != nil || diff != "" {
		r.t.Errorf("what is called complete is not what the API holds (-API +warehouse): %v\n%.3000s\n%s", err, diff, r.log)
	}
	if plan.Kind != model.KindRun || status != model.RunSucceeded {
		return
	}
	if diff, err := oracle.DiffListed(r.t.Context(), r.pool, r.sim, nil); err != nil || diff != "" {
		r.t.Errorf("a run that succeeded left the warehouse unlike the API (-API +warehouse): %v\n%.3000s\n%s", err, diff, r.log)
	}
}

// losses are what a restore may lack, or a copy: tables, positions of sequences, days.
var losses = []string{
	`TRUNCATE realtimekit.participants CASCADE`, `TRUNCATE realtimekit.peer_events`, `TRUNCATE realtimekit.sessions CASCADE`,
	`TRUNCATE realtimekit.meeting_participants`, `TRUNCATE realtimekit.daily_stats`, `TRUNCATE realtimekit.apps CASCADE`,
	`DELETE FROM realtimekit.peer_events WHERE event_id IN (SELECT event_id FROM realtimekit.peer_events ORDER BY 1 LIMIT 1)`,
	`TRUNCATE sync.session_states`, `TRUNCATE sync.app_states`, `TRUNCATE sync.meeting_states`, `TRUNCATE sync.checks`,
	`TRUNCATE analytics.usage_days, analytics.usage_preset_days, analytics.session_dates, analytics.stale_sessions`, `TRUNCATE analytics.usage_days`,
	`TRUNCATE analytics.session_figures`, `TRUNCATE analytics.session_people`, `TRUNCATE analytics.session_presences, analytics.session_person_days`,
	`ALTER TABLE sync.runs ALTER run_id RESTART WITH 1`, `ALTER TABLE sync.rejected_records ALTER rejected_id RESTART WITH 1`,
}

// calledComplete fails where a session is called complete whose participants and
// events are not those of the API, or whose days are not there.
func (h *history) calledComplete() {
	h.t.Helper()
	held := make(map[string]string)
	h.sim.View(func(d *simulator.Data) {
		for _, s := range d.AllSessions() {
			events := 0
			for _, p := range s.Participants {
				events += len(p.Events)
			}
			held[s.ID] = fmt.Sprint(len(s.Participants), " ", events, " true")
		}
	})
	rows, err := h.pool.Query(h.t.Context(), `SELECT t.session_id::text, concat_ws(' ',
			(SELECT count(*) FROM realtimekit.participants AS p WHERE p.session_id = t.session_id AND removed_at IS NULL),
			(SELECT count(*) FROM realtimekit.peer_events AS e WHERE e.session_id = t.session_id),
			(EXISTS (SELECT FROM analytics.session_dates AS d JOIN analytics.usage_days USING (app_id, usage_date) WHERE d.session_id = t.session_id))::text)
		FROM sync.session_states AS t WHERE complete_at IS NOT NULL`)
	if err != nil {
		h.t.Fatal(err)
	}
	var id, stored string
	if _, err := pgx.ForEachRow(rows, []any{&id, &stored}, func() error {
		if stored != held[id] {
			h.t.Errorf("session %s is called complete with %s (participants, events, days), and the API has %s", id, stored, held[id])
		}
		return nil
	}); err != nil {
		h.t.Fatal(err)
	}
}

// end lets the API behave and asks for everything: a run, which must come to
// its end, and a backfill.
func (h *history) end() {
	h.t.Helper()
	h.sim.Script()
	h.config.Now = clock(at.Add(25 * time.Hour)) // an endpoint that was refused is left alone for a day
	h.endPauses(25 * time.Hour)
	if _, err := h.run(h.t.Context(), everything); err != nil {
		h.t.Fatalf("the run after all faults: %v\n%s", err, h.log)
	}
	all := pipeline.Plan{Kind: model.KindBackfill, From: at.AddDate(-1, 0, 0), Full: true}
	h.must(all, model.RunSucceeded)
	h.exact(nil)
	h.endPauses(time.Hour) // a meeting where nobody is listed or announced is looked at twice
	h.must(cheap, model.RunSucceeded)
	if diff, err := oracle.DiffBeside(h.t.Context(), h.pool, h.sim); !h.moved && (err != nil || diff != "") {
		h.t.Errorf("what is read beside is not what the API holds (-API +warehouse): %v\n%.3000s", err, diff)
	}
	before := h.versions()
	h.must(all, model.RunSucceeded)
	if h.versions() != before {
		h.t.Error("one more reading of the same wrote rows")
	}
	// All is at rest, and something is lost: the next run notices.
	loss := losses[h.rng.IntN(len(losses))]
	h.exec(loss)
	for range 2 {
		if _, err := h.run(h.t.Context(), cheap); err != nil {
			h.t.Fatalf("a run after %s: %v\n%s", loss, err, h.log)
		}
		h.calledComplete()
	}
	h.exact(nil)
	h.noSecret()
}

// noSecret fails if the token or the database's password stands in the log or in
// any column of any table, after all that went wrong.
func (h *history) noSecret() {
	h.t.Helper()
	database, err := url.Parse(h.database.Reveal())
	if err != nil {
		h.t.Fatal(err)
	}
	password, _ := database.User.Password()
	for name, secret := range map[string]string{"token": token, "password": password} {
		if len(secret) < 10 || strings.Contains(h.log.String(), secret) {
			h.t.Errorf("the %s is in the log, or none", name)
		}
		tables, err := h.pool.Query(h.t.Context(), `SELECT oid::regclass::text FROM pg_class
			WHERE relkind = 'r' AND relnamespace::regnamespace::text IN ('realtimekit', 'sync', 'analytics')`)
		if err != nil {
			h.t.Fatal(err)
		}
		all, err := pgx.CollectRows(tables, pgx.RowTo[string])
		if err != nil || len(all) < 10 {
			h.t.Fatalf("%d tables: %v", len(all), err)
		}
		for _, table := range all {
			if n := h.number(`SELECT count(*) FROM `+table+` AS t WHERE strpos(t::text, $1) > 0`, secret); n > 0 {
				h.t.Errorf("the %s is in %d rows of %s", name, n, table)
			}
		}
	}
}
