package report_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/report"
)

// TestRegister has one lesson of an hour: Ann all the time, Bo from the middle on, Cy
// enrolled and not there, Dee as well but excused.
func TestRegister(t *testing.T) {
	t.Parallel()
	in, out := "2026-03-10 10:00Z", "2026-03-10 11:00Z"
	pool := byHand(t, in, out, presence{"u1", "ann", "Ann", in, out}, presence{"u2", "bo", "Bo", "2026-03-10 10:30Z", out})
	for _, sql := range []string{
		`INSERT INTO realtimekit.meetings (app_id, meeting_id, title, first_synced_at, synced_at, run_id) VALUES ('a', 'm', 'Chemistry', now(), now(), 1)`,
		`UPDATE realtimekit.sessions SET meeting_id = 'm'`,
		`INSERT INTO realtimekit.meeting_participants (app_id, meeting_id, meeting_participant_id, custom_participant_id, display_name, created_at, last_listed_at, first_synced_at, synced_at, run_id)
			SELECT 'a', 'm', id, id, initcap(id), '2026-01-01Z', now(), now(), now(), 1 FROM unnest('{ann,cy,dee}'::text[]) AS id`,
		`INSERT INTO analytics.excuses (app_id, person_id, starts_at, ends_at) VALUES ('a', 'dee', '2026-03-10Z', '2026-03-11Z')`,
	} {
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	changedByHand(t, pool)
	var b bytes.Buffer
	day := time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)
	said, err := report.Register(t.Context(), pool, &b, report.Lessons{Meeting: "m", From: day, To: day.AddDate(0, 0, 1)}, options)
	if err != nil || said != "1 lesson, 4 people" {
		t.Fatalf("%q, %v", said, err)
	}
	page := parsed(t, b.Bytes(), "register.html")
	want := [][]string{
		{"Annann", "student", "100 %", "1 of 1", "0", "0", "0", "100 %"},
		{"Bobo", "student", "late 50 %", "1 of 1", "1", "0", "0", "50 %"},
		{"Cycy", "", "absent", "0 of 1", "0", "1", "0", "0 %"},
		{"Deedee", "", "excused", "0 of 0", "0", "0", "1", "–"},
	}
	if diff := cmp.Diff(want, page.id(t, "register").rows()); diff != "" {
		t.Errorf("register (- by hand, + page):\n%s", diff)
	}
	if _, err := report.Register(t.Context(), pool, &b, report.Lessons{Meeting: "nope", From: day, To: day}, options); err == nil || !strings.Contains(err.Error(), `meeting "nope" is not in the warehouse`) {
		t.Errorf("a meeting that is not there: %v", err)
	}

	// A room of the same name in another app: its people need not be the same.
	pgtest.Exec(t, pool, `INSERT INTO realtimekit.apps (app_id, account_id, name, first_synced_at, synced_at, run_id) VALUES ('b', 'account', 'b', now(), now(), 1);
		INSERT INTO realtimekit.meetings (app_id, meeting_id, title, first_synced_at, synced_at, run_id) VALUES ('b', 'm', 'Physics', now(), now(), 1);
		INSERT INTO realtimekit.sessions (session_id, app_id, meeting_id, meeting_title, status, started_at, ended_at, created_at, first_synced_at, synced_at, run_id)
			SELECT gen_random_uuid(), 'b', 'm', 'Physics', status, started_at, ended_at, created_at, now(), now(), 1 FROM realtimekit.sessions;
		INSERT INTO realtimekit.participants (session_id, participant_id, user_id, custom_participant_id, display_name, joined_at, left_at, first_synced_at, synced_at, run_id)
			SELECT session_id, gen_random_uuid(), 'v-' || id, id, 'Another', started_at, ended_at, now(), now(), 1 FROM realtimekit.sessions, unnest('{bo,cy}'::text[]) AS id WHERE app_id = 'b'`)
	changedByHand(t, pool)
	of := report.Lessons{Meeting: "m", From: day, To: day.AddDate(0, 0, 1)}
	if _, err := report.Register(t.Context(), pool, &b, of, options); !errors.Is(err, model.ErrUsage) || !strings.Contains(err.Error(), `several apps have a meeting "m": give --app, one of: a, b`) {
		t.Errorf("a meeting of two apps: %v", err)
	}
	b.Reset()
	of.App = "a"
	if said, err := report.Register(t.Context(), pool, &b, of, options); err != nil || said != "1 lesson, 4 people" {
		t.Errorf("that of one app: %q, %v", said, err)
	}
}

// TestALessonThatGoesOn is in no sum: who is inside has not left early, and who is not may
// still come.
func TestALessonThatGoesOn(t *testing.T) {
	t.Parallel()
	in, read := "2026-03-10 10:00Z", "2026-03-10 10:20Z"
	pool := byHand(t, in, read, presence{"u1", "ann", "Ann", in, read}, presence{"u2", "bo", "Bo", in, "2026-03-10 10:10Z"}, presence{"u3", "cy", "Cy", "2026-03-10 10:08Z", read})
	for _, sql := range []string{
		`INSERT INTO realtimekit.meetings (app_id, meeting_id, title, first_synced_at, synced_at, run_id) VALUES ('a', 'm', 'Chemistry', now(), now(), 1)`,
		`UPDATE realtimekit.sessions SET meeting_id = 'm', status = 'LIVE', ended_at = NULL`,
		`UPDATE realtimekit.participants SET left_at = NULL WHERE user_id IN ('u1', 'u3')`,
		`UPDATE sync.session_states SET status = 'LIVE', complete_at = NULL, settled_at = NULL, read_at = '2026-03-10 10:20Z'`,
		`INSERT INTO analytics.timetable (app_id, meeting_id, starts_at, ends_at) VALUES ('a', 'm', '2026-03-10 10:00Z', '2026-03-10 11:00Z')`,
		`INSERT INTO realtimekit.meeting_participants (app_id, meeting_id, meeting_participant_id, custom_participant_id, display_name, created_at, last_listed_at, first_synced_at, synced_at, run_id)
			VALUES ('a', 'm', 'dee', 'dee', 'Dee', '2026-01-01Z', now(), now(), now(), 1)`,
	} {
		pgtest.Exec(t, pool, sql)
	}
	changedByHand(t, pool)
	var b bytes.Buffer
	day := time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)
	if _, err := report.Register(t.Context(), pool, &b, report.Lessons{Meeting: "m", From: day, To: day.AddDate(0, 0, 1)}, options); err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"Annann", "student", "33 %", "0 of 0", "0", "0", "0", "–"},
		{"Bobo", "student", "17 %", "0 of 0", "0", "0", "0", "–"},
		{"Cycy", "student", "late 20 %", "0 of 0", "0", "0", "0", "–"},
		{"Deedee", "", "not yet", "0 of 0", "0", "0", "0", "–"},
	}
	if diff := cmp.Diff(want, parsed(t, b.Bytes(), "register-live.html").id(t, "register").rows()); diff != "" {
		t.Errorf("register (- by hand, + page):\n%s", diff)
	}
	for id, want := range map[string][]string{
		"ann": {"Chemistry 9B", "2026-03-10 10:00 (so far)", "present", "10:00:00", "10:20:00", "20.0", "0.0", "–", "33 %"},
		"dee": {"Chemistry 9B", "2026-03-10 10:00 (so far)", "not yet", "–", "–", "0.0", "–", "–", "0 %"},
	} {
		b.Reset()
		if _, err := report.Person(t.Context(), pool, &b, report.OnePerson{ID: id}, options); err != nil {
			t.Fatal(err)
		}
		page := parsed(t, b.Bytes(), "")
		if diff := cmp.Diff([][]string{want}, page.id(t, "lessons").rows()); diff != "" {
			t.Errorf("%s (- by hand, + page):\n%s", id, diff)
		}
		if got := page.text(); !strings.Contains(got, "Present0 of 0 lessons Late0 Left early0 Absent0 Excused0 Share of lessons–") {
			t.Errorf("%s in short: %s", id, got[:min(len(got), 400)])
		}
	}
}

// TestRegisterOnPaper has more lessons than a sheet has room for: what is printed in place
// of the wide table says the same.
func TestRegisterOnPaper(t *testing.T) {
	t.Parallel()
	in, out := "2026-03-01 10:00Z", "2026-03-01 11:00Z"
	pool := byHand(t, in, out, presence{"u1", "ann", "Ann", in, out}, presence{"u2", "bo", "Bo with a name of several words", "2026-03-01 10:30Z", out},
		presence{"u3", "cy", "Cy", in, out})
	pgtest.Exec(t, pool, `INSERT INTO realtimekit.meetings (app_id, meeting_id, title, first_synced_at, synced_at, run_id) VALUES ('a', 'm', 'Chemistry', now(), now(), 1);
		UPDATE realtimekit.sessions SET meeting_id = 'm';
		INSERT INTO realtimekit.sessions (session_id, app_id, meeting_id, meeting_title, status, started_at, ended_at, created_at, first_synced_at, synced_at, run_id)
			SELECT gen_random_uuid(), 'a', 'm', 'Chemistry', status, started_at + n * interval '1 day', ended_at + n * interval '1 day', created_at, now(), now(), 1
			FROM realtimekit.sessions, generate_series(1, 22) AS n;
		INSERT INTO sync.session_states (session_id, app_id, status, created_at, read_at, complete_at, settled_at, run_id)
			SELECT session_id, app_id, status, created_at, now(), now(), now(), 1 FROM realtimekit.sessions ON CONFLICT DO NOTHING;
		INSERT INTO realtimekit.participants (session_id, participant_id, user_id, custom_participant_id, display_name, preset_name, joined_at, left_at, first_synced_at, synced_at, run_id)
			SELECT s.session_id, gen_random_uuid(), p.user_id, p.custom_participant_id, p.display_name, p.preset_name, s.started_at + interval '6 min', s.ended_at - interval '20 min', now(), now(), 1
			FROM realtimekit.sessions AS s, realtimekit.participants AS p WHERE s.started_at > p.left_at AND (p.user_id <> 'u2' OR extract(day FROM s.started_at)::int % 3 > 0)`)
	changedByHand(t, pool)
	page := func(days int, name string) *node {
		var b bytes.Buffer
		day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
		if _, err := report.Register(t.Context(), pool, &b, report.Lessons{Meeting: "m", From: day, To: day.AddDate(0, 0, days)}, options); err != nil {
			t.Fatal(err)
		}
		return parsed(t, b.Bytes(), name)
	}
	if few := page(6, ""); len(few.tags("table")) != 1 {
		t.Errorf("6 lessons are %d tables", len(few.tags("table")))
	}
	all := page(23, "register-term.html")
	wide, tables := all.id(t, "register").rows(), all.tags("table")
	if len(tables) != 5 || len(wide[0]) != 2+23+5 {
		t.Fatalf("%d tables, %d columns", len(tables), len(wide[0]))
	}
	for i, row := range wide {
		printed := append([]string{}, row[:2]...)
		for _, table := range tables[2:] {
			printed = append(printed, table.rows()[i][2:]...)
		}
		if diff := cmp.Diff(row, append(printed, tables[1].rows()[i][2:]...)); diff != "" {
			t.Errorf("row %d (- on the screen, + on paper):\n%s", i+1, diff)
		}
	}
}
