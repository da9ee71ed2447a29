package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/internal/secret"
)

// oldestMajor is the oldest PostgreSQL whose SQL the schema and statements use.
const oldestMajor = 15

// Limits on every connection, so that nothing waits for ever. The statement
// limit covers the largest single session that is loaded in one statement.
const connectTimeout = 15 * time.Second

// sessionSettings are what the statements rely on, whatever the server, the database
// or the role was set to: default_transaction_read_only alone stays, since who set
// that does not want anything written.
// A machine that vanishes without a word gives its locks back within half a minute.
const sessionSettings = `SET client_encoding = 'UTF8';
SET tcp_keepalives_idle = 10;
SET tcp_keepalives_interval = 5;
SET tcp_keepalives_count = 3;
SET statement_timeout = '10min';
SET lock_timeout = '1min';
SET idle_in_transaction_session_timeout = '5min';
SET idle_session_timeout = 0;
SET client_min_messages = warning;
SET default_transaction_isolation = 'read committed';
SET default_transaction_deferrable = off;
SET quote_all_identifiers = off;
SET search_path = pg_catalog;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET bytea_output = 'hex';
SET extra_float_digits = 1;
SET standard_conforming_strings = on;
SET array_nulls = on;
SET transform_null_equals = off;
SET jit = off;
SELECT set_config('transaction_timeout', '0', false) WHERE current_setting('transaction_timeout', true) IS NOT NULL;
SELECT set_config(name, 'lz4', false) FROM pg_settings
	WHERE name = 'default_toast_compression' AND source = 'default' AND 'lz4' = ANY (enumvals)` // what arrays of a session take is mostly for compression

// Open connects to a database and checks that it answers and is new enough.
// connections bounds the pool. Errors say what to check and hold no password.
func Open(ctx context.Context, url secret.Text, connections int) (*pgxpool.Pool, error) {
	return OpenTraced(ctx, url, connections, nil)
}

// OpenTraced opens as Open does, and has every statement seen by a tracer; nil
// is for none.
func OpenTraced(ctx context.Context, url secret.Text, connections int, tracer pgx.QueryTracer) (*pgxpool.Pool, error) {
	connection := secret.Trimmed(url.Reveal()).Reveal()
	cfg, err := parse(connection)
	if err != nil {
		return nil, err
	}
	if err := naming.Apply(cfg.ConnConfig); err != nil {
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
	cfg.ConnConfig.OnNotice = refuseLost
	hold := &schemaHold{}
	cfg.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		conn.PgConn().CustomData()[holdKey] = hold
		ctx, cancel := context.WithTimeoutCause(ctx, firstAnswer, errCrowded)
		defer cancel()
		return crowded(ctx, prepare(ctx, conn))
	}
	cfg.PrepareConn = joinHold
	if cfg.PingTimeout == 0 {
		cfg.PingTimeout = connectTimeout // what was idle may lead to a server that is gone, without a word
	}
	if err := refuseSharing(ctx, cfg.ConnConfig); err != nil {
		return nil, connectError(connection, cfg.ConnConfig, err)
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, connectError(connection, cfg.ConnConfig, err)
	}
	if err := check(ctx, pool); err != nil {
		pool.Close()
		return nil, connectError(connection, cfg.ConnConfig, err)
	}
	return pool, nil
}

// lostResult is what Citus warns of where it has lost a part of an answer and goes on with
// nothing in its place.
const lostResult = "could not find the intermediate result"

// refuseLost ends a connection whose answer is not whole, so that its transaction fails.
func refuseLost(conn *pgconn.PgConn, notice *pgconn.Notice) {
	if strings.Contains(notice.Message, lostResult) {
		_ = conn.Conn().Close() // there is nothing to keep
	}
}

// prepare makes a new connection fit for our statements. Rows that row-level
// security hides are an error and not absent, but where a policy was made that
// hides none.
func prepare(ctx context.Context, conn *pgx.Conn) error {
	if _, err := conn.Exec(ctx, sessionSettings); err != nil {
		return err
	}
	relations, err := Relations()
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, seeRowsSQL, relations)
	return err
}

// check makes a first connection and asks for the server's version.
func check(ctx context.Context, pool *pgxpool.Pool) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	var version int
	var role string
	err = conn.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, current_setting('session_replication_role')`).Scan(&version, &role)
	if err != nil {
		return err
	}
	if role == "replica" {
		return errors.New("session_replication_role is set to replica for the role or the database: triggers that Rollcall relies on would not fire")
	}
	if major := version / 10_000; major < oldestMajor {
		return fmt.Errorf("PostgreSQL %d is too old, version %d or newer is needed", major, oldestMajor)
	}
	return nil
}
