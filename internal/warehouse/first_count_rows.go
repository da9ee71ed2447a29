package warehouse

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/derive"
	"github.com/rollcall-etl/rollcall/internal/usage"
)

// derivedSession is what counts of a row of analytics.session_figures.
type derivedSession struct {
	usage.Session

	id      pgtype.UUID
	start   pgtype.Timestamptz
	minutes pgtype.Numeric // as the vendor counts them
	people  int
}

// derived reads what is derived of sessions, as many as memory is for. The minutes become
// numeric as they do where all is counted in SQL.
func (c *firstCount) derived(ctx context.Context, of map[pgtype.UUID][]int64) ([]derivedSession, error) {
	ids := make([]pgtype.UUID, 0, len(of))
	for id := range of {
		ids = append(ids, id)
	}
	rows, err := c.Query(ctx, `SELECT session_id, app_id, starts_at, vendor_minutes::numeric, unique_people, step_at, step_people, step_participants,
			days, day_people, day_us, preset_days, preset_names, preset_view_types, preset_people, preset_person_us, preset_participants, preset_participant_us
		FROM analytics.session_figures WHERE session_id = ANY ($1) AND time_zone = 'UTC'`, ids)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, scanSession)
	slices.SortFunc(all, func(a, b derivedSession) int {
		return cmp.Or(a.start.Time.Compare(b.start.Time), slices.Compare(a.id.Bytes[:], b.id.Bytes[:]))
	})
	people := 0
	for i := range all {
		if people += all[i].people; people > mostPeople && i > 0 {
			return all[:i], err
		}
	}
	return all, err
}

func scanSession(row pgx.CollectableRow) (derivedSession, error) {
	s := derivedSession{Session: usage.Session{Start: usage.NoDay}}
	var at []time.Time
	var people, participants, dayPeople, presetPeople, presetParticipants []int
	var days, presetDays []pgtype.Date
	var dayTime, personTime, participantTime []derive.Time
	var names, viewTypes []pgtype.Text
	if err := row.Scan(&s.id, &s.App, &s.start, &s.minutes, &s.people, &at, &people, &participants, &days, &dayPeople, &dayTime,
		&presetDays, &names, &viewTypes, &presetPeople, &personTime, &presetParticipants, &participantTime); err != nil {
		return s, err
	}
	if s.start.Valid {
		s.Start = derive.DayOf(timeOf(s.start.Time))
	}
	for i := range at {
		s.Curve = append(s.Curve, derive.Step{At: timeOf(at[i]), People: people[i], Participants: participants[i]})
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

// Who has one preset and day in a session stands in session_people, who has several in
// session_person_days.
const (
	wholeStaysSQL = `SELECT session_id, person_id, first_join_at, preset_name, preset_view_type, presence
		FROM analytics.session_people WHERE session_id = ANY ($1) AND NOT is_split`
	splitStaysSQL = `SELECT session_id, person_id, usage_date::timestamp AT TIME ZONE 'UTC', preset_name, preset_view_type, presence
		FROM analytics.session_person_days WHERE session_id = ANY ($1)`
)

// people are the stays of people, who have numbers.
type people struct {
	sessions map[pgtype.UUID]int
	numbers  map[string]int
	names    []string // by number
	stays    []usage.Stay
}

// people reads who was inside.
func (c *firstCount) people(ctx context.Context) (*people, error) {
	p := &people{sessions: map[pgtype.UUID]int{}, numbers: map[string]int{}}
	ids := make([]pgtype.UUID, len(c.sessions))
	for i := range c.sessions {
		ids[i], p.sessions[c.sessions[i].id] = c.sessions[i].id, i
	}
	if err := p.add(c.Query(ctx, wholeStaysSQL, ids)); err != nil {
		return nil, err
	}
	return p, p.add(c.Query(ctx, splitStaysSQL, ids))
}

func (p *people) add(rows pgx.Rows, err error) error {
	if err != nil {
		return err
	}
	var id pgtype.UUID
	var person string
	var at pgtype.Timestamptz
	var preset, viewType pgtype.Text
	var presence pgtype.Multirange[pgtype.Range[pgtype.Timestamptz]]
	_, err = pgx.ForEachRow(rows, []any{&id, &person, &at, &preset, &viewType, &presence}, func() error {
		spans := make([]derive.Span, len(presence))
		for i, r := range presence {
			spans[i] = derive.Span{Start: timeOf(r.Lower.Time), End: timeOf(r.Upper.Time)}
		}
		p.stays = append(p.stays, usage.Stay{
			Session: p.sessions[id], Person: p.number(person), Day: derive.DayOf(timeOf(at.Time)),
			Preset: usage.Preset{Name: usage.Text(preset), ViewType: usage.Text(viewType)}, Presence: spans,
		})
		return nil
	})
	return err
}

func (p *people) number(person string) int {
	n, known := p.numbers[person]
	if !known {
		n = len(p.names)
		p.numbers[person], p.names = n, append(p.names, person)
	}
	return n
}

// The program counts time in microseconds and days from 2000-01-01, as Postgres does.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func timeOf(t time.Time) derive.Time { return t.UnixMicro() - epoch.UnixMicro() }

func momentOf(t derive.Time) time.Time { return time.UnixMicro(t + epoch.UnixMicro()).UTC() }

func dateOf(day int) pgtype.Date { return pgtype.Date{Time: epoch.AddDate(0, 0, day), Valid: true} }

func numberOf(d pgtype.Date) int { return derive.DayOf(timeOf(d.Time)) }
