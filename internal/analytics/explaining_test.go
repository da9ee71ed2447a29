package analytics_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// explained is a connection that tells how the statements within functions were carried out.
type explained struct {
	*pgx.Conn

	t     *testing.T
	plans []string
}

// nested is a statement with its plan.
type nested struct {
	Text string `json:"Query Text"`
	Plan plan
}

// explaining connects to a database. Where the server lacks what it takes, the test is
// skipped, but in CI.
func explaining(t *testing.T, db *database) *explained {
	t.Helper()
	e := &explained{t: t}
	config := db.conn.Config()
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { e.plans = append(e.plans, n.Message) }
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	e.Conn = conn
	if _, err := conn.Exec(t.Context(), `LOAD 'auto_explain'`); err != nil {
		if os.Getenv("ROLLCALL_CI") != "" || !strings.Contains(err.Error(), "58P01") { // no such file
			t.Fatal(err)
		}
		t.Skip("the server has no auto_explain")
	}
	return e
}

// refresh brings what is stale up to date, and gives the plans of all statements of that.
func (e *explained) refresh() (all []nested) {
	e.t.Helper()
	e.plans = nil
	if _, err := e.Exec(e.t.Context(), `SET auto_explain.log_min_duration = 0; SET auto_explain.log_nested_statements = on; SET auto_explain.log_analyze = on;
		SET auto_explain.log_timing = off; SET auto_explain.log_format = json; SET auto_explain.log_level = notice; SELECT analytics.refresh(500)`); err != nil {
		e.t.Fatal(err)
	}
	for _, text := range e.plans {
		_, text, _ = strings.Cut(text, "plan:")
		var n nested
		if err := json.Unmarshal([]byte(text), &n); err != nil {
			e.t.Fatalf("%v: %.200s", err, text)
		}
		all = append(all, n)
	}
	return all
}
