package analytics_test

import (
	"flag"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/extract"
	"github.com/rollcall-etl/rollcall/internal/load"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/secret"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

var update = flag.Bool("update", false, "write the results of docs/questions.md anew")

// demoTime is the moment of the demo whose results the page shows.
var demoTime = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// loadDemo runs the whole path against the simulator: what a user's demo does.
func loadDemo(t *testing.T, db *database) {
	t.Helper()
	pool, err := postgres.Open(t.Context(), secret.New(db.conn.Config().ConnString()), 8)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	data := simulator.Demo(1, demoTime)
	server := httptest.NewServer(simulator.New(data, simulator.Options{Token: "token"}))
	t.Cleanup(server.Close)
	logger := slog.New(slog.DiscardHandler)
	client, err := extract.New(extract.Config{
		BaseURL: server.URL + "/client/v4", AccountID: data.AccountID, Token: secret.New("token"), UserAgent: "test",
		PerPage: 100, MaxBody: 64 << 20, RetryFor: time.Minute, Timeout: time.Minute, Logger: logger,
		Budget: extract.NewBudget(extract.BudgetConfig{PerSecond: 100_000, QuotaShare: 0.2, MaxWait: time.Minute}),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	p := pipeline.New(pipeline.Config{AccountID: data.AccountID, Lookback: 72 * time.Hour, Settle: time.Hour, Concurrency: 4, Version: "test"},
		client, load.New(pool, logger), logger)
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
