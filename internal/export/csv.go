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
	layout  string // of times
	comma   bool   // in numbers, in place of the point
	guard   func(string) string
	fields  []string
}

// sheetTime is how spreadsheets recognise a time, whatever their language. A
// fraction would make Excel show minutes and seconds only.
const sheetTime = "2006-01-02 15:04:05"

// newCSV writes the header. The style safe disarms texts that a spreadsheet would
// run as a formula; exact writes them as they are. The style excel is safe for a
// spreadsheet that opens the file by a double click: with a byte order mark, without
// which Excel takes it for an 8-bit one, times as it knows them, and ids of digits
// kept from becoming numbers. Unless a delimiter was chosen, its first line names
// the comma, since half of Europe separates lists by the semicolon.
func newCSV(w io.Writer, columns []column, o Options) (*csvEncoder, error) {
	e := &csvEncoder{w: w, columns: columns, layout: timeLayout, guard: disarm, fields: make([]string, len(columns))}
	// Systems that separate lists by the semicolon do so since their numbers have a comma.
	e.comma = o.Decimal == ',' || o.Decimal == 0 && o.Style == "excel" && o.Delimiter == ';'
	switch o.Style {
	case "exact":
		e.guard = func(text string) string { return text }
	case "excel":
		e.layout, e.guard = sheetTime, keepText
		first := "\uFEFF"
		if o.Delimiter == 0 {
			first += "sep=,\r\n"
		}
		if _, err := io.WriteString(w, first); err != nil {
			return nil, err
		}
	}
	e.csv = csv.NewWriter(&e.line)
	if o.Delimiter != 0 {
		e.csv.Comma = o.Delimiter
	}
	for i, c := range columns {
		e.fields[i] = c.name
	}
	return e, e.write()
}

func (e *csvEncoder) row(values []any) error {
	for i, value := range values {
		e.fields[i] = text(value, e.columns[i].kind, e.layout)
		switch e.columns[i].kind {
		case kindText:
			e.fields[i] = e.guard(e.fields[i])
		case kindFloat, kindNumeric:
			if e.comma {
				e.fields[i] = strings.Replace(e.fields[i], ".", ",", 1)
			}
		}
	}
	return e.write()
}

// write writes one line.
func (e *csvEncoder) write() error {
	e.line.Reset()
	if len(e.fields) == 1 && e.fields[0] == "" {
		_, err := io.WriteString(e.w, "\"\"\r\n") // many readers skip an empty line
		return err
	}
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
