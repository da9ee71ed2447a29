package dashboards_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// source is a data source as Grafana's JSON names it.
type source struct{ Type, UID string }

// board is what the tests look at in a dashboard's JSON.
type board struct {
	File string `json:"-"`

	UID, Title, Description, Timezone string
	Tags                              []string
	SchemaVersion                     int
	Time                              struct{ From, To string }
	Panels                            []panel
	Templating                        struct{ List []variable }
}

type panel struct {
	ID                       int
	Type, Title, Description string
	Datasource               source
	GridPos                  struct{ H, W, X, Y int }
	FieldConfig              struct {
		Defaults  map[string]any
		Overrides []struct {
			Matcher    struct{ ID, Options string }
			Properties []struct {
				ID    string
				Value any
			}
		}
	}
	Options struct {
		XField        string
		ReduceOptions struct{ Fields string }
	}
	Targets []target
}

type target struct {
	RefID, Format, RawSQL string
	RawQuery              bool
	Datasource            source
}

type variable struct {
	Name, Label, Description, Type, Query, Definition string
	Datasource                                        source
	Multi, IncludeAll                                 bool
	Refresh                                           int
}

// provisioned is the data source of provisioning/datasources/rollcall.yaml.
var provisioned = source{"grafana-postgresql-datasource", "rollcall"}

var folder = filepath.Join("..", "..", "deploy", "grafana")

func boards(t *testing.T) (all []board) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "dashboards", "*.json"))
	if err != nil || len(files) != 3 {
		t.Fatalf("dashboards %v (error %v), want three", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		b := board{File: strings.TrimSuffix(filepath.Base(file), ".json")}
		if err := json.Unmarshal(text, &b); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all = append(all, b)
	}
	return all
}

// queries are the panels that ask something.
func (b *board) queries() []panel {
	return slices.DeleteFunc(slices.Clone(b.Panels), func(p panel) bool { return p.Type == "row" })
}

// property gives what an override of a column, or else the panel's default, says.
func (p *panel) property(column, name string) any {
	for _, o := range p.FieldConfig.Overrides {
		if o.Matcher.Options != column {
			continue
		}
		for _, own := range o.Properties {
			if own.ID == name {
				return own.Value
			}
		}
	}
	return p.FieldConfig.Defaults[name]
}

func TestBoardsAreWhole(t *testing.T) {
	t.Parallel()
	uids := map[string]bool{}
	for _, b := range boards(t) {
		if b.UID != "rollcall-"+b.File || uids[b.UID] || b.Title == "" || b.Description == "" || !slices.Contains(b.Tags, "rollcall") {
			t.Errorf("%s: uid %q, title %q, tags %v", b.File, b.UID, b.Title, b.Tags)
		}
		if uids[b.UID] = true; b.SchemaVersion != 41 || b.Timezone != "utc" || !strings.HasPrefix(b.Time.From, "now-") || b.Time.To != "now" {
			t.Errorf("%s: schema %d, zone %q, time %v", b.File, b.SchemaVersion, b.Timezone, b.Time)
		}
		ids, titles := map[int]bool{}, map[string]bool{}
		for i := range b.Panels {
			p := &b.Panels[i]
			if p.ID < 1 || ids[p.ID] || p.Title == "" || titles[p.Title] {
				t.Errorf("%s: panel %d, %q: both must be its own", b.File, p.ID, p.Title)
			}
			ids[p.ID], titles[p.Title] = true, true
			if p.Type != "row" {
				p.whole(t, b.File)
			}
			for _, other := range b.Panels[:i] {
				p.apart(t, b.File, &other)
			}
		}
		for _, v := range b.Templating.List {
			if v.Type != "query" || v.Datasource != provisioned || v.Query == "" || v.Query != v.Definition || v.Label == "" || v.Description == "" || v.Multi != v.IncludeAll {
				t.Errorf("%s: variable %+v", b.File, v)
			}
		}
	}
}

func (p *panel) whole(t *testing.T, file string) {
	t.Helper()
	if p.Description == "" || p.Datasource != provisioned || p.FieldConfig.Defaults["unit"] == nil {
		t.Errorf("%s, %q: description %q, source %v, default unit %v", file, p.Title, p.Description, p.Datasource, p.FieldConfig.Defaults["unit"])
	}
	if !slices.Contains([]string{"barchart", "stat", "table", "timeseries", "trend"}, p.Type) {
		t.Errorf("%s, %q: a panel of type %q is not part of Grafana as it is shipped", file, p.Title, p.Type)
	}
	wanted := "table"
	if p.Type == "timeseries" {
		wanted = "time_series"
	}
	if len(p.Targets) != 1 {
		t.Fatalf("%s, %q: %d queries, want one", file, p.Title, len(p.Targets))
	}
	if q := p.Targets[0]; q.Datasource != provisioned || !q.RawQuery || q.RefID != "A" || q.Format != wanted {
		t.Errorf("%s, %q: %+v", file, p.Title, q)
	}
}

// apart fails unless two panels lie beside each other in the grid of 24 columns.
func (p *panel) apart(t *testing.T, file string, other *panel) {
	t.Helper()
	a, b := p.GridPos, other.GridPos
	if a.X < 0 || a.W < 1 || a.H < 1 || a.X+a.W > 24 {
		t.Errorf("%s, %q lies outside the grid: %+v", file, p.Title, a)
	}
	if a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H {
		t.Errorf("%s: %q and %q overlap", file, p.Title, other.Title)
	}
}

// Every variable in a query is quoted by Grafana, as text that comes from
// whoever edits the address of the page.
func TestVariablesAreQuoted(t *testing.T) {
	t.Parallel()
	dollar := regexp.MustCompile(`\$\{?\w+(:\w+)?\}?|\[\[`)
	for _, b := range boards(t) {
		known := map[string]bool{"$__timeFilter": true, "$__timeFrom": true, "$__timeTo": true}
		texts := map[string]string{}
		for _, v := range b.Templating.List {
			texts["variable "+v.Name] = v.Query
			known["${"+v.Name+":sqlstring}"] = true
		}
		for _, p := range b.queries() {
			texts[p.Title] = p.Targets[0].RawSQL
		}
		for name, text := range texts {
			for _, found := range dollar.FindAllString(text, -1) {
				if !known[found] {
					t.Errorf("%s, %q uses %s; it may use %v", b.File, name, found, known)
				}
			}
		}
	}
}
