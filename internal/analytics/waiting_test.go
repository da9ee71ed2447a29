package analytics_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
)

// stay stores half an hour of some people in a session of its own, from an hour of a day of
// January 2026 on, under the preset. It is queued.
func (db *database) stay(session string, day, hour int, preset string, people ...string) {
	db.t.Helper()
	db.exec(`INSERT INTO realtimekit.apps (app_id, account_id, first_synced_at, synced_at, run_id) VALUES ('a', 'account', now(), now(), 1) ON CONFLICT DO NOTHING`)
	db.exec(`INSERT INTO realtimekit.sessions (session_id, app_id, status, started_at, ended_at, first_synced_at, synced_at, run_id)
		VALUES (md5($1)::uuid, 'a', 'ENDED', timestamptz '2026-01-01Z' + make_interval(days => $2 - 1, hours => $3),
		        timestamptz '2026-01-01Z' + make_interval(days => $2 - 1, hours => $3, mins => 30), now(), now(), 1)
		ON CONFLICT (session_id) DO UPDATE SET started_at = excluded.started_at, ended_at = excluded.ended_at`, session, day, hour)
	db.exec(`DELETE FROM realtimekit.participants WHERE session_id = md5($1)::uuid`, session)
	db.exec(`INSERT INTO realtimekit.participants (session_id, participant_id, custom_participant_id, preset_name, joined_at, left_at, run_id)
		SELECT s.session_id, md5($1 || who)::uuid, who, $2, s.started_at, s.ended_at, 1
		FROM realtimekit.sessions AS s, unnest($3::text[]) AS who WHERE s.session_id = md5($1)::uuid`, session, preset, people)
	db.derive(session)
}

// derive does what storing the session does.
func (db *database) derive(session string) {
	db.t.Helper()
	db.exec(`SELECT analytics.derive(ARRAY[md5($1)::uuid])`, session)
	db.exec(`INSERT INTO analytics.stale_sessions (session_id, started_at, is_derived)
		SELECT session_id, started_at, true FROM realtimekit.sessions WHERE session_id = md5($1)::uuid`, session)
}

// wantDay asks for people and own ids of the first of January, and the people of its presets.
func (db *database) wantDay(want string) {
	db.t.Helper()
	got := db.lines(`SELECT unique_people, unique_custom_ids, (
		SELECT string_agg(preset_name || ' ' || unique_people, ', ' ORDER BY preset_name) FROM analytics.preset_usage AS p WHERE p.usage_date = d.usage_date)
		FROM analytics.daily_usage AS d WHERE usage_date = '2026-01-01'`)
	db.want("the day", got, []string{want})
}

// Sessions that are stored wait for the batch that counts them. Until then they take nobody
// off the day: they may be moved to another one before.
func TestWaitingSessionsCountWithTheirBatch(t *testing.T) {
	t.Parallel()
	t.Run("somebody in a preset of their own", func(t *testing.T) {
		t.Parallel()
		db := newDatabase(t)
		db.stay("first", 1, 8, "student", "A")
		db.stay("other", 1, 9, "student", "B")
		db.refresh(10)
		db.stay("first", 1, 8, "student", "A", "C")
		db.stay("second", 1, 10, "student", "X")
		db.stay("third", 1, 11, "host", "X")
		db.stay("fourth", 1, 12, "host", "X")
		db.number(`SELECT analytics.refresh(3)`) // two of the first, whose rows were deleted
		db.wantDay("(4,4,\"student 4\")")
		db.refresh(10)
		db.wantDay("(4,4,\"host 1, student 4\")")
	})
	t.Run("and moves before", func(t *testing.T) {
		t.Parallel()
		db := newDatabase(t)
		db.stay("first", 1, 8, "student", "X")
		db.refresh(10)
		db.stay("second", 1, 9, "student", "X")
		db.stay("third", 1, 10, "student", "X")
		db.number(`SELECT analytics.refresh(1)`)
		db.wantDay("(1,1,\"student 1\")")
		db.stay("third", 2, 10, "student", "X")
		db.refresh(10)
		db.wantDay("(1,1,\"student 1\")")
	})
	t.Run("with an id that is gone elsewhere", func(t *testing.T) {
		t.Parallel()
		db := newDatabase(t)
		db.stay("first", 1, 8, "student", "X")
		db.refresh(10)
		db.stay("first", 1, 8, "student", "Y")
		db.stay("second", 1, 9, "student", "X")
		db.number(`SELECT analytics.refresh(1)`)
		db.wantDay("(1,1,\"student 1\")")
		db.stay("second", 2, 9, "student", "X")
		db.refresh(10)
		db.wantDay("(1,1,\"student 1\")")
	})
}

// Whoever follows docs/operations.md has a day right that came out wrong before 00036, and
// none of another month counted.
func TestAMonthIsCountedAnew(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.stay("first", 1, 8, "student", "X", "Y")
	db.stay("second", 1, 23, "student", "X")
	db.stay("third", 32, 8, "student", "X")
	db.refresh(10)
	db.exec(`UPDATE analytics.usage_days SET unique_people = 9; UPDATE analytics.shared_person_days SET extra_people = 5;
		INSERT INTO analytics.usage_ids VALUES ('a', '2026-01-01', 'nobody')`)
	march := strings.NewReplacer("2026-03-01", "2026-01-01", "2026-03-31", "2026-01-31")
	statements := 0
	for _, sql := range manualSQL(t, "operations.md") {
		if strings.Contains(sql, "'2026-03-31'") {
			db.exec(march.Replace(sql))
			statements++
		}
	}
	if statements != 2 {
		t.Fatalf("%d statements were found, want 2", statements)
	}
	db.refresh(10)
	db.wantDay("(2,2,\"student 2\")")
	db.want("another month", db.lines(`SELECT unique_people FROM analytics.usage_days WHERE usage_date = '2026-02-01'`), []string{"(9)"})
}

// A session that is stored again while a refresh counts it is counted anew by the next,
// which knows who was there before.
func TestStoredAgainWhileItIsCounted(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	db, other, third := connectAt(t, url, base), connectAt(t, url, base), connectAt(t, url, base)
	db.stay("first", 1, 8, "student", "X")
	db.refresh(10)
	db.stay("second", 1, 9, "student", "X", "Y")
	// It waits for an id that another transaction has, by then its people are read.
	third.exec(`BEGIN; INSERT INTO analytics.usage_ids (app_id, usage_date, custom_participant_id) VALUES ('a', '2026-01-01', 'Y')`)
	db.whileRefreshWaits(other, third, func() { db.stay("second", 1, 9, "student", "Z", "W") })
	db.wantDay("(2,2,\"student 2\")")
	db.refresh(10)
	db.wantDay("(3,3,\"student 3\")")
}

// One that is moved, and stored once more while a refresh counts that, leaves nobody behind.
func TestMovedAndStoredAgainWhileItIsCounted(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	db, other, third := connectAt(t, url, base), connectAt(t, url, base), connectAt(t, url, base)
	db.stay("first", 1, 8, "student", "A", "X")
	db.stay("second", 1, 9, "student", "A", "Y")
	db.refresh(10)
	db.stay("second", 2, 9, "student", "A", "Y")
	db.exec(`DELETE FROM analytics.stale_sessions WHERE NOT is_derived`) // stored by Rollcall, and not by hand
	// It waits for a day that another transaction has, by then it has taken who is gone.
	third.exec(`BEGIN; INSERT INTO analytics.session_dates (session_id, app_id, usage_date) VALUES (md5('second')::uuid, 'a', '2026-01-02')`)
	db.whileRefreshWaits(other, third, func() { db.stay("second", 2, 9, "student", "Z") })
	db.refresh(10)
	db.wantDay("(2,2,\"student 2\")")
	db.want("the ids", db.lines(`SELECT usage_date, custom_participant_id FROM analytics.usage_ids`), []string{"(2026-01-01,A)", "(2026-01-01,X)", "(2026-01-02,Z)"})
	db.want("in several sessions", db.lines(`SELECT person_id FROM analytics.shared_person_days`), nil)
}

// whileRefreshWaits lets something happen while a refresh waits for a lock that holder has, and
// then lets the refresh go on.
func (db *database) whileRefreshWaits(other, holder *database, do func()) {
	db.t.Helper()
	done := make(chan error, 1)
	go func() {
		_, err := other.conn.Exec(db.t.Context(), `SELECT analytics.refresh(10)`)
		done <- err
	}()
	for db.number(`SELECT count(*) FROM pg_locks WHERE NOT granted AND pid = $1`, other.conn.PgConn().PID()) == 0 {
		if len(done) > 0 {
			db.t.Fatal("the refresh waited for nobody: ", <-done)
		}
		runtime.Gosched()
	}
	do()
	holder.exec(`ROLLBACK`)
	if err := <-done; err != nil {
		db.t.Fatal(err)
	}
}
