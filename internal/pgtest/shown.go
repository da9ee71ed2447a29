package pgtest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// momentary are columns that tell when somebody looked, and so differ between two
// warehouses that are filled one after the other.
var momentary = map[string]string{
	"refreshed_at": "when the day was counted", "vendor_read_at": "when the vendor's count was read",
	"discovered_at": "when the list was read", "last_run_finished_at": "when the run ended", "last_success_at": "the same",
	"last_run_started_at":   "when the run began",
	"seconds_since_success": "the same",
}

// summed is a sum of double precision, whose last digits depend on the order of its rows.
const summed = "our_minutes"

// Shown gives the rows of a query, sorted, as texts of those columns that do not tell when.
// Two warehouses that hold the same show the same.
func Shown(tb testing.TB, db Asked, sql string) (lines []string, err error) {
	tb.Helper()
	rows, err := db.Query(tb.Context(), sql, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var line strings.Builder
		for i, value := range rows.RawValues() {
			name := rows.FieldDescriptions()[i].Name
			if momentary[name] != "" {
				continue
			}
			if number, err := strconv.ParseFloat(string(value), 64); err == nil && name == summed {
				value = strconv.AppendFloat(nil, number, 'g', 12, 64)
			}
			fmt.Fprintf(&line, "%s=%s ", name, value)
		}
		lines = append(lines, line.String())
	}
	slices.Sort(lines)
	return lines, rows.Err()
}
