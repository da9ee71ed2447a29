package pipeline_test

import (
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/erasure"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// retain deletes what ended before a time.
func (r *rig) retain(before time.Time) erasure.RetentionCounts {
	r.t.Helper()
	did, err := erasure.New(r.protected()).Retain(r.t.Context(), r.data.AccountID, before, false, func(erasure.RetentionCounts) {})
	if err != nil {
		r.t.Fatal(err)
	}
	return did
}

// laterThan gives another session of the same people, an hour later.
func laterThan(s *simulator.Session) *simulator.Session {
	next := *s
	next.ID = s.ID[:24] + "00000000beef"
	for _, t := range []*time.Time{&next.CreatedAt, &next.StartedAt, &next.EndedAt, &next.UpdatedAt} {
		*t = t.Add(time.Hour)
	}
	return &next
}

// A session that goes and one that comes leave a meeting with as many as before:
// its enrolment is read again all the same.
func TestEnrolmentIsReadForASessionThatTakesTheNumberOfAnother(t *testing.T) {
	t.Parallel()
	data := classroom()
	another(data)
	old := *data.Apps[0].Sessions[0]
	old.Participants = nil
	old.MaxConcurrent = 0
	moveBack(&old, 400*24*time.Hour)
	data.Apps[0].Sessions[0] = &old
	r := newRig(t, data)
	r.must(cheap, model.RunSucceeded)
	if did := r.retain(at.AddDate(0, 0, -300)); did.Sessions != 1 {
		t.Fatalf("retention deleted %+v", did)
	}
	r.sim.Update(func(d *simulator.Data) {
		d.Apps[0].Sessions = append(d.Apps[0].Sessions, laterThan(d.Apps[0].Sessions[1]))
		for _, m := range d.Apps[0].Meetings {
			m.Enrolled = append(m.Enrolled, &simulator.Enrolled{ID: "newly-enrolled", Name: "Newly Enrolled", CreatedAt: at.Add(-time.Hour)})
		}
	})
	r.must(cheap, model.RunSucceeded)
	if n := r.number(`SELECT count(*) FROM realtimekit.meeting_participants WHERE meeting_participant_id = 'newly-enrolled'`); n == 0 {
		t.Error("who was enrolled since is not known")
	}
	r.sim.Reset()
	r.must(cheap, model.RunSucceeded)
	if n := r.requests(simulator.RouteMeetingParticipants); n != 0 {
		t.Errorf("the enrolment was read %d times more though nothing is new", n)
	}
}

// Of the day before the horizon only those sessions are left that ran on behind
// it: that is no difference. The day of the horizon is whole.
func TestReconciliationBeforeTheHorizon(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 4, Participants: 3, EventsPerParticipant: 3}, 74, at)
	horizon := at.Truncate(24*time.Hour).AddDate(0, 0, -10)
	gone, over, after := data.Apps[0].Sessions[0], data.Apps[0].Sessions[1], data.Apps[0].Sessions[2]
	moveBack(gone, gone.EndedAt.Sub(horizon)+12*time.Hour)
	moveBack(over, over.StartedAt.Sub(horizon)+over.EndedAt.Sub(over.StartedAt)/2)
	moveBack(after, after.StartedAt.Sub(horizon)-12*time.Hour)
	r := newRig(t, data)
	r.must(cheap, model.RunSucceeded)
	if did := r.retain(horizon); did.Sessions != 1 {
		t.Fatalf("retention deleted %+v", did)
	}
	status := func(day time.Time) string {
		return r.text(`SELECT status FROM analytics.reconciliation WHERE stats_date = $1::date`, day)
	}
	if before, of := status(horizon.AddDate(0, 0, -1)), status(horizon); before != "not_loaded" || of != "agrees" {
		t.Errorf("the day before the horizon %s, that of the horizon %s", before, of)
	}
	r.exec(`DELETE FROM realtimekit.peer_events WHERE session_id = $1`, after.ID)
	r.exec(`DELETE FROM realtimekit.participants WHERE session_id = $1`, after.ID)
	r.exec(`DELETE FROM realtimekit.sessions WHERE session_id = $1`, after.ID)
	r.exec(`UPDATE realtimekit.sessions SET minutes_consumed = minutes_consumed + 5 WHERE started_at >= $1`, horizon)
	if n := r.number(`SELECT count(*) FROM analytics.reconciliation WHERE status = 'differs' AND stats_date >= $1::date`, horizon); n == 0 {
		t.Error("a day behind the horizon that does differ is not said to")
	}
}
