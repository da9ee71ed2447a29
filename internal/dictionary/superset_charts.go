package main

import (
	"encoding/json"
	"fmt"
	"strings"
)

// chartTypes are Superset's names of what a chart is drawn as.
var chartTypes = map[string]string{
	"number": "big_number_total", "table": "table", "line": "echarts_timeseries_line",
	"step": "echarts_timeseries_step", "bar": "echarts_timeseries_bar",
}

// chart is what the page draws, and the query that the API and reports run.
func (s *superset) chart(board *supersetBoard, c *supersetChart) tree {
	dataset := id("dataset", c.Dataset)
	params := tree{
		"viz_type": chartTypes[c.Type], "datasource": dataset, "row_limit": c.Limit,
		"adhoc_filters": s.filters(c), "time_range": "No filter",
	}
	query := tree{
		"columns": c.By, "metrics": c.measures(), "row_limit": c.Limit, "filters": s.ranges(c),
		"extras": tree{"where": c.Where}, "orderby": []any{},
	}
	switch {
	case c.Type == "number":
		params["metric"] = c.measures()[0]
		query["columns"] = []string{}
	case c.Type == "table" && len(c.Columns) > 0:
		order := c.sorted()
		params["query_mode"], params["all_columns"], params["order_by_cols"] = "raw", c.Columns, inJSON(order)
		query["columns"], query["orderby"] = c.Columns, order
		delete(query, "metrics")
	case c.Type == "table":
		params["query_mode"], params["groupby"], params["metrics"] = "aggregate", c.By, c.measures()
	default:
		c.axes(s, params)
		query["columns"] = append([]any{c.axis(s)}, anys(c.By)...)
	}
	body := tree{
		"datasource": tree{"id": dataset, "type": "table"}, "force": false, "result_format": "json", "result_type": "full",
		"queries": []any{query}, "form_data": tree{"viz_type": params["viz_type"]},
	}
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // plain texts and numbers
	}
	return tree{
		"version": "1.0.0", "uuid": id("chart", board.Name+"/"+c.Title), "slice_name": c.Title, "viz_type": chartTypes[c.Type],
		"dataset_uuid": dataset, "params": params, "query_context": string(text),
	}
}

// axes are what a chart over x says besides.
func (c *supersetChart) axes(s *superset, params tree) {
	params["x_axis"], params["groupby"], params["metrics"] = c.X, c.By, c.measures()
	params["rich_tooltip"], params["show_legend"], params["x_axis_sort_asc"] = true, true, true
	if c.Type == "bar" {
		params["stack"] = "Stack"
	}
	if !isTime(s.typeOf(c.Dataset, c.X)) {
		params["xAxisForceCategorical"] = true
	}
	params["time_grain_sqla"] = nil
}

// axis is the column of x in a query.
func (c *supersetChart) axis(s *superset) any {
	if !isTime(s.typeOf(c.Dataset, c.X)) {
		return c.X
	}
	return tree{"columnType": "BASE_AXIS", "sqlExpression": c.X, "label": c.X, "expressionType": "SQL"}
}

func (s *superset) typeOf(dataset, name string) string {
	for _, c := range s.columns(dataset) {
		if c.Name == name {
			return c.Type
		}
	}
	return ""
}

// measures are the metrics: those of the dataset by name, others by their SQL.
func (c *supersetChart) measures() (all []any) {
	for _, m := range c.Metrics {
		own, ok := m.(tree)
		if !ok {
			all = append(all, m)
			continue
		}
		for label, sql := range own {
			all = append(all, tree{
				"expressionType": "SQL", "sqlExpression": sql, "label": label, "hasCustomLabel": true,
				"optionName": "metric_" + strings.ReplaceAll(label, " ", "_"),
			})
		}
	}
	return all
}

// span is the column that the dashboard's range of time restricts, if there is one.
func (s *superset) span(c *supersetChart) string {
	if c.Time == "" && isTime(s.typeOf(c.Dataset, c.X)) {
		return c.X
	}
	return c.Time
}

// filters are what a chart is restricted by: the range of the dashboard, and a
// condition of its own.
func (s *superset) filters(c *supersetChart) []any {
	all := []any{}
	if column := s.span(c); column != "" {
		all = append(all, tree{
			"clause": "WHERE", "expressionType": "SIMPLE", "operator": "TEMPORAL_RANGE", "subject": column, "comparator": "No filter",
		})
	}
	if c.Where != "" {
		all = append(all, tree{"clause": "WHERE", "expressionType": "SQL", "sqlExpression": c.Where})
	}
	return all
}

// ranges are the same range in a query.
func (s *superset) ranges(c *supersetChart) []any {
	if column := s.span(c); column != "" {
		return []any{tree{"col": column, "op": "TEMPORAL_RANGE", "val": "No filter"}}
	}
	return []any{}
}

// sorted is the order of a table's rows: a column, and whether it ascends.
func (c *supersetChart) sorted() []any {
	if c.Order == "" {
		return []any{}
	}
	name, descends := strings.CutPrefix(c.Order, "-")
	return []any{[]any{name, !descends}}
}

// inJSON are values as texts of JSON, which is how a table keeps its order.
func inJSON(values []any) []string {
	texts := []string{}
	for _, v := range values {
		text, err := json.Marshal(v)
		if err != nil {
			panic(err) // plain texts
		}
		texts = append(texts, string(text))
	}
	return texts
}

func anys(texts []string) (all []any) {
	for _, t := range texts {
		all = append(all, t)
	}
	return all
}

// dashboard is the charts in rows of 12 columns, and the filters above them.
func (s *superset) dashboard(board *supersetBoard) tree {
	position := tree{
		"DASHBOARD_VERSION_KEY": "v2",
		"ROOT_ID":               tree{"type": "ROOT", "id": "ROOT_ID", "children": []string{"GRID_ID"}},
		"HEADER_ID":             tree{"type": "HEADER", "id": "HEADER_ID", "meta": tree{"text": board.Title}},
	}
	rows, free := []string{}, 0
	for i := range board.Charts {
		c := &board.Charts[i]
		if free < c.Width {
			rows, free = append(rows, fmt.Sprintf("ROW-%d", len(rows)+1)), 12
			position[rows[len(rows)-1]] = tree{
				"type": "ROW", "id": rows[len(rows)-1], "children": []string{}, "parents": []string{"ROOT_ID", "GRID_ID"},
				"meta": tree{"background": "BACKGROUND_TRANSPARENT"},
			}
		}
		free -= c.Width
		row, key := position[rows[len(rows)-1]].(tree), fmt.Sprintf("CHART-%d", i+1)
		row["children"] = append(row["children"].([]string), key)
		position[key] = tree{
			"type": "CHART", "id": key, "children": []string{}, "parents": []string{"ROOT_ID", "GRID_ID", rows[len(rows)-1]},
			"meta": tree{"chartId": i + 1, "uuid": id("chart", board.Name+"/"+c.Title), "sliceName": c.Title, "width": c.Width, "height": c.Height},
		}
	}
	position["GRID_ID"] = tree{"type": "GRID", "id": "GRID_ID", "children": rows, "parents": []string{"ROOT_ID"}}
	return tree{
		"version": "1.0.0", "uuid": id("dashboard", board.Name), "dashboard_title": board.Title, "description": board.Description,
		"slug": "rollcall-" + board.Name, "published": true, "position": position,
		"metadata": tree{"native_filter_configuration": board.filters(), "cross_filters_enabled": true, "refresh_frequency": 0},
	}
}

// filters are the range of time, and the choices of the file.
func (b *supersetBoard) filters() []tree {
	all := []tree{b.filter("Time range", "filter_time", []tree{{}}, tree{},
		tree{"extraFormData": tree{"time_range": b.Range}, "filterState": tree{"value": b.Range}})}
	for _, f := range b.Filters {
		choice := b.filter(f.Name, "filter_select",
			[]tree{{"datasetUuid": id("dataset", f.Dataset), "column": tree{"name": f.Column}}},
			tree{"enableEmptyFilter": f.One, "defaultToFirstItem": f.One, "multiSelect": !f.One, "searchAllOptions": true, "inverseSelection": false},
			tree{"extraFormData": tree{}, "filterState": tree{}, "ownState": tree{}})
		if f.One { // it offers what the filters before it leave
			parents, excluded := []any{}, []any{}
			for _, before := range all[1:] {
				parents = append(parents, before["id"])
			}
			for i := range b.Charts { // a list of what it offers stays whole
				if b.Charts[i].Dataset == f.Dataset {
					excluded = append(excluded, i+1)
				}
			}
			choice["cascadeParentIds"], choice["scope"] = parents, tree{"rootPath": []string{"ROOT_ID"}, "excluded": excluded}
		}
		all = append(all, choice)
	}
	return all
}

func (b *supersetBoard) filter(name, kind string, targets []tree, controls, mask tree) tree {
	return tree{
		"id": "NATIVE_FILTER-" + id("filter", b.Name+"/"+name), "name": name, "type": "NATIVE_FILTER", "filterType": kind,
		"targets": targets, "controlValues": controls, "defaultDataMask": mask, "cascadeParentIds": []any{},
		"scope": tree{"rootPath": []string{"ROOT_ID"}, "excluded": []any{}}, "description": "",
	}
}
