package analytics

import (
	"context"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
)

// A large session over midnight, of people with two devices, is derived anew in seconds on
// whatever statistics there are: with those of its participants and people alone, its people
// were joined with each of its presences, for minutes.
func TestALargeSessionOverMidnightIsDerivedAnew(t *testing.T) {
	pool := pgtest.Open(t, pgtest.New(t), 2)
	for _, statement := range []string{
		`INSERT INTO realtimekit.apps (app_id, account_id, first_synced_at, synced_at, run_id) VALUES ('a', 'account', now(), now(), 1)`,
		`INSERT INTO realtimekit.sessions (session_id, app_id, status, started_at, ended_at, first_synced_at, synced_at, run_id)
			VALUES (md5('1')::uuid, 'a', 'ENDED', '2026-03-10 23:35Z', '2026-03-11 00:45Z', now(), now(), 1)`,
		`INSERT INTO realtimekit.participants (session_id, participant_id, custom_participant_id, preset_name, display_name, joined_at, left_at, run_id)
			SELECT md5('1')::uuid, md5('p' || i)::uuid, 'c' || i % 10000, 'viewer', 'Name ' || i, '2026-03-10 23:35Z', '2026-03-11 00:25Z', 1
			FROM generate_series(1, 20000) AS i`,
	} {
		pgtest.Exec(t, pool, statement)
	}
	for _, analyse := range []string{"SELECT 1", "ANALYZE realtimekit.participants", "ANALYZE analytics.session_people"} { // as a server does by itself
		pgtest.Exec(t, pool, analyse)
		pgtest.Exec(t, pool, `INSERT INTO analytics.stale_sessions (session_id, started_at) SELECT session_id, started_at FROM realtimekit.sessions`)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		if _, err := pool.Exec(ctx, `SELECT analytics.refresh(500)`); err != nil {
			t.Errorf("after %s: %v", analyse, err)
		}
		cancel()
	}
	const counted = `SELECT count(*) FROM analytics.session_person_days`
	if n := pgtest.Number(t, pool, counted); n != 20000 {
		t.Errorf("%d days of people, want 20000", n)
	}
}
