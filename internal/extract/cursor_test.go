package extract

import (
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// FuzzCursor: whatever the decoder calls well formed, the cursor takes apart as
// the decoder does.
func FuzzCursor(f *testing.F) {
	f.Add(sample(f, "participants.json"))
	f.Add(` [ {"a\"]":"\\","b" : [1,-2e+3 , null,true,{"":""}]} , "\u0022",[] , {} ]`)
	f.Fuzz(func(t *testing.T, body string) {
		s := newScanner([]byte(body))
		raw, err := s.value()
		if err != nil {
			return
		}
		c := cursor{text: raw}
		if whole := c.value(); whole != raw {
			t.Fatalf("%q as a whole is %q", raw, whole)
		}
		takeApart(t, raw)
	})
}

// takeApart compares the parts of a value that cursor and decoder find.
func takeApart(t *testing.T, raw string) {
	t.Helper()
	kind := kindOf(raw)
	if kind != jsontext.KindBeginObject && kind != jsontext.KindBeginArray {
		return
	}
	s, c := newScanner([]byte(raw)), cursor{text: raw}
	c.enter()
	compare := func(got string) {
		if want, err := s.value(); err != nil || got != want {
			t.Fatalf("in %q the cursor finds %q, the decoder %q, %v", raw, got, want, err)
		}
		takeApart(t, got)
	}
	if _, err := s.dec.ReadToken(); err != nil {
		t.Fatal(err)
	}
	for c.more() {
		if kind == jsontext.KindBeginObject {
			name := c // compared as it stands
			compare(name.value())
			c.name()
		}
		compare(c.value())
	}
	if end := s.dec.PeekKind(); end != jsontext.KindEndObject && end != jsontext.KindEndArray || c.at != len(raw) {
		t.Fatalf("the cursor ends %q at %d, the decoder has %s", raw, c.at, end)
	}
}
