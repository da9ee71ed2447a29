package distributed

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/erasure"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/privacy"
	"github.com/rollcall-etl/rollcall/internal/secret"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// tables are those that erasure and retention write, with the columns that tell when.
var tables = map[string]string{
	"realtimekit.meetings": "", "realtimekit.sessions": "", "realtimekit.participants": "", "realtimekit.peer_events": "", "realtimekit.peer_reports": "",
	"realtimekit.meeting_participants": "", "realtimekit.recordings": "", "realtimekit.livestream_sessions": "",
	"sync.session_states": "read_at,complete_at,settled_at,peers_asked_at", "sync.meeting_states": "read_at", "sync.peer_report_states": "asked_at",
	"sync.livestream_states": "read_at,asked_at", "sync.run_sessions": "", "sync.suppressions": "", "sync.erasures": "erased_at", "sync.retention_horizons": "changed_at",
	"analytics.session_presences": "", "analytics.session_people": "", "analytics.session_person_days": "", "analytics.session_figures": "derived_at",
	"analytics.session_dates": "", "analytics.usage_days": "usage_id,refreshed_at,updated_at", "analytics.usage_ids": "", "analytics.excuses": "excuse_id", "analytics.timetable": "timetable_id",
	"analytics.deleted_recordings": "deleted_id",
}

// forget erases people and old sessions on both, and wants the same to be left.
func forget(t *testing.T, one, many *pgxpool.Pool) {
	t.Helper()
	for _, pool := range []*pgxpool.Pool{one, many} {
		pgtest.Exec(t, pool, `UPDATE realtimekit.participants SET extra = jsonb_build_object('of', 'stu-1038', 'n', 1) WHERE custom_participant_id = 'stu-1041'`)
		pgtest.Exec(t, pool, `UPDATE sync.session_states SET last_error = 'refused: stu-1038, stu-1040' WHERE status = 'ENDED'`)
		pgtest.Exec(t, pool, `UPDATE realtimekit.meetings SET extra = '{"by": "stu-1038"}'`)
	}
	stores := []*erasure.Store{eraser(t, one), eraser(t, many)}
	both := func(what string, do func(*erasure.Store) (any, error)) {
		t.Helper()
		var results [2]any
		for i, s := range stores {
			result, err := do(s)
			if err != nil {
				t.Fatalf("%s, %d: %v", what, i, err)
			}
			results[i] = result
		}
		if diff := cmp.Diff(results[0], results[1]); diff != "" {
			t.Errorf("%s counts otherwise (- on one server, + on the cluster):\n%s", what, diff)
		}
		t.Logf("%s: %+v", what, results[1])
		sameTables(t, what, one, many)
	}
	both("erase", func(s *erasure.Store) (any, error) {
		return s.Erase(t.Context(), erasure.Erasure{CustomIDs: []string{"stu-1038"}, Mode: privacy.Remove})
	})
	both("erase --pseudonymise", func(s *erasure.Store) (any, error) {
		return s.Erase(t.Context(), erasure.Erasure{CustomIDs: []string{"stu-1040"}, Mode: privacy.Pseudonymise})
	})
	both("erase by user id, as a dry run", func(s *erasure.Store) (any, error) {
		user := pgtest.Text(t, one, `SELECT min(user_id) FROM realtimekit.participants`)
		return s.Erase(t.Context(), erasure.Erasure{UserIDs: []string{user}, Mode: privacy.Remove, DryRun: true})
	})
	account := pgtest.Text(t, one, `SELECT min(account_id) FROM realtimekit.apps`)
	before := at.Add(-5 * 24 * time.Hour)
	leaveOpen(t, one, many, before)
	halfWay(t, stores[1], many, account, before)
	both("retention", func(s *erasure.Store) (any, error) {
		return s.Retain(t.Context(), account, before, false, func(erasure.RetentionCounts) {})
	})
	for _, pool := range []*pgxpool.Pool{one, many} { // what retention keeps stays in its time zone
		move(t, pool, "Asia/Tokyo")
	}
	if n := pgtest.Number(t, one, `SELECT count(*) FROM analytics.usage_days WHERE time_zone = 'America/St_Johns'`); n == 0 {
		t.Error("no day is kept")
	}
	sameTables(t, "a move", one, many)
	sameViews(t, one, many)
	both("retention again", func(s *erasure.Store) (any, error) {
		return s.Retain(t.Context(), account, before, false, func(erasure.RetentionCounts) {})
	})
}

// leaveOpen has a crash leave a session open, from before the horizon over days after it: these
// are counted without it once it is gone.
func leaveOpen(t *testing.T, one, many *pgxpool.Pool, before time.Time) {
	t.Helper()
	session := pgtest.Text(t, one, `SELECT session_id::text FROM realtimekit.sessions WHERE status = 'ENDED' ORDER BY started_at DESC, session_id OFFSET 20 LIMIT 1`)
	read := before.Add(4 * 24 * time.Hour)
	for _, pool := range []*pgxpool.Pool{one, many} {
		pgtest.Exec(t, pool, `UPDATE realtimekit.sessions SET status = 'LIVE', ended_at = NULL WHERE session_id = $1`, session)
		pgtest.Exec(t, pool, `UPDATE sync.session_states SET read_at = $2 WHERE session_id = $1`, session, read)
		pgtest.Exec(t, pool, `UPDATE realtimekit.participants SET left_at = NULL WHERE session_id = $1`, session)
		pgtest.Exec(t, pool, `DELETE FROM realtimekit.peer_events WHERE session_id = $1`, session)
		pgtest.Exec(t, pool, `INSERT INTO analytics.stale_sessions (session_id, started_at) VALUES ($1, '2026-11-01')`, session)
		refresh(t, pool)
	}
	if n := pgtest.Number(t, one, `SELECT count(*) FROM analytics.session_dates WHERE session_id = $1 AND usage_date > $2`, session, before); n < 2 {
		t.Errorf("the session that was left open is counted on %d days after the horizon", n)
	}
	if n := pgtest.Number(t, one, `SELECT count(*) FROM realtimekit.sessions WHERE session_id = $1 AND created_at < $2`, session, before); n != 1 {
		t.Error("the session that was left open began after the horizon")
	}
	sameTables(t, "a session was left open", one, many)
}

// halfWay has retention fail at its last table: nothing is deleted, and the horizon has not
// moved.
func halfWay(t *testing.T, s *erasure.Store, pool *pgxpool.Pool, account string, before time.Time) {
	t.Helper()
	had := pgtest.Number(t, pool, `SELECT count(*) FROM realtimekit.sessions`)
	pgtest.Exec(t, pool, `CREATE FUNCTION public.fail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''half way''; END'`)
	pgtest.Exec(t, pool, `CREATE TRIGGER fail BEFORE DELETE ON analytics.usage_curves EXECUTE FUNCTION public.fail()`)
	if _, err := s.Retain(t.Context(), account, before, false, func(erasure.RetentionCounts) {}); err == nil || !strings.Contains(err.Error(), "half way") {
		t.Errorf("retention went on: %v", err)
	}
	pgtest.Exec(t, pool, `DROP TRIGGER fail ON analytics.usage_curves`)
	if n := pgtest.Number(t, pool, `SELECT count(*) FROM realtimekit.sessions`); n != had || had == 0 {
		t.Errorf("%d sessions are left of %d", n, had)
	}
	if n := pgtest.Number(t, pool, `SELECT count(*) FROM sync.retention_horizons`); n != 0 {
		t.Error("the horizon has moved")
	}
}

func eraser(t *testing.T, pool *pgxpool.Pool) *erasure.Store {
	t.Helper()
	key, err := privacy.NewKey(secret.New(strings.Repeat("k", privacy.MinKeyBytes)))
	db := warehouse.New(pool, slog.New(slog.DiscardHandler))
	if err := errors.Join(err, db.Protect(t.Context(), warehouse.Privacy{Key: key})); err != nil {
		t.Fatal(err)
	}
	return erasure.New(db)
}

func sameTables(t *testing.T, when string, one, many *pgxpool.Pool) {
	t.Helper()
	for table, without := range tables {
		sql := `SELECT to_jsonb(t) - string_to_array('synced_at,first_synced_at,` + without + `', ',') AS row FROM ` + table + ` AS t`
		want, err := pgtest.Shown(t, one, sql)
		got, err2 := pgtest.Shown(t, many, sql)
		if err := errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("after %s %s differs (- on one server, + on the cluster):\n%.1500s", when, table, diff)
		}
	}
}
