package main

import (
	"bytes"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

const yamlNotice = "# Written by go run ./internal/dictionary from the migrations. Do not edit.\n"

// viewKeys are the columns by which a row of a view is the only one; the catalog
// knows them of tables alone. A view without an entry is not tested for it.
var viewKeys = map[string][]string{
	"call_quality":                 {"session_id", "person_id"},
	"daily_usage":                  {"usage_date", "app_id"},
	"join_latency":                 {"session_id", "participant_id"},
	"no_shows":                     {"session_id", "session_started_at", "person_id"},
	"occurrences":                  {"occurrence_id", "starts_at"},
	"people":                       {"app_id", "person_id"},
	"person_attendance":            {"session_id", "person_id"},
	"person_overlap":               {"session_id", "person_id", "other_person_id"},
	"person_presence":              {"session_id", "person_id"},
	"reconciliation":               {"app_id", "stats_date"},
	"register":                     {"occurrence_id", "starts_at", "person_id"},
	"rejoins":                      {"session_id", "person_id"},
	"session_bounds":               {"session_id"},
	"session_concurrency":          {"session_id", "changed_at"},
	"session_concurrency_minutely": {"session_id", "minute_at"},
	"session_drop_off":             {"session_id", "elapsed_percent"},
	"session_summary":              {"session_id"},
	"sync_freshness":               {"app_id"},
}

// viewLinks are the columns of views that lead to a table of realtimekit.
var viewLinks = map[string]string{"session_id": "sessions", "app_id": "apps"}

// Properties of dbt know variables, but no macros.
const (
	// testedSessions restricts a test of a view that is computed by session.
	testedSessions = "session_id in (select session_id from {{ var('rollcall_realtimekit_schema', 'realtimekit') }}.sessions" +
		" where created_at >= now() - interval '{{ var('rollcall_test_days', 7) }} days')"
	// discoveredAt is when the app that is furthest behind was last listed to the
	// end, as rollcall status --max-age looks at it; 1970 for one that never was.
	discoveredAt = "select coalesce(min(coalesce(discovered_at, timestamptz 'epoch')), timestamptz 'epoch')" +
		" from {{ var('rollcall_analytics_schema', 'analytics') }}.sync_freshness" +
		" where '{{ var('rollcall_app_ids', '') }}' = '' or app_id = any (regexp_split_to_array('{{ var('rollcall_app_ids', '') }}', ' *, *'))"
)

type (
	dbtFile struct {
		Sources []dbtSource `yaml:"sources"`
	}
	dbtSource struct {
		Name        string         `yaml:"name"`
		Description string         `yaml:"description"`
		Schema      string         `yaml:"schema"`
		Config      map[string]any `yaml:"config,omitempty"`
		Tables      []dbtTable     `yaml:"tables"`
	}
	dbtTable struct {
		Name        string      `yaml:"name"`
		Description string      `yaml:"description"`
		DataTests   []any       `yaml:"data_tests,omitempty"`
		Columns     []dbtColumn `yaml:"columns"`
	}
	dbtColumn struct {
		Name        string `yaml:"name"`
		Description string `yaml:"description"`
		DataType    string `yaml:"data_type"`
		DataTests   []any  `yaml:"data_tests,omitempty"`
	}
)

// dbtTest is a test with its arguments, and where it looks.
func dbtTest(name string, arguments map[string]any, where string) any {
	body := map[string]any{}
	if arguments != nil {
		body["arguments"] = arguments
	}
	if where != "" {
		body["config"] = map[string]any{"where": where}
	}
	if len(body) == 0 {
		return name
	}
	return map[string]any{name: body}
}

// dbtSources is the file that makes a schema known to dbt.
func (c catalog) dbtSources(s schema) string {
	source := dbtSource{
		Name: s.Name, Description: s.Comment,
		Schema: fmt.Sprintf("{{ var('rollcall_%[1]s_schema', '%[1]s') }}", s.Name),
	}
	if s.Name != "sync" {
		// synced_at moves only where a row changes: a quiet night would look stale.
		source.Config = map[string]any{
			"loaded_at_query": discoveredAt,
			"freshness": map[string]any{
				"warn_after":  map[string]any{"count": 3, "period": "hour"},
				"error_after": map[string]any{"count": 24, "period": "hour"},
			},
		}
	}
	for _, r := range c.Relations {
		if r.Schema == s.Name {
			source.Tables = append(source.Tables, c.dbtTable(r))
		}
	}
	return inYAML(dbtFile{[]dbtSource{source}})
}

// inYAML writes a value as a generated file.
func inYAML(value any) string {
	var b bytes.Buffer
	b.WriteString(yamlNotice)
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if err := encoder.Encode(value); err != nil {
		panic(err) // plain structs and texts
	}
	return b.String()
}

func (c catalog) dbtTable(r relation) dbtTable {
	t := dbtTable{Name: r.Name, Description: r.Comment}
	key, where := c.keyOf(r), ""
	if r.Kind == "view" && c.has(r, "session_id") {
		where = testedSessions // or the whole history would be computed
	}
	if len(key) > 1 {
		t.DataTests = append(t.DataTests, dbtTest("rollcall_unique_together", map[string]any{"columns": key}, where))
	}
	for _, col := range c.Columns {
		if col.Schema != r.Schema || col.Relation != r.Name {
			continue
		}
		d := dbtColumn{Name: col.Name, Description: col.Comment, DataType: col.Type}
		if len(key) == 1 && key[0] == col.Name {
			d.DataTests = append(d.DataTests, dbtTest("unique", nil, where))
		}
		if slices.Contains(key, col.Name) { // not of every column: a reader may not read all
			d.DataTests = append(d.DataTests, dbtTest("not_null", nil, where))
		}
		if target := viewLinks[col.Name]; target != "" && r.Kind == "view" {
			d.DataTests = append(d.DataTests, relationship("realtimekit", target, col.Name, where))
		}
		t.Columns = append(t.Columns, d)
	}
	c.follow(&t, r)
	return t
}

// follow adds a test per foreign key: dbt's own where it is one column.
func (c catalog) follow(t *dbtTable, r relation) {
	for _, k := range c.Keys {
		if k.Schema != r.Schema || k.Relation != r.Name {
			continue
		}
		if len(k.Columns) > 1 {
			t.DataTests = append(t.DataTests, dbtTest("rollcall_relationship", map[string]any{
				"to": fmt.Sprintf("source('%s', '%s')", k.TargetSchema, k.Target), "columns": k.Columns,
			}, ""))
			continue
		}
		for i := range t.Columns {
			if t.Columns[i].Name == k.Columns[0] {
				t.Columns[i].DataTests = append(t.Columns[i].DataTests, relationship(k.TargetSchema, k.Target, k.Columns[0], ""))
			}
		}
	}
}

// relationship tests a column whose target has the same name, as all of ours do.
func relationship(schema, table, column, where string) any {
	return dbtTest("relationships", map[string]any{"to": fmt.Sprintf("source('%s', '%s')", schema, table), "field": column}, where)
}

// keyOf is the primary key of a table, or what viewKeys says of a view.
func (c catalog) keyOf(r relation) (key []string) {
	if r.Kind == "view" {
		return viewKeys[r.Name]
	}
	for _, col := range c.Columns {
		if col.Schema == r.Schema && col.Relation == r.Name && col.Primary {
			key = append(key, col.Name)
		}
	}
	return key
}

// has reports whether a table or view has a column.
func (c catalog) has(r relation, name string) bool {
	return slices.ContainsFunc(c.Columns, func(col column) bool {
		return col.Schema == r.Schema && col.Relation == r.Name && col.Name == name
	})
}
