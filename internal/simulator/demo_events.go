package simulator

import (
	"fmt"
	"time"
)

// events adds two webinars with hundreds of viewers and the rehearsals before.
func (d *demo) events() {
	app := d.app("summit-events", 3)
	days := d.weekdays()
	hosts := d.rng.people(6, "speaker-", "")
	for i, day := range []time.Time{days[1], days[2], days[7]} {
		r := d.room(fmt.Sprintf("Speaker rehearsal %d", i+1), hosts[0], hosts[1:])
		d.rehearsal(app, r, day.Add(16*time.Hour))
	}
	guests := d.rng.people(600, "guest-", "@example.org")
	d.webinar(app, d.room("Summit keynote: l’avenir du climat", hosts[0], guests[:320+d.rng.IntN(80)]),
		TypeMeeting, "WEBINAR", days[3].Add(17*time.Hour))
	d.webinar(app, d.room("Closing panel – 未来への提言", hosts[1], guests[100:580+d.rng.IntN(20)]),
		TypeLivestream, "LIVESTREAM", days[8].Add(18*time.Hour))
}

func (d *demo) rehearsal(app *App, r room, start time.Time) {
	d.enrol(app, r, "host", "host")
	s := d.open(app, r, TypeMeeting, start)
	end := start.Add(d.rng.between(20*time.Minute, 30*time.Minute))
	for _, who := range append(r.people, r.host) {
		join := s.CreatedAt.Add(d.rng.between(2*time.Second, 3*time.Minute))
		d.add(s, stay{
			who: who, preset: "host", view: "GROUP_CALL",
			created: later(join.Add(-d.lobby()), s.CreatedAt),
			visits:  []visit{{join, end.Add(-d.rng.between(0, time.Minute))}},
		})
	}
	d.close(s, StatusEnded)
}

// webinar adds the host and the viewers: most come around the start, a third
// over the first half, and the room empties steadily towards the end.
func (d *demo) webinar(app *App, r room, kind, view string, start time.Time) {
	length := d.rng.between(65*time.Minute, 80*time.Minute)
	end := start.Add(length)
	d.enrol(app, r, "host", "viewer")
	s := d.open(app, r, kind, start.Add(-10*time.Minute))
	d.add(s, stay{
		who: r.host, preset: "host", view: view,
		created: s.CreatedAt, visits: []visit{{s.CreatedAt.Add(5 * time.Second), end}},
	})
	for _, guest := range r.people {
		if d.rng.chance(0.02) {
			guest.customID = "" // enrolled by hand, without the customer's id
		}
		join := start.Add(d.rng.between(-8*time.Minute, 5*time.Minute))
		if d.rng.chance(0.35) {
			join = start.Add(d.rng.between(5*time.Minute, length/2))
		}
		leave := end.Add(-d.rng.between(0, 20*time.Second))
		if d.rng.chance(0.55) {
			leave = join.Add(d.rng.between(2*time.Minute, end.Sub(join)))
		}
		d.viewer(s, guest, view, join, leave)
	}
	d.close(s, StatusEnded)
}

func (d *demo) viewer(s *Session, who attendee, view string, join, leave time.Time) {
	visits := 1
	if d.rng.chance(0.1) {
		visits = 2 + d.rng.IntN(2)
	}
	st := stay{
		who: who, preset: "viewer", view: view,
		created: later(join.Add(-d.lobby()), s.CreatedAt),
		visits:  d.split(join, leave, visits),
	}
	d.add(s, st)
	if d.rng.chance(0.04) && leave.Sub(join) > 12*time.Minute {
		second := join.Add(d.rng.between(3*time.Minute, 9*time.Minute))
		st.created = second.Add(-4 * time.Second)
		st.visits = []visit{{second, leave}}
		d.add(s, st)
	}
}
