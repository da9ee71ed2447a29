package load

import (
	"encoding/binary"
	"math"

	"github.com/rollcall-etl/rollcall/internal/derive"
	"github.com/rollcall-etl/rollcall/internal/model"
)

// fields are columns of an encoded row that are still to be read.
type fields []byte

// next gives the next column, nil for null.
func (f *fields) next() []byte {
	n := int32(binary.BigEndian.Uint32(*f)) //nolint:gosec // -1 is null
	*f = (*f)[4:]
	if n < 0 {
		return nil
	}
	value := (*f)[:n]
	*f = (*f)[n:]
	return value
}

func (f *fields) skip(n int) {
	for range n {
		f.next()
	}
}

func (f *fields) time() derive.Time {
	if value := f.next(); value != nil {
		return int64(binary.BigEndian.Uint64(value)) //nolint:gosec // two's complement is the wire format
	}
	return derive.None
}

// decode gives the rows to s as far as something is derived from them. The order is that
// of participantTable and eventTable.
func (h *heldRows) decode(s *derive.Session) {
	words := words{}
	s.Participants = make([]derive.Participant, h.participants.len())
	own := make([]string, len(s.Participants))
	for i := range s.Participants {
		p, f := &s.Participants[i], fields(h.participants.row(i))
		p.ID = model.UUID(f.next())
		own[i] = p.ID.String()
		p.UserID, p.CustomID, p.Name = string(f.next()), string(f.next()), string(f.next())
		p.Preset = words.word(f.next())
		p.JoinedAt, p.LeftAt = f.time(), f.time()
		minutes := f.next()
		p.HasMinutes = minutes != nil && math.Float64frombits(binary.BigEndian.Uint64(minutes)) > 0
		f.skip(3) // created_at, updated_at, extra
		p.Repaired = f.next() != nil
	}
	s.Events = make([]derive.Event, h.events.len())
	for i := range s.Events {
		e, f := &s.Events[i], fields(h.events.row(i))
		e.Participant = h.participants.at[rowKey{participant: model.UUID(f.next())}]
		f.skip(1)
		switch string(f.next()) {
		case "PEER_JOINING":
			e.Move = 1
		case "PEER_LEAVING":
			e.Move = -1
		}
		if peer := f.next(); string(peer) != own[e.Participant] {
			e.Peer = string(peer)
		}
		f.skip(1)
		e.ViewType = words.word(f.next())
		f.skip(1)
		e.At = f.time()
		f.skip(3) // updated_at, own_ids, extra
		e.Repaired = f.next() != nil
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
