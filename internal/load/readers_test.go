package load_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/testbed"
)

// Readers see a session with all its rows, state and counters, or nothing of it.
func TestSessionAppearsAtOnce(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	ctx, stop := context.WithCancel(t.Context())
	seen := make(chan map[string]int)
	go func() {
		shapes := make(map[string]int)
		for ctx.Err() == nil {
			var shape string
			err := b.Pool.QueryRow(t.Context(), `SELECT concat_ws(' ',
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
		b.Store.HoldAtMost(int64(n%2)<<20, 1<<20) // by turns staged and in memory
		b.MustLoad(testbed.Session(n+1), crowd(rand.New(rand.NewPCG(1, 1)), 40, 0)...)
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
	b := testbed.New(t)
	b.MustLoad(testbed.Session(1), model.ParticipantPage{Participants: []model.Participant{testbed.Participant(1, "x", testbed.T0)}})
	tx, err := b.Pool.Begin(t.Context())
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
		_, err := b.Store.LoadSession(ctx, b.Run, testbed.Session(1), func(_ context.Context, stage func(model.ParticipantPage) error) (model.Reading, error) {
			return testbed.Full, stage(model.ParticipantPage{Pass: 1, Participants: []model.Participant{testbed.Participant(1, "y", testbed.T0)}})
		})
		stored <- err
	}()
	b.UntilOneWaits()
	stop()
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-stored; err != nil || b.Text(`SELECT display_name FROM realtimekit.participants`) != "y" {
		t.Errorf("the session was not stored: %v", err)
	}
}

// A query over the whole history that does not end keeps no load from ending,
// and sees throughout what it saw at first.
func TestLongQueryAndLoadDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	b.MustLoad(testbed.Session(1), crowd(rand.New(rand.NewPCG(1, 1)), 20, 0)...)
	tx, err := b.Pool.BeginTx(t.Context(), pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
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
		b.Store.HoldAtMost(most, 1<<20)
		b.MustLoad(testbed.Session(1), crowd(rand.New(rand.NewPCG(1, 2)), 20, 1)...)
		b.MustLoad(testbed.Session(int(most%7)+2), crowd(rand.New(rand.NewPCG(1, 3)), 20, 0)...)
	}
	if after := history(); after != before {
		t.Errorf("the query saw %d rows, then %d", before, after)
	}
}

// Nothing waits for ever: each connection of the pool has its limits.
func TestEveryConnectionHasTimeLimits(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	if got := b.Text(`SELECT string_agg(name, ' ' ORDER BY name) FROM pg_settings WHERE setting <> '0'
		AND name IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout')`); got != "idle_in_transaction_session_timeout lock_timeout statement_timeout" {
		t.Errorf("limits are set for %q only", got)
	}
}
