package warehouse

import (
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// The functions below turn a model value into a statement argument, null for
// "no value".

// UUID gives an argument for uuid.
func UUID(id model.UUID) pgtype.UUID {
	return pgtype.UUID{Bytes: id, Valid: !id.IsZero()}
}

// Text gives an argument for text.
func Text(s string) pgtype.Text { return pgtype.Text{String: s, Valid: s != ""} }

// Day gives an argument for a date, counted in days from 2000-01-01.
func Day(day int) pgtype.Date {
	return pgtype.Date{Time: time.Date(2000, 1, 1+day, 0, 0, 0, 0, time.UTC), Valid: true}
}

// Time gives an argument for timestamptz.
func Time(t time.Time) pgtype.Timestamptz {
	return pgtype.Timestamptz{Time: t, Valid: !t.IsZero()}
}

// Number gives an argument for double precision.
func Number(n model.Number) pgtype.Float8 {
	return pgtype.Float8{Float64: n.Value, Valid: n.Valid}
}

// Count takes a number that model.ParseCount found to be whole and within
// ±2^53.
func Count(n model.Number) pgtype.Int8 {
	return pgtype.Int8{Int64: int64(n.Value), Valid: n.Valid}
}

// JSON gives an argument for jsonb.
func JSON(text []byte) any {
	if len(text) == 0 {
		return nil
	}
	return string(text)
}

// UUIDs gives an argument for uuid[].
func UUIDs(ids []model.UUID) [][16]byte {
	args := make([][16]byte, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	return args
}

// openEnd is how a range without an end is stored: a key has no nulls.
var openEnd = pgtype.Timestamptz{InfinityModifier: pgtype.Infinity, Valid: true}

// RangeEnd gives the end of a range; the zero time is an open one.
func RangeEnd(t time.Time) pgtype.Timestamptz {
	if t.IsZero() {
		return openEnd
	}
	return Time(t)
}

// openStart is how a range without a start is stored, and compared.
var openStart = pgtype.Timestamptz{InfinityModifier: pgtype.NegativeInfinity, Valid: true}

// RangeStart gives the start of a range; the zero time is an open one.
func RangeStart(t time.Time) pgtype.Timestamptz {
	if t.IsZero() {
		return openStart
	}
	return Time(t)
}
