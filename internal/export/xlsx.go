package export

import (
	"archive/zip"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// Limits of a worksheet, from Microsoft's "Excel specifications and limits".
const (
	maxSheetRows = 1_048_576 // the header included
	maxCellUnits = 32_767    // UTF-16 units in a cell
	maxSheetName = 31
)

// xlsxEncoder writes a workbook of one sheet: a header that stays in view, times and
// dates as such, ids as text. Rows wait in a temporary file, which discard removes.
type xlsxEncoder struct {
	name    string
	book    *excelize.File
	sheet   *excelize.StreamWriter
	columns []column
	styles  map[kind]int
	cells   []any
	count   int // rows, the header included
}

func newXLSX(w io.Writer, v view, o Options) (*xlsxEncoder, error) {
	e := &xlsxEncoder{name: v.name, book: excelize.NewFile(), columns: v.shown, styles: map[kind]int{}, cells: make([]any, len(v.shown))}
	// The library would gather the whole file in memory first.
	e.book.SetZipWriter(func(io.Writer) excelize.ZipWriter { return zip.NewWriter(w) })
	if err := e.begin(v, o); err != nil {
		e.discard()
		return nil, err
	}
	return e, nil
}

// begin writes what stands above the rows.
func (e *xlsxEncoder) begin(v view, o Options) error {
	title := sheetTitle(v.name)
	if err := e.book.SetSheetName("Sheet1", title); err != nil {
		return err
	}
	const made = "2000-01-01T00:00:00Z" // the same rows give the same file
	if err := e.book.SetDocProps(&excelize.DocProperties{
		Creator: "rollcall " + o.Version, Title: v.schema + "." + v.name, Description: "Times are in " + o.zone().String() + ", days are those of each app.",
		Created: made, Modified: made, LastModifiedBy: "rollcall",
	}); err != nil {
		return err
	}
	for _, s := range []struct {
		kind   kind
		format string
	}{{kindTime, "yyyy-mm-dd hh:mm:ss"}, {kindDate, "yyyy-mm-dd"}, {kindText, "@"}} {
		style, err := e.book.NewStyle(&excelize.Style{CustomNumFmt: &s.format})
		if err != nil {
			return err
		}
		e.styles[s.kind] = style
	}
	bold, err := e.book.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return err
	}
	// The library's says that A1 is all there is, and some readers go by it. How many rows
	// come is not known here.
	if err := e.book.SetSheetDimension(title, ""); err != nil {
		return err
	}
	if e.sheet, err = e.book.NewStreamWriter(title); err != nil {
		return err
	}
	header := make([]any, len(e.columns))
	for i, c := range e.columns {
		header[i] = excelize.Cell{StyleID: bold, Value: c.name}
		if err := e.sheet.SetColWidth(i+1, i+1, widthOf(c)); err != nil {
			return err
		}
	}
	if err := e.sheet.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	return e.write(header)
}

// widthOf gives the width of a column in characters.
func widthOf(c column) float64 {
	least := map[kind]int{kindUUID: 38, kindTime: 20, kindDate: 11, kindText: 22}[c.kind]
	return float64(max(least, len(c.name)+2))
}

func (e *xlsxEncoder) row(values []any) error {
	if e.count == maxSheetRows {
		return fmt.Errorf("%w: a sheet of xlsx holds %d rows and %s has more: restrict them by --from and --to, or use csv or parquet",
			model.ErrUsage, maxSheetRows-1, e.name)
	}
	for i, value := range values {
		cell, err := e.cell(i, value)
		if err != nil {
			return fmt.Errorf("column %s: %w", e.columns[i].name, err)
		}
		e.cells[i] = cell
	}
	return e.write(e.cells)
}

func (e *xlsxEncoder) write(cells []any) error {
	e.count++
	return e.sheet.SetRow("A"+strconv.Itoa(e.count), cells)
}

func (e *xlsxEncoder) close() error {
	if err := e.sheet.Flush(); err != nil {
		return err
	}
	_, err := e.book.WriteTo(io.Discard) // to the zip writer of newXLSX
	return err
}

// discard removes what is on the disk. It has no other effect after close.
func (e *xlsxEncoder) discard() { _ = e.book.Close() }

// sheetTitle makes the name of a view one that spreadsheets take for a sheet: shorter, and
// without what they use in references to cells. Excel keeps "History" to itself.
func sheetTitle(name string) string {
	title := []rune(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || strings.ContainsRune(`:\/?*[]`, r) {
			return '_'
		}
		return r
	}, name))
	for len(utf16.Encode(title)) > maxSheetName {
		title = title[:len(title)-1]
	}
	for _, end := range []int{0, len(title) - 1} {
		if title[end] == '\'' {
			title[end] = '_'
		}
	}
	if strings.EqualFold(string(title), "history") {
		return string(title) + "_"
	}
	return string(title)
}
