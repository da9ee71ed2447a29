package distributed

import (
	"errors"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/migrations"
)

// manyShards are views that ask more than one shard about one session.
var manyShards = map[string]string{
	"no_shows": "a lesson may be of several sessions, and how often somebody came is counted over all of them",
}

// setting is what gives the views rows of each kind: a timetable, excuses and rules; days of
// an app, and of all others of the account; and what there may be to say of a session, or of none.
const setting = `
INSERT INTO analytics.settings (app_id, meeting_id, machine_names, time_zone) SELECT app_id, '', '{recorder}', 'Pacific/Auckland' FROM realtimekit.apps ORDER BY 1 LIMIT 1;
INSERT INTO sync.account_zones (account_id, time_zone) SELECT DISTINCT account_id, 'Asia/Kolkata' FROM realtimekit.apps;
INSERT INTO analytics.prices (usage_kind, valid_from, price_per_minute, currency) VALUES ('participant', '2026-01-01', 0.002, 'USD'), ('recording', '2026-01-01', 0.01, 'USD');
INSERT INTO analytics.timetable (app_id, meeting_id, title, starts_at, ends_at)
	SELECT app_id, meeting_id, 'A lesson', starts_at + n * interval '15 minutes', starts_at + (n + 1) * interval '15 minutes' FROM generate_series(0, 1) AS n, (
		SELECT app_id, meeting_id, min(starts_at) AS starts_at FROM analytics.session_figures WHERE meeting_id IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2 LIMIT 30) AS f
	ORDER BY 1, 2, 4;
INSERT INTO analytics.excuses (app_id, meeting_id, person_id, starts_at, ends_at, reason)
	SELECT app_id, '', person_id, '2026-01-01', '2027-01-01', 'ill' FROM (
		SELECT DISTINCT f.app_id, p.person_id FROM analytics.session_people AS p JOIN analytics.session_figures AS f USING (session_id) WHERE NOT p.is_guest ORDER BY 1, 2 LIMIT 5) AS x;
UPDATE sync.session_states SET erased_participants = 2 WHERE session_id IN (SELECT session_id FROM realtimekit.sessions ORDER BY started_at, session_id LIMIT 3);
UPDATE sync.session_states SET complete_at = NULL WHERE session_id IN (SELECT session_id FROM realtimekit.sessions ORDER BY started_at, session_id OFFSET 2 LIMIT 3);
UPDATE realtimekit.sessions SET minutes_consumed = minutes_consumed + 1 WHERE session_id IN (SELECT session_id FROM realtimekit.sessions ORDER BY started_at, session_id LIMIT 4);
INSERT INTO sync.rejected_records (entity, app_id, session_id, record_key, reason, raw_text, first_seen_at, last_seen_at, run_id)
	SELECT 'participant', app_id, session_id, n, 'no id', '{}', '2026-11-01', '2026-11-01', 1
	FROM (SELECT app_id, session_id FROM realtimekit.sessions ORDER BY started_at, session_id LIMIT 3) AS s, generate_series(1, 2) AS n;
INSERT INTO sync.rejected_records (entity, app_id, session_id, record_key, reason, raw_text, first_seen_at, last_seen_at, run_id) VALUES
	('session', 'of none', '00000000-0000-4000-8000-00000000dead', 'a', 'no start', '{}', '2026-11-01', '2026-11-01', 1), ('app', NULL, NULL, 'a', 'no id', '{}', '2026-11-01', '2026-11-01', 1);
UPDATE realtimekit.meeting_participants SET custom_participant_id = upper(custom_participant_id) WHERE custom_participant_id = 'stu-1042';
INSERT INTO realtimekit.recordings (app_id, recording_id, session_id, started_at, duration_seconds, first_synced_at, synced_at, run_id)
	SELECT app_id, recording_id, session_id, '2026-11-01 10:00Z', 60, '2026-11-01', '2026-11-01', 1
	FROM realtimekit.apps, (VALUES ('of none', NULL), ('of an unknown one', '00000000-0000-4000-8000-00000000dead'::uuid)) AS r (recording_id, session_id);
INSERT INTO realtimekit.livestream_sessions (session_id, livestream_session_id, started_at, ingest_seconds, first_synced_at, synced_at, run_id)
	SELECT session_id, 'a', started_at, 60, '2026-11-01', '2026-11-01', 1 FROM realtimekit.sessions;
INSERT INTO realtimekit.livestream_sessions (session_id, livestream_session_id, ingest_seconds, first_synced_at, synced_at, run_id)
	SELECT session_id, 'without a time', 60, '2026-11-01', '2026-11-01', 1 FROM realtimekit.sessions;
INSERT INTO analytics.deleted_recordings (app_id, usage_date, usage_kind, recordings, recorded_seconds)
	SELECT app_id, '2026-10-01', 'recording', 2, 90 FROM realtimekit.apps`

// enrich adds what people write into the warehouse, and counts the days anew.
func enrich(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	for statement := range strings.SplitSeq(setting, ";\n") {
		pgtest.Exec(t, pool, statement)
	}
	refresh(t, pool)
}

func refresh(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	for pgtest.Number(t, pool, `SELECT analytics.refresh(500)`) > 0 {
	}
}

// move has the days of an app cut in another time zone, whose midnights lie in lessons.
func move(t *testing.T, pool *pgxpool.Pool, zone string) {
	t.Helper()
	pgtest.Exec(t, pool, `UPDATE analytics.settings SET time_zone = $1 WHERE time_zone IS NOT NULL`, zone)
	refresh(t, pool)
}

func views(t *testing.T, pool *pgxpool.Pool) []string {
	t.Helper()
	return pgtest.Texts(t, pool, `SELECT relname::text FROM pg_class WHERE relnamespace = 'analytics'::regnamespace AND relkind = 'v' ORDER BY 1`)
}

// Each view has the rows that it has on one server, of all sessions and of one.
func TestViewsEqualOneServer(t *testing.T) {
	t.Parallel()
	pgtest.ClusterURL(t)
	one := pgtest.Open(t, pgtest.New(t), 8)
	many, url := distributed(t)
	for _, pool := range []*pgxpool.Pool{one, many} {
		fill(t, pool)
		enrich(t, pool)
		move(t, pool, "America/St_Johns")
		derivedOnce(t, pool)
	}
	if n := pgtest.Number(t, one, `SELECT count(DISTINCT time_zone) FROM analytics.daily_usage`); n != 2 {
		t.Errorf("days are cut in %d time zones", n)
	}
	sameTables(t, "enrich", one, many)
	sameViews(t, one, many)
	for _, pool := range []*pgxpool.Pool{one, many} {
		pgtest.Exec(t, pool, `DELETE FROM sync.rejected_records`) // which are of nobody, and would be read again
	}
	commands(t, many, url)
	samePerson(t, one, many)
	forget(t, one, many)
}

// derivedOnce wants a session that was derived in the transaction that stored it to be queued
// as such: else the refresh derives it once more.
func derivedOnce(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	for _, how := range []string{`UPDATE analytics.session_figures SET derived_at = now() WHERE session_id = $1`, `SELECT analytics.derive(ARRAY[$1::uuid])`} {
		tx, err := pool.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var session, derived string
		if err = tx.QueryRow(t.Context(), `SELECT min(session_id::text) FROM realtimekit.sessions`).Scan(&session); err == nil {
			_, err = tx.Exec(t.Context(), how, session)
		}
		if err == nil {
			_, err = tx.Exec(t.Context(), `UPDATE sync.run_sessions SET rows_updated = rows_updated + 1 WHERE session_id = $1`, session)
		}
		if err == nil {
			err = tx.QueryRow(t.Context(), `SELECT string_agg(is_derived::text, ' ') FROM analytics.stale_sessions WHERE session_id = $1`, session).Scan(&derived)
		}
		if err = errors.Join(err, tx.Rollback(t.Context())); err != nil || derived != "true" {
			t.Errorf("%s: queued as derived: %q, %v", how, derived, err)
		}
	}
}

// sameViews compares all views, and functions that are asked.
func sameViews(t *testing.T, one, many *pgxpool.Pool) {
	t.Helper()
	session := pgtest.Text(t, one, `SELECT session_id::text FROM analytics.no_shows ORDER BY 1 LIMIT 1`)
	found := pgtest.Text(t, one, `SELECT session_id::text FROM analytics.data_quality GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1`)
	const unknown = "00000000-0000-4000-8000-00000000dead"
	for _, view := range views(t, one) {
		for _, of := range []string{"", " WHERE session_id = '" + session + "'", " WHERE session_id = '" + found + "'", " WHERE session_id = '" + unknown + "'"} {
			if of != "" && pgtest.Number(t, one, `SELECT count(*) FROM pg_attribute WHERE attrelid = $1::text::regclass AND attname = 'session_id'`, naming.Real("analytics."+view)) == 0 {
				continue
			}
			compare(t, one, many, `SELECT * FROM analytics.`+view+of)
			if of != "" {
				oneShard(t, many, view, of)
			}
		}
	}
	compare(t, one, many, `SELECT * FROM analytics.people_between('2026-10-01', '2026-12-01')`)
}

var tasks = regexp.MustCompile(`Task Count: (\d+)`)

// oneShard wants a question about one session to ask one shard.
func oneShard(t *testing.T, many *pgxpool.Pool, view, of string) {
	t.Helper()
	plan := strings.Join(pgtest.Texts(t, many, `EXPLAIN SELECT * FROM analytics.`+view+of), "\n")
	most := 0
	for _, found := range tasks.FindAllStringSubmatch(plan, -1) {
		n, err := strconv.Atoi(found[1])
		if err != nil {
			t.Fatal(err)
		}
		most = max(most, n)
	}
	if (most != 1) != (manyShards[view] != "") {
		t.Errorf("%s of one session asks %d shards (%s)", view, most, manyShards[view])
	}
}

// What has another form for a cluster says the same on one server, in either form.
func TestFormsForAClusterSayTheSame(t *testing.T) {
	t.Parallel()
	one := pgtest.Open(t, pgtest.New(t), 8)
	data := ended()
	for i := range data.Apps { // enough for each case
		sessions := data.Apps[i].Sessions
		data.Apps[i].Sessions = sessions[:min(len(sessions), 9)]
	}
	load(t, one, data, pipeline.Optional{Enrolment: true})
	enrich(t, one)
	pgtest.Exec(t, one, `ANALYZE`)
	names, definitions, err := migrations.ForCluster(math.MaxInt64)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		want, err := pgtest.Shown(t, one, asked(name))
		if err != nil || len(want) == 0 {
			t.Fatalf("%s: %d rows, %v", name, len(want), err)
		}
		pgtest.Exec(t, one, definitions[i])
		if got, err := pgtest.Shown(t, one, asked(name)); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s in the form for a cluster differs, %v:\n%.1500s", name, err, cmp.Diff(want, got))
		}
	}
}

// A form for a cluster that a later migration brought is not there before it.
func TestFormsForAClusterComeWithTheirMigration(t *testing.T) {
	t.Parallel()
	for version, want := range map[int64]bool{32: false, math.MaxInt64: true} {
		names, _, err := migrations.ForCluster(version)
		if err != nil || !slices.Contains(names, "no_shows") || slices.Contains(names, "data_quality") != want || slices.Contains(names, "presence_by_day") != want {
			t.Errorf("forms of version %d: %q, %v", version, names, err)
		}
	}
}

// asked gives the question whose answer tells what a view or function says.
func asked(name string) string {
	switch name {
	case "people_between":
		return `SELECT * FROM analytics.people_between('2026-10-01', '2026-12-01')`
	case "ids_of_nobody": // of the days beside those on which somebody had them too
		return `SELECT unnest(analytics.ids_of_nobody(array_agg(DISTINCT row(app_id, usage_date + n, custom_participant_id)::analytics.usage_ids),
				(SELECT array_agg(DISTINCT app_id) FROM analytics.session_figures WHERE time_zone <> 'UTC')))
			FROM analytics.usage_ids CROSS JOIN generate_series(-1, 1) AS n`
	}
	return `SELECT * FROM analytics.` + name
}

// compare sets the rows of two warehouses side by side.
func compare(t *testing.T, one, many *pgxpool.Pool, sql string) {
	t.Helper()
	want, err := pgtest.Shown(t, one, sql)
	if err != nil {
		t.Fatalf("%s on one server: %v", sql, err)
	}
	got, err := pgtest.Shown(t, many, sql)
	if err != nil {
		t.Errorf("%s on the cluster: %v", sql, err)
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s differs (- on one server, + on the cluster):\n%s", sql, diff[:min(len(diff), 1500)])
		return
	}
	t.Logf("%s: %d rows, equal", sql, len(want))
}
