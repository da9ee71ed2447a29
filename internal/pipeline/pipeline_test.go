package pipeline_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/simulator"
	"github.com/rollcall-etl/rollcall/internal/stores"
)

func TestRunCopiesEverything(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Demo(1, at))
	result := r.mustRun(model.RunSucceeded)
	r.exact(nil)

	var sessions, participants, events int
	r.sim.View(func(d *simulator.Data) { sessions, participants, events = d.Counts() })
	want := model.RowCounts{Read: sessions + participants + events, Inserted: sessions + participants + events}
	if result.Totals.RowCounts != want {
		t.Errorf("counted %+v, want %+v", result.Totals.RowCounts, want)
	}
	if got := r.number(`SELECT count(*) FROM sync.runs WHERE status = 'succeeded' AND rows_inserted = $1
		AND sessions_read = $2 AND requests = $3 AND finished_at IS NOT NULL`,
		want.Inserted, sessions, r.sim.Stats().Requests); got != 1 {
		t.Errorf("the ledger does not hold the run's sums")
	}
	if got := r.number(`SELECT count(*) FROM sync.session_states WHERE complete_at IS NOT NULL`); got != sessions-1 {
		t.Errorf("%d sessions complete, want all %d but the live one", got, sessions-1)
	}
	if strings.Contains(r.log.String(), token) {
		t.Error("the token is in the log")
	}
}

// dlt-hub/dlt#3023: a repeated load must not add anything.
func TestSecondRunWritesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Demo(2, at))
	r.mustRun(model.RunSucceeded)
	before := r.versions()
	result := r.mustRun(model.RunSucceeded)
	if r.versions() != before {
		t.Error("a run over unchanged data wrote rows")
	}
	if result.Totals.Inserted+result.Totals.Updated != 0 {
		t.Errorf("a run over unchanged data counted changes: %+v", result.Totals)
	}
}

func TestEveryFourthCallFails(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Generate(simulator.Size{Apps: 1, Sessions: 6, Participants: 60, EventsPerParticipant: 3}, 6, at))
	fault, err := simulator.ParseFault("every-4th-500")
	if err != nil {
		t.Fatal(err)
	}
	r.sim.Script(fault)
	r.mustRun(model.RunSucceeded)
	r.exact(nil)
	if got := r.sim.Stats().ByStatus[http.StatusInternalServerError]; got == 0 {
		t.Error("no call failed, so the test shows nothing")
	}
}

func TestLiveSessionEnds(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Demo(7, at))
	r.mustRun(model.RunSucceeded)
	if got := r.number(`SELECT count(*) FROM sync.session_states WHERE status = 'LIVE' AND complete_at IS NULL AND last_error IS NULL`); got != 1 {
		t.Fatalf("%d live sessions, want 1", got)
	}
	r.sim.Update(simulator.JoinLive)
	r.mustRun(model.RunSucceeded)
	r.exact(nil)
	r.sim.Update(simulator.EndLive)
	r.mustRun(model.RunSucceeded)
	r.exact(nil)
	if got := r.number(`SELECT count(*) FROM sync.session_states WHERE complete_at IS NULL`); got != 0 {
		t.Errorf("%d sessions are not complete", got)
	}
}

func TestSettledSessionsAreNotReadAgain(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 3, Participants: 5, EventsPerParticipant: 3}, 8, at)
	end := at.Add(-10 * time.Minute)
	young := data.Apps[0].Sessions[0]
	young.EndedAt, young.CreatedAt, young.StartedAt = end, end.Add(-time.Hour), end.Add(-time.Hour)
	r := newRig(t, data)
	now := at
	r.config.Now = func() time.Time { return now }
	r.mustRun(model.RunSucceeded)
	for _, step := range []struct {
		after time.Duration
		read  int
	}{{20 * time.Minute, 1}, {55 * time.Minute, 1}, {2 * time.Hour, 0}} {
		now = at.Add(step.after)
		if got := r.mustRun(model.RunSucceeded).Totals.SessionsRead(); got != step.read {
			t.Errorf("%s after the first run %d sessions were read, want %d", step.after, got, step.read)
		}
	}
}

// A correction after the end changes the session's record, and with it brings
// the changed participants.
func TestLateCorrectionIsLoaded(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Demo(9, at))
	r.config.Lookback = 7 * 24 * time.Hour // the demo has no session on weekends
	r.mustRun(model.RunSucceeded)
	r.sim.Update(func(d *simulator.Data) {
		s := newestEnded(d)
		s.UpdatedAt = s.UpdatedAt.Add(time.Minute)
		s.MinutesConsumed++
		s.Participants[0].DisplayName = "Renamed"
		s.Participants[0].UpdatedAt = s.UpdatedAt
	})
	result := r.mustRun(model.RunSucceeded)
	r.exact(nil)
	if result.Totals.Updated != 2 {
		t.Errorf("%d rows updated, want the session and one participant", result.Totals.Updated)
	}
}

// newestEnded gives the newest ended session with participants, which lies
// within the lookback.
func newestEnded(d *simulator.Data) *simulator.Session {
	var newest *simulator.Session
	for _, s := range d.AllSessions() {
		if s.Status == simulator.StatusEnded && len(s.Participants) > 3 && (newest == nil || s.CreatedAt.After(newest.CreatedAt)) {
			newest = s
		}
	}
	return newest
}

// airbytehq/airbyte#10140, meltano#8843: what a full reading no longer lists is
// marked and kept; #70440: the mark wipes nothing else.
func TestParticipantVanishesAndReturns(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Demo(10, at))
	r.config.Lookback = 7 * 24 * time.Hour // the demo has no session on weekends
	r.mustRun(model.RunSucceeded)
	var gone *simulator.Participant
	r.sim.Update(func(d *simulator.Data) {
		s := newestEnded(d)
		gone, s.Participants = s.Participants[1], append(s.Participants[:1:1], s.Participants[2:]...)
		s.UpdatedAt = s.UpdatedAt.Add(time.Minute)
	})
	r.mustRun(model.RunSucceeded)
	kept := `SELECT count(*) FROM realtimekit.participants JOIN realtimekit.peer_events USING (session_id, participant_id)
		WHERE participant_id = $1 AND display_name = $2 AND (removed_at IS NOT NULL) = $3`
	if got := r.number(kept, gone.ID, gone.DisplayName, true); got != len(gone.Events) {
		t.Errorf("the vanished participant is kept and marked with %d events, want %d", got, len(gone.Events))
	}
	if got := r.number(`SELECT count(*) FROM realtimekit.participants WHERE removed_at IS NOT NULL`); got != 1 {
		t.Errorf("%d participants are marked as removed, want 1", got)
	}
	r.sim.Update(func(d *simulator.Data) {
		s := newestEnded(d)
		s.Participants = append(s.Participants, gone)
		s.UpdatedAt = s.UpdatedAt.Add(2 * time.Minute)
	})
	r.mustRun(model.RunSucceeded)
	if got := r.number(kept, gone.ID, gone.DisplayName, false); got != len(gone.Events) {
		t.Errorf("the returned participant is still marked")
	}
}

// The vendor may stop serving old events; ours stay.
func TestEventsThatTheVendorDropsStay(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Demo(11, at))
	r.mustRun(model.RunSucceeded)
	before := r.number(`SELECT count(*) FROM realtimekit.peer_events`)
	r.sim.SetDialect(simulator.Dialect{NoPeerEvents: true})
	r.must(pipeline.Plan{Kind: model.KindBackfill, From: at.Add(-60 * 24 * time.Hour), Full: true}, model.RunSucceeded)
	if got := r.number(`SELECT count(*) FROM realtimekit.peer_events`); got != before || got == 0 {
		t.Errorf("%d events after the vendor dropped them, %d before", got, before)
	}
}

// airbytehq/airbyte#76465: a reading that lost a row is never called complete,
// and the run says so.
// A partial reading empties nothing (cloudquery/cloudquery#17291,
// cloudquery/cloudquery#10850).
func TestMissingRowLeavesTheSessionIncomplete(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 2, Participants: 120, EventsPerParticipant: 1}, 12, at)
	r := newRig(t, data)
	id := data.Apps[0].Sessions[0].ID
	lost := data.Apps[0].Sessions[0].Participants[7].ID
	r.sim.Script(simulator.Fault{Path: "*" + id + "/participants", Answer: withoutRow(lost)})
	result := r.mustRun(model.RunPartial)
	if result.Totals.Incomplete != 1 || result.Totals.Complete != 1 {
		t.Errorf("totals %+v, want one complete and one incomplete session", result.Totals)
	}
	if got := r.text(`SELECT last_error FROM sync.session_states WHERE complete_at IS NULL`); !strings.Contains(got, "announced 120 records and gave 119") {
		t.Errorf("the reason is %q", got)
	}
	if got := r.number(`SELECT count(*) FROM realtimekit.participants WHERE removed_at IS NOT NULL`); got != 0 {
		t.Errorf("a partial reading removed %d participants", got)
	}
	r.sim.Script()
	r.mustRun(model.RunSucceeded)
	r.exact(nil)
}

// withoutRow answers as the server would, but for one participant of a session or a
// meeting.
func withoutRow(id string) simulator.Answer {
	return func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		rec := newRecorder()
		req.Header.Del("Accept-Encoding")
		next.ServeHTTP(rec, req)
		var body map[string]any
		if err := json.Unmarshal(rec.body.Bytes(), &body); err != nil {
			panic(err)
		}
		without := func(list any) []any {
			return slices.DeleteFunc(list.([]any), func(row any) bool { return row.(map[string]any)["id"] == id })
		}
		switch data := body["data"].(type) {
		case []any:
			body["data"] = without(data)
		case map[string]any:
			data["participants"] = without(data["participants"])
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(body); err != nil {
			panic(err)
		}
	}
}

// redpanda-data/connect#415: one bad record must not block the rest.
func TestBadRecordsAreSetAsideAndResolved(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 3, Participants: 4, EventsPerParticipant: 3}, 14, at)
	s := data.Apps[0].Sessions[1]
	s.Participants[0].Extra = simulator.Extra{"joined_at": json.RawMessage(`"yesterday"`)}
	s.Participants[1].Events[2].Extra = simulator.Extra{"minutes_consumed": json.RawMessage(`"many"`)}
	s.Participants[2].Extra = simulator.Extra{
		"left_at": json.RawMessage(`"` + s.Participants[2].LeftAt.Format("2006-01-02T15:04:05.000Z") + `\""`), "shoe_size": json.RawMessage(`44`),
	}
	r := newRig(t, data)
	result := r.mustRun(model.RunPartial)
	if c := result.Totals.RowCounts; c.Rejected != 2 || c.Repaired != 1 || c.Inserted != 3+11+32 {
		t.Errorf("counted %+v", c)
	}
	if got := r.text(`SELECT string_agg(entity || ' ' || record_key || ' ' || reason, '; ' ORDER BY entity) FROM sync.rejected_records`); got !=
		fmt.Sprintf(`participant %s joined_at: "yesterday" is not a timestamp; peer_event %s/%s minutes_consumed: "many": not a number`,
			s.Participants[0].ID, s.Participants[1].ID, s.Participants[1].Events[2].ID) {
		t.Errorf("rejected: %s", got)
	}
	if got := r.text(`SELECT repairs ->> 'left_at' || ' ' || extra::text FROM realtimekit.participants WHERE repairs IS NOT NULL`); !strings.HasSuffix(got, `Z" {"shoe_size": 44}`) {
		t.Errorf("mended: %s", got)
	}
	if got := r.number(`SELECT count(*) FROM sync.session_states WHERE complete_at IS NOT NULL`); got != 3 {
		t.Errorf("%d sessions complete; a record that was set aside was still seen", got)
	}
	r.must(pipeline.Plan{Kind: model.KindBackfill, From: at.AddDate(-1, 0, 0), Full: true}, model.RunPartial)
	if got := r.text(`SELECT min(times_seen) || '-' || max(times_seen) FROM sync.rejected_records`); got != "2-2" {
		t.Errorf("times seen: %s, want 2 for the second run", got)
	}
	r.sim.Update(func(d *simulator.Data) {
		for _, p := range d.Apps[0].Sessions[1].Participants {
			p.Extra, p.Events[2].Extra = nil, nil
		}
	})
	r.must(pipeline.Plan{Kind: model.KindBackfill, From: at.AddDate(-1, 0, 0), Full: true}, model.RunSucceeded)
	r.exact(nil)
	if got := r.number(`SELECT count(*) FROM sync.rejected_records WHERE resolved_at IS NULL`); got != 0 {
		t.Errorf("%d rejected records are still open", got)
	}
}

func TestLongLiveSessionIsAskedForByID(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Demo(19, at))
	r.config.Lookback = 0
	r.mustRun(model.RunSucceeded)
	// A newer session moves the watermark past the live one.
	r.sim.Update(simulator.AddSession)
	r.mustRun(model.RunSucceeded)
	r.sim.Update(simulator.EndLive)
	r.mustRun(model.RunSucceeded)
	r.exact(nil)
}

// Sessions that no list shows are asked for oldest first, and not in any order of
// chance: a run that is cut short leaves the same behind each time.
func TestFollowUpsComeInOrder(t *testing.T) {
	t.Parallel()
	r := settled(t, 21)
	r.config.Lookback, r.config.Concurrency = 0, 1
	r.exec(`UPDATE sync.session_states SET settled_at = NULL`)
	r.sim.Reset()
	r.mustRun(model.RunSucceeded)
	var asked, apps []string
	for _, request := range r.sim.Requests() {
		if of, rest, found := strings.Cut(request.Path, "/sessions/"); found && !strings.Contains(rest, "/") {
			asked, apps = append(asked, rest), append(apps, path.Base(of))
		}
	}
	wanted := strings.Fields(r.text(`SELECT string_agg(session_id::text, ' ' ORDER BY array_position($2, app_id), created_at) FROM sync.session_states WHERE session_id = ANY ($1)`, asked, apps))
	if len(asked) < 8 || !slices.Equal(asked, wanted) {
		t.Errorf("asked for %q, want %q", asked, wanted)
	}
}

func TestSessionThatTheVendorForgets(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Demo(20, at))
	r.config.Lookback = 0
	r.mustRun(model.RunSucceeded)
	rows := r.number(`SELECT count(*) FROM realtimekit.peer_events`)
	var live string
	r.sim.Update(func(d *simulator.Data) {
		for i := range d.Apps {
			kept := d.Apps[i].Sessions[:0]
			for _, s := range d.Apps[i].Sessions {
				if s.Status == simulator.StatusLive {
					live = s.ID
					continue
				}
				kept = append(kept, s)
			}
			d.Apps[i].Sessions = kept
		}
		simulator.AddSession(d)
	})
	for range 3 { // once or twice may be a mistake of the API
		if got := r.number(`SELECT count(*) FROM sync.session_states WHERE session_id = $1 AND gone_at IS NULL`, live); got != 1 {
			t.Error("the session is given up too early")
		}
		r.mustRun(model.RunPartial)
		r.number(`WITH u AS (UPDATE sync.session_states SET retry_at = now() RETURNING 1) SELECT count(*) FROM u`)
	}
	if got := r.text(`SELECT last_error FROM sync.session_states WHERE session_id = $1 AND gone_at IS NOT NULL`, live); !strings.Contains(got, "404") {
		t.Errorf("the reason is %q", got)
	}
	if got := r.number(`SELECT count(*) FROM realtimekit.peer_events`); got < rows {
		t.Errorf("%d events, fewer than the %d before", got, rows)
	}
	r.mustRun(model.RunSucceeded) // it is not asked for again
}

// Failures of another kind do not count towards a goodbye: 404 may be a mistake
// as well, and must be said three times with nothing else between.
func TestMistakenNotFoundAmongFailuresIsNoGoodbye(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Demo(20, at))
	r.extract.RetryFor = 0
	r.mustRun(model.RunSucceeded)
	live := r.text(`SELECT min(session_id::text) FROM realtimekit.sessions WHERE status = 'LIVE'`)
	for i, code := range []int{500, 500, 500, 404, 404, 500, 404} {
		r.sim.Script(simulator.Fault{Path: "*/" + live + "/participants", Answer: simulator.KitError(code, "mistaken")})
		r.mustRun(model.RunPartial)
		if got := r.number(`WITH u AS (UPDATE sync.session_states SET retry_at = now() WHERE session_id = $1 RETURNING gone_at)
			SELECT count(*) FROM u WHERE gone_at IS NULL`, live); got != 1 {
			t.Fatalf("the session is given up after %d answers", i+1)
		}
	}
	r.sim.Script()
	r.mustRun(model.RunSucceeded)
	if got := r.number(`SELECT not_found FROM sync.session_states WHERE session_id = $1`, live); got != 0 {
		t.Errorf("after a good reading it was not found %d times", got)
	}
}

// A reading that was noted by a machine whose clock was ahead does not count as
// later than all that come after it.
func TestReadingOfTheFutureIsNoLaterOne(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Demo(28, at))
	r.mustRun(model.RunSucceeded)
	r.number(`WITH u AS (UPDATE sync.session_states SET read_at = read_at + interval '1 year' RETURNING 1) SELECT count(*) FROM u`)
	var changed string
	r.sim.Update(func(d *simulator.Data) {
		s := newestEnded(d)
		changed = s.ID
		s.UpdatedAt, s.MaxConcurrent, s.Participants = s.UpdatedAt.Add(time.Minute), 0, s.Participants[1:]
	})
	r.mustRun(model.RunSucceeded)
	if got := r.number(`SELECT count(*) FROM realtimekit.participants WHERE session_id = $1 AND removed_at IS NOT NULL`, changed); got != 1 {
		t.Errorf("%d participants are marked as removed, want 1", got)
	}
	if got := r.number(`SELECT count(*) FROM sync.session_states WHERE session_id = $1 AND read_at > now()`, changed); got != 0 {
		t.Error("the reading of the future stays")
	}
}

// A session that claims to be of the future holds up nobody: what begins after it
// was seen is listed and read.
func TestSessionOfTheFutureHoldsUpNobody(t *testing.T) {
	t.Parallel()
	data := simulator.Demo(26, at)
	r := newRig(t, data)
	r.sim.SetDialect(simulator.Dialect{StartTimeOn: simulator.OnStarted}) // so that it is listed
	late := *newestEnded(data)
	r.sim.Update(func(d *simulator.Data) { newestEnded(d).CreatedAt = at.AddDate(70, 0, 0) })
	r.mustRun(model.RunSucceeded)
	if n := r.number(`SELECT count(*) FROM sync.app_states WHERE watermark > $1`, at.Add(time.Hour)); n != 0 {
		t.Errorf("%d watermarks lie in the future", n)
	}
	// One that is there already is no reason to list nothing.
	r.exec(`UPDATE sync.app_states SET watermark = '2099-01-01'`)
	late.ID = "00000000-1111-4222-8333-555555555555"
	late.CreatedAt, late.StartedAt, late.EndedAt = at.Add(-2*time.Hour), at.Add(-2*time.Hour), at.Add(-time.Hour)
	r.sim.Update(func(d *simulator.Data) {
		for i := range d.Apps {
			if app := &d.Apps[i]; app.ID == late.AppID {
				app.Sessions = append(app.Sessions, &late)
			}
		}
	})
	r.mustRun(model.RunSucceeded)
	if n := r.number(`SELECT count(*) FROM realtimekit.sessions WHERE session_id = $1`, late.ID); n != 1 {
		t.Error("a session that began later was not read")
	}
}

// A client that serves many runs, as with --every, counts for each its own.
func TestRequestsAreThoseOfTheRun(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Demo(27, at))
	client := r.client()
	defer client.Close()
	p := pipeline.New(r.config, client, stores.Open(r.pool, discard), discard)
	for range 3 {
		before := len(r.sim.Requests())
		result, err := p.Run(t.Context(), pipeline.Plan{Kind: model.KindRun})
		if err != nil {
			t.Fatal(err)
		}
		if sent := int64(len(r.sim.Requests()) - before); result.Summary.Requests != sent || sent == 0 {
			t.Errorf("run %d says %d requests and sent %d", result.Run.ID, result.Summary.Requests, sent)
		}
	}
}
