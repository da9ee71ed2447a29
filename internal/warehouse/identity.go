package warehouse

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/internal/postgres"
)

// MendIdentities sets the numbers of columns right that are behind their rows, as in
// a copy without sequences, and says so. Where the role may not, it refuses to begin
// what would fail with a duplicate key, and names the statement.
func (d *DB) MendIdentities(ctx context.Context) error {
	mended, left, err := postgres.MendIdentities(ctx, d.Pool)
	for i := range mended {
		d.Logger.WarnContext(ctx, "the numbers of a column were behind its rows, as in a copy without sequences; they are set right",
			"column", mended[i].String(), "next", mended[i].Next, "highest", mended[i].Highest)
	}
	if err != nil || len(left) == 0 {
		return err
	}
	names := make([]string, len(left))
	for i := range left {
		names[i] = left[i].String()
	}
	return fmt.Errorf("%w: the numbers of %s are behind their rows, as in a copy without sequences, and the role of DATABASE_URL may not set them; as the owner of the tables run: %s",
		model.ErrStore, strings.Join(names, ", "), postgres.SetIdentities(left))
}

// isBehind reports whether a new row got a number that another has: of the
// database's making, whatever the row says. A role that may not see the sequence
// comes upon it so.
func isBehind(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || pg.Code != "23505" || pg.SchemaName != naming.Real("sync") {
		return false
	}
	switch pg.TableName {
	case "runs", "rejected_records", "erasures":
		return pg.ConstraintName == pg.TableName+"_pkey"
	}
	return false
}

var errBehind = errors.New("the numbers of this column are behind its rows, as in a copy without sequences; rollcall doctor as the owner of the tables gives the statement that sets them right")
