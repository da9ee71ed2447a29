package extract

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// lenient accepts what a careless encoder emits; the rules of package model
// then decide value by value.
var lenient = []jsontext.Options{jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true)}

// Bounds of one answer, far beyond what is asked for: a record of three bytes in
// the JSON text takes a thousand times that in memory.
const (
	mostRows     = 10_000  // elements of a list
	mostEvents   = 200_000 // peer events of all participants: true ones take 300 bytes and more each
	mostRejected = 10_000  // records that cannot be used
	mostUnknown  = 1_000   // members of one record that Rollcall does not know
)

var errCrowded = fmt.Errorf("the answer holds more than %d rows, %d events or %d records that cannot be used; ask for fewer rows with ROLLCALL_PER_PAGE",
	mostRows, mostEvents, mostRejected)

// errShape is wrapped by errors about JSON that is well formed but is not the
// answer that was asked for.
var errShape = errors.New("unexpected JSON shape")

// scanner walks over one response body, without building a tree: a page of 200
// participants is about 0.7 MB. The decoder checks the syntax, record by record;
// a cursor then takes a record apart.
type scanner struct {
	text string // the body; what is kept of it are parts of this string
	dec  *jsontext.Decoder
}

func newScanner(body []byte) *scanner {
	return &scanner{text: string(body), dec: jsontext.NewDecoder(bytes.NewBuffer(body), lenient...)}
}

// object visits the members of the object that comes next; visit must consume
// the member's value. A null is an object without members.
func (s *scanner) object(visit func(name string) error) error {
	switch kind := s.dec.PeekKind(); kind {
	case jsontext.KindNull:
		return s.dec.SkipValue()
	case jsontext.KindBeginObject:
	default:
		return s.unexpected("an object", kind)
	}
	if _, err := s.dec.ReadToken(); err != nil {
		return fmt.Errorf("read JSON: %w", err)
	}
	for s.dec.PeekKind() != jsontext.KindEndObject {
		raw, err := s.value()
		if err != nil {
			return err
		}
		name := cursor{text: raw}
		if err := visit(name.name()); err != nil {
			return err
		}
	}
	_, err := s.dec.ReadToken()
	return wrapJSON(err)
}

// array visits the elements of the array that comes next; each must consume its
// element. A null is an empty array.
func (s *scanner) array(each func() error) error {
	switch kind := s.dec.PeekKind(); kind {
	case jsontext.KindNull:
		return s.dec.SkipValue()
	case jsontext.KindBeginArray:
	default:
		return s.unexpected("an array", kind)
	}
	if _, err := s.dec.ReadToken(); err != nil {
		return fmt.Errorf("read JSON: %w", err)
	}
	for n := 0; s.dec.PeekKind() != jsontext.KindEndArray; n++ {
		if n == mostRows {
			return errCrowded
		}
		if err := each(); err != nil {
			return err
		}
	}
	_, err := s.dec.ReadToken()
	return wrapJSON(err)
}

// atEnd refuses anything behind the answer: two answers run together, or one
// that a proxy wrote into.
func (s *scanner) atEnd() error {
	_, err := s.dec.ReadToken()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err == nil {
		return fmt.Errorf("%w: more text follows the answer", errShape)
	}
	return wrapJSON(err)
}

// value reads the next value whole.
func (s *scanner) value() (string, error) {
	raw, err := s.dec.ReadValue()
	end := int(s.dec.InputOffset())
	return s.text[end-len(raw) : end], wrapJSON(err)
}

// unexpected explains a value of the wrong kind, or the syntax error that hides
// behind an invalid kind.
func (s *scanner) unexpected(want string, got jsontext.Kind) error {
	if got == jsontext.KindInvalid {
		if err := s.dec.SkipValue(); err != nil {
			return fmt.Errorf("read JSON: %w", err)
		}
	}
	return fmt.Errorf("%w: %s wanted at %q, found %s", errShape, want, s.dec.StackPointer(), got)
}

func wrapJSON(err error) error {
	if err != nil {
		return fmt.Errorf("read JSON: %w", err)
	}
	return nil
}

// unquote decodes a JSON string. sound is false where the string held bytes
// that are not UTF-8 or a surrogate without its partner, which come out as
// U+FFFD.
func unquote(raw string) (text string, sound bool) {
	out, err := jsontext.AppendUnquote(nil, raw)
	return string(out), err == nil
}

// rawText gives the text of a value for repairs and rejected records: a string
// without its quotes where it is printable as it is, else the JSON text.
func rawText(raw string) string {
	if kindOf(raw) != jsontext.KindString {
		return model.VisibleText(raw)
	}
	text, sound := unquote(raw)
	if !sound || strings.ContainsRune(text, 0) {
		return model.VisibleText(raw[1 : len(raw)-1])
	}
	return text
}
