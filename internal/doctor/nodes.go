package doctor

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/postgres"
)

// nodes checks how Citus has the tables, where it is or was; of one server it says nothing.
func nodes(ctx context.Context, to *Checks, pool *pgxpool.Pool) {
	p, err := postgres.PlacementOf(ctx, pool)
	if err == nil && p.Citus == "" && p.Remembered == 0 {
		return
	}
	if err == nil {
		err = p.Check()
	}
	if err != nil {
		to.failed("nodes", err, "rollcall distribute")
		return
	}
	if p.None() {
		to.ok("nodes", "Citus %s is there, and nothing is distributed", p.Citus)
		return
	}
	lost, err := postgres.LostShards(ctx, pool)
	if err != nil {
		to.failed("nodes", err, "")
		return
	}
	silent, err := postgres.SilentNodes(ctx, pool)
	if err != nil {
		to.failed("nodes", err, "")
		return
	}
	gone, err := postgres.ShardsNotThere(ctx, pool)
	if err != nil {
		to.failed("nodes", err, "")
		return
	}
	zones, err := postgres.NodesNotUTC(ctx, pool)
	switch {
	case err != nil:
		to.failed("nodes", err, "")
	case len(lost) > 0:
		to.problem("nodes", "parts of tables are on no node that is in use: "+strings.Join(lost, ", "), "bring the node back (citus_activate_node), or restore it from a backup")
	case len(silent) > 0:
		to.problem("nodes", "a node does not answer: "+strings.Join(silent, ", "), "start it, or mend the network between the nodes")
	case len(gone) > 0:
		to.problem("nodes", fmt.Sprintf("%d parts of tables are not on their nodes: %s", len(gone), strings.Join(gone[:min(len(gone), 5)], ", ")), "restore the node from a backup; do not distribute anew")
	case len(zones) > 0:
		to.problem("nodes", "parts of what counts by day run on the workers, and need their TimeZone to be UTC: "+strings.Join(zones, ", "), "on the coordinator run ALTER DATABASE … SET timezone TO 'UTC', which Citus passes on")
	case p.Hidden > 0:
		to.problem("nodes", size(p.Hidden)+" of rows from before, with personal data, are still on the coordinator's disk, where nothing reads them", "rollcall distribute")
	default:
		to.ok("nodes", "Citus %s has all %d tables, in %d shards; every node answers", p.Citus, len(p.Placed), p.Shards)
	}
}
