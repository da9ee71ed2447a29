package model

import "time"

// Session states as the API writes them in Session.Status. Other words are kept
// as they come and never count as ended.
const (
	StatusLive  = "LIVE"
	StatusEnded = "ENDED"
)

// Repairs maps a column to the raw text that was mended to fill it. Nil means
// that nothing was mended.
type Repairs map[string]string

// With gives r and one more, in the same map where there is one.
func (r Repairs) With(column, raw string) Repairs {
	if r == nil {
		r = make(Repairs, 1)
	}
	r[column] = raw
	return r
}

// Provenance is what every record carries beside the API's documented fields.
type Provenance struct {
	// Extra is a JSON object of the fields that Rollcall does not know, nil
	// where there are none. It is safe for a jsonb column.
	Extra []byte
	// Repairs notes the mended values, nil where there are none.
	Repairs Repairs
}

// App is a RealtimeKit app: an isolated workspace such as staging or
// production. Key: ID.
type App struct {
	ID        string
	AccountID string
	Name      string
	CreatedAt time.Time
	Provenance
}

// Session is one live run of a meeting. Key: ID.
type Session struct {
	ID               UUID
	AppID            string
	MeetingID        string // the API's associated_id; a UUID or a room name
	MeetingTitle     string // the API's meeting_display_name
	Type             string // meeting, livestream or participant (a breakout room)
	Status           string // StatusLive or StatusEnded
	LiveParticipants Number // whole
	MaxConcurrent    Number // whole
	MinutesConsumed  Number // participant-minutes, fractional
	StartedAt        time.Time
	EndedAt          time.Time // zero while live
	CreatedAt        time.Time
	UpdatedAt        time.Time
	Provenance
}

// Participant is one peer of a session: a person with two devices has two.
// Key: SessionID, ID.
type Participant struct {
	ID                  UUID
	UserID              string
	CustomParticipantID string
	DisplayName         string
	PresetName          string
	JoinedAt            time.Time
	LeftAt              time.Time // zero while inside, or never written after a crash
	DurationMinutes     Number
	CreatedAt           time.Time
	UpdatedAt           time.Time
	Provenance
}

// PeerEvent is one step of a participant's connection. Key: session,
// ParticipantID, ID; the vendor's own sample repeats event ids under two
// participants, so ID alone is not a key.
type PeerEvent struct {
	ParticipantID   UUID // of the participant whose answer held the event
	ID              UUID
	Name            string // PEER_CREATED, PEER_JOINING, PEER_LEAVING or a word yet unknown
	PeerID          string
	SocketSessionID string
	PresetViewType  string
	MinutesConsumed Number // minutes, credited on PEER_LEAVING
	CreatedAt       time.Time
	UpdatedAt       time.Time
	OwnIDs          OwnIDs
	Provenance
}

// OwnIDs tells which of the ids around it an event repeated, as a sum: what a member
// means is documented nowhere, and another id is kept in Extra. The zero value is that
// of an event that named none.
type OwnIDs int32

// The ids that an event may repeat. Its participant_id may be either of the last two,
// or both where these are equal.
const (
	OwnSession     OwnIDs = 1 << iota // session_id, that of the session
	OwnParticipant                    // participant_id, the participant's id
	OwnUser                           // participant_id, the participant's user_id
)

// Entities name the kind of a rejected record.
const (
	EntityApp         = "app"
	EntitySession     = "session"
	EntityParticipant = "participant"
	EntityPeerEvent   = "peer_event"
)

// Rejected is a record that could not become one of the above. Nothing of it is
// lost: Raw is what the API sent.
type Rejected struct {
	Entity    string // one of the Entity constants
	AppID     string
	SessionID UUID   // zero where it is not known
	Key       string // the record's own id as sent, else a digest of Raw
	Reason    string // names the field and what was wrong with it
	Raw       string // the JSON text, made printable by VisibleText
}
