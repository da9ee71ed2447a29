package erasure_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/erasure"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/privacy"
	"github.com/rollcall-etl/rollcall/internal/secret"
	"github.com/rollcall-etl/rollcall/internal/testbed"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

func TestMain(m *testing.M) { pgtest.Main(m, pgtest.Migrated) }

// The horizon never moves back: whatever right is lacking, it is not moved by a
// role that cannot delete what lies before it.
func TestHorizonStaysWithoutTheRightToDelete(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	own := func(statement string) {
		t.Helper()
		if _, err := b.Pool.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	own(`INSERT INTO realtimekit.apps (app_id, account_id, first_synced_at, synced_at, run_id) VALUES ('app', 'acc', now(), now(), 0)`)
	own(`DROP ROLE IF EXISTS retention_test; CREATE ROLE retention_test;
		GRANT USAGE ON SCHEMA realtimekit, sync, analytics TO retention_test;
		GRANT ALL ON ALL TABLES IN SCHEMA realtimekit, sync, analytics TO retention_test;
		GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA analytics TO retention_test`)
	t.Cleanup(func() {
		if _, err := b.Pool.Exec(context.Background(), `DROP OWNED BY retention_test; DROP ROLE retention_test`); err != nil {
			t.Error(err)
		}
	})
	pool := pgtest.Open(t, b.Pool.Config().ConnString()+"&role=retention_test", 2)
	store := erasure.New(warehouse.New(pool, slog.New(slog.DiscardHandler)))
	refused := 0
	tables := strings.Fields(b.Text(`SELECT string_agg(c.oid::regclass::text, ' ' ORDER BY c.oid) FROM pg_class AS c
		WHERE c.relnamespace IN ('realtimekit'::regnamespace, 'sync'::regnamespace, 'analytics'::regnamespace) AND c.relkind = 'r'`))
	for n, table := range tables {
		for _, right := range []string{"DELETE", "SELECT"} {
			b.MustLoad(testbed.Session(n+1), model.ParticipantPage{Participants: []model.Participant{testbed.Participant(n+1, "x", testbed.T0)}})
			own(`REVOKE ` + right + ` ON ` + table + ` FROM retention_test`)
			_, err := store.Retain(t.Context(), "acc", testbed.T0.Add(240*time.Hour), false, func(erasure.RetentionCounts) {})
			own(`GRANT ` + right + ` ON ` + table + ` TO retention_test`)
			moved := b.Text(`SELECT count(*)::text FROM sync.retention_horizons`) != "0"
			switch {
			case err == nil && moved:
			case err != nil && !moved && errors.Is(err, model.ErrStore):
				refused++
			default:
				t.Errorf("without %s on %s: moved %v, error %v", right, table, moved, err)
			}
			own(`DELETE FROM sync.retention_horizons`)
		}
	}
	if refused < 20 {
		t.Errorf("%d of %d tables are needed", refused, len(tables))
	}
}

// Where Citus has distributed the tables, what is made for one server is refused before
// anything is changed. Citus is not there: its catalogue is stood in for.
func TestDistributedTablesAreLeftAlone(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	b.MustLoad(testbed.Session(1), model.ParticipantPage{Participants: []model.Participant{testbed.Participant(2, "x", testbed.T0)}})
	key, err := privacy.NewKey(secret.New(strings.Repeat("k", privacy.MinKeyBytes)))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.DB.Protect(t.Context(), warehouse.Privacy{Key: key}); err != nil {
		t.Fatal(err)
	}
	store := erasure.New(b.DB)
	tryBoth := func() (erase, retain error) {
		_, erase = store.Erase(t.Context(), erasure.Erasure{ParticipantIDs: []model.UUID{testbed.UUID(2)}, Mode: privacy.Remove})
		_, retain = store.Retain(t.Context(), "acc", testbed.T0.Add(240*time.Hour), false, func(erasure.RetentionCounts) {})
		return erase, retain
	}
	if _, err := b.Pool.Exec(t.Context(), `SET LOCAL allow_system_table_mods = on; CREATE TABLE pg_catalog.pg_dist_partition (logicalrelid regclass);
		INSERT INTO pg_catalog.pg_dist_partition VALUES ('realtimekit.sessions')`); err != nil {
		t.Fatal(err)
	}
	erase, retain := tryBoth()
	for _, err := range []error{erase, retain} {
		if !errors.Is(err, model.ErrUsage) || !strings.Contains(err.Error(), "distributed by Citus") {
			t.Errorf("it was done, or refused for another reason: %v", err)
		}
	}
	if got := b.Text(`SELECT (SELECT count(*) FROM realtimekit.participants) || ' ' || (SELECT count(*) FROM sync.retention_horizons) || ' ' ||
		(SELECT count(*) FROM sync.erasures)`); got != "1 0 0" {
		t.Errorf("participants, horizons and erasures: %s", got)
	}
	if _, err := b.Pool.Exec(t.Context(), `DELETE FROM pg_catalog.pg_dist_partition`); err != nil {
		t.Fatal(err)
	}
	if erase, retain := tryBoth(); erase != nil || retain != nil { // Citus alone distributes nothing
		t.Errorf("erase: %v; retention: %v", erase, retain)
	}
}

// What you noted of a time goes with it, of the account's own apps alone.
func TestRetentionOfExcusesAndTimetable(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	horizon := testbed.T0.AddDate(0, 0, -1)
	for _, statement := range []string{
		`INSERT INTO realtimekit.apps (app_id, account_id, first_synced_at, synced_at, run_id) VALUES ('app', 'acc', now(), now(), 0), ('other', 'other', now(), now(), 0)`,
		`INSERT INTO realtimekit.meetings (app_id, meeting_id, first_synced_at, synced_at, run_id) SELECT app_id, 'room', now(), now(), 0 FROM realtimekit.apps`,
		`INSERT INTO realtimekit.meeting_participants (app_id, meeting_id, meeting_participant_id, first_synced_at, synced_at, run_id)
			SELECT app_id, 'room', 'ana', now(), now(), 0 FROM realtimekit.apps`,
		`INSERT INTO analytics.excuses (app_id, person_id, starts_at, ends_at, reason)
			SELECT app_id, 'ana', at - interval '1 hour', at, 'flu'
			FROM realtimekit.apps, unnest('{2026-11-19 15:00:00Z, 2026-11-19 15:00:01Z}'::timestamptz[]) AS at`,
		`INSERT INTO analytics.timetable (app_id, title, starts_at, ends_at)
			SELECT app_id, 'Piano with Ana', at - interval '1 second', at
			FROM realtimekit.apps, unnest('{2026-11-19 15:00:00Z, 2026-11-19 15:00:01Z}'::timestamptz[]) AS at`,
	} {
		if _, err := b.Pool.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	store := erasure.New(b.DB)
	for _, dryRun := range []bool{true, false} {
		did, err := store.Retain(t.Context(), "acc", horizon, dryRun, func(erasure.RetentionCounts) {})
		if err != nil || did.Excuses != 1 || did.Lessons != 1 {
			t.Errorf("dry run %v: %+v, %v", dryRun, did, err)
		}
	}
	const left = `SELECT string_agg(app_id || ' ' || to_char(ends_at, 'SS'), ', ' ORDER BY app_id, ends_at) FROM analytics.`
	for _, table := range []string{"excuses", "timetable"} {
		if got := b.Text(left + table); got != "app 01, other 00, other 01" {
			t.Errorf("%s: left are %s", table, got)
		}
	}
}
