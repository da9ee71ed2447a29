package pgtest

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/naming"
)

// ParseConfig is pgx's, for connections of a test's own: where ROLLCALL_SCHEMA_PREFIX is
// set, its statements reach the schemas that have the prefix, as the program's do.
func ParseConfig(databaseURL string) (*pgx.ConnConfig, error) {
	cfg, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		return nil, err
	}
	return cfg, naming.Apply(cfg)
}

// ParsePool is [ParseConfig] for a pool.
func ParsePool(databaseURL string) (*pgxpool.Config, error) {
	cfg, err := pgxpool.ParseConfig(databaseURL)
	if err != nil {
		return nil, err
	}
	return cfg, naming.Apply(cfg.ConnConfig)
}

// Connect is pgx's, with [ParseConfig].
func Connect(ctx context.Context, databaseURL string) (*pgx.Conn, error) {
	cfg, err := ParseConfig(databaseURL)
	if err != nil {
		return nil, err
	}
	return pgx.ConnectConfig(ctx, cfg)
}

// NewPool is pgxpool's New, with [ParsePool].
func NewPool(ctx context.Context, databaseURL string) (*pgxpool.Pool, error) {
	cfg, err := ParsePool(databaseURL)
	if err != nil {
		return nil, err
	}
	return pgxpool.NewWithConfig(ctx, cfg)
}
