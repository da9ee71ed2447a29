package analytics_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// lesson is what took place in a meeting: by sessions, one after the other, or by the
// timetable.
type lesson struct {
	sessions     []*session
	from, to     int
	seconds      int // of its sessions, each by itself
	grace        int
	final, timed bool
}

// rules of lessons, in ticks: gap is the first that is too long.
type rules struct{ people, seconds, gap, grace int }

func rulesOf(s *session) rules {
	r := rules{2, 300, 10, 10}
	if s.app == "b" {
		r = rules{1, 600, 0, 2}
		if n, err := strconv.Atoi(strings.TrimPrefix(s.meeting, "m")); err != nil || n <= 50 {
			r.people = 3
		}
	}
	return r
}

// enrolled is a row of realtimekit.meeting_participants.
type enrolled struct {
	app, meeting, id, custom, name, preset string
	created, listed                        int // listed: last, of who is enrolled no more
}

func (e *enrolled) person() string {
	s := session{app: e.app}
	return s.person(&participant{user: e.id, custom: e.custom, name: e.name, preset: e.preset})
}

// hasOwnID reports whether an own id says who the enrolled is.
func (e *enrolled) hasOwnID() bool {
	return e.custom != "" && e.person() == e.custom
}

// isOf reports whether somebody who came has an id of the enrolled.
func (e *enrolled) isOf(p *participant) bool {
	return p.user == e.id || e.hasOwnID() && p.custom == e.custom
}

func (e *enrolled) during(l *lesson) bool {
	return (e.created == none || e.created < l.to) && (e.listed == none || e.listed >= l.from)
}

// timed is a row of analytics.timetable, and excuse of analytics.excuses.
type timed struct {
	app, meeting    string
	from, to, grace int
}

type excuse struct {
	app, meeting, person, reason string
	from, to                     int
}

// school is what users fill in about lessons, and who is enrolled.
type school struct {
	enrolled  []*enrolled
	timetable []timed
	excuses   []excuse
}

// school makes one, and stores all but the timetable.
func (db *database) school(m *maker, world []*session) *school {
	db.t.Helper()
	var c school
	for n := range 600 {
		e := &enrolled{
			app: m.pick("a", "b"), meeting: fmt.Sprint("m", m.IntN(150)), id: m.pick("u1", "u2", "u3", "u4", "e1", "e2"), custom: m.pick("", "", "c1", "c2", "u1", "guest", "c9"),
			name: m.pick("", "Ana", "Dee"), preset: m.pick("", "student", "student", "recorder"), created: m.time(0.3), listed: none,
		}
		if m.chance(0.2) {
			e.listed = m.time(0)
		}
		if slices.ContainsFunc(c.enrolled, func(o *enrolled) bool { return o.app == e.app && o.meeting == e.meeting && o.id == e.id }) {
			continue
		}
		c.enrolled = append(c.enrolled, e)
		db.exec(`INSERT INTO realtimekit.meeting_participants (app_id, meeting_id, meeting_participant_id, custom_participant_id, display_name, preset_name, created_at, last_listed_at, removed_at, first_synced_at, synced_at, run_id)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, now(), now(), 1)`, e.app, e.meeting, e.id, orNull(e.custom), orNull(e.name), orNull(e.preset), db.at(e.created), db.at(e.listed))
		s := world[n]
		people := slices.Sorted(maps.Keys(s.people()))
		if len(people) == 0 {
			continue
		}
		x := excuse{s.app, m.pick("", s.meeting), people[0], m.pick("", "ill"), m.time(0), none}
		x.to = x.from + 1 + m.IntN(20)
		c.excuses = append(c.excuses, x)
		db.exec(`INSERT INTO analytics.excuses (app_id, meeting_id, person_id, reason, starts_at, ends_at) VALUES ($1, $2, $3, nullif($4, ''), $5, $6)`,
			x.app, x.meeting, x.person, x.reason, db.at(x.from), db.at(x.to))
	}
	return &c
}

// timeLessons fills the timetable: of all of app a, and of some meetings.
func (db *database) timeLessons(c *school) {
	db.t.Helper()
	c.timetable = append(c.timetable, timed{"a", "", 3, 9, none})
	for n := range 40 {
		app, meeting := []string{"a", "b"}[n%2], fmt.Sprint("m", 3*n)
		c.timetable = append(c.timetable, timed{app, meeting, 2, 12, 1 + n%5}, timed{app, meeting, 12, 30, none})
	}
	for _, x := range c.timetable {
		var grace any
		if x.grace != none {
			grace = 30 * x.grace
		}
		db.exec(`INSERT INTO analytics.timetable (app_id, meeting_id, starts_at, ends_at, grace_seconds) VALUES ($1, $2, $3, $4, $5)`, x.app, x.meeting, db.at(x.from), db.at(x.to), grace)
	}
}

// times gives the lessons of the timetable that a session is in.
func (c *school) times(s *session) (all []timed) {
	for _, meeting := range []string{s.meeting, ""} {
		found := false
		for _, x := range c.timetable {
			if x.app != s.app || x.meeting != meeting {
				continue
			}
			found = true
			if end, _ := s.end(); x.from < end && x.to > s.start() {
				all = append(all, x)
			}
		}
		if found {
			return all
		}
	}
	return nil
}

// lessons goes through the sessions of each meeting in order.
func (c *school) lessons(world []*session) (all []*lesson) {
	open := map[string]*lesson{}
	world = slices.Clone(world)
	slices.SortFunc(world, func(a, b *session) int { return cmp.Or(cmp.Compare(a.start(), b.start()), cmp.Compare(a.id, b.id)) })
	add := func(key string, s *session, fresh lesson) {
		l := open[key]
		if l == nil || !l.timed && s.start() >= l.to+rulesOf(s).gap {
			l = &fresh
			open[key] = l
			all = append(all, l)
		}
		l.sessions = append(l.sessions, s)
		l.final = l.final && s.status == "ENDED" && s.read != none && s.complete
		if !l.timed {
			end, _ := s.end()
			end = max(end, s.start())
			l.to, l.seconds = max(l.to, end), l.seconds+30*(end-s.start())
		}
	}
	for _, s := range world {
		if s.meeting == "" || s.start() == none {
			continue
		}
		times := c.times(s)
		for _, x := range times {
			add(fmt.Sprint(s.app, s.meeting, " at ", x.from), s, lesson{from: x.from, to: x.to, grace: first(x.grace, rulesOf(s).grace), final: true, timed: true})
		}
		if len(times) == 0 && len(s.people()) >= rulesOf(s).people {
			add(s.app+s.meeting, s, lesson{from: s.start(), to: s.start(), grace: rulesOf(s).grace, final: true})
		}
	}
	return slices.DeleteFunc(all, func(l *lesson) bool { return !l.timed && l.seconds < rulesOf(l.sessions[0]).seconds })
}

// wantLessons compares lessons, their registers and who missed them.
func (db *database) wantLessons(world []*session, c *school) {
	db.t.Helper()
	var lines, register, missed []string
	attended := map[string]int{}
	for _, s := range world {
		for id := range s.people() {
			attended[s.app+","+s.meeting+","+id]++
		}
	}
	for _, l := range c.lessons(world) {
		first := l.sessions[0]
		most := 0
		for _, s := range l.sessions {
			most = max(most, len(s.people()))
		}
		lines = append(lines, row(first.id, first.app, first.meeting, l.from, l.to, len(l.sessions), most, l.final))
		register = append(register, c.register(l)...)
		missed = append(missed, c.missed(l, most, attended)...)
	}
	if len(lines) < len(world)/10 || len(missed) < 40 {
		db.t.Errorf("only %d lessons in %d sessions, missed %d times", len(lines), len(world), len(missed))
	}
	db.want("occurrences", db.lines(`SELECT occurrence_id, app_id, meeting_id, pg_temp.k(starts_at), pg_temp.k(ends_at), sessions, most_people, is_final FROM analytics.occurrences`), lines)
	db.want("register", db.lines(`SELECT occurrence_id, person_id, is_enrolled, status, has_left_early, pg_temp.k(first_join_at), pg_temp.k(last_leave_at), present_seconds, coalesce(share::text, '-'),
		is_excused, coalesce(nullif(excuse, ''), '-') FROM analytics.register`), register)
	db.want("no_shows", db.lines(`SELECT session_id, pg_temp.k(session_started_at), person_id, pg_temp.k(enrolled_at), is_final, was_in_waiting_room, nobody_came, meeting_sessions_attended FROM analytics.no_shows`), missed)
}

// came gives who was inside during the lesson.
func (l *lesson) came() map[string]*person {
	all := map[string]*person{}
	for _, s := range l.sessions {
		for id, p := range s.people() {
			if p.within(l.from, l.to) {
				all[id] = joined(all[id], p)
			}
		}
	}
	return all
}

// joined puts two into one, of which the first may be nobody yet.
func joined(a, b *person) *person {
	if a == nil {
		return b
	}
	both := *a
	both.first, both.last, both.inside = min(a.first, b.first), max(a.last, b.last), a.inside || b.inside
	for k := range both.presence {
		both.presence[k] |= b.presence[k]
	}
	return &both
}

// members gives the people enrolled during the lesson, each with those as whom they came.
func (c *school) members(l *lesson, came map[string]*person) map[string][]string {
	of := map[string][]string{}
	for _, e := range c.enrolled {
		id := e.person()
		if e.app != l.sessions[0].app || e.meeting != l.sessions[0].meeting || id == "" || !e.during(l) {
			continue
		}
		found := of[id]
		if came[id] != nil {
			found = append(found, id)
		}
		for _, s := range l.sessions {
			for _, p := range s.participants {
				if as := s.person(p); e.isOf(p) && came[as] != nil {
					found = append(found, as)
				}
			}
		}
		slices.Sort(found)
		of[id] = slices.Compact(found)
	}
	return of
}

func (c *school) register(l *lesson) (lines []string) {
	came := l.came()
	rows, matched, enrolled := map[string]*person{}, map[string]bool{}, map[string][]string{}
	for id, as := range c.members(l, came) {
		key := id
		if len(as) > 0 && came[id] == nil {
			key = as[0]
		}
		enrolled[key] = append(enrolled[key], id)
		if _, known := rows[key]; !known {
			rows[key] = nil
		}
		for _, a := range as {
			rows[key], matched[a] = joined(rows[key], came[a]), true
		}
	}
	for key, p := range rows {
		lines = append(lines, c.entry(l, c.knownAs(l, key, enrolled[key]), p, true))
	}
	for id, p := range came {
		if !matched[id] {
			lines = append(lines, c.entry(l, id, p, false))
		}
	}
	return lines
}

// knownAs gives the id of a row of the register: as whom the person came, unless they are
// enrolled as nobody but others, under an own id.
func (c *school) knownAs(l *lesson, key string, enrolled []string) string {
	if slices.Contains(enrolled, key) {
		return key
	}
	own := ""
	for _, e := range c.enrolled {
		if home := l.sessions[0]; e.app == home.app && e.meeting == home.meeting && e.during(l) && e.hasOwnID() && slices.Contains(enrolled, e.custom) && (own == "" || e.custom < own) {
			own = e.custom
		}
	}
	return cmp.Or(own, key)
}

// entry is a line of the register; p is nil for who did not come.
func (c *school) entry(l *lesson, id string, p *person, isEnrolled bool) string {
	excused, reason := false, ""
	for _, x := range c.excuses {
		if s := l.sessions[0]; x.app == s.app && x.person == id && (x.meeting == "" || x.meeting == s.meeting) && x.from < l.to && x.to > l.from {
			excused, reason = true, cmp.Or(reason, x.reason)
		}
	}
	status, early, inside, share := "present", false, 0, "-"
	from, to := none, none
	if p != nil {
		from, to = p.first, p.last
		early, inside = !p.inside && l.to-min(p.last, l.to) > l.grace, p.presence.count(l.from, l.to)
	}
	switch {
	case p == nil && excused:
		status = "excused"
	case p == nil:
		status = "absent"
	case max(p.first, l.from)-l.from > l.grace:
		status = "late"
	case early:
		status = "left_early"
	}
	if l.to > l.from {
		share = strings.Trim(row(ratio(inside, l.to-l.from, 10_000)), "()")
	}
	return row(l.sessions[0].id, id, isEnrolled, status, early, k(from), k(to), 30*inside, share, excused, dash(reason))
}

// missed gives who was enrolled and was not inside during the lesson.
func (c *school) missed(l *lesson, most int, attended map[string]int) (lines []string) {
	home := l.sessions[0]
	type who struct {
		created                 int
		during, entered, waited bool
	}
	all := map[string]who{}
	for _, e := range c.enrolled {
		id := e.person()
		if e.app != home.app || e.meeting != home.meeting || id == "" {
			continue
		}
		w, known := all[id]
		if !known {
			w.created = none
		}
		if e.created != none && (w.created == none || e.created < w.created) {
			w.created = e.created
		}
		w.during = w.during || e.during(l)
		for _, s := range l.sessions {
			for _, p := range s.participants {
				if e.isOf(p) {
					w.waited, w.entered = w.waited || !p.hasEntered(), w.entered || p.hasEntered() && (!l.timed || s.reaches(p, l))
				}
			}
		}
		all[id] = w
	}
	for id, w := range all {
		if w.during && !w.entered {
			lines = append(lines, row(home.id, l.from, id, k(w.created), l.final, w.waited, most == 0, attended[home.app+","+home.meeting+","+id]))
		}
	}
	return lines
}

// reaches reports whether a stay of the participant's reaches into a lesson.
func (s *session) reaches(p *participant, l *lesson) bool {
	return slices.ContainsFunc(s.stays(p), func(i interval) bool {
		return i.from < l.to && (i.to > l.from && i.to > i.from || i.to == i.from && i.from >= l.from)
	})
}

func (p *participant) hasEntered() bool {
	return p.joined != none || slices.ContainsFunc(p.events, func(e event) bool { return e.name == "PEER_JOINING" || e.name == "PEER_LEAVING" })
}

// within leaves of a person the stays that reach into a lesson, and reports whether
// there is one. Who left in the instant of joining has none, and was there at that time.
func (p *person) within(from, to int) bool {
	if p.presence.total() == 0 {
		return p.first >= from && p.first < to
	}
	var kept slots
	first, last := none, none
	for k := -margin; k < width-margin; k++ {
		end := k
		for end < width-margin && p.presence.count(end, end+1) == 1 {
			end++
		}
		if k < to && end > from && end > k {
			if first == none {
				first = k
			}
			last = end
			for n := k; n < end; n++ {
				kept[n+margin] = 1
			}
		}
		k = end
	}
	p.first, p.last, p.presence = first, last, kept
	return first != none
}
