package report

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/postgres"
)

// Options say how a page is written.
type Options struct {
	Zone    *time.Location // of clock times; nil for that of the app
	Now     time.Time      // when the page is made
	Version string         // of this program
}

// Limits of a page, so that it stays usable; the page says where one applied.
const (
	maxPeople   = 10_000 // rows of an attendance table
	maxNoShows  = 1_000
	maxSteps    = 5_000 // of a concurrency curve; beyond, the peak of each minute
	maxSessions = 1_000 // rows of a range's sessions table
)

// read runs queries in one transaction that sees one moment and writes nothing.
func read(ctx context.Context, pool *pgxpool.Pool, do func(pgx.Tx) error) error {
	return pgx.BeginTxFunc(ctx, pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, do)
}

// list runs a query and collects its rows by position.
func list[T any](ctx context.Context, tx pgx.Tx, into *[]T, sql string, args ...any) error {
	rows, err := tx.Query(ctx, sql, args...)
	if err == nil {
		*into, err = pgx.CollectRows(rows, pgx.RowToStructByPos[T])
	}
	if err != nil {
		return postgres.Failed("read the views", err)
	}
	return nil
}
