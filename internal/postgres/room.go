package postgres

import (
	"context"
	"errors"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Room tells how many connections a pooler in front of the server gives at once, of those
// that are wanted; pooled is false where none stands there. A pooler lets everybody in, so
// that too few show only in that a run waits for itself.
func Room(ctx context.Context, pool *pgxpool.Pool, wanted int) (given int, pooled bool, err error) {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return 0, false, Failed("connect", err)
	}
	defer conn.Release()
	if pid, err := backend(ctx, conn.Conn().PgConn(), ""); err != nil || pid == conn.Conn().PgConn().PID() {
		return 0, false, Failed("see who answers", err)
	}
	var group sync.WaitGroup
	var mu sync.Mutex
	var opened []*pgconn.PgConn
	given = 1
	for range wanted - 1 {
		group.Go(func() {
			one, failed := pgconn.ConnectConfig(ctx, &pool.Config().ConnConfig.Config)
			if failed == nil {
				_, failed = backend(ctx, one, "")
			}
			mu.Lock()
			defer mu.Unlock()
			if one != nil {
				opened = append(opened, one)
			}
			switch {
			case failed == nil:
				given++
			case !errors.Is(failed, errCrowded):
				err = failed
			}
		})
	}
	group.Wait()
	for _, one := range opened {
		err = errors.Join(err, one.Close(ctx))
	}
	return given, true, Failed("see how many connections the pooler gives", err)
}
