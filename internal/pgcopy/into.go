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

// TwoPasses is [Rows] for rows in the order of their key that go into the middle of its index,
// as those of a session do. It sends somewhat more than every second row, and then those
// between them: the first pass leaves the pages of the index half full, and the second fills
// them. One pass would leave them half full, and rows in no order fill two thirds.
func TwoPasses[R any](ctx context.Context, conn *pgconn.PgConn, sql string, rows []R, write func(*Encoder, *R)) error {
	pass, next := 0, 0
	return Into(ctx, conn, sql, len(rows), Stream(func(e *Encoder) bool {
		for ; pass < 2; pass, next = pass+1, 0 {
			for next < len(rows) {
				row := next
				next++
				if isSecond(row) == (pass == 1) {
					write(e, &rows[row])
					return true
				}
			}
		}
		return false
	}))
}

// isSecond tells which rows are of the second pass, six of thirteen: Postgres divides a page
// near its middle and not in it, and half of the rows would not fit into some.
func isSecond(row int) bool { return row%13%2 == 1 }
