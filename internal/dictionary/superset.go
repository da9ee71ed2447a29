package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/uuid"
	"go.yaml.in/yaml/v3"
)

// supersetFolder holds the bundle, as Superset exports one.
const supersetFolder = "deploy/superset/"

// superset is deploy/superset.yml: the dashboards for Apache Superset.
type superset struct {
	Dashboards []supersetBoard `yaml:"dashboards"`

	catalog catalog
	metrics *metrics
}

type supersetBoard struct {
	Name        string           `yaml:"name"`
	Title       string           `yaml:"title"`
	Description string           `yaml:"description"`
	Range       string           `yaml:"range"`
	Filters     []supersetFilter `yaml:"filters"`
	Charts      []supersetChart  `yaml:"charts"`
}

// supersetFilter narrows every chart whose dataset has the column; of One the first
// value is chosen.
type supersetFilter struct {
	Name    string `yaml:"name"`
	Dataset string `yaml:"dataset"`
	Column  string `yaml:"column"`
	One     bool   `yaml:"one"`
}

type supersetChart struct {
	Title   string   `yaml:"title"`
	Dataset string   `yaml:"dataset"`
	Type    string   `yaml:"type"`
	Time    string   `yaml:"time"`
	X       string   `yaml:"x"`
	Metrics []any    `yaml:"metrics"`
	By      []string `yaml:"by"`
	Columns []string `yaml:"columns"`
	Where   string   `yaml:"where"`
	Order   string   `yaml:"order"`
	Limit   int      `yaml:"limit"`
	Width   int      `yaml:"width"`
	Height  int      `yaml:"height"`
}

// tree is an object of Superset; its keys come out in order of their names.
type tree = map[string]any

// readSuperset reads the file and checks what it names against the schema.
func (c catalog) readSuperset(root string, m *metrics) (*superset, error) {
	text, err := os.ReadFile(filepath.Join(root, "deploy", "superset.yml"))
	if err != nil {
		return nil, err
	}
	s := &superset{catalog: c, metrics: m}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(s); err != nil {
		return nil, fmt.Errorf("deploy/superset.yml: %w", err)
	}
	for _, board := range s.Dashboards {
		for i := range board.Charts {
			if err := s.check(&board.Charts[i]); err != nil {
				return nil, fmt.Errorf("deploy/superset.yml: %s: %q: %w", board.Name, board.Charts[i].Title, err)
			}
		}
	}
	return s, nil
}

// check refuses a chart that names what is not there, and sets what it leaves out.
func (s *superset) check(c *supersetChart) error {
	known := s.columns(c.Dataset)
	if len(known) == 0 {
		return fmt.Errorf("no table, view or source %s", c.Dataset)
	}
	if !slices.Contains([]string{"number", "table", "line", "step", "bar"}, c.Type) {
		return fmt.Errorf("no type %q", c.Type)
	}
	if c.Limit == 0 {
		c.Limit = 1000
	}
	if c.Height == 0 {
		c.Height = 40
	}
	named := slices.Concat(c.Columns, c.By, []string{c.X, c.Time, strings.TrimPrefix(c.Order, "-")})
	for _, name := range named {
		if name != "" && !slices.ContainsFunc(known, func(col column) bool { return col.Name == name }) {
			return fmt.Errorf("%s has no column %s", c.Dataset, name)
		}
	}
	for _, x := range c.Metrics {
		if name, ok := x.(string); ok && !slices.ContainsFunc(s.metricsOf(c.Dataset), func(m *metric) bool { return m.Name == name }) {
			return fmt.Errorf("%s has no metric %s", c.Dataset, name)
		}
	}
	return nil
}

// files are the bundle: a database, a file per dataset, chart and dashboard.
func (s *superset) files() map[string]string {
	files := map[string]string{
		"metadata.yaml":           inYAML(tree{"version": "1.0.0", "type": "Dashboard", "timestamp": "2026-01-01T00:00:00+00:00"}),
		"databases/Rollcall.yaml": inYAML(s.database()),
	}
	for i := range s.Dashboards {
		board := &s.Dashboards[i]
		files["dashboards/"+board.Name+".yaml"] = inYAML(s.dashboard(board))
		for j := range board.Charts {
			c := &board.Charts[j]
			files["datasets/Rollcall/"+c.Dataset+".yaml"] = inYAML(s.dataset(c.Dataset))
			files[fmt.Sprintf("charts/%s_%02d.yaml", board.Name, j+1)] = inYAML(s.chart(board, c))
		}
	}
	bundle := map[string]string{}
	for name, text := range files {
		bundle[supersetFolder+name] = text
	}
	return bundle
}

// id is the same for a thing in every bundle, so that a later import replaces it.
func id(kind, name string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://github.com/rollcall-etl/rollcall/superset/"+kind+"/"+name)).String()
}

func (s *superset) database() tree {
	return tree{
		"version": "1.0.0", "uuid": id("database", "rollcall"), "database_name": "Rollcall",
		"sqlalchemy_uri":   "postgresql+psycopg2://rollcall_reader@localhost:5432/rollcall",
		"expose_in_sqllab": true, "allow_ctas": false, "allow_cvas": false, "allow_dml": false,
		"allow_run_async": false, "allow_csv_upload": false, "extra": tree{"allows_virtual_table_explore": true},
	}
}

// dataset is a table or view with its comments, or the query of a source, and the
// metrics over it.
func (s *superset) dataset(name string) tree {
	d := tree{
		"version": "1.0.0", "uuid": id("dataset", name), "database_uuid": id("database", "rollcall"),
		"table_name": name, "filter_select_enabled": true, "normalize_columns": false,
	}
	if schema, table, ok := strings.Cut(name, "."); ok {
		d["schema"], d["table_name"] = schema, table
		d["description"] = s.relation(name).Comment
	} else {
		source := s.source(name)
		d["sql"], d["description"], d["main_dttm_col"] = source.sql, "One row is "+source.Row+".", source.Time
	}
	columns := []tree{}
	for _, c := range s.columns(name) {
		columns = append(columns, tree{
			"column_name": c.Name, "description": c.Comment, "type": strings.ToUpper(c.Type),
			"is_dttm": isTime(c.Type), "groupby": true, "filterable": true, "is_active": true,
		})
	}
	measures := []tree{{"metric_name": "rows", "verbose_name": "Rows", "expression": "count(*)"}}
	for _, m := range s.metricsOf(name) {
		measures = append(measures, tree{
			"metric_name": m.Name, "expression": s.metrics.sql(m), "description": fmt.Sprintf("%s Unit: %s.", m.Description, m.Unit),
		})
	}
	d["columns"], d["metrics"] = columns, measures
	return d
}

func isTime(typ string) bool { return typ == "date" || strings.HasPrefix(typ, "timestamp") }

func (s *superset) relation(name string) (found relation) {
	for _, r := range s.catalog.Relations {
		if r.Schema+"."+r.Name == name {
			found = r
		}
	}
	return found
}

func (s *superset) source(name string) *metricSource {
	i := slices.IndexFunc(s.metrics.Sources, func(m metricSource) bool { return m.Name == name && m.Model != "" })
	if i < 0 {
		return nil
	}
	return &s.metrics.Sources[i]
}

// columns are those of a table or view, or those that a source names.
func (s *superset) columns(dataset string) (all []column) {
	for _, c := range s.catalog.Columns {
		if c.Schema+"."+c.Relation == dataset {
			all = append(all, c)
		}
	}
	if source := s.source(dataset); source != nil {
		all = append(all, column{Name: source.Time, Type: "timestamp with time zone"})
		for _, d := range source.Dimensions {
			all = append(all, column{Name: d, Type: "text"})
		}
	}
	return all
}

// metricsOf are the metrics of deploy/metrics.yml over a dataset.
func (s *superset) metricsOf(dataset string) []*metric {
	for i := range s.metrics.Sources {
		if m := &s.metrics.Sources[i]; m.Model != "" && m.Name == dataset || m.View != "" && "analytics."+m.View == dataset {
			return s.metrics.of(m.Name)
		}
	}
	return nil
}
