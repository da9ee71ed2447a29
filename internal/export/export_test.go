package export_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/parquet-go/parquet-go"

	"github.com/rollcall-etl/rollcall/internal/export"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/sampling"
)

func TestMain(m *testing.M) { pgtest.Main(m, pgtest.Migrated) }

const (
	lesson = "00000000-0000-4000-8000-000000000001"
	other  = "00000000-0000-4000-8000-000000000002"
)

// names are those of the lesson's people, in the order in which they come out.
var names = []string{
	"plain", `=1+1`, `+cmd|' /C calc'!A0`, `-2`, `@SUM(A1)`, "\tTab", `＝wide`, `quo"ted, and comma`, "two\nlines", "\u202Eturned", "王伟 😀", "",
	`</script><script>`,
}

// newWarehouse holds two sessions, of which the first has the people above.
func newWarehouse(t *testing.T) *pgxpool.Pool {
	t.Helper()
	pool := pgtest.Open(t, pgtest.New(t), 4)
	pgtest.Exec(t, pool, `INSERT INTO sync.runs (run_id, account_id, kind, started_at, program_version)
		OVERRIDING SYSTEM VALUE VALUES (1, 'account', 'run', now(), 'test')`)
	pgtest.Exec(t, pool, `INSERT INTO realtimekit.apps (app_id, account_id, name, first_synced_at, synced_at, run_id)
		SELECT a, 'account', a, now(), now(), 1 FROM unnest('{a,b}'::text[]) AS a`)
	pgtest.Exec(t, pool, `INSERT INTO realtimekit.sessions (session_id, app_id, status, started_at, ended_at, created_at, first_synced_at, synced_at, run_id)
		VALUES ($1, 'a', 'ENDED', '2026-03-10 10:00:00.25Z', '2026-03-10 11:00Z', '2026-03-10 10:00Z', now(), now(), 1),
		       ($2, 'b', 'ENDED', '2026-03-12 10:00Z', '2026-03-12 11:00Z', '2026-03-12 10:00Z', now(), now(), 1)`, lesson, other)
	for i, name := range names {
		pgtest.Exec(t, pool, `INSERT INTO realtimekit.participants (session_id, participant_id, user_id, display_name, joined_at, left_at, first_synced_at, synced_at, run_id)
			VALUES ($1, gen_random_uuid(), 'user-' || lpad($2::int::text, 3, '0'), nullif($3, ''), '2026-03-10 10:00:01.5Z', '2026-03-10 10:30:01.500001Z', now(), now(), 1)`, lesson, i, name)
	}
	pgtest.Exec(t, pool, `INSERT INTO realtimekit.participants (session_id, participant_id, user_id, joined_at, left_at, first_synced_at, synced_at, run_id)
		VALUES ($1, gen_random_uuid(), 'user-x', '2026-03-12 10:00Z', '2026-03-12 11:00Z', now(), now(), 1)`, other)
	pgtest.Exec(t, pool, `INSERT INTO analytics.prices (valid_from, price_per_minute, currency) VALUES ('2026-01-01', 0.00050001, 'EUR')`)
	derive(t, pool)
	return pool
}

// derive lets the views know of rows that were changed by hand.
func derive(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	pgtest.Exec(t, pool, `INSERT INTO analytics.stale_sessions (session_id) SELECT session_id FROM realtimekit.sessions`)
	pgtest.Exec(t, pool, `SELECT analytics.refresh(500)`)
}

func rows(t *testing.T, pool *pgxpool.Pool, view string, f export.Filter, o export.Options) []byte {
	t.Helper()
	var out bytes.Buffer
	if _, err := export.View(t.Context(), pool, &out, view, f, o); err != nil {
		t.Fatalf("%s as %s: %v", view, o.Format, err)
	}
	return out.Bytes()
}

func session(t *testing.T, text string) export.Filter {
	t.Helper()
	id, err := model.ParseUUID(text)
	if err != nil {
		t.Fatal(err)
	}
	return export.Filter{Session: id}
}

// column gives one column of a CSV file without its header.
func column(t *testing.T, text []byte, name string) []string {
	t.Helper()
	records, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	for i, head := range records[0] {
		if head == name {
			for _, record := range records[1:] {
				values = append(values, record[i])
			}
		}
	}
	return values
}

func TestCSV(t *testing.T) {
	t.Parallel()
	pool := newWarehouse(t)
	exact := rows(t, pool, "person_attendance", session(t, lesson), export.Options{Format: "csv", Style: "exact"})
	if diff := cmp.Diff(names, column(t, exact, "display_name")); diff != "" {
		t.Errorf("names in the exact style (- stored, + read back):\n%s", diff)
	}
	if n := bytes.Count(exact, []byte("\r\n")); n != len(names)+1 || !bytes.Contains(exact, []byte("\"two\nlines\"")) {
		t.Errorf("%d lines end in CRLF, want %d, and the line end in a name as it was", n, len(names)+1)
	}
	safe := rows(t, pool, "person_attendance", session(t, lesson), export.Options{Format: "csv", Style: "safe"})
	want := []string{
		"plain", `'=1+1`, `'+cmd|' /C calc'!A0`, `'-2`, `'@SUM(A1)`, "'\tTab", `'＝wide`, `quo"ted, and comma`, "two\nlines", "\u202Eturned", "王伟 😀", "",
		`</script><script>`,
	}
	if diff := cmp.Diff(want, column(t, safe, "display_name")); diff != "" {
		t.Errorf("names in the safe style:\n%s", diff)
	}
	if got := column(t, safe, "first_join_at")[0]; got != "2026-03-10T10:00:01.500000Z" {
		t.Errorf("time %q, want 2026-03-10T10:00:01.500000Z", got)
	}
	if got := column(t, safe, "last_leave_at")[0]; got != "2026-03-10T10:30:01.500001Z" {
		t.Errorf("time %q, want 2026-03-10T10:30:01.500001Z", got)
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	pool := newWarehouse(t)
	decoder := json.NewDecoder(bytes.NewReader(rows(t, pool, "person_attendance", session(t, lesson), export.Options{Format: "json"})))
	for i, name := range names {
		var row struct {
			Session string    `json:"session_id"`
			Name    *string   `json:"display_name"`
			Left    time.Time `json:"last_leave_at"`
			Seconds float64   `json:"present_seconds"`
			Open    *bool     `json:"has_open_presence"`
		}
		if err := decoder.Decode(&row); err != nil {
			t.Fatal(err)
		}
		if row.Session != lesson || row.Seconds != 1800.000001 || row.Open == nil || *row.Open ||
			!row.Left.Equal(time.Date(2026, 3, 10, 10, 30, 1, 500_001_000, time.UTC)) {
			t.Errorf("row %d: %+v", i, row)
		}
		if name == "" != (row.Name == nil) || row.Name != nil && *row.Name != name {
			t.Errorf("row %d: name %v, want %q", i, row.Name, name)
		}
	}
	if cost := string(rows(t, pool, "usage_cost", export.Filter{App: "b"}, export.Options{Format: "json"})); !strings.Contains(cost, `"price_per_minute":0.00050001`) ||
		!strings.Contains(cost, `"cost_amount":0.030001`) {
		t.Errorf("amounts of money: %s", cost)
	}
}

// TestParquet reads a file back with its types.
func TestParquet(t *testing.T) {
	t.Parallel()
	pool := newWarehouse(t)
	text := rows(t, pool, "person_attendance", session(t, lesson), export.Options{Format: "parquet", UUIDs: "native", Version: "test"})
	file, err := parquet.OpenFile(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	if first := file.Schema().Columns()[0]; first[0] != "session_id" || file.NumRows() != int64(len(names)) {
		t.Errorf("first column %v, %d rows; want session_id and %d", first, file.NumRows(), len(names))
	}
	type row struct {
		Session [16]byte  `parquet:"session_id,optional,uuid"`
		Name    *string   `parquet:"display_name,optional"`
		Joined  time.Time `parquet:"first_join_at,optional,timestamp(microsecond)"`
		Seconds float64   `parquet:"present_seconds,optional"`
		Visits  int64     `parquet:"visits,optional"`
		Open    bool      `parquet:"has_open_presence,optional"`
	}
	read, err := parquet.Read[row](bytes.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		r := read[i]
		if model.UUID(r.Session).String() != lesson || !r.Joined.Equal(time.Date(2026, 3, 10, 10, 0, 1, 500_000_000, time.UTC)) ||
			r.Seconds != 1800.000001 || r.Visits != 1 || r.Open {
			t.Errorf("row %d: %+v", i, r)
		}
		if name == "" != (r.Name == nil) || r.Name != nil && *r.Name != name {
			t.Errorf("row %d: name %v, want %q", i, r.Name, name)
		}
	}
	text = rows(t, pool, "usage_cost", export.Filter{App: "b"}, export.Options{Format: "parquet"})
	type money struct {
		Date  int32    `parquet:"usage_date,optional,date"`
		Price [16]byte `parquet:"price_per_minute,optional,decimal(8:38)"`
	}
	costs, err := parquet.Read[money](bytes.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	if day := time.Unix(int64(costs[0].Date)*86_400, 0).UTC().Format(time.DateOnly); day != "2026-03-12" {
		t.Errorf("day %s, want 2026-03-12", day)
	}
	if digits := int64(costs[0].Price[15]) | int64(costs[0].Price[14])<<8; digits != 50_001 {
		t.Errorf("price has the digits %d, want 50001 (0.00050001)", digits)
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	pool := newWarehouse(t)
	day := func(d int) time.Time { return time.Date(2026, 3, d, 0, 0, 0, 0, time.UTC) }
	for name, c := range map[string]struct {
		view   string
		filter export.Filter
		want   int
	}{
		"all":                      {"person_attendance", export.Filter{}, len(names) + 1},
		"an app by its column":     {"session_summary", export.Filter{App: "b"}, 1},
		"an app by the session":    {"session_concurrency", export.Filter{App: "b"}, 2},
		"people by day":            {"person_attendance", export.Filter{From: day(11), To: day(13)}, 1},
		"until before midnight":    {"person_attendance", export.Filter{To: day(12)}, len(names)},
		"a view by day":            {"daily_usage", export.Filter{From: day(10), To: day(11)}, 1},
		"findings by their start":  {"data_quality", export.Filter{From: day(13), To: day(14)}, 0},
		"a view by name in schema": {"analytics.people", export.Filter{App: "b"}, 1},
		"a table":                  {"realtimekit.participants", export.Filter{}, len(names) + 1},
		"a table by app":           {"realtimekit.participants", export.Filter{App: "b"}, 1},
		"a table by day":           {"realtimekit.participants", export.Filter{From: day(10), To: day(11)}, len(names)},
		"sessions by day":          {"realtimekit.sessions", export.Filter{From: day(12), To: day(13)}, 1},
		"people of a range":        {"people_between", export.Filter{From: day(10), To: day(12)}, len(names)},
		"people of all time":       {"people_between", export.Filter{}, len(names) + 1},
		"one of an app, from on":   {"analytics.people_between", export.Filter{From: day(10), App: "b", Person: "user-x"}, 1},
		"a table by session":       {"realtimekit.participants", session(t, other), 1},
	} {
		lines := strings.Count(string(rows(t, pool, c.view, c.filter, export.Options{Format: "json"})), "\n")
		if lines != c.want {
			t.Errorf("%s: %d rows, want %d", name, lines, c.want)
		}
	}
}

// TestDaysOfAFunction has sessions at ten in UTC, when the next day begins in Kiritimati.
func TestDaysOfAFunction(t *testing.T) {
	t.Parallel()
	pool := newWarehouse(t)
	people := func(app string, from, to int) (rows int64, err error) {
		day := func(d int) time.Time { return time.Date(2026, 3, d, 0, 0, 0, 0, time.UTC) }
		f := export.Filter{App: app, From: day(from), To: day(to)}
		if to == 0 {
			f.To = time.Time{}
		}
		return export.View(t.Context(), pool, new(bytes.Buffer), "people_between", f, export.Options{Format: "csv"})
	}
	const live = `INSERT INTO analytics.settings (app_id, time_zone) VALUES ($1, 'Pacific/Kiritimati')`
	pgtest.Exec(t, pool, live, "b")
	if _, err := people("", 11, 14); !errors.Is(err, model.ErrUsage) || !strings.Contains(err.Error(), "(Pacific/Kiritimati, UTC): give --app") {
		t.Errorf("days of two apps in two zones: %v", err)
	}
	if all := rows(t, pool, "people_between", export.Filter{}, export.Options{Format: "json"}); bytes.Count(all, []byte("\n")) != len(names)+1 {
		t.Errorf("people of all time in two zones:\n%s", all)
	}
	for _, c := range []struct {
		app            string
		from, to, want int
	}{{"b", 12, 13, 0}, {"b", 13, 14, 1}, {"b", 13, 0, 1}, {"b", 14, 0, 0}, {"a", 10, 11, len(names)}, {"a", 11, 12, 0}, {"", 11, 12, len(names)}, {"", 12, 13, 0}} {
		if c.app == "" { // the apps live in one zone again
			pgtest.Exec(t, pool, live+` ON CONFLICT DO NOTHING`, "a")
		}
		if n, err := people(c.app, c.from, c.to); err != nil || n != int64(c.want) {
			t.Errorf("app %q from day %d until before %d: %d people, %v; want %d", c.app, c.from, c.to, n, err, c.want)
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	pool := newWarehouse(t)
	for name, c := range map[string]struct {
		view   string
		filter export.Filter
		usage  bool
		want   string
	}{
		"unknown view":       {`people"; DROP SCHEMA analytics CASCADE; --`, export.Filter{}, true, "there is no view"},
		"a table":            {"prices", export.Filter{}, true, "there is no view"},
		"a table of sync":    {"sync.rejected_records", export.Filter{}, true, "there is no view"},
		"a bare table":       {"participants", export.Filter{}, true, "realtimekit.participants"},
		"no such column":     {"people", session(t, lesson), true, "--session cannot restrict the view people"},
		"a range by session": {"people_between", session(t, other), true, "--session cannot restrict the view people_between"},
		"no day":             {"sync_freshness", export.Filter{From: time.Unix(0, 0)}, true, "--from and --to cannot restrict"},
		"unknown session":    {"rejoins", session(t, "00000000-0000-4000-8000-000000000009"), false, "rollcall backfill --session"},
		"unknown meeting":    {"register", export.Filter{Meeting: "nosuchmeeting"}, false, `meeting "nosuchmeeting" is not in the warehouse; rollcall report --view `},
		"unknown person":     {"register", export.Filter{Person: "nobody"}, false, `no person "nobody" is in the warehouse; rollcall report --view people lists`},
		"unknown app":        {"rejoins", export.Filter{App: "' OR true --"}, false, "is not in the warehouse; it holds: a, b"},
	} {
		var out bytes.Buffer
		_, err := export.View(t.Context(), pool, &out, c.view, c.filter, export.Options{Format: "csv"})
		if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, model.ErrUsage) != c.usage || out.Len() > 0 {
			t.Errorf("%s: %v, %d bytes written", name, err, out.Len())
		}
	}
}

// TestEveryView writes each view and each table of records in each format, twice
// the same.
func TestEveryView(t *testing.T) {
	t.Parallel()
	pool := newWarehouse(t)
	var views []string
	if err := pool.QueryRow(t.Context(), `SELECT (SELECT array_agg(viewname::text) FROM pg_views WHERE schemaname = 'analytics')
		|| (SELECT array_agg('realtimekit.' || tablename) FROM pg_tables WHERE schemaname = 'realtimekit')`).Scan(&views); err != nil {
		t.Fatal(err)
	}
	for _, view := range append(views, "people_between") {
		for _, format := range []string{"csv", "json", "parquet", "xlsx"} {
			first := rows(t, pool, view, export.Filter{}, export.Options{Format: format})
			if view == "sync_freshness" { // counts the seconds since the last success
				continue
			}
			if !bytes.Equal(first, rows(t, pool, view, export.Filter{}, export.Options{Format: format})) {
				t.Errorf("%s as %s is not the same twice", view, format)
			}
		}
	}
}

// peakWriter notes the largest heap while a file is written to it.
type peakWriter struct{ bytes, heap uint64 }

func (w *peakWriter) Write(p []byte) (int, error) {
	if before := w.bytes; before>>22 != (before+uint64(len(p)))>>22 {
		var stats runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&stats)
		w.heap = max(w.heap, stats.HeapAlloc)
	}
	w.bytes += uint64(len(p))
	return len(p), nil
}

// TestMemoryIsBounded streams a view of a quarter of a million rows: what is
// held at once is small against the file.
func TestMemoryIsBounded(t *testing.T) {
	sampling.Long(t)
	pool := newWarehouse(t)
	pgtest.Exec(t, pool, `CREATE VIEW analytics.large AS SELECT g AS row_number, repeat(md5(g::text), 10) AS filler,
		timestamptz '2026-01-01Z' + g * interval '1 second' AS at FROM generate_series(1, 250000) AS g`)
	for _, format := range []string{"csv", "json"} {
		w := new(peakWriter)
		n, err := export.View(t.Context(), pool, w, "large", export.Filter{}, export.Options{Format: format})
		if err != nil || n != 250_000 || w.bytes < 80<<20 {
			t.Fatalf("%s: %d rows, %d bytes, %v", format, n, w.bytes, err)
		}
		if w.heap > 24<<20 {
			t.Errorf("%s: %d MiB held while %d MiB were written", format, w.heap>>20, w.bytes>>20)
		}
	}
	n, err := export.View(t.Context(), pool, io.Discard, "large", export.Filter{}, export.Options{Format: "parquet"})
	if err != nil || n != 250_000 {
		t.Errorf("parquet: %d rows, %v", n, err)
	}
	// What cannot be compressed, since a workbook is written at the end and compressed.
	pgtest.Exec(t, pool, `CREATE VIEW analytics.random AS SELECT (SELECT string_agg(md5((g * 10 + i)::text), '') FROM generate_series(1, 6) AS i) AS filler
		FROM generate_series(1, 150000) AS g`)
	w := new(peakWriter)
	if n, err := export.View(t.Context(), pool, w, "random", export.Filter{}, export.Options{Format: "xlsx"}); err != nil || n != 150_000 || w.bytes < 12<<20 {
		t.Fatalf("xlsx: %d rows, %d bytes, %v", n, w.bytes, err)
	}
	if w.heap > 30<<20 {
		t.Errorf("xlsx: %d MiB held while %d MiB were written", w.heap>>20, w.bytes>>20)
	}
}

// stoppingWriter stops the work with the first bytes that it takes.
type stoppingWriter struct{ stop context.CancelFunc }

func (w stoppingWriter) Write(p []byte) (int, error) {
	w.stop()
	return len(p), nil
}

// Ctrl-C in the middle of a large view is no failure of the database.
func TestStopIsNoFailureOfTheDatabase(t *testing.T) {
	t.Parallel()
	pool := newWarehouse(t)
	pgtest.Exec(t, pool, `CREATE VIEW analytics.long AS SELECT repeat('x', 100) AS filler FROM generate_series(1, 100000) AS g`)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	_, err := export.View(ctx, pool, stoppingWriter{stop}, "long", export.Filter{}, export.Options{Format: "csv"})
	if !errors.Is(err, context.Canceled) || errors.Is(err, model.ErrStore) {
		t.Errorf("got %v", err)
	}
}

// failingWriter takes a number of bytes and then no more.
type failingWriter struct{ left int }

var errFull = errors.New("disk full")

func (w *failingWriter) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

// TestWriteFails tells a failure at whatever byte it comes.
func TestWriteFails(t *testing.T) {
	t.Parallel()
	pool := newWarehouse(t)
	for _, format := range []string{"csv", "json", "parquet", "xlsx"} {
		for _, left := range []int{0, 100} {
			_, err := export.View(t.Context(), pool, &failingWriter{left}, "person_attendance", export.Filter{}, export.Options{Format: format})
			if !errors.Is(err, errFull) {
				t.Errorf("%s, full after %d bytes: %v", format, left, err)
			}
		}
	}
}
