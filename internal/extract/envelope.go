package extract

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// paging is the API's paging object. Absent members are -1. Source: OpenAPI
// PagingResponse; offsets are row positions from 1, both ends included. It sits
// beside data in some answers and inside data in others.
type paging struct {
	present           bool
	total, start, end int
}

// envelope is what surrounds the data of an answer.
type envelope struct {
	paging  paging
	hasData bool
	success bool // true where the member is absent, as in several samples
	failure failure
	isPage  bool // no JSON, but a page of whatever stands before the API
}

// failure is the error of an answer in any of the three shapes: errors[],
// error{}, message.
type failure struct {
	code    int
	message string
}

// readEnvelope walks over an answer and gives each member of data to visit; a
// nil visit skips data. For answers whose data is an array, name is "".
func readEnvelope(body []byte, visit func(s *scanner, name string) error) (envelope, error) {
	env := envelope{success: true}
	s := newScanner(body)
	err := s.object(func(name string) error {
		switch name {
		case "data":
			env.hasData = true
			return s.data(&env, visit)
		case "paging":
			return s.paging(&env.paging)
		case "success":
			raw, err := s.value()
			env.success = !strings.EqualFold(strings.Trim(raw, `"`), "false")
			return err
		case "error", "errors", "message":
			return s.failure(&env.failure, name)
		}
		return wrapJSON(s.dec.SkipValue())
	})
	if err == nil {
		err = s.atEnd()
	}
	return env, err
}

func (s *scanner) data(env *envelope, visit func(s *scanner, name string) error) error {
	if visit == nil || s.dec.PeekKind() == jsontext.KindNull {
		return wrapJSON(s.dec.SkipValue())
	}
	if s.dec.PeekKind() == jsontext.KindBeginArray {
		return visit(s, "")
	}
	return s.object(func(name string) error {
		if name == "paging" {
			return s.paging(&env.paging)
		}
		return visit(s, name)
	})
}

// readDetail reads an answer whose data is one record, either flat or below the
// member of the given name.
func readDetail(body []byte, member string, record func(*scanner) error) (envelope, error) {
	env, err := readEnvelope(body, nil)
	if err != nil || !env.success {
		return env, err
	}
	found := memberOf(string(body), "data", "")
	if found == "" {
		return env, fmt.Errorf("%w: the answer has no data", errShape)
	}
	if kind := kindOf(found); kind != jsontext.KindBeginObject && kind != jsontext.KindNull {
		return env, newScanner([]byte(found)).unexpected("an object", kind)
	}
	if inner := memberOf(found, member, "{"); inner != "" {
		found = inner
	}
	return env, record(newScanner([]byte(found)))
}

// memberOf gives the last member of that name whose value begins as given; ""
// for none.
func memberOf(object, name, begins string) (value string) {
	c := cursor{text: object}
	if object == "" || c.skip() != '{' {
		return ""
	}
	c.enter()
	for c.more() {
		if found, raw := c.name(), c.value(); found == name && strings.HasPrefix(raw, begins) {
			value = raw
		}
	}
	return value
}

// paging reads the paging object; counts come as integers or as floats. Of two
// objects the later one adds to what the earlier one said.
func (s *scanner) paging(into *paging) error {
	if s.dec.PeekKind() != jsontext.KindBeginObject {
		return wrapJSON(s.dec.SkipValue())
	}
	if !into.present {
		*into = paging{present: true, total: -1, start: -1, end: -1}
	}
	return s.object(func(name string) error {
		raw, err := s.value()
		if err != nil {
			return err
		}
		switch name {
		case "total_count":
			into.total = offset(raw)
		case "start_offset":
			into.start = offset(raw)
		case "end_offset":
			into.end = offset(raw)
		}
		return nil
	})
}

// offset reads a count, or gives -1 for what is none.
func offset(raw string) int {
	text := raw
	if kindOf(raw) == jsontext.KindString {
		text, _ = unquote(raw)
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(f) || f < 0 || f > math.MaxInt32 {
		return -1
	}
	return int(f)
}

// failure reads an error in any of its shapes. Only the code and the message
// are kept, and the message is bounded.
func (s *scanner) failure(into *failure, name string) error {
	switch s.dec.PeekKind() {
	case jsontext.KindBeginArray:
		first := true
		return s.array(func() error {
			if !first {
				return wrapJSON(s.dec.SkipValue())
			}
			first = false
			return s.failure(into, name)
		})
	case jsontext.KindBeginObject:
		return s.object(func(name string) error {
			if name == "code" {
				raw, err := s.value()
				into.code = max(offset(raw), 0)
				return err
			}
			if name == "message" {
				return s.failure(into, name)
			}
			return wrapJSON(s.dec.SkipValue())
		})
	}
	raw, err := s.value()
	if err != nil || kindOf(raw) != jsontext.KindString {
		return err
	}
	into.message = rawText(raw)
	return nil
}

// oneLine takes out what would break a line of a log or speak to a terminal.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}

// errorText makes a text of the server fit for an error: without the credentials,
// in one line, and bounded. What is cut first could no longer be recognised.
func (c *connection) errorText(text string) string {
	runes := []rune(oneLine(model.VisibleText(c.redactor.text(text))))
	return string(runes[:min(len(runes), maxErrorText)])
}

// maxErrorText bounds the part of an answer that may stand in an error.
const maxErrorText = 300

func (f failure) String() string {
	switch {
	case f.message == "" && f.code == 0:
		return "no reason given"
	case f.message == "":
		return fmt.Sprintf("no reason given (code %d)", f.code)
	case f.code == 0:
		return f.message
	}
	return fmt.Sprintf("%s (code %d)", f.message, f.code)
}
