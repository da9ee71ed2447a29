package distributed

import (
	"context"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
)

// A large session that somebody stored or changed by hand is derived as quickly as where the
// program stores it: a node that has no statistics yet took a nested loop, 15 seconds for 1,000
// people, and one that has them merged what belongs to the session, minutes for 20,000.
func TestALargeSessionIsDerivedByHand(t *testing.T) {
	t.Parallel()
	many, _ := distributed(t)
	for _, statement := range []string{
		`INSERT INTO realtimekit.apps (app_id, account_id, first_synced_at, synced_at, run_id) VALUES ('a', 'account', now(), now(), 1)`,
		`INSERT INTO realtimekit.sessions (session_id, app_id, status, started_at, ended_at, first_synced_at, synced_at, run_id)
			VALUES (md5('1')::uuid, 'a', 'ENDED', '2026-03-10 10:00Z', '2026-03-10 11:00Z', now(), now(), 1)`,
		`INSERT INTO realtimekit.participants (session_id, participant_id, custom_participant_id, preset_name, joined_at, left_at, run_id)
			SELECT md5('1')::uuid, md5('p' || i)::uuid, 'c' || i, CASE WHEN i > 10 THEN 'viewer' ELSE 'recorder' END, '2026-03-10 10:00Z', '2026-03-10 10:50Z', 1
			FROM generate_series(1, 20000) AS i`,
		`INSERT INTO realtimekit.peer_events (session_id, participant_id, event_id, event_name, peer_id, created_at, run_id)
			SELECT md5('1')::uuid, md5('p' || i)::uuid, md5(i || 'e' || k)::uuid, CASE k % 2 WHEN 1 THEN 'PEER_JOINING' ELSE 'PEER_LEAVING' END, md5('p' || i)::uuid::text,
			       timestamptz '2026-03-10 10:00Z' + i * interval '10 ms' + k * interval '10 min', 1
			FROM generate_series(1, 20000) AS i, generate_series(1, 4) AS k`,
	} {
		pgtest.Exec(t, many, statement)
	}
	for _, when := range []string{"without statistics", "with statistics"} {
		pgtest.Exec(t, many, `INSERT INTO analytics.stale_sessions (session_id, started_at) SELECT session_id, started_at FROM realtimekit.sessions`)
		ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
		if _, err := many.Exec(ctx, `SELECT analytics.refresh(500)`); err != nil {
			t.Errorf("%s: %v", when, err)
		}
		cancel()
		pgtest.Exec(t, many, `ANALYZE realtimekit.participants, realtimekit.peer_events, analytics.session_people`) // as a server does by itself
	}
	const figures = `SELECT concat_ws(' ', unique_people, participants, peak_participants, peak_with_machines, rejoins, person_seconds) FROM analytics.session_figures`
	if got, want := pgtest.Text(t, many, figures), "19990 20000 19990 20000 19990 23988000"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
