package warehouse

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/pgcopy"
)

// dayOfApp is a day of an app, and idOfDay the number of an id that somebody had on it.
type (
	dayOfApp struct {
		app string
		day int
	}
	idOfDay struct {
		dayOfApp

		id int32
	}
)

// ownIDs are the ids that the customer's system gave people, each once on a day of an app.
// Whose session lasts over several days is left to analytics.ids_on: it knows with which
// id somebody was there on which.
type ownIDs struct {
	on      map[dayOfApp]map[int32]struct{} // numbers of ids
	counted []int                           // people of each session whose ids are here

	session int32              // the last one
	day     int                // and its day
	there   map[int32]struct{} // nil where the session has no such day
}

func newOwnIDs(sessions int) ownIDs {
	return ownIDs{on: map[dayOfApp]map[int32]struct{}{}, counted: make([]int, sessions), session: -1}
}

// add takes the ids of a person. A day that is none of the session's is left out, as its
// people are.
func (o *ownIDs) add(of *derivedSession, session int32, day int, ids ...int32) {
	o.counted[session]++
	if session != o.session || day != o.day {
		o.session, o.day, o.there = session, day, nil
		if slices.Contains(of.Dates(), day) {
			key := dayOfApp{of.App, day}
			if o.on[key] == nil {
				o.on[key] = map[int32]struct{}{}
			}
			o.there = o.on[key]
		}
	}
	if o.there == nil {
		return
	}
	for _, id := range ids {
		o.there[id] = struct{}{}
	}
}

const (
	copyIDsSQL = `COPY analytics.usage_ids (app_id, usage_date, custom_participant_id) FROM STDIN (FORMAT binary)`
	// Of the days of these sessions nothing is kept but what was copied before.
	splitIDsSQL = `INSERT INTO analytics.usage_ids (app_id, usage_date, custom_participant_id)
		SELECT i.* FROM unnest(analytics.ids_on($1, (SELECT array_agg(d) FROM analytics.session_dates AS d WHERE d.session_id = ANY ($1)))) AS i
		ON CONFLICT DO NOTHING`
)

// storeIDs stores them, and those of the other people.
func (c *firstCount) storeIDs(ctx context.Context, p *people) error {
	var rows []idOfDay
	for day, ids := range p.ids.on {
		for id := range ids {
			rows = append(rows, idOfDay{day, id})
		}
	}
	err := pgcopy.Rows(ctx, c.Conn().PgConn(), copyIDsSQL, rows, func(e *pgcopy.Encoder, r *idOfDay) {
		e.Columns(3)
		e.Text(r.app)
		e.Int32(r.day)
		e.Text(p.names[r.id])
	})
	if err != nil {
		return err
	}
	var split []pgtype.UUID
	for i, s := range c.sessions {
		if p.ids.counted[i] < s.people {
			split = append(split, s.id)
		}
	}
	if len(split) == 0 {
		return nil
	}
	_, err = c.Exec(ctx, splitIDsSQL, split)
	return err
}
