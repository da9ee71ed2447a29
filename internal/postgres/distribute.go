package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/migrations"
)

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
