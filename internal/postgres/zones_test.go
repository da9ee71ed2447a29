package postgres_test

import (
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/postgres"
)

// TestDownCountsInUTC steps back while days are still those of Berlin, though the setting
// says nothing of it any more: before time zones were known all days were those of UTC.
func TestDownCountsInUTC(t *testing.T) {
	t.Parallel()
	pool := open(t, pgtest.New(t))
	pgtest.Exec(t, pool, `
		INSERT INTO realtimekit.apps VALUES ('app', 'account', NULL, NULL, NULL, NULL, now(), now(), 1);
		INSERT INTO analytics.settings (app_id, time_zone) VALUES ('app', 'Europe/Berlin');
		INSERT INTO realtimekit.sessions (session_id, app_id, status, started_at, ended_at, first_synced_at, synced_at, run_id)
		VALUES ('00000000-0000-4000-8000-000000000001', 'app', 'ENDED', '2026-06-09 21:30Z', '2026-06-09 22:30Z', now(), now(), 1);
		INSERT INTO realtimekit.participants (session_id, participant_id, custom_participant_id, joined_at, left_at, run_id)
		SELECT session_id, session_id, 'ana', started_at, ended_at, 1 FROM realtimekit.sessions;
		INSERT INTO analytics.stale_sessions (session_id) SELECT session_id FROM realtimekit.sessions;
		SELECT analytics.refresh();
		DELETE FROM analytics.settings;
		DELETE FROM analytics.stale_sessions`)
	const days = `SELECT usage_date || ' ' || person_seconds FROM analytics.usage_days ORDER BY 1`
	if got := strings.Join(pgtest.Texts(t, pool, days), ", "); got != "2026-06-09 1800, 2026-06-10 1800" {
		t.Fatalf("days of Berlin: %s", got)
	}
	for len(pgtest.Texts(t, pool, `SELECT proname::text FROM pg_proc WHERE proname = 'zone_of'`)) > 0 {
		if _, err := postgres.MigrateDown(t.Context(), pool); err != nil {
			t.Fatal(err)
		}
	}
	pool.Reset()
	pgtest.Exec(t, pool, `SELECT analytics.refresh()`)
	if got := strings.Join(pgtest.Texts(t, pool, days), ", "); got != "2026-06-09 3600" {
		t.Errorf("days of UTC: %s", got)
	}
}
