package export

import (
	"bytes"
	"encoding/csv"
	"io"
	"strings"
)

// csvEncoder writes RFC 4180: a header, CRLF at the end of lines, UTF-8. Null
// and the empty text are both an empty field.
type csvEncoder struct {
	w       io.Writer
	line    bytes.Buffer
	csv     *csv.Writer // to line: its own CRLF would change line ends in texts too
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
	e := &csvEncoder{w: w, columns: columns, guard: style != "exact", fields: make([]string, len(columns))}
	e.csv = csv.NewWriter(&e.line)
	for i, c := range columns {
		e.fields[i] = c.name
	}
	return e, e.write()
}

func (e *csvEncoder) row(values []any) error {
	for i, value := range values {
		e.fields[i] = text(value, e.columns[i].kind)
		if e.guard && e.columns[i].kind == kindText {
			e.fields[i] = disarm(e.fields[i])
		}
	}
	return e.write()
}

// write writes one line.
func (e *csvEncoder) write() error {
	e.line.Reset()
	if err := e.csv.Write(e.fields); err != nil {
		return err
	}
	e.csv.Flush()
	e.line.Truncate(e.line.Len() - 1)
	e.line.WriteString("\r\n")
	_, err := e.w.Write(e.line.Bytes())
	return err
}

func (e *csvEncoder) close() error { return nil }

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
