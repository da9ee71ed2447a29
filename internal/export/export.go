package export

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/postgres"
)

// Options say how rows are written.
type Options struct {
	Format    string         // csv, json, parquet or xlsx
	Style     string         // of CSV: safe (also the empty string), exact or excel
	Delimiter rune           // of CSV; 0 is a comma, which the style excel then names in a first line
	Decimal   rune           // of numbers in CSV, a point or a comma; 0 is a comma in the style excel where the delimiter is a semicolon, else a point
	UUIDs     string         // of Parquet: text (also the empty string) or native
	Columns   []string       // to write, in this order; none is all
	Zone      *time.Location // of times; nil is UTC. Parquet knows no other
	Version   string         // of this program, noted in Parquet and xlsx files
}

// encoder writes rows in one format. A row holds, by column, nil for null, else
// bool, int64, float64, string, model.UUID or time.Time as kind says: a time is in
// the zone of the options, a date is midnight UTC.
type encoder interface {
	row(values []any) error
	close() error
}

// View writes the rows of a view of schema analytics, or of a table of schema
// realtimekit, that the filter lets through and gives their number. All rows are of
// one moment. Of a table of which the role may read some columns only, these are
// written. An unknown view or column, and a filter that the view has no column for,
// are model.ErrUsage.
func View(ctx context.Context, pool *pgxpool.Pool, w io.Writer, name string, f Filter, o Options) (rows int64, err error) {
	err = pgx.BeginTxFunc(ctx, pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		v, err := findView(ctx, tx, name)
		if err != nil {
			return err
		}
		if err := v.pick(o.Columns); err != nil {
			return err
		}
		if v.ofRange {
			if err := v.between(ctx, tx, f); err != nil {
				return err
			}
		}
		sql, args, err := v.query(f)
		if err != nil {
			return err
		}
		if err := known(ctx, tx, f); err != nil {
			return err
		}
		// A slow reader of a large view is no reason to give up.
		if _, err := tx.Exec(ctx, `SET LOCAL statement_timeout = 0`); err != nil {
			return err
		}
		found, err := tx.Query(ctx, sql, args...)
		if err != nil {
			return postgres.Failed("read the view "+v.name, err)
		}
		rows, err = stream(found, w, v, o, func() error { return somebodys(ctx, tx, f) })
		return err
	})
	return rows, err
}

// stream writes the rows of a view one by one, closes them and gives their number. Where there
// is none it asks empty, whose error says why no row is no answer.
func stream(rows pgx.Rows, w io.Writer, v view, o Options, empty func() error) (count int64, err error) {
	defer rows.Close()
	buffered := bufio.NewWriterSize(w, 64<<10)
	var enc encoder
	defer func() {
		if book, ok := enc.(*xlsxEncoder); ok {
			book.discard()
		}
	}()
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			return count, postgres.Failed("read the view "+v.name, err)
		}
		if enc == nil {
			if enc, err = newEncoder(buffered, v, o); err != nil {
				return count, err
			}
		}
		normalize(values, v.shown, o.zone())
		if err := enc.row(values); err != nil {
			return count, fmt.Errorf("write row %d of %s: %w", count+1, v.name, err)
		}
		count++
	}
	if err := rows.Err(); err != nil {
		return count, postgres.Failed("read the view "+v.name, err)
	}
	if enc == nil {
		if err := empty(); err != nil {
			return 0, err
		}
		if enc, err = newEncoder(buffered, v, o); err != nil {
			return count, err
		}
	}
	if err := enc.close(); err != nil {
		return count, fmt.Errorf("write %s: %w", v.name, err)
	}
	return count, buffered.Flush()
}

// newEncoder begins a file; it comes after the first row, so that a statement
// that fails at once has written nothing.
func newEncoder(w io.Writer, v view, o Options) (encoder, error) {
	switch o.Format {
	case "csv":
		return newCSV(w, v.shown, o)
	case "json":
		return newJSON(w, v.shown), nil
	case "parquet":
		return newParquet(w, v, o), nil
	case "xlsx":
		book, err := newXLSX(w, v, o)
		if err != nil {
			return nil, err // and no encoder of which only the type is known
		}
		return book, nil
	}
	return nil, fmt.Errorf("%w: there is no format %q; there are csv, json, parquet and xlsx", model.ErrUsage, o.Format)
}

// zone gives the zone of times.
func (o Options) zone() *time.Location {
	if o.Zone == nil {
		return time.UTC
	}
	return o.Zone
}
