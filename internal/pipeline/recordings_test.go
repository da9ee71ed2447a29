package pipeline_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/erasure"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/privacy"
	"github.com/rollcall-etl/rollcall/internal/sampling"
	"github.com/rollcall-etl/rollcall/internal/simulator"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

var recordings = pipeline.Plan{Kind: model.KindRun, Optional: pipeline.Optional{Enrolment: true, Daywise: true, Recordings: true}}

// recordedVersions digests the row versions of what is read with recordings.
func (r *rig) recordedVersions() string {
	r.t.Helper()
	return r.text(`SELECT md5(string_agg(v, ',' ORDER BY v)) FROM (
		SELECT 'r' || ctid || xmin FROM realtimekit.recordings UNION ALL
		SELECT 'l' || ctid || xmin FROM realtimekit.livestream_sessions UNION ALL
		SELECT 's' || ctid || xmin FROM sync.livestream_states) AS t (v)`)
}

// recorded is the classroom with a recording of its session.
func recorded(change func(*simulator.Recording)) *simulator.Data {
	data := classroom()
	app, s := &data.Apps[0], data.Apps[0].Sessions[0]
	rec := &simulator.Recording{
		ID: "dddddddd-0000-4000-8000-000000000001", SessionID: s.ID, MeetingID: s.MeetingID, Status: "UPLOADED", OutputFile: "lesson.mp4",
		InvokedAt: s.StartedAt, StartedAt: s.StartedAt.Add(4 * time.Second), StoppedAt: s.StartedAt.Add(64 * time.Second), Seconds: 60, Bytes: 1000,
	}
	if change != nil {
		change(rec)
	}
	app.Recordings = append(app.Recordings, rec)
	return data
}

func TestRecordingsAndLivestreamsAreCopied(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Demo(1, at))
	result := r.must(recordings, model.RunSucceeded)
	r.exact(nil)
	r.noSecrets("session.mp4")
	wantRecordings, wantLivestreams := 0, 0
	r.sim.View(func(d *simulator.Data) {
		for i := range d.Apps {
			wantRecordings += len(d.Apps[i].AllRecordings())
		}
		for _, s := range d.AllSessions() {
			wantLivestreams += len(s.AllLivestreams())
		}
	})
	if wantRecordings == 0 || wantLivestreams == 0 || result.Optional.Recordings != wantRecordings || result.Optional.Livestreams != wantLivestreams {
		t.Errorf("counted %+v, want %d recordings and %d livestreams", result.Optional, wantRecordings, wantLivestreams)
	}
	if got := r.number(`SELECT count(*) FROM realtimekit.recordings AS r JOIN realtimekit.sessions AS s USING (session_id, meeting_id)
		WHERE r.duration_seconds = floor(extract(epoch FROM s.ended_at - s.started_at)) AND r.status = 'UPLOADED'`); got != wantRecordings {
		t.Errorf("%d recordings are those of their sessions, want %d", got, wantRecordings)
	}
	if got := r.number(`SELECT count(*) FROM realtimekit.livestream_sessions WHERE ingest_seconds > 0 AND viewer_seconds > ingest_seconds`); got != wantLivestreams {
		t.Errorf("%d livestreams, want %d", got, wantLivestreams)
	}
	if got := r.text(`SELECT string_agg(DISTINCT recordings_status, ' ') FROM analytics.reconciliation`); got != "agrees" {
		t.Errorf("days %s, want all to agree", got)
	}
	before := r.versions() + r.optionalVersions() + r.recordedVersions()
	r.sim.Reset()
	r.must(recordings, model.RunSucceeded)
	if r.versions()+r.optionalVersions()+r.recordedVersions() != before {
		t.Error("a run over unchanged data wrote rows")
	}
	// The app with the live session alone.
	if a, b, c := r.requests(simulator.RouteRecordings), r.requests(simulator.RouteLivestreams), r.requests(simulator.RouteSessionLivestreams); a != 1 || b != 1 || c != 0 {
		t.Errorf("unchanged data took %d, %d and %d requests", a, b, c)
	}
}

// A recording that goes on is asked for until it is final, and what the vendor forgets
// later stays.
func TestRecordingIsFollowedToItsEnd(t *testing.T) {
	t.Parallel()
	r := newRig(t, recorded(func(rec *simulator.Recording) {
		rec.Status, rec.StoppedAt, rec.Bytes = "RECORDING", time.Time{}, -1
	}))
	r.must(recordings, model.RunSucceeded)
	if got := r.text(`SELECT concat_ws(' ', r.status, duration_seconds, open_recordings, recordings_status) FROM realtimekit.recordings AS r, analytics.reconciliation`); got != "RECORDING 1 pending" {
		t.Errorf("while it goes on: %s", got)
	}
	change := func(do func(*simulator.Recording)) {
		r.sim.Update(func(d *simulator.Data) { do(d.Apps[0].Recordings[0]) })
	}
	change(func(rec *simulator.Recording) {
		rec.Status, rec.StoppedAt, rec.Bytes = "UPLOADED", rec.StartedAt.Add(time.Minute), 1000
	})
	r.sim.Reset()
	r.must(recordings, model.RunSucceeded)
	const row = `SELECT concat_ws(' ', status, duration_seconds, file_size_bytes, download_expires_at IS NOT NULL) FROM realtimekit.recordings`
	if got := r.text(row); got != "UPLOADED 60 1000 t" {
		t.Errorf("at its end: %s", got)
	}
	r.sim.Reset()
	r.must(recordings, model.RunSucceeded)
	if got := r.requests(simulator.RouteRecordings); got != 0 {
		t.Errorf("a final recording took %d requests", got)
	}
	change(func(rec *simulator.Recording) {
		rec.Bytes, rec.Seconds, rec.Extra = -1, -1, simulator.Extra{"download_url_expiry": []byte("null")}
	})
	r.sim.Update(another) // a new session: the list is read again
	r.must(recordings, model.RunSucceeded)
	if got := r.text(row); got != "UPLOADED 60 1000 t" {
		t.Errorf("after it has expired: %s", got)
	}
}

// A list that does not add up is read twice, and what one reading gave is counted.
func TestRecordingsThatDoNotAddUp(t *testing.T) {
	t.Parallel()
	data := recorded(nil)
	data.Apps[0].Recordings = append(data.Apps[0].Recordings, data.Apps[0].Recordings[0]) // the same twice
	r := newRig(t, data)
	result := r.must(recordings, model.RunPartial)
	if n := r.requests(simulator.RouteRecordings); n != 2 || result.Optional.Recordings != 2 {
		t.Errorf("%d requests, %d recordings counted, want 2 and 2", n, result.Optional.Recordings)
	}
}

// Tracks are told apart by the list of their files, and nothing of these is kept.
func TestTrackRecordingsNameNobody(t *testing.T) {
	t.Parallel()
	data := recorded(func(rec *simulator.Recording) { rec.Track = true })
	user := data.Apps[0].Sessions[0].Participants[0].UserID
	rec := data.Apps[0].Recordings[0]
	rec.OutputFile, rec.MeetingID = "track_"+user+".webm", ""
	r := newRig(t, data)
	r.must(recordings, model.RunSucceeded)
	r.noSecrets(rec.OutputFile)
	if got := r.text(`SELECT concat_ws(' ', recording_type, usage_kind, u.meeting_id = s.meeting_id, recorded_seconds, r.extra IS NULL)
		FROM realtimekit.recordings AS r JOIN analytics.recording_usage AS u USING (recording_id) JOIN realtimekit.sessions AS s ON s.session_id = r.session_id`); got != "TRACK track_recording t 60 t" {
		t.Errorf("stored %s", got)
	}
}

func TestLivestreamsInEachDialect(t *testing.T) {
	t.Parallel()
	for _, dialect := range []simulator.Dialect{{}, {FlatLivestream: true}, {LivestreamsInData: true}, {Paging: simulator.PagingInData}, {Paging: simulator.PagingAbsent}} {
		data := classroom()
		s := data.Apps[0].Sessions[0] // of type meeting: only the list of livestreams tells
		s.Livestreams = []*simulator.Livestream{{ID: "l1", LivestreamID: "l", IngestSeconds: 118, ViewerSeconds: 116.116, StartedAt: s.StartedAt, StoppedAt: s.EndedAt}}
		r := newRig(t, data)
		r.sim.SetDialect(dialect)
		r.must(recordings, model.RunSucceeded)
		r.noSecrets()
		if got := r.text(`SELECT concat_ws(' ', ingest_seconds, viewer_seconds, outcome) FROM realtimekit.livestream_sessions JOIN sync.livestream_states USING (session_id)`); got != "118 116.116 read" {
			t.Errorf("%+v: stored %s", dialect, got)
		}
	}
}

// Whatever the endpoints do, the run goes on; an account without them is no failure.
func TestRecordingsThatFail(t *testing.T) {
	t.Parallel()
	for name, c := range sampling.Named(2, map[string]struct {
		answer simulator.Answer
		status string
		states string
	}{
		"404 for an empty list": {simulator.KitError(http.StatusNotFound, "No recordings found"), model.RunSucceeded, "livestreams read, recordings asked"},
		"no such path":          {simulator.GatewayError(http.StatusNotFound, 7003, "No route for the URI"), model.RunSucceeded, "livestreams lacking, recordings lacking"},
		"not in the plan":       {simulator.KitError(http.StatusForbidden, "no"), model.RunSucceeded, "livestreams lacking, recordings lacking"},
		"500":                   {simulator.KitError(http.StatusInternalServerError, "no"), model.RunPartial, "livestreams failed, recordings failed"},
		"no list":               {simulator.Reply(http.StatusOK, nil, `{"success":true,"data":{}}`), model.RunPartial, "livestreams failed, recordings failed"},
	}) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, recorded(nil))
			r.extract.RetryFor = 0
			r.sim.Script(simulator.Fault{Path: "*/recordings", Answer: c.answer}, simulator.Fault{Path: "*/livestreams", Answer: c.answer})
			r.must(recordings, c.status)
			r.exact(nil)
			if got := r.text(`SELECT string_agg(endpoint || ' ' || CASE WHEN unavailable_at IS NOT NULL THEN 'lacking' WHEN last_error IS NOT NULL THEN 'failed'
				WHEN read_at IS NULL THEN 'asked' ELSE 'read' END, ', ' ORDER BY endpoint) FROM sync.endpoint_states WHERE endpoint IN ('recordings', 'livestreams')`); got != c.states {
				t.Errorf("noted %s, want %s", got, c.states)
			}
			r.sim.Script()
			r.exec(`UPDATE sync.endpoint_states SET asked_at = asked_at - interval '2 days'`)
			r.must(recordings, model.RunSucceeded)
			if got := r.number(`SELECT count(*) FROM realtimekit.recordings`); got != 1 {
				t.Errorf("%d recordings after the next run", got)
			}
		})
	}
}

// A server that refuses the range or the order is asked for all.
func TestRangeOfRecordingsThatIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, recorded(nil))
	r.sim.Script(simulator.Fault{Path: "*/recordings?*end_time*", Answer: simulator.KitError(http.StatusBadRequest, "no")})
	r.must(recordings, model.RunSucceeded)
	if got := r.number(`SELECT count(*) FROM realtimekit.recordings`); got != 1 {
		t.Errorf("%d recordings", got)
	}
}

func TestBadRecordingIsSetAside(t *testing.T) {
	t.Parallel()
	r := newRig(t, recorded(func(rec *simulator.Recording) {
		rec.Extra = simulator.Extra{"started_time": []byte(`{"x":"` + simulator.PlantedSecret + `"}`)}
	}))
	r.must(recordings, model.RunPartial)
	r.noSecrets("lesson.mp4")
	if got := r.text(`SELECT string_agg(entity || ': ' || reason, '; ') FROM sync.rejected_records`); !strings.HasPrefix(got, "recording: started_at: a timestamp was wanted") {
		t.Errorf("set aside %s", got)
	}
	r.sim.Update(func(d *simulator.Data) { d.Apps[0].Recordings[0].Extra = nil; another(d) })
	r.must(recordings, model.RunSucceeded)
	if got := r.number(`SELECT count(*) FROM sync.rejected_records WHERE resolved_at IS NULL`) + 1 - r.number(`SELECT count(*) FROM realtimekit.recordings`); got != 0 {
		t.Errorf("the record is still open or not stored")
	}
}

// Recordings that are gone without a word are read again from the beginning of the list.
func TestLostRecordingsAreReadAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t, recorded(func(rec *simulator.Recording) { rec.InvokedAt = rec.InvokedAt.AddDate(0, -2, 0) }))
	r.must(recordings, model.RunSucceeded)
	r.exec(`DELETE FROM realtimekit.recordings`)
	r.must(recordings, model.RunPartial)
	if got := r.number(`SELECT count(*) FROM realtimekit.recordings`); got != 1 {
		t.Errorf("%d recordings", got)
	}
}

// What retention deletes does not come back, and the cost of the day stays.
func TestRetentionOfRecordings(t *testing.T) {
	t.Parallel()
	data := recorded(nil)
	app := &data.Apps[0]
	old := *app.Recordings[0]
	old.ID, old.SessionID, old.MeetingID = "dddddddd-0000-4000-8000-000000000002", "", ""
	app.Recordings = append(app.Recordings, &old)
	app.Sessions[0].Livestreams = []*simulator.Livestream{{ID: "l1", LivestreamID: "l", IngestSeconds: 30, StartedAt: app.Sessions[0].StartedAt}}
	r := newRig(t, data)
	r.must(recordings, model.RunSucceeded)
	r.exec(`INSERT INTO analytics.prices (usage_kind, valid_from, price_per_minute, currency) VALUES ('recording', '2026-01-01', 0.01, 'EUR'), ('livestream', '2026-01-01', 1, 'EUR')`)
	const cost = `SELECT string_agg(concat_ws(' ', usage_kind, recordings, minutes, cost), ', ' ORDER BY usage_kind) FROM (
		SELECT usage_kind, sum(recordings) AS recordings, sum(coalesce(recording_minutes, livestream_minutes)) AS minutes, sum(cost_amount) AS cost
		FROM analytics.usage_cost WHERE usage_kind <> 'participant' GROUP BY 1) AS c`
	before := r.text(cost)
	if before != "livestream 1 0.5000 0.500000, recording 2 2.0000 0.020000" {
		t.Fatalf("cost %s", before)
	}
	store := erasure.New(warehouse.New(r.pool, r.logger))
	counts, err := store.Retain(t.Context(), r.config.AccountID, at.AddDate(0, 0, 1), false, func(erasure.RetentionCounts) {})
	if err != nil || counts.Recordings != 2 || counts.Livestreams != 1 {
		t.Fatalf("deleted %+v, %v", counts, err)
	}
	r.exec(`UPDATE sync.retention_horizons SET horizon = now() - interval '1 second'`) // one of the future counts for nothing
	for range 2 {
		if got := r.text(cost); got != before {
			t.Errorf("cost %s, was %s", got, before)
		}
		if got := r.number(`SELECT (SELECT count(*) FROM realtimekit.recordings) + (SELECT count(*) FROM realtimekit.livestream_sessions)`); got != 0 {
			t.Errorf("%d rows are left, or came back", got)
		}
		r.exec(`UPDATE sync.endpoint_states SET read_at = NULL, asked_at = asked_at - interval '2 days'`)
		r.must(recordings, model.RunSucceeded)
	}
}

// A recorder stops a moment after its session: where the horizon lies between the two, the
// recording went with the session, and does not come back to be counted twice.
func TestRecordingThatOutlastsItsDeletedSession(t *testing.T) {
	t.Parallel()
	data := recorded(nil)
	ended := data.Apps[0].Sessions[0].EndedAt
	data.Apps[0].Recordings[0].StoppedAt = ended.Add(2 * time.Second)
	r := newRig(t, data)
	r.must(recordings, model.RunSucceeded)
	store := erasure.New(warehouse.New(r.pool, r.logger))
	counts, err := store.Retain(t.Context(), r.config.AccountID, ended.Add(time.Second), false, func(erasure.RetentionCounts) {})
	if err != nil || counts.Recordings != 1 {
		t.Fatalf("deleted %+v, %v", counts, err)
	}
	r.exec(`UPDATE sync.endpoint_states SET read_at = NULL, asked_at = asked_at - interval '2 days'`)
	r.must(recordings, model.RunSucceeded)
	if got := r.text(`SELECT concat_ws(' ', (SELECT count(*) FROM realtimekit.recordings), sum(recordings), sum(recorded_seconds)) FROM analytics.recording_usage`); got != "0 1 60" {
		t.Errorf("stored recordings, counted, their seconds: %s", got)
	}
}

// Nobody is named by a recording; where what was mended of one mentions somebody all the
// same, an erasure takes it out.
func TestErasureLooksAtRecordings(t *testing.T) {
	t.Parallel()
	data := recorded(nil)
	person := data.Apps[0].Sessions[0].Participants[0]
	r := newRig(t, data)
	r.privacy = warehouse.Privacy{Key: newKey(t, "a key of its own")}
	r.must(recordings, model.RunSucceeded)
	r.exec(`UPDATE realtimekit.recordings SET repairs = jsonb_build_object('status', 'of ' || $1::text), extra = jsonb_build_object('by', $1::text)`, person.UserID)
	db := warehouse.New(r.pool, r.logger)
	if err := db.Protect(t.Context(), r.privacy); err != nil {
		t.Fatal(err)
	}
	if _, err := erasure.New(db).Erase(t.Context(), erasure.Erasure{UserIDs: []string{person.UserID}, Mode: privacy.Remove}); err != nil {
		t.Fatal(err)
	}
	if got := r.number(`SELECT count(*) FROM realtimekit.recordings AS t WHERE strpos(t::text, $1) > 0`, person.UserID); got != 0 {
		t.Errorf("%d recordings still mention the person", got)
	}
}
