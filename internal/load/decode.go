package load

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/rollcall-etl/rollcall/internal/derive"
	"github.com/rollcall-etl/rollcall/internal/model"
)

// fields are columns of an encoded row that are still to be read, with their names.
type fields struct {
	columns []column
	row     []byte
}

// next gives the next column, nil for null.
func (f *fields) next() []byte {
	n := int32(binary.BigEndian.Uint32(f.row)) //nolint:gosec // -1 is null
	f.columns, f.row = f.columns[1:], f.row[4:]
	if n < 0 {
		return nil
	}
	value := f.row[:n]
	f.row = f.row[n:]
	return value
}

// of gives a column and leaves behind those before it, so that a column which is added
// to the list moves no other. Columns are asked for in the order of the list.
func (f *fields) of(name string) []byte {
	for f.columns[0].name != name {
		f.next()
	}
	return f.next()
}

func (f *fields) text(name string) string { return string(f.of(name)) }

func (f *fields) time(name string) derive.Time {
	if value := f.of(name); value != nil {
		return int64(binary.BigEndian.Uint64(value)) //nolint:gosec // two's complement is the wire format
	}
	return derive.None
}

// decode gives the rows to s as far as something is derived from them.
func (h *heldRows) decode(s *derive.Session) {
	words := words{}
	s.Participants = make([]derive.Participant, h.participants.len())
	own := make([]string, len(s.Participants))
	for i := range s.Participants {
		p, f := &s.Participants[i], fields{participantTable.columns, h.participants.row(i)}
		p.ID = model.UUID(f.of("participant_id"))
		own[i] = p.ID.String()
		p.UserID, p.CustomID, p.Name = f.text("user_id"), f.text("custom_participant_id"), f.text("display_name")
		p.Preset = words.word(f.of("preset_name"))
		p.JoinedAt, p.LeftAt = f.time("joined_at"), f.time("left_at")
		minutes := f.of("duration_minutes")
		p.HasMinutes = minutes != nil && math.Float64frombits(binary.BigEndian.Uint64(minutes)) > 0
		p.Repaired = f.of("repairs") != nil
	}
	s.Events = make([]derive.Event, h.events.len())
	var last []byte
	for i := range s.Events {
		e, f := &s.Events[i], fields{eventTable.columns, h.events.row(i)}
		if id := f.of("participant_id"); i == 0 || !bytes.Equal(id, last) { // mostly it is the one before
			last = id
			e.Participant, _ = h.participants.find(id)
		} else {
			e.Participant = s.Events[i-1].Participant
		}
		switch string(f.of("event_name")) {
		case "PEER_JOINING":
			e.Move = 1
		case "PEER_LEAVING":
			e.Move = -1
		}
		if peer := f.of("peer_id"); string(peer) != own[e.Participant] {
			e.Peer = string(peer)
		}
		e.ViewType = words.word(f.of("preset_view_type"))
		e.At = f.time("created_at")
		e.Repaired = f.of("repairs") != nil
	}
}

// words keep one copy of a text that many rows have.
type words map[string]string

func (w words) word(text []byte) string {
	word, known := w[string(text)]
	if !known {
		word = string(text)
		w[word] = word
	}
	return word
}
