package naming

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestStatements(t *testing.T) {
	for in, want := range map[string]string{
		// Schemas.
		`SELECT 1 FROM sync.runs AS r`:                             `SELECT 1 FROM x_sync.runs AS r`,
		`SELECT "analytics"."people", "sync".*`:                    `SELECT "x_analytics"."people", "x_sync".*`,
		`SELECT analytics.refresh($1)`:                             `SELECT x_analytics.refresh($1)`,
		`'{}'::analytics.curve_minute[]`:                           `'{}'::x_analytics.curve_minute[]`,
		`CREATE SCHEMA IF NOT EXISTS sync; CREATE SCHEMA "sync"`:   `CREATE SCHEMA IF NOT EXISTS x_sync; CREATE SCHEMA "x_sync"`,
		`ON ALL TABLES IN SCHEMA analytics, sync TO sync`:          `ON ALL TABLES IN SCHEMA x_analytics, x_sync TO sync`,
		`drop schema realtimekit cascade`:                          `drop schema x_realtimekit cascade`,
		`SET search_path = analytics, realtimekit`:                 `SET search_path = x_analytics, x_realtimekit`,
		`ALTER ROLE a SET search_path TO analytics, public`:        `ALTER ROLE a SET search_path TO x_analytics, public`,
		`SELECT * FROM rollcall_queue.river_job`:                   `SELECT * FROM x_rollcall_queue.river_job`,
		"DO $$BEGIN PERFORM 'sync'; DELETE FROM sync.runs; END$$":  "DO $$BEGIN PERFORM 'x_sync'; DELETE FROM x_sync.runs; END$$",
		"AS $f$ SELECT $q$sync.runs$q$ FROM sync.a $f$; sync.b":    "AS $f$ SELECT $q$x_sync.runs$q$ FROM x_sync.a $f$; x_sync.b",
		"/* a /* b */ sync.x */ sync.y -- sync.z\n, sync.w":        "/* a /* b */ sync.x */ x_sync.y -- sync.z\n, x_sync.w",
		`1sync.x, $1, 1.5e3, sync.a`:                               `1sync.x, $1, 1.5e3, x_sync.a`,
		`nspname IN ('realtimekit', 'sync') OR n = 'sync'`:         `nspname IN ('x_realtimekit', 'x_sync') OR n = 'x_sync'`,
		`'analytics.refresh()'::regprocedure`:                      `'x_analytics.refresh()'::regprocedure`,
		`format('ALTER TABLE analytics.%I', 'x')`:                  `format('ALTER TABLE x_analytics.%I', 'x')`,
		`unnest('{realtimekit.apps, sync.privacy}'::text[])`:       `unnest('{x_realtimekit.apps, x_sync.privacy}'::text[])`,
		`'search_path=analytics, realtimekit'`:                     `'search_path=x_analytics, x_realtimekit'`,
		`format('GRANT USAGE ON SCHEMA analytics, sync TO %I', r)`: `format('GRANT USAGE ON SCHEMA x_analytics, x_sync TO %I', r)`,
		`RAISE 'don''t: sync.runs'; E'it\'s sync.a'; sync.b`:       `RAISE 'don''t: x_sync.runs'; E'it\'s x_sync.a'; x_sync.b`,
		// Locks.
		`hashtextextended('rollcall:' || $1, 0)`: `hashtextextended('x_rollcall:' || $1, 0)`,
		`hashtextextended('rollcall:schema', 0)`: `hashtextextended('x_rollcall:schema', 0)`,
		// What only looks so.
		`SELECT t.sync, t.analytics.x, sync, "sync" AS analytics`: ``,
		`my_sync.a, sync_.b, ésync.c, sync$.d, "my sync".e`:       ``,
		`current_setting('rollcall.relations')`:                   ``,
		`'last sync', 'sync.', 'docs/analytics.md', '%sync'`:      ``,
		`unnest(a) AS w (kind, schema, name)`:                     ``,
		`w.schema = sync, sync`:                                   ``,
		`w.schema, sync`:                                          ``,
		`kind = 'sync' -- closed'`:                                `kind = 'x_sync' -- closed'`,
		// What is not whole stays as it is, but for what was read before.
		`sync.a 'sync.b`: `x_sync.a 'x_sync.b`, `sync.a $$ sync.b`: `x_sync.a $$ x_sync.b`, `sync.a "sync.b`: `x_sync.a "sync.b`, `sync.a /* sync.b`: `x_sync.a /* sync.b`,
		`$`: ``, `'`: ``, `"`: ``, `E'\`: ``, `-`: ``, `$x`: ``, ``: ``,
	} {
		if want == "" {
			want = in
		}
		if got := named("x_").sql(in); got != want {
			t.Errorf("%s\nbecomes %s\nwant    %s", in, got, want)
		}
	}
}

// aliasLike is an alias that would be taken for a schema; words of comments are in small letters.
var aliasLike = regexp.MustCompile(`\bAS (?:realtimekit|analytics|sync|rollcall_queue)\b`)

// nameInText is a name that may be that of a schema, with what stands around it.
var nameInText = regexp.MustCompile(`[^\n]{0,24}\b(?:realtimekit|analytics|sync|rollcall_queue)\b[^\n]{0,12}`)

// Whatever the program says to the server: which names are left as they are, and that none
// is that of an alias, which would be changed where it stands before a dot.
func TestAllStatements(t *testing.T) {
	left := map[string]int{}
	for path, statements := range allSQL(t) {
		for _, statement := range statements {
			if alias := aliasLike.FindString(statement); alias != "" {
				t.Errorf("%s: the alias %q looks like a schema", path, alias)
			}
			changed := named("zz_").sql(statement)
			if back := backFrom("zz_").sql(changed); back != statement {
				t.Errorf("%s: from and to a prefix is not the same:\n%s", path, back)
			}
			if again := named("zz_").sql(changed); again != changed {
				t.Errorf("%s: changed twice is not the same", path)
			}
			for line := range strings.Lines(strings.NewReplacer("zz_realtimekit", "", "zz_analytics", "", "zz_sync", "", "zz_rollcall_queue", "").Replace(changed)) {
				code, _, _ := strings.Cut(line, "-- ")
				if !slices.ContainsFunc(plain, func(name string) bool { return strings.Contains(code, name) }) {
					continue
				}
				for _, found := range nameInText.FindAllString(code, -1) {
					left[found]++
				}
			}
		}
	}
	known := []string{
		"'zz_rollcall:analytics', 0)",                                          // a lock
		"LIKE '%sync'",                                                         // of any prefix
		"docs/analytics.md", "/analytics/daywise", "over realtimekit and sync", // comments in the database
	}
	for found := range left {
		if !slices.ContainsFunc(known, func(k string) bool { return strings.Contains(found, k) }) {
			t.Errorf("left as it is: %q", found)
		}
	}
}

// backFrom takes a prefix from the names again.
func backFrom(prefix string) names {
	n := names{map[string]string{}, [2]string{prefix + lockPrefix, lockPrefix}}
	for _, name := range plain {
		n.schemas[prefix+name] = name
	}
	return n
}

// statement is a text of the program that goes to the server.
var statement = regexp.MustCompile(`(?i)\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|COPY|ALTER|CREATE|DROP|GRANT|WITH) `)

// allSQL gives the SQL of the program by file: of files, and of texts in Go.
func allSQL(t *testing.T) map[string][]string {
	t.Helper()
	all, root := map[string][]string{}, filepath.Join("..", "..")
	others := []string{"deploy", "tools", "dictionary", "bench", "testdata", "naming"} // not the program's own
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains(others, entry.Name()):
			return fs.SkipDir
		case strings.HasSuffix(path, ".sql"):
			text, err := os.ReadFile(path)
			all[path] = []string{string(text)}
			return err
		case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go"):
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING && literal.Value[0] == '`' {
					if text, err := strconv.Unquote(literal.Value); err == nil && statement.MatchString(text) && !strings.Contains(text, "(?:") {
						all[path] = append(all[path], text)
					}
				}
				return true
			})
		}
		return nil
	})
	if err != nil || len(all) < 100 {
		t.Fatalf("%d files with SQL: %v", len(all), err)
	}
	return all
}

func FuzzStatement(f *testing.F) {
	f.Add(`SELECT sync.a, 'sync.b', "sync".c, $$ sync.d $$, E'\'sync.e', /* sync.f */ IN SCHEMA sync, analytics`)
	f.Fuzz(func(t *testing.T, statement string) {
		changed := named("zz_").sql(statement)
		if strings.Contains(statement, "zz_") {
			return
		}
		if back := strings.ReplaceAll(changed, "zz_", ""); back != statement {
			t.Errorf("more than names was changed: %q", changed)
		}
		if back := backFrom("zz_").sql(changed); back != statement {
			t.Errorf("%q and back: %q", changed, back)
		}
	})
}
