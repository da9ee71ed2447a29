package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/migrations"
)

// Distribution is what Distribute does, or would do.
type Distribution struct {
	Citus   string        // its version
	Workers int           // that hold rows
	Shards  int           // of each table that is spread by session
	Tables  []PlacedTable // that are placed now, in this order
	Already int           // that were placed before
	Hidden  int64         // bytes of rows from before on the coordinator, which go
}

// PlacedTable is a table and where it goes.
type PlacedTable struct {
	Name, By string
	Bytes    int64 // with indexes, as it is on the coordinator
}

// defaultShards is Citus's own number.
const defaultShards = 32

// PlanDistribution checks whether Citus can take the tables, and says what Distribute would
// do. It changes nothing. shards is 0 for the default, or what the tables have already.
func PlanDistribution(ctx context.Context, pool *pgxpool.Pool, shards int) (Distribution, error) {
	if err := CheckSchema(ctx, pool); err != nil {
		return Distribution{}, err
	}
	p, err := PlacementOf(ctx, pool)
	if err != nil {
		return Distribution{}, err
	}
	d := Distribution{Citus: p.Citus, Already: len(p.Placed), Hidden: p.Hidden, Shards: shards}
	if err := d.check(ctx, pool, &p); err != nil {
		return d, err
	}
	d.Tables, err = tablesToPlace(ctx, pool, &p)
	return d, err
}

// check refuses a database or cluster that cannot take the tables.
func (d *Distribution) check(ctx context.Context, pool *pgxpool.Pool, p *Placement) error {
	if p.Citus == "" {
		return fmt.Errorf("%w: this database has no Citus; as a superuser run CREATE EXTENSION citus in it on each node, then on the coordinator citus_set_coordinator_host and citus_add_node", model.ErrSchema)
	}
	if len(p.Wrong) > 0 {
		return p.Check()
	}
	if p.Shards > 0 {
		if d.Shards != 0 && d.Shards != p.Shards {
			return fmt.Errorf("%w: --shards: the tables have %d already", model.ErrUsage, p.Shards)
		}
		d.Shards = p.Shards
	}
	if d.Shards == 0 {
		d.Shards = defaultShards
	}
	return errors.Join(d.checkNodes(ctx, pool), checkOthers(ctx, pool, p))
}

// checkNodes refuses a cluster without workers, and one with a node that does not answer
// or counts days otherwise.
func (d *Distribution) checkNodes(ctx context.Context, pool *pgxpool.Pool) error {
	var known bool
	err := pool.QueryRow(ctx, `SELECT coalesce(bool_or(groupid = 0), false), count(*) FILTER (WHERE shouldhaveshards)
		FROM pg_catalog.pg_dist_node WHERE noderole = 'primary' AND isactive`).Scan(&known, &d.Workers)
	switch {
	case err != nil:
		return Failed("look at the nodes", err)
	case !known:
		return fmt.Errorf("%w: Citus does not know the coordinator's address; run there: SELECT citus_set_coordinator_host('HOST', PORT)", model.ErrSchema)
	case d.Workers == 0:
		return fmt.Errorf("%w: Citus knows no node that may hold rows; add each worker: SELECT citus_add_node('HOST', PORT)", model.ErrSchema)
	}
	silent, err := SilentNodes(ctx, pool)
	if err == nil && len(silent) > 0 {
		return fmt.Errorf("%w: a node does not answer: %s; mend that first: nothing was changed", model.ErrStore, strings.Join(silent, ", "))
	}
	if err != nil {
		return err
	}
	zones, err := NodesNotUTC(ctx, pool)
	if err == nil && len(zones) > 0 {
		err = fmt.Errorf("%w: parts of what counts by day run on the workers, and need their TimeZone to be UTC: %s; on the coordinator run ALTER DATABASE … SET timezone TO 'UTC', which Citus passes on", model.ErrSchema, strings.Join(zones, ", "))
	}
	return err
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

// checkOthers refuses tables that the role does not own, and what others built on them that
// Citus would not take.
func checkOthers(ctx context.Context, pool *pgxpool.Pool, p *Placement) error {
	owned, err := texts(ctx, pool, `SELECT t.name FROM unnest($1::text[]) AS t (name) JOIN pg_class AS c ON c.oid = t.name::regclass
		WHERE NOT pg_has_role(c.relowner, 'USAGE') ORDER BY 1`, placedNames())
	if err == nil && len(owned) > 0 {
		return fmt.Errorf("%w: the role of DATABASE_URL does not own %s (of %d tables); use the role that ran rollcall migrate up", model.ErrSchema, owned[0], len(owned))
	}
	if err != nil {
		return Failed("look at the tables", err)
	}
	ours, err := Relations()
	if err != nil {
		return err
	}
	found, err := texts(ctx, pool, `SELECT 'the trigger ' || t.tgname || ' of ' || t.tgrelid::regclass
			FROM pg_trigger AS t WHERE t.tgrelid = ANY ($1::text[]::regclass[]) AND NOT t.tgisinternal AND t.tgname <> 'queue_deleted_rows'
		UNION ALL
		SELECT 'the foreign key ' || k.conname || ' of ' || k.conrelid::regclass
			FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
			WHERE k.contype = 'f' AND k.confrelid = ANY ($1::text[]::regclass[]) AND NOT n.nspname || '.' || c.relname = ANY ($2::text[])`,
		p.Lacking(), ours)
	if err == nil && len(found) > 0 {
		return fmt.Errorf("%w: Citus would not take %s, which Rollcall did not make; drop it first: nothing was changed", model.ErrSchema, strings.Join(found, ", "))
	}
	return Failed("look at the tables", err)
}

// tablesToPlace says how large the tables are.
func tablesToPlace(ctx context.Context, pool *pgxpool.Pool, p *Placement) ([]PlacedTable, error) {
	var all []PlacedTable
	names := p.Lacking()
	for _, t := range p.tables {
		if name := naming.Real(t.table); slices.Contains(names, name) {
			all = append(all, PlacedTable{Name: name, By: t.by})
		}
	}
	for i := range all {
		if err := pool.QueryRow(ctx, `SELECT pg_total_relation_size($1::text::regclass)`, all[i].Name).Scan(&all[i].Bytes); err != nil {
			return nil, Failed("look at the tables", err)
		}
	}
	return all, nil
}

// Distribute gives the tables to Citus, in one transaction over all nodes, while nobody
// relies on the schema: it waits for runs as MigrateUp does. What is placed already stays.
// Rows that the coordinator has from before go then; where it was stopped before that, the
// next Distribute does it.
func Distribute(ctx context.Context, pool *pgxpool.Pool, shards int) (d Distribution, err error) {
	if _, err := PlanDistribution(ctx, pool, shards); err != nil {
		return d, err
	}
	err = changeSchema(ctx, pool, func() error {
		var err error
		if d, err = PlanDistribution(ctx, pool, shards); err != nil { // again: another may have done it meanwhile
			return err
		}
		if d.Hidden, err = d.carryOut(ctx, pool); err != nil {
			return Failed("distribute the tables", err)
		}
		return regrant(ctx, pool)
	})
	return d, err
}

// distributeNew goes on where Distribute was once: what a migration made is placed as well,
// and what it defined has the form for a cluster again.
func distributeNew(ctx context.Context, pool *pgxpool.Pool) error {
	var known bool
	err := pool.QueryRow(ctx, `SELECT `+hasCitus+` AND to_regclass('sync.distributed_tables') IS NOT NULL`).Scan(&known)
	if err != nil || !known {
		return Failed("look for Citus", err)
	}
	p, err := PlacementOf(ctx, pool)
	if err != nil || p.Citus == "" || p.Remembered == 0 {
		return err
	}
	d := Distribution{Shards: p.Shards}
	if d.Tables, err = tablesToPlace(ctx, pool, &p); err != nil {
		return err
	}
	_, err = d.carryOut(ctx, pool)
	return err
}

// carryOut places the tables, and gives the bytes of old rows that it deleted.
func (d *Distribution) carryOut(ctx context.Context, pool *pgxpool.Pool) (hidden int64, err error) {
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error { return d.place(ctx, tx) })
	if err != nil {
		return 0, notPlaced(err)
	}
	p, err := PlacementOf(ctx, pool)
	if err != nil || p.Hidden == 0 {
		return 0, err
	}
	// Tables that have keys to another go with it.
	for _, table := range namesOf(p.tables) {
		if _, err := pool.Exec(ctx, `SELECT truncate_local_data_after_distributing_table(c.oid) FROM pg_class AS c
			WHERE c.oid = $1::text::regclass AND pg_relation_size(c.oid) > 0`, table); err != nil {
			return 0, err
		}
	}
	return p.Hidden, nil
}

// notPlaced says that nothing was done.
func notPlaced(err error) error {
	if _, ok := errors.AsType[*pgconn.PgError](err); ok {
		return fmt.Errorf("%w: nothing was distributed", err)
	}
	return err
}

// place is the transaction. Citus takes a table without triggers, and with no key to or
// from a table that it has not.
func (d *Distribution) place(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, `SELECT set_config('citus.multi_shard_modify_mode', 'sequential', true), set_config('citus.shard_count', $1, true),
		set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true)`, fmt.Sprint(d.Shards)); err != nil {
		return err
	}
	var names []string
	for _, t := range d.Tables {
		names = append(names, t.Name)
	}
	if err := makeRoom(ctx, tx, names); err != nil {
		return err
	}
	for _, t := range d.Tables {
		if err := t.place(ctx, tx); err != nil {
			return fmt.Errorf("%s: %w", t.Name, err)
		}
	}
	if err := addKeys(ctx, tx); err != nil {
		return err
	}
	var version int64
	if err := tx.QueryRow(ctx, appliedSQL).Scan(&version); err != nil {
		return err
	}
	tables := placedAt(version)
	var by []string
	for _, t := range tables {
		by = append(by, t.by)
	}
	if _, err := tx.Exec(ctx, `INSERT INTO sync.distributed_tables (table_name, placed_by, distributed_at)
		SELECT t.name, t.placed_by, now() FROM unnest($1::text[], $2::text[]) AS t (name, placed_by) ON CONFLICT DO NOTHING`, namesOf(tables), by); err != nil {
		return err
	}
	return suitDefinitions(ctx, tx, version)
}

// appliedSQL gives the version that the schema has, or is about to have.
const appliedSQL = `SELECT coalesce(max(version_id), 0) FROM ` + versionTable + ` WHERE is_applied`

// suitDefinitions has analytics.derive planned for each session, since which node is asked
// depends on it, and gives views that Citus refuses their other form.
func suitDefinitions(ctx context.Context, tx pgx.Tx, version int64) error {
	names, definitions, err := migrations.ForCluster(version)
	if err != nil {
		return err
	}
	for i, definition := range definitions {
		if _, err := tx.Exec(ctx, definition); err != nil {
			return fmt.Errorf("%s: %w", naming.Real("analytics."+names[i]), err)
		}
	}
	_, err = tx.Exec(ctx, `ALTER FUNCTION analytics.derive(uuid[]) SET plan_cache_mode = force_custom_plan`)
	return err
}

func (t PlacedTable) place(ctx context.Context, tx pgx.Tx) error {
	if t.By == PlacedEverywhere {
		_, err := tx.Exec(ctx, `SELECT create_reference_table($1::text::regclass)`, t.Name)
		return err
	}
	with := naming.Real("realtimekit.sessions")
	if t.Name == with {
		with = "none"
	}
	_, err := tx.Exec(ctx, `SELECT create_distributed_table($1::text::regclass, $2, colocate_with => $3)`, t.Name, t.By, with)
	return err
}

// makeRoom drops our triggers on the tables, and the keys from and to them.
func makeRoom(ctx context.Context, tx pgx.Tx, names []string) error {
	statements, err := texts(ctx, tx, `SELECT format('DROP TRIGGER %I ON %s', t.tgname, t.tgrelid::regclass)
			FROM pg_trigger AS t WHERE t.tgrelid = ANY ($1::text[]::regclass[]) AND NOT t.tgisinternal
		UNION ALL
		SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', k.conrelid::regclass, k.conname)
			FROM pg_constraint AS k WHERE k.contype = 'f'
			  AND (k.conrelid = ANY ($1::text[]::regclass[]) OR k.confrelid = ANY ($1::text[]::regclass[]))`, names)
	if err != nil {
		return err
	}
	for _, statement := range statements {
		if _, err := tx.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// addKeys adds the keys between placed tables that are not there.
func addKeys(ctx context.Context, tx pgx.Tx) error {
	for _, k := range placedKeys {
		var there bool
		if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM pg_constraint AS k WHERE k.contype = 'f'
			AND k.conrelid = $1::text::regclass AND k.confrelid = $3::text::regclass
			AND (SELECT string_agg(a.attname, ', ' ORDER BY o.position) FROM unnest(k.conkey) WITH ORDINALITY AS o (number, position)
			     JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = o.number) = $2)`, naming.Real(k.table), k.columns, naming.Real(k.target)).Scan(&there); err != nil {
			return err
		}
		if there {
			continue
		}
		if _, err := tx.Exec(ctx, `ALTER TABLE `+k.table+` ADD FOREIGN KEY (`+k.columns+`) REFERENCES `+k.target+` (`+k.columns+`)`); err != nil {
			return fmt.Errorf("the key of %s to %s: %w", k.table, k.target, err)
		}
	}
	return nil
}
