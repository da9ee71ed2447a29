package analytics_test

import (
	"testing"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
)

// lesson is a stay in a meeting of the session's name.
func (db *database) lesson(name string, day, hour int, people ...string) {
	db.t.Helper()
	db.stay(name, day, hour, "student", people...)
	db.exec(`INSERT INTO realtimekit.meetings (app_id, meeting_id, first_synced_at, synced_at, run_id) VALUES ('a', $1, now(), now(), 1) ON CONFLICT DO NOTHING`, name)
	db.exec(`UPDATE realtimekit.sessions SET meeting_id = $1 WHERE session_id = md5($1)::uuid`, name)
	db.derive(name)
}

// A day of which rollcall retention deleted a session keeps its numbers by meeting as well,
// whatever becomes of the other sessions, until all are back.
func TestKeptDaysKeepTheirMeetings(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.lesson("old", 1, 8, "A")
	db.lesson("stays", 1, 9, "A", "B")
	db.lesson("moves", 1, 10, "C")
	db.lesson("goes", 1, 11, "C", "D", "E")
	db.refresh(10)
	db.retire(&session{id: pgtest.Text(t, db.conn, `SELECT md5('old')::uuid::text`)})
	const day = `SELECT sessions_started, sessions_active, participants, participant_seconds, unique_people, unique_custom_ids FROM analytics.daily_usage WHERE usage_date = '2026-01-01'`
	const meetings = `SELECT coalesce(meeting_id, '-'), sessions_started, sessions_active, participants, participant_minutes FROM analytics.usage_by_meeting WHERE usage_date = '2026-01-01'`
	whole := []string{"(4,4,7,12600,5,5)"}
	each := []string{"(-,1,1,1,30.0000)", "(stays,1,1,2,60.0000)", "(moves,1,1,1,30.0000)", "(goes,1,1,3,90.0000)"}
	for _, c := range []struct {
		name   string
		change func()
	}{
		{"nothing", func() {}},
		{"more people", func() { db.lesson("stays", 1, 9, "A", "B", "F", "G") }},
		{"another session", func() { db.lesson("comes", 1, 12, "H") }},
		{"one that moved away", func() { db.lesson("moves", 2, 10, "C") }},
		{"and back", func() { db.lesson("moves", 1, 13, "C", "I") }},
		{"one that is gone", func() {
			db.exec(`DELETE FROM realtimekit.participants WHERE session_id = md5('goes')::uuid`)
			db.exec(`DELETE FROM realtimekit.sessions WHERE session_id = md5('goes')::uuid`)
			each[0], each = "(-,2,2,4,120.0000)", each[:3]
		}},
	} {
		c.change()
		db.refresh(1)
		db.want("the day with "+c.name, db.lines(day), whole)
		db.want("its meetings with "+c.name, db.lines(meetings), each)
	}
	db.lesson("old", 1, 8, "A")
	db.refresh(1)
	db.want("the day with all of them", db.lines(day), []string{"(4,4,8,14400,7,7)"})
	db.want("its meetings with all of them", db.lines(meetings),
		[]string{"(old,1,1,1,30.0000)", "(stays,1,1,4,120.0000)", "(moves,1,1,2,60.0000)", "(comes,1,1,1,30.0000)"})
}

// Once all sessions of a kept day are back, those that are counted with the last of them live
// where the app does now.
func TestWhoComesWithTheLastLivesWhereTheAppDoes(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.stay("old", 1, 21, "student", "A")
	db.refresh(10)
	db.retire(&session{id: pgtest.Text(t, db.conn, `SELECT md5('old')::uuid::text`)})
	db.exec(`INSERT INTO analytics.settings (app_id, time_zone) VALUES ('a', 'Pacific/Auckland')`)
	db.stay("late", 1, 22, "student", "B")
	db.stay("old", 1, 21, "student", "A")
	db.refresh(10)
	db.want("days", db.lines(`SELECT usage_date, time_zone, sessions_started FROM analytics.daily_usage`), []string{"(2026-01-02,Pacific/Auckland,2)"})
}

// A session that retention deleted is not back because something still queues it.
func TestGoneSessionsStayGone(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.stay("one", 1, 8, "student", "A")
	db.stay("two", 1, 9, "student", "B")
	db.refresh(10)
	for _, name := range []string{"one", "two"} {
		db.retire(&session{id: pgtest.Text(t, db.conn, `SELECT md5($1)::uuid::text`, name)})
	}
	db.stay("one", 1, 8, "student", "A")
	db.exec(`INSERT INTO analytics.stale_sessions (session_id) VALUES (md5('two')::uuid)`)
	db.refresh(10)
	db.wantDay(`(2,2,"student 2")`)
}
