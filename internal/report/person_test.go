package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/report"
)

// others are texts of everybody but Ann: none may be in what is about her.
var others = []string{"Bob", "bob-1", "u-bob", "Cy", "cy-1", "ANN-1", "00000000-0000-4000-8000-000000000102", "bobs-event", "toothache"}

// course has a lesson on each of four days: Ann is there on the first with two devices,
// late on the second, excused on the third and absent on the fourth. Bob is always there.
// Whoever writes in capitals is somebody else.
func course(t *testing.T) *pgxpool.Pool {
	t.Helper()
	in, out := "2026-03-10 10:00Z", "2026-03-10 11:00Z"
	pool := byHand(t, in, out, presence{"u-ann", "ann-1", "Ann", in, "2026-03-10 10:20Z"}, presence{"u-ann2", "ann-1", "Ann (phone)", "2026-03-10 10:30Z", out},
		presence{"u-bob", "bob-1", "Bob", in, out}, presence{"u-cy", "cy-1", "Cy", in, out}, presence{"u-ANN", "ANN-1", "Bob's twin", in, out})
	for _, sql := range []string{
		`INSERT INTO realtimekit.apps (app_id, account_id, name, first_synced_at, synced_at, run_id) VALUES ('b', 'account', 'b', now(), now(), 1)`,
		`INSERT INTO realtimekit.meetings (app_id, meeting_id, title, first_synced_at, synced_at, run_id) VALUES ('a', 'm', 'Chemistry', now(), now(), 1)`,
		`UPDATE realtimekit.sessions SET meeting_id = 'm'`,
		`INSERT INTO realtimekit.sessions (session_id, app_id, meeting_id, meeting_title, status, started_at, ended_at, created_at, first_synced_at, synced_at, run_id)
			SELECT ('00000000-0000-4000-8000-00000000000' || n + 1)::uuid, CASE n WHEN 4 THEN 'b' ELSE 'a' END, CASE WHEN n < 4 THEN 'm' END, meeting_title, status,
				started_at + n * interval '1 day', ended_at + n * interval '1 day', created_at, now(), now(), 1 FROM realtimekit.sessions, generate_series(1, 4) AS n`,
		`INSERT INTO realtimekit.participants (session_id, participant_id, user_id, custom_participant_id, display_name, preset_name, joined_at, left_at, first_synced_at, synced_at, run_id)
			SELECT session_id, gen_random_uuid(), 'u-' || who || (started_at AT TIME ZONE 'UTC')::date, who || '-1', initcap(who), 'student',
				started_at + CASE who WHEN 'ann' THEN interval '15 minutes' ELSE '0' END, ended_at, now(), now(), 1
			FROM realtimekit.sessions, unnest('{ann,bob,cy}'::text[]) AS who WHERE started_at > '2026-03-11Z' AND (who <> 'ann' OR started_at < '2026-03-12Z')`,
		`INSERT INTO realtimekit.participants (session_id, participant_id, custom_participant_id, joined_at, left_at, first_synced_at, synced_at, run_id)
			SELECT session_id, gen_random_uuid(), 'bob-1', started_at, ended_at, now(), now(), 1 FROM realtimekit.sessions WHERE app_id = 'b'`,
		`INSERT INTO realtimekit.participants (session_id, participant_id, user_id, joined_at, left_at, first_synced_at, synced_at, run_id)
			SELECT session_id, gen_random_uuid(), 'abcdef00-0000-4000-8000-000000000001', started_at, ended_at, now(), now(), 1 FROM realtimekit.sessions WHERE app_id = 'b'`,
		`INSERT INTO realtimekit.peer_events (session_id, participant_id, event_id, event_name, peer_id, created_at, first_synced_at, synced_at, run_id)
			SELECT session_id, participant_id, gen_random_uuid(), 'PEER_CREATED', lower(left(display_name, 3)) || 's-event', joined_at, now(), now(), 1 FROM realtimekit.participants`,
		`INSERT INTO realtimekit.meeting_participants (app_id, meeting_id, meeting_participant_id, custom_participant_id, display_name, created_at, last_listed_at, first_synced_at, synced_at, run_id)
			SELECT 'a', 'm', 'e-' || id, id || '-1', initcap(id), '2026-01-01Z', now(), now(), now(), 1 FROM unnest('{ann,bob,dan}'::text[]) AS id`,
		`INSERT INTO analytics.excuses (app_id, person_id, starts_at, ends_at, reason) VALUES ('a', 'ann-1', '2026-03-12Z', '2026-03-13Z', 'ill'), ('a', 'bob-1', '2026-03-12Z', '2026-03-13Z', 'toothache')`,
		`INSERT INTO sync.session_states (session_id, app_id, status, created_at, read_at, complete_at, settled_at, run_id)
			SELECT session_id, app_id, status, created_at, now(), now(), now(), 1 FROM realtimekit.sessions ON CONFLICT DO NOTHING`,
	} {
		pgtest.Exec(t, pool, sql)
	}
	changedByHand(t, pool)
	return pool
}

func TestPerson(t *testing.T) {
	t.Parallel()
	pool := course(t)
	t.Run("page", func(t *testing.T) { personPage(t, pool) })
	t.Run("JSON", func(t *testing.T) { personJSON(t, pool) })
	t.Run("capitals", func(t *testing.T) { inCapitals(t, pool) })
	t.Run("nobody", func(t *testing.T) { noSuchPerson(t, pool) })
	t.Run("without the id", func(t *testing.T) { withoutTheID(t, pool) })
}

// personPage reads the page about one person.
func personPage(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	day := func(d int) time.Time { return time.Date(2026, 3, d, 0, 0, 0, 0, time.UTC) }
	var b bytes.Buffer
	said, err := report.Person(t.Context(), pool, &b, report.OnePerson{ID: "ann-1", From: day(10), To: day(14)}, options)
	if want := `4 lessons and 2 sessions of a person; ids that look alike are people of their own: "ANN-1"`; err != nil || said != want {
		t.Fatalf("%q, %v", said, err)
	}
	page := parsed(t, b.Bytes(), "person.html")
	if diff := cmp.Diff([][]string{
		{"Chemistry 9B", "2026-03-10 10:00", "present", "10:00:00", "11:00:00", "50.0", "0.0", "0.0", "83 %"},
		{"Chemistry 9B", "2026-03-11 10:00", "late", "10:15:00", "11:00:00", "45.0", "15.0", "0.0", "75 %"},
		{"Chemistry 9B", "2026-03-12 10:00", "excusedill", "–", "–", "0.0", "–", "–", "0 %"},
		{"Chemistry 9B", "2026-03-13 10:00", "absent", "–", "–", "0.0", "–", "–", "0 %"},
	}, page.id(t, "lessons").rows()); diff != "" {
		t.Errorf("lessons (- by hand, + page):\n%s", diff)
	}
	if diff := cmp.Diff([][]string{
		{"Chemistry 9B" + handSession, "2026-03-10 10:00", "10:00:00", "11:00:00", "50.0", "210:00:00–10:20:00 10:30:00–11:00:00", "83 %", "0.0"},
		{"Chemistry 9B" + strings.Replace(handSession, "01", "02", 1), "2026-03-11 10:00", "10:15:00", "11:00:00", "45.0", "1", "75 %", "15.0"},
	}, page.id(t, "sessions").rows()); diff != "" {
		t.Errorf("sessions (- by hand, + page):\n%s", diff)
	}
	const figures = "Present2 of 3 lessons Late1 Left early0 Absent1 Excused1 Share of lessons53 % Sessions2 Minutes inside95.0"
	if got := page.all(func(e *node) bool { return e.attr("class") == "figures" })[0].text(); got != figures {
		t.Errorf("in short: %s", got)
	}
	aboutAnnAlone(t, b.String())
	b.Reset()
	if said, err := report.Person(t.Context(), pool, &b, report.OnePerson{ID: "dan-1", From: day(10), To: day(11)}, options); err != nil || said != "1 lesson and 0 sessions of a person" {
		t.Errorf("who never came: %q, %v", said, err)
	}
	parsed(t, b.Bytes(), "person-absent.html")
}

// aboutAnnAlone looks for everybody else.
func aboutAnnAlone(t *testing.T, text string) {
	t.Helper()
	for _, other := range others {
		if at := strings.Index(text, other); at >= 0 {
			t.Errorf("%q is in what is about Ann: %s", other, text[max(at-100, 0):min(at+100, len(text))])
		}
	}
}

// personJSON looks for everything that is stored of one person, and of nobody else.
func personJSON(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	var b bytes.Buffer
	if _, err := report.PersonJSON(t.Context(), pool, &b, report.OnePerson{ID: "ann-1"}, options); err != nil {
		t.Fatal(err)
	}
	aboutAnnAlone(t, b.String())
	var document map[string]json.RawMessage
	if err := json.Unmarshal(b.Bytes(), &document); err != nil {
		t.Fatal(err)
	}
	const head = `{"made_at":"2026-11-18T12:00:00Z","made_by":"rollcall test","from":null,"to":null,"app_id":"a","app_name":"a","person_id":"ann-1",` +
		`"display_names":["Ann","Ann (phone)"],"custom_participant_ids":["ann-1"],"user_ids":["u-ann2026-03-11","u-ann","u-ann2","e-ann"]}`
	if string(document["person"]) != head {
		t.Errorf("person: %s", document["person"])
	}
	delete(document, "person")
	counts := map[string]int{}
	for name, text := range document {
		var rows []map[string]any
		if err := json.Unmarshal(text, &rows); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		counts[name] = len(rows)
	}
	if diff := cmp.Diff(map[string]int{
		"register": 4, "attendance": 2, "intervals": 3, "call_quality": 0, "participants": 3, "peer_events": 3, "peer_reports": 0, "peer_report_states": 0, "meeting_participants": 1, "excuses": 1,
	}, counts); diff != "" {
		t.Errorf("rows (- by hand, + document):\n%s", diff)
	}
	stored := pgtest.Texts(t, pool, `SELECT DISTINCT table_name FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
		WHERE table_type = 'BASE TABLE' AND column_name IN ('participant_id', 'meeting_participant_id', 'custom_participant_id', 'user_id', 'person_id')
		AND (table_schema = 'realtimekit' OR table_schema = 'sync' OR table_name = 'excuses') ORDER BY 1`)
	for _, table := range stored {
		if _, is := document[table]; !is {
			t.Errorf("rows of the table %s are not in the document, which has %v", table, slices.Sorted(maps.Keys(document)))
		}
	}
}

// inCapitals asks for an id of the vendor's as other programs write it.
func inCapitals(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	var b bytes.Buffer
	said, err := report.Person(t.Context(), pool, &b, report.OnePerson{ID: "ABCDEF00-0000-4000-8000-000000000001"}, options)
	if want := "0 lessons and 1 session of a person"; err != nil || !strings.HasPrefix(said, want) {
		t.Errorf("said %q, %v, want %q", said, err, want)
	}
}

// noSuchPerson asks for ids that are nobody's, or more than one person's.
func noSuchPerson(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	for id, c := range map[string]struct {
		app, want string
		usage     bool
	}{
		"nobody": {"", `no person "nobody" is in the warehouse; rollcall report --view people lists those that are`, false},
		"Ann-1":  {"", `no person "Ann-1" is in the warehouse; other spellings are: "ANN-1", "ann-1"`, false},
		"u-ann":  {"", `participants with this id are, by the settings of the app, the person "ann-1"`, false},
		"bob-1":  {"", `several apps have a person "bob-1", who need not be the same: give --app, one of: a, b`, true},
		"ann-1":  {"b", `no person "ann-1" is in the warehouse`, false},
	} {
		_, err := report.Person(t.Context(), pool, new(bytes.Buffer), report.OnePerson{ID: id, App: c.app}, options)
		if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, model.ErrUsage) != c.usage {
			t.Errorf("%s: %v, want %q", id, err, c.want)
		}
	}
}

// withoutTheID has Ann come without her own id twice: with a user_id that is hers alone, as
// the vendor once leaves the id out, and with one that Bob came with too.
func withoutTheID(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	const insert = `INSERT INTO realtimekit.participants (session_id, participant_id, user_id, custom_participant_id, display_name, joined_at, left_at, first_synced_at, synced_at, run_id)
		SELECT session_id, gen_random_uuid(), $1, $2, 'someone', started_at, ended_at, now(), now(), 1 FROM realtimekit.sessions WHERE started_at = $3::timestamptz`
	pgtest.Exec(t, pool, insert, "u-ann", nil, "2026-03-13 10:00Z")
	pgtest.Exec(t, pool, insert, "u-ann2", "bob-1", "2026-03-11 10:00Z")
	pgtest.Exec(t, pool, insert, "u-ann2", nil, "2026-03-12 10:00Z")
	changedByHand(t, pool)
	var b bytes.Buffer
	if _, err := report.Person(t.Context(), pool, &b, report.OnePerson{ID: "ann-1"}, options); err != nil {
		t.Fatal(err)
	}
	lessons := parsed(t, b.Bytes(), "").id(t, "lessons").rows()
	if len(lessons) != 4 || lessons[2][2] != "excusedill" || lessons[3][2] != "present" {
		t.Errorf("lessons: %q", lessons)
	}
	b.Reset()
	if _, err := report.PersonJSON(t.Context(), pool, &b, report.OnePerson{ID: "ann-1"}, options); err != nil {
		t.Fatal(err)
	}
	var document struct {
		Person struct {
			Names []string `json:"display_names"`
		}
		Participants, Attendance, Register []json.RawMessage
	}
	if err := json.Unmarshal(b.Bytes(), &document); err != nil || len(document.Participants) != 4 || len(document.Attendance) != 3 || len(document.Register) != 5 {
		t.Errorf("%v, %+v", err, document)
	}
	if diff := cmp.Diff([]string{"someone", "Ann", "Ann (phone)"}, document.Person.Names); diff != "" {
		t.Errorf("names, the latest first (- by hand, + document):\n%s", diff)
	}
	said, err := report.Person(t.Context(), pool, new(bytes.Buffer), report.OnePerson{ID: "u-ann"}, options)
	if want := `1 lesson and 1 session of a person; other participants with this id are, by the settings of the app, the person "ann-1"`; err != nil || said != want {
		t.Errorf("said %q, %v, want %q", said, err, want)
	}
}

// TestAbsentFromALongSession has a session that reaches into two lessons. Bob is at the
// first alone, Dan at neither: one is absent, and once.
func TestAbsentFromALongSession(t *testing.T) {
	t.Parallel()
	pool := course(t)
	pgtest.Exec(t, pool, `UPDATE realtimekit.participants SET left_at = '2026-03-10 10:20Z' WHERE user_id = 'u-bob'`)
	pgtest.Exec(t, pool, `INSERT INTO analytics.timetable (app_id, meeting_id, starts_at, ends_at)
		VALUES ('a', 'm', '2026-03-10 10:00Z', '2026-03-10 10:25Z'), ('a', 'm', '2026-03-10 10:30Z', '2026-03-10 11:00Z')`)
	changedByHand(t, pool)
	if diff := cmp.Diff([][]string{{"Dandan-1", "", "–"}}, sessionPage(t, pool, handSession, "").id(t, "absent").rows()); diff != "" {
		t.Errorf("absent (- by hand, + page):\n%s", diff)
	}
}

// TestPersonWhileTheClockIsSet has a session of four hours that begins at half past eleven in
// the evening and ends at half past four.
func TestPersonWhileTheClockIsSet(t *testing.T) {
	t.Parallel()
	in, out := "2026-03-28 22:30Z", "2026-03-29 02:30Z"
	pool := byHand(t, in, out, presence{"u1", "ann", "Ann", in, out}, presence{"u2", "bo", "Bo", in, out})
	o := options
	var err error
	if o.Zone, err = time.LoadLocation("Europe/Berlin"); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := report.Person(t.Context(), pool, &b, report.OnePerson{ID: "ann"}, o); err != nil {
		t.Fatal(err)
	}
	want := [][]string{{"Chemistry 9B" + handSession, "2026-03-28 23:30", "23:30:00", "29 March 2026, 04:30:00 UTC+02:00", "240.0", "1", "100 %", "0.0"}}
	if diff := cmp.Diff(want, parsed(t, b.Bytes(), "").id(t, "sessions").rows()); diff != "" {
		t.Errorf("sessions (- by hand, + page):\n%s", diff)
	}
}
