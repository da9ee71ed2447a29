package distributed

import (
	"context"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/testbed"
)

// A session with a new app and meeting, whose transaction is under way, keeps no other of
// that kind waiting.
func TestSessionsWithNewMeetingsDoNotWaitForEachOther(t *testing.T) {
	pool, _ := distributed(t)
	b := testbed.On(t, pool)
	holder, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = holder.Rollback(context.WithoutCancel(t.Context())) }()
	pgtest.Exec(t, holder, `SELECT pg_advisory_xact_lock(hashtextextended('rollcall:settings:first', 0))`)
	first, second := testbed.Session(1), testbed.Session(2)
	first.AppID, second.AppID = "first", "second"
	stored := make(chan error, 2)
	load := func(n int) {
		s := first
		if n == 2 {
			s = second
		}
		_, err := b.Load(s, testbed.Full)
		stored <- err
	}
	go load(1)
	b.UntilOneWaits()
	go load(2)
	select {
	case err := <-stored:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Error("the other waits for it")
	}
	if err := holder.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-stored; err != nil {
		t.Error(err)
	}
}
