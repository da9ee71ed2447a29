package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m, pgtest.Migrated) }

func TestPagesAreCurrent(t *testing.T) {
	t.Parallel()
	pool := pgtest.Open(t, pgtest.New(t), 2)
	c, err := readCatalog(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join("..", "..")
	files, err := c.files(root)
	if err != nil {
		t.Fatal(err)
	}
	for name, must := range map[string]string{
		"docs/dictionary.md":                                           "| `present_seconds` | double precision | Seconds inside, each counted once however many devices there were. |",
		"docs/schema.md":                                               `realtimekit_sessions ||--o{ realtimekit_participants : "session_id"`,
		"deploy/dbt/models/sources/realtimekit.yml":                    "to: source('realtimekit', 'participants')",
		"deploy/dbt/models/metrics/metrics.yml":                        "numerator: enrolled_who_came",
		"docs/metrics.md":                                              "| `peak` | Most people inside an app at one time; of several apps or days, the largest. | people | `max(peak_people)` |",
		"tools/bi/malloy/rollcall.malloy":                              "attendance_rate is enrolled_who_came / expected",
		"deploy/dbt/models/exposures.yml":                              "source('analytics', 'usage_cost')",
		"deploy/superset/charts/usage_05.yaml":                         "slice_name: Minutes inside by day",
		"deploy/superset/datasets/Rollcall/analytics.daily_usage.yaml": "expression: max(peak_people)",
		"deploy/dbt/models/sources/analytics.yml":                      "description: Seconds inside, each counted once however many devices there were.",
	} {
		if !strings.Contains(files[name], must) {
			t.Errorf("%s does not contain %q", name, must)
		}
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(string(got), want); diff != "" {
			t.Errorf("%s is not current; run: go run ./internal/dictionary\n%.500s", name, diff)
		}
	}
}

func TestMetricsThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	c := catalog{Columns: []column{
		{Schema: "analytics", Relation: "daily_usage", Name: "usage_date", Comment: "Day in UTC."},
		{Schema: "analytics", Relation: "daily_usage", Name: "peak_people", Comment: "Most people."},
	}}
	const source = "sources: [{name: usage, view: daily_usage, time: usage_date}, {name: other, view: daily_usage, time: usage_date}]\n"
	for text, want := range map[string]string{
		"sources: [{name: usage, view: daily_usage, time: gone}]":                                                                       "analytics.daily_usage has no column gone",
		"sources: [{name: register, model: gone}]":                                                                                      "gone.sql",
		"metrics: [{name: peak, source: usage, max: peak_people}]":                                                                      `no source "usage"`,
		source + "metrics: [{name: peak, source: usage}]":                                                                               "neither count, sum, max nor ratio",
		source + "metrics: [{name: peak_people, source: usage, max: peak_people}]":                                                      "a column has that name",
		source + "metrics: [{name: a, source: usage, count: true}, {name: rate, ratio: [a, b]}]":                                        "not of two metrics of one source",
		source + "metrics: [{name: a, source: usage, count: true}, {name: b, source: other, count: true}, {name: rate, ratio: [a, b]}]": "not of two metrics of one source",
		"metrics: [{name: peak, maximum: peak_people}]":                                                                                 "maximum",
	} {
		root := t.TempDir()
		if err := os.Mkdir(filepath.Join(root, "deploy"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, "deploy", "metrics.yml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := c.readMetrics(root); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestChartsThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	c := catalog{Columns: []column{{Schema: "analytics", Relation: "daily_usage", Name: "usage_date", Type: "date"}}}
	const board = "dashboards: [{name: usage, charts: [{title: A, "
	for text, want := range map[string]string{
		board + "dataset: analytics.gone, type: line}]}]":                           "no table, view or source analytics.gone",
		board + "dataset: analytics.daily_usage, type: pie}]}]":                     `no type "pie"`,
		board + "dataset: analytics.daily_usage, type: line, x: day}]}]":            "analytics.daily_usage has no column day",
		board + "dataset: analytics.daily_usage, type: table, order: -day}]}]":      "analytics.daily_usage has no column day",
		board + "dataset: analytics.daily_usage, type: number, metrics: [peak]}]}]": "analytics.daily_usage has no metric peak",
		board + "dataset: analytics.daily_usage, type: number, colour: red}]}]":     "colour",
	} {
		root := t.TempDir()
		if err := os.Mkdir(filepath.Join(root, "deploy"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, "deploy", "superset.yml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := c.readSuperset(root, new(metrics)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
