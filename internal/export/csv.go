package export

import (
	"encoding/csv"
	"io"
	"strings"
)

// csvEncoder writes RFC 4180: a header, CRLF at the end of lines, UTF-8. Null
// and the empty text are both an empty field.
type csvEncoder struct {
	w       *csv.Writer
	columns []column
	guard   bool
	fields  []string
}

// newCSV writes the header. The style safe disarms texts that a spreadsheet
// would run as a formula; exact writes them as they are; excel is safe with a
// byte order mark, without which Excel takes the file for an 8-bit one.
func newCSV(w io.Writer, columns []column, style string) (*csvEncoder, error) {
	if style == "excel" {
		if _, err := io.WriteString(w, "\uFEFF"); err != nil {
			return nil, err
		}
	}
	e := &csvEncoder{w: csv.NewWriter(w), columns: columns, guard: style != "exact", fields: make([]string, len(columns))}
	e.w.UseCRLF = true
	for i, c := range columns {
		e.fields[i] = c.name
	}
	return e, e.w.Write(e.fields)
}

func (e *csvEncoder) row(values []any) error {
	for i, value := range values {
		e.fields[i] = text(value, e.columns[i].kind)
		if e.guard && e.columns[i].kind == kindText {
			e.fields[i] = disarm(e.fields[i])
		}
	}
	return e.w.Write(e.fields)
}

func (e *csvEncoder) close() error {
	e.w.Flush()
	return e.w.Error()
}

// formulaStarts are the characters with which spreadsheets begin a formula, in
// both widths, and those that they drop before they look.
const formulaStarts = "=+-@\t\r\n＝＋－＠"

// disarm puts an apostrophe before a text that a spreadsheet would run.
func disarm(text string) string {
	if text != "" && strings.ContainsRune(formulaStarts, firstRune(text)) {
		return "'" + text
	}
	return text
}

func firstRune(text string) rune {
	for _, r := range text {
		return r
	}
	return 0
}
