package analytics_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// TestDaysWherePeopleLive has one stay, and so one session, in each zone. The day, when
// the session began on it, and the seconds are worked out by hand.
func TestDaysWherePeopleLive(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.store()
	type testCase struct{ name, zone, from, to, want string }
	cases := []testCase{
		{"no zone", "", "2026-06-09 23:30", "2026-06-10 00:30", "2026-06-09 1 1800, 2026-06-10 0 1800"},
		{"winter is near", "Pacific/Auckland", "2026-06-09 11:30", "2026-06-09 12:30", "2026-06-09 1 1800, 2026-06-10 0 1800"},
		{"the evening before", "America/Los_Angeles", "2026-06-11 02:00", "2026-06-11 03:00", "2026-06-10 1 3600"},
		{"half an hour off", "Asia/Kolkata", "2026-06-09 18:00", "2026-06-09 19:00", "2026-06-09 1 1800, 2026-06-10 0 1800"},
		{"25 hours", "Europe/Berlin", "2026-10-24 22:00", "2026-10-25 23:00", "2026-10-25 1 90000"},
		{"both of 02:30", "Europe/Berlin", "2026-10-25 00:30", "2026-10-25 01:30", "2026-10-25 1 3600"},
		{"23 hours", "Europe/Berlin", "2026-03-28 23:00", "2026-03-29 22:00", "2026-03-29 1 82800"},
		{"24 hours and a half", "Australia/Lord_Howe", "2026-04-04 13:00", "2026-04-05 13:30", "2026-04-05 1 88200"},
		{"23 hours and a half", "Australia/Lord_Howe", "2026-10-03 13:30", "2026-10-04 13:00", "2026-10-04 1 84600"},
		{"midnight comes twice", "Atlantic/Azores", "2026-10-24 23:30", "2026-10-25 01:30", "2026-10-24 1 1800, 2026-10-25 0 5400"},
		{"no midnight", "Atlantic/Azores", "2026-03-29 00:30", "2026-03-29 01:30", "2026-03-28 1 1800, 2026-03-29 0 1800"},
		{"23:00 comes twice", "Asia/Beirut", "2026-10-23 21:00", "2026-10-24 22:00", "2026-10-24 1 90000"},
		{"set back over midnight", "America/St_Johns", "2010-11-07 02:29", "2010-11-07 03:31", "2010-11-06 1 60, 2010-11-07 0 3660"},
		{"began in the minute after", "America/St_Johns", "2010-11-07 02:45", "2010-11-07 02:46", "2010-11-07 1 60"},
		{"a day left out", "Pacific/Apia", "2011-12-30 09:00", "2011-12-30 11:00", "2011-12-29 1 3600, 2011-12-31 0 3600"},
		{"of no length, at midnight", "Europe/Berlin", "2026-06-09 22:00", "2026-06-09 22:00", "2026-06-10 1 0"},
		{"until midnight", "Europe/Berlin", "2026-06-09 21:00", "2026-06-09 22:00", "2026-06-09 1 3600"},
	}
	for n, c := range cases {
		app := fmt.Sprintf("app%d", n)
		db.exec(`INSERT INTO realtimekit.apps (app_id, account_id, first_synced_at, synced_at, run_id) VALUES ($1, 'account', now(), now(), 1)`, app)
		db.exec(`INSERT INTO analytics.settings (app_id, time_zone) VALUES ($1, nullif($2, ''))`, app, c.zone)
		db.exec(`INSERT INTO realtimekit.sessions (session_id, app_id, status, started_at, ended_at, first_synced_at, synced_at, run_id)
			VALUES (md5($1)::uuid, $1, 'ENDED', ($2 || 'Z')::timestamptz, ($3 || 'Z')::timestamptz, now(), now(), 1)`, app, c.from, c.to)
		db.exec(`INSERT INTO realtimekit.participants (session_id, participant_id, custom_participant_id, joined_at, left_at, run_id)
			SELECT session_id, session_id, 'ana', started_at, ended_at, 1 FROM realtimekit.sessions WHERE app_id = $1`, app)
		db.exec(`INSERT INTO realtimekit.recordings (app_id, recording_id, started_at, duration_seconds, first_synced_at, synced_at, run_id)
			SELECT app_id, 'r', started_at, 60, now(), now(), 1 FROM realtimekit.sessions WHERE app_id = $1`, app)
	}
	db.exec(`INSERT INTO analytics.stale_sessions (session_id) SELECT session_id FROM realtimekit.sessions`)
	db.refresh(500)
	for n, c := range cases {
		app := fmt.Sprintf("app%d", n)
		days := `SELECT string_agg(concat_ws(' ', usage_date, sessions_started, person_seconds), ', ' ORDER BY usage_date) FROM analytics.daily_usage WHERE app_id = $1`
		db.want(c.name, db.lines(days, app), []string{`("` + c.want + `")`})
		pieces := `SELECT string_agg(concat_ws(' ', usage_date, present_seconds), ', ' ORDER BY usage_date) FROM analytics.presence_by_day WHERE app_id = $1`
		db.want(c.name+", by presence", db.lines(pieces, app), []string{`("` + strings.NewReplacer(" 1 ", " ", " 0 ", " ").Replace(c.want) + `")`})
		day, _, _ := strings.Cut(c.want, " ")
		db.want(c.name+", its recording", db.lines(`SELECT usage_date FROM analytics.recording_usage WHERE app_id = $1`, app), []string{"(" + day + ")"})
		db.want(c.name+", its session", db.lines(`SELECT started_date FROM analytics.session_summary WHERE app_id = $1`, app), []string{"(" + day + ")"})
	}
	for name, hours := range map[string]int{"25 hours": 25, "24 hours and a half": 25, "23 hours and a half": 24, "both of 02:30": 2} {
		app := fmt.Sprintf("app%d", slices.IndexFunc(cases, func(c testCase) bool { return c.name == name }))
		db.want(name+", by hour", db.lines(`SELECT count(*), sum(average_people) FROM analytics.concurrency_hourly WHERE app_id = $1`, app),
			[]string{fmt.Sprintf("(%d,%v)", hours, map[bool]int{true: 1, false: hours}[hours == 2])})
	}
	db.want("peaks", db.lines(`SELECT DISTINCT peak_people FROM analytics.daily_usage WHERE person_seconds > 0`), []string{"(1)"})
}

// TestZonesAgreeWithGo sets and changes the zones of both apps, in a night in which the
// clocks of the Azores come to midnight twice: after each change the history is what Go
// computes, batch by batch, also where sessions change meanwhile.
func TestZonesAgreeWithGo(t *testing.T) {
	t.Parallel()
	const seed, size = 20, 300
	t.Logf("seed %d, %d sessions", seed, size)
	db := newDatabaseAt(t, time.Date(2026, 10, 24, 23, 45, 0, 0, time.UTC))
	m := &maker{Rand: rand.New(rand.NewPCG(seed, 0))}
	var world []*session
	for n := range size {
		world = append(world, m.session(n))
	}
	db.store()
	db.exec(`INSERT INTO analytics.settings (app_id, person_by, nobody_ids, machine_presets, machine_names, time_zone)
		VALUES ('b', 'user_id', '{u3,c2}', '{host-camera}', '{Recorder,Ana}', 'Atlantic/Azores'), ('a', NULL, NULL, NULL, NULL, 'UTC')`)
	db.live("b", "Atlantic/Azores")
	db.store(world...)
	db.refresh(70)
	prices := db.prices(m)
	db.wantUsage(world, prices)
	for _, zones := range [][2]string{{"Atlantic/Azores", ""}, {"Pacific/Auckland", "America/Halifax"}, {"Africa/Abidjan", "Atlantic/Azores"}} {
		for i, app := range []string{"a", "b"} {
			db.exec(`UPDATE analytics.settings SET time_zone = nullif($2, '') WHERE app_id = $1`, app, zones[i])
			db.live(app, zones[i])
		}
		db.number(`SELECT analytics.refresh(40)`) // the rest goes on from there
		world = db.changeSome(m, world, prices)
		db.exec(`DELETE FROM sync.rejected_records`)
	}
	if n := db.refresh(500); n != 0 {
		t.Errorf("%d sessions were left", n)
	}
	db.exec(`UPDATE analytics.settings SET grace_seconds = 1, time_zone = coalesce(time_zone, 'UTC')`)
	if n := db.refresh(500); n != 0 {
		t.Errorf("the same zones queued %d sessions", n)
	}
}

// live notes in which zone an app lives.
func (db *database) live(app, zone string) {
	db.t.Helper()
	var err error
	if db.zone[app], err = time.LoadLocation(zone); err != nil {
		db.t.Fatal(err)
	}
}

// TestKeptDaysKeepTheirZone deletes a session of the 10th as rollcall retention does, and
// moves the app: the day stays, by its own zone, and so do sessions that touch it.
func TestKeptDaysKeepTheirZone(t *testing.T) {
	t.Parallel()
	db := newDatabase(t) // from 23:45 on the 10th
	old, late, early := ended(1, 20, peer(1, "ana", join(0), leave(20))), ended(2, 60, peer(2, "bo", join(0), leave(60))), ended(3, 300, peer(3, "cy", join(270), leave(300)))
	old.meeting, late.meeting, early.meeting, early.started = "m1", "m2", "m3", 270
	db.store(old, late, early)
	db.refresh(500)
	const daily = `SELECT usage_date, time_zone, sessions_started, unique_people, participant_seconds FROM analytics.daily_usage`
	const cost = `SELECT usage_date, time_zone, coalesce(meeting_id, '-'), participant_minutes FROM analytics.usage_cost`
	db.want("before", db.lines(daily), []string{"(2026-03-10,UTC,2,2,1500)", "(2026-03-11,UTC,1,2,1800)"})
	db.retire(old)

	var told []string
	config := db.conn.Config()
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { told = append(told, n.Message) }
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), `INSERT INTO analytics.settings (app_id, time_zone) VALUES ('a', 'America/New_York')`); err != nil {
		t.Fatal(err)
	}
	if len(told) != 1 || !strings.HasPrefix(told[0], "days of which rollcall retention deleted a session stay as they were counted") {
		t.Errorf("the change said %q", told)
	}
	db.refresh(1)
	db.want("west", db.lines(daily), []string{"(2026-03-10,UTC,2,2,1500)", "(2026-03-11,UTC,1,2,1800)"})
	db.want("west, by meeting", db.lines(cost), []string{"(2026-03-10,UTC,-,10.0000)", "(2026-03-10,UTC,m2,15.0000)", "(2026-03-11,UTC,m2,15.0000)", "(2026-03-11,UTC,m3,15.0000)"})
	db.exec(`UPDATE analytics.settings SET time_zone = 'Europe/Berlin'`)
	db.refresh(1)
	db.want("east", db.lines(daily), []string{"(2026-03-10,UTC,2,2,1500)", "(2026-03-11,Europe/Berlin,1,2,1800)"})
	told = nil
	if _, err := conn.Exec(t.Context(), `UPDATE analytics.settings SET time_zone = 'Asia/Tokyo'; UPDATE analytics.settings SET time_zone = NULL; DELETE FROM analytics.settings`); err != nil {
		t.Fatal(err)
	}
	if len(told) != 1 {
		t.Errorf("of three changes, the first away from the zone of the kept day, was said %q", told)
	}
	db.refresh(1)
	db.want("back", db.lines(daily), []string{"(2026-03-10,UTC,2,2,1500)", "(2026-03-11,UTC,1,2,1800)"})
}

// retire deletes a session as rollcall retention does: its days stay as they are.
func (db *database) retire(s *session) {
	db.t.Helper()
	for _, table := range []string{
		"realtimekit.peer_events", "realtimekit.participants", "sync.session_states", "sync.run_sessions", "realtimekit.sessions", "analytics.stale_sessions",
		"analytics.session_presences", "analytics.session_people", "analytics.session_person_days", "analytics.session_figures",
	} {
		db.exec(`DELETE FROM `+table+` WHERE session_id = $1`, s.id)
	}
	db.exec(`UPDATE analytics.session_dates SET is_gone = true, step_at = '{}', step_people = '{}', step_participants = '{}' WHERE session_id = $1`, s.id)
}

// TestNoHourTwiceOrNever has a session of an hour and a half every hour, one person who is
// in all and one in each; retention deletes one after the other, and the app moves around
// the world, east and west: whatever days there are, they sum up to the same.
func TestNoHourTwiceOrNever(t *testing.T) {
	t.Parallel()
	db := newDatabase(t) // from 23:45 on the 10th
	var world []*session
	for n := range 90 {
		from := 120*n - 2000
		s := ended(n, from+180, peer(2*n, "everywhere", join(from), leave(from+180)), peer(2*n+1, fmt.Sprint("p", n), join(from+10), leave(from+180)))
		s.started, s.meeting = from, "m1"
		world = append(world, s)
	}
	db.store(world...)
	db.refresh(500)
	const sums = `SELECT sum(sessions_started), sum(participant_seconds), (SELECT sum(participant_minutes) FROM analytics.usage_cost),
		(SELECT sum(sessions_started) FROM analytics.usage_by_meeting) FROM analytics.daily_usage`
	const daily = `SELECT usage_date, time_zone, sessions_started, unique_people, person_seconds, participant_seconds, peak_people FROM analytics.daily_usage`
	want, first := db.lines(sums), db.lines(daily)
	db.exec(`INSERT INTO analytics.settings (app_id) VALUES ('a')`)
	for i, zone := range []string{"Europe/Berlin", "Etc/GMT+12", "Pacific/Kiritimati", "America/New_York", "Australia/Lord_Howe", ""} {
		db.retire(world[20+10*i])
		db.exec(`UPDATE analytics.settings SET time_zone = nullif($1, '')`, zone)
		db.number(`SELECT analytics.refresh(30)`) // the rest goes on from there
		db.refresh(500)
		db.want(fmt.Sprintf("in %q", zone), db.lines(sums), want)
	}
	for i := range 6 { // they come back, one after the other
		db.store(world[20+10*i])
		db.refresh(500)
	}
	db.refresh(500)
	db.want("all there again", db.lines(sums), want)
	db.want("their zones", db.lines(`SELECT DISTINCT time_zone FROM analytics.session_figures`), []string{"(UTC)"})
	db.want("their days", db.lines(daily), first)
}

// TestAccountsZone lets an account live in Auckland: so do its apps, but for those that
// have a setting of their own; and in UTC once it is taken away.
func TestAccountsZone(t *testing.T) {
	t.Parallel()
	db := newDatabase(t) // from 23:45 on the 10th
	db.store()
	own, other := ended(1, 20, peer(1, "ana", join(0), leave(20))), ended(2, 20, peer(2, "bo", join(0), leave(20)))
	other.app = "b"
	db.exec(`INSERT INTO analytics.settings (app_id, time_zone) VALUES ('b', 'America/New_York')`)
	db.store(own, other)
	db.refresh(500)
	const days = `SELECT app_id, usage_date, time_zone FROM analytics.daily_usage`
	db.want("without", db.lines(days), []string{"(a,2026-03-10,UTC)", "(b,2026-03-10,America/New_York)"})
	for _, c := range []struct {
		sql    string
		queued int
		want   []string
	}{
		{`INSERT INTO sync.account_zones SELECT account_id, 'Pacific/Auckland' FROM realtimekit.apps WHERE app_id = 'a'`, 1, []string{"(a,2026-03-11,Pacific/Auckland)", "(b,2026-03-10,America/New_York)"}},
		{`UPDATE sync.account_zones SET time_zone = 'Pacific/Auckland'`, 0, []string{"(a,2026-03-11,Pacific/Auckland)", "(b,2026-03-10,America/New_York)"}},
		{`DELETE FROM analytics.settings`, 1, []string{"(a,2026-03-11,Pacific/Auckland)", "(b,2026-03-11,Pacific/Auckland)"}},
		{`INSERT INTO analytics.settings (app_id, time_zone) VALUES ('b', 'UTC')`, 1, []string{"(a,2026-03-11,Pacific/Auckland)", "(b,2026-03-10,UTC)"}},
		{`UPDATE sync.account_zones SET time_zone = NULL`, 1, []string{"(a,2026-03-10,UTC)", "(b,2026-03-10,UTC)"}},
	} {
		db.exec(c.sql)
		if n := db.number(`SELECT count(*) FROM analytics.stale_sessions`); n != c.queued {
			t.Errorf("%s queued %d sessions, want %d", c.sql, n, c.queued)
		}
		db.refresh(500)
		db.want(c.sql, db.lines(days), c.want)
	}
	if _, err := db.conn.Exec(t.Context(), `UPDATE sync.account_zones SET time_zone = 'Mars/Olympus'`); err == nil || !strings.Contains(err.Error(), `time_zone "Mars/Olympus" is not known`) {
		t.Errorf("a time zone of nowhere: %v", err)
	}
}

// TestZoneThatChangesMeanwhile has a session that was derived by the old zone and stored
// when the change had queued all others: the refresh that counts it sees that.
func TestZoneThatChangesMeanwhile(t *testing.T) {
	t.Parallel()
	db := newDatabase(t) // from 23:45 on the 10th
	db.store(ended(1, 20, peer(1, "ana", join(0), leave(20))))
	db.number(`SELECT count(analytics.derive(ARRAY (SELECT session_id FROM realtimekit.sessions)))`)
	db.exec(`INSERT INTO analytics.settings (app_id, time_zone) VALUES ('a', 'Pacific/Auckland')`)
	db.exec(`DELETE FROM analytics.stale_sessions`)
	db.exec(`INSERT INTO analytics.stale_sessions (session_id, is_derived) SELECT session_id, true FROM realtimekit.sessions`)
	db.refresh(500)
	db.want("days", db.lines(`SELECT usage_date, time_zone FROM analytics.daily_usage`), []string{"(2026-03-11,Pacific/Auckland)"})
}
