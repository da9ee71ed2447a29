package simulator

import "time"

// school adds classes of 20 to 35 students, three on every working day. One of
// them has breakout rooms; there is also an empty session and the LIVE one.
func (d *demo) school() {
	app := d.app("northside-school", 9)
	rooms := d.courses()
	slots := []time.Duration{8*time.Hour + 15*time.Minute, 10 * time.Hour, 13*time.Hour + 30*time.Minute}
	days := d.weekdays()
	for i, day := range days {
		for j, slot := range slots {
			r, start := rooms[(3*i+j)%len(rooms)], day.Add(slot)
			if i == len(days)/2 && j == 1 {
				d.breakout(app, r, start)
				continue
			}
			d.class(app, r, start, start.Add(d.rng.between(42*time.Minute, 55*time.Minute)))
		}
	}
	empty := d.open(app, rooms[2], TypeMeeting, days[len(days)-1].Add(15*time.Hour+30*time.Minute))
	d.close(empty, StatusEnded)
	d.live(app, rooms[4])
}

func (d *demo) courses() []room {
	titles := []string{"Algebra 2", "Biology 8A", "Español 7", "Histoire-Géo", "Chemistry 9B", "Музыка", "Robotics 🤖", "Literature 10"}
	teachers := d.rng.people(len(titles), "tea-", "")
	pupils := d.rng.people(180, "stu-", "")
	rooms := make([]room, len(titles))
	for i, title := range titles {
		from := d.rng.IntN(len(pupils) - 35)
		size := 20 + d.rng.IntN(16)
		rooms[i] = d.room(title, teachers[i], pupils[from:from+size])
	}
	return rooms
}

// class adds one lesson with its teacher, stragglers, rejoins and second devices.
func (d *demo) class(app *App, r room, start, end time.Time) {
	d.enrol(app, r, "teacher", "student")
	s := d.open(app, r, TypeMeeting, start)
	d.add(s, stay{
		who: r.host, preset: "teacher", view: "GROUP_CALL",
		created: s.CreatedAt, visits: []visit{{s.CreatedAt.Add(4 * time.Second), end}},
	})
	for _, pupil := range r.people {
		if d.rng.chance(0.07) {
			continue // absent
		}
		join := start.Add(d.rng.between(8*time.Second, 4*time.Minute))
		if d.rng.chance(0.1) {
			join = join.Add(d.rng.between(2*time.Minute, 15*time.Minute))
		}
		leave := end.Add(-d.rng.between(0, 90*time.Second))
		if d.rng.chance(0.08) {
			leave = join.Add(d.rng.between(3*time.Minute, 20*time.Minute))
		}
		d.pupil(s, pupil, join, leave)
	}
	d.close(s, StatusEnded)
}

// pupil adds one student: some rejoin under the same row, some bring a phone,
// which is a second row that overlaps with the first.
func (d *demo) pupil(s *Session, who attendee, join, leave time.Time) {
	visits := 1
	if d.rng.chance(0.18) {
		visits = 2 + d.rng.IntN(3)
	}
	created := later(join.Add(-d.lobby()), s.CreatedAt)
	st := stay{
		who: who, preset: "student", view: "GROUP_CALL",
		created: created, visits: d.split(join, leave, visits),
	}
	d.add(s, st)
	if !d.rng.chance(0.05) || leave.Sub(join) < 10*time.Minute {
		return
	}
	second := join.Add(d.rng.between(2*time.Minute, 5*time.Minute))
	st.who.name += " (phone)"
	st.created = second.Add(-5 * time.Second)
	st.visits = []visit{{second, second.Add(d.rng.between(time.Minute, 4*time.Minute))}}
	d.add(s, st)
}

// breakout adds a lesson whose students move to three rooms and come back. The
// rooms are sessions of their own, of type participant.
func (d *demo) breakout(app *App, r room, start time.Time) {
	end := start.Add(55 * time.Minute)
	out, back := start.Add(15*time.Minute), start.Add(40*time.Minute)
	s := d.open(app, r, TypeMeeting, start)
	d.add(s, stay{
		who: r.host, preset: "teacher", view: "GROUP_CALL",
		created: s.CreatedAt, visits: []visit{{s.CreatedAt.Add(4 * time.Second), end}},
	})
	var rooms []*Session
	for _, title := range []string{"Room 1", "Room 2", "Room 3"} {
		child := d.open(app, room{id: d.rng.uuid(), title: r.title + ": " + title}, TypeParticipant, out)
		child.ParentID = s.ID
		rooms = append(rooms, child)
	}
	for i, pupil := range r.people {
		d.move(s, rooms[i%len(rooms)], pupil, []time.Time{start, out, back, end})
	}
	for _, child := range rooms {
		d.close(child, StatusEnded)
	}
	d.close(s, StatusEnded)
}

// move lets a student be in the parent, then in the room, then in the parent.
// The times are start, out, back and end of the lesson.
func (d *demo) move(parent, child *Session, who attendee, at []time.Time) {
	join := at[0].Add(d.rng.between(8*time.Second, 3*time.Minute))
	out := at[1].Add(d.rng.between(time.Second, 9*time.Second))
	back := at[2].Add(d.rng.between(time.Second, 9*time.Second))
	st := stay{who: who, preset: "student", view: "GROUP_CALL", created: later(join.Add(-d.lobby()), parent.CreatedAt)}
	st.visits = []visit{{join, out}, {back.Add(1500 * time.Millisecond), at[3].Add(-d.rng.between(0, time.Minute))}}
	d.add(parent, st)
	st.created = out.Add(600 * time.Millisecond)
	st.visits = []visit{{out.Add(1400 * time.Millisecond), back}}
	d.add(child, st)
}

// live adds the lesson that is going on now: nearly everybody is still inside.
func (d *demo) live(app *App, r room) {
	start := d.now.Add(-23 * time.Minute)
	s := d.open(app, r, TypeMeeting, start)
	d.add(s, stay{
		who: r.host, preset: "teacher", view: "GROUP_CALL",
		created: s.CreatedAt, visits: []visit{{join: s.CreatedAt.Add(3 * time.Second)}},
	})
	for i, pupil := range r.people {
		join := start.Add(d.rng.between(10*time.Second, 6*time.Minute))
		st := stay{
			who: pupil, preset: "student", view: "GROUP_CALL",
			created: later(join.Add(-d.lobby()), s.CreatedAt), visits: []visit{{join: join}},
		}
		switch i % 9 {
		case 3: // left early
			st.visits[0].leave = join.Add(d.rng.between(2*time.Minute, 12*time.Minute))
		case 5: // left and came back
			st.visits[0].leave = join.Add(d.rng.between(2*time.Minute, 8*time.Minute))
			st.visits = append(st.visits, visit{join: st.visits[0].leave.Add(40 * time.Second)})
		}
		d.add(s, st)
	}
	d.close(s, StatusLive)
}
