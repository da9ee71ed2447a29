package simulator

import (
	"slices"
	"time"
)

// settle computes what the API says about a session from its participants.
// An ended session gets ended_at some time after the last leave.
func settle(s *Session, rng random, status string) {
	t := tally{last: s.CreatedAt}
	for _, p := range s.Participants {
		t.add(p)
	}
	s.Status = status
	s.MinutesConsumed = round4(t.credited)
	s.MaxConcurrent = peak(t.joins, t.leaves)
	if status == StatusLive {
		s.LiveParticipants = len(t.joins) - len(t.leaves)
		s.UpdatedAt = t.last.Add(12 * time.Millisecond)
		return
	}
	s.LiveParticipants = 0
	s.EndedAt = t.last.Add(rng.between(200*time.Millisecond, time.Minute))
	s.UpdatedAt = s.EndedAt.Add(rng.between(8*time.Millisecond, 24*time.Millisecond))
}

// tally sums up the rows of one session.
type tally struct {
	joins, leaves []int64 // Unix milliseconds
	credited      float64 // minutes
	last          time.Time
}

// add counts a row by its events, or by its own times where the events do not
// tell of any visit.
func (t *tally) add(p *Participant) {
	if p == nil {
		return
	}
	t.last = later(p.LeftAt, t.last)
	before := len(t.joins)
	for i := range p.Events {
		e := &p.Events[i]
		t.credited += e.MinutesConsumed
		t.last = later(e.CreatedAt, t.last)
		switch e.EventName {
		case PeerJoining:
			t.joins = append(t.joins, e.CreatedAt.UnixMilli())
		case PeerLeaving:
			t.leaves = append(t.leaves, e.CreatedAt.UnixMilli())
		}
	}
	if len(t.joins) == before && p.DurationMinutes != nil {
		t.credited += *p.DurationMinutes
		t.joins = append(t.joins, p.JoinedAt.UnixMilli())
		t.leaves = append(t.leaves, p.LeftAt.UnixMilli())
	}
}

// peak returns how many were inside at once, a leave counting before a join of
// the same millisecond.
func peak(joins, leaves []int64) int {
	slices.Sort(joins)
	slices.Sort(leaves)
	inside, most, l := 0, 0, 0
	for _, j := range joins {
		for l < len(leaves) && leaves[l] <= j {
			l++
			inside--
		}
		inside++
		most = max(most, inside)
	}
	return most
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
