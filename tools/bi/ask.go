package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// psql asks as the owner: the truth that the tools are compared with.
func (w *warehouse) psql(ctx context.Context, sql string) ([][]string, error) {
	c := exec.CommandContext(ctx, "psql", "--no-psqlrc", "--csv", "--tuples-only", "--command", "SET timezone = 'UTC'", "--command", sql, "--quiet")
	c.Env = append(os.Environ(), w.owner...)
	text, err := output(c)
	if err != nil {
		return nil, err
	}
	return csv.NewReader(strings.NewReader(string(text))).ReadAll()
}

// separator is a character that is in no name of the demo.
const separator = "\x1f"

// isql asks through ODBC. It ends with 0 whatever happens, so that what it
// complains of decides.
func (w *warehouse) isql(ctx context.Context, sql string) (rows [][]string, err error) {
	c := exec.CommandContext(ctx, "isql", "rollcall", "-b", "-x0x1F", "-v")
	c.Env = append(os.Environ(), "ODBCINI="+w.dsn, "LC_ALL=C.UTF-8")
	c.Stdin = strings.NewReader(strings.Join(strings.Fields(sql), " ") + "\n")
	text, err := output(c)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(text)) {
		rows = append(rows, strings.Split(strings.TrimSuffix(line, "\n"), separator))
	}
	return rows, nil
}

// malloy asks all questions in one call.
func (w *warehouse) malloy(ctx context.Context, questions []question) (answers [][][]string, err error) {
	queries := make([]string, len(questions))
	for i, q := range questions {
		queries[i] = q.Malloy
	}
	input, err := json.Marshal(queries)
	if err != nil {
		return nil, err
	}
	c := exec.CommandContext(ctx, "node", filepath.Join(w.folder, "malloy", "ask.mjs"))
	c.Env = append(os.Environ(), w.reader...)
	c.Stdin = strings.NewReader(string(input))
	text, err := output(c)
	if err != nil {
		return nil, err
	}
	var values [][][]any
	if err := json.Unmarshal(text, &values); err != nil {
		return nil, fmt.Errorf("what Malloy says: %w", err)
	}
	for _, rows := range values {
		var table [][]string
		for _, row := range rows {
			line := make([]string, len(row))
			for i, value := range row {
				line[i] = fmt.Sprint(value)
			}
			table = append(table, line)
		}
		answers = append(answers, table)
	}
	return answers, nil
}

// onlyReads fails unless the tool is refused what the role must not have.
func (w *warehouse) onlyReads(ctx context.Context) error {
	for _, forbidden := range []string{
		"SELECT raw_text FROM sync.rejected_records",
		"UPDATE realtimekit.sessions SET status = 'x'",
		"INSERT INTO analytics.prices (valid_from, price_per_minute, currency) VALUES ('2026-01-01', 1, 'EUR')",
	} {
		rows, err := w.isql(ctx, forbidden)
		if err == nil || !strings.Contains(err.Error(), "ERROR") {
			return fmt.Errorf("not refused: %s (%v, %w)", forbidden, rows, err)
		}
	}
	fmt.Println("raw text of rejected records, UPDATE and INSERT: refused")
	return nil
}
