package load_test

import (
	"sync"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/testbed"
)

// Two that store different sessions of one meeting do not wait for each other, and write
// neither its row nor the app's, unless the title of the meeting is to change: then the
// later one waits, and finds the title of the newest of both.
func TestSessionsOfAMeetingDoNotWait(t *testing.T) {
	t.Parallel()
	const hour = time.Hour
	for name, c := range map[string]struct {
		heldTitle, title string
		held, at         time.Duration // behind the meeting's session
		waits            bool
		want             string
	}{
		"same title":                    {"Algebra", "Algebra", hour, 2 * hour, false, "Algebra"},
		"older ones with other titles":  {"Once", "Before", -hour, -2 * hour, false, "Algebra"},
		"without a title":               {"Algebra", "", hour, 2 * hour, false, "Algebra"},
		"a new title, behind the other": {"Algebra", "Physics", 2 * hour, hour, true, "Algebra"},
		"a new title, before the other": {"Algebra", "Physics", hour, 2 * hour, true, "Physics"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := testbed.New(t)
			b.MustLoad(testbed.Session(1))
			release := holdCommit(b, 2)
			load := func(n int, title string, after time.Duration) <-chan error {
				s, done := testbed.Session(n), make(chan error, 1)
				s.MeetingTitle, s.CreatedAt = title, testbed.T0.Add(after)
				go func() {
					defer close(done)
					_, err := b.Load(s, testbed.Full, model.ParticipantPage{Participants: []model.Participant{testbed.Participant(3, "x", testbed.T0)}})
					done <- err
				}()
				return done
			}
			first := load(2, c.heldTitle, c.held)
			b.UntilOneWaits()
			if got := b.Text(`SELECT coalesce(string_agg(DISTINCT relation::regclass::text, ' '), 'none') FROM pg_locks
				WHERE relation IN ('realtimekit.apps'::regclass, 'realtimekit.meetings'::regclass) AND mode = 'RowExclusiveLock'
				AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`); got != "none" {
				t.Errorf("the transaction writes %s", got)
			}
			second := load(4, c.title, c.at)
			if waits := waitsFor(b, second); waits != c.waits {
				t.Errorf("the second waits: %t, want %t", waits, c.waits)
			}
			release()
			for _, done := range []<-chan error{first, second} {
				if err := <-done; err != nil {
					t.Error(err)
				}
			}
			if got := b.Text(`SELECT title FROM realtimekit.meetings`); got != c.want {
				t.Errorf("the title is %q, want %q", got, c.want)
			}
		})
	}
}

// holdCommit keeps the transaction of a session from its end, with all done, until the
// function that it gives is called.
func holdCommit(b *testbed.Bench, n int) (release func()) {
	b.Helper()
	holder, err := b.Pool.Acquire(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	if _, err := holder.Exec(b.Context(), `
		CREATE FUNCTION public.hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared(7); RETURN NULL; END $$;
		CREATE TRIGGER hold AFTER INSERT ON sync.run_sessions FOR EACH ROW WHEN (NEW.session_id = '`+testbed.UUID(n).String()+`') EXECUTE FUNCTION public.hold();
		SELECT pg_advisory_lock(7)`); err != nil {
		b.Fatal(err)
	}
	return sync.OnceFunc(func() {
		if _, err := holder.Exec(b.Context(), `SELECT pg_advisory_unlock(7)`); err != nil {
			b.Fatal(err)
		}
		holder.Release()
	})
}

// waitsFor reports whether a second transaction waits for the one that is held, rather
// than coming to its end.
func waitsFor(b *testbed.Bench, done <-chan error) bool {
	b.Helper()
	const waiting = `SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
		AND EXISTS (SELECT FROM unnest(pg_blocking_pids(pid)) AS other (pid) JOIN pg_stat_activity AS a ON a.pid = other.pid WHERE a.wait_event_type = 'Lock')`
	for began := time.Now(); time.Since(began) < time.Minute; {
		select {
		case err := <-done:
			if err != nil {
				b.Error(err)
			}
			return false
		default:
		}
		if b.Text(waiting) != "0" {
			return true
		}
	}
	b.Fatal("the second neither ends nor waits")
	return false
}
