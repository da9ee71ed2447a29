package report_test

import (
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
)

// Who was absent is a number only where somebody is enrolled in the meeting. From a session
// that is no lesson nobody is, and the page says why.
func TestWhoWasAbsent(t *testing.T) {
	t.Parallel()
	in, out := "2026-03-10 10:00Z", "2026-03-10 11:00Z"
	pool := byHand(t, in, out, presence{"u1", "ann", "Ann", in, out})
	page := func() string { return sessionPage(t, pool, handSession, "").text() }
	pgtest.Exec(t, pool, `INSERT INTO realtimekit.meetings (app_id, meeting_id, title, first_synced_at, synced_at, run_id) VALUES ('a', 'm', 'Chemistry', now(), now(), 1);
		UPDATE realtimekit.sessions SET meeting_id = 'm'`)
	changedByHand(t, pool)
	for _, step := range []struct{ sql, want, note string }{
		{`SELECT 1`, "Enrolled, absent–", "nobody is known to be enrolled"},
		// A teacher alone is no lesson.
		{`INSERT INTO realtimekit.meeting_participants (app_id, meeting_id, meeting_participant_id, custom_participant_id, display_name, created_at, last_listed_at, first_synced_at, synced_at, run_id)
			VALUES ('a', 'm', 'e', 'cy', 'Cy', '2026-01-01Z', now(), now(), now(), 1)`, "Enrolled, absent0", "this session is no lesson"},
		{`INSERT INTO analytics.settings (app_id, least_lesson_people) VALUES ('a', 1)`, "Enrolled, absent1", "Cy"},
		{`UPDATE realtimekit.participants SET preset_name = 'recorder'`, "Enrolled, absent0", "Nobody was inside this session but a recorder or bot."},
		{`UPDATE analytics.settings SET least_lesson_people = 0`, "Enrolled, absent1", "Nobody was inside this session but a recorder or bot."},
	} {
		pgtest.Exec(t, pool, step.sql)
		changedByHand(t, pool)
		if got := page(); !strings.Contains(got, step.want) || !strings.Contains(got, step.note) {
			t.Errorf("after %s the page says neither %q nor %q: %s", step.sql, step.want, step.note, got)
		}
	}
}
