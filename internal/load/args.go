package load

import (
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// The functions below turn a model value into a statement argument, null for
// "no value".

func uuidArg(id model.UUID) pgtype.UUID {
	return pgtype.UUID{Bytes: id, Valid: !id.IsZero()}
}

func textArg(s string) pgtype.Text { return pgtype.Text{String: s, Valid: s != ""} }

func timeArg(t time.Time) pgtype.Timestamptz {
	return pgtype.Timestamptz{Time: t, Valid: !t.IsZero()}
}

func numberArg(n model.Number) pgtype.Float8 {
	return pgtype.Float8{Float64: n.Value, Valid: n.Valid}
}

// countArg takes a number that model.ParseCount found to be whole and within
// ±2^53.
func countArg(n model.Number) pgtype.Int8 {
	return pgtype.Int8{Int64: int64(n.Value), Valid: n.Valid}
}

func jsonArg(text []byte) any {
	if len(text) == 0 {
		return nil
	}
	return string(text)
}
