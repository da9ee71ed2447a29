package simulator_test

import (
	"cmp"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// dump asks for everything that a data set shows.
func dump(t *testing.T, d *simulator.Data) map[string]string {
	t.Helper()
	c := serve(t, d, simulator.Options{})
	all := map[string]string{}
	get := func(path string) { all[path] = c.mustGet(path, http.StatusOK) }
	get("/apps")
	for i := range d.Apps {
		app := &d.Apps[i]
		get("/" + app.ID + "/meetings?per_page=100")
		get("/" + app.ID + "/sessions?per_page=1000")
		for _, s := range app.Sessions {
			get(participantsPath(s) + "?per_page=1000&include_peer_events=true")
		}
	}
	return all
}

func TestDemoRepeats(t *testing.T) {
	t.Parallel()
	first := dump(t, simulator.Demo(42, now))
	if diff := gocmp.Diff(first, dump(t, simulator.Demo(42, now))); diff != "" {
		t.Errorf("same seed, other answers:\n%s", diff)
	}
	if gocmp.Equal(first, dump(t, simulator.Demo(43, now))) {
		t.Error("another seed gives the same answers")
	}
}

// story counts the situations that the demo promises to hold.
type story struct {
	nullView, nullSession, nullPerson                                                int
	live, empty, children, crashed, rejected, rejoined, twoDevices, huge, noCustomID int
}

func tell(d *simulator.Data) story {
	var st story
	for _, s := range d.AllSessions() {
		rows := map[string]int{}
		if s.Status == simulator.StatusLive {
			st.live++
		}
		if s.ParentID != "" {
			st.children++
		}
		if len(s.Participants) == 0 {
			st.empty++
		}
		if len(s.Participants) >= 300 {
			st.huge++
		}
		for _, p := range s.Participants {
			rows[p.UserID]++
			if rows[p.UserID] == 2 {
				st.twoDevices++
			}
			st.participant(s, p)
		}
	}
	return st
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func (st *story) participant(s *simulator.Session, p *simulator.Participant) {
	joins := 0
	for i := range p.Events {
		e := &p.Events[i]
		if e.EventName == simulator.PeerJoining {
			joins++
		}
		st.nullView += one(e.PresetViewType == "")
		st.nullSession += one(e.SessionID == "")
		st.nullPerson += one(e.ParticipantID == "")
	}
	if joins > 1 {
		st.rejoined++
	}
	if p.CustomParticipantID == "" {
		st.noCustomID++
	}
	switch {
	case s.Status != simulator.StatusEnded || !p.LeftAt.IsZero():
	case joins == 0:
		st.rejected++
	default:
		st.crashed++
	}
}

func TestDemoTellsItsStories(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		d := simulator.Demo(seed, now.Add(time.Duration(seed)*31*time.Hour))
		st := tell(d)
		if n := len(d.AllSessions()); n != 60 {
			t.Errorf("seed %d: %d sessions, want 60", seed, n)
		}
		exact := story{live: 1, empty: 1, children: 3, crashed: 1, rejected: 1, huge: 2}
		if got := (story{live: st.live, empty: st.empty, children: st.children, crashed: st.crashed, rejected: st.rejected, huge: st.huge}); got != exact {
			t.Errorf("seed %d: %+v, want %+v", seed, got, exact)
		}
		if st.rejoined < 50 || st.twoDevices < 10 || st.noCustomID == 0 || min(st.nullView, st.nullSession, st.nullPerson) == 0 {
			t.Errorf("seed %d: too little happens: %+v", seed, st)
		}
	}
}

// wellFormed checks what must hold in every row of a session.
func wellFormed(t *testing.T, s *simulator.Session, now time.Time) {
	t.Helper()
	var credited float64
	last := s.EndedAt
	if s.Status == simulator.StatusLive {
		last = now
	}
	for _, p := range s.Participants {
		credited += rowWellFormed(t, s, p, last)
	}
	if math.Abs(credited-s.MinutesConsumed) > 1e-3 {
		t.Errorf("session %s: minutes_consumed %v, events sum up to %v", s.ID, s.MinutesConsumed, credited)
	}
	if live, most := concurrency(s); most != s.MaxConcurrent || s.Status == simulator.StatusLive && live != s.LiveParticipants {
		t.Errorf("session %s: peak %d, live %d; events say %d, %d", s.ID, s.MaxConcurrent, s.LiveParticipants, most, live)
	}
	if s.CreatedAt.After(now) || s.EndedAt.After(now) || s.UpdatedAt.After(now) {
		t.Errorf("session %s lies in the future", s.ID)
	}
	if s.EndedAt.IsZero() != (s.Status == simulator.StatusLive) {
		t.Errorf("session %s: %s with ended_at %v", s.ID, s.Status, s.EndedAt)
	}
}

// concurrency replays the events of a session.
func concurrency(s *simulator.Session) (live, most int) {
	var steps []*simulator.PeerEvent
	for _, p := range s.Participants {
		for i := range p.Events {
			steps = append(steps, &p.Events[i])
		}
	}
	slices.SortFunc(steps, func(a, b *simulator.PeerEvent) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), -strings.Compare(a.EventName, b.EventName)) // a leave first
	})
	for _, e := range steps {
		switch e.EventName {
		case simulator.PeerJoining:
			live++
		case simulator.PeerLeaving:
			live--
		}
		most = max(most, live)
	}
	return live, most
}

func rowWellFormed(t *testing.T, s *simulator.Session, p *simulator.Participant, last time.Time) (credited float64) {
	t.Helper()
	ranks := map[string]int{simulator.PeerCreated: 0, simulator.PeerJoining: 1, simulator.PeerLeaving: 2}
	previous, rank := s.StartedAt, 2
	for i := range p.Events {
		e := &p.Events[i]
		if e.CreatedAt.Before(previous) || e.CreatedAt.After(last) {
			t.Errorf("participant %s: %s at %v, outside %v to %v", p.ID, e.EventName, e.CreatedAt, previous, last)
		}
		if r := ranks[e.EventName]; i > 0 && r != 1+rank%2 {
			t.Errorf("participant %s: %s out of turn", p.ID, e.EventName)
		}
		previous, rank = e.CreatedAt, ranks[e.EventName]
		credited += e.MinutesConsumed
	}
	if p.DurationMinutes != nil && math.Abs(*p.DurationMinutes-credited) > 1e-3 {
		t.Errorf("participant %s: duration %v, events say %v", p.ID, *p.DurationMinutes, credited)
	}
	if (p.DurationMinutes == nil) != p.LeftAt.IsZero() {
		t.Errorf("participant %s: duration and left_at disagree", p.ID)
	}
	return credited
}

func TestDemoIsWellFormed(t *testing.T) {
	t.Parallel()
	for seed := range uint64(10) {
		at := now.Add(time.Duration(seed) * 17 * time.Hour)
		ids := map[string]bool{}
		for _, s := range simulator.Demo(seed, at).AllSessions() {
			wellFormed(t, s, at)
			for _, p := range s.Participants {
				if ids[p.ID] {
					t.Errorf("participant id %s twice", p.ID)
				}
				ids[p.ID] = true
			}
		}
	}
}
