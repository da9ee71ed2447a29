package report_test

import (
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
)

// A recorder whose leaving is not known, as of every live session that is recorded, is
// nobody's stay: the page has the people beside it.
func TestRecorderThatIsStillInside(t *testing.T) {
	t.Parallel()
	in, out := "2026-03-10 10:00Z", "2026-03-10 11:00Z"
	pool := byHand(t, in, out, presence{"u1", "ann", "Ann", in, out}, presence{"u2", "", "Recorder", in, out})
	pgtest.Exec(t, pool, `UPDATE realtimekit.participants SET preset_name = 'recorder', left_at = NULL WHERE user_id = 'u2'`)
	for _, status := range []string{"ENDED", "LIVE"} {
		pgtest.Exec(t, pool, `UPDATE realtimekit.sessions SET status = $1, ended_at = CASE $1 WHEN 'ENDED' THEN ended_at END`, status)
		changedByHand(t, pool)
		if got := sessionPage(t, pool, handSession, "").text(); !strings.Contains(got, "People1") || !strings.Contains(got, "Ann") || strings.Contains(got, "Recorder") {
			t.Errorf("the page of a session that is %s: %s", status, got)
		}
	}
}
