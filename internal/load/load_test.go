package load_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/load"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/secret"
)

func TestMain(m *testing.M) { pgtest.Main(m, pgtest.Migrated) }

// bench is a store on a database of the test's own, with a run under way.
type bench struct {
	*testing.T
	store *load.Store
	pool  *pgxpool.Pool
	run   model.Run
}

func newBench(t *testing.T) *bench {
	t.Helper()
	pool, err := postgres.Open(t.Context(), secret.New(pgtest.New(t)), 8)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	b := &bench{T: t, pool: pool, store: load.New(pool, slog.New(slog.DiscardHandler))}
	b.nextRun()
	return b
}

func (b *bench) nextRun() {
	b.Helper()
	run := model.Run{AccountID: "acc", Kind: model.KindRun, StartedAt: time.Now(), Version: "test"}
	id, err := b.store.StartRun(b.Context(), run)
	if err != nil {
		b.Fatal(err)
	}
	run.ID = id
	b.run = run
}

func (b *bench) text(sql string) string {
	b.Helper()
	var s *string
	if err := b.pool.QueryRow(b.Context(), sql).Scan(&s); err != nil {
		b.Fatalf("%s: %v", sql, err)
	}
	if s == nil {
		return "<null>"
	}
	return *s
}

// untilOneWaits returns once a transaction waits for the lock of another.
func (b *bench) untilOneWaits() {
	b.Helper()
	const waiting = `SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
	for began := time.Now(); b.text(waiting) == "0"; {
		if time.Since(began) > time.Minute {
			b.Fatal("nobody waits for a lock")
		}
	}
}

// load stores a session of which every page is given.
func (b *bench) load(s model.Session, reading model.Reading, pages ...model.ParticipantPage) (model.RowCounts, error) {
	return b.store.LoadSession(b.Context(), b.run, s, func(_ context.Context, stage func(model.ParticipantPage) error) (model.Reading, error) {
		for _, page := range pages {
			page.Pass = max(page.Pass, 1)
			if err := stage(page); err != nil {
				return model.Reading{}, err
			}
		}
		return reading, nil
	})
}

func (b *bench) mustLoad(s model.Session, pages ...model.ParticipantPage) model.RowCounts {
	b.Helper()
	counts, err := b.load(s, full, pages...)
	if err != nil {
		b.Fatal(err)
	}
	return counts
}

var full = model.Reading{FullPass: true, LastPass: 1, Complete: true, Settled: true}

func uuid(n int) model.UUID {
	id, err := model.ParseUUID(fmt.Sprintf("00000000-0000-4000-8000-%012d", n))
	if err != nil {
		panic(err)
	}
	return id
}

var t0 = time.Date(2026, 11, 20, 15, 0, 0, 123456000, time.UTC)

func session(n int) model.Session {
	return model.Session{
		ID: uuid(n), AppID: "app", MeetingID: "room", MeetingTitle: "Algebra", Status: model.StatusEnded,
		CreatedAt: t0, UpdatedAt: t0, MinutesConsumed: model.Number{Value: 1.5, Valid: true},
	}
}

func participant(n int, name string, updated time.Time) model.Participant {
	return model.Participant{ID: uuid(n), DisplayName: name, UpdatedAt: updated}
}

const names = `SELECT string_agg(display_name, ' ' ORDER BY participant_id) FROM realtimekit.participants`

// Stripe's sync engine #268: of two versions with the same time, the later read
// wins, and an older one never does.
func TestOlderCopyNeverOverwrites(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		first, second time.Time
		want          string
	}{
		"newer":             {t0, t0.Add(time.Second), "second"},
		"same time":         {t0, t0, "second"},
		"older":             {t0, t0.Add(-time.Second), "first"},
		"without a time":    {time.Time{}, time.Time{}, "second"},
		"time lost":         {t0, time.Time{}, "second"},
		"microsecond newer": {t0, t0.Add(time.Microsecond), "second"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.mustLoad(session(1), model.ParticipantPage{Participants: []model.Participant{participant(2, "first", c.first)}})
			b.mustLoad(session(1), model.ParticipantPage{Participants: []model.Participant{participant(2, "second", c.second)}})
			if got := b.text(names); got != c.want {
				t.Errorf("stored %q, want %q", got, c.want)
			}
		})
	}
}

// A reading that began earlier but commits later must not undo a later one.
func TestOverlappingReadingsKeepTheLater(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, err := b.store.LoadSession(t.Context(), b.run, session(1), func(_ context.Context, stage func(model.ParticipantPage) error) (model.Reading, error) {
		b.mustLoad(session(1), model.ParticipantPage{Participants: []model.Participant{participant(2, "later", t0), participant(3, "new", t0)}})
		return full, stage(model.ParticipantPage{Pass: 1, Participants: []model.Participant{participant(2, "earlier", t0)}})
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := b.text(names); got != "later new" {
		t.Errorf("stored %q", got)
	}
	if got := b.text(`SELECT count(*)::text FROM realtimekit.participants WHERE removed_at IS NOT NULL`); got != "0" {
		t.Errorf("%s participants were marked as removed by the earlier reading", got)
	}
}

// A session that was asked for by name is stored as the API has it, in all three
// tables and also through staging, unless a later reading is there.
func TestReadingThatOverrides(t *testing.T) {
	t.Parallel()
	for name, later := range map[string]bool{"alone": false, "after a later reading": true} {
		b := newBench(t)
		page := func(name string, at time.Time) model.ParticipantPage {
			return model.ParticipantPage{
				Pass: 1, Participants: []model.Participant{participant(2, name, at)},
				Events: []model.PeerEvent{{ID: uuid(4), ParticipantID: uuid(2), Name: name, UpdatedAt: at}},
			}
		}
		newer, older := session(1), session(1)
		newer.MeetingTitle, newer.UpdatedAt = "first", t0
		older.MeetingTitle, older.UpdatedAt = "second", t0.Add(-time.Hour)
		b.mustLoad(newer, page("first", t0))
		overrides := full
		overrides.Overrides = true
		_, err := b.store.LoadSession(t.Context(), b.run, older, func(_ context.Context, stage func(model.ParticipantPage) error) (model.Reading, error) {
			if later {
				b.mustLoad(newer, page("first", t0))
			}
			return overrides, stage(page("second", t0.Add(-time.Hour)))
		})
		if err != nil {
			t.Fatal(err)
		}
		want := "second second second"
		if later {
			want = "first first first"
		}
		if got := b.text(`SELECT concat_ws(' ', s.meeting_title, p.display_name, e.event_name)
			FROM realtimekit.sessions AS s JOIN realtimekit.participants AS p USING (session_id) JOIN realtimekit.peer_events AS e USING (session_id)`); got != want {
			t.Errorf("%s: stored %q, want %q", name, got, want)
		}
	}
}

// bruin-data/ingestr#639, apache/devlake#1729: the same key twice in one batch
// (SQLSTATE 21000); the later updated_at wins, whichever comes first.
func TestSameKeyTwiceInOneReading(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	event := model.PeerEvent{ParticipantID: uuid(2), ID: uuid(9), Name: "PEER_JOINING", UpdatedAt: t0}
	left := event
	left.Name, left.UpdatedAt = "PEER_LEAVING", t0.Add(time.Second)
	pages := []model.ParticipantPage{
		{
			Participants: []model.Participant{participant(2, "new", t0.Add(time.Second)), participant(2, "old", t0)},
			Events:       []model.PeerEvent{left, event},
		},
		{Participants: []model.Participant{participant(2, "old", t0)}, Events: []model.PeerEvent{event}},
	}
	stored := func() string {
		return b.text(names) + b.text(`SELECT string_agg(event_name, ' ') FROM realtimekit.peer_events`)
	}
	for range 2 {
		b.mustLoad(session(1), pages...)
		if got := stored(); got != "newPEER_LEAVING" {
			t.Errorf("stored %q", got)
		}
	}
	// So it is where a row is there, and both copies are newer.
	for n, most := range []int64{1, 1 << 20} { // staged and in memory
		b.store.HoldAtMost(most, 1<<20)
		name, earlier, later := fmt.Sprintf("newest %d ", n), t0.Add(time.Duration(n+1)*time.Hour), t0.Add(time.Duration(n+1)*time.Hour+time.Minute)
		newest, between := left, left
		newest.Name, newest.UpdatedAt, between.Name, between.UpdatedAt = "NEWEST", later, "BETWEEN", earlier
		b.mustLoad(session(1), model.ParticipantPage{
			Participants: []model.Participant{participant(2, name, later), participant(2, "between", earlier)},
			Events:       []model.PeerEvent{newest, between},
		})
		if got := stored(); got != name+"NEWEST" {
			t.Errorf("at most %d bytes: stored %q", most, got)
		}
	}
}

// The vendor's own sample repeats event ids under two participants.
func TestEventIDsRepeatAcrossParticipants(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	counts := b.mustLoad(session(1), model.ParticipantPage{
		Participants: []model.Participant{participant(2, "a", t0), participant(3, "b", t0)},
		Events:       []model.PeerEvent{{ParticipantID: uuid(2), ID: uuid(9)}, {ParticipantID: uuid(3), ID: uuid(9)}},
	})
	if counts.Inserted != 5 {
		t.Errorf("inserted %d rows, want 5", counts.Inserted)
	}
}

func TestValuesArriveAsTheyWere(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	p := participant(2, "Zoë 李 🎓", t0)
	p.JoinedAt = time.Date(1969, 12, 31, 23, 59, 59, 999999000, time.UTC)
	p.LeftAt = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	p.DurationMinutes = model.Number{Value: -0.0042, Valid: true}
	p.Extra, p.Repairs = []byte(`{"a":[1,null]}`), model.Repairs{"joined_at": `x"`}
	b.mustLoad(session(1), model.ParticipantPage{Participants: []model.Participant{p}})
	got := b.text(`SELECT concat_ws('|', display_name, joined_at, left_at, duration_minutes, extra, repairs, user_id IS NULL, created_at IS NULL)
		FROM realtimekit.participants`)
	want := `Zoë 李 🎓|1969-12-31 23:59:59.999999+00|9999-12-31 23:59:59+00|-0.0042|{"a": [1, null]}|{"joined_at": "x\""}|t|t`
	if got != want {
		t.Errorf("stored\n%s, want\n%s", got, want)
	}
}

// Meeting titles are those of the newest session, in whatever order they load.
func TestMeetingTitleIsTheNewest(t *testing.T) {
	t.Parallel()
	for _, order := range [][]int{{1, 2, 3}, {3, 2, 1}, {2, 3, 1}} {
		b := newBench(t)
		for _, n := range order {
			s := session(n)
			s.CreatedAt, s.MeetingTitle = t0.Add(time.Duration(n)*time.Hour), fmt.Sprint("title ", n)
			b.mustLoad(s)
		}
		if got := b.text(`SELECT title FROM realtimekit.meetings`); got != "title 3" {
			t.Errorf("order %v gives %q", order, got)
		}
	}
}

// A failed reading stores nothing, and what was stored before stays.
func TestFailedReadingStoresNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	cut := errors.New("cut off")
	_, err := b.store.LoadSession(t.Context(), b.run, session(1), func(_ context.Context, stage func(model.ParticipantPage) error) (model.Reading, error) {
		if err := stage(model.ParticipantPage{Pass: 1, Participants: []model.Participant{participant(2, "half", t0)}}); err != nil {
			return model.Reading{}, err
		}
		return model.Reading{}, cut
	})
	if !errors.Is(err, cut) {
		t.Fatalf("got %v", err)
	}
	b.mustLoad(session(3), model.ParticipantPage{Participants: []model.Participant{participant(4, "whole", t0)}})
	if got := b.text(names); got != "whole" {
		t.Errorf("stored %q: the half reading is in it", got)
	}
}

// An error that the data caused concerns its session; the run goes on. What is
// loaded here extract never lets through.
func TestDataErrorIsTheSessionsOwn(t *testing.T) {
	t.Parallel()
	random := make([]byte, 8<<10)
	_, _ = rand.NewChaCha8([32]byte{}).Read(random) // never fails
	for code, spoil := range map[string]func(p *model.Participant){
		"22P05": func(p *model.Participant) { p.Extra = []byte(`{"a":"\u0000"}`) },
		"54000": func(p *model.Participant) { p.UserID = base64.StdEncoding.EncodeToString(random) }, // too large for an index
		"XX000": func(p *model.Participant) { // Postgres takes a gigabyte to read it
			p.Extra = []byte(`{"a":[` + strings.Repeat("1,", 17_000_000) + `1]}`)
		},
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			p := participant(2, "bad", t0)
			spoil(&p)
			_, err := b.load(session(1), full, model.ParticipantPage{Participants: []model.Participant{p}})
			if err == nil || errors.Is(err, model.ErrStore) || !strings.Contains(err.Error(), code) {
				t.Fatalf("got %v, want an error that is not the database's", err)
			}
			b.mustLoad(session(1), model.ParticipantPage{Participants: []model.Participant{participant(2, "good", t0)}})
		})
	}
}

func TestLostDatabaseIsTheRuns(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if _, err := b.pool.Exec(t.Context(), `
		CREATE FUNCTION public.die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
		CREATE TRIGGER die BEFORE INSERT ON realtimekit.participants FOR EACH STATEMENT EXECUTE FUNCTION public.die()`); err != nil {
		t.Fatal(err)
	}
	_, err := b.load(session(1), full, model.ParticipantPage{Participants: []model.Participant{participant(2, "x", t0)}})
	if !errors.Is(err, model.ErrStore) {
		t.Errorf("got %v, want an error of the database", err)
	}
	if got := b.text(`SELECT count(*)::text FROM realtimekit.sessions`); got != "0" {
		t.Errorf("%s sessions are stored", got)
	}
}

// A connection that is lost while the API is awaited holds nothing yet.
func TestConnectionsLostWhileReadingCostNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, err := b.store.LoadSession(t.Context(), b.run, session(1), func(_ context.Context, stage func(model.ParticipantPage) error) (model.Reading, error) {
		b.text(`SELECT count(pg_terminate_backend(pid))::text FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
		return full, stage(model.ParticipantPage{Pass: 1, Participants: []model.Participant{participant(2, "x", t0)}})
	})
	if err != nil || b.text(names) != "x" {
		t.Errorf("got %v and %q", err, b.text(names))
	}
}

// The answer to COMMIT is lost: whether it was done is looked up, not guessed
// (dlt-hub/dlt#4052).
func TestLostAnswerToCommitIsLookedUp(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	// A deferred trigger ends the backend in the middle of COMMIT, before it is
	// durable: the client sees the same as when the answer is lost.
	if _, err := b.pool.Exec(t.Context(), `
		CREATE FUNCTION public.die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
		CREATE CONSTRAINT TRIGGER die AFTER INSERT ON realtimekit.sessions DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.die()`); err != nil {
		t.Fatal(err)
	}
	if _, err := b.load(session(1), full); !errors.Is(err, model.ErrStore) {
		t.Errorf("a commit that was not done gave %v", err)
	}
	// The same cut, but the ledger says that it was done.
	if _, err := b.pool.Exec(t.Context(), `INSERT INTO sync.run_sessions (run_id, session_id, outcome) VALUES ($1, $2, 'complete')`,
		b.run.ID, uuid(5).String()); err != nil {
		t.Fatal(err)
	}
	if _, err := b.load(session(5), full); err != nil {
		t.Errorf("a commit that was done gave %v", err)
	}
}

func TestDeadlockIsTriedAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if _, err := b.pool.Exec(t.Context(), `
		CREATE SEQUENCE public.tries;
		CREATE FUNCTION public.fail_first() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			IF nextval('public.tries') < 3 THEN RAISE EXCEPTION 'deadlock' USING ERRCODE = '40P01'; END IF; RETURN NEW; END $$;
		CREATE TRIGGER fail_first BEFORE INSERT ON realtimekit.sessions FOR EACH ROW EXECUTE FUNCTION public.fail_first()`); err != nil {
		t.Fatal(err)
	}
	counts := b.mustLoad(session(1), model.ParticipantPage{Participants: []model.Participant{participant(2, "x", t0)}})
	if counts.Inserted != 2 || b.text(`SELECT last_value::text FROM public.tries`) != "3" {
		t.Errorf("inserted %d rows after %s tries", counts.Inserted, b.text(`SELECT last_value::text FROM public.tries`))
	}
	if got := b.text(`SELECT rows_inserted::text FROM sync.run_sessions`); got != "2" {
		t.Errorf("the ledger counts %s rows", got)
	}
}

func TestLockIsFreeAfterRelease(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for range 20 {
		held, release, err := b.store.Acquire(t.Context(), "acc", model.KindRun)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := b.store.Acquire(t.Context(), "acc", model.KindRun); !errors.Is(err, model.ErrLocked) || !strings.Contains(err.Error(), "acc") {
			t.Fatalf("a second holder got %v", err)
		}
		_, other, err := b.store.Acquire(t.Context(), "other account", model.KindRun)
		if err != nil {
			t.Fatal(err)
		}
		other()
		release()
		if held.Err() == nil {
			t.Fatal("the holder's context goes on after release")
		}
		// The pool would give the same connection, whose own lock is no obstacle.
		if left := b.text(`SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory'
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`); left != "0" {
			t.Fatalf("%s locks are held after release", left)
		}
	}
}
