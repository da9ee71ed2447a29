package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// metrics is deploy/metrics.yml: what is measured, once for all tools.
type metrics struct {
	Sources []metricSource `yaml:"sources"`
	Metrics []metric       `yaml:"metrics"`
}

// metricSource is what metrics are computed over: a view of analytics, or a model
// of the dbt package.
type metricSource struct {
	Name       string            `yaml:"name"`
	View       string            `yaml:"view"`
	Model      string            `yaml:"model"`
	Row        string            `yaml:"row"`
	Time       string            `yaml:"time"`
	Key        map[string]string `yaml:"key"`   // entity to column
	Links      map[string]string `yaml:"links"` // likewise, many rows to one of the entity
	Dimensions []string          `yaml:"dimensions"`

	sql     string            // of Model, with the names of the tables
	comment map[string]string // by column
}

// metric is an aggregate over a source, or the ratio of two of them.
type metric struct {
	Name        string   `yaml:"name"`
	Description string   `yaml:"description"`
	Unit        string   `yaml:"unit"`
	Source      string   `yaml:"source"`
	Count       bool     `yaml:"count"`
	Sum         string   `yaml:"sum"`
	Max         string   `yaml:"max"`
	Per         int      `yaml:"per"`
	Where       string   `yaml:"where"`
	Ratio       []string `yaml:"ratio"`
}

// refPattern is how a dbt model names a source.
var refPattern = regexp.MustCompile(`\{\{ source\('([a-z_]+)', '([a-z_]+)'\) \}\}`)

// readMetrics reads and checks the file, and what it refers to.
func (c catalog) readMetrics(root string) (*metrics, error) {
	text, err := os.ReadFile(filepath.Join(root, "deploy", "metrics.yml"))
	if err != nil {
		return nil, err
	}
	m := new(metrics)
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(m); err != nil {
		return nil, fmt.Errorf("deploy/metrics.yml: %w", err)
	}
	for i := range m.Sources {
		if err := c.complete(&m.Sources[i], root); err != nil {
			return nil, fmt.Errorf("deploy/metrics.yml: source %s: %w", m.Sources[i].Name, err)
		}
	}
	for i := range m.Metrics {
		if err := m.settle(&m.Metrics[i]); err != nil {
			return nil, fmt.Errorf("deploy/metrics.yml: metric %s: %w", m.Metrics[i].Name, err)
		}
	}
	return m, nil
}

// complete adds to a source what the schema, or the file of its model, says.
func (c catalog) complete(s *metricSource, root string) error {
	s.comment = map[string]string{}
	if s.Model != "" {
		text, err := os.ReadFile(filepath.Join(root, "deploy", "dbt", "models", "marts", s.Model+".sql"))
		if err != nil {
			return err
		}
		s.sql = strings.TrimSpace(refPattern.ReplaceAllString(string(text), "$1.$2"))
		return nil
	}
	for _, col := range c.Columns {
		if col.Schema == "analytics" && col.Relation == s.View {
			s.comment[col.Name] = col.Comment
		}
	}
	for _, name := range append([]string{s.Time}, s.Dimensions...) {
		if s.comment[name] == "" {
			return fmt.Errorf("analytics.%s has no column %s", s.View, name)
		}
	}
	return nil
}

// settle checks a metric and gives a ratio its source.
func (m *metrics) settle(x *metric) error {
	if len(x.Ratio) == 2 {
		top, bottom := m.metric(x.Ratio[0]), m.metric(x.Ratio[1])
		if top == nil || bottom == nil || top.Source != bottom.Source {
			return errors.New("its ratio is not of two metrics of one source")
		}
		x.Source = top.Source
		return nil
	}
	if !x.Count && x.Sum == "" && x.Max == "" {
		return errors.New("neither count, sum, max nor ratio")
	}
	i := slices.IndexFunc(m.Sources, func(s metricSource) bool { return s.Name == x.Source })
	if i < 0 {
		return fmt.Errorf("no source %q", x.Source)
	}
	if m.Sources[i].comment[x.Name] != "" {
		return errors.New("a column has that name, which Malloy refuses")
	}
	return nil
}

func (m *metrics) metric(name string) *metric {
	for i := range m.Metrics {
		if m.Metrics[i].Name == name {
			return &m.Metrics[i]
		}
	}
	return nil
}

// of gives the metrics of a source, those first that others are made of.
func (m *metrics) of(source string) (all []*metric) {
	for _, ratio := range []bool{false, true} {
		for i := range m.Metrics {
			if m.Metrics[i].Source == source && (len(m.Metrics[i].Ratio) > 0) == ratio {
				all = append(all, &m.Metrics[i])
			}
		}
	}
	return all
}

// sql is the metric as an expression of PostgreSQL over its source.
func (m *metrics) sql(x *metric) string {
	if len(x.Ratio) > 0 {
		return fmt.Sprintf("(%s)::double precision / nullif(%s, 0)", m.sql(m.metric(x.Ratio[0])), m.sql(m.metric(x.Ratio[1])))
	}
	text := "count(*)"
	switch {
	case x.Sum != "":
		text = "sum(" + x.Sum + ")"
	case x.Max != "":
		text = "max(" + x.Max + ")"
	}
	if x.Where != "" {
		text += " FILTER (WHERE " + x.Where + ")"
	}
	if x.Per > 0 {
		text += fmt.Sprintf(" / %d", x.Per)
	}
	return text
}

// page is docs/metrics.md.
func (m *metrics) page() string {
	var b strings.Builder
	b.WriteString("# Metrics\n\n<!-- Written by go run ./internal/dictionary from deploy/metrics.yml. Do not edit. -->\n\n")
	b.WriteString("Each metric has one definition, in `deploy/metrics.yml`. From it come this page, the semantic models of the [dbt package](../deploy/dbt/README.md) and the Malloy model `tools/bi/malloy/rollcall.malloy`, so that every tool gives one answer; CI asks all of them and psql, and compares. The SQL may be grouped by any column of its source.\n")
	for i := range m.Sources {
		s := &m.Sources[i]
		from := "`analytics." + s.View + "`"
		if s.Model != "" {
			from = "the dbt model `" + s.Model + "`, or its query in `deploy/dbt/models/marts/" + s.Model + ".sql`"
		}
		fmt.Fprintf(&b, "\n## `%s`\n\nOver %s. One row is %s; the time of a metric is `%s`.\n\n| metric | meaning | unit | SQL |\n|---|---|---|---|\n", s.Name, from, s.Row, s.Time)
		for _, x := range m.of(s.Name) {
			fmt.Fprintf(&b, "| `%s` | %s | %s | `%s` |\n", x.Name, cell(x.Description), cell(x.Unit), m.sql(x))
		}
	}
	return b.String()
}
