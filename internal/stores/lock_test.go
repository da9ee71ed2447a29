package stores_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/inventory"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/optional"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/testbed"
)

func TestMain(m *testing.M) { pgtest.Main(m, pgtest.Migrated) }

// Between two heartbeats nobody has noticed that the lock's connection is gone: what
// rests on the lock looks for itself, and writes nothing beside the run that may have
// begun.
func TestNothingIsWrittenWithoutTheLock(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	held, release, err := b.Ledger.Acquire(t.Context(), "acc", model.KindRun)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	load := func() error {
		_, err := b.Store.LoadSession(held, b.Run, testbed.Session(1), func(_ context.Context, stage func(model.ParticipantPage) error) (model.Reading, error) {
			return testbed.Full, stage(model.ParticipantPage{Pass: 1, Participants: []model.Participant{testbed.Participant(1, "y", testbed.T0)}})
		})
		return err
	}
	effects := map[string]func() error{
		"a session":    load,
		"a failure":    func() error { return b.Store.FailSession(held, b.Run, testbed.Session(1), "x", model.Missed) },
		"a watermark":  func() error { return b.Ledger.SaveDiscovery(held, b.Run, "app", testbed.T0, "") },
		"a checkpoint": func() error { return b.Ledger.SaveCheckpoint(held, b.Run, "app", testbed.T0) },
		"a verification": func() error {
			return inventory.New(b.DB).SaveVerifyCheckpoint(held, b.Run, "app", model.VerifyRange{}, model.VerifyCheckpoint{At: testbed.T0})
		},
		"apps": func() error { return b.Store.SaveApps(held, b.Run, []model.App{{ID: "app", AccountID: "acc"}}) },
		"days": func() error {
			_, err := optional.New(b.DB).SaveDays(held, b.Run, "app", []model.DailyStats{{Day: testbed.T0}})
			return err
		},
		"a run": func() error { _, err := b.Ledger.StartRun(held, b.Run); return err },
	}
	if err := effects["apps"](); err != nil { // which others refer to
		t.Fatal(err)
	}
	for name, do := range effects {
		if err := do(); err != nil {
			t.Fatalf("%s with the lock: %v", name, err)
		}
	}
	const books = `SELECT (SELECT count(*) FROM sync.runs) || ' ' || (SELECT sum(xmin::text::bigint) FROM sync.session_states) || ' ' || (SELECT sum(xmin::text::bigint) FROM sync.app_states)
		|| ' ' || (SELECT sum(xmin::text::bigint) FROM sync.backfills) || ' ' || (SELECT sum(xmin::text::bigint) FROM sync.verifications)`
	before := b.Text(books)
	if got := b.Text(`SELECT count(pg_terminate_backend(pid, 60000))::text FROM pg_locks
		WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`); got != "1" {
		t.Fatalf("%s holders were ended", got)
	}
	_, other, err := b.Ledger.Acquire(t.Context(), "acc", model.KindRun)
	if err != nil {
		t.Fatal(err)
	}
	defer other()
	for name, do := range effects {
		if err := do(); !errors.Is(err, model.ErrStore) || !strings.Contains(err.Error(), "another run may have begun") {
			t.Errorf("%s without the lock: %v", name, err)
		}
	}
	if after := b.Text(books); after != before {
		t.Errorf("without the lock was written: %s, before %s", after, before)
	}
}
