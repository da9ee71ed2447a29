package analytics_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/simulator"
	"github.com/rollcall-etl/rollcall/internal/testbed"
)

var update = flag.Bool("update", false, "write the results of docs/questions.md anew")

// demoTime is the moment of the demo whose results the page shows.
var demoTime = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// loadDemo runs the whole path against the simulator: what a user's demo does.
func loadDemo(t *testing.T, db *database) {
	t.Helper()
	pool := pgtest.Open(t, db.conn.Config().ConnString(), 8)
	data := simulator.Demo(1, demoTime)
	p := testbed.Path(t, pool, simulator.New(data, simulator.Options{Token: testbed.Token}), data.AccountID, nil)
	if _, err := p.Run(t.Context(), pipeline.Plan{Kind: model.KindRun, Optional: pipeline.Optional{Enrolment: true, Daywise: true}}); err != nil {
		t.Fatal(err)
	}
	if n := db.number(`SELECT count(*) FROM analytics.stale_sessions`); n != 0 {
		t.Errorf("after a run %d sessions wait for the refresh, want none", n)
	}
	// The live session was read now; on the page it is read at the demo's time.
	db.exec(`UPDATE sync.session_states SET read_at = $1`, demoTime)
	db.exec(`INSERT INTO analytics.stale_sessions SELECT session_id FROM realtimekit.sessions`)
	db.refresh(500)
}

// table runs a query and gives its rows as a Markdown table.
func (db *database) table(sql string) string {
	db.t.Helper()
	rows, err := db.conn.Query(db.t.Context(), sql, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		db.t.Fatalf("%s: %v", sql, err)
	}
	defer rows.Close()
	var b strings.Builder
	for _, f := range rows.FieldDescriptions() {
		b.WriteString("| " + f.Name + " ")
	}
	b.WriteString("|\n" + strings.Repeat("|---", len(rows.FieldDescriptions())) + "|\n")
	for rows.Next() {
		for _, v := range rows.RawValues() {
			b.WriteString("| " + strings.ReplaceAll(string(v), "|", `\|`) + " ")
		}
		b.WriteString("|\n")
	}
	if err := rows.Err(); err != nil {
		db.t.Fatalf("%s: %v", sql, err)
	}
	return b.String()
}

// TestQuestions runs every SQL block of the page, in order, and compares the
// table under it with what comes back.
func TestQuestions(t *testing.T) {
	t.Parallel()
	path := filepath.Join("..", "..", "docs", "questions.md")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	db := newDatabase(t)
	loadDemo(t, db)
	db.exec(`SET timezone = 'UTC'`)
	var fresh strings.Builder
	questions := 0
	for part := range strings.SplitSeq(string(page), "\n## ") {
		if questions++; questions > 1 {
			fresh.WriteString("\n## ")
		}
		fresh.WriteString(db.answer(part))
	}
	if questions != 13 {
		t.Errorf("%d questions, want twelve", questions-1)
	}
	if *update {
		if err := os.WriteFile(path, []byte(fresh.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(page), fresh.String()); diff != "" {
		t.Errorf("docs/questions.md (-) is not what the database says (+); after a look: go test ./internal/analytics -run Questions -update\n%.4000s", diff)
	}
}

// answer gives a part of the page with its tables made anew.
func (db *database) answer(part string) string {
	db.t.Helper()
	pieces := strings.Split(part, "```")
	for i := 1; i < len(pieces); i += 2 {
		sql, ok := strings.CutPrefix(pieces[i], "sql\n")
		if !ok {
			continue
		}
		if strings.HasPrefix(sql, "INSERT") {
			db.exec(sql)
			continue
		}
		table := db.table(sql)
		if strings.Count(table, "\n") < 3 {
			db.t.Errorf("no row is the answer to %s", sql)
		}
		_, rest, _ := strings.Cut(strings.TrimLeft(pieces[i+1], "\n"), "\n\n")
		if pieces[i+1] = "\n\n" + table; rest != "" {
			pieces[i+1] += "\n" + rest
		}
	}
	return strings.Join(pieces, "```")
}
