package main

import (
	"fmt"
	"maps"
	"slices"
)

type (
	semanticFile struct {
		Models []semanticModel `yaml:"models"`
	}
	semanticModel struct {
		Name             string           `yaml:"name"`
		Description      string           `yaml:"description"`
		SemanticModel    map[string]any   `yaml:"semantic_model"`
		AggTimeDimension string           `yaml:"agg_time_dimension"`
		PrimaryEntity    string           `yaml:"primary_entity,omitempty"`
		Columns          []semanticColumn `yaml:"columns"`
		Metrics          []semanticMetric `yaml:"metrics"`
	}
	semanticColumn struct {
		Name        string            `yaml:"name"`
		Description string            `yaml:"description,omitempty"`
		Granularity string            `yaml:"granularity,omitempty"`
		Dimension   map[string]string `yaml:"dimension,omitempty"`
		Entity      map[string]string `yaml:"entity,omitempty"`
	}
	semanticMetric struct {
		Name        string `yaml:"name"`
		Label       string `yaml:"label"`
		Description string `yaml:"description"`
		Type        string `yaml:"type"`
		Agg         string `yaml:"agg,omitempty"`
		Expr        string `yaml:"expr,omitempty"`
		Numerator   string `yaml:"numerator,omitempty"`
		Denominator string `yaml:"denominator,omitempty"`
	}
)

// dbtFiles are the semantic models, each on a model that passes its source on:
// dbt knows none on a source.
func (m *metrics) dbtFiles() map[string]string {
	const folder = "deploy/dbt/models/metrics/"
	var file semanticFile
	files := map[string]string{}
	for i := range m.Sources {
		s := &m.Sources[i]
		from := fmt.Sprintf("source('analytics', '%s')", s.View)
		if s.Model != "" {
			from = fmt.Sprintf("ref('%s')", s.Model)
		}
		files[folder+dbtName(s)+".sql"] = "select * from {{ " + from + " }}\n"
		file.Models = append(file.Models, m.semanticModel(s))
	}
	files[folder+"metrics.yml"] = inYAML(file)
	return files
}

func dbtName(s *metricSource) string { return "rollcall_" + s.Name }

func (m *metrics) semanticModel(s *metricSource) semanticModel {
	model := semanticModel{
		Name: dbtName(s), Description: "One row is " + s.Row + ".",
		SemanticModel: map[string]any{"enabled": true, "name": s.Name}, AggTimeDimension: s.Time,
	}
	if len(s.Key) == 0 {
		model.PrimaryEntity = s.Name
	}
	for i, entities := range []map[string]string{s.Key, s.Links} {
		for _, entity := range slices.Sorted(maps.Keys(entities)) {
			model.Columns = append(model.Columns, semanticColumn{
				Name: entities[entity], Description: s.comment[entities[entity]],
				Entity: map[string]string{"type": []string{"primary", "foreign"}[i], "name": entity},
			})
		}
	}
	model.Columns = append(model.Columns, semanticColumn{Name: s.Time, Description: s.comment[s.Time], Granularity: "day", Dimension: map[string]string{"type": "time"}})
	for _, name := range s.Dimensions {
		model.Columns = append(model.Columns, semanticColumn{Name: name, Description: s.comment[name], Dimension: map[string]string{"type": "categorical"}})
	}
	for _, x := range m.of(s.Name) {
		model.Metrics = append(model.Metrics, x.inDBT())
	}
	return model
}

func (x *metric) inDBT() semanticMetric {
	d := semanticMetric{Name: x.Name, Label: x.Name, Description: x.Description + " Unit: " + x.Unit + ".", Type: "simple"}
	if len(x.Ratio) > 0 {
		d.Type, d.Numerator, d.Denominator = "ratio", x.Ratio[0], x.Ratio[1]
		return d
	}
	i := slices.IndexFunc([]string{x.Sum, x.Max}, func(column string) bool { return column != "" })
	d.Agg, d.Expr = "count", "1"
	if i >= 0 {
		d.Agg, d.Expr = []string{"sum", "max"}[i], []string{x.Sum, x.Max}[i]
	}
	if x.Per > 0 {
		d.Expr += fmt.Sprintf(" / %d", x.Per)
	}
	if x.Where != "" {
		d.Expr = fmt.Sprintf("case when %s then %s end", x.Where, d.Expr)
	}
	return d
}
