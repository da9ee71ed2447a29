package distributed

import (
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/postgres"
)

// refusedWith wants an error with a text.
func refusedWith(t *testing.T, what string, err error, text string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("%s: %v, want %q", what, err, text)
	}
}

// foreignKeys counts those of the warehouse's own tables, not of their shards.
func foreignKeys(t *testing.T, pool *pgxpool.Pool) int {
	t.Helper()
	return pgtest.Number(t, pool, `SELECT count(*) FROM pg_constraint AS k WHERE k.contype = 'f'
		AND k.conrelid IN (SELECT table_name::regclass FROM sync.distributed_tables)`)
}

// A full warehouse is distributed with what it holds, once; nothing is left of it where
// nobody reads it, and what is stored and shown stays the same.
func TestFullTablesAreDistributed(t *testing.T) {
	url, workers := newCluster(t)
	pool := migrated(t, url)
	fill(t, pool)
	enrich(t, pool)
	one, err := shown(t, pool, `SELECT * FROM analytics.register`)
	if err != nil || len(one) == 0 {
		t.Fatalf("%d rows, %v", len(one), err)
	}
	d, err := postgres.PlanDistribution(t.Context(), pool, 4)
	if err != nil || len(d.Tables) != 17 || d.Shards != 4 || d.Workers != len(workers) {
		t.Fatalf("planned: %+v, %v", d, err)
	}
	if n := pgtest.Number(t, pool, `SELECT count(*) FROM pg_dist_partition`); n != 0 {
		t.Fatalf("the plan distributed %d tables", n)
	}
	// Two at once: one waits for the other, and finds nothing left to do.
	var both sync.WaitGroup
	var placed [2]int
	for i := range placed {
		both.Go(func() {
			d, err := postgres.Distribute(t.Context(), pool, 4)
			if err != nil {
				t.Error(err)
			}
			placed[i] = len(d.Tables)
		})
	}
	both.Wait()
	if placed[0]+placed[1] != 17 {
		t.Errorf("placed by the two: %v", placed)
	}
	if n := foreignKeys(t, pool); n != 10 {
		t.Errorf("%d foreign keys, want 10", n)
	}
	p, err := postgres.PlacementOf(t.Context(), pool)
	if err != nil || !p.Whole() || p.Hidden != 0 || p.Remembered != 17 || p.Shards != 4 {
		t.Errorf("placed: %+v, %v", p, err)
	}
	many, err := shown(t, pool, `SELECT * FROM analytics.register`)
	if err != nil || strings.Join(one, "\n") != strings.Join(many, "\n") {
		t.Errorf("the register has %d rows and had %d, %v", len(many), len(one), err)
	}
	_, err = postgres.Distribute(t.Context(), pool, 8)
	refusedWith(t, "another number of shards", err, "--shards: the tables have 4 already")
	worker := pgtest.Open(t, workers[0], 2)
	refusedWith(t, "a worker", postgres.CheckSchema(t.Context(), worker), "is a worker of Citus; let it name the coordinator")
	_, err = postgres.MigrateUp(t.Context(), worker)
	refusedWith(t, "migrate up on a worker", err, "is a worker of Citus")
}

// Tables of which somebody distributed some by hand are refused to a run, and finished by
// distribute; one that is placed otherwise is refused to both, by name.
func TestHalfDistributedTables(t *testing.T) {
	url, _ := newCluster(t)
	pool := migrated(t, url)
	hold := func() error {
		release, err := postgres.HoldSchema(t.Context(), pool)
		if err == nil {
			release()
		}
		return err
	}
	pgtest.Exec(t, pool, `SELECT create_reference_table('realtimekit.apps')`)
	refusedWith(t, "a run", hold(), "1 of 17 tables are distributed, without realtimekit.meetings")
	pgtest.Exec(t, pool, `SELECT create_distributed_table('analytics.session_people', 'person_id')`)
	for what, err := range map[string]error{"a run": hold(), "distribute": distribute(t, pool)} {
		refusedWith(t, what, err, "analytics.session_people by person_id, not by session_id; take them back with undistribute_table")
	}
	pgtest.Exec(t, pool, `SELECT undistribute_table('analytics.session_people')`)
	if err := distribute(t, pool); err != nil {
		t.Fatal(err)
	}
	if err := hold(); err != nil {
		t.Errorf("a run on what was finished: %v", err)
	}
	if n := foreignKeys(t, pool); n != 10 {
		t.Errorf("%d foreign keys, want 10", n)
	}
	// What a migration defines anew gets the form for a cluster again.
	if _, err := postgres.MigrateDown(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
}

func distribute(t *testing.T, pool *pgxpool.Pool) error {
	t.Helper()
	_, err := postgres.Distribute(t.Context(), pool, 0)
	return err
}

// What others built on the tables is refused by name, and nothing is done.
func TestWhatOthersBuiltIsNamed(t *testing.T) {
	url, _ := newCluster(t)
	pool := migrated(t, url)
	pgtest.Exec(t, pool, `CREATE TABLE public.mine (app_id text REFERENCES realtimekit.apps (app_id))`)
	pgtest.Exec(t, pool, `CREATE TRIGGER audit AFTER UPDATE ON realtimekit.sessions FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`)
	err := distribute(t, pool)
	refusedWith(t, "distribute", err, "the trigger audit of realtimekit.sessions, the foreign key mine_app_id_fkey of public.mine, which Rollcall did not make")
	if n := pgtest.Number(t, pool, `SELECT count(*) FROM pg_dist_partition`); n != 0 {
		t.Errorf("%d tables were distributed all the same", n)
	}
}

// A run holds the schema, and distribute does not go on beside it.
func TestDistributeWaitsForARun(t *testing.T) {
	url, _ := newCluster(t)
	pool := migrated(t, url)
	release, err := postgres.HoldSchema(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	hurried, err := pgxpool.New(t.Context(), url+"&lock_timeout=50ms")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(hurried.Close)
	refusedWith(t, "beside a run", distribute(t, hurried), "a run, a backfill or another migration is under way")
	if n := pgtest.Number(t, pool, `SELECT count(*) FROM pg_dist_partition`); n != 0 {
		t.Errorf("%d tables were distributed all the same", n)
	}
}

// A node that is away is named before anything is done, and one that goes away half way
// leaves nothing half done.
func TestANodeThatIsAway(t *testing.T) {
	url, workers := newCluster(t)
	pool := migrated(t, url)
	// The node answers, and has no such database any more.
	gone := pgtest.Open(t, workers[0], 1)
	name := pgtest.Text(t, gone, `SELECT current_database()::text`)
	gone.Close()
	maintenance := strings.Replace(workers[0], "/"+name, "/postgres", 1)
	do(t, maintenance, `ALTER DATABASE `+name+` WITH ALLOW_CONNECTIONS false`,
		`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '`+name+`'`)
	refusedWith(t, "distribute", distribute(t, pool), "a node does not answer")
	do(t, maintenance, `ALTER DATABASE `+name+` WITH ALLOW_CONNECTIONS true`)
	if err := distribute(t, pool); err != nil {
		t.Errorf("when it is back: %v", err)
	}
}
