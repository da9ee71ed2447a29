package postgres

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

//go:embed identities.sql
var identitiesSQL string

// Identity is a column that Postgres numbers, in a copy that has its rows but not
// the position of its sequence: a logical replica that was promoted, or a restore of
// single tables. Every new row then fails with a duplicate key.
type Identity struct {
	Table, Column string // quoted, the table with its schema
	Sequence      string // the same
	Next, Highest int64  // the next number, and the highest that a row has
	Settable      bool   // by this role

	increment int64
	visible   bool
}

// String gives the column with its table.
func (i *Identity) String() string { return i.Table + "." + i.Column }

// SetIdentities gives the one statement that sets the sequences behind their rows
// right, for the owner of the tables.
func SetIdentities(behind []Identity) string {
	var set []string
	for i := range behind {
		set = append(set, fmt.Sprintf("setval('%s', %d)", strings.ReplaceAll(behind[i].Sequence, "'", "''"), behind[i].Highest))
	}
	return "SELECT " + strings.Join(set, ", ")
}

// queryer is a pool or a transaction.
type queryer interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// IdentitiesBehind gives the numbered columns whose next number a row has already,
// or that lies before one; unseen are those of which the role may not know.
func IdentitiesBehind(ctx context.Context, db queryer) (behind, unseen []Identity, err error) {
	all, err := identities(ctx, db)
	if err != nil {
		return nil, nil, Failed("look at the numbered columns", err)
	}
	for _, i := range all {
		switch {
		case !i.visible:
			unseen = append(unseen, i)
		case i.Next <= i.Highest:
			behind = append(behind, i)
		}
	}
	return behind, unseen, nil
}

func identities(ctx context.Context, db queryer) ([]Identity, error) {
	rows, err := db.Query(ctx, identitiesSQL)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (i Identity, err error) {
		err = row.Scan(&i.Table, &i.Column, &i.Sequence, &i.increment, &i.visible, &i.Settable)
		return i, err
	})
	if err != nil {
		return nil, err
	}
	var parts []string
	for n, i := range all {
		if i.visible {
			parts = append(parts, fmt.Sprintf(`SELECT %d, (SELECT coalesce(max(%s), 0)::bigint FROM %s),
				(SELECT last_value + CASE WHEN is_called THEN %d ELSE 0 END FROM %s)`, n, i.Column, i.Table, i.increment, i.Sequence))
		}
	}
	if len(parts) == 0 {
		return all, nil
	}
	rows, err = db.Query(ctx, strings.Join(parts, "\nUNION ALL\n"))
	if err != nil {
		return nil, err
	}
	var n int
	var highest, next int64
	_, err = pgx.ForEachRow(rows, []any{&n, &highest, &next}, func() error {
		all[n].Highest, all[n].Next = highest, next
		return nil
	})
	return all, err
}

// MendIdentities sets right what is behind where the role may, and gives what it set
// and what it could not. Where nothing is behind it only looks.
func MendIdentities(ctx context.Context, pool *pgxpool.Pool) (mended, left []Identity, err error) {
	behind, _, err := IdentitiesBehind(ctx, pool)
	if err != nil || len(behind) == 0 {
		return nil, nil, err
	}
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		// Another that does the same may have numbered rows since: look again.
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('rollcall:identities', 0))`); err != nil {
			return err
		}
		behind, _, err := IdentitiesBehind(ctx, tx)
		if err != nil {
			return err
		}
		for _, i := range behind {
			if !i.Settable {
				left = append(left, i)
				continue
			}
			if _, err := tx.Exec(ctx, `SELECT setval($1::text::regclass, $2)`, i.Sequence, i.Highest); err != nil {
				return err
			}
			mended = append(mended, i)
		}
		return nil
	})
	return mended, left, Failed("set the numbered columns right", err)
}
