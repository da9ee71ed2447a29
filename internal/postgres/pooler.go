package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

var errSharing = errors.New("a pooler gives each transaction another connection, on which locks and staging tables of Rollcall would be lost or shared; " +
	"let DATABASE_URL name the server itself, or a pool of the pooler with pool_mode = session")

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
		if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == "08P01" {
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
	results, err := conn.Exec(ctx, before+"SELECT pg_backend_pid()").ReadAll()
	if err != nil {
		return 0, err
	}
	var pid uint32
	for _, digit := range results[len(results)-1].Rows[0][0] {
		pid = pid*10 + uint32(digit-'0')
	}
	return pid, nil
}
