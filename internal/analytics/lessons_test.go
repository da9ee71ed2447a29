package analytics_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// class is a session of the meeting room, from one tick to another, with those who
// were there all the time.
func (db *database) class(n, from, to int, people ...string) {
	db.t.Helper()
	s := ended(n, to)
	s.started, s.created = from, from
	for i, id := range people {
		s.participants = append(s.participants, someone(10*n+i, "", id, id, "student", from, to))
	}
	db.store(s)
	db.exec(`INSERT INTO realtimekit.meetings (app_id, meeting_id, first_synced_at, synced_at, run_id) VALUES ('a', 'room', now(), now(), 1) ON CONFLICT DO NOTHING`)
	db.exec(`UPDATE realtimekit.sessions SET meeting_id = 'room', meeting_title = 'Algebra' WHERE session_id = $1`, s.id)
}

func (db *database) enrol(people ...string) {
	db.t.Helper()
	for _, id := range people {
		db.exec(`INSERT INTO realtimekit.meeting_participants (app_id, meeting_id, meeting_participant_id, custom_participant_id, display_name, preset_name, created_at, last_listed_at, first_synced_at, synced_at, run_id)
			VALUES ('a', 'room', 'u-' || $1, $1, $1, 'student', '2026-01-01Z', now(), now(), now(), 1)`, id)
	}
}

const lessons = `SELECT right(occurrence_id::text, 1), pg_temp.k(starts_at), pg_temp.k(ends_at), sessions, most_people, is_final FROM analytics.occurrences`

// TestWhatIsALesson has a room that the teacher opened by mistake (ticks 0 to 1), a
// lesson whose host dropped for two minutes, and the next lesson, ten minutes later.
func TestWhatIsALesson(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.class(1, 0, 1, "tea")
	db.class(2, 4, 54, "tea", "ana")
	db.class(3, 58, 124, "tea", "ana", "bo")
	db.class(4, 144, 264, "tea", "bo")
	db.class(5, 300, 306, "tea", "bo")
	db.enrol("tea", "ana", "bo", "cy")
	db.refresh(500)
	db.want("occurrences", db.lines(lessons), []string{"(2,4,124,2,3,t)", "(4,144,264,1,2,t)"})
	db.want("no_shows", db.lines(`SELECT right(session_id::text, 1), person_id, nobody_came FROM analytics.no_shows`),
		[]string{"(2,cy,f)", "(4,ana,f)", "(4,cy,f)"})

	db.exec(`INSERT INTO analytics.settings (app_id, least_lesson_people, least_lesson_seconds) VALUES ('a', 1, 0)`)
	db.want("from one person on", db.lines(lessons), []string{"(1,0,124,3,3,t)", "(4,144,264,1,2,t)", "(5,300,306,1,2,t)"})
	db.exec(`INSERT INTO analytics.settings (app_id, meeting_id, longest_gap_seconds, least_lesson_people) VALUES ('a', 'room', 120, 3)`)
	db.want("what is set for the meeting counts first", db.lines(lessons), []string{"(3,58,124,1,3,t)"})
	db.exec(`UPDATE analytics.settings SET least_lesson_people = 2 WHERE meeting_id = 'room'`)
	db.want("a gap as long as the longest is one too many", db.lines(lessons), []string{"(2,4,54,1,2,t)", "(3,58,124,1,3,t)", "(4,144,264,1,2,t)", "(5,300,306,1,2,t)"})
	if n := db.number(`SELECT count(*) FROM analytics.stale_sessions`); n > 0 {
		t.Errorf("settings of lessons queued %d sessions", n)
	}
}

// TestRegister has one lesson of two sessions, without a timetable and with one.
func TestRegister(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.class(1, 0, 50, "tea", "ana", "bo")
	db.class(2, 54, 120, "tea", "ana", "eve")
	db.enrol("tea", "ana", "bo", "cy", "dan")
	db.refresh(500)
	db.exec(`INSERT INTO analytics.excuses (app_id, person_id, starts_at, ends_at, reason) VALUES ('a', 'cy', '2026-03-10Z', '2026-03-12Z', 'ill')`)
	const register = `SELECT person_id, is_enrolled, status, is_late, has_left_early, present_seconds, coalesce(late_seconds, -1), coalesce(left_early_seconds, -1), share, is_final FROM analytics.register`
	db.want("by its sessions", db.lines(register), []string{
		"(tea,t,present,f,f,3480,0,0,0.9667,t)", "(ana,t,present,f,f,3480,0,0,0.9667,t)", "(bo,t,left_early,f,t,1500,0,2100,0.4167,t)",
		"(eve,f,late,t,f,1980,1620,0,0.55,t)", "(cy,t,excused,f,f,0,-1,-1,0,t)", "(dan,t,absent,f,f,0,-1,-1,0,t)",
	})
	// From 00:00 to 00:20 UTC, ticks 30 to 70; grace is ten minutes.
	db.exec(`INSERT INTO analytics.timetable (app_id, meeting_id, title, starts_at, ends_at, grace_seconds) VALUES ('a', 'room', 'Double', '2026-03-11Z', '2026-03-11 00:20Z', 600)`)
	db.want("by the timetable", db.lines(register), []string{
		"(tea,t,present,f,f,1080,0,0,0.9,t)", "(ana,t,present,f,f,1080,0,0,0.9,t)", "(bo,t,present,f,f,600,0,600,0.5,t)",
		"(eve,f,late,t,f,480,720,0,0.4,t)", "(cy,t,excused,f,f,0,-1,-1,0,t)", "(dan,t,absent,f,f,0,-1,-1,0,t)",
	})
	// A second lesson in the same sessions, of the app's own timetable: this meeting has one.
	db.exec(`INSERT INTO analytics.timetable (app_id, starts_at, ends_at) VALUES ('a', '2026-03-11 00:30Z', '2026-03-11 00:40Z')`)
	if n := db.number(`SELECT count(*) FROM analytics.occurrences`); n != 1 {
		t.Errorf("%d lessons, want 1", n)
	}
	db.exec(`UPDATE analytics.timetable SET meeting_id = 'room' WHERE meeting_id = ''`)
	db.want("two lessons of one session", db.lines(`SELECT meeting_title, pg_temp.k(starts_at), pg_temp.k(ends_at), sessions FROM analytics.occurrences`),
		[]string{"(Double,30,70,2)", "(Algebra,90,110,1)"})
}

// TestRegisterOfALessonThatGoesOn has a lesson of half an hour that was read at tick 33: who
// was inside then has not left early, however much of it is still to come.
func TestRegisterOfALessonThatGoesOn(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	live := ended(1, none, peer(1, "ana", join(0)), peer(2, "bo", join(0), leave(20)), peer(3, "cy", join(0), leave(20), join(30)), peer(4, "dan", join(25)))
	live.status, live.read, live.synced = "LIVE", 33, 2
	db.store(live)
	db.exec(`INSERT INTO realtimekit.meetings (app_id, meeting_id, first_synced_at, synced_at, run_id) VALUES ('a', 'room', now(), now(), 1);
		UPDATE realtimekit.sessions SET meeting_id = 'room'`)
	db.refresh(500)
	db.exec(`INSERT INTO analytics.timetable (app_id, meeting_id, starts_at, ends_at) SELECT 'a', 'room', starts_at, starts_at + interval '30 minutes' FROM analytics.session_bounds`)
	db.want("register", db.lines(`SELECT person_id, status, has_left_early, left_early_seconds, is_final FROM analytics.register`), []string{
		"(c-ana,present,f,810,f)", "(c-bo,left_early,t,1200,f)", "(c-cy,present,f,810,f)", "(c-dan,late,f,810,f)",
	})
}

// TestRegisterOfLessonsInOneSession has a session from ticks 0 to 120 that lasts over
// three lessons. Who was away for one is absent there, and who comes back in the middle
// of one is late.
func TestRegisterOfLessonsInOneSession(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.class(1, 0, 120, "tea", "ana")
	db.exec(`INSERT INTO realtimekit.participants (session_id, participant_id, custom_participant_id, joined_at, left_at, first_synced_at, synced_at, run_id)
		SELECT session_id, gen_random_uuid(), who, started_at + stay[1] * interval '30 seconds', started_at + stay[2] * interval '30 seconds', now(), now(), 1
		FROM realtimekit.sessions, (VALUES ('bo', ARRAY[0, 10]), ('bo', ARRAY[100, 120]), ('cy', ARRAY[0, 40])) AS v (who, stay)`)
	db.enrol("ana", "bo", "cy")
	db.refresh(500)
	db.exec(`INSERT INTO analytics.timetable (app_id, meeting_id, starts_at, ends_at)
		SELECT 'a', 'room', started_at + n * interval '20 minutes', started_at + (n + 1) * interval '20 minutes' FROM realtimekit.sessions, generate_series(0, 2) AS n`)
	db.want("three lessons", db.lines(`SELECT pg_temp.k(starts_at), person_id, status, present_seconds, coalesce(late_seconds, -1), coalesce(left_early_seconds, -1), coalesce(pg_temp.k(first_join_at), '-')
		FROM analytics.register WHERE is_enrolled`), []string{
		"(0,ana,present,1200,0,0,0)", "(40,ana,present,1200,0,0,0)", "(80,ana,present,1200,0,0,0)",
		"(0,bo,left_early,300,0,900,0)", "(40,bo,absent,0,-1,-1,-)", "(80,bo,late,600,600,0,100)",
		"(0,cy,present,1200,0,0,0)", "(40,cy,absent,0,-1,-1,-)", "(80,cy,absent,0,-1,-1,-)",
	})
	db.want("those who missed them", db.lines(`SELECT pg_temp.k(session_started_at), person_id, was_in_waiting_room FROM analytics.no_shows`), []string{
		"(40,bo,f)", "(40,cy,f)", "(80,cy,f)",
	})
}

// TestRegisterHasAPersonOnce has somebody enrolled twice, by custom id and without, who
// comes as one, and somebody enrolled by user_id whose second device alone has it.
func TestRegisterHasAPersonOnce(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.class(1, 0, 50, "tea", "ana", "bo")
	db.exec(`UPDATE realtimekit.participants SET user_id = 'v-' || custom_participant_id`)
	db.exec(`INSERT INTO realtimekit.participants (session_id, participant_id, user_id, custom_participant_id, joined_at, left_at, first_synced_at, synced_at, run_id)
		SELECT session_id, gen_random_uuid(), 'second-' || who, who, started_at + interval '2 minutes', ended_at, now(), now(), 1 FROM realtimekit.sessions, unnest('{ana,bo}'::text[]) AS who`)
	db.enrol("ana")
	db.exec(`INSERT INTO realtimekit.meeting_participants (app_id, meeting_id, meeting_participant_id, display_name, created_at, last_listed_at, first_synced_at, synced_at, run_id)
		SELECT 'a', 'room', id, id, '2026-01-01Z', now(), now(), now(), 1 FROM unnest('{v-ana,second-bo}'::text[]) AS id`)
	db.refresh(500)
	db.want("each once", db.lines(`SELECT person_id, is_enrolled, status, present_seconds FROM analytics.register`), []string{
		"(ana,t,present,1500)", "(bo,t,present,1500)", "(tea,f,present,1500)",
	})
}

// TestRegisterByUserID has a class whose own id is that of the class, so that people go by
// user_id: who has it in common with somebody is nobody else for that.
func TestRegisterByUserID(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.class(1, 0, 50, "ana", "bo")
	db.exec(`UPDATE realtimekit.participants SET user_id = 'u-' || custom_participant_id, custom_participant_id = '9B';
		INSERT INTO analytics.settings (app_id, person_by) VALUES ('a', 'user_id')`)
	db.enrol("ana", "bo", "cy")
	db.exec(`UPDATE realtimekit.meeting_participants SET custom_participant_id = '9B'`)
	db.refresh(500)
	db.want("each by themselves", db.lines(`SELECT person_id, display_name, is_enrolled, status, present_seconds FROM analytics.register`), []string{
		"(u-ana,ana,t,present,1500)", "(u-bo,bo,t,present,1500)", "(u-cy,cy,t,absent,0)",
	})
	db.want("who missed it", db.lines(`SELECT person_id, meeting_sessions_attended FROM analytics.no_shows`), []string{"(u-cy,0)"})
}

// TestRegisterKeepsAPersonsID has somebody enrolled under an own id, whom the vendor gives
// without it once: the same person in each lesson.
func TestRegisterKeepsAPersonsID(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.class(1, 0, 50, "tea", "ana")
	db.class(2, 100, 150, "tea", "bo")
	db.class(3, 200, 250, "tea", "ana", "bo")
	db.exec(`UPDATE realtimekit.participants SET user_id = 'u-' || custom_participant_id;
		UPDATE realtimekit.participants SET custom_participant_id = NULL WHERE user_id = 'u-ana' AND right(session_id::text, 1) = '1'`)
	db.enrol("ana")
	db.refresh(500)
	db.exec(`INSERT INTO analytics.excuses (app_id, person_id, starts_at, ends_at, reason) VALUES ('a', 'ana', '2026-03-11Z', '2026-03-12Z', 'ill')`)
	db.want("one person", db.lines(`SELECT right(occurrence_id::text, 1), person_id, status, is_excused FROM analytics.register WHERE is_enrolled`), []string{
		"(1,ana,present,t)", "(2,ana,excused,t)", "(3,ana,present,t)",
	})
}

// TestRegisterOfDBTGoesByLessons has a lesson whose host dropped, and a room that was opened
// by mistake: what the metrics of all tools count is a person once per lesson.
func TestRegisterOfDBTGoesByLessons(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.class(1, 0, 1, "tea")
	db.class(2, 20, 70, "tea", "ana")
	db.class(3, 74, 140, "tea", "ana", "bo")
	db.enrol("tea", "ana", "bo", "cy")
	db.refresh(500)
	model, err := os.ReadFile("../../deploy/dbt/models/marts/register_by_course.sql")
	if err != nil {
		t.Fatal(err)
	}
	sql := regexp.MustCompile(`{{ source\('(\w+)', '(\w+)'\) }}`).ReplaceAllString(string(model), "$1.$2")
	db.want("the register of dbt", db.lines(`SELECT right(session_id::text, 1), pg_temp.k(starts_at), person_id, has_attended, is_enrolled, present_minutes, late_seconds FROM (`+sql+`) AS r`), []string{
		"(2,20,tea,t,t,58,0)", "(2,20,ana,t,t,58,0)", "(2,20,bo,t,t,33,1620)", "(2,20,cy,f,t,0,)",
	})
}

// TestLessonsAreRefused has what makes no sense: the sentence says why.
func TestLessonsAreRefused(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.class(1, 0, 50, "ana", "bo")
	db.enrol("cy")
	db.refresh(500)
	db.exec(`INSERT INTO analytics.timetable (app_id, starts_at, ends_at) VALUES ('a', '2026-03-11 10:00Z', '2026-03-11 11:00Z')`)
	for sql, why := range map[string]string{
		`settings (app_id, least_lesson_seconds) VALUES ('a', -1)`:                                             "least_lesson_seconds is from 0 to 86400",
		`settings (app_id, grace_seconds) VALUES ('a', 90000)`:                                                 "grace_seconds is from 0 to 86400",
		`timetable (app_id, starts_at, ends_at) VALUES ('a', '2026-03-11 10:30Z', '2026-03-11 11:30Z')`:        "the timetable has another lesson of this meeting between",
		`timetable (app_id, starts_at, ends_at) VALUES ('a', '2026-03-12 10:30Z', '2026-03-12 10:30Z')`:        "a lesson ends after it starts, within a day",
		`excuses (app_id, person_id, starts_at, ends_at) VALUES ('a', 'nobody', '2026-03-11Z', '2026-03-12Z')`: "nobody in app a has the person_id nobody",
		// The views have cy under another id, and would excuse nobody.
		`excuses (app_id, person_id, starts_at, ends_at) VALUES ('a', 'u-cy', '2026-03-11Z', '2026-03-12Z')`: "nobody in app a has the person_id u-cy",
		`excuses (app_id, person_id, starts_at, ends_at) VALUES ('a', 'ana', '2026-03-13Z', '2026-03-12Z')`:  "an excuse ends after it starts",
	} {
		if _, err := db.conn.Exec(t.Context(), `INSERT INTO analytics.`+sql); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v, want %q", sql, err, why)
		}
	}

	// What is sound in one app need not be in another.
	db.exec(`INSERT INTO realtimekit.apps (app_id, account_id, first_synced_at, synced_at, run_id) VALUES ('b', 'account', now(), now(), 1) ON CONFLICT DO NOTHING;
		INSERT INTO analytics.timetable (app_id, starts_at, ends_at) VALUES ('b', '2026-03-11 10:30Z', '2026-03-11 11:30Z');
		INSERT INTO analytics.excuses (app_id, person_id, starts_at, ends_at) VALUES ('a', 'ana', '2026-03-11Z', '2026-03-12Z'), ('a', 'cy', '2026-03-11Z', '2026-03-12Z')`)
	for sql, why := range map[string]string{
		`UPDATE analytics.timetable SET app_id = 'a' WHERE app_id = 'b'`: "the timetable has another lesson of this meeting between",
		`UPDATE analytics.excuses SET app_id = 'b'`:                      "nobody in app b has the person_id ana",
	} {
		if _, err := db.conn.Exec(t.Context(), sql); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v, want %q", sql, err, why)
		}
	}
}

// TestAttendedOncePerPerson has ten meetings of 40 lessons with ten people, of whom
// half are enrolled, and ten who never come: in how many sessions each was is gathered
// once per person and meeting, not once per row.
func TestAttendedOncePerPerson(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	for statement := range strings.SplitSeq(crowd, ";\n") {
		db.exec(statement)
	}
	db.exec(`INSERT INTO realtimekit.meetings (app_id, meeting_id, first_synced_at, synced_at, run_id) SELECT 'a', 'm' || n, now(), now(), 1 FROM generate_series(0, 9) AS n`)
	db.exec(`UPDATE realtimekit.sessions SET meeting_id = 'm' || extract(hour FROM started_at AT TIME ZONE 'UTC')::integer % 10, ended_at = started_at + interval '50 minutes'`)
	db.exec(`INSERT INTO realtimekit.meeting_participants (app_id, meeting_id, meeting_participant_id, created_at, last_listed_at, first_synced_at, synced_at, run_id)
		SELECT 'a', 'm' || n, 'u' || i, '2025-01-01Z', now(), now(), now(), 1 FROM generate_series(0, 9) AS n, generate_series(6, 20) AS i`)
	db.refresh(500)
	db.exec(`ANALYZE`)
	for name, where := range map[string]string{"a meeting": `app_id = 'a' AND meeting_id = 'm3'`, "a week of all": `session_started_at >= '2026-01-05Z' AND session_started_at < '2026-01-12Z'`} {
		rows, _ := db.explain(`SELECT * FROM analytics.no_shows WHERE ` + where)
		t.Logf("%s: %v", name, rows)
		if n := rows["participants"]; n > 2*4000 || n == 0 {
			t.Errorf("%s reads %v rows of participants", name, n)
		}
	}
}
