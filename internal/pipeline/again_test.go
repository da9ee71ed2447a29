package pipeline_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/extract"
	"github.com/rollcall-etl/rollcall/internal/ledger"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/simulator"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// A session that never adds up is asked for ever less often, but stays on the
// list and in the exit code; a change of it, or a backfill, brings it at once
// (redpanda-data/connect#415: one bad record must not hold up or tire anything).
func TestSessionThatNeverAddsUpIsAskedForLessOften(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 2, Participants: 5, EventsPerParticipant: 1}, 31, at)
	r := newRig(t, data)
	s := data.Apps[0].Sessions[0]
	r.sim.Script(simulator.Fault{Path: "*" + s.ID + "/participants", Answer: withoutRow(s.Participants[2].ID)})
	for i, read := range []int{2, 1, 0, 0} {
		result := r.mustRun(model.RunPartial)
		if result.Totals.SessionsRead() != read || (read == 0) != (result.Waiting == 1) {
			t.Errorf("run %d read %d sessions and left %d waiting, want %d read", i+1, result.Totals.SessionsRead(), result.Waiting, read)
		}
	}
	if got := r.number(`SELECT attempts FROM sync.session_states WHERE retry_at > now() + interval '14 minutes' AND last_error IS NOT NULL`); got != 2 {
		t.Errorf("%d attempts, want 2 and a pause", got)
	}
	named := pipeline.Plan{Kind: model.KindBackfill, From: at.AddDate(-1, 0, 0)}
	if got := r.must(named, model.RunPartial).Totals.SessionsRead(); got != 1 {
		t.Errorf("a backfill read %d sessions, want the incomplete one", got)
	}
	r.sim.Update(func(d *simulator.Data) {
		s := d.Apps[0].Sessions[0]
		s.MinutesConsumed, s.UpdatedAt = s.MinutesConsumed+1, s.UpdatedAt.Add(time.Minute)
	})
	r.sim.Script()
	if got := r.mustRun(model.RunSucceeded).Totals.SessionsRead(); got != 1 {
		t.Errorf("%d sessions read after a change, want 1", got)
	}
	r.exact(nil)
	if got := r.number(`SELECT count(*) FROM sync.session_states WHERE retry_at IS NOT NULL OR attempts > 0`); got != 0 {
		t.Error("the pause outlived the problem")
	}
}

// A session that the API cannot give costs its patience once in a while, not in
// every run.
func TestSessionThatAlwaysFailsIsAskedForLessOften(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 2, Participants: 3}, 32, at)
	r := newRig(t, data)
	r.extract.RetryFor = 0
	r.sim.Script(simulator.Fault{Path: "*" + data.Apps[0].Sessions[0].ID + "/participants", Answer: simulator.KitError(500, "never")})
	for i, failed := range []int{1, 1, 0} {
		if got := r.mustRun(model.RunPartial).Totals.Failed; got != failed {
			t.Errorf("run %d failed for %d sessions, want %d", i+1, got, failed)
		}
	}
	if got := r.sim.Stats().ByStatus[http.StatusInternalServerError]; got != 2 {
		t.Errorf("%d requests for the failing session, want 2", got)
	}
}

// A session ends once: a record that says so is newer than the one that says
// that it is live, even where the vendor's updated_at went back.
func TestEndedSessionWithAnOlderTime(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Demo(33, at))
	r.mustRun(model.RunSucceeded)
	r.sim.Update(simulator.EndLive)
	r.sim.Update(func(d *simulator.Data) {
		for _, s := range d.AllSessions() {
			if s.UpdatedAt.After(at.Add(-time.Hour)) {
				s.UpdatedAt = at.Add(-24 * time.Hour)
			}
		}
	})
	r.mustRun(model.RunSucceeded)
	r.exact(nil)
}

// One app under two names must not be read twice, let alone counted twice
// (cyberfabric/insight#283).
func TestAppThatIsNamedTwiceIsReadOnce(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 3, Participants: 4, EventsPerParticipant: 2}, 34, at)
	r := newRig(t, data)
	r.config.AppIDs = []string{data.Apps[0].ID, data.Apps[0].ID}
	if got := r.mustRun(model.RunSucceeded).Totals.SessionsRead(); got != 3 {
		t.Errorf("%d sessions read, want 3", got)
	}
	r.exact(nil)
}

// A list that announces sessions and shows none must not pass for success
// (PostHog/posthog#87238), nor move the watermark (dlt-hub/dlt#2269,
// airbytehq/airbyte#14732).
func TestEmptyListThatAnnouncesSessionsIsNoSuccess(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Generate(simulator.Size{Apps: 1, Sessions: 3, Participants: 4}, 35, at))
	r.sim.Script(simulator.Fault{Path: "*/sessions", Answer: simulator.Reply(200, nil,
		`{"success":true,"data":{"sessions":[]},"paging":{"total_count":3,"start_offset":0,"end_offset":0}}`)})
	r.mustRun(model.RunPartial)
	if got := r.number(`SELECT count(*) FROM sync.app_states WHERE watermark IS NULL AND last_error LIKE '%announced 3 records and gave 0%'`); got != 1 {
		t.Error("the watermark moved, or the reason is missing")
	}
	r.sim.Script()
	r.mustRun(model.RunSucceeded)
	r.exact(nil)
}

// Sessions that were made in the same moment as the newest known one, and shown
// later, lie within the lookback (airbytehq/airbyte#80152).
func TestSessionAtTheWatermarkIsNotSkipped(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Generate(simulator.Size{Apps: 1, Sessions: 3, Participants: 4}, 36, at))
	r.mustRun(model.RunSucceeded)
	r.sim.Update(simulator.AddSession)
	r.sim.Update(func(d *simulator.Data) {
		all := d.Apps[0].Sessions
		last, before := all[len(all)-1], all[len(all)-2]
		for _, s := range all {
			if s != last && s.CreatedAt.After(before.CreatedAt) {
				before = s
			}
		}
		last.CreatedAt = before.CreatedAt
	})
	r.mustRun(model.RunSucceeded)
	r.exact(nil)
}

// A quiet run costs one request an app, whatever was read before
// (airbytehq/airbyte-python-cdk#1067, airbytehq/airbyte#28278).
func TestQuietRunAsksOncePerApp(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 2, Sessions: 40, Participants: 3}, 37, at.Add(-100*time.Hour))
	r := newRig(t, data)
	r.config.AppIDs = []string{data.Apps[0].ID, data.Apps[1].ID}
	r.mustRun(model.RunSucceeded)
	if got := r.mustRun(model.RunSucceeded).Summary.Requests; got != 2 {
		t.Errorf("%d requests, want 2", got)
	}
}

// An empty year costs a handful of requests.
func TestChunksGrowWhereThereIsNothing(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 3, Participants: 3}, 38, at)
	r := newRig(t, data)
	r.config.AppIDs = []string{data.Apps[0].ID}
	result := r.must(pipeline.Plan{Kind: model.KindBackfill, From: at.AddDate(-2, 0, 0)}, model.RunSucceeded)
	r.exact(nil)
	if lists := result.Summary.Requests - 3; lists > 8 {
		t.Errorf("%d lists for two years with three sessions", lists)
	}
}

// A cron job and a backfill that share a token share its quota, and neither
// harms the other. The server blocks for ten seconds when exceeded.
func TestCronBesideBackfillUnderOneQuota(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 36, Participants: 6, EventsPerParticipant: 2}, 39, at)
	r := newRig(t, data)
	r.quota(simulator.Quota{Calls: 40, Window: 8 * time.Second, Block: 10 * time.Second})
	r.config.Concurrency = 8
	r.budget = extract.BudgetConfig{PerSecond: 1000, QuotaShare: 0.2, MaxWait: time.Minute, Store: ledger.New(warehouse.New(r.pool, discard)), Key: "key"}
	second := r.beside()
	second.budget.Store = ledger.New(warehouse.New(second.pool, discard))
	done := make(chan error, 1)
	go func() {
		_, err := second.run(t.Context(), pipeline.Plan{Kind: model.KindBackfill, From: at.AddDate(-1, 0, 0), Full: true})
		done <- err
	}()
	r.mustRun(model.RunSucceeded)
	if err := <-done; err != nil {
		t.Errorf("the backfill: %v", err)
	}
	r.exact(nil)
	if stats := r.sim.Stats(); stats.ByStatus[http.StatusTooManyRequests] != 0 || stats.Requests < 70 {
		t.Errorf("%d of %d requests were refused", stats.ByStatus[http.StatusTooManyRequests], stats.Requests)
	}
	if got := r.number(`SELECT count(*) FROM sync.runs WHERE status = 'succeeded'`); got != 2 {
		t.Errorf("%d runs succeeded, want both", got)
	}
}

// A participant that comes twice in one answer is stored once, as it was changed
// last, and counted.
func TestParticipantThatComesTwiceIsCounted(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 1, Participants: 4, EventsPerParticipant: 1}, 41, at)
	s := data.Apps[0].Sessions[0]
	again := *s.Participants[1]
	again.DisplayName, again.UpdatedAt = "Later", again.UpdatedAt.Add(time.Minute)
	s.Participants = append(s.Participants, &again)
	r := newRig(t, data)
	result := r.mustRun(model.RunPartial) // five were announced, four are there
	if result.Totals.Repeated != 1 || r.number(`SELECT sum(rows_repeated) FROM sync.runs`) != 1 {
		t.Errorf("%d repeated rows counted, want 1", result.Totals.Repeated)
	}
	if got := r.text(`SELECT display_name FROM realtimekit.participants WHERE participant_id = $1`, again.ID); got != "Later" {
		t.Errorf("%q was kept", got)
	}
}

// A clock that was ahead and a session of the future must not move the watermark
// beyond what begins until then.
func TestClockOnceAheadHoldsUpNobody(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 3, Participants: 2, EventsPerParticipant: 2}, 61, at)
	data.Apps[0].Sessions[0].Extra = simulator.Extra{"created_at": json.RawMessage(`"9999-01-01T00:00:00Z"`)}
	r := newRig(t, data)
	now := time.Now().AddDate(0, 0, 30) // the server's is the true one
	r.config.Now = func() time.Time { return now }
	r.mustRun(model.RunSucceeded)
	r.sim.Update(func(d *simulator.Data) {
		s := *d.Apps[0].Sessions[1]
		s.ID = "eeeeeeee-0000-4000-8000-000000000001"
		s.CreatedAt = time.Now().Add(time.Hour)
		s.StartedAt, s.EndedAt, s.UpdatedAt = s.CreatedAt, s.CreatedAt.Add(time.Hour), s.CreatedAt.Add(time.Hour)
		d.Apps[0].Sessions = append(d.Apps[0].Sessions, &s)
	})
	now = time.Now().AddDate(0, 0, 6) // longer than the lookback
	r.mustRun(model.RunSucceeded)
	if got := r.number(`SELECT count(*) FROM realtimekit.sessions`); got != 4 {
		t.Errorf("%d sessions are stored, want 4", got)
	}
}
