package naming_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/naming"
)

func TestPrefixIsPlain(t *testing.T) {
	for prefix, why := range map[string]string{
		"": "", "x": "", "_": "", "rollcall_": "", "school_2_": "", strings.Repeat("p", 32): "",
		"2x": "letter", "X_": "small letters", "a-b": "small letters", "a.b": "small letters", "é_": "small letters", "x ": "small letters",
		`x"; DROP SCHEMA public --`: "small letters", "x\n": "small letters",
		"pg_": "pg_", "pg_x": "pg_", strings.Repeat("p", 33): "33 characters",
	} {
		t.Setenv(naming.Variable, prefix)
		err := naming.Check()
		switch {
		case why == "" && err != nil:
			t.Errorf("%q is refused: %v", prefix, err)
		case why != "" && (!errors.Is(err, model.ErrUsage) || !strings.Contains(err.Error(), why)):
			t.Errorf("%q: %v, want a word about %s", prefix, err, why)
		}
		if applied := naming.Apply(&pgx.ConnConfig{}); (applied != nil) != (err != nil) {
			t.Errorf("%q: a connection says %v", prefix, applied)
		}
	}
}

// A value that is written into the text of a statement would be looked at.
func TestNoValuesInTexts(t *testing.T) {
	for mode, refused := range map[string]bool{"": false, "cache_describe": false, "describe_exec": false, "exec": true, "simple_protocol": true} {
		for _, prefix := range []string{"", "x_"} {
			t.Setenv(naming.Variable, prefix)
			cfg, err := pgx.ParseConfig("postgres://h.invalid/d?default_query_exec_mode=" + mode)
			if mode == "" {
				cfg, err = pgx.ParseConfig("postgres://h.invalid/d")
			}
			if err != nil {
				t.Fatal(err)
			}
			before := cfg.BuildFrontend
			err = naming.Apply(cfg)
			if want := refused && prefix != ""; (err != nil) != want || want && !errors.Is(err, model.ErrUsage) {
				t.Errorf("%s with the prefix %q: %v", mode, prefix, err)
			}
			if prefix == "" && (before == nil) != (cfg.BuildFrontend == nil) {
				t.Error("without a prefix a connection is another")
			}
		}
	}
}

func TestNamesOfTheProgram(t *testing.T) {
	t.Setenv(naming.Variable, "x_")
	for in, want := range map[string]string{
		"sync": "sync", "last sync": "last sync", "sync.runs": "x_sync.runs", "in sync.": "in sync.",
		"SELECT * FROM sync.runs, realtimekit.apps":                                 "SELECT * FROM x_sync.runs, x_realtimekit.apps",
		"the schemas analytics, realtimekit and sync, and more":                     "the schemas x_analytics, x_realtimekit and x_sync, and more",
		"schema analytics holds analytics":                                          "schema x_analytics holds analytics",
		`\dt+ realtimekit.*`:                                                        `\dt+ x_realtimekit.*`,
		"see docs/analytics.md, /webhooks/realtimekit.x, a-sync.b and my_sync.runs": "see docs/analytics.md, /webhooks/realtimekit.x, a-sync.b and my_sync.runs",
	} {
		if got := naming.Text(in); got != want {
			t.Errorf("Text(%q) = %q, want %q", in, got, want)
		}
	}
	if got := naming.Real("sync.runs"); got != "x_sync.runs" || naming.Plain(got) != "sync.runs" {
		t.Errorf("sync.runs is %s", got)
	}
	for _, other := range []string{"public.runs", "x_mart.runs", "sync.runs", "x_syncs"} {
		if got := naming.Plain(other); got != other {
			t.Errorf("another's %s is taken for %s", other, got)
		}
	}
	t.Setenv(naming.Variable, "")
	if got := naming.Text("sync.runs") + naming.SQL("SELECT sync.x") + naming.Real("sync") + naming.Plain("sync"); got != "sync.runsSELECT sync.xsyncsync" {
		t.Errorf("without a prefix: %s", got)
	}
}
