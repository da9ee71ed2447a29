package inventory_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/inventory"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/testbed"
)

func TestMain(m *testing.M) { pgtest.Main(m, pgtest.Migrated) }

// bench has the inventory that is tested.
type bench struct {
	*testbed.Bench
	*inventory.Store
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := testbed.New(t)
	return &bench{Bench: b, Store: inventory.New(b.DB)}
}

// fill makes settled sessions of three participants with two events each, in meetings
// of ten sessions and two enrolled people, with a peer report each, whose usage is
// computed.
func (b *bench) fill(sessions int) {
	b.Helper()
	for _, sql := range []string{
		`INSERT INTO realtimekit.apps (app_id, account_id, first_synced_at, synced_at, run_id) VALUES ('app', 'acc', now(), now(), 1) ON CONFLICT DO NOTHING`,
		fmt.Sprintf(`INSERT INTO realtimekit.meetings (app_id, meeting_id, first_synced_at, synced_at, run_id)
			SELECT 'app', 'meeting ' || n, now(), now(), 1 FROM generate_series(0, %d) AS n`, sessions/10),
		`INSERT INTO realtimekit.meeting_participants (app_id, meeting_id, meeting_participant_id, first_synced_at, synced_at, run_id)
			SELECT app_id, meeting_id, n::text, now(), now(), 1 FROM realtimekit.meetings, generate_series(1, 2) AS n`,
		`INSERT INTO sync.meeting_states (app_id, meeting_id, sessions_seen, stored_people, run_id) SELECT app_id, meeting_id, 1, 2, 1 FROM realtimekit.meetings`,
		fmt.Sprintf(`INSERT INTO realtimekit.sessions (session_id, app_id, meeting_id, status, started_at, ended_at, created_at, first_synced_at, synced_at, run_id)
			SELECT md5(n::text)::uuid, 'app', 'meeting ' || n / 10, 'ENDED', '2026-01-01'::timestamptz, '2026-01-01 01:00Z', '2026-01-01', now(), now(), 1 FROM generate_series(1, %d) AS n`, sessions),
		`INSERT INTO realtimekit.participants (session_id, participant_id, run_id)
			SELECT session_id, md5(session_id::text || n)::uuid, 1 FROM realtimekit.sessions, generate_series(1, 3) AS n`,
		`INSERT INTO realtimekit.peer_events (session_id, participant_id, event_id, run_id)
			SELECT session_id, participant_id, md5(participant_id::text || n)::uuid, 1 FROM realtimekit.participants, generate_series(1, 2) AS n`,
		`INSERT INTO realtimekit.peer_reports (session_id, participant_id, peer_id, first_synced_at, synced_at, run_id)
			SELECT DISTINCT ON (session_id) session_id, participant_id, participant_id, now(), now(), 1 FROM realtimekit.participants`,
		`INSERT INTO sync.peer_report_states (session_id, participant_id, peer_id, outcome, asked_at, run_id)
			SELECT session_id, participant_id, peer_id, 'stored', now(), 1 FROM realtimekit.peer_reports`,
		`INSERT INTO sync.session_states (session_id, app_id, status, created_at, read_at, complete_at, settled_at, stored_participants, stored_events, run_id)
			SELECT session_id, app_id, status, created_at, now(), now(), now(), 3, 6, 1 FROM realtimekit.sessions`,
		`INSERT INTO analytics.stale_sessions (session_id) SELECT session_id FROM realtimekit.sessions`,
		`SELECT analytics.refresh(1000000)`,
		`VACUUM ANALYZE`, // all tables: what autovacuum comes to first changes the plan
	} {
		if _, err := b.Pool.Exec(b.Context(), sql); err != nil {
			b.Fatalf("%s: %v", sql, err)
		}
	}
}

// Whichever single row is lost, the runs of one round come upon it, and from there to
// all the others; the next round finds nothing more, since what is queued is known.
func TestTheCheckComesToEverySession(t *testing.T) {
	t.Parallel()
	const sessions, atOnce = 40, 7
	b := newBench(t)
	b.fill(sessions)
	b.CheckAtOnce(atOnce, 1_000)
	round := func() (found int) {
		for n := range (sessions + atOnce - 1) / atOnce {
			lost, err := b.CheckRows(t.Context(), b.Run, false)
			if err != nil {
				t.Fatal(err)
			}
			if found += lost.Sessions; lost.Any() {
				t.Logf("check %d: %+v", n, lost)
			}
		}
		return found
	}
	if found := round(); found != 0 || b.Text(`SELECT (checked_to IS NULL AND round_at IS NOT NULL)::text FROM sync.checks`) != "true" {
		t.Fatalf("a sound warehouse lacks %d sessions' rows, or the round did not end: %s", found, b.Text(`SELECT to_jsonb(c)::text FROM sync.checks AS c`))
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for n := range 3 {
		offset := rand.New(rand.NewPCG(seed, uint64(n))).IntN(sessions * 6)
		sql := fmt.Sprintf(`DELETE FROM realtimekit.peer_events WHERE event_id IN (SELECT event_id FROM realtimekit.peer_events AS e
			JOIN sync.session_states USING (session_id) WHERE settled_at IS NOT NULL ORDER BY e.event_id OFFSET %d LIMIT 1)`, offset%((sessions-n)*6))
		if _, err := b.Pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
		if found := round(); found != 1 {
			t.Errorf("%d sessions were found, want the one that lost an event", found)
		}
		if found := round(); found != 0 {
			t.Errorf("what is queued was found again: %d", found)
		}
	}
	if got := b.Text(`SELECT count(*)::text FROM sync.session_states WHERE settled_at IS NULL AND complete_at IS NULL
		AND last_error = 'rows that were stored are missing: 0 of 3 participants, 1 of 6 peer events'`); got != "3" {
		t.Errorf("%s sessions are queued with the reason", got)
	}
}

// A session with more rows than are to be looked at is looked at alone.
func TestTheCheckIsBoundedByRows(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.fill(5)
	b.CheckAtOnce(100, 10) // a session has nine
	for n := range 3 {
		if _, err := b.CheckRows(t.Context(), b.Run, false); err != nil {
			t.Fatal(err)
		}
		want := []string{"2", "4", "<null>"}[n]
		if got := b.Text(`SELECT (SELECT count(*) FROM realtimekit.sessions WHERE session_id <= checked_to)::text FROM sync.checks WHERE checked_to IS NOT NULL
			UNION ALL SELECT NULL LIMIT 1`); got != want {
			t.Errorf("after check %d the place is behind session %s, want %s", n+1, got, want)
		}
	}
}

// The check of a run costs the same however many sessions there are. Of some hundred
// sessions Postgres reads small tables from end to end, which costs less; from some
// thousands on it goes by the keys.
func TestTheCheckCostsTheSameInAnyWarehouse(t *testing.T) {
	t.Parallel()
	const atOnce = 50
	pages := func(sessions int) float64 {
		b := newBench(t)
		b.fill(sessions)
		var plan []byte
		if err := b.Pool.QueryRow(t.Context(), `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) `+inventory.CheckSQL, "acc", nil, atOnce, 50_000).Scan(&plan); err != nil {
			t.Fatal(err)
		}
		var explained []struct {
			Plan map[string]any `json:"Plan"`
		}
		if err := json.Unmarshal(plan, &explained); err != nil {
			t.Fatal(err)
		}
		hit, _ := explained[0].Plan["Shared Hit Blocks"].(float64)
		read, _ := explained[0].Plan["Shared Read Blocks"].(float64)
		return hit + read
	}
	small, large := pages(2_500), pages(10_000)
	t.Logf("%.0f pages of 2,500 sessions, %.0f of 10,000", small, large)
	// An index of four times as many rows may have a level more, and a session is sought in some.
	if large > small+4*atOnce {
		t.Errorf("a check takes %.0f pages where there are 2,500 sessions, and %.0f where there are 10,000", small, large)
	}
}
