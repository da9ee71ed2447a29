package warehouse

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/sethvargo/go-retry"
)

// Again calls do up to six times, as long as Postgres says that the same transaction may
// succeed a moment later. do must leave nothing behind where it fails.
func Again(ctx context.Context, do func(ctx context.Context) error) error {
	backoff := retry.WithMaxRetries(5, retry.WithFullJitter(retry.NewExponential(100*time.Millisecond)))
	return retry.Do(ctx, backoff, func(ctx context.Context) error {
		err := do(ctx)
		if isMoment(err) {
			return retry.RetryableError(err)
		}
		return err
	})
}

// isMoment reports whether an error asks for the same transaction again:
// serialization failure, deadlock, lock time-out.
func isMoment(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01" || pg.Code == "55P03")
}
