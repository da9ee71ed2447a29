package simulator

import (
	"slices"
	"time"
)

// Demo returns a believable account: a school, a clinic and an organiser of
// events, with 60 sessions over the 14 days before now, one of them LIVE. Among
// them are rejoins, second devices, breakout rooms, a session that nobody
// entered, a guest turned away in the waiting room, and a participant whose
// connection broke without a goodbye. The same arguments give the same data.
func Demo(seed uint64, now time.Time) *Data {
	d := &demo{
		rng:  newRandom(seed),
		now:  milli(now),
		data: &Data{AccountID: DemoAccountID},
	}
	d.scribe = scribe{rng: d.rng, id: d.rng.uuid, sparse: true}
	d.school()
	d.clinic()
	d.events()
	for i := range d.data.Apps {
		slices.SortStableFunc(d.data.Apps[i].Sessions, func(a, b *Session) int {
			return a.CreatedAt.Compare(b.CreatedAt)
		})
	}
	return d.data
}

// demo is the state of one Demo call.
type demo struct {
	rng    random
	now    time.Time
	data   *Data
	scribe scribe
}

// app adds an app and returns its id and where its sessions go.
func (d *demo) app(name string, monthsOld int) *App {
	d.data.Apps = append(d.data.Apps, App{
		ID:        d.rng.uuid(),
		Name:      name,
		CreatedAt: d.now.AddDate(0, -monthsOld, 0).Truncate(time.Hour),
	})
	return &d.data.Apps[len(d.data.Apps)-1]
}

// room is a meeting with the people enrolled in it.
type room struct {
	id     string
	title  string
	host   attendee
	people []attendee
}

func (d *demo) room(title string, host attendee, people []attendee) room {
	host.userID = d.rng.uuid()
	people = slices.Clone(people) // the same person has another user_id in each meeting
	for i := range people {
		people[i].userID = d.rng.uuid()
	}
	return room{id: d.rng.uuid(), title: title, host: host, people: people}
}

// enrol gives the app a meeting with everybody who is expected in the room, once.
func (d *demo) enrol(app *App, r room, hostPreset, preset string) {
	for _, m := range app.Meetings {
		if m.ID == r.id {
			return
		}
	}
	m := &Meeting{ID: r.id, CreatedAt: app.CreatedAt.AddDate(0, 0, 7)}
	add := func(who attendee, preset string) {
		m.Enrolled = append(m.Enrolled, &Enrolled{
			ID: who.userID, CustomParticipantID: who.customID, Name: who.name, PresetName: preset, CreatedAt: m.CreatedAt.Add(time.Hour),
		})
	}
	add(r.host, hostPreset)
	for _, who := range r.people {
		add(who, preset)
	}
	app.Meetings = append(app.Meetings, m)
}

// open adds a session of the room that starts then.
func (d *demo) open(app *App, r room, kind string, start time.Time) *Session {
	start = start.Add(d.rng.between(0, 900*time.Millisecond))
	s := &Session{
		ID:           d.rng.uuid(),
		AppID:        app.ID,
		MeetingID:    r.id,
		MeetingTitle: r.title,
		Type:         kind,
		StartedAt:    start,
		CreatedAt:    start.Add(d.rng.between(6*time.Millisecond, 20*time.Millisecond)),
	}
	app.Sessions = append(app.Sessions, s)
	return s
}

func (d *demo) add(s *Session, st stay) {
	p := &Participant{}
	d.scribe.write(p, s, st, nil)
	s.Participants = append(s.Participants, p)
}

// close puts the rows in the order in which they joined and settles the session.
func (d *demo) close(s *Session, status string) {
	slices.SortStableFunc(s.Participants, func(a, b *Participant) int {
		return a.CreatedAt.Compare(b.CreatedAt)
	})
	settle(s, d.rng, status)
}

// weekdays returns midnight UTC of the ten working days among the 14 days
// before now, the oldest first.
func (d *demo) weekdays() []time.Time {
	today := d.now.Truncate(24 * time.Hour)
	var days []time.Time
	for back := 14; back >= 1; back-- {
		day := today.AddDate(0, 0, -back)
		if w := day.Weekday(); w != time.Saturday && w != time.Sunday {
			days = append(days, day)
		}
	}
	return days
}

// split cuts a stay into n visits with short gaps, as of a shaky connection.
// A stay too short for that remains one visit.
func (d *demo) split(join, leave time.Time, n int) []visit {
	var visits []visit
	for ; n > 1; n-- {
		part := leave.Sub(join) / time.Duration(n)
		if part < 2*time.Minute {
			break
		}
		out := join.Add(d.rng.between(part/2, part))
		visits = append(visits, visit{join, out})
		join = out.Add(d.rng.between(3*time.Second, 50*time.Second))
	}
	return append(visits, visit{join, leave})
}

// lobby is how long somebody looks at the set-up screen before the join.
func (d *demo) lobby() time.Duration { return d.rng.between(1500*time.Millisecond, 25*time.Second) }
