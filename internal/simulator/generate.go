package simulator

import (
	"fmt"
	"time"
)

// DemoAccountID is the account of all data sets made here.
const DemoAccountID = "5f1d7a84c02e4b6f9d3a1be8c67f2045"

// Size is the extent of a bulk data set. A zero Apps means one app; any other
// zero means none of that kind.
type Size struct {
	Apps                 int
	Sessions             int // in the whole account, dealt to the apps in turn
	Participants         int // in each session
	EventsPerParticipant int // odd: PEER_CREATED, then pairs; even: pairs only
}

// Generate returns plain bulk data of exactly that size: every session ENDED
// before now, every row and event well formed, participants stored in the order
// in which they joined. The same arguments give the same data.
func Generate(size Size, seed uint64, now time.Time) *Data {
	g := generator{rng: newRandom(seed), size: size, now: milli(now)}
	apps := max(size.Apps, 1)
	d := &Data{AccountID: DemoAccountID, Apps: make([]App, apps)}
	for i := range d.Apps {
		d.Apps[i] = App{
			ID:        g.rng.uuid(),
			Name:      fmt.Sprintf("bulk-%d", i+1),
			CreatedAt: g.now.AddDate(0, -6, 0).Add(time.Duration(i) * time.Hour),
		}
	}
	for i := range max(size.Sessions, 0) {
		app := &d.Apps[i%apps]
		app.Sessions = append(app.Sessions, g.session(app.ID, i))
	}
	return d
}

type generator struct {
	rng  random
	size Size
	now  time.Time
}

// session makes the i-th session. The later the session, the nearer to now.
func (g *generator) session(appID string, i int) *Session {
	const apart = 7 * time.Minute
	start := g.now.Add(-3*time.Hour - time.Duration(g.size.Sessions-i)*apart)
	s := &Session{
		ID:           g.rng.uuid(),
		AppID:        appID,
		MeetingID:    g.rng.uuid(),
		MeetingTitle: fmt.Sprintf("Bulk meeting %d", i+1),
		Type:         TypeMeeting,
		StartedAt:    start,
		CreatedAt:    start.Add(11 * time.Millisecond),
	}
	g.fill(s, start)
	settle(s, g.rng, StatusEnded)
	return s
}

// fill adds the participants. Rows, events and ids of a session each live in
// one slab.
func (g *generator) fill(s *Session, start time.Time) {
	people, perPeer := max(g.size.Participants, 0), max(g.size.EventsPerParticipant, 0)
	visits := perPeer / 2
	ids := g.rng.uuids(people * (2 + perPeer + max(visits, 1)))
	sc := scribe{rng: g.rng, id: ids}
	rows := make([]Participant, people)
	events := make([]PeerEvent, people*perPeer)
	s.Participants = make([]*Participant, people)
	for i := range rows {
		st := g.stay(i, start, visits)
		st.who.userID = ids()
		if perPeer%2 == 0 {
			st.created = time.Time{}
		}
		own := events[i*perPeer : i*perPeer : (i+1)*perPeer]
		if perPeer < 2 {
			g.plain(sc, &rows[i], s, st, own)
		} else {
			sc.write(&rows[i], s, st, own)
		}
		s.Participants[i] = &rows[i]
	}
}

// stay spreads the joins over ten minutes and splits an hour into visits.
func (g *generator) stay(i int, start time.Time, visits int) stay {
	join := start.Add(3*time.Second + time.Duration(i)*10*time.Minute/time.Duration(g.size.Participants))
	st := stay{
		who: attendee{
			name:     fmt.Sprintf("Participant %d", i+1),
			customID: fmt.Sprintf("bulk-%06d", i+1),
		},
		preset:  "student",
		view:    "GROUP_CALL",
		created: join.Add(-2 * time.Second),
	}
	each := time.Hour / time.Duration(max(visits, 1))
	for range max(visits, 1) {
		leave := join.Add(each - g.rng.between(time.Second, each/2))
		st.visits = append(st.visits, visit{join, leave})
		join = join.Add(each)
	}
	return st
}

// plain writes a row whose events do not tell its whole stay: none, or only
// PEER_CREATED.
func (g *generator) plain(sc scribe, p *Participant, s *Session, st stay, own []PeerEvent) {
	sc.write(p, s, st, nil)
	p.Events = append(own, p.Events[:cap(own)]...)
}
