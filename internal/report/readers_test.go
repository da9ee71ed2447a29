package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/report"
)

// presence is a row of realtimekit.participants, written by hand.
type presence struct{ user, custom, name, joined, left string }

const handSession = "00000000-0000-4000-8000-000000000001"

// byHand makes a warehouse of one session.
func byHand(t *testing.T, starts, ends string, people ...presence) *pgxpool.Pool {
	t.Helper()
	pool := pgtest.Open(t, pgtest.New(t), 2)
	exec := func(sql string, args ...any) {
		t.Helper()
		if _, err := pool.Exec(t.Context(), sql, args...); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	exec(`INSERT INTO sync.runs (run_id, account_id, kind, status, started_at, finished_at, program_version)
		OVERRIDING SYSTEM VALUE VALUES (1, 'account', 'run', 'succeeded', now(), now(), 'test')`)
	exec(`INSERT INTO realtimekit.apps (app_id, account_id, name, first_synced_at, synced_at, run_id) VALUES ('a', 'account', 'a', now(), now(), 1)`)
	exec(`INSERT INTO realtimekit.sessions (session_id, app_id, meeting_title, status, started_at, ended_at, created_at, first_synced_at, synced_at, run_id)
		VALUES ($1, 'a', 'Chemistry 9B', 'ENDED', $2::text::timestamptz, $3::text::timestamptz, $2::text::timestamptz, now(), now(), 1)`, handSession, starts, ends)
	for i, p := range people {
		exec(`INSERT INTO realtimekit.participants (session_id, participant_id, user_id, custom_participant_id, display_name, preset_name, joined_at, left_at, first_synced_at, synced_at, run_id)
			VALUES ($1, $2, $3, nullif($4, ''), $5, 'student', $6::text::timestamptz, $7::text::timestamptz, now(), now(), 1)`,
			handSession, fmt.Sprintf("00000000-0000-4000-8000-%012d", 100+i), p.user, p.custom, p.name, p.joined, p.left)
	}
	exec(`INSERT INTO sync.session_states (session_id, app_id, status, created_at, read_at, complete_at, settled_at, run_id)
		SELECT session_id, app_id, status, created_at, now(), now(), now(), 1 FROM realtimekit.sessions`)
	exec(`INSERT INTO analytics.stale_sessions (session_id, started_at) SELECT session_id, started_at FROM realtimekit.sessions ON CONFLICT DO NOTHING`)
	exec(`SELECT analytics.refresh(500)`)
	return pool
}

// sessionID gives the id of the session by hand.
func sessionID(t *testing.T) model.UUID {
	t.Helper()
	id, err := model.ParseUUID(handSession)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// inZone gives the page of the session by hand.
func inZone(t *testing.T, pool *pgxpool.Pool, zone, name string) *node {
	t.Helper()
	id := sessionID(t)
	o := options
	var err error
	if o.Zone, err = time.LoadLocation(zone); err != nil {
		t.Fatal(err)
	}
	var page bytes.Buffer
	if _, err := report.Session(t.Context(), pool, &page, id, o); err != nil {
		t.Fatal(err)
	}
	return parsed(t, page.Bytes(), name)
}

// when gives the line of times below the title.
func when(page *node) string {
	return page.all(func(e *node) bool { return e.attr("class") == "when" })[0].text()
}

// drawnWith gives a member of the data of the charts.
func drawnWith(t *testing.T, page *node, member string) any {
	t.Helper()
	var charts map[string]any
	if err := json.Unmarshal([]byte(rawText(page.id(t, "charts"))), &charts); err != nil {
		t.Fatal(err)
	}
	return charts[member]
}

// TestClockIsSet has sessions around the hours that clocks show twice or not at all.
func TestClockIsSet(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		zone, starts, ends, from, to string
		offsets                      bool
	}{
		"an hour twice":       {"Europe/Berlin", "2026-10-25 00:30Z", "2026-10-25 01:30Z", "02:30:00 UTC+02:00", "02:30:00 UTC+01:00", true},
		"in the first of two": {"Europe/Berlin", "2026-10-25 00:10Z", "2026-10-25 00:50Z", "02:10:00 UTC+02:00", "02:50:00 UTC+02:00", true},
		"the last of two":     {"Europe/Berlin", "2026-10-25 01:10Z", "2026-10-25 01:50Z", "02:10:00 UTC+01:00", "02:50:00 UTC+01:00", true},
		"right after":         {"Europe/Berlin", "2026-10-25 02:00Z", "2026-10-25 03:00Z", "03:00:00", "04:00:00", false},
		"right before":        {"Europe/Berlin", "2026-10-24 23:00Z", "2026-10-24 23:59Z", "01:00:00", "01:59:00", false},
		"an hour not at all":  {"Europe/Berlin", "2026-03-29 00:30Z", "2026-03-29 01:30Z", "01:30:00 UTC+01:00", "03:30:00 UTC+02:00", true},
		"half an hour twice":  {"Australia/Lord_Howe", "2026-04-04 14:40Z", "2026-04-04 15:10Z", "01:40:00 UTC+11:00", "01:40:00 UTC+10:30", true},
		"another day":         {"Europe/Berlin", "2026-10-26 00:30Z", "2026-10-26 01:30Z", "01:30:00", "02:30:00", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := byHand(t, c.starts, c.ends, presence{"u1", "stu-1", "Ann", c.starts, c.ends})
			file := "" // a browser looks at one of them
			if name == "an hour twice" {
				file = "session-clock.html"
			}
			page := inZone(t, pool, c.zone, file)
			cells := page.id(t, "attendance").under(t, "First join", "Last leave")[0]
			if cells[0] != c.from || cells[1] != c.to {
				t.Errorf("joined %q, left %q; want %q and %q", cells[0], cells[1], c.from, c.to)
			}
			if text := when(page); !strings.Contains(text, ", "+c.from+" to "+c.to+" (") {
				t.Errorf("the head says %q", text)
			}
			if got := drawnWith(t, page, "offsets"); got != c.offsets {
				t.Errorf("the charts write offsets: %v, want %v", got, c.offsets)
			}
		})
	}
}

// TestPeopleOfTheDayBefore has somebody who came before midnight, and somebody who
// stayed past the next.
func TestPeopleOfTheDayBefore(t *testing.T) {
	t.Parallel()
	pool := byHand(t, "2026-03-10 00:05Z", "2026-03-10 00:50Z",
		presence{"u1", "stu-1", "Ann", "2026-03-09 23:58Z", "2026-03-10 00:40Z"}, presence{"u2", "stu-2", "Bob", "2026-03-10 00:06Z", "2026-03-10 00:20Z"},
		presence{"u2", "stu-2", "Bob", "2026-03-10 00:30Z", "2026-03-10 00:45Z"})
	page := inZone(t, pool, "UTC", "session-daybefore.html")
	rows := page.id(t, "attendance").under(t, "First join", "Visits", "Late")
	if rows[0][0] != "2026-03-09 23:58:00" || rows[1][0] != "2026-03-10 00:06:00" {
		t.Errorf("joined %q and %q, want both with their day", rows[0][0], rows[1][0])
	}
	if !strings.Contains(rows[1][1], "2026-03-10 00:30:00–2026-03-10 00:45:00") {
		t.Errorf("visits %q have no day", rows[1][1])
	}
	if got := drawnWith(t, page, "spanDays"); got != true {
		t.Errorf("spanDays of the charts is %v", got)
	}
	if text := when(page); text != "10 March 2026, 00:05:00 to 00:50:00 (UTC)" {
		t.Errorf("the head says %q, which began and ended on one day", text)
	}
	if late := []string{rows[0][2], rows[1][2]}; !cmp.Equal(late, []string{"0.0", "1.0"}) {
		t.Errorf("late by %q minutes, want 0.0 for who came before the start, and 1.0", late)
	}
}

// TestNamesakes are told apart in the table and in the timeline.
func TestNamesakes(t *testing.T) {
	t.Parallel()
	in, out := "2026-03-10 10:00Z", "2026-03-10 11:00Z"
	pool := byHand(t, in, out, presence{"u1", "", "Zed", in, out}, presence{"u2", "", "zed", in, out}, presence{"u3", "stu-3", "Zed", in, out}, presence{"u4", "", "Ann", in, out})
	page := inZone(t, pool, "UTC", "session-namesakes.html")
	var names []string
	for _, row := range page.id(t, "attendance").rows() {
		names = append(names, row[0])
	}
	if diff := cmp.Diff([]string{"Zedstu-3", "Zedu1", "zedu2", "Ann"}, names); diff != "" {
		t.Errorf("names and ids:\n%s", diff)
	}
	labels := map[string]bool{}
	for _, person := range drawnWith(t, page, "people").([]any) {
		labels[person.(map[string]any)["n"].(string)] = true
	}
	if want := map[string]bool{"Zed (u1)": true, "zed (u2)": true, "Zed (stu-3)": true, "Ann": true}; !cmp.Equal(want, labels) {
		t.Errorf("labels of the timeline: %v", labels)
	}
	if text := page.text(); strings.Contains(text, "Where the audience left") {
		t.Error("four people are an audience")
	}
}

// TestNamesThatLookAlike are told apart as well, and a name of which nothing can be seen is
// none.
func TestNamesThatLookAlike(t *testing.T) {
	t.Parallel()
	in, out := "2026-03-10 10:00Z", "2026-03-10 11:00Z"
	pool := byHand(t, in, out, presence{"u1", "", "Zo\u00eb", in, out}, presence{"u2", "", "Zoe\u0308", in, out},
		presence{"u3", "", "Ann Lee", in, out}, presence{"u4", "", "Ann\u00a0Lee\u200b ", in, out}, presence{"u5", "", "\u3164", in, out})
	var names []string
	for _, row := range inZone(t, pool, "UTC", "session-alike.html").id(t, "attendance").rows() {
		names = append(names, strings.Join(strings.Fields(row[0]), " "))
	}
	if diff := cmp.Diff([]string{"Zo\u00ebu1", "Zoe\u0308u2", "Ann Leeu3", "Ann Lee\u200b u4", "u5"}, names); diff != "" {
		t.Errorf("names and ids:\n%s", diff)
	}
}

// TestAudience leaves out the instants in which nobody was there.
func TestAudience(t *testing.T) {
	t.Parallel()
	var people []presence
	for i := range 6 {
		people = append(people, presence{fmt.Sprintf("u%d", i), "", fmt.Sprintf("Person %d", i), "2026-03-10 10:01Z", "2026-03-10 10:59Z"})
	}
	page := inZone(t, byHand(t, "2026-03-10 10:00Z", "2026-03-10 11:00Z", people...), "UTC", "session-audience.html")
	points := page.id(t, "points").rows()
	if len(points) != 9 || points[0][0] != "10 %" || points[8][0] != "90 %" {
		t.Errorf("the points are %v, want those from 10 to 90 %%", points)
	}
	if drawn := drawnWith(t, page, "points").([]any); len(drawn) != 9 {
		t.Errorf("%d points are drawn, want 9", len(drawn))
	}
}

// TestContents has one for many people, and none for few.
func TestContents(t *testing.T) {
	t.Parallel()
	in, out := "2026-03-10 10:00Z", "2026-03-10 11:00Z"
	for people, want := range map[int]int{2: 0, 500: 1} {
		var all []presence
		for i := range people {
			all = append(all, presence{fmt.Sprintf("u%d", i), "", fmt.Sprintf("Person %d", i), in, out})
		}
		page := inZone(t, byHand(t, in, out, all...), "UTC", fmt.Sprintf("session-%d.html", people))
		if got := len(page.tags("nav")); got != want {
			t.Errorf("%d people: %d tables of contents, want %d", people, got, want)
		}
		for _, nav := range page.tags("nav") {
			for _, link := range nav.tags("a") {
				page.id(t, strings.TrimPrefix(link.attr("href"), "#"))
			}
		}
		if !strings.Contains(page.text(), "All checks passed.") {
			t.Error("nothing says that the checks passed")
		}
	}
}

// TestEmptyRange is a page that says what the warehouse holds.
func TestEmptyRange(t *testing.T) {
	t.Parallel()
	pool := byHand(t, "2026-03-10 10:00Z", "2026-03-10 11:00Z", presence{"u1", "", "Ann", "2026-03-10 10:00Z", "2026-03-10 11:00Z"})
	march := time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)
	page := rangePage(t, pool, report.Span{From: march, To: march.AddDate(0, 0, 2)}, "range-empty.html")
	const want = "No session lies between 2025-03-01 and 2025-03-02; the warehouse holds sessions from 2026-03-10 to 2026-03-10"
	if text := page.text(); !strings.Contains(text, want) || strings.Contains(text, "All checks passed") {
		t.Errorf("the page says %q", text)
	}
	if _, err := pool.Exec(t.Context(), `DELETE FROM realtimekit.participants; DELETE FROM sync.session_states; DELETE FROM realtimekit.sessions; SELECT analytics.refresh()`); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	said, err := report.Range(t.Context(), pool, &out, report.Span{From: march, To: march.AddDate(0, 0, 1)}, options)
	if err != nil || !strings.Contains(said, "the warehouse holds none yet; run: rollcall run") {
		t.Errorf("of an empty warehouse it says %q, %v", said, err)
	}
}

// TestHourTwiceInARange has two sessions at one time of day.
func TestHourTwiceInARange(t *testing.T) {
	t.Parallel()
	pool := byHand(t, "2026-10-25 00:30Z", "2026-10-25 00:45Z", presence{"u1", "", "Ann", "2026-10-25 00:30Z", "2026-10-25 00:45Z"})
	if _, err := pool.Exec(t.Context(), `INSERT INTO realtimekit.sessions (session_id, app_id, meeting_title, status, started_at, ended_at, created_at, first_synced_at, synced_at, run_id)
		SELECT gen_random_uuid(), 'a', meeting_title, status, started_at + interval '1 hour', ended_at + interval '1 hour', created_at, now(), now(), 1 FROM realtimekit.sessions;
		INSERT INTO analytics.stale_sessions (session_id) SELECT session_id FROM realtimekit.sessions; SELECT analytics.refresh()`); err != nil {
		t.Fatal(err)
	}
	o := options
	var err error
	if o.Zone, err = time.LoadLocation("Europe/Berlin"); err != nil {
		t.Fatal(err)
	}
	day := time.Date(2026, 10, 25, 0, 0, 0, 0, time.UTC)
	var out bytes.Buffer
	if _, err := report.Range(t.Context(), pool, &out, report.Span{From: day, To: day.AddDate(0, 0, 1)}, o); err != nil {
		t.Fatal(err)
	}
	rows := parsed(t, out.Bytes(), "range-clock.html").id(t, "attendance").rows()
	if len(rows) != 2 || rows[0][1] != "2026-10-25 02:30 UTC+01:00" || rows[1][1] != "2026-10-25 02:30 UTC+02:00" {
		t.Errorf("starts of the sessions: %v", rows)
	}
}
