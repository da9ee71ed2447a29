package pgtest

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Asked is a pool or a connection.
type Asked interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// Exec runs a statement; one that fails ends the test, as below.
func Exec(tb testing.TB, db Asked, sql string, args ...any) {
	tb.Helper()
	if _, err := db.Exec(tb.Context(), sql, args...); err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
}

// Number gives the one number that a query asks for.
func Number(tb testing.TB, db Asked, sql string, args ...any) (n int) {
	tb.Helper()
	if err := db.QueryRow(tb.Context(), sql, args...).Scan(&n); err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
	return n
}

// Text gives the one text that a query asks for, and <null> for none.
func Text(tb testing.TB, db Asked, sql string, args ...any) string {
	tb.Helper()
	var text *string
	if err := db.QueryRow(tb.Context(), sql, args...).Scan(&text); err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
	if text == nil {
		return "<null>"
	}
	return *text
}

// Texts gives the texts of a query of one column.
func Texts(tb testing.TB, db Asked, sql string, args ...any) []string {
	tb.Helper()
	rows, err := db.Query(tb.Context(), sql, args...)
	if err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
	return all
}
