package load

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/derive"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgcopy"
)

// A record of each kind, with a value in every column and no value twice.
var (
	some            = model.Provenance{Extra: []byte(`{}`), Repairs: model.Repairs{"a": "b"}}
	fullParticipant = model.Participant{
		ID: model.UUID{1}, UserID: "user", CustomParticipantID: "custom", DisplayName: "Mira", PresetName: "host", JoinedAt: at,
		LeftAt: at.Add(time.Hour), DurationMinutes: model.Number{Value: 60, Valid: true}, CreatedAt: at.Add(-time.Second),
		UpdatedAt: at.Add(2 * time.Hour), Provenance: some,
	}
	fullEvent = model.PeerEvent{
		ParticipantID: model.UUID{1}, ID: model.UUID{2}, Name: "PEER_LEAVING", PeerID: "peer", SocketSessionID: "socket", PresetViewType: "view",
		MinutesConsumed: model.Number{Value: 60, Valid: true}, CreatedAt: at, UpdatedAt: at.Add(time.Hour), OwnIDs: 1, Provenance: some,
	}
	fullRejected = model.Rejected{Entity: "session", AppID: "app", SessionID: model.UUID{1}, Key: "key", Reason: "because", Raw: "text"}
)

// An encoder writes the columns of its list, each as Postgres has its type.
func TestEncodersFollowTheirLists(t *testing.T) {
	t.Parallel()
	p, e, aside := newRows(participantTable), newRows(eventTable), newRows(rejectedTable)
	p.participant(&fullParticipant)
	e.event(&fullEvent)
	aside.rejected(&fullRejected)
	for _, c := range []struct {
		*rows
		table
	}{{p, participantTable}, {e, eventTable}, {aside, rejectedTable}} {
		row := c.row(0)
		for _, column := range c.columns {
			length := int(int32(binary.BigEndian.Uint32(row)))
			if length < 0 {
				t.Fatalf("%s is null: give the record above a value for it, so that its type can be seen", column.name)
			}
			if want := map[string]int{"uuid": 16, "timestamptz": 8, "double precision": 8, "integer": 4}[column.kind]; want != 0 && length != want || want == 0 && (length == 16 || length == 8) {
				t.Errorf("%s of type %s is written in %d bytes", column.name, column.kind, length)
			}
			row = row[4+length:]
		}
		if len(row) != 0 {
			t.Errorf("%d bytes are in no column", len(row))
		}
	}
}

// What is derived of a row in hand reads its columns by name: one that is added to the
// list moves no other.
func TestDecodeFollowsTheLists(t *testing.T) {
	t.Parallel()
	h := heldRows{newRows(participantTable), newRows(eventTable)}
	h.participants.participant(&fullParticipant)
	h.events.event(&fullEvent)
	var s derive.Session
	h.decode(&s)
	moment := func(t time.Time) derive.Time { return t.UnixMicro() - pgcopy.Epoch }
	p := derive.Participant{
		ID: model.UUID{1}, UserID: "user", CustomID: "custom", Name: "Mira", Preset: "host", JoinedAt: moment(at), LeftAt: moment(at.Add(time.Hour)),
		HasMinutes: true, Repaired: true,
	}
	if s.Participants[0] != p {
		t.Errorf("a participant was read as\n%+v, want that of fullParticipant\n%+v: a field that is derived from stands in both, and in decode.go", s.Participants[0], p)
	}
	e := derive.Event{Move: -1, Peer: "peer", ViewType: "view", At: moment(at), Repaired: true}
	if s.Events[0] != e {
		t.Errorf("an event was read as\n%+v, want that of fullEvent\n%+v: a field that is derived from stands in both, and in decode.go", s.Events[0], e)
	}
}
