package report_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/net/html"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/report"
	"github.com/rollcall-etl/rollcall/internal/simulator"
	"github.com/rollcall-etl/rollcall/internal/testbed"
)

func TestMain(m *testing.M) { pgtest.Main(m, pgtest.Migrated) }

// at is the moment around which the data lies.
var at = time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)

var options = report.Options{Zone: time.UTC, Now: at, Version: "test"}

// warehouse loads the data over the whole path: a simulated API, the client, the
// pipeline, Postgres.
func warehouse(t *testing.T, data *simulator.Data) *pgxpool.Pool {
	t.Helper()
	pool := pgtest.Open(t, pgtest.New(t), 8)
	now := func() time.Time { return at }
	p := testbed.Path(t, pool, simulator.New(data, simulator.Options{Token: testbed.Token, Now: now}), data.AccountID, now)
	if _, err := p.Run(t.Context(), pipeline.Plan{Kind: model.KindRun, Optional: pipeline.Optional{Enrolment: true}}); err != nil {
		t.Fatal(err)
	}
	return pool
}

// sessionPage writes the page of a session. With ROLLCALL_PAGES set to a folder
// it is left there too, for a browser to look at.
func sessionPage(t *testing.T, pool *pgxpool.Pool, id, name string) *node {
	t.Helper()
	uuid, err := model.ParseUUID(id)
	if err != nil {
		t.Fatal(err)
	}
	var page bytes.Buffer
	if _, err := report.Session(t.Context(), pool, &page, uuid, options); err != nil {
		t.Fatal(err)
	}
	return parsed(t, page.Bytes(), name)
}

func rangePage(t *testing.T, pool *pgxpool.Pool, span report.Span, name string) *node {
	t.Helper()
	var page bytes.Buffer
	if _, err := report.Range(t.Context(), pool, &page, span, options); err != nil {
		t.Fatal(err)
	}
	return parsed(t, page.Bytes(), name)
}

func parsed(t *testing.T, page []byte, name string) *node {
	t.Helper()
	if dir := os.Getenv("ROLLCALL_PAGES"); dir != "" && name != "" {
		if err := os.WriteFile(filepath.Join(dir, name), page, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return (*node)(root)
}

// node is an element of a page.
type node html.Node

func (n *node) attr(key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// all gives the elements below n that satisfy.
func (n *node) all(satisfy func(*node) bool) []*node {
	var found []*node
	for d := range (*html.Node)(n).Descendants() {
		if d.Type == html.ElementNode && satisfy((*node)(d)) {
			found = append(found, (*node)(d))
		}
	}
	return found
}

func (n *node) tags(name string) []*node {
	return n.all(func(e *node) bool { return e.Data == name })
}

func (n *node) id(t *testing.T, id string) *node {
	t.Helper()
	found := n.all(func(e *node) bool { return e.attr("id") == id })
	if len(found) != 1 {
		t.Fatalf("%d elements have the id %s, want 1", len(found), id)
	}
	return found[0]
}

// text gives the text of an element, white space made single.
func (n *node) text() string {
	var b strings.Builder
	for d := range (*html.Node)(n).Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// rows gives the texts of the cells of a table's body.
func (n *node) rows() [][]string {
	var all [][]string
	for _, body := range n.tags("tbody") {
		for _, row := range body.tags("tr") {
			var cells []string
			for _, cell := range row.all(func(e *node) bool { return e.Data == "td" || e.Data == "th" }) {
				cells = append(cells, cell.text())
			}
			all = append(all, cells)
		}
	}
	return all
}

// under gives the texts of the cells that stand under the headings, row by row: a column
// that is added to a table moves none of them.
func (n *node) under(t *testing.T, headings ...string) [][]string {
	t.Helper()
	var titles []string
	for _, title := range n.tags("thead")[0].tags("th") {
		titles = append(titles, title.text())
	}
	all := n.rows()
	for i, row := range all {
		some := make([]string, len(headings))
		for k, heading := range headings {
			at := slices.Index(titles, heading)
			if at < 0 || len(row) != len(titles) {
				t.Fatalf("a row of %d cells in the table %q, and no column %q among its headings %q: they stand in assets/*.html.tmpl, each with its cell below",
					len(row), n.attr("id"), heading, titles)
			}
			some[k] = row[at]
		}
		all[i] = some
	}
	return all
}
