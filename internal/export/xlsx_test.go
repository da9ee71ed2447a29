package export_test

import (
	"math"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/export"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
)

// TestXLSXKeepsSeconds writes times of which a spreadsheet that looks at the whole seconds
// sees the right one, and numbers that are rounded and not cut off.
func TestXLSXKeepsSeconds(t *testing.T) {
	t.Parallel()
	pool := newWarehouse(t)
	pgtest.Exec(t, pool, `CREATE VIEW analytics.seconds AS SELECT timestamptz '2026-03-10 00:00Z' + s * interval '1 second' AS at,
		s / 864000::float8 AS part FROM generate_series(0, 86399, 13) AS s ORDER BY 1`)
	_, cells := sheet(t, rows(t, pool, "seconds", export.Filter{}, export.Options{Format: "xlsx"}))
	for i, row := range cells[1:] {
		serial, err := strconv.ParseFloat(row[0], 64)
		if seconds := (serial - 46091) * 86400; err != nil || math.Abs(seconds-float64(13*i)) > 1e-6 {
			t.Fatalf("second %d of the day is %s, which is %.7f, %v", 13*i, row[0], seconds, err)
		}
		part, err := strconv.ParseFloat(row[1], 64)
		if want := strconv.FormatFloat(float64(13*i)/864000, 'g', 15, 64); err != nil || strconv.FormatFloat(part, 'g', 15, 64) != want {
			t.Fatalf("%s is written as %s, %v", want, row[1], err)
		}
	}
	if len(cells) != 1+6647 {
		t.Errorf("%d rows", len(cells))
	}
}

// TestXLSXTitles gives a sheet a name that spreadsheets take, whatever a view is called.
func TestXLSXTitles(t *testing.T) {
	t.Parallel()
	pool := newWarehouse(t)
	for view, want := range map[string]string{
		"Übersicht: 3/4 [neu]?": "Übersicht_ 3_4 _neu__", "'quoted'": "_quoted_", "'": "_", "it's": "it's", "History": "History_",
		"attendance of a long name é🤖 and more": "attendance of a long name é🤖 a", "attendance of a long name and🤖🤖": "attendance of a long name and🤖",
	} {
		pgtest.Exec(t, pool, `CREATE VIEW analytics.`+pgx.Identifier{view}.Sanitize()+` AS SELECT 1 AS number`)
		book, cells := sheet(t, rows(t, pool, view, export.Filter{}, export.Options{Format: "xlsx"}))
		if name := book.GetSheetName(0); name != want || len(cells) != 2 {
			t.Errorf("%q is the sheet %q with %d rows, want %q", view, name, len(cells), want)
		}
	}
}
