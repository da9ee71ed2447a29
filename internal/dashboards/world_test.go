package dashboards_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/secret"
	"github.com/rollcall-etl/rollcall/internal/simulator"
	"github.com/rollcall-etl/rollcall/internal/testbed"
)

func TestMain(m *testing.M) { pgtest.Main(m, pgtest.Migrated) }

const readerPassword = "the reader's"

// world is a warehouse that was filled as a user's is, with all that can go
// wrong, and a connection as the role that Grafana uses.
type world struct {
	data   *simulator.Data
	reader *pgx.Conn
	view   view
	owner  *pgx.Conn
}

// newWorld runs the whole path on the demo's sessions, of which one cannot be
// read and one has a participant that cannot be stored; then a backfill that is
// cut off.
func newWorld(t *testing.T) *world {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Hour)
	w := &world{data: simulator.Demo(1, now)}
	odd := w.session("Speaker rehearsal 3").Participants[1]
	odd.Extra = simulator.Extra{"joined_at": json.RawMessage(`"yesterday"`)}
	location := pgtest.New(t)
	w.fill(t, location, now)
	w.connect(t, location)
	w.prices(t)
	apps := make([]string, len(w.data.Apps))
	for i := range w.data.Apps {
		apps[i] = w.data.Apps[i].ID
	}
	w.view = view{now.AddDate(0, 0, -15), time.Now().Add(time.Hour), map[string][]string{"app": apps, "session": nil}}
	return w
}

// session gives the newest session of a title.
func (w *world) session(title string) (found *simulator.Session) {
	for _, s := range w.data.AllSessions() {
		if s.MeetingTitle == title && (found == nil || s.StartedAt.After(found.StartedAt)) {
			found = s
		}
	}
	return found
}

func (w *world) fill(t *testing.T, location string, now time.Time) {
	t.Helper()
	pool := pgtest.Open(t, location, 8)
	sim := simulator.New(w.data, simulator.Options{Token: testbed.Token})
	p := testbed.Path(t, pool, sim, w.data.AccountID, nil)
	sim.Script(fault(t, "gone:path=*/"+w.session("Speaker rehearsal 2").ID+"/participants"))
	all := pipeline.Optional{Enrolment: true, Daywise: true, PeerReports: true}
	if result, err := p.Run(t.Context(), pipeline.Plan{Kind: model.KindRun, Optional: all}); err != nil || result.Status != model.RunPartial {
		t.Fatalf("the run ended with %q: %v", result.Status, err)
	}
	sim.Script(fault(t, "no-permission:path=*/sessions,nth=2"))
	if _, err := p.Run(t.Context(), pipeline.Plan{Kind: model.KindBackfill, From: now.AddDate(0, 0, -50), To: now.AddDate(0, 0, -16)}); err == nil {
		t.Fatal("the backfill was not cut off")
	}
	if _, err := postgres.EnsureReader(t.Context(), pool, postgres.Role{Password: secret.New(readerPassword)}); err != nil {
		t.Fatal(err)
	}
}

func fault(t *testing.T, spec string) simulator.Fault {
	t.Helper()
	f, err := simulator.ParseFault(spec)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (w *world) connect(t *testing.T, location string) {
	t.Helper()
	address, err := url.Parse(location)
	if err != nil {
		t.Fatal(err)
	}
	if w.owner, err = pgx.Connect(t.Context(), address.String()); err != nil {
		t.Fatal(err)
	}
	address.User = url.UserPassword(postgres.Reader, readerPassword)
	// Left open on purpose: the database is dropped with its connections.
	if w.reader, err = pgx.Connect(t.Context(), address.String()); err != nil {
		t.Fatal(err)
	}
}

// prices are entered by the owner, as docs/analytics.md says.
func (w *world) prices(t *testing.T) {
	t.Helper()
	if _, err := w.owner.Exec(t.Context(), `INSERT INTO analytics.prices (preset_view_type, valid_from, price_per_minute, currency)
		VALUES ('WEBINAR', '2000-01-01', 0.002, 'USD'), ('LIVESTREAM', '2000-01-01', 0.0005, 'EUR')`); err != nil {
		t.Fatal(err)
	}
}

// answer is what a query gave. A null is an empty text.
type answer struct {
	columns []string
	types   []string
	rows    [][]string
}

// ask expands a query and sends it as Grafana does: as text, by the simple protocol.
func (w *world) ask(t *testing.T, v view, sql string) answer {
	t.Helper()
	sql = v.expand(t, sql)
	described, err := w.reader.PgConn().Prepare(t.Context(), "", sql, nil)
	if err != nil {
		t.Fatalf("%v in\n%s", err, sql)
	}
	results, err := w.reader.PgConn().Exec(t.Context(), sql).ReadAll()
	if err != nil || len(results) != 1 {
		t.Fatalf("%d results, error %v, of\n%s", len(results), err, sql)
	}
	return decode(t, described.Fields, results[0].Rows)
}

func decode(t *testing.T, columns []pgconn.FieldDescription, rows [][][]byte) (a answer) {
	t.Helper()
	known := pgtype.NewMap()
	for _, f := range columns {
		kind, ok := known.TypeForOID(f.DataTypeOID)
		if !ok {
			t.Fatalf("column %s has the unknown type %d", f.Name, f.DataTypeOID)
		}
		a.columns, a.types = append(a.columns, f.Name), append(a.types, kind.Name)
	}
	for _, raw := range rows {
		row := make([]string, len(raw))
		for i, value := range raw {
			row[i] = string(value)
		}
		a.rows = append(a.rows, row)
	}
	return a
}

// header gives the columns with their types.
func (a answer) header() string {
	parts := make([]string, len(a.columns))
	for i := range parts {
		parts[i] = a.columns[i] + " " + a.types[i]
	}
	return strings.Join(parts, ", ")
}

// column gives the values of one column.
func (a answer) column(t *testing.T, name string) (values []string) {
	t.Helper()
	for i := range a.columns {
		if a.columns[i] != name {
			continue
		}
		for _, row := range a.rows {
			values = append(values, row[i])
		}
		return values
	}
	t.Fatalf("no column %q in %v", name, a.columns)
	return nil
}
