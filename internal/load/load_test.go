package load_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/testbed"
)

func TestMain(m *testing.M) { pgtest.Main(m, pgtest.Migrated) }

const names = `SELECT string_agg(display_name, ' ' ORDER BY participant_id) FROM realtimekit.participants`

// threeNames are those of a session, its participant and the participant's event.
const threeNames = `SELECT concat_ws(' ', s.meeting_title, p.display_name, e.event_name)
	FROM realtimekit.sessions AS s JOIN realtimekit.participants AS p USING (session_id) JOIN realtimekit.peer_events AS e USING (session_id)`

// Stripe's sync engine #268: of two versions with the same time, the later read
// wins, and an older one never does.
func TestOlderCopyNeverOverwrites(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		first, second time.Time
		want          string
	}{
		"newer":             {testbed.T0, testbed.T0.Add(time.Second), "second"},
		"same time":         {testbed.T0, testbed.T0, "second"},
		"older":             {testbed.T0, testbed.T0.Add(-time.Second), "first"},
		"without a time":    {time.Time{}, time.Time{}, "second"},
		"time lost":         {testbed.T0, time.Time{}, "second"},
		"microsecond newer": {testbed.T0, testbed.T0.Add(time.Microsecond), "second"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := testbed.New(t)
			b.MustLoad(testbed.Session(1), model.ParticipantPage{Participants: []model.Participant{testbed.Participant(2, "first", c.first)}})
			b.MustLoad(testbed.Session(1), model.ParticipantPage{Participants: []model.Participant{testbed.Participant(2, "second", c.second)}})
			if got := b.Text(names); got != c.want {
				t.Errorf("stored %q, want %q", got, c.want)
			}
		})
	}
}

// A reading that began earlier but commits later must not undo a later one.
func TestOverlappingReadingsKeepTheLater(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	_, err := b.Store.LoadSession(t.Context(), b.Run, testbed.Session(1), func(_ context.Context, stage func(model.ParticipantPage) error) (model.Reading, error) {
		b.MustLoad(testbed.Session(1), model.ParticipantPage{Participants: []model.Participant{testbed.Participant(2, "later", testbed.T0), testbed.Participant(3, "new", testbed.T0)}})
		return testbed.Full, stage(model.ParticipantPage{Pass: 1, Participants: []model.Participant{testbed.Participant(2, "earlier", testbed.T0)}})
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := b.Text(names); got != "later new" {
		t.Errorf("stored %q", got)
	}
	if got := b.Text(`SELECT count(*)::text FROM realtimekit.participants WHERE removed_at IS NOT NULL`); got != "0" {
		t.Errorf("%s participants were marked as removed by the earlier reading", got)
	}
}

// One absurd time must not keep later corrections out: a stored record that claimed to be of
// a year to come is newer than nothing. One that is a day ahead at the most may be, by a
// clock that is.
func TestUpdateThatWasStillToCome(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ahead time.Duration
		want  string
	}{
		"years ahead": {24 * 365 * 73 * time.Hour, "second second second"},
		"hours ahead": {23 * time.Hour, "first first first"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := testbed.New(t)
			now := time.Now().UTC()
			load := func(name string, at time.Time) {
				session := testbed.Session(1)
				session.MeetingTitle, session.UpdatedAt = name, at
				b.MustLoad(session, model.ParticipantPage{
					Participants: []model.Participant{testbed.Participant(2, name, at)},
					Events:       []model.PeerEvent{{ID: testbed.UUID(4), ParticipantID: testbed.UUID(2), Name: name, UpdatedAt: at}},
				})
			}
			load("first", now.Add(c.ahead))
			load("second", now)
			if got := b.Text(threeNames); got != c.want {
				t.Errorf("stored %q, want %q", got, c.want)
			}
		})
	}
}

// A session that was asked for by name is stored as the API has it, in all three
// tables and also through staging, unless a later reading is there.
func TestReadingThatOverrides(t *testing.T) {
	t.Parallel()
	for name, later := range map[string]bool{"alone": false, "after a later reading": true} {
		b := testbed.New(t)
		page := func(name string, at time.Time) model.ParticipantPage {
			return model.ParticipantPage{
				Pass: 1, Participants: []model.Participant{testbed.Participant(2, name, at)},
				Events: []model.PeerEvent{{ID: testbed.UUID(4), ParticipantID: testbed.UUID(2), Name: name, UpdatedAt: at}},
			}
		}
		newer, older := testbed.Session(1), testbed.Session(1)
		newer.MeetingTitle, newer.UpdatedAt = "first", testbed.T0
		older.MeetingTitle, older.UpdatedAt = "second", testbed.T0.Add(-time.Hour)
		b.MustLoad(newer, page("first", testbed.T0))
		overrides := testbed.Full
		overrides.Overrides = true
		_, err := b.Store.LoadSession(t.Context(), b.Run, older, func(_ context.Context, stage func(model.ParticipantPage) error) (model.Reading, error) {
			if later {
				b.MustLoad(newer, page("first", testbed.T0))
			}
			return overrides, stage(page("second", testbed.T0.Add(-time.Hour)))
		})
		if err != nil {
			t.Fatal(err)
		}
		want := "second second second"
		if later {
			want = "first first first"
		}
		if got := b.Text(threeNames); got != want {
			t.Errorf("%s: stored %q, want %q", name, got, want)
		}
	}
}

// bruin-data/ingestr#639, apache/devlake#1729: the same key twice in one batch
// (SQLSTATE 21000); the later updated_at wins, whichever comes first.
func TestSameKeyTwiceInOneReading(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	event := model.PeerEvent{ParticipantID: testbed.UUID(2), ID: testbed.UUID(9), Name: "PEER_JOINING", UpdatedAt: testbed.T0}
	left := event
	left.Name, left.UpdatedAt = "PEER_LEAVING", testbed.T0.Add(time.Second)
	pages := []model.ParticipantPage{
		{
			Participants: []model.Participant{testbed.Participant(2, "new", testbed.T0.Add(time.Second)), testbed.Participant(2, "old", testbed.T0)},
			Events:       []model.PeerEvent{left, event},
		},
		{Participants: []model.Participant{testbed.Participant(2, "old", testbed.T0)}, Events: []model.PeerEvent{event}},
	}
	stored := func() string {
		return b.Text(names) + b.Text(`SELECT string_agg(event_name, ' ') FROM realtimekit.peer_events`)
	}
	for range 2 {
		b.MustLoad(testbed.Session(1), pages...)
		if got := stored(); got != "newPEER_LEAVING" {
			t.Errorf("stored %q", got)
		}
	}
	// So it is where a row is there, and both copies are newer.
	for n, most := range []int64{1, 1 << 20} { // staged and in memory
		b.Store.HoldAtMost(most, 1<<20)
		name, earlier, later := fmt.Sprintf("newest %d ", n), testbed.T0.Add(time.Duration(n+1)*time.Hour), testbed.T0.Add(time.Duration(n+1)*time.Hour+time.Minute)
		newest, between := left, left
		newest.Name, newest.UpdatedAt, between.Name, between.UpdatedAt = "NEWEST", later, "BETWEEN", earlier
		b.MustLoad(testbed.Session(1), model.ParticipantPage{
			Participants: []model.Participant{testbed.Participant(2, name, later), testbed.Participant(2, "between", earlier)},
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
	b := testbed.New(t)
	counts := b.MustLoad(testbed.Session(1), model.ParticipantPage{
		Participants: []model.Participant{testbed.Participant(2, "a", testbed.T0), testbed.Participant(3, "b", testbed.T0)},
		Events:       []model.PeerEvent{{ParticipantID: testbed.UUID(2), ID: testbed.UUID(9)}, {ParticipantID: testbed.UUID(3), ID: testbed.UUID(9)}},
	})
	if counts.Inserted != 5 {
		t.Errorf("inserted %d rows, want 5", counts.Inserted)
	}
}

// Which ids an event repeated arrives, is written anew only where it differs, and takes
// no room where there is none.
func TestOwnIDsOfAnEvent(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	page := func(own model.OwnIDs) model.ParticipantPage {
		return model.ParticipantPage{Participants: []model.Participant{testbed.Participant(2, "x", testbed.T0)}, Events: []model.PeerEvent{
			{ID: testbed.UUID(3), ParticipantID: testbed.UUID(2), UpdatedAt: testbed.T0, OwnIDs: own},
			{ID: testbed.UUID(4), ParticipantID: testbed.UUID(2), UpdatedAt: testbed.T0},
		}}
	}
	for i, own := range []model.OwnIDs{model.OwnSession | model.OwnUser, model.OwnSession | model.OwnUser, model.OwnParticipant, 0} {
		counts := b.MustLoad(testbed.Session(1), page(own))
		want := map[int]int{0: 0, 1: 0, 2: 1, 3: 1}[i]
		if counts.Updated != want {
			t.Errorf("reading %d changed %d rows, want %d", i, counts.Updated, want)
		}
		if got := b.Text(`SELECT string_agg(coalesce(own_ids::text, 'null'), ' ' ORDER BY event_id) FROM realtimekit.peer_events`); got != []string{"5 null", "5 null", "2 null", "null null"}[i] {
			t.Errorf("reading %d: %s", i, got)
		}
	}
}

func TestValuesArriveAsTheyWere(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	p := testbed.Participant(2, "Zoë 李 🎓", testbed.T0)
	p.JoinedAt = time.Date(1969, 12, 31, 23, 59, 59, 999999000, time.UTC)
	p.LeftAt = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	p.DurationMinutes = model.Number{Value: -0.0042, Valid: true}
	p.Extra, p.Repairs = []byte(`{"a":[1,null]}`), model.Repairs{"joined_at": `x"`}
	b.MustLoad(testbed.Session(1), model.ParticipantPage{Participants: []model.Participant{p}})
	got := b.Text(`SELECT concat_ws('|', display_name, joined_at, left_at, duration_minutes, extra, repairs, user_id IS NULL, created_at IS NULL)
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
		b := testbed.New(t)
		for _, n := range order {
			s := testbed.Session(n)
			s.CreatedAt, s.MeetingTitle = testbed.T0.Add(time.Duration(n)*time.Hour), fmt.Sprint("title ", n)
			b.MustLoad(s)
		}
		if got := b.Text(`SELECT title FROM realtimekit.meetings`); got != "title 3" {
			t.Errorf("order %v gives %q", order, got)
		}
	}
}

// A failed reading stores nothing, and what was stored before stays.
func TestFailedReadingStoresNothing(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	cut := errors.New("cut off")
	_, err := b.Store.LoadSession(t.Context(), b.Run, testbed.Session(1), func(_ context.Context, stage func(model.ParticipantPage) error) (model.Reading, error) {
		if err := stage(model.ParticipantPage{Pass: 1, Participants: []model.Participant{testbed.Participant(2, "half", testbed.T0)}}); err != nil {
			return model.Reading{}, err
		}
		return model.Reading{}, cut
	})
	if !errors.Is(err, cut) {
		t.Fatalf("got %v", err)
	}
	b.MustLoad(testbed.Session(3), model.ParticipantPage{Participants: []model.Participant{testbed.Participant(4, "whole", testbed.T0)}})
	if got := b.Text(names); got != "whole" {
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
			b := testbed.New(t)
			p := testbed.Participant(2, "bad", testbed.T0)
			spoil(&p)
			_, err := b.Load(testbed.Session(1), testbed.Full, model.ParticipantPage{Participants: []model.Participant{p}})
			if err == nil || errors.Is(err, model.ErrStore) || !strings.Contains(err.Error(), code) {
				t.Fatalf("got %v, want an error that is not the database's", err)
			}
			b.MustLoad(testbed.Session(1), model.ParticipantPage{Participants: []model.Participant{testbed.Participant(2, "good", testbed.T0)}})
		})
	}
}

// So does one of a trigger that somebody made to refuse rows, as a constraint does or in words
// of its own: it is told as theirs. A trigger that cannot work says nothing of the rows.
func TestATriggerOfSomebodyElseRefusesOneSession(t *testing.T) {
	t.Parallel()
	for refuses, isTheSessions := range map[string]bool{
		"RAISE EXCEPTION 'not here' USING ERRCODE = 'check_violation'":                  true,
		"RAISE EXCEPTION 'not here'":                                                    true,
		"ASSERT false, 'not here'":                                                      true,
		"PERFORM public.not_here()":                                                     false,
		"RAISE EXCEPTION 'not here' USING ERRCODE = 'insufficient_privilege'":           false,
		"RAISE EXCEPTION 'not here' USING ERRCODE = 'disk_full'":                        false,
		"RAISE EXCEPTION 'not here' USING ERRCODE = 'admin_shutdown'":                   false,
		"RAISE EXCEPTION 'not here' USING ERRCODE = 'connection_exception'":             false,
		"RAISE EXCEPTION 'not here' USING ERRCODE = 'object_not_in_prerequisite_state'": false,
	} {
		t.Run(refuses, func(t *testing.T) {
			t.Parallel()
			b := testbed.New(t)
			pgtest.Exec(t, b.Pool, `
				CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.user_id = 'bad' THEN `+refuses+`; END IF; RETURN NEW; END $$;
				CREATE TRIGGER refuse BEFORE INSERT ON realtimekit.participants FOR EACH ROW EXECUTE FUNCTION public.refuse()`)
			bad := testbed.Participant(2, "bad", testbed.T0)
			bad.UserID = "bad"
			_, err := b.Load(testbed.Session(1), testbed.Full, model.ParticipantPage{Participants: []model.Participant{bad}})
			if err == nil || errors.Is(err, model.ErrStore) == isTheSessions || !strings.Contains(err.Error(), "not") || isTheSessions && !strings.Contains(err.Error(), "this comes from public.refuse, ") {
				t.Errorf("got %v, want an error of the session that names the trigger: %v", err, isTheSessions)
			}
			b.MustLoad(testbed.Session(3), model.ParticipantPage{Participants: []model.Participant{testbed.Participant(4, "good", testbed.T0)}})
		})
	}
}

func TestLostDatabaseIsTheRuns(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	if _, err := b.Pool.Exec(t.Context(), `
		CREATE FUNCTION public.die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
		CREATE TRIGGER die BEFORE INSERT ON realtimekit.participants FOR EACH STATEMENT EXECUTE FUNCTION public.die()`); err != nil {
		t.Fatal(err)
	}
	_, err := b.Load(testbed.Session(1), testbed.Full, model.ParticipantPage{Participants: []model.Participant{testbed.Participant(2, "x", testbed.T0)}})
	if !errors.Is(err, model.ErrStore) {
		t.Errorf("got %v, want an error of the database", err)
	}
	if got := b.Text(`SELECT count(*)::text FROM realtimekit.sessions`); got != "0" {
		t.Errorf("%s sessions are stored", got)
	}
}

// A connection that is lost while the API is awaited holds nothing yet.
func TestConnectionsLostWhileReadingCostNothing(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	_, err := b.Store.LoadSession(t.Context(), b.Run, testbed.Session(1), func(_ context.Context, stage func(model.ParticipantPage) error) (model.Reading, error) {
		b.Text(`SELECT count(pg_terminate_backend(pid))::text FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
		return testbed.Full, stage(model.ParticipantPage{Pass: 1, Participants: []model.Participant{testbed.Participant(2, "x", testbed.T0)}})
	})
	if err != nil || b.Text(names) != "x" {
		t.Errorf("got %v and %q", err, b.Text(names))
	}
}

// The answer to COMMIT is lost: whether it was done is looked up, not guessed
// (dlt-hub/dlt#4052).
func TestLostAnswerToCommitIsLookedUp(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	b.MustLoad(testbed.Session(1)) // a worker reads a session often in one run
	// A deferred trigger ends the backend in the middle of COMMIT, before it is
	// durable: the client sees the same as when the answer is lost.
	if _, err := b.Pool.Exec(t.Context(), `
		CREATE FUNCTION public.die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
		CREATE CONSTRAINT TRIGGER die AFTER INSERT ON realtimekit.participants DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.die()`); err != nil {
		t.Fatal(err)
	}
	one := model.ParticipantPage{Pass: 1, Participants: []model.Participant{testbed.Participant(2, "x", testbed.T0)}}
	for _, session := range []model.Session{testbed.Session(1), testbed.Session(3)} {
		if _, err := b.Load(session, testbed.Full, one); !errors.Is(err, model.ErrStore) {
			t.Errorf("a commit that was not done gave %v", err)
		}
	}
	// The same cut, but the ledger says that it was done.
	_, err := b.Store.LoadSession(t.Context(), b.Run, testbed.Session(5), func(_ context.Context, stage func(model.ParticipantPage) error) (model.Reading, error) {
		_, err := b.Pool.Exec(t.Context(), `WITH state AS (INSERT INTO sync.session_states (session_id, app_id, run_id, read_at) VALUES ($2, 'app', $1, clock_timestamp()))
			INSERT INTO sync.run_sessions (run_id, session_id, outcome) VALUES ($1, $2, 'complete')`, b.Run.ID, testbed.UUID(5).String())
		return testbed.Full, errors.Join(err, stage(one))
	})
	if err != nil {
		t.Errorf("a commit that was done gave %v", err)
	}
}

func TestDeadlockIsTriedAgain(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	if _, err := b.Pool.Exec(t.Context(), `
		CREATE SEQUENCE public.tries;
		CREATE FUNCTION public.fail_first() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			IF nextval('public.tries') < 3 THEN RAISE EXCEPTION 'deadlock' USING ERRCODE = '40P01'; END IF; RETURN NEW; END $$;
		CREATE TRIGGER fail_first BEFORE INSERT ON realtimekit.sessions FOR EACH ROW EXECUTE FUNCTION public.fail_first()`); err != nil {
		t.Fatal(err)
	}
	counts := b.MustLoad(testbed.Session(1), model.ParticipantPage{Participants: []model.Participant{testbed.Participant(2, "x", testbed.T0)}})
	if counts.Inserted != 2 || b.Text(`SELECT last_value::text FROM public.tries`) != "3" {
		t.Errorf("inserted %d rows after %s tries", counts.Inserted, b.Text(`SELECT last_value::text FROM public.tries`))
	}
	if got := b.Text(`SELECT rows_inserted::text FROM sync.run_sessions`); got != "2" {
		t.Errorf("the ledger counts %s rows", got)
	}
}
