package pipeline_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/simulator"
	"github.com/rollcall-etl/rollcall/internal/stores"
)

// endFirst lets the first session of a data set last for the hour before a time.
func endFirst(data *simulator.Data, end time.Time) {
	s := data.Apps[0].Sessions[0]
	s.Status = simulator.StatusEnded
	s.StartedAt, s.CreatedAt, s.EndedAt, s.UpdatedAt = end.Add(-time.Hour), end.Add(-time.Hour), end, end
}

// A machine that is days behind, or ahead, lists what there is, calls nothing settled
// that is not, and says so: the database's clock decides.
func TestMachinesClockDecidesNothing(t *testing.T) {
	t.Parallel()
	for name, skew := range map[string]time.Duration{"behind": -72 * time.Hour, "ahead": 9 * 24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 3, Participants: 2, EventsPerParticipant: 1}, 71, at)
			endFirst(data, at.Add(-30*time.Minute))
			r := newRig(t, data)
			r.skew = skew
			for _, plan := range []pipeline.Plan{{Kind: model.KindRun}, {Kind: model.KindBackfill, From: at.AddDate(-1, 0, 0)}} {
				result := r.must(plan, model.RunPartial)
				if !strings.Contains(result.Clocks, "this machine's clock is") || !strings.Contains(result.Clocks, name) {
					t.Errorf("said of the clocks: %q", result.Clocks)
				}
				if off := result.Run.StartedAt.Sub(at).Abs(); off > time.Hour || result.Took < 0 || result.Took > time.Hour {
					t.Errorf("the run began %s from the true time and took %s", off, result.Took)
				}
			}
			r.exact(nil)
			if got := r.number(`SELECT count(*) FROM sync.session_states WHERE settled_at IS NULL`); got != 1 {
				t.Errorf("%d sessions are inside the settle window, want 1", got)
			}
			if got := r.number(`SELECT count(*) FROM sync.runs WHERE error LIKE '%clock%'`); got != 2 {
				t.Errorf("the ledger tells of %d runs that the clocks differ, want 2", got)
			}
			if got := r.text(`SELECT (watermark - $1::timestamptz < interval '0')::text FROM sync.app_states`, at); got != "true" {
				t.Error("the watermark is ahead of the time")
			}
			r.skew = 0
			r.must(pipeline.Plan{Kind: model.KindRun}, model.RunSucceeded)
		})
	}
}

// Where the database is on the same machine, only the API's Date can tell that both
// are behind: the list is taken up again, also of an app that was configured, of
// which nothing was asked before.
func TestAPIsDateTellsThatTheDatabaseIsBehind(t *testing.T) {
	t.Parallel()
	for name, plan := range map[string]pipeline.Plan{
		"run": {Kind: model.KindRun}, "backfill": {Kind: model.KindBackfill, From: at.AddDate(-1, 0, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 4, Participants: 2, EventsPerParticipant: 1}, 72, at)
			endFirst(data, at.Add(-30*time.Minute))
			r := newRig(t, data)
			r.config.AppIDs = []string{data.Apps[0].ID}
			behind := 80 * 24 * time.Hour // longer than there are sessions
			r.config.Now = clock(at.Add(-behind))
			r.sim.SetDate(behind)
			result := r.must(plan, model.RunPartial)
			if !strings.Contains(result.Clocks, "the API's clock is 1920h0m") {
				t.Errorf("said of the clocks: %q", result.Clocks)
			}
			r.exact(nil)
			if got := r.number(`SELECT count(*) FROM sync.session_states WHERE settled_at IS NOT NULL`); got != 0 {
				t.Errorf("%d sessions are settled by a clock that may be wrong", got)
			}
		})
	}
}

// An API whose Date is ahead must not settle a session, nor move the watermark to
// what has not come.
func TestAPIsDateAhead(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 3, Participants: 2, EventsPerParticipant: 1}, 73, at)
	endFirst(data, at.Add(-30*time.Minute))
	r := newRig(t, data)
	r.sim.SetDate(30 * 24 * time.Hour)
	r.must(pipeline.Plan{Kind: model.KindRun}, model.RunPartial)
	r.exact(nil)
	if got := r.number(`SELECT count(*) FROM sync.session_states WHERE settled_at IS NULL`); got != 1 {
		t.Errorf("%d sessions are inside the settle window, want 1", got)
	}
}

// Times of the future in our own tables, as a clock leaves them that was ahead once,
// are no reason to wait or to leave anything out.
func TestTimesOfTheFutureHoldUpNobody(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 5, Participants: 2, EventsPerParticipant: 1}, 74, at)
	r := newRig(t, data)
	r.must(cheap, model.RunSucceeded)
	const ahead = ` = now() + interval '300 days'`
	r.exec(`UPDATE sync.app_states SET watermark` + ahead)
	r.exec(`UPDATE sync.endpoint_states SET unavailable_at` + ahead + `, asked_at` + ahead + `, read_at` + ahead)
	r.exec(`UPDATE sync.session_states SET settled_at = NULL, complete_at = NULL, last_error = 'x', attempts = 3, retry_at` + ahead + `, tried_fingerprint = fingerprint, failed_at` + ahead + `, read_at` + ahead)
	r.exec(`UPDATE sync.meeting_states SET sessions_seen = NULL, attempts = 3, retry_at` + ahead + `, tried_sessions = sessions_seen, tried_ended = sessions_ended, empty_since` + ahead)
	r.exec(`INSERT INTO sync.retention_horizons (account_id, horizon, changed_at) VALUES ($1, now() + interval '300 days', now())`, data.AccountID)
	late := *data.Apps[0].Sessions[0] // created longer ago than the lookback, and never listed
	late.ID = "eeeeeeee-0000-4000-8000-000000000002"
	late.CreatedAt = at.AddDate(0, 0, -10)
	late.StartedAt, late.EndedAt, late.UpdatedAt = late.CreatedAt, late.CreatedAt.Add(time.Hour), late.CreatedAt.Add(time.Hour)
	r.sim.Update(func(d *simulator.Data) { d.Apps[0].Sessions = append(d.Apps[0].Sessions, &late) })

	result := r.must(cheap, model.RunSucceeded)
	if result.Waiting != 0 || result.TooOld != 0 || result.Optional.MeetingsWaiting != 0 || result.Totals.SessionsRead() != 6 {
		t.Errorf("%d sessions and %d meetings wait, %d are too old, %d were read", result.Waiting, result.Optional.MeetingsWaiting, result.TooOld, result.Totals.SessionsRead())
	}
	if result.Optional.Meetings == 0 || result.Optional.Days == 0 {
		t.Errorf("%d meetings and %d days were read", result.Optional.Meetings, result.Optional.Days)
	}
	r.exact(nil)
	for what, left := range map[string]string{
		"watermarks": `sync.app_states WHERE watermark > now()`,
		"endpoints":  `sync.endpoint_states WHERE asked_at > now() OR read_at > now() OR unavailable_at IS NOT NULL`,
		"sessions":   `sync.session_states WHERE retry_at > now() OR read_at > now() OR settled_at IS NULL`,
		"meetings":   `sync.meeting_states WHERE retry_at > now() OR empty_since > now()`,
	} {
		if got := r.number(`SELECT count(*) FROM ` + left); got != 0 {
			t.Errorf("%d %s are still of the future", got, what)
		}
	}
}

// A backfill or a verification that was stopped on a machine that was ahead begins
// anew: what was created until its checkpoint was not there yet.
func TestCheckpointOfTheFuture(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 5, Participants: 2, EventsPerParticipant: 1}, 75, at)
	r := newRig(t, data)
	ahead := at.AddDate(0, 0, 3)
	from := at.AddDate(-1, 0, 0)
	r.exec(`INSERT INTO sync.backfills (account_id, app_id, range_from, range_to, is_full, checkpoint, saved_at, run_id)
		VALUES ($1, $2, $3, 'infinity', false, $4, now(), 1)`, data.AccountID, data.Apps[0].ID, from, ahead)
	if result := r.must(pipeline.Plan{Kind: model.KindBackfill, From: from}, model.RunSucceeded); result.Totals.SessionsRead() != 5 {
		t.Errorf("%d sessions were read, want 5", result.Totals.SessionsRead())
	}
	r.exec(`INSERT INTO sync.verifications (account_id, app_id, range_from, range_to, is_by_ids, checkpoint, sessions_compared, differing_sessions, saved_at, run_id)
		VALUES ($1, $2, '-infinity', 'infinity', false, $3, 7, '{}', now(), 1)`, data.AccountID, data.Apps[0].ID, ahead)
	client := r.client()
	defer client.Close()
	result, err := pipeline.Verify(context.Background(), r.config, pipeline.VerifyPlan{}, client, stores.Open(r.pool, r.logger), r.logger)
	if err != nil || result.Compared != 5 || result.Resumed {
		t.Errorf("%d sessions were compared, resumed %t: %v", result.Compared, result.Resumed, err)
	}
}

// A success that a clock which was ahead has noted lies no seconds back, and not fewer.
func TestFreshnessIsNotNegative(t *testing.T) {
	t.Parallel()
	r := settled(t, 95)
	r.exec(`UPDATE sync.runs SET finished_at = now() + interval '2 days'`)
	if got := r.text(`SELECT string_agg(DISTINCT seconds_since_success::text, ' ') FROM analytics.sync_freshness`); got != "0" {
		t.Errorf("the last success was %s seconds ago", got)
	}
}
