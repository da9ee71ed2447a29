package load_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// Readers see a session with all its rows, state and counters, or nothing of it.
func TestSessionAppearsAtOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ctx, stop := context.WithCancel(t.Context())
	seen := make(chan map[string]int)
	go func() {
		shapes := make(map[string]int)
		for ctx.Err() == nil {
			var shape string
			err := b.pool.QueryRow(t.Context(), `SELECT concat_ws(' ',
				(SELECT count(*) FROM realtimekit.sessions), (SELECT count(*) FROM realtimekit.participants),
				(SELECT count(*) FROM realtimekit.peer_events), (SELECT count(complete_at) FROM sync.session_states),
				(SELECT sum(rows_inserted) FROM sync.run_sessions))`).Scan(&shape)
			if err != nil {
				t.Error(err)
				break
			}
			shapes[shape]++
		}
		seen <- shapes
	}()
	for n := range 4 {
		b.store.HoldAtMost(int64(n%2)<<20, 1<<20) // by turns staged and in memory
		b.mustLoad(session(n+1), crowd(rand.New(rand.NewPCG(1, 1)), 40, 0)...)
	}
	stop()
	for shape := range <-seen {
		switch shape {
		case "0 0 0 0", "1 40 120 1 161", "2 80 240 2 322", "3 120 360 3 483", "4 160 480 4 644":
		default:
			t.Errorf("a reader saw %q", shape)
		}
	}
}

// A stop lets the transaction that is under way come to its end: what the API was
// asked for is not asked for again.
func TestStopWaitsForTheSessionInHand(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.mustLoad(session(1), model.ParticipantPage{Participants: []model.Participant{participant(1, "x", t0)}})
	tx, err := b.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }() // it is over by then
	if _, err := tx.Exec(t.Context(), `SELECT FROM sync.session_states FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	stored := make(chan error, 1)
	go func() {
		_, err := b.store.LoadSession(ctx, b.run, session(1), func(_ context.Context, stage func(model.ParticipantPage) error) (model.Reading, error) {
			return full, stage(model.ParticipantPage{Pass: 1, Participants: []model.Participant{participant(1, "y", t0)}})
		})
		stored <- err
	}()
	b.untilOneWaits()
	stop()
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-stored; err != nil || b.text(`SELECT display_name FROM realtimekit.participants`) != "y" {
		t.Errorf("the session was not stored: %v", err)
	}
}

// A run whose lock is gone ends: another one may have begun.
func TestLostLockEndsTheWork(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.store.BeatEvery(time.Millisecond)
	held, release, err := b.store.Acquire(t.Context(), "acc", model.KindRun)
	if err != nil {
		t.Fatal(err)
	}
	var ended int
	if err := b.pool.QueryRow(t.Context(), `SELECT count(pg_terminate_backend(pid)) FROM pg_locks
		WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`).Scan(&ended); err != nil || ended != 1 {
		t.Fatalf("%d holders were ended: %v", ended, err)
	}
	select {
	case <-held.Done():
	case <-time.After(20 * time.Second):
		t.Error("nobody noticed that the lock is gone")
	}
	if cause := context.Cause(held); !errors.Is(cause, model.ErrStore) || !strings.Contains(cause.Error(), "lock was lost") {
		t.Errorf("the reason is %v", cause)
	}
	release()
	for began := time.Now(); ; { // Postgres says goodbye before it lets go
		_, again, err := b.store.Acquire(t.Context(), "acc", model.KindRun)
		if err == nil {
			again()
			return
		}
		if !errors.Is(err, model.ErrLocked) || time.Since(began) > time.Minute {
			t.Fatalf("the lock cannot be had again: %v", err)
		}
	}
}

// Between two heartbeats nobody has noticed that the lock's connection is gone: what
// rests on the lock looks for itself, and writes nothing beside the run that may have
// begun.
func TestNothingIsWrittenWithoutTheLock(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	held, release, err := b.store.Acquire(t.Context(), "acc", model.KindRun)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	load := func() error {
		_, err := b.store.LoadSession(held, b.run, session(1), func(_ context.Context, stage func(model.ParticipantPage) error) (model.Reading, error) {
			return full, stage(model.ParticipantPage{Pass: 1, Participants: []model.Participant{participant(1, "y", t0)}})
		})
		return err
	}
	effects := map[string]func() error{
		"a session":    load,
		"a failure":    func() error { return b.store.FailSession(held, b.run, session(1), "x", model.Missed) },
		"a watermark":  func() error { return b.store.SaveDiscovery(held, b.run, "app", t0, "") },
		"a checkpoint": func() error { return b.store.SaveCheckpoint(held, b.run, "app", false, t0) },
		"a verification": func() error {
			return b.store.SaveVerifyCheckpoint(held, b.run, "app", model.VerifyRange{}, model.VerifyCheckpoint{At: t0})
		},
		"apps": func() error { return b.store.SaveApps(held, b.run, []model.App{{ID: "app", AccountID: "acc"}}) },
		"days": func() error {
			_, err := b.store.SaveDays(held, b.run, "app", []model.DailyStats{{Day: t0}})
			return err
		},
		"a run": func() error { _, err := b.store.StartRun(held, b.run); return err },
	}
	for name, do := range effects {
		if err := do(); err != nil {
			t.Fatalf("%s with the lock: %v", name, err)
		}
	}
	const books = `SELECT (SELECT count(*) FROM sync.runs) || ' ' || (SELECT sum(xmin::text::bigint) FROM sync.session_states) || ' ' || (SELECT sum(xmin::text::bigint) FROM sync.app_states)
		|| ' ' || (SELECT sum(xmin::text::bigint) FROM sync.backfills) || ' ' || (SELECT sum(xmin::text::bigint) FROM sync.verifications)`
	before := b.text(books)
	if got := b.text(`SELECT count(pg_terminate_backend(pid, 60000))::text FROM pg_locks
		WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`); got != "1" {
		t.Fatalf("%s holders were ended", got)
	}
	_, other, err := b.store.Acquire(t.Context(), "acc", model.KindRun)
	if err != nil {
		t.Fatal(err)
	}
	defer other()
	for name, do := range effects {
		if err := do(); !errors.Is(err, model.ErrStore) || !strings.Contains(err.Error(), "another run may have begun") {
			t.Errorf("%s without the lock: %v", name, err)
		}
	}
	if after := b.text(books); after != before {
		t.Errorf("without the lock was written: %s, before %s", after, before)
	}
}

// A query over the whole history that does not end keeps no load from ending,
// and sees throughout what it saw at first.
func TestLongQueryAndLoadDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.mustLoad(session(1), crowd(rand.New(rand.NewPCG(1, 1)), 20, 0)...)
	tx, err := b.pool.BeginTx(t.Context(), pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }) // it wrote nothing
	history := func() (rows int) {
		err := tx.QueryRow(t.Context(), `SELECT count(*) FROM realtimekit.meetings JOIN realtimekit.sessions USING (app_id, meeting_id)
			JOIN realtimekit.participants USING (session_id) JOIN realtimekit.peer_events USING (session_id, participant_id)`).Scan(&rows)
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	before := history()
	for _, most := range []int64{1, 1 << 20} {
		b.store.HoldAtMost(most, 1<<20)
		b.mustLoad(session(1), crowd(rand.New(rand.NewPCG(1, 2)), 20, 1)...)
		b.mustLoad(session(int(most%7)+2), crowd(rand.New(rand.NewPCG(1, 3)), 20, 0)...)
	}
	if after := history(); after != before {
		t.Errorf("the query saw %d rows, then %d", before, after)
	}
}

// Nothing waits for ever: each connection of the pool has its limits.
func TestEveryConnectionHasTimeLimits(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if got := b.text(`SELECT string_agg(name, ' ' ORDER BY name) FROM pg_settings WHERE setting <> '0'
		AND name IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout')`); got != "idle_in_transaction_session_timeout lock_timeout statement_timeout" {
		t.Errorf("limits are set for %q only", got)
	}
}
