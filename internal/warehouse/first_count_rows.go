package warehouse

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
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
	zones := map[string]*usage.Zone{}
	var names []string
	var days []pgtype.Date
	for _, s := range c.sessions {
		if s.timeZone == "UTC" {
			continue
		}
		if zones[s.timeZone] == nil {
			zones[s.timeZone] = &usage.Zone{Starts: map[int]derive.Time{}}
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

// Who has one preset and day in a session stands in session_people, who has several in
// session_person_days.
const (
	wholeStaysSQL = `SELECT session_id, person_id, first_join_at, NULL::date, preset_name, preset_view_type, multirange_send(presence),
			custom_participant_id, custom_ids FROM analytics.session_people WHERE session_id = ANY ($1) AND NOT is_split`
	splitStaysSQL = `SELECT session_id, person_id, NULL::timestamptz, usage_date, preset_name, preset_view_type, multirange_send(presence),
			NULL::text, NULL::text[] FROM analytics.session_person_days WHERE session_id = ANY ($1)`
)

// people are the stays of people, who have numbers. There may be hundreds of thousands, so
// that what is the same is there once.
type people struct {
	stays    []usage.Stay
	names    []string // of people and ids, by number
	numbers  map[string]int32
	ids      ownIDs
	sessions map[pgtype.UUID]int32
	all      []*derivedSession
	presets  map[usage.Preset]*usage.Preset
	spans    []derive.Span // room for the next
	few      []int32       // room for ids of one
}

// people reads who was inside.
func (c *firstCount) people(ctx context.Context) (*people, error) {
	p := &people{
		all: c.sessions, numbers: map[string]int32{}, ids: newOwnIDs(len(c.sessions)), sessions: map[pgtype.UUID]int32{},
		presets: map[usage.Preset]*usage.Preset{},
	}
	ids, n := make([]pgtype.UUID, len(c.sessions)), 0
	for i, s := range c.sessions {
		ids[i], p.sessions[s.id] = s.id, int32(i)
		n += s.people
	}
	p.stays = make([]usage.Stay, 0, n)
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
	var person, presence, own pgtype.DriverBytes // valid until the next row
	var at pgtype.Timestamptz
	var date pgtype.Date
	var preset, viewType pgtype.Text
	var several []string
	_, err = pgx.ForEachRow(rows, []any{&id, &person, &at, &date, &preset, &viewType, &presence, &own, &several}, func() error {
		spans, err := p.within(presence)
		session := p.sessions[id]
		day := numberOf(date)
		if !date.Valid {
			day = p.all[session].DayOf(timeOf(at.Time))
			p.ids.add(p.all[session], session, day, p.own(own, several)...)
		}
		p.stays = append(p.stays, usage.Stay{
			Session: session, Person: p.number(person), Day: int32(day), //nolint:gosec // Postgres has no date beyond
			Preset: p.preset(usage.Preset{Name: usage.Text(preset), ViewType: usage.Text(viewType)}), Presence: spans,
		})
		return err
	})
	return err
}

func (p *people) number(person []byte) int32 {
	n, known := p.numbers[string(person)]
	if !known {
		n = int32(len(p.names)) //nolint:gosec // of those in memory
		name := string(person)
		p.numbers[name], p.names = n, append(p.names, name)
	}
	return n
}

// own gives the ids of a person: the one, or several where these are known.
func (p *people) own(one []byte, several []string) []int32 {
	p.few = p.few[:0]
	switch {
	case several != nil:
		for _, id := range several {
			p.few = append(p.few, p.number([]byte(id)))
		}
	case one != nil:
		p.few = append(p.few, p.number(one))
	}
	return p.few
}

func (p *people) preset(its usage.Preset) *usage.Preset {
	own, known := p.presets[its]
	if !known {
		own = &its
		p.presets[its] = own
	}
	return own
}

// within reads a multirange as Postgres sends it: how many ranges, and of each its length,
// what kind it is, and of both bounds their length and microseconds.
func (p *people) within(sent []byte) ([]derive.Span, error) {
	const size = 4 + 1 + 2*(4+8)
	if len(sent) < 4 || len(sent) != 4+size*int(binary.BigEndian.Uint32(sent)) {
		return nil, fmt.Errorf("a presence of %d bytes has ranges without an end", len(sent))
	}
	n := len(sent) / size
	if len(p.spans) < n {
		p.spans = make([]derive.Span, max(n, 4096))
	}
	spans := p.spans[:n:n]
	p.spans = p.spans[n:]
	for i := range spans {
		r := sent[4+i*size:]
		spans[i] = derive.Span{Start: bigint(r[9:]), End: bigint(r[21:])}
	}
	return spans, nil
}

func bigint(sent []byte) int64 {
	return int64(binary.BigEndian.Uint64(sent)) //nolint:gosec // two's complement is the wire format
}

func timeOf(t time.Time) derive.Time { return t.UnixMicro() - pgcopy.Epoch }

// numberOf gives the days since 2000-01-01.
func numberOf(d pgtype.Date) int { return derive.DayOf(timeOf(d.Time)) }
