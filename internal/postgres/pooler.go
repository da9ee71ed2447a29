package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

var errSharing = errors.New("a pooler gives each transaction another connection, on which locks and staging tables of Rollcall would be lost or shared; " +
	"let DATABASE_URL name the server itself, or a pool of the pooler with pool_mode = session")

// errCrowded is of a pooler that lets everybody in and answers when it has a connection
// to the server, which may be never: others that this program waits for may hold them all.
var errCrowded = errors.New("the first statement was not answered in time: a pooler in front of the server has no connection left for it, or the server is overloaded; " +
	"raise the pooler's limit (default_pool_size, max_db_connections) to what rollcall doctor says that a run opens, lower ROLLCALL_CONCURRENCY, or let DATABASE_URL name the server itself")

// firstAnswer is how long the first statement of a connection may take. A pooler waits
// longer, two minutes as a rule.
const firstAnswer = 20 * time.Second

// crowded explains an error of the first statement of a connection, under a context of
// firstAnswer.
func crowded(ctx context.Context, err error) error {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if err != nil && errors.Is(context.Cause(ctx), errCrowded) || ok && pg.Message == queryWaitTimeout {
		return errCrowded
	}
	return err
}

// queryWaitTimeout is what PgBouncer says when it gives up to wait.
const queryWaitTimeout = "query_wait_timeout"

// sharingTries is how often it is tried to be given another's connection: a busy
// pool may have others at hand.
const sharingTries = 3

// refuseSharing refuses a pooler that assigns connections for one transaction at
// a time, as PgBouncer does with pool_mode = transaction. Behind it a lock of the
// session stays with a connection that is somebody else's a moment later: two
// runs would hold it at once, and nothing would say so.
//
// A pooler shows in that the process it names at the start is not the one that
// answers; without one this costs a question. One that keeps the session on its
// connection cannot lend it: while the first waits outside of a transaction, the
// second must get another process.
func refuseSharing(ctx context.Context, cfg *pgx.ConnConfig) error {
	first, err := pgconn.ConnectConfig(ctx, &cfg.Config)
	if err != nil {
		return err
	}
	defer first.Close(ctx)
	if pid, err := backend(ctx, first, ""); err != nil || pid == first.PID() {
		return err
	}
	second, err := pgconn.ConnectConfig(ctx, &cfg.Config)
	if err != nil {
		return err
	}
	defer second.Close(ctx)
	for range sharingTries {
		mine, err := backend(ctx, first, "")
		if err != nil {
			return err
		}
		other, err := backend(ctx, second, "BEGIN; ")
		if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == "08P01" && pg.Message != queryWaitTimeout {
			return errSharing // pool_mode = statement: no transactions at all
		}
		if err != nil {
			return err
		}
		again, err := backend(ctx, first, "") // while the second holds its own
		if err != nil {
			return err
		}
		if _, err := second.Exec(ctx, "ROLLBACK").ReadAll(); err != nil {
			return err
		}
		if other == mine || again != mine {
			return errSharing
		}
	}
	return nil
}

// backend asks which process answers.
func backend(ctx context.Context, conn *pgconn.PgConn, before string) (uint32, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, firstAnswer, errCrowded)
	defer cancel()
	results, err := conn.Exec(ctx, before+"SELECT pg_backend_pid()").ReadAll()
	if err != nil {
		return 0, crowded(ctx, err)
	}
	var pid uint32
	for _, digit := range results[len(results)-1].Rows[0][0] {
		pid = pid*10 + uint32(digit-'0')
	}
	return pid, nil
}
