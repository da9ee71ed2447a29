package extract

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// FuzzPage: every record of a page ends among the participants or the rejected
// records, and all that is kept of it can be stored (airbytehq/airbyte#76465).
func FuzzPage(f *testing.F) {
	f.Add([]byte(sample(f, "participants.json")))
	f.Add([]byte(sample(f, "vendor_participants.json")))
	f.Fuzz(func(t *testing.T, body []byte) {
		original := bytes.Clone(body)
		page, _, err := decodePage(string(body))
		if err != nil {
			return
		}
		records, events := count(original)
		rejectedEvents := 0
		for i := range page.Rejected {
			r := &page.Rejected[i]
			if r.Entity == model.EntityPeerEvent {
				rejectedEvents++
			}
			for _, text := range []string{r.Key, r.Reason, r.Raw} {
				if text == "" || !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
					t.Fatalf("a rejected record cannot be stored: %+v", r)
				}
			}
		}
		if got := len(page.Participants) + len(page.Rejected) - rejectedEvents; got != records {
			t.Fatalf("%d of %d records came through", got, records)
		}
		if got := len(page.Events) + rejectedEvents; got > events {
			t.Fatalf("%d events came of %d", got, events)
		}
		for i := range page.Participants {
			p := &page.Participants[i]
			storable(t, p.Provenance, p.UserID, p.CustomParticipantID, p.DisplayName, p.PresetName)
		}
		for i := range page.Events {
			e := &page.Events[i]
			storable(t, e.Provenance, e.Name, e.PeerID, e.SocketSessionID, e.PresetViewType)
			if e.ParticipantID.IsZero() || e.ID.IsZero() {
				t.Fatalf("an event without its key: %+v", e)
			}
		}
	})
}

// storable tells whether Postgres would take the texts, and the two objects as
// jsonb.
func storable(t *testing.T, p model.Provenance, texts ...string) {
	t.Helper()
	for _, object := range [][]byte{p.Extra, p.Repairs.JSON()} {
		if object == nil {
			continue
		}
		var members map[string]any
		decoder := json.NewDecoder(bytes.NewReader(object))
		decoder.UseNumber()
		if err := decoder.Decode(&members); err != nil || !utf8.Valid(object) {
			t.Fatalf("%q is no JSON: %v", object, err)
		}
		if plain := bytes.ReplaceAll(object, []byte(`\\`), nil); bytes.Contains(plain, []byte(`\u0000`)) || bytes.Contains(plain, []byte(`\ud8`)) {
			t.Fatalf("jsonb refuses %q", object)
		}
	}
	for _, text := range texts {
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			t.Fatalf("%q cannot be stored", text)
		}
	}
}

// count counts the records of data.participants and the elements of their lists
// of events with another decoder, duplicate members included.
func count(body []byte) (records, events int) {
	each := func(raw jsontext.Value, visit func(name string, value jsontext.Value)) {
		d := jsontext.NewDecoder(bytes.NewReader(raw), lenient...)
		if kind := d.PeekKind(); kind != jsontext.KindBeginArray && kind != jsontext.KindBeginObject {
			return
		}
		opening, _ := d.ReadToken()
		for kind := d.PeekKind(); kind != jsontext.KindEndArray && kind != jsontext.KindEndObject && kind != jsontext.KindInvalid; kind = d.PeekKind() {
			name := ""
			if opening.Kind() == jsontext.KindBeginObject {
				token, _ := d.ReadToken()
				name = token.String()
			}
			value, _ := d.ReadValue()
			visit(name, value.Clone())
		}
	}
	each(body, func(name string, data jsontext.Value) {
		if name != "data" || data.Kind() != jsontext.KindBeginObject {
			return
		}
		each(data, func(name string, list jsontext.Value) {
			if name != "participants" {
				return
			}
			each(list, func(_ string, record jsontext.Value) {
				records++
				if record.Kind() != jsontext.KindBeginObject {
					return
				}
				each(record, func(name string, list jsontext.Value) {
					if name == "peer_events" && list.Kind() == jsontext.KindBeginArray {
						each(list, func(string, jsontext.Value) { events++ })
					}
				})
			})
		})
	})
	return records, events
}
