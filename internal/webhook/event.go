package webhook

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// Names of events, as the vendor documents them.
const (
	MeetingStarted     = "meeting.started"
	MeetingEnded       = "meeting.ended"
	ParticipantJoined  = "meeting.participantJoined"
	ParticipantLeft    = "meeting.participantLeft"
	ChatSynced         = "meeting.chatSynced"
	RecordingChanged   = "recording.statusUpdate"
	LivestreamChanged  = "livestreaming.statusUpdate"
	TranscriptReady    = "meeting.transcript"
	SummaryReady       = "meeting.summary"
	unknownEvent       = "unknown"
	mostIdentifierText = 64 // characters of an app's id; a UUID has 36
)

// Names lists the events that are known.
func Names() []string {
	return []string{
		MeetingStarted, MeetingEnded, ParticipantJoined, ParticipantLeft, ChatSynced,
		RecordingChanged, LivestreamChanged, TranscriptReady, SummaryReady,
	}
}

// Event is what is kept of a webhook: no address, no key of a stream and nobody's
// name is in it.
type Event struct {
	Name      string // one of Names; empty for one that is not known
	SessionID model.UUID
	AppID     string // folded; empty where the body does not tell
	WebhookID string // the registered webhook, as an unsigned header says; empty for none
	Digest    [sha256.Size]byte
}

// ErrBody refuses a signed body that tells of no event.
var ErrBody = errors.New("the body is no event")

// wire has the members that are read, each of which but the name may be absent, null
// or something else than is documented. Where a session stands depends on the event.
type wire struct {
	Event     string          `json:"event"`
	SessionID scalar          `json:"sessionId"` // meeting.chatSynced
	Meeting   object[meeting] `json:"meeting"`
	Recording object[struct {
		RoomUUID       scalar `json:"roomUUID"`
		OrganizationID scalar `json:"organizationId"`
	}] `json:"recording"`
	OrganizedBy object[identity] `json:"organizedBy"` // meeting.chatSynced
}

type meeting struct {
	SessionID   scalar           `json:"sessionId"`
	OrganizedBy object[identity] `json:"organizedBy"`
}

type identity struct {
	ID scalar `json:"id"`
}

// byteOrderMark may stand before what a careless encoder or editor writes.
var byteOrderMark = []byte("\uFEFF")

// object is a JSON object, or the zero value for anything else.
type object[T any] struct{ is T }

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (o *object[T]) UnmarshalJSONFrom(from *jsontext.Decoder) error {
	if from.PeekKind() != jsontext.KindBeginObject {
		return from.SkipValue()
	}
	return json.UnmarshalDecode(from, &o.is)
}

// scalar is a JSON string or number, or empty for anything else.
type scalar string

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (s *scalar) UnmarshalJSONFrom(from *jsontext.Decoder) error {
	switch from.PeekKind() {
	case jsontext.KindString, jsontext.KindNumber:
		token, err := from.ReadToken()
		*s = scalar(token.String())
		return err
	}
	return from.SkipValue()
}

// parse reads what a signed body is about. The zero session stands for an event that
// names none, or is not known.
func parse(body []byte, digest [sha256.Size]byte, h http.Header) (Event, error) {
	var w wire
	err := json.Unmarshal(bytes.TrimPrefix(body, byteOrderMark), &w, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if err != nil || w.Event == "" {
		return Event{}, fmt.Errorf("%w: it is not the JSON of one", ErrBody)
	}
	e := Event{Digest: digest, WebhookID: boundedID(firstHeader(h, webhookHeaders))}
	if !slices.Contains(Names(), w.Event) {
		return e, nil
	}
	e.Name = w.Event
	m, r := &w.Meeting.is, &w.Recording.is
	e.AppID = boundedID(string(cmp.Or(m.OrganizedBy.is.ID, w.OrganizedBy.is.ID, r.OrganizationID)))
	session := string(cmp.Or(m.SessionID, w.SessionID, r.RoomUUID))
	if model.IsNoValue(session) {
		return e, nil
	}
	if e.SessionID, err = model.ParseUUID(session); err != nil {
		return Event{}, fmt.Errorf("%w: the session's id is no UUID", ErrBody)
	}
	return e, nil
}

// boundedID gives an id as it is compared; what cannot be one is none.
func boundedID(id string) string {
	if len(id) > mostIdentifierText {
		return ""
	}
	for _, r := range id {
		if r <= ' ' || r > '~' {
			return ""
		}
	}
	return model.FoldID(id)
}
