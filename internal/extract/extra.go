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

// Bounds within which Postgres accepts a jsonb value; what lies beyond is kept
// as a string of its JSON text.
const (
	maxExtraDepth    = 100
	maxExtraBytes    = 1 << 20 // of JSON text in which a list may stand: Postgres takes a gigabyte to read one of 34 MB
	maxNumberLength  = 300
	maxExponentDigit = 3
)

// keep adds a member to the record's extra object, in a form that Postgres
// accepts as jsonb: no U+0000, no lone surrogate, no number beyond numeric, no
// nesting that exhausts its stack, no list that exhausts its memory.
func (r *row) keep(name, raw string) {
	if r.unknown++; r.unknown > mostUnknown {
		r.reject("record", fmt.Errorf("it has more than %d unknown members", mostUnknown))
		return
	}
	name, _ = model.CleanText(name)
	var value bytes.Buffer
	isList := raw[0] == '[' || raw[0] == '{'
	if isList && len(r.prov.Extra)+len(raw) > maxExtraBytes || depth(raw) > maxExtraDepth || transcode(&value, raw) != nil {
		value.Reset()
		value.Write(quote(model.VisibleText(raw)))
	}
	extra := r.prov.Extra
	if len(extra) == 0 {
		extra = []byte("{")
	} else {
		extra[len(extra)-1] = ','
	}
	extra = append(extra, quote(name)...)
	extra = append(extra, ':')
	extra = append(extra, value.Bytes()...)
	extra = append(extra, '}')
	r.prov.Extra = extra
}

// transcode copies a JSON value, mending the texts and numbers that jsonb
// refuses.
func transcode(to *bytes.Buffer, raw string) error {
	in := jsontext.NewDecoder(strings.NewReader(raw), lenient...)
	out := jsontext.NewEncoder(to, lenient...)
	for {
		token, err := in.ReadToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return wrapJSON(err)
		}
		switch token.Kind() {
		case jsontext.KindString:
			clean, _ := model.CleanText(token.String())
			token = jsontext.String(clean)
		case jsontext.KindNumber:
			if text := token.String(); hugeNumber(text) {
				token = jsontext.String(text)
			}
		}
		if err := out.WriteToken(token); err != nil {
			return wrapJSON(err)
		}
	}
	to.Truncate(len(bytes.TrimRight(to.Bytes(), "\n")))
	return nil
}

// hugeNumber reports whether a number might be beyond Postgres' numeric, which
// holds 131,072 digits before and 16,383 after the point.
func hugeNumber(text string) bool {
	if len(text) > maxNumberLength {
		return true
	}
	at := strings.IndexAny(text, "eE")
	return at >= 0 && len(strings.TrimLeft(text[at+1:], "+-0")) > maxExponentDigit
}

// depth gives the deepest nesting of a well-formed JSON value.
func depth(raw string) int {
	deepest, now, inString := 0, 0, false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			now++
			deepest = max(deepest, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return deepest
}

func quote(text string) []byte {
	quoted, _ := jsontext.AppendQuote(nil, text) // text is valid UTF-8 by now
	return quoted
}
