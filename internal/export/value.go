package export

import (
	"math"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// timeLayout is RFC 3339 to the microsecond, which is what Postgres holds.
const timeLayout = "2006-01-02T15:04:05.999999Z07:00"

// normalize brings the values of a row into the types that encoders know. The
// infinite times of Postgres are in no view; as null they harm no format.
func normalize(values []any) {
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
			values[i] = v.UTC()
		case pgtype.InfinityModifier:
			values[i] = nil
		}
	}
}

// text gives the form of a value in CSV, and in JSON within quotes.
func text(value any, k kind) string {
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
		return v.Format(timeLayout)
	case string:
		return v
	}
	return ""
}

// finite tells whether a number can be written in JSON.
func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }
