package optional

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// record is a row on its way to jsonb_to_recordset: column to value, without the
// columns that are null. It suits the few rows of the optional reads; sessions
// go by COPY.
type record map[string]any

func (r record) text(column, value string) {
	if value != "" {
		r[column] = value
	}
}

func (r record) time(column string, value time.Time) {
	if !value.IsZero() {
		r[column] = value.UTC().Format(time.RFC3339Nano)
	}
}

func (r record) flag(column string, value model.Flag) {
	if value.Valid {
		r[column] = value.Value
	}
}

func (r record) number(column string, value model.Number) {
	if value.Valid {
		r[column] = value.Value
	}
}

// count writes a number that is whole and within ±2^53.
func (r record) count(column string, value model.Number) {
	if value.Valid {
		r[column] = int64(value.Value)
	}
}

func (r record) provenance(p model.Provenance) {
	if len(p.Extra) > 0 {
		r["extra"] = json.RawMessage(p.Extra)
	}
	if text := p.Repairs.JSON(); text != nil {
		r["repairs"] = json.RawMessage(text)
	}
}

// recordsJSON writes records as text for a jsonb argument, and counts those of which
// values were mended. of gives the columns of a record but those of its provenance.
func recordsJSON[R any](counts *model.RowCounts, all []R, of func(*R) (record, model.Provenance)) (string, error) {
	rows := make([]record, 0, len(all))
	for i := range all {
		row, from := of(&all[i])
		row.provenance(from)
		if len(from.Repairs) > 0 {
			counts.Repaired++
		}
		rows = append(rows, row)
	}
	return toJSON(rows)
}

// toJSON writes rows as text for a jsonb argument.
func toJSON(rows any) (string, error) {
	text, err := json.Marshal(rows)
	if err != nil {
		return "", fmt.Errorf("encode the rows: %w", err)
	}
	return string(text), nil
}
