package export

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// kind is how a value is carried; everything that is none of the named ones is
// the text that Postgres writes.
type kind int

const (
	kindText kind = iota
	kindBool
	kindInteger
	kindFloat
	kindNumeric // exact decimal digits, carried as text
	kindUUID
	kindTime
	kindDate
)

// column is one column of a view.
type column struct {
	name  string
	kind  kind
	scale int // digits after the point of a kindNumeric
}

// view is a view of schema analytics as the database describes it.
type view struct {
	name    string
	columns []column
}

// freeScale is the scale of a numeric column that declares none: enough for
// minutes (4) and amounts of money (6).
const freeScale = 10

const viewsSQL = `SELECT c.relname::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
	WHERE n.nspname = 'analytics' AND c.relkind IN ('v', 'm') ORDER BY 1`

const columnsSQL = `SELECT a.attname::text, a.atttypid, a.atttypmod
	FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_attribute AS a ON a.attrelid = c.oid
	WHERE n.nspname = 'analytics' AND c.relname = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`

// findView looks a name up in the catalogue; the name may be anything.
func findView(ctx context.Context, tx pgx.Tx, name string) (view, error) {
	rows, err := tx.Query(ctx, viewsSQL)
	if err != nil {
		return view{}, err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return view{}, err
	}
	name = strings.TrimPrefix(name, "analytics.")
	if !slices.Contains(names, name) {
		return view{}, fmt.Errorf("%w: there is no view %q in schema analytics; there are: %s", model.ErrUsage, name, strings.Join(names, ", "))
	}
	if rows, err = tx.Query(ctx, columnsSQL, name); err != nil {
		return view{}, err
	}
	columns, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (column, error) {
		var c column
		var oid uint32
		var modifier int32
		err := row.Scan(&c.name, &oid, &modifier)
		c.kind, c.scale = kindOf(oid), scaleOf(modifier)
		return c, err
	})
	return view{name, columns}, err
}

func kindOf(oid uint32) kind {
	switch oid {
	case pgtype.BoolOID:
		return kindBool
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID:
		return kindInteger
	case pgtype.Float4OID, pgtype.Float8OID:
		return kindFloat
	case pgtype.NumericOID:
		return kindNumeric
	case pgtype.UUIDOID:
		return kindUUID
	case pgtype.TimestamptzOID:
		return kindTime
	case pgtype.DateOID:
		return kindDate
	}
	return kindText
}

// scaleOf reads the scale of a numeric(p,s) from its type modifier.
func scaleOf(modifier int32) int {
	if modifier < 4 {
		return freeScale
	}
	return int((modifier - 4) & 0x7ff)
}

// has tells whether the view has a column of that name.
func (v view) has(name string) bool {
	return slices.ContainsFunc(v.columns, func(c column) bool { return c.name == name })
}

// first gives the first of the names that is a column, or an empty string.
func (v view) first(names ...string) string {
	for _, name := range names {
		if v.has(name) {
			return name
		}
	}
	return ""
}
