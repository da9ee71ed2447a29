package export

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/naming"
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

// view is a view of schema analytics or a table of schema realtimekit as the
// database describes it, or a function of schema analytics of the time from which on
// and the time before which something was.
type view struct {
	schema, name string
	ofRange      bool               // a function
	columns      []column           // those that the role may read
	key          []string           // columns of the primary key; none of a view
	shown        []column           // those to be written, in their order
	from, until  pgtype.Timestamptz // of a function
}

// freeScale is the scale of a numeric column that declares none: enough for
// minutes (4) and amounts of money (6).
const freeScale = 10

const namesSQL = `SELECT n.nspname::text, c.relname::text, false FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
	WHERE n.nspname = 'analytics' AND c.relkind IN ('v', 'm') OR n.nspname = 'realtimekit' AND c.relkind IN ('r', 'p', 'v', 'm')
	UNION ALL
	SELECT n.nspname::text, p.proname::text, true FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
	WHERE n.nspname = 'analytics' AND p.proretset AND p.proargtypes = '1184 1184'::oidvector -- timestamptz
	ORDER BY 1, 2`

// A role that may read some columns only is shown these.
const columnsSQL = `SELECT a.attname::text, a.atttypid, a.atttypmod
	FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_attribute AS a ON a.attrelid = c.oid
	WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped
		AND has_schema_privilege(n.oid, 'USAGE') AND has_column_privilege(c.oid, a.attnum, 'SELECT') ORDER BY a.attnum`

const rangeColumnsSQL = `SELECT a.name::text, a.type, -1
	FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
	CROSS JOIN LATERAL unnest(p.proargnames, p.proallargtypes, p.proargmodes) WITH ORDINALITY AS a (name, type, mode, place)
	WHERE n.nspname = $1 AND p.proname = $2 AND a.mode = 't' ORDER BY a.place`

const keySQL = `SELECT a.attname::text
	FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_index AS i ON i.indrelid = c.oid AND i.indisprimary
	CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k (number, place) JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = k.number
	WHERE n.nspname = $1 AND c.relname = $2 ORDER BY k.place`

// findView looks a name up in the catalogue; the name may be anything. Views may
// be named without their schema.
func findView(ctx context.Context, tx pgx.Tx, name string) (view, error) {
	rows, err := tx.Query(ctx, namesSQL)
	if err != nil {
		return view{}, err
	}
	var v view
	var views, tables []string
	var schema, relation string
	var ofRange bool
	_, err = pgx.ForEachRow(rows, []any{&schema, &relation, &ofRange}, func() error {
		isView := schema == naming.Real("analytics")
		if isView {
			views = append(views, relation)
		} else {
			tables = append(tables, schema+"."+relation)
		}
		if full := schema + "." + relation; name == full || name == naming.Plain(full) || isView && name == relation {
			v.schema, v.name, v.ofRange = schema, relation, ofRange
		}
		return nil
	})
	if err != nil {
		return view{}, err
	}
	if v.name == "" {
		return view{}, fmt.Errorf("%w: there is no view %q in schema %s; there are: %s; tables are named with their schema: %s",
			model.ErrUsage, name, naming.Real("analytics"), strings.Join(views, ", "), strings.Join(tables, ", "))
	}
	return v, v.describe(ctx, tx)
}

// describe reads the columns and the key.
func (v *view) describe(ctx context.Context, tx pgx.Tx) error {
	columns := columnsSQL
	if v.ofRange {
		columns = rangeColumnsSQL
	}
	rows, err := tx.Query(ctx, columns, v.schema, v.name)
	if err != nil {
		return err
	}
	v.columns, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (column, error) {
		var c column
		var oid uint32
		var modifier int32
		err := row.Scan(&c.name, &oid, &modifier)
		c.kind, c.scale = kindOf(oid), scaleOf(modifier)
		return c, err
	})
	if err != nil {
		return err
	}
	if len(v.columns) == 0 {
		return fmt.Errorf("this role may not read %s.%s; run \"rollcall reader\" as the owner of the tables, or log in as another role", v.schema, v.name)
	}
	v.shown = v.columns
	if rows, err = tx.Query(ctx, keySQL, v.schema, v.name); err != nil {
		return err
	}
	v.key, err = pgx.CollectRows(rows, pgx.RowTo[string])
	return err
}

// pick keeps the named columns, in the order of the names; none is all.
func (v *view) pick(names []string) error {
	if len(names) == 0 {
		return nil
	}
	v.shown = nil
	for _, name := range names {
		at := slices.IndexFunc(v.columns, func(c column) bool { return c.name == name })
		if at < 0 {
			var all []string
			for _, c := range v.columns {
				all = append(all, c.name)
			}
			return fmt.Errorf("%w: --columns: %s.%s has no column %q; it has: %s", model.ErrUsage, v.schema, v.name, name, strings.Join(all, ", "))
		}
		if !slices.Contains(v.shown, v.columns[at]) {
			v.shown = append(v.shown, v.columns[at])
		}
	}
	return nil
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
