package pipeline_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/extract"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/simulator"
	"github.com/rollcall-etl/rollcall/internal/stores"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// retry tries the rejected records again, as the command does.
func (r *rig) retry() model.RetryCounts {
	r.t.Helper()
	understand := func(rejected model.Rejected) (model.Salvaged, error) {
		return extract.Understand(rejected, r.config.AccountID)
	}
	db := warehouse.New(r.pool, r.logger)
	if err := db.Protect(r.t.Context(), r.privacy); err != nil {
		r.t.Fatal(err)
	}
	counts, err := pipeline.RetryRejects(r.t.Context(), r.config, understand, stores.New(db), r.logger)
	if err != nil {
		r.t.Fatal(err)
	}
	return counts
}

// Records of every kind are set aside; a version that understands them loads
// them without asking the API. Here the stored text is what changes.
func TestRejectedRecordsAreLoadedOnceTheyAreUnderstood(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 2, Sessions: 4, Participants: 4, EventsPerParticipant: 3}, 51, at)
	inSession := data.Apps[0].Sessions[0]
	bad := simulator.Extra{"created_at": json.RawMessage(`"yesterday"`)}
	inSession.Participants[0].Extra = bad
	inSession.Participants[1].Events[2].Extra = bad
	data.Apps[0].Sessions[1].Extra = bad
	data.Apps[1].Extra = bad
	r := newRig(t, data)
	r.mustRun(model.RunPartial)
	if got := r.text(`SELECT string_agg(entity, ' ' ORDER BY entity) FROM sync.rejected_records`); got != "app participant peer_event session" {
		t.Fatalf("set aside: %s", got)
	}
	if got := r.retry(); got.Tried != 4 || got.StillRejected != 4 || got.Loaded != 0 {
		t.Errorf("this version understands no better: %+v", got)
	}

	r.sim.Update(func(d *simulator.Data) {
		s := d.Apps[0].Sessions[0]
		s.Participants[0].Extra, s.Participants[1].Events[2].Extra = nil, nil
		d.Apps[0].Sessions[1].Extra, d.Apps[1].Extra = nil, nil
	})
	if _, err := r.pool.Exec(t.Context(), `UPDATE sync.rejected_records SET raw_text = replace(raw_text, '"yesterday"', 'null')`); err != nil {
		t.Fatal(err)
	}
	r.sim.Reset()
	got := r.retry()
	if got.Loaded != 4 || got.StillRejected != 0 || got.Inserted != 1+3+1+1 {
		t.Errorf("%+v, want all four: a participant with three events, an event and a session", got)
	}
	if n := r.sim.Stats().Requests; n != 0 {
		t.Errorf("%d requests were sent", n)
	}
	if n := r.number(`SELECT count(*) FROM sync.rejected_records WHERE resolved_at IS NULL`); n != 0 {
		t.Errorf("%d records are still open", n)
	}
	if n := r.number(`SELECT count(*) FROM sync.runs WHERE kind = 'retry'`); n != 2 {
		t.Errorf("%d retries in the ledger, want 2", n)
	}
	// The session that was salvaged has no participants yet: the next run reads
	// them, and brings what the texts above had lost.
	r.mustRun(model.RunSucceeded)
	r.must(pipeline.Plan{Kind: model.KindBackfill, From: at.AddDate(-1, 0, 0), Full: true}, model.RunSucceeded)
	r.exact(nil)
}

// What was set aside long ago must not overwrite what is stored by now.
func TestRetriedRecordOverwritesNothingNewer(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 1, Participants: 2, EventsPerParticipant: 1}, 52, at)
	p := data.Apps[0].Sessions[0].Participants[0]
	p.Extra = simulator.Extra{"joined_at": json.RawMessage(`"yesterday"`)}
	r := newRig(t, data)
	r.mustRun(model.RunPartial)
	r.sim.Update(func(*simulator.Data) { p.Extra, p.DisplayName = nil, "Newer" })
	all := pipeline.Plan{Kind: model.KindBackfill, From: at.AddDate(-1, 0, 0), Full: true}
	r.must(all, model.RunSucceeded)
	if _, err := r.pool.Exec(t.Context(), `UPDATE sync.rejected_records SET raw_text = replace(raw_text, '"yesterday"', 'null'), resolved_at = NULL`); err != nil {
		t.Fatal(err)
	}
	if got := r.retry(); got.Loaded != 1 || got.Inserted+got.Updated != 0 {
		t.Errorf("%+v", got)
	}
	r.exact(nil)
}

// An event whose participant is not there stays where it is, with the reason.
func TestRetriedEventWithoutItsParticipantStays(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Generate(simulator.Size{Apps: 1, Sessions: 1, Participants: 2, EventsPerParticipant: 1}, 53, at))
	r.mustRun(model.RunSucceeded)
	_, err := r.pool.Exec(t.Context(), `INSERT INTO sync.rejected_records
			(entity, app_id, session_id, record_key, reason, raw_text, first_seen_at, last_seen_at, run_id)
		SELECT 'peer_event', app_id, session_id, '00000000-0000-4000-8000-000000000001/00000000-0000-4000-8000-000000000002', 'test',
			'{"id":"00000000-0000-4000-8000-000000000002","event_name":"PEER_JOINING"}', now(), now(), 1 FROM realtimekit.sessions`)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.retry(); got.StillRejected != 1 || got.Loaded != 0 {
		t.Errorf("%+v\n%s", got, r.log)
	}
	r.exact(nil)
}

// What is read beside the sessions is not read again while nothing changes. To try its
// rejected records again, the next run asks the API for them.
func TestRejectedRecordsOfOptionalReadsAreAskedForAgain(t *testing.T) {
	t.Parallel()
	bad := simulator.Extra{"created_at": json.RawMessage(`"yesterday"`), "invoked_time": json.RawMessage(`"yesterday"`)}
	data := recorded(func(rec *simulator.Recording) { rec.Extra = bad })
	data.Apps[0].Meetings[0].Enrolled[0].Extra = bad
	r := newRig(t, data)
	r.config.Lookback = 0
	r.must(recordings, model.RunPartial)
	const open = `SELECT coalesce(string_agg(entity, ' ' ORDER BY entity), 'none') FROM sync.rejected_records WHERE resolved_at IS NULL`
	if got := r.text(open); got != "meeting_participant recording" {
		t.Fatalf("set aside: %s", got)
	}
	r.sim.Update(func(d *simulator.Data) {
		d.Apps[0].Recordings[0].Extra, d.Apps[0].Meetings[0].Enrolled[0].Extra = nil, nil
	})
	r.must(recordings, model.RunSucceeded)
	if got := r.text(open); got != "meeting_participant recording" {
		t.Fatalf("open where nobody asked again: %s", got)
	}
	if got := r.retry(); got.Tried != 2 || got.StillRejected != 2 {
		t.Errorf("%+v, want two that the next run reads", got)
	}
	r.must(recordings, model.RunSucceeded)
	if got := r.text(open); got != "none" {
		t.Errorf("still open: %s", got)
	}
	r.exact(nil)
}

// A record without an id is closed by none that is stored: it is once a sound reading of its
// list comes without it.
func TestRecordsWithoutAnIDAreClosed(t *testing.T) {
	t.Parallel()
	nameless := simulator.Extra{"id": json.RawMessage(`""`)}
	data := recorded(func(rec *simulator.Recording) { rec.Extra = nameless })
	more := simulator.Generate(simulator.Size{Apps: 2, Sessions: 2, Participants: 2}, 23, at)
	data.Apps = append(data.Apps, more.Apps[1])
	data.Apps[1].Extra = nameless
	another(data)
	bad := data.Apps[0].Sessions[0]
	bad.CreatedAt, bad.Extra = at.AddDate(0, 0, -3), nameless
	r := newRig(t, data)
	r.config.Lookback = 5 * 24 * time.Hour
	r.must(recordings, model.RunPartial)
	const open = `SELECT coalesce(string_agg(entity, ' ' ORDER BY entity), 'none') FROM sync.rejected_records WHERE resolved_at IS NULL`
	if got := r.text(open); got != "app recording session" {
		t.Fatalf("set aside: %s", got)
	}
	r.must(recordings, model.RunPartial)
	if got := r.text(open); got != "app recording session" {
		t.Fatalf("open while they have no id: %s", got)
	}
	r.sim.Update(func(d *simulator.Data) {
		d.Apps[0].Recordings[0].Extra, d.Apps[0].Sessions[0].Extra, d.Apps[1].Extra = nil, nil, nil
	})
	r.must(recordings, model.RunSucceeded)
	if got := r.text(open); got != "recording" {
		t.Fatalf("open while the list of recordings was not read whole: %s", got)
	}
	r.retry()
	r.must(recordings, model.RunSucceeded)
	if got := r.text(open); got != "none" {
		t.Errorf("still open: %s", got)
	}
	r.exact(nil)
}

// Sessions behind the lookback are closed by a backfill of their days.
func TestBackfillClosesSessionsWithoutAnID(t *testing.T) {
	t.Parallel()
	data := classroom()
	another(data)
	bad := data.Apps[0].Sessions[0]
	bad.CreatedAt, bad.Extra = at.AddDate(0, -2, 0), simulator.Extra{"id": json.RawMessage(`""`)}
	r := newRig(t, data)
	r.mustRun(model.RunPartial)
	r.sim.Update(func(d *simulator.Data) { d.Apps[0].Sessions[0].Extra = nil })
	backfill := pipeline.Plan{Kind: model.KindBackfill, From: at.AddDate(0, -1, 0)}
	for _, step := range []struct {
		from time.Time
		open int
	}{{at.AddDate(0, -1, 0), 1}, {at.AddDate(0, -3, 0), 0}} {
		backfill.From = step.from
		r.must(backfill, model.RunSucceeded)
		if got := r.number(`SELECT count(*) FROM sync.rejected_records WHERE resolved_at IS NULL`); got != step.open {
			t.Errorf("from %s on: %d open, want %d", step.from, got, step.open)
		}
	}
}
