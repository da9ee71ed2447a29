package analytics_test

import (
	"strings"
	"testing"
)

// someone is a participant with the ids, name and preset that are given, inside from
// one tick to another by its row.
func someone(n int, user, custom, name, preset string, from, to int) *participant {
	p := peer(n, user)
	p.custom, p.name, p.preset, p.joined, p.left = custom, name, preset, from, to
	return p
}

// TestOneHumanIsOnePerson has Ana under a new user_id at each join, two guests who
// share an id that is nobody's, and a recorder.
func TestOneHumanIsOnePerson(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.store(ended(1, 20,
		someone(1, "u1", "stu-7", "Ana", "student", 0, 8), someone(2, "u2", "stu-7", "Ana (phone)", "student", 10, 20),
		someone(3, "u3", "guest", "Bo", "student", 0, 20), someone(4, "u4", "guest", "Cy", "student", 0, 20),
		someone(5, "u5", "", "Recording", "recorder", 0, 20)))
	db.refresh(500)
	const people = `SELECT person_id, present_seconds, visits, user_id, is_guest FROM analytics.person_attendance`
	const counts = `SELECT unique_people, peak_people, peak_participants, participants, participant_seconds FROM analytics.session_summary`
	const hints = `SELECT check_name, findings FROM analytics.data_quality WHERE check_name IN ('one_id_several_people', 'ids_alike')`
	db.want("attendance", db.lines(people), []string{"(stu-7,540,2,u1,f)", "(u3,600,1,u3,t)", "(u4,600,1,u4,t)"})
	db.want("the recorder's minutes count, it does not", db.lines(counts), []string{"(3,3,3,5,2340)"})
	db.want("the day", db.lines(`SELECT unique_people, peak_people, participant_seconds FROM analytics.daily_usage`), []string{"(3,3,2340)"})
	db.want("hints", db.lines(hints), nil)
	const peak = `SELECT check_name, findings, measured_value, vendor_value FROM analytics.data_quality WHERE check_name = 'peak_disagrees'`
	for vendor, want := range map[string][]string{"2": {"(peak_disagrees,1,3,2)"}, "3": nil, "4": nil, "5": {"(peak_disagrees,1,3,5)"}, "NULL": nil} {
		db.exec(`UPDATE realtimekit.sessions SET max_concurrent_participants = ` + vendor)
		db.exec(`SELECT analytics.derive(array_agg(session_id)) FROM realtimekit.sessions`)
		db.want("the vendor's peak, which may count the recorder, is "+vendor, db.lines(peak), want)
	}

	db.exec(`INSERT INTO analytics.settings (app_id, nobody_ids, machine_presets, machine_names) VALUES ('a', '{}', '{}', '{Cy}')`)
	if n := db.refresh(500); n != 1 {
		t.Errorf("new settings queued %d sessions, want 1", n)
	}
	db.want("guest is somebody, Cy a machine", db.lines(people), []string{"(stu-7,540,2,u1,f)", "(guest,600,1,u3,f)", "(u5,600,1,u5,t)"})
	db.exec(`UPDATE analytics.settings SET machine_names = NULL`)
	db.refresh(500)
	db.want("two at once under one id", db.lines(hints), []string{"(one_id_several_people,1)"})
	db.exec(`UPDATE realtimekit.participants SET display_name = CASE display_name WHEN 'Bo' THEN E'Rene\u0301 ' ELSE E'Ren\u00e9' END WHERE custom_participant_id = 'guest';
		INSERT INTO analytics.stale_sessions (session_id) SELECT session_id FROM realtimekit.sessions`)
	db.refresh(500)
	db.want("one name in two spellings", db.lines(hints), nil)
	db.exec(`UPDATE realtimekit.participants SET display_name = CASE user_id WHEN 'u3' THEN 'Bo' ELSE 'Cy' END WHERE custom_participant_id = 'guest'`)
	db.exec(`UPDATE realtimekit.participants SET display_name = CASE display_name WHEN 'Bo' THEN 'name-aaaaaaaaaaaaaaaa' ELSE 'name-bbbbbbbbbbbbbbbb' END WHERE custom_participant_id = 'guest'`)
	db.exec(`INSERT INTO analytics.stale_sessions (session_id) SELECT session_id FROM realtimekit.sessions`)
	db.refresh(500)
	db.want("two hashes may be two spellings of one name", db.lines(hints), nil)
	db.exec(`UPDATE analytics.settings SET person_by = 'user_id'`)
	db.refresh(500)
	db.want("by user_id", db.lines(counts), []string{"(5,4,4,5,2340)"})
	db.want("the day by user_id", db.lines(`SELECT unique_people, peak_people FROM analytics.daily_usage`), []string{"(5,4)"})
	db.exec(`DELETE FROM analytics.settings`)
	db.refresh(500)
	db.want("without settings", db.lines(counts), []string{"(3,3,3,5,2340)"})
}

// TestIdsThatDifferInCase has one id in three spellings: three people, and a hint.
func TestIdsThatDifferInCase(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.store(ended(1, 20, someone(1, "u1", "greta@x", "G", "", 0, 20), someone(2, "u2", "Greta@x", "G", "", 0, 20)),
		ended(2, 20, someone(3, "u3", " greta@x", "G", "", 0, 20), someone(4, "u4", "bo", "Bo", "", 0, 20)))
	db.refresh(500)
	const hint = `SELECT coalesce(session_id::text, '-'), app_id, findings FROM analytics.data_quality WHERE check_name = 'ids_alike'`
	db.want("hint", db.lines(hint), []string{"(-,a,1)"})
	db.exec(`UPDATE realtimekit.participants SET custom_participant_id = CASE custom_participant_id WHEN 'Greta@x' THEN E'bo\u00a0\r'
			WHEN ' greta@x' THEN E'Zoe\u0301' WHEN 'greta@x' THEN E'Zo\u00e9\u200b' ELSE custom_participant_id END;
		INSERT INTO analytics.stale_sessions (session_id) SELECT session_id FROM realtimekit.sessions`)
	db.refresh(500)
	db.want("blanks that nobody sees, and two ways to write a letter", db.lines(hint), []string{"(-,a,2)"})
}

// TestSettingsAreRefused has settings that make no sense: the constraint's name says why.
func TestSettingsAreRefused(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.store()
	for sql, why := range map[string]string{
		`(app_id, person_by) VALUES ('a', 'name')`:                        "person_by is custom_participant_id or user_id",
		`(app_id, meeting_id, person_by) VALUES ('a', 'room', 'user_id')`: "who a person is is set for an app, not for a meeting",
		`(app_id, nobody_ids) VALUES ('a', ARRAY['x', NULL])`:             "lists of settings have no nulls",
		`(app_id, person_by) VALUES ('nowhere', 'user_id')`:               "settings_app_id_fkey",
		`(app_id, time_zone) VALUES ('a', 'Europe/Berln')`:                `time_zone "Europe/Berln" is not known: give a name of the IANA database, such as Europe/Berlin`,
		`(app_id, time_zone) VALUES ('a', 'CET-1')`:                       `time_zone "CET-1" is not known`,
		`(app_id, time_zone) VALUES ('a', 'posix/Europe/Berlin')`:         `time_zone "posix/Europe/Berlin" is not known`,
		`(app_id, meeting_id, time_zone) VALUES ('a', 'room', 'UTC')`:     "a time zone is set for an app, not for a meeting",
	} {
		if _, err := db.conn.Exec(t.Context(), `INSERT INTO analytics.settings `+sql); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v, want %q", sql, err, why)
		}
	}
}

// TestRowsThatContradictEvents has Ana, whose row says that she left ten minutes before
// her events do, Bo, whose row is a minute off, and Cy, who has no events.
func TestRowsThatContradictEvents(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	ana, bo, cy := someone(1, "u1", "ana", "", "", 0, 20), someone(2, "u2", "bo", "", "", 2, 42), someone(3, "u3", "cy", "", "", 9, 12)
	ana.events, bo.events = []event{join(0), leave(40)}, []event{join(0), leave(40)}
	db.store(ended(1, 60, ana, bo, cy))
	db.refresh(500)
	db.want("attendance", db.lines(`SELECT person_id, present_seconds, is_contradicted FROM analytics.person_attendance`),
		[]string{"(ana,1200,t)", "(bo,1200,f)", "(cy,90,f)"})
}
