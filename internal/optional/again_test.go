package optional_test

import (
	"context"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/optional"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/testbed"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// What it and another transaction wait for each other for is stored nonetheless, by another
// try. On Citus two that write tables of every node do so more often.
func TestADeadlockIsTriedAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.MustLoad(testbed.Session(1))
	pgtest.Exec(t, b.Pool, `INSERT INTO sync.rejected_records (entity, app_id, record_key, reason, raw_text, first_seen_at, last_seen_at, run_id)
		VALUES ('recording', 'app', 'r', 'x', 'x', now(), now(), 1)`)
	other, err := b.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Rollback(context.WithoutCancel(t.Context())) }()
	pgtest.Exec(t, other, `SET LOCAL deadlock_timeout = '1h'`)
	pgtest.Exec(t, other, `UPDATE sync.rejected_records SET reason = 'y'`)
	pool := pgtest.Open(t, b.Pool.Config().ConnString()+"&deadlock_timeout=300ms", 4)
	saved := make(chan error, 1)
	go func() {
		_, err := optional.New(warehouse.New(pool, b.DB.Logger)).SaveRecordings(t.Context(), b.Run, "app", []model.Recording{{ID: "r"}}, time.Time{})
		saved <- err
	}()
	b.UntilOneWaits()
	pgtest.Exec(t, other, `INSERT INTO realtimekit.recordings (app_id, recording_id, first_synced_at, synced_at, run_id) VALUES ('app', 'r', now(), now(), 1)`)
	if err := other.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-saved; err != nil {
		t.Error(err)
	}
}
