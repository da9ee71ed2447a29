package distributed

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/simulator"
	"github.com/rollcall-etl/rollcall/internal/testbed"
)

// refusedWith wants an error with a text.
func refusedWith(t *testing.T, what string, err error, text string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), naming.Text(text)) {
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
	url, workers := pgtest.NewCluster(t)
	pool := migrated(t, url)
	fill(t, pool)
	enrich(t, pool)
	one, err := pgtest.Shown(t, pool, `SELECT * FROM analytics.register`)
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
	many, err := pgtest.Shown(t, pool, `SELECT * FROM analytics.register`)
	if err != nil || strings.Join(one, "\n") != strings.Join(many, "\n") {
		t.Errorf("the register has %d rows and had %d, %v", len(many), len(one), err)
	}
	_, err = postgres.Distribute(t.Context(), pool, 8)
	refusedWith(t, "another number of shards", err, "--shards: the tables have 4 already")
	roles(t, pool)
	worker := pgtest.Open(t, workers[0], 2)
	refusedWith(t, "a worker", postgres.CheckSchema(t.Context(), worker), "is a worker of Citus; let it name the coordinator")
	_, err = postgres.MigrateUp(t.Context(), worker)
	refusedWith(t, "migrate up on a worker", err, "is a worker of Citus")
}

// roles makes the two roles, and gives them their rights again, as each migration does.
func roles(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	database := pgtest.Text(t, pool, `SELECT current_database()::text`)
	reader, loader := postgres.Role{Name: database + "_reader"}, postgres.Role{Name: database + "_loader"}
	for range 2 {
		if _, err := postgres.EnsureReader(t.Context(), pool, reader); err != nil {
			t.Error(err)
		}
		if _, err := postgres.EnsureLoader(t.Context(), pool, loader); err != nil {
			t.Error(err)
		}
	}
	pgtest.Exec(t, pool, `DROP OWNED BY `+reader.Name+`, `+loader.Name)
	pgtest.Exec(t, pool, `DROP ROLE `+reader.Name+`, `+loader.Name)
}

// Tables of which somebody distributed some by hand are refused to a run, and finished by
// distribute; one that is placed otherwise is refused to both, by name.
func TestHalfDistributedTables(t *testing.T) {
	url, _ := pgtest.NewCluster(t)
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

// A migration that takes another table in the place of a distributed one carries its rows
// over, up and down, and the new one is distributed as well.
func TestPresencesAreMigratedOnACluster(t *testing.T) {
	url, _ := pgtest.NewCluster(t)
	pool := migrated(t, url)
	if err := distribute(t, pool); err != nil {
		t.Fatal(err)
	}
	if err := readAll(t, pool, ended()); err != nil {
		t.Fatal(err)
	}
	state := func() string {
		t.Helper()
		p, err := postgres.PlacementOf(t.Context(), pool)
		if err != nil || !p.Whole() || p.Hidden != 0 {
			t.Errorf("placed %v, wrong %v, lacking %v, hidden %d: %v", p.Placed, p.Wrong, p.Lacking(), p.Hidden, err)
		}
		if n := pgtest.Number(t, pool, `SELECT count(*) FROM sync.distributed_tables`); n != len(p.Placed) {
			t.Errorf("%d tables are remembered, %d placed", n, len(p.Placed))
		}
		return strings.Join(pgtest.Ask(t, url, `SELECT concat_ws(' ', session_id, participant_id, presence_no, joined_at, left_at, left_at_kind, is_by_events, is_cut, preset_view_type, peer_id) FROM analytics.presences ORDER BY 1`), "\n") + "\n" +
			strings.Join(pgtest.Ask(t, url, `SELECT concat_ws(' ', session_id, participant_id, person_id, joined_at, left_at) FROM analytics.participant_intervals ORDER BY 1`), "\n")
	}
	want := state()
	if len(want) < 10000 {
		t.Fatalf("hardly anybody was there:\n%s", want)
	}
	for pgtest.Ask(t, url, `SELECT relkind::text FROM pg_class WHERE oid = 'analytics.presences'::regclass`)[0] == "v" {
		if _, err := postgres.MigrateDown(t.Context(), pool); err != nil {
			t.Fatal(err)
		}
	}
	pool.Reset()
	if state() != want {
		t.Error("single rows are other ones")
	}
	if _, err := postgres.MigrateUp(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	pool.Reset()
	if state() != want {
		t.Error("packed again they are other ones")
	}
}

func distribute(t *testing.T, pool *pgxpool.Pool) error {
	t.Helper()
	_, err := postgres.Distribute(t.Context(), pool, 0)
	return err
}

// What others built on the tables is refused by name, and nothing is done.
func TestWhatOthersBuiltIsNamed(t *testing.T) {
	url, _ := pgtest.NewCluster(t)
	pool := migrated(t, url)
	pgtest.Exec(t, pool, `CREATE TABLE public.mine (app_id text REFERENCES realtimekit.apps (app_id))`)
	pgtest.Exec(t, pool, `CREATE TRIGGER audit AFTER UPDATE ON realtimekit.sessions FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`)
	err := distribute(t, pool)
	refusedWith(t, "distribute", err, "the trigger audit of realtimekit.sessions, the foreign key mine_app_id_fkey of public.mine, which Rollcall did not make")
	if n := pgtest.Number(t, pool, `SELECT count(*) FROM pg_dist_partition`); n != 0 {
		t.Errorf("%d tables were distributed all the same", n)
	}
}

// A day is cut in UTC on every node.
func TestNodesCountInUTC(t *testing.T) {
	url, _ := pgtest.NewCluster(t)
	pool := migrated(t, url)
	database := pgtest.Text(t, pool, `SELECT current_database()::text`)
	pgtest.Do(t, url, `ALTER DATABASE `+database+` SET timezone TO 'Asia/Tokyo'`)
	refusedWith(t, "distribute", distribute(t, pool), "has Asia/Tokyo; on the coordinator run ALTER DATABASE")
	pgtest.Do(t, url, `ALTER DATABASE `+database+` SET timezone TO 'UTC'`)
	if err := distribute(t, pool); err != nil {
		t.Error(err)
	}
}

// A run holds the schema, and distribute does not go on beside it.
func TestDistributeWaitsForARun(t *testing.T) {
	url, _ := pgtest.NewCluster(t)
	pool := migrated(t, url)
	release, err := postgres.HoldSchema(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	hurried, err := pgtest.NewPool(t.Context(), url+"&lock_timeout=50ms")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(hurried.Close)
	refusedWith(t, "beside a run", distribute(t, hurried), "a run, a backfill or another migration is under way")
	if n := pgtest.Number(t, pool, `SELECT count(*) FROM pg_dist_partition`); n != 0 {
		t.Errorf("%d tables were distributed all the same", n)
	}
}

// Whatever ends distribute half way leaves nothing half done, and the next one does all.
func TestDistributeIsEndedHalfWay(t *testing.T) {
	url, _ := pgtest.NewCluster(t)
	pool := migrated(t, url)
	fill(t, pool)
	other, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Rollback(context.WithoutCancel(t.Context())) }()
	if _, err := other.Exec(t.Context(), `LOCK TABLE analytics.session_person_days IN ROW EXCLUSIVE MODE`); err != nil { // the last
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := postgres.Distribute(t.Context(), pgtest.Open(t, url, 4), 4)
		ended <- err
	}()
	const waiting = `FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%create_distributed_table%'`
	for began := time.Now(); pgtest.Number(t, pool, `SELECT count(*) `+waiting) == 0; {
		if time.Since(began) > time.Minute {
			t.Fatal("distribute does not come to the table that is locked")
		}
	}
	pgtest.Exec(t, pool, `SELECT pg_terminate_backend(pid) `+waiting)
	if err := <-ended; err == nil {
		t.Fatal("distribute was ended and did not tell")
	}
	if err := other.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := pgtest.Number(t, pool, `SELECT count(*) FROM pg_dist_partition`); n != 0 {
		t.Errorf("%d tables are distributed half way", n)
	}
	release, err := postgres.HoldSchema(t.Context(), pool)
	if err != nil {
		t.Fatalf("a run between the two: %v", err)
	}
	release()
	if err := distribute(t, pool); err != nil {
		t.Fatal(err)
	}
	if n := pgtest.Number(t, pool, `SELECT count(*) FROM realtimekit.participants`); n == 0 {
		t.Error("the rows are gone")
	}
}

// A worker that goes away while a run loads fails what it had in hand; the next run goes on
// where it was, and all is there.
func TestAWorkerGoesAwayInMidLoad(t *testing.T) {
	url, workers := pgtest.NewCluster(t)
	pool := migrated(t, url)
	if err := distribute(t, pool); err != nil {
		t.Fatal(err)
	}
	away, back := cut(t, workers[0])
	data := simulator.Demo(1, at)
	sim := simulator.New(data, simulator.Options{Token: testbed.Token, Now: now, Script: []simulator.Fault{
		{Name: "away", Path: "*/participants*", Nth: 30, Do: func(*simulator.Data) { away() }},
	}})
	p := testbed.Path(t, pool, sim, data.AccountID, now)
	result, err := p.Run(t.Context(), pipeline.Plan{Kind: "run"})
	if err == nil && result.Totals.Failed == 0 {
		t.Error("a run without one of its workers told of nothing")
	}
	back()
	for range 3 { // what failed is tried again when its time has come
		pgtest.Exec(t, pool, `UPDATE sync.session_states SET retry_at = NULL WHERE retry_at IS NOT NULL`)
		if _, err = p.Run(t.Context(), pipeline.Plan{Kind: "run"}); err == nil {
			break
		}
	}
	if err != nil {
		t.Fatalf("with the worker back: %v", err)
	}
	want := 0
	for i := range data.Apps {
		for _, s := range data.Apps[i].Sessions {
			want += len(s.Participants)
		}
	}
	if n := pgtest.Number(t, pool, `SELECT count(*) FROM realtimekit.participants`); n != want {
		t.Errorf("%d participants are stored, want %d", n, want)
	}
}

// cut gives what takes a worker's database away, and brings it back.
func cut(t *testing.T, worker string) (away, back func()) {
	t.Helper()
	name := pgtest.Ask(t, worker, `SELECT current_database()::text`)[0]
	maintenance := strings.Replace(worker, "/"+name, "/postgres", 1)
	away = func() {
		pgtest.Do(t, maintenance, `ALTER DATABASE `+name+` WITH ALLOW_CONNECTIONS false`,
			`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '`+name+`'`)
	}
	return away, func() { pgtest.Do(t, maintenance, `ALTER DATABASE `+name+` WITH ALLOW_CONNECTIONS true`) }
}

// A node that is away is named before anything is done, and one that goes away half way
// leaves nothing half done.
func TestANodeThatIsAway(t *testing.T) {
	url, workers := pgtest.NewCluster(t)
	pool := migrated(t, url)
	away, back := cut(t, workers[0])
	away()
	refusedWith(t, "distribute", distribute(t, pool), "a node does not answer")
	back()
	if err := distribute(t, pool); err != nil {
		t.Errorf("when it is back: %v", err)
	}
}
