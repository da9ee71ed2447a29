package postgres_test

import (
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/postgres"
)

// Ids that an earlier version stored in capitals are in small letters after the
// migration, where they are no keys, and what was there twice is there once.
func TestMigrationFoldsIDs(t *testing.T) {
	t.Parallel()
	pool := open(t, pgtest.New(t))
	const isUp = `SELECT indexrelid::regclass::text FROM pg_index WHERE indexrelid = to_regclass('realtimekit.meetings_in_other_letters')`
	for len(pgtest.Texts(t, pool, isUp)) > 0 {
		if _, err := postgres.MigrateDown(t.Context(), pool); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := pool.Exec(t.Context(), `
		INSERT INTO realtimekit.apps VALUES ('app', 'account', NULL, NULL, NULL, NULL, now(), now(), 1);
		INSERT INTO realtimekit.meetings (app_id, meeting_id, first_synced_at, synced_at, run_id) VALUES ('app', 'Room One', now(), now(), 1);
		INSERT INTO realtimekit.sessions (session_id, app_id, meeting_id, first_synced_at, synced_at, run_id) VALUES ('00000000-0000-4000-8000-000000000001', 'app', 'Room One', now(), now(), 1);
		INSERT INTO realtimekit.participants (session_id, participant_id, user_id, custom_participant_id, run_id)
		VALUES ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-00000000000A', 'AAAAAAAA-0000-4000-8000-00000000000A', 'AAAAAAAA-0000-4000-8000-00000000000A', 1),
		       ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-00000000000B', 'No UUID', NULL, 1);
		INSERT INTO realtimekit.peer_events (session_id, participant_id, event_id, peer_id, socket_session_id, run_id)
		VALUES ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-00000000000A', '00000000-0000-4000-8000-00000000000C', 'AAAAAAAA-0000-4000-8000-00000000000A', 'Socket', 1),
		       ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-00000000000A', '00000000-0000-4000-8000-00000000000D', 'Peer', 'AAAAAAAA-0000-4000-8000-00000000000A', 1);
		INSERT INTO realtimekit.meeting_participants (app_id, meeting_id, meeting_participant_id, first_synced_at, synced_at, run_id)
		VALUES ('app', 'Room One', 'AAAAAAAA-0000-4000-8000-00000000000A', now(), now(), 1), ('app', 'Room One', 'aaaaaaaa-0000-4000-8000-00000000000a', now(), now(), 1),
		       ('app', 'Room One', 'BBBBBBBB-0000-4000-8000-00000000000A', now(), now(), 1), ('app', 'Room One', 'No UUID', now(), now(), 1);
		INSERT INTO sync.meeting_states (app_id, meeting_id, stored_people, run_id) VALUES ('app', 'Room One', 4, 1);
		INSERT INTO sync.rejected_records (entity, app_id, record_key, reason, raw_text, first_seen_at, last_seen_at, run_id)
		VALUES ('meeting', 'app', 'AAAAAAAA-0000-4000-8000-00000000000A', 'older', '', now(), now() - interval '1 hour', 1),
		       ('meeting', 'app', 'aaaaaaaa-0000-4000-8000-00000000000a', 'newer', '', now(), now(), 1),
		       ('meeting_participant', 'app', 'AAAAAAAA-0000-4000-8000-00000000000A/Some One', 'x', '', now(), now(), 1),
		       ('participant', 'app', 'Not an id', 'x', '', now(), now(), 1)`); err != nil {
		t.Fatal(err)
	}
	if _, err := postgres.MigrateUp(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	pool.Reset()
	for sql, want := range map[string]string{
		`SELECT user_id || coalesce(' ' || custom_participant_id, '') FROM realtimekit.participants ORDER BY participant_id`: "aaaaaaaa-0000-4000-8000-00000000000a AAAAAAAA-0000-4000-8000-00000000000A|No UUID",
		`SELECT peer_id || ' ' || socket_session_id FROM realtimekit.peer_events ORDER BY event_id`:                          "aaaaaaaa-0000-4000-8000-00000000000a Socket|Peer aaaaaaaa-0000-4000-8000-00000000000a",
		`SELECT meeting_participant_id FROM realtimekit.meeting_participants ORDER BY meeting_participant_id COLLATE "C"`:    "No UUID|aaaaaaaa-0000-4000-8000-00000000000a|bbbbbbbb-0000-4000-8000-00000000000a",
		`SELECT stored_people::text FROM sync.meeting_states`:                                                                "3",
		`SELECT record_key || ' ' || reason FROM sync.rejected_records ORDER BY entity, record_key`:                          "aaaaaaaa-0000-4000-8000-00000000000a newer|aaaaaaaa-0000-4000-8000-00000000000a/Some One x|Not an id x",
		`SELECT DISTINCT session_id::text FROM analytics.stale_sessions`:                                                     "00000000-0000-4000-8000-000000000001",
	} {
		if got := strings.Join(pgtest.Texts(t, pool, sql), "|"); got != want {
			t.Errorf("%s: %s, want %s", sql, got, want)
		}
	}
}
