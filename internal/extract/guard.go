package extract

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// fieldRules says what becomes of the members of a record that may hold secrets.
// A name that is not listed is unknown.
type fieldRules map[string]fieldRule

type fieldRule int

const (
	unknownField fieldRule = iota // kept only if its value can hardly be a secret
	keptField                     // kept where it is a single value
	droppedField                  // documented, and dropped without a word
	saidField                     // a text for people: kept, unless there is an address in it
)

const (
	droppedFields  = "dropped_fields"
	mostDropped    = 20
	mostNameLength = 64
)

// guard copies a record of an answer that may hold secrets (storage
// configuration, stream keys, signed URLs, tokens) and leaves out all that is
// not known to be harmless. Everything behind it, rejected records and errors
// included, sees the copy only. Of unknown members only numbers and booleans
// with an innocent name stay; the names of the others go to dropped_fields, so
// that it shows that there was more.
func guard(raw string, rules fieldRules) string {
	if kindOf(raw) != jsontext.KindBeginObject {
		return shell(raw)
	}
	clean := []byte{'{'}
	member := func(name, value string) {
		if len(clean) > 1 {
			clean = append(clean, ',')
		}
		clean = append(append(clean, quote(name)...), ':')
		clean = append(clean, value...)
	}
	var dropped []string
	c := cursor{text: raw}
	for c.enter(); c.more(); {
		name, value := c.name(), c.value()
		switch rule := rules[name]; {
		case rule == keptField:
			member(name, hollow(value))
		case rule == saidField:
			member(name, said(value))
		case rule == unknownField && harmless(name, value):
			member(name, value)
		case rule == unknownField && len(dropped) < mostDropped && kindOf(value) != jsontext.KindNull:
			dropped = append(dropped, name)
		}
	}
	if len(dropped) > 0 {
		member(droppedFields, nameList(dropped))
	}
	return string(append(clean, '}'))
}

// hollow empties a list or an object that stands in place of a single value, so
// that it is still refused by its kind.
func hollow(value string) string {
	switch kindOf(value) {
	case jsontext.KindBeginObject:
		return "{}"
	case jsontext.KindBeginArray:
		return "[]"
	}
	return value
}

// said leaves out a text with an address: where a stream goes to may hold its key.
func said(value string) string {
	if kindOf(value) != jsontext.KindString {
		return hollow(value)
	}
	if text, _ := unquote(value); strings.Contains(text, "//") {
		return `"[an address, not shown]"`
	}
	return value
}

// shell stands for a record that is no object at all.
func shell(raw string) string {
	if kindOf(raw) == jsontext.KindString {
		return `"[a text, not shown]"`
	}
	return hollow(raw)
}

// harmless reports whether an unknown member can hardly be a secret.
func harmless(name, value string) bool {
	switch kindOf(value) {
	case jsontext.KindNumber, jsontext.KindTrue, jsontext.KindFalse:
	default:
		return false
	}
	name = strings.ToLower(name)
	for _, word := range []string{"secret", "token", "key", "pass", "pin", "auth", "cred", "code", "sign", "ip"} {
		if strings.Contains(name, word) {
			return false
		}
	}
	return len(name) <= mostNameLength
}

// nameList writes the names of dropped members as a JSON list.
func nameList(names []string) string {
	list := []byte{'['}
	for i, name := range names {
		if i > 0 {
			list = append(list, ',')
		}
		if len(name) > mostNameLength {
			name = "…"
		}
		clean, _ := model.CleanText(name)
		list = append(list, quote(clean)...)
	}
	return string(append(list, ']'))
}

// guarded reads the next value of a list through guard and hands it on.
func (s *scanner) guarded(rules fieldRules, record func(cursor) error) error {
	raw, err := s.value()
	if err != nil {
		return err
	}
	return record(cursor{text: guard(raw, rules)})
}

// flag reads a boolean.
func (r *row) flag(field, raw string) model.Flag {
	text, ok := r.unquoted(field, raw)
	if !ok {
		return model.Flag{}
	}
	switch strings.ToLower(text) {
	case "true":
		return model.Flag{Value: true, Valid: true}
	case "false":
		return model.Flag{Valid: true}
	}
	r.reject(field, errNotFlag)
	return model.Flag{}
}
