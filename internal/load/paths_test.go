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
	at := t0.Add(time.Duration(version) * time.Minute)
	for i := range n {
		if i%4 == 0 {
			pages = append(pages, model.ParticipantPage{Pass: 1})
		}
		if version > 0 && rng.IntN(8) == 0 {
			continue
		}
		page := &pages[len(pages)-1]
		p := participant(100+i, fmt.Sprintf("Person %d", i), t0)
		p.JoinedAt, p.DurationMinutes = t0, model.Number{Value: float64(i) / 3, Valid: i%2 == 0}
		if rng.IntN(3) == 0 {
			p.DisplayName, p.UpdatedAt = fmt.Sprintf("Renamed %d", version), at
		}
		if i%5 == 0 {
			p.Extra, p.Repairs = []byte(`{"b": 1, "aa": [1.50, null]}`), model.Repairs{"left_at": "null"}
		}
		page.Participants = append(page.Participants, p)
		for k := range 3 {
			e := model.PeerEvent{ParticipantID: p.ID, ID: uuid(k), Name: "PEER_JOINING", UpdatedAt: t0, CreatedAt: t0}
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
	bench := map[string]*bench{"memory": newBench(t), "staged": newBench(t), "part staged": newBench(t), "twice": newBench(t)}
	bench["staged"].store.HoldAtMost(1, 1<<20)
	bench["part staged"].store.HoldAtMost(3000, 1<<20)
	for _, version := range []int{0, 0, 1, 1, 2, 0} {
		want, wantCounts := "", model.RowCounts{}
		for _, name := range []string{"memory", "staged", "part staged", "twice"} {
			b := bench[name]
			pages := crowd(rand.New(rand.NewPCG(seed, uint64(version))), 30, version)
			if name == "twice" {
				pages = append(pages, pages[len(pages)-1]) // one page came again
			}
			counts, err := b.load(session(1), full, pages...)
			if err != nil {
				t.Fatalf("%s, version %d: %v", name, version, err)
			}
			if got := b.text(contents); want == "" {
				want, wantCounts = got, counts
			} else if got != want {
				t.Errorf("version %d: %s stores something else than memory", version, name)
			}
			if counts.Inserted != wantCounts.Inserted || counts.Updated != wantCounts.Updated {
				t.Errorf("version %d: %s counts %+v, memory %+v", version, name, counts, wantCounts)
			}
			if held := b.store.Held(); held != 0 {
				t.Errorf("version %d: %s leaves %d bytes in the account of held rows", version, name, held)
			}
		}
	}
}

// An unchanged session is read by the database and not written.
func TestUnchangedRowsAreNotTouched(t *testing.T) {
	t.Parallel()
	for _, most := range []int64{1, 1 << 20} {
		b := newBench(t)
		b.store.HoldAtMost(most, 1<<20)
		const versions = `SELECT md5(concat(
			(SELECT string_agg(concat(xmin, ctid, xmax), ',' ORDER BY participant_id) FROM realtimekit.participants),
			(SELECT string_agg(concat(xmin, ctid, xmax), ',' ORDER BY participant_id, event_id) FROM realtimekit.peer_events),
			(SELECT string_agg(concat(xmin, ctid), ',') FROM realtimekit.sessions)))`
		pages := crowd(rand.New(rand.NewPCG(1, 1)), 20, 0)
		b.mustLoad(session(1), pages...)
		// A foreign key locks the parents of new rows, which shows in xmax.
		before := b.text(versions)
		b.nextRun()
		if counts := b.mustLoad(session(1), pages...); counts.Inserted+counts.Updated != 0 || counts.Unchanged != counts.Read {
			t.Errorf("%+v", counts)
		}
		if b.text(versions) != before {
			t.Error("rows were written or locked although nothing changed")
		}
	}
}

// No transaction and no lock is there while the API is awaited, and no
// connection either as long as the rows fit in memory.
func TestNothingIsOpenWhileTheAPIIsAwaited(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for most, connections := range map[int64]int32{1: 1, 1 << 20: 0} {
		b.store.HoldAtMost(most, 1<<20)
		_, err := b.store.LoadSession(t.Context(), b.run, session(1), func(_ context.Context, stage func(model.ParticipantPage) error) (model.Reading, error) {
			for _, page := range crowd(rand.New(rand.NewPCG(1, 1)), 8, 0) {
				if err := stage(page); err != nil {
					return full, err
				}
				if held := b.pool.Stat().AcquiredConns(); held != connections {
					t.Errorf("%d connections are held, want %d", held, connections)
				}
				if open := b.text(`SELECT count(*)::text FROM pg_stat_activity
					WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL`); open != "0" {
					t.Errorf("%s transactions are open", open)
				}
			}
			return full, nil
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
	b := newBench(t) // its pool has eight connections, five of them for sessions
	b.store.HoldAtMost(1, 1)
	group, ctx := errgroup.WithContext(t.Context())
	arrived := make(chan struct{}, 10)
	goOn := make(chan struct{})
	for n := range 10 {
		group.Go(func() error {
			_, err := b.store.LoadSession(ctx, b.run, session(n+1), func(_ context.Context, stage func(model.ParticipantPage) error) (model.Reading, error) {
				arrived <- struct{}{}
				err := stage(model.ParticipantPage{Pass: 1, Participants: []model.Participant{participant(2, "x", t0)}})
				<-goOn
				return full, err
			})
			return err
		})
	}
	for range 10 {
		<-arrived
	}
	if err := b.store.FailSession(t.Context(), b.run, session(99), "while all loaders are taken", model.Present); err != nil {
		t.Error(err)
	}
	close(goOn)
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
	if got := b.text(`SELECT count(*)::text FROM realtimekit.participants`); got != "10" {
		t.Errorf("%s participants are stored, want 10", got)
	}
}

// Cron and backfill load the same sessions of one meeting at once, in opposite
// orders and with different contents: none may wait for the other for ever.
func TestTwoRunsInOppositeOrdersDoNotDeadlock(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	other := load.New(b.pool, nil)
	other.HoldAtMost(1, 1) // through staging
	order := make([]int, 12)
	for i := range order {
		order[i] = i + 1
	}
	backwards := slices.Clone(order)
	slices.Reverse(backwards)
	group, ctx := errgroup.WithContext(t.Context())
	for i, way := range [][]int{order, backwards, order, backwards} {
		store := b.store
		if i%2 == 1 {
			store = other
		}
		rng := rand.New(rand.NewPCG(7, uint64(i)))
		group.Go(func() error {
			for round := range 3 {
				for _, n := range way {
					s := session(n)
					s.MeetingTitle, s.UpdatedAt = fmt.Sprintf("title %d %d", i, round), t0.Add(time.Duration(round)*time.Second)
					rejected := model.Rejected{Entity: model.EntityParticipant, AppID: "app", SessionID: s.ID, Key: "k", Reason: "r", Raw: "{}"}
					pages := crowd(rng, 8, round)
					pages[0].Rejected = append(pages[0].Rejected, rejected)
					_, err := store.LoadSession(ctx, b.run, s, func(_ context.Context, stage func(model.ParticipantPage) error) (model.Reading, error) {
						var err error
						for _, page := range pages {
							err = errors.Join(err, stage(page))
						}
						return full, err
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
	b := newBench(t)
	config := b.pool.Config()
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
	store := load.New(pool, slog.New(slog.DiscardHandler))
	_, err = store.LoadSession(t.Context(), b.run, session(1), func(ctx context.Context, stage func(model.ParticipantPage) error) (model.Reading, error) {
		if err := pool.Ping(ctx); err != nil { // leaves one connection in the pool
			return full, err
		}
		b.text(`SELECT count(pg_terminate_backend(pid, 10000))::text FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid()`)
		down.Store(true)
		return full, stage(model.ParticipantPage{Pass: 1})
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
	b := newBench(t)
	s := session(1)
	b.mustLoad(s, model.ParticipantPage{Participants: []model.Participant{participant(2, "x", t0)}})
	if _, err := b.pool.Exec(t.Context(), `UPDATE sync.session_states SET settled_at = now()`); err != nil {
		t.Fatal(err)
	}
	if due, err := b.store.Unsettled(t.Context(), s.AppID); err != nil || len(due) != 0 {
		t.Fatalf("a settled session is due: %v, %v", due, err)
	}
	if err := b.store.FailSession(t.Context(), b.run, s, "status 500", model.Present); err != nil {
		t.Fatal(err)
	}
	if due, err := b.store.Unsettled(t.Context(), s.AppID); err != nil || len(due) != 1 {
		t.Errorf("due are %v: %v", due, err)
	}
}
