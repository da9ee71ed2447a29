package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/secret"
)

// oldestMajor is the oldest PostgreSQL whose SQL the schema and statements use.
const oldestMajor = 15

// Limits on every connection, so that nothing waits for ever. The statement
// limit covers the largest single session that is loaded in one statement.
const connectTimeout = 15 * time.Second

const sessionSettings = `SET statement_timeout = '10min';
SET lock_timeout = '1min';
SET idle_in_transaction_session_timeout = '5min';
SET client_min_messages = warning;
SET timezone = 'UTC';
SET jit = off`

// Open connects to a database and checks that it answers and is new enough.
// connections bounds the pool. Errors say what to check and hold no password.
func Open(ctx context.Context, url secret.Text, connections int) (*pgxpool.Pool, error) {
	return OpenTraced(ctx, url, connections, nil)
}

// OpenTraced opens as Open does, and has every statement seen by a tracer; nil
// is for none.
func OpenTraced(ctx context.Context, url secret.Text, connections int, tracer pgx.QueryTracer) (*pgxpool.Pool, error) {
	connection := secret.Trimmed(url.Reveal()).Reveal()
	if err := misread(connection); err != nil {
		return nil, err
	}
	cfg, err := pgxpool.ParseConfig(connection)
	if err != nil {
		return nil, parameterError(connection, err)
	}
	if err := misparsed(connection, cfg.ConnConfig); err != nil {
		return nil, err
	}
	cfg.MaxConns = int32(min(connections, 1000)) //nolint:gosec // bounded on the line itself
	if cfg.ConnConfig.ConnectTimeout == 0 {
		cfg.ConnConfig.ConnectTimeout = connectTimeout
	}
	if _, set := cfg.ConnConfig.RuntimeParams["application_name"]; !set {
		cfg.ConnConfig.RuntimeParams["application_name"] = "rollcall"
	}
	cfg.ConnConfig.Tracer = tracer
	cfg.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, sessionSettings)
		return err
	}
	if err := refuseSharing(ctx, cfg.ConnConfig); err != nil {
		return nil, connectError(cfg.ConnConfig, err)
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, connectError(cfg.ConnConfig, err)
	}
	if err := check(ctx, pool); err != nil {
		pool.Close()
		return nil, connectError(cfg.ConnConfig, err)
	}
	return pool, nil
}

// check makes a first connection and asks for the server's version.
func check(ctx context.Context, pool *pgxpool.Pool) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	var version int
	if err := conn.QueryRow(ctx, `SELECT current_setting('server_version_num')::int`).Scan(&version); err != nil {
		return err
	}
	if major := version / 10_000; major < oldestMajor {
		return fmt.Errorf("PostgreSQL %d is too old, version %d or newer is needed", major, oldestMajor)
	}
	return nil
}
