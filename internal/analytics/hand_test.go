package analytics_test

import (
	"sync/atomic"
	"testing"
)

// join, leave and created are events at a tick, of the participant's own peer
// unless one is named.
func does(name string, at int, peer ...string) event {
	e := event{id: uuid("eeeeeeee", int(nextEvent.Add(1))), name: name, at: at, view: "GROUP_CALL"}
	if len(peer) > 0 {
		e.peer = peer[0]
	}
	return e
}

// nextEvent is shared by tests that run at once.
var nextEvent atomic.Int64

func join(at int, peer ...string) event  { return does("PEER_JOINING", at, peer...) }
func leave(at int, peer ...string) event { return does("PEER_LEAVING", at, peer...) }
func created(at int) event               { return does("PEER_CREATED", at) }

// peer is a participant without times of its own.
func peer(n int, user string, events ...event) *participant {
	return &participant{
		id: uuid("aaaaaaaa", n), user: user, custom: "c-" + user, name: "N-" + user, preset: "student",
		joined: none, left: none, created: none, removed: none, events: events,
	}
}

// ended is a session from tick 0 to its end.
func ended(n, end int, participants ...*participant) *session {
	return &session{
		id: uuid("00000000", n), app: "a", status: "ENDED", started: 0, ended: end, created: 0, read: end, synced: end,
		complete: true, minutes: none, peak: none, participants: participants,
	}
}

// classroom is one lesson of an hour (0 to 120) whose numbers are worked out by
// hand in the tests below: Ana rejoins and has a phone, Bo is in the lobby from
// 10 and inside from 20 without ever leaving, Cy leaves in the instant of
// joining, Dee is turned away.
func classroom() *session {
	ana := peer(1, "ana", created(0), join(2), leave(40), join(50, "new-peer"), leave(120, "new-peer"))
	phone := peer(2, "ana", join(30), leave(60))
	bo := peer(3, "bo", created(10), join(20))
	cy := peer(4, "cy", join(70), leave(70))
	dee := peer(5, "dee", created(80))
	s := ended(1, 120, ana, phone, bo, cy, dee)
	s.minutes, s.peak = 104, 3
	return s
}

func TestClassroom(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.store(classroom())
	db.refresh(500)
	for name, c := range map[string]struct {
		sql  string
		want []string
	}{
		"presences": {
			`SELECT participant_id, pg_temp.k(joined_at), pg_temp.k(left_at), left_at_source, is_open FROM analytics.participant_intervals`,
			[]string{
				row(uuid("aaaaaaaa", 1), 2, 40, "peer_leaving", false), row(uuid("aaaaaaaa", 1), 50, 120, "peer_leaving", false),
				row(uuid("aaaaaaaa", 2), 30, 60, "peer_leaving", false),
				row(uuid("aaaaaaaa", 3), 20, 120, "session_ended_at", true),
				row(uuid("aaaaaaaa", 4), 70, 70, "peer_leaving", false),
			},
		},
		"Ana's devices are merged, which closes her gap": {
			`SELECT person_id, custom_participant_id, display_name, pg_temp.k(first_join_at), pg_temp.k(last_leave_at), present_seconds, visits, session_share
			FROM analytics.person_attendance`,
			[]string{"(c-ana,c-ana,N-ana,2,120,3540,1,0.9833)", "(c-bo,c-bo,N-bo,20,120,3000,1,0.8333)", "(c-cy,c-cy,N-cy,70,70,0,0,0)"},
		},
		"concurrency": {
			`SELECT pg_temp.k(changed_at), pg_temp.k(until_at), present_people, present_participants FROM analytics.session_concurrency`,
			[]string{"(2,20,1,1)", "(20,30,2,2)", "(30,40,2,3)", "(40,50,2,2)", "(50,60,2,3)", "(60,120,2,2)", "(120,-,0,0)"},
		},
		"minutes with a change": {
			`SELECT pg_temp.k(minute_at), peak_people, average_people, peak_participants FROM analytics.session_concurrency_minutely
			WHERE pg_temp.k(minute_at) IN ('0', '2', '20', '30', '118')`,
			[]string{"(2,1,1,1)", "(20,2,2,2)", "(30,2,2,3)", "(118,2,2,2)"},
		},
		"drop-off": {
			`SELECT elapsed_percent, present_people, present_share, joined_people, gone_people, session_people
			FROM analytics.session_drop_off WHERE elapsed_percent IN (0, 10, 60, 100)`,
			[]string{"(0,0,0,0,0,3)", "(10,1,0.3333,1,0,3)", "(60,2,0.6667,3,1,3)", "(100,0,0,3,3,3)"},
		},
		"latency": {
			`SELECT person_id, coalesce(lobby_seconds, -1), coalesce(late_seconds, -1) FROM analytics.join_latency`,
			[]string{"(c-ana,60,60)", "(c-ana,-1,900)", "(c-bo,300,600)", "(c-cy,-1,2100)", "(c-dee,-1,-1)"},
		},
		"nobody rejoined after a gap": {`SELECT person_id FROM analytics.rejoins`, nil},
		"overlap": {
			`SELECT person_id, other_person_id, together_seconds, pg_temp.k(first_together_at), pg_temp.k(last_together_at) FROM analytics.person_overlap`,
			[]string{"(c-ana,c-bo,3000,20,120)"},
		},
		"summary": {
			`SELECT unique_people, participants, peak_people, peak_participants, vendor_peak_participants, person_seconds, participant_seconds,
			vendor_minutes, average_people, average_share, rejoins, open_presences, session_seconds, started_date FROM analytics.session_summary`,
			[]string{"(3,4,2,3,3,6540,7140,104,1.817,0.6055,0,1,3600,2026-03-10)"},
		},
		"quality: 119 minutes of ours, 104 of the vendor": {
			`SELECT check_name, findings, coalesce(measured_value, -1), coalesce(vendor_value, -1) FROM analytics.data_quality`,
			[]string{"(open_presences,1,-1,-1)", "(joining_without_leaving,1,-1,-1)", "(minutes_disagree,1,119,104)"},
		},
		"people, those turned away too": {`SELECT person_id, display_name, sessions, participants FROM analytics.people`, []string{"(c-ana,N-ana,1,2)", "(c-bo,N-bo,1,1)", "(c-cy,N-cy,1,1)", "(c-dee,N-dee,1,1)"}},
	} {
		db.want(name, db.lines(c.sql), c.want)
	}
}

// TestRejoins has two gaps: 10 to 14, and 20 to 22.
func TestRejoins(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.store(ended(1, 40, peer(1, "eve", join(0), leave(10), join(14), leave(20), join(22), leave(30), join(30), leave(40))))
	db.refresh(500)
	db.want("rejoins", db.lines(`SELECT person_id, rejoins, away_seconds, longest_away_seconds, pg_temp.k(first_left_at), pg_temp.k(last_returned_at)
		FROM analytics.rejoins`), []string{"(c-eve,2,180,120,10,22)"})
	db.want("visits", db.lines(`SELECT visits, present_seconds FROM analytics.person_attendance`), []string{"(3,1020)"})
}

// TestPairing holds what peers did, and the presences that come of it.
func TestPairing(t *testing.T) {
	t.Parallel()
	row1 := func(joined, left, removed int, events ...event) *participant {
		p := peer(1, "u", events...)
		p.joined, p.left, p.removed = joined, left, removed
		return p
	}
	live := ended(1, none, row1(none, none, none, join(5)))
	live.status, live.read, live.synced = "LIVE", 33, 2
	endless := ended(1, none, row1(3, none, none), peer(2, "v", created(8)))
	endless.synced = 2
	lost := ended(1, none, row1(3, 700*day, none), peer(2, "v", join(4)), peer(3, "w", created(8)))
	lost.synced = 2
	lasting := ended(1, 60, row1(-120*day, 9, none), peer(2, "v", join(5), leave(9)))
	lasting.started, lasting.created = -120*day, none
	for name, c := range map[string]struct {
		s    *session
		want []string
	}{
		"joined twice without leaving":  {ended(1, 60, row1(none, none, none, join(5), join(9), leave(20))), []string{"(5,9,next_peer_joining,f)", "(9,20,peer_leaving,f)"}},
		"the old one's leaving is late": {ended(1, 60, row1(none, none, none, join(5), join(9), leave(10), leave(20))), []string{"(5,20,peer_leaving,f)"}},
		"late twice":                    {ended(1, 60, row1(none, none, none, join(5), join(9), leave(10), join(12), leave(14), leave(20))), []string{"(5,20,peer_leaving,f)"}},
		"late, then left and back":      {ended(1, 60, row1(none, none, none, join(5), join(9), leave(10), leave(20), join(30), leave(40))), []string{"(5,20,peer_leaving,f)", "(30,40,peer_leaving,f)"}},
		"late, the first one is lost":   {ended(1, 60, row1(none, none, none, join(1), join(5), join(9), leave(10), leave(20))), []string{"(1,5,next_peer_joining,f)", "(5,20,peer_leaving,f)"}},
		"two at once, one leaves":       {ended(1, 60, row1(none, none, none, join(5), join(5), leave(9))), []string{"(5,9,peer_leaving,f)"}},
		"left twice":                    {ended(1, 60, row1(none, none, none, join(5), leave(9), leave(20))), []string{"(5,9,peer_leaving,f)"}},
		"left without joining":          {ended(1, 60, row1(none, none, none, leave(9))), nil},
		"left without joining, by row":  {ended(1, 60, row1(4, 9, none, leave(9))), []string{"(4,9,participant_left_at,f)"}},
		"only created, by row":          {ended(1, 60, row1(4, none, none, created(2))), []string{"(4,60,session_ended_at,t)"}},
		"only created":                  {ended(1, 60, row1(none, none, none, created(2))), nil},
		"back in the instant of going":  {ended(1, 60, row1(none, none, none, join(5), leave(9), join(9), leave(20))), []string{"(5,20,peer_leaving,f)", "(9,9,peer_leaving,f)"}},
		"each peer by itself":           {ended(1, 60, row1(none, none, none, join(5, "x"), join(7, "y"), leave(9, "x"), leave(11, "y"))), []string{"(5,9,peer_leaving,f)", "(7,11,peer_leaving,f)"}},
		"open, the row knows":           {ended(1, 60, row1(5, 30, none, join(5))), []string{"(5,30,participant_left_at,f)"}},
		"open, the row is older":        {ended(1, 60, row1(5, 9, none, join(5), leave(9), join(12))), []string{"(5,9,peer_leaving,f)", "(12,60,session_ended_at,t)"}},
		"open in a live session":        {live, []string{"(5,33,last_seen,t)"}},
		"ended without an end":          {endless, []string{"(3,8,last_sign,t)"}},
		"joined after the end":          {ended(1, 60, row1(none, none, none, join(70))), []string{"(70,70,session_ended_at,t)"}},
		"left before joined, by row":    {ended(1, 60, row1(20, 10, none)), []string{"(20,20,participant_left_at,f)"}},
		"no longer listed while inside": {ended(1, 60, row1(5, none, 21)), []string{"(5,21,removed_at,t)"}},
		"a day before and after":        {ended(1, 60, row1(none, none, none, join(-day), leave(60+day))), []string{"(-2880,2940,peer_leaving,f)"}},
		"joined in another year":        {ended(1, 60, row1(none, none, none, join(-700*day), leave(9))), []string{"(-2880,9,peer_leaving,f)"}},
		"left in another year":          {ended(1, 60, row1(5, 700*day, none)), []string{"(5,2940,participant_left_at,f)"}},
		"there in another year":         {ended(1, 60, row1(700*day, none, none)), []string{"(2940,2940,session_ended_at,t)"}},
		"last sign in another year":     {lost, []string{"(3,2888,participant_left_at,f)", "(4,8,last_sign,t)"}},
		"session begun in another year": {lasting, []string{"(-345600,-256320,participant_left_at,f)", "(5,9,peer_leaving,f)"}},
		"no time at all":                {ended(1, 60, row1(none, 9, none)), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := newDatabase(t)
			db.store(c.s)
			db.refresh(500)
			db.want("presences", db.lines(`SELECT pg_temp.k(joined_at), pg_temp.k(left_at), left_at_source, is_open FROM analytics.participant_intervals`), c.want)
		})
	}
}

// TestBreakoutCountsOnce has one person in a lesson and its breakout room at
// once, over midnight (tick 30).
func TestBreakoutCountsOnce(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	main := ended(1, 60, peer(1, "ana", join(0), leave(50)))
	room := ended(2, 60, peer(2, "ana", join(20), leave(60)))
	main.minutes = 25
	db.store(main, room)
	if n := db.refresh(1); n != 2 {
		t.Errorf("%d sessions refreshed, want 2", n)
	}
	const daily = `SELECT usage_date, sessions_started, sessions_active, unique_people, participants, person_seconds, participant_seconds,
		coalesce(vendor_minutes, -1), peak_people, peak_participants FROM analytics.daily_usage`
	want := []string{"(2026-03-10,2,2,1,2,900,1200,25,1,2)", "(2026-03-11,0,2,1,2,900,1500,-1,1,2)"}
	db.want("daily_usage", db.lines(daily), want)
	db.want("preset_usage", db.lines(`SELECT usage_date, preset_name, preset_view_type, sessions, unique_people, person_seconds, participant_seconds FROM analytics.preset_usage`),
		[]string{"(2026-03-10,student,GROUP_CALL,2,1,900,1200)", "(2026-03-11,student,GROUP_CALL,2,1,900,1500)"})
	db.want("no price, no cost", db.lines(`SELECT participant_minutes, coalesce(cost_amount, -1) FROM analytics.usage_cost`), []string{"(20.0000,-1)", "(25.0000,-1)"})
	db.exec(`INSERT INTO analytics.prices (preset_view_type, valid_from, price_per_minute, currency)
		VALUES (NULL, '2026-01-01', 0.5, 'EUR'), ('GROUP_CALL', '2026-03-11', 0.002, 'USD')`)
	db.want("prices", db.lines(`SELECT usage_date, cost_amount, currency FROM analytics.usage_cost`),
		[]string{"(2026-03-10,10.000000,EUR)", "(2026-03-11,0.050000,USD)"})

	before := db.lines(`SELECT xmin, ctid FROM analytics.usage_days UNION ALL SELECT xmin, ctid FROM analytics.usage_preset_days UNION ALL SELECT xmin, ctid FROM analytics.session_dates`)
	db.exec(`INSERT INTO analytics.stale_sessions SELECT session_id FROM realtimekit.sessions`)
	db.refresh(500)
	db.want("rows of an unchanged session are not written", db.lines(`SELECT xmin, ctid FROM analytics.usage_days UNION ALL
		SELECT xmin, ctid FROM analytics.usage_preset_days UNION ALL SELECT xmin, ctid FROM analytics.session_dates`), before)

	db.exec(`DELETE FROM realtimekit.peer_events WHERE session_id = $1`, room.id)
	if n := db.refresh(500); n != 1 {
		t.Errorf("erased events queued %d sessions, want 1", n)
	}
	db.want("without the room", db.lines(daily), []string{"(2026-03-10,2,1,1,1,900,900,25,1,1)", "(2026-03-11,0,1,1,1,600,600,-1,1,1)"})
}

// TestPeakOfADay has two sessions of one app side by side: Ana leaves the first
// in the instant in which Cy enters the second, so that they are never three,
// and Bo's two devices are one person.
func TestPeakOfADay(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.store(ended(1, 20, peer(1, "ana", join(0), leave(10)), peer(2, "bo", join(5), leave(20)), peer(3, "bo", join(6), leave(9))),
		ended(2, 20, peer(4, "cy", join(10), leave(15)), peer(5, "dee", join(12), leave(12))))
	db.refresh(500)
	db.want("daily_usage", db.lines(`SELECT peak_people, peak_participants FROM analytics.daily_usage`), []string{"(2,3)"})
	db.store(ended(3, 20, peer(6, "eve", join(14), leave(16))))
	db.refresh(500)
	db.want("with another session", db.lines(`SELECT peak_people, peak_participants FROM analytics.daily_usage`), []string{"(3,3)"})
}

// TestAbsurdTimes has participants from long ago to the year 9999: neither they
// nor a session of such times make more than a few days of usage, and the usage
// of the others is what it was.
func TestAbsurdTimes(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	sane, odd, endless, old := ended(1, 20, peer(1, "ana", join(0), leave(20))), ended(2, 20), ended(3, none), ended(4, 20)
	for n := range 6 {
		p := peer(10+n, string(rune('a'+n)))
		p.joined, p.left = 0, 20
		for _, s := range []*session{odd, endless, old} {
			s.participants = append(s.participants, p)
		}
	}
	endless.synced = 20
	db.store(sane, odd, endless, old)
	db.exec(`UPDATE realtimekit.participants SET joined_at = '1970-01-01Z' WHERE user_id = 'a'`)
	db.exec(`UPDATE realtimekit.participants SET joined_at = '0202-11-18T10:00Z' WHERE user_id = 'b'`)
	db.exec(`UPDATE realtimekit.participants SET left_at = '9999-12-31Z' WHERE user_id = 'c'`)
	db.exec(`UPDATE realtimekit.participants SET joined_at = '9999-12-31Z', left_at = NULL WHERE user_id = 'd'`)
	db.exec(`UPDATE realtimekit.participants SET joined_at = '1970-01-01Z', left_at = '9999-12-31Z' WHERE user_id = 'e'`)
	db.exec(`UPDATE realtimekit.sessions SET started_at = '1970-01-01Z', ended_at = '9999-12-31Z' WHERE session_id = $1`, old.id)
	db.exec(`SET statement_timeout = '10s'`)
	db.refresh(500)
	if n := db.number(`SELECT count(*) FROM analytics.presence_by_day`); n > 200 {
		t.Errorf("presence_by_day has %d rows", n)
	}
	if n := db.number(`SELECT count(*) FROM analytics.usage_days`); n > 80 {
		t.Errorf("usage_days has %d rows", n)
	}
	if n := db.number(`SELECT count(*) FROM analytics.session_concurrency_minutely`); n > 100_000 {
		t.Errorf("session_concurrency_minutely has %d rows", n)
	}
	db.want("data_quality", db.lines(`SELECT session_id, findings FROM analytics.data_quality WHERE check_name = 'time_out_of_bounds'`),
		[]string{row(odd.id, 5), row(endless.id, 5), row(old.id, 4)})
	const outOfBounds = `SELECT session_id, findings FROM analytics.data_quality WHERE check_name = 'session_out_of_bounds'`
	db.want("sessions", db.lines(outOfBounds), []string{row(old.id, 1)})
	for what, times := range map[string]string{
		"ended before it began":   `started_at = '2026-03-10 10:00Z', ended_at = '2026-03-10 09:59:59Z'`,
		"lasts more than 31 days": `started_at = '2026-03-10 10:00Z', ended_at = '2026-04-10 10:00:01Z'`,
		"began with Unix":         `started_at = '1970-01-01Z', ended_at = '1970-01-01 01:00Z'`,
		"began before Unix":       `started_at = '1969-12-31Z', ended_at = NULL`,
	} {
		db.exec(`UPDATE realtimekit.sessions SET ` + times + ` WHERE session_id = '` + sane.id + `'`)
		db.exec(`SELECT analytics.derive(array_agg(session_id)) FROM realtimekit.sessions`)
		db.want("a session that "+what, db.lines(outOfBounds), []string{row(sane.id, 1), row(old.id, 1)})
	}
	db.exec(`UPDATE realtimekit.sessions SET started_at = '2026-03-10 10:00Z', ended_at = '2026-04-10 10:00Z' WHERE session_id = $1`, sane.id)
	db.exec(`SELECT analytics.derive(array_agg(session_id)) FROM realtimekit.sessions`)
	db.want("a session of 31 days", db.lines(outOfBounds), []string{row(old.id, 1)})
	db.want("the others", db.lines(`SELECT person_id, present_seconds FROM analytics.person_attendance WHERE person_id IN ('c-ana', 'c-f')`),
		[]string{"(c-ana,600)", "(c-f,600)", "(c-f,600)", "(c-f,600)"})
}

// TestMidnightBelongsToTheNextDay has a session that ends with its day.
func TestMidnightBelongsToTheNextDay(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.store(ended(1, midnight, peer(1, "ana", join(0), leave(midnight))))
	db.refresh(500)
	db.want("daily_usage", db.lines(`SELECT usage_date, person_seconds FROM analytics.daily_usage`), []string{"(2026-03-10,900)"})
}

// TestRefreshSeesOnlyCommitted lets a session change while a refresh is under
// way: its row in the queue is still there afterwards.
func TestRefreshSeesOnlyCommitted(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.store(ended(1, 60, peer(1, "ana", join(0), leave(30))))
	other := newConnection(t, db)
	tx, err := other.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `SAVEPOINT s; SELECT pg_advisory_xact_lock(hashtextextended('rollcall:analytics', 0))`); err != nil {
		t.Fatal(err)
	}
	if n := db.refresh(500); n != 0 {
		t.Errorf("%d sessions refreshed beside another refresh, want none", n)
	}
	if _, err := tx.Exec(t.Context(), `ROLLBACK TO s`); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `UPDATE realtimekit.peer_events SET created_at = created_at - interval '5 minutes' WHERE event_name = 'PEER_LEAVING'`); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `UPDATE sync.run_sessions SET rows_updated = 1`); err != nil {
		t.Fatal(err)
	}
	if n := db.refresh(500); n != 1 {
		t.Errorf("%d sessions refreshed, want 1", n)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	db.want("before", db.lines(`SELECT person_seconds FROM analytics.daily_usage`), []string{"(900)"})
	if n := db.refresh(500); n != 1 {
		t.Errorf("the change that was committed meanwhile is lost: %d sessions refreshed", n)
	}
	db.want("after", db.lines(`SELECT person_seconds FROM analytics.daily_usage`), []string{"(600)"})
}
