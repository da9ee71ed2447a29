package optional_test

import (
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/optional"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/testbed"
)

func TestMain(m *testing.M) { pgtest.Main(m, pgtest.Migrated) }

// bench has the store that is tested.
type bench struct {
	*testbed.Bench
	optional *optional.Store
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := testbed.New(t)
	return &bench{Bench: b, optional: optional.New(b.DB)}
}

// settled stores a settled session of the given participants, who joined.
func (b *bench) settled(numbers ...int) {
	b.Helper()
	s := testbed.Session(1)
	s.EndedAt = testbed.T0
	var page model.ParticipantPage
	for _, n := range numbers {
		p := testbed.Participant(n, "x", testbed.T0)
		p.JoinedAt = testbed.T0
		page.Participants = append(page.Participants, p)
	}
	b.MustLoad(s, page)
}

// due gives how many peers are to be asked for so long after the session's end.
func (b *bench) due(after time.Duration) int {
	b.Helper()
	due, err := b.optional.DuePeers(b.Context(), "app", testbed.T0.AddDate(0, -6, 0), testbed.T0.Add(after), 100)
	if err != nil {
		b.Fatal(err)
	}
	return len(due)
}

// answer notes what became of a participant's own peer, by a run that began so
// long after the session's end.
func (b *bench) answer(n int, outcome string, after time.Duration) {
	b.Helper()
	run := b.Run
	run.StartedAt = testbed.T0.Add(after)
	peer := model.DuePeer{AppID: "app", SessionID: testbed.UUID(1), ParticipantID: testbed.UUID(n), PeerID: testbed.UUID(n)}
	if err := b.optional.NotePeer(b.Context(), run, peer, outcome, ""); err != nil {
		b.Fatal(err)
	}
}

// looked tells whether the session has to be looked at, once it could be marked.
func (b *bench) looked(when string, want bool) {
	b.Helper()
	if err := b.optional.PeersAsked(b.Context(), "app", testbed.T0.AddDate(0, -6, 0)); err != nil {
		b.Fatal(err)
	}
	if got := b.Text(`SELECT (peers_asked_at IS NULL)::text FROM sync.session_states`) == "true"; got != want {
		b.Errorf("%s: the session is looked at: %v, want %v", when, got, want)
	}
}

// A session whose peers were all asked for is not looked at again, unless one of
// them may still be asked for or it is stored anew.
func TestSessionsWhosePeersWereAskedAreNotLookedAt(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.settled(2, 3)
	if n := b.due(time.Hour); n != 2 {
		t.Fatalf("%d peers are due, want 2", n)
	}
	b.looked("nobody was asked for", true)
	b.answer(2, model.PeerReportFailed, time.Hour)
	b.answer(3, model.PeerReportNone, time.Hour)
	if n := b.due(2 * time.Hour); n != 1 {
		t.Errorf("%d peers are due, want the one that failed", n)
	}
	b.answer(2, model.PeerReportStored, 2*time.Hour)
	if n := b.due(3 * time.Hour); n != 0 {
		t.Errorf("%d peers are due", n)
	}
	b.looked("a report may come late", true)
	if n := b.due(25 * time.Hour); n != 1 {
		t.Errorf("%d peers are due a day later, want the one without a report", n)
	}
	b.answer(3, model.PeerReportNone, 25*time.Hour)
	if n := b.due(26 * time.Hour); n != 0 {
		t.Errorf("%d peers are due after all were asked for", n)
	}
	b.looked("all were asked for", false)

	b.settled(2, 3, 4)
	b.looked("a participant came", true)
	if n := b.due(26 * time.Hour); n != 1 {
		t.Errorf("%d peers are due, want the new one", n)
	}
	b.answer(4, model.PeerReportStored, 26*time.Hour)
	b.looked("all were asked for again", false)

	// A record that was set aside is understood.
	late := testbed.Participant(5, "late", testbed.T0)
	late.JoinedAt = testbed.T0
	from := model.StoredReject{Rejected: testbed.Reject(5, "{}"), LastSeenAt: time.Now()}
	if _, err := b.Store.LoadSalvaged(t.Context(), b.Run, from, model.Salvaged{Page: model.ParticipantPage{Participants: []model.Participant{late}}}); err != nil {
		t.Fatal(err)
	}
	if n := b.due(28 * time.Hour); n != 1 {
		t.Errorf("%d peers are due, want the one that was salvaged", n)
	}
	b.looked("one was salvaged", true)
	if err := b.optional.PeersAsked(t.Context(), "app", testbed.T0.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	b.looked("it is beyond the vendor's retention", false)
}

// A report that was set aside is asked for as one that failed, five times at most;
// a later one that is stored closes what was set aside.
func TestReportThatWasSetAsideIsAskedForAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.settled(2)
	aside := model.Rejected{Entity: model.EntityPeerReport, AppID: "app", SessionID: testbed.UUID(1), Key: testbed.UUID(2).String(), Reason: "a text", Raw: `"x"`}
	if _, err := b.Store.SetAside(t.Context(), b.Run, []model.Rejected{aside}); err != nil {
		t.Fatal(err)
	}
	open := func() string {
		return b.Text(`SELECT count(*)::text FROM sync.rejected_records WHERE resolved_at IS NULL`)
	}
	for try := range 5 {
		if n := b.due(time.Hour); n != 1 {
			t.Errorf("%d peers are due after %d tries, want the one whose report was set aside", n, try)
		}
		b.looked("it is asked for again", true)
		b.answer(2, model.PeerReportRejected, time.Hour)
	}
	if n := b.due(26 * time.Hour); n != 0 {
		t.Errorf("%d peers are due after five tries", n)
	}
	b.looked("it was asked for five times", false)
	b.NextRun()
	b.settled(2) // a full reading of the session, without any report
	if got := open(); got != "1" {
		t.Errorf("%s records are open, want the report: nobody has read it again", got)
	}
	if err := b.optional.SavePeerReport(t.Context(), b.Run, model.PeerReport{SessionID: testbed.UUID(1), ParticipantID: testbed.UUID(2), PeerID: testbed.UUID(2)}); err != nil {
		t.Fatal(err)
	}
	if got := open(); got != "0" {
		t.Errorf("%s records are open after a report was stored", got)
	}
}

// A participant that comes while sessions are marked is not overlooked.
func TestPeerThatComesMeanwhileIsNotOverlooked(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.settled(2)
	b.answer(2, model.PeerReportStored, time.Hour)
	tx, err := b.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `UPDATE sync.session_states SET peers_asked_at = NULL`); err != nil { // as whoever stores the session
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `INSERT INTO realtimekit.participants (session_id, participant_id, joined_at, run_id) VALUES ($1, $2, $3, 1)`,
		testbed.UUID(1).String(), testbed.UUID(3).String(), testbed.T0); err != nil {
		t.Fatal(err)
	}
	marked := make(chan error, 1)
	go func() { marked <- b.optional.PeersAsked(t.Context(), "app", testbed.T0.AddDate(0, -6, 0)) }()
	b.UntilOneWaits()
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-marked; err != nil {
		t.Error(err)
	}
	if n := b.due(time.Hour); n != 1 {
		t.Errorf("%d peers are due, want the new one", n)
	}
}

// A peer without a report that was noted by a clock that was ahead is asked for once
// more, as any other.
func TestPeerAskedInTheFutureIsAskedAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.settled(1)
	b.answer(1, model.PeerReportNone, time.Hour)
	before := b.due(25 * time.Hour)
	b.Text(`UPDATE sync.peer_report_states SET asked_at = now() + interval '300 days' RETURNING 'done'`)
	if after := b.due(25 * time.Hour); before == 0 || after != before {
		t.Errorf("%d peers are due, want %d", after, before)
	}
	b.looked("asked in the future", true)
}
