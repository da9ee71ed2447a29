package simulator

import "time"

// clinic adds two appointments of two people on every working day. In one a
// stranger waits in the lobby and is turned away; in one the patient's
// connection breaks, so that their row stays open in an ENDED session.
func (d *demo) clinic() {
	app := d.app("harbour-clinic", 5)
	clinicians := d.rng.people(4, "clin-", "")
	patients := d.rng.people(20, "", "")
	n := 0
	for _, day := range d.weekdays() {
		for _, slot := range []time.Duration{9*time.Hour + 30*time.Minute, 14*time.Hour + 15*time.Minute} {
			patient := patients[n]
			patient.customID = d.rng.uuid()
			r := d.room("Video consultation", clinicians[n%len(clinicians)], []attendee{patient})
			d.appointment(app, r, day.Add(slot), n)
			n++
		}
	}
}

const (
	rejectedAppointment = 5
	crashedAppointment  = 12
)

// appointment adds the n-th consultation; every sixth is by audio only.
func (d *demo) appointment(app *App, r room, start time.Time, n int) {
	view := "GROUP_CALL"
	if n%6 == 4 {
		view, r.title = "AUDIO_ROOM", "Phone consultation"
	}
	d.enrol(app, r, "clinician", "patient")
	s := d.open(app, r, TypeMeeting, start)
	end := start.Add(d.rng.between(11*time.Minute, 38*time.Minute))
	patientIn := s.CreatedAt.Add(d.rng.between(2*time.Second, 20*time.Second))
	clinicianIn := start.Add(d.rng.between(30*time.Second, 5*time.Minute))
	patient := stay{
		who: r.people[0], preset: "patient", view: view,
		created: s.CreatedAt, visits: []visit{{patientIn, end.Add(-d.rng.between(0, 8*time.Second))}},
	}
	if n == crashedAppointment {
		patient.visits[0].leave = time.Time{}
	}
	d.add(s, patient)
	d.add(s, stay{
		who: r.host, preset: "clinician", view: view,
		created: clinicianIn.Add(-time.Second), visits: d.split(clinicianIn, end, 1+n%3/2),
	})
	if n == rejectedAppointment {
		stranger := attendee{name: "iPhone", customID: d.rng.uuid(), userID: d.rng.uuid()}
		d.add(s, stay{who: stranger, preset: "patient", view: view, created: start.Add(7 * time.Minute)})
	}
	d.close(s, StatusEnded)
}
