package distributed

import (
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// usageTables are what is kept of days.
var usageTables = []string{"session_dates", "shared_person_days", "usage_curves", "usage_ids", "usage_days", "usage_preset_days"}

// New days of many sessions at once are counted by the program, whatever the nodes say in
// which order, as the function counts them and as on one server.
func TestNewDaysAreCountedOnACluster(t *testing.T) {
	t.Parallel()
	pgtest.ClusterURL(t)
	one := pgtest.Open(t, pgtest.New(t), 8)
	many, _ := distributed(t)
	var byProgram [2]map[string][]string
	for i, pool := range []*pgxpool.Pool{one, many} {
		fill(t, pool)
		enrich(t, pool)
		move(t, pool, "America/St_Johns")
		byProgram[i] = countAnew(t, pool, func() {
			withoutFunction(t, pool)
		})
	}
	byFunction := countAnew(t, one, func() { refresh(t, one) })
	for _, table := range usageTables {
		if n := len(byFunction[table]); n < 20 {
			t.Errorf("analytics.%s has only %d rows", table, n)
		}
		if diff := cmp.Diff(byProgram[0][table], byProgram[1][table]); diff != "" {
			t.Errorf("analytics.%s differs (- on one server, + on the cluster):\n%.1500s", table, diff)
		}
		if diff := cmp.Diff(byFunction[table], byProgram[1][table]); diff != "" {
			t.Errorf("analytics.%s differs (- as the function counts, + on the cluster):\n%.1500s", table, diff)
		}
	}
	if n := pgtest.Number(t, many, `SELECT count(*) FROM analytics.session_person_days`); n == 0 {
		t.Error("nobody is in a session on two days")
	}
}

// zeros are those at the ends of numbers: a sum of numerics has as many as a part of it had.
var zeros = regexp.MustCompile(`(?:(\.\d*[1-9])|\.)0+([,}])`)

// countAnew forgets all days, queues all sessions as new, has them counted and gives what is
// kept.
func countAnew(t *testing.T, pool *pgxpool.Pool, count func()) map[string][]string {
	t.Helper()
	pgtest.Exec(t, pool, `TRUNCATE analytics.`+strings.Join(usageTables, ", analytics."))
	pgtest.Exec(t, pool, `INSERT INTO analytics.stale_sessions (session_id, started_at, is_derived) SELECT session_id, starts_at, true FROM analytics.session_figures`)
	count()
	kept := map[string][]string{}
	for _, table := range usageTables {
		rows, err := pgtest.Shown(t, pool, `SELECT to_jsonb(t) - '{refreshed_at,updated_at,usage_id}'::text[] AS row FROM analytics.`+table+` AS t`)
		if err != nil {
			t.Fatal(err)
		}
		for i := range rows {
			rows[i] = zeros.ReplaceAllString(rows[i], "$1$2")
		}
		kept[table] = rows
	}
	return kept
}

// withoutFunction has the program count all that is queued, which the function then refuses.
func withoutFunction(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	function := pgtest.Text(t, pool, `SELECT pg_get_functiondef('analytics.refresh'::regproc)`)
	pgtest.Exec(t, pool, `CREATE OR REPLACE FUNCTION analytics.refresh(max_sessions integer DEFAULT 500) RETURNS bigint LANGUAGE plpgsql AS $$BEGIN
		IF EXISTS (SELECT 1 FROM analytics.stale_sessions) THEN RAISE EXCEPTION 'asked'; END IF;
		RETURN 0;
	END$$`)
	queued := pgtest.Number(t, pool, `SELECT count(*) FROM analytics.stale_sessions`)
	if n, err := warehouse.New(pool, slog.New(slog.DiscardHandler)).RefreshAnalytics(t.Context()); err != nil || n != queued || n < 20 {
		t.Errorf("%d of %d sessions were counted, %v", n, queued, err)
	}
	pgtest.Exec(t, pool, function)
}
