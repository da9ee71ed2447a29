package analytics_test

import (
	"math/rand/v2"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/sampling"
)

// views are the per-session views, as text, with the rows that Go expects.
var views = []struct {
	name string
	sql  string
	want func(*session) []string
}{
	{
		"session_bounds", `SELECT session_id, pg_temp.k(starts_at), pg_temp.k(ends_at), ends_at_source FROM analytics.session_bounds`,
		func(s *session) []string { return []string{s.wantBounds()} },
	},
	{"participant_intervals", `SELECT session_id, participant_id, coalesce(person_id, '-'), coalesce(peer_id, '-'), coalesce(preset_view_type, '-'),
		pg_temp.k(joined_at), pg_temp.k(left_at), present_seconds, interval_source, left_at_source, is_open, is_removed, is_cut
		FROM analytics.participant_intervals`, (*session).wantIntervals},
	{"person_attendance", `SELECT session_id, person_id, coalesce(custom_participant_id, '-'), coalesce(display_name, '-'),
		pg_temp.k(first_join_at), pg_temp.k(last_leave_at), present_seconds, visits, coalesce(session_share::text, '-'),
		coalesce(late_seconds::text, '-'), left_early_seconds, participants, is_inside, has_open_presence, has_row_presence, coalesce(user_id, '-'), is_guest, is_contradicted
		FROM analytics.person_attendance`, (*session).wantAttendance},
	{"session_concurrency", `SELECT session_id, pg_temp.k(changed_at), pg_temp.k(until_at), present_people, present_participants
		FROM analytics.session_concurrency`, (*session).wantConcurrency},
	{"session_concurrency_minutely", `SELECT session_id, pg_temp.k(minute_at), peak_people, average_people, peak_participants
		FROM analytics.session_concurrency_minutely`, (*session).wantMinutely},
	{"session_drop_off", `SELECT session_id, elapsed_percent, pg_temp.k(point_at), present_people, present_share, joined_people,
		gone_people, session_people FROM analytics.session_drop_off`, (*session).wantDropOff},
	{"join_latency", `SELECT session_id, participant_id, coalesce(person_id, '-'), pg_temp.k(created_event_at), pg_temp.k(joining_event_at),
		coalesce(lobby_seconds::text, '-'), pg_temp.k(joined_at), coalesce(late_seconds::text, '-')
		FROM analytics.join_latency`, (*session).wantLatency},
	{"rejoins", `SELECT session_id, person_id, rejoins, away_seconds, longest_away_seconds, pg_temp.k(first_left_at),
		pg_temp.k(last_returned_at) FROM analytics.rejoins`, (*session).wantRejoins},
	{"person_overlap", `SELECT session_id, person_id, other_person_id, together_seconds, pg_temp.k(first_together_at),
		pg_temp.k(last_together_at), coalesce(preset_name, '-'), coalesce(other_preset_name, '-') FROM analytics.person_overlap`, (*session).wantOverlap},
	{
		"session_summary", `SELECT session_id, coalesce(session_seconds::text, '-'), unique_people, participants, peak_people, peak_participants,
		person_seconds, participant_seconds, coalesce(average_people::text, '-'), coalesce(average_share::text, '-'), rejoins,
		open_presences, removed_participants, is_complete FROM analytics.session_summary`,
		func(s *session) []string { return []string{s.wantSummary()} },
	},
	{"data_quality", `SELECT session_id, app_id, check_name, findings, coalesce(measured_value::text, '-'), coalesce(vendor_value::text, '-')
		FROM analytics.data_quality WHERE check_name <> 'ids_alike'`, (*session).wantQuality},
}

// TestViewsAgreeWithGo compares every view with the oracle on random sessions.
func TestViewsAgreeWithGo(t *testing.T) {
	t.Parallel()
	const seed = 7
	size := sampling.Size(600, 1200)
	t.Logf("seed %d, %d sessions", seed, size)
	db := newDatabase(t)
	m := &maker{Rand: rand.New(rand.NewPCG(seed, 0))}
	world := make([]*session, size)
	for n := range world {
		world[n] = m.session(n)
	}
	db.store() // the apps
	db.exec(`INSERT INTO analytics.settings (app_id, person_by, nobody_ids, machine_presets, machine_names)
		VALUES ('b', 'user_id', '{u3,c2}', '{host-camera}', '{Recorder,Ana}')`)
	db.store(world...)
	if n := db.refresh(500); n != size {
		t.Errorf("%d sessions refreshed, want %d", n, size)
	}
	db.exec(`ANALYZE`)
	for _, v := range views {
		var want []string
		for _, s := range world {
			want = append(want, v.want(s)...)
		}
		if len(want) < size/10 {
			t.Errorf("%s: only %d rows are expected: the random data says too little", v.name, len(want))
		}
		db.want(v.name, db.lines(v.sql), want)
	}
	db.want("person_attendance of one session",
		db.lines(`SELECT session_id, person_id FROM analytics.person_attendance WHERE session_id = $1`, world[5].id), attendees(world[5]))
	db.exec(`UPDATE analytics.settings SET least_lesson_people = 1, longest_gap_seconds = 0, least_lesson_seconds = 600, grace_seconds = 60 WHERE app_id = 'b'`)
	db.exec(`INSERT INTO analytics.settings (app_id, meeting_id, least_lesson_people) SELECT 'b', 'm' || n, 3 FROM generate_series(0, 50) AS n`)
	c := db.school(m, world)
	db.wantLessons(world, c)
	db.timeLessons(c)
	db.wantLessons(world, c)
	prices := db.prices(m)
	db.wantUsage(world, prices)
	db.want("people", db.lines(peopleSQL), wantPeople(world))
	db.wantPeopleBetween(world)
	db.want("sync_freshness", db.lines(`SELECT app_id, sessions, live_sessions, incomplete_sessions, open_rejected_records, stale_sessions
		FROM analytics.sync_freshness`), wantFreshness(world))
	db.changeSome(m, world, prices)
}

// changeSome replaces and deletes sessions: the usage by day follows. It gives the
// sessions that are there then.
func (db *database) changeSome(m *maker, world []*session, prices []price) (kept []*session) {
	db.t.Helper()
	kept = db.replaceSome(m, world)
	db.refresh(500)
	db.wantUsage(kept, prices)
	return kept
}

func (db *database) replaceSome(m *maker, world []*session) (kept []*session) {
	db.t.Helper()
	for n, s := range world {
		if n%9 != 0 {
			kept = append(kept, s)
			continue
		}
		for _, table := range []string{"realtimekit.peer_events", "realtimekit.participants", "sync.session_states", "sync.run_sessions", "realtimekit.sessions"} {
			db.exec(`DELETE FROM `+table+` WHERE session_id = $1`, s.id)
		}
		if n%2 == 0 {
			fresh := m.session(n)
			fresh.id, fresh.rejected = s.id, 0
			db.store(fresh)
			kept = append(kept, fresh)
		}
	}
	return kept
}

func attendees(s *session) (want []string) {
	for _, p := range s.people() {
		want = append(want, row(s.id, p.id))
	}
	return want
}
