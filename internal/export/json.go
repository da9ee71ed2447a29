package export

import (
	"fmt"
	"io"
	"math/big"

	"github.com/go-json-experiment/json/jsontext"
)

// jsonEncoder writes JSON Lines: one object a row, the columns in their order.
type jsonEncoder struct {
	w     io.Writer
	kinds []kind
	keys  [][]byte // each with its comma or brace, quotes and colon
	line  []byte
}

func newJSON(w io.Writer, columns []column) *jsonEncoder {
	e := &jsonEncoder{w: w}
	for i, c := range columns {
		key := []byte{','}
		if i == 0 {
			key[0] = '{'
		}
		// The names of columns are ours and valid UTF-8: there is nothing to fail.
		key, _ = jsontext.AppendQuote(key, c.name)
		e.keys = append(e.keys, append(key, ':'))
		e.kinds = append(e.kinds, c.kind)
	}
	return e
}

func (e *jsonEncoder) row(values []any) (err error) {
	e.line = e.line[:0]
	for i, value := range values {
		e.line = append(e.line, e.keys[i]...)
		switch v := value.(type) {
		case nil:
			e.line = append(e.line, "null"...)
			continue
		case float64:
			if !finite(v) {
				e.line = append(e.line, "null"...)
				continue
			}
		}
		written := text(value, e.kinds[i], timeLayout)
		if e.bare(i, written) {
			e.line = append(e.line, written...)
		} else if e.line, err = jsontext.AppendQuote(e.line, written); err != nil {
			return fmt.Errorf("column %d: %w", i+1, err)
		}
	}
	_, err = e.w.Write(append(e.line, "}\n"...))
	return err
}

// bare tells whether a value stands without quotes. A numeric can be NaN.
func (e *jsonEncoder) bare(i int, written string) bool {
	switch e.kinds[i] {
	case kindBool, kindInteger, kindFloat:
		return true
	case kindNumeric:
		_, ok := new(big.Rat).SetString(written)
		return ok
	case kindText, kindUUID, kindTime, kindDate:
	}
	return false
}

func (e *jsonEncoder) close() error { return nil }
