package queue_test

import (
	"context"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/queue"
)

// Whoever works for a queue is woken when the time of a job comes, and for no other.
func TestRingTellsOfJobsWhoseTimeHasCome(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	conn, err := b.pool.Acquire(t.Context())
	b.must(err)
	defer conn.Release()
	pgtest.Exec(t, conn, `LISTEN "`+queue.Schema()+`.river_insert"`)
	woken := func(since time.Duration) (queues []string) {
		t.Helper()
		b.must(b.Ring(t.Context(), []string{queue.Name(account), queue.Name("another")}, since))
		pgtest.Exec(t, conn, `SELECT pg_notify('rollcall_queue.river_insert', 'end')`)
		for {
			n, err := conn.Conn().WaitForNotification(t.Context())
			b.must(err)
			if n.Payload == "end" {
				return queues
			}
			queues = append(queues, n.Payload)
		}
	}
	b.must(b.AskFor(t.Context(), account, app, []model.DueSession{{ID: model.UUID{1}}, {ID: model.UUID{2}}}))
	b.exec(`UPDATE rollcall_queue.river_job SET scheduled_at = now() + interval '1 minute' WHERE kind = 'sync_session'`)
	woken(time.Minute) // River's own notice of the new jobs among them
	for _, test := range []struct {
		name, at string
		want     int
	}{
		{"two that are due", "now() - interval '1 second'", 1},
		{"not due yet", "now() + interval '1 hour'", 0},
		{"long due", "now() - interval '1 minute'", 0},
	} {
		b.exec(`UPDATE rollcall_queue.river_job SET scheduled_at = ` + test.at + ` WHERE kind = 'sync_session'`)
		got := woken(10 * time.Second)
		if len(got) != test.want || test.want > 0 && got[0] != `{"queue" : "`+queue.Name(account)+`"}` {
			t.Errorf("%s: woken %q", test.name, got)
		}
	}
	if err := b.Ring(canceled(t), nil, time.Second); err == nil {
		t.Error("a bell that could not be rung is no error")
	}
}

func canceled(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
