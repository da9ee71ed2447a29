package testbed

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// World is what goes on at a simulated API, as chance decides: sessions begin, people come
// and go, sessions end, are corrected afterwards and vanish.
type World struct {
	Now      time.Time
	Vanished map[string]bool // sessions
	Lasting  bool            // nothing vanishes, no session and nobody of one

	rng  *rand.Rand
	ids  uint64
	told []simulator.Happening
}

// NewWorld gives a world that begins at a time.
func NewWorld(rng *rand.Rand, now time.Time) *World {
	return &World{Now: now, Vanished: map[string]bool{}, rng: rng}
}

// Happen is what goes on in a while until Now, and of which webhooks tell.
func (w *World) Happen(d *simulator.Data) (told []simulator.Happening) {
	w.told = nil
	for range w.rng.IntN(3) {
		app := &d.Apps[w.rng.IntN(len(d.Apps))]
		app.Sessions = append(app.Sessions, w.begin(app.ID))
	}
	for i := range d.Apps {
		app := &d.Apps[i]
		for _, s := range app.Sessions {
			switch {
			case s.Status == simulator.StatusLive && w.rng.IntN(3) == 0:
				w.end(s)
			case s.Status == simulator.StatusLive:
				w.comeAndGo(s)
			case w.Now.Sub(s.CreatedAt) < 48*time.Hour && w.rng.IntN(12) == 0:
				w.correct(s)
			}
		}
		app.Sessions = slices.DeleteFunc(app.Sessions, func(s *simulator.Session) bool {
			gone := !w.Lasting && w.rng.IntN(60) == 0
			w.Vanished[s.ID] = w.Vanished[s.ID] || gone
			return gone
		})
	}
	return w.told
}

// EndAll ends what goes on.
func (w *World) EndAll(d *simulator.Data) (told []simulator.Happening) {
	w.told = nil
	for _, s := range d.AllSessions() {
		if s.Status == simulator.StatusLive {
			w.end(s)
		}
	}
	return w.told
}

func (w *World) tell(event, session, peer string) {
	w.told = append(w.told, simulator.Happening{Event: event, SessionID: session, PeerID: peer})
}

func (w *World) id() string {
	w.ids++
	return fmt.Sprintf("%08x-0000-4000-8000-%012x", w.rng.Uint32(), w.ids)
}

// begin opens a session somewhat before now.
func (w *World) begin(appID string) *simulator.Session {
	start := w.Now.Add(-time.Duration(1+w.rng.IntN(50)) * time.Minute)
	s := &simulator.Session{
		ID: w.id(), AppID: appID, MeetingID: w.id(), MeetingTitle: "Lesson", Type: simulator.TypeMeeting, Status: simulator.StatusLive,
		StartedAt: start, CreatedAt: start.Add(20 * time.Millisecond),
	}
	if w.rng.IntN(3) == 0 {
		s.MeetingID = "00000000-0000-4000-8000-00000000000" + fmt.Sprint(w.rng.IntN(5))
	}
	w.tell(simulator.EventStarted, s.ID, "")
	w.comeAndGo(s)
	return s
}

// comeAndGo lets people join and leave.
func (w *World) comeAndGo(s *simulator.Session) {
	s.UpdatedAt = w.Now
	for range w.rng.IntN(4) {
		p := &simulator.Participant{
			ID: w.id(), UserID: w.id(), CustomParticipantID: "c", DisplayName: "Pupil", PresetName: "student",
			JoinedAt: w.Now.Add(-time.Minute), CreatedAt: w.Now.Add(-time.Minute), UpdatedAt: w.Now,
		}
		p.Events = append(p.Events, w.event(s, p, simulator.PeerJoining))
		s.Participants = append(s.Participants, p)
		w.tell(simulator.EventJoined, s.ID, p.ID)
		s.LiveParticipants++
		s.MaxConcurrent = max(s.MaxConcurrent, s.LiveParticipants)
	}
	for _, p := range s.Participants {
		if p.LeftAt.IsZero() && w.rng.IntN(3) == 0 {
			w.leave(s, p)
		}
	}
}

func (w *World) event(s *simulator.Session, p *simulator.Participant, name string) simulator.PeerEvent {
	return simulator.PeerEvent{
		ID: w.id(), EventName: name, PeerID: p.ID, ParticipantID: p.UserID, SessionID: s.ID, PresetViewType: "GROUP_CALL",
		CreatedAt: w.Now, UpdatedAt: w.Now,
	}
}

func (w *World) leave(s *simulator.Session, p *simulator.Participant) {
	minutes := float64(w.rng.IntN(90))
	p.LeftAt, p.UpdatedAt, p.DurationMinutes = w.Now, w.Now, &minutes
	p.Events = append(p.Events, w.event(s, p, simulator.PeerLeaving))
	s.MinutesConsumed += minutes
	s.LiveParticipants--
	w.tell(simulator.EventLeft, s.ID, p.ID)
}

func (w *World) end(s *simulator.Session) {
	for _, p := range s.Participants {
		if p.LeftAt.IsZero() {
			w.leave(s, p)
		}
	}
	s.Status, s.EndedAt, s.UpdatedAt = simulator.StatusEnded, w.Now, w.Now.Add(10*time.Millisecond)
	w.tell(simulator.EventEnded, s.ID, "")
}

// correct changes a session that has ended: a value, one more row, one less.
func (w *World) correct(s *simulator.Session) {
	s.UpdatedAt = w.Now
	if len(s.Participants) == 0 {
		return
	}
	p := s.Participants[w.rng.IntN(len(s.Participants))]
	switch w.rng.IntN(3) {
	case 0:
		p.DisplayName, p.UpdatedAt = fmt.Sprintf("Pupil %d", w.rng.IntN(1000)), w.Now
	case 1:
		p.Events = append(p.Events, w.event(s, p, simulator.PeerCreated))
		p.UpdatedAt = w.Now
	case 2:
		if !w.Lasting && s.MaxConcurrent < len(s.Participants) {
			s.Participants = slices.DeleteFunc(s.Participants, func(other *simulator.Participant) bool { return other == p })
		}
	}
}
