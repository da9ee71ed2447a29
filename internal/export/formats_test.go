package export_test

import (
	"archive/zip"
	"bytes"
	stdcmp "cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	neturl "net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"github.com/xuri/excelize/v2"

	"github.com/rollcall-etl/rollcall/internal/export"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/secret"
)

// separators are what a spreadsheet may split a file at.
var separators = []rune{',', ';', '|', '\t'}

// dangerous are names of which a part begins a formula once the name is split.
var dangerous = []string{
	"Ann;=1+1;x", "Bob\t=2+2", "Cem|@SUM(1)", "Dora,+3", "Eva\n=5+5", "Fay\r=6+6", "Gil; =7+7", `Hal;"=8+8"`, "Ida;;-9", "=1;=2", "Jo;＝3", "Kim;\u200b=4", ";=5",
}

// TestNoCellBeginsAFormula opens a file as spreadsheets do that split it at another
// separator than it was written with.
func TestNoCellBeginsAFormula(t *testing.T) {
	t.Parallel()
	pool := newWarehouse(t)
	for i, name := range dangerous {
		pgtest.Exec(t, pool, `INSERT INTO realtimekit.participants (session_id, participant_id, user_id, custom_participant_id, display_name, joined_at, left_at, first_synced_at, synced_at, run_id)
			VALUES ($1, gen_random_uuid(), 'danger-' || $2::int, $3, $3, '2026-03-12 10:00Z', '2026-03-12 11:00Z', now(), now(), 1)`, other, i, name)
	}
	derive(t, pool)
	written := append([]rune{0}, separators...)
	for _, style := range []string{"safe", "excel"} {
		for _, delimiter := range written {
			text := string(rows(t, pool, "person_attendance", session(t, other), export.Options{Format: "csv", Style: style, Delimiter: delimiter}))
			for _, split := range separators {
				for _, cell := range cellsOf(t, text, split) {
					cell = strings.TrimLeft(cell, " \u200b")
					if strings.ContainsAny(cell[:min(len(cell), 1)], "=+-@") || strings.HasPrefix(cell, "＝") {
						t.Errorf("%s, written with %q and split at %q: the cell %q begins a formula", style, delimiter, split, cell)
					}
				}
			}
		}
	}
}

// cellsOf splits line by line, as a spreadsheet that takes a line end in a text for
// the end of a row.
func cellsOf(t *testing.T, text string, separator rune) (cells []string) {
	t.Helper()
	for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
		reader := csv.NewReader(strings.NewReader(line))
		reader.Comma, reader.LazyQuotes, reader.FieldsPerRecord = separator, true, -1
		records, err := reader.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range records {
			cells = append(cells, record...)
		}
	}
	return cells
}

// TestDelimiter reads what was written with each.
func TestDelimiter(t *testing.T) {
	t.Parallel()
	pool := newWarehouse(t)
	for _, delimiter := range separators {
		reader := csv.NewReader(bytes.NewReader(rows(t, pool, "person_attendance", session(t, lesson), export.Options{
			Format: "csv", Style: "exact", Delimiter: delimiter, Columns: []string{"display_name", "session_id"},
		})))
		reader.Comma = delimiter
		records, err := reader.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, record := range records[1:] {
			got = append(got, record[0])
		}
		if diff := cmp.Diff([]string{"display_name", "session_id"}, records[0]); diff != "" {
			t.Errorf("%q: header:\n%s", delimiter, diff)
		}
		want := append([]string{}, names...)
		if diff := cmp.Diff(sorted(want), sorted(got)); diff != "" {
			t.Errorf("%q: names:\n%s", delimiter, diff)
		}
	}
}

func sorted(texts []string) map[string]int {
	all := map[string]int{}
	for _, text := range texts {
		all[text]++
	}
	return all
}

// TestExcelStyle keeps what a spreadsheet would take for a number or a day.
func TestExcelStyle(t *testing.T) {
	t.Parallel()
	pool := newWarehouse(t)
	kept := []string{
		"00451", "98765432109876543", "2E7", "5-11", "1/2", "10:30", "3 pm", "MAR1", "5-Nov", "1 Jan 2026", "12 %", "€5", "1.5", "TRUE",
		"5. Okt", "1-Mai", "März 3", "Dez 5", "3 août 2026", "gennaio 7", "12 paź", "WAHR", "Faux", "٣٤", "５-１１",
	}
	free := []string{"stu-1", "12a", "Mary", "May", "room 5", "4b-11", "Mai", "Gruppe 5", "Listening 2", "Okto 8", "Wahrheit"}
	for i, id := range append(append([]string{}, kept...), free...) {
		pgtest.Exec(t, pool, `INSERT INTO realtimekit.participants (session_id, participant_id, user_id, custom_participant_id, joined_at, left_at, first_synced_at, synced_at, run_id)
			VALUES ($1, gen_random_uuid(), 'user-' || $2::int, $3, '2026-03-12 10:00:00.25Z', '2026-03-12 11:00Z', now(), now(), 1)`, other, i, id)
	}
	derive(t, pool)
	text := rows(t, pool, "person_attendance", session(t, other), export.Options{Format: "csv", Style: "excel"})
	body, marked := bytes.CutPrefix(text, []byte("\uFEFFsep=,\r\n"))
	if !marked {
		t.Errorf("the file begins with %.20q", text)
	}
	want := map[string]int{"": 1} // somebody without an id
	for _, id := range kept {
		want["'"+id]++
	}
	for _, id := range free {
		want[id]++
	}
	if diff := cmp.Diff(want, sorted(column(t, body, "custom_participant_id"))); diff != "" {
		t.Errorf("ids (- want, + got):\n%s", diff)
	}
	if got := column(t, body, "last_leave_at")[0]; got != "2026-03-12 11:00:00" {
		t.Errorf("time %q", got)
	}
	chosen := rows(t, pool, "person_attendance", session(t, other), export.Options{Format: "csv", Style: "excel", Delimiter: ';'})
	if !bytes.HasPrefix(chosen, []byte("\uFEFFsession_id;")) {
		t.Errorf("with a delimiter of its own the file begins with %.30q", chosen)
	}
}

// TestDecimalMark is that of the system which separates lists so: a spreadsheet of one with
// a comma makes 9735 of 0.9735, and a day of 12.5.
func TestDecimalMark(t *testing.T) {
	t.Parallel()
	pool := newWarehouse(t)
	pgtest.Exec(t, pool, `INSERT INTO realtimekit.participants (session_id, participant_id, user_id, joined_at, left_at, first_synced_at, synced_at, run_id)
		VALUES ($1, gen_random_uuid(), 'u-half', '2026-03-12 10:00:00Z', '2026-03-12 10:00:12.5Z', now(), now(), 1)`, other)
	derive(t, pool)
	for _, of := range []struct {
		options export.Options
		want    string
	}{
		{export.Options{}, "12.5"},
		{export.Options{Style: "excel"}, "12.5"},
		{export.Options{Delimiter: ';'}, "12.5"},
		{export.Options{Style: "excel", Delimiter: ';'}, "12,5"},
		{export.Options{Style: "excel", Delimiter: ';', Decimal: '.'}, "12.5"},
		{export.Options{Decimal: ','}, `"12,5"`},
	} {
		of.options.Format, of.options.Columns = "csv", []string{"person_id", "present_seconds"}
		text := string(rows(t, pool, "person_attendance", session(t, other), of.options))
		if line := "u-half" + string(stdcmp.Or(of.options.Delimiter, ',')) + of.want + "\r\n"; !strings.Contains(text, line) {
			t.Errorf("%q %q %q: no line %q in %q", of.options.Style, of.options.Delimiter, of.options.Decimal, line, text)
		}
	}
}

// sheet opens a workbook and gives its rows as they are stored.
func sheet(t *testing.T, text []byte) (*excelize.File, [][]string) {
	t.Helper()
	book, err := excelize.OpenReader(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = book.Close() })
	cells, err := book.GetRows(book.GetSheetName(0), excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	return book, cells
}

func TestXLSX(t *testing.T) {
	t.Parallel()
	pool := newWarehouse(t)
	pgtest.Exec(t, pool, `UPDATE realtimekit.participants SET custom_participant_id = '00451' WHERE user_id = 'user-000'`)
	derive(t, pool)
	columns := []string{"session_id", "custom_participant_id", "display_name", "first_join_at", "last_leave_at", "present_seconds", "visits", "has_open_presence"}
	book, cells := sheet(t, rows(t, pool, "person_attendance", session(t, lesson), export.Options{Format: "xlsx", Columns: columns}))
	name := book.GetSheetName(0)
	if diff := cmp.Diff(columns, cells[0]); diff != "" || name != "person_attendance" {
		t.Errorf("sheet %q, header:\n%s", name, diff)
	}
	panes, err := book.GetPanes(name)
	if err != nil || !panes.Freeze || panes.YSplit != 1 {
		t.Errorf("panes %+v, %v: the header does not stay", panes, err)
	}
	found := map[string]int{}
	for i, row := range cells[1:] {
		found[row[2]]++
		if row[0] != lesson || row[5] != "1800.000001" || row[6] != "1" || row[7] != "0" {
			t.Errorf("row %d: %q", i+2, row)
		}
		cell, err := excelize.CoordinatesToCellName(4, i+2)
		if err != nil {
			t.Fatal(err)
		}
		if shown, err := book.GetCellValue(name, cell); err != nil || shown != "2026-03-10 10:00:01" && shown != "2026-03-10 10:00:02" {
			t.Errorf("%s shows %q, %v", cell, shown, err)
		}
		if formula, err := book.GetCellFormula(name, "C"+cell[1:]); err != nil || formula != "" {
			t.Errorf("%s holds the formula %q, %v", "C"+cell[1:], formula, err)
		}
	}
	if diff := cmp.Diff(sorted(names), found); diff != "" {
		t.Errorf("names (- stored, + read back):\n%s", diff)
	}
	if kind, err := book.GetCellType(name, "B2"); err != nil || kind != excelize.CellTypeInlineString {
		t.Errorf("an id is stored as %v, %v", kind, err)
	}
	_, cells = sheet(t, rows(t, pool, "usage_cost", export.Filter{App: "b"}, export.Options{Format: "xlsx", Columns: []string{"usage_date", "price_per_minute", "cost_amount"}}))
	if diff := cmp.Diff([]string{"46093", "0.00050001", "0.030001"}, cells[1]); diff != "" {
		t.Errorf("a day and amounts of money:\n%s", diff)
	}
}

// TestXLSXClaimsNoRange has no word of how large the sheet is: readers that go by it (such as
// openpyxl's read_only) would see the cell A1 and nothing else.
func TestXLSXClaimsNoRange(t *testing.T) {
	t.Parallel()
	text := rows(t, newWarehouse(t), "people", export.Filter{}, export.Options{Format: "xlsx"})
	files, err := zip.NewReader(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	sheet, err := files.Open("xl/worksheets/sheet1.xml")
	if err != nil {
		t.Fatal(err)
	}
	written, err := io.ReadAll(sheet)
	if err != nil || !bytes.Contains(written, []byte("<sheetData>")) || bytes.Contains(written, []byte("<dimension")) {
		t.Errorf("the sheet begins with %.2000s, %v", written, err)
	}
}

// TestXLSXRefuses loses nothing where a sheet has no room.
func TestXLSXRefuses(t *testing.T) {
	t.Parallel()
	pool := newWarehouse(t)
	pgtest.Exec(t, pool, `CREATE VIEW analytics.wide AS SELECT repeat('x', 40000) AS filler`)
	pgtest.Exec(t, pool, `CREATE VIEW analytics.tall AS SELECT g AS number FROM generate_series(1, 1048576) AS g`)
	for view, want := range map[string]string{"wide": "--columns", "tall": "holds 1048575 rows"} {
		if _, err := export.View(t.Context(), pool, io.Discard, view, export.Filter{}, export.Options{Format: "xlsx"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", view, err)
		}
	}
	// Neither is the time before 1900, nor a number of more digits than a double has.
	pgtest.Exec(t, pool, `CREATE VIEW analytics.odd AS SELECT timestamptz '0002-03-04 05:00Z' AS at, 9007199254740993::bigint AS large,
		12345678901234567890.5::numeric AS digits, 'infinity'::float8 AS endless, '_x000D_'::text AS escaped`)
	_, cells := sheet(t, rows(t, pool, "odd", export.Filter{}, export.Options{Format: "xlsx"}))
	if diff := cmp.Diff([]string{"0002-03-04T05:00:00.000000Z", "9007199254740993", "12345678901234567890.5", "+Inf", "_x000D_"}, cells[1]); diff != "" {
		t.Error(diff)
	}
}

// TestUUIDsInParquet are text unless asked for otherwise.
func TestUUIDsInParquet(t *testing.T) {
	t.Parallel()
	pool := newWarehouse(t)
	text := rows(t, pool, "person_attendance", session(t, lesson), export.Options{Format: "parquet"})
	type row struct {
		Session string `parquet:"session_id,optional"`
	}
	read, err := parquet.Read[row](bytes.NewReader(text), int64(len(text)))
	if err != nil || len(read) != len(names) || read[0].Session != lesson {
		t.Fatalf("%v, %v", read, err)
	}
	file, err := parquet.OpenFile(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range file.Schema().Fields() {
		if kind := field.Type().String(); strings.Contains(kind, "UUID") {
			t.Errorf("column %s has the type UUID", field.Name())
		}
	}
}

// TestZone writes times of a zone, on both sides of the hour that comes twice, and
// leaves days alone.
func TestZone(t *testing.T) {
	t.Parallel()
	pool := newWarehouse(t)
	pgtest.Exec(t, pool, `CREATE VIEW analytics.clock AS SELECT at, at::date AS day FROM (VALUES (timestamptz '2026-10-25 00:30Z'), ('2026-10-25 01:30Z')) AS v (at)`)
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	text := rows(t, pool, "clock", export.Filter{}, export.Options{Format: "csv", Zone: zone})
	want := "at,day\r\n2026-10-25T02:30:00.000000+02:00,2026-10-25\r\n2026-10-25T02:30:00.000000+01:00,2026-10-25\r\n"
	if string(text) != want {
		t.Errorf("CSV:\n%s", text)
	}
	var line struct {
		At  time.Time `json:"at"`
		Day string    `json:"day"`
	}
	if err := json.NewDecoder(bytes.NewReader(rows(t, pool, "clock", export.Filter{}, export.Options{Format: "json", Zone: zone}))).Decode(&line); err != nil {
		t.Fatal(err)
	}
	if _, offset := line.At.Zone(); offset != 7200 || line.Day != "2026-10-25" {
		t.Errorf("JSON: %+v", line)
	}
	book, _ := sheet(t, rows(t, pool, "clock", export.Filter{}, export.Options{Format: "xlsx", Zone: zone}))
	if shown, err := book.GetCellValue("clock", "A2"); err != nil || shown != "2026-10-25 02:30:00" {
		t.Errorf("XLSX: %q, %v", shown, err)
	}
}

func TestColumns(t *testing.T) {
	t.Parallel()
	pool := newWarehouse(t)
	o := export.Options{Format: "csv", Columns: []string{"visits", "session_id", "visits"}}
	text := rows(t, pool, "person_attendance", session(t, other), o)
	if want := "visits,session_id\r\n1," + other + "\r\n"; string(text) != want {
		t.Errorf("got %q, want %q", text, want)
	}
	o.Columns = []string{"visits; DROP TABLE x"}
	_, err := export.View(t.Context(), pool, io.Discard, "person_attendance", export.Filter{}, o)
	if !errors.Is(err, model.ErrUsage) || !strings.Contains(err.Error(), "has no column") || !strings.Contains(err.Error(), "visits") {
		t.Errorf("an unknown column: %v", err)
	}
}

// TestRightsOfTheReader exports as a role that may read one table in part, one not
// A value that is missing in the only column has a line that no reader skips.
func TestOnlyColumn(t *testing.T) {
	t.Parallel()
	pool := newWarehouse(t)
	var out bytes.Buffer
	rows, err := export.View(t.Context(), pool, &out, "realtimekit.participants", export.Filter{}, export.Options{Format: "csv", Columns: []string{"custom_participant_id"}})
	if err != nil || rows == 0 {
		t.Fatal(rows, err)
	}
	records, err := csv.NewReader(&out).ReadAll() // which skips empty lines
	if err != nil || int64(len(records)) != rows+1 {
		t.Errorf("%d lines for %d rows, %v", len(records)-1, rows, err)
	}
}

// at all.
func TestRightsOfTheReader(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	owner, err := postgres.Open(t.Context(), secret.New(url), 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(owner.Close)
	cfg, err := pgtest.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	role := cfg.Database + "_partly"
	pgtest.Exec(t, owner, `CREATE ROLE `+role+` LOGIN PASSWORD 'partly'`)
	pgtest.Exec(t, owner, `GRANT USAGE ON SCHEMA realtimekit, analytics TO `+role)
	pgtest.Exec(t, owner, `GRANT SELECT (app_id, meeting_id) ON realtimekit.meetings TO `+role)
	as, err := neturl.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	as.User = neturl.UserPassword(role, "partly")
	pool := pgtest.Open(t, as.String(), 2)
	if got := string(rows(t, pool, "realtimekit.meetings", export.Filter{}, export.Options{Format: "csv"})); got != "app_id,meeting_id\r\n" {
		t.Errorf("columns %q", got)
	}
	if _, err := export.View(t.Context(), pool, io.Discard, "realtimekit.participants", export.Filter{}, export.Options{Format: "csv"}); err == nil ||
		!strings.Contains(err.Error(), "may not read "+naming.Real("realtimekit.participants")) {
		t.Errorf("a table that the role may not read: %v", err)
	}
}
