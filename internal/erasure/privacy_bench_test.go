package erasure_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/erasure"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/privacy"
	"github.com/rollcall-etl/rollcall/internal/secret"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// manySessions is 5,000 sessions, one an hour, of 50 participants with three
// events each; the teacher is in every tenth.
const manySessions = `
	INSERT INTO realtimekit.apps (app_id, account_id, first_synced_at, synced_at, run_id) VALUES ('app', 'acc', now(), now(), 1);
	INSERT INTO realtimekit.sessions (session_id, app_id, status, started_at, ended_at, created_at, updated_at, first_synced_at, synced_at, run_id)
	SELECT md5('s' || i)::uuid, 'app', 'ENDED', at, at + interval '50 min', at, at, now(), now(), 1
	FROM generate_series(1, 5000) AS i, LATERAL (SELECT now() - i * interval '1 hour' AS at) AS t;
	INSERT INTO sync.session_states (session_id, app_id, run_id, created_at, settled_at, complete_at)
	SELECT session_id, app_id, 1, created_at, now(), now() FROM realtimekit.sessions;
	INSERT INTO realtimekit.participants (session_id, participant_id, user_id, custom_participant_id, display_name, joined_at, left_at, run_id)
	SELECT md5('s' || i)::uuid, md5(i || 'p' || k)::uuid, 'user-' || i % 500 || '-' || k,
	       CASE WHEN k = 1 AND i % 10 = 0 THEN 'teacher-1' ELSE 'pupil-' || k || '-' || i % 500 END, 'Name ' || k,
	       now() - i * interval '1 hour', now() - i * interval '1 hour' + interval '40 min', 1
	FROM generate_series(1, 5000) AS i, generate_series(1, 50) AS k;
	INSERT INTO realtimekit.peer_events (session_id, participant_id, event_id, event_name, peer_id, created_at, run_id)
	SELECT session_id, participant_id, md5(participant_id::text || e)::uuid, (ARRAY['PEER_CREATED', 'PEER_JOINING', 'PEER_LEAVING'])[e],
	       participant_id::text, joined_at + e * interval '10 min', 1
	FROM realtimekit.participants, generate_series(1, 3) AS e;
	ANALYZE;`

// BenchmarkPrivacy erases a person from 500 sessions of a warehouse with a
// million rows, deletes its older half, and takes the names out of the rest.
// Each can be done once, so run it with -benchtime 1x.
func BenchmarkPrivacy(b *testing.B) {
	pool := pgtest.Open(b, pgtest.New(b), 8)
	if _, err := pool.Exec(b.Context(), manySessions); err != nil {
		b.Fatal(err)
	}
	key, err := privacy.NewKey(secret.New(strings.Repeat("k", privacy.MinKeyBytes)))
	if err != nil {
		b.Fatal(err)
	}
	db := warehouse.New(pool, slog.New(slog.DiscardHandler))
	store := erasure.New(db)
	if err := db.Protect(b.Context(), warehouse.Privacy{Key: key}); err != nil {
		b.Fatal(err)
	}
	timed := func(name string, do func() error) {
		began := time.Now()
		if err := do(); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(began).Seconds(), name+"-s")
	}
	b.ReportMetric(0, "ns/op")
	timed("erase", func() error {
		_, err := store.Erase(b.Context(), erasure.Erasure{CustomIDs: []string{"teacher-1"}, Mode: privacy.Remove})
		return err
	})
	timed("retention", func() error {
		_, err := store.Retain(b.Context(), "acc", time.Now().Add(-2500*time.Hour), false, func(erasure.RetentionCounts) {})
		return err
	})
	timed("names", func() error {
		if err := db.Protect(b.Context(), warehouse.Privacy{Key: key, Names: warehouse.NamesPseudonymised}); err != nil {
			return err
		}
		_, err := store.PseudonymiseNames(b.Context(), false)
		return err
	})
}
