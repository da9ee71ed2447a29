package analytics_test

import "testing"

// A large session over midnight, of people with two devices, is derived anew on whatever
// statistics there are: with those of its participants and people alone, or with none, its
// people were joined with each of its presences.
func TestALargeSessionOverMidnightIsDerivedAnew(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	const participants = 4000
	for _, statement := range []string{
		`INSERT INTO realtimekit.apps (app_id, account_id, first_synced_at, synced_at, run_id) VALUES ('a', 'account', now(), now(), 1) ON CONFLICT DO NOTHING`,
		`INSERT INTO realtimekit.sessions (session_id, app_id, status, started_at, ended_at, first_synced_at, synced_at, run_id)
			VALUES (md5('1')::uuid, 'a', 'ENDED', '2026-03-10 23:35Z', '2026-03-11 00:45Z', now(), now(), 1)`,
	} {
		db.exec(statement)
	}
	db.exec(`INSERT INTO realtimekit.participants (session_id, participant_id, custom_participant_id, preset_name, display_name, joined_at, left_at, run_id)
		SELECT md5('1')::uuid, md5('p' || i)::uuid, 'c' || i % ($1 / 2), 'viewer', 'Name ' || i, '2026-03-10 23:35Z', '2026-03-11 00:25Z', 1
		FROM generate_series(1, $1) AS i`, participants)
	conn := explaining(t, db)
	for _, analyse := range []string{"SELECT 1", "ANALYZE realtimekit.participants", "ANALYZE analytics.session_people"} { // as a server does by itself
		db.exec(analyse)
		db.exec(`INSERT INTO analytics.stale_sessions (session_id, started_at) SELECT session_id, started_at FROM realtimekit.sessions`)
		var rows float64
		for _, n := range conn.refresh() {
			rows += n.Plan.passed()
		}
		if rows > 400*participants {
			t.Errorf("after %s %.0f rows went through the plans, for %d participants", analyse, rows, participants)
		}
	}
	if n := db.number(`SELECT count(*) FROM analytics.session_person_days`); n != participants {
		t.Errorf("%d days of people, want %d", n, participants)
	}
}
