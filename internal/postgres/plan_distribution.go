package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/naming"
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
