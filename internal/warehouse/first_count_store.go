package warehouse

import (
	"context"
	"iter"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/derive"
	"github.com/rollcall-etl/rollcall/internal/pgcopy"
	"github.com/rollcall-etl/rollcall/internal/usage"
)

// Of the days of these sessions nothing is kept but what was copied before.
const firstDaysSQL = `SELECT analytics.add_to_days(NULL, (SELECT array_agg(d) FROM analytics.session_dates AS d WHERE d.session_id = ANY ($1)),
		NULL, (SELECT array_agg(s) FROM analytics.shared_person_days AS s JOIN unnest($2::text[], $3::date[]) AS k (app_id, usage_date) USING (app_id, usage_date)),
		(SELECT array_agg(i) FROM analytics.usage_ids AS i JOIN unnest($2::text[], $3::date[]) AS k (app_id, usage_date) USING (app_id, usage_date)), NULL)`

// store copies what is kept of new days, many small ones together, and adds it up.
func (c *firstCount) store(ctx context.Context, counted iter.Seq[usage.Counted], own *ownIDs) error {
	const together = 100
	var apps []string
	var dates []pgtype.Date
	var nodes []usage.Node // of several days
	for day := range counted {
		apps, dates = append(apps, day.App), append(dates, Day(day.Day))
		if nodes = append(nodes, day.Curve...); len(nodes) < together {
			continue
		}
		if err := c.copyCurves(ctx, nodes); err != nil {
			return err
		}
		nodes = nil
	}
	if err := c.copyCurves(ctx, nodes); err != nil {
		return err
	}
	ids := make([]pgtype.UUID, len(c.sessions))
	for i, s := range c.sessions {
		ids[i] = s.id
	}
	if err := c.storeIDs(ctx, own); err != nil {
		return err
	}
	_, err := c.Exec(ctx, firstDaysSQL, ids, apps, dates)
	return err
}

func (c *firstCount) copyCurves(ctx context.Context, nodes []usage.Node) error {
	return pgcopy.Rows(ctx, c.Conn().PgConn(), copyCurvesSQL, nodes, curve)
}

func (c *firstCount) copyShared(ctx context.Context, people []usage.SharedPerson) error {
	return pgcopy.Rows(ctx, c.Conn().PgConn(), copySharedSQL, people, person)
}

const (
	copySessionDatesSQL = `COPY analytics.session_dates (session_id, app_id, usage_date, is_start, vendor_minutes, people, person_us, participants, participant_us,
		preset_names, preset_view_types, preset_people, preset_person_us, preset_participants, preset_participant_us,
		step_at, step_people, step_participants, time_zone) FROM STDIN (FORMAT binary)`
	copySharedSQL = `COPY analytics.shared_person_days (app_id, usage_date, person_id, extra_people, extra_us,
		preset_names, preset_view_types, preset_people, preset_us, step_at, step_people) FROM STDIN (FORMAT binary)`
	copyCurvesSQL = `COPY analytics.usage_curves (app_id, usage_date, seconds, starts_at, is_leaf, net_people, high_people, net_participants, high_participants,
		step_at, people, people_high, participants, participants_high) FROM STDIN (FORMAT binary)`
)

// session writes a row of analytics.session_dates.
func (c *firstCount) session(e *pgcopy.Encoder, d *usage.SessionDay) {
	s := c.sessions[d.Session]
	e.Columns(19)
	e.UUID(s.id.Bytes)
	e.Text(s.App)
	e.Int32(d.Day)
	e.Bool(d.IsStart)
	if d.IsStart {
		e.Sent(s.minutes)
	} else {
		e.Null()
	}
	e.Int32(d.People)
	e.Int64(d.PersonTime)
	e.Int32(d.Participants)
	e.Int64(d.ParticipantTime)
	texts(e, d.Presets, func(p usage.PresetDay) usage.Text { return p.Name })
	texts(e, d.Presets, func(p usage.PresetDay) usage.Text { return p.ViewType })
	ints(e, d.Presets, func(p usage.PresetDay) int { return p.People })
	times(e, pgcopy.TypeInt8, d.Presets, func(p usage.PresetDay) derive.Time { return p.PersonTime })
	ints(e, d.Presets, func(p usage.PresetDay) int { return p.Participants })
	times(e, pgcopy.TypeInt8, d.Presets, func(p usage.PresetDay) derive.Time { return p.ParticipantTime })
	steps(e, d.Steps)
	ints(e, d.Steps, func(s usage.Step) int { return int(s.Participants) })
	e.Text(s.timeZone)
}

// person writes a row of analytics.shared_person_days.
func person(e *pgcopy.Encoder, p *usage.SharedPerson) {
	e.Columns(11)
	e.Text(p.App)
	e.Int32(p.Day)
	e.Text(p.Person)
	e.Int32(p.Extra)
	e.Int64(p.Time)
	texts(e, p.Presets, func(p usage.PresetShare) usage.Text { return p.Name })
	texts(e, p.Presets, func(p usage.PresetShare) usage.Text { return p.ViewType })
	ints(e, p.Presets, func(p usage.PresetShare) int { return p.People })
	times(e, pgcopy.TypeInt8, p.Presets, func(p usage.PresetShare) derive.Time { return p.Time })
	steps(e, p.Steps)
}

// curve writes a row of analytics.usage_curves.
func curve(e *pgcopy.Encoder, n *usage.Node) {
	e.Columns(14)
	e.Text(n.App)
	e.Int32(n.Day)
	e.Int32(n.Seconds)
	e.Int64(n.StartsAt)
	e.Bool(n.IsLeaf)
	e.Int32(int(n.NetPeople))
	e.Int32(int(n.HighPeople))
	e.Int32(int(n.NetParticipants))
	e.Int32(int(n.HighParticipants))
	all := n.Steps
	for _, c := range n.Children {
		all = append(all, c.Step)
	}
	steps(e, all)
	ints(e, n.Children, func(c usage.Child) int { return int(c.HighPeople) })
	ints(e, all, func(s usage.Step) int { return int(s.Participants) })
	ints(e, n.Children, func(c usage.Child) int { return int(c.HighParticipants) })
}

// steps writes when they are, and of how many people.
func steps(e *pgcopy.Encoder, all []usage.Step) {
	times(e, pgcopy.TypeTimestamptz, all, func(s usage.Step) derive.Time { return s.At })
	ints(e, all, func(s usage.Step) int { return int(s.People) })
}

func times[E any](e *pgcopy.Encoder, elementType int, all []E, of func(E) derive.Time) {
	pgcopy.ArrayOf(e, elementType, all, func(e *pgcopy.Encoder, one E) { e.Int64(of(one)) })
}

func ints[E any](e *pgcopy.Encoder, all []E, of func(E) int) {
	pgcopy.ArrayOf(e, pgcopy.TypeInt4, all, func(e *pgcopy.Encoder, one E) { e.Int32(of(one)) })
}

func texts[E any](e *pgcopy.Encoder, all []E, of func(E) usage.Text) {
	pgcopy.ArrayOf(e, pgcopy.TypeText, all, func(e *pgcopy.Encoder, one E) {
		if text := of(one); text.Valid {
			e.Sent([]byte(text.String))
		} else {
			e.Null()
		}
	})
}
