package extract

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// row decodes one record. The field methods take a value as it stands in the
// JSON text, apply the rules of package model, note what was mended, and remember
// the first value that could not be.
type row struct {
	cursor
	start   int
	prov    model.Provenance
	key     string // the record's id as the API sent it, for a rejected record
	unknown int    // members that Rollcall does not know
	problem string // first reason to set the record aside
}

// newRow begins to read the record that comes next. ok is false for anything but
// an object, which is passed over and will be set aside.
func newRow(c cursor) (r row, ok bool) {
	r = row{cursor: c}
	first := r.skip()
	r.start = r.at
	if first != '{' {
		r.reject("record", fmt.Errorf("an object was wanted, found %s", clipRaw(r.value())))
		return r, false
	}
	r.enter()
	return r, true
}

// reject remembers why the record must be set aside; the first reason stays.
func (r *row) reject(field string, err error) {
	if r.problem == "" {
		r.problem = model.VisibleText(fmt.Sprintf("%s: %v", field, err))
	}
}

// repair notes the raw text of a value that was mended.
func (r *row) repair(field, raw string) {
	r.prov.Repairs = r.prov.Repairs.With(field, rawText(raw))
}

// plainText reads a string value, or a number or boolean where a string was
// documented. ok is false where the value is absent.
func (r *row) plainText(field, raw string) (text string, ok bool) {
	switch kindOf(raw) {
	case jsontext.KindNull:
		return "", false
	case jsontext.KindString:
		if inner := raw[1 : len(raw)-1]; strings.IndexByte(inner, '\\') < 0 {
			return inner, true
		}
		text, sound := unquote(raw)
		if !sound {
			r.repair(field, raw)
		}
		return text, true
	case jsontext.KindNumber, jsontext.KindTrue, jsontext.KindFalse:
		r.repair(field, raw)
		return raw, true
	default:
		r.reject(field, fmt.Errorf("a text was wanted, found %s", kindOf(raw)))
		return "", false
	}
}

// text reads a free text such as a display name.
func (r *row) text(field, raw string) string {
	text, ok := r.plainText(field, raw)
	if !ok || text == "" {
		return ""
	}
	if model.IsNoValue(text) {
		r.repair(field, raw)
		return ""
	}
	clean, mended := model.CleanText(text)
	if mended {
		r.repair(field, raw)
	}
	return clean
}

// identifier reads a text that is indexed. One of blanks alone is none: people without an
// id would be one person by it.
func (r *row) identifier(field, raw string) string {
	text := r.text(field, raw)
	if model.IsBlank(text) {
		r.repair(field, raw)
		return ""
	}
	if err := model.CheckIdentifier(text); err != nil {
		r.reject(field, err)
	}
	return text
}

// folded reads an identifier of the vendor's. Most are UUIDs, which are the same in capital
// and in small letters.
func (r *row) folded(field, raw string) string { return model.FoldID(r.identifier(field, raw)) }

// uuid reads the record's own id, which must be a UUID. An absent one leaves what
// was there.
func (r *row) uuid(field, raw string, into *model.UUID) {
	text, ok := r.plainText(field, raw)
	if !ok {
		return
	}
	r.key = text
	id, bad := model.ParseUUID(text)
	if bad != nil {
		if id, bad = model.ParseUUID(strings.Trim(text, " \t\r\n\"'")); bad != nil {
			r.reject(field, bad)
		} else {
			r.repair(field, raw)
		}
	}
	*into = id
}

// time reads a timestamp; the zero time is none.
func (r *row) time(field, raw string) time.Time {
	switch kindOf(raw) {
	case jsontext.KindNull:
		return time.Time{}
	case jsontext.KindString:
	default:
		r.reject(field, fmt.Errorf("a timestamp was wanted, found %s", clipRaw(raw)))
		return time.Time{}
	}
	text := raw[1 : len(raw)-1]
	if strings.IndexByte(text, '\\') >= 0 {
		text, _ = unquote(raw)
	}
	t, mended, err := model.ParseTime(text)
	if err != nil {
		r.reject(field, err)
		return time.Time{}
	}
	if mended {
		r.repair(field, raw)
	}
	return t
}

// doubt drops a time that cannot be true, and keeps its text.
func (r *row) doubt(isFalse bool, field, raw string, into *time.Time) {
	if isFalse {
		r.repair(field, raw)
		*into = time.Time{}
	}
}

// number reads minutes; count reads a whole number.
func (r *row) number(field, raw string) model.Number {
	return r.numeric(field, raw, model.ParseNumber)
}

func (r *row) count(field, raw string) model.Number {
	return r.numeric(field, raw, model.ParseCount)
}

func (r *row) numeric(field, raw string, parse func(string) (model.Number, error)) model.Number {
	text, ok := r.unquoted(field, raw)
	if !ok {
		return model.Number{}
	}
	n, err := parse(text)
	if err != nil {
		r.reject(field, err)
	}
	return n
}

// unquoted gives the text of a number or boolean, which is mended where it stands
// in quotes; ok is false for no value.
func (r *row) unquoted(field, raw string) (text string, ok bool) {
	switch kindOf(raw) {
	case jsontext.KindNull:
		return "", false
	case jsontext.KindString:
		if text, _ = unquote(raw); text == "" {
			return "", false
		}
		r.repair(field, raw)
		return text, !model.IsNoValue(text)
	}
	return raw, true
}

// known is an id that a record may repeat: it stands in the path of the request, or in the
// record around.
type known struct {
	id string
	as model.OwnIDs
}

// repeated tells which of the known ids a value repeats, as the sum of their as. A value
// that repeats none is kept in extra; an absent one is not.
func (r *row) repeated(name, raw string, ids ...known) (as model.OwnIDs) {
	switch kindOf(raw) {
	case jsontext.KindNull:
		return 0
	case jsontext.KindString:
		inner := raw[1 : len(raw)-1]
		if model.IsNoValue(inner) {
			return 0
		}
		same := false
		for _, k := range ids {
			if inner == k.id || model.FoldID(inner) == model.FoldID(k.id) {
				same, as = true, as|k.as
			}
		}
		if same {
			return as
		}
	}
	r.keep(name, raw)
	return 0
}

// unlessEmpty keeps a list that has something in it.
func (r *row) unlessEmpty(name, raw string) {
	if raw != "null" && raw != "[]" {
		r.keep(name, raw)
	}
}

// verdict ends the record: it gives nil where the record can be used, else what to set aside,
// with the JSON text of the record. It copies what it gives, so that the page can be freed.
func (r *row) verdict(entity string, noID bool) *model.Rejected {
	if noID {
		r.reject("id", errNoID)
	}
	if r.problem == "" {
		return nil
	}
	raw := r.cursor.text[r.start:r.at]
	key := model.FoldID(model.VisibleText(r.key))
	if key == "" || len(key) > model.MaxIdentifierBytes {
		digest := sha256.Sum256([]byte(raw))
		key = "sha256:" + hex.EncodeToString(digest[:])
	}
	return &model.Rejected{
		Entity: entity, Key: strings.Clone(key), Reason: strings.Clone(r.problem), Raw: strings.Clone(model.VisibleText(raw)),
	}
}

func clipRaw(raw string) string {
	const most = 60
	if len(raw) > most {
		return raw[:most] + "…"
	}
	return raw
}
