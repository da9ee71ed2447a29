package report_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/export"
	"github.com/rollcall-etl/rollcall/internal/find"
	"github.com/rollcall-etl/rollcall/internal/report"
)

// TestDaysOfTheApp has a lesson after midnight in Berlin, which is the evening before in
// UTC: ranges, pages and exports know it by the day of its app.
func TestDaysOfTheApp(t *testing.T) {
	t.Parallel()
	in, out := "2026-06-09 22:30Z", "2026-06-09 23:30Z"
	pool := byHand(t, in, out, presence{"u1", "stu-1", "Ann", in, out}, presence{"u2", "stu-2", "Bob", in, out})
	if _, err := pool.Exec(t.Context(), `INSERT INTO realtimekit.meetings (app_id, meeting_id, title, first_synced_at, synced_at, run_id) VALUES ('a', 'm1', 'Chemistry', now(), now(), 1);
		UPDATE realtimekit.sessions SET meeting_id = 'm1', minutes_consumed = 1;
		INSERT INTO analytics.settings (app_id, time_zone) VALUES ('a', 'Europe/Berlin');
		SELECT analytics.refresh()`); err != nil {
		t.Fatal(err)
	}
	o := options
	o.Zone = nil
	for day, lessons := range map[int]int{9: 0, 10: 1, 11: 0} {
		from := time.Date(2026, 6, day, 0, 0, 0, 0, time.UTC)
		to := from.AddDate(0, 0, 1)
		var page bytes.Buffer
		if _, err := report.Range(t.Context(), pool, &page, report.Span{From: from, To: to}, o); err != nil {
			t.Fatal(err)
		}
		text := parsed(t, page.Bytes(), "").text()
		for _, has := range []string{"2026-06-10 00:30", "minutes differ from Cloudflare's own count: 1 session"} {
			if strings.Contains(text, has) != (lessons == 1) {
				t.Errorf("page of the %d: %q in it: %v", day, has, lessons == 0)
			}
		}
		if lessons == 0 && !strings.Contains(text, "the warehouse holds sessions from 2026-06-10 to 2026-06-10") || !strings.Contains(text, "Days are those of Europe/Berlin") {
			t.Errorf("page of the %d: %s", day, text)
		}
		said, err := report.Register(t.Context(), pool, new(bytes.Buffer), report.Lessons{Meeting: "m1", From: from, To: to}, o)
		if want := map[int]string{0: "0 lessons, ", 1: "1 lesson, "}[lessons]; err != nil || !strings.HasPrefix(said, want) {
			t.Errorf("register of the %d: %q, %v", day, said, err)
		}
		for _, view := range []string{"session_summary", "participant_intervals", "occurrences", "data_quality", "daily_usage"} {
			rows, err := export.View(t.Context(), pool, new(bytes.Buffer), view, export.Filter{From: from, To: to}, export.Options{Format: "csv"})
			if err != nil || rows > 0 != (lessons == 1) {
				t.Errorf("%s of the %d: %d rows, %v", view, day, rows, err)
			}
		}
		ownDay(t, pool, report.OnePerson{ID: "stu-1", From: from, To: to}, o, lessons)
		bounds := find.Query{From: find.Bound{At: from, IsDay: true}, To: find.Bound{At: to, IsDay: true}}
		if _, n, err := find.Sessions(t.Context(), pool, bounds); err != nil || n != lessons {
			t.Errorf("sessions of the %d: %d, %v", day, n, err)
		}
	}
	start := time.Date(2026, 6, 9, 22, 30, 0, 0, time.UTC)
	if _, n, err := find.Sessions(t.Context(), pool, find.Query{From: find.Bound{At: start}, To: find.Bound{At: start.Add(time.Second)}}); err != nil || n != 1 {
		t.Errorf("sessions of that second: %d, %v", n, err)
	}
	if shown, err := find.Clock(t.Context(), pool, start, ""); err != nil || !shown.Equal(time.Date(2026, 6, 10, 0, 30, 0, 0, time.UTC)) {
		t.Errorf("the clock there shows %s, %v", shown, err)
	}
	var page bytes.Buffer
	id := sessionID(t)
	if _, err := report.Session(t.Context(), pool, &page, id, o); err != nil {
		t.Fatal(err)
	}
	if text := when(parsed(t, page.Bytes(), "")); text != "10 June 2026, 00:30:00 to 01:30:00 (Europe/Berlin)" {
		t.Errorf("the head says %q", text)
	}
}

// ownDay asks for a person's day, as a page and as JSON.
func ownDay(t *testing.T, pool *pgxpool.Pool, of report.OnePerson, o report.Options, lessons int) {
	t.Helper()
	var page, doc bytes.Buffer
	said, err := report.Person(t.Context(), pool, &page, of, o)
	if want := map[int]string{0: "0 lessons and 0 sessions of a person", 1: "1 lesson and 1 session of a person"}[lessons]; err != nil || said != want {
		t.Errorf("the person's %s: %q, %v, want %q", of.From.Format(time.DateOnly), said, err, want)
	}
	text := parsed(t, page.Bytes(), "").text()
	if strings.Contains(text, "2026-06-10 00:30") != (lessons == 1) || !strings.Contains(text, "days of the range are those of Europe/Berlin") {
		t.Errorf("the person's %s: %s", of.From.Format(time.DateOnly), text)
	}
	if _, err := report.PersonJSON(t.Context(), pool, &doc, of, o); err != nil || strings.Contains(doc.String(), `"joined_at":"2026-06-10T00:30:00+02:00"`) != (lessons == 1) {
		t.Errorf("the person's %s as JSON: %v, %s", of.From.Format(time.DateOnly), err, doc.String())
	}
}
