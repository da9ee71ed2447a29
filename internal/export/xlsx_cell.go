package export

import (
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// exactDigits is how many decimal digits a number of a spreadsheet surely keeps.
const exactDigits = 15

// cell gives a value as the library takes it; nil is no cell.
func (e *xlsxEncoder) cell(i int, value any) (any, error) {
	k := e.columns[i].kind
	switch v := value.(type) {
	case bool:
		return v, nil
	case int64:
		if v > 1<<53 || v < -1<<53 {
			return e.text(strconv.FormatInt(v, 10))
		}
		return v, nil
	case float64:
		if finite(v) {
			return rounded(v), nil
		}
		return e.text(text(v, k, timeLayout))
	case time.Time:
		if clock, ok := onSheet(v); ok {
			return excelize.Cell{StyleID: e.styles[k], Value: clock}, nil
		}
		return e.text(text(v, k, timeLayout))
	case string:
		if number, ok := exact(v); ok && k == kindNumeric {
			return number, nil
		}
		return e.text(v)
	case model.UUID:
		return e.text(v.String())
	}
	return nil, nil // null is no cell
}

// text gives a cell that stays text, also where somebody edits it.
func (e *xlsxEncoder) text(s string) (any, error) {
	if len(s) > maxCellUnits && len(utf16.Encode([]rune(s))) > maxCellUnits {
		return nil, fmt.Errorf("a text is longer than the %d characters that a cell of xlsx holds: leave the column out with --columns, or use csv, json or parquet", maxCellUnits)
	}
	return excelize.Cell{StyleID: e.styles[kindText], Value: s}, nil
}

// onSheet tells whether a spreadsheet can hold a time, and gives what its clock shows as
// if that were UTC. Spreadsheets know no zones, no time before 1900 and, of the days until
// March of that year, one too many. The library must see a time: of a number it would cut
// off digits, and 22:00:00 would be shown as 21:59:59.
func onSheet(t time.Time) (time.Time, bool) {
	if t.Year() > 9999 || t.Before(time.Date(1900, 3, 1, 0, 0, 0, 0, t.Location())) {
		return t, false
	}
	_, offset := t.Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second), true
}

// rounded gives a number of the digits that a spreadsheet keeps; the library would cut off
// the others.
func rounded(f float64) float64 {
	near, err := strconv.ParseFloat(strconv.FormatFloat(f, 'g', exactDigits, 64), 64)
	if err != nil {
		return f
	}
	return near
}

// exact gives a decimal number as a float where that loses no digit.
func exact(text string) (float64, bool) {
	f, err := strconv.ParseFloat(text, 64)
	digits := 0
	for _, r := range text {
		if r >= '0' && r <= '9' && (digits > 0 || r != '0') {
			digits++
		}
	}
	return f, err == nil && digits <= exactDigits && !math.IsNaN(f) && !math.IsInf(f, 0)
}
