package postgres_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
)

// clusterExempt are the files that do not keep to a rule of pgtest.ClusterRules, in their
// order, and why they may.
var clusterExempt = []map[string]string{
	{
		"inventory/sql/fold_app.sql": "an upgrade of ids in other letters, made for one server", "inventory/sql/fold_meeting.sql": "the same",
		"migrations/analytics/add_to_curves.sql":   "reads tables of the coordinator only",
		"migrations/analytics/check_timetable.sql": "the same",
		"queue/sql/claim.sql":                      "the same", "queue/sql/lost.sql": "the same", "queue/sql/missed.sql": "the same",
		"load/session.go": "the same", "optional/daywise.go": "the same", "warehouse/privacy.go": "the same",
		"warehouse/under_lock.go": "reads the catalogue only",
	},
	{
		"migrations/analytics/count_sessions.sql": "of analytics.usage_ids, a table of the coordinator",
		"migrations/analytics/refresh.sql":        "of analytics.stale_sessions, the same",
	},
	{
		"migrations/analytics/zone_of.sql": "defines it",
		"load/sql/identity.sql":            "of a parameter", "report/somebody.go": "the same",
		"migrations/analytics/refresh.sql": "of arrays", "warehouse/analytics.go": "of a CTE, in a statement that changes a table of the coordinator",
		"find/clock.go": "of realtimekit.apps alone, which the coordinator reads itself", "inventory/sql/zones.sql": "the same",
		"report/register.go":              "of realtimekit.meetings alone, the same",
		"report/range_rows.go":            "of a view of tables that the coordinator reads itself",
		"migrations/analytics/derive.sql": "of arrays", "migrations/analytics/count_sessions.sql": "of arrays and of tables of the coordinator",
		"migrations/analytics/add_to_days.sql": "the same", "warehouse/first_count.go": "the same",
		"migrations/analytics/queue_settings.sql": "a trigger of the coordinator",
	},
	nil,
	nil,
	{"ledger/books.go": "on one server only; a cluster is asked otherwise"},
	nil,
}

// The statements that reach distributed tables keep to what was seen on a cluster. An
// exemption that nothing needs any more goes.
func TestStatementsKeepToTheRulesOfACluster(t *testing.T) {
	t.Parallel()
	var files []string
	for _, pattern := range []string{"../load/sql/*.sql", "../optional/sql/*.sql", "../inventory/sql/*.sql", "../erasure/sql/*.sql", "../queue/sql/*.sql", "../ledger/sql/*.sql", "../../migrations/analytics/*.sql", "../../migrations/analytics/distributed/*.sql"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(found), err)
		}
		files = append(files, found...)
	}
	files = append(files, sourcesOfStatements(t)...)
	for i, r := range pgtest.ClusterRules {
		used, exempt := map[string]bool{}, clusterExempt[i]
		for _, file := range files {
			if !r.Form.MatchString(statementsOf(t, file)) {
				continue
			}
			name := strings.TrimLeft(file, "./")
			used[name] = true
			if exempt[name] == "" {
				t.Errorf("%s: %s", name, r.Rule)
			}
		}
		for name := range exempt {
			if !used[name] {
				t.Errorf("%s keeps to the rule and needs no exemption: %s", name, r.Rule)
			}
		}
	}
}

// A cluster refuses to define a function once the same transaction made an index of a
// distributed table. The migrations up to 37 were seen on one.
func TestMigrationsDefineBeforeTheyMakeIndexes(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../migrations/000*.sql")
	if err != nil || len(files) < 38 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		if filepath.Base(file) < "00038" {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		up, down, _ := strings.Cut(string(text), "-- +goose Down")
		for _, part := range []string{up, down} {
			if _, after, found := strings.Cut(part, "CREATE INDEX"); found && strings.Contains(after, "+rollcall define") {
				t.Errorf("%s defines something after it made an index", filepath.Base(file))
			}
		}
	}
}

// sourcesOfStatements lists the Go files of all packages but those that ask the catalogue, or
// make a server of their own to ask.
func sourcesOfStatements(t *testing.T) (files []string) {
	t.Helper()
	found, err := filepath.Glob("../*/*.go")
	if err != nil || len(found) < 100 {
		t.Fatalf("%d files, %v", len(found), err)
	}
	for _, file := range found {
		switch filepath.Base(filepath.Dir(file)) {
		case "postgres", "pgtest", "bench", "dictionary", "testbed", "oracle":
			continue
		}
		if !strings.HasSuffix(file, "_test.go") {
			files = append(files, file)
		}
	}
	return files
}

// literals gives the texts in a Go file, each as a statement.
func literals(t *testing.T, file string) string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	ast.Inspect(parsed, func(n ast.Node) bool {
		if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING {
			out.WriteString(text.Value + ";\n")
		}
		return true
	})
	return out.String()
}

// statementsOf gives a file without its comments.
func statementsOf(t *testing.T, file string) string {
	t.Helper()
	if strings.HasSuffix(file, ".go") {
		return literals(t, file)
	}
	text, err := fs.ReadFile(os.DirFS(filepath.Dir(file)), filepath.Base(file))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for line := range strings.Lines(string(text)) {
		code, _, _ := strings.Cut(line, "--")
		out.WriteString(code + "\n")
	}
	return out.String()
}
