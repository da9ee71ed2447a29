package private

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// SQLSTATEs that decide something here.
const (
	codeNoDatabase  = "3D000" // invalid_catalog_name
	codeStartingUp  = "57P03" // cannot_connect_now
	codeDuplicateDB = "42P04" // duplicate_database
)

// connectTimeout bounds one connection attempt.
const connectTimeout = 10 * time.Second

// awaitReady waits until the server p accepts connections, which after a crash
// means that it has recovered, and makes its database. It returns the version.
func (h *home) awaitReady(ctx context.Context, p *process, port int, password string) (string, error) {
	ticker := time.NewTicker(readyInterval)
	defer ticker.Stop()
	notice := time.NewTimer(recoveryNotice)
	defer notice.Stop()
	for {
		select {
		case <-p.exited:
			return "", fmt.Errorf("server ended at its start: %w", errOrClean(p.err))
		case <-ctx.Done():
			return "", fmt.Errorf("server is not ready: %w", ctx.Err())
		case <-notice.C:
			h.log.InfoContext(ctx, "private Postgres is still starting; after a crash it recovers first", "dir", h.path)
			continue
		case <-ticker.C:
		}
		file, err := readPidFile(h.root)
		if err != nil {
			return "", err
		}
		if file.pid != p.pid || !file.ready {
			continue
		}
		version, err := ensureDatabase(ctx, port, password)
		if !hasCode(err, codeStartingUp) {
			return version, err
		}
	}
}

func errOrClean(err error) error {
	if err == nil {
		return errors.New("exit status 0")
	}
	return err
}

// ensureDatabase makes the database rollcall if it is missing, and returns the
// version of the server. It is done at each start, as the first one may have
// been interrupted between initdb and here.
func ensureDatabase(ctx context.Context, port int, password string) (string, error) {
	version, err := ask(ctx, port, password, databaseName)
	if !hasCode(err, codeNoDatabase) {
		return version, err
	}
	conn, err := connect(ctx, port, password, "postgres")
	if err != nil {
		return "", err
	}
	_, err = conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{databaseName}.Sanitize())
	if hasCode(err, codeDuplicateDB) {
		err = nil
	}
	if err := errors.Join(err, conn.Close(ctx)); err != nil {
		return "", fmt.Errorf("create database %s: %w", databaseName, err)
	}
	return ask(ctx, port, password, databaseName)
}

// ask connects to a database and returns the version of the server.
func ask(ctx context.Context, port int, password, database string) (string, error) {
	conn, err := connect(ctx, port, password, database)
	if err != nil {
		return "", err
	}
	version, _, _ := strings.Cut(conn.PgConn().ParameterStatus("server_version"), " ")
	if err := conn.Close(ctx); err != nil {
		return "", fmt.Errorf("close connection: %w", err)
	}
	return version, nil
}

// connect makes a connection that proves both ways that the password is known:
// with scram-sha-256 and nothing else a stranger on the port learns nothing. PG*
// variables of this process have no say.
func connect(ctx context.Context, port int, password, database string) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(connectionURL(port, password, database))
	if err != nil {
		return nil, fmt.Errorf("connect to private Postgres: %w", err)
	}
	config.RequireAuth = "scram-sha-256"
	config.ConnectTimeout = connectTimeout
	config.ValidateConnect = nil
	config.RuntimeParams = map[string]string{"application_name": "rollcall"}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect to private Postgres on port %d: %w", port, err)
	}
	return conn, nil
}

func hasCode(err error, code string) bool {
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pgErr.Code == code
}
