package distributed

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/simulator"
	"github.com/rollcall-etl/rollcall/internal/testbed"
)

// A part of a table that is not on its node any more is named with the node. A run stops at
// it, with nothing half done; once it is back the next run has all.
func TestAPartOfATableIsGone(t *testing.T) {
	url, workers := pgtest.NewCluster(t)
	pool := migrated(t, url)
	if err := distribute(t, pool); err != nil {
		t.Fatal(err)
	}
	part := pgtest.Ask(t, workers[0], `SELECT pg_catalog.shard_name(s.logicalrelid, s.shardid) FROM pg_dist_shard AS s
		JOIN pg_dist_placement AS p USING (shardid) JOIN pg_dist_local_group AS g USING (groupid)
		WHERE s.logicalrelid = 'analytics.session_presences'::regclass ORDER BY 1 LIMIT 1`)[0]
	schema, name, _ := strings.Cut(part, ".")
	const byHand = `SET citus.enable_manual_changes_to_shards TO on`
	pgtest.Do(t, workers[0], byHand, `ALTER TABLE `+part+` RENAME TO away`)
	gone, err := postgres.ShardsNotThere(t.Context(), pool)
	if err != nil || len(gone) != 1 || !strings.HasPrefix(gone[0], part+" of ") {
		t.Errorf("gone: %q, %v", gone, err)
	}
	data := ended()
	refusedWith(t, "a run", readAll(t, pool, data), `relation "`+part+`" does not exist (SQLSTATE 42P01); a part of a table is not on its node of Citus: see rollcall doctor`)
	pgtest.Do(t, workers[0], byHand, `ALTER TABLE `+schema+`.away RENAME TO `+name)
	if err := readAll(t, pool, data); err != nil {
		t.Errorf("with the part back: %v", err)
	}
	if gone, err := postgres.ShardsNotThere(t.Context(), pool); err != nil || len(gone) > 0 {
		t.Errorf("gone: %q, %v", gone, err)
	}
	if n := pgtest.Number(t, pool, `SELECT count(*) FROM sync.session_states WHERE complete_at IS NULL`); n > 0 {
		t.Errorf("%d sessions are incomplete", n)
	}
}

// readAll backfills all that there is.
func readAll(t *testing.T, pool *pgxpool.Pool, data *simulator.Data) error {
	t.Helper()
	sim := simulator.New(data, simulator.Options{Token: testbed.Token, Now: now})
	_, err := testbed.Path(t, pool, sim, data.AccountID, now).Run(t.Context(), pipeline.Plan{Kind: model.KindBackfill, From: at.AddDate(0, -1, 0), Full: true})
	return err
}
