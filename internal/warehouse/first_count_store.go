package warehouse

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/derive"
	"github.com/rollcall-etl/rollcall/internal/usage"
)

// Of the days of these sessions nothing is kept but what was copied before.
const (
	firstIDsSQL = `INSERT INTO analytics.usage_ids
		SELECT i.* FROM unnest(analytics.ids_on($1, (SELECT array_agg(d) FROM analytics.session_dates AS d WHERE d.session_id = ANY ($1)))) AS i`
	firstDaysSQL = `SELECT analytics.add_to_days(NULL, (SELECT array_agg(d) FROM analytics.session_dates AS d WHERE d.session_id = ANY ($1)),
		NULL, (SELECT array_agg(s) FROM analytics.shared_person_days AS s JOIN unnest($2::text[], $3::date[]) AS k (app_id, usage_date) USING (app_id, usage_date)),
		(SELECT array_agg(i) FROM analytics.usage_ids AS i JOIN unnest($2::text[], $3::date[]) AS k (app_id, usage_date) USING (app_id, usage_date)), NULL)`
)

// store copies what is kept of new days, and adds it up.
func (c *firstCount) store(ctx context.Context, counted *usage.Counted, names []string) error {
	if err := c.storeSessions(ctx, counted.Sessions); err != nil {
		return err
	}
	if err := c.storeShared(ctx, counted.Shared, names); err != nil {
		return err
	}
	if err := c.storeCurves(ctx, counted.Curves); err != nil {
		return err
	}
	ids, apps, days := make([]pgtype.UUID, len(c.sessions)), []string{}, []pgtype.Date{}
	for i := range c.sessions {
		ids[i] = c.sessions[i].id
	}
	for _, d := range counted.Days {
		apps, days = append(apps, d.App), append(days, dateOf(d.Day))
	}
	if _, err := c.Exec(ctx, firstIDsSQL, ids); err != nil {
		return err
	}
	_, err := c.Exec(ctx, firstDaysSQL, ids, apps, days)
	return err
}

func (c *firstCount) storeSessions(ctx context.Context, all []usage.SessionDay) error {
	columns := []string{
		"session_id", "app_id", "usage_date", "is_start", "vendor_minutes", "people", "person_us", "participants", "participant_us",
		"preset_names", "preset_view_types", "preset_people", "preset_person_us", "preset_participants", "preset_participant_us",
		"step_at", "step_people", "step_participants",
	}
	return c.copy(ctx, "session_dates", columns, len(all), func(n int) []any {
		d := &all[n]
		s := &c.sessions[d.Session]
		minutes := s.minutes
		if !d.IsStart {
			minutes = pgtype.Numeric{}
		}
		names, viewTypes, people, personTime, participants, participantTime := presetColumns(d.Presets)
		at, stepPeople, stepParticipants := stepColumns(d.Steps)
		return []any{
			s.id, s.App, dateOf(d.Day), d.IsStart, minutes, d.People, d.PersonTime, d.Participants, d.ParticipantTime,
			names, viewTypes, people, personTime, participants, participantTime, at, stepPeople, stepParticipants,
		}
	})
}

func presetColumns(all []usage.PresetDay) (names, viewTypes []pgtype.Text, people []int, personTime []derive.Time, participants []int, participantTime []derive.Time) {
	names, viewTypes = make([]pgtype.Text, len(all)), make([]pgtype.Text, len(all))
	people, participants = make([]int, len(all)), make([]int, len(all))
	personTime, participantTime = make([]derive.Time, len(all)), make([]derive.Time, len(all))
	for i := range all {
		p := &all[i]
		names[i], viewTypes[i] = pgtype.Text(p.Name), pgtype.Text(p.ViewType)
		people[i], participants[i] = p.People, p.Participants
		personTime[i], participantTime[i] = p.PersonTime, p.ParticipantTime
	}
	return names, viewTypes, people, personTime, participants, participantTime
}

func stepColumns(steps []derive.Step) (at []time.Time, people, participants []int) {
	at, people, participants = make([]time.Time, len(steps)), make([]int, len(steps)), make([]int, len(steps))
	for i, s := range steps {
		at[i], people[i], participants[i] = momentOf(s.At), s.People, s.Participants
	}
	return at, people, participants
}

func (c *firstCount) storeShared(ctx context.Context, all []usage.SharedPerson, names []string) error {
	columns := []string{
		"app_id", "usage_date", "person_id", "extra_people", "extra_us", "preset_names", "preset_view_types", "preset_people", "preset_us", "step_at", "step_people",
	}
	return c.copy(ctx, "shared_person_days", columns, len(all), func(n int) []any {
		p := &all[n]
		presets := make([]usage.PresetDay, len(p.Presets))
		for i, share := range p.Presets {
			presets[i] = usage.PresetDay{Preset: share.Preset, People: share.People, PersonTime: share.Time}
		}
		presetNames, viewTypes, people, time, _, _ := presetColumns(presets)
		at, steps, _ := stepColumns(p.Steps)
		return []any{p.App, dateOf(p.Day), names[p.Person], p.Extra, p.Time, presetNames, viewTypes, people, time, at, steps}
	})
}

func (c *firstCount) storeCurves(ctx context.Context, all []usage.Node) error {
	columns := []string{
		"app_id", "usage_date", "seconds", "starts_at", "is_leaf", "net_people", "high_people", "net_participants", "high_participants",
		"step_at", "people", "people_high", "participants", "participants_high",
	}
	return c.copy(ctx, "usage_curves", columns, len(all), func(n int) []any {
		node := &all[n]
		steps, highPeople, highParticipants := make([]derive.Step, len(node.Steps)), []int{}, []int{}
		for i, s := range node.Steps {
			if steps[i] = s.Step; !node.IsLeaf {
				highPeople, highParticipants = append(highPeople, s.HighPeople), append(highParticipants, s.HighParticipants)
			}
		}
		at, people, participants := stepColumns(steps)
		return []any{
			node.App, dateOf(node.Day), node.Seconds, momentOf(node.StartsAt), node.IsLeaf, node.NetPeople, node.HighPeople, node.NetParticipants, node.HighParticipants,
			at, people, highPeople, participants, highParticipants,
		}
	})
}

// copy copies rows into a table of the schema analytics.
func (c *firstCount) copy(ctx context.Context, table string, columns []string, rows int, row func(n int) []any) error {
	_, err := c.CopyFrom(ctx, pgx.Identifier{"analytics", table}, columns, pgx.CopyFromSlice(rows, func(n int) ([]any, error) { return row(n), nil }))
	return err
}
