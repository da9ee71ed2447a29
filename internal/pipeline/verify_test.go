package pipeline_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/extract"
	"github.com/rollcall-etl/rollcall/internal/ledger"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/sampling"
	"github.com/rollcall-etl/rollcall/internal/simulator"
	"github.com/rollcall-etl/rollcall/internal/stores"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// verify makes one verification with a client of its own, as a new process would.
func (r *rig) verify(ctx context.Context, plan pipeline.VerifyPlan) (pipeline.VerifyResult, error) {
	r.t.Helper()
	cfg := r.extract
	cfg.Logger, cfg.Budget = r.logger, extract.NewBudget(r.budget)
	client, err := extract.New(cfg)
	if err != nil {
		r.t.Fatal(err)
	}
	defer client.Close()
	return pipeline.Verify(ctx, r.config, plan, client, stores.Open(r.pool, r.logger), r.logger)
}

// mustVerify verifies to the end and gives the findings: session → kinds.
func (r *rig) mustVerify(plan pipeline.VerifyPlan) (result pipeline.VerifyResult, found map[string]string) {
	r.t.Helper()
	before := r.versions()
	result, err := r.verify(r.t.Context(), plan)
	if err != nil {
		r.t.Fatalf("verify: %v\n%s", err, r.log)
	}
	if r.versions() != before {
		r.t.Error("the verification wrote data")
	}
	found = make(map[string]string)
	for _, d := range result.Differences {
		var kinds []string
		for _, f := range d.Findings {
			kinds = append(kinds, f.Kind)
		}
		found[d.SessionID.String()] = strings.Join(kinds, " ")
	}
	want := model.RunSucceeded
	if len(found) > 0 {
		want = model.RunPartial
	}
	if got := r.text(`SELECT status FROM sync.runs WHERE run_id = $1 AND kind = 'verify'`, result.Run.ID); got != want {
		r.t.Errorf("the ledger says %s, want %s", got, want)
	}
	if n := r.number(`SELECT count(*) FROM sync.verifications`); n != 0 {
		r.t.Errorf("%d checkpoints are left of a verification that came to its end", n)
	}
	return result, found
}

func (r *rig) exec(sql string, args ...any) {
	r.t.Helper()
	pgtest.Exec(r.t, r.pool, sql, args...)
}

func TestVerifyFindsNothingWhereNothingDiffers(t *testing.T) {
	t.Parallel()
	for _, dialect := range sampling.Of(1, []simulator.Dialect{{PageBase0: true, MaxPerPage: 20}, {}, {Paging: simulator.PagingAbsent}}) {
		r := newRig(t, simulator.Demo(1, at))
		r.sim.SetDialect(dialect)
		r.mustRun(model.RunSucceeded)
		for _, ids := range []bool{false, true} {
			result, found := r.mustVerify(pipeline.VerifyPlan{ByIDs: ids})
			if len(found) != 0 || result.Compared != 60 || result.Live != 1 || result.Resumed {
				t.Errorf("%+v, ids %v: %+v %v", dialect, ids, result, found)
			}
		}
	}
}

// One request a session is all that a verification by counts takes, beside the
// lists.
func TestVerifyCostsOneRequestASession(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Demo(1, at))
	r.mustRun(model.RunSucceeded)
	result, _ := r.mustVerify(pipeline.VerifyPlan{})
	lists := 1 + 3*4 // apps, and the sessions of three apps in few chunks
	if most := int64(60 + lists); result.Summary.Requests > most {
		t.Errorf("%d requests for 60 sessions, want %d at most", result.Summary.Requests, most)
	}
}

func TestVerifyFindsEachKindOfDifference(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Demo(1, at))
	r.mustRun(model.RunSucceeded)
	r.exec(`UPDATE sync.session_states SET settled_at = now() WHERE complete_at IS NOT NULL`)
	pick := func(n int) string {
		return r.text(`SELECT session_id::text FROM realtimekit.sessions AS s
			WHERE status = 'ENDED' AND (SELECT count(*) FROM realtimekit.participants AS p WHERE p.session_id = s.session_id) > 3
			ORDER BY created_at OFFSET $1 LIMIT 1`, n)
	}
	missing, record, lacks, extra, events, gone, changed := pick(0), pick(2), pick(4), pick(6), pick(8), pick(10), pick(12)
	for _, table := range []string{"peer_events", "participants", "sessions"} {
		r.exec(`DELETE FROM realtimekit.`+table+` WHERE session_id = $1`, missing)
	}
	r.exec(`DELETE FROM sync.session_states WHERE session_id = $1`, missing)
	r.exec(`UPDATE realtimekit.sessions SET minutes_consumed = minutes_consumed + 1 WHERE session_id = $1`, record)
	r.exec(`UPDATE realtimekit.participants SET removed_at = now() WHERE session_id = $1
		AND participant_id = (SELECT min(participant_id::text)::uuid FROM realtimekit.participants WHERE session_id = $1)`, lacks)
	r.exec(`INSERT INTO realtimekit.participants (session_id, participant_id, run_id) VALUES ($1, gen_random_uuid(), 1)`, extra)
	r.exec(`DELETE FROM realtimekit.peer_events WHERE session_id = $1`, events)
	r.exec(`UPDATE realtimekit.participants SET updated_at = updated_at - interval '1 second' WHERE session_id = $1`, changed)
	r.sim.Update(func(d *simulator.Data) { drop(d, gone) })

	_, found := r.mustVerify(pipeline.VerifyPlan{})
	want := map[string]string{missing: "missing", record: "record", lacks: "participants", extra: "participants", gone: "gone"}
	sameFindings(t, "by counts", found, want)

	result, found := r.mustVerify(pipeline.VerifyPlan{ByIDs: true})
	want[events], want[changed] = "peer_events", "participants"
	sameFindings(t, "by ids", found, want)
	for _, d := range result.Differences {
		if d.SessionID.String() == lacks && len(d.Participants) != 1 {
			t.Errorf("the missing participant is not named: %+v", d)
		}
	}

	// What is listed is what mends it: a backfill of these sessions.
	var ids []model.UUID
	for _, d := range result.Differences {
		ids = append(ids, d.SessionID)
	}
	r.must(pipeline.Plan{Kind: model.KindBackfill, Sessions: ids}, model.RunPartial) // one is gone, and now known to be
	result, found = r.mustVerify(pipeline.VerifyPlan{ByIDs: true})
	if len(found) != 0 || result.Gone != 1 {
		t.Errorf("after the backfill: %v, %d gone", found, result.Gone)
	}
	_, found = r.mustVerify(pipeline.VerifyPlan{Sessions: ids, ByIDs: true})
	sameFindings(t, "by name", found, map[string]string{})
}

// A value that somebody changed by hand, which no run looks at again, shows by ids, and the
// backfill of the session puts it right.
func TestVerifyFindsValuesThatWereChanged(t *testing.T) {
	t.Parallel()
	for column, set := range map[string]string{
		"joined_at": "joined_at + interval '1 ms'", "left_at": "NULL", "duration_minutes": "duration_minutes + 1", "user_id": "'x'",
		"custom_participant_id": "'x'", "preset_name": "'x'", "display_name": "'x'",
		"event_name": "'x'", "peer_id": "'x'", "created_at": "created_at + interval '1 ms'",
	} {
		t.Run(column, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, classroom())
			r.mustRun(model.RunSucceeded)
			r.exec(`UPDATE sync.session_states SET settled_at = now()`)
			table, kind := "participants", "participants"
			if column == "event_name" || column == "peer_id" || column == "created_at" {
				table, kind = "peer_events", "peer_events"
			}
			r.exec(`UPDATE realtimekit.` + table + ` SET ` + column + ` = ` + set + ` WHERE participant_id =
				(SELECT min(participant_id::text)::uuid FROM realtimekit.participants)`)
			result, found := r.mustVerify(pipeline.VerifyPlan{ByIDs: true})
			id := r.text(`SELECT session_id::text FROM realtimekit.sessions`)
			sameFindings(t, column, found, map[string]string{id: kind})
			r.must(pipeline.Plan{Kind: model.KindBackfill, Sessions: []model.UUID{result.Differences[0].SessionID}}, model.RunSucceeded)
			_, found = r.mustVerify(pipeline.VerifyPlan{ByIDs: true})
			sameFindings(t, column+" after the backfill", found, nil)
			r.exact(nil)
		})
	}
}

func sameFindings(t *testing.T, how string, got, want map[string]string) {
	t.Helper()
	for id, kinds := range want {
		if got[id] != kinds {
			t.Errorf("%s: session %s: found %q, want %q", how, id, got[id], kinds)
		}
	}
	for id, kinds := range got {
		if want[id] == "" {
			t.Errorf("%s: session %s does not differ, found %q", how, id, kinds)
		}
	}
}

// drop takes a session out of the API's data.
func drop(d *simulator.Data, id string) {
	for i := range d.Apps {
		app := &d.Apps[i]
		for j, s := range app.Sessions {
			if s != nil && s.ID == id {
				app.Sessions = append(app.Sessions[:j], app.Sessions[j+1:]...)
				return
			}
		}
	}
}

// What came after the last run is the next run's work, and no difference; what it
// would not read is one.
func TestVerifyLeavesToTheNextRunWhatItReads(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Demo(1, at))
	r.mustRun(model.RunSucceeded)
	r.config.Now = clock(at.Add(2 * time.Hour))
	r.sim.Update(simulator.EndLive)
	result, found := r.mustVerify(pipeline.VerifyPlan{})
	if len(found) != 0 || result.Newer == 0 {
		t.Errorf("a session that ended since: %v, newer %d", found, result.Newer)
	}
	r.exec(`UPDATE sync.session_states SET settled_at = now(), status = 'ENDED'`)
	r.exec(`UPDATE sync.app_states SET watermark = watermark + interval '1 year'`)
	if _, found = r.mustVerify(pipeline.VerifyPlan{}); len(found) != 1 {
		t.Errorf("a change outside the lookback is found: %v", found)
	}
}

// A budget that is spent ends the verification resumable; the next one goes on
// where it stopped and tells what the first one found, unless it was mended.
func TestVerifyGoesOnWhereTheBudgetStoppedIt(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Demo(1, at))
	r.mustRun(model.RunSucceeded)
	first := r.text(`SELECT session_id::text FROM realtimekit.sessions WHERE status = 'ENDED' ORDER BY app_id, created_at LIMIT 1`)
	apps := r.text(`SELECT string_agg(app_id, ',' ORDER BY app_id) FROM realtimekit.apps`)
	r.config.AppIDs = strings.Split(apps, ",")
	r.exec(`UPDATE sync.session_states SET settled_at = now()`)
	r.exec(`UPDATE realtimekit.sessions SET minutes_consumed = minutes_consumed + 1 WHERE session_id = $1`, first)

	limited, err := simulator.ParseFault("rate-limited:nth=20,every=1")
	if err != nil {
		t.Fatal(err)
	}
	r.sim.Script(limited)
	r.budget.MaxWait = time.Second
	result, err := r.verify(t.Context(), pipeline.VerifyPlan{})
	if !errors.Is(err, model.ErrBudgetSpent) || result.Status != model.RunPartial {
		t.Fatalf("status %s, error %v, want a spent budget", result.Status, err)
	}
	if len(result.Differences) != 1 || result.Compared < 5 || result.Compared > 20 {
		t.Errorf("before it stopped: %+v", result)
	}
	compared := result.Compared
	r.sim.Script()
	r.sim.Reset()
	result, found := r.mustVerify(pipeline.VerifyPlan{})
	if !result.Resumed || result.Compared != 60 || found[first] != "record" {
		t.Errorf("it goes on: %+v %v", result, found)
	}
	if most := int64(60 - compared + 20); result.Summary.Requests > most {
		t.Errorf("%d requests, want %d at most: what was compared is not compared again", result.Summary.Requests, most)
	}
}

// Peer events that could not be stored are no less set aside than participants.
func TestVerifyFindsEventsThatWereSetAside(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 4, Participants: 3, EventsPerParticipant: 2}, 61, at)
	bad := data.Apps[0].Sessions[1]
	bad.Participants[1].Extra = simulator.Extra{"peer_events": json.RawMessage(`[null, 17]`)}
	r := newRig(t, data)
	r.mustRun(model.RunPartial)
	for _, ids := range []bool{false, true} {
		result, found := r.mustVerify(pipeline.VerifyPlan{ByIDs: ids})
		sameFindings(t, "events", found, map[string]string{bad.ID: "set_aside"})
		if len(found) == 1 && !strings.Contains(result.Differences[0].Findings[0].Detail, "2 peer events set aside") {
			t.Errorf("told as %q", result.Differences[0].Findings[0].Detail)
		}
	}
}

// What one app's verification has reached does not end with that of another app.
func TestVerifyOfOneAppKeepsTheCheckpointsOfOthers(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 2, Sessions: 6, Participants: 3, EventsPerParticipant: 2}, 61, at)
	r := newRig(t, data)
	r.mustRun(model.RunSucceeded)
	r.extract.RetryFor = 0
	r.sim.Script(simulator.Fault{Path: "*/" + data.Apps[1].ID + "/sessions", Answer: simulator.KitError(http.StatusInternalServerError, "not now")})
	if _, err := r.verify(t.Context(), pipeline.VerifyPlan{}); err == nil {
		t.Fatal("the app that cannot be listed is no failure")
	}
	r.sim.Script()
	r.config.AppIDs = []string{data.Apps[1].ID}
	if _, err := r.verify(t.Context(), pipeline.VerifyPlan{}); err != nil {
		t.Fatal(err)
	}
	if got := r.text(`SELECT string_agg(app_id, ' ') FROM sync.verifications`); got != data.Apps[0].ID {
		t.Errorf("checkpoints of %s are left, want that of %s", got, data.Apps[0].ID)
	}
}

// Where the vendor's times go back, a run keeps what it has, since an old page of a
// cache looks no different; verify says so, and what it advises mends it.
func TestAdviceOfVerifyMendsTimesThatWentBack(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 4, Participants: 3, EventsPerParticipant: 2}, 61, at)
	r := newRig(t, data)
	r.mustRun(model.RunSucceeded)
	s := data.Apps[0].Sessions[1]
	r.sim.Update(func(*simulator.Data) {
		s.MeetingTitle, s.UpdatedAt = "Restored", s.UpdatedAt.Add(-time.Hour)
		p := s.Participants[0]
		p.DisplayName, p.UpdatedAt = "Restored", p.UpdatedAt.Add(-time.Hour)
		p.Events[0].EventName, p.Events[0].UpdatedAt = "PEER_RESTORED", p.Events[0].UpdatedAt.Add(-time.Hour)
	})
	r.mustRun(model.RunSucceeded)
	r.must(pipeline.Plan{Kind: model.KindBackfill, Full: true}, model.RunSucceeded)
	_, found := r.mustVerify(pipeline.VerifyPlan{ByIDs: true})
	sameFindings(t, "before", found, map[string]string{s.ID: "record participants peer_events"})

	id, err := model.ParseUUID(s.ID)
	if err != nil {
		t.Fatal(err)
	}
	r.must(pipeline.Plan{Kind: model.KindBackfill, Sessions: []model.UUID{id}}, model.RunSucceeded)
	_, found = r.mustVerify(pipeline.VerifyPlan{ByIDs: true})
	sameFindings(t, "after", found, map[string]string{})
	r.exact(nil)
	before := r.versions()
	r.mustRun(model.RunSucceeded)
	if r.versions() != before {
		t.Error("the next run writes rows again")
	}
}

// A verification under way keeps a second one out, and a run goes beside it.
func TestVerifyHoldsALockOfItsOwn(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Demo(1, at))
	_, release, err := ledger.New(warehouse.New(r.pool, discard)).Acquire(t.Context(), r.data.AccountID, model.KindVerify)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	r.mustRun(model.RunSucceeded)
	if _, err := r.verify(t.Context(), pipeline.VerifyPlan{}); !errors.Is(err, model.ErrLocked) {
		t.Errorf("%v, want a lock", err)
	}
}
