package simulator

import (
	"maps"
	"slices"
	"time"
)

// dayCount is what one day of an app adds up to.
type dayCount struct {
	sessions, recordings int
	minutes, recorded    float64
}

// daywise answers with the sums of each day in UTC that had a session, by the
// day on which the session began. Which time of a session the real API goes by
// is documented nowhere.
func (c *call) daywise(app *App) ([]byte, *apiError) {
	from, to := c.query.date("start_date"), c.query.date("end_date")
	if c.query.err != nil {
		return nil, c.query.err
	}
	today := c.now.UTC().Truncate(24 * time.Hour)
	if to.IsZero() {
		to = today
	}
	if from.IsZero() {
		from = to.AddDate(0, 0, -30)
	}
	if from.After(to) {
		return nil, badRequest(`"start_date" must be before "end_date"`)
	}
	days := countDays(app, from, to)
	if order := slices.SortedFunc(maps.Keys(days), time.Time.Compare); c.dialect.DaywiseOff && len(order) > 0 {
		days[order[len(order)/2]].sessions++ // one that nobody else has seen
	}
	return c.dialect.daywise(c.ok(""), days), nil
}

func countDays(app *App, from, to time.Time) map[time.Time]*dayCount {
	days := map[time.Time]*dayCount{}
	for _, s := range app.Sessions {
		if s == nil || s.StartedAt.IsZero() {
			continue
		}
		day := s.StartedAt.UTC().Truncate(24 * time.Hour)
		if day.Before(from) || day.After(to) {
			continue
		}
		d := days[day]
		if d == nil {
			d = &dayCount{}
			days[day] = d
		}
		d.sessions++
		d.minutes += s.MinutesConsumed
	}
	countRecordings(app, from, to, days)
	return days
}

func (d *Dialect) daywise(buf []byte, days map[time.Time]*dayCount) []byte {
	order := slices.SortedFunc(maps.Keys(days), time.Time.Compare)
	var total dayCount
	sessions, recordings := []byte{'['}, []byte{'['}
	for _, day := range order {
		n := days[day]
		total.sessions += n.sessions
		total.minutes += n.minutes
		if n.sessions > 0 {
			sessions = d.day(sessions, day, "session", n.sessions, n.minutes)
		}
		if n.recordings == 0 {
			continue
		}
		total.recordings += n.recordings
		total.recorded += n.recorded
		recordings = d.day(recordings, day, "recording", n.recordings, n.recorded)
	}
	buf = append(buf, `{"session_stats":`...)
	buf = d.section(buf, "sessions", total.sessions, total.minutes, sessions)
	buf = append(buf, `,"recording_stats":`...)
	buf = d.section(buf, "recording", total.recordings, total.recorded, recordings)
	buf = append(buf, `,"storage":{"credentials":`+planted("credentials")+`}`...)
	return append(buf, "}}"...)
}

func (d *Dialect) section(buf []byte, kind string, count int, minutes float64, days []byte) []byte {
	o := d.object(buf, nil)
	o.count(kind+"_count", count)
	o.number(kind+"_minutes_consumed", round4(minutes))
	o.raw("day_stats", string(append(days, ']')))
	return o.close()
}

func (d *Dialect) day(list []byte, day time.Time, kind string, count int, minutes float64) []byte {
	if len(list) > 1 {
		list = append(list, ',')
	}
	o := d.object(list, nil)
	if d.DateOnlyDays {
		o.text("day", day.Format(time.DateOnly))
	} else {
		o.time("day", day, "")
	}
	o.count("total_"+kind+"s", count)
	o.number("total_"+kind+"_minutes", round4(minutes))
	o.raw("signed_url", planted("day"))
	return o.close()
}

// date reads a day; absent is the zero time.
func (q *query) date(name string) time.Time {
	text := q.values.Get(name)
	if text == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		q.fail(name, "must be a date of the form YYYY-MM-DD")
	}
	return t
}
