package optional_test

import (
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/testbed"
)

// Of two workers the one whose run has the higher number makes the optional reads; the
// other reads sessions. So does a long backfill beside runs.
func TestSessionsReadByARunThatBeganBefore(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	late := b.Run
	late.Kind = model.KindBackfill // one of the same kind would close the first
	id, err := b.Ledger.StartRun(t.Context(), late)
	if err != nil {
		t.Fatal(err)
	}
	late.ID = id
	asked := b.time()
	if err := b.optional.SaveEndpoint(t.Context(), late, "app", "daywise", model.EndpointState{AskedAt: asked}); err != nil {
		t.Fatal(err)
	}
	b.settled(2)
	later := b.time()
	if err := b.Store.FailSession(t.Context(), b.Run, testbed.Session(2), "test", model.Present); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, app string
		since     time.Time
		want      bool
	}{
		{"since it was asked", "app", asked, true},
		{"since the session was read", "app", later, false},
		{"of another app", "other", asked, false},
	} {
		if got, err := b.optional.SessionsReadSince(t.Context(), c.app, c.since); err != nil || got != c.want {
			t.Errorf("%s: %v %v", c.name, got, err)
		}
	}
}

// time is that of the database.
func (b *bench) time() time.Time {
	b.Helper()
	at, err := b.DB.ServerTime(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	return at
}
