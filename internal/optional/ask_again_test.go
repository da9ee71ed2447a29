package optional_test

import (
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/testbed"
)

// askAgain asks for a rejected record of the app again.
func (b *bench) askAgain(r model.Rejected) {
	b.Helper()
	r.AppID = "app"
	if err := b.optional.AskAgain(b.Context(), r); err != nil {
		b.Fatal(err)
	}
}

// A peer whose report was set aside five times is asked for no more, unless somebody wants
// its rejected record to be tried again.
func TestAPeerWhoseReportWasSetAsideIsAskedForAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.settled(2, 3)
	for range 5 {
		b.answer(2, model.PeerReportRejected, time.Hour)
		b.answer(3, model.PeerReportFailed, time.Hour)
	}
	b.looked("after five tries", false)
	b.askAgain(model.Rejected{Entity: model.EntityPeerReport, SessionID: testbed.UUID(1), Key: testbed.UUID(2).String()})
	if n := b.due(48 * time.Hour); n != 1 {
		t.Errorf("%d peers are to be asked for, want the one whose report was set aside", n)
	}
	b.looked("once it is asked for again", true)
}

// What was set aside of a peer is closed once the API has no report of it any more; where
// the next tries only failed, it can be asked for again.
func TestAReportThatIsGoneIsClosed(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.settled(2)
	peer := testbed.UUID(2).String()
	r := model.Rejected{Entity: model.EntityPeerReport, AppID: "app", SessionID: testbed.UUID(1), Key: peer, Reason: "r", Raw: "{}"}
	if _, err := b.Store.SetAside(t.Context(), b.Run, []model.Rejected{r}); err != nil {
		t.Fatal(err)
	}
	const open = `SELECT count(*)::text FROM sync.rejected_records WHERE resolved_at IS NULL`
	for range 5 {
		b.answer(2, model.PeerReportFailed, time.Hour)
	}
	if got, due := b.Text(open), b.due(48*time.Hour); got != "1" || due != 0 {
		t.Errorf("after five failures: %s open, %d due", got, due)
	}
	b.askAgain(r)
	if due := b.due(48 * time.Hour); due != 1 {
		t.Errorf("asked for again: %d due", due)
	}
	b.answer(2, model.PeerReportNone, time.Hour)
	if got := b.Text(open); got != "0" {
		t.Errorf("without a report: %s open", got)
	}
}

// Only what the record belongs to is read again.
func TestWhatIsReadAgainForARejectedRecord(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.settled(2)
	for _, meeting := range []string{"room", "room-2", "a/b"} {
		e := model.Enrolment{AppID: "app", Meeting: model.DueMeeting{ID: meeting, Sessions: 1, Ended: 1, Digest: 7}}
		if _, err := b.optional.EndEnrolment(t.Context(), b.Run, e); err != nil {
			t.Fatal(err)
		}
	}
	for _, endpoint := range []string{"daywise", "recordings", "livestreams", "enrolment"} {
		state := model.EndpointState{AskedAt: testbed.T0, ReadAt: testbed.T0, AskedFrom: testbed.T0, CoveredFrom: testbed.T0}
		if err := b.optional.SaveEndpoint(t.Context(), b.Run, "app", endpoint, state); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.optional.SaveLivestream(t.Context(), b.Run, testbed.UUID(1), nil, model.LivestreamFailed, "x"); err != nil {
		t.Fatal(err)
	}
	const dueSQL = `SELECT concat_ws(' ',
		(SELECT string_agg(meeting_id, ' ' ORDER BY meeting_id) FROM sync.meeting_states WHERE sessions_seen IS NULL AND sessions_digest IS NULL),
		(SELECT string_agg(endpoint, ' ' ORDER BY endpoint) FROM sync.endpoint_states WHERE read_at IS NULL OR last_error IS NOT NULL),
		(SELECT 'livestream' FROM sync.livestream_states WHERE attempts = 0))`
	for _, c := range []struct {
		r    model.Rejected
		want string
	}{
		{model.Rejected{Entity: model.EntityParticipant, SessionID: testbed.UUID(1), Key: "room"}, ""},
		{model.Rejected{Entity: model.EntityMeetingParticipant, Key: "room/1"}, "room"},
		{model.Rejected{Entity: model.EntityMeeting, Key: "a/b"}, "a/b room"},
		{model.Rejected{Entity: model.EntityDailyStats, Key: "soon"}, "a/b room daywise"},
		{model.Rejected{Entity: model.EntityRecording, Key: "x"}, "a/b room daywise recordings"},
		{model.Rejected{Entity: model.EntityLivestreamSession, SessionID: testbed.UUID(1), Key: "x"}, "a/b room daywise livestreams recordings livestream"},
	} {
		b.askAgain(c.r)
		if got := b.Text(dueSQL); got != c.want {
			t.Errorf("after %s %s: %q is read again, want %q", c.r.Entity, c.r.Key, got, c.want)
		}
	}
}
