package simulator

import (
	"fmt"
	"slices"
	"time"
)

// peoplePlaying is how many come to a session of Play before they leave.
const peoplePlaying = 3

// Play goes one step on in a lesson that begins, fills, ends and is followed by the
// next, and tells what happened, for a [Courier] to announce. It takes the first app.
func (s *Server) Play(now time.Time) (told []Happening) {
	now = milli(now)
	s.Update(func(d *Data) {
		if len(d.Apps) == 0 {
			return
		}
		app := &d.Apps[0]
		at := slices.IndexFunc(app.Sessions, func(s *Session) bool { return s != nil && s.MeetingTitle == playTitle && s.Status == StatusLive })
		switch {
		case at < 0:
			told = begin(app, now)
		case len(app.Sessions[at].Participants) < peoplePlaying:
			told = join(app.Sessions[at], now)
		default:
			told = end(app.Sessions[at], now)
		}
	})
	return told
}

const playTitle = "Live lesson"

func begin(app *App, now time.Time) []Happening {
	rng := newRandom(uint64(now.UnixNano()))
	s := &Session{
		ID: rng.uuid(), AppID: app.ID, MeetingID: rng.uuid(), MeetingTitle: playTitle, Type: TypeMeeting, Status: StatusLive,
		StartedAt: now, CreatedAt: now, UpdatedAt: now,
	}
	app.Sessions = append(app.Sessions, s)
	return append([]Happening{{Event: EventStarted, SessionID: s.ID}}, join(s, now)...)
}

func join(s *Session, now time.Time) []Happening {
	newcomer(s, stay{visits: []visit{{join: now}}})
	p := s.Participants[len(s.Participants)-1]
	p.DisplayName = fmt.Sprintf("Pupil %d", len(s.Participants))
	s.LiveParticipants++
	s.MaxConcurrent = max(s.MaxConcurrent, s.LiveParticipants)
	s.UpdatedAt = now
	return []Happening{{Event: EventJoined, SessionID: s.ID, PeerID: p.ID}}
}

func end(s *Session, now time.Time) []Happening {
	rng := newRandom(uint64(len(s.Participants)))
	sc := scribe{rng: rng, id: rng.uuid}
	var told []Happening
	for _, p := range s.Participants {
		sc.leave(p, s, now)
		told = append(told, Happening{Event: EventLeft, SessionID: s.ID, PeerID: p.ID})
	}
	settle(s, rng, StatusEnded)
	s.EndedAt, s.UpdatedAt = now, now
	return append(told, Happening{Event: EventEnded, SessionID: s.ID})
}
