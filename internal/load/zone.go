package load

import (
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/derive"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// zone is how the days of a session are cut.
type zone struct {
	name   string
	asked  []pgtype.Date // UTC days from the one before somebody may be inside to the second after; nil where too many
	starts []time.Time   // when each of them begins; nil for UTC
	kept   bool          // whether days that rollcall retention keeps may have a say
}

// mostDays is how many days of a session are asked for: one of years is wrong about its ends.
const mostDays = 1000

// zoneFor gives what to ask for.
func zoneFor(s *model.Session) (z zone) {
	start := startOf(s)
	if start.IsZero() || s.EndedAt.IsZero() {
		return z
	}
	first, last := derive.Reach(fromTime(start), fromTime(s.EndedAt))
	if last-first >= mostDays {
		return z
	}
	for day := first - 1; day <= last+2; day++ {
		z.asked = append(z.asked, warehouse.Day(day))
	}
	return z
}

// days gives when they begin, nil for UTC, and whether it is known here.
func (z *zone) days() (days *derive.Zone, known bool) {
	if z.name == "UTC" {
		return nil, !z.kept
	}
	if z.kept || len(z.starts) == 0 {
		return nil, false
	}
	days = &derive.Zone{Starts: make(map[int]derive.Time, len(z.starts))}
	for i, at := range z.starts {
		days.Starts[derive.DayOf(fromTime(z.asked[i].Time))] = fromTime(at)
	}
	return days, true
}
