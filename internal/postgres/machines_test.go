package postgres_test

import (
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/postgres"
)

// TestPeaksWithMachinesAreMigrated has 40 sessions of up to six who come and go, some with
// recorders. The migration finds the peak that deriving finds, and its Down forgets it.
func TestPeaksWithMachinesAreMigrated(t *testing.T) {
	t.Parallel()
	pool := open(t, pgtest.New(t))
	pgtest.Exec(t, pool, `
		INSERT INTO realtimekit.apps (app_id, account_id, first_synced_at, synced_at, run_id) VALUES ('app', 'account', now(), now(), 1);
		INSERT INTO realtimekit.sessions (session_id, app_id, status, max_concurrent_participants, started_at, ended_at, first_synced_at, synced_at, run_id)
		SELECT md5(n::text)::uuid, 'app', 'ENDED', n % 5, '2026-06-09 09:00Z', '2026-06-09 10:00Z', now(), now(), 1 FROM generate_series(1, 40) AS n;
		INSERT INTO realtimekit.participants (session_id, participant_id, preset_name, joined_at, left_at, run_id)
		SELECT md5(n::text)::uuid, md5(n || ' ' || i)::uuid, CASE WHEN i * n % 4 = 1 THEN 'recorder' ELSE 'student' END,
		       timestamptz '2026-06-09 09:00Z' + i * n % 7 * interval '7 minutes', timestamptz '2026-06-09 09:30Z' + i * n % 5 * interval '9 minutes', 1
		FROM generate_series(1, 40) AS n, generate_series(1, n % 7) AS i;
		INSERT INTO realtimekit.peer_events (session_id, participant_id, event_id, event_name, peer_id, created_at, run_id)
		SELECT session_id, participant_id, md5(participant_id::text || k)::uuid, CASE k % 2 WHEN 1 THEN 'PEER_JOINING' ELSE 'PEER_LEAVING' END,
		       'peer ' || k / 3, timestamptz '2026-06-09 09:00Z' + k * interval '7 minutes', 1
		FROM realtimekit.participants, generate_series(1, 6) AS k WHERE participant_id < '80000000-0000-0000-0000-000000000000';
		SELECT analytics.derive(array_agg(session_id)) FROM realtimekit.sessions`)
	peaks := func() string {
		return strings.Join(pgtest.Texts(t, pool, `SELECT concat_ws(' ', session_id, peak_participants, peak_with_machines) FROM analytics.session_figures ORDER BY 1`), "\n")
	}
	findings := func() string {
		return strings.Join(pgtest.Texts(t, pool, `SELECT session_id::text FROM analytics.data_quality WHERE check_name = 'peak_disagrees' ORDER BY 1`), "\n")
	}
	derived, found := peaks(), findings()
	if n := pgtest.Number(t, pool, `SELECT count(peak_with_machines) FROM analytics.session_figures WHERE peak_with_machines > peak_participants`); n < 10 || n > 30 {
		t.Fatalf("machines make the peak of %d sessions higher:\n%s", n, derived)
	}
	for pgtest.Number(t, pool, `SELECT count(*) FROM information_schema.columns WHERE column_name = 'peak_with_machines'`) > 0 {
		if _, err := postgres.MigrateDown(t.Context(), pool); err != nil {
			t.Fatal(err)
		}
	}
	pool.Reset()
	if before := findings(); strings.Count(before, "\n") <= strings.Count(found, "\n") {
		t.Errorf("without peaks that count machines as many disagree:\n%s", before)
	}
	if _, err := postgres.MigrateUp(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	pool.Reset()
	if got := peaks(); got != derived {
		t.Errorf("migrated, not as derived:\n%s", diff(derived, got))
	}
	if got := findings(); got != found {
		t.Errorf("after the migration:\n%s", diff(found, got))
	}
}
