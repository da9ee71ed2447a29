package load_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"github.com/rollcall-etl/rollcall/internal/load"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/testbed"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// contents is all that the API gave, without when and by which run.
const contents = `SELECT md5(concat(
	(SELECT string_agg(concat_ws('|', session_id, app_id, meeting_id, status, minutes_consumed, updated_at), E'\n' ORDER BY session_id) FROM realtimekit.sessions),
	(SELECT string_agg(concat_ws('|', session_id, participant_id, user_id, display_name, joined_at, duration_minutes, updated_at, extra, repairs, removed_at IS NULL), E'\n'
		ORDER BY session_id, participant_id) FROM realtimekit.participants),
	(SELECT string_agg(concat_ws('|', session_id, participant_id, event_id, event_name, minutes_consumed, updated_at, extra, repairs), E'\n'
		ORDER BY session_id, participant_id, event_id) FROM realtimekit.peer_events)))`

// crowd makes the pages of a session of n participants with three events each.
// From the second version on, some values differ and some people are gone.
func crowd(rng *rand.Rand, n, version int) []model.ParticipantPage {
	var pages []model.ParticipantPage
	at := testbed.T0.Add(time.Duration(version) * time.Minute)
	for i := range n {
		if i%4 == 0 {
			pages = append(pages, model.ParticipantPage{Pass: 1})
		}
		if version > 0 && rng.IntN(8) == 0 {
			continue
		}
		page := &pages[len(pages)-1]
		p := testbed.Participant(100+i, fmt.Sprintf("Person %d", i), testbed.T0)
		p.JoinedAt, p.DurationMinutes = testbed.T0, model.Number{Value: float64(i) / 3, Valid: i%2 == 0}
		if rng.IntN(3) == 0 {
			p.DisplayName, p.UpdatedAt = fmt.Sprintf("Renamed %d", version), at
		}
		if i%5 == 0 {
			p.Extra, p.Repairs = []byte(`{"b": 1, "aa": [1.50, null]}`), model.Repairs{"left_at": "null"}
		}
		page.Participants = append(page.Participants, p)
		for k := range 3 {
			e := model.PeerEvent{ParticipantID: p.ID, ID: testbed.UUID(k), Name: "PEER_JOINING", UpdatedAt: testbed.T0, CreatedAt: testbed.T0}
			if rng.IntN(5) == 0 {
				e.MinutesConsumed, e.UpdatedAt = model.Number{Value: float64(version), Valid: true}, at
			}
			page.Events = append(page.Events, e)
		}
	}
	return pages
}

// Whichever way a session takes into the tables, they hold the same and the
// ledger counts the same: in memory, staged page by page, or read twice.
func TestAllPathsStoreTheSame(t *testing.T) {
	t.Parallel()
	const seed = 4711
	bench := map[string]*testbed.Bench{"memory": testbed.New(t), "staged": testbed.New(t), "part staged": testbed.New(t), "twice": testbed.New(t)}
	bench["staged"].Store.HoldAtMost(1, 1<<20)
	bench["part staged"].Store.HoldAtMost(3000, 1<<20)
	for _, version := range []int{0, 0, 1, 1, 2, 0} {
		want, wantCounts := "", model.RowCounts{}
		for _, name := range []string{"memory", "staged", "part staged", "twice"} {
			b := bench[name]
			pages := crowd(rand.New(rand.NewPCG(seed, uint64(version))), 30, version)
			if name == "twice" {
				pages = append(pages, pages[len(pages)-1]) // one page came again
			}
			counts, err := b.Load(testbed.Session(1), testbed.Full, pages...)
			if err != nil {
				t.Fatalf("%s, version %d: %v", name, version, err)
			}
			if got := b.Text(contents); want == "" {
				want, wantCounts = got, counts
			} else if got != want {
				t.Errorf("version %d: %s stores something else than memory", version, name)
			}
			if counts.Inserted != wantCounts.Inserted || counts.Updated != wantCounts.Updated {
				t.Errorf("version %d: %s counts %+v, memory %+v", version, name, counts, wantCounts)
			}
			if held := b.Store.Held(); held != 0 {
				t.Errorf("version %d: %s leaves %d bytes in the account of held rows", version, name, held)
			}
		}
	}
}

// An unchanged session is read by the database and not written.
func TestUnchangedRowsAreNotTouched(t *testing.T) {
	t.Parallel()
	for _, most := range []int64{1, 1 << 20} {
		b := testbed.New(t)
		b.Store.HoldAtMost(most, 1<<20)
		const versions = `SELECT md5(concat(
			(SELECT string_agg(concat(xmin, ctid, xmax), ',' ORDER BY participant_id) FROM realtimekit.participants),
			(SELECT string_agg(concat(xmin, ctid, xmax), ',' ORDER BY participant_id, event_id) FROM realtimekit.peer_events),
			(SELECT string_agg(concat(xmin, ctid), ',') FROM realtimekit.sessions)))`
		pages := crowd(rand.New(rand.NewPCG(1, 1)), 20, 0)
		b.MustLoad(testbed.Session(1), pages...)
		// A foreign key locks the parents of new rows, which shows in xmax.
		before := b.Text(versions)
		b.NextRun()
		if counts := b.MustLoad(testbed.Session(1), pages...); counts.Inserted+counts.Updated != 0 || counts.Unchanged != counts.Read {
			t.Errorf("%+v", counts)
		}
		if b.Text(versions) != before {
			t.Error("rows were written or locked although nothing changed")
		}
	}
}

// No transaction and no lock is there while the API is awaited, and no
// connection either as long as the rows fit in memory.
func TestNothingIsOpenWhileTheAPIIsAwaited(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	for most, connections := range map[int64]int32{1: 1, 1 << 20: 0} {
		b.Store.HoldAtMost(most, 1<<20)
		_, err := b.Store.LoadSession(t.Context(), b.Run, testbed.Session(1), func(_ context.Context, stage func(model.ParticipantPage) error) (model.Reading, error) {
			for _, page := range crowd(rand.New(rand.NewPCG(1, 1)), 8, 0) {
				if err := stage(page); err != nil {
					return testbed.Full, err
				}
				if held := b.Pool.Stat().AcquiredConns(); held != connections {
					t.Errorf("%d connections are held, want %d", held, connections)
				}
				if open := b.Text(`SELECT count(*)::text FROM pg_stat_activity
					WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL`); open != "0" {
					t.Errorf("%s transactions are open", open)
				}
			}
			return testbed.Full, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// A session that fits nowhere else waits for a connection, and the books do not:
// they have connections of their own.
func TestLargeSessionsDoNotStarveTheBooks(t *testing.T) {
	t.Parallel()
	b := testbed.New(t) // its pool has eight connections, five of them for sessions
	b.Store.HoldAtMost(1, 1)
	group, ctx := errgroup.WithContext(t.Context())
	arrived := make(chan struct{}, 10)
	goOn := make(chan struct{})
	for n := range 10 {
		group.Go(func() error {
			_, err := b.Store.LoadSession(ctx, b.Run, testbed.Session(n+1), func(_ context.Context, stage func(model.ParticipantPage) error) (model.Reading, error) {
				arrived <- struct{}{}
				err := stage(model.ParticipantPage{Pass: 1, Participants: []model.Participant{testbed.Participant(2, "x", testbed.T0)}})
				<-goOn
				return testbed.Full, err
			})
			return err
		})
	}
	for range 10 {
		<-arrived
	}
	if err := b.Store.FailSession(t.Context(), b.Run, testbed.Session(99), "while all loaders are taken", model.Present); err != nil {
		t.Error(err)
	}
	close(goOn)
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
	if got := b.Text(`SELECT count(*)::text FROM realtimekit.participants`); got != "10" {
		t.Errorf("%s participants are stored, want 10", got)
	}
}

// Cron and backfill load the same sessions of one meeting at once, in opposite
// orders and with different contents: none may wait for the other for ever.
func TestTwoRunsInOppositeOrdersDoNotDeadlock(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	other := load.New(warehouse.New(b.Pool, nil))
	other.HoldAtMost(1, 1) // through staging
	order := make([]int, 12)
	for i := range order {
		order[i] = i + 1
	}
	backwards := slices.Clone(order)
	slices.Reverse(backwards)
	group, ctx := errgroup.WithContext(t.Context())
	for i, way := range [][]int{order, backwards, order, backwards} {
		store := b.Store
		if i%2 == 1 {
			store = other
		}
		rng := rand.New(rand.NewPCG(7, uint64(i)))
		group.Go(func() error {
			for round := range 3 {
				for _, n := range way {
					s := testbed.Session(n)
					s.MeetingTitle, s.UpdatedAt = fmt.Sprintf("title %d %d", i, round), testbed.T0.Add(time.Duration(round)*time.Second)
					rejected := model.Rejected{Entity: model.EntityParticipant, AppID: "app", SessionID: s.ID, Key: "k", Reason: "r", Raw: "{}"}
					pages := crowd(rng, 8, round)
					pages[0].Rejected = append(pages[0].Rejected, rejected)
					_, err := store.LoadSession(ctx, b.Run, s, func(_ context.Context, stage func(model.ParticipantPage) error) (model.Reading, error) {
						var err error
						for _, page := range pages {
							err = errors.Join(err, stage(page))
						}
						return testbed.Full, err
					})
					if err != nil {
						return fmt.Errorf("session %d: %w", n, err)
					}
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}

// A commit whose answer was lost, and that cannot be looked up either, tells one
// cause and both facts.
func TestCommitThatCannotBeLookedUp(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	config := b.Pool.Config()
	var down atomic.Bool
	config.BeforeConnect = func(context.Context, *pgx.ConnConfig) error {
		if down.Load() {
			return errors.New("the server is away")
		}
		return nil
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	store := load.New(warehouse.New(pool, slog.New(slog.DiscardHandler)))
	_, err = store.LoadSession(t.Context(), b.Run, testbed.Session(1), func(ctx context.Context, stage func(model.ParticipantPage) error) (model.Reading, error) {
		if err := pool.Ping(ctx); err != nil { // leaves one connection in the pool
			return testbed.Full, err
		}
		b.Text(`SELECT count(pg_terminate_backend(pid, 10000))::text FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid()`)
		down.Store(true)
		return testbed.Full, stage(model.ParticipantPage{Pass: 1})
	})
	if !errors.Is(err, model.ErrStore) {
		t.Fatalf("got %v", err)
	}
	for _, part := range []string{"the database failed: ", "could not be looked up", "the server is away"} {
		if strings.Count(err.Error(), part) != 1 {
			t.Errorf("%q is not once in: %v", part, err)
		}
	}
}

// What was read and settled, and then fails, is due again: nothing else would read
// it, and it would be called failed for ever.
func TestSettledSessionThatFailsIsDueAgain(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	s := testbed.Session(1)
	b.MustLoad(s, model.ParticipantPage{Participants: []model.Participant{testbed.Participant(2, "x", testbed.T0)}})
	if _, err := b.Pool.Exec(t.Context(), `UPDATE sync.session_states SET settled_at = now()`); err != nil {
		t.Fatal(err)
	}
	if due, err := b.Ledger.Unsettled(t.Context(), s.AppID); err != nil || len(due) != 0 {
		t.Fatalf("a settled session is due: %v, %v", due, err)
	}
	if err := b.Store.FailSession(t.Context(), b.Run, s, "status 500", model.Present); err != nil {
		t.Fatal(err)
	}
	if due, err := b.Ledger.Unsettled(t.Context(), s.AppID); err != nil || len(due) != 1 {
		t.Errorf("due are %v: %v", due, err)
	}
}
