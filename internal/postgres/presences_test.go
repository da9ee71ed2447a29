package postgres_test

import (
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/postgres"
)

// TestPresencesArePackedAndUnpacked carries presences from single rows to a row per session and
// back: each stays as it was, and who read the table reads the view.
func TestPresencesArePackedAndUnpacked(t *testing.T) {
	t.Parallel()
	pool := open(t, pgtest.New(t))
	pgtest.Exec(t, pool, `
		INSERT INTO realtimekit.apps (app_id, account_id, first_synced_at, synced_at, run_id) VALUES ('app', 'account', now(), now(), 1);
		INSERT INTO realtimekit.sessions (session_id, app_id, status, started_at, ended_at, first_synced_at, synced_at, run_id)
		SELECT md5(n::text)::uuid, 'app', 'ENDED', '2026-06-09 09:00Z', '2026-06-09 10:00Z', now(), now(), 1 FROM generate_series(1, 30) AS n;
		INSERT INTO realtimekit.participants (session_id, participant_id, joined_at, left_at, run_id)
		SELECT md5(n::text)::uuid, md5(n || ' ' || i)::uuid, CASE WHEN i % 5 > 0 THEN timestamptz '2026-06-09 09:00Z' END, CASE WHEN i % 3 > 0 THEN timestamptz '2026-06-09 09:50Z' END, 1
		FROM generate_series(1, 30) AS n, generate_series(1, n - 1) AS i;
		INSERT INTO realtimekit.peer_events (session_id, participant_id, event_id, event_name, peer_id, preset_view_type, created_at, run_id)
		SELECT session_id, participant_id, md5(participant_id::text || k)::uuid, CASE k % 2 WHEN 1 THEN 'PEER_JOINING' ELSE 'PEER_LEAVING' END,
		       CASE WHEN k < 4 THEN participant_id::text ELSE 'peer ' || k / 2 END, CASE WHEN participant_id < '80000000-0000-0000-0000-000000000000' THEN 'WEBINAR' END,
		       timestamptz '2026-06-09 09:00Z' + k * interval '7 minutes', 1
		FROM realtimekit.participants, generate_series(1, 6) AS k WHERE participant_id < '40000000-0000-0000-0000-000000000000' OR participant_id > 'c0000000-0000-0000-0000-000000000000';
		INSERT INTO analytics.stale_sessions (session_id) SELECT session_id FROM realtimekit.sessions;
		SELECT analytics.refresh(500);
		CREATE VIEW public.mine WITH (security_barrier = true) AS SELECT p.session_id, count(*) AS presences, max(p.peer_id) AS peer FROM analytics.presences AS p GROUP BY 1;
		CREATE VIEW public.ours AS SELECT * FROM public.mine JOIN analytics.participant_intervals USING (session_id);
		GRANT SELECT ON analytics.presences TO PUBLIC`)
	// All that can be asked of presences in either form.
	state := func() string {
		return strings.Join(pgtest.Texts(t, pool, `SELECT to_jsonb(t)::text FROM analytics.presences AS t UNION ALL SELECT 'mine ' || to_jsonb(t)::text FROM public.mine AS t
			UNION ALL SELECT 'ours ' || to_jsonb(t)::text FROM public.ours AS t UNION ALL SELECT 'day ' || to_jsonb(t)::text FROM analytics.presence_by_day AS t
			UNION ALL SELECT array_to_string(reloptions, ' ') FROM pg_class WHERE relname = 'mine'
			UNION ALL SELECT DISTINCT 'public reads' FROM pg_class AS c, aclexplode(c.relacl) AS a WHERE c.oid = 'analytics.presences'::regclass AND a.grantee = 0 ORDER BY 1`), "\n")
	}
	const form = `SELECT relkind::text FROM pg_class WHERE oid = 'analytics.presences'::regclass`
	packed := func() string {
		return strings.Join(pgtest.Texts(t, pool, `SELECT to_jsonb(t)::text FROM analytics.session_presences AS t ORDER BY 1`), "\n")
	}
	want, arrays := state(), packed()
	if n := strings.Count(arrays, "\n") + 1; n != 29 || !strings.Contains(want, `"peer_id": "peer 2"`) || !strings.Contains(want, `"preset_view_type": "WEBINAR"`) ||
		!strings.Contains(want, "public reads") || !strings.Contains(want, "security_barrier=true") {
		t.Fatalf("%d sessions have presences, want all but the one without participants:\n%.2000s", n, want)
	}
	for pgtest.Texts(t, pool, form)[0] == "v" {
		if _, err := postgres.MigrateDown(t.Context(), pool); err != nil {
			t.Fatal(err)
		}
	}
	pool.Reset()
	if lacking := pgtest.Texts(t, pool, `SELECT t.name FROM unnest($1::text[]) AS t (name) LEFT JOIN pg_class AS c ON c.oid = to_regclass(t.name)
		WHERE c.relkind IS DISTINCT FROM 'r'`, postgres.PlacedAt(32)); len(lacking) > 0 {
		t.Errorf("a cluster would be asked for %v, which this version has not", lacking)
	}
	if got := state(); got != want {
		t.Errorf("unpacked:\n%s", diff(want, got))
	}
	pgtest.Exec(t, pool, `SELECT analytics.derive(array_agg(session_id)) FROM realtimekit.sessions`)
	if got := state(); got != want {
		t.Errorf("derived by the older function:\n%s", diff(want, got))
	}
	if _, err := postgres.MigrateUp(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	pool.Reset()
	if got := state(); got != want {
		t.Errorf("packed again:\n%s", diff(want, got))
	}
	if got := packed(); got != arrays {
		t.Errorf("packed by the migration, not as by the function:\n%s", diff(arrays, got))
	}
}
