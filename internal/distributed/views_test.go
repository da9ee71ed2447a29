package distributed

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/migrations"
)

// momentary are columns that tell when somebody looked, and so differ between two
// warehouses that are filled one after the other.
var momentary = map[string]string{
	"refreshed_at": "when the day was counted", "vendor_read_at": "when the vendor's count was read",
	"discovered_at": "when the list was read", "last_run_finished_at": "when the run ended", "last_success_at": "the same",
	"seconds_since_success": "the same",
}

// summed is a sum of double precision, whose last digits depend on the order of its rows.
const summed = "our_minutes"

// manyShards are views that ask more than one shard about one session.
var manyShards = map[string]string{
	"join_latency":     "a subquery hides of which session it is",
	"session_drop_off": "the same",
	"data_quality":     "one of its checks is about people, over all sessions",
	"recording_usage":  "recordings are on every node, and their sessions are looked up",
	"no_shows":         "a lesson may be of several sessions",
}

// setting is what gives the views rows of each kind: a timetable, excuses and rules.
const setting = `
INSERT INTO analytics.settings (app_id, meeting_id, machine_names) SELECT app_id, '', '{recorder}' FROM realtimekit.apps ORDER BY 1 LIMIT 1;
INSERT INTO analytics.prices (usage_kind, valid_from, price_per_minute, currency) VALUES ('participant', '2026-01-01', 0.002, 'USD'), ('recording', '2026-01-01', 0.01, 'USD');
INSERT INTO analytics.timetable (app_id, meeting_id, title, starts_at, ends_at)
	SELECT app_id, meeting_id, 'A lesson', starts_at + n * interval '15 minutes', starts_at + (n + 1) * interval '15 minutes' FROM generate_series(0, 1) AS n, (
		SELECT app_id, meeting_id, min(starts_at) AS starts_at FROM analytics.session_figures WHERE meeting_id IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2 LIMIT 3) AS f
	ORDER BY 1, 2, 4;
INSERT INTO analytics.excuses (app_id, meeting_id, person_id, starts_at, ends_at, reason)
	SELECT app_id, '', person_id, '2026-01-01', '2027-01-01', 'ill' FROM (
		SELECT DISTINCT f.app_id, p.person_id FROM analytics.session_people AS p JOIN analytics.session_figures AS f USING (session_id) WHERE NOT p.is_guest ORDER BY 1, 2 LIMIT 5) AS x`

// enrich adds what people write into the warehouse, and counts the days anew.
func enrich(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	for statement := range strings.SplitSeq(setting, ";\n") {
		pgtest.Exec(t, pool, statement)
	}
	for pgtest.Number(t, pool, `SELECT analytics.refresh(500)`) > 0 {
	}
}

// shown gives the rows of a query, sorted, as texts of those columns that do not tell when.
func shown(t *testing.T, pool *pgxpool.Pool, sql string) (lines []string, err error) {
	t.Helper()
	rows, err := pool.Query(t.Context(), sql, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var line strings.Builder
		for i, value := range rows.RawValues() {
			name := rows.FieldDescriptions()[i].Name
			if momentary[name] != "" {
				continue
			}
			if number, err := strconv.ParseFloat(string(value), 64); err == nil && name == summed {
				value = strconv.AppendFloat(nil, number, 'g', 12, 64)
			}
			fmt.Fprintf(&line, "%s=%s ", name, value)
		}
		lines = append(lines, line.String())
	}
	slices.Sort(lines)
	return lines, rows.Err()
}

func views(t *testing.T, pool *pgxpool.Pool) []string {
	t.Helper()
	return pgtest.Texts(t, pool, `SELECT relname::text FROM pg_class WHERE relnamespace = 'analytics'::regnamespace AND relkind = 'v' ORDER BY 1`)
}

// Each view has the rows that it has on one server, of all sessions and of one.
func TestViewsEqualOneServer(t *testing.T) {
	t.Parallel()
	clusterURL(t)
	one := pgtest.Open(t, pgtest.New(t), 8)
	fill(t, one)
	enrich(t, one)
	many, url := distributed(t)
	fill(t, many)
	enrich(t, many)
	for _, pool := range []*pgxpool.Pool{one, many} {
		derivedOnce(t, pool)
	}
	sameViews(t, one, many)
	commands(t, many, url)
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
	for _, view := range views(t, one) {
		for _, of := range []string{"", " WHERE session_id = '" + session + "'"} {
			if of != "" && pgtest.Number(t, one, `SELECT count(*) FROM pg_attribute WHERE attrelid = ('analytics.' || $1)::regclass AND attname = 'session_id'`, view) == 0 {
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
	fill(t, one)
	enrich(t, one)
	names, definitions, err := migrations.ForCluster()
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		questions := asked(name)
		var want [][]string
		for _, sql := range questions {
			lines, err := shown(t, one, sql)
			if err != nil || len(lines) == 0 {
				t.Fatalf("%s: %d rows, %v", sql, len(lines), err)
			}
			want = append(want, lines)
		}
		pgtest.Exec(t, one, definitions[i])
		if len(questions) > 1 { // of what is computed once: anew, and by difference
			for range 2 {
				pgtest.Exec(t, one, `INSERT INTO analytics.stale_sessions (session_id, started_at) SELECT session_id, started_at FROM realtimekit.sessions`)
				pgtest.Exec(t, one, `SELECT analytics.refresh(100000)`)
			}
		}
		for n, sql := range questions {
			if got, err := shown(t, one, sql); err != nil || !slices.Equal(got, want[n]) {
				t.Errorf("%s in the form for a cluster differs in %s, %v:\n%.1500s", name, sql, err, cmp.Diff(want[n], got))
			}
		}
	}
}

// asked gives the questions whose answers tell what a view or function says.
func asked(name string) []string {
	switch name {
	case "people_between":
		return []string{`SELECT * FROM analytics.people_between('2026-10-01', '2026-12-01')`}
	case "derive", "count_sessions":
		return []string{
			`SELECT to_jsonb(f) - 'derived_at' FROM analytics.session_figures AS f`, `SELECT * FROM analytics.presences`, `SELECT * FROM analytics.session_people`,
			`SELECT to_jsonb(d) - 'refreshed_at' FROM analytics.daily_usage AS d`, `SELECT to_jsonb(d) - 'refreshed_at' FROM analytics.preset_usage AS d`,
			`SELECT * FROM analytics.usage_ids`,
		}
	}
	return []string{`SELECT * FROM analytics.` + name}
}

// compare sets the rows of two warehouses side by side.
func compare(t *testing.T, one, many *pgxpool.Pool, sql string) {
	t.Helper()
	want, err := shown(t, one, sql)
	if err != nil {
		t.Fatalf("%s on one server: %v", sql, err)
	}
	got, err := shown(t, many, sql)
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
