package export

import (
	"math"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// timeLayout is RFC 3339 to the microsecond, which is what Postgres holds. All six
// digits are always there: readers take a column of mixed digits for text.
const timeLayout = "2006-01-02T15:04:05.000000Z07:00"

// normalize brings the values of a row into the types that encoders know, and times
// into the zone; a date is none. Infinite times become null, which harms no format.
func normalize(values []any, columns []column, zone *time.Location) {
	for i, value := range values {
		switch v := value.(type) {
		case int16:
			values[i] = int64(v)
		case int32:
			values[i] = int64(v)
		case float32:
			values[i] = float64(v)
		case [16]byte:
			values[i] = model.UUID(v)
		case time.Time:
			if columns[i].kind == kindTime {
				values[i] = v.In(zone)
			}
		case pgtype.InfinityModifier:
			values[i] = nil
		}
	}
}

// text gives the form of a value in CSV, and in JSON within quotes; times as the
// layout says.
func text(value any, k kind, layout string) string {
	switch v := value.(type) {
	case nil:
		return ""
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case model.UUID:
		return v.String()
	case time.Time:
		if k == kindDate {
			return v.Format(time.DateOnly)
		}
		return v.Format(layout)
	case string:
		return v
	}
	return ""
}

// finite tells whether a number can be written in JSON.
func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }
