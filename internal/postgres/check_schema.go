package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/naming"
)

// CheckSchema refuses a database whose schema is older or newer than this
// program's, with the command to run, and one of which the role does not see every
// row, whose tables would seem to be empty. It changes nothing.
func CheckSchema(ctx context.Context, pool *pgxpool.Pool) error {
	if err := CheckRows(ctx, pool); err != nil {
		return err
	}
	have, want, err := versions(ctx, pool)
	switch {
	case err != nil:
		return err
	case have == 0:
		if err := refuseWorker(ctx, pool); err != nil {
			return err
		}
		return noTables(ctx, pool)
	case have < want:
		return &BehindError{have, want}
	}
	return nil
}

// noTables tells that there is no schema of any program, or that what is there has lost the
// list of its migrations.
func noTables(ctx context.Context, pool *pgxpool.Pool) error {
	taken, err := takenNames(ctx, pool, 0)
	if err != nil {
		return err
	}
	if len(taken) >= fewestOfOurs {
		return unlisted(len(taken))
	}
	others, err := OtherWarehouses(ctx, pool)
	switch {
	case err != nil:
		return err
	case others != "":
		return fmt.Errorf("%w: the database has no Rollcall tables in the schema %s yet; run: rollcall migrate up; %s", model.ErrSchema, naming.Real("realtimekit"), others)
	}
	return fmt.Errorf("%w: the database has no Rollcall tables yet; run: rollcall migrate up", model.ErrSchema)
}

// BehindError tells that the schema is that of an older program. It is model.ErrSchema.
type BehindError struct{ Have, Want int64 }

func (e *BehindError) Error() string {
	return fmt.Sprintf("%v: the schema is at version %d, this program needs %d; run: rollcall migrate up", model.ErrSchema, e.Have, e.Want)
}

func (*BehindError) Unwrap() error { return model.ErrSchema }

// versions gives the newest applied migration, 0 where there is none, and the
// newest that this program knows. A schema of a newer program is an error.
func versions(ctx context.Context, pool *pgxpool.Pool) (have, want int64, err error) {
	if have, err = schemaVersion(ctx, pool); err != nil {
		return 0, 0, err
	}
	if want, err = newestMigration(); err != nil {
		return 0, 0, err
	}
	if have > want {
		return 0, 0, fmt.Errorf("%w: the schema is at version %d, newer than the %d that this program knows; install a newer Rollcall", model.ErrSchema, have, want)
	}
	return have, want, nil
}

// CheckDatabase refuses a database that the pending migrations cannot be made in: it is
// on a worker of Citus, its encoding is not UTF8, or their names are taken. It changes
// nothing.
func CheckDatabase(ctx context.Context, pool *pgxpool.Pool) error {
	if err := refuseWorker(ctx, pool); err != nil {
		return err
	}
	if err := CheckEncoding(ctx, pool); err != nil {
		return err
	}
	return checkNames(ctx, pool)
}

// CheckEncoding refuses a database in which names and texts cannot all be stored,
// or would be stored as other characters.
func CheckEncoding(ctx context.Context, pool *pgxpool.Pool) error {
	var encoding string
	if err := pool.QueryRow(ctx, `SELECT current_setting('server_encoding')`).Scan(&encoding); err != nil {
		return migrationError("look at the encoding", err)
	}
	if encoding != "UTF8" {
		return fmt.Errorf("%w: the database has the encoding %s, in which not every name can be kept; make one with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0", model.ErrSchema, encoding)
	}
	return nil
}
