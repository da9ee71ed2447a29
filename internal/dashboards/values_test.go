package dashboards_test

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/simulator"
)

func unfinished(p *simulator.Participant) bool { return p.LeftAt.IsZero() && p.DurationMinutes == nil }

func number(t *testing.T, text string) float64 {
	t.Helper()
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// values compares what panels show with what the simulator knows of its own
// sessions, and with numbers of the demo that docs/questions.md has as well.
func (w *world) values(t *testing.T) {
	t.Helper()
	w.operations(t)
	w.attendance(t)
	w.usage(t)
}

func (w *world) shows(t *testing.T, file, title, session, column string, want ...string) {
	t.Helper()
	if got := w.one(t, file, title, session).column(t, column); !slices.Equal(got, want) {
		t.Errorf("%s, %q: %s is %v, want %v", file, title, column, got, want)
	}
}

func (w *world) operations(t *testing.T) {
	t.Helper()
	const board = "operations"
	w.shows(t, board, "Last run", "", "status", "partial")
	w.shows(t, board, "Live sessions", "", "live_sessions", "1")
	w.shows(t, board, "Records set aside", "", "open_rejected_records", "1")
	w.shows(t, board, "Why records were set aside", "", "records", "1")
	w.shows(t, board, "Why records were set aside", "", "entity", "participant")
	w.shows(t, board, "Freshness", "", "sessions", "20", "35", "5")
	w.shows(t, board, "Runs", "", "status", "failed", "partial")
	w.shows(t, board, "Runs", "", "sessions_failed", "0", "1")
	w.shows(t, board, "Sessions read", "", "failed", "1", "0")
	w.shows(t, board, "Sessions that are not complete", "", "session_id", w.session("Speaker rehearsal 2").ID)
	reads := w.one(t, board, "Enrolment, daily counts, peer reports", "")
	if n := len(reads.rows); n < 7 {
		t.Errorf("%d reads beside the sessions, want enrolment and daywise of three apps, and peer reports", n)
	}
	if done := w.one(t, board, "Backfills under way", "").column(t, "done"); len(done) != 1 || number(t, done[0]) <= 0 || number(t, done[0]) >= 1 {
		t.Errorf("the backfill has come to %v of its range", done)
	}
	if since := w.one(t, board, "Since the last success", "").column(t, "seconds_since_success"); since[0] != "" {
		t.Errorf("no run has succeeded, and the last success is %s s ago", since[0])
	}
}

func (w *world) attendance(t *testing.T) {
	t.Helper()
	const board = "attendance"
	for _, s := range w.data.AllSessions() {
		if s.MeetingTitle == "Speaker rehearsal 2" || s.MeetingTitle == "Speaker rehearsal 3" || s.Status == "LIVE" {
			continue
		}
		people, absent := map[string]bool{}, false
		for _, p := range s.Participants {
			if slices.ContainsFunc(p.Events, func(e simulator.PeerEvent) bool { return e.EventName == simulator.PeerJoining }) {
				people[p.UserID] = true
			}
			absent = absent || unfinished(p)
		}
		numbers := w.one(t, board, "In numbers", s.ID)
		if got := numbers.column(t, "people"); got[0] != fmt.Sprint(len(people)) {
			t.Errorf("%s: %s people, want %d", s.MeetingTitle, got[0], len(people))
		}
		if got := len(w.one(t, board, "Attendance", s.ID).rows); got != len(people) {
			t.Errorf("%s: %d rows of attendance, want %d", s.MeetingTitle, got, len(people))
		}
		if absent {
			continue // the end of a stay is assumed, and the simulator credits none
		}
		if got := numbers.column(t, "devices at once"); got[0] != fmt.Sprint(s.MaxConcurrent) {
			t.Errorf("%s: %s devices at once, want %d", s.MeetingTitle, got[0], s.MaxConcurrent)
		}
		if got := number(t, numbers.column(t, "time of devices")[0]); math.Abs(got-60*s.MinutesConsumed) > 1 {
			t.Errorf("%s: %v s, want %v", s.MeetingTitle, got, 60*s.MinutesConsumed)
		}
	}
	w.shows(t, board, "Where the audience went", w.session("Closing panel – 未来への提言").ID, "inside",
		"0", "155", "310", "328", "351", "379", "364", "325", "290", "249", "0")
	curve := w.one(t, board, "How many at once", w.session("Summit keynote: l’avenir du climat").ID).column(t, "people")
	if peak := slices.MaxFunc(curve, func(a, b string) int { return int(number(t, a) - number(t, b)) }); peak != "277" {
		t.Errorf("the keynote's peak is %s, want 277", peak)
	}
	w.shows(t, board, "Attendance", w.session("Speaker rehearsal 1").ID, "name",
		"佐藤美咲", "سارة العلي", "Łukasz Bălan", "Beatriz Håkansson", "দীপা शर्मा", "Anaïs Osei-Mensah")
}

func (w *world) usage(t *testing.T) {
	t.Helper()
	const board = "usage"
	keynote := w.session("Summit keynote: l’avenir du climat")
	peaks := w.one(t, board, "Most at once by day", "")
	i := slices.Index(peaks.column(t, "time"), day(keynote.StartedAt))
	if i < 0 {
		t.Fatalf("no day %s in %v", day(keynote.StartedAt), peaks.column(t, "time"))
	}
	if people, vendor := peaks.column(t, "people")[i], peaks.column(t, "devices in one session, vendor")[i]; people != "277" || vendor != fmt.Sprint(keynote.MaxConcurrent) {
		t.Errorf("on the day of the keynote %s people at once, and %s devices as the vendor counts; want 277 and %d", people, vendor, keynote.MaxConcurrent)
	}
	// 17,583.8 + 83.4 minutes of the webinar at 0.002, 25,218.0 + 85.7 of the
	// livestream at 0.0005: docs/questions.md, question 9.
	costs := map[string]float64{}
	table := w.one(t, board, "Usage and cost by preset", "")
	for i, currency := range table.column(t, "currency") {
		if currency != "" {
			costs[currency] += number(t, table.column(t, "cost")[i])
		}
	}
	if math.Abs(costs["USD"]-35.33) > 0.005 || math.Abs(costs["EUR"]-12.65) > 0.005 || len(costs) != 2 {
		t.Errorf("costs are %v, want 35.33 USD and 12.65 EUR", costs)
	}
	largest := w.one(t, board, "Largest sessions", "")
	if got := largest.column(t, "session_id"); len(got) != 25 || got[0] != w.session("Closing panel – 未来への提言").ID {
		t.Errorf("%d largest sessions, first %s", len(got), largest.column(t, "meeting_title")[0])
	}
	statuses := w.one(t, board, "Days, ours and the vendor's", "").column(t, "status")
	if differs := len(slices.DeleteFunc(statuses, func(s string) bool { return s == "agrees" })); len(statuses) < 20 || differs > 3 {
		t.Errorf("%d days, %d of which do not agree", len(statuses), differs)
	}
}
