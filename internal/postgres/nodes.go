package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// hasCitus tells whether a database has the extension.
const hasCitus = `to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL`

// errWorker says what to do where the server is a worker of Citus.
var errWorker = fmt.Errorf("%w: the server of DATABASE_URL is a worker of Citus; let it name the coordinator, where the warehouse's own tables are", model.ErrSchema)

// refuseWorker refuses a server that is one of Citus's workers, where only what is
// distributed can be seen.
func refuseWorker(ctx context.Context, pool *pgxpool.Pool) error {
	var known, worker bool
	err := pool.QueryRow(ctx, `SELECT `+hasCitus).Scan(&known)
	if err == nil && known {
		err = pool.QueryRow(ctx, `SELECT groupid > 0 FROM pg_catalog.pg_dist_local_group`).Scan(&worker)
	}
	if err == nil && worker {
		return errWorker
	}
	return Failed("look for Citus", err)
}

// NodesNotUTC lists the workers whose TimeZone is another, and which.
func NodesNotUTC(ctx context.Context, pool *pgxpool.Pool) ([]string, error) {
	zones, err := texts(ctx, pool, `SELECT nodename || ':' || nodeport || ' has ' || result FROM run_command_on_workers('SHOW timezone')
		WHERE success AND result NOT IN ('UTC', 'Etc/UTC', 'GMT', 'Etc/GMT', 'UCT', 'Etc/UCT', 'Zulu') ORDER BY 1`)
	return zones, Failed("look at the nodes", err)
}

// SilentNodes lists what does not answer to another node, as FROM to TO. They are asked
// twice: a connection that Citus kept may be one to a server that has started anew since.
func SilentNodes(ctx context.Context, pool *pgxpool.Pool) (silent []string, err error) {
	for range 2 {
		silent, err = texts(ctx, pool, `SELECT from_nodename || ':' || from_nodeport || ' to ' || to_nodename || ':' || to_nodeport
			FROM citus_check_cluster_node_health() WHERE result IS NOT TRUE ORDER BY 1`)
		if err != nil || len(silent) == 0 {
			break
		}
	}
	return silent, Failed("look whether the nodes answer", err)
}

// LostShards lists the tables of which some part is on no node that is in use, with how many
// parts.
func LostShards(ctx context.Context, pool *pgxpool.Pool) ([]string, error) {
	lost, err := texts(ctx, pool, `SELECT s.logicalrelid || ' (' || count(*) || ')'
		FROM pg_catalog.pg_dist_shard AS s
		WHERE s.logicalrelid = ANY ($1::text[]::regclass[]) AND NOT EXISTS (
			SELECT 1 FROM pg_catalog.pg_dist_placement AS p
			JOIN pg_catalog.pg_dist_node AS n ON n.groupid = p.groupid AND n.noderole = 'primary' AND n.isactive
			WHERE p.shardid = s.shardid AND p.shardstate = 1)
		GROUP BY s.logicalrelid ORDER BY 1`, placedNames())
	return lost, Failed("look for the shards", err)
}

// ShardsNotThere lists the parts of tables that a node is to have and has not, each with its
// node: somebody dropped them there, or the node is an older copy of itself.
func ShardsNotThere(ctx context.Context, pool *pgxpool.Pool) ([]string, error) {
	const missing = `SELECT string_agg(t.name, ' ' ORDER BY t.name) FROM (
			SELECT pg_catalog.shard_name(s.logicalrelid, s.shardid) AS name FROM pg_catalog.pg_dist_shard AS s
			JOIN pg_catalog.pg_dist_placement AS p USING (shardid)
			JOIN pg_catalog.pg_dist_local_group AS g ON g.groupid = p.groupid) AS t
		WHERE to_regclass(t.name) IS NULL`
	lost, err := texts(ctx, pool, `SELECT t.name || ' of ' || n.nodename || ':' || n.nodeport
		FROM run_command_on_all_nodes($1) AS r JOIN pg_catalog.pg_dist_node AS n USING (nodeid)
		CROSS JOIN LATERAL unnest(string_to_array(r.result, ' ')) AS t (name)
		WHERE r.success ORDER BY 1`, missing)
	return lost, Failed("look for the shards", err)
}
