package erasure_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rollcall-etl/rollcall/internal/erasure"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/testbed"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

func TestMain(m *testing.M) { pgtest.Main(m, pgtest.Migrated) }

// The horizon never moves back: whatever right is lacking, it is not moved by a
// role that cannot delete what lies before it.
func TestHorizonStaysWithoutTheRightToDelete(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	own := func(statement string) {
		t.Helper()
		if _, err := b.Pool.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	own(`INSERT INTO realtimekit.apps (app_id, account_id, first_synced_at, synced_at, run_id) VALUES ('app', 'acc', now(), now(), 0)`)
	own(`DROP ROLE IF EXISTS retention_test; CREATE ROLE retention_test;
		GRANT USAGE ON SCHEMA realtimekit, sync, analytics TO retention_test;
		GRANT ALL ON ALL TABLES IN SCHEMA realtimekit, sync, analytics TO retention_test;
		GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA analytics TO retention_test`)
	t.Cleanup(func() {
		if _, err := b.Pool.Exec(context.Background(), `DROP OWNED BY retention_test; DROP ROLE retention_test`); err != nil {
			t.Error(err)
		}
	})
	pool := pgtest.Open(t, b.Pool.Config().ConnString()+"&role=retention_test", 2)
	store := erasure.New(warehouse.New(pool, slog.New(slog.DiscardHandler)))
	refused := 0
	tables := strings.Fields(b.Text(`SELECT string_agg(c.oid::regclass::text, ' ' ORDER BY c.oid) FROM pg_class AS c
		WHERE c.relnamespace IN ('realtimekit'::regnamespace, 'sync'::regnamespace, 'analytics'::regnamespace) AND c.relkind = 'r'`))
	for n, table := range tables {
		for _, right := range []string{"DELETE", "SELECT"} {
			b.MustLoad(testbed.Session(n+1), model.ParticipantPage{Participants: []model.Participant{testbed.Participant(n+1, "x", testbed.T0)}})
			own(`REVOKE ` + right + ` ON ` + table + ` FROM retention_test`)
			_, err := store.Retain(t.Context(), "acc", testbed.T0.Add(240*time.Hour), false, func(erasure.RetentionCounts) {})
			own(`GRANT ` + right + ` ON ` + table + ` TO retention_test`)
			moved := b.Text(`SELECT count(*)::text FROM sync.retention_horizons`) != "0"
			switch {
			case err == nil && moved:
			case err != nil && !moved && errors.Is(err, model.ErrStore):
				refused++
			default:
				t.Errorf("without %s on %s: moved %v, error %v", right, table, moved, err)
			}
			own(`DELETE FROM sync.retention_horizons`)
		}
	}
	if refused < 20 {
		t.Errorf("%d of %d tables are needed", refused, len(tables))
	}
}

// Where a batch fails nothing is deleted, and the horizon has not moved; the next call does all.
func TestRetentionThatFailsLeavesAll(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	b.MustLoad(testbed.Session(1), model.ParticipantPage{Participants: []model.Participant{testbed.Participant(2, "x", testbed.T0)}})
	if _, err := b.Pool.Exec(t.Context(), `CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''half way''; END';
		CREATE TRIGGER fail BEFORE DELETE ON analytics.usage_curves EXECUTE FUNCTION fail()`); err != nil {
		t.Fatal(err)
	}
	retain := func() (erasure.RetentionCounts, error) {
		return erasure.New(b.DB).Retain(t.Context(), "acc", testbed.T0.Add(240*time.Hour), false, func(erasure.RetentionCounts) {})
	}
	const left = `SELECT (SELECT count(*) FROM realtimekit.participants) || ' ' || (SELECT count(*) FROM sync.retention_horizons)`
	if _, err := retain(); err == nil || !strings.Contains(err.Error(), "half way") {
		t.Errorf("it went on: %v", err)
	}
	if got := b.Text(left); got != "1 0" {
		t.Errorf("participants and horizons: %s", got)
	}
	if _, err := b.Pool.Exec(t.Context(), `DROP TRIGGER fail ON analytics.usage_curves`); err != nil {
		t.Fatal(err)
	}
	if did, err := retain(); err != nil || did.Sessions != 1 {
		t.Errorf("%+v, %v", did, err)
	}
	if got := b.Text(left); got != "0 1" {
		t.Errorf("participants and horizons: %s", got)
	}
}

// What you noted of a time goes with it, of the account's own apps alone.
func TestRetentionOfExcusesAndTimetable(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	horizon := testbed.T0.AddDate(0, 0, -1)
	for _, statement := range []string{
		`INSERT INTO realtimekit.apps (app_id, account_id, first_synced_at, synced_at, run_id) VALUES ('app', 'acc', now(), now(), 0), ('other', 'other', now(), now(), 0)`,
		`INSERT INTO realtimekit.meetings (app_id, meeting_id, first_synced_at, synced_at, run_id) SELECT app_id, 'room', now(), now(), 0 FROM realtimekit.apps`,
		`INSERT INTO realtimekit.meeting_participants (app_id, meeting_id, meeting_participant_id, first_synced_at, synced_at, run_id)
			SELECT app_id, 'room', 'ana', now(), now(), 0 FROM realtimekit.apps`,
		`INSERT INTO analytics.excuses (app_id, person_id, starts_at, ends_at, reason)
			SELECT app_id, 'ana', at - interval '1 hour', at, 'flu'
			FROM realtimekit.apps, unnest('{2026-11-19 15:00:00Z, 2026-11-19 15:00:01Z}'::timestamptz[]) AS at`,
		`INSERT INTO analytics.timetable (app_id, title, starts_at, ends_at)
			SELECT app_id, 'Piano with Ana', at - interval '1 second', at
			FROM realtimekit.apps, unnest('{2026-11-19 15:00:00Z, 2026-11-19 15:00:01Z}'::timestamptz[]) AS at`,
	} {
		if _, err := b.Pool.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	store := erasure.New(b.DB)
	for _, dryRun := range []bool{true, false} {
		did, err := store.Retain(t.Context(), "acc", horizon, dryRun, func(erasure.RetentionCounts) {})
		if err != nil || did.Excuses != 1 || did.Lessons != 1 {
			t.Errorf("dry run %v: %+v, %v", dryRun, did, err)
		}
	}
	const left = `SELECT string_agg(app_id || ' ' || to_char(ends_at, 'SS'), ', ' ORDER BY app_id, ends_at) FROM analytics.`
	for _, table := range []string{"excuses", "timetable"} {
		if got := b.Text(left + table); got != "app 01, other 00, other 01" {
			t.Errorf("%s: left are %s", table, got)
		}
	}
}

// A session that a crash left open reaches, as its end is assumed, over days that lie after the
// horizon. These are counted without it, now and when more sessions come; earlier ones are kept.
func TestRetentionOfASessionLeftOpen(t *testing.T) {
	t.Parallel()
	for name, is := range map[string]string{"live": `'LIVE', NULL`, "an end years ahead": `'ENDED', '9999-12-31 23:59Z'`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			retainLeftOpen(t, is)
		})
	}
}

func retainLeftOpen(t *testing.T, statusAndEnd string) {
	t.Helper()
	b := testbed.New(t)
	sql := func(statement string) {
		t.Helper()
		pgtest.Exec(t, b.Pool, statement)
	}
	sql(`INSERT INTO realtimekit.apps (app_id, account_id, first_synced_at, synced_at, run_id) VALUES ('app', 'acc', now(), now(), 0);
		INSERT INTO realtimekit.sessions (session_id, app_id, status, ended_at, started_at, created_at, updated_at, first_synced_at, synced_at, run_id) VALUES
			('00000000-0000-4000-8000-000000000001', 'app', ` + statusAndEnd + `, '2026-11-05 10:00Z', '2026-11-05 10:00Z', '2026-11-05 11:00Z', now(), '2026-11-20 15:00Z', 0),
			('00000000-0000-4000-8000-000000000002', 'app', 'ENDED', '2026-11-18 10:00Z', '2026-11-18 09:00Z', '2026-11-18 09:00Z', NULL, now(), now(), 0);
		INSERT INTO realtimekit.participants (session_id, participant_id, custom_participant_id, joined_at, left_at, first_synced_at, synced_at, run_id)
			SELECT session_id, gen_random_uuid(), who, started_at, CASE WHEN who = 'ana' OR ended_at < '9999-01-01' THEN started_at + interval '1 hour' END, now(), now(), 0
			FROM realtimekit.sessions, unnest('{ana,bo}'::text[]) AS who;
		INSERT INTO analytics.stale_sessions (session_id, started_at) SELECT session_id, started_at FROM realtimekit.sessions;
		SELECT analytics.refresh(500)`)
	const days = `SELECT usage_date || ' ' || concat_ws(' ', unique_people, unique_custom_ids, peak_people, person_seconds / 3600, sessions_active) FROM analytics.usage_days `
	const kept = days + `WHERE usage_date < '2026-11-10' ORDER BY usage_date`
	before := pgtest.Texts(t, b.Pool, kept)
	if got := pgtest.Texts(t, b.Pool, days+`WHERE usage_date = '2026-11-18'`); len(before) != 5 || len(got) != 1 || got[0] != "2026-11-18 2 2 2 25 2" {
		t.Fatalf("counted %q, %q", before, got)
	}
	store := erasure.New(b.DB)
	horizon := time.Date(2026, 11, 10, 0, 0, 0, 0, time.UTC)
	if did, err := store.Retain(t.Context(), "acc", horizon, false, func(erasure.RetentionCounts) {}); err != nil || did.Sessions != 1 {
		t.Fatalf("%+v, %v", did, err)
	}
	if diff := cmp.Diff(before, pgtest.Texts(t, b.Pool, kept)); diff != "" {
		t.Errorf("days before the horizon (- before, + after):\n%s", diff)
	}
	const open = days + `WHERE usage_date >= '2026-11-10' ORDER BY usage_date`
	if diff := cmp.Diff([]string{"2026-11-18 2 2 2 2 1"}, pgtest.Texts(t, b.Pool, open)); diff != "" {
		t.Errorf("days after it (- without the session, + after):\n%s", diff)
	}
	sql(`INSERT INTO realtimekit.sessions (session_id, app_id, status, started_at, ended_at, created_at, first_synced_at, synced_at, run_id)
			SELECT gen_random_uuid(), 'app', 'ENDED', at, at + interval '30 minutes', at, now(), now(), 0 FROM unnest('{2026-11-18 09:45Z,2026-11-20 09:00Z}'::timestamptz[]) AS at;
		INSERT INTO realtimekit.participants (session_id, participant_id, custom_participant_id, joined_at, left_at, first_synced_at, synced_at, run_id)
			SELECT session_id, gen_random_uuid(), who, started_at, ended_at, now(), now(), 0 FROM realtimekit.sessions, unnest('{bo,cy}'::text[]) AS who WHERE session_id > '00000000-0000-4000-8000-000000000002';
		INSERT INTO analytics.stale_sessions (session_id, started_at) SELECT session_id, started_at FROM realtimekit.sessions WHERE session_id > '00000000-0000-4000-8000-000000000002';
		SELECT analytics.refresh(500)`)
	if diff := cmp.Diff([]string{"2026-11-18 3 3 3 2.75 2", "2026-11-20 2 2 2 1 1"}, pgtest.Texts(t, b.Pool, open)); diff != "" {
		t.Errorf("with more sessions (- by hand, + in SQL):\n%s", diff)
	}
}

// People whose enrolment goes are not missed: the number of a meeting's stored people follows,
// of however many at once.
func TestRetentionCountsWhoWasEnrolled(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	b.MustLoad(testbed.Session(1), model.ParticipantPage{})
	if _, err := b.Pool.Exec(t.Context(), `INSERT INTO realtimekit.meeting_participants (app_id, meeting_id, meeting_participant_id, removed_at, first_synced_at, synced_at, run_id)
			SELECT app_id, meeting_id, u.id, u.removed_at, now(), now(), 0 FROM realtimekit.meetings,
				(VALUES ('ana', '2020-01-01Z'::timestamptz), ('ben', '2020-01-02Z'), ('cem', NULL)) AS u (id, removed_at);
		INSERT INTO sync.meeting_states (app_id, meeting_id, stored_people, run_id) SELECT app_id, meeting_id, 3, 0 FROM realtimekit.meetings`); err != nil {
		t.Fatal(err)
	}
	did, err := erasure.New(b.DB).Retain(t.Context(), "acc", testbed.T0.AddDate(0, 0, -1), false, func(erasure.RetentionCounts) {})
	if err != nil || did.MeetingParticipants != 2 || did.Sessions != 0 {
		t.Errorf("%+v, %v", did, err)
	}
	const counts = `SELECT (SELECT stored_people FROM sync.meeting_states) || ' of ' || (SELECT count(*) FROM realtimekit.meeting_participants)`
	if got := b.Text(counts); got != "1 of 1" {
		t.Errorf("people that are said to be stored, and are: %s", got)
	}
}

// Whatever others store meanwhile, as a long backfill does, what has expired goes.
func TestRetentionDoesNotWaitForAQuietMoment(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	b.MustLoad(testbed.Session(1), model.ParticipantPage{Participants: []model.Participant{testbed.Participant(1, "x", testbed.T0)}})
	pgtest.Exec(t, b.Pool, `CREATE SEQUENCE public.batches;
		CREATE FUNCTION public.store_more() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
			IF EXISTS (SELECT 1 FROM realtimekit.sessions) THEN
				IF nextval('public.batches') > 20 THEN RAISE EXCEPTION 'it goes on and on'; END IF;
				INSERT INTO analytics.stale_sessions (session_id) VALUES (gen_random_uuid());
			END IF;
			RETURN NULL;
		END$$;
		CREATE TRIGGER store_more AFTER DELETE ON analytics.stale_sessions EXECUTE FUNCTION public.store_more()`)
	did, err := erasure.New(b.DB).Retain(t.Context(), "acc", testbed.T0.AddDate(0, 0, 10), false, func(erasure.RetentionCounts) {})
	if err != nil || did.Sessions != 1 {
		t.Errorf("%+v, %v", did, err)
	}
}
