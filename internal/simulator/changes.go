package simulator

import (
	"fmt"
	"time"
)

// The changes below are for Fault.Do and Server.Update. They are as repeatable
// as the data: ids follow from what is already there.

// JoinLive lets one more person join every LIVE session, a second after the
// last.
func JoinLive(d *Data) {
	for _, s := range d.AllSessions() {
		if s.Status != StatusLive {
			continue
		}
		at := s.UpdatedAt.Add(time.Second)
		newcomer(s, stay{visits: []visit{{join: at}}})
		s.LiveParticipants++
		s.MaxConcurrent = max(s.MaxConcurrent, s.LiveParticipants)
		s.UpdatedAt = at.Add(6 * time.Millisecond)
	}
}

// AddLateRow adds a participant who joined first to the session that ended
// last, as when the API is still catching up: with joinedAt ascending, every
// later row moves down by one.
func AddLateRow(d *Data) {
	s := lastEnded(d)
	if s == nil {
		return
	}
	join := s.StartedAt.Add(time.Millisecond)
	newcomer(s, stay{visits: []visit{{join, join.Add(time.Minute)}}})
	s.MinutesConsumed = round4(s.MinutesConsumed + 1)
	s.UpdatedAt = s.UpdatedAt.Add(time.Second)
}

// DropRow takes the first participant out of the session that ended last:
// every later row moves up by one.
func DropRow(d *Data) {
	if s := lastEnded(d); s != nil && len(s.Participants) > 0 {
		s.Participants = s.Participants[1:]
		s.UpdatedAt = s.UpdatedAt.Add(time.Second)
	}
}

// AddSession adds an empty ENDED session after the last one of the first app:
// with createdAt descending, every older session moves down by one.
func AddSession(d *Data) {
	if len(d.Apps) == 0 {
		return
	}
	app := &d.Apps[0]
	rng := newRandom(uint64(len(app.Sessions)))
	s := &Session{ID: rng.uuid(), AppID: app.ID, MeetingID: rng.uuid(), MeetingTitle: "Unannounced", Type: TypeMeeting}
	s.StartedAt = app.CreatedAt
	for _, other := range app.Sessions {
		if other != nil {
			s.StartedAt = later(other.CreatedAt, s.StartedAt)
		}
	}
	s.StartedAt = s.StartedAt.Add(time.Second)
	s.CreatedAt = s.StartedAt.Add(9 * time.Millisecond)
	settle(s, rng, StatusEnded)
	app.Sessions = append(app.Sessions, s)
}

// EndLive ends every LIVE session: whoever is inside leaves a minute after the
// last change.
func EndLive(d *Data) {
	for _, s := range d.AllSessions() {
		if s.Status != StatusLive {
			continue
		}
		rng := newRandom(uint64(len(s.Participants)))
		sc := scribe{rng: rng, id: rng.uuid}
		leave := s.UpdatedAt.Add(time.Minute)
		for _, p := range s.Participants {
			if p != nil && !p.JoinedAt.IsZero() && p.LeftAt.IsZero() {
				sc.leave(p, s, leave)
			}
		}
		settle(s, rng, StatusEnded)
	}
}

// leave closes the open visit of a participant.
func (sc scribe) leave(p *Participant, s *Session, at time.Time) {
	total, st, join := 0.0, stay{}, p.JoinedAt
	var socket string
	for i := range p.Events {
		e := &p.Events[i]
		total += e.MinutesConsumed
		if e.EventName == PeerJoining {
			join, socket = e.CreatedAt, e.SocketSessionID
		}
		st.view = e.PresetViewType
	}
	e := sc.event(p, s, st, PeerLeaving, at)
	e.SocketSessionID = socket
	e.MinutesConsumed = minutes(at.Sub(join))
	p.Events = append(p.Events, e)
	duration := round4(total + e.MinutesConsumed)
	p.LeftAt, p.UpdatedAt, p.DurationMinutes = at, at.Add(6*time.Millisecond), &duration
}

// newcomer adds a row to the session.
func newcomer(s *Session, st stay) {
	n := len(s.Participants)
	rng := newRandom(uint64(n) + uint64(s.StartedAt.UnixMilli()))
	st.who = attendee{name: fmt.Sprintf("Latecomer %d", n+1), customID: fmt.Sprintf("late-%d", n+1), userID: rng.uuid()}
	st.preset, st.view = "student", "GROUP_CALL"
	p := &Participant{}
	scribe{rng: rng, id: rng.uuid}.write(p, s, st, nil)
	s.Participants = append(s.Participants, p)
}

func lastEnded(d *Data) *Session {
	var last *Session
	for _, s := range d.AllSessions() {
		if s.Status == StatusEnded && len(s.Participants) > 0 && (last == nil || s.EndedAt.After(last.EndedAt)) {
			last = s
		}
	}
	return last
}
