package pipeline_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/erasure"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/privacy"
	"github.com/rollcall-etl/rollcall/internal/sampling"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// Old sessions go with all that is theirs, the usage by day stays, and no run
// reads them again unless told to.
func TestRetention(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 12, Participants: 4, EventsPerParticipant: 3}, 71, at)
	horizon := at.Truncate(24 * time.Hour)
	for i, s := range data.Apps[0].Sessions[:7] { // long ago
		s.MeetingID = fmt.Sprintf("old-room-%d", i%2)
		moveBack(s, 400*24*time.Hour)
	}
	r := newRig(t, data)
	r.must(withEverything(), model.RunSucceeded)
	horizon = horizon.AddDate(0, 0, -300)
	keep := func(s *simulator.Session) bool { return !s.EndedAt.Before(horizon) }
	usage := `SELECT string_agg(concat_ws(' ', usage_date, sessions_started, unique_people, participants), E'\n' ORDER BY usage_date) FROM analytics.usage_days`
	before := r.text(usage)

	db := r.protected()
	content := r.content()
	dry, err := erasure.New(db).Retain(t.Context(), data.AccountID, horizon, true, nil)
	if err != nil || r.content() != content {
		t.Fatalf("a dry run wrote something, or %v", err)
	}
	did, err := erasure.New(db).Retain(t.Context(), data.AccountID, horizon, false, func(erasure.RetentionCounts) {})
	if err != nil {
		t.Fatal(err)
	}
	if did.Sessions != 7 || did.Participants != 28 || did.PeerEvents != dry.PeerEvents || did.PeerReports != dry.PeerReports || did.Meetings != 2 || did.MeetingParticipants == 0 {
		t.Errorf("did %+v, a dry run foresaw %+v", did, dry)
	}
	r.exact(keep)
	if n, err := db.RefreshAnalytics(t.Context()); err != nil || n != 0 || r.text(usage) != before {
		t.Errorf("the usage by day changed: %d sessions, %v", n, err)
	}
	if n := r.number(`SELECT count(*) FROM sync.session_states`); n != 5 {
		t.Errorf("%d states are left", n)
	}

	full := allHistory
	full.From = at.AddDate(-3, 0, 0)
	if result := r.must(full, model.RunSucceeded); result.TooOld != 7 {
		t.Errorf("%d sessions were left out, want 7", result.TooOld)
	}
	r.must(withEverything(), model.RunSucceeded)
	r.exact(keep)
	if again, err := erasure.New(db).Retain(t.Context(), data.AccountID, horizon.AddDate(0, 0, -9), false, func(erasure.RetentionCounts) {}); err != nil || again.Sessions+again.Meetings != 0 {
		t.Errorf("again did %+v: %v", again, err)
	}
	if at, err := erasure.New(db).Horizon(t.Context(), data.AccountID); err != nil || !at.Equal(horizon) {
		t.Errorf("the horizon moved back to %s: %v", at, err)
	}
	full.BeyondRetention = true
	r.must(full, model.RunSucceeded)
	r.exact(nil)
}

// An end that lies years ahead keeps no session: it settles, and it goes when it is old.
func TestRetentionOfASessionThatEndsYearsAhead(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 3, Participants: 2, EventsPerParticipant: 2}, 72, at)
	for _, s := range data.Apps[0].Sessions[:2] {
		moveBack(s, 400*24*time.Hour)
	}
	wrong := data.Apps[0].Sessions[0]
	wrong.EndedAt = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	r := newRig(t, data)
	r.mustRun(model.RunSucceeded)
	if n := r.number(`SELECT count(*) FROM sync.session_states WHERE settled_at IS NULL AND session_id = $1`, wrong.ID); n != 0 {
		t.Error("the session did not settle, and every run reads it again")
	}
	horizon := at.Truncate(24*time.Hour).AddDate(0, 0, -300)
	did, err := erasure.New(r.protected()).Retain(t.Context(), data.AccountID, horizon, false, func(erasure.RetentionCounts) {})
	if err != nil || did.Sessions != 2 {
		t.Errorf("did %+v: %v", did, err)
	}
	full := allHistory
	full.From = at.AddDate(-3, 0, 0)
	if result := r.must(full, model.RunSucceeded); result.TooOld != 2 {
		t.Errorf("%d sessions were left out, want 2", result.TooOld)
	}
}

// A day of which retention deleted a session is kept, whatever happens later to
// a session that crossed the midnight into or out of it: there is nobody left to
// count. Days of which nothing was deleted still follow an erasure.
func TestRetentionKeepsTheDaysOfDeletedSessions(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 3, Participants: 4, EventsPerParticipant: 3}, 72, at)
	horizon := at.Truncate(24*time.Hour).AddDate(0, 0, -300)
	gone, over, after := data.Apps[0].Sessions[0], data.Apps[0].Sessions[1], data.Apps[0].Sessions[2]
	moveBack(gone, gone.EndedAt.Sub(horizon)+12*time.Hour)
	moveBack(over, over.StartedAt.Sub(horizon)+over.EndedAt.Sub(over.StartedAt)/2)
	moveBack(after, after.StartedAt.Sub(horizon)-12*time.Hour)
	for i, p := range over.Participants { // inside on both days
		canary(p, i)
		p.CustomParticipantID = fmt.Sprintf("over-midnight-%d", i)
	}
	r := newRig(t, data)
	r.privacy.Key = newKey(t, "first")
	full := allHistory
	full.From = at.AddDate(-3, 0, 0)
	r.must(full, model.RunSucceeded)
	usage := func(days string) string {
		return r.text(`SELECT string_agg(to_jsonb(u)::text, E'\n' ORDER BY to_jsonb(u)::text)
			FROM (SELECT to_jsonb(d) AS u FROM analytics.usage_days AS d WHERE usage_date `+days+` $1
				UNION ALL SELECT to_jsonb(d) FROM analytics.usage_preset_days AS d WHERE usage_date `+days+` $1) AS t`, horizon)
	}
	if n := r.number(`SELECT sessions_active FROM analytics.usage_days WHERE usage_date = $1`, horizon.AddDate(0, 0, -1)); n != 2 {
		t.Fatalf("on the day before the horizon %d sessions were active, want 2", n)
	}
	kept, recomputed := usage("<"), usage(">=")

	db := r.protected()
	if did, err := erasure.New(db).Retain(t.Context(), data.AccountID, horizon, false, func(erasure.RetentionCounts) {}); err != nil || did.Sessions != 1 {
		t.Fatalf("did %+v: %v", did, err)
	}
	r.exec(`INSERT INTO analytics.stale_sessions SELECT session_id FROM realtimekit.sessions`)
	if n, err := db.RefreshAnalytics(t.Context()); err != nil || n != 2 || usage("<") != kept || usage(">=") != recomputed {
		t.Errorf("after %d changed sessions, %v, the usage was\n%s\n%s\nand is\n%s\n%s", n, err, kept, recomputed, usage("<"), usage(">="))
	}
	if did := r.erase(erasure.Erasure{CustomIDs: []string{"over-midnight-0"}, Mode: privacy.Remove}); did.Participants != 1 {
		t.Errorf("erased %+v", did)
	}
	if got := usage("<"); got != kept {
		t.Errorf("an erasure changed a day that was kept, from\n%s\nto\n%s", kept, got)
	}
	if usage(">=") == recomputed {
		t.Error("an erasure did not change the day of the horizon, of which nothing was deleted")
	}

	// Once its sessions are there again, a day is computed like any other.
	full.BeyondRetention = true
	r.must(full, model.RunSucceeded)
	if n := r.number(`SELECT participants FROM analytics.usage_days WHERE usage_date = $1`, horizon.AddDate(0, 0, -1)); n != 7 {
		t.Errorf("with all of its sessions the day has %d participants, want 7", n)
	}
}

// Days that another process is computing, or that change before the sessions go,
// are computed first: retention waits, or leaves a session to the next call.
func TestRetentionWaitsForTheUsageByDay(t *testing.T) {
	sampling.Long(t)
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 3, Participants: 4, EventsPerParticipant: 3}, 73, at)
	for _, s := range data.Apps[0].Sessions[:2] {
		moveBack(s, 400*24*time.Hour)
	}
	r := newRig(t, data)
	r.must(withEverything(), model.RunSucceeded)
	const usage = `SELECT string_agg(concat_ws(' ', usage_date, sessions_started, unique_people, participants), E'\n' ORDER BY usage_date) FROM analytics.usage_days`
	const queueAll = `INSERT INTO analytics.stale_sessions SELECT session_id FROM realtimekit.sessions`
	before := r.text(usage)
	r.exec(`DELETE FROM analytics.usage_days`) // as if the sessions had just been stored
	r.exec(queueAll)

	db, horizon := r.protected(), at.AddDate(0, 0, -300)
	retain := func(lock, meanwhile string) (did erasure.RetentionCounts) {
		tx, err := r.pool.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
		if _, err := tx.Exec(t.Context(), `SELECT pg_advisory_xact_lock(hashtextextended('rollcall:' || $1, 0))`, lock); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() {
			var err error
			did, err = erasure.New(db).Retain(t.Context(), data.AccountID, horizon, false, func(erasure.RetentionCounts) {})
			done <- err
		}()
		r.untilWaiting(done)
		if _, err := tx.Exec(t.Context(), meanwhile); err != nil {
			t.Fatal(err)
		}
		if err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		return did
	}
	// A session that changes between the refresh and its turn.
	if did := retain("privacy", queueAll); did.Sessions != 0 {
		t.Errorf("%d sessions went whose days had to be computed anew", did.Sessions)
	}
	r.exec(`DELETE FROM analytics.usage_days`)
	r.exec(queueAll)
	if did := retain("analytics", `SELECT`); did.Sessions != 2 || r.text(usage) != before {
		t.Errorf("%d sessions went, and the usage is\n%s\nwant\n%s", did.Sessions, r.text(usage), before)
	}
	if n := r.number(`SELECT count(*) FROM analytics.stale_sessions`); n != 0 {
		t.Errorf("%d sessions are left in the queue", n)
	}
}

// untilWaiting returns once a connection waits for an advisory lock, and fails
// where the work is done without.
func (r *rig) untilWaiting(done <-chan error) {
	r.t.Helper()
	for r.number(`SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
		AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`) == 0 {
		if len(done) > 0 {
			r.t.Fatal("it did not wait")
		}
	}
}

func moveBack(s *simulator.Session, by time.Duration) {
	for _, t := range []*time.Time{&s.CreatedAt, &s.StartedAt, &s.EndedAt, &s.UpdatedAt} {
		*t = t.Add(-by)
	}
	for _, p := range s.Participants {
		for _, t := range []*time.Time{&p.CreatedAt, &p.JoinedAt, &p.LeftAt, &p.UpdatedAt} {
			*t = t.Add(-by)
		}
		for i := range p.Events {
			p.Events[i].CreatedAt, p.Events[i].UpdatedAt = p.Events[i].CreatedAt.Add(-by), p.Events[i].UpdatedAt.Add(-by)
		}
	}
}
