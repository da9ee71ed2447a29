package dashboards_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// bundled is what the tests look at in the bundle for Superset.
type bundled struct {
	Charts   map[string]supersetChart
	Datasets map[string]supersetDataset // by uuid
}

type supersetChart struct {
	Name    string `yaml:"slice_name"`
	Dataset string `yaml:"dataset_uuid"`
	Context string `yaml:"query_context"`
}

type supersetDataset struct {
	UUID    string `yaml:"uuid"`
	Schema  string `yaml:"schema"`
	Table   string `yaml:"table_name"`
	SQL     string `yaml:"sql"`
	Metrics []struct {
		Name       string `yaml:"metric_name"`
		Expression string `yaml:"expression"`
	} `yaml:"metrics"`
}

// supersetQuery is a query of a chart as Superset's API takes it: columns and metrics
// are names, or objects with a label and SQL.
type supersetQuery struct {
	Columns, Metrics []json.RawMessage
	OrderBy          [][]any `json:"orderby"`
	Limit            int     `json:"row_limit"`
	Filters          []struct{ Col string }
	Extras           struct{ Where string }
}

func readBundle(t *testing.T) bundled {
	t.Helper()
	b := bundled{map[string]supersetChart{}, map[string]supersetDataset{}}
	root := filepath.Join("..", "..", "deploy", "superset")
	for _, file := range glob(t, filepath.Join(root, "charts", "*.yaml")) {
		c := decodeYAML[supersetChart](t, file)
		b.Charts[filepath.Base(file)] = c
	}
	for _, file := range glob(t, filepath.Join(root, "datasets", "Rollcall", "*.yaml")) {
		d := decodeYAML[supersetDataset](t, file)
		b.Datasets[d.UUID] = d
	}
	return b
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %d files, error %v", pattern, len(files), err)
	}
	return files
}

func decodeYAML[T any](t *testing.T, file string) (value T) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &value); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return value
}

// statement is the SQL of a query, as Superset puts it together.
func (d *supersetDataset) statement(t *testing.T, q *supersetQuery) string {
	t.Helper()
	from := d.Schema + "." + d.Table
	if d.SQL != "" {
		from = "(" + d.SQL + ") AS virtual_table"
	}
	var shown, groups, conditions []string
	for _, raw := range q.Columns {
		sql, label := d.expression(t, raw)
		shown, groups = append(shown, sql+` AS "`+label+`"`), append(groups, sql)
	}
	for _, raw := range q.Metrics {
		sql, label := d.expression(t, raw)
		shown = append(shown, sql+` AS "`+label+`"`)
	}
	for _, f := range q.Filters {
		conditions = append(conditions, f.Col+" >= '2000-01-01' AND "+f.Col+" < '2100-01-01'")
	}
	if q.Extras.Where != "" {
		conditions = append(conditions, "("+q.Extras.Where+")")
	}
	sql := "SELECT " + strings.Join(shown, ", ") + " FROM " + from
	if len(conditions) > 0 {
		sql += " WHERE " + strings.Join(conditions, " AND ")
	}
	if len(q.Metrics) > 0 && len(groups) > 0 {
		sql += " GROUP BY " + strings.Join(groups, ", ")
	}
	for _, o := range q.OrderBy {
		direction := " DESC"
		if o[1] == true {
			direction = " ASC"
		}
		sql += fmt.Sprintf(" ORDER BY %s%s", o[0], direction)
	}
	return fmt.Sprintf("%s LIMIT %d", sql, q.Limit)
}

// expression is the SQL and label of a column or metric.
func (d *supersetDataset) expression(t *testing.T, raw json.RawMessage) (sql, label string) {
	t.Helper()
	if json.Unmarshal(raw, &label) != nil {
		var own struct{ SQLExpression, Label string }
		if err := json.Unmarshal(raw, &own); err != nil || own.SQLExpression == "" {
			t.Fatalf("%s: %v", raw, err)
		}
		return own.SQLExpression, own.Label
	}
	for _, m := range d.Metrics {
		if m.Name == label {
			return m.Expression, label
		}
	}
	return label, label
}

// superset asks what each chart of the bundle asks, as the reader. The step superset of
// .ci/run does the same through Superset itself.
func (w *world) superset(t *testing.T) {
	t.Helper()
	b := readBundle(t)
	used := map[string]bool{}
	for file, c := range b.Charts {
		d, ok := b.Datasets[c.Dataset]
		if used[c.Dataset] = true; !ok {
			t.Errorf("%s: no dataset %s", file, c.Dataset)
			continue
		}
		var context struct{ Queries []supersetQuery }
		if err := json.Unmarshal([]byte(c.Context), &context); err != nil || len(context.Queries) != 1 {
			t.Fatalf("%s: %d queries, error %v", file, len(context.Queries), err)
		}
		if a := w.ask(t, w.view, d.statement(t, &context.Queries[0])); len(a.rows) == 0 {
			t.Errorf("%s, %q: no rows", file, c.Name)
		}
	}
	for uuid, d := range b.Datasets {
		if !used[uuid] {
			t.Errorf("no chart asks %s.%s", d.Schema, d.Table)
		}
	}
}
