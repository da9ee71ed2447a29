package derive

import (
	"cmp"
	"slices"
	"strings"
)

// Presence is one time that a participant was inside: a row of analytics.presences, which
// is a view of the arrays that are stored.
type Presence struct {
	Participant      int // its index
	JoinedAt, LeftAt Time
	Number           int // among those of its participant, from 1
	Kind             byte
	ByEvents, Cut    bool
	ViewType, Peer   string // empty for null
}

// Kinds of ends, as analytics.presences names them.
const (
	endLeaving     = 'l'
	endNextJoining = 'n'
	endParticipant = 'p'
	endSession     = 'e' // assumed
)

// moment is what a peer did at one instant: as many leavings as joinings cancel
// each other.
type moment struct {
	participant int
	peer        string
	at          Time
	net         int
	viewType    string
}

// momentsOf gives the moments by participant, peer and time.
func momentsOf(events []Event) []moment {
	slices.SortFunc(events, func(a, b Event) int {
		return cmp.Or(cmp.Compare(a.Participant, b.Participant), strings.Compare(a.Peer, b.Peer), cmp.Compare(a.At, b.At))
	})
	moments := make([]moment, 0, len(events))
	for i := range events {
		e := &events[i]
		if e.Move == 0 || e.At == None {
			continue
		}
		if n := len(moments); n > 0 {
			if m := &moments[n-1]; m.participant == e.Participant && m.peer == e.Peer && m.at == e.At {
				m.net += e.Move
				m.viewType = max(m.viewType, e.ViewType)
				continue
			}
		}
		moments = append(moments, moment{e.Participant, e.Peer, e.At, e.Move, e.ViewType})
	}
	return moments
}

// stay is a presence before it has a number, and before absurd times are cut.
type stay struct {
	peer               string
	joinedAt, recorded Time // recorded: None where nobody recorded the end
	kind               byte // of the end that is recorded
}

// presencesOf gives the presences by participant and number.
func presencesOf(s *Session, moments []moment) []Presence {
	all := make([]Presence, 0, len(s.Participants)*2)
	var stays []stay
	for i := range s.Participants {
		n := 0
		for n < len(moments) && moments[n].participant == i {
			n++
		}
		var viewType string
		stays, viewType = staysOf(&s.Participants[i], moments[:n], stays[:0])
		byEvents := len(stays) > 0
		moments = moments[n:]
		if p := &s.Participants[i]; !byEvents && p.JoinedAt != None {
			recorded := None
			if p.LeftAt != None {
				recorded = max(p.LeftAt, p.JoinedAt)
			}
			stays = append(stays, stay{joinedAt: p.JoinedAt, recorded: recorded, kind: endParticipant})
		}
		slices.SortFunc(stays, inOrder)
		for k := range stays {
			p := stays[k].presence(s)
			p.Participant, p.Number, p.ByEvents, p.ViewType = i, k+1, byEvents, viewType
			all = append(all, p)
		}
	}
	return all
}

// staysOf adds those that the events of a participant tell of.
func staysOf(p *Participant, moments []moment, stays []stay) (_ []stay, viewType string) {
	for len(moments) > 0 {
		n := 0
		for n < len(moments) && moments[n].peer == moments[0].peer {
			viewType = max(viewType, moments[n].viewType)
			n++
		}
		stays = staysOfPeer(p, moments[:n], stays)
		moments = moments[n:]
	}
	return stays, viewType
}

// staysOfPeer adds those of one peer. A stay lasts from the first joining to the leaving
// that balances all, since the old connection's leaving may come after the new one's
// joining; a joining for which there is no leaving lasts until the next.
func staysOfPeer(p *Participant, moments []moment, stays []stay) []stay {
	open := balance(moments)
	before := 0
	for i := range moments {
		m := &moments[i]
		switch {
		case m.net == 0: // of no length, and it ends no other
			stays = append(stays, stay{m.peer, m.at, m.at, endLeaving})
			continue
		case m.net > 0 && before == 0:
			s := stay{m.peer, m.at, None, endParticipant}
			if end := nextEdge(moments, open, i); end >= 0 {
				s.recorded, s.kind = moments[end].at, endNextJoining
				if open[i] > 0 {
					s.kind = endLeaving
				}
			} else if p.LeftAt > m.at {
				s.recorded = p.LeftAt
			}
			stays = append(stays, s)
		}
		before = open[i]
	}
	return stays
}

// balance gives how many connections of a peer are open after each moment and have
// their leaving still to come.
func balance(moments []moment) []int {
	open := make([]int, len(moments))
	depth := 0
	for i := range moments {
		depth = max(0, depth+moments[i].net) // a leaving of none changes nothing
		open[i] = depth
	}
	lowest := depth
	for i := len(open) - 1; i >= 0; i-- {
		lowest = min(lowest, open[i])
		open[i] -= lowest
	}
	return open
}

// nextEdge gives the moment at which the stay that begins with i ends, and -1 where
// there is none.
func nextEdge(moments []moment, open []int, i int) int {
	for k := i + 1; k < len(moments); k++ {
		if moments[k].net != 0 && (open[i] == 0 || open[k] == 0) {
			return k
		}
	}
	return -1
}

// inOrder sorts by start, peer and end; nulls come last.
func inOrder(a, b stay) int {
	if order := cmp.Compare(a.joinedAt, b.joinedAt); order != 0 {
		return order
	}
	if a.peer != b.peer {
		switch {
		case a.peer == "":
			return 1
		case b.peer == "":
			return -1
		}
		return strings.Compare(a.peer, b.peer)
	}
	return 0 // a peer has one moment at a time
}

// presence gives an end to the stay and cuts what is absurd.
func (s stay) presence(of *Session) Presence {
	leftAt, kind := s.recorded, s.kind
	if leftAt == None {
		leftAt, kind = max(s.joinedAt, of.EndsAt), endSession
	}
	earliest, latest := min(of.StartsAt, of.EndsAt)-day, max(of.StartsAt, of.EndsAt)+day
	p := Presence{Peer: s.peer, Kind: kind}
	p.JoinedAt = min(max(s.joinedAt, earliest), latest)
	p.LeftAt = min(max(leftAt, earliest), latest, p.JoinedAt+longest)
	p.Cut = p.JoinedAt != s.joinedAt || p.LeftAt != leftAt
	return p
}

// isAssumed reports whether nobody recorded the end.
func (p *Presence) isAssumed() bool { return p.Kind == endSession }
