package warehouse

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/derive"
	"github.com/rollcall-etl/rollcall/internal/pgcopy"
	"github.com/rollcall-etl/rollcall/internal/usage"
)

// derivedSession is what counts of a row of analytics.session_figures.
type derivedSession struct {
	usage.Session

	id       pgtype.UUID
	timeZone string
	minutes  []byte // as the vendor counts them: a numeric as Postgres sends it, nil for null
	people   int
}

// derivedSQL reads the figures by themselves: the nodes of a cluster cut no days.
const derivedSQL = `WITH figures AS MATERIALIZED (SELECT * FROM analytics.session_figures WHERE session_id = ANY ($1))
	SELECT session_id, app_id, time_zone, analytics.day_of(starts_at, time_zone), numeric_send(vendor_minutes::numeric), unique_people,
		step_at, step_people, step_participants, days, day_people, day_us,
		preset_days, preset_names, preset_view_types, preset_people, preset_person_us, preset_participants, preset_participant_us
	FROM figures`

// derived reads what is derived of sessions, in the order of their start. The minutes become
// numeric as they do where all is counted in SQL.
func (c *firstCount) derived(ctx context.Context, of map[pgtype.UUID][]int64) ([]*derivedSession, error) {
	ids := make([]pgtype.UUID, 0, len(of))
	for id := range of {
		ids = append(ids, id)
	}
	rows, err := c.Query(ctx, derivedSQL, ids)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, scanSession)
	slices.SortFunc(all, func(a, b *derivedSession) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), slices.Compare(a.id.Bytes[:], b.id.Bytes[:]))
	})
	return all, err
}

func scanSession(row pgx.CollectableRow) (*derivedSession, error) {
	s := &derivedSession{Session: usage.Session{Start: usage.NoDay}}
	var start pgtype.Date
	var at []time.Time
	var people, participants []int32
	var dayPeople, presetPeople, presetParticipants []int
	var days, presetDays []pgtype.Date
	var dayTime, personTime, participantTime []derive.Time
	var names, viewTypes []pgtype.Text
	if err := row.Scan(&s.id, &s.App, &s.timeZone, &start, &s.minutes, &s.people, &at, &people, &participants, &days, &dayPeople, &dayTime,
		&presetDays, &names, &viewTypes, &presetPeople, &personTime, &presetParticipants, &participantTime); err != nil {
		return s, err
	}
	if start.Valid {
		s.Start = numberOf(start)
	}
	s.Curve = make([]usage.Step, len(at))
	for i := range at {
		s.Curve[i] = usage.Step{At: timeOf(at[i]), People: people[i], Participants: participants[i]}
	}
	for i := range days {
		s.Days = append(s.Days, derive.Day{Day: numberOf(days[i]), People: dayPeople[i], Present: dayTime[i]})
	}
	for i := range presetDays {
		s.Presets = append(s.Presets, usage.PresetDay{
			Day: numberOf(presetDays[i]), Preset: usage.Preset{Name: usage.Text(names[i]), ViewType: usage.Text(viewTypes[i])},
			People: presetPeople[i], PersonTime: personTime[i], Participants: presetParticipants[i], ParticipantTime: participantTime[i],
		})
	}
	return s, nil
}

// zones asks when the days of sessions begin that are not those of UTC.
func (c *firstCount) zones(ctx context.Context) error {
	zones := map[string]*derive.Zone{}
	var names []string
	var days []pgtype.Date
	for _, s := range c.sessions {
		if s.timeZone == "UTC" {
			continue
		}
		if zones[s.timeZone] == nil {
			zones[s.timeZone] = &derive.Zone{Starts: map[int]derive.Time{}}
		}
		s.Zone = zones[s.timeZone]
		for _, d := range s.Dates() {
			names, days = append(names, s.timeZone, s.timeZone), append(days, Day(d), Day(d+1))
		}
	}
	if len(names) == 0 {
		return nil
	}
	rows, err := c.Query(ctx, `SELECT time_zone, usage_date, analytics.day_starts_at(usage_date, time_zone)
		FROM (SELECT DISTINCT time_zone, usage_date FROM unnest($1::text[], $2::date[]) AS d (time_zone, usage_date)) AS d`, names, days)
	if err != nil {
		return err
	}
	var name string
	var day pgtype.Date
	var at time.Time
	_, err = pgx.ForEachRow(rows, []any{&name, &day, &at}, func() error {
		zones[name].Starts[numberOf(day)] = timeOf(at)
		return nil
	})
	return err
}

func timeOf(t time.Time) derive.Time { return t.UnixMicro() - pgcopy.Epoch }

// numberOf gives the days since 2000-01-01.
func numberOf(d pgtype.Date) int { return derive.DayOf(timeOf(d.Time)) }
