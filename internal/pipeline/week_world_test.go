package pipeline_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// happen is what goes on at the API between two runs.
func (w *week) happen(d *simulator.Data) {
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
			case w.now.Sub(s.CreatedAt) < 48*time.Hour && w.rng.IntN(12) == 0:
				w.correct(s)
			}
		}
		app.Sessions = slices.DeleteFunc(app.Sessions, func(s *simulator.Session) bool {
			gone := w.rng.IntN(60) == 0
			w.vanished[s.ID] = w.vanished[s.ID] || gone
			return gone
		})
	}
}

func (w *week) id() string {
	w.ids++
	return fmt.Sprintf("%08x-0000-4000-8000-%012x", w.rng.Uint32(), w.ids)
}

// begin opens a session somewhat before now.
func (w *week) begin(appID string) *simulator.Session {
	start := w.now.Add(-time.Duration(1+w.rng.IntN(50)) * time.Minute)
	s := &simulator.Session{
		ID: w.id(), AppID: appID, MeetingID: w.id(), MeetingTitle: "Lesson", Type: simulator.TypeMeeting, Status: simulator.StatusLive,
		StartedAt: start, CreatedAt: start.Add(20 * time.Millisecond),
	}
	if w.rng.IntN(3) == 0 {
		s.MeetingID = "00000000-0000-4000-8000-00000000000" + fmt.Sprint(w.rng.IntN(5))
	}
	w.comeAndGo(s)
	return s
}

// comeAndGo lets people join and leave.
func (w *week) comeAndGo(s *simulator.Session) {
	s.UpdatedAt = w.now
	for range w.rng.IntN(4) {
		p := &simulator.Participant{
			ID: w.id(), UserID: w.id(), CustomParticipantID: "c", DisplayName: "Pupil", PresetName: "student",
			JoinedAt: w.now.Add(-time.Minute), CreatedAt: w.now.Add(-time.Minute), UpdatedAt: w.now,
		}
		p.Events = append(p.Events, w.event(s, p, simulator.PeerJoining))
		s.Participants = append(s.Participants, p)
		s.LiveParticipants++
		s.MaxConcurrent = max(s.MaxConcurrent, s.LiveParticipants)
	}
	for _, p := range s.Participants {
		if p.LeftAt.IsZero() && w.rng.IntN(3) == 0 {
			w.leave(s, p)
		}
	}
}

func (w *week) event(s *simulator.Session, p *simulator.Participant, name string) simulator.PeerEvent {
	return simulator.PeerEvent{
		ID: w.id(), EventName: name, PeerID: p.ID, ParticipantID: p.UserID, SessionID: s.ID, PresetViewType: "GROUP_CALL",
		CreatedAt: w.now, UpdatedAt: w.now,
	}
}

func (w *week) leave(s *simulator.Session, p *simulator.Participant) {
	minutes := float64(w.rng.IntN(90))
	p.LeftAt, p.UpdatedAt, p.DurationMinutes = w.now, w.now, &minutes
	p.Events = append(p.Events, w.event(s, p, simulator.PeerLeaving))
	s.MinutesConsumed += minutes
	s.LiveParticipants--
}

func (w *week) end(s *simulator.Session) {
	for _, p := range s.Participants {
		if p.LeftAt.IsZero() {
			w.leave(s, p)
		}
	}
	s.Status, s.EndedAt, s.UpdatedAt = simulator.StatusEnded, w.now, w.now.Add(10*time.Millisecond)
}

// correct changes a session that has ended: a value, one more row, one less.
func (w *week) correct(s *simulator.Session) {
	s.UpdatedAt = w.now
	if len(s.Participants) == 0 {
		return
	}
	p := s.Participants[w.rng.IntN(len(s.Participants))]
	switch w.rng.IntN(3) {
	case 0:
		p.DisplayName, p.UpdatedAt = fmt.Sprintf("Pupil %d", w.rng.IntN(1000)), w.now
	case 1:
		p.Events = append(p.Events, w.event(s, p, simulator.PeerCreated))
		p.UpdatedAt = w.now
	case 2:
		if s.MaxConcurrent < len(s.Participants) {
			s.Participants = slices.DeleteFunc(s.Participants, func(other *simulator.Participant) bool { return other == p })
		}
	}
}
