package simulator

import (
	"encoding/json"
	"time"
)

// Extra holds JSON members that are added to the rendering of an object, or
// that take the place of a member with the same name. The value is written as
// it stands, even where it is not JSON. An empty value leaves the member out.
type Extra = map[string]json.RawMessage

// Data is everything an account holds. It is plain memory without a lock: once
// a [Server] serves it, change it only in [Server.Update] and read it only in
// [Server.View].
type Data struct {
	AccountID string // 32 hex digits; empty lets every account in
	Apps      []App
}

// App is an isolated workspace: its sessions are listed under its id.
type App struct {
	ID        string
	Name      string
	CreatedAt time.Time
	Sessions  []*Session
	Meetings  []*Meeting // those that have more to say than their sessions show
	Webhooks  []*Webhook
	// Recordings are those beside the ones that follow from large sessions.
	Recordings []*Recording
	Extra      Extra
}

// Meeting is a room with the people enrolled in it. People who were in its
// sessions count as enrolled without being named here.
type Meeting struct {
	ID        string
	Title     string // empty is the title of its last session
	CreatedAt time.Time
	Enrolled  []*Enrolled
	Extra     Extra
}

// Enrolled is a person with a seat in a meeting, whether or not they ever came.
type Enrolled struct {
	ID                  string // user_id of their rows in sessions
	CustomParticipantID string
	Name                string
	PresetName          string
	CreatedAt           time.Time
	Extra               Extra
}

// Session is one run of a meeting. A zero time is a null (or a missing
// ended_at) on the wire.
type Session struct {
	ID               string
	AppID            string // organization_id on the wire
	MeetingID        string // associated_id on the wire
	MeetingTitle     string // meeting_display_name on the wire
	ParentID         string // session that this breakout room belongs to; not on the wire
	Type             string // meeting, livestream or participant
	Status           string // StatusLive or StatusEnded
	LiveParticipants int
	MaxConcurrent    int
	MinutesConsumed  float64 // minutes, four decimals
	StartedAt        time.Time
	EndedAt          time.Time
	CreatedAt        time.Time
	UpdatedAt        time.Time
	Participants     []*Participant
	Livestreams      []*Livestream // beside the one that follows from the type
	Extra            Extra
}

// Participant is one row of a session's participants list: one peer, which may
// come and go several times. A zero time and an empty string are null on the
// wire.
type Participant struct {
	ID                  string
	UserID              string
	CustomParticipantID string
	DisplayName         string
	PresetName          string
	JoinedAt            time.Time
	LeftAt              time.Time
	CreatedAt           time.Time
	UpdatedAt           time.Time
	DurationMinutes     *float64 // minutes, four decimals; nil is null
	Events              []PeerEvent
	Extra               Extra
}

// PeerEvent is one step of a peer. The four members that the schema calls
// nullable are null on the wire where the string is empty.
type PeerEvent struct {
	ID              string
	EventName       string // PeerCreated, PeerJoining or PeerLeaving
	PeerID          string
	ParticipantID   string  // nullable
	SessionID       string  // nullable
	SocketSessionID string  // nullable; changes with every reconnect
	PresetViewType  string  // nullable
	MinutesConsumed float64 // minutes, credited on PeerLeaving
	CreatedAt       time.Time
	UpdatedAt       time.Time
	Extra           Extra
}

// The two states of a session.
const (
	StatusLive  = "LIVE"
	StatusEnded = "ENDED"
)

// The types of a session. Breakout rooms are sessions of TypeParticipant.
const (
	TypeMeeting     = "meeting"
	TypeLivestream  = "livestream"
	TypeParticipant = "participant"
)

// The names of peer events, in the order in which they happen.
const (
	PeerCreated = "PEER_CREATED"
	PeerJoining = "PEER_JOINING"
	PeerLeaving = "PEER_LEAVING"
)

// App returns the app with the id, or nil.
func (d *Data) App(id string) *App {
	for i := range d.Apps {
		if d.Apps[i].ID == id {
			return &d.Apps[i]
		}
	}
	return nil
}

// Session returns the session with the id in any app, or nil.
func (d *Data) Session(id string) *Session {
	for _, s := range d.AllSessions() {
		if s.ID == id {
			return s
		}
	}
	return nil
}

// AllSessions returns the sessions of all apps, app by app.
func (d *Data) AllSessions() []*Session {
	var all []*Session
	for i := range d.Apps {
		for _, s := range d.Apps[i].Sessions {
			if s != nil {
				all = append(all, s)
			}
		}
	}
	return all
}

// Counts returns how many sessions, participant rows and peer events there are.
func (d *Data) Counts() (sessions, participants, events int) {
	for _, s := range d.AllSessions() {
		sessions++
		participants += len(s.Participants)
		for _, p := range s.Participants {
			if p != nil {
				events += len(p.Events)
			}
		}
	}
	return sessions, participants, events
}
