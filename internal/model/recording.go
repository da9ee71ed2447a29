package model

import "time"

// Recording is one recording of a session, as far as it is stored: no address, no file
// name, no configuration of a storage. Key: app, ID.
type Recording struct {
	ID                string
	SessionID         UUID   // zero where the API names none
	MeetingID         string // empty where the API names none
	Type              string // TypeTrack, or what the API names
	Status            string // INVOKED, RECORDING, PAUSED, UPLOADING, UPLOADED or ERRORED
	InvokedAt         time.Time
	StartedAt         time.Time
	StoppedAt         time.Time
	DurationSeconds   Number // whole
	FileSizeBytes     Number // whole
	DownloadExpiresAt time.Time
	Provenance
}

// TypeTrack is the type of a recording that has one file per peer.
const TypeTrack = "TRACK"

// LastChange gives the latest time that a recording tells of itself.
func (r *Recording) LastChange() time.Time {
	last := r.InvokedAt
	for _, t := range []time.Time{r.StartedAt, r.StoppedAt} {
		if t.After(last) {
			last = t
		}
	}
	return last
}

// LivestreamSession is one run of a livestream of a session. Key: session, ID.
type LivestreamSession struct {
	ID            string
	LivestreamID  string
	IngestSeconds Number
	ViewerSeconds Number
	ErrMessage    string
	InvokedAt     time.Time
	StartedAt     time.Time
	StoppedAt     time.Time
	CreatedAt     time.Time
	UpdatedAt     time.Time
	Provenance
}

// RecordingPage is one page of the recordings of an app.
type RecordingPage struct {
	Recordings []Recording
	Rejected   []Rejected
}

// LivestreamPage is one page of the livestream's runs of a session.
type LivestreamPage struct {
	Sessions []LivestreamSession
	Rejected []Rejected
}

// Entities of recordings and livestreams.
const (
	EntityRecording         = "recording"
	EntityLivestreamSession = "livestream_session"
)

// What became of asking for a session's livestream, as sync.livestream_states has it.
const (
	LivestreamRead   = "read"
	LivestreamNone   = "none"
	LivestreamFailed = "failed"
)
