package dashboards_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write testdata/columns.txt anew")

// shown are the types of columns that every panel knows to show.
var (
	numbers = []string{"int2", "int4", "int8", "float4", "float8", "numeric"}
	shown   = append([]string{"text", "varchar", "bool", "timestamptz", "date"}, numbers...)
)

// TestEveryQuery asks every query of every dashboard, as the reader, and looks
// whether the panel has what it needs of the answer; then those of Superset's charts.
func TestEveryQuery(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var columns strings.Builder
	for _, b := range boards(t) {
		for _, v := range b.Templating.List {
			w.options(t, b.File, v)
		}
		for _, p := range b.queries() {
			rows, first := 0, true
			for _, session := range w.sessions(&b) {
				v := w.view
				v.variables = map[string][]string{"app": v.variables["app"], "session": session}
				a := w.ask(t, v, p.Targets[0].RawSQL)
				p.fits(t, b.File, a)
				if first {
					fmt.Fprintf(&columns, "%s | %s | %s\n", b.File, p.Title, a.header())
				}
				first = false
				if rows += len(a.rows); session == nil && b.File == "attendance" && len(a.rows) > 0 {
					t.Errorf("%s, %q: %d rows without a session", b.File, p.Title, len(a.rows))
				}
			}
			if rows == 0 {
				t.Errorf("%s, %q: no rows", b.File, p.Title)
			}
		}
	}
	sameColumns(t, columns.String())
	w.values(t)
	w.superset(t)
}

// TestAbsentFromALessonOfTwoSessions splits a lesson, as a host who drops does: who missed it
// is absent on the dashboard of either session.
func TestAbsentFromALessonOfTwoSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, second := w.session("Biology 8A").ID, "00000000-0000-4000-8000-000000000001"
	for _, sql := range []string{
		`INSERT INTO realtimekit.sessions (session_id, app_id, meeting_id, meeting_title, session_type, status, started_at, ended_at, created_at, first_synced_at, synced_at, run_id)
			SELECT '` + second + `', app_id, meeting_id, meeting_title, session_type, status, ended_at + interval '1 minute', ended_at + interval '10 minutes', ended_at, now(), now(), run_id
			FROM realtimekit.sessions WHERE session_id = '` + first + `'`,
		`INSERT INTO realtimekit.participants (session_id, participant_id, custom_participant_id, user_id, display_name, joined_at, left_at, first_synced_at, synced_at, run_id)
			SELECT DISTINCT ON (p.custom_participant_id) s.session_id, gen_random_uuid(), p.custom_participant_id, p.user_id, p.display_name, s.started_at, s.ended_at, now(), now(), s.run_id
			FROM realtimekit.sessions AS s, realtimekit.participants AS p WHERE s.session_id = '` + second + `' AND p.session_id = '` + first + `'`,
		`INSERT INTO analytics.stale_sessions (session_id, started_at) SELECT session_id, started_at FROM realtimekit.sessions WHERE session_id = '` + second + `'`,
		`SELECT analytics.refresh(500)`,
	} {
		if _, err := w.owner.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	for _, b := range boards(t) {
		for _, p := range b.queries() {
			if p.Title != "Enrolled, but did not come" {
				continue
			}
			var absent [2][]string
			for i, session := range []string{first, second} {
				v := w.view
				v.variables = map[string][]string{"session": {session}}
				absent[i] = w.ask(t, v, p.Targets[0].RawSQL).column(t, "name")
			}
			if diff := cmp.Diff(absent[0], absent[1]); diff != "" || len(absent[0]) == 0 {
				t.Errorf("absent (- on the first session, + on the second):\n%s", diff)
			}
		}
	}
}

// sameColumns compares the columns of all panels with a file that is read by
// people: what a panel shows does not change by accident.
func sameColumns(t *testing.T, got string) {
	t.Helper()
	path := filepath.Join("testdata", "columns.txt")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("columns differ; if that is meant: go test ./internal/dashboards -update\n%s", diff)
	}
}

// sessions are those that a dashboard is looked at with: a lesson, a webinar, a
// session with findings, the live one, one that nobody entered, and none.
func (w *world) sessions(b *board) (picked [][]string) {
	if len(b.Templating.List) < 2 {
		return [][]string{nil}
	}
	picked = [][]string{nil}
	for _, s := range w.data.AllSessions() {
		switch {
		case s.Status == "LIVE", len(s.Participants) == 0, len(s.Participants) > 300,
			slices.Contains([]string{"Biology 8A", "Speaker rehearsal 3"}, s.MeetingTitle),
			slices.ContainsFunc(s.Participants, unfinished) && s.MeetingTitle != "Speaker rehearsal 2":
			picked = append(picked, []string{s.ID})
		}
	}
	return picked
}

// options asks for what a variable offers: a text to show, and a value.
func (w *world) options(t *testing.T, file string, v variable) {
	t.Helper()
	a := w.ask(t, w.view, v.Query)
	if !slices.Equal(a.columns, []string{"__text", "__value"}) || !slices.Equal(a.types, []string{"text", "text"}) || len(a.rows) == 0 {
		t.Errorf("%s, variable %s: %v %v, %d rows", file, v.Name, a.columns, a.types, len(a.rows))
	}
	nothing := w.view
	nothing.variables = map[string][]string{}
	for _, other := range []string{"app", "session"} {
		nothing.variables[other] = []string{"x' OR 'a' = 'a"}
	}
	if strings.Contains(v.Query, "${") {
		if a := w.ask(t, nothing, v.Query); len(a.rows) > 0 {
			t.Errorf("%s, variable %s: %d rows for an app that is none", file, v.Name, len(a.rows))
		}
	}
}

// fits fails unless a panel can show an answer.
func (p *panel) fits(t *testing.T, file string, a answer) {
	t.Helper()
	complain := func(format string, args ...any) {
		t.Errorf("%s, %q: %s", file, p.Title, fmt.Sprintf(format, args...))
	}
	hasNumber := false
	for i, name := range a.columns {
		if !slices.Contains(shown, a.types[i]) {
			complain("column %s is of type %s; cast it to text", name, a.types[i])
		}
		if slices.Contains(numbers, a.types[i]) {
			hasNumber = true
			if unit, _ := p.property(name, "unit").(string); unit == "" {
				complain("column %s has no unit", name)
			}
			if strings.HasSuffix(name, "_seconds") && p.property(name, "unit") != "s" {
				complain("column %s is shown without its unit", name)
			}
		}
	}
	for _, o := range p.FieldConfig.Overrides {
		if o.Matcher.ID != "byName" || !slices.Contains(a.columns, o.Matcher.Options) {
			complain("the override %v is for none of the columns %v", o.Matcher, a.columns)
		}
	}
	switch p.Type {
	case "timeseries":
		p.fitsTime(t, complain, a)
	case "barchart", "trend":
		if !hasNumber || !slices.Contains(a.columns, p.Options.XField) {
			complain("x is %q, columns are %v", p.Options.XField, a.columns)
		} else if p.Type == "trend" {
			ascending(complain, a.column(t, p.Options.XField))
		} else if x := a.column(t, p.Options.XField); a.types[slices.Index(a.columns, p.Options.XField)] != "text" || slices.Contains(x, "") {
			complain("x has to be text, and is %v", x)
		}
	case "stat":
		if field := strings.Trim(p.Options.ReduceOptions.Fields, "/^$"); len(a.rows) > 1 || field == "" && !hasNumber || field != "" && !slices.Contains(a.columns, field) {
			complain("shows %q of %d rows with the columns %v", field, len(a.rows), a.columns)
		}
	}
}

// fitsTime wants what Grafana calls a time series: a column time in ascending
// order, numbers, and at most one column metric that names the series.
func (p *panel) fitsTime(t *testing.T, complain func(string, ...any), a answer) {
	t.Helper()
	t.Helper()
	if a.columns[0] != "time" || a.types[0] != "timestamptz" {
		complain("no time comes first in %v", a.columns)
	}
	if times := a.column(t, "time"); !slices.IsSorted(times) {
		complain("not in the order of time")
	}
	for i, name := range a.columns[1:] {
		if number := slices.Contains(numbers, a.types[i+1]); !number && (name != "metric" || a.types[i+1] != "text") {
			complain("column %s is of type %s", name, a.types[i+1])
		}
	}
}

func ascending(complain func(string, ...any), texts []string) {
	last := -1e9
	for _, text := range texts {
		x, err := strconv.ParseFloat(text, 64)
		if err != nil || x <= last {
			complain("x does not ascend: %v after %v (%v)", text, last, err)
		}
		last = x
	}
}

// panelNamed finds a panel by its dashboard and title.
func panelNamed(t *testing.T, file, title string) panel {
	t.Helper()
	for _, b := range boards(t) {
		for _, p := range b.queries() {
			if b.File == file && p.Title == title {
				return p
			}
		}
	}
	t.Fatalf("no panel %q in %s", title, file)
	return panel{}
}

// one asks a panel's query for a session, or "" for none.
func (w *world) one(t *testing.T, file, title, session string) answer {
	t.Helper()
	v := w.view
	v.variables = map[string][]string{"app": v.variables["app"], "session": {session}}
	return w.ask(t, v, panelNamed(t, file, title).Targets[0].RawSQL)
}

// day is a time of the world as a panel by day shows it.
func day(at time.Time) string {
	return at.UTC().Truncate(24*time.Hour).Format("2006-01-02 15:04:05") + "+00"
}
