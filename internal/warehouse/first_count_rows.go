package warehouse

import (
	"bytes"
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

const (
	// As analytics.count_sessions has it; and all of a cursor is read.
	readAllSQL = `SET LOCAL work_mem = '64MB'; SET LOCAL cursor_tuple_fraction = 1`
	// Who has one preset and day in a session stands in session_people, who has several in
	// session_person_days. The order is that of bytes, which is the quickest.
	staysSQL = `DECLARE stays NO SCROLL CURSOR FOR SELECT session_id, person_id, first_join_at, usage_date, preset_name, preset_view_type, multirange_send(presence),
		custom_participant_id, custom_ids
	FROM (SELECT session_id, person_id, first_join_at, NULL::date AS usage_date, preset_name, preset_view_type, presence, custom_participant_id, custom_ids
		FROM analytics.session_people WHERE session_id = ANY ($1) AND NOT is_split
		UNION ALL
		SELECT session_id, person_id, NULL, usage_date, preset_name, preset_view_type, presence, NULL, NULL
		FROM analytics.session_person_days WHERE session_id = ANY ($1)) AS s
	ORDER BY person_id COLLATE "C"`
	someStaysSQL = `FETCH 10000 FROM stays`
)

// people hands the stays of one person after the other to who counts them.
type people struct {
	all      []*derivedSession
	numbers  map[pgtype.UUID]int // of the sessions
	counter  *usage.Counter
	own      *ownIDs
	presets  map[usage.Preset]*usage.Preset
	person   []byte       // the last one
	stays    []usage.Stay // of the last one
	presence []derive.Span
}

// people reads who was inside. Who is in several sessions of a day is stored in between, so
// that only some of them are in memory.
func (c *firstCount) people(ctx context.Context, counter *usage.Counter, own *ownIDs) error {
	p := &people{all: c.sessions, numbers: map[pgtype.UUID]int{}, counter: counter, own: own, presets: map[usage.Preset]*usage.Preset{}}
	ids := make([]pgtype.UUID, len(c.sessions))
	for i, s := range c.sessions {
		ids[i], p.numbers[s.id] = s.id, i
	}
	if _, err := c.Exec(ctx, readAllSQL); err != nil {
		return err
	}
	if _, err := c.Exec(ctx, staysSQL, ids); err != nil {
		return err
	}
	for more := true; more; {
		// Not prepared for longer: the cursor is another in each transaction.
		rows, err := c.Query(ctx, someStaysSQL, pgx.QueryExecModeDescribeExec)
		if err != nil {
			return err
		}
		if more, err = p.read(rows); err != nil {
			return err
		}
		if !more {
			p.flush()
		}
		if err := c.copyShared(ctx, counter.TakeShared()); err != nil {
			return err
		}
	}
	return nil
}

// read takes some of the stays, and reports whether there were any.
func (p *people) read(rows pgx.Rows) (more bool, err error) {
	var id pgtype.UUID
	var person, presence, own pgtype.DriverBytes // valid until the next row
	var at pgtype.Timestamptz
	var date pgtype.Date
	var preset, viewType pgtype.Text
	var several []string
	tag, err := pgx.ForEachRow(rows, []any{&id, &person, &at, &date, &preset, &viewType, &presence, &own, &several}, func() error {
		if !bytes.Equal(person, p.person) {
			p.flush()
			p.person = append(p.person, person...)
		}
		session, day := p.numbers[id], numberOf(date)
		if !date.Valid {
			day = p.all[session].DayOf(timeOf(at.Time))
			p.own.counted[session]++
			if p.counter.Knows(session, day) {
				p.own.add(dayOfApp{p.all[session].App, day}, own, several)
			}
		}
		spans, err := p.within(presence)
		p.stays = append(p.stays, usage.Stay{
			Session: session, Day: day, Presence: spans, Preset: p.preset(usage.Preset{Name: usage.Text(preset), ViewType: usage.Text(viewType)}),
		})
		return err
	})
	return tag.RowsAffected() > 0, err
}

// flush counts the last person.
func (p *people) flush() {
	if len(p.stays) > 0 {
		p.counter.Add(string(p.person), p.stays)
	}
	p.person, p.stays, p.presence = p.person[:0], p.stays[:0], p.presence[:0]
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
	first := len(p.presence)
	for at := 4; at < len(sent); at += size {
		p.presence = append(p.presence, derive.Span{Start: bigint(sent[at+9:]), End: bigint(sent[at+21:])})
	}
	return p.presence[first:len(p.presence):len(p.presence)], nil
}

func bigint(sent []byte) int64 {
	return int64(binary.BigEndian.Uint64(sent)) //nolint:gosec // two's complement is the wire format
}

func timeOf(t time.Time) derive.Time { return t.UnixMicro() - pgcopy.Epoch }

// numberOf gives the days since 2000-01-01.
func numberOf(d pgtype.Date) int { return derive.DayOf(timeOf(d.Time)) }
