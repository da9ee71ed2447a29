package export_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/export"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
)

// asked notes the statement that reads a view.
type asked struct {
	sql  string
	args []any
}

func (a *asked) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	if strings.Contains(q.SQL, " ORDER BY ") && strings.HasPrefix(q.SQL, `SELECT "`) {
		a.sql, a.args = q.SQL, q.Args
	}
	return ctx
}

func (*asked) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// plan is a node of what EXPLAIN (ANALYZE, FORMAT JSON) gives.
type plan struct {
	Relation string  `json:"Relation Name"`
	Rows     float64 `json:"Actual Rows"`
	Removed  float64 `json:"Rows Removed by Filter"`
	Loops    float64 `json:"Actual Loops"`
	Plans    []plan
}

func (p *plan) read(rows map[string]float64) {
	rows[p.Relation] += (p.Rows + p.Removed) * p.Loops
	for i := range p.Plans {
		p.Plans[i].read(rows)
	}
}

// TestADayReadsItsSessions asks for a day of an app, of 4,000 sessions of five people in 200
// days and two apps: of no table more is read than the rows of the app's sessions of that day
// and of those beside it, whose days a time zone may move, in the few passes of a view.
func TestADayReadsItsSessions(t *testing.T) {
	t.Parallel()
	crowd := pgtest.Open(t, pgtest.New(t), 2)
	pgtest.Exec(t, crowd, `INSERT INTO realtimekit.apps (app_id, account_id, first_synced_at, synced_at, run_id) VALUES ('a', 'account', now(), now(), 1), ('b', 'account', now(), now(), 1)`)
	pgtest.Exec(t, crowd, `INSERT INTO realtimekit.sessions (session_id, app_id, status, started_at, ended_at, created_at, first_synced_at, synced_at, run_id)
		SELECT md5(n::text)::uuid, (ARRAY['a', 'b'])[1 + n % 2], 'ENDED', at, at + interval '1 hour', at, now(), now(), 1
		FROM generate_series(0, 3999) AS n, LATERAL (SELECT timestamptz '2026-01-01Z' + n * interval '72 minutes' AS at) AS at`)
	pgtest.Exec(t, crowd, `INSERT INTO realtimekit.participants (session_id, participant_id, user_id, joined_at, left_at, first_synced_at, synced_at, run_id)
		SELECT session_id, md5(session_id::text || i)::uuid, 'u' || i, started_at, ended_at, now(), now(), 1 FROM realtimekit.sessions, generate_series(1, 5) AS i`)
	pgtest.Exec(t, crowd, `SELECT analytics.derive(array_agg(session_id)) FROM realtimekit.sessions`)
	pgtest.Exec(t, crowd, `ANALYZE`)
	var statement asked
	config := crowd.Config()
	config.ConnConfig.Tracer = &statement
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	day := export.Filter{App: "a", From: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 4, 2, 0, 0, 0, 0, time.UTC)}
	const sessions, people, passes = 3 * 10, 3 * 10 * 5, 3
	for _, view := range []string{
		"session_bounds", "session_summary", "person_attendance", "person_presence", "participant_intervals", "presences", "join_latency", "rejoins",
		"person_overlap", "session_concurrency", "session_concurrency_minutely", "session_drop_off", "realtimekit.sessions", "realtimekit.participants",
	} {
		if _, err := export.View(t.Context(), pool, new(bytes.Buffer), view, day, export.Options{Format: "csv"}); err != nil {
			t.Fatalf("%s: %v", view, err)
		}
		var text string
		if err := crowd.QueryRow(t.Context(), `EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) `+statement.sql, statement.args...).Scan(&text); err != nil {
			t.Fatalf("%s: %v", view, err)
		}
		var plans []struct{ Plan plan }
		if err := json.Unmarshal([]byte(text), &plans); err != nil {
			t.Fatal(err)
		}
		rows := map[string]float64{}
		plans[0].Plan.read(rows)
		delete(rows, "") // what tables gave, in further nodes
		for table, most := range map[string]float64{"sessions": sessions, "session_figures": sessions, "session_presences": sessions, "session_people": people, "participants": people} {
			if rows[table] > passes*most {
				t.Errorf("%s of a day reads %v", view, rows)
			}
		}
		if rows["session_figures"] == 0 {
			t.Errorf("the plan of %s is misread: %v", view, rows)
		}
	}
}
