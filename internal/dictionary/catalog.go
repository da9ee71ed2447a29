package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// catalog is what the database says of itself.
type catalog struct {
	Schemas   []schema
	Relations []relation
	Columns   []column
	Keys      []foreignKey
}

type schema struct{ Name, Comment string }

type relation struct {
	Schema, Name, Kind, Comment string
}

type column struct {
	Schema, Relation, Name, Type, Comment string
	NotNull, Primary                      bool
}

// foreignKey leads from columns of one table to another.
type foreignKey struct {
	Schema, Relation, TargetSchema, Target string
	Columns                                []string
	Optional                               bool // a column of it may be null
}

// ours are the schemas that are described; the table is goose's own.
const ours = `n.nspname IN ('analytics', 'realtimekit', 'sync') AND c.relkind IN ('r', 'v', 'm') AND c.relname <> 'schema_migrations'`

const (
	schemasSQL = `SELECT nspname, coalesce(obj_description(oid, 'pg_namespace'), '') FROM pg_namespace
		WHERE nspname IN ('analytics', 'realtimekit', 'sync') ORDER BY nspname`
	relationsSQL = `SELECT n.nspname, c.relname, CASE c.relkind WHEN 'r' THEN 'table' ELSE 'view' END, coalesce(obj_description(c.oid, 'pg_class'), '')
		FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE ` + ours + ` ORDER BY 1, 2`
	columnsSQL = `SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), coalesce(col_description(c.oid, a.attnum), ''),
			a.attnotnull, EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = c.oid AND i.indisprimary AND a.attnum = ANY (i.indkey))
		FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_attribute AS a ON a.attrelid = c.oid
		WHERE a.attnum > 0 AND NOT a.attisdropped AND ` + ours + ` ORDER BY 1, 2, a.attnum`
	keysSQL = `SELECT n.nspname, c.relname, tn.nspname, t.relname,
			array_agg(a.attname::text ORDER BY k.position), bool_or(NOT a.attnotnull)
		FROM pg_constraint AS f JOIN pg_class AS c ON c.oid = f.conrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
		JOIN pg_class AS t ON t.oid = f.confrelid JOIN pg_namespace AS tn ON tn.oid = t.relnamespace
		CROSS JOIN LATERAL unnest(f.conkey) WITH ORDINALITY AS k (attnum, position)
		JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = k.attnum
		WHERE f.contype = 'f' AND ` + ours + ` GROUP BY f.oid, 1, 2, 3, 4 ORDER BY 1, 2, 3, 4, 5`
)

func readCatalog(ctx context.Context, pool *pgxpool.Pool) (catalog, error) {
	var c catalog
	var err error
	if c.Schemas, err = collect[schema](ctx, pool, schemasSQL); err != nil {
		return c, err
	}
	if c.Relations, err = collect[relation](ctx, pool, relationsSQL); err != nil {
		return c, err
	}
	if c.Columns, err = collect[column](ctx, pool, columnsSQL); err != nil {
		return c, err
	}
	c.Keys, err = collect[foreignKey](ctx, pool, keysSQL)
	return c, err
}

func collect[T any](ctx context.Context, pool *pgxpool.Pool, sql string) ([]T, error) {
	rows, err := pool.Query(ctx, sql)
	if err != nil {
		return nil, fmt.Errorf("read the catalog: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[T])
	if err != nil {
		return nil, fmt.Errorf("read the catalog: %w", err)
	}
	return all, nil
}
