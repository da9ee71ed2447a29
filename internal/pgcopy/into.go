package pgcopy

import (
	"context"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5/pgconn"
)

// Into sends a COPY of so many rows, and fails where not all of them arrive. Of no rows
// none is sent.
func Into(ctx context.Context, conn *pgconn.PgConn, sql string, rows int, stream io.Reader) error {
	if rows == 0 {
		return nil
	}
	tag, err := conn.CopyFrom(ctx, stream, sql)
	if err == nil && tag.RowsAffected() != int64(rows) {
		err = fmt.Errorf("%d of %d rows arrived", tag.RowsAffected(), rows)
	}
	return err
}

// Rows is [Into] for rows in hand, each of which write encodes.
func Rows[R any](ctx context.Context, conn *pgconn.PgConn, sql string, rows []R, write func(*Encoder, *R)) error {
	next := 0
	return Into(ctx, conn, sql, len(rows), Stream(func(e *Encoder) bool {
		if next == len(rows) {
			return false
		}
		write(e, &rows[next])
		next++
		return true
	}))
}
