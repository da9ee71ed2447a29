package simulator

import "time"

// visit is one time inside a session. A zero leave is still inside, or crashed.
type visit struct{ join, leave time.Time }

// stay is what happened to one peer, from which its row and events follow.
type stay struct {
	who     attendee
	preset  string
	view    string    // preset_view_type
	created time.Time // PEER_CREATED; zero leaves that event out
	visits  []visit   // in order, not overlapping
}

// attendee is a person as enrolled in a meeting.
type attendee struct {
	name     string
	customID string
	userID   string
}

// scribe turns stays into rows and events.
type scribe struct {
	rng    random
	id     func() string
	sparse bool // leave nullable members null now and then
}

// write fills the row p of session s. The events are appended to events, whose
// capacity a bulk caller sizes beforehand.
func (sc scribe) write(p *Participant, s *Session, st stay, events []PeerEvent) {
	p.ID = sc.id()
	p.UserID = st.who.userID
	p.CustomParticipantID = st.who.customID
	p.DisplayName = st.who.name
	p.PresetName = st.preset
	if !st.created.IsZero() {
		events = append(events, sc.event(p, s, st, PeerCreated, st.created))
	}
	var inside time.Duration
	open := len(st.visits) == 0
	for _, v := range st.visits {
		socket := sc.id()
		join := sc.event(p, s, st, PeerJoining, v.join)
		join.SocketSessionID = socket
		events = append(events, join)
		if open = v.leave.IsZero(); open {
			break
		}
		leave := sc.event(p, s, st, PeerLeaving, v.leave)
		leave.SocketSessionID = socket
		leave.MinutesConsumed = minutes(v.leave.Sub(v.join))
		events = append(events, leave)
		inside += v.leave.Sub(v.join)
	}
	p.Events = events
	sc.stamp(p, st, inside, open)
}

// stamp sets the times of the row: it is written some milliseconds after the
// first join and again some milliseconds after the last leave.
func (sc scribe) stamp(p *Participant, st stay, inside time.Duration, open bool) {
	first := st.created
	if len(st.visits) > 0 {
		first = st.visits[0].join
		p.JoinedAt = milli(first)
	}
	lag := sc.rng.between(5*time.Millisecond, 10*time.Millisecond)
	p.CreatedAt = milli(first.Add(lag))
	p.UpdatedAt = p.CreatedAt
	if !open {
		p.LeftAt = milli(st.visits[len(st.visits)-1].leave)
		p.UpdatedAt = p.LeftAt.Add(lag)
		duration := minutes(inside)
		p.DurationMinutes = &duration
	}
}

func (sc scribe) event(p *Participant, s *Session, st stay, name string, at time.Time) PeerEvent {
	at = milli(at)
	e := PeerEvent{
		ID:             sc.id(),
		EventName:      name,
		PeerID:         p.ID,
		ParticipantID:  p.UserID,
		SessionID:      s.ID,
		PresetViewType: st.view,
		CreatedAt:      at,
		UpdatedAt:      at.Add(sc.rng.between(3*time.Millisecond, 8*time.Millisecond)),
	}
	if sc.sparse {
		sc.thin(&e)
	}
	return e
}

// thin nulls one nullable member in some of the events.
func (sc scribe) thin(e *PeerEvent) {
	switch sc.rng.IntN(24) {
	case 0, 1:
		e.ParticipantID = ""
	case 2:
		e.SessionID = ""
	case 3:
		e.PresetViewType = ""
	}
}
