package model

import (
	"fmt"
	"strings"
	"time"
)

// Flag is a JSON boolean that may be absent. The zero value is "no value".
type Flag struct{ Value, Valid bool }

// Meeting is a meeting's own record: a room that is used again and again. Key:
// AppID, ID.
type Meeting struct {
	AppID                   string
	ID                      string
	Title                   string
	Status                  string // ACTIVE or INACTIVE
	RecordOnStart           Flag
	PersistChat             Flag
	LiveStreamOnStart       Flag
	TranscribeOnEnd         Flag
	SummarizeOnEnd          Flag
	SessionKeepAliveSeconds Number // whole
	CreatedAt               time.Time
	UpdatedAt               time.Time
	Provenance
}

// MeetingParticipant is a person enrolled in a meeting, whether or not they ever
// came. Key: app, meeting, ID.
type MeetingParticipant struct {
	ID                  string // the participants' user_id, as far as the documents tell
	CustomParticipantID string
	DisplayName         string // the API's name
	PresetName          string
	CreatedAt           time.Time
	UpdatedAt           time.Time
	Provenance
}

// DailyStats is the vendor's own count of one app's day in UTC. Key: app, Day.
type DailyStats struct {
	Day              time.Time // midnight UTC
	Sessions         Number    // whole
	SessionMinutes   Number    // participant-minutes, fractional
	Recordings       Number    // whole
	RecordingMinutes Number    // fractional
	Provenance
}

// MeetingPage is one page of an app's meetings.
type MeetingPage struct {
	Meetings []Meeting
	Rejected []Rejected
}

// MeetingParticipantPage is one page of the people enrolled in a meeting.
type MeetingParticipantPage struct {
	People   []MeetingParticipant
	Rejected []Rejected
}

// DailyPage holds the days of one answer, oldest first, each day once.
type DailyPage struct {
	Days     []DailyStats
	Rejected []Rejected
}

// Entities of the optional reads.
const (
	EntityMeeting            = "meeting"
	EntityMeetingParticipant = "meeting_participant"
	EntityDailyStats         = "daily_stats"
	EntityPeerReport         = "peer_report"
)

// DueMeeting is a meeting with sessions that were not there, or had not ended,
// when its enrolment was last read.
type DueMeeting struct {
	ID              string
	Sessions, Ended int   // in the warehouse now
	Digest          int64 // of which sessions those are, and which have ended
	Waits           bool  // it failed before, and is to be left alone for now
	// WasEmpty tells that the last reading was Empty, and that such readings go back
	// a quarter of an hour at least.
	WasEmpty bool
}

// Enrolment is what one reading of a meeting's enrolled people found.
type Enrolment struct {
	AppID   string
	Meeting DueMeeting
	Pass
	// Listed holds the ids that the last pass listed, those set aside included.
	Listed []string
	// Aside holds the keys of the records that the last pass set aside, and of the
	// meeting's own where that was.
	Aside []string
	// Empty tells that the list came to its end, held nobody and announced no count.
	Empty bool
	// Absence tells whether the API still knows the meeting.
	Absence Absence
	// Failure says why the reading failed or cannot be trusted; empty for a
	// sound one. The meeting is read again by a later run unless it is given up.
	Failure string
}

// Doubt says in words why the reading cannot be trusted, or is empty. A meeting
// that has had a session has somebody enrolled, as a rule: that there is nobody is
// believed where the API announces it, or says so again after a while.
func (e *Enrolment) Doubt() string {
	if d := e.Pass.Doubt(); d != "" || !e.Empty || e.Meeting.WasEmpty {
		return d
	}
	return "the API lists nobody and announces no count, which is believed if it says so again after a quarter of an hour"
}

// Full reports whether somebody that the reading did not list is enrolled no
// more.
//
// An empty list that announces no count proves nothing.
func (e *Enrolment) Full() bool {
	return e.Failure == "" && e.Absence == Present && e.Sound() && (e.Announced >= 0 || e.Distinct > 0)
}

// EndpointState is what is known of an optional part of the API in one app.
type EndpointState struct {
	AskedAt       time.Time // last asked; zero where never
	ReadAt        time.Time // last read; zero where never
	UnavailableAt time.Time // first refused because the account lacks it; zero where it does not
	AskedFrom     time.Time // first day that was ever asked for; zero where none
	CoveredFrom   time.Time // first day from which on all were answered; zero where none
	Failure       string    // why the last reading failed
}

// ParseDay reads a day as the API writes it: 2006-01-02, or midnight UTC of that
// day. The calendar date as written counts; mended reports that it stood in
// neither form.
func ParseDay(raw string) (day time.Time, mended bool, err error) {
	const layout = time.DateOnly
	if day, err = time.Parse(layout, raw); err == nil {
		return checkDay(raw, day, false)
	}
	at, mended, err := ParseTime(raw)
	text := strings.Trim(raw, " \t\r\n\"'")
	if err != nil || len(text) < len(layout) {
		return time.Time{}, false, fmt.Errorf("%q is not a day", clip(raw))
	}
	if day, err = time.Parse(layout, text[:len(layout)]); err != nil {
		return time.Time{}, false, fmt.Errorf("%q is not a day", clip(raw))
	}
	return checkDay(raw, day, mended || !at.Equal(day))
}

func checkDay(raw string, day time.Time, mended bool) (time.Time, bool, error) {
	if day.Year() < 1 || day.IsZero() { // the zero time would be no day at all
		return time.Time{}, false, fmt.Errorf("day %q is out of range", clip(raw))
	}
	return day, mended, nil
}
