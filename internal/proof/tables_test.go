package proof_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// tables gives every table of the warehouse, row by row, but for what differs
// between two runs in which nothing differs: numbers of runs, and when something
// was done, on which shares of a live session depend too. Of those it says whether
// there is one. The ledger and the request budget are left to sound.
func (s *scene) tables(pool *pgxpool.Pool) map[string][]string {
	s.t.Helper()
	all := map[string][]string{}
	for name, columns := range s.columns(pool) {
		rows, err := pool.Query(s.t.Context(), `SELECT concat_ws(' | ', `+strings.Join(columns, ", ")+`) FROM `+name+` ORDER BY 1`)
		if err != nil {
			s.t.Fatal(err)
		}
		if all[name], err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
			s.t.Fatal(err)
		}
	}
	return all
}

// columns gives the expressions to compare of each table.
func (s *scene) columns(pool *pgxpool.Pool) map[string][]string {
	s.t.Helper()
	rows, err := pool.Query(s.t.Context(), `SELECT n.nspname || '.' || c.relname,
			CASE WHEN a.atttypid IN ('timestamp'::regtype, 'timestamptz'::regtype) AND n.nspname <> 'realtimekit' AND a.attname NOT IN ('watermark', 'created_at')
				OR a.attname IN ('synced_at', 'first_synced_at', 'removed_at', 'last_listed_at', 'session_share', 'average_share')
			THEN format('%1$L || (%1$I IS NOT NULL)', a.attname) ELSE format('coalesce(%I::text, ''null'')', a.attname) END
		FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_attribute AS a ON a.attrelid = c.oid
		WHERE c.relkind IN ('r', 'p') AND n.nspname IN ('realtimekit', 'sync', 'analytics') AND a.attnum > 0 AND NOT a.attisdropped
		  AND (n.nspname, c.relname) NOT IN (('sync', 'runs'), ('sync', 'run_sessions'), ('sync', 'request_budgets'))
		  AND a.attname NOT IN ('run_id', 'rejected_id', 'price_id', 'usage_id', 'change_id', 'id', 'times_seen')
		ORDER BY 1, a.attnum`)
	if err != nil {
		s.t.Fatal(err)
	}
	columns := map[string][]string{}
	var name, expression string
	_, err = pgx.ForEachRow(rows, []any{&name, &expression}, func() error {
		columns[name] = append(columns[name], expression)
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return columns
}

// sound fails unless the ledger counted every row once, session by session and
// run by run, and calls no run running.
func (s *scene) sound(pool *pgxpool.Pool) {
	s.t.Helper()
	if wrong := s.ledger(pool); len(wrong) > 0 {
		s.t.Errorf("the ledger is wrong:\n%s", strings.Join(wrong, "\n"))
	}
}

// ledger says what is wrong with it. A run reads a session once, so it reads no
// more than is stored of it, unless the API contradicts itself; whatever is stored was new once.
func (s *scene) ledger(pool *pgxpool.Pool) []string {
	s.t.Helper()
	rows, err := pool.Query(s.t.Context(), `WITH stored AS (
			SELECT session_id, count(*) AS rows FROM (
				SELECT session_id FROM realtimekit.sessions UNION ALL SELECT session_id FROM realtimekit.participants
				UNION ALL SELECT session_id FROM realtimekit.peer_events) AS r
			GROUP BY 1
		), counted AS (SELECT session_id, sum(rows_inserted) AS rows FROM sync.run_sessions GROUP BY 1)
		SELECT format('run %s is still running', run_id) FROM sync.runs WHERE status = 'running'
		UNION ALL
		SELECT format('run %s has other sums than its sessions', run_id)
		FROM sync.runs AS r
		WHERE ARRAY[rows_read, rows_inserted, rows_updated, rows_unchanged] <> (
			SELECT ARRAY[coalesce(sum(rows_read), 0), coalesce(sum(rows_inserted), 0), coalesce(sum(rows_updated), 0), coalesce(sum(rows_unchanged), 0)]::bigint[]
			FROM sync.run_sessions WHERE run_id = r.run_id)
		UNION ALL
		SELECT format('session %s: %s rows were new, %s are stored', session_id, counted.rows, stored.rows)
		FROM stored FULL JOIN counted USING (session_id)
		WHERE coalesce(stored.rows, 0) <> coalesce(counted.rows, 0)
		UNION ALL
		SELECT format('run %s, session %s: %s rows were read, %s are stored; %s new, %s changed, %s unchanged',
			run_id, session_id, rows_read, stored.rows, rows_inserted, rows_updated, rows_unchanged)
		FROM sync.run_sessions LEFT JOIN stored USING (session_id)
		WHERE rows_read > coalesce(stored.rows, 0) * CASE WHEN $1 THEN 2 ELSE 1 END
			OR rows_read <> rows_inserted + rows_updated + rows_unchanged`, s.twice)
	if err != nil {
		s.t.Fatal(err)
	}
	wrong, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		s.t.Fatal(err)
	}
	return wrong
}

// versions digests the row versions of all data tables: whoever writes a row
// changes it.
func (s *scene) versions(pool *pgxpool.Pool) string {
	s.t.Helper()
	var digest string
	err := pool.QueryRow(s.t.Context(), `SELECT coalesce(md5(string_agg(v, ',' ORDER BY v)), '') FROM (
		SELECT 'a' || ctid || xmin FROM realtimekit.apps UNION ALL
		SELECT 'm' || ctid || xmin FROM realtimekit.meetings UNION ALL
		SELECT 's' || ctid || xmin FROM realtimekit.sessions UNION ALL
		SELECT 'p' || ctid || xmin FROM realtimekit.participants UNION ALL
		SELECT 'e' || ctid || xmin FROM realtimekit.peer_events UNION ALL
		SELECT 'n' || ctid || xmin FROM realtimekit.meeting_participants UNION ALL
		SELECT 'd' || ctid || xmin FROM realtimekit.daily_stats UNION ALL
		SELECT 'r' || ctid || xmin FROM realtimekit.peer_reports) AS t (v)`).Scan(&digest)
	if err != nil {
		s.t.Fatal(err)
	}
	return digest
}

// alone waits until no process has a connection to the database any more, as it
// may for a moment after it was killed in the middle of a statement.
func (s *scene) alone() {
	s.t.Helper()
	conn := s.admin(s.t.Context())
	defer conn.Close(s.t.Context())
	for began := time.Now(); ; {
		var others int
		err := conn.QueryRow(s.t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND application_name = 'rollcall'`,
			databaseName(s.t, s.direct)).Scan(&others)
		switch {
		case err != nil:
			s.t.Fatal(err)
		case others == 0:
			return
		case time.Since(began) > longest:
			s.t.Fatalf("%d connections are left", others)
		}
	}
}

// admin connects to the server's maintenance database.
func (s *scene) admin(ctx context.Context) *pgx.Conn {
	s.t.Helper()
	u := hostOf(s.t, s.direct)
	u.Path = "/postgres"
	conn, err := pgx.Connect(ctx, u.String())
	if err != nil {
		s.t.Fatal(err)
	}
	return conn
}

// copyDatabase gives a copy of a database to which nobody is connected, until
// the test ends.
func (s *scene) copyDatabase(number int) string {
	s.t.Helper()
	conn := s.admin(s.t.Context())
	defer conn.Close(s.t.Context())
	name := fmt.Sprintf("%s_copy_%d", databaseName(s.t, s.direct), number)
	if _, err := conn.Exec(s.t.Context(), `CREATE DATABASE `+name+` TEMPLATE `+databaseName(s.t, s.direct)+` STRATEGY file_copy`); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		ctx := context.Background() // that of the test has ended
		conn := s.admin(ctx)
		defer conn.Close(ctx)
		if _, err := conn.Exec(ctx, `DROP DATABASE `+name+` WITH (FORCE)`); err != nil {
			s.t.Error(err)
		}
	})
	u := hostOf(s.t, s.direct)
	u.Path = "/" + name
	return u.String()
}
