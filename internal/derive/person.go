package derive

import (
	"bytes"
	"cmp"
	"math/bits"
	"slices"
	"strings"
)

// Person is a person in the session: a row of analytics.session_people.
type Person struct {
	ID                               string
	CustomID, Name, Preset, ViewType string // of the first presence that has one; empty for null
	FirstJoinAt, LastLeaveAt         Time
	Present                          Time // inside, each microsecond once
	Share                            int  // of the session, in ten thousandths; -1 where it has no length
	Participants                     int
	Open, ByRow                      bool // whether an end is assumed, a presence comes from the participant's row
	Split                            bool // whether the presences fall on several days or presets
	Presence                         []Span
	CustomIDs                        []string // of each presence, where they are not all the same; else nil
	UserID                           string   // of the first presence that has one
	Guest                            bool     // whether no presence has an id of the customer's own
	Contradicted                     bool     // whether a participant's row says other times than its events
}

// Piece is a part of a person's presences on one day with one preset: a row of
// analytics.session_person_days.
type Piece struct {
	PersonID         string
	Day              int // of the zone of the session, from 2000-01-01
	Number           int // among the presets of the person on that day, from 1
	Preset, ViewType string
	Presence         []Span
}

// visit is a presence and whose it is.
type visit struct {
	*Presence

	who    *Participant
	person string
}

// peopleOf gives the people by their ids.
func peopleOf(s *Session, presences []Presence) (people []Person, pieces []Piece, shared int) {
	visits := make([]visit, 0, len(presences))
	ids := make([]string, len(s.Participants))
	for i := range s.Participants {
		ids[i] = s.Identity.person(&s.Participants[i])
	}
	for i := range presences {
		p := &presences[i]
		if id := ids[p.Participant]; id != "" {
			visits = append(visits, visit{p, &s.Participants[p.Participant], id})
		}
	}
	// In order, so that the first of each is the first in time.
	slices.SortFunc(visits, func(a, b visit) int {
		return cmp.Or(strings.Compare(a.person, b.person), cmp.Compare(a.JoinedAt, b.JoinedAt), bytes.Compare(a.who.ID[:], b.who.ID[:]))
	})
	people = make([]Person, 0, len(s.Participants))
	for len(visits) > 0 {
		n := 1
		for n < len(visits) && visits[n].person == visits[0].person {
			n++
		}
		p := personOf(s, visits[:n])
		if p.Split {
			pieces = append(pieces, piecesOf(s.Zone, visits[:n])...)
		}
		if p.Participants > 1 && underSeveralNames(visits[:n]) {
			shared++
		}
		people = append(people, p)
		visits = visits[n:]
	}
	return people, pieces, shared
}

// personOf derives a person from all presences, in order.
func personOf(s *Session, visits []visit) Person {
	first := visits[0]
	p := Person{ID: first.person, FirstJoinAt: first.JoinedAt, LastLeaveAt: first.LeftAt, Share: -1, Guest: true}
	p.Presence = make([]Span, 0, len(visits))
	firstDay := s.Zone.DayOf(p.FirstJoinAt)
	lastDay := firstDay
	several := false // custom ids
	for _, v := range visits {
		several = several || v.who.CustomID != first.who.CustomID
		p.Guest = p.Guest && (v.who.CustomID == "" || s.Identity.isNobody(v.who.CustomID))
		p.UserID = cmp.Or(p.UserID, v.who.UserID)
		p.CustomID, p.Name = cmp.Or(p.CustomID, v.who.CustomID), cmp.Or(p.Name, v.who.Name)
		p.Preset, p.ViewType = cmp.Or(p.Preset, v.who.Preset), max(p.ViewType, v.ViewType)
		p.LastLeaveAt = max(p.LastLeaveAt, v.LeftAt)
		p.Open, p.ByRow = p.Open || v.isAssumed(), p.ByRow || !v.ByEvents
		if v.Number == 1 {
			p.Participants++
		}
		_, last := s.Zone.days(v.Presence)
		lastDay = max(lastDay, last)
		p.Split = p.Split || v.who.Preset != first.who.Preset || v.ViewType != first.ViewType
		p.Presence = append(p.Presence, Span{v.JoinedAt, v.LeftAt})
	}
	p.Split = p.Split || firstDay != lastDay
	p.Contradicted = contradicted(visits)
	p.Presence = Merged(p.Presence)
	p.Present = length(p.Presence)
	if s.EndsAt > s.StartsAt {
		p.Share = share(p.Presence, s)
	}
	if several {
		for _, v := range visits {
			if v.who.CustomID != "" {
				p.CustomIDs = append(p.CustomIDs, v.who.CustomID)
			}
		}
	}
	return p
}

// contradicted reports whether the row of a participant says times that are more than a
// minute away from those of all of its visits, which are in order. It looks at each visit
// once: a person may be thousands of participants.
func contradicted(visits []visit) bool {
	const most Time = 60e6
	apart := func(a, b Time) bool { return a != None && max(a, b)-min(a, b) > most }
	last := make(map[*Participant]Time)
	for _, v := range visits {
		if at, known := last[v.who]; !known || v.LeftAt > at {
			last[v.who] = v.LeftAt
		}
	}
	return slices.ContainsFunc(visits, func(v visit) bool {
		return v.Number == 1 && v.ByEvents && (apart(v.who.JoinedAt, v.JoinedAt) || apart(v.who.LeftAt, last[v.who]))
	})
}

// share gives which part of the session spans take, in ten thousandths, rounded.
func share(spans []Span, s *Session) int {
	var inside Time
	for _, v := range spans {
		inside += max(min(v.End, s.EndsAt)-max(v.Start, s.StartsAt), 0)
	}
	total := uint64(s.EndsAt - s.StartsAt) //nolint:gosec // the end is after the start
	high, low := bits.Mul64(uint64(inside), 10_000)
	quotient, rest := bits.Div64(high, low, total)
	if rest >= total-rest {
		quotient++
	}
	return int(quotient) //nolint:gosec // 10,000 at most
}

// piecesOf divides the presences of a person by day and preset.
func piecesOf(zone *Zone, visits []visit) (pieces []Piece) {
	for _, v := range visits {
		zone.pieces(v.Presence, func(day int, part Span) {
			pieces = append(pieces, Piece{PersonID: v.person, Day: day, Preset: v.who.Preset, ViewType: v.ViewType, Presence: []Span{part}})
		})
	}
	slices.SortStableFunc(pieces, func(a, b Piece) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), nullsLast(a.Preset, b.Preset), nullsLast(a.ViewType, b.ViewType))
	})
	whole := pieces[:0]
	for _, p := range pieces {
		n := len(whole)
		if n > 0 && whole[n-1].Day == p.Day && whole[n-1].Preset == p.Preset && whole[n-1].ViewType == p.ViewType {
			whole[n-1].Presence = append(whole[n-1].Presence, p.Presence...)
			continue
		}
		p.Number = 1
		if n > 0 && whole[n-1].Day == p.Day {
			p.Number = whole[n-1].Number + 1
		}
		whole = append(whole, p)
	}
	for i := range whole {
		whole[i].Presence = Merged(whole[i].Presence)
	}
	return whole
}

// nullsLast compares texts of which the empty one is null.
func nullsLast(a, b string) int {
	if a != b && (a == "" || b == "") {
		return -strings.Compare(a, b)
	}
	return strings.Compare(a, b)
}
