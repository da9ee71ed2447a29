package queue_test

import (
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/queue"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
	"github.com/rollcall-etl/rollcall/internal/webhook"
)

// Whatever follows a job waits in its own queue, behind whom somebody waits for, and comes at
// once or in a while as was said.
func TestWhatFollowsAJob(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for next, state := range map[time.Duration]string{0: "available", time.Hour: "scheduled"} {
		list := &river.Job[queue.ListApp]{
			JobRow: &rivertype.JobRow{State: rivertype.JobStateRunning, Priority: 3},
			Args:   queue.ListApp{AccountID: account, AppID: app + state},
		}
		b.must(b.pool.QueryRow(t.Context(), `INSERT INTO rollcall_queue.river_job (kind, args, state, max_attempts, priority, queue, attempted_at)
			VALUES ('list_app', '{}', 'running', 1, 3, 'x', now()) RETURNING id`).Scan(&list.ID))
		b.must(queue.Again(b.working, b.Queue, list, next,
			queue.ListApp{AccountID: account, AppID: "beside" + state}, queue.OptionalReads{AccountID: account, AppID: state}, queue.BackfillChunk{AccountID: account, AppID: state}))
		for _, want := range []struct {
			kind, app, queue, state string
			priority                int
		}{
			{"list_app", app + state, queue.Name(account), state, 3},
			{"list_app", "beside" + state, queue.Name(account), "available", 2},
			{"optional_reads", state, queue.OptionalName(account), "available", 4},
			{"backfill_chunk", state, queue.Name(account), "available", 4},
		} {
			if n := b.count(`SELECT count(*) FROM rollcall_queue.river_job WHERE kind = $1 AND args ->> 'app_id' = $2 AND queue = $3 AND state::text = $4 AND priority = $5`,
				want.kind, want.app, want.queue, want.state, want.priority); n != 1 {
				t.Errorf("%d jobs of %+v", n, want)
			}
		}
	}
}

// Whoever asks for a session while it is read has it read again, soon and as if for the first
// time.
func TestSessionThatIsWantedWhileItIsReadIsReadAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := model.UUID{1}
	job := b.asked(model.DueSession{ID: id})
	for _, isWanted := range []bool{false, true} {
		claim, err := b.Claim(t.Context(), job.ID, id, "one")
		b.must(err)
		if isWanted {
			b.exec(`UPDATE sync.session_jobs SET wanted = wanted + 1`)
			job.Priority = 3
		}
		b.must(b.Finish(b.working, job, id, claim, time.Hour))
		if !isWanted {
			job = b.job(id)
		}
	}
	// It is available although it is not due: River's scheduler might come to it late.
	if n := b.count(`SELECT count(*) FROM sync.session_jobs AS s JOIN rollcall_queue.river_job AS r ON r.id = s.job_id
		WHERE s.looks = 0 AND s.due_at < now() + interval '5 seconds' AND r.scheduled_at = s.due_at AND r.state = 'available' AND r.priority = 3`); n != 1 {
		t.Error("the session is not read again soon")
	}
}

// A list is no wish of its own: a session that is read within minutes is left alone.
func TestListsLeaveAloneWhatIsSoonRead(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := model.UUID{1}
	job := b.asked(model.DueSession{ID: id})
	claim, err := b.Claim(t.Context(), job.ID, id, "one")
	b.must(err)
	b.must(b.Finish(b.working, job, id, claim, 10*time.Minute))
	b.must(b.AskFor(t.Context(), account, app, []model.DueSession{{ID: id}}))
	if n := b.count(`SELECT count(*) FROM sync.session_jobs AS s JOIN rollcall_queue.river_job AS r ON r.id = s.job_id
		WHERE s.looks = 1 AND s.due_at > now() + interval '9 minutes' AND r.scheduled_at > now() + interval '9 minutes'`); n != 1 {
		t.Error("the list brings it forward")
	}
}

// A worker gives back what it has, and not what another took meanwhile.
func TestOnlyItsReaderReleasesASession(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := model.UUID{1}
	_, err := b.Claim(t.Context(), b.asked(model.DueSession{ID: id}).ID, id, "one")
	b.must(err)
	for _, test := range []struct {
		worker string
		left   int
	}{{"two", 1}, {"one", 0}} {
		b.must(b.Release(t.Context(), id, test.worker))
		if n := b.count(`SELECT count(reader) FROM sync.session_jobs WHERE session_id = $1`, warehouse.UUID(id)); n != test.left {
			t.Errorf("%d claims after %q gave it back, want %d", n, test.worker, test.left)
		}
	}
}

// Lists are rare where webhooks arrive, and frequent for a day where one did not, and until one
// arrives again.
func TestAnnounced(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, test := range []struct {
		heard, missed string
		isMissed      bool
	}{
		{"1 hour", "30 hours", false},
		{"1 hour", "20 hours", true},
		{"60 hours", "30 hours", true},
	} {
		b.exec(`DELETE FROM sync.app_webhooks`)
		if a, err := b.Announced(t.Context(), app); a.Heard || err != nil {
			t.Fatalf("%+v of an app that no webhook told of, %v", a, err)
		}
		b.exec(`INSERT INTO sync.app_webhooks (app_id, last_event_at, missed_at) VALUES ($1, now() - $2::text::interval, now() - $3::text::interval)`, app, test.heard, test.missed)
		a, err := b.Announced(t.Context(), app)
		if err != nil || !a.Heard || a.Missed != test.isMissed || a.Since < time.Hour {
			t.Errorf("%+v: %+v, %v", test, a, err)
		}
	}
}

// Each event has the outcome of its own, in whatever transaction it was kept.
func TestInboxTellsWhatBecameOfAnEvent(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.exec(`INSERT INTO realtimekit.apps (app_id, account_id, first_synced_at, synced_at, run_id) VALUES ($1, $2, now(), now(), 1)`, app, account)
	inbox := queue.NewInbox(b.Queue, account)
	for i, test := range []struct {
		event webhook.Event
		want  webhook.Outcome
	}{
		{webhook.Event{Name: webhook.MeetingStarted, AppID: app, SessionID: model.UUID{1}}, webhook.Accepted},
		{webhook.Event{Name: webhook.MeetingEnded, AppID: app, SessionID: model.UUID{1}}, webhook.Accepted},
		{webhook.Event{Name: webhook.ChatSynced, AppID: app, SessionID: model.UUID{2}}, webhook.Noted},
		{webhook.Event{Name: webhook.MeetingEnded, AppID: "another's", SessionID: model.UUID{3}}, webhook.Foreign},
	} {
		if got, err := inbox.Receive(t.Context(), test.event); err != nil || got != test.want {
			t.Errorf("event %d: %q, want %q; %v", i, got, test.want, err)
		}
	}
	if n := b.count(`SELECT count(*) FROM sync.session_jobs WHERE has_ended AND wanted = 2`); n != 1 || b.count(`SELECT count(*) FROM sync.session_jobs`) != 1 {
		t.Error("the wishes are not those of the one session")
	}
}

// Whoever ends a session asks for the usage by day, where sessions wait to be counted.
func TestEndOfASessionAsksForTheUsage(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for want, stale := range []bool{false, true} {
		id := model.UUID{byte(want + 1)}
		job := b.asked(model.DueSession{ID: id})
		claim, err := b.Claim(t.Context(), job.ID, id, "one")
		b.must(err)
		if stale {
			b.exec(`INSERT INTO analytics.stale_sessions (session_id) VALUES (gen_random_uuid())`)
		}
		b.must(b.Finish(b.working, job, id, claim, 0))
		if n := b.count(`SELECT count(*) FROM rollcall_queue.river_job WHERE kind = 'refresh_usage'`); n != want {
			t.Errorf("sessions wait: %v, and %d jobs count them", stale, n)
		}
	}
}

// A list that shows a session of an app's history does not bring it before the rest of a
// backfill.
func TestListsDoNotHurryHistory(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	old := []model.DueSession{{ID: model.UUID{1}, IsNew: true, CreatedAt: time.Now().Add(-7 * 24 * time.Hour)}}
	b.must(b.AskForOld(t.Context(), account, app, old))
	b.must(b.AskFor(t.Context(), account, app, old))
	if n := b.count(`SELECT priority FROM rollcall_queue.river_job WHERE kind = 'sync_session'`); n != 4 {
		t.Errorf("its priority is %d", n)
	}
}
